"""What the pages of the admin share, and ANCV's view of what the machine keeps: mails, runs, journals, reads."""

from collections.abc import Callable
from operator import attrgetter

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.text import capfirst

from sev.socle.courriels import relancer
from sev.socle.journal import Trace, ecarts, precedents
from sev.socle.models import Courriel, Lecture, Passage
from sev.socle.temps import maintenant
from sev.socle.typographie import euros, quantite

LIGNES_MAX = 10_000
CLES_MAX = 5_000
CHIFFRES_MAX = 18  # of a key, in the database
TRACES_PAR_PAGE = 50
EN_EUROS = " (€)"  # how the name of an amount ends
RIEN = "-"  # as Django draws what has no value


class Rempli(admin.EmptyFieldListFilter):
    """Whether something is dated, asked with its own word: « Suspendue : oui, non »."""

    def __init__(self, field, request, params, model, model_admin, field_path):
        super().__init__(field, request, params, model, model_admin, field_path)
        self.title = str(self.title).removesuffix(" le")

    def choices(self, changelist):
        """Return all, those without the date, those with it."""
        for choix, mots in zip(super().choices(changelist), ("Tout", "Non", "Oui"), strict=True):
            yield choix | {"display": mots}


class Page(admin.ModelAdmin):
    """What every page of the admin has: a plain title, amounts with their unit, yes and no in words, the journal.

    `ajouter` is what the button that adds an object reads, `vide` what an empty list says.
    """

    ajouter = ""
    vide = "Il n'y a rien ici pour l'instant."

    def changelist_view(self, request, extra_context=None):
        """Name the list after what is in it."""
        contexte = {
            "title": capfirst(self.opts.verbose_name_plural),
            "ajouter": self.ajouter or f"Ajouter : {self.opts.verbose_name}",
            "vide": self.vide,
        }
        return super().changelist_view(request, contexte | (extra_context or {}))

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Name the page after what the object is; its own name stands below."""
        nouveau = self.ajouter or f"Ajouter : {self.opts.verbose_name}"
        contexte = {
            "title": nouveau if object_id is None else capfirst(self.opts.verbose_name),
            "historique": self._evenements is not None,
        }
        return super().changeform_view(request, object_id, form_url, contexte | (extra_context or {}))

    def get_list_display(self, request):
        """Return the columns, amounts and yes-or-no as people write them."""
        return [self._lisible(nom) for nom in super().get_list_display(request)]

    def render_change_form(self, request, context, *args, **kwargs):
        """Draw the fields that are only read the same way as in a list."""
        formulaire = context["adminform"]
        lus = set(formulaire.readonly_fields)
        formulaire.readonly_fields = [self._lisible(nom) for nom in formulaire.readonly_fields]
        formulaire.fieldsets = [
            (titre, groupe | {"fields": [self._lisible(n) if n in lus else n for n in groupe["fields"]]})
            for titre, groupe in formulaire.fieldsets
        ]
        return super().render_change_form(request, context, *args, **kwargs)

    def _lisible(self, nom):
        """Return `nom`, or a column of the same name that writes « 1 500 € », « oui » or « non »."""
        if not isinstance(nom, str):
            return nom
        connues = self.__dict__.setdefault("_lisibles", {})
        if nom not in connues:
            connues[nom] = self._colonne(nom)
        return connues[nom]

    def _colonne(self, nom: str):
        try:
            champ = self.opts.get_field(nom)
        except FieldDoesNotExist:
            champ = None
        if champ is not None and champ.auto_created and not champ.concrete:
            return nom  # what points to the object
        if isinstance(champ, models.BooleanField):
            return _comme(nom, champ.verbose_name, nom, lambda objet: _oui_ou_non(getattr(objet, nom)))
        lire = attrgetter(nom) if champ else getattr(self, nom, None)
        titre = champ.verbose_name if champ else getattr(lire, "short_description", "")
        if not str(titre).endswith(EN_EUROS):
            return nom
        ordre = nom if champ else getattr(lire, "admin_order_field", None)
        return _comme(nom, titre.removesuffix(EN_EUROS), ordre, lambda objet: _montant(lire(objet)))

    # --- The journal of an object ---------------------------------------------------------------------------------

    @property
    def _evenements(self):
        return getattr(self.model, "pgh_event_model", None)

    def history_view(self, request, object_id, extra_context=None):
        """Tell who did what to the object, and why (X3); from what to what, when no journal is kept apart."""
        contexte = {"traces": None}
        objet = self.get_object(request, unquote(object_id))
        if objet is not None and self._evenements is not None:
            contexte = self._journal(request, objet)
        return super().history_view(request, object_id, contexte | (extra_context or {}))

    def _journal(self, request, objet) -> dict:
        histoire = self._evenements.objects.filter(pgh_obj=objet.pk)
        page = Paginator(histoire.order_by("-pgh_id"), TRACES_PAR_PAGE).get_page(request.GET.get("p"))
        apart = self.admin_site.is_registered(self._evenements)
        # What the page of the object does not show this person is not told here either.
        champs = [] if apart else self._champs_contes(request, objet)
        avant = precedents(list(page), histoire) if champs else {}
        traces = []
        for evenement in page:
            passe = avant.get(evenement.pgh_id)
            traces.append(Trace.de(evenement, " ; ".join(ecarts(passe, evenement, champs)) if passe else ""))
        return {
            "title": "Historique",
            "subtitle": str(objet),
            "traces": traces,
            "conte": bool(champs),
            "page": page,
            "journal": self._adresse_du_journal(request, objet) if apart else "",
        }

    def _champs_contes(self, request, objet) -> list[str]:
        montres = set(self.get_fields(request, objet))
        return [
            champ.name
            for champ in self._evenements._meta.fields
            if champ.name in montres and not champ.is_relation
        ]

    def _adresse_du_journal(self, request, objet) -> str:
        opts = self._evenements._meta
        if not request.user.has_perm(f"{opts.app_label}.view_{opts.model_name}"):
            return ""
        liste = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        return f"{liste}?pgh_obj__exact={objet.pk}"


def _comme(nom: str, titre: str, ordre, lire):
    """Return a column of the admin under the name, the title and the order of another."""

    @admin.display(description=titre, ordering=ordre)
    def colonne(objet):
        return lire(objet)

    colonne.__name__ = nom
    return colonne


def _montant(valeur):
    return RIEN if valeur is None else format_html('<span class="n">{}</span>', euros(valeur))


def _oui_ou_non(valeur) -> str:
    return RIEN if valeur is None else ("oui" if valeur else "non")


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


class LectureAdmin(Page):
    """A list and its pages, without any way to write."""

    actions = None
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


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
