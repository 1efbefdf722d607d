"""Celery's wake-up for the rules of retention."""

from celery import shared_task

from sev import retention
from sev.socle.passages import executer
from sev.socle.retention import LOTS_PAR_PASSAGE
from sev.socle.temps import aujourdhui, maintenant


@shared_task
def purger() -> int:
    """Take away the personal data that is no longer needed; return how many rows; a run stops after some lots."""

    def travail() -> int:
        faits = retention.purger(le=aujourdhui(), maintenant=maintenant(), lots=LOTS_PAR_PASSAGE)
        return sum(faits.values())

    return executer("retention", travail)
