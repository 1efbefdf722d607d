"""The provider's space in a real browser: a new provider publishes a season, with and without JavaScript; axe."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from PIL import Image

from conventions.tests.factories import MOT_DE_PASSE, CompteFactory, ProgrammeFactory
from sejours.models import Equipement, Option, Photo, Sejour
from sejours.operations.photos import ajouter_photo
from sejours.photos import redessiner
from sejours.tests.factories import (
    EquipementFactory,
    GroupeFactory,
    OffreFactory,
    PorteurFactory,
    PrestataireFactory,
    SejourFactory,
    tarifs_du_manuel,
)
from sejours.tests.test_photos import envoi
from seniors.tests.factories import clair
from sev.socle.temps import aujourdhui, maintenant

pytestmark = pytest.mark.django_db(transaction=True)

LARGEURS = (1280, 390)


def l_an_prochain() -> int:
    return aujourdhui().year + 1


@pytest.fixture
def prestataire():
    tarifs_du_manuel()
    ProgrammeFactory(annee=aujourdhui().year)
    ProgrammeFactory(annee=l_an_prochain())
    organisme = PrestataireFactory(nom="VILLAGES DU SUD")
    return CompteFactory(organisme=organisme, identifiant="presta34", seul=True, nom="Léa MARTIN")


def photo() -> bytes:
    sortie = BytesIO()
    Image.linear_gradient("L").resize((1200, 800)).convert("RGB").save(sortie, "JPEG")
    return sortie.getvalue()


def entrer(page, compte):
    page.goto(reverse("connexion"))
    page.get_by_label("Numéro de convention").fill(compte.identifiant)
    page.get_by_label("Mot de passe", exact=True).fill(MOT_DE_PASSE)
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/")


def accessible(page):
    """Fail on any violation that axe finds, and on a page that scrolls sideways."""
    page.wait_for_load_state("load")
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in violations] == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


@pytest.mark.parametrize("script", [True, False], ids=["script", "sans-script"])
@pytest.mark.parametrize("largeur", LARGEURS)
def test_a_new_provider_publishes_a_season(navigateur, live_server, prestataire, largeur, script):
    contexte = navigateur.new_context(
        base_url=live_server.url,
        locale="fr-FR",
        viewport={"width": largeur, "height": 800},
        java_script_enabled=script,
    )
    contexte.set_default_timeout(60_000)
    page = contexte.new_page()
    entrer(page, prestataire)
    if largeur < 768:
        page.get_by_text("Menu", exact=True).click()
    page.get_by_role("link", name="Équipements").locator("visible=true").click()
    page.get_by_role("link", name="Ajouter le premier équipement").click()
    page.wait_for_load_state("load")
    page.get_by_label("Nom de l'équipement").fill("Les Goélands")
    page.get_by_label("Code postal").fill("34280")
    page.get_by_label("Code postal").press("Tab")
    if script:
        page.locator("select#id_ville").select_option("La Grande-Motte")
    else:
        page.locator("#id_ville").fill("grande motte (la)")
    page.get_by_label("Mer", exact=True).check()
    page.get_by_label("Chambres à grand lit").fill("20")
    page.get_by_role("button", name="Enregistrer l'équipement").click()
    page.get_by_text("Les Goélands est enregistré.").wait_for()
    assert Equipement.objects.get().ville == "La Grande-Motte"

    page.get_by_role("link", name="Photos (0)").click()
    page.get_by_label("Photo", exact=True).set_input_files(
        {"name": "terrasse.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    )
    page.get_by_label("Ce que montre la photo").fill("La terrasse, face à la mer")
    page.get_by_role("button", name="Ajouter la photo").click()
    page.get_by_text("La photo est ajoutée.").wait_for()
    image = page.get_by_role("img", name="La terrasse, face à la mer")
    image.scroll_into_view_if_needed()
    assert Photo.objects.get().largeur == 1200

    page.get_by_role("link", name="Les Goélands").click()
    page.get_by_role("link", name="Ajouter une offre").click()
    page.get_by_label("Année").select_option(str(l_an_prochain()))
    page.get_by_label("8 jours, 7 nuits").check()
    page.get_by_label("Prix par personne, en euros").fill("399,50")
    page.get_by_role("button", name="Enregistrer l'offre").click()
    page.get_by_label("Date de début").fill(f"06/05/{l_an_prochain()}")
    page.get_by_label("Puis chaque semaine, jusqu'au").fill(f"03/06/{l_an_prochain()}")
    page.get_by_label("Places par séjour").fill("40")
    page.get_by_role("button", name="Publier").click()
    page.get_by_text("un par semaine").wait_for()
    assert [s.debut for s in Sejour.objects.all()] == [
        date(l_an_prochain(), 5, 6) + timedelta(weeks=n) for n in range(5)
    ]
    contexte.close()


@pytest.mark.parametrize("largeur", LARGEURS)
def test_no_page_of_the_space_has_an_accessibility_violation(page, prestataire, largeur):
    debut = aujourdhui() + timedelta(60)
    equipement = EquipementFactory(
        prestataire=prestataire.organisme,
        nom="DOMAINE DES PINS DE L'ESTÉREL ET DE LA CORNICHE D'OR",
        description="Face à la mer, au milieu des pins.",
        chambres_doubles=20,
        chambres_individuelles=4,
    )
    champs = {"equipement": equipement, "par": None, "le": None}
    image = ajouter_photo(image=redessiner(envoi(photo())), legende="La terrasse, face à la mer", **champs)
    offre = OffreFactory(equipement=equipement, annee=debut.year)
    sejours = [SejourFactory(offre=offre, debut=debut + timedelta(weeks=n), places=50) for n in range(3)]
    GroupeFactory(sejour=sejours[0], places=20)
    porteur = CompteFactory(organisme=PorteurFactory(), identifiant="ancv2528", seul=True)
    Option.objects.create(
        sejour=sejours[0],
        porteur=porteur.organisme,
        places=12,
        auteur=porteur,
        posee_le=maintenant(),
        echeance=aujourdhui() + timedelta(7),
    )
    Sejour.objects.filter(pk=sejours[1].pk).update(ferme_le=maintenant())
    Sejour.objects.filter(pk=sejours[2].pk).update(annule_le=maintenant(), motif_annulation="Travaux")
    page.set_viewport_size({"width": largeur, "height": 800})
    entrer(page, prestataire)
    for nom, cles in (
        ("equipements", ()),
        ("equipement-nouveau", ()),
        ("equipement", (equipement.pk,)),
        ("equipement-modifier", (equipement.pk,)),
        ("equipement-photos", (equipement.pk,)),
        ("photo-supprimer", (image.pk,)),
        ("offre-nouvelle", (equipement.pk,)),
        ("offre-modifier", (offre.pk,)),
        ("offre-sejours", (offre.pk,)),
        ("offre-reconduire", (offre.pk,)),
        ("sejours", ()),
        ("sejour", (sejours[0].pk,)),
        ("sejour", (sejours[2].pk,)),
        ("sejour-places", (sejours[0].pk,)),
    ):
        page.goto(reverse(nom, args=cles))
        accessible(page)
    autre = OffreFactory(equipement=EquipementFactory(prestataire=prestataire.organisme), annee=debut.year)
    SejourFactory(offre=autre, debut=debut, places=20)
    for choix in ("", equipement.pk):
        page.goto(f"{reverse('occupation')}?annee={debut.year}&equipement={choix}")
        accessible(page)
    page.goto(reverse("equipement-nouveau"))
    page.get_by_role("button", name="Enregistrer l'équipement").click()
    assert clair(page.title()).startswith("4 erreurs :")
    accessible(page)
