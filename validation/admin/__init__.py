"""ANCV's admin of what follows a stay: a module for each subject."""

from validation.admin import signalements, validations, versements

__all__ = ["signalements", "validations", "versements"]
