"""A person known to the programme, and the key by which two spellings of one identity are the same (I2)."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import TrigramSimilarity
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Concat, Greatest

from sev.socle.adresses import Adresse
from sev.socle.temps import mois_avant
from sev.socle.texte import cle, cle_ville
from sev.socle.triggers import journal_qui_oublie

RESSEMBLANCE = 0.4


@dataclass(frozen=True)
class Identite:
    """The four answers of the search, as typed (manual, « Gestion des inscriptions »), and the birth name if given."""

    nom: str
    prenom: str
    date_naissance: date
    ville_naissance: str

    def cles(self) -> dict[str, str]:
        """Return the stored keys: case, accents, hyphens, blanks, apostrophes and arrondissements don't count."""
        return {
            "cle_nom": cle(self.nom),
            "cle_prenom": cle(self.prenom),
            "cle_ville": cle_ville(self.ville_naissance),
        }


def dates_proches(jour: date) -> set[date]:
    """Return the dates that one slip gives: day and month exchanged, or one of day, month, year wrong by 1 or 10."""
    ecarts = (
        [(0, 0, e) for e in (1, -1, 10, -10)]
        + [(0, e, 0) for e in (1, -1)]
        + [(e, 0, 0) for e in (1, -1, 10, -10)]
    )
    triplets = [(jour.year + a, jour.month + m, jour.day + j) for a, m, j in ecarts]
    proches = set()
    for triplet in [(jour.year, jour.day, jour.month), *triplets]:
        with suppress(ValueError):
            proches.add(date(*triplet))
    return proches - {jour}


class SeniorQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the persons on the lists that `compte` may see."""
        from seniors.models.inscriptions import Inscription

        return self.filter(pk__in=Inscription.objects.pour(compte).values("senior"))

    def de_meme_identite(self, identite: "Identite"):
        """Return the person of exactly this identity, spelled as one likes (I2): none or one.

        It may be a spelling that a merge put aside (I18): `actuelle` is then who the person is today.
        """
        return self.filter(date_naissance=identite.date_naissance, **identite.cles())

    def semblables(self, identite: "Identite"):
        """Return the persons whose identity looks like this one without being it, the nearest first (I2).

        Born the same day under a near name (usage or birth name, or both names exchanged), or of the same names and
        born on a date that one slip of the pen gives. All four answers are needed to ask.
        """
        cles = identite.cles()
        nom_prenom = cles["cle_nom"] + " " + cles["cle_prenom"]
        prenom_nom = cles["cle_prenom"] + " " + cles["cle_nom"]
        connu = Concat("cle_nom", Value(" "), "cle_prenom")
        ressemblance = Greatest(
            TrigramSimilarity(connu, nom_prenom),
            TrigramSimilarity(connu, prenom_nom),
            TrigramSimilarity(Concat("cle_nom_naissance", Value(" "), "cle_prenom"), nom_prenom),
        )
        memes_noms = Q(cle_nom=cles["cle_nom"], cle_prenom=cles["cle_prenom"])
        return (
            self.filter(
                Q(date_naissance=identite.date_naissance)
                | memes_noms & Q(date_naissance__in=dates_proches(identite.date_naissance)),
                en_usage=True,
            )
            .exclude(date_naissance=identite.date_naissance, **cles)
            .annotate(ressemblance=ressemblance)
            .filter(ressemblance__gte=RESSEMBLANCE)
            .order_by("-ressemblance", "pk")
        )

    def a_oublier(self, *, le: date):
        """Return the persons whose last stay ended long enough before `le`, and whom nothing names since (X4)."""
        from seniors.models.inscriptions import Inscription

        limite = mois_avant(le, settings.RETENTION_MOIS["personnes"])
        depuis = Inscription.objects.filter(senior=models.OuterRef("pk"), fin__gt=limite)
        return self.filter(~models.Exists(depuis), en_usage=True, cree_le__date__lte=limite)

    def anciennes(self, cles: list[int]) -> dict[int, int]:
        """Return the former spellings that lead to these persons, however many merges away: key → the person's."""
        trouvees, derniers = {}, {cle: cle for cle in cles}
        while derniers:
            absorbees = self.filter(fusionne_dans__in=derniers).values_list("pk", "fusionne_dans")
            derniers = {pk: derniers[gardee] for pk, gardee in absorbees}
            trouvees |= derniers
        return trouvees

    def nommes(self, mots: list[str]):
        """Return the persons each of `mots` begins a name of: usage or birth name, first name (index by trigrams)."""
        personnes = self
        for mot in mots:
            debut = cle(mot)
            personnes = personnes.filter(
                Q(cle_nom__startswith=debut)
                | Q(cle_prenom__startswith=debut)
                | Q(cle_nom_naissance__startswith=debut)
                if debut
                else Q(pk__in=[])
            )
        return personnes

    def verrouiller(self):
        """Lock the selected persons until the transaction ends. Order everywhere: groupe, senior, credit."""
        return self.select_for_update(of=("self",), no_key=True)


