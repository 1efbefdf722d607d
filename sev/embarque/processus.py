"""Children that never outlive us, and what is said when one does not start."""

import contextlib
import ctypes
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

PATIENCE = 60


class ServeurAbsent(Exception):
    """An embedded server cannot be started; the message says why and where its log is."""


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


def lancer_enfant(commande: Sequence[object], *, fin: int, journal: Path, **options) -> subprocess.Popen:
    """Start a program in a session of its own, its output in `journal`; it gets `fin` when we are gone."""
    with journal.open("ab") as sortie:
        return subprocess.Popen(
            [str(mot) for mot in commande],
            stdin=subprocess.DEVNULL,
            stdout=sortie,
            stderr=sortie,
            start_new_session=True,
            preexec_fn=mourir_avec_le_parent(fin),  # noqa: PLW1509 (called before any thread is started)
            **options,
        )


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


def retirer_si_vide(chemin: Path) -> None:
    """Remove a folder that both servers share, once the second one has left it."""
    with contextlib.suppress(OSError):
        chemin.rmdir()


def fin_du_journal(journal: Path) -> str:
    """Return the last lines of a log, to be shown beside what went wrong."""
    return "\n".join(journal.read_text(errors="replace").splitlines()[-15:]) if journal.exists() else ""
