"""ANCV's pages about persons (X4): finding one, giving her data, erasing it; the register of what was asked."""

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpResponse

from conventions.admin.fiches import Acte, Lien
from sejours.admin import Figee
from seniors.admin.amendements import Inscriptions
from seniors.documents.donnees import IDENTITE, en_json, en_page
from seniors.models import DemandeDonnees, Senior
from seniors.operations.retention import effacer_donnees, noter_export, pourquoi_garder
from sev.socle.admin import GrandeListe, JournalAdmin, LectureAdmin
from sev.socle.telechargement import document
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.texte import cle


class ExportForm(forms.Form):
    """Under which reference the data is handed over, and in which form."""

    motif = forms.CharField(label="Référence de la demande", max_length=200)
    format = forms.ChoiceField(
        label="Format",
        choices=[
            ("page", "Une page à lire ou à imprimer (HTML)"),
            ("json", "Un fichier pour un logiciel (JSON)"),
        ],
        initial="page",
        widget=forms.RadioSelect,
    )


class EffacementForm(forms.Form):
    """Under which reference the data is erased."""

    motif = forms.CharField(
        label="Référence de la demande",
        max_length=200,
        help_text="Elle reste au registre : n'y écrivez pas le nom.",
    )


# --- Acts -------------------------------------------------------------------------------------------------


def _exporter(request, senior: Senior, donnees: dict) -> HttpResponse:
    noter_export(senior=senior, motif=donnees["motif"], par=request.user, maintenant=maintenant())
    if donnees["format"] == "json":
        return document(f"donnees-fiche-{senior.pk}.json", en_json(senior), "application/json")
    page = en_page(senior, le=aujourdhui())
    return document(f"donnees-fiche-{senior.pk}.html", page, "text/html; charset=utf-8")


def _annonce_d_effacement(senior: Senior) -> str:
    if refus := pourquoi_garder(senior, aujourdhui()):
        return f"Cette personne ne peut pas être effacée pour l'instant. {refus}"
    return (
        "Le nom, la date et la ville de naissance, l'adresse, les revenus et les souhaits de cette personne "
        "disparaissent tout de suite, partout, journal compris. Il reste son année de naissance, son département, ses "
        "séjours et les montants, sans nom. Si une liste non conforme l'a nommée, les pièces et le message de ce "
        "signalement disparaissent aussi, même s'il en nommait d'autres. Rien de cela ne se défait."
    )


EXPORTER = Acte(
    nom="exporter",
    libelle="Exporter ses données…",
    texte="Tout ce que le programme sait de cette personne, dans un fichier. Vérifiez d'abord son identité. "
    "Les pièces jointes à un signalement n'y sont pas : remettez à part celles qui la concernent. "
    "L'export est inscrit au registre des demandes, à votre nom. Le fichier se télécharge, et "
    "vous restez sur cette page.",
    fait="",
    formulaire=ExportForm,
    propose=lambda senior: senior.en_usage,
    operation=_exporter,
)
EFFACER = Acte(
    nom="effacer",
    libelle="Effacer ses données…",
    texte=_annonce_d_effacement,
    fait="Les données de cette personne sont effacées.",
    formulaire=EffacementForm,
    propose=lambda senior: senior.en_usage,
    operation=lambda request, senior, donnees: effacer_donnees(
        senior=senior, **donnees, par=request.user, le=aujourdhui(), maintenant=maintenant()
    ),
)


# --- Pages ------------------------------------------------------------------------------------------------


