"""What ANCV owes and pays (V8): bank details, batches of transfers, and their payment.

Lock order: the batch, its sums, then the credits by ascending key. Groups and persons are never locked here, so that
nobody who holds a list and waits for its credit can be waited for.
"""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.utils.timezone import localdate
from sepaxml.validation import ValidationError as OrdreInvalide
from stdnum import bic
from stdnum import iban as format_iban
from stdnum.exceptions import ValidationError as NumeroInvalide

from conventions.models import Compte, Organisme
from conventions.operations.credits import verser
from sejours.models import Groupe
from sev.socle.courriels import deposer
from sev.socle.journal import acte
from sev.socle.models import Courriel
from sev.socle.refus import RefusMetier
from sev.socle.typographie import date_complete
from validation import courriels
from validation.documents.ordres import Ligne, Payeur, ordre_de_virement
from validation.models import CoordonneesBancaires, Lot, Rejet, Versement, Virement
from validation.models.versements import CONFIRMEES, ENREGISTREES

EXECUTION_AU_PLUS_TARD = timedelta(60)


class LotRefuse(RefusMetier):
    """The batch can't be made, paid or undone; the message says why."""


class CoordonneesRefusees(RefusMetier):
    """ANCV can't say where this provider is paid; the message says why."""


# --- Bank details -----------------------------------------------------------------------------------------


@transaction.atomic
def enregistrer_coordonnees(
    *, prestataire: Organisme, titulaire: str, iban: str, par: Compte, maintenant: datetime
) -> CoordonneesBancaires:
    """Say where a provider is paid from now on; `iban` is checked and compact. Locks the organisation.

    Mails its account holder at each change. Batches that exist keep the account they were made with. The same account
    again confirms it, when the bank has sent money back from it.
    """
    Organisme.objects.select_for_update(no_key=True).get(pk=prestataire.pk)
    return _ecrire(prestataire, titulaire, iban, par=par, maintenant=maintenant)


@transaction.atomic
def enregistrer_a_la_place(
    *,
    prestataire: Organisme,
    titulaire: str,
    iban: str,
    motif: str,
    par: Compte,
    le: date,
    maintenant: datetime,
) -> CoordonneesBancaires:
    """Say where a provider is paid whom nobody works for on the site any more (closed convention). ANCV only.

    With a reason; locks the organisation; mails its holder, whose account is closed. Raises CoordonneesRefusees.
    """
    motif = motif.strip()
    if not motif:
        raise CoordonneesRefusees("Dites d'où vient cet IBAN, et pourquoi vous l'écrivez.", champ="motif")
    if prestataire.nature != Organisme.Nature.PRESTATAIRE:
        raise CoordonneesRefusees(
            "Ce n'est pas un prestataire : il ne reçoit pas de versement.", champ="numero"
        )
    Organisme.objects.select_for_update(no_key=True).get(pk=prestataire.pk)
    if peut_ecrire_lui_meme(prestataire):
        raise CoordonneesRefusees(
            "Ce prestataire a un compte ouvert : il indique lui-même son IBAN, dans « Mes versements ».",
            champ="numero",
        )
    return _ecrire(prestataire, titulaire, iban, par=par, maintenant=maintenant, motif=motif)


@transaction.atomic(savepoint=False)
def peut_ecrire_lui_meme(prestataire: Organisme) -> bool:
    """Tell whether somebody of the provider may sign in and write."""
    return prestataire.comptes.filter(is_active=True, role=Compte.Role.GESTIONNAIRE).exists()


# --- Batches ----------------------------------------------------------------------------------------------


