"""« Séjours passés à valider », through the pages: each side's turn, its boundaries, what it reads, what it answers."""

import re
from datetime import date, datetime, timedelta
from html import unescape
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from conventions.models import Mouvement
from conventions.tests.factories import CompteFactory, connecter
from sejours.models import Groupe
from sejours.tests.factories import EquipementFactory, GroupeFactory, OffreFactory, SejourFactory
from seniors.journal import journal_du_groupe
from seniors.models import Inscription, Senior
from seniors.operations.amendements import ajouter, retirer
from seniors.tests.factories import (
    PARIS,
    InscriptionFactory,
    SeniorFactory,
    clair,
    fiche,
    groupe_dote,
    solde,
)
from sev.controle import controler
from sev.socle.models import Courriel
from validation.journal import journal_de_la_validation
from validation.models import Presence, Validation, Versement
from validation.operations.validations import (
    ListeChangee,
    clore_sans_versement,
    confirmer,
    prolonger,
    trancher,
    valider,
)
from validation.tests.factories import (
    CONFIRME_LE,
    VALIDE_LE,
    cles,
    comptes_de,
    instant,
    liste_confirmee,
    liste_du_manuel,
    liste_validee,
    signalement,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def groupe():
    return liste_du_manuel()


@pytest.fixture
def porteur(groupe):
    return comptes_de(groupe)[0]


@pytest.fixture
def prestataire(groupe):
    return comptes_de(groupe)[1]


@pytest.fixture
def hote():
    """Another provider, with no group yet."""
    return CompteFactory(prestataire=True)


@pytest.fixture
def ancv():
    return CompteFactory(ancv=True)


class Seance:
    """What an account does on the pages, at the moment one says."""

    def __init__(self, compte, quand):
        self.compte, self.quand = compte, quand
        self.client = Client()

    def _faire(self, methode, adresse, donnees):
        with time_machine.travel(self.quand, tick=False):
            connecter(self.client, self.compte)
            return getattr(self.client, methode)(adresse, donnees)

    def page(self, groupe):
        return self._faire("get", reverse("validation-groupe", args=[groupe.pk]), None)

    def liste(self, **filtres):
        return self._faire("get", reverse("validation"), filtres)

    def envoyer(self, groupe, presents, route="validation-groupe", **champs):
        return self._faire("post", reverse(route, args=[groupe.pk]), {"presents": list(presents)} | champs)


def le(jour: date, compte, heure=10, minute=32) -> Seance:
    return Seance(compte, instant(jour, heure, minute))


def texte(reponse) -> str:
    """The words of the page's content, on one line."""
    page = unescape(reponse.content.decode())
    if "<main" in page:
        page = page[page.index("<main") : page.index("</main>")]
    return clair(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))).strip()


def numeros(reponse) -> list[int]:
    return [ligne.groupe.pk for ligne in reponse.context["page"]]


def cochees(reponse) -> set[int]:
    page = reponse.content.decode()
    return {int(cle) for cle in re.findall(r'name="presents" value="(\d+)" checked', page)}


def vu(reponse) -> str:
    return re.search(r'name="vu" value="([^"]+)"', reponse.content.decode())[1]


def nomme(groupe, nom: str) -> int:
    (inscription,) = [i for i in groupe.inscriptions.select_related("senior") if str(i.senior) == nom]
    return inscription.pk


# --- The manual's own page, end to end ------------------------------------------------------------------------------


def test_the_manual_s_thirteen_people_from_the_provider_s_ticks_to_the_ledger(groupe, porteur, prestataire):
    """The porteur leaves two people out: one whom the provider had left out too, and one about whom they disagree."""
    chez_lui = le(VALIDE_LE, prestataire)
    page = chez_lui.page(groupe)
    assert cochees(page) == cles(groupe) and len(cles(groupe)) == 13
    presents = cles(groupe, "Bernard SAVATE")
    relue = chez_lui.envoyer(groupe, presents, relire="1", vu=vu(page))
    assert relue.status_code == 200
    assert "Bernard SAVATE" in texte(relue) and not Validation.objects.exists()
    fait = chez_lui.envoyer(groupe, presents, vu=vu(relue))
    assert (fait.status_code, fait.url) == (302, f"/validation/{groupe.pk}/")
    courriel = Courriel.objects.get(cause=f"validation-ouverte-porteur-{groupe.pk}")
    assert courriel.destinataire == porteur.email

    chez_moi = le(CONFIRME_LE, porteur)
    page = chez_moi.page(groupe)
    assert cochees(page) == presents
    partis = cles(groupe, "Bernard SAVATE", "Pierre RONVIN")
    relue = chez_moi.envoyer(groupe, partis, relire="1", vu=vu(page))
    mots = texte(relue)
    assert "2 personnes ne sont pas parties" in mots and "1 désaccord avec le prestataire" in mots
    assert "6 × 160 €" in mots and "960 €" in mots
    assert chez_moi.envoyer(groupe, partis, vu=vu(relue)).status_code == 302

    assert sum(v.montant for v in Versement.objects.all()) == 960
    assert solde(groupe) == (1_500, 1_120, 380)
    assert Inscription.objects.get(motif_sans_aide="ABSENTE").pk == nomme(groupe, "Bernard SAVATE")
    assert Presence.objects.en_litige().get().pk == nomme(groupe, "Pierre RONVIN")
    assert Mouvement.objects.get(nature="LIBERATION").montant == 160
    assert list(controler()) == []
    mots = texte(chez_moi.page(groupe))
    assert "À verser 6 aides 960 €" in mots
    assert "+ 160 €" in mots and "L’ANCV décidera." in mots


