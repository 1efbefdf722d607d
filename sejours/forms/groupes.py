"""The list of groups, and a porteur's request for other places."""

from django import forms
from django.db.models import F, Q

from conventions.models.organismes import identifiant_normalise
from sejours.forms.champs import CHOIX_DEPARTEMENTS, PLACES_MAX, TOUS, champ_places
from sejours.models import Groupe
from sev.socle.filtres import Filtre, choix_d_annees, contient
from sev.socle.saisie import TexteField


class FiltreGroupes(Filtre):
    """The filters of « Liste des groupes par séjour » (S5)."""

    porteur = TexteField(label="Nom du porteur", required=False, max_length=120)
    convention = TexteField(label="N° de convention du porteur", required=False, max_length=40)
    departement = forms.ChoiceField(
        label="Département",
        required=False,
        choices=[("", TOUS), *CHOIX_DEPARTEMENTS],
        help_text="Du porteur ou du séjour",
    )
    annee = forms.TypedChoiceField(
        label="Année d'activité", required=False, coerce=int, empty_value=None, help_text="Celle du séjour"
    )
    prestataire = TexteField(label="Nom du prestataire", required=False, max_length=120)
    annee_offre = forms.TypedChoiceField(
        label="Année de création de l'offre", required=False, coerce=int, empty_value=None
    )
    type_groupe = forms.ChoiceField(
        label="Type de groupe", required=False, choices=[("", TOUS), *Groupe.Type.choices]
    )
    incomplets = forms.BooleanField(label="Afficher les groupes incomplets", required=False)

    def __init__(self, *args, annee: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["annee"].choices = self.fields["annee_offre"].choices = choix_d_annees(annee + 1, annee)

    def _mots(self, nom: str, valeur) -> str:
        if nom == "incomplets":
            return "Groupes incomplets"
        if nom in ("departement", "type_groupe"):
            return dict(self.fields[nom].choices)[valeur]
        return f"{self.fields[nom].label} : {valeur}"

    def _condition(self, nom: str, valeur) -> Q:
        equipement = "sejour__offre__equipement"
        match nom:
            case "porteur":
                return contient(valeur, "porteur__nom")
            case "convention":
                return Q(porteur__convention__numero__contains=identifiant_normalise(valeur))
            case "departement":
                return Q(porteur__departement=valeur) | Q(**{f"{equipement}__departement": valeur})
            case "annee":
                return Q(sejour__annee=valeur)
            case "prestataire":
                return contient(valeur, f"{equipement}__prestataire__nom")
            case "annee_offre":
                return Q(sejour__offre__annee=valeur)
            case "type_groupe":
                return Q(type_groupe=valeur)
            case _:
                return Q(annule_le__isnull=True, inscrits__lt=F("places"))


class DemandePlacesForm(forms.Form):
    """A porteur's request for other places (S7)."""

    places = champ_places("Places souhaitées", PLACES_MAX)
    message = TexteField(
        label="Message au prestataire",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Par exemple, ce que vous aviez convenu.",
        error_messages={"max_length": "Écrivez 1 000 caractères au plus"},
    )
