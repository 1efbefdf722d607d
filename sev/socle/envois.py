"""A form sent twice, by a double click or a page sent again, is done once: its token is a row that is written once."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from sev.socle.models import Envoi

CONSERVATION = timedelta(days=2)


@transaction.atomic
def premier_envoi(jeton: UUID | None) -> bool:
    """Return whether the form of that token is done for the first time; one that carries none always is.

    To be called in the transaction of the act: whoever sends the same form meanwhile waits for it, and a refusal gives
    the token back.
    """
    return jeton is None or Envoi.objects.get_or_create(pk=jeton)[1]


def envois_a_effacer(le: date):
    """Return the tokens of the forms done well before `le`."""
    return Envoi.objects.filter(le__date__lt=le - CONSERVATION)


@transaction.atomic
def effacer_envois(*, cles: list[UUID], le: date, maintenant: datetime) -> int:
    """Delete these tokens; return how many."""
    return envois_a_effacer(le=le).filter(pk__in=cles).delete()[0]
