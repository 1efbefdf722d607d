"""« Liste des groupes par séjour » (S5): whose groups, filters, sort, pages, spreadsheet, bad addresses."""

import re
from datetime import date, datetime
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from conventions.tests.factories import CompteFactory, connecter
from sejours.models import Groupe
from sejours.tests.factories import (
    EquipementFactory,
    GroupeFactory,
    OffreFactory,
    PorteurFactory,
    PrestataireFactory,
    SejourFactory,
)
from seniors.tests.factories import PARIS, InscriptionFactory, clair

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def en_avril_2022():
    with time_machine.travel(datetime(2022, 4, 24, 10, 32, tzinfo=PARIS), tick=False):
        yield


@pytest.fixture
def prestataire():
    """ACTIF RÉSIDENCE, whose list holds the groups of several porteurs."""
    return CompteFactory(
        organisme=PrestataireFactory(nom="ACTIF RÉSIDENCE", convention__numero="presta34"),
        identifiant="presta34",
        seul=True,
    )


@pytest.fixture
def porteur():
    return CompteFactory(
        organisme=PorteurFactory(nom="CCAS DE CHÂTEAUGIRON", convention__numero="ancv2528", departement="35"),
        identifiant="ancv2528",
        seul=True,
    )


def groupe_chez(prestataire, debut=date(2022, 5, 14), *, annee=None, departement="34", **champs):
    equipement = EquipementFactory(prestataire=prestataire.organisme, departement=departement)
    offre = OffreFactory(equipement=equipement, annee=annee or debut.year)
    return GroupeFactory(sejour=SejourFactory(offre=offre, debut=debut), **champs)


def ouvrir(client, compte, **filtres):
    connecter(client, compte)
    return client.get(reverse("groupes"), filtres)


def numeros(reponse):
    """Return the groups of the page, in order."""
    return [groupe.pk for groupe in reponse.context["page"]]


# --- Whose groups -----------------------------------------------------------------------------------------------


def test_a_porteur_sees_its_own_groups_and_no_other(client, porteur, prestataire):
    mien = groupe_chez(prestataire, porteur=porteur.organisme)
    groupe_chez(prestataire, porteur=PorteurFactory())
    assert numeros(ouvrir(client, porteur)) == [mien.pk]


def test_a_provider_sees_the_groups_of_its_stays_and_no_other(client, prestataire):
    chez_lui = groupe_chez(prestataire)
    GroupeFactory()
    assert numeros(ouvrir(client, prestataire)) == [chez_lui.pk]


def test_staff_have_the_admin_instead(client):
    assert ouvrir(client, CompteFactory(ancv=True)).status_code == 403


def test_the_row_holds_every_column_of_the_manual(client, porteur, prestataire):
    groupe = groupe_chez(prestataire, porteur=porteur.organisme)
    for _ in range(2):
        InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    # The database's own clock writes it.
    Groupe.objects.filter(pk=groupe.pk).update(modifie_le=datetime(2022, 4, 24, 10, 32, tzinfo=PARIS))
    page = clair(ouvrir(client, porteur).content.decode())
    entetes = [
        clair(re.sub(r"<[^>]+>", "", tete)).strip()
        for tete in re.findall(r"<th [^>]*columnheader.*?</th>", page)
    ]
    assert entetes == [
        "N° de convention",
        "Nom",
        "Prestataire",
        "Équipement",
        "Département",
        "Date de modification",
        "Date de début",
        "Date de fin",
        "Inscrits / places",
        "Détails",
    ]
    ligne = page[page.index("<tbody") : page.index("</tbody>")]
    for attendu in (
        "ancv2528",
        "CCAS DE CHÂTEAUGIRON",
        "ACTIF RÉSIDENCE",
        groupe.sejour.offre.equipement.nom,
        ">34<",
        "24/04/2022",
        "14/05/2022",
        "21/05/2022",
        "2/10",
        f'href="/groupes/{groupe.pk}/"',
    ):
        assert attendu in ligne


