"""A person on a group's list, with the decision about the aid as it was taken."""

from datetime import date

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Value
from django.db.models.functions import ExtractYear

from conventions.models import Bareme, Mouvement
from sejours.models import Groupe
from seniors.models.seniors import Senior
from sev.socle.temps import mois_avant


class InscriptionQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the registrations on the lists that `compte` may see, removed ones included."""
        if compte.est_porteur:
            return self.filter(groupe__porteur=compte.organisme_id)
        if compte.est_prestataire:
            return self.filter(groupe__sejour__offre__equipement__prestataire=compte.organisme_id)
        return self.none()

    def nommees(self, mots: list[str]):
        """Return the registrations of the persons whom all of `mots` name."""
        return self.filter(senior__in=Senior.objects.nommes(mots))

    def presentes(self):
        """Return the registrations that stand on their list (not removed)."""
        return self.filter(effacee_le__isnull=True)

    def sur_la_liste(self, groupe):
        """Return the list of `groupe` as it stands, or as its cancellation found it (S8): read, never changed."""
        return self.filter(groupe=groupe, effacee_le=groupe.annule_le)

    def par_nom(self):
        """Return the registrations in the order of a printed list, with their persons, in one query."""
        return self.select_related("senior").order_by(*Inscription.PAR_NOM)

    def liste(self):
        """Return the registrations as `par_nom`, with the persons whom they are linked to, in one query."""
        return self.par_nom().select_related("senior_lie__senior", "conjoint__senior")

    def en_attente_de_credit(self):
        """Return the registrations refused for lack of credit, the first to be served first (C9)."""
        return self.filter(motif_sans_aide__in=Inscription.MOTIFS_DE_FILE).order_by("inscrite_le", "pk")

    def rangs(self, inscriptions, groupe, *, le: date) -> dict[int, int]:
        """Return the place in the porteur's queue of those of `inscriptions`, of `groupe`, who wait for credit (C9)."""
        if not any(i.motif_sans_aide in Inscription.MOTIFS_DE_FILE for i in inscriptions):
            return {}
        file = self.en_attente_de_credit().a_servir(le=le)
        file = file.filter(groupe__porteur=groupe.porteur_id, annee=groupe.sejour.annee)
        return {cle: rang for rang, cle in enumerate(file.values_list("pk", flat=True), start=1)}

    def a_servir(self, *, le: date):
        """Return those whom credit may still aid on `le` (C9): on open lists, on closed ones by a complement.

        A complement given since the list closed serves it until the stay is over, unless its file is settled.
        """
        complements = Mouvement.objects.filter(
            nature=Mouvement.Nature.COMPLEMENT,
            credit__convention=OuterRef("groupe__porteur"),
            credit__programme=OuterRef("annee"),
            date__gte=OuterRef("groupe__dernier_jour"),
        )
        ouverte = Q(groupe__verrouille_le__isnull=True, groupe__dernier_jour__gte=le)
        close = Q(Exists(complements), groupe__solde_le__isnull=True, fin__gte=le)
        return self.filter(ouverte | close, groupe__annule_le__isnull=True)

    def commentaires_a_effacer(self, *, le: date):
        """Return the registrations whose words about the stay are no longer needed on `le` (X4)."""
        limite = mois_avant(le, settings.RETENTION_MOIS["commentaires"])
        return self.filter(Inscription.AVEC_COMMENTAIRES, fin__lte=limite)

    def revenus_a_effacer(self, *, le: date, sauf):
        """Return the registrations whose income is no longer needed on `le`: the list long settled, or never (X4).

        `sauf`: the rows, keyed by their group, that still hold their list's incomes back (what payment knows).
        """
        solde = mois_avant(le, settings.RETENTION_MOIS["revenus"])
        jamais_solde = mois_avant(le, settings.RETENTION_MOIS["revenus_jamais_soldes"])
        return self.filter(
            Q(groupe__solde_le__date__lte=solde) | Q(groupe__solde_le__isnull=True, fin__lte=jamais_solde),
            ~Exists(sauf.filter(pk=OuterRef("groupe"))),
            revenus_effaces_le__isnull=True,
            fin__lte=solde,
        )


