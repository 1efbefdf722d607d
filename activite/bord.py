"""The year on the admin's home: five figures, the forecast, two plots, each with its numbers."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, Sum
from django.utils.timezone import localdate

from activite import dessins
from activite.models import Releve, Rythme
from activite.regles import Prevision, evolution, evolution_dite, prevoir, un_an_avant
from activite.tableaux import AXES, Ligne, Tableau, tableau
from conventions.models import Credit, Programme


@dataclass(frozen=True)
class Argent:
    """The year's money in euros, as it stands now: what was allotted, used (at registration) and paid."""

    enveloppe: Decimal
    alloue: Decimal
    utilise: Decimal
    verse: Decimal

    @property
    def part_allouee(self) -> Decimal:
        return _part(self.alloue, self.enveloppe)

    @property
    def part_utilisee(self) -> Decimal:
        return _part(self.utilise, self.alloue)

    @property
    def part_versee(self) -> Decimal:
        return _part(self.verse, self.utilise)


def _part(quoi: Decimal, de_quoi: Decimal) -> Decimal:
    return quoi / de_quoi if de_quoi else Decimal(0)


@dataclass(frozen=True)
class Bord:
    """All that the home shows of a year; `releve` None when it was never counted."""

    annee: int
    argent: Argent
    releve: Releve | None
    total: Ligne
    a_la_meme_date: int
    evolution: Decimal | None
    prevision: Prevision | None
    mois: Tableau
    types: Tableau
    colonnes: dessins.Colonnes
    lignes: list[dessins.Ligne]

    @property
    def part_aidee(self) -> Decimal | None:
        inscrits = self.total.ici["inscrits"]
        return Decimal(self.total.ici["aides"]) / inscrits if inscrits else None

    @property
    def evolution_dite(self) -> str:
        return evolution_dite(self.evolution)

    @property
    def annee_d_avant(self) -> int:
        return self.annee - 1

    @property
    def prevision_sur_alloue(self) -> Decimal:
        return _part(self.prevision.accorde, self.argent.alloue)

    @property
    def prevision_sur_enveloppe(self) -> Decimal:
        return _part(self.prevision.accorde, self.argent.enveloppe)

    @property
    def hauteur(self) -> int:
        """Height of the plot of lying bars."""
        return max(1, len(self.lignes)) * dessins.RANG


def bord_de_l_annee(*, le: date) -> Bord:
    """Return the figures of the year of `le`, and of the one before beside them; six queries, whatever the volume."""
    annee = le.year
    releve = Releve.objects.filter(annee=annee).first()
    mois = tableau(AXES["mois"], annee=annee, autre=annee - 1, filtres={})
    types = tableau(AXES["type"], annee=annee, autre=annee - 1, filtres={})
    compte_le = localdate(releve.releve_le) if releve else le
    meme_date, toute_l_annee = _an_dernier(annee - 1, jusqu_au=un_an_avant(compte_le))
    total = mois.total
    return Bord(
        annee=annee,
        argent=_argent(annee),
        releve=releve,
        total=total,
        a_la_meme_date=meme_date,
        evolution=evolution(total.ici["inscrits"], meme_date),
        prevision=prevoir(
            inscrits=total.ici["inscrits"],
            accorde=total.ici["accorde"],
            meme_date=meme_date,
            total=toute_l_annee,
        ),
        mois=mois,
        types=types,
        colonnes=dessins.colonnes(barres_de(mois, "inscrits", courts=True)),
        lignes=dessins.lignes(barres_de(types, "aides")),
    )


def barres_de(un_tableau: Tableau, mesure: str, *, courts: bool = False) -> list[dessins.Barre]:
    """Return the bars of a measure along the table's axis; with `courts`, months shortened."""
    return [
        dessins.Barre(
            MOIS_COURTS[ligne.cle - 1] if courts else ligne.libelle,
            int(ligne.ici[mesure]),
            int(ligne.avant[mesure]),
        )
        for ligne in un_tableau.lignes
    ]


MOIS_COURTS = ("janv.", "févr.", "mars", "avril", "mai", "juin")
MOIS_COURTS += ("juil.", "août", "sept.", "oct.", "nov.", "déc.")


def _argent(annee: int) -> Argent:
    programme = Programme.objects.filter(annee=annee).first()
    credits = Credit.objects.filter(programme=annee).aggregate(
        engage=Sum("engage", default=Decimal(0)), verse=Sum("verse", default=Decimal(0))
    )
    return Argent(
        enveloppe=programme.enveloppe if programme else Decimal(0),
        alloue=programme.alloue if programme else Decimal(0),
        utilise=credits["engage"] + credits["verse"],
        verse=credits["verse"],
    )


def _an_dernier(annee: int, *, jusqu_au: date) -> tuple[int, int]:
    """Return how many registrations of `annee` were made until that day included, and in all."""
    rythme = Rythme.objects.filter(annee=annee).aggregate(
        meme_date=Sum("inscrits", filter=Q(jour__lte=jusqu_au), default=0), total=Sum("inscrits", default=0)
    )
    return rythme["meme_date"], rythme["total"]
