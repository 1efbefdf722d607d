"""Transfers that the bank sends back (V8): due again, paid again, counted once; forgotten IBANs (X4)."""

from datetime import date, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from conventions.models import Credit, Mouvement
from conventions.operations.conventions import clore
from conventions.tests.factories import CompteFactory
from seniors.tests.factories import clair, solde
from sev.controle import controler
from sev.retention import combien, purger
from sev.socle.models import Courriel
from validation.models import CoordonneesBancaires, Lot, Rejet, Versement, Virement
from validation.operations.rejets import RejetRefuse, annuler_rejet, rejeter
from validation.operations.versements import (
    CoordonneesRefusees,
    LotRefuse,
    creer_lot,
    defaire_lot,
    enregistrer_a_la_place,
    enregistrer_coordonnees,
)
from validation.tests.factories import comptes_de, instant, liste_confirmee, liste_du_manuel
from validation.tests.versements import IBANS, LOT_LE, PAYE_LE, PAYEUR, iban_de, lot_paye, lot_prepare
from validation.versements import Etat, annee_du_prestataire, parts, sommes_dues

pytestmark = pytest.mark.django_db

REJETE_LE = date(2022, 6, 27)
SUITE_LE = date(2022, 7, 4)
SUITE_PAYEE_LE = date(2022, 7, 6)


@pytest.fixture(autouse=True)
def payeur(settings):
    settings.SEV_PAYEUR = PAYEUR


@pytest.fixture
def ancv():
    return CompteFactory(ancv=True, nom="Alix AGENT")


@pytest.fixture
def groupe():
    """The manual's list, six aids of 160 € due; its provider has said where it is paid."""
    groupe = liste_du_manuel()
    liste_confirmee(groupe, "Pierre RONVIN", "Bernard SAVATE")
    iban_de(prestataire_de(groupe))
    return groupe


@pytest.fixture
def virement(groupe):
    """Their transfer, in a paid batch."""
    return lot_paye().virements.get()


def prestataire_de(groupe):
    return groupe.sejour.offre.equipement.prestataire


def rejete(virement, *, rejete_le=REJETE_LE, motif="AC04, compte clos", le=REJETE_LE, par=None) -> Rejet:
    return rejeter(
        virement=virement,
        rejete_le=rejete_le,
        motif=motif,
        par=par or virement.lot.cree_par,
        le=le,
        maintenant=instant(le),
    )


def annule(virement, motif="Autre virement") -> Rejet:
    return annuler_rejet(
        virement=virement, motif=motif, par=virement.lot.cree_par, maintenant=instant(REJETE_LE, 18)
    )


def suivant(*, iban=IBANS[1], groupe=None) -> Lot:
    """Return the next batch, the provider having changed its account."""
    if groupe is not None:
        iban_de(prestataire_de(groupe), iban, le=REJETE_LE + timedelta(1))
    return lot_prepare(le=SUITE_LE)


# --- Sent back ----------------------------------------------------------------------------------------------------


def test_what_the_bank_sends_back_is_due_again_and_counted_as_paid_once(groupe, virement, ancv):
    rejet = rejete(virement, par=ancv)
    assert (rejet.rejete_le, rejet.motif, rejet.constate_par) == (REJETE_LE, "AC04, compte clos", ancv)
    assert Versement.objects.rejetes().count() == 6
    assert set(Versement.objects.values_list("virement", "rejet")) == {(None, rejet.pk)}
    assert Credit.objects.get(convention=groupe.porteur_id).verse == 960
    assert list(controler()) == []
    lot = suivant(groupe=groupe)
    (second,) = lot.virements.all()
    assert (second.aides, second.montant, second.iban) == (6, 960, IBANS[1])
    lot_paye(lot, le=SUITE_PAYEE_LE)
    credit = Credit.objects.get(convention=groupe.porteur_id)
    assert (credit.alloue, credit.engage, credit.verse) == (1_500, 0, 960)
    assert Mouvement.objects.filter(nature="VERSEMENT").count() == 6
    assert list(controler()) == []


