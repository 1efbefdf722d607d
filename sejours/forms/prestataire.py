"""What a provider types: its équipements and their photos, its offers, its stays."""

from datetime import date, timedelta
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, Q

from conventions.models.programme import Duree
from conventions.operations.organismes import departement
from sejours.forms.champs import PLACES_DU_SEJOUR_MAX, DepartField, champ_places
from sejours.models import Equipement
from sejours.photos import PhotoRefusee, redessiner
from sejours.regles import DELAI_VERROUILLAGE
from sev.socle.communes import DEPARTEMENTS, choix_de_communes, nom_officiel
from sev.socle.filtres import Filtre, choix_d_annees
from sev.socle.saisie import CodePostalField, SommeField, TexteField
from sev.socle.typographie import euros

CHAMBRES_MAX = 2000
EN_EUROS = "Écrivez un montant en euros, par exemple 410 ou 410,50"


def _chambres(label: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=0,
        max_value=CHAMBRES_MAX,
        widget=forms.NumberInput(attrs={"class": "court"}),
        error_messages={
            "invalid": "Écrivez un nombre, en chiffres",
            "min_value": "Écrivez un nombre, en chiffres",
            "max_value": "Ce nombre est trop grand",
        },
    )


def _texte_long(label: str, maximum: int, aide: str, lignes: int = 3) -> TexteField:
    return TexteField(
        label=label,
        required=False,
        max_length=maximum,
        help_text=aide,
        widget=forms.Textarea(attrs={"rows": lignes}),
    )


class MonEquipementForm(forms.Form):
    """A provider's holiday village or hotel (S1); the département follows the address."""

    use_required_attribute = False

    nom = TexteField(label="Nom de l'équipement", max_length=120)
    voie = TexteField(label="Adresse", max_length=120, required=False, help_text="Numéro et rue")
    code_postal = CodePostalField(
        label="Code postal", error_messages={"required": "Il faut 5 chiffres, par exemple 34280"}
    )
    ville = TexteField(label="Ville", max_length=80, error_messages={"required": "Choisissez la ville"})
    telephone = TexteField(label="Téléphone", max_length=20, required=False)
    environnement = forms.ChoiceField(
        label="Environnement",
        choices=Equipement.Environnement,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choisissez l'environnement",
            "invalid_choice": "Choisissez l'environnement",
        },
    )
    description = _texte_long(
        "Description", 2000, "Ce que les porteurs liront : le lieu, la table, les activités.", 5
    )
    accessible = forms.BooleanField(
        label="Accessible aux fauteuils roulants", required=False, help_text="Chambres, salle à manger, accès"
    )
    accessibilite = _texte_long(
        "Précisions sur l'accessibilité", 500, "Ascenseur, douches, pentes, distance des commerces."
    )
    chambres_doubles = _chambres("Chambres à grand lit")
    chambres_lits_separes = _chambres("Chambres à deux lits")
    chambres_individuelles = _chambres("Chambres individuelles")
    chambres_accessibles = _chambres("Dont accessibles en fauteuil")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code_postal"].widget.attrs.update(
            {
                "hx-get": "/equipements/communes/",
                "hx-trigger": "change",
                "hx-target": "#champ-ville",
                "hx-include": "#id_code_postal, #id_ville",
            }
        )
        choix = choix_de_communes(self["code_postal"].value() or "", self["ville"].value() or "")
        if choix:
            self.fields["ville"].widget = forms.Select(choices=choix)
            self.fields["ville"].help_text = "Les communes de ce code postal"

    def clean_ville(self):
        """Return the official spelling where what was typed is a commune of the postcode."""
        return nom_officiel(self.cleaned_data["ville"], self.cleaned_data.get("code_postal", ""))

    def clean_code_postal(self):
        code_postal = self.cleaned_data["code_postal"]
        if departement(code_postal, "") not in DEPARTEMENTS:
            raise ValidationError("Ce code postal n'est d'aucun département")
        return code_postal

    def clean(self):
        donnees = super().clean()
        chambres = [nom for nom in self.fields if nom.startswith("chambres_")]
        for nom in chambres:
            if nom in donnees:
                donnees[nom] = donnees[nom] or 0
        *par_genre, accessibles = (donnees.get(nom) for nom in chambres)
        if None not in (*par_genre, accessibles) and accessibles > sum(par_genre):
            self.add_error("chambres_accessibles", "Il y en a plus que de chambres")
        return donnees


class PhotoForm(forms.Form):
    """A photo and what it shows; `cleaned_data["image"]` is the picture drawn anew."""

    use_required_attribute = False

    fichier = forms.FileField(
        label="Photo",
        help_text="JPEG, PNG ou WebP, 5 Mo au plus. Le lieu et la date enregistrés par l'appareil sont effacés.",
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        error_messages={
            "required": "Choisissez une photo",
            "missing": "Choisissez une photo",
            "invalid": "Choisissez une photo",
            "empty": "Ce fichier est vide",
        },
    )
    legende = TexteField(
        label="Ce que montre la photo",
        max_length=160,
        help_text="Une phrase pour qui ne voit pas l'image : « La terrasse du restaurant, face à la mer ».",
        error_messages={"required": "Dites ce que montre la photo"},
    )

    def clean_fichier(self):
        fichier = self.cleaned_data["fichier"]
        try:
            self.cleaned_data["image"] = redessiner(fichier)
        except PhotoRefusee as refus:
            raise ValidationError(refus.message) from refus
        return fichier


