"""The wiring of SEV: settings, addresses, clock, commands. It answers no question of the domain."""

from sev.celery import app as celery_app

__all__ = ["celery_app"]
