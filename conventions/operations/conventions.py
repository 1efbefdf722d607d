"""The life of a convention once it is active: suspended, resumed, closed, opened again (C1). Each tells its holder."""

from datetime import date

from django.db import transaction

from conventions import courriels
from conventions.models import Compte, Convention
from sev.socle.courriels import deposer
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier, motif_exige


class ConventionRefusee(RefusMetier):
    """The convention's state doesn't allow it; the message says why."""


@transaction.atomic
def suspendre(*, convention: Convention, motif: str, par: Compte, le: date) -> Convention:
    """Keep anything new from being recorded on a convention; its people still sign in, its open lists go on.

    Locks the convention; mails its holder. Raises ConventionRefusee unless it is active, or without a reason.
    """
    convention = verrouiller(convention)
    if not convention.active:
        raise ConventionRefusee("Seule une convention active se suspend.")
    convention.suspendue_le, convention.motif = le, _motif(motif)
    return _enregistrer(convention, "convention suspendue", par)


@transaction.atomic
def reprendre(*, convention: Convention, par: Compte, le: date) -> Convention:
    """End the suspension of a convention. Locks it; mails its holder."""
    convention = verrouiller(convention)
    if convention.suspendue_le is None:
        raise ConventionRefusee("Cette convention n'est pas suspendue.")
    convention.suspendue_le, convention.motif = None, ""
    return _enregistrer(convention, "convention reprise", par)


@transaction.atomic
def clore(*, convention: Convention, motif: str, par: Compte, le: date) -> Convention:
    """Close a convention and the accounts of its organisation, whose lists stay readable to ANCV. Locks it.

    Mails the holder first. Raises ConventionRefusee unless it was activated and is not closed, or without a reason.
    """
    convention = verrouiller(convention)
    if convention.activee_le is None or convention.close_le is not None:
        raise ConventionRefusee("Seule une convention activée se ferme, une fois.")
    convention.suspendue_le, convention.close_le, convention.motif = None, le, _motif(motif)
    # Written while its holder still has an address.
    _enregistrer(convention, "convention close", par)
    with acte("convention close", par=par, motif=motif):
        Compte.objects.filter(organisme=convention.pk, is_active=True).update(is_active=False)
    return convention


@transaction.atomic
def rouvrir(*, convention: Convention, par: Compte, le: date) -> Convention:
    """Open a closed convention again, with the account of its holder alone. Locks it; mails the holder."""
    convention = verrouiller(convention)
    if convention.close_le is None:
        raise ConventionRefusee("Cette convention n'est pas close.")
    convention.close_le, convention.motif = None, ""
    with acte("convention rouverte", par=par):
        Compte.objects.filter(organisme=convention.pk, titulaire=True).update(is_active=True)
    return _enregistrer(convention, "convention rouverte", par)


def verrouiller(convention: Convention) -> Convention:
    """Lock the convention and return it, fresh, with its organisation."""
    verrou = Convention.objects.select_for_update(no_key=True, of=("self",))
    return verrou.select_related("organisme").get(pk=convention.pk)


def tenir(organisme_id: int) -> None:
    """Lock an organisation's convention, unread: one that is being closed gets no more options nor groups."""
    list(Convention.objects.select_for_update(no_key=True).filter(pk=organisme_id).values_list("pk"))


def _motif(motif: str) -> str:
    return motif_exige(motif, ConventionRefusee, "Dites pourquoi : l'organisme le lira.")


def _enregistrer(convention: Convention, action: str, par: Compte) -> Convention:
    with acte(action, par=par, motif=convention.motif):
        convention.save(update_fields=["suspendue_le", "close_le", "motif"])
    deposer(courriels.etat_de_la_convention(convention))
    return convention
