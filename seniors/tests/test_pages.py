"""The pages of a registration: what is refused, in which words, at which field; what other people's ids answer."""

import re
from datetime import date
from html import unescape
from uuid import uuid4

import pytest
import time_machine
from django.core import signing
from django.test import Client
from django.urls import reverse

from conventions.tests.factories import CompteFactory, CreditFactory, connecter
from sejours.tests.factories import GroupeFactory
from seniors.models import Inscription, Senior
from seniors.tests.factories import InscriptionFactory, SeniorFactory, clair, groupe_dote
from seniors.views.portes import SEL

pytestmark = pytest.mark.django_db

BONNE = {
    "nom": "KERVELLA",
    "prenom": "Yvonne",
    "date_naissance": "15/08/1939",
    "ville_naissance": "Brest",
    "civilite": "MME",
    "adresse": "14 rue des Tanneurs",
    "code_postal": "35410",
    "ville": "Châteaugiron",
    "eligibilite": "AIDE",
    "rfr": "9 840",
}


@pytest.fixture(autouse=True)
def le_22_avril():
    with time_machine.travel("2022-04-22T10:32:00+02:00", tick=False):
        yield


@pytest.fixture
def groupe():
    return groupe_dote(1_500)


@pytest.fixture
def porteur(groupe):
    return CompteFactory(convention=groupe.porteur.convention)


@pytest.fixture
def clerc(client, porteur):
    connecter(client, porteur)
    return client


def nouvelle(groupe):
    return reverse("inscription-nouvelle", args=[groupe.pk])


@pytest.mark.parametrize(
    ("champ", "valeur", "message"),
    [
        ("nom", "", "Cette réponse est nécessaire"),
        ("nom", "M" * 61, "60 caractères"),
        ("nom", "KER\x00VELLA", "caractère"),
        ("nom", "KERVELLA 😀", "lettres"),
        ("nom", "1234", "au moins une lettre"),
        ("prenom", "\u202eYvonne\x07", "caractère"),
        ("date_naissance", "", "Écrivez la date ainsi : 31/05/1948"),
        ("date_naissance", "31/02/1948", "Cette date n'existe pas"),
        ("date_naissance", "29/02/1947", "Cette date n'existe pas"),
        ("date_naissance", "hier", "Écrivez la date ainsi : 31/05/1948"),
        ("date_naissance", "23/04/2022", "Cette date est dans le futur"),
        ("date_naissance", "01/01/1892", "130 ans"),
        ("date_naissance", "03/03/1969", "53 ans au départ. 60 ans le 3 mars 2029."),
        ("ville_naissance", "", "Cette réponse est nécessaire"),
        ("ville_naissance", "-", "au moins une lettre"),
        ("civilite", "", "Choisissez la civilité"),
        ("civilite", "DR", "Choisissez la civilité"),
        ("adresse", "", "Écrivez le numéro et la rue"),
        ("adresse", "A" * 121, "120 caractères"),
        ("adresse", "14 rue\x1b[31m", "caractère"),
        ("code_postal", "3541", "Il faut 5 chiffres, par exemple 35410"),
        ("code_postal", "ABCDE", "Il faut 5 chiffres, par exemple 35410"),
        ("code_postal", "٣٥٤١٠", "Il faut 5 chiffres, par exemple 35410"),
        ("ville", "", "Choisissez la ville"),
        ("email", "yvonne", "adresse e-mail complète"),
        ("eligibilite", "", "Choisissez l'éligibilité"),
        ("eligibilite", "RICHE", "Choisissez l'éligibilité"),
        ("rfr", "", "Écrivez le revenu fiscal de référence"),
        ("rfr", "-1", "négatif"),
        ("rfr", "9840,50", "sans centimes"),
        ("rfr", "1234567890", "trop grand"),
        ("rfr", "neuf mille", "Écrivez un montant en euros, sans lettres"),
        ("rfr", "0", "Revenu de 0 € : est-ce exact ?"),
        ("revenu_imposable", "12k", "Écrivez un montant en euros, sans lettres"),
        ("parts", "0,5", "de 1 à 20"),
        ("parts", "beaucoup", "1 ou 1,5"),
        ("situation", "VEUF", "choix"),
        ("senior_lie", "999999", "n'est plus sur la liste"),
        ("conjoint", "abc", "n'est plus sur la liste"),
        ("regroupement", "R" * 121, "120 caractères"),
        ("commentaires", "C" * 501, "500 caractères"),
        ("commentaires", "sans sel \x00", "caractère"),
    ],
)
def test_a_bad_answer_is_refused_at_its_field_and_nothing_is_lost_nor_written(
    clerc, groupe, champ, valeur, message
):
    reponse = clerc.post(nouvelle(groupe), BONNE | {champ: valeur})
    assert reponse.status_code == 422
    page = clair(unescape(reponse.content.decode()))
    champs_en_erreur = set(re.findall(r'id="id_([a-z_]+)-erreur"', page))
    assert champ in champs_en_erreur, champs_en_erreur
    morceau = page[page.index(f'id="id_{champ}-erreur"') :][:400]
    assert message in morceau
    assert page.count("1 erreur") == 1
    autre = "adresse" if champ != "adresse" else "nom"
    assert f'value="{BONNE[autre]}"' in page
    assert (Inscription.objects.count(), Senior.objects.count()) == (0, 0)


