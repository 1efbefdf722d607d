import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from conventions.models import Compte


@pytest.mark.parametrize(
    "passe",
    [
        "Vacances-26!",  # 12 characters, four kinds
        "Vacances été 1",  # a blank is a sign, é a small letter
        "VacancesALaMer14",  # 14 and more, three kinds
        "vacances-à-la-mer-14",
    ],
)
def test_the_recommendation_accepts_12_with_four_kinds_or_14_with_three(passe):
    validate_password(passe, Compte(identifiant="ancv2528", nom="Monique", email="m@ccas.fr"))


@pytest.mark.parametrize(
    ("passe", "message"),
    [
        ("Vacances-6!", "Il faut 12 caractères au moins : il y en a 11."),
        ("", "Il faut 12 caractères au moins : il y en a 0."),
        (
            "Vacances2626x",  # 13 characters, three kinds
            "Ajoutez une majuscule, une minuscule, un chiffre ou un signe, celui qui manque ; "
            "ou allez jusqu'à 14 caractères.",
        ),
        (
            "vacancesalamer1947",
            "Mélangez majuscules, minuscules, chiffres et signes : trois sortes au moins.",
        ),
    ],
)
def test_the_recommendation_refuses_with_what_is_missing(passe, message):
    with pytest.raises(ValidationError) as refus:
        validate_password(passe)
    assert refus.value.messages == [message]


def test_a_password_made_of_ones_own_number_is_refused():
    with pytest.raises(ValidationError, match="trop semblable"):
        validate_password("Ancv-2528-mer", Compte(identifiant="ancv-2528-mer", nom="", email=""))
