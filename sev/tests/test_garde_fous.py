"""The guards of conftest.py, themselves put to the test."""

import socket
from datetime import date
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.template import Context, Origin, Template, engines
from psycopg import errors

from conftest import OutboundConnection, UndefinedTemplateVariable
from conventions.models import Bareme, Tarif

CHEZ_NOUS = str(Path(settings.BASE_DIR) / "templates" / "essai.html")


def rendu(source, origine=CHEZ_NOUS, **contexte):
    return Template(source, Origin(origine), engine=engines["django"].engine).render(Context(contexte))


@pytest.mark.parametrize("source", ["{{ inconnu }}", "{{ inconnu|upper }}", "{{ groupe.inconnu }}"])
def test_an_undefined_variable_fails_in_our_templates(source):
    with pytest.raises(UndefinedTemplateVariable, match=r"essai\.html, line 1"):
        rendu(source, groupe={})


@pytest.mark.parametrize(
    ("source", "attendu"),
    [
        ("{% if inconnu %}a{% endif %}b", "b"),
        ("{{ inconnu|default:'a' }}", "a"),
        ("{{ vide }}", ""),
        ("{{ rien|default_if_none:'a' }}", "a"),
    ],
)
def test_what_says_that_it_is_optional_passes(source, attendu):
    assert rendu(source, vide="", rien=None) == attendu


def test_other_people_s_templates_keep_their_ways():
    assert rendu("{{ inconnu }}a", origine="/usr/share/elsewhere.html") == "a"


def test_no_test_leaves_this_machine():
    with socket.socket() as prise, pytest.raises(OutboundConnection):
        prise.connect(("192.0.2.1", 80))
    with pytest.raises(OutboundConnection):
        socket.create_connection(("192.0.2.1", 80))


def test_no_name_is_looked_up():
    with pytest.raises(OutboundConnection):
        socket.getaddrinfo("example.org", 443)


def test_the_connections_of_the_tests_alone_may_empty_the_ledger(db):
    with connection.cursor() as curseur:
        curseur.execute("SELECT current_database(), current_setting('sev.vidage')")
        base, vidage = curseur.fetchone()
    assert (base.startswith("test_"), vidage) == (True, "permis")
    ordinaire = connection.get_connection_params() | {"options": "-c lock_timeout=3000"}
    with (
        psycopg.connect(**ordinaire) as ailleurs,
        pytest.raises(errors.RaiseException, match="conventions_mouvement is append-only"),
    ):
        ailleurs.execute("TRUNCATE conventions_mouvement CASCADE")


@pytest.mark.django_db(transaction=True)
def test_a_test_that_empties_the_tables_leaves_what_the_migrations_had_put_there():
    def lignes():
        return [
            [ligne | {"id": None} for ligne in m.objects.order_by("pk").values()] for m in (Tarif, Bareme)
        ]

    avant = lignes()
    call_command("flush", interactive=False, verbosity=0)
    assert (lignes(), all(avant)) == (avant, True)
    Tarif.objects.create(duree=8, valable_du=date(2031, 1, 1), prix=410, aide=160)
