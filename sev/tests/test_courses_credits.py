"""Races on money and conventions: requests decided, years renewed, conventions closed; each lost without its guard."""

import re
from contextlib import ExitStack
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from conventions.models import Bareme, Compte, DemandeComplement, Mouvement, Programme
from conventions.operations.complements import demander, retirer
from conventions.operations.comptes import CompteRefuse, creer_agent
from conventions.operations.credits import allouer
from conventions.operations.programme import ProgrammeRefuse, fixer_plafond
from conventions.tests.factories import CompteFactory, CreditFactory, ProgrammeFactory, connecter
from sejours.models import Groupe, Option
from sejours.operations.conventions import clore
from sejours.operations.groupes import preinscrire
from sejours.operations.options import poser
from sejours.tests.factories import SejourFactory
from seniors.operations.complements import accorder, refuser, renouveler
from seniors.tests.factories import InscriptionFactory, groupe_dote
from sev.socle.models import Courriel
from sev.tests.test_courses import (
    LE,
    MAINTENANT,
    MANCHES,
    double_par,
    ecart,
    en_attente_malgre_le_credit,
    ensemble,
    erreurs,
    inscription_de,
    invariants,
    sans,
    sans_aucun_verrou,
)

pytestmark = pytest.mark.django_db(transaction=True)


# --- Acts -------------------------------------------------------------------------------------------------------


def demande_par(compte, montant=320):
    return lambda: demander(
        convention=compte.organisme.convention,
        annee=2022,
        montant=Decimal(montant),
        motif="Deux personnes attendent.",
        par=compte,
        le=LE,
        maintenant=MAINTENANT,
    )


def accord_de(demande, agent, montant=320):
    return lambda: accorder(
        demande=demande, montant=Decimal(montant), reponse="", par=agent, le=LE, maintenant=MAINTENANT
    )


def refus_de(demande, agent):
    return lambda: refuser(demande=demande, reponse="Non.", par=agent, maintenant=MAINTENANT)


def faits(issues) -> int:
    return sum(not isinstance(issue, Exception) for issue in issues)


# --- Races ------------------------------------------------------------------------------------------------------


def une_demande_et_plusieurs_agents():
    """Eight of staff accept or refuse one request, while its porteur withdraws it."""
    groupe = groupe_dote(alloue=1)
    for _ in range(2):
        InscriptionFactory(groupe=groupe)
    porteur, agent = CompteFactory(convention=groupe.porteur.convention), CompteFactory(ancv=True)
    demande = demande_par(porteur)()
    issues = ensemble(
        *(accord_de(demande, agent) for _ in range(5)),
        *(refus_de(demande, agent) for _ in range(3)),
        lambda: retirer(demande=demande, par=porteur, maintenant=MAINTENANT),
    )
    demande.refresh_from_db()
    complements = Mouvement.objects.filter(credit__convention=groupe.porteur_id, nature="COMPLEMENT")
    courriels = Courriel.objects.filter(cause=f"complement-decide:{demande.pk}")
    return (
        erreurs(issues)
        + ecart("decisions", faits(issues), 1)
        + ecart("complements", complements.count(), int(demande.accorde is not None))
        + ecart("mails", courriels.count(), int(demande.retiree_le is None))
        + invariants()
    )


def une_demande_envoyee_seize_fois():
    compte = CompteFactory()
    ProgrammeFactory()
    issues = ensemble(*(demande_par(compte) for _ in range(16)))
    attendent = DemandeComplement.objects.filter(convention=compte.organisme_id).count()
    return erreurs(issues) + ecart("requests", (faits(issues), attendent), (1, 1))


def une_annee_renouvelee_par_plusieurs():
    compte, agent = CompteFactory(), CompteFactory(ancv=True)
    ProgrammeFactory()
    issues = ensemble(
        *(
            lambda: renouveler(
                convention=compte.organisme.convention,
                annee=2022,
                montant=Decimal(100),
                motif="renouvellement",
                par=agent,
                le=LE,
            )
            for _ in range(8)
        )
    )
    entrees = Mouvement.objects.filter(credit__convention=compte.organisme_id).count()
    return erreurs(issues) + ecart("allotments", (faits(issues), entrees), (1, 1)) + invariants()


