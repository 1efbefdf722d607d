"""Run every due deadline job once, by hand or from cron, without Celery."""

from django.core.management.base import BaseCommand, CommandError

from sev.echeances import ECHEANCES


class Command(BaseCommand):
    help = "Run every due deadline job once; one line for each. Exit code 1 when one of them failed."

    def handle(self, *args, **options):
        """Run all of them, whatever happens to one."""
        rates = []
        for echeance in ECHEANCES:
            try:
                faits = echeance.tache()
            except Exception as erreur:  # noqa: BLE001 - recorded by the run; the other jobs must have their turn
                rates.append(echeance.nom)
                self.stdout.write(f"{echeance.nom} : échec, {type(erreur).__name__}: {erreur}")
            else:
                self.stdout.write(f"{echeance.nom} : {faits}")
        if rates:
            raise CommandError(f"Tâches en échec : {', '.join(rates)}")
