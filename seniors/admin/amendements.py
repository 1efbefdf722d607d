"""ANCV's changes to a list, closed or not, from the pages of its group and of its registrations (I6, I15)."""

from uuid import uuid4

from django import forms
from django.contrib import admin

from conventions.admin.fiches import Acte, Lien, ParAnnee
from conventions.models import Credit
from sejours.admin import Figee, Lecture
from sejours.models import Groupe
from seniors.forms import CHAMPS_D_IDENTITE, FicheForm, IdentiteForm, valeurs_de
from seniors.models import Inscription, Senior
from seniors.models.seniors import Identite
from seniors.operations.amendements import ajouter, amender, retirer
from seniors.operations.fiches import COORDONNEES, NOMS_DE_LA_FICHE, Fiche
from seniors.regles.libelles import libelle_decision
from sev.socle.admin import GrandeListe, Rempli
from sev.socle.formulaires import saisie
from sev.socle.lectures import noter
from sev.socle.saisie import MotifField
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import date_lettres, euros, jour_mois_annee, quantite

SEMBLABLES_MAX = 5
FILE_MAX = 20


# --- Forms ----------------------------------------------------------------------------------------------------


class MotifForm(forms.Form):
    """Why a list is amended: the porteur will read it."""

    motif = MotifField("Le porteur le lira.")


class AmendementForm(FicheForm):
    """The porteur's fiche, with what only ANCV decides: that the ceiling is lifted, and why the list changes."""

    derogation = forms.BooleanField(
        label="Lever le plafond de revenu",
        required=False,
        help_text="L'aide est accordée même si le revenu imposable dépasse le plafond.",
    )
    motif = MotifField("Le porteur le lira.")


class AjoutForm(AmendementForm):
    """The second page of an addition, once the person was looked for; `etape` tells it from the first."""

    etape = forms.CharField(widget=forms.HiddenInput, initial="fiche")


# --- Before and after -----------------------------------------------------------------------------------------


class Constat:
    """How a list stands about one person: what the page of an act shows before and after.

    Called a first time before the act, then inside its transaction with what it returned.
    """

    def __init__(self, groupe: Groupe, inscription: Inscription | None = None):
        self.groupe, self.cle = groupe, inscription and inscription.pk
        self.attendaient: dict[int, str] | None = None

    def __call__(self, resultat) -> dict[str, str]:
        if isinstance(resultat, Inscription):
            self.cle = resultat.pk
        groupe = Groupe.objects.select_related("sejour").get(pk=self.groupe.pk)
        annee = groupe.sejour.debut.year
        attendent = self._attendent(groupe, annee)
        lignes = self._personne() | {
            "Liste": f"{quantite(groupe.inscrits, 'inscrit')} sur {quantite(groupe.places, 'place')}",
            f"Crédits {annee}": self._credit(groupe, annee),
            "Attendent une aide": ", ".join(attendent.values()) or "personne",
        }
        if self.attendaient is None:
            self.attendaient = attendent
        elif gagnants := self._gagnants():
            lignes["Gagnent une aide"] = gagnants
        return lignes

    def _personne(self) -> dict[str, str]:
        inscription = (
            Inscription.objects.select_related("senior", "senior_lie__senior").filter(pk=self.cle).first()
        )
        if inscription is None:
            return {"Personne": "", "Éligibilité": "", "Plafond": "", "Aide": ""}
        return {
            "Personne": _identite(inscription.senior),
            "Éligibilité": inscription.get_eligibilite_display(),
            "Plafond": "levé" if inscription.derogation else "celui du programme",
            "Aide": str(libelle_decision(inscription)),
        }

    def _credit(self, groupe: Groupe, annee: int) -> str:
        credit = Credit.objects.filter(convention=groupe.porteur_id, programme=annee).first()
        if credit is None:
            return "pas encore de dotation"
        return f"{euros(credit.disponible)} disponibles sur {euros(credit.alloue)}"

    def _attendent(self, groupe: Groupe, annee: int) -> dict[int, str]:
        """Return those of the porteur's open lists who wait for credit, the first to be served first (C9)."""
        file = Inscription.objects.en_attente_de_credit().a_servir(le=aujourdhui())
        file = file.filter(groupe__porteur=groupe.porteur_id, annee=annee).select_related("senior")
        return {i.pk: f"{i.senior} (groupe n° {i.groupe_id})" for i in file[:FILE_MAX]}

    def _gagnants(self) -> str:
        servies = Inscription.objects.filter(pk__in=self.attendaient, aide__isnull=False).exclude(pk=self.cle)
        return ", ".join(
            f"{i.senior} ({euros(i.aide)}, groupe n° {i.groupe_id})"
            for i in servies.select_related("senior").order_by("inscrite_le", "pk")
        )


