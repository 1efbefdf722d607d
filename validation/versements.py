"""Where the money stands (V7, V8): of a group, of a provider's year, before a batch; and the words for it."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextChoices,
    Value,
    When,
)
from django.db.models.functions import ExtractMonth
from django.utils.timezone import localdate

from conventions.models import Compte
from sejours.models import Groupe
from sev.socle.filtres import contient
from sev.socle.typographie import MOIS, euros, jour_mois_annee, quantite
from validation.models import CoordonneesBancaires, Presence, Rejet, Versement, Virement

# An account changed since less than this is shown to ANCV before money goes there.
IBAN_RECENT = timedelta(30)


class Etat(TextChoices):
    """Where an aid stands once the list is confirmed; not stored."""

    A_VERSER = "A_VERSER", "À verser"
    REJETE = "REJETE", "Rejeté par la banque"
    EN_COURS = "EN_COURS", "En cours de paiement"
    VERSE = "VERSE", "Versé"
    LITIGE = "LITIGE", "En litige"


TONS = {
    Etat.A_VERSER: "info",
    Etat.REJETE: "att",
    Etat.EN_COURS: "info",
    Etat.VERSE: "ok",
    Etat.LITIGE: "att",
}
EN_LOT = Q(virement__isnull=False)
PAYE = Q(virement__lot__paye_le__isnull=False)
RENVOYE = Q(virement__isnull=True, rejet__isnull=False)
CONDITIONS = {
    Etat.A_VERSER: ~EN_LOT & ~RENVOYE,
    Etat.REJETE: RENVOYE,
    Etat.EN_COURS: EN_LOT & ~PAYE,
    Etat.VERSE: PAYE,
}
# What the ledger counts as paid: what the bank sent back is paid again, and not counted again.
COMPTE_VERSE = PAYE | Q(rejet__isnull=False)


@dataclass(frozen=True)
class Part:
    """Some of a group's aids that stand at one point: how many, euros, and when and how they were paid.

    Of what the bank sent back: that day, `rejete_le`, and the reference of that transfer.
    """

    etat: Etat
    aides: int
    montant: Decimal
    paye_le: date | None = None
    reference: str = ""
    rejete_le: date | None = None

    @property
    def ton(self) -> str:
        return TONS[self.etat]


def etat_du_versement(part: Part) -> str:
    """Say where the money stands: the same words for the provider and the porteur."""
    return f"Versé le {jour_mois_annee(part.paye_le)}" if part.paye_le else part.etat.label


# --- A provider's groups ------------------------------------------------------------------------------------


def _en_litige() -> QuerySet:
    """The aids about which ANCV has not decided yet (V6)."""
    return Presence.objects.en_litige().filter(inscription__aide__isnull=False).order_by()


def groupes_payables(compte: Compte) -> QuerySet:
    """Return the groups of `compte` with aids that are due, paid or disputed; `du`: the euros due or paid."""
    dus = Versement.objects.filter(groupe=OuterRef("pk")).order_by()
    litiges = _en_litige().filter(validation=OuterRef("pk"))
    return (
        Groupe.objects.pour(compte)
        .filter(Exists(dus) | Exists(litiges))
        .annotate(du=Subquery(dus.values("groupe").annotate(total=Sum("montant")).values("total")))
    )


def dans_l_etat(groupes: QuerySet, etat: Etat) -> QuerySet:
    """Return those of `groupes` of which some aid stands at `etat`."""
    if etat == Etat.LITIGE:
        return groupes.filter(Exists(_en_litige().filter(validation=OuterRef("pk"))))
    return groupes.filter(Exists(Versement.objects.filter(CONDITIONS[etat], groupe=OuterRef("pk"))))


def nommes(groupes: QuerySet, mots: str) -> QuerySet:
    """Return those of `groupes` that have this number, a transfer of this reference, or these letters in a name."""
    virements = Virement.objects.filter(
        groupe=OuterRef("pk"), reference__iexact=mots.strip(), lot__defait_le__isnull=True
    )
    condition = contient(mots, "porteur__nom", "sejour__offre__equipement__nom") | Exists(virements)
    numero = re.fullmatch(r"(?:[nN]°\s*)?([0-9]{1,9})", mots.strip())
    return groupes.filter(condition | Q(pk=int(numero[1])) if numero else condition)


def parts(groupes: list[int]) -> dict[int, list[Part]]:
    """Return, for each of these groups, where its aids stand: disputed, due, sent back, in a batch, paid."""
    trouvees: dict[int, list[Part]] = {cle: [] for cle in groupes}
    for ligne in (
        _en_litige()
        .filter(validation__in=groupes)
        .values("validation")
        .annotate(aides=Count("pk"), total=Sum("inscription__aide"))
    ):
        trouvees[ligne["validation"]].append(Part(Etat.LITIGE, ligne["aides"], ligne["total"]))
    sommes = (
        Versement.objects.filter(groupe__in=groupes)
        .values(
            "groupe",
            reference=F("virement__reference"),
            paye_le=F("virement__lot__paye_le"),
            renvoyee=Case(When(RENVOYE, then="rejet__virement__reference"), default=Value("")),
            rejete_le=Case(When(RENVOYE, then="rejet__rejete_le")),
        )
        .annotate(aides=Count("pk"), total=Sum("montant"))
        .order_by(F("reference").asc(nulls_first=True), F("paye_le").asc(nulls_first=True), "renvoyee")
    )
    for ligne in sommes:
        trouvees[ligne["groupe"]].append(
            Part(
                _etat(ligne),
                ligne["aides"],
                ligne["total"],
                ligne["paye_le"],
                ligne["reference"] or ligne["renvoyee"],
                ligne["rejete_le"],
            )
        )
    return trouvees


def _etat(ligne: dict) -> Etat:
    if ligne["paye_le"]:
        return Etat.VERSE
    if ligne["reference"]:
        return Etat.EN_COURS
    return Etat.REJETE if ligne["rejete_le"] else Etat.A_VERSER


@dataclass(frozen=True)
class Annee:
    """A provider's year of stays: euros at each state, and by month of the stays (versé, not yet) for the drawing."""

    annee: int
    totaux: dict[Etat, Decimal]
    mois: list[tuple[Decimal, Decimal]]

    @property
    def compteurs(self) -> list[tuple[str, str]]:
        """What composants/compteurs.html shows; disputes and returns only when there are some."""
        return [
            (euros(montant), etat.label)
            for etat, montant in self.totaux.items()
            if montant or etat not in (Etat.LITIGE, Etat.REJETE)
        ]

    @property
    def phrase(self) -> str:
        """The drawing in words; nothing below two months, when there is nothing to compare."""
        mois = [
            f"{nom} {euros(sum(sommes))}" for nom, sommes in zip(MOIS, self.mois, strict=True) if any(sommes)
        ]
        return f"Aides par mois de début du séjour : {', '.join(mois)}." if len(mois) > 1 else ""

    @property
    def barres(self) -> list[dict]:
        """The twelve months, heights out of 100 of the highest one."""
        haut = max(verse + reste for verse, reste in self.mois) or 1
        return [
            {
                "x": 40 * rang,
                "nom": MOIS[rang][0].upper(),
                "verse": round(100 * verse / haut),
                "reste": round(100 * (verse + reste) / haut) - round(100 * verse / haut),
                "base": 100 - round(100 * verse / haut),
                "haut": 100 - round(100 * (verse + reste) / haut),
            }
            for rang, (verse, reste) in enumerate(self.mois)
        ]


