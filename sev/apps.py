from django.apps import AppConfig
from django.contrib.admin import apps as admin


class SevConfig(AppConfig):
    name = "sev"
    default = True


class AdministrationConfig(admin.AdminConfig):
    """Django's admin, with ANCV's home page."""

    default = False
    default_site = "sev.administration.Administration"

    def ready(self):
        """Tell the groups of rights from those that travel."""
        super().ready()
        from django.contrib.auth.models import Group

        Group._meta.verbose_name, Group._meta.verbose_name_plural = "groupe de droits", "groupes de droits"
