"""Objects that tests start from: persons, the form's fiche, registrations made by the operation itself.

Everybody is registered on 22 April 2022, as in the manual, unless told otherwise.
"""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import factory
from factory.django import DjangoModelFactory

from conventions.models import Credit
from conventions.tests.factories import CreditFactory
from sejours.models import Groupe
from sejours.tests.factories import GroupeFactory
from seniors.models import Inscription, Senior
from seniors.models.seniors import Identite
from seniors.operations.fiches import Fiche
from seniors.operations.inscriptions import inscrire
from sev.socle.texte import cle, cle_ville

PARIS = ZoneInfo("Europe/Paris")
LE = date(2022, 4, 22)
MAINTENANT = datetime(2022, 4, 22, 10, 32, tzinfo=PARIS)

NOMS = re.findall(
    r"\w+",
    "ARNAUD BERTHELOT CHAUVIN DELORME ESNAULT FAUCHER GUILBERT HAMELIN IMBERT JOUANNE KERVELLA LEGOFF "
    "MAURY NAVARRE OLLIVIER PERROT QUEMENER RIGAUD SAUVAGE TEXIER URBAIN VASSEUR WALTER YVON ZIEGLER",
)
PRENOMS = re.findall(
    r"\w+",
    "Alice Bernard Colette Denise Émile Françoise Gérard Huguette Irène Jacques Kléber Lucette "
    "Monique Nicole Odette Paulette Quentin Raymonde Simone Thérèse Ursule Viviane Wilfrid Yvette Zoé",
)


class SeniorFactory(DjangoModelFactory):
    """A person of 73 or so in 2022, of another name and birth date each time; the stored keys follow the names."""

    class Meta:
        model = Senior

    civilite = Senior.Civilite.MADAME
    nom = factory.Sequence(lambda n: NOMS[n % 25])
    prenom = factory.Sequence(lambda n: PRENOMS[(n // 25 + n) % 25])
    date_naissance = factory.Sequence(lambda n: date(1948, 3, 12) + timedelta(days=n % 500))
    ville_naissance = "RENNES"
    cle_nom = factory.LazyAttribute(lambda o: cle(o.nom))
    cle_prenom = factory.LazyAttribute(lambda o: cle(o.prenom))
    cle_ville = factory.LazyAttribute(lambda o: cle_ville(o.ville_naissance))
    cle_nom_naissance = factory.LazyAttribute(lambda o: cle(getattr(o, "nom_naissance", "")))
    adresse = "12 RUE DES LILAS"
    code_postal = "35410"
    ville = "CHATEAUGIRON"


def identite(**champs) -> Identite:
    """Return the four answers of the search, Jeanne MARTIN's unless told otherwise."""
    return Identite(
        **{
            "nom": "MARTIN",
            "prenom": "Jeanne",
            "date_naissance": date(1948, 3, 12),
            "ville_naissance": "Rennes",
        }
        | champs
    )


def fiche(eligibilite="AIDE", **champs) -> Fiche:
    """Return a filled form, « A l'aide » unless told otherwise; `senior_lie` and `conjoint` may be registrations."""
    valeurs = {
        "civilite": "MME",
        "adresse": "12 RUE DES LILAS",
        "code_postal": "35410",
        "ville": "CHATEAUGIRON",
        "rfr": Decimal(11_800),
    }
    if eligibilite == "AIDANT":
        valeurs |= {"nature_aidant": "FAMILIAL", "rfr": None}
    valeurs |= champs
    for lien in ("senior_lie", "conjoint"):
        if isinstance(valeurs.get(lien), Inscription):
            valeurs[lien] = valeurs[lien].pk
    return Fiche(eligibilite=eligibilite, **valeurs)


def InscriptionFactory(
    *,
    groupe: Groupe | None = None,
    senior: Senior | None = None,
    par=None,
    le: date | None = None,
    maintenant: datetime | None = None,
    **champs,
) -> Inscription:
    """Register `senior` (a new person by default) on `groupe` by the operation; other parameters as for `fiche`."""
    le = le or LE
    inscription = inscrire(
        groupe=groupe or GroupeFactory(),
        senior=senior or SeniorFactory(),
        fiche=fiche(**champs),
        par=par,
        le=le,
        maintenant=maintenant or datetime(le.year, le.month, le.day, 10, 32, tzinfo=PARIS),
    )
    return Inscription.objects.select_related("groupe__sejour__offre", "senior").get(pk=inscription.pk)


def groupe_dote(alloue=1_500, **champs) -> Groupe:
    """Return a group whose porteur has `alloue` euros more for the year of the stay."""
    groupe = GroupeFactory(**champs)
    CreditFactory(convention=groupe.porteur.convention, annee=groupe.sejour.debut.year, alloue=alloue)
    return groupe


def solde(groupe) -> tuple[int, int, int]:
    """Return what the manual shows as « 1500 320 1180 »: alloué, utilisé, disponible, of the porteur and year."""
    credit = Credit.objects.get(convention=groupe.porteur_id, programme=groupe.sejour.debut.year)
    return (credit.alloue, credit.utilise, credit.disponible)


def clair(texte: str) -> str:
    """Return `texte` with ordinary spaces in place of the non-breaking ones of French typography."""
    return texte.replace("\u00a0", " ")
