import re
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.exceptions import PermissionDenied
from openpyxl import load_workbook
from pypdf import PdfReader

from conventions.tests.factories import CompteFactory
from sejours.models import Groupe
from sejours.tests.factories import GroupeFactory
from seniors.documents import details, liste_xlsx, rooming_list
from seniors.models import Inscription
from seniors.tests.factories import SeniorFactory
from sev.socle.tests.test_pdf import fonts

LAST_DAY, NEXT_DAY = date(2027, 4, 27), date(2027, 4, 28)
NOW = datetime(2027, 4, 24, 8, 32, tzinfo=UTC)
PORTEUR, PROVIDER, STAFF = "PORTEUR", "PRESTATAIRE", "ANCV"


@pytest.fixture
def group(db):
    porteur = CompteFactory(
        nom="Monique Garnier", convention__organisme__nom="CCAS de Villeneuve-les-Tilleuls"
    ).organisme
    return GroupeFactory(
        porteur=porteur,
        places=90,
        sejour__debut=date(2027, 5, 14),
        sejour__offre__equipement__nom="ACTIF RESIDENCE LES CYCLADES",
        sejour__offre__equipement__ville="La Grande Motte",
    )


@pytest.fixture
def register(group):
    """Put a person with income, address and e-mail on the list; the documents must not tell them."""

    def register(surname, first_name, *, aid=160, civilite="MME", **details):
        senior = SeniorFactory(
            civilite=civilite,
            nom=surname,
            prenom=first_name,
            date_naissance=date(1948, 3, 12),
            email="secret@exemple.fr",
            telephone="06 11 22 33 44",
            adresse="99 rue du Secret",
        )
        return Inscription.objects.create(
            groupe=group,
            senior=senior,
            debut=group.sejour.debut,
            fin=group.sejour.fin,
            **{
                "eligibilite": "AIDE",
                "rfr": Decimal(12_345),
                "revenu_imposable": Decimal(11_111),
                "aide": aid,
                "motif_sans_aide": "" if aid else "CREDITS_EPUISES",
                "inscrite_le": NOW,
                "modifiee_le": NOW,
                **details,
            },
        )

    return register


@pytest.fixture
def list_of_the_design(register):
    """Eighteen people, as on the picture of the design."""
    jeannine = register("AUBERTIN", "Jeannine")
    register(
        "AUBERTIN",
        "Roger",
        civilite="M",
        eligibilite="CONJOINT",
        senior_lie=jeannine,
        commentaires="Sans sel. Chambre proche de l'ascenseur",
    )
    for surname, first_name, spouse in (
        ("BERTHELOT", "Denise", "Guy"),
        ("COLLIN", "Michèle", "Jean-Yves"),
        ("DE LA VILLEMARQUÉ", "Anne-Élisabeth", "François-Xavier"),
    ):
        register(surname, first_name, avec_conjoint=True)
        register(surname, spouse, civilite="M", avec_conjoint=True)
    yvonne = register(
        "KERVELLA", "Yvonne", dependant=True, commentaires="Mixé. Fauteuil roulant, lit médicalisé demandé"
    )
    register("KERVELLA", "Gwenaëlle", eligibilite="AIDANT", nature_aidant="FAMILIAL", senior_lie=yvonne)
    register("BEAUCHAMP", "Simone", regroupement="Paulette Hervé")
    register("HERVÉ", "Paulette", commentaires="Allergie : arachide")
    register("LE GOFF", "Marcel", civilite="M", regroupement="M. Da Silva Ferreira")
    register("DA SILVA FERREIRA", "Armindo Joaquim", civilite="M", handicape=True, commentaires="Sans porc")
    register("MOREL", "Huguette", chambre_individuelle=True)
    register("TANGUY", "Bernard", civilite="M", chambre_individuelle=True, commentaires="Végétarien")
    register("LŸSSEN", "Œdile", aid=None, commentaires="Accepte de partager")
    register("NICOLAS", "Régine", aid=None, eligibilite="PROGRAMME", motif_sans_aide="PROGRAMME")


def registered(group):
    return Inscription.objects.filter(groupe=group).presentes().liste()


