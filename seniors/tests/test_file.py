"""The queue of those who wait for credit (C9): oldest first, lists still open, one mail to the porteur."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from conventions.models import Mouvement
from conventions.operations.credits import allouer
from conventions.tests.factories import CompteFactory
from sejours.models import Groupe
from sejours.tests.factories import GroupeFactory, PorteurFactory
from seniors.models import Inscription, Senior
from seniors.operations.files import servir_file, servir_toutes_les_files
from seniors.operations.inscriptions import effacer
from seniors.regles.libelles import libelle_decision
from seniors.tests.factories import (
    MAINTENANT,
    PARIS,
    InscriptionFactory,
    SeniorFactory,
    clair,
    groupe_dote,
    solde,
)
from sev.socle.models import Courriel

LE = date(2022, 4, 23)
PLUS_TARD = datetime(2022, 4, 23, 9, 0, tzinfo=PARIS)
JUIN = date(2022, 6, 4)


def complete(groupe, montant) -> None:
    allouer(
        convention=groupe.porteur.convention,
        annee=groupe.sejour.debut.year,
        montant=Decimal(montant),
        par=None,
        le=LE,
        motif="complément",
        complement=True,
    )


def sert(groupe, *, annee=2022, le=LE) -> list[int]:
    return [i.pk for i in servir_file(convention=groupe.porteur_id, annee=annee, le=le)]


def etat(inscription) -> tuple[Decimal | None, str]:
    inscription = Inscription.objects.get(pk=inscription.pk)
    return (inscription.aide, inscription.motif_sans_aide)


def en_attente(groupe, nombre=1, **champs) -> list[Inscription]:
    """Register `nombre` persons who go without aid for lack of credit."""
    inscriptions = [InscriptionFactory(groupe=groupe, **champs) for _ in range(nombre)]
    assert {i.motif_sans_aide for i in inscriptions} <= {"CREDITS_EPUISES", "SANS_DOTATION"}
    return inscriptions


# --- Who is served -----------------------------------------------------------------------------------------------


def test_the_oldest_registration_is_served_first_whatever_the_list(db):
    mai = groupe_dote(1)
    juin = GroupeFactory(porteur=mai.porteur, sejour__debut=date(2022, 5, 28))
    quand = [MAINTENANT + timedelta(minutes=m) for m in (3, 1, 2)]
    premiere, seconde, troisieme = (
        en_attente(groupe, maintenant=maintenant)[0]
        for groupe, maintenant in zip((mai, juin, mai), quand, strict=True)
    )
    complete(mai, 320)
    assert sert(mai) == [seconde.pk, troisieme.pk]
    assert etat(premiere) == (None, "CREDITS_EPUISES")


def test_two_of_the_same_moment_are_served_in_the_order_of_the_keys(db):
    groupe = groupe_dote(1)
    premiere, seconde = en_attente(groupe, 2)
    complete(groupe, 160)
    assert sert(groupe) == [premiere.pk]
    assert etat(seconde) == (None, "CREDITS_EPUISES")


def test_a_first_allocation_serves_those_who_came_before_it(db):
    groupe = GroupeFactory()
    inscriptions = en_attente(groupe, 3)
    assert etat(inscriptions[0]) == (None, "SANS_DOTATION")
    groupe_dote(640, porteur=groupe.porteur)
    assert sert(groupe) == [i.pk for i in inscriptions]
    assert solde(groupe) == (640, 480, 160)


def test_a_removal_serves_the_oldest_at_once(db):
    groupe = groupe_dote(160)
    aidee = InscriptionFactory(groupe=groupe)
    premiere, _ = en_attente(groupe, 2)
    gagnants = effacer(inscription=aidee, par=None, le=LE, maintenant=PLUS_TARD)
    assert [i.pk for i in gagnants] == [premiere.pk]
    assert solde(groupe) == (160, 160, 0)
    entree = Mouvement.objects.get(inscription_id=premiere.pk)
    assert (entree.nature, entree.montant, entree.auteur, entree.motif) == (
        "ENGAGEMENT",
        160,
        None,
        "file d'attente",
    )


def test_the_one_who_leaves_is_not_served_by_her_own_aid(db):
    groupe = groupe_dote(160)
    aidee = InscriptionFactory(groupe=groupe)
    assert effacer(inscription=aidee, par=None, le=LE, maintenant=PLUS_TARD) == []
    assert etat(aidee) == (None, "EFFACEE")


def test_credit_that_is_less_than_the_aid_of_the_oldest_serves_nobody(db):
    huit_jours = groupe_dote(1)
    cinq_jours = GroupeFactory(
        porteur=huit_jours.porteur, sejour__offre__duree=5, sejour__debut=date(2022, 5, 23)
    )
    en_attente(huit_jours)
    en_attente(cinq_jours)
    complete(huit_jours, 158)
    assert sert(huit_jours) == []
    assert solde(huit_jours) == (159, 0, 159)


def test_somebody_aided_elsewhere_meanwhile_leaves_the_queue_to_the_next_one(db):
    groupe = groupe_dote(1)
    deja, suivante = en_attente(groupe, 2)
    InscriptionFactory(groupe=groupe_dote(sejour__debut=JUIN), senior=deja.senior)
    complete(groupe, 160)
    assert sert(groupe) == [suivante.pk]
    assert (etat(deja), etat(suivante)) == ((None, "DEJA_AIDE"), (160, ""))


def test_a_second_carer_leaves_the_queue_to_the_next_one(db):
    groupe = groupe_dote(160)
    lie = InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", dependant=True)
    InscriptionFactory(groupe=groupe)
    premier, second = en_attente(groupe, 2, eligibilite="AIDANT", senior_lie=lie)
    derniere = en_attente(groupe)[0]
    complete(groupe, 320)
    assert sert(groupe) == [premier.pk, derniere.pk]
    assert etat(second) == (None, "AIDANT_EN_PLUS")


def test_somebody_who_no_longer_may_go_does_not_hold_the_others_back(db):
    """The birth date was corrected on another list of hers: too young for this one, she keeps waiting."""
    groupe = groupe_dote(1)
    trop_jeune, suivante = en_attente(groupe, 2)
    Senior.objects.filter(pk=trop_jeune.senior_id).update(date_naissance=date(1962, 5, 15))
    complete(groupe, 320)
    assert sert(groupe) == [suivante.pk]
    assert etat(trop_jeune) == (None, "CREDITS_EPUISES")


def test_those_without_aid_for_another_reason_are_not_in_the_queue(db):
    groupe = groupe_dote(1)
    au_programme = InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    foyer = {"revenu_imposable": Decimal(20_000), "parts": Decimal(1), "situation": "SEULE"}
    au_dessus = InscriptionFactory(groupe=groupe, **foyer)
    complete(groupe, 1_000)
    assert sert(groupe) == []
    assert [etat(i) for i in (au_programme, au_dessus)] == [(None, "PROGRAMME"), (None, "PLAFOND")]


def test_a_removed_person_is_not_in_the_queue(db):
    groupe = groupe_dote(1)
    partie, suivante = en_attente(groupe, 2)
    effacer(inscription=partie, par=None, le=LE, maintenant=PLUS_TARD)
    complete(groupe, 320)
    assert sert(groupe) == [suivante.pk]


def test_another_porteur_or_another_year_is_not_served(db):
    groupe = groupe_dote(1)
    en_attente(groupe_dote(1))
    en_attente(GroupeFactory(porteur=groupe.porteur, sejour__debut=date(2023, 5, 13)))
    complete(groupe, 640)
    assert sert(groupe) == []


# --- Lists still open --------------------------------------------------------------------------------------------


def test_the_last_day_of_a_list_is_served_and_the_next_is_not(db):
    groupe = groupe_dote(1)
    attend = en_attente(groupe)[0]
    complete(groupe, 160)
    assert sert(groupe, le=date(2022, 4, 28)) == []
    assert sert(groupe, le=date(2022, 4, 27)) == [attend.pk]


def test_a_locked_or_cancelled_list_is_passed_over(db):
    verrouille = groupe_dote(1)
    annule = GroupeFactory(porteur=verrouille.porteur, sejour__debut=date(2022, 5, 23))
    ouvert = GroupeFactory(porteur=verrouille.porteur, sejour__debut=JUIN)
    en_attente(verrouille)
    en_attente(annule)
    attend = en_attente(ouvert)[0]
    Groupe.objects.filter(pk=verrouille.pk).update(verrouille_le=MAINTENANT)
    Groupe.objects.filter(pk=annule.pk).update(annule_le=MAINTENANT, motif_annulation="Inondation")
    complete(verrouille, 640)
    assert sert(verrouille) == [attend.pk]


def test_a_list_past_its_last_day_holds_nobody_back_before_its_lock_is_recorded(db):
    passe = groupe_dote(1)
    ouvert = GroupeFactory(porteur=passe.porteur, sejour__debut=JUIN)
    en_attente(passe)
    attend = en_attente(ouvert)[0]
    complete(passe, 640)
    assert sert(passe, le=date(2022, 4, 28)) == [attend.pk]


# --- The clock ---------------------------------------------------------------------------------------------------


def test_the_clock_serves_every_queue_for_which_there_is_credit(db):
    premier, second, vide = groupe_dote(1), groupe_dote(1), groupe_dote(1)
    demain = GroupeFactory(porteur=premier.porteur, sejour__debut=date(2023, 5, 13))
    attendent = [en_attente(groupe)[0] for groupe in (premier, second, vide, demain)]
    complete(premier, 320)
    complete(second, 320)
    groupe_dote(640, porteur=premier.porteur, sejour__debut=date(2023, 6, 3))
    assert servir_toutes_les_files(le=LE) == 3
    assert [etat(i)[0] for i in attendent] == [160, 160, None, 194]
    assert servir_toutes_les_files(le=LE) == 0


def test_the_clock_has_nothing_to_do_on_an_empty_base(db):
    assert servir_toutes_les_files(le=LE) == 0


def test_a_closed_list_wakes_nobody(db):
    groupe = groupe_dote(1)
    en_attente(groupe)
    complete(groupe, 320)
    assert servir_toutes_les_files(le=date(2022, 4, 28)) == 0


# --- What is told ------------------------------------------------------------------------------------------------


def test_the_porteur_is_mailed_once_with_everybody_who_gains_an_aid(db):
    groupe = groupe_dote(1, porteur=PorteurFactory())
    CompteFactory(convention=groupe.porteur.convention, email="ccas@exemple.fr")
    premiere, seconde = en_attente(groupe, 2)
    complete(groupe, 320)
    sert(groupe)
    sert(groupe)
    courriel = Courriel.objects.get()
    assert (courriel.destinataire, clair(courriel.sujet)) == (
        "ccas@exemple.fr",
        "2 aides de plus sur vos listes",
    )
    for inscription in (premiere, seconde):
        assert f"{inscription.senior}, 160" in courriel.texte
    assert "320 €" in clair(courriel.texte)


def test_two_returns_of_credit_are_two_mails(db):
    groupe = groupe_dote(1)
    CompteFactory(convention=groupe.porteur.convention)
    en_attente(groupe, 2)
    for _ in range(2):
        complete(groupe, 160)
        sert(groupe)
    assert Courriel.objects.count() == 2


def test_nobody_is_mailed_when_nobody_gains(db):
    groupe = groupe_dote(1)
    CompteFactory(convention=groupe.porteur.convention)
    en_attente(groupe)
    assert (sert(groupe), Courriel.objects.count()) == ([], 0)


def test_the_journal_tells_that_credit_came_back(db):
    groupe = groupe_dote(1)
    attend = en_attente(groupe)[0]
    complete(groupe, 160)
    sert(groupe)
    dernier = attend.events.order_by("pgh_id").last()
    assert (dernier.pgh_context, dernier.aide) == (
        {"action": "crédit rendu à la file d'attente", "par": None, "nom": "Horloge", "motif": ""},
        160,
    )


def test_the_place_in_the_queue_is_said(db):
    groupe = groupe_dote(1)
    inscription = en_attente(groupe, senior=SeniorFactory())[0]
    assert tuple(libelle_decision(inscription, rang=1)) == (
        "att",
        "Sans aide : crédits épuisés",
        "1er à être aidé si du crédit revient",
    )
