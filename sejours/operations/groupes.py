"""Operations on groups: pre-registration, request for places, lock of the list."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F

from conventions.models import Compte, Convention, Organisme
from conventions.operations import conventions
from sejours import courriels
from sejours.models import DemandePlaces, Groupe, Sejour
from sejours.operations.offres import programme_ouvert
from sejours.regles import dernier_jour_de_la_liste
from sev.socle.courriels import deposer
from sev.socle.journal import acte
from sev.socle.models import Courriel
from sev.socle.refus import RefusMetier, motif_exige

LOT = 200


class GroupeRefuse(RefusMetier):
    """The group can't be recorded or changed; the message says why."""


@transaction.atomic
def preinscrire(
    *,
    sejour: Sejour,
    convention: Convention,
    places: int,
    type_groupe: str,
    par: Compte,
    le: date,
    vu: int | None = None,
) -> Groupe:
    """Keep `places` of a stay for a porteur and open its list (S4). Locks stay and convention; mails the porteur.

    `vu`: the key of the stay's last group when the form was shown; the same form sent twice is then done once. Raises
    GroupeRefuse, or SejourRefuse while the programme is suspended (P2).
    """
    sejour = verrouiller_sejour(sejour, le)
    # Locked: a convention that is being closed meanwhile gets no more groups.
    convention = conventions.verrouiller(convention)
    if not (convention.active and convention.organisme.nature == convention.organisme.Nature.PORTEUR):
        raise GroupeRefuse(
            "Aucune convention active ne porte ce numéro. Vérifiez-le avec le porteur.", champ="convention"
        )
    if vu is not None:
        depuis = Groupe.objects.filter(sejour=sejour, porteur=convention.organisme, pk__gt=vu)
        if deja := depuis.filter(annule_le__isnull=True).first():
            raise GroupeRefuse(
                f"Ce porteur vient d'être pré-inscrit sur ce séjour : groupe n° {deja.pk}.",
                champ="convention",
            )
    if places > sejour.places_libres:
        raise GroupeRefuse(f"Il reste {sejour.places_libres} places sur ce séjour.", champ="places")
    with acte("groupe pré-inscrit", par=par):
        groupe = ouvrir_groupe(
            sejour=sejour, porteur=convention.organisme, places=places, type_groupe=type_groupe
        )
    deposer(courriels.groupe_preinscrit(groupe))
    return groupe


def verrouiller_sejour(sejour: Sejour, le: date) -> Sejour:
    """Lock the stay, then its provider's convention, and return the stay, fresh.

    Raises GroupeRefuse when it takes no one any more, SejourRefuse (P2).
    """
    sejour = Sejour.objects.verrouiller().select_related("offre__equipement__prestataire").get(pk=sejour.pk)
    conventions.tenir(sejour.offre.equipement.prestataire_id)
    verifier_sejour(sejour, le)
    return sejour


def verifier_sejour(sejour: Sejour, le: date) -> None:
    """Raise GroupeRefuse when the stay or its provider takes no one on `le`, SejourRefuse in a suspended year (P2)."""
    programme_ouvert(sejour.annee)
    if sejour.annule_le is not None:
        raise GroupeRefuse("Ce séjour est annulé.")
    if le > dernier_jour_de_la_liste(sejour.debut):
        raise GroupeRefuse("Il est trop tard : la liste de ce séjour serait déjà close.")
    if not Convention.objects.actives().filter(pk=sejour.offre.equipement.prestataire_id).exists():
        raise GroupeRefuse(
            "La convention du prestataire avec l'ANCV n'est pas active : il ne prend plus de groupe."
        )


def ouvrir_groupe(*, sejour: Sejour, porteur: Organisme, places: int, type_groupe: str) -> Groupe:
    """Write the group on a stay that is locked; its list may change until the stored last day (I14)."""
    return Groupe.objects.create(
        sejour=sejour,
        porteur=porteur,
        places=places,
        type_groupe=type_groupe,
        dernier_jour=dernier_jour_de_la_liste(sejour.debut),
    )


@transaction.atomic
def changer_places(
    *,
    groupe: Groupe,
    places: int,
    par: Compte,
    le: date,
    maintenant: datetime,
    demande: DemandePlaces | None = None,
    reponse: str = "",
) -> Groupe:
    """Give a group other places (S7), as an answer to `demande` when there is one. Locks groupe, then sejour.

    Never below the registered, never beyond the stay's free places: raises GroupeRefuse. Mails the porteur.
    """
    groupe = Groupe.objects.verrouiller().complets().get(pk=groupe.pk)
    sejour = Sejour.objects.verrouiller().get(pk=groupe.sejour_id)
    if not groupe.modifiable(le):
        raise GroupeRefuse("La liste est close : les places ne changent plus.")
    if places == groupe.places:
        raise GroupeRefuse(f"Le groupe a déjà {groupe.places} places.", champ="places")
    if places < groupe.inscrits:
        raise GroupeRefuse(f"Il y a déjà {groupe.inscrits} inscrits.", champ="places")
    if places - groupe.places > sejour.places_libres:
        raise GroupeRefuse(f"Il reste {sejour.places_libres} places libres sur ce séjour.", champ="places")
    avant = groupe.places
    with acte("places changées", par=par, motif=reponse):
        groupe.places = places
        groupe.save(update_fields=["places"])
    if demande is not None:
        repondre(demande=demande, accordees=places, reponse=reponse, maintenant=maintenant)
    deposer(courriels.places_changees(groupe, avant=avant, reponse=reponse, maintenant=maintenant))
    return groupe


