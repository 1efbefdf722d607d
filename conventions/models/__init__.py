"""Who takes part in the programme, and with how much money."""

from conventions.models.complements import DemandeComplement
from conventions.models.credits import Credit, Mouvement
from conventions.models.imports import Decision, Import, LigneImport
from conventions.models.organismes import Compte, Convention, Organisme
from conventions.models.programme import Bareme, Fermeture, Programme, Tarif
from conventions.models.securite import CarteDeSecours, CodeDeSecours, EvenementSecurite

__all__ = [
    "Bareme",
    "CarteDeSecours",
    "CodeDeSecours",
    "Compte",
    "Convention",
    "Credit",
    "Decision",
    "DemandeComplement",
    "EvenementSecurite",
    "Fermeture",
    "Import",
    "LigneImport",
    "Mouvement",
    "Organisme",
    "Programme",
    "Tarif",
]