@transaction.atomic
def creer_lot(*, execution_le: date, par: Compte, le: date, maintenant: datetime) -> Lot:
    """Take every sum that is due to a provider with bank details into one batch, with the bank's file (V8). ANCV only.

    A transfer for each group; the account is that of now, and stays so. Locks those sums: a colleague who does the same
    meanwhile finds nothing left. Raises LotRefuse, before anything is written.
    """
    payeur = _payeur()
    if not le <= execution_le <= le + EXECUTION_AU_PLUS_TARD:
        raise LotRefuse(
            f"Choisissez un jour du {date_complete(le)} au {date_complete(le + EXECUTION_AU_PLUS_TARD)}.",
            champ="execution_le",
        )
    dus = _prendre()
    if not dus:
        raise LotRefuse(
            "Il n'y a rien à verser pour le moment : un collègue prépare peut-être un lot, ou les "
            "prestataires n'ont pas encore donné leur IBAN."
        )
    cle = _prochaine_cle()
    lot = Lot(
        pk=cle,
        reference=f"SEV-{le:%Y%m%d}-{cle}",
        cree_le=maintenant,
        cree_par=par,
        execution_le=execution_le,
        montant=sum(versement.montant for versement in dus),
    )
    virements = _virements(lot, dus)
    lot.fichier = _fichier(lot, virements, payeur)
    with acte("lot préparé", par=par):
        lot.save(force_insert=True)
        Virement.objects.bulk_create(virements)
        du_groupe = Virement.objects.filter(lot=lot, groupe=OuterRef("groupe")).values("pk")
        Versement.objects.filter(pk__in=[v.pk for v in dus]).update(virement=Subquery(du_groupe))
    return lot


@transaction.atomic
def marquer_paye(*, lot: Lot, paye_le: date, par: Compte, le: date, maintenant: datetime) -> Lot:
    """Record that the bank paid a batch on `paye_le`: each aid moves from engaged to paid, for ever (V8). ANCV only.

    An aid that an earlier transfer paid in the ledger, and that the bank sent back, does not move again. Locks the
    batch, then the credits by key; mails each provider, and each porteur once for an aid. Raises LotRefuse.
    """
    with acte("lot payé", par=par):
        lot = _verrouiller(lot)
        prepare_le = localdate(lot.cree_le)
        if not prepare_le <= paye_le <= le:
            raise LotRefuse(
                f"Choisissez un jour entre le {date_complete(prepare_le)}, où le lot a été préparé, et aujourd'hui.",
                champ="paye_le",
            )
        lot.paye_le, lot.paye_par = paye_le, par
        # Thousands of letters take seconds to write: done before the credits are held, on which people register.
        lettres = _lettres(lot)
        nouvelles = Versement.objects.filter(virement__lot=lot, rejet__isnull=True)
        aides = dict(nouvelles.order_by("pk").values_list("pk", "montant"))
        verser(aides=aides, par=par, le=paye_le, motif=f"lot {lot.reference}")
        lot.save(update_fields=["paye_le", "paye_par"])
    deposer(lettres)
    return lot


@transaction.atomic
def defaire_lot(*, lot: Lot, motif: str, par: Compte, maintenant: datetime) -> Lot:
    """Give a batch up before it is marked paid: its sums are due again, its file is no longer given (V8). ANCV only.

    Its transfers stay, with references that never serve again. Locks the batch, then its sums. Raises LotRefuse.
    """
    motif = motif.strip()
    if not motif:
        raise LotRefuse("Dites pourquoi ce lot est défait.", champ="motif")
    with acte("lot défait", par=par, motif=motif):
        lot = _verrouiller(lot)
        lot.defait_le, lot.motif_defait = maintenant, motif
        lot.save(update_fields=["defait_le", "motif_defait"])
        Versement.objects.filter(virement__lot=lot).update(virement=None)
    return lot


# --- Steps ------------------------------------------------------------------------------------------------


def _lettres(lot: Lot) -> list[Courriel]:
    """Return the unsaved mails about a batch that is being paid."""
    virements = lot.virements.select_related("groupe__porteur", "groupe__sejour__offre__equipement").annotate(
        nouvelles=Count("versements", filter=Q(versements__rejet__isnull=True))
    )
    return courriels.composees(courriels.lot_paye(lot, list(virements.order_by("pk"))))


def _ecrire(
    prestataire: Organisme, titulaire: str, iban: str, *, par: Compte, maintenant: datetime, motif: str = ""
) -> CoordonneesBancaires:
    """Write the account of a provider that is locked, and tell its holder."""
    anciennes = CoordonneesBancaires.objects.filter(pk=prestataire.pk).first()
    memes = anciennes is not None and (anciennes.titulaire, anciennes.iban) == (titulaire, iban)
    revenues = Versement.objects.rejetes().filter(prestataire=prestataire)
    if memes and not revenues.filter(rejet__in=Rejet.objects.du_compte_actuel()).exists():
        return anciennes
    coordonnees = CoordonneesBancaires(
        prestataire=prestataire, titulaire=titulaire, iban=iban, fin=iban[-4:], modifiees_le=maintenant
    )
    with acte(CONFIRMEES if memes else ENREGISTREES, par=par, motif=motif):
        coordonnees.save(force_insert=anciennes is None, force_update=anciennes is not None)
    verbe = "confirmé" if memes else "changé" if anciennes else "enregistré"
    deposer(
        courriels.coordonnees_ecrites(coordonnees, verbe=verbe, par=par, motif=motif, maintenant=maintenant)
    )
    return coordonnees


