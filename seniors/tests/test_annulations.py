"""Cancelling a group or a stay (S8): what is shown before, what is undone, who is told, what remains to be read."""

from datetime import date, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conventions.tests.factories import CompteFactory, connecter
from sejours.models import Groupe, Option
from sejours.operations.groupes import verrouiller_listes
from sejours.operations.options import poser
from sejours.tests.factories import GroupeFactory, PorteurFactory
from seniors.models import Inscription
from seniors.operations.annulations import AnnulationRefusee, annuler_groupe, annuler_sejour, consequences
from seniors.operations.inscriptions import effacer, retablir
from seniors.tests.factories import (
    PARIS,
    InscriptionFactory,
    SeniorFactory,
    clair,
    groupe_dote,
    solde,
)
from sev.controle import controler
from sev.socle.models import Courriel
from sev.socle.refus import RefusMetier
from sev.socle.temps import maintenant

pytestmark = pytest.mark.django_db

LE = date(2022, 4, 22)
MAINTENANT = datetime(2022, 4, 22, 11, 0, tzinfo=PARIS)
AVANT = datetime(2022, 4, 22, 10, 45, tzinfo=PARIS)
MOTIF = "Inondation du rez-de-chaussée"


@pytest.fixture(autouse=True)
def en_avril_2022():
    with time_machine.travel(MAINTENANT, tick=False):
        yield


@pytest.fixture
def groupe():
    groupe = groupe_dote(1_500)
    CompteFactory(convention=groupe.porteur.convention, email="ccas@exemple.fr")
    return groupe


@pytest.fixture
def hotel(groupe):
    prestataire = groupe.sejour.offre.equipement.prestataire
    return CompteFactory(convention=prestataire.convention, email="hotel@exemple.fr")


@pytest.fixture
def hotelier(client, hotel):
    connecter(client, hotel)
    return client


def annuler(groupe, *, le=LE, motif=MOTIF, maintenant=MAINTENANT):
    return annuler_groupe(groupe=groupe, motif=motif, par=None, le=le, maintenant=maintenant)


def annuler_le_sejour(groupe, *, le=LE, motif=MOTIF, maintenant=MAINTENANT):
    return annuler_sejour(sejour=groupe.sejour, motif=motif, par=None, le=le, maintenant=maintenant)


def option_sur(groupe, places=5):
    compte = CompteFactory(convention=PorteurFactory().convention)
    return poser(sejour=groupe.sejour, places=places, message="", par=compte, le=LE, maintenant=MAINTENANT)


# --- What it undoes ---------------------------------------------------------------------------------------------


def test_aids_come_back_and_everybody_may_leave_on_another_stay_of_the_year(groupe, hotel):
    senior = SeniorFactory()
    inscriptions = [InscriptionFactory(groupe=groupe, senior=senior), InscriptionFactory(groupe=groupe)]
    assert solde(groupe) == (1500, 320, 1180)
    annuler(groupe)
    groupe.refresh_from_db()
    assert solde(groupe) == (1500, 0, 1500)
    assert (groupe.annule_le, groupe.motif_annulation, groupe.inscrits) == (MAINTENANT, MOTIF, 0)
    assert {i.effacee_le for i in Inscription.objects.all()} == {MAINTENANT}
    groupe.sejour.refresh_from_db()
    assert groupe.sejour.places_prises == 0
    ailleurs = InscriptionFactory(groupe=GroupeFactory(porteur=groupe.porteur), senior=senior)
    assert ailleurs.aide == 160
    assert len(inscriptions) == 2
    assert list(controler()) == []


def test_both_sides_are_mailed_with_the_reason(groupe, hotel):
    annuler(groupe)
    lettres = Courriel.objects.filter(cause__startswith=f"groupe-annule-{groupe.pk}-")
    assert {c.destinataire for c in lettres} == {"ccas@exemple.fr", "hotel@exemple.fr"}
    assert all(MOTIF in c.texte for c in lettres)


def test_those_who_wait_elsewhere_are_served_with_the_aids_that_come_back():
    annule = groupe_dote(160)
    InscriptionFactory(groupe=annule)
    autre = GroupeFactory(porteur=annule.porteur, sejour__debut=date(2022, 5, 28))
    attend = InscriptionFactory(groupe=autre)
    assert attend.motif_sans_aide == "CREDITS_EPUISES"
    annuler(annule)
    attend.refresh_from_db()
    assert attend.aide == 160


