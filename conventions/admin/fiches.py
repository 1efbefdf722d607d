"""What the admin pages share: every write in the journal, and the acts of an object as buttons with their own page."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from uuid import UUID, uuid4

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import urlencode

from conventions.models import Programme
from sev.socle.admin import PageAdmin
from sev.socle.envois import premier_envoi
from sev.socle.formulaires import dire_le_refus
from sev.socle.journal import acte
from sev.socle.lectures import noter
from sev.socle.refus import RefusMetier

# The right of superusers alone: no group can hold it.
ADMINISTRATEUR = "administrateur"
DEJA_FAIT = "C'était déjà fait : ce formulaire est arrivé deux fois."


@dataclass(frozen=True)
class Acte:
    """A button of an object's page. `operation(request, objet, donnees)` does it and may raise RefusMetier.

    `texte` says what will happen, as it stands or as a function of the object; `libelle` may be one too, and `fait` a
    function of what the operation returned. `options(objet)` are what the form is made with, `droit` the right needed
    in place of the page's own (conventions/droits.py, or ADMINISTRATEUR), `suite` the page that follows when it isn't
    the object's, `modele` an empty file to start from. With `constater(objet)`, a measure that tells how things stand,
    or with `annoncer(objet, donnees)`, which puts in sentences what the answers would touch (and may raise
    RefusMetier), the page shows what the act changes before it is confirmed: see `Apercu`.
    """

    nom: str
    libelle: str | Callable
    texte: str | Callable
    fait: str | Callable
    operation: Callable
    formulaire: type[forms.Form] = forms.Form
    initial: Callable = lambda objet: {}
    propose: Callable = lambda objet: True
    options: Callable = lambda objet: {}
    constater: Callable | None = None
    annoncer: Callable | None = None
    droit: str = ""
    suite: str = ""
    modele: str = ""

    def mots(self, champ: str, sujet) -> str:
        """Return `libelle`, `texte` or `fait`, for the object or the result that it is about."""
        mots = getattr(self, champ)
        return mots(sujet) if callable(mots) else mots


@dataclass(frozen=True)
class Apercu:
    """What an act changes: (what, before, after) in words, as it was measured by doing it and undoing it; or sentences.

    `saisie` are the answers that the sentences are about. `empreinte` comes back with the confirmation: should the
    outcome be another one by then, it is shown again.
    """

    lignes: list[tuple[str, str, str]] = ()
    phrases: list[str] = ()
    saisie: tuple = ()
    empreinte: str = field(init=False)

    def __post_init__(self):
        vus = (self.lignes, self.phrases, self.saisie)
        object.__setattr__(self, "empreinte", sha256(repr(vus).encode()).hexdigest())

    @classmethod
    def de(cls, avant: dict[str, str], apres: dict[str, str]) -> "Apercu":
        """Return the preview of two measures."""
        return cls([(quoi, avant.get(quoi, ""), apres.get(quoi, "")) for quoi in {**avant, **apres}])


@dataclass(frozen=True)
class Lien:
    """A way from an object's page to what belongs to it: « Voir aussi ».

    `page` is the name of a list, of whatever app; `question(objet)` what it is asked. Shown to who has `droit`.
    """

    libelle: str
    page: str
    droit: str
    question: Callable
    propose: Callable = lambda objet: True

    def adresse(self, objet) -> str:
        """Return the address of the list, asked about the object."""
        return f"{reverse(f'admin:{self.page}')}?{urlencode(self.question(objet))}"


class Recherche(AutocompleteSelect):
    """A field that is looked up as one types; what was forged in place of a key is shown as nothing chosen."""

    def optgroups(self, name, value, attrs=None):
        """Return what is chosen; Django's own asks the database for a key that is none, and breaks."""
        cles = [cle for cle in value if str(cle).isdecimal() and len(str(cle)) < 19]
        return super().optgroups(name, cles or [""], attrs)


