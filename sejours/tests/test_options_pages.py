"""The pages of options (S3): asking, both lists, answering, withdrawing, spreadsheet, home pages, journal."""

from datetime import date, datetime
from html import unescape
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from conventions.models import Programme
from conventions.operations.programme import suspendre
from conventions.tests.factories import CompteFactory, ProgrammeFactory, connecter
from sejours.models import Groupe, Option
from sejours.operations import options as operations
from sejours.tests.factories import PorteurFactory, SejourFactory
from seniors.tests.factories import PARIS, clair
from sev.socle.models import Courriel

pytestmark = pytest.mark.django_db

LE = date(2022, 3, 1)
MAINTENANT = datetime(2022, 3, 1, 10, 0, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def en_mars_2022():
    with time_machine.travel(MAINTENANT, tick=False):
        yield


@pytest.fixture
def sejour():
    ProgrammeFactory(delai_option=7)
    return SejourFactory(
        places=20,
        offre__equipement__nom="LES CYCLADES",
        offre__equipement__prestataire__nom="ACTIF RÉSIDENCE",
    )


@pytest.fixture
def porteur():
    return CompteFactory(convention=PorteurFactory(nom="CCAS DE RENNES").convention)


@pytest.fixture
def prestataire(sejour):
    return CompteFactory(convention=sejour.offre.equipement.prestataire.convention)


@pytest.fixture
def option(sejour, porteur):
    return poser(sejour, porteur)


def poser(sejour, compte, places=8):
    return operations.poser(
        sejour=sejour, places=places, message="Deux fauteuils", par=compte, le=LE, maintenant=MAINTENANT
    )


def texte(reponse):
    return clair(unescape(reponse.content.decode()))


def demander(client, compte, sejour, **champs):
    connecter(client, compte)
    return client.post(reverse("option-poser", args=[sejour.pk]), champs)


def agir(client, compte, acte, option, **champs):
    connecter(client, compte)
    return client.post(reverse(f"option-{acte}", args=[option.pk]), champs)


def lire(client, compte, route, *args):
    connecter(client, compte)
    return texte(client.get(reverse(route, args=args)))


def suspendu():
    suspendre(
        programme=Programme.objects.get(annee=2022),
        message="Plus de nouveaux séjours.",
        par=CompteFactory(ancv=True),
        le=LE,
    )


# --- Asking -------------------------------------------------------------------------------------------------------


def test_a_porteur_asks_and_reads_until_when_its_places_are_held(client, porteur, sejour):
    page = lire(client, porteur, "option-poser", sejour.pk)
    assert "Ce n’est pas un engagement : le prestataire répond jusqu’au mardi 8 mars à minuit." in page
    reponse = demander(client, porteur, sejour, places="8", message="Deux fauteuils")
    assert (reponse.status_code, reponse["Location"]) == (302, reverse("options"))
    page = texte(client.get(reponse["Location"]))
    assert "8 places en option jusqu'au mardi 8 mars à minuit." in page
    assert "Votre demande est partie à ACTIF RÉSIDENCE." in page
    option = Option.objects.get()
    assert (option.porteur, option.places, option.message) == (porteur.organisme, 8, "Deux fauteuils")
    page = lire(client, porteur, "offre", sejour.pk)
    assert "12 places libres" in page
    assert "<strong>8 places en option</strong> jusqu’au mardi 8 mars à minuit." in page
    assert "Poser une option" not in page


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ("", "Écrivez le nombre de places"),
        ("huit", "Écrivez un nombre, en chiffres"),
        ("0", "Il faut au moins une place"),
        ("21", "Demandez de 1 à 20 places : c'est ce qui reste libre."),
        ("9999999999", "Écrivez 500 places au plus"),
    ],
)
def test_a_refused_request_says_why_keeps_what_was_typed_and_writes_nothing(
    client, porteur, sejour, places, message
):
    reponse = demander(client, porteur, sejour, places=places, message="Bonjour")
    assert reponse.status_code == 422
    assert reponse.context["form"].errors["places"] == [message]
    assert "Bonjour" in reponse.content.decode()
    assert not Option.objects.exists()


