"""The second factor of ANCV's staff: set up, asked, lost, reset; what is kept of it, and what is told."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html import unescape
from threading import Barrier

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from conventions.models import CarteDeSecours, CodeDeSecours, EvenementSecurite
from conventions.models.securite import code_normalise, nouveau_code
from conventions.operations import second_facteur
from conventions.second_facteur import cle_lisible
from conventions.tests.factories import MOT_DE_PASSE, CompteFactory, TelephoneFactory, connecter
from sev.socle.models import Courriel

pytestmark = pytest.mark.django_db

PORTE = "/double-authentification/"
ACTIVER = "/double-authentification/activer/"
SECOURS = "/double-authentification/secours/"
CODES = "/double-authentification/codes/"
LE_2_MAI = datetime(2022, 5, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def horloge():
    with time_machine.travel(LE_2_MAI, tick=False) as voyage:
        yield voyage


@pytest.fixture
def seul(ancv, client):
    """Ancv's client, whose password is given and nothing more."""
    connecter(client, ancv, second_facteur=False)
    return client


def code_de(cle: str, *, dans: int = 0) -> str:
    """The six digits that a telephone holding `cle` shows, `dans` seconds from now."""
    application = TOTP(bytes.fromhex(cle))
    application.time = datetime.now(UTC).timestamp() + dans
    return f"{application.token():06d}"


def texte(reponse) -> str:
    return unescape(reponse.content.decode()).replace("\u00a0", " ").replace("’", "'")


def activer(client, **autres):
    client.get(ACTIVER)
    return client.post(ACTIVER, {"passe_code": code_de(client.session["cle_proposee"])} | autres)


def codes_montres(reponse) -> list[str]:
    return re.findall(r"<code>([A-Z2-7-]{19})</code>", reponse.content.decode())


def natures() -> list[str]:
    return list(EvenementSecurite.objects.order_by("pk").values_list("nature", flat=True))


# --- Setting up ---------------------------------------------------------------------------------------------------


def test_the_first_sign_in_leads_to_setting_up_then_to_the_page_that_was_asked_for(client, ancv):
    reponse = client.post(
        "/connexion/",
        {"username": ancv.identifiant, "password": MOT_DE_PASSE, "next": "/admin/socle/courriel/"},
    )
    assert reponse.url == "/admin/socle/courriel/"
    porte = client.get(reponse.url)
    assert porte.url == f"{PORTE}?next=/admin/socle/courriel/"
    reglage = client.get(porte.url)
    assert reglage.url == f"{ACTIVER}?next=/admin/socle/courriel/"
    page = client.get(reglage.url)
    assert page.context["suite"] == "/admin/socle/courriel/"
    fait = activer(client, next=page.context["suite"])
    assert (fait.status_code, fait.context["suite"]) == (200, "/admin/socle/courriel/")
    assert client.get("/admin/socle/courriel/").status_code == 200


def test_the_drawing_and_the_words_bear_the_same_key_and_nothing_foreign(seul, ancv):
    reponse = seul.get(ACTIVER)
    cle = seul.session["cle_proposee"]
    page = reponse.content.decode()
    assert cle_lisible(cle) in page
    assert f"otpauth://totp/Seniors%20en%20Vacances%3A{ancv.identifiant}?secret=" in page
    assert page.count('class="qr"') == 1
    assert ("data:" in page, "style=" in page) == (False, False)
    # Read again, the page shows the same drawing.
    assert seul.get(ACTIVER).content.decode().split('class="qr"')[1] == page.split('class="qr"')[1]


def test_a_wrong_code_sets_nothing_up_and_keeps_the_key(seul):
    seul.get(ACTIVER)
    cle = seul.session["cle_proposee"]
    faux = f"{(int(code_de(cle)) + 1) % 1_000_000:06d}"
    for saisi, erreur in (
        (faux, "Ce n'est pas le bon code."),
        ("12345", "Il faut 6 chiffres"),
        ("", "Écrivez les 6"),
    ):
        reponse = seul.post(ACTIVER, {"passe_code": saisi})
        assert reponse.status_code == 422
        assert erreur in texte(reponse)
    assert seul.session["cle_proposee"] == cle
    assert (TOTPDevice.objects.exists(), natures()) == (False, [])


