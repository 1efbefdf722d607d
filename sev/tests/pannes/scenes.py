"""Lists after their stay, around today: the programs that a test starts read the clock of the machine."""

import re
from datetime import date, timedelta

from conventions.models import Credit
from conventions.tests.factories import CompteFactory
from sejours.models import Groupe
from sejours.operations.groupes import verrouiller_listes
from seniors.tests.factories import InscriptionFactory, groupe_dote
from sev.controle import controler
from sev.socle.models import Courriel
from sev.socle.typographie import date_complete
from validation.models import Validation
from validation.tests.factories import comptes_de, instant

MOTIF = re.compile(r"validation(-rappel-[a-z]+-\d|(-[a-z]+)+)")


def liste(fin: date, personnes: int = 2) -> Groupe:
    """Return a list that was locked in time, of as many aided people, whose stay ended on `fin`."""
    debut = fin - timedelta(7)
    groupe = groupe_dote(alloue=1_000, sejour__debut=debut)
    for _ in range(personnes):
        InscriptionFactory(groupe=groupe, le=debut - timedelta(30))
    comptes_de(groupe)
    verrouiller_listes(le=debut - timedelta(16), maintenant=instant(debut - timedelta(16), 0, 5))
    Courriel.objects.all().delete()
    return Groupe.objects.complets().get(pk=groupe.pk)


def agent():
    """Return an account of ANCV's."""
    return CompteFactory(ancv=True)


def boites(groupe: Groupe) -> tuple[str, str]:
    """Return the addresses of the porteur and of the provider."""
    porteur, prestataire = comptes_de(groupe)
    return porteur.email, prestataire.email


def ouvertes(groupes) -> int:
    return Validation.objects.filter(groupe__in=groupes).count()


def histoire(groupe: Groupe, *champs: str) -> list[tuple]:
    """Return the values of `champs` after each event of the list's validation, in order."""
    evenements = Validation.pgh_event_model.objects.filter(pgh_obj=groupe.pk).order_by("pgh_id")
    return list(evenements.values_list(*champs))


def causes(groupe: Groupe) -> list[str]:
    """Return why mails about this list were written, in order, less the numbers."""
    siens = Courriel.objects.filter(texte__contains=f"/validation/{groupe.pk}/").order_by("pk")
    return [MOTIF.match(cause)[0] for cause in siens.values_list("cause", flat=True)]


def credit(groupe: Groupe) -> tuple:
    """Return what is engaged and what is free of the porteur's credit for the stay's year."""
    lu = Credit.objects.get(convention=groupe.porteur_id, programme=groupe.sejour.debut.year)
    return lu.engage, lu.disponible


def rien_de_casse() -> list[str]:
    """Return what `manage.py controle` would say."""
    return [f"{breche}" for breche in controler()]


def corps(messages, groupe: Groupe) -> list[str]:
    """Return the texts of the mails received about this list."""
    textes = [message.get_body(("plain",)).get_content() for message in messages]
    return [texte.replace("\u00a0", " ") for texte in textes if f"/validation/{groupe.pk}/" in texte]


def limites_dites(messages, groupe: Groupe, jour: date) -> set[date]:
    """Return the last days (« jusqu'au samedi 24 avril 2027 ») that the mails received about this list tell."""
    dites = re.findall(r"(?:jusqu.au|depuis le) (\w+ \d+\w* \w+ \d{4})", "\n".join(corps(messages, groupe)))
    jours = [jour + timedelta(ecart) for ecart in range(-60, 60)]
    return {lu for lu in jours if date_complete(lu).replace("\u00a0", " ") in dites}
