"""Photos of an équipement (S1): known by their content, drawn anew, shown to whom they may, removed with their file."""

from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from conventions.tests.factories import CompteFactory, connecter
from sejours.models import Photo
from sejours.operations.photos import PHOTOS_MAX, ajouter_photo
from sejours.photos import COTE_MAX, OCTETS_MAX, PAS_UNE_PHOTO, PhotoRefusee, redessiner
from sejours.tests.factories import EquipementFactory, PorteurFactory, PrestataireFactory
from seniors.tests.factories import clair

pytestmark = pytest.mark.django_db

GPS, ORIENTATION, ARTISTE = 0x8825, 0x0112, 0x013B


@pytest.fixture(autouse=True)
def fichiers(tmp_path, monkeypatch):
    """The files of this test alone, on a real disk."""
    stockage = FileSystemStorage(location=tmp_path)
    monkeypatch.setattr(Photo._meta.get_field("fichier"), "storage", stockage)
    return tmp_path


@pytest.fixture
def prestataire(client):
    compte = CompteFactory(organisme=PrestataireFactory(), identifiant="presta34", seul=True)
    connecter(client, compte)
    return compte


@pytest.fixture
def equipement(prestataire):
    return EquipementFactory(prestataire=prestataire.organisme)


def image(genre="JPEG", taille=(400, 300), mode="RGB", **options) -> bytes:
    sortie = BytesIO()
    Image.new(mode, taille, "teal" if mode != "RGBA" else (0, 0, 0, 0)).save(sortie, genre, **options)
    return sortie.getvalue()


