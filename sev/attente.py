"""What waits for ANCV: one line for each queue, counted on the admin's home.

A queue is rows that wait: its door must be an index of those alone, as the home counts them at each visit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Min, QuerySet
from django.urls import reverse
from django.utils.timezone import localdate

from conventions.models import DemandeComplement
from seniors.models import Doublon
from sev.socle.typographie import quantite
from validation.models import Lot, Presence, Signalement, Validation, Versement
from validation.models.validations import ECHEANCE


@dataclass(frozen=True)
class File:
    """A queue. `lignes(le)` are the rows that wait on a day, `depuis` since when, `page` where they are worked off.

    `droit` is needed to see it; beyond `delai` days the oldest is late.
    """

    libelle: str
    lignes: Callable[[date], QuerySet]
    depuis: object
    page: str
    droit: str
    delai: int
    question: str = ""


@dataclass(frozen=True)
class Attente:
    """A queue as it stands: how many rows, the age of the oldest in days, its page."""

    libelle: str
    combien: int
    jours: int | None
    delai: int
    adresse: str

    @property
    def en_retard(self) -> bool:
        return self.jours is not None and self.jours > self.delai

    @property
    def age(self) -> str:
        """« depuis 6 jours », « depuis hier »; the promised delay is said once it is over."""
        if self.jours is None:
            return ""
        depuis = {0: "depuis aujourd'hui", 1: "depuis hier"}.get(
            self.jours, f"depuis {quantite(self.jours, 'jour')}"
        )
        return f"{depuis} (plus de {quantite(self.delai, 'jour')})" if self.en_retard else depuis


FILES = (
    File(
        "Demandes de complément",
        lambda le: DemandeComplement.objects.en_attente(),
        "faite_le",
        "admin:conventions_demandecomplement_changelist",
        "conventions.view_demandecomplement",
        delai=5,
        question="?etat=attente",
    ),
    File(
        "Délais dépassés",
        lambda le: Validation.objects.depassees(le=le),
        ECHEANCE,
        "admin:validation_validation_changelist",
        "validation.view_validation",
        delai=10,
        question="?etape=DEPASSEE",
    ),
    File(
        "Personnes en litige",
        lambda le: Presence.objects.en_litige(),
        "validation__confirmee_le",
        "admin:validation_presence_changelist",
        "validation.view_presence",
        delai=10,
    ),
    File(
        "Listes non conformes",
        lambda le: Signalement.objects.en_attente(),
        "fait_le",
        "admin:validation_signalement_changelist",
        "validation.view_signalement",
        delai=5,
    ),
    File(
        "Doublons probables",
        lambda le: Doublon.objects.a_decider(),
        "trouve_le",
        "admin:seniors_doublon_changelist",
        "seniors.view_doublon",
        delai=10,
        question="?decision__exact=",
    ),
    File(
        "Aides à mettre dans un lot",
        lambda le: Versement.objects.a_verser(),
        "du_le",
        "admin:validation_lot_sommes_dues",
        "validation.view_lot",
        delai=30,
    ),
    File(
        "Lots de versements à payer",
        lambda le: Lot.objects.filter(paye_le__isnull=True, defait_le__isnull=True),
        "cree_le",
        "admin:validation_lot_changelist",
        "validation.view_lot",
        delai=10,
        question="?etat=A_PAYER",
    ),
)


def files_de(compte, *, le: date) -> list[Attente]:
    """Return every queue that `compte` may see as it stands on `le`, the empty ones too; one query each."""
    return [_compter(file, le) for file in FILES if compte.has_perm(file.droit)]


def _compter(file: File, le: date) -> Attente:
    compte = file.lignes(le).order_by().aggregate(combien=Count("pk"), plus_ancien=Min(file.depuis))
    return Attente(
        libelle=file.libelle,
        combien=compte["combien"],
        jours=_jours(compte["plus_ancien"], le),
        delai=file.delai,
        adresse=reverse(file.page) + file.question,
    )


def _jours(depuis: date | datetime | None, le: date) -> int | None:
    if depuis is None:
        return None
    jour = localdate(depuis) if isinstance(depuis, datetime) else depuis
    return max(0, (le - jour).days)
