"""« Activité » in the admin: what it shows, to whom, in how many queries; spreadsheets; counting a year again."""

from datetime import date, datetime
from io import BytesIO

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.urls import reverse
from openpyxl import load_workbook

from activite.models import Activite, Releve
from activite.operations import relever, relever_les_annees
from conventions.tests.factories import CompteFactory, connecter
from sejours.tests.factories import GroupeFactory, PrestataireFactory, SejourFactory
from seniors.tests.factories import PARIS, InscriptionFactory, clair, groupe_dote

pytestmark = pytest.mark.django_db

LE = date(2022, 7, 1)
MAINTENANT = datetime(2022, 7, 1, 9, 5, tzinfo=PARIS)
ACTIVITE = "/admin/activite/activite/"


@pytest.fixture(autouse=True)
def en_juillet_2022():
    with time_machine.travel(MAINTENANT, tick=False):
        yield


@pytest.fixture
def ancv(client):
    compte = CompteFactory(ancv=True)
    connecter(client, compte)
    return compte


def une_annee(annee: int = 2022, combien: int = 1, **champs):
    """Register `combien` persons, each on a list of their own, and count the year."""
    for rang in range(combien):
        groupe = groupe_dote(sejour__debut=date(annee, 9, 3 + 7 * (rang % 3)), **champs)
        InscriptionFactory(groupe=groupe, le=date(annee, 4, 22))
    relever(annee=annee, le=LE, maintenant=MAINTENANT)


def test_a_month_shows_both_years_and_the_change(client, ancv):
    une_annee(2022, combien=3)
    une_annee(2021, combien=2)
    page = client.get(ACTIVITE)
    assert page.status_code == 200
    septembre = next(ligne for ligne in page.context["lignes"] if ligne[0] == "Septembre")
    assert septembre[1][2] == (False, 3, 2, "+\u00a050\u00a0%")
    assert [ligne[0] for ligne in page.context["lignes"]][:2] == ["Janvier", "Février"]
    assert len(page.context["lignes"]) == 12
    assert "Chiffres de 2022 au 1er juillet 2022, 9 h 05" in clair(page.content.decode())


@pytest.mark.parametrize(
    ("axe", "libelle"),
    [
        ("equipement", "Hérault (34)"),
        ("porteur", "Ille-et-Vilaine (35)"),
        ("type", "CCAS / CIAS"),
        ("environnement", "Mer"),
        ("duree", "8 jours, 7 nuits"),
        ("eligibilite", "A l'aide"),
    ],
)
def test_each_axis_names_its_values(client, ancv, axe, libelle):
    une_annee()
    page = client.get(ACTIVITE, {"axe": axe})
    assert [ligne[0] for ligne in page.context["lignes"]] == [libelle]


def test_options_and_groups_have_no_eligibility(client, ancv):
    une_annee()
    par_eligibilite = client.get(ACTIVITE, {"axe": "eligibilite", "mesure": "groupes"})
    assert par_eligibilite.context["tetes"][0] == "Inscriptions"
    assert par_eligibilite.context["mesure"] == "Inscriptions"
    filtree = client.get(ACTIVITE, {"eligibilite": "AIDE"})
    assert filtree.context["tetes"][0] == "Inscriptions"


def test_the_filters_stand_in_the_form_and_in_the_links(client, ancv):
    une_annee()
    page = client.get(ACTIVITE, {"environnement": "MONTAGNE", "axe": "type"})
    assert page.context["lignes"] == []
    assert "Retirez un filtre" in page.content.decode()
    assert '<option value="MONTAGNE" selected>' in page.content.decode()
    assert ("Durée", False, "environnement=MONTAGNE&axe=duree") in page.context["axes"]


@pytest.mark.parametrize(
    "question",
    [
        {"annee": "abc", "autre": "12345678901234", "axe": "nom", "mesure": "secret"},
        {"annee": "²", "duree": "x", "dep_sejour": "' OR 1=1"},
        {"annee": "1800"},
    ],
)
def test_what_can_t_be_read_is_the_default(client, ancv, question):
    une_annee()
    page = client.get(ACTIVITE, question)
    assert (page.status_code, page.context["annee"], page.context["autre"]) == (200, 2022, 2021)
    assert page.context["total"][1][2][1] == 1


def test_a_service_that_counted_nothing_yet_says_so(client, ancv):
    page = client.get(ACTIVITE)
    assert page.status_code == 200
    assert "L'année 2022 n'a pas encore été relevée." in clair(page.content.decode())
    for adresse in ("tableur/", "occupation/", "occupation/tableur/"):
        assert client.get(ACTIVITE + adresse).status_code == 200


@pytest.mark.parametrize("adresse", ["", "?axe=equipement", "tableur/", "occupation/", "occupation/tableur/"])
def test_the_queries_are_as_many_with_one_list_as_with_many(
    client, ancv, adresse, django_assert_num_queries, django_assert_max_num_queries
):
    une_annee()
    with django_assert_max_num_queries(14) as une:
        client.get(ACTIVITE + adresse)
    une_annee(combien=12)
    une_annee(2021, combien=3)
    with django_assert_num_queries(len(une)):
        client.get(ACTIVITE + adresse)


