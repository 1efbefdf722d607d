"""The calendar feed: its form (RFC 5545), what it tells to whom, its secret address."""

import re
from datetime import date, datetime

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conventions.models import Compte
from conventions.tests.factories import CompteFactory, ProgrammeFactory, connecter
from sejours.agenda import calendrier, echapper, plier
from sejours.models import Agenda, Groupe
from sejours.operations.agenda import renouveler_agenda
from sejours.operations.options import poser
from sejours.tests.factories import EquipementFactory, GroupeFactory, PorteurFactory
from seniors.tests.factories import PARIS, InscriptionFactory, SeniorFactory

pytestmark = pytest.mark.django_db

LE = date(2022, 4, 22)
MAINTENANT = datetime(2022, 4, 22, 0, 30, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def en_avril_2022():
    with time_machine.travel(MAINTENANT, tick=False):
        yield


@pytest.fixture
def porteur():
    return CompteFactory(convention=PorteurFactory(nom="CCAS DES TILLEULS").convention)


@pytest.fixture
def groupe(porteur):
    equipement = EquipementFactory(nom="L'OUSTAL ; BÉZIERS, MER")
    return GroupeFactory(porteur=porteur.organisme, sejour__offre__equipement=equipement)


@pytest.fixture
def hotel(groupe):
    return CompteFactory(convention=groupe.sejour.offre.equipement.prestataire.convention)


def lignes(compte) -> list[str]:
    """The calendar's lines, unfolded."""
    return calendrier(compte, le=LE).replace("\r\n ", "").split("\r\n")


def evenements(compte) -> list[dict[str, str]]:
    trouves, courant = [], None
    for ligne in lignes(compte):
        if ligne == "BEGIN:VEVENT":
            courant = {}
        elif ligne == "END:VEVENT":
            trouves.append(courant)
        elif courant is not None:
            nom, _, valeur = ligne.partition(":")
            courant[nom] = valeur
    return trouves


def anonyme(secret):
    return Client().get(f"/agenda/{secret}.ics")


# --- Its form ---------------------------------------------------------------------------------------------------


def test_the_whole_is_a_calendar_in_lines_of_75_bytes_that_end_in_crlf(porteur, groupe):
    Groupe.objects.update(modifie_le=datetime(2022, 4, 22, 0, 30, tzinfo=PARIS))
    brut = calendrier(porteur, le=LE).encode()
    assert brut.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in brut.replace(b"\r\n", b"")
    assert max(len(ligne) for ligne in brut.split(b"\r\n")) <= 75
    assert lignes(porteur)[:3] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//ANCV//Seniors en Vacances//FR",
    ]
    liste, sejour = evenements(porteur)
    # An instant in UTC: half past midnight in Paris is the day before.
    assert liste["DTSTAMP"] == "20220421T223000Z"
    assert (liste["DTSTART;VALUE=DATE"], liste["DTEND;VALUE=DATE"]) == ("20220427", "20220428")
    assert (sejour["DTSTART;VALUE=DATE"], sejour["DTEND;VALUE=DATE"]) == ("20220514", "20220522")
    assert len({e["UID"] for e in (liste, sejour)}) == 2
    assert liste["LOCATION"] == "L'OUSTAL \\; BÉZIERS\\, MER\\, 34280 LA GRANDE MOTTE"


@pytest.mark.parametrize(
    ("texte", "ecrit"),
    [
        ("a\\b", "a\\\\b"),
        ("a;b,c", "a\\;b\\,c"),
        ("a\r\nb\nc", "a\\nb\\nc"),
        ("a\rEND:VEVENT\x00", "aEND:VEVENT"),
    ],
)
def test_a_name_can_neither_break_a_line_nor_add_one(texte, ecrit):
    assert echapper(texte) == ecrit


@pytest.mark.parametrize("texte", ["a" * 75, "a" * 76, "é" * 200, "😀" * 50, "", "a" * 300])
def test_lines_fold_between_characters_and_unfold_to_the_same(texte):
    morceaux = plier(texte)
    assert all(len(morceau.encode()) <= 75 for morceau in morceaux)
    assert "\r\n".join(morceaux).replace("\r\n ", "") == texte
    assert len(plier("a" * 75)) == 1


# --- What it tells ----------------------------------------------------------------------------------------------