def loaded(group):
    return Groupe.objects.complets().get(pk=group.pk)


def drawn(group, *, vue=PROVIDER, le=LAST_DAY):
    content = rooming_list(loaded(group), registered(group), vue=vue, le=le, maintenant=NOW)
    return PdfReader(BytesIO(content))


def text_of(document):
    """The text of the document, spaces and lines made plain."""
    return " ".join(" ".join(page.extract_text() for page in document.pages).split())


def workbook(group, vue):
    content = liste_xlsx(loaded(group), registered(group), vue=vue, le=LAST_DAY, maintenant=NOW)
    return load_workbook(BytesIO(content))


def rows(sheet):
    return [list(row) for row in sheet.iter_rows(values_only=True)]


@pytest.mark.usefixtures("list_of_the_design")
def test_the_rooming_list_shows_rooms_by_kind_with_totals(group):
    text = text_of(drawn(group))
    expected = (
        "ACTIF RESIDENCE LES CYCLADES, La Grande Motte (34)",
        "vendredi 14 mai 2027",
        "8 jours, 7 nuits",
        "CCAS de Villeneuve-les-Tilleuls",
        "Monique Garnier",
        "18 7 2 1 2 2 pers. 2 5",
        "Chambres doubles, couples : 4 chambres, 8 personnes",
        "Aidant avec la personne accompagnée : 1 chambre, 2 personnes",
        "Souhaitent partager une chambre, lits séparés : 2 chambres, 4 personnes",
        "Chambres individuelles : 2 chambres, 2 personnes",
        "Reste à placer : 2 personnes",
        "PMR Dépendant. Mixé. Fauteuil roulant, lit médicalisé demandé",
        "Aidante d'Yvonne KERVELLA",
        "Allergie arachide : HERVÉ Paulette",
        "PMR : KERVELLA Yvonne (fauteuil roulant, lit médicalisé demandé), DA SILVA FERREIRA Armindo Joaquim",
        "Ascenseur : AUBERTIN Roger",
        "Ce document contient des données de santé : à détruire après le séjour.",
        "LŸSSEN Œdile",
    )
    assert [part for part in expected if part not in text] == []


@pytest.mark.usefixtures("list_of_the_design")
def test_eighteen_people_fit_on_one_page_and_the_boxes(group):
    document = drawn(group)
    assert len(document.pages) == 2
    assert "NICOLAS Régine" in document.pages[0].extract_text()
    assert "Pour la cuisine" in document.pages[1].extract_text()
    for number, page in enumerate(document.pages, start=1):
        foot = " ".join(page.extract_text().split())
        assert f"groupe n° {group.pk}, édition du 24 avril 2027 à 10 h 32" in foot
        assert f"page {number}/2" in foot


@pytest.mark.parametrize(
    ("le", "expected", "absent"),
    [
        (LAST_DAY, "LISTE PROVISOIRE au 24 avril 2027, 10 h 32", "LISTE DÉFINITIVE"),
        (NEXT_DAY, "LISTE DÉFINITIVE close le mardi 27 avril 2027 à minuit", "LISTE PROVISOIRE"),
    ],
)
def test_the_list_is_final_from_the_day_after_the_last_one_though_no_task_has_run(
    group, register, le, expected, absent
):
    register("AUBERTIN", "Jeannine")
    text = text_of(drawn(group, le=le))
    assert expected in text
    assert absent not in text


def test_a_cancelled_group_says_so(group):
    Groupe.objects.filter(pk=group.pk).update(annule_le=NOW, motif_annulation="Fermeture")
    assert "SÉJOUR ANNULÉ le samedi 24 avril 2027" in text_of(drawn(group))


def test_an_empty_list_is_a_page_that_says_so(group):
    document = drawn(group)
    assert len(document.pages) == 1
    assert "La liste est vide." in text_of(document)


@pytest.mark.usefixtures("list_of_the_design")
def test_the_document_is_accessible_and_embeds_our_font(group):
    document = drawn(group)
    root = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "fr"
    assert document.metadata.title == f"Rooming-list, groupe n°\u00a0{group.pk}, ACTIF RESIDENCE LES CYCLADES"
    assert fonts(document) == {"Atkinson-Hyperlegible-Next": True, "Atkinson-Hyperlegible-Next-Bold": True}


