"""A monkey in the admin: it opens every page, fills every form, sends every act and forges what no page offers.

It is seeded: the same clicks each time. Whatever it sends, no page breaks, and `manage.py controle` stays silent.
"""

import logging
import random
from collections import Counter
from datetime import date, timedelta
from io import StringIO

import pytest
import time_machine
from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from conventions.admin.fiches import FicheAdmin
from conventions.models import Convention
from conventions.tests.factories import CompteFactory, ConventionFactory, OrganismeFactory, connecter
from conventions.tests.test_import import dotation, fichier, rangee
from seniors.models import Senior
from seniors.tests.factories import InscriptionFactory, SeniorFactory, groupe_dote
from sev.controle import controler
from sev.tests.test_droits import Bureau, actes
from validation.operations.validations import confirmer
from validation.tests.factories import CONFIRME_LE, cles, comptes_de, instant, liste_du_manuel, liste_validee

# The lists of the week of 3 September are open, then closed, then nobody has answered for them.
JOURS = ("2022-06-21T10:32", "2022-08-25T09:00", "2022-10-20T09:00")

SALETES = (
    "",
    " ",
    "x" * 3_000,
    "<script>alert(1)</script>",
    "-1",
    "0",
    "0,001",
    "99999999999999999999",
    "1e9",
    "NaN",
    "31/02/2022",
    "99/99/9999",
    "0001-01-01",
    "'; DROP TABLE seniors_senior; --",
    "é\u202e\u200b",
    "9223372036854775808",
    "[]",
)
# What a field of that name is answered, by whoever knows what it asks for.
PLAUSIBLES = {
    "nom": ("MARTIN", "LE GOFF", "CCAS DE DINAN"),
    "prenom": ("Jeanne", "Marcel"),
    "ville": ("CHATEAUGIRON",),
    "ville_naissance": ("Rennes", "Quimper"),
    "date_naissance": ("12/03/1948", "03/02/1944"),
    "code_postal": ("35410",),
    "departement": ("35",),
    "adresse": ("12 RUE DES LILAS",),
    "voie": ("12 RUE DES LILAS",),
    "telephone": ("02 96 39 22 43",),
    "identifiant": ("agent-neuf", "agent-neuf-2"),
    "numero": ("ancv7001", "ancv7002"),
    "annee": (2022, 2022, 2023),
    "rfr": (11_800, 0, 60_000),
    "revenu_imposable": (9_000, 60_000),
    "parts": ("1", "1,5"),
    "montant": (160, 20, 1),
    "prix": (390, 320),
    "aide": (160,),
    "places": (2, 20, 60),
    "enveloppe": (900_000, 2_000_000),
    "delai_option": (8, 15),
}
VRAIES = {"eligibilite": ("AIDE", "PROGRAMME"), "garder": ("ancienne", "recente")}