@pghistory.track(
    fields=[
        "civilite",
        "nom",
        "nom_naissance",
        "prenom",
        "date_naissance",
        "ville_naissance",
        "fusionne_dans",
        "anonymise_le",
    ],
    model_name="SeniorEvent",
    append_only=False,
    meta={"triggers": [journal_qui_oublie()]},
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
    # A merge keeps the row as a former spelling, which leads to the person (I18); retention takes its name away (X4).
    fusionne_dans = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="absorbees", verbose_name="fusionnée dans"
    )
    anonymise_le = models.DateTimeField("données effacées le", null=True, blank=True)
    en_usage = models.GeneratedField(
        expression=Q(fusionne_dans__isnull=True, anonymise_le__isnull=True),
        output_field=models.BooleanField(),
        db_persist=True,
        verbose_name="en usage",
    )
    # Set by the database when the identity is new or changed; the search for doubles takes it away (I18).
    a_comparer = models.BooleanField(default=True, db_default=True, editable=False)

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
                name="jamais_fusionnee_avec_soi",
                condition=Q(fusionne_dans__isnull=True) | ~Q(fusionne_dans=models.F("pk")),
            ),
            models.CheckConstraint(
                name="code_postal_a_cinq_chiffres",
                condition=Q(code_postal__regex=r"^[0-9]{5}$"),
                violation_error_message="Il faut 5 chiffres, par exemple 35410.",
            ),
        ]
        indexes = [
            models.Index(fields=["cle_nom", "cle_prenom"], name="seniors_par_nom"),
            models.Index(fields=["id"], name="seniors_a_comparer", condition=Q(a_comparer=True)),
            # ANCV's search: the beginning of any of the three.
            GinIndex(
                fields=["cle_nom", "cle_prenom", "cle_nom_naissance"],
                opclasses=["gin_trgm_ops"] * 3,
                name="seniors_par_debut_de_nom",
            ),
        ]
        triggers = [
            # I18: two merges that meet, in opposite directions say, can't send each row to the other.
            pgtrigger.Trigger(
                name="fusionnee_dans_une_fiche_en_usage",
                operation=pgtrigger.UpdateOf("fusionne_dans_id"),
                when=pgtrigger.Before,
                condition=pgtrigger.AnyChange("fusionne_dans"),
                func="""
                    IF NEW.fusionne_dans_id IS NULL THEN RETURN NEW; END IF;
                    PERFORM 1 FROM seniors_senior
                      WHERE id = NEW.fusionne_dans_id AND fusionne_dans_id IS NULL AND anonymise_le IS NULL FOR SHARE;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'fusionnee_dans_une_fiche_en_usage' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            # I18: somebody whose identity changed may have become somebody else's double.
            pgtrigger.Trigger(
                name="identite_a_comparer",
                operation=pgtrigger.UpdateOf(
                    "cle_nom", "cle_nom_naissance", "cle_prenom", "cle_ville", "date_naissance"
                ),
                when=pgtrigger.Before,
                condition=pgtrigger.AnyChange(
                    "cle_nom", "cle_nom_naissance", "cle_prenom", "cle_ville", "date_naissance"
                ),
                func="NEW.a_comparer := NEW.fusionne_dans_id IS NULL AND NEW.anonymise_le IS NULL; RETURN NEW;",
            ),
        ]

    def __str__(self):
        return f"{self.prenom} {self.nom}"

    @property
    def nom_de_liste(self) -> str:
        """« NOM Prénom », as lists write it."""
        return f"{self.nom} {self.prenom}"

    @property
    def actuelle(self) -> "Senior":
        """The person this row is known as today: itself, or the one that merges led to (I18)."""
        senior = self
        while senior.fusionne_dans_id:
            senior = senior.fusionne_dans
        return senior

    @property
    def identite(self) -> Identite:
        return Identite(self.nom, self.prenom, self.date_naissance, self.ville_naissance)

    @property
    def adresse_postale(self) -> Adresse:
        """Where one writes to the person (I17)."""
        return Adresse(
            civilite=self.get_civilite_display(),
            nom=self.nom,
            prenom=self.prenom,
            complement=self.complement,
            voie=self.adresse,
            code_postal=self.code_postal,
            ville=self.ville,
        )
