from django.apps import AppConfig


class SejoursConfig(AppConfig):
    verbose_name = "Séjours et groupes"
    name = "sejours"
