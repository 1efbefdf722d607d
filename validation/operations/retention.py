"""Forgetting (X4): the bank's file of a batch that is over, with its transfers' accounts; incomes; reported persons.

The last because they ask (for the clock, see `pieces`). Of an account the end is kept. Incomes stay while an aid of
the list is to be paid, or a disagreement settled; the rest of that rule is `seniors`'.
"""

from datetime import date, datetime

from django.conf import settings
from django.db import connection, transaction

from seniors.models import Inscription, Senior
from seniors.operations import retention
from sev.socle.journal import acte
from sev.socle.temps import mois_avant
from sev.socle.typographie import euros
from validation.models import Lot, PersonneSignalee, Presence, Signalement, Validation, Versement
from validation.operations.pieces import effacer_signalements


@transaction.atomic
def effacer_fichiers(*, cles: list[int], le: date, maintenant: datetime) -> int:
    """Take whole IBANs out of these batches, through the one function that may; references and sums stay.

    Locks the batches; returns how many. A provider's present account stays where it is written.
    """
    dus = list(
        Lot.objects.fichiers_a_effacer(le=le)
        .filter(pk__in=cles)
        .order_by("pk")
        .verrouiller()
        .values_list("pk", flat=True)
    )
    with acte("fichier effacé, durée de conservation"), connection.cursor() as curseur:
        # VALUES, because pghistory gives no context to what begins with SELECT.
        curseur.execute("VALUES (validation_oublier_ibans(%s, %s))", [dus, maintenant])
        return curseur.fetchone()[0]


def revenus_a_effacer(le: date):
    """Return the registrations whose income is no longer needed on `le`, months after the list's last payment."""
    return Inscription.objects.revenus_a_effacer(le=le, sauf=_en_suspens(le))


@transaction.atomic
def effacer_revenus(*, cles: list[int], le: date, maintenant: datetime) -> int:
    """Take the incomes off these registrations, but where a sum or a disagreement waits; return how many."""
    return retention.effacer_revenus(cles=cles, sauf=_en_suspens(le), le=le, maintenant=maintenant)


def _en_suspens(le: date):
    return Validation.objects.en_suspens(depuis=mois_avant(le, settings.RETENTION_MOIS["revenus"]))


# --- Because a person asks --------------------------------------------------------------------------------


def pourquoi_garder(senior: Senior) -> str:
    """Say why a person can't be erased now (a report, a disagreement, a sum that waits); '' when she can."""
    signalees = PersonneSignalee.objects.au_sujet_de(senior)
    if attend := signalees.filter(signalement__in=Signalement.objects.en_attente()).first():
        return (
            f"Cette personne est signalée sur la liste du groupe n° {attend.signalement.validation_id}, et l'ANCV n'a "
            "pas encore répondu : répondez d'abord à ce signalement."
        )
    siennes = {"inscription__senior": senior}
    if litige := Presence.objects.en_litige().filter(**siennes).first():
        return f"Cette personne est en litige, groupe n° {litige.validation_id} : décidez d'abord si elle est partie."
    if due := Versement.objects.filter(**siennes, virement__lot__paye_le__isnull=True).first():
        return (
            f"Son aide de {euros(due.montant)}, groupe n° {due.groupe_id}, n'est pas encore versée au prestataire : "
            "attendez que son lot soit payé."
        )
    return ""


@transaction.atomic(savepoint=False)
def effacer_personne(*, senior: Senior, maintenant: datetime) -> None:
    """Take a person out of the reports that name her; what was decided about her stays. A step of her erasure.

    Papers and words of such a report go with her: nothing tells which of its persons they are about. Nobody waits for
    them, as `pourquoi_garder` holds back whoever is in a report without an answer.
    """
    signalees = PersonneSignalee.objects.au_sujet_de(senior).filter(effacee_le__isnull=True)
    lignes = list(signalees.values_list("pk", "signalement"))
    effacer_signalements(
        signalements=[signalement for _, signalement in lignes],
        personnes=[personne for personne, _ in lignes],
        maintenant=maintenant,
    )
