"""ANCV's pages of the files of past stays (V4, V6): the list, what may be decided when, and what it says first."""

from datetime import date
from html import unescape

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conventions.tests.factories import CompteFactory, connecter
from sejours.tests.factories import GroupeFactory
from seniors.models import Senior
from seniors.operations.amendements import retirer
from seniors.tests.factories import InscriptionFactory, clair, solde
from sev.controle import controler
from sev.socle.models import Courriel
from validation.models import Presence, Validation, Versement
from validation.models.validations import Phase
from validation.operations.fenetres import ouvrir_validations
from validation.operations.validations import confirmer, valider
from validation.tests.factories import cles, comptes_de, instant, liste_du_manuel, liste_validee

pytestmark = pytest.mark.django_db

LISTE = reverse("admin:validation_validation_changelist")
ACTES = ("prolonger", "valider", "confirmer", "clore")


@pytest.fixture
def agent(client):
    connecter(client, CompteFactory(ancv=True))
    return client


def le(jour: int, mois: int = 6):
    return time_machine.travel(instant(date(2022, mois, jour)), tick=False)


def ouverte(**champs) -> Validation:
    """Return the open window of a list of one person, not aided; until 5 June unless told otherwise."""
    groupe = GroupeFactory(**champs)
    InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    comptes_de(groupe)
    ouvrir_validations(le=date(2022, 5, 29), maintenant=instant(date(2022, 5, 29)))
    return Validation.objects.get(pk=groupe.pk)


def en_litige() -> Presence:
    """Return the one disagreement of the manual's list: its porteur says that Pierre RONVIN, aided, did not come."""
    groupe = liste_du_manuel()
    liste_validee(groupe)
    porteur, _ = comptes_de(groupe)
    confirmer(
        groupe=groupe,
        presents=cles(groupe, "Pierre RONVIN"),
        par=porteur,
        le=date(2022, 6, 10),
        maintenant=instant(date(2022, 6, 10)),
    )
    return Presence.objects.en_litige().get()


def adresse(acte: str, objet) -> str:
    return reverse(f"admin:validation_{objet._meta.model_name}_{acte}", args=[objet.pk])


def page(client, url: str) -> str:
    reponse = client.get(url)
    assert reponse.status_code == 200
    return clair(unescape(reponse.content.decode()))


def proposes(client, validation) -> set[str]:
    contenu = page(client, adresse("change", validation))
    return {acte for acte in ACTES if adresse(acte, validation) in contenu}


# --- The list -------------------------------------------------------------------------------------------------------


def test_the_list_says_whose_turn_it_is_the_oldest_first(agent):
    with le(8):
        nouvelle = ouverte(sejour__debut=date(2022, 5, 21))
        perdue = ouverte()
        Validation.objects.filter(pk=perdue.pk).update(ouverte_le=instant(date(2022, 5, 22)))
        reponse = agent.get(LISTE)
    lignes = list(reponse.context["cl"].result_list)
    assert [v.pk for v in lignes] == [perdue.pk, nouvelle.pk]
    contenu = clair(unescape(reponse.content.decode()))
    assert "Délai dépassé" in contenu
    assert '<td class="field-age">17</td>' in contenu


@pytest.mark.parametrize(
    ("etape", "attendues"),
    [
        ("", {"prestataire", "porteur", "arretee", "depassee", "litige"}),
        ("TOUTES", {"prestataire", "porteur", "arretee", "depassee", "litige", "confirmee", "close"}),
        ("PRESTATAIRE", {"prestataire"}),
        ("PORTEUR", {"porteur"}),
        ("ARRETEE", {"arretee"}),
        ("DEPASSEE", {"depassee"}),
        ("CONFIRMEE", {"confirmee", "litige"}),
        ("CLOSE", {"close"}),
        ("LITIGE", {"litige"}),
    ],
)
def test_it_is_filtered_by_step(agent, etape, attendues):
    prestataire, arretee, depassee, close = (ouverte() for _ in range(4))
    porteur, confirmee = ouverte(), ouverte()
    for validation in (porteur, confirmee):
        liste_validee(validation.groupe)
    confirmer(
        groupe=confirmee.groupe,
        presents=set(),
        par=comptes_de(confirmee.groupe)[0],
        le=date(2022, 5, 30),
        maintenant=instant(date(2022, 5, 30)),
    )
    # The porteur said that nobody came, the provider that everybody did.
    litige, confirmee = confirmee, ouverte()
    liste_validee(confirmee.groupe)
    confirmer(
        groupe=confirmee.groupe,
        presents=cles(confirmee.groupe),
        par=comptes_de(confirmee.groupe)[0],
        le=date(2022, 5, 30),
        maintenant=instant(date(2022, 5, 30)),
    )
    Validation.objects.filter(pk=arretee.pk).update(arretee_le=date(2022, 5, 30), jours_restants=6)
    Validation.objects.filter(pk=depassee.pk).update(echeance_prestataire=date(2022, 6, 4))
    Validation.objects.filter(pk=close.pk).update(close_le=instant(date(2022, 6, 5)), motif_cloture="Essai")
    noms = {
        v.pk: nom
        for nom, v in locals().copy().items()
        if isinstance(v, Validation) and nom not in ("validation", "v")
    }
    with le(5):
        reponse = agent.get(LISTE, {"etape": etape} if etape else {})
    assert {noms[v.pk] for v in reponse.context["cl"].result_list} == attendues


