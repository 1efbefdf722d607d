"""The embedded servers and the command that runs them."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from sev.embarque import Postgres, ServeurAbsent, dossier_sockets, url_postgres, url_valkey
from sev.embarque.processus import dossier_prive

RACINE = Path(__file__).resolve().parents[2]


@pytest.fixture
def dossier():
    with tempfile.TemporaryDirectory(prefix="sev-embarque-", dir="/tmp") as chemin:
        yield Path(chemin)


@pytest.fixture
def postgres(dossier):
    serveur = Postgres(dossier, durable=False)
    serveur.demarrer()
    yield serveur
    serveur.supprimer()


def demo(*options, **env):
    return subprocess.run(
        [sys.executable, "bin/_demo.py", *options],
        cwd=RACINE,
        env=os.environ | {"DATABASE_URL": ""} | env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_addresses_fit_in_a_socket_path_however_deep_the_folder(tmp_path):
    profond = tmp_path / ("d" * 200)
    assert len(str(dossier_sockets(profond) / ".s.PGSQL.5432.lock")) < 104
    assert url_postgres(profond) == f"postgresql://sev@%2Ftmp%2F{dossier_sockets(profond).name}/sev"
    assert url_valkey(profond) == f"unix:///tmp/{dossier_sockets(profond).name}/valkey.sock"


def test_two_folders_have_two_servers(tmp_path):
    assert url_postgres(tmp_path / "a") != url_postgres(tmp_path / "b")


def test_the_database_sorts_by_code_point_and_keeps_its_data(dossier):
    serveur = Postgres(dossier)
    serveur.demarrer()
    with psycopg.connect(url_postgres(dossier)) as connexion:
        connexion.execute("CREATE TABLE t AS SELECT 'é' AS lettre")
        base = connexion.execute(
            "SELECT pg_encoding_to_char(encoding), datlocprovider, datlocale"
            " FROM pg_database WHERE datname = 'sev'"
        ).fetchone()
    serveur.arreter()
    serveur.demarrer()
    with psycopg.connect(url_postgres(dossier)) as connexion:
        lettre = connexion.execute("SELECT upper(lettre) FROM t").fetchone()
    serveur.supprimer()
    assert (base, lettre) == (("UTF8", "b", "C.UTF-8"), ("É",))


def test_a_server_left_running_is_taken_over_and_can_be_stopped(postgres, dossier):
    suivant = Postgres(dossier)
    suivant.demarrer()
    assert suivant.pid == postgres.processus.pid
    suivant.arreter()
    assert postgres.processus.wait(60) == 0


def test_the_trace_of_a_dead_server_does_not_stop_the_next_one(postgres, dossier):
    postgres.arreter()
    (postgres.donnees / "postmaster.pid").write_text(f"{os.getpid()}\n/nowhere\n")
    postgres.demarrer()
    assert postgres.processus.poll() is None


def test_servers_die_with_the_process_that_started_them(dossier):
    script = (
        f"from sev.embarque import Postgres; p = Postgres({str(dossier)!r}, durable=False);"
        " p.demarrer(); print(p.processus.pid, flush=True); input()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=RACINE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    serveur = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    limite = time.monotonic() + 60
    with contextlib.suppress(psutil.NoSuchProcess):
        while serveur.is_running() and serveur.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < limite, "the server outlives its parent"
            time.sleep(0.05)
    Postgres(dossier).supprimer()
    assert not dossier_sockets(dossier).exists()


def test_a_folder_of_somebody_else_is_not_used(tmp_path):
    piege = tmp_path / "piege"
    piege.symlink_to(tmp_path)
    with pytest.raises(ServeurAbsent, match="belongs to somebody else"):
        dossier_prive(piege, uid=os.geteuid())


def test_the_broker_answers_on_its_socket(valkey):
    client = redis.Redis.from_url(valkey)
    assert client.ping() is True
    client.close()


def test_demo_says_that_a_port_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as autre:
        port = autre.getsockname()[1]
        fait = demo("--port", str(port))
    assert fait.returncode == 4
    assert fait.stderr == f"Port {port} is taken by another program. Choose another one: bin/demo --port N\n"


@pytest.mark.parametrize("options", [["--unknown"], ["--port", "huit"], ["--port", "70000"]])
def test_demo_shows_its_usage_for_what_it_does_not_know(options):
    fait = demo(*options)
    assert fait.returncode == 2
    assert fait.stderr.startswith("usage: bin/demo [-h] [--port N] [--reset] [--no-browser]\n")


def test_demo_never_empties_a_database_that_is_not_its_own():
    fait = demo("--reset", DATABASE_URL="postgresql://ailleurs/sev")
    assert (fait.returncode, "DATABASE_URL" in fait.stderr) == (2, True)


def test_demo_never_empties_a_folder_that_it_did_not_make(dossier):
    (dossier / "memoires.txt").write_text("à garder")
    fait = demo("--reset", "--port", str(port_libre()), SEV_DATA=str(dossier), SEV_PRET="1")
    assert (fait.returncode, fait.stderr) == (1, f"{dossier} was not made by bin/demo: empty it yourself.\n")
    assert (dossier / "memoires.txt").read_text() == "à garder"


def port_libre() -> int:
    with socket.create_server(("127.0.0.1", 0)) as essai:
        return essai.getsockname()[1]
