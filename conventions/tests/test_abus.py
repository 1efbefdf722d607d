"""What somebody could read or break at the door and on the account page."""

import pytest
from axes.models import AccessAttempt
from django.urls import reverse

from conventions.tests.factories import MOT_DE_PASSE, CompteFactory, connecter
from sev.socle.models import Courriel

pytestmark = pytest.mark.django_db

TROP_LONGUE = f"{'a' * 60}@{('b' * 60 + '.') * 4}fr"


@pytest.fixture
def compte():
    return CompteFactory()


def test_no_password_stands_in_the_record_of_failures(client, compte):
    connecter(client, compte)
    saisie = {"passe_actuel": "Faux-1234-abcd", "passe_nouveau": "Neuf-1234-abcd", "csrfmiddlewaretoken": "x"}
    client.post(reverse("compte-mot-de-passe"), saisie | {"passe_confirmation": "Neuf-1234-abcd"})
    essai = AccessAttempt.objects.get()
    assert "passe_actuel" in essai.post_data
    assert "1234" not in essai.post_data


@pytest.mark.parametrize(
    "suite", ["accueil", "n-importe-quoi", "//ailleurs.example/", "/" + "a" * 5_000, "\\\\x"]
)
def test_a_strange_way_back_leads_home(client, compte, suite):
    saisie = {"username": compte.identifiant, "password": MOT_DE_PASSE, "next": suite}
    premiere = client.post(reverse("connexion"), saisie)
    seconde = client.get(reverse("connexion"), {"next": suite})
    assert [(r.status_code, r["Location"]) for r in (premiere, seconde)] == [(302, "/"), (302, "/")]


def test_a_way_back_to_a_page_of_ours_is_taken(client, compte):
    saisie = {"username": compte.identifiant, "password": MOT_DE_PASSE, "next": "/groupes/?tri=nom"}
    assert client.post(reverse("connexion"), saisie)["Location"] == "/groupes/?tri=nom"


def test_a_session_cookie_that_the_database_cannot_read_is_none(client):
    reponse = client.get("/", headers={"Cookie": 'sessionid="abcdefgh\\000ijkl"'})
    assert (reponse.status_code, reponse["Location"]) == (302, "/connexion/?next=/")


def test_an_address_longer_than_any_mailbox_is_refused_at_its_field(client, compte):
    connecter(client, compte)
    invite = {"nom": "Camille Petit", "role": "LECTEUR", "email": TROP_LONGUE}
    for adresse, saisie in (("compte-adresse", {"email": TROP_LONGUE}), ("utilisateur-inviter", invite)):
        reponse = client.post(reverse(adresse), saisie)
        assert reponse.status_code == 422
        assert "254 caractères" in reponse.content.decode()
    assert Courriel.objects.count() == 0
