"""Options: laid, accepted, refused, withdrawn, lapsed; the places they hold; what both sides are told (S3)."""

from datetime import date, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from conventions.models import Convention, Programme
from conventions.operations.programme import suspendre
from conventions.tests.factories import CompteFactory, ProgrammeFactory
from sejours.models import Groupe, Option, Sejour
from sejours.operations.groupes import GroupeRefuse, preinscrire
from sejours.operations.offres import SejourRefuse
from sejours.operations.options import OptionRefusee, accepter, faire_tomber, poser, refuser, retirer
from sejours.tests.factories import PorteurFactory, SejourFactory
from sev.socle.models import Courriel

pytestmark = pytest.mark.django_db

LE = date(2022, 3, 1)
MAINTENANT = datetime.fromisoformat("2022-03-01T10:00:00+01:00")


@pytest.fixture
def sejour():
    ProgrammeFactory(delai_option=7)
    return SejourFactory(places=20)


@pytest.fixture
def porteur():
    return CompteFactory(convention=PorteurFactory().convention)


@pytest.fixture
def prestataire(sejour):
    return CompteFactory(convention=sejour.offre.equipement.prestataire.convention, prestataire=True)


def option(sejour, porteur, places=8, le=LE):
    return poser(
        sejour=sejour, places=places, message="Avec deux fauteuils", par=porteur, le=le, maintenant=MAINTENANT
    )


def decider(acte, objet, par, le=LE, **suite):
    return acte(option=objet, par=par, le=le, maintenant=MAINTENANT, **suite)


def libres(sejour):
    sejour.refresh_from_db()
    return (sejour.places_prises, sejour.places_en_option, sejour.places_libres)


def test_an_option_holds_its_places_until_the_programme_s_delay(sejour, porteur, prestataire):
    posee = option(sejour, porteur)
    assert posee.echeance == date(2022, 3, 8)
    assert libres(sejour) == (0, 8, 12)
    courriel = Courriel.objects.get(cause=f"option-posee-{posee.pk}")
    assert courriel.destinataire == prestataire.email


def test_the_delay_never_goes_beyond_the_last_day_of_the_list(sejour, porteur):
    assert option(sejour, porteur, le=date(2022, 4, 25)).echeance == date(2022, 4, 27)
    with pytest.raises(GroupeRefuse, match="trop tard"):
        option(sejour, CompteFactory(convention=PorteurFactory().convention), le=date(2022, 4, 28))


@pytest.mark.parametrize("arret", ["suspendue", "close"])
def test_a_provider_whose_convention_is_stopped_takes_nobody(sejour, porteur, prestataire, arret):
    posee = option(sejour, porteur)
    assert list(Sejour.objects.demandables(le=LE)) == [sejour]
    convention = prestataire.organisme.convention
    Convention.objects.filter(pk=convention.pk).update(**{f"{arret}_le": LE}, motif="Travaux")
    assert list(Sejour.objects.demandables(le=LE)) == []
    for demande in (
        lambda: option(sejour, CompteFactory(convention=PorteurFactory().convention)),
        lambda: decider(accepter, posee, prestataire),
        lambda: preinscrire(
            sejour=sejour,
            convention=PorteurFactory().convention,
            places=2,
            type_groupe="GROUPE",
            par=prestataire,
            le=LE,
        ),
    ):
        with pytest.raises(GroupeRefuse, match="La convention du prestataire avec l'ANCV n'est pas active"):
            demande()
    assert decider(refuser, posee, prestataire, motif="Travaux").issue == "REFUSEE"


def test_accepting_opens_the_group_with_the_places_that_were_held(sejour, porteur, prestataire):
    posee = option(sejour, porteur)
    groupe = decider(accepter, posee, prestataire, le=date(2022, 3, 8))
    posee.refresh_from_db()
    assert (posee.issue, posee.groupe) == ("ACCEPTEE", groupe)
    assert (groupe.places, groupe.porteur, groupe.dernier_jour) == (8, porteur.organisme, date(2022, 4, 27))
    assert libres(sejour) == (8, 0, 12)
    assert (
        Courriel.objects.filter(destinataire=porteur.email, cause__startswith="option-acceptee").count() == 1
    )


def test_the_day_after_its_last_an_option_is_no_longer_decided_even_if_no_task_ran(
    sejour, porteur, prestataire
):
    posee = option(sejour, porteur)
    for acte, suite in ((accepter, {}), (refuser, {"motif": "Complet"}), (retirer, {})):
        with pytest.raises(OptionRefusee, match="tombée le 08/03/2022 à minuit"):
            decider(acte, posee, prestataire, le=date(2022, 3, 9), **suite)
    assert Groupe.objects.count() == 0


