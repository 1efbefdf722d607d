"""Who is at the door: sign-in by default, what axes counts, and the form typed while the session ended.

Middleware and callables that the settings name. `ConnexionMiddleware` stands after CsrfViewMiddleware: what it keeps
was sent by one of our pages.
"""

import ipaddress
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from conventions.models import Compte
from conventions.models.organismes import identifiant_normalise
from sev.socle.erreurs import saisie_sans_secret
from sev.socle.temps import maintenant

RENOUVELER_APRES = timedelta(minutes=10)
SAISIE_GARDEE = timedelta(hours=1)
SAISIE_MAX = 64 * 1024

# Whose typing it was must be known once the session is gone: a signed cookie outlives it, log-out included.
TEMOIN = "sev_compte"
TEMOIN_DUREE = timedelta(days=7)

DECONNECTE = "Vous avez été déconnecté. Reconnectez-vous : votre saisie est gardée."
DECONNECTE_LONG = (
    "Vous avez été déconnecté. Reconnectez-vous, puis recommencez : "
    "votre saisie est trop longue pour être gardée."
)


class CompteBackend(ModelBackend):
    """Django's own, with the organisation in the same query: every page asks for it."""

    def get_user(self, user_id):
        """Return the account of a session, or None once it is closed: its sessions end there."""
        compte = Compte.objects.select_related("organisme").filter(pk=user_id).first()
        return compte if compte and self.user_can_authenticate(compte) else None


# --- What axes counts ---------------------------------------------------------------------------------------


def identifiant_saisi(request, credentials) -> str:
    """Return the account that a try is counted on, however its number was typed."""
    donnees = credentials or request.POST
    saisi = donnees.get("username") or donnees.get("identifiant") or ""
    return identifiant_normalise(saisi)[:60]


def adresse_du_client(request) -> str:
    """Return the address that a try is counted on: a /64 for IPv6, where one person holds the whole block.

    X-Forwarded-For is believed only for the proxies that SEV_PROXIES counts, from its right end, which they write.
    """
    adresse = request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104
    if settings.SEV_PROXIES:
        suite = [a.strip() for a in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if a.strip()]
        adresse = suite[-settings.SEV_PROXIES] if len(suite) >= settings.SEV_PROXIES else adresse
    try:
        ip = ipaddress.ip_address(adresse)
    except ValueError:
        return "0.0.0.0"  # noqa: S104
    if ip.version == 4 or ip.ipv4_mapped:
        return str(getattr(ip, "ipv4_mapped", ip))
    return str(ipaddress.ip_network((ip, 64), strict=False).network_address)


def trop_d_essais(request, reponse=None, credentials=None):
    """429: the pause after five failures."""
    page = render(request, "429.html", status=429)
    page.headers["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return page


# --- The session ended while a form was typed ------------------------------------------------------------------


def garder_saisie(request) -> None:
    """Keep the refused POST in the anonymous session, less its files; say so when it is too long."""
    champs = saisie_sans_secret(request.POST)
    if sum(len(nom) + len(valeur) for nom, valeur in champs) > SAISIE_MAX:
        messages.warning(request, DECONNECTE_LONG)
    elif champs:
        request.session["saisie"] = {
            "adresse": request.get_full_path(),
            "champs": champs,
            "fichiers": bool(request.FILES),
            "le": maintenant().timestamp(),
            "compte": request.get_signed_cookie(TEMOIN, default=None, salt=TEMOIN, max_age=TEMOIN_DUREE),
        }
        request.session.set_expiry(SAISIE_GARDEE)


def saisie_gardee(request) -> dict | None:
    """Return what was typed before the session ended, if it is less than an hour old and this account's own."""
    saisie = request.session.get("saisie")
    if not saisie or maintenant().timestamp() - saisie["le"] > SAISIE_GARDEE.total_seconds():
        return None
    if request.user.is_authenticated and saisie["compte"] not in (None, str(request.user.pk)):
        return None
    return saisie


def oublier_saisie(request) -> None:
    request.session.pop("saisie", None)


def adresse_de_retour(request) -> str:
    """Where to come back: the page itself, or for a form or a fragment the page that held it."""
    page = request.htmx.current_url_abs_path if request.htmx else None
    if request.method == "POST" and page is None:
        origine = request.META.get("HTTP_REFERER", "")
        if url_has_allowed_host_and_scheme(
            origine, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        ):
            morceaux = urlsplit(origine)
            page = morceaux.path + (f"?{morceaux.query}" if morceaux.query else "")
    return page or request.get_full_path()


class ConnexionMiddleware(LoginRequiredMiddleware):
    """Sign-in by default; a sliding session; pages of a signed-in account are never stored by the browser."""

    def process_request(self, request):
        """Take a session key that the database can't even read for none."""
        if "\0" in (request.session.session_key or ""):
            request.session = type(request.session)()

    def process_view(self, request, view_func, view_args, view_kwargs):
        """Send away whoever is not signed in, and renew the session of whoever is."""
        if not request.user.is_authenticated:
            return super().process_view(request, view_func, view_args, view_kwargs)
        if maintenant().timestamp() - request.session.get("vu", 0) > RENOUVELER_APRES.total_seconds():
            request.session["vu"] = int(maintenant().timestamp())
            request.renouvele = True
        if request.method == "POST" and "saisie" in request.session:
            saisie = request.session["saisie"]
            if saisie["adresse"] == request.get_full_path():
                oublier_saisie(request)
        return None

    def handle_no_permission(self, request, view_func):
        """Redirect to the sign-in page, with the typed form kept aside."""
        if request.method == "POST":
            garder_saisie(request)
        reponse = redirect_to_login(adresse_de_retour(request), reverse(settings.LOGIN_URL))
        return HttpResponseClientRedirect(reponse.url) if request.htmx else reponse

    def process_response(self, request, response):
        """Forbid storing, so that « back » after log-out shows nothing; write who was here last."""
        compte = getattr(request, "user", None)
        if compte is None or not compte.is_authenticated:
            return response
        response.headers.setdefault("Cache-Control", "no-store")
        if getattr(request, "renouvele", False):
            response.set_signed_cookie(
                TEMOIN,
                str(compte.pk),
                salt=TEMOIN,
                max_age=TEMOIN_DUREE,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        return response
