"""How long incomes are kept (X4): six months after payment, not while a sum or a disagreement of the list waits."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conventions.tests.factories import CompteFactory
from seniors.models import Inscription
from sev import retention
from validation.models import Presence, Versement
from validation.operations.retention import effacer_revenus, revenus_a_effacer
from validation.operations.validations import clore_sans_versement, trancher
from validation.tests.factories import (
    cles,
    comptes_de,
    confirmer,
    instant,
    liste_confirmee,
    liste_du_manuel,
    liste_validee,
)
from validation.tests.versements import PAYEUR, iban_de, lot_paye, lot_prepare

pytestmark = pytest.mark.django_db
LONGTEMPS_APRES = date(2024, 1, 1)


@pytest.fixture
def groupe(settings):
    """The manual's 13 people, 8 of them aided; confirmed on 10 June 2022 by the tests, paid on the 23rd."""
    settings.SEV_PAYEUR = PAYEUR
    groupe = liste_du_manuel()
    iban_de(groupe.sejour.offre.equipement.prestataire)
    return groupe


def effaces(le: date) -> int:
    """Apply the rule of incomes on `le`; return how many registrations lost theirs, as it had been announced."""
    (regle,) = [regle for regle in retention.REGLES if regle.nom == "revenus"]
    prevus = regle.combien(le=le)
    faits = regle.appliquer(le=le, maintenant=instant(le))
    assert faits == prevus
    return faits


def test_incomes_stay_while_a_sum_is_not_paid(groupe):
    liste_confirmee(groupe)
    assert effaces(LONGTEMPS_APRES) == 0
    lot_prepare()
    assert effaces(LONGTEMPS_APRES) == 0
    assert Inscription.objects.filter(rfr__isnull=False).count() == 12  # a family carer has none to say


def test_incomes_go_6_months_after_the_last_payment(groupe):
    liste_confirmee(groupe)
    lot_paye()
    assert effaces(date(2022, 12, 22)) == 0
    assert effaces(date(2022, 12, 23)) == 13
    assert effaces(date(2022, 12, 24)) == 0


def test_incomes_go_6_months_after_the_end_of_a_list_of_which_nothing_is_due(groupe):
    liste_validee(groupe)
    clore_sans_versement(
        validation=groupe.validation,
        motif="Sans réponse",
        par=CompteFactory(ancv=True),
        le=date(2022, 6, 15),
        maintenant=instant(date(2022, 6, 15)),
    )
    assert effaces(date(2022, 12, 14)) == 0
    assert effaces(date(2022, 12, 15)) == 13


def test_incomes_stay_while_a_disagreement_waits(groupe):
    liste_validee(groupe)
    le = date(2022, 6, 10)
    confirmer(
        groupe=groupe,
        presents=cles(groupe, "Pierre RONVIN"),
        par=comptes_de(groupe)[0],
        le=le,
        maintenant=instant(le),
    )
    lot_paye()
    assert effaces(LONGTEMPS_APRES) == 0
    trancher(
        presence=Presence.objects.en_litige().get(),
        venu=True,
        motif="Registre",
        par=CompteFactory(ancv=True),
        le=date(2022, 7, 1),
        maintenant=instant(date(2022, 7, 1)),
    )
    # The aid that was disputed is due now: it is paid last.
    assert effaces(LONGTEMPS_APRES) == 0
    lot_paye(lot_prepare(le=date(2022, 7, 4)), le=date(2022, 7, 5))
    assert effaces(date(2023, 1, 4)) == 0
    assert effaces(date(2023, 1, 5)) == 13


def test_another_list_is_not_held_back(groupe):
    payee = liste_du_manuel()
    iban_de(payee.sejour.offre.equipement.prestataire)
    liste_confirmee(payee)
    lot_paye()
    liste_confirmee(groupe)
    assert effaces(LONGTEMPS_APRES) == 13
    restent = Inscription.objects.filter(rfr__isnull=False)
    assert set(restent.values_list("groupe", flat=True)) == {groupe.pk}


def test_what_is_due_again_since_the_lot_was_read_is_kept(groupe):
    liste_confirmee(groupe)
    choisies = list(Inscription.objects.values_list("pk", flat=True))
    assert Versement.objects.filter(virement__isnull=True).count() == 8
    le = LONGTEMPS_APRES
    assert effacer_revenus(cles=choisies, le=le, maintenant=instant(le)) == 0


def test_a_lot_is_read_and_emptied_in_as_many_queries_whatever_it_holds(groupe):
    liste_confirmee(groupe)
    lot_paye()
    le = LONGTEMPS_APRES

    def requetes(cles):
        with CaptureQueriesContext(connection) as vues:
            list(revenus_a_effacer(le=le).filter(pk__in=cles))
            effacer_revenus(cles=cles, le=le, maintenant=instant(le))
        return len(vues)

    premiere, *autres = Inscription.objects.values_list("pk", flat=True)
    une = requetes([premiere])
    assert (une, requetes(autres)) == (une, une)
