"""The forms of a registration: who it is, and the whole fiche of the manual (I2, I3)."""

from datetime import date

from django import forms
from django.core.exceptions import ValidationError

from conventions.models import Bareme
from seniors.models import Inscription, Senior
from seniors.models.seniors import Identite
from seniors.operations.fiches import NOMS_DE_LA_FICHE, Fiche
from sev.socle.communes import choix_de_communes, nom_officiel
from sev.socle.filtres import Filtre
from sev.socle.saisie import (
    CodePostalField,
    DateFrancaiseField,
    EurosField,
    NomField,
    PartsField,
    TexteField,
    valider_naissance,
)
from sev.socle.texte import cle, cle_ville
from sev.socle.typographie import jour_mois_annee

CHAMPS_D_IDENTITE = ("nom", "prenom", "date_naissance", "ville_naissance")
CLE_MAX = 150


def valider_cle(cle: str) -> None:
    """Refuse, as a ValidationError, what no identity key can stand for: signs alone, or ligatures without end."""
    if not cle:
        raise ValidationError("Écrivez au moins une lettre.")
    if len(cle) > CLE_MAX:
        raise ValidationError("Ce texte est trop long.")


class IdentiteForm(forms.Form):
    """The four answers of the search, all needed (I2). `le`: today in Paris."""

    nom = NomField(label="Nom", max_length=60, help_text="Nom d'usage, celui de la carte d'identité")
    prenom = NomField(label="Prénom", max_length=60, help_text="Premier prénom de la carte d'identité")
    date_naissance = DateFrancaiseField(
        label="Date de naissance", siecle_passe=True, help_text="Par exemple : 31/05/1948"
    )
    ville_naissance = TexteField(
        label="Ville de naissance", max_length=80, help_text="Sans le numéro d'arrondissement"
    )

    def __init__(self, *args, le: date, **kwargs):
        self.le = le
        super().__init__(*args, **kwargs)
        self.use_required_attribute = False

    def clean_date_naissance(self):
        naissance = self.cleaned_data["date_naissance"]
        if naissance is not None:
            valider_naissance(naissance, self.le)
        return naissance

    def clean_nom(self):
        valider_cle(cle(self.cleaned_data["nom"]))
        return self.cleaned_data["nom"]

    def clean_prenom(self):
        valider_cle(cle(self.cleaned_data["prenom"]))
        return self.cleaned_data["prenom"]

    def clean_ville_naissance(self):
        valider_cle(cle_ville(self.cleaned_data["ville_naissance"]))
        return self.cleaned_data["ville_naissance"]

    def identite(self) -> Identite:
        """Return the identity typed; the form must be valid."""
        return Identite(**{nom: self.cleaned_data[nom] for nom in CHAMPS_D_IDENTITE})


