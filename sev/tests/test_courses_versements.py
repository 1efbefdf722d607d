"""Races over money: batches made, paid and undone at once, while lists are confirmed; each lost without its guard."""

import re
from contextlib import ExitStack, contextmanager

import pytest
from django.db import DatabaseError

from conventions.models import Mouvement
from conventions.operations import credits as operations_des_credits
from conventions.tests.factories import CompteFactory
from sejours.models import Groupe
from sejours.tests.factories import GroupeFactory
from seniors.tests.factories import InscriptionFactory, groupe_dote
from sev.controle import controler
from sev.socle.models import Courriel
from sev.tests.test_courses import (
    MANCHES,
    double_par,
    ecart,
    ensemble,
    erreurs,
    invariants,
    sans,
    sans_aucun_verrou,
)
from validation.models import Lot, Rejet, Versement, Virement
from validation.operations.rejets import annuler_rejet, rejeter
from validation.operations.validations import confirmer
from validation.operations.versements import creer_lot, defaire_lot, marquer_paye
from validation.tests.factories import (
    CONFIRME_LE,
    cles,
    comptes_de,
    instant,
    liste_confirmee,
    liste_validee,
)
from validation.tests.versements import IBANS, LOT_LE, PAYE_LE, iban_de, lot_prepare

pytestmark = pytest.mark.django_db(transaction=True)

COLLEGUES = 8


# --- Scenes and acts ----------------------------------------------------------------------------------------------


def liste(porteur=None, aides: int = 1) -> Groupe:
    """Return a group of `porteur`, or of a new one with enough credit, with as many aided people on its list."""
    groupe = GroupeFactory(porteur=porteur) if porteur else groupe_dote(alloue=5_000)
    for _ in range(aides):
        InscriptionFactory(groupe=groupe)
    comptes_de(groupe)
    return groupe


def due(porteur=None, aides: int = 1) -> Groupe:
    """Return such a group once its aids are due to a provider who has said where it is paid."""
    groupe = liste(porteur, aides)
    liste_confirmee(groupe)
    iban_de(groupe.sejour.offre.equipement.prestataire)
    return groupe


def preparation(par):
    return lambda: creer_lot(execution_le=LOT_LE, par=par, le=LOT_LE, maintenant=instant(LOT_LE))


def paiement(lot, par):
    return lambda: marquer_paye(lot=lot, paye_le=PAYE_LE, par=par, le=PAYE_LE, maintenant=instant(PAYE_LE))


def abandon(lot, par):
    return lambda: defaire_lot(lot=lot, motif="Erreur", par=par, maintenant=instant(PAYE_LE))


def renvoi(virement, par):
    return lambda: rejeter(
        virement=virement,
        rejete_le=PAYE_LE,
        motif="AC04",
        par=par,
        le=PAYE_LE,
        maintenant=instant(PAYE_LE),
    )


def retrait_du_renvoi(virement, par):
    return lambda: annuler_rejet(virement=virement, motif="Erreur", par=par, maintenant=instant(PAYE_LE))


def confirmation(groupe):
    porteur, presents = comptes_de(groupe)[0], cles(groupe)
    return lambda: confirmer(
        groupe=groupe, presents=presents, par=porteur, le=CONFIRME_LE, maintenant=instant(CONFIRME_LE)
    )


def argent() -> list[str]:
    """Tell what is wrong with the money: in the base, and in what the bank was given."""
    vivants = Virement.objects.filter(lot__defait_le__isnull=True).exclude(
        rejets__in=Rejet.objects.en_vigueur()
    )
    remis = sum(virement.montant for virement in vivants)
    pris = sum(v.montant for v in Versement.objects.filter(virement__isnull=False))
    return [*ecart("given to the bank", remis, pris), *controler(), *invariants()]


# --- Races ----------------------------------------------------------------------------------------------------------


def un_lot_prepare_par_huit():
    """Eight colleagues make a batch at once: one takes everything, the others find nothing left."""
    ancv, groupes = CompteFactory(ancv=True), [due() for _ in range(6)]
    issues = ensemble(*[preparation(ancv)] * COLLEGUES)
    lots = [issue for issue in issues if isinstance(issue, Lot)]
    return erreurs(issues) + ecart("batches", [lot.montant for lot in lots], [160 * len(groupes)]) + argent()


