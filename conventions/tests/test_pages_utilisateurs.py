"""« Liste des utilisateurs »: one's own organisation, and only those who may write change it (C4, X1)."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.test import Client
from openpyxl import load_workbook

from conventions.models import Compte
from conventions.operations.comptes import desactiver
from conventions.tests.factories import MOT_DE_PASSE, CompteFactory, connecter
from sev.socle.models import Courriel
from sev.socle.temps import maintenant

LISTE, INVITER = "/utilisateurs/", "/utilisateurs/inviter/"
INVITATION = {"nom": "Camille Dupont", "email": "camille@ccas.fr", "role": "LECTEUR"}


def fiche(compte) -> str:
    return f"/utilisateurs/{compte.pk}/"


def texte(reponse) -> str:
    return reponse.content.decode().replace("\u00a0", " ")


def messages(reponse) -> list[str]:
    return [str(message) for message in reponse.context["messages"]]


def test_the_list_holds_ones_own_colleagues_holder_first(chez, porteur, lecteur, intrus):
    page = chez(porteur).get(LISTE)
    assert list(page.context["page"]) == [porteur, lecteur]
    assert intrus.email not in texte(page)
    for mot in ("Liste des utilisateurs", "Titulaire", "Lecteur", "ancv2528-lecteur", "Invité", "(vous)"):
        assert mot in texte(page)


def test_a_lecteur_reads_the_list_without_its_acts(chez, lecteur):
    page = texte(chez(lecteur).get(LISTE))
    assert "Vous consultez en lecture." in page
    assert "Modifier" not in page
    assert "Inviter" not in page


@pytest.mark.parametrize("methode", ["get", "post"])
def test_a_lecteur_can_not_manage(chez, lecteur, porteur, methode):
    client = chez(lecteur)
    assert getattr(client, methode)(INVITER, INVITATION).status_code == 403
    assert getattr(client, methode)(fiche(porteur), {"acte": "desactiver"}).status_code == 403
    assert Compte.objects.filter(organisme=porteur.organisme).count() == 2


def test_a_lecteur_is_told_whom_to_ask(chez, porteur, lecteur):
    client = chez(lecteur)
    assert f"Demandez à {porteur.nom}." in texte(client.get(INVITER))
    CompteFactory(collegue=True, organisme=porteur.organisme, nom="Zoé ABEL")
    Compte.objects.filter(pk=porteur.pk).update(is_active=False)
    assert "pas de modifier. Demandez à Zoé ABEL." in texte(client.get(INVITER))
    Compte.objects.filter(nom="Zoé ABEL").update(role="LECTEUR")
    assert "<p>Votre compte permet de lire, pas de modifier.</p>" in texte(client.get(INVITER))


def test_staff_have_their_own_pages(chez, ancv):
    assert chez(ancv).get(LISTE).status_code == 403


@pytest.mark.parametrize("methode", ["get", "post"])
def test_somebody_elses_colleague_does_not_exist(chez, intrus, lecteur, methode):
    client = chez(intrus)
    assert getattr(client, methode)(fiche(lecteur), {"acte": "desactiver"}).status_code == 404
    assert client.get("/utilisateurs/999999/").status_code == 404
    lecteur.refresh_from_db()
    assert lecteur.is_active


def test_the_number_of_queries_does_not_grow(chez, porteur, django_assert_num_queries):
    client = chez(porteur)
    for nombre in (1, 19):
        for _ in range(nombre):
            CompteFactory(collegue=True, organisme=porteur.organisme)
        with django_assert_num_queries(6):  # session, account, count, list, programme, lists to confirm
            client.get(LISTE)


@pytest.fixture
def collegues(porteur):
    """Three more: one invited, one at work, one whose account is closed."""
    invitee, active, partie = (
        CompteFactory(collegue=True, organisme=porteur.organisme, nom=nom, email=email)
        for nom, email in (
            ("Zoé ABEL", "z@ccas.fr"),
            ("Éva BRUN", "eva@mairie.fr"),
            ("Ana CLER", "a@ccas.fr"),
        )
    )
    Compte.objects.filter(pk__in=[active.pk, partie.pk, porteur.pk]).update(last_login=maintenant())
    Compte.objects.filter(pk=partie.pk).update(is_active=False)
    return invitee, active, partie


def noms(reponse) -> list[str]:
    return [compte.nom for compte in reponse.context["page"]]


@pytest.mark.parametrize(
    ("question", "attendus"),
    [
        ({"recherche": "eva"}, ["Éva BRUN"]),
        ({"recherche": "CCAS.FR", "etat": "INVITE"}, ["Zoé ABEL"]),
        ({"etat": "DESACTIVE"}, ["Ana CLER"]),
        ({"etat": "inconnu", "recherche": "brun"}, ["Éva BRUN"]),
        ({"role": "LECTEUR"}, []),
    ],
)
def test_colleagues_are_found_by_name_address_role_and_state(chez, porteur, collegues, question, attendus):
    page = chez(porteur).get(LISTE, question)
    assert noms(page) == attendus
    if not attendus:
        assert "Aucun utilisateur ne correspond." in texte(page)


@pytest.mark.parametrize("cle", ["nom", "identifiant", "email", "role", "connexion"])
def test_each_column_sorts_both_ways(chez, porteur, collegues, cle):
    client = chez(porteur)
    Compte.objects.filter(pk=collegues[0].pk).update(
        role="LECTEUR", last_login=datetime(2020, 1, 1, tzinfo=UTC)
    )
    montante, descendante = (noms(client.get(LISTE, {"tri": tri})) for tri in (cle, f"-{cle}"))
    assert set(montante) == set(descendante) == {c.nom for c in [porteur, *collegues]}
    assert montante[0] != descendante[0]


def test_names_are_sorted_as_they_are_read(chez, porteur, collegues):
    page = chez(porteur).get(LISTE, {"tri": "nom"})
    assert noms(page) == ["Ana CLER", "Éva BRUN", porteur.nom, "Zoé ABEL"]


def test_twenty_colleagues_a_page(chez, porteur):
    for _ in range(20):
        CompteFactory(collegue=True, organisme=porteur.organisme)
    client = chez(porteur)
    pages = [noms(client.get(LISTE, {"page": page})) for page in (1, 2)]
    assert (len(pages[0]), len(pages[1])) == (20, 1)
    assert pages[0][0] == porteur.nom


def test_the_spreadsheet_is_the_filtered_list(chez, porteur, collegues, intrus):
    reponse = chez(porteur).get("/utilisateurs/utilisateurs.xlsx", {"etat": "DESACTIVE"})
    _, _, entetes, *lignes = load_workbook(BytesIO(reponse.content)).active.iter_rows(values_only=True)
    assert entetes == ("Nom", "Identifiant", "Adresse e-mail", "Rôle", "Dernière connexion", "État")
    assert [(ligne[0], ligne[2], ligne[3], ligne[5]) for ligne in lignes] == [
        ("Ana CLER", "a@ccas.fr", "Gestionnaire", "Désactivé")
    ]


def test_an_invited_colleague_chooses_a_password_and_signs_in(chez, porteur):
    reponse = chez(porteur).post(INVITER, INVITATION, follow=True)
    assert reponse.redirect_chain == [(LISTE, 302)]
    assert messages(reponse) == [
        "L'invitation de Camille Dupont part à camille@ccas.fr. Son identifiant est ancv2528-camille."
    ]
    lien = next(ligne for ligne in Courriel.objects.get().texte.splitlines() if "/mot-de-passe/" in ligne)
    camille = Client()
    page = camille.get("/" + lien.split("/", 3)[3]).headers["Location"]
    camille.post(page, {"passe_nouveau": MOT_DE_PASSE, "passe_confirmation": MOT_DE_PASSE})
    assert "Camille Dupont, ancv2528-camille" in texte(camille.get("/compte/"))
    assert camille.get(INVITER).status_code == 403


@pytest.mark.parametrize(
    ("champ", "valeur", "erreur"),
    [
        ("nom", "", "Écrivez le prénom et le nom"),
        ("nom", "Камий", "Le caractère « К » n'est pas admis ici : écrivez des lettres, des espaces, des tirets ou "
         "des apostrophes."),
        ("nom", "http://pirate", "Le caractère « : » n'est pas admis ici : écrivez des lettres, des espaces, des "
         "tirets ou des apostrophes."),
        ("email", "camille", "Écrivez une adresse e-mail, par exemple mail@mail.com"),
        ("role", "", "Choisissez le rôle"),
        ("role", "TITULAIRE", "Choisissez un des deux rôles"),
    ],
)  # fmt: skip
def test_a_refused_invitation_says_why_and_loses_nothing(chez, porteur, champ, valeur, erreur):
    reponse = chez(porteur).post(INVITER, INVITATION | {champ: valeur})
    assert reponse.status_code == 422
    assert reponse.context["form"].errors == {champ: [erreur]}
    assert 'value="camille@ccas.fr"' in texte(reponse) or champ == "email"
    assert not Courriel.objects.exists()


def test_an_address_invited_twice_is_refused_at_its_field(chez, porteur):
    client = chez(porteur)
    client.post(INVITER, INVITATION)
    reponse = client.post(INVITER, INVITATION)
    assert reponse.status_code == 422
    assert reponse.context["form"].errors == {
        "email": ["Cette adresse a déjà un compte dans votre organisation."]
    }


def test_nothing_more_than_a_name_an_address_and_a_role_can_be_given(chez, porteur):
    chez(porteur).post(
        INVITER, INVITATION | {"is_staff": "1", "is_superuser": "1", "titulaire": "1", "organisme": "9"}
    )
    invite = Compte.objects.get(email="camille@ccas.fr")
    assert (invite.is_staff, invite.is_superuser, invite.titulaire, invite.organisme) == (
        False,
        False,
        False,
        porteur.organisme,
    )


def test_changing_a_role(chez, porteur, lecteur):
    reponse = chez(porteur).post(fiche(lecteur), {"nom": lecteur.nom, "role": "GESTIONNAIRE"}, follow=True)
    assert messages(reponse) == [f"{lecteur.nom} : les changements sont enregistrés."]
    lecteur.refresh_from_db()
    assert lecteur.role == "GESTIONNAIRE"


def test_a_refused_role_is_said_at_its_field(chez, porteur):
    reponse = chez(porteur).post(fiche(porteur), {"nom": "Monique", "role": "LECTEUR"})
    assert reponse.status_code == 422
    assert reponse.context["form"].errors == {
        "role": ["Le titulaire de la convention est toujours gestionnaire."]
    }


def test_closing_an_account_says_first_what_will_happen_then_can_be_undone(chez, porteur, lecteur):
    client = chez(porteur)
    page = texte(client.get(fiche(lecteur)))
    assert f"{lecteur.nom} ne pourra plus se connecter, et sa session en cours se ferme." in page
    reponse = client.post(fiche(lecteur), {"acte": "desactiver"}, follow=True)
    assert messages(reponse) == [f"{lecteur.nom} ne peut plus se connecter."]
    assert "Désactivé" in texte(reponse)
    reponse = client.post(fiche(lecteur), {"acte": "reactiver"}, follow=True)
    assert messages(reponse) == [f"{lecteur.nom} peut de nouveau se connecter."]
    lecteur.refresh_from_db()
    assert lecteur.is_active


def test_the_session_of_a_closed_account_ends_at_once(chez, porteur, lecteur):
    ailleurs = Client()
    connecter(ailleurs, lecteur)
    chez(porteur).post(fiche(lecteur), {"acte": "desactiver"})
    assert ailleurs.get("/compte/").status_code == 302
    assert (
        ailleurs.post("/connexion/", {"username": "ancv2528-lecteur", "password": MOT_DE_PASSE}).status_code
        == 422
    )


@pytest.mark.parametrize("qui", ["porteur", "collegue"])
def test_the_holder_and_oneself_have_no_button_and_are_refused(chez, porteur, collegue, qui):
    vise = {"porteur": porteur, "collegue": collegue}[qui]
    client = chez(collegue)
    assert "Désactiver" not in texte(client.get(fiche(vise)))
    reponse = client.post(fiche(vise), {"acte": "desactiver"})
    assert reponse.status_code == 422
    vise.refresh_from_db()
    assert vise.is_active


def test_a_second_click_is_told_that_it_is_done(chez, porteur, lecteur):
    desactiver(compte=lecteur, par=porteur)
    reponse = chez(porteur).post(fiche(lecteur), {"acte": "desactiver"})
    assert (reponse.status_code, messages(reponse)) == (422, ["Ce compte est déjà désactivé."])


def test_an_unknown_act_changes_nothing(chez, porteur, lecteur):
    assert chez(porteur).post(fiche(lecteur), {"acte": "promouvoir"}).status_code == 422
