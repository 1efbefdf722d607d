"""The calendar of occupation: an équipement's year, month by month, stay by stay (S1)."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.shortcuts import render
from django.views.decorators.http import require_safe

from conventions.models import Organisme
from sejours.models import Groupe, Sejour
from sejours.views.sejours import Etat, equipements_de, etat
from sev.socle.acces import reserve_a
from sev.socle.tableur import Feuille, classeur_xlsx, reponse_xlsx
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import MOIS

ANNEES = 3


@dataclass(frozen=True)
class Mois:
    """A month of departures: its stays with their state, and the sums of those that are not cancelled."""

    nom: str
    sejours: list[tuple[Sejour, Etat]]
    places: int
    prises: int
    en_option: int
    inscrits: int

    @property
    def libres(self) -> int:
        """Places that nobody has."""
        return self.places - self.prises - self.en_option


@require_safe
@reserve_a(Organisme.Nature.PRESTATAIRE)
def occupation(request):
    """One équipement's year: a bar a stay, a sum a month."""
    le, equipements = aujourdhui(), equipements_de(request)
    annee, equipement = _choix(request, equipements, le)
    contexte = {
        "annee": annee,
        "annees": range(le.year + 1, le.year + 1 - ANNEES, -1),
        "equipements": equipements,
        "equipement": equipement,
        "nom": dict(equipements).get(equipement, ""),
        "mois": _mois(_sejours(request, annee, equipement), le),
        "maintenant": maintenant(),
    }
    return render(request, "sejours/occupation.html", contexte)


@require_safe
@reserve_a(Organisme.Nature.PRESTATAIRE)
def tableur(request):
    """The same calendar as a spreadsheet."""
    le, equipements = aujourdhui(), equipements_de(request)
    annee, equipement = _choix(request, equipements, le)
    feuille = Feuille(
        nom="Occupation",
        titre=f"Occupation {annee}, {dict(equipements).get(equipement, '')}, au {le:%d/%m/%Y}",
        entetes=("Mois", "Début", "Fin", "Places", "En groupes", "En option", "Libres", "Inscrits", "État"),
        lignes=(_ligne(sejour, le) for sejour in _sejours(request, annee, equipement)),
    )
    return reponse_xlsx(f"occupation-{annee}.xlsx", classeur_xlsx(feuille))


def _choix(request, equipements, le: date) -> tuple[int, int | None]:
    """Return the year and the équipement asked for; this year's and the first one when they make no sense."""
    annees = {str(a): a for a in range(le.year + 1, le.year + 1 - ANNEES, -1)}
    cles = {str(cle): cle for cle, _ in equipements}
    premier = next(iter(cles.values()), None)
    annee = annees.get(request.GET.get("annee", ""), le.year)
    return annee, cles.get(request.GET.get("equipement", ""), premier)


def _sejours(request, annee: int, equipement: int | None):
    groupes = Groupe.objects.pour(request.user).filter(sejour=OuterRef("pk"), annule_le__isnull=True)
    inscrits = groupes.order_by().values("sejour").annotate(total=Sum("inscrits")).values("total")
    sejours = Sejour.objects.pour(request.user).filter(annee=annee, offre__equipement=equipement)
    return (
        sejours.select_related("offre")
        .annotate(inscrits=Coalesce(Subquery(inscrits), 0))
        .order_by("debut", "pk")
    )


def _mois(sejours, le: date) -> list[Mois]:
    mois = []
    for rang, du_mois in groupby(sejours, key=lambda sejour: sejour.debut.month):
        lignes = list(du_mois)
        vivants = [sejour for sejour in lignes if sejour.annule_le is None]
        mois.append(
            Mois(
                nom=MOIS[rang - 1],
                sejours=[(sejour, etat(sejour, le)) for sejour in lignes],
                places=sum(sejour.places for sejour in vivants),
                prises=sum(sejour.places_prises for sejour in vivants),
                en_option=sum(sejour.places_en_option for sejour in vivants),
                inscrits=sum(sejour.inscrits for sejour in vivants),
            )
        )
    return mois


def _ligne(sejour: Sejour, le: date) -> tuple:
    return (
        MOIS[sejour.debut.month - 1],
        sejour.debut,
        sejour.fin,
        sejour.places,
        sejour.places_prises,
        sejour.places_en_option,
        0 if sejour.annule_le else sejour.places_libres,
        sejour.inscrits,
        etat(sejour, le).libelle,
    )
