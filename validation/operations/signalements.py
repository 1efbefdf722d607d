"""« Liste non conforme » (V5): reporting people who travelled and are missing, withdrawing it, ANCV's answer.

The group's row is the lock. Lock order: groupe, sejour, senior, credit.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from conventions.models import Compte, Programme
from sejours.models import Groupe
from seniors.models import Senior
from seniors.models.seniors import Identite
from seniors.operations.amendements import ajouter
from seniors.operations.fiches import Fiche
from sev.socle.courriels import deposer
from sev.socle.journal import acte
from sev.socle.typographie import date_complete, quantite
from validation import courriels
from validation.models import PersonneSignalee, Piece, Signalement, Validation
from validation.operations.pieces import PieceGardee, effacer_signalements, encore_libres
from validation.operations.validations import (
    ValidationRefusee,
    motif_de_l_ancv,
    validation_du_groupe,
    verifier_ouverte,
    verrouiller,
)
from validation.regles import echeance_du_prestataire

PERSONNES_MAX = 10


class SignalementRefuse(ValidationRefusee):
    """The list can't be reported, or the report not answered or withdrawn, now; the message says why."""


@dataclass(frozen=True)
class PersonneManquante:
    """Somebody who travelled and is not on the list, as the reporting side knows them."""

    nom: str
    prenom: str
    date_naissance: date
    ville_naissance: str
    precisions: str = ""


@transaction.atomic
def signaler(
    *,
    groupe: Groupe,
    personnes: list[PersonneManquante],
    pieces: list[PieceGardee],
    message: str,
    par: Compte,
    le: date,
    maintenant: datetime,
) -> Signalement:
    """Report a list as incomplete and stop the clock of its window (V5); the days left on `le` are kept.

    `pieces` are those that `mettre_de_cote` keeps already. By the side whose window it is. Locks the group; mails both
    sides and ANCV. Raises SignalementRefuse, or ValidationRefusee (DelaiDepasse) when nobody may act now.
    """
    with acte("liste non conforme signalée", par=par):
        groupe = verrouiller(groupe)
        validation = validation_du_groupe(groupe=groupe, le=le, maintenant=maintenant)
        verifier_signalable(validation=validation, par=par, le=le)
        pieces = encore_libres(pieces)
        if not personnes or not pieces:
            raise SignalementRefuse("Indiquez au moins une personne, et joignez au moins une pièce.")
        _verifier_absentes(groupe, personnes)
        signalement = Signalement.objects.create(
            validation=validation, cote=par.nature, auteur=par, message=message, fait_le=maintenant
        )
        PersonneSignalee.objects.bulk_create(
            PersonneSignalee(signalement=signalement, **asdict(personne)) for personne in personnes
        )
        Piece.objects.bulk_create(
            Piece(
                signalement=signalement,
                nom=piece.nom,
                type=piece.type,
                taille=piece.taille,
                fichier=piece.chemin,
                deposee_le=maintenant,
            )
            for piece in pieces
        )
        validation.arretee_le, validation.jours_restants = le, (validation.echeance - le).days
        validation.save(update_fields=["arretee_le", "jours_restants"])
    lettres = courriels.composees(courriels.signalee(signalement))
    programme = Programme.objects.filter(annee=groupe.sejour.annee).first()
    if programme is not None:
        lettres.append(
            courriels.signalee_a_l_ancv(
                signalement, personnes=len(personnes), pieces=len(pieces), adresse=programme.contact_email
            )
        )
    deposer(lettres)
    return signalement


@transaction.atomic
def annuler(*, signalement: Signalement, par: Compte, le: date, maintenant: datetime) -> Validation:
    """Withdraw a report that ANCV has not begun to answer: the window resumes, the papers are destroyed (V5).

    Once for each side and list, or a side could stop the clock as often as it likes. Locks the group; mails both
    sides. Raises SignalementRefuse.
    """
    with acte("signalement annulé", par=par):
        signalement = _en_attente(signalement)
        if any(personne.traitee for personne in signalement.personnes.all()):
            raise SignalementRefuse("L'ANCV a commencé à répondre : ce signalement ne s'annule plus.")
        if not signalement.annulable:
            raise SignalementRefuse(
                "Vous avez déjà annulé un signalement de cette liste : celui-ci attend la réponse de l'ANCV. "
                "S'il ne manque finalement personne, prévenez-la : elle répondra, et le délai reprendra."
            )
        signalement.annule_le = maintenant
        signalement.save(update_fields=["annule_le"])
        validation = _reprendre(signalement.validation, le=le)
        effacer_signalements(signalements=[signalement.pk], maintenant=maintenant)
    deposer(courriels.composees(courriels.signalement_annule(signalement)))
    return validation


@transaction.atomic
def ajouter_personne(
    *,
    personne: PersonneSignalee,
    identite: Identite,
    fiche: Fiche,
    motif: str,
    par: Compte,
    le: date,
    maintenant: datetime,
    derogation: bool = False,
    jeton: UUID | None = None,
) -> PersonneSignalee:
    """Put a reported person on the list by ANCV's own rules (I15), and say so on the report. ANCV only.

    Parameters as for `seniors.operations.amendements.ajouter`, which locks and mails. Raises SignalementRefuse, or
    InscriptionRefusee.
    """
    with acte("personne signalée ajoutée", par=par, motif=motif):
        personne = _a_traiter(personne)
        personne.inscription = ajouter(
            groupe=personne.signalement.validation.groupe,
            identite=identite,
            fiche=fiche,
            motif=motif,
            par=par,
            le=le,
            maintenant=maintenant,
            derogation=derogation,
            jeton=jeton,
        )
        personne.save(update_fields=["inscription"])
    return personne


