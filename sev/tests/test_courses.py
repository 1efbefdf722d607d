"""Races: real transactions, sixteen threads at once, several rounds; and each race lost once its guard is removed.

A race is a function that sets its own scene, runs it once and returns what went wrong: an exception that is not a
refusal, a result that no order of the acts could give, or an invariant of the database that no longer holds.
"""

import random
import re
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.models import QuerySet

from conventions.models import Credit, Mouvement, Programme
from conventions.operations import credits as operations_des_credits
from conventions.operations.credits import allouer
from conventions.tests.factories import CompteFactory, ConventionFactory, ProgrammeFactory
from sejours.models import Groupe
from sejours.models.groupes import GroupeQuerySet
from sejours.models.offres import SejourQuerySet
from sejours.operations import groupes as operations_des_groupes
from sejours.operations.groupes import preinscrire, verrouiller_listes
from sejours.tests.factories import GroupeFactory, SejourFactory
from seniors.models import Inscription, Senior
from seniors.models.seniors import SeniorQuerySet
from seniors.operations.files import servir_file, servir_toutes_les_files
from seniors.operations.inscriptions import corriger, effacer, inscrire, retablir, tout_effacer
from seniors.tests.factories import PARIS, InscriptionFactory, SeniorFactory, fiche, groupe_dote, identite
from sev.socle.models import Courriel
from sev.socle.refus import RefusMetier

pytestmark = pytest.mark.django_db(transaction=True)

ENSEMBLE = 16
MANCHES = 3
LE = date(2022, 4, 22)
DERNIER_JOUR = date(2022, 4, 27)
LENDEMAIN = date(2022, 4, 28)
MAINTENANT = datetime(2022, 4, 22, 11, 0, tzinfo=PARIS)
EFFACEE_LE = datetime(2022, 4, 22, 10, 45, tzinfo=PARIS)


# --- Running together -------------------------------------------------------------------------------------------


def ensemble(*actes) -> list:
    """Run the acts at the same instant, each in its own connection; return their answers, or what they raised."""
    depart = Barrier(len(actes))

    def courir(acte):
        try:
            connection.ensure_connection()
            depart.wait(120)
            return acte()
        except Exception as erreur:  # noqa: BLE001 - judged by `erreurs`
            return erreur
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(actes)) as bassin:
        return list(bassin.map(courir, actes))


@contextmanager
def double_par(acte, *, avant: str):
    """Let `acte` be done whole, in another connection, right before the first statement of the block that begins so."""
    issues = []

    def laisser_passer(execute, sql, *suite):
        if sql.startswith(avant) and not issues:
            issues.extend(ensemble(acte))
        return execute(sql, *suite)

    with connection.execute_wrapper(laisser_passer):
        yield
    assert (len(issues), erreurs(issues)) == (1, []), "nobody came in between"


def erreurs(issues) -> list[str]:
    """Tell the exceptions that are not refusals: what a user would see as a page 500."""
    return [
        f"{type(issue).__name__}: {issue}"
        for issue in issues
        if isinstance(issue, Exception) and not isinstance(issue, RefusMetier)
    ]


def bilan(issues) -> dict[str, int]:
    """Count the answers: refused, aided, or the reason for no aid."""
    return dict(
        Counter(
            "refus" if isinstance(issue, Exception) else "aide" if issue.aide else issue.motif_sans_aide
            for issue in issues
        )
    )


def ecart(quoi: str, obtenu, attendu) -> list[str]:
    return [] if obtenu == attendu else [f"{quoi}: {obtenu!r} instead of {attendu!r}"]


