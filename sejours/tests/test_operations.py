"""Offers, stays, groups, the lock of the lists (S1, S4, S7, S9, P1-P4, I14): refusals, outcomes, mails, journal."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from conventions.models import Fermeture, Organisme, Tarif
from conventions.operations.programme import ProgrammeRefuse, suspendre
from conventions.operations.programme import reprendre as reprendre_programme
from conventions.tests.factories import CompteFactory, ConventionFactory, ProgrammeFactory
from sejours.models import DemandePlaces, Equipement, Groupe, Offre, Sejour
from sejours.operations import groupes as operations_des_groupes
from sejours.operations.groupes import GroupeRefuse, demander_places, preinscrire, verrouiller_listes
from sejours.operations.offres import SejourRefuse, creer_offre, publier_sejour
from sejours.regles import dernier_jour_de_la_liste, fin_du_sejour, touche_une_fermeture
from sejours.tests.factories import (
    EquipementFactory,
    GroupeFactory,
    OffreFactory,
    PorteurFactory,
    PrestataireFactory,
    SejourFactory,
)
from seniors.tests.factories import PARIS, InscriptionFactory, clair
from sev.socle.models import Courriel

LE = date(2022, 4, 22)
MINUIT = datetime(2022, 4, 28, 0, 1, tzinfo=PARIS)


@pytest.fixture
def prestataire(db):
    """The holder of a provider's convention, who acts."""
    return CompteFactory(prestataire=True, nom="Paul HÔTELIER")


# --- Dates (S6, I14, P1) ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("debut", "duree", "fin"),
    [
        (date(2022, 5, 14), 8, date(2022, 5, 21)),
        (date(2022, 5, 14), 5, date(2022, 5, 18)),
        (date(2022, 12, 28), 8, date(2023, 1, 4)),
        (date(2024, 2, 26), 5, date(2024, 3, 1)),
    ],
)
def test_a_stay_counts_its_first_and_last_days(debut, duree, fin):
    assert fin_du_sejour(debut, duree) == fin


@pytest.mark.parametrize(
    ("debut", "dernier"),
    [
        (date(2022, 5, 14), date(2022, 4, 27)),
        (date(2022, 1, 10), date(2021, 12, 24)),
        (date(2024, 3, 17), date(2024, 2, 29)),
        (date(2023, 3, 17), date(2023, 2, 28)),
        (date(2022, 4, 13), date(2022, 3, 27)),  # the night on which the clocks go forward
        (date(2022, 11, 16), date(2022, 10, 30)),  # and back
    ],
)
def test_the_last_day_of_a_list_is_17_days_before_departure(debut, dernier):
    assert dernier_jour_de_la_liste(debut) == dernier


@pytest.mark.parametrize(
    ("debut", "fin", "touche"),
    [
        (date(2022, 7, 1), date(2022, 7, 8), False),
        (date(2022, 7, 2), date(2022, 7, 9), True),
        (date(2022, 8, 20), date(2022, 8, 27), True),
        (date(2022, 8, 21), date(2022, 8, 28), False),
        (date(2022, 7, 1), date(2022, 8, 30), True),
    ],
)
def test_a_stay_touches_a_closed_season_by_one_day(debut, fin, touche):
    fermeture = Fermeture(debut=date(2022, 7, 9), fin=date(2022, 8, 20))
    assert touche_une_fermeture(debut, fin, [fermeture]) is touche


# --- Offers and stays (S1) -------------------------------------------------------------------------------------------


def offre(par, prix=410, annee=2022, duree=8, equipement=None) -> Offre:
    return creer_offre(
        equipement=equipement or EquipementFactory(prestataire=par.organisme),
        annee=annee,
        duree=duree,
        prix=Decimal(prix),
        par=par,
        le=LE,
    )


@pytest.mark.parametrize(
    ("annee", "duree", "prix"), [(2022, 8, 410), (2022, 5, 343), (2023, 8, 442), (2023, 5, 369), (2022, 8, 1)]
)
def test_an_offer_costs_at_most_the_maximum_price_of_its_year(prestataire, annee, duree, prix):
    creee = offre(prestataire, prix=prix, annee=annee, duree=duree)
    assert (creee.annee, creee.duree, creee.prix) == (annee, duree, prix)


