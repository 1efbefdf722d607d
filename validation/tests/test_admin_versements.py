"""ANCV's batches in the admin: what is due, the preview, the files and who took them, paying, undoing."""

from datetime import timedelta
from html import unescape
from io import BytesIO

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.urls import reverse
from openpyxl import load_workbook
from sepaxml.validation import try_valid_xml

from conventions.tests.factories import CompteFactory, connecter
from seniors.tests.factories import clair
from sev.socle.models import Lecture
from validation.models import CoordonneesBancaires, Lot, Versement
from validation.operations.retention import effacer_fichiers
from validation.tests.factories import instant, liste_confirmee, liste_du_manuel
from validation.tests.versements import IBANS, LOT_LE, PAYEUR, iban_de, lot_paye, lot_prepare

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def le_20_juin(settings):
    settings.SEV_PAYEUR = PAYEUR
    with time_machine.travel("2022-06-20T12:00:00+02:00", tick=False):
        yield


@pytest.fixture
def ancv(client):
    compte = CompteFactory(ancv=True)
    connecter(client, compte)
    return compte


@pytest.fixture
def groupes():
    """Two lists with eight aids of 160 € due each: the first provider has an account, the second has not."""
    avec, sans = liste_du_manuel(), liste_du_manuel()
    for groupe in (avec, sans):
        liste_confirmee(groupe)
    iban_de(avec.sejour.offre.equipement.prestataire)
    return avec, sans


def adresse(nom: str, *cles) -> str:
    return reverse(f"admin:validation_lot_{nom}", args=cles)


def lu(reponse) -> str:
    return clair(unescape(reponse.content.decode()))


def test_what_is_due_is_read_by_provider(client, ancv, groupes):
    page = lu(client.get(adresse("sommes_dues")))
    assert "2 560 € à verser, dont 1 280 € à des prestataires sans IBAN" in page
    assert "IBAN changé le 20/06/2022" in page
    assert "IBAN à demander" in page
    assert IBANS[0] not in page
    feuille = load_workbook(BytesIO(client.get(adresse("sommes_dues_xlsx")).content)).active
    assert [ligne[3:5] for ligne in feuille.iter_rows(min_row=4, values_only=True)] == [(8, 1_280)] * 2
    assert "Sommes dues" in lu(client.get(adresse("changelist")))


def test_a_batch_is_shown_before_it_is_made(client, ancv, groupes):
    reponse = client.post(adresse("add"), {"execution_le": "22/06/2022"})
    assert reponse.status_code == 200
    page = lu(reponse)
    assert "un lot de 1 280 € (1 virement), 1 280 € laissés de côté" in page
    assert "laissé de côté : sans IBAN" in page
    assert "FR76 … 0189 : IBAN changé le 20/06/2022" in page
    assert not Lot.objects.exists()
    confirme = {"execution_le": "22/06/2022", "confirmer": reponse.context["apercu"].empreinte}
    assert client.post(adresse("add"), confirme).status_code == 302
    lot = Lot.objects.get()
    assert (lot.montant, lot.cree_par) == (1_280, ancv)
    assert client.get(adresse("changelist")).status_code == 200
    fiche = lu(client.get(adresse("change", lot.pk)))
    assert f"SEV-{lot.pk}-{groupes[0].pk}" in fiche
    assert IBANS[0] not in fiche


def test_what_changed_since_the_preview_is_shown_again(client, ancv, groupes):
    empreinte = client.post(adresse("add"), {"execution_le": "22/06/2022"}).context["apercu"].empreinte
    iban_de(groupes[1].sejour.offre.equipement.prestataire, IBANS[1])
    reponse = client.post(adresse("add"), {"execution_le": "22/06/2022", "confirmer": empreinte})
    assert "quelque chose a changé" in lu(reponse)
    assert not Lot.objects.exists()


def test_a_refusal_is_said_on_the_page(client, ancv, groupes, settings):
    assert client.post(adresse("add"), {"execution_le": "19/06/2022"}).status_code == 422
    settings.SEV_PAYEUR = PAYEUR | {"iban": ""}
    reponse = client.post(adresse("add"), {"execution_le": "22/06/2022"})
    assert reponse.status_code == 422
    assert "SEV_PAYEUR_IBAN" in lu(reponse)


