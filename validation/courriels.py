"""The mails about validations: subjects and sentences, in one place; one template draws them all.

A `Lettre` is for one side; `composees` finds the addresses of all of them at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from conventions.courriels import adresses
from conventions.models import Compte, Organisme
from sejours.models import Groupe
from sev.socle.courriels import composer
from sev.socle.models import Courriel
from sev.socle.typographie import date_complete, euros, heure, periode_longue, quantite, restant
from validation.models import (
    CoordonneesBancaires,
    Lot,
    Presence,
    Rejet,
    Signalement,
    Validation,
    Virement,
)
from validation.regles import Somme, reste_apres_reponse


@dataclass(frozen=True)
class Lettre:
    """A mail to the account holder of `organisme`: what it says, and the page of the site (a path) to act on."""

    organisme: int
    cause: str
    sujet: str
    phrases: tuple[str, ...]
    page: str
    bouton: str


def composees(lettres: Iterable[Lettre], *, comptes_fermes: bool = False) -> list[Courriel]:
    """Return the unsaved mails of `lettres`; an organisation without an active holder gets none.

    With `comptes_fermes`, one whose holder's account is closed is written to all the same.
    """
    lettres = list(lettres)
    organismes = {lettre.organisme for lettre in lettres}
    boites = adresses(organismes)
    if comptes_fermes:
        titulaires = Compte.objects.filter(organisme__in=organismes, titulaire=True).order_by("-pk")
        boites = dict(titulaires.values_list("organisme", "email")) | boites
    return [
        composer(
            cause=lettre.cause,
            destinataire=boites[lettre.organisme],
            sujet=lettre.sujet,
            gabarit="validation",
            contexte={"phrases": lettre.phrases, "page": lettre.page, "bouton": lettre.bouton},
        )
        for lettre in lettres
        if lettre.organisme in boites
    ]


def _sejour(groupe: Groupe) -> str:
    sejour = groupe.sejour
    return (
        f"{sejour.offre.equipement.nom}, {periode_longue(sejour.debut, sejour.fin)}, "
        f"groupe n° {groupe.pk} de {groupe.porteur.nom}"
    )


def _sujet(groupe: Groupe) -> str:
    return f"{groupe.sejour.offre.equipement.nom}, groupe n° {groupe.pk}"


def _page(groupe: Groupe) -> str:
    return f"/validation/{groupe.pk}/"


def prestataire_de(groupe: Groupe) -> int:
    """Return the key of the provider that a group stays with."""
    return groupe.sejour.offre.equipement.prestataire_id


def _aux_deux(groupe: Groupe, *, cause: str, sujet: str, phrases: tuple[str, ...]) -> list[Lettre]:
    return [
        Lettre(organisme, f"{cause}-{organisme}", sujet, phrases, _page(groupe), "Ouvrir la page du séjour")
        for organisme in (groupe.porteur_id, prestataire_de(groupe))
    ]


def a_valider(validation: Validation) -> Lettre:
    """Tell the provider that its window is open, and until when (V1)."""
    groupe = validation.groupe
    return Lettre(
        prestataire_de(groupe),
        f"validation-ouverte-prestataire-{groupe.pk}",
        f"Qui est venu ? {_sujet(groupe)}",
        (
            f"Le séjour est terminé : {_sejour(groupe)}.",
            "Dites qui est venu : décochez les personnes absentes, puis validez la liste. "
            f"Vous avez jusqu'au {date_complete(validation.echeance_prestataire)} à minuit.",
            "Il manque quelqu'un sur la liste ? Ne la validez pas : signalez-le sur la même page.",
        ),
        _page(groupe),
        "Valider la liste",
    )


def a_confirmer(validation: Validation, *, motif: str = "") -> list[Lettre]:
    """Tell the porteur that its window is open, and until when (V2, manual « Validation des listes »).

    When ANCV answered in the provider's place the provider is told too, and both read its `motif` (V4).
    """
    groupe = validation.groupe
    par_l_ancv = validation.validee_par.is_staff
    fait = "L'ANCV a validé la liste des participants à la place du prestataire"
    if not par_l_ancv:
        fait = f"{groupe.sejour.offre.equipement.prestataire.nom} a validé la liste des participants"
    pourquoi = (f"Motif : {motif}",) if par_l_ancv else ()
    au_porteur = Lettre(
        groupe.porteur_id,
        f"validation-ouverte-porteur-{groupe.pk}",
        f"Qui est vraiment parti ? {_sujet(groupe)}",
        (
            f"{fait} : {_sejour(groupe)}.",
            *pourquoi,
            "À votre tour de confirmer la liste des personnes réellement parties. "
            f"Vous avez jusqu'au {date_complete(validation.echeance_porteur)} à minuit.",
            "L'aide est ensuite versée par l'ANCV au prestataire.",
        ),
        _page(groupe),
        "Confirmer la liste",
    )
    au_prestataire = Lettre(
        prestataire_de(groupe),
        f"validation-a-la-place-{groupe.pk}",
        f"Liste validée par l'ANCV : {_sujet(groupe)}",
        (
            f"L'ANCV a validé la liste des participants à votre place : {_sejour(groupe)}.",
            *pourquoi,
            "Le porteur de projet a maintenant 15 jours pour la confirmer.",
        ),
        _page(groupe),
        "Voir la liste",
    )
    return [au_porteur, au_prestataire] if par_l_ancv else [au_porteur]


def confirmee(validation: Validation, somme: Somme, *, motif: str = "") -> list[Lettre]:
    """Tell both sides what the confirmed list amounts to (V7), and why ANCV confirmed it when it did (V4)."""
    phrases = [f"La liste est confirmée : {_sejour(validation.groupe)}."]
    if validation.confirmee_par.is_staff:
        phrases = [
            f"L'ANCV a confirmé la liste à la place du porteur de projet : {_sejour(validation.groupe)}.",
            f"Motif : {motif}",
        ]
    if somme.aides:
        phrases.append(
            f"L'ANCV versera {euros(somme.verse)} au prestataire ({quantite(somme.aides, 'aide')})."
        )
    else:
        phrases.append("Aucune aide n'est à verser.")
    if somme.absents:
        combien = quantite(
            len(somme.absents), "personne aidée n'est pas partie|personnes aidées ne sont pas parties"
        )
        phrases.append(f"{combien} : {euros(somme.rendu)} reviennent aux crédits du porteur.")
    if somme.litiges:
        combien = quantite(len(somme.litiges), "personne")
        phrases.append(
            f"Désaccord sur {combien} ({euros(somme.en_litige)}) : l'ANCV décidera ; "
            "les autres aides sont versées sans attendre."
        )
    return _aux_deux(
        validation.groupe,
        cause=f"validation-confirmee-{validation.pk}",
        sujet=f"Liste confirmée : {_sujet(validation.groupe)}",
        phrases=tuple(phrases),
    )


def prolongee(validation: Validation, *, motif: str) -> list[Lettre]:
    """Tell both sides the new last day of a window that ANCV extends (V4)."""
    qui = "confirmer" if validation.validee_le else "valider"
    cote = "Le porteur de projet" if validation.validee_le else "Le prestataire"
    return _aux_deux(
        validation.groupe,
        # Both windows may be given the same last day.
        cause=f"validation-prolongee-{validation.pk}-{validation.echeance}-{qui}",
        sujet=f"Délai prolongé : {_sujet(validation.groupe)}",
        phrases=(
            f"L'ANCV prolonge le délai : {_sejour(validation.groupe)}.",
            f"{cote} peut {qui} la liste jusqu'au {date_complete(validation.echeance)} à minuit.",
            f"Motif : {motif}",
        ),
    )


def close(validation: Validation) -> list[Lettre]:
    """Tell both sides that ANCV closes the file without payment, and why (V4)."""
    return _aux_deux(
        validation.groupe,
        cause=f"validation-close-{validation.pk}",
        sujet=f"Dossier clos sans versement : {_sujet(validation.groupe)}",
        phrases=(
            f"L'ANCV clôt ce dossier sans versement : {_sejour(validation.groupe)}.",
            f"Motif : {validation.motif_cloture}",
            "Les aides engagées reviennent aux crédits du porteur de projet.",
        ),
    )


def litige_tranche(presence: Presence, groupe: Groupe, *, aide: Decimal | None) -> list[Lettre]:
    """Tell both sides what ANCV decided about a person on whom they disagreed (V6); no reason of health or income."""
    qui = presence.inscription.senior
    suite = "L'ANCV retient que cette personne est partie." if presence.tranchee else ""
    suite = suite or "L'ANCV retient que cette personne n'est pas partie."
    if aide is not None:
        suite += (
            f" Son aide de {euros(aide)} sera versée au prestataire."
            if presence.tranchee
            else f" Son aide de {euros(aide)} revient aux crédits du porteur de projet."
        )
    return _aux_deux(
        groupe,
        cause=f"litige-tranche-{presence.pk}",
        sujet=f"Désaccord réglé : {_sujet(groupe)}",
        phrases=(f"{qui}, {_sejour(groupe)}.", suite, f"Motif : {presence.motif}"),
    )


def depassee(validation: Validation) -> list[Lettre]:
    """Tell both sides that a window lapsed and that ANCV takes the file over (V4)."""
    retard = (
        "Le porteur de projet n'a pas confirmé" if validation.validee_le else "Le prestataire n'a pas validé"
    )
    return _aux_deux(
        validation.groupe,
        cause=f"validation-depassee-{validation.pk}-{validation.echeance}",
        sujet=f"Délai dépassé : {_sujet(validation.groupe)}",
        phrases=(
            f"{retard} la liste à temps : {_sejour(validation.groupe)}.",
            f"Le délai est passé depuis le {date_complete(validation.echeance)} à minuit. "
            "L'ANCV a repris ce dossier, vous n'avez rien à faire.",
        ),
    )


def cause_du_rappel(validation: Validation, jours: int) -> str:
    """Return the cause under which a window is reminded of: once for each reminder and each last day (V4)."""
    cote = "porteur" if validation.validee_le else "prestataire"
    return f"validation-rappel-{cote}-{jours}-{validation.pk}-{validation.echeance}"


def rappel(validation: Validation, *, jours: int, reste: int) -> Lettre:
    """Remind the party of an open window; `reste`: the days really left, 0 on the last day (V4)."""
    groupe = validation.groupe
    if reste == 0:
        delai = f"C'est le dernier jour : vous avez jusqu'à ce soir, {date_complete(validation.echeance)}, à minuit."
    else:
        delai = f"Il vous reste {quantite(reste, 'jour')}, jusqu'au {date_complete(validation.echeance)} à minuit."
    au_porteur = validation.validee_le is not None
    return Lettre(
        groupe.porteur_id if au_porteur else prestataire_de(groupe),
        cause_du_rappel(validation, jours),
        f"{restant(reste)} : {_sujet(groupe)}",
        (
            f"La liste n'est pas encore {'confirmée' if au_porteur else 'validée'} : {_sejour(groupe)}.",
            delai,
            "Passé ce délai, c'est l'ANCV qui décidera.",
        ),
        _page(groupe),
        "Confirmer la liste" if au_porteur else "Valider la liste",
    )


def signalee(signalement: Signalement) -> list[Lettre]:
    """Tell both sides that a list is reported as incomplete, and that the clock stands still (V5). No name."""
    validation = signalement.validation
    qui = "Le porteur de projet" if signalement.cote == Organisme.Nature.PORTEUR else "Le prestataire"
    return _aux_deux(
        validation.groupe,
        cause=f"signalement-{signalement.pk}",
        sujet=f"Liste non conforme signalée : {_sujet(validation.groupe)}",
        phrases=(
            f"{qui} signale que des personnes manquent sur la liste : {_sejour(validation.groupe)}.",
            f"Le délai est arrêté. {reste_apres_reponse(validation.jours_restants)}",
        ),
    )


def signalee_a_l_ancv(signalement: Signalement, *, personnes: int, pieces: int, adresse: str) -> Courriel:
    """Return the unsaved mail to ANCV's assistance: a report waits. Counts, no name."""
    groupe = signalement.validation.groupe
    return composer(
        cause=f"signalement-ancv-{signalement.pk}",
        destinataire=adresse,
        sujet=f"Liste non conforme à traiter : {_sujet(groupe)}",
        gabarit="validation",
        contexte={
            "phrases": (
                f"{signalement.auteur.organisme.nom} signale {quantite(personnes, 'personne')} qui "
                f"{'manquent' if personnes > 1 else 'manque'} sur la liste : {_sejour(groupe)}.",
                f"{quantite(pieces, 'pièce jointe|pièces jointes')}. "
                "Le délai est arrêté jusqu'à la réponse de l'ANCV.",
            ),
            "page": f"/admin/validation/signalement/{signalement.pk}/change/",
            "bouton": "Ouvrir le signalement",
        },
    )


