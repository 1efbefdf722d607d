"""Moving a stay to other dates (S8): lock, tariff, ages, once-a-year, overlaps and credits are those of the new dates.

By ANCV only, before the stay begins. Lock order: offre, groupes by key, sejour, seniors by key, credits by key.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from conventions.models import Credit, Tarif
from conventions.operations.credits import engager, liberer
from sejours.models import Groupe, Offre, Option, Sejour
from sejours.operations.offres import obstacle_aux_dates, programme_ouvert
from sejours.regles import dernier_jour_de_la_liste, fin_du_sejour
from seniors import courriels
from seniors.models import Inscription, Senior
from seniors.operations.decisions import examiner, inscriptions_de
from seniors.operations.fiches import Fiche
from seniors.operations.files import servir_file
from seniors.regles.eligibilite import age_au, age_requis
from seniors.regles.libelles import libelle_decision
from sev.socle.courriels import deposer
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier, motif_exige
from sev.socle.typographie import quantite


class DeplacementRefuse(RefusMetier):
    """The stay can't be moved, or not to these dates; the message says why."""


@dataclass(frozen=True)
class ListeDeplacee:
    """What became of a live group: as it is now, open or not, and each decision that changed (who, before, after)."""

    groupe: Groupe
    ouverte: bool
    changements: list[tuple[str, str, str]]


@transaction.atomic
def deplacer(
    *, sejour: Sejour, debut: date, motif: str, par, le: date, maintenant: datetime
) -> list[ListeDeplacee]:
    """Move a stay, its groups, lists and options to `debut` (S8); return what became of its live groups.

    A list whose new last day isn't past opens again, with the places that the stay still has for it. An aid keeps its
    amount while year and tariff are the same, else it is given back and decided anew. Mails both sides, and those who
    hold an option. Raises DeplacementRefuse, also while somebody registered can't travel then, and SejourRefuse when
    the other year's programme isn't open.
    """
    if par is None or not par.is_staff:
        raise DeplacementRefuse("Seule l'ANCV déplace un séjour.")
    motif = motif_exige(motif, DeplacementRefuse, "Dites pourquoi : toutes les parties le liront.")
    with acte("séjour déplacé", par=par, motif=motif):
        offre = _offre(sejour, debut)
        groupes = list(Groupe.objects.verrouiller().filter(sejour=sejour.pk).order_by("pk"))
        sejour = Sejour.objects.verrouiller().select_related("offre__equipement").get(pk=sejour.pk)
        _deplacable(sejour, offre, debut, nombre_de_groupes=len(groupes), le=le)
        ancien, prix = (sejour.debut, sejour.fin), sejour.offre.prix
        vivants = [groupe for groupe in groupes if groupe.annule_le is None]
        _verrouiller_les_personnes_et_les_credits(sejour, vivants, debut)
        _partants(sejour, debut)
        avant = _decisions(vivants)
        a_redecider = _aide_du_tarif(sejour.offre, sejour.debut) != _aide_du_tarif(offre, debut)
        a_redecider = a_redecider or sejour.debut.year != debut.year
        _redater(sejour, offre, debut)
        for groupe in vivants:
            _rouvrir(groupe, le)
        if a_redecider:
            _redecider(vivants, annee=ancien[0].year, par=par, le=le, maintenant=maintenant)
        for porteur in sorted({groupe.porteur_id for groupe in vivants}):
            for annee in sorted({ancien[0].year, debut.year}):
                servir_file(convention=porteur, annee=annee, le=le)
        listes = _listes(vivants, avant, le)
        _prevenir(sejour, listes, ancien=ancien, prix=prix, motif=motif, maintenant=maintenant)
    return listes


# --- May it be moved, and to there? -------------------------------------------------------------------------


def _offre(sejour: Sejour, debut: date) -> Offre:
    """Lock and return the offer under which the stay will stand: its own, or the same of the other year (P4)."""
    actuelle = Offre.objects.get(sejours=sejour.pk)
    if debut.year != actuelle.annee:
        programme_ouvert(debut.year)
    offre = (
        Offre.objects.select_for_update(no_key=True)
        .filter(equipement=actuelle.equipement_id, duree=actuelle.duree, annee=debut.year)
        .first()
    )
    if offre is None:
        raise DeplacementRefuse(
            f"Cet équipement n'a pas d'offre {debut.year} de {actuelle.duree} jours : créez-la d'abord.",
            champ="debut",
        )
    return offre


