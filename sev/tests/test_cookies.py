"""What « Données personnelles » says of the cookies is what the site does."""

import re

import pytest
from django.urls import reverse

from conventions.tests.factories import MOT_DE_PASSE, CompteFactory

pytestmark = pytest.mark.django_db

LISTES = ("groupes", "validation")


def deposes(client, compte, *noms) -> set[str]:
    """The cookies that the browser of `compte` holds after signing in by the form and reading lists of these names."""
    client.post(reverse("connexion"), {"username": compte.identifiant, "password": MOT_DE_PASSE}, follow=True)
    for nom in ("accueil", "compte", *noms):
        assert client.get(reverse(nom)).status_code == 200
    return {nom for nom, cookie in client.cookies.items() if cookie.value}


def test_every_cookie_is_named_on_the_page_and_no_other(client):
    porteur = deposes(client, CompteFactory(), *LISTES, "offres", "options", "credits")
    client.logout()
    client.cookies.clear()
    prestataire = deposes(client, CompteFactory(prestataire=True), *LISTES, "sejours", "versements")
    page = client.get(reverse("donnees_personnelles")).content.decode()
    cookies = page[page.index("<h2>Cookies</h2>") :]
    nommes = {nom for dt in re.findall(r"<dt>(.*?)</dt>", cookies) for nom in dt.split(", ")}
    assert nommes == porteur | prestataire
