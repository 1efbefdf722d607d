"""Make this clone ready on any machine: .venv with the pinned requirements, Pango, a Chromium for tests.

Standard library only, as it runs before anything is installed. Run by itself, it prepares for the tests.
"""

import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

RACINE = Path(__file__).resolve().parent.parent
VENV = RACINE / ".venv"
PYTHON = VENV / "bin" / "python"
DEMO = ("requirements.txt",)
TESTS = ("requirements.txt", "requirements-dev.txt")
PANGO = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0")
PANGO_APT = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
CHROMIUM_APT = ("chromium", "libatomic1")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

for flux in (sys.stdout, sys.stderr):
    flux.reconfigure(errors="replace")  # a terminal may know no « … »


def dire(texte: str) -> None:
    """Print one line at once."""
    print(texte, flush=True)


def renoncer(texte: str, code: int = 3) -> None:
    """Say why it cannot go on, and stop."""
    print(texte, file=sys.stderr, flush=True)
    raise SystemExit(code)


def preparer(fichiers: tuple[str, ...]) -> None:
    """Make .venv hold what `fichiers` pin, and install Pango or say how."""
    _venv()
    _requirements(fichiers)
    _pango()


def dans_le_venv(script: str) -> None:
    """Become `script` run by .venv's Python, with the same arguments; SEV_PRET tells it so."""
    os.chdir(RACINE)
    os.environ["SEV_PRET"] = "1"
    os.execv(PYTHON, [str(PYTHON), script, *sys.argv[1:]])


def lancer(*commande: object, **options) -> subprocess.CompletedProcess:
    """Run a program to its end, whatever the end, its output kept as text."""
    return subprocess.run(
        [str(mot) for mot in commande], check=False, capture_output=True, text=True, **options
    )


def _venv() -> None:
    if PYTHON.exists():
        essai = lancer(PYTHON, "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))")
        if essai.returncode == 0:
            return
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        court = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        renoncer(
            f"This Python ({sys.executable}) has no venv. On Debian or Ubuntu, as root:\n"
            f"    apt-get install -y {court}\nthen run the same command again."
        )
    dire("Making .venv…")
    try:
        venv.create(VENV, clear=True, with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as echec:
        renoncer(f"{VENV} cannot be made: {echec}")


def _requirements(fichiers: tuple[str, ...]) -> None:
    """Install `fichiers`, unless the very same ones already are."""
    empreinte = hashlib.sha256(b"".join((RACINE / fichier).read_bytes() for fichier in fichiers)).hexdigest()
    temoin = VENV / f".installed-{fichiers[-1]}"
    if temoin.exists() and temoin.read_text() == empreinte:
        return
    dire(f"Installing {' and '.join(fichiers)} into .venv (about a minute)…")
    commande = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    # Root on a fresh machine is meant: pip's warning about it would be the first thing seen.
    environnement = os.environ | {"PIP_ROOT_USER_ACTION": "ignore"}
    for fichier in fichiers:
        commande += ["-r", fichier]
    if subprocess.run(commande, check=False, cwd=RACINE, env=environnement).returncode:
        renoncer("The requirements could not be installed (see above): is PyPI reachable? Then run again.")
    temoin.write_text(empreinte)


def _pango() -> None:
    """Check the one library that no wheel carries. Without it all works, but the PDFs answer 503."""
    if sys.platform.startswith("linux"):
        try:
            for bibliotheque in PANGO:
                ctypes.CDLL(bibliotheque)
        except OSError:
            pass
        else:
            return
    elif lancer(PYTHON, "-c", "import weasyprint").returncode == 0:
        return
    dire("Pango, which draws the PDFs, is not on this machine.")
    if apt(*PANGO_APT):
        return
    ligne = next(
        (
            f"{outil} install {paquets}"
            for outil, paquets in (
                ("apt-get", "-y --no-install-recommends " + " ".join(PANGO_APT)),
                ("dnf", "-y pango"),
                ("brew", "pango"),
            )
            if shutil.which(outil)
        ),
        "(the package of your system that holds libpango-1.0, libpangoft2-1.0 and libharfbuzz-subset)",
    )
    dire(f"All works without it, but the PDFs will answer 503. As root where needed:\n    {ligne}")


def apt(*paquets: str) -> bool:
    """Install Debian packages when we may; False when we may not or it fails."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    dire(f"Installing {' '.join(paquets)} with apt-get…")
    environnement = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for commande in (["update"], ["install", "-y", "--no-install-recommends", *paquets]):
        fait = lancer("apt-get", "-qq", *commande, env=environnement)
        if fait.returncode:
            dire(f"apt-get {shlex.join(commande)} failed:\n{fait.stderr.strip()}")
            return False
    return True


def chromium() -> None:
    """Find what the browser tests need or install it; without it, say once that they are left out."""
    if _navigateur_pret() or (apt(*CHROMIUM_APT) and _navigateur_pret()):
        return
    dire(
        f"Browser tests are left out; they need: apt-get install {' '.join(CHROMIUM_APT)} (or SEV_CHROMIUM=path)."
    )


def _navigateur_pret() -> bool:
    """Tell whether there is a Chromium, and whether the Node that Playwright brings finds its own library."""
    noeuds = list(VENV.glob("lib/python*/site-packages/playwright/driver/node"))
    trouve = os.environ.get("SEV_CHROMIUM") or any(map(shutil.which, CHROMIUM))
    return bool(trouve) and bool(noeuds) and lancer(noeuds[0], "--version").returncode == 0


if __name__ == "__main__":
    preparer(TESTS)
    chromium()
