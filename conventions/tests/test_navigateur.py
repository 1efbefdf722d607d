"""The pages of accounts in Chromium: no accessibility fault at two widths, and nothing that needs a script."""

import re

import pytest

from conventions.tests.factories import MOT_DE_PASSE, CompteFactory, CreditFactory
from sev.socle.models import Courriel
from sev.socle.temps import aujourdhui

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def monique():
    compte = CompteFactory(convention__numero="ancv2528", email="monique@ccas.fr")
    CreditFactory(convention=compte.organisme.convention, annee=aujourdhui().year)
    return compte


@pytest.fixture
def camille(monique):
    return CompteFactory(
        lecteur=True,
        organisme=monique.organisme,
        identifiant="ancv2528-lecteur",
        nom="François-Xavier DE LA VILLEMARQUÉ",
    )


def entrer(page, identifiant="ancv 2528", passe=MOT_DE_PASSE):
    page.fill("#id_username", identifiant)
    page.fill("#id_password", passe)
    page.click("main button")


def lien(motif) -> str:
    return re.search(motif, Courriel.objects.latest("pk").texte)[0]


@pytest.mark.parametrize("largeur", [1280, 390])
def test_no_page_has_an_accessibility_fault_or_scrolls_sideways(page, monique, camille, largeur):
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": largeur, "height": 900})

    def verifier():
        page.wait_for_load_state()
        fautes = Axe().run(page).response["violations"]
        assert [(f["id"], [n["html"] for n in f["nodes"]]) for f in fautes] == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= largeur, page.url

    page.goto("/compte/")
    verifier()  # the door
    entrer(page, passe="faux")
    verifier()
    page.goto("/mot-de-passe-oublie/")
    verifier()
    page.fill("#id_identifiant", "ancv2528")
    page.click("main button")
    verifier()
    page.goto("/" + lien(r"http\S+/mot-de-passe/\S+").split("/", 3)[3])
    page.fill("#id_passe_nouveau", "court")
    page.click("main button")
    verifier()
    page.fill("#id_passe_nouveau", MOT_DE_PASSE)
    page.fill("#id_passe_confirmation", MOT_DE_PASSE)
    page.click("main button")
    page.goto("/compte/")
    verifier()
    page.fill("#id_code_postal", "1")
    page.fill("#id_email", "neuve@ccas.fr")
    page.click("#informations button")
    verifier()
    page.fill("#id_code_postal", "35410")
    page.click("#informations button")
    verifier()
    page.goto(lien(r"/compte/adresse/\S+"))
    verifier()
    for chemin in ("/utilisateurs/", "/utilisateurs/inviter/", f"/utilisateurs/{camille.pk}/"):
        page.goto(chemin)
        verifier()
    page.goto("/compte/")
    page.context.clear_cookies(name="sessionid")
    page.click("#informations button")
    entrer(page)
    verifier()  # what was typed
    page.context.clear_cookies()
    page.goto("/connexion/")
    entrer(page, camille.identifiant)
    for chemin in ("/compte/", "/utilisateurs/"):
        page.goto(chemin)
        verifier()


def test_a_session_that_ends_loses_nothing_even_without_javascript(navigateur, live_server, monique):
    contexte = navigateur.new_context(base_url=live_server.url, java_script_enabled=False)
    page = contexte.new_page()
    try:
        page.goto("/compte/")
        entrer(page)
        page.fill("#id_ville", 'L\'ÎLE-"RENNES"')
        contexte.clear_cookies(name="sessionid")
        page.click("#informations button")
        assert "votre saisie est gardée" in page.inner_text("main")
        entrer(page)
        assert page.inner_text("h1") == "Votre saisie est gardée"
        page.click("text=Envoyer ma saisie")
        assert page.input_value("#id_ville") == 'L\'ÎLE-"RENNES"'
        monique.organisme.refresh_from_db()
        assert monique.organisme.ville == 'L\'ÎLE-"RENNES"'
    finally:
        contexte.close()


def test_back_after_logging_out_shows_nothing(page, monique):
    page.goto("/compte/")
    entrer(page)
    page.wait_for_selector("#informations")
    page.click(".compte button")
    page.wait_for_url("**/connexion/")
    page.go_back()
    page.wait_for_load_state()
    assert "monique@ccas.fr" not in page.content()
    assert page.url.split("?")[0].endswith("/connexion/")
