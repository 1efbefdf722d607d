"""One client of a measure: registers by the operation or by HTTP until the time is up, reads pages, searches, sweeps.

What to do comes as JSON (standard input); what was done goes out as JSON.
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

# Readings of a measure: those that warm, those that count, and the seconds after which five are enough.
CHAUFFE, LECTURES_MIN, LECTURES, BUDGET = 3, 5, 40, 3
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


def pages(demande: dict) -> dict:
    """Read each page of the two bases and replay its statements, one after the other, alone, on kept connections.

    Return by page the medians in milliseconds: `petite_ms`, `grande_ms`, `plancher_ms` (the very statements of the page
    on the large base, on a bare cursor). The three follow each other, so that all meet the same machine.
    """
    _django()
    from django.db import connection

    connexions = {
        base: http.client.HTTPConnection(sienne["adresse"], timeout=60) for base, sienne in demande.items()
    }

    def rejouer(requetes):
        with connection.cursor() as curseur:
            for sql in requetes:
                curseur.execute(sql)
                curseur.fetchall()

    return {
        nom: _medianes(
            petite_ms=lambda nom=nom: _lire(connexions["petite"], demande["petite"]["pages"][nom]),
            grande_ms=lambda nom=nom: _lire(connexions["grande"], demande["grande"]["pages"][nom]),
            plancher_ms=lambda nom=nom: rejouer(demande["grande"]["pages"][nom]["sql"]),
        )
        for nom in demande["grande"]["pages"]
    }


def _lire(connexion: http.client.HTTPConnection, page: dict) -> None:
    reponse, _ = _demander(
        connexion, "GET", page["adresse"], None, {"Cookie": f"sessionid={page['session']}"}
    )
    if reponse.status != 200:
        raise SystemExit(f"{page['adresse']}: {reponse.status}")


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
    """Register two hundred people from one client; say how long the database was waited for."""
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

    nombre = 200
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

    return {"sejours": trouves.count()} | _medianes(
        index_ms=lambda: list(meme_dates.order_by("debut")[:PAR_PAGE]),
        page_ms=page,
        compter_ms=meme_dates.count,
        resultats_ms=trouves.count,
    )


# Ten lots: what a window costs is the same for ten thousand.
FENETRES = 2_000
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
    """Sweep FENETRES due windows, by the clock's operations, then by the very statements that they sent (the floor).

    After the last stay of a past year, whose other files are settled. All is undone: no commit is in the figures.
    """
    _django()
    from datetime import datetime, timedelta

    from django.db import connection, transaction
    from django.utils.timezone import get_current_timezone

    from sejours.models import Sejour
    from sev.socle.models import Courriel
    from sev.socle.temps import aujourdhui
    from validation.operations.fenetres import constater_depassements, ouvrir_validations, rappeler

    le = Sejour.objects.filter(fin__year=aujourdhui().year - 2).latest("fin").fin + timedelta(1)
    instant = datetime(le.year, le.month, le.day, 0, 5, tzinfo=get_current_timezone())
    actes = {
        "windows opened": lambda: ouvrir_validations(le=le, maintenant=instant),
        "reminders": lambda: rappeler(le=le + timedelta(7)),
        "lapses recorded": lambda: constater_depassements(le=le + timedelta(15), maintenant=instant),
    }
    mesures = {}
    with transaction.atomic():
        with connection.cursor() as curseur:
            curseur.execute(GROUPES_FINIS, {"le": le, "combien": FENETRES})
        for nom, acte in actes.items():
            mesures[nom] = _defaits(acte)
            avant = Courriel.objects.count()
            mesures[nom] |= {"faits": acte(), "courriels": Courriel.objects.count() - avant}
        transaction.set_rollback(True)
    return mesures


def horloge() -> dict:
    """Run each of the clock's jobs once, then again with nothing due: milliseconds, its statements replayed, how many.

    Persons are first marked as compared, and the retention is left out: the night's work is measured by lots (`nuit`).
    """
    _django()
    from django.db import connection

    from seniors.models import Senior
    from sev.echeances import ECHEANCES

    Senior.objects.filter(a_comparer=True).update(a_comparer=False)
    with connection.cursor() as curseur:
        curseur.execute("VACUUM ANALYZE seniors_senior")
    taches = {e.nom: e.tache for e in ECHEANCES if e.nom != "retention"}
    for tache in taches.values():
        tache()
    mesures = {}
    for nom, tache in taches.items():
        requetes = _requetes(tache)
        medianes = _medianes(operation_ms=tache, plancher_ms=lambda requetes=requetes: _rejouer(requetes))
        mesures[nom] = medianes | {"requetes": len(requetes)}
    return mesures


def nuit() -> dict:
    """Do a lot of each of the night's jobs, and the year's count, beside their very statements; all of it is undone."""
    _django()
    from activite.operations import relever
    from seniors.models import Senior
    from seniors.operations import doublons, retention
    from sev.controle import controler
    from sev.retention import combien
    from sev.socle.temps import aujourdhui, maintenant
    from validation.operations.retention import effacer_revenus, revenus_a_effacer

    le, instant = aujourdhui(), maintenant()
    quand = {"le": le, "maintenant": instant}
    revenus, personnes = (
        list(dues.order_by("pk").values_list("pk", flat=True)[: doublons.LOT])
        for dues in (revenus_a_effacer(le=le), Senior.objects.a_oublier(le=le))
    )
    recents = Senior.objects.order_by("-pk").values("pk")[: doublons.LOT]
    Senior.objects.filter(pk__in=list(recents.values_list("pk", flat=True))).update(a_comparer=True)
    actes = {
        "1 000 persons compared with all": lambda: doublons._comparer_un_lot(instant),
        "1 000 incomes taken away": lambda: effacer_revenus(cles=revenus, **quand),
        "1 000 persons forgotten": lambda: retention.oublier_personnes(cles=personnes, **quand),
        "what the retention would take": lambda: combien(le=le),
        "a year counted again": lambda: relever(annee=le.year - 1, **quand),
    }
    mesures = {nom: _defaits(acte) for nom, acte in actes.items()}
    return mesures | {"every invariant checked": _defaits(lambda: list(controler()), fois=1)}


def _defaits(acte, *, fois: int = 2) -> dict:
    """Do `acte` and undo it, then its statements, `fois` times in turn; return the shortest of each, in seconds."""
    from django.db import transaction

    def defait(quoi) -> float:
        with transaction.atomic():
            depart = time.perf_counter()
            quoi()
            duree = time.perf_counter() - depart
            transaction.set_rollback(True)
        return duree

    requetes: list[str] = []
    defait(lambda: requetes.extend(_requetes(acte)))
    durees = [(defait(acte), defait(lambda: _rejouer(requetes))) for _ in range(fois)]
    operation, plancher = (round(min(d), 3) for d in zip(*durees, strict=True))
    return {"operation_s": operation, "plancher_s": plancher, "requetes": len(requetes)}


def _requetes(acte) -> list[str]:
    """The statements that `acte` sends, less those that open and close transactions."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as capture:
        acte()
    de_transaction = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "DECLARE", "CLOSE", "FETCH")
    return [r["sql"] for r in capture.captured_queries if not r["sql"].startswith(de_transaction)]


