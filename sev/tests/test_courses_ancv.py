"""Staff's acts against each other and against the porteurs', drawn at random, on the same lists, persons and credits.

No act waits for another one in a circle: nothing but a refusal comes of any of them, and every invariant holds.
"""

import random
from contextlib import ExitStack
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection

from conventions.models import Credit
from conventions.operations.complements import demander
from conventions.operations.conventions import suspendre
from conventions.operations.credits import reprendre
from conventions.operations.programme import fixer_tarif
from conventions.tests.factories import CompteFactory, CreditFactory
from sejours.operations.conventions import clore
from sejours.operations.groupes import verrouiller_listes
from sejours.operations.options import accepter, poser
from sejours.tests.factories import GroupeFactory
from seniors.models import Senior
from seniors.operations.amendements import ajouter, amender, retirer
from seniors.operations.annulations import annuler_groupe
from seniors.operations.complements import accorder, doter, refuser
from seniors.operations.deplacements import deplacer
from seniors.operations.doublons import chercher_doublons
from seniors.operations.files import servir_toutes_les_files
from seniors.operations.fusions import defaire_fusion, fusionner
from seniors.operations.retention import effacer_donnees, oublier_personnes
from seniors.tests.factories import InscriptionFactory, SeniorFactory, fiche, groupe_dote
from sev.tests.test_courses import (
    LE,
    LENDEMAIN,
    MAINTENANT,
    effacement_de,
    ensemble,
    erreurs,
    inscription_de,
    invariants,
    sans_aucun_verrou,
)

pytestmark = pytest.mark.django_db(transaction=True)

ENSEMBLE = 14
MELEES = 6
QUAND = {"le": LE, "maintenant": MAINTENANT}


