"""Pictures that people send: known by their content, then drawn anew, so that nothing else of the file is kept."""

import re
import struct
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageFile, ImageOps

from sev.socle.refus import RefusMetier
from sev.socle.typographie import megaoctets

OCTETS_MAX = 5 * 1024 * 1024
PIXELS_MAX = 40_000_000
COTE_MAX = 1600
FORMATS = ("JPEG", "PNG", "WEBP")
# A progressive JPEG has some ten. Each makes the decoder go over all pixels again, and takes sixty bytes only: five
# megabytes of them are hours.
PASSES_MAX = 100
_MARQUE = re.compile(rb"\xff(?=[^\x00\xd0-\xd7\xff])")
_FIN, _PASSE = 0xD9, 0xDA
PAS_UNE_PHOTO = "Ce fichier n'est pas une photo lisible. Envoyez une photo JPEG, PNG ou WebP."
# What Pillow raises on a broken or disguised file.
ILLISIBLE = (OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, OverflowError, struct.error)


class PhotoRefusee(RefusMetier):
    """What was sent is no photo, or too big a one; the message says which."""


class PhotoTropGrande(PhotoRefusee):
    """A picture of more pixels than is sane."""


@dataclass(frozen=True)
class PhotoRedessinee:
    """A picture drawn anew: a JPEG, its width and height in pixels."""

    contenu: bytes
    largeur: int
    hauteur: int


def redessiner(fichier, *, formats=FORMATS, cote_max: int = COTE_MAX) -> PhotoRedessinee:
    """Return the picture of an uploaded file as a fresh JPEG of `cote_max` pixels at most. Raises PhotoRefusee.

    The name and the announced type are not looked at. Position, comments and whatever follows the picture stay behind.
    """
    if fichier.size > OCTETS_MAX:
        raise PhotoRefusee(f"Cette photo pèse {megaoctets(fichier.size)} : 5 Mo au plus.", champ="fichier")
    # WeasyPrint, once it has drawn a PDF in this process, tells Pillow to take pictures that are cut short.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    if _passes(fichier) > PASSES_MAX:
        raise PhotoRefusee(PAS_UNE_PHOTO, champ="fichier")
    try:
        with Image.open(fichier, formats=formats) as image:
            if image.width * image.height > PIXELS_MAX:
                raise PhotoTropGrande("Cette photo a plus de 40 millions de pixels.", champ="fichier")
            return _jpeg(image, cote_max)
    except Image.DecompressionBombError as erreur:
        raise PhotoTropGrande("Cette photo a plus de 40 millions de pixels.", champ="fichier") from erreur
    except ILLISIBLE as erreur:
        raise PhotoRefusee(PAS_UNE_PHOTO, champ="fichier") from erreur


def _passes(fichier) -> int:
    """Return how many scans a JPEG has, PASSES_MAX and one at most; 0 of anything else."""
    fichier.seek(0)
    contenu = fichier.read()
    fichier.seek(0)
    passes, place = 0, 2
    while contenu.startswith(b"\xff\xd8") and passes <= PASSES_MAX and (m := _MARQUE.search(contenu, place)):
        code, place = contenu[m.end()], m.end() + 1
        if code == _FIN:
            break
        passes += code == _PASSE
        # Every other marker is followed by its length, those two bytes included.
        place += max(2, int.from_bytes(contenu[place : place + 2], "big"))
    return passes


def _jpeg(image: Image.Image, cote_max: int) -> PhotoRedessinee:
    image.thumbnail((cote_max, cote_max))
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        fond = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(fond, image)
    image = image.convert("RGB")
    # A new picture has no memory: neither EXIF nor colour profile nor comment is written.
    propre = Image.new("RGB", image.size)
    propre.paste(image)
    sortie = BytesIO()
    propre.save(sortie, "JPEG", quality=82, optimize=True, progressive=True)
    return PhotoRedessinee(sortie.getvalue(), *propre.size)
