"""The year 2027 taken from nothing to running by ANCV's staff, on the pages: links followed, fields found by label.

No operation is called: what staff can't reach, read or press fails here.
"""

from datetime import datetime
from io import BytesIO, StringIO

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils.formats import date_format
from openpyxl import load_workbook

from conventions.models import Compte, Credit
from conventions.tests.factories import MOT_DE_PASSE, ProgrammeFactory
from conventions.tests.test_import import TITRES, dotation, rangee
from sejours.models import Groupe
from seniors.tests.factories import clair
from sev.controle import controler
from sev.tests.navigation import Visiteur
from sev.tests.test_droits import Bureau
from validation.tests.versements import IBANS, PAYEUR

PORTEURS = 192
JUSTES = [
    rangee(
        reference=f"EAS-2027-{n:05}",
        numero=f"ancv{4000 + n}",
        nom=f"CCAS DE LA COMMUNE {n}",
        email=f"ccas{n}@exemple.fr",
        annee="2027",
        montant="1 000,00",
        date="15/12/2026",
    )
    for n in range(1, PORTEURS + 1)
] + [
    rangee(
        reference="EAS-2027-09000",
        numero="presta90",
        nature="Prestataire",
        nom="LES PINS",
        type="",
        titulaire="Paul HÔTELIER",
        email="accueil@pins.exemple.fr",
        annee="2027",
        montant="",
    )
]
FAUSSES = {
    dotation("EAS-2027-08001", "ancv4001", "-20", "2027"): "Montant : Le montant est négatif",
    dotation("EAS-2027-08002", "ancv4001", "20", "2028"): "Le programme 2028 n'existe pas encore.",
    dotation(
        "EAS-2027-08003", "ancv9999", "20", "2027"
    ): "La convention ancv9999 est nouvelle : il manque la nature",
    dotation("EAS-2027-08004", "ancv4002", "mille", "2027"): "Montant : Écrivez le montant ainsi : 1 500,00",
    dotation(
        "EAS-2027-08005", "ancv4003", "900 000", "2027"
    ): "L'enveloppe 2027 serait dépassée : il y reste",
    rangee(
        reference="EAS-2027-08006", numero="ancv4998", annee="2027", email="jeanne"
    ): "E-mail : Écrivez une adresse",
    rangee(
        reference="EAS-2027-08007", numero="ancv4999", annee="2027", nature="Hôtel"
    ): "« Hôtel » est inconnu.",
}
PERSONNE = {
    "Nom": "MARTIN",
    "Prénom": "Jeanne",
    "Date de naissance": "12/03/1948",
    "Ville de naissance": "Rennes",
}
FICHE = {
    "Madame": True,
    "Adresse": "12 RUE DES LILAS",
    "Code postal": "35410",
    "Ville": "CHATEAUGIRON",
    "A l'aide": True,
    "Revenu fiscal de référence": "11 800",
    "Motif": "Inscription par téléphone",
}


@pytest.fixture(autouse=True)
def l_annee_d_avant(db, settings):
    """What there is on the first day: 2026, its tariffs, and the staff."""
    settings.SEV_PAYEUR = PAYEUR
    with time_machine.travel("2026-11-23T09:00:00+01:00", tick=False):
        ProgrammeFactory(annee=2026)


def agent(groupe: str) -> Visiteur:
    compte = Bureau.agent(groupe)
    Compte.objects.filter(pk=compte.pk).update(is_superuser=False)
    return Visiteur(Compte.objects.get(pk=compte.pk))


def le(jour: str):
    return time_machine.travel(f"{jour}T09:00:00+01:00", tick=False)


def horloge() -> None:
    """Let the clock run, as it does every five minutes."""
    call_command("echeances", stdout=StringIO())


def test_the_year_2027_from_nothing_to_running():
    gestion, finances = agent("gestion"), agent("finances")
    with le("2026-11-23"):
        l_annee_s_ouvre(gestion)
    with le("2026-12-16"):
        les_decisions_arrivent(gestion)
        une_convention_a_la_main(gestion)
    with le("2027-01-11"):
        un_sejour_et_ses_groupes(gestion)
        des_personnes(gestion)
    with le("2027-02-01"):
        un_complement(gestion)
    with le("2027-03-01"):
        une_suspension(gestion)
    with le("2027-05-03"):
        horloge()
        une_correction(gestion)
        une_fusion(gestion)
    with le("2027-05-24"):
        horloge()
    with le("2027-06-08"):
        valider(gestion)
    with le("2027-06-25"):
        confirmer(gestion)
    with le("2027-06-28"):
        un_lot_paye(finances)
        horloge()
        l_activite(gestion)
    assert list(controler()) == []


