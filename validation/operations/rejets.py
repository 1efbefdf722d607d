"""Transfers that the bank sends back (V8): their aids are due again, and the ledger still counts them as paid, once."""

from datetime import date, datetime

from django.db import transaction

from conventions.models import Compte
from sev.socle.courriels import deposer
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier
from sev.socle.typographie import date_complete
from validation import courriels
from validation.models import Lot, Rejet, Versement, Virement


class RejetRefuse(RefusMetier):
    """The transfer can't be said to be sent back, or no longer so, now; the message says why."""


@transaction.atomic
def rejeter(
    *, virement: Virement, rejete_le: date, motif: str, par: Compte, le: date, maintenant: datetime
) -> Rejet:
    """Record that the bank sent a paid transfer back on `rejete_le`: its aids are due again (V8). ANCV only.

    They go into a batch once the provider has changed, or confirmed, its account. The credits don't move: each aid is
    counted as paid once, whatever the number of transfers. `motif` is the bank's. Locks the batch; mails the provider.
    Raises RejetRefuse.
    """
    motif = motif.strip()
    if not motif:
        raise RejetRefuse("Écrivez le motif que la banque a donné.", champ="motif")
    with acte("virement rejeté par la banque", par=par, motif=motif):
        virement = _verrouiller(virement)
        if virement.lot.paye_le is None:
            raise RejetRefuse(
                "Ce virement n'est pas dans un lot payé : marquez d'abord le lot payé, ou défaites-le."
            )
        if (deja := virement.rejet) is not None:
            raise RejetRefuse(
                f"Le rejet de ce virement est déjà enregistré, par {deja.constate_par}, "
                f"le {date_complete(deja.constate_le)}."
            )
        if not virement.lot.paye_le <= rejete_le <= le:
            raise RejetRefuse(
                f"Choisissez un jour entre le {date_complete(virement.lot.paye_le)}, où le lot a été payé, et "
                "aujourd'hui.",
                champ="rejete_le",
            )
        rejet = Rejet.objects.create(
            virement=virement, rejete_le=rejete_le, motif=motif, constate_le=maintenant, constate_par=par
        )
        Versement.objects.filter(virement=virement).update(virement=None)
    deposer(courriels.composees([courriels.virement_rejete(rejet)]))
    return rejet


@transaction.atomic
def annuler_rejet(*, virement: Virement, motif: str, par: Compte, maintenant: datetime) -> Rejet:
    """Take back the record of a return that was a mistake: its aids stand in their transfer again, as paid. ANCV only.

    Locks the batch, then its aids. Mails the provider. Raises RejetRefuse once a later batch has taken one of them.
    """
    motif = motif.strip()
    if not motif:
        raise RejetRefuse("Dites pourquoi ce rejet est annulé.", champ="motif")
    with acte("rejet de virement annulé", par=par, motif=motif):
        virement = _verrouiller(virement)
        rejet = virement.rejet
        if rejet is None:
            raise RejetRefuse("Ce virement n'est pas, ou n'est plus, enregistré comme rejeté.")
        aides = list(Versement.objects.filter(rejet=rejet).order_by("pk").verrouiller())
        if len(aides) != virement.aides or any(aide.virement_id for aide in aides):
            raise RejetRefuse(
                "Ses aides sont déjà dans un autre lot : défaites d'abord ce lot, s'il n'est pas payé."
            )
        rejet.annule_le, rejet.annule_par, rejet.motif_annulation = maintenant, par, motif
        rejet.save(update_fields=["annule_le", "annule_par", "motif_annulation"])
        Versement.objects.filter(rejet=rejet).update(virement=virement)
    deposer(courriels.composees([courriels.rejet_annule(rejet)]))
    return rejet


def _verrouiller(virement: Virement) -> Virement:
    """Lock the batch of a transfer and return the transfer, fresh."""
    Lot.objects.verrouiller().get(pk=virement.lot_id)
    completes = Virement.objects.select_related("lot", "groupe__sejour__offre__equipement", "groupe__porteur")
    return completes.prefetch_related("rejets__constate_par").get(pk=virement.pk)
