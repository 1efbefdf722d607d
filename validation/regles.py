"""Dates of the two windows, and what a ticked list amounts to: pure functions, calendar days, euros."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sev.socle.typographie import quantite

DELAI = 15
# Days left at which a reminder is sent, once each (V4).
RAPPELS = (8, 2, 0)


def ouverture_du_prestataire(fin: date) -> date:
    """Return the first day of the provider's window: the day after the stay's end (V1)."""
    return fin + timedelta(1)


def echeance_du_prestataire(fin: date) -> date:
    """Return the last day of the provider's window (V1: 21 May, to 5 June)."""
    return fin + timedelta(DELAI)


def echeance_du_porteur(validee: date) -> date:
    """Return the last day of the porteur's window (V2: validated on 30 May, to 14 June)."""
    return validee + timedelta(DELAI)


def reste_apres_reponse(jours: int) -> str:
    """Say what is left of a window that a report stopped (V5)."""
    if jours == 0:
        return "Il restera le jour même de la réponse de l'ANCV, jusqu'à minuit."
    return f"Il restera {quantite(jours, 'jour')} quand l'ANCV aura répondu."


@dataclass(frozen=True)
class Ligne:
    """A person of a list being ticked: `coche` as the page has it, `selon_prestataire` None while it has not said."""

    inscription: int
    nom: str
    aide: Decimal | None
    coche: bool
    selon_prestataire: bool | None = None

    @property
    def desaccord(self) -> bool:
        return self.selon_prestataire is not None and self.selon_prestataire != self.coche


@dataclass(frozen=True)
class Somme:
    """What a ticked list amounts to: paid (by amount), given back, left to ANCV. Only aided persons count."""

    versees: tuple[tuple[Decimal, int], ...]
    absents: tuple[Ligne, ...]
    litiges: tuple[Ligne, ...]

    @property
    def verse(self) -> Decimal:
        return sum((montant * combien for montant, combien in self.versees), Decimal(0))

    @property
    def aides(self) -> int:
        return sum(combien for _, combien in self.versees)

    @property
    def rendu(self) -> Decimal:
        return sum((ligne.aide for ligne in self.absents), Decimal(0))

    @property
    def en_litige(self) -> Decimal:
        return sum((ligne.aide for ligne in self.litiges), Decimal(0))


def somme(lignes) -> Somme:
    """Add up the aids of a ticked list (V6, V7): a person about whom the two sides disagree waits for ANCV."""
    aidees = [ligne for ligne in lignes if ligne.aide is not None]
    accord = [ligne for ligne in aidees if not ligne.desaccord]
    montants = Counter(ligne.aide for ligne in accord if ligne.coche)
    return Somme(
        versees=tuple(sorted(montants.items(), reverse=True)),
        absents=tuple(ligne for ligne in accord if not ligne.coche),
        litiges=tuple(ligne for ligne in aidees if ligne.desaccord),
    )