def test_ten_codes_are_shown_once_and_only_their_digests_are_kept(seul, ancv):
    codes = codes_montres(activer(seul))
    assert len(set(codes)) == 10
    empreintes = set(CodeDeSecours.objects.values_list("empreinte", flat=True))
    assert len(empreintes) == 10
    assert not any(code_normalise(code) in empreinte.upper() for code in codes for empreinte in empreintes)
    # No page shows them again.
    for page in (PORTE, CODES, ACTIVER):
        assert codes_montres(seul.get(page)) == []
    assert natures() == ["ACTIVATION"]
    assert Courriel.objects.get().destinataire == ancv.email


def test_the_code_that_set_the_telephone_up_opens_no_session(seul, ancv, horloge):
    activer(seul)
    cle = TOTPDevice.objects.get().key
    autre = Client()
    connecter(autre, ancv, second_facteur=False)
    assert autre.post(PORTE, {"passe_code": code_de(cle)}).status_code == 422
    horloge.shift(30)
    assert autre.post(PORTE, {"passe_code": code_de(cle)}).status_code == 302


def test_two_windows_that_set_up_at_once_make_one_telephone(seul, ancv):
    seul.get(ACTIVER)
    cle = seul.session["cle_proposee"]
    commun = {"compte": ancv, "cle": cle, "code": code_de(cle), "changement": False, "maintenant": LE_2_MAI}
    second_facteur.activer(**commun)
    with pytest.raises(second_facteur.SecondFacteurRefuse, match="a changé entre-temps"):
        second_facteur.activer(**commun)
    assert TOTPDevice.objects.count() == 1


# --- Asked --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ecriture", ["{}", "{0:.3} {0:3.}", " {} "])
def test_the_code_of_the_telephone_opens_the_admin(seul, ancv, ecriture):
    cle = TelephoneFactory(ancv).key
    code = code_de(cle)
    saisi = f"{code[:3]} {code[3:]}" if "3" in ecriture else ecriture.format(code)
    avant = seul.session.session_key
    reponse = seul.post(PORTE, {"passe_code": saisi, "next": "/admin/"})
    assert (reponse.status_code, reponse.url) == (302, "/admin/")
    assert seul.get("/admin/").status_code == 200
    assert seul.session.session_key != avant


def test_a_code_serves_once(seul, ancv):
    cle = TelephoneFactory(ancv).key
    code = code_de(cle)
    assert seul.post(PORTE, {"passe_code": code}).status_code == 302
    autre = Client()
    connecter(autre, ancv, second_facteur=False)
    reponse = autre.post(PORTE, {"passe_code": code})
    assert reponse.status_code == 422
    assert "ou il a déjà servi" in texte(reponse)


@pytest.mark.parametrize(("dans", "statut"), [(-60, 422), (-30, 302), (0, 302), (30, 302), (60, 422)])
def test_the_code_of_the_half_minute_before_or_after_is_still_good(seul, ancv, dans, statut):
    cle = TelephoneFactory(ancv).key
    assert seul.post(PORTE, {"passe_code": code_de(cle, dans=dans)}).status_code == statut


def test_each_wrong_code_makes_one_wait_longer(seul, ancv, horloge):
    cle = TelephoneFactory(ancv).key
    faux = f"{(int(code_de(cle)) + 1) % 1_000_000:06d}"
    for attente in (1, 2, 4, 8):
        assert "Ce n'est pas le bon code" in texte(seul.post(PORTE, {"passe_code": faux}))
        # Even the right one is not looked at.
        presse = seul.post(PORTE, {"passe_code": code_de(cle)})
        assert presse.status_code == 422
        assert f"Attendez {attente} seconde" in texte(presse)
        horloge.shift(attente)
    assert seul.post(PORTE, {"passe_code": code_de(cle)}).status_code == 302
    assert TOTPDevice.objects.get().throttling_failure_count == 0


