"""A porteur's request for places on a stay, its refusal, what one looks for among options, the searches one keeps."""

from datetime import date

from django import forms
from django.db.models import Q, QuerySet

from sejours.forms.champs import PLACES_MAX, champ_places
from sejours.models import Option
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


class FiltreOptions(forms.Form):
    """The filters of the list of options on the day `le`. A value that makes no sense is said so, and left out."""

    use_required_attribute = False
    etat = forms.ChoiceField(
        label="État",
        required=False,
        choices=[("", "Tous"), *Option.ETATS],
        error_messages={"invalid_choice": "Choisissez une réponse de la liste"},
    )
    recherche = TexteField(label="Nom", required=False, max_length=120)

    def __init__(self, *args, le: date, au_porteur: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.le = le
        autre = "prestataire" if au_porteur else "porteur de projet"
        self.fields["recherche"].help_text = f"Équipement ou {autre}"

    def criteres(self) -> dict[str, str]:
        """Return what is chosen: the name of each valid filter and the words that say it."""
        self.is_valid()
        mots = {"etat": dict(self.fields["etat"].choices).get, "recherche": "« {} »".format}
        return {nom: dire(v) for nom, dire in mots.items() if (v := self.cleaned_data.get(nom))}

    def filtrer(self, options: QuerySet) -> QuerySet:
        """Return the `options` that match every valid filter."""
        self.is_valid()
        if etat := self.cleaned_data.get("etat"):
            options = options.a_l_etat(etat, le=self.le)
        if nom := self.cleaned_data.get("recherche"):
            options = options.filter(_nomme(nom))
        return options


def _nomme(nom: str) -> Q:
    champs = (f"{EQUIPEMENT}__nom", f"{EQUIPEMENT}__prestataire__nom", "porteur__nom")
    condition = Q()
    for champ in champs:
        condition |= Q(**{f"{champ}__unaccent__icontains": nom})
    return condition


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
