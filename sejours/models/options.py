"""A porteur's request for places on a stay (S3), and the searches it keeps."""

from datetime import date

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q

from conventions.models import Compte, Organisme
from sejours.models.groupes import Groupe
from sejours.models.offres import Sejour


class OptionQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the options that `compte` may see: a porteur's own, or those on a provider's stays (X1)."""
        if compte.est_porteur:
            return self.filter(porteur=compte.organisme_id)
        if compte.est_prestataire:
            return self.filter(sejour__offre__equipement__prestataire=compte.organisme_id)
        return self.none()

    def en_cours(self):
        """Return the options that still hold their places."""
        return self.filter(issue="")

    def a_faire_tomber(self, *, le: date):
        """Return the options whose last day is past on `le` and whose lapse is not recorded yet."""
        return self.en_cours().filter(echeance__lt=le)

    def a_l_etat(self, etat: str, *, le: date):
        """Return those at `etat` on `le` (Option.ETATS): past its day, an option has lapsed, recorded or not (S3)."""
        if etat == Option.EN_COURS:
            return self.en_cours().filter(echeance__gte=le)
        echue = Q(issue="", echeance__lt=le) if etat == Option.Issue.TOMBEE else Q()
        return self.filter(Q(issue=etat) | echue)


@pghistory.track()
class Option(models.Model):
    """Places asked for and held until `echeance` included; its outcome is dated and, when refused, explained (S3)."""

    class Issue(models.TextChoices):
        ACCEPTEE = "ACCEPTEE", "Acceptée"
        REFUSEE = "REFUSEE", "Refusée"
        RETIREE = "RETIREE", "Retirée"
        TOMBEE = "TOMBEE", "Tombée"

    EN_COURS = "EN_COURS"
    ETATS = ((EN_COURS, "En attente de réponse"), *Issue.choices)

    sejour = models.ForeignKey(Sejour, models.PROTECT, related_name="options", verbose_name="séjour")
    porteur = models.ForeignKey(Organisme, models.PROTECT, related_name="options", verbose_name="porteur")
    places = models.PositiveSmallIntegerField("places")
    message = models.CharField("message", max_length=500, blank=True)
    auteur = models.ForeignKey(
        Compte, models.PROTECT, related_name="+", verbose_name="auteur", db_index=False
    )
    posee_le = models.DateTimeField("posée le")
    # Announced to both sides, hence stored: the last calendar day (Paris) to answer.
    echeance = models.DateField("à décider jusqu'au")
    issue = models.CharField("issue", max_length=8, choices=Issue, blank=True)
    decidee_le = models.DateTimeField("décidée le", null=True, blank=True)
    motif = models.CharField("motif", max_length=300, blank=True)
    groupe = models.OneToOneField(
        Groupe, models.PROTECT, null=True, blank=True, related_name="option", verbose_name="groupe"
    )

    objects = OptionQuerySet.as_manager()

    class Meta:
        verbose_name = "option"
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["echeance"], name="options_en_cours", condition=Q(issue="")),
        ]
        constraints = [
            models.CheckConstraint(name="option_d_une_place_au_moins", condition=Q(places__gte=1)),
            models.UniqueConstraint(
                fields=["sejour", "porteur"],
                condition=Q(issue=""),
                name="une_option_en_cours_par_sejour_et_porteur",
                violation_error_message="Vous avez déjà une option en cours sur ce séjour.",
            ),
            models.CheckConstraint(
                name="issue_datee",
                condition=Q(issue="", decidee_le__isnull=True) | ~Q(issue="") & Q(decidee_le__isnull=False),
            ),
            models.CheckConstraint(
                name="refus_motive",
                condition=~Q(issue="REFUSEE") | ~Q(motif=""),
                violation_error_message="Dites pourquoi.",
            ),
            models.CheckConstraint(
                name="groupe_d_une_option_acceptee", condition=Q(groupe__isnull=True) | Q(issue="ACCEPTEE")
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="places_en_option_du_sejour",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("places", "issue") | pgtrigger.Delete,
                when=pgtrigger.After,
                declare=[("avant", "integer DEFAULT 0"), ("apres", "integer DEFAULT 0")],
                func="""
                    IF TG_OP <> 'INSERT' THEN
                        avant := CASE WHEN OLD.issue = '' THEN OLD.places ELSE 0 END;
                    END IF;
                    IF TG_OP <> 'DELETE' THEN
                        apres := CASE WHEN NEW.issue = '' THEN NEW.places ELSE 0 END;
                    END IF;
                    UPDATE sejours_sejour SET places_en_option = places_en_option + apres - avant
                     WHERE id = coalesce(NEW.sejour_id, OLD.sejour_id) AND apres <> avant;
                    RETURN NULL;
                """,
            ),
            pgtrigger.ReadOnly(name="option_fixe", fields=["sejour", "porteur"]),
        ]

    def __str__(self):
        return f"{self.places} places demandées par {self.porteur}"

    def etat(self, le: date) -> str:
        """Say where it stands on `le`, a lapse that is not recorded yet included."""
        if self.issue == "" and not self.decidable(le):
            return self.Issue.TOMBEE.label
        return self.get_issue_display() or dict(self.ETATS)[self.EN_COURS]

    def decidable(self, le: date) -> bool:
        """Tell whether the provider may still answer on `le`: true until midnight of the last day, whatever ran."""
        return self.issue == "" and le <= self.echeance


class RechercheGardeeQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the searches kept by `compte`."""
        return self.filter(compte=compte.pk) if compte.est_porteur else self.none()


class RechercheGardee(models.Model):
    """A search of stays that somebody kept under a name (S2): the query string of « Filtrer les offres »."""

    compte = models.ForeignKey(
        Compte, models.CASCADE, related_name="recherches_gardees", verbose_name="compte"
    )
    nom = models.CharField("nom", max_length=60)
    requete = models.CharField("requête", max_length=500)

    objects = RechercheGardeeQuerySet.as_manager()

    class Meta:
        verbose_name = "recherche gardée"
        verbose_name_plural = "recherches gardées"
        ordering = ["nom"]
        constraints = [
            models.UniqueConstraint(
                fields=["compte", "nom"],
                name="une_recherche_par_nom",
                violation_error_message="Vous avez déjà une recherche de ce nom.",
            ),
        ]

    def __str__(self):
        return self.nom
