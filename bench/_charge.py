"""One client of a measure: registers by the operation or by HTTP until the time is up, reads pages, searches, sweeps.

What to do comes as lines of JSON (standard input) or in SEV_BANC_DEMANDE; what was done goes out as JSON.
"""

import http.client
import json
import os
import random
import statistics
import sys
import time
from itertools import count
from urllib.parse import urlencode

CHAUFFE, LECTURES = 5, 40
# A kept connection stays with one worker: changing it now and then lets both work.
PAR_CONNEXION = 20
JETON_CSRF = "a" * 32


def attendre() -> None:
    """Wait until the pages answer."""
    limite = time.monotonic() + 60
    while time.monotonic() < limite:
        connexion = http.client.HTTPConnection(os.environ["SEV_BANC_ADRESSE"], timeout=10)
        try:
            connexion.request("GET", "/connexion/")
            statut = connexion.getresponse().status
        except OSError:
            time.sleep(0.2)
        else:
            if statut == 200:
                return
            raise SystemExit(f"/connexion/ answers {statut}")
        finally:
            connexion.close()
    raise SystemExit("gunicorn does not answer")


def jusqu_au_bout(une_fois) -> dict:
    """Say that one is ready; then do `une_fois` again and again, from the common start to the end."""
    print("ready", flush=True)
    depart = json.loads(sys.stdin.readline())
    fin, faits = depart["debut"] + depart["secondes"], 0
    time.sleep(max(0, depart["debut"] - time.time()))
    while time.time() < fin:
        une_fois()
        faits += 1
    return {"faits": faits}


def operation(demande: dict) -> dict:
    """Register by the operation, on one database connection."""
    _django()
    from bench import saisie
    from conventions.models import Compte
    from sejours.models import Groupe
    from seniors.operations.inscriptions import inscrire
    from sev.socle.temps import aujourdhui, maintenant

    hasard, cas, le = random.Random(demande["graine"]), demande["cas"], aujourdhui()
    cles = range(cas["groupe"], cas["groupe"] + cas["groupes"])
    groupes = list(Groupe.objects.filter(pk__in=cles).order_by("pk"))
    comptes = {
        c.organisme_id: c for c in Compte.objects.filter(organisme__in=[g.porteur_id for g in groupes])
    }

    def une_fois():
        groupe = hasard.choice(groupes)
        inscription = inscrire(
            groupe=groupe,
            identite=saisie.identite(*saisie.au_hasard(hasard)),
            fiche=saisie.fiche(),
            par=comptes[groupe.porteur_id],
            le=le,
            maintenant=maintenant(),
        )
        if inscription.aide is None:
            raise SystemExit("an aid was expected")

    return jusqu_au_bout(une_fois)


def par_http(demande: dict) -> dict:
    """Register by the form, on connections kept for some requests."""
    _django()
    from bench import saisie

    hasard, cas = random.Random(demande["graine"]), demande["cas"]
    connexion, envois = http.client.HTTPConnection(demande["adresse"], timeout=30), count(1)

    def une_fois():
        if next(envois) % PAR_CONNEXION == 0:
            connexion.close()
        rang = hasard.randrange(cas["groupes"])
        page = f"/groupes/{cas['groupe'] + rang}/"
        champs = saisie.formulaire(*saisie.au_hasard(hasard)) | {"csrfmiddlewaretoken": JETON_CSRF}
        reponse, corps = _demander(
            connexion,
            "POST",
            f"{page}inscriptions/nouvelle/",
            urlencode(champs),
            {
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": f"sessionid={cas['sessions'][rang % cas['conventions']]}; csrftoken={JETON_CSRF}",
            },
        )
        if reponse.getheader("Location") != page:
            raise SystemExit(f"the form was answered {reponse.status}: {corps[:2000].decode()}")

    return jusqu_au_bout(une_fois)


