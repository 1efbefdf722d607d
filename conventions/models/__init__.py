"""Who takes part in the programme, and with how much money."""

from conventions.models.credits import Credit, Mouvement
from conventions.models.organismes import Compte, Convention, Organisme
from conventions.models.programme import Bareme, Fermeture, Programme, Tarif

__all__ = [
    "Bareme",
    "Compte",
    "Convention",
    "Credit",
    "Fermeture",
    "Mouvement",
    "Organisme",
    "Programme",
    "Tarif",
]
