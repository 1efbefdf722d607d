"""Probable doubles (I18): who is found, once, and « not the same » remembered."""

from datetime import date, datetime

import pytest
import time_machine
from django.db import IntegrityError, transaction

from conventions.tests.factories import CompteFactory
from seniors.models import Doublon, Senior
from seniors.operations import doublons
from seniors.operations.doublons import DoublonRefuse, chercher_doublons, ecarter, reproposer
from seniors.tasks import chercher_doublons as tache
from seniors.tests.factories import PARIS, SeniorFactory
from sev.socle.texte import cle

MAINTENANT = datetime(2022, 5, 2, 3, 10, tzinfo=PARIS)
LENDEMAIN = datetime(2022, 5, 3, 3, 10, tzinfo=PARIS)


@pytest.fixture
def jeanne(db):
    """Jeanne MARTIN, born on 12 March 1948 in Rennes."""
    return personne()


def personne(**champs) -> Senior:
    return SeniorFactory(
        **{
            "nom": "MARTIN",
            "prenom": "Jeanne",
            "date_naissance": date(1948, 3, 12),
            "ville_naissance": "RENNES",
        }
        | champs
    )


def trouves(maintenant=MAINTENANT) -> list[tuple[int, int, str]]:
    chercher_doublons(maintenant=maintenant)
    return list(Doublon.objects.order_by("pk").values_list("ancienne", "recente", "raison"))


@pytest.mark.parametrize(
    ("champs", "raison"),
    [
        ({"ville_naissance": "NANTES"}, "MEME_NOM"),
        ({"nom": "JEANNE", "prenom": "Martin"}, "NOMS_INVERSES"),
        ({"nom": "DURAND", "nom_naissance": "Martin", "ville_naissance": "NANTES"}, "NOM_DE_NAISSANCE"),
        ({"nom": "MARTAIN"}, "NOM_PROCHE"),
        ({"prenom": "Jeane", "ville_naissance": "NANTES"}, "NOM_PROCHE"),
        ({"nom": "DURAND"}, "AUTRE_NOM"),
        ({"date_naissance": date(1948, 12, 3)}, "DATE_PROCHE"),
        ({"date_naissance": date(1948, 3, 13)}, "DATE_PROCHE"),
        ({"date_naissance": date(1948, 4, 12)}, "DATE_PROCHE"),
        ({"date_naissance": date(1958, 3, 12), "ville_naissance": "NANTES"}, "DATE_PROCHE"),
    ],
)
@pytest.mark.parametrize("premiere", [True, False])
def test_a_pair_that_looks_like_one_person_is_found_once_with_its_reason(db, champs, raison, premiere):
    un, autre = (personne(), personne(**champs)) if premiere else (personne(**champs), personne())
    assert trouves() == [(un.pk, autre.pk, raison)]
    assert trouves() == [(un.pk, autre.pk, raison)]


@pytest.mark.parametrize(
    "champs",
    [
        {"nom": "DURAND", "ville_naissance": "NANTES"},
        {"nom": "DURAND", "prenom": "Paulette"},
        {"date_naissance": date(1951, 7, 30)},
        {"nom": "MARTAIN", "date_naissance": date(1948, 3, 13)},
    ],
)
def test_others_are_not(jeanne, champs):
    personne(**champs)
    assert trouves() == []


def test_only_those_who_are_new_or_changed_are_compared(jeanne):
    autre = personne(nom="DURAND", prenom="Paulette")
    assert trouves() == []
    assert not Senior.objects.filter(a_comparer=True).exists()
    # Another telephone is not another identity.
    Senior.objects.filter(pk=autre.pk).update(telephone="06 01 02 03 04")
    assert not Senior.objects.filter(a_comparer=True).exists()
    autre.refresh_from_db()
    autre.nom, autre.cle_nom, autre.prenom, autre.cle_prenom = "MARTAIN", "MARTAIN", "Jeanne", "JEANNE"
    autre.save()
    assert list(Senior.objects.filter(a_comparer=True)) == [autre]
    assert trouves() == [(jeanne.pk, autre.pk, "NOM_PROCHE")]


