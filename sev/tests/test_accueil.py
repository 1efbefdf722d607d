"""Home by role: what to do first, credits, stays; the menu and the programme's message around every page."""

import re
from datetime import date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conventions.models import Compte, Programme
from conventions.operations.complements import demander
from conventions.operations.credits import reprendre
from conventions.operations.programme import suspendre
from conventions.tests.factories import CompteFactory, CreditFactory, ProgrammeFactory, connecter
from sejours.models import DemandePlaces, Groupe
from sejours.operations.options import poser
from sejours.tests.factories import GroupeFactory, PorteurFactory, SejourFactory
from seniors.tests.factories import PARIS, InscriptionFactory, clair
from sev import contexte
from sev.views import _prenom
from validation.operations.validations import confirmer, valider
from validation.tests.factories import (
    cles,
    comptes_de,
    instant,
    liste_confirmee,
    liste_du_manuel,
    liste_validee,
)
from validation.tests.versements import iban_de, lot_paye

pytestmark = pytest.mark.django_db

LE_24_AVRIL = datetime(2022, 4, 24, 10, 32, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def en_avril_2022():
    with time_machine.travel(LE_24_AVRIL, tick=False):
        yield


@pytest.fixture
def porteur():
    return CompteFactory(
        organisme=PorteurFactory(convention__numero="ancv2528"), identifiant="ancv2528", seul=True
    )


@pytest.fixture
def prestataire():
    return CompteFactory(prestataire=True, nom="Paul HÔTELIER", convention__numero="presta34")


def groupe_qui_ferme(porteur, dernier_jour: date, *, places=2, inscrits=0, nom="LES CYCLADES", **champs):
    """A group of `porteur` whose list closes after `dernier_jour`."""
    groupe = GroupeFactory(
        porteur=porteur.organisme,
        places=places,
        sejour=SejourFactory(
            debut=date.fromordinal(dernier_jour.toordinal() + 17), offre__equipement__nom=nom, **champs
        ),
    )
    for _ in range(inscrits):
        InscriptionFactory(
            groupe=groupe, eligibilite="PROGRAMME", le=min(date(2022, 4, 1), groupe.dernier_jour)
        )
    return groupe


def visiter(client, compte, adresse="/"):
    connecter(client, compte)
    return client.get(adresse)


def titres(reponse) -> list[str]:
    return [tache.titre for tache in reponse.context["taches"]]


def texte(reponse) -> str:
    return clair(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reponse.content.decode().split("<main")[1])))


# --- After the stay (V1, V2, V8) --------------------------------------------------------------------------------


def test_a_list_to_confirm_comes_before_one_to_fill_unless_that_one_closes_within_two_days(client, porteur):
    passe = liste_du_manuel(porteur=porteur.organisme)
    liste_validee(passe)
    groupe_qui_ferme(porteur, date(2022, 6, 2), nom="LES GENTIANES")
    groupe_qui_ferme(porteur, date(2022, 5, 31), nom="LES MOUETTES")
    with time_machine.travel(instant(date(2022, 5, 30)), tick=False):
        taches = visiter(client, porteur).context["taches"]
    lieu = passe.sejour.offre.equipement.nom
    assert [(t.n, t.titre.split(",")[0]) for t in taches] == [
        (1, "LES MOUETTES"),
        (15, f"Qui est vraiment parti ? {lieu}"),
        (3, "LES GENTIANES"),
    ]
    assert clair(taches[1].echeance) == "À confirmer jusqu'au mardi 14 juin à minuit."
    assert (taches[1].url, taches[1].enjeu) == (f"/validation/{passe.pk}/", 1_280)


def test_a_porteur_reads_who_validated_the_list(client, porteur):
    siennes = [liste_du_manuel(porteur=porteur.organisme), liste_du_manuel(porteur=porteur.organisme)]
    liste_validee(siennes[0])
    le = date(2022, 6, 7)
    valider(
        groupe=siennes[1],
        presents=cles(siennes[1]),
        par=CompteFactory(ancv=True),
        le=le,
        maintenant=instant(le),
        motif="Sans nouvelles",
    )
    with time_machine.travel(instant(date(2022, 6, 8)), tick=False):
        taches = visiter(client, porteur).context["taches"]
    assert {t.url: clair(t.texte) for t in taches if t.apres_sejour} == {
        f"/validation/{siennes[0].pk}/": "Le prestataire a validé sa liste le lundi 30 mai 2022.",
        f"/validation/{siennes[1].pk}/": (
            "L'ANCV a validé la liste à la place du prestataire le mardi 7 juin 2022."
        ),
    }


