"""The users' manual played through the pages, with its own names, dates and figures."""

import re
from datetime import date
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from conventions.tests.factories import (
    MOT_DE_PASSE,
    CompteFactory,
    ConventionFactory,
    CreditFactory,
    ProgrammeFactory,
)
from sejours.tests.factories import GroupeFactory
from seniors.models import Inscription
from seniors.tests.factories import clair

pytestmark = pytest.mark.django_db

JOUR = "2022-04-22T10:32:00+02:00"
FICHE = {
    "civilite": "M",
    "adresse": "adresse",
    "code_postal": "00000",
    "ville": "ville",
    "eligibilite": "AIDE",
    "rfr": "9 840",
}


def identite(prenom="senior", annee=1917, nom="SENIOR"):
    return {
        "nom": nom,
        "prenom": prenom,
        "date_naissance": f"01/01/{annee}",
        "ville_naissance": "Paris",
    }


class Porteur:
    """Somebody at a town hall's PC: what they do on the pages, and what they then read."""

    def __init__(self, client, numero, alloue):
        convention = ConventionFactory(numero=numero)
        self.compte = CompteFactory(convention=convention)
        CreditFactory(convention=convention, alloue=alloue)
        ProgrammeFactory(annee=2023)
        self.groupe = GroupeFactory(porteur=convention.organisme, places=10)
        self.client = client
        self.entrer()

    def entrer(self):
        envoi = {"username": self.compte.identifiant.upper(), "password": MOT_DE_PASSE}
        assert self.client.post(reverse("connexion"), envoi).status_code == 302

    def adresse(self, nom, *cles):
        return reverse(nom, args=[self.groupe.pk, *cles])

    def lire(self, adresse):
        return texte(self.client.get(adresse))

    def liste(self):
        return self.lire(self.adresse("groupe"))

    def inscrire(self, **champs):
        """Fill the fiche and save; return the page that is then shown."""
        envoi = FICHE | identite() | {nom: valeur for nom, valeur in champs.items() if valeur is not None}
        return texte(self.client.post(self.adresse("inscription-nouvelle"), envoi, follow=True))

    def inscription(self, prenom):
        return Inscription.objects.get(groupe=self.groupe, senior__prenom=prenom, effacee_le=None)


@pytest.fixture
def ancv2528(client):
    with time_machine.travel(JOUR, tick=False):
        yield Porteur(client, "ancv2528", 1_500)


def texte(reponse) -> str:
    """Return what is read on a page: no markup, ordinary spaces, the labels that only phones show left out."""
    page = re.sub(r'<span class="etiquette">[^<]*</span>', "", reponse.content.decode())
    return " ".join(clair(unescape(re.sub(r"<[^>]+>", " ", page))).split())


def test_the_header_says_410_less_160_leaves_250(ancv2528):
    page = ancv2528.liste()
    for attendu in ("LA GRANDE MOTTE", "Mer", "8 jours", "410 €", "160 €", "250 €", "2022"):
        assert attendu in page
    assert "du samedi 14 au samedi 21 mai 2022" in page


def test_a_new_senior_is_searched_then_registered_and_aided(ancv2528):
    recherche = ancv2528.client.post(ancv2528.adresse("inscription-recherche"), identite("senior2"))
    assert "Nouveau sénior" in recherche.content.decode()
    ouverte = ancv2528.client.post(
        ancv2528.adresse("inscription-nouvelle") + "?ouvrir=1", identite("senior2")
    )
    assert ouverte.status_code == 200
    assert Inscription.objects.count() == 0

    page = ancv2528.inscrire(prenom="senior2")
    assert "senior2 SENIOR est inscrit. Aide accordée : 160 €. Il reste 1 340 € de crédits." in page
    assert "1/10" in page and "1/1" in page


def test_a_known_senior_is_found_selected_and_the_form_is_filled(ancv2528, client):
    ancv2528.inscrire(annee=None, adresse="69 avenue de Paris", ville="TOULOUSE", code_postal="31000")
    autre = GroupeFactory(porteur=ancv2528.groupe.porteur, sejour__debut=date(2022, 9, 3))
    ancv2528.groupe = autre
    recherche = client.post(
        ancv2528.adresse("inscription-recherche"),
        {"nom": "Sénior", "prenom": "SENIOR", "date_naissance": "1917-01-01", "ville_naissance": "Paris 12e"},
    )
    page = recherche.content.decode()
    assert "Séniors trouvés" in page and "Sélectionner" in page
    jeton = page.split('name="senior" value="')[1].split('"')[0]
    fiche = client.post(ancv2528.adresse("inscription-nouvelle") + "?ouvrir=1", {"senior": jeton})
    assert 'value="69 avenue de Paris"' in fiche.content.decode()
    # Once a year (Remarque 3): the second stay goes without aid, and says why before and after saving.
    reponse = client.post(
        ancv2528.adresse("inscription-nouvelle"),
        FICHE | {"senior": jeton, "code_postal": "31000"},
        follow=True,
    )
    assert "Sans aide : déjà aidé en 2022, sur un autre séjour" in texte(reponse)


def test_two_seniors_leave_1180_of_1500(ancv2528):
    ancv2528.inscrire(prenom="senior", date_naissance="01/01/1917")
    ancv2528.inscrire(prenom="senior2", date_naissance="01/01/1900")
    assert "2022 1 500 € 320 € 1 180 € 2023 0 € 0 € 0 €" in ancv2528.lire(reverse("compte"))
    assert "2/10" in ancv2528.liste() and "2/2" in ancv2528.liste()


