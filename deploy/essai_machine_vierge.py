"""What is proved inside the fresh machine of essai_machine_vierge.sh: both commands, and that nothing stays behind."""

import http.cookiejar
import os
import re
import shlex
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

PORT = 8399
ADRESSE = f"http://localhost:{PORT}"
PATIENCE = 600


def processus() -> dict[int, str]:
    """Return the programs that run here, but for this one and the dead."""
    vus = {}
    for dossier in Path("/proc").glob("[0-9]*"):
        try:
            commande = (dossier / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            continue
        if commande and int(dossier.name) != os.getpid():
            vus[int(dossier.name)] = commande
    return vus


def demo(journal: Path) -> tuple[subprocess.Popen, float]:
    """Start bin/demo and wait until it says that it is ready."""
    debut = time.monotonic()
    with journal.open("w") as sortie:
        lancee = subprocess.Popen(
            ["bin/demo", "--no-browser", "--port", str(PORT)], stdout=sortie, stderr=subprocess.STDOUT
        )
    while "Ctrl-C" not in journal.read_text():
        assert lancee.poll() is None, f"bin/demo ended with {lancee.returncode}:\n{journal.read_text()}"
        assert time.monotonic() - debut < PATIENCE, journal.read_text()
        time.sleep(0.2)
    return lancee, time.monotonic() - debut


def arreter(lancee: subprocess.Popen, sig: int) -> None:
    """Send a signal and check that all of it is gone."""
    lancee.send_signal(sig)
    assert lancee.wait(60) == 0, f"bin/demo ended with {lancee.returncode}"
    time.sleep(1)
    assert processus() == {}, f"left behind after {sig!r}: {processus()}"


class Visite:
    """A porteur who signs in and opens a list."""

    def __init__(self):
        temoins = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.ouvrir = urllib.request.build_opener(urllib.request.ProxyHandler({}), temoins).open

    def lire(self, chemin: str, champs: dict | None = None) -> tuple[int, bytes]:
        """Return the status and the body of a page, asked by POST when there are fields."""
        donnees = urllib.parse.urlencode(champs).encode() if champs else None
        demande = urllib.request.Request(ADRESSE + chemin, donnees, {"Referer": ADRESSE + chemin})
        try:
            with self.ouvrir(demande) as reponse:
                return reponse.status, reponse.read()
        except urllib.error.HTTPError as refus:
            return refus.code, refus.read()

    def se_connecter(self) -> None:
        """Sign in as ancv2528."""
        _, page = self.lire("/connexion/")
        jeton = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page)[1].decode()
        champs = {"username": "ancv2528", "password": "Vacances-2026!", "csrfmiddlewaretoken": jeton}
        statut, page = self.lire("/connexion/", champs)
        assert statut == 200, f"sign-in: {statut}"
        assert b'name="password"' not in page, "still on the sign-in page"

    def groupes(self) -> list[str]:
        """Return the addresses of this porteur's groups."""
        statut, page = self.lire("/groupes/")
        assert statut == 200, f"/groupes/: {statut}"
        return sorted({chemin.decode() for chemin in re.findall(rb'href="(/groupes/\d+/)"', page)})


def main() -> None:
    """Prove it, saying each thing once proved."""
    os.chdir(Path.home() / "sev")
    journal = Path.home() / "demo.log"

    lancee, duree = demo(journal)
    print(journal.read_text())
    print(f"bin/demo on a fresh clone: ready after {duree:.0f} s", flush=True)
    visite = Visite()
    visite.se_connecter()
    groupes = visite.groupes()
    assert groupes, "the demo shows no group"
    statut, document = visite.lire(f"{groupes[0]}rooming-list.pdf")
    assert (statut, document[:5]) == (200, b"%PDF-") or statut == 503, f"rooming-list: {statut}"
    print(f"signed in, {len(groupes)} groups, rooming-list: {statut}", flush=True)
    print(f"/sante/: {visite.lire('/sante/')}", flush=True)
    arreter(lancee, signal.SIGTERM)

    lancee, duree = demo(journal)
    Visite().se_connecter()
    arreter(lancee, signal.SIGINT)
    print(
        f"bin/demo again: ready after {duree:.0f} s; stopped by SIGTERM and by Ctrl-C, no process left",
        flush=True,
    )

    debut = time.monotonic()
    subprocess.run(["bin/test", "-q", *shlex.split(os.environ.get("PYTEST_ARGS", ""))], check=True)
    time.sleep(1)
    assert processus() == {}, f"left behind by bin/test: {processus()}"
    print(f"bin/test: {time.monotonic() - debut:.0f} s, set-up included", flush=True)


if __name__ == "__main__":
    main()
