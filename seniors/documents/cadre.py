"""What every document of a group says at its top and foot, and how a registration becomes a participant."""

import re
from datetime import date, datetime

from conventions.models import Compte, Organisme
from seniors.regles.eligibilite import age_au
from seniors.rooming import Participant
from sev.socle.typographie import date_complete, date_lettres, heure, periode, quantite

_ADRESSE_ELECTRONIQUE = re.compile(r"[^\s@,;:<>()]+@[^\s@,;:<>()]+\.[a-zA-Z]{2,}")
MASQUE = "[e-mail masqué]"


def tout_montrer(vue: str) -> bool:
    """Whether this reader may see what the porteur typed as it is (X2)."""
    return vue in (Organisme.Nature.PORTEUR, Compte.STAFF)


def _sans_adresse(texte: str, vue: str) -> str:
    return texte if tout_montrer(vue) else _ADRESSE_ELECTRONIQUE.sub(MASQUE, texte)


def participant(inscription, *, vue: str) -> Participant:
    """A registration as the arrangement of rooms sees it: neither income, nor address, nor e-mail."""
    senior = inscription.senior
    return Participant(
        id=inscription.pk,
        nom=senior.nom,
        prenom=senior.prenom,
        age=age_au(senior.date_naissance, inscription.debut),
        civilite=senior.civilite,
        eligibilite=inscription.eligibilite,
        handicape=inscription.handicape,
        dependant=inscription.dependant,
        senior_lie_id=inscription.senior_lie_id,
        avec_conjoint=inscription.avec_conjoint,
        conjoint_id=inscription.conjoint_id,
        chambre_individuelle=inscription.chambre_individuelle,
        regroupement=_sans_adresse(inscription.regroupement, vue),
        commentaires=_sans_adresse(inscription.commentaires, vue),
    )


def etat(groupe, *, le: date, maintenant: datetime) -> dict[str, str]:
    """The box at the top right: cancelled, final (I14, whether or not a task has run) or provisional."""
    if groupe.annule_le:
        return {"titre": "SÉJOUR ANNULÉ", "detail": f"le {date_complete(groupe.annule_le)}"}
    if groupe.verrouille(le):
        return {
            "titre": "LISTE DÉFINITIVE",
            "detail": f"close le {date_complete(groupe.dernier_jour)} à minuit",
        }
    return {"titre": "LISTE PROVISOIRE", "detail": f"au {date_lettres(maintenant)}, {heure(maintenant)}"}


def cadre(groupe, document: str, *, le: date, maintenant: datetime) -> dict:
    """Top and foot of a document about `groupe`."""
    sejour = groupe.sejour
    equipement = sejour.offre.equipement
    titulaire = groupe.porteur.comptes.filter(titulaire=True).first()
    dates = periode(sejour.debut, sejour.fin, date(1, 1, 1)).removeprefix("du ")
    return {
        "document": document,
        "titre": f"{document}, groupe n° {groupe.pk}, {equipement.nom}",
        "groupe": groupe,
        "sejour": sejour,
        "equipement": equipement,
        "duree": f"{quantite(sejour.duree, 'jour')}, {quantite(sejour.duree - 1, 'nuit')}",
        "contact": titulaire.nom if titulaire else "",
        "etat": etat(groupe, le=le, maintenant=maintenant),
        "pied": (
            f"{equipement.nom}, {dates}, groupe n° {groupe.pk}, "
            f"édition du {date_lettres(maintenant)} à {heure(maintenant)}"
        ),
    }
