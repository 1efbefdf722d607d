"""Papers: what is taken, what is refused whatever its name, what a name becomes; and their destruction (V5, X4)."""

import re
import zlib
from datetime import date, timedelta
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from conventions.tests.factories import CompteFactory
from sev.socle.models import Passage
from sev.socle.temps import maintenant, mois_avant
from validation import pieces
from validation.models import PersonneSignalee, Piece, Presence, Versement
from validation.operations.pieces import detruire_pieces, jeter_les_orphelines, mettre_de_cote
from validation.operations.signalements import refuser_personne, repondre
from validation.operations.validations import clore_sans_versement, confirmer, trancher
from validation.pieces import PieceRefusee, lire_piece, nom_propre
from validation.tasks import detruire_pieces as tache
from validation.tests.factories import (
    CONFIRME_LE,
    VALIDE_LE,
    cles,
    comptes_de,
    fichier_pdf,
    instant,
    liste_du_manuel,
    liste_validee,
    signalement,
)
from validation.tests.versements import PAYEUR, iban_de, lot_paye


def fichier(nom: str, contenu: bytes, type: str = "application/pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(nom, contenu, type)


def image(format: str, cote=(40, 30), **options) -> bytes:
    sortie = BytesIO()
    Image.new("RGB", cote, "teal").save(sortie, format, **options)
    return sortie.getvalue()


def flux(contenu: bytes, dictionnaire: bytes = b"/Filter /FlateDecode") -> bytes:
    """Return an object of a PDF: a stream, inflated by the viewer."""
    comprime = zlib.compress(contenu, 9)
    return b"4 0 obj\n<< %s /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (
        dictionnaire,
        len(comprime),
        comprime,
    )


def refus(un_fichier) -> str:
    with pytest.raises(PieceRefusee) as refusee:
        lire_piece(un_fichier)
    return refusee.value.message


# --- What is taken --------------------------------------------------------------------------------------------------


def test_a_pdf_is_kept_as_it_came():
    venu = fichier_pdf("Avis d'impôt 2021.PDF", flux(b"BT (Bonjour) Tj ET"))
    lue = lire_piece(venu)
    venu.seek(0)
    assert (lue.nom, lue.type, lue.contenu) == ("Avis d'impôt 2021.pdf", "application/pdf", venu.read())


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_picture_is_drawn_anew_whatever_it_calls_itself(format):
    contenu = image(format) + b"<script>alert(1)</script>%PDF-1.4"
    lue = lire_piece(fichier("carte.gif", contenu, "text/html"))
    assert (lue.nom, lue.type, lue.contenu[:3]) == ("carte.jpg", "image/jpeg", b"\xff\xd8\xff")
    assert b"script" not in lue.contenu
    assert b"%PDF" not in lue.contenu


def test_where_a_picture_was_taken_is_not_kept():
    exif = Image.Exif()
    exif[0x010E] = "12 rue des Lilas"
    lue = lire_piece(fichier("carte.jpg", image("JPEG", exif=exif)))
    assert b"Lilas" not in lue.contenu


def test_the_small_print_of_a_page_stays_legible():
    lue = lire_piece(fichier("avis.jpg", image("JPEG", (2480, 3508))))
    assert Image.open(BytesIO(lue.contenu)).size == (2121, 3000)