def test_the_same_transfer_twice_sent_back_is_paid_with_the_third(groupe, virement):
    rejete(virement)
    second = lot_paye(suivant(groupe=groupe), le=SUITE_PAYEE_LE).virements.get()
    rejete(second, rejete_le=SUITE_PAYEE_LE, le=SUITE_PAYEE_LE)
    assert list(controler()) == []
    iban_de(prestataire_de(groupe), IBANS[2], le=date(2022, 7, 8))
    troisieme = lot_paye(lot_prepare(le=date(2022, 7, 11)), le=date(2022, 7, 13))
    assert (troisieme.montant, troisieme.virements.get().iban) == (960, IBANS[2])
    assert Mouvement.objects.filter(nature="VERSEMENT").count() == 6
    assert Credit.objects.get(convention=groupe.porteur_id).verse == 960
    assert list(controler()) == []


def test_a_sum_that_falls_due_meanwhile_is_counted_and_the_others_are_not(groupe, virement):
    rejete(virement)
    autre = liste_du_manuel()
    liste_confirmee(autre)
    iban_de(prestataire_de(autre), IBANS[2])
    lot = lot_paye(suivant(groupe=groupe), le=SUITE_PAYEE_LE)
    assert lot.montant == 960 + 1_280
    assert Mouvement.objects.filter(nature="VERSEMENT", motif=f"lot {lot.reference}").count() == 8
    assert list(controler()) == []


def test_money_does_not_go_twice_to_the_account_that_sent_it_back(groupe, virement):
    rejete(virement)
    with pytest.raises(LotRefuse, match="rien à verser"):
        lot_prepare(le=SUITE_LE)
    (somme,) = sommes_dues(le=SUITE_LE)
    assert (somme.montant, somme.rejete, somme.virable) == (960, 960, 0)
    assert clair(somme.remarque) == (
        "960 € rejetés par la banque : le prestataire doit changer ou confirmer son IBAN"
    )
    # The same account, written again: the provider says that it is right.
    iban_de(prestataire_de(groupe), le=REJETE_LE + timedelta(1))
    (somme,) = sommes_dues(le=SUITE_LE)
    assert (somme.rejete, somme.virable) == (0, 960)
    assert somme.remarque == "IBAN confirmé le 28/06/2022"
    assert suivant().montant == 960
    confirme = Courriel.objects.get(sujet="Votre IBAN est confirmé")
    assert "a confirmé vos coordonnées bancaires, le mardi 28 juin 2022" in clair(confirme.texte)


def test_an_account_changed_before_the_bank_answered_is_paid_at_once(groupe, virement):
    iban_de(prestataire_de(groupe), IBANS[1], le=PAYE_LE)
    rejete(virement)
    assert sommes_dues(le=SUITE_LE)[0].remarque == "IBAN changé le 23/06/2022"
    assert lot_prepare(le=SUITE_LE).virements.get().iban == IBANS[1]


def test_an_account_confirmed_then_changed_is_a_changed_one(groupe, virement):
    rejete(virement)
    for rang, iban in ((1, IBANS[0]), (2, IBANS[1])):
        iban_de(prestataire_de(groupe), iban, le=REJETE_LE + timedelta(rang))
    assert sommes_dues(le=SUITE_LE)[0].remarque == "IBAN changé le 29/06/2022"


def test_the_provider_reads_why_and_where_to_act_and_the_porteur_nothing(groupe, virement):
    porteur, prestataire = comptes_de(groupe)
    avant = Courriel.objects.count()
    rejet = rejete(virement)
    courriel = Courriel.objects.get(cause=f"virement-rejete-{rejet.pk}")
    assert Courriel.objects.count() == avant + 1
    assert courriel.destinataire == prestataire.email
    texte = clair(courriel.texte)
    assert (
        f"Le virement de 960 € du jeudi 23 juin 2022 (référence {virement.reference}) a été rejeté par la banque : "
        "vérifiez votre IBAN." in texte
    )
    assert "Motif de la banque : AC04, compte clos" in texte
    assert "finit par 0189" in texte
    assert "/versements/coordonnees/" in texte
    assert IBANS[0] not in texte
    lot_paye(suivant(groupe=groupe), le=SUITE_PAYEE_LE)
    verses = Courriel.objects.filter(cause__startswith="lot-paye-").order_by("pk")
    assert sorted(verses.values_list("destinataire", flat=True)) == sorted(
        [porteur.email, prestataire.email, prestataire.email]
    )


