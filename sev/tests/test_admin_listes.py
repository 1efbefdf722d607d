"""Every list of the admin: the same queries with a few rows and with many, searches that answer, bounded pages."""

from datetime import date, timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conventions.tests.factories import CompteFactory, connecter
from sejours.models import DemandePlaces
from seniors.models import Inscription, Senior
from seniors.tests.factories import InscriptionFactory, SeniorFactory, groupe_dote
from sev.socle.admin import listes
from sev.socle.models import Courriel, Lecture, Passage
from sev.tests.test_isolation import option_de
from validation.tests.factories import (
    comptes_de,
    instant,
    liste_confirmee,
    liste_du_manuel,
    signalement,
)
from validation.tests.versements import LOT_LE, PAYEUR, iban_de, lot_paye

pytestmark = pytest.mark.django_db


def adresse(modele) -> str:
    return reverse(f"admin:{modele._meta.app_label}_{modele._meta.model_name}_changelist")


LISTES = {adresse_de._meta.label: adresse_de for adresse_de in admin.site._registry}


@pytest.fixture
def ancv(client, settings):
    settings.SEV_PAYEUR = PAYEUR
    compte = CompteFactory(ancv=True)
    connecter(client, compte)
    return compte


def peupler(ancv, rang: int) -> None:
    """Add a few rows of everything: a list paid for, a list reported, mails, runs, reads."""
    confirmee = liste_du_manuel()
    liste_confirmee(confirmee, "Pierre RONVIN")
    prestataire = confirmee.sejour.offre.equipement.prestataire
    iban_de(prestataire)
    le = LOT_LE + timedelta(7 * rang)
    lot_paye(le=le)
    liste_confirmee(liste_du_manuel())  # due, in no batch
    signalee = liste_du_manuel()
    signalement(signalee, comptes_de(signalee)[1])
    DemandePlaces.objects.create(groupe=signalee, places=12, auteur=comptes_de(signalee)[0])
    option_de(signalee, comptes_de(signalee)[0])
    Courriel.objects.create(cause=f"essai-{rang}", destinataire="a@b.fr", sujet="s", texte="t", html="h")
    Passage.objects.create(tache="options", debut=instant(le), fin=instant(le), faits=1)
    Lecture.objects.create(quoi="inscription", cle=rang, par=ancv)


def requetes(client) -> dict[str, int]:
    """The queries of each list: address → how many; every page answers."""
    combien = {}
    for nom, modele in LISTES.items():
        with CaptureQueriesContext(connection) as prises:
            assert client.get(adresse(modele)).status_code == 200, nom
        combien[nom] = len(prises)
    return combien


def test_every_list_costs_the_same_with_few_rows_and_with_many(client, ancv):
    peupler(ancv, 0)
    requetes(client)
    avant = requetes(client)
    for rang in range(1, 4):
        peupler(ancv, rang)
    assert requetes(client) == avant
    assert max(avant.values()) <= 12
    vides = {nom for nom, modele in LISTES.items() if not modele._default_manager.exists()}
    # Doubles, requests and imports have tests of their own.
    assert {
        nom for nom in vides if nom.startswith(("sejours", "validation", "socle", "seniors.Inscription"))
    } == set()


def test_every_search_answers_whatever_is_typed(client, ancv):
    peupler(ancv, 0)
    for cherche in ("20417", "martin", "éloïse d'Œuvre", "9" * 30, "²", "١٢", "--", "SEV-1-2"):
        reponses = {nom: client.get(adresse(m), {"q": cherche}).status_code for nom, m in LISTES.items()}
        assert reponses == dict.fromkeys(LISTES, 200), cherche


def trouvees(client, nom: str, cherche: str) -> list:
    return list(client.get(adresse(LISTES[nom]), {"q": cherche}).context["cl"].result_list)


def test_a_person_is_found_by_the_beginning_of_the_names_in_any_order_and_spelling(client, ancv):
    groupe = groupe_dote()
    eloise = InscriptionFactory(groupe=groupe, senior=SeniorFactory(nom="D'ŒUVRE-LŸS", prenom="Éloïse"))
    InscriptionFactory(groupe=groupe, senior=SeniorFactory(nom="DOE", prenom="Éloïse"))
    for mots in ("eloise doeuv", "D'Œuv ÉLO", f"{groupe.pk} doeuvre"):
        assert trouvees(client, "seniors.Inscription", mots) == [eloise], mots
    assert trouvees(client, "seniors.Inscription", "lÿs") == []
    assert trouvees(client, "seniors.Inscription", f"{groupe.pk + 1} doeuvre") == []
    assert trouvees(client, "seniors.Inscription", "--") == []


def test_a_married_person_is_found_by_her_birth_name():
    personne = SeniorFactory(nom="MARTIN", nom_naissance="Le Goff")
    assert list(Senior.objects.nommes(["legoff"])) == [personne]