def derniere_annee(compte: Compte) -> int | None:
    """Return the latest year of whose stays `compte` is owed or paid something."""
    return groupes_payables(compte).aggregate(annee=Max("sejour__annee"))["annee"]


def annee_du_prestataire(compte: Compte, annee: int) -> Annee:
    """Return what a provider's stays of `annee` bring in aids."""
    mois = [[Decimal(0), Decimal(0)] for _ in MOIS]
    ordre = (Etat.VERSE, Etat.EN_COURS, Etat.A_VERSER, Etat.REJETE, Etat.LITIGE)
    totaux = dict.fromkeys(ordre, Decimal(0))
    sommes = (
        Versement.objects.pour(compte)
        .filter(groupe__sejour__annee=annee)
        .values(
            rang=ExtractMonth("groupe__sejour__debut"),
            etat=Case(*(When(condition, then=Value(etat.value)) for etat, condition in CONDITIONS.items())),
        )
        .annotate(total=Sum("montant"))
        .order_by()
    )
    for ligne in sommes:
        etat = Etat(ligne["etat"])
        totaux[etat] += ligne["total"]
        mois[ligne["rang"] - 1][etat != Etat.VERSE] += ligne["total"]
    litiges = _en_litige().filter(
        validation__in=Groupe.objects.pour(compte).filter(sejour__annee=annee).values("pk")
    )
    totaux[Etat.LITIGE] = litiges.aggregate(total=Sum("inscription__aide"))["total"] or Decimal(0)
    return Annee(annee, totaux, [tuple(sommes) for sommes in mois])


