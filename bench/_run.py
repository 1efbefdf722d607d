"""bench/run: what a registration and a page cost, as ratios measured side by side in one run (docs/performance.md)."""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

RACINE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(RACINE / "bin"), str(RACINE)]

from _preparation import DEMO, dans_le_venv, dire, preparer, renoncer  # noqa: E402

RESULTATS = RACINE / "bench" / "resultats"
CLIENTS = 4
PETIT, NORMAL, GRAND = 5, 500, 5000  # groups a year: 1 000, 100 000 and 1 000 000 registrations
PEU, BEAUCOUP = 500, 50_000  # stays to search among, in the small base and in the large one


def options() -> argparse.Namespace:
    """Read the command line."""
    analyseur = argparse.ArgumentParser(
        prog="bench/run",
        description="Measure SEV on a PostgreSQL of its own, in a temporary folder. A quarter of an hour or more;"
        " the machine should have nothing else to do.",
    )
    analyseur.add_argument(
        "--groupes", type=int, default=NORMAL, metavar="N", help=f"groups a year, over ten (default {NORMAL})"
    )
    analyseur.add_argument(
        "--grand", action="store_true", help="1 000 000 registrations: --groupes 5000 (much longer)"
    )
    analyseur.add_argument(
        "--secondes", type=float, default=5, metavar="S", help="length of each measure under load (default 5)"
    )
    analyseur.add_argument(
        "--tours",
        type=int,
        default=2,
        metavar="N",
        help="times that each measure under load is taken (default 2)",
    )
    choix = analyseur.parse_args()
    if choix.grand:
        choix.groupes = GRAND
    if choix.groupes < PETIT or not 0 < choix.secondes <= 60 or not 0 < choix.tours <= 5:
        analyseur.error(f"--groupes: at least {PETIT}; --secondes: up to 60; --tours: 1 to 5")
    return choix