def test_porteur_and_provider_who_agree_leave_nothing_to_ancv(groupe, porteur, prestataire):
    absents = ("Bernard SAVATE", "Pierre RONVIN")
    assert le(VALIDE_LE, prestataire).envoyer(groupe, cles(groupe, *absents)).status_code == 302
    assert le(CONFIRME_LE, porteur).envoyer(groupe, cles(groupe, *absents)).status_code == 302
    assert sum(v.montant for v in Versement.objects.all()) == 960
    assert solde(groupe) == (1_500, 960, 540)
    assert not Presence.objects.en_litige().exists()
    assert list(controler()) == []


def test_the_page_shows_the_list_as_the_manual_does(groupe, porteur):
    liste_validee(groupe)
    page = le(CONFIRME_LE, porteur).page(groupe)
    tete = re.findall(r"<th role=\"columnheader\"[^>]*>(.*?)</th>", page.content.decode())
    assert tete == ["Nom et prénom", "Selon le prestataire", "Selon vous", "Éligibilité", "Aide"]
    mots = texte(page)
    for ligne in (
        "RIAUX Madeleine",
        "A l'aide par conjoint",
        "Au programme",
        "En tant qu'aidant",
        "8 × 160 €",
        "Versé au prestataire 1 280 €",
    ):
        assert ligne in mots, ligne
    assert mots.index("Ne la validez pas.") < mots.index("RIAUX Madeleine")


# --- Whose turn it is, day by day -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quand", "statut", "ouvert"),
    [
        (datetime(2022, 5, 21, 23, 59, tzinfo=PARIS), 422, False),
        (datetime(2022, 5, 22, 0, 0, tzinfo=PARIS), 302, True),
        (datetime(2022, 6, 5, 23, 59, 59, tzinfo=PARIS), 302, True),
        (datetime(2022, 6, 6, 0, 0, tzinfo=PARIS), 422, False),
    ],
)
def test_the_provider_s_window_through_the_pages(groupe, prestataire, quand, statut, ouvert):
    seance = Seance(prestataire, quand)
    page = seance.page(groupe)
    assert (page.status_code, "Valider la liste" in texte(page)) == (200, ouvert)
    assert (groupe.pk in numeros(seance.liste())) is ouvert
    relue = seance.envoyer(groupe, cles(groupe), relire="1")
    assert relue.status_code == (200 if ouvert else 422)
    assert not Validation.objects.exists()
    assert seance.envoyer(groupe, cles(groupe)).status_code == statut
    assert Validation.objects.filter(validee_le__isnull=False).exists() is ouvert


@pytest.mark.parametrize(
    ("quand", "statut", "ouvert"),
    [
        (datetime(2022, 6, 14, 23, 59, 59, tzinfo=PARIS), 302, True),
        (datetime(2022, 6, 15, 0, 0, tzinfo=PARIS), 422, False),
    ],
)
def test_the_porteur_s_window_through_the_pages(groupe, porteur, quand, statut, ouvert):
    liste_validee(groupe)
    seance = Seance(porteur, quand)
    page = seance.page(groupe)
    assert ("Dernier jour : à confirmer ce soir, mardi 14 juin, à minuit." in texte(page)) is ouvert
    assert (groupe.pk in numeros(seance.liste())) is ouvert
    reponse = seance.envoyer(groupe, cles(groupe))
    assert reponse.status_code == statut
    assert Versement.objects.exists() is ouvert
    if not ouvert:
        phrase = (
            "Le délai est passé depuis le mardi 14 juin à minuit. "
            "L'ANCV a repris ce dossier, vous n'avez rien à faire."
        )
        assert texte(reponse).count(phrase) == 1
        assert texte(page).count(phrase) == 1


@pytest.mark.parametrize(
    ("fin", "dernier", "avant", "apres"),
    [
        # Clocks go forward in the night of 26 to 27 March 2022, back in that of 29 to 30 October.
        (date(2022, 3, 12), date(2022, 3, 27), "2022-03-27T21:59:59+00:00", "2022-03-27T22:00:00+00:00"),
        (date(2022, 3, 11), date(2022, 3, 26), "2022-03-26T22:59:59+00:00", "2022-03-26T23:00:00+00:00"),
        (date(2022, 10, 15), date(2022, 10, 30), "2022-10-30T22:59:59+00:00", "2022-10-30T23:00:00+00:00"),
        (date(2022, 10, 14), date(2022, 10, 29), "2022-10-29T21:59:59+00:00", "2022-10-29T22:00:00+00:00"),
    ],
)
def test_the_last_day_ends_at_midnight_in_paris_when_clocks_change(fin, dernier, avant, apres):
    debut = fin - timedelta(7)
    groupe = groupe_dote(sejour__debut=debut)
    InscriptionFactory(groupe=groupe, le=debut - timedelta(60))
    _, prestataire = comptes_de(groupe)
    trop_tard = Seance(prestataire, datetime.fromisoformat(apres))
    assert trop_tard.envoyer(groupe, cles(groupe)).status_code == 422
    assert numeros(trop_tard.liste()) == []
    a_temps = Seance(prestataire, datetime.fromisoformat(avant))
    assert numeros(a_temps.liste()) == [groupe.pk]
    assert a_temps.envoyer(groupe, cles(groupe)).status_code == 302
    validation = Validation.objects.get()
    assert (validation.echeance_prestataire, timezone.localtime(validation.validee_le).date()) == (
        dernier,
        dernier,
    )
    assert validation.echeance_porteur == dernier + timedelta(15)