class Singe:
    """Whoever is signed in, and what came of the clicks: `pannes` are the pages that broke, `faits` the acts done."""

    def __init__(self, graine: int):
        self.hasard = random.Random(graine)
        self.pannes: list[str] = []
        self.statuts: Counter = Counter()
        self.faits: set[str] = set()
        self.noms: dict[str, str] = {}

    def entrer(self) -> None:
        """Sign in as an administrator of its own: it may have closed the last one's account."""
        self.client = Client()
        connecter(self.client, CompteFactory(ancv=True))

    # --- Clicking -------------------------------------------------------------------------------------------------

    def cliquer(self, adresse: str, donnees: dict | None = None):
        """Open or send a page and return the answer, None when it broke."""
        try:
            reponse = self.client.get(adresse) if donnees is None else self.client.post(adresse, donnees)
        except Exception as erreur:  # noqa: BLE001 - whatever breaks a page is what is looked for
            self.pannes.append(f"{adresse} {donnees} : {type(erreur).__name__}: {erreur}"[:1_500])
            return None
        self.statuts[reponse.status_code] += 1
        if reponse.status_code >= 500:
            self.pannes.append(f"{adresse} {donnees} : {reponse.status_code}")
        if reponse.status_code == 302 and reponse.url.startswith(
            ("/connexion/", "/double-authentification/")
        ):
            self.entrer()
        return reponse

    # --- Answering ------------------------------------------------------------------------------------------------

    def remplir(self, formulaire: forms.BaseForm, *, sale: bool) -> dict:
        """Return answers to a form: what it shows, what is plausible, and when `sale` one that is not."""
        donnees = {}
        for champ in formulaire:
            valeur = self.repondre(champ)
            if valeur not in (None, [], ""):
                donnees[champ.html_name] = valeur
        if sale and donnees:
            donnees[self.hasard.choice(list(donnees))] = self.hasard.choice(SALETES)
        return donnees

    def repondre(self, champ: forms.BoundField):
        """Return an answer to one field."""
        propose, field = champ.value(), champ.field
        propose = champ.field.prepare_value(propose)
        if isinstance(field.widget, forms.HiddenInput):
            return propose
        if isinstance(field, forms.BooleanField):
            return "on" if self.hasard.random() < 0.3 else None
        if isinstance(field, forms.FileField):
            return self.fichier()
        if isinstance(field, (forms.MultipleChoiceField, forms.ModelMultipleChoiceField)):
            choix = [str(valeur) for valeur, _ in list(field.choices)[:40]]
            return self.hasard.sample(choix, self.hasard.randint(0, len(choix)))
        if champ.name in VRAIES and self.hasard.random() < 0.8:
            return self.hasard.choice(VRAIES[champ.name])
        if hasattr(field, "choices"):
            choix = [str(getattr(valeur, "value", valeur)) for valeur, _ in list(field.choices)[:40]]
            if propose not in (None, "") and self.hasard.random() < 0.4:
                return str(propose)
            return self.hasard.choice([c for c in choix if c] or [""])
        if propose not in (None, "") and self.hasard.random() < 0.7:
            return str(propose)
        return self.ecrire(champ.name, field)

    def ecrire(self, nom: str, field: forms.Field):
        """Return what is typed in a field that shows nothing."""
        if isinstance(field, forms.EmailField):
            return self.hasard.choice(("a@exemple.fr", "b@exemple.fr"))
        if nom in PLAUSIBLES:
            return self.hasard.choice(PLAUSIBLES[nom])
        if nom == "convention":
            numeros = Convention.objects.filter(organisme__nature="PORTEUR").order_by("pk")
            return self.hasard.choice(numeros.values_list("numero", flat=True))
        if isinstance(field, (forms.DecimalField, forms.IntegerField)):
            return self.hasard.choice((1, 2, 160, 11_800))
        if "Date" in type(field).__name__:
            jour = date.today() + timedelta(days=self.hasard.choice((0, 1, 7, 15, 60, 140, 365)))
            return self.hasard.choice((f"{jour:%d/%m/%Y}", f"{jour:%Y-%m-%d}"))
        return self.hasard.choice(("Une raison", "Lettre n° 7", "Deux de plus", "oui"))

    def fichier(self) -> SimpleUploadedFile:
        """Return a file of decisions, or something else."""
        numero = self.hasard.choice(Convention.objects.order_by("pk").values_list("numero", flat=True))
        cle = self.hasard.randint(1, 99)
        lignes = (
            rangee(reference=f"S-{cle}", numero=f"ancv80{cle:02}"),
            dotation(f"T-{cle}", numero, "20"),
            dotation(f"U-{cle}", "ancv99999", "-20"),
        )
        contenu = self.hasard.choice((fichier(*lignes), fichier(*lignes), b"\x00\xff", b"a;b\n1;2"))
        return SimpleUploadedFile("decisions.csv", contenu, "text/csv")

    # --- What there is to click -----------------------------------------------------------------------------------

    def choisir(self, modele, propose=lambda objet: True) -> list:
        """Return the objects to try: one that the page offers the act for, if any, and another one."""
        objets = list(modele._default_manager.order_by("pk")[:40])
        offerts = [objet for objet in objets if propose(objet)]
        choisis = [self.hasard.choice(liste) for liste in (offerts, objets) if liste]
        return choisis[: 1 if self.hasard.random() < 0.6 else 2]

    def faire(self, nom: str, adresse: str) -> None:
        """Open an act's page, send its form, and confirm what it shows; a form sent twice is sent twice."""
        page = self.cliquer(adresse)
        for sale in (self.hasard.random() < 0.3, False):
            if page is None or page.context is None or "form" not in page.context:
                return
            donnees = self.remplir(page.context["form"], sale=sale)
            suite = self.envoyer(nom, adresse, donnees)
            if suite is not None and suite.status_code == 200 and suite.context and "form" in suite.context:
                if (apercu := suite.context.get("apercu")) is not None:
                    donnees["confirmer"] = apercu.empreinte
                else:
                    donnees = self.remplir(suite.context["form"], sale=False)
                suite = self.envoyer(nom, adresse, donnees)
                if suite is not None and suite.context and (apercu := suite.context.get("apercu")):
                    suite = self.envoyer(nom, adresse, donnees | {"confirmer": apercu.empreinte})
            if suite is None or suite.status_code == 302:
                self.envoyer(nom, adresse, donnees)
                return

    def envoyer(self, nom: str, adresse: str, donnees: dict):
        """Send an act, and note it when it is done; what « voir comme » opened is left."""
        reponse = self.cliquer(adresse, donnees)
        if reponse is not None and reponse.status_code == 302 and not reponse.url.startswith("/connexion"):
            self.faits.add(nom)
            if nom.endswith("voir-comme"):
                self.entrer()
        return reponse

    def tous_les_actes(self) -> None:
        """Try every act of the admin, offered or not."""
        tous = sorted(actes().items())
        for nom, acte in self.hasard.sample(tous, len(tous)):
            modele = next(m for m in admin.site._registry if m._meta.label_lower == nom.split()[0])
            page = f"admin:{nom.split()[0].replace('.', '_')}_{acte.nom}"
            for objet in self.choisir(modele, acte.propose):
                self.faire(nom, reverse(page, args=[objet.pk]))

    def toutes_les_pages(self, tour: int) -> None:
        """Open, send and forge each page of one model in three."""
        tous = sorted(admin.site._registry.items(), key=lambda paire: paire[0]._meta.label_lower)
        for modele, page in tous[tour :: len(JOURS)]:
            nom = f"admin:{modele._meta.app_label}_{modele._meta.model_name}"
            self.liste(modele, reverse(f"{nom}_changelist"))
            if isinstance(page, FicheAdmin) and page.ajout:
                self.faire(f"{modele._meta.label_lower} ajout", reverse(f"{nom}_add"))
            else:
                self.saisir(reverse(f"{nom}_add"))
            for objet in self.choisir(modele)[:1]:
                for suite in ("change", "history", "delete"):
                    self.saisir(reverse(f"{nom}_{suite}", args=[objet.pk]))

    def liste(self, modele, adresse: str) -> None:
        """Open a list in several ways, and send its actions: delete everything, whatever it offers, edit in place."""
        demandes = ("?q=martin", f"?o={self.hasard.randint(-9, 9)}", "?p=9999", "?all=", "?x__y=1", "?q=%00")
        for demande in ("", self.hasard.choice(demandes)):
            self.cliquer(adresse + demande)
        cles = [str(cle) for cle in modele._default_manager.order_by("pk").values_list("pk", flat=True)[:20]]
        for action in ("delete_selected", "renvoyer", "fusionner"):
            coches = {"action": action, "index": "0", "_selected_action": cles, "select_across": "1"}
            self.cliquer(adresse, coches | {"post": "yes"})
        ligne = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": cles[0] if cles else "1"}
        champs = {f"form-0-{champ.name}": "1" for champ in modele._meta.concrete_fields}
        self.cliquer(adresse, ligne | champs | {"_save": "1"})

    def saisir(self, adresse: str) -> None:
        """Send what a page of Django's own shows, as it is, changed, and forged."""
        page = self.cliquer(adresse)
        donnees = {"post": "yes"}
        if page is not None and page.context and (principal := page.context.get("adminform")):
            donnees |= self.remplir(principal.form, sale=False)
            for lignes in page.context["inline_admin_formsets"]:
                donnees |= self.lignes(lignes.formset)
        for bouton in ("_save", "_saveasnew"):
            self.cliquer(adresse, donnees | {bouton: "1"})
        self.cliquer(adresse + "?_popup=1", donnees | {"_popup": "1"})
        sales = dict(donnees)
        for nom in self.hasard.sample(sorted(sales), min(2, len(sales))):
            sales[nom] = self.hasard.choice(SALETES)
        self.cliquer(adresse, sales)

    def lignes(self, lignes) -> dict:
        """Return answers to the lines of an inline, some deleted, one more than it has."""
        donnees = self.remplir(lignes.management_form, sale=False)
        for formulaire in lignes.forms:
            donnees |= self.remplir(formulaire, sale=self.hasard.random() < 0.2)
            if self.hasard.random() < 0.3:
                donnees[f"{formulaire.prefix}-DELETE"] = "on"
        if self.hasard.random() < 0.3:
            donnees[f"{lignes.prefix}-TOTAL_FORMS"] = self.hasard.choice(("9", "-1", "100000", "x"))
        return donnees


