"""A porteur's places on a stay: the group owns the list of participants, and its row is the lock of that list."""

from datetime import date

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery

from conventions.models import Compte, Credit, Organisme, Programme, Tarif
from sejours.models.offres import Sejour
from sejours.regles import dernier_jour_de_la_liste
from sev.socle.triggers import compteurs_proteges


class GroupeQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the groups that `compte` may see: a porteur's own, or those on a provider's stays (X1)."""
        if compte.est_porteur:
            return self.filter(porteur=compte.organisme_id)
        if compte.est_prestataire:
            return self.filter(sejour__offre__equipement__prestataire=compte.organisme_id)
        return self.none()

    def nommes(self, mots: list[str]):
        """Return the groups whose porteur all of `mots` name."""
        return self.filter(porteur__in=Organisme.objects.nommes(mots))

    def verrouiller(self):
        """Lock the selected groups until the transaction ends. Order everywhere: groupe, senior, credit."""
        return self.select_for_update(of=("self",), no_key=True)

    def prendre(self, pk: int) -> "Groupe":
        """Lock the group and return it, with its stay as it is under that lock.

        Whoever waited for the lock reads the group's row anew, but what it is joined to as it was before the wait: read
        again if the stay was moved meanwhile (S8).
        """
        groupe = self.verrouiller().select_related("sejour").get(pk=pk)
        return groupe if groupe.lu_avec_son_sejour else self.get(pk=pk)

    def complets(self):
        """Return the groups with everything that a header or a row shows, in one query."""
        return self.select_related("porteur__convention", "sejour__offre__equipement__prestataire")

    def tarifes(self):
        """Annotate the aid of the stay's tariff, the porteur's free credit of the year and the programme's setting.

        `aide_du_tarif` and `credit_disponible` are euros, None when the tariff or the year's credit doesn't exist.
        """
        tarif = Tarif.objects.filter(
            duree=OuterRef("sejour__offre__duree"), valable_du__lte=OuterRef("sejour__debut")
        ).order_by("-valable_du")
        credit = Credit.objects.filter(
            convention=OuterRef("porteur"), programme=OuterRef("sejour__annee")
        ).order_by()
        programme = Programme.objects.filter(annee=OuterRef("sejour__annee")).order_by()
        return self.annotate(
            aide_du_tarif=Subquery(tarif.values("aide")[:1]),
            credit_disponible=Subquery(credit.values(libre=F("alloue") - F("engage") - F("verse"))),
            aidants_aides=Subquery(programme.values("aidants_aides")),
        )

    def modifiables(self, *, le: date):
        """Return the groups whose list the porteur may still change on `le`, the first to close first (I14)."""
        ouverts = self.filter(verrouille_le__isnull=True, annule_le__isnull=True, dernier_jour__gte=le)
        return ouverts.order_by("dernier_jour", "pk")

    def passes(self, *, le: date):
        """Return the live groups whose stay is over on `le` and whose list is not settled yet (V1-V7)."""
        return self.filter(solde_le__isnull=True, annule_le__isnull=True, sejour__fin__lt=le)

    def a_verrouiller(self, *, le: date):
        """Return the live groups whose last day is past on `le` and whose lock is not recorded yet (I14)."""
        return self.filter(verrouille_le__isnull=True, annule_le__isnull=True, dernier_jour__lt=le)


@pghistory.track(exclude=["inscrits", "modifie_le"])
class Groupe(models.Model):
    """Places that a provider pre-registered for a porteur (S4). `inscrits` counts the list, kept by trigger (I12)."""

    class Type(models.TextChoices):
        GROUPE = "GROUPE", "Groupe constitué"
        INDIVIDUELS = "INDIVIDUELS", "Individuels regroupés"

    sejour = models.ForeignKey(Sejour, models.PROTECT, related_name="groupes", verbose_name="séjour")
    porteur = models.ForeignKey(Organisme, models.PROTECT, related_name="groupes", verbose_name="porteur")
    type_groupe = models.CharField("type de groupe", max_length=11, choices=Type, default=Type.GROUPE)
    places = models.PositiveSmallIntegerField("places")
    inscrits = models.PositiveSmallIntegerField("inscrits", default=0, editable=False)
    # Announced to the porteur, hence stored: the last calendar day (Paris) on which the list may change.
    dernier_jour = models.DateField("dernier jour pour modifier la liste")
    verrouille_le = models.DateTimeField("verrouillage constaté le", null=True, blank=True)
    annule_le = models.DateTimeField("annulé le", null=True, blank=True)
    # Once both parties have said who travelled, or ANCV has closed the file: nothing on the list changes any more.
    # Follows the group's validation, in an app above this one (trigger there).
    solde_le = models.DateTimeField("soldé le", null=True, blank=True, editable=False)
    motif_annulation = models.CharField("motif d'annulation", max_length=200, blank=True)
    cree_le = models.DateTimeField("créé le", auto_now_add=True)
    modifie_le = models.DateTimeField("date de modification", db_default=models.functions.Now())

    objects = GroupeQuerySet.as_manager()

    class Meta:
        verbose_name = "groupe"
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["dernier_jour"],
                name="groupes_a_verrouiller",
                condition=Q(verrouille_le__isnull=True, annule_le__isnull=True),
            ),
            models.Index(
                fields=["sejour"],
                name="groupes_a_solder",
                condition=Q(solde_le__isnull=True, annule_le__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="ni_solde_et_annule", condition=Q(solde_le__isnull=True) | Q(annule_le__isnull=True)
            ),
            models.CheckConstraint(name="au_moins_une_place", condition=Q(places__gte=1)),
            models.CheckConstraint(
                name="inscrits_dans_les_places",
                condition=Q(inscrits__lte=F("places")),
                violation_error_message="Il y a plus d'inscrits que de places.",
            ),
            models.CheckConstraint(
                name="annulation_du_groupe_motivee",
                condition=Q(annule_le__isnull=True, motif_annulation="")
                | Q(annule_le__isnull=False) & ~Q(motif_annulation=""),
            ),
        ]
        triggers = [
            compteurs_proteges("inscrits"),
            # A cancelled group gives its places back; once the list is locked, the places nobody took go back too (S9).
            pgtrigger.Trigger(
                name="places_prises_du_sejour",
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf("places", "annule_le", "verrouille_le", "inscrits")
                | pgtrigger.Delete,
                when=pgtrigger.After,
                declare=[("avant", "integer DEFAULT 0"), ("apres", "integer DEFAULT 0")],
                func="""
                    IF TG_OP <> 'INSERT' THEN
                        avant := CASE WHEN OLD.annule_le IS NOT NULL THEN 0
                                      WHEN OLD.verrouille_le IS NOT NULL THEN OLD.inscrits ELSE OLD.places END;
                    END IF;
                    IF TG_OP <> 'DELETE' THEN
                        apres := CASE WHEN NEW.annule_le IS NOT NULL THEN 0
                                      WHEN NEW.verrouille_le IS NOT NULL THEN NEW.inscrits ELSE NEW.places END;
                    END IF;
                    UPDATE sejours_sejour SET places_prises = places_prises + apres - avant
                     WHERE id = coalesce(NEW.sejour_id, OLD.sejour_id) AND apres <> avant;
                    RETURN NULL;
                """,
            ),
            # A group stays on its stay: cancel it and pre-register another.
            pgtrigger.ReadOnly(name="groupe_fixe", fields=["sejour", "porteur"]),
        ]

    def __str__(self):
        return f"Groupe n° {self.pk}"

    def modifiable(self, le: date) -> bool:
        """Tell whether the porteur may still change the list on `le` (I14): true whatever the clock has recorded."""
        return self.annule_le is None and self.verrouille_le is None and le <= self.dernier_jour

    def verrouille(self, le: date) -> bool:
        """Tell whether the list is final on `le`: its last day is past, or its lock is recorded."""
        return self.verrouille_le is not None or le > self.dernier_jour

    @property
    def lu_avec_son_sejour(self) -> bool:
        """Tell whether the stay that was read with the group is the one that its last day follows."""
        return self.dernier_jour == dernier_jour_de_la_liste(self.sejour.debut)

    @property
    def places_restantes(self) -> int:
        return self.places - self.inscrits

    @property
    def phrase_complet(self) -> str:
        """Say that every place is taken (I12)."""
        return "La seule place est prise." if self.places == 1 else f"Les {self.places} places sont prises."

    @property
    def prix(self):
        """Price of the stay in euros per person."""
        return self.sejour.offre.prix


class DemandePlacesQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the requests about the groups that `compte` may see."""
        return self.filter(groupe__in=Groupe.objects.pour(compte))

    def en_attente(self, *, le: date):
        """Return the last request about each list still open on `le`, unless the group has these places by now."""
        derniere = DemandePlaces.objects.filter(groupe=OuterRef("groupe")).order_by("-pk").values("pk")[:1]
        return (
            self.filter(pk=Subquery(derniere))
            .filter(
                groupe__verrouille_le__isnull=True,
                groupe__annule_le__isnull=True,
                groupe__dernier_jour__gte=le,
            )
            .exclude(places=F("groupe__places"))
            .filter(repondue_le__isnull=True)
            .order_by("groupe__dernier_jour", "pk")
        )


class DemandePlaces(models.Model):
    """A porteur's request to the provider for other places on its group (S7), kept as it was sent."""

    groupe = models.ForeignKey(Groupe, models.PROTECT, related_name="demandes_places", verbose_name="groupe")
    places = models.PositiveSmallIntegerField("places souhaitées")
    message = models.TextField("message", blank=True)
    auteur = models.ForeignKey(Compte, models.PROTECT, related_name="+", verbose_name="auteur")
    faite_le = models.DateTimeField("faite le", auto_now_add=True)
    repondue_le = models.DateTimeField("répondue le", null=True, blank=True)
    accordees = models.PositiveSmallIntegerField("places accordées", null=True, blank=True)
    reponse = models.CharField("réponse", max_length=300, blank=True)

    objects = DemandePlacesQuerySet.as_manager()

    class Meta:
        verbose_name = "demande de places"
        verbose_name_plural = "demandes de places"
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(name="places_demandees_positives", condition=Q(places__gte=1))]

    def __str__(self):
        return f"{self.places} places pour le groupe n° {self.groupe_id}"
