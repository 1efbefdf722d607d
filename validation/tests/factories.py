"""A list after its stay: the manual's 13 people, validated and confirmed by the operations.

The stay is the manual's week, 14 to 21 May 2022: the provider has until 5 June; validated on 30 May, the porteur has
until 14 June.
"""

from datetime import date, datetime

from django.core.files.uploadedfile import SimpleUploadedFile

from conventions.models import Compte
from conventions.tests.factories import CompteFactory
from sejours.models import Groupe
from sejours.operations.groupes import verrouiller_listes
from seniors.models import Inscription
from seniors.tests.factories import PARIS, InscriptionFactory, SeniorFactory, groupe_dote
from validation.models import Signalement, Validation
from validation.operations.pieces import mettre_de_cote
from validation.operations.signalements import PersonneManquante, signaler
from validation.operations.validations import confirmer, valider
from validation.pieces import lire_piece

VALIDE_LE = date(2022, 5, 30)
CONFIRME_LE = date(2022, 6, 10)
# The manual's page « Validation des listes », with all four eligibilities: (name, first name, eligibility).
DU_MANUEL = (
    ("RIAUX", "Madeleine", "PROGRAMME"),
    ("RIBAUT", "Marie-Josèphe", "AIDE"),
    ("RIBAUT", "Pierre", "AIDE"),
    ("RONCERAY", "Raymond", "AIDE"),
    ("RONCERAY", "Marie", "CONJOINT"),
    ("RONVIN", "Pierre", "AIDE"),
    ("SALMON", "André", "PROGRAMME"),
    ("SAUDRAIS", "Marguerite", "PROGRAMME"),
    ("SAUDRAIS", "Maurice", "PROGRAMME"),
    ("SAUDRAIS", "Yvonne", "PROGRAMME"),
    ("SAVATE", "Bernard", "AIDE"),
    ("SIMON", "Monique", "AIDE"),
    ("SIMON", "Pierre", "AIDANT"),
)


def instant(le: date, heure: int = 10, minute: int = 32) -> datetime:
    """Return a moment of the day `le`, in Paris."""
    return datetime(le.year, le.month, le.day, heure, minute, tzinfo=PARIS)


def liste_du_manuel(alloue=1_500, **champs) -> Groupe:
    """Return a group with the 13 people of the manual on its locked list; 8 of them aided, 160 € each."""
    groupe = groupe_dote(alloue, places=13, **champs)
    inscrits: dict[tuple[str, str], Inscription] = {}
    liens = {("RONCERAY", "Marie"): ("RONCERAY", "Raymond"), ("SIMON", "Pierre"): ("SIMON", "Monique")}
    for nom, prenom, eligibilite in DU_MANUEL:
        inscrits[nom, prenom] = InscriptionFactory(
            groupe=groupe,
            senior=SeniorFactory(nom=nom, prenom=prenom),
            eligibilite=eligibilite,
            senior_lie=inscrits.get(liens.get((nom, prenom))),
            dependant=(nom, prenom) == ("SIMON", "Monique"),
        )
    verrouiller_listes(le=date(2022, 4, 28), maintenant=instant(date(2022, 4, 28), 0, 5))
    return Groupe.objects.complets().get(pk=groupe.pk)


def comptes_de(groupe: Groupe) -> tuple[Compte, Compte]:
    """Return the account holders of the porteur and of the provider, made when they are missing."""
    return tuple(
        organisme.comptes.filter(titulaire=True).first() or CompteFactory(convention=organisme.convention)
        for organisme in (groupe.porteur, groupe.sejour.offre.equipement.prestataire)
    )


def cles(groupe: Groupe, *sauf: str) -> set[int]:
    """Return the keys of the list's registrations but those of the persons whose first name and name are in `sauf`."""
    presentes = groupe.inscriptions.presentes().select_related("senior")
    return {i.pk for i in presentes if str(i.senior) not in sauf}


def liste_validee(groupe: Groupe, *absents: str, le: date = VALIDE_LE) -> Validation:
    """Return the validation of `groupe` once its provider has said who came: everybody but `absents`."""
    _, prestataire = comptes_de(groupe)
    return valider(
        groupe=groupe, presents=cles(groupe, *absents), par=prestataire, le=le, maintenant=instant(le)
    )


def liste_confirmee(groupe: Groupe, *absents: str, le: date = CONFIRME_LE) -> Validation:
    """Return the validation of `groupe` once both sides have answered the same: everybody but `absents`."""
    liste_validee(groupe, *absents)
    porteur, _ = comptes_de(groupe)
    confirmer(groupe=groupe, presents=cles(groupe, *absents), par=porteur, le=le, maintenant=instant(le))
    return Validation.objects.get(pk=groupe.pk)


def fichier_pdf(nom: str = "avis.pdf", corps: bytes = b"") -> SimpleUploadedFile:
    """Return an uploaded PDF of one empty page, with `corps` among its objects."""
    contenu = (
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R /OpenAction [3 0 R /Fit] >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n"
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>\nendobj\n"
        + corps
        + b"\nxref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"
    )
    return SimpleUploadedFile(nom, contenu, "application/pdf")


def manquante(**champs) -> PersonneManquante:
    """Return somebody who travelled and is on no list."""
    dites = {
        "nom": "LE GOFF",
        "prenom": "Marcel",
        "date_naissance": date(1944, 2, 3),
        "ville_naissance": "Quimper",
    }
    return PersonneManquante(**dites | champs)


def signalement(
    groupe: Groupe, par: Compte, *personnes: PersonneManquante, le: date = VALIDE_LE
) -> Signalement:
    """Return the report of `groupe` made by `par` on `le`: one person missing, one paper."""
    return signaler(
        groupe=groupe,
        personnes=list(personnes) or [manquante()],
        pieces=[mettre_de_cote(lire_piece(fichier_pdf()), compte=par)],
        message="Elle remplaçait une personne malade.",
        par=par,
        le=le,
        maintenant=instant(le),
    )
