"""The mails about stays and groups: their subjects and what their templates are given."""

from conventions.courriels import adresses, lettres
from sejours.models import DemandePlaces, Groupe
from sev.socle.courriels import composer
from sev.socle.models import Courriel


def groupe_preinscrit(groupe: Groupe) -> list[Courriel]:
    """Tell the porteur that a provider keeps places for it (S4)."""
    return lettres(
        groupe.porteur_id,
        cause=f"groupe-preinscrit-{groupe.pk}",
        sujet=f"{groupe.places} places pour vous : {groupe.sejour.offre.equipement.nom}",
        gabarit="groupe_preinscrit",
        contexte={"groupe": groupe, "sejour": groupe.sejour},
    )


def places_demandees(demande: DemandePlaces) -> list[Courriel]:
    """Tell the provider that a porteur asks for other places (S7)."""
    groupe = demande.groupe
    return lettres(
        groupe.sejour.offre.equipement.prestataire_id,
        cause=f"places-demandees-{demande.pk}",
        sujet=f"Groupe n° {groupe.pk} : {demande.places} places demandées",
        gabarit="places_demandees",
        contexte={"demande": demande, "groupe": groupe, "sejour": groupe.sejour},
    )


def listes_verrouillees(groupes: list[Groupe]) -> list[Courriel]:
    """Tell the porteur and the provider of each group that its list is final (I14)."""
    boites = adresses(
        [g.porteur_id for g in groupes] + [g.sejour.offre.equipement.prestataire_id for g in groupes]
    )
    courriels = []
    for groupe in groupes:
        nom = groupe.sejour.offre.equipement.nom
        contexte = {"groupe": groupe, "sejour": groupe.sejour}
        for cote, organisme in (
            ("porteur", groupe.porteur_id),
            ("prestataire", groupe.sejour.offre.equipement.prestataire_id),
        ):
            if organisme in boites:
                courriels.append(
                    composer(
                        cause=f"liste-verrouillee-{cote}-{groupe.pk}-{groupe.dernier_jour}",
                        destinataire=boites[organisme],
                        sujet=f"Liste définitive : {nom}, groupe n° {groupe.pk}",
                        gabarit=f"liste_verrouillee_{cote}",
                        contexte=contexte,
                    )
                )
    return courriels
