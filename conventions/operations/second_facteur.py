"""The second factor of ANCV's staff: a telephone that shows codes, ten recovery codes on paper, and losing both."""

import math
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django_otp.models import Device
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from conventions import courriels
from conventions.models import CarteDeSecours, CodeDeSecours, Compte, EvenementSecurite
from conventions.models.securite import nouveau_code
from sev.socle.courriels import deposer
from sev.socle.refus import RefusMetier

CODES_DE_SECOURS = 10
PAS_TOLERES = 1  # a code of the half minute before or after is still good
Nature = EvenementSecurite.Nature


class SecondFacteurRefuse(RefusMetier):
    """The second factor can't be set up or reset so; the message says why."""


@dataclass(frozen=True)
class Verification:
    """What a code is worth: the device that took it, or None and how many seconds to wait before the next try."""

    appareil: Device | None
    attendre: int = 0

    @property
    def de_secours(self) -> bool:
        return isinstance(self.appareil, CarteDeSecours)


def telephone(compte: Compte) -> TOTPDevice | None:
    """Return the telephone that shows the codes of `compte`, or None before it is set up."""
    return TOTPDevice.objects.devices_for_user(compte, confirmed=True).first()


def codes_restants(compte: Compte) -> int:
    """Return how many recovery codes of `compte` were never used."""
    return CodeDeSecours.objects.filter(carte__user=compte, utilise_le=None).count()


@transaction.atomic
def activer(
    *, compte: Compte, cle: str, code: str, changement: bool, maintenant: datetime
) -> tuple[TOTPDevice, list[str]]:
    """Make the telephone that holds `cle` the account's own; return it and ten new recovery codes. Locks the account.

    `changement` says that it takes the place of another one. Raises SecondFacteurRefuse for a code of another key, and
    when a telephone is set up already that nobody asked to change.
    """
    compte = _verrouiller(compte)
    ancien = telephone(compte)
    if (ancien is not None) != changement:
        raise SecondFacteurRefuse("Votre double authentification a changé entre-temps. Rechargez la page.")
    nouveau = TOTPDevice(user=compte, name="téléphone", key=cle)
    horloge = TOTP(nouveau.bin_key)
    horloge.time = maintenant.timestamp()
    if not horloge.verify(int(code), tolerance=PAS_TOLERES):
        raise SecondFacteurRefuse(
            "Ce n'est pas le bon code. Écrivez celui que l'application montre en ce moment ; vérifiez aussi que le "
            "téléphone est à l'heure.",
            champ="passe_code",
        )
    # The code that set the telephone up opens nothing else.
    nouveau.last_t, nouveau.drift = horloge.t(), horloge.drift
    TOTPDevice.objects.devices_for_user(compte).delete()
    nouveau.save(force_insert=True)
    codes = _distribuer(compte)
    _raconter(Nature.TELEPHONE if changement else Nature.ACTIVATION, compte, compte, maintenant)
    return nouveau, codes


@transaction.atomic
def renouveler_codes(*, compte: Compte, maintenant: datetime) -> list[str]:
    """Return ten new recovery codes; the former ones are void. Locks the account.

    Raises SecondFacteurRefuse before the telephone is set up.
    """
    compte = _verrouiller(compte)
    if telephone(compte) is None:
        raise SecondFacteurRefuse("Activez d'abord la double authentification.")
    codes = _distribuer(compte)
    _raconter(Nature.CODES, compte, compte, maintenant)
    return codes


@transaction.atomic
def verifier(*, compte: Compte, code: str, de_secours: bool, maintenant: datetime) -> Verification:
    """Tell what `code` is worth: once, and later and later after each wrong one. Locks the account and its device.

    A wrong code is no exception: what counts it must be kept.
    """
    compte = _verrouiller(compte)
    genre = CarteDeSecours if de_secours else TOTPDevice
    appareil = genre.objects.devices_for_user(compte, confirmed=True).select_for_update().first()
    if appareil is None:
        return Verification(None)
    permis, refus = appareil.verify_is_allowed()
    if not permis:
        return Verification(None, math.ceil((refus["locked_until"] - maintenant).total_seconds()))
    if not appareil.verify_token(code):
        return Verification(None)
    if de_secours:
        reste = f"reste : {codes_restants(compte)}"
        _raconter(Nature.SECOURS, compte, compte, maintenant, detail=reste)
    return Verification(appareil)


@transaction.atomic
def reinitialiser(*, compte: Compte, motif: str, par: Compte | None, maintenant: datetime) -> None:
    """Take telephone and codes away from a colleague who lost both: the next sign-in sets them up anew.

    Locks the account. `par` is None when the server's command acts. Raises SecondFacteurRefuse for one's own, for
    somebody who isn't staff, and when nothing is set up.
    """
    compte = _verrouiller(compte)
    if compte == par:
        raise SecondFacteurRefuse(
            "Pour vous-même, changez de téléphone sur la page « Double authentification », ou demandez à un collègue."
        )
    if not compte.is_staff or telephone(compte) is None:
        raise SecondFacteurRefuse("Ce compte n'a pas de double authentification.")
    TOTPDevice.objects.devices_for_user(compte).delete()
    CarteDeSecours.objects.filter(user=compte).delete()
    _raconter(Nature.REINITIALISATION, compte, par, maintenant, motif=motif)


# --- Parts ------------------------------------------------------------------------------------------------------


def _verrouiller(compte: Compte) -> Compte:
    return Compte.objects.select_for_update(no_key=True, of=("self",)).get(pk=compte.pk)


def _distribuer(compte: Compte) -> list[str]:
    """Write ten new codes in the place of the others, and return them: nobody can read them later."""
    CarteDeSecours.objects.filter(user=compte).delete()
    carte = CarteDeSecours.objects.create(user=compte, name="codes de secours")
    codes = [nouveau_code() for _ in range(CODES_DE_SECOURS)]
    CodeDeSecours.objects.bulk_create(
        CodeDeSecours(carte=carte, empreinte=carte.empreinte(code)) for code in codes
    )
    return ["-".join(code[i : i + 4] for i in range(0, len(code), 4)) for code in codes]


def _raconter(nature, compte, par, maintenant, *, detail="", motif="") -> None:
    """Write what happened in the journal of security, and tell the person by mail."""
    evenement = EvenementSecurite.objects.create(
        nature=nature, compte=compte, par=par, detail=detail, motif=motif, le=maintenant
    )
    deposer([courriels.securite(evenement)])