# --- What is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nom", "contenu"),
    [
        ("avis.pdf", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("avis.pdf", b"<!doctype html><script>alert(1)</script>%PDF-1.4 %%EOF"),
        ("avis.pdf", b"MZ\x90\x00" + b"\0" * 500),
        ("avis.pdf", b"PK\x03\x04" + b"\0" * 500),
        ("carte.png", b"GIF89a" + b"\0" * 500),
        ("carte.jpg", b"\xff\xd8\xff\xe0<script>alert(1)</script>"),
        ("carte.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 500),
        ("carte.jpg", image("JPEG")[:400]),
    ],
)
def test_another_type_under_a_good_name_is_refused(nom, contenu):
    assert refus(fichier(nom, contenu, "image/jpeg")) == f"{nom} : {pieces.INCONNU}"


def test_an_empty_file_and_one_too_heavy_say_so():
    assert refus(fichier("avis.pdf", b"")) == f"avis.pdf : {pieces.VIDE}"
    lourd = fichier("avis.pdf", b"%PDF-1.4" + b"0" * (5 * 1024 * 1024))
    assert refus(lourd) == "avis.pdf pèse 5,1 Mo : 5 Mo au plus."
    juste = fichier_pdf(corps=b"%" + b"0" * (5 * 1024 * 1024 - fichier_pdf().size - 1))
    assert juste.size == 5 * 1024 * 1024
    assert lire_piece(juste).type == "application/pdf"


def test_a_picture_that_would_fill_the_memory_is_refused():
    assert refus(fichier("carte.png", image("PNG", (8_000, 6_000)))) == f"carte.png : {pieces.ENORME}"


@pytest.mark.parametrize(
    "corps",
    [
        b"4 0 obj\n<< /S /JavaScript /JS (app.alert(1)) >>\nendobj\n",
        b"4 0 obj\n<< /S /J#61vaScrip#74 /JS (app.alert(1)) >>\nendobj\n",
        b"4 0 obj\n<</S/Launch/F(cmd.exe)>>\nendobj\n",
        b"4 0 obj\n<< /EmbeddedFiles 5 0 R >>\nendobj\n",
        b"4 0 obj\n<< /Type /EmbeddedFile >>\nendobj\n",
        b"4 0 obj\n<< /S /SubmitForm /F (https://exemple.fr) >>\nendobj\n",
        b"4 0 obj\n<< /XFA [(template) 5 0 R] >>\nendobj\n",
        flux(
            b"5 0 << /S /JavaScript /JS (app.alert(1)) >>",
            b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode",
        ),
        flux(b"x" * (256 * 1024 - 5) + b"/JavaScript "),
    ],
)
def test_a_script_or_another_file_in_a_pdf_is_refused(corps):
    assert refus(fichier_pdf(corps=corps)) == f"avis.pdf : {pieces.ACTIF}"


def test_words_that_only_look_like_it_are_let_through():
    corps = b"4 0 obj\n<< /JavaScripts 1 /LaunchPad 2 /XFAX 3 /S /URI /URI (https://exemple.fr) >>\nendobj\n"
    assert lire_piece(fichier_pdf(corps=corps)).nom == "avis.pdf"


def test_a_protected_pdf_is_refused_with_what_to_send_instead():
    protege = fichier_pdf(corps=b"4 0 obj\n<< /Filter /Standard >>\nendobj\ntrailer << /Encrypt 4 0 R >>\n")
    assert refus(protege) == f"avis.pdf : {pieces.PROTEGE}"
    assert "photo" in pieces.PROTEGE


def test_a_pdf_cut_short_is_refused():
    assert refus(fichier("avis.pdf", b"%PDF-1.4\n1 0 obj\n")) == f"avis.pdf : {pieces.ABIME}"


def test_a_pdf_that_swells_is_refused():
    bombe = flux(b"\0" * (pieces.DEPLOYE_MAX + 1))
    assert len(bombe) < 100_000
    assert refus(fichier_pdf(corps=bombe)) == f"avis.pdf : {pieces.GONFLE}"


def test_a_pdf_of_countless_streams_is_refused():
    assert refus(fichier_pdf(corps=b"stream\n" * 100_000)) == f"avis.pdf : {pieces.GONFLE}"


# --- Names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("venu", "garde"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Monique\\avis.pdf", "avis.pdf"),
        ("avis\r\nSet-Cookie: a=b.pdf", "avis Set-Cookie: a=b.pdf"),
        ("carte\u202efdp.exe", "carte fdp.exe"),
        ("..", "pièce"),
        ("", "pièce"),
        ("a" * 300 + ".pdf", "a" * 96 + ".pdf"),
    ],
)
def test_a_name_loses_its_folders_and_what_does_not_show(venu, garde):
    assert nom_propre(venu) == garde


def test_a_name_ends_as_what_the_file_is():
    assert lire_piece(fichier_pdf("facture.exe")).nom == "facture.pdf"
    assert lire_piece(fichier_pdf("avis.2021.pdf")).nom == "avis.2021.pdf"
    assert lire_piece(fichier_pdf("é" * 150 + ".pdf")).nom == "é" * 96 + ".pdf"


# --- Files ----------------------------------------------------------------------------------------------------------


def test_a_file_is_kept_under_a_name_of_ours():
    gardee = mettre_de_cote(
        lire_piece(fichier_pdf("../avis de Jeanne.pdf")), compte=CompteFactory.build(pk=7)
    )
    assert re.fullmatch("pieces/7-[0-9a-f]{32}", gardee.chemin)
    assert gardee.nom == "avis de Jeanne.pdf"


@pytest.mark.django_db
def test_a_file_without_a_report_goes_the_day_after():
    groupe = liste_du_manuel()
    report = signalement(groupe, comptes_de(groupe)[1])
    orpheline = mettre_de_cote(lire_piece(fichier_pdf()), compte=CompteFactory.build(pk=7))
    demain = maintenant() + timedelta(minutes=1)
    assert jeter_les_orphelines(avant=maintenant() - timedelta(hours=1)) == 0
    assert default_storage.exists(orpheline.chemin)
    assert jeter_les_orphelines(avant=demain) == 1
    assert not default_storage.exists(orpheline.chemin)
    assert default_storage.exists(report.pieces.get().fichier.name)


# --- Destruction (X4) -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("le", "mois", "avant"),
    [
        (date(2022, 12, 10), 6, date(2022, 6, 10)),
        (date(2022, 8, 31), 6, date(2022, 2, 28)),
        (date(2024, 8, 31), 6, date(2024, 2, 29)),
        (date(2022, 1, 15), 6, date(2021, 7, 15)),
        (date(2022, 6, 10), 18, date(2020, 12, 10)),
    ],
)
def test_months_are_counted_by_the_calendar(le, mois, avant):
    assert mois_avant(le, mois) == avant


