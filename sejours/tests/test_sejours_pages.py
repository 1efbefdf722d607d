"""The provider's stays (S1): the list, one stay, its places, closing it, the calendar of occupation."""

from datetime import date, datetime
from html import unescape
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from conventions.tests.factories import CompteFactory, ProgrammeFactory, connecter
from sejours.models import Sejour
from sejours.operations.options import poser
from sejours.tests.factories import (
    EquipementFactory,
    GroupeFactory,
    OffreFactory,
    PorteurFactory,
    PrestataireFactory,
    SejourFactory,
    tarifs_du_manuel,
)
from seniors.tests.factories import PARIS, clair
from sev.socle.temps import aujourdhui, maintenant

pytestmark = pytest.mark.django_db

DEBUTS = (date(2022, 2, 5), date(2022, 5, 14), date(2022, 5, 21), date(2022, 9, 3))


@pytest.fixture(autouse=True)
def en_avril_2022():
    with time_machine.travel(datetime(2022, 4, 24, 10, 32, tzinfo=PARIS), tick=False):
        yield


@pytest.fixture
def prestataire(client):
    compte = CompteFactory(
        organisme=PrestataireFactory(nom="ACTIF RÉSIDENCE"), identifiant="presta34", seul=True
    )
    connecter(client, compte)
    return compte


@pytest.fixture
def offre(prestataire):
    return OffreFactory(equipement=EquipementFactory(prestataire=prestataire.organisme, nom="LES CYCLADES"))


@pytest.fixture
def sejours(offre):
    return [SejourFactory(offre=offre, debut=debut, places=50) for debut in DEBUTS]


def page(reponse) -> str:
    return unescape(clair(reponse.content.decode()))


def vus(client, **filtres):
    """The starts of the stays on the page, in order."""
    return [sejour.debut for sejour, _ in client.get(reverse("sejours"), filtres).context["page"]]


def option(sejour, places):
    ProgrammeFactory(annee=sejour.debut.year)
    par = CompteFactory(convention=PorteurFactory(nom="CCAS DE RENNES").convention)
    return poser(sejour=sejour, places=places, message="", par=par, le=aujourdhui(), maintenant=maintenant())


# --- The list ---------------------------------------------------------------------------------------------------


def test_without_a_stay_the_page_says_where_they_come_from(client, prestataire):
    assert "Un séjour se publie depuis une offre" in page(client.get(reverse("sejours")))


def test_a_provider_sees_its_own_stays_and_no_other(client, sejours):
    SejourFactory(debut=date(2022, 6, 4))
    assert vus(client) == [*DEBUTS[1:], DEBUTS[0]]


def test_the_list_is_filtered_by_year_equipement_and_state(client, prestataire, offre, sejours):
    autre = OffreFactory(equipement=EquipementFactory(prestataire=prestataire.organisme), annee=2023)
    SejourFactory(offre=autre, debut=date(2023, 5, 13))
    Sejour.objects.filter(debut=DEBUTS[2]).update(ferme_le=maintenant())
    Sejour.objects.filter(debut=DEBUTS[3]).update(annule_le=maintenant(), motif_annulation="Travaux")
    GroupeFactory(sejour=sejours[1], places=50)
    assert vus(client, annee=2023) == [date(2023, 5, 13)]
    assert vus(client, equipement=autre.equipement_id) == [date(2023, 5, 13)]
    assert vus(client, etat="ouverts") == [date(2023, 5, 13)]
    assert vus(client, etat="complets") == [DEBUTS[1]]
    assert vus(client, etat="fermes") == [DEBUTS[2]]
    assert vus(client, etat="termines") == [DEBUTS[0]]
    assert vus(client, etat="annules") == [DEBUTS[3]]
    assert "Aucun séjour ne correspond." in page(client.get(reverse("sejours"), {"annee": 2021}))


@pytest.mark.parametrize(
    "filtres",
    [
        {"annee": "x", "equipement": "999999999999", "etat": "zzz", "tri": "';--", "page": "x"},
        {"equipement": "1 or 1=1", "page": "-1"},
        {"annee": "\x00", "page": "9999"},
    ],
)
def test_a_bad_address_shows_the_whole_list(client, sejours, filtres):
    reponse = client.get(reverse("sejours"), filtres)
    assert (reponse.status_code, reponse.context["page"].paginator.count) == (200, 4)
    assert client.get(reverse("occupation"), filtres).status_code == 200


def test_the_list_is_sorted_by_free_places(client, sejours):
    GroupeFactory(sejour=sejours[1], places=30)
    GroupeFactory(sejour=sejours[3], places=10)
    assert vus(client, tri="libres")[:2] == [DEBUTS[1], DEBUTS[3]]
    assert vus(client, tri="debut") == list(DEBUTS)
    assert vus(client, tri="-debut") == list(reversed(DEBUTS))


def test_the_next_stays_come_first_and_the_past_ones_last(client, sejours):
    assert vus(client) == [*DEBUTS[1:], DEBUTS[0]]


