"""What people type. Forms check the shape of an answer and write nothing."""

from conventions.forms.ancv import (
    ActivationForm,
    AgentForm,
    AllocationForm,
    ConventionForm,
    CorrectionAdresseForm,
    MouvementForm,
    ProgrammeForm,
    SuspensionForm,
)
from conventions.forms.comptes import AdresseForm, InformationsForm, InvitationForm, UtilisateurForm
from conventions.forms.seance import ChoixMotDePasseForm, ConnexionForm, MotDePasseForm, OubliForm

__all__ = [
    "ActivationForm",
    "AdresseForm",
    "AgentForm",
    "AllocationForm",
    "ChoixMotDePasseForm",
    "ConnexionForm",
    "ConventionForm",
    "CorrectionAdresseForm",
    "InformationsForm",
    "InvitationForm",
    "MotDePasseForm",
    "MouvementForm",
    "OubliForm",
    "ProgrammeForm",
    "SuspensionForm",
    "UtilisateurForm",
]
