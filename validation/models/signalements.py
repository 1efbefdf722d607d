"""« Liste non conforme » (V5): people who travelled and are missing on the list, with the papers that show it."""

import uuid

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q

from conventions.models import Compte, Organisme
from seniors.models import Inscription, Senior
from seniors.models.seniors import Identite
from sev.socle.texte import cle
from validation.models.validations import Validation

EN_ATTENTE = Q(repondu_le__isnull=True, annule_le__isnull=True)


class SignalementQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the reports made by the organisation of `compte`: their papers are nobody else's (X1, X2)."""
        if not compte.organisme_id:
            return self.none()
        return self.filter(validation__in=Validation.objects.pour(compte), cote=compte.nature)

    def en_attente(self):
        """Return the reports that ANCV has not answered, the oldest first."""
        return self.filter(EN_ATTENTE).order_by("fait_le", "pk")


@pghistory.track(exclude=["message", "reponse"])
class Signalement(models.Model):
    """A report that stops the clock of a window until ANCV has answered; one at a time for a list."""

    validation = models.ForeignKey(
        Validation, models.PROTECT, related_name="signalements", verbose_name="validation"
    )
    cote = models.CharField("signalé par", max_length=11, choices=Organisme.Nature)
    auteur = models.ForeignKey(Compte, models.PROTECT, related_name="+", verbose_name="auteur")
    message = models.TextField("message", max_length=1000, blank=True)
    fait_le = models.DateTimeField("signalé le")
    repondu_le = models.DateTimeField("répondu le", null=True, blank=True)
    repondu_par = models.ForeignKey(
        Compte, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="répondu par"
    )
    reponse = models.TextField("réponse", max_length=1000, blank=True)
    annule_le = models.DateTimeField("annulé le", null=True, blank=True)

    objects = SignalementQuerySet.as_manager()

    class Meta:
        verbose_name = "liste non conforme"
        verbose_name_plural = "listes non conformes"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["validation"],
                condition=EN_ATTENTE,
                name="un_signalement_a_la_fois",
                violation_error_message="Cette liste est déjà signalée.",
            ),
            # V5: reported and withdrawn again and again, a list would stop its clock as often as one likes.
            models.UniqueConstraint(
                fields=["validation", "cote"],
                condition=Q(annule_le__isnull=False),
                name="un_signalement_annule_par_cote",
                violation_error_message="Un signalement de cette liste est déjà annulé.",
            ),
            models.CheckConstraint(
                name="reponse_signee",
                condition=Q(repondu_le__isnull=True, repondu_par__isnull=True)
                | Q(repondu_le__isnull=False, repondu_par__isnull=False),
            ),
            models.CheckConstraint(
                name="ni_repondu_et_annule", condition=Q(repondu_le__isnull=True) | Q(annule_le__isnull=True)
            ),
        ]

    def __str__(self):
        return f"Liste non conforme, groupe n° {self.validation_id}"

    @property
    def en_attente(self) -> bool:
        return self.repondu_le is None and self.annule_le is None

    @property
    def annulable(self) -> bool:
        """Whether its side may still withdraw it: it waits, and the side has withdrawn none of this list before."""
        annules = Signalement.objects.filter(
            validation=self.validation_id, cote=self.cote, annule_le__isnull=False
        )
        return self.en_attente and not annules.exists()


class PersonneSignaleeQuerySet(models.QuerySet):
    def au_sujet_de(self, senior: Senior):
        """Return the reported persons who are `senior`, under any of her spellings (X4).

        Those whom ANCV added are known by their registration; the others by name (usage or birth) and birth date, as
        the search compares them, unless somebody else is known under the very identity that was reported.
        """
        cles = [senior.pk, *Senior.objects.anciennes([senior.pk])]
        fiches = list(Senior.objects.filter(pk__in=cles))
        identites = {
            (fiche.date_naissance, fiche.cle_prenom, nom)
            for fiche in fiches
            for nom in (fiche.cle_nom, fiche.cle_nom_naissance)
        }
        du_meme_jour = self.filter(
            inscription__isnull=True, date_naissance__in={fiche.date_naissance for fiche in fiches}
        )
        nommees = [
            personne.pk
            for personne in du_meme_jour
            if (personne.date_naissance, cle(personne.prenom), cle(personne.nom)) in identites
            and not Senior.objects.de_meme_identite(personne.identite).exclude(pk__in=cles).exists()
        ]
        return self.filter(Q(inscription__senior__in=cles) | Q(pk__in=nommees))


