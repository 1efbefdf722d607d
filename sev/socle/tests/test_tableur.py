from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from openpyxl import load_workbook

from sev.socle.tableur import Feuille, classeur_xlsx, reponse_xlsx


def read(content, sheet=None):
    book = load_workbook(BytesIO(content))
    return book[sheet] if sheet else book.active


def sheet_of(*values):
    return read(classeur_xlsx(Feuille("Liste", ["Tête"] * len(values), [values])))


def test_the_table_has_a_title_heads_rows_and_totals():
    sheet = read(
        classeur_xlsx(
            Feuille("Liste", ["Nom", "Aide"], [["AUBERTIN", 160]], titre="Groupe", totaux=["Total", 160])
        )
    )
    assert [[c.value for c in row] for row in sheet.iter_rows()] == [
        ["Groupe", None],
        [None, None],
        ["Nom", "Aide"],
        ["AUBERTIN", 160],
        ["Total", 160],
    ]
    assert sheet.freeze_panes == "A4"
    assert sheet.auto_filter.ref == "A3:B4"
    assert sheet["A3"].font.bold and sheet["A5"].font.bold


def test_without_a_title_the_heads_are_first_and_stay_in_sight():
    sheet = sheet_of("x")
    assert sheet["A1"].value == "Tête"
    assert sheet.freeze_panes == "A2"


def test_dates_and_amounts_keep_their_type():
    sheet = sheet_of(
        date(1948, 5, 31), datetime(2027, 4, 27, 22, 30, tzinfo=UTC), Decimal("160.50"), True, None, 12
    )
    assert [c.value for c in sheet[2]] == [
        datetime(1948, 5, 31),
        datetime(2027, 4, 28, 0, 30),
        160.5,
        "Oui",
        None,
        12,
    ]
    assert [c.number_format for c in sheet[2]][:3] == ["dd/mm/yyyy", "dd/mm/yyyy hh:mm", '#,##0.00 "€"']


def test_postcodes_and_telephones_stay_text():
    sheet = sheet_of("01000", "0299001234")
    assert [(c.value, c.number_format) for c in sheet[2]] == [("01000", "@"), ("0299001234", "@")]


@pytest.mark.parametrize("attack", ["=1+1", "=cmd|' /C calc'!A0", "+33", "-1", "@SUM(A1)", "\t=1"])
def test_no_typed_text_becomes_a_formula(attack):
    cell = sheet_of(attack)["A2"]
    assert cell.data_type == "s"
    assert cell.value == attack
    assert cell.quotePrefix


def test_characters_that_a_spreadsheet_cannot_hold_are_left_out():
    assert sheet_of("a\x00b\x07c")["A2"].value == "abc"


def test_columns_are_wide_enough_but_not_endless():
    sheet = read(
        classeur_xlsx(Feuille("L", ["Nom", "Remarques", "n"], [["DE LA VILLEMARQUÉ", "x" * 300, 1]]))
    )
    assert [sheet.column_dimensions[c].width for c in "ABC"] == [20, 50, 8]


def test_several_sheets_in_one_book():
    content = classeur_xlsx(Feuille("Liste", ["a"], []), Feuille("Rooming-list", ["b"], []))
    assert load_workbook(BytesIO(content)).sheetnames == ["Liste", "Rooming-list"]


def test_the_download_has_its_name_and_is_never_cached():
    response = reponse_xlsx("liste-20417-été.xlsx", b"contenu")
    assert response["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''liste-20417-%C3%A9t%C3%A9.xlsx"
    assert response["Cache-Control"] == "private, no-store"
    assert response.content == b"contenu"
