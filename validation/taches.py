"""What is to do after a stay, for the home pages: validate, confirm; and, for a provider, say where it is paid."""

from datetime import date
from decimal import Decimal

from django.db.models import Sum
from django.urls import reverse

from conventions.models import Compte
from sejours.models import Groupe
from sejours.taches import Tache
from sev.socle.typographie import date_complete, date_longue, euros, periode, quantite
from validation.models import Versement
from validation.suivi import a_traiter
from validation.versements import a_confirmer, attend_un_iban


def du_porteur(compte: Compte, *, le: date) -> list[Tache]:
    """Return the lists that `compte` has to confirm (V2)."""
    return _taches(compte, le=le)


def du_prestataire(compte: Compte, *, le: date) -> list[Tache]:
    """Return the lists that `compte` has to validate (V1), and the IBAN that sums due to it wait for (V8)."""
    return _taches(compte, le=le) + _iban_attendu(compte) + _iban_a_verifier(compte)


def _taches(compte: Compte, *, le: date) -> list[Tache]:
    groupes = (
        a_traiter(compte, le=le)
        .complets()
        .select_related("validation__validee_par")
        .annotate(enjeu=Sum("inscriptions__aide"))
        .order_by("pk")
    )
    return [_tache(groupe, compte, groupe.limite, le) for groupe in groupes]


def _iban_attendu(compte: Compte) -> list[Tache]:
    if not attend_un_iban(compte):
        return []
    du = Versement.objects.pour(compte).a_verser().aggregate(total=Sum("montant"))["total"]
    if not du:
        return []
    return [
        Tache(
            titre=f"{euros(du)} vous attendent",
            haut="Versement",
            mot=euros(du),
            texte="Indiquez l'IBAN sur lequel l'ANCV vous verse les aides.",
            url=reverse("coordonnees-bancaires" if compte.peut_ecrire else "versements"),
            bouton="Indiquer l'IBAN" if compte.peut_ecrire else "Voir les versements",
            principal=compte.peut_ecrire,
            enjeu=du,
        )
    ]


def _iban_a_verifier(compte: Compte) -> list[Tache]:
    somme = a_confirmer(compte)
    if not somme:
        return []
    return [
        Tache(
            titre="Un virement a été rejeté par la banque",
            haut="Versement",
            mot=euros(somme),
            texte=f"Vérifiez votre IBAN : {euros(somme)} d'aides vous attendent.",
            url=reverse("coordonnees-bancaires" if compte.peut_ecrire else "versements"),
            bouton="Vérifier l'IBAN" if compte.peut_ecrire else "Voir les versements",
            principal=compte.peut_ecrire,
            enjeu=somme,
        )
    ]


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
        texte=f"{_valide_par(groupe)} le {date_complete(groupe.validation.validee_le)}."
        if compte.est_porteur
        else "Décochez les personnes absentes, puis validez.",
        contexte=f"Séjour {periode(sejour.debut, sejour.fin, le)}, groupe n° {groupe.pk}, "
        f"{quantite(groupe.inscrits, 'inscrit')}.",
        url=reverse("validation-groupe", args=[groupe.pk]),
        bouton=f"{verbe.capitalize()} la liste" if compte.peut_ecrire else "Voir la liste",
        cache=f"du groupe n° {groupe.pk}",
        principal=compte.peut_ecrire,
        enjeu=groupe.enjeu or Decimal(0),
        apres_sejour=True,
    )


def _valide_par(groupe: Groupe) -> str:
    if groupe.validation.validee_par.is_staff:
        return "L'ANCV a validé la liste à la place du prestataire"
    return "Le prestataire a validé sa liste"