def une_convention_close_pendant_qu_on_la_demande():
    """A porteur is pre-registered, and asks for places, on many stays while its convention is being closed."""
    porteur = CompteFactory()
    ProgrammeFactory()
    sejours = [SejourFactory(debut=date(2022, 5, 14)) for _ in range(8)]
    return _close_pendant(porteur.organisme.convention, sejours, [porteur] * 8)


def un_prestataire_clos_pendant_qu_on_lui_demande():
    """Porteurs are pre-registered, and ask for places, on a provider's stays while its convention is being closed."""
    ProgrammeFactory()
    premier = SejourFactory(debut=date(2022, 5, 14))
    suivants = (premier.debut + timedelta(7 * semaines) for semaines in range(1, 8))
    sejours = [premier, *(SejourFactory(debut=debut, offre=premier.offre) for debut in suivants)]
    return _close_pendant(
        premier.offre.equipement.prestataire.convention, sejours, [CompteFactory() for _ in sejours]
    )


def _close_pendant(convention, sejours, porteurs):
    agent = CompteFactory(ancv=True)

    def preinscription(sejour, porteur):
        return lambda: preinscrire(
            sejour=sejour,
            convention=porteur.organisme.convention,
            places=2,
            type_groupe="GROUPE",
            par=None,
            le=LE,
        )

    def option(sejour, porteur):
        return lambda: poser(sejour=sejour, places=2, message="", par=porteur, le=LE, maintenant=MAINTENANT)

    demandes = [
        (option if rang < 4 else preinscription)(*qui)
        for rang, qui in enumerate(zip(sejours, porteurs, strict=True))
    ]
    issues = ensemble(
        *(lambda: clore(convention=convention, motif="Fin", par=agent, le=LE) for _ in range(2)), *demandes
    )
    convention.refresh_from_db()
    vivants = (
        Groupe.objects.filter(sejour__in=sejours).count() + Option.objects.filter(sejour__in=sejours).count()
    )
    return (
        erreurs(issues)
        + ecart("closed with something to come", convention.close_le is not None and vivants > 0, False)
        + invariants()
    )


def un_complement_pendant_que_les_listes_bougent():
    """Money comes in, and serves the queue, while others register: nobody waits who could be aided."""
    groupe = groupe_dote(alloue=160, places=20)
    for _ in range(4):
        InscriptionFactory(groupe=groupe)
    porteur, agent = CompteFactory(convention=groupe.porteur.convention), CompteFactory(ancv=True)
    demande = demande_par(porteur, 480)()
    issues = ensemble(accord_de(demande, agent, 480), *(inscription_de(groupe) for _ in range(10)))
    return (
        erreurs(issues)
        + ecart("answer", isinstance(issues[0], Exception), False)
        + en_attente_malgre_le_credit()
        + invariants()
    )


def une_enveloppe_corrigee_pendant_qu_on_alloue():
    """Staff type another envelope on the programme's page while colleagues allot: no page breaks, no total is lost."""
    agent = CompteFactory(ancv=True)
    programme = Programme.objects.get(pk=ProgrammeFactory().pk)
    Programme.objects.filter(pk=programme.pk).update(enveloppe=1_000_000)
    conventions = [CompteFactory().organisme.convention for _ in range(6)]
    clients = [Client() for _ in range(4)]
    for client in clients:
        connecter(client, agent)

    def correction(client, enveloppe):
        envoi = {
            "enveloppe": str(enveloppe),
            "delai_option": "7",
            "aidants_aides": "1",
            "contact_telephone": "0 969 320 616",
            "contact_email": "a@b.fr",
            "fermetures-TOTAL_FORMS": "0",
            "fermetures-INITIAL_FORMS": "0",
        }
        return lambda: client.post(f"/admin/conventions/programme/{programme.pk}/change/", envoi).status_code

    def dotation(convention):
        return lambda: allouer(
            convention=convention, annee=2022, montant=Decimal(100), motif="essai", par=agent, le=LE
        )

    issues = ensemble(
        *(correction(client, programme.alloue + 300 + rang) for rang, client in enumerate(clients)),
        *(dotation(convention) for convention in conventions),
    )
    rendus = {issue for issue in issues[:4] if not isinstance(issue, Exception)}
    return erreurs(issues) + ecart("pages that broke", rendus - {200, 302}, set()) + invariants()


