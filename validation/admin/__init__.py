"""ANCV's admin of what follows a stay: a module for each subject."""

from validation.admin import validations

__all__ = ["validations"]
