"""The decision (I4-I10, C7): every reason, every condition said, both sides of every boundary. No database."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seniors.models import Inscription
from seniors.regles.eligibilite import (
    Condition,
    Decision,
    Dossier,
    Lien,
    Obstacle,
    age_au,
    anniversaire,
    decider,
)
from seniors.tests.factories import clair

DEPART = date(2022, 5, 14)
DOSSIER = Dossier(
    debut=DEPART,
    prix=Decimal(410),
    montant_aide=Decimal(160),
    date_naissance=date(1948, 3, 12),
    eligibilite="AIDE",
    rfr=Decimal(11_800),
    disponible=Decimal(1_500),
)
LUCIE = Lien(nom="Lucie PERROT", eligibilite="AIDE", handicape=True, dependant=False)


def decide(**champs) -> Decision:
    return decider(replace(DOSSIER, **champs))


def conditions(**champs) -> list[tuple[bool | None, str]]:
    return [(c.ok, clair(c.texte)) for c in decide(**champs).conditions]


def obstacles(**champs) -> list[tuple[str, str]]:
    decision = decide(**champs)
    assert (decision.aide, decision.motif) == (None, "")
    return [(o.champ, clair(o.message)) for o in decision.obstacles]


# --- Age (I5) -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("naissance", "jour", "age"),
    [
        (date(1962, 5, 14), date(2022, 5, 14), 60),
        (date(1962, 5, 15), date(2022, 5, 14), 59),
        (date(1962, 5, 13), date(2022, 5, 14), 60),
        (date(1960, 2, 29), date(2020, 2, 28), 59),
        (date(1960, 2, 29), date(2020, 2, 29), 60),
        (date(1960, 2, 29), date(2021, 2, 28), 60),
        (date(1960, 2, 29), date(2021, 3, 1), 61),
        (date(1900, 1, 1), date(2022, 5, 14), 122),
    ],
)
def test_age_is_counted_in_whole_years(naissance, jour, age):
    assert age_au(naissance, jour) == age


@pytest.mark.parametrize(
    ("naissance", "age", "jour"),
    [
        (date(1962, 5, 14), 60, date(2022, 5, 14)),
        (date(1964, 2, 29), 60, date(2024, 2, 29)),
        (date(1964, 2, 29), 55, date(2019, 3, 1)),
    ],
)
def test_one_born_on_29_february_has_a_birthday_on_1_march_in_common_years(naissance, age, jour):
    assert anniversaire(naissance, age) == jour


@given(
    st.dates(date(1890, 1, 1), date(2010, 12, 31)),
    st.sampled_from([55, 60]),
    st.integers(min_value=-800, max_value=800),
)
def test_the_birthday_is_the_first_day_of_the_age(naissance, age, ecart):
    jour = anniversaire(naissance, age) + timedelta(days=ecart)
    assert (age_au(naissance, jour) >= age) == (ecart >= 0)


def test_60_on_the_day_of_departure_is_enough():
    assert decide(date_naissance=date(1962, 5, 14)).aide == 160
    assert conditions(date_naissance=date(1962, 5, 14))[0] == (True, "60 ans au départ (60 demandés)")


def test_59_on_the_day_of_departure_is_refused_with_the_date_on_which_it_would_do():
    assert obstacles(date_naissance=date(1962, 5, 15)) == [
        (
            "date_naissance",
            "59 ans au départ. 60 ans le 15 mai 2022. "
            "Si la personne est handicapée, cochez « Handicapé » : l'âge demandé devient 55 ans.",
        )
    ]


def test_55_is_enough_for_a_disabled_person():
    assert decide(date_naissance=date(1967, 5, 14), handicape=True).aide == 160


def test_54_is_refused_to_a_disabled_person():
    assert obstacles(date_naissance=date(1967, 5, 15), handicape=True) == [
        ("date_naissance", "54 ans au départ. 55 ans le 15 mai 2022.")
    ]


def test_a_dependent_person_who_is_not_disabled_must_be_60():
    assert decide(date_naissance=date(1962, 5, 15), dependant=True).obstacles[0].champ == "date_naissance"


def test_the_age_is_asked_of_those_who_travel_without_aid():
    assert decide(date_naissance=date(1962, 5, 15), eligibilite="PROGRAMME").obstacles != ()


def test_the_date_of_a_future_birthday_on_29_february_is_1_march():
    message = obstacles(debut=date(2023, 2, 28), date_naissance=date(1963, 3, 1))[0][1]
    assert message.startswith("59 ans au départ. 60 ans le 1er mars 2023.")
    message = obstacles(debut=date(2019, 2, 28), date_naissance=date(1964, 2, 29), handicape=True)[0][1]
    assert message == "54 ans au départ. 55 ans le 1er mars 2019."


@pytest.mark.parametrize("eligibilite", ["CONJOINT", "AIDANT"])
def test_the_age_is_not_asked_of_a_spouse_or_a_carer(eligibilite):
    decision = decide(
        eligibilite=eligibilite, nature_aidant="FAMILIAL", lien=LUCIE, date_naissance=date(2001, 1, 1)
    )
    assert (decision.aide, decision.obstacles) == (160, ())


# --- Income (I4, I6, P5) -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("eligibilite", "message"),
    [
        ("AIDE", "Écrivez le revenu fiscal de référence (ligne 25 de l'avis d'imposition)"),
        (
            "PROGRAMME",
            "Écrivez le revenu fiscal de référence (ligne 25 de l'avis d'imposition), "
            "ou 0 si la personne ne souhaite pas le donner",
        ),
        ("CONJOINT", "Écrivez le revenu fiscal de référence (ligne 25 de l'avis d'imposition)"),
        ("AIDANT", "Écrivez le revenu fiscal de référence (ligne 25 de l'avis d'imposition)"),
    ],
)
def test_the_income_is_asked_of_everybody_but_a_family_carer(eligibilite, message):
    assert obstacles(eligibilite=eligibilite, nature_aidant="PROFESSIONNEL", lien=LUCIE, rfr=None) == [
        ("rfr", message)
    ]


def test_a_family_carer_gives_no_income():
    assert decide(eligibilite="AIDANT", nature_aidant="FAMILIAL", lien=LUCIE, rfr=None).aide == 160


def test_an_income_of_0_is_confirmed_by_those_who_ask_for_the_aid():
    assert obstacles(rfr=Decimal(0)) == [
        ("rfr", "Revenu de 0 € : est-ce exact ? Confirmez, ou corrigez le montant.")
    ]
    assert decide(rfr=Decimal(0), rfr_zero_confirme=True).aide == 160
    assert decide(rfr=Decimal(1)).aide == 160


@pytest.mark.parametrize("eligibilite", ["PROGRAMME", "CONJOINT", "AIDANT"])
def test_an_income_of_0_is_taken_as_it_is_from_the_others(eligibilite):
    decision = decide(eligibilite=eligibilite, nature_aidant="PROFESSIONNEL", lien=LUCIE, rfr=Decimal(0))
    assert decision.obstacles == ()


def test_an_income_on_the_ceiling_is_aided():
    assert decide(revenu_imposable=Decimal(14_961), plafond=Decimal(14_961)).aide == 160


def test_an_income_above_the_ceiling_is_not_aided():
    decision = decide(revenu_imposable=Decimal(14_962), plafond=Decimal(14_961))
    assert (decision.aide, decision.motif) == (None, "PLAFOND")
    assert (False, "Revenu imposable de 14 962 €, plafond de 14 961 €") in conditions(
        revenu_imposable=Decimal(14_962), plafond=Decimal(14_961)
    )


def test_the_line_25_never_decides():
    assert (
        decide(rfr=Decimal(99_999_999), revenu_imposable=Decimal(14_961), plafond=Decimal(14_961)).aide == 160
    )


def test_the_ceiling_is_waived_by_staff():
    decision = decide(revenu_imposable=Decimal(14_962), plafond=Decimal(14_961), derogation=True)
    assert decision.aide == 160


@pytest.mark.parametrize("champs", [{"revenu_imposable": Decimal(99_999)}, {"plafond": Decimal(14_961)}])
def test_without_income_or_ceiling_nothing_is_compared(champs):
    assert decide(**champs).aide == 160


@pytest.mark.parametrize("eligibilite", ["CONJOINT", "AIDANT"])
def test_the_ceiling_is_not_for_spouses_and_carers(eligibilite):
    decision = decide(
        eligibilite=eligibilite,
        nature_aidant="FAMILIAL",
        lien=LUCIE,
        revenu_imposable=Decimal(99_999),
        plafond=Decimal(14_961),
    )
    assert decision.aide == 160


# --- Links (I7, I8) ------------------------------------------------------------------------------------------------


def test_a_spouse_comes_with_somebody_of_the_list():
    assert obstacles(eligibilite="CONJOINT", lien=None) == [
        ("senior_lie", "Indiquez le conjoint inscrit sur cette liste, « A l'aide »")
    ]


@pytest.mark.parametrize("eligibilite", ["PROGRAMME", "CONJOINT", "AIDANT"])
def test_a_spouse_comes_with_somebody_who_is_a_l_aide(eligibilite):
    assert obstacles(eligibilite="CONJOINT", lien=replace(LUCIE, eligibilite=eligibilite)) == [
        ("senior_lie", "Indiquez le conjoint inscrit sur cette liste, « A l'aide »")
    ]


def test_a_spouse_is_aided_with_words_that_say_whose_spouse():
    assert conditions(eligibilite="CONJOINT", lien=LUCIE) == [
        (True, "Conjoint de Lucie PERROT, « A l'aide » : l'âge n'est pas demandé"),
        (True, "Première aide de l'année 2022"),
        (True, "Crédits : 1 500 € disponibles, il en restera 1 340 €"),
    ]


def test_a_carer_comes_with_somebody_of_the_list():
    assert obstacles(eligibilite="AIDANT", nature_aidant="FAMILIAL", lien=None) == [
        (
            "senior_lie",
            "Inscrivez d'abord la personne accompagnée, en cochant « Handicapé » ou « Dépendant ».",
        )
    ]


def test_a_carer_comes_with_somebody_who_is_disabled_or_dependent():
    lien = replace(LUCIE, handicape=False)
    assert obstacles(eligibilite="AIDANT", nature_aidant="FAMILIAL", lien=lien) == [
        (
            "senior_lie",
            "Lucie PERROT n'est ni « Handicapé » ni « Dépendant » : corrigez d'abord sa fiche.",
        )
    ]


@pytest.mark.parametrize(("handicape", "dependant"), [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("eligibilite", ["AIDE", "PROGRAMME"])
def test_a_carer_is_aided_whether_or_not_the_person_is(eligibilite, handicape, dependant):
    lien = Lien("Lucie PERROT", eligibilite, handicape=handicape, dependant=dependant)
    assert decide(eligibilite="AIDANT", nature_aidant="FAMILIAL", lien=lien).aide == 160


def test_one_carer_is_aided_for_a_person():
    assert decide(
        eligibilite="AIDANT", nature_aidant="FAMILIAL", lien=replace(LUCIE, aidants_aides=1)
    ) == Decision(
        motif="AIDANT_EN_PLUS",
        conditions=(
            Condition(True, "Aidant : ni âge ni revenu ne sont demandés"),
            Condition(True, "Accompagne Lucie PERROT"),
            Condition(False, "Un aidant de Lucie PERROT est déjà aidé"),
        ),
    )


def test_the_programme_may_aid_two_carers_for_a_person():
    aide = {"eligibilite": "AIDANT", "nature_aidant": "FAMILIAL", "aidants_aides_par_personne": 2}
    assert decide(lien=replace(LUCIE, aidants_aides=1), **aide).aide == 160
    assert decide(lien=replace(LUCIE, aidants_aides=2), **aide).motif == "AIDANT_EN_PLUS"


# --- Aid or reason (I9, I10, C7) ---------------------------------------------------------------------------------


def test_the_manual_s_person_is_aided_and_sees_all_that_was_looked_at():
    assert decide() == Decision(
        aide=Decimal(160),
        conditions=(
            Condition(True, "74 ans au départ (60 demandés)"),
            Condition(True, "Première aide de l'année 2022"),
            Condition(True, "Crédits : 1\u00a0500\u00a0€ disponibles, il en restera 1\u00a0340\u00a0€"),
        ),
    )


def test_au_programme_is_never_aided():
    assert decide(eligibilite="PROGRAMME") == Decision(
        motif="PROGRAMME",
        conditions=(
            Condition(True, "74 ans au départ (60 demandés)"),
            Condition(None, "« Au programme » : part au tarif du programme, sans aide"),
        ),
    )


def test_somebody_aided_in_the_year_is_not_aided_again():
    decision = decide(deja_aide=True)
    assert (decision.aide, decision.motif) == (None, "DEJA_AIDE")
    assert conditions(deja_aide=True)[1:] == [(False, "Déjà aidé en 2022 sur un autre séjour")]


@pytest.mark.parametrize(
    ("disponible", "aide", "motif", "texte"),
    [
        (Decimal(320), 160, "", "Crédits : 320 € disponibles, il en restera 160 €"),
        (Decimal(160), 160, "", "Crédits : 160 € disponibles, il en restera 0 €"),
        (Decimal("159.99"), None, "CREDITS_EPUISES", "Crédits : il reste 159,99 €, il en faut 160 €"),
        (Decimal(1), None, "CREDITS_EPUISES", "Crédits : il reste 1 €, il en faut 160 €"),
        (Decimal(0), None, "CREDITS_EPUISES", "Crédits épuisés"),
        (None, None, "SANS_DOTATION", "Pas encore de dotation 2022"),
    ],
)
def test_the_credit_suffices_or_there_is_no_aid_at_all(disponible, aide, motif, texte):
    decision = decide(disponible=disponible)
    assert (decision.aide, decision.motif) == (aide, motif)
    assert conditions(disponible=disponible)[-1] == (aide is not None, texte)


def test_without_tariff_there_is_no_aid():
    assert decide(montant_aide=None).motif == "SANS_DOTATION"


def test_the_year_of_a_stay_across_31_december_is_that_of_its_start():
    assert conditions(debut=date(2022, 12, 28), disponible=None)[1:] == [
        (True, "Première aide de l'année 2022"),
        (False, "Pas encore de dotation 2022"),
    ]


def test_reasons_come_in_the_order_of_the_rules():
    contre = {
        "eligibilite": "PROGRAMME",
        "revenu_imposable": Decimal(20_000),
        "plafond": Decimal(14_961),
        "deja_aide": True,
        "disponible": Decimal(0),
    }
    motifs = [decide(**contre).motif]
    for mieux in (
        {"eligibilite": "AIDE"},
        {"plafond": None},
        {"deja_aide": False},
        {"disponible": Decimal(160)},
    ):
        contre |= mieux
        motifs.append(decide(**contre).motif)
    assert motifs == ["PROGRAMME", "PLAFOND", "DEJA_AIDE", "CREDITS_EPUISES", ""]


def test_all_obstacles_are_said_at_once():
    assert [champ for champ, _ in obstacles(date_naissance=date(1970, 1, 1), rfr=None)] == [
        "date_naissance",
        "rfr",
    ]


def test_every_reason_is_one_that_the_database_knows():
    motifs = {"PROGRAMME", "PLAFOND", "AIDANT_EN_PLUS", "DEJA_AIDE", "CREDITS_EPUISES", "SANS_DOTATION"}
    assert set(Inscription.SansAide.values) == motifs | {"EFFACEE", "ABSENTE", "NON_VERSEE"}


@given(
    naissance=st.dates(date(1900, 1, 1), date(1990, 1, 1)),
    eligibilite=st.sampled_from(["AIDE", "CONJOINT", "PROGRAMME", "AIDANT"]),
    nature=st.sampled_from(["FAMILIAL", "PROFESSIONNEL"]),
    lien=st.none()
    | st.builds(
        Lien,
        nom=st.just("Lucie PERROT"),
        eligibilite=st.sampled_from(["AIDE", "PROGRAMME"]),
        handicape=st.booleans(),
        dependant=st.booleans(),
        aidants_aides=st.integers(0, 2),
    ),
    handicape=st.booleans(),
    rfr=st.none() | st.decimals(0, 100_000, places=0),
    disponible=st.none() | st.decimals(0, 400, places=2),
    deja_aide=st.booleans(),
)
def test_a_decision_is_an_obstacle_or_a_whole_aid_or_a_reason(
    naissance, eligibilite, nature, lien, handicape, rfr, disponible, deja_aide
):
    decision = decide(
        date_naissance=naissance,
        eligibilite=eligibilite,
        nature_aidant=nature,
        lien=lien,
        handicape=handicape,
        rfr=rfr,
        disponible=disponible,
        deja_aide=deja_aide,
    )
    assert [bool(decision.obstacles), decision.aide is not None, bool(decision.motif)].count(True) == 1
    assert decision.aide in (None, 160)
    if decision.aide:
        assert disponible >= 160
        assert not deja_aide
    assert all(isinstance(o, Obstacle) and o.message for o in decision.obstacles)
