"""What a porteur asks of its credits: which entries to see, and more of them (C5, C8)."""

from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from conventions.forms.imports import MontantField
from conventions.models import Mouvement
from sev.socle.filtres import Filtre
from sev.socle.saisie import TexteField


class FiltreMouvements(Filtre):
    """The filters of the ledger."""

    annee = forms.TypedChoiceField(label="Année", required=False, coerce=int, empty_value=None)
    nature = forms.ChoiceField(
        label="Nature", required=False, choices=[("", "Toutes"), *Mouvement.Nature.choices]
    )

    def __init__(self, donnees, *, annees: list[int]):
        super().__init__(donnees)
        self.fields["annee"].choices = [("", "Toutes"), *((annee, str(annee)) for annee in annees)]

    def _mots(self, nom: str, valeur) -> str:
        return f"Année {valeur}" if nom == "annee" else super()._mots(nom, valeur)

    def _condition(self, nom: str, valeur) -> Q:
        return Q(credit__programme=valeur) if nom == "annee" else Q(nature=valeur)


class ComplementForm(forms.Form):
    """How much more, and why."""

    montant = MontantField(label="Montant demandé (€)", required=False)
    motif = TexteField(
        label="Motif",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Dites à l'ANCV qui attend, et pour quel séjour. N'écrivez pas le nom des personnes.",
        error_messages={"required": "Dites pourquoi vous en avez besoin"},
    )
    use_required_attribute = False

    def clean_montant(self):
        montant = self.cleaned_data["montant"]
        if montant <= Decimal(0):
            raise ValidationError("Écrivez un montant en euros, par exemple 320")
        return montant