def test_a_stay_is_in_the_porteur_s_list_only_once_the_provider_has_validated(groupe, porteur):
    conseil = (
        "Si votre séjour n’apparaît pas dans la liste des séjours passés à valider, nous vous remercions de contacter "
        "le professionnel du tourisme afin qu’il valide, préalablement, la liste des participants."
    )
    seance = le(VALIDE_LE, porteur)
    vide = seance.liste()
    assert "Aucun séjour à valider." in texte(vide) and conseil in texte(vide)
    assert numeros(seance.liste(situation="")) == []
    mots = texte(seance.page(groupe))
    assert (
        "Le prestataire n'a pas encore validé la liste. Il peut le faire jusqu'au dimanche 5 juin à minuit."
        in mots
    )
    refus = seance.envoyer(groupe, cles(groupe))
    assert refus.status_code == 422 and "contactez-le" in texte(refus)
    liste_validee(groupe)
    pleine = seance.liste()
    assert numeros(pleine) == [groupe.pk] and conseil in texte(pleine)


# --- Sent twice, stale, wrong ---------------------------------------------------------------------------------------


def test_a_double_click_is_told_that_it_is_done(groupe, porteur, prestataire):
    for compte, jour in ((prestataire, VALIDE_LE), (porteur, CONFIRME_LE)):
        seance = le(jour, compte)
        page = seance.page(groupe)
        presents = cles(groupe, "Pierre RONVIN")
        for champs in ({}, {}, {"relire": "1"}):
            reponse = seance.envoyer(groupe, presents, vu=vu(page), **champs)
            assert (reponse.status_code, reponse.url) == (302, f"/validation/{groupe.pk}/")
        assert "Votre réponse était déjà enregistrée." in texte(seance.page(groupe))
    assert Versement.objects.count() == 7


def test_another_answer_after_the_first_is_refused_with_who_and_when(groupe, porteur, prestataire):
    seance = le(VALIDE_LE, prestataire)
    seance.envoyer(groupe, cles(groupe))
    for compte, presents in (
        (prestataire, cles(groupe, "Pierre RONVIN")),
        (CompteFactory(collegue=True, organisme=prestataire.organisme), cles(groupe)),
    ):
        refus = le(VALIDE_LE, compte).envoyer(groupe, presents)
        assert refus.status_code == 422
        assert f"La liste est déjà validée, par {prestataire.nom}, le lundi 30 mai 2022 à 10 h 32." in texte(
            refus
        )
    assert not Presence.objects.filter(selon_prestataire=False).exists()


def test_a_stale_page_is_refused_and_says_what_changed(groupe, porteur, ancv):
    liste_validee(groupe)
    seance = le(CONFIRME_LE, porteur)
    ancienne = vu(seance.page(groupe))
    motif = {"motif": "Oubli du porteur", "par": ancv, "le": CONFIRME_LE, "maintenant": instant(CONFIRME_LE)}
    partie = Inscription.objects.get(pk=nomme(groupe, "Pierre RONVIN"))
    retirer(inscription=partie, **motif)
    nouvelle = ajouter(
        groupe=groupe, senior=SeniorFactory(nom="ZOLA", prenom="Émile"), fiche=fiche(), **motif
    )
    cochees_avant = cles(groupe) - {nouvelle.pk} - {nomme(groupe, "Bernard SAVATE")}
    for champs in ({}, {"relire": "1"}):
        refus = seance.envoyer(groupe, cochees_avant, vu=ancienne, **champs)
        mots = texte(refus)
        assert refus.status_code == 422
        assert "Ajout à la liste par l'ANCV : Émile ZOLA." in mots
        assert "Retrait de la liste par l'ANCV : Pierre RONVIN." in mots
        assert cochees(refus) == cochees_avant
    assert Validation.objects.get().confirmee_le is None
    page = seance.page(groupe)
    assert "Ajoutée par l’ANCV" in texte(page) and nouvelle.pk in cochees(page)
    assert seance.envoyer(groupe, cles(groupe), vu=vu(page)).status_code == 302
    assert not Presence.objects.en_litige().exists()


