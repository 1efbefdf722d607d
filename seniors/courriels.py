"""The mails about registrations."""

from django.conf import settings
from django.urls import reverse

from conventions.courriels import lettres
from conventions.models import DemandeComplement
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


def complement_decide(demande: DemandeComplement, inscriptions: list[Inscription]) -> list[Courriel]:
    """Tell the porteur what ANCV answered to its request, and who gains an aid by it (C8, C9)."""
    return lettres(
        demande.convention_id,
        cause=f"complement-decide:{demande.pk}",
        sujet=f"Votre demande de crédits {demande.annee} : {demande.etat.lower()}",
        gabarit="complement_decide",
        contexte={
            "demande": demande,
            "inscriptions": inscriptions,
            "lien": settings.SEV_BASE_URL + reverse("credits"),
        },
    )
