"""ANCV's view of what the machine keeps: mails, runs of the tasks, journals, reads. All of it is only read."""

from django.contrib import admin, messages

from sev.socle.courriels import relancer
from sev.socle.models import Courriel, Lecture, Passage
from sev.socle.temps import maintenant
from sev.socle.typographie import quantite


class LectureAdmin(admin.ModelAdmin):
    """A list and its pages, without any way to write."""

    actions = None
    show_full_result_count = False

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class JournalAdmin(LectureAdmin):
    """The history of a model as pghistory keeps it, the latest first (X3); `nom` is what the admin calls it."""

    nom = ""
    list_filter = [("pgh_created_at", admin.DateFieldListFilter)]
    ordering = ["-pgh_id"]

    def __init__(self, model, admin_site):
        model._meta.verbose_name = model._meta.verbose_name_plural = self.nom
        super().__init__(model, admin_site)

    @admin.display(description="le", ordering="pgh_created_at")
    def le(self, evenement):
        return evenement.pgh_created_at

    @admin.display(description="acte")
    def acte(self, evenement):
        return (evenement.pgh_context or {}).get("action", "")

    @admin.display(description="par")
    def par(self, evenement):
        return (evenement.pgh_context or {}).get("nom", "")

    @admin.display(description="motif")
    def motif(self, evenement):
        return (evenement.pgh_context or {}).get("motif", "")


@admin.register(Courriel)
class CourrielAdmin(LectureAdmin):
    """The outbox. Texts are left out: some carry a link that opens an account."""

    list_display = ["sujet", "destinataire", "cree_le", "envoye_le", "tentatives", "erreur"]
    list_filter = [("envoye_le", admin.EmptyFieldListFilter), "cree_le"]
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
