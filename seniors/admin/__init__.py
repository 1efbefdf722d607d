"""ANCV's admin of what `seniors` adds to the groups and stays, of persons and doubles, and its journals."""

from seniors.admin import amendements, doublons, listes, personnes

__all__ = ["amendements", "doublons", "listes", "personnes"]