class Base:
    """A database of the run's server, loaded, with the groups, accounts and sessions that the measures use."""

    def __init__(self, serveur, nom: str, groupes: int, sejours: int, dossier: Path):
        from sev.embarque import url_postgres

        self.nom, self.groupes, self.sejours, self.dossier = nom, groupes, sejours, dossier
        self.sockets, self.binaires = serveur.sockets, serveur.binaires
        self.environnement = {
            cle: valeur for cle, valeur in os.environ.items() if not cle.startswith(("SEV_", "DJANGO_"))
        } | {
            "DATABASE_URL": url_postgres(dossier, nom),
            "REDIS_URL": "memory://",
            "SEV_DATA": str(dossier),
            "SEV_LOG_LEVEL": "WARNING",
            "PYTHONPATH": str(RACINE),
        }

    def creer(self, modele: "Base | None" = None) -> None:
        """Create the database with its tables, or as a copy of `modele`."""
        import psycopg

        from sev.embarque import url_postgres

        with psycopg.connect(url_postgres(self.dossier, "postgres"), autocommit=True) as connexion:
            copie = f' TEMPLATE "{modele.nom}"' if modele else ""
            connexion.execute(f'CREATE DATABASE "{self.nom}"{copie}')
        if not modele:
            self.lancer("manage.py", "migrate", "-v0")

    def charger(self) -> float:
        """Load the database; return the seconds that the bulk took."""
        import psycopg

        depart = time.monotonic()
        self.lancer("manage.py", "demo", "--scale", str(self.groupes))
        duree = time.monotonic() - depart
        self.terrain = json.loads(self.lancer("bench/_terrain.py", SEV_BANC_SEJOURS=str(self.sejours)))
        with psycopg.connect(self.environnement["DATABASE_URL"], autocommit=True) as connexion:
            connexion.execute("VACUUM ANALYZE")
            connexion.execute("CHECKPOINT")
        return duree

    def lancer(self, *commande: str, entree: str = "", **env) -> str:
        """Run one of our scripts on this database, `entree` as its input, and return what it printed."""
        fait = subprocess.run(
            [sys.executable, *commande],
            cwd=RACINE,
            env=self.environnement | env,
            check=False,
            capture_output=True,
            text=True,
            input=entree,
        )
        if fait.returncode:
            renoncer(f"{' '.join(commande)} failed:\n{fait.stderr[-3000:]}", 1)
        return fait.stdout

    def charge(self, genre: str, *, secondes: float, adresse: str = "", **parametres) -> float:
        """Let CLIENTS processes do the same thing together; return how many times a second they did it."""
        enfants = [
            subprocess.Popen(
                [sys.executable, "bench/_charge.py", genre],
                cwd=RACINE,
                env=self.environnement,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(CLIENTS)
        ]
        for rang, enfant in enumerate(enfants):
            _ecrire(enfant, {"adresse": adresse, "graine": time.time_ns() + rang} | parametres)
        prets = [enfant.stdout.readline() for enfant in enfants]
        depart = {"debut": time.time() + 0.5, "secondes": secondes}
        for enfant in enfants:
            _ecrire(enfant, depart)
        reponses = [enfant.stdout.readline() for enfant in enfants]
        if any(enfant.wait() for enfant in enfants) or not all(prets):
            renoncer(f"A client of « {genre} » failed (see above).", 1)
        return sum(json.loads(reponse)["faits"] for reponse in reponses) / secondes

    def pgbench(self, cas: dict, *, secondes: float) -> float:
        """Send the statements of one registration from pgbench; return how many registrations a second."""
        script = self.dossier / "inscription.sql"
        script.write_text(
            f"\\set g random(0, {cas['groupes'] - 1})\n"
            f"\\set groupe {cas['groupe']} + :g\n"
            f"\\set porteur {cas['porteur']} + :g % {cas['conventions']}\n" + self.terrain["script"]
        )
        fait = subprocess.run(
            [
                self.binaires / "pgbench",
                *("-n", "-M", "simple", "-c", str(CLIENTS), "-j", "2", "-T", str(max(1, round(secondes)))),
                *("-f", script, "-h", self.sockets, "-U", "sev", self.nom),
            ],
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": os.defpath, "LC_ALL": "C"},
        )
        lignes = [ligne for ligne in fait.stdout.splitlines() if ligne.startswith("tps = ")]
        if fait.returncode or not lignes or "number of failed transactions: 0 " not in fait.stdout:
            renoncer(f"pgbench failed:\n{fait.stdout}{fait.stderr[-2000:]}", 1)
        return float(lignes[0].split()[2])


def _ecrire(enfant: subprocess.Popen, demande: dict) -> None:
    """Give a client its next line; one that died is found out when it is waited for."""
    with suppress(BrokenPipeError):
        enfant.stdin.write(json.dumps(demande) + "\n")
        enfant.stdin.flush()


class Web:
    """gunicorn on a database, with two workers, on a free port of this machine."""

    def __init__(self, base: Base):
        self.base = base

    def __enter__(self) -> "Web":
        from sev.embarque import lancer_enfant

        self.port = int(self.base.lancer("-c", PORT_LIBRE))
        self.adresse = f"localhost:{self.port}"
        journal = self.base.dossier / f"web-{self.base.nom}.log"
        gunicorn = (sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py")
        self.processus = lancer_enfant(
            [*gunicorn, "--bind", f"127.0.0.1:{self.port}", "sev.wsgi"],
            fin=15,
            journal=journal,
            cwd=RACINE,
            env=self.base.environnement | {"WEB_WORKERS": "2", "SEV_BASE_URL": f"http://{self.adresse}"},
        )
        self.base.lancer("bench/_charge.py", "attendre", SEV_BANC_ADRESSE=self.adresse)
        return self

    def __exit__(self, *_):
        self.processus.terminate()
        self.processus.wait()


PORT_LIBRE = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1])"


