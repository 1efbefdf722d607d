"""Files of decisions (C10): sent, read without writing, then imported while the page says how far it is."""

from decimal import Decimal

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import render
from django.urls import path, reverse

from conventions.admin.fiches import Acte, FicheAdmin, Lien
from conventions.documents import rapport_csv, rapport_xlsx
from conventions.forms import ImportForm
from conventions.models import Decision, Import, LigneImport
from conventions.operations import imports
from sev.socle.admin import LectureAdmin, Rempli
from sev.socle.tableur import reponse_xlsx
from sev.socle.telechargement import document
from sev.socle.temps import maintenant
from sev.socle.typographie import euros, quantite

PAR_PAGE = 100
ORDRE = ("ERREUR", "PRETE", "FAITE", "DEJA")


def _pretes(lot: Import):
    return lot.lignes.filter(issue=LigneImport.Issue.PRETE)


def _ce_qui_sera_fait(lot: Import) -> str:
    """Say what the ready lines do, by kind, and their sum."""
    par_action = dict(_pretes(lot).order_by().values_list("action").annotate(Count("pk")))
    libelles = dict(LigneImport.Action.choices)
    detail = "\n".join(f"– {libelles[action]} : {combien}" for action, combien in sorted(par_action.items()))
    total = sum(Decimal(valeurs["montant"]) for valeurs in _pretes(lot).values_list("valeurs", flat=True))
    return (
        f"{quantite(sum(par_action.values()), 'ligne')} à écrire, {euros(total)} en tout :\n{detail}\n"
        "Les titulaires sont prévenus par e-mail. Une ligne qui ne peut plus être écrite le dit dans le rapport, sans "
        "arrêter les autres."
    )


