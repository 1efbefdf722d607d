"""The provider's équipements and offers (S1): recorded, corrected, carried over, and what is refused."""

from datetime import date, datetime
from decimal import Decimal
from html import unescape
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from conventions.models import Fermeture, Programme
from conventions.tests.factories import CompteFactory, ProgrammeFactory, connecter
from sejours.models import Equipement, Offre, Sejour
from sejours.tests.factories import (
    EquipementFactory,
    GroupeFactory,
    OffreFactory,
    PrestataireFactory,
    SejourFactory,
    tarifs_du_manuel,
)
from seniors.tests.factories import PARIS, clair

pytestmark = pytest.mark.django_db

SAISIE = {
    "nom": "Les Goélands",
    "voie": "12 allée des Goélands",
    "code_postal": "34280",
    "ville": "la grande motte",
    "environnement": "MER",
    "telephone": "04 67 00 00 00",
    "description": "Face à la mer.\n\n\n\nAu calme.",
    "accessible": "on",
    "accessibilite": "Ascenseur",
    "chambres_doubles": "20",
    "chambres_lits_separes": "15",
    "chambres_individuelles": "",
    "chambres_accessibles": "4",
}


@pytest.fixture(autouse=True)
def en_janvier_2022():
    with time_machine.travel(datetime(2022, 1, 10, 10, 32, tzinfo=PARIS), tick=False):
        yield


@pytest.fixture
def prestataire(client):
    """ACTIF RÉSIDENCE, signed in."""
    compte = CompteFactory(
        organisme=PrestataireFactory(nom="ACTIF RÉSIDENCE"), identifiant="presta34", seul=True
    )
    connecter(client, compte)
    return compte


@pytest.fixture
def equipement(prestataire):
    return EquipementFactory(prestataire=prestataire.organisme, nom="LES CYCLADES")


@pytest.fixture
def offre(equipement):
    ProgrammeFactory()
    tarifs_du_manuel()
    return OffreFactory(equipement=equipement, inclus="Pension complète")


def page(reponse) -> str:
    return unescape(clair(reponse.content.decode()))


def suivre(client, adresse, champs):
    """Send a form that is accepted, and return the page that it leads to."""
    reponse = client.post(adresse, champs)
    assert reponse.status_code == 302, reponse.context["form"].errors
    return page(client.get(reponse["Location"]))


# --- Équipements ------------------------------------------------------------------------------------------------


def test_a_new_provider_is_shown_what_an_equipement_is(client, prestataire):
    lu = page(client.get(reverse("equipements")))
    assert "Pas encore d'équipement." in lu
    assert "Ajouter le premier équipement" in lu


def test_an_equipement_takes_the_official_town_and_its_departement(client, prestataire):
    lu = suivre(client, reverse("equipement-nouveau"), SAISIE)
    equipement = Equipement.objects.get()
    assert (equipement.prestataire, equipement.nom) == (prestataire.organisme, "Les Goélands")
    assert (equipement.ville, equipement.departement) == ("La Grande-Motte", "34")
    assert (equipement.chambres_doubles, equipement.chambres_individuelles) == (20, 0)
    assert equipement.description == "Face à la mer.\n\nAu calme."
    assert "Les Goélands est enregistré." in lu
    assert "34280 La Grande-Motte, Hérault (34)" in lu


@pytest.mark.parametrize(
    ("code_postal", "ville", "departement"),
    [
        ("20000", "Ajaccio", "2A"),
        ("20200", "Bastia", "2B"),
        ("97400", "Saint-Denis", "974"),
        ("75012", "PARIS", "75"),
    ],
)
def test_the_departement_follows_corsica_and_overseas(client, prestataire, code_postal, ville, departement):
    suivre(client, reverse("equipement-nouveau"), SAISIE | {"code_postal": code_postal, "ville": ville})
    assert Equipement.objects.get().departement == departement


@pytest.mark.parametrize(
    ("champ", "valeur", "message"),
    [
        ("nom", "", "Cette réponse est nécessaire"),
        ("nom", "les cyclades", None),
        ("nom", "LES CYCLADES", "Vous avez déjà un équipement de ce nom."),
        ("code_postal", "3428", "Il faut 5 chiffres, par exemple 35410"),
        ("code_postal", "00000", "Ce code postal n'est d'aucun département"),
        ("environnement", "LUNE", "Choisissez l'environnement"),
        ("chambres_doubles", "vingt", "Écrivez un nombre, en chiffres"),
        ("chambres_doubles", "-1", "Écrivez un nombre, en chiffres"),
        ("chambres_doubles", "99999", "Ce nombre est trop grand"),
        ("chambres_accessibles", "36", "Il y en a plus que de chambres"),
        (
            "description",
            "a\x07b",
            "Ce texte contient un caractère invisible. Effacez-le et retapez-le au clavier.",
        ),
    ],
)
def test_a_refused_equipement_says_why_at_its_field(client, equipement, champ, valeur, message):
    reponse = client.post(reverse("equipement-nouveau"), SAISIE | {champ: valeur})
    if message is None:
        assert reponse.status_code == 302
        return
    assert (reponse.status_code, reponse.context["form"].errors[champ]) == (422, [message])
    assert Equipement.objects.count() == 1


