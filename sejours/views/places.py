"""The places of a group (S7): a porteur asks for others, the provider answers or changes them by itself."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from conventions.models import Organisme
from sejours.forms import DemandePlacesForm
from sejours.forms.places import ReponsePlacesForm
from sejours.models import DemandePlaces, Groupe
from sejours.operations.groupes import changer_places, demander_places, refuser_places
from sev.socle.acces import ecriture, reserve_a
from sev.socle.formulaires import LIRE_ECRIRE, formulaire, saisie, tenter
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import date_longue, heure, quantite


@require_http_methods(LIRE_ECRIRE)
@reserve_a(Organisme.Nature.PORTEUR)
@ecriture
def demander(request, numero):
    """Ask the provider for other places; what was asked before is shown below."""
    groupe = get_object_or_404(Groupe.objects.pour(request.user).complets(), pk=numero)
    le = aujourdhui()
    form = DemandePlacesForm(saisie(request))
    if form.is_valid() and (
        demande := tenter(form, demander_places, groupe=groupe, **form.cleaned_data, par=request.user, le=le)
    ):
        prestataire = groupe.sejour.offre.equipement.prestataire.nom
        quand = f"{date_longue(demande.faite_le, le)} à {heure(demande.faite_le)}"
        messages.success(request, f"Votre demande est partie à {prestataire} le {quand}.")
        return redirect("groupe", groupe.pk)
    contexte = {
        "groupe": groupe,
        "ouvert": groupe.modifiable(le),
        "demandes": DemandePlaces.objects.pour(request.user).filter(groupe=groupe).select_related("auteur"),
    }
    return formulaire(request, "sejours/demander_places.html", form, **contexte)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(Organisme.Nature.PRESTATAIRE)
@ecriture
def repondre(request, numero):
    """Give a group other places, as an answer to what was asked or by oneself; or keep them, and say why."""
    groupe = get_object_or_404(Groupe.objects.pour(request.user).complets(), pk=numero)
    le = aujourdhui()
    demandes = DemandePlaces.objects.pour(request.user).filter(groupe=groupe).select_related("auteur")
    demande = demandes.en_attente(le=le).first()
    initial = {"places": demande.places if demande else groupe.places}
    form = ReponsePlacesForm(saisie(request), initial=initial)
    if form.is_valid() and (change := _repondre(request, groupe, demande, form, le)):
        places = quantite(change.places, "place")
        messages.success(request, f"Le groupe n° {change.pk} a {places}. {change.porteur} en est averti.")
        return redirect("groupe", change.pk)
    contexte = {
        "groupe": groupe,
        "ouvert": groupe.modifiable(le),
        "demande": demande,
        "demandes": demandes.exclude(pk=demande.pk) if demande else demandes,
        "maximum": groupe.places + groupe.sejour.places_libres,
    }
    return formulaire(request, "sejours/places_repondre.html", form, **contexte)


def _repondre(request, groupe: Groupe, demande: DemandePlaces | None, form, le) -> Groupe | None:
    """Do what the button says, and return the group; None when it is refused. Nothing asked is nothing to refuse."""
    commun = {
        "demande": demande,
        "reponse": form.cleaned_data["reponse"],
        "par": request.user,
        "le": le,
        "maintenant": maintenant(),
    }
    if demande and "garder" in request.POST:
        return tenter(form, refuser_places, **commun)
    return tenter(form, changer_places, groupe=groupe, places=form.cleaned_data["places"], **commun)