def un_lot_paye_par_huit():
    ancv, groupe = CompteFactory(ancv=True), due(aides=3)
    lot = lot_prepare(par=ancv)
    issues = ensemble(*[paiement(lot, ancv)] * COLLEGUES)
    siennes = Mouvement.objects.filter(nature="VERSEMENT", credit__convention=groupe.porteur_id)
    return (
        erreurs(issues)
        + ecart("paid", sum(isinstance(issue, Lot) for issue in issues), 1)
        + ecart("entries", siennes.count(), 3)
        + ecart("mails", Courriel.objects.filter(cause__startswith=f"lot-paye-{lot.pk}-").count(), 2)
        + argent()
    )


def paye_contre_defait():
    """Some mark a batch paid while others undo it: it is one or the other."""
    ancv = CompteFactory(ancv=True)
    due(aides=3)
    lot = lot_prepare(par=ancv)
    issues = ensemble(*[paiement(lot, ancv), abandon(lot, ancv)] * 4)
    lot.refresh_from_db()
    # A round that ended by undoing left its sums to this one.
    prises = sum(virement.aides for virement in lot.virements.all())
    libres = Versement.objects.filter(groupe__in=lot.virements.values("groupe")).a_verser().count()
    return (
        erreurs(issues)
        + ecart("done", sum(isinstance(issue, Lot) for issue in issues), 1)
        + ecart("due again", libres, 0 if lot.paye_le else prises)
        + argent()
    )


def paiements_contre_confirmations():
    """Batches over the same porteurs are paid while other lists of these porteurs are confirmed: both take credits."""
    ancv, porteurs = CompteFactory(ancv=True), [due().porteur for _ in range(4)]
    lots = [lot_prepare(par=ancv)]
    for sens in (1, -1, 1):
        for porteur in porteurs[::sens]:
            due(porteur)
        lots.append(lot_prepare(par=ancv))
    listes = [liste(porteur) for porteur in porteurs * 2]
    for groupe in listes:
        liste_validee(groupe)
    issues = ensemble(*(paiement(lot, ancv) for lot in lots), *(confirmation(groupe) for groupe in listes))
    return (
        erreurs(issues)
        + ecart("paid", Lot.objects.filter(pk__in=[lot.pk for lot in lots], paye_le=PAYE_LE).count(), 4)
        + ecart("due", Versement.objects.filter(groupe__in=listes).a_verser().count(), 8)
        + argent()
        + _tout_verser(ancv)
    )


def _tout_verser(par) -> list[str]:
    """Pay what the race left, so that the next round begins with nothing due."""
    for groupe in Groupe.objects.filter(versements__virement__isnull=True).distinct():
        iban_de(groupe.sejour.offre.equipement.prestataire)
    paiement(lot_prepare(par=par), par)()
    return argent()


def un_lot_prepare_contre_defait():
    """A batch is undone while colleagues make the next one: each sum stands in one live batch, or waits."""
    ancv = CompteFactory(ancv=True)
    groupe = due(aides=3)
    lot = lot_prepare(par=ancv)
    issues = ensemble(*[abandon(lot, ancv), preparation(ancv)] * 4)
    vivants = Virement.objects.filter(groupe=groupe, lot__defait_le__isnull=True)
    libres = Versement.objects.filter(groupe=groupe).a_verser().count()
    return (
        erreurs(issues)
        + ecart("in a batch or due", sum(v.aides for v in vivants) + libres, 3)
        + argent()
        + _reverser(groupe, ancv)
    )


def un_virement_rejete_par_huit():
    """Eight colleagues record the same return at once: it is written once, told once."""
    ancv, groupe = CompteFactory(ancv=True), due(aides=3)
    lot = lot_prepare(par=ancv)
    paiement(lot, ancv)()
    virement = lot.virements.get(groupe=groupe)
    issues = ensemble(*[renvoi(virement, ancv)] * COLLEGUES)
    rejets = Rejet.objects.filter(virement=virement)
    return (
        erreurs(issues)
        + ecart("recorded", sum(isinstance(issue, Rejet) for issue in issues), 1)
        + ecart(
            "mails",
            Courriel.objects.filter(cause__startswith="virement-rejete-").count(),
            Rejet.objects.count(),
        )
        + ecart("in force", rejets.en_vigueur().count(), 1)
        + argent()
        + _reverser(groupe, ancv)
    )


def rejet_annule_contre_lot():
    """A return is withdrawn while colleagues make the next batch: the aids are paid by one transfer or the other."""
    ancv, groupe = CompteFactory(ancv=True), due(aides=3)
    lot = lot_prepare(par=ancv)
    paiement(lot, ancv)()
    virement = lot.virements.get(groupe=groupe)
    renvoi(virement, ancv)()
    iban_de(virement.prestataire, IBANS[1], le=PAYE_LE)
    issues = ensemble(*[retrait_du_renvoi(virement, ancv), preparation(ancv)] * 4)
    return erreurs(issues) + argent() + _reverser(groupe, ancv)


