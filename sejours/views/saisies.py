"""The steps that every form page shares: what was typed, the operation tried, the page drawn again when refused."""

from django.shortcuts import render

from sev.socle.refus import RefusMetier
from sev.socle.saisie import dire_le_refus

LIRE_ECRIRE = ["GET", "HEAD", "POST"]


def saisie(request):
    """Return what was sent, None when the page is only opened."""
    return request.POST if request.method == "POST" else None


def tenter(form, operation, **arguments):
    """Return what the operation gives; a refusal is written on the form, and gives None."""
    try:
        return operation(**arguments)
    except RefusMetier as refus:
        dire_le_refus(form, refus)
        return None


def formulaire(request, gabarit: str, form, **contexte):
    """Draw a form's page: 422 when what was typed is refused."""
    return render(request, gabarit, {"form": form, **contexte}, status=422 if form.is_bound else 200)
