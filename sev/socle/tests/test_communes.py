import tracemalloc

import pytest

from sev.socle import communes
from sev.socle.communes import (
    DEPARTEMENTS,
    REGIONS,
    Commune,
    code_postal_bien_forme,
    code_postal_connu,
    communes_du_code_postal,
    departement,
    est_dans_le_code_postal,
    region,
)
from sev.socle.donnees.reconstruire import lignes_communes


def test_a_postcode_gives_its_communes_in_alphabetical_order():
    assert communes_du_code_postal("35410") == (
        Commune("35069", "Châteaugiron", "35"),
        Commune("35099", "Domloup", "35"),
        Commune("35204", "Nouvoitou", "35"),
    )


@pytest.mark.parametrize(
    ("postcode", "expected"),
    [
        ("01440", Commune("01451", "Viriat", "01")),
        ("20000", Commune("2A004", "Ajaccio", "2A")),
        ("97110", Commune("97120", "Pointe-à-Pitre", "971")),
        ("75012", Commune("75056", "Paris", "75")),
        ("13008", Commune("13055", "Marseille", "13")),
    ],
)
def test_codes_are_text_and_big_cities_stand_once(postcode, expected):
    assert communes_du_code_postal(postcode) == (expected,)


@pytest.mark.parametrize("postcode", ["99999", "35064", "", "3541", "abcde"])
def test_an_unknown_postcode_has_no_commune(postcode):
    assert communes_du_code_postal(postcode) == ()
    assert not code_postal_connu(postcode)


def test_a_postcode_is_five_digits():
    assert code_postal_bien_forme("00000")
    for wrong in ("3541", "354100", "3541O", "35 410", "٣٥٤١٠", "35410\n"):
        assert not code_postal_bien_forme(wrong)


@pytest.mark.parametrize(
    "town", ["Châteaugiron", "CHATEAUGIRON", "chateau giron", "Ossé", "Saint Aubin du Pavail"]
)
def test_a_town_is_recognised_however_spelt_even_merged_since(town):
    assert est_dans_le_code_postal(town, "35410")


def test_a_town_of_another_postcode_is_not():
    assert not est_dans_le_code_postal("Rennes", "35410")


def test_departements_and_regions():
    assert departement("2A") == "Corse-du-Sud"
    assert departement("971") == "Guadeloupe"
    assert departement("20") == ""
    assert region("34") == "Occitanie"
    assert region("00") == ""
    assert REGIONS["Bretagne"] == ("22", "29", "35", "56")
    assert sorted(code for codes in REGIONS.values() for code in codes) == sorted(DEPARTEMENTS)


def test_every_commune_is_in_a_known_departement():
    unknown = {
        commune
        for postcode in communes._par_code_postal()
        for _, commune in communes._lignes.__wrapped__(postcode)
        if commune.departement not in DEPARTEMENTS
    }
    assert unknown == set()


def test_the_whole_set_stays_under_three_megabytes():
    communes._par_code_postal.cache_clear()
    tracemalloc.start()
    try:
        communes_du_code_postal("35000")
        communes._par_code_postal()
        assert tracemalloc.get_traced_memory()[0] < 3_000_000
    finally:
        tracemalloc.stop()


def test_a_merged_commune_takes_the_postcodes_of_the_one_that_absorbed_it():
    assert lignes_communes(
        [
            {"code": "35069", "nom": "Châteaugiron", "type": "commune-actuelle", "codesPostaux": ["35410"]},
            {"code": "35209", "nom": "Ossé", "type": "commune-deleguee", "chefLieu": "35069"},
            {"code": "35069", "nom": "Châteaugiron", "type": "commune-deleguee", "chefLieu": "35069"},
            {
                "code": "13201",
                "nom": "Marseille 1er",
                "type": "arrondissement-municipal",
                "codesPostaux": ["13001"],
            },
        ]
    ) == [("35410", "", "Châteaugiron", "35069"), ("35410", "1", "Ossé", "35209")]
