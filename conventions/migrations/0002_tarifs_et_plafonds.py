"""Prices, aids and income ceilings found in public sources (docs/rules.md says which): a starting point for staff."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.db import migrations

# (stays from, days, maximum price, aid), euros per person.
TARIFS = [
    (date(2009, 1, 1), 8, 350, 170),
    (date(2009, 1, 1), 5, 300, 150),
    (date(2010, 1, 1), 8, 360, 180),
    (date(2010, 1, 1), 5, 300, 150),
    (date(2019, 1, 1), 8, 402, 160),
    (date(2019, 1, 1), 5, 336, 135),
    (date(2020, 1, 1), 8, 410, 160),
    (date(2022, 1, 1), 5, 343, 150),
    (date(2022, 6, 1), 8, 410, 180),
    (date(2023, 1, 1), 8, 442, 194),
    (date(2023, 1, 1), 5, 369, 161),
    (date(2024, 1, 1), 8, 461, 202),
    (date(2024, 1, 1), 5, 385, 168),
]

# Top of the 0 % bracket and base of the décote (one person, couple), by year of the avis (income of the year before).
SEUILS = {
    2021: (10084, 779, 1289),
    2022: (10225, 790, 1307),
    2023: (10777, 833, 1378),
    2024: (11294, 873, 1444),
    2025: (11497, 889, 1470),
}
PARTS = {"SEULE": ("1", "1.5", "2", "2.5", "3"), "COUPLE": ("2", "2.5", "3", "3.5", "4")}
# Where the programme published a ceiling, it wins over the formula.
PUBLIES = {
    (2021, "SEULE", "1"): 14961,
    (2021, "COUPLE", "2"): 28235,
    (2023, "SEULE", "1"): 15991,
    (2023, "COUPLE", "2"): 30186,
}


def plafond(annee: int, situation: str, parts: str) -> Decimal:
    seuil, decote_seule, decote_couple = SEUILS[annee]
    decote = decote_seule if situation == "SEULE" else decote_couple
    exact = Decimal(parts) * seuil + Decimal(decote) / Decimal("1.4525") / Decimal("0.11")
    return Decimal(PUBLIES.get((annee, situation, parts)) or exact.quantize(Decimal(1), ROUND_HALF_UP))


def remplir(apps, schema_editor):
    tarif, bareme = apps.get_model("conventions", "Tarif"), apps.get_model("conventions", "Bareme")
    for valable_du, duree, prix, aide in TARIFS:
        tarif.objects.get_or_create(duree=duree, valable_du=valable_du, defaults={"prix": prix, "aide": aide})
    for annee in SEUILS:
        for situation, toutes in PARTS.items():
            for parts in toutes:
                bareme.objects.get_or_create(
                    annee_avis=annee,
                    situation=situation,
                    parts=Decimal(parts),
                    defaults={"plafond": plafond(annee, situation, parts)},
                )


class Migration(migrations.Migration):
    dependencies = [("conventions", "0001_initial")]

    operations = [migrations.RunPython(remplir, migrations.RunPython.noop)]