def test_what_changes_between_the_check_and_the_lock_is_refused_too(groupe, prestataire):
    lue = sorted(groupe.inscriptions.presentes().values_list("pk", "presence__selon_prestataire", "aide"))
    valide = {"par": prestataire, "le": VALIDE_LE, "maintenant": instant(VALIDE_LE), "groupe": groupe}
    with pytest.raises(ListeChangee):
        valider(presents=cles(groupe), lue=lue[1:], **valide)
    valider(presents=cles(groupe), lue=lue, **valide)


@pytest.mark.parametrize("vu", ["n'importe quoi", "", "a:b:c"])
def test_a_page_that_cannot_be_read_is_refused(groupe, prestataire, vu):
    refus = le(VALIDE_LE, prestataire).envoyer(groupe, cles(groupe), vu=vu)
    assert refus.status_code == 422
    assert "rien n’est enregistré" in texte(refus)
    assert not Validation.objects.exists()


@pytest.mark.parametrize(
    "faux", ["abc", "", "-1", "0", "99999999999999999999", "1e3", "٣", "\x00", "1 OR 1=1"]
)
def test_unknown_or_garbage_ids_are_refused(groupe, prestataire, faux):
    seance = le(VALIDE_LE, prestataire)
    for champs in ({}, {"relire": "1"}):
        refus = seance.envoyer(groupe, [*cles(groupe), faux], **champs)
        assert refus.status_code == 422
        assert "n'est pas sur cette liste" in texte(refus)
        assert cochees(refus) == cles(groupe)
    assert not Validation.objects.exists()


def test_somebody_of_another_list_cannot_be_ticked(groupe, prestataire):
    autre = InscriptionFactory(groupe=groupe_dote())
    assert le(VALIDE_LE, prestataire).envoyer(groupe, [autre.pk]).status_code == 422
    assert not Validation.objects.exists()


def test_nobody_came_is_warned_in_strong_words_then_recorded(groupe, prestataire):
    seance = le(VALIDE_LE, prestataire)
    relue = seance.envoyer(groupe, [], relire="1", vu=vu(seance.page(groupe)))
    assert "Attention : vous dites que personne n’est venu." in texte(relue)
    assert "13 personnes ne sont pas venues" in texte(relue)
    corrigee = seance.envoyer(groupe, [], corriger="1", vu=vu(relue))
    assert (corrigee.status_code, cochees(corrigee)) == (200, set())
    assert not Validation.objects.exists()
    assert seance.envoyer(groupe, [], vu=vu(relue)).status_code == 302
    assert set(Presence.objects.values_list("selon_prestataire", flat=True)) == {False}


def test_correcting_keeps_the_boxes_as_they_were(groupe, porteur):
    liste_validee(groupe)
    seance = le(CONFIRME_LE, porteur)
    presents = cles(groupe, "Pierre RONVIN", "Madeleine RIAUX")
    corrigee = seance.envoyer(groupe, presents, corriger="1", vu=vu(seance.page(groupe)))
    assert (corrigee.status_code, cochees(corrigee)) == (200, presents)


# --- Sums as one unticks --------------------------------------------------------------------------------------------


def test_the_sums_follow_the_boxes_and_write_nothing(groupe, porteur):
    liste_validee(groupe, "Marie RONCERAY")
    seance = le(CONFIRME_LE, porteur)
    avant = list(Presence.objects.values()), list(Validation.objects.values())
    reponse = seance.envoyer(
        groupe, cles(groupe, "Marie RONCERAY", "Pierre RONVIN"), route="validation-somme"
    )
    assert reponse.status_code == 200
    assert texte(reponse) == (
        "11 sur 13 personnes cochées Partis, avec aide 6 × 160 € Versé au prestataire 960 € "
        "Absente : Marie RONCERAY rendus à vos crédits, elle peut de nouveau être aidée en 2022 + 160 € "
        "Désaccord : Pierre RONVIN en attente, l'ANCV décidera pour elle ; les autres aides sont versées sans attendre "
        "160 €"
    )
    assert (list(Presence.objects.values()), list(Validation.objects.values())) == avant


def test_a_provider_is_told_whose_credit_gets_the_aid_back(groupe, prestataire):
    reponse = le(VALIDE_LE, prestataire).envoyer(
        groupe, cles(groupe, "Pierre RONVIN"), route="validation-somme"
    )
    assert texte(reponse) == (
        "12 sur 13 personnes cochées Venus, avec aide 7 × 160 € Vous sera versé 1 120 € "
        "Absente : Pierre RONVIN aide rendue aux crédits du porteur de projet 160 €"
    )


def test_many_absent_are_counted_and_the_next_year_is_not_promised():
    debut = date(2022, 12, 21)
    groupe = groupe_dote(3_000, sejour__debut=debut, places=12)
    for _ in range(12):
        InscriptionFactory(groupe=groupe, le=date(2022, 10, 1))
    liste_validee(
        groupe, *[str(i.senior) for i in groupe.inscriptions.select_related("senior")], le=date(2022, 12, 30)
    )
    porteur, _ = comptes_de(groupe)
    aide = groupe.inscriptions.first().aide
    reponse = le(date(2023, 1, 5), porteur).envoyer(groupe, [], route="validation-somme")
    assert texte(reponse) == (
        "0 sur 12 personnes cochées Versé au prestataire 0 € "
        f"12 personnes aidées absentes rendus à vos crédits 2022 + {12 * aide:,.0f} €".replace(",", " ")
    )


