"""Files of decisions (C10, docs/import-conventions.md): reading them, and the shape of each line."""

import csv
import re
from decimal import Decimal
from io import StringIO

from django import forms
from django.core.exceptions import ValidationError

from conventions.forms.comptes import AdresseField
from conventions.models.organismes import identifiant_normalise
from conventions.regles import LigneDecision, LigneLue
from sev.socle.saisie import (
    CodePostalField,
    DateFrancaiseField,
    NomField,
    TexteField,
    sans_milliers,
    sans_unite,
)
from sev.socle.texte import sans_accent

LIGNES_MAX = 5_000
TAILLE_MAX = 3 * 1024 * 1024
SEPARATEURS = ";,\t"

# Each answer and the heads under which it may stand, as `_cle` writes them; the first one is the documented one.
COLONNES = {
    "reference": ("reference de decision", "reference", "decision"),
    "numero": ("numero de convention", "n de convention", "no de convention", "convention", "numero"),
    "nature": ("nature",),
    "nom": ("organisme", "organisation", "nom"),
    "type_porteur": ("type", "type du porteur", "type de porteur"),
    "titulaire": ("titulaire", "titulaire du compte"),
    "email": ("e mail", "email", "courriel", "adresse e mail", "mail"),
    "telephone": ("telephone", "n de telephone"),
    "voie": ("voie", "nom de la voie", "adresse"),
    "complement": ("complement", "complement d adresse"),
    "code_postal": ("code postal",),
    "ville": ("ville", "commune"),
    "annee": ("annee",),
    "montant": ("montant", "montant alloue"),
    "decidee_le": ("date de decision", "date de la decision", "date"),
}
NECESSAIRES = ("reference", "numero", "annee", "montant")

NATURES = {"porteur": "PORTEUR", "porteur de projet": "PORTEUR", "prestataire": "PRESTATAIRE"}
TYPES = {
    "ccas": "CCAS",
    "cias": "CCAS",
    "ccas cias": "CCAS",
    "mairie": "MAIRIE",
    "commune": "MAIRIE",
    "association": "ASSOCIATION",
    "associations": "ASSOCIATION",
    "club": "ASSOCIATION",
    "associations clubs": "ASSOCIATION",
    "caisse": "CAISSE",
    "caisse de retraite": "CAISSE",
    "etablissement": "ETABLISSEMENT",
    "residence": "ETABLISSEMENT",
    "foyer logement": "ETABLISSEMENT",
    "residence foyer logement": "ETABLISSEMENT",
    "autre": "AUTRE",
}


