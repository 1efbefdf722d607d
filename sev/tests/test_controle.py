"""`manage.py controle`: silent on sound data, and a line for each breach, planted behind the triggers' back."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from conventions.models import Decision, Mouvement
from conventions.operations.complements import accorder, demander
from conventions.tests.factories import CompteFactory, CreditFactory, ProgrammeFactory
from sejours.operations.groupes import verrouiller_listes
from sejours.operations.options import poser
from sejours.tests.factories import GroupeFactory, PorteurFactory, SejourFactory
from seniors.models import Inscription
from seniors.operations.amendements import ajouter, retirer
from seniors.operations.inscriptions import effacer
from seniors.tests.factories import MAINTENANT, PARIS, InscriptionFactory, SeniorFactory, fiche
from sev.controle import CONTROLES, controler
from sev.socle.journal import acte
from validation.models import Signalement, Validation
from validation.operations.rejets import annuler_rejet, rejeter
from validation.operations.retention import effacer_fichiers
from validation.operations.validations import clore_sans_versement, confirmer
from validation.operations.versements import defaire_lot
from validation.tests.factories import (
    CONFIRME_LE,
    VALIDE_LE,
    cles,
    comptes_de,
    instant,
    liste_confirmee,
    liste_du_manuel,
    liste_validee,
)
from validation.tests.versements import LOT_LE, PAYEUR, iban_de, lot_paye, lot_prepare

pytestmark = pytest.mark.django_db

LE_24 = datetime(2022, 4, 24, 9, 0, tzinfo=PARIS)


@pytest.fixture
def liste():
    """A sound list of five: an aided couple, a carer and the person cared for, one removed."""
    porteur = PorteurFactory()
    CreditFactory(convention=porteur.convention, alloue=1500)
    groupe = GroupeFactory(porteur=porteur)
    premier = InscriptionFactory(groupe=groupe, dependant=True)
    InscriptionFactory(groupe=groupe, eligibilite="CONJOINT", senior_lie=premier)
    InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=premier)
    parti = InscriptionFactory(groupe=groupe)
    effacer(inscription=parti, par=None, le=date(2022, 4, 22), maintenant=MAINTENANT)
    InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    assert list(controler()) == []
    return groupe


def planter(sql: str, *, sans: str = "", **valeurs) -> None:
    """Write `sql` as nobody can: without the table's triggers, nor its constraint or index named `sans`."""
    table = re.match(r"(?:UPDATE|DELETE FROM) (\w+)", sql)[1]
    with connection.cursor() as curseur:
        curseur.execute("SET CONSTRAINTS ALL IMMEDIATE")
        if sans:
            curseur.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {sans}")
            curseur.execute(f"DROP INDEX IF EXISTS {sans}")
        curseur.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        curseur.execute(sql, valeurs)
        assert curseur.rowcount > 0
        curseur.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def trouves() -> list[str]:
    """Return the names of the rules that the control found broken, once each."""
    return sorted({ligne.split(" : ")[0] for ligne in controler()})


