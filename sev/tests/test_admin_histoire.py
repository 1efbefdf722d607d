"""« Historique » of the admin's pages: what the journal tells of one object (X3)."""

import re
from datetime import date
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conventions.operations.comptes import corriger_adresse
from conventions.operations.conventions import reprendre, suspendre
from conventions.tests.factories import CompteFactory, CreditFactory, connecter
from seniors.models import Doublon
from seniors.operations.doublons import ecarter
from seniors.tests.factories import MAINTENANT, SeniorFactory, clair
from sev.socle.journal import acte
from sev.socle.models import Lecture

pytestmark = pytest.mark.django_db

LE = date(2022, 4, 24)


@pytest.fixture
def ancv(client):
    compte = CompteFactory(ancv=True, nom="Alix AGENT")
    connecter(client, compte)
    return compte


@pytest.fixture
def porteur():
    return CompteFactory(convention__numero="ancv2528", email="monique@ccas.fr")


def histoire(client, objet, page="1"):
    nom = f"admin:{objet._meta.app_label}_{objet._meta.model_name}_history"
    return client.get(reverse(nom, args=[objet.pk]), {"p": page})


def lignes(reponse) -> list[list[str]]:
    """The rows of the page, without their instant: act, who, what changed, why."""
    corps = re.search(r"<tbody>(.*?)</tbody>", clair(reponse.content.decode()), re.DOTALL)[1]
    rangs = re.findall(r"<tr>(.*?)</tr>", corps, re.DOTALL)
    return [[unescape(c) for c in re.findall(r"<td>(.*?)</td>", rang, re.DOTALL)] for rang in rangs]


def test_a_convention_tells_who_suspended_it_and_why_then_who_resumed_it(client, ancv, porteur):
    convention = porteur.organisme.convention
    suspendre(convention=convention, motif="Convention non signée", par=ancv, le=LE)
    reprendre(convention=convention, par=ancv, le=date(2022, 4, 25))
    reprise, suspension, creation = lignes(histoire(client, convention))
    assert suspension == [
        "convention suspendue",
        "Alix AGENT",
        "suspendue le : rien devient 24/04/2022 ; motif : rien devient « Convention non signée »",
        "Convention non signée",
    ]
    assert reprise[:2] == ["convention reprise", "Alix AGENT"]
    assert creation[2] == "Création"


def test_an_address_that_ancv_changes_leaves_its_trace(client, ancv, porteur):
    corriger_adresse(compte=porteur, adresse="nouvelle@ccas.fr", par=ancv, maintenant=MAINTENANT)
    assert lignes(histoire(client, porteur))[0][1:3] == [
        "Alix AGENT",
        "adresse e-mail : « monique@ccas.fr » devient « nouvelle@ccas.fr »",
    ]


def test_a_page_that_keeps_no_history_says_so(client, ancv, porteur):
    mouvement = CreditFactory(convention=porteur.organisme.convention, alloue=640).mouvements.get()
    assert "Cette page ne garde pas l’historique de ses changements." in clair(
        histoire(client, mouvement).content.decode()
    )


def test_a_pair_of_doubles_has_no_history_until_somebody_decides(client, ancv):
    deux = [SeniorFactory(), SeniorFactory()]
    doublon = Doublon.objects.create(
        ancienne=deux[0],
        recente=deux[1],
        raison=Doublon.Raison.NOM_PROCHE,
        ressemblance=0.8,
        trouve_le=MAINTENANT,
    )
    assert "Rien n’a encore été fait." in histoire(client, doublon).content.decode()
    ecarter(doublon=doublon, motif="Deux cousines", par=ancv, maintenant=MAINTENANT)
    assert [ligne[1:] for ligne in lignes(histoire(client, doublon))] == [
        ["Alix AGENT", "Premier changement gardé", "Deux cousines"]
    ]


def test_a_long_history_is_turned_over_without_losing_what_was_before(client, ancv, porteur):
    convention = porteur.organisme.convention
    for rang in range(60):
        with acte("essai", par=ancv):
            convention.motif = f"motif {rang}"
            convention.save(update_fields=["motif"])
    with CaptureQueriesContext(connection) as longue:
        premiere = lignes(histoire(client, convention))
    suivante = lignes(histoire(client, convention, page="2"))
    assert (len(premiere), len(suivante)) == (50, 11)
    assert premiere[-1][2] == "motif : « motif 9 » devient « motif 10 »"
    assert suivante[0][2] == "motif : « motif 8 » devient « motif 9 »"
    with CaptureQueriesContext(connection) as courte:
        histoire(client, porteur)
    assert len(longue) <= len(courte) + 1  # what was before the page


def test_reading_a_person_s_history_is_noted_as_reading_its_page_is(client, ancv, porteur):
    senior = SeniorFactory()
    histoire(client, senior)
    histoire(client, porteur)
    assert list(Lecture.objects.values_list("quoi", "cle", "par")) == [("sénior", senior.pk, ancv.pk)]


def test_nobody_reads_the_history_of_an_unknown_object(client, ancv):
    inconnu = reverse("admin:conventions_convention_history", args=[999_999])
    assert client.get(inconnu).status_code == 302
