"""The settings of the programs that the tests of faults start: the real ones, but for what PANNES_REGLAGES says."""

import json
import os

from sev.settings import *  # noqa: F403
from sev.settings import CELERY_BEAT_SCHEDULE, CELERY_BROKER_TRANSPORT_OPTIONS, STORAGES

# Static files from their sources: nothing has been collected.
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
CELERY_BEAT_SCHEDULE = {nom: entree | {"schedule": 1.0} for nom, entree in CELERY_BEAT_SCHEDULE.items()}
# What a dead worker held is looked for each second.
CELERY_BROKER_TRANSPORT_OPTIONS = CELERY_BROKER_TRANSPORT_OPTIONS | {"unacked_restore_interval": 1}
vars().update(json.loads(os.environ.get("PANNES_REGLAGES", "{}")))
