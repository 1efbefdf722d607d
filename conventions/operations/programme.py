"""Suspending and resuming the programme (P2)."""

from datetime import date

from django.db import transaction

from conventions.models import Compte, Programme
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier


class ProgrammeRefuse(RefusMetier):
    """The programme's state doesn't allow it; the message says why."""


@transaction.atomic
def suspendre(*, programme: Programme, message: str, par: Compte, le: date) -> Programme:
    """Suspend the year: no new option, pre-registration or stay; open lists stay editable. Locks the programme."""
    programme = Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)
    if programme.suspendu:
        raise ProgrammeRefuse("Le programme est déjà suspendu.")
    if not message.strip():
        raise ProgrammeRefuse("Écrivez le message que tout le monde lira.", champ="message_suspension")
    with acte("suspension", par=par, motif=message):
        programme.suspendu_le, programme.message_suspension = le, message.strip()
        programme.save(update_fields=["suspendu_le", "message_suspension"])
    return programme


@transaction.atomic
def reprendre(*, programme: Programme, par: Compte, le: date) -> Programme:
    """Resume the year (one action, P2). Locks the programme."""
    programme = Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)
    if not programme.suspendu:
        raise ProgrammeRefuse("Le programme n'est pas suspendu.")
    with acte("reprise du programme", par=par, motif=f"suspendu depuis le {programme.suspendu_le:%d/%m/%Y}"):
        programme.suspendu_le, programme.message_suspension = None, ""
        programme.save(update_fields=["suspendu_le", "message_suspension"])
    return programme
