"""« Demander une modification » (S7): who may ask, what is refused, what leaves, what stays."""

from datetime import datetime

import pytest
import time_machine
from django.urls import reverse

from conventions.tests.factories import CompteFactory, connecter
from sejours.models import DemandePlaces
from sejours.tests.factories import GroupeFactory, PorteurFactory
from seniors.tests.factories import PARIS, InscriptionFactory, clair
from sev.socle.models import Courriel

pytestmark = pytest.mark.django_db

DERNIER_JOUR = datetime(2022, 4, 27, 23, 59, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def en_avril_2022():
    with time_machine.travel(datetime(2022, 4, 24, 10, 32, tzinfo=PARIS), tick=False):
        yield


@pytest.fixture
def porteur():
    return CompteFactory(organisme=PorteurFactory(), identifiant="ancv2528", seul=True)


@pytest.fixture
def groupe(porteur):
    groupe = GroupeFactory(
        porteur=porteur.organisme, sejour__offre__equipement__prestataire__nom="ACTIF RÉSIDENCE"
    )
    CompteFactory(
        seul=True,
        organisme=groupe.sejour.offre.equipement.prestataire,
        identifiant="presta34",
        email="hotel@exemple.fr",
    )
    return groupe


def demander(client, compte, groupe, **champs):
    connecter(client, compte)
    return client.post(reverse("demander-places", args=[groupe.pk]), champs)


def test_the_request_is_kept_mailed_to_the_provider_and_confirmed(client, porteur, groupe):
    reponse = demander(client, porteur, groupe, places="12", message="Deux personnes de plus")
    assert (reponse.status_code, reponse["Location"]) == (302, reverse("groupe", args=[groupe.pk]))
    demande = DemandePlaces.objects.get()
    assert (demande.groupe, demande.places, demande.message, demande.auteur) == (
        groupe,
        12,
        "Deux personnes de plus",
        porteur,
    )
    courriel = Courriel.objects.get(cause=f"places-demandees-{demande.pk}")
    assert courriel.destinataire == "hotel@exemple.fr"
    assert "demande 12 places" in clair(courriel.texte)
    assert "Deux personnes de plus" in courriel.texte
    page = clair(client.get(reponse["Location"]).content.decode())
    assert "Votre demande est partie à ACTIF RÉSIDENCE le dimanche 24 avril à 10 h 32." in page


def test_what_was_asked_before_is_shown(client, porteur, groupe):
    demander(client, porteur, groupe, places="12", message="Deux de plus")
    page = clair(client.get(reverse("demander-places", args=[groupe.pk])).content.decode())
    assert "12 places demandées" in page
    assert "Deux de plus" in page


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ("", "Écrivez le nombre de places"),
        ("douze", "Écrivez un nombre, en chiffres"),
        ("1.5", "Écrivez un nombre, en chiffres"),
        ("0", "Il faut au moins une place"),
        ("-3", "Il faut au moins une place"),
        ("9999999999", "Écrivez 500 places au plus"),
        ("10", "Le groupe a déjà 10 places."),
        ("1", "Il y a déjà 2 inscrits."),
    ],
)
def test_a_refused_request_says_why_and_writes_nothing(client, porteur, groupe, places, message):
    for _ in range(2):
        InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    reponse = demander(client, porteur, groupe, places=places, message="Bonjour")
    assert reponse.status_code == 422
    assert reponse.context["form"].errors["places"] == [message]
    assert "Bonjour" in reponse.content.decode()
    assert not DemandePlaces.objects.exists()


def test_a_control_character_in_the_message_is_refused(client, porteur, groupe):
    reponse = demander(client, porteur, groupe, places="12", message="a\x07b")
    assert (reponse.status_code, list(reponse.context["form"].errors)) == (422, ["message"])


def test_the_last_evening_a_request_still_leaves_and_the_next_day_no_more(client, porteur, groupe):
    with time_machine.travel(DERNIER_JOUR, tick=False):
        assert demander(client, porteur, groupe, places="12").status_code == 302
    with time_machine.travel(datetime(2022, 4, 28, 0, 0, tzinfo=PARIS), tick=False):
        reponse = demander(client, porteur, groupe, places="13")
    assert reponse.status_code == 422
    assert "La liste est close : les places ne changent plus." in clair(reponse.content.decode())
    assert DemandePlaces.objects.count() == 1


def test_only_the_porteur_s_own_people_who_may_write(client, porteur, groupe):
    lecteur = CompteFactory(lecteur=True, organisme=porteur.organisme)
    intrus = CompteFactory(organisme=PorteurFactory(), identifiant="ancv1654", seul=True)
    hotel = groupe.sejour.offre.equipement.prestataire.comptes.get()
    statuts = [demander(client, qui, groupe, places="12").status_code for qui in (lecteur, intrus, hotel)]
    assert statuts == [403, 404, 403]
    assert not DemandePlaces.objects.exists()
