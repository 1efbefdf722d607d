"""What ANCV owes and pays (V8): bank details, batches, the bank's file, payment once and to the cent."""

import xml.etree.ElementTree as ET
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from sepaxml.validation import ValidationError as OrdreInvalide
from sepaxml.validation import try_valid_xml

from conventions.models import Credit, Mouvement
from conventions.operations.credits import CreditRefuse, verser
from conventions.tests.factories import CompteFactory
from seniors.tests.factories import clair, solde
from sev.controle import controler
from sev.socle.models import Courriel
from validation.documents.ordres import Ligne, Payeur, ordre_de_virement, sepa
from validation.models import CoordonneesBancaires, Lot, Presence, Versement, Virement
from validation.operations.validations import confirmer, trancher
from validation.operations.versements import (
    LotRefuse,
    creer_lot,
    defaire_lot,
    enregistrer_coordonnees,
    marquer_paye,
)
from validation.tests.factories import (
    CONFIRME_LE,
    cles,
    comptes_de,
    instant,
    liste_confirmee,
    liste_du_manuel,
    liste_validee,
)
from validation.tests.versements import (
    EXECUTION_LE,
    IBANS,
    LOT_LE,
    PAYE_LE,
    PAYEUR,
    iban_de,
    lot_paye,
    lot_prepare,
)

pytestmark = pytest.mark.django_db

PAIN = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
ABSENTS = ("Pierre RONVIN", "Bernard SAVATE")


@pytest.fixture(autouse=True)
def payeur(settings):
    settings.SEV_PAYEUR = PAYEUR


@pytest.fixture
def groupe():
    """The manual's list, six aids of 160 € due; its provider has said where it is paid."""
    groupe = liste_du_manuel()
    liste_confirmee(groupe, *ABSENTS)
    iban_de(prestataire_de(groupe))
    return groupe


@pytest.fixture
def ancv():
    return CompteFactory(ancv=True)


def prestataire_de(groupe):
    return groupe.sejour.offre.equipement.prestataire


def defait(lot, motif="Erreur de date"):
    return defaire_lot(lot=lot, motif=motif, par=lot.cree_par, maintenant=instant(LOT_LE, 18))


def lus(lot, chemin: str) -> list[str]:
    """Return the texts at `chemin` in the bank's file."""
    return [noeud.text for noeud in ET.fromstring(lot.fichier).iterfind(f".//{chemin}", PAIN)]


# --- Bank details -----------------------------------------------------------------------------------------


def test_a_provider_says_where_it_is_paid_and_its_holder_is_told_at_each_change(groupe):
    prestataire, holder = prestataire_de(groupe), comptes_de(groupe)[1]
    collegue = CompteFactory(collegue=True, organisme=prestataire, nom="Luc TRÉSOR")
    enregistrer_coordonnees(
        prestataire=prestataire,
        titulaire="SARL DES FLOTS",
        iban=IBANS[1],
        par=collegue,
        maintenant=instant(PAYE_LE),
    )
    coordonnees = CoordonneesBancaires.objects.get(prestataire=prestataire)
    assert (coordonnees.titulaire, coordonnees.iban) == ("SARL DES FLOTS", IBANS[1])
    premier, second = Courriel.objects.filter(cause__startswith=f"iban-{prestataire.pk}-").order_by("pk")
    assert (premier.sujet, second.sujet) == ("Votre IBAN est enregistré", "Votre IBAN a changé")
    assert premier.destinataire == second.destinataire == holder.email
    assert "Luc TRÉSOR a changé vos coordonnées bancaires, le jeudi 23 juin 2022 à 10 h 32." in clair(
        second.texte
    )
    assert "l'IBAN finissant par 7034, au nom de SARL DES FLOTS" in clair(second.texte)
    assert "/versements/coordonnees/" in second.texte
    assert not any(IBANS[1] in texte for texte in (second.texte, second.html))


def test_the_same_details_again_change_nothing(groupe):
    avant = CoordonneesBancaires.objects.get()
    iban_de(prestataire_de(groupe), le=PAYE_LE)
    assert CoordonneesBancaires.objects.get().modifiees_le == avant.modifiees_le
    assert Courriel.objects.filter(cause__startswith="iban-").count() == 1


