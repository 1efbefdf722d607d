"""Signing in and out: one door, the same refusal for everybody, five tries, sessions that end."""

import time
from datetime import UTC, datetime

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from conventions.connexion import adresse_du_client
from conventions.operations.comptes import desactiver
from conventions.tests.factories import MOT_DE_PASSE, connecter

CONNEXION = "/connexion/"
REFUS = "Numéro de convention ou mot de passe inexact."


def essayer(client, numero="ancv2528", passe="faux", **extra):
    return client.post(CONNEXION, {"username": numero, "password": passe}, **extra)


def texte(reponse) -> str:
    return reponse.content.decode().replace("\u00a0", " ")


# --- The door -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "chemin", ["/", "/compte/", "/utilisateurs/", "/utilisateurs/1/", "/reprendre/", "/groupes/"]
)
def test_a_page_asks_to_sign_in_and_remembers_where_one_went(client, db, chemin):
    assert client.get(chemin + "?page=2").headers["Location"] == f"/connexion/?next={chemin}%3Fpage%3D2"


@pytest.mark.parametrize(
    "chemin", [CONNEXION, "/mot-de-passe-oublie/", "/accessibilite/", "/mentions-legales/"]
)
def test_public_pages_need_no_account(client, db, chemin):
    assert client.get(chemin).status_code == 200


def test_an_unknown_address_answers_404_to_everybody(client, db):
    assert client.get("/nulle-part/").status_code == 404


