"""What ANCV owes and pays the providers (V7, V8): a sum for each aided person who travelled, and batches of them."""

from datetime import date, timedelta

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Right

from conventions.models import Compte, Organisme
from sejours.models import Groupe
from seniors.models import Inscription
from sev.socle.triggers import en_ajout_seul

# Who may take IBANs away: the function `validation_oublier_ibans`, which runs as the owner of the tables (X4).
OUBLI_PERMIS = """
    coalesce(current_setting('sev.oubli', true), '') = 'permis'
    AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
"""


# How the journal tells an account written anew from the same one said again.
ENREGISTREES, CONFIRMEES = "coordonnées bancaires enregistrées", "coordonnées bancaires confirmées"


class CoordonneesBancairesQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the bank details of the provider that `compte` works for, or none."""
        return self.filter(prestataire=compte.organisme_id) if compte.est_prestataire else self.none()

    def confirmees(self):
        """Return those last written as they already were, since the bank had sent money back: their journal says so."""
        derniers = self.model.pgh_event_model.objects.filter(
            pgh_obj=OuterRef("pk"), modifiees_le=OuterRef("modifiees_le"), pgh_context__action=CONFIRMEES
        )
        return self.filter(Exists(derniers))


@pghistory.track(exclude=["iban"])
class CoordonneesBancaires(models.Model):
    """Where a provider is paid. The IBAN stands without blanks, in capitals; the form checks its key (ISO 13616).

    The journal keeps its end only; each transfer keeps the whole one it was sent to, for some time (X4).
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

    def fichiers_a_effacer(self, *, le: date):
        """Return the batches paid, or undone, so long ago on `le` that the bank's file need not be kept (X4)."""
        limite = le - timedelta(settings.RETENTION_JOURS["fichiers_de_virement"])
        finis = Q(paye_le__lte=limite) | Q(defait_le__date__lte=limite)
        return self.filter(finis, fichier_efface_le__isnull=True)


@pghistory.track(exclude=["fichier"])
class Lot(models.Model):
    """A batch of transfers given to the bank as one file (V8). Undone until it is marked paid, never after.

    Its file names whole accounts: it goes some time after the batch is over, and those of its transfers with it (X4).
    """

    cree_le = models.DateTimeField("créé le")
    cree_par = models.ForeignKey(Compte, models.PROTECT, related_name="+", verbose_name="créé par")
    execution_le = models.DateField("exécution demandée le")
    reference = models.CharField("référence", max_length=35, unique=True)
    montant = models.DecimalField("montant (€)", max_digits=12, decimal_places=2)
    fichier = models.TextField("ordre de virement (pain.001.001.09)", blank=True)
    fichier_efface_le = models.DateTimeField("fichier effacé le", null=True, blank=True)
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
            models.CheckConstraint(
                name="fichier_garde_ou_efface",
                condition=Q(fichier_efface_le__isnull=True) & ~Q(fichier="")
                | Q(fichier_efface_le__isnull=False, fichier=""),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="lot_termine",
                operation=pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__paye_le__isnull=False) | pgtrigger.Q(old__defait_le__isnull=False),
                func="""
                    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - '{fichier,fichier_efface_le}'::text[]
                                          = to_jsonb(OLD) - '{fichier,fichier_efface_le}'::text[] THEN
                        RETURN NEW;  -- the file is the affair of fichier_du_lot
                    END IF;
                    RAISE EXCEPTION 'Cannot update or delete a batch that is paid or undone';
                """,
            ),
            pgtrigger.ReadOnly(
                name="lot_fixe",
                fields=["cree_le", "cree_par", "execution_le", "reference", "montant"],
            ),
            # What was given to the bank is not rewritten: once the batch is over it goes, whole, by one function.
            pgtrigger.Trigger(
                name="fichier_du_lot",
                operation=pgtrigger.UpdateOf("fichier", "fichier_efface_le"),
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__fichier__df=pgtrigger.F("new__fichier"))
                | pgtrigger.Q(old__fichier_efface_le__df=pgtrigger.F("new__fichier_efface_le")),
                func=f"""
                    IF OLD.fichier_efface_le IS NULL AND (OLD.paye_le IS NOT NULL OR OLD.defait_le IS NOT NULL)
                       AND {OUBLI_PERMIS} THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'Cannot update the file of a batch';
                """,
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
    """One line of a batch: the aids of a group, paid to its provider. Written once, as given to the bank.

    Of its IBAN the four last characters are left once the batch's file is taken away (X4).
    """

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
        triggers = [
            pgtrigger.Trigger(
                name="ajout_seul",
                operation=pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.Before,
                func=f"""
                    IF TG_OP = 'UPDATE' AND NEW.iban = right(OLD.iban, 4)
                       AND to_jsonb(NEW) - 'iban' = to_jsonb(OLD) - 'iban' AND {OUBLI_PERMIS}
                       AND EXISTS (SELECT FROM validation_lot WHERE id = OLD.lot_id AND fichier = '') THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'Cannot update or delete a transfer given to the bank';
                """,
            ),
            *(trigger for trigger in en_ajout_seul() if trigger.name != "ajout_seul"),
        ]

    def __str__(self):
        return self.reference

    @property
    def fin(self) -> str:
        return self.iban[-4:]

    @property
    def iban_masque(self) -> str:
        """« FR76 … 0189 », or its end alone once the rest is forgotten."""
        return f"{self.iban[:4]} … {self.fin}" if len(self.iban) > 4 else f"… {self.iban}"

    @property
    def rejet(self):
        """The bank's return of this transfer, None when it went through (or the record of it was withdrawn)."""
        return next((rejet for rejet in self.rejets.all() if rejet.annule_le is None), None)


