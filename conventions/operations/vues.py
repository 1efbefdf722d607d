"""« Voir comme »: a member of staff sees the site as an organisation does; each look is told for ever."""

from datetime import datetime, timedelta

from django.db import transaction

from conventions.models import Compte, EvenementSecurite, Organisme
from sev.socle.refus import RefusMetier
from sev.socle.typographie import heure

DUREE = timedelta(minutes=30)
Nature = EvenementSecurite.Nature


class VueRefusee(RefusMetier):
    """The site can't be seen as this organisation; the message says why."""


@transaction.atomic
def commencer(*, organisme: Organisme, motif: str, par: Compte, maintenant: datetime) -> None:
    """Begin to see the site as `organisme`, for DUREE. Raises VueRefusee when its convention was never activated."""
    if organisme.convention.activee_le is None:
        raise VueRefusee("Cette convention n'est pas encore activée : il n'y a rien à voir.")
    # A browser that is closed tells no end: the beginning says the latest.
    fin = f"jusqu'à {heure(maintenant + DUREE)} au plus"
    _raconter(Nature.VUE_DEBUT, organisme, par, maintenant, detail=fin, motif=motif)


@transaction.atomic
def noter_document(*, organisme: Organisme, adresse: str, par: Compte, maintenant: datetime) -> None:
    """Tell that a document of the organisation was opened."""
    _raconter(Nature.VUE_DOCUMENT, organisme, par, maintenant, detail=adresse[:300])


@transaction.atomic
def terminer(*, organisme: Organisme, comment: str, par: Compte, maintenant: datetime) -> None:
    """End it; `comment` says how it came to an end."""
    _raconter(Nature.VUE_FIN, organisme, par, maintenant, detail=comment)


def _raconter(nature, organisme, par, maintenant, *, detail="", motif="") -> None:
    EvenementSecurite.objects.create(
        nature=nature, compte=par, organisme=organisme, par=par, detail=detail, motif=motif, le=maintenant
    )