def test_the_files_are_given_to_finance_and_who_took_them_is_written(client, ancv, groupes):
    lot = lot_prepare()
    reponse = client.get(adresse("ordre", lot.pk))
    assert reponse["Content-Disposition"] == f'attachment; filename="{lot.reference}.xml"'
    assert "no-store" in reponse["Cache-Control"]
    try_valid_xml(reponse.content, "pain.001.001.09")
    feuille = load_workbook(BytesIO(client.get(adresse("tableur", lot.pk)).content)).active
    assert [ligne[4:6] for ligne in feuille.iter_rows(min_row=4, max_row=4, values_only=True)] == [
        (IBANS[0], groupes[0].pk)
    ]
    assert list(Lecture.objects.values_list("quoi", "cle", "par")) == [
        ("tableur d'un lot", lot.pk, ancv.pk),
        ("ordre de virement", lot.pk, ancv.pk),
    ]
    assert "Ordre téléchargé par Alix AGENT, le 20/06/2022 à" in lu(client.get(adresse("change", lot.pk)))


def test_a_batch_is_paid_from_its_page_once(client, ancv, groupes):
    lot = lot_prepare()
    assert "On ne revient pas en arrière" in lu(client.get(adresse("payer", lot.pk)))
    assert client.post(adresse("payer", lot.pk), {"paye_le": "21/06/2022"}).status_code == 422
    assert client.post(adresse("payer", lot.pk), {"paye_le": "20/06/2022"}).status_code == 302
    assert Lot.objects.get().etat == "Payé"
    assert client.post(adresse("payer", lot.pk), {"paye_le": "20/06/2022"}).status_code == 422
    assert "Ce lot est déjà marqué payé" in lu(client.post(adresse("defaire", lot.pk), {"motif": "Non"}))
    fiche = lu(client.get(adresse("change", lot.pk)))
    assert "Marquer payé…" not in fiche
    assert "Défaire…" not in fiche


def defaire(client, lot) -> None:
    apercu = client.post(adresse("defaire", lot.pk), {"motif": "Mauvaise date"}).context["apercu"]
    donnees = {"motif": "Mauvaise date", "confirmer": apercu.empreinte}
    assert client.post(adresse("defaire", lot.pk), donnees).status_code == 302


def test_a_file_taken_while_its_batch_is_being_undone_is_said_before_anything_is_undone(
    client, ancv, groupes
):
    lot = lot_prepare()
    apercu = client.post(adresse("defaire", lot.pk), {"motif": "Mauvaise date"}).context["apercu"]
    assert ("Fichier téléchargé par", "personne", "personne") in apercu.lignes
    client.get(adresse("ordre", lot.pk))
    donnees = {"motif": "Mauvaise date", "confirmer": apercu.empreinte}
    page = lu(client.post(adresse("defaire", lot.pk), donnees))
    assert "quelque chose a changé" in page
    assert "assurez-vous que la banque ne l'exécutera pas" in page
    assert Lot.objects.get().defait_le is None
    defaire(client, lot)
    assert Lot.objects.get().etat == "Défait"


def test_undoing_says_who_has_the_file_which_is_given_no_more(client, ancv, groupes):
    lot = lot_prepare()
    assert "n'a été téléchargé par personne" in lu(client.get(adresse("defaire", lot.pk)))
    client.get(adresse("ordre", lot.pk))
    assert "assurez-vous que la banque ne l'exécutera pas" in lu(client.get(adresse("defaire", lot.pk)))
    defaire(client, lot)
    assert Versement.objects.a_verser().count() == 16
    for fichier in ("ordre", "tableur"):
        assert client.get(adresse(fichier, lot.pk)).status_code == 404
    assert "ses fichiers ne sont plus donnés" in lu(client.get(adresse("change", lot.pk)))