COURSES = {
    "an envelope corrected while others allot": une_enveloppe_corrigee_pendant_qu_on_alloue,
    "a request is decided once, whoever answers": une_demande_et_plusieurs_agents,
    "the same request sent sixteen times waits once": une_demande_envoyee_seize_fois,
    "a year is renewed once": une_annee_renouvelee_par_plusieurs,
    "a convention is closed with nothing to come": une_convention_close_pendant_qu_on_la_demande,
    "a provider is closed with nothing to come": un_prestataire_clos_pendant_qu_on_lui_demande,
    "a complement against registrations": un_complement_pendant_que_les_listes_bougent,
}

# Race, what is taken away, what must then be seen.
PERDUES = [
    (
        une_enveloppe_corrigee_pendant_qu_on_alloue,
        [sans_aucun_verrou()],
        "IntegrityError|ProgrammingError|InternalError",
    ),
    (une_demande_et_plusieurs_agents, [sans_aucun_verrou()], "complements: |decisions: "),
    (
        une_demande_envoyee_seize_fois,
        [sans("conventions_demandecomplement", "une_demande_en_attente_par_an")],
        "requests: ",
    ),
    (une_annee_renouvelee_par_plusieurs, [sans_aucun_verrou()], "allotments: "),
    *(
        (course, [sans_aucun_verrou()], "closed with something to come")
        for course in (
            une_convention_close_pendant_qu_on_la_demande,
            un_prestataire_clos_pendant_qu_on_lui_demande,
        )
    ),
]


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_money_and_conventions_are_decided_once(course):
    for _ in range(MANCHES):
        assert course() == []


@pytest.mark.parametrize(
    ("course", "retraits", "vu"), PERDUES, ids=[f"{course.__name__}, {vu}" for course, _, vu in PERDUES]
)
def test_without_its_guard_each_race_on_money_is_lost(course, retraits, vu):
    with ExitStack() as pile:
        for retrait in retraits:
            pile.enter_context(retrait)
        fautes = []
        for _ in range(60):
            fautes += course()
            if re.search(vu, "\n".join(fautes)):
                return
    pytest.fail(f"lost in no round: {fautes}")


# --- A double click -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("jeton", "donnes"), [(True, 1), (False, 4)], ids=["with its token", "without"])
def test_a_form_of_the_admin_sent_four_times_at_once_gives_money_once(jeton, donnes):
    """The control variant, without the token that the page carries, gives it as many times as it was sent."""
    credit, agent = CreditFactory(alloue=100), CompteFactory(ancv=True)
    clients = [Client() for _ in range(4)]
    for client in clients:
        connecter(client, agent)
    page = f"/admin/conventions/credit/{credit.pk}/complement/"
    envoi = {"montant": "160", "motif": "Deux de plus"}
    if jeton:
        envoi["envoi"] = clients[0].get(page).context["envoi"]
    issues = ensemble(*(lambda client=client: client.post(page, envoi) for client in clients))
    assert [reponse.status_code for reponse in issues] == [302] * 4
    assert Mouvement.objects.filter(nature="COMPLEMENT").count() == donnes


# --- What nobody can lock yet -------------------------------------------------------------------------------------


def test_a_name_taken_by_a_colleague_while_it_was_looked_for_is_refused():
    """The other account is written right before this one: a refusal, not a page that broke."""
    agent = CompteFactory(ancv=True)

    def creation():
        return creer_agent(
            identifiant="agent-neuf",
            nom="Agent NEUF",
            email="neuf@ancv.fr",
            is_superuser=False,
            par=agent,
            maintenant=MAINTENANT,
        )

    with (
        pytest.raises(CompteRefuse, match="déjà pris"),
        double_par(creation, avant='INSERT INTO "conventions_compte"'),
    ):
        creation()
    assert Compte.objects.filter(identifiant="agent-neuf").count() == 1
    assert Courriel.objects.filter(destinataire="neuf@ancv.fr").count() == 1


def test_the_first_ceiling_of_a_year_entered_by_two_colleagues_is_entered_once():
    agent = CompteFactory(ancv=True)

    def saisie():
        plafond = {"annee_avis": 2031, "situation": "SEULE", "parts": Decimal(1), "plafond": Decimal(12_000)}
        return fixer_plafond(**plafond, par=agent)

    with (
        pytest.raises(ProgrammeRefuse, match="existe déjà"),
        double_par(saisie, avant='INSERT INTO "conventions_bareme"'),
    ):
        saisie()
    assert Bareme.objects.filter(annee_avis=2031).count() == 1