# --- Filters ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filtre", "valeur"),
    [
        ("porteur", "chateaugiron"),
        ("porteur", "CCAS de Châteaugiron"),
        ("convention", "ANCV 2528"),
        ("convention", "2528"),
        ("departement", "35"),
        ("departement", "66"),
        ("annee", "2023"),
        ("annee_offre", "2023"),
        ("type_groupe", "INDIVIDUELS"),
        ("incomplets", "on"),
    ],
)
def test_each_filter_keeps_the_groups_that_match(client, prestataire, porteur, filtre, valeur):
    voulu = groupe_chez(
        prestataire,
        date(2023, 5, 13),
        departement="66",
        porteur=porteur.organisme,
        type_groupe=Groupe.Type.INDIVIDUELS,
    )
    complet = groupe_chez(
        prestataire, places=1, porteur=PorteurFactory(nom="MAIRIE DE LYON", departement="69")
    )
    InscriptionFactory(groupe=complet, eligibilite="PROGRAMME")
    assert numeros(ouvrir(client, prestataire, **{filtre: valeur})) == [voulu.pk]


def test_the_provider_s_name_is_a_filter_without_accents(client, porteur, prestataire):
    voulu = groupe_chez(prestataire, porteur=porteur.organisme)
    GroupeFactory(porteur=porteur.organisme, sejour__offre__equipement__prestataire__nom="VILLAGES DU SOLEIL")
    assert numeros(ouvrir(client, porteur, prestataire="actif residence")) == [voulu.pk]


def test_filters_add_up(client, prestataire, porteur):
    voulu = groupe_chez(prestataire, date(2023, 5, 13), porteur=porteur.organisme)
    groupe_chez(prestataire, porteur=porteur.organisme)
    groupe_chez(prestataire, date(2023, 6, 10))
    assert numeros(ouvrir(client, prestataire, annee="2023", convention="ancv2528")) == [voulu.pk]


def test_a_chosen_filter_is_a_link_that_removes_it_alone(client, prestataire, porteur):
    groupe_chez(prestataire, porteur=porteur.organisme)
    reponse = ouvrir(client, prestataire, annee="2022", convention="ancv2528", tri="nom", page="1")
    assert [(c["libelle"], c["url"]) for c in reponse.context["criteres"]] == [
        ("N° de convention du porteur : ancv2528", "/groupes/?annee=2022&tri=nom"),
        ("Année d'activité : 2022", "/groupes/?convention=ancv2528&tri=nom"),
    ]


@pytest.mark.parametrize(
    "filtres",
    [
        {"page": "abc"},
        {"page": "-1"},
        {"page": "9999999999"},
        {"tri": "evil"},
        {"tri": "-inscrits; DROP TABLE"},
        {"tri": "pk"},
        {"annee": "xyz"},
        {"annee": "9999999999"},
        {"annee_offre": "٢٠٢٢"},
        {"departement": "zzz"},
        {"type_groupe": "AUTRE"},
        {"porteur": "\x00"},
        {"porteur": "é" * 5000},
        {"convention": "1" * 5000},
        {"prestataire": "%_\\"},
        {"incomplets": "peut-être"},
        {"inconnu": "1"},
    ],
)
def test_no_address_however_odd_breaks_the_list(client, porteur, prestataire, filtres):
    groupe_chez(prestataire, porteur=porteur.organisme)
    assert ouvrir(client, porteur, **filtres).status_code == 200


def test_a_senseless_filter_is_said_so_and_left_out(client, porteur, prestataire):
    groupe = groupe_chez(prestataire, porteur=porteur.organisme)
    reponse = ouvrir(client, porteur, annee="xyz")
    assert numeros(reponse) == [groupe.pk]
    assert "Choisissez une réponse de la liste" in reponse.content.decode()


# --- Sort and pages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cle",
    [
        "convention",
        "nom",
        "prestataire",
        "equipement",
        "departement",
        "modifie",
        "debut",
        "fin",
        "inscrits",
    ],
)
def test_every_column_sorts_both_ways_and_says_so(client, prestataire, cle):
    premier = groupe_chez(
        prestataire, departement="01", porteur=PorteurFactory(nom="ABBEVILLE", convention__numero="ancv1")
    )
    second = groupe_chez(
        prestataire,
        date(2022, 6, 11),
        departement="97",
        porteur=PorteurFactory(nom="Évreux", convention__numero="ancv2"),
    )
    InscriptionFactory(groupe=second, eligibilite="PROGRAMME")
    if cle == "modifie":
        Groupe.objects.filter(pk=premier.pk).update(modifie_le=datetime(2022, 1, 1, tzinfo=PARIS))
    croissant = ouvrir(client, prestataire, tri=cle)
    decroissant = ouvrir(client, prestataire, tri=f"-{cle}")
    if cle == "prestataire":  # the same for both: the latest pre-registered first
        assert numeros(croissant) == numeros(decroissant) == [second.pk, premier.pk]
    else:
        assert (numeros(croissant), numeros(decroissant)) == (
            [premier.pk, second.pk],
            [second.pk, premier.pk],
        )
    assert re.findall(r'aria-sort="(\w+)"', croissant.content.decode()) == ["ascending"]
    assert re.findall(r'aria-sort="(\w+)"', decroissant.content.decode()) == ["descending"]


