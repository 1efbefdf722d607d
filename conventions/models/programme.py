"""The programme of a year: envelope, closed seasons, prices and aids, income ceilings. All of it is data (P1-P5)."""

from datetime import date, timedelta

import pghistory
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Cast

from sev.socle.triggers import compteurs_proteges


@pghistory.track(exclude=["alloue"])
class Programme(models.Model):
    """One calendar year of *Seniors en Vacances* (P1). `alloue` follows the ledger's allocations, in euros."""

    annee = models.PositiveSmallIntegerField("année", primary_key=True)
    enveloppe = models.DecimalField("enveloppe nationale (€)", max_digits=12, decimal_places=2)
    alloue = models.DecimalField("alloué (€)", max_digits=12, decimal_places=2, default=0, editable=False)
    delai_option = models.PositiveSmallIntegerField("délai de réponse à une option (jours)", default=7)
    aidants_aides = models.PositiveSmallIntegerField("aidants aidés par personne accompagnée", default=1)
    contact_telephone = models.CharField("téléphone d'assistance", max_length=20)
    contact_email = models.EmailField("adresse d'assistance")
    suspendu_le = models.DateField("suspendu le", null=True, blank=True)
    message_suspension = models.TextField("message de suspension", blank=True)

    class Meta:
        verbose_name = "programme"
        ordering = ["-annee"]
        constraints = [
            models.CheckConstraint(
                name="allocations_dans_l_enveloppe",
                condition=Q(alloue__gte=0, alloue__lte=F("enveloppe")),
                violation_error_message="Les allocations dépasseraient l'enveloppe nationale.",
            ),
            models.CheckConstraint(
                name="suspension_datee_et_expliquee",
                condition=Q(suspendu_le__isnull=True, message_suspension="")
                | Q(suspendu_le__isnull=False) & ~Q(message_suspension=""),
                violation_error_message="Une suspension a une date et un message.",
            ),
        ]
        triggers = [compteurs_proteges("alloue")]

    def __str__(self):
        return f"Programme {self.annee}"

    @property
    def suspendu(self) -> bool:
        return self.suspendu_le is not None


class Fermeture(models.Model):
    """A closed season: no stay may touch it (P1)."""

    programme = models.ForeignKey(
        Programme, models.CASCADE, related_name="fermetures", verbose_name="programme"
    )
    debut = models.DateField("du")
    fin = models.DateField("au (inclus)")

    class Meta:
        verbose_name = "saison fermée"
        verbose_name_plural = "saisons fermées"
        ordering = ["debut"]
        constraints = [
            models.CheckConstraint(
                name="fermeture_dans_l_ordre",
                condition=Q(fin__gte=F("debut")),
                violation_error_message="La fin précède le début.",
            ),
        ]

    def __str__(self):
        return f"du {self.debut:%d/%m/%Y} au {self.fin:%d/%m/%Y}"


class Duree(models.IntegerChoices):
    """Lengths of a stay, in calendar days, first and last included (S6: 14 to 21 May is 8 days)."""

    HUIT = 8, "8 jours, 7 nuits"
    CINQ = 5, "5 jours, 4 nuits"


class TarifQuerySet(models.QuerySet):
    def au(self, *, duree: int, debut: date):
        """Return the tariffs of `duree` days for a stay that starts on `debut`, the one in force first (P3)."""
        return self.filter(duree=duree, valable_du__lte=debut).order_by("-valable_du")

    def avec_fin(self):
        """Annotate `fin`, the last first day of a stay that each is for; None for the last one of its length."""
        suivant = Tarif.objects.filter(duree=OuterRef("duree"), valable_du__gt=OuterRef("valable_du"))
        veille = Subquery(
            suivant.order_by("valable_du").values(veille=F("valable_du") - timedelta(days=1))[:1]
        )
        return self.annotate(fin=Cast(veille, models.DateField()))


@pghistory.track()
class Tarif(models.Model):
    """Maximum price and aid, in euros per person, for stays starting from `valable_du` on (P3)."""

    duree = models.PositiveSmallIntegerField("durée", choices=Duree)
    valable_du = models.DateField("pour les séjours à partir du")
    prix = models.DecimalField("prix maximum (€)", max_digits=7, decimal_places=2)
    aide = models.DecimalField("aide (€)", max_digits=7, decimal_places=2)

    objects = TarifQuerySet.as_manager()

    class Meta:
        verbose_name = "tarif"
        ordering = ["-valable_du", "-duree"]
        constraints = [
            models.UniqueConstraint(
                fields=["duree", "valable_du"],
                name="un_tarif_par_duree_et_date",
                violation_error_message="Un tarif existe déjà pour cette durée et cette date.",
            ),
            models.CheckConstraint(
                name="aide_inferieure_au_prix",
                condition=Q(aide__gt=0, aide__lte=F("prix")),
                violation_error_message="L'aide est positive et ne dépasse pas le prix.",
            ),
        ]

    def __str__(self):
        return f"{self.get_duree_display()} à partir du {self.valable_du:%d/%m/%Y}"


@pghistory.track()
class Bareme(models.Model):
    """An income ceiling, in euros of *revenu imposable*, by year of the avis, household and parts (P5)."""

    class Situation(models.TextChoices):
        SEULE = "SEULE", "Personne seule"
        COUPLE = "COUPLE", "Couple"

    annee_avis = models.PositiveSmallIntegerField("avis d'imposition de")
    situation = models.CharField("situation", max_length=6, choices=Situation)
    parts = models.DecimalField("parts", max_digits=4, decimal_places=2)
    plafond = models.DecimalField("plafond (€)", max_digits=8, decimal_places=0)

    class Meta:
        verbose_name = "plafond de revenu"
        verbose_name_plural = "plafonds de revenu"
        ordering = ["-annee_avis", "situation", "parts"]
        constraints = [
            models.UniqueConstraint(
                fields=["annee_avis", "situation", "parts"],
                name="un_plafond_par_avis_situation_parts",
                violation_error_message="Ce plafond existe déjà.",
            ),
            models.CheckConstraint(
                name="plafond_positif",
                condition=Q(plafond__gt=0, parts__gte=1),
                violation_error_message="Le plafond est positif, et il y a au moins une part.",
            ),
        ]

    def __str__(self):
        return f"avis {self.annee_avis}, {self.get_situation_display()}, {self.parts} part(s)"
