"""The form of « Signaler une liste non conforme »: who is missing, the papers, a word to ANCV (V5)."""

from copy import deepcopy
from datetime import date

from django import forms
from django.core.exceptions import ValidationError

from seniors.forms import CHAMPS_D_IDENTITE, IdentiteForm, valider_cle
from sev.socle.saisie import TexteField, valider_naissance
from sev.socle.texte import cle, cle_ville
from validation.operations.pieces import PieceGardee
from validation.operations.signalements import PERSONNES_MAX, PersonneManquante
from validation.pieces import PIECES_MAX, PieceLue, PieceRefusee, lire_piece

CHAMPS = (*CHAMPS_D_IDENTITE, "precisions")
NECESSAIRE = "Cette réponse est nécessaire"
SANS_PIECE = "Joignez au moins une pièce : sans elle, l'ANCV ne peut pas ajouter la personne."
PAS_DE_PLACE = (
    "Trop de pièces attendent déjà, jointes à des signalements que vous n'avez pas envoyés. Envoyez-les ou "
    "réessayez demain."
)
TROP_DE_PIECES = f"{PIECES_MAX} pièces au plus en tout : retirez-en."


class PlusieursFichiers(forms.FileInput):
    """The control for several files at once."""

    allow_multiple_selected = True

    def value_from_datadict(self, data, files, name):
        """Return all the files sent under this name."""
        return files.getlist(name) if hasattr(files, "getlist") else []


class PiecesField(forms.Field):
    """Several papers, each checked by its content; `lues` of the ValidationError's form keeps those that pass."""

    widget = PlusieursFichiers(attrs={"multiple": True, "accept": "application/pdf,image/jpeg,image/png"})


class SignalementForm(forms.Form):
    """`lignes` persons may be named, the first one must; empty ones are left out. `gardees`: papers kept already.

    `lues` are the papers of this request that pass, whatever else is refused; `doubles` names those that are there
    already, under another name maybe, and are kept once. `place`: how many more may wait. `le`: today in Paris.
    """

    use_required_attribute = False

    pieces = PiecesField(
        label="Pièces jointes",
        required=False,
        help_text="Pièce d'identité et dernier avis d'imposition (PDF, JPEG ou PNG, 5 Mo chacun). 10 pièces au plus.",
    )
    message = TexteField(
        label="Message à l'ANCV",
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Par exemple : pourquoi ces personnes n'étaient pas inscrites.",
    )

    def __init__(
        self, *args, lignes: int, gardees: list[PieceGardee], le: date, place: int = PIECES_MAX, **kwargs
    ):
        super().__init__(*args, **kwargs)
        self.lignes, self.gardees, self.le = min(max(lignes, 1), PERSONNES_MAX), gardees, le
        self.lues: list[PieceLue] = []
        self.doubles: list[str] = []
        self.place = place
        suite = self.fields
        self.fields = {}
        for rang in range(1, self.lignes + 1):
            self.fields |= _champs(rang)
        self.fields |= suite

    @property
    def personnes(self) -> list[dict]:
        """The rows of the page: their number and their bound fields."""
        return [
            {"rang": rang, **{nom: self[f"{nom}_{rang}"] for nom in CHAMPS}}
            for rang in range(1, self.lignes + 1)
        ]

    @property
    def complet(self) -> bool:
        return self.lignes >= PERSONNES_MAX

    def clean_pieces(self):
        """Check each paper; those that pass are kept even when another one is refused."""
        fichiers = self.cleaned_data["pieces"]
        if len(fichiers) + len(self.gardees) > PIECES_MAX:
            raise ValidationError(TROP_DE_PIECES)
        if len(fichiers) > self.place:
            raise ValidationError(PAS_DE_PLACE)
        refus, vues = [], {piece.empreinte: piece.nom for piece in self.gardees}
        for fichier in fichiers:
            try:
                lue = lire_piece(fichier)
            except PieceRefusee as refusee:
                refus.append(refusee.message)
                continue
            if lue.empreinte in vues:
                self.doubles.append(
                    f"{lue.nom} : c'est la même pièce que {vues[lue.empreinte]}, gardée une fois."
                )
            else:
                vues[lue.empreinte] = lue.nom
                self.lues.append(lue)
        if refus:
            raise ValidationError(refus)
        if not self.lues and not self.gardees:
            raise ValidationError(SANS_PIECE)
        return fichiers

    def clean(self):
        """Return who is missing, in `cleaned_data["manquantes"]`; a row begun must be finished."""
        donnees = super().clean()
        vues: dict[tuple, int] = {}
        donnees["manquantes"] = []
        for rang in range(1, self.lignes + 1):
            if rang > 1 and self._vide(rang):
                continue
            ligne = {nom: donnees.get(f"{nom}_{rang}") for nom in CHAMPS}
            if self._verifier(rang, ligne) and self._nouvelle(rang, ligne, vues):
                donnees["manquantes"].append(PersonneManquante(**ligne))
        return donnees

    def _vide(self, rang: int) -> bool:
        return not any(str(self.data.get(f"{nom}_{rang}", "")).strip() for nom in CHAMPS)

    def _verifier(self, rang: int, ligne: dict) -> bool:
        for nom in CHAMPS_D_IDENTITE:
            champ = f"{nom}_{rang}"
            if champ in self.errors:
                continue
            if not ligne[nom]:
                self.add_error(champ, NECESSAIRE)
                continue
            try:
                match nom:
                    case "date_naissance":
                        valider_naissance(ligne[nom], self.le)
                    case "ville_naissance":
                        valider_cle(cle_ville(ligne[nom]))
                    case _:
                        valider_cle(cle(ligne[nom]))
            except ValidationError as erreur:
                self.add_error(champ, erreur)
        return not any(f"{nom}_{rang}" in self.errors for nom in CHAMPS)

    def _nouvelle(self, rang: int, ligne: dict, vues: dict[tuple, int]) -> bool:
        qui = (
            cle(ligne["nom"]),
            cle(ligne["prenom"]),
            ligne["date_naissance"],
            cle_ville(ligne["ville_naissance"]),
        )
        premiere = vues.setdefault(qui, rang)
        if premiere != rang:
            self.add_error(f"nom_{rang}", f"C'est la même que la personne {premiere}")
        return premiere == rang


def _champs(rang: int) -> dict[str, forms.Field]:
    """Return the fields of one person; from the second on, their labels say which one."""
    champs = {}
    for nom in CHAMPS_D_IDENTITE:
        champ = champs[f"{nom}_{rang}"] = deepcopy(IdentiteForm.base_fields[nom])
        champ.required = False
    champs[f"precisions_{rang}"] = TexteField(
        label="Précisions",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Adresse, éligibilité, revenu… tout ce qui aide l'ANCV à l'inscrire.",
    )
    if rang > 1:
        for champ in champs.values():
            champ.label = f"{champ.label} (personne {rang})"
    return champs
