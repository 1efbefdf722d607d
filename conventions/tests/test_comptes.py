"""Activation, colleagues, addresses: each operation, its refusals, its mail, its line in the journal (C1, C3, C4)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator

from conventions import courriels
from conventions.models import Compte, Credit
from conventions.operations import comptes, organismes
from conventions.operations.conventions import clore
from conventions.operations.credits import CreditRefuse
from conventions.tests.factories import ConventionFactory, OrganismeFactory, ProgrammeFactory
from sev.socle.models import Courriel

LE = date(2022, 2, 1)
MAINTENANT = datetime(2022, 2, 1, 9, 0, tzinfo=UTC)


def journal(modele="CompteEvent") -> list[tuple]:
    """What the journal tells of the last writes: (kind, action, by whom)."""
    lignes = apps.get_model("conventions", modele).objects.exclude(pgh_context=None).order_by("pgh_id")
    return [(e.pgh_label, e.pgh_context["action"], e.pgh_context["nom"]) for e in lignes]


# --- Activation (C1) --------------------------------------------------------------------------------------------


@pytest.fixture
def convention(db):
    ProgrammeFactory()
    return ConventionFactory(numero="ancv3000", activee_le=None, organisme__nom="CCAS DE DINAN")


def activer(convention, ancv, **autres):
    donnees = {"annee": 2022, "montant": Decimal(1500), "nom": "Jeanne LE BRAS", "email": "jeanne@dinan.fr"}
    return comptes.activer(convention=convention, **(donnees | autres), par=ancv, le=LE)


def test_activation_opens_the_account_allots_the_credit_and_mails_the_link(convention, ancv):
    compte = activer(convention, ancv)
    convention.refresh_from_db()
    assert convention.activee_le == LE
    assert (compte.identifiant, compte.titulaire, compte.role, compte.has_usable_password()) == (
        "ancv3000",
        True,
        "GESTIONNAIRE",
        False,
    )
    credit = Credit.objects.get()
    assert (credit.annee, credit.alloue, credit.disponible) == (2022, 1500, 1500)
    assert journal() == [("insert", "convention activée", "Alix AGENT")]
    assert journal("ConventionEvent") == [("update", "convention activée", "Alix AGENT")]


def test_the_mail_of_activation_gives_number_credit_and_a_link_that_works(convention, ancv, client):
    compte = activer(convention, ancv)
    courriel = Courriel.objects.get()
    assert (courriel.destinataire, courriel.sujet) == (
        "jeanne@dinan.fr",
        "Votre compte Seniors en Vacances est activé",
    )
    texte = courriel.texte.replace("\u00a0", " ")
    assert texte.startswith(
        "Bonjour Jeanne LE BRAS,\n\nLa convention ancv3000 de CCAS DE DINAN est activée :"
    )
    assert "Crédits d'intervention 2022 : 1 500 €." in texte
    assert "votre identifiant est votre numéro de convention : ancv3000" in texte
    adresse = next(ligne for ligne in texte.splitlines() if "/mot-de-passe/" in ligne)
    assert default_token_generator.check_token(compte, adresse.split("/")[-2])
    assert client.get(adresse.removeprefix(settings.SEV_BASE_URL)).status_code == 302


def test_a_provider_is_activated_without_credit(db, ancv):
    convention = ConventionFactory(prestataire=True, numero="presta90", activee_le=None)
    activer(convention, ancv, montant=Decimal(0))
    assert not Credit.objects.exists()
    assert "Crédits" not in Courriel.objects.get().texte
    autre = ConventionFactory(prestataire=True, activee_le=None)
    with pytest.raises(comptes.CompteRefuse, match="Un prestataire ne reçoit pas de crédits") as refus:
        activer(autre, ancv)
    assert refus.value.champ == "montant"


def test_a_convention_is_activated_once(convention, ancv):
    activer(convention, ancv)
    with pytest.raises(comptes.CompteRefuse, match=r"activée depuis le 01/02/2022\."):
        activer(convention, ancv)
    assert Compte.objects.filter(organisme=convention.organisme).count() == 1
    assert Courriel.objects.count() == 1


def test_an_activation_whose_credit_is_refused_writes_nothing(convention, ancv):
    with pytest.raises(CreditRefuse, match="Le programme 2031 n'existe pas encore"):
        activer(convention, ancv, annee=2031)
    convention.refresh_from_db()
    assert convention.activee_le is None
    assert not Compte.objects.filter(organisme=convention.organisme).exists()
    assert not Courriel.objects.exists()


# --- Colleagues (C4) ----------------------------------------------------------------------------------------------


def inviter(porteur, nom="Camille Dupont", email="camille@ccas.fr", role="LECTEUR"):
    return comptes.inviter(organisme=porteur.organisme, nom=nom, email=email, role=role, par=porteur)


def test_an_invited_colleague_has_an_identifiant_a_role_and_no_password_yet(porteur):
    invite = inviter(porteur)
    assert (invite.identifiant, invite.role, invite.titulaire, invite.has_usable_password()) == (
        "ancv2528-camille",
        "LECTEUR",
        False,
        False,
    )
    assert invite.organisme == porteur.organisme
    assert journal() == [("insert", "utilisateur invité", "Monique GARNIER")]


def test_the_invitation_says_who_invites_where_and_to_do_what(porteur):
    inviter(porteur)
    courriel = Courriel.objects.get()
    assert (courriel.destinataire, courriel.sujet) == (
        "camille@ccas.fr",
        "Monique GARNIER vous ouvre un accès à Seniors en Vacances",
    )
    texte = courriel.texte.replace("\u00a0", " ")
    assert f"pour {porteur.organisme.nom}. Vous pourrez lire les listes, sans les modifier." in texte
    assert "Votre identifiant : ancv2528-camille" in texte
    assert "/mot-de-passe/" in courriel.html


@pytest.mark.parametrize(
    ("nom", "identifiant"),
    [
        ("Éloïse D'Œuvre", "ancv2528-eloise"),
        ("Jean-Marc L'HÉRITIER", "ancv2528-jean"),
        ("  Anne ", "ancv2528-anne"),
        ("X" * 90, "ancv2528-" + "x" * 30),
    ],
)
def test_the_identifiant_is_made_of_the_number_and_the_first_name(porteur, nom, identifiant):
    assert inviter(porteur, nom=nom).identifiant == identifiant


def test_namesakes_get_a_number(porteur):
    noms = [inviter(porteur, nom="Camille X", email=f"c{n}@ccas.fr").identifiant for n in range(3)]
    assert noms == ["ancv2528-camille", "ancv2528-camille2", "ancv2528-camille3"]


def test_an_address_is_invited_once_in_an_organisation_but_may_serve_two(porteur, intrus):
    invite = inviter(porteur)
    with pytest.raises(comptes.CompteRefuse, match="Cette adresse a déjà un compte") as refus:
        inviter(porteur, email="Camille@CCAS.fr")
    assert refus.value.champ == "email"
    inviter(intrus)
    comptes.desactiver(compte=invite, par=porteur)
    inviter(porteur)


def test_changing_a_role_and_a_name_is_in_the_journal(porteur, lecteur):
    change = comptes.modifier(compte=lecteur, nom="Camille DURAND", role="GESTIONNAIRE", par=porteur)
    assert (change.nom, change.role) == ("Camille DURAND", "GESTIONNAIRE")
    assert journal() == [("update", "utilisateur modifié", "Monique GARNIER")]


def test_nobody_changes_the_holders_role_or_ones_own(porteur, collegue):
    with pytest.raises(comptes.CompteRefuse, match="Le titulaire de la convention est toujours gestionnaire"):
        comptes.modifier(compte=porteur, nom="X", role="LECTEUR", par=collegue)
    with pytest.raises(comptes.CompteRefuse, match="votre propre rôle"):
        comptes.modifier(compte=collegue, nom="X", role="LECTEUR", par=collegue)
    comptes.modifier(compte=porteur, nom="Monique G.", role="GESTIONNAIRE", par=collegue)


def test_deactivating_and_reactivating(porteur, lecteur):
    assert not comptes.desactiver(compte=lecteur, par=porteur).is_active
    with pytest.raises(comptes.CompteRefuse, match="déjà désactivé"):
        comptes.desactiver(compte=lecteur, par=porteur)
    assert comptes.reactiver(compte=lecteur, par=porteur).is_active
    with pytest.raises(comptes.CompteRefuse, match="déjà actif"):
        comptes.reactiver(compte=lecteur, par=porteur)
    assert journal() == [
        ("update", "utilisateur désactivé", "Monique GARNIER"),
        ("update", "utilisateur réactivé", "Monique GARNIER"),
    ]


def test_nobody_deactivates_the_holder_or_oneself(porteur, collegue):
    with pytest.raises(comptes.CompteRefuse, match="Le compte du titulaire ne se désactive pas"):
        comptes.desactiver(compte=porteur, par=collegue)
    with pytest.raises(comptes.CompteRefuse, match="votre propre compte"):
        comptes.desactiver(compte=collegue, par=collegue)


def test_staff_accounts_are_created_with_a_mailed_link(ancv):
    agent = comptes.creer_agent(
        identifiant=" Paul 2 ",
        nom="Paul",
        email="p@ancv.fr",
        is_superuser=False,
        par=ancv,
        maintenant=MAINTENANT,
    )
    assert (agent.identifiant, agent.is_staff, agent.organisme) == ("paul2", True, None)
    assert "(espace de l'ANCV)." in Courriel.objects.get().texte
    with pytest.raises(comptes.CompteRefuse, match="déjà pris"):
        comptes.creer_agent(
            identifiant="paul2",
            nom="P",
            email="p@ancv.fr",
            is_superuser=False,
            par=ancv,
            maintenant=MAINTENANT,
        )


# --- E-mail addresses (C3) ------------------------------------------------------------------------------------------


def demander(compte, adresse="neuve@ccas.fr", quand=None) -> str:
    """Ask for an address and return the secret of the mailed link."""
    avant = set(Courriel.objects.values_list("pk", flat=True))
    comptes.demander_adresse(compte=compte, adresse=adresse, maintenant=quand or datetime.now(UTC))
    return Courriel.objects.exclude(pk__in=avant).get().cause.split(":")[-1]


def confirmer(compte, demande, quand=None):
    return comptes.confirmer_adresse(compte=compte, demande=demande, maintenant=quand or datetime.now(UTC))


def test_a_new_address_counts_once_confirmed_and_the_old_one_is_told(porteur):
    demande = demander(porteur)
    porteur.refresh_from_db()
    assert porteur.email == "monique@ccas.fr"
    assert Courriel.objects.get().destinataire == "neuve@ccas.fr"
    assert confirmer(porteur, demande).email == "neuve@ccas.fr"
    dernier = Courriel.objects.latest("pk")
    assert (dernier.destinataire, dernier.sujet) == ("monique@ccas.fr", "Votre adresse e-mail a changé")
    assert "Prévenez tout de suite l'ANCV" in dernier.texte
    assert journal() == [("update", "adresse e-mail changée", "Monique GARNIER")]
    assert courriels.adresses([porteur.organisme_id]) == {porteur.organisme_id: "neuve@ccas.fr"}


def test_the_link_of_an_address_serves_once_even_after_coming_back(porteur):
    premier = demander(porteur)
    confirmer(porteur, premier)
    with pytest.raises(comptes.CompteRefuse, match="Ce lien n'est plus valable"):
        confirmer(porteur, premier)
    retour = demander(porteur, "monique@ccas.fr")
    confirmer(porteur, retour)
    with pytest.raises(comptes.CompteRefuse, match="Ce lien n'est plus valable"):
        confirmer(porteur, premier)


def test_only_the_last_request_counts(porteur):
    premier, second = demander(porteur, "a@ccas.fr"), demander(porteur, "b@ccas.fr")
    with pytest.raises(comptes.CompteRefuse):
        confirmer(porteur, premier)
    assert confirmer(porteur, second).email == "b@ccas.fr"


def test_the_link_of_an_address_lasts_24_hours(porteur):
    demande = demander(porteur)
    ecrit = Courriel.objects.get().cree_le
    with pytest.raises(comptes.CompteRefuse):
        confirmer(porteur, demande, quand=ecrit + timedelta(hours=24))
    confirmer(porteur, demande, quand=ecrit + timedelta(hours=23, minutes=59))


def test_somebody_elses_link_confirms_nothing(porteur, intrus, collegue):
    demande = demander(porteur)
    for autre in (intrus, collegue):
        with pytest.raises(comptes.CompteRefuse):
            confirmer(autre, demande)


def test_three_requests_an_hour(porteur):
    for n in range(3):
        demander(porteur, f"{n}@ccas.fr")
    with pytest.raises(comptes.CompteRefuse, match="Réessayez dans une heure") as refus:
        demander(porteur, "4@ccas.fr")
    assert refus.value.champ == "email"
    demander(porteur, "5@ccas.fr", quand=datetime.now(UTC) + timedelta(hours=1, minutes=1))


def test_staff_correct_an_address_whose_mailbox_is_lost(porteur, ancv):
    change = comptes.corriger_adresse(
        compte=porteur, adresse="neuve@ccas.fr", par=ancv, maintenant=MAINTENANT
    )
    assert change.email == "neuve@ccas.fr"
    assert [(c.destinataire, c.sujet) for c in Courriel.objects.order_by("pk")] == [
        ("monique@ccas.fr", "Votre adresse e-mail a changé"),
        ("neuve@ccas.fr", "Votre nouvelle adresse e-mail"),
    ]
    assert journal() == [("update", "adresse e-mail changée", "Alix AGENT")]


# --- The organisation -----------------------------------------------------------------------------------------------


def modifier(organisme, par, **autres):
    donnees = {
        "nom": "ASSOCIATION VOYAGES",
        "telephone": "04 56 34 22 09",
        "type_porteur": "ASSOCIATION",
        "voie": "69 AVENUE DE PARIS",
        "complement": "Bâtiment B",
        "code_postal": "31000",
        "ville": "TOULOUSE",
    }
    return organismes.modifier(organisme=organisme, **(donnees | autres), par=par)


def test_the_informations_of_an_organisation_change_with_the_name_of_who_did_it(porteur, collegue):
    change = modifier(porteur.organisme, collegue)
    assert (change.nom, change.voie, change.complement, change.departement) == (
        "ASSOCIATION VOYAGES",
        "69 AVENUE DE PARIS",
        "Bâtiment B",
        "31",
    )
    assert journal("OrganismeEvent") == [("update", "informations modifiées", collegue.nom)]


def test_a_porteur_has_a_type(porteur):
    with pytest.raises(organismes.OrganismeRefuse, match="Choisissez le type du porteur") as refus:
        modifier(porteur.organisme, porteur, type_porteur="")
    assert refus.value.champ == "type_porteur"


@pytest.mark.parametrize(
    ("code_postal", "ville", "attendu"),
    [
        ("35410", "CHATEAUGIRON", "35"),
        ("20000", "AJACCIO", "2A"),
        ("20200", "Bastia", "2B"),
        ("97400", "Saint-Denis", "974"),
        ("97999", "Ailleurs", "979"),
        ("14999", "Nulle part CEDEX", "14"),
        ("14000", "TOULOUSE", "14"),
        ("48800", "Pied-de-Borne", "48"),
    ],
)
def test_the_departement_follows_the_postcode(code_postal, ville, attendu):
    assert organismes.departement(code_postal, ville) == attendu


def test_mails_go_to_the_active_holder_only(porteur, lecteur, intrus):
    autre = OrganismeFactory()
    assert courriels.adresses([porteur.organisme_id, intrus.organisme_id, autre.pk]) == {
        porteur.organisme_id: porteur.email,
        intrus.organisme_id: intrus.email,
    }
    Compte.objects.filter(pk=porteur.pk).update(is_active=False)
    assert courriels.adresses([porteur.organisme_id]) == {}


def test_pour_shows_the_accounts_of_ones_own_organisation(porteur, lecteur, intrus, ancv):
    assert set(Compte.objects.pour(lecteur)) == {porteur, lecteur}
    assert set(Compte.objects.pour(intrus)) == {intrus}
    assert not Compte.objects.pour(ancv).exists()


# --- A convention that is closed --------------------------------------------------------------------------------


def test_no_account_is_opened_behind_the_closing_of_a_convention(porteur, lecteur, ancv):
    """Neither a colleague whose account staff open again, nor one whom the holder was inviting."""
    clore(convention=porteur.organisme.convention, motif="Fin", par=ancv, le=LE)
    lecteur.refresh_from_db()
    with pytest.raises(comptes.CompteRefuse, match="close depuis le 01/02/2022 : rouvrez-la d'abord"):
        comptes.reactiver(compte=lecteur, par=ancv)
    with pytest.raises(comptes.CompteRefuse, match="close depuis le 01/02/2022"):
        comptes.inviter(
            organisme=porteur.organisme, nom="Luc PETIT", email="luc@exemple.fr", role="LECTEUR", par=porteur
        )
    assert not Compte.objects.filter(organisme=porteur.organisme, is_active=True).exists()
