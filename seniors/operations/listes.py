"""The list as a whole: how it is locked, and how it refuses."""

from datetime import date

from django.utils.timezone import localtime

from sejours.models import Groupe
from seniors.regles.eligibilite import Obstacle
from sev.socle.refus import RefusMetier
from sev.socle.typographie import INSECABLE, date_longue

# What a list that closed meanwhile says (I14), by what was tried: when it closed, what was not done.
TROP_TARD = {
    "inscription": ("pendant votre saisie", "Cette inscription n'a pas été enregistrée."),
    "correction": ("pendant votre saisie", "Cette correction n'a pas été enregistrée."),
    "effacement": ("entre-temps", "Cette personne reste sur la liste."),
    "effacement de tous": ("pendant votre saisie", "Personne n'a été retiré de la liste."),
    "rétablissement": ("entre-temps", "Personne n'a été remis sur la liste."),
}


class InscriptionRefusee(RefusMetier):
    """The list can't take this person, or this change; `obstacles` say why, each at its form field."""

    def __init__(self, *obstacles: Obstacle, lien: tuple[str, int] | None = None):
        super().__init__(" ".join(o.message for o in obstacles), champ=obstacles[0].champ)
        self.obstacles = obstacles
        self.lien = lien


class ListeClose(InscriptionRefusee):
    """The list no longer changes: its last day is past (I14), its group is cancelled, or it was confirmed."""


def verrouiller_liste(groupe: Groupe, le: date, *, pour: str) -> Groupe:
    """Lock the group and return it, fresh, with its stay and tariff; `pour` is what is tried, a key of TROP_TARD.

    Raises ListeClose once the list is final (I14).
    """
    groupe = _verrouillee(groupe)
    if not groupe.modifiable(le):
        quand, effet = TROP_TARD[pour]
        message = (
            f"La liste a fermé {quand}, le {date_longue(groupe.dernier_jour, le)} à minuit. {effet} "
            f"Écrivez à l'ANCV, groupe n°{INSECABLE}{groupe.pk}."
        )
        raise ListeClose(Obstacle("", message))
    return groupe


def verrouiller_pour_amender(groupe: Groupe) -> Groupe:
    """Lock the group as `verrouiller_liste` does, its last day past or not: ANCV amends closed lists too (I15).

    Raises ListeClose once both parties, or ANCV, have said who travelled.
    """
    groupe = _verrouillee(groupe)
    if groupe.solde_le is not None:
        message = f"La liste a été confirmée le {localtime(groupe.solde_le):%d/%m/%Y} : elle ne change plus."
        raise ListeClose(Obstacle("", message))
    return groupe


def _verrouillee(groupe: Groupe) -> Groupe:
    groupe = Groupe.objects.select_related("sejour__offre").tarifes().prendre(groupe.pk)
    if groupe.annule_le is not None:
        raise ListeClose(Obstacle("", "Ce groupe est annulé : sa liste ne change plus."))
    return groupe


def refuser(*obstacles: Obstacle | None) -> None:
    """Raise InscriptionRefusee when one of `obstacles` is real."""
    if reels := [o for o in obstacles if o is not None]:
        raise InscriptionRefusee(*reels)
