"""Two rows that may be one person (I18): the pairs found, what staff decided, and the merges."""

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q

from conventions.models import Compte
from seniors.models.seniors import Senior


class DoublonQuerySet(models.QuerySet):
    def a_decider(self):
        """Return the pairs that wait for ANCV, the oldest first."""
        return self.filter(decision="").order_by("trouve_le", "pk")

    def de(self, un: Senior, autre: Senior):
        """Return the pair of these two persons: none or one."""
        ancienne, recente = sorted((un.pk, autre.pk))
        return self.filter(ancienne=ancienne, recente=recente)


@pghistory.track(
    pghistory.UpdateEvent(),
    fields=["ancienne", "recente", "decision", "decide_par", "motif"],
    model_name="DoublonEvent",
)
class Doublon(models.Model):
    """A pair of persons who look like one. What is decided is kept, so that « not the same » is never asked again."""

    class Raison(models.TextChoices):
        MEME_NOM = "MEME_NOM", "même nom, même date, autre ville"
        NOMS_INVERSES = "NOMS_INVERSES", "nom et prénom inversés"
        NOM_DE_NAISSANCE = "NOM_DE_NAISSANCE", "nom d'usage et nom de naissance"
        NOM_PROCHE = "NOM_PROCHE", "noms proches, même date"
        AUTRE_NOM = "AUTRE_NOM", "même prénom, même date, même ville"
        DATE_PROCHE = "DATE_PROCHE", "même nom, dates proches"

    class Decision(models.TextChoices):
        FUSION = "FUSION", "Fusionnées"
        DIFFERENTES = "DIFFERENTES", "Pas les mêmes personnes"

    ancienne = models.ForeignKey(Senior, models.PROTECT, related_name="+", verbose_name="fiche")
    recente = models.ForeignKey(Senior, models.PROTECT, related_name="+", verbose_name="autre fiche")
    raison = models.CharField("raison", max_length=16, choices=Raison)
    ressemblance = models.DecimalField("ressemblance", max_digits=3, decimal_places=2)
    trouve_le = models.DateTimeField("trouvé le")
    decision = models.CharField("décision", max_length=11, choices=Decision, blank=True)
    decide_le = models.DateTimeField("décidé le", null=True, blank=True)
    decide_par = models.ForeignKey(
        Compte,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="décidé par",
        db_index=False,
    )
    motif = models.CharField("motif", max_length=200, blank=True)

    objects = DoublonQuerySet.as_manager()

    class Meta:
        verbose_name = "doublon probable"
        verbose_name_plural = "doublons probables"
        ordering = ["decision", "trouve_le", "pk"]
        indexes = [models.Index(fields=["trouve_le"], name="doublons_a_decider", condition=Q(decision=""))]
        constraints = [
            models.UniqueConstraint(fields=["ancienne", "recente"], name="une_fois_chaque_paire"),
            models.CheckConstraint(name="paire_dans_l_ordre", condition=Q(ancienne__lt=F("recente"))),
            models.CheckConstraint(
                name="decision_datee_et_motivee",
                condition=Q(decision="", decide_le__isnull=True, motif="")
                | ~Q(decision="") & Q(decide_le__isnull=False) & ~Q(motif=""),
            ),
        ]
        triggers = [pgtrigger.ReadOnly(name="paire_fixe", fields=["ancienne", "recente"])]

    def __str__(self):
        return f"{self.ancienne} / {self.recente}"


class Fusion(models.Model):
    """A merge: `absorbee` became a former spelling of `gardee`. It keeps what undoing it takes.

    `deplacees`: keys of the registrations that passed over; `reprises`: of those that lost a second aid of the year.
    `avant`: for each of the two, field → [value before, value after]; emptied when the names must be forgotten (X4).
    """

    gardee = models.ForeignKey(Senior, models.PROTECT, related_name="fusions", verbose_name="fiche gardée")
    absorbee = models.ForeignKey(Senior, models.PROTECT, related_name="+", verbose_name="fiche absorbée")
    motif = models.CharField("motif", max_length=200)
    faite_le = models.DateTimeField("faite le")
    faite_par = models.ForeignKey(
        Compte, models.PROTECT, related_name="+", verbose_name="faite par", db_index=False
    )
    deplacees = ArrayField(models.BigIntegerField(), verbose_name="inscriptions déplacées")
    reprises = ArrayField(models.BigIntegerField(), verbose_name="aides reprises")
    avant = models.JSONField(encoder=DjangoJSONEncoder, editable=False)
    oubliee_le = models.DateTimeField("valeurs d'avant effacées le", null=True, blank=True)
    defaite_le = models.DateTimeField("défaite le", null=True, blank=True)
    defaite_par = models.ForeignKey(
        Compte,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="défaite par",
        db_index=False,
    )
    motif_defaite = models.CharField("motif de l'annulation", max_length=200, blank=True)

    class Meta:
        verbose_name = "fusion de fiches"
        verbose_name_plural = "fusions de fiches"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["absorbee"], condition=Q(defaite_le__isnull=True), name="absorbee_une_fois"
            ),
            models.CheckConstraint(name="fusion_de_deux_fiches", condition=~Q(gardee=F("absorbee"))),
            models.CheckConstraint(name="fusion_motivee", condition=~Q(motif="")),
            models.CheckConstraint(
                name="defaite_motivee",
                condition=Q(defaite_le__isnull=True, motif_defaite="")
                | Q(defaite_le__isnull=False) & ~Q(motif_defaite=""),
            ),
        ]

    def __str__(self):
        return f"{self.gardee} (n° {self.gardee_id}, depuis le n° {self.absorbee_id})"