def repondre(*, demande: DemandePlaces, accordees: int, reponse: str, maintenant: datetime) -> None:
    """Write the answer to a request for places, once; call it under the group's lock. Raises GroupeRefuse."""
    ecrite = DemandePlaces.objects.filter(pk=demande.pk, repondue_le__isnull=True).update(
        repondue_le=maintenant, accordees=accordees, reponse=reponse
    )
    if not ecrite:
        raise GroupeRefuse("Cette demande a déjà reçu sa réponse.")


@transaction.atomic
def refuser_places(
    *, demande: DemandePlaces, reponse: str, par: Compte, le: date, maintenant: datetime
) -> Groupe:
    """Keep the group's places as they are, say why (S7), and return it. Locks the group; mails the porteur."""
    groupe = Groupe.objects.verrouiller().complets().get(pk=demande.groupe_id)
    reponse = motif_exige(reponse, GroupeRefuse, "Dites pourquoi.", champ="reponse")
    with acte("places refusées", par=par, motif=reponse):
        repondre(demande=demande, accordees=groupe.places, reponse=reponse, maintenant=maintenant)
    deposer(courriels.places_changees(groupe, avant=groupe.places, reponse=reponse, maintenant=maintenant))
    return groupe


@transaction.atomic
def demander_places(*, groupe: Groupe, places: int, message: str, par: Compte, le: date) -> DemandePlaces:
    """Ask the provider for other places (S7): the request is kept and mailed. Locks the group.

    Raises GroupeRefuse once the list is closed, or when it asks for what the group already has, or was asked already.
    """
    groupe = Groupe.objects.verrouiller().complets().get(pk=groupe.pk)
    if not groupe.modifiable(le):
        raise GroupeRefuse("La liste est close : les places ne changent plus.")
    if places == groupe.places:
        raise GroupeRefuse(f"Le groupe a déjà {places} places.", champ="places")
    if places < groupe.inscrits:
        raise GroupeRefuse(f"Il y a déjà {groupe.inscrits} inscrits.", champ="places")
    if DemandePlaces.objects.en_attente(le=le).filter(groupe=groupe, places=places).exists():
        raise GroupeRefuse(
            f"Vous avez déjà demandé {places} places : le prestataire n'a pas encore répondu.", champ="places"
        )
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
    # In the order of the index of the open lists: by key, all groups ever closed would be gone through to find a few.
    dus = Groupe.objects.a_verrouiller(le=le).order_by("dernier_jour", "pk")
    cles = list(dus.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)[:LOT])
    # Their free places change too: all stays in one order, or two clocks would wait for each other.
    sejours = Sejour.objects.filter(pk__in=Groupe.objects.filter(pk__in=cles).values("sejour"))
    list(sejours.verrouiller().order_by("pk").values_list("pk"))
    with acte("liste verrouillée"):
        Groupe.objects.filter(pk__in=cles).update(verrouille_le=maintenant)
    groupes = Groupe.objects.complets().filter(pk__in=cles).order_by("pk")
    deposer(courriels.listes_verrouillees(list(groupes)))
    return len(cles)


RAPPELS = (24, 18)


@transaction.atomic
def rappeler_listes_incompletes(*, le: date) -> int:
    """Mail, once each, the porteurs whose list has free places 24 and 18 days before the stay; return how many.

    After an outage a list gets the nearest reminder only.
    """
    ouverts = Groupe.objects.modifiables(le=le).filter(inscrits__lt=F("places")).complets()
    dus = [
        (groupe, _rappel_du(groupe, le))
        for groupe in ouverts.filter(sejour__debut__lte=le + timedelta(RAPPELS[0]))
    ]
    causes = {courriels.cause_incomplete(groupe, jours) for groupe, jours in dus}
    deja = set(Courriel.objects.filter(cause__in=causes).values_list("cause", flat=True))
    neufs = [(g, jours) for g, jours in dus if courriels.cause_incomplete(g, jours) not in deja]
    deposer(courriels.listes_incompletes(neufs))
    return len(neufs)


def _rappel_du(groupe: Groupe, le: date) -> int:
    reste = (groupe.sejour.debut - le).days
    return min(jours for jours in RAPPELS if reste <= jours)
