"""Races on stays that ANCV moves (S8): against registrations, other stays, the clock; each lost without its guard."""

import re
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta

import pytest
from django.db import IntegrityError

from conventions.tests.factories import CompteFactory, ProgrammeFactory
from sejours.models import Groupe, Sejour
from sejours.operations.groupes import verrouiller_listes
from sejours.operations.offres import publier_sejour
from sejours.tests.factories import GroupeFactory
from seniors.models import Inscription
from seniors.operations.annulations import annuler_sejour
from seniors.operations.deplacements import deplacer
from seniors.tests.factories import InscriptionFactory, SeniorFactory, groupe_dote
from sev.tests.test_courses import (
    LE,
    LENDEMAIN,
    LISTE,
    MAINTENANT,
    MANCHES,
    PERSONNE,
    SEJOUR,
    double_par,
    ecart,
    ensemble,
    erreurs,
    inscription_de,
    invariants,
    sans_aucun_verrou,
    sans_verrou,
)

pytestmark = pytest.mark.django_db(transaction=True)

JUIN = date(2022, 6, 4)


def deplacement_de(sejour, agent, debut=JUIN, *, le=LE):
    return lambda: deplacer(
        sejour=sejour, debut=debut, motif="Travaux", par=agent, le=le, maintenant=MAINTENANT
    )


def aux_dates_du_sejour(sejour) -> list[str]:
    """Tell the registrations and the last days that don't follow the stay."""
    sejour.refresh_from_db()
    egarees = Inscription.objects.filter(groupe__sejour=sejour).exclude(debut=sejour.debut, fin=sejour.fin)
    jours = set(sejour.groupes.values_list("dernier_jour", flat=True))
    return ecart("registrations elsewhere", egarees.count(), 0) + ecart(
        "last days", jours, {sejour.debut - timedelta(17)}
    )


def deplacement_contre_inscriptions():
    """A stay is moved while its list fills: whoever is on it travels at its dates."""
    groupe, agent = groupe_dote(alloue=5_000, places=20), CompteFactory(ancv=True)
    InscriptionFactory(groupe=groupe)
    issues = ensemble(deplacement_de(groupe.sejour, agent), *(inscription_de(groupe) for _ in range(15)))
    return (
        erreurs(issues)
        + ecart("moved", isinstance(issues[0], list), True)
        + aux_dates_du_sejour(groupe.sejour)
        + invariants()
    )


def deplacement_contre_inscriptions_ailleurs():
    """Those of the list are registered on stays at the new dates: either they are there, or the stay stays."""
    groupe, agent = groupe_dote(alloue=5_000, places=20), CompteFactory(ancv=True)
    personnes = [SeniorFactory() for _ in range(8)]
    for senior in personnes:
        InscriptionFactory(groupe=groupe, senior=senior)
    ailleurs = groupe_dote(alloue=5_000, places=20, sejour__debut=JUIN)
    issues = ensemble(
        deplacement_de(groupe.sejour, agent), *(inscription_de(ailleurs, senior) for senior in personnes)
    )
    entrees = sum(isinstance(issue, Inscription) for issue in issues)
    return (
        erreurs(issues)
        + ecart("moved beside others", isinstance(issues[0], list) and entrees > 0, False)
        + aux_dates_du_sejour(groupe.sejour)
        + invariants()
    )


def deux_sejours_vers_la_meme_date():
    """Stays of one offer are moved to, or published at, one date: one of them gets it."""
    ProgrammeFactory()
    agent, premier = CompteFactory(ancv=True), groupe_dote()
    offre = premier.sejour.offre
    autres = [GroupeFactory(sejour__offre=offre, sejour__debut=date(2022, 5, d)) for d in (21, 28)]
    issues = ensemble(
        *(deplacement_de(groupe.sejour, agent) for groupe in (premier, *autres) for _ in range(4)),
        *(lambda: publier_sejour(offre=offre, debut=JUIN, places=10, par=agent, le=LE) for _ in range(4)),
    )
    return (
        erreurs(issues)
        + ecart("stays there", Sejour.objects.filter(offre=offre, debut=JUIN).count(), 1)
        + invariants()
    )


def croises():
    """Two stays of one porteur are moved together, while the clock locks their lists and one is cancelled."""
    agent = CompteFactory(ancv=True)
    un = groupe_dote(alloue=480, places=4)
    deux = GroupeFactory(porteur=un.porteur, sejour__debut=date(2022, 5, 21), places=4)
    for groupe in (un, deux):
        for _ in range(2):
            InscriptionFactory(groupe=groupe)
    issues = ensemble(
        *(deplacement_de(un.sejour, agent, JUIN + timedelta(7 * n)) for n in range(4)),
        *(deplacement_de(deux.sejour, agent, JUIN + timedelta(7 * n)) for n in range(4, 8)),
        *(lambda: verrouiller_listes(le=LENDEMAIN, maintenant=MAINTENANT) for _ in range(4)),
        lambda: annuler_sejour(sejour=deux.sejour, motif="x", par=agent, le=LE, maintenant=MAINTENANT),
    )
    return erreurs(issues) + aux_dates_du_sejour(un.sejour) + aux_dates_du_sejour(deux.sejour) + invariants()


COURSES = {
    "a move against registrations on its list": deplacement_contre_inscriptions,
    "a move against registrations at the new dates": deplacement_contre_inscriptions_ailleurs,
    "several stays to one date": deux_sejours_vers_la_meme_date,
    "moves, clock and cancellation": croises,
}


@contextmanager
def sans_relire_le_sejour():
    """Whoever waited for a list keeps the stay as it was read before the wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Groupe, "lu_avec_son_sejour", True)
        yield


PERDUES = [
    (deplacement_contre_inscriptions, [sans_relire_le_sejour()], "les_dates_sont_celles_du_sejour"),
    (deux_sejours_vers_la_meme_date, [sans_aucun_verrou()], "un_sejour_par_offre_et_debut"),
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


# Two races that luck alone would rarely lose: the other act is let in at the worst instant.


def test_without_the_locks_of_list_and_stay_somebody_is_registered_at_the_former_dates():
    groupe, agent = groupe_dote(alloue=5_000, places=20), CompteFactory(ancv=True)
    with (
        sans_verrou(LISTE, SEJOUR),
        pytest.raises(IntegrityError, match="les_dates_sont_celles_du_sejour"),
        double_par(deplacement_de(groupe.sejour, agent), avant='INSERT INTO "seniors_inscription"'),
    ):
        inscription_de(groupe)()


def test_without_the_lock_of_persons_a_stay_is_moved_beside_another_one_of_theirs():
    groupe, agent, senior = groupe_dote(), CompteFactory(ancv=True), SeniorFactory()
    InscriptionFactory(groupe=groupe, senior=senior)
    ailleurs = groupe_dote(sejour__debut=JUIN)
    with (
        sans_verrou(PERSONNE),
        pytest.raises(IntegrityError, match="pas_deux_sejours_a_la_fois"),
        double_par(inscription_de(ailleurs, senior), avant="UPDATE"),
    ):
        deplacement_de(groupe.sejour, agent)()