class FicheForm(IdentiteForm):
    """The whole form. `inscrites`: the registrations of the list, among which one is linked.

    With `sans_identite` the person is known otherwise and the four answers are not asked.
    """

    civilite = forms.ChoiceField(
        label="Civilité",
        choices=Senior.Civilite,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez la civilité", "invalid_choice": "Choisissez la civilité"},
    )
    nom_naissance = NomField(
        label="Nom de naissance", max_length=60, required=False, help_text="S'il est différent du nom d'usage"
    )
    adresse = TexteField(
        label="Adresse",
        max_length=120,
        help_text="Numéro et rue",
        error_messages={"required": "Écrivez le numéro et la rue"},
    )
    complement = TexteField(
        label="Complément d'adresse", max_length=120, required=False, help_text="Bâtiment, étage, résidence"
    )
    code_postal = CodePostalField(
        label="Code postal", error_messages={"required": "Il faut 5 chiffres, par exemple 35410"}
    )
    ville = TexteField(label="Ville", max_length=80, error_messages={"required": "Choisissez la ville"})
    telephone = TexteField(label="Téléphone", max_length=20, required=False)
    email = forms.EmailField(
        label="Adresse e-mail",
        max_length=254,
        required=False,
        help_text="Par exemple : nom@mail.fr",
        error_messages={"invalid": "Écrivez une adresse e-mail complète, par exemple nom@mail.fr"},
    )
    contact_urgence = TexteField(
        label="Personne à prévenir",
        max_length=120,
        required=False,
        help_text="Nom et téléphone, en cas d'urgence pendant le séjour",
    )
    eligibilite = forms.ChoiceField(
        label="Éligible",
        choices=Inscription.Eligibilite,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez l'éligibilité", "invalid_choice": "Choisissez l'éligibilité"},
    )
    nature_aidant = forms.ChoiceField(
        label="Nature de l'aidant",
        choices=Inscription.NatureAidant,
        widget=forms.RadioSelect,
        required=False,
        help_text="Seulement pour un aidant. Le revenu n'est pas demandé à un aidant familial.",
    )
    senior_lie = forms.TypedChoiceField(
        label="Sénior lié",
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Le conjoint, ou la personne accompagnée. Elle doit être inscrite avant.",
        error_messages={"invalid_choice": "Cette personne n'est plus sur la liste"},
    )
    rfr = EurosField(
        label="Revenu fiscal de référence",
        required=False,
        help_text="Ligne 25 de l'avis d'imposition. En euros.",
    )
    rfr_zero_confirme = forms.BooleanField(
        label="Oui, le revenu est bien de 0 €",
        required=False,
        help_text="À cocher seulement si l'avis d'imposition porte 0.",
    )
    rfr_confidentiel = forms.BooleanField(
        label="RFR confidentiel",
        required=False,
        help_text="Le montant ne sera plus affiché une fois enregistré.",
    )
    revenu_imposable = EurosField(
        label="Revenu imposable", required=False, help_text="Ligne « revenu imposable » de l'avis. En euros."
    )
    parts = PartsField(label="Nombre de parts", required=False, help_text="Par exemple : 1 ou 1,5")
    situation = forms.ChoiceField(
        label="Situation",
        choices=[("", "Choisir"), *Bareme.Situation.choices],
        required=False,
    )
    handicape = forms.BooleanField(
        label="Handicapé", required=False, help_text="Peut partir dès 55 ans, et être accompagné d'un aidant."
    )
    dependant = forms.BooleanField(
        label="Dépendant", required=False, help_text="Peut être accompagné d'un aidant."
    )
    avec_conjoint = forms.BooleanField(label="Voyage avec son conjoint", required=False)
    conjoint = forms.TypedChoiceField(
        label="Son conjoint sur cette liste",
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Pour la chambre. Laissez vide s'il n'est pas encore inscrit.",
        error_messages={"invalid_choice": "Cette personne n'est plus sur la liste"},
    )
    chambre_individuelle = forms.BooleanField(
        label="Chambre individuelle",
        required=False,
        help_text="Un supplément peut être demandé par le prestataire.",
    )
    regroupement = TexteField(
        label="Regroupement souhaité avec",
        max_length=120,
        required=False,
        help_text="Nom de la personne avec qui partager la chambre ou la table",
    )
    commentaires = TexteField(
        label="Commentaires",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Allergies, régime, besoin particulier. Pas d'information médicale inutile.",
    )
    jeton = forms.UUIDField(required=False, widget=forms.HiddenInput)

    AIDES_ELIGIBILITE = {
        "AIDE": "Non imposable : le revenu imposable est sous le plafond.",
        "CONJOINT": "Son conjoint, sur cette liste, est « A l'aide ».",
        "PROGRAMME": "Part au tarif du programme, sans aide.",
        "AIDANT": "Accompagne une personne handicapée ou dépendante de cette liste.",
    }

    def __init__(self, *args, inscrites, sans_identite=False, confidentiel=False, **kwargs):
        super().__init__(*args, **kwargs)
        if sans_identite:
            for nom in CHAMPS_D_IDENTITE:
                del self.fields[nom]
        if confidentiel:
            self.fields[
                "rfr"
            ].help_text = "Montant confidentiel, déjà enregistré. Laissez vide pour le garder."
        self.fields["eligibilite"].aides = self.AIDES_ELIGIBILITE
        inscrites = list(inscrites)
        self.fields["senior_lie"].choices = [("", "Choisir dans la liste"), *map(_choix, inscrites)]
        self.fields["conjoint"].choices = [("", "Choisir dans la liste"), *map(_choix, inscrites)]
        self._proposer_les_communes()

    def _proposer_les_communes(self):
        """Offer the communes of the postcode; what was typed otherwise stays possible (I17)."""
        attrs = {
            "hx-get": "/communes/",
            "hx-trigger": "change",
            "hx-target": "#champ-ville",
            "hx-swap": "innerHTML",
            "hx-include": "#id_code_postal, #id_ville",
        }
        self.fields["code_postal"].widget.attrs.update(attrs)
        choix = choix_de_communes(self["code_postal"].value() or "", self["ville"].value() or "")
        if choix:
            self.fields["ville"].widget = forms.Select(choices=choix)
            self.fields["ville"].help_text = "Les communes de ce code postal"

    def clean_nom_naissance(self):
        nom = self.cleaned_data["nom_naissance"]
        if nom:
            valider_cle(cle(nom))
        return nom

    def clean_ville(self):
        """Return the official spelling where what was typed is a commune of the postcode."""
        return nom_officiel(self.cleaned_data["ville"], self.cleaned_data.get("code_postal", ""))

    def clean(self):
        donnees = super().clean()
        if donnees.get("eligibilite") == Inscription.Eligibilite.AIDANT and not donnees.get("nature_aidant"):
            self.add_error("nature_aidant", "Précisez : aidant familial ou aidant professionnel")
        return donnees

    def fiche(self) -> Fiche:
        """Return what was typed, in the words of the operations; answers that were refused are left out."""
        valeurs = {nom: self.cleaned_data[nom] for nom in NOMS_DE_LA_FICHE if nom in self.cleaned_data}
        return Fiche(
            **{"civilite": "", "adresse": "", "code_postal": "", "ville": "", "eligibilite": ""} | valeurs
        )


