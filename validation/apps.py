from django.apps import AppConfig


class ValidationConfig(AppConfig):
    name = "validation"
    verbose_name = "Validations et versements"

    def ready(self):
        """Say what is held here about a person, to whoever exports or erases her data (X4)."""
        from seniors.annexes import ANNEXES, Annexe
        from validation.documents.donnees import donnees_de
        from validation.operations.retention import effacer_personne, pourquoi_garder

        ANNEXES.append(Annexe(pourquoi_garder=pourquoi_garder, effacer=effacer_personne, donnees=donnees_de))