def mesurer(choix: argparse.Namespace, dossier: Path) -> dict:
    """Take every measure; return them as they go to the JSON file."""
    from sev.embarque import Postgres

    serveur = Postgres(dossier)
    dire("Starting a PostgreSQL of its own…")
    depart = time.monotonic()
    serveur.demarrer()
    try:
        petite = Base(serveur, "petite", PETIT, PEU, dossier)
        grande = Base(serveur, "grande", choix.groupes, BEAUCOUP, dossier)
        petite.creer()
        grande.creer(petite)
        grande.lancer("manage.py", "collectstatic", "--noinput", "-v0")
        dire(f"Loading {PETIT * 200} and {choix.groupes * 200} registrations…")
        petite.charger()
        chargement = grande.charger()
        return {
            "le": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": _machine(serveur),
            "inscriptions": {"petite": PETIT * 200, "grande": choix.groupes * 200},
            "chargement_s": round(chargement, 1),
            "clients": CLIENTS,
            "secondes": choix.secondes,
            "inscription": _inscription(grande, choix),
            "pages": _pages(petite, grande),
            **{nom: _charge(grande, nom) for nom in ("recherche", "nuit", "fenetres", "horloge")},
            "duree_s": round(time.monotonic() - depart),
        }
    finally:
        serveur.supprimer()


def _charge(base: Base, genre: str) -> dict:
    dire(f"Measuring: {genre}…")
    return json.loads(base.lancer("bench/_charge.py", genre))


def _inscription(base: Base, choix: argparse.Namespace) -> dict:
    """Registrations a second, of the best round: pgbench, operation and HTTP in turn, on the same machine."""
    releves: dict[str, dict[str, list[float]]] = {}
    with Web(base) as web:
        for tour in range(choix.tours):
            for nom, cas in base.terrain["cas"].items():
                dire(f"Registering, {nom}, round {tour + 1} of {choix.tours}…")
                for genre, mesure in (
                    ("plancher", lambda cas=cas: base.pgbench(cas, secondes=choix.secondes)),
                    ("operation", lambda cas=cas: base.charge("operation", secondes=choix.secondes, cas=cas)),
                    (
                        "http",
                        lambda cas=cas: base.charge(
                            "http", secondes=choix.secondes, adresse=web.adresse, cas=cas
                        ),
                    ),
                ):
                    releves.setdefault(nom, {}).setdefault(genre, []).append(mesure())
    par_seconde = {
        nom: {genre: round(max(valeurs), 1) for genre, valeurs in genres.items()}
        for nom, genres in releves.items()
    }
    return {
        "par_seconde": par_seconde,
        "tours": releves,
        "rapports": {
            nom: {genre: round(v / genres["plancher"], 2) for genre, v in genres.items()}
            for nom, genres in par_seconde.items()
        },
        "requetes": base.terrain["requetes"],
        "profil": json.loads(base.lancer("bench/_charge.py", "profil")),
    }


def _pages(petite: Base, grande: Base) -> dict:
    """Milliseconds of each page, read in turn on the small base and on the large one, and of its statements there."""
    dire("Reading pages…")
    with Web(petite) as sur_petite, Web(grande) as sur_grande:
        demande = {
            nom: {"adresse": web.adresse, "pages": web.base.terrain["pages"]}
            for nom, web in (("petite", sur_petite), ("grande", sur_grande))
        }
        mesures = json.loads(grande.lancer("bench/_charge.py", "pages", entree=json.dumps(demande)))
    return {
        page: ms | {"requetes": grande.terrain["pages"][page]["requetes"]} for page, ms in mesures.items()
    }


def _machine(serveur) -> dict:
    version = subprocess.run(
        [serveur.binaires / "postgres", "--version"], check=True, capture_output=True, text=True
    )
    return {
        "processeurs": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "systeme": platform.system(),
        "python": platform.python_version(),
        "postgresql": version.stdout.split()[-1],
    }


