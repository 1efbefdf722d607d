"""A provider's stays at a glance: the next ones with their occupation, and how full each month of the season is."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce, TruncMonth

from conventions.models import Compte
from sejours.models import Groupe, Sejour

HAUTEUR = 100


@dataclass(frozen=True)
class Mois:
    """The places of a month's stays, as one column of the plot."""

    debut: date
    sejours: int
    places: int
    prises: int
    en_option: int

    @property
    def libres(self) -> int:
        return self.places - self.prises - self.en_option

    @property
    def taux(self) -> int:
        """Per cent of the places that are given to groups, never 100 while one is free."""
        return 100 * self.prises // (self.places or 1)

    @property
    def hauteur_prises(self) -> str:
        return f"{HAUTEUR * self.prises / (self.places or 1):.1f}"

    @property
    def hauteur_options(self) -> str:
        return f"{HAUTEUR * self.en_option / (self.places or 1):.1f}"

    @property
    def haut_prises(self) -> str:
        return f"{HAUTEUR - float(self.hauteur_prises):.1f}"

    @property
    def haut_options(self) -> str:
        return f"{HAUTEUR - float(self.hauteur_prises) - float(self.hauteur_options):.1f}"


@dataclass(frozen=True)
class Saison:
    """The stays of a year that begin in it, month after month; `total` adds them up."""

    annee: int
    mois: list[Mois]
    total: Mois


def saison(compte: Compte, *, annee: int) -> Saison | None:
    """Return the year's season of the provider that `compte` works for, None without a stay; one query."""
    lignes = (
        Sejour.objects.pour(compte)
        .filter(annule_le__isnull=True, annee=annee)
        .annotate(mois=TruncMonth("debut"))
        .order_by("mois")
        .values("mois")
        .annotate(
            combien=Count("pk"),
            total=Sum("places"),
            prises=Sum("places_prises"),
            en_option=Sum("places_en_option"),
        )
    )
    mois = [
        Mois(ligne["mois"], ligne["combien"], ligne["total"], ligne["prises"], ligne["en_option"])
        for ligne in lignes
    ]
    if not mois:
        return None
    sommes = (sum(getattr(m, champ) for m in mois) for champ in ("sejours", "places", "prises", "en_option"))
    return Saison(annee, mois, Mois(date(annee, 1, 1), *sommes))


def prochains_sejours(compte: Compte, *, le: date, combien: int) -> list[Sejour]:
    """Return the first stays that are not over on `le`, with `inscrits`, the people on their lists; one query."""
    groupes = (
        Groupe.objects.filter(sejour=OuterRef("pk"), annule_le__isnull=True)
        .order_by()
        .values("sejour")
        .annotate(n=Sum("inscrits"))
        .values("n")
    )
    return list(
        Sejour.objects.pour(compte)
        .filter(annule_le__isnull=True, fin__gte=le)
        .select_related("offre__equipement")
        .annotate(inscrits=Coalesce(Subquery(groupes), 0))
        .order_by("debut", "pk")[:combien]
    )
