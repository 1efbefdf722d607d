"""The two windows after a stay: validation by the provider, confirmation by the porteur, ANCV's decisions (V1-V7).

The group's row is the lock of its validation too. Lock order everywhere: groupe, senior, credit.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from conventions.models import Compte
from sejours.models import Groupe
from seniors.models import Inscription
from seniors.operations.absences import rendre_les_aides
from sev.socle.courriels import deposer
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier, motif_exige
from sev.socle.typographie import date_complete, date_longue, heure
from validation import courriels
from validation.models import Presence, Validation, Versement
from validation.regles import Ligne, Somme, echeance_du_porteur, echeance_du_prestataire, somme

# A person of the list as a page shows it: key of the registration, present per provider, aid in euros.
Etat = tuple[int, bool | None, Decimal | None]
# A slip of the hand in the year must not leave a file that nobody can end.
PROLONGATION_MAX = timedelta(180)
ABSENTE, NON_VERSEE = Inscription.SansAide.ABSENTE, Inscription.SansAide.NON_VERSEE


class ValidationRefusee(RefusMetier):
    """The list can't be validated, confirmed or decided about now; the message says why."""


class DelaiDepasse(ValidationRefusee):
    """The window is over: ANCV decides (V4)."""


class ListeChangee(ValidationRefusee):
    """The list is no longer the one that the page showed; what changed must be read first."""


@transaction.atomic
def valider(
    *,
    groupe: Groupe,
    presents: set[int],
    par: Compte,
    le: date,
    maintenant: datetime,
    motif: str = "",
    lue: list[Etat] | None = None,
) -> Validation:
    """Record who came, per provider (V1), and open the porteur's window (V2). Locks the group; mails the porteur.

    `presents`: keys of the registrations that travelled; all others of the list did not. `lue`: the list as the page
    showed it, if one did. ANCV may do it in the provider's place, with a `motif`, after the window too (V4).
    Raises ValidationRefusee (DelaiDepasse, ListeChangee).
    """
    with acte("liste validée", par=par, motif=_motif(par, motif)):
        groupe = verrouiller(groupe)
        validation = validation_du_groupe(groupe=groupe, le=le, maintenant=maintenant)
        if validation.validee_le is not None:
            raise ValidationRefusee(
                f"La liste est déjà validée, {_signe(validation.validee_le, validation.validee_par)}."
            )
        verifier_ouverte(validation=validation, par=par, le=le)
        cles = _cles(groupe, presents, lue)
        Presence.objects.bulk_create(
            Presence(inscription_id=cle, validation=validation, selon_prestataire=cle in presents)
            for cle in cles
        )
        validation.validee_le, validation.validee_par = maintenant, par
        validation.echeance_porteur, validation.depassee_le = echeance_du_porteur(le), None
        validation.save(update_fields=["validee_le", "validee_par", "echeance_porteur", "depassee_le"])
    deposer(courriels.composees(courriels.a_confirmer(validation, motif=motif)))
    return validation


@transaction.atomic
def confirmer(
    *,
    groupe: Groupe,
    presents: set[int],
    par: Compte,
    le: date,
    maintenant: datetime,
    motif: str = "",
    lue: list[Etat] | None = None,
) -> Somme:
    """Record who really travelled, per porteur (V2): aids of those present fall due, those of the absent go back (V7).

    Where the two sides disagree the person waits for ANCV (V6), unless it is ANCV that confirms in the porteur's place
    (with a `motif`): then its word decides. `lue` as for `valider`. Locks groupe, credit; mails both sides.
    Raises ValidationRefusee (DelaiDepasse, ListeChangee).
    """
    with acte("liste confirmée", par=par, motif=_motif(par, motif)):
        groupe = verrouiller(groupe)
        validation = validation_du_groupe(groupe=groupe, le=le, maintenant=maintenant)
        if validation.confirmee_le is not None:
            raise ValidationRefusee(
                f"La liste est déjà confirmée, {_signe(validation.confirmee_le, validation.confirmee_par)}."
            )
        if validation.validee_le is None:
            raise ValidationRefusee(
                "Le prestataire n'a pas encore validé la liste : contactez-le afin qu'il le fasse."
            )
        verifier_ouverte(validation=validation, par=par, le=le)
        _pointer(validation, _cles(groupe, presents, lue), presents, par=par, motif=motif)
        total = somme(_lignes(groupe))
        validation.confirmee_le, validation.confirmee_par = maintenant, par
        validation.depassee_le = None
        validation.save(update_fields=["confirmee_le", "confirmee_par", "depassee_le"])
        _regler(groupe, Presence.objects.filter(validation=validation), par=par, le=le, maintenant=maintenant)
    deposer(courriels.composees(courriels.confirmee(validation, total, motif=motif)))
    return total


