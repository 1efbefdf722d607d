"""Ten years of data in bulk, for measurements: plain SQL over whole sets, the same at each run.

What triggers keep row by row is switched off for one transaction and written for all rows at once, so that every
invariant stands at the end (`manage.py controle` is silent). The account of the database must own its tables.
"""

import csv
import gzip
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from conventions.models import Compte, Convention, Fermeture, Organisme, Programme, Tarif
from conventions.operations.organismes import departement
from sejours.models import Equipement, Offre
from sejours.regles import DELAI_VERROUILLAGE, fin_du_sejour
from sev.demo import noms
from sev.demo.scenario import MOT_DE_PASSE, saison_fermee, touche_la_saison
from sev.socle.communes import DONNEES
from sev.socle.journal import acte
from sev.socle.texte import cle, cle_ville

ANNEES = 10
INSCRITS = 20
PREFIXE = "mesure"
TABLES = (
    "conventions_programme",
    "conventions_credit",
    "conventions_mouvement",
    "sejours_sejour",
    "sejours_groupe",
    "seniors_senior",
    "seniors_inscription",
    "validation_validation",
    "validation_presence",
    "validation_coordonneesbancaires",
    "validation_lot",
    "validation_virement",
    "validation_versement",
)

SEJOURS = """
    INSERT INTO sejours_sejour (offre_id, debut, fin, places, places_prises, places_en_option, motif_annulation)
    SELECT offre, debut, debut + 7, sum(places), 0, 0, '' FROM mesure_groupe
     GROUP BY offre, debut ORDER BY debut, offre
"""

# A group: its équipement and its Saturday follow from its rank, and so do its porteur and its places.
PLAN_DES_GROUPES = """
    CREATE TEMP TABLE mesure_groupe ON COMMIT DROP AS
    SELECT %(base_groupe)s + row_number() OVER (ORDER BY s.debut, g) AS id, s.annee, g AS rang,
           o.offre, s.debut, s.aide, (%(porteurs)s::bigint[])[1 + g %% %(nb_porteurs)s] AS porteur,
           20 + g %% 6 AS places, s.debut - %(delai)s AS dernier_jour,
           least(s.debut - %(delai)s, %(le)s::date - 1) AS fin_de_saisie,
           CASE WHEN s.debut + 17 < %(le)s
                THEN (s.debut + 17 + time '09:40') AT TIME ZONE 'Europe/Paris' END AS confirmee
      FROM generate_series(0, %(groupes)s - 1) AS g CROSS JOIN (SELECT DISTINCT annee, nb FROM mesure_samedi) AS a
      JOIN LATERAL (SELECT * FROM mesure_samedi AS s
                     WHERE s.annee = a.annee AND s.rang = (g / %(nb_lieux)s) * a.nb / %(tours)s) AS s ON true
      JOIN mesure_offre AS o ON o.annee = a.annee AND o.rang = g %% %(nb_lieux)s
"""

GROUPES = """
    INSERT INTO sejours_groupe (id, sejour_id, porteur_id, type_groupe, places, inscrits, dernier_jour, verrouille_le,
                                solde_le, motif_annulation, cree_le, modifie_le)
    SELECT g.id, s.id, g.porteur, CASE g.rang %% 4 WHEN 0 THEN 'INDIVIDUELS' ELSE 'GROUPE' END, g.places, 0,
           g.dernier_jour,
           CASE WHEN g.dernier_jour < %(le)s THEN (g.dernier_jour + 1)::timestamp AT TIME ZONE 'Europe/Paris' END,
           g.confirmee, '',
           (g.fin_de_saisie - 60)::timestamp AT TIME ZONE 'Europe/Paris',
           (g.fin_de_saisie::timestamp + interval '18 hours') AT TIME ZONE 'Europe/Paris'
      FROM mesure_groupe AS g JOIN sejours_sejour AS s ON s.offre_id = g.offre AND s.debut = g.debut
"""

