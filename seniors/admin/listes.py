"""ANCV's view of the lists' journal, and its cancellation of groups and stays (S8)."""

from django import forms
from django.contrib import admin

from conventions.admin.fiches import Acte, Lien
from sejours import admin as sejours_admin
from sejours.models import Groupe, Sejour
from seniors.admin.amendements import AJOUTER, AjoutDUnePersonne, InscriptionInline
from seniors.admin.deplacements import DEPLACER_SEJOUR
from seniors.models import Inscription
from seniors.operations.annulations import annuler_groupe, annuler_sejour, consequences
from sev.socle.admin import GrandeListe, JournalAdmin
from sev.socle.saisie import MotifField
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import euros, quantite


class MotifForm(forms.Form):
    """Why something is cancelled: both sides will read it."""

    motif = MotifField()


def _suites(**quoi) -> str:
    """Say what a cancellation undoes, in words."""
    suites = consequences(**quoi)
    options = f", {quantite(suites.options, 'option')} en cours" if suites.options else ""
    return (
        f"Seront annulés : {quantite(suites.groupes, 'groupe')}, {quantite(suites.inscrits, 'personne')} sur les "
        f"listes, {quantite(suites.aides, 'aide')} ({euros(suites.montant)}) qui reviennent aux crédits{options}. "
        "Les deux parties reçoivent le motif par e-mail ; les listes restent lisibles. Une annulation ne se défait pas."
    )


ANNULER_GROUPE = Acte(
    nom="annuler",
    libelle="Annuler le groupe…",
    texte=lambda groupe: _suites(groupes=Groupe.objects.filter(pk=groupe.pk)),
    fait="Le groupe est annulé. Le porteur et le prestataire sont prévenus par e-mail.",
    formulaire=MotifForm,
    propose=lambda groupe: groupe.annule_le is None and aujourdhui() < groupe.sejour.debut,
    operation=lambda request, groupe, donnees: annuler_groupe(
        groupe=groupe, **donnees, par=request.user, le=aujourdhui(), maintenant=maintenant()
    ),
)
ANNULER_SEJOUR = Acte(
    nom="annuler",
    libelle="Annuler le séjour…",
    texte=lambda sejour: _suites(groupes=Groupe.objects.filter(sejour=sejour), sejour=sejour),
    fait="Le séjour est annulé, avec ses groupes et ses options. Tous sont prévenus par e-mail.",
    formulaire=MotifForm,
    propose=lambda sejour: sejour.annule_le is None and aujourdhui() < sejour.debut,
    operation=lambda request, sejour, donnees: annuler_sejour(
        sejour=sejour, **donnees, par=request.user, le=aujourdhui(), maintenant=maintenant()
    ),
)


class GroupeAdmin(AjoutDUnePersonne, sejours_admin.GroupeAdmin):
    """Groups, with their lists, which the app of the stays does not know: amended, and cancelled with the group."""

    creation = "sejours.add_groupe"
    inlines = (InscriptionInline,)
    liens = (
        Lien(
            "Crédits du porteur",
            "conventions_credit_changelist",
            "conventions.view_credit",
            lambda groupe: {"convention__exact": groupe.porteur_id},
        ),
        # Of the app above, named by its address.
        Lien(
            "Sa validation",
            "validation_validation_changelist",
            "validation.view_validation",
            lambda groupe: {"etape": "TOUTES", "q": groupe.pk},
            propose=lambda groupe: groupe.sejour.fin < aujourdhui(),
        ),
    )
    actes = (*sejours_admin.GroupeAdmin.actes, AJOUTER, ANNULER_GROUPE)


class SejourAdmin(sejours_admin.SejourAdmin):
    """Stays, which may also be moved and cancelled."""

    actes = (*sejours_admin.SejourAdmin.actes, DEPLACER_SEJOUR, ANNULER_SEJOUR)


for modele, page in ((Groupe, GroupeAdmin), (Sejour, SejourAdmin)):
    admin.site.unregister(modele)
    admin.site.register(modele, page)


@admin.register(Inscription.pgh_event_model)
class JournalDesInscriptions(GrandeListe, JournalAdmin):
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
    search_help_text = "Numéro de groupe, nom et prénom (leur début suffit), ou porteur."
    colonne_du_numero = "groupe_id"
    recherche = (("pgh_obj_id", Inscription.objects.nommees), ("groupe_id", Groupe.objects.nommes))

    @admin.display(description="porteur", ordering="groupe__porteur__nom")
    def porteur(self, evenement):
        return evenement.groupe.porteur
