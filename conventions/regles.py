"""What a line of a file of decisions does, decided on what is known (C10). Pure: reads nothing, writes nothing."""

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from sev.socle.typographie import euros

PORTEUR, PRESTATAIRE = "PORTEUR", "PRESTATAIRE"
PRETE, DEJA, ERREUR = "PRETE", "DEJA", "ERREUR"
CREER, ACTIVER, RENOUVELER, COMPLETER, RECONDUIRE = (
    "CREER",
    "ACTIVER",
    "RENOUVELER",
    "COMPLETER",
    "RECONDUIRE",
)
# What a convention that nobody knows yet needs: the name of each answer, and its words.
POUR_CREER = (
    ("nature", "la nature"),
    ("nom", "l'organisme"),
    ("titulaire", "le titulaire"),
    ("email", "l'e-mail"),
)


@dataclass(frozen=True)
class LigneDecision:
    """A well-formed line. `montant` is in euros; texts that the file leaves empty are empty."""

    reference: str
    numero: str
    annee: int
    montant: Decimal
    decidee_le: date | None = None
    nature: str = ""
    nom: str = ""
    type_porteur: str = ""
    titulaire: str = ""
    email: str = ""
    telephone: str = ""
    voie: str = ""
    complement: str = ""
    code_postal: str = ""
    ville: str = ""

    def en_valeurs(self) -> dict:
        """Return the line as plain values, which `de` reads again."""
        quand = self.decidee_le and self.decidee_le.isoformat()
        return asdict(self) | {"montant": str(self.montant), "decidee_le": quand}

    @classmethod
    def de(cls, valeurs: dict) -> "LigneDecision":
        """Return the line whose plain values these are."""
        quand = valeurs["decidee_le"] and date.fromisoformat(valeurs["decidee_le"])
        return cls(**valeurs | {"montant": Decimal(valeurs["montant"]), "decidee_le": quand})


@dataclass(frozen=True)
class LigneLue:
    """A line of the file: its number there, its cells as typed, and the decision, or why there is none."""

    rang: int
    cellules: dict[str, str]
    decision: LigneDecision | None
    erreur: str = ""


@dataclass(frozen=True)
class ConventionConnue:
    """What matters of a convention that exists."""

    nature: str
    activee: bool
    suspendue_le: date | None = None
    close_le: date | None = None


@dataclass(frozen=True)
class DecisionConnue:
    """A decision that was imported already, or that stands on line `rang` of the same file."""

    numero: str
    annee: int
    montant: Decimal
    rang: int | None = None


@dataclass(frozen=True)
class Etat:
    """What is known when a line is decided. `libre`: euros left of the year's envelope, None without a programme."""

    decision: DecisionConnue | None
    convention: ConventionConnue | None
    identifiant_pris: bool
    libre: Decimal | None
    dotee: bool


@dataclass(frozen=True)
class Verdict:
    """What a line will do (`action` when it is ready), or why it does nothing."""

    issue: str
    action: str = ""
    message: str = ""


def decider(ligne: LigneDecision, etat: Etat) -> Verdict:
    """Decide what `ligne` does to what is known."""
    if etat.decision:
        return _deja_lue(ligne, etat.decision)
    if erreur := _erreur(ligne, etat):
        return Verdict(ERREUR, message=erreur)
    return Verdict(PRETE, _action(ligne, etat))


def _deja_lue(ligne: LigneDecision, connue: DecisionConnue) -> Verdict:
    ou = f"à la ligne {connue.rang}" if connue.rang else "déjà importée"
    if (ligne.numero, ligne.annee, ligne.montant) == (connue.numero, connue.annee, connue.montant):
        return Verdict(DEJA, message=f"La même décision est {ou}.")
    return Verdict(
        ERREUR,
        message=f"La décision {ligne.reference} est {ou} avec d'autres valeurs : convention {connue.numero}, "
        f"{connue.annee}, {euros(connue.montant)}.",
    )


def _erreur(ligne: LigneDecision, etat: Etat) -> str:
    return (
        _erreur_de_creation(ligne, etat)
        if etat.convention is None
        else _erreur_de_convention(ligne, etat.convention)
    ) or _erreur_de_montant(ligne, etat)


def _erreur_de_creation(ligne: LigneDecision, etat: Etat) -> str:
    voulus = POUR_CREER + ((("type_porteur", "le type"),) if ligne.nature != PRESTATAIRE else ())
    manquent = [mots for champ, mots in voulus if not getattr(ligne, champ)]
    if manquent:
        return f"La convention {ligne.numero} est nouvelle : il manque {', '.join(manquent)}."
    if ligne.nature == PRESTATAIRE and ligne.type_porteur:
        return "Un prestataire n'a pas de type : laissez la case vide."
    if etat.identifiant_pris:
        return f"« {ligne.numero} » est déjà l'identifiant d'un autre compte."
    return ""


def _erreur_de_convention(ligne: LigneDecision, convention: ConventionConnue) -> str:
    if ligne.nature and ligne.nature != convention.nature:
        qui = "prestataire" if convention.nature == PRESTATAIRE else "porteur"
        return f"La convention {ligne.numero} est celle d'un {qui}."
    if convention.close_le:
        return f"La convention {ligne.numero} est close depuis le {convention.close_le:%d/%m/%Y}."
    if convention.suspendue_le:
        return f"La convention {ligne.numero} est suspendue depuis le {convention.suspendue_le:%d/%m/%Y}."
    if not convention.activee and not (ligne.titulaire and ligne.email):
        return f"La convention {ligne.numero} est à activer : il manque le titulaire ou l'e-mail."
    return ""


def _erreur_de_montant(ligne: LigneDecision, etat: Etat) -> str:
    if _nature(ligne, etat) == PRESTATAIRE:
        return "Un prestataire ne reçoit pas de crédits : écrivez 0." if ligne.montant else ""
    if not ligne.montant:
        active = etat.convention is not None and etat.convention.activee
        return "Le montant est nul : il n'y a rien à allouer." if active else ""
    if etat.libre is None:
        return f"Le programme {ligne.annee} n'existe pas encore."
    if ligne.montant > etat.libre:
        return f"L'enveloppe {ligne.annee} serait dépassée : il y reste {euros(etat.libre)}."
    return ""


def _action(ligne: LigneDecision, etat: Etat) -> str:
    if etat.convention is None:
        return CREER
    if not etat.convention.activee:
        return ACTIVER
    if _nature(ligne, etat) == PRESTATAIRE:
        return RECONDUIRE
    return COMPLETER if etat.dotee else RENOUVELER


def _nature(ligne: LigneDecision, etat: Etat) -> str:
    return etat.convention.nature if etat.convention else ligne.nature
