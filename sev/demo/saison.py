"""The demo's wider offer: more providers over the country, a season of stays more or less full, a few options.

In bulk, as there are hundreds of rows: what the operations would have written, which `manage.py controle` confirms.
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

from conventions.models import Compte, Convention, Organisme
from conventions.operations.organismes import departement
from sejours.models import Equipement, Groupe, Offre, Sejour
from sejours.operations.options import poser, refuser
from sejours.regles import dernier_jour_de_la_liste, fin_du_sejour
from sev.socle.journal import acte

PARIS = ZoneInfo("Europe/Paris")
INCLUS = "Pension complète, animations chaque jour, une excursion d'une journée, linge et taxe de séjour."

# Provider: number, name, postcode, town; its équipements: name, postcode, town, environment, days of its stays.
PRESTATAIRES = (
    (
        ("presta29", "VACANCES D ARMOR", "29160", "CROZON"),
        ("LES ROCHES ROUSSES", "29160", "CROZON", "MER", 8),
        ("LE HAMEAU DES EMBRUNS", "22700", "PERROS GUIREC", "MER", 8),
        ("LES GENETS D OR", "56340", "CARNAC", "MER", 5),
        ("LE MOULIN DU BLAVET", "56300", "PONTIVY", "CAMPAGNE", 8),
        ("LE CLOS DES CORSAIRES", "35400", "SAINT MALO", "VILLE", 5),
    ),
    (
        ("presta74", "CIMES ET VALLEES", "74220", "LA CLUSAZ"),
        ("LE BALCON DES ARAVIS", "74220", "LA CLUSAZ", "MONTAGNE", 8),
        ("LES EDELWEISS", "73700", "BOURG SAINT MAURICE", "MONTAGNE", 8),
        ("LE CHALET DU VERCORS", "38250", "VILLARD DE LANS", "MONTAGNE", 5),
        ("LES MELEZES", "05100", "BRIANCON", "MONTAGNE", 8),
        ("LA GRANDE CASCADE", "63240", "MONT DORE", "THERMAL", 8),
    ),
    (
        ("presta40", "ESCALES DU SUD OUEST", "40130", "CAPBRETON"),
        ("LES PINS DORES", "40130", "CAPBRETON", "MER", 8),
        ("LE RELAIS DES THERMES", "40100", "DAX", "THERMAL", 8),
        ("LA BASTIDE DES FLEURS", "32100", "CONDOM", "CAMPAGNE", 8),
        ("LE BALCON DU CAUSSE", "46500", "ROCAMADOUR", "CAMPAGNE", 5),
        ("LES TERRASSES DE LUZ", "65120", "LUZ SAINT SAUVEUR", "MONTAGNE", 8),
    ),
    (
        ("presta83", "SOLEIL ET SAISONS", "83400", "HYERES"),
        ("LES ILES D OR", "83400", "HYERES", "MER", 8),
        ("LE MAS DES CIGALES", "84800", "L ISLE SUR LA SORGUE", "CAMPAGNE", 8),
        ("LA BAIE DES CITRONNIERS", "06500", "MENTON", "MER", 8),
        ("LES TERRASSES DU CAP", "20200", "BASTIA", "MER", 8),
        ("LES FILAOS", "97460", "SAINT PAUL", "MER", 8),
    ),
    (
        ("presta44", "LOIRE ET LITTORAL", "44350", "GUERANDE"),
        ("LES MARAIS SALANTS", "44350", "GUERANDE", "MER", 8),
        ("LA CORNICHE", "85800", "SAINT GILLES CROIX DE VIE", "MER", 8),
        ("LE VAL DES CHATEAUX", "37400", "AMBOISE", "CAMPAGNE", 5),
    ),
    (
        ("presta68", "GRAND EST EVASION", "68150", "RIBEAUVILLE"),
        ("LA ROUTE DES VINS", "68150", "RIBEAUVILLE", "CAMPAGNE", 8),
        ("LES SAPINS BLEUS", "88400", "GERARDMER", "MONTAGNE", 8),
        ("LE VIEUX BEFFROI", "59000", "LILLE", "VILLE", 5),
        ("LES MOLLIERES", "80550", "LE CROTOY", "MER", 8),
    ),
)
PORTEURS = (
    ("ancv3101", "CCAS DU VAL FLEURI", "CCAS", "44000", "NANTES"),
    ("ancv3102", "CLUB DES AINES DE LA VALLEE", "ASSOCIATION", "22600", "LOUDEAC"),
    ("ancv3103", "MAIRIE DES QUATRE CHEMINS", "MAIRIE", "59100", "ROUBAIX"),
    ("ancv3104", "AMICALE DES RETRAITES DU CANAL", "ASSOCIATION", "31000", "TOULOUSE"),
    ("ancv3105", "CCAS DES HAUTS DE LOIRE", "CCAS", "42000", "SAINT ETIENNE"),
    ("ancv3106", "RESIDENCE LES PERVENCHES", "ETABLISSEMENT", "69003", "LYON"),
)
SEJOURS_PAR_EQUIPEMENT = 7


def ouvrir(*, samedis: list[date], tarifs: dict[int, Decimal], par: Compte, le: date) -> None:
    """Add the providers with their season of stays on `samedis`, and the groups of other porteurs on all that is open.

    `tarifs` are the highest prices of each length, in euros.
    """
    with acte("données de la démonstration", par=par):
        equipements = _equipements(le)
        _sejours(equipements, samedis, tarifs)
        _groupes(le)


def poser_des_options(*, comptes: dict[str, Compte], le: date) -> None:
    """Let the demo's porteurs ask for places: one option for each provider to answer, one that was refused."""
    a_presta34, a_presta17 = (
        Sejour.objects.pour(comptes[numero])
        .demandables(le=le + timedelta(30))
        .avec_places(20)
        .order_by("debut", "pk")
        for numero in ("presta34", "presta17")
    )
    _poser(a_presta34[0], 12, comptes["ancv1654"], le - timedelta(2), "Nous viendrions en autocar.")
    _poser(a_presta17[0], 8, comptes["ancv2528"], le - timedelta(1), "")
    refusee = _poser(a_presta17[1], 15, comptes["ancv1654"], le - timedelta(4), "")
    refuser(
        option=refusee,
        motif="Cette semaine est prise par un séminaire.",
        par=comptes["presta17"],
        le=le - timedelta(3),
        maintenant=_midi(le - timedelta(3)),
    )


