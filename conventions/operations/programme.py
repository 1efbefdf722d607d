"""The programme of a year (P1-P5): opened, suspended, resumed; its tariffs and ceilings."""

from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction

from conventions import courriels
from conventions.models import Bareme, Compte, Fermeture, Programme, Tarif
from sev.socle.courriels import deposer
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier

PLAFOND_CONNU = "Ce plafond existe déjà : corrigez-le."


class ProgrammeRefuse(RefusMetier):
    """The programme's state doesn't allow it; the message says why."""


@transaction.atomic
def suspendre(*, programme: Programme, message: str, par: Compte, le: date) -> Programme:
    """Suspend the year: no new option, pre-registration or stay; open lists stay editable (P2).

    Locks the programme; mails the holder of every active convention.
    """
    programme = Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)
    if programme.suspendu:
        raise ProgrammeRefuse("Le programme est déjà suspendu.")
    if not message.strip():
        raise ProgrammeRefuse("Écrivez le message que tout le monde lira.", champ="message_suspension")
    with acte("suspension", par=par, motif=message):
        programme.suspendu_le, programme.message_suspension = le, message.strip()
        programme.save(update_fields=["suspendu_le", "message_suspension"])
    deposer(courriels.programme_suspendu(programme))
    return programme


@transaction.atomic
def reprendre(*, programme: Programme, par: Compte, le: date) -> Programme:
    """Resume the year (one action, P2). Locks the programme; mails the holder of every active convention."""
    programme = Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)
    if not programme.suspendu:
        raise ProgrammeRefuse("Le programme n'est pas suspendu.")
    with acte("reprise du programme", par=par, motif=f"suspendu depuis le {programme.suspendu_le:%d/%m/%Y}"):
        programme.suspendu_le, programme.message_suspension = None, ""
        programme.save(update_fields=["suspendu_le", "message_suspension"])
    deposer(courriels.programme_repris(programme))
    return programme


@transaction.atomic
def ouvrir_suivante(*, programme: Programme, enveloppe: Decimal, par: Compte, le: date) -> Programme:
    """Open the year after `programme`: same delays, contacts and closed seasons, an envelope in euros of its own (P1).

    Tariffs go on as they are until others are entered. Raises ProgrammeRefuse when that year is open already.
    """
    annee = programme.annee + 1
    with acte("année ouverte", par=par):
        suivante, neuve = Programme.objects.get_or_create(
            annee=annee,
            defaults={
                "enveloppe": enveloppe,
                "delai_option": programme.delai_option,
                "aidants_aides": programme.aidants_aides,
                "contact_telephone": programme.contact_telephone,
                "contact_email": programme.contact_email,
            },
        )
        if not neuve:
            raise ProgrammeRefuse(f"Le programme {annee} est déjà ouvert.")
        Fermeture.objects.bulk_create(
            Fermeture(programme=suivante, debut=un_an_apres(f.debut), fin=un_an_apres(f.fin))
            for f in programme.fermetures.all()
        )
    return suivante


def un_an_apres(jour: date) -> date:
    """Return the same day of the next year; 29 February becomes the 28th."""
    return jour.replace(year=jour.year + 1, day=28 if (jour.month, jour.day) == (2, 29) else jour.day)


@transaction.atomic
def fixer_tarif(
    *, duree: int, valable_du: date, prix: Decimal, aide: Decimal, par: Compte, tarif: Tarif | None = None
) -> Tarif:
    """Enter a tariff, or correct `tarif`: euros per person for the stays that start from `valable_du` on (P3).

    It holds until the next one of its length. Aids already granted keep their amount. Raises ProgrammeRefuse when
    another one begins on that day, or when the aid exceeds the price.
    """
    list(Tarif.objects.select_for_update(no_key=True).filter(duree=duree).order_by("pk"))
    verifier_tarif(duree=duree, valable_du=valable_du, prix=prix, aide=aide, tarif=tarif)
    tarif = tarif or Tarif()
    tarif.duree, tarif.valable_du, tarif.prix, tarif.aide = duree, valable_du, prix, aide
    with acte("tarif fixé", par=par):
        tarif.save()
    return tarif


def verifier_tarif(
    *, duree: int, valable_du: date, prix: Decimal, aide: Decimal, tarif: Tarif | None = None
) -> None:
    """Raise ProgrammeRefuse for a tariff that can't be entered, or to which `tarif` can't be corrected."""
    if not 0 < aide <= prix:
        raise ProgrammeRefuse("L'aide est positive et ne dépasse pas le prix.", champ="aide")
    memes = Tarif.objects.filter(duree=duree, valable_du=valable_du)
    if memes.exclude(pk=tarif and tarif.pk).exists():
        raise ProgrammeRefuse("Un tarif existe déjà pour cette durée et cette date.", champ="valable_du")


@transaction.atomic
def fixer_plafond(
    *,
    annee_avis: int,
    situation: str,
    parts: Decimal,
    plafond: Decimal,
    par: Compte,
    bareme: Bareme | None = None,
) -> Bareme:
    """Enter an income ceiling, or correct `bareme`: euros of *revenu imposable* (P5).

    Raises ProgrammeRefuse when there is one already for this avis, household and parts.
    """
    memes = Bareme.objects.select_for_update(no_key=True).filter(annee_avis=annee_avis, situation=situation)
    list(memes.order_by("pk"))
    verifier_plafond(annee_avis=annee_avis, situation=situation, parts=parts, bareme=bareme)
    bareme = bareme or Bareme()
    bareme.annee_avis, bareme.situation, bareme.parts, bareme.plafond = annee_avis, situation, parts, plafond
    try:
        with transaction.atomic(), acte("plafond fixé", par=par):
            bareme.save()
    except IntegrityError as erreur:
        # The first of an avis and a household has no other one to lock: a colleague may just have entered it.
        if "un_plafond_par_avis_situation_parts" not in str(erreur):
            raise
        raise ProgrammeRefuse(PLAFOND_CONNU, champ="parts") from erreur
    return bareme


def verifier_plafond(
    *, annee_avis: int, situation: str, parts: Decimal, bareme: Bareme | None = None
) -> None:
    """Raise ProgrammeRefuse when there is a ceiling already for this household, other than `bareme`."""
    memes = Bareme.objects.filter(annee_avis=annee_avis, situation=situation, parts=parts)
    if memes.exclude(pk=bareme and bareme.pk).exists():
        raise ProgrammeRefuse(PLAFOND_CONNU, champ="parts")
