"""The mails about stays and groups: their subjects and what their templates are given."""

from datetime import datetime

from conventions.courriels import adresses, lettres
from sejours.models import DemandePlaces, Groupe, Option
from sev.socle.courriels import composer
from sev.socle.models import Courriel
from sev.socle.typographie import quantite


def groupe_preinscrit(groupe: Groupe) -> list[Courriel]:
    """Tell the porteur that a provider keeps places for it (S4)."""
    return lettres(
        groupe.porteur_id,
        cause=f"groupe-preinscrit-{groupe.pk}",
        sujet=f"{quantite(groupe.places, 'place')} pour vous : {groupe.sejour.offre.equipement.nom}",
        gabarit="groupe_preinscrit",
        contexte={"groupe": groupe, "sejour": groupe.sejour},
    )


def places_demandees(demande: DemandePlaces) -> list[Courriel]:
    """Tell the provider that a porteur asks for other places (S7)."""
    groupe = demande.groupe
    return lettres(
        groupe.sejour.offre.equipement.prestataire_id,
        cause=f"places-demandees-{demande.pk}",
        sujet=f"Groupe n° {groupe.pk} : {quantite(demande.places, 'place demandée|places demandées')}",
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


def option_posee(option: Option) -> list[Courriel]:
    """Tell the provider that a porteur asks for places, and until when to answer (S3)."""
    return lettres(
        option.sejour.offre.equipement.prestataire_id,
        cause=f"option-posee-{option.pk}",
        sujet=f"{option.porteur} demande {quantite(option.places, 'place')}",
        gabarit="option_posee",
        contexte={"option": option, "sejour": option.sejour},
    )


def option_decidee(option: Option) -> list[Courriel]:
    """Tell the outcome of an option: to the porteur, to the provider when withdrawn, to both when lapsed (S3)."""
    prestataire = option.sejour.offre.equipement.prestataire_id
    destinataires = {
        Option.Issue.RETIREE: [prestataire],
        Option.Issue.TOMBEE: [option.porteur_id, prestataire],
    }.get(option.issue, [option.porteur_id])
    return [
        courriel
        for organisme in destinataires
        for courriel in lettres(
            organisme,
            cause=f"option-{option.issue.lower()}-{option.pk}-{organisme}",
            sujet=f"Option {option.get_issue_display().lower()} : {option.sejour.offre.equipement.nom}",
            gabarit="option_decidee",
            contexte={
                "option": option,
                "sejour": option.sejour,
                "groupe": option.groupe,
                "au_porteur": organisme == option.porteur_id,
            },
        )
    ]


def places_changees(groupe: Groupe, *, avant: int, reponse: str, maintenant: datetime) -> list[Courriel]:
    """Tell the porteur the places its group has from now on, or that they stay as they were (S7)."""
    return lettres(
        groupe.porteur_id,
        cause=f"places-changees-{groupe.pk}-{maintenant.isoformat()}",
        sujet=f"Groupe n° {groupe.pk} : {quantite(groupe.places, 'place')}",
        gabarit="places_changees",
        contexte={"groupe": groupe, "sejour": groupe.sejour, "avant": avant, "reponse": reponse},
    )


def cause_incomplete(groupe: Groupe, jours: int) -> str:
    """Return the cause under which a list is reminded of, once for each reminder and each last day."""
    return f"liste-incomplete-{jours}-{groupe.pk}-{groupe.dernier_jour}"


def listes_incompletes(rappels: list[tuple[Groupe, int]]) -> list[Courriel]:
    """Remind porteurs of lists that have free places, each with the number of days of its reminder (§ 6)."""
    boites = adresses([groupe.porteur_id for groupe, _ in rappels])
    return [
        composer(
            cause=cause_incomplete(groupe, jours),
            destinataire=boites[groupe.porteur_id],
            sujet=f"Il reste {quantite(groupe.places_restantes, 'place')} : {groupe.sejour.offre.equipement.nom}",
            gabarit="liste_incomplete",
            contexte={"groupe": groupe, "sejour": groupe.sejour},
        )
        for groupe, jours in rappels
        if groupe.porteur_id in boites
    ]


def groupe_annule(groupe: Groupe, *, motif: str) -> list[Courriel]:
    """Tell both sides that a group is cancelled, and why (S8)."""
    prestataire = groupe.sejour.offre.equipement.prestataire_id
    return [
        courriel
        for organisme in (groupe.porteur_id, prestataire)
        for courriel in lettres(
            organisme,
            cause=f"groupe-annule-{groupe.pk}-{organisme}",
            sujet=f"Groupe annulé : {groupe.sejour.offre.equipement.nom}, groupe n° {groupe.pk}",
            gabarit="groupe_annule",
            contexte={"groupe": groupe, "sejour": groupe.sejour, "motif": motif},
        )
    ]