def test_states_are_said_in_words(client, sejours):
    GroupeFactory(sejour=sejours[1], places=50)
    etats = {s.debut: etat.libelle for s, etat in client.get(reverse("sejours")).context["page"]}
    assert etats == dict(zip(DEBUTS, ("Terminé", "Complet", "Ouvert", "Ouvert"), strict=True))


def test_the_spreadsheet_is_the_whole_filtered_list(client, sejours):
    GroupeFactory(sejour=sejours[1], places=30)
    option(sejours[1], 5)
    adresse = reverse("sejours-xlsx")
    feuille = load_workbook(BytesIO(client.get(adresse, {"tri": "debut"}).getvalue())).active
    lignes = list(feuille.iter_rows(min_row=4, values_only=True))
    assert [ligne[4].date() for ligne in lignes] == list(DEBUTS)
    assert lignes[1][8:] == (50, 30, 5, 15, "Ouvert")
    filtree = load_workbook(BytesIO(client.get(adresse, {"etat": "termines"}).getvalue())).active
    assert filtree.max_row == 4


# --- One stay ---------------------------------------------------------------------------------------------------


def test_a_stay_shows_its_places_groups_and_options(client, sejours):
    sejour = sejours[1]
    groupe = GroupeFactory(sejour=sejour, places=30, porteur__nom="CCAS DE CHÂTEAUGIRON")
    option(sejour, 5)
    reponse = client.get(reverse("sejour", args=[sejour.pk]))
    assert [valeur for valeur, _ in reponse.context["compteurs"]] == [50, 30, 5, 15, 0]
    lu = page(reponse)
    assert f"Groupe n° {groupe.pk}" in lu
    assert "CCAS DE CHÂTEAUGIRON" in lu
    assert "CCAS DE RENNES" in lu
    assert "Les porteurs de projet peuvent demander des places jusqu'au mercredi 27 avril à minuit" in lu


def test_places_change_but_never_below_what_is_held(client, sejours):
    sejour = sejours[1]
    GroupeFactory(sejour=sejour, places=30)
    option(sejour, 5)
    adresse = reverse("sejour-places", args=[sejour.pk])
    assert "Sur 50 places, 30 sont à des groupes et 5 en option." in page(client.get(adresse))
    reponse = client.post(adresse, {"places": "34"})
    assert reponse.status_code == 422
    assert "35 places sont déjà à des groupes ou en option." in page(reponse)
    reponse = client.post(adresse, {"places": "35"})
    assert reponse.status_code == 302
    sejour.refresh_from_db()
    assert (sejour.places, sejour.places_libres) == (35, 0)
    assert "Le séjour a 35 places." in page(client.get(reponse["Location"]))


def test_the_way_back_from_a_stay_keeps_the_filters_of_the_list(client, sejours):
    fiche = reverse("sejour", args=[sejours[3].pk])
    assert 'href="/sejours/">' in page(client.get(fiche))
    client.get(reverse("sejours"), {"etat": "ouverts", "tri": "prix", "intrus": "1"})
    assert 'href="/sejours/?etat=ouverts&tri=prix"' in page(client.get(fiche))


def test_a_stay_is_closed_to_new_requests_and_opened_again(client, sejours):
    sejour = sejours[3]
    adresse = reverse("sejour-fermer", args=[sejour.pk])
    lu = page(client.post(adresse, {"acte": "fermer"}, follow=True))
    sejour.refresh_from_db()
    assert sejour.ferme_le == maintenant()
    assert "Le séjour ne prend plus de demandes." in lu
    assert "Fermé aux nouvelles demandes depuis le dimanche 24 avril." in lu
    lu = page(client.post(adresse, {"acte": "rouvrir"}, follow=True))
    sejour.refresh_from_db()
    assert sejour.ferme_le is None
    assert "Le séjour est rouvert." in lu


def test_a_cancelled_stay_neither_changes_nor_reopens(client, sejours):
    Sejour.objects.filter(pk=sejours[3].pk).update(annule_le=maintenant(), motif_annulation="Travaux")
    lu = page(client.post(reverse("sejour-fermer", args=[sejours[3].pk]), {"acte": "rouvrir"}, follow=True))
    assert "Ce séjour est annulé." in lu
    assert "Motif : Travaux" in lu
    assert "<dt>libres</dt><dd>0</dd>" in lu
    assert "Changer le nombre de places" not in lu
    reponse = client.post(reverse("sejour-places", args=[sejours[3].pk]), {"places": "60"})
    assert reponse.status_code == 422


@pytest.mark.parametrize("numero", [0, 2**31, 2**63, 10**30])
def test_a_huge_number_in_an_address_is_unknown(client, prestataire, numero):
    for route in ("sejour", "sejour-places", "equipement", "offre-sejours", "photo", "photo-supprimer"):
        assert client.get(reverse(route, args=[numero])).status_code == 404, route


# --- The calendar -----------------------------------------------------------------------------------------------


