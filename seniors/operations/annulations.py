"""Cancelling a group or a stay (S8): aids released, everybody free again for the year, both sides mailed.

What will happen is shown first: `consequences` counts it. Lock order: groupes by key, sejour, credit.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Sum

from conventions.models import Credit
from sejours import courriels
from sejours.models import Groupe, Option, Sejour
from sejours.operations.options import refuser_les_options
from seniors.models import Inscription
from seniors.operations.etapes import retirer_de_la_liste
from sev.socle.courriels import deposer
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier, motif_exige

SANS_MOTIF = "Dites pourquoi : les deux parties le liront."


class AnnulationRefusee(RefusMetier):
    """The group or the stay can't be cancelled now; the message says why."""


@dataclass(frozen=True)
class Consequences:
    """What a cancellation would undo: live groups, people registered, aids and their amount in euros, options."""

    groupes: int
    inscrits: int
    aides: int
    montant: Decimal
    options: int = 0


def consequences(*, groupes, sejour: Sejour | None = None) -> Consequences:
    """Count what cancelling `groupes` (a queryset), and `sejour` with them, would undo."""
    vivants = groupes.filter(annule_le__isnull=True)
    sommes = (
        Inscription.objects.presentes()
        .filter(groupe__in=vivants)
        .aggregate(inscrits=Count("pk"), aides=Count("aide"), montant=Sum("aide"))
    )
    return Consequences(
        groupes=vivants.count(),
        inscrits=sommes["inscrits"],
        aides=sommes["aides"],
        montant=sommes["montant"] or Decimal(0),
        options=Option.objects.en_cours().filter(sejour=sejour).count() if sejour else 0,
    )


@transaction.atomic
def annuler_groupe(*, groupe: Groupe, motif: str, par, le: date, maintenant: datetime) -> Groupe:
    """Cancel a group until its stay begins, with a reason (S8). Locks groupe, credit. Raises AnnulationRefusee."""
    motif = motif_exige(motif, AnnulationRefusee, SANS_MOTIF)
    with acte("groupe annulé", par=par, motif=motif):
        groupe = Groupe.objects.complets().prendre(groupe.pk)
        if groupe.annule_le is not None:
            raise AnnulationRefusee("Ce groupe est déjà annulé.")
        _pas_commence(groupe.sejour, le, par)
        _fermer(groupe, motif=motif, maintenant=maintenant)
        _vider(groupe, motif=motif, par=par, le=le, maintenant=maintenant)
    return groupe


@transaction.atomic
def annuler_sejour(*, sejour: Sejour, motif: str, par, le: date, maintenant: datetime) -> Sejour:
    """Cancel a stay with its groups and options (S8). Locks its groups by key, the stay, credits, options.

    Raises AnnulationRefusee once the stay has begun, or when a group was added since: what it undoes has changed.
    """
    motif = motif_exige(motif, AnnulationRefusee, SANS_MOTIF)
    with acte("séjour annulé", par=par, motif=motif):
        groupes = list(Groupe.objects.verrouiller().complets().filter(sejour=sejour.pk).order_by("pk"))
        sejour = Sejour.objects.verrouiller().select_related("offre__equipement").get(pk=sejour.pk)
        if sejour.annule_le is not None:
            raise AnnulationRefusee("Ce séjour est déjà annulé.")
        _pas_commence(sejour, le, par)
        if Groupe.objects.filter(sejour=sejour).count() != len(groupes):
            raise AnnulationRefusee(
                "Un groupe vient d'être ajouté à ce séjour. Relisez la page, puis recommencez."
            )
        # All credits in one order: two stays cancelled together may have the same porteurs.
        porteurs = {groupe.porteur_id for groupe in groupes}
        credits = Credit.objects.filter(convention__in=porteurs, programme=sejour.annee)
        list(credits.select_for_update(no_key=True).order_by("pk"))
        vivants = [groupe for groupe in groupes if groupe.annule_le is None]
        # The stay as it is under its lock: it may have been moved since the groups were read.
        for groupe in vivants:
            groupe.sejour = sejour
        # All closed before any aid is given back: none of them is served from the queue (C9).
        for groupe in vivants:
            _fermer(groupe, motif=motif, maintenant=maintenant)
        for groupe in vivants:
            _vider(groupe, motif=motif, par=par, le=le, maintenant=maintenant)
        refuser_les_options(sejour=sejour, motif=motif, maintenant=maintenant)
        Sejour.objects.filter(pk=sejour.pk).update(annule_le=maintenant, motif_annulation=motif)
    sejour.annule_le, sejour.motif_annulation = maintenant, motif
    return sejour


def _pas_commence(sejour: Sejour, le: date, par) -> None:
    if le < sejour.debut:
        return
    suite = "Écrivez à l'ANCV."
    if par is not None and par.is_staff:
        suite = "Retirez de ses listes ceux qui ne sont pas partis, ou réglez-les avec la validation."
    raise AnnulationRefusee(f"Ce séjour a commencé : il ne s'annule plus. {suite}")


def _fermer(groupe: Groupe, *, motif: str, maintenant: datetime) -> None:
    """Write on a group that is locked that it is cancelled."""
    Groupe.objects.filter(pk=groupe.pk).update(annule_le=maintenant, motif_annulation=motif)
    groupe.annule_le, groupe.motif_annulation = maintenant, motif


def _vider(groupe: Groupe, *, motif: str, par, le: date, maintenant: datetime) -> None:
    """Free those of a closed group and tell both sides; they bear its instant, by which the list is still read."""
    inscriptions = list(groupe.inscriptions.presentes().order_by("pk"))
    retirer_de_la_liste(
        inscriptions=inscriptions, groupe=groupe, motif="séjour annulé", par=par, le=le, maintenant=maintenant
    )
    deposer(courriels.groupe_annule(groupe, motif=motif))