def _choix(inscription: Inscription) -> tuple[int, str]:
    """« AUBERTIN Jeannine, 12/03/1948, A l'aide »: the birth date tells two people of one name apart."""
    senior = inscription.senior
    details = [
        senior.nom_de_liste,
        jour_mois_annee(senior.date_naissance),
        inscription.get_eligibilite_display(),
    ]
    if inscription.handicape:
        details.append("handicapé")
    if inscription.dependant:
        details.append("dépendant")
    return inscription.pk, ", ".join(details)


def valeurs_de(inscription: Inscription) -> dict:
    """Return what a correction opens with: the fiche on record and who it is, incomes too."""
    fiche, senior = Fiche.de(inscription), inscription.senior
    valeurs = {nom: getattr(fiche, nom) for nom in NOMS_DE_LA_FICHE}
    valeurs |= {nom: getattr(senior, nom) for nom in CHAMPS_D_IDENTITE}
    return valeurs | {"rfr_zero_confirme": inscription.rfr == 0}


class NumeroForm(forms.Form):
    """The group's number, typed again before everybody is removed (I13)."""

    numero = TexteField(
        label="Numéro du groupe", max_length=20, attrs={"inputmode": "numeric"}, classe="court"
    )

    def __init__(self, *args, attendu: int, **kwargs):
        self.attendu = attendu
        super().__init__(*args, **kwargs)

    def clean_numero(self):
        numero = self.cleaned_data["numero"].replace(" ", "")
        if numero != str(self.attendu):
            raise ValidationError(f"Écrivez le numéro du groupe : {self.attendu}")
        return numero


class FiltreListe(Filtre):
    """Whom one looks for on a list, by the beginning of the names."""

    recherche = TexteField(label="Nom ou prénom", required=False, max_length=120)

    def _mots(self, nom: str, valeur) -> str:
        return f"« {valeur} »"

    def _garder(self, lignes, nom: str, valeur):
        return lignes.nommees(valeur.split())
