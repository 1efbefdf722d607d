"""The report of an import, line by line, as a spreadsheet and as CSV (C10)."""

import csv
from io import StringIO

from conventions.models import Import
from sev.socle.tableur import Feuille, classeur_xlsx, sans_formule

ENTETES = (
    "Ligne",
    "Référence de décision",
    "N° de convention",
    "Organisme",
    "Année",
    "Montant",
    "Résultat",
    "Effet",
    "Explication",
)


def rapport_xlsx(lot: Import) -> bytes:
    """Return the report as a workbook."""
    titre = f"Import n° {lot.pk}, {lot.fichier}"
    return classeur_xlsx(Feuille(nom="Import", titre=titre, entetes=ENTETES, lignes=_lignes(lot)))


def rapport_csv(lot: Import) -> bytes:
    """Return the report as CSV, in UTF-8 with its mark, separated by semicolons as French spreadsheets read it."""
    sortie = StringIO(newline="")
    redacteur = csv.writer(sortie, delimiter=";")
    redacteur.writerow(ENTETES)
    redacteur.writerows([sans_formule(cellule) for cellule in ligne] for ligne in _lignes(lot))
    return sortie.getvalue().encode("utf-8-sig")


def _lignes(lot: Import):
    for ligne in lot.lignes.all():
        yield (
            ligne.rang,
            ligne.reference,
            ligne.numero,
            ligne.nom,
            ligne.annee,
            ligne.montant,
            ligne.get_issue_display(),
            ligne.get_action_display(),
            ligne.message,
        )