class FicheAdmin(PageAdmin):
    """An object's page with its `actes`; nothing is deleted, and what is typed here is in the journal.

    `ajout`, when given, takes the place of Django's page for a new object. `liens` lead to what belongs to it. Opening
    a page or a history that is `lue_comme` something is noted under that name: it tells of somebody's income, health or
    papers (X2).
    """

    actes: tuple[Acte, ...] = ()
    ajout: Acte | None = None
    lue_comme = ""
    liens: tuple[Lien, ...] = ()
    actions = None
    show_full_result_count = False
    # Facets count every choice of every filter at each visit.
    show_facets = admin.ShowFacets.NEVER

    def has_delete_permission(self, request, obj=None):
        return False

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Draw or record the page, inside the history context of the person; what is recorded is locked first."""
        if "_saveasnew" in request.POST:
            # Django takes it for an addition on any page, past `ajout` and its rules.
            raise PermissionDenied
        with transaction.atomic(), acte("saisie de l'ANCV", par=request.user):
            if request.method == "POST" and object_id:
                # Django writes every column as it read it: nobody may act on the object between the two.
                self._verrouiller(self.get_object(request, unquote(object_id)))
            return super().changeform_view(request, object_id, form_url, extra_context)

    def _verrouiller(self, objet) -> None:
        if objet is not None:
            list(self.model._base_manager.select_for_update(no_key=True, of=("self",)).filter(pk=objet.pk))

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        """Give the fields that are looked up a widget that stands what is forged."""
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", Recherche(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def changelist_view(self, request, extra_context=None):
        """Draw the list; its button reads like the act behind it."""
        contexte = {"ajouter": self.ajout.mots("libelle", None)} if self.ajout else {}
        return super().changelist_view(request, contexte | (extra_context or {}))

    def response_add(self, request, obj, post_url_continue=None):
        """Lead to the page of what was just made: that is where the next step is."""
        if "_popup" in request.POST or "_addanother" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        messages.success(request, f"C'est enregistré : {obj}.")
        return self._retour(request, obj)

    def add_view(self, request, form_url="", extra_context=None):
        """Show the act that adds an object, or Django's own page."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if self.ajout:
            return self.executer(request, self.ajout)
        return super().add_view(request, form_url, extra_context)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Add the buttons of what may be done to this object now, and note that it was read where it must be."""
        objet = self.get_object(request, unquote(object_id))
        boutons = []
        if objet is not None:
            boutons = [
                (a.mots("libelle", objet), self._adresse(a.nom, objet) + self._filtres(request))
                for a in self.actes
                if self._permis(request, a, objet) and a.propose(objet)
            ]
        liens = self._liens(request, objet) if objet is not None else []
        contexte = {"boutons": boutons, "liens": liens, **self._boutons_de_saisie(request, objet)}
        reponse = super().change_view(request, object_id, form_url, contexte | (extra_context or {}))
        return self._lue(request, objet, reponse)

    def history_view(self, request, object_id, extra_context=None):
        """Show the history of the object, which tells what its page tells."""
        reponse = super().history_view(request, object_id, extra_context)
        return self._lue(request, self.get_object(request, unquote(object_id)), reponse)

    def _lue(self, request, objet, reponse):
        if self.lue_comme and reponse.status_code == 200:
            noter(quoi=self.lue_comme, cle=objet.pk, par=request.user)
        return reponse

    def _liens(self, request, objet) -> list[tuple[str, str]]:
        return [
            (lien.libelle, lien.adresse(objet))
            for lien in self.liens
            if request.user.has_perm(lien.droit) and lien.propose(objet)
        ]

    def _filtres(self, request) -> str:
        """Return the end of an address that keeps the filters of the list one came from."""
        filtres = self.get_preserved_filters(request)
        return f"?{filtres}" if filtres else ""

    def _boutons_de_saisie(self, request, objet) -> dict:
        """Take Django's own buttons away from a page on which nothing is typed; none of them begins another object."""
        lus = set(self.get_readonly_fields(request, objet))
        if self.inlines or not set(self.get_fields(request, objet)) <= lus:
            return {"show_save_and_add_another": False}
        return dict.fromkeys(("show_save", "show_save_and_continue", "show_save_and_add_another"), False)

    def autorise(self, request, objet) -> bool:
        """Return whether the person may act on `objet`."""
        return self.has_change_permission(request, objet)

    def _permis(self, request, un_acte, objet) -> bool:
        return request.user.has_perm(un_acte.droit) if un_acte.droit else self.autorise(request, objet)

    def get_urls(self):
        """Add one address for each act."""
        return [
            path(
                f"<path:object_id>/{a.nom}/",
                self.admin_site.admin_view(self._vue(a)),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{a.nom}",
            )
            for a in self.actes
        ] + super().get_urls()

    def _adresse(self, nom, objet):
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{nom}", args=[objet.pk])

    def _vue(self, un_acte):
        def vue(request, object_id):
            objet = self.get_object(request, unquote(object_id))
            if objet is None:
                raise Http404
            if not self._permis(request, un_acte, objet):
                raise PermissionDenied
            if request.method != "POST" and not un_acte.propose(objet):
                libelle = un_acte.mots("libelle", objet).removesuffix("…")
                messages.warning(request, f"« {libelle} » n'est plus possible ici.")
                return self._retour(request, objet)
            return self.executer(request, un_acte, objet)

        return vue

    def executer(self, request, un_acte, objet=None):
        """Show the page of an act, or do it, once: the operation's refusal is shown at its field."""
        envoi = (request.POST, request.FILES) if request.method == "POST" else (None, None)
        formulaire = un_acte.formulaire(*envoi, initial=un_acte.initial(objet), **un_acte.options(objet))
        apercu = None
        if formulaire.is_valid():
            try:
                with transaction.atomic():
                    if not premier_envoi(_jeton(request)):
                        messages.info(request, DEJA_FAIT)
                        return redirect(un_acte.suite) if un_acte.suite else self._retour(request, objet)
                    apercu, resultat = self._faire(request, un_acte, objet, formulaire.cleaned_data)
                    if apercu is not None:
                        # What is only shown is not sent yet: its token will serve.
                        transaction.set_rollback(True)
            except RefusMetier as refus:
                dire_le_refus(formulaire, refus)
            else:
                if apercu is None:
                    if fait := un_acte.mots("fait", resultat):
                        messages.success(request, fait)
                    return (
                        redirect(un_acte.suite) if un_acte.suite else self._retour(request, objet, resultat)
                    )
        return self.page_d_acte(request, un_acte, objet, formulaire, apercu=apercu)

    def _faire(self, request, un_acte, objet, donnees) -> tuple[Apercu | None, object]:
        """Do the act and return (None, its result); what it changes, and nothing done, until that is confirmed."""
        # « Revoir » asks again what the answers, changed since, would do.
        confirmee = None if "revoir" in request.POST else request.POST.get("confirmer")
        if un_acte.annoncer is not None:
            saisie = tuple(sorted((nom, str(valeur)) for nom, valeur in donnees.items()))
            apercu = Apercu(phrases=un_acte.annoncer(objet, donnees), saisie=saisie)
            if confirmee != apercu.empreinte:
                return apercu, None
        if un_acte.constater is None:
            return None, un_acte.operation(request, objet, donnees)
        with transaction.atomic():
            mesurer = un_acte.constater(objet)
            avant = mesurer(None)
            resultat = un_acte.operation(request, objet, donnees)
            apercu = Apercu.de(avant, mesurer(resultat))
            if confirmee == apercu.empreinte:
                return None, resultat
            transaction.set_rollback(True)
        return apercu, None

    def _retour(self, request, objet, resultat=None):
        """Lead to the page of what was made, of what was acted upon, else to the list; its filters are kept."""
        base = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        for suite in (resultat, objet):
            if isinstance(suite, self.model):
                return redirect(reverse(f"{base}_change", args=[suite.pk]) + self._filtres(request))
        return redirect(f"{base}_changelist")

    def page_d_acte(self, request, un_acte, objet, formulaire, *, apercu=None, remarques=()):
        """Draw the page of an act: 422 when its form was refused."""
        contexte = {
            **self.admin_site.each_context(request),
            "title": un_acte.mots("libelle", objet).removesuffix("…"),
            "subtitle": str(objet) if objet is not None else None,
            "opts": self.opts,
            "preserved_filters": self.get_preserved_filters(request),
            "acte": un_acte,
            "texte": un_acte.mots("texte", objet),
            "objet": objet,
            "form": formulaire,
            "apercu": apercu,
            "mesure": un_acte.constater is not None or un_acte.annoncer is not None,
            "change": bool(apercu and request.POST.get("confirmer") and "revoir" not in request.POST),
            "remarques": remarques,
            "envoi": _jeton(request) or uuid4(),
        }
        statut = 422 if formulaire.is_bound and apercu is None else 200
        return render(request, "admin/conventions/acte.html", contexte, status=statut)


def _jeton(request) -> UUID | None:
    """Return the token of the form that was sent, None without one or when it is not ours."""
    try:
        return UUID(request.POST.get("envoi", ""))
    except ValueError:
        return None


class ParAnnee(admin.SimpleListFilter):
    """The year, chosen among the programmes: no look at every row for the years that stand there."""

    title = "année"
    parameter_name = "annee"
    debut = "debut"

    def lookups(self, request, model_admin):
        """Return the years of the programmes, the last first."""
        return [(annee, annee) for annee in Programme.objects.values_list("annee", flat=True)]

    def queryset(self, request, queryset):
        """Return the rows whose stay leaves in that year."""
        annee = self.value()
        if annee is None or not (annee.isascii() and annee.isdigit() and len(annee) == 4 and int(annee)):
            return queryset
        bornes = (date(int(annee), 1, 1), date(int(annee), 12, 31))
        return queryset.filter(**{f"{self.debut}__range": bornes})
