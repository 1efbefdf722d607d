"""The journal of validations (X3): windows, answers, people left out, decisions of ANCV; the same words for both."""

from conventions.journal import Fil, Ligne, historique
from conventions.models import Compte
from sejours.models import Groupe
from seniors.models import Inscription, Senior
from sev.socle.journal import Source, Trace, precedents
from sev.socle.typographie import date_complete, quantite
from validation.models import Presence, Validation
from validation.models.validations import LAISSEES


def journal_de_la_validation(groupe: Groupe, *, pour: Compte, limite: int = 20) -> list[Ligne]:
    """Return the last acts on the validation of `groupe`, the latest first."""
    return Fil(*_sources(Groupe.objects.filter(pk=groupe.pk)), pour=pour)[:limite]


def sources(compte: Compte) -> list[Source]:
    """Return the acts on the validations that `compte` may see."""
    return _sources(Groupe.objects.pour(compte))


def _sources(groupes) -> list[Source]:
    validations = Validation.pgh_event_model.objects.filter(pgh_obj__in=groupes.values("pk"))
    presences = Presence.pgh_event_model.objects.filter(LAISSEES, validation__in=groupes.values("pk"))
    return [historique(validations, phrase), Source(presences, "pk", "pgh_created_at", _presences)]


def phrase(apres, avant) -> str:
    """Say what happened to a validation between two states; `avant` is None for its first."""
    nom = f"Groupe n° {apres.pgh_obj_id}"
    limite = date_complete(apres.echeance_porteur or apres.echeance_prestataire)
    if avant is None:
        return f"{nom} : validation ouverte au prestataire, jusqu'au {limite}"
    faits = (
        ("close_le", f"dossier clos sans versement : {apres.motif_cloture}"),
        ("confirmee_le", "liste confirmée"),
        ("validee_le", f"liste validée, à confirmer jusqu'au {limite}"),
        ("arretee_le", f"délai arrêté, il restait {quantite(apres.jours_restants or 0, 'jour')}"),
        ("depassee_le", f"délai dépassé depuis le {limite}"),
    )
    for champ, texte in faits:
        if getattr(avant, champ) is None and getattr(apres, champ) is not None:
            return f"{nom} : {texte}"
    if avant.arretee_le is not None and apres.arretee_le is None:
        return f"{nom} : délai rouvert, jusqu'au {limite}"
    return f"{nom} : délai prolongé, jusqu'au {limite}"


def _presences(cles: list[int]) -> dict[int, Trace]:
    modele = Presence.pgh_event_model
    lus = list(modele.objects.filter(pk__in=cles))
    avant = precedents(lus, modele.objects.filter(pgh_obj__in={e.pgh_obj_id for e in lus}))
    inscriptions = Inscription.objects.filter(pk__in={e.inscription_id for e in lus}).select_related("senior")
    seniors = {i.pk: i.senior for i in inscriptions}
    return {
        e.pk: Trace.de(
            e, f"Groupe n° {e.validation_id} : {_verdict(e, avant[e.pk], seniors[e.inscription_id])}"
        )
        for e in lus
    }


def _verdict(apres, avant, senior: Senior) -> str:
    if avant is not None and avant.tranchee is not None:
        return "motif d'une décision effacé à la demande de la personne"
    e = "e" if senior.civilite == "MME" else ""
    if apres.tranchee is not None:
        return (
            f"désaccord réglé, {senior} retenu{e} comme {f'présent{e}' if apres.tranchee else f'absent{e}'}"
        )
    if apres.selon_porteur is False:
        return f"{senior} noté{e} absent{e} pour le porteur"
    return f"{senior} noté{e} absent{e} pour le prestataire"
