"""The mails about registrations."""

from conventions.courriels import lettres
from seniors.models import Inscription
from sev.socle.models import Courriel
from sev.socle.typographie import quantite


def aides_de_la_file(convention: int, inscriptions: list[Inscription], *, entree: int) -> list[Courriel]:
    """Tell the porteur who gains an aid, credit having come back or in (C9). `entree`: the last ledger entry."""
    return lettres(
        convention,
        cause=f"aides-de-la-file-{entree}",
        sujet=f"{quantite(len(inscriptions), 'aide')} de plus sur vos listes",
        gabarit="aides_de_la_file",
        contexte={"inscriptions": inscriptions, "total": sum(i.aide for i in inscriptions)},
    )