@pytest.mark.parametrize(
    ("annee", "duree", "prix", "champ", "message"),
    [
        (2022, 8, Decimal("410.01"), "prix", "Le prix maximum est de 410 € pour cette durée."),
        (2022, 5, Decimal("343.01"), "prix", "Le prix maximum est de 343 € pour cette durée."),
        (2008, 8, Decimal(1), "duree", "Aucun tarif n'est connu pour cette durée et cette année."),
    ],
)
def test_an_offer_is_refused_with_its_reason(prestataire, annee, duree, prix, champ, message):
    with pytest.raises(SejourRefuse) as refus:
        offre(prestataire, prix=prix, annee=annee, duree=duree)
    assert (refus.value.champ, clair(refus.value.message)) == (champ, message)
    assert Offre.objects.count() == 0


def publie(par, debut=date(2022, 5, 14), places=40, *, sur=None) -> Sejour:
    return publier_sejour(
        offre=sur or OffreFactory(equipement__prestataire=par.organisme),
        debut=debut,
        places=places,
        par=par,
        le=LE,
    )


def test_a_stay_lasts_as_long_as_its_offer(prestataire):
    ProgrammeFactory()
    sejour = publie(prestataire)
    sejour.refresh_from_db()
    assert (sejour.fin, sejour.duree, sejour.annee) == (date(2022, 5, 21), 8, 2022)
    assert (sejour.places, sejour.places_prises, sejour.places_libres) == (40, 0, 40)


def test_a_stay_across_31_december_is_of_the_year_of_its_start(prestataire):
    ProgrammeFactory()
    sejour = publie(prestataire, debut=date(2022, 12, 28))
    sejour.refresh_from_db()
    assert (sejour.fin, sejour.annee) == (date(2023, 1, 4), 2022)


def test_a_stay_waits_for_the_programme_of_its_year(prestataire):
    with pytest.raises(SejourRefuse, match="Le programme 2022 n'est pas encore ouvert") as refus:
        publie(prestataire)
    assert refus.value.champ == "debut"


def test_a_stay_is_of_the_year_of_its_offer(prestataire):
    ProgrammeFactory()
    ProgrammeFactory(annee=2023)
    with pytest.raises(SejourRefuse, match="Cette offre vaut pour 2022"):
        publie(prestataire, debut=date(2023, 1, 7))


def test_a_stay_keeps_out_of_closed_seasons(prestataire):
    Fermeture.objects.create(programme=ProgrammeFactory(), debut=date(2022, 7, 9), fin=date(2022, 8, 20))
    with pytest.raises(SejourRefuse, match="saison fermée"):
        publie(prestataire, debut=date(2022, 7, 2))
    assert publie(prestataire, debut=date(2022, 7, 1)).fin == date(2022, 7, 8)
    with pytest.raises(SejourRefuse, match="saison fermée"):
        publie(prestataire, debut=date(2022, 8, 20))
    assert publie(prestataire, debut=date(2022, 8, 21)).debut == date(2022, 8, 21)


def test_a_stay_costs_at_most_the_maximum_price_of_its_day(prestataire):
    ProgrammeFactory()
    Tarif.objects.create(duree=8, valable_du=date(2022, 9, 1), prix=Decimal(400), aide=Decimal(160))
    sur = OffreFactory(equipement__prestataire=prestataire.organisme)
    assert publie(prestataire, debut=date(2022, 8, 31), sur=sur).places == 40
    with pytest.raises(SejourRefuse, match="dépasse le prix maximum à cette date"):
        publie(prestataire, debut=date(2022, 9, 1), sur=sur)


def test_one_stay_of_an_offer_on_a_day(prestataire):
    ProgrammeFactory()
    premier = publie(prestataire)
    with pytest.raises(SejourRefuse, match="Cette offre a déjà un séjour à cette date"):
        publie(prestataire, sur=premier.offre)
    Sejour.objects.update(annule_le=MINUIT, motif_annulation="Travaux")
    assert publie(prestataire, sur=premier.offre).pk != premier.pk


