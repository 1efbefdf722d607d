"""« Signaler une liste non conforme » through the pages: both sides, ANCV's admin, papers that come and go (V5)."""

import re
from datetime import date
from html import unescape

import pytest
import time_machine
from django.contrib.auth.models import Group, Permission
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conventions.tests.factories import CompteFactory, connecter
from seniors.tests.factories import clair
from sev.controle import controler
from sev.socle.journal import acte
from sev.socle.models import Lecture
from validation.models import PersonneSignalee, Piece, Signalement, Validation
from validation.operations.pieces import place_libre
from validation.operations.signalements import refuser_personne, repondre
from validation.tests.factories import (
    VALIDE_LE,
    comptes_de,
    fichier_pdf,
    instant,
    liste_du_manuel,
    liste_validee,
    manquante,
    signalement,
)

pytestmark = pytest.mark.django_db

MARCEL = {
    "nom_1": "LE GOFF",
    "prenom_1": "Marcel",
    "date_naissance_1": "03/02/1944",
    "ville_naissance_1": "Quimper",
    "precisions_1": "12 rue des Lilas, Brest",
}
YVES = {nom.replace("_1", "_2"): valeur for nom, valeur in MARCEL.items()} | {"prenom_2": "Yves"}


@pytest.fixture
def groupe():
    return liste_du_manuel()


@pytest.fixture
def horloge():
    with time_machine.travel("2022-05-27T10:32:00+02:00", tick=False) as voyage:
        yield voyage


def client_de(compte) -> Client:
    client = Client()
    connecter(client, compte)
    return client


@pytest.fixture
def prestataire(groupe, horloge):
    return client_de(comptes_de(groupe)[1])


def envoie(client, groupe, *fichiers, **champs):
    return client.post(
        reverse("signaler", args=[groupe.pk]), {"lignes": "1", "pieces": list(fichiers)} | champs
    )


def page(reponse) -> str:
    return clair(unescape(reponse.content.decode()))


