"""Money that comes in, and whom it aids at once (C8, C9): one mail says both."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from conventions.courriels import credits_ajoutes
from conventions.models import Compte, Convention, DemandeComplement, Organisme
from conventions.operations import complements, conventions
from conventions.operations.credits import CreditRefuse, allouer
from seniors import courriels
from seniors.models import Inscription
from seniors.operations.files import servir_file
from sev.socle.courriels import deposer


@transaction.atomic
def doter(
    *,
    convention: Convention,
    annee: int,
    montant: Decimal,
    motif: str,
    par: Compte,
    le: date,
    complement: bool = False,
) -> list[Inscription]:
    """Allot `montant` euros and serve the queue; return who gains an aid. Mails the porteur.

    Locks convention, programme, credit, then without waiting the lists. Raises CreditRefuse unless the convention is a
    porteur's and active, and beyond the envelope.
    """
    convention = conventions.verrouiller(convention)
    if not convention.active:
        raise CreditRefuse("Cette convention n'est pas active.")
    if convention.organisme.nature != Organisme.Nature.PORTEUR:
        raise CreditRefuse("Un prestataire ne reçoit pas de crédits.")
    mouvement = allouer(
        convention=convention,
        annee=annee,
        montant=montant,
        par=par,
        le=le,
        motif=motif,
        complement=complement,
    )
    aidees = servir_file(convention=convention.pk, annee=annee, le=le, prevenir=False)
    deposer(credits_ajoutes(mouvement, aidees))
    return aidees


@transaction.atomic
def renouveler(
    *, convention: Convention, annee: int, montant: Decimal, motif: str, par: Compte, le: date
) -> list[Inscription]:
    """Allot the first credit of a year (C1), once; return who gains an aid. Locks the convention, then as `doter`.

    Raises CreditRefuse as `doter` does, and when the year is allotted already.
    """
    convention = conventions.verrouiller(convention)
    if convention.dotee(annee):
        raise CreditRefuse(
            f"Des crédits {annee} sont déjà alloués. Pour en ajouter, accordez un complément.", champ="annee"
        )
    return doter(convention=convention, annee=annee, montant=montant, motif=motif, par=par, le=le)


@transaction.atomic
def accorder(
    *, demande: DemandeComplement, montant: Decimal, reponse: str, par: Compte, le: date, maintenant: datetime
) -> list[Inscription]:
    """Accept a request, for what it asks or less, and serve the queue; return who gains an aid. Mails the porteur.

    Locks the request, convention, programme, credit, then without waiting the lists. Raises ComplementRefuse,
    CreditRefuse.
    """
    complements.accorder(
        demande=demande, montant=montant, reponse=reponse, par=par, le=le, maintenant=maintenant
    )
    aidees = servir_file(convention=demande.convention_id, annee=demande.annee, le=le, prevenir=False)
    demande.refresh_from_db()
    deposer(courriels.complement_decide(demande, aidees))
    return aidees


@transaction.atomic
def refuser(
    *, demande: DemandeComplement, reponse: str, par: Compte, maintenant: datetime
) -> DemandeComplement:
    """Refuse a request with a reason. Locks it; mails the porteur. Raises ComplementRefuse."""
    demande = complements.refuser(demande=demande, reponse=reponse, par=par, maintenant=maintenant)
    deposer(courriels.complement_decide(demande, []))
    return demande