def test_the_journal_keeps_the_end_of_an_iban_only(groupe):
    iban_de(prestataire_de(groupe), IBANS[1], le=PAYE_LE)
    evenements = CoordonneesBancaires.pgh_event_model.objects.order_by("pgh_id")
    assert [(e.fin, e.pgh_context["action"]) for e in evenements] == [
        ("0189", "coordonnées bancaires enregistrées"),
        ("7034", "coordonnées bancaires enregistrées"),
    ]
    with connection.cursor() as curseur:
        curseur.execute(
            "SELECT validation_coordonneesbancairesevent::text FROM validation_coordonneesbancairesevent"
        )
        assert not any(iban in ligne for (ligne,) in curseur.fetchall() for iban in IBANS)


@pytest.mark.parametrize("iban", ["FR76 3000 6000 0112 3456 7890 189", "fr7630006000011234567890189", ""])
def test_the_base_takes_a_compact_iban_only(groupe, iban):
    with pytest.raises(IntegrityError, match="iban_normalise"), transaction.atomic():
        CoordonneesBancaires.objects.update(iban=iban, fin=iban[-4:])


def test_the_base_knows_the_end_of_an_iban(groupe):
    with pytest.raises(IntegrityError, match="fin_de_l_iban"), transaction.atomic():
        CoordonneesBancaires.objects.update(iban=IBANS[1])


# --- Making a batch ---------------------------------------------------------------------------------------


def test_a_batch_takes_all_that_is_due_a_transfer_for_each_group(groupe, ancv):
    autre = liste_du_manuel(sejour__debut=date(2022, 5, 14))
    liste_confirmee(autre)
    iban_de(prestataire_de(autre), IBANS[2])
    lot = creer_lot(execution_le=EXECUTION_LE, par=ancv, le=LOT_LE, maintenant=instant(LOT_LE))
    assert (lot.montant, lot.execution_le, lot.cree_par) == (2_240, EXECUTION_LE, ancv)
    assert lot.reference == f"SEV-20220620-{lot.pk}"
    assert [
        (v.groupe, v.prestataire, v.titulaire, v.iban, v.aides, v.montant, v.reference)
        for v in lot.virements.order_by("pk")
    ] == [
        (
            g,
            prestataire_de(g),
            f"SARL {prestataire_de(g).nom}",
            iban,
            aides,
            montant,
            f"SEV-{lot.pk}-{g.pk}",
        )
        for g, iban, aides, montant in ((groupe, IBANS[0], 6, 960), (autre, IBANS[2], 8, 1_280))
    ]
    assert not Versement.objects.a_verser().exists()
    assert all(v.virement.groupe_id == v.groupe_id for v in Versement.objects.select_related("virement"))
    assert solde(groupe) == (1_500, 960, 540)
    assert Credit.objects.get(convention=groupe.porteur_id).verse == 0
    assert list(controler()) == []


def test_the_bank_s_file_says_who_is_paid_what_and_why(groupe):
    lot = lot_prepare(execution_le=EXECUTION_LE)
    try_valid_xml(lot.fichier.encode(), "pain.001.001.09")
    assert lus(lot, "p:GrpHdr/p:MsgId") == lus(lot, "p:PmtInfId") == [lot.reference]
    assert lus(lot, "p:GrpHdr/p:CreDtTm") == ["2022-06-20T10:32:00+02:00"]
    assert lus(lot, "p:NbOfTxs") == ["1", "1"]
    assert lus(lot, "p:CtrlSum") == ["960.00", "960.00"]
    assert lus(lot, "p:ReqdExctnDt/p:Dt") == ["2022-06-22"]
    assert lus(lot, "p:DbtrAcct/p:Id/p:IBAN") == [PAYEUR["iban"]]
    assert lus(lot, "p:DbtrAgt/p:FinInstnId/p:BICFI") == [PAYEUR["bic"]]
    assert lus(lot, "p:CdtrAcct/p:Id/p:IBAN") == [IBANS[0]]
    assert lus(lot, "p:EndToEndId") == [f"SEV-{lot.pk}-{groupe.pk}"]
    assert lus(lot, "p:InstdAmt") == ["960.00"]
    assert lus(lot, "p:Ustrd") == [f"SEV groupe {groupe.pk}, 6 aides, sejour 14/05/2022"]


