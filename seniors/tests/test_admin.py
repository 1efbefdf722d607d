"""ANCV cancels a group or a stay from the admin (S8): what it undoes is said first, a reason is asked."""

from html import unescape

import pytest
import time_machine
from django.urls import reverse

from conventions.tests.factories import CompteFactory, connecter
from seniors.tests.factories import InscriptionFactory, clair, groupe_dote, solde
from sev.socle.models import Courriel

pytestmark = pytest.mark.django_db


@pytest.fixture
def groupe():
    groupe = groupe_dote(1_500)
    CompteFactory(convention=groupe.porteur.convention)
    InscriptionFactory(groupe=groupe)
    return groupe


@pytest.fixture
def agent(client):
    with time_machine.travel("2022-04-22T10:32:00+02:00", tick=False):
        connecter(client, CompteFactory(ancv=True))
        yield client


@pytest.mark.parametrize("quoi", ["groupe", "sejour"])
def test_what_a_cancellation_undoes_is_said_then_done_with_its_reason(agent, groupe, quoi):
    objet = groupe if quoi == "groupe" else groupe.sejour
    fiche = reverse(f"admin:sejours_{quoi}_change", args=[objet.pk])
    adresse = reverse(f"admin:sejours_{quoi}_annuler", args=[objet.pk])
    assert adresse in agent.get(fiche).content.decode()
    page = clair(unescape(agent.get(adresse).content.decode()))
    assert "1 groupe, 1 personne sur les listes, 1 aide (160 €) qui reviennent aux crédits" in page

    assert "option" not in page.split("Seront annulés")[1].split("e-mail")[0]

    assert agent.post(adresse, {"motif": " "}).status_code == 422
    assert solde(groupe) == (1_500, 160, 1_340)

    assert agent.post(adresse, {"motif": "Inondation"}).status_code == 302
    groupe.refresh_from_db()
    assert (groupe.motif_annulation, solde(groupe)) == ("Inondation", (1_500, 0, 1_500))
    assert Courriel.objects.filter(cause__startswith=f"groupe-annule-{groupe.pk}").count() == 1
    # It is done: neither offered nor possible again.
    assert adresse not in agent.get(fiche).content.decode()
    assert agent.post(adresse, {"motif": "Encore"}).status_code == 422


def test_a_provider_or_a_porteur_does_not_reach_it(client, groupe):
    connecter(client, CompteFactory(prestataire=True))
    assert (
        client.post(reverse("admin:sejours_groupe_annuler", args=[groupe.pk]), {"motif": "x"}).status_code
        == 302
    )
    groupe.refresh_from_db()
    assert groupe.annule_le is None


def test_staff_who_may_not_make_groups_may_not_cancel_them(agent, client, groupe):
    lecture = CompteFactory(ancv=True, is_superuser=False)
    connecter(client, lecture)
    for quoi, objet in (("groupe", groupe), ("sejour", groupe.sejour)):
        adresse = reverse(f"admin:sejours_{quoi}_annuler", args=[objet.pk])
        assert client.post(adresse, {"motif": "x"}).status_code == 403
    groupe.refresh_from_db()
    assert groupe.annule_le is None
