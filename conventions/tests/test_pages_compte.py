"""« Mon compte »: the manual's cards and table, who may change what, and nothing of anybody else's (C2, C3, C5)."""

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from conventions.models import Compte
from conventions.tests.factories import (
    MOT_DE_PASSE,
    CompteFactory,
    CreditFactory,
    ProgrammeFactory,
    connecter,
)
from seniors.tests.factories import InscriptionFactory, groupe_dote
from sev.socle.models import Courriel
from sev.socle.temps import aujourdhui

NOUVEAU = "Un-Beau-Voyage-26"
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


def texte(reponse) -> str:
    return reponse.content.decode().replace("\u00a0", " ")


def lignes_du_tableau(reponse) -> list[list[str]]:
    """The cells of the page's table, without labels and tags."""
    corps = texte(reponse).split("<tbody", 1)[1].split("</tbody>", 1)[0]
    sans_etiquette = re.sub(r'<span class="etiquette">.*?</span>', "", corps)
    return [
        [
            re.sub(r"<[^>]+>", "", cellule).strip()
            for cellule in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", ligne)
        ]
        for ligne in sans_etiquette.split("</tr>")[:-1]
    ]


def messages(reponse) -> list[str]:
    return [str(message) for message in reponse.context["messages"]]


# --- Reading ------------------------------------------------------------------------------------------------------


@pytest.fixture
def en_2022():
    with time_machine.travel(datetime(2022, 5, 2, 9, 0, tzinfo=UTC)):
        yield


def test_the_credits_are_those_of_the_manual(en_2022, chez, porteur):
    groupe = groupe_dote(porteur=porteur.organisme)
    CreditFactory(convention=porteur.organisme.convention, annee=2021, alloue=700)
    for _ in range(2):
        InscriptionFactory(groupe=groupe)
    assert lignes_du_tableau(chez(porteur).get("/compte/")) == [
        ["2022", "1 500 €", "320 €", "1 180 €"],
        ["2023", "0 €", "0 €", "0 €"],
    ]


def test_a_porteur_without_credit_reads_zeros(en_2022, chez, porteur):
    assert [ligne[1:] for ligne in lignes_du_tableau(chez(porteur).get("/compte/"))] == [["0 €"] * 3] * 2


def test_the_credits_of_another_convention_are_not_shown(en_2022, chez, porteur, intrus):
    CreditFactory(convention=intrus.organisme.convention, alloue=640)
    assert "640" not in texte(chez(porteur).get("/compte/"))


def test_a_provider_has_neither_credits_nor_a_type(chez, prestataire):
    page = chez(prestataire).get("/compte/")
    assert page.context["credits"] is None
    assert "type_porteur" not in page.context["informations"].fields
    assert prestataire.organisme.nom in texte(page)


def test_staff_have_a_password_and_an_address_but_no_organisation(chez, ancv):
    page = chez(ancv).get("/compte/")
    assert page.status_code == 200
    assert "informations" not in page.context
    assert page.context["adresse"].initial == {"email": ancv.email}
    assert chez(ancv).post("/compte/", SAISIE).status_code == 403


def test_the_card_has_the_fields_of_the_manual(chez, porteur):
    page = chez(porteur).get("/compte/")
    assert [champ.label for champ in page.context["informations"]] == [
        "Organisation",
        "N° de téléphone",
        "Adresse e-mail",
        "Type du porteur",
        "Nom de la voie",
        "Complément d'adresse",
        "Code postal",
        "Ville",
    ]
    assert [champ.label for champ in page.context["mot_de_passe"]] == [
        "Mot de passe actuel",
        "Nouveau mot de passe",
        "Confirmation",
    ]
    assert texte(page).count(">Sauvegarder<") == 2


def test_the_number_of_queries_does_not_grow(chez, porteur, django_assert_num_queries):
    client = chez(porteur)
    CreditFactory(convention=porteur.organisme.convention)
    for _ in range(20):
        CompteFactory(collegue=True, organisme=porteur.organisme)
    with django_assert_num_queries(6):  # session, account, credits, holder, programme, lists to confirm
        client.get("/compte/")


# --- Informations ---------------------------------------------------------------------------------------------------


def test_the_informations_are_saved(chez, porteur):
    reponse = chez(porteur).post("/compte/", SAISIE, follow=True)
    assert reponse.redirect_chain == [("/compte/", 302)]
    assert messages(reponse) == ["Vos informations sont sauvegardées."]
    porteur.organisme.refresh_from_db()
    organisme = porteur.organisme
    assert (
        organisme.nom,
        organisme.type_porteur,
        organisme.code_postal,
        organisme.ville,
        organisme.departement,
    ) == (
        "ASSOCIATION VOYAGES",
        "ASSOCIATION",
        "14000",
        "TOULOUSE",
        "14",
    )
    assert not Courriel.objects.exists()


