"""The organisation and its people: the cards of « Mon compte », the colleagues."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from conventions.models import Compte, Organisme
from sev.socle.filtres import Filtre, contient
from sev.socle.saisie import CodePostalField, NomField, TexteField


class AdresseField(forms.EmailField):
    """An e-mail address; the form's hint says what it is for."""

    def __init__(self, **kwargs):
        kwargs.setdefault("label", "Adresse e-mail")
        kwargs.setdefault(
            "error_messages",
            {
                "required": "Écrivez l'adresse e-mail",
                "invalid": "Écrivez une adresse e-mail, par exemple mail@mail.com",
            },
        )
        super().__init__(max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}), **kwargs)


class InformationsForm(forms.Form):
    """The card « Informations » (manual); a provider has no type, only the holder has the e-mail field."""

    nom = TexteField(label="Organisation", max_length=120, attrs={"autocomplete": "organization"})
    telephone = TexteField(
        label="N° de téléphone",
        max_length=20,
        classe="moyen",
        attrs={"autocomplete": "tel", "inputmode": "tel"},
    )
    email = AdresseField(help_text="C'est là que partent tous les e-mails du programme.")
    type_porteur = forms.ChoiceField(
        label="Type du porteur", choices=Organisme.TypePorteur, widget=forms.Select(attrs={"class": "moyen"})
    )
    voie = TexteField(
        label="Nom de la voie",
        max_length=120,
        attrs={"autocomplete": "address-line1"},
        error_messages={"required": "Écrivez le numéro et la rue"},
    )
    complement = TexteField(
        label="Complément d'adresse", max_length=120, required=False, attrs={"autocomplete": "address-line2"}
    )
    code_postal = CodePostalField(label="Code postal")
    ville = TexteField(label="Ville", max_length=80, attrs={"autocomplete": "address-level2"})
    use_required_attribute = False

    def __init__(self, *args, compte, **kwargs):
        super().__init__(*args, **kwargs)
        if not compte.titulaire:
            del self.fields["email"]
        if not compte.est_porteur:
            del self.fields["type_porteur"]

    def clean_telephone(self):
        numero = self.cleaned_data["telephone"]
        if not re.fullmatch(r"\+?[\d .()/-]+", numero) or not 10 <= len(re.sub(r"\D", "", numero)) <= 15:
            raise ValidationError("Écrivez les 10 chiffres, par exemple 04 56 34 22 09")
        return numero


class AdresseForm(forms.Form):
    """The address of a colleague, who is not the one that the programme writes to."""

    email = AdresseField(label="Mon adresse e-mail", help_text="Elle sert à choisir un nouveau mot de passe.")
    use_required_attribute = False


class UtilisateurForm(forms.Form):
    """A colleague's name and what he may do."""

    nom = NomField(
        label="Prénom et nom", max_length=100, error_messages={"required": "Écrivez le prénom et le nom"}
    )
    role = forms.ChoiceField(
        label="Rôle",
        choices=Compte.Role,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez le rôle", "invalid_choice": "Choisissez un des deux rôles"},
    )
    use_required_attribute = False
    role.aides = {
        Compte.Role.GESTIONNAIRE: "Lit et modifie tout ce que vous pouvez modifier.",
        Compte.Role.LECTEUR: "Lit et imprime, sans rien modifier.",
    }


class InvitationForm(UtilisateurForm):
    """Whom to invite."""

    email = AdresseField(help_text="Le lien pour choisir un mot de passe y est envoyé.")
    field_order = ["nom", "email", "role"]


class FiltreUtilisateurs(Filtre):
    """The filters of « Liste des utilisateurs » (C4)."""

    ETATS = {
        "ACTIF": ("Actif", Q(is_active=True, last_login__isnull=False)),
        "INVITE": ("Invité", Q(is_active=True, last_login__isnull=True)),
        "DESACTIVE": ("Désactivé", Q(is_active=False)),
    }

    recherche = TexteField(
        label="Nom",
        required=False,
        max_length=100,
        help_text="De la personne, ou son identifiant, son e-mail",
    )
    role = forms.ChoiceField(label="Rôle", required=False, choices=[("", "Tous"), *Compte.Role.choices])
    etat = forms.ChoiceField(
        label="État", required=False, choices=[("", "Tous"), *((c, mots) for c, (mots, _) in ETATS.items())]
    )

    def _mots(self, nom: str, valeur) -> str:
        return f"« {valeur} »" if nom == "recherche" else super()._mots(nom, valeur)

    def _condition(self, nom: str, valeur) -> Q:
        match nom:
            case "recherche":
                return contient(valeur, "nom", "identifiant", "email")
            case "role":
                return Q(role=valeur)
            case _:
                return self.ETATS[valeur][1]
