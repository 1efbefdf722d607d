"""Runs of the clock's jobs: each is recorded, so that staff and probes see what ran last and what failed."""

from collections.abc import Callable

from sev.socle.models import Passage
from sev.socle.temps import maintenant


def executer(tache: str, travail: Callable[[], int]) -> int:
    """Run `travail`, which returns how many things it did, and record the run under `tache`.

    Of the runs that had nothing to do only the last is kept. An exception is recorded, then raised again.
    """
    Passage.objects.filter(tache=tache, faits=0, erreur="", fin__isnull=False).delete()
    passage = Passage.objects.create(tache=tache, debut=maintenant())
    try:
        passage.faits = travail()
    except Exception as erreur:
        passage.erreur = f"{type(erreur).__name__}: {erreur}"[:500]
        raise
    finally:
        passage.fin = maintenant()
        passage.save(update_fields=["faits", "fin", "erreur"])
    return passage.faits
