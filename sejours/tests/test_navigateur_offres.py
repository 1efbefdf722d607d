"""Search of stays and options in a real browser: from the search to the group, with and without JavaScript, axe."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from conventions.tests.factories import MOT_DE_PASSE, CompteFactory, ProgrammeFactory
from sejours.models import Groupe, Option, RechercheGardee
from sejours.operations.options import poser
from sejours.tests.factories import EquipementFactory, OffreFactory, PorteurFactory, SejourFactory
from sev.socle.temps import aujourdhui, maintenant

pytestmark = pytest.mark.django_db(transaction=True)

LARGEURS = (1280, 390)
LIEUX = (
    ("LES CYCLADES", "LA GRANDE MOTTE", "34", "MER"),
    ("VILLAGE CLUB LES EMBRUNS", "FOUESNANT", "29", "MER"),
    ("LES CHALETS DU GLACIER", "BOURG-SAINT-MAURICE", "73", "MONTAGNE"),
    ("DOMAINE DES PINS DE L'ESTÉREL ET DE LA CORNICHE D'OR", "SAINT-RAPHAËL", "83", "MER"),
    ("LE LAGON", "SAINT-PAUL", "974", "MER"),
)


@pytest.fixture
def sejours():
    """Five stays, from the first of the month after next on: four on the map, one overseas."""
    debut = (aujourdhui() + timedelta(days=60)).replace(day=1)
    ProgrammeFactory(annee=debut.year)
    trouves = []
    for rang, (nom, ville, departement, environnement) in enumerate(LIEUX):
        equipement = EquipementFactory(
            nom=nom,
            ville=ville,
            departement=departement,
            environnement=environnement,
            accessible=rang % 2 == 0,
            description="Face à la mer, à dix minutes du bourg.",
            chambres_doubles=30,
        )
        offre = OffreFactory(equipement=equipement, annee=debut.year, inclus="Pension complète, animations.")
        trouves.append(
            SejourFactory(offre=offre, debut=debut + timedelta(days=4 * rang), places=10 + 12 * rang)
        )
    return trouves


@pytest.fixture
def porteur():
    return CompteFactory(convention=PorteurFactory(nom="CCAS DE VILLENEUVE").convention)


@pytest.fixture
def prestataire(sejours):
    return CompteFactory(convention=sejours[0].offre.equipement.prestataire.convention)


def entrer(page, compte):
    page.context.clear_cookies()
    page.goto(reverse("connexion"))
    page.get_by_label("Numéro de convention").fill(compte.identifiant)
    page.get_by_label("Mot de passe", exact=True).fill(MOT_DE_PASSE)
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/")


@pytest.mark.parametrize("script", [True, False], ids=["script", "sans-script"])
@pytest.mark.parametrize("largeur", LARGEURS)
def test_from_the_search_to_the_group(
    navigateur, live_server, sejours, porteur, prestataire, largeur, script
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
    page.goto(reverse("offres"))
    page.get_by_label("Région").select_option("Occitanie")
    page.get_by_role("button", name="Filtrer les offres").click()
    page.get_by_label("Nom de la recherche").fill("Chez nous")
    page.get_by_role("button", name="Garder cette recherche").click()
    assert "La recherche « Chez nous » est gardée." in page.content().replace("\u00a0", " ").replace(
        "&nbsp;", " "
    )
    page.get_by_role("link", name="LES CYCLADES", exact=True).click()
    page.get_by_role("link", name="Poser une option").click()
    page.get_by_label("Nombre de places").fill("8")
    page.get_by_role("button", name="Poser une option").click()
    page.wait_for_url("**/options/")

    entrer(page, prestataire)
    page.get_by_role("link", name="Répondre").click()
    page.get_by_role("link", name="Accepter…").click()
    page.get_by_role("button", name="Accepter l'option").click()
    page.wait_for_url("**/options/")
    contexte.close()
    groupe = Groupe.objects.get()
    assert (groupe.porteur, groupe.places, groupe.sejour) == (porteur.organisme, 8, sejours[0])
    assert RechercheGardee.objects.get().requete == "region=Occitanie&tri=debut"


@pytest.mark.parametrize("largeur", LARGEURS)
def test_no_page_of_search_or_options_has_an_accessibility_fault(
    page, sejours, porteur, prestataire, largeur
):
    page.set_viewport_size({"width": largeur, "height": 900})
    option = poser(
        sejour=sejours[0],
        places=4,
        message="Deux fauteuils",
        par=porteur,
        le=aujourdhui(),
        maintenant=maintenant(),
    )
    RechercheGardee.objects.create(compte=porteur, nom="Mer", requete="environnement=MER")
    par_compte = {
        porteur: [
            reverse("offres"),
            reverse("offres") + "?environnement=MER&places=10",
            reverse("offres") + "?environnement=VILLE&debut_min=x",
            reverse("offre", args=[sejours[1].pk]),
            reverse("offre", args=[sejours[0].pk]),
            reverse("option-poser", args=[sejours[1].pk]),
            reverse("options"),
            reverse("option-retirer", args=[option.pk]),
        ],
        prestataire: [
            reverse("options"),
            reverse("option-accepter", args=[option.pk]),
            reverse("option-refuser", args=[option.pk]),
        ],
    }
    fautes = {}
    for compte, adresses in par_compte.items():
        entrer(page, compte)
        for adresse in adresses:
            page.goto(adresse)
            violations = Axe().run(page).response["violations"]
            fautes |= {f"{adresse}: {v['id']}": [n["html"] for n in v["nodes"]] for v in violations}
            if page.evaluate("document.documentElement.scrollWidth") > largeur:
                fautes[f"{adresse}: wider than the screen"] = largeur
    assert fautes == {}
    assert Option.objects.count() == 1
