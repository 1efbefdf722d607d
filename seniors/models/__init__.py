"""Who goes: the persons, and their registrations on the groups' lists."""

from seniors.models.demandes import DemandeDonnees
from seniors.models.doublons import Doublon, Fusion
from seniors.models.inscriptions import Inscription
from seniors.models.seniors import Senior

__all__ = ["DemandeDonnees", "Doublon", "Fusion", "Inscription", "Senior"]
