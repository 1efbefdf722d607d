"""The calendar of occupation (S1): an équipement's year stay by stay, or every équipement's year month by month."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce, ExtractMonth
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
TOUS = "Tous les équipements"


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


@dataclass(frozen=True)
class Lieu:
    """An équipement's year: the name of each month, and its sums."""

    cle: int
    nom: str
    mois: list[tuple[str, dict | None]]


@require_safe
@reserve_a(Organisme.Nature.PRESTATAIRE)
def occupation(request):
    """One équipement's year: a bar a stay, a sum a month; or all of them: a bar an équipement and a month."""
    le, equipements = aujourdhui(), equipements_de(request)
    annee, equipement = _choix(request, equipements, le)
    sejours = _de_l_annee(request, annee, equipement)
    contexte = {
        "annee": annee,
        "annees": range(le.year + 1, le.year + 1 - ANNEES, -1),
        "equipements": equipements,
        "equipement": equipement,
        "nom": dict(equipements).get(equipement, TOUS),
        "noms_des_mois": MOIS,
        "lieux": _par_lieu(sejours) if equipement is None else [],
        "mois": _mois(_un_a_un(request, sejours), le) if equipement else [],
        "maintenant": maintenant(),
    }
    return render(request, "sejours/occupation.html", contexte)


@require_safe
@reserve_a(Organisme.Nature.PRESTATAIRE)
def tableur(request):
    """The same calendar as a spreadsheet."""
    le, equipements = aujourdhui(), equipements_de(request)
    annee, equipement = _choix(request, equipements, le)
    sejours = _un_a_un(request, _de_l_annee(request, annee, equipement))
    feuille = Feuille(
        nom="Occupation",
        titre=f"Occupation {annee}, {dict(equipements).get(equipement, TOUS)}, au {le:%d/%m/%Y}",
        entetes=(
            "Mois",
            "Équipement",
            "Début",
            "Fin",
            "Places",
            "En groupes",
            "En option",
            "Libres",
            "Inscrits",
            "État",
        ),
        lignes=(_ligne(sejour, le) for sejour in sejours),
    )
    return reponse_xlsx(f"occupation-{annee}.xlsx", classeur_xlsx(feuille))


def _choix(request, equipements, le: date) -> tuple[int, int | None]:
    """Return the year and the équipement asked for, None for all; the only one is never « all »."""
    annees = {str(a): a for a in range(le.year + 1, le.year + 1 - ANNEES, -1)}
    cles = {str(cle): cle for cle, _ in equipements}
    defaut = equipements[0][0] if len(equipements) == 1 else None
    annee = annees.get(request.GET.get("annee", ""), le.year)
    return annee, cles.get(request.GET.get("equipement", ""), defaut)


def _de_l_annee(request, annee: int, equipement: int | None):
    sejours = Sejour.objects.pour(request.user).filter(annee=annee)
    return sejours if equipement is None else sejours.filter(offre__equipement=equipement)


def _un_a_un(request, sejours):
    """Return the stays in order, each with its équipement and its `inscrits`."""
    groupes = Groupe.objects.pour(request.user).filter(sejour=OuterRef("pk"), annule_le__isnull=True)
    inscrits = groupes.order_by().values("sejour").annotate(total=Sum("inscrits")).values("total")
    return (
        sejours.select_related("offre__equipement")
        .annotate(inscrits=Coalesce(Subquery(inscrits), 0))
        .order_by("debut", "pk")
    )


def _par_lieu(sejours) -> list[Lieu]:
    """Return each équipement's twelve months in one query; a month without a stay is None."""
    sommes = (
        sejours.filter(annule_le__isnull=True)
        .values(cle=F("offre__equipement"), nom=F("offre__equipement__nom"), mois=ExtractMonth("debut"))
        .annotate(
            total=Sum("places"),
            tenues=Sum(F("places_prises") + F("places_en_option")),
            prises=Sum("places_prises"),
            en_option=Sum("places_en_option"),
        )
        .order_by("nom", "cle", "mois")
    )
    lieux = []
    for (cle, nom), du_lieu in groupby(sommes, key=lambda somme: (somme["cle"], somme["nom"])):
        par_mois = {somme["mois"]: somme for somme in du_lieu}
        lieux.append(Lieu(cle, nom, [(mot, par_mois.get(rang)) for rang, mot in enumerate(MOIS, start=1)]))
    return lieux


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
        sejour.offre.equipement.nom,
        sejour.debut,
        sejour.fin,
        sejour.places,
        sejour.places_prises,
        sejour.places_en_option,
        0 if sejour.annule_le else sejour.places_libres,
        sejour.inscrits,
        etat(sejour, le).libelle,
    )
