"""The journal of the lists (X3): who was registered, corrected, removed, aided. No income, no note about health.

A provider reads neither why somebody has no aid nor what an income decided (X2).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import sejours.journal
from conventions.journal import Fil, Ligne
from conventions.models import Compte
from sejours.models import Groupe
from seniors.models import Inscription, Senior
from sev.socle.journal import Source, Trace, ecarts, precedents
from sev.socle.typographie import de, euros

REPONSES = (
    "eligibilite",
    "nature_aidant",
    "handicape",
    "dependant",
    "avec_conjoint",
    "chambre_individuelle",
)
LIENS = (("senior_lie_id", "sénior lié"), ("conjoint_id", "voyage avec"))
IDENTITE = ("civilite", "nom", "nom_naissance", "prenom", "date_naissance", "ville_naissance")


def journal_du_groupe(groupe: Groupe, *, pour: Compte, limite: int = 20) -> list[Ligne]:
    """Return the last acts on a group and its list, the latest first, as `pour` may read them."""
    groupes = Groupe.objects.filter(pk=groupe.pk)
    fil = Fil(*sejours.journal.des_groupes(groupes), _inscriptions(groupes, pour, situees=False), pour=pour)
    return fil[:limite]


def sources(compte: Compte) -> list[Source]:
    """Return the acts on the lists that `compte` may see."""
    return [_inscriptions(Groupe.objects.pour(compte), compte, situees=True)]


def _inscriptions(groupes, pour: Compte, *, situees: bool) -> Source:
    evenements = Inscription.pgh_event_model.objects.filter(groupe__in=groupes)
    dire = partial(raconter, pour=pour, situees=situees)
    return Source(evenements, "pk", "pgh_created_at", dire)


def raconter(cles: list[int], *, pour: Compte, situees: bool) -> dict[int, Trace]:
    """Put the events of these keys into words, in a constant number of queries; `situees` names their group."""
    modele = Inscription.pgh_event_model
    evenements = list(modele.objects.filter(pk__in=cles))
    histoire = list(modele.objects.filter(pgh_obj__in={e.pgh_obj_id for e in evenements}))
    avant = precedents(evenements, histoire)
    nommer = _noms(histoire)
    identites = _identites(evenements)
    motifs = not pour.est_prestataire
    traces = {}
    for e in evenements:
        texte = _phrase(e, avant[e.pk], nommer, identites.get(_acte(e), []), motifs=motifs)
        trace = Trace.de(e, f"Groupe n° {e.groupe_id} : {texte}" if situees else texte)
        # ANCV's reason may speak of an income, as the ceiling it lifts does.
        traces[e.pk] = (
            trace if motifs or not trace.action.endswith("par l'ANCV") else replace(trace, motif="")
        )
    return traces


def _noms(histoire: list) -> Callable[[int | None], str]:
    """Return the function that names the person of a registration."""
    cles = {c for e in histoire for c in (e.pgh_obj_id, e.senior_lie_id, e.conjoint_id) if c}
    noms = {i.pk: str(i.senior) for i in Inscription.objects.filter(pk__in=cles).select_related("senior")}
    return lambda cle: noms[cle] if cle else "personne"


def _acte(evenement) -> tuple:
    return evenement.pgh_context_id, evenement.senior_id


def _identites(evenements: list) -> dict[tuple, list[str]]:
    """Return what the same acts corrected in the persons' identities, by act and person."""
    actes = {e.pgh_context_id for e in evenements if e.pgh_context_id}
    modele = Senior.pgh_event_model
    histoire = list(modele.objects.filter(pgh_obj__in={e.senior_id for e in evenements}))
    corriges = [e for e in histoire if e.pgh_context_id in actes]
    avant = precedents(corriges, histoire)
    return {
        (e.pgh_context_id, e.pgh_obj_id): ecarts(avant[e.pk], e, IDENTITE)
        for e in corriges
        if avant[e.pk] is not None
    }


def _phrase(apres, avant, nommer, identite: list[str], *, motifs: bool) -> str:
    nom = nommer(apres.pgh_obj_id)
    aide = _aide(apres, motifs)
    if avant is None:
        return f"{nom} sur la liste : {apres.get_eligibilite_display()}, {aide}"
    if avant.effacee_le is None and apres.effacee_le is not None:
        return f"{nom} n'est plus sur la liste" + (f", {_aide(avant, motifs)} annulée" if avant.aide else "")
    if avant.effacee_le is not None and apres.effacee_le is None:
        return f"{nom} de nouveau sur la liste : {aide}"
    precisions = identite + ecarts(avant, apres, (*REPONSES, "derogation") if motifs else REPONSES)
    if avant.senior_id != apres.senior_id:
        precisions.append("deux fiches d'une même personne réunies, ou séparées, par l'ANCV")
    for champ, mot in LIENS:
        ancien, nouveau = getattr(avant, champ), getattr(apres, champ)
        if ancien != nouveau:
            devient = f"{nommer(ancien)} devient {nommer(nouveau)}" if ancien else nommer(nouveau)
            precisions.append(f"{mot} : {devient}")
    if aide != _aide(avant, motifs):
        precisions.append(f"{_aide(avant, motifs)} devient {aide}")
    if not precisions:
        return f"Fiche {de(nom)} corrigée"
    return f"Fiche {de(nom)} : {' ; '.join(precisions)}"


def _aide(etat, motifs: bool) -> str:
    if etat.aide is not None:
        return f"aide de {euros(etat.aide)}"
    return f"sans aide ({etat.get_motif_sans_aide_display()})" if motifs else "sans aide"
