"""Races of the answers after a stay: colleagues, both sides, ANCV, the queue; each lost once its guard is removed.

The clock's own are in test_courses_validation, reports' in test_courses_signalements, payments' in
test_courses_versements.
"""

import re
from contextlib import ExitStack
from datetime import date, timedelta

import pytest
from django.db.models import Sum

from conventions.models import Mouvement
from conventions.tests.factories import CompteFactory
from sejours.models import Groupe
from sejours.tests.factories import GroupeFactory
from seniors.operations.amendements import ajouter, amender, retirer
from seniors.operations.annulations import annuler_sejour
from seniors.operations.files import servir_file, servir_toutes_les_files
from seniors.tests.factories import InscriptionFactory, SeniorFactory, fiche, groupe_dote
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
from validation.models import Lot, Presence, Validation, Versement
from validation.operations.fenetres import constater_depassements, ouvrir_validations
from validation.operations.validations import clore_sans_versement, confirmer, prolonger, trancher, valider
from validation.tests.factories import (
    CONFIRME_LE,
    VALIDE_LE,
    cles,
    comptes_de,
    instant,
    liste_confirmee,
    liste_validee,
    signalement,
)
from validation.tests.versements import iban_de, lot_paye, lot_prepare

pytestmark = pytest.mark.django_db(transaction=True)

DERNIER_JOUR = date(2022, 6, 5)  # of the provider, after the stay from 14 to 21 May
LIMITE = date(2022, 6, 14)  # of the porteur: validated on 30 May
APRES = LIMITE + timedelta(1)
MOTIF = "Essai"
AUTOMNE = date(2022, 9, 3)


# --- Scenes and acts ----------------------------------------------------------------------------------------------


def liste(aides: int = 2, *, porteur=None, **champs) -> Groupe:
    """Return a group with as many aided people on its list, of `porteur` or of a new one with enough credit."""
    groupe = GroupeFactory(porteur=porteur, **champs) if porteur else groupe_dote(alloue=2_000, **champs)
    for _ in range(aides):
        InscriptionFactory(groupe=groupe)
    comptes_de(groupe)
    return groupe


def validee(aides: int = 2, **champs) -> Groupe:
    groupe = liste(aides, **champs)
    liste_validee(groupe)
    return groupe


def reponse(operation, groupe, presents, par, le, **champs):
    return lambda: operation(
        groupe=groupe, presents=presents, par=par, le=le, maintenant=instant(le), **champs
    )


def decision(operation, groupe, par, le=APRES, **champs):
    """ANCV's act on the window of `groupe`."""
    return lambda: operation(
        validation=Validation.objects.get(pk=groupe.pk),
        motif=MOTIF,
        par=par,
        le=le,
        maintenant=instant(le),
        **champs,
    )


def collegues(compte, nombre: int) -> list:
    return [CompteFactory(collegue=True, organisme=compte.organisme) for _ in range(nombre)]


def porteur_a_payer():
    """Return a porteur to whose credit a batch will be paid: two aids are due."""
    groupe = liste()
    liste_confirmee(groupe)
    iban_de(groupe.sejour.offre.equipement.prestataire)
    return groupe.porteur


def annulation(sejour, par):
    return lambda: annuler_sejour(
        sejour=sejour, motif=MOTIF, par=par, le=CONFIRME_LE, maintenant=instant(CONFIRME_LE)
    )


def reussites(issues) -> int:
    return sum(not isinstance(issue, Exception) for issue in issues)


def dites(groupe, quoi: str) -> int:
    """Return how many mails of this kind tell of the group."""
    return Courriel.objects.filter(cause__regex=f"^validation-{quoi}(-[a-z]+)?-{groupe.pk}(-|$)").count()


def argent() -> list[str]:
    return invariants() + list(controler())


def due(groupe) -> int:
    return Versement.objects.filter(groupe=groupe).aggregate(somme=Sum("montant"))["somme"] or 0


# --- Races: colleagues ----------------------------------------------------------------------------------------------


