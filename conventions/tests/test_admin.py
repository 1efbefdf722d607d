"""ANCV's admin: the pages open, the acts go through their operations, the ledger is only read."""

import re
from decimal import Decimal

import pytest
from django.apps import apps

from conventions.admin import export
from conventions.models import Bareme, Compte, Convention, Credit, Mouvement, Organisme, Programme, Tarif
from conventions.tests.factories import (
    CompteFactory,
    ConventionFactory,
    CreditFactory,
    OrganismeFactory,
    ProgrammeFactory,
)
from sev.socle.models import Courriel
from sev.socle.temps import aujourdhui

MODELES = ["organisme", "convention", "compte", "credit", "programme", "tarif", "bareme", "import"]
LUS = ["mouvement", "demandecomplement", "decision"]


def adresse(modele, *suite) -> str:
    return "/".join(["/admin/conventions", modele, *map(str, suite)]) + "/"


def texte(reponse) -> str:
    return reponse.content.decode().replace("\u00a0", " ")


def actions(modele) -> list[tuple]:
    lignes = (
        apps.get_model("conventions", f"{modele}Event").objects.exclude(pgh_context=None).order_by("pgh_id")
    )
    return [(e.pgh_context["action"], e.pgh_context["nom"]) for e in lignes]


@pytest.fixture
def agent(chez, ancv):
    return chez(ancv)


@pytest.fixture
def annee(db):
    return ProgrammeFactory(annee=aujourdhui().year).annee


@pytest.mark.parametrize("modele", MODELES)
def test_each_list_and_each_new_page_opens_for_staff(agent, porteur, modele):
    CreditFactory(convention=porteur.organisme.convention)
    assert agent.get(adresse(modele)).status_code == 200
    assert agent.get(adresse(modele, "add")).status_code == 200


def test_each_object_has_its_page(agent, porteur):
    CreditFactory(convention=porteur.organisme.convention)
    for modele in (Organisme, Convention, Compte, Credit, Programme, Tarif, Bareme):
        objet = modele.objects.first()
        page = agent.get(adresse(modele._meta.model_name, objet.pk, "change"))
        assert page.status_code == 200, modele
        assert "deletelink" not in texte(page), modele


@pytest.mark.parametrize("modele", MODELES + LUS)
def test_nobody_else_sees_the_admin(chez, porteur, modele):
    assert chez(porteur).get(adresse(modele), follow=True).status_code == 403


@pytest.mark.parametrize("modele", MODELES + LUS)
def test_lists_cost_the_same_whatever_their_length(agent, modele, django_assert_max_num_queries):
    for _ in range(20):
        CompteFactory()
        CreditFactory()
    with django_assert_max_num_queries(9):
        agent.get(adresse(modele))


# --- Conventions (C1) -----------------------------------------------------------------------------------------------


@pytest.fixture
def convention(db):
    return ConventionFactory(numero="ancv3000", activee_le=None)


ACTIVATION = {"nom": "Jeanne LE BRAS", "email": "jeanne@dinan.fr", "montant": "1500,50"}


def test_a_convention_is_created_with_its_number_normalised(agent):
    organisme = OrganismeFactory()
    agent.post(adresse("convention", "add"), {"organisme": organisme.pk, "numero": " ANCV 3001 "})
    assert Convention.objects.get().numero == "ancv3001"
    assert actions("Convention") == [("saisie de l'ANCV", "Alix AGENT")]


def test_activating_a_convention_from_its_page(agent, convention, annee):
    page = agent.get(adresse("convention", convention.pk, "change"))
    assert [libelle for libelle, _ in page.context["boutons"]] == ["Activer la convention"]
    reponse = agent.post(
        adresse("convention", convention.pk, "activer"), ACTIVATION | {"annee": annee}, follow=True
    )
    assert "La convention est activée." in texte(reponse)
    assert Compte.objects.get(identifiant="ancv3000").titulaire
    assert Credit.objects.get().alloue == Decimal("1500.50")
    assert Courriel.objects.get().destinataire == "jeanne@dinan.fr"
    assert [libelle for libelle, _ in reponse.context["boutons"]] == [
        "Voir le site comme cet organisme",
        "Renouveler pour une année",
        "Suspendre…",
        "Clore la convention…",
    ]


