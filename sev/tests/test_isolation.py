"""Who may open what (X1, X2, C4): every named route, for each of the cast, by GET and by POST.

The scene is one group of `porteur` on a stay of `prestataire`; `intrus` is another porteur, `concurrent` another
provider. What they may not see answers 404, like what doesn't exist; a page that isn't for their role 403.
"""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from io import BytesIO
from uuid import UUID
from zipfile import ZipFile

import pytest
import time_machine
from django.contrib import admin
from django.contrib.auth.tokens import default_token_generator
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from pypdf import PdfReader, PdfWriter

from conventions.models import Compte, DemandeComplement
from conventions.tests.factories import CompteFactory, connecter
from sejours.models import Option, Photo, RechercheGardee
from seniors.models import Inscription
from seniors.tests.factories import InscriptionFactory, groupe_dote
from sev.socle.models import Courriel
from sev.socle.temps import maintenant
from validation.models import Piece, Signalement, Validation

CAST = ("anonyme", "porteur", "lecteur", "prestataire", "concurrent", "intrus", "ancv")

# Answers in the order of the cast: GET, then an empty POST.
PARTOUT = "200 200 200 200 200 200 200"
AUX_DEUX = "302 200 200 200 200 200 403"
DU_GROUPE = "302 200 200 200 404 404 403"
DU_PORTEUR = "302 200 200 403 403 404 403"
DES_PORTEURS = "302 200 200 403 403 200 403"
QUI_ECRIT = "302 200 403 403 403 404 403"
REFUSE = "302 422 403 403 403 404 403"
FAIT = "302 302 403 403 403 404 403"
DES_PRESTATAIRES = "302 403 403 200 200 403 403"
DU_PRESTATAIRE = "302 403 403 200 404 403 403"
PRESTATAIRE_REFUSE = "302 403 403 422 404 403 403"
PRESTATAIRE_FAIT = "302 403 403 302 404 403 403"
PAS_DE_POST = "302 405 405 405 405 405 405"
JAMAIS = "405 405 405 405 405 405 405"
INCONNUE = "404 404 404 404 404 404 404"

