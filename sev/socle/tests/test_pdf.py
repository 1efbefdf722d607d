import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from pypdf import PdfReader

from sev.socle import pdf
from sev.socle.pdf import PdfIndisponible, pdf_du_html, reponse_pdf

PAGE = '<!DOCTYPE html><html lang="fr"><head><title>Essai</title>{head}</head><body>{body}</body></html>'


def read(body="", head=""):
    return PdfReader(BytesIO(pdf_du_html(PAGE.format(body=body, head=head))))


def fonts(document):
    """Names of the fonts used by the document, with whether each is embedded."""
    found = {}
    for page in document.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = descendant["/FontDescriptor"].get_object()
            name = descendant["/BaseFont"].split("+")[-1]
            found[name] = any(key.startswith("/FontFile") for key in descriptor)
    return found


def test_our_own_font_is_embedded_for_every_letter_of_french_names():
    body = "<p>LŸSSEN Œdile, ÇELIK, ŁUKASIEWICZ, æ « 1 500 € »</p><p><strong>ŸŒ</strong></p>"
    document = read(body)
    assert fonts(document) == {"Atkinson-Hyperlegible-Next": True, "Atkinson-Hyperlegible-Next-Bold": True}


def test_the_document_is_tagged_titled_and_in_french():
    document = read("<h1>Titre</h1>")
    root = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "fr"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert (
        b'pdfuaid:part="1"' in root["/Metadata"].get_data()
        or b"<pdfuaid:part>1<" in root["/Metadata"].get_data()
    )
    assert document.metadata.title == "Essai"


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "http://127.0.0.1:1/x",
        "https://exemple.fr/x",
        "data:text/plain,x",
        (pdf._polices() / ".." / "sev.css").as_uri(),
        (pdf._polices() / "..").as_uri(),
    ],
)
def test_nothing_but_the_fonts_can_be_fetched(address):
    fetcher = pdf._atelier()[1]
    with pytest.raises(ValueError, match="Adresse refusée"):
        fetcher.fetch(address)


def test_a_file_named_in_the_html_is_not_attached(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    document = read("<p>texte</p>", head=f'<link rel="attachment" href="{secret.as_uri()}">')
    assert document.attachments == {}


def test_threads_may_draw_at_the_same_time():
    with ThreadPoolExecutor(4) as threads:
        documents = list(threads.map(lambda n: read(f"<p>Texte {n}</p>"), range(8)))
    assert [d.pages[0].extract_text().split("\n")[0] for d in documents] == [f"Texte {n}" for n in range(8)]


def test_without_pango_the_refusal_offers_the_spreadsheet(monkeypatch):
    class NoPango:
        def find_spec(self, name, path=None, target=None):
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    for name in [name for name in sys.modules if name.split(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])
    monkeypatch.setattr(pdf, "_atelier", pdf._atelier.__wrapped__)
    with pytest.raises(PdfIndisponible, match="libpango") as refusal:
        pdf_du_html(PAGE)
    assert "tableur" in refusal.value.message


def test_the_document_opens_in_the_browser_under_its_name():
    response = reponse_pdf("rooming-list-20417.pdf", b"%PDF")
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'inline; filename="rooming-list-20417.pdf"'
    assert response["Cache-Control"] == "private, no-store"
