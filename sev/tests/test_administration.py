"""The admin's home: what waits, since when, for whom; the state of the service; the year; its cost."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from django.utils.html import escape

from activite.operations import relever
from conventions.tests.factories import CompteFactory, CreditFactory, ProgrammeFactory, connecter
from seniors.tests.factories import PARIS, InscriptionFactory, clair, groupe_dote
from sev.attente import FILES, Attente, files_de
from sev.echeances import ECHEANCES
from sev.socle.courriels import TENTATIVES_MAX
from sev.socle.models import Courriel, Passage
from sev.socle.temps import aujourdhui
from sev.tests.test_navigateur import entrer
from validation.models import Presence
from validation.operations.validations import confirmer
from validation.tests.factories import (
    CONFIRME_LE,
    VALIDE_LE,
    cles,
    comptes_de,
    instant,
    liste_confirmee,
    liste_du_manuel,
    liste_validee,
    signalement,
)
from validation.tests.versements import PAYEUR, iban_de, lot_prepare

pytestmark = pytest.mark.django_db

LE = date(2022, 7, 1)


@pytest.fixture
def ancv(client):
    compte = CompteFactory(ancv=True)
    connecter(client, compte)
    return compte


def attentes(compte, le: date = LE) -> dict[str, tuple[int, str]]:
    """The queues that are not empty: label → (rows, age)."""
    return {f.libelle: (f.combien, clair(f.age)) for f in files_de(compte, le=le) if f.combien}


# --- Queues -------------------------------------------------------------------------------------------------------


def test_nothing_waits_and_the_queues_are_shown_all_the_same(client, ancv):
    page = client.get("/admin/")
    assert [f.libelle for f in page.context["files"]] == [f.libelle for f in FILES]
    assert page.content.decode().count('<tr class="zero">') == len(FILES) + 2  # and the mails


def test_a_window_that_lapsed_waits_from_its_last_day_on(ancv):
    groupe = liste_du_manuel()
    liste_validee(groupe)  # on 30 May: the porteur has until 14 June
    assert attentes(ancv, date(2022, 6, 14)) == {}
    assert attentes(ancv, date(2022, 6, 15)) == {"Délais dépassés": (1, "depuis hier")}
    assert attentes(ancv, date(2022, 6, 24)) == {"Délais dépassés": (1, "depuis 10 jours")}
    assert attentes(ancv, date(2022, 6, 25)) == {"Délais dépassés": (1, "depuis 11 jours (plus de 10 jours)")}


def test_disagreements_wait_by_person_and_due_aids_by_aid(ancv):
    groupe = liste_du_manuel()
    liste_validee(groupe)
    porteur, _ = comptes_de(groupe)
    presents = cles(groupe, "Pierre RONVIN", "Bernard SAVATE")
    confirmer(groupe=groupe, presents=presents, par=porteur, le=CONFIRME_LE, maintenant=instant(CONFIRME_LE))
    assert Presence.objects.en_litige().count() == 2
    assert attentes(ancv, CONFIRME_LE) == {
        "Personnes en litige": (2, "depuis aujourd'hui"),
        "Aides à mettre dans un lot": (6, "depuis aujourd'hui"),
    }


def test_a_report_waits_until_it_is_answered_and_its_window_does_not_lapse(ancv):
    groupe = liste_du_manuel()
    _, prestataire = comptes_de(groupe)
    signalement(groupe, prestataire)
    assert attentes(ancv, VALIDE_LE + timedelta(5)) == {"Listes non conformes": (1, "depuis 5 jours")}
    assert attentes(ancv, LE) == {"Listes non conformes": (1, "depuis 32 jours (plus de 5 jours)")}


def test_a_batch_waits_until_it_is_paid(ancv, settings):
    settings.SEV_PAYEUR = PAYEUR
    groupe = liste_du_manuel()
    liste_confirmee(groupe)
    iban_de(groupe.sejour.offre.equipement.prestataire)
    lot_prepare()
    assert attentes(ancv, date(2022, 6, 21)) == {"Lots de versements à payer": (1, "depuis hier")}


def test_each_queue_leads_to_a_page_that_shows_it(client, ancv):
    for file in client.get("/admin/").context["files"]:
        assert client.get(file.adresse).status_code == 200, file.libelle


def test_an_age_is_never_below_today():
    assert Attente("File", 1, 0, 5, "/").age == "depuis aujourd'hui"
    assert Attente("File", 0, None, 5, "/").age == ""


# --- State of the service -----------------------------------------------------------------------------------------


def test_every_task_of_the_clock_stands_on_the_home_by_its_name(client, ancv):
    page = clair(client.get("/admin/").content.decode())
    lignes = [f'<th scope="row">{escape(echeance.libelle)}</th><td>jamais</td>' for echeance in ECHEANCES]
    assert [page.count(ligne) for ligne in lignes] == [1] * len(ECHEANCES)


def test_a_task_that_is_late_or_failed_is_told(client, ancv):
    with time_machine.travel(datetime(2022, 7, 1, 9, 0, tzinfo=PARIS), tick=False):
        connecter(client, ancv)
        debut = datetime(2022, 7, 1, 8, 30, tzinfo=PARIS)
        Passage.objects.create(tache="verrouillage", debut=debut, fin=debut, faits=12)
        recent = datetime(2022, 7, 1, 8, 59, tzinfo=PARIS)
        Passage.objects.create(tache="ouvertures", debut=recent, fin=recent, erreur="OSError: non")
        Passage.objects.create(tache="options", debut=recent, fin=recent, faits=2)
        page = clair(client.get("/admin/").content.decode())
    assert '<td class="retard">01/07/2022 à 8 h 30 : en retard</td><td class="n">12</td>' in page
    assert '<td class="retard">01/07/2022 à 8 h 59 : en échec</td><td class="n">0</td>' in page
    assert '<td>01/07/2022 à 8 h 59</td><td class="n">2</td>' in page


def test_mails_given_up_are_counted_with_a_link(client, ancv):
    Courriel.objects.create(
        cause="essai", destinataire="a@b.fr", sujet="s", texte="t", html="h", tentatives=TENTATIVES_MAX
    )
    page = clair(client.get("/admin/").content.decode())
    ligne = page.split('?envoye_le__isempty=1">Courriels en échec</a></th>')[1].split("</tr>")[0]
    assert ligne == '<td class="retard">adresses refusées</td><td class="n">1</td>'


# --- The year -----------------------------------------------------------------------------------------------------


@pytest.fixture
def en_juillet(client, ancv):
    with time_machine.travel(datetime(2022, 7, 1, 9, 0, tzinfo=PARIS), tick=False):
        connecter(client, ancv)
        yield


def test_the_year_says_money_now_registrations_as_counted_and_the_forecast(client, en_juillet):
    ProgrammeFactory(enveloppe=Decimal(10_000))
    for jours in (date(2021, 4, 22), date(2021, 4, 23), date(2021, 8, 5), date(2021, 8, 6)):
        InscriptionFactory(groupe=groupe_dote(160, sejour__debut=date(2021, 9, 4)), le=jours)
    for _ in range(3):
        InscriptionFactory(groupe=groupe_dote(200, sejour__debut=date(2022, 9, 3)))
    for annee in (2021, 2022):
        relever(annee=annee, le=LE, maintenant=instant(LE))
    InscriptionFactory(groupe=groupe_dote(180, sejour__debut=date(2022, 9, 3)))
    bord = client.get("/admin/").context["bord"]
    assert (bord.argent.alloue, bord.argent.utilise, bord.argent.verse) == (780, 720, 0)
    assert (bord.total.ici["inscrits"], bord.a_la_meme_date, bord.evolution) == (3, 2, Decimal("50.0"))
    # Half of last year's registrations were made by 1 July: three become six.
    assert (bord.prevision.inscrits, bord.prevision.accorde, bord.prevision.part) == (6, 1080, Decimal("0.5"))
    texte = clair(client.get("/admin/").content.decode())
    assert "environ 6 inscriptions et 1 080 € d'aides" in texte
    assert "50 % des inscriptions pour les séjours de 2021 étaient faites (2)" in texte


def test_a_year_never_counted_shows_its_money_and_no_forecast(client, en_juillet):
    CreditFactory(alloue=1_500, annee=2022)
    page = client.get("/admin/")
    assert page.context["bord"].releve is None
    assert page.context["bord"].argent.alloue == 1_500
    assert "Les inscriptions n'ont pas encore été relevées" in clair(page.content.decode())


# --- Rights, cost -------------------------------------------------------------------------------------------------


def test_each_person_sees_the_queues_they_may_open(client):
    compte = CompteFactory(ancv=True, is_superuser=False)
    connecter(client, compte)
    rien = client.get("/admin/").context
    assert (rien["files"], rien["etat"], rien["bord"], rien["raccourcis"]) == ([], None, None, [])
    compte.user_permissions.set(
        Permission.objects.filter(codename__in=["view_presence", "view_passage", "view_groupe"])
    )
    page = client.get("/admin/")
    assert [f.libelle for f in page.context["files"]] == ["Personnes en litige"]
    assert page.context["etat"]["refuses"] == ""
    assert page.context["raccourcis"] == [("Chercher un groupe", reverse("admin:sejours_groupe_changelist"))]
    assert page.context["bord"] is None


def test_the_home_costs_the_same_with_one_list_and_with_many(
    client, ancv, django_assert_max_num_queries, django_assert_num_queries
):
    ProgrammeFactory()
    liste_validee(liste_du_manuel())
    client.get("/admin/")
    with django_assert_max_num_queries(20) as une:
        client.get("/admin/")
    for _ in range(3):
        liste_validee(liste_du_manuel())
    relever(annee=2022, le=LE, maintenant=instant(LE))
    with django_assert_num_queries(len(une)):
        client.get("/admin/")


def test_groups_of_rights_are_not_taken_for_groups_of_seniors():
    assert Group._meta.verbose_name_plural == "groupes de droits"


@pytest.mark.navigateur
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("largeur", [1280, 390])
def test_the_home_and_the_activity_are_accessible_in_a_browser(page, largeur):
    ancv = CompteFactory(ancv=True)
    annee = aujourdhui().year
    ProgrammeFactory(annee=annee)
    InscriptionFactory(groupe=groupe_dote(sejour__debut=date(annee, 12, 5)), le=date(annee, 1, 5))
    relever(annee=annee, le=date(annee, 12, 1), maintenant=instant(date(annee, 12, 1)))
    page.set_viewport_size({"width": largeur, "height": 900})
    entrer(page, ancv)
    for adresse in (
        "/admin/",
        "/admin/activite/activite/",
        "/admin/activite/activite/?axe=equipement",
        "/admin/activite/activite/?axe=type",
        "/admin/activite/activite/occupation/",
    ):
        page.goto(adresse)
        violations = Axe().run(page).response["violations"]
        assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in violations] == [], adresse
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), adresse
