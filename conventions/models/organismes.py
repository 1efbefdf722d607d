"""Organisations, their convention with ANCV, and the accounts of the people who work for them."""

import pghistory
import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


def identifiant_normalise(saisie: str) -> str:
    """Return a convention number as it is compared: no blank, lower case (C1: `ANCV 2528` = `ancv2528`)."""
    return "".join(saisie.split()).lower()


class OrganismeQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the organisation that `compte` works for, or none."""
        return self.filter(pk=compte.organisme_id) if compte.organisme_id else self.none()

    def nommes(self, mots: list[str]):
        """Return the organisations that each of `mots` names: a part of the name, the beginning of the number."""
        organismes = self
        for mot in mots:
            organismes = organismes.filter(
                Q(nom__icontains=mot) | Q(convention__numero__startswith=identifiant_normalise(mot))
            )
        return organismes


@pghistory.track()
class Organisme(models.Model):
    """A porteur de projet or a prestataire (manual, « Mon compte »)."""

    class Nature(models.TextChoices):
        PORTEUR = "PORTEUR", "Porteur de projet"
        PRESTATAIRE = "PRESTATAIRE", "Prestataire"

    class TypePorteur(models.TextChoices):
        CCAS = "CCAS", "CCAS / CIAS"
        MAIRIE = "MAIRIE", "Mairie"
        ASSOCIATION = "ASSOCIATION", "Associations/clubs"
        CAISSE = "CAISSE", "Caisse de retraite"
        ETABLISSEMENT = "ETABLISSEMENT", "Résidence, foyer-logement"
        AUTRE = "AUTRE", "Autre"

    nature = models.CharField("nature", max_length=11, choices=Nature)
    nom = models.CharField("organisation", max_length=120)
    type_porteur = models.CharField("type du porteur", max_length=13, choices=TypePorteur, blank=True)
    telephone = models.CharField("n° de téléphone", max_length=20, blank=True)
    voie = models.CharField("nom de la voie", max_length=120, blank=True)
    complement = models.CharField("complément d'adresse", max_length=120, blank=True)
    code_postal = models.CharField("code postal", max_length=5, blank=True)
    ville = models.CharField("ville", max_length=80, blank=True)
    departement = models.CharField("département", max_length=3, blank=True, help_text="Code : 01, 2A, 971.")

    objects = OrganismeQuerySet.as_manager()

    class Meta:
        verbose_name = "organisme"
        ordering = ["nom"]
        constraints = [
            models.CheckConstraint(
                name="type_pour_les_porteurs_seulement",
                condition=Q(nature="PORTEUR") & ~Q(type_porteur="")
                | Q(nature="PRESTATAIRE", type_porteur=""),
                violation_error_message="Un porteur a un type, un prestataire n'en a pas.",
            ),
        ]

    def __str__(self):
        return self.nom


class ConventionQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the convention of the organisation that `compte` works for, or none."""
        return self.filter(pk=compte.organisme_id) if compte.organisme_id else self.none()

    def actives(self):
        """Return the conventions on which something new may be recorded: activated, neither suspended nor closed."""
        return self.filter(activee_le__isnull=False, suspendue_le__isnull=True, close_le__isnull=True)


@pghistory.track()
class Convention(models.Model):
    """The agreement between ANCV and one organisation; its number is also the first account's identifiant (C1)."""

    organisme = models.OneToOneField(Organisme, models.PROTECT, primary_key=True, verbose_name="organisme")
    numero = models.CharField("n° de convention", max_length=20, unique=True)
    activee_le = models.DateField("activée le", null=True, blank=True)
    suspendue_le = models.DateField("suspendue le", null=True, blank=True, editable=False)
    close_le = models.DateField("close le", null=True, blank=True, editable=False)
    motif = models.CharField("motif", max_length=200, blank=True, editable=False)

    objects = ConventionQuerySet.as_manager()

    class Meta:
        verbose_name = "convention"
        ordering = ["numero"]
        constraints = [
            models.CheckConstraint(
                name="numero_de_convention_normalise",
                condition=Q(numero__regex=r"^[a-z0-9]+$"),
                violation_error_message="Lettres minuscules et chiffres, sans espace.",
            ),
            models.CheckConstraint(
                name="convention_close_apres_activation",
                condition=Q(close_le__isnull=True)
                | Q(activee_le__isnull=False) & Q(close_le__gte=models.F("activee_le")),
                violation_error_message="Une convention ne se ferme qu'après son activation.",
            ),
            models.CheckConstraint(
                name="convention_suspendue_avec_motif",
                condition=Q(suspendue_le__isnull=True)
                | Q(suspendue_le__gte=models.F("activee_le"), activee_le__isnull=False, close_le__isnull=True)
                & ~Q(motif=""),
                violation_error_message="Une convention active est suspendue avec un motif.",
            ),
        ]

    def __str__(self):
        return self.numero

    @property
    def active(self) -> bool:
        """Tell whether something new may be recorded on it."""
        return self.activee_le is not None and self.suspendue_le is None and self.close_le is None

    @property
    def etat(self) -> str:
        """Where it stands, in a word or two."""
        if self.close_le:
            return "Close"
        if self.suspendue_le:
            return "Suspendue"
        return "Active" if self.activee_le else "À activer"

    def dotee(self, annee: int) -> bool:
        """Tell whether credit is allotted for `annee`; how much is the porteur's own affair."""
        return self.credits.filter(programme=annee, alloue__gt=0).exists()


