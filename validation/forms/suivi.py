"""The filters of « Séjours passés à valider »."""

from django import forms
from django.db.models import Q

from conventions.models import Compte
from sev.socle.filtres import Filtre, choix_d_annees, contient
from sev.socle.saisie import TexteField
from validation.suivi import Situation

EQUIPEMENT = "sejour__offre__equipement"


class FiltreValidations(Filtre):
    """What one looks for among the past stays; without an answer about it, those that one has to deal with."""

    permanents = ("situation",)

    situation = forms.ChoiceField(
        label="Où en est la liste",
        required=False,
        choices=[*Situation.choices, ("", "Tous les séjours passés")],
    )
    recherche = TexteField(label="N° de groupe ou nom", required=False, max_length=120)
    annee = forms.TypedChoiceField(label="Année du séjour", required=False, coerce=int, empty_value=None)

    def __init__(self, donnees, *args, compte: Compte, annee: int, **kwargs):
        donnees = donnees.copy()
        donnees.setdefault("situation", Situation.A_TRAITER)
        super().__init__(donnees, *args, **kwargs)
        autre = "prestataire" if compte.est_porteur else "porteur de projet"
        self.fields["recherche"].help_text = f"Équipement ou {autre}"
        if compte.est_porteur:
            self.fields["situation"].choices = [
                (cle, nom) for cle, nom in self.fields["situation"].choices if cle != Situation.ATTENTE
            ]
        self.fields["annee"].choices = choix_d_annees(annee, annee)

    @property
    def choisie(self) -> str:
        """The situation asked for; an unknown answer is the default one."""
        self.is_valid()
        return self.cleaned_data.get("situation", Situation.A_TRAITER)

    def _mots(self, nom: str, valeur) -> str:
        return f"Année : {valeur}" if nom == "annee" else f"« {valeur} »"

    def _condition(self, nom: str, valeur) -> Q:
        return Q(sejour__annee=valeur) if nom == "annee" else _nomme(valeur)


def _nomme(mots: str) -> Q:
    """Match a group's number, or part of a name."""
    condition = contient(mots, f"{EQUIPEMENT}__nom", f"{EQUIPEMENT}__prestataire__nom", "porteur__nom")
    numero = mots.removeprefix("n°").strip()
    return condition | Q(pk=int(numero)) if numero.isdecimal() and len(numero) < 10 else condition
