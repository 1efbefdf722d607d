"""After the stay: the aids of those who did not travel go back to the porteur's credit (V7)."""

from datetime import date, datetime

from django.db import transaction

from conventions.operations.credits import liberer
from sejours.models import Groupe
from seniors.models import Inscription
from seniors.operations.files import servir_file


@transaction.atomic(savepoint=False)
def rendre_les_aides(
    *,
    inscriptions: list[Inscription],
    groupe: Groupe,
    motif_sans_aide: Inscription.SansAide,
    motif: str,
    par,
    le: date,
    maintenant: datetime,
) -> list[Inscription]:
    """Take their aids from `inscriptions`, who stay on the list, and return who gains an aid thereby (C9).

    The persons may be aided again in the year (I9). Call it under the group's lock; locks the credit.
    """
    aidees = [inscription for inscription in inscriptions if inscription.aide is not None]
    Inscription.objects.filter(pk__in=[i.pk for i in aidees]).update(
        aide=None, motif_sans_aide=motif_sans_aide, modifiee_le=maintenant
    )
    for inscription in sorted(aidees, key=lambda i: i.pk):
        liberer(
            convention=groupe.porteur_id,
            annee=groupe.sejour.annee,
            montant=inscription.aide,
            inscription=inscription.pk,
            par=par,
            le=le,
            motif=motif,
        )
    return servir_file(convention=groupe.porteur_id, annee=groupe.sejour.annee, le=le) if aidees else []
