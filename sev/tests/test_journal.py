"""The journal (X3): what each act says, to whom, on a group's page and for the whole organisation."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from html import unescape
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

import conventions.journal
import sev.views
from conventions.models import Bareme
from conventions.operations.comptes import desactiver, inviter
from conventions.operations.credits import allouer
from conventions.tests.factories import CompteFactory, CreditFactory, ProgrammeFactory, connecter
from sejours.models import DemandePlaces
from sejours.operations.groupes import demander_places, preinscrire, verrouiller_listes
from sejours.tests.factories import GroupeFactory, PorteurFactory, SejourFactory
from seniors.journal import journal_du_groupe
from seniors.models import Senior
from seniors.operations.files import servir_file
from seniors.operations.inscriptions import corriger, effacer, retablir, tout_effacer
from seniors.tests.factories import (
    LE,
    MAINTENANT,
    PARIS,
    InscriptionFactory,
    SeniorFactory,
    clair,
    fiche,
    identite,
)

pytestmark = pytest.mark.django_db

JEANNE = {"nom": "MARTIN", "prenom": "Jeanne", "cle_nom": "MARTIN", "cle_prenom": "JEANNE"}


@pytest.fixture(autouse=True)
def en_avril_2022():
    with time_machine.travel(datetime(2022, 4, 24, 10, 32, tzinfo=PARIS), tick=False):
        yield


@pytest.fixture
def porteur():
    return CompteFactory(
        organisme=PorteurFactory(nom="CCAS DE RENNES", convention__numero="ancv2528"),
        identifiant="ancv2528",
        seul=True,
    )


@pytest.fixture
def prestataire():
    return CompteFactory(prestataire=True, nom="Paul HÔTELIER")


@pytest.fixture
def groupe(porteur, prestataire):
    return GroupeFactory(
        porteur=porteur.organisme,
        sejour__offre__equipement__prestataire=prestataire.organisme,
    )


@pytest.fixture
def jeanne(groupe, porteur):
    CreditFactory(convention=porteur.organisme.convention, alloue=160)
    return InscriptionFactory(groupe=groupe, senior=SeniorFactory(**JEANNE), par=porteur)


def lignes(groupe, pour, combien=1) -> list[tuple[str, str]]:
    """Return the last acts on the group, as `pour` reads them: what, and by whom."""
    return [(clair(ligne.texte), ligne.par) for ligne in journal_du_groupe(groupe, pour=pour)[:combien]]


# --- A group's journal ------------------------------------------------------------------------------------------


def test_a_group_begins_with_its_pre_registration(porteur, prestataire):
    ProgrammeFactory()
    sejour = SejourFactory(offre__equipement__prestataire=prestataire.organisme)
    groupe = preinscrire(
        sejour=sejour,
        convention=porteur.organisme.convention,
        places=12,
        type_groupe="GROUPE",
        par=prestataire,
        le=LE,
    )
    texte = f"Groupe n° {groupe.pk} pré-inscrit : 12 places"
    assert lignes(groupe, prestataire) == [(texte, "Paul HÔTELIER")]
    assert lignes(groupe, porteur) == [(texte, prestataire.organisme.nom)]


def test_a_registration_says_the_decision(groupe, porteur, jeanne):
    assert lignes(groupe, porteur) == [
        ("Jeanne MARTIN sur la liste : A l'aide, aide de 160 €", "Monique GARNIER")
    ]


def test_a_registration_without_aid_says_why_to_the_porteur_alone(groupe, porteur, prestataire, jeanne):
    InscriptionFactory(groupe=groupe, senior=SeniorFactory(nom="PETIT", prenom="Léa"), par=porteur)
    assert lignes(groupe, porteur) == [
        ("Léa PETIT sur la liste : A l'aide, sans aide (crédits épuisés)", "Monique GARNIER")
    ]
    assert lignes(groupe, prestataire) == [("Léa PETIT sur la liste : A l'aide, sans aide", "CCAS DE RENNES")]


def test_a_provider_reads_nothing_that_an_income_decided(groupe, porteur, prestataire):
    CreditFactory(convention=porteur.organisme.convention)
    Bareme.objects.update_or_create(
        annee_avis=2021, situation="SEULE", parts=1, defaults={"plafond": Decimal(14_961)}
    )
    InscriptionFactory(
        groupe=groupe,
        par=porteur,
        rfr=Decimal(31_415),
        revenu_imposable=Decimal(27_182),
        parts=Decimal(1),
        situation="SEULE",
        commentaires="Allergie aux arachides",
    )
    (du_porteur,) = lignes(groupe, porteur)
    assert "revenu imposable au-dessus du plafond" in du_porteur[0]
    for pour in (porteur, prestataire):
        texte = str(lignes(groupe, pour, 20))
        assert all(mot not in texte for mot in ("31415", "31 415", "27182", "27 182", "arachides"))
    assert "revenu" not in str(lignes(groupe, prestataire, 20))


def test_a_correction_says_from_what_to_what(groupe, porteur, jeanne):
    corriger(
        inscription=jeanne,
        fiche=fiche("PROGRAMME", dependant=True, chambre_individuelle=True),
        par=porteur,
        le=LE,
        maintenant=MAINTENANT,
    )
    assert lignes(groupe, porteur) == [
        (
            "Fiche de Jeanne MARTIN : type d'éligibilité : « A l'aide » devient « Au programme » ; "
            "dépendant : non devient oui ; chambre individuelle : non devient oui ; "
            "aide de 160 € devient sans aide (au programme)",
            "Monique GARNIER",
        )
    ]


def test_a_correction_of_what_is_not_told_is_told_all_the_same(groupe, porteur, jeanne):
    corriger(
        inscription=jeanne,
        fiche=fiche(rfr=Decimal(9_000)),
        par=porteur,
        le=LE,
        maintenant=MAINTENANT.replace(hour=11),
    )
    assert lignes(groupe, porteur) == [("Fiche de Jeanne MARTIN corrigée", "Monique GARNIER")]


def test_a_corrected_identity_is_told_with_the_correction(groupe, porteur, jeanne):
    corriger(
        inscription=jeanne,
        fiche=fiche(),
        identite=identite(
            prenom="Jeannine", date_naissance=jeanne.senior.date_naissance, ville_naissance="RENNES"
        ),
        par=porteur,
        le=LE,
        maintenant=MAINTENANT.replace(hour=11),
    )
    assert lignes(groupe, porteur) == [
        ("Fiche de Jeannine MARTIN : prénom : « Jeanne » devient « Jeannine »", "Monique GARNIER")
    ]


def test_a_link_names_the_person(groupe, porteur, jeanne):
    lea = InscriptionFactory(
        groupe=groupe, eligibilite="PROGRAMME", senior=SeniorFactory(nom="PETIT", prenom="Léa")
    )
    corriger(
        inscription=lea,
        fiche=replace(fiche("PROGRAMME"), avec_conjoint=True, conjoint=jeanne.pk),
        par=porteur,
        le=LE,
        maintenant=MAINTENANT,
    )
    assert lignes(groupe, porteur) == [
        (
            "Fiche de Léa PETIT : voyage avec son conjoint : non devient oui ; voyage avec : Jeanne MARTIN",
            "Monique GARNIER",
        )
    ]


def test_a_removal_and_a_restoration(groupe, porteur, jeanne):
    effacer(inscription=jeanne, par=porteur, le=LE, maintenant=MAINTENANT)
    assert lignes(groupe, porteur) == [
        ("Jeanne MARTIN n'est plus sur la liste, aide de 160 € annulée", "Monique GARNIER")
    ]
    retablir(groupe=groupe, effacee_le=MAINTENANT, par=porteur, le=LE, maintenant=MAINTENANT)
    assert lignes(groupe, porteur) == [
        ("Jeanne MARTIN de nouveau sur la liste : aide de 160 €", "Monique GARNIER")
    ]


def test_an_aid_from_the_queue_is_the_clock_s_act(groupe, porteur, jeanne):
    lea = InscriptionFactory(groupe=groupe, senior=SeniorFactory(nom="PETIT", prenom="Léa"), par=porteur)
    allouer(
        convention=porteur.organisme.convention,
        annee=2022,
        montant=Decimal(160),
        par=None,
        le=LE,
        motif="Complément",
        complement=True,
    )
    servir_file(convention=porteur.organisme_id, annee=2022, le=LE)
    lea.refresh_from_db()
    assert lea.aide == 160
    assert lignes(groupe, porteur) == [
        ("Fiche de Léa PETIT : sans aide (crédits épuisés) devient aide de 160 €", "Horloge")
    ]


def test_the_lock_and_the_requests_for_places(groupe, porteur, prestataire):
    demander_places(groupe=groupe, places=14, message="Deux couples de plus", par=porteur, le=LE)
    (ligne,) = [e for e in journal_du_groupe(groupe, pour=prestataire) if e.action == "demande de places"]
    assert (clair(ligne.texte), ligne.par, ligne.motif) == (
        f"Groupe n° {groupe.pk} : 14 places demandées au prestataire",
        "CCAS DE RENNES",
        "Deux couples de plus",
    )
    verrouiller_listes(le=date(2022, 4, 28), maintenant=datetime(2022, 4, 28, 0, 5, tzinfo=PARIS))
    assert (f"Groupe n° {groupe.pk} : la liste est définitive", "Horloge") in lignes(groupe, porteur, 20)


def test_staff_are_named_by_their_house_to_the_others(groupe, porteur, prestataire, jeanne):
    ancv = CompteFactory(ancv=True, nom="Alix AGENT")
    effacer(inscription=jeanne, par=ancv, le=LE, maintenant=MAINTENANT)
    assert [lignes(groupe, pour)[0][1] for pour in (porteur, prestataire, ancv)] == [
        "l'ANCV",
        "l'ANCV",
        "Alix AGENT",
    ]


def test_only_the_group_s_own_acts_the_latest_first_twenty_at_most(groupe, porteur, jeanne):
    InscriptionFactory(groupe=GroupeFactory(porteur=porteur.organisme), par=porteur)
    inscrits = [InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", par=porteur) for _ in range(4)]
    tout_effacer(groupe=groupe, par=porteur, le=LE, maintenant=MAINTENANT)
    textes = [texte for texte, _ in lignes(groupe, porteur, 30)]
    noms = [str(i.senior) for i in [jeanne, *inscrits]]
    assert len(textes) == 11  # the group, five registrations, five removals
    assert sorted(t.split(" n'est plus")[0] for t in textes[:5]) == sorted(noms)
    assert len(journal_du_groupe(groupe, pour=porteur, limite=3)) == 3


def requetes(appel) -> int:
    with CaptureQueriesContext(connection) as capture:
        appel()
    return len(capture)


def test_as_many_queries_for_twenty_acts_as_for_one(groupe, porteur, prestataire):
    def remplir(combien):
        for rang in range(combien):
            un = InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", par=porteur, dependant=True)
            effacer(inscription=un, par=prestataire, le=LE, maintenant=MAINTENANT)
            demander_places(groupe=groupe, places=20 + combien + rang, message="", par=porteur, le=LE)

    remplir(1)
    un = requetes(lambda: journal_du_groupe(groupe, pour=porteur))
    page = requetes(lambda: ouvrir_journal(porteur))
    remplir(6)
    assert requetes(lambda: journal_du_groupe(groupe, pour=porteur)) == un
    assert requetes(lambda: ouvrir_journal(porteur)) == page


# --- The organisation's journal ---------------------------------------------------------------------------------


def ouvrir_journal(compte, route="journal", **page):
    client = Client()
    connecter(client, compte)
    return client.get(reverse(route), page)


def textes(reponse) -> list[str]:
    return [clair(ligne.texte) for ligne in reponse.context["page"]]


def test_the_organisation_reads_its_own_acts_and_no_others(groupe, porteur, jeanne):
    collegue = inviter(
        organisme=porteur.organisme, nom="Camille LEROY", email="c@ccas.fr", role="LECTEUR", par=porteur
    )
    desactiver(compte=collegue, par=porteur)
    ailleurs = CompteFactory(convention__numero="ancv1654", nom="Ailleurs AUTRE")
    InscriptionFactory(
        groupe=GroupeFactory(porteur=ailleurs.organisme), senior=SeniorFactory(nom="SECRET"), par=ailleurs
    )
    lus = textes(ouvrir_journal(porteur))
    for attendu in (
        "Compte de Camille LEROY désactivé",
        f"Compte de Camille LEROY ouvert, identifiant {collegue.identifiant}",
        f"Groupe n° {groupe.pk} : Jeanne MARTIN sur la liste : A l'aide, aide de 160 €",
        f"Groupe n° {groupe.pk} pré-inscrit : 10 places",
        "Crédits 2022, allocation : 160 €",
        "Convention ancv2528 créée",
        "Organisme CCAS DE RENNES créé",
    ):
        assert attendu in lus
    page = ouvrir_journal(porteur).content.decode()
    assert "SECRET" not in page
    assert "ancv1654" not in page


def test_the_provider_reads_the_acts_on_its_groups_but_not_the_porteur_s_affairs(
    groupe, porteur, prestataire, jeanne
):
    page = ouvrir_journal(prestataire)
    assert f"Groupe n° {groupe.pk} : Jeanne MARTIN sur la liste : A l'aide, aide de 160 €" in textes(page)
    contenu = page.content.decode()
    assert "Crédits 2022" not in contenu
    assert "ancv2528" not in contenu
    assert "Monique" not in contenu


def test_thirty_acts_a_page(groupe, porteur):
    for _ in range(9):
        un = InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", par=porteur)
        for handicape in (True, False, True):
            corriger(
                inscription=un,
                fiche=fiche("PROGRAMME", handicape=handicape),
                par=porteur,
                le=LE,
                maintenant=MAINTENANT,
            )
    premiere, seconde = textes(ouvrir_journal(porteur)), textes(ouvrir_journal(porteur, page="2"))
    assert (len(premiere), 30 > len(seconde) > 0) == (30, True)
    assert Senior.objects.count() == 9


@pytest.mark.parametrize("page", ["abc", "-1", "9999999999", ""])
def test_an_odd_page_number_breaks_nothing(porteur, page):
    assert ouvrir_journal(porteur, page=page).status_code == 200


@pytest.fixture
def trois_jours(groupe, porteur):
    """Asked for on 24 April, on the 25th just before midnight in Paris, on the 26th at midnight."""
    for motif, quand in (
        ("Léa", datetime(2022, 4, 24, 10, 32, tzinfo=PARIS)),
        ("Zoé", datetime(2022, 4, 25, 23, 59, tzinfo=PARIS)),
        ("Éloïse", datetime(2022, 4, 26, 0, 0, tzinfo=PARIS)),
    ):
        with time_machine.travel(quand, tick=False):
            DemandePlaces.objects.create(groupe=groupe, places=12, message=motif, auteur=porteur)


def demandes(reponse) -> list[str]:
    """Return the reasons of the requests that the page tells, the latest first."""
    return [ligne.motif for ligne in reponse.context["page"] if ligne.action == "demande de places"]


@pytest.mark.parametrize(
    ("question", "attendus"),
    [
        ({}, ["Éloïse", "Zoé", "Léa"]),
        ({"du": "25/04/2022"}, ["Éloïse", "Zoé"]),
        ({"au": "25/04/2022"}, ["Zoé", "Léa"]),
        ({"du": "25/04/2022", "au": "2022-04-25"}, ["Zoé"]),
        ({"texte": "eloise  DEMANDÉES"}, ["Éloïse"]),
        ({"texte": "demandees monique"}, ["Éloïse", "Zoé", "Léa"]),
        ({"texte": "demandées", "au": "24/04/2022"}, ["Léa"]),
        ({"texte": "introuvable"}, []),
    ],
)
def test_the_journal_is_filtered_by_days_of_paris_and_by_words(porteur, trois_jours, question, attendus):
    reponse = ouvrir_journal(porteur, **question)
    assert demandes(reponse) == attendus
    for nom in question:
        assert f'name="{nom}"' in reponse.content.decode()
    assert len(reponse.context["criteres"]) == len(question)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"du": "demain"}, "Écrivez la date ainsi"),
        ({"du": "26/04/2022", "au": "25/04/2022"}, "Choisissez un jour à partir du 26/04/2022"),
        ({"au": "31/12/9999"}, "Écrivez une année entre 2000 et 2100"),
        ({"du": "0001-01-01"}, "Écrivez une année entre 2000 et 2100"),
    ],
)
def test_a_day_that_makes_no_sense_is_said_and_left_out(porteur, trois_jours, question, message):
    reponse = ouvrir_journal(porteur, **question)
    assert message in clair(unescape(reponse.content.decode()))
    assert set(demandes(reponse)) >= {"Éloïse"}


def test_words_are_looked_for_in_the_latest_acts_and_the_page_says_so(porteur, trois_jours, monkeypatch):
    monkeypatch.setattr(conventions.journal, "LIGNES_MAX", 2)
    monkeypatch.setattr(sev.views, "LIGNES_MAX", 2)
    reponse = ouvrir_journal(porteur, texte="places demandées", au="26/04/2022")
    assert demandes(reponse) == ["Éloïse", "Zoé"]
    assert "Vos mots ont été cherchés parmi les 2 derniers actes." in clair(reponse.content.decode())
    plus_loin = ouvrir_journal(porteur, texte="places demandées", du="24/04/2022", au="24/04/2022")
    assert demandes(plus_loin) == ["Léa"]


def tableur(compte, **question) -> list[tuple]:
    feuille = load_workbook(BytesIO(ouvrir_journal(compte, route="journal-xlsx", **question).content)).active
    return list(feuille.iter_rows(values_only=True))


def test_the_spreadsheet_tells_the_same_acts(porteur, trois_jours):
    titre, _, entetes, *lignes = tableur(porteur, texte="places demandées", du="25/04/2022", au="26/04/2022")
    assert titre[0] == "Journal, au 24/04/2022"
    assert entetes == ("Date", "Ce qui a été fait", "Par", "Motif")
    assert [(ligne[0], ligne[2]) for ligne in lignes] == [
        (datetime(2022, 4, 26, 0, 0), "Monique GARNIER"),
        (datetime(2022, 4, 25, 23, 59), "Monique GARNIER"),
    ]
    assert [ligne[3] for ligne in lignes] == ["Éloïse", "Zoé"]
    assert "12 places demandées au prestataire" in clair(lignes[0][1])
    assert len(tableur(porteur)[3:]) == len(textes(ouvrir_journal(porteur)))


def test_searching_and_exporting_cost_as_many_queries_for_twenty_acts_as_for_one(
    groupe, porteur, prestataire
):
    def remplir(combien):
        for _ in range(combien):
            un = InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", par=porteur)
            effacer(inscription=un, par=prestataire, le=LE, maintenant=MAINTENANT)

    def lire():
        cherche = requetes(lambda: ouvrir_journal(porteur, texte="liste", du="01/04/2022"))
        return cherche, requetes(lambda: ouvrir_journal(porteur, route="journal-xlsx"))

    remplir(1)
    avant = lire()
    remplir(10)
    assert lire() == avant


def test_staff_have_the_admin_instead():
    assert ouvrir_journal(CompteFactory(ancv=True)).status_code == 403
