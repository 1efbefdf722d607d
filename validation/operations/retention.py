"""Forgetting IBANs (X4): the bank's file of a batch that is over, and its transfers' accounts, but for their end."""

from datetime import date, datetime

from django.db import connection, transaction

from sev.socle.journal import acte
from validation.models import Lot


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
