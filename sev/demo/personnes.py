"""The demo's people, all invented, list by list: who they are, and what their form says."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

# Where people live: (number and street, postcode, town). Real postcodes, invented numbers.
ADRESSES = (
    ("12 RUE DES LILAS", "35410", "CHATEAUGIRON"),
    ("3 IMPASSE DU LAVOIR", "35410", "DOMLOUP"),
    ("27 RUE DE LA GARE", "35150", "JANZE"),
    ("8 ALLEE DES TILLEULS", "35530", "SERVON SUR VILAINE"),
    ("41 AVENUE ANDRE BONNIN", "35135", "CHANTEPIE"),
    ("5 PLACE DE L EGLISE", "35410", "NOUVOITOU"),
    ("16 RUE DU CHAMP FLEURI", "35530", "NOYAL SUR VILAINE"),
    ("2 RUE DES FRERES LUMIERE", "35510", "CESSON SEVIGNE"),
    ("19 RUE DU MOULIN", "35150", "AMANLIS"),
    ("64 BOULEVARD DU CHATEAU", "35410", "CHATEAUGIRON"),
)
VILLES_DE_NAISSANCE = (
    "RENNES",
    "VITRE",
    "FOUGERES",
    "REDON",
    "NANTES",
    "SAINT-MALO",
    "LAVAL",
    "PARIS 12E",
    "CHATEAUBRIANT",
    "LE MANS",
)


@dataclass(frozen=True)
class Personne:
    """One line of a list. `avec`: rank, on the same list, of the spouse or of the person cared for."""

    civilite: str
    nom: str
    prenom: str
    age: int
    eligibilite: str = "AIDE"
    rfr: int | None = 11_800
    avec: int | None = None
    fiche: dict = field(default_factory=dict)

    def naissance(self, le: date) -> date:
        """Return a birth date that gives the age, or one year less, on `le`; the same at each run."""
        rang = sum(map(ord, self.nom + self.prenom))
        return date(le.year - self.age, 1 + rang % 12, 1 + rang % 28)

    @property
    def ville_naissance(self) -> str:
        return VILLES_DE_NAISSANCE[sum(map(ord, self.prenom)) % len(VILLES_DE_NAISSANCE)]

    def coordonnees(self) -> dict:
        """Return the address (one for each family name) and a telephone number that nobody has."""
        rang = sum(map(ord, self.nom))
        adresse, code_postal, ville = ADRESSES[rang % len(ADRESSES)]
        telephone = f"02 61 91 {rang % 90 + 10} {(rang * 7) % 90 + 10}"  # block kept for fiction
        return {
            "civilite": self.civilite,
            "adresse": adresse,
            "code_postal": code_postal,
            "ville": ville,
            "telephone": telephone,
        }

    @property
    def montant_rfr(self) -> Decimal | None:
        return None if self.rfr is None else Decimal(self.rfr)


def _mme(nom: str, prenom: str, age: int, eligibilite: str = "AIDE", rfr: int | None = 11_800, **reste):
    return Personne("MME", nom, prenom, age, eligibilite, rfr, reste.pop("avec", None), reste)


def _m(nom: str, prenom: str, age: int, eligibilite: str = "AIDE", rfr: int | None = 11_800, **reste):
    return Personne("M", nom, prenom, age, eligibilite, rfr, reste.pop("avec", None), reste)


PROGRAMME, CONJOINT, AIDANT = "PROGRAMME", "CONJOINT", "AIDANT"

# Two aided out of ten places: 320 € of 1 500 € are used, 1 180 € are left, as on the manual's screens.
OUVERT = (
    _mme("GUILLOUX", "Jeanne", 78, rfr=10_940, commentaires="Allergie aux fruits à coque."),
    _m("RENAUDIN", "Marcel", 81, rfr=12_310, chambre_individuelle=True, contact_urgence="Sa fille, Claire"),
)

# The four who used up the 640 €: a couple, and a person with the daughter who cares for her.
EPUISE = (
    _m("DELCOURT", "Roger", 76, rfr=13_020, avec_conjoint=True),
    _mme("DELCOURT", "Odile", 58, CONJOINT, 13_020, avec=0, avec_conjoint=True),
    _mme("SERVIERES", "Lucette", 86, rfr=9_870, dependant=True, commentaires="Repas mixés."),
    _mme("MARCHAND", "Sylvie", 54, AIDANT, None, avec=2, nature_aidant="FAMILIAL"),
)

CLOT_CE_SOIR = (
    _mme("PERRIGAULT", "Simone", 74, PROGRAMME, 18_400, regroupement="Mme LEVEQUE"),
    _mme("LEVEQUE", "Ginette", 72, PROGRAMME, 17_250, regroupement="Mme PERRIGAULT"),
    _m("AUBREE", "Yves", 69, PROGRAMME, 0),
    _mme("TEXERAUD", "Monique", 80, PROGRAMME, 21_300, chambre_individuelle=True),
    _m("JOUANNIC", "Alain", 71, PROGRAMME, 24_000, avec_conjoint=True),
    _mme("JOUANNIC", "Mireille", 70, PROGRAMME, 24_000, avec=4, avec_conjoint=True),
)

# The four of EPUISE travel again: registered without a second aid in the year.
VERROUILLE = (
    *EPUISE,
    _mme("HERVOCHON", "Thérèse", 83, PROGRAMME, 19_600, commentaires="Régime sans sel."),
    _m("BOURDAIS", "Émile", 79, PROGRAMME, 20_150, regroupement="M. COUPRIE"),
    _m("COUPRIE", "Gérard", 77, PROGRAMME, 18_900, regroupement="M. BOURDAIS"),
    _mme("MAHEVAS", "Colette", 75, PROGRAMME, 16_700, chambre_individuelle=True),
    _m("DANIELOU", "Pierre", 73, PROGRAMME, 26_400, avec_conjoint=True),
    _mme("DANIELOU", "Annick", 71, PROGRAMME, 26_400, avec=8, avec_conjoint=True),
    _mme("RIVALAIN", "Huguette", 88, PROGRAMME, 0, handicape=True, commentaires="Se déplace en fauteuil."),
)

FINI_HIER = (
    _mme("CHESNEL", "Raymonde", 82, PROGRAMME, 17_900),
    _m("GAUTRAIS", "Bernard", 70, PROGRAMME, 23_100, avec_conjoint=True),
    _mme("GAUTRAIS", "Nicole", 68, PROGRAMME, 23_100, avec=1, avec_conjoint=True),
    _mme("POUPARDIN", "Paulette", 79, PROGRAMME, 16_300, commentaires="Diabète : pas de dessert sucré."),
    _mme("LE TALLEC", "Yvonne", 85, PROGRAMME, 0, chambre_individuelle=True),
    _m("FERRONNIER", "Jacques", 74, PROGRAMME, 19_800),
    _mme("ORHANT", "Denise", 77, PROGRAMME, 18_150, regroupement="Mme CHESNEL"),
    _mme("BESNIER", "Marie-Claude", 66, PROGRAMME, 22_700),
    _m("TROTIGNON", "Henri", 81, PROGRAMME, 20_600),
)

FINI_IL_Y_A_12_JOURS = (
    _mme("VALLIENNE", "Solange", 76, PROGRAMME, 18_300, regroupement="Mme DUCHESNE"),
    _mme("DUCHESNE", "Arlette", 78, PROGRAMME, 17_600, regroupement="Mme VALLIENNE"),
    _m("KERBRAT", "Joseph", 84, PROGRAMME, 0),
    _mme("LEMONNIER", "Éliane", 73, PROGRAMME, 25_200, chambre_individuelle=True),
    _m("SAUVANET", "André", 72, PROGRAMME, 21_900, avec_conjoint=True),
    _mme("SAUVANET", "Josette", 71, PROGRAMME, 21_900, avec=4, avec_conjoint=True),
    _mme("TREGUIER", "Suzanne", 80, PROGRAMME, 16_900, commentaires="Végétarienne."),
)

# Last year's: every one of them aided, out of last year's credit.
L_AN_DERNIER = (
    _mme("BRILLAUD", "Germaine", 84, rfr=10_120),
    _m("MEZIERES", "René", 80, rfr=12_900, avec_conjoint=True),
    _mme("MEZIERES", "Ginette", 57, CONJOINT, 12_900, avec=1, avec_conjoint=True),
    _mme("LANOE", "Renée", 87, rfr=9_450, dependant=True),
    _mme("LANOE", "Isabelle", 59, AIDANT, None, avec=3, nature_aidant="FAMILIAL"),
    _m("COQUELIN", "Maurice", 79, rfr=13_400, chambre_individuelle=True),
    _m("PINSON", "Daniel", 57, rfr=8_700, handicape=True),
    _mme("ROUSSELOT", "Bernadette", 75, rfr=11_150),
)

# The 13 people of the manual's page « Validation des listes »: eight of them aided.
DU_MANUEL = (
    _mme("RIAUX", "Madeleine", 75, PROGRAMME, 19_200),
    _mme("RIBAUT", "Marie-Josèphe", 77, rfr=11_300, avec_conjoint=True),
    _m("RIBAUT", "Pierre", 79, CONJOINT, 11_300, avec=1, avec_conjoint=True),
    _m("RONCERAY", "Raymond", 82, rfr=10_750, avec_conjoint=True),
    _mme("RONCERAY", "Marie", 58, CONJOINT, 10_750, avec=3, avec_conjoint=True),
    _m("RONVIN", "Pierre", 70, rfr=12_600, chambre_individuelle=True),
    _m("SALMON", "André", 73, PROGRAMME, 22_400),
    _mme("SAUDRAIS", "Marguerite", 84, PROGRAMME, 17_100),
    _m("SAUDRAIS", "Maurice", 83, PROGRAMME, 17_800),
    _mme("SAUDRAIS", "Yvonne", 79, PROGRAMME, 16_450),
    _m("SAVATE", "Bernard", 68, rfr=13_050),
    _mme("SIMON", "Monique", 88, rfr=9_600, dependant=True, commentaires="Repas hachés."),
    _m("SIMON", "Pierre", 59, AIDANT, None, avec=11, nature_aidant="FAMILIAL"),
)

FINI_IL_Y_A_3_JOURS = (
    _mme("HERVIEU", "Andrée", 81, rfr=10_280),
    _m("LEGENDRE", "Fernand", 78, rfr=12_150, avec_conjoint=True),
    _mme("LEGENDRE", "Lucienne", 76, CONJOINT, 12_150, avec=1, avec_conjoint=True),
    _mme("QUINIOU", "Jacqueline", 69, PROGRAMME, 21_050),
    _m("TANGUY", "Roland", 74, PROGRAMME, 18_700),
)