def test_a_second_option_on_the_stay_is_refused(client, porteur, sejour, option):
    reponse = demander(client, porteur, sejour, places="1")
    assert reponse.status_code == 422
    assert "Vous avez déjà une option en cours sur ce séjour." in texte(reponse)
    assert Option.objects.count() == 1


def test_while_suspended_neither_asked_nor_accepted_with_ancv_s_message(
    client, porteur, prestataire, sejour, option
):
    suspendu()
    autre = CompteFactory(convention=PorteurFactory().convention)
    for reponse in (
        demander(client, autre, sejour, places="1"),
        agir(client, prestataire, "accepter", option),
    ):
        assert reponse.status_code == 422
        assert "Plus de nouveaux séjours." in texte(reponse)
    assert (Option.objects.count(), Groupe.objects.count()) == (1, 0)
    assert agir(client, prestataire, "refuser", option, motif="Suspension").status_code == 302


# --- Answering ----------------------------------------------------------------------------------------------------


def test_the_provider_reads_what_is_asked_accepts_and_the_group_is_there(
    client, porteur, prestataire, sejour, option
):
    page = lire(client, prestataire, "options")
    for attendu in (
        "CCAS DE RENNES",
        "« Deux fauteuils »",
        "Répondez jusqu'au mardi 8 mars à minuit. Il reste 12 autres places libres sur ce séjour.",
    ):
        assert attendu in page
    page = lire(client, prestataire, "option-accepter", option.pk)
    assert (
        "sera pré-inscrit avec 8 places, et sa liste ouverte jusqu'au mercredi 27 avril 2022 à minuit" in page
    )
    assert not Groupe.objects.exists()
    assert agir(client, prestataire, "accepter", option)["Location"] == reverse("options")
    groupe = Groupe.objects.get()
    assert (groupe.porteur, groupe.places) == (porteur.organisme, 8)
    assert f"Groupe n° {groupe.pk}" in lire(client, porteur, "options")
    assert f"Votre groupe n° {groupe.pk}, 8 places" in lire(client, porteur, "offre", sejour.pk)
    courriel = Courriel.objects.get(cause__startswith="option-acceptee")
    assert "Votre option pour 8 places est acceptée." in clair(courriel.texte)
    assert f"/groupes/{groupe.pk}/" in courriel.texte and f"/groupes/{groupe.pk}/" in courriel.html


def test_a_refusal_needs_a_reason_which_the_porteur_reads(client, porteur, prestataire, option):
    for motif in ("", "   "):
        reponse = agir(client, prestataire, "refuser", option, motif=motif)
        assert (reponse.status_code, reponse.context["form"].errors["motif"]) == (
            422,
            ["Dites pourquoi au porteur de projet."],
        )
    assert agir(client, prestataire, "refuser", option, motif="Travaux en mai").status_code == 302
    assert "Motif : Travaux en mai" in lire(client, porteur, "options")


def test_the_porteur_withdraws_after_a_page_that_asks(client, porteur, prestataire, sejour, option):
    page = lire(client, porteur, "option-retirer", option.pk)
    assert "8 places seront de nouveau libres pour les autres porteurs de projet." in page
    assert "Vous demandez <strong>8 places</strong>" in page and "Mes options" in page
    assert agir(client, porteur, "retirer", option).status_code == 302
    sejour.refresh_from_db()
    assert sejour.places_libres == 20
    assert "Retirée" in lire(client, porteur, "options")
    courriel = Courriel.objects.get(cause__startswith="option-retiree")
    assert "L'option de CCAS DE RENNES pour 8 places est retirée" in clair(courriel.texte)


def test_what_was_decided_meanwhile_is_said_and_the_page_offers_no_button(
    client, porteur, prestataire, option
):
    agir(client, porteur, "retirer", option)
    for acte, champs in (("accepter", {}), ("refuser", {"motif": "Complet"})):
        reponse = agir(client, prestataire, acte, option, **champs)
        assert reponse.status_code == 422
        assert "Cette option est déjà retirée." in texte(reponse)
        assert 'type="submit">Accepter' not in texte(reponse)
    assert Groupe.objects.count() == 0