def envoi(contenu: bytes, nom="photo.jpg", genre="image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(nom, contenu, genre)


def envoyer(client, equipement, contenu, legende="La terrasse, face à la mer", **fichier):
    champs = {"fichier": envoi(contenu, **fichier), "legende": legende}
    return client.post(reverse("equipement-photos", args=[equipement.pk]), champs)


def avec_position() -> bytes:
    """A JPEG as a telephone writes it: turned, signed, with the place where it was taken."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[ARTISTE] = 6, "Jeanne SECRET"
    exif.get_ifd(GPS).update({1: "N", 2: (43.0, 33.0, 36.0), 3: "E", 4: (4.0, 4.0, 48.0)})
    return image(taille=(400, 200), exif=exif, comment=b"Jeanne SECRET", dpi=(300, 300))


@pytest.mark.parametrize("genre", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_kept_as_a_jpeg_with_its_alternative(client, equipement, fichiers, genre):
    reponse = envoyer(client, equipement, image(genre), nom="x.bin", genre="application/octet-stream")
    assert (reponse.status_code, reponse["Location"]) == (
        302,
        reverse("equipement-photos", args=[equipement.pk]),
    )
    photo = Photo.objects.get()
    assert (photo.legende, photo.largeur, photo.hauteur) == ("La terrasse, face à la mer", 400, 300)
    with Image.open(fichiers / photo.fichier.name) as gardee:
        assert (gardee.format, gardee.mode, gardee.size) == ("JPEG", "RGB", (400, 300))
    page = client.get(reverse("equipement", args=[equipement.pk])).content.decode()
    assert f'src="{reverse("photo", args=[photo.pk])}" alt="La terrasse, face à la mer"' in page


def test_position_author_and_comment_are_gone_and_the_picture_is_upright():
    envoye = avec_position()
    with Image.open(BytesIO(envoye)) as avant:
        assert avant.getexif().get_ifd(GPS)
    gardee = redessiner(envoi(envoye))
    assert (gardee.largeur, gardee.hauteur) == (200, 400)
    with Image.open(BytesIO(gardee.contenu)) as apres:
        assert not apres.getexif()
        assert not {"exif", "comment", "icc_profile"} & set(apres.info)
    assert b"SECRET" not in gardee.contenu


def test_a_big_photo_is_made_smaller_in_proportion():
    gardee = redessiner(envoi(image(taille=(4000, 1000))))
    assert (gardee.largeur, gardee.hauteur) == (COTE_MAX, 400)


def test_a_transparent_picture_lies_on_white():
    gardee = redessiner(envoi(image("PNG", mode="RGBA")))
    with Image.open(BytesIO(gardee.contenu)) as apres:
        assert min(apres.getpixel((5, 5))) > 250


def test_what_follows_the_picture_is_not_kept():
    """A JPEG that is a ZIP archive and a page too: both stay behind."""
    archive = BytesIO()
    with ZipFile(archive, "w") as zip_:
        zip_.writestr("index.html", "<script>alert(1)</script>")
    polyglotte = image() + b"<script>alert(1)</script>" + archive.getvalue()
    gardee = redessiner(envoi(polyglotte))
    assert b"<script>" not in gardee.contenu
    assert b"PK\x03\x04" not in gardee.contenu


REFUSES = {
    "gif": image("GIF", mode="P"),
    "gif and script": b"GIF89a/*" + image("GIF", mode="P")[8:] + b"*/=1;alert(1)",
    "page": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "pdf": b"%PDF-1.7\n%\xff\xd8\xff\xe0\n",
    "cut short": image(taille=(1200, 900), mode="RGB")[:900],
    "first bytes only": b"\xff\xd8\xff\xe0" + b"\x00" * 200,
    "tiff": image("TIFF"),
    "bmp": image("BMP"),
}


def test_a_photo_cut_short_is_refused_even_after_a_pdf_was_drawn(client, equipement, fichiers, monkeypatch):
    """WeasyPrint leaves Pillow lenient for the whole process."""
    monkeypatch.setattr("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", True)
    assert envoyer(client, equipement, REFUSES["cut short"]).status_code == 422


@pytest.mark.parametrize("quoi", REFUSES)
def test_what_is_no_photo_is_refused_at_the_field(client, equipement, fichiers, quoi):
    reponse = envoyer(client, equipement, REFUSES[quoi])
    assert (reponse.status_code, reponse.context["form"].errors) == (422, {"fichier": [PAS_UNE_PHOTO]})
    assert not Photo.objects.exists()
    assert not list(fichiers.rglob("*.*"))


@pytest.mark.parametrize(
    ("octets", "poids"), [(OCTETS_MAX + 1, "5,1"), (6 * 1024 * 1024, "6,0"), (50 * 1024 * 1024, "50,0")]
)
def test_a_heavy_file_is_refused_with_its_weight(client, equipement, octets, poids):
    reponse = envoyer(client, equipement, image().ljust(octets, b"\x00"))
    assert reponse.status_code == 422
    erreurs = [clair(e) for e in reponse.context["form"].errors["fichier"]]
    assert erreurs == [f"Cette photo pèse {poids} Mo : 5 Mo au plus."]


def test_a_file_of_five_megabytes_sharp_is_taken():
    assert redessiner(envoi(image().ljust(OCTETS_MAX, b"\x00"))).largeur == 400


@pytest.mark.parametrize("taille", [(7000, 6000), (14000, 14000)])
def test_a_decompression_bomb_is_refused_before_it_is_drawn(client, equipement, monkeypatch, taille):
    """A small file that would fill the memory: only its head is read."""
    bombe = image("PNG", taille=taille, mode="1")
    assert len(bombe) < 100_000
    monkeypatch.setattr("sejours.photos._jpeg", None)
    reponse = envoyer(client, equipement, bombe)
    assert reponse.status_code == 422
    assert reponse.context["form"].errors["fichier"] == ["Cette photo a plus de 40 millions de pixels."]


def test_a_photo_without_words_or_file_is_refused_and_the_words_stay(client, equipement):
    adresse = reverse("equipement-photos", args=[equipement.pk])
    reponse = client.post(adresse, {"fichier": envoi(image()), "legende": " "})
    assert reponse.context["form"].errors == {"legende": ["Dites ce que montre la photo"]}
    reponse = client.post(adresse, {"legende": "La piscine"})
    assert reponse.context["form"].errors == {"fichier": ["Choisissez une photo"]}
    assert 'value="La piscine"' in reponse.content.decode()
    reponse = client.post(adresse, {"fichier": envoi(b""), "legende": "La piscine"})
    assert reponse.context["form"].errors == {"fichier": ["Ce fichier est vide"]}


def test_twelve_photos_are_enough(equipement):
    redessinee = redessiner(envoi(image(taille=(4, 4))))
    champs = {"equipement": equipement, "image": redessinee, "par": None, "le": None}
    for rang in range(PHOTOS_MAX):
        ajouter_photo(legende=f"Photo {rang}", **champs)
    with pytest.raises(PhotoRefusee, match="Il y a déjà 12 photos"):
        ajouter_photo(legende="La treizième", **champs)


def test_porteurs_and_the_owner_see_a_photo_a_competitor_does_not(client, equipement):
    envoyer(client, equipement, image())
    adresse = reverse("photo", args=[Photo.objects.get().pk])
    statuts = []
    for compte in (
        equipement.prestataire.comptes.get(),
        CompteFactory(organisme=PorteurFactory(), identifiant="ancv2528", seul=True),
        CompteFactory(prestataire=True),
    ):
        connecter(client, compte)
        reponse = client.get(adresse)
        statuts.append(reponse.status_code)
        if reponse.status_code == 200:
            assert b"".join(reponse.streaming_content).startswith(b"\xff\xd8\xff")
            assert reponse["Content-Type"] == "image/jpeg"
            assert reponse["X-Content-Type-Options"] == "nosniff"
            assert reponse["Cache-Control"] == "private, max-age=86400"
    assert statuts == [200, 200, 404]
    client.logout()
    assert client.get(adresse).status_code == 302


def test_a_photo_is_removed_with_its_file_after_a_question(
    client, equipement, fichiers, django_capture_on_commit_callbacks
):
    envoyer(client, equipement, image())
    photo = Photo.objects.get()
    adresse = reverse("photo-supprimer", args=[photo.pk])
    assert "Supprimer cette photo" in client.get(adresse).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(adresse).status_code == 302
    assert not Photo.objects.exists()
    assert not list(fichiers.rglob("*.jpg"))


def test_a_file_that_is_lost_is_a_page_not_found(client, equipement, fichiers):
    envoyer(client, equipement, image())
    photo = Photo.objects.get()
    (fichiers / photo.fichier.name).unlink()
    assert client.get(reverse("photo", args=[photo.pk])).status_code == 404
