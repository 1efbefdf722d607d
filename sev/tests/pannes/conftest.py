"""A whole SEV of the tests' own, to be broken: PostgreSQL, Valkey, mail server, worker, beat, web.

Its servers and programs are those of the demo; the suite's own PostgreSQL is left alone. Each test has a new database;
the ORM of the test itself speaks to that one. Nothing outlives the test, however it ends.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from django.db import connections
from django.utils import timezone
from kombu import Connection

from sev.celery import app
from sev.embarque import Postgres, Valkey, fin_du_journal, lancer_enfant, url_postgres, url_valkey
from sev.environnement import url_courtier
from sev.socle.temps import aujourdhui
from sev.tests.pannes.facteur import Facteur
from sev.tests.serveurs import DEMO_ONLY

RACINE = Path(__file__).resolve().parents[3]
# Waiting ends as soon as what is waited for is there; this only says when to give up on a very busy machine.
PATIENCE = 120
# Whoever inserts a row that a trap names, or answers a mail, stays in it until the trap is taken away.
PIEGES = """
    CREATE TABLE piege (relation text, cle bigint);
    CREATE FUNCTION tomber_dans_le_piege() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        WHILE EXISTS (SELECT FROM piege p WHERE p.relation = TG_TABLE_NAME
                       AND p.cle = (to_jsonb(NEW) ->> TG_ARGV[0])::bigint) LOOP
            PERFORM pg_sleep(0.02);
        END LOOP;
        RETURN NULL;
    END $$;
    CREATE TRIGGER piege AFTER INSERT ON validation_validation
        FOR EACH ROW EXECUTE FUNCTION tomber_dans_le_piege('groupe_id');
    CREATE TRIGGER piege AFTER INSERT ON validation_presence
        FOR EACH ROW EXECUTE FUNCTION tomber_dans_le_piege('inscription_id');
    CREATE TRIGGER piege AFTER INSERT ON validation_versement
        FOR EACH ROW EXECUTE FUNCTION tomber_dans_le_piege('inscription_id');
    CREATE TRIGGER piege AFTER UPDATE ON socle_courriel
        FOR EACH ROW EXECUTE FUNCTION tomber_dans_le_piege('id');
"""


def attendre(quoi: str, vrai, *, journaux=()):
    """Wait until `vrai()` and return what it said; fail with the end of the logs when it never does."""
    limite = time.monotonic() + PATIENCE
    while not (reponse := vrai()):
        if time.monotonic() > limite:
            pytest.fail("\n".join([f"never: {quoi}", *(fin_du_journal(journal) for journal in journaux)]))
        time.sleep(0.05)
    return reponse


class Programme:
    """A program of SEV: its process, its log."""

    def __init__(self, commande, *, journal: Path, env: dict):
        self.journal = journal
        self.processus = lancer_enfant(commande, fin=signal.SIGTERM, journal=journal, cwd=RACINE, env=env)

    def a_dit(self, mots: str) -> bool:
        return mots in self.journal.read_text(errors="replace")

    def attendre(self, quoi: str, vrai):
        """Wait for something that this program must bring about; its death is told at once."""

        def vit_ou_fait():
            if reponse := vrai():
                return reponse
            assert self.processus.poll() is None, fin_du_journal(self.journal)
            return None

        return attendre(quoi, vit_ou_fait, journaux=[self.journal])

    def enfants(self) -> list[psutil.Process]:
        return psutil.Process(self.processus.pid).children()

    def tuer(self) -> None:
        """End it and its children at once, as a power cut does."""
        with suppress(ProcessLookupError):
            os.killpg(self.processus.pid, signal.SIGKILL)
        self.processus.wait()


class Installation:
    """A SEV on one database: what its programs are told, and what the test does to them."""

    def __init__(self, dossier: Path, postgres: Postgres, valkey: Valkey, base: str):
        self.dossier, self.postgres, self.valkey, self.base = dossier, postgres, valkey, base
        self.facteur = Facteur()
        self.programmes: list[Programme] = []
        self.adresse_courtier = url_courtier(url_valkey(dossier))

    # --- Programs --------------------------------------------------------------------------------------

    def ouvrier(self, **reglages) -> Programme:
        """Start a worker as the demo does (prefork, one child) and wait until it takes tasks."""
        ouvrier = self._celery(
            "worker", "--concurrency", "1", "--hostname", f"w{next(RANGS)}@ici", **reglages
        )
        ouvrier.attendre("the worker is ready", lambda: ouvrier.a_dit(" ready."))
        return ouvrier

    def battement(self, **reglages) -> Programme:
        """Start a beat whose every entry is due each second."""
        return self._celery("beat", "--scheduler", "celery.beat:Scheduler", **reglages)

    def site(self) -> tuple[Programme, int]:
        """Start gunicorn, wait until it answers; return it and its port."""
        with socket.create_server(("127.0.0.1", 0)) as prise:
            port = prise.getsockname()[1]
        commande = ("gunicorn", "-c", "deploy/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}", "sev.wsgi")
        site = self._lancer(*commande)
        site.attendre("the site is up", lambda: repond(port))
        return site, port

    def _celery(self, *commande: str, **reglages) -> Programme:
        return self._lancer(
            "celery", "-A", "sev", commande[0], "--loglevel", "INFO", *commande[1:], **reglages
        )

    def _lancer(self, *commande: str, **reglages) -> Programme:
        env = {nom: valeur for nom, valeur in os.environ.items() if nom not in DEMO_ONLY} | {
            "DJANGO_SETTINGS_MODULE": "sev.tests.pannes.reglages",
            "DATABASE_URL": url_postgres(self.dossier, self.base),
            "REDIS_URL": url_valkey(self.dossier),
            "EMAIL_URL": self.facteur.adresse,
            "SEV_DATA": str(self.dossier),
            "WEB_WORKERS": "1",
            "PANNES_REGLAGES": json.dumps(reglages),
        }
        journal = self.dossier / f"{commande[0]}-{next(RANGS)}.log"
        self.programmes.append(Programme([sys.executable, "-m", *commande], journal=journal, env=env))
        return self.programmes[-1]

    def fermer(self) -> None:
        for programme in self.programmes:
            programme.tuer()
        self.facteur.fermer()

    # --- The broker ------------------------------------------------------------------------------------

    def reveiller(self, *taches) -> None:
        """Send wake-ups, as beat does."""
        with Connection(self.adresse_courtier) as connexion:
            for tache in taches:
                app.send_task(tache.name, connection=connexion)

    @contextmanager
    def courtier(self):
        """Speak to the broker itself."""
        client = redis.Redis.from_url(url_valkey(self.dossier))
        yield client
        client.close()

    def en_route(self) -> int:
        """Return how many wake-ups wait, or are in a worker's hands."""
        with self.courtier() as client:
            return client.llen("celery") + client.hlen("unacked")

    # --- Traps -----------------------------------------------------------------------------------------

    @contextmanager
    def piege(self, relation: str, cle: int):
        """Hold whoever inserts this row, in the middle of its transaction, while the block lasts."""
        self.sql("INSERT INTO piege VALUES (%s, %s)", relation, cle)
        try:
            yield
        finally:
            self.sql("DELETE FROM piege WHERE relation = %s AND cle = %s", relation, cle)

    def pris(self) -> bool:
        """Tell whether somebody is in a trap."""
        return self.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'") != []

    def attend_un_verrou(self) -> bool:
        """Tell whether somebody waits for what somebody else holds."""
        return self.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != []

    def sql(self, requete: str, *parametres) -> list:
        with psycopg.connect(url_postgres(self.dossier, self.base), autocommit=True) as connexion:
            curseur = connexion.execute(requete, parametres)
            return curseur.fetchall() if curseur.description else []