@pytest.mark.parametrize(
    ("donnees", "erreur"),
    [
        ({"annee": 2050}, "Le programme 2050 n&#x27;existe pas encore."),
        ({"montant": "2000000"}, "Les allocations dépasseraient l&#x27;enveloppe nationale."),
        ({"montant": "-1"}, "Assurez-vous que cette valeur est supérieure ou égale à 0"),
        ({"email": "x"}, "Écrivez une adresse e-mail"),
    ],
)
def test_a_refused_activation_says_why_and_writes_nothing(agent, convention, annee, donnees, erreur):
    reponse = agent.post(
        adresse("convention", convention.pk, "activer"), ACTIVATION | {"annee": annee} | donnees
    )
    assert reponse.status_code == 422
    assert erreur in texte(reponse)
    convention.refresh_from_db()
    assert convention.activee_le is None
    assert not Courriel.objects.exists()


def test_what_an_active_convention_is_can_not_be_typed_over(agent, convention, porteur):
    refus = agent.post(adresse("convention", convention.pk, "clore"), {"motif": "Jamais active"})
    assert (refus.status_code, "Seule une convention activée se ferme" in texte(refus)) == (422, True)
    active = porteur.organisme.convention
    agent.post(adresse("convention", active.pk, "change"), {"close_le": "01/02/2022", "numero": "autre"})
    active.refresh_from_db()
    assert (active.close_le, active.numero) == (None, "ancv2528")


# --- Accounts -------------------------------------------------------------------------------------------------------


def boutons(agent, compte) -> set[str]:
    return {libelle for libelle, _ in agent.get(adresse("compte", compte.pk, "change")).context["boutons"]}


def test_what_may_be_done_to_an_account_depends_on_what_it_is(agent, porteur, lecteur):
    communs = {
        "Corriger le nom ou le rôle",
        "Corriger l'adresse e-mail",
        "Envoyer un lien de mot de passe",
        "Voir le site comme cet organisme",
    }
    assert boutons(agent, porteur) == communs
    assert boutons(agent, lecteur) == communs | {"Nommer titulaire", "Désactiver"}


def test_staff_change_the_holder(agent, porteur, lecteur):
    agent.post(adresse("compte", lecteur.pk, "titulaire"))
    porteur.refresh_from_db()
    lecteur.refresh_from_db()
    assert (porteur.titulaire, porteur.role) == (False, "GESTIONNAIRE")
    assert (lecteur.titulaire, lecteur.role) == (True, "GESTIONNAIRE")
    assert actions("Compte") == [("titulaire nommé", "Alix AGENT")] * 2


def test_a_closed_account_can_not_become_the_holder(agent, porteur, lecteur):
    agent.post(adresse("compte", lecteur.pk, "desactiver"))
    reponse = agent.post(adresse("compte", lecteur.pk, "titulaire"))
    assert reponse.status_code == 422
    assert "Seul un compte actif" in texte(reponse)


def test_staff_correct_an_address_and_send_a_link(agent, porteur):
    agent.post(adresse("compte", porteur.pk, "adresse"), {"adresse": "neuve@ccas.fr"})
    agent.post(adresse("compte", porteur.pk, "lien"))
    porteur.refresh_from_db()
    assert porteur.email == "neuve@ccas.fr"
    assert [(c.destinataire, c.sujet) for c in Courriel.objects.order_by("pk")] == [
        ("monique@ccas.fr", "Votre adresse e-mail a changé"),
        ("neuve@ccas.fr", "Votre nouvelle adresse e-mail"),
        ("neuve@ccas.fr", "Choisir un nouveau mot de passe"),
    ]


