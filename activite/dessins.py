"""The geometry of the plots, in whole units of their drawing; templates only write it down."""

from collections.abc import Sequence
from dataclasses import dataclass

from sev.socle.typographie import nombre

LARGEUR, SOMMET, BASE = 920, 32, 272
NOMS, BARRE, RANG = 340, 450, 76


@dataclass(frozen=True)
class Barre:
    """A figure and the one of the year before: drawn filled and as an outline."""

    libelle: str
    ici: int
    avant: int


@dataclass(frozen=True)
class Colonne:
    """Two bars side by side above their label."""

    libelle: str
    x_avant: int
    y_avant: int
    h_avant: int
    x_ici: int
    y_ici: int
    h_ici: int
    largeur: int
    milieu: int


@dataclass(frozen=True)
class Colonnes:
    """A plot of columns, and the figure that its top line stands for."""

    colonnes: list[Colonne]
    plus_grand: str


def colonnes(barres: Sequence[Barre]) -> Colonnes:
    """Return the columns of a year's months, or of ten years."""
    plus_grand = max((max(b.ici, b.avant) for b in barres), default=0)
    pas = LARGEUR // max(1, len(barres))
    largeur = pas * 2 // 5
    return Colonnes(
        [_colonne(b, rang * pas, largeur, plus_grand) for rang, b in enumerate(barres)], nombre(plus_grand)
    )


def _colonne(barre: Barre, gauche: int, largeur: int, plus_grand: int) -> Colonne:
    h_avant, h_ici = (_longueur(v, plus_grand, BASE - SOMMET) for v in (barre.avant, barre.ici))
    return Colonne(
        libelle=barre.libelle,
        x_avant=gauche + largeur // 4,
        y_avant=BASE - h_avant,
        h_avant=h_avant,
        x_ici=gauche + largeur // 4 + largeur + 4,
        y_ici=BASE - h_ici,
        h_ici=h_ici,
        largeur=largeur,
        milieu=gauche + largeur // 4 + largeur + 2,
    )


@dataclass(frozen=True)
class Ligne:
    """A bar that lies, with its label at left and its figure at right."""

    libelle: str
    y: int
    ici: int
    avant: int
    texte: str
    x_texte: int


def lignes(barres: Sequence[Barre]) -> list[Ligne]:
    """Return lying bars, one below the other."""
    plus_grand = max((max(b.ici, b.avant) for b in barres), default=0)
    return [_ligne(b, rang * RANG, plus_grand) for rang, b in enumerate(barres)]


def _ligne(barre: Barre, y: int, plus_grand: int) -> Ligne:
    ici, avant = (_longueur(v, plus_grand, BARRE) for v in (barre.ici, barre.avant))
    return Ligne(barre.libelle, y, ici, avant, nombre(barre.ici), NOMS + max(ici, avant) + 12)


def _longueur(valeur: int, plus_grand: int, place: int) -> int:
    """Return the length of a bar; a figure above nothing is always seen."""
    return max(2, round(place * valeur / plus_grand)) if valeur > 0 else 0
