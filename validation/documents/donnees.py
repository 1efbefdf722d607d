"""What reports and answers say of one person (X4), in words that she reads: sections of her export."""

from seniors.documents.donnees import dire, valeurs
from seniors.models import Senior
from sev.socle.typographie import quantite
from validation.models import PersonneSignalee, Presence

SIGNALEE = ("nom", "prenom", "date_naissance", "ville_naissance", "precisions", "refus", "effacee_le")
PRESENCE = ("selon_prestataire", "selon_porteur", "tranchee", "motif")


def donnees_de(senior: Senior) -> dict[str, list[dict[str, str]]]:
    """Return who said that `senior` travelled, and the reports that name her.

    Papers are counted, and the message of a report that names others too is left aside: staff hand over what is hers.
    """
    presences = Presence.objects.filter(inscription__senior=senior).order_by("pk")
    signalees = PersonneSignalee.objects.au_sujet_de(senior).order_by("pk")
    return {
        "Présences": [{"groupe": str(p.validation_id)} | valeurs(p, PRESENCE) for p in presences],
        "Signalements de liste non conforme": [
            _signalee(p)
            for p in signalees.select_related("signalement").prefetch_related(
                "signalement__pieces", "signalement__personnes"
            )
        ],
    }


def _signalee(personne: PersonneSignalee) -> dict[str, str]:
    signalement = personne.signalement
    seule = len(signalement.personnes.all()) == 1
    gardees = [piece for piece in signalement.pieces.all() if piece.detruite_le is None]
    dites = {
        "numéro": str(signalement.pk),
        "groupe": str(signalement.validation_id),
        "signalé par": signalement.get_cote_display(),
        "signalé le": dire(signalement.fait_le),
        **valeurs(personne, SIGNALEE),
        "décision": "ajoutée à la liste" if personne.inscription_id else "",
        "message": signalement.message if seule or not signalement.message else "remis à part",
        "pièces jointes": f"{quantite(len(gardees), 'pièce')}, remises à part" if gardees else "",
    }
    return {libelle: valeur for libelle, valeur in dites.items() if valeur}
