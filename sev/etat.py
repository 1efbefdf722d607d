"""State of the service, as probes read it: database, broker, last runs of the tasks, mails. Nothing about anybody."""

from datetime import datetime

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import Count, Min, Q
from redis import Redis, RedisError

from sev.echeances import ECHEANCES
from sev.socle.courriels import TENTATIVES_MAX
from sev.socle.models import Courriel, Passage
from sev.socle.temps import maintenant

DELAI_BASE_MS = 2000
DELAI_COURTIER = 1


def etat_du_service() -> dict:
    """Return what /sante/ answers: `etat` is "ok", or "panne" when a part is down or a task late."""
    base = _base()
    courtier = _courtier()
    a_l_arret = any(t["en_retard"] or t["en_erreur"] for t in base.get("taches", {}).values())
    ok = base["base"] and courtier and not a_l_arret
    return {"etat": "ok" if ok else "panne", "courtier": courtier, **base}


def _base() -> dict:
    try:
        with transaction.atomic(), connection.cursor() as curseur:
            curseur.execute(f"SET LOCAL statement_timeout = {DELAI_BASE_MS}")
            return {"base": True, "taches": _taches(), "courriels": etat_des_courriels()}
    except Error:
        return {"base": False}


def _courtier() -> bool:
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=DELAI_COURTIER, socket_timeout=DELAI_COURTIER
        ) as courtier:
            return courtier.ping()
    except (RedisError, ValueError):
        return False


def _taches() -> dict:
    """Return what a probe is told of each task."""
    return {
        nom: {cle: tache[cle] for cle in ("age_secondes", "en_retard", "en_erreur")}
        for nom, tache in etat_des_taches(maintenant()).items()
    }


def etat_des_taches(instant: datetime) -> dict[str, dict]:
    """Return by task its label, its last run that ended (None before the first), its age, if late, if it failed.

    Ages are in seconds.
    """
    # A run that was killed never ended: a task that is killed each time is late, not well.
    finis = Passage.objects.filter(tache__in=[e.nom for e in ECHEANCES], fin__isnull=False)
    passages = finis.order_by("tache", "-debut")
    derniers = {passage.tache: passage for passage in passages.distinct("tache")}
    taches = {}
    for echeance in ECHEANCES:
        dernier = derniers.get(echeance.nom)
        age = None if dernier is None else instant - dernier.debut
        taches[echeance.nom] = {
            "libelle": echeance.libelle,
            "passage": dernier,
            "age_secondes": None if age is None else round(age.total_seconds()),
            "en_retard": age is not None and age > echeance.tarde_apres,
            "en_erreur": dernier is not None and dernier.erreur != "",
        }
    return taches


def etat_des_courriels() -> dict:
    """Return how many mails wait, since when, and how many were given up."""
    en_echec = Q(tentatives__gte=TENTATIVES_MAX)
    comptes = Courriel.objects.filter(envoye_le__isnull=True).aggregate(
        en_attente=Count("pk", filter=~en_echec),
        en_echec=Count("pk", filter=en_echec),
        plus_ancien=Min("a_envoyer_le", filter=~en_echec),
    )
    plus_ancien = comptes.pop("plus_ancien")
    attente = 0 if plus_ancien is None else max(0, round((maintenant() - plus_ancien).total_seconds()))
    return comptes | {"attente_secondes": attente}
