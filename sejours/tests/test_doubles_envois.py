"""The same form sent twice at once: one is done, the other is told so, nobody sees an error page."""

from datetime import date
from decimal import Decimal

import pytest

from conventions.tests.factories import CompteFactory, ProgrammeFactory
from sejours.models import Equipement, Offre, Sejour
from sejours.operations.offres import (
    SejourRefuse,
    creer_offre,
    enregistrer_equipement,
    publier_serie,
)
from sejours.tests.factories import EquipementFactory, OffreFactory, PrestataireFactory, tarifs_du_manuel
from sev.tests.test_courses import ensemble

pytestmark = pytest.mark.django_db(transaction=True)

LE = date(2022, 1, 10)
ENVOIS = 8


@pytest.fixture
def prestataire():
    tarifs_du_manuel()
    ProgrammeFactory()
    return CompteFactory(organisme=PrestataireFactory(), identifiant="presta34", seul=True)


def envoyer(operation, **arguments) -> list:
    return ensemble(*[lambda: operation(**arguments, le=LE)] * ENVOIS)


def test_an_equipement_sent_eight_times_is_recorded_once(prestataire):
    adresse = {"nom": "LES PINS", "code_postal": "34280", "ville": "LA GRANDE MOTTE", "environnement": "MER"}
    reponses = envoyer(enregistrer_equipement, prestataire=prestataire.organisme, par=prestataire, **adresse)
    assert sorted(type(r).__name__ for r in reponses) == ["Equipement", *["SejourRefuse"] * (ENVOIS - 1)]
    assert Equipement.objects.count() == 1


def test_an_offer_sent_eight_times_is_created_once(prestataire):
    equipement = EquipementFactory(prestataire=prestataire.organisme)
    reponses = envoyer(
        creer_offre, equipement=equipement, annee=2022, duree=8, prix=Decimal(400), par=prestataire
    )
    assert sum(isinstance(r, SejourRefuse) for r in reponses) == ENVOIS - 1
    assert Offre.objects.count() == 1


def test_a_series_sent_eight_times_is_published_once(prestataire):
    offre = OffreFactory(equipement=EquipementFactory(prestataire=prestataire.organisme))
    dates = {"debut": date(2022, 5, 14), "jusqu_au": date(2022, 6, 4)}
    reponses = envoyer(publier_serie, offre=offre, places=50, par=prestataire, **dates)
    assert sum(len(publies) for publies, _ in reponses) == 4
    assert sum(len(sautes) for _, sautes in reponses) == 4 * (ENVOIS - 1)
    assert Sejour.objects.count() == 4