def test_an_equipement_is_corrected_and_keeps_its_name(client, equipement):
    adresse = reverse("equipement-modifier", args=[equipement.pk])
    assert "12 ALLEE DES GOELANDS" in page(client.get(adresse))
    lu = suivre(client, adresse, SAISIE | {"nom": "LES CYCLADES", "environnement": "THERMAL"})
    equipement.refresh_from_db()
    assert (equipement.environnement, equipement.accessible) == ("THERMAL", True)
    assert "LES CYCLADES est à jour." in lu


def test_the_communes_of_a_postcode_are_offered_with_and_without_a_script(client, prestataire):
    adresse = reverse("equipement-communes")
    fragment = client.get(adresse, {"code_postal": "34280"}, headers={"HX-Request": "true"})
    assert "<select" in page(fragment)
    assert "La Grande-Motte" in page(fragment)
    assert client.get(adresse, {"code_postal": "99999"}).status_code == 204
    refuse = client.post(reverse("equipement-nouveau"), SAISIE | {"nom": ""})
    assert '<option value="la grande motte" selected>' in refuse.content.decode()


def test_the_spreadsheet_holds_equipements_and_offers(client, offre):
    classeur = load_workbook(BytesIO(client.get(reverse("equipements-xlsx")).getvalue()))
    assert [c.value for c in classeur["Équipements"][4]][:5] == [
        "LES CYCLADES",
        "12 ALLEE DES GOELANDS",
        "34280",
        "LA GRANDE MOTTE",
        "34 Hérault",
    ]
    assert [c.value for c in classeur["Offres"][4]][:4] == ["LES CYCLADES", 2022, "8 jours, 7 nuits", 410]


def test_equipements_stand_by_name_and_offers_latest_year_first(client, prestataire, equipement):
    for nom in ("ZÉPHYR", "AJONCS"):
        EquipementFactory(prestataire=prestataire.organisme, nom=nom)
    for annee, duree in ((2022, 5), (2023, 8), (2021, 8), (2022, 8)):
        OffreFactory(equipement=equipement, annee=annee, duree=duree, prix=300)
    lus = client.get(reverse("equipements")).context["page"]
    assert [e.nom for e in lus] == ["AJONCS", "LES CYCLADES", "ZÉPHYR"]
    offres = client.get(reverse("equipement", args=[equipement.pk])).context["offres"]
    assert [(o.annee, o.duree) for o in offres] == [(2023, 8), (2022, 8), (2022, 5), (2021, 8)]


@pytest.fixture
def trois(prestataire):
    """Three équipements of the provider, and one of somebody else."""
    for nom, ville, departement, environnement, accessible in (
        ("ÉCUREUILS", "GÉRARDMER", "88", "MONTAGNE", True),
        ("AJONCS", "QUIBERON", "56", "MER", False),
        ("ZÉPHYR", "BREST", "29", "MER", True),
    ):
        EquipementFactory(
            prestataire=prestataire.organisme,
            nom=nom,
            ville=ville,
            departement=departement,
            environnement=environnement,
            accessible=accessible,
        )
    EquipementFactory(nom="AILLEURS")


def noms(client, **question) -> list[str]:
    return [e.nom for e in client.get(reverse("equipements"), question).context["page"]]


@pytest.mark.parametrize(
    ("question", "attendus"),
    [
        ({}, ["AJONCS", "ÉCUREUILS", "ZÉPHYR"]),
        ({"tri": "-nom"}, ["ZÉPHYR", "ÉCUREUILS", "AJONCS"]),
        ({"tri": "departement"}, ["ZÉPHYR", "AJONCS", "ÉCUREUILS"]),
        ({"tri": "inconnu"}, ["AJONCS", "ÉCUREUILS", "ZÉPHYR"]),
        ({"recherche": "gerardmer"}, ["ÉCUREUILS"]),
        ({"recherche": "Ecureuil"}, ["ÉCUREUILS"]),
        ({"environnement": "MER"}, ["AJONCS", "ZÉPHYR"]),
        ({"environnement": "MER", "accessible": "on"}, ["ZÉPHYR"]),
        ({"environnement": "LUNE", "accessible": "on"}, ["ÉCUREUILS", "ZÉPHYR"]),
        ({"recherche": "ailleurs"}, []),
    ],
)
def test_equipements_are_searched_and_sorted(client, trois, question, attendus):
    assert noms(client, **question) == attendus