@pytest.mark.parametrize(
    ("champ", "valeur", "erreur"),
    [
        ("nom", "", "Cette réponse est nécessaire"),
        (
            "nom",
            "x" * 121,
            "Assurez-vous que cette valeur comporte au plus 120 caractères (actuellement 121).",
        ),
        (
            "nom",
            "a\u0007b",
            "Ce texte contient un caractère invisible. Effacez-le et retapez-le au clavier.",
        ),
        ("telephone", "12", "Écrivez les 10 chiffres, par exemple 04 56 34 22 09"),
        ("telephone", "appelez-moi !", "Écrivez les 10 chiffres, par exemple 04 56 34 22 09"),
        ("email", "pas-une-adresse", "Écrivez une adresse e-mail, par exemple mail@mail.com"),
        ("email", "", "Écrivez l'adresse e-mail"),
        ("type_porteur", "ROI", "Sélectionnez un choix valide. ROI n’en fait pas partie."),
        ("type_porteur", "", "Ce champ est obligatoire."),
        ("voie", "", "Écrivez le numéro et la rue"),
        ("code_postal", "1400", "Il faut 5 chiffres, par exemple 35410"),
        ("code_postal", "٣٥٤١٠", "Il faut 5 chiffres, par exemple 35410"),
        ("ville", "", "Cette réponse est nécessaire"),
    ],
)
def test_a_refused_card_says_why_at_the_field_and_loses_nothing(chez, porteur, champ, valeur, erreur):
    avant = porteur.organisme.nom
    reponse = chez(porteur).post("/compte/", SAISIE | {champ: valeur})
    assert reponse.status_code == 422
    assert reponse.context["form"].errors == {champ: [erreur]}
    page = texte(reponse)
    assert "Il y a 1 réponse à revoir" in page
    assert "<title>1 erreur : Mon compte" in page
    autre = "voie" if champ != "voie" else "nom"
    assert f'value="{SAISIE[autre]}"' in page
    porteur.organisme.refresh_from_db()
    assert porteur.organisme.nom == avant


def test_a_lecteur_reads_and_changes_nothing(chez, lecteur):
    client = chez(lecteur)
    page = client.get("/compte/")
    assert "Vous consultez en lecture." in texte(page)
    assert "monique@ccas.fr" in texte(page)
    assert 'name="voie"' not in texte(page)
    assert client.post("/compte/", SAISIE).status_code == 403
    lecteur.organisme.refresh_from_db()
    assert lecteur.organisme.nom != "ASSOCIATION VOYAGES"


def test_a_colleague_changes_the_organisation_but_not_the_holders_address(chez, porteur, collegue):
    reponse = chez(collegue).post("/compte/", SAISIE | {"email": "pirate@exemple.fr"})
    assert reponse.status_code == 302
    porteur.refresh_from_db()
    assert (porteur.organisme.nom, porteur.email) == ("ASSOCIATION VOYAGES", "monique@ccas.fr")
    assert not Courriel.objects.exists()


def test_another_organisations_card_is_out_of_reach(chez, porteur, intrus):
    chez(intrus).post("/compte/", SAISIE | {"organisme": porteur.organisme_id, "pk": porteur.organisme_id})
    porteur.organisme.refresh_from_db()
    assert porteur.organisme.nom != "ASSOCIATION VOYAGES"


# --- The e-mail address -----------------------------------------------------------------------------------------------


def lien(courriel) -> str:
    return re.search(r"/compte/adresse/[0-9a-f-]+/", courriel.texte)[0]


def test_a_new_address_is_confirmed_from_its_mailbox(chez, porteur):
    client = chez(porteur)
    reponse = client.post("/compte/", SAISIE | {"email": "neuve@ccas.fr"}, follow=True)
    assert messages(reponse) == [
        "Vos informations sont sauvegardées.",
        "Confirmez votre nouvelle adresse. Un e-mail vient de partir à neuve@ccas.fr : ouvrez-le et suivez son lien. "
        "D'ici là, vos messages arrivent encore à monique@ccas.fr.",
    ]
    adresse = lien(Courriel.objects.get())
    assert "neuve@ccas.fr" in texte(client.get(adresse))
    porteur.refresh_from_db()
    assert porteur.email == "monique@ccas.fr"  # reading the page changes nothing
    reponse = client.post(adresse, follow=True)
    assert messages(reponse) == ["Votre adresse est maintenant neuve@ccas.fr."]
    porteur.refresh_from_db()
    assert porteur.email == "neuve@ccas.fr"
    assert "Ce lien n’est plus valable" in texte(client.get(adresse))
    assert messages(client.post(adresse, follow=True)) == [
        "Ce lien n'est plus valable. Demandez de nouveau le changement d'adresse."
    ]


