"""Take away the personal data that is no longer needed (X4), or say what would go."""

from django.core.management.base import BaseCommand

from sev.retention import REGLES, combien, purger
from sev.socle.temps import aujourdhui, maintenant


class Command(BaseCommand):
    help = "Apply the rules of retention: one line for each, with how many rows it went through."

    def add_arguments(self, parser):
        """Add --dry-run."""
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and write nothing")

    def handle(self, *args, dry_run, **options):
        """Print a line for each rule."""
        le = aujourdhui()
        comptes = combien(le=le) if dry_run else purger(le=le, maintenant=maintenant())
        for regle in REGLES:
            self.stdout.write(f"{regle.nom} : {comptes[regle.nom]} ({regle.libelle})")
        if dry_run:
            self.stdout.write("Rien n'a été effacé.")