def test_the_provider_is_asked_who_came_from_the_day_after_even_if_no_clock_has_run(client):
    passe = liste_du_manuel()
    _, hotelier = comptes_de(passe)
    for le, attendues in ((date(2022, 5, 21), []), (date(2022, 5, 22), [14]), (date(2022, 6, 5), [0])):
        with time_machine.travel(instant(le), tick=False):
            taches = visiter(client, hotelier).context["taches"]
        assert [t.n for t in taches if t.titre.startswith("Qui est venu ?")] == attendues


def test_a_provider_without_iban_is_told_what_waits_for_it(client):
    passe = liste_du_manuel()
    liste_confirmee(passe, "Pierre RONVIN")
    with time_machine.travel(instant(date(2022, 6, 12)), tick=False):
        (tache,) = visiter(client, comptes_de(passe)[1]).context["taches"]
    assert (clair(tache.titre), tache.url) == ("1 120 € vous attendent", reverse("coordonnees-bancaires"))


def test_a_confirmed_list_s_card_says_that_people_still_wait_for_ancv_s_word(client, porteur):
    passe = liste_du_manuel(porteur=porteur.organisme)
    liste_validee(passe)
    confirmer(
        groupe=passe,
        presents=cles(passe, "Pierre RONVIN", "Bernard SAVATE"),
        par=porteur,
        le=date(2022, 6, 10),
        maintenant=instant(date(2022, 6, 10)),
    )
    with time_machine.travel(instant(date(2022, 6, 12)), tick=False):
        ((carte,),) = [annee["cartes"] for annee in visiter(client, porteur).context["annees"]]
    assert (carte.etat, clair(carte.suite)) == ("Désaccord", "2 désaccords : l'ANCV décidera.")


def test_the_gauge_counts_the_aids_paid_apart_from_those_engaged(client, porteur):
    passe = liste_du_manuel(porteur=porteur.organisme)
    liste_confirmee(passe)
    iban_de(passe.sejour.offre.equipement.prestataire)
    lot_paye()
    InscriptionFactory(groupe=groupe_qui_ferme(porteur, date(2022, 7, 10), places=10))
    with time_machine.travel(instant(date(2022, 6, 24)), tick=False):
        page = texte(visiter(client, porteur))
    assert "Versé (8 aides) 1 280 €" in page
    assert "Engagé (1 aide) 180 €" in page


# --- The porteur's tasks ----------------------------------------------------------------------------------------


def test_the_title_counts_what_there_is_to_do_and_the_date_is_in_full(client, porteur):
    for jour in (24, 27):
        groupe_qui_ferme(porteur, date(2022, 4, jour))
    page = texte(visiter(client, porteur))
    assert "Bonjour Monique, 2 choses à faire" in page
    assert "Nous sommes le dimanche 24 avril 2022." in page


def test_the_most_pressing_comes_first_then_what_is_worth_most(client, porteur):
    groupe_qui_ferme(porteur, date(2022, 4, 27), nom="DEUX PLACES", places=2)
    groupe_qui_ferme(porteur, date(2022, 4, 27), nom="NEUF PLACES", places=9)
    groupe_qui_ferme(porteur, date(2022, 4, 24), nom="CE SOIR", places=1)
    assert [t.split(",")[0] for t in titres(visiter(client, porteur))] == [
        "CE SOIR",
        "NEUF PLACES",
        "DEUX PLACES",
    ]