def l_annee_s_ouvre(gestion: Visiteur) -> None:
    """The envelope, then a tariff and a ceiling of that year."""
    gestion.arriver("/admin/").suivre("Programmes").suivre("2026").suivre("Ouvrir l'année 2027")
    gestion.remplir({"Enveloppe nationale (€)": "300 000"}).presser("Voir ce que cela change")
    assert "Enveloppe 2027 : 300 000 €" in gestion.lu
    gestion.presser("Confirmer")
    assert "Le programme 2027 est ouvert." in gestion.lu
    gestion.remplir({"Délai de réponse à une option (jours)": "10"}).presser("Enregistrer")

    gestion.suivre("Accueil").suivre("Tarifs").suivre("Fixer un tarif")
    tarif = {"Durée": "8 jours, 7 nuits", "Pour les séjours à partir du": "01/01/2027"}
    gestion.remplir(tarif | {"Prix maximum (€)": "420,00", "Aide (€)": "170 €"})
    gestion.presser("Voir ce que cela change")
    assert "Désormais : 420 €, aide 170 €." in gestion.lu
    gestion.presser("Confirmer")
    assert "Le tarif est fixé." in gestion.lu

    gestion.suivre("Accueil").suivre("Plafonds de revenu").suivre("Fixer un plafond")
    foyer = {"Avis d'imposition de": "2026", "Situation": "Personne seule", "Parts": "1"}
    gestion.remplir(foyer | {"Plafond (€)": "11 500"}).presser("Voir ce que cela change")
    assert "Il sert aux séjours de 2027" in gestion.lu
    gestion.presser("Confirmer")
    assert "Le plafond est fixé." in gestion.lu


def les_decisions_arrivent(gestion: Visiteur) -> None:
    """A file of 200 decisions, of which 7 are wrong: read, told line by line, written."""
    gestion.arriver("/admin/").suivre("Imports de décisions").suivre("Lire un fichier de décisions")
    contenu = "\r\n".join((TITRES, *JUSTES[:100], *FAUSSES, *JUSTES[100:])).encode()
    gestion.remplir({"Fichier CSV": SimpleUploadedFile("decisions.csv", contenu, "text/csv")})
    gestion.presser("Lire un fichier de décisions")
    assert "Le fichier est lu : 200 lignes. Rien n'est encore écrit." in gestion.lu
    assert "À corriger : 7 Prête : 193" in gestion.lu
    assert [faux for faux in FAUSSES.values() if faux not in gestion.lu] == []
    gestion.suivre("Importer les 193 lignes")
    assert "193 lignes à écrire, 192 000 € en tout" in gestion.lu
    gestion.presser("Importer les 193 lignes")
    page = gestion.adresse
    horloge()
    gestion.arriver(page)
    assert "L’import est terminé." in gestion.lu
    assert "À corriger : 7 Importée : 193" in gestion.lu
    assert gestion.telecharger("Rapport en CSV").count(b"\n") >= 200


def une_convention_a_la_main(gestion: Visiteur) -> None:
    """A porteur that no file brought: organisation, convention, activation with its first credit."""
    gestion.arriver("/admin/").suivre("Organismes").suivre("Ajouter un organisme")
    organisme = {
        "Nature": "Porteur de projet",
        "Organisation": "CCAS DE FOUGÈRES",
        "Type du porteur": "CCAS / CIAS",
    }
    gestion.remplir(organisme).presser("Enregistrer")
    gestion.suivre("Créer sa convention")
    gestion.remplir({"Organisme": "FOUGÈRES", "N° de convention": "ANCV 4500"}).presser("Enregistrer")
    gestion.suivre("Activer la convention")
    titulaire = {"Prénom et nom du titulaire": "Anne LE ROUX", "Adresse e-mail": "anne@fougeres.exemple.fr"}
    gestion.remplir(titulaire | {"Année": "2027", "Crédits alloués (€)": "170"})
    gestion.presser("Activer la convention")
    assert "La convention est activée." in gestion.lu


