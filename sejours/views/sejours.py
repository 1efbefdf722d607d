"""The provider's stays (S1): the list with its filters, one stay with its groups and options, places, closing."""

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, F, When
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conventions.models import Organisme
from sejours.forms import FiltreSejours, PlacesDuSejourForm
from sejours.models import Equipement, Groupe, Option, Sejour
from sejours.operations.offres import changer_sejour, fermer_sejour
from sejours.regles import dernier_jour_de_la_liste
from sev.socle.acces import ecriture, reserve_a
from sev.socle.filtres import criteres, ordre, retenir, retour
from sev.socle.formulaires import LIRE_ECRIRE, formulaire, saisie, tenter
from sev.socle.refus import RefusMetier
from sev.socle.tableur import Feuille, classeur_xlsx, reponse_xlsx
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import quantite

PRESTATAIRE = Organisme.Nature.PRESTATAIRE
PAR_PAGE = 20
MEMOIRE = "sev_sejours"
TRIS = {
    "debut": F("debut"),
    "equipement": F("offre__equipement__nom"),
    "prix": F("offre__prix"),
    "places": F("places"),
    "libres": F("places") - F("places_prises") - F("places_en_option"),
}


@dataclass(frozen=True)
class Etat:
    """The state of a stay on a day, for its badge."""

    libelle: str
    ton: str = ""


@require_safe
@reserve_a(PRESTATAIRE)
def liste(request):
    """The stays of the provider, twenty a page."""
    le, filtres = aujourdhui(), _filtres(request)
    tri, sejours = _trier(_visibles(request), filtres, request.GET.get("tri", ""))
    page = Paginator(sejours, PAR_PAGE).get_page(request.GET.get("page"))
    page.object_list = [(sejour, etat(sejour, le)) for sejour in page.object_list]
    contexte = {
        "filtres": filtres,
        "tri": tri,
        "page": page,
        **criteres(filtres, request.GET, "sejours"),
        "aucun": not page.paginator.count and not Sejour.objects.pour(request.user).exists(),
    }
    reponse = render(request, "sejours/sejours.html", contexte)
    retenir(request, reponse, cookie=MEMOIRE, route="sejours")
    return reponse


@require_safe
@reserve_a(PRESTATAIRE)
def tableur(request):
    """The same list, whole, as a spreadsheet."""
    le = aujourdhui()
    _, sejours = _trier(_visibles(request), _filtres(request), request.GET.get("tri", ""))
    feuille = Feuille(
        nom="Séjours",
        titre=f"Séjours, au {le:%d/%m/%Y}",
        entetes=(
            "Séjour n°",
            "Équipement",
            "Ville",
            "Département",
            "Date de début",
            "Date de fin",
            "Durée (jours)",
            "Prix par personne",
            "Places",
            "Places en groupes",
            "Places en option",
            "Places libres",
            "État",
        ),
        lignes=(_ligne(sejour, le) for sejour in sejours),
    )
    return reponse_xlsx(f"sejours-{le:%Y-%m-%d}.xlsx", classeur_xlsx(feuille))


@require_safe
@reserve_a(PRESTATAIRE)
def fiche(request, sejour):
    """One stay: its places, its groups, its options."""
    sejour, le = sejour_de(request, sejour), aujourdhui()
    groupes = Groupe.objects.pour(request.user).filter(sejour=sejour)
    options = Option.objects.pour(request.user).filter(sejour=sejour)
    groupes = list(groupes.select_related("porteur__convention").order_by("annule_le", "porteur__nom"))
    contexte = {
        "sejour": sejour,
        "etat": etat(sejour, le),
        "le": le,
        "dernier_jour": dernier_jour_de_la_liste(sejour.debut),
        "demandable": sejour.demandable(le),
        "compteurs": _compteurs(sejour, groupes),
        "groupes": groupes,
        "options": list(options.select_related("porteur__convention").order_by("issue", "-pk")),
        "a_venir": sejour.annule_le is None and le <= sejour.fin,
        "retour": retour(request, cookie=MEMOIRE, route="sejours", champs=FiltreSejours.base_fields),
    }
    return render(request, "sejours/sejour.html", contexte)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
