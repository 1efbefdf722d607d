"""Objects that tests start from: organisations, their convention and accounts, programmes, tariffs, credits.

Everything has a default; credits go through the ledger's own operation. Dates are literal: the year is 2022, the
manual's.
"""

from datetime import date
from decimal import Decimal

import factory
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice
from factory.django import DjangoModelFactory

from conventions.models import Compte, Convention, Credit, Organisme, Programme, Tarif
from conventions.operations.credits import allouer
from sev.socle.temps import maintenant

MOT_DE_PASSE = "Vacances-2026!"


class OrganismeFactory(DjangoModelFactory):
    """A porteur; `OrganismeFactory(prestataire=True)` gives a provider."""

    class Meta:
        model = Organisme

    class Params:
        prestataire = factory.Trait(nature=Organisme.Nature.PRESTATAIRE, type_porteur="")

    nature = Organisme.Nature.PORTEUR
    nom = factory.Sequence(lambda n: f"CCAS DE VILLE {n}")
    type_porteur = Organisme.TypePorteur.CCAS
    telephone = "04 56 34 22 09"
    voie = "69 AVENUE DE PARIS"
    code_postal = "35410"
    ville = "CHATEAUGIRON"
    departement = "35"


class ConventionFactory(DjangoModelFactory):
    """The activated convention of a porteur, with no credit."""

    class Meta:
        model = Convention

    class Params:
        prestataire = factory.Trait(organisme=factory.SubFactory(OrganismeFactory, prestataire=True))

    organisme = factory.SubFactory(OrganismeFactory)
    numero = factory.Sequence(lambda n: f"ancv{9000 + n}")
    activee_le = date(2022, 1, 3)


class CompteFactory(DjangoModelFactory):
    """The holder of a convention, whose number is the identifiant; password MOT_DE_PASSE.

    `collegue=True` and `lecteur=True` give a colleague (`organisme=` is then needed), `prestataire=True` a provider's
    holder, `ancv=True` a member of staff with every right.
    """

    class Meta:
        model = Compte
        skip_postgeneration_save = True

    class Params:
        prestataire = False
        seul = False
        convention = factory.Maybe(
            "seul",
            None,
            factory.SubFactory(ConventionFactory, prestataire=factory.SelfAttribute("..prestataire")),
        )
        collegue = factory.Trait(
            seul=True,
            titulaire=False,
            identifiant=factory.Sequence(lambda n: f"collegue-{n}"),
            nom="Camille COLLÈGUE",
        )
        lecteur = factory.Trait(collegue=True, role=Compte.Role.LECTEUR)
        ancv = factory.Trait(
            seul=True,
            organisme=None,
            titulaire=False,
            is_staff=True,
            is_superuser=True,
            identifiant=factory.Sequence(lambda n: f"ancv-agent-{n}"),
            nom="Alix AGENT",
        )

    organisme = factory.LazyAttribute(lambda o: o.convention.organisme if o.convention else None)
    identifiant = factory.LazyAttribute(lambda o: o.convention.numero)
    nom = "Monique GARNIER"
    email = factory.LazyAttribute(lambda o: f"{o.identifiant}@exemple.fr")
    titulaire = True
    password = factory.django.Password(MOT_DE_PASSE)


class ProgrammeFactory(DjangoModelFactory):
    """The programme of 2022, open, with a wide envelope; asking twice for a year gives the same one."""

    class Meta:
        model = Programme
        django_get_or_create = ("annee",)

    annee = 2022
    enveloppe = Decimal(1_000_000)
    contact_telephone = "0 969 320 616"
    contact_email = "service-sev-web@ancv.fr"


class TarifFactory(DjangoModelFactory):
    """A tariff of 2021, that the migration's own (2022) come after: 8 days, 400 − 160 = 240."""

    class Meta:
        model = Tarif
        django_get_or_create = ("duree", "valable_du")

    duree = 8
    valable_du = date(2021, 1, 1)
    prix = Decimal(400)
    aide = Decimal(160)


def CreditFactory(*, convention=None, annee: int = 2022, alloue=Decimal(1500), par=None) -> Credit:
    """Return the credit of `convention` for `annee` after `alloue` euros were allotted through the ledger."""
    convention = convention or ConventionFactory()
    ProgrammeFactory(annee=annee)
    entree = allouer(
        convention=convention,
        annee=annee,
        montant=Decimal(alloue),
        par=par,
        le=date(annee, 1, 3),
        motif="dotation de l'essai",
    )
    return Credit.objects.get(pk=entree.credit_id)


def TelephoneFactory(compte) -> TOTPDevice:
    """Return the telephone that shows the codes of a member of staff, made at the first call."""
    return TOTPDevice.objects.get_or_create(user=compte, defaults={"name": "téléphone"})[0]


def connecter(client, compte, *, second_facteur: bool = True) -> None:
    """Sign `compte` in on a test client, its session as fresh as after the sign-in page.

    Staff have given their second factor, unless told otherwise.
    """
    client.force_login(compte, backend="conventions.connexion.CompteBackend")
    session = client.session
    session["vu"] = int(maintenant().timestamp())
    if compte.is_staff and second_facteur:
        session[DEVICE_ID_SESSION_KEY] = TelephoneFactory(compte).persistent_id
    session.save()
