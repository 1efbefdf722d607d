"""« Mon compte »: informations, password, e-mail address, credits (C2, C3, C5)."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from conventions.forms import AdresseForm, InformationsForm, MotDePasseForm
from conventions.models import Compte, Credit
from conventions.operations import comptes, organismes
from sev.socle.acces import lecture_seule
from sev.socle.formulaires import LIRE_ECRIRE, dire_le_refus
from sev.socle.refus import RefusMetier
from sev.socle.temps import aujourdhui, maintenant

CHAMPS = ("nom", "telephone", "type_porteur", "voie", "complement", "code_postal", "ville")


def _informations(request, data=None) -> InformationsForm:
    actuel = {champ: getattr(request.user.organisme, champ) for champ in CHAMPS}
    return InformationsForm(data, initial={**actuel, "email": request.user.email}, compte=request.user)


def _page(request, **formulaires):
    """Draw the account page; `form`, the one that was refused, gives the summary of errors and the status 422."""
    compte = request.user
    refuse = next(iter(formulaires.values()), None)
    contexte = {
        "form": refuse,
        "mot_de_passe": MotDePasseForm(request),
        "credits": _credits(compte) if compte.est_porteur else None,
    }
    if compte.organisme is not None:
        contexte["informations"] = _informations(request)
        contexte["titulaire"] = Compte.objects.pour(compte).filter(titulaire=True).first()
    if not compte.titulaire:
        contexte["adresse"] = AdresseForm(initial={"email": compte.email})
    return render(request, "conventions/compte.html", contexte | formulaires, status=422 if refuse else 200)


def _credits(compte) -> list[Credit]:
    """Return the credits of this year and the next, at zero where nothing was allotted (C5)."""
    annee = aujourdhui().year
    connus = {c.annee: c for c in Credit.objects.pour(compte).filter(programme__in=[annee, annee + 1])}
    return [connus.get(a) or Credit(programme_id=a, alloue=0, engage=0, verse=0) for a in (annee, annee + 1)]


@require_http_methods(LIRE_ECRIRE)
def compte(request):
    """Show the account; record the card « Informations » (a lecteur only reads it)."""
    if request.method != "POST":
        return _page(request)
    if not request.user.peut_ecrire or request.user.organisme is None:
        raise lecture_seule(request.user)
    form = _informations(request, request.POST)
    if form.is_valid():
        donnees = dict(form.cleaned_data)
        adresse = donnees.pop("email", request.user.email)
        try:
            with transaction.atomic():
                organismes.modifier(organisme=request.user.organisme, **donnees, par=request.user)
                if adresse != request.user.email:
                    comptes.demander_adresse(compte=request.user, adresse=adresse, maintenant=maintenant())
        except RefusMetier as refus:
            dire_le_refus(form, refus)
        else:
            messages.success(request, "Vos informations sont sauvegardées.")
            _annoncer_adresse(request, adresse)
            return redirect("compte")
    return _page(request, informations=form)


@require_http_methods(LIRE_ECRIRE)
def compte_adresse(request):
    """Record the e-mail address that a colleague asks for (C3)."""
    if request.method != "POST":
        return redirect("compte")
    form = AdresseForm(request.POST)
    if form.is_valid():
        adresse = form.cleaned_data["email"]
        try:
            if adresse != request.user.email:
                comptes.demander_adresse(compte=request.user, adresse=adresse, maintenant=maintenant())
        except RefusMetier as refus:
            dire_le_refus(form, refus)
        else:
            _annoncer_adresse(request, adresse)
            return redirect("compte")
    return _page(request, adresse=form)


def _annoncer_adresse(request, adresse):
    if adresse != request.user.email:
        messages.warning(
            request,
            f"Confirmez votre nouvelle adresse. Un e-mail vient de partir à {adresse} : ouvrez-le et suivez son lien. "
            f"D'ici là, vos messages arrivent encore à {request.user.email}.",
        )


@sensitive_post_parameters()
@require_http_methods(LIRE_ECRIRE)
def compte_mot_de_passe(request):
    """Change the password: this session goes on, the others end (C2)."""
    if request.method != "POST":
        return redirect("compte")
    form = MotDePasseForm(request, request.POST)
    if form.is_valid():
        change = comptes.choisir_mot_de_passe(
            compte=request.user, mot_de_passe=form.cleaned_data["passe_nouveau"]
        )
        update_session_auth_hash(request, change)
        messages.success(request, "Votre mot de passe est changé. Les autres appareils sont déconnectés.")
        return redirect("compte")
    return _page(request, mot_de_passe=form)


@require_http_methods(LIRE_ECRIRE)
def compte_email_confirmer(request, demande):
    """Confirm, from the mailed link and signed in, the address asked for (C3)."""
    adresse = comptes.adresse_a_confirmer(compte=request.user, demande=str(demande), maintenant=maintenant())
    if request.method == "POST":
        try:
            change = comptes.confirmer_adresse(
                compte=request.user, demande=str(demande), maintenant=maintenant()
            )
        except comptes.CompteRefuse as refus:
            messages.error(request, refus.message)
        else:
            messages.success(request, f"Votre adresse est maintenant {change.email}.")
        return redirect("compte")
    return render(request, "conventions/adresse_confirmer.html", {"adresse": adresse})
