"""What a form field needs to be drawn by composants/champ.html, computed once in Python.

Django renders each widget through its own template engine, which costs more than saving the form; here the
markup stands in one template of ours, and only the attributes of the widget are read.
"""

import re
from dataclasses import dataclass, field

from django import forms
from django.forms.utils import flatatt

from sev.socle.typographie import premiere_phrase

DEUX_POINTS = re.compile(r"\s:\s")

_CLASSES = {"liste": "form-select", "case": "form-check-input", "cases": "", "radios": ""}


@dataclass(slots=True)
class Option:
    """One choice of a list, of radios or of boxes, with the grey line under its label."""

    id: str
    valeur: str
    libelle: str
    choisie: bool
    aide: str = ""


@dataclass(slots=True)
class Presentation:
    """A bound field, ready to be drawn."""

    genre: str
    id: str
    nom: str
    libelle: str
    aide: str
    erreurs: list
    attributs: str
    valeur: str = ""
    facultatif: bool = False
    options: list = field(default_factory=list)

    @property
    def cible(self):
        """The id to which a link of the error summary leads: the control, or the first of its choices."""
        return self.options[0].id if self.genre in ("radios", "cases") and self.options else self.id

    @property
    def decrit_par(self):
        """The ids of the hint and of the error, for aria-describedby."""
        return " ".join(
            f"{self.id}-{mot}" for mot, present in (("aide", self.aide), ("erreur", self.erreurs)) if present
        )


def _genre(widget):
    """The way a widget is drawn; a widget that we don't know is refused rather than drawn badly."""
    for genre, classes in (
        ("cache", forms.HiddenInput),
        ("case", forms.CheckboxInput),
        ("cases", forms.CheckboxSelectMultiple),
        ("radios", forms.RadioSelect),
        ("liste", forms.Select),
        ("zone", forms.Textarea),
        ("fichier", forms.FileInput),
        ("texte", forms.widgets.Input),
    ):
        if isinstance(widget, classes):
            return genre
    raise TypeError(f"composants/champ.html cannot draw {type(widget).__name__}")


def _type(widget):
    """The input's type: never `number`, whose arrows and wheel change an amount without a word."""
    return "text" if widget.input_type == "number" else widget.input_type


def _valeur(champ, widget):
    if isinstance(widget, forms.PasswordInput) and not widget.render_value:
        return None
    return widget.format_value(champ.value())


def _options(champ, widget, identifiant):
    aides = getattr(champ.field, "aides", {})
    options = []
    for _, choix, _ in widget.optgroups(champ.html_name, widget.format_value(champ.value())):
        for option in choix:
            options.append(
                Option(
                    id=f"{identifiant}_{len(options)}",
                    valeur=str(option["value"]),
                    libelle=option["label"],
                    choisie=bool(option["selected"]),
                    aide=aides.get(str(option["value"]), ""),
                )
            )
    return options


def presenter(champ):
    """Return the `Presentation` of the bound field `champ`."""
    widget = champ.field.widget
    genre = _genre(widget)
    identifiant = champ.auto_id or champ.html_name
    presentation = Presentation(
        genre=genre,
        id=identifiant,
        nom=champ.html_name,
        libelle=champ.label,
        aide=champ.help_text,
        erreurs=[] if genre == "cache" else list(champ.errors),
        attributs="",
        facultatif=not champ.field.required and genre != "case",
    )
    attributs = {"name": champ.html_name, "id": identifiant, **widget.attrs}
    exige = champ.field.required and champ.form.use_required_attribute
    if exige and widget.use_required_attribute(champ.initial):
        attributs["required"] = True
    if champ.field.disabled:
        attributs["disabled"] = True
    if genre in ("radios", "cases"):
        # One set of attributes for all the choices: each has its own id and value.
        attributs.pop("id")
        attributs["type"] = "radio" if genre == "radios" else "checkbox"
        presentation.options = _options(champ, widget, identifiant)
    elif genre != "cache":
        if presentation.decrit_par:
            attributs["aria-describedby"] = presentation.decrit_par
        if presentation.erreurs:
            attributs["aria-invalid"] = "true"
    if genre in ("texte", "fichier", "cache"):
        attributs["type"] = _type(widget)
        valeur = _valeur(champ, widget)
        if valeur is not None:
            attributs["value"] = valeur
    if genre == "texte":
        attributs.setdefault("autocomplete", "off")
        if isinstance(widget, (forms.NumberInput, forms.DateInput)):
            attributs.setdefault("inputmode", "numeric")
    elif genre == "case":
        attributs["type"] = "checkbox"
        attributs["checked"] = bool(widget.check_test(champ.value()))
    elif genre == "zone":
        presentation.valeur = _valeur(champ, widget) or ""
    elif genre == "liste":
        attributs["multiple"] = widget.allow_multiple_selected
        presentation.options = _options(champ, widget, identifiant)
    if genre not in ("cache", "radios", "cases"):
        classe = [_CLASSES.get(genre, "form-control"), attributs.get("class", "")]
        if presentation.erreurs and genre != "case":
            classe.append("is-invalid")
        attributs["class"] = " ".join(filter(None, classe))
    presentation.attributs = flatatt(attributs)
    return presentation


def resume_erreurs(formulaire):
    """The lines of the error summary in page order: [(id of the control or "", « Ville : choisissez… »)]."""
    lignes = [("", erreur) for erreur in formulaire.non_field_errors()]
    for nom in formulaire.fields:
        if nom in formulaire.errors:
            champ = formulaire[nom]
            presente = presenter(champ)
            for erreur in formulaire.errors[nom]:
                # A sentence has one colon: « Date de naissance. Écrivez la date ainsi : 31/05/1948 ».
                deja = DEUX_POINTS.search(premiere_phrase(erreur)[0])
                texte = f"{champ.label}. {erreur}" if deja else f"{champ.label}\u00a0: {_minuscule(erreur)}"
                lignes.append(("" if presente.genre == "cache" else presente.cible, texte))
    return lignes


def _minuscule(phrase):
    """`phrase` as it goes on after a colon; « RFR » and « A l'aide » keep their capitals."""
    return phrase[:1].lower() + phrase[1:] if phrase[1:2].islower() else phrase
