"""The ledger's operations (C5-C9). Amounts are Decimal euros; totals are moved by the database with each entry."""

from datetime import date
from decimal import Decimal

from django.db import connection, transaction

from conventions.models import Compte, Convention, Credit, Mouvement, Programme
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier
from sev.socle.typographie import euros

# One statement locks the credit, checks what is free and writes the entry: the row is held as briefly as can be.
# FOR NO KEY UPDATE re-reads the row after a wait, so that two people can't both spend the last euros.
ENGAGER = """
    WITH libre AS (
        SELECT id FROM conventions_credit
         WHERE convention_id = %(convention)s AND annee = %(annee)s AND alloue - engage - verse >= %(montant)s
           FOR NO KEY UPDATE
    )
    INSERT INTO conventions_mouvement (credit_id, nature, montant, inscription_id, auteur_id, motif, date, cree_le)
    SELECT id, 'ENGAGEMENT', %(montant)s, %(inscription)s, %(auteur)s, %(motif)s, %(date)s, clock_timestamp()
      FROM libre
    RETURNING id
"""

# The credit that an aid was last engaged on; unnest gives a row for each aid.
_AIDES = """
      FROM unnest(%(inscriptions)s::bigint[], %(montants)s::numeric[]) AS a (inscription_id, montant)
      JOIN LATERAL (SELECT credit_id FROM conventions_mouvement
                     WHERE inscription_id = a.inscription_id AND nature = 'ENGAGEMENT'
                     ORDER BY id DESC LIMIT 1) e ON true
"""
VERROUILLER_LES_CREDITS = f"""
    SELECT id FROM conventions_credit WHERE id IN (SELECT e.credit_id {_AIDES}) ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608
VERSER = f"""
    INSERT INTO conventions_mouvement (credit_id, nature, montant, inscription_id, auteur_id, motif, date, cree_le)
    SELECT e.credit_id, 'VERSEMENT', a.montant, a.inscription_id, %(auteur)s, %(motif)s, %(date)s, clock_timestamp()
    {_AIDES} ORDER BY e.credit_id, a.inscription_id
"""


# What a credit's totals can hold.
ALLOUE_MAX = Decimal("99999999.99")


class CreditRefuse(RefusMetier):
    """The ledger can't take this entry; the message says why."""


@transaction.atomic(savepoint=False)
def engager(
    *, convention: int, annee: int, montant: Decimal, inscription: int, par, le: date, motif=""
) -> int | None:
    """Reserve `montant` euros on the year's credit for `inscription`; return the entry's key, None when not enough.

    Locks the credit row until the transaction ends: call it last (order groupe, senior, credit).
    """
    with connection.cursor() as curseur:
        curseur.execute(
            ENGAGER,
            {
                "convention": convention,
                "annee": annee,
                "montant": montant,
                "inscription": inscription,
                "auteur": par.pk if par else None,
                "motif": motif,
                "date": le,
            },
        )
        ligne = curseur.fetchone()
    return ligne and ligne[0]


def libre(*, convention: int, annee: int) -> Decimal | None:
    """Lock the year's credit and return the euros free on it; None when the year has none.

    Whoever is giving credit back is waited for, and will see what the present transaction registers.
    """
    # Of itself alone: the model's ordering joins convention and programme, and whoever allots holds the latter first.
    verrou = Credit.objects.select_for_update(no_key=True, of=("self",))
    credit = verrou.filter(convention=convention, programme=annee).order_by().first()
    return credit and credit.disponible


@transaction.atomic(savepoint=False)
def liberer(
    *, convention: int, annee: int, montant: Decimal, inscription: int, par, le: date, motif=""
) -> Mouvement:
    """Give `montant` euros engaged for `inscription` back to the year's credit. Locks the credit row."""
    credit = Credit.objects.get(convention=convention, programme=annee)
    return Mouvement.objects.create(
        credit=credit,
        nature=Mouvement.Nature.LIBERATION,
        montant=montant,
        inscription_id=inscription,
        auteur=par,
        motif=motif,
        date=le,
    )


@transaction.atomic(savepoint=False)
def verser(*, aides: dict[int, Decimal], par: Compte, le: date, motif: str) -> None:
    """Move `aides`, euros by registration, from engaged to paid on their credits, an entry each, in one statement (V8).

    Locks all the credits first, by ascending key. Raises CreditRefuse when an aid was never engaged; an aid already
    paid is refused by the database (`un_versement_par_inscription`).
    """
    valeurs = {
        "inscriptions": list(aides),
        "montants": list(aides.values()),
        "auteur": par.pk,
        "motif": motif,
        "date": le,
    }
    with connection.cursor() as curseur:
        curseur.execute(VERROUILLER_LES_CREDITS, valeurs)
        curseur.execute(VERSER, valeurs)
        if curseur.rowcount != len(aides):
            raise CreditRefuse("Une de ces aides n'est engagée sur aucun crédit.")


@transaction.atomic
def allouer(
    *,
    convention: Convention,
    annee: int,
    montant: Decimal,
    par: Compte | None,
    le: date,
    motif: str,
    complement=False,
) -> Mouvement:
    """Add `montant` euros to the year's credit, within the programme's envelope (P1, C6). Locks programme and credit.

    Raises CreditRefuse when the year has no programme, or when the envelope, or what a credit holds, would be exceeded.
    """
    programme = Programme.objects.select_for_update(no_key=True).filter(annee=annee).first()
    if programme is None:
        raise CreditRefuse(f"Le programme {annee} n'existe pas encore.", champ="programme")
    if programme.alloue + montant > programme.enveloppe:
        raise CreditRefuse("Les allocations dépasseraient l'enveloppe nationale.", champ="montant")
    credit, _ = Credit.objects.get_or_create(convention=convention, programme=programme)
    if credit.alloue + montant > ALLOUE_MAX:
        raise CreditRefuse(f"Un crédit ne dépasse pas {euros(ALLOUE_MAX)}.", champ="montant")
    with acte("complément" if complement else "allocation", par=par, motif=motif):
        return Mouvement.objects.create(
            credit=credit,
            nature=Mouvement.Nature.COMPLEMENT if complement else Mouvement.Nature.ALLOCATION,
            montant=montant,
            auteur=par,
            motif=motif,
            date=le,
        )


@transaction.atomic
def reprendre(*, credit: Credit, montant: Decimal, par: Compte, le: date, motif: str) -> Mouvement:
    """Take back `montant` euros that are still free. Raises CreditRefuse when less is free. Locks the credit row."""
    Programme.objects.select_for_update(no_key=True).get(pk=credit.programme_id)
    credit = Credit.objects.select_for_update(no_key=True).get(pk=credit.pk)
    if montant > credit.disponible:
        raise CreditRefuse("Ce montant n'est plus disponible.", champ="montant")
    with acte("reprise", par=par, motif=motif):
        return Mouvement.objects.create(
            credit=credit, nature=Mouvement.Nature.REPRISE, montant=montant, auteur=par, motif=motif, date=le
        )
