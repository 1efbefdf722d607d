"""Removing a person, or everybody (I13), and the credit that comes back (C5, C9)."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from conventions.models import Mouvement
from conventions.tests.factories import CompteFactory
from seniors.models import Inscription
from seniors.operations.inscriptions import effacer, tout_effacer
from seniors.operations.listes import InscriptionRefusee, ListeClose
from seniors.tests.factories import PARIS, InscriptionFactory, SeniorFactory, groupe_dote, solde

LE = date(2022, 4, 23)
MAINTENANT = datetime(2022, 4, 23, 9, 0, tzinfo=PARIS)


def efface(inscription, *, le=LE, par=None) -> list[Inscription]:
    return effacer(inscription=inscription, par=par, le=le, maintenant=MAINTENANT)


def etat(inscription) -> tuple[Decimal | None, str, datetime | None]:
    inscription = Inscription.objects.get(pk=inscription.pk)
    return (inscription.aide, inscription.motif_sans_aide, inscription.effacee_le)


def inscrits(groupe) -> int:
    groupe.refresh_from_db()
    assert groupe.inscrits == groupe.inscriptions.presentes().count()
    return groupe.inscrits


# --- One person -----------------------------------------------------------------------------------------------


def test_a_removed_person_gives_the_place_and_the_aid_back(db):
    groupe = groupe_dote(places=1)
    inscription = InscriptionFactory(groupe=groupe)
    assert efface(inscription) == []
    assert etat(inscription) == (None, "EFFACEE", MAINTENANT)
    assert (inscrits(groupe), solde(groupe)) == (0, (1_500, 0, 1_500))
    assert InscriptionFactory(groupe=groupe).aide == 160


def test_the_release_is_an_entry_of_the_ledger_with_its_author(db):
    groupe = groupe_dote()
    par = CompteFactory(convention=groupe.porteur.convention)
    inscription = InscriptionFactory(groupe=groupe)
    efface(inscription, par=par)
    entrees = Mouvement.objects.filter(inscription_id=inscription.pk).order_by("pk")
    assert list(entrees.values_list("nature", "montant", "auteur", "motif", "date")) == [
        ("ENGAGEMENT", 160, None, "", date(2022, 4, 22)),
        ("LIBERATION", 160, par.pk, "retirée de la liste", LE),
    ]


def test_a_removed_person_without_aid_moves_no_euro(db):
    groupe = groupe_dote()
    efface(InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME"))
    assert Mouvement.objects.filter(inscription_id__isnull=False).count() == 0


def test_a_removed_person_may_be_aided_on_another_stay_of_the_year(db):
    senior = SeniorFactory()
    efface(InscriptionFactory(groupe=groupe_dote(), senior=senior))
    juin = groupe_dote(sejour__debut=date(2022, 6, 4))
    assert InscriptionFactory(groupe=juin, senior=senior).aide == 180


def test_a_removed_person_may_come_back_to_the_same_list_or_to_another_at_the_same_dates(db):
    senior, groupe = SeniorFactory(), groupe_dote()
    for destination in (groupe, groupe, groupe_dote()):
        inscription = InscriptionFactory(groupe=destination, senior=senior)
        assert inscription.aide == 160
        efface(inscription)
    assert Inscription.objects.filter(senior=senior).count() == 3


def test_the_person_cared_for_cannot_leave_before_the_carer(db):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe, dependant=True)
    aidant = InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie)
    with pytest.raises(InscriptionRefusee) as erreur:
        efface(lie)
    assert (
        erreur.value.message == f"{aidant.senior} accompagne cette personne. Changez d'abord son inscription."
    )
    assert erreur.value.lien == ("Sa fiche", aidant.pk)
    efface(aidant)
    efface(lie)
    assert inscrits(groupe) == 0


def test_the_person_a_spouse_relies_on_cannot_leave_first(db):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe)
    epoux = InscriptionFactory(groupe=groupe, eligibilite="CONJOINT", senior_lie=lie)
    with pytest.raises(InscriptionRefusee) as erreur:
        efface(lie)
    assert (
        erreur.value.message
        == f"{epoux.senior} est inscrit comme son conjoint. Changez d'abord son inscription."
    )


def test_somebody_already_removed_is_said_so(db):
    inscription = InscriptionFactory(groupe=groupe_dote())
    efface(inscription)
    with pytest.raises(InscriptionRefusee, match="n'est plus sur la liste"):
        efface(inscription)
    assert Mouvement.objects.filter(nature="LIBERATION").count() == 1


def test_27_april_is_the_last_day_for_a_stay_from_14_may(db):
    groupe = groupe_dote()
    premiere, seconde = InscriptionFactory(groupe=groupe), InscriptionFactory(groupe=groupe)
    efface(premiere, le=date(2022, 4, 27))
    with pytest.raises(ListeClose, match=r"a fermé entre-temps, .* Cette personne reste sur la liste\."):
        efface(seconde, le=date(2022, 4, 28))
    assert inscrits(groupe) == 1


def test_the_journal_tells_who_removed_whom(db):
    groupe = groupe_dote()
    par = CompteFactory(convention=groupe.porteur.convention, nom="Monique GARNIER")
    inscription = InscriptionFactory(groupe=groupe)
    efface(inscription, par=par)
    dernier = inscription.events.order_by("pgh_id").last()
    assert (dernier.pgh_label, dernier.pgh_context, dernier.effacee_le) == (
        "update",
        {"action": "effacement", "par": par.pk, "nom": "Monique GARNIER", "motif": ""},
        MAINTENANT,
    )


# --- Everybody ---------------------------------------------------------------------------------------------------


def test_everybody_leaves_at_once_linked_or_not(db):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe, handicape=True)
    toutes = [
        lie,
        InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie),
        InscriptionFactory(groupe=groupe, eligibilite="CONJOINT", senior_lie=lie),
        InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME"),
    ]
    assert tout_effacer(groupe=groupe, par=None, le=LE, maintenant=MAINTENANT) == (4, [])
    assert [etat(i) for i in toutes] == [(None, "EFFACEE", MAINTENANT)] * 4
    assert (inscrits(groupe), solde(groupe)) == (0, (1_500, 0, 1_500))


def test_those_removed_before_keep_their_own_moment(db):
    groupe = groupe_dote()
    avant = InscriptionFactory(groupe=groupe)
    efface(avant)
    InscriptionFactory(groupe=groupe)
    plus_tard = MAINTENANT + timedelta(hours=1)
    assert tout_effacer(groupe=groupe, par=None, le=LE, maintenant=plus_tard) == (1, [])
    assert etat(avant) == (None, "EFFACEE", MAINTENANT)


def test_an_empty_list_has_nobody_to_remove(db):
    assert tout_effacer(groupe=groupe_dote(), par=None, le=LE, maintenant=MAINTENANT) == (0, [])


def test_everybody_s_aid_goes_to_those_who_wait_elsewhere(db):
    groupe = groupe_dote(320)
    ailleurs = groupe_dote(0.01, porteur=groupe.porteur)
    InscriptionFactory(groupe=groupe)
    InscriptionFactory(groupe=groupe)
    attendent = [InscriptionFactory(groupe=ailleurs) for _ in range(3)]
    nombre, aidees = tout_effacer(groupe=groupe, par=None, le=LE, maintenant=MAINTENANT)
    assert (nombre, [i.pk for i in aidees]) == (2, [i.pk for i in attendent[:2]])
    assert solde(groupe) == (Decimal("320.01"), 320, Decimal("0.01"))


def test_nobody_is_removed_after_the_last_day(db):
    groupe = groupe_dote()
    InscriptionFactory(groupe=groupe)
    with pytest.raises(ListeClose, match=r"pendant votre saisie, .* Personne n'a été retiré de la liste\."):
        tout_effacer(groupe=groupe, par=None, le=date(2022, 4, 28), maintenant=MAINTENANT)
    assert inscrits(groupe) == 1


def test_the_journal_tells_that_it_was_the_whole_list(db):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    tout_effacer(groupe=groupe, par=None, le=LE, maintenant=MAINTENANT)
    dernier = inscription.events.order_by("pgh_id").last()
    assert dernier.pgh_context["action"] == "effacement de toute la liste"
