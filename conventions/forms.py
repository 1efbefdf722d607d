"""What people type about themselves: sign-in, passwords, organisation, colleagues."""

import re

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, password_validation
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError

from conventions.models import Compte, Organisme
from conventions.motdepasse import AIDE
from sev.socle.saisie import CodePostalField, NomField, TexteField
from sev.socle.typographie import quantite


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
        super().__init__(widget=forms.EmailInput(attrs={"autocomplete": "email"}), **kwargs)


def _passe(label: str, autocomplete: str, **kwargs) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete, "class": "moyen"}),
        **kwargs,
    )


# --- Signing in ---------------------------------------------------------------------------------------------


class ConnexionForm(AuthenticationForm):
    """Number and password; the refusal is the same for an unknown number (C2)."""

    use_required_attribute = False

    def __init__(self, request, *args, **kwargs):
        super().__init__(request, *args, **kwargs)
        numero, passe = self.fields["username"], self.fields["password"]
        numero.label = "Numéro de convention"
        numero.help_text = "Ou l'identifiant reçu dans votre invitation."
        numero.error_messages = {"required": "Écrivez votre numéro de convention"}
        numero.widget.attrs.update(
            {"class": "moyen", "spellcheck": "false", "autofocus": False, "autocapitalize": "none"}
        )
        passe.error_messages = {"required": "Écrivez votre mot de passe"}
        passe.widget.attrs["class"] = "moyen"

    def get_invalid_login_error(self):
        """Say how many tries are left before the pause."""
        faits = getattr(self.request, "axes_failures_since_start", None) or 0
        reste = max(settings.AXES_FAILURE_LIMIT - faits, 0)
        return ValidationError(
            "Numéro de convention ou mot de passe inexact. "
            f"Il reste {quantite(reste, 'essai')} avant une pause de 15 minutes.",
            code="invalid_login",
        )


class OubliForm(forms.Form):
    """Whose password is forgotten."""

    identifiant = TexteField(
        label="Numéro de convention",
        help_text="Ou l'identifiant reçu dans votre invitation.",
        max_length=60,
        classe="moyen",
        attrs={"autocomplete": "username", "spellcheck": "false"},
        error_messages={"required": "Écrivez votre numéro de convention"},
    )
    use_required_attribute = False


class ChoixMotDePasseForm(forms.Form):
    """A new password, twice."""

    passe_nouveau = _passe(
        "Nouveau mot de passe",
        "new-password",
        help_text=AIDE,
        error_messages={"required": "Écrivez le nouveau mot de passe"},
    )
    passe_confirmation = _passe(
        "Confirmation",
        "new-password",
        help_text="Le même, une seconde fois.",
        error_messages={"required": "Écrivez le mot de passe une seconde fois"},
    )

    use_required_attribute = False

    def __init__(self, compte, *args, **kwargs):
        self.compte = compte
        super().__init__(*args, **kwargs)

    def clean_passe_nouveau(self):
        passe = self.cleaned_data["passe_nouveau"]
        password_validation.validate_password(passe, self.compte)
        return passe

    def clean(self):
        nouveau, confirmation = map(self.cleaned_data.get, ("passe_nouveau", "passe_confirmation"))
        if nouveau and confirmation and nouveau != confirmation:
            self.add_error("passe_confirmation", "Les deux mots de passe sont différents.")
        return self.cleaned_data


class MotDePasseForm(ChoixMotDePasseForm):
    """The card « Mot de passe » of the account page; a wrong current password counts as a failed sign-in."""

    passe_actuel = _passe(
        "Mot de passe actuel",
        "current-password",
        error_messages={"required": "Écrivez votre mot de passe actuel"},
    )
    field_order = ["passe_actuel", "passe_nouveau", "passe_confirmation"]

    def __init__(self, request, *args, **kwargs):
        self.request = request
        super().__init__(request.user, *args, **kwargs)

    def clean_passe_actuel(self):
        passe = self.cleaned_data["passe_actuel"]
        if authenticate(self.request, username=self.compte.identifiant, password=passe) is None:
            raise ValidationError("Ce n'est pas votre mot de passe actuel.")
        return passe


# --- The organisation and its people --------------------------------------------------------------------------


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
