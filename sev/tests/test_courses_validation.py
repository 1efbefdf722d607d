"""Races after the stay: the clock against the parties and against ANCV; each lost without its guard."""

import re
from contextlib import ExitStack
from datetime import date, timedelta

import pytest

from conventions.tests.factories import CompteFactory
from sejours.models import Groupe
from sejours.tests.factories import GroupeFactory
from seniors.tests.factories import InscriptionFactory
from sev.socle.models import Courriel
from sev.tests.test_courses import MANCHES, ecart, ensemble, erreurs, invariants, sans_aucun_verrou
from validation.models import Presence, Validation
from validation.operations import fenetres
from validation.operations.fenetres import constater_depassements, ouvrir_validations, rappeler
from validation.operations.validations import prolonger, valider
from validation.tests.factories import cles, comptes_de, instant

pytestmark = pytest.mark.django_db(transaction=True)

HORLOGES = 4
LENDEMAIN = date(2022, 5, 22)  # of the stay, 14 to 21 May: the provider has until 5 June
DEPASSE = date(2022, 6, 6)


@pytest.fixture(autouse=True)
def petits_lots(monkeypatch):
    """Sweeps of three windows, so that several of them work at once."""
    monkeypatch.setattr(fenetres, "LOT", 3)


# --- Scenes and acts ----------------------------------------------------------------------------------------------


def listes(nombre: int) -> list[Groupe]:
    """Return groups with one person each, whose stay is over, and whose both sides have an address."""
    groupes = []
    for _ in range(nombre):
        groupe = GroupeFactory()
        InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
        comptes_de(groupe)
        groupes.append(groupe)
    return groupes


def ouvertures():
    return ouvrir_validations(le=LENDEMAIN, maintenant=instant(LENDEMAIN))


def depassements(minute=32):
    return constater_depassements(le=DEPASSE, maintenant=instant(DEPASSE, 10, minute))


def validation_de(groupe):
    _, prestataire = comptes_de(groupe)
    presents = cles(groupe)
    return lambda: valider(
        groupe=groupe, presents=presents, par=prestataire, le=LENDEMAIN, maintenant=instant(LENDEMAIN)
    )


def prolongation_de(validation, par):
    return lambda: prolonger(
        validation=validation,
        jusqu_au=DEPASSE + timedelta(10),
        motif="Fermeture du village",
        par=par,
        le=DEPASSE,
        maintenant=instant(DEPASSE),
    )


def causes(groupes, debut: str) -> list[str]:
    """Return the causes of the mails about these groups that begin with `debut`, less the organisation at their end."""
    trouvees = Courriel.objects.filter(cause__startswith=debut).values_list("cause", flat=True)
    voulus = {str(groupe.pk) for groupe in groupes}
    return [cause for cause in trouvees if cause.removeprefix(debut).split("-")[0] in voulus]


# --- Races ----------------------------------------------------------------------------------------------------------


def ouverture_contre_validation():
    """Four clocks open twelve windows while their providers validate: one window each, and every answer counts."""
    groupes = listes(12)
    issues = ensemble(*[ouvertures] * HORLOGES, *(validation_de(groupe) for groupe in groupes))
    siennes = Validation.objects.filter(groupe__in=groupes)
    ouvertes = sum(issue for issue in issues[:HORLOGES] if isinstance(issue, int))
    return (
        erreurs(issues)
        + ecart("validated", siennes.filter(validee_le__isnull=False).count(), 12)
        + ecart("presences", Presence.objects.filter(validation__in=siennes).count(), 12)
        + ecart("told", len(causes(groupes, "validation-ouverte-prestataire-")), ouvertes)
        + ecart("porteurs told", len(causes(groupes, "validation-ouverte-porteur-")), 12)
        + invariants()
    )


def ouvertures_ensemble():
    """Sixteen clocks: each window is opened once, told once."""
    groupes = listes(24)
    issues = ensemble(*[ouvertures] * 16)
    ouvertures()
    siennes = Validation.pgh_event_model.objects.filter(pgh_obj__in=[groupe.pk for groupe in groupes])
    return (
        erreurs(issues)
        + ecart("openings", siennes.count(), 24)
        + ecart("told", len(causes(groupes, "validation-ouverte-prestataire-")), 24)
    )


def depassements_ensemble():
    """Sixteen clocks: each lapse is recorded once, told once to each side; and reminders too."""
    groupes = listes(24)
    ouvertures()
    rappels = ensemble(*[lambda: rappeler(le=date(2022, 5, 28))] * 8)
    issues = ensemble(*(lambda minute=minute: depassements(minute) for minute in range(16)))
    depassements()
    evenements = Validation.pgh_event_model.objects.filter(
        pgh_obj__in=[groupe.pk for groupe in groupes], depassee_le__isnull=False
    )
    return (
        erreurs(issues + rappels)
        + ecart("lapses", evenements.count(), 24)
        + ecart("told", len(causes(groupes, "validation-depassee-")), 48)
        + ecart("reminded", len(causes(groupes, "validation-rappel-prestataire-8-")), 24)
    )


def depassement_contre_prolongation():
    """Four clocks record twelve lapses while ANCV extends these windows: none is left both extended and lapsed."""
    groupes, ancv = listes(12), CompteFactory(ancv=True)
    ouvertures()
    siennes = Validation.objects.filter(groupe__in=groupes)
    issues = ensemble(*[depassements] * HORLOGES, *(prolongation_de(v, ancv) for v in siennes))
    # Told of a lapse only if it was recorded, before the extension.
    constatees = Validation.pgh_event_model.objects.filter(
        pgh_obj__in=[groupe.pk for groupe in groupes], depassee_le__isnull=False
    )
    return (
        erreurs(issues)
        + ecart("extended", siennes.filter(echeance_prestataire=DEPASSE + timedelta(10)).count(), 12)
        + ecart("extended and lapsed", siennes.filter(depassee_le__isnull=False).count(), 0)
        + ecart("told", len(causes(groupes, "validation-depassee-")), 2 * constatees.count())
    )


COURSES = {
    "openings against the providers' answers": ouverture_contre_validation,
    "sixteen clocks open": ouvertures_ensemble,
    "sixteen clocks record lapses": depassements_ensemble,
    "lapses against extensions": depassement_contre_prolongation,
}

# Race, what is taken away, what must then be seen.
PERDUES = [
    (ouverture_contre_validation, [sans_aucun_verrou()], "IntegrityError"),
    (ouvertures_ensemble, [sans_aucun_verrou()], "IntegrityError"),
    (depassements_ensemble, [sans_aucun_verrou()], "lapses: "),
    (depassement_contre_prolongation, [sans_aucun_verrou()], "extended and lapsed"),
]


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_each_window_has_one_story(course):
    for _ in range(MANCHES):
        assert course() == []


@pytest.mark.parametrize(
    ("course", "retraits", "vu"), PERDUES, ids=[f"{course.__name__}, {vu}" for course, _, vu in PERDUES]
)
def test_without_its_guard_each_race_after_the_stay_is_lost(course, retraits, vu):
    with ExitStack() as pile:
        for retrait in retraits:
            pile.enter_context(retrait)
        fautes = []
        for _ in range(60):
            fautes += course()
            if re.search(vu, "\n".join(fautes)):
                return
    pytest.fail(f"lost in no round: {fautes}")
