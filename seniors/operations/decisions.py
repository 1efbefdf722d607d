"""Reading what a decision needs: few statements, under the locks of the operation that asks (none for a preview)."""

from datetime import date
from decimal import Decimal

from django.db.models import Count, Q

from conventions.models import Bareme
from sejours.models import Groupe
from seniors.models import Inscription, Senior
from seniors.operations.fiches import Fiche
from seniors.regles.eligibilite import Decision, Dossier, Lien, Obstacle, decider
from sev.socle.typographie import periode_longue

AIDANTS_AIDES = Count(
    "dependants",
    filter=Q(dependants__eligibilite="AIDANT", dependants__aide__isnull=False),
)


def inscriptions_de(senior: Senior | None, groupe: Groupe, *, sauf: int | None = None) -> list[Inscription]:
    """Return the registrations of `senior` that may matter here: aided in the stay's year, or touching its dates."""
    if senior is None or senior.pk is None:
        return []
    sejour = groupe.sejour
    return list(
        Inscription.objects.presentes()
        .filter(
            Q(aide__isnull=False, annee=sejour.debut.year) | Q(debut__lt=sejour.fin, fin__gt=sejour.debut),
            senior=senior,
        )
        .exclude(pk=sauf)
        .only("pk", "groupe_id", "debut", "fin", "annee", "aide", "jeton")
    )


def chevauchement(autres: list[Inscription], groupe: Groupe) -> Obstacle | None:
    """Return what forbids a second registration (I11): on the same list, or on a stay that shares a night."""
    for autre in autres:
        if autre.groupe_id == groupe.pk:
            return Obstacle("", "Cette personne est déjà sur cette liste.")
    for autre in autres:
        if autre.debut < groupe.sejour.fin and groupe.sejour.debut < autre.fin:
            dates = periode_longue(autre.debut, autre.fin)
            message = f"Cette personne part déjà {dates}. Deux séjours ne peuvent pas se chevaucher."
            return Obstacle("", message)
    return None


def empechement(autres: list[Inscription], groupe: Groupe) -> Obstacle | None:
    """Return what keeps anybody, or this person, off the list whatever the fiche says (I11, I12)."""
    if obstacle := chevauchement(autres, groupe):
        return obstacle
    if groupe.places_restantes < 1:
        message = (
            f"{groupe.phrase_complet} Pour en avoir d'autres, demandez au prestataire : "
            "« Demander une modification »."
        )
        return Obstacle("", message)
    return None


def examiner(
    *,
    groupe: Groupe,
    date_naissance: date | None,
    fiche: Fiche,
    autres: list[Inscription],
    inscription: Inscription | None = None,
    derogation: bool = False,
    aide_rendue: bool = False,
) -> Decision:
    """Decide about one person on `groupe` (a row of `Groupe.objects.tarifes()`), as the list stands.

    `inscription` is the one being corrected or restored: an aid it already has is kept, at its amount, and a ceiling
    that ANCV lifted for it stays lifted (I6). `derogation` lifts it for somebody who isn't on the list yet. With
    `aide_rendue` its aid has just been given back to the credit, and is decided as if it had none.
    """
    acquis = inscription.aide if inscription and inscription.aide and not aide_rendue else Decimal(0)
    disponible = groupe.credit_disponible
    return decider(
        Dossier(
            debut=groupe.sejour.debut,
            prix=groupe.prix,
            montant_aide=acquis or groupe.aide_du_tarif,
            date_naissance=date_naissance,
            eligibilite=fiche.eligibilite,
            nature_aidant=fiche.nature_aidant,
            handicape=fiche.handicape,
            dependant=fiche.dependant,
            rfr=fiche.rfr,
            rfr_zero_confirme=fiche.rfr_zero_confirme,
            revenu_imposable=fiche.revenu_imposable,
            plafond=_plafond(fiche, groupe.sejour.debut.year),
            lien=_lien(fiche, groupe, inscription),
            deja_aide=any(a.aide is not None and a.annee == groupe.sejour.debut.year for a in autres),
            disponible=disponible if disponible is None else disponible + acquis,
            aidants_aides_par_personne=groupe.aidants_aides or 1,
            derogation=inscription.derogation if inscription else derogation,
        )
    )


def _plafond(fiche: Fiche, annee: int) -> Decimal | None:
    """Return the ceiling for this household (P5): the programme of year N uses the avis of N - 1. None: not known."""
    if fiche.eligibilite != "AIDE" or None in (fiche.revenu_imposable, fiche.parts) or not fiche.situation:
        return None
    baremes = Bareme.objects.filter(annee_avis=annee - 1, situation=fiche.situation, parts=fiche.parts)
    return baremes.values_list("plafond", flat=True).first()


def _lien(fiche: Fiche, groupe: Groupe, inscription: Inscription | None) -> Lien | None:
    if fiche.senior_lie is None or fiche.eligibilite not in ("CONJOINT", "AIDANT"):
        return None
    lie = (
        Inscription.objects.presentes()
        .filter(groupe=groupe, pk=fiche.senior_lie)
        .exclude(pk=inscription and inscription.pk)
        .select_related("senior")
        .annotate(aidants_aides=AIDANTS_AIDES)
        .first()
    )
    if lie is None:
        return None
    deja_compte = (
        inscription is not None
        and inscription.aide is not None
        and inscription.eligibilite == "AIDANT"
        and inscription.senior_lie_id == lie.pk
    )
    return Lien(
        nom=str(lie.senior),
        eligibilite=lie.eligibilite,
        handicape=lie.handicape,
        dependant=lie.dependant,
        aidants_aides=lie.aidants_aides - deja_compte,
        en_retour=inscription is not None and _accompagne(lie, inscription, groupe),
    )


def _accompagne(lie: Inscription, inscription: Inscription, groupe: Groupe) -> bool:
    """Tell whether `lie` is on the list as the carer of `inscription`, even through others."""
    if lie.senior_lie_id is None:
        return False
    liees = groupe.inscriptions.presentes().filter(senior_lie__isnull=False)
    liens, cle = dict(liees.values_list("pk", "senior_lie")), lie.pk
    while (cle := liens.pop(cle, None)) is not None:
        if cle == inscription.pk:
            return True
    return False
