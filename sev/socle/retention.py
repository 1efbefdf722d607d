"""Personal data that is no longer needed (X4): each app says what, `sev.retention` gathers it, the clock runs it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count

from django.db.models import QuerySet

LOT = 1000
# Of a rule, by one run of the clock: a minute at most. The first night of an old base leaves the rest to the next ones.
LOTS_PAR_PASSAGE = 100


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

    def appliquer(self, *, le: date, maintenant: datetime, lots: int | None = None) -> int:
        """Go through what is due on `le`, a lot after the other, each in its own transaction; return how many.

        With `lots`, stop after that many: what is left is still due tomorrow.
        """
        dues, faits, apres = self.dues(le=le).order_by("pk"), 0, None
        for _ in count() if lots is None else range(lots):
            suite = dues if apres is None else dues.filter(pk__gt=apres)
            if not (cles := list(suite.values_list("pk", flat=True)[:LOT])):
                break
            faits += self.effacer(cles=cles, le=le, maintenant=maintenant)
            apres = cles[-1]
        return faits
