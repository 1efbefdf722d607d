"""Reading the figures: by axis, year on year, over ten years, and the occupancy of the providers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Count, F, FloatField, QuerySet, Sum
from django.db.models.functions import Cast, NullIf

from activite.models import MESURES, SANS_ELIGIBILITE, Activite
from activite.regles import evolution
from conventions.models import Organisme
from conventions.models.programme import Duree
from sejours.models import Equipement, Sejour
from seniors.models import Inscription
from sev.socle.communes import departement
from sev.socle.typographie import MOIS

LIBELLES = {
    "options": "Options posées",
    "groupes": "Groupes",
    "inscrits": "Inscriptions",
    "aides": "Aidées",
    "partis": "Parties",
    "accorde": "Aide accordée",
    "verse": "Aide versée",
}
EN_EUROS = ("accorde", "verse")
ANNEES = 10


def _departement(code: str) -> str:
    nom = departement(code)
    return f"{nom} ({code})" if nom else code or "Sans département"


def _parmi(choix) -> Callable[[str], str]:
    libelles = dict(choix.choices)
    return lambda valeur: str(libelles.get(valeur, valeur))


@dataclass(frozen=True)
class Axe:
    """A way to cut the figures: its column, its title, the name of each value, and those always shown, in order."""

    cle: str
    champ: str
    titre: str
    nommer: Callable
    toutes: tuple = ()
    carte: bool = False


AXES = {
    axe.cle: axe
    for axe in (
        Axe("mois", "mois", "Mois de départ", lambda m: MOIS[m - 1].capitalize(), tuple(range(1, 13))),
        Axe("equipement", "departement_equipement", "Département du séjour", _departement, carte=True),
        Axe("porteur", "departement_porteur", "Département du porteur", _departement, carte=True),
        Axe("type", "type_porteur", "Type de porteur", _parmi(Organisme.TypePorteur)),
        Axe("environnement", "environnement", "Environnement", _parmi(Equipement.Environnement)),
        Axe("duree", "duree", "Durée", _parmi(Duree)),
        Axe("eligibilite", "eligibilite", "Éligibilité", _parmi(Inscription.Eligibilite)),
    )
}


@dataclass
class Ligne:
    """A value of the axis, with its measures in the year and in the one compared."""

    cle: object
    libelle: str
    ici: dict[str, Decimal | int] = field(default_factory=lambda: dict.fromkeys(MESURES, 0))
    avant: dict[str, Decimal | int] = field(default_factory=lambda: dict.fromkeys(MESURES, 0))

    def evolution(self, mesure: str) -> Decimal | None:
        """Return the change of a measure in per cent."""
        return evolution(self.ici[mesure], self.avant[mesure])


@dataclass(frozen=True)
class Tableau:
    """The figures of two years along an axis, and their totals."""

    axe: Axe
    annee: int
    autre: int
    lignes: list[Ligne]
    total: Ligne
    mesures: tuple[str, ...]


def mesures_de(axe: str | None, filtres: dict) -> tuple[str, ...]:
    """Return the measures that mean something: nobody's eligibility is that of an option or a group."""
    if axe == "eligibilite" or "eligibilite" in filtres:
        return tuple(m for m in MESURES if m not in SANS_ELIGIBILITE)
    return MESURES


def tableau(axe: Axe, *, annee: int, autre: int, filtres: dict, tri: str = "inscrits") -> Tableau:
    """Return the figures of `annee` and `autre` along `axe`, among the cells of `filtres` (column → value).

    One query. Where the axis has no order of its own, the largest `tri` comes first.
    """
    cases = Activite.objects.filter(annee__in={annee, autre}, **filtres)
    if axe.cle == "eligibilite":
        cases = cases.exclude(eligibilite="")
    lignes = {valeur: Ligne(valeur, axe.nommer(valeur)) for valeur in axe.toutes}
    total = Ligne(None, "Total")
    for case in cases.order_by().values("annee", axe.champ).sommes():
        valeur = case[axe.champ]
        ligne = lignes.setdefault(valeur, Ligne(valeur, axe.nommer(valeur)))
        for cote, une_annee in (("ici", annee), ("avant", autre)):
            if case["annee"] == une_annee:
                _ajouter(getattr(ligne, cote), case)
                _ajouter(getattr(total, cote), case)
    rangees = list(lignes.values())
    if not axe.toutes:
        rangees.sort(key=lambda ligne: (-ligne.ici[tri], -ligne.avant[tri], ligne.libelle))
    return Tableau(axe, annee, autre, rangees, total, mesures_de(axe.cle, filtres))


def _ajouter(mesures: dict, case: dict) -> None:
    for mesure in MESURES:
        mesures[mesure] += case[f"total_{mesure}"]


def annees_jusqu_a(annee: int, *, filtres: dict) -> list[Ligne]:
    """Return the figures of the ten years that end with `annee`, the first first; one query."""
    premiere = annee - ANNEES + 1
    lignes = {a: Ligne(a, str(a)) for a in range(premiere, annee + 1)}
    cases = Activite.objects.filter(annee__range=(premiere, annee), **filtres)
    for case in cases.order_by().values("annee").sommes():
        _ajouter(lignes[case["annee"]].ici, case)
    connues = list(lignes.values())
    while len(connues) > 1 and not any(connues[0].ici.values()):
        connues.pop(0)
    return connues


def occupation(*, annee: int) -> QuerySet:
    """Return the providers with the places of their live stays that leave in `annee`, the fullest first.

    Places are counted as they stand: given to groups (after the lock, to people), held by options, or free.
    """
    return (
        Sejour.objects.filter(debut__range=(date(annee, 1, 1), date(annee, 12, 31)), annule_le__isnull=True)
        .order_by()
        .values(
            prestataire=F("offre__equipement__prestataire"),
            nom=F("offre__equipement__prestataire__nom"),
            numero=F("offre__equipement__prestataire__convention__numero"),
        )
        .annotate(
            equipements=Count("offre__equipement", distinct=True),
            sejours=Count("pk"),
            offertes=Sum("places"),
            prises=Sum("places_prises"),
            en_option=Sum("places_en_option"),
            taux=Cast(Sum("places_prises"), FloatField()) / NullIf(Cast(Sum("places"), FloatField()), 0.0),
        )
    )
