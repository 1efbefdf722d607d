from django.apps import AppConfig


class SeniorsConfig(AppConfig):
    verbose_name = "Séniors et inscriptions"
    name = "seniors"