# No two persons alike: those born on one day (n modulo the days) differ by their family name.
SENIORS = """
    INSERT INTO seniors_senior (id, civilite, nom, nom_naissance, prenom, date_naissance, ville_naissance, cle_nom,
                                cle_prenom, cle_ville, cle_nom_naissance, email, telephone, contact_urgence, adresse,
                                complement, code_postal, ville, cree_le)
    SELECT %(base_senior)s + n, p.civilite, f.nom, '', p.prenom, %(ne_le)s::date + n %% 9500, v.ville,
           f.cle, p.cle, v.cle, '', '', '', '', (1 + n %% 97) || ' ' || r.voie, '', d.code_postal, d.ville, %(depuis)s
      FROM generate_series(0, %(seniors)s - 1) AS n
      JOIN mesure_nom AS f ON f.rang = (n %% 9500 * 7 + n / 9500) %% %(nb_noms)s
      JOIN mesure_prenom AS p ON p.rang = (n * 31 + n / 9500) %% %(nb_prenoms)s
      JOIN mesure_ville AS v ON v.rang = (n * 17) %% %(nb_villes)s
      JOIN mesure_ville AS d ON d.rang = (n / 60) %% %(nb_villes)s
      JOIN mesure_voie AS r ON r.rang = n %% %(nb_voies)s
     ORDER BY n
"""

# On each list a couple, a carer with the person cared for, twelve people aided and four not; here and there, in past
# years, one whom the credit did not suffice for, and one, aided, who did not come. A block of neighbours travels
# together, and nobody twice in a year.
INSCRIPTIONS = """
    INSERT INTO seniors_inscription (id, groupe_id, senior_id, debut, fin, eligibilite, nature_aidant, senior_lie_id,
                                     handicape, dependant, rfr, rfr_confidentiel, derogation, situation,
                                     avec_conjoint, conjoint_id, chambre_individuelle, regroupement, commentaires, aide,
                                     motif_sans_aide, inscrite_le, modifiee_le)
    SELECT i.id, i.groupe,
           %(base_senior)s + ((i.annee - %(annee)s + 9) * %(pas)s + i.rang * %(inscrits)s + p) %% %(seniors)s,
           i.debut, i.debut + 7,
           CASE WHEN p = 1 THEN 'CONJOINT' WHEN p = 3 THEN 'AIDANT' WHEN p > 15 THEN 'PROGRAMME' ELSE 'AIDE' END,
           CASE p WHEN 3 THEN 'FAMILIAL' ELSE '' END, CASE WHEN p IN (1, 3) THEN i.id - 1 END,
           false, p = 2, CASE WHEN p <> 3 THEN 8000 + (i.id * 37) %% 6000 END, p = 9, false, '', p < 2,
           CASE p WHEN 0 THEN i.id + 1 WHEN 1 THEN i.id - 1 END, p IN (7, 13), '',
           CASE WHEN p = 5 AND i.annee = %(annee)s THEN 'Régime sans sel.' ELSE '' END,
           CASE WHEN p <= 15 AND NOT i.epuise AND NOT i.absente THEN i.aide END,
           CASE WHEN p > 15 THEN 'PROGRAMME' WHEN i.epuise THEN 'CREDITS_EPUISES' WHEN i.absente THEN 'ABSENTE'
                ELSE '' END,
           i.instant, CASE WHEN i.absente THEN i.confirmee ELSE i.instant END
      FROM (SELECT g.id AS groupe, g.annee, g.rang, g.debut, g.aide, g.confirmee, p,
                   %(base_inscription)s + (g.id - %(base_groupe)s - 1) * %(inscrits)s + p + 1 AS id,
                   p = 15 AND g.rang %% 25 = 7 AND g.annee < %(annee)s AS epuise,
                   p = 14 AND g.rang %% 10 = 3 AND g.confirmee IS NOT NULL AS absente,
                   (g.fin_de_saisie - 20 + p + time '10:32') AT TIME ZONE 'Europe/Paris' AS instant
              FROM mesure_groupe AS g, generate_series(0, %(inscrits)s - 1) AS p) AS i
     ORDER BY i.id
"""

