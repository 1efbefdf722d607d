"""What is offered, on which dates, and to which group."""

from sejours.models.groupes import DemandePlaces, Groupe
from sejours.models.offres import Equipement, Offre, Sejour

__all__ = ["DemandePlaces", "Equipement", "Groupe", "Offre", "Sejour"]
