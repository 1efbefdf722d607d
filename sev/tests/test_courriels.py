"""The outbox (X5): a mail leaves once for its cause, whatever fails and however many send."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Lock

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connections, transaction

from conventions.courriels import lettres
from conventions.models import Compte
from conventions.tests.factories import CompteFactory, ConventionFactory
from sev.socle.courriels import TENTATIVES_MAX, deposer, envoyer, relancer
from sev.socle.models import Courriel, Passage
from sev.socle.passages import executer
from sev.socle.tasks import envoyer_courriels

MIDI = datetime(2030, 4, 22, 12, 0, tzinfo=UTC)


def courriel(cause="essai-1", **champs) -> Courriel:
    return Courriel(
        **{
            "cause": cause,
            "destinataire": "ccas@exemple.fr",
            "sujet": f"Sujet de {cause}",
            "texte": "Bonjour,\nen texte.",
            "html": "<p>Bonjour, en HTML.</p>",
        }
        | champs
    )


class Facteur(BaseEmailBackend):
    """A mail server under our control: it refuses the recipients of `refuses`, and counts what it takes.

    With `lus`, it takes nothing before as many senders as that have come.
    """

    pris: list = []
    refuses: set = set()
    lus: Barrier | None = None
    verrou = Lock()

    def send_messages(self, messages):
        if self.lus:
            self.lus.wait(120)
        for message in messages:
            if self.refuses & set(message.to):
                raise smtplib.SMTPRecipientsRefused({message.to[0]: (550, b"no such mailbox")})
            message.message()
            with self.verrou:
                self.pris.append(message)
        return len(messages)


@pytest.fixture
def facteur(settings):
    settings.EMAIL_BACKEND = f"{Facteur.__module__}.{Facteur.__name__}"
    Facteur.pris, Facteur.refuses, Facteur.lus = [], set(), None
    return Facteur


def etat(cause="essai-1") -> dict:
    champs = ("tentatives", "a_envoyer_le", "envoye_le", "erreur")
    return Courriel.objects.values(*champs).get(cause=cause)


# --- Once for its cause ---------------------------------------------------------------------------------


def test_a_cause_is_told_once(db):
    deposer([courriel(), courriel("essai-2")])
    deposer([courriel(texte="Autrement.")])
    assert list(Courriel.objects.order_by("cause").values_list("cause", "texte")) == [
        ("essai-1", "Bonjour,\nen texte."),
        ("essai-2", "Bonjour,\nen texte."),
    ]


def test_a_mail_is_written_with_what_it_tells_or_not_at_all(db):
    with pytest.raises(RuntimeError), transaction.atomic():
        deposer([courriel()])
        raise RuntimeError
    assert Courriel.objects.count() == 0


def test_a_mail_leaves_once_in_text_and_html(db):
    deposer([courriel()])
    assert (envoyer(maintenant=MIDI), envoyer(maintenant=MIDI)) == (1, 0)
    [message] = mail.outbox
    assert (message.to, message.subject, message.body) == (
        ["ccas@exemple.fr"],
        "Sujet de essai-1",
        "Bonjour,\nen texte.",
    )
    assert [tuple(a) for a in message.alternatives] == [("<p>Bonjour, en HTML.</p>", "text/html")]
    assert etat() == {
        "tentatives": 1,
        "a_envoyer_le": etat()["a_envoyer_le"],
        "envoye_le": MIDI,
        "erreur": "",
    }


def test_a_cause_has_one_message_id_for_ever(db, facteur):
    """Should a worker die after sending and before writing so, the second copy is known for the same."""
    deposer([courriel(), courriel("essai-2")])
    envoyer(maintenant=MIDI)
    Courriel.objects.update(envoye_le=None)
    envoyer(maintenant=MIDI)
    identifiants = [message.extra_headers["Message-ID"] for message in facteur.pris]
    assert identifiants[:2] == identifiants[2:]
    assert len(set(identifiants)) == 2


def test_a_mail_waits_for_its_hour(db):
    deposer([courriel(a_envoyer_le=MIDI)])
    assert envoyer(maintenant=MIDI - timedelta(seconds=1)) == 0
    assert envoyer(maintenant=MIDI) == 1


def test_the_oldest_leave_first_and_no_more_than_asked(db):
    deposer([courriel(f"essai-{rang}", a_envoyer_le=MIDI - timedelta(hours=rang)) for rang in (1, 3, 2)])
    assert envoyer(maintenant=MIDI, limite=2) == 2
    assert [m.subject for m in mail.outbox] == ["Sujet de essai-3", "Sujet de essai-2"]


# --- When it fails --------------------------------------------------------------------------------------


def test_a_failure_is_written_down_and_holds_nobody_back(db, facteur):
    deposer([courriel(destinataire="ferme@exemple.fr"), courriel("essai-2")])
    facteur.refuses = {"ferme@exemple.fr"}
    assert envoyer(maintenant=MIDI) == 1
    assert [m.subject for m in facteur.pris] == ["Sujet de essai-2"]
    assert etat() == {
        "tentatives": 1,
        "a_envoyer_le": MIDI + timedelta(minutes=1),
        "envoye_le": None,
        "erreur": "SMTPRecipientsRefused: {'ferme@exemple.fr': (550, b'no such mailbox')}",
    }


def test_each_failure_waits_twice_as_long_as_the_one_before(db, facteur):
    deposer([courriel()])
    facteur.refuses = {"ccas@exemple.fr"}
    attentes, maintenant = [], MIDI
    for _ in range(TENTATIVES_MAX):
        assert envoyer(maintenant=maintenant) == 0
        prochaine = etat()["a_envoyer_le"]
        assert envoyer(maintenant=prochaine - timedelta(seconds=1)) == 0
        attentes.append(prochaine - maintenant)
        maintenant = prochaine
    assert attentes == [timedelta(minutes=2**rang) for rang in range(12)]
    facteur.refuses = set()
    assert envoyer(maintenant=maintenant + timedelta(days=365)) == 0
    assert etat()["tentatives"] == 12


def test_a_mail_that_failed_leaves_when_the_server_is_back(db, facteur):
    deposer([courriel()])
    facteur.refuses = {"ccas@exemple.fr"}
    envoyer(maintenant=MIDI)
    facteur.refuses = set()
    assert envoyer(maintenant=MIDI + timedelta(minutes=1)) == 1
    assert (etat()["tentatives"], etat()["erreur"], etat()["envoye_le"]) == (
        2,
        "",
        MIDI + timedelta(minutes=1),
    )


def test_staff_give_a_mail_all_its_tries_again(db, facteur):
    deposer([courriel(), courriel("essai-2")])
    facteur.refuses = {"ccas@exemple.fr"}
    envoyer(maintenant=MIDI)
    Courriel.objects.filter(cause="essai-2").update(envoye_le=MIDI)
    Courriel.objects.update(tentatives=TENTATIVES_MAX)
    facteur.refuses = set()
    assert relancer(Courriel.objects.all(), maintenant=MIDI) == 1
    assert envoyer(maintenant=MIDI) == 1


def test_a_subject_on_two_lines_is_not_sent_and_says_so(db, facteur):
    deposer([courriel(sujet="Bonjour\nBcc: tous@exemple.fr"), courriel("essai-2")])
    assert envoyer(maintenant=MIDI) == 1
    assert (facteur.pris[0].subject, etat()["envoye_le"]) == ("Sujet de essai-2", None)


# --- Several senders ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_senders_at_once_send_each_mail_once(facteur):
    for manche in range(4):
        deposer([courriel(f"essai-{manche}-{rang}") for rang in range(30)])
        depart = Barrier(8)

        def envoi(depart=depart):
            try:
                depart.wait(120)
                return envoyer(maintenant=MIDI)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(8) as bassin:
            partis = [f.result() for f in [bassin.submit(envoi) for _ in range(8)]]
        assert sum(partis) == 30
    sujets = sorted(message.subject for message in facteur.pris)
    assert sujets == sorted(f"Sujet de essai-{manche}-{rang}" for manche in range(4) for rang in range(30))
    assert set(Courriel.objects.values_list("tentatives", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_some_mails_would_leave_twice(facteur, monkeypatch):
    """The control of the race above, SELECT without FOR UPDATE SKIP LOCKED: all have read when the first one sends."""
    monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda self, **_: self)
    deposer([courriel()])
    facteur.lus = Barrier(8)

    def envoi(_):
        try:
            return envoyer(maintenant=MIDI, limite=1)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as bassin:
        assert sum(bassin.map(envoi, range(8))) == 8
    assert [message.subject for message in facteur.pris] == ["Sujet de essai-1"] * 8


# --- The clock ------------------------------------------------------------------------------------------


def test_the_task_sends_and_records_its_run(db):
    deposer([courriel()])
    assert envoyer_courriels() == 1
    passage = Passage.objects.get(tache="courriels")
    assert (passage.faits, passage.erreur, passage.fin >= passage.debut) == (1, "", True)


def test_of_the_runs_with_nothing_to_do_the_last_is_kept(db):
    for faits in (0, 0, 3, 0, 0):
        assert executer("essai", lambda faits=faits: faits) == faits
    assert list(Passage.objects.order_by("pk").values_list("faits", flat=True)) == [3, 0]


def test_a_run_that_breaks_is_recorded_and_breaks(db):
    def casse():
        raise ValueError("panne")

    with pytest.raises(ValueError, match="panne"):
        executer("essai", casse)
    passage = Passage.objects.get()
    assert (passage.erreur, passage.faits, passage.fin is not None) == ("ValueError: panne", 0, True)


# --- To whom --------------------------------------------------------------------------------------------


def test_mails_go_to_the_active_holder_of_the_organisation(db):
    titulaire = CompteFactory(email="titulaire@exemple.fr")
    CompteFactory(collegue=True, organisme=titulaire.organisme)
    contexte = {"inscriptions": [], "total": 0}
    lettre = {"cause": "essai", "sujet": "Essai", "gabarit": "aides_de_la_file", "contexte": contexte}
    assert [c.destinataire for c in lettres(titulaire.organisme_id, **lettre)] == ["titulaire@exemple.fr"]
    Compte.objects.filter(pk=titulaire.pk).update(is_active=False)
    assert lettres(titulaire.organisme_id, **lettre) == []
    assert lettres(ConventionFactory().pk, **lettre) == []
