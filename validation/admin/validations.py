"""ANCV's decisions after a stay: extend a window, answer in a party's place, close, settle disagreements (V4, V6)."""

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils.timezone import localdate

from conventions.admin.fiches import Acte, ParAnnee
from conventions.models import Credit, Organisme
from sejours.admin import Figee
from sejours.models import Equipement, Groupe
from seniors.models import Inscription
from sev.socle.admin import GrandeListe, JournalAdmin
from sev.socle.saisie import MotifField
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import date_complete, euros, quantite
from validation.models import Presence, Validation, Versement
from validation.models.validations import EN_COURS, Phase
from validation.operations.validations import clore_sans_versement, confirmer, prolonger, trancher, valider
from validation.regles import echeance_du_porteur

# --- Forms ------------------------------------------------------------------------------------------------------


class MotifForm(forms.Form):
    """Why ANCV decides: both sides will read it."""

    motif = MotifField("Les deux parties le liront.", max_length=300)


class ProlongationForm(MotifForm):
    """A new last day, and why."""

    jusqu_au = forms.DateField(
        label="Dernier jour, inclus", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    lue = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ["jusqu_au", "motif"]


class PointageForm(MotifForm):
    """Who travelled, out of `personnes`: (key of the registration, label)."""

    presents = forms.TypedMultipleChoiceField(
        label="Personnes parties", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    field_order = ["presents", "motif"]

    def __init__(self, *args, personnes: list[tuple[int, str]], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["presents"].choices = personnes


class DecisionForm(MotifForm):
    """Whether the person travelled, in ANCV's view, and why."""

    venu = forms.TypedChoiceField(
        label="Cette personne",
        choices=[("oui", "est partie"), ("non", "n'est pas partie")],
        coerce=lambda valeur: valeur == "oui",
        widget=forms.RadioSelect,
    )
    motif = MotifField("Les deux parties le liront. N'y écrivez ni nom, ni santé, ni revenu.", max_length=300)
    field_order = ["venu", "motif"]


# --- The list of a validation -------------------------------------------------------------------------------------


def _liste(validation: Validation):
    return validation.groupe.inscriptions.presentes().liste().select_related("presence")


def _selon_prestataire(inscription: Inscription) -> bool | None:
    presence = getattr(inscription, "presence", None)
    return presence and presence.selon_prestataire


def _personnes(validation: Validation) -> list[tuple[int, str]]:
    """Return the lines to tick, each with what decides: eligibility, aid, and the provider's word."""
    return [
        (
            i.pk,
            f"{i.senior}, {i.get_eligibilite_display()}"
            + (f", {euros(i.aide)}" if i.aidee else "")
            + (", absente selon le prestataire" if _selon_prestataire(i) is False else ""),
        )
        for i in _liste(validation)
    ]


def _cochees(validation: Validation) -> dict:
    """Return the ticks that the page opens with: everybody, but those whom the provider said absent (V3)."""
    return {"presents": [i.pk for i in _liste(validation) if _selon_prestataire(i) is not False]}


class Constat:
    """How a list stands: what the page of an answer in a party's place shows before and after."""

    def __init__(self, validation: Validation):
        self.validation = validation

    def __call__(self, resultat) -> dict[str, str]:
        validation = Validation.objects.get(pk=self.validation.pk)
        groupe = self.validation.groupe
        inscriptions = list(_liste(self.validation))
        absents = [i for i in inscriptions if self._dit_absent(i)]
        credit = Credit.objects.filter(convention=groupe.porteur_id, programme=groupe.sejour.annee).first()
        dus = [v.montant for v in Versement.objects.filter(groupe=groupe)]
        return {
            "Dossier": str(validation.phase(aujourdhui()).label),
            "Délai": f"jusqu'au {date_complete(validation.echeance)}",
            "Liste": quantite(len(inscriptions), "personne"),
            "Absents": ", ".join(str(i.senior) for i in absents) or "personne",
            "À verser au prestataire": f"{euros(sum(dus))} ({quantite(len(dus), 'aide')})",
            f"Crédits disponibles du porteur, {groupe.sejour.annee}": (
                euros(credit.disponible) if credit else "pas encore de dotation"
            ),
        }

    def _dit_absent(self, inscription: Inscription) -> bool:
        presence = getattr(inscription, "presence", None)
        if presence is None:
            return False
        return (
            presence.selon_prestataire if presence.selon_porteur is None else presence.selon_porteur
        ) is False


# --- Acts ---------------------------------------------------------------------------------------------------------


def _qui_et_quand(request) -> dict:
    return {"par": request.user, "le": aujourdhui(), "maintenant": maintenant()}


def _phase(validation: Validation) -> Phase:
    return validation.phase(aujourdhui())


def _delai(validation: Validation) -> str:
    if validation.terminee:
        return "Ce dossier est terminé."
    jour = f"{date_complete(validation.echeance)} à minuit"
    if _phase(validation) == Phase.DEPASSEE:
        de_qui = "du porteur de projet" if validation.validee_le else "du prestataire"
        return f"Le délai {de_qui} est passé depuis le {jour}."
    qui = "le porteur de projet" if validation.validee_le else "le prestataire"
    return f"Le délai court jusqu'au {jour} pour {qui}."


def _rendu(validation: Validation) -> str:
    aides = [i.aide for i in validation.groupe.inscriptions.presentes().filter(aide__isnull=False)]
    return (
        f"{_delai(validation)} Clore le dossier rend {quantite(len(aides), 'aide')} ({euros(sum(aides))}) aux crédits "
        "du porteur de projet, où elles servent d'abord ceux qui attendent ; rien n'est versé au prestataire. Les deux "
        "parties reçoivent le motif par e-mail. Une clôture ne se défait pas."
    )


def _texte_du_desaccord(presence: Presence) -> str:
    inscription = presence.inscription
    e = "e" if inscription.senior.civilite == "MME" else ""
    prestataire, porteur = (
        f"{'présent' if venu else 'absent'}{e}"
        for venu in (presence.selon_prestataire, presence.selon_porteur)
    )
    aide = f"Son aide est de {euros(inscription.aide)}." if inscription.aidee else "Sans aide."
    return (
        f"{inscription.senior} : {prestataire} selon le prestataire, {porteur} selon le porteur de projet. {aide} Si "
        "cette personne est partie, son aide est versée au prestataire ; sinon elle revient aux crédits du porteur. "
        "Les deux parties reçoivent le motif par e-mail. Une décision ne se défait pas."
    )


PROLONGER = Acte(
    nom="prolonger",
    libelle="Prolonger…",
    texte=lambda validation: f"{_delai(validation)} Les deux parties reçoivent la nouvelle date par e-mail.",
    fait="Le délai est prolongé. Le porteur et le prestataire sont prévenus par e-mail.",
    formulaire=ProlongationForm,
    initial=lambda validation: {"lue": validation.fenetre},
    propose=lambda validation: _phase(validation) in (Phase.PRESTATAIRE, Phase.PORTEUR, Phase.DEPASSEE),
    operation=lambda request, validation, donnees: prolonger(
        validation=validation, **donnees, **_qui_et_quand(request)
    ),
)
VALIDER = Acte(
    nom="valider",
    libelle="Valider à la place du prestataire…",
    texte=lambda validation: (
        f"{_delai(validation)} Décochez les personnes qui ne sont pas parties. Le porteur de projet, prévenu par "
        f"e-mail, aura ensuite jusqu'au {date_complete(echeance_du_porteur(aujourdhui()))} pour confirmer."
    ),
    fait="La liste est validée. Le porteur est prévenu par e-mail.",
    formulaire=PointageForm,
    options=lambda validation: {"personnes": _personnes(validation)},
    initial=_cochees,
    propose=lambda validation: _phase(validation) == Phase.DEPASSEE and validation.validee_le is None,
    constater=Constat,
    operation=lambda request, validation, donnees: valider(
        groupe=validation.groupe,
        presents=set(donnees["presents"]),
        motif=donnees["motif"],
        **_qui_et_quand(request),
    ),
)
CONFIRMER = Acte(
    nom="confirmer",
    libelle="Confirmer à la place du porteur…",
    texte=lambda validation: (
        f"{_delai(validation)} Décochez les personnes qui ne sont pas parties : la décision de l'ANCV l'emporte. Les "
        "aides des autres sont versées au prestataire. Les deux parties sont prévenues par e-mail. Cela ne se défait "
        "pas."
    ),
    fait="La liste est confirmée. Le porteur et le prestataire sont prévenus par e-mail.",
    formulaire=PointageForm,
    options=lambda validation: {"personnes": _personnes(validation)},
    initial=_cochees,
    propose=lambda validation: _phase(validation) == Phase.DEPASSEE and validation.validee_le is not None,
    constater=Constat,
    operation=lambda request, validation, donnees: confirmer(
        groupe=validation.groupe,
        presents=set(donnees["presents"]),
        motif=donnees["motif"],
        **_qui_et_quand(request),
    ),
)
CLORE = Acte(
    nom="clore",
    libelle="Clore sans versement…",
    texte=_rendu,
    fait="Le dossier est clos sans versement. Le porteur et le prestataire sont prévenus par e-mail.",
    formulaire=MotifForm,
    propose=lambda validation: _phase(validation) == Phase.DEPASSEE,
    operation=lambda request, validation, donnees: clore_sans_versement(
        validation=validation, **donnees, **_qui_et_quand(request)
    ),
)
TRANCHER = Acte(
    nom="trancher",
    libelle="Trancher…",
    texte=_texte_du_desaccord,
    fait="Le désaccord est réglé. Le porteur et le prestataire sont prévenus par e-mail.",
    formulaire=DecisionForm,
    propose=lambda presence: presence.selon_porteur is not None and presence.retenue is None,
    operation=lambda request, presence, donnees: trancher(
        presence=presence, **donnees, **_qui_et_quand(request)
    ),
)


# --- Pages --------------------------------------------------------------------------------------------------------

LITIGE = "LITIGE"


def _disputees() -> Q:
    """Match the files with a disagreement: few, read from their own index, however many files there are."""
    return Q(pk__in=Presence.objects.en_litige().order_by().values("validation"))


class FiltreParPhase(admin.SimpleListFilter):
    """Where the file stands today; unless told otherwise, those that are not over."""

    title = "étape"
    parameter_name = "etape"

    def lookups(self, request, model_admin):
        """Return the phases, and disagreements, which come after the confirmation."""
        return [("TOUTES", "Toutes"), *Phase.choices, (LITIGE, "En désaccord")]

    def choices(self, changelist):
        """Name the default."""
        for rang, choix in enumerate(super().choices(changelist)):
            yield choix | {"display": "En cours"} if rang == 0 else choix

    def queryset(self, request, queryset):
        """Apply the rules of `Validation.phase`, in SQL."""
        le = aujourdhui()
        ouvertes = queryset.ouvertes(le=le)
        match self.value():
            case Phase.PRESTATAIRE:
                return ouvertes.filter(validee_le__isnull=True)
            case Phase.PORTEUR:
                return ouvertes.filter(validee_le__isnull=False)
            case Phase.ARRETEE:
                return queryset.filter(arretee_le__isnull=False)
            case Phase.DEPASSEE:
                return queryset.depassees(le=le)
            case Phase.CONFIRMEE:
                return queryset.filter(confirmee_le__isnull=False)
            case Phase.CLOSE:
                return queryset.filter(close_le__isnull=False)
            case "LITIGE":
                return queryset.filter(_disputees())
            case "TOUTES":
                return queryset
        return queryset.filter(EN_COURS | _disputees())


class ParAnneeDuSejour(ParAnnee):
    """The year in which the group left."""

    debut = "groupe__sejour__debut"


@admin.register(Validation)
class ValidationAdmin(GrandeListe, Figee):
    """The files of past stays: whose turn it is, until when; decided upon when a window has lapsed."""

    creation = "validation.change_validation"
    actes = (VALIDER, CONFIRMER, PROLONGER, CLORE)
    list_display = [
        "numero",
        "etape",
        "derniere_limite",
        "age",
        "litiges",
        "porteur",
        "convention",
        "prestataire",
        "equipement",
        "fin",
    ]
    list_filter = [FiltreParPhase, ParAnneeDuSejour]
    search_help_text = "Numéro de groupe, porteur, équipement, ou prestataire."
    sortable_by = None
    recherche = (
        ("groupe__porteur_id", Organisme.objects.nommes),
        ("groupe__sejour__offre__equipement_id", Equipement.objects.nommes),
        ("groupe__sejour__offre__equipement__prestataire_id", Organisme.objects.nommes),
    )
    ordering = ["ouverte_le", "pk"]
    fields = readonly_fields = [
        "groupe",
        "porteur",
        "prestataire",
        "equipement",
        "fin",
        "etape",
        "ouverte_le",
        "echeance_prestataire",
        "validee_le",
        "validee_par",
        "echeance_porteur",
        "confirmee_le",
        "confirmee_par",
        "arretee_le",
        "jours_restants",
        "depassee_le",
        "close_le",
        "motif_cloture",
        "liste",
    ]

    def get_queryset(self, request):
        """Load what a row, a page and its acts need, with the number of disagreements."""
        return (
            super().get_queryset(request).completes().annotate(litiges=Presence.objects.en_litige().combien())
        )

    def get_object(self, request, object_id, from_field=None):
        """Return the validation, with whether the person may settle its disagreements: its list then leads there."""
        validation = super().get_object(request, object_id, from_field)
        if validation is not None:
            validation.tranche = request.user.has_perm(PresenceAdmin.creation)
        return validation

    @admin.display(description="groupe n°", ordering="pk")
    def numero(self, validation):
        return validation.pk

    @admin.display(description="porteur", ordering="groupe__porteur__nom")
    def porteur(self, validation):
        return validation.groupe.porteur

    @admin.display(description="convention", ordering="groupe__porteur__convention__numero")
    def convention(self, validation):
        return validation.groupe.porteur.convention.numero

    @admin.display(description="prestataire")
    def prestataire(self, validation):
        return validation.groupe.sejour.offre.equipement.prestataire

    @admin.display(description="équipement", ordering="groupe__sejour__offre__equipement__nom")
    def equipement(self, validation):
        return validation.groupe.sejour.offre.equipement

    @admin.display(description="fin du séjour", ordering="groupe__sejour__fin")
    def fin(self, validation):
        return f"{validation.groupe.sejour.fin:%d/%m/%Y}"

    @admin.display(description="étape")
    def etape(self, validation):
        return _phase(validation).label

    @admin.display(description="dernier jour")
    def derniere_limite(self, validation):
        return None if validation.terminee else validation.echeance

    @admin.display(description="âge (jours)", ordering="ouverte_le")
    def age(self, validation):
        return (aujourdhui() - localdate(validation.ouverte_le)).days

    @admin.display(description="désaccords", ordering="litiges")
    def litiges(self, validation):
        return validation.litiges or ""

    @admin.display(description="liste")
    def liste(self, validation):
        lignes = [(inscription, getattr(inscription, "presence", None)) for inscription in _liste(validation)]
        return render_to_string(
            "admin/validation/_liste.html", {"lignes": lignes, "trancher": validation.tranche}
        )


class FiltreDesDesaccords(admin.SimpleListFilter):
    """Those that wait for ANCV, unless told otherwise."""

    title = "désaccord"
    parameter_name = "desaccord"

    def lookups(self, request, model_admin):
        """Return what stands beside the default."""
        return [("REGLES", "Réglés"), ("TOUTES", "Toutes les présences")]

    def choices(self, changelist):
        """Name the default."""
        for rang, choix in enumerate(super().choices(changelist)):
            yield choix | {"display": "À trancher"} if rang == 0 else choix

    def queryset(self, request, queryset):
        """Return the presences of that kind."""
        match self.value():
            case "REGLES":
                return queryset.filter(tranchee__isnull=False)
            case "TOUTES":
                return queryset
        return queryset.en_litige()


@admin.register(Presence)
class PresenceAdmin(GrandeListe, Figee):
    """Who travelled, per each side; disagreements are settled here (V6)."""

    creation = "validation.change_presence"
    actes = (TRANCHER,)
    list_display = [
        "personne",
        "groupe",
        "porteur",
        "prestataire",
        "aide",
        "selon_prestataire",
        "selon_porteur",
        "tranchee",
        "depuis",
    ]
    list_filter = [FiltreDesDesaccords]
    list_select_related = [
        "inscription__senior",
        "validation__groupe__porteur",
        "validation__groupe__sejour__offre__equipement__prestataire",
    ]
    search_help_text = "Numéro de groupe, nom et prénom (leur début suffit), ou porteur."
    colonne_du_numero = "validation_id"
    recherche = (("inscription_id", Inscription.objects.nommees), ("validation_id", Groupe.objects.nommes))
    ordering = ["validation__confirmee_le", "pk"]
    show_full_result_count = False
    fields = readonly_fields = [
        "personne",
        "validation",
        "porteur",
        "prestataire",
        "aide",
        "selon_prestataire",
        "selon_porteur",
        "tranchee",
        "motif",
    ]

    def get_queryset(self, request):
        """Load what a row, a page and its act need."""
        return super().get_queryset(request).select_related(*self.list_select_related)

    @admin.display(description="personne", ordering="inscription__senior__cle_nom")
    def personne(self, presence):
        return presence.inscription.senior

    @admin.display(description="groupe n°", ordering="validation__pk")
    def groupe(self, presence):
        return presence.validation_id

    @admin.display(description="porteur", ordering="validation__groupe__porteur__nom")
    def porteur(self, presence):
        return presence.validation.groupe.porteur

    @admin.display(description="prestataire")
    def prestataire(self, presence):
        return presence.validation.groupe.sejour.offre.equipement.prestataire

    @admin.display(description="aide", ordering="inscription__aide")
    def aide(self, presence):
        aide = presence.inscription.aide
        return "" if aide is None else euros(aide)

    @admin.display(description="confirmée le", ordering="validation__confirmee_le")
    def depuis(self, presence):
        return presence.validation.confirmee_le


@admin.register(Validation.pgh_event_model)
class JournalDesValidations(GrandeListe, JournalAdmin):
    """Who did what about the windows."""

    nom = "journal des validations"
    list_display = [
        "le",
        "acte",
        "par",
        "motif",
        "pgh_obj",
        "echeance_prestataire",
        "validee_le",
        "echeance_porteur",
        "confirmee_le",
        "arretee_le",
        "depassee_le",
        "close_le",
    ]
    list_select_related = ["pgh_obj"]
    search_help_text = "Numéro de groupe, ou porteur."
    colonne_du_numero = "pgh_obj_id"
    recherche = (("pgh_obj_id", Groupe.objects.nommes),)


@admin.register(Presence.pgh_event_model)
class JournalDesPresences(GrandeListe, JournalAdmin):
    """Who said of whom that they travelled."""

    nom = "journal des présences"
    list_display = [
        "le",
        "acte",
        "par",
        "validation",
        "personne",
        "selon_prestataire",
        "selon_porteur",
        "tranchee",
        "motif_de_la_decision",
    ]
    list_select_related = ["validation", "inscription__senior"]
    search_help_text = "Numéro de groupe, ou nom et prénom (leur début suffit)."
    colonne_du_numero = "pgh_obj__validation_id"
    recherche = (("pgh_obj_id", Inscription.objects.nommees),)

    @admin.display(description="personne")
    def personne(self, evenement):
        return evenement.inscription.senior

    @admin.display(description="motif de la décision")
    def motif_de_la_decision(self, evenement):
        return evenement.motif
