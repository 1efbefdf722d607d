"""Worker, broker and beat really broken: nothing lost, nothing twice (X5, V1, V2, V4).

What is due is a query on PostgreSQL; the broker carries wake-ups only; a wake-up is acknowledged once its task is over.
"""

from collections import Counter
from datetime import timedelta

import pytest

from sev.celery import app
from sev.socle.models import Courriel, Passage
from sev.socle.tasks import envoyer_courriels
from sev.socle.temps import maintenant
from sev.tasks import purger
from sev.tests.pannes.conftest import attendre
from sev.tests.pannes.scenes import (
    agent,
    boites,
    causes,
    corps,
    histoire,
    limites_dites,
    liste,
    ouvertes,
    rien_de_casse,
)
from validation.models import Validation
from validation.operations.fenetres import constater_depassements, ouvrir_validations, rappeler
from validation.operations.validations import prolonger, valider
from validation.tasks import ouvrir_validations as reveil_ouvertures
from validation.tests.factories import cles, comptes_de, instant

pytestmark = pytest.mark.pannes


def tuer_en_plein_balayage(sev, ouvrier, groupes) -> None:
    """Wake the sweep up, and kill the worker's child once one window is written and the others are not."""
    with sev.piege("validation_validation", groupes[1].pk):
        sev.reveiller(reveil_ouvertures)
        ouvrier.attendre("the sweep is in its middle", sev.pris)
        enfant = ouvrier.enfants()[0]
        enfant.kill()
        attendre("the child is gone", lambda: not enfant.is_running())
    assert ouvertes(groupes) == 0


def ouverte_une_fois(groupes) -> bool:
    """Tell whether each window has one opening in the journal, and one mail."""
    return all(
        len(histoire(groupe, "pgh_label")) == 1 and causes(groupe) == ["validation-ouverte-prestataire"]
        for groupe in groupes
    )


# --- The worker -------------------------------------------------------------------------------------------------


def test_a_worker_killed_in_the_middle_of_a_sweep_does_it_again_whole(sev, jour):
    """Without the transaction a window would be open and never announced; without late acks none would open."""
    groupes = [liste(jour - timedelta(3)) for _ in range(3)]
    ouvrier = sev.ouvrier()
    tuer_en_plein_balayage(sev, ouvrier, groupes)
    ouvrier.attendre("the wake-up comes back by itself", lambda: ouvertes(groupes) == 3)
    ouvrier.attendre("the wake-up is done with", lambda: sev.en_route() == 0)
    assert ouverte_une_fois(groupes)
    # The run that was killed never ended; the next one did all.
    passages = Passage.objects.filter(tache="ouvertures").order_by("pk")
    assert [(passage.fin is None, passage.faits) for passage in passages] == [(True, 0), (False, 3)]
    assert rien_de_casse() == []


def test_with_early_acks_that_wake_up_would_be_lost_and_the_next_one_does_it(sev, jour):
    """The control of the test above: with `task_acks_late` off the sweep waits for beat."""
    groupes = [liste(jour - timedelta(3)) for _ in range(3)]
    ouvrier = sev.ouvrier(CELERY_TASK_ACKS_LATE=False)
    tuer_en_plein_balayage(sev, ouvrier, groupes)
    sev.reveiller(purger)
    ouvrier.attendre(
        "the next task is over", lambda: Passage.objects.filter(tache="retention", fin__isnull=False)
    )
    assert (sev.en_route(), ouvertes(groupes)) == (0, 0)
    sev.reveiller(reveil_ouvertures)
    ouvrier.attendre("the next wake-up opens them", lambda: ouvertes(groupes) == 3)
    assert ouverte_une_fois(groupes)


def test_after_a_power_cut_of_the_whole_worker_the_next_one_takes_over(sev, jour):
    """Killed with its child: the broker gives its wake-up back after some minutes, beat sends another before that."""
    groupes = [liste(jour - timedelta(3)) for _ in range(3)]
    ouvrier = sev.ouvrier()
    with sev.piege("validation_validation", groupes[1].pk):
        sev.reveiller(reveil_ouvertures)
        ouvrier.attendre("the sweep is in its middle", sev.pris)
        ouvrier.tuer()
    assert ouvertes(groupes) == 0
    with sev.courtier() as courtier:
        # These minutes are over: what the dead worker held is given back.
        for cle, en_main in courtier.zrange("unacked_index", 0, -1, withscores=True):
            courtier.zadd("unacked_index", {cle: en_main - 1_000})
    suivant = sev.ouvrier()
    sev.reveiller(reveil_ouvertures)
    suivant.attendre("the next worker opens them", lambda: ouvertes(groupes) == 3)
    suivant.attendre("the dead worker's wake-up is done with too", lambda: sev.en_route() == 0)
    assert Passage.objects.filter(tache="ouvertures", faits__gt=0).count() == 1
    assert ouverte_une_fois(groupes)


