"""A provider's équipements, their yearly offers, and the stays: an offer on given dates."""

from datetime import date, timedelta

import pghistory
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import ExtractYear

from conventions.models import Convention, Organisme, Tarif
from conventions.models.programme import Duree
from sejours.regles import DELAI_VERROUILLAGE, dernier_jour_de_la_liste
from sev.socle.triggers import compteurs_proteges


def _apres(champ: str, jours: int):
    """Return the SQL expression of the date `jours` days after `champ`."""
    return models.ExpressionWrapper(F(champ) + jours, output_field=models.DateField())


class EquipementQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the équipements of the provider that `compte` works for, or none."""
        return self.filter(prestataire=compte.organisme_id) if compte.est_prestataire else self.none()

    def nommes(self, mots: list[str]):
        """Return the équipements in whose name each of `mots` stands."""
        equipements = self
        for mot in mots:
            equipements = equipements.filter(nom__icontains=mot)
        return equipements


@pghistory.track()
class Equipement(models.Model):
    """A holiday village or hotel (S1)."""

    class Environnement(models.TextChoices):
        MER = "MER", "Mer"
        MONTAGNE = "MONTAGNE", "Montagne"
        CAMPAGNE = "CAMPAGNE", "Campagne"
        VILLE = "VILLE", "Ville"
        THERMAL = "THERMAL", "Thermal"

    prestataire = models.ForeignKey(
        Organisme, models.PROTECT, related_name="equipements", verbose_name="prestataire"
    )
    nom = models.CharField("nom", max_length=120)
    voie = models.CharField("numéro et voie", max_length=120, blank=True)
    code_postal = models.CharField("code postal", max_length=5)
    ville = models.CharField("ville", max_length=80)
    departement = models.CharField(
        "département", max_length=3, db_index=True, help_text="Code : 01, 2A, 971."
    )
    environnement = models.CharField("environnement", max_length=8, choices=Environnement)
    accessible = models.BooleanField("accessible aux fauteuils roulants", default=False)
    accessibilite = models.TextField("précisions sur l'accessibilité", blank=True)
    telephone = models.CharField("téléphone", max_length=20, blank=True)
    description = models.TextField("description", blank=True)
    chambres_doubles = models.PositiveSmallIntegerField("chambres à grand lit", default=0)
    chambres_lits_separes = models.PositiveSmallIntegerField("chambres à deux lits", default=0)
    chambres_individuelles = models.PositiveSmallIntegerField("chambres individuelles", default=0)
    chambres_accessibles = models.PositiveSmallIntegerField("dont accessibles en fauteuil", default=0)

    objects = EquipementQuerySet.as_manager()

    class Meta:
        verbose_name = "équipement"
        ordering = ["nom"]
        constraints = [
            models.UniqueConstraint(
                fields=["prestataire", "nom"],
                name="un_equipement_par_nom_et_prestataire",
                violation_error_message="Ce prestataire a déjà un équipement de ce nom.",
            ),
            models.CheckConstraint(
                name="equipement_code_postal_a_cinq_chiffres",
                condition=Q(code_postal__regex=r"^[0-9]{5}$"),
                violation_error_message="Il faut 5 chiffres, par exemple 34280.",
            ),
        ]

    def __str__(self):
        return self.nom


class PhotoQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the photos that `compte` may see: every porteur and staff look for a stay, a provider has its own."""
        if compte.est_prestataire:
            return self.filter(equipement__prestataire=compte.organisme_id)
        return self.all()


class Photo(models.Model):
    """A picture of an équipement, drawn anew from what was sent: no position, no hidden content (S1)."""

    equipement = models.ForeignKey(
        Equipement, models.CASCADE, related_name="photos", verbose_name="équipement"
    )
    fichier = models.FileField("fichier", upload_to="photos/")
    legende = models.CharField("ce que montre la photo", max_length=160)
    largeur = models.PositiveSmallIntegerField("largeur")
    hauteur = models.PositiveSmallIntegerField("hauteur")

    objects = PhotoQuerySet.as_manager()

    class Meta:
        verbose_name = "photo"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="photo_decrite",
                condition=~Q(legende=""),
                violation_error_message="Dites ce que montre la photo.",
            ),
        ]

    def __str__(self):
        return self.legende


class OffreQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the offers of the provider that `compte` works for, or none."""
        return (
            self.filter(equipement__prestataire=compte.organisme_id)
            if compte.est_prestataire
            else self.none()
        )


@pghistory.track()
class Offre(models.Model):
    """What an équipement sells for a year: a length and a price in euros per person (S1)."""

    equipement = models.ForeignKey(
        Equipement, models.PROTECT, related_name="offres", verbose_name="équipement"
    )
    annee = models.PositiveSmallIntegerField("année")
    duree = models.PositiveSmallIntegerField("durée", choices=Duree)
    prix = models.DecimalField("prix par personne (€)", max_digits=7, decimal_places=2)
    inclus = models.TextField("ce qui est inclus", blank=True)
    supplement_individuelle = models.DecimalField(
        "supplément chambre individuelle (€ par séjour)",
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
    )

    objects = OffreQuerySet.as_manager()

    class Meta:
        verbose_name = "offre"
        ordering = ["-annee", "equipement", "-duree"]
        constraints = [
            models.UniqueConstraint(
                fields=["equipement", "annee", "duree"],
                name="une_offre_par_annee_et_duree",
                violation_error_message="Cette offre existe déjà pour cette année et cette durée.",
            ),
            models.CheckConstraint(name="prix_positif", condition=Q(prix__gt=0)),
        ]

    def __str__(self):
        return f"{self.equipement}, {self.annee}, {self.get_duree_display()}"


class SejourQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the stays of the provider that `compte` works for, or none."""
        if compte.est_prestataire:
            return self.filter(offre__equipement__prestataire=compte.organisme_id)
        return self.none()

    def offerts_a(self, compte):
        """Return the stays that `compte` may look at to ask for places: those of every provider, for a porteur (S2)."""
        return self.all() if compte.est_porteur else self.none()

    def demandables(self, *, le: date):
        """Return the stays on which a porteur may ask for places on `le`: `Sejour.demandable`, of active providers."""
        premier = le + timedelta(days=DELAI_VERROUILLAGE)
        return self.filter(
            ferme_le__isnull=True,
            annule_le__isnull=True,
            debut__gte=premier,
            offre__equipement__prestataire__in=Convention.objects.actives().values("pk"),
        )

    def avec_places(self, places: int):
        """Return the stays with at least `places` places neither given nor held."""
        return self.filter(places__gte=F("places_prises") + F("places_en_option") + places)

    def complets(self):
        """Return the stays with their équipement, and `aide_du_tarif` in euros, None without a tariff; one query."""
        tarif = Tarif.objects.filter(
            duree=OuterRef("offre__duree"), valable_du__lte=OuterRef("debut")
        ).order_by("-valable_du")
        return self.select_related("offre__equipement__prestataire").annotate(
            aide_du_tarif=Subquery(tarif.values("aide")[:1])
        )

    def verrouiller(self):
        """Lock the selected stays until the transaction ends: the row guards the sum of its groups' places."""
        return self.select_for_update(of=("self",), no_key=True)


@pghistory.track(exclude=["places_prises", "places_en_option"])
class Sejour(models.Model):
    """An offer on given dates. Triggers keep the sums of its groups' and options' places, never above `places`."""

    offre = models.ForeignKey(Offre, models.PROTECT, related_name="sejours", verbose_name="offre")
    debut = models.DateField("date de début")
    fin = models.DateField("date de fin")
    annee = models.GeneratedField(
        expression=ExtractYear("debut"),
        output_field=models.PositiveSmallIntegerField(),
        db_persist=True,
        verbose_name="année",
    )
    places = models.PositiveSmallIntegerField("places")
    places_prises = models.PositiveIntegerField("places prises", default=0, editable=False)
    places_en_option = models.PositiveIntegerField("places en option", default=0, editable=False)
    ferme_le = models.DateTimeField("fermé aux nouvelles demandes le", null=True, blank=True)
    annule_le = models.DateTimeField("annulé le", null=True, blank=True)
    motif_annulation = models.CharField("motif d'annulation", max_length=200, blank=True)

    objects = SejourQuerySet.as_manager()

    class Meta:
        verbose_name = "séjour"
        ordering = ["debut", "pk"]
        indexes = [models.Index(fields=["debut"], name="sejours_par_debut")]
        constraints = [
            models.UniqueConstraint(
                fields=["offre", "debut"],
                condition=Q(annule_le__isnull=True),
                name="un_sejour_par_offre_et_debut",
                violation_error_message="Cette offre a déjà un séjour à cette date.",
            ),
            models.CheckConstraint(
                name="duree_de_cinq_ou_huit_jours",
                condition=Q(fin=_apres("debut", 7)) | Q(fin=_apres("debut", 4)),
                violation_error_message="Un séjour dure 8 jours ou 5 jours.",
            ),
            models.CheckConstraint(
                name="sejour_jamais_surreserve",
                condition=Q(places__gte=F("places_prises") + F("places_en_option")),
                violation_error_message="Le séjour n'a pas assez de places libres.",
            ),
            models.CheckConstraint(
                name="annulation_du_sejour_motivee",
                condition=Q(annule_le__isnull=True, motif_annulation="")
                | Q(annule_le__isnull=False) & ~Q(motif_annulation=""),
            ),
        ]
        triggers = [compteurs_proteges("places_prises", "places_en_option")]

    def __str__(self):
        return f"{self.offre.equipement}, du {self.debut:%d/%m/%Y} au {self.fin:%d/%m/%Y}"

    @property
    def duree(self) -> int:
        """Length in calendar days, first and last included (S6)."""
        return (self.fin - self.debut).days + 1

    @property
    def places_libres(self) -> int:
        """Places neither given to a group nor held by an option (S3)."""
        return self.places - self.places_prises - self.places_en_option

    @property
    def reste(self):
        """What an aided person pays, in euros, or None without a tariff; only on stays that are `complets`."""
        return None if self.aide_du_tarif is None else self.offre.prix - self.aide_du_tarif

    def demandable(self, le: date) -> bool:
        """Tell whether a porteur may still ask for places on `le`: open, not cancelled, its lists not closed yet."""
        ouvert = self.ferme_le is None and self.annule_le is None
        return ouvert and le <= dernier_jour_de_la_liste(self.debut)