def _cle(texte: str) -> str:
    """Return `texte` as heads and choices are compared: no accent, case or punctuation."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", sans_accent(texte).lower()).split())


# --- A line ---------------------------------------------------------------------------------------------------------


class ChoixField(TexteField):
    """A word among a few, however it is written."""

    def __init__(self, *, choix: dict[str, str], mots: str, **kwargs):
        self.choix, self.mots = choix, mots
        super().__init__(required=False, **kwargs)

    def clean(self, value):
        texte = super().clean(value)
        if texte and _cle(texte) not in self.choix:
            raise ValidationError(f"« {texte[:40]} » est inconnu. Écrivez {self.mots}.")
        return self.choix.get(_cle(texte), "")


class MontantField(forms.Field):
    """Euros written as 1500, 1 500,00, 1.500,00 or 1500.00 €; nothing is 0."""

    MESSAGE = "Écrivez le montant ainsi : 1 500,00"
    MAXIMUM = Decimal(9_999_999)

    def __init__(self, **kwargs):
        attrs = {"class": "court", "inputmode": "decimal", "maxlength": "20"}
        super().__init__(widget=forms.TextInput(attrs=attrs), **kwargs)

    def prepare_value(self, value):
        if not isinstance(value, Decimal):
            return value
        return f"{value:.2f}".removesuffix(".00").replace(".", ",")

    def to_python(self, value):
        texte = sans_milliers(sans_unite(value or ""))
        if not texte:
            return Decimal(0)
        if re.fullmatch(r"-[\d.,]+", texte, re.ASCII):
            raise ValidationError("Le montant est négatif")
        if not re.fullmatch(r"\d{1,9}([.,]\d{1,2})?", texte, re.ASCII):
            raise ValidationError(self.MESSAGE)
        montant = Decimal(texte.replace(",", "."))
        if montant > self.MAXIMUM:
            raise ValidationError("Le montant est trop grand")
        return montant


class LigneForm(forms.Form):
    """The cells of a line, each with its own words when it is wrong; what is missing for a new convention is a rule."""

    reference = TexteField(label="Référence de décision", max_length=40)
    numero = TexteField(label="Numéro de convention", max_length=40)
    nature = ChoixField(label="Nature", choix=NATURES, mots="Porteur ou Prestataire")
    nom = TexteField(label="Organisme", max_length=120, required=False)
    type_porteur = ChoixField(
        label="Type",
        choix=TYPES,
        mots="CCAS, Mairie, Association, Caisse de retraite, Résidence ou Autre",
    )
    titulaire = NomField(label="Titulaire", max_length=100, required=False)
    email = AdresseField(label="E-mail", required=False)
    telephone = TexteField(label="Téléphone", max_length=20, required=False)
    voie = TexteField(label="Voie", max_length=120, required=False)
    complement = TexteField(label="Complément", max_length=120, required=False)
    code_postal = CodePostalField(label="Code postal", required=False)
    ville = TexteField(label="Ville", max_length=80, required=False)
    annee = TexteField(label="Année", max_length=10)
    montant = MontantField(label="Montant", required=False)
    decidee_le = DateFrancaiseField(label="Date de décision", required=False)

    def clean_reference(self):
        return self.cleaned_data["reference"].upper()

    def clean_numero(self):
        numero = identifiant_normalise(self.cleaned_data["numero"])
        if not re.fullmatch(r"[a-z0-9]{1,20}", numero):
            raise ValidationError("Des lettres et des chiffres seulement, vingt au plus")
        return numero

    def clean_telephone(self):
        numero = self.cleaned_data["telephone"]
        if numero and not re.fullmatch(r"\+?[\d .()/-]{10,20}", numero):
            raise ValidationError("Écrivez les 10 chiffres, par exemple 04 56 34 22 09")
        return numero

    def clean_annee(self):
        texte = self.cleaned_data["annee"]
        if not re.fullmatch(r"20\d\d", texte, re.ASCII) or not 2007 <= int(texte) <= 2100:
            raise ValidationError("Écrivez l'année en quatre chiffres, par exemple 2027")
        return int(texte)


def _lire_ligne(rang: int, cellules: dict[str, str]) -> LigneLue:
    form = LigneForm(cellules)
    if form.is_valid():
        return LigneLue(rang, cellules, LigneDecision(**form.cleaned_data))
    erreurs = (f"{form[nom].label} : {' '.join(mots).rstrip('.')}" for nom, mots in form.errors.items())
    return LigneLue(rang, cellules, None, " ; ".join(erreurs))


# --- A file ---------------------------------------------------------------------------------------------------------


def lire_fichier(contenu: bytes) -> list[LigneLue]:
    """Return the lines of a file of decisions. Raises ValidationError when it can't be read at all."""
    if len(contenu) > TAILLE_MAX:
        raise ValidationError("Ce fichier dépasse 3 Mo.")
    texte = _texte(contenu)
    entete = texte.lstrip("\r\n").split("\n", 1)[0]
    separateur = max(SEPARATEURS, key=entete.count)
    # Strict: a quotation mark that nobody closes would swallow every line after it.
    lecteur = csv.reader(StringIO(texte, newline=""), delimiter=separateur, strict=True)
    try:
        rangees = [(lecteur.line_num, cellules) for cellules in lecteur if any(c.strip() for c in cellules)]
    except csv.Error as erreur:
        raise ValidationError(
            f"Le fichier n'est pas lisible à la ligne {lecteur.line_num} : il s'y trouve un guillemet mal ouvert ou "
            "mal fermé."
        ) from erreur
    if len(rangees) < 2:
        raise ValidationError("Ce fichier n'a pas de ligne sous ses titres.")
    if len(rangees) - 1 > LIGNES_MAX:
        raise ValidationError("Ce fichier a plus de 5 000 lignes : coupez-le en plusieurs.")
    colonnes = _colonnes(rangees[0][1])
    return [
        _lire_ligne(rang, {nom: cellules[ou] if ou < len(cellules) else "" for nom, ou in colonnes.items()})
        for rang, cellules in rangees[1:]
    ]


def _texte(contenu: bytes) -> str:
    if contenu.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ValidationError("C'est un classeur : enregistrez-le au format CSV, puis envoyez ce CSV.")
    for encodage in ("utf-8-sig", "cp1252"):
        try:
            texte = contenu.decode(encodage)
        except UnicodeDecodeError:
            continue
        if "\x00" in texte:
            break
        return texte
    raise ValidationError("Ce fichier n'est pas un CSV en UTF-8 ni en Windows-1252.")


def _colonnes(titres: list[str]) -> dict[str, int]:
    """Return where each answer stands. Raises ValidationError when a head is missing or stands twice."""
    lus = [_cle(titre) for titre in titres]
    colonnes = {}
    for nom, acceptes in COLONNES.items():
        rangs = [rang for rang, titre in enumerate(lus) if titre in acceptes]
        if len(rangs) > 1:
            raise ValidationError(f"La colonne « {acceptes[0]} » est là deux fois.")
        if rangs:
            colonnes[nom] = rangs[0]
    manquent = [f"« {COLONNES[nom][0]} »" for nom in NECESSAIRES if nom not in colonnes]
    if manquent:
        raise ValidationError(f"Il manque : {', '.join(manquent)}. Lues : {', '.join(titres)[:200]}.")
    return colonnes


class ImportForm(forms.Form):
    """The file of decisions; `cleaned_data` holds its name and its lines."""

    fichier = forms.FileField(
        label="Fichier CSV",
        help_text="Les décisions d'Espace Action Sociale, 5 000 lignes au plus. Rien n'est écrit avant votre accord.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv,text/plain"}),
        error_messages={"required": "Choisissez un fichier", "empty": "Ce fichier est vide"},
    )

    def clean(self):
        if fichier := self.cleaned_data.pop("fichier", None):
            if fichier.size > TAILLE_MAX:
                self.add_error("fichier", "Ce fichier dépasse 3 Mo.")
                return {}
            try:
                return {"fichier": fichier.name[-120:], "lignes": lire_fichier(fichier.read())}
            except ValidationError as erreur:
                self.add_error("fichier", erreur)
        return {}
