"""Prepare a loaded database for the measures: groups, stays, sessions, a list of fifty, a registration's statements.

Prints one JSON object. The keys of what the measures write are made recognisable (seven-digit numbers of their own), so
that the captured statements can be turned into a pgbench script.
"""

import json
import os
import re
from datetime import date, timedelta

os.environ["DJANGO_SETTINGS_MODULE"] = "sev.settings"

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test.client import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django_otp import DEVICE_ID_SESSION_KEY  # noqa: E402
from django_otp.plugins.otp_totp.models import TOTPDevice  # noqa: E402

from bench import saisie  # noqa: E402
from conventions.admin.credits import MouvementAdmin  # noqa: E402
from conventions.models import Compte, Convention, Mouvement, Organisme, Programme  # noqa: E402
from conventions.operations.credits import allouer  # noqa: E402
from sejours.models import Equipement, Groupe, Offre, Sejour  # noqa: E402
from sejours.regles import dernier_jour_de_la_liste, fin_du_sejour  # noqa: E402
from seniors.operations.inscriptions import inscrire  # noqa: E402
from sev.demo.scenario import samedis  # noqa: E402
from sev.socle.admin.listes import LIGNES_MAX  # noqa: E402
from sev.socle.communes import DEPARTEMENTS  # noqa: E402
from sev.socle.temps import aujourdhui, maintenant  # noqa: E402

GROUPE, PORTEUR, SENIOR, INSCRIPTION = 71_000_000, 72_000_000, 73_000_000, 74_000_000
# Many groups, so that lists stay as long as real ones while a measure fills them.
CONVENTIONS, GROUPES = 250, 1000
PLACES, PAR_SEJOUR = 200, 150
DATES = 50
JOURNAL = re.compile(r"(SELECT set_config\('pghistory[^;]*); ")


def main() -> None:
    """Prepare all of it and print what the measures need to know."""
    le = aujourdhui()
    with transaction.atomic():
        groupes = _groupes(le)
        _offres(int(os.environ["SEV_BANC_SEJOURS"]), le)
    sessions = [_session(PORTEUR + rang) for rang in range(1, CONVENTIONS + 2)]
    cas = {
        "reparti": {
            "groupe": GROUPE + 1,
            "porteur": PORTEUR + 1,
            "groupes": GROUPES,
            "conventions": CONVENTIONS,
            "sessions": sessions[:CONVENTIONS],
        },
        "une convention": {
            "groupe": GROUPE + 1 + GROUPES,
            "porteur": PORTEUR + 1 + CONVENTIONS,
            "groupes": GROUPES,
            "conventions": 1,
            "sessions": sessions[CONVENTIONS:],
        },
    }
    captures = _capturer(groupes[0], le)
    transactions = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT")
    nues = [JOURNAL.sub("", requete) for requete in captures]
    de_transaction = sum(requete.startswith(transactions) for requete in nues)
    requetes = {
        "operation": len(nues) - de_transaction,
        "transaction": de_transaction,
        "http": _requetes_http(groupes[0], sessions[0]),
    }
    print(
        json.dumps(
            {
                "cas": cas,
                "script": _script(captures),
                "requetes": requetes,
                "pages": _pages(groupes[-1], sessions[0], le),
            }
        )
    )


# --- Groups and sessions --------------------------------------------------------------------------------------


