"""What ANCV records in the admin: équipements, offers, stays, pre-registrations."""

from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError

from conventions.models import Convention
from conventions.models.organismes import identifiant_normalise
from conventions.models.programme import Duree
from sejours.forms.champs import CHOIX_DEPARTEMENTS, PLACES_DU_SEJOUR_MAX, PLACES_MAX, champ_places
from sejours.models import Equipement, Groupe
from sev.socle.saisie import CodePostalField, DateFrancaiseField, SommeField, TexteField


class EquipementForm(forms.ModelForm):
    """A provider's holiday village or hotel (S1)."""

    code_postal = CodePostalField(label="Code postal")
    departement = forms.ChoiceField(label="Département", choices=[("", "Choisissez"), *CHOIX_DEPARTEMENTS])

    class Meta:
        model = Equipement
        fields = [
            "prestataire",
            "nom",
            "voie",
            "code_postal",
            "ville",
            "departement",
            "environnement",
            "accessible",
            "accessibilite",
            "telephone",
            "description",
        ]

    def clean_prestataire(self):
        prestataire = self.cleaned_data["prestataire"]
        if prestataire.nature != prestataire.Nature.PRESTATAIRE:
            raise ValidationError("Cet organisme n'est pas un prestataire.")
        return prestataire


class OffreForm(forms.Form):
    """What an équipement sells for a year (S1)."""

    annee = forms.IntegerField(label="Année", min_value=2007, max_value=2100)
    duree = forms.TypedChoiceField(label="Durée", choices=Duree.choices, coerce=int)
    prix = SommeField(label="Prix par personne (€)", max_digits=7, min_value=Decimal("0.01"))


class SejourForm(forms.Form):
    """A stay of an offer: its first day and its places (S1)."""

    debut = DateFrancaiseField(label="Date de début", help_text="Par exemple 31/05/2027")
    places = champ_places("Places", PLACES_DU_SEJOUR_MAX)


class PreinscriptionForm(forms.Form):
    """A porteur's places on a stay (S4)."""

    convention = TexteField(label="N° de convention du porteur", max_length=40)
    places = champ_places("Places", PLACES_MAX)
    type_groupe = forms.ChoiceField(label="Type de groupe", choices=Groupe.Type.choices)

    def clean_convention(self):
        numero = identifiant_normalise(self.cleaned_data["convention"])
        convention = Convention.objects.select_related("organisme").filter(numero=numero).first()
        if convention is None:
            raise ValidationError("Aucune convention active ne porte ce numéro. Vérifiez-le avec le porteur.")
        return convention
