"""Where the stays of a page are: numbered dots on an outline of metropolitan France, the rest in words (S2).

The outline stands in composants/carte.html, in the same units: 27.5 a degree of longitude, 40 a degree of latitude.
"""

from dataclasses import dataclass
from math import cos, hypot, pi, sin

from sev.socle.communes import departement

LARGEUR, HAUTEUR, RAYON, RAYON_MAX = 420, 415, 20, 24
# Code → latitude and longitude of the middle of the département, in degrees.
CENTRES = {
    "01": (46.1, 5.35),
    "02": (49.56, 3.56),
    "03": (46.39, 3.19),
    "04": (44.11, 6.24),
    "05": (44.66, 6.26),
    "06": (43.94, 7.12),
    "07": (44.75, 4.42),
    "08": (49.62, 4.64),
    "09": (42.92, 1.5),
    "10": (48.3, 4.16),
    "11": (43.1, 2.41),
    "12": (44.28, 2.68),
    "13": (43.54, 5.09),
    "14": (49.1, -0.36),
    "15": (45.05, 2.67),
    "16": (45.72, 0.2),
    "17": (45.78, -0.67),
    "18": (47.06, 2.49),
    "19": (45.36, 1.88),
    "21": (47.42, 4.77),
    "22": (48.44, -2.86),
    "23": (46.09, 2.02),
    "24": (45.1, 0.74),
    "25": (47.17, 6.36),
    "26": (44.68, 5.17),
    "27": (49.11, 1.0),
    "28": (48.39, 1.37),
    "29": (48.26, -4.06),
    "2A": (41.86, 8.99),
    "2B": (42.39, 9.21),
    "30": (43.99, 4.18),
    "31": (43.36, 1.17),
    "32": (43.69, 0.45),
    "33": (44.83, -0.58),
    "34": (43.58, 3.37),
    "35": (48.15, -1.64),
    "36": (46.78, 1.58),
    "37": (47.26, 0.69),
    "38": (45.26, 5.58),
    "39": (46.73, 5.7),
    "40": (43.97, -0.78),
    "41": (47.62, 1.43),
    "42": (45.73, 4.17),
    "43": (45.13, 3.81),
    "44": (47.36, -1.68),
    "45": (47.91, 2.34),
    "46": (44.62, 1.6),
    "47": (44.37, 0.46),
    "48": (44.52, 3.5),
    "49": (47.39, -0.56),
    "50": (49.08, -1.33),
    "51": (48.95, 4.24),
    "52": (48.11, 5.23),
    "53": (48.15, -0.66),
    "54": (48.79, 6.16),
    "55": (48.99, 5.38),
    "56": (47.85, -2.81),
    "57": (49.04, 6.66),
    "58": (47.12, 3.5),
    "59": (50.45, 3.22),
    "60": (49.41, 2.43),
    "61": (48.62, 0.13),
    "62": (50.49, 2.29),
    "63": (45.73, 3.14),
    "64": (43.26, -0.76),
    "65": (43.05, 0.16),
    "66": (42.6, 2.52),
    "67": (48.67, 7.55),
    "68": (47.86, 7.27),
    "69": (45.87, 4.64),
    "70": (47.64, 6.09),
    "71": (46.64, 4.54),
    "72": (47.99, 0.22),
    "73": (45.48, 6.44),
    "74": (46.03, 6.43),
    "75": (48.86, 2.34),
    "76": (49.66, 1.03),
    "77": (48.63, 2.93),
    "78": (48.82, 1.84),
    "79": (46.56, -0.32),
    "80": (49.96, 2.28),
    "81": (43.79, 2.17),
    "82": (44.09, 1.28),
    "83": (43.46, 6.22),
    "84": (44.0, 5.18),
    "85": (46.67, -1.3),
    "86": (46.56, 0.46),
    "87": (45.89, 1.24),
    "88": (48.2, 6.38),
    "89": (47.84, 3.56),
    "90": (47.63, 6.93),
    "91": (48.52, 2.24),
    "92": (48.85, 2.25),
    "93": (48.92, 2.48),
    "94": (48.78, 2.47),
    "95": (49.08, 2.13),
}


@dataclass(frozen=True)
class Point:
    """The dot of a stay: its number in the list, its place on the map."""

    numero: int
    x: int
    y: int


def placer(departements: list[str]) -> tuple[list[Point], list[str]]:
    """Return the dots of a list of départements, numbered from 1, and a phrase for each one that is off the map.

    Dots that would cover each other are set side by side.
    """
    points, ailleurs = [], []
    for numero, code in enumerate(departements, start=1):
        if code in CENTRES:
            points.append(Point(numero, *_libre(*_projeter(*CENTRES[code]), points)))
        else:
            ailleurs.append(f"n° {numero} ({departement(code) or code})")
    return points, ailleurs


@dataclass(frozen=True)
class Cercle:
    """A département's figure: its place, a radius whose square follows the figure, what it says."""

    x: int
    y: int
    rayon: int
    departement: str
    valeur: int


def cercles(valeurs: dict[str, int]) -> tuple[list[Cercle], list[tuple[str, int]]]:
    """Return a circle for each figure, the largest first so that the small ones stay above, and what is off the map."""
    plus_grand = max(valeurs.values(), default=0)
    dessines, ailleurs = [], []
    for code, valeur in sorted(valeurs.items(), key=lambda paire: -paire[1]):
        if not valeur:
            continue
        if code in CENTRES:
            x, y = _projeter(*CENTRES[code])
            rayon = max(3, round(RAYON_MAX * (valeur / plus_grand) ** 0.5))
            dessines.append(Cercle(round(x), round(y), rayon, departement(code), valeur))
        else:
            ailleurs.append((departement(code) or code or "Sans département", valeur))
    return dessines, ailleurs


def _projeter(latitude: float, longitude: float) -> tuple[float, float]:
    return 27.5 * (longitude + 5.29), 40 * (51.4 - latitude)


def _libre(x: float, y: float, points: list[Point]) -> tuple[int, int]:
    """Return the nearest place to (x, y), in rings around it, that covers no other dot."""
    for anneau in range(12):
        for rang in range(6 * anneau or 1):
            angle = 2 * pi * rang / (6 * anneau or 1)
            ecart = 1.9 * RAYON * anneau
            a = min(max(x + ecart * cos(angle), RAYON + 2), LARGEUR - RAYON - 2)
            b = min(max(y + ecart * sin(angle), RAYON + 2), HAUTEUR - RAYON - 2)
            if all(hypot(a - p.x, b - p.y) >= 1.6 * RAYON for p in points):
                return round(a), round(b)
    return round(x), round(y)