@pytest.mark.parametrize("ecrite", ["15/08/1939", "1939-08-15", "15-08-1939", "15.08.1939", "15/8/39"])
def test_a_birth_date_is_read_as_people_write_it(clerc, groupe, ecrite):
    assert clerc.post(nouvelle(groupe), BONNE | {"date_naissance": ecrite}).status_code == 302
    assert f"{Senior.objects.get().date_naissance}" == "1939-08-15"


def test_somebody_born_on_29_february_is_registered(clerc, groupe):
    assert clerc.post(nouvelle(groupe), BONNE | {"date_naissance": "29/02/1948"}).status_code == 302


def test_an_empty_form_says_everything_that_is_missing(clerc, groupe):
    reponse = clerc.post(nouvelle(groupe), {})
    assert reponse.status_code == 422
    assert "Il y a 9 réponses à revoir" in clair(unescape(reponse.content.decode()))


def test_a_zero_income_once_confirmed_is_accepted(clerc, groupe):
    assert clerc.post(nouvelle(groupe), BONNE | {"rfr": "0", "rfr_zero_confirme": "on"}).status_code == 302
    assert Inscription.objects.get().rfr == 0


def test_the_same_form_sent_twice_registers_once(clerc, groupe):
    envoi = BONNE | {"jeton": str(uuid4())}
    assert [clerc.post(nouvelle(groupe), envoi).status_code for _ in range(2)] == [302, 302]
    assert Inscription.objects.count() == 1
    # Another form for the same person is not the same act.
    assert clerc.post(nouvelle(groupe), BONNE | {"jeton": str(uuid4())}).status_code == 422


def test_the_town_is_kept_as_typed_when_the_postcode_does_not_know_it(clerc, groupe):
    assert clerc.post(nouvelle(groupe), BONNE | {"ville": "chateaugiron"}).status_code == 302
    assert Senior.objects.get().ville == "Châteaugiron"
    autre = BONNE | {"nom": "ABEL", "code_postal": "00000", "ville": "Ailleurs"}
    assert clerc.post(nouvelle(groupe), autre).status_code == 302
    assert Senior.objects.get(nom="ABEL").ville == "Ailleurs"


# --- The decision before saving (I10) -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("champs", "attendu"),
    [
        ({}, "Aide accordée : 160 €"),
        ({"eligibilite": "PROGRAMME"}, "Sans aide"),
        ({"date_naissance": "03/03/1969"}, "Inscription impossible"),
        ({"rfr": ""}, "Il manque le revenu fiscal de référence."),
        ({"date_naissance": "", "eligibilite": ""}, "Il manque la date de naissance, l'éligibilité"),
        ({"rfr": "0"}, "Revenu à confirmer"),
        (
            {"revenu_imposable": "20000", "parts": "1", "situation": "SEULE"},
            "Revenu imposable de 20 000 €, plafond de 14 961 €",
        ),
    ],
)
def test_the_decision_is_shown_before_saving_and_nothing_is_written(clerc, groupe, champs, attendu):
    envoi = BONNE | champs | {"apercu": "1"}
    entiere = clerc.post(nouvelle(groupe), envoi)
    fragment = clerc.post(nouvelle(groupe), envoi, headers={"HX-Request": "true"})
    assert (entiere.status_code, fragment.status_code) == (200, 200)
    for reponse in (entiere, fragment):
        assert attendu in clair(unescape(reponse.content.decode()))
    assert b"<html" in entiere.content and b"<html" not in fragment.content
    assert 'value="14 rue des Tanneurs"' in entiere.content.decode()
    assert Inscription.objects.count() == 0


