"""Celery's wake-up for the figures."""

from celery import shared_task

from activite.operations import relever_les_annees
from sev.socle.passages import executer
from sev.socle.temps import aujourdhui, maintenant


@shared_task
def relever_activite() -> int:
    """Count again the years that may have changed; return how many."""
    return executer("activite", lambda: relever_les_annees(le=aujourdhui(), maintenant=maintenant()))
