"""Searches that somebody kept under a name of their own: they leave with the account (X4)."""

from datetime import date, datetime

from django.db import transaction

from sejours.models import RechercheGardee


def recherches_a_effacer(le: date):
    """Return the kept searches of the accounts that are closed."""
    return RechercheGardee.objects.filter(compte__is_active=False)


@transaction.atomic
def effacer_recherches(*, cles: list[int], le: date, maintenant: datetime) -> int:
    """Delete these searches; return how many."""
    return recherches_a_effacer(le=le).filter(pk__in=cles).delete()[0]