def test_the_state_of_the_money_follows(groupe, virement):
    compte = comptes_de(groupe)[1]
    rejete(virement)
    (part,) = parts([groupe.pk])[groupe.pk]
    assert (part.etat, part.aides, part.montant, part.rejete_le, part.reference) == (
        Etat.REJETE,
        6,
        960,
        REJETE_LE,
        virement.reference,
    )
    totaux = annee_du_prestataire(compte, 2022).totaux
    assert {etat: total for etat, total in totaux.items() if total} == {Etat.REJETE: 960}
    lot = suivant(groupe=groupe)
    assert [part.etat for part in parts([groupe.pk])[groupe.pk]] == [Etat.EN_COURS]
    lot_paye(lot, le=SUITE_PAYEE_LE)
    (part,) = parts([groupe.pk])[groupe.pk]
    assert (part.etat, part.paye_le, part.rejete_le) == (Etat.VERSE, SUITE_PAYEE_LE, None)


def test_undoing_the_next_batch_leaves_the_sums_sent_back(groupe, virement):
    rejet = rejete(virement)
    lot = suivant(groupe=groupe)
    defaire_lot(lot=lot, motif="Erreur", par=lot.cree_par, maintenant=instant(SUITE_LE, 18))
    assert set(Versement.objects.values_list("virement", "rejet")) == {(None, rejet.pk)}
    assert list(controler()) == []
    assert lot_paye(lot_prepare(le=SUITE_LE), le=SUITE_PAYEE_LE).montant == 960
    assert Mouvement.objects.filter(nature="VERSEMENT").count() == 6


@pytest.mark.parametrize(
    ("jour", "accepte"),
    [(date(2022, 6, 22), False), (PAYE_LE, True), (REJETE_LE, True), (date(2022, 6, 28), False)],
    ids=str,
)
def test_the_day_of_the_return_is_between_the_payment_and_today(virement, jour, accepte):
    if accepte:
        assert rejete(virement, rejete_le=jour).rejete_le == jour
    else:
        with pytest.raises(RejetRefuse) as refus:
            rejete(virement, rejete_le=jour)
        assert refus.value.champ == "rejete_le"


def test_a_return_is_recorded_once_with_the_bank_s_reason(virement):
    with pytest.raises(RejetRefuse) as refus:
        rejete(virement, motif="  ")
    assert refus.value.champ == "motif"
    rejete(virement)
    with pytest.raises(RejetRefuse, match="déjà enregistré, par Alix AGENT"):
        rejete(virement)


def test_a_batch_that_is_not_paid_has_nothing_to_send_back(groupe):
    lot = lot_prepare()
    with pytest.raises(RejetRefuse, match="marquez d'abord le lot payé, ou défaites-le"):
        rejete(lot.virements.get())
    assert Versement.objects.a_verser().count() == 0


# --- Withdrawn ----------------------------------------------------------------------------------------------------


def test_a_return_recorded_by_mistake_is_withdrawn_and_told(groupe, virement):
    rejete(virement)
    rejet = annule(virement)
    assert (rejet.motif_annulation, rejet.annule_par) == ("Autre virement", virement.lot.cree_par)
    assert set(Versement.objects.values_list("virement", "rejet")) == {(virement.pk, None)}
    assert "il a bien été versé le jeudi 23 juin 2022" in clair(
        Courriel.objects.get(cause=f"virement-rejet-annule-{rejet.pk}").texte
    )
    assert list(controler()) == []
    with pytest.raises(RejetRefuse, match="n'est pas, ou n'est plus"):
        annule(virement)
    assert rejete(virement).pk != rejet.pk
    assert list(controler()) == []


