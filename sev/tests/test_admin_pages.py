"""What somebody new in ANCV's staff reads on the admin's pages: plain titles, units, ways on and back, the journal."""

from datetime import date
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.urls import reverse

from conventions.admin.fiches import FicheAdmin
from conventions.forms.imports import COLONNES, lire_fichier
from conventions.models import Import, Organisme, Programme
from conventions.operations import conventions, programme
from conventions.tests.factories import (
    CompteFactory,
    ConventionFactory,
    CreditFactory,
    ProgrammeFactory,
    connecter,
)
from seniors.models import Doublon
from seniors.operations.amendements import retirer
from seniors.tests.factories import InscriptionFactory, clair, groupe_dote
from sev.administration import Administration
from sev.socle.temps import maintenant
from sev.tests.navigation import Page, Visiteur, mots
from sev.tests.test_droits import LE_22_AVRIL, Bureau

pytestmark = pytest.mark.django_db

LE = date(2022, 4, 22)


@pytest.fixture
def bureau(db):
    """Everybody of ANCV's staff, and one object of each model of the admin."""
    with time_machine.travel(LE_22_AVRIL, tick=False):
        yield Bureau()


@pytest.fixture
def ancv(client):
    compte = CompteFactory(ancv=True, nom="Claire DUBREUIL")
    connecter(client, compte)
    return compte


def lu(reponse) -> str:
    return mots(reponse.content.decode())


def liens(reponse) -> dict[str, str]:
    return {texte: vers for texte, vers, _ in Page(reponse.content.decode()).liens}


def liste(modele) -> str:
    return reverse(f"admin:{modele._meta.app_label}_{modele._meta.model_name}_changelist")


# --- Words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("modele", admin.site._registry, ids=lambda modele: modele._meta.label)
def test_a_list_is_named_after_what_is_in_it(client, ancv, modele):
    page = client.get(liste(modele))
    titre = page.context["title"]
    assert titre.lower() == str(modele._meta.verbose_name_plural).lower()
    assert "Sélectionnez" not in page.content.decode()


def test_a_page_is_named_after_the_object_not_after_what_could_be_done_to_it(bureau):
    agent = Visiteur(bureau.agents["gestion"])
    for modele, objet in bureau.objets.items():
        if modele == "activite.activite":
            continue  # its pages are figures, not objects
        adresse = reverse(f"admin:{modele.replace('.', '_')}_change", args=[objet.pk])
        if agent.compte.has_perm(f"{modele.split('.')[0]}.view_{modele.split('.')[1]}"):
            agent.arriver(adresse)
            assert "Modification de" not in agent.lu, modele
            assert "Affichage de" not in agent.lu, modele


def test_amounts_have_their_unit_and_thousands_apart_in_lists_and_on_pages(client, ancv):
    CreditFactory(alloue=1_500)
    programmes = clair(lu(client.get(liste(Programme))))
    assert "2022 1 000 000 € 1 500 € 998 500 € 7 -" in programmes
    page = clair(lu(client.get("/admin/conventions/programme/2022/change/")))
    assert "Alloué : 1 500 €" in page
    assert "Reste à allouer : 998 500 €" in page


def test_yes_and_no_are_words_and_nothing_of_a_list_is_english(client, ancv):
    CompteFactory(ancv=True)
    page = client.get("/admin/conventions/compte/").content.decode()
    assert 'alt="True"' not in page
    assert 'alt="False"' not in page
    assert 'alt="Search"' not in page
    assert '<td class="field-is_active">oui</td>' in page
    assert '<td class="field-sa_place">ANCV</td>' in page


def test_dates_of_the_admin_read_like_those_of_the_site(client, ancv):
    ConventionFactory(activee_le=date(2022, 1, 3))
    assert (
        '<td class="field-activee_le nowrap">03/01/2022</td>'
        in client.get("/admin/conventions/convention/").content.decode()
    )


def test_a_filter_asks_with_its_own_word(client, ancv):
    page = client.get("/admin/conventions/convention/")
    assert "Suspendue Tout Non Oui" in lu_des_filtres(page)
    assert "Vide" not in lu_des_filtres(page)


def lu_des_filtres(page) -> str:
    html = page.content.decode()
    filtres = html.split('<nav id="changelist-filter"')[1].split("</nav>")[0]
    return mots(f"<div {filtres}")


def test_the_pairs_to_decide_are_a_choice_of_the_filter(bureau):
    agent = Visiteur(bureau.agents["gestion"]).arriver("/admin/seniors/doublon/").suivre("À décider")
    assert agent.adresse == "/admin/seniors/doublon/?decision__exact="
    paires = agent.client.get(agent.adresse).context["cl"].queryset
    assert {paire.decision for paire in paires} == {""}
    assert paires.count() < Doublon.objects.count()