def test_a_search_that_finds_nothing_leads_back_to_all(client, trois):
    lu = page(client.get(reverse("equipements"), {"recherche": "ailleurs"}))
    assert "Aucun équipement ne correspond." in lu
    assert "Voir tous les équipements" in lu
    assert "Pas encore d'équipement" not in lu


def test_stays_to_come_sort_the_list(client, prestataire, trois):
    brest = Equipement.objects.get(nom="ZÉPHYR")
    SejourFactory(offre=OffreFactory(equipement=brest))
    assert noms(client, tri="-a_venir")[0] == "ZÉPHYR"


def test_twenty_equipements_a_page(client, prestataire):
    EquipementFactory.create_batch(21, prestataire=prestataire.organisme)
    assert [len(noms(client, page=page)) for page in (1, 2)] == [20, 1]


def test_the_spreadsheet_follows_the_filters(client, trois):
    OffreFactory(equipement=Equipement.objects.get(nom="AJONCS"))
    OffreFactory(equipement=Equipement.objects.get(nom="ZÉPHYR"))
    reponse = client.get(reverse("equipements-xlsx"), {"recherche": "brest"})
    classeur = load_workbook(BytesIO(reponse.getvalue()))
    lus = {
        feuille.title: [ligne[0] for ligne in feuille.iter_rows(min_row=4, values_only=True)]
        for feuille in classeur
    }
    assert lus == {"Équipements": ["ZÉPHYR"], "Offres": ["ZÉPHYR"]}


def test_pages_cost_the_same_for_one_equipement_and_for_twenty(client, prestataire, equipement):
    def requetes():
        with CaptureQueriesContext(
            connection,
        ) as capture:
            assert client.get(reverse("equipements")).status_code == 200
            assert client.get(reverse("equipement", args=[equipement.pk])).status_code == 200
        return len(capture)

    SejourFactory(offre=OffreFactory(equipement=equipement))
    avant = requetes()
    for annee in range(2010, 2022):
        offre = OffreFactory(equipement=equipement, annee=annee)
        SejourFactory(offre=offre, debut=date(annee, 5, 14))
    EquipementFactory.create_batch(19, prestataire=prestataire.organisme)
    assert requetes() == avant


# --- Offers -----------------------------------------------------------------------------------------------------


def test_an_offer_is_created_within_the_tariff(client, equipement):
    tarifs_du_manuel()
    adresse = reverse("offre-nouvelle", args=[equipement.pk])
    assert "Prix maximum : 410 € par personne" in page(client.get(adresse))
    champs = {
        "annee": "2022",
        "duree": "8",
        "prix": "399,50",
        "supplement_individuelle": "70",
        "inclus": "Pension complète",
    }
    lu = suivre(client, adresse, champs)
    offre = Offre.objects.get()
    assert (offre.annee, offre.duree, offre.prix) == (2022, 8, Decimal("399.50"))
    assert (offre.supplement_individuelle, offre.inclus) == (Decimal(70), "Pension complète")
    assert "L'offre 2022 est créée." in lu


@pytest.mark.parametrize(
    ("champ", "valeur", "message"),
    [
        ("prix", "411", "Le prix maximum est de 410 € pour cette durée."),
        ("prix", "0", "Écrivez un montant en euros, par exemple 410 ou 410,50"),
        ("prix", "quatre cents", "Écrivez un montant en euros, par exemple 410 ou 410,50"),
        ("prix", "1e999", "Ce montant est trop grand"),
        ("annee", "2031", "Choisissez l'année"),
        ("duree", "6", "Choisissez la durée"),
        ("duree", "", "Choisissez la durée"),
    ],
)
def test_a_refused_offer_says_why(client, equipement, champ, valeur, message):
    tarifs_du_manuel()
    champs = {"annee": "2022", "duree": "8", "prix": "400"} | {champ: valeur}
    reponse = client.post(reverse("offre-nouvelle", args=[equipement.pk]), champs)
    assert reponse.status_code == 422
    assert [clair(e) for e in reponse.context["form"].errors[champ]] == [message]
    assert not Offre.objects.exists()