def un_sejour_et_ses_groupes(gestion: Visiteur) -> None:
    """A village, its offer, two stays, a group on each."""
    gestion.arriver("/admin/").suivre("Équipements").suivre("Ajouter un équipement")
    village = {
        "Prestataire": "PINS",
        "Nom": "LES PINS",
        "Numéro et voie": "1 RUE DE LA PLAGE",
        "Ville": "ROYAN",
    }
    village |= {"Code postal": "17200", "Département": "17 Charente-Maritime", "Environnement": "Mer"}
    gestion.remplir(village).presser("Enregistrer")
    gestion.suivre("Ajouter une offre")
    gestion.remplir({"Année": "2027", "Durée": "8 jours, 7 nuits", "Prix par personne (€)": "410"})
    gestion.presser("Ajouter une offre")
    assert "L'offre est créée." in gestion.lu
    for numero, debut in (("ancv4500", "15/05/2027"), ("ancv4001", "12/06/2027")):
        gestion.suivre("Accueil").suivre("Offres").suivre("LES PINS").suivre("Publier un séjour")
        gestion.remplir({"Date de début": debut, "Places": "40"}).presser("Publier un séjour")
        assert "Le séjour est publié." in gestion.lu
        gestion.suivre("Accueil").suivre("Séjours").suivre("LES PINS", ligne=texte_de(debut))
        gestion.suivre("Pré-inscrire un groupe")
        gestion.remplir({"N° de convention du porteur": numero, "Places": "10"}).presser(
            "Pré-inscrire un groupe"
        )
        assert "Le groupe est pré-inscrit." in gestion.lu


def des_personnes(gestion: Visiteur) -> None:
    """Two on the first list, for whom there is one aid; on the second, the first of them under another spelling."""
    inscrire(gestion, "ancv4500", {"Nom": "MARTIN", "Prénom": "Jeanne"})
    assert "La personne est sur la liste." in gestion.lu
    inscrire(gestion, "ancv4500", {"Nom": "LE GOFF", "Prénom": "Marcel", "Date de naissance": "03/02/1944"})
    inscrire(gestion, "ancv4001", {"Nom": "MARTAIN", "Prénom": "Jeanne"})
    assert credit_de("ancv4500") == (170, 170, 0)
    assert credit_de("ancv4001") == (1_000, 170, 830)


def inscrire(gestion: Visiteur, convention: str, qui: dict) -> None:
    gestion.arriver("/admin/").suivre("Groupes").suivre(numero_du_groupe(convention))
    gestion.suivre("Ajouter une personne…").remplir(PERSONNE | qui).presser("Voir ce que cela change")
    gestion.remplir(FICHE).presser("Voir ce que cela change")
    assert "Rien n'est encore enregistré." in gestion.lu
    gestion.presser("Confirmer")


def numero_du_groupe(convention: str) -> str:
    return str(Groupe.objects.get(porteur__convention__numero=convention).pk)


def credit_de(numero: str) -> tuple[int, int, int]:
    """Return what is allotted, engaged and free, in 2027."""
    credit = Credit.objects.get(convention__numero=numero, programme=2027)
    return credit.alloue, credit.engage, credit.disponible


def un_complement(gestion: Visiteur) -> None:
    """A porteur asks on its pages; ANCV grants, and the person who waits is aided at once."""
    porteur = Visiteur(Compte.objects.get(identifiant="ancv4500"))
    porteur.arriver("/credits/").suivre("Demander un complément de crédits 2027")
    porteur.remplir({"Montant demandé (€)": "340", "Motif": "Deux personnes de plus"})
    porteur.presser("Envoyer à l’ANCV")
    gestion.arriver("/admin/").suivre("Demandes de complément").ouvrir("FOUGÈRES").suivre("Accorder")
    gestion.remplir({"Montant accordé (€)": "170,00", "Réponse": "La moitié pour l'instant"}).presser(
        "Accorder"
    )
    assert "La file d'attente a donné 1 aide : Marcel LE GOFF" in gestion.lu
    assert credit_de("ancv4500") == (340, 340, 0)


def une_suspension(gestion: Visiteur) -> None:
    """Suspended with a message that every page shows, then resumed."""
    porteur = Visiteur(Compte.objects.get(identifiant="ancv4500"))
    gestion.arriver("/admin/").suivre("Programmes").suivre("2027").suivre("Suspendre le programme")
    gestion.remplir({"Message": "Reprise le 15 mars."}).presser("Voir ce que cela change")
    assert "E-mails qui partiront : 194" in gestion.lu
    gestion.presser("Confirmer")
    assert "Reprise le 15 mars." in porteur.arriver("/groupes/").lu
    gestion.suivre("Reprendre le programme").presser("Voir ce que cela change").presser("Confirmer")
    assert "Reprise le 15 mars." not in porteur.arriver("/groupes/").lu


