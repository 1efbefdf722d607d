"""What somebody could break or get round in the provider's space, the search of stays and the options."""

from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from conventions.models import Tarif
from conventions.tests.factories import CompteFactory, ProgrammeFactory, connecter
from sejours.models import RechercheGardee
from sejours.operations import offres as operations
from sejours.operations.options import OptionRefusee, accepter, poser
from sejours.tests.factories import (
    GroupeFactory,
    OffreFactory,
    PorteurFactory,
    SejourFactory,
)
from seniors.operations.annulations import AnnulationRefusee, annuler_sejour
from seniors.tests.factories import LE, MAINTENANT
from sev.socle.models import Courriel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def le_22_avril():
    with time_machine.travel("2022-04-22T10:32:00+02:00", tick=False):
        yield


@pytest.fixture
def sejour():
    ProgrammeFactory()
    return SejourFactory(debut=date(2022, 6, 4))


@pytest.fixture
def porteur(client):
    compte = CompteFactory(organisme=PorteurFactory(), identifiant="porteur35", seul=True)
    connecter(client, compte)
    return compte


@pytest.fixture
def prestataire(client, sejour):
    compte = CompteFactory(organisme=sejour.offre.equipement.prestataire, identifiant="presta34", seul=True)
    connecter(client, compte)
    return compte


# --- What is typed ------------------------------------------------------------------------------------------

FOLIES = (
    "9" * 30,
    "9" * 5000,
    "-1",
    "\x00",
    "٣٤",
    "1e400",
    "NaN",
    "01/01/0001",
    "31/12/9999",
    "9999-12-31",
    "29/02/2023",
    "29/02/2024",
    "'; --",
    "é" * 2000,
    "\ud7ff\ufffe",
    "💶",
    "%\\",
)
LISTES = {
    "porteur": {
        "offres": "debut_min debut_max duree places region departement environnement prix_max accessible tri page",
        "offres-xlsx": "debut_min debut_max duree places region departement environnement prix_max tri",
        "options": "tri page",
        "options-xlsx": "tri",
        "groupes": "porteur convention departement annee prestataire annee_offre type_groupe incomplets tri page",
        "groupes-xlsx": "porteur convention departement annee prestataire annee_offre tri",
        "accueil": "toutes",
        "journal": "page",
    },
    "prestataire": {
        "sejours": "annee equipement etat tri page",
        "sejours-xlsx": "annee equipement etat tri",
        "occupation": "annee equipement",
        "occupation-xlsx": "annee equipement",
        "equipement-communes": "code_postal ville",
        "groupes": "porteur convention departement annee prestataire annee_offre type_groupe tri page",
        "options": "tri page",
        "accueil": "toutes",
        "journal": "page",
    },
}


@pytest.mark.parametrize(("role", "page"), [(role, page) for role, pages in LISTES.items() for page in pages])
def test_no_answer_to_a_filter_breaks_a_page(client, request, sejour, role, page):
    request.getfixturevalue(role)
    for folie in FOLIES:
        reponse = client.get(reverse(page), dict.fromkeys(LISTES[role][page].split(), folie))
        assert reponse.status_code in (200, 204), (folie[:20], reponse.status_code)