def test_a_pair_that_nobody_decided_goes_when_the_names_no_longer_meet(jeanne):
    autre = personne(nom="MARTAIN")
    assert len(trouves()) == 1
    Senior.objects.filter(pk=autre.pk).update(
        nom="ZIEGLER", cle_nom="ZIEGLER", prenom="Zoé", cle_prenom=cle("Zoé")
    )
    assert trouves() == []


def test_lots_find_what_one_search_finds(db, monkeypatch):
    personnes = [personne(nom=nom) for nom in ("MARTIN", "MARTAIN", "MARTINS", "MARTYN", "MARTINE")]
    ensemble = trouves()
    assert len(ensemble) == 10
    Doublon.objects.all().delete()
    Senior.objects.update(a_comparer=True)
    monkeypatch.setattr(doublons, "LOT", 2)
    assert sorted(trouves()) == sorted(ensemble)
    assert {cle for paire in ensemble for cle in paire[:2]} == {p.pk for p in personnes}


def test_a_run_stops_after_so_many_lots_and_the_next_one_goes_on(db, monkeypatch):
    for nom in ("MARTIN", "MARTAIN", "MARTINS"):
        personne(nom=nom)
    monkeypatch.setattr(doublons, "LOT", 1)
    monkeypatch.setattr(doublons, "LOTS_PAR_PASSAGE", 2)
    assert [chercher_doublons(maintenant=MAINTENANT) for _ in range(3)] == [1, 2, 0]


def test_not_the_same_is_remembered_and_may_be_looked_at_again(jeanne):
    autre, agent = personne(nom="MARTAIN"), CompteFactory(ancv=True)
    trouves()
    doublon = Doublon.objects.get()
    with pytest.raises(DoublonRefuse, match="Dites"):
        ecarter(doublon=doublon, motif="  ", par=agent, maintenant=MAINTENANT)
    ecarter(doublon=doublon, motif="Cousines, deux adresses", par=agent, maintenant=MAINTENANT)
    Senior.objects.update(a_comparer=True)
    assert trouves(LENDEMAIN) == [(jeanne.pk, autre.pk, "NOM_PROCHE")]
    assert list(Doublon.objects.a_decider()) == []
    with pytest.raises(DoublonRefuse, match="vient de décider"):
        ecarter(doublon=doublon, motif="Encore", par=agent, maintenant=MAINTENANT)

    reproposer(doublon=doublon, motif="Même numéro de téléphone", par=agent)
    assert list(Doublon.objects.a_decider()) == [doublon]
    evenements = Doublon.pgh_event_model.objects.order_by("pgh_id")
    assert [(e.decision, e.pgh_context["motif"], e.pgh_context["nom"]) for e in evenements] == [
        ("DIFFERENTES", "Cousines, deux adresses", str(agent)),
        ("", "Même numéro de téléphone", str(agent)),
    ]
    with pytest.raises(DoublonRefuse, match="pas été écartée"):
        reproposer(doublon=doublon, motif="Encore", par=agent)


def test_the_clock_says_how_many_pairs_it_found(jeanne):
    personne(nom="MARTAIN")
    with time_machine.travel(MAINTENANT, tick=False):
        assert (tache(), tache()) == (1, 0)
    assert Doublon.objects.get().trouve_le == MAINTENANT


def test_the_database_keeps_each_pair_once_and_in_order(jeanne):
    autre = personne(nom="MARTAIN")
    valeurs = {"raison": "NOM_PROCHE", "ressemblance": 1, "trouve_le": MAINTENANT}
    Doublon.objects.create(ancienne=jeanne, recente=autre, **valeurs)
    for ancienne, recente in ((jeanne, autre), (autre, jeanne), (jeanne, jeanne)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Doublon.objects.create(ancienne=ancienne, recente=recente, **valeurs)
    with pytest.raises(IntegrityError, match="decision_datee_et_motivee"), transaction.atomic():
        Doublon.objects.update(decision="DIFFERENTES")
