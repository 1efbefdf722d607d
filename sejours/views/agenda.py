"""The calendar feed (.ics): its secret address, and what it answers to whoever has it."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from conventions.models import Organisme
from sejours.agenda import calendrier
from sejours.models import Agenda
from sejours.operations.agenda import fermer_agenda, renouveler_agenda
from sev.socle.acces import reserve_a
from sev.socle.temps import aujourdhui, maintenant

ACTES = ("changer", "fermer")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@reserve_a(*Organisme.Nature)
def agenda(request):
    """The address of one's calendar: asked for, renewed, closed. It is one's own: a lecteur may have one too.

    What would leave a calendar without its address is asked first (`?acte=`).
    """
    if request.method == "POST":
        if "fermer" in request.POST:
            fermer_agenda(par=request.user)
            messages.success(request, "L'agenda est fermé. Son adresse ne répond plus.")
        else:
            renouveler_agenda(par=request.user, maintenant=maintenant())
            messages.success(request, "Voici votre adresse d'agenda. Une ancienne adresse ne répond plus.")
        return redirect("agenda")
    sien = Agenda.objects.pour(request.user).first()
    if sien and request.GET.get("acte") in ACTES:
        return render(request, "sejours/agenda_confirmer.html", {"acte": request.GET["acte"]})
    adresse = f"{settings.SEV_BASE_URL}{reverse('agenda-ics', args=[sien.secret])}" if sien else ""
    return render(request, "sejours/agenda.html", {"agenda": sien, "adresse": adresse})


@never_cache
@login_not_required
@require_safe
def ics(request, secret):
    """The calendar itself, for programs that can't sign in; an unknown or former secret is 404."""
    agendas = Agenda.objects.du_secret(secret).select_related("compte__organisme")
    compte = get_object_or_404(agendas).compte
    reponse = HttpResponse(calendrier(compte, le=aujourdhui()), content_type="text/calendar; charset=utf-8")
    reponse["Content-Disposition"] = 'inline; filename="seniors-en-vacances.ics"'
    reponse["X-Robots-Tag"] = "noindex"
    return reponse
