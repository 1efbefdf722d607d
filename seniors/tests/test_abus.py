"""What somebody could gain, read or break by going round a rule of the lists."""

from datetime import date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from conventions.tests.factories import CompteFactory, CreditFactory, connecter
from sejours.tests.factories import GroupeFactory
from seniors.models import Inscription, Senior
from seniors.operations.inscriptions import corriger, inscrire
from seniors.operations.listes import InscriptionRefusee
from seniors.tests.factories import (
    LE,
    MAINTENANT,
    PARIS,
    InscriptionFactory,
    SeniorFactory,
    clair,
    fiche,
    groupe_dote,
    identite,
)

pytestmark = pytest.mark.django_db

SAISIE = {
    "civilite": "MME",
    "adresse": "14 rue des Tanneurs",
    "code_postal": "35410",
    "ville": "Châteaugiron",
    "eligibilite": "AIDE",
    "rfr": "9 840",
}
QUI = {
    "nom": "KERVELLA",
    "prenom": "Yvonne",
    "date_naissance": "15/08/1939",
    "ville_naissance": "Brest",
}


@pytest.fixture(autouse=True)
def le_22_avril():
    with time_machine.travel("2022-04-22T10:32:00+02:00", tick=False):
        yield


@pytest.fixture
def groupe():
    return groupe_dote(1_500)


@pytest.fixture
def clerc(client, groupe):
    connecter(client, CompteFactory(convention=groupe.porteur.convention))
    return client


# --- Reading ------------------------------------------------------------------------------------------------


def test_unticking_confidential_without_the_amount_shows_nothing(clerc, groupe):
    inscription = InscriptionFactory(groupe=groupe, rfr=Decimal(11_777), rfr_confidentiel=True)
    adresse = reverse("inscription-modifier", args=[groupe.pk, inscription.pk])
    assert clerc.post(adresse, SAISIE | {"rfr": ""}).status_code == 302
    inscription.refresh_from_db()
    assert (inscription.rfr, inscription.rfr_confidentiel) == (11_777, True)
    page = clair(clerc.get(adresse).content.decode())
    assert "11777" not in page.replace(" ", "")


def test_an_amount_typed_again_may_be_shown(clerc, groupe):
    inscription = InscriptionFactory(groupe=groupe, rfr=Decimal(11_777), rfr_confidentiel=True)
    adresse = reverse("inscription-modifier", args=[groupe.pk, inscription.pk])
    clerc.post(adresse, SAISIE | {"rfr": "12 000"})
    inscription.refresh_from_db()
    assert (inscription.rfr, inscription.rfr_confidentiel) == (12_000, False)


def test_a_provider_is_not_told_why_somebody_has_no_aid(client, groupe):
    InscriptionFactory(groupe=groupe, revenu_imposable=Decimal(999_999), parts=Decimal(1), situation="SEULE")
    assert Inscription.objects.get().motif_sans_aide == "PLAFOND"
    convention = groupe.sejour.offre.equipement.prestataire.convention
    connecter(client, CompteFactory(convention=convention, prestataire=True))
    page = clair(client.get(reverse("groupe", args=[groupe.pk])).content.decode())
    assert "Sans aide" in page
    assert "plafond" not in page
    assert "imposable" not in page


def test_nobody_on_a_closed_list_has_a_rank_in_the_queue(clerc, groupe):
    """Who waits on a list that is closed is never served: counting them would promise a wrong rank."""
    autre = GroupeFactory(porteur=groupe.porteur, sejour__debut=date(2022, 9, 10))
    for liste in (groupe, autre):
        InscriptionFactory(groupe=liste)
    Inscription.objects.update(aide=None, motif_sans_aide="CREDITS_EPUISES")
    with time_machine.travel("2022-04-28T10:00:00+02:00", tick=False):
        connecter(clerc, CompteFactory(collegue=True, organisme=groupe.porteur))
        pages = [clair(clerc.get(reverse("groupe", args=[g.pk])).content.decode()) for g in (groupe, autre)]
    assert ["à être aidé" in page for page in pages] == [False, True]
    assert "1er à être aidé" in pages[1]


# --- Gaining an aid -----------------------------------------------------------------------------------------