def champ_prix(label: str, **options) -> SommeField:
    """Return a field for an amount of euros, written as one likes: 410, 410,50, 1 410 €."""
    return SommeField(
        label=label,
        min_value=Decimal("0.01"),
        widget=forms.TextInput(attrs={"class": "court", "inputmode": "decimal", "maxlength": "12"}),
        error_messages={
            "required": "Écrivez le prix",
            "invalid": EN_EUROS,
            "min_value": EN_EUROS,
            "max_digits": "Ce montant est trop grand",
            "max_whole_digits": "Ce montant est trop grand",
            "max_decimal_places": EN_EUROS,
        },
        **options,
    )


class OffreModifieeForm(forms.Form):
    """What may change of an offer."""

    use_required_attribute = False

    prix = champ_prix("Prix par personne, en euros", max_digits=7)
    supplement_individuelle = champ_prix(
        "Supplément pour une chambre individuelle, en euros",
        max_digits=6,
        required=False,
        help_text="Pour tout le séjour",
    )
    inclus = _texte_long(
        "Ce qui est inclus", 1000, "Pension, boissons, excursions, animations, taxe de séjour.", 4
    )


class MonOffreForm(OffreModifieeForm):
    """What an équipement sells for a year (S1). `tarifs`: {length: maximum price}, said in the hint."""

    field_order = ["annee", "duree", "prix"]

    annee = forms.TypedChoiceField(
        label="Année",
        coerce=int,
        error_messages={"required": "Choisissez l'année", "invalid_choice": "Choisissez l'année"},
    )
    duree = forms.TypedChoiceField(
        label="Durée",
        choices=Duree.choices,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez la durée", "invalid_choice": "Choisissez la durée"},
    )

    def __init__(self, *args, annee: int, tarifs: dict[int, Decimal], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["annee"].choices = [(a, str(a)) for a in (annee, annee + 1)]
        self.fields["duree"].aides = {
            str(duree): f"Prix maximum : {euros(prix)} par personne" for duree, prix in tarifs.items()
        }


class ReconduireForm(forms.Form):
    """The price of an offer in its next year."""

    use_required_attribute = False

    prix = champ_prix("Prix par personne, en euros", max_digits=7)


class PublierForm(forms.Form):
    """One stay of an offer, or one every week until `jusqu_au` (S1). `le`: today in Paris; `annee`: the offer's."""

    use_required_attribute = False

    debut = DepartField(label="Date de début", help_text="Le premier jour du séjour")
    jusqu_au = DepartField(
        label="Puis chaque semaine, jusqu'au",
        required=False,
        help_text="Pour une série : le premier jour du dernier séjour. Vide pour un seul séjour.",
    )
    places = champ_places("Places par séjour", PLACES_DU_SEJOUR_MAX)

    def __init__(self, *args, annee: int, le: date, **kwargs):
        super().__init__(*args, **kwargs)
        self.annee, self.le = annee, le

    def _dans_l_annee(self, jour: date | None) -> date | None:
        if jour and jour.year != self.annee:
            raise ValidationError(f"Cette offre vaut pour {self.annee}")
        return jour

    def clean_debut(self):
        debut = self._dans_l_annee(self.cleaned_data["debut"])
        if debut and debut <= self.le:
            raise ValidationError("Cette date est passée")
        return debut

    def clean_jusqu_au(self):
        fin = self._dans_l_annee(self.cleaned_data["jusqu_au"])
        debut = self.cleaned_data.get("debut")
        if fin and debut and fin < debut:
            raise ValidationError("Cette date vient avant le premier séjour")
        return fin


class PlacesDuSejourForm(forms.Form):
    """Another number of places for a stay."""

    use_required_attribute = False

    places = champ_places("Places", PLACES_DU_SEJOUR_MAX)


class FiltreSejours(Filtre):
    """The filters of the provider's stays."""

    ETATS = {
        "ouverts": "Ouverts aux demandes",
        "complets": "Complets",
        "fermes": "Fermés aux demandes",
        "termines": "Terminés",
        "annules": "Annulés",
    }

    annee = forms.TypedChoiceField(label="Année", required=False, coerce=int, empty_value=None)
    equipement = forms.TypedChoiceField(label="Équipement", required=False, coerce=int, empty_value=None)
    etat = forms.ChoiceField(label="État", required=False, choices=[("", "Tous"), *ETATS.items()])

    def __init__(self, *args, le: date, equipements, **kwargs):
        super().__init__(*args, **kwargs)
        self.le = le
        self.fields["annee"].choices = choix_d_annees(le.year + 1, le.year)
        self.fields["equipement"].choices = [("", "Tous"), *equipements]

    def _condition(self, nom: str, valeur) -> Q:
        if nom == "annee":
            return Q(annee=valeur)
        if nom == "equipement":
            return Q(offre__equipement=valeur)
        vivant = Q(annule_le__isnull=True)
        pleins = Q(places=F("places_prises") + F("places_en_option"))
        match valeur:
            case "ouverts":
                premier = self.le + timedelta(days=DELAI_VERROUILLAGE)
                return vivant & Q(ferme_le__isnull=True, debut__gte=premier) & ~pleins
            case "complets":
                return vivant & pleins
            case "fermes":
                return vivant & Q(ferme_le__isnull=False)
            case "termines":
                return vivant & Q(fin__lt=self.le)
            case _:
                return ~vivant