def test_the_preview_of_a_correction_knows_the_carer_who_relies_on_the_person(clerc, groupe):
    aidee = InscriptionFactory(groupe=groupe, dependant=True)
    aidant = InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=aidee)
    adresse = reverse("inscription-modifier", args=[groupe.pk, aidee.pk])
    page = clair(unescape(clerc.post(adresse, BONNE | {"apercu": "1"}).content.decode()))
    assert "Inscription impossible" in page
    assert f"{aidant.senior} accompagne cette personne. Changez d'abord son inscription." in page


def test_the_preview_knows_that_the_person_was_aided_elsewhere(clerc, groupe):
    ailleurs = groupe_dote(500, sejour__debut=groupe.sejour.debut.replace(month=9))
    connue = InscriptionFactory(groupe=ailleurs).senior
    envoi = BONNE | {
        "nom": connue.nom,
        "prenom": connue.prenom,
        "date_naissance": f"{connue.date_naissance:%d/%m/%Y}",
        "ville_naissance": connue.ville_naissance,
        "apercu": "1",
    }
    page = clair(unescape(clerc.post(nouvelle(groupe), envoi).content.decode()))
    assert "Déjà aidé en 2022 sur un autre séjour" in page
    assert ailleurs.porteur.nom not in page


@pytest.mark.parametrize(
    ("champs", "raison"),
    [
        ({"date_naissance": "03/03/1970"}, "52 ans au départ"),
        ({"rfr": "0"}, "Revenu de 0 € : est-ce exact ?"),
    ],
)
def test_after_a_refusal_the_panel_says_why_and_asks_for_nothing_already_given(clerc, groupe, champs, raison):
    page = clair(unescape(clerc.post(nouvelle(groupe), BONNE | champs).content.decode()))
    decision = page[page.index('id="decision"') :]
    assert raison in decision[: decision.index("</ul>")]
    assert "Il manque" not in page


# --- Search (I2) --------------------------------------------------------------------------------------------


def test_the_search_asks_for_all_four_answers(clerc, groupe):
    adresse = reverse("inscription-recherche", args=[groupe.pk])
    for absent in ("nom", "prenom", "date_naissance", "ville_naissance"):
        envoi = {nom: BONNE[nom] for nom in ("nom", "prenom", "date_naissance", "ville_naissance")}
        assert clerc.post(adresse, envoi | {absent: ""}).status_code == 422
    assert clerc.post(adresse, {}).status_code == 422


def test_a_look_alike_shows_name_birth_and_place_only(clerc, groupe):
    SeniorFactory(
        nom="KERVELLA",
        prenom="Yvone",
        date_naissance=date(1939, 8, 15),
        ville_naissance="Brest",
        adresse="99 RUE SECRETE",
        email="yvonne@secret.fr",
    )
    envoi = {nom: BONNE[nom] for nom in ("nom", "prenom", "date_naissance", "ville_naissance")}
    page = clair(
        unescape(clerc.post(reverse("inscription-recherche", args=[groupe.pk]), envoi).content.decode())
    )
    assert "Est-ce la même personne ?" in page
    assert "Différence : le prénom (Yvone au lieu de Yvonne)." in page
    assert "SECRETE" not in page and "secret.fr" not in page


def test_one_who_is_on_the_list_already_is_shown_there(clerc, groupe):
    inscription = InscriptionFactory(groupe=groupe)
    senior = inscription.senior
    envoi = {
        "nom": senior.nom,
        "prenom": senior.prenom,
        "date_naissance": f"{senior.date_naissance:%d/%m/%Y}",
        "ville_naissance": senior.ville_naissance,
    }
    adresse = reverse("inscription-recherche", args=[groupe.pk])
    page = clair(unescape(clerc.post(adresse, envoi).content.decode()))
    assert f"{senior} est déjà sur cette liste." in page
    assert reverse("inscription-modifier", args=[groupe.pk, inscription.pk]) in page
    assert "Sélectionner" not in page and "Nouveau sénior" not in page


def test_the_identity_typed_goes_back_to_the_search(clerc, groupe):
    page = clerc.post(nouvelle(groupe) + "?ouvrir=1", BONNE).content.decode()
    retour = page[page.index('<form id="identite"') :]
    assert reverse("inscription-recherche", args=[groupe.pk]) in retour[:200]
    for nom in ("nom", "prenom", "date_naissance", "ville_naissance"):
        assert f'name="{nom}" value="{BONNE[nom]}"' in retour


