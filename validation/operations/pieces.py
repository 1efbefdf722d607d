"""The files of the papers joined to reports (V5, X4): kept under a name of ours, destroyed when their time is over."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from conventions.models import Compte
from sev.socle.journal import acte
from sev.socle.temps import mois_avant
from validation.models import PersonneSignalee, Piece, Signalement, Validation
from validation.pieces import PieceLue

DOSSIER = "pieces"
# A form is sent again, or left, within a session.
ORPHELINE_APRES = timedelta(days=1)
# Five whole forms that an account leaves in a day: beyond, its papers wait for the night's cleaning.
EN_ATTENTE_MAX = 50


@dataclass(frozen=True)
class PieceGardee:
    """A checked file that is kept, before or after the report it belongs to is made."""

    chemin: str
    nom: str
    type: str
    taille: int
    empreinte: str


def place_libre(compte: Compte) -> int:
    """Return how many more papers are kept for `compte` before a report takes some of them, or the night the rest."""
    if not default_storage.exists(DOSSIER):
        return EN_ATTENTE_MAX
    _, noms = default_storage.listdir(DOSSIER)
    siennes = {f"{DOSSIER}/{nom}" for nom in noms if nom.startswith(_debut(compte))}
    prises = Piece.objects.filter(fichier__in=siennes).count()
    return max(0, EN_ATTENTE_MAX - len(siennes) + prises)


def _debut(compte: Compte) -> str:
    return f"{compte.pk}-"


def mettre_de_cote(piece: PieceLue, *, compte: Compte) -> PieceGardee:
    """Keep the file of a checked paper; without a report within a day, `jeter_les_orphelines` removes it."""
    chemin = default_storage.save(f"{DOSSIER}/{_debut(compte)}{uuid4().hex}", ContentFile(piece.contenu))
    return PieceGardee(chemin, piece.nom, piece.type, len(piece.contenu), piece.empreinte)


def encore_libres(pieces: list[PieceGardee]) -> list[PieceGardee]:
    """Return those of `pieces` whose file is still kept, and belongs to no report."""
    prises = set(
        Piece.objects.filter(fichier__in=[piece.chemin for piece in pieces]).values_list("fichier", flat=True)
    )
    return [piece for piece in pieces if piece.chemin not in prises and default_storage.exists(piece.chemin)]


@transaction.atomic
def detruire_pieces(*, le: date, maintenant: datetime) -> int:
    """Destroy the papers and what was said of the reported persons, six months after payment; return how many (X4).

    `settings.CONSERVATION_PIECES` months after the last batch of the group was paid, or after its file was ended when
    nothing is due. Nothing goes while a sum or a disagreement waits. Files go once this is certain.
    """
    avant = mois_avant(le, settings.CONSERVATION_PIECES)
    en_suspens = Validation.objects.en_suspens(depuis=avant)
    finis = Signalement.objects.filter(
        ~Exists(en_suspens.filter(pk=OuterRef("validation"))), validation__groupe__solde_le__date__lte=avant
    )
    restent = finis.filter(
        Q(Exists(Piece.objects.filter(signalement=OuterRef("pk"), detruite_le__isnull=True)))
        | Q(Exists(PersonneSignalee.objects.filter(signalement=OuterRef("pk"), effacee_le__isnull=True)))
    )
    with acte("pièces détruites"):
        return effacer_signalements(
            signalements=list(restent.values_list("pk", flat=True)), maintenant=maintenant
        )


@transaction.atomic(savepoint=False)
def effacer_signalements(
    *, signalements: list[int], maintenant: datetime, personnes: list[int] | None = None
) -> int:
    """Destroy the papers and words of these reports and erase who was reported; return how many papers and persons.

    `personnes`: keys of those to erase, when it isn't everybody.
    """
    pieces = list(
        Piece.objects.select_for_update().filter(signalement__in=signalements, detruite_le__isnull=True)
    )
    chemins = [piece.fichier.name for piece in pieces]
    Piece.objects.filter(pk__in=[piece.pk for piece in pieces]).update(
        fichier="", nom="pièce détruite", detruite_le=maintenant
    )
    nommees = PersonneSignalee.objects.filter(signalement__in=signalements, effacee_le__isnull=True)
    effacees = (nommees if personnes is None else nommees.filter(pk__in=personnes)).update(
        nom="",
        prenom="",
        date_naissance=None,
        ville_naissance="",
        precisions="",
        effacee_le=maintenant,
    )
    Signalement.objects.filter(pk__in=signalements).update(message="")
    transaction.on_commit(lambda: _supprimer(default_storage, chemins))
    return len(pieces) + effacees


def jeter_les_orphelines(*, avant: datetime) -> int:
    """Remove the files of before `avant` that belong to no report: of a form that was left, or of a commit that failed.

    Also finishes a destruction that was stopped between the commit and the file. Return how many.
    """
    if not default_storage.exists(DOSSIER):
        return 0
    _, noms = default_storage.listdir(DOSSIER)
    anciens = {
        chemin
        for chemin in (f"{DOSSIER}/{nom}" for nom in noms)
        if default_storage.get_modified_time(chemin) < avant
    }
    orphelins = anciens - set(Piece.objects.filter(fichier__in=anciens).values_list("fichier", flat=True))
    _supprimer(default_storage, sorted(orphelins))
    return len(orphelins)


def _supprimer(coffre: Storage, chemins: list[str]) -> None:
    for chemin in chemins:
        coffre.delete(chemin)