def test_the_day_after_its_last_an_option_shows_as_lapsed_even_if_no_task_ran(client, prestataire, option):
    with time_machine.travel(datetime(2022, 3, 9, 0, 0, tzinfo=PARIS), tick=False):
        page = lire(client, prestataire, "options")
        assert "Tombée" in page
        assert "Accepter…" not in page
        assert agir(client, prestataire, "accepter", option).status_code == 422
    assert not Groupe.objects.exists()


# --- Who ----------------------------------------------------------------------------------------------------------


def test_nobody_reads_or_decides_what_is_not_theirs(client, porteur, prestataire, option):
    autre_porteur = CompteFactory(convention=PorteurFactory().convention)
    autre_prestataire = CompteFactory(prestataire=True)
    for compte in (autre_porteur, autre_prestataire):
        assert "LES CYCLADES" not in lire(client, compte, "options")
    assert agir(client, autre_prestataire, "accepter", option).status_code == 404
    assert agir(client, autre_prestataire, "refuser", option, motif="x").status_code == 404
    assert agir(client, autre_porteur, "retirer", option).status_code == 404
    assert agir(client, porteur, "accepter", option).status_code == 403
    assert agir(client, prestataire, "retirer", option).status_code == 403


def test_readers_look_and_do_not_act(client, porteur, prestataire, sejour, option):
    for cote, actes in ((porteur, ["retirer"]), (prestataire, ["accepter", "refuser"])):
        lecteur = CompteFactory(lecteur=True, organisme=cote.organisme)
        page = lire(client, lecteur, "options")
        assert "LES CYCLADES" in page and "Vous consultez en lecture." in page
        assert "Accepter…" not in page and "Retirer…" not in page
        assert {agir(client, lecteur, acte, option).status_code for acte in actes} == {403}
    lecteur = CompteFactory(lecteur=True, organisme=PorteurFactory())
    assert "Poser une option" not in lire(client, lecteur, "offre", sejour.pk)
    assert demander(client, lecteur, sejour, places="1").status_code == 403


# --- Lists --------------------------------------------------------------------------------------------------------


def nombreuses(prestataire, combien):
    equipement = prestataire.organisme.equipements.get()
    for _ in range(combien):
        sejour = SejourFactory(
            offre=equipement.offres.get(), debut=date(2022, 5, 15 + Option.objects.count())
        )
        poser(sejour, CompteFactory(convention=PorteurFactory().convention), places=3)


def test_one_option_or_fifteen_cost_the_same_queries(client, prestataire, option):
    def compter():
        connecter(client, prestataire)
        with CaptureQueriesContext(connection) as requetes:
            assert client.get(reverse("options")).status_code == 200
        return len(requetes)

    une = compter()
    nombreuses(prestataire, 14)
    assert compter() == une
    assert une <= 7


def test_first_what_is_to_decide_then_the_latest_and_each_column_sorts(client, porteur, prestataire, option):
    nombreuses(prestataire, 2)
    operations.refuser(option=option, motif="Complet", par=prestataire, le=LE, maintenant=MAINTENANT)
    connecter(client, prestataire)

    def places(**requete):
        return [o.places for o in client.get(reverse("options"), requete).context["page"].object_list]

    assert places() == [3, 3, 8]
    assert places(tri="debut") == [8, 3, 3]
    assert places(tri="-places") == [8, 3, 3]
    for tri in ("porteur", "equipement", "echeance", "posee", "-posee", "x", "-", "--places"):
        assert sorted(places(tri=tri)) == [3, 3, 8]


def test_options_are_found_by_their_state_and_by_a_name(client, porteur, prestataire, sejour, option):
    nombreuses(prestataire, 1)
    autre = Option.objects.exclude(pk=option.pk).get()
    operations.refuser(option=autre, motif="Complet", par=prestataire, le=LE, maintenant=MAINTENANT)
    Option.objects.filter(pk=option.pk).update(echeance=date(2022, 2, 28))  # past, and no task ran
    encours = poser(sejour, CompteFactory(convention=PorteurFactory(nom="MAIRIE DE NÎMES").convention))
    connecter(client, prestataire)

    def trouvees(**filtres):
        return set(client.get(reverse("options"), filtres).context["page"].object_list)

    assert trouvees() == {option, autre, encours}
    assert trouvees(etat="EN_COURS") == {encours}
    assert trouvees(etat="TOMBEE") == {option}
    assert trouvees(etat="REFUSEE") == {autre}
    assert trouvees(recherche="nimes") == {encours}
    assert trouvees(recherche="cyclades", etat="TOMBEE") == {option}
    assert trouvees(etat="INCONNU") == {option, autre, encours}
    classeur = load_workbook(
        BytesIO(client.get(reverse("options-xlsx"), {"etat": "TOMBEE"}).content)
    ).active.iter_rows(min_row=4, values_only=True)
    assert [ligne[0] for ligne in classeur] == [option.pk]
    vide = texte(client.get(reverse("options"), {"recherche": "personne"}))
    assert "Aucune option ne correspond." in vide and "Voir toutes les options" in vide
    assert "Pas encore d’option." not in vide


