"""Spreadsheets of ANCV: a batch, whole IBANs included as in the bank's file; what is due, accounts masked (V8)."""

from datetime import date

from sev.socle.tableur import Feuille, classeur_xlsx
from sev.socle.typographie import euros, quantite
from validation.models import Lot
from validation.versements import SommeDue


def classeur_du_lot(lot: Lot) -> bytes:
    """Return the workbook of a batch."""
    virements = lot.virements.select_related(
        "prestataire__convention", "groupe__porteur__convention", "groupe__sejour__offre__equipement"
    ).order_by("prestataire__nom", "pk")
    lignes = [
        (
            v.reference,
            v.prestataire.nom,
            v.prestataire.convention.numero,
            v.titulaire,
            v.iban,
            v.groupe_id,
            v.groupe.porteur.nom,
            v.groupe.porteur.convention.numero,
            v.groupe.sejour.offre.equipement.nom,
            v.groupe.sejour.debut,
            v.groupe.sejour.fin,
            v.aides,
            v.montant,
        )
        for v in virements
    ]
    return classeur_xlsx(
        Feuille(
            nom="Virements",
            titre=f"Lot {lot.reference}, exécution le {lot.execution_le:%d/%m/%Y} : "
            f"{quantite(len(lignes), 'virement')}, {euros(lot.montant)} ({lot.etat.lower()})",
            entetes=(
                "Référence",
                "Prestataire",
                "N° de convention",
                "Titulaire du compte",
                "IBAN",
                "Groupe n°",
                "Porteur de projet",
                "N° de convention du porteur",
                "Équipement",
                "Date de début",
                "Date de fin",
                "Aides",
                "Montant",
            ),
            lignes=lignes,
            totaux=("Total", *[None] * 10, sum(ligne[11] for ligne in lignes), lot.montant),
        )
    )


def classeur_des_sommes_dues(sommes: list[SommeDue], *, le: date) -> bytes:
    """Return the workbook of what is due, by provider."""
    return classeur_xlsx(
        Feuille(
            nom="Sommes dues",
            titre=f"Sommes dues, au {le:%d/%m/%Y}",
            entetes=(
                "Prestataire",
                "N° de convention",
                "Groupes",
                "Aides",
                "Montant",
                "Dû depuis le",
                "Compte",
                "À regarder",
            ),
            lignes=[
                (s.nom, s.convention, s.groupes, s.aides, s.montant, s.depuis, s.compte, s.remarque)
                for s in sommes
            ],
        )
    )
