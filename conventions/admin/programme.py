"""The programme of a year, its closed seasons, prices and aids, income ceilings (P1-P5)."""

from django.contrib import admin

from conventions.admin.fiches import Acte, FicheAdmin
from conventions.forms import ProgrammeForm, SuspensionForm
from conventions.models import Bareme, Fermeture, Programme, Tarif
from conventions.operations import programme as operations
from sev.socle.temps import aujourdhui


class FermetureInline(admin.TabularInline):
    model = Fermeture
    extra = 1


@admin.register(Programme)
class ProgrammeAdmin(FicheAdmin):
    """A year; « Suspendre » and « Reprendre » are acts (P2)."""

    form = ProgrammeForm
    list_display = ["annee", "enveloppe", "alloue", "delai_option", "suspendu_le"]
    inlines = [FermetureInline]
    actes = (
        Acte(
            nom="suspendre",
            libelle="Suspendre le programme",
            texte="Aucune option, pré-inscription ni aucun séjour ne pourra être enregistré. Les listes déjà ouvertes "
            "restent modifiables. Le message est affiché sur toutes les pages.",
            fait="Le programme est suspendu.",
            formulaire=SuspensionForm,
            droit="conventions.change_programme",
            propose=lambda programme: not programme.suspendu,
            operation=lambda request, programme, donnees: operations.suspendre(
                programme=programme, **donnees, par=request.user, le=aujourdhui()
            ),
        ),
        Acte(
            nom="reprendre",
            libelle="Reprendre le programme",
            texte="Le message disparaît des pages, et tout redevient possible.",
            fait="Le programme a repris.",
            droit="conventions.change_programme",
            propose=lambda programme: programme.suspendu,
            operation=lambda request, programme, donnees: operations.reprendre(
                programme=programme, par=request.user, le=aujourdhui()
            ),
        ),
    )

    def get_readonly_fields(self, request, obj=None):
        return ["annee", "alloue", "suspendu_le", "message_suspension"] if obj else []


@admin.register(Tarif)
class TarifAdmin(FicheAdmin):
    """Maximum prices and aids, by length and first day (P3)."""

    list_display = ["duree", "valable_du", "prix", "aide"]
    list_filter = ["duree"]


@admin.register(Bareme)
class BaremeAdmin(FicheAdmin):
    """Income ceilings, by year of the avis, household and parts (P5)."""

    list_display = ["annee_avis", "situation", "parts", "plafond"]
    list_filter = ["annee_avis", "situation"]
