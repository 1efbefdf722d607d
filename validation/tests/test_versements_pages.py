"""« Mes versements » and bank details, through the pages: who reads what, what is refused, what the lists hold."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from html import unescape
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from conventions.tests.factories import MOT_DE_PASSE, CompteFactory, connecter
from seniors.tests.factories import clair
from validation.models import CoordonneesBancaires, Presence
from validation.operations.rejets import rejeter
from validation.operations.validations import confirmer, trancher
from validation.operations.versements import defaire_lot
from validation.tests.factories import (
    CONFIRME_LE,
    cles,
    comptes_de,
    instant,
    liste_confirmee,
    liste_du_manuel,
    liste_validee,
)
from validation.tests.versements import IBANS, LOT_LE, PAYEUR, iban_de, lot_paye, lot_prepare
from validation.versements import Etat, annee_du_prestataire, etat_du_versement, parts, sommes_dues

pytestmark = pytest.mark.django_db

LISTE = reverse("versements")
COORDONNEES = reverse("coordonnees-bancaires")


@pytest.fixture(autouse=True)
def le_25_juin(settings):
    settings.SEV_PAYEUR = PAYEUR
    with time_machine.travel("2022-06-25T10:00:00+02:00", tick=False):
        yield


@pytest.fixture
def groupe():
    """The manual's list: seven aids of 160 € due, one disputed."""
    groupe = liste_du_manuel()
    liste_validee(groupe)
    confirmer(
        groupe=groupe,
        presents=cles(groupe, "Pierre RONVIN"),
        par=comptes_de(groupe)[0],
        le=CONFIRME_LE,
        maintenant=instant(CONFIRME_LE),
    )
    return groupe


@pytest.fixture
def prestataire(groupe, client):
    compte = comptes_de(groupe)[1]
    connecter(client, compte)
    return compte


def texte(reponse) -> str:
    return clair(reponse.content.decode())


def envoi(**champs) -> dict:
    return {"titulaire": "SARL DES FLOTS", "iban": IBANS[0], "passe_actuel": MOT_DE_PASSE} | champs


# --- Bank details -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "saisi",
    [
        "FR76 3000 6000 0112 3456 7890 189",
        " fr7630006000011234567890189 ",
        "FR76-3000-6000-0112-3456-7890-189",
        "FR76\u00a03000\u202f6000 0112 3456 7890 189",
    ],
)
def test_an_iban_is_read_as_it_stands_on_paper(client, prestataire, saisi):
    assert client.post(COORDONNEES, envoi(iban=saisi)).status_code == 302
    assert CoordonneesBancaires.objects.get(prestataire=prestataire.organisme).iban == IBANS[0]


@pytest.mark.parametrize(
    ("saisi", "dit"),
    [
        ("", "Écrivez l'IBAN"),
        ("FR76 3000 6000 0112 3456 7890 188", "comporte une erreur"),
        ("FR76 3000 6000 0112 3456 7890", "a 27 caractères, vous en avez écrit 24"),
        ("30006000011234567890189", "deux lettres et deux chiffres"),
        ("FR76 3000 6000 0112 3456 7890 18é", "deux lettres et deux chiffres"),
        ("US64SVBKUS6S3300958879", "zone SEPA"),
        ("SA0380000000608010167519", "zone SEPA"),
        ("DE89 3704 0044 0532 0130 01", "comporte une erreur"),
        ("BE68539007547033", "comporte une erreur"),
        ("FR" + "7" * 70, "au plus 60 caractères"),
    ],
)
def test_a_wrong_iban_is_said_at_its_field_and_nothing_typed_is_lost(client, prestataire, saisi, dit):
    reponse = client.post(COORDONNEES, envoi(iban=saisi))
    assert reponse.status_code == 422
    assert list(reponse.context["form"].errors) == ["iban"]
    assert dit in reponse.context["form"].errors["iban"][0]
    assert "SARL DES FLOTS" in texte(reponse)
    assert not CoordonneesBancaires.objects.exists()


