"""What the admin pages share: every write in the journal, and the acts of an object as buttons with their own page."""

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path, reverse

from sev.socle.journal import acte
from sev.socle.refus import RefusMetier

# The right of superusers alone: no group can hold it.
ADMINISTRATEUR = "administrateur"


@dataclass(frozen=True)
class Acte:
    """A button of an object's page. `operation(request, objet, donnees)` does it and may raise RefusMetier.

    `texte` says what will happen, as it stands or as a function of the object. `droit` is the right it asks for
    (conventions/droits.py; ADMINISTRATEUR, or none stated: superusers alone), and `suite` the page that follows, when
    it isn't the object's.
    """

    nom: str
    libelle: str
    texte: str | Callable
    fait: str
    operation: Callable
    formulaire: type[forms.Form] = forms.Form
    initial: Callable = lambda objet: {}
    propose: Callable = lambda objet: True
    droit: str = ""
    suite: str = ""

    def permis_a(self, compte) -> bool:
        """Return whether `compte` holds the right that this act asks for."""
        return compte.has_perm(self.droit)


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
        if not self.has_add_permission(request) or (self.ajout and not self.ajout.permis_a(request.user)):
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
                (a.libelle, self._adresse(a.nom, objet))
                for a in self.actes
                if a.permis_a(request.user) and a.propose(objet)
            ]
        return super().change_view(
            request, object_id, form_url, {"boutons": boutons, **(extra_context or {})}
        )

    def autorise(self, request, objet) -> bool:
        """Return whether the acts are open to the person on `objet`, each with its own right besides."""
        return self.has_view_permission(request, objet)

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
            if not (self.autorise(request, objet) and un_acte.permis_a(request.user)):
                raise PermissionDenied
            return self.executer(request, un_acte, objet)

        return vue

    def executer(self, request, un_acte, objet=None):
        """Show the page of an act, or do it: the operation's refusal is shown at its field."""
        formulaire = un_acte.formulaire(
            request.POST if request.method == "POST" else None, initial=un_acte.initial(objet)
        )
        if formulaire.is_valid():
            try:
                un_acte.operation(request, objet, formulaire.cleaned_data)
            except RefusMetier as refus:
                formulaire.add_error(refus.champ if refus.champ in formulaire.fields else None, refus.message)
            else:
                if un_acte.fait:
                    messages.success(request, un_acte.fait)
                if un_acte.suite:
                    return redirect(un_acte.suite)
                retour = "change" if objet else "changelist"
                cles = [objet.pk] if objet else []
                return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_{retour}", *cles)
        contexte = {
            **self.admin_site.each_context(request),
            "title": un_acte.libelle,
            "opts": self.opts,
            "acte": un_acte,
            "texte": un_acte.texte(objet) if callable(un_acte.texte) else un_acte.texte,
            "objet": objet,
            "form": formulaire,
        }
        statut = 422 if formulaire.is_bound else 200
        return render(request, "admin/conventions/acte.html", contexte, status=statut)
