"""ANCV's own changes to a list, closed or not, each with its reason (I15): adding, correcting, removing.

The same rules and steps as the porteur's (`etapes`). Both sides are mailed. Lock order: groupe, sejour, senior, credit.
"""

from contextlib import contextmanager
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from sejours.models import Groupe, Sejour
from seniors import courriels
from seniors.models import Inscription, Senior
from seniors.models.seniors import Identite
from seniors.operations.decisions import inscriptions_de
from seniors.operations.etapes import (
    ajouter_a_la_liste,
    corriger_sur_la_liste,
    meme_formulaire,
    retirer_une_personne,
)
from seniors.operations.fiches import Fiche
from seniors.operations.listes import refuser, verrouiller_pour_amender
from seniors.operations.personnes import personne
from seniors.regles.eligibilite import Obstacle
from sev.socle.courriels import deposer
from sev.socle.journal import acte


@transaction.atomic
def ajouter(
    *,
    groupe: Groupe,
    fiche: Fiche,
    motif: str,
    par,
    le: date,
    maintenant: datetime,
    senior: Senior | None = None,
    identite: Identite | None = None,
    derogation: bool = False,
    jeton: UUID | None = None,
) -> Inscription:
    """Put a person on a list, closed or not; one place more is given to a group that is full, if the stay has one.

    Parameters as for `inscrire`; `derogation` lifts the ceiling (I6). Locks groupe, sejour, senior, credit; mails both
    sides. Raises InscriptionRefusee, at `motif` without a reason.
    """
    with _acte("ajout", par=par, motif=motif):
        groupe = verrouiller_pour_amender(groupe)
        sejour = _sejour_d_une_place(groupe)
        senior = personne(senior, identite, fiche)
        autres = inscriptions_de(senior, groupe)
        if deja := meme_formulaire(autres, jeton):
            return deja
        if sejour is not None:
            _prendre_une_place(groupe, sejour, par=par)
        inscription = ajouter_a_la_liste(
            groupe=groupe,
            senior=senior,
            autres=autres,
            fiche=fiche,
            jeton=jeton,
            derogation=derogation,
            par=par,
            le=le,
            maintenant=maintenant,
        )
        _prevenir(inscription, "ajoutee", motif=motif, le=le, maintenant=maintenant)
    return inscription


@transaction.atomic
def amender(
    *,
    inscription: Inscription,
    fiche: Fiche | None,
    motif: str,
    par,
    le: date,
    maintenant: datetime,
    identite: Identite | None = None,
    derogation: bool | None = None,
) -> Inscription:
    """Correct a registration of a list, closed or not; parameters as for `corriger`.

    `derogation` lifts the ceiling or puts it back (I6); it and `fiche` stay as they are when None. `identite` may be
    that of somebody whom others know too. Locks groupe, senior, credit; mails both sides. Raises InscriptionRefusee,
    at `motif` without a reason.
    """
    with _acte("correction", par=par, motif=motif):
        groupe = verrouiller_pour_amender(inscription.groupe)
        inscription = corriger_sur_la_liste(
            inscription=inscription,
            groupe=groupe,
            fiche=fiche,
            identite=identite,
            derogation=derogation,
            partout=True,
            par=par,
            le=le,
            maintenant=maintenant,
        )
        _prevenir(inscription, "corrigee", motif=motif, le=le, maintenant=maintenant)
    return inscription


@transaction.atomic
def retirer(
    *, inscription: Inscription, motif: str, par, le: date, maintenant: datetime
) -> list[Inscription]:
    """Take a person off a list, closed or not, and release the aid; return who gains an aid thereby (C9).

    Locks groupe, credit; mails both sides. Raises InscriptionRefusee, at `motif` without a reason, and while a carer or
    a spouse is linked to the person (I7, I8).
    """
    with _acte("retrait", par=par, motif=motif):
        groupe = verrouiller_pour_amender(inscription.groupe)
        aidees = retirer_une_personne(
            inscription=inscription, groupe=groupe, par=par, le=le, maintenant=maintenant
        )
        _prevenir(inscription, "retiree", motif=motif, le=le, maintenant=maintenant)
    return aidees


# --- Steps ------------------------------------------------------------------------------------------------


@contextmanager
def _acte(action: str, *, par, motif: str):
    """Open the act of a member of ANCV, with its reason: what the control of the closed lists looks for."""
    if par is None or not par.is_staff:
        refuser(Obstacle("", "Seule l'ANCV change une liste de cette façon."))
    if not motif.strip():
        refuser(Obstacle("motif", "Dites pourquoi : le porteur le lira."))
    with acte(f"{action} par l'ANCV", par=par, motif=motif.strip()):
        yield


def _sejour_d_une_place(groupe: Groupe) -> Sejour | None:
    """Lock and return the stay when one more person takes one of its free places; None when the group has its own.

    The places that nobody took on a list whose lock is recorded went back to the stay (S9).
    """
    if groupe.places_restantes > 0 and groupe.verrouille_le is None:
        return None
    return Sejour.objects.verrouiller().get(pk=groupe.sejour_id)


def _prendre_une_place(groupe: Groupe, sejour: Sejour, *, par) -> None:
    """Give the group, when it is full, one place more, both rows being locked. Raises InscriptionRefusee."""
    if sejour.places_libres < 1:
        complet = f"{groupe.phrase_complet} " if groupe.places_restantes < 1 else ""
        message = (
            f"{complet}Il n'y a plus de place libre sur ce séjour : demandez au prestataire d'en ajouter."
        )
        refuser(Obstacle("", message))
    if groupe.places_restantes < 1:
        with acte("place ajoutée par l'ANCV", par=par, motif="une personne de plus sur la liste"):
            Groupe.objects.filter(pk=groupe.pk).update(places=F("places") + 1)
        groupe.places += 1


def _prevenir(inscription: Inscription, quoi: str, *, motif: str, le: date, maintenant: datetime) -> None:
    """Tell both sides what was done to whom."""
    lue = Inscription.objects.select_related("senior", "senior_lie__senior").get(pk=inscription.pk)
    lue.groupe = Groupe.objects.complets().get(pk=lue.groupe_id)
    deposer(courriels.liste_modifiee(lue, quoi, motif=motif.strip(), le=le, maintenant=maintenant))