# --- Suspension (P2) ------------------------------------------------------------------------------------------------


def test_nothing_new_is_recorded_while_the_programme_is_suspended(prestataire):
    ancv = CompteFactory(ancv=True)
    programme = ProgrammeFactory()
    sejour, convention = publie(prestataire), ConventionFactory()
    suspendre(programme=programme, message="Plus de budget : reprise en mai.", par=ancv, le=LE)
    for acte in (
        lambda: publie(prestataire, debut=date(2022, 6, 4)),
        lambda: garde(sejour, convention, par=prestataire),
    ):
        with pytest.raises(SejourRefuse) as refus:
            acte()
        assert refus.value.message == "Plus de budget : reprise en mai."
    reprendre_programme(programme=programme, par=ancv, le=LE)
    assert publie(prestataire, debut=date(2022, 6, 4)).places == 40
    assert garde(sejour, convention, par=prestataire).places == 10


def test_open_lists_stay_editable_while_the_programme_is_suspended(db):
    groupe = GroupeFactory()
    programme = ProgrammeFactory()
    suspendre(programme=programme, message="Pause.", par=CompteFactory(ancv=True), le=LE)
    assert InscriptionFactory(groupe=groupe).motif_sans_aide == "SANS_DOTATION"


def test_suspending_and_resuming_are_refused_twice_and_told_in_the_journal(db):
    ancv, programme = CompteFactory(ancv=True), ProgrammeFactory()
    with pytest.raises(ProgrammeRefuse, match="n'est pas suspendu"):
        reprendre_programme(programme=programme, par=ancv, le=LE)
    with pytest.raises(ProgrammeRefuse, match="Écrivez le message") as refus:
        suspendre(programme=programme, message="  ", par=ancv, le=LE)
    assert refus.value.champ == "message_suspension"
    suspendre(programme=programme, message=" Pause. ", par=ancv, le=LE)
    with pytest.raises(ProgrammeRefuse, match="déjà suspendu"):
        suspendre(programme=programme, message="Pause.", par=ancv, le=LE)
    reprendre_programme(programme=programme, par=ancv, le=LE)
    actes = programme.events.order_by("pgh_id").values_list(
        "pgh_context__action", "suspendu_le", "message_suspension"
    )
    assert list(actes)[1:] == [("suspension", LE, "Pause."), ("reprise du programme", None, "")]


# --- Pre-registration (S4) -------------------------------------------------------------------------------------------


def garde(sejour, convention, places=10, par=None, le=LE, type_groupe="GROUPE") -> Groupe:
    return preinscrire(
        sejour=sejour, convention=convention, places=places, type_groupe=type_groupe, par=par, le=le
    )


@pytest.fixture
def sejour(prestataire):
    ProgrammeFactory()
    return SejourFactory(offre__equipement__prestataire=prestataire.organisme, places=15)


def test_a_provider_keeps_places_and_the_porteur_is_mailed(sejour, prestataire):
    porteur = CompteFactory(email="ccas@exemple.fr")
    groupe = garde(sejour, porteur.organisme.convention, par=prestataire, type_groupe="INDIVIDUELS")
    groupe.refresh_from_db()
    assert (groupe.porteur, groupe.places, groupe.inscrits, groupe.type_groupe, groupe.dernier_jour) == (
        porteur.organisme,
        10,
        0,
        "INDIVIDUELS",
        date(2022, 4, 27),
    )
    sejour.refresh_from_db()
    assert (sejour.places_prises, sejour.places_libres) == (10, 5)
    courriel = Courriel.objects.get()
    assert (courriel.destinataire, courriel.cause) == ("ccas@exemple.fr", f"groupe-preinscrit-{groupe.pk}")
    assert clair(courriel.sujet) == f"10 places pour vous : {sejour.offre.equipement.nom}"
    assert "jusqu'au mercredi 27 avril 2022 à minuit" in clair(courriel.texte)
    assert groupe.events.get().pgh_context == {
        "action": "groupe pré-inscrit",
        "par": prestataire.pk,
        "nom": "Paul HÔTELIER",
        "motif": "",
    }


