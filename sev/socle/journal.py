"""The journal (X3): every write made inside `acte` carries who did it, what they meant, and why."""

import pghistory


def acte(action: str, *, par=None, motif: str = ""):
    """Open the history context of one act. `par` is a Compte, or None when the clock acts.

    Only the account's key and the person's name are kept: no address, no e-mail.
    """
    return pghistory.context(
        action=action,
        par=par.pk if par else None,
        nom=str(par) if par else "Horloge",
        motif=motif,
    )