def test_the_spreadsheet_holds_both_sides_whole_list(client, porteur, prestataire, option):
    for compte in (porteur, prestataire):
        connecter(client, compte)
        reponse = client.get(reverse("options-xlsx"))
        entetes, ligne = load_workbook(BytesIO(reponse.content)).active.iter_rows(min_row=3, values_only=True)
        vus = dict(zip(entetes, ligne, strict=True))
        assert (vus["Option n°"], vus["Porteur"], vus["Places"], vus["État"]) == (
            option.pk,
            "CCAS DE RENNES",
            8,
            "En cours",
        )


# --- Home pages, journal ------------------------------------------------------------------------------------------


def test_the_provider_s_home_asks_for_an_answer(client, prestataire, option):
    page = lire(client, prestataire, "accueil")
    assert "CCAS DE RENNES demande 8 places" in page
    assert "Répondez jusqu'au mardi 8 mars à minuit : ensuite, l'option tombe." in page
    with time_machine.travel(datetime(2022, 3, 8, 12, 0, tzinfo=PARIS), tick=False):
        assert "L'option tombe ce soir à minuit." in lire(client, prestataire, "accueil")
    with time_machine.travel(datetime(2022, 3, 9, 0, 0, tzinfo=PARIS), tick=False):
        assert "demande 8 places" not in lire(client, prestataire, "accueil")


def test_the_provider_s_menu_counts_the_options_to_answer(client, porteur, prestataire, option):
    lecteur = CompteFactory(lecteur=True, organisme=prestataire.organisme)
    pastille = '<span class="pastille">1<span class="visually-hidden"> à traiter</span></span>'
    assert lire(client, prestataire, "equipements").count(pastille) == 2  # band and phone
    for compte in (porteur, lecteur):
        assert "pastille" not in lire(client, compte, "accueil")
    with time_machine.travel(datetime(2022, 3, 9, 0, 0, tzinfo=PARIS), tick=False):
        assert "pastille" not in lire(client, prestataire, "equipements")


def test_the_porteur_s_home_tells_for_a_week_what_was_refused_or_lapsed(client, porteur, prestataire, option):
    assert "Chercher un autre séjour" not in lire(client, porteur, "accueil")
    operations.refuser(option=option, motif="Travaux", par=prestataire, le=LE, maintenant=MAINTENANT)
    page = lire(client, porteur, "accueil")
    assert "Motif : Travaux" in page
    assert "Chercher un autre séjour" in page
    with time_machine.travel(datetime(2022, 3, 8, 12, 0, tzinfo=PARIS), tick=False):
        assert "Chercher un autre séjour" not in lire(client, porteur, "accueil")


def test_asking_again_for_the_same_stay_ends_that_task(client, porteur, prestataire, sejour, option):
    operations.refuser(option=option, motif="Moins", par=prestataire, le=LE, maintenant=MAINTENANT)
    poser(sejour, porteur, places=4)
    assert "Chercher un autre séjour" not in lire(client, porteur, "accueil")


def test_the_journal_of_both_sides_tells_the_option_s_life(client, porteur, prestataire, option):
    agir(client, prestataire, "refuser", option, motif="Travaux en mai")
    for compte in (porteur, prestataire):
        page = lire(client, compte, "journal")
        assert f"Option n° {option.pk} posée : 8 places" in page
        assert f"Option n° {option.pk} refusée : Travaux en mai" in page
    assert Courriel.objects.filter(cause__startswith="option-").count() == 2
