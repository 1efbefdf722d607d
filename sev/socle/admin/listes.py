"""Lists of the admin over tables that grow by the year."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.utils.functional import cached_property

LIGNES_MAX = 10_000
CLES_MAX = 5_000
CHIFFRES_MAX = 18  # of a key, in the database


class PaginateurBorne(Paginator):
    """The first LIGNES_MAX rows: neither the count nor the last page walks through a million."""

    @cached_property
    def count(self):
        """Return how many rows can be turned over."""
        return self.object_list.order_by().values("pk")[:LIGNES_MAX].count()

    def page(self, number):
        """Return a page whose computed columns are computed for its rows only: OFFSET computes those it skips too."""
        page = super().page(number)
        if page.has_previous():
            cles = list(page.object_list.values_list("pk", flat=True))
            page.object_list = self.object_list.filter(pk__in=cles)
        return page


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
