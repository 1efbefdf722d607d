"""Which group of ANCV's staff opens which page of the admin, by a table; and nothing without the second factor.

Each page and each act has its answer for each group, written by hand: the code's own table (conventions/droits.py) says
what a group may, this one what comes of it.
"""

import re
from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from activite.operations import relever
from conventions.admin.fiches import ADMINISTRATEUR as ADMINISTRATEURS
from conventions.admin.fiches import FicheAdmin
from conventions.droits import DROITS, GROUPES, droits_du_groupe
from conventions.forms.imports import lire_fichier
from conventions.models import Compte, EvenementSecurite, Programme
from conventions.operations import imports
from conventions.operations.complements import demander
from conventions.tests.factories import CompteFactory, TelephoneFactory, connecter
from conventions.tests.test_import import dotation, fichier
from sejours.models import DemandePlaces
from seniors.models import DemandeDonnees, Doublon
from seniors.operations.doublons import chercher_doublons, ecarter
from seniors.operations.fusions import fusionner
from seniors.tests.factories import InscriptionFactory, SeniorFactory, groupe_dote
from sev.socle import journal
from sev.socle.lectures import noter
from sev.socle.models import Courriel, Passage
from sev.socle.temps import maintenant
from sev.tests.test_isolation import TABLE as ROUTES
from sev.tests.test_isolation import Scene, option_de
from validation.tests.factories import comptes_de, liste_confirmee, liste_du_manuel, signalement
from validation.tests.versements import iban_de, lot_prepare

LE_22_AVRIL = "2022-04-22T10:32:00+02:00"

# Who asks, in this order: one of each group, staff without a group, an administrator.
AGENTS = ("gestion", "finances", "lecture", "sans_groupe", "administrateur")

LU = "200 200 200 403 200"
LU_SAUF_FINANCES = "200 403 200 403 200"
DE_LA_GESTION = "200 403 403 403 200"
DES_FINANCES = "403 200 403 403 200"
SANS_LA_LECTURE = "200 200 403 403 200"
ADMINISTRATEUR = "403 403 403 403 200"
PERSONNE = "403 403 403 403 403"

