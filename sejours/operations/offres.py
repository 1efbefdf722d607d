"""Operations on équipements, offers and stays (S1)."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import OuterRef, Subquery

from conventions.models import Compte, Fermeture, Organisme, Programme, Tarif
from conventions.models.programme import Duree
from conventions.operations.organismes import departement
from sejours.models import Equipement, Offre, Sejour
from sejours.regles import fin_du_sejour, touche_une_fermeture
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier
from sev.socle.typographie import euros, quantite


class SejourRefuse(RefusMetier):
    """The offer or the stay can't be recorded; the message says why."""


def programme_ouvert(annee: int) -> Programme:
    """Return the year's programme. Raises SejourRefuse when there is none, or while it is suspended (P2)."""
    programme = Programme.objects.filter(annee=annee).first()
    if programme is None:
        raise SejourRefuse(f"Le programme {annee} n'est pas encore ouvert.", champ="debut")
    if programme.suspendu:
        raise SejourRefuse(programme.message_suspension)
    return programme


@transaction.atomic
def creer_offre(
    *,
    equipement: Equipement,
    annee: int,
    duree: int,
    prix: Decimal,
    par: Compte,
    le: date,
    inclus: str = "",
    supplement_individuelle: Decimal | None = None,
) -> Offre:
    """Record what an équipement sells for a year, in euros per person, within the maximum price of the year (P3).

    Locks the équipement. Raises SejourRefuse.
    """
    _prix_admis(prix, duree, annee)
    # Two people at once, or the same form sent twice: the second one waits here, and is told.
    Equipement.objects.select_for_update(no_key=True).get(pk=equipement.pk)
    if Offre.objects.filter(equipement=equipement, annee=annee, duree=duree).exists():
        raise SejourRefuse("Cette offre existe déjà pour cette année et cette durée.", champ="annee")
    with acte("offre créée", par=par):
        return Offre.objects.create(
            equipement=equipement,
            annee=annee,
            duree=duree,
            prix=prix,
            inclus=inclus,
            supplement_individuelle=supplement_individuelle,
        )


@transaction.atomic
def changer_offre(
    *,
    offre: Offre,
    prix: Decimal,
    inclus: str,
    supplement_individuelle: Decimal | None,
    par: Compte,
    le: date,
) -> Offre:
    """Correct an offer; its price stays once a porteur has a group or an option on it (S1). Locks it and its stays.

    Raises SejourRefuse, also above the maximum price of the year or of a stay to come (P3).
    """
    offre = Offre.objects.select_for_update(no_key=True).get(pk=offre.pk)
    if prix != offre.prix:
        sejours = list(offre.sejours.verrouiller().order_by("pk"))
        if any(sejour.places_prises or sejour.places_en_option for sejour in sejours):
            raise SejourRefuse("Des porteurs ont déjà ce prix : il ne change plus.", champ="prix")
        _prix_admis(prix, offre.duree, offre.annee)
        _prix_des_sejours_admis(prix, offre, le)
    with acte("offre modifiée", par=par):
        offre.prix, offre.inclus, offre.supplement_individuelle = prix, inclus, supplement_individuelle
        offre.save(update_fields=["prix", "inclus", "supplement_individuelle"])
    return offre


def prix_maximums(annee: int) -> dict[int, Decimal]:
    """Return the maximum price in euros of each length for the stays of a year, where one is known (P3)."""
    tarifs = {
        duree: Tarif.objects.au(duree=duree, debut=date(annee, 12, 31)).first() for duree in Duree.values
    }
    return {duree: tarif.prix for duree, tarif in tarifs.items() if tarif}


def _prix_admis(prix: Decimal, duree: int, annee: int) -> None:
    """Refuse a price above the year's maximum (P3)."""
    maximum = prix_maximums(annee).get(duree)
    if maximum is None:
        raise SejourRefuse("Aucun tarif n'est connu pour cette durée et cette année.", champ="duree")
    if prix > maximum:
        raise SejourRefuse(f"Le prix maximum est de {euros(maximum)} pour cette durée.", champ="prix")


def _prix_des_sejours_admis(prix: Decimal, offre: Offre, le: date) -> None:
    """Refuse a price above the maximum of a stay to come: the tariff may have changed within the year (P3)."""
    tarif = Tarif.objects.filter(duree=offre.duree, valable_du__lte=OuterRef("debut")).order_by("-valable_du")
    sejours = offre.sejours.filter(annule_le__isnull=True, debut__gt=le)
    depasses = sejours.annotate(maximum=Subquery(tarif.values("prix")[:1])).filter(maximum__lt=prix)
    if sejour := depasses.order_by("debut").first():
        raise SejourRefuse(
            f"Le prix maximum est de {euros(sejour.maximum)} pour le séjour du {sejour.debut:%d/%m/%Y}.",
            champ="prix",
        )


@transaction.atomic
def enregistrer_equipement(
    *, prestataire: Organisme, par: Compte, le: date, equipement: Equipement | None = None, **champs
) -> Equipement:
    """Record or correct a provider's équipement (S1). Locks the organisation. Raises SejourRefuse.

    `champs` are the model's own; the département follows the postcode and the town.
    """
    Organisme.objects.select_for_update(no_key=True).get(pk=prestataire.pk)
    homonymes = Equipement.objects.filter(prestataire=prestataire, nom=champs["nom"])
    if homonymes.exclude(pk=equipement and equipement.pk).exists():
        raise SejourRefuse("Vous avez déjà un équipement de ce nom.", champ="nom")
    equipement = equipement or Equipement(prestataire=prestataire)
    for nom, valeur in champs.items():
        setattr(equipement, nom, valeur)
    equipement.departement = departement(equipement.code_postal, equipement.ville)
    with acte("équipement enregistré", par=par):
        equipement.save()
    return equipement


