"""Options (S3): a porteur asks for places and may withdraw; the provider accepts or refuses. Both see their list."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, F, When
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from conventions.models import Organisme
from sejours.forms.options import FiltreOptions, OptionForm, RefusOptionForm
from sejours.models import Option, Sejour
from sejours.operations import options as operations
from sejours.regles import dernier_jour_de_la_liste
from sev.socle.acces import ecriture, reserve_a
from sev.socle.filtres import alphabetique, criteres, ordre
from sev.socle.formulaires import LIRE_ECRIRE, formulaire, saisie, tenter
from sev.socle.refus import RefusMetier
from sev.socle.tableur import Feuille, classeur_xlsx, reponse_xlsx
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import date_complete, date_longue, quantite

PORTEUR, PRESTATAIRE = Organisme.Nature.PORTEUR, Organisme.Nature.PRESTATAIRE
PAR_PAGE = 20
A_DECIDER = Case(When(issue="", then=F("echeance")), default=None)
TRIS = {
    "echeance": F("echeance"),
    "porteur": alphabetique("porteur__nom"),
    "equipement": alphabetique("sejour__offre__equipement__nom"),
    "debut": F("sejour__debut"),
    "places": F("places"),
    "posee": F("posee_le"),
}
TONS = {Option.Issue.ACCEPTEE: "ok", Option.Issue.REFUSEE: "non"}


@dataclass(frozen=True)
class Ligne:
    """An option as a row: `etat` and `ton` for the badge, `suite` for what follows; what one may do with it."""

    option: Option
    etat: str
    ton: str
    suite: str
    decidable: bool


@dataclass(frozen=True)
class Decision:
    """What one may decide of an option: the operation, and the words of the page that asks first."""

    operation: Callable
    titre: str
    bouton: str
    renoncer: str
    consequence: Callable[[Option], str]
    fait: Callable[[Option], str]
    formulaire: type | None = None


ACCEPTER = Decision(
    operations.accepter,
    "Accepter cette option ?",
    "Accepter l'option",
    "Ne pas répondre maintenant",
    lambda option: (
        f"Le groupe de {option.porteur.nom} sera pré-inscrit avec {quantite(option.places, 'place')}, et sa "
        f"liste ouverte jusqu'au {date_complete(dernier_jour_de_la_liste(option.sejour.debut))} à minuit. "
        "Le porteur de projet est prévenu par e-mail."
    ),
    lambda option: f"L'option de {option.porteur.nom} est acceptée. Son groupe est dans « Groupes ».",
)
REFUSER = Decision(
    operations.refuser,
    "Refuser cette option ?",
    "Refuser l'option",
    "Ne pas répondre maintenant",
    lambda option: (
        f"{quantite(option.places, 'place')} {'sera' if option.places == 1 else 'seront'} de nouveau "
        f"{'libre' if option.places == 1 else 'libres'}. {option.porteur.nom} est prévenu par e-mail."
    ),
    lambda option: f"L'option de {option.porteur.nom} est refusée. Ses places sont de nouveau libres.",
    RefusOptionForm,
)
RETIRER = Decision(
    operations.retirer,
    "Retirer votre option ?",
    "Retirer l'option",
    "Garder l'option",
    lambda option: (
        f"{quantite(option.places, 'place')} {'sera' if option.places == 1 else 'seront'} de nouveau "
        f"{'libre' if option.places == 1 else 'libres'} pour les autres porteurs de projet. "
        f"{option.sejour.offre.equipement.prestataire.nom} est prévenu par e-mail."
    ),
    lambda option: "Votre option est retirée. Ses places sont de nouveau libres.",
)


@require_safe
@reserve_a(PORTEUR, PRESTATAIRE)
def liste(request):
    """The options that one laid or received: first those to answer, the most pressing first."""
    le = aujourdhui()
    filtres, siennes = _filtres(request, le), Option.objects.pour(request.user)
    tri, options = _trier(filtres.filtrer(siennes), request.GET.get("tri", ""))
    page = Paginator(_completes(options), PAR_PAGE).get_page(request.GET.get("page"))
    contexte = {
        "page": page,
        "tri": tri,
        "lignes": [_ligne(option, request.user, le) for option in page],
        "filtres": filtres,
        **criteres(filtres, request.GET, "options"),
        "aucune": not page.paginator.count and not siennes.exists(),
    }
    return render(request, "sejours/options.html", contexte)


@require_safe
@reserve_a(PORTEUR, PRESTATAIRE)
def tableur(request):
    """The same list, whole, as a spreadsheet."""
    le = aujourdhui()
    siennes = _filtres(request, le).filtrer(Option.objects.pour(request.user))
    _, options = _trier(siennes, request.GET.get("tri", ""))
    feuille = Feuille(
        nom="Options",
        titre=f"Options, au {le:%d/%m/%Y}",
        entetes=(
            "Option n°",
            "N° de convention",
            "Porteur",
            "Prestataire",
            "Équipement",
            "Date de début",
            "Date de fin",
            "Places",
            "Posée le",
            "Réponse attendue jusqu'au",
            "État",
            "Décidée le",
            "Motif",
            "Groupe n°",
            "Message",
        ),
        lignes=(_cellules(option, le) for option in _completes(options)),
    )
    return reponse_xlsx(f"options-{le:%Y-%m-%d}.xlsx", classeur_xlsx(feuille))


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PORTEUR)
@ecriture
def poser(request, sejour):
    """Ask for places of a stay: they are held until the provider answers, or the delay is over."""
    sejour = get_object_or_404(Sejour.objects.offerts_a(request.user).complets(), pk=sejour)
    le = aujourdhui()
    form = OptionForm(saisie(request))
    if form.is_valid():
        champs = form.cleaned_data | {"par": request.user, "le": le, "maintenant": maintenant()}
        if option := tenter(form, operations.poser, sejour=sejour, **champs):
            messages.success(request, _posee(option, le))
            return redirect("options")
        sejour.refresh_from_db()
    obstacle = operations.obstacle(sejour, request.user.organisme_id, le)
    return formulaire(
        request,
        "sejours/option_poser.html",
        form,
        sejour=sejour,
        obstacle=obstacle,
        reponse_le=None if obstacle else operations.derniere_reponse(sejour, le),
    )


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
@ecriture
def accepter(request, option):
    """Accept an option: the porteur's group is pre-registered with the places that were held."""
    return _decider(request, option, ACCEPTER)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PRESTATAIRE)
