"""The words of a decision: one function gives the string that the list, the papers and the mails show."""

from decimal import Decimal
from typing import NamedTuple

from sev.socle.typographie import de, euros, ordinal

CREDITS_EPUISES = (
    "Les crédits d'intervention sur l'année étant épuisés, aucune subvention n'a pu être accordée."
)


class Libelle(NamedTuple):
    """`ton`: oui (aided), non (no aid), att (waits for credit); `titre` in bold; `detail` may be empty."""

    ton: str
    titre: str
    detail: str = ""

    def __str__(self):
        return f"{self.titre}, {self.detail}" if self.detail else self.titre


def libelle_decision(inscription, rang: int | None = None) -> Libelle:
    """Return the words for `inscription` (with senior_lie and its person loaded); `rang` is its place in the queue."""
    annee = inscription.annee
    if inscription.aide is not None:
        return Libelle("oui", f"Aide accordée {euros(inscription.aide)}", _lien(inscription))
    attente = f"{ordinal(rang)} à être aidé si du crédit revient" if rang else ""
    return {
        "PROGRAMME": Libelle("non", "Sans aide : au programme"),
        "DEJA_AIDE": Libelle("non", f"Sans aide : déjà aidé en {annee}", "sur un autre séjour"),
        "CREDITS_EPUISES": Libelle("att", "Sans aide : crédits épuisés", attente),
        "SANS_DOTATION": Libelle("att", f"Sans aide : pas encore de dotation {annee}", attente),
        "PLAFOND": Libelle("non", "Sans aide : revenu imposable au-dessus du plafond"),
        "AIDANT_EN_PLUS": Libelle("non", "Sans aide : un aidant est déjà aidé", _lien(inscription)),
        "EFFACEE": Libelle("non", "Retirée de la liste"),
        "ABSENTE": Libelle("non", "Sans aide : absence au séjour"),
        "NON_VERSEE": Libelle("non", "Sans aide : dossier clos sans versement"),
    }[inscription.motif_sans_aide]


def libelle_sans_motif(inscription) -> Libelle:
    """Return the words for a provider, who isn't told what an income or another stay decided (X2)."""
    return libelle_decision(inscription) if inscription.aide is not None else Libelle("non", "Sans aide")


def _lien(inscription) -> str:
    if inscription.eligibilite == "CONJOINT":
        return f"Conjoint {de(str(inscription.senior_lie.senior))}"
    if inscription.eligibilite == "AIDANT":
        return f"Accompagne {inscription.senior_lie.senior}"
    return ""


def message_d_inscription(inscription, disponible: Decimal | None, montant: Decimal | None) -> str:
    """Return what is said once the person is saved (C7, I9, manual « Remarque 4 »).

    In euros: `disponible` is left of the credit, an aid is `montant`.
    """
    senior = inscription.senior
    feminin = senior.civilite == "MME"
    debut = f"{senior} est inscrit{'e' if feminin else ''}"
    if inscription.aide is not None:
        return f"{debut}. Aide accordée : {euros(inscription.aide)}. Il reste {euros(disponible)} de crédits."
    if inscription.motif_sans_aide not in ("CREDITS_EPUISES", "SANS_DOTATION"):
        return f"{debut}. {libelle_decision(inscription)}."
    suite = f"{'Elle sera aidée' if feminin else 'Il sera aidé'} dès que du crédit {{}}."
    if inscription.motif_sans_aide == "SANS_DOTATION":
        return f"{debut}, sans aide. Il n'y a pas encore de dotation {inscription.annee}. {suite.format('arrive')}"
    reste = f" Il reste {euros(disponible)}, il en faut {euros(montant)}." if disponible else ""
    return f"{debut}, sans aide. {CREDITS_EPUISES}{reste} {suite.format('revient')}"
