"""What the measures register: the same fiche for invented people, as an operation's arguments or as a form."""

import random
import string
import uuid
from datetime import date, timedelta
from decimal import Decimal

from seniors.models.seniors import Identite
from seniors.operations.fiches import Fiche

NOM_DU_SCRIPT, NE_LE_DU_SCRIPT = "ZZBANC", date(1948, 3, 12)
FICHE = {
    "civilite": "MME",
    "adresse": "12 RUE DES LILAS",
    "code_postal": "35410",
    "ville": "CHATEAUGIRON",
    "eligibilite": "AIDE",
}
RFR = 11_800


def au_hasard(hasard=random) -> tuple[str, date]:
    """Return a family name that nobody bears yet and a birth date."""
    nom = "ZZ" + "".join(hasard.choices(string.ascii_uppercase, k=9))
    return nom, date(1930, 1, 1) + timedelta(hasard.randrange(11_000))


def identite(nom: str, naissance: date) -> Identite:
    return Identite(nom=nom, prenom="Jeanne", date_naissance=naissance, ville_naissance="RENNES")


def fiche() -> Fiche:
    return Fiche(**FICHE, rfr=Decimal(RFR))


def formulaire(nom: str, naissance: date) -> dict:
    """Return the fields of the page « Nouveau sénior », as a browser sends them."""
    return FICHE | {
        "nom": nom,
        "prenom": "Jeanne",
        "date_naissance": f"{naissance:%d/%m/%Y}",
        "ville_naissance": "RENNES",
        "rfr": str(RFR),
        "jeton": str(uuid.uuid4()),
    }