def test_a_stay_takes_its_groups_and_options_along(groupe):
    InscriptionFactory(groupe=groupe)
    voisin = groupe_dote(500, sejour=groupe.sejour)
    InscriptionFactory(groupe=voisin)
    deja = GroupeFactory(sejour=groupe.sejour)
    annuler(deja, motif="Le porteur renonce")
    option = option_sur(groupe)
    annuler_le_sejour(groupe)
    for un in (groupe, voisin, deja, option, groupe.sejour):
        un.refresh_from_db()
    assert (groupe.motif_annulation, voisin.motif_annulation) == (MOTIF, MOTIF)
    assert deja.motif_annulation == "Le porteur renonce"
    assert (option.issue, option.motif) == ("REFUSEE", MOTIF)
    sejour = groupe.sejour
    assert (sejour.annule_le, sejour.places_prises, sejour.places_en_option) == (MAINTENANT, 0, 0)
    assert solde(groupe)[1] == solde(voisin)[1] == 0
    assert list(controler()) == []


@pytest.mark.parametrize(
    ("ancv", "suite"), [(True, "réglez-les avec la validation."), (False, "Écrivez à l'ANCV.")]
)
def test_who_cancels_too_late_is_told_what_is_left_to_do(groupe, ancv, suite):
    agent = CompteFactory(ancv=True) if ancv else CompteFactory(prestataire=True)
    with pytest.raises(AnnulationRefusee) as refusee:
        annuler_groupe(groupe=groupe, motif=MOTIF, par=agent, le=date(2022, 5, 14), maintenant=MAINTENANT)
    message = refusee.value.message
    assert message.startswith("Ce séjour a commencé : il ne s'annule plus.")
    assert message.endswith(suite)


@pytest.mark.parametrize("acte", [annuler, annuler_le_sejour])
def test_until_the_eve_of_the_stay_even_once_the_list_is_closed(groupe, acte):
    InscriptionFactory(groupe=groupe)
    with pytest.raises(AnnulationRefusee, match="a commencé"):
        acte(groupe, le=date(2022, 5, 14))
    assert solde(groupe)[1] == 160
    with time_machine.travel(datetime(2022, 5, 13, 11, 0, tzinfo=PARIS), tick=False):
        instant = maintenant()
        verrouiller_listes(le=date(2022, 5, 13), maintenant=instant)
        acte(groupe, le=date(2022, 5, 13), maintenant=instant)
    assert solde(groupe)[1] == 0
    assert list(controler()) == []


@pytest.mark.parametrize("acte", [annuler, annuler_le_sejour])
def test_a_reason_is_needed_and_once_is_enough(groupe, acte):
    with pytest.raises(AnnulationRefusee, match="Dites pourquoi"):
        acte(groupe, motif="  ")
    acte(groupe)
    with pytest.raises(AnnulationRefusee, match="déjà annulé"):
        acte(groupe)


def test_nobody_comes_back_on_a_cancelled_list(groupe):
    effacer(inscription=InscriptionFactory(groupe=groupe), par=None, le=LE, maintenant=AVANT)
    InscriptionFactory(groupe=groupe)
    annuler(groupe)
    for instant in (AVANT, MAINTENANT):
        with pytest.raises(RefusMetier):
            retablir(groupe=groupe, effacee_le=instant, par=None, le=LE, maintenant=MAINTENANT)
    with pytest.raises(RefusMetier):
        InscriptionFactory(groupe=groupe)
    assert list(controler()) == []


# --- The pages --------------------------------------------------------------------------------------------------


def montants(reponse) -> dict[str, str]:
    return {ligne["libelle"]: ligne["montant"] for ligne in reponse.context["somme"]}


def test_the_consequences_are_shown_before(hotelier, groupe):
    InscriptionFactory(groupe=groupe)
    InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    GroupeFactory(sejour=groupe.sejour)
    option_sur(groupe)
    reponse = hotelier.get(reverse("groupe-annuler", args=[groupe.pk]))
    assert montants(reponse) == {"Personnes inscrites, qui ne partiront pas": "2", "Aides rendues": "1"}
    assert "160 € reviennent aux crédits" in clair(reponse.content.decode())
    reponse = hotelier.get(reverse("sejour-annuler", args=[groupe.sejour_id]))
    assert list(montants(reponse).values()) == ["2", "2", "1", "1"]
    assert Groupe.objects.filter(annule_le__isnull=True).count() == 2


