"""« Voir comme »: ANCV sees the site as an organisation does, for half an hour, and can write nothing there."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse

from conventions import voir_comme
from conventions.models import Compte, EvenementSecurite, Organisme
from conventions.tests.factories import CompteFactory, ConventionFactory, connecter
from conventions.voir_comme import PERSONNELLES, lecture_seule
from seniors.tests.factories import InscriptionFactory
from sev import views
from sev.tests.test_isolation import CAST, SECRETS, TABLE, Scene
from sev.tests.test_isolation import texte as tout_le_texte

LE_22_AVRIL = "2022-04-22T10:32:00+02:00"
LECTEUR = CAST.index("lecteur")


@pytest.fixture(autouse=True)
def horloge():
    with time_machine.travel(LE_22_AVRIL, tick=False) as voyage:
        yield voyage


@pytest.fixture
def scene(db):
    return Scene()


def ouvrir(scene, organisme, *, qui=None) -> Client:
    """A client of a member of staff, who sees as `organisme`."""
    client = Client(raise_request_exception=False)
    connecter(client, qui or scene.comptes["ancv"])
    adresse = reverse("admin:conventions_convention_voir-comme", args=[organisme.pk])
    assert client.post(adresse, {"motif": "Appel de Monique"}).url == "/"
    return client


@pytest.fixture
def vue(scene) -> Client:
    return ouvrir(scene, scene.groupe.porteur)


def evenements() -> list[tuple]:
    return [
        (e.nature, e.organisme_id, e.par.nom, e.detail.replace("\u00a0", " "), e.motif)
        for e in EvenementSecurite.objects.order_by("pk")
    ]


def texte(reponse) -> str:
    return unescape(reponse.content.decode()).replace("\u00a0", " ").replace("’", "'")


# --- What is seen -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("qui", ["porteur", "prestataire"])
def test_each_page_answers_as_to_a_reader_of_the_organisation(scene, qui):
    """The same statuses as the table of isolation gives its reader, but for what belongs to a person."""
    organisme = scene.comptes[qui].organisme
    client = ouvrir(scene, organisme)
    if qui == "prestataire":
        lecteur = Client(raise_request_exception=False)
        connecter(lecteur, CompteFactory(lecteur=True, organisme=organisme))
        attendus = {route: lecteur.get(scene.adresse(route)).status_code for route in TABLE}
    else:
        attendus = {route: int(TABLE[route][0].split()[LECTEUR]) for route in TABLE}
    personnelles = PERSONNELLES | {route for route in TABLE if route.startswith("double-authentification")}
    attendus |= dict.fromkeys(personnelles, 403) | {"voir-comme-quitter": 405}
    vus = {route: client.get(scene.adresse(route)).status_code for route in TABLE}
    assert {r: (vus[r], attendus[r]) for r in TABLE if vus[r] != attendus[r]} == {}


def test_every_page_says_whom_one_sees_and_how_to_come_back(scene, vue):
    nom = scene.groupe.porteur.nom
    for adresse in (
        "/",
        "/compte/",
        "/groupes/",
        f"/groupes/{scene.groupe.pk}/",
        "/accessibilite/",
        "/groupes/999999/",
    ):
        page = texte(vue.get(adresse))
        assert f"Vous voyez le site comme {nom}" in re.sub(r"</?strong>", "", page), adresse
        assert 'action="/voir-comme/quitter/" method="post"' in page
        assert "jusqu'à 11 h 02" in page


def test_the_page_of_a_group_is_the_reader_s_own(scene, vue):
    lecteur = scene.client("lecteur")
    sans = (
        r"(?s)<aside class=\"vue\".*?</aside>|<header.*?</header>|name=\"csrfmiddlewaretoken\" value=\"\w+\""
    )
    adresse = scene.adresse("groupe")
    a, b = (re.sub(sans, "", c.get(adresse).content.decode()).split() for c in (vue, lecteur))
    # What is printed says by whom.
    assert " ".join(a) == " ".join(b).replace(scene.comptes["lecteur"].nom, "Alix AGENT")


def test_no_income_is_shown_confidential_or_not(scene, vue):
    """Neither in a page nor in a document: a reader of the organisation has no page that shows one."""
    InscriptionFactory(groupe=scene.groupe, rfr=87_651, rfr_confidentiel=False)
    revenus = {str(SECRETS["rfr"]), str(SECRETS["revenu_imposable"]), "87651"}
    vus = set()
    for route in TABLE:
        reponse = vue.get(scene.adresse(route))
        if reponse.status_code == 200:
            page = tout_le_texte(reponse)
            vus |= {f"{route}: {revenu}" for revenu in revenus if revenu in page}
    assert vus == set()


def test_nothing_of_a_person_is_shown(scene, vue):
    page = texte(vue.get("/compte/"))
    assert ("Mot de passe" in page, "agenda" in page, "passe_actuel" in page) == (False, False, False)
    gardee = scene.adresse("recherche-oublier")
    assert gardee in texte(scene.client("porteur").get("/offres/"))
    assert gardee not in texte(vue.get("/offres/"))


# --- What is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("methode", ["post", "put", "patch", "delete"])
def test_every_unsafe_method_is_refused_on_every_page(scene, vue, methode):
    avant = {m: list(m.objects.order_by("pk").values()) for m in (Compte, Organisme, EvenementSecurite)}
    statuts = {
        route: getattr(vue, methode)(scene.adresse(route)).status_code
        for route in TABLE
        if route not in ("voir-comme-quitter", "deconnexion")
    }
    assert statuts == dict.fromkeys(statuts, 403)
    assert {m: list(m.objects.order_by("pk").values()) for m in avant} == avant


def test_what_is_refused_says_why_and_where_one_is(vue):
    reponse = vue.post("/compte/", {"nom": "AUTRE"})
    assert reponse.status_code == 403
    assert "rien ne peut être enregistré" in texte(reponse)
    assert "Vous voyez le site comme" in texte(reponse)


def test_the_admin_waits_until_one_comes_back(scene, vue):
    for adresse in (
        "/admin/",
        reverse("admin:conventions_compte_changelist"),
        "/admin/login/",
        "/admin/inconnue/",
    ):
        assert (vue.get(adresse).status_code, vue.post(adresse).status_code) == (403, 403), adresse
    assert "Revenez d'abord à l'administration." in texte(vue.get("/admin/"))


def test_the_database_itself_refuses_a_write(db):
    with pytest.raises(DatabaseError, match="read-only transaction"), lecture_seule():
        Organisme.objects.update(nom="ÉCRIT")
    with lecture_seule():
        assert Organisme.objects.count() == 0
    ConventionFactory()
    assert Organisme.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_view_that_would_write_fails_and_the_next_request_writes(monkeypatch):
    """On real transactions: the guard covers the whole view, and leaves the connection as it found it."""
    scene = Scene()
    client = ouvrir(scene, scene.groupe.porteur)

    def ecrire(*args, **kwargs):
        Organisme.objects.update(nom="ÉCRIT")

    monkeypatch.setattr(views, "_credits", ecrire)
    client.raise_request_exception = True
    with pytest.raises(DatabaseError, match="read-only transaction"):
        client.get("/")
    assert not Organisme.objects.filter(nom="ÉCRIT").exists()
    with connection.cursor() as curseur:
        curseur.execute("SHOW transaction_read_only")
        assert curseur.fetchone() == ("off",)
    assert client.post("/voir-comme/quitter/").status_code == 302
    assert [e[0] for e in evenements()] == ["VUE_DEBUT", "VUE_FIN"]


# --- Beginning, documents, end ------------------------------------------------------------------------------------


def test_it_is_told_from_beginning_to_end(scene, vue):
    porteur = scene.groupe.porteur
    assert vue.get(scene.adresse("liste-xlsx")).status_code == 200
    retour = vue.post("/voir-comme/quitter/")
    assert retour.url == reverse("admin:conventions_convention_change", args=[porteur.pk])
    assert vue.get(retour.url).status_code == 200
    assert evenements() == [
        ("VUE_DEBUT", porteur.pk, "Alix AGENT", "jusqu'à 11 h 02 au plus", "Appel de Monique"),
        ("VUE_DOCUMENT", porteur.pk, "Alix AGENT", scene.adresse("liste-xlsx"), ""),
        ("VUE_FIN", porteur.pk, "Alix AGENT", "retour à l'administration", ""),
    ]
    assert "Vous voyez le site comme" not in texte(vue.get("/accessibilite/"))
    assert vue.post("/voir-comme/quitter/").url == "/admin/"
    assert len(evenements()) == 3


def test_the_organisation_reads_in_its_journal_that_ancv_looked(scene, vue):
    page = texte(scene.client("porteur").get("/journal/"))
    assert "L'ANCV a ouvert le site en lecture, comme votre organisme" in page
    assert "Appel de Monique" in page
    assert "Alix AGENT" not in page
    assert "comme votre organisme" not in texte(scene.client("intrus").get("/journal/"))


@pytest.mark.parametrize(("minutes", "dedans"), [(29, True), (30, False)])
def test_half_an_hour_ends_it(scene, vue, horloge, minutes, dedans):
    horloge.shift(minutes * 60)
    reponse = vue.get("/groupes/")
    if dedans:
        assert reponse.status_code == 200
        return
    assert reponse.url == "/admin/"
    assert evenements()[-1][0::3] == ("VUE_FIN", "temps écoulé")
    assert "trente minutes sont passées" in texte(vue.get("/admin/"))


def test_a_form_sent_after_half_an_hour_is_not_done_either(scene, vue, horloge):
    horloge.shift(31 * 60)
    assert vue.post("/connexion/", {"username": "x"}).url == "/admin/"
    assert vue.get("/admin/").status_code == 200


def test_logging_out_ends_it(scene, vue):
    assert vue.post("/deconnexion/").url == "/connexion/"
    assert evenements()[-1][0::3] == ("VUE_FIN", "déconnexion")
    assert vue.get("/groupes/").url.startswith("/connexion/")


def test_losing_the_right_or_the_second_factor_ends_it_at_once(scene):
    agent = Compte.objects.get(pk=scene.comptes["ancv"].pk)
    lecture = _lecteur_de_l_ancv()
    client = ouvrir(scene, scene.groupe.porteur, qui=lecture)
    assert client.get("/groupes/").status_code == 200
    lecture.groups.clear()
    assert client.get("/groupes/").url == "/admin/"
    assert client.get("/groupes/").status_code == 403  # a page that ANCV does not have
    client = ouvrir(scene, scene.groupe.porteur, qui=agent)
    agent.totpdevice_set.all().delete()
    assert client.get("/groupes/").url == "/admin/"
    assert client.get("/admin/").url == "/double-authentification/?next=/admin/"
    assert [e[0] for e in evenements()] == ["VUE_DEBUT", "VUE_FIN"] * 2


def _lecteur_de_l_ancv() -> Compte:
    compte = CompteFactory(ancv=True, is_superuser=False, nom="Lise LECTURE")
    compte.groups.add(Group.objects.get(name="lecture"))
    return compte


def test_an_account_s_page_opens_its_organisation_and_staff_s_none(scene):
    client = Client()
    connecter(client, scene.comptes["ancv"])
    adresse = reverse("admin:conventions_compte_voir-comme", args=[scene.comptes["prestataire"].pk])
    assert "trente minutes au plus" in texte(client.get(adresse))
    assert client.post(adresse, {"motif": ""}).status_code == 422
    assert client.post(adresse, {"motif": "Question"}).url == "/"
    assert "Espace des prestataires" in texte(client.get("/"))
    assert evenements()[0][1] == scene.comptes["prestataire"].organisme_id


def test_a_convention_that_was_never_activated_shows_nothing(scene):
    convention = ConventionFactory(activee_le=None)
    client = Client()
    connecter(client, scene.comptes["ancv"])
    fiche = client.get(reverse("admin:conventions_convention_change", args=[convention.pk]))
    assert [libelle for libelle, _ in fiche.context["boutons"]] == ["Activer la convention"]
    adresse = reverse("admin:conventions_convention_voir-comme", args=[convention.pk])
    refus = client.post(adresse, {"motif": "x"})
    assert refus.status_code == 422
    assert "n'est pas encore activée" in texte(refus)
    assert voir_comme.CLE not in client.session


def test_a_forged_session_of_a_porteur_sees_as_nobody(scene):
    """Only the server writes sessions; were one to say so, the right would still be missing."""
    client = Client()
    connecter(client, scene.comptes["intrus"])
    session = client.session
    session[voir_comme.CLE] = {"organisme": scene.groupe.porteur.pk, "depuis": datetime.now(UTC).timestamp()}
    session.save()
    assert client.get(scene.adresse("groupe")).url == "/admin/"
    assert client.get(scene.adresse("groupe")).status_code == 404
