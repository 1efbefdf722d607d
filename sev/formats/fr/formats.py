"""Dates of lists and pages of the admin: « 22/11/2026 », « 22/11/2026 à 6 h 08 »."""

DATE_FORMAT = "d/m/Y"
DATETIME_FORMAT = "d/m/Y à G\u00a0\\h\u00a0i"