@pytest.mark.usefixtures("list_of_the_design")
@pytest.mark.parametrize("vue", [PORTEUR, PROVIDER, STAFF])
def test_the_rooming_list_holds_neither_income_nor_address_nor_email(group, vue):
    text = text_of(drawn(group, vue=vue))
    for secret in ("12345", "12 345", "11111", "11 111", "Secret", "secret", "@", "35410", "06 11 22"):
        assert secret not in text


def test_an_email_typed_in_a_comment_is_hidden_from_the_provider_alone(group, register):
    register(
        "AUBERTIN", "Jeannine", commentaires="Sans sel, écrire à fille@exemple.fr", regroupement="a.b@c.fr"
    )
    hidden, plain = (text_of(drawn(group, vue=vue)) for vue in (PROVIDER, PORTEUR))
    assert "@" not in hidden
    assert hidden.count("[e-mail masqué]") == 4
    assert "fille@exemple.fr" in plain
    assert "@" not in str(rows(workbook(group, PROVIDER)["Rooming-list"]))


def test_what_people_typed_is_shown_and_never_obeyed(group, register):
    register("<b>O'NEIL</b>", "{{ x }}", commentaires='<img src="file:///etc/passwd"> & sans sel')
    text = text_of(drawn(group))
    assert "<b>O'NEIL</b> {{ x }}" in text
    assert '<img src="file:///etc/passwd"> & sans sel' in text


def test_links_and_wishes_that_the_room_does_not_show_are_said(group, register):
    anne = register("MARTIN", "Anne", chambre_individuelle=True)
    register("MARTIN", "Luc", civilite="M", eligibilite="CONJOINT", senior_lie=anne)
    register("PETIT", "Rose", avec_conjoint=True, regroupement="ses amies du club")
    register("ROUX", "Léa", regroupement="Mme Simon")
    register("SIMON", "Ève")
    text = text_of(drawn(group))
    assert "Conjoint d'Anne MARTIN" in text
    assert "Conjointe de Luc MARTIN" in text
    assert "Voyage avec son conjoint. Souhaite être avec : ses amies du club" in text
    assert "Mme Simon" not in text


def test_fifty_people_with_long_names_each_stand_once_and_no_room_is_cut(group, register):
    couples = [f"DE LA ROCHEFOUCAULD-MONTBEL N{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXY"]
    for rank, surname in enumerate(couples):
        comment = "Fauteuil roulant, " * (rank % 4)
        register(surname, "Ÿann-Œdile Joséphine", avec_conjoint=True, commentaires=comment)
        register(surname, "Marie-Antoinette", avec_conjoint=True, commentaires=comment)
    pages = [" ".join(page.extract_text().split("Pour la cuisine")[0].split()) for page in drawn(group).pages]
    assert len(pages) > 2
    per_page = [[page.count(f"{surname} ") for page in pages] for surname in couples]
    assert all(sorted(counts) == [*[0] * (len(pages) - 1), 2] for counts in per_page)
    assert [page.count("Nom et prénom") for page in pages[:2]] == [1, 1]


def test_a_section_never_stands_at_the_foot_of_a_page_without_its_first_room(group, register):
    register("ZOLA", "Last")
    for rank in range(24):
        register("MOREL", f"Single {rank}", chambre_individuelle=True)
        if rank >= 18:
            pages = [page.extract_text() for page in drawn(group).pages]
            assert [page for page in pages if "Reste à placer\u00a0:" in page and "ZOLA" not in page] == []


