"""The mails about registrations."""

from conventions.courriels import lettres
from seniors.models import Fusion, Inscription
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


def aide_reprise(fusion: Fusion, inscription: Inscription) -> list[Courriel]:
    """Tell the porteur that somebody was already aided this year under another spelling (I9, I18)."""
    return lettres(
        inscription.groupe.porteur_id,
        cause=f"aide-reprise-{fusion.pk}-{inscription.pk}",
        sujet=f"Une aide de moins sur la liste du groupe n° {inscription.groupe_id}",
        gabarit="aide_reprise",
        contexte={"inscription": inscription, "personne": fusion.gardee},
    )


def fusion_defaite(fusion: Fusion, inscriptions: list[Inscription]) -> list[Courriel]:
    """Tell each porteur which of its registrations are aided again, two persons having been taken for one (I18)."""
    return [
        courriel
        for inscription in inscriptions
        for courriel in lettres(
            inscription.groupe.porteur_id,
            cause=f"fusion-defaite-{fusion.pk}-{inscription.pk}",
            sujet=f"Une aide de plus sur la liste du groupe n° {inscription.groupe_id}",
            gabarit="aide_rendue",
            contexte={"inscription": inscription},
        )
    ]
