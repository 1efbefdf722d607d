"""The provider's side of the places of a group (S7): given, given otherwise, refused with a reason."""

from datetime import datetime

import pytest
import time_machine
from django.urls import reverse

from conventions.tests.factories import CompteFactory, connecter
from sejours.models import DemandePlaces
from sejours.operations.groupes import demander_places
from sejours.tests.factories import GroupeFactory, PorteurFactory
from seniors.tests.factories import PARIS, InscriptionFactory, clair
from sev.socle.models import Courriel

pytestmark = pytest.mark.django_db

LE = datetime(2022, 4, 22, 10, 32, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def en_avril_2022():
    with time_machine.travel(LE, tick=False):
        yield


@pytest.fixture
def porteur():
    return CompteFactory(convention=PorteurFactory(nom="CCAS DES TILLEULS").convention)


@pytest.fixture
def groupe(porteur):
    return GroupeFactory(porteur=porteur.organisme, sejour__places=20)


@pytest.fixture
def hotel(groupe):
    return CompteFactory(convention=groupe.sejour.offre.equipement.prestataire.convention)


@pytest.fixture
def hotelier(client, hotel):
    connecter(client, hotel)
    return client


@pytest.fixture
def demande(groupe, porteur):
    return demander_places(
        groupe=groupe, places=12, message="Deux personnes de plus", par=porteur, le=LE.date()
    )


def adresse(groupe):
    return reverse("places-repondre", args=[groupe.pk])


def dernier_courriel(groupe) -> str:
    return clair(
        Courriel.objects.filter(cause__startswith=f"places-changees-{groupe.pk}-").latest("pk").texte
    )


def places(groupe) -> int:
    groupe.refresh_from_db()
    return groupe.places


def test_what_was_asked_is_shown_then_given(hotelier, groupe, demande):
    reponse = hotelier.get(adresse(groupe))
    assert reponse.context["form"]["places"].value() == 12
    assert "CCAS DES TILLEULS demande 12 places" in clair(reponse.content.decode())
    assert "Deux personnes de plus" in reponse.content.decode()
    reponse = hotelier.post(adresse(groupe), {"places": "12", "reponse": ""})
    assert (reponse.status_code, reponse["Location"]) == (302, reverse("groupe", args=[groupe.pk]))
    demande.refresh_from_db()
    assert (places(groupe), demande.accordees, demande.repondue_le) == (12, 12, LE)
    assert "12 places, au lieu de 10" in dernier_courriel(groupe)


def test_another_number_is_an_answer_too_and_the_porteur_reads_it(client, hotelier, groupe, demande, porteur):
    hotelier.post(adresse(groupe), {"places": "11", "reponse": "Une chambre de plus, pas deux."})
    demande.refresh_from_db()
    assert (places(groupe), demande.accordees) == (11, 11)
    connecter(client, porteur)
    lue = clair(client.get(reverse("demander-places", args=[groupe.pk])).content.decode())
    assert "Réponse du prestataire, le 22/04/2022 : 11 places." in lue
    assert "Une chambre de plus, pas deux." in lue


def test_a_refusal_keeps_the_places_and_needs_a_reason(hotelier, groupe, demande):
    muet = hotelier.post(adresse(groupe), {"places": "12", "reponse": " ", "garder": "1"})
    assert (muet.status_code, muet.context["form"].errors) == (422, {"reponse": ["Dites pourquoi."]})
    reponse = hotelier.post(adresse(groupe), {"places": "12", "reponse": "Complet.", "garder": "1"})
    assert reponse.status_code == 302
    demande.refresh_from_db()
    assert (places(groupe), demande.accordees, demande.reponse) == (10, 10, "Complet.")
    assert "ne changent pas" in dernier_courriel(groupe)
    assert hotelier.get(adresse(groupe)).context["demande"] is None
    journal = clair(hotelier.get(reverse("journal")).content.decode())
    assert "réponse à la demande de 12 places, 10 places" in journal
    assert "Complet." in journal


def test_places_change_on_the_provider_s_own_initiative(hotelier, groupe):
    assert hotelier.post(adresse(groupe), {"places": "8", "garder": "1"}).status_code == 302
    assert places(groupe) == 8
    assert not DemandePlaces.objects.exists()


@pytest.mark.parametrize(
    ("saisie", "message"),
    [
        ("", "Écrivez le nombre de places"),
        ("0", "Il faut au moins une place"),
        ("1", "Il y a déjà 2 inscrits."),
        ("10", "Le groupe a déjà 10 places."),
        ("21", "Il reste 10 places libres sur ce séjour."),
    ],
)
def test_what_can_t_be_is_refused_at_the_field(hotelier, groupe, demande, saisie, message):
    for _ in range(2):
        InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    reponse = hotelier.post(adresse(groupe), {"places": saisie})
    assert (reponse.status_code, reponse.context["form"].errors) == (422, {"places": [message]})
    demande.refresh_from_db()
    assert (places(groupe), demande.repondue_le) == (10, None)


def test_once_the_list_is_closed_nothing_changes(client, hotel, groupe, demande):
    with time_machine.travel(datetime(2022, 4, 28, 0, 0, tzinfo=PARIS), tick=False):
        connecter(client, hotel)
        page = client.get(adresse(groupe))
        assert page.status_code == 200
        assert 'name="places"' not in page.content.decode()
        assert client.post(adresse(groupe), {"places": "12"}).status_code == 422
    assert places(groupe) == 10
