"""« Pré-inscrire un groupe » (S4): a porteur's places on one's stay, its convention checked as it is typed."""

from django.contrib import messages
from django.db.models import Max
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from conventions.models import Convention, Organisme
from sejours.forms.places import PreinscrireForm
from sejours.models import Option, Sejour
from sejours.operations.groupes import preinscrire, verifier_sejour
from sejours.regles import dernier_jour_de_la_liste
from sev.socle.acces import ecriture, reserve_a
from sev.socle.formulaires import LIRE_ECRIRE, formulaire, tenter
from sev.socle.refus import RefusMetier
from sev.socle.temps import aujourdhui
from sev.socle.typographie import quantite

PRESTATAIRE = Organisme.Nature.PRESTATAIRE


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
@ecriture
def nouveau(request, sejour):
    """Pre-register a group; the button « Vérifier » shows whose convention it is and writes nothing."""
    sejour, le = _sejour(request, sejour), aujourdhui()
    envoi = request.method == "POST" and "verifier" not in request.POST
    saisie = request.POST.dict() if request.method == "POST" else {"type_groupe": "GROUPE"}
    form = PreinscrireForm(
        request.POST if envoi else None, initial=saisie, libres=max(sejour.places_libres, 0)
    )
    if form.is_valid() and (
        groupe := tenter(form, preinscrire, sejour=sejour, **form.cleaned_data, par=request.user, le=le)
    ):
        messages.success(
            request, f"{groupe.porteur} a {quantite(groupe.places, 'place')}. Un e-mail le lui dit."
        )
        return redirect("groupe", groupe.pk)
    contexte = {
        "sejour": sejour,
        "obstacle": _obstacle(sejour, le),
        "dernier_jour": dernier_jour_de_la_liste(sejour.debut),
        "vu": sejour.groupes.aggregate(dernier=Max("pk", default=0))["dernier"],
        **_apercu(request, sejour, saisie),
    }
    return formulaire(request, "sejours/preinscription.html", form, **contexte)


@require_safe
@reserve_a(PRESTATAIRE)
@ecriture
def apercu(request, sejour):
    """Whose convention it is, and the places that would remain: what the page says while one types."""
    sejour = _sejour(request, sejour)
    return render(request, "sejours/_apercu.html", _apercu(request, sejour, request.GET) | {"remplace": True})


def _sejour(request, cle: int) -> Sejour:
    return get_object_or_404(Sejour.objects.pour(request.user).complets(), pk=cle)


def _obstacle(sejour: Sejour, le) -> str:
    try:
        verifier_sejour(sejour, le)
    except RefusMetier as refus:
        return refus.message
    return ""


def _apercu(request, sejour: Sejour, saisie) -> dict:
    """Return what is known of what was typed: `verdict` on the convention, `somme` of the places."""
    form = PreinscrireForm(
        {nom: saisie.get(nom, "") for nom in ("convention", "places")}, libres=sejour.places_libres
    )
    form.full_clean()
    convention = form.cleaned_data.get("convention")
    options = Option.objects.pour(request.user).en_cours().filter(sejour=sejour).select_related("porteur")
    return {
        "sejour": sejour,
        "verdict": _verdict(convention, sejour.annee) if saisie.get("convention", "").strip() else None,
        "somme": _somme(sejour, options.order_by("pk"), form.cleaned_data.get("places", 0)),
    }


def _verdict(convention: Convention | None, annee: int) -> dict:
    """Say who the porteur is and where its convention and its credits stand; amounts are its own affair."""
    if convention is None:
        return {
            "ton": "non",
            "titre": "Convention inconnue",
            "texte": "Aucune convention ne porte ce numéro. Vérifiez-le avec le porteur.",
        }
    organisme = convention.organisme
    titre = f"{organisme} ({organisme.departement})" if organisme.departement else str(organisme)
    if organisme.nature != Organisme.Nature.PORTEUR:
        return {"ton": "non", "titre": titre, "texte": "C'est un prestataire, pas un porteur de projet."}
    if not convention.active:
        return {"ton": "non", "titre": titre, "texte": "Cette convention n'est pas active."}
    if convention.dotee(annee):
        return {"ton": "ok", "titre": titre, "texte": f"Convention active, crédits {annee} alloués."}
    suite = "Les personnes inscrites seront aidées dès que la dotation arrive."
    return {
        "ton": "att",
        "titre": titre,
        "texte": f"Convention active, pas encore de crédits {annee}. {suite}",
    }


def _somme(sejour: Sejour, options, demandees: int) -> list[dict]:
    """Return the places of the stay, less what is given, what is held and this group."""
    libres = sejour.places_libres - demandees
    lignes = [
        {"libelle": "Places", "montant": str(sejour.places)},
        {
            "libelle": "Groupes déjà inscrits",
            "montant": f"− {sejour.places_prises}" if sejour.places_prises else "0",
        },
    ]
    lignes += [
        {"libelle": f"Option : {option.porteur}", "montant": f"− {option.places}"} for option in options
    ]
    if demandees:
        lignes.append({"libelle": "Ce groupe", "montant": f"− {demandees}"})
    libelle = "Resteront libres" if demandees else "Places libres"
    if libres < 0:
        return [*lignes, {"libelle": "Il en manque", "montant": str(-libres), "total": True}]
    return [*lignes, {"libelle": libelle, "montant": str(libres), "total": True}]
