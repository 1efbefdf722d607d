"""Celery's wake-ups for the lock of the lists, the lapse of options and the reminders."""

from celery import shared_task

from sejours.operations import groupes, options
from sev.socle.passages import executer
from sev.socle.temps import aujourdhui, maintenant


@shared_task
def verrouiller_listes() -> int:
    """Record the locks that are due; return how many."""
    return executer(
        "verrouillage", lambda: groupes.verrouiller_listes(le=aujourdhui(), maintenant=maintenant())
    )


@shared_task
def faire_tomber_options() -> int:
    """Let lapse the options that nobody answered in time; return how many."""
    return executer("options", lambda: options.faire_tomber(le=aujourdhui(), maintenant=maintenant()))


@shared_task
def rappeler_listes() -> int:
    """Remind the porteurs of lists that have free places; return how many mails."""
    return executer("rappels", lambda: groupes.rappeler_listes_incompletes(le=aujourdhui()))