CREDITS = """
    INSERT INTO conventions_credit (convention_id, annee, alloue, engage, verse)
    SELECT DISTINCT porteur, annee, 0, 0, 0 FROM mesure_groupe
"""
ALLOCATIONS = """
    INSERT INTO conventions_mouvement (credit_id, nature, montant, auteur_id, motif, date, cree_le)
    SELECT c.id, 'ALLOCATION', coalesce(sum(i.aide), 0) + 1600, %(par)s, 'Dotation ' || c.annee,
           make_date(c.annee - 1, 10, 1), make_date(c.annee - 1, 10, 1)
      FROM conventions_credit AS c
      JOIN mesure_groupe AS g ON g.porteur = c.convention_id AND g.annee = c.annee
      JOIN seniors_inscription AS i ON i.groupe_id = g.id
     GROUP BY c.id ORDER BY c.annee, c.id
"""
ENGAGEMENTS = """
    INSERT INTO conventions_mouvement (credit_id, nature, montant, inscription_id, motif, date, cree_le)
    SELECT c.id, 'ENGAGEMENT', g.aide, i.id, '', (i.inscrite_le AT TIME ZONE 'Europe/Paris')::date, i.inscrite_le
      FROM seniors_inscription AS i
      JOIN mesure_groupe AS g ON g.id = i.groupe_id
      JOIN conventions_credit AS c ON c.convention_id = g.porteur AND c.annee = g.annee
     WHERE i.aide IS NOT NULL OR i.motif_sans_aide = 'ABSENTE' ORDER BY i.id
"""
LIBERATIONS = """
    INSERT INTO conventions_mouvement (credit_id, nature, montant, inscription_id, motif, date, cree_le)
    SELECT c.id, 'LIBERATION', g.aide, i.id, 'absence au séjour', (g.confirmee AT TIME ZONE 'Europe/Paris')::date,
           g.confirmee
      FROM seniors_inscription AS i
      JOIN mesure_groupe AS g ON g.id = i.groupe_id
      JOIN conventions_credit AS c ON c.convention_id = g.porteur AND c.annee = g.annee
     WHERE i.motif_sans_aide = 'ABSENTE' ORDER BY i.id
"""

# The day after the stay the window opens, the provider answers three days later, the porteur six days after that.
VALIDATIONS = """
    INSERT INTO validation_validation (groupe_id, ouverte_le, echeance_prestataire, validee_le, validee_par_id,
                                       echeance_porteur, confirmee_le, confirmee_par_id, motif_cloture)
    SELECT v.id, (v.fin + 1 + time '00:05') AT TIME ZONE 'Europe/Paris', v.fin + 15,
           CASE WHEN v.validee THEN (v.fin + 4 + time '10:12') AT TIME ZONE 'Europe/Paris' END,
           CASE WHEN v.validee THEN v.du_prestataire END, CASE WHEN v.validee THEN v.fin + 19 END,
           v.confirmee, CASE WHEN v.confirmee IS NOT NULL THEN v.du_porteur END, ''
      FROM (SELECT g.id, g.debut + 7 AS fin, g.debut + 11 < %(le)s AS validee, g.confirmee,
                   p.id AS du_porteur, h.id AS du_prestataire
              FROM mesure_groupe AS g
              JOIN sejours_offre AS o ON o.id = g.offre JOIN sejours_equipement AS e ON e.id = o.equipement_id
              JOIN conventions_compte AS p ON p.organisme_id = g.porteur AND p.titulaire
              JOIN conventions_compte AS h ON h.organisme_id = e.prestataire_id AND h.titulaire
             WHERE g.debut + 7 < %(le)s) AS v
     ORDER BY v.id
"""
# On one list in five somebody who pays the whole stay did not come either.
PRESENCES = """
    INSERT INTO validation_presence (inscription_id, validation_id, selon_prestataire, selon_porteur, motif)
    SELECT i.id, v.groupe_id, venue, CASE WHEN v.confirmee_le IS NOT NULL THEN venue END, ''
      FROM validation_validation AS v
      JOIN mesure_groupe AS g ON g.id = v.groupe_id
      JOIN seniors_inscription AS i ON i.groupe_id = g.id
      CROSS JOIN LATERAL (SELECT i.motif_sans_aide <> 'ABSENTE'
                          AND NOT (g.rang %% 5 = 1 AND (i.id - %(base_inscription)s) %% %(inscrits)s = 0)) AS p (venue)
     WHERE v.validee_le IS NOT NULL ORDER BY i.id
"""

