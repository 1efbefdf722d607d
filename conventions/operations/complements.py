"""Requests for more credit (C8): made and withdrawn by the porteur, accepted or refused by ANCV.

Lock order: the request, the convention, then programme and credit.
"""

from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from conventions.models import Compte, Convention, DemandeComplement, Mouvement, Programme
from conventions.operations import conventions
from conventions.operations.credits import allouer
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier, motif_exige
from sev.socle.typographie import euros

DEJA = "Une demande attend déjà la réponse de l'ANCV pour cette année."


class ComplementRefuse(RefusMetier):
    """The request can't be made or decided so; the message says why."""


def annees_a_demander(le: date) -> list[int]:
    """Return the years for which more may be asked on `le`: this one and the next, once its programme is open."""
    return list(
        Programme.objects.filter(annee__in=(le.year, le.year + 1))
        .order_by("annee")
        .values_list("annee", flat=True)
    )


@transaction.atomic
def demander(
    *,
    convention: Convention,
    annee: int,
    montant: Decimal,
    motif: str,
    par: Compte,
    le: date,
    maintenant: datetime,
) -> DemandeComplement:
    """Ask ANCV for `montant` euros more on the year's credit (C8): one request a year waits at a time.

    Raises ComplementRefuse when one waits, the convention is not active, the year is past or has no programme.
    """
    if not Convention.objects.actives().filter(pk=convention.pk).exists():
        raise ComplementRefuse("Votre convention n'est pas active. Écrivez à l'ANCV.")
    if annee < le.year or not Programme.objects.filter(annee=annee).exists():
        raise ComplementRefuse(f"Il n'y a pas de crédits à demander pour {annee}.")
    if montant <= 0:
        raise ComplementRefuse("Écrivez un montant au-dessus de zéro.", champ="montant")
    try:
        with transaction.atomic(), acte("complément demandé", par=par, motif=motif):
            return DemandeComplement.objects.create(
                convention=convention,
                programme_id=annee,
                montant=montant,
                motif=motif,
                auteur=par,
                faite_le=maintenant,
            )
    except IntegrityError as erreur:
        if "une_demande_en_attente_par_an" not in str(erreur):
            raise
        raise ComplementRefuse(DEJA) from erreur


@transaction.atomic
def retirer(*, demande: DemandeComplement, par: Compte, maintenant: datetime) -> DemandeComplement:
    """Withdraw a request that waits. Locks it."""
    demande = _en_attente(demande)
    demande.retiree_le = maintenant
    with acte("demande de complément retirée", par=par):
        demande.save(update_fields=["retiree_le"])
    return demande


@transaction.atomic
def accorder(
    *, demande: DemandeComplement, montant: Decimal, reponse: str, par: Compte, le: date, maintenant: datetime
) -> Mouvement:
    """Give what the request asks, or less, as a complement of the ledger. Locks request, convention, programme, credit.

    Raises ComplementRefuse once it is decided or withdrawn, above what was asked, or when the convention was suspended
    or closed since; CreditRefuse beyond the envelope.
    """
    demande = _en_attente(demande)
    if not conventions.verrouiller(demande.convention).active:
        raise ComplementRefuse(
            "Cette convention est suspendue ou close : elle ne reçoit plus de crédits. Refusez la demande, ou "
            "rétablissez d'abord la convention."
        )
    if not 0 < montant <= demande.montant:
        raise ComplementRefuse(
            f"Accordez au plus ce qui est demandé : {euros(demande.montant)}.", champ="montant"
        )
    demande.mouvement = allouer(
        convention=demande.convention,
        annee=demande.annee,
        montant=montant,
        par=par,
        le=le,
        motif=f"demande de complément n° {demande.pk}",
        complement=True,
    )
    demande.accorde = montant
    _decider(demande, reponse, "complément accordé", par=par, maintenant=maintenant)
    return demande.mouvement


@transaction.atomic
def refuser(
    *, demande: DemandeComplement, reponse: str, par: Compte, maintenant: datetime
) -> DemandeComplement:
    """Refuse the request and say why. Locks it. Raises ComplementRefuse once it is decided, or without a reason."""
    demande = _en_attente(demande)
    reponse = motif_exige(reponse, ComplementRefuse, "Dites pourquoi au porteur de projet.", champ="reponse")
    _decider(demande, reponse, "complément refusé", par=par, maintenant=maintenant)
    return demande


def _en_attente(demande: DemandeComplement) -> DemandeComplement:
    verrou = DemandeComplement.objects.select_for_update(no_key=True, of=("self",))
    demande = verrou.select_related("convention").get(pk=demande.pk)
    if not demande.en_attente:
        raise ComplementRefuse(f"Cette demande n'attend plus de réponse : {demande.etat.lower()}.")
    return demande


def _decider(
    demande: DemandeComplement, reponse: str, action: str, *, par: Compte, maintenant: datetime
) -> None:
    demande.reponse, demande.decidee_par, demande.decidee_le = reponse.strip(), par, maintenant
    with acte(action, par=par, motif=demande.reponse):
        demande.save(update_fields=["reponse", "decidee_par", "decidee_le", "accorde", "mouvement"])
