"""Registering someone: search, fiche with its live decision, correction, removal, restoration (I2-I14)."""

from datetime import UTC, datetime
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conventions.models import Organisme
from seniors.forms import CHAMPS_D_IDENTITE, FicheForm, IdentiteForm, NumeroForm, valeurs_de
from seniors.models import Senior
from seniors.operations import inscriptions as operations
from seniors.operations.decisions import empechement, examiner, inscriptions_de
from seniors.operations.etapes import verifier_dependants
from seniors.operations.fiches import COORDONNEES, Fiche
from seniors.operations.listes import InscriptionRefusee
from seniors.regles.libelles import libelle_decision
from seniors.regles.panneau import panneau, panneau_sans_decision
from seniors.views.annonces import (
    annoncer_aides_de_la_file,
    annoncer_inscription,
    annoncer_retablissement,
    annoncer_retrait,
)
from seniors.views.portes import JetonExpire, groupe_de, inscription_de, jeton_de_senior, senior_du_jeton
from seniors.views.ressemblances import presenter_semblable
from sev.socle.acces import ecriture, reserve_a
from sev.socle.communes import choix_de_communes
from sev.socle.formulaires import LIRE_ECRIRE, saisie
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import de, euros, quantite

PORTEUR = Organisme.Nature.PORTEUR
SEMBLABLES_MAX = 5


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PORTEUR)
@ecriture
def recherche(request, numero):
    """Ask who it is before anything else (I2); by POST, so that no identity stands in an address."""
    groupe = groupe_de(request, numero)
    form = IdentiteForm(saisie(request), le=aujourdhui())
    contexte = {"groupe": groupe, "form": form, "clos": not groupe.modifiable(aujourdhui())}
    if request.method == "POST":
        if not form.is_valid():
            return render(request, "seniors/recherche.html", contexte, status=422)
        contexte |= _trouver(request, groupe, form.identite())
    return render(request, "seniors/recherche.html", contexte)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PORTEUR)
@ecriture
def nouvelle(request, numero):
    """The fiche of someone to register. `?ouvrir` only shows it, filled with who it is; `apercu` only decides."""
    groupe, le = groupe_de(request, numero), aujourdhui()
    try:
        senior, expire = senior_du_jeton(request, groupe, request.POST.get("senior", "")), False
    except JetonExpire:
        senior, expire = None, True
    ouvrir = request.method != "POST" or "ouvrir" in request.GET
    options = {
        "inscrites": groupe.inscriptions.presentes().par_nom(),
        "sans_identite": senior is not None,
        "le": le,
    }
    form = FicheForm(initial=_valeurs_initiales(request, senior), **options) if ouvrir else None
    if ouvrir:
        return _page_de_fiche(request, groupe, form, senior=senior, decision=_apercu(form, groupe, senior))
    form = FicheForm(request.POST, **options)
    if "apercu" in request.POST:
        return _montrer_apercu(request, groupe, form, senior=senior)
    if expire:
        form.add_error(None, "Cette recherche est trop ancienne : indiquez à nouveau de qui il s'agit.")
    if not form.is_valid():
        return _page_de_fiche(request, groupe, form, senior=senior, status=422)
    try:
        inscription = operations.inscrire(
            groupe=groupe,
            senior=senior,
            identite=None if senior else form.identite(),
            fiche=form.fiche(),
            jeton=form.cleaned_data["jeton"],
            par=request.user,
            le=le,
            maintenant=maintenant(),
        )
    except InscriptionRefusee as refus:
        decision = _apercu(form, groupe, senior)
        _reporter(form, refus)
        return _page_de_fiche(
            request, groupe, form, senior=senior, decision=decision, refus=refus, status=422
        )
    annoncer_inscription(request, inscription, montant=groupe.aide_du_tarif)
    return redirect("inscription-recherche" if "encore" in request.POST else "groupe", groupe.pk)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PORTEUR)