def _identite(senior: Senior) -> str:
    return f"{senior}, {date_lettres(senior.date_naissance)}, {senior.ville_naissance}"


# --- Acts -----------------------------------------------------------------------------------------------------


def _modifiable(groupe: Groupe) -> bool:
    return groupe.annule_le is None and groupe.solde_le is None


def _sur_une_liste_modifiable(inscription: Inscription) -> bool:
    return inscription.effacee_le is None and _modifiable(inscription.groupe)


def dites(donnees: dict) -> dict:
    """Return, from the answers of a fiche, what the operations are given: who it is, and what was said of them."""
    fiche = Fiche(**{nom: donnees[nom] for nom in NOMS_DE_LA_FICHE})
    return {
        "identite": Identite(**{nom: donnees[nom] for nom in CHAMPS_D_IDENTITE}),
        "fiche": fiche,
        "derogation": donnees["derogation"],
        "motif": donnees["motif"],
    }


def _qui_et_quand(request) -> dict:
    return {"par": request.user, "le": aujourdhui(), "maintenant": maintenant()}


def _texte(groupe: Groupe) -> str:
    """Say what amending this list means today."""
    if groupe.verrouille(aujourdhui()):
        return (
            f"La liste est close depuis le {groupe.dernier_jour:%d/%m/%Y} au soir : seule l'ANCV la modifie. Le "
            "porteur reçoit le motif par e-mail ; le prestataire, que sa liste imprimée a changé."
        )
    return (
        f"La liste est ouverte jusqu'au {groupe.dernier_jour:%d/%m/%Y} : le porteur peut la modifier lui-même. Les "
        "deux parties sont prévenues par e-mail."
    )


AJOUTER = Acte(
    nom="ajouter-une-personne",
    libelle="Ajouter une personne…",
    droit="seniors.add_inscription",
    texte=_texte,
    fait="La personne est sur la liste. Le porteur et le prestataire sont prévenus par e-mail.",
    formulaire=AjoutForm,
    options=lambda groupe: {"inscrites": groupe.inscriptions.presentes().par_nom(), "le": aujourdhui()},
    propose=_modifiable,
    constater=Constat,
    operation=lambda request, groupe, donnees: ajouter(
        groupe=groupe, jeton=donnees["jeton"], **dites(donnees), **_qui_et_quand(request)
    ),
)
CORRIGER = Acte(
    nom="corriger",
    libelle="Corriger…",
    droit="seniors.change_inscription",
    texte=lambda inscription: _texte(inscription.groupe),
    fait="La fiche est corrigée. Le porteur et le prestataire sont prévenus par e-mail.",
    formulaire=AmendementForm,
    options=lambda inscription: {
        "inscrites": inscription.groupe.inscriptions.presentes().par_nom().exclude(pk=inscription.pk),
        "le": aujourdhui(),
    },
    initial=lambda inscription: valeurs_de(inscription) | {"derogation": inscription.derogation},
    propose=_sur_une_liste_modifiable,
    constater=lambda inscription: Constat(inscription.groupe, inscription),
    operation=lambda request, inscription, donnees: amender(
        inscription=inscription, **dites(donnees), **_qui_et_quand(request)
    ),
)
RETIRER = Acte(
    nom="retirer",
    libelle="Retirer de la liste…",
    droit="seniors.change_inscription",
    texte=lambda inscription: _texte(inscription.groupe),
    fait="La personne n'est plus sur la liste. Le porteur et le prestataire sont prévenus par e-mail.",
    formulaire=MotifForm,
    propose=_sur_une_liste_modifiable,
    constater=lambda inscription: Constat(inscription.groupe, inscription),
    operation=lambda request, inscription, donnees: retirer(
        inscription=inscription, **donnees, **_qui_et_quand(request)
    ),
)
LEVER_LE_PLAFOND = Acte(
    nom="lever-le-plafond",
    libelle="Lever le plafond…",
    droit="seniors.change_inscription",
    texte=lambda inscription: (
        "Le revenu imposable dépasse le plafond : l'aide sera accordée malgré cela, si rien d'autre ne l'empêche. Les "
        "deux parties sont prévenues par e-mail."
    ),
    fait="Le plafond est levé pour cette personne. Le porteur et le prestataire sont prévenus par e-mail.",
    formulaire=MotifForm,
    propose=lambda inscription: (
        _sur_une_liste_modifiable(inscription) and inscription.motif_sans_aide == Inscription.SansAide.PLAFOND
    ),
    constater=lambda inscription: Constat(inscription.groupe, inscription),
    operation=lambda request, inscription, donnees: amender(
        inscription=inscription, fiche=None, derogation=True, **donnees, **_qui_et_quand(request)
    ),
)


