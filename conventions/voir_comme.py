"""« Voir comme »: for half an hour at most, a member of staff sees the site as a reader of an organisation would.

The middleware that the settings name, after the second factor's. What is lent is a seat, nobody's account: the pages
are drawn for a reader of the organisation who bears the person's own name, so that what belongs to somebody (calendar,
kept searches, password) is neither shown nor touched. Nothing can be written: an unsafe method is refused before any
view, and the view runs in a read-only transaction that is rolled back.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib import messages
from django.db import connection, transaction
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from conventions.models import Compte, Organisme
from conventions.operations import vues
from conventions.second_facteur import manque
from sev.socle.temps import maintenant

CLE = "voir_comme"
DROIT = "conventions.voir_comme"
SURES = {"GET", "HEAD", "OPTIONS", "TRACE"}
# What belongs to a person, not to the organisation.
PERSONNELLES = {
    "agenda",
    "compte-adresse",
    "compte-email-confirmer",
    "compte-mot-de-passe",
    "mot-de-passe-choisir",
    "mot-de-passe-oublie",
    "reprendre",
}


@dataclass(frozen=True)
class Vue:
    """Who sees as whom, until when."""

    agent: Compte
    organisme: Organisme
    fin: datetime

    @property
    def place(self) -> Compte:
        """The seat that is lent: a reader of the organisation, who bears the name of the member of staff."""
        return Compte(
            pk=self.agent.pk,
            identifiant=self.agent.identifiant,
            nom=self.agent.nom,
            email=self.agent.email,
            organisme=self.organisme,
            role=Compte.Role.LECTEUR,
        )


def ouvrir(request, organisme: Organisme) -> None:
    """Let the session see as `organisme` from now on; the operation has told it."""
    request.session[CLE] = {"organisme": organisme.pk, "depuis": maintenant().timestamp()}


def fermer(request, comment: str) -> Organisme | None:
    """End what the session sees, if it does, and tell how; return the organisation."""
    vue = request.session.pop(CLE, None)
    if vue is None:
        return None
    organisme = Organisme.objects.select_related("convention").get(pk=vue["organisme"])
    vues.terminer(organisme=organisme, comment=comment, par=request.user, maintenant=maintenant())
    return organisme


@contextmanager
def lecture_seule():
    """Run in a transaction in which PostgreSQL refuses every write, and of which nothing is kept."""
    with transaction.atomic():
        with connection.cursor() as curseur:
            curseur.execute("SET TRANSACTION READ ONLY")
        yield
        # Rolled back, a savepoint also gives the transaction around it its right to write back.
        transaction.set_rollback(True)


class VoirCommeMiddleware:
    """Draw the page for the organisation, refuse what would write, tell the documents that are opened."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if CLE not in request.session or not request.user.is_authenticated:
            return self.get_response(request)
        request.vue = vue = self._vue(request)
        if request.path in (reverse("voir-comme-quitter"), reverse("deconnexion")):
            return self.get_response(request)
        if vue.fin <= maintenant() or not self._permis(request):
            return self._fini(request)
        if request.method not in SURES:
            return self._refus(request, "Vous regardez seulement : rien ne peut être enregistré.")
        with lecture_seule():
            reponse = self.get_response(request)
        if reponse.status_code == 200 and reponse.headers.get("Content-Disposition"):
            vues.noter_document(
                organisme=vue.organisme,
                adresse=request.get_full_path(),
                par=vue.agent,
                maintenant=maintenant(),
            )
        return reponse

    def process_view(self, request, view_func, view_args, view_kwargs):
        """Give the lent seat to the view, once the guards before have seen who really is there."""
        vue = getattr(request, "vue", None)
        route = request.resolver_match
        if vue is None or route.view_name in ("voir-comme-quitter", "deconnexion"):
            return None
        if route.app_names or route.view_name.startswith("double-authentification"):
            return self._refus(request, "Revenez d'abord à l'administration.")
        if route.view_name in PERSONNELLES:
            return self._refus(request, "Cette page appartient à une personne, pas à l'organisme.")
        request.user = vue.place
        return None

    @staticmethod
    def _vue(request) -> Vue:
        session = request.session[CLE]
        return Vue(
            agent=request.user,
            organisme=Organisme.objects.select_related("convention").get(pk=session["organisme"]),
            fin=datetime.fromtimestamp(session["depuis"], tz=UTC) + vues.DUREE,
        )

    @staticmethod
    def _permis(request) -> bool:
        return request.user.is_staff and not manque(request) and request.user.has_perm(DROIT)

    @staticmethod
    def _fini(request):
        fermer(request, "temps écoulé")
        request.vue = None
        messages.info(request, "« Voir comme » est terminé : trente minutes sont passées.")
        adresse = reverse("admin:index")
        return HttpResponseClientRedirect(adresse) if request.htmx else redirect(adresse)

    @staticmethod
    def _refus(request, motif: str):
        request.user = request.vue.place
        return render(request, "conventions/voir_comme_refus.html", {"motif": motif}, status=403)
