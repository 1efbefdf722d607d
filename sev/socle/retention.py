"""Personal data that is no longer needed (X4): each app says what, `sev.retention` gathers it, the clock runs it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

LOT = 1000


@dataclass(frozen=True)
class Regle:
    """A rule of retention: what is due on a day, and how a lot of it (keys) loses what it must lose.

    `effacer(cles=…, le=…, maintenant=…)` is an operation: it looks again at what it locks and returns how many it did.
    """

    nom: str
    libelle: str
    dues: Callable[..., QuerySet]
    effacer: Callable[..., int]

    def combien(self, *, le: date) -> int:
        """Return how many rows are due on `le`."""
        return self.dues(le=le).count()

    def appliquer(self, *, le: date, maintenant: datetime) -> int:
        """Go through what is due on `le`, a lot after the other, each in its own transaction; return how many."""
        dues, faits, apres = self.dues(le=le).order_by("pk"), 0, None
        while cles := list((dues.filter(pk__gt=apres) if apres else dues).values_list("pk", flat=True)[:LOT]):
            faits += self.effacer(cles=cles, le=le, maintenant=maintenant)
            apres = cles[-1]
        return faits