@ecriture
def modifier(request, numero, cle):
    """Correct a registration; the identity too when `?identite` asks for it."""
    groupe, le = groupe_de(request, numero), aujourdhui()
    inscription = inscription_de(request, groupe, cle)
    identite = "identite" in request.GET
    options = {
        "inscrites": groupe.inscriptions.presentes().par_nom().exclude(pk=cle),
        "sans_identite": not identite,
        "confidentiel": inscription.rfr_confidentiel,
        "le": le,
    }
    page = {"senior": inscription.senior, "inscription": inscription, "identite": identite}
    if request.method != "POST":
        form = FicheForm(initial=_valeurs_lisibles(inscription), **options)
        decision = _apercu(form, groupe, inscription.senior, inscription)
        return _page_de_fiche(request, groupe, form, decision=decision, **page)
    form = FicheForm(request.POST, **options)
    if "apercu" in request.POST:
        return _montrer_apercu(request, groupe, form, **page)
    if not form.is_valid():
        return _page_de_fiche(request, groupe, form, status=422, **page)
    try:
        corrigee = operations.corriger(
            inscription=inscription,
            fiche=form.fiche(),
            identite=form.identite() if identite else None,
            par=request.user,
            le=le,
            maintenant=maintenant(),
        )
    except InscriptionRefusee as refus:
        decision = _apercu(form, groupe, inscription.senior, inscription)
        _reporter(form, refus)
        return _page_de_fiche(request, groupe, form, decision=decision, refus=refus, status=422, **page)
    corrigee.senior_lie = _lie(groupe, corrigee)
    messages.success(
        request, f"La fiche {de(str(corrigee.senior))} est corrigée. {libelle_decision(corrigee)}."
    )
    return redirect("groupe", groupe.pk)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PORTEUR)
@ecriture
def effacer(request, numero, cle):
    """Ask, then remove someone from the list (I13)."""
    groupe = groupe_de(request, numero)
    inscription = inscription_de(request, groupe, cle)
    contexte = {"groupe": groupe, "inscription": inscription, "senior": inscription.senior}
    contexte["lie"] = inscription.dependants.presentes().select_related("senior").first()
    contexte["clos"] = not groupe.modifiable(aujourdhui())
    if request.method != "POST":
        return render(request, "seniors/effacer.html", contexte)
    try:
        aidees = operations.effacer(
            inscription=inscription, par=request.user, le=aujourdhui(), maintenant=maintenant()
        )
    except InscriptionRefusee as refus:
        return render(request, "seniors/effacer.html", contexte | {"refus": refus}, status=422)
    rendu = f" {euros(inscription.aide)} sont revenus à vos crédits." if inscription.aide else ""
    annoncer_retrait(request, f"{inscription.senior} n'est plus sur la liste.{rendu}")
    annoncer_aides_de_la_file(request, aidees)
    return redirect("groupe", groupe.pk)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PORTEUR)
@ecriture
def tout_supprimer(request, numero):
    """« Supprimer tous les séniors »: the group's number is typed first (I13)."""
    groupe = groupe_de(request, numero)
    form = NumeroForm(saisie(request), attendu=groupe.pk)
    contexte = {"groupe": groupe, "form": form, "clos": not groupe.modifiable(aujourdhui())}
    contexte["rendu"] = sum(groupe.inscriptions.exclude(aide=None).values_list("aide", flat=True))
    if request.method != "POST":
        return render(request, "seniors/tout_supprimer.html", contexte)
    if not form.is_valid():
        return render(request, "seniors/tout_supprimer.html", contexte, status=422)
    try:
        combien, aidees = operations.tout_effacer(
            groupe=groupe, par=request.user, le=aujourdhui(), maintenant=maintenant()
        )
    except InscriptionRefusee as refus:
        form.add_error(None, refus.message)
        return render(request, "seniors/tout_supprimer.html", contexte, status=422)
    retirees = f"{quantite(combien, 'personne')} {'retirées' if combien > 1 else 'retirée'}"
    rendu = f" {euros(contexte['rendu'])} sont revenus à vos crédits." if contexte["rendu"] else ""
    annoncer_retrait(request, f"La liste est vide : {retirees}.{rendu}")
    annoncer_aides_de_la_file(request, aidees)
    return redirect("groupe", groupe.pk)