def test_letters_that_a_bank_does_not_read_are_put_into_those_it_does(groupe):
    coordonnees = CoordonneesBancaires.objects.get()
    enregistrer_coordonnees(
        prestataire=coordonnees.prestataire,
        titulaire="Œuvre & Cie // L’Été « à » la mer — Ψ",
        iban=coordonnees.iban,
        par=CompteFactory(ancv=True),
        maintenant=instant(LOT_LE),
    )
    lot = lot_prepare()
    assert lus(lot, "p:Cdtr/p:Nm") == ["OEuvre + Cie / L'Ete a la mer -- Ps"]
    assert lot.virements.get().titulaire == "Œuvre & Cie // L’Été « à » la mer — Ψ"


@pytest.mark.parametrize(
    ("texte", "longueur", "attendu"),
    [
        ("Crédit d’été", 70, "Credit d'ete"),
        ("/compte//joint/", 70, "compte/joint"),
        ("A_B;C*D", 70, "A B C D"),
        ("ABCDE FGH", 6, "ABCDE"),
    ],
)
def test_the_letters_of_the_sepa_area(texte, longueur, attendu):
    assert sepa(texte, longueur) == attendu


def ordre(montant="160.05", iban=IBANS[0]) -> str:
    return ordre_de_virement(
        [Ligne("CAMPING", iban, "SEV-1-2", Decimal(montant), "SEV")],
        payeur=Payeur(**PAYEUR),
        reference="SEV-1",
        execution_le=EXECUTION_LE,
        cree_le=instant(LOT_LE),
    )


def test_the_same_batch_gives_the_same_file_cents_included():
    assert ordre() == ordre()
    assert 'Ccy="EUR">160.05<' in ordre()
    assert 'Ccy="EUR">0.05<' in ordre("0.05")
    assert 'Ccy="EUR">1234567.80<' in ordre("1234567.80")


def test_an_order_is_checked_against_its_schema():
    with pytest.raises(OrdreInvalide):
        ordre(iban="0612345678")


def test_a_file_that_the_schema_refuses_stops_everything(groupe, monkeypatch):
    def invalide(*args, **kwargs):
        raise OrdreInvalide

    monkeypatch.setattr("validation.operations.versements.ordre_de_virement", invalide)
    with pytest.raises(LotRefuse, match="rien n'est enregistré"):
        lot_prepare()
    assert not Lot.objects.exists()
    assert Versement.objects.a_verser().count() == 6


def test_a_provider_without_iban_is_left_out_until_it_gives_one(groupe):
    sans = liste_du_manuel()
    liste_confirmee(sans)
    assert lot_prepare().montant == 960
    assert Versement.objects.a_verser().count() == 8
    with pytest.raises(LotRefuse, match="rien à verser"):
        lot_prepare()
    iban_de(prestataire_de(sans), IBANS[3])
    assert lot_prepare().montant == 1_280


@pytest.mark.parametrize(
    "manque", [{"nom": ""}, {"iban": ""}, {"bic": ""}, {"iban": PAYEUR["iban"][:-1] + "6"}, {"bic": "BANQUE"}]
)
def test_without_ancv_s_own_account_no_batch_is_made(groupe, settings, manque):
    settings.SEV_PAYEUR = PAYEUR | manque
    with pytest.raises(LotRefuse, match="SEV_PAYEUR_IBAN"):
        lot_prepare()
    assert not Lot.objects.exists()


@pytest.mark.parametrize(("jours", "accepte"), [(-1, False), (0, True), (60, True), (61, False)], ids=str)
def test_the_execution_is_from_today_to_sixty_days(groupe, jours, accepte):
    jour = LOT_LE + timedelta(jours)
    if accepte:
        assert lot_prepare(execution_le=jour).execution_le == jour
    else:
        with pytest.raises(LotRefuse) as refus:
            lot_prepare(execution_le=jour)
        assert refus.value.champ == "execution_le"


# --- Paying -----------------------------------------------------------------------------------------------


def test_a_paid_batch_moves_each_aid_from_engaged_to_paid_to_the_cent(groupe, ancv):
    lot = lot_paye(par=ancv)
    assert (lot.paye_le, lot.paye_par) == (PAYE_LE, ancv)
    credit = Credit.objects.get(convention=groupe.porteur_id)
    assert (credit.alloue, credit.engage, credit.verse) == (1_500, 0, 960)
    entrees = Mouvement.objects.filter(nature="VERSEMENT")
    assert {e.inscription_id: e.montant for e in entrees} == dict(
        Versement.objects.values_list("pk", "montant")
    )
    assert {(e.credit, e.date, e.auteur, e.motif) for e in entrees} == {
        (credit, PAYE_LE, ancv, f"lot {lot.reference}")
    }
    assert list(controler()) == []