def signalement_annule(signalement: Signalement) -> list[Lettre]:
    """Tell both sides that a report is withdrawn, and the window's new last day (V5)."""
    validation = signalement.validation
    return _aux_deux(
        validation.groupe,
        cause=f"signalement-annule-{signalement.pk}",
        sujet=f"Signalement annulé : {_sujet(validation.groupe)}",
        phrases=(
            f"La liste n'est plus signalée comme non conforme : {_sejour(validation.groupe)}.",
            _delai_repris(validation),
        ),
    )


def signalement_repondu(signalement: Signalement, *, ajoutees: int, refusees: int) -> list[Lettre]:
    """Tell both sides what ANCV did about a report, and the window's new last day (V5)."""
    validation = signalement.validation
    phrases = [
        f"L'ANCV a répondu au signalement : {_sejour(validation.groupe)}.",
        f"{quantite(ajoutees, 'personne ajoutée|personnes ajoutées')}, "
        f"{quantite(refusees, 'personne refusée|personnes refusées')}.",
        _delai_repris(validation),
    ]
    if signalement.reponse:
        phrases.append(f"Réponse de l'ANCV : {signalement.reponse}")
    return _aux_deux(
        validation.groupe,
        cause=f"signalement-repondu-{signalement.pk}",
        sujet=f"Réponse de l'ANCV : {_sujet(validation.groupe)}",
        phrases=tuple(phrases),
    )


