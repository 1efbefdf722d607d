"""The doors of these pages: one's own group, one's own registration, a person carried by a signed token."""

from django.conf import settings
from django.core import signing
from django.http import Http404
from django.shortcuts import get_object_or_404

from sejours.models import Groupe
from seniors.models import Inscription, Senior

SEL = "seniors.recherche"


class JetonExpire(Exception):
    """The search that found the person is too old; who it was must be asked again."""


def groupe_de(request, numero: int) -> Groupe:
    """Return the group of that number with its stay and tariff, if the account may see it; 404 otherwise (X1)."""
    return get_object_or_404(Groupe.objects.pour(request.user).complets().tarifes(), pk=numero)


def inscription_de(request, groupe: Groupe, cle: int) -> Inscription:
    """Return the registration `cle` of the group's list, its person loaded; 404 when it isn't there (X1)."""
    inscriptions = Inscription.objects.pour(request.user).presentes().filter(groupe=groupe)
    inscription = get_object_or_404(inscriptions.select_related("senior", "senior_lie__senior"), pk=cle)
    inscription.groupe = groupe
    return inscription


def jeton_de_senior(request, groupe: Groupe, senior: Senior, *, connu: bool) -> str:
    """Return the token by which this account, for this group, may go on with `senior` for the length of a session.

    `connu`: the four answers named exactly this person, whose fiche may then open filled. A look-alike's stays closed.
    """
    return signing.dumps([senior.pk, groupe.pk, request.user.pk, connu], salt=SEL)


def senior_du_jeton(request, groupe: Groupe, jeton: str) -> Senior | None:
    """Return the person of a token, with `connu` as it was said; None without a token.

    Merged since with another row, she is the person it stands for (I18). Raises JetonExpire, or Http404 for a token of
    somebody else.
    """
    if not jeton:
        return None
    try:
        cle, numero, compte, connu = signing.loads(jeton, salt=SEL, max_age=settings.SESSION_COOKIE_AGE)
    except signing.SignatureExpired as expire:
        raise JetonExpire from expire
    except signing.BadSignature as faux:
        raise Http404 from faux
    if (numero, compte) != (groupe.pk, request.user.pk):
        raise Http404
    senior = get_object_or_404(Senior, pk=cle, anonymise_le=None).actuelle
    senior.connu = connu
    return senior
