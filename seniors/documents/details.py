"""Détails, for the porteur: who is aided, what each one pays, and the totals."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.core.exceptions import PermissionDenied

from seniors.documents.cadre import cadre, tout_montrer
from seniors.models import Inscription
from seniors.regles.libelles import libelle_decision
from sev.socle.pdf import rendre_pdf


@dataclass(frozen=True)
class Totaux:
    """What a list costs and how much of it is aided, in euros."""

    inscrits: int
    aides: int
    prix: Decimal
    aide: Decimal
    reste: Decimal


def totaux(groupe, inscriptions) -> Totaux:
    montants = [inscription.aide for inscription in inscriptions if inscription.aidee]
    prix, aide = groupe.prix * len(inscriptions), sum(montants, Decimal(0))
    return Totaux(len(inscriptions), len(montants), prix, aide, prix - aide)


def details(groupe, inscriptions, *, vue: str, le: date, maintenant: datetime) -> bytes:
    """The PDF of the recap table: eligibility, aid or reason, remainder to pay. Never for a provider."""
    if not tout_montrer(vue):
        raise PermissionDenied("Détails are the porteur's and ANCV's.")
    inscriptions = list(inscriptions)
    rangs = Inscription.objects.rangs(inscriptions, groupe, le=le)
    return rendre_pdf(
        "documents/details.html",
        cadre(groupe, "Détails du groupe", le=le, maintenant=maintenant)
        | {
            "lignes": [
                (i, libelle_decision(i, rangs.get(i.pk)), groupe.prix - (i.aide or 0)) for i in inscriptions
            ],
            "totaux": totaux(groupe, inscriptions),
        },
    )
