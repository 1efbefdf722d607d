"""Every invariant, checked on the live data: what the database should never let happen, looked for all the same.

A query for each; a row of its answer is a breach, in words. Read by `manage.py controle`.
"""

from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection

from seniors.models import Senior
from sev.socle.duree import sans_limite
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
        # A stay that was moved to another year gave its aids back to the former one (S8).
        """
        SELECT format('crédit %s : inscription %s de la convention %s en %s', c.id, i.id, g.porteur_id, i.annee)
          FROM conventions_mouvement m
          JOIN conventions_credit c ON c.id = m.credit_id
          JOIN seniors_inscription i ON i.id = m.inscription_id
          JOIN sejours_groupe g ON g.id = i.groupe_id
         WHERE (c.convention_id, c.annee) <> (g.porteur_id, i.annee)
         GROUP BY c.id, c.convention_id, i.id, g.porteur_id, i.annee
        HAVING c.convention_id <> g.porteur_id
            OR sum(CASE m.nature WHEN 'LIBERATION' THEN -m.montant ELSE m.montant END) <> 0
         ORDER BY c.id, i.id
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
        # Closed by its last day as it was then, whatever the clock recorded, or by the record, unless a move of the
        # stay opened it again at that moment (S8). Only staff may, with a reason (I15); a cancelled group lets its
        # people go until its stay begins (S8), and the aids of the absent go back (V7). A complement
        # given since serves it (C9).
        """
        SELECT format('groupe %s : inscription %s changée le %s', g.id, e.pgh_obj_id, e.pgh_created_at)
          FROM seniors_inscriptionevent e
          JOIN sejours_groupe g ON g.id = e.groupe_id
          LEFT JOIN LATERAL (SELECT verrouille_le FROM sejours_groupeevent
                              WHERE pgh_obj_id = g.id AND pgh_label = 'update' AND pgh_created_at < e.pgh_created_at
                              ORDER BY pgh_created_at DESC, pgh_id DESC LIMIT 1) avant ON true
          LEFT JOIN LATERAL (SELECT verrouille_le, dernier_jour FROM sejours_groupeevent
                              WHERE pgh_obj_id = g.id AND pgh_created_at <= e.pgh_created_at
                              ORDER BY pgh_created_at DESC, pgh_id DESC LIMIT 1) alors ON true
         WHERE (avant.verrouille_le IS NOT NULL AND alors.verrouille_le IS NOT NULL
                OR greatest(e.inscrite_le, e.modifiee_le)
                   >= (coalesce(alors.dernier_jour, g.dernier_jour) + 1)::timestamp AT TIME ZONE 'Europe/Paris')
           AND NOT coalesce(e.effacee_le = g.annule_le, false)
           AND coalesce(e.pgh_context ->> 'action', '') <> 'crédit rendu à la file d''attente'
           AND NOT coalesce(e.modifiee_le = g.solde_le AND e.motif_sans_aide IN ('ABSENTE', 'NON_VERSEE'), false)
           AND NOT (coalesce(e.pgh_context ->> 'motif', '') <> ''
                    AND EXISTS (SELECT FROM conventions_compte a
                                 WHERE a.is_staff AND a.id = (e.pgh_context ->> 'par')::bigint))
         ORDER BY e.pgh_id
        """,
    ),
    Controle(
        "une_personne_en_usage",
        # I18: a former spelling holds no registration, and leads to somebody.
        """
        SELECT format('inscription %s : fiche %s, fusionnée dans %s', i.id, s.id, s.fusionne_dans_id)
          FROM seniors_senior s JOIN seniors_inscription i ON i.senior_id = s.id
         WHERE s.fusionne_dans_id IS NOT NULL
         UNION ALL
        SELECT format('fiche %s : fusionnée dans %s sans fusion', s.id, s.fusionne_dans_id)
          FROM seniors_senior s
         WHERE s.fusionne_dans_id IS NOT NULL
           AND NOT EXISTS (SELECT FROM seniors_fusion f WHERE f.absorbee_id = s.id AND f.defaite_le IS NULL
                                                          AND f.gardee_id = s.fusionne_dans_id)
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
        "solde_du_groupe",
        # The list is settled when, and only when, its validation is confirmed or closed.
        """
        SELECT format('groupe %s : soldé le %s, validation terminée le %s', g.id, g.solde_le,
                      coalesce(v.confirmee_le, v.close_le))
          FROM sejours_groupe g LEFT JOIN validation_validation v ON v.groupe_id = g.id
         WHERE g.solde_le IS DISTINCT FROM coalesce(v.confirmee_le, v.close_le) ORDER BY g.id
        """,
    ),
    Controle(
        "presences_de_la_liste",
        # Everybody on a validated list, and nobody else; ANCV may add or remove people until it is confirmed (I15).
        """
        SELECT format('groupe %s : inscription %s sans présence', v.groupe_id, i.id)
          FROM validation_validation v
          JOIN seniors_inscription i ON i.groupe_id = v.groupe_id AND i.effacee_le IS NULL
          LEFT JOIN validation_presence p ON p.inscription_id = i.id
         WHERE p.inscription_id IS NULL AND (v.confirmee_le IS NOT NULL OR i.inscrite_le < v.validee_le)
         UNION ALL
        SELECT format('groupe %s : présence de l''inscription %s, du groupe %s, effacée le %s', v.groupe_id, i.id,
                      i.groupe_id, i.effacee_le)
          FROM validation_presence p
          JOIN validation_validation v ON v.groupe_id = p.validation_id
          JOIN seniors_inscription i ON i.id = p.inscription_id
         WHERE i.groupe_id <> v.groupe_id OR v.validee_le IS NULL
            OR i.effacee_le IS NOT NULL AND (v.confirmee_le IS NOT NULL OR i.effacee_le < v.validee_le)
         UNION ALL
        SELECT format('groupe %s : inscription %s, confirmée sans que le porteur ait répondu', v.groupe_id,
                      p.inscription_id)
          FROM validation_presence p JOIN validation_validation v ON v.groupe_id = p.validation_id
         WHERE (v.confirmee_le IS NULL) <> (p.selon_porteur IS NULL)
        """,
    ),
    Controle(
        "quinze_jours_pour_repondre",
        # The day is read a moment before the instant: a click at midnight counts for the day that ends.
        """
        SELECT format('groupe %s : prestataire jusqu''au %s (séjour fini le %s), porteur jusqu''au %s (validé le %s)',
                      v.groupe_id, v.echeance_prestataire, s.fin, v.echeance_porteur, v.validee_le)
          FROM validation_validation v
          JOIN sejours_groupe g ON g.id = v.groupe_id JOIN sejours_sejour s ON s.id = g.sejour_id
         WHERE v.echeance_prestataire < s.fin + 15
            OR v.echeance_porteur < ((v.validee_le - interval '1 minute') AT TIME ZONE 'Europe/Paris')::date + 15
         ORDER BY v.groupe_id
        """,
    ),
    Controle(
        "absente_donc_sans_aide",
        """
        SELECT format('groupe %s : inscription %s, aide %s', v.groupe_id, i.id, i.aide)
          FROM validation_presence p
          JOIN validation_validation v ON v.groupe_id = p.validation_id AND v.confirmee_le IS NOT NULL
          JOIN seniors_inscription i ON i.id = p.inscription_id
         WHERE NOT p.retenue AND i.aide IS NOT NULL ORDER BY i.id
        """,
    ),
    Controle(
        "partie_donc_aide_due",
        """
        SELECT format('groupe %s : inscription %s, aide %s, due %s', v.groupe_id, i.id, i.aide, d.montant)
          FROM validation_presence p
          JOIN validation_validation v ON v.groupe_id = p.validation_id AND v.confirmee_le IS NOT NULL
          JOIN seniors_inscription i ON i.id = p.inscription_id
          LEFT JOIN validation_versement d ON d.inscription_id = i.id
         WHERE p.retenue AND i.aide IS DISTINCT FROM d.montant ORDER BY i.id
        """,
    ),
    Controle(
        "dossier_clos_donc_sans_aide",
        """
        SELECT format('groupe %s : inscription %s, aide %s', v.groupe_id, i.id, i.aide)
          FROM validation_validation v JOIN seniors_inscription i ON i.groupe_id = v.groupe_id
         WHERE v.close_le IS NOT NULL AND i.aide IS NOT NULL ORDER BY i.id
        """,
    ),
    Controle(
        "delai_arrete_par_un_signalement",
        """
        SELECT format('groupe %s : délai arrêté le %s, signalement %s', v.groupe_id, v.arretee_le, s.id)
          FROM validation_validation v
          LEFT JOIN validation_signalement s ON s.validation_id = v.groupe_id
                                            AND s.repondu_le IS NULL AND s.annule_le IS NULL
         WHERE (v.arretee_le IS NULL) <> (s.id IS NULL) ORDER BY v.groupe_id
        """,
    ),
    Controle(
        "somme_due_d_une_personne_partie",
        """
        SELECT format('inscription %s : due au groupe %s, inscrite au groupe %s, présence %s', d.inscription_id,
                      d.groupe_id, i.groupe_id, coalesce(p.retenue::text, 'non décidée'))
          FROM validation_versement d
          JOIN seniors_inscription i ON i.id = d.inscription_id
          LEFT JOIN validation_presence p ON p.inscription_id = d.inscription_id
         WHERE p.retenue IS NOT TRUE OR i.groupe_id <> d.groupe_id ORDER BY d.inscription_id
        """,
    ),
    Controle(
        "virement_egal_a_ses_aides",
        # An undone batch holds nothing, nor does a transfer that the bank sent back; each of the others is its aids, of
        # its group and its provider.
        """
        SELECT format('virement %s : %s aides, %s ; aides dues %s, %s', v.reference, v.aides, v.montant,
                      coalesce(d.n, 0), coalesce(d.total, 0))
          FROM validation_virement v JOIN validation_lot l ON l.id = v.lot_id
          LEFT JOIN LATERAL (
               SELECT count(*) AS n, sum(montant) AS total,
                      bool_and((groupe_id, prestataire_id) = (v.groupe_id, v.prestataire_id)) AS siennes
                 FROM validation_versement WHERE virement_id = v.id) d ON true
         WHERE CASE WHEN l.defait_le IS NOT NULL OR EXISTS
                         (SELECT FROM validation_rejet r WHERE r.virement_id = v.id AND r.annule_le IS NULL)
                    THEN d.n > 0
                    ELSE (v.aides, v.montant, true) IS DISTINCT FROM (d.n, d.total, d.siennes) END
         ORDER BY v.id
        """,
    ),
    Controle(
        "lot_egal_a_ses_virements",
        """
        SELECT format('lot %s : %s, virements %s', l.reference, l.montant, coalesce(v.total, 0))
          FROM validation_lot l
          LEFT JOIN (SELECT lot_id, sum(montant) AS total FROM validation_virement GROUP BY lot_id) v ON v.lot_id = l.id
         WHERE l.montant IS DISTINCT FROM v.total ORDER BY l.id
        """,
    ),
    Controle(
        "aide_versee_par_un_lot_paye",
        # The ledger and the batches tell the same payments, aid by aid; what the bank sent back stays counted as paid.
        """
        SELECT format('inscription %s : lot payé %s, grand livre %s', coalesce(d.inscription_id, m.inscription_id),
                      coalesce(d.montant::text, 'aucun'), coalesce(m.montant::text, 'aucun'))
          FROM (SELECT d.inscription_id, d.montant FROM validation_versement d
                  LEFT JOIN validation_virement v ON v.id = d.virement_id
                  LEFT JOIN validation_lot l ON l.id = v.lot_id
                 WHERE l.paye_le IS NOT NULL OR d.rejet_id IS NOT NULL) d
          FULL JOIN (SELECT inscription_id, montant FROM conventions_mouvement WHERE nature = 'VERSEMENT') m
                 ON m.inscription_id = d.inscription_id
         WHERE d.montant IS DISTINCT FROM m.montant ORDER BY 1
        """,
    ),
    Controle(
        "rejet_d_un_virement_paye",
        # The bank sends back what it was paid with; all the aids of that transfer wait for a later one, unless that one
        # came back too.
        """
        SELECT format('rejet %s du %s : virement %s, lot payé le %s ; %s aides, %s sur %s, %s', r.id, r.rejete_le,
                      v.reference, coalesce(l.paye_le::text, 'jamais'), d.n, coalesce(d.total, 0), v.aides, v.montant)
          FROM validation_rejet r
          JOIN validation_virement v ON v.id = r.virement_id JOIN validation_lot l ON l.id = v.lot_id
          LEFT JOIN LATERAL (
               SELECT count(*) AS n, sum(montant) AS total,
                      bool_and((groupe_id, prestataire_id) = (v.groupe_id, v.prestataire_id)) AS siennes
                 FROM validation_versement WHERE rejet_id = r.id) d ON true
         WHERE l.paye_le IS NULL OR r.rejete_le < l.paye_le
            OR CASE WHEN r.annule_le IS NOT NULL THEN d.n > 0
                    WHEN d.n = 0 THEN NOT EXISTS (SELECT FROM validation_rejet s
                                                    JOIN validation_virement w ON w.id = s.virement_id
                                                   WHERE w.groupe_id = v.groupe_id AND s.id > r.id)
                    ELSE (v.aides, v.montant, true) IS DISTINCT FROM (d.n, d.total, d.siennes) END
         ORDER BY r.id
        """,
    ),
    Controle(
        "iban_oublie_avec_le_fichier",
        # X4: a batch that is over loses the bank's file and the accounts of its transfers together; others keep both.
        """
        SELECT format('lot %s : fichier %s, virement %s, IBAN de %s caractères', l.reference,
                      coalesce('effacé le ' || l.fichier_efface_le, 'gardé'), v.reference, length(v.iban))
          FROM validation_lot l JOIN validation_virement v ON v.lot_id = l.id
         WHERE (l.fichier = '') <> (length(v.iban) = 4) OR l.fichier = '' AND l.paye_le IS NULL AND l.defait_le IS NULL
         ORDER BY v.id
        """,
    ),
    Controle(
        "un_versement_par_inscription",
        """
        SELECT format('inscription %s : versée %s fois', inscription_id, count(*))
          FROM conventions_mouvement WHERE nature = 'VERSEMENT'
         GROUP BY inscription_id HAVING count(*) > 1 ORDER BY inscription_id
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
    with sans_limite(), connection.cursor() as curseur:
        for controle in CONTROLES:
            curseur.execute(controle.sql)
            for (ecart,) in curseur.fetchall():
                yield f"{controle.nom} : {ecart}"
        yield from _identites()


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
