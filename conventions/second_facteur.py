"""The door behind the door: whoever works for ANCV gives a second factor before anything else opens.

Middleware that the settings name, after `ConnexionMiddleware`, and what the pages of the second factor share.
"""

from base64 import b32encode
from binascii import unhexlify

import segno
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django_htmx.http import HttpResponseClientRedirect

from conventions.connexion import adresse_de_retour, garder_saisie


def avant_le_second_facteur(vue):
    """Mark a view that opens before the second factor is given: its own pages."""
    vue.avant_le_second_facteur = True
    return vue


def manque(request) -> bool:
    """Tell whether this session still owes its second factor."""
    return settings.SEV_ADMIN_OTP and request.user.is_staff and not request.user.is_verified()


class SecondFacteurMiddleware:
    """Lead staff to the page of the second factor, whatever they ask for but public pages and the way out."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view_func, view_args, view_kwargs):
        """Send away, the typed form kept aside; public pages say so themselves (`login_not_required`)."""
        ouverte = not getattr(view_func, "login_required", True)
        if ouverte or getattr(view_func, "avant_le_second_facteur", False) or not manque(request):
            return None
        if request.method == "POST":
            garder_saisie(request)
        porte = redirect_to_login(adresse_de_retour(request), reverse("double-authentification"))
        return HttpResponseClientRedirect(porte.url) if request.htmx else porte


def cle_lisible(cle: str) -> str:
    """Return a key as one types it into an application: base 32, by fours."""
    texte = b32encode(unhexlify(cle)).decode()
    return " ".join(texte[i : i + 4] for i in range(0, len(texte), 4))


def dessiner(adresse: str) -> SafeString:
    """Draw `adresse` as a QR code, an SVG that stands in the page: no picture is fetched, no data: address needed."""
    svg = segno.make(adresse, error="m").svg_inline(
        scale=5, border=4, light="#fff", dark="#000", svgclass="qr", lineclass=None
    )
    return mark_safe(svg)  # noqa: S308 - drawn by segno: shapes alone, no text
