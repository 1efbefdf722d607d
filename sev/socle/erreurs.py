"""Pages of what went wrong, in the same look as the others and in words that say what to do next."""

import logging
import secrets
import sys

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from psycopg import errors

journal = logging.getLogger(__name__)

OCCUPE, INDISPONIBLE = "Beaucoup de monde en ce moment", "Le site est indisponible pour le moment"

# Somebody else holds what this request needs: nothing is wrong, only the moment.
_ATTENTES = (errors.LockNotAvailable, errors.QueryCanceled, errors.DeadlockDetected)
# PostgreSQL is away, or on its way out or in: SQLSTATE classes and codes; none at all when nobody answered.
_ABSENCES = ("08", "57P", "53300")
_MORCEAU, _JETES_MAX = 64 * 1024, 200 * 1024 * 1024
_JAMAIS_RENVOYES = ("csrfmiddlewaretoken", "password", "passe")


def requete_invalide(request, exception=None):
    """400: the address or the form was not made by our pages."""
    return HttpResponse(render_to_string("400.html"), status=400)


def acces_refuse(request, exception=None):
    """403: the account may not do this; the reason is that of the PermissionDenied, when it has one."""
    return render(request, "403.html", {"motif": str(exception or "")}, status=403)


def page_introuvable(request, exception=None):
    """404: no such page, or somebody else's; the answer is the same on purpose."""
    return render(request, "404.html", status=404)


def panne(request):
    """500: drawn without the database nor the session, with a reference that stands in the log.

    503 when the database is away: what was typed comes back.
    """
    if base_absente(sys.exc_info()[1]):
        journal.error("%s %s found no database", request.method, request.path)
        return a_renvoyer(request, titre=INDISPONIBLE)
    reference = secrets.token_hex(4).upper()
    journal.error("Reference %s shown for %s %s", reference, request.method, request.path)
    return HttpResponse(render_to_string("500.html", {"reference": reference}), status=500)


def csrf_refuse(request, reason=""):
    """403: a form sent from another site, or from a page older than the last sign-in.

    The browser says in Origin whose page it was: what one of ours sent comes back with a new token, less passwords.
    """
    champs = {"csrfmiddlewaretoken"} | {nom for nom, _ in saisie_sans_secret(request.POST)}
    contexte = {
        "a_nous": request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}",
        "entiere": champs >= set(request.POST),
        "adresse": request.get_full_path(),
        "saisie": saisie_sans_secret(request.POST),
        "jeton": get_token(request),
    }
    return HttpResponse(render_to_string("403_csrf.html", contexte), status=403)


def saisie_sans_secret(donnees):
    """The fields of a POST that may be sent a second time, as (name, value), in order: never a password."""
    return [
        (nom, valeur)
        for nom, valeurs in donnees.lists()
        if not any(mot in nom for mot in _JAMAIS_RENVOYES)
        for valeur in valeurs
    ]


def base_absente(erreur: BaseException | None) -> bool:
    """Tell whether `erreur` says that the database can't be reached, or left in the middle of the request."""
    if not isinstance(erreur, (OperationalError, InterfaceError)):
        return False
    code = getattr(erreur.__cause__, "sqlstate", None) or ""
    return not code or code.startswith(_ABSENCES)


def trop_d_attente(request):
    """503: somebody else holds what this request needs."""
    return a_renvoyer(request, titre=OCCUPE)


def a_renvoyer(request, *, titre: str):
    """503: try again in a minute; what was typed comes back with the button."""
    saisie = saisie_sans_secret(request.POST) if request.method == "POST" else []
    page = render_to_string(
        "503.html",
        {
            "titre": titre,
            "adresse": request.get_full_path(),
            "methode": request.method,
            "saisie": saisie,
            "jeton": get_token(request),
        },
    )
    return HttpResponse(page, status=503, headers={"Retry-After": "60"})


class TropLourdMiddleware:
    """Answers 413 to a request heavier than any form of the site (CORPS_MAX), before anything reads it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if _poids(request) <= settings.CORPS_MAX:
            return self.get_response(request)
        # A browser shows the answer only once it has sent all: what comes is thrown away, within reason.
        lu = 0
        while lu < _JETES_MAX and (morceau := request.read(_MORCEAU)):
            lu += len(morceau)
        page = render_to_string(
            "413.html", {"adresse": request.get_full_path(), "mo": settings.CORPS_MAX >> 20}
        )
        return HttpResponse(page, status=413)


def _poids(request) -> int:
    annonce = request.META.get("CONTENT_LENGTH") or "0"
    return int(annonce) if annonce.isascii() and annonce.isdecimal() else 0


class AttenteMiddleware:
    """Answers 503 when a view waited too long for a lock or for the database."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        """Turn a lock or statement timeout into the page that offers to try again."""
        if isinstance(exception, OperationalError) and isinstance(exception.__cause__, _ATTENTES):
            cause = type(exception.__cause__).__name__
            journal.warning("%s %s waited too long: %s", request.method, request.path, cause)
            return trop_d_attente(request)
        return None
