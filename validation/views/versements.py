"""« Mes versements » of a provider: what is due, being paid and paid, and where it is paid (V7, V8)."""

from decimal import Decimal

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.db.models.functions import Coalesce
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from conventions.models import Organisme
from sejours.models import Groupe
from sev.socle.acces import lecture_seule, reserve_a
from sev.socle.filtres import alphabetique, criteres, ordre
from sev.socle.formulaires import LIRE_ECRIRE, formulaire, saisie
from sev.socle.tableur import Feuille, classeur_xlsx, reponse_xlsx
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import euros
from validation.forms.versements import CoordonneesForm, FiltreVersements
from validation.models import CoordonneesBancaires
from validation.operations.versements import enregistrer_coordonnees
from validation.versements import (
    Part,
    a_confirmer,
    annee_du_prestataire,
    derniere_annee,
    groupes_payables,
    parts,
)

PRESTATAIRE = Organisme.Nature.PRESTATAIRE
PAR_PAGE = 20
TRI_PAR_DEFAUT = "-debut"
EQUIPEMENT = "sejour__offre__equipement"
TRIS = {
    "groupe": F("pk"),
    "porteur": alphabetique("porteur__nom"),
    "equipement": alphabetique(f"{EQUIPEMENT}__nom"),
    "debut": F("sejour__debut"),
    "montant": Coalesce(F("du"), Decimal(0)),
}


@require_safe
@reserve_a(PRESTATAIRE)
def liste(request):
    """The groups whose aids are due, being paid, paid or disputed; the year's totals; the account they go to."""
    le = aujourdhui()
    filtres = FiltreVersements(request.GET, annee=le.year)
    payables = groupes_payables(request.user)
    tri, groupes = _trier(filtres.filtrer(payables), request.GET.get("tri", ""))
    page = Paginator(groupes.values_list("pk", flat=True), PAR_PAGE).get_page(request.GET.get("page"))
    page.object_list = _lignes(request.user, list(page.object_list))
    annee = filtres.choisis().get("annee") or derniere_annee(request.user)
    contexte = {
        "filtres": filtres,
        "tri": tri,
        "page": page,
        **criteres(filtres, request.GET, "versements"),
        "aucun": not page.paginator.count and not payables.exists(),
        "annee": annee_du_prestataire(request.user, annee or le.year),
        "coordonnees": CoordonneesBancaires.objects.pour(request.user).first(),
        "rejete": _rejete(request.user),
    }
    return render(request, "validation/versements.html", contexte)


@require_safe
@reserve_a(PRESTATAIRE)
def tableur(request):
    """The same list, whole, as a spreadsheet: a row for each transfer, or for what waits for one."""
    le = aujourdhui()
    filtres = FiltreVersements(request.GET, annee=le.year)
    _, groupes = _trier(filtres.filtrer(groupes_payables(request.user)), request.GET.get("tri", ""))
    lignes = _lignes(request.user, list(groupes.values_list("pk", flat=True)))
    feuille = Feuille(
        nom="Versements",
        titre=f"Mes versements, au {le:%d/%m/%Y}",
        entetes=(
            "Groupe n°",
            "N° de convention",
            "Porteur de projet",
            "Équipement",
            "Date de début",
            "Date de fin",
            "Aides",
            "Montant",
            "État",
            "Versé le",
            "Rejeté le",
            "Référence",
        ),
        lignes=[_cellules(ligne["groupe"], part) for ligne in lignes for part in ligne["parts"]],
    )
    return reponse_xlsx(f"versements-{le:%Y-%m-%d}.xlsx", classeur_xlsx(feuille))


@sensitive_post_parameters()
@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
def coordonnees(request):
    """Show the account, masked; record another one, the password being asked again (a lecteur only reads)."""
    actuelles = CoordonneesBancaires.objects.pour(request.user).first()
    if request.method == "POST" and not request.user.peut_ecrire:
        raise lecture_seule(request.user)
    initial = {"titulaire": actuelles.titulaire if actuelles else request.user.organisme.nom}
    form = CoordonneesForm(request, saisie(request), initial=initial)
    if form.is_valid():
        enregistrer_coordonnees(
            prestataire=request.user.organisme,
            titulaire=form.cleaned_data["titulaire"],
            iban=form.cleaned_data["iban"],
            par=request.user,
            maintenant=maintenant(),
        )
        messages.success(
            request,
            "Vos coordonnées bancaires sont enregistrées. Le titulaire de la convention reçoit un e-mail.",
        )
        return redirect("versements")
    return formulaire(request, "validation/coordonnees.html", form, actuelles=actuelles)


def _rejete(compte) -> str:
    """Say what the bank sent back and waits for the account to be changed or confirmed; "" when nothing does."""
    somme = a_confirmer(compte)
    if not somme:
        return ""
    suite = (
        "Indiquez un autre IBAN, ou écrivez à nouveau le même s'il est bon."
        if compte.peut_ecrire
        else "Un gestionnaire de votre organisation doit vérifier l'IBAN."
    )
    return f"La banque a rejeté {euros(somme)} d'aides. {suite} L'ANCV les verse ensuite avec le lot suivant."


def _trier(groupes, demande: str):
    """Return the sort in force and the sorted groups; an unknown sort is the default one."""
    tri, expression = ordre(demande, TRIS, defaut=TRI_PAR_DEFAUT)
    return tri, groupes.order_by(expression, "-pk")


def _lignes(compte, cles: list[int]) -> list[dict]:
    """Return the rows of these groups, in their order: where each part of their aids stands."""
    groupes = Groupe.objects.pour(compte).complets().in_bulk(cles)
    situees = parts(cles)
    return [
        {
            "groupe": groupes[cle],
            "parts": situees[cle],
            "aides": sum(part.aides for part in situees[cle]),
            "montant": sum(part.montant for part in situees[cle]),
        }
        for cle in cles
    ]


def _cellules(groupe: Groupe, part: Part) -> tuple:
    return (
        groupe.pk,
        groupe.porteur.convention.numero,
        groupe.porteur.nom,
        groupe.sejour.offre.equipement.nom,
        groupe.sejour.debut,
        groupe.sejour.fin,
        part.aides,
        part.montant,
        part.etat.label,
        part.paye_le,
        part.rejete_le,
        part.reference,
    )
