"""ANCV amends a list from the admin (I15): who it is, what it changes, why; reading a registration is noted (X2)."""

import re
from datetime import date, datetime
from decimal import Decimal
from html import unescape

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conventions.tests.factories import CompteFactory, connecter
from sejours.operations.groupes import verrouiller_listes
from sejours.tests.factories import GroupeFactory
from seniors.models import Inscription, Senior
from seniors.operations.inscriptions import effacer
from seniors.tests.factories import PARIS, InscriptionFactory, SeniorFactory, clair, groupe_dote, solde
from seniors.tests.test_amender import RICHE, plafond  # noqa: F401 - a fixture
from sev.controle import controler
from sev.socle.models import Courriel, Lecture

pytestmark = pytest.mark.django_db

VERROU = datetime(2022, 4, 28, 0, 5, tzinfo=PARIS)
QUI = {"nom": "MARTIN", "prenom": "Jeanne", "date_naissance": "12/03/1948", "ville_naissance": "Rennes"}
FICHE = {
    **QUI,
    "civilite": "MME",
    "adresse": "12 RUE DES LILAS",
    "code_postal": "35410",
    "ville": "CHATEAUGIRON",
    "eligibilite": "AIDE",
    "rfr": "11800",
    "motif": "Oubli du porteur",
    "jeton": "00000000-0000-0000-0000-000000000007",
    "etape": "fiche",
}


@pytest.fixture
def groupe():
    """A group whose list is closed, both sides with a mailbox."""
    groupe = groupe_dote(1_500)
    CompteFactory(convention=groupe.porteur.convention)
    CompteFactory(convention=groupe.sejour.offre.equipement.prestataire.convention)
    InscriptionFactory(groupe=groupe, senior=SeniorFactory(nom="DURAND", prenom="Paul"))
    verrouiller_listes(le=date(2022, 4, 28), maintenant=VERROU)
    groupe.refresh_from_db()
    return groupe


@pytest.fixture
def agent(client):
    with time_machine.travel("2022-04-29T10:32:00+02:00", tick=False):
        client.agent = CompteFactory(ancv=True)
        connecter(client, client.agent)
        yield client


def adresse(acte: str, objet) -> str:
    modele = "seniors_inscription" if isinstance(objet, Inscription) else "sejours_groupe"
    return reverse(f"admin:{modele}_{acte}", args=[objet.pk])


def texte(reponse) -> str:
    return re.sub(r"\s+", " ", clair(unescape(re.sub(r"<[^>]+>", " ", reponse.content.decode()))))


def avant_apres(reponse) -> dict[str, tuple[str, str]]:
    return {quoi: (clair(avant), clair(apres)) for quoi, avant, apres in reponse.context["apercu"].lignes}


def confirmer(agent, url, donnees):
    """Read what the act changes, then confirm it."""
    apercu = agent.post(url, donnees)
    assert apercu.status_code == 200, texte(apercu)
    return agent.post(url, donnees | {"confirmer": apercu.context["apercu"].empreinte})


# --- Adding -------------------------------------------------------------------------------------------------------


def test_who_it_is_is_asked_first_then_the_fiche_opens_with_what_is_known(agent, groupe):
    url = adresse("ajouter-une-personne", groupe)
    assert url in agent.get(adresse("change", groupe)).content.decode()
    page = agent.get(url)
    assert (page.status_code, "eligibilite" in page.context["form"].fields) == (200, False)
    assert agent.post(url, QUI | {"nom": ""}).status_code == 422

    page = agent.post(url, QUI)
    assert "Nouvelle personne" in texte(page)
    assert page.context["form"].initial["nom"] == "MARTIN"
    SeniorFactory(nom="MARTIN", prenom="Jeanne", date_naissance=date(1948, 3, 13), adresse="7 RUE CACHEE")
    page = agent.post(url, QUI)
    assert "Est-ce la même personne ? Jeanne MARTIN, 13 mars 1948, RENNES." in texte(page)
    assert "7 RUE CACHEE" not in page.content.decode()
    assert not Lecture.objects.exists()
    connue = SeniorFactory(
        nom="MARTIN", prenom="Jeanne", date_naissance=date(1948, 3, 12), adresse="9 RUE CONNUE"
    )
    page = agent.post(url, QUI)
    assert list(Lecture.objects.values_list("quoi", "cle")) == [("sénior", connue.pk)]
    assert "Personne connue : Jeanne MARTIN" in texte(page)
    assert page.context["form"].initial["adresse"] == "9 RUE CONNUE"
    assert "rfr" not in page.context["form"].initial
    assert groupe.inscriptions.count() == 1