# --- After ----------------------------------------------------------------------------------------------------------


def test_once_confirmed_the_page_is_read_by_both_sides(groupe, porteur, prestataire):
    liste_confirmee(groupe, "Pierre RONVIN")
    hote, ccas = prestataire.organisme.nom, porteur.organisme.nom
    for compte, valide, confirme in ((porteur, hote, porteur.nom), (prestataire, prestataire.nom, ccas)):
        page = le(date(2022, 6, 20), compte).page(groupe)
        mots = texte(page)
        assert "checkbox" not in page.content.decode()
        assert f"Liste validée par {valide}, le lundi 30 mai à 10 h 32." in mots
        assert f"Terminé Liste confirmée par {confirme}, le vendredi 10 juin à 10 h 32." in mots
        assert "À verser 7 aides 1 120 €" in mots
        assert "Absente : Pierre RONVIN" in mots
        assert "Journal de cette validation" in mots


def test_ancv_s_decision_is_read_with_its_reason(groupe, porteur, prestataire, ancv):
    liste_validee(groupe)
    confirmer(
        groupe=groupe,
        presents=cles(groupe, "Pierre RONVIN"),
        par=porteur,
        le=CONFIRME_LE,
        maintenant=instant(CONFIRME_LE),
    )
    seance = le(date(2022, 6, 20), prestataire)
    assert "Désaccord" in texte(seance.liste(situation="ANCV"))
    trancher(
        presence=Presence.objects.en_litige().get(),
        venu=True,
        motif="Le village a produit sa fiche d'arrivée",
        par=ancv,
        le=date(2022, 6, 20),
        maintenant=instant(date(2022, 6, 20)),
    )
    mots = texte(seance.page(groupe))
    assert "Présente selon l’ANCV Motif : Le village a produit sa fiche d'arrivée" in mots
    assert "8 × 160 €" in mots
    assert numeros(seance.liste(situation="ANCV")) == []
    assert numeros(seance.liste(situation="TERMINES")) == [groupe.pk]


def test_a_file_closed_without_payment_says_why(groupe, porteur, prestataire, ancv):
    validation = liste_validee(groupe)
    jour = date(2022, 6, 16)
    clore_sans_versement(
        validation=validation, motif="Sans nouvelles", par=ancv, le=jour, maintenant=instant(jour)
    )
    for compte in (porteur, prestataire):
        seance = le(jour, compte)
        assert "L'ANCV a clos ce dossier sans versement. Motif : Sans nouvelles" in texte(seance.page(groupe))
        # Who had an aid is told that it was not paid, not that there was none.
        perdues = groupe.inscriptions.filter(motif_sans_aide="NON_VERSEE").count()
        mots = texte(seance.page(groupe))
        assert (mots.count("Non versée"), mots.count("Sans aide")) == (perdues, 13 - perdues)
        assert "Clos sans versement" in texte(seance.liste(situation="TERMINES"))
        assert seance.envoyer(groupe, cles(groupe)).status_code == 422


@pytest.mark.parametrize(
    ("jour", "reste"),
    [
        (VALIDE_LE, "Il restera 6 jours quand l'ANCV aura répondu."),
        (date(2022, 6, 5), "Il restera le jour même de la réponse de l'ANCV, jusqu'à minuit."),
    ],
)
def test_a_reported_list_is_read_and_waits_for_ancv(groupe, porteur, prestataire, jour, reste):
    signalement(groupe, prestataire, le=jour)
    chez_lui, chez_moi = le(jour, prestataire), le(jour, porteur)
    page = chez_lui.page(groupe)
    assert f"Une liste non conforme est signalée : le délai est arrêté. {reste}" in texte(page)
    assert "checkbox" not in page.content.decode()
    assert "Voir le signalement" in texte(page) and "Voir le signalement" not in texte(chez_moi.page(groupe))
    assert numeros(chez_lui.liste()) == []
    assert f"Délai arrêté. {reste}" in texte(chez_lui.liste(situation="ANCV"))
    for champs in ({}, {"relire": "1"}):
        refus = chez_lui.envoyer(groupe, cles(groupe), **champs)
        assert refus.status_code == 422 and "le délai est arrêté" in texte(refus)
    assert numeros(chez_moi.liste(situation="")) == []


def test_an_extended_window_opens_again(groupe, porteur, ancv):
    validation = liste_validee(groupe)
    jour = date(2022, 6, 16)
    seance = le(jour, porteur)
    assert "Délai dépassé" in texte(seance.liste(situation="ANCV"))
    prolonger(
        validation=validation,
        jusqu_au=date(2022, 6, 30),
        motif="Congés",
        par=ancv,
        le=jour,
        maintenant=instant(jour),
    )
    assert numeros(seance.liste()) == [groupe.pk]
    assert seance.envoyer(groupe, cles(groupe)).status_code == 302


