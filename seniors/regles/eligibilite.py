"""The decision about one person on one list (I4-I10): the same before saving, in the list, on paper and by mail.

`decider` is pure: it is given what is known, and answers an amount or a reason, with the conditions it looked at.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sev.socle.typographie import date_lettres, de, euros

AGE = 60
AGE_HANDICAPE = 55

AIDE, CONJOINT, PROGRAMME, AIDANT = "AIDE", "CONJOINT", "PROGRAMME", "AIDANT"


@dataclass(frozen=True)
class Lien:
    """The person on the same list whom a spouse or a carer comes with; `en_retour` when that one cares for them."""

    nom: str
    eligibilite: str
    handicape: bool
    dependant: bool
    aidants_aides: int = 0
    en_retour: bool = False


@dataclass(frozen=True)
class Dossier:
    """All that the decision needs. Dates are calendar days, amounts euros; None means not answered or not known."""

    debut: date
    prix: Decimal
    montant_aide: Decimal | None
    date_naissance: date | None = None
    eligibilite: str = ""
    nature_aidant: str = ""
    handicape: bool = False
    dependant: bool = False
    rfr: Decimal | None = None
    rfr_zero_confirme: bool = False
    revenu_imposable: Decimal | None = None
    plafond: Decimal | None = None
    lien: Lien | None = None
    deja_aide: bool = False
    disponible: Decimal | None = None
    aidants_aides_par_personne: int = 1
    derogation: bool = False

    @property
    def annee(self) -> int:
        """The year of a stay is that of its first day (P4)."""
        return self.debut.year


@dataclass(frozen=True)
class Condition:
    """One thing the decision looked at. `ok` is True, False, or None when it neither helps nor hinders."""

    ok: bool | None
    texte: str


@dataclass(frozen=True)
class Obstacle:
    """What makes the registration impossible, at the form field it is about."""

    champ: str
    message: str


REVENU_NUL = Obstacle("rfr", "Revenu de 0 € : est-ce exact ? Confirmez, ou corrigez le montant.")


@dataclass(frozen=True)
class Decision:
    """Either `obstacles` (the list can't take the person so), or `aide`, or `motif` (`Inscription.SansAide`)."""

    aide: Decimal | None = None
    motif: str = ""
    conditions: tuple[Condition, ...] = ()
    obstacles: tuple[Obstacle, ...] = field(default=())


def age_au(naissance: date, jour: date) -> int:
    """Return the age in whole years on `jour`; one born on 29 February has a birthday on 1 March in common years."""
    return jour.year - naissance.year - ((jour.month, jour.day) < (naissance.month, naissance.day))


def anniversaire(naissance: date, age: int) -> date:
    """Return the day on which someone born on `naissance` reaches `age` years."""
    try:
        return naissance.replace(year=naissance.year + age)
    except ValueError:
        return date(naissance.year + age, 3, 1)


def age_requis(eligibilite: str, *, handicape: bool) -> int | None:
    """Return the age asked for at departure (I5), None where none is."""
    if eligibilite in (CONJOINT, AIDANT):
        return None
    return AGE_HANDICAPE if handicape else AGE


def decider(dossier: Dossier) -> Decision:
    """Say whether the person may be on the list, and aided, else the first reason why not (I4-I9, C7)."""
    obstacles: list[Obstacle] = []
    conditions: list[Condition] = []
    for regle in (_age, _lien, _revenu):
        regle(dossier, conditions, obstacles)
    if obstacles:
        return Decision(conditions=tuple(conditions), obstacles=tuple(obstacles))
    motif = _motif_sans_aide(dossier, conditions)
    aide = None if motif else dossier.montant_aide
    return Decision(aide=aide, motif=motif, conditions=tuple(conditions))


def _age(dossier: Dossier, conditions: list, obstacles: list) -> None:
    if dossier.eligibilite == CONJOINT:
        nom = dossier.lien.nom if dossier.lien else "la personne choisie"
        conditions.append(Condition(True, f"Conjoint {de(nom)}, « A l'aide » : l'âge n'est pas demandé"))
        return
    if dossier.eligibilite == AIDANT:
        conditions.append(Condition(True, "Aidant : ni âge ni revenu ne sont demandés"))
        return
    age = age_au(dossier.date_naissance, dossier.debut)
    requis = age_requis(dossier.eligibilite, handicape=dossier.handicape)
    if age >= requis:
        conditions.append(Condition(True, f"{age} ans au départ ({requis} demandés)"))
        return
    message = (
        f"{age} ans au départ. {requis} ans le {date_lettres(anniversaire(dossier.date_naissance, requis))}."
    )
    if not dossier.handicape:
        message += " Si la personne est handicapée, cochez « Handicapé » : l'âge demandé devient 55 ans."
    conditions.append(Condition(False, message))
    obstacles.append(Obstacle("date_naissance", message))


def _lien(dossier: Dossier, conditions: list, obstacles: list) -> None:
    if dossier.eligibilite == CONJOINT and (dossier.lien is None or dossier.lien.eligibilite != AIDE):
        message = "Indiquez le conjoint inscrit sur cette liste, « A l'aide »"
        obstacles.append(Obstacle("senior_lie", message))
    elif dossier.eligibilite == AIDANT and dossier.lien is None:
        message = "Inscrivez d'abord la personne accompagnée, en cochant « Handicapé » ou « Dépendant »."
        obstacles.append(Obstacle("senior_lie", message))
    elif dossier.eligibilite == AIDANT and not (dossier.lien.handicape or dossier.lien.dependant):
        message = f"{dossier.lien.nom} n'est ni « Handicapé » ni « Dépendant » : corrigez d'abord sa fiche."
        obstacles.append(Obstacle("senior_lie", message))
    elif dossier.eligibilite == AIDANT and dossier.lien.en_retour:
        message = f"{dossier.lien.nom} est déjà inscrit pour accompagner cette personne."
        obstacles.append(Obstacle("senior_lie", message))
    elif dossier.eligibilite == AIDANT:
        conditions.append(Condition(True, f"Accompagne {dossier.lien.nom}"))
        return
    else:
        return
    conditions.append(Condition(False, message))


def _revenu(dossier: Dossier, conditions: list, obstacles: list) -> None:
    if dossier.eligibilite == AIDANT and dossier.nature_aidant == "FAMILIAL":
        return
    if dossier.rfr is None:
        message = "Écrivez le revenu fiscal de référence (ligne 25 de l'avis d'imposition)"
        if dossier.eligibilite == PROGRAMME:
            message += ", ou 0 si la personne ne souhaite pas le donner"
        obstacles.append(Obstacle("rfr", message))
    elif dossier.eligibilite == AIDE and dossier.rfr == 0 and not dossier.rfr_zero_confirme:
        message = REVENU_NUL.message
        obstacles.append(REVENU_NUL)
    else:
        return
    conditions.append(Condition(False, message))


def _motif_sans_aide(dossier: Dossier, conditions: list) -> str:
    """Return the first reason for no aid, '' when the aid is granted; tell the conditions met on the way."""
    if dossier.eligibilite == PROGRAMME:
        conditions.append(Condition(None, "« Au programme » : part au tarif du programme, sans aide"))
        return "PROGRAMME"
    if _au_dessus_du_plafond(dossier):
        texte = f"Revenu imposable de {euros(dossier.revenu_imposable)}, plafond de {euros(dossier.plafond)}"
        conditions.append(Condition(False, texte))
        return "PLAFOND"
    if dossier.eligibilite == AIDANT and dossier.lien.aidants_aides >= dossier.aidants_aides_par_personne:
        conditions.append(Condition(False, f"Un aidant {de(dossier.lien.nom)} est déjà aidé"))
        return "AIDANT_EN_PLUS"
    if dossier.deja_aide:
        conditions.append(Condition(False, f"Déjà aidé en {dossier.annee} sur un autre séjour"))
        return "DEJA_AIDE"
    conditions.append(Condition(True, f"Première aide de l'année {dossier.annee}"))
    return _motif_de_credit(dossier, conditions)


def _au_dessus_du_plafond(dossier: Dossier) -> bool:
    if (
        dossier.eligibilite != AIDE
        or dossier.derogation
        or None in (dossier.revenu_imposable, dossier.plafond)
    ):
        return False
    return dossier.revenu_imposable > dossier.plafond


def _motif_de_credit(dossier: Dossier, conditions: list) -> str:
    if dossier.disponible is None or dossier.montant_aide is None:
        conditions.append(Condition(False, f"Pas encore de dotation {dossier.annee}"))
        return "SANS_DOTATION"
    if dossier.disponible < dossier.montant_aide:
        conditions.append(Condition(False, credits_insuffisants(dossier.disponible, dossier.montant_aide)))
        return "CREDITS_EPUISES"
    reste = dossier.disponible - dossier.montant_aide
    texte = f"Crédits : {euros(dossier.disponible)} disponibles, il en restera {euros(reste)}"
    conditions.append(Condition(True, texte))
    return ""


def credits_insuffisants(disponible: Decimal, montant: Decimal) -> str:
    """Say how much is left when it is less than one aid (C7)."""
    if disponible > 0:
        return f"Crédits : il reste {euros(disponible)}, il en faut {euros(montant)}"
    return "Crédits épuisés"
