"""What an organisation says of itself (C3, manual « Informations »)."""

from django.db import transaction

from conventions.models import Compte, Convention, Organisme
from sev.socle.communes import communes_du_code_postal
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier
from sev.socle.texte import cle_ville


class OrganismeRefuse(RefusMetier):
    """The organisation can't be changed so; the message says why."""


@transaction.atomic
def creer(
    *,
    numero: str,
    nature: str,
    nom: str,
    type_porteur: str,
    telephone: str,
    voie: str,
    complement: str,
    code_postal: str,
    ville: str,
    par: Compte | None,
) -> Convention:
    """Record an organisation and its convention, which is not active yet. `numero` is normalised (C1)."""
    with acte("organisme créé", par=par):
        organisme = Organisme.objects.create(
            nature=nature,
            nom=nom,
            type_porteur=type_porteur,
            telephone=telephone,
            voie=voie,
            complement=complement,
            code_postal=code_postal,
            ville=ville,
            departement=departement(code_postal, ville) if code_postal else "",
        )
        return Convention.objects.create(organisme=organisme, numero=numero)


@transaction.atomic
def modifier(
    *,
    organisme: Organisme,
    nom: str,
    telephone: str,
    voie: str,
    complement: str,
    code_postal: str,
    ville: str,
    par: Compte,
    type_porteur: str = "",
) -> Organisme:
    """Change the organisation's name and address; its département follows the postcode. Locks the organisation.

    Raises OrganismeRefuse when a porteur has no type.
    """
    organisme = Organisme.objects.select_for_update(no_key=True).get(pk=organisme.pk)
    if organisme.nature == Organisme.Nature.PORTEUR and not type_porteur:
        raise OrganismeRefuse("Choisissez le type du porteur.", champ="type_porteur")
    organisme.nom, organisme.telephone, organisme.type_porteur = nom, telephone, type_porteur
    organisme.voie, organisme.complement = voie, complement
    organisme.code_postal, organisme.ville = code_postal, ville
    organisme.departement = departement(code_postal, ville)
    with acte("informations modifiées", par=par):
        organisme.save()
    return organisme


def departement(code_postal: str, ville: str) -> str:
    """Return the département's code: that of the commune, else of the postcode's first one, else its first digits.

    A postcode may serve two départements; an unknown one (CEDEX) still begins like its own.
    """
    communes = communes_du_code_postal(code_postal)
    nommees = [commune for commune in communes if cle_ville(commune.nom) == cle_ville(ville)]
    if retenues := nommees or communes:
        return retenues[0].departement
    return code_postal[:3] if code_postal[:2] in ("97", "98") else code_postal[:2]
