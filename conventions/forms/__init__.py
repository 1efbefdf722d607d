"""What people type. Forms check the shape of an answer and write nothing."""

from conventions.forms.ancv import (
    ActivationForm,
    AgentForm,
    AllocationForm,
    ConventionForm,
    CorrectionAdresseForm,
    DroitsForm,
    MotifForm,
    MouvementForm,
    ProgrammeForm,
    SuspensionForm,
)
from conventions.forms.comptes import AdresseForm, InformationsForm, InvitationForm, UtilisateurForm
from conventions.forms.seance import (
    ChoixMotDePasseForm,
    CodeDeSecoursForm,
    CodeForm,
    ConnexionForm,
    MotDePasseForm,
    OubliForm,
    PasseActuelForm,
    TelephoneForm,
)

__all__ = [
    "ActivationForm",
    "AdresseForm",
    "AgentForm",
    "AllocationForm",
    "ChoixMotDePasseForm",
    "CodeDeSecoursForm",
    "CodeForm",
    "ConnexionForm",
    "ConventionForm",
    "CorrectionAdresseForm",
    "DroitsForm",
    "InformationsForm",
    "InvitationForm",
    "MotDePasseForm",
    "MotifForm",
    "MouvementForm",
    "OubliForm",
    "PasseActuelForm",
    "ProgrammeForm",
    "SuspensionForm",
    "TelephoneForm",
    "UtilisateurForm",
]