class CompteManager(BaseUserManager):
    def get_by_natural_key(self, identifiant):
        return self.get(identifiant=identifiant_normalise(identifiant))

    def create_superuser(self, identifiant, email, password=None):
        """Create the first member of staff (used by `manage.py createsuperuser`)."""
        compte = self.model(
            identifiant=identifiant_normalise(identifiant),
            email=email,
            nom=identifiant,
            is_staff=True,
            is_superuser=True,
        )
        compte.set_password(password)
        compte.save()
        return compte


class CompteQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the accounts of the organisation that `compte` works for, or none."""
        return self.filter(organisme=compte.organisme_id) if compte.organisme_id else self.none()


@pghistory.track(exclude=["password", "last_login"])
class Compte(AbstractBaseUser, PermissionsMixin):
    """A person who signs in: the holder of a convention, a colleague (C4), or ANCV staff (no organisation)."""

    class Role(models.TextChoices):
        GESTIONNAIRE = "GESTIONNAIRE", "Gestionnaire"
        LECTEUR = "LECTEUR", "Lecteur"

    STAFF = "ANCV"

    identifiant = models.CharField("identifiant", max_length=60, unique=True)
    nom = models.CharField("nom de la personne", max_length=100)
    email = models.EmailField("adresse e-mail")
    organisme = models.ForeignKey(
        Organisme, models.PROTECT, null=True, blank=True, related_name="comptes", verbose_name="organisme"
    )
    titulaire = models.BooleanField("titulaire de la convention", default=False)
    role = models.CharField("rôle", max_length=12, choices=Role, default=Role.GESTIONNAIRE)
    is_active = models.BooleanField("actif", default=True)
    is_staff = models.BooleanField("membre de l'ANCV", default=False)
    cree_le = models.DateTimeField("créé le", auto_now_add=True)

    objects = CompteManager.from_queryset(CompteQuerySet)()

    USERNAME_FIELD = "identifiant"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        verbose_name = "compte"
        ordering = ["identifiant"]
        permissions = [("voir_comme", "Peut voir le site comme un organisme, en lecture")]
        constraints = [
            models.CheckConstraint(
                name="identifiant_normalise",
                condition=Q(identifiant=Lower("identifiant")) & ~Q(identifiant__regex=r"\s"),
                violation_error_message="En minuscules, sans espace.",
            ),
            models.CheckConstraint(
                name="un_organisme_ou_l_ancv",
                condition=Q(is_staff=True, organisme__isnull=True)
                | Q(is_staff=False, organisme__isnull=False),
                violation_error_message="Un compte appartient à un organisme, ou à l'ANCV.",
            ),
            models.CheckConstraint(
                name="le_titulaire_ecrit",
                condition=Q(titulaire=False) | Q(role="GESTIONNAIRE"),
                violation_error_message="Le titulaire est gestionnaire.",
            ),
            models.UniqueConstraint(
                fields=["organisme"],
                condition=Q(titulaire=True),
                name="un_titulaire_par_organisme",
                violation_error_message="Cet organisme a déjà un titulaire.",
            ),
        ]
        triggers = [
            # The rows are locked in one order: two administrators who close each other at once can't both succeed.
            pgtrigger.Trigger(
                name="un_administrateur_reste",
                operation=pgtrigger.UpdateOf("is_active", "is_superuser") | pgtrigger.Delete,
                when=pgtrigger.After,
                condition=pgtrigger.Q(old__is_superuser=True, old__is_active=True),
                func="""
                    PERFORM 1 FROM conventions_compte WHERE is_superuser AND is_active ORDER BY id FOR NO KEY UPDATE;
                    IF NOT EXISTS (SELECT 1 FROM conventions_compte WHERE is_superuser AND is_active) THEN
                        RAISE EXCEPTION 'the last administrator stays' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self):
        return self.nom

    @property
    def nature(self) -> str:
        """`PORTEUR`, `PRESTATAIRE` or `ANCV`: what decides the pages this account is offered."""
        return self.organisme.nature if self.organisme_id else self.STAFF

    @property
    def est_porteur(self) -> bool:
        return self.nature == Organisme.Nature.PORTEUR

    @property
    def est_prestataire(self) -> bool:
        return self.nature == Organisme.Nature.PRESTATAIRE

    @property
    def peut_ecrire(self) -> bool:
        return self.role == self.Role.GESTIONNAIRE

    @property
    def a_qui_demander(self) -> str:
        """« Demandez à Monique GARNIER. »: the holder of one's own organisation, or who writes there in her place."""
        ecrivent = Compte.objects.pour(self).filter(is_active=True, role=self.Role.GESTIONNAIRE)
        nom = ecrivent.order_by("-titulaire", "pk").values_list("nom", flat=True).first()
        return f"Demandez à {nom}." if nom else ""
