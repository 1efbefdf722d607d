"""Open the door of a member of staff who lost telephone and codes, when no other administrator can."""

from django.core.management.base import BaseCommand, CommandError

from conventions.models import Compte
from conventions.models.organismes import identifiant_normalise
from conventions.operations.second_facteur import reinitialiser
from sev.socle.refus import RefusMetier
from sev.socle.temps import maintenant


class Command(BaseCommand):
    help = "Take the second factor of a member of staff away; it is set up anew at the next sign-in."

    def add_arguments(self, parser):
        parser.add_argument("identifiant")
        parser.add_argument("motif", help="why; it stays in the journal, and in the mail to the person")

    def handle(self, *args, identifiant, motif, **options):
        """Reset one account; refused in words when there is nothing to reset."""
        compte = Compte.objects.filter(identifiant=identifiant_normalise(identifiant)).first()
        if compte is None:
            raise CommandError(f"Aucun compte ne s'appelle {identifiant}.")
        try:
            reinitialiser(compte=compte, motif=motif[:200], par=None, maintenant=maintenant())
        except RefusMetier as refus:
            raise CommandError(refus.message) from refus
        self.stdout.write(f"Double authentification de {compte.identifiant} réinitialisée.")
