"""Counting a year: equal to the rows one by one, whole or not at all, final once nothing can change."""

from collections import Counter
from datetime import date
from decimal import Decimal
from io import StringIO
from threading import Event, Thread

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from activite.models import MESURES, Activite, Releve, Rythme
from activite.operations import relever, relever_les_annees
from activite.tableaux import AXES, annees_jusqu_a, tableau
from conventions.models import Mouvement
from conventions.tests.factories import CompteFactory
from sejours.models import Groupe, Option
from sejours.operations.options import poser
from sejours.tests.factories import SejourFactory
from seniors.models import Inscription
from seniors.operations.annulations import annuler_groupe
from seniors.operations.inscriptions import effacer
from seniors.tests.factories import InscriptionFactory, groupe_dote
from validation.models import Presence
from validation.tests.factories import comptes_de, instant, liste_confirmee, liste_du_manuel
from validation.tests.versements import PAYEUR, iban_de, lot_paye

LE = date(2022, 7, 1)
ABSENTS = ("Pierre RONVIN", "Bernard SAVATE")


@pytest.fixture
def saison(db, settings):
    """The manual's list, two absent, paid; a mountain group; one cancelled; an option; another year."""
    settings.SEV_PAYEUR = PAYEUR
    du_manuel = liste_du_manuel()
    liste_confirmee(du_manuel, *ABSENTS)
    iban_de(du_manuel.sejour.offre.equipement.prestataire)
    lot_paye()
    montagne = groupe_dote(
        400,
        sejour__debut=date(2022, 9, 10),
        sejour__offre__duree=5,
        sejour__offre__equipement__environnement="MONTAGNE",
        sejour__offre__equipement__departement="73",
        porteur__type_porteur="ASSOCIATION",
        porteur__departement="974",
    )
    aidees = [InscriptionFactory(groupe=montagne) for _ in range(3)]
    ancv = CompteFactory(ancv=True)
    effacer(inscription=aidees[0], par=ancv, le=date(2022, 5, 2), maintenant=instant(date(2022, 5, 2)))
    annule = groupe_dote(sejour__debut=date(2022, 9, 17))
    InscriptionFactory(groupe=annule)
    annuler_groupe(
        groupe=annule, motif="Travaux.", par=ancv, le=date(2022, 5, 3), maintenant=instant(date(2022, 5, 3))
    )
    porteur, _ = comptes_de(montagne)
    poser(
        sejour=SejourFactory(debut=date(2022, 10, 1)),
        places=8,
        message="",
        par=porteur,
        le=LE,
        maintenant=instant(LE),
    )
    InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2023, 3, 4)))
    return du_manuel


def compte(annee: int) -> Counter:
    """Count the rows of a year one by one, by (axis, value, measure), without a word of the SQL that counts them."""
    combien = Counter()

    def noter(groupe, eligibilite, **mesures):
        sejour, porteur = groupe.sejour, groupe.porteur
        equipement = sejour.offre.equipement
        valeurs = {
            "mois": sejour.debut.month,
            "equipement": equipement.departement,
            "porteur": porteur.departement,
            "type": porteur.type_porteur,
            "environnement": equipement.environnement,
            "duree": sejour.offre.duree,
            "eligibilite": eligibilite,
        }
        for axe, valeur in valeurs.items():
            for mesure, quantite in mesures.items():
                if valeur != "" and quantite:
                    combien[axe, valeur, mesure] += quantite

    for option in Option.objects.filter(sejour__annee=annee):
        noter(option, "", options=1)
    for groupe in Groupe.objects.filter(sejour__annee=annee, annule_le=None):
        noter(groupe, "", groupes=1)
    for inscription in Inscription.objects.presentes().filter(annee=annee, groupe__annule_le=None):
        verses = Mouvement.objects.filter(inscription_id=inscription.pk, nature="VERSEMENT")
        noter(
            inscription.groupe,
            inscription.eligibilite,
            inscrits=1,
            aides=int(inscription.aidee),
            partis=Presence.objects.filter(pk=inscription.pk, retenue=True).count(),
            accorde=inscription.aide or 0,
            verse=sum(m.montant for m in verses),
        )
    return combien


def lu(annee: int) -> Counter:
    """The same counts as the pages read them."""
    combien = Counter()
    for cle, axe in AXES.items():
        for ligne in tableau(axe, annee=annee, autre=annee - 1, filtres={}).lignes:
            for mesure in MESURES:
                if ligne.ici[mesure]:
                    combien[cle, ligne.cle, mesure] += ligne.ici[mesure]
    return combien


def test_the_figures_are_those_of_the_rows(saison):
    relever(annee=2022, le=LE, maintenant=instant(LE))
    assert lu(2022) == compte(2022)
    total = tableau(AXES["mois"], annee=2022, autre=2021, filtres={}).total.ici
    assert total == {
        "options": 1,
        "groupes": 2,
        "inscrits": 15,
        "aides": 8,
        "partis": 11,
        "accorde": Decimal(6 * 160 + 2 * 150),
        "verse": Decimal(6 * 160),
    }


