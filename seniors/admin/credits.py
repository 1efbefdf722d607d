"""ANCV's acts that give money, and show at once whom the queue aided by it (C6-C9)."""

from django.contrib import admin

from conventions.admin import credits as credits_admin
from conventions.admin.fiches import Acte
from conventions.forms import AccordForm, AllocationForm, MouvementForm, RefusForm
from conventions.models import Credit, DemandeComplement
from seniors.operations.complements import accorder, doter, refuser
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import euros, quantite

SERVIES = (
    "Les personnes qui attendent une aide sont servies aussitôt, la plus ancienne inscription d'abord. "
    "Le porteur est prévenu par e-mail."
)


def aides_donnees(debut: str):
    """Return what is said once money is given: `debut`, and whom the queue aided."""

    def dire(aidees: list) -> str:
        if not aidees:
            return f"{debut} La file d'attente n'a donné aucune aide pour l'instant."
        noms = ", ".join(f"{i.senior} (groupe n° {i.groupe_id}, {euros(i.aide)})" for i in aidees)
        return f"{debut} La file d'attente a donné {quantite(len(aidees), 'aide')} : {noms}."

    return dire


class CreditAdmin(credits_admin.CreditAdmin):
    """Credits, with the acts that give money."""

    actes = (
        Acte(
            nom="complement",
            droit="conventions.change_credit",
            libelle="Accorder un complément",
            texte=f"Le montant s'ajoute aux crédits de l'année. {SERVIES}",
            fait=aides_donnees("Le complément est accordé."),
            formulaire=MouvementForm,
            operation=lambda request, credit, donnees: doter(
                convention=credit.convention,
                annee=credit.annee,
                **donnees,
                par=request.user,
                le=aujourdhui(),
                complement=True,
            ),
        ),
        *credits_admin.CreditAdmin.actes,
    )
    ajout = Acte(
        nom="allouer",
        droit="conventions.add_credit",
        libelle="Allouer des crédits",
        texte="Le montant s'ajoute aux crédits de l'année de ce porteur, dans la limite de l'enveloppe nationale. "
        f"{SERVIES}",
        fait=aides_donnees("Les crédits sont alloués."),
        formulaire=AllocationForm,
        initial=lambda objet: {"annee": aujourdhui().year},
        operation=lambda request, objet, donnees: doter(**donnees, par=request.user, le=aujourdhui()),
    )


class DemandeComplementAdmin(credits_admin.DemandeComplementAdmin):
    """Requests, with their two answers (C8)."""

    actes = (
        Acte(
            nom="accorder",
            droit="conventions.change_demandecomplement",
            libelle="Accorder",
            texte=lambda demande: (
                f"{demande.convention.organisme.nom} demande {euros(demande.montant)} pour {demande.annee}. "
                f"Motif : « {demande.motif} ». Vous pouvez accorder moins. {SERVIES}"
            ),
            fait=aides_donnees("Le complément est accordé."),
            formulaire=AccordForm,
            initial=lambda demande: {"montant": demande.montant},
            propose=lambda demande: demande.en_attente,
            operation=lambda request, demande, donnees: accorder(
                demande=demande, **donnees, par=request.user, le=aujourdhui(), maintenant=maintenant()
            ),
        ),
        Acte(
            nom="refuser",
            droit="conventions.change_demandecomplement",
            libelle="Refuser",
            texte=lambda demande: (
                f"{demande.convention.organisme.nom} demande {euros(demande.montant)} pour {demande.annee}. "
                f"Motif : « {demande.motif} ». Ses crédits ne changent pas. Votre motif lui est envoyé par e-mail."
            ),
            fait="La demande est refusée. Le porteur est prévenu par e-mail.",
            formulaire=RefusForm,
            propose=lambda demande: demande.en_attente,
            operation=lambda request, demande, donnees: refuser(
                demande=demande, **donnees, par=request.user, maintenant=maintenant()
            ),
        ),
    )


for modele, page in ((Credit, CreditAdmin), (DemandeComplement, DemandeComplementAdmin)):
    admin.site.unregister(modele)
    admin.site.register(modele, page)