@pytest.mark.parametrize("iban", IBANS)
def test_accounts_of_the_whole_area_are_taken(client, prestataire, iban):
    assert client.post(COORDONNEES, envoi(iban=iban)).status_code == 302
    assert CoordonneesBancaires.objects.get().fin == iban[-4:]


@pytest.mark.parametrize("passe", ["", "Vacances-2026"])
def test_the_password_is_asked_again_so_that_a_stolen_session_moves_no_money(client, prestataire, passe):
    iban_de(prestataire.organisme)
    reponse = client.post(COORDONNEES, envoi(iban=IBANS[1], passe_actuel=passe))
    assert reponse.status_code == 422
    assert list(reponse.context["form"].errors) == ["passe_actuel"]
    assert CoordonneesBancaires.objects.get().iban == IBANS[0]
    assert MOT_DE_PASSE not in texte(reponse)


def test_guessing_the_password_is_paused_like_a_sign_in(client, prestataire, settings):
    settings.RALENTISSEMENT_CONNEXION = 0
    statuts = [client.post(COORDONNEES, envoi(passe_actuel="faux")).status_code for _ in range(6)]
    assert statuts[:4] == [422] * 4
    assert statuts[5] == 429
    assert not CoordonneesBancaires.objects.exists()


@pytest.mark.parametrize("titulaire", ["", "«»", "2022"])
def test_a_holder_that_a_bank_cannot_read_is_refused(client, prestataire, titulaire):
    reponse = client.post(COORDONNEES, envoi(titulaire=titulaire))
    assert reponse.status_code == 422
    assert list(reponse.context["form"].errors) == ["titulaire"]
    assert not CoordonneesBancaires.objects.exists()


def test_once_recorded_an_iban_is_read_by_its_ends_only(client, prestataire):
    iban_de(prestataire.organisme)
    for page in (LISTE, COORDONNEES):
        lue = texte(client.get(page))
        assert "FR76 … 0189" in lue
        assert IBANS[0] not in lue


def test_a_reader_reads_the_masked_account_and_changes_nothing(client, prestataire):
    iban_de(prestataire.organisme)
    connecter(client, CompteFactory(lecteur=True, organisme=prestataire.organisme))
    lue = client.get(COORDONNEES)
    assert lue.status_code == 200
    assert "FR76 … 0189" in texte(lue)
    assert "passe_actuel" not in texte(lue)
    assert client.post(COORDONNEES, envoi(iban=IBANS[1])).status_code == 403
    assert CoordonneesBancaires.objects.get().iban == IBANS[0]


# --- The list ---------------------------------------------------------------------------------------------


def test_a_provider_reads_what_is_due_being_paid_paid_and_disputed(client, prestataire, groupe):
    lue = texte(client.get(LISTE))
    assert "Sans IBAN, les aides restent dues" in lue
    assert "En litige" in lue
    assert "1 aide, 160 €" in lue
    assert "7 aides, 1 120 €" in lue
    iban_de(prestataire.organisme)
    lot = lot_prepare()
    lue = texte(client.get(LISTE))
    assert "Sans IBAN" not in lue
    assert "En cours de paiement" in lue
    assert f"réf. SEV-{lot.pk}-{groupe.pk}" in lue
    lot_paye(lot)
    assert f"le 23/06/2022, 7 aides, 1 120 €, réf. SEV-{lot.pk}-{groupe.pk}" in texte(client.get(LISTE))


def test_the_year_s_totals_are_exact(prestataire, groupe):
    def totaux():
        return list(annee_du_prestataire(prestataire, 2022).totaux.values())

    assert totaux() == [0, 0, 1_120, 0, 160]
    iban_de(prestataire.organisme)
    lot = lot_prepare()
    assert totaux() == [0, 1_120, 0, 0, 160]
    lot_paye(lot)
    annee = annee_du_prestataire(prestataire, 2022)
    assert list(annee.totaux.values()) == [1_120, 0, 0, 0, 160]
    assert annee.mois[4] == (1_120, 0)
    assert annee.phrase == ""
    deux_mois = replace(annee, mois=[(Decimal(0), Decimal(320)), *annee.mois[1:]])
    assert clair(deux_mois.phrase) == "Aides par mois de début du séjour : janvier 320 €, mai 1 120 €."
    assert list(annee_du_prestataire(prestataire, 2021).totaux.values()) == [0, 0, 0, 0, 0]