def test_counting_again_replaces_what_was_counted(saison):
    relever(annee=2022, le=LE, maintenant=instant(LE))
    InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 9, 24)))
    assert lu(2022) != compte(2022)
    relever(annee=2022, le=LE, maintenant=instant(LE))
    assert lu(2022) == compte(2022)


def test_each_year_has_its_stays_and_no_other(saison):
    assert relever_les_annees(le=LE, maintenant=instant(LE)) == 2
    assert lu(2023) == compte(2023)
    annees = annees_jusqu_a(2023, filtres={})
    assert [(ligne.cle, ligne.ici["inscrits"]) for ligne in annees] == [(2022, 15), (2023, 1)]


def test_the_clock_counts_a_year_once_a_day_in_paris(saison):
    soir, minuit_passe = instant(LE, 23, 50), instant(date(2022, 7, 2), 0, 10)
    assert relever_les_annees(le=LE, maintenant=instant(LE, 0, 30)) == 2
    assert relever_les_annees(le=LE, maintenant=soir) == 0
    assert relever_les_annees(le=date(2022, 7, 2), maintenant=minuit_passe) == 2


def test_filters_cross(saison):
    relever(annee=2022, le=LE, maintenant=instant(LE))
    filtres = {"environnement": "MONTAGNE", "type_porteur": "ASSOCIATION"}
    lignes = tableau(AXES["porteur"], annee=2022, autre=2021, filtres=filtres).lignes
    assert [(ligne.libelle, ligne.ici["inscrits"], ligne.ici["aides"]) for ligne in lignes] == [
        ("La Réunion (974)", 2, 2)
    ]


def test_the_pace_counts_each_day_in_paris(saison):
    relever(annee=2022, le=LE, maintenant=instant(LE))
    tard = InscriptionFactory(
        groupe=groupe_dote(sejour__debut=date(2022, 10, 8)), maintenant=instant(date(2022, 5, 1), 0, 30)
    )
    relever(annee=2022, le=LE, maintenant=instant(LE))
    assert tard.inscrite_le.day == 30  # in UTC
    assert list(Rythme.objects.filter(annee=2022).values_list("jour", "inscrits")) == [
        (date(2022, 4, 22), 15),
        (date(2022, 5, 1), 1),
    ]


def test_a_past_year_is_final_once_settled_and_paid_and_the_clock_leaves_it(saison):
    an_apres = date(2023, 1, 2)
    Groupe.objects.filter(sejour__annee=2022).exclude(pk=saison.pk).update(
        annule_le=instant(date(2022, 6, 1)), motif_annulation="Travaux."
    )
    assert relever_les_annees(le=date(2022, 12, 31), maintenant=instant(date(2022, 12, 31))) == 2
    assert not Releve.objects.get(annee=2022).definitif
    assert relever_les_annees(le=an_apres, maintenant=instant(an_apres)) == 2
    assert Releve.objects.get(annee=2022).definitif
    apres = date(2023, 1, 3)
    assert relever_les_annees(le=apres, maintenant=instant(apres)) == 1
    assert Releve.objects.get(annee=2022).releve_le == instant(an_apres)
    assert relever(annee=2022, le=apres, maintenant=instant(apres)) > 0
    assert Releve.objects.get(annee=2022).releve_le == instant(apres)


def test_a_past_year_with_a_list_to_settle_is_not_final(saison):
    relever(annee=2022, le=date(2023, 1, 2), maintenant=instant(date(2023, 1, 2)))
    assert not Releve.objects.get(annee=2022).definitif


def test_a_past_year_with_an_aid_to_pay_is_not_final(db):
    liste_confirmee(liste_du_manuel())
    relever(annee=2022, le=date(2023, 1, 2), maintenant=instant(date(2023, 1, 2)))
    assert not Releve.objects.get(annee=2022).definitif


def test_nothing_was_ever_offered(db):
    assert relever_les_annees(le=LE, maintenant=instant(LE)) == 0
    assert Activite.objects.count() == 0


def test_the_command_counts_what_may_change_or_the_years_it_is_told(saison):
    sortie = StringIO()
    call_command("relever_activite", stdout=sortie)
    call_command("relever_activite", "2022", stdout=sortie)
    annees, une = sortie.getvalue().splitlines()
    assert annees.endswith(" year(s) counted.")
    assert une == f"2022: {Activite.objects.filter(annee=2022).count()} cells."


@pytest.mark.django_db(transaction=True)
def test_a_year_that_somebody_is_counting_is_left_to_them():
    """The second one gives way at once: without the lock both would write the same cells, which the base refuses."""
    InscriptionFactory(groupe=groupe_dote())
    relever(annee=2022, le=LE, maintenant=instant(LE))
    prise, rendre = Event(), Event()

    def compter():
        with transaction.atomic():
            Releve.objects.select_for_update().get(annee=2022)
            prise.set()
            rendre.wait(120)
        connection.close()

    autre = Thread(target=compter)
    autre.start()
    try:
        assert prise.wait(120)
        assert relever(annee=2022, le=date(2022, 7, 2), maintenant=instant(date(2022, 7, 2))) == 0
    finally:
        rendre.set()
        autre.join()
    assert Releve.objects.get(annee=2022).releve_le == instant(LE)
    assert relever(annee=2022, le=date(2022, 7, 2), maintenant=instant(date(2022, 7, 2))) > 0
