"""ANCV's view of what the machine keeps: mails, runs of the tasks, reads. All of it is only read."""

from django.contrib import admin, messages

from sev.socle.admin.listes import GrandeListe, PaginateurBorne
from sev.socle.admin.pages import (
    FiltresOfferts,
    Histoire,
    JournalAdmin,
    LectureAdmin,
    LectureSeule,
    PageAdmin,
    Rempli,
)
from sev.socle.courriels import relancer
from sev.socle.models import Courriel, Lecture, Passage
from sev.socle.temps import maintenant
from sev.socle.typographie import quantite

__all__ = [
    "FiltresOfferts",
    "GrandeListe",
    "Histoire",
    "JournalAdmin",
    "LectureAdmin",
    "LectureSeule",
    "PageAdmin",
    "PaginateurBorne",
    "Rempli",
]


@admin.register(Courriel)
class CourrielAdmin(LectureAdmin):
    """The outbox. Texts are left out: some carry a link that opens an account."""

    list_display = ["sujet", "destinataire", "cree_le", "envoye_le", "tentatives", "erreur"]
    list_filter = [("envoye_le", Rempli), "cree_le"]
    search_fields = ["destinataire", "sujet", "cause"]
    fields = [
        "cause",
        "destinataire",
        "sujet",
        "cree_le",
        "a_envoyer_le",
        "envoye_le",
        "tentatives",
        "erreur",
    ]
    actions = ["renvoyer"]

    @admin.action(description="Essayer à nouveau d'envoyer", permissions=["relancer"])
    def renvoyer(self, request, courriels):
        """Give the mails that never left as many tries again; one that left is never sent twice."""
        combien = relancer(courriels, maintenant=maintenant())
        messages.success(request, f"{quantite(combien, 'courriel')} à envoyer dans la minute.")

    def has_relancer_permission(self, request) -> bool:
        """Return whether the person may do more than read the outbox, although nothing of it is typed over."""
        return request.user.has_perm("socle.change_courriel")


@admin.register(Passage)
class PassageAdmin(LectureAdmin):
    """The runs of the clock's tasks."""

    list_display = ["tache", "debut", "fin", "faits", "erreur"]
    list_filter = ["tache", "debut"]


@admin.register(Lecture)
class JournalDesLectures(LectureAdmin):
    """Who of ANCV opened which page of sensitive data (X2)."""

    list_display = ["le", "par", "quoi", "cle"]
    list_filter = ["quoi", "le"]
    list_select_related = ["par"]
    search_fields = ["=cle", "par__nom", "par__identifiant"]