@pytest.mark.parametrize(
    ("regles", "sql", "sans"),
    [
        (["totaux_egaux_aux_ecritures"], "UPDATE conventions_credit SET engage = engage + 1", ""),
        (
            ["allocations_dans_l_enveloppe", "totaux_egaux_aux_ecritures"],
            "UPDATE conventions_credit SET alloue = alloue + 1",
            "",
        ),
        (
            ["credit_jamais_depasse", "totaux_egaux_aux_ecritures"],
            "UPDATE conventions_credit SET verse = 5000",
            "credit_jamais_depasse",
        ),
        (
            ["allocations_dans_l_enveloppe"],
            "UPDATE conventions_programme SET alloue = alloue - 1 WHERE alloue > 0",
            "",
        ),
        (
            ["allocations_dans_l_enveloppe"],
            "UPDATE conventions_programme SET enveloppe = 1 WHERE alloue > 0",
            "allocations_dans_l_enveloppe",
        ),
        (
            ["aide_egale_a_l_engagement"],
            "UPDATE seniors_inscription SET aide = aide + 1 WHERE aide IS NOT NULL",
            "",
        ),
        (
            ["aide_egale_a_l_engagement"],
            "UPDATE seniors_inscription SET aide = 160, motif_sans_aide = '', eligibilite = 'AIDE'"
            " WHERE eligibilite = 'PROGRAMME'",
            "",
        ),
        (
            ["aide_egale_a_l_engagement", "totaux_egaux_aux_ecritures"],
            "DELETE FROM conventions_mouvement WHERE nature = 'LIBERATION'",
            "",
        ),
        (["inscrits_comptes_et_dans_les_places"], "UPDATE sejours_groupe SET inscrits = inscrits + 1", ""),
        (
            ["inscrits_comptes_et_dans_les_places", "places_prises_du_sejour"],
            "UPDATE sejours_groupe SET places = 2",
            "inscrits_dans_les_places",
        ),
        (["places_prises_du_sejour"], "UPDATE sejours_sejour SET places_prises = 9", ""),
        (
            ["places_prises_du_sejour"],
            "UPDATE sejours_sejour SET places = 9",
            "sejour_jamais_surreserve",
        ),
        (["places_en_option_du_sejour"], "UPDATE sejours_sejour SET places_en_option = 1", ""),
        (
            ["rien_de_vivant_sur_un_sejour_annule"],
            "UPDATE sejours_sejour SET annule_le = now(), motif_annulation = 'Travaux'",
            "",
        ),
        (["dates_du_sejour_selon_l_offre"], "UPDATE sejours_offre SET annee = 2023", ""),
        (["dates_du_sejour_selon_l_offre"], "UPDATE sejours_offre SET duree = 5", ""),
        (["dernier_jour_17_jours_avant"], "UPDATE sejours_groupe SET dernier_jour = dernier_jour + 1", ""),
        (["inscription_aux_dates_du_sejour"], "UPDATE seniors_inscription SET debut = debut - 1", ""),
        (["inscription_aux_dates_du_sejour"], "UPDATE seniors_inscription SET fin = fin + 1", ""),
        (
            ["une_personne_liee_reste_sur_la_liste"],
            "UPDATE seniors_inscription SET dependant = false WHERE dependant",
            "",
        ),
        (
            ["une_personne_liee_reste_sur_la_liste"],
            "UPDATE seniors_inscription SET senior_lie_id = id WHERE eligibilite = 'CONJOINT'",
            "",
        ),
        (
            ["cles_d_identite"],
            "UPDATE seniors_senior SET cle_nom = 'AUTRE' WHERE id = (SELECT min(id) FROM seniors_senior)",
            "",
        ),
        (
            ["une_personne_en_usage"],
            "UPDATE seniors_senior SET fusionne_dans_id = (SELECT max(id) FROM seniors_senior)"
            " WHERE id = (SELECT min(id) FROM seniors_senior)",
            "",
        ),
        (["cles_d_identite"], "UPDATE seniors_senior SET ville_naissance = 'Brest'", ""),
        (
            ["chacun_son_role"],
            "UPDATE conventions_organisme SET nature = 'PRESTATAIRE', type_porteur = '' WHERE nature = 'PORTEUR'",
            "",
        ),
    ],
)
def test_each_breach_is_found_and_nothing_else(liste, regles, sql, sans):
    planter(sql, sans=sans)
    assert trouves() == regles


def test_two_aids_in_a_year_are_found(liste):
    autre = GroupeFactory(porteur=liste.porteur, sejour=SejourFactory(debut=date(2022, 10, 1)))
    aidee = liste.inscriptions.exclude(aide=None).first()
    seconde = InscriptionFactory(groupe=autre, senior=aidee.senior)
    planter(
        "UPDATE seniors_inscription SET aide = 160, motif_sans_aide = '' WHERE id = %(id)s",
        sans="une_aide_par_senior_et_par_an",
        id=seconde.pk,
    )
    assert trouves() == ["aide_egale_a_l_engagement", "une_aide_par_senior_et_par_an"]


