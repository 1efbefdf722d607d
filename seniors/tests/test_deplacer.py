"""ANCV moves a stay (S8): lock, tariff, ages, once-a-year, overlaps and credits are those of the new dates."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.db import connection

from conventions.models import Credit, Fermeture, Mouvement, Tarif
from conventions.tests.factories import CompteFactory, CreditFactory, ProgrammeFactory
from sejours.models import Option
from sejours.operations.groupes import verrouiller_listes
from sejours.operations.options import poser
from sejours.tests.factories import GroupeFactory, OffreFactory, SejourFactory
from seniors.journal import journal_du_groupe
from seniors.models import Inscription
from seniors.operations.amendements import retirer
from seniors.operations.annulations import annuler_groupe, annuler_sejour
from seniors.operations.deplacements import deplacer
from seniors.operations.inscriptions import effacer
from seniors.tests.factories import PARIS, InscriptionFactory, SeniorFactory, clair, groupe_dote, solde
from sev.controle import controler
from sev.socle.journal import acte
from sev.socle.models import Courriel
from sev.socle.refus import RefusMetier

pytestmark = pytest.mark.django_db

LE = date(2022, 4, 23)
MAINTENANT = datetime(2022, 4, 23, 9, 0, tzinfo=PARIS)
AVANT = datetime(2022, 4, 22, 12, 0, tzinfo=PARIS)
MOTIF = "Travaux dans l'hôtel"
MAI, JUIN, JUILLET = date(2022, 5, 14), date(2022, 5, 28), date(2022, 7, 2)
MARS_2023 = date(2023, 3, 4)


@pytest.fixture
def agent():
    ProgrammeFactory()
    return CompteFactory(ancv=True)


@pytest.fixture
def groupe(agent):
    """10 places from 14 to 21 May 2022, the porteur having 1 500 €; both sides have a mailbox."""
    groupe = groupe_dote()
    CompteFactory(convention=groupe.porteur.convention, email="ccas@exemple.fr")
    CompteFactory(convention=groupe.sejour.offre.equipement.prestataire.convention, email="hotel@exemple.fr")
    return groupe


def deplace(groupe, debut, par, *, motif=MOTIF, le=LE):
    listes = deplacer(sejour=groupe.sejour, debut=debut, motif=motif, par=par, le=le, maintenant=MAINTENANT)
    groupe.refresh_from_db()
    groupe.sejour.refresh_from_db()
    return listes


def vieillir(*tables: str) -> None:
    """Put what the histories hold a minute earlier: one transaction has one hour."""
    with connection.cursor() as curseur:
        for table in tables or ("seniors_inscriptionevent", "sejours_groupeevent"):
            curseur.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            curseur.execute(f"UPDATE {table} SET pgh_created_at = pgh_created_at - interval '1 minute'")
            curseur.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def annee_2023(groupe, alloue=None) -> None:
    ProgrammeFactory(annee=2023)
    OffreFactory(equipement=groupe.sejour.offre.equipement, annee=2023, prix=Decimal(400))
    if alloue is not None:
        CreditFactory(convention=groupe.porteur.convention, annee=2023, alloue=alloue)


def nouveau_tarif(aide, *, du, prix=410) -> None:
    Tarif.objects.filter(duree=8, valable_du__gte=MAI).delete()
    Tarif.objects.create(duree=8, valable_du=du, prix=Decimal(prix), aide=Decimal(aide))


def decision(inscription) -> tuple:
    i = Inscription.objects.get(pk=inscription.pk)
    return (i.aide, i.motif_sans_aide, i.debut, i.fin)


def mouvements(inscription) -> list[tuple]:
    lignes = Mouvement.objects.filter(inscription_id=inscription.pk).order_by("pk")
    return list(lignes.values_list("nature", "montant", "credit__programme"))


# --- Same year ----------------------------------------------------------------------------------------------------


def test_dates_of_the_stay_its_groups_and_its_lists_follow(agent, groupe):
    inscription = InscriptionFactory(groupe=groupe)
    partie = InscriptionFactory(groupe=groupe)
    effacer(inscription=partie, par=None, le=date(2022, 4, 22), maintenant=AVANT)
    annule = GroupeFactory(sejour=groupe.sejour)
    annuler_groupe(groupe=annule, motif="x", par=agent, le=LE, maintenant=AVANT)
    deplace(groupe, JUIN, agent)
    annule.refresh_from_db()
    assert (groupe.sejour.debut, groupe.sejour.fin) == (JUIN, date(2022, 6, 4))
    assert groupe.dernier_jour == annule.dernier_jour == date(2022, 5, 11)
    assert decision(inscription) == (160, "", JUIN, date(2022, 6, 4))
    assert decision(partie) == (None, "EFFACEE", JUIN, date(2022, 6, 4))
    assert list(controler()) == []


def test_an_aid_keeps_its_amount_while_the_tariff_is_the_same(agent, groupe):
    inscription = InscriptionFactory(groupe=groupe)
    listes = deplace(groupe, JUIN, agent)
    assert mouvements(inscription) == [("ENGAGEMENT", 160, 2022)]
    assert listes[0].changements == []


def test_a_tariff_valid_between_the_two_dates_changes_the_amount(agent, groupe):
    nouveau_tarif(180, du=date(2022, 5, 20))
    inscription = InscriptionFactory(groupe=groupe)
    listes = deplace(groupe, JUIN, agent)
    assert decision(inscription)[:2] == (180, "")
    assert mouvements(inscription) == [
        ("ENGAGEMENT", 160, 2022),
        ("LIBERATION", 160, 2022),
        ("ENGAGEMENT", 180, 2022),
    ]
    assert solde(groupe) == (1_500, 180, 1_320)
    assert [tuple(map(clair, c)) for c in listes[0].changements] == [
        (str(inscription.senior), "Aide accordée 160 €", "Aide accordée 180 €")
    ]
    assert list(controler()) == []


def test_what_a_lower_amount_gives_back_serves_the_queue(agent):
    groupe = groupe_dote(320)
    nouveau_tarif(150, du=date(2022, 5, 20))
    for _ in range(2):
        InscriptionFactory(groupe=groupe)
    attend = InscriptionFactory(groupe=groupe)
    CreditFactory(convention=groupe.porteur.convention, alloue=130)
    assert decision(attend)[1] == "CREDITS_EPUISES"
    deplace(groupe, JUIN, agent)
    assert decision(attend)[0] == 150
    assert solde(groupe) == (450, 450, 0)
    assert list(controler()) == []


def test_a_higher_amount_that_credit_does_not_cover_leaves_no_partial_aid(agent):
    groupe = groupe_dote(330)
    nouveau_tarif(180, du=date(2022, 5, 20))
    premiere, seconde = (InscriptionFactory(groupe=groupe) for _ in range(2))
    deplace(groupe, JUIN, agent)
    assert [decision(i)[:2] for i in (premiere, seconde)] == [(180, ""), (None, "CREDITS_EPUISES")]
    assert solde(groupe) == (330, 180, 150)


# --- Another year ---------------------------------------------------------------------------------------------------


def test_another_year_takes_its_own_credit_offer_and_tariff(agent, groupe):
    annee_2023(groupe, alloue=1_000)
    nouveau_tarif(190, du=date(2023, 1, 1))
    inscription = InscriptionFactory(groupe=groupe)
    programme = InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    deplace(groupe, MARS_2023, agent)
    assert decision(inscription) == (190, "", MARS_2023, date(2023, 3, 11))
    assert decision(programme) == (None, "PROGRAMME", MARS_2023, date(2023, 3, 11))
    assert mouvements(inscription) == [
        ("ENGAGEMENT", 160, 2022),
        ("LIBERATION", 160, 2022),
        ("ENGAGEMENT", 190, 2023),
    ]
    assert (groupe.sejour.offre.annee, groupe.sejour.offre.prix) == (2023, 400)
    soldes = Credit.objects.filter(convention=groupe.porteur_id).order_by("programme")
    assert sorted((c.annee, c.utilise) for c in soldes) == [(2022, 0), (2023, 190)]
    assert list(controler()) == []


def test_without_an_allotment_of_the_new_year_they_wait_for_it(agent, groupe):
    annee_2023(groupe)
    inscription = InscriptionFactory(groupe=groupe)
    deplace(groupe, MARS_2023, agent)
    assert decision(inscription)[:2] == (None, "SANS_DOTATION")
    assert solde_2022(groupe) == 0


def solde_2022(groupe):
    return Credit.objects.get(convention=groupe.porteur_id, programme=2022).utilise


def test_once_a_year_is_that_of_the_new_year(agent, groupe):
    annee_2023(groupe, alloue=1_000)
    ete = groupe_dote(1_000, sejour__debut=date(2023, 7, 1))
    deja, avait = SeniorFactory(), SeniorFactory()
    InscriptionFactory(groupe=ete, senior=deja)
    InscriptionFactory(groupe=groupe_dote(sejour__debut=JUIN), senior=avait)
    perd = InscriptionFactory(groupe=groupe, senior=deja)
    gagne = InscriptionFactory(groupe=groupe, senior=avait)
    assert [decision(i)[1] for i in (perd, gagne)] == ["", "DEJA_AIDE"]
    deplace(groupe, MARS_2023, agent)
    assert decision(perd)[:2] == (None, "DEJA_AIDE")
    assert decision(gagne)[0] is not None
    assert list(controler()) == []


def test_a_carer_keeps_an_aid_beside_the_person_cared_for(agent, groupe):
    annee_2023(groupe, alloue=1_000)
    lie = InscriptionFactory(groupe=groupe, handicape=True)
    aidant, second = (
        InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie) for _ in range(2)
    )
    assert [decision(i)[1] for i in (lie, aidant, second)] == ["", "", "AIDANT_EN_PLUS"]
    deplace(groupe, MARS_2023, agent)
    assert [decision(i)[1] for i in (lie, aidant, second)] == ["", "", "AIDANT_EN_PLUS"]
    assert list(controler()) == []


def test_those_who_were_aided_come_first_on_the_new_credit(agent, groupe):
    annee_2023(groupe, alloue=200)
    nouveau_tarif(190, du=date(2023, 1, 1))
    attend = InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    aidee = InscriptionFactory(groupe=groupe)
    Inscription.objects.filter(pk=attend.pk).update(eligibilite="AIDE", motif_sans_aide="CREDITS_EPUISES")
    deplace(groupe, MARS_2023, agent)
    assert decision(aidee)[:2] == (190, "")
    assert decision(attend)[:2] == (None, "CREDITS_EPUISES")


# --- The lock -------------------------------------------------------------------------------------------------------


def test_a_list_whose_new_last_day_is_ahead_opens_again(agent, groupe):
    InscriptionFactory(groupe=groupe)
    verrouiller_listes(le=date(2022, 4, 28), maintenant=datetime(2022, 4, 28, 0, 5, tzinfo=PARIS))
    vieillir()
    (liste,) = deplace(groupe, JUILLET, agent, le=date(2022, 4, 29))
    assert (liste.ouverte, groupe.verrouille_le, groupe.dernier_jour) == (True, None, date(2022, 6, 15))
    assert groupe.sejour.places_prises == 10
    vieillir()
    InscriptionFactory(groupe=groupe, le=date(2022, 5, 2))
    assert list(controler()) == []
    assert verrouiller_listes(le=date(2022, 6, 16), maintenant=MAINTENANT) == 1
    causes = Courriel.objects.filter(cause__startswith=f"liste-verrouillee-porteur-{groupe.pk}-")
    assert causes.count() == 2


def test_the_places_given_back_return_as_far_as_they_are_free(agent, groupe):
    sejour = groupe.sejour
    InscriptionFactory(groupe=groupe)
    vide = GroupeFactory(sejour=sejour, places=5)
    verrouiller_listes(le=date(2022, 4, 28), maintenant=MAINTENANT)
    sejour.refresh_from_db()
    sejour.places = 4
    sejour.save(update_fields=["places"])
    deplace(groupe, JUILLET, agent, le=date(2022, 4, 29))
    vide.refresh_from_db()
    assert (groupe.places, groupe.verrouille_le) == (4, None)
    # Nothing is left for the other: its empty list stays closed.
    assert vide.verrouille_le is not None
    assert groupe.sejour.places_libres == 0
    assert list(controler()) == []


def test_a_list_moved_to_soon_is_closed_and_the_clock_records_it(agent, groupe):
    (liste,) = deplace(groupe, date(2022, 5, 7), agent)
    assert (liste.ouverte, groupe.verrouille_le, groupe.dernier_jour) == (False, None, date(2022, 4, 20))
    assert verrouiller_listes(le=LE, maintenant=MAINTENANT) == 1


def test_the_control_judges_each_change_by_the_last_day_of_its_time(agent, groupe):
    """Registered on the 22nd, when the list was open until the 27th; then moved: it would have closed on the 20th."""
    InscriptionFactory(groupe=groupe)
    vieillir()
    deplace(groupe, date(2022, 5, 7), agent)
    assert list(controler()) == []
    with acte("correction", par=groupe.porteur.comptes.get()):
        Inscription.objects.filter(groupe=groupe).update(handicape=True, modifiee_le=MAINTENANT)
    assert {ligne.split(" : ")[0] for ligne in controler()} == {"liste_close_donc_inchangee"}


def test_a_list_locked_again_is_closed_for_the_control_too(agent, groupe):
    InscriptionFactory(groupe=groupe)
    verrouiller_listes(le=date(2022, 4, 28), maintenant=MAINTENANT)
    deplace(groupe, JUILLET, agent, le=date(2022, 4, 29))
    verrouiller_listes(le=date(2022, 6, 16), maintenant=MAINTENANT)
    vieillir("sejours_groupeevent")
    with acte("correction", par=groupe.porteur.comptes.get()):
        Inscription.objects.filter(groupe=groupe).update(handicape=True)
    assert {ligne.split(" : ")[0] for ligne in controler()} == {"liste_close_donc_inchangee"}


# --- Refusals -------------------------------------------------------------------------------------------------------


def refus(groupe, debut, par, **autres) -> RefusMetier:
    avant = (groupe.sejour.debut, groupe.dernier_jour)
    with pytest.raises(RefusMetier) as erreur:
        deplace(groupe, debut, par, **autres)
    groupe.refresh_from_db()
    groupe.sejour.refresh_from_db()
    assert (groupe.sejour.debut, groupe.dernier_jour) == avant
    return erreur.value


@pytest.mark.parametrize(
    ("debut", "message"),
    [
        (MAI, "commence déjà ce jour-là"),
        (LE, "date à venir"),
        (date(2022, 12, 24), "saison fermée"),
        (date(2022, 12, 27), "saison fermée"),
        (MARS_2023, "n'est pas encore ouvert"),
    ],
)
def test_dates_where_no_stay_may_be(agent, groupe, debut, message):
    Fermeture.objects.create(programme_id=2022, debut=date(2022, 12, 31), fin=date(2022, 12, 31))
    erreur = refus(groupe, debut, agent)
    assert (message in erreur.message, erreur.champ) == (True, "debut")


def test_another_year_needs_an_offer_of_the_same_length(agent, groupe):
    ProgrammeFactory(annee=2023)
    OffreFactory(equipement=groupe.sejour.offre.equipement, annee=2023, duree=5)
    assert "pas d'offre 2023 de 8 jours" in refus(groupe, MARS_2023, agent).message


def test_not_on_another_stay_of_the_offer_nor_above_its_maximum_price(agent, groupe):
    SejourFactory(offre=groupe.sejour.offre, debut=JUIN)
    assert "a déjà un séjour" in refus(groupe, JUIN, agent).message
    nouveau_tarif(150, du=JUILLET, prix=400)
    assert "dépasse le prix maximum" in refus(groupe, JUILLET, agent).message


def test_neither_begun_nor_cancelled(agent, groupe):
    assert "a commencé" in refus(groupe, JUILLET, agent, le=MAI).message
    annuler_sejour(sejour=groupe.sejour, motif="x", par=agent, le=LE, maintenant=AVANT)
    assert "annulé" in refus(groupe, JUILLET, agent).message


def test_by_ancv_with_a_reason(agent, groupe):
    assert refus(groupe, JUIN, agent, motif="  ").champ == "motif"
    for par in (None, groupe.porteur.comptes.get()):
        assert "Seule l'ANCV" in refus(groupe, JUIN, par).message


def test_whoever_cannot_travel_then_is_counted_by_group_never_where(agent, groupe):
    ailleurs = groupe_dote(sejour__debut=JUIN)
    pris = SeniorFactory()
    InscriptionFactory(groupe=ailleurs, senior=pris)
    prise = InscriptionFactory(groupe=groupe, senior=pris)
    autre = GroupeFactory(sejour=groupe.sejour)
    # 60 on 10 May 2022: too young on 7 May, when nothing else forbids it.
    InscriptionFactory(groupe=autre, senior=SeniorFactory(date_naissance=date(1962, 5, 10)))
    message = refus(groupe, JUIN, agent).message
    assert message == (
        f"Une personne ne peut pas partir à ces dates (groupe n° {groupe.pk} : 1 sur un autre séjour à ces "
        "dates). Retirez-la d'abord de sa liste."
    )
    assert f"groupe n° {autre.pk} : 1 trop jeune" in refus(groupe, date(2022, 5, 9), agent).message
    retirer(inscription=prise, motif=MOTIF, par=agent, le=LE, maintenant=AVANT)
    deplace(groupe, JUIN, agent)
    assert list(controler()) == []


@pytest.mark.parametrize(("jour", "possible"), [(date(2022, 5, 10), True), (date(2022, 5, 9), False)])
def test_sixty_on_the_new_first_day(agent, groupe, jour, possible):
    InscriptionFactory(groupe=groupe, senior=SeniorFactory(date_naissance=date(1962, 5, 10)))
    InscriptionFactory(groupe=groupe, senior=SeniorFactory(date_naissance=date(1967, 5, 8)), handicape=True)
    if possible:
        deplace(groupe, jour, agent)
    else:
        assert "1 trop jeune" in refus(groupe, jour, agent).message


def test_one_may_leave_on_the_day_another_stay_ends(agent, groupe):
    senior = SeniorFactory()
    InscriptionFactory(groupe=groupe_dote(sejour__debut=JUIN), senior=senior)
    InscriptionFactory(groupe=groupe, senior=senior)
    deplace(groupe, date(2022, 6, 4), agent)
    assert list(controler()) == []


# --- Saying it ------------------------------------------------------------------------------------------------------


def test_everybody_is_mailed_once_and_reads_what_is_theirs(agent, groupe):
    nouveau_tarif(180, du=date(2022, 5, 20))
    inscription = InscriptionFactory(groupe=groupe)
    voisin = GroupeFactory(sejour=groupe.sejour)
    CompteFactory(convention=voisin.porteur.convention, email="voisin@exemple.fr")
    demandeur = CompteFactory(email="option@exemple.fr")
    poser(sejour=groupe.sejour, places=3, message="", par=demandeur, le=LE, maintenant=AVANT)
    deplace(groupe, JUIN, agent)
    assert Option.objects.get().issue == ""
    lettres = {
        c.destinataire: clair(c.texte) for c in Courriel.objects.filter(cause__startswith="sejour-deplace")
    }
    assert set(lettres) == {"ccas@exemple.fr", "hotel@exemple.fr", "voisin@exemple.fr", "option@exemple.fr"}
    for texte in lettres.values():
        assert "du samedi 28 mai au samedi 4 juin 2022 au lieu du samedi 14 au samedi 21 mai 2022" in texte
        assert "Travaux dans l" in texte
    change = f"{inscription.senior} : Aide accordée 180 € (avant : Aide accordée 160 €)"
    assert [qui for qui, texte in lettres.items() if change in texte] == ["ccas@exemple.fr"]
    assert [qui for qui, texte in sorted(lettres.items()) if f"groupes/{voisin.pk}/" in texte] == [
        "hotel@exemple.fr",
        "voisin@exemple.fr",
    ]
    assert "Option de 3 places" in lettres["option@exemple.fr"]
    assert "Groupe" not in lettres["option@exemple.fr"]
    assert "La liste peut changer jusqu" in lettres["ccas@exemple.fr"]


def test_the_journal_of_both_sides_says_it_with_its_reason(agent, groupe):
    deplace(groupe, JUIN, agent)
    for compte in (groupe.porteur.comptes.get(), groupe.sejour.offre.equipement.prestataire.comptes.get()):
        ligne = journal_du_groupe(groupe, pour=compte)[0]
        assert (ligne.action, ligne.motif, ligne.par) == ("séjour déplacé", MOTIF, "l'ANCV")
        assert "27/04/2022 devient 11/05/2022" in ligne.texte