@pytest.mark.parametrize("par", ["groupe", "convention", "équipement"])
def test_a_file_is_found_by_group_convention_and_equipement(agent, par):
    voulue, _ = ouverte(), ouverte()
    groupe = voulue.groupe
    q = {
        "groupe": groupe.pk,
        "convention": groupe.porteur.convention.numero,
        "équipement": groupe.sejour.offre.equipement.nom,
    }[par]
    with le(5):
        trouvees = agent.get(LISTE, {"q": q}).context["cl"].result_list
        assert voulue.pk in {v.pk for v in trouvees}
        if par == "convention":
            assert [v.pk for v in trouvees] == [voulue.pk]
        assert list(agent.get(LISTE, {"q": f"{q} inconnu"}).context["cl"].result_list) == []


@pytest.mark.parametrize(
    "url",
    [LISTE, reverse("admin:validation_presence_changelist"), "journal-validation", "journal-presence"],
)
def test_as_many_queries_for_many_files_as_for_one(agent, url):
    if url.startswith("journal"):
        url = reverse(f"admin:validation_{url.removeprefix('journal-')}event_changelist")

    def requetes():
        with le(5), CaptureQueriesContext(connection) as captees:
            assert agent.get(url).status_code == 200
        return len(captees)

    def disputee():
        validation = ouverte()
        liste_validee(validation.groupe)
        confirmer(
            groupe=validation.groupe,
            presents=set(),
            par=comptes_de(validation.groupe)[0],
            le=date(2022, 5, 30),
            maintenant=instant(date(2022, 5, 30)),
        )

    disputee()
    requetes()
    une = requetes()
    for _ in range(5):
        disputee()
    assert requetes() == une


@pytest.mark.parametrize("etape", ["", "TOUTES", "LITIGE"])
def test_the_list_does_not_read_everybody_who_ever_travelled(agent, etape):
    """Disagreements come from their own index: adding up all presences took seconds with 100 000 files."""
    en_litige()
    with le(20), CaptureQueriesContext(connection) as captees:
        reponse = agent.get(LISTE, {"etape": etape} if etape else {})
    assert [v.litiges for v in reponse.context["cl"].result_list] == [1]
    assert not [q for q in captees if 'JOIN "validation_presence"' in q["sql"]]


# --- What may be decided, when --------------------------------------------------------------------------------------


def test_an_act_is_proposed_only_when_it_would_be_accepted(agent):
    validation = ouverte()
    with le(5):
        assert proposes(agent, validation) == {"prolonger"}
    with le(6):
        assert proposes(agent, validation) == {"prolonger", "valider", "clore"}
    liste_validee(validation.groupe)
    with le(14):
        assert proposes(agent, validation) == {"prolonger"}
    with le(15):
        assert proposes(agent, validation) == {"prolonger", "confirmer", "clore"}
    Validation.objects.update(arretee_le=date(2022, 6, 14), jours_restants=0)
    with le(20):
        assert proposes(agent, validation) == set()


def test_an_act_that_is_no_longer_possible_is_refused_with_its_reason(agent):
    validation = ouverte()
    with le(5):
        reponse = agent.post(adresse("clore", validation), {"motif": "Trop tôt"})
    assert reponse.status_code == 422
    assert "Le délai court encore, jusqu'au dimanche 5 juin 2022" in clair(unescape(reponse.content.decode()))
    assert Validation.objects.get().close_le is None


def test_ancv_extends_a_window(agent):
    validation = ouverte()
    with le(8):
        assert "est passé depuis le dimanche 5 juin 2022 à minuit" in page(
            agent, adresse("prolonger", validation)
        )
        for donnees in ({"jusqu_au": "2022-06-30", "motif": " "}, {"jusqu_au": "2022-06-04", "motif": "x"}):
            assert agent.post(adresse("prolonger", validation), donnees).status_code == 422
        donnees = {"jusqu_au": "2022-06-30", "motif": "Village fermé"}
        assert agent.post(adresse("prolonger", validation), donnees).status_code == 302
    assert Validation.objects.get().echeance == date(2022, 6, 30)
    assert Courriel.objects.filter(cause__startswith="validation-prolongee-").count() == 2


