from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

# Every trigger of django-pgtrigger first asks this function whether to stand aside, and by default it obeys a setting
# that any SQL client may write. The ledger's guards obey nobody; an answer known in advance also costs nothing.
SANS_ECHAPPATOIRE = """
    CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name NAME) RETURNS BOOLEAN
    LANGUAGE sql IMMUTABLE AS 'SELECT false'
"""


def fermer_l_echappatoire(*, using, **kwargs):
    """Make the triggers deaf to `SET pgtrigger.ignore`, after each `migrate` (which may write the function anew)."""
    with connections[using].cursor() as curseur:
        curseur.execute(SANS_ECHAPPATOIRE)


class SocleConfig(AppConfig):
    name = "sev.socle"
    label = "socle"
    verbose_name = "Courriels et tâches"

    def ready(self):
        post_migrate.connect(fermer_l_echappatoire, sender=self)