@pghistory.track(
    exclude=[
        "rfr",
        "rfr_confidentiel",
        "revenu_imposable",
        "parts",
        "situation",
        "regroupement",
        "commentaires",
        "revenus_effaces_le",
        "jeton",
        "debut",
        "fin",
        "annee",
    ],
    meta={
        "indexes": [
            models.Index(fields=["groupe", "-pgh_id"], name="journal_des_inscriptions"),
            BrinIndex(fields=["pgh_created_at"], name="inscriptions_par_jour", autosummarize=True),
        ]
    },
)
class Inscription(models.Model):
    """A senior on a list (I1). Removed means `effacee_le`: the row stays, so that it can be put back until the lock.

    `aide` is the amount granted, in euros, frozen at that moment; without it `motif_sans_aide` says why.
    `debut` and `fin` repeat the stay's dates, so that the database itself refuses overlaps and a second aid in a year.
    """

    class Eligibilite(models.TextChoices):
        AIDE = "AIDE", "A l'aide"
        CONJOINT = "CONJOINT", "A l'aide par conjoint"
        PROGRAMME = "PROGRAMME", "Au programme"
        AIDANT = "AIDANT", "En tant qu'aidant"

    class NatureAidant(models.TextChoices):
        FAMILIAL = "FAMILIAL", "Aidant familial"
        PROFESSIONNEL = "PROFESSIONNEL", "Aidant professionnel"

    class SansAide(models.TextChoices):
        PROGRAMME = "PROGRAMME", "au programme"
        DEJA_AIDE = "DEJA_AIDE", "déjà aidé dans l'année"
        CREDITS_EPUISES = "CREDITS_EPUISES", "crédits épuisés"
        SANS_DOTATION = "SANS_DOTATION", "pas encore de dotation"
        PLAFOND = "PLAFOND", "revenu imposable au-dessus du plafond"
        AIDANT_EN_PLUS = "AIDANT_EN_PLUS", "un aidant est déjà aidé"
        EFFACEE = "EFFACEE", "retirée de la liste"
        ABSENTE = "ABSENTE", "absence au séjour"
        NON_VERSEE = "NON_VERSEE", "dossier clos sans versement"

    PAR_NOM = ("senior__cle_nom", "senior__cle_prenom", "senior__date_naissance", "pk")
    AVEC_COMMENTAIRES = ~Q(commentaires="") | ~Q(regroupement="")
    MOTIFS_DE_FILE = (SansAide.CREDITS_EPUISES, SansAide.SANS_DOTATION)

    groupe = models.ForeignKey(Groupe, models.PROTECT, related_name="inscriptions", verbose_name="groupe")
    senior = models.ForeignKey(Senior, models.PROTECT, related_name="inscriptions", verbose_name="sénior")
    debut = models.DateField("début du séjour")
    fin = models.DateField("fin du séjour")
    annee = models.GeneratedField(
        expression=ExtractYear("debut"),
        output_field=models.PositiveSmallIntegerField(),
        db_persist=True,
        verbose_name="année",
    )

    eligibilite = models.CharField("type d'éligibilité", max_length=9, choices=Eligibilite)
    nature_aidant = models.CharField("nature de l'aidant", max_length=13, choices=NatureAidant, blank=True)
    senior_lie = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="dependants", verbose_name="sénior lié"
    )
    handicape = models.BooleanField("handicapé", default=False)
    dependant = models.BooleanField("dépendant", default=False)
    rfr = models.DecimalField(
        "revenu fiscal de référence (€)", max_digits=9, decimal_places=0, null=True, blank=True
    )
    rfr_confidentiel = models.BooleanField("RFR confidentiel", default=False)
    revenu_imposable = models.DecimalField(
        "revenu imposable (€)", max_digits=9, decimal_places=0, null=True, blank=True
    )
    parts = models.DecimalField("nombre de parts", max_digits=4, decimal_places=2, null=True, blank=True)
    situation = models.CharField("situation", max_length=6, choices=Bareme.Situation, blank=True)

    revenus_effaces_le = models.DateTimeField("revenus effacés le", null=True, blank=True, editable=False)
    derogation = models.BooleanField(
        "plafond levé par l'ANCV",
        default=False,
        help_text="Le revenu au-dessus du plafond ne prive pas de l'aide.",
    )

    avec_conjoint = models.BooleanField("voyage avec son conjoint", default=False)
    conjoint = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="son conjoint",
    )
    chambre_individuelle = models.BooleanField("chambre individuelle", default=False)
    regroupement = models.CharField("regroupement souhaité avec", max_length=120, blank=True)
    commentaires = models.TextField("commentaires", max_length=500, blank=True)

    aide = models.DecimalField("aide accordée (€)", max_digits=7, decimal_places=2, null=True, blank=True)
    motif_sans_aide = models.CharField("motif sans aide", max_length=15, choices=SansAide, blank=True)
    inscrite_le = models.DateTimeField("date d'inscription")
    modifiee_le = models.DateTimeField("modifiée le")
    effacee_le = models.DateTimeField("effacée le", null=True, blank=True)
    # The one-time token of the form that created the row: the same form sent twice registers once.
    jeton = models.UUIDField(null=True, blank=True, editable=False)

    objects = InscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = "inscription"
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["inscrite_le"],
                name="inscriptions_en_attente",
                condition=Q(motif_sans_aide__in=["CREDITS_EPUISES", "SANS_DOTATION"]),
            ),
            # What the retention rules have not been through yet (X4).
            models.Index(
                fields=["fin"],
                name="commentaires_a_effacer",
                condition=~Q(commentaires="") | ~Q(regroupement=""),
            ),
            models.Index(
                fields=["fin"], name="revenus_a_effacer", condition=Q(revenus_effaces_le__isnull=True)
            ),
            # A year far back is read where it stands; a summary of the table's blocks, next to nothing to write.
            BrinIndex(fields=["debut"], name="inscriptions_par_depart", autosummarize=True),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["senior", "annee"],
                condition=Q(aide__isnull=False),
                name="une_aide_par_senior_et_par_an",
                violation_error_message="Cette personne a déjà été aidée cette année.",
            ),
            models.UniqueConstraint(
                fields=["groupe", "senior"],
                condition=Q(effacee_le__isnull=True),
                name="une_inscription_par_senior_et_groupe",
                violation_error_message="Cette personne est déjà sur cette liste.",
            ),
            ExclusionConstraint(
                name="pas_deux_sejours_a_la_fois",
                expressions=[
                    ("senior", RangeOperators.EQUAL),
                    (
                        Func(
                            "debut", "fin", Value("[)"), function="daterange", output_field=DateRangeField()
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(effacee_le__isnull=True),
                violation_error_message="Cette personne part déjà à ces dates.",
            ),
            models.CheckConstraint(
                name="une_aide_ou_un_motif",
                condition=Q(aide__isnull=False, aide__gt=0, motif_sans_aide="")
                | Q(aide__isnull=True) & ~Q(motif_sans_aide=""),
            ),
            models.CheckConstraint(
                name="effacee_donc_sans_aide",
                condition=Q(effacee_le__isnull=True) & ~Q(motif_sans_aide="EFFACEE")
                | Q(effacee_le__isnull=False, motif_sans_aide="EFFACEE"),
            ),
            models.CheckConstraint(
                name="au_programme_donc_sans_aide",
                condition=~Q(eligibilite="PROGRAMME") | Q(aide__isnull=True),
            ),
            models.CheckConstraint(
                name="lien_selon_l_eligibilite",
                condition=Q(eligibilite__in=["CONJOINT", "AIDANT"], senior_lie__isnull=False)
                | Q(eligibilite__in=["AIDE", "PROGRAMME"], senior_lie__isnull=True),
            ),
            models.CheckConstraint(
                name="nature_pour_les_aidants",
                condition=Q(eligibilite="AIDANT") & ~Q(nature_aidant="")
                | ~Q(eligibilite="AIDANT") & Q(nature_aidant=""),
            ),
            models.CheckConstraint(
                name="rfr_sauf_aidant_familial",
                condition=Q(rfr__isnull=False, rfr__gte=0)
                | Q(rfr__isnull=True, nature_aidant="FAMILIAL")
                | Q(rfr__isnull=True, revenus_effaces_le__isnull=False),
            ),
            models.CheckConstraint(
                name="revenus_effaces_donc_absents",
                condition=Q(revenus_effaces_le__isnull=True)
                | Q(rfr__isnull=True, revenu_imposable__isnull=True, parts__isnull=True, situation=""),
            ),
            models.CheckConstraint(name="sejour_dans_l_ordre", condition=Q(fin__gt=F("debut"))),
        ]
        triggers = [
            # I12: the group's counter follows its list, and the group refuses to hold more than its places.
            pgtrigger.Trigger(
                name="inscrits_du_groupe",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("effacee_le") | pgtrigger.Delete,
                when=pgtrigger.After,
                declare=[("avant", "integer DEFAULT 0"), ("apres", "integer DEFAULT 0")],
                func="""
                    IF TG_OP <> 'INSERT' THEN avant := (OLD.effacee_le IS NULL)::integer; END IF;
                    IF TG_OP <> 'DELETE' THEN apres := (NEW.effacee_le IS NULL)::integer; END IF;
                    UPDATE sejours_groupe SET inscrits = inscrits + apres - avant, modifie_le = clock_timestamp()
                     WHERE id = coalesce(NEW.groupe_id, OLD.groupe_id) AND apres <> avant;
                    RETURN NULL;
                """,
            ),
            # I7, I8: a carer or a spouse stands beside the person the link names, as long as the link stands.
            pgtrigger.Trigger(
                name="liens_de_la_liste",
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf("senior_lie_id", "eligibilite", "handicape", "dependant", "effacee_le"),
                when=pgtrigger.After,
                func="""
                    PERFORM 1 FROM seniors_inscription AS lien
                      JOIN seniors_inscription AS lie ON lie.id = lien.senior_lie_id
                      WHERE (lien.id = NEW.id OR lien.senior_lie_id = NEW.id) AND lien.effacee_le IS NULL
                        AND NOT (lie.effacee_le IS NULL AND lie.groupe_id = lien.groupe_id AND lie.id <> lien.id AND
                                 CASE lien.eligibilite WHEN 'CONJOINT' THEN lie.eligibilite = 'AIDE'
                                                       ELSE lie.handicape OR lie.dependant END);
                    IF FOUND THEN
                        RAISE EXCEPTION 'une_personne_liee_reste_sur_la_liste' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
            # I9, I11: the two constraints above judge by these dates, so they are the stay's and no other.
            pgtrigger.Trigger(
                name="dates_du_sejour",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("debut", "fin"),
                when=pgtrigger.Before,
                func="""
                    PERFORM 1 FROM sejours_groupe AS g JOIN sejours_sejour AS s ON s.id = g.sejour_id
                      WHERE g.id = NEW.groupe_id AND s.debut = NEW.debut AND s.fin = NEW.fin;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'les_dates_sont_celles_du_sejour' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            # I18, X4: a former spelling, or somebody whose name is gone, is registered no more. SHARE waits for a merge
            # that is under way.
            pgtrigger.Trigger(
                name="une_personne_en_usage",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("senior_id"),
                when=pgtrigger.Before,
                func="""
                    IF TG_OP = 'UPDATE' AND NEW.senior_id = OLD.senior_id THEN RETURN NEW; END IF;
                    PERFORM 1 FROM seniors_senior WHERE id = NEW.senior_id AND en_usage FOR SHARE;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'une_personne_en_usage' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.ReadOnly(name="inscription_fixe", fields=["groupe", "inscrite_le"]),
        ]

    def __str__(self):
        return f"{self.senior}, {self.get_eligibilite_display()}"

    @property
    def aidee(self) -> bool:
        return self.aide is not None

    @property
    def reste(self):
        """What the person pays for the stay, in euros: the offer's price less the aid."""
        return self.groupe.prix - (self.aide or 0)
