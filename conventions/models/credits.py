"""The ledger of credits (C5, C6): append-only entries, and totals that the database itself keeps equal to them."""

from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from conventions.models.organismes import Compte, Convention, Organisme
from conventions.models.programme import Programme
from sev.socle.triggers import compteurs_proteges, en_ajout_seul

# What an entry does to the euros that are free; a payment only moves what was engaged.
EFFET = Case(
    When(nature__in=("ALLOCATION", "COMPLEMENT", "LIBERATION"), then=F("montant")),
    When(nature__in=("REPRISE", "ENGAGEMENT"), then=-F("montant")),
    default=Value(Decimal(0)),
    output_field=models.DecimalField(max_digits=12, decimal_places=2),
)


class CreditQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the credits of the porteur that `compte` works for, or none."""
        return self.filter(convention=compte.organisme_id) if compte.est_porteur else self.none()

    def nommes(self, mots: list[str]):
        """Return the credits of the porteurs whom all of `mots` name."""
        return self.filter(convention__in=Organisme.objects.nommes(mots).values("pk"))


class Credit(models.Model):
    """A porteur's envelope for one year, in euros. Its three totals move only when an entry is added (trigger)."""

    convention = models.ForeignKey(
        Convention, models.PROTECT, related_name="credits", verbose_name="convention"
    )
    programme = models.ForeignKey(
        Programme, models.PROTECT, db_column="annee", related_name="credits", verbose_name="année"
    )
    alloue = models.DecimalField("alloué (€)", max_digits=10, decimal_places=2, default=0, editable=False)
    engage = models.DecimalField("engagé (€)", max_digits=10, decimal_places=2, default=0, editable=False)
    verse = models.DecimalField("versé (€)", max_digits=10, decimal_places=2, default=0, editable=False)

    objects = CreditQuerySet.as_manager()

    class Meta:
        verbose_name = "crédit d'intervention"
        verbose_name_plural = "crédits d'intervention"
        ordering = ["-programme", "convention"]
        constraints = [
            models.UniqueConstraint(
                fields=["convention", "programme"], name="un_credit_par_convention_et_annee"
            ),
            models.CheckConstraint(
                name="credit_jamais_depasse",
                condition=Q(engage__gte=0, verse__gte=0, alloue__gte=F("engage") + F("verse")),
                violation_error_message="Le crédit disponible ne suffit pas.",
            ),
        ]
        triggers = [
            compteurs_proteges("alloue", "engage", "verse"),
            # Its entries, and the year's allotments, are counted where it stands.
            pgtrigger.ReadOnly(name="credit_fixe", fields=["convention", "programme"]),
        ]

    def __str__(self):
        return f"{self.convention}, {self.annee}"

    @property
    def annee(self) -> int:
        return self.programme_id

    @property
    def utilise(self) -> Decimal:
        """Euros used, at registration and not at payment (C5)."""
        return self.engage + self.verse

    @property
    def disponible(self) -> Decimal:
        return self.alloue - self.utilise


class MouvementQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the entries of the porteur that `compte` works for, or none."""
        return self.filter(credit__convention=compte.organisme_id) if compte.est_porteur else self.none()

    def dotations_motivees(self, mots: list[str]):
        """Return the entries of no registration, for which somebody gave a reason, with all of `mots` in it."""
        dotations = self.filter(inscription_id__isnull=True)
        for mot in mots:
            dotations = dotations.filter(motif__icontains=mot)
        return dotations

    def avec_solde(self):
        """Annotate what each entry does to the free euros (`effet`, signed) and what was free after it (`solde`).

        The balance is that of the whole credit, whatever entries are selected.
        """
        jusque_la = (
            Mouvement.objects.filter(credit=OuterRef("credit"), pk__lte=OuterRef("pk"))
            .order_by()
            .values("credit")
            .annotate(solde=Sum(EFFET))
        )
        return self.annotate(
            effet=EFFET, solde=Coalesce(Subquery(jusque_la.values("solde")), Value(Decimal(0)))
        )


class Mouvement(models.Model):
    """An entry of the ledger: a positive amount of euros, never changed nor deleted. A correction is an entry too."""

    class Nature(models.TextChoices):
        ALLOCATION = "ALLOCATION", "Allocation"
        COMPLEMENT = "COMPLEMENT", "Complément"
        REPRISE = "REPRISE", "Reprise"
        ENGAGEMENT = "ENGAGEMENT", "Engagement"
        LIBERATION = "LIBERATION", "Libération"
        VERSEMENT = "VERSEMENT", "Versement"

    DE_DOTATION = (Nature.ALLOCATION, Nature.COMPLEMENT, Nature.REPRISE)
    D_INSCRIPTION = (Nature.ENGAGEMENT, Nature.LIBERATION, Nature.VERSEMENT)

    credit = models.ForeignKey(Credit, models.PROTECT, related_name="mouvements", verbose_name="crédit")
    nature = models.CharField("nature", max_length=10, choices=Nature)
    montant = models.DecimalField("montant (€)", max_digits=9, decimal_places=2)
    # The registration lives in an app above this one: its migration adds the foreign key in the database.
    inscription_id = models.BigIntegerField("inscription", null=True, blank=True)
    auteur = models.ForeignKey(
        Compte, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="auteur", db_index=False
    )
    motif = models.CharField("motif", max_length=200, blank=True)
    date = models.DateField("date")
    cree_le = models.DateTimeField("écrit le", auto_now_add=True)

    objects = MouvementQuerySet.as_manager()

    class Meta:
        verbose_name = "mouvement de crédit"
        verbose_name_plural = "mouvements de crédit"
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["inscription_id"],
                name="mouvements_par_inscription",
                condition=Q(inscription_id__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(name="montant_positif", condition=Q(montant__gt=0)),
            models.UniqueConstraint(
                fields=["inscription_id"],
                condition=Q(nature="VERSEMENT"),
                name="un_versement_par_inscription",
                violation_error_message="Cette aide est déjà versée.",
            ),
            models.CheckConstraint(
                name="inscription_nommee_pour_une_aide",
                condition=Q(
                    nature__in=["ENGAGEMENT", "LIBERATION", "VERSEMENT"], inscription_id__isnull=False
                )
                | Q(nature__in=["ALLOCATION", "COMPLEMENT", "REPRISE"], inscription_id__isnull=True),
            ),
        ]
        triggers = [
            *en_ajout_seul(),
            pgtrigger.Trigger(
                name="totaux_du_credit",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                declare=[("dotation", "numeric"), ("engagement", "numeric"), ("versement", "numeric")],
                func="""
                    dotation := CASE NEW.nature WHEN 'ALLOCATION' THEN NEW.montant WHEN 'COMPLEMENT' THEN NEW.montant
                                                WHEN 'REPRISE' THEN -NEW.montant ELSE 0 END;
                    engagement := CASE NEW.nature WHEN 'ENGAGEMENT' THEN NEW.montant WHEN 'LIBERATION' THEN -NEW.montant
                                                  WHEN 'VERSEMENT' THEN -NEW.montant ELSE 0 END;
                    versement := CASE NEW.nature WHEN 'VERSEMENT' THEN NEW.montant ELSE 0 END;
                    UPDATE conventions_credit
                       SET alloue = alloue + dotation, engage = engage + engagement, verse = verse + versement
                     WHERE id = NEW.credit_id;
                    IF dotation <> 0 THEN
                        UPDATE conventions_programme SET alloue = alloue + dotation
                         WHERE annee = (SELECT annee FROM conventions_credit WHERE id = NEW.credit_id);
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.get_nature_display()} de {self.montant} €"
