"""What persons asked about their own data (X4): to have it, or to have it erased."""

from django.db import models

from conventions.models import Compte
from seniors.models.seniors import Senior


class DemandeDonnees(models.Model):
    """A person's request that ANCV answered: an export or an erasure, by whom, when, under which reference."""

    class Nature(models.TextChoices):
        EXPORT = "EXPORT", "Export"
        EFFACEMENT = "EFFACEMENT", "Effacement"

    senior = models.ForeignKey(Senior, models.PROTECT, related_name="demandes", verbose_name="sénior")
    nature = models.CharField("nature", max_length=10, choices=Nature)
    motif = models.CharField("référence ou motif", max_length=200)
    par = models.ForeignKey(Compte, models.PROTECT, related_name="+", verbose_name="par", db_index=False)
    le = models.DateTimeField("le")

    class Meta:
        verbose_name = "demande sur les données"
        verbose_name_plural = "demandes sur les données"
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(name="demande_motivee", condition=~models.Q(motif=""))]

    def __str__(self):
        return f"{self.get_nature_display()}, fiche n° {self.senior_id}"
