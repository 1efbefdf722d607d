"""Filtered lists: the filters stand in the address, unknown sorts are the usual one, the way back keeps them all."""

from django import forms
from django.contrib.postgres.lookups import Unaccent
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Upper
from django.http import QueryDict
from django.urls import reverse

from sev.socle.typographie import quantite

ANNEES_GARDEES = 10
LONGUEUR_MAX = 1500


class Filtre(forms.Form):
    """The filters of a list. A value that makes no sense is said so, and left out.

    A filter says what an answer is called (`_mots`) and which rows it keeps (`_condition`, or `_garder`). One of
    `permanents` is always answered: it is no criterion that one takes away.
    """

    use_required_attribute = False
    permanents: tuple[str, ...] = ()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for champ in self.fields.values():
            if isinstance(champ, forms.ChoiceField):
                champ.error_messages["invalid_choice"] = "Choisissez une réponse de la liste"

    def choisis(self) -> dict[str, object]:
        """Return the valid answers, by filter."""
        self.is_valid()
        return {
            nom: valeur
            for nom in self.fields
            if nom not in self.permanents and (valeur := self.cleaned_data.get(nom))
        }

    def criteres(self) -> dict[str, str]:
        """Return the words of what is chosen, by filter."""
        return {nom: self._mots(nom, valeur) for nom, valeur in self.choisis().items()}

    def filtrer(self, lignes: QuerySet, sauf: str = "") -> QuerySet:
        """Return the rows that match every valid filter but `sauf`."""
        for nom, valeur in self.choisis().items():
            if nom != sauf:
                lignes = self._garder(lignes, nom, valeur)
        return lignes

    def conseil(self, lignes: QuerySet, mot: str) -> str:
        """Say which filter to drop when nothing matches, and how many rows (`mot`) that gives; "" when none helps."""
        criteres = self.criteres()
        restants = {nom: self.filtrer(lignes, sauf=nom).count() for nom in criteres}
        nom = max(restants, key=restants.get, default=None)
        if nom is None or not restants[nom]:
            return ""
        return f"Essayez sans « {criteres[nom]} » : {quantite(restants[nom], mot)}."

    def _mots(self, nom: str, valeur) -> str:
        return dict(self.fields[nom].choices)[valeur]

    def _garder(self, lignes: QuerySet, nom: str, valeur) -> QuerySet:
        return lignes.filter(self._condition(nom, valeur))

    def _condition(self, nom: str, valeur) -> Q:
        raise NotImplementedError(nom)


def contient(lettres: str, *champs: str) -> Q:
    """Match the rows in one of whose columns these letters stand, neither case nor accents counting."""
    condition = Q()
    for champ in champs:
        condition |= Q(**{f"{champ}__unaccent__icontains": lettres})
    return condition


def choix_d_annees(derniere: int, annee: int) -> list[tuple]:
    """Return the choices of a year: from `derniere` back to ten years with that of `annee`, after all of them."""
    annees = range(derniere, annee - ANNEES_GARDEES, -1)
    return [("", "Toutes"), *((a, str(a)) for a in annees)]


# --- The address ------------------------------------------------------------------------------------------------


def criteres(filtres: Filtre, requete: QueryDict, route: str) -> dict:
    """Return what composants/criteres.html draws: each choice with the address without it, the address without any."""
    return {
        "criteres": [
            {"libelle": libelle, "url": adresse_sans(requete, route, nom)}
            for nom, libelle in filtres.criteres().items()
        ],
        "sans_criteres": adresse_sans(requete, route, *filtres.fields.keys() - set(filtres.permanents)),
    }


def adresse_sans(requete: QueryDict, route: str, *noms: str) -> str:
    """Return the address of a list without some of its filters, from its first page."""
    garde = requete.copy()
    for nom in ("page", *noms):
        garde.pop(nom, None)
    return f"{reverse(route)}?{garde.urlencode()}"


# --- The order --------------------------------------------------------------------------------------------------


def ordre(demande: str, tris: dict, *, defaut: str = "") -> tuple[str, object]:
    """Return the sort in force, « -nom » when it is backwards, and its ORDER BY.

    `tris` are the known ones; another one is `defaut`, and ("", None) where there is no default.
    """
    tri = demande if demande.removeprefix("-") in tris else defaut
    if not tri:
        return "", None
    expression = tris[tri.removeprefix("-")]
    return tri, expression.desc() if tri.startswith("-") else expression.asc()


def alphabetique(champ: str) -> Upper:
    """Return the letters of `champ` as one reads them: neither case nor accents count."""
    return Upper(Unaccent(F(champ)))


def dans_l_ordre(cles, lignes: QuerySet) -> list:
    """Return the rows of these keys, in the order of the keys: a page that was sorted without what its rows show."""
    cles = list(cles)
    trouvees = lignes.in_bulk(cles)
    return [trouvees[cle] for cle in cles if cle in trouvees]


# --- The way back: a cookie, as reading never writes --------------------------------------------------------------


def retenir(request, reponse, *, cookie: str, route: str) -> None:
    """Keep in `cookie` the filters of this list, for this account and the pages below `route`."""
    valeur = f"{request.user.pk}|{request.GET.urlencode()}"
    if len(valeur) < LONGUEUR_MAX and valeur != request.COOKIES.get(cookie):
        reponse.set_cookie(
            cookie,
            valeur,
            path=reverse(route),
            httponly=True,
            samesite="Lax",
            secure=request.is_secure(),
        )


def retour(request, *, cookie: str, route: str, champs) -> str:
    """Return the address of the list as this account last filtered it; what is no filter is left out."""
    compte, _, filtres = request.COOKIES.get(cookie, "").partition("|")
    if compte != str(request.user.pk) or not filtres:
        return reverse(route)
    connus = QueryDict(filtres, mutable=True)
    for nom in set(connus) - {*champs, "tri", "page"}:
        del connus[nom]
    return f"{reverse(route)}?{connus.urlencode()}"