@pytest.fixture
def termine(db, settings):
    """A list reported by the porteur, answered, confirmed on 10 June 2022; everybody came, 8 aids due."""
    settings.SEV_PAYEUR = PAYEUR
    groupe = liste_du_manuel()
    porteur, _ = comptes_de(groupe)
    liste_validee(groupe)
    report = signalement(groupe, porteur)
    ancv = CompteFactory(ancv=True)
    refuser_personne(personne=report.personnes.get(), motif="Absente", par=ancv, le=VALIDE_LE)
    repondre(signalement=report, reponse="", par=ancv, le=VALIDE_LE, maintenant=instant(VALIDE_LE))
    return report


def confirme(report, *absents):
    groupe = report.validation.groupe
    confirmer(
        groupe=groupe,
        presents=cles(groupe, *absents),
        par=comptes_de(groupe)[0],
        le=CONFIRME_LE,
        maintenant=instant(CONFIRME_LE),
    )


def detruit(le: date) -> int:
    return detruire_pieces(le=le, maintenant=instant(le))


def test_while_a_sum_is_not_paid_nothing_goes(termine):
    confirme(termine)
    assert Versement.objects.count() == 8
    assert detruit(date(2030, 1, 1)) == 0
    assert Piece.objects.get().fichier


def paye():
    iban_de(Versement.objects.first().prestataire)
    lot_paye()


def test_papers_go_six_months_after_the_last_batch_was_paid(termine):
    confirme(termine)
    paye()
    assert detruit(date(2022, 12, 22)) == 0
    assert detruit(date(2022, 12, 23)) == 2


def test_when_nothing_is_due_papers_go_six_months_after_the_end(termine, django_capture_on_commit_callbacks):
    chemin = termine.pieces.get().fichier.name
    le = date(2022, 6, 15)
    clore_sans_versement(
        validation=termine.validation,
        motif="Sans réponse",
        par=CompteFactory(ancv=True),
        le=le,
        maintenant=instant(le),
    )
    assert detruit(date(2022, 12, 14)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert detruit(date(2022, 12, 15)) == 2
    piece, personne = Piece.objects.get(), PersonneSignalee.objects.get()
    assert (piece.nom, piece.detruite_le) == ("pièce détruite", instant(date(2022, 12, 15)))
    assert (str(personne), personne.date_naissance, personne.refus) == ("personne effacée", None, "Absente")
    assert not default_storage.exists(chemin)
    assert detruit(date(2022, 12, 16)) == 0


def test_a_disagreement_keeps_them(termine):
    confirme(termine, "Pierre RONVIN")
    paye()
    assert detruit(date(2030, 1, 1)) == 0
    le = date(2022, 7, 1)
    trancher(
        presence=Presence.objects.en_litige().get(),
        venu=False,
        motif="Registre",
        par=CompteFactory(ancv=True),
        le=le,
        maintenant=instant(le),
    )
    assert detruit(date(2030, 1, 1)) == 2


def test_the_clock_counts_what_it_destroys(termine):
    tache()
    assert Passage.objects.get(tache="pieces").erreur == ""


def jpeg_de_passes(passes: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again: some sixty bytes each, all pixels to go over."""
    tampon = BytesIO()
    Image.new("L", (64, 64), 128).save(tampon, "JPEG", progressive=True)
    jpeg = tampon.getvalue()
    fin, derniere = jpeg.rindex(b"\xff\xd9"), jpeg.rindex(b"\xff\xda")
    return jpeg[:fin] + jpeg[derniere:fin] * (passes - jpeg.count(b"\xff\xda")) + jpeg[fin:]


@pytest.mark.parametrize(("passes", "lue"), [(6, True), (100, True), (101, False), (50_000, False)])
def test_a_picture_that_the_decoder_would_go_over_for_hours_is_refused_unread(passes, lue):
    fichier = SimpleUploadedFile("avis.jpg", jpeg_de_passes(passes))
    if lue:
        assert lire_piece(fichier).nom == "avis.jpg"
    else:
        with pytest.raises(PieceRefusee, match="n'est ni un PDF, ni une photo"):
            lire_piece(fichier)


def test_what_follows_a_picture_is_no_part_of_its_scans():
    """Telephones append films, in which any two bytes may stand."""
    fichier = SimpleUploadedFile("photo.jpg", jpeg_de_passes(6) + b"\xff\xda" * 1_000)
    assert lire_piece(fichier).nom == "photo.jpg"


def test_streams_that_overlap_to_be_inflated_a_thousand_times_are_refused():
    """Each begins in the one before and goes to the end: nearly nothing comes out, but all is read each time."""
    debut, vide = b"\x00\x09\x00\xf6\xff" + b"stream\n\x78\x01", b"\x00\x00\x00\xff\xff"
    pdf = b"%PDF-1.4\nstream\n\x78\x01" + (debut + vide * 1_000) * 400 + b"\n%%EOF"
    assert pieces.defaut_du_pdf(pdf) == pieces.GONFLE
    seul = b"%PDF-1.4\nstream\n\x78\x01" + debut + vide * 400_000 + b"\n%%EOF"
    assert pieces.defaut_du_pdf(seul) == ""