def _delai_repris(validation: Validation) -> str:
    cote = "porteur de projet" if validation.validee_le else "prestataire"
    verbe = "confirmer" if validation.validee_le else "valider"
    return f"Le {cote} peut {verbe} la liste jusqu'au {date_complete(validation.echeance)} à minuit."


# --- Money (V8) -------------------------------------------------------------------------------------------

GROUPES_NOMMES = 30


def coordonnees_ecrites(
    coordonnees: CoordonneesBancaires, *, verbe: str, par: Compte, motif: str, maintenant: datetime
) -> list[Courriel]:
    """Return the unsaved mail that tells a provider's holder where its aids are paid from now on; the IBAN's end only.

    `verbe`: enregistré, changé or confirmé. What ANCV writes for a closed organisation, with its `motif`, goes to its
    last holder, whose account is closed.
    """
    sujets = {"changé": "Votre IBAN a changé", "confirmé": "Votre IBAN est confirmé"}
    qui, pourquoi = ("L'ANCV", (f"Motif : {motif}",)) if par.is_staff else (par.nom, ())
    suite = "prévenez l'ANCV sans attendre."
    lettre = Lettre(
        coordonnees.pk,
        f"iban-{coordonnees.pk}-{maintenant.isoformat()}",
        sujets.get(verbe, "Votre IBAN est enregistré"),
        (
            f"{qui} a {verbe} vos coordonnées bancaires, le {date_complete(maintenant)} à {heure(maintenant)}.",
            *pourquoi,
            f"Les aides de l'ANCV seront versées sur l'IBAN finissant par {coordonnees.fin}, au nom de "
            f"{coordonnees.titulaire}.",
            f"Ces coordonnées ne sont pas les vôtres ? {suite.capitalize()}"
            if par.is_staff
            else f"Ce changement ne vient pas de chez vous ? Changez votre mot de passe et {suite}",
        ),
        "/versements/coordonnees/",
        "Voir mes coordonnées bancaires",
    )
    return composees([lettre], comptes_fermes=par.is_staff)