@transaction.atomic
def publier_serie(
    *, offre: Offre, debut: date, jusqu_au: date, places: int, par: Compte, le: date
) -> tuple[list[Sejour], list[tuple[date, str]]]:
    """Publish a stay every week from `debut` to `jusqu_au` included (S1).

    Returns the stays, and the starts that were skipped with the reason (closed season, already there, other year).
    Raises SejourRefuse when none can be: the programme is suspended, or not open yet.
    """
    programme_ouvert(offre.annee)
    publies, sautes = [], []
    while debut <= jusqu_au:
        try:
            publies.append(publier_sejour(offre=offre, debut=debut, places=places, par=par, le=le))
        except SejourRefuse as refus:
            sautes.append((debut, refus.message))
        debut += timedelta(days=7)
    return publies, sautes


@transaction.atomic
def changer_sejour(*, sejour: Sejour, places: int, par: Compte, le: date) -> Sejour:
    """Give a stay another number of places, never below what groups and options hold (S1). Locks the stay."""
    sejour = Sejour.objects.verrouiller().get(pk=sejour.pk)
    tenues = sejour.places_prises + sejour.places_en_option
    if sejour.annule_le is not None:
        raise SejourRefuse("Ce séjour est annulé.")
    if places < max(tenues, 1):
        tenues = f"{quantite(tenues, 'place')} {'sont' if tenues > 1 else 'est'}"
        raise SejourRefuse(f"{tenues} déjà à des groupes ou en option.", champ="places")
    with acte("places du séjour changées", par=par):
        sejour.places = places
        sejour.save(update_fields=["places"])
    return sejour


@transaction.atomic
def fermer_sejour(*, sejour: Sejour, par: Compte, le: date, maintenant: datetime | None) -> Sejour:
    """Close a stay to new requests, or open it again (`maintenant` None); groups and options stay. Locks the stay."""
    sejour = Sejour.objects.verrouiller().get(pk=sejour.pk)
    if sejour.annule_le is not None:
        raise SejourRefuse("Ce séjour est annulé.")
    with acte("séjour fermé" if maintenant else "séjour rouvert", par=par):
        sejour.ferme_le = maintenant
        sejour.save(update_fields=["ferme_le"])
    return sejour


@transaction.atomic
def reconduire_offre(*, offre: Offre, prix: Decimal, par: Compte, le: date) -> tuple[Offre, list, list]:
    """Copy an offer to the next year at `prix` euros, with its stays on the same weekday 52 weeks later (S1).

    Returns the new offer, the stays published, and the starts skipped with the reason. Raises SejourRefuse.
    """
    programme_ouvert(offre.annee + 1)
    nouvelle = creer_offre(
        equipement=offre.equipement,
        annee=offre.annee + 1,
        duree=offre.duree,
        prix=prix,
        par=par,
        le=le,
        inclus=offre.inclus,
        supplement_individuelle=offre.supplement_individuelle,
    )
    publies, sautes = [], []
    for sejour in offre.sejours.filter(annule_le__isnull=True).order_by("debut"):
        debut = sejour.debut + timedelta(weeks=52)
        if debut <= le:
            sautes.append((debut, "Cette date est passée."))
            continue
        try:
            publies.append(publier_sejour(offre=nouvelle, debut=debut, places=sejour.places, par=par, le=le))
        except SejourRefuse as refus:
            sautes.append((debut, refus.message))
    return nouvelle, publies, sautes


@transaction.atomic
def publier_sejour(*, offre: Offre, debut: date, places: int, par: Compte, le: date) -> Sejour:
    """Publish a stay of the offer's length starting on `debut`, outside closed seasons (S1, P1, P2, P4).

    Locks the offer. Raises SejourRefuse; the year of a stay is that of its first day, and so must be the offer's.
    """
    offre = Offre.objects.select_for_update(no_key=True).get(pk=offre.pk)
    programme_ouvert(debut.year)
    if offre.annee != debut.year:
        raise SejourRefuse(f"Cette offre vaut pour {offre.annee}.", champ="debut")
    if obstacle := obstacle_aux_dates(offre, debut):
        raise SejourRefuse(obstacle, champ="debut")
    fin = fin_du_sejour(debut, offre.duree)
    with acte("séjour publié", par=par):
        return Sejour.objects.create(offre=offre, debut=debut, fin=fin, places=places)


def obstacle_aux_dates(offre: Offre, debut: date) -> str:
    """Say why no stay of the offer may start on `debut` (closed season, maximum price, one there already), or ""."""
    fin = fin_du_sejour(debut, offre.duree)
    if touche_une_fermeture(debut, fin, Fermeture.objects.filter(programme__in=(debut.year, fin.year))):
        return "Ces dates touchent une saison fermée du programme."
    tarif = Tarif.objects.au(duree=offre.duree, debut=debut).first()
    if tarif is None or offre.prix > tarif.prix:
        return "Le prix de l'offre dépasse le prix maximum à cette date."
    if Sejour.objects.filter(offre=offre, debut=debut, annule_le__isnull=True).exists():
        return "Cette offre a déjà un séjour à cette date."
    return ""
