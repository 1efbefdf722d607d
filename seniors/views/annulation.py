"""« Annuler un groupe », « Annuler un séjour » (S8): what it undoes is shown first, and a reason is asked."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from conventions.models import Organisme
from sejours.forms.places import AnnulationForm
from sejours.models import Groupe, Sejour
from seniors.operations.annulations import Consequences, annuler_groupe, annuler_sejour, consequences
from sev.socle.acces import ecriture, reserve_a
from sev.socle.formulaires import dire_le_refus
from sev.socle.refus import RefusMetier
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import euros

PRESTATAIRE = Organisme.Nature.PRESTATAIRE


@require_http_methods(["GET", "HEAD", "POST"])
@reserve_a(PRESTATAIRE)
@ecriture
def groupe(request, numero):
    """Cancel a group on one's stay."""
    groupes = Groupe.objects.pour(request.user).filter(pk=numero)
    groupe = get_object_or_404(groupes.complets())
    form = AnnulationForm(request.POST if request.method == "POST" else None)
    if _annule(request, form, annuler_groupe, groupe=groupe):
        messages.success(request, f"Le groupe n° {groupe.pk} est annulé. {groupe.porteur} en est averti.")
        return redirect("groupe", groupe.pk)
    contexte = {
        "form": form,
        "groupe": groupe,
        "sejour": groupe.sejour,
        "annule": groupe.annule_le is not None,
        "somme": _somme(consequences(groupes=groupes)),
    }
    return render(request, "seniors/annuler_groupe.html", contexte, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@reserve_a(PRESTATAIRE)
@ecriture
def sejour(request, sejour):
    """Cancel a stay, its groups and its options."""
    sejour = get_object_or_404(Sejour.objects.pour(request.user).complets(), pk=sejour)
    groupes = Groupe.objects.pour(request.user).filter(sejour=sejour)
    form = AnnulationForm(request.POST if request.method == "POST" else None)
    if _annule(request, form, annuler_sejour, sejour=sejour):
        messages.success(request, "Le séjour est annulé. Les porteurs de projet en sont avertis.")
        return redirect("sejour", sejour.pk)
    effets = consequences(groupes=groupes, sejour=sejour)
    contexte = {
        "form": form,
        "sejour": sejour,
        "annule": sejour.annule_le is not None,
        "somme": [
            {"libelle": "Groupes annulés", "montant": str(effets.groupes)},
            *_somme(effets),
            {"libelle": "Options refusées", "montant": str(effets.options)},
        ],
    }
    return render(request, "seniors/annuler_sejour.html", contexte, status=422 if form.is_bound else 200)


def _annule(request, form: AnnulationForm, annuler, **quoi) -> bool:
    """Cancel when the form may; a refusal is said at its field."""
    if not form.is_valid():
        return False
    try:
        annuler(**quoi, **form.cleaned_data, par=request.user, le=aujourdhui(), maintenant=maintenant())
    except RefusMetier as refus:
        dire_le_refus(form, refus)
        return False
    return True


def _somme(effets: Consequences) -> list[dict]:
    """Return what is undone, as rows of composants/somme.html."""
    return [
        {"libelle": "Personnes inscrites, qui ne partiront pas", "montant": str(effets.inscrits)},
        {
            "libelle": "Aides rendues",
            "montant": str(effets.aides),
            "detail": f"{euros(effets.montant)} reviennent aux crédits des porteurs" if effets.aides else "",
        },
    ]
