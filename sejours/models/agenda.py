"""The secret address under which somebody's calendar reads its deadlines."""

import secrets

from django.db import models

from conventions.models import Compte

OCTETS = 32


def nouveau_secret() -> str:
    """Return what nobody guesses: 43 characters of an address."""
    return secrets.token_urlsafe(OCTETS)


class AgendaQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the calendar of `compte` itself; a colleague's is the colleague's."""
        return self.filter(compte=compte.pk) if compte.organisme_id else self.none()

    def du_secret(self, secret: str):
        """Return the calendar of this whole address, while its account is open."""
        return self.filter(secret=secret, compte__is_active=True, compte__organisme__isnull=False)


class Agenda(models.Model):
    """The calendar feed that an account asked for; a new secret closes the former address."""

    compte = models.OneToOneField(
        Compte, models.CASCADE, primary_key=True, related_name="agenda", verbose_name="compte"
    )
    secret = models.CharField("secret", max_length=64, unique=True, default=nouveau_secret)
    depuis_le = models.DateTimeField("depuis le")

    objects = AgendaQuerySet.as_manager()

    class Meta:
        verbose_name = "agenda"

    def __str__(self):
        return f"Agenda de {self.compte}"
