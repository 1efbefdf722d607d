"""« Séjours passés à valider »: who came, per provider, then who really travelled, per porteur (V1-V7)."""

from datetime import date

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conventions.models import Organisme
from sejours.models import Groupe
from sev.socle.acces import ecriture, reserve_a
from sev.socle.filtres import alphabetique, criteres, dans_l_ordre, ordre, retenir, retour
from sev.socle.formulaires import LIRE_ECRIRE
from sev.socle.refus import RefusMetier
from sev.socle.tableur import Feuille, classeur_xlsx, reponse_xlsx
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import euros, quantite
from validation.dossier import Dossier, dossier, lettres, paiements, reponse, sommes
from validation.forms.pointage import PointageForm
from validation.forms.suivi import FiltreValidations
from validation.journal import journal_de_la_validation
from validation.models import Signalement
from validation.operations.validations import ListeChangee, confirmer, valider
from validation.regles import somme
from validation.suivi import Situation, Suivi, avec_litiges, passes, phase_du_groupe, situees, suivi

PORTEUR, PRESTATAIRE = Organisme.Nature.PORTEUR, Organisme.Nature.PRESTATAIRE
PAR_PAGE = 20
MEMOIRE = "sev_validations"
DEJA = "La liste est déjà confirmée."
EQUIPEMENT = "sejour__offre__equipement"
TRIS = {
    "groupe": F("pk"),
    "porteur": alphabetique("porteur__nom"),
    "prestataire": alphabetique(f"{EQUIPEMENT}__prestataire__nom"),
    "equipement": alphabetique(f"{EQUIPEMENT}__nom"),
    "debut": F("sejour__debut"),
    "fin": F("sejour__fin"),
    "inscrits": F("inscrits"),
    "echeance": F("limite"),
}


@require_safe
@reserve_a(PORTEUR, PRESTATAIRE)
def liste(request):
    """The lists of past stays, twenty a page; first those that one has to answer, the most pressing first."""
    le = aujourdhui()
    filtres, groupes = _filtrer(request, le)
    tri, groupes = _trier(groupes, request.GET.get("tri", ""), filtres.choisie)
    page = Paginator(groupes.values_list("pk", flat=True), PAR_PAGE).get_page(request.GET.get("page"))
    page.object_list = _charger(request, page.object_list, le)
    contexte = {
        "filtres": filtres,
        "tri": tri,
        "page": page,
        **criteres(filtres, request.GET, "validation"),
        "tous": f"{reverse('validation')}?situation=",
        "aucun": not page.paginator.count and not passes(request.user, le=le).exists(),
    }
    reponse = render(request, "validation/liste.html", contexte)
    retenir(request, reponse, cookie=MEMOIRE, route="validation")
    return reponse


@require_safe
@reserve_a(PORTEUR, PRESTATAIRE)
def tableur(request):
    """The same list, whole, as a spreadsheet."""
    le = aujourdhui()
    filtres, groupes = _filtrer(request, le)
    _, groupes = _trier(groupes, request.GET.get("tri", ""), filtres.choisie)
    feuille = Feuille(
        nom="Validation",
        titre=f"Séjours passés à valider, au {le:%d/%m/%Y}",
        entetes=(
            "Groupe n°",
            "N° de convention",
            "Nom du porteur",
            "Prestataire",
            "Équipement",
            "Date de début",
            "Date de fin",
            "Inscrits",
            "État",
            "Délai",
            "Validée par le prestataire le",
            "Confirmée par le porteur le",
            "Suite",
        ),
        lignes=(_cellules(groupe, request.user, le) for groupe in avec_litiges(groupes)),
    )
    return reponse_xlsx(f"validation-{le:%Y-%m-%d}.xlsx", classeur_xlsx(feuille))


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PORTEUR, PRESTATAIRE)
def groupe(request, numero):
    """The list of a stay: tick who travelled, read again, answer; then who answered what, and what is paid."""
    fiche = _dossier(request, numero)
    if request.method == "POST":
        return _repondre(request, fiche)
    return _page(request, fiche, coches=fiche.coches_de_depart, statut=200)


