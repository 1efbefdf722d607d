"""« Mes crédits » (C5-C9): what a porteur has, each entry of its ledger, what it asks ANCV and what ANCV answered."""

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from conventions.forms import ComplementForm, FiltreMouvements
from conventions.models import Compte, Credit, DemandeComplement, Mouvement, Organisme
from conventions.operations.complements import annees_a_demander, demander, retirer
from seniors.models import Inscription
from seniors.taches import attentes
from sev.socle.acces import ecriture, reserve_a
from sev.socle.filtres import criteres
from sev.socle.formulaires import LIRE_ECRIRE, formulaire, saisie, tenter
from sev.socle.refus import RefusMetier
from sev.socle.tableur import Feuille, classeur_xlsx, reponse_xlsx
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import euros

PORTEUR = Organisme.Nature.PORTEUR
PAR_PAGE = 20
DEMANDES_PAR_PAGE = 10
# + 0: sorted once they are found. By the key itself, a porteur with few entries, or none, costs the whole ledger.
ECRITURE = F("pk") + 0
TRIS = {
    "date": [ECRITURE.asc()],
    "-date": [ECRITURE.desc()],
    "montant": ["montant", "-pk"],
    "-montant": ["-montant", "-pk"],
}
TONS = {"En attente": "att", "Refusée": "non", "Accordée": "ok", "Accordée en partie": "ok"}


@dataclass(frozen=True)
class Ligne:
    """An entry of the ledger as a row: whom it is about, and who wrote it, in the words of its porteur."""

    mouvement: Mouvement
    inscription: Inscription | None
    par: str

    @property
    def objet(self) -> str:
        """What the entry is about, on one line."""
        if self.inscription is None:
            return self.mouvement.motif
        return f"{self.inscription.senior}, groupe n° {self.inscription.groupe_id}"


@require_safe
@reserve_a(PORTEUR)
def credits(request):
    """The credits of the years, who waits, the requests, and the ledger, twenty entries a page."""
    le = aujourdhui()
    siens = list(Credit.objects.pour(request.user).order_by("-programme"))
    filtres, tri, mouvements = _filtrer(request, siens)
    page = Paginator(mouvements, PAR_PAGE).get_page(request.GET.get("page"))
    siennes = DemandeComplement.objects.pour(request.user)
    demandes = Paginator(siennes.select_related("auteur"), DEMANDES_PAR_PAGE).get_page(
        request.GET.get("demandes")
    )
    demandes.object_list = [(demande, TONS.get(demande.etat, "")) for demande in demandes.object_list]
    en_attente = set(siennes.en_attente().values_list("programme", flat=True))
    contexte = {
        "le": le,
        "annees": _annees(siens, le),
        "cette_annee": next((credit for credit in siens if credit.annee == le.year), None),
        "attentes": [(a, a.annee in en_attente) for a in attentes(request.user, le=le).values()],
        "demandables": [annee for annee in annees_a_demander(le) if annee not in en_attente],
        "demandes": demandes,
        "filtres": filtres,
        "tri": tri,
        "page": page,
        "lignes": _lignes(page, request.user),
        **criteres(filtres, request.GET, "credits"),
    }
    return render(request, "seniors/credits.html", contexte)