def _payeur() -> Payeur:
    """Return whose account is debited. Raises LotRefuse when the settings don't say it rightly."""
    payeur = Payeur(**settings.SEV_PAYEUR)
    try:
        format_iban.validate(payeur.iban)
        bic.validate(payeur.bic)
    except NumeroInvalide:
        payeur = None
    if payeur is None or not payeur.nom:
        raise LotRefuse(
            "Le compte de l'ANCV à débiter n'est pas réglé : demandez à l'administrateur de renseigner "
            "SEV_PAYEUR_NOM, SEV_PAYEUR_IBAN et SEV_PAYEUR_BIC."
        )
    return payeur


def _prendre() -> list[Versement]:
    """Lock all that can be paid and return it; nothing while a colleague, making a batch, holds the first sum."""
    dus = Versement.objects.virables().order_by("pk")
    premiere = dus.values_list("pk", flat=True).first()
    if not dus.filter(pk=premiere).verrouiller(libres=True):
        return []
    return list(dus.verrouiller())


def _prochaine_cle() -> int:
    """Return the next batch's key, which its references and its file bear before it is written."""
    with connection.cursor() as curseur:
        curseur.execute("SELECT nextval(pg_get_serial_sequence('validation_lot', 'id'))")
        return curseur.fetchone()[0]


def _virements(lot: Lot, dus: list[Versement]) -> list[Virement]:
    """Return the unsaved transfers of a batch, one for each group, by provider."""
    montants: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    aides: Counter = Counter()
    for versement in dus:
        qui = versement.prestataire_id, versement.groupe_id
        montants[qui] += versement.montant
        aides[qui] += 1
    coordonnees = CoordonneesBancaires.objects.in_bulk({prestataire for prestataire, _ in montants})
    return [
        Virement(
            lot=lot,
            groupe_id=groupe,
            prestataire_id=prestataire,
            titulaire=coordonnees[prestataire].titulaire,
            iban=coordonnees[prestataire].iban,
            reference=f"SEV-{lot.pk}-{groupe}",
            aides=aides[prestataire, groupe],
            montant=montants[prestataire, groupe],
        )
        for prestataire, groupe in sorted(montants)
    ]


def _fichier(lot: Lot, virements: list[Virement], payeur: Payeur) -> str:
    """Return the bank's order, valid against its schema. Raises LotRefuse otherwise."""
    debuts = dict(
        Groupe.objects.filter(pk__in=[v.groupe_id for v in virements]).values_list("pk", "sejour__debut")
    )
    lignes = [
        Ligne(
            titulaire=virement.titulaire,
            iban=virement.iban,
            reference=virement.reference,
            montant=virement.montant,
            libelle=f"SEV groupe {virement.groupe_id}, {virement.aides} aide{'s' if virement.aides > 1 else ''}, "
            f"séjour {debuts[virement.groupe_id]:%d/%m/%Y}",
        )
        for virement in virements
    ]
    try:
        return ordre_de_virement(
            lignes,
            payeur=payeur,
            reference=lot.reference,
            execution_le=lot.execution_le,
            cree_le=lot.cree_le,
        )
    except OrdreInvalide as erreur:
        raise LotRefuse(
            "Le fichier de virement n'est pas conforme à la norme de la banque : rien n'est enregistré. "
            "Vérifiez les titulaires et les IBAN des prestataires."
        ) from erreur


def _verrouiller(lot: Lot) -> Lot:
    """Lock a batch and return it. Raises LotRefuse when it is paid or undone."""
    lot = Lot.objects.verrouiller().get(pk=lot.pk)
    if lot.paye_le is not None:
        raise LotRefuse(f"Ce lot est déjà marqué payé, le {date_complete(lot.paye_le)}.")
    if lot.defait_le is not None:
        raise LotRefuse(f"Ce lot est déjà défait, depuis le {date_complete(lot.defait_le)}.")
    return lot