def test_two_stays_at_once_are_found(liste):
    autre = GroupeFactory(porteur=liste.porteur, sejour=liste.sejour)
    seule = InscriptionFactory(groupe=autre, eligibilite="PROGRAMME")
    deja = liste.inscriptions.presentes().first()
    planter(
        "UPDATE seniors_inscription SET senior_id = %(senior)s WHERE id = %(id)s",
        sans="pas_deux_sejours_a_la_fois",
        senior=deja.senior_id,
        id=seule.pk,
    )
    assert trouves() == ["pas_deux_sejours_a_la_fois"]


def test_an_aid_taken_on_another_porteur_s_credit_is_found(liste):
    credit = CreditFactory(alloue=1500)
    engagement = Mouvement.objects.filter(nature="ENGAGEMENT").first()
    planter(
        "UPDATE conventions_mouvement SET credit_id = %(credit)s WHERE id = %(id)s",
        credit=credit.pk,
        id=engagement.pk,
    )
    assert trouves() == ["engagement_sur_le_bon_credit", "totaux_egaux_aux_ecritures"]


@pytest.mark.parametrize("verrouillee", [True, False])
def test_a_list_changed_after_its_last_day_is_found(liste, verrouillee):
    apres = datetime(2022, 4, 28, 0, 0, tzinfo=PARIS)
    if verrouillee:
        verrouiller_listes(le=date(2022, 4, 28), maintenant=apres)
    inscription = liste.inscriptions.presentes().first()
    Inscription.objects.filter(pk=inscription.pk).update(handicape=True, modifiee_le=apres)
    assert trouves() == ["liste_close_donc_inchangee"]


def test_the_last_evening_is_no_breach(liste):
    inscription = liste.inscriptions.presentes().first()
    soir = datetime(2022, 4, 27, 23, 59, 59, tzinfo=PARIS)
    Inscription.objects.filter(pk=inscription.pk).update(handicape=True, modifiee_le=soir)
    assert trouves() == []


def test_a_change_after_the_recorded_lock_is_found_though_it_hides_its_hour(liste):
    verrouiller_listes(le=date(2022, 4, 28), maintenant=datetime(2022, 4, 28, 0, 0, tzinfo=PARIS))
    # One transaction has one hour: the record of the lock is put a little earlier.
    planter("UPDATE sejours_groupeevent SET pgh_created_at = pgh_created_at - interval '1 second'")
    Inscription.objects.filter(pk=liste.inscriptions.presentes().first().pk).update(handicape=True)
    assert trouves() == ["liste_close_donc_inchangee"]


def test_places_held_beyond_those_of_the_stay_are_found(liste):
    ProgrammeFactory()
    poser(
        sejour=liste.sejour,
        places=3,
        message="",
        par=CompteFactory(convention=liste.porteur.convention),
        le=LE_24.date(),
        maintenant=LE_24,
    )
    assert trouves() == []
    planter("UPDATE sejours_sejour SET places = places_prises + 2", sans="sejour_jamais_surreserve")
    assert trouves() == ["places_en_option_du_sejour"]


def test_a_request_that_was_given_something_else_is_found(liste):
    porteur = CompteFactory(convention=liste.porteur.convention)
    demande = demander(
        convention=liste.porteur.convention,
        annee=2022,
        montant=Decimal(320),
        motif="Deux personnes attendent.",
        par=porteur,
        le=LE_24.date(),
        maintenant=LE_24,
    )
    accorder(
        demande=demande,
        montant=Decimal(320),
        reponse="",
        par=CompteFactory(ancv=True),
        le=LE_24.date(),
        maintenant=LE_24,
    )
    assert trouves() == []
    planter("UPDATE conventions_demandecomplement SET accorde = 160")
    assert trouves() == ["decisions_et_complements_au_grand_livre"]