@pytest.mark.parametrize(
    ("jour", "places", "inscrits", "attendu"),
    [
        (
            24,
            2,
            1,
            (
                "Compléter la liste",
                True,
                "Dernier jour : la liste ferme ce soir, dimanche 24 avril, à minuit.",
            ),
        ),
        (
            24,
            2,
            2,
            ("Relire la liste", False, "Dernier jour : la liste ferme ce soir, dimanche 24 avril, à minuit."),
        ),
        (
            27,
            2,
            1,
            ("Compléter la liste", True, "Plus que 3 jours : la liste ferme le mercredi 27 avril à minuit."),
        ),
        (
            30,
            2,
            1,
            ("Compléter la liste", True, "Encore 6 jours : la liste ferme le samedi 30 avril à minuit."),
        ),
    ],
)
def test_a_list_to_fill_or_to_reread(client, porteur, jour, places, inscrits, attendu):
    groupe = groupe_qui_ferme(porteur, date(2022, 4, jour), places=places, inscrits=inscrits)
    (tache,) = visiter(client, porteur).context["taches"]
    assert (tache.bouton, tache.principal, clair(tache.echeance)) == attendu
    assert tache.url == reverse("groupe", args=[groupe.pk])


@pytest.mark.parametrize(
    ("jour", "taches"), [(date(2022, 5, 1), 1), (date(2022, 5, 2), 0), (date(2022, 5, 8), 0)]
)
def test_a_full_list_is_a_task_in_its_last_week_only(client, porteur, jour, taches):
    groupe_qui_ferme(porteur, jour, places=1, inscrits=1)
    assert len(visiter(client, porteur).context["taches"]) == taches


@pytest.mark.parametrize("champ", ["verrouille_le", "annule_le"])
def test_what_is_locked_or_cancelled_is_no_task(client, porteur, champ):
    groupe = groupe_qui_ferme(porteur, date(2022, 4, 27))
    motif = {"motif_annulation": "Travaux"} if champ == "annule_le" else {}
    Groupe.objects.filter(pk=groupe.pk).update(**{champ: LE_24_AVRIL}, **motif)
    assert visiter(client, porteur).context["taches"] == []


def test_yesterday_s_last_day_is_no_task_though_no_sweep_has_run(client, porteur):
    groupe_qui_ferme(porteur, date(2022, 4, 23))
    reponse = visiter(client, porteur)
    assert reponse.context["taches"] == []
    assert "Liste définitive" in texte(reponse)


def test_another_porteur_s_lists_are_no_task(client, porteur):
    groupe_qui_ferme(CompteFactory(organisme=PorteurFactory(), identifiant="x", seul=True), date(2022, 4, 27))
    reponse = visiter(client, porteur)
    assert (reponse.context["taches"], reponse.context["annees"]) == ([], [])


def test_six_tasks_then_a_link_to_the_others(client, porteur):
    for jour in range(24, 31):
        groupe_qui_ferme(porteur, date(2022, 4, jour))
    reponse = visiter(client, porteur)
    assert (len(reponse.context["taches"]), reponse.context["cachees"]) == (6, 1)
    assert "Bonjour Monique, 7 choses à faire" in texte(reponse)
    assert "Voir l’autre" in texte(reponse)
    assert len(visiter(client, porteur, "/?toutes").context["taches"]) == 7


def test_a_reader_is_offered_no_act(client, porteur):
    groupe_qui_ferme(porteur, date(2022, 4, 24))
    lecteur = CompteFactory(lecteur=True, organisme=porteur.organisme)
    reponse = visiter(client, lecteur)
    (tache,) = reponse.context["taches"]
    assert (tache.bouton, tache.principal) == ("Voir la liste", False)
    assert "Vous consultez en lecture." in texte(reponse)


