from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seniors.rooming import Genre, Participant, arranger, lire


def person(id, name, **details):
    surname, first_name = name.split("/")
    return Participant(id=id, nom=surname, prenom=first_name, **details)


def rooms(participants):
    """What was arranged, kind by kind, as ids."""
    arrangement = arranger(participants)
    return {
        kind: [tuple(p.id for p in room.occupants) for room in getattr(arrangement, kind)]
        for kind in ("couples", "aidants", "partages", "individuelles", "a_placer")
        if getattr(arrangement, kind)
    }


def test_nobody_asked_for_anything():
    assert rooms([person(2, "NICOLAS/Régine"), person(1, "LŸSSEN/Œdile")]) == {"a_placer": [(1,), (2,)]}


def test_an_empty_list_has_no_room():
    assert rooms([]) == {}


@pytest.mark.parametrize(
    ("jeannine", "roger"),
    [
        ({}, {"eligibilite": "CONJOINT", "senior_lie_id": 1}),
        ({"avec_conjoint": True, "conjoint_id": 2}, {}),
        ({}, {"avec_conjoint": True, "conjoint_id": 1}),
        ({"conjoint_id": 2}, {"conjoint_id": 1}),
        ({"avec_conjoint": True}, {"avec_conjoint": True}),
    ],
)
def test_spouses_share_a_room_whichever_way_they_are_linked(jeannine, roger):
    couple = [person(1, "AUBERTIN/Jeannine", **jeannine), person(2, "Aubertin/Roger", **roger)]
    assert rooms([*couple, person(3, "AUBERTIN/Simone")]) == {"couples": [(1, 2)], "a_placer": [(3,)]}


def test_spouses_of_two_names_need_a_link():
    assert rooms([person(1, "A/Jean", avec_conjoint=True), person(2, "B/Anne", avec_conjoint=True)]) == {
        "a_placer": [(1,), (2,)]
    }


def test_three_people_of_one_name_with_their_spouse_are_not_guessed():
    three = [
        person(i, f"MARTIN/{first}", avec_conjoint=True) for i, first in enumerate(("Anne", "Guy", "Luc"), 1)
    ]
    assert rooms(three) == {"a_placer": [(1,), (2,), (3,)]}


def test_one_spouse_alone_on_the_list_is_to_be_placed():
    assert rooms([person(1, "MARTIN/Anne", avec_conjoint=True)]) == {"a_placer": [(1,)]}


def test_a_link_to_oneself_or_to_somebody_absent_makes_no_room():
    assert rooms([person(1, "A/Jean", conjoint_id=1), person(2, "B/Anne", conjoint_id=99)]) == {
        "a_placer": [(1,), (2,)]
    }


def test_the_reciprocal_link_wins():
    assert rooms(
        [
            person(1, "A/Jean", conjoint_id=3),
            person(2, "B/Anne", conjoint_id=3),
            person(3, "C/Luc", conjoint_id=2),
        ]
    ) == {
        "couples": [(2, 3)],
        "a_placer": [(1,)],
    }


def test_a_carer_sleeps_with_the_person_cared_for_who_comes_first():
    assert rooms(
        [
            person(1, "KERVELLA/Yvonne", dependant=True),
            person(2, "KERVELLA/Gwenaëlle", eligibilite="AIDANT", senior_lie_id=1),
        ]
    ) == {"aidants": [(1, 2)]}


def test_a_second_carer_and_the_carer_of_a_spouse_are_to_be_placed():
    assert rooms(
        [
            person(1, "A/Anne", dependant=True, conjoint_id=2),
            person(2, "A/Jean"),
            person(3, "B/Carer", eligibilite="AIDANT", senior_lie_id=1),
            person(4, "C/Old", handicape=True),
            person(5, "D/First", eligibilite="AIDANT", senior_lie_id=4),
            person(6, "E/Second", eligibilite="AIDANT", senior_lie_id=4),
        ]
    ) == {"couples": [(1, 2)], "aidants": [(4, 5)], "a_placer": [(3,), (6,)]}


@pytest.mark.parametrize(
    "wish",
    [
        "HERVÉ Paulette",
        "paulette herve",
        "Mme Hervé",
        "avec son amie Paulette",
        "Paulette HERVÉ (même chambre)",
        "Herve, Paulette.",
    ],
)
def test_a_wish_names_somebody_in_many_ways(wish):
    assert rooms(
        [
            person(1, "BEAUCHAMP/Simone", regroupement=wish),
            person(2, "HERVÉ/Paulette"),
            person(3, "LE GOFF/Marcel"),
        ]
    ) == {"partages": [(1, 2)], "a_placer": [(3,)]}


@pytest.mark.parametrize("wish", ["Le Goff", "LEGOFF", "le-goff", "M. Legoff Marcel"])
def test_a_surname_in_two_words_is_found(wish):
    assert rooms([person(1, "DA SILVA/Armindo", regroupement=wish), person(2, "LE GOFF/Marcel")]) == {
        "partages": [(1, 2)]
    }


def test_a_surname_that_two_people_bear_is_not_guessed_but_the_whole_name_is_found():
    people = [person(1, "A/Jean"), person(2, "MARTIN/Anne"), person(3, "MARTIN/Luc")]
    assert rooms([replace(people[0], regroupement="Martin"), *people[1:]]) == {"a_placer": [(1,), (2,), (3,)]}
    assert rooms([replace(people[0], regroupement="Martin Luc"), *people[1:]]) == {
        "partages": [(1, 3)],
        "a_placer": [(2,)],
    }


