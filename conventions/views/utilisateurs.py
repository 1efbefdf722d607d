"""« Liste des utilisateurs »: the colleagues of an organisation (C4)."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from conventions.forms import InvitationForm, UtilisateurForm
from conventions.models import Compte, Organisme
from conventions.operations import comptes
from sev.socle.acces import ecriture, reserve_a
from sev.socle.formulaires import LIRE_ECRIRE, dire_le_refus, formulaire, saisie, tenter
from sev.socle.refus import RefusMetier


@require_safe
@reserve_a(*Organisme.Nature)
def utilisateurs(request):
    """List the accounts of one's own organisation, the holder first."""
    liste = Compte.objects.pour(request.user).order_by("-titulaire", "-is_active", "nom", "pk")
    return render(request, "conventions/utilisateurs.html", {"utilisateurs": liste})


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