def validations_differentes():
    """Eight colleagues tick everybody, eight only the first: the list is one or the other, never a mixture."""
    groupe = liste(4)
    ouvrir_validations(le=VALIDE_LE, maintenant=instant(VALIDE_LE))
    tous = cles(groupe)
    _, prestataire = comptes_de(groupe)
    uns, autres = collegues(prestataire, 8), collegues(prestataire, 8)
    issues = ensemble(
        *(reponse(valider, groupe, tous, par, VALIDE_LE) for par in uns),
        *(reponse(valider, groupe, {min(tous)}, par, VALIDE_LE) for par in autres),
    )
    fenetre = Validation.objects.get(pk=groupe.pk)
    venues = Presence.objects.filter(validation=fenetre, selon_prestataire=True)
    return (
        erreurs(issues)
        + ecart("done", reussites(issues), 1)
        + ecart("mixed", venues.count(), 4 if fenetre.validee_par in uns else 1)
        + ecart("told", dites(groupe, "ouverte-porteur"), 1)
    )


def confirmations_differentes():
    """The same for the porteur, and its money: what is due is what the one who was first ticked."""
    groupe = liste(4)
    tous = cles(groupe)
    porteur, prestataire = comptes_de(groupe)
    reponse(valider, groupe, {min(tous)}, prestataire, VALIDE_LE)()
    uns, autres = collegues(porteur, 8), collegues(porteur, 8)
    issues = ensemble(
        *(reponse(confirmer, groupe, {min(tous)}, par, CONFIRME_LE) for par in uns),
        *(reponse(confirmer, groupe, tous, par, CONFIRME_LE) for par in autres),
    )
    fenetre = Validation.objects.get(pk=groupe.pk)
    # Of those whom the second answer would have added, nothing is due nor given back: ANCV decides (V6).
    rendues = Mouvement.objects.filter(inscription_id__in=tous, nature="LIBERATION").count()
    return (
        erreurs(issues)
        + ecart("done", reussites(issues), 1)
        + ecart("due", due(groupe), 160)
        + ecart("given back", rendues, 3 if fenetre.confirmee_par in uns else 0)
        + ecart("in dispute", Presence.objects.filter(validation=fenetre).en_litige().count(), 3 - rendues)
        + ecart("told", dites(groupe, "confirmee"), 2)
        + argent()
    )


def litige() -> Presence:
    """Return somebody of whom the provider says that she came, the porteur that she did not."""
    groupe = liste(1)
    (cle,) = cles(groupe)
    porteur, prestataire = comptes_de(groupe)
    reponse(valider, groupe, {cle}, prestataire, VALIDE_LE)()
    reponse(confirmer, groupe, set(), porteur, CONFIRME_LE)()
    return Presence.objects.get(pk=cle)


def decision_du_litige(presence, venu):
    ancv = CompteFactory(ancv=True)
    return lambda: trancher(
        presence=presence, venu=venu, motif=MOTIF, par=ancv, le=APRES, maintenant=instant(APRES)
    )


def rendues_pour(presence) -> int:
    return Mouvement.objects.filter(inscription_id=presence.pk, nature="LIBERATION").count()


def litige_tranche_par_seize():
    """Eight of ANCV say that somebody came, eight that she did not: paid or given back, once."""
    presence = litige()
    cle, groupe = presence.pk, Groupe.objects.get(validation=presence.validation_id)
    issues = ensemble(*[decision_du_litige(presence, venu) for venu in (True, False) * 8])
    presence.refresh_from_db()
    rendues = rendues_pour(presence)
    return (
        erreurs(issues)
        + ecart("done", reussites(issues), 1)
        + ecart("due, given back", (due(groupe), rendues), (160, 0) if presence.tranchee else (0, 1))
        + ecart("told", Courriel.objects.filter(cause__startswith=f"litige-tranche-{cle}-").count(), 2)
        + argent()
    )


# --- Races: ANCV against the parties ----------------------------------------------------------------------------------