def test_somebody_else_s_code_opens_nothing(seul, ancv):
    TelephoneFactory(ancv)
    autre = TelephoneFactory(CompteFactory(ancv=True)).key
    assert seul.post(PORTE, {"passe_code": code_de(autre)}).status_code == 422


def test_logging_out_forgets_it(seul, ancv, horloge):
    TelephoneFactory(ancv)
    seul.post(PORTE, {"passe_code": code_de(TOTPDevice.objects.get().key)})
    assert seul.get("/admin/").status_code == 200
    seul.post("/deconnexion/")
    seul.post("/connexion/", {"username": ancv.identifiant, "password": MOT_DE_PASSE})
    assert seul.get("/admin/").url == f"{PORTE}?next=/admin/"


def test_a_porteur_is_never_asked(chez, porteur):
    client = chez(porteur)
    assert client.get("/").status_code == 200
    assert {client.get(page).status_code for page in (PORTE, ACTIVER, SECOURS, CODES)} == {403}


def test_a_fragment_leads_the_whole_page_there(seul):
    reponse = seul.get(
        "/compte/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/compte/"}
    )
    assert reponse.headers["HX-Redirect"] == f"{PORTE}?next=/compte/"


def test_the_demo_does_without(seul, settings):
    settings.SEV_ADMIN_OTP = False
    assert seul.get("/admin/").status_code == 200


def test_what_staff_typed_when_the_session_ended_waits_behind_the_second_factor(chez, ancv, porteur, horloge):
    client = chez(ancv)
    adresse = reverse("admin:conventions_compte_adresse", args=[porteur.pk])
    client.get(adresse)
    client.session.flush()
    perdue = client.post(
        adresse, {"adresse": "neuve@ccas.fr"}, headers={"Referer": "http://testserver" + adresse}
    )
    assert perdue.url == f"/connexion/?next={adresse}"
    entree = client.post("/connexion/", {"username": ancv.identifiant, "password": MOT_DE_PASSE})
    assert entree.url == "/reprendre/"
    porte = client.get(entree.url)
    assert porte.url == f"{PORTE}?next=/reprendre/"
    suite = client.post(PORTE, {"passe_code": code_de(TOTPDevice.objects.get().key), "next": "/reprendre/"})
    assert suite.url == "/reprendre/"
    assert 'name="adresse" value="neuve@ccas.fr"' in client.get("/reprendre/").content.decode()


def test_what_is_typed_while_the_second_factor_is_taken_away_is_kept(chez, ancv, porteur):
    client = chez(ancv)
    TOTPDevice.objects.all().delete()
    adresse = reverse("admin:conventions_compte_adresse", args=[porteur.pk])
    reponse = client.post(adresse, {"adresse": "neuve@ccas.fr"})
    assert reponse.url == f"{PORTE}?next={adresse}"
    assert client.session["saisie"]["champs"] == [["adresse", "neuve@ccas.fr"]]
    assert activer(client).context["suite"] == "/reprendre/"


def test_a_code_is_never_kept_aside(client):
    client.post(PORTE, {"passe_code": "123456", "next": "/admin/"})
    assert client.session["saisie"]["champs"] == [["next", "/admin/"]]


# --- Recovery codes -----------------------------------------------------------------------------------------------


@pytest.fixture
def feuille(ancv):
    """Ten codes on paper."""
    TelephoneFactory(ancv)
    return second_facteur.renouveler_codes(compte=ancv, maintenant=LE_2_MAI)


@pytest.mark.parametrize(
    "ecrire", [str, str.lower, lambda c: c.replace("-", " "), lambda c: c.replace("O", "0")]
)
def test_a_recovery_code_opens_once_however_it_is_typed(seul, ancv, feuille, ecrire):
    reponse = seul.post(SECOURS, {"passe_code": ecrire(feuille[3]), "next": "/admin/"})
    assert (reponse.status_code, reponse.url) == (302, "/admin/")
    assert "Il vous en reste 9." in texte(seul.get("/compte/"))
    evenement = EvenementSecurite.objects.order_by("-pk").first()
    assert (evenement.nature, evenement.detail, evenement.par) == ("SECOURS", "reste : 9", ancv)
    autre = Client()
    connecter(autre, ancv, second_facteur=False)
    assert autre.post(SECOURS, {"passe_code": feuille[3]}).status_code == 422
    assert autre.get("/admin/").status_code == 302