def test_a_second_return_withdrawn_leaves_the_first_one(groupe, virement):
    rejete(virement)
    second = lot_paye(suivant(groupe=groupe), le=SUITE_PAYEE_LE).virements.get()
    rejete(second, rejete_le=SUITE_PAYEE_LE, le=SUITE_PAYEE_LE)
    annule(second)
    assert set(Versement.objects.values_list("virement", flat=True)) == {second.pk}
    assert list(controler()) == []
    with pytest.raises(RejetRefuse, match="déjà dans un autre lot"):
        annule(virement)


def test_a_return_stands_once_a_later_batch_has_taken_its_aids(groupe, virement):
    rejete(virement)
    lot = suivant(groupe=groupe)
    with pytest.raises(RejetRefuse, match="déjà dans un autre lot"):
        annule(virement)
    defaire_lot(lot=lot, motif="Erreur", par=lot.cree_par, maintenant=instant(SUITE_LE, 18))
    annule(virement)
    assert list(controler()) == []


def test_withdrawing_asks_why(virement):
    rejete(virement)
    with pytest.raises(RejetRefuse) as refus:
        annule(virement, motif=" ")
    assert refus.value.champ == "motif"


# --- What the database itself refuses -----------------------------------------------------------------------------


def refuse(erreur, quoi):
    return pytest.raises(erreur, match=quoi)


def test_a_sum_leaves_a_paid_batch_only_when_its_transfer_was_sent_back(groupe, virement):
    autre = liste_du_manuel()
    liste_confirmee(autre)
    iban_de(prestataire_de(autre), IBANS[2])
    ailleurs = lot_paye(lot_prepare(le=PAYE_LE)).virements.get()
    rejet = rejete(ailleurs)
    with refuse(IntegrityError, "versee_une_seule_fois"), transaction.atomic():
        Versement.objects.filter(virement=virement).update(virement=None)
    with refuse(IntegrityError, "versee_une_seule_fois"), transaction.atomic():
        Versement.objects.filter(virement=virement).update(rejet=rejet)
    with refuse(IntegrityError, "versee_une_seule_fois"), transaction.atomic():
        Versement.objects.filter(rejet=rejet).update(rejet=None)


def test_a_sum_sent_back_does_not_stand_in_the_paid_transfer_again(virement):
    rejete(virement)
    with refuse(IntegrityError, "versee_une_seule_fois"), transaction.atomic():
        Versement.objects.update(virement=virement)


def test_a_return_is_that_of_a_paid_transfer_once_and_is_never_rewritten(groupe, virement, ancv):
    faits = {"motif": "AC04", "constate_le": instant(REJETE_LE), "constate_par": ancv}
    with refuse(IntegrityError, "rejet_d_un_virement_paye"), transaction.atomic():
        Rejet.objects.create(virement=virement, rejete_le=date(2022, 6, 22), **faits)
    rejet = rejete(virement)
    with refuse(IntegrityError, "un_rejet_par_virement"), transaction.atomic():
        Rejet.objects.create(virement=virement, rejete_le=REJETE_LE, **faits)
    for ecriture in (
        lambda: Rejet.objects.update(motif="Autre"),
        lambda: Rejet.objects.update(rejete_le=PAYE_LE),
        lambda: Rejet.objects.filter(pk=rejet.pk)._raw_delete("default"),
    ):
        with refuse(ProgrammingError, "Cannot"), transaction.atomic():
            ecriture()
    annule(virement)
    with refuse(ProgrammingError, "Cannot"), transaction.atomic():
        Rejet.objects.update(motif_annulation="Autre")


# --- ANCV writes the account of a closed organisation -------------------------------------------------------------


def a_la_place(groupe, ancv, **sauf):
    donnees = {
        "prestataire": prestataire_de(groupe),
        "titulaire": "LIQUIDATEUR DES FLOTS",
        "iban": IBANS[1],
        "motif": "RIB du liquidateur, courrier du 1er juin",
        "par": ancv,
        "le": PAYE_LE,
        "maintenant": instant(PAYE_LE),
    }
    return enregistrer_a_la_place(**donnees | sauf)


