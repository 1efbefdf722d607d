"""ANCV's admin of what `seniors` adds to conventions, credits, programme, groups and stays, and its journals."""

from seniors.admin import conventions, credits, listes, programme

__all__ = ["conventions", "credits", "listes", "programme"]
