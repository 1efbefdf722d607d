"""Papers that people send (V5): known by their content, never by their name or by what the browser says of them.

A picture is drawn anew, so that nothing else of the file is kept. A PDF is kept as it came: what it may do when opened
is looked for, and it is only ever given as a download.
"""

import re
import unicodedata
import zlib
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

from django.http import FileResponse

from sejours.photos import PhotoRefusee, PhotoTropGrande, redessiner
from sev.socle.refus import RefusMetier
from sev.socle.typographie import megaoctets
from validation.models import Piece

OCTETS_MAX = 5 * 1024 * 1024
PIECES_MAX = 10
# The small print of a whole A4 page stays legible.
COTE_MAX = 3000
# What all streams of a PDF may amount to once inflated; a scan of some pages is far below.
DEPLOYE_MAX = 64 * 1024 * 1024
# Streams don't overlap: a PDF is inflated once, unless it was made to be inflated thousands of times to nothing.
RELU_MAX = 4 * OCTETS_MAX
_MORCEAU, _DEPLOYE = 16 * 1024, 256 * 1024
_NOM_MAX = 100
_EXTENSIONS = {Piece.Type.PDF: ".pdf", Piece.Type.JPEG: ".jpg"}

_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_FLUX = re.compile(rb"stream\r?\n")
_FLUX_MAX = 20_000


def _nom_de_pdf(nom: str) -> bytes:
    """Return what a name looks like in a PDF after its slash, each letter being itself or « #4A »."""
    return b"".join(b"(?:%c|#(?i:%02x))" % (ord(c), ord(c)) for c in nom) + b"(?![A-Za-z])"


# What runs, opens or carries something else; « /OpenAction » alone says on which page a paper opens.
_ACTIFS = (
    "JavaScript",
    "Launch",
    "Rendition",
    "RichMedia",
    "SubmitForm",
    "ImportData",
    "EmbeddedFile",
    "EmbeddedFiles",
    "GoToE",
)
_XFA = rb"XFA\s*(?:\[|\d+\s+\d+\s+R)"
# The look ahead makes a stream of slashes cheap.
_DEFENDU = re.compile(
    rb"/(?=[EGIJLRSX#])(?:(?P<protege>%s)|%s)"
    % (_nom_de_pdf("Encrypt"), b"|".join([*map(_nom_de_pdf, _ACTIFS), _XFA]))
)
_PLUS_LONG_NOM = 64

VIDE = "ce fichier est vide."
INCONNU = "ce fichier n'est ni un PDF, ni une photo JPEG ou PNG."
ABIME = "ce PDF est abîmé ou incomplet. Enregistrez-le à nouveau, ou envoyez-en une photo."
PROTEGE = "ce PDF est protégé, nous ne pouvons pas le vérifier. Envoyez-en une photo ou une copie d'écran."
ACTIF = "ce PDF contient un programme ou un autre fichier. Envoyez-en une photo ou une copie d'écran."
GONFLE = "ce PDF est beaucoup trop grand une fois ouvert. Envoyez-en une photo ou une copie d'écran."
ENORME = "cette photo a plus de 40 millions de pixels."


class PieceRefusee(RefusMetier):
    """What was sent can't be kept; the message names the file and says what to send instead."""


@dataclass(frozen=True)
class PieceLue:
    """A paper that was checked: what is kept, under the name that its sender gave it."""

    nom: str
    type: Piece.Type
    contenu: bytes

    @property
    def empreinte(self) -> str:
        return sha256(self.contenu).hexdigest()


def lire_piece(fichier) -> PieceLue:
    """Return the checked content of an uploaded file of 5 MB at most: a PDF, or a picture. Raises PieceRefusee."""
    nom = nom_propre(fichier.name)
    if fichier.size == 0:
        raise PieceRefusee(f"{nom} : {VIDE}")
    if fichier.size > OCTETS_MAX:
        raise PieceRefusee(f"{nom} pèse {megaoctets(fichier.size)} : 5 Mo au plus.")
    fichier.seek(0)
    contenu = fichier.read(OCTETS_MAX + 1)
    if contenu.startswith(b"%PDF-"):
        if defaut := defaut_du_pdf(contenu):
            raise PieceRefusee(f"{nom} : {defaut}")
        return PieceLue(_nomme(nom, Piece.Type.PDF), Piece.Type.PDF, contenu)
    if contenu.startswith(_IMAGES):
        return PieceLue(_nomme(nom, Piece.Type.JPEG), Piece.Type.JPEG, _image(nom, contenu))
    raise PieceRefusee(f"{nom} : {INCONNU}")


