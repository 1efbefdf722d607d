"""The documents of a group: rooming-list, détails, and the spreadsheet of both.

Each function takes a group (`Groupe.objects.complets()`) and its registrations
(`Inscription.objects.presentes().liste()`), and returns bytes. `vue` is the nature of the account that reads:
whoever is neither the porteur nor ANCV gets what a provider may see (X2).
"""

from seniors.documents.details import details
from seniors.documents.listes import rooming_list
from seniors.documents.tableurs import liste_xlsx

__all__ = ["details", "liste_xlsx", "rooming_list"]
