"""Form fields that read what French clerks type: names, dates, amounts.

Each refuses in words that say what to write.
"""

import re
from datetime import date
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator

from sev.socle.texte import propre, valider_nom, valider_texte_libre

AGE_MAXIMUM = 130


def sans_unite(texte: str) -> str:
    """Return an amount as it was typed, less its blanks and its « € »."""
    return re.sub(r"\s", "", texte).removesuffix("€").removesuffix("euros")


def sans_milliers(texte: str) -> str:
    """Return « 1500,00 » for « 1.500,00 », whose dot stands between thousands; another text as it is."""
    return texte.replace(".", "") if re.fullmatch(r"\d{1,3}(\.\d{3})+,\d{1,2}", texte, re.ASCII) else texte


class TexteField(forms.CharField):
    """Text cleaned of double blanks and invisible characters; control characters are refused."""

    default_validators = [valider_texte_libre]

    def __init__(self, *, classe: str = "", attrs: dict | None = None, **kwargs):
        kwargs.setdefault("error_messages", {}).setdefault("required", "Cette réponse est nécessaire")
        if "widget" not in kwargs:
            kwargs["widget"] = forms.TextInput(attrs={"class": classe, **(attrs or {})})
        super().__init__(**kwargs)
        # Ours say the same of NUL and of every other character that nobody types.
        self.validators = [v for v in self.validators if not isinstance(v, ProhibitNullCharactersValidator)]

    def to_python(self, value):
        return propre(super().to_python(value), lignes=isinstance(self.widget, forms.Textarea))


class MotifField(TexteField):
    """Why something is done, on a few lines; `aide` says who will read it."""

    def __init__(self, aide: str = "", *, max_length: int = 200, **kwargs):
        super().__init__(
            label="Motif",
            max_length=max_length,
            help_text=aide,
            widget=forms.Textarea(attrs={"rows": 3}),
            **kwargs,
        )


class NomField(TexteField):
    """A person's name or a town: Latin letters, accents, hyphen, apostrophe, blank, dot."""

    default_validators = [valider_nom]


class CodePostalField(TexteField):
    """Five digits, as text (01000, 20200)."""

    def __init__(self, **kwargs):
        super().__init__(classe="court", attrs={"inputmode": "numeric", "maxlength": "6"}, **kwargs)

    def to_python(self, value):
        return super().to_python(value).replace(" ", "")

    def validate(self, value):
        super().validate(value)
        if value and not re.fullmatch(r"[0-9]{5}", value):
            raise ValidationError("Il faut 5 chiffres, par exemple 35410")


class DateFrancaiseField(forms.Field):
    """A calendar date typed as 31/05/1948, 1/2/47, 01-02-1947, 01.02.1947 or 1947-02-01; no picker."""

    MESSAGE = "Écrivez la date ainsi : 31/05/1948"

    def __init__(self, *, siecle_passe: bool = False, **kwargs):
        self.siecle_passe = siecle_passe
        kwargs.setdefault(
            "widget", forms.TextInput(attrs={"class": "moyen", "inputmode": "numeric", "maxlength": "20"})
        )
        kwargs.setdefault("error_messages", {"required": self.MESSAGE})
        super().__init__(**kwargs)

    def prepare_value(self, value):
        return f"{value:%d/%m/%Y}" if isinstance(value, date) else value

    def to_python(self, value):
        texte = (value or "").strip()
        if not texte:
            return None
        if lu := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", texte, re.ASCII):
            annee, mois, jour = (int(n) for n in lu.groups())
        elif lu := re.fullmatch(
            r"(\d{1,2})\s*[/.\- ]\s*(\d{1,2})\s*[/.\- ]\s*(\d{4}|\d{2})", texte, re.ASCII
        ):
            jour, mois, annee = (int(n) for n in lu.groups())
            if annee < 100:
                # Two digits: those who travel were born in the last century.
                annee += 1900 if self.siecle_passe else 2000
        else:
            raise ValidationError(self.MESSAGE)
        try:
            return date(annee, mois, jour)
        except ValueError as erreur:
            raise ValidationError(f"Cette date n'existe pas. {self.MESSAGE}") from erreur


def valider_naissance(naissance: date, aujourdhui: date) -> None:
    """Refuse, as a ValidationError, a birth date in the future or of someone over the age that nobody reaches."""
    if naissance > aujourdhui:
        raise ValidationError("Cette date est dans le futur")
    if aujourdhui.year - naissance.year >= AGE_MAXIMUM:
        raise ValidationError("Cette personne aurait 130 ans ou plus : vérifiez l'année")


class EurosField(forms.Field):
    """A whole amount of euros typed as 9840, 9 840 or 9 840 €; returned as Decimal."""

    def __init__(self, *, maximum: int = 9_999_999, **kwargs):
        self.maximum = maximum
        kwargs.setdefault(
            "widget", forms.TextInput(attrs={"class": "court", "inputmode": "numeric", "maxlength": "20"})
        )
        super().__init__(**kwargs)

    def prepare_value(self, value):
        return f"{value:.0f}" if isinstance(value, Decimal) else value

    def to_python(self, value):
        texte = sans_unite(value or "")
        if not texte:
            return None
        if texte.startswith("-"):
            raise ValidationError("Un revenu ne peut pas être négatif")
        if re.fullmatch(r"\d+[.,]\d+", texte, re.ASCII):
            raise ValidationError("Écrivez le montant sans centimes")
        if not re.fullmatch(r"\d+", texte, re.ASCII):
            raise ValidationError("Écrivez un montant en euros, sans lettres")
        texte = texte.lstrip("0") or "0"
        if len(texte) > len(str(self.maximum)) or int(texte) > self.maximum:
            raise ValidationError("Ce montant est trop grand : vérifiez l'avis d'imposition")
        return Decimal(texte)


class SommeField(forms.DecimalField):
    """An amount of euros as staff write it: 1500, 1 500,00, 1.500,00 or 1500.00 €; returned as Decimal."""

    def __init__(self, **kwargs):
        super().__init__(**{"decimal_places": 2, "localize": True} | kwargs)

    def to_python(self, value):
        return super().to_python(sans_milliers(sans_unite(value)) if isinstance(value, str) else value)


class PartsField(forms.Field):
    """A number of tax parts, by quarters from 1 to 20, typed as 1,5 or 1.5."""

    def __init__(self, **kwargs):
        kwargs.setdefault(
            "widget", forms.TextInput(attrs={"class": "court", "inputmode": "decimal", "maxlength": "6"})
        )
        super().__init__(**kwargs)

    def prepare_value(self, value):
        return f"{value.normalize():f}".replace(".", ",") if isinstance(value, Decimal) else value

    def to_python(self, value):
        texte = (value or "").strip().replace(",", ".")
        if not texte:
            return None
        if not re.fullmatch(r"\d{1,2}(\.\d{1,2})?", texte, re.ASCII):
            raise ValidationError("Écrivez le nombre de parts ainsi : 1 ou 1,5")
        parts = Decimal(texte)
        if not (1 <= parts <= 20 and parts % Decimal("0.25") == 0):
            raise ValidationError("Le nombre de parts va de 1 à 20, par quarts")
        return parts