def pages(bases: dict) -> dict:
    """Read each page of each base in turn, alone, on kept connections; return the median milliseconds by page and base.

    A page of the small base and the same of the large one follow each other, so that both meet the same machine.
    """
    connexions = {
        base: http.client.HTTPConnection(demande["adresse"], timeout=60) for base, demande in bases.items()
    }
    mesures: dict[str, dict] = {}
    for nom in next(iter(bases.values()))["pages"]:
        durees: dict[str, list[float]] = {base: [] for base in bases}
        for _ in range(CHAUFFE + LECTURES):
            for base, demande in bases.items():
                durees[base].append(_lire(connexions[base], demande["pages"][nom]))
        mesures[nom] = {base: round(statistics.median(d[CHAUFFE:]), 1) for base, d in durees.items()}
    return mesures


def _lire(connexion: http.client.HTTPConnection, page: dict) -> float:
    depart = time.perf_counter()
    reponse, _ = _demander(
        connexion, "GET", page["adresse"], None, {"Cookie": f"sessionid={page['session']}"}
    )
    if reponse.status != 200:
        raise SystemExit(f"{page['adresse']}: {reponse.status}")
    return 1000 * (time.perf_counter() - depart)


def _demander(connexion: http.client.HTTPConnection, *demande) -> tuple[http.client.HTTPResponse, bytes]:
    """Ask once, or again on a new connection when the kept one was closed (a worker is replaced now and then)."""
    try:
        connexion.request(*demande)
        reponse = connexion.getresponse()
    except (http.client.RemoteDisconnected, ConnectionError):
        connexion.close()
        connexion.request(*demande)
        reponse = connexion.getresponse()
    return reponse, reponse.read()


def profil() -> dict:
    """Register three hundred people from one client; say how long the database was waited for."""
    _django()
    from django.db import connection

    from bench import saisie
    from conventions.models import Compte
    from sejours.models import Groupe
    from seniors.operations.inscriptions import inscrire
    from sev.socle.temps import aujourdhui, maintenant

    groupes, le = list(Groupe.objects.filter(porteur__convention__numero="banc3")), aujourdhui()
    par = Compte.objects.get(identifiant="banc3")
    attentes: list[float] = []

    def chronometre(execute, sql, params, many, context):
        depart = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            attentes.append(time.perf_counter() - depart)

    nombre = 300
    with connection.execute_wrapper(chronometre):
        for rang in range(nombre + 20):
            if rang == 20:
                attentes.clear()
                depart, processeur = time.perf_counter(), time.process_time()
            inscrire(
                groupe=groupes[rang % len(groupes)],
                identite=saisie.identite(*saisie.au_hasard()),
                fiche=saisie.fiche(),
                par=par,
                le=le,
                maintenant=maintenant(),
            )
    total = time.perf_counter() - depart
    return {
        "total_ms": round(1000 * total / nombre, 2),
        "base_ms": round(1000 * sum(attentes) / nombre, 2),
        "python_ms": round(1000 * (time.process_time() - processeur) / nombre, 2),
    }


def recherche() -> dict:
    """Return the median milliseconds of the first page of a search, and of as many rows of one table by its index.

    The number of results, exact, is measured apart, beside the count of the same dates.
    """
    _django()
    from django.http import QueryDict

    from conventions.models import Compte
    from sejours.models import Sejour
    from sejours.recherche import FiltreOffres, trier
    from sejours.views.offres import PAR_PAGE
    from sev.socle.temps import aujourdhui

    compte, le = Compte.objects.get(identifiant="banc1"), aujourdhui()
    offerts = Sejour.objects.offerts_a(compte)
    trouves = FiltreOffres(QueryDict()).filtrer(offerts.demandables(le=le))
    meme_dates = Sejour.objects.filter(debut__gte=le)

    def page():
        cles = list(trier(trouves, "debut")[1].values_list("pk", flat=True)[:PAR_PAGE])
        assert len(list(offerts.complets().filter(pk__in=cles))) == PAR_PAGE

    genres = {
        "index_ms": lambda: list(meme_dates.order_by("debut")[:PAR_PAGE]),
        "page_ms": page,
        "compter_ms": meme_dates.count,
        "resultats_ms": trouves.count,
    }
    durees: dict[str, list[float]] = {genre: [] for genre in genres}
    for _ in range(CHAUFFE + LECTURES):
        for genre, lire in genres.items():
            depart = time.perf_counter()
            lire()
            durees[genre].append(1000 * (time.perf_counter() - depart))
    return {"sejours": trouves.count()} | {
        genre: round(statistics.median(d[CHAUFFE:]), 2) for genre, d in durees.items()
    }


