"""`manage.py importer_conventions FILE [--dry-run]`: the decisions of *Espace Action Sociale* (C10)."""

import sys
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from conventions.forms.imports import lire_fichier
from conventions.models import LigneImport
from conventions.operations import imports
from sev.socle.temps import aujourdhui, maintenant

LOT = 100


class Command(BaseCommand):
    help = "Import a CSV of decisions (docs/import-conventions.md): one line each, exit code 1 when one is wrong."

    def add_arguments(self, parser):
        parser.add_argument("fichier", type=Path, metavar="FILE", help="CSV, UTF-8 or Windows-1252")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what each line would do, write nothing"
        )

    def handle(self, *, fichier, dry_run, **options):
        """Read the file, then show what it would do, or do it."""
        try:
            lignes = lire_fichier(fichier.read_bytes())
        except OSError as erreur:
            raise CommandError(f"{fichier} : {erreur.strerror}") from erreur
        except ValidationError as erreur:
            raise CommandError(f"{fichier} : {' '.join(erreur.messages)}") from erreur
        rapport = self._a_blanc(lignes) if dry_run else self._importer(fichier, lignes)
        issues = dict.fromkeys(LigneImport.Issue.values, 0)
        for rang, issue, action, message in rapport:
            issues[issue] += 1
            mots = LigneImport.Issue(issue).label + (
                f", {LigneImport.Action(action).label}" if action else ""
            )
            self.stdout.write(f"ligne {rang} : {mots}{f' : {message}' if message else ''}")
        total = ", ".join(f"{LigneImport.Issue(nom).label.lower()} {n}" for nom, n in issues.items() if n)
        self.stdout.write(f"{len(lignes)} lignes : {total}.")
        if issues["ERREUR"]:
            sys.exit(1)

    def _a_blanc(self, lignes) -> list[tuple]:
        verdicts = imports.examiner(lignes)
        return [(li.rang, v.issue, v.action, v.message) for li, v in zip(lignes, verdicts, strict=True)]

    def _importer(self, fichier, lignes) -> list[tuple]:
        lot = imports.lire(fichier=fichier.name[-120:], lignes=lignes, par=None, maintenant=maintenant())
        if lot.lignes.filter(issue="PRETE").exists():
            imports.lancer(lot=lot, par=None, maintenant=maintenant())
            while imports.importer(lot=lot, le=aujourdhui(), maintenant=maintenant(), limite=LOT) == LOT:
                pass
        return list(lot.lignes.values_list("rang", "issue", "action", "message"))
