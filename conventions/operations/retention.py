"""What signing in and importing leave behind (X4): failed tries, which name an address; sessions; reports."""

from datetime import date, datetime

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction

from conventions.models import Import
from sev.socle.temps import mois_avant


def essais_a_effacer(le: date):
    """Return the failed sign-ins of long before `le`."""
    return AccessAttempt.objects.filter(
        attempt_time__date__lte=mois_avant(le, settings.RETENTION_MOIS["essais_de_connexion"])
    )


@transaction.atomic
def effacer_essais(*, cles: list[int], le: date, maintenant: datetime) -> int:
    """Delete these failed sign-ins; return how many."""
    return essais_a_effacer(le=le).filter(pk__in=cles).delete()[0]


def seances_a_effacer(le: date):
    """Return the sessions that ended before `le`, with the form that may have been kept in them."""
    return Session.objects.filter(expire_date__date__lt=le)


@transaction.atomic
def effacer_seances(*, cles: list[str], le: date, maintenant: datetime) -> int:
    """Delete these sessions; return how many."""
    return seances_a_effacer(le=le).filter(pk__in=cles).delete()[0]


def imports_a_effacer(le: date):
    """Return the reports of the files read long before `le`, but those that are being written."""
    avant = mois_avant(le, settings.RETENTION_MOIS["imports"])
    return Import.objects.perimes(avant=avant).exclude(lance_le__isnull=False, fini_le__isnull=True)


@transaction.atomic
def effacer_imports(*, cles: list[int], le: date, maintenant: datetime) -> int:
    """Delete these reports, with what their lines still hold; decisions and ledger stay. Return how many."""
    perimes = imports_a_effacer(le=le).filter(pk__in=cles).select_for_update()
    return Import.objects.filter(pk__in=[lot.pk for lot in perimes]).delete()[1].get("conventions.Import", 0)
