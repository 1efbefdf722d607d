"""Celery's wake-ups for the outbox."""

from celery import shared_task

from sev.socle import courriels
from sev.socle.passages import executer
from sev.socle.temps import maintenant


@shared_task
def envoyer_courriels() -> int:
    """Send the mails that are due; return how many left."""
    return executer("courriels", lambda: courriels.envoyer(maintenant=maintenant()))