def une_correction(gestion: Visiteur) -> None:
    """After the lock: a mistake in a name, with what it changes, its reason, and who is told."""
    gestion.arriver("/admin/").suivre("Groupes").suivre(numero_du_groupe("ancv4500"))
    gestion.ouvrir("LE GOFF").suivre("Corriger…")
    assert "La liste est close depuis le 28/04/2027" in gestion.lu
    gestion.remplir({"Prénom": "Marcelin", "Motif": "Prénom de la carte d'identité"})
    gestion.presser("Voir ce que cela change").presser("Confirmer")
    assert "La fiche est corrigée." in gestion.lu


def une_fusion(gestion: Visiteur) -> None:
    """The clock has found two spellings of one person; her second aid goes back to its porteur."""
    gestion.arriver("/admin/").suivre("Doublons probables")
    gestion.ouvrir("MARTAIN").suivre("Fusionner…")
    assert "La seconde aide 2027 (170 €" in gestion.lu
    gestion.remplir({"Motif": "Même carte d'identité"}).presser("Fusionner")
    assert "Les deux fiches n'en font plus qu'une." in gestion.lu
    assert credit_de("ancv4001") == (1_000, 0, 1_000)


def valider(gestion: Visiteur) -> None:
    """The provider has not answered within its fifteen days: ANCV does in its place."""
    gestion.arriver("/admin/").suivre("Validations").suivre(numero_du_groupe("ancv4500"))
    gestion.suivre("Valider à la place du prestataire…").remplir({"Motif": "Sans réponse"})
    gestion.presser("Voir ce que cela change").presser("Confirmer")
    assert "La liste est validée." in gestion.lu


def confirmer(gestion: Visiteur) -> None:
    gestion.arriver("/admin/").suivre("Validations").suivre(numero_du_groupe("ancv4500"))
    gestion.suivre("Confirmer à la place du porteur…").remplir({"Motif": "Sans réponse"})
    gestion.presser("Voir ce que cela change").presser("Confirmer")
    assert "La liste est confirmée." in gestion.lu


def un_lot_paye(finances: Visiteur) -> None:
    """The provider has said where it is paid; a batch is shown, made, given to the bank, marked paid."""
    hotelier = Compte.objects.get(identifiant="presta90")
    hotelier.set_password(MOT_DE_PASSE)  # as the mail of its activation asked
    hotelier.save(update_fields=["password"])
    prestataire = Visiteur(hotelier).arriver("/versements/coordonnees/")
    compte = {"Titulaire du compte": "SARL LES PINS", "IBAN": IBANS[0], "Votre mot de passe": MOT_DE_PASSE}
    prestataire.remplir(compte)
    prestataire.presser("Enregistrer les coordonnées bancaires")

    finances.arriver("/admin/").suivre("Lots de versements").suivre("Sommes dues")
    assert "340 €" in finances.lu
    finances.suivre("Préparer un lot…").remplir({"Date d'exécution": "30/06/2027"})
    finances.presser("Voir ce que cela change")
    assert "un lot de 340 € (1 virement)" in finances.lu
    finances.presser("Confirmer")
    assert b"340.00" in finances.telecharger("Ordre de virement pour la banque (XML, pain.001.001.09)")
    finances.suivre("Marquer payé…").remplir({"Payé le": "28/06/2027"}).presser("Marquer payé")
    assert "Le lot est payé." in finances.lu
    assert Credit.objects.get(convention__numero="ancv4500", programme=2027).verse == 340


def l_activite(gestion: Visiteur) -> None:
    """The year in figures, on a page and in a spreadsheet."""
    gestion.arriver("/admin/").suivre("Activité", ligne="")
    assert "2027" in gestion.lu
    feuille = load_workbook(BytesIO(gestion.telecharger("Tout en tableur"))).active
    assert feuille.max_row > 2


def texte_de(debut: str) -> str:
    """Return a day as the lists of the admin write it."""
    return clair(date_format(datetime.strptime(debut, "%d/%m/%Y").date()))