@pytest.mark.parametrize(("moment", "copies"), [("RCPT", 1), ("DATA", 2)])
def test_a_worker_killed_in_the_middle_of_a_mail_sends_it_again_under_the_same_name(
    sev, jour, moment, copies
):
    """Before the server has it: once. Accepted but not yet said: a copy that its Message-ID lets the reader drop.

    At least once is what can be promised; without the outbox's transaction such a mail would never leave.
    """
    groupes = [liste(jour - timedelta(3)) for _ in range(3)]
    ouvrir_validations(le=jour, maintenant=maintenant())
    prestataires = [boites(groupe)[1] for groupe in groupes]
    sev.facteur.retenir(moment, prestataires[1])
    ouvrier = sev.ouvrier()
    sev.reveiller(envoyer_courriels)
    ouvrier.attendre("the mail is half sent", sev.facteur.arrete.is_set)
    ouvrier.enfants()[0].kill()
    sev.facteur.laisser_passer()
    ouvrier.attendre("all mails have left", lambda: not Courriel.objects.filter(envoye_le=None).exists())
    ouvrier.attendre("the wake-up is done with", lambda: sev.en_route() == 0)
    assert sev.facteur.par_destinataire() == dict(zip(prestataires, (1, copies, 1), strict=True))
    assert len(set(sev.facteur.identifiants(prestataires[1]))) == 1


# --- The broker -------------------------------------------------------------------------------------------------


def test_a_broker_that_loses_everything_loses_nothing(sev, jour):
    """Emptied while wake-ups wait, and again under the worker: beat's next ones find all that is due."""
    groupes = [liste(jour - timedelta(3)) for _ in range(3)]
    sev.reveiller(reveil_ouvertures, envoyer_courriels)
    with sev.courtier() as courtier:
        assert courtier.llen("celery") == 2
        courtier.flushall()
    ouvrier = sev.ouvrier()
    sev.reveiller(purger)
    ouvrier.attendre("the worker works", lambda: Passage.objects.filter(tache="retention", fin__isnull=False))
    assert ouvertes(groupes) == 0
    with sev.courtier() as courtier:
        courtier.flushall()
    sev.battement()
    ouvrier.attendre("each provider is told", lambda: len(sev.facteur.recus) == 3)
    assert ouverte_une_fois(groupes)
    assert set(sev.facteur.par_destinataire().values()) == {1}


def test_after_an_hour_without_broker_worker_and_beat_take_up_by_themselves(sev, jour):
    """People go on working meanwhile, and mails wait; Celery's own default gives up after some 46 minutes."""
    assert app.conf.broker_connection_max_retries is None
    groupe = liste(jour - timedelta(3))
    ouvrier, battement = sev.ouvrier(), sev.battement()
    ouvrier.attendre("the provider is told", lambda: len(sev.facteur.recus) == 1)
    sev.valkey.arreter()
    try:
        ouvrier.attendre("the worker misses its broker", lambda: ouvrier.a_dit("Cannot connect to"))
        _, prestataire = comptes_de(groupe)
        valider(groupe=groupe, presents=cles(groupe), par=prestataire, le=jour, maintenant=maintenant())
        # The hour passes: the mail is that old.
        Courriel.objects.filter(envoye_le=None).update(
            a_envoyer_le=maintenant() - timedelta(hours=1), cree_le=maintenant() - timedelta(hours=1)
        )
        assert battement.processus.poll() is None
    finally:
        sev.valkey.demarrer()
    ouvrier.attendre("the porteur is told", lambda: len(sev.facteur.recus) == 2)
    assert sev.facteur.par_destinataire() == dict.fromkeys(boites(groupe), 1)
    assert (ouvrier.processus.poll(), battement.processus.poll()) == (None, None)


def test_a_worker_with_celery_s_own_patience_would_leave(sev, jour):
    """The control of the test above: with a number of tries, the worker ends before its broker is back."""
    ouvrier = sev.ouvrier(CELERY_BROKER_CONNECTION_MAX_RETRIES=1)
    sev.valkey.arreter()
    try:
        attendre(
            "the worker gives up", lambda: ouvrier.processus.poll() is not None, journaux=[ouvrier.journal]
        )
    finally:
        sev.valkey.demarrer()


# --- Beat -------------------------------------------------------------------------------------------------------


