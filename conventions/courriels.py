"""Whom the programme writes to: the address of an organisation's account holder (manual, « Mon compte »)."""

from conventions.models import Compte
from sev.socle.courriels import composer
from sev.socle.models import Courriel


def adresses(organismes) -> dict[int, str]:
    """Return, for each organisation key of `organismes`, the e-mail address of its active account holder."""
    titulaires = Compte.objects.filter(organisme__in=set(organismes), titulaire=True, is_active=True)
    return dict(titulaires.values_list("organisme", "email"))


def lettres(organisme: int, **courriel) -> list[Courriel]:
    """Return the mail for one organisation (none when it has no active holder); parameters as for `composer`."""
    return [composer(destinataire=adresse, **courriel) for adresse in adresses([organisme]).values()]
