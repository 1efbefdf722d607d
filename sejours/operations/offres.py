"""Operations on équipements, offers and stays (S1)."""

from datetime import date
from decimal import Decimal

from django.db import transaction

from conventions.models import Compte, Programme, Tarif
from sejours.models import Equipement, Offre, Sejour
from sejours.regles import fin_du_sejour, touche_une_fermeture
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier


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
    *, equipement: Equipement, annee: int, duree: int, prix: Decimal, par: Compte, le: date
) -> Offre:
    """Record what an équipement sells for a year, in euros per person, within the maximum price of the year (P3).

    Locks the équipement. Raises SejourRefuse.
    """
    tarif = Tarif.objects.au(duree=duree, debut=date(annee, 12, 31)).first()
    if tarif is None:
        raise SejourRefuse("Aucun tarif n'est connu pour cette durée et cette année.", champ="duree")
    if prix > tarif.prix:
        raise SejourRefuse(f"Le prix maximum est de {tarif.prix:.0f} € pour cette durée.", champ="prix")
    # Two people at once, or the same form sent twice: the second one waits here, and is told.
    Equipement.objects.select_for_update(no_key=True).get(pk=equipement.pk)
    if Offre.objects.filter(equipement=equipement, annee=annee, duree=duree).exists():
        raise SejourRefuse("Cette offre existe déjà pour cette année et cette durée.", champ="annee")
    with acte("offre créée", par=par):
        return Offre.objects.create(equipement=equipement, annee=annee, duree=duree, prix=prix)


@transaction.atomic
def publier_sejour(*, offre: Offre, debut: date, places: int, par: Compte, le: date) -> Sejour:
    """Publish a stay of the offer's length starting on `debut`, outside closed seasons (S1, P1, P2, P4).

    Locks the offer. Raises SejourRefuse; the year of a stay is that of its first day, and so must be the offer's.
    """
    programme = programme_ouvert(debut.year)
    fin = fin_du_sejour(debut, offre.duree)
    if offre.annee != debut.year:
        raise SejourRefuse(f"Cette offre vaut pour {offre.annee}.", champ="debut")
    if touche_une_fermeture(debut, fin, programme.fermetures.all()):
        raise SejourRefuse("Ces dates touchent une saison fermée du programme.", champ="debut")
    tarif = Tarif.objects.au(duree=offre.duree, debut=debut).first()
    if tarif is None or offre.prix > tarif.prix:
        raise SejourRefuse("Le prix de l'offre dépasse le prix maximum à cette date.", champ="debut")
    Offre.objects.select_for_update(no_key=True).get(pk=offre.pk)
    if Sejour.objects.filter(offre=offre, debut=debut, annule_le__isnull=True).exists():
        raise SejourRefuse("Cette offre a déjà un séjour à cette date.", champ="debut")
    with acte("séjour publié", par=par):
        return Sejour.objects.create(offre=offre, debut=debut, fin=fin, places=places)
