"""The bank's file: a SEPA credit transfer order, pain.001.001.09, valid against its schema (V8)."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.timezone import localtime
from sepaxml import SepaTransfer
from text_unidecode import unidecode

FORMAT = "pain.001.001.09"
# What every bank of the SEPA area reads (EPC 217-08); the rest is put into these letters, or left out.
_HORS_SEPA = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")


@dataclass(frozen=True)
class Payeur:
    """Whose account is debited."""

    nom: str
    iban: str
    bic: str


@dataclass(frozen=True)
class Ligne:
    """One transfer of an order: to whom, what it is for, euros, and the reference that the bank hands on."""

    titulaire: str
    iban: str
    reference: str
    montant: Decimal
    libelle: str


def sepa(texte: str, longueur: int) -> str:
    """Return `texte` in SEPA letters, at most `longueur` of them: « Œuvre & Cie » → « OEuvre + Cie »."""
    lettres = _HORS_SEPA.sub(" ", unidecode(texte.replace("&", "+").replace("€", "EUR")))
    return " ".join(re.sub("/{2,}", "/", lettres).split()).strip("/ ")[:longueur].strip("/ ")


class _Ordre(SepaTransfer):
    """sepaxml's order, whose identifiers and hour are ours: the same batch always gives the same bytes."""

    def __init__(self, payeur: Payeur, *, reference: str, cree_le: datetime):
        self.reference, self.cree_le = reference, cree_le
        compte = {
            "name": sepa(payeur.nom, 70),
            "IBAN": payeur.iban,
            "BIC": payeur.bic,
            "batch": True,
            "currency": "EUR",
        }
        super().__init__(compte, schema=FORMAT, clean=False)

    def _create_header(self):
        super()._create_header()
        entete = self._xml.find("CstmrCdtTrfInitn/GrpHdr")
        entete.find("MsgId").text = self.reference
        entete.find("CreDtTm").text = localtime(self.cree_le).isoformat(timespec="seconds")

    def _finalize_batch(self):
        super()._finalize_batch()
        for identifiant in self._xml.iter("PmtInfId"):
            identifiant.text = self.reference


def ordre_de_virement(
    lignes: list[Ligne], *, payeur: Payeur, reference: str, execution_le: date, cree_le: datetime
) -> str:
    """Return the XML of an order. Raises sepaxml.validation.ValidationError when its schema refuses it."""
    ordre = _Ordre(payeur, reference=reference, cree_le=cree_le)
    for ligne in lignes:
        ordre.add_payment(
            {
                "name": sepa(ligne.titulaire, 70),
                "IBAN": ligne.iban,
                "amount": int(ligne.montant * 100),
                "execution_date": execution_le,
                "description": sepa(ligne.libelle, 140),
                "endtoend_id": ligne.reference,
            }
        )
    return ordre.export(validate=True).decode()
