"""The demo's mails in the browser: there in the demo, nowhere else."""

import pytest
from django.urls import reverse

from sev.socle.models import Courriel

pytestmark = pytest.mark.django_db


@pytest.fixture
def courriel():
    return Courriel.objects.create(
        cause="1",
        destinataire="monique@ccas.fr",
        sujet="Votre compte est activé",
        texte="Bonjour <b>vous</b>,\n\nhttp://localhost:8000/groupes/1/\n",
        html="<p>Bonjour</p>",
    )


def test_in_the_demo_anybody_reads_the_mails_with_their_links(client, settings, courriel):
    settings.SEV_DEMO = True
    liste = client.get(reverse("demo-courriels")).content.decode()
    assert f'href="/demo/courriels/{courriel.pk}/"' in liste
    assert "monique@ccas.fr" in liste
    page = client.get(reverse("demo-courriel", args=[courriel.pk])).content.decode()
    assert '<a href="http://localhost:8000/groupes/1/"' in page
    assert "Bonjour &lt;b&gt;vous&lt;/b&gt;" in page


def test_an_unknown_mail_or_an_odd_page_number(client, settings):
    settings.SEV_DEMO = True
    assert client.get(reverse("demo-courriel", args=[999_999])).status_code == 404
    assert client.get(reverse("demo-courriels"), {"page": "abc"}).status_code == 200


def test_elsewhere_there_is_no_such_page(client, settings, courriel):
    settings.SEV_DEMO = False
    assert client.get(reverse("demo-courriels")).status_code == 404
    assert client.get(reverse("demo-courriel", args=[courriel.pk])).status_code == 404
