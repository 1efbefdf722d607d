"""bin/demo: prepare this clone, then run the whole of SEV on this machine until Ctrl-C."""

import argparse
import errno
import fcntl
import http.client
import multiprocessing
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from pathlib import Path

from _preparation import DEMO, PYTHON, RACINE, VENV, dans_le_venv, dire, preparer, renoncer

PORT_PRIS, DEJA_LANCEE, ECHEC = 4, 5, 1
HOTE = "127.0.0.1"
PATIENCE = 60
ARRET = 20
MOT_DE_PASSE = "Vacances-2026!"
COMPTES = (
    ("ancv2528", "porteur, 1 500 € of credit this year"),
    ("ancv2528-lecteur", "colleague of ancv2528 who only reads"),
    ("ancv1654", "another porteur, ASSOCIATION VOYAGES, 640 €, all used"),
    ("ancv3107", "a third porteur, with the manual's list to confirm"),
    ("presta34", "prestataire, ACTIF RESIDENCE"),
    ("presta17", "another prestataire"),
    ("ancv", "ANCV's staff, at /admin/"),
)


def options() -> argparse.Namespace:
    """Read the command line; refuse a port that cannot be had before anything else is done."""
    analyseur = argparse.ArgumentParser(
        prog="bin/demo",
        description="Run SEV on this machine: database, broker, web, worker and beat. Data is kept in var/.",
    )
    analyseur.add_argument(
        "--port", type=int, default=8000, metavar="N", help="where it answers (default 8000)"
    )
    analyseur.add_argument("--reset", action="store_true", help="forget the data of earlier runs")
    analyseur.add_argument("--no-browser", action="store_true", help="do not open the browser")
    choix = analyseur.parse_args()
    if not 1 <= choix.port <= 65535:
        analyseur.error("--port: from 1 to 65535")
    if choix.reset and os.environ.get("DATABASE_URL"):
        analyseur.error("--reset only empties the embedded database, and DATABASE_URL names another one")
    with socket.socket() as essai:
        essai.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            essai.bind((HOTE, choix.port))
        except OSError as refus:
            pris = refus.errno == errno.EADDRINUSE
            raison = "is taken by another program" if pris else f"cannot be used ({refus.strerror})"
            renoncer(f"Port {choix.port} {raison}. Choose another one: bin/demo --port N", PORT_PRIS)
    return choix


