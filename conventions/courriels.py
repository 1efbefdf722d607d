"""Mails about accounts, and whom the programme writes to: an organisation's account holder (manual, « Mon compte »)."""

from uuid import uuid4

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from conventions.models import Compte, Convention, EvenementSecurite, Mouvement, Programme
from sev.socle.courriels import composer
from sev.socle.models import Courriel
from sev.socle.typographie import euros

MOT_DE_PASSE = "mot-de-passe"
ADRESSE_DEMANDEE = "adresse-demandee"
ADRESSE_CHANGEE = "adresse-changee"


def adresses(organismes) -> dict[int, str]:
    """Return, for each organisation key of `organismes`, the e-mail address of its active account holder."""
    titulaires = Compte.objects.filter(organisme__in=set(organismes), titulaire=True, is_active=True)
    return dict(titulaires.values_list("organisme", "email"))


def lettres(organisme: int, **courriel) -> list[Courriel]:
    """Return the mail for one organisation (none when it has no active holder); parameters as for `composer`."""
    return [composer(destinataire=adresse, **courriel) for adresse in adresses([organisme]).values()]


def lettres_a_tous(*, cause: str, **courriel) -> list[Courriel]:
    """Return one mail, written once, for the holder of every active convention; parameters as for `composer`."""
    modele = composer(cause=cause, destinataire="", **courriel)
    conventions = Convention.objects.actives().values("pk")
    titulaires = Compte.objects.filter(organisme__in=conventions, titulaire=True, is_active=True).order_by(
        "pk"
    )
    return [
        Courriel(
            cause=f"{cause}:{cle}",
            destinataire=adresse,
            sujet=modele.sujet,
            texte=modele.texte,
            html=modele.html,
        )
        for cle, adresse in titulaires.values_list("pk", "email")
    ]


def lien_mot_de_passe(compte: Compte) -> str:
    """Return the address where `compte` chooses a password: once, within 24 hours (PASSWORD_RESET_TIMEOUT)."""
    cle = urlsafe_base64_encode(force_bytes(compte.pk))
    return _adresse("mot-de-passe-choisir", cle, default_token_generator.make_token(compte))


def activation(compte: Compte, dotation: Mouvement) -> Courriel:
    """Tell the holder that the convention is active and how much credit it has (C1)."""
    return composer(
        cause=f"activation:{compte.organisme_id}",
        destinataire=compte.email,
        sujet="Votre compte Seniors en Vacances est activé",
        gabarit="activation",
        contexte={
            "compte": compte,
            "dotation": dotation,
            "annee": dotation.credit.annee if dotation else None,
            "lien": lien_mot_de_passe(compte),
        },
    )


def mot_de_passe(compte: Compte) -> Courriel:
    """Send the link that was asked for on « Mot de passe oublié » (C2)."""
    return composer(
        cause=f"{MOT_DE_PASSE}:{compte.pk}:{uuid4()}",
        destinataire=compte.email,
        sujet="Choisir un nouveau mot de passe",
        gabarit="mot_de_passe",
        contexte={"compte": compte, "lien": lien_mot_de_passe(compte)},
    )


def invitation(compte: Compte, par: Compte) -> Courriel:
    """Invite a colleague, or a member of staff, to choose a password (C4)."""
    return composer(
        cause=f"invitation:{compte.pk}",
        destinataire=compte.email,
        sujet=f"{par.nom} vous ouvre un accès à Seniors en Vacances",
        gabarit="invitation",
        contexte={"compte": compte, "par": par, "lien": lien_mot_de_passe(compte)},
    )


def adresse_demandee(compte: Compte, adresse: str) -> Courriel:
    """Ask the owner of the mailbox `adresse` to confirm it; the mail is also the record of the request (C3)."""
    demande = str(uuid4())
    return composer(
        cause=f"{ADRESSE_DEMANDEE}:{compte.pk}:{demande}",
        destinataire=adresse,
        sujet="Confirmez votre adresse e-mail",
        gabarit="adresse_demandee",
        contexte={"compte": compte, "lien": _adresse("compte-email-confirmer", demande)},
    )


