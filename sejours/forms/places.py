"""What a provider types about a group: its pre-registration, its places, why it is cancelled."""

from django import forms

from sejours.forms.ancv import PreinscriptionForm
from sejours.forms.champs import PLACES_MAX, champ_places
from sejours.models import Groupe
from sev.socle.saisie import TexteField

REPONSE_MAX = 300
MOTIF_MAX = 200


class PreinscrireForm(PreinscriptionForm):
    """A porteur's places on one's stay (S4). `libres`: the places that are neither given nor held."""

    use_required_attribute = False

    # The stay's last group when the page was drawn: by it, the same form sent twice is known.
    vu = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput())

    def __init__(self, *args, libres: int, **kwargs):
        super().__init__(*args, **kwargs)
        convention, places, genre = (self.fields[nom] for nom in ("convention", "places", "type_groupe"))
        convention.help_text = "Par exemple : ancv1234. Majuscules et espaces ne comptent pas."
        convention.error_messages["required"] = "Écrivez le n° de convention du porteur"
        convention.widget.attrs |= {"class": "moyen", "autocomplete": "off"}
        places.label = "Nombre de places"
        places.help_text = _ce_qui_reste(libres)
        genre.widget = forms.RadioSelect(choices=genre.choices)
        genre.error_messages |= dict.fromkeys(("required", "invalid_choice"), "Choisissez le type de groupe")
        genre.aides = {
            Groupe.Type.GROUPE: "Des personnes qui voyagent ensemble.",
            Groupe.Type.INDIVIDUELS: "Des personnes qui s'inscrivent une à une.",
        }


class ReponsePlacesForm(forms.Form):
    """The places that a provider gives a group, as an answer or on its own initiative (S7)."""

    use_required_attribute = False

    places = champ_places("Nombre de places", PLACES_MAX)
    reponse = TexteField(
        label="Message au porteur de projet",
        required=False,
        max_length=REPONSE_MAX,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": f"Écrivez {REPONSE_MAX} caractères au plus"},
    )


class AnnulationForm(forms.Form):
    """Why a group or a stay is cancelled (S8)."""

    use_required_attribute = False

    motif = TexteField(
        label="Motif de l'annulation",
        max_length=MOTIF_MAX,
        help_text="Le porteur de projet le lira.",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Dites pourquoi au porteur de projet.",
            "max_length": f"Écrivez {MOTIF_MAX} caractères au plus",
        },
    )


def _ce_qui_reste(libres: int) -> str:
    if libres < 1:
        return "Il ne reste aucune place libre sur ce séjour."
    if libres == 1:
        return "Il reste une place libre sur ce séjour."
    return f"De 1 à {libres} : c'est ce qui reste sur ce séjour."