EN_VIGUEUR = Q(annule_le__isnull=True)


class RejetQuerySet(models.QuerySet):
    def en_vigueur(self):
        """Return the returns that nobody has withdrawn."""
        return self.filter(EN_VIGUEUR)

    def du_compte_actuel(self):
        """Return the returns by the account that the provider still names: neither changed nor confirmed since."""
        return self.filter(
            virement__lot__cree_le__gte=F("virement__prestataire__coordonnees_bancaires__modifiees_le")
        )


class Rejet(models.Model):
    """The bank sent back a transfer of a paid batch (closed account…): its aids are due again, for a later one.

    Withdrawn when it was recorded by mistake, as long as no later batch has taken the aids. Its own journal: who wrote
    and withdrew it, when and why, and nothing of it is changed.
    """

    virement = models.ForeignKey(
        Virement, models.PROTECT, related_name="rejets", verbose_name="virement", db_index=False
    )
    rejete_le = models.DateField("rejeté le")
    motif = models.CharField("motif de la banque", max_length=300)
    constate_le = models.DateTimeField("enregistré le")
    constate_par = models.ForeignKey(Compte, models.PROTECT, related_name="+", verbose_name="enregistré par")
    annule_le = models.DateTimeField("annulé le", null=True, blank=True)
    annule_par = models.ForeignKey(
        Compte, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="annulé par"
    )
    motif_annulation = models.CharField("motif de l'annulation", max_length=300, blank=True)

    objects = RejetQuerySet.as_manager()

    class Meta:
        verbose_name = "rejet de virement"
        verbose_name_plural = "rejets de virements"
        ordering = ["pk"]
        indexes = [models.Index(fields=["virement"], name="rejets_du_virement")]
        constraints = [
            models.UniqueConstraint(fields=["virement"], condition=EN_VIGUEUR, name="un_rejet_par_virement"),
            models.CheckConstraint(name="rejet_motive", condition=~Q(motif="")),
            models.CheckConstraint(
                name="rejet_annule_avec_un_motif",
                condition=Q(annule_le__isnull=True, annule_par__isnull=True, motif_annulation="")
                | Q(annule_le__isnull=False, annule_par__isnull=False) & ~Q(motif_annulation=""),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="rejet_d_un_virement_paye",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="""
                    PERFORM 1 FROM validation_virement v JOIN validation_lot l ON l.id = v.lot_id
                      WHERE v.id = NEW.virement_id AND l.paye_le <= NEW.rejete_le AND NEW.annule_le IS NULL;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'rejet_d_un_virement_paye' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.ReadOnly(
                name="rejet_fixe", fields=["virement", "rejete_le", "motif", "constate_le", "constate_par"]
            ),
            pgtrigger.Protect(
                name="rejet_annule",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__annule_le__isnull=False),
            ),
            pgtrigger.Protect(name="jamais_supprime", operation=pgtrigger.Delete),
            *(trigger for trigger in en_ajout_seul() if trigger.name != "ajout_seul"),
        ]

    def __str__(self):
        return f"Rejet du virement {self.virement}"


class VersementQuerySet(models.QuerySet):
    def pour(self, compte):
        """Return the sums due or paid to a provider, or those for a porteur's groups (X1)."""
        if compte.est_prestataire:
            return self.filter(prestataire=compte.organisme_id)
        if compte.est_porteur:
            return self.filter(groupe__porteur=compte.organisme_id)
        return self.none()

    def a_verser(self):
        """Return the sums that stand in no batch: not yet, or no longer."""
        return self.filter(virement__isnull=True)

    def virables(self):
        """Return those of them whose provider has said where it is paid, since the bank sent them back if it did."""
        return (
            self.a_verser()
            .filter(prestataire__in=CoordonneesBancaires.objects.values("pk"))
            .exclude(Exists(Rejet.objects.du_compte_actuel().filter(pk=OuterRef("rejet"))))
        )

    def rejetes(self):
        """Return the sums that the bank sent back and that stand in no batch since."""
        return self.a_verser().filter(rejet__isnull=False)

    def verrouiller(self, *, libres=False):
        """Lock the sums read until the transaction ends: two batches never take the same one.

        With `libres`, those that somebody else holds are left out instead of being waited for.
        """
        return self.select_for_update(no_key=True, skip_locked=libres)


class Versement(models.Model):
    """The aid of a person who travelled, due to the provider, in euros: one for a registration, hence paid once (V8).

    It is in a batch when it has a `virement`, and paid when that batch is. `rejet`, kept by the database, is the last
    return that made it due again: the ledger counted it as paid with that first transfer, and does so once.
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
    rejet = models.ForeignKey(
        Rejet,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="versements",
        verbose_name="dernier rejet",
        db_index=False,
    )

    objects = VersementQuerySet.as_manager()

    class Meta:
        verbose_name = "versement"
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["prestataire"], name="versements_a_faire", condition=Q(virement__isnull=True)
            ),
            models.Index(fields=["rejet"], name="versements_rejetes", condition=Q(rejet__isnull=False)),
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
                        AND i.effacee_le IS NULL AND p.retenue
                        AND NEW.virement_id IS NULL AND NEW.rejet_id IS NULL;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'aide_d_une_personne_partie' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            # V8: never removed; it leaves a batch once that one is undone, or the bank has sent its transfer back, and
            # joins one that is still to be paid (or the very transfer that was said to be sent back, by mistake).
            pgtrigger.Trigger(
                name="versee_une_seule_fois",
                operation=pgtrigger.UpdateOf("virement_id", "rejet_id") | pgtrigger.Delete,
                when=pgtrigger.Before,
                declare=[("renvoye", "bigint"), ("paye", "boolean")],
                func="""
                    IF TG_OP = 'DELETE' THEN
                        RAISE EXCEPTION 'versee_une_seule_fois' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.virement_id IS NOT DISTINCT FROM OLD.virement_id THEN
                        IF NEW.rejet_id IS DISTINCT FROM OLD.rejet_id THEN
                            RAISE EXCEPTION 'versee_une_seule_fois' USING ERRCODE = 'check_violation';
                        END IF;
                        RETURN NEW;
                    END IF;
                    NEW.rejet_id := OLD.rejet_id;
                    IF OLD.virement_id IS NOT NULL THEN
                        SELECT r.id INTO renvoye FROM validation_rejet r
                          WHERE r.virement_id = OLD.virement_id AND r.annule_le IS NULL;
                        PERFORM 1 FROM validation_virement v JOIN validation_lot l ON l.id = v.lot_id
                          WHERE v.id = OLD.virement_id AND (l.defait_le IS NOT NULL OR renvoye IS NOT NULL);
                        IF NOT FOUND THEN
                            RAISE EXCEPTION 'versee_une_seule_fois' USING ERRCODE = 'check_violation';
                        END IF;
                        NEW.rejet_id := coalesce(renvoye, OLD.rejet_id);
                    END IF;
                    IF NEW.virement_id IS NOT NULL THEN
                        SELECT l.paye_le IS NOT NULL INTO paye
                          FROM validation_virement v JOIN validation_lot l ON l.id = v.lot_id
                          WHERE v.id = NEW.virement_id AND v.groupe_id = NEW.groupe_id
                            AND v.prestataire_id = NEW.prestataire_id AND l.defait_le IS NULL
                            AND (l.paye_le IS NULL OR EXISTS
                                 (SELECT FROM validation_rejet r WHERE r.id = OLD.rejet_id
                                     AND r.virement_id = v.id AND r.annule_le IS NOT NULL));
                        IF NOT FOUND THEN
                            RAISE EXCEPTION 'versee_une_seule_fois' USING ERRCODE = 'check_violation';
                        END IF;
                        IF paye THEN
                            NEW.rejet_id := NULL;
                        END IF;
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"Versement, inscription {self.pk}"
