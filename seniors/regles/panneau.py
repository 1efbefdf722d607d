"""The live decision (I10): the same conditions as when saving, said before (design: `composants/panneau.html`)."""

from decimal import Decimal

from seniors.regles.eligibilite import REVENU_NUL, Decision, Obstacle
from sev.socle.typographie import euros

ATTENTE = {"CREDITS_EPUISES", "SANS_DOTATION"}
ATTENDUS = {
    "date_naissance": "la date de naissance",
    "eligibilite": "l'éligibilité",
    "senior_lie": "le sénior lié",
    "rfr": "le revenu fiscal de référence",
}


def panneau_sans_decision(manquants: list[str]) -> dict:
    """Return the panel of a form that is not filled enough: it names what is missing."""
    return {
        "ton": "gris",
        "inconnu": True,
        "titre": "Pas encore de décision",
        "sous_titre": "Il manque " + ", ".join(ATTENDUS[nom] for nom in manquants) + ".",
        "conditions": [],
        "prix": None,
        "aide": None,
        "reste": None,
    }


def panneau(decision: Decision, prix: Decimal, empechement: Obstacle | None = None) -> dict:
    """Return the panel of a decision: tone, title, conditions, and price less aid in euros.

    `empechement` is what keeps the person off the list whatever the fiche says.
    """
    obstacles = [*([empechement] if empechement else []), *decision.obstacles]
    if obstacles == [REVENU_NUL]:
        ton, titre, sous_titre = "ocre", "Revenu à confirmer", "La question vous est posée en enregistrant."
    elif obstacles:
        ton, titre, sous_titre = "brique", "Inscription impossible", ""
    elif decision.aide is not None:
        ton, titre, sous_titre = "pin", f"Aide accordée : {euros(decision.aide)}", "dès que vous enregistrez"
    elif decision.motif in ATTENTE:
        ton, titre, sous_titre = "ocre", "Sans aide pour l'instant", "en attente de crédits"
    else:
        ton, titre, sous_titre = "gris", "Sans aide", ""
    conditions = [{"ok": c.ok, "texte": c.texte} for c in decision.conditions]
    dits = {c["texte"] for c in conditions}
    conditions += [{"ok": False, "texte": o.message} for o in obstacles if o.message not in dits]
    return {
        "ton": ton,
        "inconnu": False,
        "titre": titre,
        "sous_titre": sous_titre,
        "conditions": conditions,
        "prix": None if obstacles else prix,
        "aide": decision.aide,
        "reste": prix - (decision.aide or 0),
    }
