"""What a tariff, a ceiling or a suspension touches, counted before it is decided. Reads only."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Q

from conventions.models import Compte, Convention, Tarif
from sejours.models import Groupe, Offre, Option, Sejour
from seniors.models import Inscription


@dataclass(frozen=True)
class EffetsDuTarif:
    """The stays that a tariff is for, until `jusqu_au` (None: no end known), and what stands on them."""

    jusqu_au: date | None
    avant: Tarif | None
    sejours: int
    listes: int
    aidees: int
    attendent: int
    offres_trop_cheres: int


def effets_du_tarif(
    *, duree: int, valable_du: date, prix: Decimal, jour: date, tarif: Tarif | None = None
) -> EffetsDuTarif:
    """Count what the tariff of `duree` days from `valable_du` on applies to, as things stand on `jour`.

    `tarif` is the one being corrected.
    """
    autres = Tarif.objects.filter(duree=duree).exclude(pk=tarif and tarif.pk)
    suivant = autres.filter(valable_du__gt=valable_du).order_by("valable_du").first()
    vises = Q(offre__duree=duree, debut__gte=valable_du, annule_le__isnull=True)
    if suivant:
        vises &= Q(debut__lt=suivant.valable_du)
    sejours = Sejour.objects.filter(vises, debut__gt=jour)
    listes = Groupe.objects.modifiables(le=jour).filter(sejour__in=sejours)
    comptes = Inscription.objects.presentes().filter(groupe__sejour__in=sejours)
    return EffetsDuTarif(
        jusqu_au=suivant and suivant.valable_du - timedelta(days=1),
        avant=autres.filter(valable_du__lte=valable_du).order_by("-valable_du").first(),
        sejours=sejours.count(),
        listes=listes.count(),
        offres_trop_cheres=Offre.objects.filter(prix__gt=prix, sejours__in=sejours).distinct().count(),
        **comptes.aggregate(
            aidees=Count("pk", filter=Q(aide__isnull=False)),
            attendent=Count("pk", filter=Q(motif_sans_aide__in=Inscription.MOTIFS_DE_FILE)),
        ),
    )


@dataclass(frozen=True)
class EffetsDuPlafond:
    """Those on open lists of the ceiling's household: aided above it, without aid below it."""

    aidees_au_dessus: int
    sans_aide_en_dessous: int


def effets_du_plafond(
    *, annee_avis: int, situation: str, parts: Decimal, plafond: Decimal, jour: date
) -> EffetsDuPlafond:
    """Count whom the ceiling would decide otherwise: the programme of a year uses the avis of the year before (P5)."""
    foyers = (
        Inscription.objects.presentes()
        .filter(groupe__in=Groupe.objects.modifiables(le=jour), annee=annee_avis + 1)
        .filter(eligibilite="AIDE", situation=situation, parts=parts, revenu_imposable__isnull=False)
    )
    return EffetsDuPlafond(
        aidees_au_dessus=foyers.filter(aide__isnull=False, revenu_imposable__gt=plafond).count(),
        sans_aide_en_dessous=foyers.filter(
            motif_sans_aide=Inscription.SansAide.PLAFOND, revenu_imposable__lte=plafond
        ).count(),
    )


@dataclass(frozen=True)
class EffetsDeLaSuspension:
    """What waits in a year, and how many people are told."""

    options: int
    demandes: int
    listes: int
    sejours: int
    titulaires: int


def effets_de_la_suspension(*, annee: int, jour: date) -> EffetsDeLaSuspension:
    """Count what a suspension of the year holds back, and what goes on (P2)."""
    actives = Convention.objects.actives().values("pk")
    listes = Groupe.objects.modifiables(le=jour).filter(sejour__annee=annee)
    return EffetsDeLaSuspension(
        options=Option.objects.en_cours().filter(sejour__annee=annee, echeance__gte=jour).count(),
        demandes=listes.filter(demandes_places__repondue_le__isnull=True, demandes_places__isnull=False)
        .distinct()
        .count(),
        listes=listes.count(),
        sejours=Sejour.objects.filter(annee=annee, annule_le__isnull=True, debut__gt=jour).count(),
        titulaires=Compte.objects.filter(organisme__in=actives, titulaire=True, is_active=True).count(),
    )
