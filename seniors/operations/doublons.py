"""Looking for persons who stand twice in the register (I18), and remembering those who only look like it."""

from datetime import datetime

from django.db import connection, transaction

from seniors.models import Doublon, Senior
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier, motif_exige

LOT = 1000
# By one run: less than a minute. Of a base that was never compared, the next nights take the rest.
LOTS_PAR_PASSAGE = 200
# Of the trigrams of « NOM PRENOM », in whichever order: DUPONT / DUPOND Jeanne share 0.75, MARIE / MARIE-THÉRÈSE 0.57.
RESSEMBLANCE_PROBABLE = 0.5

# Each pair is looked at once: by the later key of the two, or by the one that was compared last. For each person of
# the lot two readings of the index of the identities (OFFSET 0 keeps the plan): those born on her day, and those
# of her names born on one of the eleven days that one slip gives.
TROUVER = """
    WITH lot AS (
        SELECT id, cle_nom, cle_prenom, cle_nom_naissance, cle_ville, date_naissance,
               cle_nom || ' ' || cle_prenom AS noms, cle_nom_naissance || ' ' || cle_prenom AS noms_naissance,
               ARRAY(SELECT (date_naissance + ecart::interval)::date
                       FROM unnest(ARRAY['1 day', '-1 day', '10 days', '-10 days', '1 month', '-1 month',
                                         '1 year', '-1 year', '10 years', '-10 years']) AS ecart)
               || CASE WHEN extract(day FROM date_naissance) <= 12
                       THEN make_date(extract(year FROM date_naissance)::int, extract(day FROM date_naissance)::int,
                                      extract(month FROM date_naissance)::int) END AS jours
          FROM seniors_senior WHERE id = ANY(%(cles)s)
    ), memes_jours AS (
        SELECT l.id AS un, s.id AS autre, similarity(l.noms, s.cle_nom || ' ' || s.cle_prenom) AS noms,
               greatest(
                   CASE WHEN l.cle_nom_naissance <> ''
                        THEN similarity(l.noms_naissance, s.cle_nom || ' ' || s.cle_prenom) END,
                   CASE WHEN s.cle_nom_naissance <> ''
                        THEN similarity(l.noms, s.cle_nom_naissance || ' ' || s.cle_prenom) END, 0) AS naissance,
               l.cle_nom = s.cle_nom AND l.cle_prenom = s.cle_prenom AS memes_noms,
               l.cle_nom = s.cle_prenom AND l.cle_prenom = s.cle_nom AS inverses,
               l.cle_prenom = s.cle_prenom AND l.cle_ville = s.cle_ville AS meme_origine
          FROM lot AS l
          CROSS JOIN LATERAL (SELECT * FROM seniors_senior AS p
                               WHERE p.date_naissance = l.date_naissance OFFSET 0) AS s
         WHERE s.id <> l.id AND s.en_usage AND (s.id < l.id OR NOT s.a_comparer)
    ), dates AS (
        SELECT l.id AS un, s.id AS autre
          FROM lot AS l
          CROSS JOIN LATERAL (SELECT * FROM seniors_senior AS p
                               WHERE p.date_naissance = ANY(l.jours) AND p.date_naissance <> l.date_naissance
                                 AND p.cle_nom = l.cle_nom AND p.cle_prenom = l.cle_prenom OFFSET 0) AS s
         WHERE s.en_usage AND (s.id < l.id OR NOT s.a_comparer)
    ), paires AS (
        SELECT un, autre, greatest(noms, naissance) AS ressemblance,
               CASE WHEN memes_noms THEN 'MEME_NOM'
                    WHEN inverses THEN 'NOMS_INVERSES'
                    WHEN naissance >= %(seuil)s AND naissance > noms THEN 'NOM_DE_NAISSANCE'
                    WHEN noms >= %(seuil)s THEN 'NOM_PROCHE'
                    ELSE 'AUTRE_NOM' END AS raison
          FROM memes_jours WHERE noms >= %(seuil)s OR naissance >= %(seuil)s OR meme_origine
         UNION ALL
        SELECT un, autre, 0.9, 'DATE_PROCHE' FROM dates
    )
    INSERT INTO seniors_doublon (ancienne_id, recente_id, raison, ressemblance, trouve_le, decision, motif)
    SELECT least(un, autre), greatest(un, autre), raison, round(ressemblance::numeric, 2), %(maintenant)s, '', ''
      FROM paires
        ON CONFLICT DO NOTHING
"""


class DoublonRefuse(RefusMetier):
    """The pair can't be decided so; the message says why."""


def chercher_doublons(*, maintenant: datetime) -> int:
    """Compare those whose identity is new or changed with everybody, lot by lot; return how many pairs were found.

    Who is held by a registration at that instant, or comes after LOTS_PAR_PASSAGE lots, waits for the next run.
    """
    avant = Doublon.objects.count()
    for _ in range(LOTS_PAR_PASSAGE):
        if not _comparer_un_lot(maintenant):
            break
    return max(Doublon.objects.count() - avant, 0)


@transaction.atomic
def _comparer_un_lot(maintenant: datetime) -> int:
    dus = Senior.objects.filter(a_comparer=True, en_usage=True).order_by("pk")
    cles = list(dus.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)[:LOT])
    if not cles:
        return 0
    # What nobody decided may no longer hold: an identity changed.
    perimees = Doublon.objects.filter(decision="")
    perimees.filter(ancienne__in=cles).delete()
    perimees.filter(recente__in=cles).delete()
    with connection.cursor() as curseur:
        curseur.execute(TROUVER, {"cles": cles, "seuil": RESSEMBLANCE_PROBABLE, "maintenant": maintenant})
    Senior.objects.filter(pk__in=cles).update(a_comparer=False)
    return len(cles)


@transaction.atomic
def ecarter(*, doublon: Doublon, motif: str, par, maintenant: datetime) -> Doublon:
    """Write that the two are not the same person: the pair is never proposed again. Raises DoublonRefuse."""
    motif = motif_exige(motif, DoublonRefuse, "Dites ce qui le montre : un collègue le lira.")
    with acte("doublon écarté", par=par, motif=motif):
        doublon = _a_decider(doublon)
        doublon.decision, doublon.motif = Doublon.Decision.DIFFERENTES, motif
        doublon.decide_le, doublon.decide_par = maintenant, par
        doublon.save(update_fields=["decision", "motif", "decide_le", "decide_par"])
    return doublon


@transaction.atomic
def reproposer(*, doublon: Doublon, motif: str, par) -> Doublon:
    """Put a pair that was set aside back among those to decide. Raises DoublonRefuse."""
    motif = motif_exige(motif, DoublonRefuse, "Dites pourquoi la paire est à revoir.")
    with acte("doublon à revoir", par=par, motif=motif):
        doublon = Doublon.objects.select_for_update(of=("self",)).get(pk=doublon.pk)
        if doublon.decision != Doublon.Decision.DIFFERENTES:
            raise DoublonRefuse("Cette paire n'a pas été écartée : relisez-la.")
        rouvrir(Doublon.objects.filter(pk=doublon.pk))
    return doublon


def rouvrir(doublons) -> None:
    """Take the decision off these pairs."""
    doublons.update(decision="", motif="", decide_le=None, decide_par=None)


def _a_decider(doublon: Doublon) -> Doublon:
    doublon = Doublon.objects.select_for_update(of=("self",)).get(pk=doublon.pk)
    if doublon.decision:
        raise DoublonRefuse("Un collègue vient de décider de cette paire : relisez-la.")
    return doublon
