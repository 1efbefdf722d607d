"""The journal of stays (X3): équipements, offers and stays for their provider, groups and options for both sides."""

from conventions.journal import historique
from conventions.models import Compte
from sejours.models import DemandePlaces, Equipement, Groupe, Offre, Option, Sejour
from sev.socle.journal import Source, Trace, avec_precisions, ecarts
from sev.socle.typographie import euros, periode_longue, quantite

FAITS = ("places", "type_groupe", "dernier_jour")


def sources(compte: Compte) -> list[Source]:
    """Return the acts on what `compte` may see: groups and options, and a provider's équipements, offers and stays."""
    options = Option.pgh_event_model.objects.filter(pgh_obj__in=Option.objects.pour(compte))
    return [
        *des_groupes(Groupe.objects.pour(compte)),
        historique(options, phrase_option),
        *(_du_prestataire(compte) if compte.est_prestataire else ()),
    ]


def _du_prestataire(compte: Compte) -> list[Source]:
    return [
        historique(modele.pgh_event_model.objects.filter(pgh_obj__in=modele.objects.pour(compte)), dire)
        for modele, dire in (
            (Equipement, phrase_equipement),
            (Offre, phrase_offre),
            (Sejour, phrase_sejour),
        )
    ]


def des_groupes(groupes) -> list[Source]:
    """Return the acts on these groups, their lists left aside."""
    evenements = Groupe.pgh_event_model.objects.filter(pgh_obj__in=groupes)
    demandes = DemandePlaces.objects.filter(groupe__in=groupes)
    return [
        historique(evenements, phrase),
        Source(demandes, "pk", "faite_le", _demandes),
        Source(demandes.filter(repondue_le__isnull=False), "pk", "repondue_le", _reponses),
    ]


def phrase(apres, avant) -> str:
    """Say what happened to a group between two states; `avant` is None for its first."""
    nom = f"Groupe n° {apres.pgh_obj_id}"
    if avant is None:
        return f"{nom} pré-inscrit : {quantite(apres.places, 'place')}"
    if avant.annule_le is None and apres.annule_le is not None:
        return f"{nom} annulé : {apres.motif_annulation}"
    if avant.verrouille_le is None and apres.verrouille_le is not None:
        return f"{nom} : la liste est définitive"
    if avant.solde_le is None and apres.solde_le is not None:
        return f"{nom} : plus aucune réponse n'est attendue"
    precisions = ecarts(avant, apres, FAITS)
    if avant.verrouille_le is not None and apres.verrouille_le is None:
        precisions.insert(0, "la liste est rouverte")
    return avec_precisions(f"{nom} modifié", precisions)


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
    return avec_precisions(f"{nom} modifiée", precisions)


def phrase_equipement(apres, avant) -> str:
    """Say what happened to an équipement between two states; `avant` is None for its first."""
    if avant is None:
        return f"Équipement {apres.nom} enregistré"
    precisions = ecarts(avant, apres, ("nom", "voie", "code_postal", "ville"))
    return avec_precisions(f"Équipement {apres.nom} modifié", precisions)


def phrase_offre(apres, avant) -> str:
    """Say what happened to an offer between two states; `avant` is None for its first."""
    nom = f"Offre {apres.annee}, {apres.get_duree_display()}"
    if avant is None:
        return f"{nom}, créée : {euros(apres.prix)}"
    precisions = ecarts(avant, apres, ("prix", "supplement_individuelle"))
    return avec_precisions(f"{nom}, modifiée", precisions)


def phrase_sejour(apres, avant) -> str:
    """Say what happened to a stay between two states; `avant` is None for its first."""
    nom = f"Séjour {periode_longue(apres.debut, apres.fin)}"
    if avant is None:
        return f"{nom}, publié : {quantite(apres.places, 'place')}"
    if avant.annule_le is None and apres.annule_le is not None:
        return f"{nom}, annulé : {apres.motif_annulation}"
    if (avant.ferme_le is None) != (apres.ferme_le is None):
        return f"{nom}, {'fermé aux demandes' if apres.ferme_le else 'rouvert aux demandes'}"
    precisions = ecarts(avant, apres, ("debut", "fin", "places"))
    return avec_precisions(f"{nom}, modifié", precisions)


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


def _reponses(cles: list[int]) -> dict[int, Trace]:
    prestataire = "groupe__sejour__offre__equipement__prestataire"
    return {
        demande.pk: Trace(
            le=demande.repondue_le,
            texte=f"Groupe n° {demande.groupe_id} : réponse à la demande de {demande.places} places, "
            f"{quantite(demande.accordees, 'place')}",
            action="réponse à une demande de places",
            par=None,
            nom=demande.groupe.sejour.offre.equipement.prestataire.nom,
            motif=demande.reponse,
        )
        for demande in DemandePlaces.objects.filter(pk__in=cles).select_related(prestataire)
    }
