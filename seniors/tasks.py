"""Celery's wake-ups for the queues of those who wait for credit, and for the search of doubles."""

from celery import shared_task

from seniors.operations import doublons
from seniors.operations.files import servir_toutes_les_files
from sev.socle.passages import executer
from sev.socle.temps import aujourdhui, maintenant


@shared_task
def servir_files() -> int:
    """Grant the aids that credit which came back or in allows; return how many."""
    return executer("files-d-attente", lambda: servir_toutes_les_files(le=aujourdhui()))


@shared_task
def chercher_doublons() -> int:
    """Compare the persons that are new or changed with all others; return how many probable doubles were found."""
    return executer("doublons", lambda: doublons.chercher_doublons(maintenant=maintenant()))
