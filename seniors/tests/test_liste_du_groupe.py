"""A long list on the group's page: searched by the names, turned over by fifty, at the same cost whatever it holds."""

from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conventions.tests.factories import CompteFactory, connecter
from seniors.models import Inscription
from seniors.tests.factories import MAINTENANT, InscriptionFactory, SeniorFactory, clair, groupe_dote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def en_avril_2022():
    with time_machine.travel(MAINTENANT, tick=False):
        yield


@pytest.fixture
def groupe(client):
    """A group of 60 places, its porteur signed in."""
    groupe = groupe_dote(places=60)
    connecter(client, CompteFactory(convention=groupe.porteur.convention))
    return groupe


def remplir(groupe, combien: int) -> list[Inscription]:
    return [InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME") for _ in range(combien)]


def lire(client, groupe, **question):
    return client.get(reverse("groupe", args=[groupe.pk]), question)


def noms(reponse) -> list[str]:
    return [str(ligne["senior"]) for ligne in reponse.context["lignes"]]


def test_a_person_is_found_on_the_list_by_the_beginning_of_the_names(client, groupe):
    remplir(groupe, 20)
    oeuvre = SeniorFactory(nom="D'ŒUVRE", prenom="Éloïse")
    InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", senior=oeuvre)
    assert noms(lire(client, groupe, recherche="eloise doe")) == [str(oeuvre)]
    introuvable = lire(client, groupe, recherche="zzz")
    assert noms(introuvable) == []
    lu = clair(unescape(introuvable.content.decode()))
    for dit in ("Personne de ce nom n'est sur la liste.", "Voir toute la liste", 'value="zzz"', "21/60"):
        assert dit in lu
    assert "La liste est vide." not in lu


def test_the_search_is_offered_beyond_twenty_names(client, groupe):
    remplir(groupe, 20)
    assert 'name="recherche"' not in lire(client, groupe).content.decode()
    remplir(groupe, 1)
    assert 'name="recherche"' in lire(client, groupe).content.decode()


def test_a_coach_stands_on_one_page_and_the_others_follow(client, groupe):
    remplir(groupe, 50)
    assert len(noms(lire(client, groupe))) == 50
    assert "pagination-sev" not in lire(client, groupe).content.decode()
    remplir(groupe, 1)
    assert [len(noms(lire(client, groupe, page=page))) for page in (1, 2)] == [50, 1]


def test_searching_costs_the_same_for_one_name_and_for_twenty(client, groupe):
    def requetes():
        with CaptureQueriesContext(connection) as capture:
            assert lire(client, groupe, recherche="a").status_code == 200
        return len(capture)

    # More than the group's journal tells: it costs the same as well.
    remplir(groupe, 21)
    InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", senior=SeniorFactory(nom="ABEL"))
    requetes()
    avant = requetes()
    for rang in range(19):
        InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", senior=SeniorFactory(nom=f"ABEL {rang}"))
    assert requetes() == avant
