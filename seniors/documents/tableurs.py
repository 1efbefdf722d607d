"""The spreadsheet of a group: the rooming-list for both sides, and the porteur's détails."""

from datetime import date, datetime

from seniors.documents.cadre import etat, participant, tout_montrer
from seniors.documents.details import totaux
from seniors.documents.listes import lignes, sections
from seniors.regles.libelles import libelle_decision
from seniors.rooming import Genre, arranger
from sev.socle.tableur import Feuille, classeur_xlsx


def _titre(groupe, *, le: date, maintenant: datetime) -> str:
    situation = etat(groupe, le=le, maintenant=maintenant)
    sejour = groupe.sejour
    return (
        f"{sejour.offre.equipement.nom}, du {sejour.debut:%d/%m/%Y} au {sejour.fin:%d/%m/%Y}, "
        f"groupe n° {groupe.pk}, {groupe.porteur.nom} : {situation['titre'].lower()} {situation['detail']}"
    )


def _rooming(inscriptions, *, vue: str, titre: str) -> Feuille:
    arrangement = arranger(participant(inscription, vue=vue) for inscription in inscriptions)
    rangs = []
    for section in sections(arrangement, lignes(arrangement)):
        for numero, chambre in enumerate(section.chambres, start=1):
            for ligne in chambre:
                p = ligne.participant
                rangs.append(
                    (
                        section.titre,
                        numero,
                        None,
                        p.nom,
                        p.prenom,
                        p.age,
                        p.handicape,
                        p.dependant,
                        ", ".join(r.texte for r in ligne.de_genre(Genre.REGIME)),
                        ". ".join(
                            [*(r.texte for r in ligne.de_genre(Genre.ACCUEIL, Genre.AUTRE)), *ligne.mentions]
                        ),
                    )
                )
    entetes = (
        "Type de chambre",
        "Chambre",
        "N° attribué",
        "Nom",
        "Prénom",
        "Âge",
        "Handicapé",
        "Dépendant",
        "Régime et allergies",
        "Demandes",
    )
    return Feuille("Rooming-list", entetes, rangs, titre=titre)


def _details(groupe, inscriptions, *, titre: str) -> Feuille:
    rangs = [
        (
            i.senior.get_civilite_display(),
            i.senior.nom,
            i.senior.prenom,
            i.senior.date_naissance,
            i.senior.telephone,
            i.senior.contact_urgence,
            i.get_eligibilite_display(),
            i.handicape,
            i.dependant,
            i.aide,
            str(libelle_decision(i)),
            groupe.prix,
            groupe.prix - (i.aide or 0),
            i.inscrite_le,
        )
        for i in inscriptions
    ]
    entetes = (
        "Civilité",
        "Nom",
        "Prénom",
        "Date de naissance",
        "Téléphone",
        "Personne à prévenir",
        "Éligibilité",
        "Handicapé",
        "Dépendant",
        "Aide accordée",
        "Décision",
        "Tarif du séjour",
        "Reste à payer",
        "Date d'inscription",
    )
    somme = totaux(groupe, inscriptions)
    pied = ["Total", somme.inscrits, *[None] * 7, somme.aide, None, somme.prix, somme.reste, None]
    return Feuille("Détails", entetes, rangs, titre=titre, totaux=pied)


def liste_xlsx(groupe, inscriptions, *, vue: str, le: date, maintenant: datetime) -> bytes:
    """The workbook: the rooming-list, preceded by the détails for the porteur and ANCV."""
    inscriptions = list(inscriptions)
    titre = _titre(groupe, le=le, maintenant=maintenant)
    feuilles = [_rooming(inscriptions, vue=vue, titre=titre)]
    if tout_montrer(vue):
        feuilles.insert(0, _details(groupe, inscriptions, titre=titre))
    return classeur_xlsx(*feuilles)
