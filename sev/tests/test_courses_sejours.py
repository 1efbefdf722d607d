"""Races on stays: options, pre-registrations, places, cancellations, the clock; each lost without its guard."""

import re
from contextlib import ExitStack
from datetime import date, timedelta

import pytest

from conventions.models import Credit
from conventions.tests.factories import CompteFactory, ProgrammeFactory
from sejours.models import Groupe, Option
from sejours.operations import options as operations_des_options
from sejours.operations.groupes import changer_places, preinscrire
from sejours.operations.options import accepter, faire_tomber, poser
from sejours.tests.factories import GroupeFactory, SejourFactory
from seniors.models import Inscription
from seniors.operations.annulations import annuler_groupe, annuler_sejour
from seniors.tests.factories import InscriptionFactory, groupe_dote
from sev.tests.test_courses import (
    LE,
    LISTE,
    MAINTENANT,
    MANCHES,
    SEJOUR,
    avec_insistance,
    ecart,
    ensemble,
    erreurs,
    inscription_de,
    invariants,
    sans,
    sans_aucun_verrou,
    sans_verrou,
)

pytestmark = pytest.mark.django_db(transaction=True)

DEMAIN = LE + timedelta(1)


# --- Acts -------------------------------------------------------------------------------------------------------


def porteurs(nombre: int) -> list:
    return [CompteFactory() for _ in range(nombre)]


def option_de(sejour, compte, places=5, *, le=LE):
    return lambda: poser(sejour=sejour, places=places, message="", par=compte, le=le, maintenant=MAINTENANT)


def preinscription_de(sejour, compte, places=5):
    return lambda: preinscrire(
        sejour=sejour,
        convention=compte.organisme.convention,
        places=places,
        type_groupe="GROUPE",
        par=None,
        le=LE,
    )


def acceptation_de(option):
    return lambda: accepter(option=option, par=None, le=LE, maintenant=MAINTENANT)


def changement_de(groupe, places):
    return lambda: changer_places(groupe=groupe, places=places, par=None, le=LE, maintenant=MAINTENANT)


def annulation_de(groupe):
    return lambda: annuler_groupe(groupe=groupe, motif="Travaux", par=None, le=LE, maintenant=MAINTENANT)


def annulation_du_sejour(sejour):
    return lambda: annuler_sejour(sejour=sejour, motif="Travaux", par=None, le=LE, maintenant=MAINTENANT)


def reussites(issues) -> int:
    return sum(not isinstance(issue, Exception) for issue in issues)


# --- Races ------------------------------------------------------------------------------------------------------


def dernieres_places_par_tous_les_chemins():
    """Four held options are accepted while twelve porteurs want the ten places that are left, five each."""
    ProgrammeFactory()
    sejour, (*tenants, a, b, c, d, e, f, g, h, i, j, k, m) = SejourFactory(places=30), porteurs(16)
    tenues = [option_de(sejour, compte)() for compte in tenants]
    issues = ensemble(
        *(acceptation_de(option) for option in tenues),
        *(option_de(sejour, compte) for compte in (a, b, c, d, e, f)),
        *(preinscription_de(sejour, compte) for compte in (g, h, i, j, k, m)),
    )
    sejour.refresh_from_db()
    return (
        erreurs(issues)
        + ecart("accepted", reussites(issues[:4]), 4)
        + ecart("others served", reussites(issues[4:]), 2)
        + ecart("places left", sejour.places_libres, 0)
        + invariants()
    )


def places_baissees_pendant_que_la_liste_se_remplit():
    groupe = groupe_dote(alloue=5_000, places=16)
    issues = ensemble(
        *(changement_de(groupe, places) for places in (4, 5, 6, 7)),
        *(inscription_de(groupe) for _ in range(12)),
    )
    groupe.refresh_from_db()
    inscrites = sum(isinstance(issue, Inscription) for issue in issues)
    return erreurs(issues) + ecart("registered", groupe.inscrits, inscrites) + invariants()


def annulation_contre_inscriptions():
    groupe = groupe_dote(alloue=5_000, places=20)
    for _ in range(3):
        InscriptionFactory(groupe=groupe)
    issues = ensemble(annulation_de(groupe), *(inscription_de(groupe) for _ in range(15)))
    credit = Credit.objects.get(convention=groupe.porteur_id)
    return (
        erreurs(issues)
        + ecart("cancelled", reussites(issues[:1]), 1)
        + ecart("euros engaged", credit.engage, 0)
        + invariants()
    )


