"""The official communes, départements and régions (data and licence: donnees/LISEZMOI.md).

Codes are text: « 01 », « 2A », « 971 ». A postcode is any five digits: an unknown one (CEDEX, new) is allowed
everywhere and only flagged to staff.
"""

import csv
import gzip
import re
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from sev.socle.texte import cle_ville

DONNEES = Path(__file__).resolve().parent / "donnees"


class Commune(NamedTuple):
    """A commune of today: INSEE code, name, code of its département."""

    code: str
    nom: str
    departement: str


with (DONNEES / "departements.csv").open(encoding="utf-8", newline="") as _fichier:
    _LIGNES = list(csv.reader(_fichier))

DEPARTEMENTS: dict[str, str] = {code: nom for code, nom, _ in _LIGNES}
"""Code → name, in the order of codes."""

REGIONS: dict[str, tuple[str, ...]] = {
    nom: tuple(code for code, _, region in _LIGNES if region == nom)
    for nom in sorted({region for _, _, region in _LIGNES}, key=cle_ville)
}
"""Name → codes of its départements, in alphabetical order of names."""

_REGION_DU_DEPARTEMENT = {code: region for code, _, region in _LIGNES}


def departement(code: str) -> str:
    """Name of the département, or "" for an unknown code."""
    return DEPARTEMENTS.get(code, "")


def region(departement: str) -> str:
    """Name of the région of a département's code, or ""."""
    return _REGION_DU_DEPARTEMENT.get(departement, "")


@cache
def _par_code_postal() -> dict[str, str]:
    """The rows of each postcode, still as text: 6 300 strings weigh a tenth of 39 000 tuples."""
    with gzip.open(DONNEES / "communes.csv.gz", "rt", encoding="utf-8") as fichier:
        return {
            code_postal: "".join(ligne[6:] for ligne in lignes)
            for code_postal, lignes in groupby(fichier, key=lambda ligne: ligne[:5])
        }


@lru_cache(maxsize=512)
def _lignes(code_postal: str) -> tuple[tuple[bool, Commune], ...]:
    return tuple(
        (bool(ancienne), Commune(code, nom, code[:3] if code[:2] in ("97", "98") else code[:2]))
        for ancienne, nom, code in csv.reader(_par_code_postal().get(code_postal, "").splitlines())
    )


def code_postal_bien_forme(code_postal: str) -> bool:
    return re.fullmatch(r"[0-9]{5}", code_postal) is not None


def code_postal_connu(code_postal: str) -> bool:
    return code_postal in _par_code_postal()


def communes_du_code_postal(code_postal: str) -> tuple[Commune, ...]:
    """The communes that a postcode serves, in alphabetical order; none when it is unknown."""
    return tuple(
        sorted((c for ancienne, c in _lignes(code_postal) if not ancienne), key=lambda c: cle_ville(c.nom))
    )


def est_dans_le_code_postal(ville: str, code_postal: str) -> bool:
    """Whether `ville`, however spelt, is a commune of the postcode, of today or merged since."""
    cherchee = cle_ville(ville)
    return any(cle_ville(commune.nom) == cherchee for _, commune in _lignes(code_postal))


def nom_officiel(ville: str, code_postal: str) -> str:
    """Return `ville` in its official spelling where it is a commune of the postcode, else as it was typed."""
    communes = communes_du_code_postal(code_postal)
    return next((commune.nom for commune in communes if cle_ville(commune.nom) == cle_ville(ville)), ville)


def choix_de_communes(code_postal: str, ville: str) -> list[tuple[str, str]]:
    """Return the choices of communes for a postcode, what was typed included; none when the postcode is unknown."""
    noms = [commune.nom for commune in communes_du_code_postal(code_postal.strip())]
    if not noms:
        return []
    connue = next((nom for nom in noms if cle_ville(nom) == cle_ville(ville)), None)
    autres = [] if connue or not ville else [(ville, ville)]
    premier = [] if len(noms) == 1 and not autres else [("", "Choisir la ville")]
    return [*premier, *autres, *((ville if nom == connue else nom, nom) for nom in noms)]
