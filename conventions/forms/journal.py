"""What one looks for in the journal: words, and the days of the acts (X3)."""

from datetime import date, datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.utils.timezone import make_aware

from conventions.journal import Fil, Ligne
from sev.socle.filtres import Filtre
from sev.socle.saisie import DateFrancaiseField, TexteField


class FiltreJournal(Filtre):
    """The filters of « Journal ». The days are read in the database, the words in the lines as they are told."""

    texte = TexteField(
        label="Mots", required=False, max_length=120, help_text="Ce qui a été fait, par qui, ou le motif"
    )
    du = DateFrancaiseField(label="Du", required=False)
    au = DateFrancaiseField(label="Au", required=False)

    def clean_du(self):
        return _du_programme(self.cleaned_data["du"])

    def clean_au(self):
        return _du_programme(self.cleaned_data["au"])

    def clean(self):
        """Refuse a last day that comes before the first."""
        du, au = self.cleaned_data.get("du"), self.cleaned_data.get("au")
        if du and au and au < du:
            self.add_error("au", ValidationError(f"Choisissez un jour à partir du {du:%d/%m/%Y}"))

    def bornes(self) -> dict[str, datetime | None]:
        """Return the instants between which the acts are read: midnight to midnight, in Paris."""
        choisis = self.choisis()
        du, au = choisis.get("du"), choisis.get("au")
        return {
            "depuis": du and make_aware(datetime.combine(du, time.min)),
            "avant": au and make_aware(datetime.combine(au + timedelta(1), time.min)),
        }

    def filtrer(self, fil: Fil) -> Fil | list[Ligne]:
        """Return the lines of `fil` in which every word stands."""
        texte = self.choisis().get("texte")
        return fil.contenant(texte) if texte else fil

    def _mots(self, nom: str, valeur) -> str:
        return f"« {valeur} »" if nom == "texte" else f"{self.fields[nom].label} {valeur:%d/%m/%Y}"


def _du_programme(jour: date | None) -> date | None:
    if jour and not 2000 <= jour.year <= 2100:
        raise ValidationError("Écrivez une année entre 2000 et 2100")
    return jour
