"""Incomes (X4): kept while an aid of the list is to be paid, or a disagreement settled; the rest is `seniors`'."""

from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from seniors.models import Inscription
from seniors.operations import retention
from sev.socle.temps import mois_avant
from validation.models import Validation


def revenus_a_effacer(*, le: date):
    """Return the registrations whose income is no longer needed on `le`, months after the list's last payment."""
    return Inscription.objects.revenus_a_effacer(le=le, sauf=_en_suspens(le))


@transaction.atomic
def effacer_revenus(*, cles: list[int], le: date, maintenant: datetime) -> int:
    """Take the incomes off these registrations, but where a sum or a disagreement waits; return how many."""
    return retention.effacer_revenus(cles=cles, sauf=_en_suspens(le), le=le, maintenant=maintenant)


def _en_suspens(le: date):
    return Validation.objects.en_suspens(depuis=mois_avant(le, settings.RETENTION_MOIS["revenus"]))