def confirmation_contre_ancv():
    """The porteur's answers left before midnight; after it ANCV answers in its place, closes and extends: one end."""
    groupe = validee()
    porteur, _ = comptes_de(groupe)
    tous, ancv = cles(groupe), CompteFactory(ancv=True)
    prolongation = decision(prolonger, groupe, ancv, jusqu_au=APRES + timedelta(10))
    issues = ensemble(
        *[reponse(confirmer, groupe, tous, porteur, LIMITE)] * 4,
        *[reponse(confirmer, groupe, tous, ancv, APRES, motif=MOTIF)] * 4,
        *[decision(clore_sans_versement, groupe, ancv)] * 4,
        *[prolongation] * 4,
    )
    fenetre = Validation.objects.get(pk=groupe.pk)
    fins, prolongations = issues[:12], issues[12:]
    close = fenetre.close_le is not None
    restent = groupe.inscriptions.presentes().filter(aide__isnull=False).count()
    prolongee = fenetre.echeance_porteur == APRES + timedelta(10)
    return (
        erreurs(issues)
        # Extended first, ANCV's own answers find the window open again; the porteur's is always in time.
        + ecart("ended", reussites(fins), 1)
        + ecart("extended", reussites(prolongations), int(prolongee))
        + ecart("closed and confirmed", close and fenetre.confirmee_le is not None, False)
        + ecart("due, aided", (due(groupe), restent), (0, 0) if close else (320, 2))
        + ecart("told", (dites(groupe, "confirmee"), dites(groupe, "close")), (0, 2) if close else (2, 0))
        + ecart("told of the extension", dites(groupe, "prolongee"), 2 * int(prolongee))
        + argent()
    )


def validation_contre_prolongation():
    """Providers answer while ANCV extends, eight windows: the days go to the party whose window it is."""
    groupes, ancv = [liste(1) for _ in range(8)], CompteFactory(ancv=True)
    ouvrir_validations(le=VALIDE_LE, maintenant=instant(VALIDE_LE))
    jusqu_au = LIMITE + timedelta(10)
    issues = ensemble(
        *(reponse(valider, g, cles(g), comptes_de(g)[1], VALIDE_LE) for g in groupes),
        *(decision(prolonger, g, ancv, le=VALIDE_LE, jusqu_au=jusqu_au) for g in groupes),
    )
    evenements = Validation.pgh_event_model.objects.filter(pgh_obj__in=[g.pk for g in groupes])
    siennes = Validation.objects.filter(groupe__in=groupes)
    avant, apres = (
        siennes.filter(echeance_prestataire=jusqu_au, echeance_porteur=LIMITE),
        siennes.filter(echeance_prestataire=DERNIER_JOUR, echeance_porteur=jusqu_au),
    )
    en_cours = evenements.filter(echeance_prestataire=jusqu_au, validee_le=None)
    return (
        erreurs(issues)
        + ecart("done", reussites(issues), 16)
        + ecart("one last day each", avant.count() + apres.count(), 8)
        + ecart("given to a party that had answered", avant.count() - en_cours.count(), 0)
    )


def validation_a_minuit():
    """Providers answer on their last day while four clocks of the next day record lapses: an answer in time counts."""
    groupes = [liste(1) for _ in range(12)]
    ouvrir_validations(le=VALIDE_LE, maintenant=instant(VALIDE_LE))
    minuit = DERNIER_JOUR + timedelta(1)

    def horloge():
        return constater_depassements(le=minuit, maintenant=instant(minuit, 0, 0))

    issues = ensemble(
        *(reponse(valider, g, cles(g), comptes_de(g)[1], DERNIER_JOUR) for g in groupes), *[horloge] * 4
    )
    siennes = Validation.objects.filter(groupe__in=groupes)
    constatees = Validation.pgh_event_model.objects.filter(
        pgh_obj__in=[groupe.pk for groupe in groupes], depassee_le__isnull=False, validee_le__isnull=True
    )
    return (
        erreurs(issues)
        + ecart("validated", siennes.filter(validee_le__isnull=False).count(), 12)
        + ecart("validated and lapsed", siennes.filter(depassee_le__isnull=False).count(), 0)
        + ecart("told", sum(dites(groupe, "depassee") for groupe in groupes), 2 * constatees.count())
    )


