"""The attestation of a senior: the stay, the aid, what ANCV paid; what it says before, between and after."""

from datetime import date
from io import BytesIO

import pytest
import time_machine
from django.urls import reverse
from pypdf import PdfReader

from conventions.tests.factories import connecter
from seniors.models import Inscription
from seniors.tests.factories import clair
from validation.operations.validations import confirmer
from validation.tests.factories import (
    CONFIRME_LE,
    cles,
    comptes_de,
    instant,
    liste_confirmee,
    liste_du_manuel,
    liste_validee,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def groupe():
    return liste_du_manuel()


def lire(client, groupe, qui="Pierre RONVIN", *, le: date) -> str:
    """Return the text of one person's attestation, as their porteur prints it on `le`."""
    presentes = Inscription.objects.filter(groupe=groupe).select_related("senior")
    [inscription] = [i for i in presentes if str(i.senior) == qui]
    return texte(client, groupe, reverse("attestation", args=[groupe.pk, inscription.pk]), le=le)


def texte(client, groupe, adresse: str, *, le: date) -> str:
    with time_machine.travel(instant(le), tick=False):
        connecter(client, comptes_de(groupe)[0])
        reponse = client.get(adresse)
    assert reponse.status_code == 200
    assert reponse["Content-Type"] == "application/pdf"
    pages = PdfReader(BytesIO(reponse.content)).pages
    return clair(" ".join(" ".join(page.extract_text().split()) for page in pages))


def test_before_the_stay_it_says_what_is_granted(client, groupe):
    lu = lire(client, groupe, le=date(2022, 5, 2))
    assert "est sur la liste du séjour organisé par" in lu
    assert "du samedi 14 au samedi 21 mai 2022 (8 jours, 7 nuits)" in lu
    assert "L'ANCV lui accorde une aide de 160 €, versée au prestataire après le séjour." in lu
    assert "410 € 160 € 250 €" in lu


def test_until_both_sides_have_answered_nobody_is_said_to_have_travelled(client, groupe):
    liste_validee(groupe)
    lu = lire(client, groupe, le=date(2022, 6, 1))
    assert "dont les participants ne sont pas encore confirmés" in lu
    assert "a participé" not in lu


def test_once_confirmed_it_says_that_the_person_travelled_and_that_the_payment_is_under_way(client, groupe):
    liste_confirmee(groupe)
    lu = lire(client, groupe, le=date(2022, 6, 12))
    assert "a participé au séjour" in lu
    assert "L'ANCV lui a accordé une aide de 160 €. Le versement au prestataire est en cours." in lu


def test_of_somebody_disputed_it_promises_no_payment(client, groupe):
    liste_validee(groupe)
    porteur, _ = comptes_de(groupe)
    confirmer(
        groupe=groupe,
        presents=cles(groupe, "Pierre RONVIN"),
        par=porteur,
        le=CONFIRME_LE,
        maintenant=instant(CONFIRME_LE),
    )
    lu = lire(client, groupe, le=date(2022, 6, 12))
    assert "a participé" not in lu
    assert "une aide de 160 €. Son versement au prestataire n'est pas encore décidé." in lu


def test_without_an_aid_it_says_so_and_never_why(client, groupe):
    liste_confirmee(groupe)
    lu = lire(client, groupe, "Madeleine RIAUX", le=date(2022, 6, 12))
    assert "L'ANCV ne verse pas d'aide financière pour cette personne sur ce séjour." in lu
    assert "410 € – 410 €" in lu


def test_who_did_not_travel_has_none(client, groupe):
    liste_confirmee(groupe, "Pierre RONVIN")
    absente = Inscription.objects.get(motif_sans_aide="ABSENTE")
    with time_machine.travel(instant(date(2022, 6, 12)), tick=False):
        connecter(client, comptes_de(groupe)[0])
        assert client.get(reverse("attestation", args=[groupe.pk, absente.pk])).status_code == 404


def test_a_list_s_attestations_are_a_page_each(client, groupe):
    liste_confirmee(groupe, "Pierre RONVIN")
    lu = texte(client, groupe, reverse("attestations", args=[groupe.pk]), le=date(2022, 6, 12))
    assert lu.count("Attestation de séjour") >= 12
    assert lu.count("a participé au séjour") == 12
    assert "RONVIN" not in lu


def test_the_group_s_page_offers_them_once_the_list_is_closed(client, groupe):
    adresse = reverse("attestations", args=[groupe.pk])
    for compte, offertes in zip(comptes_de(groupe), (True, False), strict=True):
        with time_machine.travel(instant(date(2022, 5, 2)), tick=False):
            connecter(client, compte)
            assert (adresse in client.get(reverse("groupe", args=[groupe.pk])).content.decode()) is offertes


def test_a_long_list_is_printed_by_parts(client, groupe, monkeypatch):
    monkeypatch.setattr("validation.views.attestations.PAR_DOCUMENT", 5)
    adresse = reverse("attestations", args=[groupe.pk])
    with time_machine.travel(instant(CONFIRME_LE), tick=False):
        connecter(client, comptes_de(groupe)[0])
        page = clair(client.get(adresse).content.decode())
        assert "13 attestations, en 3 documents" in page
        assert page.count('href="?partie=') == 3
        noms = []
        for partie, pages in ((1, 5), (2, 5), (3, 3)):
            reponse = client.get(adresse, {"partie": partie})
            assert len(PdfReader(BytesIO(reponse.content)).pages) == pages
            noms.append(reponse["Content-Disposition"])
        assert len(set(noms)) == 3
        for absente in ("4", "0", "-1", "x", "9999999", "²"):
            assert client.get(adresse, {"partie": absente}).status_code == 404
