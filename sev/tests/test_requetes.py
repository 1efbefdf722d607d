"""Every page costs as many queries with a few rows of everything as with many (the admin's lists: test_admin_listes).

Two scenes in time: 22 April, the lists open; 12 June, one list of each state after its stay. A page of the machine that
nobody signed in reads, and one that does nothing but redirect, has nothing to count.
"""

from datetime import date
from itertools import product

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conventions.models import DemandeComplement
from conventions.tests.factories import CompteFactory, connecter
from sejours.models import DemandePlaces, Option, Photo, RechercheGardee
from sejours.tests.factories import EquipementFactory, OffreFactory, SejourFactory
from seniors.tests.factories import InscriptionFactory, groupe_dote
from sev.socle.temps import maintenant
from sev.tests.test_isolation import LE_22_AVRIL, TABLE, Scene, routes
from validation.tests.factories import (
    liste_confirmee,
    liste_du_manuel,
    liste_validee,
    signalement,
)
from validation.tests.versements import PAYEUR, iban_de, lot_paye

pytestmark = pytest.mark.django_db

LE_12_JUIN = "2022-06-12T10:32:00+02:00"
DEBUT_OUVERT = date(2022, 7, 2)
# One by one, each with queries of its own: what the machine reads, and the demo's pages.
HORS_DE_COMPTE = {"sante", "agenda-ics", "demo-courriels", "demo-courriel"}
# Long to draw, and the same for any list: counted once, on the open one.
DESSINEES = {"rooming-list", "details"}
# What the fullest takes, a few to spare: the journal as a spreadsheet, each kind of act with its states before.
PLAFOND = 35


class Saison:
    """The cast's organisations with a season: a list that is open, and after their stay one of each state."""

    def __init__(self):
        self.scene = Scene()
        self.porteur, self.prestataire = (self.scene.comptes[qui] for qui in ("porteur", "prestataire"))
        self.equipement = self.scene.photo.equipement
        self.numeros: dict[str, int] = {}
        self.ouvert = groupe_dote(
            15_000,
            porteur=self.porteur.organisme,
            places=60,
            sejour__offre=self.scene.groupe.sejour.offre,
            sejour__debut=DEBUT_OUVERT,
        )
        self.scene.groupe = self.ouvert
        self.scene.inscription = InscriptionFactory(groupe=self.ouvert, dependant=True)
        iban_de(self.prestataire.organisme)

    def grandir(self) -> None:
        """Add some rows of everything that the two organisations see."""
        for eligibilite in ("AIDE", "PROGRAMME", "AIDANT"):
            lie = self.scene.inscription.pk if eligibilite == "AIDANT" else None
            InscriptionFactory(groupe=self.ouvert, eligibilite=eligibilite, senior_lie=lie)
        self._apres_sejour()
        autre = groupe_dote(
            porteur=self.porteur.organisme,
            sejour__offre=OffreFactory(equipement=EquipementFactory(prestataire=self.prestataire.organisme)),
            sejour__debut=date(2022, 8, 6),
        )
        DemandePlaces.objects.create(groupe=autre, places=12, auteur=self.porteur)
        self._demandes(SejourFactory(offre=autre.sejour.offre, debut=date(2022, 9, 3)))
        for compte in (self.porteur, self.prestataire):
            CompteFactory(collegue=True, organisme=compte.organisme)
        Photo.objects.create(
            equipement=self.equipement,
            fichier=ContentFile(b"la plage", name="essai.jpg"),
            legende="La plage",
            largeur=4,
            hauteur=3,
        )

    def _apres_sejour(self) -> None:
        """Lists of which nobody has said anything, validated, confirmed and paid, confirmed and due, reported."""

        def liste():
            return liste_du_manuel(
                porteur=self.porteur.organisme,
                sejour__offre__equipement__prestataire=self.prestataire.organisme,
            )

        listes = {etat: liste() for etat in ("muette", "validee", "payee", "due", "signalee")}
        liste_validee(listes["validee"], "Pierre RONVIN")
        liste_confirmee(listes["payee"])
        lot_paye()
        liste_confirmee(listes["due"], "Pierre RONVIN")
        signalement(listes["signalee"], self.prestataire)
        self.numeros = self.numeros or {etat: groupe.pk for etat, groupe in listes.items()}

    def _demandes(self, sejour) -> None:
        rang = Option.objects.count()
        Option.objects.create(
            sejour=sejour,
            porteur=self.porteur.organisme,
            places=2,
            auteur=self.porteur,
            posee_le=maintenant(),
            echeance=date(2022, 6, 30),
        )
        RechercheGardee.objects.create(compte=self.porteur, nom=f"Mer {rang}", requete="environnement=MER")
        DemandeComplement.objects.create(
            convention=self.porteur.organisme.convention,
            programme_id=2022,
            montant=320,
            motif="Deux personnes attendent.",
            auteur=self.porteur,
            faite_le=maintenant(),
            decidee_le=maintenant(),
            decidee_par=self.porteur,
            reponse="L'enveloppe de l'année est attribuée.",
        )

    def pages(self, etats: dict[str, int]):
        """Every page that one of the two opens: the open list's, or those of past lists: (who, name, address)."""
        for route in sorted(set(TABLE) - HORS_DE_COMPTE):
            d_une_liste = "<int:numero>" in routes()[route]
            numeros = etats if d_une_liste and etats else {"": self.ouvert.pk}
            if etats and ("<int:cle>" in routes()[route] or route in DESSINEES):
                continue
            for qui, (etat, numero) in product(("porteur", "prestataire"), numeros.items()):
                yield qui, f"{route} {etat}".strip(), self.scene.adresse(route, numero=numero)

    def requetes(self, etats: dict[str, int]) -> dict[str, int]:
        """The queries of each page that answers 200: « page (who) » → how many."""
        combien = {}
        clients = {"porteur": Client(), "prestataire": Client()}
        for qui, client in clients.items():
            connecter(client, self.scene.comptes[qui])
        for qui, nom, adresse in self.pages(etats):
            with CaptureQueriesContext(connection) as prises:
                reponse = clients[qui].get(adresse)
                b"".join(reponse.streaming_content if reponse.streaming else ())
            if reponse.status_code == 200:
                combien[f"{nom} ({qui})"] = len(prises)
        return combien


@pytest.mark.parametrize("instant", [LE_22_AVRIL, LE_12_JUIN], ids=["list open", "after the stays"])
def test_no_page_costs_more_queries_with_many_rows_than_with_few(instant, settings):
    settings.SEV_PAYEUR = PAYEUR
    with time_machine.travel(LE_22_AVRIL, tick=False):
        saison = Saison()
        saison.grandir()
    etats = saison.numeros if instant == LE_12_JUIN else {}
    with time_machine.travel(instant, tick=False):
        peu = saison.requetes(etats)
    with time_machine.travel(LE_22_AVRIL, tick=False):
        for _ in range(3):
            saison.grandir()
    with time_machine.travel(instant, tick=False):
        beaucoup = saison.requetes(etats)
    # Less is no fault: what is read once and kept, a page of the journal that tells fewer kinds of acts.
    assert {page: (peu[page], n) for page, n in beaucoup.items() if n > peu[page]} == {}
    assert peu.keys() == beaucoup.keys()
    assert len(peu) >= 80
    assert {page: n for page, n in beaucoup.items() if n > PLAFOND} == {}
