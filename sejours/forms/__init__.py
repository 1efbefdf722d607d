"""What people type. Forms check the shape of an answer and write nothing."""

from sejours.forms.ancv import EquipementForm, OffreForm, PreinscriptionForm, SejourForm
from sejours.forms.groupes import DemandePlacesForm, FiltreGroupes

__all__ = [
    "DemandePlacesForm",
    "EquipementForm",
    "FiltreGroupes",
    "OffreForm",
    "PreinscriptionForm",
    "SejourForm",
]
