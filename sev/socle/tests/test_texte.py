import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from sev.socle.texte import (
    a_des_caracteres_interdits,
    cle,
    cle_ville,
    propre,
    valider_nom,
    valider_texte_libre,
)

LATINES = st.text(alphabet="ABCXYZabcxyzÀÂÇÉÈÊËÎÏÔÖÙÛÜŸàâçéèêëîïôöùûüÿŒœÆæßØøŁł -'’.", max_size=40)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Éloïse  d'Œuvre-Lÿs", "ELOISEDOEUVRELYS"),
        ("DE LA VILLEMARQUÉ", "DELAVILLEMARQUE"),
        ("De La Ville-Marqué", "DELAVILLEMARQUE"),
        ("L’Haÿ", "LHAY"),
        ("Æmilie Weiß", "AEMILIEWEISS"),
        ("Łukasz Sørensen", "LUKASZSORENSEN"),
        ("ﬁn", "FIN"),
        ("  ", ""),
    ],
)
def test_the_key_ignores_case_accents_hyphens_spaces_apostrophes_and_ligatures(typed, expected):
    assert cle(typed) == expected


@pytest.mark.parametrize(
    "typed",
    [
        "Paris",
        "PARIS",
        "Paris 12e",
        "PARIS 12EME ARRONDISSEMENT",
        "Paris 12 ème",
        "Paris-12",
        "paris XIIe arr.",
        "75012 Paris",
        "Paris (75)",
        "Paris 1er arrondissement",
        "PARIS CEDEX 12",
    ],
)
def test_every_arrondissement_of_paris_is_paris(typed):
    assert cle_ville(typed) == "PARIS"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Lyon 03", "LYON"),
        ("Lyon 3ème", "LYON"),
        ("Marseille 8", "MARSEILLE"),
        ("Paris-l'Hôpital", "PARISLHOPITAL"),
        ("St-Malo", "SAINTMALO"),
        ("Saint Malo", "SAINTMALO"),
        ("STE ANNE D'AURAY", "SAINTEANNEDAURAY"),
        ("Les Stes-Maries-de-la-Mer", "LESSAINTESMARIESDELAMER"),
        ("Chalon s/ Saône", "CHALONSURSAONE"),
        ("GRANDE MOTTE (LA)", "LAGRANDEMOTTE"),
        ("La Grande Motte", "LAGRANDEMOTTE"),
        ("Rennes 2", "RENNES2"),
    ],
)
def test_the_key_of_a_town(typed, expected):
    assert cle_ville(typed) == expected


@given(LATINES)
def test_the_key_is_capitals_and_digits_and_stable(text):
    key = cle(text)
    assert key == "" or (key.isascii() and key.isalnum() and key.isupper())
    assert cle(key) == key
    assert cle(text.lower()) == cle(text.upper()) == key
    assert cle(unicodedata.normalize("NFD", text)) == cle(unicodedata.normalize("NFC", text)) == key


@given(st.text())
def test_any_text_has_a_key_and_a_clean_form(text):
    assert set(cle(text)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    cle_ville(text)
    clean = propre(text)
    assert propre(clean) == clean == clean.strip()
    assert "  " not in clean and "\n" not in clean
    lines = propre(text, lignes=True)
    assert propre(lines, lignes=True) == lines


@given(
    st.text(alphabet="ABCÉé"),
    st.sampled_from(["\x00", "\x07", "\u202e", "\ue000", "\u0378", "\ud800"]),
    LATINES,
)
def test_a_forbidden_character_is_seen_wherever_it_stands(before, character, after):
    assert not a_des_caracteres_interdits(before)
    assert a_des_caracteres_interdits(before + character + after)


def test_clean_text_is_composed_without_soft_hyphens_or_double_blanks():
    assert propre("\u00a0 Jean\u00ad-\u200bPaul \t E\u0301tienne ") == "Jean-Paul Étienne"


def test_lines_of_a_comment_are_kept():
    assert propre(" Sans sel \r\n\r\n\r\n\r\n Diabétique\r", lignes=True) == "Sans sel\n\nDiabétique"


@pytest.mark.parametrize(
    "name", ["D'ARTAGNAN", "Jean-Paul", "senior2", "LŸSSEN", "Œdile", "O’Brien", "St. Clair", "Łucja", ""]
)
def test_names_of_people_are_admitted(name):
    valider_nom(name)


@pytest.mark.parametrize("name", ["Jean²", "Иван", "Marie😀", "<b>", "a@b", "=CMD()", "Dupont/Durand", "Ⅻ"])
def test_what_no_name_contains_is_refused_and_shown(name):
    with pytest.raises(ValidationError) as refusal:
        valider_nom(name)
    assert refusal.value.messages[0].startswith("Le caractère « ")


def test_a_name_needs_a_letter():
    with pytest.raises(ValidationError, match="au moins une lettre"):
        valider_nom("-'")


@pytest.mark.parametrize("text", ["a\x00b", "a\u202eb", "a\ue000b", "a\x1bb"])
def test_invisible_characters_are_refused_everywhere(text):
    for validator in (valider_nom, valider_texte_libre):
        with pytest.raises(ValidationError, match="caractère invisible"):
            validator(text)


def test_free_text_takes_lines_signs_and_pasted_soft_hyphens():
    valider_texte_libre("Régime : n° 3, 50 % – 20 €\n« sans\u00adsel »\t😀")
