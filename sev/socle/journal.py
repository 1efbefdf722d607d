"""The journal (X3): every write made inside `acte` carries who did it, what they meant, and why."""

from contextlib import contextmanager

import pghistory


@contextmanager
def acte(action: str, *, par=None, motif: str = ""):
    """Open the history context of one act. `par` is a Compte, or None when the clock acts.

    Only the account's key and the person's name are kept: no address, no e-mail. An act inside another bears the
    same context key with its own words, and gives the first one's back when it ends.
    """
    with pghistory.context() as contexte:
        avant = dict(contexte.metadata)
        contexte.metadata.update(
            action=action, par=par.pk if par else None, nom=str(par) if par else "Horloge", motif=motif
        )
        try:
            yield
        finally:
            contexte.metadata.clear()
            contexte.metadata.update(avant)