def attend_un_iban(compte: Compte) -> bool:
    """Tell whether the provider that `compte` works for has not yet said where it is paid."""
    return compte.est_prestataire and not CoordonneesBancaires.objects.pour(compte).exists()


def a_confirmer(compte: Compte) -> Decimal | None:
    """Return the euros that the bank sent back to ANCV and that wait for `compte` to change or confirm its account."""
    renvoyes = Versement.objects.pour(compte).rejetes().filter(rejet__in=Rejet.objects.du_compte_actuel())
    return renvoyes.aggregate(total=Sum("montant"))["total"] if compte.est_prestataire else None


# --- ANCV: what the next batch will pay ---------------------------------------------------------------------


@dataclass(frozen=True)
class SommeDue:
    """What is due to a provider and stands in no batch: euros, since when, and where it would be paid."""

    prestataire: int
    nom: str
    convention: str
    groupes: int
    aides: int
    montant: Decimal
    depuis: date
    coordonnees: CoordonneesBancaires | None
    rejete: Decimal
    remarque: str

    @property
    def virable(self) -> Decimal:
        """The euros that a batch would take: nothing without IBAN, nor what came back from this very account."""
        return self.montant - self.rejete if self.coordonnees else Decimal(0)

    @property
    def compte(self) -> str:
        """The account, masked."""
        return str(self.coordonnees) if self.coordonnees else "sans IBAN"

    @property
    def detail(self) -> str:
        return f"{euros(self.montant)}, {quantite(self.aides, 'aide')}, {quantite(self.groupes, 'groupe')}"


def sommes_dues(*, le: date) -> list[SommeDue]:
    """Return what is due, by provider, those without bank details last; `remarque`: look at the account twice.

    `rejete`: the euros that the bank sent back from the account that the provider still names.
    """
    lignes = list(
        Versement.objects.a_verser()
        .values("prestataire", nom=F("prestataire__nom"), convention=F("prestataire__convention__numero"))
        .annotate(
            groupes=Count("groupe", distinct=True),
            aides=Count("pk"),
            montant=Sum("montant"),
            depuis=Min("du_le"),
        )
        .order_by("nom", "prestataire")
    )
    cles = [ligne["prestataire"] for ligne in lignes]
    connues = CoordonneesBancaires.objects.in_bulk(cles)
    payees = Virement.objects.filter(prestataire__in=cles, lot__paye_le__isnull=False).exclude(
        Exists(Rejet.objects.en_vigueur().filter(virement=OuterRef("pk")))
    )
    # An IBAN that is forgotten (X4) was that of now if nobody has changed it since.
    du_meme = Case(
        When(prestataire__coordonnees_bancaires__modifiees_le__lte=F("lot__cree_le"), then=True),
        default=False,
    )
    deja = set(payees.order_by().values_list("prestataire", "iban", du_meme).distinct())
    connus = {(cle, iban) for cle, iban, _ in deja} | {cle for cle, _, meme in deja if meme}
    rejetes = dict(
        Versement.objects.rejetes()
        .filter(rejet__in=Rejet.objects.du_compte_actuel())
        .order_by()
        .values_list("prestataire")
        .annotate(total=Sum("montant"))
    )
    confirmes = set(
        CoordonneesBancaires.objects.confirmees().filter(pk__in=cles).values_list("pk", flat=True)
    )
    dues = [
        SommeDue(
            **ligne,
            rejete=rejetes.get(ligne["prestataire"], Decimal(0)),
            coordonnees=connues.get(ligne["prestataire"]),
            remarque=_remarque(
                connues.get(ligne["prestataire"]), rejetes.get(ligne["prestataire"]), connus, confirmes, le
            ),
        )
        for ligne in lignes
    ]
    return sorted(dues, key=lambda somme: somme.coordonnees is None)


def _remarque(
    coordonnees: CoordonneesBancaires | None,
    rejete: Decimal | None,
    connus: set,
    confirmes: set[int],
    le: date,
) -> str:
    if coordonnees is None:
        return "IBAN à demander"
    if rejete:
        return f"{euros(rejete)} rejetés par la banque : le prestataire doit changer ou confirmer son IBAN"
    if le - localdate(coordonnees.modifiees_le) < IBAN_RECENT:
        verbe = "confirmé" if coordonnees.pk in confirmes else "changé"
        return f"IBAN {verbe} le {jour_mois_annee(coordonnees.modifiees_le)}"
    connu = not connus.isdisjoint({coordonnees.pk, (coordonnees.pk, coordonnees.iban)})
    return "" if connu else "Premier versement sur cet IBAN"
