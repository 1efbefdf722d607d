"""The same day a year before, the forecast to year's end, the change from one year to the next."""

from datetime import date
from decimal import Decimal

import pytest

from activite.regles import Prevision, evolution, evolution_dite, prevoir, un_an_avant
from seniors.tests.factories import clair


@pytest.mark.parametrize(
    ("jour", "avant"),
    [
        (date(2026, 11, 22), date(2025, 11, 22)),
        (date(2025, 2, 28), date(2024, 2, 28)),
        (date(2024, 2, 29), date(2023, 2, 28)),
        (date(2024, 3, 1), date(2023, 3, 1)),
    ],
)
def test_a_year_before(jour, avant):
    assert un_an_avant(jour) == avant


def test_the_rest_of_the_year_follows_last_year_s_pace():
    prevue = prevoir(inscrits=600, accorde=Decimal(96_000), meme_date=750, total=1_000)
    assert prevue == Prevision(inscrits=800, accorde=Decimal(128_000), part=Decimal("0.75"))


@pytest.mark.parametrize(("meme_date", "total"), [(0, 0), (0, 1_000), (99, 1_000)])
def test_without_a_tenth_of_last_year_to_compare_with_nothing_is_forecast(meme_date, total):
    assert prevoir(inscrits=10, accorde=Decimal(0), meme_date=meme_date, total=total) is None


def test_a_tenth_of_last_year_is_enough():
    assert prevoir(inscrits=10, accorde=Decimal(0), meme_date=100, total=1_000).inscrits == 100


@pytest.mark.parametrize(
    ("ici", "avant", "change"),
    [
        (106, 100, Decimal("6.0")),
        (1, 3, Decimal("-66.7")),
        (0, 5, Decimal("-100.0")),
        (5, 0, None),
        (0, 0, None),
    ],
)
def test_the_change_is_in_per_cent(ici, avant, change):
    assert evolution(ici, avant) == change


@pytest.mark.parametrize(
    ("change", "mots"),
    [
        (Decimal("6.0"), "+ 6 %"),
        (Decimal("-66.7"), "− 66,7 %"),
        (Decimal("-100.0"), "− 100 %"),
        (Decimal("1234.5"), "+ 1 234,5 %"),
        (Decimal("0.0"), "stable"),
        (None, ""),
    ],
)
def test_a_change_is_written_as_on_paper(change, mots):
    assert clair(evolution_dite(change)) == mots
