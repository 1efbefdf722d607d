"""The provider's offers (S1): created, corrected, carried over to the next year, and their stays published."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from conventions.models import Organisme
from sejours.forms import MonOffreForm, OffreModifieeForm, PublierForm, ReconduireForm
from sejours.models import Offre
from sejours.operations import offres as operations
from sejours.views.equipements import equipement_de
from sev.socle.acces import ecriture, reserve_a
from sev.socle.formulaires import LIRE_ECRIRE, formulaire, saisie, tenter
from sev.socle.temps import aujourdhui
from sev.socle.typographie import jour_mois, periode, quantite

PRESTATAIRE = Organisme.Nature.PRESTATAIRE


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
@ecriture
def nouvelle_offre(request, equipement):
    """Sell a length for a year."""
    equipement, le = equipement_de(request, equipement), aujourdhui()
    form = MonOffreForm(
        saisie(request), annee=le.year, tarifs=operations.prix_maximums(le.year), initial={"annee": le.year}
    )
    if form.is_valid() and (
        offre := tenter(
            form,
            operations.creer_offre,
            equipement=equipement,
            **form.cleaned_data,
            par=request.user,
            le=le,
        )
    ):
        messages.success(request, f"L'offre {offre.annee} est créée. Publiez maintenant ses séjours.")
        return redirect("offre-sejours", offre.pk)
    return formulaire(request, "sejours/offre.html", form, equipement=equipement)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
@ecriture
def modifier_offre(request, offre):
    """Correct the price, the extra or what is included."""
    offre = offre_de(request, offre)
    initial = {nom: getattr(offre, nom) for nom in OffreModifieeForm.base_fields}
    form = OffreModifieeForm(saisie(request), initial=initial)
    if form.is_valid() and tenter(
        form, operations.changer_offre, offre=offre, **form.cleaned_data, par=request.user, le=aujourdhui()
    ):
        messages.success(request, f"L'offre {offre.annee} est à jour.")
        return redirect("equipement", offre.equipement_id)
    return formulaire(request, "sejours/offre.html", form, equipement=offre.equipement, offre=offre)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
@ecriture
def reconduire(request, offre):
    """Copy an offer and its stays to the next year, at a price that is asked."""
    offre = offre_de(request, offre)
    form = ReconduireForm(saisie(request), initial={"prix": offre.prix})
    if form.is_valid() and (
        fait := tenter(
            form,
            operations.reconduire_offre,
            offre=offre,
            **form.cleaned_data,
            par=request.user,
            le=aujourdhui(),
        )
    ):
        nouvelle, publies, sautes = fait
        messages.success(
            request, f"L'offre {nouvelle.annee} est créée, avec {quantite(len(publies), 'séjour')}."
        )
        _dire_les_sautes(request, sautes)
        return redirect("equipement", offre.equipement_id)
    sejours = offre.sejours.filter(annule_le__isnull=True).count()
    return formulaire(request, "sejours/offre_reconduire.html", form, offre=offre, nombre=sejours)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
@ecriture
def publier(request, offre):
    """Publish one stay of an offer, or a series of them; what was skipped is said with its reason."""
    offre, le = offre_de(request, offre), aujourdhui()
    form = PublierForm(saisie(request), annee=offre.annee, le=le)
    if form.is_valid() and (fait := _publier(request, form, offre, le)):
        publies, sautes = fait
        if publies:
            messages.success(request, _publication(publies, le))
        _dire_les_sautes(request, sautes)
        return redirect("offre-sejours", offre.pk)
    sejours = offre.sejours.filter(annule_le__isnull=True).order_by("debut")
    return formulaire(request, "sejours/serie.html", form, offre=offre, sejours=list(sejours))


def _publier(request, form, offre: Offre, le):
    champs, commun = form.cleaned_data, {"offre": offre, "par": request.user, "le": le}
    if champs["jusqu_au"]:
        return tenter(form, operations.publier_serie, **champs, **commun)
    sejour = tenter(form, operations.publier_sejour, debut=champs["debut"], places=champs["places"], **commun)
    return sejour and ([sejour], [])


def _publication(publies, le) -> str:
    if len(publies) == 1:
        return f"Le séjour {periode(publies[0].debut, publies[0].fin, le)} est publié."
    dates = periode(publies[0].debut, publies[-1].debut, le)
    return f"{quantite(len(publies), 'séjour publié')}, un par semaine, {dates}."


def _dire_les_sautes(request, sautes) -> None:
    """Say which starts were skipped, under each reason."""
    if not sautes:
        return
    raisons = {}
    for debut, raison in sautes:
        raisons.setdefault(raison.removesuffix("."), []).append(jour_mois(debut))
    details = " ".join(f"{raison} : {', '.join(jours)}." for raison, jours in raisons.items())
    pas = "n'a pas été publié" if len(sautes) == 1 else "n'ont pas été publiés"
    messages.warning(request, f"{quantite(len(sautes), 'séjour')} {pas}. {details}")


def offre_de(request, cle: int) -> Offre:
    """Return the provider's own offer, or 404."""
    return get_object_or_404(Offre.objects.pour(request.user).select_related("equipement"), pk=cle)