def test_the_same_offer_twice_is_refused(client, offre):
    champs = {"annee": "2022", "duree": "8", "prix": "400"}
    reponse = client.post(reverse("offre-nouvelle", args=[offre.equipement_id]), champs)
    assert reponse.status_code == 422
    assert "Cette offre existe déjà pour cette année et cette durée." in page(reponse)


def test_an_offer_is_corrected_until_a_porteur_has_its_price(client, offre):
    adresse = reverse("offre-modifier", args=[offre.pk])
    suivre(client, adresse, {"prix": "400", "inclus": "Demi-pension"})
    offre.refresh_from_db()
    assert (offre.prix, offre.inclus) == (Decimal(400), "Demi-pension")
    GroupeFactory(sejour=SejourFactory(offre=offre))
    reponse = client.post(adresse, {"prix": "405", "inclus": "Demi-pension"})
    assert reponse.status_code == 422
    assert "Des porteurs ont déjà ce prix : il ne change plus." in page(reponse)
    suivre(client, adresse, {"prix": "400", "inclus": "Tout compris"})
    offre.refresh_from_db()
    assert (offre.prix, offre.inclus) == (Decimal(400), "Tout compris")


# --- Stays ------------------------------------------------------------------------------------------------------


def test_one_stay_is_published(client, offre):
    adresse = reverse("offre-sejours", args=[offre.pk])
    lu = suivre(client, adresse, {"debut": "14/05/2022", "jusqu_au": "", "places": "50"})
    sejour = Sejour.objects.get()
    assert (sejour.debut, sejour.fin, sejour.places) == (date(2022, 5, 14), date(2022, 5, 21), 50)
    assert "Le séjour du 14 au 21 mai est publié." in lu
    assert "Déjà publiés (1)" in lu


def test_a_series_skips_the_closed_season_and_says_so(client, offre):
    Fermeture.objects.create(
        programme=Programme.objects.get(annee=2022), debut=date(2022, 7, 15), fin=date(2022, 7, 31)
    )
    SejourFactory(offre=offre, debut=date(2022, 7, 2))
    adresse = reverse("offre-sejours", args=[offre.pk])
    lu = suivre(client, adresse, {"debut": "25/06/2022", "jusqu_au": "06/08/2022", "places": "50"})
    debuts = [s.debut for s in Sejour.objects.filter(places=50).order_by("debut")]
    assert debuts == [date(2022, 6, 25), date(2022, 8, 6)]
    assert "2 séjours publiés, un par semaine, du 25 juin au 6 août." in lu
    assert "5 séjours n'ont pas été publiés." in lu
    assert "Cette offre a déjà un séjour à cette date : 2 juillet." in lu
    assert (
        "Ces dates touchent une saison fermée du programme : 9 juillet, 16 juillet, 23 juillet, 30 juillet."
        in lu
    )


@pytest.mark.parametrize(
    ("champs", "champ", "message"),
    [
        ({"debut": "14/05/2023"}, "debut", "Cette offre vaut pour 2022"),
        ({"debut": "10/01/2022"}, "debut", "Cette date est passée"),
        ({"debut": "31/02/2022"}, "debut", "Cette date n'existe pas. Écrivez la date ainsi : 31/05/2027"),
        ({"debut": ""}, "debut", "Écrivez la date ainsi : 31/05/2027"),
        ({"jusqu_au": "01/01/9999"}, "jusqu_au", "Cette offre vaut pour 2022"),
        ({"jusqu_au": "07/05/2022"}, "jusqu_au", "Cette date vient avant le premier séjour"),
        ({"places": "0"}, "places", "Il faut au moins une place"),
        ({"places": "99999"}, "places", "Écrivez 5000 places au plus"),
    ],
)
def test_a_refused_publication_says_why(client, offre, champs, champ, message):
    saisie = {"debut": "14/05/2022", "jusqu_au": "", "places": "50"} | champs
    reponse = client.post(reverse("offre-sejours", args=[offre.pk]), saisie)
    assert (reponse.status_code, reponse.context["form"].errors[champ]) == (422, [message])
    assert not Sejour.objects.exists()


def test_a_stay_across_31_december_is_of_the_year_of_its_start(client, offre):
    adresse = reverse("offre-sejours", args=[offre.pk])
    suivre(client, adresse, {"debut": "28/12/2022", "places": "50"})
    sejour = Sejour.objects.get()
    assert (sejour.annee, sejour.fin) == (2022, date(2023, 1, 4))


