"""Who sleeps with whom, and what the kitchen and the reception must know. Pure: no model, no clock."""

from seniors.rooming.chambres import Arrangement, Chambre, Participant, arranger
from seniors.rooming.remarques import Genre, Remarque, lire, sujet

__all__ = ["Arrangement", "Chambre", "Genre", "Participant", "Remarque", "arranger", "lire", "sujet"]