def test_the_other_side_s_window_is_not_extended_by_a_page_that_showed_this_one(agent):
    """While ANCV reads « the provider has until 5 June », a colleague answers in its place."""
    validation = ouverte()
    with le(8):
        formulaire = agent.get(adresse("prolonger", validation)).context["form"]
        donnees = {"jusqu_au": "2022-06-30", "motif": "Village fermé", "lue": formulaire["lue"].value()}
        valider(
            groupe=validation.groupe,
            presents=cles(validation.groupe),
            par=CompteFactory(ancv=True),
            le=date(2022, 6, 8),
            maintenant=instant(date(2022, 6, 8)),
            motif="Sans nouvelles",
        )
        reponse = agent.post(adresse("prolonger", validation), donnees)
        assert reponse.status_code == 422
        assert "n'est plus celui que montrait cette page" in clair(unescape(reponse.content.decode()))
        assert Validation.objects.get().echeance == date(2022, 6, 23)
        relue = donnees | {"lue": agent.get(adresse("prolonger", validation)).context["form"]["lue"].value()}
        assert agent.post(adresse("prolonger", validation), relue).status_code == 302
    assert Validation.objects.get().echeance_porteur == date(2022, 6, 30)


def test_ancv_validates_in_the_provider_s_place_after_reading_what_it_changes(agent):
    groupe = liste_du_manuel()
    comptes_de(groupe)
    ouvrir_validations(le=date(2022, 5, 22), maintenant=instant(date(2022, 5, 22)))
    validation = Validation.objects.get()
    absent = groupe.inscriptions.get(senior__nom="SAVATE")
    donnees = {"presents": sorted(cles(groupe) - {absent.pk}), "motif": "Sans nouvelles"}
    with le(6):
        contenu = page(agent, adresse("valider", validation))
        assert contenu.count('name="presents"') == contenu.count(" checked") == 13
        assert "Pierre SIMON, En tant qu'aidant, 160 €" in contenu
        reponse = agent.post(adresse("valider", validation), donnees)
        assert reponse.status_code == 200
        assert "<strong>Bernard SAVATE</strong>" in unescape(reponse.content.decode())
        assert Validation.objects.get().validee_le is None
        assert not Courriel.objects.filter(cause__startswith="validation-ouverte-porteur-").exists()
        empreinte = reponse.context["apercu"].empreinte
        assert (
            agent.post(adresse("valider", validation), donnees | {"confirmer": empreinte}).status_code == 302
        )
    validation.refresh_from_db()
    assert (validation.phase(date(2022, 6, 6)), validation.echeance) == (Phase.PORTEUR, date(2022, 6, 21))
    assert Presence.objects.get(selon_prestataire=False).pk == absent.pk


def test_ancv_answers_in_the_place_of_a_party_whose_porteur_never_had_credits(agent):
    validation = ouverte()
    donnees = {"presents": sorted(cles(validation.groupe)), "motif": "Sans nouvelles"}
    with le(6):
        reponse = agent.post(adresse("valider", validation), donnees)
    assert reponse.status_code == 200
    assert "pas encore de dotation" in reponse.content.decode()


def test_ancv_confirms_in_the_porteur_s_place_and_reads_the_sums_first(agent):
    groupe = liste_du_manuel()
    validation = liste_validee(groupe, "Pierre RONVIN")
    donnees = {"presents": sorted(cles(groupe, "Pierre RONVIN")), "motif": "Porteur injoignable"}
    with le(15):
        contenu = page(agent, adresse("confirmer", validation))
        assert "Pierre RONVIN, A l'aide, 160 €, absente selon le prestataire" in contenu
        assert contenu.count(" checked") == 12
        reponse = agent.post(adresse("confirmer", validation), donnees)
        lues = {quoi: (clair(avant), clair(apres)) for quoi, avant, apres in reponse.context["apercu"].lignes}
        assert lues["À verser au prestataire"] == ("0 € (0 aide)", "1 120 € (7 aides)")
        assert lues["Crédits disponibles du porteur, 2022"] == ("220 €", "380 €")
        assert not Versement.objects.exists()
        empreinte = reponse.context["apercu"].empreinte
        assert (
            agent.post(adresse("confirmer", validation), donnees | {"confirmer": empreinte}).status_code
            == 302
        )
    assert sum(v.montant for v in Versement.objects.all()) == 1_120
    assert solde(groupe) == (1_500, 1_120, 380)
    assert list(controler()) == []


