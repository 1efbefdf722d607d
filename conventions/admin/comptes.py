"""Organisations, conventions and their activation, accounts."""

from django.contrib import admin

from conventions.admin.fiches import Acte, FicheAdmin
from conventions.forms import (
    ActivationForm,
    AgentForm,
    ConventionForm,
    CorrectionAdresseForm,
    UtilisateurForm,
)
from conventions.models import Compte, Convention, Organisme
from conventions.operations import comptes
from sev.socle.temps import aujourdhui, maintenant


@admin.register(Organisme)
class OrganismeAdmin(FicheAdmin):
    """Porteurs and prestataires; the nature is chosen once."""

    list_display = ["nom", "nature", "type_porteur", "departement", "ville", "convention"]
    list_filter = ["nature", "type_porteur", "departement"]
    list_select_related = ["convention"]
    search_fields = ["nom", "ville", "convention__numero"]

    def get_readonly_fields(self, request, obj=None):
        """Freeze the nature of an organisation that exists."""
        return ["nature"] if obj else []


@admin.register(Convention)
class ConventionAdmin(FicheAdmin):
    """Conventions; « Activer » opens the holder's account, allots the credit and mails the link (C1)."""

    form = ConventionForm
    list_display = ["numero", "organisme", "activee_le", "close_le"]
    list_filter = ["organisme__nature", "activee_le"]
    list_select_related = ["organisme"]
    search_fields = ["numero", "organisme__nom"]
    autocomplete_fields = ["organisme"]
    actes = (
        Acte(
            nom="activer",
            libelle="Activer la convention",
            texte="Le compte du titulaire est ouvert, les crédits de l'année sont alloués, et un e-mail part avec le "
            "lien pour choisir un mot de passe.",
            fait="La convention est activée. L'e-mail part dans la minute.",
            formulaire=ActivationForm,
            initial=lambda convention: {"annee": aujourdhui().year},
            propose=lambda convention: convention.activee_le is None,
            operation=lambda request, convention, donnees: comptes.activer(
                convention=convention, **donnees, par=request.user, le=aujourdhui()
            ),
        ),
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
        "titulaire",
        "role",
        "is_active",
        "last_login",
    ]
    list_filter = ["is_active", "is_staff", "titulaire", "role"]
    list_select_related = ["organisme"]
    search_fields = ["identifiant", "nom", "email", "organisme__nom"]
    filter_horizontal = ["groups"]
    actes = (
        Acte(
            nom="corriger",
            libelle="Corriger le nom ou le rôle",
            texte="Le changement est écrit dans le journal, à votre nom.",
            fait="Le compte est corrigé.",
            formulaire=UtilisateurForm,
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
            operation=lambda request, compte, donnees: comptes.corriger_adresse(
                compte=compte, **donnees, par=request.user, maintenant=maintenant()
            ),
        ),
        Acte(
            nom="lien",
            libelle="Envoyer un lien de mot de passe",
            texte="Un lien pour choisir un mot de passe part à l'adresse du compte, trois fois par heure au plus.",
            fait="Le lien part dans la minute.",
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
            propose=lambda compte: compte.is_active and not compte.titulaire,
            operation=lambda request, compte, donnees: comptes.desactiver(compte=compte, par=request.user),
        ),
        Acte(
            nom="reactiver",
            libelle="Réactiver",
            texte="Cette personne pourra de nouveau se connecter, avec le même mot de passe.",
            fait="Le compte est réactivé.",
            propose=lambda compte: not compte.is_active,
            operation=lambda request, compte, donnees: comptes.reactiver(compte=compte, par=request.user),
        ),
    )
    ajout = Acte(
        nom="agent",
        libelle="Ajouter un membre de l'ANCV",
        texte="Un e-mail part avec le lien pour choisir un mot de passe. Les comptes des organismes, eux, naissent de "
        "l'activation de leur convention et des invitations du titulaire.",
        fait="Le compte est ouvert. L'e-mail part dans la minute.",
        formulaire=AgentForm,
        operation=lambda request, objet, donnees: comptes.creer_agent(**donnees, par=request.user),
    )

    def autorise(self, request, objet) -> bool:
        """Leave staff accounts to superusers: an address or a link would open them."""
        return super().autorise(request, objet) and (request.user.is_superuser or not objet.is_staff)

    def has_add_permission(self, request):
        return request.user.is_superuser

    def get_fields(self, request, obj=None):
        """Show what is known; the rights only for staff."""
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
        return connus + (["is_superuser", "groups"] if obj and obj.is_staff else [])

    def get_readonly_fields(self, request, obj=None):
        """Leave only the rights of staff to be typed, and only by a superuser."""
        champs = self.get_fields(request, obj)
        libres = {"is_superuser", "groups"} if request.user.is_superuser else set()
        return [champ for champ in champs if champ not in libres]
