"""« Liste des groupes par séjour » (S5): filters, sort, pages, spreadsheet; the filters stand in the address."""

from datetime import date

from django.core.paginator import Paginator
from django.db.models import F
from django.shortcuts import render
from django.views.decorators.http import require_safe

from conventions.models import Organisme
from sejours.cartes import carte
from sejours.forms import FiltreGroupes
from sejours.models import Groupe
from sev.socle.acces import reserve_a
from sev.socle.communes import departement
from sev.socle.filtres import alphabetique, criteres, dans_l_ordre, ordre, retenir, retour
from sev.socle.tableur import Feuille, classeur_xlsx, reponse_xlsx
from sev.socle.temps import aujourdhui

PAR_PAGE = 20
TRI_PAR_DEFAUT = "-debut"
EQUIPEMENT = "sejour__offre__equipement"
TRIS = {
    "convention": F("porteur__convention__numero"),
    "nom": alphabetique("porteur__nom"),
    "prestataire": alphabetique(f"{EQUIPEMENT}__prestataire__nom"),
    "equipement": alphabetique(f"{EQUIPEMENT}__nom"),
    "departement": F(f"{EQUIPEMENT}__departement"),
    "modifie": F("modifie_le"),
    "debut": F("sejour__debut"),
    "fin": F("sejour__fin"),
    "inscrits": F("inscrits"),
}
# The last list's filters come back with « Mes groupes » on a group's page; a cookie, as reading never writes.
MEMOIRE = "sev_liste"


@require_safe
@reserve_a(*Organisme.Nature)
def liste(request):
    """The groups that one may see, twenty a page."""
    filtres = FiltreGroupes(request.GET, annee=aujourdhui().year)
    visibles = Groupe.objects.pour(request.user)
    tri, groupes = _trier(filtres.filtrer(visibles), request.GET.get("tri", ""))
    page = Paginator(groupes.values_list("pk", flat=True), PAR_PAGE).get_page(request.GET.get("page"))
    page.object_list = dans_l_ordre(page.object_list, visibles.complets())
    contexte = {
        "filtres": filtres,
        "tri": tri,
        "page": page,
        **criteres(filtres, request.GET, "groupes"),
        "conseil": "" if page.paginator.count else filtres.conseil(visibles, "groupe"),
        "aucun": not page.paginator.count and not visibles.exists(),
    }
    reponse = render(request, "sejours/groupes.html", contexte)
    retenir(request, reponse, cookie=MEMOIRE, route="groupes")
    return reponse


@require_safe
@reserve_a(*Organisme.Nature)
def tableur(request):
    """The same list, whole, as a spreadsheet."""
    filtres = FiltreGroupes(request.GET, annee=aujourdhui().year)
    _, groupes = _trier(filtres.filtrer(Groupe.objects.pour(request.user)), request.GET.get("tri", ""))
    le = aujourdhui()
    feuille = Feuille(
        nom="Groupes",
        titre=f"Liste des groupes par séjour, au {le:%d/%m/%Y}",
        entetes=(
            "Groupe n°",
            "N° de convention",
            "Nom du porteur",
            "Prestataire",
            "Équipement",
            "Département",
            "Ville",
            "Type de groupe",
            "Date de modification",
            "Date de début",
            "Date de fin",
            "Fermeture de la liste",
            "Inscrits",
            "Places",
            "État",
        ),
        lignes=(_ligne(groupe, le) for groupe in groupes.complets()),
    )
    return reponse_xlsx(f"groupes-{le:%Y-%m-%d}.xlsx", classeur_xlsx(feuille))


def retour_a_la_liste(request) -> str:
    """Return the address of the list as this account last filtered it."""
    return retour(request, cookie=MEMOIRE, route="groupes", champs=FiltreGroupes.base_fields)


def _ligne(groupe: Groupe, le: date) -> tuple:
    equipement = groupe.sejour.offre.equipement
    return (
        groupe.pk,
        groupe.porteur.convention.numero,
        groupe.porteur.nom,
        equipement.prestataire.nom,
        equipement.nom,
        f"{equipement.departement} {departement(equipement.departement)}",
        equipement.ville,
        groupe.get_type_groupe_display(),
        groupe.modifie_le,
        groupe.sejour.debut,
        groupe.sejour.fin,
        groupe.dernier_jour,
        groupe.inscrits,
        groupe.places,
        carte(groupe, le=le).etat,
    )


def _trier(groupes, demande: str):
    """Return the sort in force and the sorted groups; an unknown sort is the default one."""
    tri, expression = ordre(demande, TRIS, defaut=TRI_PAR_DEFAUT)
    return tri, groupes.order_by(expression, "-pk")
