"""The clock of the windows (V1, V2, V4): opened, reminded of, lapsed; each once, however long nobody looked."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conventions.tests.factories import CompteFactory
from sejours.models import Groupe
from sejours.tests.factories import GroupeFactory
from seniors.tests.factories import InscriptionFactory, clair
from sev.controle import controler
from sev.echeances import ECHEANCES
from sev.socle.models import Courriel
from validation.models import Validation
from validation.models.validations import Phase
from validation.operations import fenetres
from validation.operations.fenetres import constater_depassements, ouvrir_validations, rappeler
from validation.operations.validations import prolonger
from validation.tasks import constater_depassements as tache_des_depassements
from validation.tasks import ouvrir_validations as tache_des_ouvertures
from validation.tests.factories import comptes_de, instant, liste_confirmee, liste_validee

pytestmark = pytest.mark.django_db

# The manual's week: 14 to 21 May 2022, the provider has until 5 June.
FIN = date(2022, 5, 21)


def liste(fin: date = FIN, **champs) -> Groupe:
    """Return a group with one person, not aided, and both account holders; its stay ends on `fin`."""
    groupe = GroupeFactory(sejour__debut=fin - timedelta(7), **champs)
    InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", le=fin - timedelta(60))
    comptes_de(groupe)
    return Groupe.objects.complets().get(pk=groupe.pk)


def ouvrir(le: date) -> int:
    return ouvrir_validations(le=le, maintenant=instant(le, 0, 5))


def constater(le: date) -> int:
    return constater_depassements(le=le, maintenant=instant(le, 0, 10))


def horloge(de: date, a: date) -> dict[date, tuple[int, int, int]]:
    """Let the clock strike each day from `de` to `a`; return the days on which it did something, and how much."""
    jours = [de + timedelta(n) for n in range((a - de).days + 1)]
    faits = {jour: (ouvrir(jour), constater(jour), rappeler(le=jour)) for jour in jours}
    return {jour: combien for jour, combien in faits.items() if any(combien)}


def causes(debut: str) -> list[str]:
    trouvees = Courriel.objects.filter(cause__startswith=debut).order_by("pk")
    return list(trouvees.values_list("cause", flat=True))


def textes(debut: str) -> list[str]:
    return [clair(c.texte) for c in Courriel.objects.filter(cause__startswith=debut).order_by("pk")]


# --- The whole of it, day by day ------------------------------------------------------------------------------------


def test_a_provider_who_never_answers():
    liste()
    assert horloge(date(2022, 5, 1), date(2022, 7, 31)) == {
        date(2022, 5, 22): (1, 0, 0),
        date(2022, 5, 28): (0, 0, 1),
        date(2022, 6, 3): (0, 0, 1),
        date(2022, 6, 5): (0, 0, 1),
        date(2022, 6, 6): (0, 1, 0),
    }
    validation = Validation.objects.get()
    assert validation.phase(date(2022, 7, 31)) == Phase.DEPASSEE
    assert (validation.ouverte_le, validation.depassee_le) == (
        instant(date(2022, 5, 22), 0, 5),
        instant(date(2022, 6, 6), 0, 10),
    )
    assert list(controler()) == []


def test_a_porteur_who_never_answers():
    groupe = liste()
    horloge(date(2022, 5, 22), date(2022, 5, 29))
    liste_validee(groupe)
    assert horloge(date(2022, 5, 30), date(2022, 7, 31)) == {
        date(2022, 6, 6): (0, 0, 1),
        date(2022, 6, 12): (0, 0, 1),
        date(2022, 6, 14): (0, 0, 1),
        date(2022, 6, 15): (0, 1, 0),
    }
    porteur, prestataire = comptes_de(groupe)
    rappels = Courriel.objects.filter(cause__startswith="validation-rappel-porteur-")
    assert [c.destinataire for c in rappels] == [porteur.email] * 3
    lapses = Courriel.objects.filter(cause__startswith="validation-depassee-")
    assert {c.destinataire for c in lapses} == {porteur.email, prestataire.email}
    assert all("Le porteur de projet n'a pas confirmé la liste à temps" in clair(c.texte) for c in lapses)


def test_both_answer_and_nothing_more_is_said():
    groupe = liste()
    liste_confirmee(groupe)
    assert horloge(date(2022, 6, 10), date(2022, 7, 31)) == {}


def test_a_lapsed_window_that_ancv_extends_starts_again_from_its_new_last_day():
    liste()
    horloge(date(2022, 5, 22), date(2022, 6, 6))
    prolonger(
        validation=Validation.objects.get(),
        jusqu_au=date(2022, 6, 30),
        motif="Village fermé",
        par=CompteFactory(ancv=True),
        le=date(2022, 6, 8),
        maintenant=instant(date(2022, 6, 8)),
    )
    assert horloge(date(2022, 6, 8), date(2022, 7, 31)) == {
        date(2022, 6, 22): (0, 0, 1),
        date(2022, 6, 28): (0, 0, 1),
        date(2022, 6, 30): (0, 0, 1),
        date(2022, 7, 1): (0, 1, 0),
    }
    assert len(causes("validation-depassee-")) == 4


def test_a_window_that_a_report_has_stopped_neither_lapses_nor_reminds():
    liste()
    ouvrir(date(2022, 5, 22))
    Validation.objects.update(arretee_le=date(2022, 5, 25), jours_restants=11)
    assert horloge(date(2022, 5, 25), date(2022, 7, 31)) == {}


# --- What the mails say ---------------------------------------------------------------------------------------------


def test_the_provider_reads_until_when_and_where():
    groupe = liste()
    ouvrir(date(2022, 5, 22))
    courriel = Courriel.objects.get(cause=f"validation-ouverte-prestataire-{groupe.pk}")
    assert courriel.destinataire == comptes_de(groupe)[1].email
    assert "jusqu'au dimanche 5 juin 2022 à minuit" in clair(courriel.texte)
    assert f"/validation/{groupe.pk}/" in courriel.texte


def test_each_reminder_says_the_days_left():
    liste()
    horloge(date(2022, 5, 22), date(2022, 6, 5))
    huit, deux, zero = textes("validation-rappel-")
    assert "Il vous reste 8 jours, jusqu'au dimanche 5 juin 2022 à minuit." in huit
    assert "Il vous reste 2 jours, jusqu'au dimanche 5 juin 2022 à minuit." in deux
    assert "C'est le dernier jour : vous avez jusqu'à ce soir, dimanche 5 juin 2022, à minuit." in zero


def test_the_lapse_names_the_day_that_was_announced():
    liste()
    horloge(date(2022, 5, 22), date(2022, 6, 6))
    assert len(textes("validation-depassee-")) == 2
    for texte in textes("validation-depassee-"):
        assert "Le prestataire n'a pas validé la liste à temps" in texte
        assert "Le délai est passé depuis le dimanche 5 juin 2022 à minuit." in texte


# --- Who is left in peace -------------------------------------------------------------------------------------------


def test_no_window_for_an_empty_a_cancelled_or_an_unfinished_list():
    GroupeFactory()
    annule = liste()
    annule.inscriptions.update(effacee_le=instant(date(2022, 5, 1)), motif_sans_aide="EFFACEE")
    Groupe.objects.filter(pk=annule.pk).update(
        annule_le=instant(date(2022, 5, 1)), motif_annulation="Travaux"
    )
    liste(date(2022, 5, 22))
    assert ouvrir(date(2022, 5, 22)) == 0


def test_a_side_without_an_account_is_no_obstacle():
    groupe = liste()
    for compte in comptes_de(groupe):
        compte.is_active = False
        compte.save()
    assert list(horloge(date(2022, 5, 22), date(2022, 6, 6)).values())[-1] == (0, 1, 0)
    assert causes("validation-") == []


# --- Midnight in Paris ----------------------------------------------------------------------------------------------

MINUITS = [
    # Summer time: midnight in Paris is 22:00 UTC; at 23:30 UTC it is already the next day.
    (date(2022, 6, 5), datetime(2022, 6, 5, 21, 59, 59), datetime(2022, 6, 5, 22, 0)),
    (date(2022, 6, 5), datetime(2022, 6, 4, 23, 30), datetime(2022, 6, 5, 23, 30)),
    # Winter time: midnight in Paris is 23:00 UTC.
    (date(2022, 2, 10), datetime(2022, 2, 10, 22, 59, 59), datetime(2022, 2, 10, 23, 0)),
    (date(2022, 2, 10), datetime(2022, 2, 9, 23, 30), datetime(2022, 2, 10, 23, 30)),
    # The night on which the clocks go forward, then the one on which they go back.
    (date(2022, 3, 26), datetime(2022, 3, 26, 22, 59, 59), datetime(2022, 3, 26, 23, 0)),
    (date(2022, 3, 27), datetime(2022, 3, 27, 21, 59, 59), datetime(2022, 3, 27, 22, 0)),
    (date(2022, 10, 29), datetime(2022, 10, 29, 21, 59, 59), datetime(2022, 10, 29, 22, 0)),
    (date(2022, 10, 30), datetime(2022, 10, 30, 22, 59, 59), datetime(2022, 10, 30, 23, 0)),
]


@pytest.mark.parametrize(("dernier", "avant", "apres"), MINUITS)
def test_a_window_opens_at_the_midnight_that_ends_the_stay(dernier, avant, apres):
    liste(dernier)
    with time_machine.travel(avant.replace(tzinfo=UTC), tick=False):
        assert tache_des_ouvertures() == 0
    with time_machine.travel(apres.replace(tzinfo=UTC), tick=False):
        assert tache_des_ouvertures() == 1
    validation = Validation.objects.get()
    assert (validation.ouverte_le, validation.echeance) == (
        apres.replace(tzinfo=UTC),
        dernier + timedelta(15),
    )


@pytest.mark.parametrize(("dernier", "avant", "apres"), MINUITS)
def test_a_provider_s_window_lapses_at_the_midnight_that_ends_its_last_day(dernier, avant, apres):
    liste(dernier - timedelta(15))
    ouvrir(dernier - timedelta(14))
    with time_machine.travel(avant.replace(tzinfo=UTC), tick=False):
        assert tache_des_depassements() == 0
    with time_machine.travel(apres.replace(tzinfo=UTC), tick=False):
        assert tache_des_depassements() == 1
    assert Validation.objects.get().depassee_le == apres.replace(tzinfo=UTC)


@pytest.mark.parametrize(("dernier", "avant", "apres"), MINUITS)
def test_a_porteur_s_window_lapses_at_the_midnight_that_ends_its_last_day(dernier, avant, apres):
    liste_validee(liste(dernier - timedelta(20)), le=dernier - timedelta(15))
    with time_machine.travel(avant.replace(tzinfo=UTC), tick=False):
        assert tache_des_depassements() == 0
    with time_machine.travel(apres.replace(tzinfo=UTC), tick=False):
        assert tache_des_depassements() == 1
    assert Validation.objects.get().depassee_le == apres.replace(tzinfo=UTC)


# --- Once, and after an outage (X5) ---------------------------------------------------------------------------------


def test_however_often_the_clock_strikes():
    liste()
    assert [ouvrir(date(2022, 5, 22)) for _ in range(3)] == [1, 0, 0]
    assert [rappeler(le=date(2022, 5, 28)) for _ in range(3)] == [1, 0, 0]
    assert [constater(date(2022, 6, 6)) for _ in range(3)] == [1, 0, 0]
    assert len(causes("validation-")) == 1 + 1 + 2


@pytest.mark.parametrize(
    ("reprise", "envoyes"),
    [
        (date(2022, 5, 29), ["8", "2", "0"]),
        (date(2022, 6, 2), ["8", "2", "0"]),
        (date(2022, 6, 3), ["2", "0"]),
        (date(2022, 6, 4), ["2", "0"]),
        (date(2022, 6, 5), ["0"]),
        (date(2022, 6, 6), []),
    ],
)
def test_after_an_outage_the_nearest_reminder_alone(reprise, envoyes):
    liste()
    ouvrir(date(2022, 5, 22))
    horloge(reprise, date(2022, 6, 10))
    assert [cause.split("-")[3] for cause in causes("validation-rappel-")] == envoyes


def test_a_late_reminder_says_the_days_really_left():
    liste()
    ouvrir(date(2022, 5, 22))
    rappeler(le=date(2022, 6, 1))
    (texte,) = textes("validation-rappel-prestataire-8-")
    assert "Il vous reste 4 jours, jusqu'au dimanche 5 juin 2022 à minuit." in texte


def test_three_days_without_a_clock():
    """Since 3 June: a stay has ended, a window has lapsed, another comes near its end. Each effect once, in order."""
    fini, perdu, proche = liste(date(2022, 6, 4)), liste(date(2022, 5, 20)), liste(date(2022, 5, 25))
    ouvrir(date(2022, 5, 26))
    rappeler(le=date(2022, 5, 29))
    assert len(causes("validation-rappel-prestataire-8-")) == 1
    avant = Courriel.objects.count()
    assert horloge(date(2022, 6, 6), date(2022, 6, 6)) == {date(2022, 6, 6): (1, 1, 1)}
    assert {
        c: clair(t) for c, t in Courriel.objects.order_by("pk").values_list("cause", "sujet")[avant:]
    } == {
        f"validation-ouverte-prestataire-{fini.pk}": f"Qui est venu ? {_lieu(fini)}",
        **{
            f"validation-depassee-{perdu.pk}-2022-06-04-{organisme}": f"Délai dépassé : {_lieu(perdu)}"
            for organisme in (perdu.porteur_id, perdu.sejour.offre.equipement.prestataire_id)
        },
        f"validation-rappel-prestataire-8-{proche.pk}-2022-06-09": f"Plus que 3 jours : {_lieu(proche)}",
    }
    assert Validation.objects.get(pk=fini.pk).echeance == date(2022, 6, 19)


def _lieu(groupe: Groupe) -> str:
    return f"{groupe.sejour.offre.equipement.nom}, groupe n° {groupe.pk}"


def test_thirty_days_without_a_clock():
    """The window opens and lapses in one run: it is never announced as open, and both sides hear of the lapse."""
    groupe = liste()
    le = date(2022, 6, 21)
    assert horloge(le, date(2022, 7, 31)) == {le: (1, 1, 0)}
    validation = Validation.objects.get()
    assert (validation.echeance, validation.phase(le)) == (date(2022, 6, 5), Phase.DEPASSEE)
    assert sorted(causes("validation-")) == sorted(
        f"validation-depassee-{groupe.pk}-2022-06-05-{organisme}"
        for organisme in (groupe.porteur_id, groupe.sejour.offre.equipement.prestataire_id)
    )


@pytest.mark.parametrize(
    ("ouverte", "rappels"),
    [(date(2022, 5, 28), ["2", "0"]), (date(2022, 6, 2), ["2", "0"]), (date(2022, 6, 5), [])],
)
def test_a_window_announced_late_is_not_reminded_of_what_the_announcement_said(ouverte, rappels):
    liste()
    horloge(ouverte, date(2022, 6, 10))
    assert len(causes("validation-ouverte-")) == 1
    assert [cause.split("-")[3] for cause in causes("validation-rappel-")] == rappels


def test_what_a_run_left_undone_the_next_one_does(monkeypatch):
    """Killed after its first lot: what that one did stands, and is not done again."""
    monkeypatch.setattr(fenetres, "LOT", 2)
    groupes = [liste() for _ in range(5)]
    fait = fenetres._ouvrir_un_lot

    def tuee_au_second(**lot):
        if Validation.objects.exists():
            raise KeyboardInterrupt
        return fait(**lot)

    with monkeypatch.context() as patch:
        patch.setattr(fenetres, "_ouvrir_un_lot", tuee_au_second)
        with pytest.raises(KeyboardInterrupt):
            ouvrir(date(2022, 5, 22))
    assert (Validation.objects.count(), len(causes("validation-ouverte-"))) == (2, 2)
    assert ouvrir(date(2022, 5, 22)) == 3
    assert causes("validation-ouverte-") == [f"validation-ouverte-prestataire-{g.pk}" for g in groupes]


@pytest.mark.parametrize("entre_temps", ["the provider answers", "ANCV extends"])
def test_who_answered_or_was_given_time_while_the_clock_was_at_it_is_not_reminded(monkeypatch, entre_temps):
    groupe = liste()
    ouvrir(date(2022, 5, 22))
    sans_attendre = fenetres._rappeler_un_lot

    def apres_coup(**lot):
        if entre_temps == "ANCV extends":
            prolonger(
                validation=Validation.objects.get(),
                jusqu_au=date(2022, 6, 30),
                motif="Vacances",
                par=CompteFactory(ancv=True),
                le=date(2022, 6, 5),
                maintenant=instant(date(2022, 6, 5)),
            )
        else:
            liste_validee(groupe, le=date(2022, 6, 5))
        return sans_attendre(**lot)

    monkeypatch.setattr(fenetres, "_rappeler_un_lot", apres_coup)
    assert rappeler(le=date(2022, 6, 5)) == 0
    monkeypatch.undo()
    dernier = Validation.objects.get().echeance
    assert dernier == date(2022, 6, 30 if entre_temps == "ANCV extends" else 20)
    # The reminder of the new last day was not used up.
    assert rappeler(le=dernier) == 1
    (texte,) = textes("validation-rappel")
    assert "C'est le dernier jour" in texte


# --- Journal, cost --------------------------------------------------------------------------------------------------


def test_openings_and_lapses_are_in_the_journal_under_the_clock_s_name():
    liste()
    horloge(date(2022, 5, 22), date(2022, 6, 6))
    contextes = Validation.pgh_event_model.objects.order_by("pgh_id").values_list("pgh_context", flat=True)
    assert [(c["action"], c["par"], c["nom"]) for c in contextes] == [
        ("validation ouverte", None, "Horloge"),
        ("délai dépassé", None, "Horloge"),
    ]


def requetes(acte) -> int:
    with CaptureQueriesContext(connection) as captees:
        acte()
    return len(captees)


def test_as_many_queries_for_twenty_windows_as_for_one():
    jours = (date(2022, 5, 22), date(2022, 5, 28), date(2022, 6, 6))
    actes = [
        lambda: ouvrir(jours[0]),
        lambda: rappeler(le=jours[1]),
        lambda: constater(jours[2]),
    ]
    liste()
    une = [requetes(acte) for acte in actes]
    for _ in range(20):
        liste()
    assert [requetes(acte) for acte in actes] == une
    assert Validation.objects.filter(depassee_le__isnull=False).count() == 21


def test_nothing_due_is_one_query():
    liste(date(2022, 12, 1))
    assert requetes(lambda: ouvrir(date(2022, 5, 22))) == 1
    assert requetes(lambda: constater(date(2022, 5, 22))) == 1


def test_the_clock_opens_before_it_lapses_and_mails_last():
    noms = [echeance.nom for echeance in ECHEANCES]
    ordre = ["verrouillage", "ouvertures", "depassements", "rappels-validation", "courriels"]
    assert [nom for nom in noms if nom in ordre] == ordre
