"""The boxes of a list: who travelled."""

from collections.abc import Iterable

from django import forms


class PointageForm(forms.Form):
    """The people ticked, all of them on the list; `relire` asks for the page that says what the answer will do."""

    presents = forms.TypedMultipleChoiceField(
        coerce=int,
        required=False,
        error_messages={
            "invalid_choice": "Une personne cochée n'est pas sur cette liste : relisez-la, puis validez.",
            "invalid_list": "Une personne cochée n'est pas sur cette liste : relisez-la, puis validez.",
        },
    )
    relire = forms.BooleanField(required=False)

    def __init__(self, *args, personnes: Iterable[int], **kwargs):
        super().__init__(*args, **kwargs)
        self.connues = set(personnes)
        self.fields["presents"].choices = [(cle, "") for cle in self.connues]

    @property
    def coches(self) -> set[int]:
        """The people of the list who are ticked, whatever else was sent."""
        return {int(v) for v in self.data.getlist("presents") if v.isdecimal() and len(v) < 12} & self.connues

    @property
    def refus(self) -> str:
        """Why the boxes can't be read, or nothing."""
        return " ".join(self.errors.get("presents", []))
