"""How SEV writes in French: spaces that never break, amounts, dates, counts, deadlines, each in one place."""

import re
import unicodedata
from datetime import datetime
from decimal import Decimal
from math import ceil

from django.utils import timezone
from django.utils.safestring import SafeData, mark_safe

INSECABLE = "\u00a0"
JOURS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MOIS = ("janvier", "février", "mars", "avril", "mai", "juin")
MOIS += ("juillet", "août", "septembre", "octobre", "novembre", "décembre")

_UNITES = r"€|%|h|Mo|ans?|jours?|nuits?|mois|places?|" + "|".join(MOIS)
_REGLES = (
    (re.compile("[\u202f\u2009]"), INSECABLE),
    (re.compile(r" +(?=[:;?!»])"), INSECABLE),
    (re.compile(r"(?<=«) +"), INSECABLE),
    (re.compile(r"(?<=[nN]°) +(?=\d)"), INSECABLE),
    (re.compile(r"(?<=\d) (?=\d{3}(?!\d))"), INSECABLE),
    (re.compile(rf"(?<=\d) (?=(?:{_UNITES})(?!\w))"), INSECABLE),
    (re.compile(rf"(?<=1er) (?=(?:{'|'.join(MOIS)})(?!\w))"), INSECABLE),
    (re.compile(r"(?<=\d\u00a0h) (?=\d)"), INSECABLE),
    (re.compile(rf"\b({'|'.join(JOURS)}) (?=\d)"), rf"\1{INSECABLE}"),
)
_BALISE = re.compile(r"(<[^>]*>)")


def typo(texte):
    """`texte` with the spaces of French typography made non-breaking; tags of safe HTML are left alone."""
    if isinstance(texte, SafeData):
        morceaux = _BALISE.split(str(texte))
        # re.split with a group: text at even places, tags at odd ones.
        return mark_safe("".join(_insecables(m) if i % 2 == 0 else m for i, m in enumerate(morceaux)))  # noqa: S308
    return _insecables(str(texte))


def _insecables(texte):
    for motif, remplacement in _REGLES:
        texte = motif.sub(remplacement, texte)
    return texte


def nombre(valeur):
    """« 1 500 », thousands apart."""
    return f"{valeur:,}".replace(",", INSECABLE)


def euros(montant):
    """« 1 500 € », with cents only if there are any, « − 160 € » below zero, nothing for None."""
    if montant is None or montant == "":
        return ""
    centimes = int((Decimal(str(montant)).copy_abs() * 100).to_integral_value())
    entier, reste = divmod(centimes, 100)
    signe = f"−{INSECABLE}" if centimes and Decimal(str(montant)) < 0 else ""
    return f"{signe}{nombre(entier)}{f',{reste:02d}' if reste else ''}{INSECABLE}€"


def euros_ronds(montant):
    """« 7,84 M€ », « 412 k€ », below ten thousand as `euros` without cents: a sum to be compared at a glance."""
    montant = Decimal(str(montant))
    if abs(montant) >= 1_000_000:
        return f"{montant / 1_000_000:.2f}".replace(".", ",") + f"{INSECABLE}M€"
    if abs(montant) >= 10_000:
        return f"{nombre(int((montant / 1000).to_integral_value()))}{INSECABLE}k€"
    return euros(montant.to_integral_value())


def pour_cent(part):
    """« 53 % » of a share of one, nothing for None."""
    return "" if part is None else f"{round(100 * part)}{INSECABLE}%"


def megaoctets(octets: int) -> str:
    """Return a weight in MB, rounded up: what is a little too heavy must not read « 5,0 Mo »."""
    return f"{ceil(octets / 1024 / 1024 * 10) / 10:.1f} Mo".replace(".", ",")


def quantite(n, mot):
    """« 0 place », « 1 place », « 3 places »; an irregular plural follows a bar: « cheval|chevaux »."""
    singulier, _, pluriel = mot.partition("|")
    if not pluriel:
        pluriel = " ".join(m if m[-1] in "sxz" else f"{m}s" for m in singulier.split())
    return f"{nombre(n)}{INSECABLE}{singulier if abs(n) < 2 else pluriel}"


def de(nom):
    """« de Jeanne MARTIN », « d'Alain », « d'Hélène », « d'Yvonne », « de Yann »: the elision before a name."""
    debut = unicodedata.normalize("NFD", nom[:1]).upper()[:1]
    voyelle = debut in "AEIOUŒÆH" or (debut == "Y" and nom[1:2].lower() not in "aeiou")
    return f"d'{nom}" if nom and voyelle else f"de {nom}"


