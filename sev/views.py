"""Pages that draw on every app: home by role, journal, state of the service, the demo's mails."""

from statistics import mode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

import conventions.journal
import sejours.journal
import sejours.taches
import seniors.journal
import seniors.taches
import validation.agenda
import validation.cartes
import validation.journal
import validation.taches
from conventions.forms.journal import FiltreJournal
from conventions.journal import LIGNES_MAX
from conventions.models import Credit, Organisme
from sejours import cartes
from sejours.agenda import calendrier
from sejours.models import Agenda, Groupe
from sejours.regles import dernier_jour_de_la_liste
from sejours.saison import prochains_sejours, saison
from seniors.models import Inscription
from sev.etat import etat_du_service
from sev.socle.acces import reserve_a
from sev.socle.filtres import criteres
from sev.socle.models import Courriel
from sev.socle.tableur import Feuille, classeur_xlsx, reponse_xlsx
from sev.socle.temps import aujourdhui
from sev.socle.typographie import quantite
from validation.suivi import avec_litiges

TACHES_MAX = 6
CARTES_MAX = 12
ARRIVEES_MAX = 10
SEJOURS_MAX = 8
ACTES_PAR_PAGE = 30
COURRIELS_PAR_PAGE = 30


@require_safe
def accueil(request):
    """Home: what to do next, by role."""
    if request.user.est_porteur:
        return _accueil_porteur(request)
    if request.user.est_prestataire:
        return _accueil_prestataire(request)
    return redirect("admin:index")


def _accueil_porteur(request):
    compte, le = request.user, aujourdhui()
    taches = (
        validation.taches.du_porteur(compte, le=le)
        + sejours.taches.du_porteur(compte, le=le)
        + seniors.taches.du_porteur(compte, le=le)
    )
    groupes = avec_litiges(
        Groupe.objects.pour(compte).filter(sejour__annee__in=(le.year, le.year + 1))
    ).order_by("-dernier_jour", "pk")
    par_annee = {annee: [] for annee in (le.year, le.year + 1)}
    for groupe in groupes:
        par_annee[groupe.sejour.annee].append(validation.cartes.carte(groupe, le=le, litiges=groupe.litiges))
    aides = Inscription.objects.pour(compte).filter(annee=le.year, aide__isnull=False)
    paye = Q(versement__virement__lot__paye_le__isnull=False) | Q(versement__rejet__isnull=False)
    contexte = {
        "credits": _credits(compte, le.year),
        **aides.aggregate(
            aides_versees=Count("pk", filter=paye),
            aides_engagees=Count("pk", filter=~paye),
        ),
        "annees": [
            {"annee": annee, "cartes": cartes[:CARTES_MAX], "autres": len(cartes[CARTES_MAX:])}
            for annee, cartes in par_annee.items()
            if cartes
        ],
        "prochaine": _prochaine_date(groupes, le),
    }
    return _accueil(request, "accueil/porteur.html", taches, contexte)


def _accueil_prestataire(request):
    compte, le = request.user, aujourdhui()
    arrivees = (
        Groupe.objects.pour(compte)
        .filter(annule_le__isnull=True, sejour__fin__gte=le)
        .complets()
        .order_by("sejour__debut", "pk")[:ARRIVEES_MAX]
    )
    prochains = prochains_sejours(compte, le=le, combien=SEJOURS_MAX)
    contexte = {
        "arrivees": [cartes.carte(groupe, le=le) for groupe in arrivees],
        "prochains": [(sejour, dernier_jour_de_la_liste(sejour.debut)) for sejour in prochains],
        # In autumn most of what comes is next year's.
        "saison": saison(compte, annee=mode(sejour.annee for sejour in prochains) if prochains else le.year),
    }
    taches = validation.taches.du_prestataire(compte, le=le) + sejours.taches.du_prestataire(compte, le=le)
    return _accueil(request, "accueil/prestataire.html", taches, contexte)


def _accueil(request, gabarit: str, taches: list, contexte: dict):
    taches = sorted(taches, key=lambda tache: tache.ordre)
    montrees = taches if "toutes" in request.GET else taches[:TACHES_MAX]
    contexte |= {
        "le": aujourdhui(),
        "prenom": _prenom(request.user.nom),
        "taches": montrees,
        "combien": len(taches),
        "cachees": len(taches) - len(montrees),
    }
    return render(request, gabarit, contexte)


def _prenom(nom: str) -> str:
    """Return how one greets « Monique GARNIER »: by the words before the surname, which is in capitals."""
    mots = nom.split()
    prenoms = [mot for mot in mots if not mot.isupper()]
    return " ".join(prenoms) if 0 < len(prenoms) < len(mots) else " ".join(mots[:1] if prenoms else [])


