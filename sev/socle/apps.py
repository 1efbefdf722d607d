from django.apps import AppConfig


class SocleConfig(AppConfig):
    name = "sev.socle"
    label = "socle"
    verbose_name = "Courriels et tâches"