def test_after_three_days_without_beat_each_effect_comes_once_in_order_with_its_dates(sev, jour):
    """Several last days have passed at once. The clock last ran three days ago; two beats and two workers start today.

    Counting from today would announce later days; reminders missed would come in a heap; two beats would tell twice.
    """
    arret = jour - timedelta(3)
    quand = {"le": arret, "maintenant": instant(arret)}
    rappelee = liste(
        jour - timedelta(10)
    )  # until in 5 days: its reminder of 8 days was due the day the clock stopped
    passee = liste(jour - timedelta(17))  # lapsed 2 days ago: reminders of 0 days, then the lapse, missed
    longue = liste(jour - timedelta(24))  # extended by ANCV until yesterday
    a_confirmer = liste(jour - timedelta(20))  # validated 16 days ago: the porteur's window lapsed yesterday
    for groupe in (rappelee, passee, longue, a_confirmer):
        ouverture = groupe.sejour.fin + timedelta(1)
        ouvrir_validations(le=ouverture, maintenant=instant(ouverture))
    _, prestataire = comptes_de(a_confirmer)
    validee_le = jour - timedelta(16)
    valider(
        groupe=a_confirmer,
        presents=cles(a_confirmer),
        par=prestataire,
        le=validee_le,
        maintenant=instant(validee_le),
    )
    constater_depassements(le=jour - timedelta(8), maintenant=instant(jour - timedelta(8)))
    prolonger(
        validation=Validation.objects.get(pk=longue.pk),
        jusqu_au=jour - timedelta(1),
        motif="Fermeture du village",
        par=agent(),
        le=jour - timedelta(8),
        maintenant=instant(jour - timedelta(8)),
    )
    for jours in (8, 7, 6, 5, 4):
        rappeler(le=jour - timedelta(jours))
    constater_depassements(**quand)
    finie = liste(jour - timedelta(3))  # over the day that the clock stopped: its window did not open
    vieille = liste(jour - timedelta(40))  # never opened at all: its window is over already
    Courriel.objects.all().delete()
    groupes = (rappelee, passee, longue, a_confirmer, finie, vieille)
    avant = {groupe.pk: len(histoire(groupe, "pgh_id")) for groupe in groupes}

    ouvrier, _, _, _ = sev.ouvrier(), sev.ouvrier(), sev.battement(), sev.battement()
    attendus = {
        finie.pk: ["validation-ouverte-prestataire"],
        rappelee.pk: ["validation-rappel-prestataire-8"],
        passee.pk: ["validation-depassee"] * 2,
        longue.pk: ["validation-depassee"] * 2,
        a_confirmer.pk: ["validation-depassee"] * 2,
        vieille.pk: ["validation-depassee"] * 2,
    }
    ouvrier.attendre("every mail has left", lambda: len(sev.facteur.recus) >= 10)
    tours = Passage.objects.filter(tache="depassements").order_by("-pk").values_list("pk", flat=True).first()
    ouvrier.attendre(
        "the clock has gone round again",
        lambda: Passage.objects.filter(tache="depassements", pk__gt=tours + 3, fin__isnull=False).exists(),
    )
    assert {groupe.pk: causes(groupe) for groupe in groupes} == attendus
    assert len(sev.facteur.recus) == 10
    assert Counter(str(message["Message-ID"]) for message in sev.facteur.recus).most_common(1)[0][1] == 1

    # Each once in the journal, the opening before the lapse.
    faits = {groupe.pk: len(histoire(groupe, "pgh_id")) - avant[groupe.pk] for groupe in groupes}
    assert faits == {
        finie.pk: 1,
        rappelee.pk: 0,
        passee.pk: 1,
        longue.pk: 1,
        a_confirmer.pk: 1,
        vieille.pk: 2,
    }
    assert [depassee is None for (depassee,) in histoire(vieille, "depassee_le")] == [True, False]

    # The days are those of the stays, not those of the outage.
    limites = dict(Validation.objects.values_list("pk", "echeance_prestataire"))
    assert limites[finie.pk] == jour + timedelta(12)
    assert limites[vieille.pk] == jour - timedelta(25)
    dites = {
        finie.pk: jour + timedelta(12),
        rappelee.pk: jour + timedelta(5),
        passee.pk: jour - timedelta(2),
        longue.pk: jour - timedelta(1),
        a_confirmer.pk: jour - timedelta(1),
        vieille.pk: jour - timedelta(25),
    }
    assert {groupe.pk: limites_dites(sev.facteur.recus, groupe, jour) for groupe in groupes} == {
        cle: {jour_dit} for cle, jour_dit in dites.items()
    }
    assert "Il vous reste 5 jours" in corps(sev.facteur.recus, rappelee)[0]
    assert rien_de_casse() == []