def _poser(sejour: Sejour, places: int, par: Compte, le: date, message: str):
    return poser(sejour=sejour, places=places, message=message, par=par, le=le, maintenant=_midi(le))


def _midi(le: date) -> datetime:
    return datetime.combine(le, time(12, 0), PARIS)


def _organisme(numero: str, nom: str, code_postal: str, ville: str, le: date, **champs) -> Organisme:
    organisme = Organisme.objects.create(
        nom=nom,
        code_postal=code_postal,
        ville=ville,
        departement=departement(code_postal, ville),
        **champs,
    )
    Convention.objects.create(organisme=organisme, numero=numero, activee_le=date(le.year - 2, 10, 1))
    return organisme


def _equipements(le: date) -> list[tuple[Equipement, int]]:
    """Create the providers' équipements; return each with the days of its stays."""
    lieux, durees = [], []
    for prestataire, *equipements in PRESTATAIRES:
        organisme = _organisme(*prestataire, le, nature=Organisme.Nature.PRESTATAIRE)
        for nom, code_postal, ville, environnement, duree in equipements:
            rang = len(lieux)
            lieux.append(
                Equipement(
                    prestataire=organisme,
                    nom=nom,
                    voie=f"{3 + 2 * rang} ROUTE DES VACANCES",
                    code_postal=code_postal,
                    ville=ville,
                    departement=departement(code_postal, ville),
                    environnement=environnement,
                    accessible=rang % 3 != 1,
                    accessibilite="Ascenseur, douches de plain-pied." if rang % 3 == 0 else "",
                    chambres_doubles=12 + rang % 5,
                    chambres_lits_separes=8,
                    chambres_individuelles=4 + rang % 3,
                    chambres_accessibles=2 if rang % 3 != 1 else 0,
                )
            )
            durees.append(duree)
    return list(zip(Equipement.objects.bulk_create(lieux), durees, strict=True))


def _sejours(equipements, samedis: list[date], tarifs: dict[int, Decimal]) -> None:
    """Create an offer for each year of the stays, and the stays, every third Saturday or so."""
    plan = {
        (rang, debut): (lieu, duree)
        for rang, (lieu, duree) in enumerate(equipements)
        for debut in samedis[rang % 3 :: 3][:SEJOURS_PAR_EQUIPEMENT]
    }
    cles = sorted({(rang, debut.year) for rang, debut in plan})
    offres = Offre.objects.bulk_create(
        Offre(
            equipement=equipements[rang][0],
            annee=annee,
            duree=equipements[rang][1],
            prix=tarifs[equipements[rang][1]] - 4 * (rang % 6),
            inclus=INCLUS,
            supplement_individuelle=Decimal(60 + 5 * (rang % 4)),
        )
        for rang, annee in cles
    )
    par_annee = dict(zip(cles, offres, strict=True))
    Sejour.objects.bulk_create(
        Sejour(
            offre=par_annee[rang, debut.year],
            debut=debut,
            fin=fin_du_sejour(debut, duree),
            places=30 + 10 * (rang % 3),
        )
        for (rang, debut), (_, duree) in plan.items()
    )


def _groupes(le: date) -> None:
    """Pre-register groups on the stays still open for a month: from empty to full, the nearest ones the fullest."""
    porteurs = [
        _organisme(numero, nom, code, ville, le, nature=Organisme.Nature.PORTEUR, type_porteur=genre)
        for numero, nom, genre, code, ville in PORTEURS
    ]
    sejours = Sejour.objects.demandables(le=le + timedelta(14)).filter(places_prises=0).order_by("pk")
    groupes, tour = [], count()
    for sejour in sejours:
        rang = next(tour)
        mois = (sejour.debut - le).days // 30
        dixiemes = max(0, min(10, (rang * 7) % 11 + 3 - mois))
        for part in (dixiemes // 2, dixiemes - dixiemes // 2):
            if places := sejour.places * part // 10:
                groupes.append(
                    Groupe(
                        sejour=sejour,
                        porteur=porteurs[(rang + len(groupes)) % len(porteurs)],
                        places=places,
                        type_groupe=Groupe.Type.INDIVIDUELS if rang % 4 == 0 else Groupe.Type.GROUPE,
                        dernier_jour=dernier_jour_de_la_liste(sejour.debut),
                    )
                )
    Groupe.objects.bulk_create(groupes)
