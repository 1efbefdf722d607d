"""The logs name nobody, even when the database refuses a row."""

import logging

import pytest
from django.conf import settings
from django.db import IntegrityError, connection

from sev.socle.discretion import SansDetail

QUI = "yvonne@exemple.fr"


def trace(erreur) -> str:
    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "Internal Server Error: /", None, None)
    record.exc_info = (type(erreur), erreur, erreur.__traceback__)
    return SansDetail("%(message)s").format(record)


def test_a_row_that_the_database_refuses_is_not_in_the_log(db):
    with connection.cursor() as curseur, pytest.raises(IntegrityError) as refus:
        curseur.execute("INSERT INTO socle_courriel (cause, destinataire) VALUES (%s, %s)", ["a", QUI])
    assert QUI in str(refus.value)
    ecrit = trace(refus.value)
    assert "null value in column" in ecrit
    assert QUI not in ecrit


def test_a_row_of_several_lines_is_left_out_to_its_end():
    erreur = IntegrityError("refused\nDETAIL:  Failing row contains (1, deux\nlignes).\nHINT:  see there.")
    assert trace(erreur).endswith("IntegrityError: refused\nHINT:  see there.")


def test_celery_s_repr_of_an_error_is_cut_too():
    message = repr(IntegrityError("refusé\nDÉTAIL : Key (nom)=(KERVELLA) already exists."))
    record = logging.LogRecord("celery", logging.ERROR, "", 0, message, None, None)
    assert SansDetail("%(message)s").format(record) == "IntegrityError('refusé"


def test_the_settings_write_every_log_so():
    assert settings.LOGGING["formatters"]["ligne"]["()"] == "sev.socle.discretion.SansDetail"
    assert [h["formatter"] for h in settings.LOGGING["handlers"].values()] == ["ligne"]