def test_the_link_asks_to_sign_in_and_serves_its_own_account_only(chez, client, porteur, intrus):
    chez(porteur).post("/compte/", SAISIE | {"email": "neuve@ccas.fr"})
    adresse = lien(Courriel.objects.get())
    assert Client().get(adresse).headers["Location"] == f"/connexion/?next={adresse}"
    autre = Client()
    connecter(autre, intrus)
    assert "Ce lien n’est plus valable" in texte(autre.get(adresse))
    autre.post(adresse)
    assert not Compte.objects.filter(email="neuve@ccas.fr").exists()


def test_the_address_of_the_link_names_nobody(chez, porteur):
    chez(porteur).post("/compte/", SAISIE | {"email": "neuve@ccas.fr"})
    assert re.fullmatch(r"/compte/adresse/[0-9a-f-]{36}/", lien(Courriel.objects.get()))


def test_too_many_requests_are_refused_at_the_field_and_nothing_is_saved(chez, porteur):
    client = chez(porteur)
    for n in range(3):
        client.post("/compte/", SAISIE | {"email": f"neuve{n}@ccas.fr"})
    reponse = client.post("/compte/", SAISIE | {"email": "neuve4@ccas.fr", "nom": "AUTRE NOM"})
    assert reponse.status_code == 422
    assert reponse.context["form"].errors == {
        "email": ["Trop de changements d'adresse demandés. Réessayez dans une heure."]
    }
    porteur.organisme.refresh_from_db()
    assert porteur.organisme.nom == "ASSOCIATION VOYAGES"


def test_a_lecteur_changes_his_own_address(chez, lecteur, porteur):
    client = chez(lecteur)
    client.post("/compte/adresse/", {"email": "moi@ccas.fr"})
    client.post(lien(Courriel.objects.get()))
    lecteur.refresh_from_db()
    porteur.refresh_from_db()
    assert (lecteur.email, porteur.email) == ("moi@ccas.fr", "monique@ccas.fr")


def test_the_same_address_again_sends_nothing(chez, lecteur):
    assert chez(lecteur).post("/compte/adresse/", {"email": lecteur.email}).status_code == 302
    assert not Courriel.objects.exists()


def test_an_address_that_is_none_is_refused(chez, lecteur):
    reponse = chez(lecteur).post("/compte/adresse/", {"email": "x"})
    assert reponse.status_code == 422
    assert 'value="x"' in texte(reponse)


# --- The password -----------------------------------------------------------------------------------------------------


def changer(client, actuel=MOT_DE_PASSE, nouveau=NOUVEAU, confirmation=None):
    donnees = {
        "passe_actuel": actuel,
        "passe_nouveau": nouveau,
        "passe_confirmation": confirmation or nouveau,
    }
    return client.post("/compte/mot-de-passe/", donnees)


def test_changing_the_password_keeps_this_session_and_ends_the_others(chez, porteur):
    client, ailleurs = chez(porteur), Client()
    connecter(ailleurs, porteur)
    assert changer(client).headers["Location"] == "/compte/"
    assert messages(client.get("/compte/")) == [
        "Votre mot de passe est changé. Les autres appareils sont déconnectés."
    ]
    assert ailleurs.get("/compte/").status_code == 302
    porteur.refresh_from_db()
    assert porteur.check_password(NOUVEAU)


@pytest.mark.parametrize(
    ("donnees", "erreurs"),
    [
        ({"actuel": "faux"}, {"passe_actuel": ["Ce n'est pas votre mot de passe actuel."]}),
        ({"nouveau": "court"}, {"passe_nouveau": ["Il faut 12 caractères au moins : il y en a 5."]}),
        ({"confirmation": "autre"}, {"passe_confirmation": ["Les deux mots de passe sont différents."]}),
    ],
)
def test_a_refused_password_changes_nothing_and_is_not_sent_back(chez, porteur, donnees, erreurs):
    reponse = changer(chez(porteur), **donnees)
    assert reponse.status_code == 422
    assert reponse.context["form"].errors == erreurs
    for passe in (MOT_DE_PASSE, NOUVEAU):
        assert passe not in texte(reponse)
    porteur.refresh_from_db()
    assert porteur.check_password(MOT_DE_PASSE)


def test_the_current_password_can_not_be_guessed_from_an_open_session(chez, porteur):
    client = chez(porteur)
    assert [changer(client, actuel="faux").status_code for _ in range(5)] == [422, 422, 422, 422, 429]
    assert changer(client).status_code == 429


def test_a_lecteur_changes_his_own_password(chez, lecteur):
    assert changer(chez(lecteur)).status_code == 302


@pytest.mark.parametrize("chemin", ["/compte/mot-de-passe/", "/compte/adresse/"])
def test_reloading_a_cards_address_leads_back_to_the_page(chez, porteur, chemin):
    assert chez(porteur).get(chemin).headers["Location"] == "/compte/"


def test_a_suspended_programme_is_said_on_the_page(chez, porteur):
    ProgrammeFactory(
        annee=aujourdhui().year, suspendu_le="2026-01-01", message_suspension="Fermé pour travaux."
    )
    assert "Fermé pour travaux." in texte(chez(porteur).get("/compte/"))
