"""What registering, correcting and removing are made of, on a list that the caller has locked.

The porteur's operations (`inscriptions`) and ANCV's (`amendements`) differ by the lists they may change, by what they
ask, and by whom they tell; the rules are here, once. Lock order: groupe, sejour (the caller's), senior, credit.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from conventions.operations.credits import engager, liberer, libre
from sejours.models import Groupe
from seniors.models import Inscription, Senior
from seniors.models.seniors import Identite
from seniors.operations.decisions import empechement, examiner, inscriptions_de
from seniors.operations.fiches import Fiche
from seniors.operations.files import servir_file
from seniors.operations.listes import InscriptionRefusee, refuser
from seniors.operations.personnes import corriger_identite, mettre_a_jour
from seniors.regles.eligibilite import Decision, Obstacle

EFFACEE = Inscription.SansAide.EFFACEE
CREDITS_EPUISES = Inscription.SansAide.CREDITS_EPUISES


# --- Coming in ----------------------------------------------------------------------------------------------


def meme_formulaire(autres: list[Inscription], jeton: UUID | None) -> Inscription | None:
    """Return what the first use of `jeton` registered, among the person's other registrations."""
    return next((a for a in autres if jeton is not None and a.jeton == jeton), None)


@transaction.atomic(savepoint=False)
def ajouter_a_la_liste(
    *,
    groupe: Groupe,
    senior: Senior,
    autres: list[Inscription],
    fiche: Fiche,
    jeton: UUID | None,
    par,
    le: date,
    maintenant: datetime,
    derogation: bool = False,
) -> Inscription:
    """Put `senior`, locked, on a list that is locked, aided when entitled and when credit remains (I1-I12, C7).

    `autres`: the person's other registrations. Locks credit. Raises InscriptionRefusee.
    """
    refuser(empechement(autres, groupe))
    decision = _decider(
        groupe=groupe,
        date_naissance=senior.date_naissance,
        fiche=fiche,
        autres=autres,
        derogation=derogation,
    )
    refuser(*decision.obstacles)
    _verifier_conjoint(fiche, groupe)
    inscription = Inscription.objects.create(
        groupe=groupe,
        senior=senior,
        debut=groupe.sejour.debut,
        fin=groupe.sejour.fin,
        derogation=derogation,
        aide=decision.aide,
        motif_sans_aide=decision.motif,
        inscrite_le=maintenant,
        modifiee_le=maintenant,
        jeton=jeton,
        **fiche.du_sejour(),
    )
    _engager(inscription, groupe, par=par, le=le)
    return inscription


@transaction.atomic
def remettre_sur_la_liste(
    *, inscription: Inscription, groupe: Groupe, par, le: date, maintenant: datetime
) -> None:
    """Put one person, who is locked, back on the list, by the same rules as a registration (I13).

    Raises InscriptionRefusee, also when the person's data was erased since (X4).
    """
    if not inscription.senior.en_usage:
        refuser(
            Obstacle("", "Les données de cette personne ont été effacées : elle ne revient pas sur la liste.")
        )
    autres = inscriptions_de(inscription.senior, groupe, sauf=inscription.pk)
    refuser(empechement(autres, groupe))
    inscription.aide = None
    fiche = Fiche.de(inscription)
    decision = _decider(
        groupe=groupe,
        date_naissance=inscription.senior.date_naissance,
        fiche=fiche,
        autres=autres,
        inscription=inscription,
    )
    refuser(*decision.obstacles)
    inscription.effacee_le, inscription.modifiee_le = None, maintenant
    inscription.aide, inscription.motif_sans_aide = decision.aide, decision.motif
    inscription.save(update_fields=["effacee_le", "modifiee_le", "aide", "motif_sans_aide"])
    _engager(inscription, groupe, par=par, le=le)
    if inscription.aide is not None:
        groupe.credit_disponible -= inscription.aide


# --- Being corrected ----------------------------------------------------------------------------------------


def presente(cle_inscription: int, groupe: Groupe) -> Inscription:
    """Return the registration as it stands on the locked list. Raises InscriptionRefusee when it left."""
    inscription = (
        groupe.inscriptions.presentes()
        .select_related("senior", "senior_lie")
        .filter(pk=cle_inscription)
        .first()
    )
    if inscription is None:
        refuser(
            Obstacle(
                "", "Cette personne n'est plus sur la liste : un collègue vient peut-être de la retirer."
            )
        )
    return inscription


@transaction.atomic(savepoint=False)
def corriger_sur_la_liste(
    *,
    inscription: Inscription,
    groupe: Groupe,
    fiche: Fiche | None,
    identite: Identite | None,
    par,
    le: date,
    maintenant: datetime,
    derogation: bool | None = None,
    partout: bool = False,
) -> Inscription:
    """Correct a registration of a list that is locked; the decision is taken again (I3-I10).

    `fiche` or `derogation` None leaves it as it stands; `partout` lets `identite` be corrected whoever else knows the
    person. Locks senior, credit. Raises InscriptionRefusee; what a carer or a spouse relies on can't be taken away.
    """
    # Whose registration it is may have changed with a merge, before the list was ours (I18).
    inscription = presente(inscription.pk, groupe)
    senior = Senior.objects.verrouiller().get(pk=inscription.senior_id)
    fiche = fiche.completee_par(inscription) if fiche else Fiche.de(inscription)
    inscription.senior = senior
    if derogation is not None:
        inscription.derogation = derogation
    corriger_identite(inscription, identite, groupe, le, partout=partout)
    verifier_dependants(inscription, fiche)
    autres = inscriptions_de(senior, groupe, sauf=inscription.pk)
    decision = _decider(
        groupe=groupe,
        date_naissance=senior.date_naissance,
        fiche=fiche,
        autres=autres,
        inscription=inscription,
    )
    refuser(*decision.obstacles)
    _verifier_conjoint(fiche, groupe, sauf=inscription.pk)
    mettre_a_jour(senior, fiche)
    _appliquer(inscription, groupe, decision, fiche, par=par, le=le, maintenant=maintenant)
    return inscription


