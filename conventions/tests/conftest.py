"""The cast of the accounts' tests."""

import pytest

from conventions.tests.factories import CompteFactory, connecter


@pytest.fixture(autouse=True)
def sans_attente(settings):
    """Failures of these tests answer at once; `test_connexion` measures the slowing itself."""
    settings.RALENTISSEMENT_CONNEXION = 0


@pytest.fixture
def porteur(db):
    """The holder of convention ancv2528."""
    return CompteFactory(convention__numero="ancv2528", email="monique@ccas.fr")


@pytest.fixture
def lecteur(porteur):
    return CompteFactory(lecteur=True, organisme=porteur.organisme, identifiant="ancv2528-lecteur")


@pytest.fixture
def collegue(porteur):
    """A gestionnaire who is not the holder."""
    return CompteFactory(collegue=True, organisme=porteur.organisme, identifiant="ancv2528-camille")


@pytest.fixture
def prestataire(db):
    return CompteFactory(prestataire=True, convention__numero="presta34")


@pytest.fixture
def intrus(db):
    """The holder of another convention, who must see nothing."""
    return CompteFactory(convention__numero="ancv1654", email="intrus@ailleurs.fr")


@pytest.fixture
def ancv(db):
    return CompteFactory(ancv=True)


@pytest.fixture
def chez(client):
    """Return a function that signs an account in on the test's client."""

    def ouvrir(compte):
        connecter(client, compte)
        return client

    return ouvrir
