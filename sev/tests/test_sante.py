"""/sante/: what a probe reads when all is well and when a part is down; nothing about anybody."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.db.models.query import QuerySet

from conventions.tests.factories import CompteFactory
from sev.echeances import ECHEANCES
from sev.socle.courriels import TENTATIVES_MAX
from sev.socle.models import Courriel, Passage
from sev.socle.temps import maintenant

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def arret_de_l_horloge():
    """The clock stands still: ages are told to the second, however long the test takes."""
    with time_machine.travel("2022-05-02T10:32:00+02:00", tick=False):
        yield


@pytest.fixture
def courtier(settings, valkey):
    settings.REDIS_URL = valkey


def lire(client):
    reponse = client.get("/sante/")
    return reponse.status_code, json.loads(reponse.content)


def passer(nom, *, il_y_a: timedelta, erreur=""):
    debut = maintenant() - il_y_a
    return Passage.objects.create(tache=nom, debut=debut, fin=debut, erreur=erreur)


def courriel(cause, **champs):
    return Courriel.objects.create(
        cause=cause, destinataire="a@exemple.fr", sujet="S", texte="t", html="h", **champs
    )


def test_all_is_well(client, courtier):
    for echeance in ECHEANCES:
        passer(echeance.nom, il_y_a=timedelta(hours=3))
        passer(echeance.nom, il_y_a=timedelta(seconds=30))
    statut, etat = lire(client)
    ages = {nom: tache.pop("age_secondes") for nom, tache in etat["taches"].items()}
    assert set(ages.values()) == {30}
    assert (statut, etat) == (
        200,
        {
            "etat": "ok",
            "base": True,
            "courtier": True,
            "taches": {e.nom: {"en_retard": False, "en_erreur": False} for e in ECHEANCES},
            "courriels": {"en_attente": 0, "en_echec": 0, "attente_secondes": 0},
        },
    )


def test_before_the_first_runs_the_ages_are_unknown_and_nothing_is_late(client, courtier):
    statut, etat = lire(client)
    assert (statut, [t["age_secondes"] for t in etat["taches"].values()]) == (200, [None] * len(ECHEANCES))


@pytest.mark.parametrize("echeance", ECHEANCES, ids=lambda e: e.nom)
def test_a_task_that_no_longer_runs_is_a_failure(client, courtier, echeance):
    passer(echeance.nom, il_y_a=echeance.tarde_apres)
    assert lire(client)[0] == 200
    Passage.objects.update(debut=maintenant() - echeance.tarde_apres - timedelta(seconds=1))
    statut, etat = lire(client)
    assert (statut, etat["etat"], etat["taches"][echeance.nom]["en_retard"]) == (503, "panne", True)


def test_a_task_that_is_killed_each_time_is_late(client, courtier):
    passer("courriels", il_y_a=timedelta(hours=1))
    Passage.objects.create(tache="courriels", debut=maintenant() - timedelta(seconds=10))
    statut, etat = lire(client)
    assert (statut, etat["taches"]["courriels"]["en_retard"]) == (503, True)


def test_a_task_whose_last_run_failed_is_a_failure_without_its_words(client, courtier):
    passer("courriels", il_y_a=timedelta(seconds=5), erreur="OSError: monique@ccas.fr")
    statut, etat = lire(client)
    assert (statut, etat["taches"]["courriels"]["en_erreur"]) == (503, True)
    assert "monique" not in json.dumps(etat)


def test_mails_are_counted_waiting_and_given_up(client, courtier):
    courriel("1", a_envoyer_le=maintenant() - timedelta(seconds=90))
    courriel("2", a_envoyer_le=maintenant() + timedelta(seconds=90), tentatives=3)
    courriel("3", tentatives=TENTATIVES_MAX)
    courriel("4", envoye_le=maintenant())
    _, etat = lire(client)
    assert etat["courriels"] == {"en_attente": 2, "en_echec": 1, "attente_secondes": 90}


def test_without_a_broker(client, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    statut, etat = lire(client)
    assert (statut, etat["etat"], etat["courtier"], etat["base"]) == (503, "panne", False, True)


def test_without_a_database(client, courtier, monkeypatch):
    def tomber(*args, **kwargs):
        raise DatabaseError("gone")

    monkeypatch.setattr(QuerySet, "_fetch_all", tomber)
    assert lire(client) == (503, {"etat": "panne", "courtier": True, "base": False})


def test_a_database_that_does_not_answer_is_not_waited_for(client, courtier, monkeypatch):
    def dormir():
        with connection.cursor() as curseur:
            curseur.execute("SELECT pg_sleep(20)")
        return {}  # waited for to the end, it would be well

    monkeypatch.setattr("sev.etat._taches", dormir)
    assert lire(client) == (503, {"etat": "panne", "courtier": True, "base": False})


def test_nobody_needs_to_sign_in_and_nothing_is_kept_by_a_cache(client, courtier):
    CompteFactory(email="monique@ccas.fr")
    reponse = client.get("/sante/")
    assert reponse.status_code == 200
    assert "no-store" in reponse["Cache-Control"]
    assert "monique" not in reponse.content.decode()


def test_only_reading_is_allowed(client):
    assert client.post("/sante/").status_code == 405