def fermer(groupe, ancv) -> None:
    clore(convention=prestataire_de(groupe).convention, motif="Liquidation", par=ancv, le=PAYE_LE)


def test_ancv_says_where_to_pay_a_provider_whose_accounts_are_closed(groupe, ancv):
    titulaire = comptes_de(groupe)[1]
    prestataire_de(groupe).convention.activee_le = date(2022, 1, 1)
    prestataire_de(groupe).convention.save()
    fermer(groupe, ancv)
    a_la_place(groupe, ancv)
    coordonnees = CoordonneesBancaires.objects.get()
    assert (coordonnees.titulaire, coordonnees.iban) == ("LIQUIDATEUR DES FLOTS", IBANS[1])
    courriel = Courriel.objects.order_by("pk").last()
    assert (courriel.destinataire, courriel.sujet) == (titulaire.email, "Votre IBAN a changé")
    texte = clair(courriel.texte)
    assert "L'ANCV a changé vos coordonnées bancaires, le jeudi 23 juin 2022" in texte
    assert "Motif : RIB du liquidateur, courrier du 1er juin" in texte
    assert "AGENT" not in texte
    ecrit = CoordonneesBancaires.pgh_event_model.objects.order_by("pgh_id").last()
    assert (ecrit.pgh_context["nom"], ecrit.pgh_context["motif"]) == (
        "Alix AGENT",
        "RIB du liquidateur, courrier du 1er juin",
    )
    assert lot_prepare(le=PAYE_LE).virements.get().iban == IBANS[1]


def test_ancv_does_not_write_the_account_of_a_provider_who_can(groupe, ancv):
    with pytest.raises(CoordonneesRefusees, match="indique lui-même son IBAN"):
        a_la_place(groupe, ancv)
    assert CoordonneesBancaires.objects.get().iban == IBANS[0]


def test_ancv_writes_an_account_with_a_reason_and_for_a_provider(groupe, ancv):
    with pytest.raises(CoordonneesRefusees) as refus:
        a_la_place(groupe, ancv, motif=" ")
    assert refus.value.champ == "motif"
    with pytest.raises(CoordonneesRefusees, match="pas un prestataire"):
        a_la_place(groupe, ancv, prestataire=groupe.porteur)


def test_readers_alone_cannot_write_so_ancv_does(groupe, ancv):
    prestataire_de(groupe).comptes.update(titulaire=False, role="LECTEUR")
    a_la_place(groupe, ancv)
    assert CoordonneesBancaires.objects.get().iban == IBANS[1]


# --- Forgotten IBANs ----------------------------------------------------------------------------------------------


def jour(apres: int, depart: date = PAYE_LE) -> date:
    return depart + timedelta(apres)


@pytest.mark.parametrize(("apres", "dus"), [(89, 0), (90, 1), (400, 1)])
def test_the_bank_s_file_goes_ninety_days_after_the_payment(groupe, virement, apres, dus):
    assert combien(le=jour(apres))["fichiers-de-virement"] == dus
    fait = purger(le=jour(apres), maintenant=instant(jour(apres)))
    assert fait["fichiers-de-virement"] == dus
    lot = Lot.objects.get()
    assert (lot.fichier == "", Virement.objects.get().iban) == ((True, "0189") if dus else (False, IBANS[0]))
    assert purger(le=jour(apres), maintenant=instant(jour(apres)))["fichiers-de-virement"] == 0
    assert list(controler()) == []


def test_the_file_of_an_undone_batch_goes_too_and_one_to_be_paid_stays(groupe):
    defait = lot_prepare()
    defaire_lot(lot=defait, motif="Erreur", par=defait.cree_par, maintenant=instant(LOT_LE, 18))
    reste = lot_prepare()
    assert purger(le=jour(400), maintenant=instant(jour(400)))["fichiers-de-virement"] == 1
    assert {lot.pk: lot.fichier == "" for lot in Lot.objects.all()} == {defait.pk: True, reste.pk: False}
    assert set(Virement.objects.values_list("lot", "iban")) == {(defait.pk, "0189"), (reste.pk, IBANS[0])}
    assert list(controler()) == []