def test_an_account_is_not_typed_over(agent, porteur):
    agent.post(
        adresse("compte", porteur.pk, "change"), {"email": "x@y.fr", "is_staff": "on", "is_superuser": "on"}
    )
    porteur.refresh_from_db()
    assert (porteur.email, porteur.is_staff, porteur.is_superuser) == ("monique@ccas.fr", False, False)


def test_only_superusers_touch_staff_accounts(chez, ancv):
    from django.contrib.auth.models import Permission

    gestion = CompteFactory(ancv=True, is_superuser=False)
    gestion.user_permissions.set(Permission.objects.filter(content_type__app_label="conventions"))
    client = chez(gestion)
    assert client.get(adresse("compte", ancv.pk, "change")).context["boutons"] == []
    assert client.post(adresse("compte", ancv.pk, "adresse"), {"adresse": "x@y.fr"}).status_code == 403
    assert client.post(adresse("compte", ancv.pk, "change"), {"is_superuser": ""}).status_code == 403
    assert client.get(adresse("compte", "add")).status_code == 403
    client.post(adresse("compte", gestion.pk, "change"), {"is_superuser": "on"})
    ancv.refresh_from_db()
    gestion.refresh_from_db()
    assert (ancv.is_superuser, gestion.is_superuser) == (True, False)


def test_a_new_member_of_staff_gets_a_link(agent):
    reponse = agent.post(
        adresse("compte", "add"),
        {"identifiant": "ANCV Paul", "nom": "Paul", "email": "p@ancv.fr"},
        follow=True,
    )
    assert "Le compte est ouvert." in texte(reponse)
    assert Compte.objects.get(identifiant="ancvpaul").is_staff
    assert Courriel.objects.get().destinataire == "p@ancv.fr"


# --- Credits (C5, C6) -----------------------------------------------------------------------------------------------


def test_allotting_names_the_convention_and_goes_through_the_ledger(agent, porteur, annee):
    donnees = {"convention": "ANCV 2528", "annee": annee, "montant": "1500", "motif": "Commission du 3 mars"}
    reponse = agent.post(adresse("credit", "add"), donnees, follow=True)
    assert "Les crédits sont alloués." in texte(reponse)
    entree = Mouvement.objects.get()
    assert (entree.nature, entree.montant, entree.auteur.nom, entree.motif) == (
        "ALLOCATION",
        1500,
        "Alix AGENT",
        "Commission du 3 mars",
    )


@pytest.mark.parametrize("numero", ["ancv9999", "presta34", "ancv3000"])
def test_only_an_active_porteur_is_allotted_credit(agent, prestataire, convention, annee, numero):
    donnees = {"convention": numero, "annee": annee, "montant": "1500", "motif": "x"}
    reponse = agent.post(adresse("credit", "add"), donnees)
    assert reponse.status_code == 422
    assert "Aucune convention active de porteur ne porte ce numéro." in texte(reponse)


def test_complement_and_return(agent, porteur, annee):
    credit = CreditFactory(convention=porteur.organisme.convention, annee=annee, alloue=100)
    agent.post(adresse("credit", credit.pk, "complement"), {"montant": "60", "motif": "Demande du 2 mai"})
    agent.post(adresse("credit", credit.pk, "reprendre"), {"montant": "10", "motif": "Trop versé"})
    refus = agent.post(adresse("credit", credit.pk, "reprendre"), {"montant": "151", "motif": "Encore"})
    assert refus.status_code == 422
    assert "Ce montant n&#x27;est plus disponible." in texte(refus)
    credit.refresh_from_db()
    assert credit.alloue == 150
    assert [m.nature for m in credit.mouvements.order_by("pk")] == ["ALLOCATION", "COMPLEMENT", "REPRISE"]


def test_the_ledger_is_shown_and_has_no_field(agent, porteur):
    credit = CreditFactory(convention=porteur.organisme.convention)
    page = texte(agent.get(adresse("credit", credit.pk, "change")))
    assert "dotation de l'essai" in page.replace("&#x27;", "'")
    champs = re.findall(r"<(?:input|select|textarea)[^>]*>", page.split('id="credit_form"')[1])
    assert [champ for champ in champs if not re.search(r'type="(?:hidden|submit)"', champ)] == []