def test_a_paid_batch_is_told_to_each_provider_and_each_porteur_once(groupe):
    porteur, prestataire = comptes_de(groupe)
    lot = lot_paye()
    courriels = {c.destinataire: c for c in Courriel.objects.filter(cause__startswith=f"lot-paye-{lot.pk}-")}
    assert set(courriels) == {porteur.email, prestataire.email}
    recu = courriels[prestataire.email]
    assert clair(recu.sujet) == "Aides versées : 960 €"
    assert "L'ANCV vous a versé 960 €, le jeudi 23 juin 2022 (6 aides, 1 virement)." in clair(recu.texte)
    assert f": 6 aides, 960 €, référence SEV-{lot.pk}-{groupe.pk}." in clair(recu.texte)
    assert "/versements/" in recu.texte
    lu = clair(courriels[porteur.email].texte)
    assert "L'ANCV a versé au prestataire les aides de 1 groupe, le jeudi 23 juin 2022." in lu
    assert f"/validation/{groupe.pk}/" in lu
    assert "SEV-" not in lu


def test_credits_are_held_once_the_letters_are_written(groupe):
    """Writing thousands of them takes longer than whoever registers on these credits may wait."""
    lot = lot_prepare()
    with CaptureQueriesContext(connection) as captees:
        lot_paye(lot)
    dits = [q["sql"] for q in captees]
    (destinataires,) = [
        rang
        for rang, sql in enumerate(dits)
        if '"conventions_compte"."titulaire"' in sql.partition("WHERE")[2]
    ]
    (prise,) = [rang for rang, sql in enumerate(dits) if "conventions_credit" in sql and "FOR NO KEY" in sql]
    assert destinataires < prise


def test_a_batch_is_paid_once(groupe):
    lot = lot_paye()
    with pytest.raises(LotRefuse, match="déjà marqué payé, le jeudi"):
        lot_paye(lot)
    with pytest.raises(LotRefuse, match="déjà marqué payé"):
        defait(lot)
    assert Mouvement.objects.filter(nature="VERSEMENT").count() == 6


@pytest.mark.parametrize(
    ("jour", "accepte"),
    [(date(2022, 6, 19), False), (LOT_LE, True), (PAYE_LE, True), (date(2022, 6, 24), False)],
)
def test_the_day_of_payment_is_between_the_batch_and_today(groupe, ancv, jour, accepte):
    lot = lot_prepare()
    paye = {"lot": lot, "paye_le": jour, "par": ancv, "le": PAYE_LE, "maintenant": instant(PAYE_LE)}
    if accepte:
        assert marquer_paye(**paye).paye_le == jour
    else:
        with pytest.raises(LotRefuse) as refus:
            marquer_paye(**paye)
        assert refus.value.champ == "paye_le"


def test_two_batches_share_nothing(groupe):
    premier = lot_paye()
    autre = liste_du_manuel()
    liste_confirmee(autre, "Pierre RONVIN")
    iban_de(prestataire_de(autre), IBANS[1])
    second = lot_paye()
    assert (premier.montant, second.montant) == (960, 1_120)
    assert Mouvement.objects.filter(nature="VERSEMENT").count() == 13
    assert list(controler()) == []


def test_an_iban_changed_between_batch_and_payment_does_not_move_the_money(groupe):
    lot = lot_prepare()
    iban_de(prestataire_de(groupe), IBANS[4], le=PAYE_LE)
    lot_paye(lot)
    assert lot.virements.get().iban == IBANS[0]
    assert lus(Lot.objects.get(), "p:CdtrAcct/p:Id/p:IBAN") == [IBANS[0]]


def test_a_dispute_settled_later_goes_into_the_next_batch(ancv):
    groupe = liste_du_manuel()
    liste_validee(groupe)
    iban_de(prestataire_de(groupe))
    confirmer(
        groupe=groupe,
        presents=cles(groupe, "Pierre RONVIN"),
        par=comptes_de(groupe)[0],
        le=CONFIRME_LE,
        maintenant=instant(CONFIRME_LE),
    )
    assert lot_paye().montant == 1_120
    trancher(
        presence=Presence.objects.en_litige().get(),
        venu=True,
        motif="Attestation du village",
        par=ancv,
        le=PAYE_LE,
        maintenant=instant(PAYE_LE),
    )
    suivant = lot_paye(lot_prepare(le=PAYE_LE))
    (virement,) = suivant.virements.all()
    assert (virement.aides, virement.montant, virement.groupe) == (1, 160, groupe)
    assert Credit.objects.get(convention=groupe.porteur_id).verse == 1_280
    assert list(controler()) == []


