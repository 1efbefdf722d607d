"""The clock's jobs: what `manage.py echeances` runs, in this order, and what /sante/ watches.

Celery's schedule (settings.CELERY_BEAT_SCHEDULE) wakes the same tasks; what is due is a query on Postgres.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from activite.tasks import relever_activite
from conventions.tasks import importer_decisions
from sejours.tasks import faire_tomber_options, rappeler_listes, verrouiller_listes
from seniors.tasks import chercher_doublons, servir_files
from sev.socle.tasks import effacer_seances, envoyer_courriels
from sev.tasks import purger
from validation.tasks import (
    constater_depassements,
    detruire_pieces,
    ouvrir_validations,
    rappeler_validations,
)


@dataclass(frozen=True)
class Echeance:
    """A job: its name in the schedule and in the record of runs, and the age beyond which its last run is late."""

    nom: str
    tache: Callable[[], int]
    tarde_apres: timedelta


# After an outage of weeks a window opens, then lapses, in that order; mails last: they tell what the others did.
ECHEANCES = (
    Echeance("verrouillage", verrouiller_listes, timedelta(minutes=20)),
    Echeance("ouvertures", ouvrir_validations, timedelta(minutes=20)),
    Echeance("depassements", constater_depassements, timedelta(minutes=20)),
    Echeance("options", faire_tomber_options, timedelta(minutes=20)),
    Echeance("rappels", rappeler_listes, timedelta(hours=3)),
    Echeance("rappels-validation", rappeler_validations, timedelta(hours=3)),
    Echeance("imports", importer_decisions, timedelta(minutes=5)),
    Echeance("files-d-attente", servir_files, timedelta(minutes=20)),
    Echeance("pieces", detruire_pieces, timedelta(hours=30)),
    Echeance("seances", effacer_seances, timedelta(hours=30)),
    Echeance("doublons", chercher_doublons, timedelta(hours=30)),
    Echeance("retention", purger, timedelta(hours=30)),
    Echeance("activite", relever_activite, timedelta(hours=3)),
    Echeance("courriels", envoyer_courriels, timedelta(minutes=5)),
)
