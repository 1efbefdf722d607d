"""« Annuler un groupe », « Annuler un séjour » (S8): what it undoes is shown first, and a reason is asked."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from conventions.models import Organisme
from sejours.forms.places import AnnulationForm
from sejours.models import Groupe, Sejour
from seniors.operations.annulations import Consequences, annuler_groupe, annuler_sejour, consequences
from sev.socle.acces import ecriture, reserve_a
from sev.socle.formulaires import LIRE_ECRIRE, formulaire, saisie, tenter
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import euros

PRESTATAIRE = Organisme.Nature.PRESTATAIRE


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
@ecriture
def groupe(request, numero):
    """Cancel a group on one's stay."""
    groupes = Groupe.objects.pour(request.user).filter(pk=numero)
    groupe = get_object_or_404(groupes.complets())
    form = AnnulationForm(saisie(request))
    if _annuler(request, form, annuler_groupe, groupe=groupe):
        messages.success(request, f"Le groupe n° {groupe.pk} est annulé. {groupe.porteur} en est averti.")
        return redirect("groupe", groupe.pk)
    contexte = {
        "groupe": groupe,
        "sejour": groupe.sejour,
        "annule": groupe.annule_le is not None,
        "somme": _somme(consequences(groupes=groupes)),
    }
    return formulaire(request, "seniors/annuler_groupe.html", form, **contexte)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
@ecriture
def sejour(request, sejour):
    """Cancel a stay, its groups and its options."""
    sejour = get_object_or_404(Sejour.objects.pour(request.user).complets(), pk=sejour)
    groupes = Groupe.objects.pour(request.user).filter(sejour=sejour)
    form = AnnulationForm(saisie(request))
    if _annuler(request, form, annuler_sejour, sejour=sejour):
        messages.success(request, "Le séjour est annulé. Les porteurs de projet en sont avertis.")
        return redirect("sejour", sejour.pk)
    effets = consequences(groupes=groupes, sejour=sejour)
    contexte = {
        "sejour": sejour,
        "annule": sejour.annule_le is not None,
        "somme": [
            {"libelle": "Groupes annulés", "montant": str(effets.groupes)},
            *_somme(effets),
            {"libelle": "Options refusées", "montant": str(effets.options)},
        ],
    }
    return formulaire(request, "seniors/annuler_sejour.html", form, **contexte)


def _annuler(request, form: AnnulationForm, annuler, **quoi):
    """Return what was cancelled, None when the form may not, or the rule; a refusal is said at its field."""
    if not form.is_valid():
        return None
    commun = {"par": request.user, "le": aujourdhui(), "maintenant": maintenant()}
    return tenter(form, annuler, **quoi, **form.cleaned_data, **commun)


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