INVARIANTS = {
    "a credit is not the sum of its entries": """
        SELECT c.id FROM conventions_credit c LEFT JOIN conventions_mouvement m ON m.credit_id = c.id
         GROUP BY c.id HAVING
            c.alloue <> coalesce(sum(CASE WHEN m.nature IN ('ALLOCATION', 'COMPLEMENT') THEN m.montant
                                          WHEN m.nature = 'REPRISE' THEN -m.montant END), 0)
         OR c.engage <> coalesce(sum(CASE WHEN m.nature = 'ENGAGEMENT' THEN m.montant
                                          WHEN m.nature IN ('LIBERATION', 'VERSEMENT') THEN -m.montant END), 0)""",
    "a credit is overdrawn": "SELECT id FROM conventions_credit WHERE engage < 0 OR alloue < engage + verse",
    "a programme is not the sum of its credits, or exceeds its envelope": """
        SELECT p.annee FROM conventions_programme p LEFT JOIN conventions_credit c ON c.annee = p.annee
         GROUP BY p.annee HAVING p.alloue <> coalesce(sum(c.alloue), 0) OR p.alloue > p.enveloppe""",
    "an aid is not what the ledger engaged for it": """
        SELECT i.id FROM seniors_inscription i LEFT JOIN conventions_mouvement m ON m.inscription_id = i.id
         GROUP BY i.id HAVING coalesce(i.aide, 0) <> coalesce(
                sum(CASE m.nature WHEN 'ENGAGEMENT' THEN m.montant WHEN 'LIBERATION' THEN -m.montant END), 0)""",
    "somebody is aided twice in a year": """
        SELECT senior_id FROM seniors_inscription WHERE aide IS NOT NULL
         GROUP BY senior_id, annee HAVING count(*) > 1""",
    "somebody is on two stays at once": """
        SELECT a.id FROM seniors_inscription a JOIN seniors_inscription b ON a.senior_id = b.senior_id AND a.id < b.id
         WHERE a.effacee_le IS NULL AND b.effacee_le IS NULL AND a.debut < b.fin AND b.debut < a.fin""",
    "a group's counter is not its list": """
        SELECT g.id FROM sejours_groupe g LEFT JOIN seniors_inscription i ON i.groupe_id = g.id AND i.effacee_le IS NULL
         GROUP BY g.id HAVING g.inscrits <> count(i.id)""",
    "a list is beyond its places": """
        SELECT g.id FROM sejours_groupe g JOIN seniors_inscription i ON i.groupe_id = g.id AND i.effacee_le IS NULL
         GROUP BY g.id HAVING count(i.id) > g.places""",
    "a stay's places are not those of its groups, or too many": """
        SELECT s.id FROM sejours_sejour s LEFT JOIN sejours_groupe g ON g.sejour_id = s.id AND g.annule_le IS NULL
         GROUP BY s.id HAVING s.places_prises > s.places OR s.places_prises <> coalesce(
                sum(CASE WHEN g.verrouille_le IS NULL THEN g.places ELSE g.inscrits END), 0)""",
    "a stay's held places are not those of its options, or too many": """
        SELECT s.id FROM sejours_sejour s LEFT JOIN sejours_option o ON o.sejour_id = s.id AND o.issue = ''
         GROUP BY s.id HAVING s.places_prises + s.places_en_option > s.places
             OR s.places_en_option <> coalesce(sum(o.places), 0)""",
    "something lives on what is cancelled": """
        SELECT 'group', g.id FROM sejours_groupe g JOIN sejours_sejour s ON s.id = g.sejour_id
         WHERE s.annule_le IS NOT NULL AND g.annule_le IS NULL
         UNION ALL
        SELECT 'option', o.id FROM sejours_option o JOIN sejours_sejour s ON s.id = o.sejour_id
         WHERE s.annule_le IS NOT NULL AND o.issue = ''
         UNION ALL
        SELECT 'registration', i.id FROM seniors_inscription i JOIN sejours_groupe g ON g.id = i.groupe_id
         WHERE g.annule_le IS NOT NULL AND i.effacee_le IS NULL""",
    "a link leads to somebody who left": """
        SELECT i.id FROM seniors_inscription i JOIN seniors_inscription lie ON lie.id = i.senior_lie_id
         WHERE i.effacee_le IS NULL AND (lie.effacee_le IS NOT NULL OR lie.groupe_id <> i.groupe_id)""",
    "two persons have one identity": """
        SELECT min(id) FROM seniors_senior
         GROUP BY date_naissance, cle_nom, cle_prenom, cle_ville HAVING count(*) > 1""",
}


