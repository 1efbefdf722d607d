"""A porteur's stays as cards once they are over: who has to answer, and until when."""

from datetime import date

import sejours.cartes
from sejours.cartes import Carte
from sejours.models import Groupe
from sev.socle.typographie import date_longue, quantite
from validation.models.validations import Phase
from validation.suivi import phase_du_groupe


def carte(groupe: Groupe, *, le: date, litiges: int) -> Carte:
    """Return the card of `groupe` (its validation loaded) as its porteur reads it on `le`.

    `litiges`: the people about whom ANCV has not decided yet.
    """
    if groupe.annule_le is not None or groupe.sejour.fin >= le or groupe.inscrits == 0:
        return sejours.cartes.carte(groupe, le=le)
    phase, echeance = phase_du_groupe(groupe, le=le)
    limite = f"jusqu'au {date_longue(echeance, le)} à minuit"
    return Carte(
        groupe,
        *{
            Phase.PRESTATAIRE: ("Séjour terminé", "", f"Le prestataire valide la liste {limite}."),
            Phase.PORTEUR: ("À confirmer par vous", "att", f"À confirmer {limite}."),
            Phase.ARRETEE: (
                "Délai arrêté",
                "info",
                "Une liste non conforme est signalée : l'ANCV va répondre.",
            ),
            Phase.DEPASSEE: ("Délai dépassé", "non", "L'ANCV a repris ce dossier, vous n'avez rien à faire."),
            Phase.CONFIRMEE: (
                ("Désaccord", "att", f"{quantite(litiges, 'désaccord')} : l'ANCV décidera.")
                if litiges
                else ("Terminé", "ok", "La liste est confirmée.")
            ),
            Phase.CLOSE: ("Clos sans versement", "", "L'ANCV a clos ce dossier."),
        }[phase],
    )
