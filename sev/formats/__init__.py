"""How dates are written where Django writes them itself: as everywhere else in SEV (sev.socle.typographie)."""