@pytest.mark.parametrize("saisi", ["ancv2528", "ANCV 2528", "  AnCv2528 ", "ancv\u00a025 28"])
def test_the_number_is_compared_without_case_or_blanks(client, porteur, saisi):
    reponse = essayer(client, saisi, MOT_DE_PASSE)
    assert (reponse.status_code, reponse.headers["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(porteur.pk)


def test_a_colleague_signs_in_with_the_identifiant_of_the_invitation(client, lecteur):
    assert essayer(client, "ANCV2528-Lecteur", MOT_DE_PASSE).status_code == 302


def test_staff_go_to_the_admin_whose_own_sign_in_page_leads_here(client, ancv):
    assert client.get("/admin/").headers["Location"].startswith("/connexion/?next=/admin/")
    assert (
        client.get("/admin/login/?next=/admin/x/").headers["Location"] == "/connexion/?next=%2Fadmin%2Fx%2F"
    )
    assert essayer(client, ancv.identifiant, MOT_DE_PASSE).headers["Location"] == "/admin/"


def test_a_porteur_who_tries_the_admin_is_refused_and_not_sent_round_in_circles(chez, porteur):
    client = chez(porteur)
    assert client.get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize(
    ("suite", "attendu"),
    [
        ("/compte/?a=1", "/compte/?a=1"),
        ("https://ailleurs.example/", "/"),
        ("//ailleurs.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_goes_where_one_was_going_on_this_site_only(client, porteur, suite, attendu):
    page = client.get(CONNEXION, {"next": suite})
    assert page.context["suite"] == suite
    reponse = client.post(CONNEXION, {"username": "ancv2528", "password": MOT_DE_PASSE, "next": suite})
    assert reponse.headers["Location"] == attendu


def test_who_is_signed_in_already_is_sent_on(chez, porteur):
    assert chez(porteur).get(CONNEXION, {"next": "/compte/"}).headers["Location"] == "/compte/"


def test_signing_in_changes_the_session_key(client, porteur):
    client.get("/mot-de-passe/x/y/")
    session = client.session
    session["avant"] = 1
    session.save()
    cle = session.session_key
    client.cookies["sessionid"] = cle
    essayer(client, passe=MOT_DE_PASSE)
    assert client.session.session_key != cle
    assert not Session.objects.filter(pk=cle).exists()


def test_the_form_needs_its_token(porteur):
    assert essayer(Client(enforce_csrf_checks=True), passe=MOT_DE_PASSE).status_code == 403


# --- Refusals -------------------------------------------------------------------------------------------------


def test_a_wrong_password_and_an_unknown_number_get_the_same_page(client, porteur):
    connu, inconnu = essayer(client), essayer(client, "ancv9999")
    assert (connu.status_code, inconnu.status_code) == (422, 422)
    pages = [
        texte(reponse).replace(numero, "N")
        for reponse, numero in ((connu, "ancv2528"), (inconnu, "ancv9999"))
    ]
    jetons = [reponse.context["csrf_token"] for reponse in (connu, inconnu)]
    assert pages[0].replace(str(jetons[0]), "J") == pages[1].replace(str(jetons[1]), "J")
    assert f"{REFUS}</span> Il reste 4 essais avant une pause de 15 minutes." in pages[0]


def test_the_tries_left_are_counted_down_and_the_fifth_failure_closes_the_door(client, porteur):
    pages = [
        essayer(client, numero) for numero in ("ancv2528", "ANCV 2528", "ancv 2528", "Ancv2528", "ancv2528")
    ]
    assert [page.status_code for page in pages] == [422, 422, 422, 422, 429]
    for page, reste in zip(pages[:4], ("4 essais", "3 essais", "2 essais", "1 essai"), strict=True):
        assert f"Il reste {reste} avant une pause de 15 minutes." in texte(page)
    assert pages[4].headers["Retry-After"] == "900"
    assert "Trop d’essais" in texte(pages[4])


def test_a_closed_door_refuses_the_right_password_for_fifteen_minutes_whoever_insists(client, porteur):
    with time_machine.travel(datetime(2022, 3, 1, 9, 0, tzinfo=UTC), tick=False) as horloge:
        for _ in range(5):
            essayer(client)
        assert essayer(client, passe=MOT_DE_PASSE).status_code == 429
        horloge.move_to(datetime(2022, 3, 1, 9, 14, 59, tzinfo=UTC))
        assert essayer(client, passe=MOT_DE_PASSE).status_code == 429
        horloge.move_to(datetime(2022, 3, 1, 9, 15, 1, tzinfo=UTC))
        assert essayer(client, passe=MOT_DE_PASSE).status_code == 302


def test_an_unknown_number_is_locked_like_a_known_one(client, db):
    assert [essayer(client, "ancv9999").status_code for _ in range(5)] == [422, 422, 422, 422, 429]


def test_success_forgets_the_failures(client, porteur):
    for _ in range(4):
        essayer(client)
    essayer(client, passe=MOT_DE_PASSE)
    assert not AccessAttempt.objects.exists()


def test_the_lock_is_one_accounts_from_one_address(client, porteur, intrus):
    for _ in range(5):
        essayer(client)
    assert essayer(client, "ancv1654", MOT_DE_PASSE).status_code == 302
    assert essayer(Client(REMOTE_ADDR="10.0.0.9"), passe=MOT_DE_PASSE).status_code == 302


def test_a_forged_forwarding_header_does_not_reopen_the_door(client, porteur):
    codes = [essayer(client, headers={"x-forwarded-for": f"10.0.0.{n}"}).status_code for n in range(5)]
    assert codes == [422, 422, 422, 422, 429]


@pytest.mark.parametrize(
    ("proxies", "suite", "direct", "attendu"),
    [
        (0, "1.2.3.4", "10.0.0.1", "10.0.0.1"),
        (1, "6.6.6.6, 1.2.3.4", "10.0.0.1", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.2", "10.0.0.1", "1.2.3.4"),
        (2, "1.2.3.4", "10.0.0.1", "10.0.0.1"),
        (1, "n'importe quoi", "10.0.0.1", "0.0.0.0"),
        (0, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (0, "", "::ffff:10.0.0.1", "10.0.0.1"),
        (0, "", "", "0.0.0.0"),
    ],
)
def test_the_address_counted_is_the_last_one_that_a_trusted_proxy_wrote(
    rf, settings, proxies, suite, direct, attendu
):
    settings.SEV_PROXIES = proxies
    requete = rf.get("/", REMOTE_ADDR=direct, HTTP_X_FORWARDED_FOR=suite)
    assert adresse_du_client(requete) == attendu


def test_no_password_stays_in_the_record_of_failures(client, porteur):
    essayer(client, passe="Mon-Secret-1947")
    trace = AccessAttempt.objects.get()
    assert "Mon-Secret-1947" not in trace.post_data + trace.get_data
    assert trace.username == "ancv2528"


def test_each_failure_is_slower_than_the_one_before_and_never_above_a_second(
    client, porteur, settings, monkeypatch
):
    attentes = []
    monkeypatch.setattr(time, "sleep", attentes.append)
    settings.RALENTISSEMENT_CONNEXION = 0.2
    client.get(CONNEXION)
    for _ in range(6):
        essayer(client)
    essayer(client, "", "")
    assert attentes == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 0.8, 0, 0])


@pytest.mark.parametrize(
    ("donnees", "erreurs"),
    [
        ({}, {"username": "Écrivez votre numéro de convention", "password": "Écrivez votre mot de passe"}),
        ({"username": "   ", "password": "x"}, {"username": "Écrivez votre numéro de convention"}),
        ({"username": "a\0b", "password": "x"}, {"username": "Le caractère nul n’est pas autorisé."}),
    ],
)
def test_what_is_missing_is_said_at_its_field(client, db, donnees, erreurs):
    reponse = client.post(CONNEXION, donnees)
    assert reponse.status_code == 422
    assert {champ: liste[0] for champ, liste in reponse.context["form"].errors.items()} == erreurs


def test_an_endless_number_is_refused_like_an_unknown_one(client, db):
    reponse = essayer(client, "9" * 5000)
    assert reponse.status_code == 422
    assert REFUS in texte(reponse)


def test_a_closed_account_gets_the_common_refusal(client, porteur):
    porteur.is_active = False
    porteur.save()
    reponse = essayer(client, passe=MOT_DE_PASSE)
    assert reponse.status_code == 422
    assert REFUS in texte(reponse)


def test_an_account_without_password_yet_gets_the_common_refusal(client, porteur):
    porteur.set_unusable_password()
    porteur.save()
    assert REFUS in texte(essayer(client, passe="x"))


# --- The session ------------------------------------------------------------------------------------------------


def test_logging_out_is_a_post_that_ends_the_session_on_the_server(chez, porteur):
    client = chez(porteur)
    assert client.get("/deconnexion/").status_code == 405
    cle = client.session.session_key
    reponse = client.post("/deconnexion/", follow=True)
    assert reponse.redirect_chain == [(CONNEXION, 302)]
    assert "Vous êtes déconnecté." in texte(reponse)
    assert not Session.objects.filter(pk=cle).exists()
    assert client.get("/compte/").status_code == 302


def test_pages_of_a_signed_in_account_are_not_stored_by_the_browser(chez, porteur):
    client = chez(porteur)
    assert client.get("/compte/").headers["Cache-Control"] == "no-store"
    assert client.get("/accessibilite/").headers["Cache-Control"] == "no-store"


def test_a_session_lasts_four_hours_after_the_last_page(client, porteur):
    with time_machine.travel(datetime(2022, 3, 1, 8, 0, tzinfo=UTC), tick=False) as horloge:
        essayer(client, passe=MOT_DE_PASSE)
        for heure in (11, 14, 17):
            horloge.move_to(datetime(2022, 3, 1, heure, 59, tzinfo=UTC))
            assert client.get("/compte/").status_code == 200, heure
        horloge.move_to(datetime(2022, 3, 1, 22, 0, tzinfo=UTC))
        assert client.get("/compte/").status_code == 302


def test_the_session_is_written_every_ten_minutes_and_not_at_each_page(client, porteur):
    with time_machine.travel(datetime(2022, 3, 1, 8, 0, tzinfo=UTC), tick=False) as horloge:
        connecter(client, porteur)
        horloge.move_to(datetime(2022, 3, 1, 8, 9, tzinfo=UTC))
        assert "sessionid" not in client.get("/compte/").cookies
        horloge.move_to(datetime(2022, 3, 1, 8, 11, tzinfo=UTC))
        assert client.get("/compte/").cookies["sessionid"]["max-age"] == 4 * 3600
        assert "sessionid" not in client.get("/compte/").cookies


def test_the_cookies_are_out_of_reach_of_scripts(client, porteur):
    essayer(client, passe=MOT_DE_PASSE)
    client.get("/compte/")
    for nom in ("sessionid", "sev_compte"):
        assert (client.cookies[nom]["httponly"], client.cookies[nom]["samesite"]) == (True, "Lax")


def test_deactivating_an_account_ends_its_open_session(chez, porteur, collegue):
    client = chez(collegue)
    assert client.get("/compte/").status_code == 200
    desactiver(compte=collegue, par=porteur)
    assert client.get("/compte/").headers["Location"] == f"{CONNEXION}?next=/compte/"


def test_an_account_and_its_organisation_come_in_one_query(chez, porteur, django_assert_num_queries):
    client = chez(porteur)
    with django_assert_num_queries(
        4
    ):  # the session, the account with its organisation, the programme, the lists to confirm
        client.get(reverse("utilisateur-inviter"))


def test_two_accounts_in_two_browsers_do_not_mix(porteur, intrus):
    un, deux = Client(), Client()
    connecter(un, porteur)
    connecter(deux, intrus)
    assert "ancv2528" in texte(un.get("/compte/"))
    assert "ancv2528" not in texte(deux.get("/compte/"))
