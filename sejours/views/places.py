"""« Demander une modification »: the places of a group are the provider's (S7)."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from conventions.models import Organisme
from sejours.forms import DemandePlacesForm
from sejours.models import DemandePlaces, Groupe
from sejours.operations.groupes import demander_places
from sev.socle.acces import ecriture, reserve_a
from sev.socle.refus import RefusMetier
from sev.socle.temps import aujourdhui
from sev.socle.typographie import date_longue, heure


@require_http_methods(["GET", "HEAD", "POST"])
@reserve_a(Organisme.Nature.PORTEUR)
@ecriture
def demander(request, numero):
    """Ask the provider for other places; what was asked before is shown below."""
    groupe = get_object_or_404(Groupe.objects.pour(request.user).complets(), pk=numero)
    le = aujourdhui()
    form = DemandePlacesForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            demande = demander_places(groupe=groupe, **form.cleaned_data, par=request.user, le=le)
        except RefusMetier as refus:
            form.add_error(refus.champ, refus.message)
        else:
            prestataire = groupe.sejour.offre.equipement.prestataire.nom
            quand = f"{date_longue(demande.faite_le, le)} à {heure(demande.faite_le)}"
            messages.success(request, f"Votre demande est partie à {prestataire} le {quand}.")
            return redirect("groupe", groupe.pk)
    demandes = DemandePlaces.objects.pour(request.user).filter(groupe=groupe).select_related("auteur")
    contexte = {"form": form, "groupe": groupe, "ouvert": groupe.modifiable(le), "demandes": demandes}
    return render(request, "sejours/demander_places.html", contexte, status=422 if form.is_bound else 200)