def _credits(compte, annee: int) -> dict:
    """Return the year's credit, and what is known of the next one's."""
    connus = {c.annee: c for c in Credit.objects.pour(compte).filter(programme__in=(annee, annee + 1))}
    return {"annee": annee, "cette_annee": connus.get(annee), "suivante": connus.get(annee + 1)}


def _prochaine_date(groupes, le):
    """Return the next day on which a list closes or a stay begins: (date, what), or None."""
    dates = [
        (jour, quoi)
        for groupe in groupes
        if groupe.annule_le is None
        for jour, quoi in (
            (groupe.dernier_jour, f"la liste de {groupe.sejour.offre.equipement.nom} ferme"),
            (groupe.sejour.debut, f"le séjour à {groupe.sejour.offre.equipement.nom} commence"),
        )
        if jour > le
    ]
    return min(dates, default=None)


@require_safe
@reserve_a(*Organisme.Nature)
def journal(request):
    """Who did what, when, from what to what, in one's own organisation and on its groups (X3)."""
    filtres = FiltreJournal(request.GET)
    fil = _fil(request, filtres)
    page = Paginator(filtres.filtrer(fil), ACTES_PAR_PAGE).get_page(request.GET.get("page"))
    contexte = {
        "page": page,
        "filtres": filtres,
        **criteres(filtres, request.GET, "journal"),
        "cherche": "texte" in filtres.choisis(),
        "limite": _limite(fil),
    }
    return render(request, "sev/journal.html", contexte)


@require_safe
@reserve_a(*Organisme.Nature)
def journal_tableur(request):
    """The same acts as a spreadsheet, the latest ones when there are too many."""
    le, filtres = aujourdhui(), FiltreJournal(request.GET)
    fil = _fil(request, filtres)
    lignes = filtres.filtrer(fil)
    reste = f" : {limite}" if (limite := _limite(fil)) else ""
    feuille = Feuille(
        nom="Journal",
        titre=f"Journal, au {le:%d/%m/%Y}{reste}",
        entetes=("Date", "Ce qui a été fait", "Par", "Motif"),
        lignes=[
            (ligne.le, ligne.texte, ligne.par, ligne.motif)
            for ligne in (fil.dernieres() if lignes is fil else lignes)
        ],
    )
    return reponse_xlsx(f"journal-{le:%Y-%m-%d}.xlsx", classeur_xlsx(feuille))


def _fil(request, filtres: FiltreJournal) -> conventions.journal.Fil:
    """Return the acts that the account may read, of the days asked for."""
    return conventions.journal.Fil(
        *conventions.journal.sources(request.user),
        *sejours.journal.sources(request.user),
        *seniors.journal.sources(request.user),
        *validation.journal.sources(request.user),
        pour=request.user,
        **filtres.bornes(),
    )


def _limite(fil: conventions.journal.Fil) -> str:
    """Return « les 2 000 derniers actes » when no more of them are searched, or told at once; "" when all are."""
    return f"les {quantite(LIGNES_MAX, 'dernier acte')}" if fil.count() > LIGNES_MAX else ""


@never_cache
@login_not_required
@require_safe
def agenda_ics(request, secret):
    """The calendar itself, for programs that can't sign in; an unknown or former secret is 404."""
    agendas = Agenda.objects.du_secret(secret).select_related("compte__organisme")
    compte, le = get_object_or_404(agendas).compte, aujourdhui()
    contenu = calendrier(compte, le=le, autres=validation.agenda.evenements(compte, le=le))
    reponse = HttpResponse(contenu, content_type="text/calendar; charset=utf-8")
    reponse["Content-Disposition"] = 'inline; filename="seniors-en-vacances.ics"'
    reponse["X-Robots-Tag"] = "noindex"
    return reponse


@never_cache
@login_not_required
@require_safe
def sante(request):
    """State of the service for probes, without a word about anybody: 200, or 503 when something is down."""
    etat = etat_du_service()
    return JsonResponse(etat, status=200 if etat["etat"] == "ok" else 503)


@login_not_required
@require_safe
def demo_courriels(request):
    """The mails of the demo, which reach no mailbox; no such page elsewhere."""
    _demo_seulement()
    page = Paginator(Courriel.objects.all(), COURRIELS_PAR_PAGE).get_page(request.GET.get("page"))
    return render(request, "sev/demo_courriels.html", {"page": page})


@login_not_required
@require_safe
def demo_courriel(request, cle):
    """One mail of the demo, as text, its links alive."""
    _demo_seulement()
    return render(request, "sev/demo_courriel.html", {"courriel": get_object_or_404(Courriel, pk=cle)})


def _demo_seulement() -> None:
    if not settings.SEV_DEMO:
        raise Http404