# --- People who wait for credit ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alloue", "inscrits", "titre", "mot", "phrase"),
    [
        (
            220,
            3,
            "2 personnes attendent une aide",
            "60 €",
            "Il reste 60 € : ce n'est pas assez pour une aide de 160 €. "
            "Avec 260 € de plus, elles seraient aidées toutes les deux.",
        ),
        (
            160,
            2,
            "1 personne attend une aide",
            "0 €",
            "Les crédits 2022 sont épuisés. Avec 160 € de plus, elle serait aidée.",
        ),
        (
            160,
            4,
            "3 personnes attendent une aide",
            "0 €",
            "Les crédits 2022 sont épuisés. Avec 480 € de plus, elles seraient aidées toutes.",
        ),
        (
            None,
            1,
            "1 personne attend une aide",
            "0 €",
            "Pas encore de dotation 2022. Elle sera aidée dès qu'elle arrive, dans l'ordre des inscriptions.",
        ),
    ],
)
def test_those_who_wait_for_credit(client, porteur, alloue, inscrits, titre, mot, phrase):
    if alloue:
        CreditFactory(convention=porteur.organisme.convention, alloue=alloue)
    groupe = groupe_qui_ferme(porteur, date(2022, 5, 12), places=inscrits)
    for _ in range(inscrits):
        InscriptionFactory(groupe=groupe)
    (tache,) = visiter(client, porteur).context["taches"]
    assert [clair(t) for t in (tache.titre, tache.mot, tache.texte)] == [titre, mot, phrase]
    if alloue:
        assert (tache.bouton, tache.url) == ("Demander un complément", "/credits/2022/complement/")
    else:
        assert (tache.bouton, tache.url) == ("Voir la liste", reverse("groupe", args=[groupe.pk]))


def test_a_reader_is_shown_the_list_and_a_request_that_waits_is_told(client, porteur):
    CreditFactory(convention=porteur.organisme.convention, alloue=1)
    groupe = groupe_qui_ferme(porteur, date(2022, 5, 12), places=1)
    InscriptionFactory(groupe=groupe)
    lecteur = CompteFactory(lecteur=True, organisme=porteur.organisme)
    (tache,) = visiter(client, lecteur).context["taches"]
    assert (tache.bouton, tache.url) == ("Voir la liste", reverse("groupe", args=[groupe.pk]))
    demander(
        convention=porteur.organisme.convention,
        annee=2022,
        montant=Decimal(159),
        motif="Une personne attend.",
        par=porteur,
        le=date(2022, 4, 22),
        maintenant=datetime(2022, 4, 22, 9, 0, tzinfo=PARIS),
    )
    (tache,) = visiter(client, porteur).context["taches"]
    assert (tache.bouton, tache.url, clair(tache.texte)) == (
        "Voir mes crédits",
        "/credits/",
        "Vous avez demandé 159 € à l'ANCV, qui n'a pas encore répondu.",
    )


def test_those_who_wait_come_after_the_lists(client, porteur):
    groupe = groupe_qui_ferme(porteur, date(2022, 5, 27), places=5)
    InscriptionFactory(groupe=groupe)
    assert [clair(t) for t in titres(visiter(client, porteur))] == [
        "LES CYCLADES, LA GRANDE MOTTE",
        "1 personne attend une aide",
    ]


def test_those_of_several_groups_lead_to_the_list_of_the_year(client, porteur):
    for jour in (27, 28):
        InscriptionFactory(groupe=groupe_qui_ferme(porteur, date(2022, 5, jour), places=1))
    (tache,) = visiter(client, porteur).context["taches"]
    assert (clair(tache.titre), tache.url) == ("2 personnes attendent une aide", "/groupes/?annee=2022")


# --- Credits and stays ------------------------------------------------------------------------------------------


def test_the_credit_gauge_tells_the_manual_s_figures(client, porteur):
    CreditFactory(convention=porteur.organisme.convention, alloue=1500)
    groupe = groupe_qui_ferme(porteur, date(2022, 4, 27), places=10)
    for _ in range(2):
        InscriptionFactory(groupe=groupe)
    page = texte(visiter(client, porteur))
    for attendu in (
        "1 180 € disponibles sur 1 500 € alloués",
        "Engagé (2 aides) 320 €",
        "2023 : pas encore de dotation.",
    ):
        assert attendu in page


def test_next_year_s_credit_is_said_once_allotted(client, porteur):
    CreditFactory(convention=porteur.organisme.convention, annee=2023, alloue=900)
    page = texte(visiter(client, porteur))
    assert "0 € disponibles sur 0 € alloués" in page
    assert "2023 : 900 € alloués, 900 € disponibles." in page


