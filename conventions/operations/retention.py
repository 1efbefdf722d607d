"""What signing in leaves behind (X4): failed tries, which name an account and an address; sessions."""

from datetime import date, datetime

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction

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
