"""ANCV's view of what the machine keeps: mails, runs of the tasks, journals, reads. All of it is only read."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.contrib.admin.utils import get_fields_from_path, unquote
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils.functional import cached_property

from sev.socle.courriels import relancer
from sev.socle.journal import Trace, ecarts
from sev.socle.models import Courriel, Lecture, Passage
from sev.socle.temps import maintenant
from sev.socle.typographie import quantite

LIGNES_MAX = 10_000
CLES_MAX = 5_000
CHIFFRES_MAX = 18  # of a key, in the database
# What the filters of the admin ask of a column.
QUESTIONS = {"exact", "isnull", "isempty", "gte", "lt"}
ACTES_PAR_PAGE = 50
# Columns of pghistory's own, and sort keys: they say nothing that another column doesn't.
JAMAIS_DITS = ("pgh_", "cle_")


class FiltresOfferts(admin.ModelAdmin):
    """A list that an address filters by what its page offers, and by nothing else (X2).

    Django lets any column of the model be asked about: incomes, the links of mails, passwords could be guessed letter
    by letter by whoever may not read them.
    """

    def lookup_allowed(self, lookup, value, request):
        """Refuse a column of the model that is no filter of the list, and what no filter asks of its own."""
        nom, *suite = lookup.split("__")
        try:
            self.opts.get_field(nom)
        except FieldDoesNotExist:
            return super().lookup_allowed(lookup, value, request)
        if "\0" in str(value):
            return False
        if suite and suite[-1] in QUESTIONS:
            suite.pop()
        offerts = {_chemin(filtre) for filtre in self.get_list_filter(request)}
        chemin, parent = "__".join([nom, *suite]), "__".join([nom, *suite[:-1]])
        # A filter by what a row belongs to names its key: « programme__annee ».
        dit = chemin in offerts or (
            parent in offerts and get_fields_from_path(self.model, parent)[-1].is_relation
        )
        return dit and super().lookup_allowed(lookup, value, request)


def _chemin(filtre) -> str:
    """Return what a filter of a list stands for in an address."""
    if isinstance(filtre, str | tuple):
        return filtre if isinstance(filtre, str) else filtre[0]
    return filtre.parameter_name


class PaginateurBorne(Paginator):
    """The first LIGNES_MAX rows: neither the count nor the last page walks through a million."""

    @cached_property
    def count(self):
        """Return how many rows can be turned over."""
        return self.object_list.order_by()[:LIGNES_MAX].count()


class GrandeListe:
    """A list of a table that grows by the year (mixed into its page): bounded, in one order, searched by keys.

    A number is looked for in `colonne_du_numero`. Words name rows of the tables of `recherche`, all of them one row:
    (column of their keys, words → rows). These are looked up first, and the list is then read by its indexes.
    """

    paginator = PaginateurBorne
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    list_max_show_all = 0
    colonne_du_numero = "pk"
    recherche: tuple[tuple[str, Callable[[list[str]], QuerySet]], ...] = ()
    # The box is drawn when there are some; what is read is above.
    search_fields = ("pk",)

    def get_search_results(self, request, queryset, search_term):
        """Return the rows that the number and the words name."""
        termes = search_term.split()
        mots = [mot for mot in termes if not mot.isdecimal()]
        nombres = [mot for mot in termes if mot.isdecimal()]
        trouve = Q(**{self.colonne_du_numero: int(nombres[0][:CHIFFRES_MAX])}) if nombres else Q()
        if mots:
            trouve &= self._nommees(request, mots)
        if mots and nombres:  # a number may also stand in a name
            trouve |= self._nommees(request, termes)
        return queryset.filter(trouve), False

    def _nommees(self, request, mots: list[str]) -> Q:
        nommees = Q(pk__in=[])
        for colonne, chercher in self.recherche:
            nommees |= Q(**{f"{colonne}__in": self._cles(request, chercher(mots))})
        return nommees

    def _cles(self, request, lignes: QuerySet) -> list[int]:
        cles = list(lignes.order_by("-pk").values_list("pk", flat=True)[: CLES_MAX + 1])
        if len(cles) > CLES_MAX:
            messages.warning(
                request,
                "Trop de réponses : les plus récentes sont montrées. Ajoutez un mot à votre recherche.",
            )
        return cles[:CLES_MAX]


class Histoire:
    """« Historique » of an object's page: what the journal tells of it (X3); mixed in before Django's ModelAdmin.

    Django's own page knows only what was typed in its forms, which is nearly nothing here.
    """

    object_history_template = "admin/socle/histoire.html"

    def history_view(self, request, object_id, extra_context=None):
        """Show who did what to the object, when, from what to what, and why: the latest first."""
        objet = self.get_object(request, unquote(object_id))
        page = None if objet is None else _histoire(objet, request.GET.get("p"))
        return super().history_view(request, object_id, {"page": page, **(extra_context or {})})


def _histoire(objet, numero) -> Page | None:
    """Return a page of the traces of `objet`, the latest first; None when its changes are not kept."""
    modele = getattr(objet, "pgh_event_model", None)
    if modele is None:
        return None
    evenements = modele.objects.filter(pgh_obj=objet.pk).order_by("-pgh_id")
    page = Paginator(evenements, ACTES_PAR_PAGE).get_page(numero)
    etats = list(page.object_list)
    if not etats:
        return page
    # The state before the oldest of the page.
    avant = evenements.filter(pgh_id__lt=etats[-1].pgh_id).first()
    page.object_list = [
        Trace.de(apres, _changement(avant, apres))
        for apres, avant in zip(etats, [*etats[1:], avant], strict=True)
    ]
    return page


def _changement(avant, apres) -> str:
    if avant is None:
        return "Création" if apres.pgh_label == "insert" else "Premier changement gardé"
    champs = [c.name for c in apres._meta.fields if not c.name.startswith(JAMAIS_DITS)]
    return " ; ".join(ecarts(avant, apres, champs))


class LectureSeule:
    """Nothing is written there (mixed into a page, or into what stands on the page of something else)."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class LectureAdmin(LectureSeule, Histoire, FiltresOfferts):
    """A list and its pages, without any way to write; what the machine keeps grows, so the list is bounded."""

    actions = None
    paginator = PaginateurBorne
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER


# What the columns of pghistory are called on pages.
NOMS_DU_JOURNAL = {
    "pgh_id": "n° de l'écriture",
    "pgh_created_at": "écrite le",
    "pgh_label": "genre d'écriture",
    "pgh_context": "contexte",
    "pgh_context_id": "n° du contexte",
}


class JournalAdmin(LectureAdmin):
    """The history of a model as pghistory keeps it, the latest first (X3); `nom` is what the admin calls it."""

    nom = ""
    list_filter = [("pgh_created_at", admin.DateFieldListFilter)]
    ordering = ["-pgh_id"]

    def __init__(self, model, admin_site):
        model._meta.verbose_name = model._meta.verbose_name_plural = self.nom
        noms = NOMS_DU_JOURNAL | {
            "pgh_obj": model._meta.get_field("pgh_obj").related_model._meta.verbose_name
        }
        for champ in model._meta.fields:
            champ.verbose_name = noms.get(champ.name, champ.verbose_name)
        super().__init__(model, admin_site)

    def get_ordering(self, request):
        """Sort a day by its instants, the same order: it is then read where it stands, not by a walk back to it."""
        d_un_jour = any(cle.startswith("pgh_created_at") for cle in request.GET)
        return ["-pgh_created_at", "-pgh_id"] if d_un_jour else self.ordering

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