def test_the_gauge_follows_the_ledger(client, porteur):
    credit = CreditFactory(convention=porteur.organisme.convention, alloue=1500)
    reprendre(
        credit=credit,
        montant=Decimal(500),
        par=CompteFactory(ancv=True),
        le=date(2022, 4, 24),
        motif="Erreur de saisie",
    )
    assert "1 000 € disponibles sur 1 000 € alloués" in texte(visiter(client, porteur))


@pytest.mark.parametrize(
    ("dernier_jour", "etat", "suite"),
    [
        (date(2022, 4, 27), "Liste ouverte", "Ferme le mercredi 27 avril à minuit."),
        (date(2022, 4, 24), "Liste ouverte", "Ferme ce soir à minuit."),
        (date(2022, 4, 20), "Liste définitive", "Fermée depuis le mercredi 20 avril à minuit."),
        (date(2022, 3, 30), "Séjour terminé", "Terminé depuis le samedi 23 avril."),
    ],
)
def test_a_stay_s_card_says_where_it_stands(client, porteur, dernier_jour, etat, suite):
    groupe_qui_ferme(porteur, dernier_jour)
    (annee,) = visiter(client, porteur).context["annees"]
    (carte,) = annee["cartes"]
    assert (annee["annee"], carte.etat, clair(carte.suite)) == (2022, etat, suite)


def test_twelve_cards_then_a_link_to_the_list(client, porteur):
    for _ in range(14):
        groupe_qui_ferme(porteur, date(2022, 4, 2))
    reponse = visiter(client, porteur)
    assert [(len(a["cartes"]), a["autres"]) for a in reponse.context["annees"]] == [(12, 2)]
    assert "Voir les 2 autres" in texte(reponse)


def test_nothing_to_do_says_the_next_date(client, porteur):
    groupe_qui_ferme(porteur, date(2022, 5, 8), places=1, inscrits=1)
    page = texte(visiter(client, porteur))
    assert "Rien à faire aujourd’hui." in page
    assert "Prochaine date : la liste de LES CYCLADES ferme le dimanche 8 mai." in page


def test_a_new_porteur_reads_how_a_group_comes(client, porteur):
    assert "Un groupe apparaît ici dès que le prestataire vous a pré-inscrit." in texte(
        visiter(client, porteur)
    )


# --- The provider -----------------------------------------------------------------------------------------------


def test_the_provider_prints_the_final_lists_before_the_stays_begin(client, prestataire):
    equipement = {"offre__equipement__prestataire": prestataire.organisme}
    porteur = CompteFactory(organisme=PorteurFactory(nom="ASSOCIATION VOYAGES"), identifiant="x", seul=True)
    definitive = groupe_qui_ferme(porteur, date(2022, 4, 23), inscrits=2, **equipement)
    groupe_qui_ferme(porteur, date(2022, 4, 22), inscrits=0, nom="VIDE", **equipement)
    groupe_qui_ferme(porteur, date(2022, 4, 6), inscrits=1, nom="COMMENCÉ", **equipement)
    groupe_qui_ferme(porteur, date(2022, 4, 24), inscrits=1, nom="OUVERT", **equipement)
    (tache,) = visiter(client, prestataire).context["taches"]
    assert clair(tache.titre) == "ASSOCIATION VOYAGES, 2 personnes"
    assert clair(tache.texte) == "La liste est définitive depuis le samedi 23 avril à minuit."
    assert tache.url == reverse("rooming-list", args=[definitive.pk])


def test_the_provider_sees_the_last_request_for_places_of_each_open_list(client, prestataire, porteur):
    groupe = groupe_qui_ferme(
        porteur, date(2022, 4, 27), places=10, offre__equipement__prestataire=prestataire.organisme
    )
    for places in (12, 14):
        DemandePlaces.objects.create(groupe=groupe, places=places, auteur=porteur)
    (tache,) = visiter(client, prestataire).context["taches"]
    assert clair(tache.titre) == f"{porteur.organisme.nom} demande 14 places"
    assert tache.url == reverse("places-repondre", args=[groupe.pk])
    Groupe.objects.filter(pk=groupe.pk).update(places=14)
    assert visiter(client, prestataire).context["taches"] == []


