"""What every test stands on: a real PostgreSQL (sev.tests.serveurs), no network, no undefined variable."""

import ctypes.util
import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import timedelta
from functools import cache
from pathlib import Path

import hypothesis
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models.signals import post_migrate
from django.template import engines
from django.template.base import UNKNOWN_SOURCE, FilterExpression, Node
from django.utils import timezone
from hypothesis import HealthCheck

from conventions.models import Bareme, Tarif
from sev.socle import pdf

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LOCAL = {None, "", "localhost", "127.0.0.1", "::1", b"localhost", b"127.0.0.1"}


@cache
def chemin_chromium() -> str | None:
    """Return the Chromium that drives the browser tests: $SEV_CHROMIUM, else one of the PATH; None without."""
    from playwright._impl._driver import compute_driver_executable

    node = compute_driver_executable()[0]
    if subprocess.run([node, "--version"], capture_output=True, check=False).returncode:
        return None  # a minimal system lacks libatomic, which Playwright's Node needs
    choisi = os.environ.get("SEV_CHROMIUM")
    return choisi or next((chemin for nom in CHROMIUM if (chemin := shutil.which(nom))), None)


def pdf_or_skip(atelier):
    """Return `atelier`, what draws the PDFs, skipping the test where the system has no Pango."""

    def essayer():
        try:
            return atelier()
        except pdf.PdfIndisponible as absence:
            if ctypes.util.find_library("pangoft2-1.0"):
                raise
            pytest.skip(f"no Pango: {absence}")

    essayer.__wrapped__ = atelier.__wrapped__
    return essayer


