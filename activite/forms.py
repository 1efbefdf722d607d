"""What staff choose on the pages of the activity. All of it is optional: what can't be read is the default."""

from django import forms

from activite.models import MESURES
from activite.tableaux import AXES, LIBELLES
from conventions.models import Organisme
from conventions.models.programme import Duree
from sejours.models import Equipement
from seniors.models import Inscription
from sev.socle.communes import DEPARTEMENTS

TOUT = [("", "Tous")]
DEPARTEMENTS_NOMMES = TOUT + [(code, f"{code} {nom}") for code, nom in DEPARTEMENTS.items()]
# Field of the page → column of the cells.
COLONNES = {
    "type_porteur": "type_porteur",
    "environnement": "environnement",
    "duree": "duree",
    "eligibilite": "eligibilite",
    "dep_sejour": "departement_equipement",
    "dep_porteur": "departement_porteur",
}


class ActiviteForm(forms.Form):
    """Year, year to compare with, axis, measure drawn, and filters."""

    annee = forms.TypedChoiceField(label="Année", coerce=int, required=False)
    autre = forms.TypedChoiceField(label="Comparée à", coerce=int, required=False)
    axe = forms.ChoiceField(
        label="Selon", choices=[(axe.cle, axe.titre) for axe in AXES.values()], required=False
    )
    mesure = forms.ChoiceField(
        label="Dessiner", choices=[(mesure, LIBELLES[mesure]) for mesure in MESURES], required=False
    )
    type_porteur = forms.ChoiceField(
        label="Type de porteur", choices=TOUT + Organisme.TypePorteur.choices, required=False
    )
    environnement = forms.ChoiceField(
        label="Environnement", choices=TOUT + Equipement.Environnement.choices, required=False
    )
    duree = forms.TypedChoiceField(label="Durée", choices=TOUT + Duree.choices, coerce=int, required=False)
    eligibilite = forms.ChoiceField(
        label="Éligibilité", choices=TOUT + Inscription.Eligibilite.choices, required=False
    )
    dep_sejour = forms.ChoiceField(label="Département du séjour", choices=DEPARTEMENTS_NOMMES, required=False)
    dep_porteur = forms.ChoiceField(
        label="Département du porteur", choices=DEPARTEMENTS_NOMMES, required=False
    )

    def __init__(self, *args, annees: list[int], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["annee"].choices = self.fields["autre"].choices = [(a, str(a)) for a in annees]

    def choix(self, nom: str, defaut):
        """Return what was chosen, or `defaut`."""
        self.is_valid()
        valeur = self.cleaned_data.get(nom)
        return defaut if valeur in (None, "") else valeur

    def filtres(self) -> dict:
        """Return the chosen filters: column → value."""
        choisis = {colonne: self.choix(champ, None) for champ, colonne in COLONNES.items()}
        return {colonne: valeur for colonne, valeur in choisis.items() if valeur is not None}


class OccupationForm(forms.Form):
    """Year, words of the provider's name or number, order."""

    TRIS = (
        ("taux", "Les plus remplis"),
        ("-taux", "Les moins remplis"),
        ("nom", "Nom"),
        ("offertes", "Places offertes"),
    )
    ORDRES = {
        "taux": ("-taux", "nom"),
        "-taux": ("taux", "nom"),
        "nom": ("nom",),
        "offertes": ("-offertes", "nom"),
    }

    annee = forms.TypedChoiceField(label="Année", coerce=int, required=False)
    q = forms.CharField(label="Prestataire ou n° de convention", max_length=80, required=False)
    tri = forms.ChoiceField(label="Trier par", choices=TRIS, required=False)

    def __init__(self, *args, annees: list[int], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["annee"].choices = [(a, str(a)) for a in annees]

    def choix(self, nom: str, defaut):
        """Return what was chosen, or `defaut`."""
        self.is_valid()
        valeur = self.cleaned_data.get(nom)
        return defaut if valeur in (None, "") else valeur