# --- Pages ----------------------------------------------------------------------------------------------------


class Inscriptions(Lecture):
    """Registrations, each a link to its page, with the aid or why there is none."""

    model = Inscription

    @admin.display(description="aide")
    def decision(self, inscription):
        if inscription.aide is not None:
            return euros(inscription.aide)
        return f"sans : {inscription.get_motif_sans_aide_display()}"


class InscriptionInline(Inscriptions):
    """The list of a group."""

    verbose_name_plural = "liste"
    fields = readonly_fields = ["naissance", "decision", "plafond_leve"]

    def get_queryset(self, request):
        """Return the list as it stands, in the order of a printed one."""
        return super().get_queryset(request).presentes().liste()

    @admin.display(description="né(e) le")
    def naissance(self, inscription):
        return jour_mois_annee(inscription.senior.date_naissance)

    @admin.display(description="plafond levé")
    def plafond_leve(self, inscription):
        return "oui" if inscription.derogation else ""


class AjoutDUnePersonne:
    """The two pages of « Ajouter une personne… »: who it is (I2), then the fiche, filled with what is known."""

    def executer(self, request, un_acte, objet=None):
        """Ask who it is before anything else; every other act has one page."""
        if un_acte is not AJOUTER or request.POST.get("etape") == "fiche":
            return super().executer(request, un_acte, objet)
        recherche = IdentiteForm(saisie(request), le=aujourdhui())
        if not recherche.is_valid():
            return self.page_d_acte(request, un_acte, objet, recherche)
        formulaire, remarques = fiche_ouverte(
            recherche.identite(), par=request.user, **un_acte.options(objet)
        )
        return self.page_d_acte(request, un_acte, objet, formulaire, remarques=remarques)


def fiche_ouverte(identite: Identite, *, par, **options) -> tuple[AjoutForm, list[str]]:
    """Return the fiche of an addition, filled with what is known of the person, and what was found in words.

    That somebody's coordinates were read is noted (X2).
    """
    connue = Senior.objects.de_meme_identite(identite).first()
    valeurs = {nom: getattr(identite, nom) for nom in CHAMPS_D_IDENTITE}
    if connue:
        noter(quoi="sénior", cle=connue.pk, par=par)
        valeurs |= {nom: getattr(connue, nom) for nom in COORDONNEES}
    formulaire = AjoutForm(initial={**valeurs, "jeton": uuid4(), "etape": "fiche"}, **options)
    return formulaire, _trouvees(identite, connue)