def invariants() -> list[str]:
    """Tell the invariants that the data break."""
    with connection.cursor() as curseur:
        brises = []
        for nom, requete in INVARIANTS.items():
            curseur.execute(requete)
            if lignes := curseur.fetchall():
                brises.append(f"{nom}: {lignes}")
    return brises


def en_attente_malgre_le_credit() -> list[str]:
    """Let the clock pass, then tell the porteurs of whom somebody waits while there is enough for an aid."""
    servir_toutes_les_files(le=LE)
    attendent = Inscription.objects.filter(motif_sans_aide="CREDITS_EPUISES", debut__lt="2022-06-01")
    riches = Credit.objects.filter(convention__in=attendent.values("groupe__porteur"))
    return [f"{c.disponible} € are free while somebody waits" for c in riches if c.disponible >= 160]


# --- Acts -------------------------------------------------------------------------------------------------------


def inscription_de(groupe, senior=None, *, le=LE, qui=None, jeton=None, **champs):
    senior = senior if senior or qui else SeniorFactory()
    return lambda: inscrire(
        groupe=groupe,
        senior=senior,
        identite=qui,
        fiche=fiche(**champs),
        par=None,
        le=le,
        maintenant=MAINTENANT,
        jeton=jeton,
    )


def avec_insistance(acte):
    """Try `acte` five times, until it is no longer refused."""

    def insiste():
        for _ in range(4):
            with suppress(RefusMetier):
                return acte()
        return acte()

    return insiste


def effacement_de(inscription):
    return lambda: effacer(inscription=inscription, par=None, le=LE, maintenant=MAINTENANT)


def effacement_de_tout(groupe):
    return lambda: tout_effacer(groupe=groupe, par=None, le=LE, maintenant=MAINTENANT)


def retablissement(groupe):
    return lambda: retablir(groupe=groupe, effacee_le=EFFACEE_LE, par=None, le=LE, maintenant=MAINTENANT)


def correction_de(inscription, qui=None, **champs):
    champs = {"eligibilite": "AIDE"} | champs

    def corrige():
        return corriger(
            inscription=inscription,
            fiche=fiche(**champs),
            identite=qui,
            par=None,
            le=LE,
            maintenant=MAINTENANT,
        )

    return corrige


def service_de(groupe):
    return lambda: servir_file(convention=groupe.porteur_id, annee=2022, le=LE)


def semaines(nombre=ENSEMBLE, **champs) -> list[Groupe]:
    """Groups of as many porteurs, one week after the other, each with credit."""
    return [
        groupe_dote(sejour__debut=date(2022, 5, 14) + timedelta(weeks=rang), **champs)
        for rang in range(nombre)
    ]


# --- Races ------------------------------------------------------------------------------------------------------


def derniere_place():
    groupe = groupe_dote(alloue=5_000, places=1)
    issues = ensemble(*(inscription_de(groupe) for _ in range(ENSEMBLE)))
    return erreurs(issues) + ecart("answers", bilan(issues), {"aide": 1, "refus": 15}) + invariants()


def derniers_euros():
    premier = groupe_dote(alloue=160)
    groupes = [premier, *(GroupeFactory(porteur=premier.porteur) for _ in range(3))]
    issues = ensemble(*(inscription_de(groupe) for groupe in groupes for _ in range(4)))
    return (
        erreurs(issues) + ecart("answers", bilan(issues), {"aide": 1, "CREDITS_EPUISES": 15}) + invariants()
    )


def une_personne_chez_plusieurs_porteurs():
    senior = SeniorFactory()
    issues = ensemble(*(inscription_de(groupe, senior) for groupe in semaines()))
    return erreurs(issues) + ecart("answers", bilan(issues), {"aide": 1, "DEJA_AIDE": 15}) + invariants()


def une_personne_aux_memes_dates():
    senior = SeniorFactory()
    issues = ensemble(*(inscription_de(groupe_dote(), senior) for _ in range(ENSEMBLE)))
    return erreurs(issues) + ecart("answers", bilan(issues), {"aide": 1, "refus": 15}) + invariants()


