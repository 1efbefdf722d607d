"""Decisions of *Espace Action Sociale*, and the files in which they came (C10)."""

from datetime import date

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from conventions.models.credits import Mouvement
from conventions.models.organismes import Compte, Convention


class ImportQuerySet(models.QuerySet):
    def lances(self):
        """Return the imports that somebody launched and that are not over, the oldest first."""
        return self.filter(lance_le__isnull=False, fini_le__isnull=True).order_by("lance_le", "pk")

    def perimes(self, *, avant: date):
        """Return the imports read before that day; their decisions stay."""
        return self.filter(lu_le__date__lt=avant)


class Import(models.Model):
    """A file that was read: who, when, and one line of report for each of its lines."""

    fichier = models.CharField("fichier", max_length=120)
    par = models.ForeignKey(
        Compte, models.PROTECT, null=True, related_name="+", verbose_name="par", db_index=False
    )
    lu_le = models.DateTimeField("lu le")
    lance_le = models.DateTimeField("lancé le", null=True, blank=True)
    fini_le = models.DateTimeField("fini le", null=True, blank=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = "import de décisions"
        verbose_name_plural = "imports de décisions"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="import_fini_donc_lance", condition=Q(fini_le__isnull=True) | Q(lance_le__isnull=False)
            ),
        ]

    def __str__(self):
        return f"Import n° {self.pk}, {self.fichier}"

    @property
    def etat(self) -> str:
        """Where it stands, in a word or two."""
        if self.fini_le:
            return "Terminé"
        return "En cours" if self.lance_le else "À relire"


class LigneImport(models.Model):
    """A line of a file and what became of it; read again by no screen but the report."""

    class Action(models.TextChoices):
        CREER = "CREER", "Convention créée et activée"
        ACTIVER = "ACTIVER", "Convention activée"
        RENOUVELER = "RENOUVELER", "Crédits de l'année alloués"
        COMPLETER = "COMPLETER", "Complément accordé"
        RECONDUIRE = "RECONDUIRE", "Convention déjà active, rien à allouer"

    class Issue(models.TextChoices):
        PRETE = "PRETE", "Prête"
        FAITE = "FAITE", "Importée"
        DEJA = "DEJA", "Déjà importée"
        ERREUR = "ERREUR", "À corriger"

    lot = models.ForeignKey(Import, models.CASCADE, related_name="lignes", verbose_name="import")
    rang = models.PositiveIntegerField("ligne")
    reference = models.CharField("référence", max_length=200, blank=True)
    numero = models.CharField("n° de convention", max_length=200, blank=True)
    nom = models.CharField("organisme", max_length=200, blank=True)
    annee = models.CharField("année", max_length=200, blank=True)
    montant = models.CharField("montant", max_length=200, blank=True)
    # The cells as they were understood. Emptied once the line is imported: they name people.
    valeurs = models.JSONField("valeurs", default=dict, encoder=DjangoJSONEncoder)
    action = models.CharField("effet", max_length=10, choices=Action, blank=True)
    issue = models.CharField("résultat", max_length=6, choices=Issue)
    message = models.TextField("explication", blank=True)

    class Meta:
        verbose_name = "ligne d'import"
        verbose_name_plural = "lignes d'import"
        ordering = ["rang"]
        constraints = [
            models.UniqueConstraint(fields=["lot", "rang"], name="une_ligne_de_rapport_par_ligne"),
        ]
        indexes = [models.Index(fields=["lot", "rang"], name="lignes_a_importer", condition=Q(issue="PRETE"))]

    def __str__(self):
        return f"Ligne {self.rang}"


class Decision(models.Model):
    """A decision of *Espace Action Sociale*, known by its reference: it is imported once, whoever sends it again."""

    reference = models.CharField("référence", max_length=40, unique=True)
    convention = models.ForeignKey(
        Convention, models.PROTECT, related_name="decisions", verbose_name="convention"
    )
    date = models.DateField("date de la décision", null=True, blank=True)
    annee = models.PositiveSmallIntegerField("année")
    montant = models.DecimalField("montant (€)", max_digits=9, decimal_places=2)
    action = models.CharField("effet", max_length=10, choices=LigneImport.Action)
    mouvement = models.OneToOneField(
        Mouvement, models.PROTECT, null=True, related_name="decision", verbose_name="mouvement"
    )
    lot = models.ForeignKey(
        Import, models.SET_NULL, null=True, related_name="decisions", verbose_name="import"
    )
    importee_le = models.DateTimeField("importée le")

    class Meta:
        verbose_name = "décision"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="decision_jamais_negative", condition=Q(montant__gte=0)),
            models.CheckConstraint(
                name="decision_dotee_donc_au_grand_livre",
                condition=Q(montant=0, mouvement__isnull=True) | Q(montant__gt=0, mouvement__isnull=False),
            ),
        ]

    def __str__(self):
        return self.reference
