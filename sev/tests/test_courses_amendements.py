"""Races on amended lists (I15): ANCV against the porteur, itself and the clock; each lost without its guard."""

import re
from contextlib import ExitStack

import pytest

from conventions.models import Mouvement
from conventions.tests.factories import CompteFactory
from sejours.models import Groupe
from sejours.operations.groupes import changer_places, verrouiller_listes
from sejours.tests.factories import GroupeFactory
from seniors.models import Inscription
from seniors.operations.amendements import ajouter, amender, retirer
from seniors.tests.factories import InscriptionFactory, SeniorFactory, fiche, groupe_dote
from sev.socle.models import Courriel
from sev.tests.test_courses import (
    LE,
    LENDEMAIN,
    LISTE,
    MAINTENANT,
    MANCHES,
    PERSONNE,
    SEJOUR,
    correction_de,
    ecart,
    effacement_de,
    ensemble,
    erreurs,
    inscription_de,
    invariants,
    sans,
    sans_verrou,
)

pytestmark = pytest.mark.django_db(transaction=True)

MOTIF = "Oubli du porteur"


# --- Acts -------------------------------------------------------------------------------------------------------


def ajout_de(groupe, agent, senior=None):
    senior = senior or SeniorFactory()
    return lambda: ajouter(
        groupe=groupe, senior=senior, fiche=fiche(), motif=MOTIF, par=agent, le=LE, maintenant=MAINTENANT
    )


def amendement_de(inscription, agent, eligibilite):
    return lambda: amender(
        inscription=inscription,
        fiche=fiche(eligibilite),
        motif=MOTIF,
        par=agent,
        le=LE,
        maintenant=MAINTENANT,
    )


def retrait_de(inscription, agent):
    return lambda: retirer(inscription=inscription, motif=MOTIF, par=agent, le=LE, maintenant=MAINTENANT)


def entrees(issues) -> int:
    return sum(isinstance(issue, Inscription) for issue in issues)


# --- Races ------------------------------------------------------------------------------------------------------


def porteur_contre_ancv():
    """Eight corrections by the porteur and eight by ANCV, each other way: the aid is what the last one decided."""
    groupe, agent = groupe_dote(alloue=400), CompteFactory(ancv=True)
    inscription = InscriptionFactory(groupe=groupe)
    issues = ensemble(
        *(amendement_de(inscription, agent, ("PROGRAMME", "AIDE")[rang % 2]) for rang in range(8)),
        *(correction_de(inscription, eligibilite=("AIDE", "PROGRAMME")[rang % 2]) for rang in range(8)),
    )
    nets = Mouvement.objects.filter(inscription_id=inscription.pk)
    engages = nets.filter(nature="ENGAGEMENT").count() - nets.filter(nature="LIBERATION").count()
    inscription.refresh_from_db()
    return (
        erreurs(issues)
        + ecart("corrected", entrees(issues), 16)
        + ecart("aids engaged", engages, int(inscription.aide is not None))
        + invariants()
    )


def deux_agents_pour_la_meme_personne():
    groupe, senior = groupe_dote(places=1), SeniorFactory()
    InscriptionFactory(groupe=groupe)
    agents = [CompteFactory(ancv=True) for _ in range(2)]
    issues = ensemble(*(ajout_de(groupe, agents[rang % 2], senior) for rang in range(16)))
    groupe.refresh_from_db()
    return (
        erreurs(issues)
        + ecart("added", entrees(issues), 1)
        + ecart("places, registered", (groupe.places, groupe.inscrits), (2, 2))
        + invariants()
    )


