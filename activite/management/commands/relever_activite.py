"""`manage.py relever_activite [ANNEE …]`: count the years that may have changed, or these, final or not."""

from django.core.management.base import BaseCommand

from activite.operations import relever
from activite.tasks import relever_activite
from sev.socle.temps import aujourdhui, maintenant


class Command(BaseCommand):
    help = "Count the activity of the years that may have changed, or of those given, final or not."

    def add_arguments(self, parser):
        parser.add_argument("annees", nargs="*", type=int, metavar="ANNEE")

    def handle(self, *, annees, **options):
        """Count; say how many cells each year has."""
        if not annees:
            self.stdout.write(f"{relever_activite()} year(s) counted.")
        for annee in annees:
            cases = relever(annee=annee, le=aujourdhui(), maintenant=maintenant())
            self.stdout.write(f"{annee}: {cases} cells.")
