"""Celery's wake-ups for the windows that follow a stay: openings, lapses, reminders."""

from celery import shared_task

from sev.socle.passages import executer
from sev.socle.temps import aujourdhui, maintenant
from validation.operations import fenetres, pieces


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


@shared_task
def detruire_pieces() -> int:
    """Destroy the papers of reports whose time is over, and remove files that belong to none; return how many."""

    def travail() -> int:
        detruites = pieces.detruire_pieces(le=aujourdhui(), maintenant=maintenant())
        return detruites + pieces.jeter_les_orphelines(avant=maintenant() - pieces.ORPHELINE_APRES)

    return executer("pieces", travail)