@ecriture
def changer_places(request, sejour):
    """Give a stay another number of places."""
    sejour = sejour_de(request, sejour)
    form = PlacesDuSejourForm(saisie(request), initial={"places": sejour.places})
    if form.is_valid() and tenter(
        form, changer_sejour, sejour=sejour, **form.cleaned_data, par=request.user, le=aujourdhui()
    ):
        messages.success(request, f"Le séjour a {quantite(form.cleaned_data['places'], 'place')}.")
        return redirect("sejour", sejour.pk)
    return formulaire(request, "sejours/sejour_places.html", form, sejour=sejour)


@require_POST
@reserve_a(PRESTATAIRE)
@ecriture
def fermer(request, sejour):
    """Close a stay to new requests, or open it again."""
    sejour = sejour_de(request, sejour)
    ferme = request.POST.get("acte") != "rouvrir"
    try:
        fermer_sejour(
            sejour=sejour,
            par=request.user,
            le=aujourdhui(),
            maintenant=maintenant() if ferme else None,
        )
    except RefusMetier as refus:
        messages.error(request, refus.message)
    else:
        suite = "ne prend plus de demandes. Ses groupes et ses options restent" if ferme else "est rouvert"
        messages.success(request, f"Le séjour {suite}.")
    return redirect("sejour", sejour.pk)


def etat(sejour: Sejour, le: date) -> Etat:
    """Return the state of a stay on `le`."""
    if sejour.annule_le is not None:
        return Etat("Annulé", "non")
    if sejour.fin < le:
        return Etat("Terminé")
    if sejour.ferme_le is not None:
        return Etat("Fermé aux demandes", "att")
    if not sejour.demandable(le):
        return Etat("Listes closes")
    return Etat("Ouvert", "info") if sejour.places_libres else Etat("Complet", "ok")


def sejour_de(request, cle: int) -> Sejour:
    """Return the provider's own stay with its offer and équipement, or 404."""
    return get_object_or_404(_visibles(request), pk=cle)


def equipements_de(request) -> list[tuple[int, str]]:
    """Return the choices of a filter by équipement."""
    return list(Equipement.objects.pour(request.user).values_list("pk", "nom"))


def _visibles(request):
    return Sejour.objects.pour(request.user).select_related("offre__equipement")


def _filtres(request) -> FiltreSejours:
    return FiltreSejours(request.GET, le=aujourdhui(), equipements=equipements_de(request))


def _trier(sejours, filtres, demande: str):
    """Return the sort in force and the sorted stays: without one, the next to begin first, then the past ones."""
    sejours = filtres.filtrer(sejours)
    tri, expression = ordre(demande, TRIS)
    if expression is None:
        a_venir = Case(When(fin__gte=filtres.le, then=F("debut")))
        return "", sejours.order_by(a_venir.asc(nulls_last=True), "-debut", "-pk")
    return tri, sejours.order_by(expression, "-debut", "-pk")


def _compteurs(sejour: Sejour, groupes) -> list[tuple]:
    inscrits = sum(groupe.inscrits for groupe in groupes if groupe.annule_le is None)
    return [
        (sejour.places, "places en tout"),
        (sejour.places_prises, "à des groupes"),
        (sejour.places_en_option, "en option"),
        (0 if sejour.annule_le else sejour.places_libres, "libres"),
        (inscrits, "inscrits" if inscrits > 1 else "inscrit"),
    ]


def _ligne(sejour: Sejour, le: date) -> tuple:
    equipement = sejour.offre.equipement
    return (
        sejour.pk,
        equipement.nom,
        equipement.ville,
        equipement.departement,
        sejour.debut,
        sejour.fin,
        sejour.duree,
        sejour.offre.prix,
        sejour.places,
        sejour.places_prises,
        sejour.places_en_option,
        0 if sejour.annule_le else sejour.places_libres,
        etat(sejour, le).libelle,
    )