def test_no_typed_value_breaks_a_form(client, sejour, prestataire):
    groupe = GroupeFactory(sejour=sejour)
    formulaires = {
        reverse("equipement-nouveau"): {
            "nom": "Les Pins",
            "voie": "",
            "code_postal": "34280",
            "ville": "La Grande-Motte",
            "telephone": "",
            "environnement": "MER",
            "description": "",
            "accessibilite": "",
            "chambres_doubles": "1",
            "chambres_lits_separes": "",
            "chambres_individuelles": "",
            "chambres_accessibles": "",
        },
        reverse("offre-nouvelle", args=[sejour.offre.equipement_id]): {
            "annee": "2022",
            "duree": "5",
            "prix": "300",
            "supplement_individuelle": "",
            "inclus": "",
        },
        reverse("offre-modifier", args=[sejour.offre_id]): {
            "prix": "300",
            "supplement_individuelle": "",
            "inclus": "",
        },
        reverse("offre-sejours", args=[sejour.offre_id]): {
            "debut": "02/07/2022",
            "jusqu_au": "",
            "places": "20",
        },
        reverse("offre-reconduire", args=[sejour.offre_id]): {"prix": "300"},
        reverse("sejour-places", args=[sejour.pk]): {"places": "30"},
        reverse("sejour-fermer", args=[sejour.pk]): {"acte": "fermer"},
        reverse("groupe-nouveau", args=[sejour.pk]): {
            "convention": "ancv1",
            "places": "3",
            "type_groupe": "GROUPE",
        },
        reverse("places-repondre", args=[groupe.pk]): {"places": "4", "reponse": ""},
        reverse("groupe-annuler", args=[groupe.pk]): {"motif": "x"},
        reverse("sejour-annuler", args=[sejour.pk]): {"motif": "x"},
    }
    for adresse, champs in formulaires.items():
        for nom in champs:
            for folie in FOLIES:
                reponse = client.post(adresse, champs | {nom: folie})
                assert reponse.status_code < 500, (adresse, nom, folie[:20])


def test_no_typed_value_breaks_an_option_or_a_search(client, sejour, porteur):
    formulaires = {
        reverse("option-poser", args=[sejour.pk]): {"places": "3", "message": ""},
        reverse("recherche-garder"): {"nom": "mer", "requete": "duree=8"},
    }
    for adresse, champs in formulaires.items():
        for nom in champs:
            for folie in (*FOLIES, "region=" + "é" * 400, "&" * 499, "%00", "duree=%00"):
                RechercheGardee.objects.all().delete()
                reponse = client.post(adresse, champs | {nom: folie})
                assert reponse.status_code < 500, (adresse, nom, folie[:20])


GRANDS = (2**31, 2**63, 2**70, "9" * 4400)


def test_a_key_that_no_table_holds_is_not_found(client, porteur):
    for grand in GRANDS:
        for adresse in (
            "/offres/{}/",
            "/offres/{}/option/",
            "/options/{}/retirer/",
            "/offres/recherches/{}/supprimer/",
            "/photos/{}/",
            "/groupes/{}/",
            "/groupes/{}/places/",
        ):
            for envoi in (client.get, client.post):
                assert envoi(adresse.format(grand)).status_code in (404, 405), (adresse, grand)


def test_a_key_that_no_table_holds_is_not_found_by_a_provider(client, prestataire):
    for grand in GRANDS:
        for adresse in (
            "/sejours/{}/",
            "/sejours/{}/places/",
            "/sejours/{}/fermer/",
            "/sejours/{}/groupes/nouveau/",
            "/sejours/{}/groupes/apercu/",
            "/sejours/{}/annuler/",
            "/equipements/{}/",
            "/equipements/{}/photos/",
            "/equipements/offres/{}/",
            "/equipements/offres/{}/sejours/",
            "/equipements/offres/{}/reconduire/",
            "/options/{}/accepter/",
            "/groupes/{}/places/reponse/",
            "/groupes/{}/annuler/",
            "/photos/{}/supprimer/",
        ):
            for envoi in (client.get, client.post):
                assert envoi(adresse.format(grand)).status_code in (404, 405), (adresse, grand)


# --- Rules gone round ---------------------------------------------------------------------------------------


def test_a_price_may_not_rise_above_the_tariff_of_a_stay_already_published(sejour, prestataire):
    """P3: the maximum rises on 1 September; the stay of June keeps its own."""
    Tarif.objects.create(duree=8, valable_du=date(2022, 9, 1), prix=Decimal(450), aide=Decimal(160))
    with pytest.raises(operations.SejourRefuse):
        operations.changer_offre(
            offre=sejour.offre,
            prix=Decimal(440),
            inclus="",
            supplement_individuelle=None,
            par=prestataire,
            le=LE,
        )


