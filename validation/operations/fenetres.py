"""What the clock does about the windows: it opens them, records those that lapsed, reminds (V1, V2, V4).

The rules hold without it (`valider` opens a window by itself, `Validation.phase` looks at the day): it records and
tells. What is due is read once, then taken by lots, each under the locks of its groups; a list that somebody holds at
that instant waits for the next run.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import localdate

from sejours.models import Groupe
from sev.socle.courriels import deposer
from sev.socle.journal import acte
from sev.socle.models import Courriel
from validation import courriels
from validation.models import Validation
from validation.regles import RAPPELS, echeance_du_prestataire

LOT = 200


def ouvrir_validations(*, le: date, maintenant: datetime) -> int:
    """Open the window of every list whose stay is over on `le` and on which somebody stands; return how many (V1).

    Locks the groups. Mails each provider, unless its last day is past already: it then hears of the lapse alone.
    """
    return _par_lots(
        _a_ouvrir(le=le).values_list("pk", flat=True),
        lambda cles: _ouvrir_un_lot(cles=cles, le=le, maintenant=maintenant),
    )


def constater_depassements(*, le: date, maintenant: datetime) -> int:
    """Record, once for each announced last day, the windows that lapsed before `le`; return how many (V4).

    Locks the groups. Mails both sides; ANCV's list takes over.
    """
    return _par_lots(
        _a_constater(le=le).values_list("pk", flat=True),
        lambda cles: _constater_un_lot(cles=cles, le=le, maintenant=maintenant),
    )


def rappeler(*, le: date) -> int:
    """Remind the parties of the windows that end in 8, 2 or 0 days, once each; return how many mails (V4).

    After an outage a window gets the nearest reminder only, with the days really left.
    """
    return _par_lots(_a_rappeler(le=le), lambda dus: _rappeler_un_lot(dus=dus, le=le))


# --- What is due ------------------------------------------------------------------------------------------------


def _a_ouvrir(*, le: date) -> QuerySet:
    return Groupe.objects.passes(le=le).filter(inscrits__gt=0, validation__isnull=True).order_by("pk")


def _a_constater(*, le: date) -> QuerySet:
    return Validation.objects.depassees(le=le).filter(depassee_le__isnull=True).order_by("pk")


def _a_rappeler(*, le: date) -> list[tuple[int, int]]:
    """Return the windows of which a reminder is due and was not sent: their keys, and which reminder."""
    proches = Validation.objects.ouvertes(le=le).filter(limite__lte=le + timedelta(max(RAPPELS)))
    dus = {}
    for validation in proches.order_by("pk"):
        if (jours := _rappel_du(validation, le)) is not None:
            dus[courriels.cause_du_rappel(validation, jours)] = (validation.pk, jours)
    envoyes = set(Courriel.objects.filter(cause__in=dus).values_list("cause", flat=True))
    return [du for cause, du in dus.items() if cause not in envoyes]


def _rappel_du(validation: Validation, le: date) -> int | None:
    """Return the nearest reminder of an open window on `le`, None when it needs none."""
    jours = min((jours for jours in RAPPELS if (validation.echeance - le).days <= jours), default=None)
    # A window that opened late was announced with these few days: that mail has said it.
    annonces = (validation.echeance - localdate(validation.ouverte_le)).days
    return None if jours is None or annonces <= jours else jours


# --- Lots -------------------------------------------------------------------------------------------------------


def _par_lots(dus: Iterable, faire: Callable[[list], int]) -> int:
    dus = list(dus)
    return sum(faire(dus[rang : rang + LOT]) for rang in range(0, len(dus), LOT))


def _verrouiller(dus: QuerySet) -> list[int]:
    """Lock those of the groups `dus` that nobody holds; return their keys."""
    libres = dus.select_for_update(of=("self",), skip_locked=True, no_key=True)
    return list(libres.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _ouvrir_un_lot(*, cles: list[int], le: date, maintenant: datetime) -> int:
    tenus = _verrouiller(_a_ouvrir(le=le).filter(pk__in=cles))
    # Read again under the lock: a provider who validates in the meantime opens its window by itself.
    groupes = Groupe.objects.complets().filter(pk__in=tenus, validation__isnull=True).order_by("pk")
    validations = [
        Validation(
            groupe=groupe,
            ouverte_le=maintenant,
            echeance_prestataire=echeance_du_prestataire(groupe.sejour.fin),
        )
        for groupe in groupes
    ]
    with acte("validation ouverte"):
        Validation.objects.bulk_create(validations)
    a_temps = [validation for validation in validations if validation.echeance >= le]
    deposer(courriels.composees(courriels.a_valider(validation) for validation in a_temps))
    return len(validations)


@transaction.atomic
def _constater_un_lot(*, cles: list[int], le: date, maintenant: datetime) -> int:
    tenus = _verrouiller(Groupe.objects.filter(pk__in=cles))
    # Read again under the lock: ANCV may have extended, a party answered.
    validations = list(_a_constater(le=le).completes().filter(pk__in=tenus))
    with acte("délai dépassé"):
        Validation.objects.filter(pk__in=[v.pk for v in validations]).update(depassee_le=maintenant)
    deposer(courriels.composees(lettre for v in validations for lettre in courriels.depassee(v)))
    return len(validations)


@transaction.atomic
def _rappeler_un_lot(*, dus: list[tuple[int, int]], le: date) -> int:
    jours = dict(dus)
    ouvertes = Validation.objects.ouvertes(le=le).completes().filter(pk__in=jours).order_by("pk")
    # Read again: a party may have answered since, or ANCV extended, and then another reminder is due, or none.
    validations = [v for v in ouvertes if _rappel_du(v, le) == jours[v.pk]]
    deposer(
        courriels.composees(
            courriels.rappel(v, jours=jours[v.pk], reste=(v.echeance - le).days) for v in validations
        )
    )
    return len(validations)
