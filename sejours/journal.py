"""The journal of groups and options (X3): pre-registration, lock, cancellation, places asked, options decided."""

from conventions.journal import historique
from conventions.models import Compte
from sejours.models import DemandePlaces, Groupe, Option
from sev.socle.journal import Source, Trace, ecarts
from sev.socle.typographie import quantite

FAITS = ("places", "type_groupe", "dernier_jour")


def sources(compte: Compte) -> list[Source]:
    """Return the acts on the groups and the options that `compte` may see."""
    options = Option.pgh_event_model.objects.filter(pgh_obj__in=Option.objects.pour(compte))
    return [*des_groupes(Groupe.objects.pour(compte)), historique(options, phrase_option)]


def des_groupes(groupes) -> list[Source]:
    """Return the acts on these groups, their lists left aside."""
    evenements = Groupe.pgh_event_model.objects.filter(pgh_obj__in=groupes)
    demandes = DemandePlaces.objects.filter(groupe__in=groupes)
    return [historique(evenements, phrase), Source(demandes, "pk", "faite_le", _demandes)]


def phrase(apres, avant) -> str:
    """Say what happened to a group between two states; `avant` is None for its first."""
    nom = f"Groupe n° {apres.pgh_obj_id}"
    if avant is None:
        return f"{nom} pré-inscrit : {quantite(apres.places, 'place')}"
    if avant.annule_le is None and apres.annule_le is not None:
        return f"{nom} annulé : {apres.motif_annulation}"
    if avant.verrouille_le is None and apres.verrouille_le is not None:
        return f"{nom} : la liste est définitive"
    precisions = ecarts(avant, apres, FAITS)
    return f"{nom} modifié{' : ' if precisions else ''}{' ; '.join(precisions)}"


def phrase_option(apres, avant) -> str:
    """Say what happened to an option between two states; `avant` is None for its first."""
    nom = f"Option n° {apres.pgh_obj_id}"
    if avant is None:
        return f"{nom} posée : {quantite(apres.places, 'place')}"
    if avant.issue != apres.issue:
        motif = f" : {apres.motif}" if apres.motif else ""
        return f"{nom} {apres.get_issue_display().lower()}{motif}"
    if avant.groupe_id is None and apres.groupe_id is not None:
        return f"{nom} : groupe n° {apres.groupe_id} pré-inscrit"
    precisions = ecarts(avant, apres, ("places", "echeance"))
    return f"{nom} modifiée{' : ' if precisions else ''}{' ; '.join(precisions)}"


def _demandes(cles: list[int]) -> dict[int, Trace]:
    return {
        demande.pk: Trace(
            le=demande.faite_le,
            texte=f"Groupe n° {demande.groupe_id} : "
            f"{quantite(demande.places, 'place demandée|places demandées')} au prestataire",
            action="demande de places",
            par=demande.auteur_id,
            nom=demande.auteur.nom,
            motif=demande.message,
        )
        for demande in DemandePlaces.objects.filter(pk__in=cles).select_related("auteur")
    }