# model: list, then the page of one object, then adding
PAGES = {
    "conventions.organisme": (LU, LU, DE_LA_GESTION),
    "conventions.convention": (LU, LU, DE_LA_GESTION),
    "conventions.compte": (LU_SAUF_FINANCES, LU_SAUF_FINANCES, ADMINISTRATEUR),
    "conventions.credit": (LU, LU, DE_LA_GESTION),
    "conventions.programme": (LU, LU, DE_LA_GESTION),
    "conventions.tarif": (LU, LU, DE_LA_GESTION),
    "conventions.bareme": (LU, LU, DE_LA_GESTION),
    "conventions.mouvement": (LU, LU, PERSONNE),
    "conventions.demandecomplement": (LU, LU, PERSONNE),
    "conventions.demandecomplementevent": (LU, LU, PERSONNE),
    "conventions.decision": (LU, LU, PERSONNE),
    "conventions.import": (LU, LU, DE_LA_GESTION),
    "conventions.programmeevent": (LU, LU, PERSONNE),
    "conventions.evenementsecurite": (DE_LA_GESTION, DE_LA_GESTION, PERSONNE),
    "sejours.equipement": (LU, LU, DE_LA_GESTION),
    "sejours.offre": (LU, LU, PERSONNE),
    "sejours.sejour": (LU, LU, PERSONNE),
    "sejours.groupe": (LU, LU, PERSONNE),
    "sejours.option": (LU, LU, PERSONNE),
    "sejours.demandeplaces": (LU_SAUF_FINANCES, LU_SAUF_FINANCES, PERSONNE),
    "sejours.groupeevent": (LU, LU, PERSONNE),
    "seniors.inscription": (LU_SAUF_FINANCES, LU_SAUF_FINANCES, PERSONNE),
    "seniors.inscriptionevent": (LU_SAUF_FINANCES, LU_SAUF_FINANCES, PERSONNE),
    "seniors.senior": (LU_SAUF_FINANCES, LU_SAUF_FINANCES, PERSONNE),
    "seniors.seniorevent": (LU_SAUF_FINANCES, LU_SAUF_FINANCES, PERSONNE),
    "seniors.demandedonnees": (LU_SAUF_FINANCES, LU_SAUF_FINANCES, PERSONNE),
    "seniors.doublon": (LU_SAUF_FINANCES, LU_SAUF_FINANCES, PERSONNE),
    "seniors.doublonevent": (LU_SAUF_FINANCES, LU_SAUF_FINANCES, PERSONNE),
    "seniors.fusion": (LU_SAUF_FINANCES, LU_SAUF_FINANCES, PERSONNE),
    "validation.validation": (LU, LU, PERSONNE),
    "validation.validationevent": (LU, LU, PERSONNE),
    "validation.presence": (LU, LU, PERSONNE),
    "validation.presenceevent": (LU, LU, PERSONNE),
    "validation.signalement": (LU_SAUF_FINANCES, LU_SAUF_FINANCES, PERSONNE),
    "validation.signalementevent": (LU_SAUF_FINANCES, LU_SAUF_FINANCES, PERSONNE),
    "validation.personnesignalee": (LU_SAUF_FINANCES, LU_SAUF_FINANCES, PERSONNE),
    "validation.personnesignaleeevent": (LU_SAUF_FINANCES, LU_SAUF_FINANCES, PERSONNE),
    "validation.lot": (LU, LU, DES_FINANCES),
    "validation.lotevent": (LU, LU, PERSONNE),
    "validation.virement": (LU, LU, PERSONNE),
    "validation.versement": (LU, LU, PERSONNE),
    "validation.coordonneesbancaires": (SANS_LA_LECTURE, SANS_LA_LECTURE, DES_FINANCES),
    "validation.coordonneesbancairesevent": (SANS_LA_LECTURE, SANS_LA_LECTURE, PERSONNE),
    "activite.activite": (LU, LU, PERSONNE),
    "socle.courriel": (LU, LU, PERSONNE),
    "socle.lecture": (DE_LA_GESTION, DE_LA_GESTION, PERSONNE),
    "socle.passage": (LU, LU, PERSONNE),
}