def test_staff_who_only_read_see_masked_accounts_and_get_no_file(client, groupes):
    lot = lot_prepare()
    lecteur = CompteFactory(ancv=True, is_superuser=False)
    lecteur.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    connecter(client, lecteur)
    assert client.get(adresse("change", lot.pk)).status_code == 200
    assert client.get(adresse("sommes_dues")).status_code == 200
    for nom in ("ordre", "tableur", "payer", "defaire"):
        assert client.get(adresse(nom, lot.pk)).status_code == 403
    assert client.get(adresse("add")).status_code == 403
    for modele in ("coordonneesbancaires", "versement", "lotevent", "coordonneesbancairesevent"):
        page = lu(client.get(reverse(f"admin:validation_{modele}_changelist")))
        assert IBANS[0] not in page
    assert not Lecture.objects.exists()


def test_the_journals_and_lists_of_money_open(client, ancv, groupes):
    lot_paye()
    for modele in ("lot", "coordonneesbancaires", "versement", "lotevent", "coordonneesbancairesevent"):
        assert client.get(reverse(f"admin:validation_{modele}_changelist"), {"q": "SEV"}).status_code == 200
    versement = Versement.objects.first()
    assert client.get(reverse("admin:validation_versement_change", args=[versement.pk])).status_code == 200


def test_sums_and_batches_are_filtered_by_where_they_stand(client, ancv, groupes):
    def combien(modele: str) -> dict[str, int]:
        liste = reverse(f"admin:validation_{modele}_changelist")
        etats = {"versement": ("A_VERSER", "EN_COURS", "VERSE"), "lot": ("A_PAYER", "PAYE", "DEFAIT")}[modele]
        return {
            etat: client.get(liste, {"etat": etat}).context["cl"].result_count for etat in (*etats, "AUTRE")
        }

    total = Versement.objects.count()
    assert combien("versement") == {"A_VERSER": total, "EN_COURS": 0, "VERSE": 0, "AUTRE": total}
    lot = lot_prepare()
    aides = Versement.objects.filter(virement__lot=lot).count()
    assert combien("versement") == {"A_VERSER": total - aides, "EN_COURS": aides, "VERSE": 0, "AUTRE": total}
    assert combien("lot") == {"A_PAYER": 1, "PAYE": 0, "DEFAIT": 0, "AUTRE": 1}
    lot_paye(lot)
    assert combien("versement") == {"A_VERSER": total - aides, "EN_COURS": 0, "VERSE": aides, "AUTRE": total}
    assert combien("lot") == {"A_PAYER": 0, "PAYE": 1, "DEFAIT": 0, "AUTRE": 1}


# --- Sent back by the bank ------------------------------------------------------------------------------------------


def virement_adresse(nom: str, *cles) -> str:
    return reverse(f"admin:validation_virement_{nom}", args=cles)


def test_finance_records_a_return_from_the_transfer_of_a_paid_batch_and_withdraws_it(client, ancv, groupes):
    lot = lot_paye(lot_prepare(), le=LOT_LE)
    (virement,) = lot.virements.all()
    assert virement_adresse("change", virement.pk) in lu(client.get(adresse("change", lot.pk)))
    fiche = lu(client.get(virement_adresse("change", virement.pk)))
    assert "Rejeté par la banque…" in fiche
    assert IBANS[0] not in fiche
    page = lu(client.get(virement_adresse("rejeter", virement.pk)))
    assert "de 1 280 € (8 aides)" in page
    assert "quand le prestataire aura changé ou confirmé son IBAN" in page
    envoi = {"rejete_le": "20/06/2022", "motif": "AC04"}
    assert client.post(virement_adresse("rejeter", virement.pk), envoi).status_code == 302
    assert client.post(virement_adresse("rejeter", virement.pk), envoi).status_code == 422
    fiche = lu(client.get(virement_adresse("change", virement.pk)))
    assert "Rejeté le 20/06/2022 : AC04 (enregistré par Alix AGENT, le 20/06/2022)." in fiche
    assert "Rejeté par la banque le 20/06/2022" in lu(client.get(adresse("change", lot.pk)))
    due = lu(client.get(adresse("sommes_dues")))
    assert "1 280 € rejetés par la banque : le prestataire doit changer ou confirmer son IBAN" in due
    annuler = client.post(virement_adresse("annuler-rejet", virement.pk), {"motif": "Autre virement"})
    assert annuler.status_code == 302
    assert "Annulé par Alix AGENT" in lu(client.get(virement_adresse("change", virement.pk)))
    assert Versement.objects.filter(virement=virement).count() == 8


