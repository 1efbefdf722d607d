"""ANCV's staff in Chromium: the second factor from the first sign-in to the lost telephone, then « voir comme »."""

import re
import time
from base64 import b32decode

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from conventions.models import EvenementSecurite
from conventions.tests.factories import MOT_DE_PASSE, CompteFactory, CreditFactory
from sev.socle.temps import aujourdhui

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ancv():
    return CompteFactory(ancv=True, identifiant="ancv")


@pytest.fixture
def monique():
    compte = CompteFactory(convention__numero="ancv2528", email="monique@ccas.fr")
    CreditFactory(convention=compte.organisme.convention, annee=aujourdhui().year)
    return compte


def verifier(page):
    fautes = Axe().run(page).response["violations"]
    assert [(f["id"], f["nodes"][0]["html"]) for f in fautes] == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def entrer(page):
    page.fill("#id_username", "ancv")
    page.fill("#id_password", MOT_DE_PASSE)
    page.click("main button")


def code(cle: str) -> str:
    """The six digits that the telephone shows; as if the last one given were of the half minute before."""
    TOTPDevice.objects.update(last_t=-1)
    application = TOTP(bytes.fromhex(cle))
    application.time = time.time()
    return f"{application.token():06d}"


def cle_de_la_page(page) -> str:
    return b32decode(page.inner_text(".cle").replace(" ", "")).hex()


@pytest.mark.parametrize("largeur", [1280, 390])
def test_the_second_factor_from_the_first_day_to_the_lost_telephone(page, ancv, largeur):
    page.set_viewport_size({"width": largeur, "height": 900})
    page.goto("/admin/")
    entrer(page)
    assert page.inner_text("h1") == "Activer la double authentification"
    verifier(page)
    assert page.locator("svg.qr").bounding_box()["width"] > 150
    cle = cle_de_la_page(page)
    page.fill("#id_passe_code", "12")
    page.click("main button")
    verifier(page)
    assert cle_de_la_page(page) == cle
    page.fill("#id_passe_code", code(cle))
    page.click("main button")
    assert page.inner_text("h1") == "Vos codes de secours"
    verifier(page)
    codes = page.locator(".codes-secours code").all_inner_texts()
    assert len(codes) == 10
    page.emulate_media(media="print")
    assert page.locator(".codes-secours").is_visible()
    assert not page.locator(".btn-primary").is_visible()
    page.emulate_media(media="screen")
    page.click("main .btn-primary")
    assert page.url.endswith("/admin/")
    page.click("#logout-form button")
    page.goto("/connexion/")
    entrer(page)
    assert page.inner_text("h1") == "Double authentification"
    verifier(page)
    page.fill("#id_passe_code", "000000")
    page.click("main button")
    verifier(page)
    TOTPDevice.objects.update(throttling_failure_count=0)
    page.fill("#id_passe_code", code(cle))
    page.click("main button")
    assert page.url.endswith("/admin/")
    # The telephone is lost: a code of the sheet, then new ones, then another telephone.
    page.context.clear_cookies(name="sessionid")
    page.goto("/double-authentification/codes/")
    entrer(page)
    page.click("text=Utiliser un code de secours")
    verifier(page)
    page.fill("#id_passe_code", codes[0].lower())
    page.click("main button")
    assert page.inner_text("h1") == "Renouveler les codes de secours"
    assert "Il vous en reste 9." in page.inner_text("main")
    verifier(page)
    page.goto("/double-authentification/")
    verifier(page)
    page.click("text=Changer de téléphone")
    verifier(page)
    nouvelle = cle_de_la_page(page)
    assert nouvelle != cle
    page.fill("#id_passe_code", code(nouvelle))
    page.fill("#id_passe_actuel", MOT_DE_PASSE)
    page.click("main button")
    assert page.inner_text("h1") == "Vos codes de secours"
    assert TOTPDevice.objects.get().key == nouvelle
    natures = list(EvenementSecurite.objects.order_by("pk").values_list("nature", flat=True))
    assert natures == ["ACTIVATION", "SECOURS", "TELEPHONE"]


@pytest.mark.parametrize("largeur", [1280, 390])
def test_ancv_sees_as_a_porteur_then_comes_back(page, ancv, monique, settings, largeur):
    settings.SEV_ADMIN_OTP = False
    page.set_viewport_size({"width": largeur, "height": 900})
    page.goto(reverse("admin:conventions_convention_change", args=[monique.organisme_id]))
    entrer(page)
    page.click("text=Voir le site comme cet organisme")
    assert "Vous ne pouvez rien y changer" in page.inner_text("#content")
    page.fill("#id_motif", "Appel de Monique")
    page.click("input[type=submit].default")
    assert page.url.endswith("/")
    for chemin in ("/", "/groupes/", "/compte/", "/utilisateurs/", "/journal/", "/agenda/"):
        page.goto(chemin)
        bandeau = page.inner_text(".vue").replace("\u00a0", " ")
        assert re.search(
            rf"Vous voyez le site comme {monique.organisme.nom}, en lecture, jusqu’à \d+ h \d\d", bandeau
        )
        verifier(page)
    page.click("text=Revenir à l’administration")
    assert page.url.endswith(f"/admin/conventions/convention/{monique.organisme_id}/change/")
    assert list(EvenementSecurite.objects.values_list("nature", "motif").order_by("pk")) == [
        ("VUE_DEBUT", "Appel de Monique"),
        ("VUE_FIN", ""),
    ]


def test_the_admin_s_changed_pages_have_no_fault(navigateur, live_server, ancv, monique, settings):
    """In a context of its own: on a page that scrolls axe tries inline styles, which the CSP tells."""
    settings.SEV_ADMIN_OTP = False
    contexte = navigateur.new_context(base_url=live_server.url, locale="fr-FR")
    page = contexte.new_page()
    page.goto("/admin/")
    entrer(page)
    collegue = CompteFactory(ancv=True, is_superuser=False)
    for adresse in (
        reverse("admin:conventions_compte_change", args=[collegue.pk]),
        reverse("admin:conventions_compte_droits", args=[collegue.pk]),
        reverse("admin:conventions_compte_add"),
        reverse("admin:conventions_convention_voir-comme", args=[monique.organisme_id]),
        reverse("admin:conventions_evenementsecurite_changelist"),
    ):
        page.goto(adresse)
        fautes = Axe().run(page).response["violations"]
        assert [(f["id"], f["nodes"][0]["html"]) for f in fautes] == [], adresse
    contexte.close()
