"""The filters of a list come back with the way back to it: kept in a cookie, as reading never writes."""

from django.http import QueryDict
from django.urls import reverse

LONGUEUR_MAX = 1500


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