def tombee_ou_acceptee_a_la_meme_seconde():
    """The clock of the next day and the provider's last click: one outcome, and a group only if it is accepted."""
    ProgrammeFactory()
    sejour, (compte,) = SejourFactory(), porteurs(1)
    option = option_de(sejour, compte)()
    Option.objects.filter(pk=option.pk).update(echeance=LE)
    issues = ensemble(
        *(acceptation_de(option) for _ in range(8)),
        *(lambda: faire_tomber(le=DEMAIN, maintenant=MAINTENANT) for _ in range(8)),
    )
    option.refresh_from_db()
    acceptee = option.issue == Option.Issue.ACCEPTEE
    groupes = list(Groupe.objects.filter(sejour=sejour).values_list("pk", flat=True))
    return (
        erreurs(issues)
        + ecart("accepted", reussites(issues[:8]), int(acceptee))
        + ecart("lapsed", sum(i for i in issues[8:] if isinstance(i, int)), int(not acceptee))
        + ecart("groups", groupes, [option.groupe_id] if acceptee else [])
        + invariants()
    )


def sejours_annules_ensemble():
    """Four stays of the same porteurs, whose groups were made in four orders, while some of them still register."""
    premiers = [groupe_dote(alloue=5_000) for _ in range(4)]
    sejours = [SejourFactory(debut=date(2022, 5, 28) + timedelta(weeks=rang)) for rang in range(4)]
    groupes = [
        GroupeFactory(sejour=sejour, porteur=premiers[(rang + place) % 4].porteur)
        for rang, sejour in enumerate(sejours)
        for place in range(4)
    ]
    for groupe in groupes:
        InscriptionFactory(groupe=groupe)
    issues = ensemble(
        *(annulation_du_sejour(sejour) for sejour in sejours),
        *(inscription_de(groupe) for groupe in premiers),
    )
    vivants = Groupe.objects.filter(sejour__in=sejours, annule_le__isnull=True).count()
    return (
        erreurs(issues)
        + ecart("cancelled and registered", reussites(issues), 8)
        + ecart("groups left", vivants, 0)
        + invariants()
    )


def sejour_annule_contre_demandes():
    """A stay is cancelled while others ask for it, are accepted, are pre-registered."""
    ProgrammeFactory()
    sejour, comptes = SejourFactory(places=200), porteurs(14)
    tenues = [option_de(sejour, compte)() for compte in comptes[:4]]
    issues = ensemble(
        avec_insistance(annulation_du_sejour(sejour)),
        *(acceptation_de(option) for option in tenues),
        *(option_de(sejour, compte) for compte in comptes[4:9]),
        *(preinscription_de(sejour, compte) for compte in comptes[9:]),
    )
    return erreurs(issues) + invariants()


COURSES = {
    "the last places, by option, acceptance and pre-registration": dernieres_places_par_tous_les_chemins,
    "places lowered while the list fills": places_baissees_pendant_que_la_liste_se_remplit,
    "a cancellation against registrations": annulation_contre_inscriptions,
    "an option lapses and is accepted at the same second": tombee_ou_acceptee_a_la_meme_seconde,
    "stays of the same porteurs cancelled at once": sejours_annules_ensemble,
    "a stay cancelled against those who ask for it": sejour_annule_contre_demandes,
}

# Race, what is taken away, what must then be seen.
PERDUES = [
    (dernieres_places_par_tous_les_chemins, [sans_verrou(SEJOUR)], "sejour_jamais_surreserve"),
    (
        dernieres_places_par_tous_les_chemins,
        [sans_verrou(SEJOUR), sans("sejours_sejour", "sejour_jamais_surreserve")],
        "held places are not those of its options, or too many",
    ),
    (places_baissees_pendant_que_la_liste_se_remplit, [sans_verrou(LISTE)], "inscrits_dans_les_places"),
    (
        places_baissees_pendant_que_la_liste_se_remplit,
        [sans_verrou(LISTE), sans("sejours_groupe", "inscrits_dans_les_places")],
        "a list is beyond its places",
    ),
    (annulation_contre_inscriptions, [sans_verrou(LISTE)], "something lives on what is cancelled"),
    (tombee_ou_acceptee_a_la_meme_seconde, [sans_aucun_verrou()], "accepted: |lapsed: |IntegrityError"),
    (sejours_annules_ensemble, [sans_aucun_verrou()], "deadlock detected"),
    (sejour_annule_contre_demandes, [sans_verrou(SEJOUR)], "something lives on what is cancelled"),
]


@pytest.fixture(autouse=True)
def petits_lots(monkeypatch):
    """Sweeps of three options, so that several of them work at once."""
    monkeypatch.setattr(operations_des_options, "LOT", 3)


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_no_place_is_given_twice_and_nothing_half_done(course):
    for _ in range(MANCHES):
        assert course() == []


@pytest.mark.parametrize(
    ("course", "retraits", "vu"), PERDUES, ids=[f"{course.__name__}, {vu}" for course, _, vu in PERDUES]
)
def test_without_its_guard_each_race_on_stays_is_lost(course, retraits, vu):
    with ExitStack() as pile:
        for retrait in retraits:
            pile.enter_context(retrait)
        fautes = []
        for _ in range(60):
            fautes += course()
            if re.search(vu, "\n".join(fautes)):
                return
    pytest.fail(f"lost in no round: {fautes}")
