"""What a password must be: CNIL's recommendation 2022-100, first case (no other protection is counted on)."""

from django.core.exceptions import ValidationError

AIDE = (
    "12 caractères au moins, avec majuscule, minuscule, chiffre et signe ; "
    "ou 14 caractères avec trois de ces quatre sortes. Un signe : un point, un tiret, un espace…"
)


def sortes(mot_de_passe: str) -> int:
    """Return how many of the four kinds stand in the password: capital, small letter, digit, other sign."""
    return len(
        {
            "majuscule"
            if c.isupper()
            else "minuscule"
            if c.isalpha()
            else "chiffre"
            if c.isdigit()
            else "signe"
            for c in mot_de_passe
        }
    )


class RecommandationCnil:
    """Validator for AUTH_PASSWORD_VALIDATORS: 12 characters of four kinds, or 14 of three (C2)."""

    def validate(self, password, user=None):
        """Raise ValidationError with what is missing."""
        longueur, trouvees = len(password), sortes(password)
        if longueur < 12:
            raise ValidationError(
                f"Il faut 12 caractères au moins : il y en a {longueur}.", code="mot_de_passe_court"
            )
        if trouvees == 3 and longueur < 14:
            raise ValidationError(
                "Ajoutez une majuscule, une minuscule, un chiffre ou un signe, celui qui manque ; "
                "ou allez jusqu'à 14 caractères.",
                code="mot_de_passe_simple",
            )
        if trouvees < 3:
            raise ValidationError(
                "Mélangez majuscules, minuscules, chiffres et signes : trois sortes au moins.",
                code="mot_de_passe_simple",
            )

    def get_help_text(self):
        return AIDE