def test_a_cancelled_group_and_an_empty_list_have_nothing_to_validate(prestataire):
    vide = groupe_dote()
    _, hote = comptes_de(vide)
    seance = le(VALIDE_LE, hote)
    assert numeros(seance.liste(situation="")) == []
    assert "Personne n'était inscrit" in texte(seance.page(vide))
    assert seance.envoyer(vide, []).status_code == 422
    annule = liste_du_manuel()
    Groupe.objects.filter(pk=annule.pk).update(
        annule_le=instant(date(2022, 5, 1)), motif_annulation="Travaux"
    )
    seance = le(VALIDE_LE, comptes_de(annule)[1])
    assert numeros(seance.liste(situation="")) == []
    assert "Ce groupe est annulé" in texte(seance.page(annule))
    assert seance.envoyer(annule, cles(annule)).status_code == 422


# --- Who ------------------------------------------------------------------------------------------------------------


def test_a_reader_reads_and_is_offered_no_act(groupe, porteur):
    liste_validee(groupe)
    lecteur = CompteFactory(lecteur=True, organisme=porteur.organisme)
    seance = le(CONFIRME_LE, lecteur)
    page = seance.page(groupe)
    assert "Vous consultez en lecture" in texte(page)
    assert "checkbox" not in page.content.decode() and "Valider la liste" not in texte(page)
    for champs in ({}, {"relire": "1"}, {"route": "validation-somme"}):
        assert seance.envoyer(groupe, cles(groupe), **champs).status_code == 403
    assert Validation.objects.get().confirmee_le is None


def test_a_provider_reads_neither_income_nor_address(groupe, prestataire):
    chez_lui = le(VALIDE_LE, prestataire)
    secrets = {"rfr": 98_765, "revenu_imposable": 12_349, "parts": 1, "situation": "SEULE"}
    secrets |= {
        "adresse": "77 RUE DU SECRET",
        "email": "jeanne@secret.fr",
        "commentaires": "Sans sel ni secret",
    }
    hote = groupe_dote(sejour=groupe.sejour)
    InscriptionFactory(groupe=hote, **secrets)
    InscriptionFactory(
        groupe=hote, senior=SeniorFactory(), revenu_imposable=999_999, parts=1, situation="SEULE"
    )
    pages = [
        chez_lui.liste(situation=""),
        chez_lui.page(hote),
        chez_lui.envoyer(hote, [], relire="1"),
        chez_lui.envoyer(hote, [], route="validation-somme"),
    ]
    liste_validee(hote)
    pages.append(chez_lui.page(hote))
    for page in pages:
        assert page.status_code == 200
        lu = re.sub(r"\s", "", texte(page)).lower()
        for mot in ("98765", "12349", "999999", "secret", "plafond"):
            assert mot not in lu, mot


def test_a_window_outlives_its_list(groupe, porteur, ancv):
    """ANCV removed everybody after the provider had answered: the porteur may still end it, for nobody."""
    liste_validee(groupe)
    jour = {
        "par": ancv,
        "le": CONFIRME_LE,
        "maintenant": instant(CONFIRME_LE),
        "motif": "Personne n'est parti",
    }
    for inscription in groupe.inscriptions.order_by("-pk"):
        retirer(inscription=inscription, **jour)
    seance = le(CONFIRME_LE, porteur)
    assert numeros(seance.liste()) == [groupe.pk]
    assert seance.envoyer(groupe, [], vu=vu(seance.page(groupe))).status_code == 302
    assert numeros(seance.liste(situation="TERMINES")) == [groupe.pk]
    assert not Versement.objects.exists()


def test_others_find_nothing(groupe):
    liste_validee(groupe)
    for compte in (CompteFactory(), CompteFactory(prestataire=True)):
        seance = le(CONFIRME_LE, compte)
        assert numeros(seance.liste(situation="")) == []
        assert seance.page(groupe).status_code == 404
        assert seance.envoyer(groupe, cles(groupe)).status_code == 404


def test_the_menu_counts_what_one_must_answer(groupe, porteur, prestataire):
    def pastille(compte, jour):
        page = le(jour, compte).liste().content.decode()
        return re.search(r"Validation(?: <span class=\"pastille\">(\d+))?", page[page.index("nav-sev") :])[1]

    assert (pastille(prestataire, VALIDE_LE), pastille(porteur, VALIDE_LE)) == ("1", None)
    liste_validee(groupe)
    assert (pastille(prestataire, VALIDE_LE), pastille(porteur, VALIDE_LE)) == (None, "1")
    assert pastille(CompteFactory(lecteur=True, organisme=porteur.organisme), VALIDE_LE) is None
    assert pastille(porteur, date(2022, 6, 15)) is None


def test_the_group_s_page_leads_to_its_validation_once_the_stay_is_over(groupe, prestataire):
    lien = f'href="/validation/{groupe.pk}/"'
    for jour, attendu in ((date(2022, 5, 21), False), (date(2022, 5, 22), True)):
        seance = le(jour, prestataire)
        page = seance._faire("get", reverse("groupe", args=[groupe.pk]), None)
        assert (lien in page.content.decode()) is attendu


# --- The list -------------------------------------------------------------------------------------------------------


