"""A porteur's stays as cards, and a provider's next arrivals: what the home pages show below the tasks."""

from dataclasses import dataclass
from datetime import date

from sejours.models import Groupe
from sev.socle.typographie import date_longue

BIENTOT = 2


@dataclass(frozen=True)
class Carte:
    """A group as a card: `etat` and `ton` for the badge, `suite` for the next date."""

    groupe: Groupe
    etat: str
    ton: str
    suite: str


def carte(groupe: Groupe, *, le: date) -> Carte:
    """Return the card of `groupe` as it stands on `le`."""
    return Carte(groupe, *_etat(groupe, le))


def _etat(groupe: Groupe, le: date) -> tuple[str, str, str]:
    fermeture = date_longue(groupe.dernier_jour, le)
    if groupe.annule_le is not None:
        return "Annulé", "non", f"Motif : {groupe.motif_annulation}"
    if groupe.sejour.fin < le:
        return "Séjour terminé", "", f"Terminé depuis le {date_longue(groupe.sejour.fin, le)}."
    if groupe.verrouille(le):
        return "Liste définitive", "", f"Fermée depuis le {fermeture} à minuit."
    reste = (groupe.dernier_jour - le).days
    if reste == 0:
        return "Liste ouverte", "att", "Ferme ce soir à minuit."
    return "Liste ouverte", "att" if reste <= BIENTOT else "info", f"Ferme le {fermeture} à minuit."
