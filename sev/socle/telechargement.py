"""Documents as answers: named, and kept by nobody on the way."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def document(nom: str, contenu: bytes | str, genre: str, *, montrer: bool = False) -> HttpResponse:
    """Return a document named `nom`, of MIME type `genre`: a download, or shown by the browser with `montrer`."""
    return HttpResponse(
        contenu,
        content_type=genre,
        headers={
            "Content-Disposition": content_disposition_header(not montrer, nom),
            "Cache-Control": "private, no-store",
        },
    )
