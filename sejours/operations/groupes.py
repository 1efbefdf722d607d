"""Operations on groups: pre-registration, request for places, lock of the list."""

from datetime import date, datetime

from django.db import transaction

from conventions.models import Compte, Convention
from sejours import courriels
from sejours.models import DemandePlaces, Groupe, Sejour
from sejours.operations.offres import programme_ouvert
from sejours.regles import dernier_jour_de_la_liste
from sev.socle.courriels import deposer
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier

LOT = 200


class GroupeRefuse(RefusMetier):
    """The group can't be recorded or changed; the message says why."""


@transaction.atomic
def preinscrire(
    *, sejour: Sejour, convention: Convention, places: int, type_groupe: str, par: Compte, le: date
) -> Groupe:
    """Keep `places` of a stay for a porteur and open its list (S4). Locks the stay; mails the porteur.

    Raises GroupeRefuse, or SejourRefuse while the programme is suspended (P2).
    """
    sejour = Sejour.objects.verrouiller().select_related("offre__equipement").get(pk=sejour.pk)
    programme_ouvert(sejour.annee)
    dernier_jour = dernier_jour_de_la_liste(sejour.debut)
    if sejour.annule_le is not None:
        raise GroupeRefuse("Ce séjour est annulé.")
    if le > dernier_jour:
        raise GroupeRefuse("Il est trop tard : la liste de ce séjour serait déjà close.")
    if not (convention.active and convention.organisme.nature == convention.organisme.Nature.PORTEUR):
        raise GroupeRefuse(
            "Aucune convention active ne porte ce numéro. Vérifiez-le avec le porteur.", champ="convention"
        )
    if places > sejour.places_libres:
        raise GroupeRefuse(f"Il reste {sejour.places_libres} places sur ce séjour.", champ="places")
    with acte("groupe pré-inscrit", par=par):
        groupe = Groupe.objects.create(
            sejour=sejour,
            porteur=convention.organisme,
            places=places,
            type_groupe=type_groupe,
            dernier_jour=dernier_jour,
        )
    deposer(courriels.groupe_preinscrit(groupe))
    return groupe


@transaction.atomic
def demander_places(*, groupe: Groupe, places: int, message: str, par: Compte, le: date) -> DemandePlaces:
    """Ask the provider for other places (S7): the request is kept and mailed. Locks the group.

    Raises GroupeRefuse once the list is closed, or when it asks for what the group already has.
    """
    groupe = Groupe.objects.verrouiller().complets().get(pk=groupe.pk)
    if not groupe.modifiable(le):
        raise GroupeRefuse("La liste est close : les places ne changent plus.")
    if places == groupe.places:
        raise GroupeRefuse(f"Le groupe a déjà {places} places.", champ="places")
    if places < groupe.inscrits:
        raise GroupeRefuse(f"Il y a déjà {groupe.inscrits} inscrits.", champ="places")
    demande = DemandePlaces.objects.create(groupe=groupe, places=places, message=message, auteur=par)
    deposer(courriels.places_demandees(demande))
    return demande


def verrouiller_listes(*, le: date, maintenant: datetime) -> int:
    """Record the lock of every list whose last day is past on `le`, mail both sides, return how many (I14, S9).

    The rule itself needs no run: this only records and tells. Works by lots; a list that somebody holds at that
    instant waits for the next run.
    """
    total = 0
    while lot := _verrouiller_un_lot(le=le, maintenant=maintenant):
        total += lot
    return total


@transaction.atomic
def _verrouiller_un_lot(*, le: date, maintenant: datetime) -> int:
    dus = Groupe.objects.a_verrouiller(le=le).order_by("pk")
    cles = list(dus.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)[:LOT])
    # Their free places change too: all stays in one order, or two clocks would wait for each other.
    sejours = Sejour.objects.filter(pk__in=Groupe.objects.filter(pk__in=cles).values("sejour"))
    list(sejours.verrouiller().order_by("pk").values_list("pk"))
    with acte("liste verrouillée"):
        Groupe.objects.filter(pk__in=cles).update(verrouille_le=maintenant)
    groupes = Groupe.objects.complets().filter(pk__in=cles).order_by("pk")
    deposer(courriels.listes_verrouillees(list(groupes)))
    return len(cles)