def test_a_decision_of_another_amount_is_found(liste):
    mouvement = Mouvement.objects.get(nature="ALLOCATION")
    decision = Decision.objects.create(
        reference="EAS-1",
        convention=liste.porteur.convention,
        annee=2022,
        montant=1500,
        action="RENOUVELER",
        mouvement=mouvement,
        importee_le=LE_24,
    )
    assert trouves() == []
    Decision.objects.filter(pk=decision.pk).update(annee=2023)
    assert trouves() == ["decisions_et_complements_au_grand_livre"]


@pytest.mark.parametrize(
    ("ancv", "motif", "regles"),
    [
        (True, "Oubli du porteur", []),
        (True, "", ["liste_close_donc_inchangee"]),
        (False, "Oubli", ["liste_close_donc_inchangee"]),
    ],
)
def test_only_staff_with_a_reason_may_change_a_closed_list(liste, ancv, motif, regles):
    par = CompteFactory(ancv=True) if ancv else CompteFactory()
    with acte("correction", par=par, motif=motif):
        Inscription.objects.filter(pk=liste.inscriptions.presentes().first().pk).update(
            handicape=True, modifiee_le=LE_24 + timedelta(days=10)
        )
    assert trouves() == regles


# --- After the stay -----------------------------------------------------------------------------------------------


@pytest.fixture
def confirmee():
    """The manual's list, validated and confirmed: Pierre RONVIN, aided, did not come; one waits for ANCV's word."""
    groupe = liste_du_manuel()
    liste_validee(groupe, "Pierre RONVIN")
    confirmer(
        groupe=groupe,
        presents=cles(groupe, "Pierre RONVIN", "Bernard SAVATE"),
        par=comptes_de(groupe)[0],
        le=CONFIRME_LE,
        maintenant=instant(CONFIRME_LE),
    )
    assert list(controler()) == []
    return groupe


@pytest.fixture
def validee():
    """The same list when the provider alone has answered."""
    groupe = liste_du_manuel()
    liste_validee(groupe)
    assert list(controler()) == []
    return groupe


DU_PROGRAMME = "(SELECT min(id) FROM seniors_inscription WHERE eligibilite = 'PROGRAMME')"


@pytest.mark.parametrize(
    ("regles", "sql", "sans"),
    [
        (
            # What the confirmation did to the list is then no longer explained by it.
            ["liste_close_donc_inchangee", "solde_du_groupe"],
            "UPDATE sejours_groupe SET solde_le = NULL",
            "",
        ),
        (
            ["liste_close_donc_inchangee", "solde_du_groupe"],
            "UPDATE sejours_groupe SET solde_le = solde_le + interval '1 day'",
            "",
        ),
        (
            ["presences_de_la_liste"],
            f"DELETE FROM validation_presence WHERE inscription_id = {DU_PROGRAMME}",
            "",
        ),
        (
            ["presences_de_la_liste"],
            f"UPDATE validation_presence SET selon_porteur = NULL WHERE inscription_id = {DU_PROGRAMME}",
            "",
        ),
        (
            ["inscrits_comptes_et_dans_les_places", "presences_de_la_liste"],
            "UPDATE seniors_inscription SET effacee_le = now(), motif_sans_aide = 'EFFACEE'"
            f" WHERE id = {DU_PROGRAMME}",
            "",
        ),
        (
            ["quinze_jours_pour_repondre"],
            "UPDATE validation_validation SET echeance_prestataire = echeance_prestataire - 1",
            "",
        ),
        (
            ["quinze_jours_pour_repondre"],
            "UPDATE validation_validation SET echeance_porteur = echeance_porteur - 1",
            "",
        ),
        (
            ["absente_donc_sans_aide", "aide_egale_a_l_engagement"],
            "UPDATE seniors_inscription SET aide = 160, motif_sans_aide = '' WHERE motif_sans_aide = 'ABSENTE'",
            "",
        ),
        (
            ["partie_donc_aide_due"],
            "DELETE FROM validation_versement"
            " WHERE inscription_id = (SELECT min(inscription_id) FROM validation_versement)",
            "",
        ),
        (["partie_donc_aide_due"], "UPDATE validation_versement SET montant = montant - 1", ""),
    ],
)
def test_each_breach_on_a_confirmed_list_is_found(confirmee, regles, sql, sans):
    planter(sql, sans=sans)
    assert trouves() == regles


