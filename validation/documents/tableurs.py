"""The spreadsheet of a batch, beside the bank's file: the same transfers, whole IBANs included (V8)."""

from sev.socle.tableur import Feuille, classeur_xlsx
from sev.socle.typographie import euros, quantite
from validation.models import Lot


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
