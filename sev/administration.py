"""The admin's home: what waits for ANCV, the state of the service, the year in figures and plots."""

from django.contrib import admin
from django.urls import reverse

from activite.bord import bord_de_l_annee
from conventions.models import Programme
from sev.attente import files_de
from sev.etat import etat_des_courriels, etat_des_taches
from sev.socle.temps import aujourdhui, maintenant

# Label, address, right: what staff come for most.
RECHERCHES = (
    ("Chercher un groupe", "admin:sejours_groupe_changelist", "sejours.view_groupe"),
    ("Chercher une personne", "admin:seniors_senior_changelist", "seniors.view_senior"),
    ("Chercher une inscription", "admin:seniors_inscription_changelist", "seniors.view_inscription"),
    ("Chercher une convention", "admin:conventions_convention_changelist", "conventions.view_convention"),
    ("Activité", "admin:activite_activite_changelist", "activite.view_activite"),
    ("Importer des décisions", "admin:conventions_import_add", "conventions.add_import"),
    ("Préparer un lot de versements", "admin:validation_lot_add", "validation.add_lot"),
)
# The pages in the order of the work; what is not here comes last.
APPLICATIONS = ("conventions", "sejours", "seniors", "validation", "activite", "socle")


class Administration(admin.AdminSite):
    """Django's site; its home opens with what ANCV has to decide."""

    site_header = site_title = "Seniors en Vacances : ANCV"
    index_title = "Ce qui attend l'ANCV"

    def get_app_list(self, request, app_label=None):
        """Return the pages in the order of the work, the journals of each part below its other pages."""
        parties = super().get_app_list(request, app_label)
        for partie in parties:
            partie["models"].sort(key=_est_un_journal)
        rangs = {nom: rang for rang, nom in enumerate(APPLICATIONS)}
        return sorted(parties, key=lambda partie: rangs.get(partie["app_label"], len(rangs)))

    def index(self, request, extra_context=None):
        """Draw the home: queues, service, year. Each person sees what they have the right to open."""
        le = aujourdhui()
        voit_l_annee = request.user.has_perm("activite.view_activite")
        contexte = {
            "raccourcis": raccourcis(request.user, annee=le.year),
            "files": files_de(request.user, le=le),
            "etat": etat_du_service(request.user),
            "bord": bord_de_l_annee(le=le) if voit_l_annee else None,
        }
        return super().index(request, contexte | (extra_context or {}))


def _est_un_journal(page: dict) -> bool:
    return hasattr(page["model"], "pgh_tracked_model")


def raccourcis(compte, *, annee: int) -> list[tuple[str, str]]:
    """Return the buttons of the home: (label, address)."""
    boutons = [(libelle, reverse(nom)) for libelle, nom, droit in RECHERCHES if compte.has_perm(droit)]
    if compte.has_perm("conventions.change_convention"):
        attendent = reverse("admin:conventions_convention_changelist") + "?activee_le__isempty=1"
        boutons.append(("Activer une convention", attendent))
    if compte.has_perm("conventions.change_programme"):
        programme = Programme.objects.filter(annee=annee).first()
        if programme:
            verbe, suite = ("Reprendre", "reprendre") if programme.suspendu else ("Suspendre", "suspendre")
            adresse = reverse(f"admin:conventions_programme_{suite}", args=[annee])
            boutons.append((f"{verbe} le programme…", adresse))
    return boutons


def etat_du_service(compte) -> dict | None:
    """Return the last run of each task and the mails, or None for those who may not see them."""
    if not compte.has_perm("socle.view_passage"):
        return None
    refuses = reverse("admin:socle_courriel_changelist") + "?envoye_le__isempty=1"
    return {
        "taches": list(etat_des_taches(maintenant()).values()),
        "passages": reverse("admin:socle_passage_changelist"),
        "courriels": etat_des_courriels(),
        "refuses": refuses if compte.has_perm("socle.view_courriel") else "",
    }