def decor() -> None:
    """All that the acts of the admin may meet: the cast of the rights, lists to come, a disagreement."""
    Bureau()
    for _ in range(2):
        groupe = groupe_dote(900, places=20, sejour__debut=date(2022, 9, 3))
        premier = InscriptionFactory(groupe=groupe, dependant=True)
        InscriptionFactory(groupe=groupe, eligibilite="CONJOINT", senior_lie=premier)
        InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=premier)
        InscriptionFactory(groupe=groupe, rfr=60_000, revenu_imposable=60_000, parts=1, situation="SEULE")
        comptes_de(groupe)
    disputee = liste_du_manuel()
    liste_validee(disputee)
    porteur, _ = comptes_de(disputee)
    presents = cles(disputee, "Bernard SAVATE")
    confirmer(
        groupe=disputee, presents=presents, par=porteur, le=CONFIRME_LE, maintenant=instant(CONFIRME_LE)
    )
    ConventionFactory(organisme=OrganismeFactory(), activee_le=None)


@pytest.fixture(autouse=True)
def quiet():
    """Refusals are what is asked for here: nothing of them is logged."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def horloge() -> None:
    """Let the clock run; what it says is tested elsewhere."""
    call_command("echeances", stdout=StringIO())


@pytest.mark.django_db(transaction=True)
def test_a_monkey_that_clicks_everything_breaks_nothing():
    with time_machine.travel("2022-04-22T10:32:00+02:00", tick=False):
        decor()
    assert list(controler()) == []
    singe = Singe(2027)
    for tour, jour in enumerate(JOURS):
        with time_machine.travel(f"{jour}:00+02:00", tick=False):
            horloge()
            singe.entrer()
            singe.tous_les_actes()
            singe.toutes_les_pages(tour)
            assert list(controler()) == []
    assert singe.pannes == []
    # It is no monkey that is refused everything: it did nearly every act, opened and sent a thousand pages.
    faits = set(actes()) & singe.faits
    assert len(faits) >= 40
    assert sum(singe.statuts.values()) > 1_000


@pytest.mark.django_db
def test_the_monkey_finds_a_page_that_lets_an_invariant_be_broken(monkeypatch):
    """Persons typed over in Django's own form: their names change, the keys that they are found by do not."""
    page = admin.site._registry[Senior]
    monkeypatch.setattr(page, "has_change_permission", lambda request, obj=None: True)
    monkeypatch.setattr(page, "fields", ["nom", "prenom", "ville_naissance"])
    with time_machine.travel("2022-04-22T10:32:00+02:00", tick=False):
        senior = SeniorFactory()
        singe = Singe(2027)
        singe.entrer()
        for _ in range(3):
            singe.saisir(reverse("admin:seniors_senior_change", args=[senior.pk]))
    assert singe.pannes == []
    assert {ligne.split(" : ")[0] for ligne in controler()} == {"cles_d_identite"}
