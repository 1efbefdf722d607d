"""The attestation of a senior: the stay, the aid that was granted, what ANCV paid. One page for each person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sejours.models import Groupe
from seniors.documents.cadre import cadre
from seniors.models import Inscription
from sev.socle.pdf import rendre_pdf
from sev.socle.typographie import date_lettres, euros


@dataclass(frozen=True)
class Attestation:
    """What is certified about one person: did they go, what was aided, what was paid. Amounts in euros."""

    inscription: Inscription
    depart: str
    aide: str
    prix: Decimal
    reste: Decimal


def attestations(
    groupe: Groupe, inscriptions: Iterable[Inscription], *, le: date, maintenant: datetime
) -> bytes:
    """Return the PDF of the attestations of `inscriptions` (presence and payment loaded), a page each."""
    return rendre_pdf(
        "documents/attestation.html",
        cadre(groupe, "Attestation de séjour", le=le, maintenant=maintenant)
        | {"attestations": [attester(i, groupe, le=le) for i in inscriptions], "le": le},
    )


def attester(inscription: Inscription, groupe: Groupe, *, le: date) -> Attestation:
    """Say what is known on `le` about the stay and the aid of a person (its presence and its payment loaded)."""
    return Attestation(
        inscription=inscription,
        depart=_depart(inscription, groupe, le),
        aide=_aide(inscription, groupe),
        prix=groupe.prix,
        reste=groupe.prix - (inscription.aide or 0),
    )


def _depart(inscription: Inscription, groupe: Groupe, le: date) -> str:
    presence = getattr(inscription, "presence", None)
    if presence is not None and presence.retenue:
        return "a participé au séjour"
    if le <= groupe.sejour.fin:
        return "participe au séjour" if le >= groupe.sejour.debut else "est sur la liste du séjour"
    if groupe.solde_le is not None:
        return "était sur la liste du séjour"
    return "était sur la liste du séjour, dont les participants ne sont pas encore confirmés,"


def _aide(inscription: Inscription, groupe: Groupe) -> str:
    if inscription.aide is None:
        return "L'ANCV ne verse pas d'aide financière pour cette personne sur ce séjour."
    montant = euros(inscription.aide)
    versement = getattr(inscription, "versement", None)
    if versement is None and groupe.solde_le is not None:
        # The two sides disagree about this person, and ANCV has not settled it (V6).
        return f"L'ANCV lui a accordé une aide de {montant}. Son versement au prestataire n'est pas encore décidé."
    if versement is None:
        return f"L'ANCV lui accorde une aide de {montant}, versée au prestataire après le séjour."
    virement = versement.virement
    if virement is None or virement.lot.paye_le is None:
        return f"L'ANCV lui a accordé une aide de {montant}. Le versement au prestataire est en cours."
    return (
        f"L'ANCV lui a accordé une aide de {montant}, versée au prestataire le {date_lettres(virement.lot.paye_le)} "
        f"(référence {virement.reference})."
    )