def lignes(resultats: dict) -> list[tuple]:
    """Return the table: (measure, it, its floor, unit, how many times the floor, growth, statements); or a title."""
    inscription, tailles = resultats["inscription"], resultats["inscriptions"]
    table: list[tuple] = [(f"Registering a person, {resultats['clients']} clients; the floor: pgbench",)]
    for cas, par_seconde in inscription["par_seconde"].items():
        nom = {"reparti": "many conventions"}.get(cas, cas)
        for genre, titre in (("operation", "operation"), ("http", "POST")):
            table.append(
                _ligne(
                    f"{titre}, {nom}",
                    par_seconde[genre],
                    par_seconde["plancher"],
                    "/s",
                    inscription["requetes"][genre],
                )
            )
    profil = inscription["profil"]
    table += [
        ("One client; the floor: what it waits for the database",),
        _ligne(
            "operation", profil["total_ms"], profil["base_ms"], "ms", inscription["requetes"]["operation"]
        ),
        (
            f"Pages on {tailles['grande']} registrations; the floor: their statements alone;"
            f" growth: since {tailles['petite']}",
        ),
    ]
    for page, m in resultats["pages"].items():
        table.append(
            _ligne(
                page, m["grande_ms"], m["plancher_ms"], "ms", m["requetes"], m["grande_ms"] / m["petite_ms"]
            )
        )
    recherche = resultats["recherche"]
    table += [
        (f"Search among {recherche['sejours']} stays; the floor: as much of one table by its index",),
        _ligne("first page", recherche["page_ms"], recherche["index_ms"], "ms"),
        _ligne("number of results", recherche["resultats_ms"], recherche["compter_ms"], "ms"),
        ("The clock's jobs, nothing due; the floor: their statements alone",),
    ]
    for nom, m in resultats["horloge"].items():
        table.append(_ligne(nom, m["operation_ms"], m["plancher_ms"], "ms", m["requetes"]))
    table.append(("Work of the clock and of the night; the floor: its statements alone",))
    for nom, m in (resultats["fenetres"] | resultats["nuit"]).items():
        titre = f"{m['faits']} {nom}, {m['courriels']} mails" if "faits" in m else nom
        table.append(_ligne(titre, m["operation_s"], m["plancher_s"], "s", m["requetes"]))
    return table


def _ligne(nom: str, valeur: float, plancher: float, unite: str, requetes=None, croissance=None) -> tuple:
    """Return a row of the table; of what is done in a second, twice as slow is half as much."""
    rapport = plancher / valeur if unite == "/s" else valeur / plancher
    return nom, valeur, plancher, unite, round(rapport, 1), croissance and round(croissance, 2), requetes


def afficher(resultats: dict) -> None:
    """Print what was measured as one table."""
    dire(f"\n{'':42}{'measured':>12}{'floor':>12}{'times':>8}{'growth':>8}{'statements':>12}")
    for titre, *mesure in lignes(resultats):
        if not mesure:
            dire(f"\n{titre}")
            continue
        valeur, plancher, unite, rapport, croissance, requetes = mesure
        chiffres = "".join(f"{v:>9.{_decimales(v, unite)}f} {unite:2}" for v in (valeur, plancher))
        dire(
            f"{titre:42}{chiffres}{rapport:>8}{croissance or '':>8}{'' if requetes is None else requetes:>12}"
        )
    dire(f"\nLoading took {resultats['chargement_s']} s, all of it {resultats['duree_s']} s.")


def _decimales(valeur: float, unite: str) -> int:
    return 0 if unite == "/s" else 1 if unite == "ms" and valeur >= 10 else 2


def main() -> None:
    """Prepare with any Python, then measure with the one of .venv."""
    choix = options()
    if not os.environ.pop("SEV_PRET", None):
        preparer(DEMO)
        dans_le_venv("bench/_run.py")
    dossier = Path(tempfile.mkdtemp(prefix="sev-banc-", dir=os.environ.get("TMPDIR", "/tmp")))
    try:
        resultats = mesurer(choix, dossier)
    finally:
        shutil.rmtree(dossier, ignore_errors=True)
    afficher(resultats)
    RESULTATS.mkdir(exist_ok=True)
    fichier = RESULTATS / f"{resultats['le'].replace(':', '')}.json"
    resultats["tableau"] = lignes(resultats)
    fichier.write_text(json.dumps(resultats, indent=2, ensure_ascii=False) + "\n")
    dire(f"\nWritten to {fichier.relative_to(RACINE)}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
