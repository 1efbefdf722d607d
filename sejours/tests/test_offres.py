"""« Chercher un séjour » (S2): what is found, filters, sort, pages, map, a stay's page, searches kept, spreadsheet."""

import re
from datetime import date, datetime
from decimal import Decimal
from html import unescape
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from conventions.models import Programme
from conventions.operations.programme import suspendre
from conventions.tests.factories import CompteFactory, ProgrammeFactory, connecter
from sejours.carte_de_france import CENTRES, HAUTEUR, LARGEUR, RAYON, placer
from sejours.models import Photo, RechercheGardee
from sejours.operations.recherches import RECHERCHES_MAX
from sejours.recherche import requete_propre
from sejours.tests.factories import (
    EquipementFactory,
    GroupeFactory,
    OffreFactory,
    PorteurFactory,
    SejourFactory,
)
from seniors.tests.factories import PARIS, clair
from sev.socle.communes import DEPARTEMENTS, REGIONS

pytestmark = pytest.mark.django_db

LE = date(2022, 3, 1)
MAINTENANT = datetime(2022, 3, 1, 10, 0, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def en_mars_2022():
    with time_machine.travel(MAINTENANT, tick=False):
        yield


@pytest.fixture
def porteur():
    ProgrammeFactory(delai_option=7)
    return CompteFactory(convention=PorteurFactory().convention)


def sejour_a(nom="LES CYCLADES", debut=date(2022, 5, 14), *, duree=8, prix=None, places=20, **equipement):
    equipement = EquipementFactory(nom=nom, **equipement)
    champs = {} if prix is None else {"prix": Decimal(prix)}
    offre = OffreFactory(equipement=equipement, annee=debut.year, duree=duree, **champs)
    return SejourFactory(offre=offre, debut=debut, places=places)


def ouvrir(client, compte, **requete):
    connecter(client, compte)
    return client.get(reverse("offres"), requete)


def noms(reponse):
    """The équipements of the page, in order."""
    return [sejour.offre.equipement.nom for sejour in reponse.context["page"].object_list]


def texte(reponse):
    return clair(unescape(reponse.content.decode()))


# --- What is found ------------------------------------------------------------------------------------------------


def test_a_porteur_finds_the_stays_of_every_provider_on_which_one_may_still_ask(client, porteur):
    sejour_a("OUVERT")
    sejour_a("DERNIER JOUR", date(2022, 3, 18))
    sejour_a("TROP TARD", date(2022, 3, 17))
    ferme, annule, complet = sejour_a("FERME"), sejour_a("ANNULE"), sejour_a("COMPLET", places=10)
    ferme.ferme_le = MAINTENANT
    ferme.save()
    annule.annule_le, annule.motif_annulation = MAINTENANT, "Travaux"
    annule.save()
    GroupeFactory(sejour=complet, places=10)
    assert noms(ouvrir(client, porteur)) == ["DERNIER JOUR", "OUVERT"]


def test_the_search_is_for_porteurs(client, porteur):
    sejour = sejour_a()
    for compte in (CompteFactory(prestataire=True), CompteFactory(ancv=True)):
        assert ouvrir(client, compte).status_code == 403
        assert client.get(reverse("offre", args=[sejour.pk])).status_code == 403


def test_free_places_are_those_of_this_very_moment(client, porteur):
    sejour = sejour_a(places=20)
    assert "20 places libres" in texte(ouvrir(client, porteur))
    GroupeFactory(sejour=sejour, places=8)
    assert "12 places libres" in texte(ouvrir(client, porteur))
    assert noms(ouvrir(client, porteur, places="13")) == []
    assert noms(ouvrir(client, porteur, places="12")) == ["LES CYCLADES"]


def test_a_card_says_where_when_how_much_and_how_much_less_with_the_aid(client, porteur):
    sejour_a(accessible=True)
    page = texte(ouvrir(client, porteur))
    for attendu in (
        "1 séjour trouvé",
        "LA GRANDE MOTTE (34), mer, 8 jours",
        "Du samedi 14 au samedi 21 mai 2022",
        "Accessible en fauteuil",
        "410 €",
        "250 € avec l’aide de 160 €",
    ):
        assert attendu in page


# --- Filters ------------------------------------------------------------------------------------------------------


@pytest.fixture
def quatre(porteur):
    sejour_a("MER", date(2022, 5, 14), departement="34", environnement="MER", prix=400)
    sejour_a("MONT", date(2022, 6, 4), departement="73", environnement="MONTAGNE", accessible=True, prix=390)
    sejour_a("CAMPAGNE", date(2022, 7, 2), departement="12", environnement="CAMPAGNE", duree=5, prix=300)
    sejour_a("ILE", date(2022, 9, 3), departement="974", environnement="MER", places=5)
    return porteur


@pytest.mark.parametrize(
    ("requete", "attendus"),
    [
        ({}, ["MER", "MONT", "CAMPAGNE", "ILE"]),
        ({"debut_min": "04/06/2022"}, ["MONT", "CAMPAGNE", "ILE"]),
        ({"debut_max": "2022-06-04"}, ["MER", "MONT"]),
        ({"debut_min": "15/05/2022", "debut_max": "01/07/2022"}, ["MONT"]),
        ({"duree": "5"}, ["CAMPAGNE"]),
        ({"departement": "73"}, ["MONT"]),
        ({"region": "Occitanie"}, ["MER", "CAMPAGNE"]),
        ({"environnement": "MER"}, ["MER", "ILE"]),
        ({"accessible": "on"}, ["MONT"]),
        ({"places": "6"}, ["MER", "MONT", "CAMPAGNE"]),
        ({"prix_max": "390"}, ["MONT", "CAMPAGNE"]),
        ({"region": "Occitanie", "duree": "8", "places": "10"}, ["MER"]),
        ({"tri": "prix"}, ["CAMPAGNE", "MONT", "MER", "ILE"]),
        ({"tri": "places"}, ["MER", "MONT", "CAMPAGNE", "ILE"]),
        ({"tri": "x'; DROP"}, ["MER", "MONT", "CAMPAGNE", "ILE"]),
    ],
)
def test_each_filter_and_sort_of_the_address(client, quatre, requete, attendus):
    assert noms(ouvrir(client, quatre, **requete)) == attendus


@pytest.mark.parametrize(
    ("nom", "valeur"),
    [
        ("debut_min", "31/02/2022"),
        ("debut_max", "demain"),
        ("duree", "7"),
        ("departement", "999"),
        ("region", "Atlantide"),
        ("environnement", "LUNE"),
        ("places", "-1"),
        ("places", "9" * 40),
        ("places", "\x00"),
        ("prix_max", "quatre cents"),
        ("page", "10000000000"),
        ("page", "x"),
    ],
)
def test_a_value_that_makes_no_sense_is_said_and_left_out(client, quatre, nom, valeur):
    reponse = ouvrir(client, quatre, **{nom: valeur})
    assert reponse.status_code == 200
    assert len(noms(reponse)) == 4
    assert list(reponse.context["filtres"].errors) == ([] if nom == "page" else [nom])


def test_an_end_before_the_start_is_said(client, quatre):
    reponse = ouvrir(client, quatre, debut_min="01/06/2022", debut_max="01/05/2022")
    assert "Cette date vient avant le départ au plus tôt" in texte(reponse)


def test_each_criterion_is_a_link_that_drops_it_alone(client, quatre):
    reponse = ouvrir(client, quatre, region="Occitanie", duree="8", places="10", tri="prix", page="2")
    criteres = {c["libelle"]: c["url"] for c in reponse.context["criteres"]}
    assert list(criteres) == ["8 jours", "Au moins 10\u00a0places", "Occitanie"]
    assert criteres["Occitanie"] == f"{reverse('offres')}?duree=8&places=10&tri=prix"
    assert noms(client.get(criteres["8 jours"])) == ["CAMPAGNE", "MER"]
    assert noms(client.get(reponse.context["sans_criteres"])) == ["CAMPAGNE", "MONT", "MER", "ILE"]


def test_when_nothing_matches_the_page_says_which_filter_to_drop(client, quatre):
    page = texte(ouvrir(client, quatre, environnement="MONTAGNE", region="Occitanie"))
    assert "Aucun séjour trouvé." in page
    assert "Essayez sans « Montagne » : 2 séjours." in page


def test_when_no_single_filter_helps_nothing_is_advised(client, quatre):
    page = texte(ouvrir(client, quatre, environnement="VILLE", region="Bretagne"))
    assert "Essayez" not in page
    assert "Voir tous les séjours" in page


def test_with_no_stay_at_all_the_page_says_what_will_come(client, porteur):
    assert "dès que les prestataires les publient" in texte(ouvrir(client, porteur))


# --- Pages, queries, map ------------------------------------------------------------------------------------------


def test_pages_keep_the_filters_and_the_list_is_whole(client, porteur):
    sejours = [sejour_a(f"HOTEL {n:02}", date(2022, 5, 1 + n)) for n in range(20)]
    premiere = ouvrir(client, porteur, duree="8")
    seconde = ouvrir(client, porteur, duree="8", page="2")
    assert noms(premiere) + noms(seconde) == [s.offre.equipement.nom for s in sejours]
    assert "Affichage 13 - 20 de 20 résultats." in texte(seconde)
    assert "?duree=8&amp;page=2" in premiere.content.decode()


def test_one_stay_or_twelve_cost_the_same_queries(client, porteur):
    def compter():
        connecter(client, porteur)
        with CaptureQueriesContext(
            connection,
        ) as requetes:
            assert client.get(reverse("offres"), {"duree": "8"}).status_code == 200
        return len(requetes)

    sejour_a("PREMIER")
    une = compter()
    for n in range(19):
        sejour_a(f"HOTEL {n}")
    assert compter() == une
    assert une <= 8


def test_the_dots_of_the_map_are_the_numbers_of_the_list(client, quatre):
    reponse = ouvrir(client, quatre)
    assert [p.numero for p in reponse.context["points"]] == [1, 2, 3]
    page = texte(reponse)
    assert "Hors de la carte : n° 4 (La Réunion)." in page
    dots = re.findall(r'<text x="(\d+)" y="(\d+)" dy="8" class="carte-numero">(\d+)<', page)
    assert [(int(x), int(y)) for x, y, _ in dots] == [(p.x, p.y) for p in reponse.context["points"]]
    assert [numero for *_, numero in dots] == ["1", "2", "3"]


def test_every_metropolitan_departement_has_its_place_inside_the_map():
    assert set(CENTRES) == {code for code in DEPARTEMENTS if not code.startswith(("97", "98"))}
    points, ailleurs = placer(list(CENTRES))
    assert ailleurs == []
    assert all(RAYON <= p.x <= LARGEUR - RAYON and RAYON <= p.y <= HAUTEUR - RAYON for p in points)
    ouest, est, nord, sud = (placer([code])[0][0] for code in ("29", "67", "59", "66"))
    assert ouest.x < est.x and nord.y < sud.y


def test_stays_of_one_departement_have_dots_that_all_show():
    points, _ = placer(["34"] * 12)
    couples = [(a, b) for a in points for b in points if a.numero < b.numero]
    assert len(couples) == 66
    assert min((a.x - b.x) ** 2 + (a.y - b.y) ** 2 for a, b in couples) >= (1.5 * RAYON) ** 2


def test_the_outline_is_a_small_drawing(client, quatre):
    svg = re.search(
        r"<svg viewBox=\"0 0 420 415\".*?</svg>", ouvrir(client, quatre).content.decode(), re.DOTALL
    )[0]
    assert len(svg.encode()) < 3_000


# --- A stay's page ------------------------------------------------------------------------------------------------


def test_a_stay_s_page_says_what_one_pays_what_is_included_and_until_when_to_ask(client, porteur):
    sejour = sejour_a(
        chambres_doubles=20,
        chambres_accessibles=2,
        accessible=True,
        accessibilite="Ascenseur.",
        description="Face à la mer.",
    )
    sejour.offre.inclus, sejour.offre.supplement_individuelle = "Pension complète.", Decimal(77)
    sejour.offre.save()
    connecter(client, porteur)
    page = texte(client.get(reverse("offre", args=[sejour.pk]), {"region": "Occitanie", "x": "y"}))
    for attendu in (
        "Du samedi 14 au samedi 21 mai 2022",
        "8 jours, 7 nuits",
        "<dd>410 €</dd>",
        "− 160 €",
        "<dd>250 €</dd>",
        "77 € de plus",
        "Pension complète.",
        "Face à la mer.",
        "20 chambres à grand lit",
        "2 chambres accessibles en fauteuil",
        "Ascenseur.",
        "20 places libres",
        "Demandez des places jusqu’au mercredi 27 avril à minuit.",
        "Poser une option",
        'href="/offres/?region=Occitanie"',
    ):
        assert attendu in page


def test_a_stay_s_page_shows_the_photos_of_its_equipement_with_what_they_show(client, porteur):
    sejour, autre = sejour_a(), sejour_a("AUTRE")
    for ou, legende in ((sejour, "La piscine, à l'ombre des pins"), (autre, "Le parking")):
        photo = Photo.objects.create(
            equipement=ou.offre.equipement, fichier="photos/a.jpg", legende=legende, largeur=800, hauteur=600
        )
    connecter(client, porteur)
    page = texte(client.get(reverse("offre", args=[sejour.pk])))
    assert 'alt="La piscine, à l\'ombre des pins" width="800" height="600"' in page
    assert page.count("<img") == 1
    assert reverse("photo", args=[photo.pk]) not in page


def test_a_stay_that_takes_no_one_any_more_is_still_readable_and_says_why(client, porteur):
    sejour = sejour_a()
    adresse = reverse("offre", args=[sejour.pk])
    connecter(client, porteur)
    with time_machine.travel(datetime(2022, 4, 28, 0, 0, tzinfo=PARIS), tick=False):
        connecter(client, porteur)
        page = texte(client.get(adresse))
    assert "Il est trop tard : la liste de ce séjour serait déjà close." in page
    assert "Poser une option" not in page


def test_while_the_programme_is_suspended_the_pages_are_readable_with_ancv_s_message(client, porteur):
    sejour = sejour_a()
    suspendre(
        programme=Programme.objects.get(annee=2022),
        message="Plus de nouveaux séjours.",
        par=CompteFactory(ancv=True),
        le=LE,
    )
    assert noms(ouvrir(client, porteur)) == ["LES CYCLADES"]
    page = texte(client.get(reverse("offre", args=[sejour.pk])))
    assert "<strong>Plus de nouveaux séjours.</strong>" in page
    assert "Poser une option" not in page


def test_an_unknown_stay_is_not_found(client, porteur):
    connecter(client, porteur)
    for numero in (0, 2**31, 2**63, 10**30):
        assert client.get(reverse("offre", args=[numero])).status_code == 404


# --- Searches kept ------------------------------------------------------------------------------------------------


def garder(client, compte, **champs):
    connecter(client, compte)
    return client.post(reverse("recherche-garder"), champs)


def test_a_search_is_kept_under_a_name_found_again_and_deleted(client, quatre):
    reponse = garder(client, quatre, nom="Mer en mai", requete="environnement=MER&duree=8&page=3&x=1&places=")
    assert reponse["Location"] == f"{reverse('offres')}?environnement=MER&duree=8"
    page = texte(client.get(reverse("offres")))
    assert "Mer en mai" in page
    assert "8 jours, Mer" in page
    gardee = RechercheGardee.objects.get()
    assert client.post(reverse("recherche-oublier", args=[gardee.pk])).status_code == 302
    assert not RechercheGardee.objects.exists()


@pytest.mark.parametrize("nom", ["", "a" * 61, "b\x07"])
def test_a_name_that_won_t_do_comes_back_on_the_page_of_the_search(client, quatre, nom):
    reponse = garder(client, quatre, nom=nom, requete="environnement=MONTAGNE")
    assert reponse.status_code == 422
    assert list(reponse.context["form"].errors) == ["nom"]
    assert noms(reponse) == ["MONT"]


def test_a_name_is_given_once_and_twenty_searches_are_enough(client, quatre):
    garder(client, quatre, nom="Mer", requete="environnement=MER")
    assert "Vous avez déjà une recherche de ce nom." in texte(garder(client, quatre, nom="Mer"))
    for n in range(RECHERCHES_MAX - 1):
        garder(client, quatre, nom=f"Recherche {n}")
    assert "Vous gardez déjà 20 recherches" in texte(garder(client, quatre, nom="Une de trop"))
    assert RechercheGardee.objects.count() == RECHERCHES_MAX


def test_a_search_is_its_author_s_alone_and_a_reader_keeps_none(client, quatre):
    garder(client, quatre, nom="Mer", requete="environnement=MER")
    collegue = CompteFactory(collegue=True, organisme=quatre.organisme)
    lecteur = CompteFactory(lecteur=True, organisme=quatre.organisme)
    gardee = RechercheGardee.objects.get()
    assert ouvrir(client, collegue).context["recherches"] == []
    assert client.post(reverse("recherche-oublier", args=[gardee.pk])).status_code == 404
    assert garder(client, lecteur, nom="Mer").status_code == 403
    assert "Garder cette recherche" not in texte(ouvrir(client, lecteur, duree="8"))
    assert RechercheGardee.objects.get() == gardee


@pytest.mark.parametrize(
    ("requete", "propre"),
    [
        ("", ""),
        ("page=2&csrf=1", ""),
        ("places=+&duree=8", "duree=8"),
        ("debut_min=01%2F05%2F2022&tri=prix", "debut_min=01%2F05%2F2022&tri=prix"),
        ("duree=5&duree=8", "duree=8"),
    ],
)
def test_only_filters_and_sort_are_kept_of_an_address(requete, propre):
    assert requete_propre(requete) == propre


# --- Spreadsheet --------------------------------------------------------------------------------------------------


def test_the_spreadsheet_holds_every_stay_found_with_what_its_card_says(client, quatre):
    connecter(client, quatre)
    reponse = client.get(reverse("offres-xlsx"), {"region": "Occitanie", "tri": "prix"})
    lignes = list(load_workbook(BytesIO(reponse.content)).active.iter_rows(min_row=3, values_only=True))
    assert lignes[0][0] == "Équipement"
    assert [ligne[0] for ligne in lignes[1:]] == ["CAMPAGNE", "MER"]
    assert lignes[2][3:] == (
        "34 Hérault",
        "Occitanie",
        "Mer",
        "Non",
        datetime(2022, 5, 14),
        datetime(2022, 5, 21),
        8,
        400,
        160,
        20,
        datetime(2022, 4, 27),
    )
    assert len(REGIONS) > 13
