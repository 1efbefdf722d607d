"""The provider's équipements (S1): address, description, photos."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, F, Q, QuerySet, Sum
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from conventions.models import Organisme
from sejours.forms import FiltreEquipements, MonEquipementForm, PhotoForm
from sejours.models import Equipement, Offre, Photo
from sejours.operations.offres import enregistrer_equipement
from sejours.operations.photos import ajouter_photo, supprimer_photo
from sev.socle.acces import ecriture, reserve_a
from sev.socle.communes import choix_de_communes, departement
from sev.socle.filtres import alphabetique, criteres, ordre
from sev.socle.formulaires import LIRE_ECRIRE, formulaire, saisie, tenter
from sev.socle.tableur import Feuille, classeur_xlsx, reponse_xlsx
from sev.socle.temps import aujourdhui

PRESTATAIRE = Organisme.Nature.PRESTATAIRE
PAR_PAGE = 20
TRIS = {
    "nom": alphabetique("nom"),
    "ville": alphabetique("ville"),
    "departement": F("departement"),
    "environnement": F("environnement"),
    "a_venir": F("a_venir"),
}


@require_safe
@reserve_a(PRESTATAIRE)
def liste(request):
    """The équipements of the provider, twenty a page, with how many stays are to come."""
    filtres, tri, equipements = _equipements(request)
    page = Paginator(equipements, PAR_PAGE).get_page(request.GET.get("page"))
    contexte = {
        "filtres": filtres,
        "tri": tri,
        "page": page,
        **criteres(filtres, request.GET, "equipements"),
        "aucun": not page.paginator.count and not Equipement.objects.pour(request.user).exists(),
    }
    return render(request, "sejours/equipements.html", contexte)


def _equipements(request) -> tuple[FiltreEquipements, str, QuerySet]:
    """Return the filters, the sort in force and the équipements; an unknown sort is the usual one."""
    vivants = Q(offres__sejours__annule_le__isnull=True, offres__sejours__debut__gte=aujourdhui())
    siens = Equipement.objects.pour(request.user).annotate(a_venir=Count("offres__sejours", filter=vivants))
    filtres = FiltreEquipements(request.GET)
    tri, expression = ordre(request.GET.get("tri", ""), TRIS, defaut="nom")
    return filtres, tri, filtres.filtrer(siens).order_by(expression, "pk")


@require_safe
@reserve_a(PRESTATAIRE)
def tableur(request):
    """The same équipements, whole, and their offers, as a spreadsheet of two sheets."""
    le = aujourdhui()
    _, _, choisis = _equipements(request)
    equipements = Feuille(
        nom="Équipements",
        titre=f"Équipements, au {le:%d/%m/%Y}",
        entetes=(
            "Nom",
            "Adresse",
            "Code postal",
            "Ville",
            "Département",
            "Environnement",
            "Accessible",
            "Chambres à grand lit",
            "Chambres à deux lits",
            "Chambres individuelles",
            "Dont accessibles",
            "Téléphone",
        ),
        lignes=map(_ligne, choisis),
    )
    offres = Feuille(
        nom="Offres",
        titre=f"Offres, au {le:%d/%m/%Y}",
        entetes=("Équipement", "Année", "Durée", "Prix par personne", "Supplément individuelle", "Inclus"),
        lignes=(
            (
                o.equipement.nom,
                o.annee,
                o.get_duree_display(),
                o.prix,
                o.supplement_individuelle,
                o.inclus,
            )
            for o in Offre.objects.pour(request.user)
            .filter(equipement__in=choisis.order_by().values("pk"))
            .select_related("equipement")
        ),
    )
    return reponse_xlsx(f"equipements-{le:%Y-%m-%d}.xlsx", classeur_xlsx(equipements, offres))


def _ligne(equipement: Equipement) -> tuple:
    return (
        equipement.nom,
        equipement.voie,
        equipement.code_postal,
        equipement.ville,
        f"{equipement.departement} {departement(equipement.departement)}",
        equipement.get_environnement_display(),
        equipement.accessible,
        equipement.chambres_doubles,
        equipement.chambres_lits_separes,
        equipement.chambres_individuelles,
        equipement.chambres_accessibles,
        equipement.telephone,
    )


@require_safe
@reserve_a(PRESTATAIRE)
def fiche(request, equipement):
    """One équipement: what porteurs will read, its photos, its offers by year."""
    equipement = equipement_de(request, equipement)
    sejours = Q(sejours__annule_le__isnull=True)
    offres = equipement.offres.annotate(
        nombre=Count("sejours", filter=sejours), total=Sum("sejours__places", filter=sejours, default=0)
    )
    contexte = {
        "equipement": equipement,
        "departement": departement(equipement.departement),
        "chambres": _chambres(equipement),
        "photos": list(equipement.photos.all()),
        "offres": list(offres.order_by("-annee", "-duree")),
    }
    return render(request, "sejours/equipement.html", contexte)


def _chambres(equipement: Equipement) -> list[tuple[str, int]]:
    """Return the rooms by kind, those that there are."""
    chambres = (
        ("Chambres à grand lit", equipement.chambres_doubles),
        ("Chambres à deux lits", equipement.chambres_lits_separes),
        ("Chambres individuelles", equipement.chambres_individuelles),
        ("Dont accessibles en fauteuil", equipement.chambres_accessibles),
    )
    return [(libelle, nombre) for libelle, nombre in chambres if nombre]


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
@ecriture
def nouveau(request):
    """Record an équipement."""
    form = MonEquipementForm(saisie(request))
    if form.is_valid() and (equipement := _enregistrer(request, form)):
        messages.success(
            request, f"{equipement.nom} est enregistré. Ajoutez maintenant des photos et une offre."
        )
        return redirect("equipement", equipement.pk)
    return formulaire(request, "sejours/equipement_modifier.html", form)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
@ecriture
def modifier(request, equipement):
    """Correct an équipement."""
    equipement = equipement_de(request, equipement)
    noms = MonEquipementForm.base_fields
    form = MonEquipementForm(saisie(request), initial={nom: getattr(equipement, nom) for nom in noms})
    if form.is_valid() and _enregistrer(request, form, equipement):
        messages.success(request, f"{form.cleaned_data['nom']} est à jour.")
        return redirect("equipement", equipement.pk)
    return formulaire(request, "sejours/equipement_modifier.html", form, equipement=equipement)


def _enregistrer(request, form, equipement=None) -> Equipement | None:
    return tenter(
        form,
        enregistrer_equipement,
        prestataire=request.user.organisme,
        equipement=equipement,
        **form.cleaned_data,
        par=request.user,
        le=aujourdhui(),
    )


@require_safe
@reserve_a(PRESTATAIRE)
def communes(request):
    """The field « Ville » with the communes of a postcode, as a fragment."""
    code_postal, ville = request.GET.get("code_postal", "")[:10], request.GET.get("ville", "")[:80]
    if not choix_de_communes(code_postal, ville) and not request.htmx:
        return HttpResponse(status=204)
    form = MonEquipementForm(initial={"code_postal": code_postal, "ville": ville})
    return render(request, "sejours/_ville.html", {"form": form})


# --- Photos -----------------------------------------------------------------------------------------------


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
@ecriture
def photos(request, equipement):
    """The photos of an équipement, and one more."""
    equipement = equipement_de(request, equipement)
    form = PhotoForm(saisie(request), request.FILES or None)
    if form.is_valid() and tenter(
        form,
        ajouter_photo,
        equipement=equipement,
        image=form.cleaned_data["image"],
        legende=form.cleaned_data["legende"],
        par=request.user,
        le=aujourdhui(),
    ):
        messages.success(request, "La photo est ajoutée.")
        return redirect("equipement-photos", equipement.pk)
    return formulaire(
        request,
        "sejours/photos.html",
        form,
        equipement=equipement,
        photos=list(equipement.photos.all()),
    )


@require_safe
def photo(request, photo):
    """The picture itself, always a JPEG that SEV drew: to whoever may look at the offers."""
    photo = get_object_or_404(Photo.objects.pour(request.user), pk=photo)
    try:
        fichier = photo.fichier.open("rb")
    except FileNotFoundError:
        return HttpResponse(status=404)
    return FileResponse(
        fichier,
        content_type="image/jpeg",
        filename=f"photo-{photo.pk}.jpg",
        headers={"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"},
    )


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
@ecriture
def retirer_photo(request, photo):
    """Ask, then remove a photo."""
    photo = get_object_or_404(Photo.objects.pour(request.user).select_related("equipement"), pk=photo)
    if request.method == "POST":
        equipement = photo.equipement_id
        supprimer_photo(photo=photo, par=request.user, le=aujourdhui())
        messages.success(request, "La photo est supprimée.")
        return redirect("equipement-photos", equipement)
    return render(request, "sejours/photo_supprimer.html", {"photo": photo})


def equipement_de(request, cle: int) -> Equipement:
    """Return the provider's own équipement, or 404."""
    return get_object_or_404(Equipement.objects.pour(request.user), pk=cle)
