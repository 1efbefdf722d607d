"""Organisations, conventions and their activation, accounts and the rights of staff."""

from dataclasses import replace

from django.contrib import admin
from django.contrib.auth.models import Group
from django_otp.plugins.otp_totp.models import TOTPDevice

from conventions import voir_comme
from conventions.admin.fiches import ADMINISTRATEUR, Acte, FicheAdmin, Lien
from conventions.forms import (
    ActivationForm,
    AgentForm,
    ConventionForm,
    CorrectionAdresseForm,
    DroitsForm,
    MotifForm,
    OrganismeForm,
    UtilisateurForm,
)
from conventions.models import Compte, Convention, EvenementSecurite, Organisme, Programme
from conventions.operations import comptes, second_facteur, vues
from sev.socle.admin import LectureAdmin
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import euros


def _voir_comme(request, objet, donnees) -> None:
    """Begin « voir comme » in this session, for the organisation of an account or of a convention."""
    organisme = objet.organisme
    if organisme is None:
        raise vues.VueRefusee("Ce compte n'est celui d'aucun organisme : il n'y a rien à voir.")
    vues.commencer(organisme=organisme, **donnees, par=request.user, maintenant=maintenant())
    voir_comme.ouvrir(request, organisme)


VOIR_COMME = Acte(
    nom="voir-comme",
    libelle="Voir le site comme cet organisme",
    texte="Pendant trente minutes au plus, vous voyez ses pages comme les voit un de ses lecteurs. Vous ne pouvez rien "
    "y changer. Le début, la fin et les documents que vous ouvrez sont écrits dans le journal, à votre nom ; "
    "l'organisme lit le début et le motif dans le sien.",
    fait="",
    formulaire=MotifForm,
    droit=voir_comme.DROIT,
    suite="accueil",
    operation=_voir_comme,
)


@admin.register(Organisme)
class OrganismeAdmin(FicheAdmin):
    """Porteurs and prestataires; the nature is chosen once."""

    form = OrganismeForm
    list_display = ["nom", "nature", "type_porteur", "departement", "ville", "convention"]
    list_filter = ["nature", "type_porteur", "departement"]
    list_select_related = ["convention"]
    search_fields = ["nom", "ville", "convention__numero"]
    search_help_text = "Nom, ville ou numéro de convention."
    ajouter = "Ajouter un organisme"
    liens = (
        Lien(
            "Sa convention",
            "conventions_convention_changelist",
            "conventions.view_convention",
            lambda organisme: {"organisme__exact": organisme.pk},
            propose=lambda organisme: hasattr(organisme, "convention"),
        ),
        Lien(
            "Créer sa convention",
            "conventions_convention_add",
            "conventions.add_convention",
            lambda organisme: {"organisme": organisme.pk},
            propose=lambda organisme: not hasattr(organisme, "convention"),
        ),
        Lien(
            "Comptes",
            "conventions_compte_changelist",
            "conventions.view_compte",
            lambda organisme: {"organisme__exact": organisme.pk},
        ),
    )

    def get_readonly_fields(self, request, obj=None):
        """Freeze the nature of an organisation that exists."""
        return ["nature"] if obj else []


def _avant_d_activer(convention: Convention) -> str:
    """Say what activating does, and what the envelope still holds for a porteur."""
    phrases = [
        "Le compte du titulaire est ouvert, les crédits de l'année sont alloués, et un e-mail part avec le lien pour "
        "choisir un mot de passe."
    ]
    if _d_un_porteur(convention):
        phrases += [
            f"Il reste {euros(p.enveloppe - p.alloue)} à allouer en {p.annee}."
            for p in Programme.objects.filter(annee__gte=aujourdhui().year).order_by("annee")
        ]
    return "\n".join(phrases)


def _d_un_porteur(convention: Convention) -> bool:
    return convention.organisme.nature == "PORTEUR"


