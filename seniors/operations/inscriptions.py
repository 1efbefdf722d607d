"""Registering, correcting, removing and restoring people on a group's list (I1-I14).

Lock order everywhere: groupe, senior, credit. The group's row is the lock of its list; it is taken before any check.
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
from seniors.operations.listes import InscriptionRefusee, refuser, verrouiller_liste
from seniors.operations.personnes import corriger_identite, mettre_a_jour, personne
from seniors.regles.eligibilite import Decision, Obstacle
from sev.socle.journal import acte

EFFACEE = Inscription.SansAide.EFFACEE
CREDITS_EPUISES = Inscription.SansAide.CREDITS_EPUISES


@transaction.atomic
def inscrire(
    *,
    groupe: Groupe,
    fiche: Fiche,
    par,
    le: date,
    maintenant: datetime,
    senior: Senior | None = None,
    identite: Identite | None = None,
    jeton: UUID | None = None,
) -> Inscription:
    """Put a person on the group's list, aided when entitled and when credit remains (I1-I12, C7).

    The person is `senior`, or whoever bears `identite`, known or new. A `jeton` already used returns what its first
    use registered. Locks groupe, senior, credit. Raises InscriptionRefusee (ListeClose after the last day).
    """
    with acte("inscription", par=par):
        groupe = verrouiller_liste(groupe, le)
        senior = personne(senior, identite, fiche)
        autres = inscriptions_de(senior, groupe)
        if deja := _meme_formulaire(autres, jeton):
            return deja
        refuser(empechement(autres, groupe))
        decision = _decider(groupe=groupe, date_naissance=senior.date_naissance, fiche=fiche, autres=autres)
        refuser(*decision.obstacles)
        _verifier_conjoint(fiche, groupe)
        inscription = Inscription.objects.create(
            groupe=groupe,
            senior=senior,
            debut=groupe.sejour.debut,
            fin=groupe.sejour.fin,
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
def corriger(
    *,
    inscription: Inscription,
    fiche: Fiche,
    par,
    le: date,
    maintenant: datetime,
    identite: Identite | None = None,
) -> Inscription:
    """Correct a registration; the decision is taken again, an aid already granted keeps its amount (I3-I10).

    `identite`, when given, corrects who the person is. Locks groupe, senior, credit. Raises InscriptionRefusee;
    what a carer or a spouse relies on can't be taken away (I7, I8).
    """
    with acte("correction", par=par):
        groupe = verrouiller_liste(inscription.groupe, le)
        # Whose registration it is may have changed with a merge, before the list was ours (I18).
        inscription = _presente(inscription.pk, groupe)
        senior = Senior.objects.verrouiller().get(pk=inscription.senior_id)
        fiche = fiche.completee_par(inscription)
        inscription.senior = senior
        corriger_identite(inscription, identite, groupe, le)
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


@transaction.atomic
def effacer(*, inscription: Inscription, par, le: date, maintenant: datetime) -> list[Inscription]:
    """Remove a person from the list and release the aid (I13); return who gains an aid thereby (C9).

    Locks groupe, credit. Raises InscriptionRefusee while a carer or a spouse is linked to the person (I7, I8).
    """
    with acte("effacement", par=par):
        groupe = verrouiller_liste(inscription.groupe, le)
        inscription = _presente(inscription.pk, groupe)
        if lie := inscription.dependants.presentes().select_related("senior").first():
            raise _protegee(lie)
        return retirer_de_la_liste(
            inscriptions=[inscription], groupe=groupe, par=par, le=le, maintenant=maintenant
        )


@transaction.atomic
def tout_effacer(*, groupe: Groupe, par, le: date, maintenant: datetime) -> tuple[int, list[Inscription]]:
    """Remove everybody from the list (I13): return how many left, and who gains an aid thereby (C9).

    All bear the same `effacee_le`, by which `retablir` finds them. Locks groupe, credit.
    """
    with acte("effacement de toute la liste", par=par):
        groupe = verrouiller_liste(groupe, le)
        inscriptions = list(groupe.inscriptions.presentes().order_by("pk"))
        aidees = retirer_de_la_liste(
            inscriptions=inscriptions, groupe=groupe, par=par, le=le, maintenant=maintenant
        )
        return len(inscriptions), aidees


@transaction.atomic
def retablir(
    *, groupe: Groupe, effacee_le: datetime, par, le: date, maintenant: datetime
) -> tuple[list[Inscription], list[tuple[Inscription, str]]]:
    """Put back those who were removed at `effacee_le`; the rules run again (I13).

    Returns who is back, and who can't be with the reason. Locks groupe, seniors by key, credit. Raises ListeClose.
    """
    with acte("rétablissement", par=par):
        groupe = verrouiller_liste(groupe, le)
        effacees = groupe.inscriptions.filter(effacee_le=effacee_le)
        list(Senior.objects.verrouiller().filter(pk__in=effacees.values("senior")).order_by("pk"))
        revenues, refusees = [], []
        for inscription in _liees_d_abord(effacees.select_related("senior")):
            try:
                _remettre(inscription, groupe, par=par, le=le, maintenant=maintenant)
            except InscriptionRefusee as refus:
                refusees.append((inscription, refus.message))
            else:
                groupe.inscrits += 1
                revenues.append(inscription)
    return revenues, refusees


# --- Steps ------------------------------------------------------------------------------------------------


def _decider(*, groupe: Groupe, **dossier) -> Decision:
    """Decide; when credit seems to lack, look again under its lock: some may be coming back at this very moment."""
    decision = examiner(groupe=groupe, **dossier)
    if decision.motif == CREDITS_EPUISES:
        groupe.credit_disponible = libre(convention=groupe.porteur_id, annee=groupe.sejour.debut.year)
        decision = examiner(groupe=groupe, **dossier)
    return decision


def _meme_formulaire(autres: list[Inscription], jeton: UUID | None) -> Inscription | None:
    return next((a for a in autres if jeton is not None and a.jeton == jeton), None)


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


def _presente(cle_inscription: int, groupe: Groupe) -> Inscription:
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


def _protegee(lie: Inscription) -> InscriptionRefusee:
    verbe = "accompagne cette personne" if lie.eligibilite == "AIDANT" else "est inscrit comme son conjoint"
    message = f"{lie.senior} {verbe}. Changez d'abord son inscription."
    return InscriptionRefusee(Obstacle("", message), lien=("Sa fiche", lie.pk))


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


def _liees_d_abord(inscriptions) -> list[Inscription]:
    """Return them so that whoever others are linked to comes before them: a carer may have a carer."""
    par_cle = {i.pk: i for i in inscriptions}

    def rang(inscription: Inscription) -> int:
        maillons = 0
        while (inscription := par_cle.get(inscription.senior_lie_id)) and maillons < len(par_cle):
            maillons += 1
        return maillons

    return sorted(par_cle.values(), key=lambda i: (rang(i), i.pk))


def _remettre(inscription: Inscription, groupe: Groupe, *, par, le: date, maintenant: datetime) -> None:
    """Put one person back on the list, by the same rules as a registration."""
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