# Paid month by month: the batch of the month before on the 1st, paid by the bank on the 5th.
COORDONNEES = """
    INSERT INTO validation_coordonneesbancaires (prestataire_id, titulaire, iban, fin, modifiees_le)
    SELECT DISTINCT e.prestataire_id, left(p.nom, 70), 'FR1420041010050500013M02606', '2606', %(depuis)s::timestamptz
      FROM mesure_groupe AS g
      JOIN sejours_offre AS o ON o.id = g.offre JOIN sejours_equipement AS e ON e.id = o.equipement_id
      JOIN conventions_organisme AS p ON p.id = e.prestataire_id
"""
LOTS = """
    CREATE TEMP TABLE mesure_virement ON COMMIT DROP AS
    SELECT g.id AS groupe, e.prestataire_id AS prestataire, count(*) AS aides, sum(i.aide) AS montant,
           (g.confirmee AT TIME ZONE 'Europe/Paris')::date AS du_le,
           (date_trunc('month', g.confirmee AT TIME ZONE 'Europe/Paris') + interval '1 month')::date AS cree_le
      FROM mesure_groupe AS g
      JOIN sejours_offre AS o ON o.id = g.offre JOIN sejours_equipement AS e ON e.id = o.equipement_id
      JOIN seniors_inscription AS i ON i.groupe_id = g.id AND i.aide IS NOT NULL
      JOIN validation_presence AS p ON p.inscription_id = i.id AND p.retenue
     GROUP BY g.id, e.prestataire_id, g.confirmee;
    INSERT INTO validation_lot (cree_le, cree_par_id, execution_le, reference, montant, fichier, paye_le, paye_par_id,
                                motif_defait)
    SELECT (cree_le + time '09:00') AT TIME ZONE 'Europe/Paris', %(par)s, cree_le + 3,
           'MESURE-' || to_char(cree_le, 'YYYYMM'), sum(montant),
           'Données de mesure : rien n''a été donné à une banque.', cree_le + 4, %(par)s, ''
      FROM mesure_virement WHERE cree_le + 4 < %(le)s GROUP BY cree_le ORDER BY cree_le;
    INSERT INTO validation_virement (lot_id, groupe_id, prestataire_id, titulaire, iban, reference, aides, montant)
    SELECT l.id, v.groupe, v.prestataire, c.titulaire, c.iban, 'MESURE-' || v.groupe, v.aides, v.montant
      FROM mesure_virement AS v
      JOIN validation_lot AS l ON l.reference = 'MESURE-' || to_char(v.cree_le, 'YYYYMM')
      JOIN validation_coordonneesbancaires AS c ON c.prestataire_id = v.prestataire
     ORDER BY l.id, v.groupe;
    INSERT INTO validation_versement (inscription_id, groupe_id, prestataire_id, montant, du_le, virement_id)
    SELECT i.id, v.groupe, v.prestataire, i.aide, v.du_le, w.id
      FROM mesure_virement AS v
      JOIN seniors_inscription AS i ON i.groupe_id = v.groupe AND i.aide IS NOT NULL
      LEFT JOIN validation_virement AS w ON w.reference = 'MESURE-' || v.groupe
     ORDER BY i.id;
    INSERT INTO conventions_mouvement (credit_id, nature, montant, inscription_id, auteur_id, motif, date, cree_le)
    SELECT c.id, 'VERSEMENT', d.montant, d.inscription_id, %(par)s, 'lot ' || l.reference, l.paye_le,
           (l.paye_le + time '16:20') AT TIME ZONE 'Europe/Paris'
      FROM validation_versement AS d
      JOIN validation_virement AS v ON v.id = d.virement_id JOIN validation_lot AS l ON l.id = v.lot_id
      JOIN mesure_groupe AS g ON g.id = d.groupe_id
      JOIN conventions_credit AS c ON c.convention_id = g.porteur AND c.annee = g.annee
     ORDER BY l.paye_le, d.inscription_id;
"""

