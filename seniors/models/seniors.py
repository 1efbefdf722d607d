"""A person known to the programme, and the key by which two spellings of one identity are the same (I2)."""

import pghistory
from django.db import models
from django.db.models import Q

from sev.socle.texte import cle, cle_ville


def cles_d_identite(
    *, nom: str, prenom: str, ville_naissance: str, nom_naissance: str = ""
) -> dict[str, str]:
    """Return the stored keys of an identity: case, accents, hyphens, blanks and arrondissements don't count (I2)."""
    return {
        "cle_nom": cle(nom),
        "cle_prenom": cle(prenom),
        "cle_ville": cle_ville(ville_naissance),
        "cle_nom_naissance": cle(nom_naissance),
    }


class SeniorQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the persons on the lists that `compte` may see."""
        from seniors.models.inscriptions import Inscription

        return self.filter(pk__in=Inscription.objects.pour(compte).values("senior"))

    def verrouiller(self):
        """Lock the selected persons until the transaction ends. Order everywhere: groupe, senior, credit."""
        return self.select_for_update(of=("self",), no_key=True)


@pghistory.track(
    fields=["civilite", "nom", "nom_naissance", "prenom", "date_naissance", "ville_naissance"],
    model_name="SeniorEvent",
)
class Senior(models.Model):
    """A person. The four fields of the search make the identity; where to write and call is kept beside it."""

    class Civilite(models.TextChoices):
        MADAME = "MME", "Madame"
        MONSIEUR = "M", "Monsieur"

    civilite = models.CharField("civilité", max_length=3, choices=Civilite)
    nom = models.CharField("nom d'usage", max_length=60)
    nom_naissance = models.CharField("nom de naissance", max_length=60, blank=True)
    prenom = models.CharField("prénom", max_length=60)
    date_naissance = models.DateField("date de naissance")
    ville_naissance = models.CharField("ville de naissance", max_length=80)
    cle_nom = models.CharField(max_length=150, editable=False)
    cle_prenom = models.CharField(max_length=150, editable=False)
    cle_ville = models.CharField(max_length=150, editable=False)
    cle_nom_naissance = models.CharField(max_length=150, editable=False, blank=True)
    email = models.EmailField("adresse e-mail", blank=True)
    telephone = models.CharField("téléphone", max_length=20, blank=True)
    contact_urgence = models.CharField("personne à prévenir", max_length=120, blank=True)
    adresse = models.CharField("adresse", max_length=120)
    complement = models.CharField("complément d'adresse", max_length=120, blank=True)
    code_postal = models.CharField("code postal", max_length=5)
    ville = models.CharField("ville", max_length=80)
    cree_le = models.DateTimeField("connu depuis le", auto_now_add=True)

    objects = SeniorQuerySet.as_manager()

    class Meta:
        verbose_name = "sénior"
        ordering = ["cle_nom", "cle_prenom", "pk"]
        constraints = [
            # The birth date comes first: the same index finds everybody born that day (near spellings, I2, I18).
            models.UniqueConstraint(
                fields=["date_naissance", "cle_nom", "cle_prenom", "cle_ville"],
                name="une_personne_par_identite",
                violation_error_message="Une personne de même identité est déjà connue.",
            ),
            models.CheckConstraint(
                name="identite_complete",
                condition=~Q(cle_nom="") & ~Q(cle_prenom="") & ~Q(cle_ville=""),
                violation_error_message="Le nom, le prénom et la ville de naissance comptent au moins une lettre.",
            ),
            models.CheckConstraint(
                name="code_postal_a_cinq_chiffres",
                condition=Q(code_postal__regex=r"^[0-9]{5}$"),
                violation_error_message="Il faut 5 chiffres, par exemple 35410.",
            ),
        ]
        indexes = [models.Index(fields=["cle_nom", "cle_prenom"], name="seniors_par_nom")]

    def __str__(self):
        return f"{self.prenom} {self.nom}"

    @property
    def nom_de_liste(self) -> str:
        """« NOM Prénom », as lists write it."""
        return f"{self.nom} {self.prenom}"