def test_a_look_alike_opens_without_the_address_that_another_organisation_wrote(clerc, groupe, porteur):
    senior = SeniorFactory(adresse="99 RUE SECRETE", email="yvonne@secret.fr")
    jeton = signing.dumps([senior.pk, groupe.pk, porteur.pk, False], salt=SEL)
    page = clerc.post(nouvelle(groupe) + "?ouvrir=1", {"senior": jeton}).content.decode()
    assert senior.nom in page
    assert "SECRETE" not in page and "secret.fr" not in page
    # What one's own organisation wrote is shown.
    InscriptionFactory(groupe=groupe, senior=senior, adresse="1 RUE CONNUE")
    page = clerc.post(nouvelle(groupe) + "?ouvrir=1", {"senior": jeton}).content.decode()
    assert "1 RUE CONNUE" in page


def test_a_token_of_another_group_another_account_or_forged_is_not_found(clerc, groupe, porteur):
    senior = SeniorFactory()
    for contenu in (
        [senior.pk, groupe.pk + 1, porteur.pk, True],
        [senior.pk, groupe.pk, porteur.pk + 1, True],
    ):
        jeton = signing.dumps(contenu, salt=SEL)
        assert clerc.post(nouvelle(groupe), BONNE | {"senior": jeton}).status_code == 404
    for faux in ("x", signing.dumps([senior.pk, groupe.pk, porteur.pk, True], salt="autre")):
        assert clerc.post(nouvelle(groupe), BONNE | {"senior": faux}).status_code == 404
    assert Inscription.objects.count() == 0


def test_a_token_too_old_asks_again_who_it_is_and_keeps_what_was_typed(clerc, groupe, porteur):
    senior = SeniorFactory()
    with time_machine.travel("2022-04-22T05:00:00+02:00", tick=False):
        jeton = signing.dumps([senior.pk, groupe.pk, porteur.pk, True], salt=SEL)
    reponse = clerc.post(nouvelle(groupe), {**BONNE, "senior": jeton, "nom": ""})
    page = unescape(reponse.content.decode())
    assert reponse.status_code == 422
    assert "Cette recherche est trop ancienne" in page
    assert 'value="14 rue des Tanneurs"' in page


# --- Other people's, stale and forged requests --------------------------------------------------------------


def test_another_groups_registration_is_not_found_under_ones_own_group(clerc, groupe):
    etrangere = InscriptionFactory(groupe=groupe_dote(500))
    for nom in ("inscription-modifier", "inscription-effacer"):
        adresse = reverse(nom, args=[groupe.pk, etrangere.pk])
        assert clerc.get(adresse).status_code == 404
        assert clerc.post(adresse, BONNE).status_code == 404
    assert Inscription.objects.presentes().count() == 1


def test_a_linked_person_of_another_list_is_refused(clerc, groupe):
    etrangere = InscriptionFactory(groupe=groupe_dote(500), handicape=True)
    envoi = BONNE | {
        "eligibilite": "AIDANT",
        "nature_aidant": "FAMILIAL",
        "rfr": "",
        "senior_lie": str(etrangere.pk),
    }
    reponse = clerc.post(nouvelle(groupe), envoi)
    assert reponse.status_code == 422
    assert "n'est plus sur la liste" in unescape(reponse.content.decode())


def test_without_its_csrf_token_a_form_is_refused(porteur, groupe):
    strict = Client(enforce_csrf_checks=True)
    connecter(strict, porteur)
    assert strict.post(nouvelle(groupe), BONNE).status_code == 403
    assert Inscription.objects.count() == 0


def test_a_reader_and_a_provider_cannot_open_the_form(client, groupe):
    lecteur = CompteFactory(lecteur=True, organisme=groupe.porteur)
    prestataire = CompteFactory(
        convention=groupe.sejour.offre.equipement.prestataire.convention, prestataire=True
    )
    for compte in (lecteur, prestataire):
        connecter(client, compte)
        assert client.get(nouvelle(groupe)).status_code == 403
        assert client.post(nouvelle(groupe), BONNE).status_code == 403
        assert client.get(reverse("groupe", args=[groupe.pk])).status_code == 200


def test_a_full_list_says_where_to_ask_for_places(clerc, groupe, porteur):
    petit = GroupeFactory(
        porteur=groupe.porteur, places=1, sejour__debut=groupe.sejour.debut.replace(month=9)
    )
    InscriptionFactory(groupe=petit)
    reponse = clerc.post(nouvelle(petit), BONNE)
    assert reponse.status_code == 422
    assert "La seule place est prise. Pour en avoir d'autres" in clair(unescape(reponse.content.decode()))
    recherche = clerc.get(reverse("inscription-recherche", args=[petit.pk])).content.decode()
    assert "La seule place est prise." in recherche
    assert reverse("demander-places", args=[petit.pk]) in recherche


