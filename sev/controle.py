"""Every invariant, checked on the live data: what the database should never let happen, looked for all the same.

A query for each; a row of its answer is a breach, in words. Read by `manage.py controle`.
"""

from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection

from seniors.models import Senior
from sev.socle.texte import cle, cle_ville

LOT = 2000


class Controle(NamedTuple):
    """An invariant: its name, and the query whose rows (one text column) are its breaches."""

    nom: str
    sql: str


CONTROLES = (
    Controle(
        "totaux_egaux_aux_ecritures",
        """
        SELECT format('crédit %s (convention %s, %s) : alloué %s, engagé %s, versé %s ; écritures %s, %s, %s',
                      c.id, c.convention_id, c.annee, c.alloue, c.engage, c.verse, m.alloue, m.engage, m.verse)
          FROM conventions_credit c
          LEFT JOIN LATERAL (
               SELECT coalesce(sum(CASE nature WHEN 'ALLOCATION' THEN montant WHEN 'COMPLEMENT' THEN montant
                                               WHEN 'REPRISE' THEN -montant ELSE 0 END), 0) AS alloue,
                      coalesce(sum(CASE nature WHEN 'ENGAGEMENT' THEN montant WHEN 'LIBERATION' THEN -montant
                                               WHEN 'VERSEMENT' THEN -montant ELSE 0 END), 0) AS engage,
                      coalesce(sum(montant) FILTER (WHERE nature = 'VERSEMENT'), 0) AS verse
                 FROM conventions_mouvement WHERE credit_id = c.id) m ON true
         WHERE (c.alloue, c.engage, c.verse) <> (m.alloue, m.engage, m.verse)
         ORDER BY c.id
        """,
    ),
    Controle(
        "credit_jamais_depasse",
        """
        SELECT format('crédit %s : alloué %s, engagé %s, versé %s', id, alloue, engage, verse)
          FROM conventions_credit WHERE engage < 0 OR verse < 0 OR alloue < engage + verse ORDER BY id
        """,
    ),
    Controle(
        "allocations_dans_l_enveloppe",
        """
        SELECT format('programme %s : alloué %s, enveloppe %s, crédits %s', p.annee, p.alloue, p.enveloppe, c.total)
          FROM conventions_programme p
          LEFT JOIN LATERAL (SELECT coalesce(sum(alloue), 0) AS total FROM conventions_credit
                              WHERE annee = p.annee) c ON true
         WHERE p.alloue <> c.total OR p.alloue > p.enveloppe ORDER BY p.annee
        """,
    ),
    Controle(
        "aide_egale_a_l_engagement",
        """
        SELECT format('inscription %s : aide %s, engagé %s', coalesce(i.id, m.inscription_id),
                      coalesce(i.aide, 0), coalesce(m.net, 0))
          FROM (SELECT id, aide FROM seniors_inscription WHERE aide IS NOT NULL) i
          FULL JOIN (SELECT inscription_id,
                            sum(CASE nature WHEN 'ENGAGEMENT' THEN montant WHEN 'LIBERATION' THEN -montant
                                            ELSE 0 END) AS net
                       FROM conventions_mouvement WHERE inscription_id IS NOT NULL
                      GROUP BY inscription_id) m ON m.inscription_id = i.id
         WHERE coalesce(i.aide, 0) <> coalesce(m.net, 0) ORDER BY 1
        """,
    ),
    Controle(
        "engagement_sur_le_bon_credit",
        """
        SELECT format('mouvement %s : crédit %s, inscription %s de la convention %s en %s',
                      m.id, m.credit_id, i.id, g.porteur_id, i.annee)
          FROM conventions_mouvement m
          JOIN conventions_credit c ON c.id = m.credit_id
          JOIN seniors_inscription i ON i.id = m.inscription_id
          JOIN sejours_groupe g ON g.id = i.groupe_id
         WHERE (c.convention_id, c.annee) <> (g.porteur_id, i.annee) ORDER BY m.id
        """,
    ),
    Controle(
        "une_aide_par_senior_et_par_an",
        """
        SELECT format('sénior %s : %s aides en %s', senior_id, count(*), annee)
          FROM seniors_inscription WHERE aide IS NOT NULL
         GROUP BY senior_id, annee HAVING count(*) > 1 ORDER BY senior_id, annee
        """,
    ),
    Controle(
        "pas_deux_sejours_a_la_fois",
        """
        SELECT format('sénior %s : inscriptions %s et %s', a.senior_id, a.id, b.id)
          FROM seniors_inscription a
          JOIN seniors_inscription b ON b.senior_id = a.senior_id AND b.id > a.id
                                    AND b.debut < a.fin AND a.debut < b.fin
         WHERE a.effacee_le IS NULL AND b.effacee_le IS NULL ORDER BY a.id, b.id
        """,
    ),
    Controle(
        "inscrits_comptes_et_dans_les_places",
        """
        SELECT format('groupe %s : inscrits %s, sur la liste %s, places %s', g.id, g.inscrits, coalesce(i.n, 0),
                      g.places)
          FROM sejours_groupe g
          LEFT JOIN (SELECT groupe_id, count(*) AS n FROM seniors_inscription WHERE effacee_le IS NULL
                      GROUP BY groupe_id) i ON i.groupe_id = g.id
         WHERE g.inscrits <> coalesce(i.n, 0) OR g.inscrits > g.places ORDER BY g.id
        """,
    ),
    Controle(
        "places_prises_du_sejour",
        """
        SELECT format('séjour %s : places prises %s, groupes %s, places %s', s.id, s.places_prises,
                      coalesce(g.n, 0), s.places)
          FROM sejours_sejour s
          LEFT JOIN (SELECT sejour_id,
                            sum(CASE WHEN annule_le IS NOT NULL THEN 0
                                     WHEN verrouille_le IS NOT NULL THEN inscrits ELSE places END) AS n
                       FROM sejours_groupe GROUP BY sejour_id) g ON g.sejour_id = s.id
         WHERE s.places_prises <> coalesce(g.n, 0) OR s.places_prises > s.places ORDER BY s.id
        """,
    ),
    Controle(
        "places_en_option_du_sejour",
        """
        SELECT format('séjour %s : places en option %s, options en cours %s ; prises %s sur %s', s.id,
                      s.places_en_option, coalesce(o.n, 0), s.places_prises, s.places)
          FROM sejours_sejour s
          LEFT JOIN (SELECT sejour_id, sum(places) AS n FROM sejours_option WHERE issue = '' GROUP BY sejour_id) o
                 ON o.sejour_id = s.id
         WHERE s.places_en_option <> coalesce(o.n, 0)
            OR s.places_en_option > 0 AND s.places_prises + s.places_en_option > s.places
         ORDER BY s.id
        """,
    ),
    Controle(
        "rien_de_vivant_sur_un_sejour_annule",
        """
        SELECT format('séjour %s : groupe %s', s.id, g.id)
          FROM sejours_sejour s JOIN sejours_groupe g ON g.sejour_id = s.id AND g.annule_le IS NULL
         WHERE s.annule_le IS NOT NULL
         UNION ALL
        SELECT format('séjour %s : option %s', s.id, o.id)
          FROM sejours_sejour s JOIN sejours_option o ON o.sejour_id = s.id AND o.issue = ''
         WHERE s.annule_le IS NOT NULL
         UNION ALL
        SELECT format('groupe %s : inscription %s', g.id, i.id)
          FROM sejours_groupe g JOIN seniors_inscription i ON i.groupe_id = g.id AND i.effacee_le IS NULL
         WHERE g.annule_le IS NOT NULL
        """,
    ),
    Controle(
        "dates_du_sejour_selon_l_offre",
        """
        SELECT format('séjour %s : du %s au %s, offre de %s jours en %s', s.id, s.debut, s.fin, o.duree, o.annee)
          FROM sejours_sejour s JOIN sejours_offre o ON o.id = s.offre_id
         WHERE s.fin - s.debut + 1 <> o.duree OR s.annee <> o.annee ORDER BY s.id
        """,
    ),
    Controle(
        "dernier_jour_17_jours_avant",
        """
        SELECT format('groupe %s : dernier jour %s, séjour du %s', g.id, g.dernier_jour, s.debut)
          FROM sejours_groupe g JOIN sejours_sejour s ON s.id = g.sejour_id
         WHERE g.dernier_jour <> s.debut - 17 ORDER BY g.id
        """,
    ),
    Controle(
        "inscription_aux_dates_du_sejour",
        """
        SELECT format('inscription %s : du %s au %s, séjour du %s au %s', i.id, i.debut, i.fin, s.debut, s.fin)
          FROM seniors_inscription i
          JOIN sejours_groupe g ON g.id = i.groupe_id JOIN sejours_sejour s ON s.id = g.sejour_id
         WHERE (i.debut, i.fin) <> (s.debut, s.fin) ORDER BY i.id
        """,
    ),
    Controle(
        "une_personne_liee_reste_sur_la_liste",
        """
        SELECT format('inscription %s (%s) : liée à %s', i.id, i.eligibilite, coalesce(l.id::text, 'personne'))
          FROM seniors_inscription i LEFT JOIN seniors_inscription l ON l.id = i.senior_lie_id
         WHERE i.effacee_le IS NULL AND i.eligibilite IN ('CONJOINT', 'AIDANT')
           AND (l.id IS NULL OR l.id = i.id OR l.effacee_le IS NOT NULL OR l.groupe_id <> i.groupe_id
                OR CASE i.eligibilite WHEN 'CONJOINT' THEN l.eligibilite <> 'AIDE'
                                      ELSE NOT (l.handicape OR l.dependant) END)
         ORDER BY i.id
        """,
    ),
    Controle(
        "liste_close_donc_inchangee",
        # Closed by its last day, whatever the clock recorded, or by the record. Only staff may, with a reason (I15);
        # and a cancelled group lets its people go until its stay begins (S8). A complement given since serves it (C9).
        """
        SELECT format('groupe %s : inscription %s changée le %s', g.id, e.pgh_obj_id, e.pgh_created_at)
          FROM seniors_inscriptionevent e
          JOIN sejours_groupe g ON g.id = e.groupe_id
          LEFT JOIN (SELECT pgh_obj_id, min(pgh_created_at) AS le FROM sejours_groupeevent
                      WHERE pgh_label = 'update' AND verrouille_le IS NOT NULL
                      GROUP BY pgh_obj_id) v ON v.pgh_obj_id = g.id
         WHERE (e.pgh_created_at > v.le
                OR greatest(e.inscrite_le, e.modifiee_le)
                   >= (g.dernier_jour + 1)::timestamp AT TIME ZONE 'Europe/Paris')
           AND NOT coalesce(e.effacee_le = g.annule_le, false)
           AND coalesce(e.pgh_context ->> 'action', '') <> 'crédit rendu à la file d''attente'
           AND NOT (coalesce(e.pgh_context ->> 'motif', '') <> ''
                    AND EXISTS (SELECT FROM conventions_compte a
                                 WHERE a.is_staff AND a.id = (e.pgh_context ->> 'par')::bigint))
         ORDER BY e.pgh_id
        """,
    ),
    Controle(
        "decisions_et_complements_au_grand_livre",
        """
        SELECT format('décision %s : %s, mouvement %s de %s', d.reference, d.montant, m.id, m.montant)
          FROM conventions_decision d LEFT JOIN conventions_mouvement m ON m.id = d.mouvement_id
          LEFT JOIN conventions_credit c ON c.id = m.credit_id
         WHERE d.montant <> coalesce(m.montant, 0)
            OR m.id IS NOT NULL AND (c.convention_id, c.annee) <> (d.convention_id, d.annee)
         UNION ALL
        SELECT format('demande %s : accordé %s, mouvement %s de %s', d.id, d.accorde, m.id, m.montant)
          FROM conventions_demandecomplement d LEFT JOIN conventions_mouvement m ON m.id = d.mouvement_id
          LEFT JOIN conventions_credit c ON c.id = m.credit_id
         WHERE coalesce(d.accorde, 0) <> coalesce(m.montant, 0)
            OR m.id IS NOT NULL AND (c.convention_id, c.annee) <> (d.convention_id, d.annee)
        """,
    ),
    Controle(
        "chacun_son_role",
        """
        SELECT format('groupe %s : porteur %s', g.id, o.nature)
          FROM sejours_groupe g JOIN conventions_organisme o ON o.id = g.porteur_id WHERE o.nature <> 'PORTEUR'
         UNION ALL
        SELECT format('équipement %s : prestataire %s', e.id, o.nature)
          FROM sejours_equipement e JOIN conventions_organisme o ON o.id = e.prestataire_id
         WHERE o.nature <> 'PRESTATAIRE'
        """,
    ),
)


def controler() -> Iterator[str]:
    """Yield a line for each breach, « rule : what was found »; nothing when all is well."""
    with connection.cursor() as curseur:
        # A whole table is read: longer than a page may take.
        curseur.execute("SET statement_timeout = 0")
        try:
            for controle in CONTROLES:
                curseur.execute(controle.sql)
                for (ecart,) in curseur.fetchall():
                    yield f"{controle.nom} : {ecart}"
            yield from _identites()
        finally:
            curseur.execute("RESET statement_timeout")


def _identites() -> Iterator[str]:
    """Yield the persons whose stored keys are not those of their names (I2)."""
    champs = ("pk", "nom", "nom_naissance", "prenom", "ville_naissance")
    cles = ("cle_nom", "cle_nom_naissance", "cle_prenom", "cle_ville")
    for pk, nom, naissance, prenom, ville, *stockees in (
        Senior.objects.order_by("pk").values_list(*champs, *cles).iterator(chunk_size=LOT)
    ):
        attendues = [cle(nom), cle(naissance), cle(prenom), cle_ville(ville)]
        if stockees != attendues:
            yield f"cles_d_identite : sénior {pk} : {', '.join(stockees)} au lieu de {', '.join(attendues)}"
