"""What a form says about a person and a stay: the words in which the operations are spoken to."""

from dataclasses import dataclass, fields, replace
from decimal import Decimal

from seniors.models import Inscription

# The fields of the fiche that are kept on the person, and those kept on the registration.
COORDONNEES = (
    "civilite",
    "nom_naissance",
    "email",
    "telephone",
    "contact_urgence",
    "adresse",
    "complement",
    "code_postal",
    "ville",
)
DU_SEJOUR = (
    "eligibilite",
    "nature_aidant",
    "handicape",
    "dependant",
    "rfr_confidentiel",
    "revenu_imposable",
    "parts",
    "situation",
    "avec_conjoint",
    "chambre_individuelle",
    "regroupement",
    "commentaires",
)


@dataclass(frozen=True, kw_only=True)
class Fiche:
    """The whole form of the manual (I3). `senior_lie` and `conjoint` are keys of registrations of the same list.

    `rfr` None on a correction means « as it was » when the amount is confidential and was not shown.
    """

    civilite: str
    adresse: str
    code_postal: str
    ville: str
    eligibilite: str
    complement: str = ""
    nom_naissance: str = ""
    email: str = ""
    telephone: str = ""
    contact_urgence: str = ""
    nature_aidant: str = ""
    senior_lie: int | None = None
    handicape: bool = False
    dependant: bool = False
    rfr: Decimal | None = None
    rfr_confidentiel: bool = False
    rfr_zero_confirme: bool = False
    revenu_imposable: Decimal | None = None
    parts: Decimal | None = None
    situation: str = ""
    avec_conjoint: bool = False
    conjoint: int | None = None
    chambre_individuelle: bool = False
    regroupement: str = ""
    commentaires: str = ""

    @classmethod
    def de(cls, inscription: Inscription) -> "Fiche":
        """Return what is on record: the fiche from which a correction or a restoration starts."""
        valeurs = {nom: getattr(inscription.senior, nom) for nom in COORDONNEES}
        valeurs |= {nom: getattr(inscription, nom) for nom in DU_SEJOUR}
        return cls(
            **valeurs,
            rfr=inscription.rfr,
            rfr_zero_confirme=True,
            senior_lie=inscription.senior_lie_id,
            conjoint=inscription.conjoint_id,
        )

    def completee_par(self, inscription: Inscription) -> "Fiche":
        """Return the fiche with the confidential income on record where none was typed over it.

        It stays confidential: unticking the box without typing the amount would show it (X2).
        """
        if self.rfr is not None or inscription.rfr is None or not inscription.rfr_confidentiel:
            return self
        return replace(self, rfr=inscription.rfr, rfr_zero_confirme=True, rfr_confidentiel=True)

    def coordonnees(self) -> dict:
        """Return what is kept on the person."""
        return {nom: getattr(self, nom) for nom in COORDONNEES}

    def du_sejour(self) -> dict:
        """Return what is kept on the registration; a carer's nature and the link only where they have a sense."""
        valeurs = {nom: getattr(self, nom) for nom in DU_SEJOUR}
        if self.eligibilite != Inscription.Eligibilite.AIDANT:
            valeurs["nature_aidant"] = ""
        lie = self.eligibilite in (Inscription.Eligibilite.AIDANT, Inscription.Eligibilite.CONJOINT)
        return valeurs | {
            "rfr": self.rfr,
            "senior_lie_id": self.senior_lie if lie else None,
            "conjoint_id": self.conjoint if self.avec_conjoint else None,
        }


NOMS_DE_LA_FICHE = tuple(champ.name for champ in fields(Fiche))