def test_the_spreadsheet_has_every_axis(client, ancv):
    une_annee(combien=2)
    reponse = client.get(ACTIVITE + "tableur/", {"type_porteur": "CCAS"})
    classeur = load_workbook(BytesIO(reponse.content))
    assert classeur.sheetnames == [
        "Années",
        "Mois de départ",
        "Département du séjour",
        "Département du porteur",
        "Type de porteur",
        "Environnement",
        "Durée",
        "Éligibilité",
    ]
    lignes = list(classeur["Département du séjour"].values)
    assert clair(lignes[0][0]) == (
        "Activité 2022 et 2021, département du séjour. Relevé le 1er juillet 2022 à 9 h 05. "
        "Filtres : type de porteur : CCAS / CIAS."
    )
    assert lignes[3][:6] == ("Hérault (34)", 0, 0, 2, 0, 2)
    assert lignes[-1][:6] == ("Total", 0, 0, 2, 0, 2)


# --- Occupancy ----------------------------------------------------------------------------------------------------


def test_the_occupancy_of_a_provider_is_its_places_given_over_those_offered(client, ancv):
    plein, vide = PrestataireFactory(nom="LES PINS"), PrestataireFactory(nom="LES DUNES")
    sejour = SejourFactory(offre__equipement__prestataire=plein, places=40)
    GroupeFactory(sejour=sejour, places=30)
    SejourFactory(offre__equipement__prestataire=vide, places=20)
    SejourFactory(offre__equipement__prestataire=vide, places=20, debut=date(2023, 4, 1))
    page = client.get(ACTIVITE + "occupation/")
    assert [
        (p["nom"], p["sejours"], p["offertes"], p["prises"], p["taux"]) for p in page.context["page"]
    ] == [
        ("LES PINS", 1, 40, 30, 0.75),
        ("LES DUNES", 1, 20, 0, 0.0),
    ]
    inverse = client.get(ACTIVITE + "occupation/", {"tri": "-taux", "q": "les"})
    assert [p["nom"] for p in inverse.context["page"]] == ["LES DUNES", "LES PINS"]
    cherche = client.get(ACTIVITE + "occupation/", {"q": plein.convention.numero})
    assert [p["nom"] for p in cherche.context["page"]] == ["LES PINS"]
    assert "sous ce nom" in client.get(ACTIVITE + "occupation/", {"q": "zzz"}).content.decode()


def test_a_cancelled_stay_offers_no_place(client, ancv):
    SejourFactory(annule_le=MAINTENANT, motif_annulation="Travaux.")
    assert list(client.get(ACTIVITE + "occupation/").context["page"]) == []


# --- Rights -------------------------------------------------------------------------------------------------------


def membre(client, *droits: str):
    compte = CompteFactory(ancv=True, is_superuser=False)
    compte.user_permissions.set(Permission.objects.filter(codename__in=droits))
    connecter(client, compte)


PAGES = ("", "tableur/", "occupation/", "occupation/tableur/")


def test_without_the_right_nothing_is_shown(client):
    membre(client, "view_groupe")
    assert {adresse: client.get(ACTIVITE + adresse).status_code for adresse in PAGES} == dict.fromkeys(
        PAGES, 403
    )
    assert client.post(f"{ACTIVITE}relever/2022/").status_code == 403


def test_who_may_see_may_not_count_again(client):
    une_annee()
    membre(client, "view_activite")
    assert {adresse: client.get(ACTIVITE + adresse).status_code for adresse in PAGES} == dict.fromkeys(
        PAGES, 200
    )
    assert "Compter à nouveau" not in client.get(ACTIVITE).content.decode()
    assert client.post(f"{ACTIVITE}relever/2022/").status_code == 403


def test_a_year_is_counted_again_on_demand_and_by_post_alone(client, ancv):
    une_annee()
    InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 9, 24)))
    assert client.get(f"{ACTIVITE}relever/2022/").status_code == 405
    reponse = client.post(f"{ACTIVITE}relever/2022/", follow=True)
    assert reponse.redirect_chain == [(f"{ACTIVITE}?annee=2022", 302)]
    assert reponse.context["total"][1][2][1] == 2
    assert "Les chiffres de 2022 sont à jour." in reponse.content.decode()
    assert client.post(f"{ACTIVITE}relever/1999/").status_code == 404
    assert Releve.objects.count() == 1


def test_the_cells_are_never_written_by_hand(client, ancv):
    une_annee()
    case = Activite.objects.order_by("pk").first()
    assert client.get(reverse("admin:activite_activite_add")).status_code == 403
    assert client.post(f"{ACTIVITE}{case.pk}/change/", {"inscrits": 9}).status_code == 403
    assert client.post(f"{ACTIVITE}{case.pk}/delete/").status_code == 403


def test_the_years_are_those_that_were_counted(client, ancv):
    une_annee(2023)
    relever_les_annees(le=LE, maintenant=MAINTENANT)
    page = client.get(ACTIVITE)
    assert page.context["annees"] == [2023]
    assert page.context["annee"] == 2023