# --- The programme (P1, P2) -----------------------------------------------------------------------------------------


def confirmer(agent, ou: str, donnees: dict | None = None):
    """Answer an act, read what it would change, confirm; return the sentences shown, and the answer."""
    apercu = agent.post(ou, donnees or {})
    assert apercu.status_code == 200
    montre = apercu.context["apercu"]
    reponse = agent.post(ou, (donnees or {}) | {"confirmer": montre.empreinte}, follow=True)
    return [phrase.replace("\u00a0", " ") for phrase in montre.phrases], reponse


def test_suspending_and_resuming_are_one_act_each(agent, annee, porteur):
    confirmer(agent, adresse("programme", annee, "suspendre"), {"message": "Fermé jusqu'au 15 mai."})
    programme = Programme.objects.get()
    assert (programme.suspendu_le, programme.message_suspension) == (aujourdhui(), "Fermé jusqu'au 15 mai.")
    page = agent.get(adresse("programme", annee, "change"))
    assert [libelle for libelle, _ in page.context["boutons"]] == [
        "Reprendre le programme",
        f"Ouvrir l'année {annee + 1}",
    ]
    confirmer(agent, adresse("programme", annee, "reprendre"))
    assert not Programme.objects.get().suspendu
    assert actions("Programme") == [("suspension", "Alix AGENT"), ("reprise du programme", "Alix AGENT")]


def test_suspending_needs_a_message(agent, annee):
    assert agent.post(adresse("programme", annee, "suspendre"), {"message": "  "}).status_code == 422
    assert not Programme.objects.get().suspendu


def programme_saisi(**autres) -> dict:
    return {
        "annee": 2030,
        "enveloppe": "500000",
        "delai_option": "7",
        "aidants_aides": "1",
        "contact_telephone": "0 969 320 616",
        "contact_email": "service@ancv.fr",
        "fermetures-TOTAL_FORMS": "1",
        "fermetures-INITIAL_FORMS": "0",
        "fermetures-0-debut": "01/07/2030",
        "fermetures-0-fin": "31/08/2030",
    } | autres


def test_a_year_is_opened_with_its_closed_seasons(agent):
    assert agent.post(adresse("programme", "add"), programme_saisi()).status_code == 302
    programme = Programme.objects.get()
    assert (programme.annee, programme.enveloppe, programme.fermetures.count()) == (2030, 500_000, 1)


@pytest.mark.parametrize(
    ("donnees", "erreur"),
    [
        ({"enveloppe": "999"}, "Des crédits dépassant ce montant sont déjà alloués."),
        ({"fermetures-0-fin": "30/06/2030"}, "La fin précède le début."),
    ],
)
def test_a_refused_year_says_why(agent, donnees, erreur):
    CreditFactory(annee=2030, alloue=1000)
    reponse = agent.post(adresse("programme", 2030, "change"), programme_saisi(**donnees))
    assert reponse.status_code == 200
    assert erreur in texte(reponse)


def test_a_tariff_that_costs_less_than_its_aid_is_refused(agent):
    donnees = {"duree": "8", "valable_du": "01/01/2031", "prix": "100", "aide": "101"}
    assert "L&#x27;aide est positive et ne dépasse pas le prix." in texte(
        agent.post(adresse("tarif", "add"), donnees)
    )
    _, fait = confirmer(agent, adresse("tarif", "add"), donnees | {"prix": "410"})
    assert "Le tarif est fixé." in texte(fait)
    assert actions("Tarif")[-1] == ("tarif fixé", "Alix AGENT")


def test_the_nature_of_an_organisation_is_chosen_once(agent, porteur):
    donnees = {"nature": "PRESTATAIRE", "nom": "NOUVEAU NOM", "type_porteur": "CCAS"}
    agent.post(adresse("organisme", porteur.organisme_id, "change"), donnees)
    porteur.organisme.refresh_from_db()
    assert (porteur.organisme.nature, porteur.organisme.nom) == ("PORTEUR", "NOUVEAU NOM")
    refus = agent.post(
        adresse("organisme", "add"), {"nature": "PRESTATAIRE", "nom": "X", "type_porteur": "CCAS"}
    )
    assert "Un porteur a un type, un prestataire n&#x27;en a pas." in texte(refus)