def ordinal(n, genre="m"):
    """« 1er », « 1re » (genre f), « 2e »."""
    return f"{n}{'e' if n != 1 else 're' if genre == 'f' else 'er'}"


def _jour(le):
    """The calendar day of a date or of a moment, in Paris."""
    if isinstance(le, datetime):
        return timezone.localtime(le).date() if timezone.is_aware(le) else le.date()
    return le


def jour_mois_annee(le):
    """« 12/03/1948 »."""
    return f"{_jour(le):%d/%m/%Y}" if le else ""


def jour_mois(le):
    """« 27 avril », « 1er mai »."""
    le = _jour(le)
    return f"{ordinal(1) if le.day == 1 else le.day}{INSECABLE}{MOIS[le.month - 1]}"


def date_longue(le, aujourdhui):
    """« mardi 27 avril »; the year is said only when it is not that of `aujourdhui`."""
    annee = "" if _jour(le).year == aujourdhui.year else f"{INSECABLE}{_jour(le).year}"
    return f"{JOURS[_jour(le).weekday()]}{INSECABLE}{jour_mois(le)}{annee}"


def date_complete(le):
    """« samedi 24 avril 2027 »."""
    return f"{JOURS[_jour(le).weekday()]}{INSECABLE}{date_lettres(le)}"


def date_lettres(le):
    """« 2 février 1947 »."""
    return f"{jour_mois(le)}{INSECABLE}{_jour(le).year}"


def heure(le):
    """« 10 h 32 », in Paris."""
    moment = timezone.localtime(le) if timezone.is_aware(le) else le
    return f"{moment.hour}{INSECABLE}h{INSECABLE}{moment.minute:02d}"


def periode(debut, fin, aujourdhui):
    """« du 14 au 21 mai », « du 28 avril au 5 mai 2028 »: what the two dates share is said once."""
    annee = "" if debut.year == fin.year == aujourdhui.year else f"{INSECABLE}{fin.year}"
    return f"du {_premier_jour(debut, fin)} au {jour_mois(fin)}{annee}"


def periode_longue(debut, fin):
    """« du vendredi 14 au vendredi 21 mai 2027 », as on the page and the papers of one group."""
    premier = f"{JOURS[debut.weekday()]}{INSECABLE}{_premier_jour(debut, fin)}"
    return f"du {premier} au {date_complete(fin)}"


def _premier_jour(debut, fin):
    """The first day of a period, without the month and the year that it shares with the last."""
    if debut.year != fin.year:
        return date_lettres(debut)
    if debut.month != fin.month:
        return jour_mois(debut)
    return ordinal(1) if debut.day == 1 else str(debut.day)


def restant(n):
    """« Encore 9 jours », « Plus que 1 jour », « Dernier jour »: how long `n` more days leave."""
    if n == 0:
        return "Dernier jour"
    return f"{'Encore' if n > 3 else 'Plus que'} {quantite(n, 'jour')}"


def echeance(dernier_jour, aujourdhui):
    """The deadline of a list as one sentence: days left, weekday, date and hour."""
    n = (dernier_jour - aujourdhui).days
    le = date_longue(dernier_jour, aujourdhui)
    if n < 0:
        return f"La liste est close depuis le {le} à minuit."
    if n == 0:
        return f"{restant(0)}{INSECABLE}: la liste ferme ce soir, {le}, à minuit."
    return f"{restant(n)}{INSECABLE}: la liste ferme le {le} à minuit."


def feuille(n):
    """The calendar leaf for `n` days to the last day: cap, number and foot, or one word, and the tone."""
    if n < 0:
        return {"haut": "Liste", "nombre": None, "bas": "", "mot": "fermée", "ton": "gris"}
    if n == 0:
        return {"haut": "Dernier jour", "nombre": None, "bas": "", "mot": "ce soir", "ton": "brique"}
    return {
        "haut": "Plus que" if n <= 3 else "Encore",
        "nombre": n,
        "bas": "jour" if n == 1 else "jours",
        "mot": "",
        "ton": "brique" if n <= 2 else "ocre" if n <= 7 else "petrole",
    }


_FIN_DE_PHRASE = re.compile(r"(?<=[.!?])(?<!\bM\.)\s+(?=\S)")


def premiere_phrase(texte):
    """`texte` cut after its first sentence: (what is said, what follows); « M. » does not end a sentence."""
    debut, *suite = _FIN_DE_PHRASE.split(str(texte), maxsplit=1)
    if isinstance(texte, SafeData):
        return mark_safe(debut), mark_safe("".join(suite))  # noqa: S308
    return debut, "".join(suite)
