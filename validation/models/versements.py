"""What ANCV owes and pays the providers (V7, V8): a sum for each aided person who travelled, and batches of them."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Right

from conventions.models import Compte, Organisme
from sejours.models import Groupe
from seniors.models import Inscription
from sev.socle.triggers import en_ajout_seul


class CoordonneesBancairesQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the bank details of the provider that `compte` works for, or none."""
        return self.filter(prestataire=compte.organisme_id) if compte.est_prestataire else self.none()


@pghistory.track(exclude=["iban"])
class CoordonneesBancaires(models.Model):
    """Where a provider is paid. The IBAN stands without blanks, in capitals; the form checks its key (ISO 13616).

    The journal keeps its end only; each transfer keeps the whole one it was sent to.
    """

    prestataire = models.OneToOneField(
        Organisme,
        models.PROTECT,
        primary_key=True,
        related_name="coordonnees_bancaires",
        verbose_name="prestataire",
    )
    titulaire = models.CharField("titulaire du compte", max_length=70)
    iban = models.CharField("IBAN", max_length=34)
    fin = models.CharField("fin de l'IBAN", max_length=4, editable=False)
    modifiees_le = models.DateTimeField("modifiées le")

    objects = CoordonneesBancairesQuerySet.as_manager()

    class Meta:
        verbose_name = "coordonnées bancaires"
        verbose_name_plural = "coordonnées bancaires"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="iban_normalise", condition=Q(iban__regex=r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}$")
            ),
            models.CheckConstraint(name="fin_de_l_iban", condition=Q(fin=Right("iban", 4))),
        ]

    def __str__(self):
        return f"{self.titulaire}, {self.iban_masque}"

    @property
    def iban_masque(self) -> str:
        """« FR76 … 0189 »: enough to know one's own account, not to write it elsewhere."""
        return f"{self.iban[:4]} … {self.fin}"


class LotQuerySet(models.QuerySet):
    def verrouiller(self):
        """Lock the batches read until the transaction ends: whoever pays or undoes one is alone."""
        return self.select_for_update(no_key=True)


@pghistory.track(exclude=["fichier"])
class Lot(models.Model):
    """A batch of transfers given to the bank as one file (V8). Undone until it is marked paid, never after."""

    cree_le = models.DateTimeField("créé le")
    cree_par = models.ForeignKey(Compte, models.PROTECT, related_name="+", verbose_name="créé par")
    execution_le = models.DateField("exécution demandée le")
    reference = models.CharField("référence", max_length=35, unique=True)
    montant = models.DecimalField("montant (€)", max_digits=12, decimal_places=2)
    fichier = models.TextField("ordre de virement (pain.001.001.09)")
    paye_le = models.DateField("payé le", null=True, blank=True)
    paye_par = models.ForeignKey(
        Compte, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="marqué payé par"
    )
    defait_le = models.DateTimeField("défait le", null=True, blank=True)
    motif_defait = models.CharField("motif", max_length=300, blank=True)

    objects = LotQuerySet.as_manager()

    class Meta:
        verbose_name = "lot de versements"
        verbose_name_plural = "lots de versements"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="lot_positif", condition=Q(montant__gt=0)),
            models.CheckConstraint(
                name="ni_paye_et_defait", condition=Q(paye_le__isnull=True) | Q(defait_le__isnull=True)
            ),
            models.CheckConstraint(
                name="paye_par_quelqu_un",
                condition=Q(paye_le__isnull=True, paye_par__isnull=True)
                | Q(paye_le__isnull=False, paye_par__isnull=False),
            ),
            models.CheckConstraint(
                name="defait_avec_un_motif",
                condition=Q(defait_le__isnull=True, motif_defait="")
                | Q(defait_le__isnull=False) & ~Q(motif_defait=""),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="lot_termine",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__paye_le__isnull=False) | pgtrigger.Q(old__defait_le__isnull=False),
            ),
            pgtrigger.ReadOnly(
                name="lot_fixe",
                fields=["cree_le", "cree_par", "execution_le", "reference", "montant", "fichier"],
            ),
            # What is marked paid is what the bank was told: each transfer the sum of its aids, the batch that of all.
            pgtrigger.Trigger(
                name="lot_egal_a_ses_aides",
                operation=pgtrigger.UpdateOf("paye_le"),
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__paye_le__isnull=False),
                func="""
                    PERFORM 1 FROM validation_virement v LEFT JOIN validation_versement d ON d.virement_id = v.id
                      WHERE v.lot_id = NEW.id GROUP BY v.id
                     HAVING (v.aides, v.montant) IS DISTINCT FROM (count(d.inscription_id), sum(d.montant));
                    IF FOUND OR NEW.montant IS DISTINCT FROM
                       (SELECT sum(montant) FROM validation_virement WHERE lot_id = NEW.id) THEN
                        RAISE EXCEPTION 'lot_egal_a_ses_aides' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"Lot {self.reference}"

    @property
    def etat(self) -> str:
        if self.defait_le is not None:
            return "Défait"
        return "À payer" if self.paye_le is None else "Payé"


class VirementQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the transfers to the provider that `compte` works for, or none; undone batches left out."""
        if not compte.est_prestataire:
            return self.none()
        return self.filter(prestataire=compte.organisme_id, lot__defait_le__isnull=True)


