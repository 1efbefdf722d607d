"""Putting back those who were removed (I13): the rules run again."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from conventions.tests.factories import CompteFactory
from sejours.models import Groupe
from seniors.models import Inscription
from seniors.operations.inscriptions import effacer, retablir, tout_effacer
from seniors.operations.listes import ListeClose
from seniors.tests.factories import PARIS, InscriptionFactory, SeniorFactory, clair, groupe_dote, solde

LE = date(2022, 4, 23)
EFFACEE_LE = datetime(2022, 4, 23, 9, 0, tzinfo=PARIS)
MAINTENANT = datetime(2022, 4, 23, 9, 5, tzinfo=PARIS)


def retablit(groupe, *, effacee_le=EFFACEE_LE, le=LE, par=None):
    """Restore; return the keys of those who are back, and the reasons of those who aren't."""
    revenues, refusees = retablir(groupe=groupe, effacee_le=effacee_le, par=par, le=le, maintenant=MAINTENANT)
    return [i.pk for i in revenues], {i.pk: clair(motif) for i, motif in refusees}


def efface(*inscriptions) -> None:
    for inscription in inscriptions:
        effacer(inscription=inscription, par=None, le=LE, maintenant=EFFACEE_LE)


def efface_tout(groupe) -> None:
    tout_effacer(groupe=groupe, par=None, le=LE, maintenant=EFFACEE_LE)


def etat(inscription) -> tuple[Decimal | None, str, datetime | None]:
    inscription = Inscription.objects.get(pk=inscription.pk)
    return (inscription.aide, inscription.motif_sans_aide, inscription.effacee_le)


def inscrits(groupe) -> int:
    groupe.refresh_from_db()
    assert groupe.inscrits == groupe.inscriptions.presentes().count()
    return groupe.inscrits


def test_a_removed_person_comes_back_with_the_aid(db):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    efface(inscription)
    assert retablit(groupe) == ([inscription.pk], {})
    assert etat(inscription) == (160, "", None)
    assert (inscrits(groupe), solde(groupe)) == (1, (1_500, 160, 1_340))


def test_the_whole_list_comes_back_with_its_links(db):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe, handicape=True)
    aidant = InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie)
    epoux = InscriptionFactory(groupe=groupe, eligibilite="CONJOINT", senior_lie=lie)
    seule = InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    efface_tout(groupe)
    assert retablit(groupe) == ([lie.pk, seule.pk, aidant.pk, epoux.pk], {})
    assert [etat(i)[:2] for i in (lie, aidant, epoux, seule)] == [(160, "")] * 3 + [(None, "PROGRAMME")]
    assert (inscrits(groupe), solde(groupe)) == (4, (1_500, 480, 1_020))


def test_only_those_of_that_removal_come_back(db):
    groupe = groupe_dote()
    premiere, seconde = InscriptionFactory(groupe=groupe), InscriptionFactory(groupe=groupe)
    efface(premiere)
    plus_tard = EFFACEE_LE + timedelta(seconds=1)
    effacer(inscription=seconde, par=None, le=LE, maintenant=plus_tard)
    assert retablit(groupe, effacee_le=plus_tard) == ([seconde.pk], {})
    assert etat(premiere) == (None, "EFFACEE", EFFACEE_LE)


def test_nobody_comes_back_twice(db):
    groupe = groupe_dote()
    efface(InscriptionFactory(groupe=groupe))
    retablit(groupe)
    assert retablit(groupe) == ([], {})
    assert solde(groupe) == (1_500, 160, 1_340)


def test_a_list_of_another_group_is_left_alone(db):
    groupe, autre = groupe_dote(), groupe_dote()
    efface(InscriptionFactory(groupe=autre))
    assert retablit(groupe) == ([], {})


def test_there_must_be_places_left(db):
    groupe = groupe_dote(places=2)
    premiere, seconde = InscriptionFactory(groupe=groupe), InscriptionFactory(groupe=groupe)
    efface_tout(groupe)
    InscriptionFactory(groupe=groupe)
    revenues, refusees = retablit(groupe)
    assert revenues == [premiere.pk]
    assert refusees == {
        seconde.pk: "Les 2 places sont prises. Pour en avoir d'autres, demandez au prestataire : "
        "« Demander une modification »."
    }
    assert (etat(seconde), inscrits(groupe)) == ((None, "EFFACEE", EFFACEE_LE), 2)


def test_one_who_was_registered_again_since_stays_as_she_is(db):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    efface(inscription)
    InscriptionFactory(groupe=groupe, senior=inscription.senior)
    assert retablit(groupe) == ([], {inscription.pk: "Cette personne est déjà sur cette liste."})