@transaction.atomic
def prolonger(
    *,
    validation: Validation,
    jusqu_au: date,
    motif: str,
    par: Compte,
    le: date,
    maintenant: datetime,
    lue: str = "",
) -> Validation:
    """Give the party of the present window until `jusqu_au` included (V4). ANCV only. Locks the group.

    `lue`: the window (`Validation.fenetre`) that the page showed, if one did: the other side's is not extended unseen.
    Mails both sides. Raises ValidationRefusee: nothing to extend, another window, a day past, not later than the one
    announced, or more than six months ahead.
    """
    motif = motif_de_l_ancv(motif)
    with acte("délai prolongé", par=par, motif=motif):
        groupe = verrouiller(validation.groupe)
        validation = validation_du_groupe(groupe=groupe, le=le, maintenant=maintenant)
        verifier_en_cours(validation)
        if validation.arretee_le is not None:
            raise ValidationRefusee("Le délai est arrêté par un signalement : répondez-y d'abord.")
        if lue not in ("", validation.fenetre):
            raise ValidationRefusee(
                "Le délai n'est plus celui que montrait cette page : un collègue vient peut-être d'y toucher. "
                "Rouvrez-la pour lire où en est le dossier."
            )
        premier = max(le, validation.echeance + timedelta(1))
        dernier = premier + PROLONGATION_MAX
        if not premier <= jusqu_au <= dernier:
            raise ValidationRefusee(
                f"Choisissez un jour du {date_complete(premier)} au {date_complete(dernier)}.",
                champ="jusqu_au",
            )
        champ = "echeance_porteur" if validation.validee_le else "echeance_prestataire"
        setattr(validation, champ, jusqu_au)
        validation.depassee_le = None
        validation.save(update_fields=[champ, "depassee_le"])
    deposer(courriels.composees(courriels.prolongee(validation, motif=motif)))
    return validation


@transaction.atomic
def clore_sans_versement(
    *, validation: Validation, motif: str, par: Compte, le: date, maintenant: datetime
) -> Validation:
    """End a file whose window is over, without payment: every aid of the list goes back (V4). ANCV only.

    Locks groupe, credit; mails both sides. Raises ValidationRefusee while the party may still answer.
    """
    motif = motif_de_l_ancv(motif)
    with acte("dossier clos sans versement", par=par, motif=motif):
        groupe = verrouiller(validation.groupe)
        validation = validation_du_groupe(groupe=groupe, le=le, maintenant=maintenant)
        verifier_en_cours(validation)
        if validation.arretee_le is not None:
            raise ValidationRefusee("Le délai est arrêté par un signalement : répondez-y d'abord.")
        if le <= validation.echeance:
            raise ValidationRefusee(
                f"Le délai court encore, jusqu'au {date_complete(validation.echeance)} à minuit."
            )
        validation.close_le, validation.motif_cloture = maintenant, motif
        validation.save(update_fields=["close_le", "motif_cloture"])
        rendre_les_aides(
            inscriptions=list(groupe.inscriptions.presentes()),
            groupe=groupe,
            motif_sans_aide=NON_VERSEE,
            motif="dossier clos sans versement",
            par=par,
            le=le,
            maintenant=maintenant,
        )
    deposer(courriels.composees(courriels.close(validation)))
    return validation