def test_a_wrong_recovery_code_makes_one_wait_and_writes_no_event(seul, feuille, horloge):
    for attente in (1, 2, 4):
        assert seul.post(SECOURS, {"passe_code": nouveau_code()}).status_code == 422
        assert f"Attendez {attente} seconde" in texte(seul.post(SECOURS, {"passe_code": feuille[0]}))
        horloge.shift(attente)
    assert "Il faut 16 lettres" in texte(seul.post(SECOURS, {"passe_code": "123456"}))
    assert natures() == ["CODES"]
    assert seul.post(SECOURS, {"passe_code": feuille[0]}).status_code == 302


def test_a_code_of_a_colleague_s_sheet_opens_nothing(seul, ancv, feuille):
    collegue = CompteFactory(ancv=True)
    TelephoneFactory(collegue)
    [autre, *_] = second_facteur.renouveler_codes(compte=collegue, maintenant=LE_2_MAI)
    assert seul.post(SECOURS, {"passe_code": autre}).status_code == 422


def test_renewed_codes_void_the_others_and_ask_for_the_password(chez, ancv, feuille):
    client = chez(ancv)
    assert client.post(CODES, {"passe_actuel": "faux"}).status_code == 422
    nouveaux = codes_montres(client.post(CODES, {"passe_actuel": MOT_DE_PASSE}))
    assert (len(nouveaux), set(nouveaux) & set(feuille)) == (10, set())
    for code, attendu in ((feuille[0], False), (nouveaux[0], True)):
        CarteDeSecours.objects.update(throttling_failure_count=0)
        verdict = second_facteur.verifier(
            compte=ancv, code=code, de_secours=True, maintenant=LE_2_MAI + timedelta(hours=1)
        )
        assert bool(verdict.appareil) is attendu


def test_the_pages_of_the_codes_are_not_open_to_the_password_alone(seul, feuille):
    assert seul.get(CODES).url == f"{PORTE}?next={CODES}"
    assert seul.post(CODES, {"passe_actuel": MOT_DE_PASSE}).status_code == 302
    assert seul.get(ACTIVER).url == PORTE
    assert seul.post(ACTIVER, {"passe_code": "123456", "passe_actuel": MOT_DE_PASSE}).url == PORTE
    assert natures() == ["CODES"]


# --- Another telephone, or none ------------------------------------------------------------------------------------


def test_another_telephone_takes_the_place_of_the_first_and_ends_its_sessions(chez, ancv, feuille, horloge):
    client = chez(ancv)
    ailleurs = Client()
    connecter(ailleurs, ancv)
    ancienne = TOTPDevice.objects.get().key
    assert activer(client, passe_actuel="faux").status_code == 422
    assert activer(client, passe_actuel=MOT_DE_PASSE).status_code == 200
    assert TOTPDevice.objects.get().key != ancienne
    assert client.get("/admin/").status_code == 200
    assert ailleurs.get("/admin/").status_code == 302
    horloge.shift(60)
    assert ailleurs.post(PORTE, {"passe_code": code_de(ancienne)}).status_code == 422
    assert ailleurs.post(SECOURS, {"passe_code": feuille[0]}).status_code == 422
    assert natures() == ["CODES", "TELEPHONE"]


