"""Dates of a stay and of its list: pure functions, calendar days."""

from datetime import date, timedelta

DELAI_VERROUILLAGE = 17


def fin_du_sejour(debut: date, duree: int) -> date:
    """Return the last day of a stay of `duree` days, first and last included (14 May + 8 days: 21 May)."""
    return debut + timedelta(days=duree - 1)


def dernier_jour_de_la_liste(debut: date) -> date:
    """Return the last day on which the porteur may change the list: 17 days before departure (I14)."""
    return debut - timedelta(days=DELAI_VERROUILLAGE)


def touche_une_fermeture(debut: date, fin: date, fermetures) -> bool:
    """Tell whether a stay shares a day with one of the closed seasons (P1)."""
    return any(f.debut <= fin and debut <= f.fin for f in fermetures)