@transaction.atomic
def trancher(
    *, presence: Presence, venu: bool, motif: str, par: Compte, le: date, maintenant: datetime
) -> Presence:
    """Settle a disagreement about one person (V6): the aid falls due, or goes back. ANCV only, with a reason.

    Locks groupe, credit; mails both sides. Raises ValidationRefusee when there is nothing to settle any more.
    """
    motif = motif_de_l_ancv(motif)
    with acte("désaccord réglé", par=par, motif=motif):
        groupe = verrouiller(presence.inscription.groupe)
        presence = (
            Presence.objects.en_litige().select_related("inscription__senior").filter(pk=presence.pk).first()
        )
        if presence is None:
            raise ValidationRefusee("Ce désaccord est déjà réglé : un collègue vient peut-être de le faire.")
        aide = presence.inscription.aide
        presence.tranchee, presence.motif = venu, motif
        presence.save(update_fields=["tranchee", "motif"])
        _regler(groupe, Presence.objects.filter(pk=presence.pk), par=par, le=le, maintenant=maintenant)
    deposer(courriels.composees(courriels.litige_tranche(presence, groupe, aide=aide)))
    return presence


# --- Steps ------------------------------------------------------------------------------------------------


def verrouiller(groupe: Groupe) -> Groupe:
    """Lock the group, which is the lock of its validation too, and return it fresh."""
    return Groupe.objects.verrouiller().complets().get(pk=groupe.pk)


@transaction.atomic(savepoint=False)
def validation_du_groupe(*, groupe: Groupe, le: date, maintenant: datetime) -> Validation:
    """Return the validation of a group that is locked; opened here if the clock has not yet done so (V1)."""
    if groupe.annule_le is not None:
        raise ValidationRefusee("Ce groupe est annulé : il n'y a rien à valider.")
    if le <= groupe.sejour.fin:
        raise ValidationRefusee(
            f"Ce séjour n'est pas terminé : il finit le {date_complete(groupe.sejour.fin)}."
        )
    validation = (
        Validation.objects.select_related("validee_par", "confirmee_par").filter(groupe=groupe).first()
    )
    if validation is None:
        # A window stays, even if ANCV has since removed the last person of the list: it must come to an end.
        if groupe.inscrits == 0:
            raise ValidationRefusee("Personne n'était inscrit sur cette liste : il n'y a rien à valider.")
        validation = Validation.objects.create(
            groupe=groupe,
            ouverte_le=maintenant,
            echeance_prestataire=echeance_du_prestataire(groupe.sejour.fin),
        )
    validation.groupe = groupe
    return validation


def verifier_en_cours(validation: Validation) -> None:
    """Raise ValidationRefusee once both sides, or ANCV, have ended the file."""
    if validation.confirmee_le is not None:
        raise ValidationRefusee("La liste est déjà confirmée.")
    if validation.close_le is not None:
        raise ValidationRefusee("L'ANCV a clos ce dossier sans versement.")


@transaction.atomic(savepoint=False)
def verifier_ouverte(*, validation: Validation, par: Compte, le: date) -> None:
    """Raise ValidationRefusee when nobody may act now. ANCV may after the window, in the party's place (V4)."""
    verifier_en_cours(validation)
    if validation.arretee_le is not None:
        raise ValidationRefusee(
            "Une liste non conforme est signalée : le délai est arrêté jusqu'à la réponse de l'ANCV."
        )
    if par.is_staff:
        if le <= validation.echeance:
            raise ValidationRefusee(
                f"Le délai court encore, jusqu'au {date_complete(validation.echeance)} à minuit : "
                "laissez d'abord répondre."
            )
    elif le > validation.echeance:
        raise DelaiDepasse(
            f"Le délai est passé depuis le {date_longue(validation.echeance, le)} à minuit. "
            "L'ANCV a repris ce dossier, vous n'avez rien à faire."
        )


