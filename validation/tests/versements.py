"""Money of the tests: where a provider is paid, batches made and paid by the operations."""

from datetime import date

from conventions.models import Organisme
from conventions.tests.factories import CompteFactory
from validation.models import CoordonneesBancaires, Lot
from validation.operations.versements import creer_lot, enregistrer_coordonnees, marquer_paye
from validation.tests.factories import instant

LOT_LE = date(2022, 6, 20)
EXECUTION_LE = date(2022, 6, 22)
PAYE_LE = date(2022, 6, 23)
PAYEUR = {"nom": "ANCV", "iban": "FR7630001007941234567890185", "bic": "BDFEFRPPCCT"}
# Examples that central banks publish: the keys are right, nobody holds these accounts.
IBANS = (
    "FR7630006000011234567890189",
    "BE68539007547034",
    "DE89370400440532013000",
    "ES9121000418450200051332",
    "LU280019400644750000",
)


def iban_de(prestataire: Organisme, iban: str = IBANS[0], *, le: date = LOT_LE) -> CoordonneesBancaires:
    """Record where `prestataire` is paid."""
    titulaire = prestataire.comptes.filter(titulaire=True).first()
    return enregistrer_coordonnees(
        prestataire=prestataire,
        titulaire=f"SARL {prestataire.nom}"[:70],
        iban=iban,
        par=titulaire or CompteFactory(convention=prestataire.convention),
        maintenant=instant(le),
    )


def lot_prepare(*, le: date = LOT_LE, execution_le: date | None = None, par=None) -> Lot:
    """Return a batch of all that is due."""
    return creer_lot(
        execution_le=execution_le or le,
        par=par or CompteFactory(ancv=True),
        le=le,
        maintenant=instant(le),
    )


def lot_paye(lot: Lot | None = None, *, le: date = PAYE_LE, par=None) -> Lot:
    """Return a batch, of all that is due unless it is given, marked paid on `le`."""
    return marquer_paye(
        lot=lot or lot_prepare(),
        paye_le=le,
        par=par or CompteFactory(ancv=True),
        le=le,
        maintenant=instant(le),
    )