TABLE = {
    "accueil": ("302 200 200 200 200 200 302", PAS_DE_POST),
    "journal": (AUX_DEUX, PAS_DE_POST),
    "journal-xlsx": (AUX_DEUX, PAS_DE_POST),
    "sante": ("503 503 503 503 503 503 503", JAMAIS),
    "demo-courriels": (INCONNUE, JAMAIS),
    "demo-courriel": (INCONNUE, JAMAIS),
    # conventions
    "connexion": ("200 302 302 302 302 302 302", "422 422 422 422 422 422 422"),
    "deconnexion": (JAMAIS, "302 302 302 302 302 302 302"),
    "double-authentification": ("302 403 403 403 403 403 200", "302 403 403 403 403 403 422"),
    "double-authentification-secours": ("302 403 403 403 403 403 200", "302 403 403 403 403 403 422"),
    "double-authentification-activer": ("302 403 403 403 403 403 200", "302 403 403 403 403 403 422"),
    "double-authentification-codes": ("302 403 403 403 403 403 200", "302 403 403 403 403 403 422"),
    "voir-comme-quitter": (PAS_DE_POST, "302 403 403 403 403 403 302"),
    "admin-mot-de-passe": ("302 302 302 302 302 302 302", "302 302 302 302 302 302 302"),
    "admin-connexion": ("302 403 403 403 403 403 403", JAMAIS),
    "reprendre": ("302 302 302 302 302 302 302", "302 302 302 302 302 302 302"),
    "mot-de-passe-oublie": (PARTOUT, "422 422 422 422 422 422 422"),
    "mot-de-passe-choisir": ("302 302 302 302 302 302 302", "302 302 302 302 302 302 302"),
    "compte": ("302 200 200 200 200 200 200", "302 422 403 422 422 422 403"),
    "compte-mot-de-passe": ("302 302 302 302 302 302 302", "302 422 422 422 422 422 422"),
    "compte-adresse": ("302 302 302 302 302 302 302", "302 422 422 422 422 422 422"),
    "compte-email-confirmer": ("302 200 200 200 200 200 200", "302 302 302 302 302 302 302"),
    "utilisateurs-xlsx": (AUX_DEUX, PAS_DE_POST),
    "utilisateurs": (AUX_DEUX, PAS_DE_POST),
    "utilisateur-inviter": ("302 200 403 200 200 200 403", "302 422 403 422 422 422 403"),
    "utilisateur-modifier": ("302 200 403 404 404 404 403", "302 422 403 404 404 404 403"),
    # sejours
    "groupes": (AUX_DEUX, PAS_DE_POST),
    "groupes-xlsx": (AUX_DEUX, PAS_DE_POST),
    "demander-places": (QUI_ECRIT, REFUSE),
    "groupe-nouveau": (DU_PRESTATAIRE, PRESTATAIRE_REFUSE),
    "groupe-nouveau-apercu": (DU_PRESTATAIRE, PAS_DE_POST),
    "places-repondre": (DU_PRESTATAIRE, PRESTATAIRE_REFUSE),
    # sejours: search of stays, options
    "offres": (DES_PORTEURS, PAS_DE_POST),
    "offres-xlsx": (DES_PORTEURS, PAS_DE_POST),
    "offre": (DES_PORTEURS, PAS_DE_POST),
    "option-poser": ("302 200 403 403 403 200 403", "302 422 403 403 403 422 403"),
    "recherche-garder": (PAS_DE_POST, "302 422 403 403 403 422 403"),
    "recherche-oublier": (PAS_DE_POST, FAIT),
    "options": (AUX_DEUX, PAS_DE_POST),
    "options-xlsx": (AUX_DEUX, PAS_DE_POST),
    "option-accepter": ("302 403 403 200 404 403 403", "302 403 403 302 404 403 403"),
    "option-refuser": ("302 403 403 200 404 403 403", "302 403 403 422 404 403 403"),
    "option-retirer": (QUI_ECRIT, FAIT),
    # sejours: the provider's équipements, offers and stays
    "equipements": (DES_PRESTATAIRES, PAS_DE_POST),
    "equipements-xlsx": (DES_PRESTATAIRES, PAS_DE_POST),
    "equipement-communes": ("302 403 403 204 204 403 403", PAS_DE_POST),
    "equipement-nouveau": (DES_PRESTATAIRES, "302 403 403 422 422 403 403"),
    "equipement": (DU_PRESTATAIRE, PAS_DE_POST),
    "equipement-modifier": (DU_PRESTATAIRE, PRESTATAIRE_REFUSE),
    "equipement-photos": (DU_PRESTATAIRE, PRESTATAIRE_REFUSE),
    "photo": ("302 200 200 200 404 200 200", PAS_DE_POST),
    "photo-supprimer": (DU_PRESTATAIRE, PRESTATAIRE_FAIT),
    "offre-nouvelle": (DU_PRESTATAIRE, PRESTATAIRE_REFUSE),
    "offre-modifier": (DU_PRESTATAIRE, PRESTATAIRE_REFUSE),
    "offre-sejours": (DU_PRESTATAIRE, PRESTATAIRE_REFUSE),
    "offre-reconduire": (DU_PRESTATAIRE, PRESTATAIRE_REFUSE),
    "sejours": (DES_PRESTATAIRES, PAS_DE_POST),
    "sejours-xlsx": (DES_PRESTATAIRES, PAS_DE_POST),
    "occupation": (DES_PRESTATAIRES, PAS_DE_POST),
    "occupation-xlsx": (DES_PRESTATAIRES, PAS_DE_POST),
    "sejour": (DU_PRESTATAIRE, PAS_DE_POST),
    "sejour-places": (DU_PRESTATAIRE, PRESTATAIRE_REFUSE),
    "sejour-fermer": (PAS_DE_POST, PRESTATAIRE_FAIT),
    "agenda": (AUX_DEUX, "302 302 302 302 302 302 403"),
    "agenda-ics": (INCONNUE, JAMAIS),
    # seniors: credits
    "credits": (DES_PORTEURS, PAS_DE_POST),
    "credits-xlsx": (DES_PORTEURS, PAS_DE_POST),
    "complement-demander": ("302 200 403 403 403 200 403", "302 422 403 403 403 422 403"),
    "complement-retirer": (QUI_ECRIT, FAIT),
    # seniors
    "groupe": (DU_GROUPE, PAS_DE_POST),
    "rooming-list": (DU_GROUPE, PAS_DE_POST),
    "details": (DU_PORTEUR, PAS_DE_POST),
    "liste-xlsx": (DU_GROUPE, PAS_DE_POST),
    "inscription-recherche": (QUI_ECRIT, REFUSE),
    "inscription-nouvelle": (QUI_ECRIT, REFUSE),
    "inscription-modifier": (QUI_ECRIT, REFUSE),
    "inscription-effacer": (QUI_ECRIT, FAIT),
    "inscriptions-tout-supprimer": (QUI_ECRIT, REFUSE),
    "inscriptions-retablir": ("302 405 405 405 405 405 405", FAIT),
    "groupe-annuler": (DU_PRESTATAIRE, PRESTATAIRE_REFUSE),
    "sejour-annuler": (DU_PRESTATAIRE, PRESTATAIRE_REFUSE),
    "communes": ("302 204 204 403 403 204 403", PAS_DE_POST),
    # validation
    "validation": (AUX_DEUX, PAS_DE_POST),
    "validation-xlsx": (AUX_DEUX, PAS_DE_POST),
    "validation-groupe": (DU_GROUPE, "302 422 403 422 404 404 403"),
    "validation-somme": ("302 405 405 405 405 405 405", "302 422 403 422 404 404 403"),
    "versements": (DES_PRESTATAIRES, PAS_DE_POST),
    "versements-xlsx": (DES_PRESTATAIRES, PAS_DE_POST),
    "coordonnees-bancaires": (DES_PRESTATAIRES, "302 403 403 422 422 403 403"),
    "attestation": (DU_PORTEUR, PAS_DE_POST),
    "attestations": (DU_PORTEUR, PAS_DE_POST),
    "signaler": ("302 200 403 200 404 404 403", "302 422 403 422 404 404 403"),
    "signalement-annuler": ("302 404 403 200 404 404 403", "302 404 403 302 404 404 403"),
    "piece": ("302 404 403 200 404 404 403", PAS_DE_POST),
    # socle
    "accessibilite": (PARTOUT, JAMAIS),
    "donnees_personnelles": (PARTOUT, JAMAIS),
    "mentions_legales": (PARTOUT, JAMAIS),
}


