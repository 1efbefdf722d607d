"""What a provider looks for among its équipements (S1)."""

from django import forms
from django.db.models import Q

from sejours.models import Equipement
from sev.socle.filtres import Filtre, contient
from sev.socle.saisie import TexteField


class FiltreEquipements(Filtre):
    """The filters of the provider's équipements."""

    recherche = TexteField(
        label="Nom", required=False, max_length=120, help_text="De l'équipement ou de la ville"
    )
    environnement = forms.ChoiceField(
        label="Environnement", required=False, choices=[("", "Tous"), *Equipement.Environnement.choices]
    )
    accessible = forms.BooleanField(label="Accessible en fauteuil", required=False)

    def _mots(self, nom: str, valeur) -> str:
        match nom:
            case "recherche":
                return f"« {valeur} »"
            case "accessible":
                return self.fields[nom].label
            case _:
                return super()._mots(nom, valeur)

    def _condition(self, nom: str, valeur) -> Q:
        if nom == "recherche":
            return contient(valeur, "nom", "ville")
        return Q(**{nom: valeur})
