"""Rebuild communes.csv.gz and departements.csv from the npm package @etalab/decoupage-administratif.

    npm pack @etalab/decoupage-administratif@6
    python sev/socle/donnees/reconstruire.py etalab-decoupage-administratif-6.0.0.tgz

See LISEZMOI.md beside it for the source, the date and the licence.
"""

import csv
import gzip
import io
import json
import sys
import tarfile
from pathlib import Path

ICI = Path(__file__).resolve().parent
ACTUELLE, ANCIENNE = "commune-actuelle", {"commune-deleguee", "commune-associee"}


def lire(archive: tarfile.TarFile, nom: str) -> list[dict]:
    return json.load(archive.extractfile(f"package/data/{nom}.json"))


def lignes_communes(communes: list[dict]) -> list[tuple[str, str, str, str]]:
    """One row per postcode and commune, today's communes first.

    A former commune (mark 1) takes the postcodes of the commune that absorbed it.
    """
    codes_postaux = {c["code"]: c.get("codesPostaux", []) for c in communes if c["type"] == ACTUELLE}
    noms = {c["code"]: c["nom"] for c in communes if c["type"] == ACTUELLE}
    lignes = {
        (code_postal, "", c["nom"], c["code"])
        for c in communes
        if c["type"] == ACTUELLE
        for code_postal in c.get("codesPostaux", [])
    }
    lignes |= {
        (code_postal, "1", c["nom"], c["code"])
        for c in communes
        if c["type"] in ANCIENNE and c["nom"] != noms[c["chefLieu"]]
        for code_postal in codes_postaux[c["chefLieu"]]
    }
    return sorted(lignes)


def ecrire(archive: Path) -> None:
    with tarfile.open(archive) as paquet:
        communes, departements, regions = (lire(paquet, n) for n in ("communes", "departements", "regions"))

    texte = io.StringIO()
    csv.writer(texte, lineterminator="\n").writerows(lignes_communes(communes))
    (ICI / "communes.csv.gz").write_bytes(gzip.compress(texte.getvalue().encode(), compresslevel=9, mtime=0))

    noms = {r["code"]: r["nom"] for r in regions}
    with (ICI / "departements.csv").open("w", newline="", encoding="utf-8") as sortie:
        csv.writer(sortie, lineterminator="\n").writerows(
            (d["code"], d["nom"], noms[d["region"]]) for d in sorted(departements, key=lambda d: d["code"])
        )


if __name__ == "__main__":
    ecrire(Path(sys.argv[1]))
