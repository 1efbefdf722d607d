"""The clock of SEV. Only views, tasks and commands read it; below them the day is an argument."""

from calendar import monthrange
from datetime import date, datetime

from django.utils import timezone


def maintenant() -> datetime:
    """Return the present instant, aware, in UTC."""
    return timezone.now()


def aujourdhui() -> date:
    """Return today's date in Paris: the day on which every deadline of SEV is counted."""
    return timezone.localdate()


def mois_avant(jour: date, mois: int) -> date:
    """Return the same day `mois` months before, or the last day of that month when it is shorter."""
    annee, rang = divmod(jour.year * 12 + jour.month - 1 - mois, 12)
    return date(annee, rang + 1, min(jour.day, monthrange(annee, rang + 1)[1]))