def test_the_provider_s_next_arrivals_are_its_own_the_nearest_first(client, prestataire, porteur):
    equipement = {"offre__equipement__prestataire": prestataire.organisme}
    second = groupe_qui_ferme(porteur, date(2022, 6, 1), **equipement)
    premier = groupe_qui_ferme(porteur, date(2022, 4, 20), nom="PREMIER", **equipement)
    groupe_qui_ferme(porteur, date(2022, 3, 1), nom="PASSÉ", **equipement)
    groupe_qui_ferme(porteur, date(2022, 4, 27), nom="AILLEURS")
    arrivees = visiter(client, prestataire).context["arrivees"]
    assert [carte.groupe.pk for carte in arrivees] == [premier.pk, second.pk]


def test_the_provider_s_next_stays_show_what_is_given_held_and_free(client, prestataire, porteur):
    equipement = {"offre__equipement__prestataire": prestataire.organisme}
    ProgrammeFactory()
    groupe = groupe_qui_ferme(porteur, date(2022, 4, 27), places=10, inscrits=2, **equipement)
    sejour = groupe.sejour
    poser(sejour=sejour, places=5, message="", par=porteur, le=date(2022, 4, 24), maintenant=LE_24_AVRIL)
    SejourFactory(debut=date(2022, 4, 23), **equipement)  # its list is closed
    SejourFactory(debut=date(2022, 4, 16), **equipement)  # over yesterday
    SejourFactory(debut=date(2022, 5, 28))  # another provider's
    SejourFactory(debut=date(2022, 6, 4), annule_le=LE_24_AVRIL, motif_annulation="Travaux", **equipement)
    page = visiter(client, prestataire)
    (en_cours, ferme), (vu, dernier_jour) = page.context["prochains"]
    assert (en_cours.debut, ferme) == (date(2022, 4, 23), date(2022, 4, 6))
    assert (vu, vu.inscrits, dernier_jour) == (sejour, 2, date(2022, 4, 27))
    assert (vu.places_prises, vu.places_en_option, vu.places_libres) == (10, 5, 85)
    contenu = page.content.decode()
    assert contenu.count("Pré-inscrire un groupe") == 1
    assert reverse("groupe-nouveau", args=[sejour.pk]) in contenu


def test_the_season_s_plot_tells_its_numbers_too(client, prestataire, porteur):
    equipement = {"offre__equipement__prestataire": prestataire.organisme}
    groupe = groupe_qui_ferme(porteur, date(2022, 4, 27), places=20, **equipement)
    SejourFactory(debut=date(2022, 5, 28), places=50, **equipement)
    SejourFactory(debut=date(2022, 9, 3), places=30, **equipement)
    SejourFactory(debut=date(2023, 4, 1), **equipement)
    page = visiter(client, prestataire)
    saison = page.context["saison"]
    assert [(m.debut.month, m.sejours, m.places, m.prises) for m in saison.mois] == [
        (5, 2, 150, 20),
        (9, 1, 30, 0),
    ]
    assert (saison.annee, saison.total.places, saison.total.taux) == (2022, 180, 11)
    assert "11 % des places sont données : 20 sur 180" in re.sub("<[^>]+>", "", texte(page))
    assert groupe.sejour.places == 100


def test_in_autumn_the_season_is_that_of_most_of_the_next_stays(client, prestataire):
    equipement = {"offre__equipement__prestataire": prestataire.organisme}
    for debut in (date(2022, 5, 28), date(2023, 4, 1), date(2023, 4, 8)):
        SejourFactory(debut=debut, **equipement)
    assert visiter(client, prestataire).context["saison"].annee == 2023


def test_without_a_stay_there_is_no_plot(client, prestataire):
    page = visiter(client, prestataire)
    assert page.context["saison"] is None
    assert "Pas de séjour à venir." in texte(page)


# --- Around the page --------------------------------------------------------------------------------------------


def test_staff_go_to_the_admin(client):
    reponse = visiter(client, CompteFactory(ancv=True))
    assert (reponse.status_code, reponse["Location"]) == (302, reverse("admin:index"))


