"""A porteur's request for places on a stay, its refusal, and the searches that one keeps."""

from django import forms

from sejours.forms.champs import PLACES_MAX, champ_places
from sev.socle.saisie import TexteField


class OptionForm(forms.Form):
    """A porteur's request for places on a stay (S3)."""

    places = champ_places("Nombre de places", PLACES_MAX)
    message = TexteField(
        label="Message au prestataire",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Par exemple, les chambres ou l'aide dont vos séniors auront besoin.",
        error_messages={"max_length": "Écrivez 500 caractères au plus"},
    )


class RefusOptionForm(forms.Form):
    """Why a provider refuses an option (S3)."""

    motif = TexteField(
        label="Motif du refus",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Le porteur de projet le lira dans l'e-mail.",
        error_messages={
            "required": "Dites pourquoi au porteur de projet.",
            "max_length": "Écrivez 300 caractères au plus",
        },
    )


class RechercheForm(forms.Form):
    """A name for a search of stays that one keeps (S2)."""

    nom = TexteField(
        label="Nom de la recherche",
        max_length=60,
        help_text="Par exemple : mer en mai",
        error_messages={
            "required": "Donnez un nom à cette recherche",
            "max_length": "Écrivez 60 caractères au plus",
        },
    )
    requete = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput())
