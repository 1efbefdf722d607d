"""PDF documents: a template and the sheet templates/documents/feuille.css, tagged PDF/UA, our fonts embedded.

WeasyPrint needs Pango from the system and takes a second to import, hence the import inside. Nothing but
static/fonts can be fetched while rendering, whatever the text that stands in a document.
"""

import atexit
from functools import cache
from pathlib import Path
from threading import Lock
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string

from sev.socle.telechargement import document

FEUILLE = "documents/feuille.css"


class PdfIndisponible(Exception):
    """The system lacks what draws PDFs: offer the spreadsheet instead, with a 503."""

    message = (
        "Le document PDF n'est pas disponible pour le moment. Vous pouvez télécharger le tableur, "
        "qui contient la même liste."
    )


_verrou = Lock()  # WeasyPrint does not promise that two threads may share fonts


def _polices() -> Path:
    return Path(settings.BASE_DIR).resolve() / "static" / "fonts"


@cache
def _atelier():
    """WeasyPrint, its fetcher, the fonts and the stylesheet, made once for the process."""
    try:
        from weasyprint import CSS, HTML
        from weasyprint.text.fonts import FontConfiguration
        from weasyprint.urls import URLFetcher
    except OSError as erreur:
        raise PdfIndisponible(str(erreur)) from erreur

    class PolicesSeulement(URLFetcher):
        def fetch(self, url, headers=None):
            morceaux = urlsplit(url)
            if morceaux.scheme != "file" or Path(unquote(morceaux.path)).resolve().parent != _polices():
                raise ValueError(f"Adresse refusée : {url}")
            return super().fetch(url, headers)

    recuperateur, polices = PolicesSeulement(), FontConfiguration()
    feuille = CSS(
        string=render_to_string(FEUILLE),
        base_url=_polices().as_uri() + "/",
        url_fetcher=recuperateur,
        font_config=polices,
    )
    return HTML, recuperateur, polices, feuille


atexit.register(_atelier.cache_clear)  # while fontconfig is still there to be told


def rendre_pdf(gabarit: str, contexte: dict) -> bytes:
    """The PDF/UA of a template, drawn with the common sheet. Raises PdfIndisponible without Pango."""
    return pdf_du_html(render_to_string(gabarit, contexte))


def pdf_du_html(html: str) -> bytes:
    """The same, of a whole HTML document."""
    with _verrou:
        HTML, recuperateur, polices, feuille = _atelier()
        return HTML(string=html, url_fetcher=recuperateur).write_pdf(
            stylesheets=[feuille], font_config=polices, pdf_variant="pdf/ua-1"
        )


def reponse_pdf(nom: str, contenu: bytes) -> HttpResponse:
    """The document, shown by the browser and named `nom` when kept."""
    return document(nom, contenu, "application/pdf", montrer=True)