@pytest.mark.parametrize("qui", ["porteur", "prestataire"])
def test_as_many_queries_for_twenty_groups_as_for_one(client, porteur, prestataire, qui):
    def remplir(combien):
        for _ in range(combien):
            for jour in (date(2022, 4, 20), date(2022, 4, 27), date(2022, 5, 27)):
                groupe = groupe_qui_ferme(
                    porteur,
                    jour,
                    places=2,
                    inscrits=1,
                    offre__equipement__prestataire=prestataire.organisme,
                    nom=f"É{Groupe.objects.count()}",
                )
                DemandePlaces.objects.create(groupe=groupe, places=9, auteur=porteur)
            InscriptionFactory(groupe=groupe)

    def requetes():
        connecter(client, porteur if qui == "porteur" else prestataire)
        with CaptureQueriesContext(connection) as capture:
            client.get("/")
        return len(capture)

    remplir(1)
    un = requetes()
    remplir(6)
    assert requetes() == un


@pytest.mark.parametrize(
    ("nom", "prenom"),
    [
        ("Monique GARNIER", "Monique"),
        ("Jean Pierre LE GOFF", "Jean Pierre"),
        ("Jean-Pierre Dupont", "Jean-Pierre"),
        ("ASSOCIATION VOYAGES", ""),
        ("", ""),
    ],
)
def test_one_is_greeted_by_one_s_first_name(nom, prenom):
    assert _prenom(nom) == prenom


def test_the_menu_lists_the_pages_that_exist_and_marks_the_current_one(client, porteur):
    menu = visiter(client, porteur, "/groupes/").context["menu"]
    assert [(e["libelle"], e["courant"]) for e in menu] == [
        ("Accueil", False),
        ("Chercher un séjour", False),
        ("Mes options", False),
        ("Mes groupes", True),
        ("Mes crédits", False),
        ("Validation", False),
        ("Mon compte", False),
        ("Utilisateurs", False),
        ("Journal", False),
    ]
    assert [client.get(e["url"]).status_code for e in menu] == [200] * 9


MESSAGE = "Aucun nouveau séjour ne peut être enregistré."


@pytest.mark.parametrize("annee", [2022, 2023])
def test_while_the_programme_is_suspended_every_page_says_so(client, porteur, annee):
    ProgrammeFactory(annee=2022)
    suspendre(
        programme=ProgrammeFactory(annee=annee),
        message=MESSAGE,
        par=CompteFactory(ancv=True),
        le=date(2022, 4, 20),
    )
    anonyme = client.get(reverse("connexion")).content.decode()
    pages = [anonyme] + [
        visiter(client, porteur, a).content.decode() for a in ("/", "/groupes/", "/journal/")
    ]
    titre = f"Le programme {annee} est suspendu depuis le 20 avril 2022."
    assert all(titre in clair(page) for page in pages)
    assert all(MESSAGE in page for page in pages)


def test_last_year_s_suspension_is_past(client, porteur):
    ProgrammeFactory(annee=2022)
    suspendre(
        programme=ProgrammeFactory(annee=2021),
        message=MESSAGE,
        par=CompteFactory(ancv=True),
        le=date(2021, 4, 20),
    )
    assert MESSAGE not in visiter(client, porteur).content.decode()


def test_the_foot_tells_whom_to_call(client):
    ProgrammeFactory(annee=2022, contact_telephone="0 969 320 616")
    assert "0 969 320 616" in client.get(reverse("connexion")).content.decode()


def test_around_the_page_costs_two_queries(porteur):
    requete = RequestFactory().get("/")
    requete.user = Compte.objects.select_related("organisme").get(pk=porteur.pk)
    with CaptureQueriesContext(connection) as capture:
        page = contexte.page(requete)
        page["programme"](), page["contact"](), page["programme"]()
    assert len(capture) == 2  # the programme, and how many lists wait for an answer


def test_without_the_database_the_page_is_drawn_all_the_same(monkeypatch):
    def tomber(*args, **kwargs):
        raise DatabaseError("gone")

    class Inconnu:
        is_authenticated = property(tomber)

    monkeypatch.setattr(Programme.objects, "filter", tomber)
    requete = RequestFactory().get("/")
    requete.user = Inconnu()
    page = contexte.page(requete)
    assert (page["compte"].is_authenticated, page["menu"], page["programme"](), page["contact"]()) == (
        False,
        [],
        None,
        None,
    )