def test_an_unknown_object_has_no_act(agent):
    assert agent.get(adresse("compte", 999999, "adresse")).status_code == 404


# --- What nobody means --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("annee_tapee", ["1", "2006", "2101", "9999", "32767"])
def test_a_year_that_no_programme_will_ever_have_is_refused(agent, annee_tapee):
    envoi = {
        "annee": annee_tapee,
        "enveloppe": "1000",
        "delai_option": "7",
        "aidants_aides": "1",
        "contact_telephone": "0 969 320 616",
        "contact_email": "a@b.fr",
        "fermetures-TOTAL_FORMS": "0",
        "fermetures-INITIAL_FORMS": "0",
    }
    page = agent.post(adresse("programme", "add"), envoi)
    assert (page.status_code, list(page.context["adminform"].form.errors)) == (200, ["annee"])


@pytest.mark.parametrize(
    ("debut", "fin", "refusee"),
    [
        ("01/07/{0}", "31/08/{0}", False),
        ("20/12/{0}", "05/01/{1}", False),
        ("01/07/{1}", "31/08/{1}", True),
        ("01/01/0001", "31/12/9999", True),
        ("01/07/{0}", "31/12/9999", True),
    ],
)
def test_a_closed_season_touches_the_year_of_its_programme(agent, annee, debut, fin, refusee):
    programme = Programme.objects.get(annee=annee)
    envoi = {
        "enveloppe": "1000000",
        "delai_option": "7",
        "aidants_aides": "1",
        "contact_telephone": "0 969 320 616",
        "contact_email": "a@b.fr",
        "fermetures-TOTAL_FORMS": "1",
        "fermetures-INITIAL_FORMS": "0",
        "fermetures-0-programme": str(annee),
        "fermetures-0-debut": debut.format(annee, annee + 1),
        "fermetures-0-fin": fin.format(annee, annee + 1),
    }
    page = agent.post(adresse("programme", programme.pk, "change"), envoi)
    assert (page.status_code, programme.fermetures.exists()) == ((200, False) if refusee else (302, True))


@pytest.mark.parametrize("jour", ["01/01/0001", "31/12/2006", "01/01/9999"])
def test_a_tariff_begins_in_a_year_that_may_have_a_programme(agent, db, jour):
    envoi = {"duree": "8", "valable_du": jour, "prix": "410", "aide": "160"}
    page = agent.post(adresse("tarif", "add"), envoi)
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["valable_du"])


def test_a_credit_that_would_overflow_is_refused_not_broken(agent, porteur):
    programme = ProgrammeFactory(annee=aujourdhui().year)
    Programme.objects.filter(pk=programme.pk).update(enveloppe=Decimal(9999999999))
    envoi = {
        "convention": porteur.organisme.convention.numero,
        "annee": str(programme.annee),
        "montant": "9999999,99",
        "motif": "essai",
    }
    statuts = [agent.post(adresse("credit", "add"), envoi).status_code for _ in range(11)]
    assert statuts == [302] * 10 + [422]
    assert Credit.objects.get().alloue == Decimal("99999999.90")


def test_a_list_too_long_for_a_spreadsheet_asks_for_a_filter(agent, porteur, monkeypatch):
    credit = CreditFactory(convention=porteur.organisme.convention)
    monkeypatch.setattr(export, "LIGNES_MAX", 1)
    assert agent.get(adresse("mouvement", "tableur")).headers["Content-Type"].endswith("sheet")
    CreditFactory(convention=credit.convention)
    reponse = agent.get(adresse("mouvement", "tableur") + "?nature__exact=ALLOCATION", follow=True)
    assert reponse.redirect_chain == [(adresse("mouvement") + "?nature__exact=ALLOCATION", 302)]
    assert "plus de 1 ligne" in texte(reponse)