# The same examples each time, however long one takes: what a property test finds is found before it lands.
hypothesis.settings.register_profile(
    "sev", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis.settings.load_profile("sev")


def pytest_configure(config):
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    # Transactional tests empty the tables; the ledger refuses TRUNCATE but to a connection that says so.
    reglages = connection.settings_dict["OPTIONS"]
    reglages["options"] += " -c sev.vidage=permis"
    # Sixteen threads on a busy machine wait longer for each other than a user would: their patience is not tested.
    reglages["options"] += " -c lock_timeout=120000 -c statement_timeout=240000"
    reglages["connect_timeout"] = 120
    # The same algorithm at its lowest cost: what is tested is never how long a hash takes.
    Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = (
        1,
        8,
        1,
    )
    engines["django"].engine.string_if_invalid = UndefinedVariable()
    pdf._atelier = pdf_or_skip(pdf._atelier)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Let no test begin just before midnight in Paris: it would read one day first, and another one last."""
    minuit = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    reste = minuit.timestamp() - time.time()
    if reste < (300 if {"navigateur", "pannes"} & {marque.name for marque in item.iter_markers()} else 60):
        time.sleep(reste + 1)


def pytest_report_header(config):
    return f"browser tests: {chemin_chromium() or 'left out, no Chromium or no libatomic1'}"


def pytest_collection_modifyitems(config, items):
    """Leave the browser tests out where there is no browser; bin/test has said so, and how to get one."""
    for item in items:
        if "navigateur" in getattr(item, "fixturenames", ()):
            item.add_marker("navigateur")
    if not chemin_chromium():
        absents = [item for item in items if item.get_closest_marker("navigateur")]
        config.hook.pytest_deselected(items=absents)
        items[:] = [item for item in items if item not in absents]


# --- PostgreSQL -----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Let a transactional test, which empties the tables, leave what the migrations had put there."""
    with django_db_blocker.unblock():
        migrees = {modele: list(modele.objects.order_by("pk").values()) for modele in (Tarif, Bareme)}

    def remettre(**signal):
        for modele, lignes in migrees.items():
            nouvelles = [modele(**ligne | {"id": None}) for ligne in lignes]
            modele.objects.bulk_create(nouvelles, ignore_conflicts=True)

    post_migrate.connect(remettre, sender=apps.get_app_config("conventions"), weak=False)
    yield
    # A thread of the live server keeps its connection as long as the browser keeps the socket: the database could not
    # be dropped while one of them is on its way out.
    with django_db_blocker.unblock(), connection.cursor() as curseur:
        curseur.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session")
def valkey(tmp_path_factory):
    """Address of a real broker, for the few tests that need one."""
    if donne := os.environ["SEV_ESSAIS_REDIS_URL"]:
        yield donne
        return
    from sev.embarque import Valkey

    serveur = Valkey(tmp_path_factory.mktemp("valkey"))
    try:
        yield serveur.demarrer()
    finally:
        serveur.arreter()


# --- Files ----------------------------------------------------------------------------------------------


def papiers() -> set[str]:
    """Return the papers that are kept, in the memory of this process."""
    return set(default_storage.listdir("pieces")[1]) if default_storage.exists("pieces") else set()


def papers_kept_meanwhile():
    """Remove the papers kept from now on, at the end: the clock of another test would take them for orphans."""
    avant = papiers()
    yield
    for nom in papiers() - avant:
        default_storage.delete(f"pieces/{nom}")


@pytest.fixture(autouse=True)
def papers_of_this_test_alone():
    yield from papers_kept_meanwhile()


@pytest.fixture(autouse=True, scope="module")
def papers_of_this_module_alone():
    yield from papers_kept_meanwhile()


# --- Network --------------------------------------------------------------------------------------------


class OutboundConnection(RuntimeError):
    """A test tried to leave this machine."""


@pytest.fixture(scope="session", autouse=True)
def no_outbound_socket():
    """Refuse any address but this machine's, name look-ups included."""
    patch = pytest.MonkeyPatch()
    for nom in ("connect", "connect_ex"):
        patch.setattr(socket.socket, nom, _refusing(getattr(socket.socket, nom)))
    resolve = socket.getaddrinfo

    def getaddrinfo(host, *args, **kwargs):
        if host not in LOCAL:
            raise OutboundConnection(f"look-up of {host!r}")
        return resolve(host, *args, **kwargs)

    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    patch.undo()


def _refusing(connect):
    def guarded(self, address):
        if self.family != socket.AF_UNIX and address[0] not in LOCAL:
            raise OutboundConnection(f"connection to {address!r}")
        return connect(self, address)

    return guarded


# --- Templates ------------------------------------------------------------------------------------------


class UndefinedTemplateVariable(Exception):
    """A template of ours shows or loops over a variable that nobody gave it."""


class UndefinedVariable(str):
    """What Django shows for an undefined variable: an empty string, but our own templates raise instead.

    Django asks for its truth value from `FilterExpression.resolve`, whose frame is looked at. `{% if %}` and
    `|default` stay the two ways to say that a variable is optional; other people's templates keep theirs.
    """

    __slots__ = ()

    def __bool__(self):
        frame = sys._getframe(1)
        expression = frame.f_locals.get("self")
        if not isinstance(expression, FilterExpression):  # a filter asks, of a value already let through
            return False
        if expression.filters and expression.filters[0][0].__name__ in ("default", "default_if_none"):
            return False
        while frame and not isinstance(noeud := frame.f_locals.get("self"), Node):
            frame = frame.f_back
        origine = noeud.origin.name if frame and noeud.origin else UNKNOWN_SOURCE
        if any(Path(origine).is_relative_to(dossier) for dossier in settings.TEMPLATES[0]["DIRS"]):
            raise UndefinedTemplateVariable(f"{expression.token!r} in {origine}, line {noeud.token.lineno}")
        return False


# --- Browser --------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def navigateur():
    """A Chromium that knows no other machine than this one."""
    from playwright.sync_api import sync_playwright

    patch = pytest.MonkeyPatch()
    # Playwright runs an event loop in the thread of the test, in which Django then refuses the ORM.
    patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    options = [
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        "--disable-dev-shm-usage",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=chemin_chromium(), args=options, chromium_sandbox=os.geteuid() != 0
        )
        yield chromium
        chromium.close()
    patch.undo()


@pytest.fixture
def page(navigateur, live_server):
    """A blank page in French at 1280 px, based at the live server; a script error fails the test."""
    contexte = navigateur.new_context(
        base_url=live_server.url,
        locale="fr-FR",
        timezone_id="Europe/Paris",
        viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",
    )
    contexte.set_default_timeout(60_000)
    erreurs = []
    contexte.on("weberror", lambda erreur: erreurs.append(str(erreur.error)))
    contexte.on("console", lambda m: erreurs.append(m.text) if "Content Security Policy" in m.text else None)
    yield contexte.new_page()
    contexte.close()
    assert erreurs == []
