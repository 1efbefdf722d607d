"""Options (S3): laid by a porteur, then accepted, refused, withdrawn, or lapsed by the clock. They hold their places.

Lock order: the stay, its provider's convention, its option, then the porteur's convention; a group is only added.
"""

from datetime import date, datetime, timedelta

from django.db import transaction

from conventions.models import Compte, Convention, Programme
from conventions.operations import conventions
from sejours import courriels
from sejours.models import Groupe, Option, Sejour
from sejours.operations.groupes import ouvrir_groupe, verifier_sejour, verrouiller_sejour
from sejours.regles import dernier_jour_de_la_liste
from sev.socle.courriels import deposer
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier, motif_exige

LOT = 200


class OptionRefusee(RefusMetier):
    """The option can't be laid, or no longer be decided so; the message says why."""


@transaction.atomic
def poser(
    *, sejour: Sejour, places: int, message: str, par: Compte, le: date, maintenant: datetime
) -> Option:
    """Ask for `places` of a stay and hold them until the programme's delay is over. Locks the stay; mails the provider.

    Raises OptionRefusee, GroupeRefuse (stay closed) or SejourRefuse (programme suspended, P2).
    """
    sejour = verrouiller_sejour(sejour, le)
    conventions.tenir(par.organisme_id)
    _verifier(sejour, par.organisme_id)
    if not 1 <= places <= sejour.places_libres:
        raise OptionRefusee(_places(sejour), champ="places")
    with acte("option posée", par=par):
        option = Option.objects.create(
            sejour=sejour,
            porteur=par.organisme,
            places=places,
            message=message,
            auteur=par,
            posee_le=maintenant,
            echeance=derniere_reponse(sejour, le),
        )
    deposer(courriels.option_posee(option))
    return option


def derniere_reponse(sejour: Sejour, le: date) -> date:
    """Return the last day to answer an option laid on `le`: the programme's delay, never beyond the list's last day."""
    delai = Programme.objects.values_list("delai_option", flat=True).get(annee=sejour.annee)
    return min(le + timedelta(days=delai), dernier_jour_de_la_liste(sejour.debut))


def obstacle(sejour: Sejour, porteur_id: int, le: date) -> str:
    """Say why this porteur can't ask for places of the stay on `le`, or "": what `poser` would refuse, read only."""
    try:
        verifier_sejour(sejour, le)
        _verifier(sejour, porteur_id)
    except RefusMetier as refus:
        return refus.message
    return "" if sejour.places_libres > 0 else _places(sejour)


def _active(porteur_id: int) -> bool:
    return Convention.objects.actives().filter(organisme=porteur_id).exists()


def _verifier(sejour: Sejour, porteur_id: int) -> None:
    if not _active(porteur_id):
        raise OptionRefusee("Votre convention n'est pas active. Écrivez à l'ANCV.")
    if sejour.ferme_le is not None:
        raise OptionRefusee("Le prestataire ne prend plus de demandes sur ce séjour.")
    if Option.objects.en_cours().filter(sejour=sejour, porteur=porteur_id).exists():
        raise OptionRefusee("Vous avez déjà une option en cours sur ce séjour.")


@transaction.atomic
def accepter(*, option: Option, par: Compte, le: date, maintenant: datetime) -> Groupe:
    """Make a group of the option, whose list opens at once (S3). Locks stay and option; mails the porteur.

    Raises OptionRefusee once it is decided or lapsed, or the porteur's convention is closed; SejourRefuse while the
    programme is suspended (P2).
    """
    sejour = verrouiller_sejour(option.sejour, le)
    option = _en_cours(option, le)
    conventions.tenir(option.porteur_id)
    if not _active(option.porteur_id):
        raise OptionRefusee("La convention de ce porteur n'est plus active. Refusez cette option.")
    option.sejour = sejour
    with acte("option acceptée", par=par):
        # The held places are let go first: the stay never counts them twice.
        _decider(option, Option.Issue.ACCEPTEE, maintenant=maintenant)
        groupe = ouvrir_groupe(
            sejour=sejour, porteur=option.porteur, places=option.places, type_groupe=Groupe.Type.GROUPE
        )
        option.groupe = groupe
        option.save(update_fields=["groupe"])
    deposer(courriels.option_decidee(option))
    return groupe


