"""ANCV's pages about persons (I18, X4): pairs side by side, merge and its undoing, export, erasure."""

import json
from datetime import date, datetime
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conventions.tests.factories import CompteFactory, connecter
from sejours.models import Groupe
from seniors.models import DemandeDonnees, Doublon, Fusion, Senior
from seniors.operations.doublons import chercher_doublons
from seniors.operations.fusions import fusionner
from seniors.tests.factories import PARIS, InscriptionFactory, SeniorFactory, clair, groupe_dote, solde
from sev.socle.models import Lecture

pytestmark = pytest.mark.django_db
MAINTENANT = datetime(2022, 4, 25, 3, 10, tzinfo=PARIS)


@pytest.fixture
def agent(client):
    with time_machine.travel("2022-04-25T10:32:00+02:00", tick=False):
        connecter(client, CompteFactory(ancv=True))
        yield client


@pytest.fixture
def doublon():
    """Jeanne MARTIN aided in May, Jeane MARTAIN two weeks later by another porteur."""
    jeanne = SeniorFactory(nom="MARTIN", prenom="Jeanne", date_naissance=date(1948, 3, 12))
    jeane = SeniorFactory(nom="MARTAIN", prenom="Jeane", date_naissance=date(1948, 3, 12))
    InscriptionFactory(groupe=groupe_dote(), senior=jeanne, telephone="06 01 02 03 04")
    InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 5, 28)), senior=jeane)
    chercher_doublons(maintenant=MAINTENANT)
    return Doublon.objects.get()


def texte(reponse) -> str:
    return clair(unescape(reponse.content.decode()))


def adresse(objet, quoi="change") -> str:
    return reverse(f"admin:seniors_{objet._meta.model_name}_{quoi}", args=[objet.pk])


def test_the_list_counts_the_pairs_and_tells_each(agent, doublon):
    page = texte(agent.get(reverse("admin:seniors_doublon_changelist")))
    assert "1 doublon probable" in page
    assert f"n° {doublon.ancienne_id} Jeanne MARTIN / n° {doublon.recente_id} Jeane MARTAIN" in page


@pytest.mark.parametrize("page", ["change", "fusionner"])
def test_reading_the_addresses_of_two_persons_is_noted_on_each_page_that_says_them(agent, doublon, page):
    reponse = agent.get(adresse(doublon, page))
    assert "12 RUE DES LILAS" in texte(reponse) or "06 01 02 03 04" in texte(reponse)
    assert [(lue.quoi, lue.cle) for lue in Lecture.objects.all()] == [("doublon", doublon.pk)]


def test_the_two_stand_side_by_side_with_what_differs_and_their_stays(agent, doublon):
    page = texte(agent.get(adresse(doublon)))
    assert "<mark>MARTIN</mark>" in page
    assert "<mark>MARTAIN</mark>" in page
    assert "<mark>12/03/1948</mark>" not in page
    assert "12/03/1948" in page
    assert page.count("2022 : 160 €") == 2
    for inscription in (doublon.ancienne.inscriptions.get(), doublon.recente.inscriptions.get()):
        assert f"groupe n° {inscription.groupe_id}" in page


def test_an_odd_address_is_flagged_for_staff_and_blocks_nobody(agent):
    bizarre = InscriptionFactory(groupe=groupe_dote(), ville="Rennes", adresse="RUE DES LILAS")
    ordinaire = InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 5, 28)))
    for objet in (bizarre, bizarre.senior):
        page = texte(agent.get(adresse(objet)))
        assert "Rennes n'est pas une commune du 35410. La voie n'a pas de numéro." in page
    for objet in (ordinaire, ordinaire.senior):
        page = texte(agent.get(adresse(objet)))
        assert ("Adresse à vérifier" in page, "n'est pas une commune" in page) == (True, False)