def une_personne_inconnue():
    qui = identite(nom=f"INCONNUE {uuid.uuid4()}")
    issues = ensemble(*(inscription_de(groupe, qui=qui) for groupe in semaines()))
    return (
        erreurs(issues)
        + ecart("answers", bilan(issues), {"aide": 1, "DEJA_AIDE": 15})
        + ecart("persons", Senior.objects.de_meme_identite(qui).count(), 1)
        + invariants()
    )


def une_identite_corrigee_et_inscrite():
    """Eight porteurs correct somebody's identity into the one under which eight others register a new person."""
    qui = identite(nom=f"CORRIGÉE {uuid.uuid4()}")
    groupes = semaines()
    issues = ensemble(
        *(correction_de(InscriptionFactory(groupe=groupe), qui=qui) for groupe in groupes[:8]),
        *(inscription_de(groupe, qui=qui) for groupe in groupes[8:]),
    )
    return erreurs(issues) + ecart("persons", Senior.objects.de_meme_identite(qui).count(), 1) + invariants()


def retrait_contre_inscriptions():
    """The one registered leaves a full list, and the credit, while fifteen others try and try again to come in."""
    groupe = groupe_dote(alloue=160, places=1)
    partante = InscriptionFactory(groupe=groupe)
    issues = ensemble(effacement_de(partante), *(avec_insistance(inscription_de(groupe)) for _ in range(15)))
    entrees = [issue for issue in issues[1:] if isinstance(issue, Inscription)]
    return (
        erreurs(issues)
        + ecart("removal", issues[0] if isinstance(issues[0], Exception) else "done", "done")
        + ecart("more than one came in", len(entrees) > 1, False)
        + en_attente_malgre_le_credit()
        + invariants()
    )


def retraits_de_la_meme_personne():
    groupe = groupe_dote()
    partante, _ = InscriptionFactory(groupe=groupe), InscriptionFactory(groupe=groupe)
    issues = ensemble(*(effacement_de(partante) for _ in range(ENSEMBLE)))
    return (
        erreurs(issues)
        + ecart("removals", sum(isinstance(issue, list) for issue in issues), 1)
        + ecart(
            "releases", Mouvement.objects.filter(inscription_id=partante.pk, nature="LIBERATION").count(), 1
        )
        + invariants()
    )


def inscriptions_a_minuit():
    """Registrations sent on the last day, while the clock of the next day locks: what was mailed is the list."""
    groupe = groupe_dote(alloue=5_000, places=20)
    CompteFactory(convention=groupe.porteur.convention)

    def horloge():
        while not verrouiller_listes(le=LENDEMAIN, maintenant=MAINTENANT):
            pass
        return 1

    issues = ensemble(horloge, *(inscription_de(groupe, le=DERNIER_JOUR) for _ in range(15)))
    inscrites = sum(isinstance(issue, Inscription) for issue in issues)
    groupe.refresh_from_db()
    courriel = Courriel.objects.get(cause__startswith=f"liste-verrouillee-porteur-{groupe.pk}-")
    annonce = f"{inscrites} personne" if inscrites else "Personne n'y est inscrit"
    return (
        erreurs(issues)
        + ecart("registered", groupe.inscrits, inscrites)
        + ecart("told by mail", annonce in courriel.texte.replace("\u00a0", " "), True)
        + ecart("refused ones", sum(isinstance(issue, RefusMetier) for issue in issues), 15 - inscrites)
        + invariants()
    )


def aidants_contre_depart():
    """Carers come in while the person they would accompany leaves: either she left, or they are beside her."""
    groupe = groupe_dote(alloue=5_000, places=20)
    lie = InscriptionFactory(groupe=groupe, handicape=True)
    issues = ensemble(
        *(effacement_de(lie) for _ in range(4)),
        *(inscription_de(groupe, eligibilite="AIDANT", senior_lie=lie) for _ in range(12)),
    )
    aidants = sum(isinstance(issue, Inscription) for issue in issues)
    partie = sum(isinstance(issue, list) for issue in issues)
    return (
        erreurs(issues)
        + ecart("left, accompanied", (partie, aidants) in {(1, 0), (0, 12)}, True)
        + invariants()
    )