def test_the_places_left_are_all_that_can_be_kept(sejour):
    convention = ConventionFactory()
    with pytest.raises(GroupeRefuse) as refus:
        garde(sejour, convention, places=16)
    assert (refus.value.champ, refus.value.message) == ("places", "Il reste 15 places sur ce séjour.")
    assert garde(sejour, convention, places=15).places == 15
    assert Courriel.objects.count() == 0  # nobody signs in for this convention


def test_a_group_is_opened_until_the_last_day_of_its_list(sejour):
    convention = ConventionFactory()
    with pytest.raises(GroupeRefuse, match="Il est trop tard"):
        garde(sejour, convention, places=5, le=date(2022, 4, 28))
    assert garde(sejour, convention, places=5, le=date(2022, 4, 27)).places == 5


def test_a_cancelled_stay_takes_no_group(sejour):
    Sejour.objects.update(annule_le=MINUIT, motif_annulation="Travaux")
    with pytest.raises(GroupeRefuse, match="Ce séjour est annulé"):
        garde(sejour, ConventionFactory())


@pytest.mark.parametrize(
    "champs", [{"activee_le": None}, {"close_le": date(2022, 4, 1)}, {"prestataire": True}]
)
def test_only_a_porteur_whose_convention_is_active_gets_a_group(sejour, champs):
    with pytest.raises(GroupeRefuse, match="Aucune convention active") as refus:
        garde(sejour, ConventionFactory(**champs))
    assert refus.value.champ == "convention"
    assert Groupe.objects.count() == 0


# --- Request for places (S7) -----------------------------------------------------------------------------------------


def demande(groupe, places, le=LE) -> DemandePlaces:
    return demander_places(
        groupe=groupe, places=places, message="Deux amies de plus.", par=qui_demande(groupe), le=le
    )


def qui_demande(groupe):
    titulaire = groupe.porteur.comptes.first()
    return titulaire or CompteFactory(convention=groupe.porteur.convention, nom="Monique GARNIER")


def test_a_porteur_asks_the_provider_for_other_places(sejour, prestataire):
    groupe = GroupeFactory(sejour=sejour)
    faite = demande(groupe, 12)
    assert (faite.places, faite.message, faite.auteur.nom) == (12, "Deux amies de plus.", "Monique GARNIER")
    courriel = Courriel.objects.get()
    assert (courriel.destinataire, courriel.cause) == (prestataire.email, f"places-demandees-{faite.pk}")
    assert "12 places" in clair(courriel.texte)
    assert "Deux amies de plus." in courriel.texte
    groupe.refresh_from_db()
    assert groupe.places == 10


@pytest.mark.parametrize(
    ("places", "message"), [(10, "Le groupe a déjà 10 places."), (1, "Il y a déjà 2 inscrits.")]
)
def test_a_request_is_refused_with_its_reason(sejour, places, message):
    groupe = GroupeFactory(sejour=sejour)
    InscriptionFactory(groupe=groupe)
    InscriptionFactory(groupe=groupe)
    with pytest.raises(GroupeRefuse) as refus:
        demande(groupe, places)
    assert (refus.value.champ, refus.value.message) == ("places", message)
    assert demande(groupe, 2).places == 2


def test_places_are_asked_for_until_the_last_day(sejour):
    groupe = GroupeFactory(sejour=sejour)
    with pytest.raises(GroupeRefuse, match="La liste est close"):
        demande(groupe, 12, le=date(2022, 4, 28))
    assert demande(groupe, 12, le=date(2022, 4, 27)).places == 12


# --- The lock (I14, S9) ---------------------------------------------------------------------------------------------


def verrouille(le, maintenant=MINUIT) -> int:
    return verrouiller_listes(le=le, maintenant=maintenant)


def test_a_list_is_locked_on_the_day_after_its_last(db):
    groupe = GroupeFactory()
    assert (groupe.modifiable(date(2022, 4, 27)), groupe.verrouille(date(2022, 4, 27))) == (True, False)
    assert (groupe.modifiable(date(2022, 4, 28)), groupe.verrouille(date(2022, 4, 28))) == (False, True)
    assert (verrouille(date(2022, 4, 27)), verrouille(date(2022, 4, 28)), verrouille(date(2022, 4, 28))) == (
        0,
        1,
        0,
    )
    groupe.refresh_from_db()
    assert groupe.verrouille_le == MINUIT