def virement_rejete(rejet: Rejet) -> Lettre:
    """Tell a provider that the bank sent a transfer back, and what to do (V8)."""
    virement = rejet.virement
    return Lettre(
        virement.prestataire_id,
        f"virement-rejete-{rejet.pk}",
        f"Virement rejeté, vérifiez votre IBAN : {euros(virement.montant)}",
        (
            f"Le virement de {euros(virement.montant)} du {date_complete(virement.lot.paye_le)} (référence "
            f"{virement.reference}) a été rejeté par la banque : vérifiez votre IBAN.",
            f"Motif de la banque : {rejet.motif}",
            f"Il payait {quantite(virement.aides, 'aide')} : {_sejour(virement.groupe)}. Le compte était celui qui "
            f"finit par {virement.fin}, au nom de {virement.titulaire}.",
            "Indiquez un autre IBAN, ou écrivez à nouveau le même s'il est bon : les aides partiront ensuite avec le "
            "lot suivant.",
        ),
        "/versements/coordonnees/",
        "Vérifier mon IBAN",
    )


def rejet_annule(rejet: Rejet) -> Lettre:
    """Tell a provider that a transfer did go through after all (V8)."""
    virement = rejet.virement
    return Lettre(
        virement.prestataire_id,
        f"virement-rejet-annule-{rejet.pk}",
        f"Virement bien versé : {euros(virement.montant)}",
        (
            f"Le virement de {euros(virement.montant)} (référence {virement.reference}) n'a pas été rejeté par la "
            f"banque : il a bien été versé le {date_complete(virement.lot.paye_le)}. Vous n'avez rien à faire.",
            f"Motif : {rejet.motif_annulation}",
        ),
        "/versements/",
        "Voir mes versements",
    )