@pytest.mark.usefixtures("list_of_the_design")
def test_details_show_eligibility_aid_remainder_and_totals(group):
    document = PdfReader(
        BytesIO(details(loaded(group), registered(group), vue=PORTEUR, le=LAST_DAY, maintenant=NOW))
    )
    text = text_of(document)
    expected = (
        "Détails du groupe",
        "Tarif du séjour 410 €",
        "16/18 7 380 € 2 560 € 4 820 €",
        "AUBERTIN Jeannine 12/03/1948 A l'aide Aide accordée 160 € 160 € 250 €",
        "Conjoint de Jeannine AUBERTIN",
        "Sans aide : au programme – 410 €",
        "Total : 18 inscrits 16 aides accordées 2 560 € 4 820 €",
    )
    assert [part for part in expected if part not in text] == []
    for secret in ("12 345", "11 111", "Secret", "@"):
        assert secret not in text
    assert fonts(document) == {"Atkinson-Hyperlegible-Next": True, "Atkinson-Hyperlegible-Next-Bold": True}


def test_details_say_the_place_in_the_queue_of_those_who_wait(group, register):
    register("ABEL", "Zoé", aid=None)
    register("BRUN", "Ana", aid=None, inscrite_le=datetime(2027, 4, 20, 8, 0, tzinfo=UTC))
    text = text_of(
        PdfReader(
            BytesIO(details(loaded(group), registered(group), vue=PORTEUR, le=LAST_DAY, maintenant=NOW))
        )
    )
    assert re.search(r"ABEL Zoé .* 2e à être aidé .*BRUN Ana .* 1er à être aidé", text)


def test_details_are_refused_to_a_provider_whatever_the_view_does(group):
    with pytest.raises(PermissionDenied):
        details(loaded(group), registered(group), vue=PROVIDER, le=LAST_DAY, maintenant=NOW)


def test_the_porteur_s_workbook_holds_both_documents(group, register):
    register("AUBERTIN", "Jeannine", commentaires="=1+1. Sans sel", chambre_individuelle=True)
    register("LE GOFF", "Marcel", civilite="M", aid=None)
    book = workbook(group, PORTEUR)
    assert book.sheetnames == ["Détails", "Rooming-list"]
    table = rows(book["Détails"])
    assert table[0][0] == (
        "ACTIF RESIDENCE LES CYCLADES, du 14/05/2027 au 21/05/2027, "
        f"groupe n° {group.pk}, CCAS de Villeneuve-les-Tilleuls : "
        "liste provisoire au 24\u00a0avril\u00a02027, 10\u00a0h\u00a032"
    )
    assert table[3] == [
        "Madame",
        "AUBERTIN",
        "Jeannine",
        datetime(1948, 3, 12),
        "06 11 22 33 44",
        None,
        "A l'aide",
        "Non",
        "Non",
        160,
        "Aide accordée 160\u00a0€",
        410,
        250,
        datetime(2027, 4, 24, 10, 32),
    ]
    assert table[5] == ["Total", 2, *[None] * 7, 160, None, 820, 660, None]
    assert rows(book["Rooming-list"])[3] == [
        "Chambres individuelles",
        1,
        None,
        "AUBERTIN",
        "Jeannine",
        79,
        "Non",
        "Non",
        "Sans sel",
        "=1+1",
    ]
    assert book["Rooming-list"]["J4"].data_type == "s"


@pytest.mark.usefixtures("list_of_the_design")
def test_the_provider_s_workbook_is_the_rooming_list_alone(group):
    book = workbook(group, PROVIDER)
    assert book.sheetnames == ["Rooming-list"]
    content = str(rows(book["Rooming-list"]))
    for secret in ("12345", "11111", "Secret", "secret", "@", "06 11", "A l'aide", "160"):
        assert secret not in content
    assert len(rows(book["Rooming-list"])) == 3 + 18


@pytest.mark.usefixtures("list_of_the_design")
def test_documents_take_as_many_queries_for_eighteen_people_as_for_one(
    group, register, django_assert_num_queries
):
    groupe = loaded(group)
    with django_assert_num_queries(2):
        rooming_list(groupe, registered(group), vue=PROVIDER, le=LAST_DAY, maintenant=NOW)
    with django_assert_num_queries(3):  # and the queue, as somebody waits
        details(groupe, registered(group), vue=STAFF, le=LAST_DAY, maintenant=NOW)
    with django_assert_num_queries(1):
        liste_xlsx(groupe, registered(group), vue=PORTEUR, le=LAST_DAY, maintenant=NOW)
