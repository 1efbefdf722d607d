"""What is offered, on which dates, and to which group."""

from sejours.models.agenda import Agenda
from sejours.models.groupes import DemandePlaces, Groupe
from sejours.models.offres import Equipement, Offre, Photo, Sejour
from sejours.models.options import Option, RechercheGardee

__all__ = [
    "Agenda",
    "DemandePlaces",
    "Equipement",
    "Groupe",
    "Offre",
    "Option",
    "Photo",
    "RechercheGardee",
    "Sejour",
]
