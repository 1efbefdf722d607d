"""Forgetting (X4): the bank's file of a batch that is over with its transfers' accounts, but for their end; incomes.

Incomes stay while an aid of the list is to be paid, or a disagreement settled; the rest of that rule is `seniors`'.
"""

from datetime import date, datetime

from django.conf import settings
from django.db import connection, transaction

from seniors.models import Inscription
from seniors.operations import retention
from sev.socle.journal import acte
from sev.socle.temps import mois_avant
from validation.models import Lot, Validation


@transaction.atomic
def effacer_fichiers(*, cles: list[int], le: date, maintenant: datetime) -> int:
    """Take whole IBANs out of these batches, through the one function that may; references and sums stay.

    Locks the batches; returns how many. A provider's present account stays where it is written.
    """
    dus = list(
        Lot.objects.fichiers_a_effacer(le=le)
        .filter(pk__in=cles)
        .order_by("pk")
        .verrouiller()
        .values_list("pk", flat=True)
    )
    with acte("fichier effacé, durée de conservation"), connection.cursor() as curseur:
        # VALUES, because pghistory gives no context to what begins with SELECT.
        curseur.execute("VALUES (validation_oublier_ibans(%s, %s))", [dus, maintenant])
        return curseur.fetchone()[0]


def revenus_a_effacer(le: date):
    """Return the registrations whose income is no longer needed on `le`, months after the list's last payment."""
    return Inscription.objects.revenus_a_effacer(le=le, sauf=_en_suspens(le))


@transaction.atomic
def effacer_revenus(*, cles: list[int], le: date, maintenant: datetime) -> int:
    """Take the incomes off these registrations, but where a sum or a disagreement waits; return how many."""
    return retention.effacer_revenus(cles=cles, sauf=_en_suspens(le), le=le, maintenant=maintenant)


def _en_suspens(le: date):
    return Validation.objects.en_suspens(depuis=mois_avant(le, settings.RETENTION_MOIS["revenus"]))
