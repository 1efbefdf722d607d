"""What the porteur does to its list until it closes: registering, correcting, removing, restoring people (I1-I14).

Lock order everywhere: groupe, senior, credit. The group's row is the lock of its list; it is taken before any check.
"""

from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from sejours.models import Groupe
from seniors.models import Inscription, Senior
from seniors.models.seniors import Identite
from seniors.operations.decisions import inscriptions_de
from seniors.operations.etapes import (
    ajouter_a_la_liste,
    corriger_sur_la_liste,
    meme_formulaire,
    remettre_sur_la_liste,
    retirer_de_la_liste,
    retirer_une_personne,
)
from seniors.operations.fiches import Fiche
from seniors.operations.listes import InscriptionRefusee, verrouiller_liste
from seniors.operations.personnes import personne
from sev.socle.journal import acte


@transaction.atomic
def inscrire(
    *,
    groupe: Groupe,
    fiche: Fiche,
    par,
    le: date,
    maintenant: datetime,
    senior: Senior | None = None,
    identite: Identite | None = None,
    jeton: UUID | None = None,
) -> Inscription:
    """Put a person on the group's list, aided when entitled and when credit remains (I1-I12, C7).

    The person is `senior`, or whoever bears `identite`, known or new. A `jeton` already used returns what its first
    use registered. Locks groupe, senior, credit. Raises InscriptionRefusee (ListeClose after the last day).
    """
    with acte("inscription", par=par):
        groupe = verrouiller_liste(groupe, le, pour="inscription")
        senior = personne(senior, identite, fiche)
        autres = inscriptions_de(senior, groupe)
        if deja := meme_formulaire(autres, jeton):
            return deja
        return ajouter_a_la_liste(
            groupe=groupe,
            senior=senior,
            autres=autres,
            fiche=fiche,
            jeton=jeton,
            par=par,
            le=le,
            maintenant=maintenant,
        )


@transaction.atomic
def corriger(
    *,
    inscription: Inscription,
    fiche: Fiche,
    par,
    le: date,
    maintenant: datetime,
    identite: Identite | None = None,
) -> Inscription:
    """Correct a registration; the decision is taken again, an aid already granted keeps its amount (I3-I10).

    `identite`, when given, corrects who the person is. Locks groupe, senior, credit. Raises InscriptionRefusee;
    what a carer or a spouse relies on can't be taken away (I7, I8).
    """
    with acte("correction", par=par):
        groupe = verrouiller_liste(inscription.groupe, le, pour="correction")
        return corriger_sur_la_liste(
            inscription=inscription,
            groupe=groupe,
            fiche=fiche,
            identite=identite,
            par=par,
            le=le,
            maintenant=maintenant,
        )


@transaction.atomic
def effacer(*, inscription: Inscription, par, le: date, maintenant: datetime) -> list[Inscription]:
    """Remove a person from the list and release the aid (I13); return who gains an aid thereby (C9).

    Locks groupe, credit. Raises InscriptionRefusee while a carer or a spouse is linked to the person (I7, I8).
    """
    with acte("effacement", par=par):
        groupe = verrouiller_liste(inscription.groupe, le, pour="effacement")
        return retirer_une_personne(
            inscription=inscription, groupe=groupe, par=par, le=le, maintenant=maintenant
        )


@transaction.atomic
def tout_effacer(*, groupe: Groupe, par, le: date, maintenant: datetime) -> tuple[int, list[Inscription]]:
    """Remove everybody from the list (I13): return how many left, and who gains an aid thereby (C9).

    All bear the same `effacee_le`, by which `retablir` finds them. Locks groupe, credit.
    """
    with acte("effacement de toute la liste", par=par):
        groupe = verrouiller_liste(groupe, le, pour="effacement de tous")
        inscriptions = list(groupe.inscriptions.presentes().order_by("pk"))
        aidees = retirer_de_la_liste(
            inscriptions=inscriptions, groupe=groupe, par=par, le=le, maintenant=maintenant
        )
        return len(inscriptions), aidees


@transaction.atomic
def retablir(
    *, groupe: Groupe, effacee_le: datetime, par, le: date, maintenant: datetime
) -> tuple[list[Inscription], list[tuple[Inscription, str]]]:
    """Put back those who were removed at `effacee_le`; the rules run again (I13).

    Returns who is back, and who can't be with the reason. Locks groupe, seniors by key, credit. Raises ListeClose.
    """
    with acte("rétablissement", par=par):
        groupe = verrouiller_liste(groupe, le, pour="rétablissement")
        effacees = groupe.inscriptions.filter(effacee_le=effacee_le)
        list(Senior.objects.verrouiller().filter(pk__in=effacees.values("senior")).order_by("pk"))
        revenues, refusees = [], []
        for inscription in _liees_d_abord(effacees.select_related("senior")):
            try:
                remettre_sur_la_liste(
                    inscription=inscription, groupe=groupe, par=par, le=le, maintenant=maintenant
                )
            except InscriptionRefusee as refus:
                refusees.append((inscription, refus.message))
            else:
                groupe.inscrits += 1
                revenues.append(inscription)
    return revenues, refusees


def _liees_d_abord(inscriptions) -> list[Inscription]:
    """Return them so that whoever others are linked to comes before them: a carer may have a carer."""
    par_cle = {i.pk: i for i in inscriptions}

    def rang(inscription: Inscription) -> int:
        maillons = 0
        while (inscription := par_cle.get(inscription.senior_lie_id)) and maillons < len(par_cle):
            maillons += 1
        return maillons

    return sorted(par_cle.values(), key=lambda i: (rang(i), i.pk))
