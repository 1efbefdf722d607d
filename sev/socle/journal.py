"""The journal (X3): every write made inside `acte` carries who did it, what they meant, and why; and reading it."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import pghistory
from django.db.models import BigIntegerField, F, IntegerField, QuerySet, Value
from django.db.models.functions import Cast
from django.utils.timezone import is_aware, localtime

from sev.socle.typographie import euros


@contextmanager
def acte(action: str, *, par=None, motif: str = ""):
    """Open the history context of one act. `par` is a Compte, or None when the clock acts.

    Only the account's key and the person's name are kept: no address, no e-mail. An act inside another bears the
    same context key with its own words, and gives the first one's back when it ends.
    """
    with pghistory.context() as contexte:
        avant = dict(contexte.metadata)
        contexte.metadata.update(
            action=action, par=par.pk if par else None, nom=str(par) if par else "Horloge", motif=motif
        )
        try:
            yield
        finally:
            contexte.metadata.clear()
            contexte.metadata.update(avant)


# --- Reading ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trace:
    """One thing that was done, in words; `par` is the account's key, `nom` the name it bore then."""

    le: datetime
    texte: str
    action: str = ""
    par: int | None = None
    nom: str = ""
    motif: str = ""

    @classmethod
    def de(cls, evenement, texte: str) -> "Trace":
        """Return the trace of a pghistory event, whose context may be missing (a write outside any act)."""
        contexte = evenement.pgh_context or {}
        return cls(
            le=evenement.pgh_created_at,
            texte=texte,
            action=contexte.get("action", ""),
            par=contexte.get("par"),
            nom=contexte.get("nom", ""),
            motif=contexte.get("motif", ""),
        )


@dataclass(frozen=True)
class Source:
    """Where traces come from: rows with a key and an instant, and how to tell those of some keys, all at once."""

    lignes: QuerySet
    cle: str
    quand: str
    raconter: Callable[[list[int]], dict[int, Trace]]

    def reperes(self, rang: int, *, depuis: datetime | None, avant: datetime | None) -> QuerySet:
        """Return (`rang` of the source, key, instant) of every row from `depuis` on, and before `avant`."""
        bornes = {f"{self.quand}__gte": depuis, f"{self.quand}__lt": avant}
        return (
            self.lignes.filter(**{nom: instant for nom, instant in bornes.items() if instant})
            .order_by()
            .annotate(
                rang=Value(rang, output_field=IntegerField()),
                repere=Cast(self.cle, BigIntegerField()),
                instant=F(self.quand),
            )
            .values_list("rang", "repere", "instant")
        )


class Traces:
    """The traces of several sources as one list, the latest first, of which only the slice asked for is read.

    Of one instant (one transaction), those of the last source are the latest.
    """

    def __init__(self, *sources: Source, depuis: datetime | None = None, avant: datetime | None = None):
        self.sources = sources
        premiere, *autres = [
            source.reperes(rang, depuis=depuis, avant=avant) for rang, source in enumerate(sources)
        ]
        self.reperes = premiere.union(*autres, all=True)

    def count(self) -> int:
        return self.reperes.count()

    def __getitem__(self, tranche: slice) -> list[Trace]:
        reperes = list(self.reperes.order_by("-instant", "-rang", "-repere")[tranche])
        cles: dict[int, list[int]] = {}
        for rang, cle, _ in reperes:
            cles.setdefault(rang, []).append(cle)
        contees = {rang: self.sources[rang].raconter(lues) for rang, lues in cles.items()}
        return [contees[rang][cle] for rang, cle, _ in reperes]


def precedents(evenements: list, histoire) -> dict[int, object]:
    """Return, for each event's key, the state before it, out of `histoire`: all events of the same objects."""
    dernier, avant = {}, {}
    voulus = {evenement.pgh_id for evenement in evenements}
    for evenement in sorted(histoire, key=lambda e: e.pgh_id):
        if evenement.pgh_id in voulus:
            avant[evenement.pgh_id] = dernier.get(evenement.pgh_obj_id)
        dernier[evenement.pgh_obj_id] = evenement
    return avant


def ecarts(avant, apres, champs) -> list[str]:
    """Return what changed between two states of an object, in words: « places : 10 devient 12 »."""
    phrases = []
    for nom in champs:
        champ = apres._meta.get_field(nom)
        ancien, nouveau = (_mots(etat, champ) for etat in (avant, apres))
        if ancien != nouveau:
            phrases.append(f"{champ.verbose_name} : {ancien} devient {nouveau}")
    return phrases


def avec_precisions(debut: str, precisions: list[str]) -> str:
    """Return « Séjour modifié : places : 10 devient 12 », or the beginning alone when nothing more is known."""
    return f"{debut} : {' ; '.join(precisions)}" if precisions else debut


def _mots(etat, champ) -> str:
    valeur = getattr(etat, champ.attname)
    if champ.choices:
        valeur = dict(champ.flatchoices).get(valeur, valeur)
    match valeur:
        case None | "":
            return "rien"
        case bool():
            return "oui" if valeur else "non"
        case datetime():
            return f"{localtime(valeur) if is_aware(valeur) else valeur:%d/%m/%Y à %H:%M}"
        case date():
            return f"{valeur:%d/%m/%Y}"
        case Decimal():
            return euros(valeur)
        case int():
            return str(valeur)
        case _:
            return f"« {valeur} »"