@admin.register(Convention)
class ConventionAdmin(FicheAdmin):
    """Conventions; « Activer » opens the holder's account, allots the credit and mails the link (C1)."""

    form = ConventionForm
    list_display = ["numero", "organisme", "activee_le", "close_le"]
    list_filter = ["organisme__nature", "activee_le"]
    list_select_related = ["organisme"]
    search_fields = ["numero", "organisme__nom"]
    search_help_text = "Numéro de convention ou nom de l'organisme."
    liens_offerts = ("organisme__exact",)
    ajouter = "Ajouter une convention"
    autocomplete_fields = ["organisme"]
    liens = (
        Lien(
            "Comptes",
            "conventions_compte_changelist",
            "conventions.view_compte",
            lambda convention: {"organisme__exact": convention.pk},
        ),
        Lien(
            "Crédits",
            "conventions_credit_changelist",
            "conventions.view_credit",
            lambda convention: {"convention__exact": convention.pk},
            propose=_d_un_porteur,
        ),
        Lien(
            "Demandes de complément",
            "conventions_demandecomplement_changelist",
            "conventions.view_demandecomplement",
            lambda convention: {"convention__exact": convention.pk},
            propose=_d_un_porteur,
        ),
        Lien(
            "Décisions importées",
            "conventions_decision_changelist",
            "conventions.view_decision",
            lambda convention: {"convention__exact": convention.pk},
        ),
    )
    actes = (
        Acte(
            nom="activer",
            libelle="Activer la convention",
            texte=_avant_d_activer,
            fait="La convention est activée. L'e-mail part dans la minute.",
            formulaire=ActivationForm,
            droit="conventions.change_convention",
            initial=lambda convention: {"annee": aujourdhui().year},
            propose=lambda convention: convention.activee_le is None,
            operation=lambda request, convention, donnees: comptes.activer(
                convention=convention, **donnees, par=request.user, le=aujourdhui()
            ),
        ),
        replace(VOIR_COMME, propose=lambda convention: convention.activee_le is not None),
    )

    def get_readonly_fields(self, request, obj=None):
        """Freeze what the account already stands on; the rest is done by acts."""
        if obj is None:
            return []
        figes = ["organisme", "activee_le", "suspendue_le", "close_le", "motif"]
        return figes + (["numero"] if obj.activee_le else [])

    def get_fields(self, request, obj=None):
        suites = ["activee_le", "suspendue_le", "close_le", "motif"]
        return ["organisme", "numero", *(suites if obj else [])]


