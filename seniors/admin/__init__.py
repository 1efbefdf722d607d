"""ANCV's admin of what `seniors` adds to conventions, credits, programme, groups and stays, and its journals."""

from seniors.admin import amendements, conventions, credits, listes, programme

__all__ = ["amendements", "conventions", "credits", "listes", "programme"]