@pghistory.track(exclude=["nom", "prenom", "date_naissance", "ville_naissance", "precisions", "refus"])
class PersonneSignalee(models.Model):
    """A person missing on the list, as reported; then either added by ANCV or refused with a reason.

    Who it is, and what was said of them, is erased in time (X4): the row and what became of it stay.
    """

    signalement = models.ForeignKey(
        Signalement, models.CASCADE, related_name="personnes", verbose_name="signalement"
    )
    nom = models.CharField("nom", max_length=80, blank=True)
    prenom = models.CharField("prénom", max_length=80, blank=True)
    date_naissance = models.DateField("date de naissance", null=True, blank=True)
    ville_naissance = models.CharField("ville de naissance", max_length=80, blank=True)
    precisions = models.TextField("adresse, éligibilité, revenu…", max_length=500, blank=True)
    inscription = models.ForeignKey(
        Inscription, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="ajoutée"
    )
    refus = models.CharField("refusée, motif", max_length=300, blank=True)
    effacee_le = models.DateTimeField("effacée le", null=True, blank=True)

    objects = PersonneSignaleeQuerySet.as_manager()

    class Meta:
        verbose_name = "personne signalée"
        verbose_name_plural = "personnes signalées"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="ajoutee_ou_refusee", condition=Q(inscription__isnull=True) | Q(refus="")
            ),
            models.CheckConstraint(
                name="personne_nommee_ou_effacee",
                condition=Q(effacee_le__isnull=True, date_naissance__isnull=False)
                & ~Q(nom="")
                & ~Q(prenom="")
                & ~Q(ville_naissance="")
                | Q(
                    effacee_le__isnull=False,
                    nom="",
                    prenom="",
                    date_naissance__isnull=True,
                    ville_naissance="",
                    precisions="",
                ),
            ),
        ]

    def __str__(self):
        return f"{self.prenom} {self.nom}" if self.effacee_le is None else "personne effacée"

    @property
    def identite(self) -> Identite:
        """Who was reported; not once erased."""
        return Identite(self.nom, self.prenom, self.date_naissance, self.ville_naissance)

    @property
    def traitee(self) -> bool:
        return self.inscription_id is not None or self.refus != ""


def chemin_de_piece(piece, nom: str) -> str:
    """Return where a paper is kept: an unguessable name of ours, never the one it came with."""
    return f"pieces/{uuid.uuid4()}"


class PieceQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the papers joined by the organisation of `compte`, for those who may join some: no reader (X2)."""
        if not compte.peut_ecrire:
            return self.none()
        return self.filter(signalement__in=Signalement.objects.pour(compte))


class Piece(models.Model):
    """A paper joined to a report: kept outside the web's reach, given as a download only, destroyed in time (X4)."""

    class Type(models.TextChoices):
        PDF = "application/pdf", "PDF"
        JPEG = "image/jpeg", "JPEG"

    signalement = models.ForeignKey(
        Signalement, models.PROTECT, related_name="pieces", verbose_name="signalement"
    )
    nom = models.CharField("nom du fichier", max_length=100)
    type = models.CharField("type", max_length=15, choices=Type)
    taille = models.PositiveIntegerField("taille (octets)")
    fichier = models.FileField("fichier", upload_to=chemin_de_piece, max_length=60, blank=True)
    deposee_le = models.DateTimeField("déposée le")
    detruite_le = models.DateTimeField("détruite le", null=True, blank=True)

    objects = PieceQuerySet.as_manager()

    class Meta:
        verbose_name = "pièce jointe"
        verbose_name_plural = "pièces jointes"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="detruite_donc_sans_fichier",
                condition=Q(detruite_le__isnull=True) & ~Q(fichier="")
                | Q(detruite_le__isnull=False, fichier=""),
            ),
            models.UniqueConstraint(
                fields=["fichier"], condition=~Q(fichier=""), name="un_fichier_par_piece"
            ),
        ]
        triggers = [pgtrigger.ReadOnly(name="piece_fixe", fields=["signalement", "deposee_le", "taille"])]

    def __str__(self):
        return self.nom