def mots(reponse) -> str:
    """The words of the page, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page(reponse)))


def gardees(reponse) -> list[str]:
    return re.findall(r'name="gardees" id="[^"]+" value="([^"]+)"', reponse.content.decode())


# --- The form -------------------------------------------------------------------------------------------------------


def test_the_provider_reports_and_reads_how_long_it_will_have(groupe, prestataire):
    reponse = envoie(prestataire, groupe, fichier_pdf("Avis d'impôt.pdf"), **MARCEL, message="Oubliée")
    assert reponse.status_code == 302
    lue = mots(prestataire.get(reponse["Location"]))
    assert "Le délai est arrêté. Il vous restera 9 jours quand l'ANCV aura répondu." in lue
    assert "Marcel LE GOFF, 3 février 1944, Quimper" in lue
    personne, piece = PersonneSignalee.objects.get(), Piece.objects.get()
    assert (personne.nom, personne.date_naissance, personne.precisions) == (
        "LE GOFF",
        date(1944, 2, 3),
        "12 rue des Lilas, Brest",
    )
    assert (piece.nom, piece.type, piece.signalement.message) == (
        "Avis d'impôt.pdf",
        "application/pdf",
        "Oubliée",
    )
    assert Validation.objects.get().jours_restants == 9


def test_the_porteur_reports_in_its_turn(groupe, horloge):
    liste_validee(groupe)
    horloge.move_to("2022-06-14T23:59:00+02:00")
    client = client_de(comptes_de(groupe)[0])
    assert envoie(client, groupe, fichier_pdf(), **MARCEL).status_code == 302
    assert Signalement.objects.get().cote == "PORTEUR"
    assert Validation.objects.get().jours_restants == 0
    assert "Il vous restera le jour même de la réponse" in mots(
        client.get(f"/validation/{groupe.pk}/signaler/")
    )


def test_at_midnight_it_is_too_late(groupe, horloge):
    liste_validee(groupe)
    horloge.move_to("2022-06-15T00:00:00+02:00")
    client = client_de(comptes_de(groupe)[0])
    reponse = envoie(client, groupe, fichier_pdf(), **MARCEL)
    assert reponse.status_code == 422
    assert "Le délai est passé depuis le mardi 14 juin à minuit." in mots(reponse)
    assert not Signalement.objects.exists()
    assert "<form method" not in page(client.get(f"/validation/{groupe.pk}/signaler/"))


def test_the_porteur_waits_for_the_provider(groupe, horloge):
    lue = page(client_de(comptes_de(groupe)[0]).get(f"/validation/{groupe.pk}/signaler/"))
    assert "contactez-le" in lue


def test_what_is_missing_is_said_at_its_field_and_nothing_is_lost(groupe, prestataire):
    reponse = envoie(
        prestataire, groupe, **MARCEL | {"ville_naissance_1": "", "date_naissance_1": "31/02/1944"}
    )
    assert reponse.status_code == 422
    lue = page(reponse)
    assert "3 erreurs" in lue
    for phrase in (
        "Date de naissance : cette date n'existe pas. Écrivez la date ainsi : 31/05/1948",
        "Ville de naissance : cette réponse est nécessaire",
        "Pièces jointes. Joignez au moins une pièce",
        "31/02/1944",
        "12 rue des Lilas, Brest",
    ):
        assert phrase in lue


def test_one_more_person_loses_nothing_and_reproaches_nothing(groupe, prestataire):
    reponse = envoie(
        prestataire, groupe, fichier_pdf("carte.pdf"), nom_1="LE GOFF", message="Bonjour", ajouter="1"
    )
    assert reponse.status_code == 200
    lue = page(reponse)
    assert 'id="erreurs"' not in lue
    assert "is-invalid" not in lue
    assert 'name="nom_2"' in lue
    assert 'value="LE GOFF"' in lue
    assert "Bonjour" in lue
    assert "carte.pdf" in lue
    assert len(gardees(reponse)) == 1
    assert not Signalement.objects.exists()


def test_checked_papers_are_kept_while_the_form_is_sent_again(groupe, prestataire):
    mauvaise = SimpleUploadedFile("photo.png", b"<svg/>", "image/png")
    refusee = envoie(prestataire, groupe, fichier_pdf("carte.pdf"), mauvaise, **MARCEL)
    assert refusee.status_code == 422
    assert "photo.png : ce fichier n'est ni un PDF, ni une photo JPEG ou PNG." in page(refusee)
    (jeton,) = gardees(refusee)
    # The same file once more counts once.
    envoyee = envoie(
        prestataire, groupe, fichier_pdf("carte.pdf"), **MARCEL, **YVES, lignes="2", gardees=jeton
    )
    assert envoyee.status_code == 302
    assert [piece.nom for piece in Piece.objects.all()] == ["carte.pdf"]
    assert [personne.prenom for personne in PersonneSignalee.objects.all()] == ["Marcel", "Yves"]


def test_an_unticked_paper_is_not_sent(groupe, prestataire):
    refusee = envoie(prestataire, groupe, fichier_pdf("carte.pdf"))
    assert len(gardees(refusee)) == 1
    reponse = envoie(prestataire, groupe, **MARCEL)
    assert reponse.status_code == 422
    assert "Joignez au moins une pièce" in page(reponse)


def test_a_kept_paper_serves_its_sender_its_group_and_once(groupe, prestataire, horloge):
    (jeton,) = gardees(envoie(prestataire, groupe, fichier_pdf("carte.pdf")))
    autre = liste_du_manuel()
    etranger = client_de(comptes_de(autre)[1])
    for faux in (jeton, jeton[:-2], "n'importe quoi"):
        assert envoie(etranger, autre, **MARCEL, gardees=faux).status_code == 422
    assert envoie(prestataire, groupe, **MARCEL, gardees=jeton).status_code == 302
    report = Signalement.objects.get()
    ancv = CompteFactory(ancv=True)
    refuser_personne(personne=report.personnes.get(), motif="Non", par=ancv, le=VALIDE_LE)
    repondre(signalement=report, reponse="", par=ancv, le=VALIDE_LE, maintenant=instant(VALIDE_LE))
    assert envoie(prestataire, groupe, **MARCEL, gardees=jeton).status_code == 422
    assert Piece.objects.count() == 1


def test_ten_persons_and_ten_papers_at_most(groupe, prestataire):
    dix = envoie(prestataire, groupe, lignes="10", ajouter="1")
    assert 'name="nom_10"' in page(dix)
    assert 'name="nom_11"' not in page(dix)
    assert "Dix personnes au plus" in page(dix)
    assert 'name="nom_11"' not in page(envoie(prestataire, groupe, lignes="999", ajouter="1"))
    onze = [fichier_pdf(f"{n}.pdf", b"%" + bytes([65 + n])) for n in range(11)]
    reponse = envoie(prestataire, groupe, *onze, **MARCEL)
    assert reponse.status_code == 422
    assert "10 pièces au plus en tout" in page(reponse)


def test_the_same_person_twice_is_said(groupe, prestataire):
    reponse = envoie(
        prestataire, groupe, fichier_pdf(), **MARCEL, **YVES | {"prenom_2": "marcel"}, lignes="2"
    )
    assert "C'est la même que la personne 1" in page(reponse)


def test_a_second_click_finds_the_list_reported(groupe, prestataire):
    assert envoie(prestataire, groupe, fichier_pdf(), **MARCEL).status_code == 302
    reponse = envoie(prestataire, groupe, fichier_pdf(), **MARCEL)
    assert reponse.status_code == 422
    assert "Le délai est arrêté" in page(reponse)
    assert Signalement.objects.count() == 1


def test_a_request_heavier_than_the_site_takes_is_not_read(groupe, prestataire, settings):
    settings.CORPS_MAX = 2 * 1024 * 1024
    lourd = SimpleUploadedFile("avis.pdf", b"%PDF-1.4" + b"0" * (3 * 1024 * 1024), "application/pdf")
    reponse = envoie(prestataire, groupe, lourd, **MARCEL)
    assert reponse.status_code == 413
    assert "Tous les fichiers ensemble ne doivent pas dépasser 2 Mo." in page(reponse)


# --- Papers that are read -------------------------------------------------------------------------------------------


def test_a_paper_is_only_ever_a_download_and_only_of_its_side(groupe, prestataire):
    report = signalement(groupe, comptes_de(groupe)[1], le=date(2022, 5, 27))
    piece = report.pieces.get()
    adresse = reverse("piece", args=[groupe.pk, piece.pk])
    reponse = prestataire.get(adresse)
    assert b"".join(reponse.streaming_content).startswith(b"%PDF-1.4")
    assert reponse["Content-Disposition"] == 'attachment; filename="avis.pdf"'
    assert reponse["X-Content-Type-Options"] == "nosniff"
    assert reponse["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert reponse["Cache-Control"] == "private, no-store"
    for compte in (comptes_de(groupe)[0], CompteFactory(), CompteFactory(prestataire=True)):
        assert client_de(compte).get(adresse).status_code == 404
    assert prestataire.get(reverse("piece", args=[liste_du_manuel().pk, piece.pk])).status_code == 404
    default_storage.delete(piece.fichier.name)
    assert prestataire.get(adresse).status_code == 404


def test_a_report_is_withdrawn_after_a_page_that_says_so(groupe, prestataire):
    signalement(groupe, comptes_de(groupe)[1], le=date(2022, 5, 27))
    adresse = reverse("signalement-annuler", args=[groupe.pk])
    assert "le délai reprend : 9 jours à partir d'aujourd'hui" in page(prestataire.get(adresse))
    assert Signalement.objects.get().annule_le is None
    assert prestataire.post(adresse).status_code == 302
    assert prestataire.post(adresse).status_code == 404
    lue = page(prestataire.get(reverse("signaler", args=[groupe.pk])))
    assert "Qui manque-t-il ?" in lue
    assert "Les noms et les pièces sont effacés." in lue
    assert ("LE GOFF" in lue, "personne effacée" in lue) == (False, False)


def test_a_second_report_is_not_withdrawn_and_the_pages_say_so(groupe, prestataire):
    compte, adresse = comptes_de(groupe)[1], reverse("signalement-annuler", args=[groupe.pk])
    fiche = reverse("signaler", args=[groupe.pk])
    signalement(groupe, compte)
    assert "ce nouveau signalement ne pourra pas s'annuler" in page(prestataire.get(adresse))
    assert adresse in page(prestataire.get(fiche))
    prestataire.post(adresse)
    signalement(groupe, compte)
    lue = page(prestataire.get(fiche))
    assert "Vous avez déjà annulé un signalement de cette liste" in lue
    assert adresse not in lue
    refus = prestataire.post(adresse)
    assert (refus.status_code, Signalement.objects.en_attente().count()) == (422, 1)
    assert "elle répondra, et le délai reprendra" in page(refus)


def test_the_list_leads_its_side_to_ancv_s_answer(groupe, prestataire):
    report = signalement(groupe, comptes_de(groupe)[1], le=date(2022, 5, 27))
    fiche = reverse("validation-groupe", args=[groupe.pk])
    phrase = "L’ANCV a répondu à votre signalement le lundi 30 mai."
    assert phrase not in page(prestataire.get(fiche))
    ancv = CompteFactory(ancv=True)
    refuser_personne(personne=report.personnes.get(), motif="Illisible", par=ancv, le=VALIDE_LE)
    repondre(signalement=report, reponse="", par=ancv, le=VALIDE_LE, maintenant=instant(VALIDE_LE))
    assert phrase in page(prestataire.get(fiche))
    assert "ajout refusé. Illisible" in page(prestataire.get(reverse("signaler", args=[groupe.pk])))


def test_the_page_costs_as_much_for_one_person_as_for_ten(groupe, prestataire):
    compte = comptes_de(groupe)[1]
    report = signalement(groupe, compte, le=date(2022, 5, 27))

    def requetes() -> int:
        with CaptureQueriesContext(
            connection,
        ) as vues:
            prestataire.get(reverse("signaler", args=[groupe.pk]))
        return len(vues)

    requetes()
    une = requetes()
    PersonneSignalee.objects.bulk_create(
        PersonneSignalee(
            signalement=report,
            nom=f"NOM{n}",
            prenom="Jean",
            date_naissance=date(1944, 2, 3),
            ville_naissance="Brest",
        )
        for n in range(9)
    )
    assert requetes() == une


# --- ANCV's admin ---------------------------------------------------------------------------------------------------

FICHE = {
    "nom": "LE GOFF",
    "prenom": "Marcel",
    "date_naissance": "03/02/1944",
    "ville_naissance": "Quimper",
    "civilite": "M",
    "adresse": "12 RUE DES LILAS",
    "code_postal": "35410",
    "ville": "CHATEAUGIRON",
    "eligibilite": "AIDE",
    "rfr": "11800",
    "motif": "Parti avec le groupe",
    "jeton": "00000000-0000-0000-0000-000000000007",
    "etape": "fiche",
}


@pytest.fixture
def report(groupe):
    return signalement(
        groupe, comptes_de(groupe)[1], manquante(), manquante(prenom="Yves"), le=date(2022, 5, 27)
    )


@pytest.fixture
def agent(horloge, report):
    horloge.move_to("2022-05-31T10:32:00+02:00")
    return client_de(CompteFactory(ancv=True))


def test_open_reports_come_first_the_oldest_on_top(agent, report):
    recente = signalement(
        liste := liste_du_manuel(), comptes_de(liste)[1], manquante(nom="PETIT"), le=date(2022, 5, 30)
    )
    lue = page(agent.get(reverse("admin:validation_signalement_changelist")))
    assert lue.index(f"/signalement/{report.pk}/change/") < lue.index(f"/signalement/{recente.pk}/change/")
    assert "4 jours" in lue
    assert "2, dont 2 à traiter" in lue
    assert f"/signalement/{report.pk}/change/" not in page(
        agent.get(reverse("admin:validation_signalement_changelist"), {"etat": "traites"})
    )


def test_ancv_reads_adds_refuses_and_answers(agent, report, groupe):
    marcel, yves = report.personnes.all()
    fiche = reverse("admin:validation_signalement_change", args=[report.pk])
    lue = page(agent.get(fiche))
    assert "arrêté le vendredi 27 mai 2022, il restera 9 jours" in lue
    assert Lecture.objects.get(quoi="signalement").cle == report.pk

    ajouter = reverse("admin:validation_personnesignalee_ajouter", args=[marcel.pk])
    assert f'href="{ajouter}">Ajouter à la liste…</a>' in lue
    ouverte = page(agent.get(ajouter))
    assert 'value="LE GOFF"' in ouverte
    assert 'value="03/02/1944"' in ouverte
    assert Lecture.objects.get(quoi="personne signalée").cle == marcel.pk
    mesuree = agent.post(ajouter, FICHE)
    assert "14 inscrits" in page(mesuree)
    assert PersonneSignalee.objects.get(pk=marcel.pk).inscription is None
    empreinte = re.search(r'name="confirmer" value="(\w+)"', mesuree.content.decode())[1]
    faite = agent.post(ajouter, FICHE | {"confirmer": empreinte})
    assert (faite.status_code, faite["Location"]) == (302, fiche)
    assert str(PersonneSignalee.objects.get(pk=marcel.pk).inscription.senior) == "Marcel LE GOFF"

    refus = reverse("admin:validation_personnesignalee_refuser", args=[yves.pk])
    assert agent.post(refus, {"motif": ""}).status_code == 422
    repondre_ = reverse("admin:validation_signalement_repondre", args=[report.pk])
    assert "Ajoutez ou refusez d'abord 1 personne" in page(agent.post(repondre_, {"reponse": ""}))
    assert agent.post(refus, {"motif": "Absent du registre"}).status_code == 302
    lue = page(agent.get(fiche))
    assert "ajoutée à la liste" in lue
    assert "refusée : Absent du registre" in lue
    assert agent.post(repondre_, {"reponse": "Merci"}).status_code == 302
    assert Validation.objects.get().echeance == date(2022, 6, 9)
    assert agent.post(repondre_, {"reponse": "Merci"}).status_code == 422
    lue = mots(client_de(comptes_de(groupe)[1]).get(reverse("signaler", args=[groupe.pk])))
    assert "Marcel LE GOFF, 3 février 1944, Quimper : sur la liste, ajout de l'ANCV" in lue
    assert "ajout refusé. Absent du registre" in lue
    assert list(controler()) == []


def test_a_paper_is_given_to_staff_with_the_right_and_noted(agent, report, horloge):
    piece = report.pieces.get()
    adresse = reverse("admin:validation_signalement_piece", args=[report.pk, piece.pk])
    reponse = agent.get(adresse)
    assert b"".join(reponse.streaming_content).startswith(b"%PDF")
    assert reponse["Content-Disposition"] == 'attachment; filename="avis.pdf"'
    assert Lecture.objects.get(quoi="piece").cle == piece.pk
    sans = CompteFactory(ancv=True, is_superuser=False)
    sans.user_permissions.add(Permission.objects.get(codename="view_signalement"))
    assert client_de(sans).get(adresse).status_code == 403
    assert (
        client_de(sans).get(reverse("admin:validation_signalement_change", args=[report.pk])).status_code
        == 200
    )
    assert Lecture.objects.filter(quoi="piece").count() == 1


def test_a_reader_of_the_side_that_sent_a_paper_is_not_given_it(groupe, prestataire):
    """It tells incomes (X2), and « voir comme » lends a reader's seat to staff who may not see papers."""
    compte = comptes_de(groupe)[1]
    piece = signalement(groupe, compte).pieces.get()
    adresse = reverse("piece", args=[groupe.pk, piece.pk])
    assert prestataire.get(adresse).status_code == 200
    lecteur = CompteFactory(collegue=True, organisme=compte.organisme, role="LECTEUR")
    assert client_de(lecteur).get(adresse).status_code == 403
    assert not Piece.objects.pour(lecteur).exists()


