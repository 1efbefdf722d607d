"""What happened, counted: the figures of a year as the clock took them, so that ten years answer at once."""

from django.db import models
from django.db.models import Q, Sum

from conventions.models import Organisme
from conventions.models.programme import Duree
from sejours.models import Equipement
from seniors.models import Inscription

MESURES = ("options", "groupes", "inscrits", "aides", "partis", "accorde", "verse")
# What belongs to a stay or a list and to nobody on it.
SANS_ELIGIBILITE = ("options", "groupes")


class ActiviteQuerySet(models.QuerySet):
    def sommes(self):
        """Annotate every measure, summed over what `values()` groups by."""
        return self.annotate(**{f"total_{mesure}": Sum(mesure) for mesure in MESURES})


class Activite(models.Model):
    """A cell: what left in a month, between two départements, for a kind of porteur, of stay and of eligibility.

    The year and the month are those of the departure (P4). `eligibilite` "" holds options and groups, which belong to
    nobody; the other measures count registrations that stand on a live list, `accorde` and `verse` in euros.
    """

    annee = models.PositiveSmallIntegerField("année")
    mois = models.PositiveSmallIntegerField("mois de départ")
    departement_equipement = models.CharField("département de l'équipement", max_length=3, blank=True)
    departement_porteur = models.CharField("département du porteur", max_length=3, blank=True)
    type_porteur = models.CharField("type du porteur", max_length=13, choices=Organisme.TypePorteur)
    environnement = models.CharField("environnement", max_length=8, choices=Equipement.Environnement)
    duree = models.PositiveSmallIntegerField("durée", choices=Duree)
    eligibilite = models.CharField(
        "type d'éligibilité", max_length=9, choices=Inscription.Eligibilite, blank=True
    )
    options = models.PositiveIntegerField("options posées", default=0)
    groupes = models.PositiveIntegerField("groupes", default=0)
    inscrits = models.PositiveIntegerField("inscriptions", default=0)
    aides = models.PositiveIntegerField("inscriptions aidées", default=0)
    partis = models.PositiveIntegerField("personnes parties", default=0)
    accorde = models.DecimalField("aides accordées (€)", max_digits=12, decimal_places=2, default=0)
    verse = models.DecimalField("aides versées (€)", max_digits=12, decimal_places=2, default=0)

    objects = ActiviteQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "activité"
        ordering = ["-annee", "mois", "pk"]
        constraints = [
            # The year first: the same index reads one.
            models.UniqueConstraint(
                fields=[
                    "annee",
                    "mois",
                    "departement_equipement",
                    "departement_porteur",
                    "type_porteur",
                    "environnement",
                    "duree",
                    "eligibilite",
                ],
                name="une_case_par_croisement",
            ),
            models.CheckConstraint(name="mois_de_l_annee", condition=Q(mois__range=(1, 12))),
            models.CheckConstraint(
                name="personne_sans_eligibilite", condition=~Q(eligibilite="") | Q(inscrits=0, aides=0)
            ),
        ]

    def __str__(self):
        return f"Activité, {self.mois:02d}/{self.annee}"


class Rythme(models.Model):
    """How many registrations of a year's stays were made on a day: what the forecast to year's end rests on."""

    annee = models.PositiveSmallIntegerField("année")
    jour = models.DateField("inscrites le")
    inscrits = models.PositiveIntegerField("inscriptions")
    accorde = models.DecimalField("aides accordées (€)", max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = "rythme des inscriptions"
        ordering = ["annee", "jour"]
        constraints = [models.UniqueConstraint(fields=["annee", "jour"], name="un_rythme_par_jour")]

    def __str__(self):
        return f"{self.inscrits} inscriptions le {self.jour:%d/%m/%Y}"


class Releve(models.Model):
    """When a year was counted last. Once it is `definitif` the clock leaves it alone: nothing of it can change."""

    annee = models.PositiveSmallIntegerField("année", primary_key=True)
    releve_le = models.DateTimeField("relevé le")
    definitif = models.BooleanField("définitif", default=False)

    class Meta:
        verbose_name = "relevé"
        ordering = ["-annee"]

    def __str__(self):
        return f"Relevé de {self.annee}"
