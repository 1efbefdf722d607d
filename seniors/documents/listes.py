"""The rooming-list: rooms by kind, then what the kitchen and the reception must know."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from seniors.documents.cadre import cadre, participant
from seniors.rooming import Arrangement, Chambre, Genre, Participant, Remarque, arranger, lire, sujet
from sev.socle.pdf import rendre_pdf
from sev.socle.texte import cle, sans_accent
from sev.socle.typographie import de, quantite

_POLITESSE = frozenset(
    (
        "AVEC",
        "ET",
        "OU",
        "M",
        "MR",
        "MME",
        "MLLE",
        "MONSIEUR",
        "MADAME",
        "MADEMOISELLE",
        "SA",
        "SON",
        "LA",
        "LE",
        "L",
    )
)


@dataclass(frozen=True)
class Ligne:
    """A person on the rooming-list, with what the last column says."""

    participant: Participant
    remarques: tuple[Remarque, ...]
    mentions: tuple[str, ...]

    @property
    def atteintes(self) -> str:
        """The two boxes of the registration, in words beside the label PMR."""
        coches = ((self.participant.handicape, "Handicapé"), (self.participant.dependant, "Dépendant"))
        return ", ".join(mot for coche, mot in coches if coche)

    def de_genre(self, *genres: Genre) -> list[Remarque]:
        return [remarque for remarque in self.remarques if remarque.genre in genres]


@dataclass(frozen=True)
class Section:
    """A kind of room: its title, how many rooms and people, the rows of each room."""

    titre: str
    compte: str
    chambres: list[list[Ligne]]


def _nom(p: Participant) -> str:
    """« Prénom NOM », as in a sentence."""
    return f"{p.prenom} {p.nom}"


def _exauce(p: Participant, compagnons: Iterable[Participant]) -> bool:
    """Whether the wish says no more than the name of who shares the room."""
    mots = set(re.findall(r"[A-Z0-9]+", sans_accent(p.regroupement))) - _POLITESSE
    noms = "".join(cle(autre.nom_complet) for autre in compagnons)
    return all(mot in noms for mot in mots)


def _mentions(p: Participant, chambre: Chambre, par_id: dict, conjoints: dict) -> tuple[str, ...]:
    """The links and wishes that the room itself does not show."""
    mentions = []
    feminin = "e" if p.civilite == "MME" else ""
    compagnons = [autre for autre in chambre.occupants if autre.id != p.id]
    if accompagne := par_id.get(p.accompagne_id):
        mentions.append(f"Aidant{feminin} {de(_nom(accompagne))}")
    conjoint = conjoints.get(p.id)
    if conjoint and conjoint not in compagnons:
        mentions.append(f"Conjoint{feminin} {de(_nom(conjoint))}")
    elif p.avec_conjoint and not conjoint and not compagnons:
        mentions.append("Voyage avec son conjoint")
    if not _exauce(p, compagnons):
        mentions.append(f"Souhaite être avec : {p.regroupement}")
    return tuple(mentions)


def lignes(arrangement: Arrangement) -> dict[int, Ligne]:
    """The row of each participant."""
    par_id = {p.id: p for p in arrangement.participants}
    conjoints = {}
    for p in par_id.values():
        if autre := par_id.get(p.son_conjoint_id):
            conjoints.setdefault(autre.id, p)
    conjoints |= {p.id: par_id[p.son_conjoint_id] for p in par_id.values() if p.son_conjoint_id in par_id}
    return {
        p.id: Ligne(p, lire(p.commentaires), _mentions(p, chambre, par_id, conjoints))
        for chambre in arrangement.chambres
        for p in chambre.occupants
    }


def sections(arrangement: Arrangement, par_id: dict[int, Ligne]) -> list[Section]:
    """The kinds of room that this group needs, in the order of the document."""
    sortes = (
        ("Chambres doubles, couples", arrangement.couples),
        ("Aidant avec la personne accompagnée", arrangement.aidants),
        ("Souhaitent partager une chambre, lits séparés", arrangement.partages),
        ("Chambres individuelles", arrangement.individuelles),
        ("Reste à placer", arrangement.a_placer),
    )
    resultat = []
    for titre, chambres in sortes:
        if chambres:
            personnes = quantite(sum(len(c.occupants) for c in chambres), "personne")
            compte = f"{quantite(len(chambres), 'chambre')}, {personnes}"
            resultat.append(
                Section(
                    titre,
                    personnes if chambres is arrangement.a_placer else compte,
                    [[par_id[p.id] for p in chambre.occupants] for chambre in chambres],
                )
            )
    return resultat


def _rassembler(paires: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """(label, who) pairs, gathered by label in alphabetical order, the spelling first met kept."""
    libelles, noms = {}, defaultdict(list)
    for libelle, nom in paires:
        libelles.setdefault(cle(libelle), libelle)
        noms[cle(libelle)].append(nom)
    return [(libelles[k], ", ".join(noms[k])) for k in sorted(noms)]


def _minuscule(texte: str) -> str:
    """`texte` as it goes on inside a sentence; « PMR » and « RDC » keep their capitals."""
    return texte[:1].lower() + texte[1:] if texte[1:2].islower() else texte


def pour_la_cuisine(rangs: Iterable[Ligne]) -> list[tuple[str, str]]:
    """Diets and allergies: who."""
    return _rassembler(
        (remarque.libelle, ligne.participant.nom_complet)
        for ligne in rangs
        for remarque in ligne.de_genre(Genre.REGIME)
    )


def pour_la_reception(rangs: Iterable[Ligne]) -> list[tuple[str, str]]:
    """Who needs access, with what; then each subject; then the other requests."""
    rangs = list(rangs)
    acces, sujets, autres = [], [], []
    for ligne in rangs:
        nom = ligne.participant.nom_complet
        accueil = ligne.de_genre(Genre.ACCUEIL)
        if ligne.participant.pmr:
            besoins = ", ".join(_minuscule(remarque.texte) for remarque in accueil)
            acces.append(f"{nom} ({besoins})" if besoins else nom)
        else:
            sujets += dict.fromkeys((sujet(remarque.texte), nom) for remarque in accueil)
        demandes = [_minuscule(remarque.texte) for remarque in ligne.de_genre(Genre.AUTRE)]
        demandes += [_minuscule(mention) for mention in ligne.mentions if mention.startswith("Souhaite")]
        if demandes:
            autres.append(f"{nom} ({', '.join(demandes)})")
    resultat = [("PMR", ", ".join(acces))] if acces else []
    resultat += _rassembler(sujets)
    return resultat + ([("Autres demandes", ", ".join(autres))] if autres else [])


def totaux(arrangement: Arrangement, rangs: Iterable[Ligne]) -> list[tuple[str, str]]:
    """The row of totals: heads and figures."""
    rangs = list(rangs)
    return [
        ("Personnes", str(len(rangs))),
        ("Chambres doubles", str(arrangement.doubles)),
        ("dont lits séparés", str(len(arrangement.partages))),
        ("Avec aidant", str(len(arrangement.aidants))),
        ("Chambres individuelles", str(len(arrangement.individuelles))),
        ("Reste à placer", f"{len(arrangement.a_placer)} pers."),
        ("Accès PMR", str(sum(ligne.participant.pmr for ligne in rangs))),
        ("Régimes et allergies", str(sum(bool(ligne.de_genre(Genre.REGIME)) for ligne in rangs))),
    ]


def rooming_list(groupe, inscriptions, *, vue: str, le: date, maintenant: datetime) -> bytes:
    """The PDF of the rooming-list, provisional or final on `le`, edited at `maintenant`."""
    arrangement = arranger(participant(inscription, vue=vue) for inscription in inscriptions)
    par_id = lignes(arrangement)
    return rendre_pdf(
        "documents/rooming_list.html",
        cadre(groupe, "Rooming-list", le=le, maintenant=maintenant)
        | {
            "totaux": totaux(arrangement, par_id.values()),
            "sections": sections(arrangement, par_id),
            "cuisine": pour_la_cuisine(par_id.values()),
            "reception": pour_la_reception(par_id.values()),
        },
    )
