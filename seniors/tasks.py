"""Celery's wake-up for the queues of those who wait for credit."""

from celery import shared_task

from seniors.operations.files import servir_toutes_les_files
from sev.socle.passages import executer
from sev.socle.temps import aujourdhui


@shared_task
def servir_files() -> int:
    """Grant the aids that credit which came back or in allows; return how many."""
    return executer("files-d-attente", lambda: servir_toutes_les_files(le=aujourdhui()))