@ecriture
def refuser(request, option):
    """Refuse an option, with a reason that the porteur reads."""
    return _decider(request, option, REFUSER)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PORTEUR)
@ecriture
def retirer(request, option):
    """Withdraw one's own option: its places are free again."""
    return _decider(request, option, RETIRER)


def _decider(request, cle: int, decision: Decision):
    """Say what the decision will do, then do it; what can't be done any more is said on the same page."""
    option = get_object_or_404(_completes(Option.objects.pour(request.user)), pk=cle)
    le, refus = aujourdhui(), ""
    form = decision.formulaire and decision.formulaire(saisie(request))
    if request.method == "POST" and (form is None or form.is_valid()):
        reponses = form.cleaned_data if form else {}
        try:
            decision.operation(option=option, **reponses, par=request.user, le=le, maintenant=maintenant())
        except RefusMetier as motif:
            refus = motif.message
            option = _completes(Option.objects.pour(request.user)).get(pk=cle)
        else:
            messages.success(request, decision.fait(option))
            return redirect("options")
    contexte = {
        "option": option,
        "form": form,
        "refus": refus,
        "decision": decision,
        "consequence": decision.consequence(option),
        "ligne": _ligne(option, request.user, le),
    }
    statut = 422 if request.method == "POST" else 200
    return render(request, "sejours/option_decider.html", contexte, status=statut)


def _filtres(request, le: date) -> FiltreOptions:
    return FiltreOptions(request.GET, le=le, au_porteur=request.user.est_porteur)


def _completes(options):
    """The options with all that a row, a page or a mail of theirs shows, in one query."""
    return options.select_related(
        "porteur__convention", "auteur", "groupe", "sejour__offre__equipement__prestataire"
    )


def _trier(options, demande: str):
    """Return the sort in force and the sorted options: by default those to decide first, then the latest."""
    tri, expression = ordre(demande, TRIS)
    return tri, options.order_by(expression or A_DECIDER.asc(nulls_last=True), "-pk")


def _ligne(option: Option, compte, le: date) -> Ligne:
    etat, ton, suite = _etat(option, compte, le)
    return Ligne(option, etat, ton, suite, decidable=option.decidable(le) and compte.peut_ecrire)


def _etat(option: Option, compte, le: date) -> tuple[str, str, str]:
    """The word of the badge, its tone, and what there is to know besides."""
    if option.decidable(le):
        jusqu_au = f"jusqu'au {date_longue(option.echeance, le)} à minuit"
        if compte.est_prestataire:
            libres = quantite(option.sejour.places_libres, "autre place libre|autres places libres")
            return "À répondre", "att", f"Répondez {jusqu_au}. Il reste {libres} sur ce séjour."
        return "En attente", "info", f"{quantite(option.places, 'place')} en option {jusqu_au}."
    if option.issue in ("", Option.Issue.TOMBEE):
        return "Tombée", "", f"Sans réponse le {date_longue(option.echeance, le)} à minuit."
    suite = f"Le {date_longue(option.decidee_le, le)}."
    if option.motif:
        suite = f"{suite} Motif : {option.motif}"
    return option.get_issue_display(), TONS.get(option.issue, ""), suite


def _cellules(option: Option, le: date) -> tuple:
    sejour = option.sejour
    return (
        option.pk,
        option.porteur.convention.numero,
        option.porteur.nom,
        sejour.offre.equipement.prestataire.nom,
        sejour.offre.equipement.nom,
        sejour.debut,
        sejour.fin,
        option.places,
        option.posee_le,
        option.echeance,
        "En cours" if option.decidable(le) else option.get_issue_display() or "Tombée",
        option.decidee_le,
        option.motif,
        option.groupe_id,
        option.message,
    )


def _posee(option: Option, le: date) -> str:
    prestataire = option.sejour.offre.equipement.prestataire.nom
    return (
        f"{quantite(option.places, 'place')} en option jusqu'au {date_longue(option.echeance, le)} à minuit. "
        f"Votre demande est partie à {prestataire}."
    )
