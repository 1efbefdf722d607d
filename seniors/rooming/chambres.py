"""The participants of a group, arranged into rooms by what each has asked."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sev.socle.texte import cle, sans_accent


@dataclass(frozen=True)
class Participant:
    """What a rooming-list knows about a person. The ids are those of the registrations."""

    id: int
    nom: str
    prenom: str
    age: int | None = None
    civilite: str = ""
    eligibilite: str = ""
    handicape: bool = False
    dependant: bool = False
    senior_lie_id: int | None = None
    avec_conjoint: bool = False
    conjoint_id: int | None = None
    chambre_individuelle: bool = False
    regroupement: str = ""
    commentaires: str = ""

    @property
    def nom_complet(self) -> str:
        """« NOM Prénom », as on lists."""
        return f"{self.nom} {self.prenom}"

    @property
    def pmr(self) -> bool:
        return self.handicape or self.dependant

    @property
    def son_conjoint_id(self) -> int | None:
        """The spouse that the registration names, by its own link or by « A l'aide par conjoint »."""
        return self.conjoint_id or (self.senior_lie_id if self.eligibilite == "CONJOINT" else None)

    @property
    def accompagne_id(self) -> int | None:
        """The person that a carer accompanies."""
        return self.senior_lie_id if self.eligibilite == "AIDANT" else None


@dataclass(frozen=True)
class Chambre:
    """The people of one room."""

    occupants: tuple[Participant, ...]


@dataclass(frozen=True)
class Arrangement:
    """The rooms by kind, each person once. Those of `a_placer` hold one person each."""

    couples: tuple[Chambre, ...]
    aidants: tuple[Chambre, ...]
    partages: tuple[Chambre, ...]
    individuelles: tuple[Chambre, ...]
    a_placer: tuple[Chambre, ...]

    @property
    def chambres(self) -> tuple[Chambre, ...]:
        return self.couples + self.aidants + self.partages + self.individuelles + self.a_placer

    @property
    def participants(self) -> tuple[Participant, ...]:
        return tuple(participant for chambre in self.chambres for participant in chambre.occupants)

    @property
    def doubles(self) -> int:
        return len(self.couples) + len(self.aidants) + len(self.partages)


def _ordre(participant: Participant) -> tuple:
    return cle(participant.nom), cle(participant.prenom), participant.id


def _mots(texte: str) -> list[str]:
    return re.findall(r"[A-Z0-9]+", sans_accent(texte))


def _suites(texte: str) -> set[str]:
    """The keys of every run of consecutive words: where a name may stand, however it is cut."""
    mots = _mots(texte)
    return {
        "".join(mots[debut:fin])
        for debut in range(len(mots))
        for fin in range(debut + 1, min(debut + 8, len(mots)) + 1)
    }


def souhaites(participant: Participant, autres: Iterable[Participant]) -> list[Participant]:
    """The participants that the free text « regroupement souhaité avec » names, best match first.

    Surname and first name count in any order; one of them alone, when a single person bears it.
    """
    suites = _suites(participant.regroupement)
    if not suites:
        return []
    autres = [autre for autre in autres if autre.id != participant.id]
    complets = [a for a in autres if cle(a.nom) in suites and cle(a.prenom) in suites]
    noms = Counter(cle(a.nom) for a in autres)
    prenoms = Counter(cle(a.prenom) for a in autres)
    cites = {cle(a.nom) for a in complets} | {cle(a.prenom) for a in complets}
    par_nom = [a for a in autres if cle(a.nom) in suites - cites and noms[cle(a.nom)] == 1]
    par_prenom = [a for a in autres if cle(a.prenom) in suites - cites and prenoms[cle(a.prenom)] == 1]
    return list(dict.fromkeys([*complets, *par_nom, *par_prenom]))


class _Placement:
    """The people who have no room yet, and the rooms made so far."""

    def __init__(self, participants: Iterable[Participant]):
        self.tous = {p.id: p for p in sorted(participants, key=_ordre)}
        self.libres = dict(self.tous)

    def prendre(self, *participants: Participant) -> Chambre:
        for participant in participants:
            del self.libres[participant.id]
        return Chambre(participants)

    def paires(
        self, liens: Iterator[tuple[Participant, int | None]]
    ) -> Iterator[tuple[Participant, Participant]]:
        """The pairs (who names, who is named) still free when their turn comes; reciprocal links go first."""
        liens = [(p, self.tous[vers]) for p, vers in liens if vers in self.tous and vers != p.id]
        vers = {(p.id, autre.id) for p, autre in liens}
        for p, autre in sorted(liens, key=lambda lien: (lien[1].id, lien[0].id) not in vers):
            if p.id in self.libres and autre.id in self.libres:
                yield p, autre

    def individuelles(self) -> list[Chambre]:
        return [self.prendre(p) for p in list(self.libres.values()) if p.chambre_individuelle]

    def couples(self) -> list[Chambre]:
        """Linked spouses; then two people of one name, and no more than two, who travel with their spouse."""
        liens = ((p, p.son_conjoint_id) for p in self.tous.values())
        chambres = [self.prendre(*sorted(paire, key=_ordre)) for paire in self.paires(liens)]
        par_nom = defaultdict(list)
        for p in self.libres.values():
            if p.avec_conjoint and p.son_conjoint_id is None:
                par_nom[cle(p.nom)].append(p)
        return chambres + [self.prendre(*paire) for paire in par_nom.values() if len(paire) == 2]

    def aidants(self) -> list[Chambre]:
        """The person cared for, then the carer."""
        liens = ((p, p.accompagne_id) for p in self.tous.values())
        return [self.prendre(personne, aidant) for aidant, personne in self.paires(liens)]

    def partages(self) -> list[Chambre]:
        """Two people of whom one at least has named the other."""
        liens = (
            (p, autre.id) for p in list(self.libres.values()) for autre in souhaites(p, self.tous.values())
        )
        return [self.prendre(*sorted(paire, key=_ordre)) for paire in self.paires(liens)]


def arranger(participants: Iterable[Participant]) -> Arrangement:
    """Put each participant in one room. A single room that was asked for wins over every link."""
    placement = _Placement(participants)

    def rangees(chambres: list[Chambre]) -> tuple[Chambre, ...]:
        return tuple(sorted(chambres, key=lambda chambre: _ordre(chambre.occupants[0])))

    individuelles = rangees(placement.individuelles())
    couples = rangees(placement.couples())
    aidants = rangees(placement.aidants())
    partages = rangees(placement.partages())
    a_placer = tuple(placement.prendre(p) for p in list(placement.libres.values()))
    return Arrangement(couples, aidants, partages, individuelles, a_placer)
