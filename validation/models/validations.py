"""The two windows that follow a stay (V1, V2), and who travelled according to whom (V3, V6)."""

from datetime import date

import pghistory
import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce

from conventions.models import Compte
from sejours.models import Groupe
from seniors.models import Inscription
from validation.models.versements import Versement

ECHEANCE = Coalesce("echeance_porteur", "echeance_prestataire")
EN_COURS = Q(confirmee_le__isnull=True, close_le__isnull=True)


class Phase(models.TextChoices):
    """Where a validation stands on a given day; never stored."""

    PRESTATAIRE = "PRESTATAIRE", "À valider par le prestataire"
    PORTEUR = "PORTEUR", "À confirmer par le porteur"
    ARRETEE = "ARRETEE", "Liste non conforme signalée"
    DEPASSEE = "DEPASSEE", "Délai dépassé"
    CONFIRMEE = "CONFIRMEE", "Terminée"
    CLOSE = "CLOSE", "Close sans versement"


class ValidationQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the validations of the groups that `compte` may see (X1)."""
        return self.filter(groupe__in=Groupe.objects.pour(compte)) if compte.organisme_id else self.none()

    def en_cours(self):
        """Return those that nobody has ended: neither confirmed nor closed by ANCV."""
        return self.filter(EN_COURS)

    def ouvertes(self, *, le: date):
        """Return those whose party may act on `le`: the window runs, nothing stops it."""
        return self.en_cours().filter(arretee_le__isnull=True).alias(limite=ECHEANCE).filter(limite__gte=le)

    def depassees(self, *, le: date):
        """Return those whose window is over on `le` without an answer: ANCV decides (V4)."""
        return self.en_cours().filter(arretee_le__isnull=True).alias(limite=ECHEANCE).filter(limite__lt=le)

    def en_suspens(self, *, depuis: date):
        """Return those that payment still holds: a sum not paid, or paid after `depuis`, or a disagreement (X4)."""
        attendent = Versement.objects.filter(groupe=OuterRef("pk")).exclude(
            virement__lot__paye_le__lte=depuis
        )
        litiges = Presence.objects.filter(validation=OuterRef("pk")).en_litige()
        return self.filter(Exists(attendent) | Exists(litiges))

    def completes(self):
        """Return them with all that a row or a header shows, in one query."""
        return self.select_related(
            "groupe__porteur__convention",
            "groupe__sejour__offre__equipement__prestataire",
            "validee_par",
            "confirmee_par",
        )


@pghistory.track()
class Validation(models.Model):
    """The validation of a group's list after its stay. Deadlines are stored as announced, last day included (Paris).

    `arretee_le` and `jours_restants`: a report stops the clock, and keeps how many days were left that day (V5).
    """

    groupe = models.OneToOneField(
        Groupe, models.PROTECT, primary_key=True, related_name="validation", verbose_name="groupe"
    )
    ouverte_le = models.DateTimeField("ouverte le")
    echeance_prestataire = models.DateField("dernier jour du prestataire")
    validee_le = models.DateTimeField("validée le", null=True, blank=True)
    validee_par = models.ForeignKey(
        Compte,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="validée par",
        db_index=False,
    )
    echeance_porteur = models.DateField("dernier jour du porteur", null=True, blank=True)
    confirmee_le = models.DateTimeField("confirmée le", null=True, blank=True)
    confirmee_par = models.ForeignKey(
        Compte,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="confirmée par",
        db_index=False,
    )
    arretee_le = models.DateField("délai arrêté le", null=True, blank=True)
    jours_restants = models.PositiveSmallIntegerField("jours restants", null=True, blank=True)
    depassee_le = models.DateTimeField("dépassement constaté le", null=True, blank=True)
    close_le = models.DateTimeField("close sans versement le", null=True, blank=True)
    motif_cloture = models.CharField("motif de la clôture", max_length=300, blank=True)

    objects = ValidationQuerySet.as_manager()

    class Meta:
        verbose_name = "validation"
        ordering = ["-pk"]
        indexes = [
            models.Index(ECHEANCE, name="validations_en_cours", condition=EN_COURS),
        ]
        constraints = [
            models.CheckConstraint(
                name="validee_donc_a_confirmer",
                condition=Q(validee_le__isnull=True, validee_par__isnull=True, echeance_porteur__isnull=True)
                | Q(validee_le__isnull=False, validee_par__isnull=False, echeance_porteur__isnull=False),
            ),
            models.CheckConstraint(
                name="confirmee_apres_validee",
                condition=Q(confirmee_le__isnull=True, confirmee_par__isnull=True)
                | Q(confirmee_le__isnull=False, confirmee_par__isnull=False, validee_le__isnull=False),
            ),
            models.CheckConstraint(
                name="ni_confirmee_et_close",
                condition=Q(confirmee_le__isnull=True) | Q(close_le__isnull=True),
            ),
            models.CheckConstraint(
                name="cloture_motivee",
                condition=Q(close_le__isnull=True, motif_cloture="")
                | Q(close_le__isnull=False) & ~Q(motif_cloture=""),
            ),
            models.CheckConstraint(
                name="arretee_avec_ses_jours_restants",
                condition=Q(arretee_le__isnull=True, jours_restants__isnull=True)
                | Q(arretee_le__isnull=False, jours_restants__isnull=False) & EN_COURS,
            ),
        ]
        triggers = [
            # What is confirmed or closed is so for ever: aids were given back, sums are due.
            pgtrigger.Protect(
                name="validation_terminee",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__confirmee_le__isnull=False)
                | pgtrigger.Q(old__close_le__isnull=False),
            ),
            pgtrigger.Trigger(
                name="solde_du_groupe",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("confirmee_le", "close_le"),
                when=pgtrigger.After,
                func="""
                    UPDATE sejours_groupe SET solde_le = coalesce(NEW.confirmee_le, NEW.close_le)
                     WHERE id = NEW.groupe_id AND solde_le IS DISTINCT FROM coalesce(NEW.confirmee_le, NEW.close_le);
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self):
        return f"Validation du groupe n° {self.pk}"

    @property
    def echeance(self) -> date:
        """The last day of the present window."""
        return self.echeance_porteur or self.echeance_prestataire

    @property
    def fenetre(self) -> str:
        """Whose window it is and until when: what a page that acts on it has shown."""
        return f"{'porteur' if self.validee_le else 'prestataire'} {self.echeance:%Y-%m-%d}"

    @property
    def terminee(self) -> bool:
        return self.confirmee_le is not None or self.close_le is not None

    def phase(self, le: date) -> Phase:
        """Return where it stands on `le`, whatever the clock has recorded (V4)."""
        if self.close_le is not None:
            return Phase.CLOSE
        if self.confirmee_le is not None:
            return Phase.CONFIRMEE
        if self.arretee_le is not None:
            return Phase.ARRETEE
        if self.echeance < le:
            return Phase.DEPASSEE
        return Phase.PRESTATAIRE if self.validee_le is None else Phase.PORTEUR


class PresenceQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the presences on the lists that `compte` may see (X1)."""
        return (
            self.filter(inscription__in=Inscription.objects.pour(compte))
            if compte.organisme_id
            else self.none()
        )

    def en_litige(self):
        """Return those about whom the two sides disagree, and whom ANCV has not settled yet (V6)."""
        return self.filter(selon_porteur__isnull=False, retenue__isnull=True)

    def combien(self):
        """Return the expression that counts them for each row of an outer query, whose key is the group's."""
        siennes = self.filter(validation=OuterRef("pk")).order_by().values("validation")
        return Coalesce(Subquery(siennes.annotate(n=Count("pk")).values("n")), 0)


# What an answer leaves out, and what ANCV decided: all that the journal of a list tells of its presences (X3).
LAISSEES = (
    Q(selon_prestataire=False, selon_porteur__isnull=True)
    | Q(selon_porteur=False)
    | Q(tranchee__isnull=False)
)


@pghistory.track(
    exclude=["retenue"],
    meta={
        "indexes": [
            models.Index(fields=["validation"], name="journal_des_absences", condition=LAISSEES),
            BrinIndex(fields=["pgh_created_at"], name="presences_par_jour", autosummarize=True),
        ]
    },
)
class Presence(models.Model):
    """Whether a person of the list travelled: per provider, per porteur, and per ANCV where they disagree (V3, V6).

    `selon_prestataire` None: ANCV added the person after the provider's answer, and the porteur's is enough.
    """

    inscription = models.OneToOneField(
        Inscription, models.PROTECT, primary_key=True, related_name="presence", verbose_name="inscription"
    )
    validation = models.ForeignKey(
        Validation, models.PROTECT, related_name="presences", verbose_name="validation"
    )
    selon_prestataire = models.BooleanField("présent selon le prestataire", null=True, blank=True)
    selon_porteur = models.BooleanField("présent selon le porteur", null=True, blank=True)
    tranchee = models.BooleanField("présent selon l'ANCV", null=True, blank=True)
    motif = models.CharField("motif de la décision", max_length=300, blank=True)
    retenue = models.GeneratedField(
        expression=Coalesce(
            "tranchee",
            Case(
                When(
                    Q(selon_prestataire__isnull=True) | Q(selon_prestataire=F("selon_porteur")),
                    then=F("selon_porteur"),
                )
            ),
        ),
        output_field=models.BooleanField(null=True),
        db_persist=True,
        verbose_name="présence retenue",
    )

    objects = PresenceQuerySet.as_manager()

    class Meta:
        verbose_name = "présence"
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["validation"],
                name="presences_en_litige",
                condition=Q(selon_porteur__isnull=False, retenue__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="decision_de_l_ancv_motivee",
                condition=Q(tranchee__isnull=True, motif="") | Q(tranchee__isnull=False) & ~Q(motif=""),
            ),
        ]

    def __str__(self):
        return f"Présence, inscription {self.pk}"