def verifier_dependants(inscription: Inscription, fiche: Fiche) -> None:
    """Raise InscriptionRefusee when `fiche` takes away what a carer or a spouse of the list relies on (I7, I8)."""
    for lie in inscription.dependants.presentes().select_related("senior"):
        if lie.eligibilite == "AIDANT" and not (fiche.handicape or fiche.dependant):
            raise _protegee(lie)
        if lie.eligibilite == "CONJOINT" and fiche.eligibilite != "AIDE":
            raise _protegee(lie)


def _appliquer(
    inscription: Inscription,
    groupe: Groupe,
    decision: Decision,
    fiche: Fiche,
    *,
    par,
    le: date,
    maintenant: datetime,
) -> None:
    """Write the corrected fiche and move the credit from the former decision to the new one."""
    avant = inscription.aide
    for nom, valeur in fiche.du_sejour().items():
        setattr(inscription, nom, valeur)
    inscription.aide, inscription.motif_sans_aide = decision.aide, decision.motif
    inscription.modifiee_le = maintenant
    inscription.save()
    if avant is None:
        _engager(inscription, groupe, par=par, le=le)
    elif decision.aide is None:
        _liberer(inscription, groupe, montant=avant, par=par, le=le, motif="correction")
        servir_file(convention=groupe.porteur_id, annee=groupe.sejour.debut.year, le=le)


# --- Leaving ------------------------------------------------------------------------------------------------


@transaction.atomic(savepoint=False)
def retirer_une_personne(
    *, inscription: Inscription, groupe: Groupe, par, le: date, maintenant: datetime
) -> list[Inscription]:
    """Take one person off a list that is locked; return who gains an aid thereby (I13, C9). Locks credit.

    Raises InscriptionRefusee while a carer or a spouse is linked to the person (I7, I8).
    """
    inscription = presente(inscription.pk, groupe)
    if lie := inscription.dependants.presentes().select_related("senior").first():
        raise _protegee(lie)
    return retirer_de_la_liste(
        inscriptions=[inscription], groupe=groupe, par=par, le=le, maintenant=maintenant
    )


@transaction.atomic(savepoint=False)
def retirer_de_la_liste(
    *,
    inscriptions: list[Inscription],
    groupe: Groupe,
    par,
    le: date,
    maintenant: datetime,
    motif: str = "retirée de la liste",
) -> list[Inscription]:
    """Take `inscriptions` off a list that is locked, release their aids, and return who gains an aid thereby (C9)."""
    aidees = [i for i in inscriptions if i.aide is not None]
    groupe.inscriptions.filter(pk__in=[i.pk for i in inscriptions]).update(
        effacee_le=maintenant, modifiee_le=maintenant, aide=None, motif_sans_aide=EFFACEE
    )
    for inscription in aidees:
        _liberer(inscription, groupe, montant=inscription.aide, par=par, le=le, motif=motif)
    return servir_file(convention=groupe.porteur_id, annee=groupe.sejour.debut.year, le=le)


def _protegee(lie: Inscription) -> InscriptionRefusee:
    verbe = "accompagne cette personne" if lie.eligibilite == "AIDANT" else "est inscrit comme son conjoint"
    message = f"{lie.senior} {verbe}. Changez d'abord son inscription."
    return InscriptionRefusee(Obstacle("", message), lien=("Sa fiche", lie.pk))


# --- Deciding, and the ledger -------------------------------------------------------------------------------


def _decider(*, groupe: Groupe, **dossier) -> Decision:
    """Decide; when credit seems to lack, look again under its lock: some may be coming back at this very moment."""
    decision = examiner(groupe=groupe, **dossier)
    if decision.motif == CREDITS_EPUISES:
        groupe.credit_disponible = libre(convention=groupe.porteur_id, annee=groupe.sejour.debut.year)
        decision = examiner(groupe=groupe, **dossier)
    return decision


def _verifier_conjoint(fiche: Fiche, groupe: Groupe, sauf: int | None = None) -> None:
    if not fiche.avec_conjoint or fiche.conjoint is None:
        return
    if not groupe.inscriptions.presentes().filter(pk=fiche.conjoint).exclude(pk=sauf).exists():
        refuser(Obstacle("conjoint", "Cette personne n'est plus sur la liste."))


def _engager(inscription: Inscription, groupe: Groupe, *, par, le: date) -> None:
    """Engage the aid that was decided. Somebody else may just have taken the last euros: then there is no aid (C7)."""
    if inscription.aide is None:
        return
    entree = engager(
        convention=groupe.porteur_id,
        annee=groupe.sejour.debut.year,
        montant=inscription.aide,
        inscription=inscription.pk,
        par=par,
        le=le,
    )
    if entree is None:
        inscription.aide, inscription.motif_sans_aide = None, CREDITS_EPUISES
        inscription.save(update_fields=["aide", "motif_sans_aide"])


def _liberer(
    inscription: Inscription, groupe: Groupe, *, montant: Decimal, par, le: date, motif: str
) -> None:
    liberer(
        convention=groupe.porteur_id,
        annee=groupe.sejour.debut.year,
        montant=montant,
        inscription=inscription.pk,
        par=par,
        le=le,
        motif=motif,
    )
