"""« Mes crédits » and the import of decisions in Chromium: no fault at two widths, nothing that needs a script."""

import pytest

from conventions.models import Convention, DemandeComplement
from conventions.tasks import importer_decisions
from conventions.tests.factories import MOT_DE_PASSE, CompteFactory, ProgrammeFactory, connecter
from seniors.tests.factories import InscriptionFactory, groupe_dote
from sev.socle.temps import aujourdhui
from sev.tests.test_courses import LE

pytestmark = pytest.mark.django_db(transaction=True)
TITRES = "référence de décision;numéro de convention;nature;organisme;type;titulaire;e-mail;année;montant"
LIGNE = "EAS-{0};ancv400{0};Porteur;CCAS DE DINAN;CCAS;Jeanne LE BRAS;jeanne@dinan.fr;{1};{2}"


@pytest.fixture
def porteur(db):
    """A porteur whose credits of 2022 are spent; this year's programme has begun, without credit for it."""
    groupe = groupe_dote(160)
    for _ in range(2):
        InscriptionFactory(groupe=groupe, le=LE)
    ProgrammeFactory(annee=aujourdhui().year)
    return CompteFactory(convention=groupe.porteur.convention)


def entrer(page, compte):
    page.goto("/connexion/")
    page.fill("#id_username", compte.identifiant)
    page.fill("#id_password", MOT_DE_PASSE)
    page.click("main button")


@pytest.mark.parametrize("largeur", [1280, 390])
def test_no_page_has_an_accessibility_fault_or_scrolls_sideways(page, porteur, largeur):
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": largeur, "height": 900})

    def verifier():
        page.wait_for_load_state()
        fautes = Axe().run(page).response["violations"]
        assert [(f["id"], [n["html"] for n in f["nodes"]]) for f in fautes] == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= largeur, page.url

    entrer(page, porteur)
    page.goto("/credits/")
    verifier()
    page.goto(f"/credits/{aujourdhui().year}/complement/")
    verifier()
    page.click("main form button")
    page.wait_for_selector("#erreurs")
    verifier()
    page.fill("#id_montant", "1 260,50")
    page.fill("#id_motif", "Deux personnes attendent.")
    page.click("main form button")
    page.wait_for_url("**/credits/")
    verifier()
    page.click("text=Retirer…")
    verifier()


def test_a_request_needs_no_script(navigateur, live_server, porteur):
    contexte = navigateur.new_context(base_url=live_server.url, java_script_enabled=False)
    page = contexte.new_page()
    try:
        entrer(page, porteur)
        page.goto(f"/credits/{aujourdhui().year}/complement/")
        page.fill("#id_montant", "320")
        page.fill("#id_motif", "Deux personnes attendent.")
        page.click("main form button")
        assert "est partie à l'ANCV" in page.inner_text("main")
        page.click("text=Retirer…")
        page.click("main form button")
        assert "Votre demande est retirée." in page.inner_text("main")
        assert DemandeComplement.objects.get().etat == "Retirée"
    finally:
        contexte.close()


def test_an_import_tells_how_far_it_is_while_one_looks(page, live_server, client):
    """The page's own policy forbids inline code: a script that it blocks fails the test."""
    annee = ProgrammeFactory(annee=aujourdhui().year).annee
    connecter(client, CompteFactory(ancv=True))
    seance = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([seance])
    page.goto("/admin/conventions/import/add/")
    lignes = [TITRES, LIGNE.format(1, annee, "100"), LIGNE.format(2, annee, "-1")]
    page.set_input_files(
        "#id_fichier",
        {"name": "decisions.csv", "mimeType": "text/csv", "buffer": "\n".join(lignes).encode("cp1252")},
    )
    page.click(".submit-row input")
    page.wait_for_selector("text=Le montant est négatif")
    page.click("text=Importer la ligne prête")
    page.click(".submit-row input.default")
    page.wait_for_selector("text=0 ligne importée sur 1.")
    importer_decisions()
    page.wait_for_selector("text=L’import est terminé.")
    page.click("text=Voir le rapport à jour")
    page.wait_for_selector("text=Importée : 1")
    assert Convention.objects.get().numero == "ancv4001"
