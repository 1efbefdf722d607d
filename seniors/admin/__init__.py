"""ANCV's admin of what `seniors` adds to the groups and stays, and its journals."""

from seniors.admin import listes

__all__ = ["listes"]