class Scene:
    """Two porteurs on one stay, one of them in June too; eight persons, one of them under two spellings."""

    def __init__(self, graine: int):
        self.hasard = random.Random(graine)
        self.agent = CompteFactory(ancv=True)
        premier = groupe_dote(alloue=480, places=12, sejour__places=60)
        voisin = GroupeFactory(sejour=premier.sejour, places=12)
        CreditFactory(convention=voisin.porteur.convention, alloue=320)
        juin = GroupeFactory(porteur=voisin.porteur, sejour__debut=date(2022, 6, 18), places=12)
        self.sejour, self.listes = premier.sejour, [premier, voisin, juin]
        self.porteur = CompteFactory(convention=premier.porteur.convention)
        self.convention = self.porteur.organisme.convention
        self.credits = list(Credit.objects.filter(convention__in=[premier.porteur_id, voisin.porteur_id]))
        self.seniors = [
            SeniorFactory(nom="MARTIN", prenom=f"Jeanne {lettre}", date_naissance=date(1948, 3, 12))
            for lettre in "ABCDEFGH"
        ]
        self.inscriptions = [
            InscriptionFactory(groupe=self.listes[rang % 3], senior=self.seniors[rang]) for rang in range(6)
        ]
        self.fusion = fusionner(garder=self.seniors[6], absorber=self.seniors[7], **self.raison(), **QUAND)
        self.demande = demander(
            convention=self.convention,
            annee=2022,
            montant=Decimal(300),
            motif="Deux attendent.",
            par=self.porteur,
            **QUAND,
        )
        self.option = poser(sejour=self.sejour, places=3, message="", par=self.porteur, **QUAND)
        # Long known: the clock may forget whoever is on no list.
        connus = [senior.pk for senior in self.seniors]
        Senior.objects.filter(pk__in=connus).update(cree_le=MAINTENANT - timedelta(days=900))

    def raison(self) -> dict:
        return {"par": self.agent, "motif": "essai"}

    def tirer(self) -> tuple[str, partial]:
        """Return an act drawn at random, with its name."""
        une = self.hasard.choice
        groupe, senior, inscription, credit = (
            une(rangs) for rangs in (self.listes, self.seniors, self.inscriptions, self.credits)
        )
        un, autre = self.hasard.sample(self.seniors[:6], 2)
        samedi = date(2022, 5, 14) + timedelta(weeks=self.hasard.randint(1, 4))
        raison, agent = self.raison(), {"par": self.agent}
        actes = {
            "a known person registered": inscription_de(groupe, senior),
            "a new person registered": inscription_de(groupe),
            "removed by the porteur": effacement_de(inscription),
            "added by ANCV": partial(ajouter, groupe=groupe, senior=senior, fiche=fiche(), **raison, **QUAND),
            "removed by ANCV": partial(retirer, inscription=inscription, **raison, **QUAND),
            "corrected by ANCV": partial(
                amender, inscription=inscription, fiche=fiche("PROGRAMME"), **raison, **QUAND
            ),
            "stay moved": partial(deplacer, sejour=self.sejour, debut=samedi, **raison, **QUAND),
            "group cancelled": partial(annuler_groupe, groupe=groupe, **raison, **QUAND),
            "merged": partial(fusionner, garder=un, absorber=autre, **raison, **QUAND),
            "merged the other way": partial(fusionner, garder=autre, absorber=un, **raison, **QUAND),
            "parted": partial(defaire_fusion, fusion=self.fusion, **raison, **QUAND),
            "erased": partial(effacer_donnees, senior=senior, **raison, **QUAND),
            "forgotten": partial(oublier_personnes, cles=[s.pk for s in self.seniors], **QUAND),
            "given": partial(
                doter,
                convention=credit.convention,
                annee=2022,
                montant=Decimal(160),
                le=LE,
                complement=True,
                **raison,
            ),
            "taken back": partial(reprendre, credit=credit, montant=Decimal(1), le=LE, **raison),
            "accepted": partial(
                accorder, demande=self.demande, montant=Decimal(160), reponse="", **agent, **QUAND
            ),
            "refused": partial(refuser, demande=self.demande, reponse="Non.", maintenant=MAINTENANT, **agent),
            "suspended": partial(suspendre, convention=self.convention, le=LE, **raison),
            "closed": partial(clore, convention=self.convention, le=LE, **raison),
            "option accepted": partial(accepter, option=self.option, par=None, **QUAND),
            "queues served": partial(servir_toutes_les_files, le=LE),
            "doubles looked for": partial(chercher_doublons, maintenant=MAINTENANT),
            "lists locked": partial(verrouiller_listes, le=LENDEMAIN, maintenant=MAINTENANT),
            "tariff entered": partial(
                fixer_tarif,
                duree=8,
                valable_du=date(2022, 2, 1),
                prix=Decimal(410),
                aide=Decimal(170),
                **agent,
            ),
        }
        return une(sorted(actes.items()))


def sans_nom() -> list[str]:
    """Tell those on a list whose row no longer stands for a person."""
    with connection.cursor() as curseur:
        curseur.execute(
            """
            SELECT i.id FROM seniors_inscription i JOIN seniors_senior s ON s.id = i.senior_id
             WHERE s.fusionne_dans_id IS NOT NULL OR s.anonymise_le IS NOT NULL AND i.effacee_le IS NULL
            """
        )
        return [f"on a list without a name: {cle}" for (cle,) in curseur.fetchall()]


def melee(graine: int) -> list[str]:
    """Do as many acts at once; return what went wrong, less a wait that was too long: that is said, and begun again."""
    scene = Scene(graine)
    actes = [scene.tirer() for _ in range(ENSEMBLE)]
    issues = ensemble(*(acte for _, acte in actes))
    fautes = [
        f"{nom}: {faute}" for (nom, _), issue in zip(actes, issues, strict=True) for faute in erreurs([issue])
    ]
    return [f for f in fautes if "lock timeout" not in f] + sans_nom() + invariants()


@pytest.mark.parametrize("graine", range(MELEES))
def test_whatever_staff_and_porteurs_do_at_once_nothing_breaks(graine):
    assert melee(graine) == []


def test_without_locks_something_breaks():
    with ExitStack() as pile:
        pile.enter_context(sans_aucun_verrou())
        assert any(melee(graine) for graine in range(60))