# model and act: its page, then an empty form sent
REFUSE_VIDE = "422 403 403 403 422"
FAIT = "302 403 403 403 302"
ACTES = {
    "conventions.convention activer": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.convention voir-comme": (LU_SAUF_FINANCES, "422 403 422 403 422"),
    "conventions.compte corriger": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.compte adresse": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.compte lien": (DE_LA_GESTION, FAIT),
    "conventions.compte titulaire": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.compte desactiver": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.compte reactiver": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.compte droits": (ADMINISTRATEUR, "403 403 403 403 422"),
    "conventions.compte reinitialiser": (ADMINISTRATEUR, "403 403 403 403 422"),
    "conventions.compte voir-comme": (LU_SAUF_FINANCES, "422 403 422 403 422"),
    "conventions.credit complement": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.credit reprendre": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.programme suspendre": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.programme reprendre": (DE_LA_GESTION, "200 403 403 403 200"),
    "conventions.programme ouvrir-suivante": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.tarif corriger": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.bareme corriger": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.import importer": (DE_LA_GESTION, FAIT),
    "conventions.demandecomplement accorder": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.demandecomplement refuser": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.convention renouveler": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.convention suspendre": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.convention reprendre": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.convention clore": (DE_LA_GESTION, REFUSE_VIDE),
    "conventions.convention rouvrir": (DE_LA_GESTION, REFUSE_VIDE),
    "sejours.equipement offre": (DE_LA_GESTION, REFUSE_VIDE),
    "sejours.offre sejour": (DE_LA_GESTION, REFUSE_VIDE),
    "sejours.sejour groupe": (DE_LA_GESTION, REFUSE_VIDE),
    "sejours.sejour annuler": (DE_LA_GESTION, REFUSE_VIDE),
    "sejours.sejour deplacer": (DE_LA_GESTION, REFUSE_VIDE),
    "sejours.groupe ajouter-une-personne": (DE_LA_GESTION, REFUSE_VIDE),
    "sejours.groupe annuler": (DE_LA_GESTION, REFUSE_VIDE),
    "seniors.inscription corriger": (DE_LA_GESTION, REFUSE_VIDE),
    "seniors.inscription retirer": (DE_LA_GESTION, REFUSE_VIDE),
    "seniors.inscription lever-le-plafond": (DE_LA_GESTION, REFUSE_VIDE),
    "seniors.senior exporter": (DE_LA_GESTION, REFUSE_VIDE),
    "seniors.senior effacer": (DE_LA_GESTION, REFUSE_VIDE),
    "seniors.doublon fusionner": (DE_LA_GESTION, REFUSE_VIDE),
    "seniors.doublon ecarter": (DE_LA_GESTION, REFUSE_VIDE),
    "seniors.doublon reproposer": (DE_LA_GESTION, REFUSE_VIDE),
    "seniors.doublon defaire": (DE_LA_GESTION, REFUSE_VIDE),
    "seniors.fusion defaire": (DE_LA_GESTION, REFUSE_VIDE),
    "validation.validation prolonger": (DE_LA_GESTION, REFUSE_VIDE),
    "validation.validation valider": (DE_LA_GESTION, REFUSE_VIDE),
    "validation.validation confirmer": (DE_LA_GESTION, REFUSE_VIDE),
    "validation.validation clore": (DE_LA_GESTION, REFUSE_VIDE),
    "validation.presence trancher": (DE_LA_GESTION, REFUSE_VIDE),
    "validation.signalement repondre": (DE_LA_GESTION, REFUSE_VIDE),
    "validation.personnesignalee ajouter": (DE_LA_GESTION, REFUSE_VIDE),
    "validation.personnesignalee refuser": (DE_LA_GESTION, REFUSE_VIDE),
    "validation.lot payer": (DES_FINANCES, "403 422 403 403 422"),
    "validation.lot defaire": (DES_FINANCES, "403 422 403 403 422"),
    "validation.virement rejeter": (DES_FINANCES, "403 422 403 403 422"),
    "validation.virement annuler-rejet": (DES_FINANCES, "403 422 403 403 422"),
    "validation.coordonneesbancaires changer": (DES_FINANCES, "403 422 403 403 422"),
}


