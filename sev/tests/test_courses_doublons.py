"""Races of merges (I18) and of forgetting (X4) against registrations and each other; each lost without its guard."""

import re
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db import connection

from conventions.tests.factories import CompteFactory
from seniors.models import Fusion, Inscription, Senior
from seniors.operations.fusions import defaire_fusion, fusionner
from seniors.operations.retention import oublier_personnes
from seniors.tests.factories import InscriptionFactory, SeniorFactory
from sev.tests.test_courses import (
    ENSEMBLE,
    LE,
    MAINTENANT,
    MANCHES,
    PERSONNE,
    avec_insistance,
    ecart,
    ensemble,
    erreurs,
    inscription_de,
    invariants,
    sans,
    sans_aucun_verrou,
    sans_verrou,
    semaines,
)

pytestmark = pytest.mark.django_db(transaction=True)


# --- Acts -------------------------------------------------------------------------------------------------------


def fusion_de(garder, absorber, agent):
    return lambda: fusionner(
        garder=garder, absorber=absorber, par=agent, motif="essai", le=LE, maintenant=MAINTENANT
    )


def separation_de(fusion, agent):
    return lambda: defaire_fusion(fusion=fusion, par=agent, motif="essai", le=LE, maintenant=MAINTENANT)


def egares() -> list[str]:
    """Tell the registrations of rows that no longer stand for a person, and the rows that lead to nobody."""
    with connection.cursor() as curseur:
        curseur.execute(
            """
            SELECT 'registered under a former spelling', i.id FROM seniors_inscription i
              JOIN seniors_senior s ON s.id = i.senior_id WHERE s.fusionne_dans_id IS NOT NULL
             UNION ALL
            SELECT 'somebody without a name is on a list', i.id FROM seniors_inscription i
              JOIN seniors_senior s ON s.id = i.senior_id WHERE s.anonymise_le IS NOT NULL AND i.debut > '2022-04-22'
             UNION ALL
            SELECT 'two rows lead to each other', a.id FROM seniors_senior a
              JOIN seniors_senior b ON b.id = a.fusionne_dans_id AND b.fusionne_dans_id = a.id
            """
        )
        return [f"{quoi}: {cle}" for quoi, cle in curseur.fetchall()]


# --- Races ------------------------------------------------------------------------------------------------------


def fusion_contre_inscriptions():
    """Fifteen porteurs register one or the other spelling while ANCV merges the two."""
    agent, un, autre = CompteFactory(ancv=True), SeniorFactory(), SeniorFactory()
    issues = ensemble(
        avec_insistance(fusion_de(un, autre, agent)),
        *(inscription_de(groupe, (un, autre)[rang % 2]) for rang, groupe in enumerate(semaines()[:15])),
    )
    return erreurs(issues) + egares() + invariants()


def fusions_opposees():
    """Sixteen colleagues merge the same two rows, half of them the other way round: one merge is done."""
    agent, un, autre = CompteFactory(ancv=True), SeniorFactory(), SeniorFactory()
    premiere, seconde = semaines(2)
    InscriptionFactory(groupe=premiere, senior=un)
    InscriptionFactory(groupe=seconde, senior=autre)
    paires = ((un, autre), (autre, un))
    issues = ensemble(*(fusion_de(*paires[rang % 2], agent) for rang in range(ENSEMBLE)))
    faites = sum(isinstance(issue, Fusion) for issue in issues)
    aides = Inscription.objects.filter(senior__in=[un, autre], aide__isnull=False).count()
    return erreurs(issues) + ecart("merges, aids", (faites, aides), (1, 1)) + egares() + invariants()


def separations():
    """Sixteen colleagues undo one merge: it is undone once, and the aid comes back once."""
    agent, un, autre = CompteFactory(ancv=True), SeniorFactory(), SeniorFactory()
    premiere, seconde = semaines(2)
    InscriptionFactory(groupe=premiere, senior=un)
    reprise = InscriptionFactory(groupe=seconde, senior=autre)
    fusion = fusion_de(un, autre, agent)()
    issues = ensemble(*(separation_de(fusion, agent) for _ in range(ENSEMBLE)))
    reprise.refresh_from_db()
    return (
        erreurs(issues)
        + ecart("undone", sum(isinstance(issue, list) for issue in issues), 1)
        + ecart("whose, aid", (reprise.senior_id, reprise.aide), (autre.pk, 160))
        + egares()
        + invariants()
    )


def oubli_contre_inscriptions():
    """The clock forgets somebody at the very moment when lists take her: either her name is gone, or she is on them."""
    senior = SeniorFactory()
    Senior.objects.filter(pk=senior.pk).update(cree_le=MAINTENANT - timedelta(days=900))
    groupes = semaines(8)

    def oublie():
        return oublier_personnes(cles=[senior.pk], le=LE, maintenant=MAINTENANT)

    issues = ensemble(*(oublie for _ in range(8)), *(inscription_de(groupe, senior) for groupe in groupes))
    inscrites = sum(isinstance(issue, Inscription) for issue in issues)
    oubliee = Senior.objects.get(pk=senior.pk).anonymise_le is not None
    return (
        erreurs(issues)
        + ecart("forgotten, or registered", (oubliee, inscrites) in {(True, 0), (False, 8)}, True)
        + egares()
        + invariants()
    )


COURSES = {
    "a merge against registrations of both": fusion_contre_inscriptions,
    "merges of the same pair in opposite directions": fusions_opposees,
    "a merge undone by sixteen colleagues": separations,
    "somebody forgotten while lists take her": oubli_contre_inscriptions,
}

# Race, what is taken away, what must then be seen.
PERDUES = [
    (fusion_contre_inscriptions, [sans_verrou(PERSONNE)], "une_personne_en_usage|une_aide_par_senior"),
    (
        fusion_contre_inscriptions,
        [sans_verrou(PERSONNE), sans("seniors_inscription", "une_personne_en_usage")],
        "registered under a former spelling",
    ),
    (fusions_opposees, [sans_aucun_verrou()], "IntegrityError|deadlock"),
    (
        separations,
        [sans_aucun_verrou()],
        "an aid is not what the ledger engaged for it|undone: ",
    ),
    (
        oubli_contre_inscriptions,
        [sans_aucun_verrou(), sans("seniors_inscription", "une_personne_en_usage")],
        "somebody without a name is on a list",
    ),
]


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
