"""ANCV's admin of équipements, offers, stays and groups. Each is made from the page of what it belongs to."""

from django.contrib import admin

from conventions.admin.fiches import Acte, FicheAdmin, Lien, ParAnnee
from conventions.models import Organisme
from sejours.forms import EquipementForm, OffreForm, PreinscriptionForm, SejourForm
from sejours.models import DemandePlaces, Equipement, Groupe, Offre, Option, Sejour
from sejours.operations.groupes import preinscrire
from sejours.operations.offres import creer_offre, publier_sejour
from sev.socle.admin import GrandeListe, JournalAdmin, LectureAdmin, LectureSeule, Rempli
from sev.socle.temps import aujourdhui
from sev.socle.typographie import euros


class Lecture(LectureSeule, admin.TabularInline):
    """What belongs to the object, as links."""

    extra = 0
    show_change_link = True


class OffreInline(Lecture):
    model = Offre
    fields = readonly_fields = ["annee", "duree", "prix_par_personne"]

    @admin.display(description="prix par personne")
    def prix_par_personne(self, offre):
        return euros(offre.prix)


class SejourInline(Lecture):
    model = Sejour
    fields = readonly_fields = ["debut", "fin", "places", "places_prises", "annule_le"]


class GroupeInline(Lecture):
    model = Groupe
    fields = readonly_fields = [
        "porteur",
        "type_groupe",
        "places",
        "inscrits",
        "dernier_jour",
        "annule_le",
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("porteur")


class Figee(FicheAdmin):
    """A page that is only read, whose acts make what belongs to the object."""

    creation = ""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def autorise(self, request, objet) -> bool:
        """Allow the acts to whoever may add what they make."""
        return request.user.has_perm(self.creation)


@admin.register(Equipement)
class EquipementAdmin(FicheAdmin):
    """A provider's holiday villages and hotels; offers are added from here."""

    form = EquipementForm
    list_display = ["nom", "prestataire", "ville", "departement", "environnement", "accessible"]
    list_filter = ["environnement", "accessible", "departement"]
    list_select_related = ["prestataire"]
    search_fields = ["nom", "ville", "prestataire__nom", "prestataire__convention__numero"]
    search_help_text = "Nom de l'équipement, ville, prestataire ou numéro de convention."
    liens_offerts = ("prestataire__exact",)
    ajouter = "Ajouter un équipement"
    autocomplete_fields = ["prestataire"]
    inlines = [OffreInline]
    liens = (
        Lien(
            "Séjours",
            "sejours_sejour_changelist",
            "sejours.view_sejour",
            lambda equipement: {"q": equipement.nom},
        ),
    )
    actes = (
        Acte(
            nom="offre",
            libelle="Ajouter une offre",
            texte="Une durée et un prix par personne, pour une année, dans la limite du prix maximum du programme.",
            fait="L'offre est créée.",
            formulaire=OffreForm,
            droit="sejours.add_offre",
            initial=lambda equipement: {"annee": aujourdhui().year},
            operation=lambda request, equipement, donnees: creer_offre(
                equipement=equipement, **donnees, par=request.user, le=aujourdhui()
            ),
        ),
    )

    def get_readonly_fields(self, request, obj=None):
        """Freeze the provider of an équipement that exists."""
        return ["prestataire"] if obj else []


@admin.register(Offre)
class OffreAdmin(Figee):
    """Offers; stays are published from here."""

    creation = "sejours.add_sejour"
    list_display = ["equipement", "prestataire", "annee", "duree", "prix"]
    list_filter = ["annee", "duree"]
    list_select_related = ["equipement__prestataire"]
    search_fields = ["equipement__nom", "equipement__ville", "equipement__prestataire__nom"]
    search_help_text = "Nom de l'équipement, ville ou prestataire."
    inlines = [SejourInline]
    actes = (
        Acte(
            nom="sejour",
            libelle="Publier un séjour",
            texte="La date de fin suit la durée de l'offre. Les saisons fermées sont refusées.",
            fait="Le séjour est publié.",
            formulaire=SejourForm,
            droit="sejours.add_sejour",
            operation=lambda request, offre, donnees: publier_sejour(
                offre=offre, **donnees, par=request.user, le=aujourdhui()
            ),
        ),
    )

    @admin.display(description="prestataire", ordering="equipement__prestataire__nom")
    def prestataire(self, offre):
        return offre.equipement.prestataire


@admin.register(Sejour)
class SejourAdmin(Figee):
    """Stays; groups are pre-registered from here."""

    creation = "sejours.add_groupe"
    list_display = ["equipement", "debut", "fin", "places", "places_prises", "annule_le"]
    list_filter = [ParAnnee, "offre__duree", "offre__equipement__environnement"]
    list_select_related = ["offre__equipement"]
    search_fields = ["offre__equipement__nom", "offre__equipement__prestataire__nom"]
    search_help_text = "Nom de l'équipement ou du prestataire."
    ordering = ["-debut", "-pk"]
    inlines = [GroupeInline]
    actes = (
        Acte(
            nom="groupe",
            libelle="Pré-inscrire un groupe",
            texte="Des places pour un porteur de projet. Il reçoit un e-mail, et la liste s'ouvre.",
            fait="Le groupe est pré-inscrit. Le porteur est prévenu par e-mail.",
            formulaire=PreinscriptionForm,
            droit="sejours.add_groupe",
            propose=lambda sejour: sejour.annule_le is None,
            operation=lambda request, sejour, donnees: preinscrire(
                sejour=sejour, **donnees, par=request.user, le=aujourdhui()
            ),
        ),
    )

    @admin.display(description="équipement", ordering="offre__equipement__nom")
    def equipement(self, sejour):
        return sejour.offre.equipement


class ParAnneeDuSejour(ParAnnee):
    """The year in which the group leaves."""

    debut = "sejour__debut"


@admin.register(Groupe)
class GroupeAdmin(GrandeListe, Figee):
    """Groups, as they are: made from their stay, filled by their porteur."""

    list_display = [
        "numero",
        "porteur",
        "convention",
        "equipement",
        "debut",
        "remplissage",
        "dernier_jour",
    ]
    list_filter = [
        ParAnneeDuSejour,
        "type_groupe",
        ("verrouille_le", Rempli),
        ("annule_le", Rempli),
    ]
    list_select_related = ["porteur__convention", "sejour__offre__equipement"]
    search_help_text = "Numéro de groupe, porteur, ou équipement."
    liens_offerts = ("porteur__exact",)
    sortable_by = None
    recherche = (
        ("porteur_id", Organisme.objects.nommes),
        ("sejour__offre__equipement_id", Equipement.objects.nommes),
    )

    @admin.display(description="n°", ordering="pk")
    def numero(self, groupe):
        return groupe.pk

    @admin.display(description="convention", ordering="porteur__convention__numero")
    def convention(self, groupe):
        return groupe.porteur.convention.numero

    @admin.display(description="équipement", ordering="sejour__offre__equipement__nom")
    def equipement(self, groupe):
        return groupe.sejour.offre.equipement

    @admin.display(description="inscrits / places", ordering="inscrits")
    def remplissage(self, groupe):
        return f"{groupe.inscrits}/{groupe.places}"

    @admin.display(description="début", ordering="sejour__debut")
    def debut(self, groupe):
        return groupe.sejour.debut


class FiltreParEtat(admin.SimpleListFilter):
    """Where an option stands today, a lapse that the clock has not recorded yet included (S3)."""

    title = "état"
    parameter_name = "etat"

    def lookups(self, request, model_admin):
        """Return the states."""
        return Option.ETATS

    def queryset(self, request, queryset):
        """Return the options at the chosen state; all of them when it is none of the list."""
        connu = self.value() in dict(Option.ETATS)
        return queryset.a_l_etat(self.value(), le=aujourdhui()) if connu else queryset


@admin.register(Option)
class OptionAdmin(GrandeListe, LectureAdmin):
    """What the porteurs asked of the providers, and what became of it (S3): both decide on their own pages."""

    list_display = ["sejour", "porteur", "etat", "places", "echeance"]
    list_filter = [FiltreParEtat, ParAnneeDuSejour]
    list_select_related = ["porteur", "sejour__offre__equipement"]
    search_help_text = "Numéro de séjour, porteur, équipement ou prestataire."
    ordering = ["-pk"]
    colonne_du_numero = "sejour_id"
    recherche = (
        ("porteur_id", Organisme.objects.nommes),
        ("sejour__offre__equipement_id", Equipement.objects.nommes),
        ("sejour__offre__equipement__prestataire_id", Organisme.objects.nommes),
    )
    fields = readonly_fields = [
        "sejour",
        "porteur",
        "places",
        "message",
        "auteur",
        "posee_le",
        "echeance",
        "etat",
        "decidee_le",
        "motif",
        "groupe",
    ]

    @admin.display(description="état")
    def etat(self, option):
        return option.etat(aujourdhui())


@admin.register(DemandePlaces)
class DemandePlacesAdmin(LectureAdmin):
    """What the porteurs asked the providers."""

    list_display = ["groupe", "places", "message", "auteur", "faite_le"]
    list_filter = ["faite_le"]
    list_select_related = ["groupe", "auteur"]
    search_fields = ["=groupe__pk", "groupe__porteur__nom", "auteur__nom"]


@admin.register(Groupe.pgh_event_model)
class JournalDesGroupes(GrandeListe, JournalAdmin):
    """Who did what on the groups."""

    nom = "journal des groupes"
    list_display = [
        "le",
        "acte",
        "par",
        "pgh_obj",
        "porteur",
        "places",
        "dernier_jour",
        "verrouille_le",
        "annule_le",
    ]
    list_select_related = ["pgh_obj", "porteur"]
    search_help_text = "Numéro de groupe, ou porteur."
    colonne_du_numero = "pgh_obj_id"
    recherche = (("porteur_id", Organisme.objects.nommes),)
