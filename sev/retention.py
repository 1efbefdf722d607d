"""The rules of retention (X4): what `manage.py purger` and the clock go through, in this order.

What each is counted from, and for how long, is in settings.RETENTION_MOIS, RETENTION_JOURS and in docs/privacy.md.
"""

from datetime import date, datetime

from conventions.operations.retention import (
    effacer_essais,
    effacer_imports,
    effacer_seances,
    essais_a_effacer,
    imports_a_effacer,
    seances_a_effacer,
)
from sejours.operations.retention import effacer_recherches, recherches_a_effacer
from seniors.models import Inscription, Senior
from seniors.operations import retention as seniors
from sev.socle.courriels import effacer_textes, textes_a_effacer
from sev.socle.duree import sans_limite
from sev.socle.envois import effacer_envois, envois_a_effacer
from sev.socle.retention import Regle
from validation.models import Lot
from validation.operations.retention import effacer_fichiers, effacer_revenus, revenus_a_effacer

# Persons last among those of the lists: their incomes and comments are then already gone.
REGLES = (
    Regle(
        "commentaires",
        "commentaires et souhaits des séjours terminés",
        Inscription.objects.commentaires_a_effacer,
        seniors.effacer_commentaires,
    ),
    Regle(
        "revenus",
        "revenus des listes soldées et payées",
        revenus_a_effacer,
        effacer_revenus,
    ),
    Regle("personnes", "personnes sans séjour récent", Senior.objects.a_oublier, seniors.oublier_personnes),
    Regle(
        "fusions", "valeurs d'avant des fusions anciennes", seniors.fusions_a_oublier, seniors.oublier_fusions
    ),
    Regle(
        "fichiers-de-virement",
        "fichiers de la banque et IBAN des lots terminés",
        Lot.objects.fichiers_a_effacer,
        effacer_fichiers,
    ),
    Regle("recherches", "recherches gardées des comptes fermés", recherches_a_effacer, effacer_recherches),
    Regle("courriels", "textes des courriels envoyés", textes_a_effacer, effacer_textes),
    Regle("imports", "rapports d'imports anciens", imports_a_effacer, effacer_imports),
    Regle("seances", "séances terminées, avec ce qui y était tapé", seances_a_effacer, effacer_seances),
    Regle("envois", "jetons des formulaires envoyés", envois_a_effacer, effacer_envois),
    Regle("essais-de-connexion", "essais de connexion refusés", essais_a_effacer, effacer_essais),
)


def combien(*, le: date) -> dict[str, int]:
    """Return how many rows each rule would go through on `le`; nothing is written."""
    with sans_limite():
        return {regle.nom: regle.combien(le=le) for regle in REGLES}


def purger(*, le: date, maintenant: datetime, lots: int | None = None) -> dict[str, int]:
    """Go through every rule, at most `lots` lots of each; return how many rows each one did."""
    with sans_limite():
        return {regle.nom: regle.appliquer(le=le, maintenant=maintenant, lots=lots) for regle in REGLES}
