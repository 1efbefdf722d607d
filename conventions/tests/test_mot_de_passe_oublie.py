"""The forgotten password: a link by mail, once, within a day; the page says the same to everybody (C2)."""

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from conventions.operations.comptes import desactiver
from conventions.tests.factories import MOT_DE_PASSE, connecter
from sev.socle.models import Courriel

OUBLI = "/mot-de-passe-oublie/"
NOUVEAU = "Un-Beau-Voyage-26"
LIEN_ENVOYE = (
    "Si ce numéro est connu, un e-mail vient de partir à l'adresse du compte. "
    "Il arrive en quelques minutes ; regardez aussi dans les indésirables."
)


def demander(client, numero="ancv2528", **extra):
    return client.post(OUBLI, {"identifiant": numero}, **extra)


def lien(courriel) -> str:
    return re.search(r"https?://\S+/mot-de-passe/\S+", courriel.texte)[0].removeprefix(settings.SEV_BASE_URL)


def choisir(client, adresse, passe=NOUVEAU, confirmation=None, **extra):
    return client.post(
        adresse, {"passe_nouveau": passe, "passe_confirmation": confirmation or passe}, **extra
    )


@pytest.mark.parametrize("numero", ["ancv2528", "ANCV 2528", "ancv9999", "\u00e9" * 60])
def test_the_answer_is_the_same_for_a_known_and_an_unknown_number(client, porteur, numero):
    reponse = demander(client, numero, follow=True)
    assert reponse.redirect_chain == [("/connexion/", 302)]
    assert [str(m) for m in reponse.context["messages"]] == [LIEN_ENVOYE]


def test_the_mail_goes_to_the_address_of_the_account_and_names_it(client, porteur):
    demander(client, "ANCV 2528")
    courriel = Courriel.objects.get()
    assert (courriel.destinataire, courriel.sujet) == ("monique@ccas.fr", "Choisir un nouveau mot de passe")
    assert courriel.texte.splitlines()[:3] == [
        "Bonjour Monique GARNIER,",
        "",
        "Un nouveau mot de passe a été demandé pour le compte ancv2528. Choisissez-le ici (ce lien sert une fois, "
        "pendant 24 heures)\u00a0:",
    ]
    assert lien(courriel) in courriel.html
    assert porteur.password not in courriel.texte + courriel.html


def test_an_unknown_number_or_a_closed_account_gets_no_mail(client, porteur, collegue):
    desactiver(compte=collegue, par=porteur)
    demander(client, "ancv9999")
    demander(client, collegue.identifiant)
    assert not Courriel.objects.exists()


def test_three_mails_an_hour_and_no_more_with_the_same_answer(client, porteur):
    reponses = [demander(client) for _ in range(5)]
    assert {(r.status_code, r.headers["Location"]) for r in reponses} == {(302, "/connexion/")}
    assert Courriel.objects.count() == 3


def test_after_an_hour_a_new_link_may_be_asked(client, porteur):
    for _ in range(4):
        demander(client)
    Courriel.objects.update(cree_le=datetime(2022, 3, 1, 8, 0, tzinfo=UTC))
    with time_machine.travel(datetime(2022, 3, 1, 9, 0, 1, tzinfo=UTC), tick=False):
        demander(client)
    assert Courriel.objects.count() == 4


def test_the_limit_of_one_account_is_not_anothers(client, porteur, intrus):
    for _ in range(4):
        demander(client)
    demander(client, "ancv1654")
    assert Courriel.objects.filter(destinataire=intrus.email).count() == 1


@pytest.mark.parametrize(
    ("donnees", "erreur"),
    [
        ({}, "Écrivez votre numéro de convention"),
        ({"identifiant": "  "}, "Écrivez votre numéro de convention"),
        (
            {"identifiant": "a" * 61},
            "Assurez-vous que cette valeur comporte au plus 60 caractères (actuellement 61).",
        ),
    ],
)
def test_what_can_not_be_a_number_is_refused_at_its_field(client, db, donnees, erreur):
    reponse = client.post(OUBLI, donnees)
    assert reponse.status_code == 422
    assert reponse.context["form"].errors == {"identifiant": [erreur]}


def test_known_and_unknown_numbers_cost_about_the_same(client, porteur, django_assert_max_num_queries):
    demander(client)
    with django_assert_max_num_queries(10) as connu:
        demander(client)
    with django_assert_max_num_queries(10) as inconnu:
        demander(client, "ancv9999")
    assert len(connu) - len(inconnu) == 1  # writing the mail, nothing else


def test_signing_in_makes_the_link_void(client, porteur):
    demander(client)
    connecter(Client(), porteur)
    assert "Ce lien n’est plus valable" in client.get(lien(Courriel.objects.get())).content.decode()