def test_a_person_removed_while_one_ticks_is_said(agent):
    groupe = liste_du_manuel()
    validation = liste_validee(groupe)
    donnees = {"presents": sorted(cles(groupe)), "motif": "Porteur injoignable"}
    retirer(
        inscription=groupe.inscriptions.get(senior__nom="SAVATE"),
        motif="Erreur",
        par=CompteFactory(ancv=True),
        le=date(2022, 6, 12),
        maintenant=instant(date(2022, 6, 12)),
    )
    with le(15):
        reponse = agent.post(adresse("confirmer", validation), donnees)
    assert reponse.status_code == 422
    assert Validation.objects.get().confirmee_le is None


def test_closing_says_first_what_goes_back(agent):
    groupe = liste_du_manuel()
    validation = liste_validee(groupe)
    with le(15):
        assert "Clore le dossier rend 8 aides (1 280 €) aux crédits du porteur de projet" in page(
            agent, adresse("clore", validation)
        )
        assert agent.post(adresse("clore", validation), {"motif": " "}).status_code == 422
        assert agent.post(adresse("clore", validation), {"motif": "Aucune réponse"}).status_code == 302
    assert solde(groupe) == (1_500, 0, 1_500)
    assert Validation.objects.get().phase(date(2022, 6, 15)) == Phase.CLOSE
    assert list(controler()) == []


@pytest.mark.parametrize(("venu", "utilise"), [("oui", 1_280), ("non", 1_120)])
def test_ancv_settles_a_disagreement(agent, venu, utilise):
    litige = en_litige()
    Senior.objects.filter(nom="RONVIN").update(civilite=Senior.Civilite.MONSIEUR)
    with le(20):
        assert adresse("trancher", litige) in page(agent, adresse("change", litige.validation))
        contenu = page(agent, adresse("trancher", litige))
        assert (
            "Pierre RONVIN : présent selon le prestataire, absent selon le porteur de projet. "
            "Son aide est de 160 €."
        ) in contenu
        for donnees in ({"venu": venu, "motif": ""}, {"motif": "Facture"}):
            assert agent.post(adresse("trancher", litige), donnees).status_code == 422
        donnees = {"venu": venu, "motif": "Facture du village"}
        assert agent.post(adresse("trancher", litige), donnees).status_code == 302
        assert adresse("trancher", litige) not in page(agent, adresse("change", litige))
        assert "Facture du village" in page(agent, adresse("change", litige.validation))
        assert agent.post(adresse("trancher", litige), donnees).status_code == 422
    assert solde(litige.inscription.groupe)[1] == utilise
    assert list(controler()) == []


def test_the_page_shows_both_sides_words_and_no_field_to_type_over(agent):
    litige = en_litige()
    with le(20):
        contenu = page(agent, adresse("change", litige.validation))
        assert "<td>présent</td><td>absent</td>" in contenu
        assert "<input" not in contenu.split('id="validation_form"')[1].split("</form>")[0].replace(
            '<input type="hidden"', ""
        )
        assert agent.post(adresse("change", litige.validation), {"motif_cloture": "x"}).status_code == 403


# --- Rights ---------------------------------------------------------------------------------------------------------


def test_staff_who_may_only_read_decide_nothing(client):
    litige = en_litige()
    lecture = CompteFactory(ancv=True, is_superuser=False)
    lecture.user_permissions.set(
        Permission.objects.filter(content_type__app_label="validation", codename__startswith="view_")
    )
    connecter(client, lecture)
    validation = litige.validation
    with le(20):
        contenu = page(client, adresse("change", validation))
        assert "à trancher" in contenu
        assert adresse("trancher", litige) not in contenu
        for acte in ACTES:
            assert client.post(adresse(acte, validation), {"motif": "x"}).status_code == 403
        assert client.post(adresse("trancher", litige), {"venu": "oui", "motif": "x"}).status_code == 403
    assert Presence.objects.en_litige().exists()


def test_the_parties_do_not_reach_it(client):
    litige = en_litige()
    for compte in comptes_de(litige.inscription.groupe):
        connecter(client, compte)
        for url in (LISTE, adresse("trancher", litige), adresse("clore", litige.validation)):
            assert client.post(url, {"motif": "x"}).status_code in (302, 403)
    assert Presence.objects.en_litige().exists()


def test_the_journals_tell_the_act_and_its_reason(agent):
    validation = ouverte()
    with le(8):
        agent.post(adresse("prolonger", validation), {"jusqu_au": "2022-06-30", "motif": "Village fermé"})
        contenu = page(agent, reverse("admin:validation_validationevent_changelist"))
    assert "délai prolongé" in contenu
    assert "Village fermé" in contenu