def dernieres_places_du_sejour():
    """Two full groups, one of them closed, and a provider who gives places: two places are left on the stay."""
    agent = CompteFactory(ancv=True)
    clos = groupe_dote(places=1, sejour__places=6)
    InscriptionFactory(groupe=clos)
    verrouiller_listes(le=LENDEMAIN, maintenant=MAINTENANT)
    plein = groupe_dote(places=1, sejour=clos.sejour)
    InscriptionFactory(groupe=plein)
    autre = GroupeFactory(sejour=clos.sejour, places=2)
    issues = ensemble(
        *(ajout_de(clos, agent) for _ in range(6)),
        *(ajout_de(plein, agent) for _ in range(6)),
        *(
            lambda: changer_places(groupe=autre, places=3, par=None, le=LE, maintenant=MAINTENANT)
            for _ in range(4)
        ),
    )
    pris = entrees(issues) + sum(isinstance(issue, Groupe) for issue in issues)
    return erreurs(issues) + ecart("places taken", pris, 2) + invariants()


def ancv_contre_porteur_sur_une_liste():
    """ANCV adds and removes while the porteur does the same on its open list, with little credit."""
    groupe, agent = groupe_dote(alloue=800, places=8), CompteFactory(ancv=True)
    presentes = [InscriptionFactory(groupe=groupe) for _ in range(4)]
    issues = ensemble(
        *(retrait_de(inscription, agent) for inscription in presentes),
        *(effacement_de(inscription) for inscription in presentes),
        *(ajout_de(groupe, agent) for _ in range(4)),
        *(inscription_de(groupe) for _ in range(4)),
    )
    parties = sum(isinstance(issue, list) for issue in issues)
    groupe.refresh_from_db()
    return (
        erreurs(issues)
        + ecart("left", parties, 4)
        + ecart("there", groupe.inscrits, entrees(issues))
        + invariants()
    )


def amendements_a_minuit():
    """ANCV adds while the clock records the lock: the stay's places follow whichever comes first."""
    groupe, agent = groupe_dote(alloue=3_000, places=9, sejour__places=30), CompteFactory(ancv=True)
    CompteFactory(convention=groupe.porteur.convention)

    def horloge():
        while not verrouiller_listes(le=LENDEMAIN, maintenant=MAINTENANT):
            pass
        return 1

    issues = ensemble(horloge, *(ajout_de(groupe, agent) for _ in range(12)))
    lettres = Courriel.objects.filter(cause__startswith="liste-modifiee-porteur-").filter(
        texte__contains=f"groupes/{groupe.pk}/"
    )
    return (
        erreurs(issues)
        + ecart("added", entrees(issues), 12)
        + ecart("told", lettres.count(), 12)
        + invariants()
    )


COURSES = {
    "the porteur corrects while ANCV amends": porteur_contre_ancv,
    "two of ANCV add the same person": deux_agents_pour_la_meme_personne,
    "the last places of a stay, beyond those of its groups": dernieres_places_du_sejour,
    "ANCV and the porteur on one open list": ancv_contre_porteur_sur_une_liste,
    "additions at midnight": amendements_a_minuit,
}

PERDUES = [
    (porteur_contre_ancv, [sans_verrou(LISTE, PERSONNE)], "aids engaged|an aid is not what the ledger"),
    (deux_agents_pour_la_meme_personne, [sans_verrou(LISTE, PERSONNE, SEJOUR)], "IntegrityError"),
    (
        deux_agents_pour_la_meme_personne,
        [
            sans_verrou(LISTE, PERSONNE, SEJOUR),
            sans(
                "seniors_inscription",
                "une_inscription_par_senior_et_groupe",
                "pas_deux_sejours_a_la_fois",
                "une_aide_par_senior_et_par_an",
            ),
        ],
        "somebody is",
    ),
    (dernieres_places_du_sejour, [sans_verrou(SEJOUR)], "sejour_jamais_surreserve"),
    (
        dernieres_places_du_sejour,
        [sans_verrou(SEJOUR), sans("sejours_sejour", "sejour_jamais_surreserve")],
        "a stay's places are not those of its groups, or too many",
    ),
    (ancv_contre_porteur_sur_une_liste, [sans_verrou(LISTE)], "left: |an aid is not what"),
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