class Bureau:
    """The staff of ANCV, each signed in, and one object of each model of the admin."""

    def __init__(self):
        groupe = groupe_dote()
        InscriptionFactory(groupe=groupe)
        titulaire = CompteFactory(convention=groupe.porteur.convention)
        Courriel.objects.create(cause="bureau", destinataire="a@exemple.fr", sujet="Essai")
        Passage.objects.create(tache="essai", debut=maintenant())
        DemandePlaces.objects.create(
            groupe=groupe, places=12, message="Deux de plus", auteur=titulaire, faite_le=maintenant()
        )
        option_de(groupe, titulaire)
        confirmee = liste_du_manuel()
        liste_confirmee(confirmee)
        iban_de(confirmee.sejour.offre.equipement.prestataire)
        lot_prepare()
        signalee = groupe_dote()
        InscriptionFactory(groupe=signalee)
        _, prestataire = comptes_de(signalee)
        signalement(signalee, prestataire)
        noter(quoi="essai", cle=1, par=titulaire)
        relever(annee=2022, le=date(2022, 7, 1), maintenant=maintenant())
        self.agents = {nom: self.agent(nom) for nom in AGENTS}
        self._personnes()
        self._argent(groupe.porteur.convention)
        relever(annee=2022, le=maintenant().date(), maintenant=maintenant())
        EvenementSecurite.objects.create(
            nature="CODES", compte=self.agents["gestion"], par=self.agents["gestion"], le=maintenant()
        )
        self.objets = {
            modele._meta.label_lower: modele.objects.order_by("pk").first() for modele in admin.site._registry
        }
        self.objets["conventions.compte"] = titulaire
        self.objets["conventions.convention"] = groupe.porteur.convention
        self.seances = {nom: self._ouvrir(compte) for nom, compte in self.agents.items()}

    def _personnes(self) -> None:
        """A probable double, two rows that were merged, and a request about somebody's data."""
        agent, quand = self.agents["gestion"], maintenant()
        SeniorFactory(nom="MARTIN", prenom="Jeanne", date_naissance=date(1948, 3, 12))
        SeniorFactory(nom="MARTAIN", prenom="Jeanne", date_naissance=date(1948, 3, 12))
        SeniorFactory(nom="MARTAN", prenom="Jeanne", date_naissance=date(1948, 3, 12))
        assert chercher_doublons(maintenant=quand) >= 2
        ecarter(doublon=Doublon.objects.last(), motif="Deux cousines", par=agent, maintenant=quand)
        gardee, absorbee = SeniorFactory(), SeniorFactory()
        fusionner(
            garder=gardee,
            absorber=absorbee,
            par=agent,
            motif="Même personne",
            le=quand.date(),
            maintenant=quand,
        )
        DemandeDonnees.objects.create(
            senior=gardee, nature="EXPORT", motif="Lettre n° 1", par=agent, le=quand
        )

    def _argent(self, convention) -> None:
        """A decision that was imported, one that waits to be, and a porteur's request."""
        agent, quand = self.agents["gestion"], maintenant()
        fait = {"le": quand.date(), "maintenant": quand}
        lignes = lire_fichier(fichier(dotation("EAS-1", convention.numero, montant="10")))
        a_ecrire = lire_fichier(fichier(dotation("EAS-2", convention.numero, montant="20")))
        en_attente = imports.lire(fichier="suite.csv", lignes=a_ecrire, par=agent, maintenant=quand)
        ecrit = imports.lire(fichier="decisions.csv", lignes=lignes, par=agent, maintenant=quand)
        imports.lancer(lot=ecrit, par=agent, maintenant=quand)
        imports.importer(lot=ecrit, limite=10, **fait)
        assert en_attente.pk < ecrit.pk
        demander(
            convention=convention, annee=2022, montant=Decimal(160), motif="Une de plus", par=agent, **fait
        )
        with journal.acte("programme", par=agent):
            Programme.objects.filter(annee=2022).update(delai_option=8)

    @staticmethod
    def agent(nom: str) -> Compte:
        compte = CompteFactory(ancv=True, is_superuser=nom == "administrateur", nom=nom.capitalize())
        compte.groups.set(Group.objects.filter(name=nom))
        return compte

    @staticmethod
    def _ouvrir(compte) -> str:
        client = Client()
        connecter(client, compte)
        return client.cookies["sessionid"].value

    def reponses(self, adresse: str, methode: str = "get") -> str:
        """What each of the staff is answered, each from the same state."""
        statuts = []
        for nom in AGENTS:
            client = Client()
            client.cookies["sessionid"] = self.seances[nom]
            with transaction.atomic():
                statuts.append(str(getattr(client, methode)(adresse).status_code))
                transaction.set_rollback(True)
        return " ".join(statuts)

    def adresse(self, modele: str, page: str) -> str:
        cles = [] if page in ("changelist", "add") else [self.objets[modele].pk]
        return reverse(f"admin:{modele.replace('.', '_')}_{page}", args=cles)