def groupes_chez(prestataire, *debuts, nom="LES PINS") -> list[Groupe]:
    """Groups of one person each, at this provider's, whose stays begin on these days of 2022."""
    offre = OffreFactory(equipement=EquipementFactory(prestataire=prestataire.organisme, nom=nom))
    rendus = []
    for debut in debuts:
        groupe = GroupeFactory(sejour=SejourFactory(offre=offre, debut=debut))
        InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", le=date(2022, 1, 10))
        rendus.append(groupe)
    return rendus


def test_the_row_holds_every_column_of_the_manual_and_more(groupe, porteur):
    liste_validee(groupe)
    page = le(CONFIRME_LE, porteur).liste().content.decode()
    tetes = [
        clair(re.sub(r"<[^>]+>", "", tete)).strip()
        for tete in re.findall(r"<th [^>]*columnheader.*?</th>", page)
    ]
    assert tetes == [
        "Id groupe",
        "Prestataire",
        "Équipement",
        "Date de début",
        "Date de fin",
        "Inscrits",
        "État, délai",
        "Détails",
    ]
    ligne = clair(page[page.index("<tbody") : page.index("</tbody>")])
    for attendu in (
        "14/05/2022",
        "21/05/2022",
        ">13<",
        "À confirmer par vous",
        "Encore 4 jours, jusqu&#x27;au mardi 14 juin",
    ):
        assert attendu in ligne, attendu


def test_the_most_pressing_first_then_by_situation(hote):
    anciens = groupes_chez(hote, date(2022, 5, 7), date(2022, 5, 14), date(2022, 4, 9))
    _, milieu, depasse = anciens
    jour = date(2022, 5, 29)
    seance = le(jour, hote)
    assert numeros(seance.liste()) == [anciens[0].pk, milieu.pk]
    assert numeros(seance.liste(situation="ANCV")) == [depasse.pk]
    liste_validee(milieu, le=jour)
    assert numeros(seance.liste()) == [anciens[0].pk]
    assert numeros(seance.liste(situation="ATTENTE")) == [milieu.pk]
    assert numeros(seance.liste(situation="")) == [milieu.pk, anciens[0].pk, depasse.pk]
    assert numeros(seance.liste(situation="", tri="fin")) == [depasse.pk, anciens[0].pk, milieu.pk]
    assert numeros(seance.liste(situation="inconnue", tri="inconnu", page="999")) == [anciens[0].pk]


@pytest.mark.parametrize("mots", ["{pk}", "n° {pk}", "pins", "{porteur}"])
def test_a_stay_is_found_by_number_or_name(groupe, prestataire, mots):
    (cherche,) = groupes_chez(prestataire, date(2022, 5, 7))
    mots = mots.format(pk=cherche.pk, porteur=cherche.porteur.nom.lower())
    seance = le(date(2022, 5, 23), prestataire)
    assert len(numeros(seance.liste())) == 2
    assert numeros(seance.liste(recherche=mots)) == [cherche.pk]
    assert numeros(seance.liste(recherche=mots, annee="2021")) == []


def test_twenty_a_page_and_the_filters_come_back(hote):
    groupes_chez(hote, *[date(2022, 4, 30) + timedelta(n) for n in range(21)])
    seance = le(date(2022, 5, 20), hote)
    page = seance.liste(situation="", recherche="pins")
    assert len(numeros(page)) == 13  # those of the last eight days aren't over
    page = le(date(2022, 5, 30), hote).liste(situation="", recherche="pins")
    assert (len(numeros(page)), page.context["page"].paginator.count) == (20, 21)
    assert "affichage 1 - 20 de 21 résultats" in texte(page)
    seance = le(date(2022, 5, 30), hote)
    cherchee = seance.liste(situation="", recherche="pins", page="2")
    (reste,) = cherchee.context["page"]
    assert "recherche=pins" in seance.page(reste.groupe).context["retour"]


def test_the_spreadsheet_holds_the_whole_filtered_list(groupe, prestataire):
    seance = le(VALIDE_LE, prestataire)
    reponse = seance._faire("get", reverse("validation-xlsx"), {"situation": ""})
    lignes = list(load_workbook(BytesIO(reponse.getvalue())).active.values)
    assert lignes[3][0] == groupe.pk and lignes[3][8] == "À valider par vous"
    assert lignes[3][9].date() == date(2022, 6, 5)
    vide = seance._faire("get", reverse("validation-xlsx"), {"situation": "TERMINES"})
    assert len(list(load_workbook(BytesIO(vide.getvalue())).active.values)) == 3


# --- Long lists, same names -----------------------------------------------------------------------------------------


def test_two_people_of_one_name_bear_their_birth_dates(groupe, prestataire):
    hote = groupe_dote()
    for jour in (date(1948, 3, 12), date(1950, 1, 2)):
        InscriptionFactory(
            groupe=hote, senior=SeniorFactory(nom="AUBERTIN", prenom="Jeannine", date_naissance=jour)
        )
    InscriptionFactory(groupe=hote, senior=SeniorFactory(nom="BERTIN", prenom="Paul"))
    seance = le(VALIDE_LE, comptes_de(hote)[1])
    mots = texte(seance.page(hote))
    assert "AUBERTIN Jeannine, 12/03/1948" in mots and "AUBERTIN Jeannine, 02/01/1950" in mots
    assert "BERTIN Paul," not in mots
    somme = seance.envoyer(hote, [], route="validation-somme")
    assert "Absente : Jeannine AUBERTIN, 12/03/1948" in texte(somme)