def test_an_undone_batch_is_due_again_for_the_provider(client, prestataire, groupe):
    iban_de(prestataire.organisme)
    lot = lot_prepare()
    defaire_lot(lot=lot, motif="Erreur", par=lot.cree_par, maintenant=instant(LOT_LE))
    lue = texte(client.get(LISTE))
    assert lot.reference not in lue
    assert f"SEV-{lot.pk}-" not in lue
    assert [(part.etat, part.aides) for part in parts([groupe.pk])[groupe.pk]] == [
        (Etat.LITIGE, 1),
        (Etat.A_VERSER, 7),
    ]


def test_a_dispute_settled_after_a_payment_makes_a_second_part(prestataire, groupe):
    iban_de(prestataire.organisme)
    premier = lot_paye()
    ancv = CompteFactory(ancv=True)
    trancher(
        presence=Presence.objects.en_litige().get(),
        venu=True,
        motif="Vu",
        par=ancv,
        le=date(2022, 6, 24),
        maintenant=instant(date(2022, 6, 24)),
    )
    second = lot_prepare(le=date(2022, 6, 24))
    assert [
        (part.aides, part.montant, part.reference, clair(etat_du_versement(part)))
        for part in parts([groupe.pk])[groupe.pk]
    ] == [
        (7, 1_120, f"SEV-{premier.pk}-{groupe.pk}", "Versé le 23/06/2022"),
        (1, 160, f"SEV-{second.pk}-{groupe.pk}", "En cours de paiement"),
    ]


@pytest.mark.parametrize(
    ("filtres", "trouves"),
    [
        ({}, 1),
        ({"etat": "A_VERSER"}, 1),
        ({"etat": "LITIGE"}, 1),
        ({"etat": "EN_COURS"}, 0),
        ({"etat": "VERSE"}, 0),
        ({"etat": "AUTRE"}, 1),
        ({"annee": "2022"}, 1),
        ({"annee": "2021"}, 0),
        ({"recherche": "actif residence"}, 1),
        ({"recherche": "n° 999999999"}, 0),
        ({"recherche": "SEV-1-1"}, 0),
        ({"tri": "-montant"}, 1),
        ({"tri": "rien"}, 1),
        ({"page": "99"}, 1),
    ],
)
def test_the_list_is_filtered(client, prestataire, filtres, trouves):
    reponse = client.get(LISTE, filtres)
    assert reponse.status_code == 200
    assert reponse.context["page"].paginator.count == trouves


def test_a_group_is_found_by_its_number_and_by_its_reference(client, prestataire, groupe):
    iban_de(prestataire.organisme)
    lot = lot_paye()
    for mots in (str(groupe.pk), f"n° {groupe.pk}", f"sev-{lot.pk}-{groupe.pk}"):
        page = client.get(LISTE, {"recherche": mots}).context["page"]
        assert [ligne["groupe"].pk for ligne in page] == [groupe.pk]


def test_the_spreadsheet_has_a_row_for_each_part(client, prestataire, groupe):
    iban_de(prestataire.organisme)
    lot = lot_paye()
    feuille = load_workbook(BytesIO(client.get(reverse("versements-xlsx")).content)).active
    lignes = list(feuille.iter_rows(min_row=4, values_only=True))
    assert [ligne[6:] for ligne in lignes] == [
        (1, 160, "En litige", None, None, None),
        (
            7,
            1_120,
            "Versé",
            instant(lot.paye_le, 0, 0).replace(tzinfo=None),
            None,
            f"SEV-{lot.pk}-{groupe.pk}",
        ),
    ]


def test_another_provider_reads_nothing_of_it(client, groupe):
    connecter(client, CompteFactory(prestataire=True))
    assert "Pas encore de versement." in texte(client.get(LISTE))
    assert client.get(LISTE).context["page"].paginator.count == 0