def test_each_side_reads_the_other_s_name_and_its_own_groups_alone(porteur, hotel, groupe):
    GroupeFactory()
    assert [e["SUMMARY"].split(" : ")[0] for e in evenements(porteur)] == [
        "La liste ferme à minuit",
        "Séjour",
    ]
    assert "L'OUSTAL" in evenements(porteur)[1]["SUMMARY"]
    assert "CCAS DES TILLEULS" in evenements(hotel)[1]["SUMMARY"]
    assert len(evenements(hotel)) == 2


def test_options_to_decide_stand_on_their_last_day(porteur, hotel, groupe):
    ProgrammeFactory(delai_option=3)
    autre = CompteFactory(convention=PorteurFactory(nom="MAIRIE DE REDON").convention)
    poser(sejour=groupe.sejour, places=5, message="Secret", par=autre, le=LE, maintenant=MAINTENANT)
    option = evenements(hotel)[-1]
    assert option["SUMMARY"].replace("\u00a0", " ") == "Option à décider : MAIRIE DE REDON\\, 5 places"
    assert option["DTSTART;VALUE=DATE"] == "20220425"
    assert len(evenements(autre)) == 1
    assert len(evenements(porteur)) == 2


def test_no_person_is_named(porteur, hotel, groupe):
    InscriptionFactory(groupe=groupe, senior=SeniorFactory(nom="KERVELLA"))
    for compte in (porteur, hotel):
        assert "KERVELLA" not in calendrier(compte, le=LE)
        assert compte.nom not in calendrier(compte, le=LE)


def test_what_is_cancelled_or_long_past_is_left_out(porteur, groupe):
    assert len(evenements(porteur)) == 2
    assert calendrier(porteur, le=date(2022, 7, 20)).count("BEGIN:VEVENT") == 2
    assert calendrier(porteur, le=date(2022, 7, 21)).count("BEGIN:VEVENT") == 0
    Groupe.objects.update(annule_le=MAINTENANT, motif_annulation="Travaux")
    assert evenements(porteur) == []


def test_two_queries_for_twenty_groups_as_for_one(porteur, groupe):
    def requetes():
        with CaptureQueriesContext(connection) as captees:
            calendrier(porteur, le=LE)
        return len(captees)

    une = requetes()
    for _ in range(19):
        GroupeFactory(porteur=porteur.organisme)
    assert requetes() == une <= 3


# --- Its address ------------------------------------------------------------------------------------------------


def test_one_asks_for_an_address_that_answers_without_signing_in(client, porteur, groupe):
    connecter(client, porteur)
    assert "Créer mon adresse" in client.get(reverse("agenda")).content.decode()
    assert client.post(reverse("agenda")).status_code == 302
    secret = Agenda.objects.get().secret
    assert re.fullmatch(r"[\w-]{43}", secret)
    assert reverse("agenda-ics", args=[secret]) in client.get(reverse("agenda")).content.decode()
    reponse = anonyme(secret)
    assert reponse.status_code == 200
    assert reponse["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in reponse["Cache-Control"]
    assert "sessionid" not in reponse.cookies
    assert reponse.content.decode().count("BEGIN:VEVENT") == 2


def test_another_address_closes_the_former_one(client, porteur):
    ancien = renouveler_agenda(par=porteur, maintenant=MAINTENANT).secret
    connecter(client, porteur)
    demande = client.get(reverse("agenda"), {"acte": "changer"}).content.decode()
    assert "ne répondra plus" in demande and "Garder l'adresse" in demande
    assert anonyme(ancien).status_code == 200
    client.post(reverse("agenda"))
    nouveau = Agenda.objects.get().secret
    assert (anonyme(ancien).status_code, anonyme(nouveau).status_code) == (404, 200)
    client.post(reverse("agenda"), {"fermer": "1"})
    assert anonyme(nouveau).status_code == 404


def test_a_closed_account_a_part_of_the_secret_or_another_case_find_nothing(porteur):
    secret = renouveler_agenda(par=porteur, maintenant=MAINTENANT).secret
    for faux in (secret[:-1], secret.swapcase(), secret + "a", "x" * 300, "%00", "%F0%9F"):
        assert anonyme(faux).status_code == 404
    Compte.objects.filter(pk=porteur.pk).update(is_active=False)
    assert anonyme(secret).status_code == 404


def test_two_colleagues_have_each_their_own(porteur):
    lecteur = CompteFactory(lecteur=True, organisme=porteur.organisme)
    renouveler_agenda(par=porteur, maintenant=MAINTENANT)
    client = Client()
    connecter(client, lecteur)
    assert client.get(reverse("agenda")).context["agenda"] is None
    assert client.post(reverse("agenda")).status_code == 302
    assert Agenda.objects.count() == 2
