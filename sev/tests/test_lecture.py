"""Readers are told so, once, on every page that would otherwise offer an act (C4, design §8)."""

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from conventions.tests.factories import CompteFactory, connecter
from seniors.tests.factories import MAINTENANT, InscriptionFactory, groupe_dote

pytestmark = pytest.mark.django_db

PHRASE = "Vous consultez en lecture."
COMMUNES = ("accueil", "groupes", "options", "validation", "utilisateurs")
PAGES = {
    "porteur": (*COMMUNES, "offres", "credits", "groupe"),
    "prestataire": (*COMMUNES, "sejours", "equipements", "versements", "groupe"),
}


@pytest.fixture(autouse=True)
def en_avril_2022():
    with time_machine.travel(MAINTENANT, tick=False):
        yield


@pytest.mark.parametrize("cote", PAGES)
def test_every_list_tells_a_reader_that_it_only_reads(cote):
    groupe = groupe_dote()
    InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    organisme = groupe.porteur if cote == "porteur" else groupe.sejour.offre.equipement.prestataire
    titulaire = CompteFactory(convention=organisme.convention)
    lecteur = CompteFactory(lecteur=True, organisme=titulaire.organisme)
    dites = {}
    for compte in (titulaire, lecteur):
        client = Client()
        connecter(client, compte)
        for page in PAGES[cote]:
            lue = client.get(reverse(page, args=[groupe.pk] if page == "groupe" else []))
            dites.setdefault(page, []).append(lue.content.decode().count(PHRASE))
    assert dites == {page: [0, 1] for page in PAGES[cote]}