def test_an_offer_is_carried_over_with_its_stays_on_the_same_weekday(client, offre):
    ProgrammeFactory(annee=2023)
    SejourFactory(offre=offre, debut=date(2022, 5, 14), places=40)
    SejourFactory(offre=offre, debut=date(2022, 1, 1), places=30)
    adresse = reverse("offre-reconduire", args=[offre.pk])
    assert "2 séjours, 52 semaines plus tard" in page(client.get(adresse))
    lu = suivre(client, adresse, {"prix": "405"})
    nouvelle = Offre.objects.get(annee=2023)
    assert (nouvelle.prix, nouvelle.inclus) == (Decimal(405), "Pension complète")
    assert [(s.debut, s.places) for s in nouvelle.sejours.all()] == [(date(2023, 5, 13), 40)]
    assert "L'offre 2023 est créée, avec 1 séjour." in lu
    assert "1 séjour n'a pas été publié." in lu
    assert "Cette offre vaut pour 2023 : 31 décembre." in lu


def test_an_offer_is_carried_over_once_and_within_the_next_tariff(client, offre):
    ProgrammeFactory(annee=2023)
    adresse = reverse("offre-reconduire", args=[offre.pk])
    trop_cher = client.post(adresse, {"prix": "9000"})
    assert (trop_cher.status_code, list(trop_cher.context["form"].errors)) == (422, ["prix"])
    suivre(client, adresse, {"prix": "405"})
    deja = client.post(adresse, {"prix": "405"})
    assert (deja.status_code, deja.context["form"].non_field_errors()) == (
        422,
        ["Cette offre existe déjà pour cette année et cette durée."],
    )
    assert Offre.objects.count() == 2


def test_a_leap_year_keeps_the_weekday(client, equipement):
    ProgrammeFactory(annee=2024)
    ProgrammeFactory(annee=2025)
    tarifs_du_manuel()
    with time_machine.travel(datetime(2024, 1, 10, tzinfo=PARIS), tick=False):
        connecter(client, equipement.prestataire.comptes.get())
        offre = OffreFactory(equipement=equipement, annee=2024)
        suivre(client, reverse("offre-sejours", args=[offre.pk]), {"debut": "29/02/2024", "places": "50"})
        suivre(client, reverse("offre-reconduire", args=[offre.pk]), {"prix": "410"})
    debuts = list(Sejour.objects.values_list("debut", flat=True))
    assert debuts == [date(2024, 2, 29), date(2025, 2, 27)]
    assert {d.weekday() for d in debuts} == {3}


@pytest.mark.parametrize(
    ("route", "champs"),
    [
        ("offre-sejours", {"debut": "14/05/2022", "places": "50"}),
        ("offre-sejours", {"debut": "14/05/2022", "jusqu_au": "28/05/2022", "places": "50"}),
    ],
)
def test_while_suspended_no_stay_is_published_and_anc_s_message_says_why(client, offre, route, champs):
    Programme.objects.filter(annee=2022).update(
        suspendu_le=date(2022, 1, 5), message_suspension="Reprise le 1er mars."
    )
    reponse = client.post(reverse(route, args=[offre.pk]), champs)
    assert reponse.status_code == 422
    assert reponse.context["form"].non_field_errors() == ["Reprise le 1er mars."]
    assert not Sejour.objects.exists()


def test_nothing_is_carried_over_to_a_year_that_is_suspended_or_not_open(client, offre):
    SejourFactory(offre=offre)
    adresse = reverse("offre-reconduire", args=[offre.pk])
    reponse = client.post(adresse, {"prix": "4 10,00\u202f€"})
    assert (reponse.status_code, reponse.context["form"].non_field_errors()) == (
        422,
        ["Le programme 2023 n'est pas encore ouvert."],
    )
    ProgrammeFactory(annee=2023, suspendu_le=date(2022, 1, 5), message_suspension="Plus de crédits.")
    reponse = client.post(adresse, {"prix": "410"})
    assert (reponse.status_code, reponse.context["form"].non_field_errors()) == (422, ["Plus de crédits."])
    assert Offre.objects.count() == 1


def test_a_reader_looks_and_changes_nothing(client, offre):
    connecter(client, CompteFactory(lecteur=True, organisme=offre.equipement.prestataire))
    lu = page(client.get(reverse("equipement", args=[offre.equipement_id])))
    assert "Ajouter une offre" not in lu
    assert client.get(reverse("offre-sejours", args=[offre.pk])).status_code == 403
    assert client.post(reverse("equipement-nouveau"), SAISIE).status_code == 403
