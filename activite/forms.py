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


def _annee(demande, annees: list[int], courante: int) -> int:
    """Return the year that is asked for, else the present one, else the last that is known."""
    demandee = demande.get("annee", "")
    if demandee.isascii() and demandee.isdigit() and int(demandee) in annees:
        return int(demandee)
    return courante if courante in annees else annees[0]


def _choix(annees: list[int]) -> list[tuple[int, str]]:
    return [(annee, str(annee)) for annee in annees]


class ActiviteForm(forms.Form):
    """Year, year to compare with, axis, measure drawn, and filters."""

    annee = forms.TypedChoiceField(label="Année", coerce=int, required=False)
    autre = forms.TypedChoiceField(label="Comparée à", coerce=int, required=False)
    axe = forms.ChoiceField(
        choices=[(axe.cle, axe.titre) for axe in AXES.values()], required=False, widget=forms.HiddenInput
    )
    mesure = forms.ChoiceField(
        label="Dessiner et trier", choices=[(mesure, LIBELLES[mesure]) for mesure in MESURES], required=False
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

    def __init__(self, demande, *, annees: list[int], courante: int):
        """Show the defaults as chosen: the present year, the one before it, by month."""
        annee = _annee(demande, annees, courante)
        defauts = {"annee": annee, "autre": annee - 1, "axe": "mois", "mesure": "inscrits"}
        super().__init__(defauts | {cle: valeur for cle, valeur in demande.items() if valeur})
        self.fields["annee"].choices = _choix(annees)
        self.fields["autre"].choices = _choix([*annees, min(annees) - 1])
        self.is_valid()
        self.choisis = defauts | {nom: v for nom, v in self.cleaned_data.items() if v not in (None, "")}

    def filtres(self) -> dict:
        """Return the chosen filters: column → value."""
        return {colonne: self.choisis[champ] for champ, colonne in COLONNES.items() if champ in self.choisis}

    def filtres_dits(self) -> str:
        """Return the chosen filters in words: « type de porteur : Mairie ; durée : 8 jours, 7 nuits »."""
        return " ; ".join(
            f"{champ.label.lower()} : {dict(champ.choices)[self.choisis[nom]]}"
            for nom, champ in self.fields.items()
            if nom in COLONNES and nom in self.choisis
        )


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

    def __init__(self, demande, *, annees: list[int], courante: int):
        """Show the defaults as chosen: the present year, the fullest first."""
        defauts = {"annee": _annee(demande, annees, courante), "q": "", "tri": "taux"}
        super().__init__(defauts | {cle: valeur for cle, valeur in demande.items() if valeur})
        self.fields["annee"].choices = _choix(annees)
        self.is_valid()
        self.choisis = defauts | {nom: v for nom, v in self.cleaned_data.items() if v not in (None, "")}
