"""« Filtrer les offres » (S2): the filters of a search of stays, what each means, the order of the results."""

from django import forms
from django.db.models import F, Q, QuerySet
from django.http import QueryDict

from conventions.models.programme import Duree
from sejours.forms.champs import CHOIX_DEPARTEMENTS, PLACES_MAX, DepartField, champ_places
from sejours.models import Equipement
from sev.socle.communes import REGIONS, departement
from sev.socle.filtres import Filtre
from sev.socle.typographie import quantite

PRIX_MAX = 10_000
TRIS = {
    "debut": ("debut", "pk"),
    "prix": ("offre__prix", "debut", "pk"),
    "places": (F("places_prises") + F("places_en_option") - F("places"), "debut", "pk"),
}
CHOIX_TRIS = [("debut", "date de départ"), ("prix", "prix"), ("places", "places libres")]


class FiltreOffres(Filtre):
    """The filters of a search of stays."""

    debut_min = DepartField(label="Départ au plus tôt le", required=False)
    debut_max = DepartField(label="Départ au plus tard le", required=False)
    duree = forms.TypedChoiceField(
        label="Durée", required=False, coerce=int, empty_value=None, choices=[("", "Toutes"), *Duree.choices]
    )
    places = champ_places("Places au moins", PLACES_MAX)
    region = forms.ChoiceField(
        label="Région", required=False, choices=[("", "Toute la France"), *((r, r) for r in REGIONS)]
    )
    departement = forms.ChoiceField(
        label="Département", required=False, choices=[("", "Tous"), *CHOIX_DEPARTEMENTS]
    )
    environnement = forms.ChoiceField(
        label="Environnement", required=False, choices=[("", "Tous"), *Equipement.Environnement.choices]
    )
    prix_max = forms.IntegerField(
        label="Prix par personne, au plus (€)",
        required=False,
        min_value=1,
        max_value=PRIX_MAX,
        widget=forms.NumberInput(),
        error_messages={
            "invalid": "Écrivez un montant en euros, sans centimes",
            "min_value": "Écrivez un montant en euros, sans centimes",
            "max_value": "Ce montant est trop grand",
        },
    )
    accessible = forms.BooleanField(label="Accessible en fauteuil", required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["places"].required = False
        for nom in ("debut_min", "debut_max", "places"):
            self.fields[nom].widget.attrs.pop("class", None)

    def clean(self):
        donnees = super().clean()
        debut, fin = donnees.get("debut_min"), donnees.get("debut_max")
        if debut and fin and fin < debut:
            self.add_error("debut_max", "Cette date vient avant le départ au plus tôt")
        return donnees

    def _mots(self, nom: str, valeur) -> str:
        match nom:
            case "debut_min":
                return f"Départ dès le {valeur:%d/%m/%Y}"
            case "debut_max":
                return f"Départ jusqu'au {valeur:%d/%m/%Y}"
            case "duree":
                return f"{valeur} jours"
            case "places":
                return f"Au moins {quantite(valeur, 'place')}"
            case "departement":
                return f"{departement(valeur)} ({valeur})"
            case "environnement":
                return Equipement.Environnement(valeur).label
            case "prix_max":
                return f"Jusqu'à {valeur} €"
            case "accessible":
                return "Accessible en fauteuil"
            case _:
                return valeur

    def filtrer(self, lignes: QuerySet, sauf: str = "") -> QuerySet:
        """Return the stays that match every valid filter but `sauf`; one free place at least, in any case."""
        places = 1 if sauf == "places" else self.choisis().get("places", 1)
        return super().filtrer(lignes, sauf).avec_places(places)

    def _condition(self, nom: str, valeur) -> Q:
        match nom:
            case "places":
                return Q()  # asked of every search, in `filtrer`
            case "debut_min":
                return Q(debut__gte=valeur)
            case "debut_max":
                return Q(debut__lte=valeur)
            case "duree":
                return Q(offre__duree=valeur)
            case "region":
                return Q(offre__equipement__departement__in=REGIONS[valeur])
            case "prix_max":
                return Q(offre__prix__lte=valeur)
            case _:
                return Q(**{f"offre__equipement__{nom}": valeur})


def trier(sejours: QuerySet, demande: str) -> tuple[str, QuerySet]:
    """Return the sort in force and the sorted stays; an unknown sort is by departure."""
    tri = demande if demande in TRIS else "debut"
    return tri, sejours.order_by(*TRIS[tri])


def requete_propre(requete: str) -> str:
    """Return the query string less what is no filter nor sort, and less empty answers: what is kept or shared."""
    lue = QueryDict(requete, mutable=True)
    for nom in list(lue):
        valeur = lue[nom].strip()
        if (nom not in FiltreOffres.base_fields and nom != "tri") or not valeur:
            del lue[nom]
        else:
            lue[nom] = valeur
    return lue.urlencode()


def resume(requete: str) -> str:
    """Say in words what a kept search looks for."""
    return ", ".join(FiltreOffres(QueryDict(requete)).criteres().values()) or "Tous les séjours"
