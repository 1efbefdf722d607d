from django.apps import AppConfig


class ConventionsConfig(AppConfig):
    verbose_name = "Conventions et crédits"
    name = "conventions"