TOTAUX = """
    UPDATE sejours_groupe AS g SET inscrits = l.inscrits
      FROM (SELECT groupe_id, count(*) AS inscrits FROM seniors_inscription
             WHERE id > %(base_inscription)s AND effacee_le IS NULL GROUP BY groupe_id) AS l
     WHERE l.groupe_id = g.id;
    UPDATE sejours_sejour AS s SET places_prises = l.prises
      FROM (SELECT sejour_id, sum(CASE WHEN verrouille_le IS NULL THEN places ELSE inscrits END) AS prises
              FROM sejours_groupe WHERE id > %(base_groupe)s GROUP BY sejour_id) AS l
     WHERE l.sejour_id = s.id;
    UPDATE conventions_credit AS c SET alloue = m.alloue, engage = m.engage, verse = m.verse
      FROM (SELECT credit_id, sum(montant) FILTER (WHERE nature = 'ALLOCATION') AS alloue,
                   coalesce(sum(CASE nature WHEN 'ENGAGEMENT' THEN montant WHEN 'ALLOCATION' THEN 0
                                            ELSE -montant END), 0) AS engage,
                   coalesce(sum(montant) FILTER (WHERE nature = 'VERSEMENT'), 0) AS verse
              FROM conventions_mouvement WHERE id > %(base_mouvement)s GROUP BY credit_id) AS m
     WHERE m.credit_id = c.id;
    UPDATE conventions_programme AS p SET alloue = c.alloue
      FROM (SELECT annee, sum(alloue) AS alloue FROM conventions_credit GROUP BY annee) AS c WHERE c.annee = p.annee;
"""