def test_staff_who_only_read_are_not_told_incomes(report, horloge):
    """What was said of a person may be an income, as in the fiche of a registration (X2): nowhere in the admin.

    Neither in the report, nor on her own page, nor in their histories, journals and lists, nor by asking for a word.
    """
    personne = report.personnes.first()
    with acte("précisions complétées", motif="Appel du 30 mai"):
        PersonneSignalee.objects.filter(pk=personne.pk).update(precisions="RFR 9 800")
    lecture, gestion = (CompteFactory(ancv=True, is_superuser=False) for _ in range(2))
    lecture.groups.set(Group.objects.filter(name="lecture"))
    gestion.groups.set(Group.objects.filter(name="gestion"))
    for compte, vu in ((lecture, False), (gestion, True)):
        client = client_de(compte)
        for nom, cle in (("signalement", report.pk), ("personnesignalee", personne.pk)):
            reponse = client.get(reverse(f"admin:validation_{nom}_change", args=[cle]))
            assert reponse.status_code == 200
            assert ("RFR 9 800" in page(reponse)) is vu, (compte, nom)
            histoire = client.get(reverse(f"admin:validation_{nom}_history", args=[cle]))
            assert histoire.status_code == 200
            listes = [
                client.get(reverse(f"admin:validation_{liste}_changelist"), question, follow=True)
                for liste in (nom, f"{nom}event")
                for question in ({}, {"q": "9 800"})
            ]
            assert [liste.status_code for liste in listes] == [200] * 4
            assert not any("RFR" in page(lue) for lue in (histoire, *listes))
        # A column that is no filter is not asked for, or its words could be guessed one after the other.
        liste = reverse("admin:validation_personnesignalee_changelist")
        for question in ({"precisions__contains": "9 800"}, {"precisions": "RFR 9 800"}):
            assert client.get(liste, question).status_code == 400


