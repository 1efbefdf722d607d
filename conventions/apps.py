from django.apps import AppConfig
from django.db.models.signals import post_migrate

from conventions.droits import ecrire_les_groupes


class ConventionsConfig(AppConfig):
    verbose_name = "Conventions et crédits"
    name = "conventions"

    def ready(self):
        post_migrate.connect(ecrire_les_groupes, sender=self)
