"""A provider's groups in a real browser: pre-registered, given places, cancelled; on a screen and a phone."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from conventions.tests.factories import CompteFactory, ProgrammeFactory
from sejours.models import Groupe
from sejours.operations.groupes import demander_places
from sejours.operations.options import poser
from sejours.tests.factories import GroupeFactory, PorteurFactory, SejourFactory
from sev.socle.temps import aujourdhui, maintenant
from sev.tests.test_navigateur import LARGEURS, entrer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sejour():
    debut = aujourdhui() + timedelta(days=60)
    ProgrammeFactory(annee=debut.year)
    ProgrammeFactory(annee=aujourdhui().year)
    return SejourFactory(places=60, debut=debut)


@pytest.fixture
def hotel(sejour):
    return CompteFactory(convention=sejour.offre.equipement.prestataire.convention, nom="Hervé CASTAING")


@pytest.fixture
def porteur():
    ccas = PorteurFactory(nom="CCAS DES TILLEULS", convention__numero="ancv2528")
    return CompteFactory(seul=True, organisme=ccas, identifiant="ancv2528")


def sans_defaut(page, nom) -> None:
    """Look at the page at both widths: nothing for axe to find, nothing that scrolls sideways."""
    for largeur in LARGEURS:
        page.set_viewport_size({"width": largeur, "height": 900})
        defauts = Axe().run(page).response["violations"]
        assert [(d["id"], d["nodes"][0]["html"]) for d in defauts] == [], (nom, largeur)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (nom, largeur)
    page.set_viewport_size({"width": LARGEURS[0], "height": 900})


def test_from_pre_registration_to_cancellation(page, sejour, hotel, porteur):
    poser(sejour=sejour, places=12, message="", par=porteur, le=aujourdhui(), maintenant=maintenant())
    GroupeFactory(sejour=sejour, places=17)
    entrer(page, hotel)
    sans_defaut(page, "accueil")
    page.get_by_role("link", name="Pré-inscrire un groupe").click()
    page.get_by_label("N° de convention du porteur").press_sequentially("ANCV 2528")
    page.get_by_text("CCAS DES TILLEULS (35)").wait_for()
    page.get_by_label("Nombre de places").press_sequentially("10")
    page.get_by_text("Resteront libres").wait_for()
    assert "21" in page.locator("#places-du-sejour .total").inner_text()
    sans_defaut(page, "preinscription")
    page.get_by_role("button", name="Pré-inscrire le groupe").click()
    page.get_by_text("CCAS DES TILLEULS a 10 places.").wait_for()
    sans_defaut(page, "groupe")
    groupe = Groupe.objects.get(porteur=porteur.organisme)

    demander_places(groupe=groupe, places=12, message="Deux de plus", par=porteur, le=aujourdhui())
    page.goto("/")
    page.get_by_role("link", name="Répondre pour le groupe").click()
    sans_defaut(page, "places")
    page.get_by_role("button", name="Donner ces places").click()
    page.get_by_text("a 12 places.").wait_for()

    page.get_by_role("link", name="Annuler le groupe…").click()
    sans_defaut(page, "annuler")
    page.get_by_role("button", name="Annuler le groupe").click()
    assert page.get_by_role("link", name="Dites pourquoi").is_visible()
    page.get_by_label("Motif de l'annulation").fill("Travaux")
    page.get_by_role("button", name="Annuler le groupe").click()
    page.get_by_text("Ce groupe est annulé.").wait_for()
    sans_defaut(page, "groupe-annule")


def test_the_stay_s_cancellation_and_the_calendar_s_address(page, sejour, hotel):
    GroupeFactory(sejour=sejour)
    entrer(page, hotel)
    page.goto(reverse("sejour-annuler", args=[sejour.pk]))
    sans_defaut(page, "annuler-sejour")
    page.goto(reverse("compte"))
    page.get_by_role("link", name="Mes dates dans mon agenda").click()
    page.get_by_role("button", name="Créer mon adresse d'agenda").click()
    sans_defaut(page, "agenda")
    adresse = page.get_by_label("Adresse de l'agenda").input_value()
    chemin = "/agenda/" + adresse.rsplit("/", 1)[-1]
    assert "BEGIN:VCALENDAR" in page.request.get(chemin).text()
