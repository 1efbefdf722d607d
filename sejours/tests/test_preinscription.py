"""« Pré-inscrire un groupe » (S4): whose convention it is, what remains, what is refused, what the porteur is told."""

from datetime import datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conventions.operations.programme import suspendre
from conventions.tests.factories import CompteFactory, CreditFactory, ProgrammeFactory, connecter
from sejours.models import Groupe
from sejours.operations.options import poser
from sejours.tests.factories import GroupeFactory, PorteurFactory, PrestataireFactory, SejourFactory
from seniors.tests.factories import PARIS, clair
from sev.socle.models import Courriel

pytestmark = pytest.mark.django_db

LE = datetime(2022, 4, 22, 10, 32, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def en_avril_2022():
    with time_machine.travel(LE, tick=False):
        yield


@pytest.fixture
def sejour():
    ProgrammeFactory()
    return SejourFactory(places=60)


@pytest.fixture
def porteur():
    porteur = PorteurFactory(nom="CCAS DES TILLEULS", convention__numero="ancv2528")
    return CompteFactory(seul=True, organisme=porteur, identifiant="ancv2528", email="ccas@exemple.fr")


@pytest.fixture
def hotelier(client, sejour):
    compte = CompteFactory(convention=sejour.offre.equipement.prestataire.convention)
    connecter(client, compte)
    return client


def adresse(sejour, route="groupe-nouveau"):
    return reverse(route, args=[sejour.pk])


def envoi(**autres):
    return {"convention": "ANCV 2528", "places": "10", "type_groupe": "INDIVIDUELS"} | autres


def page(reponse) -> str:
    return clair(reponse.content.decode())


def montants(reponse) -> dict[str, str]:
    return {ligne["libelle"]: ligne["montant"] for ligne in reponse.context["somme"]}


def test_a_group_is_opened_and_the_porteur_told(hotelier, sejour, porteur):
    reponse = hotelier.post(adresse(sejour), envoi())
    groupe = Groupe.objects.get()
    assert (reponse.status_code, reponse["Location"]) == (302, reverse("groupe", args=[groupe.pk]))
    assert (groupe.porteur, groupe.places, groupe.type_groupe) == (porteur.organisme, 10, "INDIVIDUELS")
    assert Courriel.objects.get(cause=f"groupe-preinscrit-{groupe.pk}").destinataire == "ccas@exemple.fr"
    assert "CCAS DES TILLEULS a 10 places." in page(hotelier.get(reponse["Location"]))


def test_the_page_says_what_is_left_of_the_stay_and_when_the_list_closes(hotelier, sejour, porteur):
    GroupeFactory(sejour=sejour, places=17)
    voisin = CompteFactory(convention=PorteurFactory(nom="MAIRIE DE REDON").convention)
    poser(sejour=sejour, places=12, message="", par=voisin, le=LE.date(), maintenant=LE)
    reponse = hotelier.get(adresse(sejour))
    assert montants(reponse) == {
        "Places": "60",
        "Groupes déjà inscrits": "− 17",
        "Option : MAIRIE DE REDON": "− 12",
        "Places libres": "31",
    }
    assert "De 1 à 31" in page(reponse).replace("\u202f", " ")
    assert "Elle fermera le mercredi 27 avril à minuit." in page(reponse)
    apercu = hotelier.get(adresse(sejour, "groupe-nouveau-apercu"), {"places": "10"})
    assert montants(apercu)["Resteront libres"] == "21"
    assert montants(hotelier.get(adresse(sejour, "groupe-nouveau-apercu"), {"places": "40"}))[
        "Il en manque"
    ] == ("9")


@pytest.mark.parametrize(
    ("dotation", "ton", "texte"),
    [(1500, "ok", "crédits 2022 alloués"), (0, "att", "pas encore de crédits 2022")],
)
def test_the_convention_is_checked_as_it_is_typed(hotelier, sejour, porteur, dotation, ton, texte):
    if dotation:
        CreditFactory(convention=porteur.organisme.convention, alloue=dotation)
    reponse = hotelier.get(adresse(sejour, "groupe-nouveau-apercu"), {"convention": " Ancv 2528 "})
    verdict = reponse.context["verdict"]
    assert (verdict["ton"], verdict["titre"]) == (ton, "CCAS DES TILLEULS (35)")
    assert texte in verdict["texte"]
    assert "1500" not in page(reponse).replace(" ", "")
    assert 'hx-swap-oob="true"' in reponse.content.decode()


def test_a_convention_that_takes_no_group_is_said(hotelier, sejour, porteur):
    PrestataireFactory(convention__numero="presta17")
    PorteurFactory(convention__numero="ancv1", convention__activee_le=None)
    verdicts = {
        numero: hotelier.get(adresse(sejour, "groupe-nouveau-apercu"), {"convention": numero}).context[
            "verdict"
        ]
        for numero in ("presta17", "ancv1", "ancv404", "", "\x00")
    }
    assert verdicts[""] is None
    assert {v["ton"] for v in verdicts.values() if v} == {"non"}
    assert "prestataire" in verdicts["presta17"]["texte"]
    assert "pas active" in verdicts["ancv1"]["texte"]
    assert "Aucune convention" in verdicts["ancv404"]["texte"]
    for numero in ("presta17", "ancv1", "ancv404"):
        reponse = hotelier.post(adresse(sejour), envoi(convention=numero))
        assert (reponse.status_code, list(reponse.context["form"].errors)) == (422, ["convention"])
    assert not Groupe.objects.exists()


def test_without_javascript_a_button_checks_and_writes_nothing(hotelier, sejour, porteur):
    reponse = hotelier.post(adresse(sejour), envoi(verifier="1", places=""))
    assert reponse.status_code == 200
    assert reponse.context["verdict"]["titre"] == "CCAS DES TILLEULS (35)"
    assert 'value="ANCV 2528"' in reponse.content.decode()
    assert not reponse.context["form"].errors
    assert not Groupe.objects.exists()


@pytest.mark.parametrize(
    ("champ", "valeur", "message"),
    [
        ("convention", "", "Écrivez le n° de convention du porteur"),
        ("places", "", "Écrivez le nombre de places"),
        ("places", "0", "Il faut au moins une place"),
        ("places", "61", "Il reste 60 places sur ce séjour."),
        ("places", "9" * 30, "Écrivez 500 places au plus"),
        ("type_groupe", "AUTRE", "Choisissez le type de groupe"),
    ],
)
def test_what_is_refused_comes_back_at_its_field(hotelier, sejour, porteur, champ, valeur, message):
    reponse = hotelier.post(adresse(sejour), envoi(**{champ: valeur}))
    assert reponse.status_code == 422
    assert reponse.context["form"].errors == {champ: [message]}
    assert not Groupe.objects.exists()


def test_while_the_programme_is_suspended_the_page_says_so_and_offers_nothing(hotelier, sejour, porteur):
    suspendre(programme=ProgrammeFactory(), message="Tempête : pas de groupe.", par=None, le=LE.date())
    reponse = hotelier.get(adresse(sejour))
    assert reponse.context["obstacle"] == "Tempête : pas de groupe."
    assert 'name="convention"' not in reponse.content.decode()
    assert hotelier.post(adresse(sejour), envoi()).status_code == 422
    assert not Groupe.objects.exists()


def test_the_last_evening_a_group_is_still_taken_and_the_next_day_no_more(client, sejour, porteur):
    hotel = CompteFactory(convention=sejour.offre.equipement.prestataire.convention)
    with time_machine.travel(datetime(2022, 4, 28, 0, 0, tzinfo=PARIS), tick=False):
        connecter(client, hotel)
        assert "trop tard" in client.get(adresse(sejour)).context["obstacle"]
        assert client.post(adresse(sejour), envoi()).status_code == 422
    with time_machine.travel(datetime(2022, 4, 27, 23, 59, tzinfo=PARIS), tick=False):
        connecter(client, hotel)
        assert client.post(adresse(sejour), envoi()).status_code == 302


def test_as_many_queries_for_twenty_options_as_for_one(hotelier, sejour):
    def requetes():
        with CaptureQueriesContext(
            connection,
        ) as captees:
            hotelier.get(adresse(sejour))
        return len(captees)

    def options(nombre):
        for _ in range(nombre):
            compte = CompteFactory(convention=PorteurFactory().convention)
            poser(sejour=sejour, places=1, message="", par=compte, le=LE.date(), maintenant=LE)

    options(1)
    une = requetes()
    options(19)
    assert requetes() == une
