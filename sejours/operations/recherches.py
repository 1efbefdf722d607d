"""The searches of stays that a porteur's people keep under a name (S2)."""

from django.db import transaction

from conventions.models import Compte
from sejours.models import RechercheGardee
from sev.socle.refus import RefusMetier

RECHERCHES_MAX = 20


class RechercheRefusee(RefusMetier):
    """The search can't be kept; the message says why."""


@transaction.atomic
def garder_recherche(*, nom: str, requete: str, par: Compte) -> RechercheGardee:
    """Keep the query string of a search for `par` alone. Raises RechercheRefusee: name taken, too many, too long."""
    if len(requete) > RechercheGardee._meta.get_field("requete").max_length:
        raise RechercheRefusee("Cette recherche est trop longue pour être gardée.", champ="nom")
    if RechercheGardee.objects.filter(compte=par).count() >= RECHERCHES_MAX:
        raise RechercheRefusee(
            f"Vous gardez déjà {RECHERCHES_MAX} recherches : supprimez-en une d'abord.", champ="nom"
        )
    recherche, nouvelle = RechercheGardee.objects.get_or_create(
        compte=par, nom=nom, defaults={"requete": requete}
    )
    if not nouvelle:
        raise RechercheRefusee("Vous avez déjà une recherche de ce nom.", champ="nom")
    return recherche


@transaction.atomic
def oublier_recherche(*, recherche: RechercheGardee, par: Compte) -> None:
    """Delete a search that `par` kept."""
    RechercheGardee.objects.filter(compte=par, pk=recherche.pk).delete()