@transaction.atomic
def charger(*, groupes: int, le: date) -> bool:
    """Add `groupes` groups a year over the ten years that end with this one; return False when it was done before.

    Each list holds INSCRITS persons, out of eighty for each group of a year: one travels every four years.
    """
    if Convention.objects.filter(numero__startswith=PREFIXE).exists():
        return False
    annees = range(le.year - ANNEES + 1, le.year + 1)
    ancv = Compte.objects.get(identifiant="ancv")
    with connection.cursor() as curseur, acte("données de mesure", par=ancv):
        curseur.execute("SET LOCAL statement_timeout = 0; SET CONSTRAINTS ALL IMMEDIATE")
        _programmes(annees)
        porteurs = _organismes(Organisme.Nature.PORTEUR, min(1500, max(2, groupes * 3 // 10)), le)
        nb_lieux = min(200, max(2, groupes // 25))
        _tables_de_choix(curseur, annees, offres=_lieux(nb_lieux, annees, le))
        _declencheurs(curseur, "DISABLE")
        _remplir(curseur, groupes=groupes, porteurs=porteurs, nb_lieux=nb_lieux, par=ancv, le=le)
        _declencheurs(curseur, "ENABLE")
        for table in TABLES:
            curseur.execute(f"ANALYZE {table}")
    return True


def _remplir(curseur, *, groupes: int, porteurs: list[int], nb_lieux: int, par: Compte, le: date) -> None:
    """Write groups, persons, registrations, ledger and journal, then the totals."""
    valeurs = {
        "annee": le.year,
        "delai": DELAI_VERROUILLAGE,
        "depuis": date(le.year - ANNEES, 1, 1),
        "groupes": groupes,
        "inscrits": INSCRITS,
        "le": le,
        "nb_lieux": nb_lieux,
        "nb_noms": len(noms.NOMS),
        "nb_porteurs": len(porteurs),
        "nb_prenoms": len(noms.FEMMES) + len(noms.HOMMES),
        "nb_voies": len(noms.VOIES),
        "nb_villes": _un(curseur, "SELECT count(*) FROM mesure_ville"),
        "ne_le": date(le.year - 96, 1, 1),
        "par": par.pk,
        "pas": 80 * groupes * 37 // 100,
        "porteurs": porteurs,
        "seniors": 80 * groupes,
        "tours": -(-groupes // nb_lieux),
        "base_groupe": _derniere_cle(curseur, "sejours_groupe"),
        "base_inscription": _derniere_cle(curseur, "seniors_inscription"),
        "base_mouvement": _derniere_cle(curseur, "conventions_mouvement"),
        "base_sejour": _derniere_cle(curseur, "sejours_sejour"),
        "base_senior": _derniere_cle(curseur, "seniors_senior") + 1,
    }
    curseur.execute(PLAN_DES_GROUPES, valeurs)
    curseur.execute(SEJOURS)
    curseur.execute(GROUPES, valeurs)
    curseur.execute(SENIORS, valeurs)
    curseur.execute(INSCRIPTIONS, valeurs)
    curseur.execute("ANALYZE seniors_inscription; ANALYZE mesure_groupe; ANALYZE sejours_groupe")
    curseur.execute(CREDITS)
    curseur.execute(ALLOCATIONS, valeurs)
    curseur.execute(ENGAGEMENTS)
    curseur.execute(LIBERATIONS)
    curseur.execute(VALIDATIONS, valeurs)
    curseur.execute(PRESENCES, valeurs)
    curseur.execute("ANALYZE validation_presence")
    curseur.execute(COORDONNEES, valeurs)
    for etape in (LOTS + TOTAUX).split(";")[:-1]:
        curseur.execute(etape, valeurs)
    for modele, quand, base in (
        ("sejours.Sejour", "%(depuis)s", "base_sejour"),
        ("sejours.Groupe", "cree_le", "base_groupe"),
        ("seniors.Inscription", "inscrite_le", "base_inscription"),
        ("validation.Validation", "ouverte_le", "base_groupe"),
        ("validation.Presence", "%(depuis)s", "base_inscription"),
    ):
        _journal(curseur, modele, quand, valeurs[base], valeurs)
    for table in ("sejours_groupe", "seniors_senior", "seniors_inscription"):
        curseur.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")  # noqa: S608


def _journal(curseur, modele: str, quand: str, base: int, valeurs: dict) -> None:
    """Write the journal's « insert » event of each row above `base`, as its trigger would have done in its time."""
    table, pk = apps.get_model(modele)._meta.db_table, apps.get_model(modele)._meta.pk.column
    evenement = apps.get_model(f"{modele}Event")
    colonnes = ", ".join(
        f'"{champ.column}"'
        for champ in evenement._meta.fields
        if not (champ.name.startswith("pgh_") or champ.generated)
    )
    curseur.execute(
        f"""
        INSERT INTO {evenement._meta.db_table} ({colonnes}, pgh_created_at, pgh_label, pgh_obj_id, pgh_context,
                                                pgh_context_id)
        SELECT {colonnes}, {quand}, 'insert', {pk},
               jsonb_build_object('action', 'données de mesure', 'par', %(par)s, 'nom', %(nom)s, 'motif', ''),
               md5('{table}' || {pk})::uuid
          FROM {table} WHERE {pk} > %(base)s ORDER BY {pk}
        """,  # noqa: S608 - names of our own tables and columns
        valeurs | {"base": base, "nom": "Mesure"},
    )


# --- What there is little of --------------------------------------------------------------------------------


def _programmes(annees: range) -> None:
    """Make sure that each year has a programme whose envelope holds the credits to come."""
    for annee in annees:
        programme, nouveau = Programme.objects.get_or_create(
            annee=annee,
            defaults={
                "enveloppe": 0,
                "contact_telephone": "0 969 320 616",
                "contact_email": "service-sev-web@ancv.fr",
            },
        )
        Programme.objects.filter(annee=annee).update(enveloppe=Decimal(100_000_000))
        if nouveau:
            debut, fin = saison_fermee(annee)
            Fermeture.objects.create(programme=programme, debut=debut, fin=fin)


def _organismes(nature: str, nombre: int, le: date) -> list[int]:
    """Create activated organisations with their convention and holder; return their keys in order."""
    porteur = nature == Organisme.Nature.PORTEUR
    villes = _villes()
    organismes = Organisme.objects.bulk_create(
        Organisme(
            nature=nature,
            nom=f"{'CCAS' if porteur else 'VILLAGES VACANCES'} N° {rang + 1}, {ville.upper()}",
            type_porteur=Organisme.TypePorteur.CCAS if porteur else "",
            code_postal=code_postal,
            ville=ville.upper(),
            departement=departement(code_postal, ville),
        )
        for rang, (code_postal, ville) in zip(range(nombre), _en_boucle(villes), strict=False)
    )
    debut = date(le.year - ANNEES, 1, 2)
    cote = "p" if porteur else "v"
    conventions = Convention.objects.bulk_create(
        Convention(organisme=organisme, numero=f"{PREFIXE}{cote}{rang}", activee_le=debut)
        for rang, organisme in enumerate(organismes, 1)
    )
    mot_de_passe = make_password(MOT_DE_PASSE)
    Compte.objects.bulk_create(
        Compte(
            identifiant=convention.numero,
            nom=f"Titulaire {rang}",
            email=f"{convention.numero}@mesure.example",
            organisme=convention.organisme,
            titulaire=True,
            password=mot_de_passe,
        )
        for rang, convention in enumerate(conventions, 1)
    )
    return [organisme.pk for organisme in organismes]


def _lieux(nombre: int, annees: range, le: date) -> dict[tuple[int, int], int]:
    """Create équipements, four for each provider, with an offer a year; return offer keys by (rank, year)."""
    prestataires = _organismes(Organisme.Nature.PRESTATAIRE, -(-nombre // 4), le)
    milieux = Equipement.Environnement.values
    equipements = Equipement.objects.bulk_create(
        Equipement(
            prestataire_id=prestataires[rang // 4],
            nom=f"RESIDENCE {rang + 1}",
            code_postal=code_postal,
            ville=ville.upper(),
            departement=departement(code_postal, ville),
            environnement=milieux[rang % len(milieux)],
        )
        for rang, (code_postal, ville) in zip(range(nombre), _en_boucle(_villes()[7:]), strict=False)
    )
    offres = Offre.objects.bulk_create(
        Offre(
            equipement=equipement,
            annee=annee,
            duree=8,
            prix=Tarif.objects.au(duree=8, debut=date(annee, 1, 1))[0].prix,
        )
        for annee in annees
        for equipement in equipements
    )
    rangs = {equipement.pk: rang for rang, equipement in enumerate(equipements)}
    return {(rangs[offre.equipement_id], offre.annee): offre.pk for offre in offres}


def _tables_de_choix(curseur, annees: range, offres: dict) -> None:
    """Put what the bulk statements draw from into temporary tables."""
    prenoms = [("MME", p) for p in noms.FEMMES] + [("M", p) for p in noms.HOMMES]
    aides = {}
    for annee in annees:
        samedis = _samedis(annee)
        aides |= {
            (annee, rang): (jour, Tarif.objects.au(duree=8, debut=jour)[0].aide, len(samedis))
            for rang, jour in enumerate(samedis)
        }
    for table, colonnes, lignes in (
        ("nom", "nom text, cle text", [(nom, cle(nom)) for nom in noms.NOMS]),
        ("prenom", "civilite text, prenom text, cle text", [(c, p, cle(p)) for c, p in prenoms]),
        ("voie", "voie text", [(voie,) for voie in noms.VOIES]),
        (
            "ville",
            "code_postal text, ville text, cle text",
            [(code, ville.upper(), cle_ville(ville)) for code, ville in _villes()],
        ),
    ):
        _table(
            curseur,
            table,
            f"rang int PRIMARY KEY, {colonnes}",
            [(n, *ligne) for n, ligne in enumerate(lignes)],
        )
    _table(
        curseur,
        "offre",
        "rang int, annee int, offre bigint, PRIMARY KEY (annee, rang)",
        [(*cle_offre, offre) for cle_offre, offre in offres.items()],
    )
    _table(
        curseur,
        "samedi",
        "annee int, rang int, debut date, aide numeric, nb int, PRIMARY KEY (annee, rang)",
        [(*cle_samedi, *valeurs) for cle_samedi, valeurs in aides.items()],
    )


def _samedis(annee: int) -> list[date]:
    jours = (date(annee, 3, 1) + timedelta(n) for n in range(270))
    return [j for j in jours if j.weekday() == 5 and not touche_la_saison(j, fin_du_sejour(j, 8))]


def _villes() -> list[tuple[str, str]]:
    """Return some 400 communes of today, spread over France: postcode and name."""
    with gzip.open(DONNEES / "communes.csv.gz", "rt", encoding="utf-8") as fichier:
        actuelles = [(ligne[0], ligne[2]) for ligne in csv.reader(fichier) if not ligne[1]]
    return actuelles[:: len(actuelles) // 400]


def _en_boucle(valeurs: list):
    return (valeurs[n % len(valeurs)] for n in count())


def _table(curseur, nom: str, colonnes: str, lignes: list[tuple]) -> None:
    curseur.execute(f"CREATE TEMP TABLE mesure_{nom} ({colonnes}) ON COMMIT DROP")
    with curseur.copy(f"COPY mesure_{nom} FROM STDIN") as copie:
        for ligne in lignes:
            copie.write_row(ligne)
    curseur.execute(f"ANALYZE mesure_{nom}")


def _declencheurs(curseur, verbe: str) -> None:
    for table in TABLES:
        curseur.execute(f"ALTER TABLE {table} {verbe} TRIGGER USER")


def _derniere_cle(curseur, table: str) -> int:
    return _un(curseur, f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608


def _un(curseur, requete: str):
    curseur.execute(requete)
    return curseur.fetchone()[0]