@pytest.mark.parametrize(
    ("regles", "sql"),
    [
        (
            ["presences_de_la_liste"],
            f"DELETE FROM validation_presence WHERE inscription_id = {DU_PROGRAMME}",
        ),
        (
            ["presences_de_la_liste"],
            "UPDATE validation_validation SET validee_le = NULL, validee_par_id = NULL, echeance_porteur = NULL",
        ),
        (
            ["presences_de_la_liste"],
            f"UPDATE validation_presence SET selon_porteur = true WHERE inscription_id = {DU_PROGRAMME}",
        ),
        (["solde_du_groupe"], "UPDATE sejours_groupe SET solde_le = now()"),
        (
            ["delai_arrete_par_un_signalement"],
            "UPDATE validation_validation SET arretee_le = '2022-06-01', jours_restants = 13",
        ),
    ],
)
def test_each_breach_on_a_list_to_confirm_is_found(validee, regles, sql):
    planter(sql)
    assert trouves() == regles


def test_people_whom_ancv_adds_or_removes_before_the_confirmation_are_no_breach(validee):
    ancv = {"par": CompteFactory(ancv=True), "le": CONFIRME_LE, "maintenant": instant(CONFIRME_LE)}
    retirer(inscription=validee.inscriptions.get(senior__nom="SAVATE"), motif="Erreur", **ancv)
    ajouter(groupe=validee, senior=SeniorFactory(), fiche=fiche("PROGRAMME"), motif="Oubli", **ancv)
    assert trouves() == []


def test_a_presence_on_the_list_of_another_group_is_found(validee):
    autre = liste_du_manuel()
    liste_validee(autre)
    planter(
        f"UPDATE validation_presence SET validation_id = %(autre)s WHERE inscription_id = {DU_PROGRAMME}",
        autre=autre.pk,
    )
    assert trouves() == ["presences_de_la_liste"]


def test_an_aid_on_a_list_closed_without_payment_is_found(validee):
    clore_sans_versement(
        validation=Validation.objects.get(),
        motif="Sans nouvelles",
        par=CompteFactory(ancv=True),
        le=date(2022, 6, 15),
        maintenant=instant(date(2022, 6, 15)),
    )
    assert trouves() == []
    planter(
        "UPDATE seniors_inscription SET aide = 160, motif_sans_aide = '' WHERE motif_sans_aide = 'NON_VERSEE'"
    )
    assert trouves() == ["aide_egale_a_l_engagement", "dossier_clos_donc_sans_aide"]


def test_an_answer_of_the_last_instant_of_a_day_is_no_breach(validee):
    """Its day was read before midnight, its instant after: the porteur's fifteen days are those of the day."""
    lendemain = instant(VALIDE_LE + timedelta(1), 0, 0)
    Validation.objects.update(validee_le=lendemain + timedelta(milliseconds=40))
    assert trouves() == []
    Validation.objects.update(validee_le=lendemain + timedelta(minutes=2))
    assert trouves() == ["quinze_jours_pour_repondre"]


def test_a_report_that_stops_no_clock_is_found(validee):
    porteur, _ = comptes_de(validee)
    Signalement.objects.create(
        validation=Validation.objects.get(), cote="PORTEUR", auteur=porteur, fait_le=instant(CONFIRME_LE)
    )
    assert trouves() == ["delai_arrete_par_un_signalement"]


# --- Money (V8) -----------------------------------------------------------------------------------------------------


@pytest.fixture
def payee(confirmee, settings):
    """The confirmed list, paid by a batch after another one that was undone; a third batch holds another list."""
    settings.SEV_PAYEUR = PAYEUR
    iban_de(confirmee.sejour.offre.equipement.prestataire)
    defait = lot_prepare()
    defaire_lot(lot=defait, motif="Essai", par=defait.cree_par, maintenant=instant(LOT_LE, 18))
    lot_paye()
    autre = liste_du_manuel(sejour=confirmee.sejour)
    liste_confirmee(autre)
    lot_prepare()
    assert list(controler()) == []
    return confirmee


