"""Counting a year again: whole, in statements over sets, so that a figure can't drift from what it counts."""

from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils.timezone import localdate

from activite.models import Activite, Releve, Rythme
from sejours.models import Groupe, Sejour
from validation.models import Versement

# One row for each option, each live group, and each eligibility of a live list; then summed by cell.
CASES = """
    INSERT INTO activite_activite (annee, mois, departement_equipement, departement_porteur, type_porteur,
                                   environnement, duree, eligibilite, options, groupes, inscrits, aides, partis,
                                   accorde, verse)
    SELECT s.annee, extract(month FROM s.debut), e.departement, p.departement, p.type_porteur, e.environnement, o.duree,
           f.eligibilite, sum(f.options), sum(f.groupes), sum(f.inscrits), sum(f.aides), sum(f.partis),
           sum(f.accorde), sum(f.verse)
      FROM (SELECT o.sejour_id, o.porteur_id, '' AS eligibilite, 1 AS options, 0 AS groupes, 0::bigint AS inscrits,
                   0::bigint AS aides, 0::bigint AS partis, 0::numeric AS accorde, 0::numeric AS verse
              FROM sejours_option AS o JOIN sejours_sejour AS s ON s.id = o.sejour_id
             WHERE s.debut BETWEEN %(du)s AND %(au)s
            UNION ALL
            SELECT g.sejour_id, g.porteur_id, '', 0, 1, 0, 0, 0, 0, 0
              FROM sejours_groupe AS g JOIN sejours_sejour AS s ON s.id = g.sejour_id
             WHERE s.debut BETWEEN %(du)s AND %(au)s AND g.annule_le IS NULL
            UNION ALL
            SELECT g.sejour_id, g.porteur_id, i.eligibilite, 0, 0, count(*), count(i.aide),
                   count(*) FILTER (WHERE r.retenue), coalesce(sum(i.aide), 0), coalesce(sum(m.montant), 0)
              FROM seniors_inscription AS i
              JOIN sejours_groupe AS g ON g.id = i.groupe_id
              JOIN sejours_sejour AS s ON s.id = g.sejour_id
              LEFT JOIN validation_presence AS r ON r.inscription_id = i.id
              LEFT JOIN conventions_mouvement AS m ON m.inscription_id = i.id AND m.nature = 'VERSEMENT'
             WHERE s.debut BETWEEN %(du)s AND %(au)s AND i.effacee_le IS NULL AND g.annule_le IS NULL
             GROUP BY g.sejour_id, g.porteur_id, i.eligibilite) AS f
      JOIN sejours_sejour AS s ON s.id = f.sejour_id
      JOIN sejours_offre AS o ON o.id = s.offre_id
      JOIN sejours_equipement AS e ON e.id = o.equipement_id
      JOIN conventions_organisme AS p ON p.id = f.porteur_id
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""

RYTHME = """
    INSERT INTO activite_rythme (annee, jour, inscrits, accorde)
    SELECT s.annee, (i.inscrite_le AT TIME ZONE 'Europe/Paris')::date, count(*), coalesce(sum(i.aide), 0)
      FROM seniors_inscription AS i
      JOIN sejours_groupe AS g ON g.id = i.groupe_id
      JOIN sejours_sejour AS s ON s.id = g.sejour_id
     WHERE s.debut BETWEEN %(du)s AND %(au)s AND i.effacee_le IS NULL AND g.annule_le IS NULL
     GROUP BY 1, 2
"""


@transaction.atomic
def relever(*, annee: int, le: date, maintenant: datetime) -> int:
    """Count `annee` again, whole; return how many cells it has, 0 when somebody else is counting it right now.

    Locks the year's mark. Readers see the former figures until all of the new ones stand. A past year whose lists are
    all settled and paid becomes final: the clock leaves it, this operation still counts it.
    """
    Releve.objects.get_or_create(annee=annee, defaults={"releve_le": maintenant})
    marque = Releve.objects.select_for_update(skip_locked=True).filter(annee=annee).first()
    if marque is None:
        return 0
    Activite.objects.filter(annee=annee).delete()
    Rythme.objects.filter(annee=annee).delete()
    bornes = {"du": date(annee, 1, 1), "au": date(annee, 12, 31)}
    with connection.cursor() as curseur:
        curseur.execute(CASES, bornes)
        cases = curseur.rowcount
        curseur.execute(RYTHME, bornes)
    marque.releve_le, marque.definitif = maintenant, _rien_ne_change_plus(annee, le)
    marque.save(update_fields=["releve_le", "definitif"])
    return cases


def _rien_ne_change_plus(annee: int, le: date) -> bool:
    """Tell whether the year is over, its lists settled or cancelled, and every aid due of it paid."""
    if annee >= le.year:
        return False
    vivants = Groupe.objects.filter(sejour__debut__range=(date(annee, 1, 1), date(annee, 12, 31)))
    if vivants.filter(solde_le__isnull=True, annule_le__isnull=True).exists():
        return False
    impayes = Versement.objects.filter(Q(virement__isnull=True) | Q(virement__lot__paye_le__isnull=True))
    return not impayes.filter(groupe__in=vivants).exists()


def relever_les_annees(*, le: date, maintenant: datetime) -> int:
    """Count every year that may have changed since it was counted, each in its own transaction; return how many.

    Once a day (Paris): a year that was counted on `le` already waits for tomorrow, a final one for somebody to ask.
    """
    releves = Releve.objects.in_bulk()
    # A year that has lost its last stay, moved to another, is counted too.
    annees = {*Sejour.objects.order_by().values_list("annee", flat=True).distinct(), *releves}
    faites = {r.annee for r in releves.values() if r.definitif or localdate(r.releve_le) >= le}
    a_relever = sorted(annees - faites)
    for annee in a_relever:
        relever(annee=annee, le=le, maintenant=maintenant)
    return len(a_relever)
