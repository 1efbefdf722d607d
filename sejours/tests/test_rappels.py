"""The reminders of incomplete lists, 24 and 18 days before the stay: on which days, to whom, once each."""

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conventions.tests.factories import CompteFactory
from sejours.models import Groupe
from sejours.operations.groupes import rappeler_listes_incompletes
from sejours.tests.factories import GroupeFactory, PorteurFactory
from seniors.tests.factories import InscriptionFactory, clair
from sev.socle.models import Courriel

pytestmark = pytest.mark.django_db

DEBUT = date(2022, 5, 14)  # 24 days before: 20 April; 18 days: 26 April; last day of the list: 27 April


def avant(jours: int) -> date:
    return DEBUT - timedelta(jours)


def incomplet(**champs) -> Groupe:
    groupe = GroupeFactory(porteur=PorteurFactory(), **champs)
    CompteFactory(
        seul=True, organisme=groupe.porteur, identifiant=f"p{groupe.pk}", email=f"p{groupe.pk}@exemple.fr"
    )
    return groupe


def rappels() -> list[str]:
    causes = Courriel.objects.filter(cause__startswith="liste-incomplete-").order_by("pk")
    return [cause.split("-")[2] for cause in causes.values_list("cause", flat=True)]


def chaque_jour(de: int, a: int) -> list[int]:
    return [rappeler_listes_incompletes(le=avant(jours)) for jours in range(de, a - 1, -1)]


def test_twice_in_all_on_their_days():
    incomplet()
    envois = chaque_jour(30, 10)
    assert {30 - rang: n for rang, n in enumerate(envois) if n} == {24: 1, 18: 1}
    assert rappels() == ["24", "18"]


def test_the_porteur_reads_what_is_left_and_until_when():
    groupe = incomplet()
    InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", le=avant(40))
    rappeler_listes_incompletes(le=avant(24))
    courriel = Courriel.objects.get(cause__startswith="liste-incomplete-")
    assert courriel.destinataire == f"p{groupe.pk}@exemple.fr"
    assert clair(courriel.sujet).startswith("Il reste 9 places")
    assert "27 avril" in clair(courriel.texte)
    assert f"/groupes/{groupe.pk}/" in courriel.texte


def test_however_often_the_clock_strikes():
    incomplet()
    assert [rappeler_listes_incompletes(le=avant(24)) for _ in range(3)] == [1, 0, 0]
    assert rappels() == ["24"]


@pytest.mark.parametrize(
    ("reprise", "envoyes"),
    [(22, ["24", "18"]), (19, ["24", "18"]), (18, ["18"]), (17, ["18"]), (16, [])],
)
def test_after_an_outage_the_nearest_reminder_alone(reprise, envoyes):
    incomplet()
    chaque_jour(reprise, 10)
    assert rappels() == envoyes


def test_full_locked_or_cancelled_lists_are_left_in_peace():
    plein = incomplet(places=1)
    InscriptionFactory(groupe=plein, eligibilite="PROGRAMME", le=avant(40))
    instant = datetime.fromisoformat("2022-04-01T10:00:00+02:00")
    Groupe.objects.filter(pk=incomplet().pk).update(verrouille_le=instant)
    Groupe.objects.filter(pk=incomplet().pk).update(annule_le=instant, motif_annulation="Travaux")
    GroupeFactory()  # nobody to write to
    chaque_jour(24, 17)
    assert rappels() == []


def test_a_list_that_fills_between_the_two_is_reminded_of_once():
    groupe = incomplet(places=1)
    rappeler_listes_incompletes(le=avant(24))
    InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", le=avant(23))
    rappeler_listes_incompletes(le=avant(18))
    assert rappels() == ["24"]


def test_as_many_queries_for_twenty_lists_as_for_one():
    def requetes(le):
        with CaptureQueriesContext(connection) as captees:
            rappeler_listes_incompletes(le=le)
        return len(captees)

    incomplet()
    une = requetes(avant(24))
    for _ in range(20):
        incomplet()
    assert requetes(avant(18)) == une
    assert len(rappels()) == 22