def test_an_administrator_resets_a_colleague_with_a_reason_and_the_colleague_is_told(chez, ancv):
    collegue = CompteFactory(ancv=True, is_superuser=False, nom="Paul PERDU", email="paul@ancv.fr")
    TelephoneFactory(collegue)
    second_facteur.renouveler_codes(compte=collegue, maintenant=LE_2_MAI)
    perdu = Client()
    connecter(perdu, collegue)
    client = chez(ancv)
    adresse = reverse("admin:conventions_compte_reinitialiser", args=[collegue.pk])
    assert client.post(adresse, {"motif": " "}).status_code == 422
    assert client.post(adresse, {"motif": "Téléphone volé"}).status_code == 302
    assert (TOTPDevice.objects.filter(user=collegue).exists(), CodeDeSecours.objects.exists()) == (
        False,
        False,
    )
    evenement = EvenementSecurite.objects.order_by("-pk").first()
    assert (evenement.nature, evenement.compte, evenement.par, evenement.motif) == (
        "REINITIALISATION",
        collegue,
        ancv,
        "Téléphone volé",
    )
    courriel = Courriel.objects.order_by("-pk").first()
    assert courriel.destinataire == "paul@ancv.fr"
    assert "par Alix AGENT" in courriel.texte
    assert "Téléphone volé" in courriel.texte
    # The session that was open is at the door again, which offers to set up.
    assert perdu.get("/admin/").url == f"{PORTE}?next=/admin/"
    assert perdu.get(PORTE).url == ACTIVER
    assert client.post(adresse, {"motif": "Encore"}).status_code == 422


def test_nobody_resets_their_own_nor_a_colleague_without_being_administrator(chez, ancv):
    client = chez(ancv)
    soi = reverse("admin:conventions_compte_reinitialiser", args=[ancv.pk])
    assert "changez de téléphone sur la page" in texte(client.post(soi, {"motif": "x"}))
    simple = CompteFactory(ancv=True, is_superuser=False)
    assert chez(simple).post(soi, {"motif": "x"}).status_code == 403
    assert TOTPDevice.objects.filter(user=ancv).exists()


def test_the_server_s_command_resets_the_only_administrator(ancv, capsys):
    TelephoneFactory(ancv)
    call_command("reinitialiser_double_authentification", ancv.identifiant, "téléphone tombé à l'eau")
    assert not TOTPDevice.objects.exists()
    evenement = EvenementSecurite.objects.get()
    assert (evenement.par, evenement.motif) == (None, "téléphone tombé à l'eau")
    assert "Courriel" not in capsys.readouterr().out
    for identifiant, erreur in (("inconnu", "Aucun compte"), (ancv.identifiant, "n'a pas de double")):
        with pytest.raises(CommandError, match=erreur):
            call_command("reinitialiser_double_authentification", identifiant, "x")


@pytest.mark.parametrize("verbe", ["update", "delete"])
def test_the_journal_of_security_stands_for_ever(ancv, feuille, verbe):
    evenements = EvenementSecurite.objects.all()
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        evenements.update(motif="x") if verbe == "update" else evenements._raw_delete("default")
    assert natures() == ["CODES"]


# --- Two sessions with one code at the same instant ------------------------------------------------------------------


def ensemble(essai) -> list[bool]:
    """Two tries at once, each in its own connection: what each is worth."""
    depart = Barrier(2)

    def courir(_):
        try:
            connection.ensure_connection()
            depart.wait(120)
            return essai()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as fils:
        return sorted(fils.map(courir, range(2)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("de_secours", [False, True])
def test_of_two_sessions_that_give_one_code_at_once_one_opens(de_secours):
    compte = CompteFactory(ancv=True)
    cle = TelephoneFactory(compte).key
    for code in second_facteur.renouveler_codes(compte=compte, maintenant=LE_2_MAI)[:3]:
        TOTPDevice.objects.update(last_t=-1, throttling_failure_count=0)
        CarteDeSecours.objects.update(throttling_failure_count=0)
        donne = code if de_secours else code_de(cle)

        def essai(code=donne):
            return bool(
                second_facteur.verifier(
                    compte=compte, code=code, de_secours=de_secours, maintenant=LE_2_MAI
                ).appareil
            )

        assert ensemble(essai) == [False, True]


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_sessions_open():
    """The control: the device read before either has written opens twice with one code."""
    compte = CompteFactory(ancv=True)
    code = code_de(TelephoneFactory(compte).key)
    lus = Barrier(2)

    def essai():
        appareil = TOTPDevice.objects.get(user=compte)
        lus.wait(120)
        return appareil.verify_token(code)

    assert ensemble(essai) == [True, True]
