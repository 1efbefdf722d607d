"""`manage.py demo`: every promised situation exists, whatever the day; loading twice changes nothing."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, F
from django.test.utils import CaptureQueriesContext

from conventions.models import Compte, Credit, Fermeture, Tarif
from conventions.tests.factories import OrganismeFactory
from sejours.models import Equipement, Groupe, Option, Sejour
from seniors.models import Inscription, Senior
from seniors.tests.factories import InscriptionFactory
from sev.demo import scenario
from sev.socle.models import Courriel
from validation.models.validations import Phase
from validation.suivi import phase_du_groupe

PARIS = ZoneInfo("Europe/Paris")
JOURS = [
    date(2026, 6, 20),  # closing today departs in July
    date(2026, 7, 20),  # in the middle of the closed season
    date(2026, 11, 21),
    date(2026, 12, 9),
    date(2026, 12, 13),  # the last day on which an open list can be this year's
    date(2026, 12, 14),
    date(2026, 12, 24),
    date(2026, 12, 31),
    date(2027, 1, 1),
    date(2027, 1, 10),
    date(2028, 2, 29),
]


def demo(*options) -> str:
    sortie = StringIO()
    call_command("demo", *options, stdout=sortie)
    return sortie.getvalue()


def jour_de_paris(le: date):
    return time_machine.travel(datetime(le.year, le.month, le.day, 0, 20, tzinfo=PARIS), tick=False)


@pytest.fixture(params=JOURS, ids=str)
def jour(request, db):
    """Load the demo on that day, just after midnight in Paris."""
    with jour_de_paris(request.param):
        demo()
        yield request.param


def groupes(numero: str):
    return Groupe.objects.complets().filter(porteur__convention__numero=numero)


def test_every_situation_of_the_contract_is_there(jour):
    a_moi = list(groupes("ancv2528"))
    lieu = ("ACTIF RESIDENCE LES CYCLADES", "LA GRANDE MOTTE", "34", "MER")

    [ouvert] = [g for g in a_moi if g.modifiable(jour) and g.dernier_jour > jour]
    equipement = ouvert.sejour.offre.equipement
    assert (ouvert.inscrits, ouvert.places, ouvert.sejour.duree) == (2, 10, 8)
    assert (equipement.nom, equipement.ville, equipement.departement, equipement.environnement) == lieu
    assert equipement.prestataire.nom == "ACTIF RESIDENCE"
    assert [i.aide for i in ouvert.inscriptions.all()] == [160, 160]
    assert ouvert.prix == 410

    [ce_soir] = [g for g in a_moi if g.modifiable(jour) and g.dernier_jour == jour]
    assert ce_soir.sejour.debut == jour + timedelta(17)

    [verrouille] = [g for g in a_moi if g.verrouille(jour) and g.sejour.debut > jour]
    assert verrouille.verrouille_le is not None

    finis = sorted(jour - g.sejour.fin for g in a_moi if g.sejour.fin < jour)
    assert finis[0] == timedelta(1)
    assert timedelta(2) <= finis[1] <= timedelta(15)
    assert len(finis) == 3
    ancien = min(a_moi, key=lambda g: g.sejour.debut)
    assert ancien.sejour.annee == jour.year - 1
    assert {i.aide for i in ancien.inscriptions.all()} == {Decimal(160)}

    phases = {jour - g.sejour.fin: phase_du_groupe(g, le=jour)[0] for g in a_moi if g.sejour.fin < jour}
    assert [phases[age] for age in finis] == [Phase.PRESTATAIRE, Phase.PORTEUR, Phase.CONFIRMEE]
    assert {v.virement.lot.paye_le.year for v in ancien.versements.all()} == {jour.year - 1}


def test_the_credits_are_those_of_the_contract(jour):
    [ouvert] = [g for g in groupes("ancv2528") if g.inscrits == 2]
    cette_annee = Credit.objects.get(convention__numero="ancv2528", programme=jour.year)
    du_groupe = Credit.objects.get(convention__numero="ancv2528", programme=ouvert.sejour.annee)
    assert (cette_annee.alloue, du_groupe.alloue) == (1500, 1500)
    assert du_groupe.disponible >= 860

    [epuise] = groupes("ancv1654")
    credit = Credit.objects.get(convention__numero="ancv1654", programme=epuise.sejour.annee)
    assert (credit.alloue, credit.utilise, credit.disponible) == (640, 640, 0)
    assert [i.aide for i in epuise.inscriptions.all()] == [160] * 4
    assert epuise.modifiable(jour)
    assert epuise.places_restantes > 0


def test_an_ordinary_day_meets_the_manual_s_figures(db):
    with jour_de_paris(date(2026, 4, 22)):
        demo()
    credit = Credit.objects.get(convention__numero="ancv2528", programme=2026)
    assert (credit.alloue, credit.utilise, credit.disponible) == (1500, 320, 1180)
    assert not Credit.objects.filter(programme=2027).exists()
    assert Inscription.objects.filter(motif_sans_aide="DEJA_AIDE").count() == 4


def test_stays_keep_the_programme_s_rules(jour):
    for sejour in Sejour.objects.all():
        assert not Fermeture.objects.filter(debut__lte=sejour.fin, fin__gte=sejour.debut).exists()
    tarifs = {
        (duree, debut): Tarif.objects.au(duree=duree, debut=debut).values_list("prix", "aide")[0]
        for duree in (8, 5)
        for debut in Sejour.objects.values_list("debut", flat=True)
    }
    assert set(tarifs.values()) == {(410, 160), (343, 150)}


def test_nothing_breaks_an_invariant(jour):
    call_command("controle", stdout=StringIO())


def test_loading_twice_changes_nothing(jour):
    def lignes():
        with connection.cursor() as curseur:
            return {
                table: curseur.execute(f'SELECT count(*) FROM "{table}"').fetchone()
                for table in connection.introspection.table_names(curseur)
            }

    avant, mots_de_passe = lignes(), set(Compte.objects.values_list("password"))
    with time_machine.travel(timedelta(days=40)):
        assert demo().startswith("The demo is already there")
    assert (lignes(), set(Compte.objects.values_list("password"))) == (avant, mots_de_passe)


def test_the_accounts_open_with_the_password_of_the_contract(db):
    sortie = demo()
    comptes = {c.identifiant: c for c in Compte.objects.select_related("organisme")}
    porteurs = {"ancv2528", "ancv2528-lecteur", "ancv1654", "ancv3107"}
    assert set(comptes) == porteurs | {"presta34", "presta17", "ancv"}
    for identifiant, compte in comptes.items():
        assert compte.check_password("Vacances-2026!")
        assert f"\n  {identifiant} " in sortie
    lecteur, ancv = comptes["ancv2528-lecteur"], comptes["ancv"]
    assert (lecteur.organisme, lecteur.peut_ecrire) == (comptes["ancv2528"].organisme, False)
    assert (ancv.is_staff, ancv.is_superuser) == (True, True)
    assert comptes["presta34"].organisme.nom == "ACTIF RESIDENCE"
    assert comptes["ancv1654"].organisme.nom == "ASSOCIATION VOYAGES"
    assert comptes["presta17"].est_prestataire


def test_its_acts_wrote_their_mails(db):
    demo()
    causes = Courriel.objects.values_list("cause", flat=True)
    genres = {re.sub(r"[-:]\d.*", "", cause) for cause in causes}
    assert genres == {
        "activation",
        "invitation",
        "groupe-preinscrit",
        "liste-verrouillee-porteur",
        "liste-verrouillee-prestataire",
        "option-posee",
        "option-refusee",
        "validation-ouverte-porteur",
        "validation-confirmee",
        "iban",
        "lot-paye",
    }


def test_the_offer_covers_the_country_and_fills_unevenly(jour):
    lieux = Equipement.objects.all()
    assert lieux.count() >= 30
    assert lieux.values("departement").distinct().count() >= 25
    assert lieux.values("prestataire").distinct().count() >= 8
    assert set(lieux.values_list("environnement", flat=True)) == set(Equipement.Environnement.values)
    a_venir = Sejour.objects.demandables(le=jour)
    assert a_venir.count() >= 150
    taux = sorted(s.places_prises / s.places for s in a_venir)
    assert (taux[0], taux[-1] > 0.9) == (0, True)
    assert 0.2 < sum(taux) / len(taux) < 0.8
    assert a_venir.avec_places(10).count() >= 50


def test_options_wait_for_an_answer_on_both_sides(jour):
    for numero in ("presta34", "presta17"):
        compte = Compte.objects.get(identifiant=numero)
        [option] = Option.objects.pour(compte).en_cours()
        assert option.decidable(jour)
    [refusee] = Option.objects.filter(issue="REFUSEE")
    assert refusee.porteur.nom == "ASSOCIATION VOYAGES"


def test_it_loads_in_little_time_and_few_queries(db):
    with CaptureQueriesContext(connection) as captees:
        demo()
    assert len(captees) < 1500


def test_lists_show_couples_carers_single_rooms_and_diets(db):
    demo()
    inscriptions = Inscription.objects.all()
    assert inscriptions.filter(conjoint__conjoint__isnull=False).count() >= 6
    assert inscriptions.filter(eligibilite="AIDANT").count() >= 2
    assert inscriptions.filter(chambre_individuelle=True).count() >= 4
    assert inscriptions.exclude(commentaires="").count() >= 4
    assert inscriptions.exclude(regroupement="").count() >= 4


def test_other_people_s_data_are_left_alone(db):
    OrganismeFactory()
    with pytest.raises(CommandError, match="left as it is"):
        demo()
    assert not Compte.objects.exists()


def test_an_open_list_is_this_year_s_until_mid_december():
    for le in (date(2026, 1, 1) + timedelta(n) for n in range(1461)):
        depart = scenario.samedi_ouvert(le, dans=35)
        assert depart - le >= timedelta(18)
        assert not scenario.touche_la_saison(depart, depart + timedelta(7))
        fin_d_annee = date(le.year, 12, 31)
        dernier_samedi = fin_d_annee - timedelta((fin_d_annee.weekday() - 5) % 7)
        assert (depart.year == le.year) == (dernier_samedi - le >= timedelta(18)), le


@pytest.mark.parametrize(
    ("sejours", "attendue"),
    [
        ([], (date(2026, 7, 15), date(2026, 8, 23))),
        ([(date(2026, 6, 1), date(2026, 6, 8))], (date(2026, 7, 15), date(2026, 8, 23))),
        ([(date(2026, 7, 10), date(2026, 7, 17))], (date(2026, 7, 18), date(2026, 8, 23))),
        (
            [(date(2026, 8, 6), date(2026, 8, 13)), (date(2026, 7, 12), date(2026, 7, 19))],
            (date(2026, 7, 20), date(2026, 8, 5)),
        ),
        ([(date(2026, 7, 1), date(2026, 8, 30))], None),
    ],
)
def test_the_closed_season_gives_way_to_the_demo_s_own_stays(sejours, attendue):
    assert scenario.fermeture_possible(2026, sejours) == attendue


# --- --scale --------------------------------------------------------------------------------------------------


@pytest.fixture
def a_l_echelle(db):
    with jour_de_paris(date(2026, 4, 22)):
        sortie = demo("--scale", "30")
        yield sortie


def test_ten_years_in_bulk_break_no_invariant(a_l_echelle):
    assert "6000 registrations over ten years added" in a_l_echelle
    assert Groupe.objects.filter(porteur__convention__numero__startswith="mesure").count() == 300
    par_an = Inscription.objects.filter(groupe__porteur__convention__numero__startswith="mesure")
    assert dict(par_an.values_list("annee").annotate(n=Count("pk"))) == dict.fromkeys(range(2017, 2027), 600)
    call_command("controle", stdout=StringIO())


def test_the_guards_stand_again_after_the_bulk(a_l_echelle):
    inscription = Inscription.objects.filter(aide__isnull=False).last()
    for ordre in (
        "UPDATE conventions_mouvement SET montant = 1",
        "UPDATE conventions_credit SET alloue = alloue + 1",
        "UPDATE sejours_groupe SET inscrits = 0",
        f"UPDATE seniors_inscription SET inscrite_le = now() WHERE id = {inscription.pk}",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as curseur:
            curseur.execute(ordre)


def test_lists_of_the_bulk_can_be_filled_through_the_operations(a_l_echelle):
    le = date(2026, 4, 22)
    ouvert = Groupe.objects.filter(
        porteur__convention__numero="mesurep1", dernier_jour__gte=le, inscrits__lt=F("places")
    ).first()
    titulaire = Compte.objects.get(identifiant="mesurep1")
    inscription = InscriptionFactory(groupe=ouvert, par=titulaire, le=le)
    assert inscription.aide == 160
    call_command("controle", stdout=StringIO())


def test_bulk_twice_changes_nothing(a_l_echelle):
    avant = Inscription.objects.count()
    assert "already there" in demo("--scale", "50").splitlines()[-1]
    assert Inscription.objects.count() == avant


def test_the_bulk_is_the_same_at_each_run(db):
    empreintes = []
    for _ in range(2):
        with transaction.atomic():
            with jour_de_paris(date(2026, 4, 22)):
                demo("--scale", "2")
            seniors = Senior.objects.order_by("pk").values_list("nom", "prenom", "date_naissance", "ville")
            aides = Inscription.objects.order_by("pk").values_list("eligibilite", "aide", "debut")
            empreintes.append((list(seniors), list(aides)))
            transaction.set_rollback(True)
    assert empreintes[0] == empreintes[1]


@pytest.mark.parametrize("nombre", ["0", "-3"])
def test_a_scale_below_one_is_refused(db, nombre):
    with pytest.raises(CommandError, match="at least"):
        demo("--scale", nombre)