def _reverser(groupe, par) -> list[str]:
    """Pay the aids again, if they wait, with what else is due, and tell what is wrong then."""
    if Versement.objects.filter(groupe=groupe).a_verser().exists():
        iban_de(groupe.sejour.offre.equipement.prestataire, IBANS[1], le=PAYE_LE)
        lot_prepare(par=par, le=PAYE_LE)
    for lot in Lot.objects.filter(paye_le__isnull=True, defait_le__isnull=True):
        paiement(lot, par)()
    siennes = Mouvement.objects.filter(nature="VERSEMENT", credit__convention=groupe.porteur_id)
    return ecart("entries", siennes.count(), 3) + argent()


COURSES = {
    "a batch made by eight colleagues takes each sum once": un_lot_prepare_par_huit,
    "a batch marked paid by eight colleagues is paid once": un_lot_paye_par_huit,
    "a batch paid and undone at once is one or the other": paye_contre_defait,
    "batches paid while lists are confirmed": paiements_contre_confirmations,
    "a batch undone while the next one is made": un_lot_prepare_contre_defait,
    "a return recorded by eight colleagues is one": un_virement_rejete_par_huit,
    "a return withdrawn while the next batch is made": rejet_annule_contre_lot,
}


# --- What guards them, taken away ---------------------------------------------------------------------------------


@contextmanager
def credits_en_desordre():
    """A payment takes the credits as they come, not by key."""
    with pytest.MonkeyPatch.context() as patch:
        verrou, ecriture = operations_des_credits.VERROUILLER_LES_CREDITS, operations_des_credits.VERSER
        assert "ORDER BY id FOR NO KEY UPDATE" in verrou
        patch.setattr(
            operations_des_credits, "VERROUILLER_LES_CREDITS", verrou.replace("FOR NO KEY UPDATE", "")
        )
        patch.setattr(
            operations_des_credits,
            "VERSER",
            ecriture.replace("ORDER BY e.credit_id, a.inscription_id", "ORDER BY random()"),
        )
        yield


# Race, what is taken away, what must then be seen.
PERDUES = [
    (un_lot_prepare_par_huit, [sans_aucun_verrou()], "versee_une_seule_fois"),
    (
        un_lot_prepare_par_huit,
        [sans_aucun_verrou(), sans("validation_versement", "versee_une_seule_fois")],
        "given to the bank",
    ),
    (un_lot_paye_par_huit, [sans_aucun_verrou()], "un_versement_par_inscription"),
    (
        un_lot_paye_par_huit,
        [sans_aucun_verrou(), sans("conventions_mouvement", "un_versement_par_inscription")],
        "entries: |credit_jamais_depasse|Cannot update",
    ),
    (paye_contre_defait, [sans_aucun_verrou()], "Cannot update|versee_une_seule_fois|lot_egal|ni_paye"),
    (paiements_contre_confirmations, [credits_en_desordre()], "deadlock detected|lock timeout"),
    (un_virement_rejete_par_huit, [sans_aucun_verrou()], "un_rejet_par_virement"),
    (
        rejet_annule_contre_lot,
        [sans_aucun_verrou()],
        "versee_une_seule_fois|rejet_d_un|Cannot update|virement_egal",
    ),
]


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_each_sum_is_paid_once(course):
    for _ in range(MANCHES):
        assert course() == []


@pytest.mark.parametrize(
    ("course", "retraits", "vu"), PERDUES, ids=[f"{course.__name__}, {vu}" for course, _, vu in PERDUES]
)
def test_without_its_guard_each_race_over_money_is_lost(course, retraits, vu):
    with ExitStack() as pile:
        for retrait in retraits:
            pile.enter_context(retrait)
        fautes = []
        for _ in range(60):
            fautes += course()
            if re.search(vu, "\n".join(fautes)):
                return
    pytest.fail(f"lost in no round: {fautes}")


def test_without_its_lock_a_batch_is_undone_twice():
    """Luck alone would rarely lose this one: the other act is let in at the worst instant, and the base refuses."""
    ancv = CompteFactory(ancv=True)
    due()
    lot = lot_prepare(par=ancv)
    with (
        sans_aucun_verrou(),
        pytest.raises(DatabaseError, match="Cannot update"),
        double_par(abandon(lot, ancv), avant='UPDATE "validation_lot"'),
    ):
        defaire_lot(lot=lot, motif="Une autre raison", par=ancv, maintenant=instant(PAYE_LE))
