"""ANCV's answer to reports of incomplete lists: each person added or refused, then the window runs again (V5)."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localdate

from conventions.admin.fiches import Acte
from sejours.admin import Figee, Lecture
from seniors.admin.amendements import AjoutForm, Constat, dites, fiche_ouverte
from sev.socle.admin import JournalAdmin
from sev.socle.lectures import noter
from sev.socle.saisie import MotifField
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import date_complete, megaoctets, quantite
from validation.models import PersonneSignalee, Piece, Signalement
from validation.models.signalements import EN_ATTENTE
from validation.operations.signalements import ajouter_personne, refuser_personne, repondre
from validation.pieces import telecharger

# --- Forms and acts ---------------------------------------------------------------------------------------------


class RefusForm(forms.Form):
    """Why a person is not added."""

    motif = MotifField(
        "Ceux qui ont signalé la liste le liront. N'y écrivez ni nom, ni santé, ni revenu.", max_length=300
    )


class ReponseForm(forms.Form):
    """A word to both sides."""

    reponse = forms.CharField(
        label="Réponse",
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Les deux parties la liront, par e-mail : ne nommez personne.",
    )


def _proposee(personne: PersonneSignalee) -> bool:
    return personne.signalement.en_attente and not personne.traitee


def _groupe(personne: PersonneSignalee):
    return personne.signalement.validation.groupe


def _ajouter(request, personne: PersonneSignalee, donnees: dict):
    """Add, and return the registration, which the page measures."""
    return ajouter_personne(
        personne=personne,
        jeton=donnees["jeton"],
        **dites(donnees),
        par=request.user,
        le=aujourdhui(),
        maintenant=maintenant(),
    ).inscription


AJOUTER = Acte(
    nom="ajouter",
    libelle="Ajouter à la liste…",
    droit="seniors.add_inscription",
    texte="Mêmes règles que pour le porteur. Les deux parties sont prévenues par e-mail, avec le motif.",
    fait="La personne est sur la liste. Le porteur et le prestataire sont prévenus par e-mail.",
    formulaire=AjoutForm,
    options=lambda personne: {
        "inscrites": _groupe(personne).inscriptions.presentes().par_nom(),
        "le": aujourdhui(),
    },
    propose=_proposee,
    constater=lambda personne: Constat(_groupe(personne)),
    operation=_ajouter,
)
REFUSER = Acte(
    nom="refuser",
    libelle="Refuser…",
    droit="validation.change_signalement",
    texte="La personne n'est pas ajoutée. Ceux qui ont signalé la liste lisent le motif sur leur page.",
    fait="La personne est refusée.",
    formulaire=RefusForm,
    propose=_proposee,
    operation=lambda request, personne, donnees: refuser_personne(
        personne=personne, **donnees, par=request.user, le=aujourdhui()
    ),
)


def _texte_de_la_reponse(signalement: Signalement) -> str:
    jours = quantite(signalement.validation.jours_restants or 0, "jour")
    return (
        f"Le délai reprend aujourd'hui avec les {jours} qui restaient. "
        "Les deux parties sont prévenues par e-mail, avec le nouveau dernier jour."
    )


REPONDRE = Acte(
    nom="repondre",
    libelle="Répondre et rouvrir le délai…",
    droit="validation.change_signalement",
    texte=_texte_de_la_reponse,
    fait="La réponse est partie, le délai court à nouveau.",
    formulaire=ReponseForm,
    propose=lambda signalement: signalement.en_attente,
    operation=lambda request, signalement, donnees: repondre(
        signalement=signalement, **donnees, par=request.user, le=aujourdhui(), maintenant=maintenant()
    ),
)


# --- Pages ------------------------------------------------------------------------------------------------------


class FiltreDesSignalements(admin.SimpleListFilter):
    """Those that wait, unless others are asked for."""

    title = "état"
    parameter_name = "etat"

    def lookups(self, request, model_admin):
        return [("traites", "Répondus ou annulés"), ("tous", "Tous")]

    def choices(self, changelist):
        """Name the default: what waits."""
        for choix in super().choices(changelist):
            yield choix | ({"display": "À traiter"} if choix["query_string"] == "?" else {})

    def queryset(self, request, queryset):
        match self.value():
            case "traites":
                return queryset.exclude(EN_ATTENTE)
            case "tous":
                return queryset
        return queryset.filter(EN_ATTENTE)


def _sans_precisions(champs: list[str], request) -> list[str]:
    decide = request.user.has_perm("validation.change_personnesignalee")
    return [champ for champ in champs if decide or champ != "precisions"]


class PersonneInline(Lecture):
    """Who is missing, each line a link to the page where it is decided."""

    model = PersonneSignalee
    verbose_name_plural = "personnes signalées"
    fields = readonly_fields = ["date_naissance", "ville_naissance", "precisions", "decision"]

    def get_fields(self, request, obj=None):
        """Keep what tells an income for those who may decide about the person (X2)."""
        return _sans_precisions(self.fields, request)

    @admin.display(description="décision")
    def decision(self, personne):
        """Return what was decided, or the two acts that decide."""
        if personne.inscription_id:
            return "ajoutée à la liste"
        if personne.refus:
            return f"refusée : {personne.refus}"
        if not personne.signalement.en_attente:
            return ""
        actes = ((acte.nom, acte.libelle) for acte in (AJOUTER, REFUSER))
        return format_html_join(
            " ",
            '<a class="button" href="{}">{}</a>',
            (
                (reverse(f"admin:validation_personnesignalee_{nom}", args=[personne.pk]), libelle)
                for nom, libelle in actes
            ),
        )


@admin.register(Signalement)
class SignalementAdmin(Figee):
    """Reports of incomplete lists, the oldest first. Opening one, or one of its papers, is noted (X2)."""

    list_display = ["groupe", "porteur", "prestataire", "cote", "fait_le", "depuis", "combien", "etat"]
    list_filter = [FiltreDesSignalements, "cote"]
    search_fields = [
        "=validation__groupe__pk",
        "validation__groupe__porteur__nom",
        "validation__groupe__porteur__convention__numero",
        "validation__groupe__sejour__offre__equipement__nom",
        "validation__groupe__sejour__offre__equipement__prestataire__nom",
        "personnes__nom",
    ]
    ordering = ["fait_le", "pk"]
    show_full_result_count = False
    actes = (REPONDRE,)
    lue_comme = "signalement"
    inlines = [PersonneInline]
    fields = readonly_fields = [
        "groupe",
        "porteur",
        "prestataire",
        "cote",
        "auteur",
        "fait_le",
        "depuis",
        "delai",
        "message",
        "papiers",
        "etat",
        "repondu_le",
        "repondu_par",
        "reponse",
        "annule_le",
    ]

    def get_queryset(self, request):
        """Load what the list and a page show."""
        return (
            super()
            .get_queryset(request)
            .select_related(
                "auteur",
                "validation__groupe__porteur",
                "validation__groupe__sejour__offre__equipement__prestataire",
            )
            .prefetch_related("personnes", "pieces")
        )

    def get_urls(self):
        """Add the address of a paper."""
        vue = self.admin_site.admin_view(self.piece)
        adresse = path("<int:object_id>/pieces/<int:piece>/", vue, name="validation_signalement_piece")
        return [adresse, *super().get_urls()]

    def piece(self, request, object_id, piece):
        """Give a paper as a download, to those who may, and note it."""
        if not request.user.has_perm("validation.view_piece"):
            raise PermissionDenied
        pieces = Piece.objects.filter(signalement=object_id, detruite_le__isnull=True)
        try:
            reponse = telecharger(get_object_or_404(pieces, pk=piece))
        except FileNotFoundError as absente:
            raise Http404 from absente
        noter(quoi="piece", cle=piece, par=request.user)
        return reponse

    @admin.display(description="groupe", ordering="validation")
    def groupe(self, signalement):
        return signalement.validation.groupe

    @admin.display(description="porteur", ordering="validation__groupe__porteur__nom")
    def porteur(self, signalement):
        return signalement.validation.groupe.porteur

    @admin.display(description="prestataire")
    def prestataire(self, signalement):
        return signalement.validation.groupe.sejour.offre.equipement.prestataire

    @admin.display(description="attend depuis", ordering="fait_le")
    def depuis(self, signalement):
        """Return how long the report has been waiting for ANCV."""
        if not signalement.en_attente:
            return ""
        jours = (aujourdhui() - localdate(signalement.fait_le)).days
        return quantite(jours, "jour") if jours else "aujourd'hui"

    @admin.display(description="personnes")
    def combien(self, signalement):
        """Return how many persons were named, and how many wait for a decision."""
        personnes = signalement.personnes.all()
        restent = sum(1 for personne in personnes if not personne.traitee)
        return f"{len(personnes)}, dont {restent} à traiter" if restent else str(len(personnes))

    @admin.display(description="état")
    def etat(self, signalement):
        if signalement.annule_le:
            return "annulé"
        return "répondu" if signalement.repondu_le else "à traiter"

    @admin.display(description="délai")
    def delai(self, signalement):
        """Return how the window of the list stands."""
        validation = signalement.validation
        if validation.arretee_le is None:
            return f"jusqu'au {date_complete(validation.echeance)} à minuit"
        jours = quantite(validation.jours_restants, "jour")
        return f"arrêté le {date_complete(validation.arretee_le)}, il restera {jours}"

    @admin.display(description="pièces jointes")
    def papiers(self, signalement):
        """Return the papers, each a link that downloads it."""
        return format_html_join(
            "",
            "{}",
            ((self._lien(signalement, piece),) for piece in signalement.pieces.all()),
        )

    def _lien(self, signalement, piece):
        if piece.detruite_le:
            return format_html("<p>Pièce détruite le {}</p>", date_complete(piece.detruite_le))
        adresse = reverse("admin:validation_signalement_piece", args=[signalement.pk, piece.pk])
        return format_html(
            '<p><a href="{}">{} ({}, {})</a></p>',
            adresse,
            piece.nom,
            piece.get_type_display(),
            megaoctets(piece.taille),
        )


@admin.register(PersonneSignalee)
class PersonneSignaleeAdmin(Figee):
    """One reported person: added to the list or refused. Reached from its report."""

    actes = (AJOUTER, REFUSER)
    lue_comme = "personne signalée"
    fields = readonly_fields = [
        "signalement",
        "nom",
        "prenom",
        "date_naissance",
        "ville_naissance",
        "precisions",
        "inscription",
        "refus",
        "effacee_le",
    ]
    list_display = ["nom", "prenom", "signalement", "inscription", "refus"]
    search_fields = ["nom", "prenom", "=signalement__validation__groupe__pk"]
    list_select_related = ["signalement", "inscription__senior"]
    ordering = ["-pk"]
    show_full_result_count = False

    def get_fields(self, request, obj=None):
        """Keep what tells an income for those who may decide about the person (X2)."""
        return _sans_precisions(self.fields, request)

    def get_queryset(self, request):
        """Load the group, whose list the person is to be added to."""
        return super().get_queryset(request).select_related("signalement__validation__groupe__sejour")

    def executer(self, request, un_acte, objet=None):
        """Open the fiche filled with what was reported, and with what is known of the person; note that it was read."""
        if un_acte is not AJOUTER or request.method == "POST" or not _proposee(objet):
            return super().executer(request, un_acte, objet)
        noter(quoi="personne signalée", cle=objet.pk, par=request.user)
        formulaire, remarques = fiche_ouverte(objet.identite, par=request.user, **un_acte.options(objet))
        if objet.precisions:
            remarques.append(f"Précisions reçues : {objet.precisions}")
        return self.page_d_acte(request, un_acte, objet, formulaire, remarques=remarques)

    def _retour(self, request, objet, resultat=None):
        return redirect("admin:validation_signalement_change", objet.signalement_id)


@admin.register(Signalement.pgh_event_model)
class JournalDesSignalements(JournalAdmin):
    """Who reported which list, who answered."""

    nom = "journal des listes non conformes"
    list_display = ["le", "acte", "par", "motif", "pgh_obj", "cote", "repondu_le", "annule_le"]
    list_select_related = ["pgh_obj"]
    search_fields = ["=validation__groupe__pk"]


@admin.register(PersonneSignalee.pgh_event_model)
class JournalDesPersonnesSignalees(JournalAdmin):
    """Who decided about which reported person; the events name keys, never people."""

    nom = "journal des personnes signalées"
    list_display = ["le", "acte", "par", "motif", "signalement", "pgh_obj_id", "inscription_id"]
    list_select_related = ["signalement"]
    search_fields = ["=signalement__validation__groupe__pk"]
