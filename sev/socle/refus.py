"""Refusals: what a rule says no to, in words fit for the person who asked."""


class RefusMetier(Exception):
    """An operation refused by a rule. `message` is French, for the user; `champ` names the form field it is about."""

    def __init__(self, message: str, *, champ: str | None = None, lien: tuple[str, str] | None = None):
        super().__init__(message)
        self.message = message
        self.champ = champ
        self.lien = lien


def motif_exige(motif: str, refus: type[RefusMetier], message: str, *, champ: str = "motif") -> str:
    """Return a reason without its outer blanks. Raises `refus`, with `message` at its field, when there is none."""
    if not motif.strip():
        raise refus(message, champ=champ)
    return motif.strip()