def test_what_an_addition_changes_is_shown_before_it_is_saved(agent, groupe):
    url = adresse("ajouter-une-personne", groupe)
    page = agent.post(url, FICHE)
    assert page.status_code == 200
    assert avant_apres(page) == {
        "Personne": ("", "Jeanne MARTIN, 12 mars 1948, Rennes"),
        "Éligibilité": ("", "A l'aide"),
        "Aide": ("", "Aide accordée 160 €"),
        "Liste": ("1 inscrit sur 10 places", "2 inscrits sur 10 places"),
        "Crédits 2022": ("1 340 € disponibles sur 1 500 €", "1 180 € disponibles sur 1 500 €"),
        "Attendent une aide": ("personne", "personne"),
        "Plafond": ("", "celui du programme"),
    }
    assert (groupe.inscriptions.count(), Senior.objects.count()) == (1, 1)
    assert not Courriel.objects.filter(cause__startswith="liste-modifiee").exists()

    reponse = agent.post(url, FICHE | {"confirmer": page.context["apercu"].empreinte})
    assert (reponse.status_code, reponse["Location"]) == (302, adresse("change", groupe))
    assert solde(groupe) == (1_500, 320, 1_180)
    inscription = groupe.inscriptions.get(senior__nom="MARTIN")
    assert Courriel.objects.filter(cause__contains=f"-{inscription.pk}-").count() == 2
    assert "MARTIN" in agent.get(adresse("change", groupe)).content.decode()
    assert list(controler()) == []
    # The same page sent again adds nobody.
    agent.post(url, FICHE | {"confirmer": page.context["apercu"].empreinte})
    assert groupe.inscriptions.count() == 2


def test_an_outcome_that_is_no_longer_the_one_shown_is_shown_again(agent, groupe):
    url = adresse("ajouter-une-personne", groupe)
    empreinte = agent.post(url, FICHE).context["apercu"].empreinte
    autre = groupe_dote(1, porteur=groupe.porteur, sejour__debut=date(2022, 9, 3))
    InscriptionFactory(groupe=autre)
    page = agent.post(url, FICHE | {"confirmer": empreinte})
    assert (page.status_code, page.context["change"]) == (200, True)
    assert "quelque chose a changé : relisez" in texte(page)
    assert groupe.inscriptions.count() == 1
    assert agent.post(url, FICHE | {"confirmer": page.context["apercu"].empreinte}).status_code == 302


def test_a_refusal_is_shown_with_everything_typed_kept(agent, groupe):
    url = adresse("ajouter-une-personne", groupe)
    jeune = FICHE | {"date_naissance": "12/03/1970", "commentaires": "Sans sel"}
    page = agent.post(url, jeune)
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["date_naissance"])
    assert "Sans sel" in page.content.decode()
    page = agent.post(url, FICHE | {"motif": " "})
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["motif"])
    assert (groupe.inscriptions.count(), Senior.objects.count()) == (1, 1)


def test_only_the_persons_of_the_group_may_be_linked(agent, groupe):
    InscriptionFactory(groupe=groupe_dote())
    page = agent.post(adresse("ajouter-une-personne", groupe), QUI)
    choix = [cle for cle, _ in page.context["form"].fields["senior_lie"].choices]
    assert choix == ["", groupe.inscriptions.get().pk]


# --- A registration -------------------------------------------------------------------------------------------------


