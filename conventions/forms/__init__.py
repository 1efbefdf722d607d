"""What people type. Forms check the shape of an answer and write nothing."""

from conventions.forms.ancv import (
    AccordForm,
    ActivationForm,
    AgentForm,
    AllocationForm,
    AnneeSuivanteForm,
    ConventionForm,
    CorrectionAdresseForm,
    MotifForm,
    MouvementForm,
    PlafondForm,
    ProgrammeForm,
    RefusForm,
    RenouvellementForm,
    SuspensionForm,
    TarifForm,
)
from conventions.forms.comptes import AdresseForm, InformationsForm, InvitationForm, UtilisateurForm
from conventions.forms.credits import ComplementForm, FiltreMouvements
from conventions.forms.imports import ImportForm
from conventions.forms.seance import ChoixMotDePasseForm, ConnexionForm, MotDePasseForm, OubliForm

__all__ = [
    "AccordForm",
    "ActivationForm",
    "AdresseForm",
    "AgentForm",
    "AllocationForm",
    "AnneeSuivanteForm",
    "ChoixMotDePasseForm",
    "ComplementForm",
    "ConnexionForm",
    "ConventionForm",
    "CorrectionAdresseForm",
    "FiltreMouvements",
    "ImportForm",
    "InformationsForm",
    "InvitationForm",
    "MotDePasseForm",
    "MotifForm",
    "MouvementForm",
    "OubliForm",
    "PlafondForm",
    "ProgrammeForm",
    "RefusForm",
    "RenouvellementForm",
    "SuspensionForm",
    "TarifForm",
    "UtilisateurForm",
]