def test_the_calendar_sums_each_month(client, sejours):
    GroupeFactory(sejour=sejours[1], places=30)
    option(sejours[2], 5)
    mois = client.get(reverse("occupation")).context["mois"]
    assert [(m.nom, len(m.sejours), m.places, m.prises, m.en_option, m.libres) for m in mois] == [
        ("février", 1, 50, 0, 0, 50),
        ("mai", 2, 100, 30, 5, 65),
        ("septembre", 1, 50, 0, 0, 50),
    ]


def test_a_cancelled_stay_is_shown_and_counts_for_nothing(client, sejours):
    Sejour.objects.filter(debut=DEBUTS[1]).update(annule_le=maintenant(), motif_annulation="Travaux")
    reponse = client.get(reverse("occupation"))
    mai = reponse.context["mois"][1]
    assert (len(mai.sejours), mai.places) == (2, 50)
    assert "Annulé" in page(reponse)


def test_the_calendar_is_of_one_equipement_and_one_year(client, prestataire, sejours):
    autre = EquipementFactory(prestataire=prestataire.organisme, nom="LES PINS")
    etranger = SejourFactory(debut=date(2022, 6, 4)).offre.equipement
    adresse = reverse("occupation")
    assert client.get(adresse, {"equipement": autre.pk}).context["mois"] == []
    assert client.get(adresse, {"annee": 2023}).context["mois"] == []
    assert client.get(adresse, {"equipement": etranger.pk}).context["nom"] == "Tous les équipements"


def test_all_the_equipements_stand_on_one_page_month_by_month(client, prestataire, sejours):
    pins = EquipementFactory(prestataire=prestataire.organisme, nom="LES PINS")
    SejourFactory(offre=OffreFactory(equipement=pins, annee=2022), debut=date(2022, 5, 7), places=20)
    SejourFactory(debut=date(2022, 5, 7))
    Sejour.objects.filter(debut=DEBUTS[3]).update(annule_le=maintenant(), motif_annulation="Travaux")
    GroupeFactory(sejour=sejours[1], places=30)
    option(sejours[2], 5)
    reponse = client.get(reverse("occupation"))
    lus = {
        lieu.nom: {mois: (s["tenues"], s["total"]) for mois, s in lieu.mois if s}
        for lieu in reponse.context["lieux"]
    }
    assert lus == {"LES CYCLADES": {"février": (0, 50), "mai": (35, 100)}, "LES PINS": {"mai": (0, 20)}}
    assert "35/100" in page(reponse)


def test_the_calendar_as_a_spreadsheet(client, sejours):
    feuille = load_workbook(BytesIO(client.get(reverse("occupation-xlsx")).getvalue())).active
    assert feuille["A1"].value == "Occupation 2022, LES CYCLADES, au 24/04/2022"
    lus = [ligne[:2] for ligne in feuille.iter_rows(min_row=4, values_only=True)]
    assert lus == [(mois, "LES CYCLADES") for mois in ("février", "mai", "mai", "septembre")]


def test_pages_cost_the_same_for_one_stay_and_for_twenty(client, offre):
    premier = SejourFactory(offre=offre)
    GroupeFactory(sejour=premier)
    option(premier, 1)

    def requetes():
        with CaptureQueriesContext(connection) as capture:
            for adresse in (
                reverse("sejours"),
                reverse("sejours-xlsx"),
                reverse("occupation"),
                reverse("occupation") + "?equipement=",
                reverse("sejour", args=[premier.pk]),
            ):
                assert client.get(adresse).status_code == 200
        return len(capture)

    avant = requetes()
    for jour in range(1, 20):
        SejourFactory(offre=offre, debut=date(2022, 6, jour))
        GroupeFactory(sejour=premier, places=1)
    for _ in range(5):
        option(premier, 1)
    assert requetes() == avant


# --- The journal ------------------------------------------------------------------------------------------------


def test_the_journal_tells_the_provider_and_no_other_what_was_done_to_its_stays(client, prestataire):
    ProgrammeFactory()
    tarifs_du_manuel()
    equipement = EquipementFactory(prestataire=prestataire.organisme, nom="LES PINS")
    client.post(
        reverse("offre-nouvelle", args=[equipement.pk]), {"annee": "2022", "duree": "8", "prix": "410"}
    )
    offre = equipement.offres.get()
    client.post(reverse("offre-sejours", args=[offre.pk]), {"debut": "03/09/2022", "places": "50"})
    sejour = offre.sejours.get()
    client.post(reverse("sejour-places", args=[sejour.pk]), {"places": "60"})
    client.post(reverse("sejour-fermer", args=[sejour.pk]), {"acte": "fermer"})
    lu = page(client.get(reverse("journal")))
    nom = "Séjour du samedi 3 au samedi 10 septembre 2022"
    for phrase in (
        "Équipement LES PINS enregistré",
        "Offre 2022, 8 jours, 7 nuits, créée : 410 €",
        f"{nom}, publié : 50 places",
        f"{nom}, modifié : places : 50 devient 60",
        f"{nom}, fermé aux demandes",
    ):
        assert phrase in lu, phrase
    connecter(client, CompteFactory(prestataire=True))
    assert "Séjour" not in page(client.get(reverse("journal"))).split("<main", 1)[1]
