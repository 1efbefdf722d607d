"""What guards ANCV's accounts: recovery codes, and what happened to rights and second factors, for ever."""

import hashlib
from base64 import b32encode
from secrets import token_bytes

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django_otp.models import Device, ThrottlingMixin

from conventions.models.organismes import Compte, Organisme
from sev.socle.triggers import en_ajout_seul

OCTETS_D_UN_CODE = 10
# Base 32 has neither 0, 1, 8 nor 9: whoever reads one on paper means the letter it looks like.
_RELUS = str.maketrans("018", "OIB")


def nouveau_code() -> str:
    """Return a recovery code that nobody guesses: 80 random bits, as 16 letters and digits."""
    return b32encode(token_bytes(OCTETS_D_UN_CODE)).decode()


def code_normalise(saisie: str) -> str:
    """Return a code as it is compared: capitals, without blanks nor dashes."""
    return "".join(c for c in saisie.upper() if c.isalnum()).translate(_RELUS)


class CarteDeSecours(ThrottlingMixin, Device):
    """The recovery codes of a member of staff, who has lost the telephone; wrong tries wait longer and longer."""

    class Meta:
        verbose_name = "carte de secours"
        verbose_name_plural = "cartes de secours"
        constraints = [models.UniqueConstraint(fields=["user"], name="une_carte_de_secours_par_compte")]

    def get_throttle_factor(self) -> int:
        """Seconds to wait after the first wrong try, twice as many after each next one."""
        return 1

    def empreinte(self, code: str) -> str:
        """Return what is kept of a code. It has 80 bits: a plain digest can't be searched, and no key is needed."""
        return hashlib.sha256(f"{self.user_id}:{code_normalise(code)}".encode()).hexdigest()

    def verify_token(self, token: str) -> bool:
        """Use up the code `token`, once; the row must be locked by the caller."""
        permis, _ = self.verify_is_allowed()
        if not permis:
            return False
        servi = self.codes.filter(empreinte=self.empreinte(token), utilise_le=None).update(utilise_le=Now())
        if servi:
            self.throttle_reset()
        else:
            self.throttle_increment()
        return bool(servi)


class CodeDeSecours(models.Model):
    """A recovery code: only its digest is kept, so that neither a copy of the base nor its reader can sign in."""

    carte = models.ForeignKey(
        CarteDeSecours, models.CASCADE, related_name="codes", verbose_name="carte de secours"
    )
    empreinte = models.CharField("empreinte", max_length=64)
    utilise_le = models.DateTimeField("utilisé le", null=True, blank=True)

    class Meta:
        verbose_name = "code de secours"
        verbose_name_plural = "codes de secours"
        constraints = [
            models.UniqueConstraint(fields=["carte", "empreinte"], name="un_code_de_secours_une_fois"),
        ]

    def __str__(self):
        return f"Code de secours de {self.carte.user}"


class EvenementSecurite(models.Model):
    """What was done to a staff account's rights or second factor, or with its eyes; never changed nor deleted."""

    class Nature(models.TextChoices):
        ACTIVATION = "ACTIVATION", "Double authentification activée"
        TELEPHONE = "TELEPHONE", "Téléphone changé"
        CODES = "CODES", "Codes de secours renouvelés"
        SECOURS = "SECOURS", "Code de secours utilisé"
        REINITIALISATION = "REINITIALISATION", "Double authentification réinitialisée"
        DROITS = "DROITS", "Droits changés"
        VUE_DEBUT = "VUE_DEBUT", "Voir comme : début"
        VUE_DOCUMENT = "VUE_DOCUMENT", "Voir comme : document ouvert"
        VUE_FIN = "VUE_FIN", "Voir comme : fin"

    VUES = (Nature.VUE_DEBUT, Nature.VUE_DOCUMENT, Nature.VUE_FIN)

    nature = models.CharField("nature", max_length=16, choices=Nature)
    compte = models.ForeignKey(
        Compte, models.PROTECT, related_name="evenements_securite", verbose_name="compte"
    )
    organisme = models.ForeignKey(
        Organisme, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="vu comme"
    )
    par = models.ForeignKey(
        Compte,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="par",
        db_index=False,
        help_text="Personne quand la commande du serveur agit.",
    )
    detail = models.CharField("détail", max_length=300, blank=True)
    motif = models.CharField("motif", max_length=200, blank=True)
    le = models.DateTimeField("le")

    class Meta:
        verbose_name = "événement de sécurité"
        verbose_name_plural = "événements de sécurité"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="un_organisme_pour_voir_comme",
                condition=Q(nature__in=["VUE_DEBUT", "VUE_DOCUMENT", "VUE_FIN"], organisme__isnull=False)
                | ~Q(nature__in=["VUE_DEBUT", "VUE_DOCUMENT", "VUE_FIN"]) & Q(organisme__isnull=True),
            ),
        ]
        triggers = en_ajout_seul()

    def __str__(self):
        return f"{self.get_nature_display()}, {self.compte}"