def amendements_contre_confirmation():
    """ANCV adds, corrects and removes people while the porteur confirms: what is due is the list's own."""
    groupe = validee(6)
    porteur, _ = comptes_de(groupe)
    tous, ancv = cles(groupe), CompteFactory(ancv=True)
    inscriptions = list(groupe.inscriptions.presentes().order_by("pk"))
    quand = {"motif": MOTIF, "par": ancv, "le": CONFIRME_LE, "maintenant": instant(CONFIRME_LE)}

    def correction(inscription):
        return lambda: amender(inscription=inscription, fiche=fiche("PROGRAMME"), **quand)

    def retrait(inscription):
        return lambda: retirer(inscription=inscription, **quand)

    def ajout():
        return ajouter(groupe=groupe, senior=SeniorFactory(), fiche=fiche(), **quand)

    issues = ensemble(
        *[reponse(confirmer, groupe, tous, porteur, CONFIRME_LE)] * 4,
        *(correction(inscription) for inscription in inscriptions[:2]),
        *(retrait(inscription) for inscription in inscriptions[2:4]),
        ajout,
        ajout,
    )
    fenetre = Validation.objects.get(pk=groupe.pk)
    presentes = groupe.inscriptions.presentes()
    # Whoever joined the list after the porteur's page was drawn was not ticked: her aid went back.
    aidees = presentes.filter(aide__isnull=False).aggregate(somme=Sum("aide"))["somme"] or 0
    confirmee = fenetre.confirmee_le is not None
    pointees = set(Presence.objects.filter(validation=fenetre).values_list("pk", flat=True))
    return (
        erreurs(issues)
        + ecart("confirmed", reussites(issues[:4]), int(confirmee))
        + ecart("due", due(groupe), aidees if confirmee else 0)
        + (ecart("presences", pointees == cles(groupe), True) if confirmee else [])
        + argent()
    )


def confirmation_contre_signalement():
    """The porteur confirms on one screen and reports on another: one of both."""
    groupe = validee(1)
    porteur, _ = comptes_de(groupe)
    issues = ensemble(
        *[reponse(confirmer, groupe, cles(groupe), porteur, CONFIRME_LE)] * 4,
        *[lambda: signalement(groupe, porteur, le=CONFIRME_LE)] * 4,
    )
    fenetre = Validation.objects.get(pk=groupe.pk)
    return (
        erreurs(issues)
        + ecart("done", reussites(issues), 1)
        + ecart(
            "confirmed, stopped", (fenetre.confirmee_le is None, fenetre.arretee_le is None).count(True), 1
        )
        + argent()
    )


# --- Races: the same credit -------------------------------------------------------------------------------------------


def confirmations_contre_file():
    """Absents' aids come back from six lists while four clocks serve the queue of the same credit."""
    premiere = groupe_dote(alloue=960)
    groupes = [premiere, *(GroupeFactory(porteur=premiere.porteur) for _ in range(5))]
    for groupe in groupes:
        InscriptionFactory(groupe=groupe)
        comptes_de(groupe)
    attente = GroupeFactory(porteur=premiere.porteur, sejour__debut=AUTOMNE)
    for _ in range(8):
        InscriptionFactory(groupe=attente)
    for groupe in groupes:
        _, prestataire = comptes_de(groupe)
        reponse(valider, groupe, set(), prestataire, VALIDE_LE)()
    issues = ensemble(
        *(reponse(confirmer, g, set(), comptes_de(g)[0], CONFIRME_LE) for g in groupes),
        *[lambda: servir_file(convention=premiere.porteur_id, annee=2022, le=CONFIRME_LE)] * 4,
    )
    servir_toutes_les_files(le=CONFIRME_LE)
    return (
        erreurs(issues)
        + ecart("confirmed", reussites(issues[:6]), 6)
        # Of the 960 € given back, five times the 180 € of that autumn.
        + ecart("served", attente.inscriptions.filter(aide=180).count(), 5)
        + argent()
    )


