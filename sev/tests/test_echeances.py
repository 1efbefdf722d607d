"""The clock's jobs (I14, X5): both sides of midnight in Paris, catching up, two at once; the command; the tasks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from io import StringIO
from threading import Barrier

import pytest
import time_machine
from django.conf import settings as reglages
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection

from conventions.tests.factories import CompteFactory, CreditFactory
from sejours.models import Groupe
from sejours.tasks import verrouiller_listes
from sejours.tests.factories import GroupeFactory, PorteurFactory, SejourFactory
from seniors.tests.factories import InscriptionFactory
from sev.celery import app
from sev.echeances import ECHEANCES
from sev.socle.models import Courriel, Passage


def groupe_qui_ferme(dernier_jour: date) -> Groupe:
    """A group of a porteur and a provider who both have an address, whose list closes after `dernier_jour`."""
    groupe = GroupeFactory(
        sejour=SejourFactory(debut=date.fromordinal(dernier_jour.toordinal() + 17)), porteur=PorteurFactory()
    )
    CompteFactory(seul=True, organisme=groupe.porteur, identifiant=f"porteur-{groupe.pk}")
    CompteFactory(
        seul=True,
        organisme=groupe.sejour.offre.equipement.prestataire,
        identifiant=f"prestataire-{groupe.pk}",
    )
    return groupe


def courriels_du_verrouillage() -> list[str]:
    return sorted(
        Courriel.objects.filter(cause__startswith="liste-verrouillee").values_list("cause", flat=True)
    )


NOMS = [echeance.nom for echeance in ECHEANCES]


def lancer() -> dict[str, int]:
    """Run the command; return how many things each job says it did, of those that did some."""
    sortie = StringIO()
    call_command("echeances", stdout=sortie)
    faits = dict(ligne.split(" : ") for ligne in sortie.getvalue().splitlines())
    assert list(faits) == NOMS
    return {nom: int(combien) for nom, combien in faits.items() if combien != "0"}


# --- The lock ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dernier_jour", "avant", "apres"),
    [
        # Summer time: midnight in Paris is 22:00 UTC; at 23:30 UTC it is already the next day.
        (date(2022, 4, 27), datetime(2022, 4, 27, 21, 59, 59), datetime(2022, 4, 27, 22, 0)),
        (date(2022, 4, 27), datetime(2022, 4, 26, 23, 30), datetime(2022, 4, 27, 23, 30)),
        # Winter time: midnight in Paris is 23:00 UTC.
        (date(2022, 2, 10), datetime(2022, 2, 10, 22, 59, 59), datetime(2022, 2, 10, 23, 0)),
        (date(2022, 2, 10), datetime(2022, 2, 9, 23, 30), datetime(2022, 2, 10, 23, 30)),
        # The night on which the clocks go forward, then the one on which they go back.
        (date(2022, 3, 26), datetime(2022, 3, 26, 22, 59, 59), datetime(2022, 3, 26, 23, 0)),
        (date(2022, 3, 27), datetime(2022, 3, 27, 21, 59, 59), datetime(2022, 3, 27, 22, 0)),
        (date(2022, 10, 29), datetime(2022, 10, 29, 21, 59, 59), datetime(2022, 10, 29, 22, 0)),
        (date(2022, 10, 30), datetime(2022, 10, 30, 22, 59, 59), datetime(2022, 10, 30, 23, 0)),
    ],
)
def test_the_lock_falls_at_midnight_in_paris(db, dernier_jour, avant, apres):
    groupe = groupe_qui_ferme(dernier_jour)
    with time_machine.travel(avant.replace(tzinfo=UTC), tick=False):
        assert verrouiller_listes() == 0
    with time_machine.travel(apres.replace(tzinfo=UTC), tick=False):
        assert verrouiller_listes() == 1
    groupe.refresh_from_db()
    assert groupe.verrouille_le == apres.replace(tzinfo=UTC)


def test_after_three_days_without_a_clock_one_run_catches_up_each_once(db):
    groupes = [groupe_qui_ferme(date(2022, 4, jour)) for jour in (25, 26, 27)]
    attendues = sorted(
        f"liste-verrouillee-{cote}-{g.pk}-{g.dernier_jour}"
        for g in groupes
        for cote in ("porteur", "prestataire")
    )
    with time_machine.travel(datetime(2022, 4, 28, 6, 0, tzinfo=UTC)):
        assert lancer() == {"verrouillage": 3, "activite": 1}
    assert courriels_du_verrouillage() == attendues
    # Mails are due from the database's own clock on, which no test moves.
    assert lancer() == {"courriels": 6, "activite": 1}
    # Sent, and written in 2022: their texts are no longer needed (X4).
    assert lancer() == {"retention": 6}
    assert lancer() == {}
    assert courriels_du_verrouillage() == attendues
    assert len(mail.outbox) == 6


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_mail_each_list_once():
    groupes = [groupe_qui_ferme(date(2022, 4, 27)) for _ in range(12)]
    depart = Barrier(4)

    def balayer():
        try:
            depart.wait(120)
            return verrouiller_listes()
        finally:
            connection.close()

    with time_machine.travel(datetime(2022, 4, 28, 6, 0, tzinfo=UTC)), ThreadPoolExecutor(4) as fils:
        faits = [f.result() for f in [fils.submit(balayer) for _ in range(4)]]
    assert sum(faits) == 12
    assert len(courriels_du_verrouillage()) == 24
    evenements = Groupe.pgh_event_model.objects.filter(pgh_label="update", verrouille_le__isnull=False)
    assert sorted(evenements.values_list("pgh_obj", flat=True)) == sorted(g.pk for g in groupes)


def test_the_lock_is_in_the_journal_under_the_clock_s_name(db):
    groupe_qui_ferme(date(2022, 4, 27))
    with time_machine.travel(datetime(2022, 4, 28, 6, 0, tzinfo=UTC)):
        verrouiller_listes()
    evenement = Groupe.pgh_event_model.objects.get(pgh_label="update")
    assert {k: evenement.pgh_context[k] for k in ("action", "par", "nom")} == {
        "action": "liste verrouillée",
        "par": None,
        "nom": "Horloge",
    }


# --- The command ------------------------------------------------------------------------------------------------


def test_one_command_does_all_that_is_due_and_says_it(db):
    groupe_qui_ferme(date(2022, 4, 21))
    attente = groupe_qui_ferme(date(2022, 4, 27))
    InscriptionFactory(groupe=attente, le=date(2022, 4, 20))
    CreditFactory(convention=attente.porteur.convention, alloue=160)
    with time_machine.travel(datetime(2022, 4, 22, 8, 0, tzinfo=UTC)):
        assert lancer() == {"verrouillage": 1, "rappels": 1, "files-d-attente": 1, "activite": 1}
    assert set(Passage.objects.values_list("tache", flat=True)) == set(NOMS)
    # Years later the stay of the aided person is over, and nobody validates any more. Two locks and a lapse, each told
    # to two sides, the reminder and the aid; an income that is no longer needed (X4).
    assert lancer() == {
        "verrouillage": 1,
        "ouvertures": 1,
        "depassements": 1,
        "retention": 1,
        "courriels": 8,
        "activite": 1,
    }


def test_a_job_that_fails_is_told_and_the_others_have_their_turn(db, monkeypatch):
    def tomber(**kwargs):
        raise RuntimeError("the sky")

    monkeypatch.setattr("sejours.operations.groupes.verrouiller_listes", tomber)
    sortie = StringIO()
    with pytest.raises(CommandError, match="Tâches en échec : verrouillage"):
        call_command("echeances", stdout=sortie)
    assert sortie.getvalue().splitlines() == [
        "verrouillage : échec, RuntimeError: the sky",
        *(f"{nom} : 0" for nom in NOMS[1:]),
    ]
    assert Passage.objects.get(tache="verrouillage").erreur == "RuntimeError: the sky"


# --- Celery -----------------------------------------------------------------------------------------------------


def test_celery_wakes_the_same_jobs_under_the_same_names():
    app.loader.import_default_modules()
    horaire = {nom: ligne["task"] for nom, ligne in reglages.CELERY_BEAT_SCHEDULE.items()}
    assert horaire == {echeance.nom: echeance.tache.name for echeance in ECHEANCES}
    assert set(horaire.values()) <= set(app.tasks)


@pytest.mark.django_db(transaction=True)
def test_a_worker_really_runs_them(valkey, monkeypatch):
    """A wake-up through a real broker, taken by a real worker: the run is recorded."""
    from celery.contrib.testing.worker import start_worker

    from sev.environnement import url_courtier

    monkeypatch.setattr(app.conf, "broker_url", url_courtier(valkey))
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=120):
        for echeance in ECHEANCES:
            echeance.tache.apply_async()
        attendre = datetime.now(UTC).timestamp() + 120
        while Passage.objects.filter(fin__isnull=False).count() < len(ECHEANCES):
            assert datetime.now(UTC).timestamp() < attendre, "the worker did not run the tasks"
    assert sorted(Passage.objects.values_list("tache", "erreur")) == [(nom, "") for nom in sorted(NOMS)]