def test_a_part_of_a_word_is_nobody():
    assert rooms([person(1, "A/Jean", regroupement="Martinet"), person(2, "MARTIN/Luc")]) == {
        "a_placer": [(1,), (2,)]
    }


def test_reciprocal_wishes_are_served_first():
    assert rooms(
        [
            person(1, "A/Anne", regroupement="Claire C"),
            person(2, "B/Brigitte", regroupement="C Claire"),
            person(3, "C/Claire", regroupement="B Brigitte"),
        ]
    ) == {"partages": [(2, 3)], "a_placer": [(1,)]}


def test_a_second_choice_serves_when_the_first_has_a_room():
    assert rooms(
        [
            person(1, "A/Anne", conjoint_id=2),
            person(2, "A/Jean"),
            person(3, "C/Claire", regroupement="Anne A ou Denise"),
            person(4, "D/Denise"),
        ]
    ) == {"couples": [(1, 2)], "partages": [(3, 4)]}


def test_a_single_room_wins_over_a_spouse_a_person_cared_for_and_a_wish():
    assert rooms(
        [
            person(1, "A/Anne", conjoint_id=2, chambre_individuelle=True),
            person(2, "A/Jean"),
            person(3, "B/Old", dependant=True, chambre_individuelle=True),
            person(4, "C/Carer", eligibilite="AIDANT", senior_lie_id=3),
            person(5, "D/Denise", regroupement="Anne A"),
        ]
    ) == {"individuelles": [(1,), (3,)], "a_placer": [(2,), (4,), (5,)]}


def test_rooms_stand_in_alphabetical_order_without_accents():
    people = [
        person(1, "ZOLA/A", chambre_individuelle=True),
        person(2, "ÉMILE/B", chambre_individuelle=True),
        person(3, "FABRE/C", chambre_individuelle=True),
    ]
    assert rooms(people) == {"individuelles": [(2,), (3,), (1,)]}


NAMES = st.sampled_from(["MARTIN", "LE GOFF", "HERVÉ", "Ÿ", "A"])
FIRST_NAMES = st.sampled_from(["Anne", "Jean-Yves", "Œdile", "B"])
LINKS = st.none() | st.integers(0, 12)


@st.composite
def groups(draw):
    return [
        Participant(
            id=rank,
            nom=draw(NAMES),
            prenom=draw(FIRST_NAMES),
            eligibilite=draw(st.sampled_from(["AIDE", "CONJOINT", "PROGRAMME", "AIDANT"])),
            senior_lie_id=draw(LINKS),
            conjoint_id=draw(LINKS),
            avec_conjoint=draw(st.booleans()),
            chambre_individuelle=draw(st.booleans()),
            regroupement=draw(
                st.just("") | st.builds("{} {}".format, NAMES, FIRST_NAMES) | st.text(max_size=8)
            ),
        )
        for rank in range(draw(st.integers(0, 12)))
    ]


@given(groups())
def test_each_person_has_exactly_one_room(people):
    arrangement = arranger(people)
    assert sorted(p.id for p in arrangement.participants) == [p.id for p in people]
    assert {
        len(room.occupants) for room in arrangement.couples + arrangement.aidants + arrangement.partages
    } <= {2}
    assert {len(room.occupants) for room in arrangement.individuelles + arrangement.a_placer} <= {1}
    assert {p.id for room in arrangement.individuelles for p in room.occupants} == {
        p.id for p in people if p.chambre_individuelle
    }
    assert all(
        carer.accompagne_id == cared.id for cared, carer in (room.occupants for room in arrangement.aidants)
    )


@given(groups(), st.randoms())
def test_the_arrangement_does_not_depend_on_the_order_of_entry(people, random):
    shuffled = people[:]
    random.shuffle(shuffled)
    assert arranger(shuffled) == arranger(people)


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("", []),
        ("Sans sel", [("Sans sel", Genre.REGIME, "")]),
        (
            "Sans sel. Chambre proche de l'ascenseur",
            [("Sans sel", Genre.REGIME, ""), ("Chambre proche de l'ascenseur", Genre.ACCUEIL, ". ")],
        ),
        (
            "Allergie : arachide, fruits de mer, sans sel, canne",
            [
                ("Allergie : arachide, fruits de mer", Genre.REGIME, ""),
                ("sans sel", Genre.REGIME, ", "),
                ("canne", Genre.ACCUEIL, ", "),
            ],
        ),
        ("Régime à 1,5 g de sel.", [("Régime à 1,5 g de sel", Genre.REGIME, "")]),
        (
            "Végétarienne\nAime chanter",
            [("Végétarienne", Genre.REGIME, ""), ("Aime chanter", Genre.AUTRE, ". ")],
        ),
        ("Diabétique (insuline)", [("Diabétique (insuline)", Genre.REGIME, "")]),
        ("Mange sans œufs", [("Mange sans œufs", Genre.REGIME, "")]),
        ("Aucune allergie", [("Aucune allergie", Genre.RIEN, "")]),
        ("RAS", [("RAS", Genre.RIEN, "")]),
    ],
)
def test_comments_are_read_for_the_kitchen_and_for_the_reception(comment, expected):
    assert [(r.texte, r.genre, r.liaison) for r in lire(comment)] == expected


@given(st.text(alphabet="abé,;.\n :'sansel", max_size=60))
def test_no_word_of_a_comment_is_lost(comment):
    read = "".join(r.texte for r in lire(comment))
    letters = [c for c in comment if c.isalpha()]
    assert [c for c in read if c.isalpha()] == letters
