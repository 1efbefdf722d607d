"""How long a statement may take: thirty seconds for a page (settings.DATABASES), as long as it needs for the clock."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def sans_limite() -> Iterator[None]:
    """Let statements last as long as they need: a whole table is read, for nobody who waits."""
    with connection.cursor() as curseur:
        curseur.execute("SET statement_timeout = 0")
        try:
            yield
        finally:
            curseur.execute("RESET statement_timeout")
