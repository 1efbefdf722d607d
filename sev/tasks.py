"""Celery's wake-up for the rules of retention."""

from celery import shared_task

from sev import retention
from sev.socle.passages import executer
from sev.socle.temps import aujourdhui, maintenant


@shared_task
def purger() -> int:
    """Take away the personal data that is no longer needed; return how many rows."""
    return executer(
        "retention", lambda: sum(retention.purger(le=aujourdhui(), maintenant=maintenant()).values())
    )