def test_the_sort_ignores_accents(client, prestataire):
    for nom in ("ZOLA", "Éluard", "ESTEREL"):
        groupe_chez(prestataire, porteur=PorteurFactory(nom=nom))
    page = ouvrir(client, prestataire, tri="nom").context["page"]
    assert [groupe.porteur.nom for groupe in page] == ["Éluard", "ESTEREL", "ZOLA"]


def test_twenty_groups_a_page_and_the_count_in_words(client, prestataire):
    sejour = groupe_chez(prestataire, places=1).sejour
    GroupeFactory.create_batch(22, sejour=sejour, places=1)
    premiere, seconde = ouvrir(client, prestataire), ouvrir(client, prestataire, page="2")
    assert (len(numeros(premiere)), len(numeros(seconde))) == (20, 3)
    assert "Affichage 1 - 20 de 23 résultats" in clair(premiere.content.decode())
    assert "Affichage 21 - 23 de 23 résultats" in clair(seconde.content.decode())
    assert set(numeros(premiere)).isdisjoint(numeros(seconde))


def requetes(client, compte):
    connecter(client, compte)
    with CaptureQueriesContext(
        connection,
    ) as capture:
        assert client.get(reverse("groupes")).status_code == 200
    return len(capture)


def test_as_many_queries_for_twenty_groups_as_for_one(client, prestataire):
    sejour = groupe_chez(prestataire, places=1).sejour
    un = requetes(client, prestataire)
    GroupeFactory.create_batch(19, sejour=sejour, places=1)
    assert requetes(client, prestataire) == un


# --- Empty states -----------------------------------------------------------------------------------------------


def test_without_any_group_the_page_says_how_one_comes(client, porteur):
    page = ouvrir(client, porteur).content.decode()
    assert "Un groupe apparaît ici dès que le prestataire vous a pré-inscrit" in page


def test_when_nothing_matches_the_page_says_which_filter_to_drop(client, porteur, prestataire):
    for debut in (date(2022, 5, 14), date(2022, 6, 11)):
        groupe_chez(prestataire, debut, porteur=porteur.organisme)
    page = clair(ouvrir(client, porteur, annee="2022", departement="75").content.decode())
    assert "Aucun groupe ne correspond." in page
    assert "Essayez sans « 75 Paris » : 2 groupes." in page


# --- The way back, the spreadsheet ------------------------------------------------------------------------------


def test_the_filters_come_back_from_a_group_s_page(client, porteur, prestataire):
    groupe = groupe_chez(prestataire, porteur=porteur.organisme)
    ouvrir(client, porteur, annee="2022", tri="nom")
    page = client.get(reverse("groupe", args=[groupe.pk])).content.decode()
    assert 'href="/groupes/?annee=2022&amp;tri=nom"' in page


def test_another_account_of_the_same_browser_starts_afresh(client, porteur, prestataire):
    groupe = groupe_chez(prestataire, porteur=porteur.organisme)
    ouvrir(client, porteur, annee="2022")
    connecter(client, prestataire)
    page = client.get(reverse("groupe", args=[groupe.pk])).content.decode()
    assert 'href="/groupes/"' in page
    assert "annee=2022" not in page


def test_the_spreadsheet_holds_the_filtered_list_whole(client, porteur, prestataire):
    groupe = groupe_chez(prestataire, porteur=porteur.organisme)
    groupe_chez(prestataire, date(2023, 5, 13), porteur=porteur.organisme)
    connecter(client, porteur)
    reponse = client.get(reverse("groupes-xlsx"), {"annee": "2022"})
    feuille = load_workbook(BytesIO(reponse.content)).active
    lignes = [ligne for ligne in feuille.iter_rows(min_row=4, values_only=True) if any(ligne)]
    assert len(lignes) == 1
    assert lignes[0][:6] == (
        groupe.pk,
        "ancv2528",
        "CCAS DE CHÂTEAUGIRON",
        "ACTIF RÉSIDENCE",
        groupe.sejour.offre.equipement.nom,
        "34 Hérault",
    )
    assert lignes[0][-3:-1] == (0, 10)
    assert feuille.cell(3, 15).value == "État"