def lot_paye(lot: Lot, virements: list[Virement]) -> list[Lettre]:
    """Tell each provider of a paid batch what it receives, and each porteur that its aids are paid: one mail each.

    `nouvelles` of a transfer are its aids that no earlier one paid: a porteur is not told twice of the same.
    """
    prestataires: dict[int, list[Virement]] = {}
    porteurs: dict[int, list[Virement]] = {}
    for virement in virements:
        prestataires.setdefault(virement.prestataire_id, []).append(virement)
        if virement.nouvelles:
            porteurs.setdefault(virement.groupe.porteur_id, []).append(virement)
    return [
        *(_paye_au_prestataire(lot, cle, siens) for cle, siens in prestataires.items()),
        *(_paye_pour_le_porteur(lot, cle, siens) for cle, siens in porteurs.items()),
    ]


def _paye_au_prestataire(lot: Lot, prestataire: int, virements: list[Virement]) -> Lettre:
    montant = sum(virement.montant for virement in virements)
    return Lettre(
        prestataire,
        f"lot-paye-{lot.pk}-{prestataire}",
        f"Aides versées : {euros(montant)}",
        (
            f"L'ANCV vous a versé {euros(montant)}, le {date_complete(lot.paye_le)} "
            f"({quantite(sum(virement.aides for virement in virements), 'aide')}, "
            f"{quantite(len(virements), 'virement')}).",
            *_groupes_payes(virements, reference=True),
        ),
        "/versements/",
        "Voir mes versements",
    )


def _paye_pour_le_porteur(lot: Lot, porteur: int, virements: list[Virement]) -> Lettre:
    seul = len(virements) == 1
    return Lettre(
        porteur,
        f"lot-paye-{lot.pk}-{porteur}",
        f"Aides versées : {_sujet(virements[0].groupe)}" if seul else "Les aides de vos groupes sont versées",
        (
            f"L'ANCV a versé au prestataire les aides de {quantite(len(virements), 'groupe')}, "
            f"le {date_complete(lot.paye_le)}. Vous n'avez rien à faire.",
            *_groupes_payes(virements, reference=False),
        ),
        _page(virements[0].groupe) if seul else "/validation/",
        "Ouvrir la page du séjour" if seul else "Voir les validations",
    )


def _groupes_payes(virements: list[Virement], *, reference: bool) -> list[str]:
    """Return a sentence for each transfer, the first ones when they are many."""
    phrases = [
        f"{_sejour(virement.groupe)} : {quantite(virement.aides, 'aide')}, {euros(virement.montant)}"
        f"{f', référence {virement.reference}' if reference else ''}."
        for virement in virements[:GROUPES_NOMMES]
    ]
    if reste := len(virements) - GROUPES_NOMMES:
        phrases += [f"Et {quantite(reste, 'autre groupe')}."] if reste > 0 else []
    return phrases
