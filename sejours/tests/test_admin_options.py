"""The options as ANCV reads them (S3): by state, lapsed by date included, found by name or number, with their links."""

from datetime import date, datetime
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from conventions.tests.factories import CompteFactory, ProgrammeFactory, connecter
from sejours.models import Option
from sejours.tests.factories import PorteurFactory, SejourFactory
from seniors.tests.factories import PARIS

pytestmark = pytest.mark.django_db

MAINTENANT = datetime(2022, 3, 1, 10, 0, tzinfo=PARIS)
LISTE = reverse("admin:sejours_option_changelist")


@pytest.fixture(autouse=True)
def en_mars_2022():
    with time_machine.travel(MAINTENANT, tick=False):
        yield


@pytest.fixture
def ancv(client):
    connecter(client, CompteFactory(ancv=True))
    return client


def option(echeance: date, issue: str = "", **champs) -> Option:
    """Return an option of 8 places to be decided until `echeance`, asked by a porteur of its own."""
    porteur = champs.pop("porteur", None) or PorteurFactory()
    return Option.objects.create(
        sejour=champs.pop("sejour", None) or SejourFactory(),
        porteur=porteur,
        places=8,
        auteur=CompteFactory(convention=porteur.convention),
        posee_le=datetime(2022, 2, 22, 9, 0, tzinfo=PARIS),
        echeance=echeance,
        issue=issue,
        decidee_le=MAINTENANT if issue else None,
        **champs,
    )


def lues(client, **question) -> list[Option]:
    return list(client.get(LISTE, question).context["cl"].result_list)


def test_options_are_filtered_by_state_and_one_past_its_day_has_lapsed_whatever_ran(ancv):
    ce_soir, hier = option(date(2022, 3, 1)), option(date(2022, 2, 28))
    tombee, acceptee = option(date(2022, 2, 1), "TOMBEE"), option(date(2022, 3, 4), "ACCEPTEE")
    assert lues(ancv, etat="EN_COURS") == [ce_soir]
    assert lues(ancv, etat="TOMBEE") == [tombee, hier]
    assert lues(ancv, etat="ACCEPTEE") == [acceptee]
    assert lues(ancv, etat="REFUSEE") == []
    assert lues(ancv) == lues(ancv, etat="INCONNU") == [acceptee, tombee, hier, ce_soir]


def test_the_list_says_the_state_of_the_day(ancv):
    for echeance in (date(2022, 3, 1), date(2022, 2, 28)):
        option(echeance)
    modele = ancv.get(LISTE).context["cl"].model_admin
    assert [modele.etat(o) for o in lues(ancv)] == ["Tombée", "En attente de réponse"]


def test_an_option_is_found_by_porteur_equipement_prestataire_or_number_of_its_stay(ancv):
    sejour = SejourFactory(
        offre__equipement__nom="LES PINS", offre__equipement__prestataire__nom="MER ET LOISIRS"
    )
    porteur = PorteurFactory(nom="CCAS DE BREST")
    cherchee = option(date(2022, 3, 1), sejour=sejour, porteur=porteur)
    option(date(2022, 3, 1))
    for mots in ("brest", porteur.convention.numero, "pins", "mer loisirs", str(sejour.pk)):
        assert lues(ancv, q=mots) == [cherchee], mots
    assert lues(ancv, q="introuvable") == []


def test_the_year_is_that_of_the_stay(ancv):
    ProgrammeFactory()
    ancienne = option(date(2022, 3, 1))
    option(date(2022, 3, 1), sejour=SejourFactory(debut=date(2023, 5, 13)))
    assert lues(ancv, annee="2022") == [ancienne]


def test_the_page_of_an_option_tells_why_and_leads_to_its_stay_and_porteur(ancv):
    refusee = option(date(2022, 3, 4), "REFUSEE", motif="Complet en mai", message="Deux fauteuils")
    page = unescape(ancv.get(reverse("admin:sejours_option_change", args=[refusee.pk])).content.decode())
    assert reverse("admin:sejours_sejour_change", args=[refusee.sejour_id]) in page
    assert reverse("admin:conventions_organisme_change", args=[refusee.porteur_id]) in page
    for dit in ("Refusée", "Complet en mai", "Deux fauteuils"):
        assert dit in page
