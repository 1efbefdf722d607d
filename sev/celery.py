"""The Celery application: its schedule is code (sev.echeances), its broker only carries wake-ups."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sev.settings")

app = Celery("sev")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