def _cles(groupe: Groupe, presents: set[int], lue: list[Etat] | None) -> list[int]:
    """Return the keys of the list. Raises ListeChangee when it isn't the one read, or somebody ticked isn't on it."""
    etat = list(
        groupe.inscriptions.presentes()
        .order_by("pk")
        .values_list("pk", "presence__selon_prestataire", "aide")
    )
    cles = [cle for cle, *_ in etat]
    if not presents <= set(cles) or lue not in (None, etat):
        raise ListeChangee("La liste a changé depuis que vous avez ouvert la page : relisez-la.")
    return cles


def _pointer(validation: Validation, cles: list[int], presents: set[int], *, par: Compte, motif: str) -> None:
    """Write the porteur's answer beside the provider's; ANCV's, in its place, decides where they differ."""
    presences = {p.pk: p for p in Presence.objects.filter(validation=validation)}
    # ANCV may have added or removed people since the provider answered (I15).
    Presence.objects.filter(pk__in=presences.keys() - set(cles)).delete()
    Presence.objects.bulk_create(
        Presence(inscription_id=cle, validation=validation, selon_porteur=cle in presents)
        for cle in cles
        if cle not in presences
    )
    for venu in (True, False):
        pointees = Presence.objects.filter(pk__in=[cle for cle in cles if (cle in presents) == venu])
        pointees.update(selon_porteur=venu)
        if par.is_staff:
            pointees.en_litige().update(tranchee=venu, motif=motif)


def _lignes(groupe: Groupe) -> list[Ligne]:
    """Return the list as both sides have ticked it; ANCV's decision counts as the porteur's."""
    inscriptions = groupe.inscriptions.presentes().liste().select_related("presence")
    return [
        Ligne(
            inscription=i.pk,
            nom=str(i.senior),
            aide=i.aide,
            coche=i.presence.selon_porteur,
            selon_prestataire=i.presence.selon_prestataire
            if i.presence.tranchee is None
            else i.presence.tranchee,
        )
        for i in inscriptions
    ]


def _regler(groupe: Groupe, presences, *, par: Compte, le: date, maintenant: datetime) -> None:
    """Make the aids of those who travelled due, and give back those of the absent; nothing for a disagreement."""
    aidees = list(
        Inscription.objects.filter(presence__in=presences, aide__isnull=False)
        .select_related("presence", "senior")
        .order_by("pk")
    )
    Versement.objects.bulk_create(
        Versement(
            inscription=inscription,
            groupe=groupe,
            prestataire_id=courriels.prestataire_de(groupe),
            montant=inscription.aide,
            du_le=le,
        )
        for inscription in aidees
        if inscription.presence.retenue is True
    )
    rendre_les_aides(
        inscriptions=[i for i in aidees if i.presence.retenue is False],
        groupe=groupe,
        motif_sans_aide=ABSENTE,
        motif="absence au séjour",
        par=par,
        le=le,
        maintenant=maintenant,
    )


def _signe(quand: datetime, par: Compte) -> str:
    qui = "par l'ANCV" if par.is_staff else f"par {par.nom}"
    return f"{qui}, le {date_complete(quand)} à {heure(quand)}"


def _motif(par: Compte, motif: str) -> str:
    """Return the reason that ANCV must give when it acts in a party's place."""
    return motif_de_l_ancv(motif) if par.is_staff else ""


def motif_de_l_ancv(motif: str) -> str:
    """Return the reason without its outer blanks. Raises ValidationRefusee at `motif` when there is none."""
    return motif_exige(motif, ValidationRefusee, "Dites pourquoi : les deux parties le liront.")
