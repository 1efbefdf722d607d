"""Signing in, passwords, and the codes of the second factor."""

import re

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, password_validation
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError

from conventions.models.securite import code_normalise
from conventions.motdepasse import AIDE
from sev.socle.saisie import TexteField
from sev.socle.typographie import quantite


def _passe(label: str, autocomplete: str, **kwargs) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete, "class": "moyen"}),
        **kwargs,
    )


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


class PasseActuelForm(forms.Form):
    """The password of whoever is signed in once more, before what would let somebody else in for good."""

    passe_actuel = _passe(
        "Mot de passe actuel",
        "current-password",
        error_messages={"required": "Écrivez votre mot de passe actuel"},
    )
    use_required_attribute = False

    def __init__(self, request, *args, **kwargs):
        self.request = request
        super().__init__(*args, **kwargs)

    def clean_passe_actuel(self):
        """Refuse a wrong password, which counts as a failed sign-in."""
        passe = self.cleaned_data["passe_actuel"]
        if authenticate(self.request, username=self.request.user.identifiant, password=passe) is None:
            raise ValidationError("Ce n'est pas votre mot de passe actuel.")
        return passe


class MotDePasseForm(PasseActuelForm, ChoixMotDePasseForm):
    """The card « Mot de passe » of the account page."""

    field_order = ["passe_actuel", "passe_nouveau", "passe_confirmation"]

    def __init__(self, request, *args, **kwargs):
        super().__init__(request, request.user, *args, **kwargs)


# --- Second factor: no field of these is ever kept aside (`saisie_sans_secret`), hence « passe » in their names ----


class CodeForm(forms.Form):
    """The six digits that the telephone shows."""

    passe_code = forms.CharField(
        label="Code à 6 chiffres",
        help_text="Celui que l'application de votre téléphone montre en ce moment.",
        max_length=12,
        widget=forms.TextInput(
            attrs={"class": "court", "inputmode": "numeric", "autocomplete": "one-time-code"}
        ),
        error_messages={"required": "Écrivez les 6 chiffres"},
    )
    use_required_attribute = False

    def clean_passe_code(self):
        code = re.sub(r"[\s\u00a0\u202f]", "", self.cleaned_data["passe_code"])
        if not re.fullmatch(r"[0-9]{6}", code):
            raise ValidationError("Il faut 6 chiffres, par exemple 123 456")
        return code


class CodeDeSecoursForm(forms.Form):
    """A recovery code, from the sheet."""

    passe_code = forms.CharField(
        label="Code de secours",
        help_text="16 lettres et chiffres de votre feuille ; majuscules et tirets ne comptent pas.",
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "class": "moyen",
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
            }
        ),
        error_messages={"required": "Écrivez un code de secours"},
    )
    use_required_attribute = False

    def clean_passe_code(self):
        code = code_normalise(self.cleaned_data["passe_code"])
        if not re.fullmatch(r"[A-Z2-7]{16}", code):
            raise ValidationError("Il faut 16 lettres et chiffres, par exemple ABCD-EFGH-2345-67QR")
        return code


class TelephoneForm(PasseActuelForm, CodeForm):
    """Another telephone: its code, and the password."""

    field_order = ["passe_code", "passe_actuel"]