def test_the_boxes_of_the_closed_seasons_have_a_name(client, ancv):
    ProgrammeFactory(annee=2022)
    page = client.get("/admin/conventions/programme/2022/change/").content.decode()
    assert page.count('aria-label="Du, saison fermée n° 1"') == 1


def test_an_empty_list_says_why_and_a_search_without_answer_the_way_back(client, ancv):
    assert "Aucun fichier n'a encore été lu." in lu(client.get(liste(Import)))
    sans_reponse = client.get(f"{liste(Organisme)}?q=introuvable")
    assert "Rien ne répond à ces choix. Voir toute la liste" in lu(sans_reponse)


# --- A suspended programme ------------------------------------------------------------------------------------------


def test_every_page_of_the_admin_says_that_the_programme_is_suspended(client, ancv):
    with time_machine.travel(LE_22_AVRIL, tick=False):
        connecter(client, ancv)
        suspendu = programme.suspendre(
            programme=ProgrammeFactory(), message="Reprise le 2 mai.", par=ancv, le=LE
        )
        for adresse in ("/admin/", liste(Organisme), "/admin/activite/activite/"):
            page = client.get(adresse)
            annonce = "Le programme 2022 est suspendu depuis le 22 avril 2022. Reprise le 2 mai."
            assert annonce in clair(lu(page))
            assert liens(page)["Reprendre le programme…"] == "/admin/conventions/programme/2022/reprendre/"
        programme.reprendre(programme=suspendu, par=ancv, le=LE)
        accueil = client.get("/admin/")
        assert "est suspendu" not in lu(accueil)
        assert "Suspendre le programme…" in liens(accueil)


def test_who_may_not_resume_reads_the_message_without_the_link(bureau):
    with transaction.atomic():
        programme.suspendre(
            programme=Programme.objects.get(annee=2022), message="Reprise le 2 mai.", par=None, le=LE
        )
        lecture = Visiteur(bureau.agents["lecture"]).arriver("/admin/")
        assert "Reprise le 2 mai." in lecture.lu
        assert "Reprendre le programme…" not in lecture.lu
        transaction.set_rollback(True)


# --- Ways on and back -----------------------------------------------------------------------------------------------


def test_every_see_also_leads_to_a_page_that_answers(bureau):
    agent = Visiteur(bureau.agents["administrateur"])
    vus = 0
    for modele, page in admin.site._registry.items():
        objet = bureau.objets[modele._meta.label_lower]
        for lien in page.liens if isinstance(page, FicheAdmin) else ():
            adresse = lien.adresse(objet)
            agent.arriver(adresse)
            # Django sends a filter that it does not allow back to the list, with « e=1 ».
            assert agent.adresse == adresse, (modele, lien.libelle)
            vus += 1
    assert vus >= 20


def test_a_see_also_shows_what_belongs_to_the_object_alone(client, ancv):
    sienne, autre = CreditFactory(alloue=1_500).convention, CreditFactory(alloue=640).convention
    page = client.get(f"/admin/conventions/convention/{sienne.pk}/change/")
    credits = lu(client.get(liens(page)["Crédits"]))
    assert sienne.numero in credits
    assert autre.numero not in credits


def test_a_see_also_is_drawn_for_who_may_follow_it(client):
    convention = CreditFactory().convention
    finances = CompteFactory(ancv=True, is_superuser=False)
    finances.groups.set(Group.objects.filter(name="finances"))
    connecter(client, finances)
    page = liens(client.get(f"/admin/conventions/convention/{convention.pk}/change/"))
    assert "Crédits" in page
    assert "Comptes" not in page  # finances see no account


def test_the_filters_of_a_list_survive_an_act(client, ancv):
    convention = ConventionFactory(activee_le=date(2022, 1, 3))
    filtree = f"{liste(type(convention))}?q={convention.numero}"
    agent = Visiteur(ancv).arriver(filtree)
    agent.suivre(convention.numero).suivre("Suspendre…")
    agent.remplir({"Motif": "Contrôle"}).presser("Suspendre")
    assert "La convention est suspendue." in agent.lu
    agent.suivre("Conventions", ligne="")
    retours = [vers for texte, vers, _ in agent.page.liens if texte == convention.numero]
    assert retours, "back on the list"
    assert agent.adresse == filtree


def test_an_act_can_be_left_and_changes_nothing(client, ancv):
    convention = ConventionFactory(activee_le=date(2022, 1, 3))
    agent = Visiteur(ancv).arriver(f"/admin/conventions/convention/{convention.pk}/suspendre/")
    agent.suivre("Ne rien changer")
    assert agent.adresse == f"/admin/conventions/convention/{convention.pk}/change/"
    convention.refresh_from_db()
    assert convention.suspendue_le is None