def test_the_list_costs_the_same_whatever_its_length(client, prestataire, groupe):
    def lire():
        with CaptureQueriesContext(connection) as capture:
            page = client.get(LISTE).context["page"]
        return len(capture), page.paginator.count

    requetes, seul = lire()
    for _ in range(3):
        liste_confirmee(liste_du_manuel(sejour=groupe.sejour))
    assert (seul, lire()) == (1, (requetes, 4))


# --- ANCV's list of what is due ---------------------------------------------------------------------------


def test_what_is_due_is_told_by_provider_and_a_young_account_is_pointed_out(groupe, prestataire):
    (due,) = sommes_dues(le=LOT_LE)
    assert (due.nom, due.aides, due.groupes, due.montant, due.depuis) == (
        prestataire.organisme.nom,
        7,
        1,
        1_120,
        CONFIRME_LE,
    )
    assert (due.compte, due.remarque) == ("sans IBAN", "IBAN à demander")
    iban_de(prestataire.organisme, le=date(2022, 5, 22))
    assert sommes_dues(le=date(2022, 6, 20))[0].remarque == "IBAN changé le 22/05/2022"
    assert sommes_dues(le=date(2022, 6, 21))[0].remarque == "Premier versement sur cet IBAN"
    lot_paye()
    suivant = liste_du_manuel(sejour=groupe.sejour)
    liste_confirmee(suivant)
    assert sommes_dues(le=date(2022, 6, 24))[0].remarque == ""


# --- Sent back by the bank ------------------------------------------------------------------------------------------


@pytest.fixture
def rejete(groupe, prestataire):
    """The transfer of these seven aids came back."""
    iban_de(prestataire.organisme)
    virement = lot_paye(lot_prepare()).virements.get()
    rejeter(
        virement=virement,
        rejete_le=date(2022, 6, 24),
        motif="AC04, compte clos",
        par=virement.lot.cree_par,
        le=date(2022, 6, 25),
        maintenant=instant(date(2022, 6, 25), 9),
    )
    return virement


def test_a_provider_reads_what_came_back_and_confirms_its_account(client, prestataire, rejete):
    page = texte(client.get(LISTE))
    assert "La banque a rejeté 1 120 € d'aides." in unescape(page)
    assert "Rejeté par la banque" in page
    assert f"le 24/06/2022, 7 aides, 1 120 €, réf. {rejete.reference}" in page
    assert client.get(LISTE, {"etat": "REJETE"}).context["page"].paginator.count == 1
    assert client.get(LISTE, {"etat": "VERSE"}).context["page"].paginator.count == 0
    feuille = load_workbook(BytesIO(client.get(reverse("versements-xlsx")).content)).active
    lignes = list(feuille.iter_rows(min_row=4, values_only=True))
    assert [ligne[8] for ligne in lignes] == ["En litige", "Rejeté par la banque"]
    assert [(ligne[9], ligne[10] and ligne[10].date(), ligne[11]) for ligne in lignes][1] == (
        None,
        date(2022, 6, 24),
        rejete.reference,
    )
    accueil = client.get("/").context["taches"]
    assert [t.titre for t in accueil if "rejeté" in t.titre] == ["Un virement a été rejeté par la banque"]
    meme = envoi(titulaire=f"SARL {prestataire.organisme.nom}"[:70])
    assert client.post(COORDONNEES, meme).status_code == 302
    assert "La banque a rejeté" not in texte(client.get(LISTE))
    assert lot_prepare(le=date(2022, 6, 25)).montant == 1_120


def test_a_porteur_reads_kindly_that_a_transfer_came_back(client, groupe, rejete):
    porteur = comptes_de(groupe)[0]
    connecter(client, porteur)
    page = unescape(texte(client.get(reverse("validation-groupe", args=[groupe.pk]))))
    assert "7 aides ; le prestataire vérifie son IBAN, puis l'ANCV verse à nouveau." in page
    assert "Vous n'avez rien à faire." in page
    assert rejete.reference not in page
    assert client.get("/").context["aides_versees"] == 7
