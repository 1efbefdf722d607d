"""The secret address of one's calendar feed; the feed itself draws on every app (sev.views)."""

from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from conventions.models import Organisme
from sejours.models import Agenda
from sejours.operations.agenda import fermer_agenda, renouveler_agenda
from sev.socle.acces import reserve_a
from sev.socle.formulaires import LIRE_ECRIRE
from sev.socle.temps import maintenant

ACTES = ("changer", "fermer")


@never_cache
@require_http_methods(LIRE_ECRIRE)
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
