"""The filters of « Séjours passés à valider »."""

from django import forms
from django.db.models import Q, QuerySet

from conventions.models import Compte
from sev.socle.saisie import TexteField
from validation.suivi import Situation

ANNEES_GARDEES = 10
EQUIPEMENT = "sejour__offre__equipement"


class FiltreValidations(forms.Form):
    """What one looks for among the past stays; without an answer about it, those that one has to deal with."""

    use_required_attribute = False

    situation = forms.ChoiceField(
        label="Où en est la liste",
        required=False,
        choices=[*Situation.choices, ("", "Tous les séjours passés")],
        error_messages={"invalid_choice": "Choisissez une réponse de la liste"},
    )
    recherche = TexteField(label="N° de groupe ou nom", required=False, max_length=120)
    annee = forms.TypedChoiceField(
        label="Année du séjour",
        required=False,
        coerce=int,
        empty_value=None,
        error_messages={"invalid_choice": "Choisissez une réponse de la liste"},
    )

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
        self.fields["annee"].choices = [
            ("", "Toutes"),
            *((a, str(a)) for a in range(annee, annee - ANNEES_GARDEES, -1)),
        ]

    @property
    def choisie(self) -> str:
        """The situation asked for; an unknown answer is the default one."""
        self.is_valid()
        return self.cleaned_data.get("situation", Situation.A_TRAITER)

    def criteres(self) -> dict[str, str]:
        """Return what is chosen besides the situation: the name of each valid filter and the words that say it."""
        self.is_valid()
        mots = {"recherche": "« {} »", "annee": "Année : {}"}
        return {nom: mot.format(v) for nom, mot in mots.items() if (v := self.cleaned_data.get(nom))}

    def filtrer(self, groupes: QuerySet) -> QuerySet:
        """Return the `groupes` that match what is looked for, whatever their situation."""
        self.is_valid()
        if mots := self.cleaned_data.get("recherche"):
            groupes = groupes.filter(_nomme(mots))
        if annee := self.cleaned_data.get("annee"):
            groupes = groupes.filter(sejour__annee=annee)
        return groupes


def _nomme(mots: str) -> Q:
    """Match a group's number, or part of a name."""
    noms = (f"{EQUIPEMENT}__nom", f"{EQUIPEMENT}__prestataire__nom", "porteur__nom")
    condition = Q()
    for nom in noms:
        condition |= Q(**{f"{nom}__unaccent__icontains": mots})
    numero = mots.removeprefix("n°").strip()
    return condition | Q(pk=int(numero)) if numero.isdecimal() and len(numero) < 10 else condition
