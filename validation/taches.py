"""What is to do after a stay, for the home pages: validate, confirm; and, for a provider, say where it is paid."""

from datetime import date
from decimal import Decimal

from django.db.models import Sum
from django.urls import reverse

from conventions.models import Compte
from sejours.models import Groupe
from sejours.taches import Tache
from sev.socle.typographie import date_complete, date_longue, periode
from validation.models.validations import Phase
from validation.regles import echeance_du_prestataire


def phase_du_groupe(groupe: Groupe, *, le: date) -> tuple[Phase, date]:
    """Return where a group whose stay is over stands on `le`, and its last day, even if the clock has not yet run (V1).

    `groupe` has its stay loaded, and its validation if there is one.
    """
    validation = getattr(groupe, "validation", None)
    if validation is not None:
        return validation.phase(le), validation.echeance
    echeance = echeance_du_prestataire(groupe.sejour.fin)
    return (Phase.PRESTATAIRE if le <= echeance else Phase.DEPASSEE), echeance


def du_porteur(compte: Compte, *, le: date) -> list[Tache]:
    """Return the lists that `compte` has to confirm (V2)."""
    return _taches(compte, Phase.PORTEUR, le=le)


def du_prestataire(compte: Compte, *, le: date) -> list[Tache]:
    """Return the lists that `compte` has to validate (V1)."""
    return _taches(compte, Phase.PRESTATAIRE, le=le)


def _taches(compte: Compte, attendue: Phase, *, le: date) -> list[Tache]:
    groupes = (
        Groupe.objects.pour(compte)
        .passes(le=le)
        .filter(inscrits__gt=0)
        .complets()
        .select_related("validation")
        .annotate(enjeu=Sum("inscriptions__aide"))
        .order_by("pk")
    )
    situees = [(groupe, *phase_du_groupe(groupe, le=le)) for groupe in groupes]
    return [_tache(groupe, compte, echeance, le) for groupe, phase, echeance in situees if phase == attendue]


def _tache(groupe: Groupe, compte: Compte, echeance: date, le: date) -> Tache:
    equipement, sejour = groupe.sejour.offre.equipement, groupe.sejour
    verbe, question = (
        ("confirmer", "Qui est vraiment parti") if compte.est_porteur else ("valider", "Qui est venu")
    )
    n = (echeance - le).days
    quand = f"jusqu'au {date_longue(echeance, le)} à minuit" if n else "dernier jour, ce soir à minuit"
    lieu = (
        f"{equipement.nom}, {equipement.ville}"
        if compte.est_porteur
        else f"{groupe.porteur.nom}, {equipement.nom}"
    )
    return Tache(
        titre=f"{question} ? {lieu}",
        n=n,
        echeance=f"À {verbe} {quand}.",
        texte=f"Le prestataire a validé sa liste le {date_complete(groupe.validation.validee_le)}."
        if compte.est_porteur
        else "Décochez les personnes absentes, puis validez.",
        contexte=f"Séjour {periode(sejour.debut, sejour.fin, le)}, groupe n° {groupe.pk}, {groupe.inscrits} inscrits.",
        url=reverse("validation-groupe", args=[groupe.pk]),
        bouton=f"{verbe.capitalize()} la liste" if compte.peut_ecrire else "Voir la liste",
        cache=f"du groupe n° {groupe.pk}",
        principal=compte.peut_ecrire,
        enjeu=groupe.enjeu or Decimal(0),
        apres_sejour=True,
    )