def test_a_correction_shows_before_and_after_then_is_saved(agent, groupe):
    inscription = groupe.inscriptions.get()
    url = adresse("corriger", inscription)
    assert url in agent.get(adresse("change", inscription)).content.decode()
    page = agent.get(url)
    donnees = {
        nom: champ.value() if champ.value() is not None else ""
        for nom, champ in ((c.name, c) for c in page.context["form"])
        if champ.value() is not False
    }
    donnees |= {"eligibilite": "PROGRAMME", "motif": "Erreur de saisie"}
    page = agent.post(url, donnees)
    lignes = avant_apres(page)
    assert lignes["Éligibilité"] == ("A l'aide", "Au programme")
    assert lignes["Aide"] == ("Aide accordée 160 €", "Sans aide : au programme")
    assert lignes["Crédits 2022"] == ("1 340 € disponibles sur 1 500 €", "1 500 € disponibles sur 1 500 €")
    assert solde(groupe)[1] == 160
    assert confirmer(agent, url, donnees).status_code == 302
    assert solde(groupe)[1] == 0
    assert list(controler()) == []


def test_who_gains_an_aid_by_a_removal_is_said_before(agent, groupe):
    autre = GroupeFactory(porteur=groupe.porteur, sejour__debut=date(2022, 5, 28))
    for _ in range(9):
        attend = InscriptionFactory(groupe=autre)
    assert attend.aide is None
    inscription = groupe.inscriptions.get()
    url = adresse("retirer", inscription)
    lignes = avant_apres(agent.post(url, {"motif": "Hospitalisée"}))
    assert lignes["Aide"] == ("Aide accordée 160 €", "Retirée de la liste")
    assert lignes["Liste"] == ("1 inscrit sur 10 places", "0 inscrit sur 10 places")
    assert lignes["Attendent une aide"] == (f"{attend.senior} (groupe n° {autre.pk})", "personne")
    assert lignes["Gagnent une aide"] == ("", f"{attend.senior} (160 €, groupe n° {autre.pk})")
    assert lignes["Crédits 2022"] == ("60 € disponibles sur 1 500 €",) * 2
    assert groupe.inscriptions.presentes().count() == 1
    assert confirmer(agent, url, {"motif": "Hospitalisée"}).status_code == 302
    assert groupe.inscriptions.presentes().count() == 0
    # It is done: neither offered nor possible again.
    assert url not in agent.get(adresse("change", inscription)).content.decode()
    assert agent.post(url, {"motif": "Encore"}).status_code == 422


def test_a_ceiling_is_lifted(agent, plafond):  # noqa: F811
    groupe = groupe_dote(1_500)
    inscription = InscriptionFactory(groupe=groupe, **RICHE)
    url = adresse("lever-le-plafond", inscription)
    assert url in agent.get(adresse("change", inscription)).content.decode()
    lignes = avant_apres(agent.post(url, {"motif": "Veuvage récent"}))
    assert lignes["Plafond"] == ("celui du programme", "levé")
    assert lignes["Aide"] == (
        "Sans aide : revenu imposable au-dessus du plafond",
        "Aide accordée 160 €",
    )
    assert confirmer(agent, url, {"motif": "Veuvage récent"}).status_code == 302
    inscription.refresh_from_db()
    assert (inscription.aide, inscription.derogation) == (160, True)
    assert url not in agent.get(adresse("change", inscription)).content.decode()


def test_neither_a_removed_registration_nor_a_cancelled_group_is_amended(agent, groupe):
    autre = groupe_dote(500)
    inscription = InscriptionFactory(groupe=autre)
    effacer(inscription=inscription, par=None, le=date(2022, 4, 22), maintenant=VERROU)
    page = agent.get(adresse("change", inscription)).content.decode()
    assert [acte for acte in ("corriger", "retirer") if adresse(acte, inscription) in page] == []
    agent.post(adresse("annuler", groupe), {"motif": "Travaux"})
    page = agent.get(adresse("change", groupe)).content.decode()
    assert adresse("ajouter-une-personne", groupe) not in page


# --- Who may, and what is noted -------------------------------------------------------------------------------------


def lecteur_ancv(*droits: str):
    """A member of ANCV with these rights only."""
    compte = CompteFactory(ancv=True, is_superuser=False)
    compte.user_permissions.set(Permission.objects.filter(codename__in=droits))
    return compte


def sans_espaces(reponse) -> str:
    """The page without any blank, so that an amount is found however its thousands are set apart."""
    return "".join(reponse.content.decode().split())


