"""Where a provider is paid, what it looks for among its payments; ANCV's batches (V8)."""

import re

from django import forms
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from stdnum import iban as format_iban
from stdnum.exceptions import ValidationError as NumeroInvalide

from sev.socle.filtres import Filtre, choix_d_annees
from sev.socle.saisie import DateFrancaiseField, TexteField
from validation.documents.ordres import sepa
from validation.versements import Etat, dans_l_etat, nommes

# Countries whose accounts a SEPA transfer reaches (European Payments Council).
PAYS_SEPA = (
    "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS "
    "SE SI SK SM VA"
)


class IbanField(TexteField):
    """An IBAN as it stands on a bank's paper: blanks and case don't matter; returned compact, in capitals."""

    def __init__(self, **kwargs):
        kwargs.setdefault("label", "IBAN")
        super().__init__(
            max_length=60,
            attrs={"spellcheck": "false", "autocapitalize": "characters"},
            error_messages={"required": "Écrivez l'IBAN : il est sur votre relevé d'identité bancaire"},
            **kwargs,
        )

    def clean(self, value):
        iban = re.sub(r"[\s.\-]", "", super().clean(value)).upper()
        if not iban:
            return iban
        if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]+", iban, re.ASCII):
            raise ValidationError("Un IBAN commence par deux lettres et deux chiffres, par exemple FR76")
        if iban[:2] not in PAYS_SEPA.split():
            raise ValidationError("Ce pays n'est pas dans la zone SEPA : l'ANCV ne peut pas y verser d'aide")
        if iban.startswith("FR") and len(iban) != 27:
            raise ValidationError(f"Un IBAN français a 27 caractères, vous en avez écrit {len(iban)}")
        try:
            # The key and the country's form; a country's own list of banks may be older than the bank.
            return format_iban.validate(iban, check_country=False)
        except NumeroInvalide as erreur:
            raise ValidationError(
                "Cet IBAN comporte une erreur : comparez-le avec votre relevé d'identité bancaire"
            ) from erreur


class TitulaireField(TexteField):
    """The holder of an account: a name of which a bank can read something."""

    def __init__(self, **kwargs):
        super().__init__(
            label="Titulaire du compte",
            max_length=70,
            error_messages={"required": "Écrivez le nom du titulaire du compte"},
            **kwargs,
        )

    def clean(self, value):
        titulaire = super().clean(value)
        if titulaire and not re.search("[A-Za-z]", sepa(titulaire, 70)):
            raise ValidationError("Écrivez ce nom avec les lettres de l'alphabet latin")
        return titulaire


class CoordonneesForm(forms.Form):
    """Where to pay; the password is asked again, so that a session left open can't turn the money elsewhere."""

    titulaire = TitulaireField(help_text="Comme sur votre relevé d'identité bancaire.")
    iban = IbanField(help_text="Par exemple FR76 3000 6000 0112 3456 7890 189. Les espaces ne comptent pas.")
    passe_actuel = forms.CharField(
        label="Votre mot de passe",
        strip=False,
        max_length=128,
        help_text="Celui avec lequel vous vous connectez : il confirme que c'est bien vous.",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "class": "moyen"}),
        error_messages={"required": "Écrivez votre mot de passe"},
    )
    use_required_attribute = False

    def __init__(self, request, *args, **kwargs):
        self.request = request
        super().__init__(*args, **kwargs)

    def clean_passe_actuel(self):
        passe = self.cleaned_data.pop("passe_actuel")
        compte = self.request.user
        if authenticate(self.request, username=compte.identifiant, password=passe) is None:
            raise ValidationError("Ce n'est pas votre mot de passe")
        return ""


class FiltreVersements(Filtre):
    """The filters of « Mes versements »."""

    annee = forms.TypedChoiceField(label="Année du séjour", required=False, coerce=int, empty_value=None)
    etat = forms.ChoiceField(label="État", required=False, choices=[("", "Tous"), *Etat.choices])
    recherche = TexteField(
        label="Recherche",
        required=False,
        max_length=120,
        help_text="N° de groupe, équipement, porteur ou référence",
    )

    def __init__(self, *args, annee: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["annee"].choices = choix_d_annees(annee, annee)

    def _mots(self, nom: str, valeur) -> str:
        mots = {"annee": f"Année : {valeur}", "recherche": f"« {valeur} »"}
        return mots.get(nom) or super()._mots(nom, valeur)

    def _garder(self, lignes: QuerySet, nom: str, valeur) -> QuerySet:
        match nom:
            case "annee":
                return lignes.filter(sejour__annee=valeur)
            case "etat":
                return dans_l_etat(lignes, Etat(valeur))
            case _:
                return nommes(lignes, valeur)


# --- ANCV -------------------------------------------------------------------------------------------------


class LotForm(forms.Form):
    """When the bank is asked to pay a batch."""

    execution_le = DateFrancaiseField(
        label="Date d'exécution",
        help_text="Le jour où la banque paiera, par exemple 31/05/2027. Un jour férié est reporté par la banque.",
    )


class PaiementForm(forms.Form):
    """When the bank paid."""

    paye_le = DateFrancaiseField(
        label="Payé le", help_text="La date du relevé de compte, par exemple 31/05/2027."
    )


class DefaireForm(forms.Form):
    """Why a batch is given up, or the record of a return withdrawn."""

    motif = TexteField(label="Motif", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class RejetForm(forms.Form):
    """When, and why, the bank sent a transfer back."""

    rejete_le = DateFrancaiseField(
        label="Rejeté le", help_text="La date du relevé de compte, par exemple 02/06/2027."
    )
    motif = TexteField(
        label="Motif de la banque",
        max_length=300,
        help_text="Par exemple : AC04, compte clos. Le prestataire le lira.",
    )


class CompteDuPrestataireForm(forms.Form):
    """Where ANCV pays a provider whose accounts are closed."""

    titulaire = TitulaireField()
    iban = IbanField()
    motif = TexteField(
        label="Motif",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="D'où vient cet IBAN, et pourquoi vous l'écrivez. Le prestataire le lira.",
    )
    use_required_attribute = False


class PremierCompteForm(CompteDuPrestataireForm):
    """The same, of a provider that never said where it is paid."""

    numero = TexteField(label="N° de convention du prestataire", max_length=30)
    field_order = ("numero", "titulaire", "iban", "motif")
