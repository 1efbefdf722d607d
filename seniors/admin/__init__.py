"""ANCV's admin of what `seniors` adds to the groups and stays, and its journals."""

from seniors.admin import amendements, listes

__all__ = ["amendements", "listes"]
