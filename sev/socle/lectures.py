"""Noting that somebody opened a page of sensitive data (X2)."""

from sev.socle.models import Lecture


def noter(*, quoi: str, cle: int, par) -> Lecture:
    """Write that `par` reads the page `quoi` of the object `cle`, for ever: the only thing that a GET writes."""
    return Lecture.objects.create(quoi=quoi, cle=cle, par=par)
