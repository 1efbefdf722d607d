"""The index that each page or sweep over a long table rests on: the database is able to answer from it.

The table of a test is so small that reading all of it is always cheaper: that way, and sorting, are forbidden first.
"""

from datetime import date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import get_current_timezone

from sejours.models import Groupe
from sejours.operations.groupes import verrouiller_listes
from seniors.models import Inscription
from validation.models import Presence
from validation.models.validations import LAISSEES
from validation.operations.retention import revenus_a_effacer

pytestmark = pytest.mark.django_db

LE = date(2022, 5, 14)
EVENEMENTS = Inscription.pgh_event_model.objects
PRESENCES = Presence.pgh_event_model.objects
JOURNEE = [datetime(2022, 5, jour, tzinfo=get_current_timezone()) for jour in (14, 15)]

LECTURES = {
    "journal_des_absences": lambda: PRESENCES.filter(
        LAISSEES, validation__in=Groupe.objects.filter(pk=1).values("pk")
    ),
    "presences_par_jour": lambda: PRESENCES.filter(pgh_created_at__range=JOURNEE),
    "inscriptions_par_jour": lambda: EVENEMENTS.filter(pgh_created_at__range=JOURNEE),
    "inscriptions_par_depart": lambda: Inscription.objects.filter(
        debut__range=(date(2017, 1, 1), date(2017, 12, 31))
    ).order_by("-debut", "-pk"),
    "groupes_a_verrouiller": lambda: Groupe.objects.a_verrouiller(le=LE).order_by("dernier_jour", "pk"),
    "inscriptions_en_attente": lambda: Inscription.objects.en_attente_de_credit(),
    "revenus_a_effacer": lambda: revenus_a_effacer(le=LE).order_by(),
    "commentaires_a_effacer": lambda: Inscription.objects.commentaires_a_effacer(le=LE).order_by(),
}


def plan(sql: str, params=None) -> str:
    """How the database would answer, without reading whole tables nor sorting by itself."""
    with connection.cursor() as curseur:
        curseur.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        curseur.execute(f"EXPLAIN {sql}", params)
        return "\n".join(ligne for (ligne,) in curseur.fetchall())


@pytest.mark.parametrize("index", LECTURES)
def test_a_long_table_is_read_by_its_index(index):
    assert index in plan(*LECTURES[index]().query.sql_with_params())


def test_the_lock_of_the_lists_looks_at_those_still_open_alone():
    """By key it would go through every group ever closed, each five minutes, to find a few."""
    with CaptureQueriesContext(connection) as prises:
        verrouiller_listes(le=LE, maintenant=JOURNEE[0])
    premiere = next(r["sql"] for r in prises if "sejours_groupe" in r["sql"] and "FOR NO KEY" in r["sql"])
    assert "groupes_a_verrouiller" in plan(premiere)