def _rejouer(requetes: list[str]) -> None:
    from django.db import connection

    with connection.cursor() as curseur:
        for sql in requetes:
            curseur.cursor.execute(sql)
            if curseur.description:
                curseur.fetchall()


def _medianes(**actes) -> dict[str, float]:
    """Do these acts in turn until BUDGET seconds are spent, LECTURES times at most; return the medians, in ms."""
    durees: dict[str, list[float]] = {nom: [] for nom in actes}
    limite = time.perf_counter() + BUDGET
    for tour in range(CHAUFFE + LECTURES):
        if tour >= CHAUFFE + LECTURES_MIN and time.perf_counter() > limite:
            break
        for nom, acte in actes.items():
            depart = time.perf_counter()
            acte()
            durees[nom].append(1000 * (time.perf_counter() - depart))
    return {nom: round(statistics.median(d[CHAUFFE:]), 2) for nom, d in durees.items()}


def _django() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "sev.settings"
    import django

    django.setup()


def main() -> None:
    """Do what the first argument names."""
    genre = sys.argv[1]
    if genre == "attendre":
        attendre()
    elif genre in (seules := {f.__name__: f for f in (profil, recherche, horloge, nuit, fenetres)}):
        print(json.dumps(seules[genre]()))
    elif genre == "pages":
        print(json.dumps(pages(json.load(sys.stdin))))
    else:
        print(json.dumps({"operation": operation, "http": par_http}[genre](json.loads(sys.stdin.readline()))))


if __name__ == "__main__":
    main()