def test_an_aid_already_used_cannot_be_given_to_another_identity(groupe):
    """Registered again in autumn and renamed, the person would leave this year's aid to a name that never travelled."""
    senior = SeniorFactory(nom="DUPONT", prenom="Anne")
    assert InscriptionFactory(groupe=groupe, senior=senior).aidee
    automne = GroupeFactory(porteur=groupe.porteur, sejour__debut=date(2022, 9, 10))
    le, maintenant = date(2022, 6, 1), datetime(2022, 6, 1, 10, tzinfo=PARIS)
    seconde = InscriptionFactory(groupe=automne, senior=senior, le=le, maintenant=maintenant)
    assert seconde.motif_sans_aide == "DEJA_AIDE"
    with pytest.raises(InscriptionRefusee, match="demandez la correction à l'ANCV"):
        corriger(
            inscription=seconde,
            fiche=fiche(),
            identite=identite(nom="AUTRE"),
            par=None,
            le=le,
            maintenant=maintenant,
        )
    senior.refresh_from_db()
    assert senior.nom == "DUPONT"


def test_the_preview_of_a_corrected_birth_date_is_that_of_the_date_typed(clerc, groupe):
    inscription = InscriptionFactory(groupe=groupe)
    adresse = reverse("inscription-modifier", args=[groupe.pk, inscription.pk]) + "?identite=1"
    saisie = SAISIE | QUI | {"date_naissance": "03/03/1969", "apercu": "1"}
    page = clair(clerc.post(adresse, saisie, headers={"HX-Request": "true"}).content.decode())
    assert "53 ans au départ" in page
    assert "Inscription impossible" in page


# --- Losing ---------------------------------------------------------------------------------------------------


def test_somebody_known_typed_as_new_keeps_what_the_form_leaves_empty(groupe):
    """The other organisation's emergency contact is not wiped by a form that was never shown it."""
    senior = SeniorFactory(nom="MARTIN", prenom="Jeanne", date_naissance=date(1948, 3, 12))
    Senior.objects.filter(pk=senior.pk).update(
        telephone="02 99 00 00 01", contact_urgence="Luc, 06 00 00 00 02", email="j@exemple.fr"
    )
    inscrire(
        groupe=groupe,
        identite=identite(),
        fiche=fiche(email="jeanne@exemple.fr", nom_naissance="LE GOFF", adresse="3 RUE NEUVE"),
        par=None,
        le=LE,
        maintenant=MAINTENANT,
    )
    senior.refresh_from_db()
    assert (senior.telephone, senior.contact_urgence) == ("02 99 00 00 01", "Luc, 06 00 00 00 02")
    assert (senior.email, senior.adresse) == ("jeanne@exemple.fr", "3 RUE NEUVE")
    assert (senior.nom_naissance, senior.cle_nom_naissance) == ("LE GOFF", "LEGOFF")


# --- Breaking the page --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("champ", "valeur", "message"),
    [
        ("nom", "ə", "Écrivez au moins une lettre."),
        ("prenom", "ʔ", "Écrivez au moins une lettre."),
        ("nom_naissance", "ə", "Écrivez au moins une lettre."),
        ("ville_naissance", "CEDEX 9", "Écrivez au moins une lettre."),
        ("ville_naissance", "(75)", "Écrivez au moins une lettre."),
        ("nom", "ﬃ" * 60, "Ce texte est trop long."),
        ("nom_naissance", "ﬃ" * 60, "Ce texte est trop long."),
        ("ville_naissance", "㎯" * 80, "Ce texte est trop long."),
        ("email", f"{'a' * 60}@{('b' * 60 + '.') * 4}fr", "254 caractères"),
        ("rfr", "-" + "0" * 5_000, "Un revenu ne peut pas être négatif"),
        ("rfr", "9" * 5_000, "Ce montant est trop grand"),
    ],
    ids=lambda valeur: valeur[:12],
)
def test_what_the_database_would_refuse_is_refused_at_its_field(clerc, groupe, champ, valeur, message):
    reponse = clerc.post(reverse("inscription-nouvelle", args=[groupe.pk]), QUI | SAISIE | {champ: valeur})
    assert reponse.status_code == 422
    assert message in clair(reponse.content.decode())
    assert Inscription.objects.count() == 0


def test_an_income_of_many_zeros_is_zero(clerc, groupe):
    saisie = QUI | SAISIE | {"eligibilite": "PROGRAMME", "rfr": "0" * 5_000}
    assert clerc.post(reverse("inscription-nouvelle", args=[groupe.pk]), saisie).status_code == 302
    assert Inscription.objects.get().rfr == 0


@pytest.mark.parametrize(
    "instant",
    ["2022-04-22T10:32:00+23:59", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "\x00"],
)
def test_an_instant_that_no_page_shows_restores_nobody(clerc, groupe, instant):
    CreditFactory(convention=groupe.porteur.convention)
    reponse = clerc.post(reverse("inscriptions-retablir", args=[groupe.pk]), {"effacement": instant})
    assert reponse.status_code == 302