def test_a_removal_asked_with_a_broken_instant_changes_nothing(clerc, groupe):
    adresse = reverse("inscriptions-retablir", args=[groupe.pk])
    for effacement in ("", "hier", "2022-04-22", "9999999", "2022-13-45T99:00:00+02:00"):
        assert clerc.post(adresse, {"effacement": effacement}).status_code == 302


# --- Confidentiality ----------------------------------------------------------------------------------------


def test_a_confidential_income_is_never_shown_again_and_is_kept_by_a_correction(clerc, groupe):
    clerc.post(nouvelle(groupe), BONNE | {"rfr": "7 654", "rfr_confidentiel": "on"})
    inscription = Inscription.objects.get()
    adresse = reverse("inscription-modifier", args=[groupe.pk, inscription.pk])
    page = clerc.get(adresse).content.decode()
    assert "7654" not in page and "7 654" not in clair(page)
    assert clerc.post(adresse, BONNE | {"rfr": "", "rfr_confidentiel": "on"}).status_code == 302
    inscription.refresh_from_db()
    assert inscription.rfr == 7654


def test_a_provider_reads_the_list_without_income_address_or_mail(client, clerc, groupe):
    clerc.post(
        nouvelle(groupe), BONNE | {"rfr": "7 654", "email": "yvonne@exemple.fr", "adresse": "14 RUE CACHEE"}
    )
    prestataire = CompteFactory(
        convention=groupe.sejour.offre.equipement.prestataire.convention, prestataire=True
    )
    connecter(client, prestataire)
    page = clair(client.get(reverse("groupe", args=[groupe.pk])).content.decode())
    assert "KERVELLA" in page
    for secret in ("7 654", "7654", "yvonne@exemple.fr", "CACHEE"):
        assert secret not in page
    assert client.get(reverse("details", args=[groupe.pk])).status_code == 403


# --- Cost ---------------------------------------------------------------------------------------------------


# With one more, the group's own pre-registration would no longer be among the last twenty acts.
@pytest.mark.parametrize("combien", [1, 19])
def test_the_groups_page_costs_the_same_whatever_its_list(
    client, porteur, combien, django_assert_num_queries
):
    groupe = GroupeFactory(porteur=porteur.organisme, places=30, sejour__debut=date(2022, 9, 3))
    CreditFactory(convention=groupe.porteur.convention, alloue=5_000)
    for _ in range(combien):
        InscriptionFactory(groupe=groupe)
    connecter(client, porteur)
    adresse = reverse("groupe", args=[groupe.pk])
    client.get(adresse)
    with django_assert_num_queries(16):
        client.get(adresse)


def test_after_the_stay_the_page_of_the_list_says_so(client, porteur, groupe):
    InscriptionFactory(groupe=groupe)

    def page(quand: str) -> str:
        with time_machine.travel(quand, tick=False):
            connecter(client, porteur)
            return clair(unescape(client.get(reverse("groupe", args=[groupe.pk])).content.decode()))

    pendant = (
        "La liste est close depuis le mercredi 27 avril à minuit.",
        "définitive</span>",
        "aides engagées",
    )
    apres = ("Le séjour est terminé depuis le samedi 21 mai.", "Séjour terminé</span>", "aides accordées")
    le_dernier_soir, le_lendemain = page("2022-05-21T23:59:00+02:00"), page("2022-05-22T00:00:00+02:00")
    assert [mots in le_dernier_soir for mots in pendant + apres] == [True] * 3 + [False] * 3
    assert [mots in le_lendemain for mots in pendant + apres] == [False] * 3 + [True] * 3


def test_when_credit_lacks_it_says_what_is_left_and_what_an_aid_takes(client):
    groupe = groupe_dote(60)
    connecter(client, CompteFactory(convention=groupe.porteur.convention))
    page = client.post(nouvelle(groupe), BONNE, follow=True)
    assert (
        "Yvonne KERVELLA est inscrite, sans aide. Les crédits d'intervention sur l'année étant épuisés, aucune "
        "subvention n'a pu être accordée. Il reste 60 €, il en faut 160 €. Elle sera aidée dès que du crédit revient."
    ) in [clair(str(message)) for message in page.context["messages"]]


def test_every_removal_can_be_undone_however_many_there_were(clerc, porteur):
    groupe = GroupeFactory(porteur=porteur.organisme, places=101, sejour__places=110)
    for _ in range(101):
        InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    adresse = reverse("inscriptions-tout-supprimer", args=[groupe.pk])
    page = clerc.post(adresse, {"numero": groupe.pk}, follow=True)
    assert [len(acte["seniors"]) for acte in page.context["effacements"]] == [101]
