"""The outbox of mails, the record of the clock's runs, that of what staff read, and the forms that were done."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from sev.socle.triggers import en_ajout_seul


class Courriel(models.Model):
    """A mail to send, written in the transaction of what it tells; sent once for its `cause` (X5)."""

    cause = models.CharField("cause", max_length=200, unique=True)
    destinataire = models.EmailField("destinataire")
    sujet = models.CharField("sujet", max_length=200)
    texte = models.TextField("texte")
    html = models.TextField("HTML")
    cree_le = models.DateTimeField("écrit le", auto_now_add=True)
    a_envoyer_le = models.DateTimeField("à envoyer à partir du", db_default=models.functions.Now())
    envoye_le = models.DateTimeField("envoyé le", null=True, blank=True)
    tentatives = models.PositiveSmallIntegerField("tentatives", default=0)
    erreur = models.TextField("dernière erreur", blank=True)

    class Meta:
        verbose_name = "courriel"
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["a_envoyer_le", "id"], name="courriels_a_envoyer", condition=Q(envoye_le__isnull=True)
            ),
        ]

    def __str__(self):
        return self.sujet


class Passage(models.Model):
    """One run of a task of the clock: when it began and ended, how many things it did."""

    tache = models.CharField("tâche", max_length=60)
    debut = models.DateTimeField("début")
    fin = models.DateTimeField("fin", null=True, blank=True)
    faits = models.PositiveIntegerField("faits", default=0)
    erreur = models.TextField("erreur", blank=True)

    class Meta:
        verbose_name = "passage d'une tâche"
        verbose_name_plural = "passages des tâches"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["tache", "-debut"], name="passages_par_tache")]

    def __str__(self):
        return f"{self.tache}, {self.debut:%d/%m/%Y %H:%M}"


class Lecture(models.Model):
    """A page of somebody's sensitive data that was opened (X2): by whom, which, when; nothing of what it said."""

    quoi = models.CharField("page", max_length=60)
    cle = models.BigIntegerField("clé")
    par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par", db_index=False
    )
    le = models.DateTimeField("le", auto_now_add=True)

    class Meta:
        verbose_name = "lecture de données sensibles"
        verbose_name_plural = "lectures de données sensibles"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["quoi", "cle"], name="lectures_par_objet")]
        triggers = en_ajout_seul()

    def __str__(self):
        return f"{self.quoi} {self.cle}"


class Envoi(models.Model):
    """A form of an act that was sent and done, known by the token that it carried: sent twice, it is done once."""

    jeton = models.UUIDField("jeton", primary_key=True)
    le = models.DateTimeField("le", db_default=models.functions.Now())

    class Meta:
        verbose_name = "envoi d'un formulaire"
        verbose_name_plural = "envois de formulaires"

    def __str__(self):
        return str(self.jeton)