@require_POST
@reserve_a(PORTEUR, PRESTATAIRE)
@ecriture
def calculer(request, numero):
    """What the boxes as they stand amount to; writes nothing."""
    fiche = _dossier(request, numero)
    form = PointageForm(request.POST, personnes=fiche.cles)
    refus = fiche.fermeture if not fiche.ouvert else "" if form.is_valid() else form.refus
    contexte = {"refus": refus, **_totaux(fiche, fiche.lignes(form.coches))}
    return render(request, "validation/_somme.html", contexte, status=422 if refus else 200)


# --- Answering ----------------------------------------------------------------------------------------------


@ecriture
def _repondre(request, fiche: Dossier):
    """Show what the answer will do (`relire`), or record it; a refusal says what changed and keeps the boxes."""
    form = PointageForm(request.POST, personnes=fiche.cles)
    if not form.is_valid():
        return _page(request, fiche, coches=form.coches, refus=form.refus)
    presents = set(form.cleaned_data["presents"])
    lue = fiche.lue(request.POST["vu"]) if "vu" in request.POST else fiche.etat
    if fiche.ouvert and lue != fiche.etat:
        return _page(request, fiche, coches=presents, changements=fiche.changements(lue))
    if fiche.ouvert and "corriger" in request.POST:
        return _page(request, fiche, coches=presents, statut=200)
    if form.cleaned_data["relire"]:
        return _relire(request, fiche, presents)
    return _enregistrer(request, fiche, presents, lue=lue if "vu" in request.POST else None)


def _enregistrer(request, fiche: Dossier, presents: set[int], *, lue):
    operation = confirmer if request.user.est_porteur else valider
    try:
        operation(
            groupe=fiche.groupe,
            presents=presents,
            par=request.user,
            le=fiche.le,
            maintenant=maintenant(),
            lue=lue,
        )
    except RefusMetier as refus:
        apres = _dossier(request, fiche.groupe.pk)
        if apres.repondu(presents):
            return _deja_fait(request, apres)
        changements = apres.changements(lue or fiche.etat) if isinstance(refus, ListeChangee) else ()
        return _page(request, apres, coches=presents, refus=refus.message, changements=changements)
    apres = _dossier(request, fiche.groupe.pk)
    messages.success(request, _fait(apres))
    return redirect("validation-groupe", fiche.groupe.pk)


def _relire(request, fiche: Dossier, presents: set[int]):
    """The page that says what the answer will do, who is left out, and asks once more."""
    if fiche.repondu(presents):
        return _deja_fait(request, fiche)
    if not fiche.ouvert:
        return _page(request, fiche, coches=presents, refus=fiche.fermeture or DEJA)
    laissees = [p for p in fiche.personnes if p.cle not in presents]
    contexte = {
        "fiche": fiche,
        "groupe": fiche.groupe,
        "presents": [p for p in fiche.personnes if p.cle in presents],
        "laissees": laissees,
        "desaccords": [
            {"qui": p.nom, "selon_vous": p.cle in presents, "feminin": p.feminin}
            for p in fiche.personnes
            if request.user.est_porteur and p.selon_prestataire not in (None, p.cle in presents)
        ],
        **_totaux(fiche, fiche.lignes(presents)),
    }
    return render(request, "validation/relire.html", contexte)


def _deja_fait(request, fiche: Dossier):
    messages.info(request, "Votre réponse était déjà enregistrée. Elle compte une seule fois.")
    return redirect("validation-groupe", fiche.groupe.pk)


def _fait(fiche: Dossier) -> str:
    """Say what was recorded, and what comes next."""
    if not fiche.confirme:
        return f"La liste est validée. {fiche.groupe.porteur.nom} reçoit un e-mail pour la confirmer."
    total = somme(fiche.lignes_repondues())
    verse = (
        f"L'ANCV versera {euros(total.verse)} au prestataire."
        if total.aides
        else "Aucune aide n'est à verser."
    )
    litiges = sum(p.en_litige for p in fiche.personnes)
    attente = f" {quantite(litiges, 'désaccord')} : l'ANCV décidera." if litiges else ""
    return f"La liste est confirmée. {verse}{attente}"


# --- The page -----------------------------------------------------------------------------------------------