@admin.register(Import)
class ImportAdmin(FicheAdmin):
    """Imports: a report of what each line would do, the button that does it, the report of what it did."""

    change_form_template = "admin/conventions/import.html"
    list_display = ["numero", "fichier", "par", "lu_le", "etat", "lignes", "faites", "erreurs"]
    list_filter = ["lu_le", ("fini_le", Rempli)]
    list_select_related = ["par"]
    search_fields = ["fichier", "par__nom", "lignes__numero", "lignes__reference"]
    search_help_text = "Nom du fichier, agent, numéro de convention ou référence d'une décision."
    vide = (
        "Aucun fichier n'a encore été lu. Rien n'est écrit à la lecture : chaque ligne dit ce qu'elle ferait."
    )
    liens = (
        Lien(
            "Décisions de cet import",
            "conventions_decision_changelist",
            "conventions.view_decision",
            lambda lot: {"lot__exact": lot.pk},
            propose=lambda lot: lot.fini_le is not None,
        ),
    )
    fields = readonly_fields = ["fichier", "par", "lu_le", "lance_le", "fini_le"]
    ajout = Acte(
        nom="lire",
        droit="conventions.add_import",
        libelle="Lire un fichier de décisions",
        texte="Le fichier est lu, et chaque ligne dit ce qu'elle ferait. Rien n'est écrit avant votre accord.\n"
        "Colonnes toujours nécessaires : référence de décision, numéro de convention, année, montant. Pour une "
        "convention nouvelle, aussi : nature, organisme, type (d'un porteur), titulaire, e-mail.",
        modele="modele-decisions.csv",
        fait=lambda lot: (
            f"Le fichier est lu : {quantite(lot.lignes.count(), 'ligne')}. Rien n'est encore écrit."
        ),
        formulaire=ImportForm,
        operation=lambda request, objet, donnees: imports.lire(
            **donnees, par=request.user, maintenant=maintenant()
        ),
    )
    actes = (
        Acte(
            nom="importer",
            droit="conventions.change_import",
            libelle=lambda lot: f"Importer {_les(_pretes(lot).count())}",
            texte=_ce_qui_sera_fait,
            fait="L'import commence dans quelques secondes. Vous pouvez quitter cette page : il continue.",
            propose=lambda lot: lot.lance_le is None and _pretes(lot).exists(),
            operation=lambda request, lot, donnees: imports.lancer(
                lot=lot, par=request.user, maintenant=maintenant()
            ),
        ),
    )

    def has_delete_permission(self, request, obj=None):
        """A report may be deleted, unless it is being written; its decisions stay."""
        fini = obj is None or obj.lance_le is None or obj.fini_le is not None
        return fini and request.user.has_perm("conventions.delete_import")

    def get_deleted_objects(self, objs, request):
        """Ask for the right to delete the report alone: its lines go with it, its decisions stay."""
        supprimes, compte, _, _ = super().get_deleted_objects(objs, request)
        return supprimes, compte, set(), []

    def get_queryset(self, request):
        def combien(issue):
            return Count("lignes", filter=Q(lignes__issue=issue), distinct=True)

        return (
            super()
            .get_queryset(request)
            .annotate(
                nb_lignes=Count("lignes", distinct=True),
                nb_faites=combien("FAITE"),
                nb_erreurs=combien("ERREUR"),
            )
        )

    def get_urls(self):
        """Add the report's downloads and the fragment that says how far it is."""
        vues = (("rapport.csv", self.csv), ("rapport.xlsx", self.xlsx), ("avancement", self.avancement))
        return [
            path(
                f"<int:cle>/{nom}",
                self.admin_site.admin_view(vue),
                name=f"conventions_import_{nom.replace('.', '_')}",
            )
            for nom, vue in vues
        ] + super().get_urls()

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Show the report: errors first, by outcome, a hundred lines a page."""
        lot = self.get_object(request, object_id)
        contexte = self._rapport(request, lot) if lot else {}
        return super().change_view(request, object_id, form_url, contexte | (extra_context or {}))

    def _rapport(self, request, lot: Import) -> dict:
        comptes = dict(lot.lignes.order_by().values_list("issue").annotate(Count("pk")))
        libelles = dict(LigneImport.Issue.choices)
        issue = request.GET.get("issue", "")
        if issue not in libelles:
            issue = next((nom for nom in ORDRE if comptes.get(nom)), "PRETE")
        lignes = Paginator(lot.lignes.filter(issue=issue), PAR_PAGE)
        return {
            "onglets": [(nom, libelles[nom], comptes.get(nom, 0)) for nom in ORDRE if comptes.get(nom)],
            "issue": issue,
            "lignes": lignes.get_page(request.GET.get("page")),
            "avancement": _avancement(lot),
        }

    def avancement(self, request, cle):
        """How far the import is, as a fragment."""
        return render(
            request,
            "admin/conventions/_avancement.html",
            {"avancement": _avancement(self._lot(request, cle))},
        )

    def csv(self, request, cle):
        """The report as CSV."""
        lot = self._lot(request, cle)
        return document(f"import-{lot.pk}.csv", rapport_csv(lot), "text/csv; charset=utf-8")

    def xlsx(self, request, cle):
        """The report as a spreadsheet."""
        lot = self._lot(request, cle)
        return reponse_xlsx(f"import-{lot.pk}.xlsx", rapport_xlsx(lot))

    def _lot(self, request, cle: int) -> Import:
        if not self.has_view_permission(request):
            raise PermissionDenied
        lot = self.get_queryset(request).filter(pk=cle).first()
        if lot is None:
            raise Http404
        return lot

    @admin.display(description="n°", ordering="pk")
    def numero(self, lot):
        return lot.pk

    @admin.display(description="état")
    def etat(self, lot):
        return lot.etat

    @admin.display(description="lignes", ordering="nb_lignes")
    def lignes(self, lot):
        return lot.nb_lignes

    @admin.display(description="importées", ordering="nb_faites")
    def faites(self, lot):
        return lot.nb_faites

    @admin.display(description="à corriger", ordering="nb_erreurs")
    def erreurs(self, lot):
        return lot.nb_erreurs


def _les(combien: int) -> str:
    return "la ligne prête" if combien == 1 else f"les {combien} lignes"


def _avancement(lot: Import) -> dict:
    """Return how far an import is: lines done and to do, and whether it is still going on."""
    # Lines that were wrong when read were never to be written.
    restent = _pretes(lot).count()
    faites = lot.lignes.filter(issue=LigneImport.Issue.FAITE).count()
    return {
        "en_cours": lot.lance_le is not None and lot.fini_le is None,
        "fini": lot.fini_le is not None,
        "faites": faites,
        "total": faites + restent,
        "adresse": reverse("admin:conventions_import_avancement", args=[lot.pk]),
        "page": reverse("admin:conventions_import_change", args=[lot.pk]),
    }


@admin.register(Decision)
class DecisionAdmin(LectureAdmin):
    """The decisions that were imported, each once."""

    list_display = [
        "reference",
        "convention",
        "organisation",
        "annee",
        "montant",
        "action",
        "importee_le",
        "lot",
    ]
    list_filter = ["annee", "action", "importee_le"]
    liens_offerts = ("convention__exact", "lot__exact")
    list_select_related = ["convention__organisme", "lot"]
    search_fields = ["reference", "convention__numero", "convention__organisme__nom"]

    @admin.display(description="organisation", ordering="convention__organisme__nom")
    def organisation(self, decision):
        return decision.convention.organisme