def test_an_outage_of_three_days_is_caught_up(db):
    groupes = [GroupeFactory(sejour__debut=date(2022, 5, jour)) for jour in (14, 15, 16, 17)]
    assert verrouille(date(2022, 4, 30)) == 3
    assert [g.verrouille_le for g in Groupe.objects.order_by("pk")] == [MINUIT] * 3 + [None]
    assert groupes[3].dernier_jour == date(2022, 4, 30)


def test_a_cancelled_group_is_not_locked(db):
    GroupeFactory()
    Groupe.objects.update(annule_le=MINUIT, motif_annulation="Inondation")
    assert verrouille(date(2022, 4, 28)) == 0


def test_places_that_nobody_took_go_back_to_the_provider(db):
    groupe = GroupeFactory(places=10, sejour__places=15)
    InscriptionFactory(groupe=groupe)
    verrouille(date(2022, 4, 28))
    sejour = Sejour.objects.get()
    assert (sejour.places_prises, sejour.places_libres) == (1, 14)


def test_both_sides_are_mailed_once(db):
    groupe = GroupeFactory()
    porteur = CompteFactory(convention=groupe.porteur.convention)
    prestataire = CompteFactory(convention=groupe.sejour.offre.equipement.prestataire.convention)
    verrouille(date(2022, 4, 28))
    Groupe.objects.update(verrouille_le=None)
    verrouille(date(2022, 4, 28))
    assert dict(Courriel.objects.values_list("destinataire", "cause")) == {
        porteur.email: f"liste-verrouillee-porteur-{groupe.pk}-2022-04-27",
        prestataire.email: f"liste-verrouillee-prestataire-{groupe.pk}-2022-04-27",
    }
    assert Courriel.objects.count() == 2


def test_the_journal_tells_that_the_clock_locked(db):
    groupe = GroupeFactory()
    verrouille(date(2022, 4, 28))
    dernier = groupe.events.order_by("pgh_id").last()
    assert (dernier.pgh_context["action"], dernier.pgh_context["nom"], dernier.verrouille_le) == (
        "liste verrouillée",
        "Horloge",
        MINUIT,
    )


def test_many_lists_are_locked_lot_by_lot(db, monkeypatch):
    monkeypatch.setattr(operations_des_groupes, "LOT", 2)
    groupes = [GroupeFactory() for _ in range(5)]
    for groupe in groupes:
        CompteFactory(convention=groupe.porteur.convention)
    assert verrouille(date(2022, 4, 28)) == 5
    assert Courriel.objects.count() == 5


# --- Who sees what (X1) ----------------------------------------------------------------------------------------------


def test_each_account_sees_what_is_its_own(db):
    groupe = GroupeFactory()
    GroupeFactory()
    equipement = groupe.sejour.offre.equipement
    porteur = CompteFactory(convention=groupe.porteur.convention)
    prestataire = CompteFactory(convention=equipement.prestataire.convention)
    demande_faite = DemandePlaces.objects.create(groupe=groupe, places=12, auteur=porteur)
    vus = [
        [list(m.objects.pour(compte)) for m in (Groupe, DemandePlaces, Sejour, Offre, Equipement)]
        for compte in (porteur, prestataire, CompteFactory(), CompteFactory(ancv=True))
    ]
    chez = [groupe.sejour], [groupe.sejour.offre], [equipement]
    assert vus == [
        [[groupe], [demande_faite], [], [], []],
        [[groupe], [demande_faite], *chez],
        [[], [], [], [], []],
        [[], [], [], [], []],
    ]


def test_factories_make_a_porteur_and_a_provider_with_a_convention(db):
    for organisme, nature in (
        (PorteurFactory(), Organisme.Nature.PORTEUR),
        (PrestataireFactory(), Organisme.Nature.PRESTATAIRE),
    ):
        assert (organisme.nature, organisme.convention.active) == (nature, True)
