import pytest
from hypothesis import given
from hypothesis import strategies as st

from sev.socle.adresses import Adresse, abreger

JEANNINE = {
    "civilite": "Mme",
    "prenom": "Jeannine",
    "nom": "AUBERTIN",
    "complement": "",
    "voie": "12 rue des Tilleuls",
    "code_postal": "35410",
    "ville": "Châteaugiron",
}


def test_a_plain_address_is_kept_as_typed_but_for_its_last_line():
    assert Adresse(**JEANNINE).lignes == [
        "Mme Jeannine AUBERTIN",
        "12 rue des Tilleuls",
        "35410 CHATEAUGIRON",
    ]
    assert Adresse(**JEANNINE).anomalies == []


def test_the_complement_goes_to_the_line_that_the_norm_gives_it():
    address = JEANNINE | {"complement": "Appt 12, 3e étage, Résidence Les Lilas, BP 40"}
    assert Adresse(**address).lignes == [
        "Mme Jeannine AUBERTIN",
        "Appt 12, 3e étage",
        "Résidence Les Lilas",
        "12 rue des Tilleuls",
        "BP 40",
        "35410 CHATEAUGIRON",
    ]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("12 avenue du Général de Gaulle", "12 avenue du Général de Gaulle"),
        ("145 boulevard du Maréchal de Lattre de Tassigny", "145 bd du Mal de Lattre de Tassigny"),
        ("1280 ROUTE DEPARTEMENTALE DE SAINT MARTIN DE CRAU", "1280 RTE DEP DE SAINT MARTIN DE CRAU"),
        ("27, Chemin du Docteur Jean-Baptiste Charcot prolongé", "27 Chem du Dr J B Charcot prolongé"),
        ("5 allée des Anciens Combattants d'Afrique du Nord", "5 all des Anc Comb d Afrique du Nord"),
        ("25D ALLEE DES GRANDS CHENES DE LA VALLEE BLEUE", "25D ALL DES GDS CHENES DE VALLEE BLEUE"),
    ],
)
def test_a_street_is_abbreviated_above_38_characters_and_no_more_than_needed(typed, expected):
    assert abreger(typed) == expected


@pytest.mark.parametrize(
    ("postcode", "town", "expected"),
    [
        ("75012", "Paris 12e arrondissement", "75012 PARIS"),
        ("94240", "L'Haÿ-les-Roses", "94240 L HAY LES ROSES"),
        ("35402", "Saint-Malo Cedex", "35402 SAINT MALO CEDEX"),
        ("75540", "Paris Cedex 12", "75540 PARIS CEDEX 12"),
        ("80200", "Œuilly-sur-Marne", "80200 OEUILLY SUR MARNE"),
    ],
)
def test_the_last_line_is_in_capitals_without_accents_or_punctuation(postcode, town, expected):
    assert Adresse(**JEANNINE | {"code_postal": postcode, "ville": town}).lignes[-1] == expected


def test_a_long_name_gives_up_first_names_before_the_surname():
    address = JEANNINE | {"prenom": "Anne-Élisabeth", "nom": "DE LA VILLEMARQUÉ-BEAUREGARD"}
    assert Adresse(**address).lignes[0] == "Mme A-É DE LA VILLEMARQUÉ-BEAUREGARD"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"code_postal": "00000"}, ["Code postal inconnu : 00000."]),
        ({"code_postal": "3541"}, ["Code postal mal formé : 3541."]),
        ({"code_postal": ""}, ["Code postal mal formé : vide."]),
        ({"ville": "Rennes"}, ["Rennes n'est pas une commune du 35410."]),
        ({"ville": "Ossé"}, []),
        ({"voie": "rue des Tilleuls"}, ["La voie n'a pas de numéro."]),
        ({"voie": "Le Bourg"}, []),
        ({"voie": "L'Étang"}, []),
        ({"voie": " "}, ["La voie est vide."]),
        ({"code_postal": "35064", "ville": "Rennes Cedex"}, []),
        (
            {"nom": "ABCDEFGHIJKLMNOPQRSTUVWXYZ-ABCDEFGHIJKLMNOPQRST"},
            [
                "Ligne 1 trop longue (49 caractères pour 38) : "
                "écrite « J ABCDEFGHIJKLMNOPQRSTUVWXYZ-ABCDEFGHI »."
            ],
        ),
    ],
)
def test_staff_see_what_is_odd(changes, expected):
    assert Adresse(**JEANNINE | changes).anomalies == expected


TEXT = st.text(max_size=90)


@given(civilite=TEXT, nom=TEXT, prenom=TEXT, complement=TEXT, voie=TEXT, code_postal=TEXT, ville=TEXT)
def test_whatever_is_typed_there_are_at_most_six_lines_of_38_characters(**address):
    lines = Adresse(**address).lignes
    assert len(lines) <= 6
    assert max((len(line) for line in lines), default=0) <= 38
    assert all(isinstance(sign, str) for sign in Adresse(**address).anomalies)