def test_an_old_offer_carried_over_publishes_no_stay_of_the_past(prestataire):
    ProgrammeFactory(annee=2021)
    ProgrammeFactory()
    offre = OffreFactory(annee=2021)
    SejourFactory(offre=offre, debut=date(2021, 3, 6))
    SejourFactory(offre=offre, debut=date(2021, 7, 3))
    _, publies, sautes = operations.reconduire_offre(offre=offre, prix=Decimal(400), par=prestataire, le=LE)
    assert [s.debut for s in publies] == [date(2022, 7, 2)]
    assert [debut for debut, _ in sautes] == [date(2022, 3, 5)]


def test_a_stay_that_has_begun_is_not_cancelled_even_without_a_group(sejour, prestataire):
    with pytest.raises(AnnulationRefusee):
        annuler_sejour(
            sejour=sejour, motif="Travaux", par=prestataire, le=sejour.debut, maintenant=MAINTENANT
        )


def test_an_option_of_a_convention_closed_since_makes_no_group(sejour, prestataire):
    compte = CompteFactory(organisme=PorteurFactory(), identifiant="p1", seul=True)
    option = poser(sejour=sejour, places=2, message="", par=compte, le=LE, maintenant=MAINTENANT)
    convention = compte.organisme.convention
    convention.close_le = LE
    convention.save()
    with pytest.raises(OptionRefusee):
        accepter(option=option, par=prestataire, le=LE, maintenant=MAINTENANT)


def test_a_closed_season_of_the_next_year_stops_a_stay_that_runs_into_it(prestataire):
    """P1: the stay belongs to 2022, its last days touch what 2023 closes."""
    suivant = ProgrammeFactory(annee=2023)
    suivant.fermetures.create(debut=date(2023, 1, 2), fin=date(2023, 1, 20))
    offre = OffreFactory(annee=2022)
    with pytest.raises(operations.SejourRefuse):
        operations.publier_sejour(offre=offre, debut=date(2022, 12, 28), places=20, par=prestataire, le=LE)
    assert operations.publier_sejour(
        offre=offre, debut=date(2022, 12, 25), places=20, par=prestataire, le=LE
    ).fin == date(2023, 1, 1)


def test_a_pre_registration_sent_twice_makes_one_group(client, sejour, prestataire):
    compte = CompteFactory(organisme=PorteurFactory(), identifiant="p1", seul=True)
    adresse = reverse("groupe-nouveau", args=[sejour.pk])
    champs = {
        "vu": client.get(adresse).context["vu"],
        "convention": compte.organisme.convention.numero,
        "places": "3",
        "type_groupe": "GROUPE",
    }
    assert client.post(adresse, champs).status_code == 302
    seconde = client.post(adresse, champs)
    assert seconde.status_code == 422
    assert "vient d" in seconde.content.decode()
    assert sejour.groupes.count() == 1
    # Somebody who has read that and wants a second group has it.
    assert client.post(adresse, champs | {"vu": seconde.context["vu"]}).status_code == 302
    assert sejour.groupes.count() == 2


def test_a_request_for_places_sent_twice_is_sent_once(client, sejour, porteur):
    groupe = GroupeFactory(sejour=sejour, porteur=porteur.organisme)
    CompteFactory(organisme=sejour.offre.equipement.prestataire, identifiant="presta34", seul=True)
    adresse = reverse("demander-places", args=[groupe.pk])
    statuts = [client.post(adresse, {"places": "12", "message": ""}).status_code for _ in range(2)]
    assert statuts == [302, 422]
    assert groupe.demandes_places.count() == 1
    assert Courriel.objects.filter(cause__startswith="places-demandees-").count() == 1
    # Changing one's mind is another request.
    assert client.post(adresse, {"places": "14", "message": ""}).status_code == 302