def test_the_four_people_of_remarque_2_have_the_aids_of_the_manual(ancv2528):
    ancv2528.inscrire(prenom="un", date_naissance="01/01/1900")
    ancv2528.inscrire(prenom="deux", date_naissance="01/01/1917")
    ancv2528.inscrire(
        prenom="trois", date_naissance="01/01/1911", eligibilite="PROGRAMME", rfr="0", handicape="on"
    )
    page = ancv2528.inscrire(
        nom="AIDANT",
        prenom="aidant",
        date_naissance="01/01/1954",
        eligibilite="AIDANT",
        nature_aidant="FAMILIAL",
        rfr="",
        senior_lie=ancv2528.inscription("trois").pk,
    )
    assert "Accompagne trois SENIOR" in page
    assert "3/4" in page
    assert "Sans aide : au programme" in page


def test_a_carer_comes_after_the_person_cared_for(ancv2528):
    page = ancv2528.inscrire(
        nom="AIDANT", prenom="aidant", eligibilite="AIDANT", nature_aidant="FAMILIAL", rfr=""
    )
    assert "Inscrivez d'abord la personne accompagnée, en cochant « Handicapé » ou « Dépendant »." in page
    assert Inscription.objects.count() == 0


def test_the_fifth_of_640_euros_is_registered_without_aid(client):
    with time_machine.travel(JOUR, tick=False):
        voyages = Porteur(client, "ancv1654", 640)
        for annee in (1930, 1931, 1932, 1933):
            voyages.inscrire(prenom=f"senior {'abcd'[annee - 1930]}", date_naissance=f"01/01/{annee}")
        page = voyages.inscrire(prenom="senior e", date_naissance="01/01/1934")
        assert (
            "Les crédits d'intervention sur l'année étant épuisés, aucune subvention n'a pu être accordée."
            in page
        )
        assert "4/5" in page
        assert "1er à être aidé si du crédit revient" in page
        # Removing one of the aided gives the aid to the one who waits.
        retire = voyages.inscription("senior a")
        reponse = client.post(voyages.adresse("inscription-effacer", retire.pk), follow=True)
        page = texte(reponse)
        assert "Maintenant aidés : senior e SENIOR." in page
        assert "4/4" in page


def test_effacer_asks_first_and_can_be_undone(ancv2528):
    ancv2528.inscrire()
    inscrite = ancv2528.inscription("senior")
    question = ancv2528.lire(ancv2528.adresse("inscription-effacer", inscrite.pk))
    assert "Effacer senior SENIOR de la liste ?" in question
    assert ancv2528.inscription("senior") == inscrite

    apres = ancv2528.client.post(ancv2528.adresse("inscription-effacer", inscrite.pk), follow=True)
    inscrite.refresh_from_db()
    assert inscrite.effacee_le is not None
    # The message leads to what undoes it.
    assert 'crédits. <a href="#retires">Annuler</a>' in clair(apres.content.decode())
    assert 'id="retires"' in apres.content.decode()
    assert "0/10" in ancv2528.liste()

    ancv2528.client.post(
        ancv2528.adresse("inscriptions-retablir"), {"effacement": inscrite.effacee_le.isoformat()}
    )
    assert ancv2528.inscription("senior").aide == 160


def test_everybody_is_removed_only_once_the_groups_number_is_typed(ancv2528):
    ancv2528.inscrire()
    adresse = ancv2528.adresse("inscriptions-tout-supprimer")
    assert ancv2528.client.post(adresse, {"numero": "1"}).status_code == 422
    assert ancv2528.inscription("senior")
    ancv2528.client.post(adresse, {"numero": str(ancv2528.groupe.pk)})
    assert "0/10" in ancv2528.liste()


def test_the_list_closes_at_midnight_after_the_27th_of_april(ancv2528):
    envoi = FICHE | identite("tardif")
    with time_machine.travel("2022-04-27T23:59:30+02:00", tick=False):
        ancv2528.entrer()
        assert "Dernier jour : la liste ferme ce soir" in ancv2528.liste()
        assert ancv2528.client.post(ancv2528.adresse("inscription-nouvelle"), envoi).status_code == 302
    inscrite = ancv2528.inscription("tardif")
    with time_machine.travel("2022-04-28T00:00:00+02:00", tick=False):
        assert "La liste est close depuis le mercredi 27 avril à minuit." in ancv2528.liste()
        trop_tard = ancv2528.client.post(
            ancv2528.adresse("inscription-nouvelle"), envoi | {"prenom": "trop tard"}
        )
        assert trop_tard.status_code == 422
        dit = clair(unescape(trop_tard.content.decode()))
        assert "La liste a fermé pendant votre saisie, le mercredi 27 avril à minuit." in dit
        assert "Cette inscription n'a pas été enregistrée." in dit
        assert 'value="trop tard"' in trop_tard.content.decode()
        effacer = ancv2528.adresse("inscription-effacer", inscrite.pk)
        assert ancv2528.client.post(effacer).status_code == 422
        # Reading and printing stay possible.
        assert ancv2528.client.get(ancv2528.adresse("liste-xlsx")).status_code == 200
    assert Inscription.objects.presentes().count() == 1