@transaction.atomic
def refuser_personne(*, personne: PersonneSignalee, motif: str, par: Compte, le: date) -> PersonneSignalee:
    """Say why a reported person is not added; the side that reported reads it. ANCV only. Locks the group.

    Raises SignalementRefuse, ValidationRefusee at `motif` without a reason.
    """
    motif = motif_de_l_ancv(motif)
    with acte("personne signalée refusée", par=par, motif=motif):
        personne = _a_traiter(personne)
        personne.refus = motif
        personne.save(update_fields=["refus"])
    return personne


@transaction.atomic
def repondre(
    *, signalement: Signalement, reponse: str, par: Compte, le: date, maintenant: datetime
) -> Validation:
    """Answer a report once each person is added or refused: the window resumes with the days that were left (V5).

    Its new last day is `le` and these days. ANCV only. Locks the group; mails both sides. Raises SignalementRefuse.
    """
    with acte("signalement traité", par=par):
        signalement = _en_attente(signalement)
        personnes = list(signalement.personnes.all())
        restent = [personne for personne in personnes if not personne.traitee]
        if restent:
            raise SignalementRefuse(
                f"Ajoutez ou refusez d'abord {quantite(len(restent), 'personne')} : "
                f"{', '.join(map(str, restent))}."
            )
        signalement.repondu_le, signalement.repondu_par = maintenant, par
        signalement.reponse = reponse.strip()
        signalement.save(update_fields=["repondu_le", "repondu_par", "reponse"])
        validation = _reprendre(signalement.validation, le=le)
    refusees = sum(1 for personne in personnes if personne.refus)
    deposer(
        courriels.composees(
            courriels.signalement_repondu(signalement, ajoutees=len(personnes) - refusees, refusees=refusees)
        )
    )
    return validation


@transaction.atomic(savepoint=False)
def verifier_signalable(*, validation: Validation, par: Compte, le: date) -> None:
    """Raise ValidationRefusee unless `par` stands on the side whose window is open on `le`."""
    if par.est_porteur and validation.validee_le is None:
        raise SignalementRefuse(
            "Le prestataire n'a pas encore validé la liste : contactez-le afin qu'il le fasse."
        )
    verifier_ouverte(validation=validation, par=par, le=le)
    if par.est_prestataire and validation.validee_le is not None:
        raise SignalementRefuse(
            "Vous avez déjà validé la liste. S'il manque quelqu'un, le porteur de projet peut le signaler."
        )


@transaction.atomic(savepoint=False)
def empechement(*, groupe: Groupe, par: Compte, le: date) -> str:
    """Return why `par` can't report this list on `le`, "" when nothing is against it. Locks nothing, writes nothing."""
    validation = Validation.objects.filter(groupe=groupe).first()
    if groupe.annule_le is not None:
        return "Ce groupe est annulé : il n'y a rien à signaler."
    if le <= groupe.sejour.fin:
        return f"Ce séjour n'est pas terminé : il finit le {date_complete(groupe.sejour.fin)}."
    if validation is None and groupe.inscrits == 0:
        return "Personne n'était inscrit sur cette liste : écrivez à l'ANCV."
    validation = validation or Validation(
        groupe=groupe, echeance_prestataire=echeance_du_prestataire(groupe.sejour.fin)
    )
    try:
        with transaction.atomic():
            verifier_signalable(validation=validation, par=par, le=le)
    except ValidationRefusee as refus:
        return refus.message
    return ""


# --- Steps ------------------------------------------------------------------------------------------------


def _verifier_absentes(groupe: Groupe, personnes: list[PersonneManquante]) -> None:
    """Raise SignalementRefuse when somebody said to be missing stands on the list."""
    for personne in personnes:
        identite = Identite(
            nom=personne.nom,
            prenom=personne.prenom,
            date_naissance=personne.date_naissance,
            ville_naissance=personne.ville_naissance,
        )
        if (
            groupe.inscriptions.presentes()
            .filter(senior__in=Senior.objects.de_meme_identite(identite))
            .exists()
        ):
            raise SignalementRefuse(f"{personne.prenom} {personne.nom} est déjà sur la liste.")


def _en_attente(signalement: Signalement) -> Signalement:
    """Lock the group of a report and return it, fresh. Raises SignalementRefuse when it waits no more."""
    groupe = verrouiller(signalement.validation.groupe)
    signalement = Signalement.objects.select_related("validation", "auteur__organisme").get(pk=signalement.pk)
    signalement.validation.groupe = groupe
    if signalement.repondu_le is not None:
        raise SignalementRefuse("L'ANCV a déjà répondu à ce signalement.")
    if signalement.annule_le is not None:
        raise SignalementRefuse("Ce signalement a été annulé par ceux qui l'avaient fait.")
    return signalement


def _a_traiter(personne: PersonneSignalee) -> PersonneSignalee:
    """Lock the group of a reported person and return them, fresh. Raises SignalementRefuse when it is decided."""
    signalement = _en_attente(personne.signalement)
    personne = signalement.personnes.get(pk=personne.pk)
    personne.signalement = signalement
    if personne.traitee:
        raise SignalementRefuse(f"{personne} : c'est déjà décidé. Un collègue vient peut-être de le faire.")
    return personne


def _reprendre(validation: Validation, *, le: date) -> Validation:
    """Start the clock again with the days that were left when it was stopped."""
    champ = "echeance_porteur" if validation.validee_le else "echeance_prestataire"
    setattr(validation, champ, le + timedelta(validation.jours_restants))
    validation.arretee_le = validation.jours_restants = None
    validation.save(update_fields=[champ, "arretee_le", "jours_restants"])
    return validation