class InscriptionInline(Inscriptions):
    """A person's registrations."""

    fields = readonly_fields = [
        "groupe",
        "porteur",
        "debut",
        "fin",
        "eligibilite",
        "decision",
        "effacee_le",
    ]
    verbose_name_plural = "inscriptions"
    ordering = ["-debut", "-pk"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("groupe__porteur", "senior")

    @admin.display(description="porteur")
    def porteur(self, inscription):
        return inscription.groupe.porteur


class EnUsage(admin.SimpleListFilter):
    """Rows in use, former spellings, or forgotten."""

    title = "état"
    parameter_name = "etat"

    def lookups(self, request, model_admin):
        return [("usage", "en usage"), ("fusionnees", "anciennes orthographes"), ("effacees", "effacées")]

    def queryset(self, request, queryset):
        etats = {
            "usage": Q(en_usage=True),
            "fusionnees": Q(fusionne_dans__isnull=False),
            "effacees": Q(anonymise_le__isnull=False, fusionne_dans__isnull=True),
        }
        return queryset.filter(etats.get(self.value(), Q()))


@admin.register(Senior)
class SeniorAdmin(GrandeListe, Figee):
    """Persons, found by number or name however it is spelled; their data is given or erased from here (X4)."""

    creation = "seniors.change_senior"
    list_display = [
        "numero",
        "nom",
        "prenom",
        "nom_naissance",
        "date_naissance",
        "ville_naissance",
        "ville",
        "en_usage",
    ]
    list_display_links = ["numero", "nom"]
    list_filter = [EnUsage]
    search_help_text = "Numéro de fiche, ou nom et prénom (leur début suffit)."
    fields = [*IDENTITE, "adresse_a_verifier", "fusionne_dans", "anonymise_le"]
    inlines = [InscriptionInline]
    actes = (EXPORTER, EFFACER)
    lue_comme = "sénior"
    liens = (
        Lien(
            "Doublons probables",
            "seniors_doublon_changelist",
            "seniors.view_doublon",
            lambda senior: {"q": senior.pk},
        ),
        Lien(
            "Demandes sur ses données",
            "seniors_demandedonnees_changelist",
            "seniors.view_demandedonnees",
            lambda senior: {"q": senior.pk},
        ),
    )

    @admin.display(description="n°", ordering="pk")
    def numero(self, senior):
        return senior.pk

    @admin.display(description="adresse à vérifier")
    def adresse_a_verifier(self, senior):
        """Say what is odd in the address (I17), which was taken as it is; nothing of somebody forgotten."""
        return "" if senior.anonymise_le else " ".join(senior.adresse_postale.anomalies)

    def executer(self, request, un_acte, objet=None):
        """Answer an export with its file; every other act as it is."""
        formulaire = ExportForm(request.POST)
        if un_acte is EXPORTER and request.method == "POST" and formulaire.is_valid():
            return _exporter(request, objet, formulaire.cleaned_data)
        return super().executer(request, un_acte, objet)

    def get_search_results(self, request, queryset, search_term):
        """Look for each word at the beginning of a name, case and accents apart; a number is that of the row."""
        for mot in search_term.split():
            debut = cle(mot)
            trouve = Q(cle_nom__startswith=debut) | Q(cle_prenom__startswith=debut)
            trouve |= Q(cle_nom_naissance__startswith=debut)
            queryset = queryset.filter(Q(pk=int(mot)) if mot.isdecimal() and len(mot) < 19 else trouve)
        return queryset, False


@admin.register(DemandeDonnees)
class DemandeDonneesAdmin(LectureAdmin):
    """The register of what persons asked about their data."""

    list_display = ["le", "nature", "senior_id", "motif", "par"]
    list_filter = ["nature", ("le", admin.DateFieldListFilter)]
    list_select_related = ["par"]
    search_fields = ["=senior__pk", "motif"]


@admin.register(Senior.pgh_event_model)
class JournalDesSeniors(JournalAdmin):
    """Who corrected, merged or forgot whom."""

    nom = "journal des séniors"
    list_display = [
        "le",
        "acte",
        "par",
        "motif",
        "pgh_obj_id",
        "nom_affiche",
        "date_naissance",
        "fusionne_dans_id",
    ]
    search_fields = ["=pgh_obj__pk", "nom", "prenom"]

    @admin.display(description="identité", ordering="nom")
    def nom_affiche(self, evenement):
        return f"{evenement.prenom} {evenement.nom}"