def routes(motifs=None, prefixe="") -> dict[str | None, str]:
    """The project's routes, the admin's left out: name → pattern."""
    trouvees = {}
    for motif in get_resolver().url_patterns if motifs is None else motifs:
        chemin = prefixe + str(motif.pattern)
        if isinstance(motif, URLPattern):
            trouvees[motif.name] = chemin
        elif getattr(motif, "app_name", None) != "admin":
            trouvees |= routes(motif.url_patterns, chemin)
    return trouvees


# What a provider never reads (X2); the income is confidential, so that the porteur doesn't read it again either.
SECRETS = {
    "rfr": Decimal(98_765),
    "rfr_confidentiel": True,
    "revenu_imposable": Decimal(12_349),
    "parts": Decimal(1),
    "situation": "SEULE",
    "adresse": "77 RUE DU SECRET",
    "code_postal": "29217",
    "ville": "LE CONQUET",
    "complement": "BATIMENT CACHE",
    "email": "jeanne@secret.fr",
}
LE_22_AVRIL = "2022-04-22T10:32:00+02:00"


def option_de(groupe, auteur) -> Option:
    """Two places more that the porteur of the group asks for, on the same stay."""
    return Option.objects.create(
        sejour=groupe.sejour,
        porteur=groupe.porteur,
        places=2,
        auteur=auteur,
        posee_le=maintenant(),
        echeance=groupe.dernier_jour,
    )