def test_only_an_aid_that_is_engaged_is_paid(ancv):
    with pytest.raises(CreditRefuse, match="engagée"), transaction.atomic():
        verser(aides={123_456: Decimal(160)}, par=ancv, le=PAYE_LE, motif="essai")
    assert not Mouvement.objects.filter(nature="VERSEMENT").exists()


# --- Undoing ----------------------------------------------------------------------------------------------


def test_an_undone_batch_gives_its_sums_back_and_keeps_its_references(groupe):
    premier = defait(lot_prepare())
    assert (premier.etat, premier.motif_defait) == ("Défait", "Erreur de date")
    assert Versement.objects.a_verser().count() == 6
    second = lot_paye()
    assert (second.montant, second.virements.get().montant) == (960, 960)
    assert set(Virement.objects.values_list("reference", flat=True)) == {
        f"SEV-{lot.pk}-{groupe.pk}" for lot in (premier, second)
    }
    assert list(controler()) == []


def test_an_undone_batch_is_neither_paid_nor_undone_again(groupe):
    lot = defait(lot_prepare())
    for acte in (lot_paye, defait):
        with pytest.raises(LotRefuse, match="déjà défait"):
            acte(lot)
    assert not Mouvement.objects.filter(nature="VERSEMENT").exists()


def test_undoing_asks_why(groupe):
    with pytest.raises(LotRefuse) as refus:
        defait(lot_prepare(), motif="  ")
    assert refus.value.champ == "motif"
    assert not Versement.objects.a_verser().exists()


def test_the_journal_says_who_made_paid_and_undid_a_batch(groupe):
    defait(lot_prepare())
    lot_paye()
    actes = Lot.pgh_event_model.objects.order_by("pgh_id").values_list("pgh_context__action", flat=True)
    assert list(actes) == ["lot préparé", "lot défait", "lot préparé", "lot payé"]


# --- What the database itself refuses ---------------------------------------------------------------------


def test_a_sum_in_a_batch_cannot_leave_it_for_another_one(groupe):
    premier = lot_prepare()
    defait(premier)
    second = lot_prepare()
    for destination in (None, premier.virements.get().pk):
        with pytest.raises(IntegrityError, match="versee_une_seule_fois"), transaction.atomic():
            Versement.objects.update(virement=destination)
    lot_paye(second)
    with pytest.raises(IntegrityError, match="versee_une_seule_fois"), transaction.atomic():
        Versement.objects.update(virement=None)


def test_a_sum_joins_the_transfer_of_its_own_group_only(groupe):
    autre = liste_du_manuel()
    liste_confirmee(autre)
    lot = lot_prepare()
    with pytest.raises(IntegrityError, match="versee_une_seule_fois"), transaction.atomic():
        Versement.objects.filter(groupe=autre).update(virement=lot.virements.get())


def test_a_due_sum_is_never_removed(groupe):
    with pytest.raises(IntegrityError, match="versee_une_seule_fois"), transaction.atomic():
        Versement.objects.all().delete()


def test_a_batch_that_is_not_the_sum_of_its_aids_is_not_marked_paid(groupe, ancv):
    lot = lot_prepare()
    Virement.objects.create(
        lot=lot,
        groupe=liste_du_manuel(),
        prestataire=prestataire_de(groupe),
        titulaire="X",
        iban=IBANS[1],
        reference="SEV-EN-TROP",
        aides=1,
        montant=160,
    )
    with pytest.raises(IntegrityError, match="lot_egal_a_ses_aides"), transaction.atomic():
        lot_paye(lot)


@pytest.mark.parametrize("paye", [True, False])
def test_what_was_given_to_the_bank_is_never_rewritten(groupe, paye):
    lot = lot_paye() if paye else lot_prepare()
    for ecriture in (
        lambda: Lot.objects.filter(pk=lot.pk).update(montant=1),
        lambda: Lot.objects.filter(pk=lot.pk).update(fichier="<vide/>"),
        lambda: Virement.objects.update(iban=IBANS[1]),
        lambda: Virement.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
            ecriture()