def test_beyond_a_hundred_people_there_is_a_heading_for_each_letter():
    groupe = groupe_dote(1, places=102, sejour__places=150)
    for n in range(102):
        senior = SeniorFactory(
            nom="ARNAUD" if n < 60 else "ZIEGLER",
            prenom=f"Jean{'abcdefghij'[n % 10]}{'abcdefghijkl'[n // 10]}",
        )
        InscriptionFactory(groupe=groupe, senior=senior, eligibilite="PROGRAMME")
    page = le(VALIDE_LE, comptes_de(groupe)[1]).page(groupe)
    mots = texte(page)
    assert "A 1 - 60 sur 102" in mots and "Z 61 - 102 sur 102" in mots
    assert re.findall(r'href="#(lettre-\w)"', page.content.decode()) == ["lettre-a", "lettre-z"]
    assert re.findall(r'id="(lettre-\w)"', page.content.decode()) == ["lettre-a", "lettre-z"]
    assert "102 sur 102 personnes cochées" in mots


# --- Queries --------------------------------------------------------------------------------------------------------


def requetes(acte) -> int:
    with CaptureQueriesContext(connection) as capture:
        assert acte().status_code == 200
    return len(capture)


def test_the_list_asks_as_many_queries_for_one_row_as_for_twenty(hote):
    groupes_chez(hote, date(2022, 4, 30))
    seance = le(date(2022, 5, 30), hote)
    seance.liste()
    une = requetes(lambda: seance.liste(situation=""))
    groupes_chez(hote, *[date(2022, 4, 30) + timedelta(n) for n in range(19)], nom="LES OLIVIERS")
    assert requetes(lambda: seance.liste(situation="")) == une
    assert len(numeros(seance.liste(situation=""))) == 20


def test_the_page_asks_as_many_queries_for_one_person_as_for_sixty():
    def mesures(combien):
        groupe = groupe_dote(1, places=60)
        for _ in range(combien):
            InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
        porteur, prestataire = comptes_de(groupe)
        chez_lui, chez_moi = le(VALIDE_LE, prestataire), le(CONFIRME_LE, porteur)
        chez_lui.liste(), chez_moi.liste()
        rendu = [
            requetes(lambda: chez_lui.page(groupe)),
            requetes(lambda: chez_lui.envoyer(groupe, cles(groupe), relire="1")),
            requetes(lambda: chez_lui.envoyer(groupe, cles(groupe), route="validation-somme")),
        ]
        liste_validee(groupe)
        rendu.append(requetes(lambda: chez_moi.page(groupe)))
        chez_moi.envoyer(groupe, cles(groupe))
        return [*rendu, requetes(lambda: chez_moi.page(groupe))]

    assert mesures(1) == mesures(60)


def test_the_journal_says_who_is_absent_for_whom_and_how_a_disagreement_ended(client, groupe):
    porteur, prestataire = comptes_de(groupe)
    Senior.objects.filter(nom="RONVIN").update(civilite="M")
    liste_validee(groupe, "Madeleine RIAUX")
    confirmer(
        groupe=groupe,
        presents=cles(groupe, "Madeleine RIAUX", "Pierre RONVIN"),
        par=porteur,
        le=CONFIRME_LE,
        maintenant=instant(CONFIRME_LE),
    )
    trancher(
        presence=Presence.objects.en_litige().get(),
        venu=True,
        motif="Vu sur place",
        par=CompteFactory(ancv=True, nom="Agent"),
        le=CONFIRME_LE,
        maintenant=instant(CONFIRME_LE),
    )
    numero = f"Groupe n° {groupe.pk}"
    lignes = [clair(ligne.texte) for ligne in journal_de_la_validation(groupe, pour=prestataire)]
    assert [ligne for ligne in lignes if "not" in ligne or "retenu" in ligne] == [
        f"{numero} : désaccord réglé, Pierre RONVIN retenu comme présent",
        f"{numero} : Pierre RONVIN noté absent pour le porteur",
        f"{numero} : Madeleine RIAUX notée absente pour le porteur",
        f"{numero} : Madeleine RIAUX notée absente pour le prestataire",
    ]
    assert f"{numero} : plus aucune réponse n'est attendue" in [
        clair(ligne.texte) for ligne in journal_du_groupe(groupe, pour=prestataire)
    ]


def test_a_provider_reads_that_ancv_validated_in_its_place(groupe, prestataire):
    valider(
        groupe=groupe,
        presents=cles(groupe),
        par=CompteFactory(ancv=True),
        motif="Sans nouvelles du prestataire",
        le=date(2022, 6, 6),
        maintenant=instant(date(2022, 6, 6)),
    )
    page = texte(le(date(2022, 6, 7), prestataire).page(groupe))
    assert "L'ANCV a validé la liste à votre place. Le porteur de projet peut la confirmer jusqu'au" in page
    assert "Vous avez validé la liste." not in page
