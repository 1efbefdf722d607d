"""Celery's wake-up for the lock of the lists."""

from celery import shared_task

from sejours.operations import groupes
from sev.socle.passages import executer
from sev.socle.temps import aujourdhui, maintenant


@shared_task
def verrouiller_listes() -> int:
    """Record the locks that are due; return how many."""
    return executer(
        "verrouillage", lambda: groupes.verrouiller_listes(le=aujourdhui(), maintenant=maintenant())
    )
