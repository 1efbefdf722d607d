"""Check every invariant on the live data."""

import sys

from django.core.management.base import BaseCommand

from sev.controle import controler


class Command(BaseCommand):
    help = "Check every invariant on the live data: one line for each breach, exit code 1 when there is any."

    def handle(self, *args, **options):
        """Print the breaches as they are found."""
        trouves = 0
        for ecart in controler():
            trouves += 1
            self.stdout.write(ecart)
        if trouves:
            sys.exit(1)
        self.stdout.write("Tout est en ordre.")
