"""French wording: spaces, amounts, dates, counts, deadlines."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils.safestring import SafeString, mark_safe
from hypothesis import given
from hypothesis import strategies as st

from sev.socle import typographie as t

AUJOURDHUI = date(2027, 4, 24)


def lisible(texte):
    """`texte` with its non-breaking spaces shown as « _ »."""
    return texte.replace("\u00a0", "_")


@pytest.mark.parametrize(
    ("brut", "attendu"),
    [
        ("Encore 9 jours : vite !", "Encore 9_jours_: vite_!"),
        ("Qui est-ce ? « A l'aide »; 3 %", "Qui est-ce_? «_A l'aide_»; 3_%"),
        ("groupe n° 20417, N° 3", "groupe n°_20417, N°_3"),
        ("1 500 € et 12 345 678 €", "1_500_€ et 12_345_678_€"),
        ("le mardi 27 avril à 10 h 32", "le mardi_27_avril à 10_h_32"),
        ("du 1er mai au 5 mai", "du 1er_mai au 5_mai"),
        ("9\u202f% ; 8\u2009€", "9_%_; 8_€"),
        ("10:32, https://exemple.fr/?a=1", "10:32, https://exemple.fr/?a=1"),
        ("au 14 au 21", "au 14 au 21"),
        ("le 35410 Châteaugiron", "le 35410 Châteaugiron"),
    ],
)
def test_the_spaces_of_french_typography_never_break(brut, attendu):
    assert lisible(t.typo(brut)) == attendu


def test_safe_html_stays_safe_and_its_tags_are_left_alone():
    rendu = t.typo(mark_safe('<a title="a : b">Voir : la liste</a> ?'))
    assert isinstance(rendu, SafeString)
    assert lisible(rendu) == '<a title="a : b">Voir_: la liste</a>_?'


def test_plain_text_does_not_become_safe():
    assert not isinstance(t.typo("<b> : </b>"), SafeString)


@given(st.text())
def test_typo_changes_nothing_but_spaces_and_only_once(texte):
    rendu = t.typo(texte)
    assert re.sub(r"[ \u00a0\u202f\u2009]", "", rendu) == re.sub(r"[ \u00a0\u202f\u2009]", "", texte)
    assert t.typo(rendu) == rendu
    assert "\u202f" not in rendu


@pytest.mark.parametrize(
    ("montant", "attendu"),
    [
        (160, "160_€"),
        (Decimal("1500.00"), "1_500_€"),
        (Decimal("1234567.5"), "1_234_567,50_€"),
        (0, "0_€"),
        (Decimal(-160), "−_160_€"),
        (Decimal("-0.00"), "0_€"),
        (None, ""),
    ],
)
def test_amounts_have_cents_only_if_any(montant, attendu):
    assert lisible(t.euros(montant)) == attendu


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_an_amount_can_be_read_back(montant):
    lu = Decimal(t.euros(montant).removesuffix("\u00a0€").replace("\u00a0", "").replace(",", "."))
    assert lu == montant


@pytest.mark.parametrize(
    ("n", "mot", "attendu"),
    [
        (0, "place", "0_place"),
        (1, "sénior inscrit", "1_sénior inscrit"),
        (2, "sénior inscrit", "2_séniors inscrits"),
        (3, "mois", "3_mois"),
        (4, "cheval|chevaux", "4_chevaux"),
        (1200, "place", "1_200_places"),
    ],
)
def test_counts_agree_with_their_noun(n, mot, attendu):
    assert lisible(t.quantite(n, mot)) == attendu


def test_ordinals():
    assert [t.ordinal(1), t.ordinal(1, "f"), t.ordinal(2), t.ordinal(11, "f")] == ["1er", "1re", "2e", "11e"]


def test_dates_are_said_in_full_and_the_year_when_it_is_another():
    assert lisible(t.date_longue(date(2027, 4, 27), AUJOURDHUI)) == "mardi_27_avril"
    assert lisible(t.date_longue(date(2028, 2, 29), AUJOURDHUI)) == "mardi_29_février_2028"
    assert lisible(t.date_longue(date(2027, 5, 1), AUJOURDHUI)) == "samedi_1er_mai"
    assert lisible(t.date_complete(date(2027, 4, 24))) == "samedi_24_avril_2027"
    assert lisible(t.date_lettres(date(1947, 2, 2))) == "2_février_1947"
    assert t.jour_mois_annee(date(1948, 3, 12)) == "12/03/1948"
    assert t.jour_mois_annee(None) == ""


def test_moments_are_said_in_paris():
    veille_au_soir = datetime(2027, 4, 23, 22, 30, tzinfo=UTC)
    assert lisible(t.heure(veille_au_soir)) == "0_h_30"
    assert lisible(t.date_complete(veille_au_soir)) == "samedi_24_avril_2027"


@pytest.mark.parametrize(
    ("debut", "fin", "courte", "longue"),
    [
        (
            date(2027, 5, 14),
            date(2027, 5, 21),
            "du 14 au 21_mai",
            "du vendredi_14 au vendredi_21_mai_2027",
        ),
        (
            date(2027, 4, 28),
            date(2027, 5, 1),
            "du 28_avril au 1er_mai",
            "du mercredi_28_avril au samedi_1er_mai_2027",
        ),
        (
            date(2028, 5, 1),
            date(2028, 5, 8),
            "du 1er au 8_mai_2028",
            "du lundi_1er au lundi_8_mai_2028",
        ),
        (
            date(2027, 12, 28),
            date(2028, 1, 4),
            "du 28_décembre_2027 au 4_janvier_2028",
            "du mardi_28_décembre_2027 au mardi_4_janvier_2028",
        ),
    ],
)
def test_what_two_dates_share_is_said_once(debut, fin, courte, longue):
    assert lisible(t.periode(debut, fin, AUJOURDHUI)) == courte
    assert lisible(t.periode_longue(debut, fin)) == longue


@pytest.mark.parametrize(
    ("dernier_jour", "phrase"),
    [
        (date(2027, 5, 3), "Encore 9_jours_: la liste ferme le lundi_3_mai à minuit."),
        (date(2027, 4, 28), "Encore 4_jours_: la liste ferme le mercredi_28_avril à minuit."),
        (date(2027, 4, 27), "Plus que 3_jours_: la liste ferme le mardi_27_avril à minuit."),
        (date(2027, 4, 25), "Plus que 1_jour_: la liste ferme le dimanche_25_avril à minuit."),
        (date(2027, 4, 24), "Dernier jour_: la liste ferme ce soir, samedi_24_avril, à minuit."),
        (date(2027, 4, 23), "La liste est close depuis le vendredi_23_avril à minuit."),
    ],
)
def test_a_deadline_is_a_sentence_with_weekday_date_and_hour(dernier_jour, phrase):
    assert lisible(t.echeance(dernier_jour, AUJOURDHUI)) == phrase


@pytest.mark.parametrize(
    ("n", "haut", "nombre", "bas", "mot", "ton"),
    [
        (24, "Encore", 24, "jours", "", "petrole"),
        (8, "Encore", 8, "jours", "", "petrole"),
        (7, "Encore", 7, "jours", "", "ocre"),
        (4, "Encore", 4, "jours", "", "ocre"),
        (3, "Plus que", 3, "jours", "", "ocre"),
        (2, "Plus que", 2, "jours", "", "brique"),
        (1, "Plus que", 1, "jour", "", "brique"),
        (0, "Dernier jour", None, "", "ce soir", "brique"),
        (-1, "Liste", None, "", "fermée", "gris"),
    ],
)
def test_the_leaf_is_a_pure_function_of_the_days_left(n, haut, nombre, bas, mot, ton):
    assert t.feuille(n) == {"haut": haut, "nombre": nombre, "bas": bas, "mot": mot, "ton": ton}


@pytest.mark.parametrize(
    ("texte", "coupe"),
    [
        ("Une phrase.", ("Une phrase.", "")),
        ("Inscrite. Aide accordée. Fin.", ("Inscrite.", "Aide accordée. Fin.")),
        ("M. DUPONT est inscrit. Bien.", ("M. DUPONT est inscrit.", "Bien.")),
        ("Sans point", ("Sans point", "")),
    ],
)
def test_a_message_is_cut_after_its_first_sentence(texte, coupe):
    assert t.premiere_phrase(texte) == coupe


def test_the_two_halves_of_a_safe_message_stay_safe():
    debut, suite = t.premiere_phrase(mark_safe("Effacée. <a href='/x/'>Annuler</a>"))
    assert isinstance(debut, SafeString)
    assert suite == "<a href='/x/'>Annuler</a>"
    assert isinstance(suite, SafeString)


@pytest.mark.parametrize(
    ("nom", "attendu"),
    [
        ("Jeanne MARTIN", "de Jeanne MARTIN"),
        ("Alain", "d'Alain"),
        ("Émile", "d'Émile"),
        ("Hélène", "d'Hélène"),
        ("Yvonne", "d'Yvonne"),
        ("Yann", "de Yann"),
        ("Œdile", "d'Œdile"),
        ("", "de "),
    ],
)
def test_a_name_after_de_is_elided(nom, attendu):
    assert t.de(nom) == attendu
