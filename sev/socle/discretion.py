"""What the logs keep silent: PostgreSQL's DETAIL quotes the row that it refuses, and a row here is a person."""

import logging
import re

# As a line of a traceback, or inside the repr that Celery writes; in the server's language.
_DETAIL = re.compile(
    r"\nD[EÉ]TAIL ?:.*?(?=\n(?:HINT|CONTEXT|ASTUCE|CONTEXTE) ?:|\n\n|\Z)|\\nD[EÉ]TAIL ?:[^\n]*", re.DOTALL
)


class SansDetail(logging.Formatter):
    """The line of a log, and its traceback, without the values of the row that the database refused."""

    def format(self, record):
        """Write the record, each DETAIL left out."""
        return _DETAIL.sub("", super().format(record))
