"""Who is already known (I2): one identity however it is spelled, and near spellings without browsing."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conventions.tests.factories import CompteFactory
from sejours.tests.factories import GroupeFactory
from seniors.models import Senior
from seniors.models.seniors import dates_proches
from seniors.tests.factories import InscriptionFactory, SeniorFactory, identite


def connue(**champs) -> Senior:
    """Jeanne MARTIN, born on 12 March 1948 in Rennes, or whoever `champs` say."""
    return SeniorFactory(
        **{
            "nom": "MARTIN",
            "prenom": "Jeanne",
            "date_naissance": date(1948, 3, 12),
            "ville_naissance": "RENNES",
        }
        | champs
    )


def trouve(**champs) -> Senior | None:
    return Senior.objects.de_meme_identite(identite(**champs)).first()


def proches(**champs) -> list[Senior]:
    return list(Senior.objects.semblables(identite(**champs)))


# --- The same identity ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ecrit", "cherche"),
    [
        ({"nom": "Le Goff"}, {"nom": "LE-GOFF"}),
        ({"nom": "L'Hostis"}, {"nom": "lhostis"}),
        ({"nom": "D’Arc"}, {"nom": "D'ARC"}),
        ({"nom": "LEFÈVRE"}, {"nom": "lefevre"}),
        ({"nom": "Lœuillet"}, {"nom": "LOEUILLET"}),
        ({"prenom": "Marie-Thérèse"}, {"prenom": "marie therese"}),
        ({"prenom": "Jean  Pierre"}, {"prenom": "JEAN-PIERRE"}),
        ({"ville_naissance": "Paris"}, {"ville_naissance": "PARIS 12e"}),
        ({"ville_naissance": "Marseille 1er arrondissement"}, {"ville_naissance": "13001 Marseille"}),
        ({"ville_naissance": "Saint-Malo"}, {"ville_naissance": "ST MALO"}),
    ],
)
def test_case_accents_hyphens_blanks_apostrophes_and_arrondissements_do_not_count(db, ecrit, cherche):
    senior = connue(**ecrit)
    assert trouve(**ecrit | cherche) == senior


@pytest.mark.parametrize(
    "champs",
    [
        {"nom": "MARTINE"},
        {"prenom": "Jean"},
        {"date_naissance": date(1948, 3, 13)},
        {"ville_naissance": "Vannes"},
    ],
)
def test_one_different_answer_is_another_person(db, champs):
    connue()
    assert trouve(**champs) is None


# --- Near spellings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("connu", "cherche"),
    [
        ({}, {"nom": "MARTINS"}),
        ({}, {"nom": "MARTN"}),
        ({}, {"prenom": "Jeannne"}),
        ({}, {"ville_naissance": "Vannes"}),
        ({}, {"nom": "Jeanne", "prenom": "MARTIN"}),
        ({"nom_naissance": "BRIAND"}, {"nom": "BRIAND"}),
        ({"prenom": "Marie Jeanne"}, {"prenom": "Jeanne"}),
        ({}, {"date_naissance": date(1948, 12, 3)}),
        ({}, {"date_naissance": date(1949, 3, 12)}),
        ({}, {"date_naissance": date(1938, 3, 12)}),
        ({}, {"date_naissance": date(1948, 4, 12)}),
        ({}, {"date_naissance": date(1948, 3, 22)}),
        ({}, {"date_naissance": date(1948, 3, 11), "ville_naissance": "Vannes"}),
    ],
)
def test_a_near_spelling_or_one_slip_in_the_date_is_offered(db, connu, cherche):
    senior = connue(**connu)
    assert (trouve(**cherche), proches(**cherche)) == (None, [senior])


@pytest.mark.parametrize(
    "cherche",
    [
        {"nom": "DURAND", "prenom": "Paul"},
        {"date_naissance": date(1950, 3, 12)},
        {"date_naissance": date(1948, 5, 12)},
        {"nom": "MARTINS", "date_naissance": date(1949, 3, 12)},
    ],
)
def test_two_differences_are_another_person(db, cherche):
    connue()
    assert proches(**cherche) == []


def test_the_person_herself_is_not_her_own_near_spelling(db):
    connue()
    assert proches() == []


def test_a_namesake_born_elsewhere_the_same_day_is_offered(db):
    rennes, vannes = connue(), connue(ville_naissance="VANNES")
    assert trouve() == rennes
    assert proches() == [vannes]


def test_the_nearest_spelling_comes_first(db):
    loin, pres = connue(nom="MARTINEAU"), connue(nom="MARTINE")
    assert proches() == [pres, loin]


def test_nobody_born_another_day_is_ever_listed(db):
    """No browsing: with a common name but another birth date, nobody is offered."""
    for jour in range(1, 28):
        connue(date_naissance=date(1951, 6, jour))
    assert proches() == []


def test_one_slip_gives_these_dates():
    assert sorted(dates_proches(date(1948, 2, 29))) == [
        date(1948, 1, 29),
        date(1948, 2, 19),
        date(1948, 2, 28),
        date(1948, 3, 29),
    ]
    assert sorted(dates_proches(date(1948, 3, 12))) == [
        date(1938, 3, 12),
        date(1947, 3, 12),
        date(1948, 2, 12),
        date(1948, 3, 2),
        date(1948, 3, 11),
        date(1948, 3, 13),
        date(1948, 3, 22),
        date(1948, 4, 12),
        date(1948, 12, 3),
        date(1949, 3, 12),
        date(1958, 3, 12),
    ]


@given(st.dates(date(1890, 1, 1), date(2000, 12, 31)))
def test_a_slip_can_be_made_both_ways(jour):
    assert all(jour in dates_proches(proche) for proche in dates_proches(jour))
    assert jour not in dates_proches(jour)


# --- Whose persons (X1) -----------------------------------------------------------------------------------------


def test_an_account_sees_the_persons_of_its_own_lists(db):
    inscription = InscriptionFactory(groupe=GroupeFactory())
    ailleurs = InscriptionFactory(groupe=GroupeFactory())
    porteur = CompteFactory(convention=inscription.groupe.porteur.convention)
    prestataire = CompteFactory(convention=inscription.groupe.sejour.offre.equipement.prestataire.convention)
    vus = {
        compte: list(Senior.objects.pour(compte))
        for compte in (porteur, prestataire, CompteFactory(), CompteFactory(ancv=True))
    }
    assert list(vus.values()) == [[inscription.senior], [inscription.senior], [], []]
    assert ailleurs.senior not in vus[porteur]
