"""The access line of a view: which roles may come, and who may write. Signing in is required by default everywhere."""

from functools import wraps

from django.core.exceptions import PermissionDenied


def lecture_seule(compte) -> PermissionDenied:
    """Return the refusal of an account that only reads: it says whom to ask (C4)."""
    return PermissionDenied(f"Votre compte permet de lire, pas de modifier. {compte.a_qui_demander}".strip())


def reserve_a(*roles):
    """Let in only accounts whose organisation is of one of `roles` (`Organisme.Nature`); 403 otherwise."""

    def decorer(vue):
        @wraps(vue)
        def protegee(request, *args, **kwargs):
            if request.user.nature not in roles:
                raise PermissionDenied("Cette page n'est pas prévue pour votre compte.")
            return vue(request, *args, **kwargs)

        return protegee

    return decorer


def ecriture(vue):
    """Refuse the view to accounts that only read (C4): they can neither open its form nor send it."""

    @wraps(vue)
    def protegee(request, *args, **kwargs):
        if not request.user.peut_ecrire:
            raise lecture_seule(request.user)
        return vue(request, *args, **kwargs)

    return protegee
