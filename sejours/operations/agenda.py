"""The calendar feed of an account: opened, given another address, closed."""

from datetime import datetime

from django.db import transaction

from conventions.models import Compte
from sejours.models import Agenda
from sejours.models.agenda import nouveau_secret
from sev.socle.journal import acte


@transaction.atomic
def renouveler_agenda(*, par: Compte, maintenant: datetime) -> Agenda:
    """Give `par` a new secret address for its calendar; the former one, if any, stops answering."""
    with acte("adresse d'agenda renouvelée", par=par):
        agenda, _ = Agenda.objects.update_or_create(
            compte=par, defaults={"secret": nouveau_secret(), "depuis_le": maintenant}
        )
    return agenda


@transaction.atomic
def fermer_agenda(*, par: Compte) -> None:
    """Close the calendar of `par`: its address stops answering."""
    with acte("agenda fermé", par=par):
        Agenda.objects.filter(compte=par).delete()