def meme_formulaire():
    groupe, senior, jeton = groupe_dote(places=1), SeniorFactory(), uuid.uuid4()
    issues = ensemble(*(inscription_de(groupe, senior, jeton=jeton) for _ in range(ENSEMBLE)))
    cles = {issue.pk for issue in issues if isinstance(issue, Inscription)}
    return (
        erreurs(issues)
        + ecart("registrations", (len(cles), groupe.inscriptions.count()), (1, 1))
        + ecart("refused", sum(isinstance(issue, RefusMetier) for issue in issues), 0)
        + invariants()
    )


def tout_effacer_contre_inscriptions():
    groupe = groupe_dote(alloue=2_000, places=20)
    presentes = [InscriptionFactory(groupe=groupe) for _ in range(6)]
    issues = ensemble(
        *(effacement_de_tout(groupe) for _ in range(3)),
        *(effacement_de(inscription) for inscription in presentes[:3]),
        *(inscription_de(groupe) for _ in range(10)),
    )
    inscrites = [issue.pk for issue in issues if isinstance(issue, Inscription)]
    parties = sum(issue[0] for issue in issues if isinstance(issue, tuple))
    seules = sum(isinstance(issue, list) for issue in issues)
    restent = groupe.inscriptions.presentes().count()
    return (
        erreurs(issues)
        + ecart("came in", len(inscrites), 10)
        + ecart("came in and were there, less those who left", 16 - parties - seules, restent)
        + invariants()
    )


def retablissements_contre_inscriptions():
    """Everybody was removed by mistake: colleagues undo it, others register the same persons again."""
    groupe = groupe_dote(alloue=5_000, places=12)
    personnes = [InscriptionFactory(groupe=groupe).senior for _ in range(6)]
    tout_effacer(groupe=groupe, par=None, le=LE, maintenant=EFFACEE_LE)
    autres_listes = [groupe_dote(), groupe_dote(sejour__debut=date(2022, 5, 28))]
    issues = ensemble(
        *(retablissement(groupe) for _ in range(4)),
        *(inscription_de(groupe, senior) for senior in personnes),
        *(inscription_de(liste, senior) for liste in autres_listes for senior in personnes[:3]),
    )
    presents = Counter(
        Inscription.objects.presentes()
        .filter(debut=date(2022, 5, 14), senior__in=personnes)
        .values_list("senior", flat=True)
    )
    return erreurs(issues) + ecart("there once", sorted(presents.values()), [1] * 6) + invariants()


def effacements_croises():
    """Four lists of one porteur, on each some leave and some wait: each removal serves the queue of all four."""
    premier = groupe_dote(alloue=16 * 160)
    groupes = [premier, *(GroupeFactory(porteur=premier.porteur) for _ in range(3))]
    partantes = [InscriptionFactory(groupe=groupe) for groupe in groupes for _ in range(4)]
    attendent = [InscriptionFactory(groupe=groupe) for groupe in groupes for _ in range(2)]
    issues = ensemble(*(effacement_de(inscription) for inscription in partantes))
    fautes = erreurs(issues) + ecart("removals", sum(isinstance(issue, list) for issue in issues), ENSEMBLE)
    fautes += en_attente_malgre_le_credit()
    aides = Inscription.objects.filter(pk__in=[i.pk for i in attendent], aide=160).count()
    return fautes + ecart("served", aides, 8) + invariants()