def test_a_refused_cancellation_says_why_and_undoes_nothing(hotelier, groupe):
    for adresse in ("groupe-annuler", "sejour-annuler"):
        cle = groupe.pk if adresse == "groupe-annuler" else groupe.sejour_id
        for motif in ("", " ", "x" * 201, "a\x07b"):
            reponse = hotelier.post(reverse(adresse, args=[cle]), {"motif": motif})
            assert (reponse.status_code, list(reponse.context["form"].errors)) == (422, ["motif"])
    assert not Groupe.objects.filter(annule_le__isnull=False).exists()


def test_the_provider_cancels_a_group_and_reads_its_list_still(client, hotelier, groupe):
    effacee = InscriptionFactory(groupe=groupe, senior=SeniorFactory(nom="PARTIE"))
    effacer(inscription=effacee, par=None, le=LE, maintenant=AVANT)
    InscriptionFactory(groupe=groupe, senior=SeniorFactory(nom="KERVELLA"))
    reponse = hotelier.post(reverse("groupe-annuler", args=[groupe.pk]), {"motif": MOTIF})
    assert (reponse.status_code, reponse["Location"]) == (302, reverse("groupe", args=[groupe.pk]))
    page = hotelier.get(reponse["Location"])
    assert [ligne["senior"].nom for ligne in page.context["lignes"]] == ["KERVELLA"]
    assert page.context["gerable"] is False
    texte = clair(page.content.decode())
    assert MOTIF in texte
    assert "1/10" in texte
    assert hotelier.get(reverse("liste-xlsx", args=[groupe.pk])).status_code == 200
    assert Courriel.objects.filter(cause__startswith="groupe-annule-").count() == 2
    connecter(client, groupe.porteur.comptes.get())
    page = client.get(reverse("groupe", args=[groupe.pk]))
    assert (page.context["modifiable"], page.context["effacements"]) == (False, [])
    assert [ligne["senior"].nom for ligne in page.context["lignes"]] == ["KERVELLA"]


def test_the_provider_cancels_a_stay(hotelier, groupe):
    reponse = hotelier.post(reverse("sejour-annuler", args=[groupe.sejour_id]), {"motif": MOTIF})
    assert (reponse.status_code, reponse["Location"]) == (302, reverse("sejour", args=[groupe.sejour_id]))
    groupe.refresh_from_db()
    assert groupe.annule_le == MAINTENANT
    assert "déjà annulé" in clair(
        hotelier.get(reverse("sejour-annuler", args=[groupe.sejour_id])).content.decode()
    )


def test_the_group_s_page_offers_its_provider_places_and_cancellation_until_the_stay(client, hotel, groupe):
    def liens(jour):
        with time_machine.travel(datetime(2022, *jour, 10, 0, tzinfo=PARIS), tick=False):
            connecter(client, hotel)
            page = client.get(reverse("groupe", args=[groupe.pk])).content.decode()
        return [reverse(nom, args=[groupe.pk]) in page for nom in ("places-repondre", "groupe-annuler")]

    assert [liens((4, 27)), liens((4, 28)), liens((5, 13)), liens((5, 14))] == [
        [True, True],
        [False, True],
        [False, True],
        [False, False],
    ]


def test_counting_the_consequences_costs_three_queries_whatever_the_size(groupe):
    def requetes():
        with CaptureQueriesContext(connection) as captees:
            consequences(groupes=Groupe.objects.filter(sejour=groupe.sejour), sejour=groupe.sejour)
        return len(captees)

    une = requetes()
    for _ in range(6):
        InscriptionFactory(groupe=GroupeFactory(sejour=groupe.sejour), eligibilite="PROGRAMME")
    option_sur(groupe)
    assert requetes() == une == 3
    assert Option.objects.count() == 1


def test_a_stay_cancelled_serves_none_of_its_own_lists(groupe, hotel):
    """C9: what the first group gives back must not go, for an instant and with a mail, to the second one."""
    second = GroupeFactory(sejour=groupe.sejour, porteur=groupe.porteur)
    while InscriptionFactory(groupe=groupe).aide:
        pass
    attend = InscriptionFactory(groupe=second)
    assert attend.aide is None
    annuler_sejour(sejour=groupe.sejour, motif=MOTIF, par=hotel, le=LE, maintenant=MAINTENANT)
    assert not Courriel.objects.filter(cause__startswith="aides-de-la-file").exists()
    assert list(controler()) == []
