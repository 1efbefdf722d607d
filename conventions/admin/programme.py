"""The programme of a year, its closed seasons, prices and aids, income ceilings (P1-P5).

What a change touches on the lists is shown by the admin of `seniors`, which adds the acts.
"""

from django.contrib import admin
from django.forms import BaseInlineFormSet
from django.utils.text import capfirst

from conventions.admin.fiches import FicheAdmin, Lien
from conventions.forms import FermetureForm, ProgrammeForm
from conventions.models import Bareme, Fermeture, Programme, Tarif
from sev.socle.admin import JournalAdmin


class Fermetures(BaseInlineFormSet):
    """The closed seasons, each box with its name: the heads of the table are not labels."""

    def add_fields(self, form, index):
        """Name the boxes, that of the removal too."""
        super().add_fields(form, index)
        saison = "nouvelle saison fermée" if index is None else f"saison fermée n° {index + 1}"
        for champ in form.fields.values():
            champ.widget.attrs["aria-label"] = f"{capfirst(champ.label)}, {saison}"


class FermetureInline(admin.TabularInline):
    model = Fermeture
    form = FermetureForm
    formset = Fermetures
    extra = 1


@admin.register(Programme)
class ProgrammeAdmin(FicheAdmin):
    """A year; « Suspendre » and « Reprendre » are acts (P2)."""

    form = ProgrammeForm
    list_display = ["annee", "enveloppe", "alloue", "reste", "delai_option", "suspendu_le"]
    ajouter = "Ajouter un programme"
    liens = (
        Lien(
            "Crédits de l'année",
            "conventions_credit_changelist",
            "conventions.view_credit",
            lambda programme: {"programme__exact": programme.annee},
        ),
        Lien("Tarifs", "conventions_tarif_changelist", "conventions.view_tarif", lambda programme: {}),
        Lien(
            "Plafonds de revenu",
            "conventions_bareme_changelist",
            "conventions.view_bareme",
            lambda programme: {"annee_avis": programme.annee - 1},
        ),
        Lien(
            "Imports de décisions",
            "conventions_import_changelist",
            "conventions.view_import",
            lambda programme: {},
        ),
    )
    inlines = [FermetureInline]

    def get_readonly_fields(self, request, obj=None):
        return ["annee", "alloue", "reste", "suspendu_le", "message_suspension"] if obj else []

    @admin.display(description="reste à allouer (€)")
    def reste(self, programme):
        return programme.enveloppe - programme.alloue


class Fixee(FicheAdmin):
    """What is entered and corrected by acts alone, its effects shown first."""

    def get_fields(self, request, obj=None):
        return [champ.name for champ in self.opts.fields if champ.name != "id"]

    def get_readonly_fields(self, request, obj=None):
        return self.get_fields(request, obj)


@admin.register(Tarif)
class TarifAdmin(Fixee):
    """Maximum prices and aids, by length and first day (P3): each holds until the next one of its length."""

    list_display = ["duree", "valable_du", "prix", "aide"]
    list_filter = ["duree"]


@admin.register(Bareme)
class BaremeAdmin(Fixee):
    """Income ceilings, by year of the avis, household and parts (P5)."""

    list_display = ["annee_avis", "situation", "parts", "plafond"]
    list_filter = ["annee_avis", "situation"]


@admin.register(Programme.pgh_event_model)
class JournalDuProgramme(JournalAdmin):
    """Who opened, suspended, resumed, changed the envelope (X3)."""

    nom = "journal du programme"
    list_display = ["le", "acte", "par", "motif", "annee", "enveloppe", "suspendu_le"]