def test_what_goes_is_said_first_and_the_journal_tells_it(groupe, virement):
    sortie = StringIO()
    with time_machine.travel("2022-12-01T03:40:00+01:00", tick=False):
        call_command("purger", "--dry-run", stdout=sortie)
        assert "fichiers-de-virement : 1 " in sortie.getvalue()
        assert Lot.objects.get().fichier != ""
        call_command("purger", stdout=sortie)
    evenement = Lot.pgh_event_model.objects.order_by("pgh_id").last()
    assert evenement.pgh_context["action"] == "fichier effacé, durée de conservation"
    assert evenement.fichier_efface_le is not None


def test_nobody_else_takes_a_file_or_an_iban_away(groupe, virement):
    for ecriture in (
        lambda: Lot.objects.update(fichier="", fichier_efface_le=instant(PAYE_LE)),
        lambda: Lot.objects.update(fichier="<autre/>"),
        lambda: Virement.objects.update(iban="0189"),
    ):
        with refuse(DatabaseError, "Cannot"), transaction.atomic():
            ecriture()
    # The function itself leaves what is still to be paid.
    autre = liste_du_manuel()
    liste_confirmee(autre)
    iban_de(prestataire_de(autre), IBANS[2])
    lot = lot_prepare(le=PAYE_LE)
    with connection.cursor() as curseur:
        curseur.execute("SELECT validation_oublier_ibans(%s, now())", [[lot.pk]])
        assert curseur.fetchone() == (0,)
        # Even the owner, who may say that it forgets, rewrites nothing: neither a sum nor another IBAN.
        curseur.execute("SET LOCAL sev.oubli = 'permis'")
    for ecriture in (
        lambda: Lot.objects.filter(pk=virement.lot_id).update(montant=1),
        lambda: Lot.objects.filter(pk=virement.lot_id).update(
            fichier="", fichier_efface_le=instant(PAYE_LE), montant=1
        ),
        lambda: Lot.objects.filter(pk=lot.pk).update(fichier="", fichier_efface_le=instant(PAYE_LE)),
        lambda: Virement.objects.filter(pk=virement.pk).update(iban="0189"),
        lambda: Virement.objects.filter(pk=virement.pk).update(iban=IBANS[1]),
    ):
        with refuse(DatabaseError, "Cannot"), transaction.atomic():
            ecriture()


def test_an_account_that_was_paid_is_still_known_once_its_iban_is_forgotten(groupe, virement):
    le = jour(200)
    purger(le=le, maintenant=instant(le))
    autre = liste_du_manuel()
    liste_confirmee(autre)
    iban_de(prestataire_de(autre), IBANS[2], le=date(2022, 6, 1))
    remarques = {somme.prestataire: somme.remarque for somme in sommes_dues(le=le)}
    assert remarques == {prestataire_de(autre).pk: "Premier versement sur cet IBAN"}


def test_a_transfer_whose_iban_is_forgotten_may_still_come_back(groupe, virement):
    le = jour(120)
    purger(le=le, maintenant=instant(le))
    virement = Virement.objects.get(pk=virement.pk)
    assert virement.iban_masque == "… 0189"
    rejet = rejete(virement, rejete_le=le, le=le)
    assert "finit par 0189" in clair(Courriel.objects.get(cause=f"virement-rejete-{rejet.pk}").texte)
    assert list(controler()) == []


def test_nothing_of_the_porteur_moves(groupe, virement):
    avant = solde(groupe)
    rejete(virement)
    assert solde(groupe) == avant
    enregistrer_coordonnees(
        prestataire=prestataire_de(groupe),
        titulaire="SARL",
        iban=IBANS[2],
        par=comptes_de(groupe)[1],
        maintenant=instant(SUITE_LE),
    )
    creer_lot(execution_le=SUITE_LE, par=virement.lot.cree_par, le=SUITE_LE, maintenant=instant(SUITE_LE, 12))
    assert solde(groupe) == avant