class Demo:
    """One run: what it started, and how all of it is stopped."""

    def __init__(self, choix: argparse.Namespace):
        self.port = choix.port
        self.adresse = f"http://localhost:{choix.port}"
        self.dossier = Path(os.environ.get("SEV_DATA") or RACINE / "var").resolve()
        self.serveurs: list = []
        self.enfants: dict[str, subprocess.Popen] = {}

    def verrouiller(self, *, vider: bool) -> None:
        """Take the data folder for this run, emptied when asked."""
        temoin = self.dossier / "demo.lock"
        if vider and self.dossier.exists() and any(self.dossier.iterdir()) and not temoin.exists():
            renoncer(f"{self.dossier} was not made by bin/demo: empty it yourself.", ECHEC)
        self.dossier.mkdir(parents=True, exist_ok=True)
        self.verrou = temoin.open("a+")
        try:
            fcntl.flock(self.verrou, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.verrou.seek(0)
            renoncer(f"The demo already runs on {self.dossier}: {self.verrou.read().strip()}", DEJA_LANCEE)
        self.verrou.truncate(0)
        self.verrou.write(f"{self.adresse}/ (process {os.getpid()})\n")
        self.verrou.flush()
        if vider:
            from sev.embarque import Postgres, Valkey

            Postgres(self.dossier).supprimer()
            Valkey(self.dossier).arreter()
            for chemin in self.dossier.iterdir():
                if chemin.is_dir():
                    shutil.rmtree(chemin)
                elif chemin != temoin:
                    chemin.unlink()

    def demarrer(self) -> None:
        """Start all of it, in order, and wait until the first page answers."""
        from sev.embarque import Postgres, Valkey

        adresses = {}
        for variable, serveur in (("DATABASE_URL", Postgres), ("REDIS_URL", Valkey)):
            if not os.environ.get(variable):
                dire(f"Starting {serveur.__name__}…")
                self.serveurs.append(serveur(self.dossier))
                adresses[variable] = self.serveurs[-1].demarrer()
        self.environnement = {
            "SECRET_KEY": self._secret(),
            "SEV_BASE_URL": self.adresse,
            **os.environ,
            **adresses,
            "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "SEV_DATA": str(self.dossier),
            "SEV_DEMO": "1",
            "SEV_ADMIN_OTP": "0",
        }
        dire("Preparing the database and the demo…")
        for etape in (("migrate", "-v0"), ("collectstatic", "--noinput", "-v0"), ("demo",)):
            if self._lancer(etape[0], PYTHON, "manage.py", *etape).wait():
                self._echec(etape[0])
            del self.enfants[etape[0]]
        dire("Starting web, worker and beat…")
        gunicorn = (PYTHON, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py")
        celery = (PYTHON, "-m", "celery", "-A", "sev")
        self._lancer("web", *gunicorn, "--bind", f"{HOTE}:{self.port}", "sev.wsgi")
        self._lancer("worker", *celery, "worker", "--loglevel", "INFO", *self._pool())
        self._lancer("beat", *celery, "beat", "--loglevel", "INFO", "--scheduler", "celery.beat:Scheduler")
        limite = time.monotonic() + PATIENCE
        while not self._repond():
            self._verifier()
            if time.monotonic() > limite:
                self._echec("web")
            time.sleep(0.1)

    def surveiller(self) -> None:
        """Stay until a signal, or until one of the programs dies."""
        while True:
            self._verifier()
            time.sleep(0.5)

    def arreter(self) -> None:
        """Stop all of it: pages and clock first, then the servers that they stand on."""
        for enfant in self.enfants.values():
            if enfant.poll() is None:
                enfant.terminate()
        limite = time.monotonic() + ARRET
        for enfant in self.enfants.values():
            try:
                enfant.wait(max(0, limite - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(enfant.pid, signal.SIGKILL)
                enfant.wait()
        for serveur in reversed(self.serveurs):
            serveur.arreter()

    def _secret(self) -> str:
        cle = self.dossier / "secret_key"
        if not cle.exists():
            cle.touch(mode=0o600)
            cle.write_text(secrets.token_urlsafe(50))
        return cle.read_text()

    def _lancer(self, nom: str, *commande: object) -> subprocess.Popen:
        from sev.embarque import lancer_enfant

        self.journal(nom).parent.mkdir(exist_ok=True)
        self.enfants[nom] = lancer_enfant(
            commande, fin=signal.SIGTERM, journal=self.journal(nom), cwd=RACINE, env=self.environnement
        )
        return self.enfants[nom]

    def journal(self, nom: str) -> Path:
        """Return where a program's output goes."""
        return self.dossier / "journaux" / f"{nom}.log"

    def _pool(self) -> list[str]:
        """Return the worker's options: one process, or none where there is no shared memory for it."""
        try:
            multiprocessing.get_context("fork").Lock()
        except OSError:
            return ["--pool", "solo"]
        return ["--concurrency", "1"]

    def _repond(self) -> bool:
        connexion = http.client.HTTPConnection(HOTE, self.port, timeout=10)
        try:
            connexion.request("GET", "/connexion/", headers={"Host": f"localhost:{self.port}"})
            return connexion.getresponse().status < 500
        except OSError:
            return False
        finally:
            connexion.close()

    def _verifier(self) -> None:
        for nom, enfant in self.enfants.items():
            if enfant.poll() is not None:
                self._echec(nom)

    def _echec(self, nom: str) -> None:
        from sev.embarque import fin_du_journal

        renoncer(f"{nom} failed; the end of {self.journal(nom)}:\n{fin_du_journal(self.journal(nom))}", ECHEC)


def annonce(adresse: str) -> str:
    """Return what a newcomer needs: where to go and who to be."""
    comptes = "\n".join(f"  {identifiant:<18}{role}" for identifiant, role in COMPTES)
    entete = f"\nSEV is ready:  {adresse}/\n\nAccounts (password {MOT_DE_PASSE}):\n"
    return f"{entete}{comptes}\n\nCtrl-C stops all of it."


def _interrompre(signum, frame):
    raise KeyboardInterrupt


def main() -> None:
    """Prepare with any Python, then run with the one of .venv."""
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if sig == signal.SIGINT or signal.getsignal(sig) != signal.SIG_IGN:  # nohup stays nohup
            signal.signal(sig, _interrompre)
    choix = options()
    if not os.environ.pop("SEV_PRET", None):
        preparer(DEMO)
        dans_le_venv("bin/_demo.py")
    sys.path.insert(0, str(RACINE))
    demo = Demo(choix)
    demo.verrouiller(vider=choix.reset)
    from sev.embarque import ServeurAbsent

    try:
        demo.demarrer()
        dire(annonce(demo.adresse))
        ecran = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        if ecran and not choix.no_browser:
            webbrowser.open(demo.adresse)
        demo.surveiller()
    except ServeurAbsent as absence:
        renoncer(str(absence), ECHEC)
    except KeyboardInterrupt:
        dire("Stopping…")
    finally:
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sig, signal.SIG_IGN)
        demo.arreter()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
