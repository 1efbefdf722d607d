"""The outbox (X5): a mail is a row written with what it tells, then sent by a worker, once for its cause."""

import logging
import uuid
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string

from sev.socle.models import Courriel
from sev.socle.temps import mois_avant

logger = logging.getLogger(__name__)

TENTATIVES_MAX = 12
ESPACE_DES_IDENTIFIANTS = uuid.UUID("2b8f1c1e-1d57-4b2e-9c55-3f2f6c0f7a11")


def composer(*, cause: str, destinataire: str, sujet: str, gabarit: str, contexte: dict) -> Courriel:
    """Return the unsaved mail of `templates/courriels/<gabarit>.txt` and `.html`; `cause` names why it is sent."""
    contexte = {**contexte, "sujet": sujet, "adresse_du_site": settings.SEV_BASE_URL}
    return Courriel(
        cause=cause,
        destinataire=destinataire,
        sujet=sujet,
        texte=render_to_string(f"courriels/{gabarit}.txt", contexte),
        html=render_to_string(f"courriels/{gabarit}.html", contexte),
    )


def deposer(courriels: list[Courriel]) -> None:
    """Write `courriels` in the current transaction; one whose cause was already told is left out."""
    Courriel.objects.bulk_create(courriels, ignore_conflicts=True)


def envoyer(*, maintenant: datetime, limite: int = 200) -> int:
    """Send the mails that are due and return how many left. Two senders never take the same one (SKIP LOCKED).

    A mail that fails is tried again later, each time after twice as long, TENTATIVES_MAX times in all.
    """
    partis = 0
    for _ in range(limite):
        with transaction.atomic():
            courriel = (
                Courriel.objects.select_for_update(skip_locked=True, no_key=True)
                .filter(envoye_le__isnull=True, a_envoyer_le__lte=maintenant, tentatives__lt=TENTATIVES_MAX)
                .order_by("a_envoyer_le", "pk")
                .first()
            )
            if courriel is None:
                break
            partis += _tenter(courriel, maintenant)
    return partis


def relancer(courriels, *, maintenant: datetime) -> int:
    """Give those of `courriels` that never left all their tries again, from now on; return how many."""
    return courriels.filter(envoye_le__isnull=True).update(tentatives=0, a_envoyer_le=maintenant, erreur="")


def textes_a_effacer(le: date):
    """Return the mails written long before `le`, sent or given up, whose text is still there (X4)."""
    limite = mois_avant(le, settings.RETENTION_MOIS["courriels"])
    fini = Q(envoye_le__isnull=False) | Q(tentatives__gte=TENTATIVES_MAX)
    return Courriel.objects.filter(fini, cree_le__date__lte=limite).exclude(texte="", html="")


@transaction.atomic
def effacer_textes(*, cles: list[int], le: date, maintenant: datetime) -> int:
    """Take the texts of these mails away; the row stays, so that its cause is never told again."""
    return textes_a_effacer(le=le).filter(pk__in=cles).update(texte="", html="")


def _tenter(courriel: Courriel, maintenant: datetime) -> bool:
    courriel.tentatives += 1
    try:
        _message(courriel).send()
    except Exception as erreur:  # noqa: BLE001
        # Whatever the mail server says, the next mail must have its turn.
        logger.warning(
            "mail %s not sent, attempt %s: %s", courriel.pk, courriel.tentatives, type(erreur).__name__
        )
        courriel.erreur = f"{type(erreur).__name__}: {erreur}"[:500]
        courriel.a_envoyer_le = maintenant + timedelta(minutes=2 ** (courriel.tentatives - 1))
    else:
        courriel.envoye_le, courriel.erreur = maintenant, ""
    courriel.save(update_fields=["tentatives", "erreur", "a_envoyer_le", "envoye_le"])
    return courriel.envoye_le is not None


def _message(courriel: Courriel) -> EmailMultiAlternatives:
    # The same cause gives the same Message-ID: should a worker die right after sending, the copy is recognised.
    identifiant = f"<{uuid.uuid5(ESPACE_DES_IDENTIFIANTS, courriel.cause)}@{_domaine()}>"
    message = EmailMultiAlternatives(
        courriel.sujet, courriel.texte, to=[courriel.destinataire], headers={"Message-ID": identifiant}
    )
    message.attach_alternative(courriel.html, "text/html")
    return message


def _domaine() -> str:
    return settings.SEV_BASE_URL.split("://", 1)[-1].split("/")[0].split(":")[0]