def _deplacable(sejour: Sejour, offre: Offre, debut: date, *, nombre_de_groupes: int, le: date) -> None:
    """Raise DeplacementRefuse when the stay, locked, can't be moved to `debut` whoever is on its lists."""
    if sejour.annule_le is not None:
        raise DeplacementRefuse("Ce séjour est annulé.")
    if le >= sejour.debut:
        raise DeplacementRefuse("Ce séjour a commencé : il ne se déplace plus.")
    if Groupe.objects.filter(sejour=sejour).count() != nombre_de_groupes:
        raise DeplacementRefuse(
            "Un groupe vient d'être ajouté à ce séjour. Relisez la page, puis recommencez."
        )
    if debut == sejour.debut:
        raise DeplacementRefuse("Ce séjour commence déjà ce jour-là.", champ="debut")
    if debut <= le:
        raise DeplacementRefuse("Choisissez une date à venir.", champ="debut")
    if obstacle := obstacle_aux_dates(offre, debut):
        raise DeplacementRefuse(obstacle, champ="debut")


def _partants(sejour: Sejour, debut: date) -> None:
    """Raise DeplacementRefuse, with how many on which lists, while somebody can't travel then (I5, I11)."""
    fin = fin_du_sejour(debut, sejour.offre.duree)
    presentes = Inscription.objects.presentes().filter(groupe__sejour=sejour)
    ailleurs = (
        Inscription.objects.presentes()
        .exclude(groupe__sejour=sejour)
        .filter(senior__in=presentes.values("senior"), debut__lt=fin, fin__gt=debut)
    )
    pris = set(ailleurs.values_list("senior", flat=True))
    empeches: Counter[tuple[int, str]] = Counter()
    for inscription in presentes.select_related("senior"):
        requis = age_requis(inscription.eligibilite, handicape=inscription.handicape)
        if inscription.senior_id in pris:
            empeches[inscription.groupe_id, "sur un autre séjour à ces dates"] += 1
        elif requis and age_au(inscription.senior.date_naissance, debut) < requis:
            empeches[inscription.groupe_id, "trop jeune à cette date"] += 1
    if empeches:
        details = ", ".join(
            f"groupe n° {groupe} : {combien} {raison}"
            for (groupe, raison), combien in sorted(empeches.items())
        )
        raise DeplacementRefuse(
            f"{quantite(empeches.total(), 'personne')} ne peuvent pas partir à ces dates ({details}). Retirez-les "
            "d'abord de leur liste."
            if empeches.total() > 1
            else f"Une personne ne peut pas partir à ces dates ({details}). Retirez-la d'abord de sa liste.",
            champ="debut",
        )


# --- What the new dates change ------------------------------------------------------------------------------


def _verrouiller_les_personnes_et_les_credits(sejour: Sejour, vivants: list[Groupe], debut: date) -> None:
    presentes = Inscription.objects.presentes().filter(groupe__sejour=sejour)
    list(Senior.objects.verrouiller().filter(pk__in=presentes.values("senior")).order_by("pk"))
    credits = Credit.objects.filter(
        convention__in={groupe.porteur_id for groupe in vivants},
        programme__in={sejour.debut.year, debut.year},
    )
    list(credits.select_for_update(no_key=True).order_by("pk"))


def _aide_du_tarif(offre: Offre, debut: date):
    return Tarif.objects.au(duree=offre.duree, debut=debut).values_list("aide", flat=True).first()


def _redater(sejour: Sejour, offre: Offre, debut: date) -> None:
    """Write the dates on the stay, then on all its groups and registrations, removed ones too: they are the stay's.

    Those whose year changes keep their former dates as long as they are aided: the base allows one aid a year.
    """
    meme_annee = sejour.debut.year == debut.year
    sejour.debut, sejour.fin, sejour.offre = debut, fin_du_sejour(debut, offre.duree), offre
    sejour.save(update_fields=["debut", "fin", "offre"])
    Groupe.objects.filter(sejour=sejour).update(dernier_jour=dernier_jour_de_la_liste(debut))
    inscriptions = Inscription.objects.filter(groupe__sejour=sejour)
    if not meme_annee:
        inscriptions = inscriptions.filter(aide__isnull=True)
    inscriptions.update(debut=sejour.debut, fin=sejour.fin)


