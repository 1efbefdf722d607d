"""« Liste des utilisateurs »: the colleagues of an organisation (C4)."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from conventions.forms import FiltreUtilisateurs, InvitationForm, UtilisateurForm
from conventions.models import Compte, Organisme
from conventions.operations import comptes
from sev.socle.acces import ecriture, reserve_a
from sev.socle.filtres import alphabetique, criteres, ordre
from sev.socle.formulaires import LIRE_ECRIRE, dire_le_refus, formulaire, saisie, tenter
from sev.socle.refus import RefusMetier
from sev.socle.tableur import Feuille, classeur_xlsx, reponse_xlsx
from sev.socle.temps import aujourdhui

PAR_PAGE = 20
TRIS = {
    "nom": alphabetique("nom"),
    "identifiant": F("identifiant"),
    "email": F("email"),
    "role": F("role"),
    "connexion": F("last_login"),
}


@require_safe
@reserve_a(*Organisme.Nature)
def utilisateurs(request):
    """List the accounts of one's own organisation, the holder first."""
    filtres, tri, liste = _liste(request)
    contexte = {
        "filtres": filtres,
        "tri": tri,
        "page": Paginator(liste, PAR_PAGE).get_page(request.GET.get("page")),
        **criteres(filtres, request.GET, "utilisateurs"),
    }
    return render(request, "conventions/utilisateurs.html", contexte)


@require_safe
@reserve_a(*Organisme.Nature)
def tableur(request):
    """The same list, whole, as a spreadsheet."""
    le = aujourdhui()
    _, _, liste = _liste(request)
    feuille = Feuille(
        nom="Utilisateurs",
        titre=f"Liste des utilisateurs, au {le:%d/%m/%Y}",
        entetes=("Nom", "Identifiant", "Adresse e-mail", "Rôle", "Dernière connexion", "État"),
        lignes=((c.nom, c.identifiant, c.email, _role(c), c.last_login, _etat(c)) for c in liste),
    )
    return reponse_xlsx(f"utilisateurs-{le:%Y-%m-%d}.xlsx", classeur_xlsx(feuille))


def _liste(request) -> tuple[FiltreUtilisateurs, str, QuerySet]:
    """Return the filters, the sort in force and the accounts; an unknown sort is the usual one."""
    filtres = FiltreUtilisateurs(request.GET)
    tri, expression = ordre(request.GET.get("tri", ""), TRIS)
    premiers = [expression] if expression else ["-titulaire", "-is_active", alphabetique("nom")]
    return filtres, tri, filtres.filtrer(Compte.objects.pour(request.user)).order_by(*premiers, "pk")


def _role(compte: Compte) -> str:
    return "Titulaire" if compte.titulaire else compte.get_role_display()


def _etat(compte: Compte) -> str:
    if not compte.is_active:
        return "Désactivé"
    return "Actif" if compte.last_login else "Invité"


@require_http_methods(LIRE_ECRIRE)
@reserve_a(*Organisme.Nature)
@ecriture
def utilisateur_inviter(request):
    """Open an account for a colleague."""
    form = InvitationForm(saisie(request))
    if form.is_valid() and (
        invite := tenter(
            form, comptes.inviter, organisme=request.user.organisme, **form.cleaned_data, par=request.user
        )
    ):
        messages.success(
            request,
            f"L'invitation de {invite.nom} part à {invite.email}. Son identifiant est {invite.identifiant}.",
        )
        return redirect("utilisateurs")
    return formulaire(request, "conventions/utilisateur_inviter.html", form)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(*Organisme.Nature)
@ecriture
def utilisateur_modifier(request, pk):
    """Change a colleague's name or role, close or reopen the account; the page says what will happen."""
    utilisateur = get_object_or_404(Compte.objects.pour(request.user), pk=pk)
    acte = request.POST.get("acte", "")
    initial = {"nom": utilisateur.nom, "role": utilisateur.role}
    form = UtilisateurForm(request.POST if request.method == "POST" and not acte else None, initial=initial)
    try:
        if acte in ACTES:
            operation, fait = ACTES[acte]
            change = operation(compte=utilisateur, par=request.user)
        elif form.is_valid():
            fait = "{} : les changements sont enregistrés."
            change = comptes.modifier(compte=utilisateur, **form.cleaned_data, par=request.user)
        else:
            return _fiche(request, utilisateur, form, statut=200 if request.method != "POST" else 422)
    except RefusMetier as refus:
        if acte:
            messages.error(request, refus.message)
        else:
            dire_le_refus(form, refus)
        return _fiche(request, utilisateur, form, statut=422)
    messages.success(request, fait.format(change.nom))
    return redirect("utilisateurs")


ACTES = {
    "desactiver": (comptes.desactiver, "{} ne peut plus se connecter."),
    "reactiver": (comptes.reactiver, "{} peut de nouveau se connecter."),
}


def _fiche(request, utilisateur, form, *, statut):
    contexte = {"form": form, "utilisateur": utilisateur}
    return render(request, "conventions/utilisateur_modifier.html", contexte, status=statut)