UNE_PAYEE = "SELECT min(inscription_id) FROM conventions_mouvement WHERE nature = 'VERSEMENT'"


@pytest.mark.parametrize(
    ("regles", "sql", "sans"),
    [
        (
            ["aide_versee_par_un_lot_paye", "virement_egal_a_ses_aides"],
            f"UPDATE validation_versement SET virement_id = NULL WHERE inscription_id = ({UNE_PAYEE})",
            "",
        ),
        (
            ["virement_egal_a_ses_aides"],
            "UPDATE validation_virement SET aides = aides + 1 WHERE id = (SELECT max(id) FROM validation_virement)",
            "",
        ),
        (
            ["lot_egal_a_ses_virements", "virement_egal_a_ses_aides"],
            "UPDATE validation_virement SET montant = montant + 1 WHERE id = (SELECT max(id) FROM validation_virement)",
            "",
        ),
        (
            ["virement_egal_a_ses_aides"],
            "UPDATE validation_versement SET groupe_id = groupe_id, prestataire_id = (SELECT min(porteur_id) FROM"
            f" sejours_groupe) WHERE inscription_id = ({UNE_PAYEE})",
            "",
        ),
        (
            ["virement_egal_a_ses_aides"],
            "UPDATE validation_lot SET defait_le = now(), motif_defait = 'Perdu'"
            " WHERE id = (SELECT max(id) FROM validation_lot)",
            "",
        ),
        (["lot_egal_a_ses_virements"], "UPDATE validation_lot SET montant = montant - 160", ""),
        (
            ["aide_versee_par_un_lot_paye"],
            "UPDATE validation_lot SET paye_le = NULL, paye_par_id = NULL WHERE paye_le IS NOT NULL",
            "",
        ),
        (
            ["aide_versee_par_un_lot_paye"],
            "UPDATE validation_lot SET paye_le = execution_le, paye_par_id = cree_par_id"
            " WHERE id = (SELECT max(id) FROM validation_lot)",
            "",
        ),
        (
            ["aide_versee_par_un_lot_paye", "totaux_egaux_aux_ecritures"],
            f"DELETE FROM conventions_mouvement WHERE nature = 'VERSEMENT' AND inscription_id = ({UNE_PAYEE})",
            "",
        ),
        (
            ["aide_versee_par_un_lot_paye", "un_versement_par_inscription"],
            f"UPDATE conventions_mouvement SET inscription_id = ({UNE_PAYEE}) WHERE nature = 'VERSEMENT'",
            "un_versement_par_inscription",
        ),
        (
            ["somme_due_d_une_personne_partie", "virement_egal_a_ses_aides"],
            "UPDATE validation_versement SET groupe_id = (SELECT max(id) FROM sejours_groupe)"
            f" WHERE inscription_id = ({UNE_PAYEE})",
            "",
        ),
    ],
)
def test_each_breach_in_what_was_paid_is_found(payee, regles, sql, sans):
    planter(sql, sans=sans)
    assert trouves() == regles


# --- The other half of the rules that say two things ----------------------------------------------------------------


def test_people_on_a_cancelled_group_are_found(liste):
    planter("UPDATE sejours_groupe SET annule_le = now(), motif_annulation = 'Travaux'")
    assert trouves() == ["places_prises_du_sejour", "rien_de_vivant_sur_un_sejour_annule"]


def test_an_option_on_a_cancelled_stay_is_found():
    ProgrammeFactory()
    option = {"places": 3, "message": "", "le": LE_24.date(), "maintenant": LE_24}
    poser(sejour=SejourFactory(), par=CompteFactory(), **option)
    planter("UPDATE sejours_sejour SET annule_le = now(), motif_annulation = 'Travaux'")
    assert trouves() == ["rien_de_vivant_sur_un_sejour_annule"]


def test_an_equipement_of_a_porteur_is_found(liste):
    planter("UPDATE sejours_equipement SET prestataire_id = %(porteur)s", porteur=liste.porteur_id)
    assert trouves() == ["chacun_son_role"]