def services_de_la_meme_file():
    premier = groupe_dote(alloue=1)
    groupes = [premier, *(GroupeFactory(porteur=premier.porteur) for _ in range(3))]
    attendent = [InscriptionFactory(groupe=groupe) for _ in range(2) for groupe in groupes]
    allouer(
        convention=premier.porteur.convention,
        annee=2022,
        montant=Decimal(2_560),
        par=None,
        le=LE,
        motif="essai",
    )
    issues = ensemble(*(service_de(premier) for _ in range(ENSEMBLE)))
    servir_toutes_les_files(le=LE)
    servies = list(
        Inscription.objects.filter(pk__in=[i.pk for i in attendent], aide=160)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    return erreurs(issues) + ecart("served", servies, [i.pk for i in attendent]) + invariants()


def tout_a_la_fois():
    """Every act, on lists and persons that cross, with little credit and few places."""
    hasard = random.Random(uuid.uuid4().int)
    premier = groupe_dote(alloue=800, places=6)
    groupes = [
        premier,
        GroupeFactory(porteur=premier.porteur, places=6, sejour__debut=date(2022, 5, 18)),
        groupe_dote(alloue=480, places=6),
        groupe_dote(alloue=480, places=6, sejour__debut=date(2022, 5, 28)),
    ]
    personnes = [SeniorFactory() for _ in range(10)]
    presentes = []
    for groupe, senior in zip(groupes * 2, personnes, strict=False):
        presentes.append(InscriptionFactory(groupe=groupe, senior=senior))
    effacer(inscription=presentes[0], par=None, le=LE, maintenant=EFFACEE_LE)
    actes = [
        *(inscription_de(hasard.choice(groupes), hasard.choice(personnes)) for _ in range(6)),
        *(effacement_de(hasard.choice(presentes)) for _ in range(3)),
        *(
            correction_de(hasard.choice(presentes), eligibilite=hasard.choice(["AIDE", "PROGRAMME"]))
            for _ in range(3)
        ),
        effacement_de_tout(hasard.choice(groupes)),
        retablissement(premier),
        service_de(premier),
        lambda: allouer(
            convention=premier.porteur.convention,
            annee=2022,
            montant=Decimal(160),
            par=None,
            le=LE,
            motif="essai",
        ),
    ]
    hasard.shuffle(actes)
    issues = ensemble(*actes)
    return erreurs(issues) + en_attente_malgre_le_credit() + invariants()


def dernieres_places_d_un_sejour():
    ProgrammeFactory()
    sejour, convention = SejourFactory(places=30), ConventionFactory()
    issues = ensemble(
        *(
            lambda: preinscrire(
                sejour=sejour, convention=convention, places=10, type_groupe="GROUPE", par=None, le=LE
            )
            for _ in range(ENSEMBLE)
        )
    )
    return erreurs(issues) + ecart("groups", sum(isinstance(i, Groupe) for i in issues), 3) + invariants()


def balayages_de_l_horloge():
    """Sixteen clocks strike midnight on lists whose stays cross: each list is locked once, each mail written once."""
    sejours = [SejourFactory() for _ in range(4)]
    porteur = GroupeFactory(sejour=sejours[0]).porteur
    CompteFactory(convention=porteur.convention)
    for rang in range(23):
        GroupeFactory(sejour=sejours[(rang * 3 + rang // 4) % 4], porteur=porteur, places=2)
    avant = Courriel.objects.count()
    issues = ensemble(
        *(lambda: verrouiller_listes(le=LENDEMAIN, maintenant=MAINTENANT) for _ in range(ENSEMBLE))
    )
    return (
        erreurs(issues)
        + ecart("locked", sum(issue for issue in issues if isinstance(issue, int)), 24)
        + ecart("mails", Courriel.objects.count() - avant, 24)
        + ecart("left open", Groupe.objects.filter(verrouille_le__isnull=True).count(), 0)
        + invariants()
    )


def derniers_euros_de_l_enveloppe():
    annee = 2100 + Programme.objects.count()
    ProgrammeFactory(annee=annee, enveloppe=Decimal(1_000))
    conventions = [ConventionFactory() for _ in range(4)]
    issues = ensemble(
        *(
            lambda convention=conventions[rang % 4]: allouer(
                convention=convention, annee=annee, montant=Decimal(100), par=None, le=LE, motif="essai"
            )
            for rang in range(ENSEMBLE)
        )
    )
    return (
        erreurs(issues) + ecart("allotted", sum(isinstance(i, Mouvement) for i in issues), 10) + invariants()
    )


COURSES = {
    "the last place is taken once": derniere_place,
    "the last 160 euros are granted once": derniers_euros,
    "a person is aided once, however many porteurs": une_personne_chez_plusieurs_porteurs,
    "a person is on one of the stays of the same dates": une_personne_aux_memes_dates,
    "a new person met by sixteen lists is one person": une_personne_inconnue,
    "an identity corrected and registered at once is one person": une_identite_corrigee_et_inscrite,
    "a removal against registrations": retrait_contre_inscriptions,
    "a person removed by sixteen colleagues leaves once": retraits_de_la_meme_personne,
    "registrations against the lock at midnight": inscriptions_a_minuit,
    "carers against the departure of the person cared for": aidants_contre_depart,
    "the same form sent sixteen times registers once": meme_formulaire,
    "removing everybody against registrations": tout_effacer_contre_inscriptions,
    "restoring against registrations": retablissements_contre_inscriptions,
    "removals on lists that share a queue": effacements_croises,
    "a queue served by sixteen clocks": services_de_la_meme_file,
    "everything at once": tout_a_la_fois,
    "the last places of a stay": dernieres_places_d_un_sejour,
    "the midnight of sixteen clocks": balayages_de_l_horloge,
    "the last euros of the envelope": derniers_euros_de_l_enveloppe,
}


# --- What guards them, taken away ---------------------------------------------------------------------------------


@contextmanager
def sans_verrou(*querysets):
    """`verrouiller()` no longer locks."""
    with pytest.MonkeyPatch.context() as patch:
        for queryset in querysets:
            patch.setattr(queryset, "verrouiller", lambda self: self)
        yield


@contextmanager
def sans(table: str, *regles: str):
    """The database without these constraints, unique indexes or triggers of `table`; empty when they come back."""
    with connection.cursor() as curseur:
        curseur.execute(
            """
            SELECT 'ALTER TABLE ' || %(t)s || ' DROP CONSTRAINT ' || conname,
                   'ALTER TABLE ' || %(t)s || ' ADD CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid)
              FROM pg_constraint WHERE conrelid = %(t)s::regclass AND conname = ANY(%(r)s)
             UNION ALL
            SELECT 'DROP INDEX ' || indexname, indexdef FROM pg_indexes
             WHERE tablename = %(t)s AND indexname = ANY(%(r)s)
               AND indexname NOT IN (SELECT conname FROM pg_constraint)
             UNION ALL
            SELECT 'ALTER TABLE ' || %(t)s || ' DISABLE TRIGGER ' || tgname,
                   'ALTER TABLE ' || %(t)s || ' ENABLE TRIGGER ' || tgname
              FROM pg_trigger
             WHERE tgrelid = %(t)s::regclass AND substring(tgname from 'pgtrigger_(.*)_[0-9a-f]{5}') = ANY(%(r)s)
            """,
            {"t": table, "r": list(regles)},
        )
        ordres = curseur.fetchall()
        assert len(ordres) == len(regles)
        for retirer, _ in ordres:
            curseur.execute(retirer)
        try:
            yield
        finally:
            call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
            for _, remettre in ordres:
                curseur.execute(remettre)


@contextmanager
def sans_relire_le_credit():
    """The check of what is free no longer locks the credit, so that it doesn't see what others just spent."""
    with pytest.MonkeyPatch.context() as patch:
        requete = operations_des_credits.ENGAGER
        assert "FOR NO KEY UPDATE" in requete
        patch.setattr(operations_des_credits, "ENGAGER", requete.replace("FOR NO KEY UPDATE", ""))
        yield


@contextmanager
def sans_trouver_ou_creer():
    """A new person is looked for, then created, in two statements."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            SeniorQuerySet, "bulk_create", lambda self, personnes, **_: [p.save() for p in personnes]
        )
        yield


@contextmanager
def en_attendant_les_listes_prises():
    """Whoever serves the queue waits for lists that others hold, instead of passing on."""

    def verrouille(self, **options):
        return QuerySet.select_for_update(self, **options | {"skip_locked": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GroupeQuerySet, "select_for_update", verrouille, raising=False)
        yield


@contextmanager
def sans_aucun_verrou():
    """SELECT ... FOR UPDATE no longer locks, wherever it stands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
        yield


LISTE, PERSONNE, SEJOUR = GroupeQuerySet, SeniorQuerySet, SejourQuerySet

# Race, what is taken away, what must then be seen.
PERDUES = [
    (derniere_place, [sans_verrou(LISTE)], "inscrits_dans_les_places"),
    (
        derniere_place,
        [sans_verrou(LISTE), sans("sejours_groupe", "inscrits_dans_les_places")],
        "a list is beyond its places",
    ),
    (derniers_euros, [sans_relire_le_credit()], "credit_jamais_depasse"),
    (
        derniers_euros,
        [sans_relire_le_credit(), sans("conventions_credit", "credit_jamais_depasse")],
        "a credit is overdrawn",
    ),
    (une_personne_chez_plusieurs_porteurs, [sans_verrou(PERSONNE)], "une_aide_par_senior_et_par_an"),
    (
        une_personne_chez_plusieurs_porteurs,
        [sans_verrou(PERSONNE), sans("seniors_inscription", "une_aide_par_senior_et_par_an")],
        "somebody is aided twice in a year",
    ),
    (une_personne_aux_memes_dates, [sans_verrou(PERSONNE)], "pas_deux_sejours_a_la_fois"),
    (
        une_personne_aux_memes_dates,
        [
            sans_verrou(PERSONNE),
            sans("seniors_inscription", "pas_deux_sejours_a_la_fois", "une_aide_par_senior_et_par_an"),
        ],
        "somebody is on two stays at once",
    ),
    (une_personne_inconnue, [sans_trouver_ou_creer()], "une_personne_par_identite"),
    (
        une_identite_corrigee_et_inscrite,
        [sans_trouver_ou_creer(), sans("seniors_senior", "une_personne_par_identite")],
        "two persons have one identity",
    ),
    (retrait_contre_inscriptions, [sans_verrou(LISTE)], "inscrits_dans_les_places"),
    (retraits_de_la_meme_personne, [sans_verrou(LISTE)], "releases: "),
    (inscriptions_a_minuit, [sans_verrou(LISTE)], "told by mail"),
    (aidants_contre_depart, [sans_verrou(LISTE)], "une_personne_liee_reste_sur_la_liste|a link leads to"),
    (
        aidants_contre_depart,
        [sans_verrou(LISTE), sans("seniors_inscription", "liens_de_la_liste")],
        "a link leads to somebody who left",
    ),
    (meme_formulaire, [sans_verrou(LISTE, PERSONNE)], "IntegrityError"),
    (tout_effacer_contre_inscriptions, [sans_verrou(LISTE)], "an aid is not what the ledger engaged for it"),
    (retablissements_contre_inscriptions, [sans_verrou(LISTE, PERSONNE)], "IntegrityError"),
    (effacements_croises, [en_attendant_les_listes_prises()], "deadlock detected|lock timeout"),
    (services_de_la_meme_file, [sans_aucun_verrou()], "an aid is not what the ledger engaged for it"),
    (tout_a_la_fois, [sans_verrou(LISTE, PERSONNE)], "IntegrityError|a credit|an aid"),
    (dernieres_places_d_un_sejour, [sans_verrou(SEJOUR)], "sejour_jamais_surreserve"),
    (
        dernieres_places_d_un_sejour,
        [sans_verrou(SEJOUR), sans("sejours_sejour", "sejour_jamais_surreserve")],
        "a stay's places are not those of its groups, or too many",
    ),
    (balayages_de_l_horloge, [sans_verrou(SEJOUR)], "deadlock detected"),
    (derniers_euros_de_l_enveloppe, [sans_aucun_verrou()], "allocations_dans_l_enveloppe"),
]


@pytest.fixture(autouse=True)
def petits_lots(monkeypatch):
    """Sweeps of three lists, so that several of them work at once."""
    monkeypatch.setattr(operations_des_groupes, "LOT", 3)


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_nothing_is_lost_nothing_is_double(course):
    for _ in range(MANCHES):
        assert course() == []


@pytest.mark.parametrize(
    ("course", "retraits", "vu"), PERDUES, ids=[f"{course.__name__}, {vu}" for course, _, vu in PERDUES]
)
def test_without_its_guard_each_race_is_lost(course, retraits, vu):
    with ExitStack() as pile:
        for retrait in retraits:
            pile.enter_context(retrait)
        fautes = []
        for _ in range(60):
            fautes += course()
            if re.search(vu, "\n".join(fautes)):
                return
    pytest.fail(f"lost in no round: {fautes}")
