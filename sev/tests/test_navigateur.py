"""The pages in a real browser, as people new to them would go: with and without JavaScript, on a screen and a phone."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from conventions.tests.factories import MOT_DE_PASSE, CompteFactory
from seniors.models import Inscription
from seniors.tests.factories import InscriptionFactory, clair, groupe_dote
from sev.socle.temps import aujourdhui, maintenant

pytestmark = pytest.mark.django_db(transaction=True)

LARGEURS = (1280, 390)


@pytest.fixture
def groupe():
    """Ten places, on a stay that starts in 60 days, whose porteur can grant nine aids."""
    return groupe_dote(1_500, sejour__debut=aujourdhui() + timedelta(days=60))


@pytest.fixture
def porteur(groupe):
    return CompteFactory(convention=groupe.porteur.convention, nom="Monique GARNIER")


def entrer(page, compte):
    page.goto(reverse("connexion"))
    page.get_by_label("Numéro de convention").fill(compte.identifiant)
    page.get_by_label("Mot de passe", exact=True).fill(MOT_DE_PASSE)
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/")


def chercher(page, nom, prenom, naissance, ville="Rennes"):
    page.get_by_role("link", name="Ajouter un sénior").or_(
        page.get_by_role("link", name="Ajouter le premier sénior")
    ).first.click()
    page.get_by_label("Nom *", exact=True).fill(nom)
    page.get_by_label("Prénom *", exact=True).fill(prenom)
    page.get_by_label("Date de naissance").fill(naissance)
    page.get_by_label("Ville de naissance").fill(ville)
    page.get_by_role("button", name="Chercher").click()
    page.get_by_role("button", name="Nouveau sénior").click()


def remplir(page, civilite, eligibilite, *, rfr="9 840"):
    page.get_by_label(civilite, exact=True).check()
    page.get_by_label("Adresse *", exact=True).fill("14 rue des Tanneurs")
    page.get_by_label("Code postal").fill("35410")
    page.get_by_label("Code postal").press("Tab")

    page.get_by_role("radio", name=eligibilite).check()
    if rfr:
        page.get_by_label("Revenu fiscal de référence").fill(rfr)


def choisir_la_ville(page, script):
    """With a script the communes of the postcode are offered; without, the town is typed."""
    if script:
        page.locator("select#id_ville").select_option("Châteaugiron")
    else:
        page.locator("#id_ville").fill("Chateaugiron")


def enregistrer(page):
    page.get_by_role("button", name="Enregistrer l'inscription").click()


@pytest.mark.parametrize("script", [True, False], ids=["script", "sans-script"])
@pytest.mark.parametrize("largeur", LARGEURS)
def test_a_couple_a_carer_and_somebody_alone_are_registered_then_printed(
    navigateur, live_server, groupe, porteur, largeur, script
):
    contexte = navigateur.new_context(
        base_url=live_server.url,
        locale="fr-FR",
        viewport={"width": largeur, "height": 800},
        java_script_enabled=script,
    )
    contexte.set_default_timeout(60_000)
    page = contexte.new_page()
    entrer(page, porteur)
    page.goto(reverse("groupe", args=[groupe.pk]))

    chercher(page, "AUBERTIN", "Jeannine", "12/03/1948")
    remplir(page, "Madame", "A l'aide Non imposable")
    choisir_la_ville(page, script)
    if script:
        page.locator("#decision").get_by_text("Aide accordée").wait_for()
    else:
        page.get_by_role("button", name="Calculer la décision").click()
        page.locator("#decision").get_by_text("Aide accordée").wait_for()
    page.get_by_label("Voyage avec son conjoint").check()
    enregistrer(page)
    page.get_by_text("Jeannine AUBERTIN est inscrite.").wait_for()

    chercher(page, "AUBERTIN", "Roger", "30/11/1945")
    remplir(page, "Monsieur", "A l'aide par conjoint")
    choisir_la_ville(page, script)
    jeannine = Inscription.objects.get(senior__prenom="Jeannine")
    page.get_by_label("Sénior lié").select_option(str(jeannine.pk))
    enregistrer(page)
    page.get_by_text("Roger AUBERTIN est inscrit.").wait_for()

    chercher(page, "KERVELLA", "Yvonne", "15/08/1939")
    remplir(page, "Madame", "A l'aide Non imposable")
    choisir_la_ville(page, script)
    page.get_by_role("checkbox", name="Dépendant").check()
    enregistrer(page)
    page.get_by_text("Yvonne KERVELLA est inscrite.").wait_for()

    chercher(page, "KERVELLA", "Gwenaëlle", "09/09/1974")
    remplir(page, "Madame", "En tant qu'aidant", rfr="")
    choisir_la_ville(page, script)
    yvonne = Inscription.objects.get(senior__prenom="Yvonne")
    page.get_by_label("Sénior lié").select_option(str(yvonne.pk))
    page.get_by_label("Aidant familial").check()
    enregistrer(page)
    page.get_by_text("Gwenaëlle KERVELLA est inscrite.").wait_for()

    chercher(page, "BEAUCHAMP", "Simone", "04/07/1950")
    remplir(page, "Madame", "Au programme", rfr="0")
    choisir_la_ville(page, script)
    page.get_by_label("Chambre individuelle").check()
    enregistrer(page)
    page.get_by_text("Simone BEAUCHAMP est inscrite.").wait_for()

    assert page.get_by_text("5/10").first.is_visible()
    assert page.get_by_text("4/5").first.is_visible()
    document = contexte.request.get(reverse("rooming-list", args=[groupe.pk]))
    assert (document.status, document.body()[:5]) == (200, b"%PDF-")
    contexte.close()


def test_the_communes_follow_the_postcode_each_time_it_changes(page, groupe, porteur):
    entrer(page, porteur)
    page.goto(reverse("groupe", args=[groupe.pk]))
    chercher(page, "AUBERTIN", "Jeannine", "12/03/1948")
    for code_postal, commune in (("35410", "Châteaugiron"), ("34280", "La Grande-Motte")):
        page.get_by_label("Code postal").fill(code_postal)
        page.get_by_label("Code postal").press("Tab")
        page.locator("select#id_ville").select_option(commune)
    page.get_by_label("Code postal").fill("00000")
    page.get_by_label("Code postal").press("Tab")
    page.locator("input#id_ville").wait_for()


@pytest.mark.parametrize("largeur", LARGEURS)
def test_no_page_of_the_porteur_has_an_accessibility_violation(page, groupe, porteur, largeur):
    inscrite = InscriptionFactory(groupe=groupe, le=aujourdhui(), handicape=True)
    retiree = InscriptionFactory(groupe=groupe, le=aujourdhui())
    page.set_viewport_size({"width": largeur, "height": 800})
    entrer(page, porteur)
    for nom, cles in (
        ("accueil", ()),
        ("groupes", ()),
        ("groupe", (groupe.pk,)),
        ("demander-places", (groupe.pk,)),
        ("inscription-recherche", (groupe.pk,)),
        ("inscription-nouvelle", (groupe.pk,)),
        ("inscription-modifier", (groupe.pk, inscrite.pk)),
        ("inscription-effacer", (groupe.pk, retiree.pk)),
        ("inscriptions-tout-supprimer", (groupe.pk,)),
        ("compte", ()),
        ("utilisateurs", ()),
        ("journal", ()),
    ):
        page.goto(reverse(nom, args=cles))
        accessible(page)
    # Refused and searched pages have their own parts.
    page.goto(reverse("inscription-nouvelle", args=[groupe.pk]))
    enregistrer(page)
    assert clair(page.title()).startswith("9 erreurs :")
    accessible(page)
    page.goto(reverse("inscription-recherche", args=[groupe.pk]))
    senior = inscrite.senior
    page.get_by_label("Nom *", exact=True).fill(senior.nom)
    page.get_by_label("Prénom *", exact=True).fill(senior.prenom + "e")
    page.get_by_label("Date de naissance").fill(f"{senior.date_naissance:%d/%m/%Y}")
    page.get_by_label("Ville de naissance").fill(senior.ville_naissance)
    page.get_by_role("button", name="Chercher").click()
    page.get_by_text("Est-ce la même personne ?").wait_for()
    accessible(page)


@pytest.mark.parametrize("largeur", LARGEURS)
def test_no_page_of_the_provider_or_before_signing_in_has_an_accessibility_violation(page, groupe, largeur):
    InscriptionFactory(groupe=groupe, le=aujourdhui(), maintenant=maintenant())
    prestataire = CompteFactory(
        convention=groupe.sejour.offre.equipement.prestataire.convention, prestataire=True
    )
    page.set_viewport_size({"width": largeur, "height": 800})
    for adresse in ("/connexion/", "/mot-de-passe-oublie/", "/accessibilite/", "/donnees-personnelles/"):
        page.goto(adresse)
        accessible(page)
    entrer(page, prestataire)
    for nom, cles in (("accueil", ()), ("groupes", ()), ("groupe", (groupe.pk,)), ("journal", ())):
        page.goto(reverse(nom, args=cles))
        accessible(page)


def accessible(page):
    """Fail on any violation that axe finds, and on a page that scrolls sideways."""
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in violations] == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