class Virement(models.Model):
    """One line of a batch: the aids of a group, paid to its provider. Written once, as given to the bank."""

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="virements", verbose_name="lot")
    groupe = models.ForeignKey(Groupe, models.PROTECT, related_name="virements", verbose_name="groupe")
    prestataire = models.ForeignKey(
        Organisme, models.PROTECT, related_name="virements", verbose_name="prestataire"
    )
    titulaire = models.CharField("titulaire du compte", max_length=70)
    iban = models.CharField("IBAN", max_length=34)
    reference = models.CharField("référence", max_length=35, unique=True)
    aides = models.PositiveSmallIntegerField("aides")
    montant = models.DecimalField("montant (€)", max_digits=9, decimal_places=2)

    objects = VirementQuerySet.as_manager()

    class Meta:
        verbose_name = "virement"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["lot", "groupe"], name="un_virement_par_groupe_et_lot"),
            models.CheckConstraint(name="virement_positif", condition=Q(montant__gt=0, aides__gte=1)),
        ]
        triggers = en_ajout_seul()

    def __str__(self):
        return self.reference


class VersementQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the sums due or paid to a provider, or those for a porteur's groups (X1)."""
        if compte.est_prestataire:
            return self.filter(prestataire=compte.organisme_id)
        if compte.est_porteur:
            return self.filter(groupe__porteur=compte.organisme_id)
        return self.none()

    def a_verser(self):
        """Return the sums that stand in no batch yet."""
        return self.filter(virement__isnull=True)

    def virables(self):
        """Return those of them whose provider has said where it is paid."""
        return self.a_verser().filter(prestataire__in=CoordonneesBancaires.objects.values("pk"))

    def verrouiller(self, *, libres=False):
        """Lock the sums read until the transaction ends: two batches never take the same one.

        With `libres`, those that somebody else holds are left out instead of being waited for.
        """
        return self.select_for_update(no_key=True, skip_locked=libres)


class Versement(models.Model):
    """The aid of a person who travelled, due to the provider, in euros: one for a registration, hence paid once (V8).

    It is in a batch when it has a `virement`, and paid when that batch is.
    """

    inscription = models.OneToOneField(
        Inscription, models.PROTECT, primary_key=True, related_name="versement", verbose_name="inscription"
    )
    groupe = models.ForeignKey(Groupe, models.PROTECT, related_name="versements", verbose_name="groupe")
    prestataire = models.ForeignKey(
        Organisme, models.PROTECT, related_name="versements", verbose_name="prestataire"
    )
    montant = models.DecimalField("montant (€)", max_digits=7, decimal_places=2)
    du_le = models.DateField("dû depuis le")
    virement = models.ForeignKey(
        Virement, models.PROTECT, null=True, blank=True, related_name="versements", verbose_name="virement"
    )

    objects = VersementQuerySet.as_manager()

    class Meta:
        verbose_name = "versement"
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["prestataire"], name="versements_a_faire", condition=Q(virement__isnull=True)
            ),
        ]
        constraints = [models.CheckConstraint(name="versement_positif", condition=Q(montant__gt=0))]
        triggers = [
            pgtrigger.ReadOnly(
                name="versement_fixe", fields=["inscription", "groupe", "prestataire", "montant"]
            ),
            # What is due is the aid as it was granted, to a person who travelled.
            pgtrigger.Trigger(
                name="aide_d_une_personne_partie",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="""
                    PERFORM 1 FROM seniors_inscription i JOIN validation_presence p ON p.inscription_id = i.id
                      WHERE i.id = NEW.inscription_id AND i.groupe_id = NEW.groupe_id AND i.aide = NEW.montant
                        AND i.effacee_le IS NULL AND p.retenue AND NEW.virement_id IS NULL;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'aide_d_une_personne_partie' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            # V8: never removed; it leaves a batch only once that one is undone, and joins one that is still to be paid.
            pgtrigger.Trigger(
                name="versee_une_seule_fois",
                operation=pgtrigger.UpdateOf("virement_id") | pgtrigger.Delete,
                when=pgtrigger.Before,
                func="""
                    IF TG_OP = 'DELETE' THEN
                        RAISE EXCEPTION 'versee_une_seule_fois' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.virement_id IS NOT DISTINCT FROM OLD.virement_id THEN
                        RETURN NEW;
                    END IF;
                    PERFORM 1 FROM validation_virement v JOIN validation_lot l ON l.id = v.lot_id
                      WHERE v.id = OLD.virement_id AND l.defait_le IS NULL;
                    IF FOUND THEN
                        RAISE EXCEPTION 'versee_une_seule_fois' USING ERRCODE = 'check_violation';
                    END IF;
                    PERFORM 1 FROM validation_virement v JOIN validation_lot l ON l.id = v.lot_id
                      WHERE v.id = NEW.virement_id AND v.groupe_id = NEW.groupe_id
                        AND v.prestataire_id = NEW.prestataire_id AND l.paye_le IS NULL AND l.defait_le IS NULL;
                    IF NEW.virement_id IS NOT NULL AND NOT FOUND THEN
                        RAISE EXCEPTION 'versee_une_seule_fois' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"Versement, inscription {self.pk}"
