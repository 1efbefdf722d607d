"""What ANCV's staff type in the admin, each form for one operation."""

from datetime import date
from decimal import Decimal

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from conventions.forms.comptes import AdresseField
from conventions.models import Bareme, Compte, Convention, Fermeture, Organisme, Programme
from conventions.models.organismes import identifiant_normalise
from conventions.models.programme import Duree
from sev.socle.saisie import DateFrancaiseField, NomField, PartsField, SommeField, TexteField

ANNEES = range(2007, 2101)


def valider_annee(jour: date) -> None:
    """Refuse a day of a year that no programme will ever have: a slip."""
    if jour.year not in ANNEES:
        raise ValidationError(f"L'année va de {ANNEES[0]} à {ANNEES[-1]} : relisez la date.")


def _montant(label="Montant (€)", **kwargs) -> SommeField:
    return SommeField(label=label, max_digits=9, **kwargs)


def _annee(**kwargs) -> forms.IntegerField:
    return forms.IntegerField(label="Année", min_value=ANNEES[0], max_value=ANNEES[-1], **kwargs)


def _motif(**kwargs) -> TexteField:
    return TexteField(label="Motif", max_length=200, help_text="Il reste dans le journal.", **kwargs)


class ActivationForm(forms.Form):
    """The holder of a convention, and the first credit (C1)."""

    nom = NomField(label="Prénom et nom du titulaire", max_length=100)
    email = AdresseField(help_text="Le lien pour choisir un mot de passe y est envoyé.")
    annee = _annee()
    montant = _montant("Crédits alloués (€)", min_value=Decimal(0), help_text="0 pour un prestataire.")


class AllocationForm(forms.Form):
    """An allotment, named by the number of the convention (C5)."""

    convention = TexteField(label="Numéro de convention", max_length=20)
    annee = _annee()
    montant = _montant(min_value=Decimal("0.01"))
    motif = _motif()

    def clean_convention(self):
        numero = identifiant_normalise(self.cleaned_data["convention"])
        actives = Convention.objects.actives().select_related("organisme")
        convention = actives.filter(numero=numero, organisme__nature="PORTEUR").first()
        if convention is None:
            raise ValidationError("Aucune convention active de porteur ne porte ce numéro.")
        return convention


class MouvementForm(forms.Form):
    """An amount that comes in or goes back, and why."""

    montant = _montant(min_value=Decimal("0.01"))
    motif = _motif()


class ArretForm(forms.Form):
    """Why a convention is stopped: its organisation reads it."""

    motif = TexteField(label="Motif", max_length=200, help_text="L'organisme le reçoit par e-mail.")


class RenouvellementForm(forms.Form):
    """The credit of a year (C1)."""

    annee = _annee()
    montant = _montant("Crédits alloués (€)", min_value=Decimal("0.01"))
    motif = _motif()


class AccordForm(forms.Form):
    """What ANCV gives of what was asked (C8)."""

    montant = _montant("Montant accordé (€)", min_value=Decimal("0.01"))
    reponse = TexteField(
        label="Réponse",
        max_length=300,
        required=False,
        help_text="Facultatif. Le porteur la reçoit par e-mail.",
    )


class RefusForm(forms.Form):
    """Why ANCV gives nothing (C8)."""

    reponse = TexteField(label="Motif du refus", max_length=300, help_text="Le porteur le reçoit par e-mail.")


class AnneeSuivanteForm(forms.Form):
    """The envelope of the year that opens; the rest is copied (P1)."""

    enveloppe = SommeField(label="Enveloppe nationale (€)", max_digits=12, min_value=Decimal(0))


class TarifForm(forms.Form):
    """A tariff: for which stays, at what price, with which aid (P3)."""

    duree = forms.TypedChoiceField(label="Durée", choices=Duree.choices, coerce=int)
    valable_du = DateFrancaiseField(
        label="Pour les séjours à partir du", help_text="Par exemple 01/01/2027", validators=[valider_annee]
    )
    prix = _montant("Prix maximum (€)", min_value=Decimal("0.01"))
    aide = _montant("Aide (€)", min_value=Decimal("0.01"))


