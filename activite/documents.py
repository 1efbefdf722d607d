"""The figures as spreadsheets."""

from collections.abc import Iterable

from activite.tableaux import EN_EUROS, LIBELLES, Ligne, Tableau
from sev.socle.tableur import Feuille, classeur_xlsx


def classeur_de_l_activite(annees: list[Ligne], tableaux: list[Tableau], *, releve: str) -> bytes:
    """Return the workbook: ten years, then a sheet for each axis with both years side by side."""
    return classeur_xlsx(_feuille_des_annees(annees, releve), *(_feuille(t, releve) for t in tableaux))


def _feuille_des_annees(annees: list[Ligne], releve: str) -> Feuille:
    return Feuille(
        nom="Années",
        titre=f"Activité par année. {releve}",
        entetes=("Année", *(_entete(mesure) for mesure in LIBELLES)),
        lignes=[(ligne.cle, *(ligne.ici[mesure] for mesure in LIBELLES)) for ligne in annees],
    )


def _feuille(tableau: Tableau, releve: str) -> Feuille:
    return Feuille(
        nom=tableau.axe.titre,
        titre=f"Activité {tableau.annee} et {tableau.autre}, {tableau.axe.titre.lower()}. {releve}",
        entetes=(
            tableau.axe.titre,
            *(f"{_entete(m)} {annee}" for m in tableau.mesures for annee in (tableau.annee, tableau.autre)),
        ),
        lignes=[_rangee(ligne, tableau.mesures) for ligne in tableau.lignes],
        totaux=_rangee(tableau.total, tableau.mesures),
    )


def _entete(mesure: str) -> str:
    return f"{LIBELLES[mesure]} (€)" if mesure in EN_EUROS else LIBELLES[mesure]


def _rangee(ligne: Ligne, mesures: tuple[str, ...]) -> tuple:
    return (ligne.libelle, *(cote[mesure] for mesure in mesures for cote in (ligne.ici, ligne.avant)))


def classeur_de_l_occupation(prestataires: Iterable[dict], *, annee: int) -> bytes:
    """Return the workbook of the providers' occupancy."""
    return classeur_xlsx(
        Feuille(
            nom="Occupation",
            titre=f"Occupation des prestataires, séjours de {annee}",
            entetes=(
                "Prestataire",
                "N° de convention",
                "Équipements",
                "Séjours",
                "Places offertes",
                "Places prises",
                "Places en option",
                "Occupation (%)",
            ),
            lignes=[
                (
                    p["nom"],
                    p["numero"],
                    p["equipements"],
                    p["sejours"],
                    p["offertes"],
                    p["prises"],
                    p["en_option"],
                    round(100 * (p["taux"] or 0), 1),
                )
                for p in prestataires
            ],
        )
    )