FENETRES = 10_000
GROUPES_FINIS = """
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE sejours_groupe DISABLE TRIGGER USER;
    INSERT INTO sejours_groupe (sejour_id, porteur_id, type_groupe, places, inscrits, dernier_jour, verrouille_le,
                                motif_annulation, cree_le, modifie_le)
    SELECT s.cles[1 + n %% cardinality(s.cles)], p.cles[1 + n %% cardinality(p.cles)], 'GROUPE', 20, 1,
           %(le)s::date - 30, now(), '', now(), now()
      FROM generate_series(1, %(combien)s) AS n
      CROSS JOIN (SELECT array_agg(id) AS cles FROM sejours_sejour
                   WHERE fin = %(le)s::date - 1) AS s
      CROSS JOIN (SELECT array_agg(organisme_id) AS cles FROM conventions_convention
                   WHERE numero LIKE 'mesurep%%') AS p;
    ALTER TABLE sejours_groupe ENABLE TRIGGER USER;
    ANALYZE sejours_groupe;
"""


def fenetres() -> dict:
    """Sweep 10 000 due windows, by the clock's operations, then by the very statements that they sent (the floor).

    After the last stay of a past year, whose other files are settled. All is undone: no commit is in the figures.
    """
    _django()
    from datetime import datetime, timedelta

    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext
    from django.utils.timezone import get_current_timezone

    from sejours.models import Sejour
    from sev.socle.models import Courriel
    from sev.socle.temps import aujourdhui
    from validation.operations.fenetres import constater_depassements, ouvrir_validations, rappeler

    le = Sejour.objects.filter(fin__year=aujourdhui().year - 2).latest("fin").fin + timedelta(1)
    rappel, depasse = le + timedelta(7), le + timedelta(15)
    instant = datetime(le.year, le.month, le.day, 0, 5, tzinfo=get_current_timezone())
    actes = {
        "ouvertures": lambda: ouvrir_validations(le=le, maintenant=instant),
        "rappels": lambda: rappeler(le=rappel),
        "depassements": lambda: constater_depassements(le=depasse, maintenant=instant),
    }

    def chronometre(acte) -> float:
        depart = time.perf_counter()
        acte()
        return time.perf_counter() - depart

    def defait(acte):
        with transaction.atomic():
            rendu = acte()
            transaction.set_rollback(True)
        return rendu

    def captures(acte) -> list[str]:
        with CaptureQueriesContext(connection) as capture:
            acte()
        lues = [requete["sql"] for requete in capture.captured_queries]
        return [sql for sql in lues if not sql.startswith(("SAVEPOINT", "RELEASE"))]

    def rejouer(requetes):
        with connection.connection.cursor() as curseur:
            for requete in requetes:
                curseur.execute(requete)

    mesures = {"rien_ms": {nom: _mediane_ms(acte) for nom, acte in actes.items()}}
    with transaction.atomic():
        with connection.cursor() as curseur:
            curseur.execute(GROUPES_FINIS, {"le": le, "combien": FENETRES})
        for nom, acte in actes.items():
            avant = Courriel.objects.count()
            requetes = defait(lambda acte=acte: captures(acte))
            operation = min(defait(lambda acte=acte: chronometre(acte)) for _ in range(2))
            plancher = min(
                defait(lambda requetes=requetes: chronometre(lambda: rejouer(requetes))) for _ in range(2)
            )
            faits = acte()
            mesures[nom] = {
                "faits": faits,
                "courriels": Courriel.objects.count() - avant,
                "requetes": len(requetes),
                "operation_s": round(operation, 2),
                "plancher_s": round(plancher, 2),
                "rapport": round(operation / plancher, 2),
            }
            # The same once more, with nothing left to do among 10 000 windows.
            mesures[nom]["deja_fait_ms"] = _mediane_ms(acte)
        transaction.set_rollback(True)
    return mesures