class Scene:
    """The group, its list, and the accounts of the cast, each signed in on its own client."""

    def __init__(self):
        self.groupe = groupe_dote()
        self.inscription = InscriptionFactory(groupe=self.groupe, **SECRETS)
        equipement = self.groupe.sejour.offre.equipement
        porteur = CompteFactory(convention=self.groupe.porteur.convention)
        self.collegue = CompteFactory(collegue=True, organisme=porteur.organisme)
        self.comptes = {
            "anonyme": None,
            "porteur": porteur,
            "lecteur": CompteFactory(lecteur=True, organisme=porteur.organisme),
            "prestataire": CompteFactory(convention=equipement.prestataire.convention),
            "concurrent": CompteFactory(prestataire=True),
            "intrus": CompteFactory(),
            "ancv": CompteFactory(ancv=True),
        }
        self.option = option_de(self.groupe, porteur)
        self.recherche = RechercheGardee.objects.create(
            compte=porteur, nom="Mer", requete="environnement=MER"
        )
        self.complement = DemandeComplement.objects.create(
            convention=porteur.organisme.convention,
            programme_id=2022,
            montant=320,
            motif="Deux personnes attendent.",
            auteur=porteur,
            faite_le=maintenant(),
        )
        self.photo = Photo.objects.create(
            equipement=equipement,
            fichier=ContentFile(b"la terrasse", name="essai.jpg"),
            legende="La terrasse",
            largeur=4,
            hauteur=3,
        )
        self.piece = self._piece(self.comptes["prestataire"])
        self.courriel = Courriel.objects.create(cause="essai", destinataire="a@exemple.fr", sujet="Essai")
        self.seances = {qui: self._ouvrir(compte) for qui, compte in self.comptes.items() if compte}

    def _piece(self, prestataire) -> Piece:
        """A report of the provider, before its time, and the paper that goes with it."""
        validation = Validation.objects.create(
            groupe=self.groupe,
            ouverte_le=maintenant(),
            echeance_prestataire=self.groupe.dernier_jour,
            arretee_le=self.groupe.dernier_jour,
            jours_restants=3,
        )
        avis = PdfWriter()
        avis.add_blank_page(72, 72)
        avis.write(contenu := BytesIO())
        report = Signalement.objects.create(
            validation=validation, cote="PRESTATAIRE", auteur=prestataire, fait_le=maintenant()
        )
        return Piece.objects.create(
            signalement=report,
            nom="avis.pdf",
            type=Piece.Type.PDF,
            taille=4,
            fichier=ContentFile(contenu.getvalue(), name="avis.pdf"),
            deposee_le=maintenant(),
        )

    @staticmethod
    def _ouvrir(compte) -> str:
        client = Client()
        connecter(client, compte)
        return client.cookies["sessionid"].value

    def client(self, qui: str, **options) -> Client:
        client = Client(**options)
        if qui in self.seances:
            client.cookies["sessionid"] = self.seances[qui]
        return client

    def adresse(self, route: str, **autres) -> str:
        """The address of the route for the scene's own rows."""
        porteur = self.comptes["porteur"]
        valeurs = {
            "numero": self.groupe.pk,
            "sejour": self.groupe.sejour_id,
            "option": self.option.pk,
            "offre": self.groupe.sejour.offre_id,
            "equipement": self.photo.equipement_id,
            "photo": self.photo.pk,
            "piece": self.piece.pk,
            "recherche": self.recherche.pk,
            "complement": self.complement.pk,
            "annee": 2022,
            "cle": self.courriel.pk if route == "demo-courriel" else self.inscription.pk,
            "inscription": self.inscription.pk,
            "pk": self.collegue.pk,
            "uidb64": urlsafe_base64_encode(force_bytes(porteur.pk)),
            "token": default_token_generator.make_token(porteur),
            "demande": UUID(int=1),
            "secret": "inconnu",
        } | autres
        chemin = routes()[route]
        return reverse(
            route,
            kwargs={nom: v for nom, v in valeurs.items() if f":{nom}>" in chemin or f"<{nom}>" in chemin},
        )


