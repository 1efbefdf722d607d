"""What the admin pages share: every write in the journal, and the acts of an object as buttons with their own page."""

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path, reverse

from sev.socle.journal import acte
from sev.socle.refus import RefusMetier


@dataclass(frozen=True)
class Acte:
    """A button of an object's page. `operation(request, objet, donnees)` does it and may raise RefusMetier.

    `texte` says what will happen, as it stands or as a function of the object; `libelle` may be one too, and `fait` a
    function of what the operation returned. `apercu(objet, donnees)` returns sentences on what the answers would do:
    they are shown, then asked about, before anything is written; it may raise RefusMetier too.
    """

    nom: str
    libelle: str | Callable
    texte: str | Callable
    fait: str | Callable
    operation: Callable
    formulaire: type[forms.Form] = forms.Form
    initial: Callable = lambda objet: {}
    propose: Callable = lambda objet: True
    apercu: Callable | None = None

    def mots(self, champ: str, sujet) -> str:
        """Return `libelle`, `texte` or `fait`, for the object or the result that it is about."""
        mots = getattr(self, champ)
        return mots(sujet) if callable(mots) else mots


class FicheAdmin(admin.ModelAdmin):
    """An object's page with its `actes`; nothing is deleted, and what is typed here is in the journal.

    `ajout`, when given, takes the place of Django's page for a new object.
    """

    actes: tuple[Acte, ...] = ()
    ajout: Acte | None = None
    change_form_template = "admin/conventions/fiche.html"
    actions = None

    def has_delete_permission(self, request, obj=None):
        return False

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Draw or record the page, inside the history context of the person."""
        with acte("saisie de l'ANCV", par=request.user):
            return super().changeform_view(request, object_id, form_url, extra_context)

    def add_view(self, request, form_url="", extra_context=None):
        """Show the act that adds an object, or Django's own page."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if self.ajout:
            return self.executer(request, self.ajout)
        return super().add_view(request, form_url, extra_context)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Add the buttons of what may be done to this object now."""
        objet = self.get_object(request, unquote(object_id))
        boutons = []
        if objet is not None and self.autorise(request, objet):
            boutons = [
                (a.mots("libelle", objet), self._adresse(a.nom, objet))
                for a in self.actes
                if a.propose(objet)
            ]
        contexte = {"boutons": boutons, **self._boutons_de_saisie(request, objet), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, contexte)

    def _boutons_de_saisie(self, request, objet) -> dict:
        """Take Django's own buttons away from a page on which nothing is typed."""
        lus = set(self.get_readonly_fields(request, objet))
        if self.inlines or not set(self.get_fields(request, objet)) <= lus:
            return {}
        return dict.fromkeys(("show_save", "show_save_and_continue", "show_save_and_add_another"), False)

    def autorise(self, request, objet) -> bool:
        """Return whether the person may act on `objet`."""
        return self.has_change_permission(request, objet)

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
            if not self.autorise(request, objet):
                raise PermissionDenied
            return self.executer(request, un_acte, objet)

        return vue

    def executer(self, request, un_acte, objet=None):
        """Show the page of an act, or do it: the operation's refusal is shown at its field."""
        envoi = (request.POST, request.FILES) if request.method == "POST" else (None, None)
        formulaire = un_acte.formulaire(*envoi, initial=un_acte.initial(objet))
        apercu = None
        if formulaire.is_valid():
            try:
                apercu = _apercu(un_acte, objet, formulaire)
                if apercu is None or request.POST.get("apercu") == apercu["sceau"]:
                    resultat = un_acte.operation(request, objet, formulaire.cleaned_data)
                    messages.success(request, un_acte.mots("fait", resultat))
                    return self._apres(objet or resultat)
            except RefusMetier as refus:
                apercu = None
                formulaire.add_error(refus.champ if refus.champ in formulaire.fields else None, refus.message)
        contexte = {
            **self.admin_site.each_context(request),
            "title": un_acte.mots("libelle", objet),
            "opts": self.opts,
            "acte": un_acte,
            "texte": un_acte.mots("texte", objet),
            "apercu": apercu,
            "objet": objet,
            "form": formulaire,
        }
        statut = 422 if formulaire.errors else 200
        return render(request, "admin/conventions/acte.html", contexte, status=statut)

    def _apres(self, objet):
        """Lead to the page of what was acted upon or made, else to the list."""
        base = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        if isinstance(objet, self.model):
            return redirect(f"{base}_change", objet.pk)
        return redirect(f"{base}_changelist")


def _apercu(un_acte, objet, formulaire) -> dict | None:
    """Return what the answers would do, sealed: other answers, or other effects meanwhile, are shown again first."""
    if un_acte.apercu is None:
        return None
    phrases = un_acte.apercu(objet, formulaire.cleaned_data)
    saisie = sorted((nom, str(valeur)) for nom, valeur in formulaire.cleaned_data.items())
    return {"phrases": phrases, "sceau": signing.Signer(salt="apercu").signature(repr((saisie, phrases)))}