def test_a_merge_is_announced_chosen_field_by_field_done_and_undone(agent, doublon):
    seconde = doublon.recente.inscriptions.get()
    page = texte(agent.get(adresse(doublon, "fusionner")))
    assert f"La seconde aide 2022 (160 €, groupe n° {seconde.groupe_id}" in page
    choix = {"garder": "recente", "nom": "ancienne", "prenom": "recente", "telephone": "ancienne"}
    sans_motif = agent.post(adresse(doublon, "fusionner"), choix)
    assert (sans_motif.status_code, Fusion.objects.count()) == (422, 0)
    assert [sans_motif.context["form"][nom].value() for nom in choix] == list(choix.values())
    assert agent.post(adresse(doublon, "fusionner"), choix | {"motif": "Même numéro"}).status_code == 302
    gardee = Senior.objects.get(pk=doublon.recente_id)
    assert (str(gardee), gardee.telephone) == ("Jeane MARTIN", "06 01 02 03 04")
    assert Senior.objects.get(pk=doublon.ancienne_id).actuelle == gardee
    assert solde(seconde.groupe) == (1_500, 0, 1_500)

    fiche = texte(agent.get(adresse(doublon)))
    assert adresse(doublon, "defaire") in fiche
    assert adresse(doublon, "fusionner") not in fiche
    assert "réexaminées selon les règles" in texte(agent.get(adresse(doublon, "defaire")))
    fusion = Fusion.objects.get()
    assert agent.post(adresse(fusion, "defaire"), {"motif": "Deux sœurs"}).status_code == 302
    assert solde(seconde.groupe) == (1_500, 160, 1_340)
    assert str(Senior.objects.get(pk=doublon.ancienne_id)) == "Jeanne MARTIN"
    assert agent.post(adresse(fusion, "defaire"), {"motif": "Encore"}).status_code == 422


def test_a_merge_that_is_impossible_says_so_before_and_after(agent, doublon):
    Groupe.objects.filter(inscriptions__senior=doublon.recente).update(solde_le=MAINTENANT)
    assert "n'est pas possible pour l'instant" in texte(agent.get(adresse(doublon, "fusionner")))
    envoi = {
        "garder": "ancienne",
        "nom": "ancienne",
        "prenom": "ancienne",
        "telephone": "ancienne",
        "motif": "x",
    }
    reponse = agent.post(adresse(doublon, "fusionner"), envoi)
    assert reponse.status_code == 422
    assert "déjà soldée" in texte(reponse)


def test_not_the_same_is_written_with_its_reason(agent, doublon):
    assert agent.post(adresse(doublon, "ecarter"), {"motif": ""}).status_code == 422
    assert agent.post(adresse(doublon, "ecarter"), {"motif": "Cousines"}).status_code == 302
    doublon.refresh_from_db()
    assert (doublon.decision, doublon.motif) == ("DIFFERENTES", "Cousines")
    assert agent.post(adresse(doublon, "reproposer"), {"motif": "À revoir"}).status_code == 302
    doublon.refresh_from_db()
    assert doublon.decision == ""


def test_opening_a_person_or_a_pair_is_noted(agent, doublon):
    senior = doublon.ancienne
    agent.get(adresse(doublon))
    agent.get(adresse(senior))
    assert agent.get(reverse("admin:seniors_senior_change", args=[senior.pk + 9_000])).status_code == 302
    assert agent.get(reverse("admin:seniors_doublon_change", args=["abc"])).status_code == 302
    lues = [(lecture.quoi, lecture.cle) for lecture in Lecture.objects.order_by("pk")]
    assert lues == [("doublon", doublon.pk), ("sénior", senior.pk)]


@pytest.mark.parametrize(("cherche", "trouve"), [("martin", 1), ("Jean mart", 2), ("zzz", 0)])
def test_persons_are_found_by_the_beginning_of_their_names(agent, doublon, cherche, trouve):
    page = agent.get(reverse("admin:seniors_senior_changelist"), {"q": cherche})
    assert len(page.context["cl"].result_list) == trouve


def test_a_person_is_found_by_number(agent, doublon):
    page = agent.get(reverse("admin:seniors_senior_changelist"), {"q": str(doublon.recente_id)})
    assert [s.pk for s in page.context["cl"].result_list] == [doublon.recente_id]


def test_what_is_held_is_handed_over_whole_and_noted(agent, doublon):
    senior = doublon.ancienne
    assert agent.post(adresse(senior, "exporter"), {"motif": "", "format": "json"}).status_code == 422
    reponse = agent.post(adresse(senior, "exporter"), {"motif": "Courriel du 3 mai", "format": "json"})
    assert reponse["Content-Disposition"] == f'attachment; filename="donnees-fiche-{senior.pk}.json"'
    donnees = json.loads(reponse.content)
    assert donnees["Fiche"]["nom d'usage"] == "MARTIN"
    assert donnees["Fiche"]["téléphone"] == "06 01 02 03 04"
    (sejour,) = donnees["Séjours"]
    assert sejour["revenu fiscal de référence (€)"] == "11800"
    assert sejour["type d'éligibilité"] == "A l'aide"
    assert [(a["nature"], clair(a["montant"])) for a in donnees["Aides"]] == [("Engagement", "160 €")]
    assert [a["acte"] for a in donnees["Actes sur la fiche et les inscriptions"]][-1] == "inscription"

    page = agent.post(adresse(senior, "exporter"), {"motif": "Le même", "format": "page"})
    assert page["Content-Type"] == "text/html; charset=utf-8"
    assert "MARTIN" in page.content.decode()
    assert list(DemandeDonnees.objects.order_by("pk").values_list("nature", "motif")) == [
        ("EXPORT", "Courriel du 3 mai"),
        ("EXPORT", "Le même"),
    ]


