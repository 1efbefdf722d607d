"""What is to do about registrations, for the home pages: those who wait for credit (C7-C9)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Q
from django.urls import reverse

from conventions.models import Compte, DemandeComplement
from sejours.models import Groupe
from sejours.taches import Tache
from seniors.models import Inscription
from sev.socle.typographie import euros, quantite


@dataclass(frozen=True)
class Attente:
    """Those of a year who wait for credit: how many, what is free, what aiding them all lacks, in words and euros."""

    annee: int
    combien: int
    disponible: Decimal | None
    manque: Decimal
    titre: str
    texte: str


def attentes(compte: Compte, *, le: date) -> dict[int, Attente]:
    """Return, by year, those whom a complement would aid (C9): on lists open, or closed with their stay not over."""
    groupes = Groupe.objects.pour(compte).filter(
        annule_le__isnull=True, solde_le__isnull=True, sejour__fin__gte=le
    )
    return {annee: _attente_de(annee, ceux, le) for annee, ceux in _par_annee(groupes).items()}


def du_porteur(compte: Compte, *, le: date) -> list[Tache]:
    """Return one task for each year in which people on lists still open wait for credit."""
    par_annee = _par_annee(Groupe.objects.pour(compte).modifiables(le=le))
    demandes = {}
    if par_annee:
        demandes = {d.annee: d for d in DemandeComplement.objects.pour(compte).en_attente()}
    return [_tache(annee, groupes, demandes.get(annee), compte, le) for annee, groupes in par_annee.items()]


def _par_annee(groupes) -> dict[int, list[Groupe]]:
    """Return the groups in which somebody waits, by year of the stay, with their tariff and credit."""
    attendent = Count("inscriptions", filter=Q(inscriptions__motif_sans_aide__in=Inscription.MOTIFS_DE_FILE))
    par_annee: dict[int, list[Groupe]] = {}
    groupes = groupes.select_related("sejour").tarifes().annotate(attendent=attendent).filter(attendent__gt=0)
    for groupe in groupes.order_by("sejour__annee", "dernier_jour", "pk"):
        par_annee.setdefault(groupe.sejour.annee, []).append(groupe)
    return par_annee


def _attente_de(annee: int, groupes: list[Groupe], le: date) -> Attente:
    combien = sum(g.attendent for g in groupes)
    precision = "" if annee == le.year else f" pour {annee}"
    return Attente(
        annee=annee,
        combien=combien,
        disponible=groupes[0].credit_disponible,
        manque=max(_besoin(groupes) - (groupes[0].credit_disponible or Decimal(0)), Decimal(0)),
        titre=f"{quantite(combien, 'personne')} {_accorde(combien, 'attend', 'attendent')} une aide{precision}",
        texte=_explication(annee, groupes, combien),
    )


def _tache(
    annee: int, groupes: list[Groupe], demande: DemandeComplement | None, compte: Compte, le: date
) -> Tache:
    attente = _attente_de(annee, groupes, le)
    tache = {
        "titre": attente.titre,
        "haut": "Crédits",
        "mot": euros(attente.disponible or Decimal(0)),
        "texte": attente.texte,
    }
    if demande:
        fait = f"Vous avez demandé {euros(demande.montant)} à l'ANCV, qui n'a pas encore répondu."
        return Tache(**tache | {"texte": fait}, url=reverse("credits"), bouton="Voir mes crédits")
    if compte.peut_ecrire and _insuffisant(groupes):
        url = reverse("complement-demander", args=[annee])
        return Tache(
            **tache, url=url, bouton="Demander un complément", cache=f"de crédits {annee}", principal=True
        )
    un_seul = len(groupes) == 1
    return Tache(
        **tache,
        url=reverse("groupe", args=[groupes[0].pk]) if un_seul else f"{reverse('groupes')}?annee={annee}",
        bouton="Voir la liste" if un_seul else "Voir les groupes",
        cache="où des personnes attendent une aide",
    )


def _explication(annee: int, groupes: list[Groupe], combien: int) -> str:
    disponible = groupes[0].credit_disponible
    aides = _aides(groupes)
    if disponible is None or not aides:
        seront = _accorde(combien, "Elle sera aidée", "Elles seront aidées")
        return f"Pas encore de dotation {annee}. {seront} dès qu'elle arrive, dans l'ordre des inscriptions."
    if disponible >= min(aides):
        return "Du crédit est revenu. Il est donné en quelques minutes, dans l'ordre des inscriptions."
    manque = _besoin(groupes) - disponible
    reste = (
        f"Il reste {euros(disponible)} : ce n'est pas assez pour une aide de {euros(min(aides))}."
        if disponible
        else f"Les crédits {annee} sont épuisés."
    )
    return f"{reste} Avec {euros(manque)} de plus, {_seraient_aidees(combien)}."


def _aides(groupes: list[Groupe]) -> list[Decimal]:
    return [g.aide_du_tarif for g in groupes if g.aide_du_tarif]


def _besoin(groupes: list[Groupe]) -> Decimal:
    """Return what aiding all those who wait costs, in euros."""
    return sum((g.attendent * (g.aide_du_tarif or Decimal(0)) for g in groupes), Decimal(0))


def _insuffisant(groupes: list[Groupe]) -> bool:
    """Tell whether the year has a credit, of which less is free than one aid."""
    disponible, aides = groupes[0].credit_disponible, _aides(groupes)
    return disponible is not None and bool(aides) and disponible < min(aides)


def _seraient_aidees(combien: int) -> str:
    if combien == 1:
        return "elle serait aidée"
    return f"elles seraient aidées toutes{' les deux' if combien == 2 else ''}"


def _accorde(combien: int, singulier: str, pluriel: str) -> str:
    return singulier if combien < 2 else pluriel
