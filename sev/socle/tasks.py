"""Celery's wake-ups for the outbox and for the sessions that have ended."""

from celery import shared_task
from django.contrib.sessions.models import Session

from sev.socle import courriels
from sev.socle.passages import executer
from sev.socle.temps import maintenant


@shared_task
def envoyer_courriels() -> int:
    """Send the mails that are due; return how many left."""
    return executer("courriels", lambda: courriels.envoyer(maintenant=maintenant()))


@shared_task
def effacer_seances() -> int:
    """Delete the sessions that are over, and what was typed in them; return how many."""
    perimees = Session.objects.filter(expire_date__lt=maintenant())
    return executer("seances", lambda: perimees.delete()[0])