@transaction.atomic
def refuser(*, option: Option, motif: str, par: Compte, le: date, maintenant: datetime) -> Option:
    """Refuse the option with a reason; its places are free again (S3). Locks stay and option; mails the porteur."""
    motif = motif_exige(motif, OptionRefusee, "Dites pourquoi au porteur de projet.")
    return _clore(option, Option.Issue.REFUSEE, motif=motif, par=par, le=le, maintenant=maintenant)


@transaction.atomic
def retirer(*, option: Option, par: Compte, le: date, maintenant: datetime) -> Option:
    """Withdraw one's own option; its places are free again (S3). Locks stay and option; mails the provider."""
    return _clore(option, Option.Issue.RETIREE, par=par, le=le, maintenant=maintenant)


def faire_tomber(*, le: date, maintenant: datetime) -> int:
    """Let lapse the options whose last day is past on `le`, mail both sides, return how many (S3).

    The rule itself needs no run, but the places are held until it. An option that somebody decides at that very
    instant is left to them.
    """
    total = 0
    while lot := _faire_tomber_un_lot(le=le, maintenant=maintenant):
        total += lot
    return total


@transaction.atomic
def _faire_tomber_un_lot(*, le: date, maintenant: datetime) -> int:
    echues = Option.objects.a_faire_tomber(le=le)
    sejours = Sejour.objects.filter(pk__in=echues.values("sejour")).order_by("pk")
    pris = list(sejours.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)[:LOT])
    options = list(
        echues.filter(sejour__in=pris)
        .select_for_update(of=("self",), no_key=True)
        .select_related("porteur", "sejour__offre__equipement__prestataire")
        .order_by("pk")
    )
    with acte("option tombée"):
        for option in options:
            _decider(option, Option.Issue.TOMBEE, maintenant=maintenant)
    deposer([courriel for option in options for courriel in courriels.option_decidee(option)])
    return len(options)


def _clore(
    option: Option, issue: str, *, par: Compte, le: date, maintenant: datetime, motif: str = ""
) -> Option:
    sejour = (
        Sejour.objects.verrouiller().select_related("offre__equipement__prestataire").get(pk=option.sejour_id)
    )
    option = _en_cours(option, le)
    option.sejour = sejour
    with acte(f"option {Option.Issue(issue).label.lower()}", par=par, motif=motif):
        _decider(option, issue, motif=motif, maintenant=maintenant)
    deposer(courriels.option_decidee(option))
    return option


def _en_cours(option: Option, le: date) -> Option:
    """Return the option, locked, if it may still be decided on `le`; call it under the lock of its stay."""
    option = (
        Option.objects.select_for_update(of=("self",), no_key=True)
        .select_related("porteur")
        .get(pk=option.pk)
    )
    if not option.decidable(le):
        etat = (
            option.get_issue_display().lower()
            if option.issue
            else f"tombée le {option.echeance:%d/%m/%Y} à minuit"
        )
        raise OptionRefusee(f"Cette option est déjà {etat}.")
    return option


def _decider(option: Option, issue: str, *, maintenant: datetime, motif: str = "") -> None:
    option.issue, option.decidee_le, option.motif = issue, maintenant, motif
    option.save(update_fields=["issue", "decidee_le", "motif"])


def _places(sejour: Sejour) -> str:
    if sejour.places_libres < 1:
        return "Il n'y a plus de place libre sur ce séjour."
    return f"Demandez de 1 à {sejour.places_libres} places : c'est ce qui reste libre."


def refuser_les_options(*, sejour: Sejour, motif: str, maintenant: datetime) -> None:
    """Refuse what is still asked on a stay that is being cancelled; call it under the lock of the stay."""
    options = (
        Option.objects.en_cours()
        .filter(sejour=sejour)
        .select_for_update(of=("self",), no_key=True)
        .select_related("porteur", "sejour__offre__equipement__prestataire")
        .order_by("pk")
    )
    for option in options:
        _decider(option, Option.Issue.REFUSEE, motif=motif, maintenant=maintenant)
        deposer(courriels.option_decidee(option))