def test_every_control_has_been_seen_to_find_something():
    """The names above are all of them: a control that no test plants could find nothing for ever."""
    with open(__file__, encoding="utf-8") as source:
        texte = source.read()
    assert [controle.nom for controle in CONTROLES if f'"{controle.nom}"' not in texte] == []


def test_the_command_is_silent_on_sound_data(liste):
    sortie = StringIO()
    call_command("controle", stdout=sortie)
    assert sortie.getvalue() == "Tout est en ordre.\n"


def test_the_command_prints_one_line_per_breach_and_exits_1(liste):
    SeniorFactory()
    planter("UPDATE sejours_groupe SET dernier_jour = dernier_jour + 1")
    sortie = StringIO()
    with pytest.raises(SystemExit) as fin:
        call_command("controle", stdout=sortie)
    assert fin.value.code == 1
    assert sortie.getvalue().splitlines() == [
        f"dernier_jour_17_jours_avant : groupe {liste.pk} : dernier jour 2022-04-28, séjour du 2022-05-14"
    ]


# --- What the bank sent back, what is forgotten ---------------------------------------------------------------------


@pytest.fixture
def renvoye(settings):
    """A paid transfer that the bank sent back, its provider's account changed since; nothing in a batch yet."""
    settings.SEV_PAYEUR = PAYEUR
    groupe = liste_du_manuel()
    liste_confirmee(groupe)
    iban_de(groupe.sejour.offre.equipement.prestataire)
    virement = lot_paye().virements.get()
    rejeter(
        virement=virement,
        rejete_le=date(2022, 6, 27),
        motif="AC04",
        par=virement.lot.cree_par,
        le=date(2022, 6, 27),
        maintenant=instant(date(2022, 6, 27)),
    )
    assert list(controler()) == []
    return virement


@pytest.mark.parametrize(
    ("regles", "sql"),
    [
        # The record of the return alone: the aids still stand in the transfer.
        (
            ["rejet_d_un_virement_paye", "virement_egal_a_ses_aides"],
            "UPDATE validation_versement SET virement_id = %(virement)s, rejet_id = NULL",
        ),
        (["virement_egal_a_ses_aides"], "UPDATE validation_versement SET virement_id = %(virement)s"),
        # An aid forgotten by the return: the ledger alone remembers that it was paid.
        (
            ["aide_versee_par_un_lot_paye", "rejet_d_un_virement_paye"],
            "UPDATE validation_versement SET rejet_id = NULL"
            " WHERE inscription_id = (SELECT min(inscription_id) FROM validation_versement)",
        ),
        (["rejet_d_un_virement_paye"], "UPDATE validation_rejet SET rejete_le = '2022-06-22'"),
        (
            ["rejet_d_un_virement_paye", "virement_egal_a_ses_aides"],
            "UPDATE validation_rejet SET annule_le = now(), annule_par_id = constate_par_id,"
            " motif_annulation = 'Erreur'",
        ),
        (
            ["rejet_d_un_virement_paye"],
            "UPDATE validation_lot SET paye_le = NULL, paye_par_id = NULL",
        ),
        (["iban_oublie_avec_le_fichier"], "UPDATE validation_virement SET iban = '0189'"),
        (
            ["iban_oublie_avec_le_fichier"],
            "UPDATE validation_lot SET fichier = '', fichier_efface_le = now()",
        ),
    ],
)
def test_each_breach_about_a_return_is_found(renvoye, regles, sql):
    planter(sql, **({"virement": renvoye.pk} if "%(" in sql else {}))
    assert trouves() == regles


def test_a_paid_return_withdrawn_or_forgotten_is_no_breach(renvoye):
    annuler_rejet(
        virement=renvoye, motif="Erreur", par=renvoye.lot.cree_par, maintenant=instant(date(2022, 6, 28))
    )
    le = date(2022, 12, 1)
    assert effacer_fichiers(cles=[renvoye.lot_id], le=le, maintenant=instant(le)) == 1
    assert trouves() == []
