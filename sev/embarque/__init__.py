"""PostgreSQL and Valkey without asking anybody for a server.

Programs from PyPI, unix sockets, one data folder. The demo and the tests start them here; the settings only
ask where they answer. Importing this package starts nothing and needs nothing beyond the standard library.
"""

from sev.embarque.adresses import dossier_sockets, url_postgres, url_valkey
from sev.embarque.postgres import Postgres
from sev.embarque.processus import ServeurAbsent, fin_du_journal, lancer_enfant
from sev.embarque.valkey import Valkey

__all__ = [
    "Postgres",
    "ServeurAbsent",
    "Valkey",
    "dossier_sockets",
    "fin_du_journal",
    "lancer_enfant",
    "url_postgres",
    "url_valkey",
]