def _groupes(le: date) -> list[Groupe]:
    """Create the groups that the measures fill: those of many porteurs in turn, those of one, and one more."""
    ancv = Compte.objects.get(identifiant="ancv")
    for table, base in (
        ("sejours_groupe", GROUPE),
        ("seniors_senior", SENIOR),
        ("seniors_inscription", INSCRIPTION),
    ):
        with connection.cursor() as curseur:
            curseur.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, base])
    debut = samedis(le, dans=60)[0]
    Programme.objects.filter(annee=debut.year).update(enveloppe=9_000_000_000)
    conventions = [_porteur(rang, debut.year, ancv, le) for rang in range(1, CONVENTIONS + 2)]
    porteurs = [conventions[rang % CONVENTIONS] for rang in range(GROUPES)]
    porteurs += [conventions[CONVENTIONS]] * GROUPES + [conventions[0]]
    sejours = _sejours(-(-len(porteurs) // PAR_SEJOUR), debut)
    return Groupe.objects.bulk_create(
        Groupe(
            sejour=sejours[rang // PAR_SEJOUR],
            porteur=convention.organisme,
            places=PLACES,
            dernier_jour=dernier_jour_de_la_liste(debut),
        )
        for rang, convention in enumerate(porteurs)
    )


def _porteur(rang: int, annee: int, ancv: Compte, le: date) -> Convention:
    organisme = Organisme.objects.create(
        pk=PORTEUR + rang,
        nature=Organisme.Nature.PORTEUR,
        nom=f"BANC {rang}",
        type_porteur=Organisme.TypePorteur.CCAS,
    )
    convention = Convention.objects.create(
        organisme=organisme, numero=f"banc{rang}", activee_le=date(annee - 1, 1, 1)
    )
    Compte.objects.create(
        identifiant=convention.numero,
        nom=f"Titulaire {rang}",
        email=f"{convention.numero}@banc.example",
        organisme=organisme,
        titulaire=True,
    )
    # 168 000 aids each: no round, however fast the machine, comes to the end of a credit.
    for _ in range(3):
        allouer(convention=convention, annee=annee, montant=9_000_000, par=ancv, le=le, motif="banc")
    return convention


def _sejours(nombre: int, debut: date) -> list[Sejour]:
    prestataire = Organisme.objects.get(convention__numero="presta34")
    sejours = []
    for rang in range(nombre):
        equipement = Equipement.objects.create(
            prestataire=prestataire,
            nom=f"BANC {rang}",
            code_postal="34280",
            ville="LA GRANDE MOTTE",
            departement="34",
            environnement=Equipement.Environnement.MER,
        )
        offre = Offre.objects.create(equipement=equipement, annee=debut.year, duree=8, prix=410)
        sejours.append(
            Sejour.objects.create(
                offre=offre,
                debut=debut,
                fin=fin_du_sejour(debut, 8),
                places=PLACES * PAR_SEJOUR,
            )
        )
    return sejours


def _offres(nombre: int, le: date) -> None:
    """Publish `nombre` stays to search among: all over the country, on fifty dates of each équipement."""
    prestataire = Organisme.objects.get(convention__numero="presta34")
    departements, environnements = list(DEPARTEMENTS), Equipement.Environnement.values
    departs = [le + timedelta(days=20 + 7 * semaine) for semaine in range(DATES)]
    equipements = Equipement.objects.bulk_create(
        Equipement(
            prestataire=prestataire,
            nom=f"OFFRES {rang}",
            code_postal="34280",
            ville="LA GRANDE MOTTE",
            departement=departements[rang % len(departements)],
            environnement=environnements[rang % len(environnements)],
        )
        for rang in range(nombre // DATES)
    )
    offres = Offre.objects.bulk_create(
        Offre(equipement=equipement, annee=annee, duree=8, prix=360 + rang % 50)
        for rang, equipement in enumerate(equipements)
        for annee in sorted({depart.year for depart in departs})
    )
    Sejour.objects.bulk_create(
        (
            Sejour(offre=offre, debut=depart, fin=fin_du_sejour(depart, 8), places=20 + offre.pk % 40)
            for offre in offres
            for depart in departs
            if depart.year == offre.annee
        ),
        batch_size=5_000,
    )


def _session(organisme: int) -> str:
    """Open a session of the organisation's holder, as the sign-in page would; return its key."""
    return _ouvrir(Compte.objects.get(organisme=organisme, titulaire=True))


def _ouvrir(compte: Compte, **donnees) -> str:
    session = SessionStore()
    session.update(donnees)
    session[SESSION_KEY] = str(compte.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = compte.get_session_auth_hash()
    session["vu"] = int(maintenant().timestamp())
    session.create()
    return session.session_key


# --- The statements of a registration ---------------------------------------------------------------------


def _capturer(groupe: Groupe, le: date) -> list[str]:
    """Register two people and return the statements of the second: the first one warms what is read once."""
    par = Compte.objects.get(organisme=groupe.porteur_id, titulaire=True)
    for nom in ("ZZCHAUFFE", saisie.NOM_DU_SCRIPT):
        with CaptureQueriesContext(connection) as capture:
            inscrire(
                groupe=groupe,
                identite=saisie.identite(nom, saisie.NE_LE_DU_SCRIPT),
                fiche=saisie.fiche(),
                par=par,
                le=le,
                maintenant=maintenant(),
            )
    return [requete["sql"] for requete in capture.captured_queries]


def _script(captures: list[str]) -> str:
    """Turn captured statements into a pgbench script that registers somebody else each time."""
    lignes = [
        "\\set n random(1, 1000000000000)",
        "\\set aa random(30, 60)",
        "\\set mm random(10, 12)",
        "\\set jj random(10, 28)",
    ]
    for requete in captures:
        texte = JOURNAL.sub(r"\1 \\; ", " ".join(requete.split()))
        texte = re.sub(rf"\b{GROUPE + 1}\b", ":groupe", texte)
        texte = re.sub(rf"\b{PORTEUR + 1}\b", ":porteur", texte)
        texte = re.sub(rf"\b{str(SENIOR)[:2]}\d{{6}}\b", ":senior", texte)
        texte = re.sub(rf"\b{str(INSCRIPTION)[:2]}\d{{6}}\b", ":inscription", texte)
        texte = texte.replace(saisie.NOM_DU_SCRIPT, "ZZ:n")
        texte = texte.replace(saisie.NE_LE_DU_SCRIPT.isoformat(), "19:aa-:mm-:jj")
        cree = re.search(r'INSERT INTO "seniors_(senior|inscription)"', texte)
        lignes += [f"{texte} \\gset", f"\\set {cree[1]} :id"] if cree else [f"{texte};"]
    return "\n".join(lignes) + "\n"


def _requetes_http(groupe: Groupe, session: str) -> int:
    """Count the statements of a whole POST, those of the session, the account and the transaction included."""
    client = Client(HTTP_HOST="localhost")
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    for nom in ("ZZPREMIER", "ZZSECOND"):
        with CaptureQueriesContext(connection) as capture:
            reponse = client.post(
                f"/groupes/{groupe.pk}/inscriptions/nouvelle/", saisie.formulaire(nom, date(1948, 3, 12))
            )
        if reponse.status_code != 302:
            raise SystemExit(
                f"the form was refused ({reponse.status_code}): {reponse.content.decode()[:3000]}"
            )
    return len(capture)


# --- Pages --------------------------------------------------------------------------------------------------


def _pages(groupe: Groupe, session: str, le: date) -> dict:
    """Return what the pages are asked as: address, session, and how many statements they take."""
    for _ in range(50):
        inscrire(
            groupe=groupe,
            identite=saisie.identite(*saisie.au_hasard()),
            fiche=saisie.fiche(),
            par=Compte.objects.get(organisme=groupe.porteur_id, titulaire=True),
            le=le,
            maintenant=maintenant(),
        )
    porteur = Convention.objects.get(numero="mesurep1").organisme_id
    prestataire = Convention.objects.get(numero="mesurev1").organisme_id
    du_porteur, du_prestataire = _session(porteur), _session(prestataire)
    vingt = Groupe.objects.filter(porteur=porteur, inscrits=20).order_by("-pk").first()
    fini = Groupe.objects.filter(porteur=porteur, solde_le__isnull=False).order_by("pk").first()
    demandes = {
        "list of groups, porteur": ("/groupes/", du_porteur),
        "list of groups, provider": ("/groupes/", du_prestataire),
        "list of groups, provider, last page": ("/groupes/?page=9999", du_prestataire),
        "list of groups, filtered by name": ("/groupes/?porteur=ccas", du_prestataire),
        "home, porteur": ("/", du_porteur),
        "home, provider": ("/", du_prestataire),
        "credits and ledger, porteur": ("/credits/", du_porteur),
        "sums paid, provider": ("/versements/", du_prestataire),
        "a past list, porteur": (f"/validation/{fini.pk}/", du_porteur),
        "group page, 20 people": (f"/groupes/{vingt.pk}/", du_porteur),
        "group page, 50 people": (f"/groupes/{groupe.pk}/", session),
        "journal, provider": ("/journal/", du_prestataire),
        "search of stays": ("/offres/", du_porteur),
        "search of stays, three filters": (
            "/offres/?environnement=MER&region=Occitanie&places=30&tri=prix",
            du_porteur,
        ),
        "rooming-list of 50, PDF": (f"/groupes/{groupe.pk}/rooming-list.pdf", session),
        "groups as a spreadsheet, provider": ("/groupes/groupes.xlsx", du_prestataire),
    }
    ancv = _session_ancv()
    demandes |= {nom: (f"/admin/{chemin}", ancv) for nom, chemin in _administration(le).items()}
    pages = {}
    for nom, (adresse, cookie) in demandes.items():
        client = Client(HTTP_HOST="localhost")
        client.cookies[settings.SESSION_COOKIE_NAME] = cookie
        with CaptureQueriesContext(connection) as capture:
            reponse = client.get(adresse)
        if reponse.status_code != 200:
            raise SystemExit(f"{adresse}: {reponse.status_code} {reponse.headers}")
        pages[nom] = {
            "adresse": adresse,
            "session": cookie,
            "requetes": len(capture),
            "sql": [r["sql"] for r in capture.captured_queries if r["sql"].lstrip("( ").startswith("SELECT")],
        }
    return pages


def _administration(le: date) -> dict[str, str]:
    """ANCV's pages: name of the measure → what follows /admin/."""
    groupe = Groupe.objects.filter(inscrits=20).order_by("-pk").first().pk
    derniere = -(-min(LIGNES_MAX, Mouvement.objects.count()) // MouvementAdmin.list_per_page)
    return {
        "ANCV, home": "",
        "activity by month": "activite/activite/",
        "activity by département": "activite/activite/?axe=equipement",
        "activity, filtered": "activite/activite/?axe=mois&type_porteur=CCAS&dep_porteur=35",
        "occupancy of providers": "activite/activite/occupation/",
        "registrations": "seniors/inscription/",
        "registrations of a year far back": f"seniors/inscription/?annee={le.year - 8}",
        "search by name and first name": "seniors/inscription/?q=jeanne+martin",
        "search by a very common name": "seniors/inscription/?q=martin",
        "search by group": f"seniors/inscription/?q={groupe}",
        "journal, latest": "seniors/inscriptionevent/",
        "journal of a day": "seniors/inscriptionevent/?pgh_created_at__gte="
        f"{le:%Y-%m-%d}+00:00:00%2B01:00&pgh_created_at__lt={le + timedelta(1):%Y-%m-%d}+00:00:00%2B01:00",
        "journal, search by name": "seniors/inscriptionevent/?q=jeanne+martin",
        "ledger": "conventions/mouvement/",
        "ledger, last page": f"conventions/mouvement/?p={derniere}",
        "ledger, search by porteur": "conventions/mouvement/?q=mesurep1",
        "aids due, in no batch": "validation/versement/?etat=A_VERSER",
        "sums due by provider": "validation/lot/sommes-dues/",
        "validations, search by porteur": "validation/validation/?q=mesurep1",
        "presences in dispute": "validation/presence/",
        "groups": "sejours/groupe/",
        "persons": "seniors/senior/",
        "mails": "socle/courriel/",
    }


def _session_ancv() -> str:
    """Open a session of staff behind the second factor; return its key."""
    ancv = Compte.objects.get(identifiant="ancv")
    telephone, _ = TOTPDevice.objects.get_or_create(user=ancv, defaults={"name": "banc"})
    return _ouvrir(ancv, **{DEVICE_ID_SESSION_KEY: telephone.persistent_id})


if __name__ == "__main__":
    main()
