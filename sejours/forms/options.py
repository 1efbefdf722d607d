"""A porteur's request for places on a stay, its refusal, what one looks for among options, the searches one keeps."""

from datetime import date

from django import forms
from django.db.models import Q, QuerySet

from sejours.forms.champs import PLACES_MAX, champ_places
from sejours.models import Option
from sev.socle.filtres import Filtre, contient
from sev.socle.saisie import TexteField

EQUIPEMENT = "sejour__offre__equipement"


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


class FiltreOptions(Filtre):
    """The filters of the list of options on the day `le`."""

    etat = forms.ChoiceField(
        label="État",
        required=False,
        choices=[("", "Tous"), *Option.ETATS],
    )
    recherche = TexteField(label="Nom", required=False, max_length=120)

    def __init__(self, *args, le: date, au_porteur: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.le = le
        autre = "prestataire" if au_porteur else "porteur de projet"
        self.fields["recherche"].help_text = f"Équipement ou {autre}"

    def _mots(self, nom: str, valeur) -> str:
        return super()._mots(nom, valeur) if nom == "etat" else f"« {valeur} »"

    def _garder(self, lignes: QuerySet, nom: str, valeur) -> QuerySet:
        if nom == "etat":
            return lignes.a_l_etat(valeur, le=self.le)
        return super()._garder(lignes, nom, valeur)

    def _condition(self, nom: str, valeur) -> Q:
        return contient(valeur, f"{EQUIPEMENT}__nom", f"{EQUIPEMENT}__prestataire__nom", "porteur__nom")


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
