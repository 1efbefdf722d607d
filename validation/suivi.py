"""Where the lists of past stays stand, for one side: what it must answer, what it waits for, what is over (V1-V6)."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import (
    DateField,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    TextChoices,
)
from django.db.models.functions import Cast, Coalesce

from conventions.models import Compte
from sejours.models import Groupe
from sev.socle.typographie import date_longue, quantite, restant
from validation.models import Presence
from validation.models.validations import Phase
from validation.regles import DELAI, echeance_du_prestataire, reste_apres_reponse


class Situation(TextChoices):
    """Whose turn it is, as a filter of the list; not stored."""

    A_TRAITER = "A_TRAITER", "À traiter par vous"
    ATTENTE = "ATTENTE", "En attente du porteur de projet"
    ANCV = "ANCV", "En attente de l'ANCV"
    TERMINES = "TERMINES", "Terminés"


# Groups whose window the clock has not opened yet count as opened (V1).
LIMITE = Coalesce(
    "validation__echeance_porteur",
    "validation__echeance_prestataire",
    Cast(
        ExpressionWrapper(F("sejour__fin") + timedelta(DELAI), output_field=DateTimeField()),
        output_field=DateField(),
    ),
)
EN_COURS = Q(validation__confirmee_le__isnull=True, validation__close_le__isnull=True)
QUI_COURT = EN_COURS & Q(validation__arretee_le__isnull=True)
AU_PORTEUR = Q(validation__validee_le__isnull=False)
LITIGE = Exists(Presence.objects.en_litige().filter(validation=OuterRef("pk")))


def phase_du_groupe(groupe: Groupe, *, le: date) -> tuple[Phase, date]:
    """Return where a group whose stay is over stands on `le`, and its last day, even if the clock has not yet run (V1).

    `groupe` has its stay loaded, and its validation if there is one.
    """
    validation = getattr(groupe, "validation", None)
    if validation is not None:
        return validation.phase(le), validation.echeance
    echeance = echeance_du_prestataire(groupe.sejour.fin)
    return (Phase.PRESTATAIRE if le <= echeance else Phase.DEPASSEE), echeance


def passes(compte: Compte, *, le: date) -> QuerySet:
    """Return the groups whose stay is over on `le` and that stand in the list of `compte`, `limite` annotated.

    A porteur's appear once the provider has validated (V2), or once ANCV has closed the file. A list without anybody
    is none, unless its window had opened before ANCV removed the last person.
    """
    groupes = Groupe.objects.pour(compte).filter(annule_le__isnull=True, sejour__fin__lt=le)
    groupes = groupes.filter(Q(inscrits__gt=0) | Q(validation__isnull=False))
    if compte.est_porteur:
        groupes = groupes.filter(AU_PORTEUR | Q(validation__close_le__isnull=False))
    return groupes.annotate(limite=LIMITE)


def situees(groupes: QuerySet, situation: Situation, *, compte: Compte, le: date) -> QuerySet:
    """Return those of `groupes` (see `passes`) that are in this situation for `compte` on `le`."""
    de_son_cote = AU_PORTEUR if compte.est_porteur else Q(validation__validee_le__isnull=True)
    match situation:
        case Situation.A_TRAITER:
            return groupes.filter(QUI_COURT & de_son_cote, solde_le__isnull=True, limite__gte=le)
        case Situation.ATTENTE:
            return groupes.filter(QUI_COURT & ~de_son_cote, solde_le__isnull=True, limite__gte=le)
        case Situation.ANCV:
            retenus = Q(validation__arretee_le__isnull=False) | Q(limite__lt=le)
            return groupes.filter(EN_COURS & retenus | LITIGE)
        case _:
            return groupes.exclude(EN_COURS).exclude(LITIGE)


def a_traiter(compte: Compte, *, le: date) -> QuerySet:
    """Return the groups whose list `compte` has to validate or to confirm on `le`."""
    return situees(passes(compte, le=le), Situation.A_TRAITER, compte=compte, le=le)


def avec_litiges(groupes: QuerySet) -> QuerySet:
    """Return the groups with all that a row shows, and `litiges`: how many people wait for ANCV's word (V6)."""
    litiges = Presence.objects.en_litige().combien()
    return groupes.complets().select_related("validation").annotate(litiges=litiges)


@dataclass(frozen=True)
class Suivi:
    """A list of a past stay as a row: `etat` and `ton` for the badge, `suite` for the deadline or what follows."""

    groupe: Groupe
    etat: str
    ton: str
    suite: str
    a_repondre: bool = False


def suivi(groupe: Groupe, *, compte: Compte, le: date, litiges: int = 0) -> Suivi:
    """Return the row of `groupe` (its stay and validation loaded) as `compte` reads it on `le`.

    `litiges`: the people about whom ANCV has not decided yet.
    """
    phase, echeance = phase_du_groupe(groupe, le=le)
    jusqu_au = f"jusqu'au {date_longue(echeance, le)} à minuit"
    if phase == (Phase.PORTEUR if compte.est_porteur else Phase.PRESTATAIRE):
        reste = (echeance - le).days
        suite = (
            f"{restant(reste)}, {jusqu_au}."
            if reste
            else f"Dernier jour, ce soir {date_longue(echeance, le)} à minuit."
        )
        etat = "À confirmer par vous" if compte.est_porteur else "À valider par vous"
        return Suivi(groupe, etat, "att", suite, a_repondre=True)
    match phase:
        case Phase.PRESTATAIRE:
            return Suivi(groupe, "En attente du prestataire", "info", f"Il peut valider {jusqu_au}.")
        case Phase.PORTEUR:
            return Suivi(groupe, "En attente du porteur", "info", f"Il peut confirmer {jusqu_au}.")
        case Phase.ARRETEE:
            suite = f"Délai arrêté. {reste_apres_reponse(groupe.validation.jours_restants)}"
            return Suivi(groupe, "Liste non conforme signalée", "att", suite)
        case Phase.DEPASSEE:
            passe = f"Depuis le {date_longue(echeance, le)} à minuit. L'ANCV a repris ce dossier."
            return Suivi(groupe, "Délai dépassé", "non", passe)
        case Phase.CLOSE:
            return Suivi(groupe, "Clos sans versement", "non", f"Motif : {groupe.validation.motif_cloture}")
    confirmee = f"Confirmé le {date_longue(groupe.validation.confirmee_le, le)}."
    if litiges:
        desaccords = quantite(litiges, "désaccord")
        return Suivi(groupe, "Désaccord", "att", f"{confirmee} {desaccords} : l'ANCV décidera.")
    return Suivi(groupe, "Terminé", "ok", confirmee)
