"""Who went, who is paid: the two windows, the presences, the reports, the sums due and their batches."""

from validation.models.signalements import PersonneSignalee, Piece, Signalement
from validation.models.validations import Presence, Validation
from validation.models.versements import CoordonneesBancaires, Lot, Rejet, Versement, Virement

__all__ = [
    "CoordonneesBancaires",
    "Lot",
    "PersonneSignalee",
    "Piece",
    "Presence",
    "Rejet",
    "Signalement",
    "Validation",
    "Versement",
    "Virement",
]
