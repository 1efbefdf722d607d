"""The deadlines and stays of an organisation as a calendar (RFC 5545): whole days, no word about any person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.urls import reverse

from conventions.models import Compte
from sejours.models import Groupe, Option
from sev.socle.typographie import quantite

OCTETS_PAR_LIGNE = 75
# What ended longer ago than this leaves the calendar.
GARDE = timedelta(days=60)
UN_JOUR = timedelta(days=1)


@dataclass(frozen=True)
class Evenement:
    """A thing of whole days, from `debut` to `fin`, both included."""

    cle: str
    debut: date
    fin: date
    titre: str
    lieu: str
    chemin: str
    change_le: datetime


def calendrier(compte: Compte, *, le: date, autres: Iterable[Evenement] = ()) -> str:
    """Return the calendar of what `compte` sees, and of `autres`, as text/calendar; two queries."""
    evenements = [*_des_groupes(compte, le), *_des_options(compte, le), *autres]
    lignes = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//ANCV//Seniors en Vacances//FR",
        "CALSCALE:GREGORIAN",
        "X-WR-CALNAME:Seniors en Vacances",
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
    ]
    for evenement in evenements:
        lignes += _vevent(evenement)
    lignes.append("END:VCALENDAR")
    return "".join(f"{pliee}\r\n" for ligne in lignes for pliee in plier(ligne))


def _des_groupes(compte: Compte, le: date):
    groupes = (
        Groupe.objects.pour(compte)
        .filter(annule_le__isnull=True, sejour__fin__gte=le - GARDE)
        .complets()
        .order_by("sejour__debut", "pk")
    )
    for groupe in groupes:
        equipement = groupe.sejour.offre.equipement
        qui = groupe.porteur.nom if compte.est_prestataire else equipement.nom
        commun = {
            "lieu": f"{equipement.nom}, {equipement.code_postal} {equipement.ville}",
            "chemin": reverse("groupe", args=[groupe.pk]),
            "change_le": groupe.modifie_le,
        }
        yield Evenement(
            cle=f"liste-{groupe.pk}",
            debut=groupe.dernier_jour,
            fin=groupe.dernier_jour,
            titre=f"La liste ferme à minuit : {qui}, groupe n° {groupe.pk}",
            **commun,
        )
        places = quantite(groupe.places, "place")
        yield Evenement(
            cle=f"sejour-{groupe.pk}",
            debut=groupe.sejour.debut,
            fin=groupe.sejour.fin,
            titre=f"Séjour : {qui}, groupe n° {groupe.pk} ({places})",
            **commun,
        )


def _des_options(compte: Compte, le: date):
    options = (
        Option.objects.pour(compte)
        .en_cours()
        .filter(echeance__gte=le)
        .select_related("porteur", "sejour__offre__equipement")
        .order_by("echeance", "pk")
    )
    for option in options:
        equipement = option.sejour.offre.equipement
        places = quantite(option.places, "place")
        yield Evenement(
            cle=f"option-{option.pk}",
            debut=option.echeance,
            fin=option.echeance,
            titre=f"Option à décider : {option.porteur.nom}, {places}"
            if compte.est_prestataire
            else f"Option en attente jusqu'à minuit : {equipement.nom}, {places}",
            lieu=f"{equipement.nom}, {equipement.code_postal} {equipement.ville}",
            chemin=reverse("options"),
            change_le=option.posee_le,
        )


def _vevent(evenement: Evenement) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{evenement.cle}@{settings.SEV_BASE_URL.split('://', 1)[-1]}",
        f"DTSTAMP:{evenement.change_le.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{evenement.debut:%Y%m%d}",
        # The end of an event of whole days is the first day after it.
        f"DTEND;VALUE=DATE:{evenement.fin + UN_JOUR:%Y%m%d}",
        f"SUMMARY:{echapper(evenement.titre)}",
        f"LOCATION:{echapper(evenement.lieu)}",
        f"URL:{settings.SEV_BASE_URL}{evenement.chemin}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def echapper(texte: str) -> str:
    """Return `texte` as a TEXT value: backslash, semicolon, comma and line breaks escaped, other controls dropped."""
    for brut, ecrit in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n")):
        texte = texte.replace(brut, ecrit)
    return "".join(c for c in texte if c >= " " and c != "\x7f")


def plier(ligne: str) -> list[str]:
    """Return the line folded: 75 bytes at most each, cut between characters, a space before what continues."""
    morceaux, courant, taille = [], "", 0
    for caractere in ligne:
        octets = len(caractere.encode())
        if taille + octets > OCTETS_PAR_LIGNE:
            morceaux.append(courant)
            courant, taille = " ", 1
        courant += caractere
        taille += octets
    return [*morceaux, courant]
