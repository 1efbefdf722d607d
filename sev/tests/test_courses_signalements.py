"""Races about reports of incomplete lists: both sides, colleagues, ANCV; each lost without the group's lock (V5)."""

import re
from contextlib import ExitStack

import pytest

from conventions.tests.factories import CompteFactory
from sejours.tests.factories import GroupeFactory
from seniors.models.seniors import Identite
from seniors.tests.factories import InscriptionFactory, fiche
from sev.socle.models import Courriel
from sev.tests.test_courses import ecart, ensemble, erreurs, invariants, sans_aucun_verrou
from validation.models import PersonneSignalee, Signalement, Validation
from validation.operations.signalements import ajouter_personne, annuler, refuser_personne, repondre
from validation.operations.validations import valider
from validation.tests.factories import VALIDE_LE, cles, comptes_de, instant, signalement

pytestmark = pytest.mark.django_db(transaction=True)

MANCHES = 3
QUAND = {"le": VALIDE_LE, "maintenant": instant(VALIDE_LE)}


def liste():
    """Return a list of one person whose stay is over, its porteur and its provider."""
    groupe = GroupeFactory()
    InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    return groupe, *comptes_de(groupe)


def reussites(issues) -> int:
    return sum(not isinstance(issue, Exception) for issue in issues)


def validation_contre_signalement():
    """The provider validates on one screen and reports on another: one of both, whichever came first."""
    groupe, _, prestataire = liste()
    presents = cles(groupe)
    issues = ensemble(
        lambda: valider(groupe=groupe, presents=presents, par=prestataire, **QUAND),
        lambda: signalement(groupe, prestataire),
    )
    fenetre = Validation.objects.get(pk=groupe.pk)
    return (
        erreurs(issues)
        + ecart("done", reussites(issues), 1)
        + ecart("stopped", fenetre.arretee_le is not None, fenetre.validee_le is None)
        + ecart(
            "reports", Signalement.objects.filter(validation=fenetre).count(), int(fenetre.validee_le is None)
        )
    )


def signalements_ensemble():
    """Eight colleagues report one list: one report, told once."""
    groupe, _, prestataire = liste()
    issues = ensemble(*[lambda: signalement(groupe, prestataire)] * 8)
    return (
        erreurs(issues)
        + ecart("done", reussites(issues), 1)
        + ecart("persons", PersonneSignalee.objects.filter(signalement__validation=groupe.pk).count(), 1)
    )


def reponses_ensemble():
    """ANCV answers eight times while the side withdraws: one of both, told once."""
    groupe, _, prestataire = liste()
    report = signalement(groupe, prestataire)
    ancv = CompteFactory(ancv=True)
    refuser_personne(personne=report.personnes.get(), motif="Absente", par=ancv, le=VALIDE_LE)
    issues = ensemble(
        *[lambda: repondre(signalement=report, reponse="", par=ancv, **QUAND)] * 8,
        lambda: annuler(signalement=report, par=prestataire, **QUAND),
    )
    evenements = Signalement.pgh_event_model.objects.filter(pgh_obj=report.pk, repondu_le__isnull=False)
    return (
        erreurs(issues)
        + ecart("done", reussites(issues), 1)
        + ecart("answers", evenements.count(), 1)
        + ecart(
            "mails", Courriel.objects.filter(cause__startswith=f"signalement-repondu-{report.pk}-").count(), 2
        )
    )


def decisions_sur_une_personne():
    """Four of ANCV add somebody while four refuse them: one decision."""
    groupe, _, prestataire = liste()
    personne = signalement(groupe, prestataire).personnes.get()
    ancv = CompteFactory(ancv=True)
    identite = Identite(
        nom=personne.nom,
        prenom=personne.prenom,
        date_naissance=personne.date_naissance,
        ville_naissance=personne.ville_naissance,
    )

    def ajoute():
        return ajouter_personne(
            personne=personne,
            identite=identite,
            fiche=fiche(eligibilite="PROGRAMME"),
            motif="Partie",
            par=ancv,
            **QUAND,
        )

    def refuse():
        return refuser_personne(personne=personne, motif="Absente", par=ancv, le=VALIDE_LE)

    issues = ensemble(*[ajoute] * 4, *[refuse] * 4)
    lue = PersonneSignalee.objects.get(pk=personne.pk)
    return (
        erreurs(issues)
        + ecart("done", reussites(issues), 1)
        + ecart("decided", (lue.inscription is None) != (lue.refus == ""), True)
        + ecart("on the list", groupe.inscriptions.presentes().count(), 1 + (lue.inscription is not None))
        + invariants()
    )


COURSES = {
    "validated and reported": validation_contre_signalement,
    "eight reports": signalements_ensemble,
    "eight answers and a withdrawal": reponses_ensemble,
    "added and refused": decisions_sur_une_personne,
}

# Race, what must then be seen.
PERDUES = [
    (validation_contre_signalement, "done: 2|stopped|IntegrityError"),
    (signalements_ensemble, "un_signalement_a_la_fois|IntegrityError"),
    (reponses_ensemble, "done: [2-9]"),
    (decisions_sur_une_personne, "done: [2-9]|ajoutee_ou_refusee"),
]


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_a_report_has_one_story(course):
    for _ in range(MANCHES):
        assert course() == []


@pytest.mark.parametrize(("course", "vu"), PERDUES, ids=[course.__name__ for course, _ in PERDUES])
def test_without_the_lock_each_race_about_a_report_is_lost(course, vu):
    with ExitStack() as pile:
        pile.enter_context(sans_aucun_verrou())
        fautes = []
        for _ in range(60):
            fautes += course()
            if re.search(vu, "\n".join(fautes)):
                return
    pytest.fail(f"lost in no round: {fautes}")
