"""ANCV's admin of what `seniors` adds to the pages of the apps below, of persons and doubles, and its journals."""

from seniors.admin import amendements, conventions, credits, doublons, listes, personnes, programme

__all__ = ["amendements", "conventions", "credits", "doublons", "listes", "personnes", "programme"]