RANGS = count(1)


def repond(port: int) -> bool:
    """Tell whether the site shows its first page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/connexion/", timeout=PATIENCE) as reponse:
            return reponse.status == 200
    except OSError:
        return False


@pytest.fixture(scope="session")
def serveurs():
    """PostgreSQL, that keeps what it has promised, with a migrated database to copy; and Valkey."""
    dossier = Path(tempfile.mkdtemp(prefix="sev-pannes-", dir="/tmp"))
    postgres, valkey = Postgres(dossier), Valkey(dossier)
    try:
        env = os.environ | {"DATABASE_URL": postgres.demarrer()}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=RACINE, env=env, check=True)
        with psycopg.connect(url_postgres(dossier), autocommit=True) as connexion:
            connexion.execute(PIEGES)
        valkey.demarrer()
        yield dossier, postgres, valkey
    finally:
        valkey.arreter()
        postgres.supprimer()
        shutil.rmtree(dossier, ignore_errors=True)


@pytest.fixture
def sev(serveurs, monkeypatch, django_db_blocker):
    """A new SEV, its database as migrations leave it; the test's own ORM speaks to it."""
    dossier, postgres, valkey = serveurs
    base = f"sev_{next(RANGS)}"
    with psycopg.connect(url_postgres(dossier, "postgres"), autocommit=True) as connexion:
        connexion.execute(f"CREATE DATABASE {base} TEMPLATE sev")
    connexion = connections["default"]
    connexion.close()
    reglages = dict(connexion.settings_dict)
    ailleurs = {"NAME": base, "HOST": str(postgres.sockets), "USER": "sev", "PASSWORD": "", "PORT": ""}
    installation = Installation(dossier, postgres, valkey, base)
    with installation.courtier() as client:
        client.flushall()
    try:
        with django_db_blocker.unblock():
            connexion.settings_dict.update(ailleurs)
            yield installation
    finally:
        installation.fermer()
        connections.close_all()
        connexion.settings_dict.update({nom: reglages[nom] for nom in ailleurs})


@pytest.fixture
def jour(sev):
    """Today in Paris, for as long as the test lasts: one that begins minutes before midnight waits for the next day."""
    attendre("midnight is past", lambda: timezone.localtime().strftime("%H:%M") < "23:58")
    return aujourdhui()