class PlafondForm(forms.Form):
    """An income ceiling (P5)."""

    annee_avis = forms.IntegerField(label="Avis d'imposition de", min_value=2006, max_value=2100)
    situation = forms.ChoiceField(label="Situation", choices=Bareme.Situation.choices)
    parts = PartsField(label="Parts")
    plafond = SommeField(label="Plafond (€)", max_digits=8, decimal_places=0, min_value=Decimal(1))


class SuspensionForm(forms.Form):
    """What every page will say while the programme is suspended (P2)."""

    message = TexteField(label="Message", widget=forms.Textarea(attrs={"rows": 4}), max_length=1000)


class CorrectionAdresseForm(forms.Form):
    """The address of somebody whose mailbox is lost."""

    adresse = AdresseField(label="Nouvelle adresse e-mail", help_text="L'ancienne adresse est prévenue.")


class MotifForm(forms.Form):
    """Why something is done."""

    motif = _motif()


class DroitsForm(forms.Form):
    """What a member of ANCV's staff may do (conventions/droits.py)."""

    groups = forms.ModelMultipleChoiceField(
        label="Groupes de droits",
        queryset=Group.objects.order_by("name"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    is_superuser = forms.BooleanField(label="Administrateur", required=False)


class AgentForm(DroitsForm, forms.ModelForm):
    """A new member of ANCV's staff."""

    field_order = ["identifiant", "nom", "email", "groups", "is_superuser"]

    class Meta:
        model = Compte
        fields = ["identifiant", "nom", "email"]

    def clean_identifiant(self):
        return identifiant_normalise(self.cleaned_data["identifiant"])


class OrganismeForm(forms.ModelForm):
    """An organisation; once its nature is chosen, its type still follows it."""

    class Meta:
        model = Organisme
        fields = [
            "nature",
            "nom",
            "type_porteur",
            "telephone",
            "voie",
            "complement",
            "code_postal",
            "ville",
            "departement",
        ]

    def clean(self):
        """Say what the constraint says, which Django leaves out where the nature is only read."""
        donnees = super().clean()
        nature = donnees.get("nature") or self.instance.nature
        if nature and (nature == Organisme.Nature.PORTEUR) != bool(donnees.get("type_porteur")):
            self.add_error("type_porteur", "Un porteur a un type, un prestataire n'en a pas.")
        return donnees


class ConventionForm(forms.ModelForm):
    """A convention before its activation; what follows is done by acts."""

    class Meta:
        model = Convention
        fields = ["organisme", "numero"]

    def clean_numero(self):
        return identifiant_normalise(self.cleaned_data["numero"])


class FermetureForm(forms.ModelForm):
    """A closed season, which touches the year of its programme."""

    class Meta:
        model = Fermeture
        fields = ["debut", "fin"]

    def clean(self):
        """Refuse a season of another year: it would close nothing, or everything."""
        donnees = super().clean()
        debut, fin, annee = donnees.get("debut"), donnees.get("fin"), self.instance.programme_id
        if debut and fin and annee and not (annee - 1 <= debut.year <= annee <= fin.year <= annee + 1):
            raise ValidationError(f"Cette saison ne touche pas l'année {annee}.")
        return donnees


class ProgrammeForm(forms.ModelForm):
    """A year, whose envelope never goes below what is allotted (P1)."""

    annee = _annee()
    enveloppe = SommeField(label="Enveloppe nationale (€)", max_digits=12, min_value=Decimal(0))

    class Meta:
        model = Programme
        fields = [
            "annee",
            "enveloppe",
            "delai_option",
            "aidants_aides",
            "contact_telephone",
            "contact_email",
        ]

    def clean_enveloppe(self):
        enveloppe = self.cleaned_data["enveloppe"]
        if enveloppe < self.instance.alloue:
            raise ValidationError("Des crédits dépassant ce montant sont déjà alloués.")
        return enveloppe
