"""Pages of what went wrong: their words, their status, what they keep and what they never show."""

import logging
import re

import psycopg
import pytest
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError, ProgrammingError, connection, transaction
from django.http import HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from sev.socle import erreurs


def _rien(request):
    return HttpResponse()


@login_not_required
@csrf_exempt
def _lente(request):
    with transaction.atomic(), connection.cursor() as curseur:
        curseur.execute("SET LOCAL statement_timeout = 20")
        curseur.execute("SELECT pg_sleep(2)")


@login_not_required
def _cassee(request):
    raise ZeroDivisionError


@login_not_required
def _coupee(request):
    raise OperationalError("connection refused")


@login_not_required
def _interdite(request):
    raise PermissionDenied("Votre compte permet de lire, pas de modifier.")


@login_not_required
def _suspecte(request):
    raise SuspiciousOperation


handler400 = erreurs.requete_invalide
handler403 = erreurs.acces_refuse
handler404 = erreurs.page_introuvable
handler500 = erreurs.panne
urlpatterns = [
    path("", _rien, name="accueil"),
    path("connexion/", _rien, name="connexion"),
    path("deconnexion/", _rien, name="deconnexion"),
    path("mot-de-passe-oublie/", _rien, name="mot-de-passe-oublie"),
    path("lente/", _lente),
    path("cassee/", _cassee),
    path("coupee/", _coupee),
    path("interdite/", _interdite),
    path("suspecte/", _suspecte),
    path("", include("sev.socle.pages")),
]
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


@pytest.fixture
def visiteur(client):
    """A client that receives the error pages instead of the exceptions."""
    client.raise_request_exception = False
    return client


def titre(reponse):
    """The h1 of a page."""
    return re.search(r"<h1>(.*?)</h1>", reponse.content.decode()).group(1)


def test_a_statement_that_waits_too_long_is_a_503_that_keeps_what_was_typed(visiteur, caplog):
    saisie = {"nom": 'LE "GOFF"', "commentaires": "Sans\nsel", "presents": ["1", "2"], "password": "Vacances"}
    with caplog.at_level(logging.WARNING):
        reponse = visiteur.post("/lente/?a=1", saisie)
    html = reponse.content.decode()
    assert (reponse.status_code, reponse["Retry-After"]) == (503, "60")
    assert titre(reponse) == "Beaucoup de monde en ce moment"
    assert '<form action="/lente/?a=1" method="post">' in html
    assert re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html)[1:] == [
        ("nom", "LE &quot;GOFF&quot;"),
        ("commentaires", "Sans\nsel"),
        ("presents", "1"),
        ("presents", "2"),
    ]
    assert "Vacances" not in html.replace("Seniors en Vacances", "")
    assert "QueryCanceled" in caplog.text


def test_a_page_that_waits_too_long_offers_to_be_opened_again(visiteur):
    reponse = visiteur.get("/lente/?a=1&b=2")
    assert reponse.status_code == 503
    assert '<a class="btn btn-primary" href="/lente/?a=1&amp;b=2">Réessayer</a>' in reponse.content.decode()


def test_a_database_that_is_away_is_a_503_that_keeps_what_was_typed_and_is_not_called_a_crowd(
    visiteur, caplog
):
    with caplog.at_level(logging.ERROR):
        reponse = visiteur.post("/coupee/", {"presents": ["1", "2"]})
    html = reponse.content.decode()
    assert (reponse.status_code, reponse["Retry-After"]) == (503, "60")
    assert titre(reponse) == "Le site est indisponible pour le moment"
    assert re.findall(r'name="presents" value="(\d)"', html) == ["1", "2"]
    assert "POST /coupee/ found no database" in caplog.text


def _erreur(sqlstate, famille=OperationalError):
    erreur = famille("essai")
    erreur.__cause__ = psycopg.errors.lookup(sqlstate)("essai")
    return erreur


