"""What people type. Forms check the shape of an answer and write nothing."""

from sejours.forms.ancv import EquipementForm, OffreForm, PreinscriptionForm, SejourForm
from sejours.forms.equipements import FiltreEquipements
from sejours.forms.groupes import DemandePlacesForm, FiltreGroupes
from sejours.forms.options import OptionForm, RechercheForm, RefusOptionForm
from sejours.forms.prestataire import (
    FiltreSejours,
    MonEquipementForm,
    MonOffreForm,
    OffreModifieeForm,
    PhotoForm,
    PlacesDuSejourForm,
    PublierForm,
    ReconduireForm,
)

__all__ = [
    "DemandePlacesForm",
    "EquipementForm",
    "FiltreEquipements",
    "FiltreGroupes",
    "FiltreSejours",
    "MonEquipementForm",
    "MonOffreForm",
    "OffreForm",
    "OffreModifieeForm",
    "OptionForm",
    "PhotoForm",
    "PlacesDuSejourForm",
    "PreinscriptionForm",
    "PublierForm",
    "RechercheForm",
    "ReconduireForm",
    "RefusOptionForm",
    "SejourForm",
]
