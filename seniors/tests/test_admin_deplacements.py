"""ANCV moves a stay from the admin (S8): what changes is shown first, group by group and person by person."""

from datetime import date, datetime
from html import unescape

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.urls import reverse

from conventions.tests.factories import CompteFactory, ProgrammeFactory, connecter
from sejours.models import Sejour
from sejours.operations.groupes import verrouiller_listes
from sejours.tests.factories import GroupeFactory
from seniors.tests.factories import PARIS, InscriptionFactory, clair, groupe_dote, solde
from seniors.tests.test_deplacer import MAI, nouveau_tarif
from sev.controle import controler
from sev.socle.models import Courriel

pytestmark = pytest.mark.django_db

NOUVEAU = {"debut": "28/05/2022", "motif": "Travaux dans l'hôtel"}


@pytest.fixture
def groupe():
    ProgrammeFactory()
    groupe = groupe_dote(1_500)
    CompteFactory(convention=groupe.porteur.convention)
    return groupe


@pytest.fixture
def agent(client):
    with time_machine.travel("2022-04-29T10:32:00+02:00", tick=False):
        connecter(client, CompteFactory(ancv=True))
        yield client


def adresse(groupe, acte="deplacer") -> str:
    return reverse(f"admin:sejours_sejour_{acte}", args=[groupe.sejour_id])


def test_what_a_move_changes_is_shown_then_done(agent, groupe):
    nouveau_tarif(180, du=date(2022, 5, 20))
    inscription = InscriptionFactory(groupe=groupe)
    InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    verrouiller_listes(le=date(2022, 4, 28), maintenant=datetime(2022, 4, 28, 0, 5, tzinfo=PARIS))
    GroupeFactory(sejour=groupe.sejour, annule_le=datetime(2022, 4, 1, tzinfo=PARIS), motif_annulation="x")
    assert adresse(groupe) in agent.get(adresse(groupe, "change")).content.decode()
    page = agent.post(adresse(groupe), NOUVEAU)
    assert page.status_code == 200
    lignes = {quoi: (clair(avant), clair(apres)) for quoi, avant, apres in page.context["apercu"].lignes}
    assert lignes == {
        "Dates": ("du samedi 14 au samedi 21 mai 2022", "du samedi 28 mai au samedi 4 juin 2022"),
        "Prix": ("410 €", "410 €"),
        "Places libres": ("98", "90"),
        f"Groupe n° {groupe.pk}, {groupe.porteur}": (
            "2 inscrits sur 10 places, 1 aide, liste close depuis le 27/04/2022",
            "2 inscrits sur 10 places, 1 aide, liste ouverte jusqu'au 11/05/2022",
        ),
        f"Crédits 2022, {groupe.porteur}": ("1 340 € disponibles", "1 320 € disponibles"),
        f"{inscription.senior}, groupe n° {groupe.pk}": ("Aide accordée 160 €", "Aide accordée 180 €"),
    }
    assert Sejour.objects.get().debut == MAI
    assert not Courriel.objects.filter(cause__startswith="sejour-deplace").exists()

    empreinte = page.context["apercu"].empreinte
    reponse = agent.post(adresse(groupe), NOUVEAU | {"confirmer": empreinte})
    assert (reponse.status_code, reponse["Location"]) == (302, adresse(groupe, "change"))
    assert Sejour.objects.get().debut == date(2022, 5, 28)
    assert solde(groupe) == (1_500, 180, 1_320)
    assert Courriel.objects.filter(cause__startswith="sejour-deplace").count() == 1
    assert list(controler()) == []


@pytest.mark.parametrize(
    ("champs", "champ"),
    [({"debut": "29/04/2022"}, "debut"), ({"debut": "31/02/2022"}, "debut"), ({"motif": " "}, "motif")],
)
def test_a_refusal_is_at_its_field(agent, groupe, champs, champ):
    page = agent.post(adresse(groupe), NOUVEAU | champs)
    assert (page.status_code, list(page.context["form"].errors)) == (422, [champ])


def test_a_stay_that_began_is_not_offered(client, groupe):
    with time_machine.travel("2022-05-14T00:30:00+02:00", tick=False):
        connecter(client, CompteFactory(ancv=True))
        page = client.get(adresse(groupe, "change"))
        assert (page.status_code, adresse(groupe) in page.content.decode()) == (200, False)
        page = client.post(adresse(groupe), NOUVEAU)
        assert (page.status_code, "a commencé" in unescape(page.content.decode())) == (422, True)


def test_whoever_may_only_read_stays_does_not_move_them(client, groupe):
    compte = CompteFactory(ancv=True, is_superuser=False)
    compte.user_permissions.set(Permission.objects.filter(codename__in=["view_sejour", "add_groupe"]))
    with time_machine.travel("2022-04-29T10:32:00+02:00", tick=False):
        connecter(client, compte)
        assert adresse(groupe) not in client.get(adresse(groupe, "change")).content.decode()
        assert client.get(adresse(groupe)).status_code == 403
        assert client.post(adresse(groupe), NOUVEAU).status_code == 403
