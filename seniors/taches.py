"""What is to do about registrations, for the home pages: those who wait for credit (C7-C9)."""

from datetime import date
from decimal import Decimal

from django.db.models import Count, Q
from django.urls import reverse

from conventions.models import Compte
from sejours.models import Groupe
from sejours.taches import Tache
from seniors.models import Inscription
from sev.socle.typographie import euros, quantite


def du_porteur(compte: Compte, *, le: date) -> list[Tache]:
    """Return one task for each year in which people on lists still open wait for credit."""
    attendent = Count("inscriptions", filter=Q(inscriptions__motif_sans_aide__in=Inscription.MOTIFS_DE_FILE))
    groupes = (
        Groupe.objects.pour(compte)
        .modifiables(le=le)
        .select_related("sejour")
        .tarifes()
        .annotate(attendent=attendent)
        .filter(attendent__gt=0)
    )
    par_annee: dict[int, list[Groupe]] = {}
    for groupe in groupes:
        par_annee.setdefault(groupe.sejour.annee, []).append(groupe)
    return [_attente(annee, par_annee[annee], le) for annee in sorted(par_annee)]


def _attente(annee: int, groupes: list[Groupe], le: date) -> Tache:
    combien = sum(g.attendent for g in groupes)
    precision = "" if annee == le.year else f" pour {annee}"
    un_seul = len(groupes) == 1
    return Tache(
        titre=f"{quantite(combien, 'personne')} {_accorde(combien, 'attend', 'attendent')} une aide{precision}",
        haut="Crédits",
        mot=euros(groupes[0].credit_disponible or Decimal(0)),
        texte=_explication(annee, groupes, combien),
        url=reverse("groupe", args=[groupes[0].pk]) if un_seul else f"{reverse('groupes')}?annee={annee}",
        bouton="Voir la liste" if un_seul else "Voir les groupes",
        cache="où des personnes attendent une aide",
    )


def _explication(annee: int, groupes: list[Groupe], combien: int) -> str:
    disponible = groupes[0].credit_disponible
    aides = [g.aide_du_tarif for g in groupes if g.aide_du_tarif]
    if disponible is None or not aides:
        seront = _accorde(combien, "Elle sera aidée", "Elles seront aidées")
        return f"Pas encore de dotation {annee}. {seront} dès qu'elle arrive, dans l'ordre des inscriptions."
    if disponible >= min(aides):
        return "Du crédit est revenu. Il est donné en quelques minutes, dans l'ordre des inscriptions."
    manque = sum(g.attendent * (g.aide_du_tarif or Decimal(0)) for g in groupes) - disponible
    reste = (
        f"Il reste {euros(disponible)} : ce n'est pas assez pour une aide de {euros(min(aides))}."
        if disponible
        else f"Les crédits {annee} sont épuisés."
    )
    return f"{reste} Avec {euros(manque)} de plus, {_seraient_aidees(combien)}."


def _seraient_aidees(combien: int) -> str:
    if combien == 1:
        return "elle serait aidée"
    return f"elles seraient aidées toutes{' les deux' if combien == 2 else ''}"


def _accorde(combien: int, singulier: str, pluriel: str) -> str:
    return singulier if combien < 2 else pluriel
