"""The free comments of a registration, cut into remarks: for the kitchen, for the reception, other.

The kind only says where a remark is repeated; every word stands in the row of its person.
"""

import re
from dataclasses import dataclass
from enum import Enum

from sev.socle.texte import propre, sans_accent


class Genre(Enum):
    REGIME = "regime"
    ACCUEIL = "accueil"
    AUTRE = "autre"
    RIEN = "rien"


@dataclass(frozen=True)
class Remarque:
    """A remark as typed, its kind, and what joins it to the one before it (« , » or « . »)."""

    texte: str
    genre: Genre
    liaison: str = ""

    @property
    def affichee(self) -> str:
        """The text, with a capital where a sentence begins."""
        return self.texte if self.liaison == ", " else self.texte[:1].upper() + self.texte[1:]

    @property
    def libelle(self) -> str:
        """Under which it is gathered: « Allergie : arachide » → « Allergie arachide »."""
        texte = propre(re.sub(r"\s*:\s*", " ", self.texte))
        return texte[:1].upper() + texte[1:]


_ALIMENTS = (
    "SEL|SUCRE|GLUTEN|PORC|LACTOSE|LAIT|LAITAGE|PRODUIT LAITIER|OEUF|VIANDE|POISSON|RESIDU|GRAISSE|GRAS|"
    "ALCOOL|CRUDITE|FIBRE|FRUIT|LEGUME|FROMAGE|BEURRE|BOEUF|FRITURE|NOIX|NOISETTE|ARACHIDE|CRUSTACE|SOJA|"
    "MOUTARDE|EPICE|AIL|OIGNON|CHOCOLAT|KIWI|SESAME|TOMATE|FRAISE"
)
_REGIME = re.compile(
    r"\b(ALLERG|INTOLER|REGIME|DIABET|COELIAQUE|CHOLESTEROL|HYPOSOD|HYPOCAL|VEGETAR|VEGETAL|VEGAN|HAL+AL|"
    r"[CK]AS?C?HER\b|MIXE|HACHE|MOULINE|EPAISSI|TEXTURE|REPAS|MENU|NOURRITURE|ALIMENT|MANGE|"
    r"FRUITS? DE MER|FRUITS? A COQUE|"
    rf"(SANS|PAS DE|PAS D|NI|AUCUNE?|(SUPPRIMER|LIMITER|EVITER) L[AE]S?) ({_ALIMENTS}))"
)
_ALLERGIE = re.compile(r"ALLERG|INTOLER")
_ALIMENT_SEUL = re.compile(rf"((ET|AU|AUX|A|LE|LA|LES|L) )*({_ALIMENTS})[A-Z]*( (DE|A) [A-Z]+)?$")
_RIEN = re.compile(
    r"^(RAS|R A S|NEANT|RIEN|(AUCUNE?|PAS D|PAS DE|SANS) (ALLERGIE|REGIME|INTOLERANCE|REMARQUE)S?( \w+)?$)"
)
# What the reception must know, and the word under which people are gathered.
_ACCUEIL = (
    (r"FAUTEUIL", "Fauteuil roulant"),
    (r"ASCENSEUR", "Ascenseur"),
    (r"REZ DE CHAUSSEE|\bRDC\b|PLAIN PIED|ETAGE", "Rez-de-chaussée, étage"),
    (r"\bLITS? MEDICALISE|\bLIT MEDICAL", "Lit médicalisé"),
    (r"\bMARCHE(?!S)|\bMARCHER|CANNE|DEAMBUL|ROLLATOR|BEQUILLE|MOBILITE", "Marche difficile"),
    (r"\bMARCHES\b|ESCALIER", "Marches, escaliers"),
    (r"DOUCHE|BAIGNOIRE|\bBAIN\b", "Douche, bain"),
    (r"OXYGENE|APNEE|APPAREIL|RESPIRAT|FRIGO|REFRIGERATEUR", "Appareil de soin"),
    (r"INFIRMIER|SOIN|DIALYSE|KINE", "Soins"),
    (r"MALVOYANT|AVEUGLE|MALENTENDANT|SOURD|APPAREILLE", "Vue, ouïe"),
    (r"\bCHIENS?\b|\bCHATS?\b|ANIMAL", "Animal"),
    (r"CHAMBRE|\bLITS?\b|ACCES|\bPMR\b|NAVETTE|TRANSFERT|BALCON|PROCHE", "Chambre, accès"),
)
_PHRASE = re.compile(r"(?:[.;]+(?=\s|$)|\n)\s*")


def _normal(texte: str) -> str:
    return " ".join(re.findall(r"[A-Z0-9]+", sans_accent(texte)))


def sujet(texte: str) -> str:
    """The subject of a remark for the reception, "" when it is not for her."""
    normal = _normal(texte)
    return next((sujet for motif, sujet in _ACCUEIL if re.search(motif, normal)), "")


def _genre(texte: str) -> Genre:
    normal = _normal(texte)
    if _RIEN.match(normal):
        return Genre.RIEN
    if _REGIME.search(normal):
        return Genre.REGIME
    return Genre.ACCUEIL if sujet(texte) else Genre.AUTRE


def _suite_d_allergie(precedent: str, morceau: str) -> bool:
    """« Allergie : noix, » goes on with « kiwi » or « fruits de mer », not with « sans sel »."""
    return bool(_ALLERGIE.match(_normal(precedent)) and _ALIMENT_SEUL.match(_normal(morceau)))


def lire(commentaires: str) -> tuple[Remarque, ...]:
    """The remarks of a comment in the order typed. « Allergie : noix, kiwi » is one remark, not two."""
    remarques: list[Remarque] = []
    for phrase in _PHRASE.split(propre(commentaires, lignes=True)):
        ouverte = False
        for morceau in filter(None, (propre(m) for m in re.split(r",(?!\d)", phrase))):
            genre = _genre(morceau)
            precedente = remarques[-1] if ouverte else None
            if precedente and (genre is Genre.AUTRE or _suite_d_allergie(precedente.texte, morceau)):
                remarques[-1] = Remarque(
                    f"{precedente.texte}, {morceau}", precedente.genre, precedente.liaison
                )
            else:
                liaison = ", " if ouverte else ". " if remarques else ""
                remarques.append(Remarque(morceau, genre, liaison))
            ouverte = True
    return tuple(remarques)
