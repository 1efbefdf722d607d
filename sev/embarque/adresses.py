"""Where the embedded servers of a data folder answer: pure functions, nothing is started."""

import hashlib
import os
from pathlib import Path

NOM = "sev"


def nom_court(dossier: Path) -> str:
    """Return a name for `dossier`, short and the same at each run: a socket's path must fit in 104 bytes."""
    return f"sev-{os.geteuid()}-{hashlib.sha256(str(Path(dossier).resolve()).encode()).hexdigest()[:10]}"


def dossier_sockets(dossier: Path) -> Path:
    """Return the folder of the sockets of the servers whose data is in `dossier`."""
    return Path("/tmp") / nom_court(dossier)  # noqa: S108 (checked by dossier_prive)


def url_postgres(dossier: Path, base: str = NOM) -> str:
    """Return the address of the embedded PostgreSQL of `dossier`, running or not."""
    return f"postgresql://{NOM}@{str(dossier_sockets(dossier)).replace('/', '%2F')}/{base}"


def url_valkey(dossier: Path) -> str:
    """Return the address of the embedded Valkey of `dossier`, running or not."""
    return f"unix://{dossier_sockets(dossier) / 'valkey.sock'}"
