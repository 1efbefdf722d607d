"""The places of a group (S7): a porteur asks for others, the provider answers or changes them by itself."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from conventions.models import Organisme
from sejours.forms import DemandePlacesForm
from sejours.forms.places import ReponsePlacesForm
from sejours.models import DemandePlaces, Groupe
from sejours.operations.groupes import changer_places, demander_places, refuser_places
from sev.socle.acces import ecriture, reserve_a
from sev.socle.refus import RefusMetier
from sev.socle.saisie import dire_le_refus
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import date_longue, heure, quantite


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


@require_http_methods(["GET", "HEAD", "POST"])
@reserve_a(Organisme.Nature.PRESTATAIRE)
@ecriture
def repondre(request, numero):
    """Give a group other places, as an answer to what was asked or by oneself; or keep them, and say why."""
    groupe = get_object_or_404(Groupe.objects.pour(request.user).complets(), pk=numero)
    le = aujourdhui()
    demandes = DemandePlaces.objects.pour(request.user).filter(groupe=groupe).select_related("auteur")
    demande = demandes.en_attente(le=le).first()
    form = ReponsePlacesForm(
        request.POST if request.method == "POST" else None,
        initial={"places": demande.places if demande else groupe.places},
    )
    if form.is_valid():
        try:
            groupe = _repondre(request, groupe, demande, form, le)
        except RefusMetier as refus:
            dire_le_refus(form, refus)
        else:
            places = quantite(groupe.places, "place")
            messages.success(request, f"Le groupe n° {groupe.pk} a {places}. {groupe.porteur} en est averti.")
            return redirect("groupe", groupe.pk)
    contexte = {
        "form": form,
        "groupe": groupe,
        "ouvert": groupe.modifiable(le),
        "demande": demande,
        "demandes": demandes.exclude(pk=demande.pk) if demande else demandes,
        "maximum": groupe.places + groupe.sejour.places_libres,
    }
    return render(request, "sejours/places_repondre.html", contexte, status=422 if form.is_bound else 200)


def _repondre(request, groupe: Groupe, demande: DemandePlaces | None, form, le) -> Groupe:
    """Do what the button says; without a request there is nothing to refuse."""
    commun = {"demande": demande, "reponse": form.cleaned_data["reponse"], "par": request.user, "le": le}
    if demande and "garder" in request.POST:
        refuser_places(**commun, maintenant=maintenant())
        return groupe
    return changer_places(
        groupe=groupe, places=form.cleaned_data["places"], **commun, maintenant=maintenant()
    )
