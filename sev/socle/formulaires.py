"""The page of a form: what was typed, the operation tried, the page drawn again with what was refused."""

from django import forms
from django.shortcuts import render

from sev.socle.refus import RefusMetier

LIRE_ECRIRE = ["GET", "HEAD", "POST"]


def saisie(request):
    """Return what was sent, None when the page is only opened."""
    return request.POST if request.method == "POST" else None


def tenter(form: forms.Form, operation, **arguments):
    """Return what the operation gives; a refusal is written on the form, and gives None."""
    try:
        return operation(**arguments)
    except RefusMetier as refus:
        dire_le_refus(form, refus)
        return None


def dire_le_refus(form: forms.Form, refus: RefusMetier) -> None:
    """Write a rule's refusal at the field it is about, or at the head of the form when it has no such field."""
    form.add_error(refus.champ if refus.champ in form.fields else None, refus.message)


def formulaire(request, gabarit: str, form: forms.Form, **contexte):
    """Draw a form's page: 422 when what was typed is refused."""
    return render(request, gabarit, {"form": form, **contexte}, status=422 if form.is_bound else 200)
