"""Celery's wake-up for the imports of decisions that somebody launched (C10)."""

from datetime import timedelta

from celery import shared_task

from conventions.models import Import
from conventions.operations import imports
from sev.socle.passages import executer
from sev.socle.temps import aujourdhui, maintenant

LOT = 50
# Below the time limit of a task: what is left waits for the next run, fifteen seconds later.
DUREE = timedelta(minutes=3)


@shared_task
def importer_decisions() -> int:
    """Write the lines of the imports that were launched; return how many."""
    return executer("imports", _importer)


def _importer() -> int:
    faites, fin = 0, maintenant() + DUREE
    for lot in Import.objects.lances():
        while maintenant() < fin:
            lues = imports.importer(lot=lot, le=aujourdhui(), maintenant=maintenant(), limite=LOT)
            faites += lues
            if lues < LOT:
                break
    return faites
