"""The deadlines of validations in the calendar of an organisation."""

from collections.abc import Iterator
from datetime import date

from django.urls import reverse

from conventions.models import Compte
from sejours.agenda import Evenement
from validation.models import Validation


def evenements(compte: Compte, *, le: date) -> Iterator[Evenement]:
    """Yield the last day of each window in which `compte` has to answer, as of `le`; one query."""
    a_repondre = Validation.objects.pour(compte).ouvertes(le=le).completes()
    verbe = "confirmer" if compte.est_porteur else "valider"
    for validation in a_repondre.filter(validee_le__isnull=compte.est_prestataire).order_by("pk"):
        groupe, equipement = validation.groupe, validation.groupe.sejour.offre.equipement
        qui = groupe.porteur.nom if compte.est_prestataire else equipement.nom
        yield Evenement(
            cle=f"validation-{groupe.pk}",
            debut=validation.echeance,
            fin=validation.echeance,
            titre=f"Liste à {verbe} avant minuit : {qui}, groupe n° {groupe.pk}",
            lieu=f"{equipement.nom}, {equipement.code_postal} {equipement.ville}",
            chemin=reverse("validation-groupe", args=[groupe.pk]),
            change_le=validation.validee_le or validation.ouverte_le,
        )
