"""The clock of SEV. Only views, tasks and commands read it; below them the day is an argument."""

from datetime import date, datetime

from django.utils import timezone


def maintenant() -> datetime:
    """Return the present instant, aware, in UTC."""
    return timezone.now()


def aujourdhui() -> date:
    """Return today's date in Paris: the day on which every deadline of SEV is counted."""
    return timezone.localdate()
