"""Celery's wake-ups for the windows that follow a stay: openings, lapses, reminders."""

from celery import shared_task

from sev.socle.passages import executer
from sev.socle.temps import aujourdhui, maintenant
from validation.operations import fenetres


@shared_task
def ouvrir_validations() -> int:
    """Open the windows of the stays that are over; return how many."""
    return executer(
        "ouvertures", lambda: fenetres.ouvrir_validations(le=aujourdhui(), maintenant=maintenant())
    )


@shared_task
def constater_depassements() -> int:
    """Hand over to ANCV the windows that lapsed; return how many."""
    return executer(
        "depassements", lambda: fenetres.constater_depassements(le=aujourdhui(), maintenant=maintenant())
    )


@shared_task
def rappeler_validations() -> int:
    """Remind the parties of the windows that end soon; return how many mails."""
    return executer("rappels-validation", lambda: fenetres.rappeler(le=aujourdhui()))
