"""ANCV's view of the lists' journal."""

from django.contrib import admin

from seniors.models import Inscription
from sev.socle.admin import JournalAdmin


@admin.register(Inscription.pgh_event_model)
class JournalDesInscriptions(JournalAdmin):
    """Who registered, corrected, removed whom (X3): by group, organisation, person, date."""

    nom = "journal des inscriptions"
    list_display = [
        "le",
        "acte",
        "par",
        "motif",
        "groupe",
        "porteur",
        "senior",
        "eligibilite",
        "aide",
        "motif_sans_aide",
        "effacee_le",
    ]
    list_select_related = ["groupe__porteur", "senior"]
    search_fields = [
        "=groupe__pk",
        "groupe__porteur__nom",
        "groupe__porteur__convention__numero",
        "senior__nom",
        "senior__prenom",
    ]

    @admin.display(description="porteur", ordering="groupe__porteur__nom")
    def porteur(self, evenement):
        return evenement.groupe.porteur