# --- The link ---------------------------------------------------------------------------------------------------


@pytest.fixture
def adresse(client, porteur):
    demander(client)
    return lien(Courriel.objects.get())


def test_the_link_leads_to_a_page_whose_address_holds_no_secret(client, adresse):
    reponse = client.get(adresse)
    assert reponse.status_code == 302
    assert reponse.headers["Location"].endswith("/choisir/")
    assert adresse.split("/")[-2] not in reponse.headers["Location"]
    page = client.get(reponse.headers["Location"])
    assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "same-origin")
    assert page.headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"


def test_choosing_a_password_lets_one_in_and_closes_the_other_sessions(client, porteur):
    ailleurs = Client()
    connecter(ailleurs, porteur)
    demander(Client())
    page = client.get(lien(Courriel.objects.get())).headers["Location"]
    reponse = choisir(client, page, follow=True)
    assert reponse.redirect_chain == [("/", 302)]
    assert [str(m) for m in reponse.context["messages"]] == ["Votre mot de passe est enregistré."]
    porteur.refresh_from_db()
    assert porteur.check_password(NOUVEAU)
    assert porteur.password.startswith("argon2$")
    assert ailleurs.get("/compte/").status_code == 302


def test_the_link_serves_once(client, adresse):
    choisir(client, client.get(adresse).headers["Location"])
    page = Client().get(adresse)
    assert "Ce lien n’est plus valable" in page.content.decode()


def test_a_second_link_asked_before_is_void_too(client, porteur, adresse):
    demander(client)
    autre = lien(Courriel.objects.latest("pk"))
    choisir(client, client.get(autre).headers["Location"])
    assert "Ce lien n’est plus valable" in Client().get(adresse).content.decode()


def test_the_link_lasts_24_hours(client, porteur):
    with time_machine.travel(datetime(2022, 3, 1, 8, 0, tzinfo=UTC), tick=False) as horloge:
        demander(client)
        adresse = lien(Courriel.objects.get())
        horloge.move_to(datetime(2022, 3, 2, 8, 0, tzinfo=UTC))
        assert Client().get(adresse).status_code == 302
        horloge.move_to(datetime(2022, 3, 2, 8, 0, 1, tzinfo=UTC))
        assert "Ce lien n’est plus valable" in Client().get(adresse).content.decode()


def test_the_link_of_an_account_closed_since_is_void(client, porteur, collegue):
    demander(client, collegue.identifiant)
    desactiver(compte=collegue, par=porteur)
    assert "Ce lien n’est plus valable" in client.get(lien(Courriel.objects.get())).content.decode()


@pytest.mark.parametrize(
    "faux", ["/mot-de-passe/MQ/abc-def/", "/mot-de-passe/!!/x/", "/mot-de-passe/OTk5OQ/choisir/"]
)
def test_a_forged_link_is_void(client, porteur, faux):
    page = client.get(faux)
    assert "Ce lien n’est plus valable" in page.content.decode()


def test_the_page_without_its_link_refuses_to_write(client, porteur, adresse):
    page = client.get(adresse).headers["Location"]
    assert "Ce lien n’est plus valable" in choisir(Client(), page).content.decode()
    porteur.refresh_from_db()
    assert porteur.check_password(MOT_DE_PASSE)


@pytest.mark.parametrize(
    ("passe", "confirmation", "erreurs"),
    [
        ("court", "court", {"passe_nouveau": "Il faut 12 caractères au moins : il y en a 5."}),
        (NOUVEAU, NOUVEAU + "!", {"passe_confirmation": "Les deux mots de passe sont différents."}),
        (
            "",
            "",
            {
                "passe_nouveau": "Écrivez le nouveau mot de passe",
                "passe_confirmation": "Écrivez le mot de passe une seconde fois",
            },
        ),
    ],
)
def test_a_refused_password_is_explained_and_not_sent_back(
    client, porteur, adresse, passe, confirmation, erreurs
):
    page = client.get(adresse).headers["Location"]
    reponse = client.post(page, {"passe_nouveau": passe, "passe_confirmation": confirmation})
    assert reponse.status_code == 422
    assert {champ: liste[0] for champ, liste in reponse.context["form"].errors.items()} == erreurs
    assert not confirmation or confirmation not in reponse.content.decode()
    porteur.refresh_from_db()
    assert porteur.check_password(MOT_DE_PASSE)


def test_staff_choose_a_password_then_go_through_the_door(client, ancv):
    demander(client, ancv.identifiant)
    page = client.get(lien(Courriel.objects.get())).headers["Location"]
    assert choisir(client, page).headers["Location"] == "/connexion/"
    assert "_auth_user_id" not in client.session
