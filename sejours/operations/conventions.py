"""Closing a convention, which what is still to come forbids (C1)."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Q

from conventions.models import Compte, Convention
from conventions.operations import conventions
from conventions.operations.conventions import ConventionRefusee
from sejours.models import Groupe, Option
from sev.socle.typographie import quantite


@dataclass(frozen=True)
class EnCours:
    """What a convention still holds: groups whose stay is not over, options without an answer, groups not settled."""

    groupes: int
    options: int
    a_solder: int

    @property
    def obstacle(self) -> str:
        """What keeps the convention from being closed, as a sentence, or ""."""
        reste = [
            quantite(combien, mot)
            for combien, mot in (
                (self.groupes, "groupe dont le séjour n'est pas fini|groupes dont le séjour n'est pas fini"),
                (self.options, "option en cours|options en cours"),
            )
            if combien
        ]
        return f"Il reste {' et '.join(reste)}. Annulez-les d'abord, ou attendez leur fin." if reste else ""


def en_cours(convention: Convention, le: date) -> EnCours:
    """Count what lives on a convention, a porteur's or a provider's."""
    organisme = convention.pk
    siens = Q(porteur=organisme) | Q(sejour__offre__equipement__prestataire=organisme)
    return EnCours(
        groupes=Groupe.objects.filter(siens, annule_le__isnull=True, sejour__fin__gte=le).count(),
        options=Option.objects.en_cours().filter(siens).count(),
        a_solder=Groupe.objects.passes(le=le).filter(siens).count(),
    )


@transaction.atomic
def clore(*, convention: Convention, motif: str, par: Compte, le: date) -> Convention:
    """Close a convention on which nothing is to come any more. Locks it: whoever pre-registers meanwhile waits.

    Raises ConventionRefusee while a group's stay is not over or an option waits.
    """
    convention = conventions.verrouiller(convention)
    if obstacle := en_cours(convention, le).obstacle:
        raise ConventionRefusee(obstacle)
    return conventions.clore(convention=convention, motif=motif, par=par, le=le)