def _trouvees(identite: Identite, connue: Senior | None) -> list[str]:
    """Say whether the person is known, else which near spellings are (I2): name, birth and place only."""
    if connue:
        return [f"Personne connue : {_identite(connue)}. Ses coordonnées sont reprises ci-dessous."]
    semblables = Senior.objects.semblables(identite)[:SEMBLABLES_MAX]
    return ["Nouvelle personne : personne de connu ne porte exactement cette identité."] + [
        f"Est-ce la même personne ? {_identite(senior)}. Si oui, écrivez son identité ainsi."
        for senior in semblables
    ]


@admin.register(Inscription)
class InscriptionAdmin(GrandeListe, Figee):
    """Who is on which list, with what was decided. Opening a page is noted: it says incomes and health (X2)."""

    list_display = ["senior", "groupe", "porteur", "debut", "eligibilite", "aide", "motif_sans_aide"]
    list_filter = [ParAnnee, "eligibilite", "motif_sans_aide", ("effacee_le", Rempli)]
    list_select_related = ["senior", "groupe__porteur"]
    search_help_text = "Numéro de groupe, nom et prénom (leur début suffit), ou porteur."
    colonne_du_numero = "groupe_id"
    recherche = (("senior_id", Senior.objects.nommes), ("groupe_id", Groupe.objects.nommes))
    ordering = ["-pk"]
    actes = (CORRIGER, RETIRER, LEVER_LE_PLAFOND)
    lue_comme = "inscription"
    liens = (
        Lien(
            "Ses mouvements de crédit",
            "conventions_mouvement_changelist",
            "conventions.view_mouvement",
            lambda inscription: {"q": inscription.pk},
        ),
    )
    REVENUS = ("rfr", "rfr_confidentiel", "revenu_imposable", "parts", "situation")

    def get_fields(self, request, obj=None):
        """Show everything; incomes only to those who may correct them."""
        return [
            "groupe",
            "porteur",
            "senior",
            "naissance",
            "adresse",
            "adresse_a_verifier",
            "debut",
            "fin",
            "eligibilite",
            "nature_aidant",
            "senior_lie",
            "handicape",
            "dependant",
            *(self.REVENUS if request.user.has_perm("seniors.change_inscription") else ()),
            "derogation",
            "avec_conjoint",
            "conjoint",
            "chambre_individuelle",
            "regroupement",
            "commentaires",
            "decision",
            "inscrite_le",
            "modifiee_le",
            "effacee_le",
        ]

    get_readonly_fields = get_fields

    def get_ordering(self, request):
        """Sort a year by departure: it is then read where it stands, not from the last registration back to it."""
        return ["-debut", "-pk"] if ParAnnee.parameter_name in request.GET else self.ordering

    def get_queryset(self, request):
        """Load what a page and its acts need."""
        return (
            super()
            .get_queryset(request)
            .select_related(
                "senior", "senior_lie__senior", "conjoint__senior", "groupe__porteur", "groupe__sejour"
            )
        )

    def executer(self, request, un_acte, objet=None):
        """Note that the fiche was read, with its incomes, when an act opens it."""
        if un_acte is CORRIGER:
            noter(quoi="inscription", cle=objet.pk, par=request.user)
        return super().executer(request, un_acte, objet)

    @admin.display(description="porteur", ordering="groupe__porteur__nom")
    def porteur(self, inscription):
        return inscription.groupe.porteur

    @admin.display(description="naissance")
    def naissance(self, inscription):
        return f"{date_lettres(inscription.senior.date_naissance)}, {inscription.senior.ville_naissance}"

    @admin.display(description="adresse")
    def adresse(self, inscription):
        senior = inscription.senior
        lignes = (senior.adresse, senior.complement, f"{senior.code_postal} {senior.ville}")
        return ", ".join(ligne for ligne in lignes if ligne)

    @admin.display(description="adresse à vérifier")
    def adresse_a_verifier(self, inscription):
        """Say what is odd in the address (I17), which was taken as it is."""
        return " ".join(inscription.senior.adresse_postale.anomalies)

    @admin.display(description="aide")
    def decision(self, inscription):
        return libelle_decision(inscription)
