"""Pure rules of the figures: the same day a year before, and the forecast to year's end."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sev.socle.typographie import INSECABLE

# Below this share of last year's registrations a forecast would be a guess.
PART_MINIMALE = Decimal("0.10")


@dataclass(frozen=True)
class Prevision:
    """What a year would end with: `part` is the share of last year's registrations made by the same date."""

    inscrits: int
    accorde: Decimal
    part: Decimal


def un_an_avant(jour: date) -> date:
    """Return the same day of the year before; 29 February is the 28th."""
    if (jour.month, jour.day) == (2, 29):
        return date(jour.year - 1, 2, 28)
    return jour.replace(year=jour.year - 1)


def prevoir(*, inscrits: int, accorde: Decimal, meme_date: int, total: int) -> Prevision | None:
    """Return the year's end if the rest follows last year's pace, None when it is too early or nothing compares.

    `meme_date` of last year's `total` registrations were made by the same date.
    """
    if not total:
        return None
    part = Decimal(meme_date) / total
    if part < PART_MINIMALE:
        return None
    return Prevision(inscrits=round(inscrits / part), accorde=round(accorde / part), part=part)


def evolution(ici, avant) -> Decimal | None:
    """Return the change from `avant` to `ici` in per cent, None when there is nothing to compare with."""
    return None if not avant else round(100 * (Decimal(ici) - Decimal(avant)) / Decimal(avant), 1)


def evolution_dite(change: Decimal | None) -> str:
    """Return « + 12,5 % », « − 100 % », « stable »; nothing when there is nothing to compare with."""
    if change is None:
        return ""
    if not change:
        return "stable"
    grandeur = f"{abs(change):,.1f}".removesuffix(".0").translate({ord(","): INSECABLE, ord("."): ","})
    return f"{'+' if change > 0 else '−'}{INSECABLE}{grandeur}{INSECABLE}%"