def test_answers_changed_beside_a_preview_are_shown_again_before_anything_is_done(client, ancv):
    ProgrammeFactory(annee=2022)
    agent = Visiteur(ancv).arriver("/admin/conventions/programme/2022/ouvrir-suivante/")
    agent.remplir({"Enveloppe nationale (€)": "300 000"}).presser("Voir ce que cela change")
    agent.presser("Voir de nouveau ce que cela change")
    assert not Programme.objects.filter(annee=2023).exists()
    assert "Rien n'est encore enregistré." in agent.lu
    assert "quelque chose a changé" not in agent.lu
    agent.presser("Confirmer")
    assert Programme.objects.filter(annee=2023).exists()


@time_machine.travel(LE_22_AVRIL, tick=False)
def test_what_was_just_added_is_shown_with_its_next_step(ancv):
    ProgrammeFactory(annee=2022)
    agent = Visiteur(ancv).arriver(liste(Organisme)).suivre("Ajouter un organisme")
    organisme = {"Nature": "Porteur de projet", "Organisation": "CCAS DE VITRÉ", "Type du porteur": "Mairie"}
    agent.remplir(organisme).presser("Enregistrer").suivre("Créer sa convention")
    # The organisation is chosen already.
    assert agent.page.champ("Organisme")["value"] == str(Organisme.objects.get(nom="CCAS DE VITRÉ").pk)
    agent.remplir({"N° de convention": "ANCV 7001"}).presser("Enregistrer")
    agent.suivre("Activer la convention")
    assert "Il reste 1 000 000 € à allouer en 2022." in agent.lu


def test_the_empty_file_of_decisions_has_every_column_that_is_read():
    modele = (Path(settings.BASE_DIR) / "static" / "modele-decisions.csv").read_bytes()
    reponses = (
        "EAS-1;ancv4001;Porteur;CCAS DE VITRÉ;CCAS;Anne LE GALL;anne@vitre.exemple.fr;0299000000;1 PLACE"
    )
    (ligne,) = lire_fichier(modele + f"{reponses};;35500;VITRÉ;2027;1 500,00;15/12/2026\r\n".encode())
    assert ligne.erreur == ""
    assert set(ligne.cellules) == set(COLONNES)


def test_the_pages_come_in_the_order_of_the_work_and_journals_below(client, ancv):
    parties = client.get("/admin/").context["app_list"]
    assert [partie["app_label"] for partie in parties] == [
        "conventions",
        "sejours",
        "seniors",
        "validation",
        "activite",
        "socle",
    ]
    for partie in parties:
        journaux = [page["object_name"].endswith("Event") for page in partie["models"]]
        assert journaux == sorted(journaux), partie["app_label"]
    assert isinstance(admin.site, Administration)


# --- The journal of an object -----------------------------------------------------------------------------------------


def test_the_history_of_a_convention_tells_who_suspended_it_and_why(client, ancv):
    convention = ConventionFactory(activee_le=date(2022, 1, 3))
    conventions.suspendre(convention=convention, motif="Contrôle en cours", par=ancv, le=LE)
    page = clair(lu(client.get(f"/admin/conventions/convention/{convention.pk}/history/")))
    assert "Claire DUBREUIL suspendue le : rien devient 22/04/2022" in page
    assert "Contrôle en cours" in page
    assert "n’a pas d’historique" not in page


def test_the_history_of_another_object_is_not_told(client, ancv):
    convention, autre = (ConventionFactory(activee_le=date(2022, 1, 3)) for _ in range(2))
    conventions.suspendre(convention=autre, motif="Contrôle en cours", par=ancv, le=LE)
    page = lu(client.get(f"/admin/conventions/convention/{convention.pk}/history/"))
    assert "Contrôle en cours" not in page


def test_the_history_of_a_registration_tells_no_income(client, ancv):
    inscription = InscriptionFactory(groupe=groupe_dote(), rfr=12_345)
    retirer(inscription=inscription, motif="Décès", par=ancv, le=LE, maintenant=maintenant())
    page = lu(client.get(f"/admin/seniors/inscription/{inscription.pk}/history/"))
    assert "Décès" in page
    assert "345" not in page


def test_what_keeps_no_history_offers_none(bureau):
    agent = Visiteur(bureau.agents["gestion"])
    sans, avec = bureau.objets["conventions.import"], bureau.objets["conventions.convention"]
    assert "Historique" not in agent.arriver(f"/admin/conventions/import/{sans.pk}/change/").lu
    assert "Historique" in agent.arriver(f"/admin/conventions/convention/{avec.pk}/change/").lu