@admin.register(Compte)
class CompteAdmin(FicheAdmin):
    """Accounts: read here, changed by acts. Adding one adds a member of staff."""

    list_display = [
        "identifiant",
        "nom",
        "email",
        "organisme",
        "sa_place",
        "is_active",
    ]
    list_filter = ["is_active", "is_staff", "titulaire", "role"]
    list_select_related = ["organisme"]
    search_fields = ["identifiant", "nom", "email", "organisme__nom"]
    search_help_text = "Identifiant, nom de la personne, adresse e-mail ou organisme."
    liens_offerts = ("organisme__exact",)
    actes = (
        Acte(
            nom="corriger",
            libelle="Corriger le nom ou le rôle",
            texte="Le changement est écrit dans le journal, à votre nom.",
            fait="Le compte est corrigé.",
            formulaire=UtilisateurForm,
            droit="conventions.change_compte",
            initial=lambda compte: {"nom": compte.nom, "role": compte.role},
            operation=lambda request, compte, donnees: comptes.modifier(
                compte=compte, **donnees, par=request.user
            ),
        ),
        Acte(
            nom="adresse",
            libelle="Corriger l'adresse e-mail",
            texte="Vérifiez d'abord que la demande vient bien de l'organisation. L'ancienne adresse est prévenue.",
            fait="L'adresse est changée.",
            formulaire=CorrectionAdresseForm,
            droit="conventions.change_compte",
            operation=lambda request, compte, donnees: comptes.corriger_adresse(
                compte=compte, **donnees, par=request.user, maintenant=maintenant()
            ),
        ),
        Acte(
            nom="lien",
            libelle="Envoyer un lien de mot de passe",
            texte="Un lien pour choisir un mot de passe part à l'adresse du compte, trois fois par heure au plus.",
            fait="Le lien part dans la minute.",
            droit="conventions.change_compte",
            propose=lambda compte: compte.is_active,
            operation=lambda request, compte, donnees: comptes.demander_mot_de_passe(
                identifiant=compte.identifiant, maintenant=maintenant()
            ),
        ),
        Acte(
            nom="titulaire",
            libelle="Nommer titulaire",
            texte="Cette personne devient le titulaire : les e-mails du programme lui sont adressés. L'ancien "
            "titulaire reste gestionnaire.",
            fait="Le titulaire est changé.",
            droit="conventions.change_compte",
            propose=lambda compte: bool(compte.organisme_id and compte.is_active and not compte.titulaire),
            operation=lambda request, compte, donnees: comptes.nommer_titulaire(
                compte=compte, par=request.user
            ),
        ),
        Acte(
            nom="desactiver",
            libelle="Désactiver",
            texte="Cette personne ne pourra plus se connecter, et sa session en cours se ferme.",
            fait="Le compte est désactivé.",
            droit="conventions.change_compte",
            propose=lambda compte: compte.is_active and not compte.titulaire,
            operation=lambda request, compte, donnees: comptes.desactiver(compte=compte, par=request.user),
        ),
        Acte(
            nom="reactiver",
            libelle="Réactiver",
            texte="Cette personne pourra de nouveau se connecter, avec le même mot de passe.",
            fait="Le compte est réactivé.",
            droit="conventions.change_compte",
            propose=lambda compte: not compte.is_active,
            operation=lambda request, compte, donnees: comptes.reactiver(compte=compte, par=request.user),
        ),
        Acte(
            nom="droits",
            libelle="Choisir les droits",
            texte="Gestion : tout, sauf payer. Finances : payer, et lire ce qu'il faut pour cela. Lecture : lire, sans "
            "les revenus. Un administrateur a tous les droits et gère les comptes de l'ANCV.",
            fait="Les droits sont enregistrés.",
            formulaire=DroitsForm,
            droit=ADMINISTRATEUR,
            initial=lambda compte: {"is_superuser": compte.is_superuser, "groups": compte.groups.all()},
            propose=lambda compte: compte.is_staff,
            operation=lambda request, compte, donnees: comptes.accorder_droits(
                compte=compte, **donnees, par=request.user, maintenant=maintenant()
            ),
        ),
        Acte(
            nom="reinitialiser",
            libelle="Réinitialiser la double authentification",
            texte="Pour un collègue qui a perdu son téléphone et ses codes de secours. Assurez-vous de vive voix que "
            "c'est bien lui. Il est prévenu par e-mail, et la règlera de nouveau à sa prochaine connexion.",
            fait="La double authentification est réinitialisée.",
            formulaire=MotifForm,
            droit=ADMINISTRATEUR,
            propose=lambda compte: compte.is_staff and second_facteur.telephone(compte) is not None,
            operation=lambda request, compte, donnees: second_facteur.reinitialiser(
                compte=compte, **donnees, par=request.user, maintenant=maintenant()
            ),
        ),
        replace(VOIR_COMME, propose=lambda compte: compte.organisme_id is not None),
    )
    ajout = Acte(
        nom="agent",
        libelle="Ajouter un membre de l'ANCV",
        texte="Un e-mail part avec le lien pour choisir un mot de passe. Les comptes des organismes, eux, naissent de "
        "l'activation de leur convention et des invitations du titulaire.",
        fait="Le compte est ouvert. L'e-mail part dans la minute.",
        formulaire=AgentForm,
        droit=ADMINISTRATEUR,
        operation=lambda request, objet, donnees: comptes.creer_agent(
            **donnees, par=request.user, maintenant=maintenant()
        ),
    )

    def _permis(self, request, un_acte, objet) -> bool:
        """Leave staff accounts to administrators: an address or a link would open them."""
        return super()._permis(request, un_acte, objet) and (request.user.is_superuser or not objet.is_staff)

    def has_add_permission(self, request):
        return request.user.is_superuser

    def has_change_permission(self, request, obj=None):
        """Leave nothing to type over: what changes an account is an act."""
        return False

    def get_fields(self, request, obj=None):
        """Show what is known; rights and second factor only of staff."""
        connus = [
            "identifiant",
            "nom",
            "email",
            "organisme",
            "titulaire",
            "role",
            "is_active",
            "cree_le",
            "last_login",
        ]
        return connus + (
            ["is_superuser", "groupes", "double_authentification"] if obj and obj.is_staff else []
        )

    @admin.display(description="rôle", ordering="role")
    def sa_place(self, compte):
        """Say what the person is for her organisation, in one word."""
        if compte.is_staff:
            return "ANCV"
        return "Titulaire" if compte.titulaire else compte.get_role_display()

    @admin.display(description="groupes de droits")
    def groupes(self, compte):
        return ", ".join(groupe.name for groupe in compte.groups.all()) or "aucun"

    @admin.display(description="double authentification")
    def double_authentification(self, compte):
        telephone = second_facteur.telephone(compte)
        return (
            f"active, {second_facteur.codes_restants(compte)} codes de secours" if telephone else "à régler"
        )


@admin.register(EvenementSecurite)
class EvenementSecuriteAdmin(LectureAdmin):
    """What was done to the accounts of staff, and seen with their eyes, for ever."""

    list_display = ["le", "nature", "compte", "par", "organisme", "detail", "motif"]
    list_filter = ["nature", ("le", admin.DateFieldListFilter)]
    list_select_related = ["compte", "par", "organisme"]
    search_fields = ["compte__nom", "compte__identifiant", "par__nom", "organisme__nom"]


# The groups are the table of conventions/droits.py, and the keys of telephones are nobody's to read.
admin.site.unregister([Group, TOTPDevice])
