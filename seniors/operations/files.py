"""The queue of those who were registered without aid for lack of credit (C9)."""

from datetime import date
from decimal import Decimal

from django.db import transaction

from conventions.models import Credit
from conventions.operations.credits import engager
from sejours.models import Groupe
from seniors import courriels
from seniors.models import Inscription, Senior
from seniors.operations.decisions import examiner, inscriptions_de
from seniors.operations.fiches import Fiche
from seniors.regles.eligibilite import Decision
from sev.socle.courriels import deposer
from sev.socle.journal import acte

SANS_CREDIT = {"CREDITS_EPUISES", "SANS_DOTATION"}


@transaction.atomic
def servir_file(*, convention: int, annee: int, le: date, prevenir: bool = True) -> list[Inscription]:
    """Grant aids to the porteur's registrations that wait for credit, oldest first, on lists still open (C9).

    A complement given since a list closed serves it too. Returns who gains an aid; one mail tells the porteur, unless
    the caller does (`prevenir`). Never waits for another list: at the first one that somebody
    holds it stops, and the clock's next run goes on. So it may be called while holding a group's or a credit's lock.
    """
    aidees, entree = [], 0
    with acte("crédit rendu à la file d'attente"):
        for cle in _attente(convention, annee, le):
            inscription = _prendre(cle, le)
            if inscription is None:
                break
            decision = _decider(inscription)
            if decision.obstacles:
                # Something about the person changed since: she keeps waiting, and holds nobody back.
                continue
            if decision.motif in SANS_CREDIT:
                break
            if decision.aide is not None:
                if not (engagee := _engager(inscription, decision.aide, le)):
                    break
                entree = engagee
                aidees.append(inscription)
            inscription.aide, inscription.motif_sans_aide = decision.aide, decision.motif
            inscription.save(update_fields=["aide", "motif_sans_aide"])
    if aidees and prevenir:
        deposer(courriels.aides_de_la_file(convention, aidees, entree=entree))
    return aidees


def servir_toutes_les_files(*, le: date) -> int:
    """Serve every queue for which some credit is free, each in its own transaction; return how many aids result."""
    attendent = set(
        Inscription.objects.en_attente_de_credit()
        .a_servir(le=le)
        .order_by()
        .values_list("groupe__porteur", "annee")
        .distinct()
    )
    libres = {
        (c.convention_id, c.annee)
        for c in Credit.objects.filter(convention__in={porteur for porteur, _ in attendent})
        if c.disponible > 0
    }
    return sum(
        len(servir_file(convention=convention, annee=annee, le=le))
        for convention, annee in sorted(attendent & libres)
    )


def _attente(convention: int, annee: int, le: date) -> list[int]:
    file = Inscription.objects.en_attente_de_credit().a_servir(le=le)
    return list(file.filter(groupe__porteur=convention, annee=annee).values_list("pk", flat=True))


def _prendre(cle: int, le: date) -> Inscription | None:
    """Lock the list, then the person, without waiting; None when somebody else holds one of them, or moves the stay."""
    sans_attendre = {"of": ("self",), "no_key": True, "skip_locked": True}
    groupe = (
        Groupe.objects.select_for_update(**sans_attendre)
        .select_related("sejour__offre")
        .tarifes()
        .filter(inscriptions=cle)
        .first()
    )
    if groupe is None or not groupe.lu_avec_son_sejour:
        return None
    inscription = groupe.inscriptions.filter(pk=cle, motif_sans_aide__in=SANS_CREDIT).a_servir(le=le).first()
    if inscription is None:
        return None
    senior = Senior.objects.select_for_update(**sans_attendre).filter(pk=inscription.senior_id).first()
    if senior is None:
        return None
    inscription.groupe, inscription.senior = groupe, senior
    return inscription


def _decider(inscription: Inscription) -> Decision:
    """Decide again, as things are now, about one who waits."""
    return examiner(
        groupe=inscription.groupe,
        date_naissance=inscription.senior.date_naissance,
        fiche=Fiche.de(inscription),
        autres=inscriptions_de(inscription.senior, inscription.groupe, sauf=inscription.pk),
        inscription=inscription,
    )


def _engager(inscription: Inscription, montant: Decimal, le: date) -> int | None:
    return engager(
        convention=inscription.groupe.porteur_id,
        annee=inscription.annee,
        montant=montant,
        inscription=inscription.pk,
        par=None,
        le=le,
        motif="file d'attente",
    )