def defaut_du_pdf(contenu: bytes) -> str:
    """Return why this PDF is refused, "" when nothing is against it.

    Names are read as a viewer reads them (« /J#61vaScript ») and streams inflated, bit by bit. This is no proof that a
    PDF is harmless: whoever hides well enough gets through, to a download that nothing here opens.
    """
    if b"%%EOF" not in contenu[-2048:]:
        return ABIME
    if defaut := _nom_defendu(contenu):
        return defaut
    deploye = relu = 0
    for rang, flux in enumerate(_FLUX.finditer(contenu)):
        if rang > _FLUX_MAX:
            return GONFLE
        suite = b""
        for morceau, lus in _morceaux(memoryview(contenu)[flux.end() :]):
            deploye, relu = deploye + len(morceau), relu + lus
            if deploye > DEPLOYE_MAX or relu > RELU_MAX:
                return GONFLE
            if defaut := _nom_defendu(suite + morceau):
                return defaut
            suite = morceau[-_PLUS_LONG_NOM:]
    return ""


def nom_propre(nom: str) -> str:
    """Return the name that a file came with, less its folders and what doesn't show; never empty."""
    dernier = re.split(r"[/\\]", unicodedata.normalize("NFC", nom or ""))[-1]
    visible = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in dernier)
    return " ".join(visible.split()).strip(".")[-_NOM_MAX:] or "pièce"


def _nomme(nom: str, type: Piece.Type) -> str:
    """Return the name with the extension of what the file really is."""
    racine, extension = re.fullmatch(r"(.*?)(\.\w{1,5})?", nom).groups()
    return (racine or extension or "pièce")[: _NOM_MAX - 4] + _EXTENSIONS[type]


def _image(nom: str, contenu: bytes) -> bytes:
    try:
        return redessiner(_en_memoire(contenu), formats=("JPEG", "PNG"), cote_max=COTE_MAX).contenu
    except PhotoTropGrande as refus:
        raise PieceRefusee(f"{nom} : {ENORME}") from refus
    except PhotoRefusee as refus:
        raise PieceRefusee(f"{nom} : {INCONNU}") from refus


def _en_memoire(contenu: bytes) -> BytesIO:
    tampon = BytesIO(contenu)
    tampon.size = len(contenu)
    return tampon


def _nom_defendu(octets: bytes) -> str:
    if trouve := _DEFENDU.search(octets):
        return PROTEGE if trouve["protege"] else ACTIF
    return ""


def _morceaux(comprime: memoryview):
    """Give what a stream inflates to, piece by piece, and from how many bytes; nothing when it isn't compressed so."""
    inflateur = zlib.decompressobj()
    try:
        for debut in range(0, len(comprime), _MORCEAU):
            reste = comprime[debut : debut + _MORCEAU]
            while reste and not inflateur.eof:
                morceau, avant = inflateur.decompress(reste, _DEPLOYE), len(reste)
                reste = inflateur.unconsumed_tail
                yield morceau, avant - len(reste) - len(inflateur.unused_data)
            if inflateur.eof:
                return
    except zlib.error:
        return


def telecharger(piece: Piece) -> FileResponse:
    """Return the paper as a download: never shown by the browser, run by nothing, kept nowhere.

    Raises FileNotFoundError when its file is gone.
    """
    reponse = FileResponse(
        piece.fichier.open("rb"), as_attachment=True, filename=piece.nom, content_type=piece.type
    )
    reponse.headers["X-Content-Type-Options"] = "nosniff"
    reponse.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    reponse.headers["Cache-Control"] = "private, no-store"
    return reponse