def test_a_refusal_has_a_reason_and_gives_the_places_back(sejour, porteur, prestataire):
    posee = option(sejour, porteur)
    with pytest.raises(OptionRefusee, match="Dites pourquoi"):
        decider(refuser, posee, prestataire, motif="  ")
    decider(refuser, posee, prestataire, motif="Travaux en mai")
    assert libres(sejour) == (0, 0, 20)
    assert "Travaux en mai" in Courriel.objects.get(destinataire=porteur.email).texte


def test_an_option_is_decided_once(sejour, porteur, prestataire):
    posee = option(sejour, porteur)
    decider(retirer, posee, porteur)
    with pytest.raises(OptionRefusee, match="déjà retirée"):
        decider(accepter, posee, prestataire)
    assert Courriel.objects.filter(cause__startswith="option-retiree").get().destinataire == prestataire.email


def test_the_clock_lets_what_is_due_lapse_once_and_tells_both_sides(sejour, porteur, prestataire):
    posee = option(sejour, porteur)
    assert faire_tomber(le=date(2022, 3, 8), maintenant=MAINTENANT) == 0
    assert faire_tomber(le=date(2022, 3, 11), maintenant=MAINTENANT) == 1
    assert faire_tomber(le=date(2022, 3, 11), maintenant=MAINTENANT) == 0
    posee.refresh_from_db()
    assert posee.issue == "TOMBEE"
    assert libres(sejour) == (0, 0, 20)
    destinataires = Courriel.objects.filter(cause__startswith="option-tombee").values_list(
        "destinataire", flat=True
    )
    assert set(destinataires) == {porteur.email, prestataire.email}


def test_no_more_is_asked_than_is_free_options_included(sejour, porteur, prestataire):
    option(sejour, porteur, places=15)
    autre = CompteFactory(convention=PorteurFactory().convention)
    for places in (6, 0, -1):
        with pytest.raises(OptionRefusee, match="de 1 à 5 places"):
            option(sejour, autre, places=places)
    convention = autre.organisme.convention
    with pytest.raises(GroupeRefuse, match="Il reste 5 places"):
        preinscrire(
            sejour=sejour, convention=convention, places=6, type_groupe="GROUPE", par=prestataire, le=LE
        )
    option(sejour, autre, places=5)
    with pytest.raises(OptionRefusee, match="plus de place libre"):
        option(sejour, CompteFactory(convention=PorteurFactory().convention), places=1)


def test_one_option_at_a_time_for_a_porteur_on_a_stay(sejour, porteur):
    posee = option(sejour, porteur)
    with pytest.raises(OptionRefusee, match="déjà une option en cours"):
        option(sejour, porteur, places=1)
    decider(retirer, posee, porteur)
    assert option(sejour, porteur, places=1).pk


def test_a_closed_stay_takes_no_option(sejour, porteur):
    sejour.ferme_le = MAINTENANT
    sejour.save(update_fields=["ferme_le"])
    with pytest.raises(OptionRefusee, match="ne prend plus de demandes"):
        option(sejour, porteur)


def test_while_the_programme_is_suspended_nothing_is_asked_nor_accepted(sejour, porteur, prestataire):
    posee = option(sejour, porteur)
    suspendre(
        programme=Programme.objects.get(annee=2022), message="Suspendu.", par=CompteFactory(ancv=True), le=LE
    )
    with pytest.raises(SejourRefuse, match="Suspendu"):
        decider(accepter, posee, prestataire)
    with pytest.raises(SejourRefuse, match="Suspendu"):
        option(sejour, CompteFactory(convention=PorteurFactory().convention))


def test_sql_cannot_overbook_a_stay_with_options_nor_move_the_counter(sejour, porteur):
    posee = option(sejour, porteur, places=15)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as curseur:
        curseur.execute("UPDATE sejours_option SET places = 21 WHERE id = %s", [posee.pk])
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as curseur:
        curseur.execute("UPDATE sejours_sejour SET places_en_option = 0 WHERE id = %s", [sejour.pk])
    assert libres(sejour) == (0, 15, 5)


def test_each_side_sees_its_own_options_only(sejour, porteur, prestataire):
    posee = option(sejour, porteur)
    autres = (
        CompteFactory(convention=PorteurFactory().convention),
        CompteFactory(prestataire=True),
        CompteFactory(ancv=True),
    )
    assert list(Option.objects.pour(porteur)) == list(Option.objects.pour(prestataire)) == [posee]
    assert [Option.objects.pour(autre).count() for autre in autres] == [0, 0, 0]