def test_an_export_gives_every_former_spelling_however_many_merges_away(agent, doublon):
    premiere, seconde = doublon.recente, doublon.ancienne
    derniere = SeniorFactory(nom="MARTINE", prenom="Jeanne", date_naissance=date(1948, 3, 12))
    for garder, absorber in ((seconde, premiere), (derniere, seconde)):
        fusionner(
            garder=garder,
            absorber=absorber,
            par=CompteFactory(ancv=True),
            motif="Même personne",
            le=MAINTENANT.date(),
            maintenant=MAINTENANT,
        )
    reponse = agent.post(adresse(derniere, "exporter"), {"motif": "Courriel du 3 mai", "format": "json"})
    orthographes = json.loads(reponse.content)["Autres orthographes"]
    assert {autre["nom d'usage"] for autre in orthographes} == {"MARTIN", "MARTAIN"}


def test_an_erasure_says_what_holds_it_back_then_is_done(agent, doublon):
    senior = doublon.ancienne
    assert "n'est pas terminé" in texte(agent.get(adresse(senior, "effacer")))
    assert agent.post(adresse(senior, "effacer"), {"motif": "x"}).status_code == 422
    Groupe.objects.update(solde_le=MAINTENANT)
    with time_machine.travel("2022-07-01T10:00:00+02:00", tick=False):
        connecter(agent, CompteFactory(ancv=True))
        assert "Rien de cela ne se défait" in texte(agent.get(adresse(senior, "effacer")))
        assert agent.post(adresse(senior, "effacer"), {"motif": "Courrier du 28 juin"}).status_code == 302
        fiche = texte(agent.get(adresse(senior)))
    assert "ANONYME" in fiche
    assert adresse(senior, "effacer") not in fiche


@pytest.mark.parametrize(
    "quoi", ["doublon", "senior", "fusion", "demandedonnees", "seniorevent", "doublonevent"]
)
def test_every_list_opens(agent, doublon, quoi):
    choix = {
        "garder": "ancienne",
        "nom": "ancienne",
        "prenom": "ancienne",
        "telephone": "ancienne",
        "motif": "x",
    }
    agent.post(adresse(doublon, "fusionner"), choix)
    agent.post(adresse(doublon.ancienne, "exporter"), {"motif": "Courriel du 3 mai", "format": "json"})
    assert agent.get(reverse(f"admin:seniors_{quoi}_changelist")).context["cl"].result_count > 0


def test_pages_take_as_many_statements_for_many_as_for_one(agent, doublon):
    def combien(*adresses):
        with CaptureQueriesContext(connection) as requetes:
            for page in adresses:
                assert agent.get(page).status_code == 200
        return len(requetes)

    pages = (
        reverse("admin:seniors_doublon_changelist"),
        reverse("admin:seniors_senior_changelist"),
        adresse(doublon),
        adresse(doublon.ancienne),
    )
    combien(*pages)
    avant = combien(*pages)
    for annee in (2019, 2020, 2021):
        groupe = groupe_dote(sejour__debut=date(annee, 5, 15))
        InscriptionFactory(groupe=groupe, senior=doublon.ancienne, le=date(annee, 4, 2))
        SeniorFactory(nom="MARTINS", prenom=f"Jeanne{annee}", date_naissance=date(1948, 3, 12))
    chercher_doublons(maintenant=MAINTENANT)
    assert Doublon.objects.count() > 3
    assert combien(*pages) == avant


def test_only_those_who_may_change_persons_act_on_them(client, doublon):
    for compte in (
        CompteFactory(ancv=True, is_superuser=False),
        CompteFactory(),
        CompteFactory(prestataire=True),
    ):
        connecter(client, compte)
        for objet, act in ((doublon, "fusionner"), (doublon, "ecarter"), (doublon.ancienne, "effacer")):
            attendu = 403 if compte.is_staff else 302
            assert (
                client.post(adresse(objet, act), {"motif": "x", "garder": "ancienne"}).status_code == attendu
            )
    assert (Fusion.objects.count(), Doublon.objects.get().decision) == (0, "")