# --- The same paper twice, too many that wait -----------------------------------------------------------------------


def test_a_paper_sent_twice_under_two_names_is_kept_once_and_said(groupe, prestataire):
    reponse = envoie(prestataire, groupe, fichier_pdf("avis.pdf"), fichier_pdf("copie.pdf"))
    assert "copie.pdf : c'est la même pièce que avis.pdf, gardée une fois." in page(reponse)
    assert len(reponse.context["gardees"]) == 1


def test_an_account_leaves_no_more_than_fifty_papers_without_a_report(groupe, prestataire, monkeypatch):
    monkeypatch.setattr("validation.operations.pieces.EN_ATTENTE_MAX", 2)

    def papier(nom: str) -> SimpleUploadedFile:
        return SimpleUploadedFile(nom, fichier_pdf().read() + nom.encode() + b"\n%%EOF")

    assert len(envoie(prestataire, groupe, papier("a.pdf"), papier("b.pdf")).context["gardees"]) == 2
    refus = envoie(prestataire, groupe, papier("c.pdf"), **MARCEL)
    assert refus.status_code == 422
    assert "Trop de pièces attendent déjà" in page(refus)
    assert len(default_storage.listdir("pieces")[1]) == 2
    # What a report takes waits no more, and a colleague has a place of their own.
    collegue = CompteFactory(collegue=True, organisme=groupe.sejour.offre.equipement.prestataire)
    assert envoie(client_de(collegue), groupe, papier("d.pdf"), **MARCEL).status_code == 302
    assert len(default_storage.listdir("pieces")[1]) == 3


def test_papers_of_reports_sent_leave_the_place_free(groupe, prestataire, monkeypatch):
    monkeypatch.setattr("validation.operations.pieces.EN_ATTENTE_MAX", 1)
    assert envoie(prestataire, groupe, fichier_pdf(), **MARCEL).status_code == 302
    assert place_libre(comptes_de(groupe)[1]) == 1
