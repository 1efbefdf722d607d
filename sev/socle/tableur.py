"""Spreadsheets (.xlsx): typed cells, readable widths, and no cell that a spreadsheet program would run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from itertools import chain, islice

from django.http import HttpResponse
from django.utils.timezone import is_aware, localtime
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter

from sev.socle.telechargement import document

TYPE_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

DATE, DATE_HEURE, MONTANT, TEXTE = "dd/mm/yyyy", "dd/mm/yyyy hh:mm", '#,##0.00 "€"', "@"
_LARGEUR_MIN, _LARGEUR_MAX, _LONGUEUR_MAX = 8, 50, 32_767
_LIGNES_MESUREES = 500


@dataclass(frozen=True)
class Feuille:
    """One sheet: its tab, a title above the table, the heads, the rows, a last row of totals."""

    nom: str
    entetes: Sequence[str]
    lignes: Iterable[Sequence]
    titre: str = ""
    totaux: Sequence = ()
    largeurs: Sequence[float] = ()


def _valeur(valeur) -> tuple:
    """The value that a cell holds, and its number format."""
    match valeur:
        case None:
            return None, None
        case bool():
            return ("Oui" if valeur else "Non"), TEXTE
        case datetime():
            return (localtime(valeur).replace(tzinfo=None) if is_aware(valeur) else valeur), DATE_HEURE
        case date():
            return valeur, DATE
        case Decimal():
            return valeur, MONTANT
        case int() | float():
            return valeur, None
        case _:
            return ILLEGAL_CHARACTERS_RE.sub("", str(valeur))[:_LONGUEUR_MAX], TEXTE


def sans_formule(valeur):
    """Return a cell of a CSV that no spreadsheet program runs: a text that begins like a formula gets an apostrophe."""
    texte = str(valeur)
    return (
        f"'{texte}" if isinstance(valeur, str) and texte.lstrip().startswith(("=", "+", "-", "@")) else texte
    )


class _Cellules:
    """Makes the cells of a sheet. A style is put together once, then shared."""

    def __init__(self, onglet):
        self.onglet = onglet
        self.styles: dict[tuple, StyleArray] = {}

    def __call__(self, valeur, **style) -> Cell:
        valeur, format_nombre = _valeur(valeur)
        texte = isinstance(valeur, str)
        # The parts of a style are made once for a sheet, and live as long as it.
        cle = (format_nombre, texte, *map(id, style.values()))
        connu = self.styles.get(cle)
        cellule = Cell(self.onglet, value=valeur, row=1, column=1, style_array=connu)
        if texte:
            cellule.data_type = "s"  # openpyxl takes « =… » for a formula
        if connu is None:
            if texte:
                cellule.quotePrefix = True  # and so would the program, as soon as the cell is edited
            if format_nombre:
                cellule.number_format = format_nombre
            for attribut, reglage in style.items():
                setattr(cellule, attribut, reglage)
            if cellule.has_style:
                self.styles[cle] = cellule._style
        return cellule


def _largeur(entete: str, valeurs: Iterable) -> float:
    plus_long = max((len(str(v)) for v in (entete, *valeurs) if v is not None), default=0)
    return min(max(plus_long + 3, _LARGEUR_MIN), _LARGEUR_MAX)


def _ecrire(classeur: Workbook, feuille: Feuille) -> None:
    onglet = classeur.create_sheet(feuille.nom)
    cellule = _Cellules(onglet)
    # Only these are held in memory: rows are written as they are read, to a file of the machine.
    lignes = iter(feuille.lignes)
    premieres = [list(ligne) for ligne in islice(lignes, _LIGNES_MESUREES)]
    rang_entetes = 3 if feuille.titre else 1
    largeurs = feuille.largeurs or [
        _largeur(entete, (ligne[rang] for ligne in premieres)) for rang, entete in enumerate(feuille.entetes)
    ]
    for rang, largeur in enumerate(largeurs, start=1):
        onglet.column_dimensions[get_column_letter(rang)].width = largeur
    onglet.freeze_panes = f"A{rang_entetes + 1}"
    onglet.print_title_rows = f"{rang_entetes}:{rang_entetes}"
    onglet.page_setup.orientation, onglet.page_setup.paperSize = "landscape", 9
    onglet.sheet_properties.pageSetUpPr.fitToPage = True
    onglet.page_setup.fitToHeight = 0

    if feuille.titre:
        onglet.append([cellule(feuille.titre, font=Font(bold=True, size=14))])
        onglet.append([])
    entete = {
        "font": Font(bold=True),
        "fill": PatternFill("solid", fgColor="E8E8E8"),
        "alignment": Alignment(wrap_text=True, vertical="center"),
        "border": Border(bottom=Side(style="medium")),
    }
    onglet.append([cellule(texte, **entete) for texte in feuille.entetes])
    haut, replie = Alignment(vertical="top"), Alignment(vertical="top", wrap_text=True)
    fin = rang_entetes
    for ligne in chain(premieres, lignes):
        fin += 1
        onglet.append(
            cellule(v, alignment=replie if isinstance(v, str) and len(v) > 40 else haut) for v in ligne
        )
    onglet.auto_filter.ref = f"A{rang_entetes}:{get_column_letter(len(feuille.entetes))}{fin}"
    if feuille.totaux:
        total = {"font": Font(bold=True), "border": Border(top=Side(style="medium"))}
        onglet.append([cellule(valeur, **total) for valeur in feuille.totaux])


def classeur_xlsx(*feuilles: Feuille) -> bytes:
    """The workbook of these sheets."""
    classeur = Workbook(write_only=True)
    for feuille in feuilles:
        _ecrire(classeur, feuille)
    sortie = BytesIO()
    classeur.save(sortie)
    return sortie.getvalue()


def reponse_xlsx(nom: str, contenu: bytes) -> HttpResponse:
    """The workbook as a download named `nom`."""
    return document(nom, contenu, TYPE_XLSX)
