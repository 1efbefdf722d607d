"""ANCV's admin of conventions, accounts, credits and the programme. What has a rule goes through an operation."""

from conventions.admin import comptes, credits, imports, programme

__all__ = ["comptes", "credits", "imports", "programme"]
