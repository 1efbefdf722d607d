"""Text typed by people: comparing it, cleaning it, refusing what no name contains.

`cle` and `cle_ville` are stored beside the data they summarise and carry indexes: changing what they
return means recomputing those columns in a migration.
"""

import re
import unicodedata

from django.core.exceptions import ValidationError

# Letters that Unicode does not decompose into a base letter and an accent.
_LETTRES = str.maketrans(
    {"Œ": "OE", "Æ": "AE", "Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH", "Ħ": "H", "ẞ": "SS", "Ŋ": "N"}
)
_INVISIBLES = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_BLANCS_DE_LIGNE = re.compile(r"[^\S\n]+")
_INTERDITES = {"Cc", "Cf", "Co", "Cn", "Cs"}

_MUNICIPAL = re.compile(
    r"(PARIS|LYON|MARSEILLE) (?:\d{1,2} ?(?:ER|ERE|ND|NDE|E|EME|IEME)?|\d{5}|[IVX]+ ?(?:ER|E|EME)?)"
    r"(?: (?:ARRONDISSEMENT|ARROND|ARRDT|ARDT|ARR))?"
)
_MOTS_DE_VILLE = {"ST": "SAINT", "STE": "SAINTE", "STS": "SAINTS", "STES": "SAINTES", "S": "SUR"}


def sans_accent(texte: str) -> str:
    """Capitals without accents or ligatures; everything else is kept."""
    decompose = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", texte).upper())
    return "".join(c for c in decompose if not unicodedata.combining(c)).translate(_LETTRES)


def _mots(texte: str) -> list[str]:
    return re.findall(r"[A-Z0-9]+", sans_accent(texte))


def cle(texte: str) -> str:
    """Identity key: « Éloïse  d'Œuvre-Lÿs » → ELOISEDOEUVRELYS."""
    return "".join(_mots(texte))


def cle_ville(texte: str) -> str:
    """Key of a town: as `cle`, less arrondissement and postcode, « St » spelt out.

    « Paris 12e », « 75012 PARIS » → PARIS; « St-Malo » → SAINTMALO; « Grande Motte (La) » → LAGRANDEMOTTE.
    """
    texte = re.sub(r"\(\s*\d[\dAB]\d?\s*\)", " ", sans_accent(texte))
    mots = _mots(re.sub(r"^(.*)\((LE|LA|LES|L)['’ ]*\)\s*$", r"\2 \1", texte))
    if "CEDEX" in mots:
        mots = mots[: mots.index("CEDEX")]
    if len(mots) > 1 and re.fullmatch(r"\d{5}", mots[0]):
        mots = mots[1:]
    if municipal := _MUNICIPAL.fullmatch(" ".join(mots)):
        return municipal[1]
    dernier = len(mots) - 1
    return "".join(
        mot if mot == "S" and rang in (0, dernier) else _MOTS_DE_VILLE.get(mot, mot)
        for rang, mot in enumerate(mots)
    )


def propre(texte: str, *, lignes: bool = False) -> str:
    """Composed form (NFC), blanks collapsed and trimmed, invisible characters of pasted text dropped.

    With `lignes`, line breaks are kept, at most one empty line between two.
    """
    texte = unicodedata.normalize("NFC", texte).translate(_INVISIBLES)
    if not lignes:
        return " ".join(texte.split())
    texte = _BLANCS_DE_LIGNE.sub(" ", texte.replace("\r\n", "\n").replace("\r", "\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(ligne.strip() for ligne in texte.split("\n"))).strip()


def a_des_caracteres_interdits(texte: str) -> bool:
    """Whether a control, invisible, private or unassigned character stands in `texte`."""
    return any(c not in "\n\r\t" and unicodedata.category(c) in _INTERDITES for c in texte)


def _de_nom(caractere: str) -> bool:
    if caractere in " -‐‑'’ʼ.0123456789":
        return True
    return unicodedata.category(caractere) in {"Lu", "Ll", "Lt", "Lm", "Lo"} and unicodedata.name(
        caractere, ""
    ).startswith("LATIN ")


def valider_nom(texte: str) -> None:
    """Form validator of a person's name: Latin letters, accents, hyphen, apostrophe, space, dot.

    Digits pass (« Jean-Paul 2 », the manual's « senior2 »), but not alone.
    """
    texte = propre(texte)
    valider_texte_libre(texte)
    for caractere in texte:
        if not _de_nom(caractere):
            raise ValidationError(
                "Le caractère « %(caractere)s » n'est pas admis ici : "
                "écrivez des lettres, des espaces, des tirets ou des apostrophes.",
                code="nom",
                params={"caractere": caractere},
            )
    if texte and not any(c.isalpha() for c in texte):
        raise ValidationError("Écrivez au moins une lettre.", code="nom")


def valider_texte_libre(texte: str) -> None:
    """Form validator of any text: no control, invisible or unassigned character."""
    if a_des_caracteres_interdits(propre(texte, lignes=True)):
        raise ValidationError(
            "Ce texte contient un caractère invisible. Effacez-le et retapez-le au clavier.",
            code="caractere_interdit",
        )