@pytest.mark.parametrize(
    ("erreur", "absente"),
    [
        (_erreur("57P01"), True),  # PostgreSQL is being stopped
        (_erreur("57P03"), True),  # it is starting
        (_erreur("08006"), True),  # the connection broke
        (_erreur("53300"), True),  # it has no connection left
        (InterfaceError("connection already closed"), True),
        (_erreur("57014"), False),  # a statement that was too long
        (_erreur("53100"), False),  # its disk is full
        (_erreur("42P01", ProgrammingError), False),
        (ZeroDivisionError(), False),
        (None, False),
    ],
)
def test_what_says_that_the_database_is_away(erreur, absente):
    assert erreurs.base_absente(erreur) is absente


def test_a_failure_shows_a_reference_that_stands_in_the_log(visiteur, caplog):
    with caplog.at_level(logging.ERROR):
        reponse = visiteur.get("/cassee/")
    assert reponse.status_code == 500
    assert titre(reponse) == "Une erreur de notre côté"
    reference = re.search(r'<span class="reference">([0-9A-F]{8})</span>', reponse.content.decode()).group(1)
    assert f"Reference {reference} shown for GET /cassee/" in caplog.text
    assert "ZeroDivisionError" not in reponse.content.decode()


def test_the_failure_page_needs_neither_database_nor_session(django_db_blocker):
    with django_db_blocker.block():
        reponse = erreurs.panne(RequestFactory().get("/x/"))
    assert reponse.status_code == 500
    assert "Elle nous est signalée" in reponse.content.decode()


def test_a_refusal_says_its_reason(visiteur):
    reponse = visiteur.get("/interdite/")
    assert reponse.status_code == 403
    assert "<p>Votre compte permet de lire, pas de modifier.</p>" in reponse.content.decode()


def test_a_refusal_without_a_reason_says_that_the_page_is_for_others(visiteur):
    reponse = erreurs.acces_refuse(visiteur.get("/mentions-legales/").wsgi_request, PermissionDenied())
    assert "Elle est réservée à d’autres comptes que le vôtre." in reponse.content.decode()


def test_an_unknown_page_and_somebody_elses_are_said_alike(visiteur):
    reponse = visiteur.get("/rien/")
    assert (reponse.status_code, titre(reponse)) == (404, "Cette page n’existe pas, ou n’est pas à vous")


def test_a_forged_request_is_a_400(visiteur):
    reponse = visiteur.get("/suspecte/")
    assert (reponse.status_code, titre(reponse)) == (400, "Nous n’avons pas compris cette demande")


def test_a_form_from_elsewhere_is_a_403_in_our_look():
    reponse = erreurs.csrf_refuse(RequestFactory().post("/x/"), reason="CSRF cookie not set.")
    assert (reponse.status_code, titre(reponse)) == (403, "Cette page était ouverte depuis trop longtemps")


def test_what_is_sent_again_holds_neither_token_nor_password():
    donnees = QueryDict("nom=A&nom=B&csrfmiddlewaretoken=x&password=y&ancien_mot_de_passe=z&new_password1=t")
    assert erreurs.saisie_sans_secret(donnees) == [("nom", "A"), ("nom", "B")]


@pytest.mark.parametrize(
    ("adresse", "attendu"),
    [
        ("/accessibilite/", "Le service est partiellement conforme"),
        ("/donnees-personnelles/", "2\u00a0ans après leur dernier séjour"),
        ("/mentions-legales/", "Agence nationale pour les chèques-vacances"),
    ],
)
def test_the_public_pages_are_open_to_all(client, adresse, attendu):
    reponse = client.get(adresse)
    assert reponse.status_code == 200
    assert attendu in reponse.content.decode()
    assert client.post(adresse).status_code == 405


def test_the_host_is_named_when_it_is_known(client, settings):
    settings.SEV_HEBERGEUR = "Exemple, 1 rue du Port, 75001 Paris"
    assert "hébergé par Exemple, 1 rue du Port" in client.get("/mentions-legales/").content.decode()


def test_the_page_after_too_many_tries_leads_to_a_new_password():
    html = render_to_string("429.html")
    assert 'href="/mot-de-passe-oublie/"' in html
    assert "15 minutes" in html