# ANCV's pages: name of the measure → address.
ADMINISTRATION = {
    "admin, home": "/admin/",
    "activity by month": "/admin/activite/activite/",
    "activity by département": "/admin/activite/activite/?axe=equipement",
    "activity, filtered": "/admin/activite/activite/?axe=mois&type_porteur=CCAS&dep_porteur=35",
    "occupancy of providers": "/admin/activite/activite/occupation/",
    "registrations": "/admin/seniors/inscription/",
    "search by name and first name": "/admin/seniors/inscription/?q=jeanne+martin",
    "search by group": "/admin/seniors/inscription/?q=20417",
    "journal, search by name": "/admin/seniors/inscriptionevent/?q=jeanne+martin",
    "groups": "/admin/sejours/groupe/",
}


def administration() -> dict:
    """Count the years again, then read ANCV's pages: each beside its own statements, replayed on a bare cursor."""
    _django()
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django_otp import DEVICE_ID_SESSION_KEY
    from django_otp.plugins.otp_totp.models import TOTPDevice

    from activite.models import Activite
    from activite.operations import relever, relever_les_annees
    from conventions.models import Compte
    from seniors.models import Inscription
    from sev.socle.temps import aujourdhui, maintenant

    le = aujourdhui()
    depart = time.perf_counter()
    annees = relever_les_annees(le=le, maintenant=maintenant())
    releves = time.perf_counter() - depart
    depart = time.perf_counter()
    relever(annee=le.year, le=le, maintenant=maintenant())
    une_annee = time.perf_counter() - depart
    client = Client(headers={"host": "localhost"})
    ancv = Compte.objects.get(identifiant="ancv")
    client.force_login(ancv, backend=settings.AUTHENTICATION_BACKENDS[-1])
    # The second factor is given: what is measured is behind it.
    telephone, _ = TOTPDevice.objects.get_or_create(user=ancv, defaults={"name": "banc"})
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = telephone.persistent_id
    session.save()

    def rejouer(requetes):
        with connection.cursor() as curseur:
            for sql in requetes:
                curseur.execute(sql)
                curseur.fetchall()

    mesures = {}
    for nom, adresse in ADMINISTRATION.items():
        with CaptureQueriesContext(connection) as prises:
            if client.get(adresse).status_code != 200:
                raise SystemExit(f"{adresse} does not answer")
        combien = len(prises)
        requetes = [requete["sql"] for requete in prises if requete["sql"].startswith("SELECT")]
        page = _mediane_ms(lambda adresse=adresse: client.get(adresse))
        nues = _mediane_ms(lambda requetes=requetes: rejouer(requetes))
        mesures[nom] = {"page_ms": page, "sql_ms": nues, "requetes": combien}
    return {
        "inscriptions": Inscription.objects.count(),
        "cases": Activite.objects.count(),
        "annees": annees,
        "annees_s": round(releves, 2),
        "une_annee_s": round(une_annee, 2),
        "pages": mesures,
    }


def _mediane_ms(acte) -> float:
    durees = []
    for _ in range(CHAUFFE + LECTURES):
        depart = time.perf_counter()
        acte()
        durees.append(1000 * (time.perf_counter() - depart))
    return round(statistics.median(durees[CHAUFFE:]), 2)


def _django() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "sev.settings"
    import django

    django.setup()


def main() -> None:
    """Do what the first argument names."""
    genre = sys.argv[1]
    if genre == "attendre":
        attendre()
    elif genre == "profil":
        print(json.dumps(profil()))
    elif genre == "recherche":
        print(json.dumps(recherche()))
    elif genre == "administration":
        print(json.dumps(administration()))
    elif genre == "fenetres":
        print(json.dumps(fenetres()))
    elif genre == "pages":
        print(json.dumps(pages(json.loads(os.environ["SEV_BANC_DEMANDE"]))))
    else:
        print(json.dumps({"operation": operation, "http": par_http}[genre](json.loads(sys.stdin.readline()))))


if __name__ == "__main__":
    main()
