"""The session ends while a form is typed: nothing typed is lost, and nobody else is offered it."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client

from conventions.connexion import TEMOIN
from conventions.tests.factories import MOT_DE_PASSE, CompteFactory
from sev.socle.temps import maintenant

SAISIE = {
    "nom": "ASSOCIATION VOYAGES",
    "telephone": "04 56 34 22 09",
    "email": "monique@ccas.fr",
    "type_porteur": "ASSOCIATION",
    "voie": "69 AVENUE DE PARIS",
    "complement": "",
    "code_postal": "14000",
    "ville": "TOULOUSE",
}
DECONNECTE = "Vous avez été déconnecté."


def entrer(client, numero="ancv2528"):
    return client.post("/connexion/", {"username": numero, "password": MOT_DE_PASSE})


@pytest.fixture
def navigateur_de(porteur):
    """A browser where the porteur signed in, then whose session ended on the server."""
    client = Client()
    entrer(client)
    client.get("/compte/")
    Session.objects.all().delete()
    return client


def texte(reponse) -> str:
    return reponse.content.decode().replace("\u00a0", " ")


def test_a_typed_form_comes_back_after_signing_in_and_is_sent_with_one_button(navigateur_de, porteur):
    refuse = navigateur_de.post("/compte/", SAISIE, headers={"referer": "http://testserver/compte/"})
    assert (refuse.status_code, refuse.headers["Location"]) == (302, "/connexion/?next=/compte/")
    porteur.organisme.refresh_from_db()
    assert porteur.organisme.nom != "ASSOCIATION VOYAGES"

    porte = navigateur_de.get(refuse.headers["Location"])
    assert "Vous avez été déconnecté.</span> Reconnectez-vous : votre saisie est gardée." in texte(porte)

    assert entrer(navigateur_de).headers["Location"] == "/reprendre/"
    page = navigateur_de.get("/reprendre/")
    assert "Votre saisie est gardée" in texte(page)
    assert page.context["saisie"]["adresse"] == "/compte/"
    assert dict(page.context["saisie"]["champs"]) == SAISIE

    envoye = navigateur_de.post(page.context["saisie"]["adresse"], dict(page.context["saisie"]["champs"]))
    assert (envoye.status_code, envoye.headers["Location"]) == (302, "/compte/")
    porteur.organisme.refresh_from_db()
    assert porteur.organisme.nom == "ASSOCIATION VOYAGES"
    assert navigateur_de.get("/reprendre/").status_code == 302


def test_it_works_with_real_tokens(porteur):
    client = Client(enforce_csrf_checks=True)
    jeton = client.get("/connexion/").context["csrf_token"]
    client.post(
        "/connexion/", {"username": "ancv2528", "password": MOT_DE_PASSE, "csrfmiddlewaretoken": str(jeton)}
    )
    jeton = client.get("/compte/").context["csrf_token"]
    Session.objects.all().delete()
    assert client.post("/compte/", SAISIE | {"csrfmiddlewaretoken": str(jeton)}).status_code == 302
    jeton = client.get("/connexion/").context["csrf_token"]
    client.post(
        "/connexion/", {"username": "ancv2528", "password": MOT_DE_PASSE, "csrfmiddlewaretoken": str(jeton)}
    )
    page = client.get("/reprendre/")
    champs = dict(page.context["saisie"]["champs"])
    assert "csrfmiddlewaretoken" not in champs
    envoi = client.post("/compte/", champs | {"csrfmiddlewaretoken": str(page.context["csrf_token"])})
    assert envoi.headers["Location"] == "/compte/"


def test_a_form_without_its_token_is_refused_and_not_kept(porteur):
    client = Client(enforce_csrf_checks=True)
    assert client.post("/compte/", SAISIE).status_code == 403
    assert not Session.objects.exists()


@pytest.fixture
def page_ancienne(porteur):
    """A browser that signed in again in another tab, and the token of the page still open in the first one."""
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):
        jeton = str(client.get("/connexion/").context["csrf_token"])
        entree = {"username": "ancv2528", "password": MOT_DE_PASSE, "csrfmiddlewaretoken": jeton}
        client.post("/connexion/", entree)
        ancien = str(client.get("/compte/").context["csrf_token"])
        client.cookies.pop("sessionid")
    client.post("/connexion/", entree | {"csrfmiddlewaretoken": ancien})
    return client, SAISIE | {"csrfmiddlewaretoken": ancien}


def test_a_page_older_than_the_last_sign_in_gives_back_what_was_typed(page_ancienne, porteur):
    client, saisie = page_ancienne
    refus = client.post("/compte/", saisie, headers={"origin": "http://testserver"})
    assert refus.status_code == 403
    rendus = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', texte(refus)))
    assert {nom: rendus[nom] for nom in SAISIE} == SAISIE
    assert client.post("/compte/", rendus).headers["Location"] == "/compte/"
    porteur.organisme.refresh_from_db()
    assert porteur.organisme.nom == "ASSOCIATION VOYAGES"


@pytest.mark.parametrize("origine", [{}, {"origin": "https://ailleurs.example"}, {"origin": "null"}])
def test_what_another_site_sends_is_not_given_back(page_ancienne, origine):
    client, saisie = page_ancienne
    refus = client.post("/compte/", saisie, headers=origine)
    assert refus.status_code == 403
    assert "ASSOCIATION VOYAGES" not in texte(refus)


def test_an_old_page_with_a_password_is_to_be_opened_again(page_ancienne):
    client, saisie = page_ancienne
    donnees = {"passe_actuel": MOT_DE_PASSE, "csrfmiddlewaretoken": saisie["csrfmiddlewaretoken"]}
    refus = client.post("/compte/mot-de-passe/", donnees, headers={"origin": "http://testserver"})
    assert "rechargez-la, puis recommencez" in texte(refus)
    assert MOT_DE_PASSE not in texte(refus)


def test_what_is_typed_comes_back_to_the_letter(navigateur_de):
    saisie = {"commentaires": '  <b>Œufs</b> & "noix"\r\n l\'été 🙂 ', "presents": ["3", "1", "2"]}
    navigateur_de.post("/compte/?x=1&y=%C3%A9", saisie)
    entrer(navigateur_de)
    page = navigateur_de.get("/reprendre/")
    assert page.context["saisie"]["adresse"] == "/compte/?x=1&y=%C3%A9"
    assert page.context["saisie"]["champs"] == [
        ["commentaires", saisie["commentaires"]],
        ["presents", "3"],
        ["presents", "1"],
        ["presents", "2"],
    ]
    assert "<b>Œufs" not in page.content.decode()
    assert "&lt;b&gt;Œufs&lt;/b&gt; &amp; &quot;noix&quot;" in page.content.decode()


def test_one_may_forget_what_was_typed(navigateur_de):
    navigateur_de.post("/compte/", SAISIE)
    entrer(navigateur_de)
    reponse = navigateur_de.post("/reprendre/", follow=True)
    assert [str(m) for m in reponse.context["messages"]] == ["Votre saisie est oubliée."]
    assert "saisie" not in navigateur_de.session


def test_another_account_is_not_offered_it_and_it_is_dropped(navigateur_de, intrus):
    navigateur_de.post("/compte/", SAISIE)
    assert entrer(navigateur_de, "ancv1654").headers["Location"] == "/"
    assert navigateur_de.get("/reprendre/").headers["Location"] == "/"
    assert "saisie" not in navigateur_de.session


def test_even_a_colleague_is_not_offered_it(navigateur_de, lecteur):
    navigateur_de.post("/compte/", SAISIE)
    assert entrer(navigateur_de, lecteur.identifiant).headers["Location"] == "/"


def test_another_browser_is_not_offered_it(navigateur_de, porteur):
    navigateur_de.post("/compte/", SAISIE)
    assert entrer(Client()).headers["Location"] == "/"


def test_after_logging_out_in_another_tab_it_stays_with_its_author(porteur, intrus):
    client = Client()
    entrer(client)
    client.get("/compte/")
    client.post("/deconnexion/")
    client.post("/compte/", SAISIE)
    assert entrer(client, "ancv1654").headers["Location"] == "/"


def test_a_forged_witness_names_nobody(navigateur_de, intrus):
    navigateur_de.cookies[TEMOIN] = f"{intrus.pk}:faux"
    navigateur_de.post("/compte/", SAISIE)
    assert navigateur_de.session["saisie"]["compte"] is None


def test_it_is_kept_for_one_hour(navigateur_de):
    debut = maintenant()
    navigateur_de.post("/compte/", SAISIE)
    cle = navigateur_de.session.session_key
    limite = Session.objects.get(pk=cle).expire_date
    assert timedelta(minutes=59) < limite - debut <= timedelta(minutes=61)
    with time_machine.travel(debut + timedelta(hours=1, minutes=1)):
        assert entrer(navigateur_de).headers["Location"] == "/"


def test_signing_in_gives_the_session_its_four_hours_back(navigateur_de):
    navigateur_de.post("/compte/", SAISIE)
    entrer(navigateur_de)
    assert navigateur_de.session.get_expiry_age() == 4 * 3600


def test_a_password_is_never_kept(navigateur_de):
    navigateur_de.post(
        "/compte/mot-de-passe/", {"passe_actuel": "a", "passe_nouveau": "b", "passe_confirmation": "b"}
    )
    assert "saisie" not in navigateur_de.session
    navigateur_de.post("/compte/", {"nom": "X", "password": "secret", "mot_de_passe": "secret"})
    assert navigateur_de.session["saisie"]["champs"] == [["nom", "X"]]


def test_a_file_is_not_kept_and_the_page_says_so(navigateur_de):
    with Path(__file__).open("rb") as fichier:
        navigateur_de.post("/compte/", {"nom": "X", "fichier": fichier})
    entrer(navigateur_de)
    page = navigateur_de.get("/reprendre/")
    assert page.context["saisie"]["champs"] == [["nom", "X"]]
    assert "Les fichiers joints ne sont pas gardés" in texte(page)


def test_sixty_four_kilobytes_are_kept_and_not_one_more(navigateur_de):
    navigateur_de.post("/compte/", {"nom": "x" * (64 * 1024 - 3)})
    assert len(navigateur_de.session["saisie"]["champs"][0][1]) == 64 * 1024 - 3
    navigateur_de.session.flush()
    reponse = navigateur_de.post("/compte/", {"nom": "x" * (64 * 1024 - 2)}, follow=True)
    assert "votre saisie est trop longue pour être gardée" in texte(reponse)


def test_a_page_only_read_keeps_nothing(navigateur_de):
    navigateur_de.get("/compte/")
    assert "saisie" not in navigateur_de.session


def test_an_htmx_request_moves_the_whole_page_to_the_door(navigateur_de):
    entetes = {"hx-request": "true", "hx-current-url": "http://testserver/groupes/7/?page=2"}
    reponse = navigateur_de.get("/compte/", headers=entetes)
    assert reponse.headers["HX-Redirect"] == "/connexion/?next=/groupes/7/%3Fpage%3D2"
    reponse = navigateur_de.post("/compte/", SAISIE, headers=entetes)
    assert (reponse.status_code, reponse.headers["HX-Redirect"]) == (
        200,
        "/connexion/?next=/groupes/7/%3Fpage%3D2",
    )
    assert "saisie" in navigateur_de.session


def test_a_form_sent_from_elsewhere_comes_back_to_its_own_address(navigateur_de):
    reponse = navigateur_de.post(
        "/utilisateurs/1/", {"acte": "desactiver"}, headers={"referer": "https://x.example/a/"}
    )
    assert reponse.headers["Location"] == "/connexion/?next=/utilisateurs/1/"


def test_what_was_refused_after_all_is_shown_again_by_its_own_page(navigateur_de):
    navigateur_de.post("/compte/", SAISIE | {"code_postal": "14"})
    entrer(navigateur_de)
    champs = dict(navigateur_de.get("/reprendre/").context["saisie"]["champs"])
    reponse = navigateur_de.post("/compte/", champs)
    assert reponse.status_code == 422
    assert 'value="ASSOCIATION VOYAGES"' in texte(reponse)


def test_the_page_of_someone_who_typed_nothing_leads_home(client, db):
    entrer(client, CompteFactory(convention__numero="ancv7777").identifiant)
    assert client.get("/reprendre/").headers["Location"] == "/"


def test_the_witness_lasts_a_week(porteur):
    client = Client()
    with time_machine.travel(datetime(2022, 3, 1, 8, 0, tzinfo=UTC), tick=False) as horloge:
        entrer(client)
        client.get("/compte/")
        horloge.move_to(datetime(2022, 3, 7, 8, 0, tzinfo=UTC))
        client.post("/compte/", SAISIE)
        assert client.session["saisie"]["compte"] == str(porteur.pk)
