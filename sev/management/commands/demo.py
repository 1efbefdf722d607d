"""`manage.py demo`: load the demo, and with --scale the many years of data that measurements need."""

import time

from django.core.management.base import BaseCommand, CommandError

from activite.operations import relever_les_annees
from sev.demo import echelle, scenario
from sev.socle.refus import RefusMetier
from sev.socle.temps import aujourdhui, maintenant


class Command(BaseCommand):
    help = "Load the demo (later runs keep its data). With --scale N, add N groups a year over ten years."

    def add_arguments(self, parser):
        parser.add_argument("--scale", type=int, metavar="N", help="groups a year, over ten years, in bulk")

    def handle(self, *, scale=None, **options):
        if scale is not None and scale < 1:
            raise CommandError("--scale: one group a year at least.")
        try:
            neuve = scenario.charger(le=aujourdhui(), maintenant=maintenant())
        except scenario.BaseDejaServie as erreur:
            raise CommandError(str(erreur)) from erreur
        except RefusMetier as refus:
            raise CommandError(f"The demo was refused by a rule: {refus.message}") from refus
        self.stdout.write("Demo loaded." if neuve else "The demo is already there: nothing changed.")
        for identifiant, role in scenario.COMPTES:
            self.stdout.write(f"  {identifiant:<18}{role}")
        self.stdout.write(f"  password of all: {scenario.MOT_DE_PASSE}")
        if scale is not None:
            neuve = True
            depart = time.monotonic()
            if echelle.charger(groupes=scale, le=aujourdhui()):
                inscriptions = scale * echelle.ANNEES * echelle.INSCRITS
                duree = time.monotonic() - depart
                self.stdout.write(f"{inscriptions} registrations over ten years added in {duree:.0f} s.")
            else:
                self.stdout.write("The data for measurements are already there: nothing changed.")
        if neuve:
            relever_les_annees(le=aujourdhui(), maintenant=maintenant())
