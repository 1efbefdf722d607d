"""What the pages of the admin share: titles, columns, filters, the history of an object, pages that are only read."""

from operator import attrgetter

from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path, unquote
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Page, Paginator
from django.db import models
from django.utils.html import format_html
from django.utils.text import capfirst

from sev.socle.admin.listes import PaginateurBorne
from sev.socle.journal import Trace, ecarts
from sev.socle.typographie import euros

# What the filters of the admin ask of a column.
QUESTIONS = {"exact", "isnull", "isempty", "gte", "lt"}
ACTES_PAR_PAGE = 50
# Columns of pghistory's own, and sort keys: they say nothing that another column doesn't.
JAMAIS_DITS = ("pgh_", "cle_")
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


class FiltresOfferts(admin.ModelAdmin):
    """A list that an address filters by what its page offers, and by nothing else (X2).

    Django lets any column of the model be asked about: incomes, the links of mails, passwords could be guessed letter
    by letter by whoever may not read them. `liens_offerts` are what « Voir aussi » of other pages asks, to the letter.
    """

    liens_offerts: tuple[str, ...] = ()

    def lookup_allowed(self, lookup, value, request):
        """Refuse a column of the model that is no filter of the list, and what no filter asks of its own."""
        if lookup in self.liens_offerts:
            return "\0" not in str(value)
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


class PageAdmin(Histoire, FiltresOfferts):
    """What every page of the admin has: a plain title, amounts with their unit, yes and no in words, its history.

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
            "historique": hasattr(self.model, "pgh_event_model"),
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


class LectureSeule:
    """Nothing is written there (mixed into a page, or into what stands on the page of something else)."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class LectureAdmin(LectureSeule, PageAdmin):
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