def _dossier(request, numero: int) -> Dossier:
    groupes = Groupe.objects.pour(request.user).complets()
    groupes = groupes.select_related("validation__validee_par", "validation__confirmee_par")
    return dossier(get_object_or_404(groupes, pk=numero), compte=request.user, le=aujourdhui())


def _page(request, fiche: Dossier, *, coches: set[int], refus: str = "", changements=(), statut: int = 422):
    """The page of a list: boxes when one may answer, else what was answered."""
    groupe = fiche.groupe
    contexte = {
        "fiche": fiche,
        "groupe": groupe,
        "retour": retour(request, cookie=MEMOIRE, route="validation", champs=FiltreValidations.base_fields),
        "refus": refus,
        "changements": changements,
        "parts": [
            {
                "lettre": lettre,
                "premier": premier,
                "dernier": dernier,
                "rangs": [(p, p.cle in coches) for p in personnes],
            }
            for lettre, premier, dernier, personnes in lettres(fiche.personnes)
        ],
        **_totaux(fiche, fiche.lignes(coches) if fiche.ouvert else fiche.lignes_repondues()),
        **(_reponses(fiche) if fiche.validation else {"validee": "", "confirmee": "", "paiements": []}),
        "reponse_ancv": _reponse_de_l_ancv(request, fiche),
        "journal": journal_de_la_validation(groupe, pour=request.user) if fiche.validation else [],
    }
    return render(request, "validation/groupe.html", contexte, status=statut)


def _reponse_de_l_ancv(request, fiche: Dossier) -> Signalement | None:
    """Return the last report of this side that ANCV answered, while this side still has the list to answer (V5)."""
    signalements = Signalement.objects.pour(request.user).filter(
        validation=fiche.groupe.pk, repondu_le__isnull=False
    )
    return signalements.order_by("-pk").first() if fiche.ouvert else None


def _totaux(fiche: Dossier, lignes) -> dict:
    return {
        "sommes": sommes(fiche, somme(lignes)),
        "coches": sum(ligne.coche for ligne in lignes),
        "combien": len(lignes),
    }


def _reponses(fiche: Dossier) -> dict:
    """Return who answered for each side, and where the money stands."""
    validation = fiche.validation
    return {
        "validee": reponse(fiche, "validee") if validation.validee_le else "",
        "confirmee": reponse(fiche, "confirmee") if validation.confirmee_le else "",
        "paiements": paiements(fiche) if fiche.confirme else [],
    }


# --- The list -----------------------------------------------------------------------------------------------


def _filtrer(request, le: date):
    """Return the filters, and the groups that match them."""
    filtres = FiltreValidations(request.GET, compte=request.user, annee=le.year)
    groupes = filtres.filtrer(passes(request.user, le=le))
    if filtres.choisie:
        groupes = situees(groupes, filtres.choisie, compte=request.user, le=le)
    return filtres, groupes


def _trier(groupes, demande: str, situation: str):
    """Return the sort in force and the sorted groups: by default the most pressing first, or the latest stays."""
    tri, expression = ordre(demande, TRIS, defaut="echeance" if situation == Situation.A_TRAITER else "-fin")
    return tri, groupes.order_by(expression, "-pk")


def _charger(request, cles, le: date) -> list[Suivi]:
    """Return the rows of these keys, in their order, each with all that it shows."""
    groupes = dans_l_ordre(cles, avec_litiges(Groupe.objects.pour(request.user)))
    return [suivi(groupe, compte=request.user, le=le, litiges=groupe.litiges) for groupe in groupes]


def _cellules(groupe: Groupe, compte, le: date) -> tuple:
    ligne, validation = (
        suivi(groupe, compte=compte, le=le, litiges=groupe.litiges),
        getattr(groupe, "validation", None),
    )
    equipement = groupe.sejour.offre.equipement
    return (
        groupe.pk,
        groupe.porteur.convention.numero,
        groupe.porteur.nom,
        equipement.prestataire.nom,
        equipement.nom,
        groupe.sejour.debut,
        groupe.sejour.fin,
        groupe.inscrits,
        ligne.etat,
        phase_du_groupe(groupe, le=le)[1],
        validation.validee_le if validation else None,
        validation.confirmee_le if validation else None,
        ligne.suite,
    )