def test_incomes_are_shown_to_those_who_may_correct_them(client, groupe):
    inscription = InscriptionFactory(
        groupe=GroupeFactory(), rfr=Decimal(98_765), rfr_confidentiel=True, commentaires="Sans gluten"
    )
    with time_machine.travel("2022-04-29T10:32:00+02:00", tick=False):
        connecter(client, lecteur_ancv("view_inscription", "view_groupe"))
        page = sans_espaces(client.get(adresse("change", inscription)))
        assert ("98765" in page, "Sansgluten" in page) == (False, True)
        assert adresse("corriger", inscription) not in page
        for acte in ("corriger", "retirer", "lever-le-plafond"):
            assert client.get(adresse(acte, inscription)).status_code == 403
            assert client.post(adresse(acte, inscription), {"motif": "x"}).status_code == 403
        assert client.get(adresse("ajouter-une-personne", groupe)).status_code == 403
        assert (
            adresse("ajouter-une-personne", groupe)
            not in client.get(adresse("change", groupe)).content.decode()
        )
        connecter(client, lecteur_ancv("view_inscription", "change_inscription"))
        assert "98765€" in sans_espaces(client.get(adresse("change", inscription)))
        assert client.get(adresse("corriger", inscription)).status_code == 200


def test_opening_a_registration_is_noted_and_nothing_else_is(agent, groupe):
    inscription = groupe.inscriptions.get()
    agent.get(adresse("change", groupe))
    agent.get(reverse("admin:seniors_inscription_changelist"))
    agent.get(adresse("retirer", inscription))
    agent.get(reverse("admin:seniors_inscription_change", args=[2_000_000_000]))
    assert not Lecture.objects.exists()
    agent.get(adresse("change", inscription))
    agent.get(adresse("corriger", inscription))
    lues = Lecture.objects.order_by("pk").values_list("quoi", "cle", "par")
    assert list(lues) == [("inscription", inscription.pk, agent.agent.pk)] * 2
    champs = {champ.name for champ in Lecture._meta.get_fields()}
    assert champs == {"id", "quoi", "cle", "par", "le"}
    journal = agent.get(reverse("admin:socle_lecture_changelist"))
    assert journal.status_code == 200
    assert "Alix AGENT" in journal.content.decode()


@pytest.mark.parametrize("sql", ["UPDATE socle_lecture SET cle = 1", "DELETE FROM socle_lecture"])
def test_what_was_read_is_never_rewritten(agent, groupe, sql):
    agent.get(adresse("change", groupe.inscriptions.get()))
    with pytest.raises(Exception, match="ajout_seul"), connection.cursor() as curseur:
        curseur.execute(sql)


def test_neither_a_provider_nor_a_porteur_comes_here(client, groupe):
    inscription = groupe.inscriptions.get()
    for convention in (groupe.porteur.convention, groupe.sejour.offre.equipement.prestataire.convention):
        with time_machine.travel("2022-04-29T10:32:00+02:00", tick=False):
            connecter(client, convention.organisme.comptes.get())
            for url in (
                adresse("change", inscription),
                adresse("corriger", inscription),
                adresse("ajouter-une-personne", groupe),
            ):
                assert client.get(url).status_code in (302, 403)
                assert client.post(url, FICHE).status_code in (302, 403)
    assert groupe.inscriptions.count() == 1


def test_the_group_s_page_costs_the_same_with_many_registrations(agent, groupe):
    def requetes():
        with CaptureQueriesContext(connection) as captees:
            assert agent.get(adresse("change", groupe)).status_code == 200
        return len(captees)

    requetes()
    une = requetes()
    lie = InscriptionFactory(groupe=(ouvert := groupe_dote(5_000)), handicape=True)
    for _ in range(6):
        InscriptionFactory(groupe=ouvert)
    InscriptionFactory(groupe=ouvert, eligibilite="AIDANT", senior_lie=lie)
    groupe = ouvert
    assert requetes() == une


def test_the_list_of_registrations_costs_the_same_with_many(agent, groupe):
    def requetes():
        with CaptureQueriesContext(connection) as captees:
            assert agent.get(reverse("admin:seniors_inscription_changelist")).status_code == 200
        return len(captees)

    requetes()
    une = requetes()
    ouvert = groupe_dote(5_000)
    for _ in range(6):
        InscriptionFactory(groupe=ouvert)
    assert requetes() == une
