"""« Mes crédits » and the requests for more (C5-C9): asked, withdrawn, accepted, refused; whom the money aids."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from conventions.models import Credit, DemandeComplement, Mouvement, Programme
from conventions.operations.complements import ComplementRefuse, demander, retirer
from conventions.operations.conventions import suspendre
from conventions.operations.credits import CreditRefuse, reprendre
from conventions.tests.factories import CompteFactory, CreditFactory, ProgrammeFactory, connecter
from sejours.models import Groupe
from sejours.operations.groupes import verrouiller_listes
from sejours.tests.factories import GroupeFactory
from seniors.models import Inscription
from seniors.operations.complements import accorder, doter, refuser, renouveler
from seniors.operations.files import servir_toutes_les_files
from seniors.tests.factories import MAINTENANT, InscriptionFactory, clair, groupe_dote, solde
from sev.controle import controler
from sev.socle.models import Courriel

LE = date(2022, 4, 22)
CLOSE = date(2022, 4, 28)
INSTANT_DE_CLOTURE = datetime.combine(CLOSE, MAINTENANT.timetz())


@pytest.fixture
def groupe(db):
    """Three people on a list, one aided: two wait, 60 € are left of 220."""
    groupe = groupe_dote(220)
    for _ in range(3):
        InscriptionFactory(groupe=groupe)
    return groupe


@pytest.fixture
def porteur(groupe):
    return CompteFactory(convention=groupe.porteur.convention, email="monique@ccas.fr")


@pytest.fixture
def ancv(db):
    return CompteFactory(ancv=True)


def demande_de(porteur, montant=260, annee=2022, motif="Deux personnes attendent.") -> DemandeComplement:
    return demander(
        convention=porteur.organisme.convention,
        annee=annee,
        montant=Decimal(montant),
        motif=motif,
        par=porteur,
        le=LE,
        maintenant=MAINTENANT,
    )


def accepte(demande, montant, ancv, *, le=LE, reponse=""):
    return accorder(
        demande=demande,
        montant=Decimal(montant),
        reponse=reponse,
        par=ancv,
        le=le,
        maintenant=MAINTENANT + timedelta(days=1),
    )


def attendent(groupe) -> int:
    return groupe.inscriptions.filter(motif_sans_aide="CREDITS_EPUISES").count()


# --- Asking -------------------------------------------------------------------------------------------------------


def test_a_request_is_kept_with_who_and_why(porteur):
    demande = demande_de(porteur)
    demande.refresh_from_db()
    assert (demande.montant, demande.motif, demande.auteur, demande.etat) == (
        260,
        "Deux personnes attendent.",
        porteur,
        "En attente",
    )
    evenement = DemandeComplement.pgh_event_model.objects.get()
    assert (evenement.pgh_context["action"], evenement.pgh_context["nom"]) == (
        "complément demandé",
        "Monique GARNIER",
    )


def test_one_request_a_year_waits_at_a_time(porteur):
    ProgrammeFactory(annee=2023)
    premiere = demande_de(porteur)
    with pytest.raises(ComplementRefuse, match="attend déjà"):
        demande_de(porteur, 10)
    assert demande_de(porteur, 10, 2023).annee == 2023
    retirer(demande=premiere, par=porteur, maintenant=MAINTENANT)
    assert demande_de(porteur, 10).en_attente


def test_the_database_itself_refuses_a_second_one(porteur):
    demande = demande_de(porteur)
    demande.pk = None
    with pytest.raises(IntegrityError, match="une_demande_en_attente_par_an"), transaction.atomic():
        demande.save(force_insert=True)


@pytest.mark.parametrize(
    ("champs", "message"),
    [
        ({"montant": 0}, "au-dessus de zéro"),
        ({"annee": 2021}, "Il n'y a pas de crédits à demander pour 2021."),
        ({"annee": 2031}, "Il n'y a pas de crédits à demander pour 2031."),
    ],
)
def test_a_request_refused_says_why(porteur, champs, message):
    with pytest.raises(ComplementRefuse, match=message):
        demande_de(porteur, **champs)


def test_a_suspended_convention_asks_for_nothing(porteur, ancv):
    suspendre(convention=porteur.organisme.convention, motif="Contrôle", par=ancv, le=LE)
    with pytest.raises(ComplementRefuse, match="n'est pas active"):
        demande_de(porteur)


def test_a_withdrawn_request_is_answered_no_more(porteur, ancv):
    demande = demande_de(porteur)
    assert retirer(demande=demande, par=porteur, maintenant=MAINTENANT).etat == "Retirée"
    with pytest.raises(ComplementRefuse, match="n'attend plus de réponse : retirée"):
        accepte(demande, 260, ancv)
    with pytest.raises(ComplementRefuse, match="n'attend plus"):
        retirer(demande=demande, par=porteur, maintenant=MAINTENANT)


# --- Answering ----------------------------------------------------------------------------------------------------


def test_a_request_accepted_serves_those_who_wait_and_is_mailed_once(groupe, porteur, ancv):
    demande = demande_de(porteur)
    aidees = accepte(demande, 260, ancv, reponse="Bon séjour.")
    assert (len(aidees), attendent(groupe), solde(groupe)) == (2, 0, (480, 480, 0))
    demande.refresh_from_db()
    assert (demande.etat, demande.accorde, demande.decidee_par) == ("Accordée", 260, ancv)
    assert (demande.mouvement.nature, demande.mouvement.montant, demande.mouvement.motif) == (
        "COMPLEMENT",
        260,
        f"demande de complément n° {demande.pk}",
    )
    (courriel,) = Courriel.objects.all()
    texte = clair(courriel.texte)
    assert (courriel.destinataire, clair(courriel.sujet)) == (
        "monique@ccas.fr",
        "Votre demande de crédits 2022 : accordée",
    )
    assert "260 €." in texte
    assert "Réponse de l'ANCV : Bon séjour." in texte
    assert "2 personnes qui attendaient sont maintenant aidées" in texte
    assert all(str(inscription.senior) in texte for inscription in aidees)


def test_a_lower_amount_serves_the_oldest_alone(groupe, porteur, ancv):
    demande = demande_de(porteur)
    assert len(accepte(demande, 100, ancv)) == 1
    demande.refresh_from_db()
    assert (demande.etat, attendent(groupe), solde(groupe)) == ("Accordée en partie", 1, (320, 320, 0))
    assert "100 € sur les 260 € demandés" in clair(Courriel.objects.get().texte)


def test_a_refusal_gives_its_reason_and_no_money(groupe, porteur, ancv):
    demande = demande_de(porteur)
    with pytest.raises(ComplementRefuse, match="Dites pourquoi"):
        refuser(demande=demande, reponse=" ", par=ancv, maintenant=MAINTENANT)
    refuser(demande=demande, reponse="Enveloppe épuisée.", par=ancv, maintenant=MAINTENANT)
    demande.refresh_from_db()
    assert (demande.etat, demande.accorde, solde(groupe)) == ("Refusée", None, (220, 160, 60))
    assert "n'est pas acceptée" in Courriel.objects.get().texte
    assert "Enveloppe épuisée." in Courriel.objects.get().html


@pytest.mark.parametrize("montant", ["0", "-1", "260.01"])
def test_more_than_was_asked_or_nothing_is_not_accepted(porteur, ancv, montant):
    with pytest.raises(ComplementRefuse, match="Accordez au plus ce qui est demandé"):
        accepte(demande_de(porteur), montant, ancv)
    assert DemandeComplement.objects.get().en_attente


def test_nothing_is_accepted_beyond_the_envelope(groupe, porteur, ancv):
    demande = demande_de(porteur)
    Programme.objects.update(enveloppe=479)
    with pytest.raises(CreditRefuse, match="dépasseraient l'enveloppe"):
        accepte(demande, 260, ancv)
    demande.refresh_from_db()
    assert (demande.en_attente, solde(groupe), Courriel.objects.count()) == (True, (220, 160, 60), 0)


def test_a_request_is_decided_once(porteur, ancv):
    demande = demande_de(porteur)
    accepte(demande, 260, ancv)
    for encore in (
        lambda: accepte(demande, 260, ancv),
        lambda: refuser(demande=demande, reponse="Non", par=ancv, maintenant=MAINTENANT),
        lambda: retirer(demande=demande, par=porteur, maintenant=MAINTENANT),
    ):
        with pytest.raises(ComplementRefuse, match="n'attend plus de réponse : accordée"):
            encore()
    assert Mouvement.objects.filter(nature="COMPLEMENT").count() == 1


def test_money_given_by_hand_tells_whom_it_aids_in_one_mail(groupe, porteur, ancv):
    aidees = doter(
        convention=groupe.porteur.convention,
        annee=2022,
        montant=Decimal(100),
        motif="commission",
        par=ancv,
        le=LE,
        complement=True,
    )
    (courriel,) = Courriel.objects.all()
    assert (len(aidees), clair(courriel.sujet)) == (1, "Crédits 2022 : 100 € de plus")
    assert str(aidees[0].senior) in courriel.html


def test_a_year_is_renewed_once(groupe, porteur, ancv):
    ProgrammeFactory(annee=2023)
    convention = groupe.porteur.convention
    donnees = {"convention": convention, "montant": Decimal(500), "motif": "r", "par": ancv, "le": LE}
    renouveler(annee=2023, **donnees)
    with pytest.raises(CreditRefuse, match="Des crédits 2023 sont déjà alloués"):
        renouveler(annee=2023, **donnees)
    assert Credit.objects.get(programme=2023).alloue == 500


# --- Locked lists (C9) ---------------------------------------------------------------------------------------------


@pytest.fixture
def close(groupe):
    """The same list, closed on the 27th of April."""
    verrouiller_listes(le=CLOSE, maintenant=INSTANT_DE_CLOTURE)
    Courriel.objects.all().delete()
    return Groupe.objects.get(pk=groupe.pk)


def test_a_complement_serves_a_list_that_is_locked(close, porteur, ancv):
    with time_machine.travel(INSTANT_DE_CLOTURE, tick=False):
        assert len(accepte(demande_de(porteur), 260, ancv, le=CLOSE)) == 2
    assert (attendent(close), list(controler())) == (0, [])


def test_credit_that_merely_comes_back_does_not(close):
    autre = InscriptionFactory(
        groupe=GroupeFactory(porteur=close.porteur, sejour__debut=date(2022, 6, 4)), eligibilite="PROGRAMME"
    )
    assert autre.aide is None
    CreditFactory(convention=close.porteur.convention, alloue=500)
    assert (servir_toutes_les_files(le=CLOSE), attendent(close)) == (0, 2)


def test_a_complement_of_before_the_lock_does_not_either(groupe, ancv):
    doter(
        convention=groupe.porteur.convention,
        annee=2022,
        montant=Decimal(99),
        motif="x",
        par=ancv,
        le=date(2022, 4, 26),
        complement=True,
    )
    CreditFactory(convention=groupe.porteur.convention, alloue=500)
    assert (servir_toutes_les_files(le=CLOSE), attendent(groupe)) == (0, 2)


@pytest.mark.parametrize(("le", "servies"), [(date(2022, 5, 21), 2), (date(2022, 5, 22), 0)])
def test_until_the_last_day_of_the_stay(close, ancv, le, servies):
    aidees = doter(
        convention=close.porteur.convention,
        annee=2022,
        montant=Decimal(260),
        motif="x",
        par=ancv,
        le=le,
        complement=True,
    )
    assert len(aidees) == servies


def test_a_list_that_is_settled_gets_nothing(close, ancv):
    Groupe.objects.filter(pk=close.pk).update(solde_le=MAINTENANT)
    aidees = doter(
        convention=close.porteur.convention,
        annee=2022,
        montant=Decimal(260),
        motif="x",
        par=ancv,
        le=CLOSE,
        complement=True,
    )
    assert aidees == []


# --- The page -----------------------------------------------------------------------------------------------------


@pytest.fixture
def client(porteur):
    client = Client()
    connecter(client, porteur)
    with time_machine.travel(MAINTENANT, tick=False):
        yield client


def texte(reponse) -> str:
    return clair(reponse.content.decode()).replace("&#x27;", "'")


def test_the_page_tells_what_waits_and_each_entry_with_its_balance(client, groupe):
    page = client.get("/credits/")
    assert "2 personnes attendent une aide" in texte(page)
    assert "Avec 260 € de plus, elles seraient aidées toutes les deux." in texte(page)
    assert [(a, c and c.disponible) for a, c in page.context["annees"]] == [(2023, None), (2022, 60)]
    aidee = groupe.inscriptions.get(aide__isnull=False)
    assert [
        (ligne.mouvement.nature, ligne.mouvement.effet, ligne.mouvement.solde, clair(ligne.objet), ligne.par)
        for ligne in page.context["lignes"]
    ] == [
        ("ENGAGEMENT", -160, 60, f"{aidee.senior}, groupe n° {groupe.pk}", "Seniors en Vacances"),
        ("ALLOCATION", 220, 220, "dotation de l'essai", "Seniors en Vacances"),
    ]


def test_the_balance_is_that_of_the_credit_whatever_is_filtered(client, groupe, porteur, ancv):
    reprendre(credit=Credit.objects.get(), montant=Decimal(10), par=ancv, le=LE, motif="trop")
    page = client.get("/credits/?nature=REPRISE&annee=2022&tri=montant")
    assert [(ligne.mouvement.solde, ligne.par) for ligne in page.context["lignes"]] == [(50, "l'ANCV")]
    assert [c["libelle"] for c in page.context["criteres"]] == ["Année 2022", "Reprise"]
    assert "Aucun mouvement ne correspond." in texte(client.get("/credits/?nature=VERSEMENT"))
    assert len(client.get("/credits/?nature=x&annee=abc&tri=zz&page=99").context["lignes"]) == 3


def test_a_payment_moves_no_balance(groupe):
    credit, aidee = Credit.objects.get(), groupe.inscriptions.get(aide__isnull=False)
    Mouvement.objects.create(
        credit=credit, nature="VERSEMENT", montant=160, inscription_id=aidee.pk, date=LE, auteur=None
    )
    assert list(Mouvement.objects.avec_solde().order_by("pk").values_list("effet", "solde")) == [
        (220, 220),
        (-160, 60),
        (0, 60),
    ]


def test_the_spreadsheet_has_the_same_entries(client, groupe):
    classeur = load_workbook(BytesIO(client.get("/credits/mouvements.xlsx?nature=ALLOCATION").content))
    lignes = [[c.value for c in ligne] for ligne in classeur.active.iter_rows(min_row=4)]
    assert lignes == [
        [
            datetime(2022, 1, 3),
            2022,
            "Allocation",
            "dotation de l'essai",
            220,
            220,
            220,
            "Seniors en Vacances",
        ]
    ]


def test_the_page_costs_the_same_with_one_entry_and_with_many(client, groupe, django_assert_max_num_queries):
    for _ in range(30):
        InscriptionFactory(groupe=groupe_dote(160, porteur=groupe.porteur))
    client.get("/credits/")
    with django_assert_max_num_queries(16):
        client.get("/credits/")


def test_the_page_costs_the_same_with_one_request_and_with_many(
    client, porteur, ancv, django_assert_num_queries
):
    demandes_refusees(porteur, ancv, 1)
    client.get("/credits/")
    with CaptureQueriesContext(connection) as une:
        client.get("/credits/")
    demandes_refusees(porteur, ancv, 11)
    with django_assert_num_queries(len(une)):
        client.get("/credits/")


def demandes_refusees(porteur, ancv, combien) -> list[int]:
    """Return the keys of requests that ANCV refused, the latest first."""
    cles = []
    for rang in range(combien):
        demande = demande_de(porteur, motif=f"Demande {rang}")
        refuser(demande=demande, reponse="Plus d'enveloppe", par=ancv, maintenant=MAINTENANT)
        cles.insert(0, demande.pk)
    return cles


def test_requests_are_turned_over_ten_a_page_beside_the_entries(client, porteur, ancv):
    cles = demandes_refusees(porteur, ancv, 11)
    attend = demande_de(porteur)

    def lues(**question):
        return [d.pk for d, _ in client.get("/credits/", question).context["demandes"]]

    assert lues() == [attend.pk, *cles[:9]]
    assert lues(demandes=2) == cles[9:]
    seconde = client.get("/credits/", {"demandes": 2, "tri": "montant"})
    assert '?demandes=1&amp;tri=montant"' in seconde.content.decode()
    # What waits is known from any page: no second request is offered for its year.
    assert seconde.context["demandables"] == []


def test_the_amount_proposed_is_what_is_lacking_and_the_request_leaves(client, porteur):
    page = client.get("/credits/2022/complement/")
    assert 'value="260"' in texte(page)
    reponse = client.post(
        "/credits/2022/complement/", {"montant": "1 260,50 €", "motif": "Deux personnes"}, follow=True
    )
    assert "Votre demande de 1 260,50 € est partie à l'ANCV." in texte(reponse)
    assert DemandeComplement.objects.get().montant == Decimal("1260.50")
    assert "Votre demande attend la réponse de l’ANCV." in texte(reponse)
    assert "Une demande attend déjà" in texte(client.get("/credits/2022/complement/"))
    assert client.post("/credits/2022/complement/", {"montant": "1", "motif": "x"}).status_code == 422


@pytest.mark.parametrize(
    ("montant", "message"),
    [
        ("", "Écrivez un montant en euros, par exemple 320"),
        ("0", "Écrivez un montant en euros, par exemple 320"),
        ("-5", "Le montant est négatif"),
        ("beaucoup", "Écrivez le montant ainsi : 1 500,00"),
    ],
)
def test_a_refused_request_keeps_what_was_typed(client, montant, message):
    reponse = client.post("/credits/2022/complement/", {"montant": montant, "motif": "Mon motif à garder"})
    assert reponse.status_code == 422
    assert message in texte(reponse)
    assert "Mon motif à garder" in texte(reponse)


@pytest.mark.parametrize("annee", [2021, 2024, 99999])
def test_other_years_have_no_request(client, annee):
    assert client.get(f"/credits/{annee}/complement/").status_code == 404


def test_a_request_is_withdrawn_after_a_page_that_says_so(client, porteur):
    demande = demande_de(porteur)
    ou = f"/credits/demandes/{demande.pk}/retirer/"
    assert "Retirer votre demande de 260 € ?" in texte(client.get(ou))
    assert "Votre demande est retirée." in texte(client.post(ou, follow=True))
    encore = client.post(ou)
    assert (encore.status_code, "n'attend plus de réponse" in texte(encore)) == (422, True)


def test_the_answer_is_read_on_the_page_and_in_the_journal(client, porteur, ancv):
    accepte(demande_de(porteur), 100, ancv, reponse="Le reste en mai.")
    page = texte(client.get("/credits/"))
    assert "Accordée en partie" in page
    assert "Le reste en mai." in page
    journal = texte(client.get("/journal/"))
    assert "Complément de crédits 2022 : 100 € accordés sur 260 € demandés" in journal
    assert "Complément de crédits 2022 demandé : 260 €" in journal


def test_a_reader_reads_and_asks_for_nothing(porteur):
    client = Client()
    connecter(client, CompteFactory(lecteur=True, organisme=porteur.organisme))
    with time_machine.travel(MAINTENANT, tick=False):
        page = texte(client.get("/credits/"))
    assert "Vous consultez en lecture." in page
    assert "/complement/" not in page


def test_a_porteur_without_credit_has_its_page(db):
    client = Client()
    connecter(client, CompteFactory())
    with time_machine.travel(MAINTENANT, tick=False):
        page = texte(client.get("/credits/"))
    assert "Pas encore de mouvement." in page
    assert Inscription.objects.count() == 0


# --- A convention that is stopped -------------------------------------------------------------------------------


def test_a_request_of_a_convention_suspended_since_is_refused_not_accepted(porteur, groupe, ancv):
    demande = demande_de(porteur)
    suspendre(convention=groupe.porteur.convention, motif="Contrôle", par=ancv, le=LE)
    with pytest.raises(ComplementRefuse, match="suspendue ou close"):
        accepte(demande, 160, ancv)
    demande.refresh_from_db()
    assert (demande.en_attente, solde(groupe)[0]) == (True, 220)
    refuser(demande=demande, reponse="Convention suspendue.", par=ancv, maintenant=MAINTENANT)


def test_no_money_is_given_on_a_convention_that_is_not_active(porteur, groupe, ancv):
    convention = groupe.porteur.convention
    suspendre(convention=convention, motif="Contrôle", par=ancv, le=LE)
    with pytest.raises(CreditRefuse, match="n'est pas active"):
        doter(
            convention=convention,
            annee=2022,
            montant=Decimal(160),
            motif="x",
            par=ancv,
            le=LE,
            complement=True,
        )
    assert solde(groupe)[0] == 220


def test_a_provider_is_given_no_money_whichever_way(groupe, ancv):
    convention = groupe.sejour.offre.equipement.prestataire.convention
    for donner in (doter, renouveler):
        with pytest.raises(CreditRefuse, match="prestataire ne reçoit pas"):
            donner(convention=convention, annee=2022, montant=Decimal(160), motif="x", par=ancv, le=LE)
    assert not Credit.objects.filter(convention=convention).exists()


# --- A year that isn't open -------------------------------------------------------------------------------------


@time_machine.travel("2022-04-22T10:32:00+02:00", tick=False)
def test_more_is_asked_only_for_a_year_whose_programme_is_open(client, porteur):
    connecter(client, porteur)
    page = client.get("/credits/").content.decode()
    assert ("/credits/2022/complement/" in page, "/credits/2023/complement/" in page) == (True, False)
    assert client.get("/credits/2023/complement/").status_code == 404
    ProgrammeFactory(annee=2023)
    assert "/credits/2023/complement/" in client.get("/credits/").content.decode()
    assert client.get("/credits/2023/complement/").status_code == 200
