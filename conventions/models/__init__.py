"""Who takes part in the programme, and with how much money."""

from conventions.models.complements import DemandeComplement
from conventions.models.credits import Credit, Mouvement
from conventions.models.imports import Decision, Import, LigneImport
from conventions.models.organismes import Compte, Convention, Organisme
from conventions.models.programme import Bareme, Fermeture, Programme, Tarif

__all__ = [
    "Bareme",
    "Compte",
    "Convention",
    "Credit",
    "Decision",
    "DemandeComplement",
    "Fermeture",
    "Import",
    "LigneImport",
    "Mouvement",
    "Organisme",
    "Programme",
    "Tarif",
]