@require_POST
@reserve_a(PORTEUR)
@ecriture
def retablir(request, numero):
    """Put back those who were removed together (I13). `effacement`: the instant of that act."""
    groupe = groupe_de(request, numero)
    effacee_le = _instant(request.POST.get("effacement", ""))
    if effacee_le is None:
        return redirect("groupe", groupe.pk)
    try:
        revenues, refusees = operations.retablir(
            groupe=groupe, effacee_le=effacee_le, par=request.user, le=aujourdhui(), maintenant=maintenant()
        )
    except InscriptionRefusee as refus:
        messages.error(request, refus.message)
    else:
        annoncer_retablissement(request, revenues, refusees)
    return redirect("groupe", groupe.pk)


@require_safe
@reserve_a(PORTEUR)
def communes(request):
    """The field « Ville » with the communes of a postcode, as a fragment (I17)."""
    code_postal, ville = request.GET.get("code_postal", "")[:10], request.GET.get("ville", "")[:80]
    form = FicheForm(
        initial={"code_postal": code_postal, "ville": ville},
        inscrites=[],
        sans_identite=True,
        le=aujourdhui(),
    )
    if not choix_de_communes(code_postal, ville) and not request.htmx:
        return HttpResponse(status=204)
    return render(request, "seniors/_ville.html", {"form": form})


# --- Steps ------------------------------------------------------------------------------------------------


def _instant(texte: str) -> datetime | None:
    try:
        lu = parse_datetime(texte)
        return lu.astimezone(UTC) if lu and lu.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _lie(groupe, inscription):
    lie = groupe.inscriptions.presentes().select_related("senior").filter(pk=inscription.senior_lie_id)
    return lie.first() if inscription.senior_lie_id else None


def _connue(identite):
    """Return the person of exactly this identity, or of whom it is a former spelling (I18); None when unknown."""
    senior = Senior.objects.de_meme_identite(identite).first()
    return senior and senior.actuelle


def _trouver(request, groupe, identite) -> dict:
    """Look for the person: known exactly (on this list already, or not), look-alikes, or nobody; each has a token."""
    exacte = _connue(identite)
    semblables = [] if exacte else list(Senior.objects.semblables(identite)[:SEMBLABLES_MAX])
    trouves = [exacte] if exacte else semblables
    return {
        "cherche": True,
        "identite": identite,
        "exacte": exacte,
        "deja": exacte and groupe.inscriptions.presentes().filter(senior=exacte).first(),
        "trouves": [
            presenter_semblable(
                senior, identite, jeton_de_senior(request, groupe, senior, connu=exacte is not None)
            )
            for senior in trouves
        ],
    }


def _valeurs_initiales(request, senior) -> dict:
    """Return what the fiche opens with: what is known of the person, never an income (it changes every year).

    Of a look-alike only what one's own organisation wrote: a near name opens nobody's address.
    """
    valeurs = {"jeton": uuid4()}
    if senior is not None:
        visible = senior.connu or Senior.objects.pour(request.user).filter(pk=senior.pk).exists()
        return valeurs | ({nom: getattr(senior, nom) for nom in COORDONNEES} if visible else {})
    return valeurs | {nom: request.POST.get(nom, "") for nom in CHAMPS_D_IDENTITE}


def _valeurs_lisibles(inscription) -> dict:
    """Return what the correction opens with; a confidential income is never shown again (X2)."""
    cachees = {"rfr": None, "rfr_zero_confirme": False} if inscription.rfr_confidentiel else {}
    return valeurs_de(inscription) | cachees


def _reporter(form, refus) -> None:
    """Put each reason of a refusal at its field, on top where the page has no such field."""
    for obstacle in refus.obstacles:
        form.add_error(obstacle.champ if obstacle.champ in form.fields else None, obstacle.message)


