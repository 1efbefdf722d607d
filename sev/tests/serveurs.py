"""The servers of one run of the tests: a plugin, as Django reads its settings before any conftest.

The controller starts PostgreSQL, the workers of pytest-xdist inherit its address; a DATABASE_URL in the
environment switches this off. Wake-ups to Celery go nowhere: a test calls the task itself, or asks for
`valkey`.
"""

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from sev.embarque import Postgres

DEMO_ONLY = (
    "SEV_DEMO",
    "SEV_ADMIN_OTP",
    "SEV_BASE_URL",
    "ALLOWED_HOSTS",
    "EMAIL_URL",
    "SECRET_KEY",
    "SEV_LOG_LEVEL",
    "SEV_PAYEUR_NOM",
    "SEV_PAYEUR_IBAN",
    "SEV_PAYEUR_BIC",
)


def _interrupt(signum, frame):
    """End on SIGTERM as on Ctrl-C, so that the servers are stopped and their data removed."""
    raise KeyboardInterrupt


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    options = early_config.known_args_namespace
    if options.help or options.version or "SEV_ESSAIS" in os.environ:
        return
    dossier = Path(tempfile.mkdtemp(prefix="sev-essais-", dir="/tmp"))
    # However the run ends, even before its first test: nothing of it stays.
    atexit.register(shutil.rmtree, dossier, ignore_errors=True)
    for nom in DEMO_ONLY:
        os.environ.pop(nom, None)
    os.environ["SEV_ESSAIS"] = os.environ["SEV_DATA"] = str(dossier)
    os.environ["SEV_ESSAIS_REDIS_URL"] = os.environ.get("REDIS_URL", "")
    os.environ["REDIS_URL"] = "memory://"
    signal.signal(signal.SIGTERM, _interrupt)
    if not os.environ.get("DATABASE_URL"):
        serveur = Postgres(dossier, durable=False)
        atexit.register(serveur.supprimer)
        os.environ["DATABASE_URL"] = serveur.demarrer()