def test_the_lists_of_a_porteur_are_found_by_its_name_or_its_number(client, ancv):
    groupe, autre = groupe_dote(porteur__nom="CCAS DE BREST"), groupe_dote(porteur__nom="MAIRIE DE VANNES")
    inscription = InscriptionFactory(groupe=groupe)
    InscriptionFactory(groupe=autre)
    numero = groupe.porteur.convention.numero
    for mots in ("ccas brest", "BREST", numero, numero.upper()):
        assert trouvees(client, "seniors.Inscription", mots) == [inscription], mots
        assert trouvees(client, "sejours.Groupe", mots) == [groupe], mots
    assert trouvees(client, "sejours.Groupe", str(autre.pk)) == [autre]


def test_the_journals_are_searched_by_group_person_and_porteur(client, ancv):
    peupler(ancv, 0)
    ronvin = Inscription.objects.filter(senior__nom="RONVIN").order_by("pk").first()
    for nom in ("seniors.InscriptionEvent", "validation.PresenceEvent"):
        assert {e.pgh_obj_id for e in trouvees(client, nom, f"{ronvin.groupe_id} ronvin")} == {ronvin.pk}, nom
    groupes = {e.pgh_obj_id for e in trouvees(client, "validation.ValidationEvent", str(ronvin.groupe_id))}
    assert groupes == {ronvin.groupe_id}
    numero = ronvin.groupe.porteur.convention.numero
    assert {e.groupe_id for e in trouvees(client, "seniors.InscriptionEvent", numero)} == {ronvin.groupe_id}


def test_a_due_aid_is_found_by_group_provider_or_transfer(client, ancv):
    peupler(ancv, 0)
    versement = LISTES["validation.Versement"].objects.filter(virement__isnull=False).order_by("pk").first()
    for mots in (str(versement.groupe_id), versement.virement.reference, versement.prestataire.nom):
        assert versement in trouvees(client, "validation.Versement", mots), mots


def test_the_year_of_a_list_is_that_of_its_departure(client, ancv):
    ancienne = InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 12, 31)))
    InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2023, 1, 1)))
    for question in ({"annee": "2022"}, {"annee": "2022", "eligibilite__exact": "AIDE"}):
        vues = client.get(adresse(Inscription), question).context["cl"].result_list
        assert list(vues) == [ancienne]
    assert client.get(adresse(Inscription), {"annee": "0000"}).context["cl"].result_count == 2
    assert client.get(adresse(Inscription), {"annee": "²"}).context["cl"].result_count == 2


def test_a_long_list_stops_and_too_wide_a_search_says_so(client, ancv, monkeypatch):
    monkeypatch.setattr(listes, "LIGNES_MAX", 2)
    monkeypatch.setattr(listes, "CLES_MAX", 2)
    groupe = groupe_dote()
    for _ in range(4):
        InscriptionFactory(groupe=groupe, senior=SeniorFactory(nom="MARTIN"))
    page = client.get(adresse(Inscription))
    assert page.context["cl"].result_count == 2
    assert client.get(adresse(Inscription), {"p": "9999"}).status_code in (200, 302)
    large = client.get(adresse(Inscription), {"q": "martin"})
    assert "Trop de réponses" in large.content.decode()
    assert large.context["cl"].result_count == 2


def test_facets_are_not_offered():
    offertes = {
        nom for nom, m in LISTES.items() if admin.site._registry[m].show_facets != admin.ShowFacets.NEVER
    }
    assert offertes <= {"auth.Group"}


def test_no_column_has_a_name_of_the_machine():
    noms = {f"{nom}.{c.name}": str(c.verbose_name) for nom, m in LISTES.items() for c in m._meta.fields}
    assert {c: nom for c, nom in noms.items() if "pgh" in nom.lower() or "_" in nom} == {}
    assert {m._meta.app_config.verbose_name for m in LISTES.values()} >= {"Activité", "Courriels et tâches"}


def test_no_page_offers_a_choice_of_every_row(client, ancv):
    """Adding and changing go by search: a list of thousands would be in each page."""
    peupler(ancv, 0)
    for nom, modele in LISTES.items():
        ajout = client.get(adresse(modele) + "add/")
        if ajout.status_code == 200:
            formulaire = ajout.context.get("adminform") or ajout.context["form"]
            champs = getattr(formulaire, "form", formulaire).fields.items()
            sans_borne = {
                champ
                for champ, c in champs
                if hasattr(c, "queryset")
                and c.queryset.model._meta.label in GRANDES
                and not hasattr(getattr(c.widget, "widget", c.widget), "get_url")
            }
            assert sans_borne == set(), nom


GRANDES = {
    "conventions.Organisme",
    "conventions.Convention",
    "conventions.Compte",
    "sejours.Equipement",
    "sejours.Offre",
    "sejours.Sejour",
    "sejours.Groupe",
    "seniors.Senior",
    "seniors.Inscription",
}