def tout_sur_une_convention():
    """Confirmations with absents, closures, a batch paid, stays cancelled, the queue, two conventions: no deadlock."""
    ancv = CompteFactory(ancv=True)
    conventions = [porteur_a_payer() for _ in range(2)]
    lot = lot_prepare(par=ancv)
    actes = [lambda: lot_paye(lot, par=ancv)] * 2
    for rang, porteur in enumerate(conventions):
        confirmees = [validee(2, porteur=porteur) for _ in range(3)]
        actes += [reponse(confirmer, g, {min(cles(g))}, comptes_de(g)[0], CONFIRME_LE) for g in confirmees]
        fermee = validee(2, porteur=porteur)
        actes.append(decision(clore_sans_versement, fermee, ancv))
        actes.append(lambda porteur=porteur: servir_file(convention=porteur.pk, annee=2022, le=CONFIRME_LE))
        autre = conventions[1 - rang]
        annule = liste(1, porteur=porteur, sejour__debut=AUTOMNE + timedelta(weeks=rang))
        groupe = GroupeFactory(porteur=autre, sejour=annule.sejour)
        InscriptionFactory(groupe=groupe)
        actes.append(annulation(annule.sejour, ancv))
    issues = ensemble(*actes)
    return (
        erreurs(issues)
        + ecart("done", reussites(issues), len(actes) - 1)
        + ecart("paid", Lot.objects.filter(pk=lot.pk, paye_le__isnull=False).count(), 1)
        + argent()
    )


COURSES = {
    "colleagues who tick differently": validations_differentes,
    "colleagues who confirm differently": confirmations_differentes,
    "a disagreement settled sixteen times": litige_tranche_par_seize,
    "the porteur's answer against ANCV's": confirmation_contre_ancv,
    "the provider's answer against an extension": validation_contre_prolongation,
    "answers at midnight": validation_a_minuit,
    "a list amended while it is confirmed": amendements_contre_confirmation,
    "confirmed and reported": confirmation_contre_signalement,
    "confirmations against the queue": confirmations_contre_file,
    "all at once on two conventions": tout_sur_une_convention,
}

# Race, what is taken away, what must then be seen.
# The guards of the last two, credits taken by key and lists never waited for, are removed in test_courses_versements
# and in test_courses.
PERDUES = [
    (validations_differentes, [sans_aucun_verrou()], "validation_presence_pkey"),
    (confirmations_differentes, [sans_aucun_verrou()], "Cannot update"),
    (
        confirmations_differentes,
        [sans_aucun_verrou(), sans("validation_validation", "validation_terminee")],
        "validation_versement_pkey",
    ),
    (confirmation_contre_ancv, [sans_aucun_verrou()], "Cannot update|ni_confirmee_et_close|ended: "),
    (validation_contre_prolongation, [sans_aucun_verrou()], "given to a party"),
    (validation_a_minuit, [sans_aucun_verrou()], "validated and lapsed: "),
    (amendements_contre_confirmation, [sans_aucun_verrou()], "due: |presences: "),
    (confirmation_contre_signalement, [sans_aucun_verrou()], "done: |Cannot update"),
]


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_each_answer_counts_once(course):
    for _ in range(MANCHES):
        assert course() == []


@pytest.mark.parametrize(
    ("course", "retraits", "vu"), PERDUES, ids=[f"{course.__name__}, {vu}" for course, _, vu in PERDUES]
)
def test_without_its_guard_each_race_of_answers_is_lost(course, retraits, vu):
    with ExitStack() as pile:
        for retrait in retraits:
            pile.enter_context(retrait)
        fautes = []
        for _ in range(60):
            fautes += course()
            if re.search(vu, "\n".join(fautes)):
                return
    pytest.fail(f"lost in no round: {fautes}")


def test_without_its_lock_somebody_came_and_her_aid_is_given_back():
    """Luck alone would rarely lose this race: the other decision is let in at the worst instant."""
    presence = litige()
    with sans_aucun_verrou(), double_par(decision_du_litige(presence, False), avant="UPDATE"):
        decision_du_litige(presence, True)()
    presence.refresh_from_db()
    groupe = Groupe.objects.get(validation=presence.validation_id)
    assert (presence.tranchee, due(groupe), rendues_pour(presence)) == (True, 0, 1)