def _rouvrir(groupe: Groupe, le: date) -> None:
    """Open a list again whose lock was recorded and whose last day isn't past any more (I14).

    The places that it had given back (S9) are its own again as far as they are free; without any, it stays closed.
    """
    groupe.refresh_from_db()
    if groupe.verrouille_le is None or groupe.dernier_jour < le:
        return
    libres = Sejour.objects.get(pk=groupe.sejour_id).places_libres
    places = groupe.inscrits + min(groupe.places_restantes, libres)
    if places > 0:
        groupe.places, groupe.verrouille_le = places, None
        groupe.save(update_fields=["places", "verrouille_le"])


def _redecider(vivants: list[Groupe], *, annee: int, par, le: date, maintenant: datetime) -> None:
    """Give every aid back to the credit of `annee`, then decide about everybody anew, those who were aided first."""
    presentes = Inscription.objects.presentes().filter(groupe__in=vivants).order_by("pk")
    aidees = list(presentes.filter(aide__isnull=False).select_related("groupe"))
    autres = list(presentes.filter(aide__isnull=True).values_list("pk", flat=True))
    for inscription in aidees:
        liberer(
            convention=inscription.groupe.porteur_id,
            annee=annee,
            montant=inscription.aide,
            inscription=inscription.pk,
            par=par,
            le=le,
            motif="séjour déplacé",
        )
    for cles in ([inscription.pk for inscription in aidees], autres):
        for groupe in Groupe.objects.filter(pk__in=[g.pk for g in vivants]).order_by("pk"):
            _redecider_une_liste(groupe, cles, par=par, le=le, maintenant=maintenant)


def _redecider_une_liste(groupe: Groupe, cles: list[int], *, par, le: date, maintenant: datetime) -> None:
    """Decide about the registrations `cles` of a group at the new dates; their aids are already given back."""
    groupe = Groupe.objects.select_related("sejour__offre").tarifes().get(pk=groupe.pk)
    inscriptions = groupe.inscriptions.filter(pk__in=cles).select_related("senior", "senior_lie")
    for inscription in inscriptions.order_by("pk"):
        decision = examiner(
            groupe=groupe,
            date_naissance=inscription.senior.date_naissance,
            fiche=Fiche.de(inscription),
            autres=inscriptions_de(inscription.senior, groupe, sauf=inscription.pk),
            inscription=inscription,
            aide_rendue=True,
        )
        decidee = (decision.aide, decision.motif)
        if (inscription.aide, inscription.motif_sans_aide) != decidee:
            inscription.modifiee_le = maintenant
        inscription.aide, inscription.motif_sans_aide = decidee
        inscription.debut, inscription.fin = groupe.sejour.debut, groupe.sejour.fin
        inscription.save(update_fields=["debut", "fin", "aide", "motif_sans_aide", "modifiee_le"])
        if decision.aide is not None:
            engager(
                convention=groupe.porteur_id,
                annee=groupe.sejour.debut.year,
                montant=decision.aide,
                inscription=inscription.pk,
                par=par,
                le=le,
                motif="séjour déplacé",
            )
            groupe.credit_disponible -= decision.aide


# --- Saying it ----------------------------------------------------------------------------------------------


def _decisions(vivants: list[Groupe]) -> dict[int, str]:
    """Return the words of the decision about each one on these lists."""
    presentes = Inscription.objects.presentes().filter(groupe__in=vivants)
    return {i.pk: str(libelle_decision(i)) for i in presentes.select_related("senior_lie__senior")}


def _listes(vivants: list[Groupe], avant: dict[int, str], le: date) -> list[ListeDeplacee]:
    apres = _decisions(vivants)
    changees = Inscription.objects.filter(pk__in=[pk for pk in apres if apres[pk] != avant[pk]])
    changements: dict[int, list] = {groupe.pk: [] for groupe in vivants}
    for inscription in changees.select_related("senior").order_by("pk"):
        ligne = (str(inscription.senior), avant[inscription.pk], apres[inscription.pk])
        changements[inscription.groupe_id].append(ligne)
    groupes = Groupe.objects.complets().filter(pk__in=changements).order_by("pk")
    return [ListeDeplacee(g, not g.verrouille(le), changements[g.pk]) for g in groupes]


def _prevenir(sejour: Sejour, listes: list[ListeDeplacee], *, ancien, prix, motif, maintenant) -> None:
    sejour = Sejour.objects.select_related("offre__equipement__prestataire").get(pk=sejour.pk)
    options = list(Option.objects.en_cours().filter(sejour=sejour).order_by("pk"))
    deposer(
        courriels.sejour_deplace(
            sejour,
            listes,
            options,
            ancien=ancien,
            prix=sejour.offre.prix if sejour.offre.prix != prix else None,
            motif=motif,
            maintenant=maintenant,
        )
    )