@require_safe
@reserve_a(PORTEUR)
def tableur(request):
    """The filtered ledger, whole, as a spreadsheet."""
    le = aujourdhui()
    _, _, mouvements = _filtrer(request, Credit.objects.pour(request.user))
    feuille = Feuille(
        nom="Mouvements",
        titre=f"Crédits d'intervention, au {le:%d/%m/%Y}",
        entetes=("Date", "Année", "Nature", "Objet", "Montant", "Effet", "Disponible après", "Par"),
        lignes=(
            (
                ligne.mouvement.date,
                ligne.mouvement.credit.annee,
                ligne.mouvement.get_nature_display(),
                ligne.objet,
                ligne.mouvement.montant,
                ligne.mouvement.effet,
                ligne.mouvement.solde,
                ligne.par,
            )
            for ligne in _lignes(list(mouvements), request.user)
        ),
    )
    return reponse_xlsx(f"credits-{le:%Y-%m-%d}.xlsx", classeur_xlsx(feuille))


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PORTEUR)
@ecriture
def demander_complement(request, annee):
    """Ask ANCV for more, the amount proposed being what those who wait lack (C8)."""
    le = aujourdhui()
    if annee not in annees_a_demander(le):
        raise Http404
    attente = attentes(request.user, le=le).get(annee)
    initial = {"montant": attente.manque} if attente and attente.manque else {}
    form = ComplementForm(saisie(request), initial=initial)
    if form.is_valid() and (
        demande := tenter(
            form,
            demander,
            convention=request.user.organisme.convention,
            annee=annee,
            **form.cleaned_data,
            par=request.user,
            le=le,
            maintenant=maintenant(),
        )
    ):
        messages.success(
            request,
            f"Votre demande de {euros(demande.montant)} est partie à l'ANCV. Vous recevrez sa réponse par e-mail.",
        )
        return redirect("credits")
    contexte = {
        "annee": annee,
        "attente": attente,
        "credit": Credit.objects.pour(request.user).filter(programme=annee).first(),
        "deja": DemandeComplement.objects.pour(request.user).en_attente().filter(programme=annee).first(),
    }
    return formulaire(request, "seniors/complement_demander.html", form, **contexte)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PORTEUR)
@ecriture
def retirer_complement(request, complement):
    """Withdraw a request that ANCV has not answered, after a page that says so."""
    demande = get_object_or_404(DemandeComplement.objects.pour(request.user), pk=complement)
    refus = ""
    if request.method == "POST":
        try:
            retirer(demande=demande, par=request.user, maintenant=maintenant())
        except RefusMetier as erreur:
            refus = erreur.message
            demande.refresh_from_db()
        else:
            messages.success(request, "Votre demande est retirée.")
            return redirect("credits")
    contexte = {"demande": demande, "refus": refus}
    return render(request, "seniors/complement_retirer.html", contexte, status=422 if refus else 200)


def _filtrer(request, siens) -> tuple[FiltreMouvements, str, object]:
    """Return the filters, the sort in force and the entries with their balance; an unknown sort is the last first."""
    filtres = FiltreMouvements(request.GET, annees=[credit.annee for credit in siens])
    demande = request.GET.get("tri", "")
    tri = demande if demande in TRIS else "-date"
    mouvements = filtres.filtrer(Mouvement.objects.pour(request.user)).order_by(*TRIS[tri])
    return filtres, tri, mouvements.avec_solde().select_related("credit", "auteur")


def _annees(siens: list[Credit], le: date) -> list[tuple[int, Credit | None]]:
    """Return the years with a credit, this one and the next at least, the last first (C5)."""
    connus = {credit.annee: credit for credit in siens}
    return [(annee, connus.get(annee)) for annee in sorted({le.year, le.year + 1, *connus}, reverse=True)]


def _lignes(mouvements, compte: Compte) -> list[Ligne]:
    cles = {m.inscription_id for m in mouvements if m.inscription_id}
    inscriptions = Inscription.objects.pour(compte).select_related("senior").in_bulk(cles)
    return [Ligne(m, inscriptions.get(m.inscription_id), _auteur(m, compte)) for m in mouvements]


def _auteur(mouvement: Mouvement, compte: Compte) -> str:
    """Return who wrote an entry: a colleague by name, ANCV's people and the providers' as what they are."""
    auteur = mouvement.auteur
    if auteur is None:
        return "Seniors en Vacances"
    if auteur.organisme_id == compte.organisme_id:
        return auteur.nom
    return "l'ANCV" if auteur.is_staff else "le prestataire"
