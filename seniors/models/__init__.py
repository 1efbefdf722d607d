"""Who goes: the persons, and their registrations on the groups' lists."""

from seniors.models.inscriptions import Inscription
from seniors.models.seniors import Senior

__all__ = ["Inscription", "Senior"]
