"""A porteur's request for more credit, and what ANCV answered (C8)."""

import pghistory
from django.db import models
from django.db.models import F, Q

from conventions.models.credits import Mouvement
from conventions.models.organismes import Compte, Convention
from conventions.models.programme import Programme


class DemandeComplementQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the requests of the porteur that `compte` works for, or none."""
        return self.filter(convention=compte.organisme_id) if compte.est_porteur else self.none()

    def en_attente(self):
        """Return the requests that nobody answered nor withdrew, the oldest first."""
        return self.filter(decidee_le__isnull=True, retiree_le__isnull=True).order_by("faite_le", "pk")


@pghistory.track()
class DemandeComplement(models.Model):
    """What a porteur asks for a year, in euros, and why; then the answer: an entry of the ledger, or a refusal.

    `accorde` is what ANCV gave, None when it refused.
    """

    convention = models.ForeignKey(
        Convention, models.PROTECT, related_name="demandes_complement", verbose_name="convention"
    )
    programme = models.ForeignKey(
        Programme, models.PROTECT, db_column="annee", related_name="+", verbose_name="année"
    )
    montant = models.DecimalField("montant demandé (€)", max_digits=9, decimal_places=2)
    motif = models.TextField("motif", max_length=500)
    auteur = models.ForeignKey(
        Compte, models.PROTECT, related_name="+", verbose_name="demandée par", db_index=False
    )
    faite_le = models.DateTimeField("faite le")
    retiree_le = models.DateTimeField("retirée le", null=True, blank=True)
    decidee_le = models.DateTimeField("décidée le", null=True, blank=True)
    decidee_par = models.ForeignKey(
        Compte,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="décidée par",
        db_index=False,
    )
    accorde = models.DecimalField("accordé (€)", max_digits=9, decimal_places=2, null=True, blank=True)
    reponse = models.TextField("réponse", max_length=300, blank=True)
    mouvement = models.OneToOneField(
        Mouvement, models.PROTECT, null=True, blank=True, related_name="demande", verbose_name="mouvement"
    )

    objects = DemandeComplementQuerySet.as_manager()

    class Meta:
        verbose_name = "demande de complément"
        verbose_name_plural = "demandes de complément"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["convention", "programme"],
                condition=Q(decidee_le__isnull=True, retiree_le__isnull=True),
                name="une_demande_en_attente_par_an",
                violation_error_message="Une demande attend déjà une réponse pour cette année.",
            ),
            models.CheckConstraint(name="complement_demande_positif", condition=Q(montant__gt=0)),
            models.CheckConstraint(
                name="retiree_ou_decidee", condition=Q(retiree_le__isnull=True) | Q(decidee_le__isnull=True)
            ),
            models.CheckConstraint(
                name="complement_accorde_ou_refuse_avec_motif",
                condition=Q(
                    decidee_le__isnull=True,
                    decidee_par__isnull=True,
                    accorde__isnull=True,
                    mouvement__isnull=True,
                )
                | Q(
                    decidee_le__isnull=False,
                    decidee_par__isnull=False,
                    accorde__isnull=False,
                    accorde__gt=0,
                    accorde__lte=F("montant"),
                    mouvement__isnull=False,
                )
                | Q(
                    decidee_le__isnull=False,
                    decidee_par__isnull=False,
                    accorde__isnull=True,
                    mouvement__isnull=True,
                )
                & ~Q(reponse=""),
            ),
        ]

    def __str__(self):
        return f"Demande n° {self.pk} de {self.convention}, {self.annee}"

    @property
    def annee(self) -> int:
        return self.programme_id

    @property
    def en_attente(self) -> bool:
        return self.decidee_le is None and self.retiree_le is None

    @property
    def etat(self) -> str:
        """What became of it, in a word or two."""
        if self.retiree_le:
            return "Retirée"
        if self.decidee_le is None:
            return "En attente"
        if self.accorde is None:
            return "Refusée"
        return "Accordée" if self.accorde == self.montant else "Accordée en partie"