def adresse_changee(compte: Compte, ancienne: str, demande: str) -> Courriel:
    """Tell the mailbox that is left; its cause also says that `demande` is used up (C3)."""
    return composer(
        cause=f"{ADRESSE_CHANGEE}:{compte.pk}:{demande}",
        destinataire=ancienne,
        sujet="Votre adresse e-mail a changé",
        gabarit="adresse_changee",
        contexte={"compte": compte},
    )


# What is told of one's second factor, in one sentence.
SECURITE = {
    "ACTIVATION": "La double authentification de votre compte est activée : un téléphone donne vos codes.",
    "TELEPHONE": "Le téléphone qui donne vos codes a changé. L'ancien n'ouvre plus votre compte.",
    "CODES": "Vos codes de secours sont renouvelés. Les anciens ne valent plus rien.",
    "SECOURS": "Un de vos codes de secours vient d'ouvrir une session.",
    "REINITIALISATION": "La double authentification de votre compte est réinitialisée. Vous la réglerez de nouveau à "
    "votre prochaine connexion.",
}


def securite(evenement: EvenementSecurite) -> Courriel:
    """Tell a member of staff what happened to the second factor: whoever did not do it must say so at once."""
    return composer(
        cause=f"securite:{evenement.pk}",
        destinataire=evenement.compte.email,
        sujet=evenement.get_nature_display(),
        gabarit="securite",
        contexte={"evenement": evenement, "phrase": SECURITE[evenement.nature]},
    )


def adresse_corrigee(compte: Compte, demande: str) -> Courriel:
    """Tell the new mailbox that ANCV has just written it on the account (C3)."""
    return composer(
        cause=f"adresse-corrigee:{compte.pk}:{demande}",
        destinataire=compte.email,
        sujet="Votre nouvelle adresse e-mail",
        gabarit="adresse_corrigee",
        contexte={"compte": compte},
    )


def credits_ajoutes(mouvement: Mouvement, inscriptions=()) -> list[Courriel]:
    """Tell the porteur what was allotted, and who gains an aid by it when that is known already (C9)."""
    credit = mouvement.credit
    return lettres(
        credit.convention_id,
        cause=f"credits-ajoutes:{mouvement.pk}",
        sujet=f"Crédits {credit.annee} : {euros(mouvement.montant)} de plus",
        gabarit="credits_ajoutes",
        contexte={
            "montant": mouvement.montant,
            "annee": credit.annee,
            "nature": mouvement.nature,
            "inscriptions": inscriptions,
            "lien": _adresse("credits"),
        },
    )


def etat_de_la_convention(convention: Convention) -> list[Courriel]:
    """Tell the holder that the convention is suspended, active again or closed, and why."""
    etat = convention.etat.lower()
    return lettres(
        convention.pk,
        cause=f"convention-{etat}:{convention.pk}:{uuid4()}",
        sujet=f"Votre convention {convention.numero} est {'de nouveau active' if convention.active else etat}",
        gabarit="convention_etat",
        contexte={"convention": convention},
    )


def programme_suspendu(programme: Programme) -> list[Courriel]:
    """Tell everybody that the year's programme is suspended, in ANCV's words (P2)."""
    return lettres_a_tous(
        cause=f"programme-suspendu:{programme.annee}:{uuid4()}",
        sujet=f"Le programme {programme.annee} est suspendu",
        gabarit="programme_suspendu",
        contexte={"programme": programme},
    )


def programme_repris(programme: Programme) -> list[Courriel]:
    """Tell everybody that the year's programme has resumed (P2)."""
    return lettres_a_tous(
        cause=f"programme-repris:{programme.annee}:{uuid4()}",
        sujet=f"Le programme {programme.annee} a repris",
        gabarit="programme_repris",
        contexte={"programme": programme},
    )


def _adresse(nom: str, *args) -> str:
    return settings.SEV_BASE_URL + reverse(nom, args=args)
