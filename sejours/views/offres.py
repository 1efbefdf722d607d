"""« Chercher un séjour » (S2): the porteurs' search of every provider's stays, a stay's page, the searches kept."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from conventions.models import Organisme
from sejours.carte_de_france import placer
from sejours.forms.options import RechercheForm
from sejours.models import Groupe, Option, Photo, RechercheGardee, Sejour
from sejours.operations.options import obstacle
from sejours.operations.recherches import garder_recherche, oublier_recherche
from sejours.recherche import CHOIX_TRIS, FiltreOffres, requete_propre, resume, trier
from sejours.regles import dernier_jour_de_la_liste
from sev.socle.acces import ecriture, reserve_a
from sev.socle.communes import departement, region
from sev.socle.filtres import criteres, dans_l_ordre
from sev.socle.formulaires import tenter
from sev.socle.tableur import Feuille, classeur_xlsx, reponse_xlsx
from sev.socle.temps import aujourdhui
from sev.socle.typographie import euros, quantite

PAR_PAGE = 12
PORTEUR = Organisme.Nature.PORTEUR


@require_safe
@reserve_a(PORTEUR)
def liste(request):
    """The stays that match, twelve a page, beside their map; the filters stand in the address."""
    return _liste(request, request.GET)


def _liste(request, demande: QueryDict, form: RechercheForm | None = None):
    filtres = FiltreOffres(demande)
    offerts = Sejour.objects.offerts_a(request.user).demandables(le=aujourdhui())
    tri, trouves = trier(filtres.filtrer(offerts), demande.get("tri", ""))
    page = Paginator(trouves.values_list("pk", flat=True), PAR_PAGE).get_page(demande.get("page"))
    page.object_list = dans_l_ordre(page.object_list, Sejour.objects.offerts_a(request.user).complets())
    points, ailleurs = placer([sejour.offre.equipement.departement for sejour in page.object_list])
    requete = requete_propre(demande.urlencode())
    contexte = {
        "filtres": filtres,
        "cherche": bool(filtres.criteres()),
        "tri": tri,
        "tris": CHOIX_TRIS,
        "page": page,
        "requete": requete,
        "caches": [(nom, valeur) for nom, valeur in QueryDict(requete).items() if nom != "tri"],
        "points": points,
        "ailleurs": ailleurs,
        **criteres(filtres, QueryDict(requete), "offres"),
        "conseil": "" if page.paginator.count else filtres.conseil(offerts, "séjour"),
        "recherches": [(r, resume(r.requete)) for r in RechercheGardee.objects.pour(request.user)],
        "garder": form or RechercheForm(initial={"requete": requete}),
        "form": form,
    }
    return render(request, "sejours/offres.html", contexte, status=422 if form else 200)


@require_safe
@reserve_a(PORTEUR)
def tableur(request):
    """The same stays, all of them, as a spreadsheet."""
    le = aujourdhui()
    offerts = Sejour.objects.offerts_a(request.user).demandables(le=le)
    _, trouves = trier(FiltreOffres(request.GET).filtrer(offerts), request.GET.get("tri", ""))
    feuille = Feuille(
        nom="Séjours",
        titre=f"Séjours proposés, au {le:%d/%m/%Y}",
        entetes=(
            "Équipement",
            "Prestataire",
            "Ville",
            "Département",
            "Région",
            "Environnement",
            "Accessible en fauteuil",
            "Date de début",
            "Date de fin",
            "Durée (jours)",
            "Prix par personne",
            "Aide ANCV",
            "Places libres",
            "Demander jusqu'au",
        ),
        lignes=(_ligne(sejour) for sejour in trouves.complets()),
    )
    return reponse_xlsx(f"sejours-{le:%Y-%m-%d}.xlsx", classeur_xlsx(feuille))


@require_safe
@reserve_a(PORTEUR)
def sejour(request, sejour):
    """A stay: price and aid, what is included, rooms, photos, and until when one may ask."""
    sejour = get_object_or_404(Sejour.objects.offerts_a(request.user).complets(), pk=sejour)
    compte, equipement = request.user, sejour.offre.equipement
    contexte = {
        "sejour": sejour,
        "equipement": equipement,
        "retour": _retour(request),
        "faits": _faits(sejour),
        "chambres": _chambres(equipement),
        "dernier_jour": dernier_jour_de_la_liste(sejour.debut),
        "photos": Photo.objects.pour(compte).filter(equipement=equipement),
        "option": Option.objects.pour(compte).en_cours().filter(sejour=sejour).first(),
        "groupes": Groupe.objects.pour(compte).filter(sejour=sejour, annule_le__isnull=True),
        "obstacle": obstacle(sejour, compte.organisme_id, aujourdhui()),
    }
    return render(request, "sejours/offre_sejour.html", contexte)


@require_POST
@reserve_a(PORTEUR)
@ecriture
def garder(request):
    """Keep a search under a name; a refused name comes back on the page of that search."""
    form = RechercheForm(request.POST)
    requete = requete_propre(form.data.get("requete", "")[:500])
    if form.is_valid() and (
        recherche := tenter(
            form, garder_recherche, nom=form.cleaned_data["nom"], requete=requete, par=request.user
        )
    ):
        messages.success(request, f"La recherche « {recherche.nom} » est gardée.")
        return redirect(f"{reverse('offres')}?{recherche.requete}")
    return _liste(request, QueryDict(requete), form)


@require_POST
@reserve_a(PORTEUR)
@ecriture
def oublier(request, recherche):
    """Delete a search that one kept."""
    recherche = get_object_or_404(RechercheGardee.objects.pour(request.user), pk=recherche)
    oublier_recherche(recherche=recherche, par=request.user)
    messages.success(request, f"La recherche « {recherche.nom} » n'est plus gardée.")
    return redirect("offres")


def _retour(request) -> str:
    """Return the address of the search one comes from, which the link to the stay carries."""
    requete = requete_propre(request.GET.urlencode())
    return f"{reverse('offres')}?{requete}" if requete else reverse("offres")


def _ligne(sejour: Sejour) -> tuple:
    equipement = sejour.offre.equipement
    return (
        equipement.nom,
        equipement.prestataire.nom,
        equipement.ville,
        f"{equipement.departement} {departement(equipement.departement)}",
        region(equipement.departement),
        equipement.get_environnement_display(),
        equipement.accessible,
        sejour.debut,
        sejour.fin,
        sejour.duree,
        sejour.offre.prix,
        sejour.aide_du_tarif,
        sejour.places_libres,
        dernier_jour_de_la_liste(sejour.debut),
    )


def _faits(sejour: Sejour) -> list[tuple[str, str]]:
    equipement = sejour.offre.equipement
    faits = [
        ("Durée", sejour.offre.get_duree_display()),
        ("Environnement", equipement.get_environnement_display()),
        ("Lieu", f"{departement(equipement.departement)}, {region(equipement.departement)}"),
        ("Prestataire", equipement.prestataire.nom),
    ]
    if sejour.offre.supplement_individuelle is not None:
        faits.append(("Chambre individuelle", f"{euros(sejour.offre.supplement_individuelle)} de plus"))
    return faits


def _chambres(equipement) -> list[str]:
    comptes = (
        (equipement.chambres_doubles, "chambre à grand lit|chambres à grand lit"),
        (equipement.chambres_lits_separes, "chambre à deux lits|chambres à deux lits"),
        (equipement.chambres_individuelles, "chambre individuelle"),
        (equipement.chambres_accessibles, "chambre accessible en fauteuil|chambres accessibles en fauteuil"),
    )
    return [quantite(n, mot) for n, mot in comptes if n]