@pytest.fixture(scope="module")
def bureau_du_module(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        with time_machine.travel(LE_22_AVRIL, tick=False):
            bureau = Bureau()
        yield bureau
        transaction.set_rollback(True)


@pytest.fixture
def bureau(bureau_du_module, db):
    with time_machine.travel(LE_22_AVRIL, tick=False):
        yield bureau_du_module


# --- The tables are whole -----------------------------------------------------------------------------------------


def modeles_de_l_admin() -> set[str]:
    """The models of the admin's pages, and those drawn inside another's page."""
    tous = {modele._meta.label_lower for modele in admin.site._registry}
    return tous | {i.model._meta.label_lower for page in admin.site._registry.values() for i in page.inlines}


def actes() -> dict[str, object]:
    return {
        f"{modele._meta.label_lower} {acte.nom}": acte
        for modele, page in admin.site._registry.items()
        if isinstance(page, FicheAdmin)
        for acte in page.actes
    }


def test_every_model_of_the_admin_stands_in_the_table_of_rights():
    assert modeles_de_l_admin() - set(DROITS) == set()
    assert {nom for nom in DROITS if DROITS[nom][0] not in (True, False)} - modeles_de_l_admin() == {
        "validation.piece"
    }


def test_every_page_and_every_act_of_the_admin_stands_in_these_tables():
    assert set(PAGES) == {modele._meta.label_lower for modele in admin.site._registry}
    assert set(ACTES) == set(actes())


def test_every_act_asks_for_a_right_of_the_table():
    """Its own, or that of its page: nothing is open to whoever reads."""
    connus = {ADMINISTRATEURS}.union(*map(droits_du_groupe, GROUPES))
    demandes = {}
    for modele, page in admin.site._registry.items():
        for acte in getattr(page, "actes", ()):
            propre = getattr(page, "creation", f"{modele._meta.app_label}.change_{modele._meta.model_name}")
            demandes[f"{modele._meta.label_lower} {acte.nom}"] = acte.droit or propre
    assert {nom: droit for nom, droit in demandes.items() if droit not in connus} == {}
    assert len(demandes) >= 20


# --- The groups ---------------------------------------------------------------------------------------------------


def ecrits(nom: str) -> set[str]:
    lus = Permission.objects.filter(group__name=nom).select_related("content_type")
    return {f"{p.content_type.app_label}.{p.codename}" for p in lus}


@pytest.mark.django_db
@pytest.mark.parametrize("nom", GROUPES)
def test_the_groups_hold_what_the_table_says(nom):
    assert ecrits(nom) == droits_du_groupe(nom)


@pytest.mark.django_db
def test_reading_reads_and_finances_move_no_credit():
    assert {droit.split(".")[1].split("_")[0] for droit in droits_du_groupe("lecture")} == {"view", "voir"}
    ecrits_par_finances = {droit for droit in droits_du_groupe("finances") if ".view_" not in droit}
    assert ecrits_par_finances == {
        "validation.add_lot",
        "validation.change_lot",
        "validation.change_virement",
        "validation.add_coordonneesbancaires",
        "validation.change_coordonneesbancaires",
    }
    payer = ecrits_par_finances & (droits_du_groupe("gestion") | droits_du_groupe("lecture"))
    assert payer == set()


@pytest.mark.django_db
def test_what_is_added_by_hand_is_taken_back_by_the_next_migrate():
    lecture = Group.objects.get(name="lecture")
    lecture.permissions.add(Permission.objects.get(codename="change_credit"))
    Group.objects.get(name="finances").delete()
    call_command("migrate", verbosity=0)
    assert ecrits("lecture") == droits_du_groupe("lecture")
    assert ecrits("finances") == droits_du_groupe("finances")


# --- Each group, each page ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("modele", PAGES)
def test_each_group_opens_the_pages_that_the_table_says(bureau, modele):
    liste, fiche, ajout = PAGES[modele]
    assert bureau.reponses(bureau.adresse(modele, "changelist")) == liste
    assert bureau.reponses(bureau.adresse(modele, "change")) == fiche
    assert bureau.reponses(bureau.adresse(modele, "add")) == ajout
    # A report of an import is the only thing that is deleted: its decisions stay.
    suppression = DE_LA_GESTION if modele == "conventions.import" else PERSONNE
    assert bureau.reponses(bureau.adresse(modele, "delete")) == suppression
    assert bureau.reponses(bureau.adresse(modele, "history")) == fiche


@pytest.mark.parametrize("acte", ACTES)
def test_each_group_does_the_acts_that_the_table_says(bureau, acte):
    modele, nom = acte.split()
    adresse = bureau.adresse(modele, nom)
    page, envoi = ACTES[acte]
    if not actes()[acte].propose(bureau.objets[modele]):
        page = page.replace("200", "302")  # what can't be done any more says so on the object's page
    assert (bureau.reponses(adresse), bureau.reponses(adresse, "post")) == (page, envoi)


@pytest.mark.parametrize("modele", PAGES)
def test_a_page_that_is_read_is_not_written(bureau, modele):
    """What only reads is refused its form; the same button is not drawn."""
    saisie = bureau.reponses(bureau.adresse(modele, "change"), "post").split()
    assert saisie[1:4] == ["403", "403", "403"]


@pytest.mark.parametrize("modele", sorted({acte.split()[0] for acte in ACTES}))
def test_an_act_is_only_offered_to_who_may_do_it(bureau, modele):
    for nom, attendus in (("lecture", {"voir-comme"}), ("finances", {"payer", "defaire"})):
        client = Client()
        client.cookies["sessionid"] = bureau.seances[nom]
        reponse = client.get(bureau.adresse(modele, "change"))
        if reponse.status_code == 200:
            offerts = {url.rstrip("/").rsplit("/", 1)[-1] for _, url in reponse.context["boutons"]}
            assert offerts <= attendus


def test_who_may_only_read_mails_sends_none_again(bureau):
    adresse = bureau.adresse("socle.courriel", "changelist")
    for nom, offert in (("gestion", True), ("finances", False), ("lecture", False)):
        client = Client()
        client.cookies["sessionid"] = bureau.seances[nom]
        assert ('value="renvoyer"' in client.get(adresse).content.decode()) is offert, nom


# --- Without the second factor ------------------------------------------------------------------------------------


def adresses_de_l_admin(bureau) -> list[str]:
    """The admin's addresses, each with an object of its own where it names one."""
    trouvees = []
    for motif in get_resolver().url_patterns:
        if getattr(motif, "app_name", None) == "admin":
            for page in motif.url_patterns:
                trouvees += _adresses(bureau, page)
    return trouvees


def _adresses(bureau, page) -> list[str]:
    if not hasattr(page, "url_patterns"):
        return (
            [f"/admin/{page.pattern!s}"]
            if "<" not in str(page.pattern) and "^" not in str(page.pattern)
            else []
        )
    modele = ".".join(str(page.pattern).strip("/").split("/"))
    objet = bureau.objets.get(modele)
    motifs = [str(sous.pattern) for sous in page.url_patterns]
    return [
        "/admin/" + str(page.pattern) + re.sub(r"<[^>]+>", str(objet.pk), motif)
        for motif in motifs
        if objet is not None
    ]


# What anybody may open, and the way in and out.
OUVERTES = {
    "accessibilite",
    "admin-connexion",
    "agenda-ics",
    "connexion",
    "deconnexion",
    "demo-courriel",
    "demo-courriels",
    "donnees_personnelles",
    "mentions_legales",
    "mot-de-passe-choisir",
    "mot-de-passe-oublie",
    "sante",
    # the pages of the second factor
    "double-authentification",
    "double-authentification-activer",
    "double-authentification-secours",
}


@pytest.mark.parametrize("regle", [True, False], ids=["set up", "never set up"])
def test_without_the_second_factor_the_site_and_the_admin_are_closed(bureau, regle):
    """Every page leads to it, for an administrator too; what is open is what anybody may open."""
    with time_machine.travel(LE_22_AVRIL, tick=False):
        compte = CompteFactory(ancv=True)
        if regle:
            TelephoneFactory(compte)
        client = Client(raise_request_exception=False)
        connecter(client, compte, second_facteur=False)
        scene = Scene()
        adresses = {route: scene.adresse(route) for route in ROUTES}
        ouvertes = set()
        for route, adresse in adresses.items():
            for methode in (client.get, client.post):
                if route == "deconnexion":
                    continue
                if not _renvoye(methode(adresse)):
                    ouvertes.add(route)
        assert ouvertes == OUVERTES - {"deconnexion"}
        admin_ = adresses_de_l_admin(bureau)
        assert len(admin_) > 100
        assert [a for a in admin_ if a != "/admin/login/" and not _renvoye(client.get(a))] == []
        assert [a for a in admin_ if a != "/admin/login/" and not _renvoye(client.post(a))] == []
        assert client.post("/deconnexion/").url == "/connexion/"


def _renvoye(reponse) -> bool:
    return reponse.status_code == 302 and reponse.url.startswith("/double-authentification/?next=")