@pytest.fixture(scope="module")
def scene_du_module(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        with time_machine.travel(LE_22_AVRIL, tick=False):
            scene = Scene()
        yield scene
        scene.piece.fichier.delete(save=False)
        transaction.set_rollback(True)


@pytest.fixture
def scene(scene_du_module, db):
    """The same scene for every test, each of which leaves it as it was."""
    with time_machine.travel(LE_22_AVRIL, tick=False):
        yield scene_du_module


def reponses(scene, route: str, methode: str) -> str:
    """The answers to the cast, each from the same scene."""
    statuts = []
    for qui in CAST:
        client = scene.client(qui, raise_request_exception=False)
        with transaction.atomic():
            reponse = getattr(client, methode)(scene.adresse(route))
            list(reponse.streaming_content if reponse.streaming else ())
            transaction.set_rollback(True)
        statuts.append(str(reponse.status_code))
    return " ".join(statuts)


def test_every_named_route_stands_in_the_table():
    assert set(routes()) == set(TABLE)


@pytest.mark.parametrize("route", TABLE)
def test_each_of_the_cast_is_answered_as_the_table_says(scene, route):
    assert (reponses(scene, route, "get"), reponses(scene, route, "post")) == TABLE[route]


# --- What isn't one's own is unknown ------------------------------------------------------------------------------

# Every porteur may look at every stay and its photos, and ask for places of it.
POUR_TOUS = {"offre", "option-poser", "photo", "complement-demander"}
CLES = ("numero", "sejour", "option", "recherche", "offre", "equipement", "photo", "piece", "complement")
AVEC_CLE = sorted(
    route
    for route, chemin in routes().items()
    if "<int:" in chemin and not route.startswith("demo") and route not in POUR_TOUS
)
ABSENT = 2_000_000_000


def page(reponse) -> str:
    """The page without its CSRF token, another one each time."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", reponse.content.decode())


@pytest.mark.parametrize("route", AVEC_CLE)
def test_a_foreign_id_answers_like_an_unknown_one(scene, route):
    """Same status, same page: nothing tells that it exists."""
    cles = ("pk",) if route == "utilisateur-modifier" else CLES
    unknown = dict.fromkeys(cles, ABSENT)
    for qui in ("intrus", "concurrent"):
        client = scene.client(qui)
        for methode in (client.get, client.post):
            etrangere, inconnue = (methode(scene.adresse(route, **autres)) for autres in ({}, unknown))
            assert (etrangere.status_code, page(etrangere)) == (inconnue.status_code, page(inconnue))


@pytest.mark.parametrize("route", [route for route in AVEC_CLE if "<int:cle>" in routes()[route]])
def test_a_registration_is_found_only_under_its_own_group(scene, route):
    """The porteur's other group doesn't lead to it, nor does the porteur's group to somebody else's registration."""
    autre_groupe = groupe_dote(
        porteur=scene.groupe.porteur, sejour__debut=scene.groupe.sejour.debut + timedelta(30)
    )
    etrangere = InscriptionFactory(groupe=groupe_dote())
    client = scene.client("porteur")
    for cles in ({"numero": autre_groupe.pk}, {"cle": etrangere.pk}, {"cle": ABSENT}):
        assert client.get(scene.adresse(route, **cles)).status_code == 404
        assert client.post(scene.adresse(route, **cles)).status_code == 404


@pytest.mark.parametrize("route", sorted(TABLE))
def test_a_form_without_its_csrf_token_is_refused(scene, route):
    """403 for every POST that a view takes, before anything is read or written."""
    avant = list(Inscription.objects.values()), list(Compte.objects.values())
    for qui in ("anonyme", "porteur"):
        reponse = scene.client(qui, enforce_csrf_checks=True).post(scene.adresse(route))
        assert reponse.status_code == 403
    assert (list(Inscription.objects.values()), list(Compte.objects.values())) == avant


def test_a_huge_number_in_an_address_is_unknown(scene):
    client = scene.client("porteur")
    for numero in (0, 2**31, 2**63, 10**30):
        for route in ("groupe", "demander-places", "inscription-recherche", "rooming-list"):
            assert client.get(scene.adresse(route, numero=numero)).status_code == 404
    with pytest.raises(NoReverseMatch):
        scene.adresse("groupe", numero="abc")
    assert client.get("/groupes/abc/").status_code == 404


# --- What a provider doesn't read (X2) -----------------------------------------------------------------------------


def texte(reponse) -> str:
    """All that can be read of an answer: page, spreadsheet or PDF; digits and letters, without spaces."""
    contenu, genre = reponse.getvalue(), reponse["Content-Type"]
    if genre == "application/pdf":
        brut = "".join(feuille.extract_text() for feuille in PdfReader(BytesIO(contenu)).pages)
    elif "spreadsheet" in genre:
        with ZipFile(BytesIO(contenu)) as archive:
            brut = "".join(archive.read(nom).decode() for nom in archive.namelist())
    else:
        brut = contenu.decode()
    return re.sub(r"\s|&nbsp;", "", unescape(brut)).upper()


def lus(scene, qui: str) -> set[str]:
    """The secrets that the pages and documents open to `qui` tell, and « name » if they show the person at all."""
    client, vus = scene.client(qui), set()
    mots = {
        nom: str(v).replace(" ", "").upper()
        for nom, v in SECRETS.items()
        if len(str(v)) > 4 and v is not True
    }
    mots["name"] = scene.inscription.senior.nom
    del mots["situation"]
    for route in TABLE:
        reponse = client.get(scene.adresse(route))
        if reponse.status_code == 200:
            page = texte(reponse)
            vus |= {f"{route}: {nom}" for nom, mot in mots.items() if mot in page}
    return vus


def test_a_provider_reads_neither_income_nor_address_nor_e_mail(scene):
    vus = lus(scene, "prestataire")
    assert {vu for vu in vus if not vu.endswith(": name")} == set()
    assert {"groupe: name", "liste-xlsx: name", "rooming-list: name"} <= vus


def test_a_confidential_income_is_not_shown_to_the_porteur_again(scene):
    vus = lus(scene, "porteur")
    assert {vu for vu in vus if vu.endswith(": rfr")} == set()
    assert {"inscription-modifier: adresse", "inscription-modifier: email"} <= vus


@pytest.mark.parametrize("qui", ["intrus", "concurrent"])
def test_others_read_nothing_at_all(scene, qui):
    assert lus(scene, qui) == set()


# --- The admin ----------------------------------------------------------------------------------------------------


def test_the_admin_is_for_staff_alone(scene):
    pages = ["admin:index"]
    pages += [f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist" for m in admin.site._registry]
    assert len(pages) > 8
    for qui in CAST:
        client = scene.client(qui)
        vues = {page: client.get(reverse(page)).status_code for page in pages}
        assert vues == dict.fromkeys(pages, 200 if qui == "ancv" else 302), qui


def test_a_closed_account_is_out_at_once(scene):
    client = scene.client("porteur")
    assert client.get(reverse("accueil")).status_code == 200
    Compte.objects.filter(pk=scene.comptes["porteur"].pk).update(is_active=False)
    assert client.get(reverse("accueil")).status_code == 302
