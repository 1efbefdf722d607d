"""The clock's jobs: what beat wakes, what `manage.py echeances` runs, in this order, and what /sante/ watches.

The settings read this table, so that nothing of ours is imported before it is used. What is due is a query on
Postgres: the hours only say how soon it is noticed.
"""

from dataclasses import dataclass
from datetime import timedelta

from celery import Task
from celery.schedules import crontab
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Echeance:
    """A job: its name in the record of runs, what staff read, its task, when it wakes (seconds, or hours in Paris).

    Beyond `tarde_apres` the age of its last run says that it is late.
    """

    nom: str
    libelle: str
    chemin: str
    horaire: crontab | float
    tarde_apres: timedelta

    @property
    def tache(self) -> Task:
        """The task itself; it returns how many things it did."""
        return import_string(self.chemin)


# How often a job wakes, and the age beyond which its last run is late.
SANS_CESSE = crontab(minute="*/5"), timedelta(minutes=20)


def toutes_les(secondes: float) -> tuple[float, timedelta]:
    """Return the rhythm of what somebody waits for."""
    return secondes, timedelta(minutes=5)


def chaque_heure(minute: int) -> tuple[crontab, timedelta]:
    """Return the rhythm of what may wait an hour."""
    return crontab(minute=minute), timedelta(hours=3)


def chaque_nuit(heure: int, minute: int) -> tuple[crontab, timedelta]:
    """Return the rhythm of what is heavy, or in no hurry."""
    return crontab(hour=heure, minute=minute), timedelta(hours=30)


# After an outage of weeks a window opens, then lapses, in that order; mails last: they tell what the others did.
ECHEANCES = (
    Echeance("verrouillage", "Verrouiller les listes", "sejours.tasks.verrouiller_listes", *SANS_CESSE),
    Echeance("ouvertures", "Ouvrir les validations", "validation.tasks.ouvrir_validations", *SANS_CESSE),
    Echeance(
        "depassements",
        "Constater les délais dépassés",
        "validation.tasks.constater_depassements",
        *SANS_CESSE,
    ),
    Echeance("options", "Faire tomber les options échues", "sejours.tasks.faire_tomber_options", *SANS_CESSE),
    Echeance(
        "rappels", "Rappeler les listes incomplètes", "sejours.tasks.rappeler_listes", *chaque_heure(10)
    ),
    Echeance(
        "rappels-validation",
        "Rappeler les validations",
        "validation.tasks.rappeler_validations",
        *chaque_heure(20),
    ),
    Echeance("imports", "Importer les décisions", "conventions.tasks.importer_decisions", *toutes_les(15)),
    Echeance(
        "files-d-attente", "Servir les files d'attente d'aides", "seniors.tasks.servir_files", *SANS_CESSE
    ),
    Echeance(
        "pieces", "Détruire les pièces anciennes", "validation.tasks.detruire_pieces", *chaque_nuit(3, 40)
    ),
    Echeance("doublons", "Chercher les doublons", "seniors.tasks.chercher_doublons", *chaque_nuit(3, 10)),
    Echeance("retention", "Effacer ce qui n'est plus nécessaire", "sev.tasks.purger", *chaque_nuit(3, 40)),
    Echeance("activite", "Relever l'activité", "activite.tasks.relever_activite", *chaque_heure(30)),
    Echeance("courriels", "Envoyer les courriels", "sev.socle.tasks.envoyer_courriels", *toutes_les(20)),
)
