"""Objects that tests start from: équipements, offers, stays and groups.

The defaults are the manual's: ACTIF RESIDENCE LES CYCLADES at La Grande Motte, 8 days from 14 May 2022, 410 € less an
aid of 160 €, a group of 10 places whose list may change until 27 April.
"""

from datetime import date
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from conventions.models import Tarif
from conventions.tests.factories import ConventionFactory, OrganismeFactory
from sejours.models import Equipement, Groupe, Offre, Sejour
from sejours.regles import dernier_jour_de_la_liste, fin_du_sejour

TARIFS_DU_MANUEL = (
    (8, date(2020, 1, 1), Decimal(410), Decimal(160)),
    (5, date(2022, 1, 1), Decimal(343), Decimal(150)),
)


def tarifs_du_manuel() -> None:
    """Put back the tariffs of the migration that the manual's stays follow: a transactional test empties them."""
    for duree, valable_du, prix, aide in TARIFS_DU_MANUEL:
        Tarif.objects.get_or_create(duree=duree, valable_du=valable_du, defaults={"prix": prix, "aide": aide})


class PorteurFactory(OrganismeFactory):
    """A porteur with its activated convention; `convention__numero="ancv2528"` names it."""

    class Meta:
        skip_postgeneration_save = True

    convention = factory.RelatedFactory(ConventionFactory, factory_related_name="organisme")


class PrestataireFactory(OrganismeFactory):
    """A provider with its activated convention."""

    class Meta:
        skip_postgeneration_save = True

    prestataire = True
    nom = factory.Sequence(lambda n: f"ACTIF RESIDENCE {n}")
    convention = factory.RelatedFactory(ConventionFactory, factory_related_name="organisme")


class EquipementFactory(DjangoModelFactory):
    class Meta:
        model = Equipement

    prestataire = factory.SubFactory(PrestataireFactory)
    nom = factory.Sequence(lambda n: f"ACTIF RESIDENCE LES CYCLADES {n}")
    voie = "12 ALLEE DES GOELANDS"
    code_postal = "34280"
    ville = "LA GRANDE MOTTE"
    departement = "34"
    environnement = Equipement.Environnement.MER


class OffreFactory(DjangoModelFactory):
    """8 days at 410 €; `duree=5` gives 5 days at 343 €."""

    class Meta:
        model = Offre

    equipement = factory.SubFactory(EquipementFactory)
    annee = 2022
    duree = 8
    prix = factory.LazyAttribute(lambda o: Decimal(410 if o.duree == 8 else 343))


class SejourFactory(DjangoModelFactory):
    """From 14 May 2022 on, of the offer's length; `offre__duree=5`, `debut=` change it."""

    class Meta:
        model = Sejour

    debut = date(2022, 5, 14)
    offre = factory.SubFactory(
        OffreFactory, annee=factory.LazyAttribute(lambda o: o.factory_parent.debut.year)
    )
    fin = factory.LazyAttribute(lambda o: fin_du_sejour(o.debut, o.offre.duree))
    places = 100

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        tarifs_du_manuel()
        return super()._create(model_class, *args, **kwargs)


class GroupeFactory(DjangoModelFactory):
    """10 places of a porteur on a stay, the list empty; `sejour__debut=`, `porteur=`, `places=` change it."""

    class Meta:
        model = Groupe

    sejour = factory.SubFactory(SejourFactory)
    porteur = factory.SubFactory(PorteurFactory)
    places = 10
    dernier_jour = factory.LazyAttribute(lambda o: dernier_jour_de_la_liste(o.sejour.debut))