def test_a_batch_in_preparation_says_what_it_leaves_of_what_came_back(client, ancv, groupes):
    lot = lot_paye(lot_prepare(), le=LOT_LE)
    client.post(
        virement_adresse("rejeter", lot.virements.get().pk), {"rejete_le": "20/06/2022", "motif": "AC04"}
    )
    iban_de(groupes[1].sejour.offre.equipement.prestataire, IBANS[1])
    page = lu(client.post(adresse("add"), {"execution_le": "22/06/2022"}))
    assert "un lot de 1 280 € (1 virement), 1 280 € laissés de côté" in page
    assert "0 € dans le lot, 1 280 € laissés de côté" in page


def test_transfers_are_searched_and_filtered_by_what_became_of_them(client, ancv, groupes):
    lot = lot_paye(lot_prepare(), le=LOT_LE)
    (virement,) = lot.virements.all()

    def combien(**question) -> int:
        return client.get(virement_adresse("changelist"), question).context["cl"].result_count

    assert [combien(etat=etat) for etat in ("PAYE", "REJETE", "AUTRE")] == [1, 0, 1]
    client.post(virement_adresse("rejeter", virement.pk), {"rejete_le": "20/06/2022", "motif": "AC04"})
    assert [combien(etat=etat) for etat in ("PAYE", "REJETE", "AUTRE")] == [0, 1, 1]
    assert [combien(q=mots) for mots in (virement.reference, str(virement.groupe_id), "SEV-0-0")] == [1, 1, 0]


def test_a_forgotten_file_is_given_no_more_and_the_spreadsheet_keeps_the_ends(client, ancv, groupes):
    lot = lot_paye(lot_prepare(), le=LOT_LE)
    le = LOT_LE + timedelta(90)
    assert effacer_fichiers(cles=[lot.pk], le=le, maintenant=instant(le)) == 1
    assert client.get(adresse("ordre", lot.pk)).status_code == 404
    feuille = load_workbook(BytesIO(client.get(adresse("tableur", lot.pk)).content)).active
    assert [ligne[4] for ligne in feuille.iter_rows(min_row=4, max_row=4, values_only=True)] == ["0189"]
    assert "Le fichier de la banque a été effacé le 18/09/2022" in lu(client.get(adresse("change", lot.pk)))


def test_finance_writes_the_account_of_a_provider_whose_accounts_are_closed(client, ancv, groupes):
    prestataire = groupes[1].sejour.offre.equipement.prestataire
    ajout = reverse("admin:validation_coordonneesbancaires_add")
    envoi = {
        "numero": prestataire.convention.numero.upper(),
        "titulaire": "LIQUIDATEUR",
        "iban": IBANS[3],
        "motif": "RIB du liquidateur",
    }
    refus = client.post(ajout, envoi)
    assert refus.status_code == 422
    assert "il indique lui-même son IBAN" in lu(refus)
    prestataire.comptes.update(is_active=False)
    assert client.post(ajout, envoi | {"numero": "inconnue"}).status_code == 422
    assert client.post(ajout, envoi | {"iban": "FR76"}).status_code == 422
    assert client.post(ajout, envoi).status_code == 302
    fiche = reverse("admin:validation_coordonneesbancaires_change", args=[prestataire.pk])
    assert "Changer l'IBAN…" in lu(client.get(fiche))
    changer = reverse("admin:validation_coordonneesbancaires_changer", args=[prestataire.pk])
    assert client.post(changer, envoi | {"iban": IBANS[4]}).status_code == 302
    assert CoordonneesBancaires.objects.get(pk=prestataire.pk).iban == IBANS[4]
    avec = groupes[0].sejour.offre.equipement.prestataire
    assert "Changer l'IBAN…" not in lu(
        client.get(reverse("admin:validation_coordonneesbancaires_change", args=[avec.pk]))
    )
