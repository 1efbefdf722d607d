"""How a known person is shown beside what was typed: the parts that differ, marked and said in words (I2)."""

from seniors.models import Senior
from seniors.models.seniors import Identite
from sev.socle.typographie import date_lettres

PARTIES = {
    "nom": "le nom",
    "prenom": "le prénom",
    "date": "la date de naissance",
    "ville": "la ville de naissance",
}


def presenter_semblable(senior: Senior, identite: Identite, jeton: str) -> dict:
    """Return what `composants/semblable.html` shows: name, birth and place only, and the differences."""
    cherchee = identite.cles()
    ecarts = {
        "nom": (senior.cle_nom != cherchee["cle_nom"], senior.nom, identite.nom),
        "prenom": (senior.cle_prenom != cherchee["cle_prenom"], senior.prenom, identite.prenom),
        "date": (
            senior.date_naissance != identite.date_naissance,
            date_lettres(senior.date_naissance),
            date_lettres(identite.date_naissance),
        ),
        "ville": (
            senior.cle_ville != cherchee["cle_ville"],
            senior.ville_naissance,
            identite.ville_naissance,
        ),
    }
    differe = [partie for partie, (ecart, _, _) in ecarts.items() if ecart]
    phrases = [f"{PARTIES[p]} ({ecarts[p][1]} au lieu de {ecarts[p][2]})" for p in differe]
    mot = "Différence" if len(differe) == 1 else "Différences"
    return {
        "nom": senior.nom,
        "prenom": senior.prenom,
        "ne": "Née" if senior.civilite == Senior.Civilite.MADAME else "Né",
        "date": date_lettres(senior.date_naissance),
        "ville": senior.ville_naissance,
        "differe": differe,
        "difference": f"{mot} : {', '.join(phrases)}." if differe else "",
        "exact": not differe,
        "jeton": jeton,
    }
