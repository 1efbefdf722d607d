"""The site really broken in the middle of an answer, and two people who answer at the same instant (V1, V2, V4)."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connections
from django.test import Client

from conventions.tests.factories import CompteFactory, connecter
from seniors.tests.factories import clair
from sev.socle.models import Courriel
from sev.socle.temps import maintenant
from sev.tests.pannes.conftest import PATIENCE, attendre
from sev.tests.pannes.scenes import agent, boites, causes, credit, histoire, liste, rien_de_casse
from validation.models import Presence, Validation, Versement
from validation.operations.fenetres import ouvrir_validations
from validation.operations.validations import prolonger, valider
from validation.tests.factories import cles, comptes_de

pytestmark = pytest.mark.pannes

JETON = "j" * 32


@pytest.fixture
def bassin():
    """Threads that act while the test looks on; their connections are closed with them."""
    with ThreadPoolExecutor(4) as bassin:
        yield bassin


def seance(compte) -> str:
    """Return the cookies of `compte`, signed in."""
    navigateur = Client()
    connecter(navigateur, compte)
    return f"sessionid={navigateur.cookies['sessionid'].value}; csrftoken={JETON}"


def envoyer(port: int, cookies: str, groupe, presents) -> tuple[int, str]:
    """Send the ticked list as a browser does; return the answer's status and page."""
    connexion = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    champs = [("csrfmiddlewaretoken", JETON), *(("presents", cle) for cle in sorted(presents))]
    entetes = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
    connexion.request("POST", f"/validation/{groupe.pk}/", urlencode(champs), entetes)
    reponse = connexion.getresponse()
    page = reponse.read().decode()
    connexion.close()
    return reponse.status, page


def a_valider(jour):
    groupe = liste(jour - timedelta(3))
    ouvrir_validations(le=jour, maintenant=maintenant())
    Courriel.objects.all().delete()
    return groupe


def test_a_database_restarted_during_a_validation_keeps_nothing_of_it_and_takes_it_again(sev, jour, bassin):
    """Half an answer would leave presences without a validation, or a window never announced to the porteur."""
    groupe = a_valider(jour)
    presents = cles(groupe)
    _, prestataire = comptes_de(groupe)
    cookies = seance(prestataire)
    ouvrier = sev.ouvrier()
    sev.battement()
    _, port = sev.site()
    sev.sql("INSERT INTO piege VALUES ('validation_presence', %s)", min(presents))
    reponse = bassin.submit(envoyer, port, cookies, groupe, presents)
    attendre("the answer is half written", sev.pris)
    connections.close_all()
    sev.postgres.arreter()
    interrompue, page = reponse.result(PATIENCE)
    pendant, _ = envoyer(port, cookies, groupe, presents)
    sev.postgres.demarrer()
    sev.sql("DELETE FROM piege")

    # The page says to try again, with the boxes as they were.
    assert (interrompue, pendant) == (503, 503)
    assert all(f'name="presents" value="{cle}"' in page for cle in presents)
    assert (Presence.objects.count(), len(histoire(groupe, "pgh_id"))) == (0, 1)

    assert envoyer(port, cookies, groupe, presents)[0] == 302
    ouvrier.attendre("the porteur is told", lambda: len(sev.facteur.recus) == 1)
    assert sev.facteur.par_destinataire() == {boites(groupe)[0]: 1}
    assert (Presence.objects.count(), len(histoire(groupe, "pgh_id"))) == (2, 2)
    assert rien_de_casse() == []


@pytest.mark.parametrize(("qui", "reponse"), [("a double click", 302), ("a colleague", 422)])
def test_two_confirmations_at_once_count_once(sev, jour, bassin, qui, reponse):
    """The first is held in the middle, its aids half due; the second waits for it, then finds all done.

    A double click is told that its answer counts once, a colleague by whom the list was confirmed.
    Without the group's lock both would write what is due, and give back the aid of who stayed at home twice.
    """
    groupe = a_valider(jour)
    venue, _ = sorted(cles(groupe))
    porteur, prestataire = comptes_de(groupe)
    valider(groupe=groupe, presents={venue}, par=prestataire, le=jour, maintenant=maintenant())
    second = porteur if qui == "a double click" else CompteFactory(collegue=True, organisme=porteur.organisme)
    sessions = seance(porteur), seance(second)
    _, port = sev.site()
    with sev.piege("validation_versement", venue):
        premiere = bassin.submit(envoyer, port, sessions[0], groupe, {venue})
        attendre("the first is half written", sev.pris)
        deuxieme = bassin.submit(envoyer, port, sessions[1], groupe, {venue})
        attendre("the second waits", lambda: sev.attend_un_verrou() or deuxieme.done())
    assert premiere.result(PATIENCE)[0] == 302
    # Past three seconds of waiting, on a very busy machine, the second is told to try again.
    assert deuxieme.result(PATIENCE)[0] in (reponse, 503)
    encore, page = envoyer(port, sessions[1], groupe, {venue})
    assert (encore, "La liste est déjà confirmée, par Monique GARNIER" in clair(page)) == (
        reponse,
        reponse == 422,
    )
    aide = groupe.inscriptions.get(pk=venue).aide
    assert list(Versement.objects.values_list("inscription_id", "montant")) == [(venue, aide)]
    assert credit(groupe) == (aide, 1_000 - aide)
    assert causes(groupe) == ["validation-ouverte-porteur", "validation-confirmee", "validation-confirmee"]
    assert Validation.objects.get().confirmee_par == porteur
    assert rien_de_casse() == []


def test_a_provider_validates_while_ancv_extends(sev, jour, bassin):
    """ANCV's extension waits for the answer, then gives its days to the porteur, whose window it is by then."""
    groupe = a_valider(jour)
    presents = cles(groupe)
    _, prestataire = comptes_de(groupe)
    ancv, cookies = agent(), seance(prestataire)
    _, port = sev.site()

    def prolongation():
        try:
            return prolonger(
                validation=Validation.objects.get(),
                jusqu_au=jour + timedelta(30),
                motif="Fermeture du village",
                par=ancv,
                le=jour,
                maintenant=maintenant(),
            )
        finally:
            connections.close_all()

    with sev.piege("validation_presence", min(presents)):
        reponse = bassin.submit(envoyer, port, cookies, groupe, presents)
        attendre("the answer is half written", sev.pris)
        prolongee = bassin.submit(prolongation)
        attendre("the extension waits", lambda: sev.attend_un_verrou() or prolongee.done())
    assert (reponse.result(PATIENCE)[0], prolongee.exception(PATIENCE)) == (302, None)
    fenetre = Validation.objects.get()
    assert (fenetre.echeance_prestataire, fenetre.echeance_porteur) == (
        jour + timedelta(12),
        jour + timedelta(30),
    )
    ouverte, *prolongees = causes(groupe)
    assert (ouverte, len(prolongees)) == ("validation-ouverte-porteur", 2)
    assert all(cause.startswith("validation-prolongee") for cause in prolongees)