def _apercu(form, groupe, senior, inscription=None) -> dict:
    """Return the panel of the decision as the form stands; nothing is locked, nothing written (I10)."""
    if form.is_bound:
        form.is_valid()
        fiche = form.fiche()
        saisie = "date_naissance" in form.fields
        naissance = form.cleaned_data.get("date_naissance") if saisie else senior.date_naissance
    elif inscription is not None:
        fiche, naissance = Fiche.de(inscription), senior.date_naissance
    else:
        return panneau_sans_decision(["eligibilite"])
    if inscription is not None:
        fiche = fiche.completee_par(inscription)
    if manquants := _manquants(fiche, naissance):
        return panneau_sans_decision(manquants)
    if senior is None and not any(nom in form.errors for nom in CHAMPS_D_IDENTITE):
        senior = _connue(form.identite())
    autres = inscriptions_de(senior, groupe, sauf=inscription and inscription.pk)
    decision = examiner(
        groupe=groupe, date_naissance=naissance, fiche=fiche, autres=autres, inscription=inscription
    )
    obstacle = _protection(inscription, fiche) if inscription else empechement(autres, groupe)
    return panneau(decision, groupe.prix, obstacle)


def _protection(inscription, fiche):
    """Return what a carer or a spouse of the list would lose by the correction (I7, I8)."""
    try:
        verifier_dependants(inscription, fiche)
    except InscriptionRefusee as refus:
        return refus.obstacles[0]
    return None


def _manquants(fiche, naissance) -> list[str]:
    """Return the answers without which nothing can be decided yet."""
    sans_revenu = fiche.eligibilite == "AIDANT" and fiche.nature_aidant == "FAMILIAL"
    reponses = {
        "date_naissance": naissance is not None,
        "eligibilite": bool(fiche.eligibilite),
        "rfr": fiche.rfr is not None or sans_revenu,
    }
    return [nom for nom, repondu in reponses.items() if not repondu]


def _montrer_apercu(request, groupe, form, *, senior=None, inscription=None, identite=False):
    """Answer « Calculer la décision »: the panel alone to htmx, the whole page otherwise; nothing is saved."""
    decision = _apercu(form, groupe, senior, inscription)
    if request.htmx:
        return render(request, "composants/panneau.html", {"p": decision})
    options = {
        "inscrites": groupe.inscriptions.presentes().par_nom(),
        "sans_identite": senior is not None and not identite,
        "le": form.le,
    }
    initiales = {nom: request.POST.get(nom, "") for nom in form.fields}
    page = {"senior": senior, "inscription": inscription, "identite": identite, "decision": decision}
    return _page_de_fiche(request, groupe, FicheForm(initial=initiales, **options), **page)


def _page_de_fiche(
    request,
    groupe,
    form,
    *,
    senior=None,
    inscription=None,
    identite=False,
    decision=None,
    refus=None,
    status=200,
):
    contexte = {
        "groupe": groupe,
        "form": form,
        "senior": senior,
        "inscription": inscription,
        "identite_ouverte": identite or (senior is None and _identite_a_revoir(form)),
        "jeton_senior": "" if inscription or not senior else _jeton(request, groupe, senior),
        "decision": decision or _apercu(form, groupe, senior, inscription),
        "refus": refus,
        "clos": not groupe.modifiable(aujourdhui()),
        "lignes_postales": senior.adresse_postale.lignes if inscription else [],
    }
    return render(request, "seniors/fiche.html", contexte, status=status)


def _jeton(request, groupe, senior) -> str:
    return jeton_de_senior(request, groupe, senior, connu=senior.connu)


def _identite_a_revoir(form) -> bool:
    """Tell whether the four answers must be shown as fields: not given yet, or refused."""
    if form.is_bound:
        return any(nom in form.errors for nom in CHAMPS_D_IDENTITE)
    return not all(form.initial.get(nom) for nom in CHAMPS_D_IDENTITE)
