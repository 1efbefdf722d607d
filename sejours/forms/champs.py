"""Fields that several forms of stays and groups share."""

from django import forms

from sev.socle.communes import DEPARTEMENTS
from sev.socle.saisie import DateFrancaiseField

PLACES_MAX = 500
PLACES_DU_SEJOUR_MAX = 5000
TOUS = "Tous"
CHOIX_DEPARTEMENTS = [(code, f"{code} {nom}") for code, nom in DEPARTEMENTS.items()]


class DepartField(DateFrancaiseField):
    """A day on which a stay starts; the example is not a birth date."""

    MESSAGE = "Écrivez la date ainsi : 31/05/2027"


def champ_places(label: str, maximum: int) -> forms.IntegerField:
    """Return a field for a number of places."""
    return forms.IntegerField(
        label=label,
        min_value=1,
        max_value=maximum,
        widget=forms.NumberInput(attrs={"class": "court"}),
        error_messages={
            "required": "Écrivez le nombre de places",
            "invalid": "Écrivez un nombre, en chiffres",
            "min_value": "Il faut au moins une place",
            "max_value": f"Écrivez {maximum} places au plus",
        },
    )