def test_one_who_leaves_elsewhere_at_these_dates_stays_removed(db):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    efface(inscription)
    InscriptionFactory(groupe=groupe_dote(), senior=inscription.senior)
    assert retablit(groupe) == (
        [],
        {
            inscription.pk: "Cette personne part déjà du samedi 14 au samedi 21 mai 2022. "
            "Deux séjours ne peuvent pas se chevaucher."
        },
    )


def test_one_who_was_aided_elsewhere_since_comes_back_without_aid(db):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    efface(inscription)
    InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 6, 4)), senior=inscription.senior)
    assert retablit(groupe) == ([inscription.pk], {})
    assert etat(inscription) == (None, "DEJA_AIDE", None)


def test_credit_spent_since_is_spent(db):
    groupe = groupe_dote(320)
    inscriptions = [InscriptionFactory(groupe=groupe) for _ in range(2)]
    efface_tout(groupe)
    InscriptionFactory(groupe=groupe)
    assert retablit(groupe) == ([i.pk for i in inscriptions], {})
    assert [etat(i) for i in inscriptions] == [(160, "", None), (None, "CREDITS_EPUISES", None)]
    assert solde(groupe) == (320, 320, 0)


def test_a_carer_does_not_come_back_without_the_person_cared_for(db):
    groupe = groupe_dote(places=2)
    lie = InscriptionFactory(groupe=groupe, handicape=True)
    aidant = InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie)
    efface_tout(groupe)
    InscriptionFactory(groupe=groupe, senior=lie.senior)
    revenues, refusees = retablit(groupe)
    assert revenues == []
    assert refusees == {
        lie.pk: "Cette personne est déjà sur cette liste.",
        aidant.pk: "Inscrivez d'abord la personne accompagnée, en cochant « Handicapé » ou « Dépendant ».",
    }


def test_a_carer_who_has_a_carer_comes_back_before_him(db):
    """Whatever the order in which they were registered."""
    groupe = groupe_dote()
    dernier = InscriptionFactory(groupe=groupe)
    milieu = InscriptionFactory(groupe=groupe, handicape=True)
    premiere = InscriptionFactory(groupe=groupe, dependant=True)
    Inscription.objects.filter(pk=milieu.pk).update(
        eligibilite="AIDANT", nature_aidant="FAMILIAL", senior_lie=premiere
    )
    Inscription.objects.filter(pk=dernier.pk).update(
        eligibilite="AIDANT", nature_aidant="FAMILIAL", senior_lie=milieu
    )
    efface_tout(groupe)
    assert retablit(groupe) == ([premiere.pk, milieu.pk, dernier.pk], {})


def test_a_removed_carer_who_lost_the_one_flag_stays_removed(db):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe, handicape=True)
    aidant = InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie)
    efface(aidant)
    Inscription.objects.filter(pk=lie.pk).update(handicape=False)
    assert retablit(groupe) == (
        [],
        {aidant.pk: f"{lie.senior} n'est ni « Handicapé » ni « Dépendant » : corrigez d'abord sa fiche."},
    )


def test_the_date_of_registration_is_that_of_the_first_day(db):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    efface(inscription)
    retablit(groupe)
    apres = Inscription.objects.get(pk=inscription.pk)
    assert (apres.inscrite_le, apres.modifiee_le) == (inscription.inscrite_le, MAINTENANT)


def test_the_undo_lasts_until_the_lock(db):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    efface(inscription)
    with pytest.raises(ListeClose, match=r"a fermé entre-temps, .* Personne n'a été remis sur la liste\."):
        retablit(groupe, le=date(2022, 4, 28))
    assert retablit(groupe, le=date(2022, 4, 27)) == ([inscription.pk], {})


def test_a_cancelled_group_takes_nobody_back(db):
    groupe = groupe_dote()
    efface(InscriptionFactory(groupe=groupe))
    Groupe.objects.update(annule_le=MAINTENANT, motif_annulation="Inondation")
    with pytest.raises(ListeClose):
        retablit(groupe)


def test_the_journal_tells_who_put_back_whom(db):
    groupe = groupe_dote()
    par = CompteFactory(convention=groupe.porteur.convention, nom="Monique GARNIER")
    inscription = InscriptionFactory(groupe=groupe, senior=SeniorFactory())
    efface(inscription)
    retablit(groupe, par=par)
    dernier = inscription.events.order_by("pgh_id").last()
    assert (dernier.pgh_context["action"], dernier.pgh_context["nom"], dernier.effacee_le, dernier.aide) == (
        "rétablissement",
        "Monique GARNIER",
        None,
        160,
    )
