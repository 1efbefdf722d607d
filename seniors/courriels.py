"""The mails about registrations."""

from datetime import date, datetime

from django.conf import settings
from django.urls import reverse

from conventions.courriels import lettres
from conventions.models import DemandeComplement
from sejours.models import Option, Sejour
from seniors.models import Fusion, Inscription
from seniors.regles.libelles import libelle_decision, libelle_sans_motif
from sev.socle.models import Courriel
from sev.socle.typographie import de, quantite


def aides_de_la_file(convention: int, inscriptions: list[Inscription], *, entree: int) -> list[Courriel]:
    """Tell the porteur who gains an aid, credit having come back or in (C9). `entree`: the last ledger entry."""
    return lettres(
        convention,
        cause=f"aides-de-la-file-{entree}",
        sujet=f"{quantite(len(inscriptions), 'aide')} de plus sur vos listes",
        gabarit="aides_de_la_file",
        contexte={"inscriptions": inscriptions, "total": sum(i.aide for i in inscriptions)},
    )


def complement_decide(demande: DemandeComplement, inscriptions: list[Inscription]) -> list[Courriel]:
    """Tell the porteur what ANCV answered to its request, and who gains an aid by it (C8, C9)."""
    return lettres(
        demande.convention_id,
        cause=f"complement-decide:{demande.pk}",
        sujet=f"Votre demande de crédits {demande.annee} : {demande.etat.lower()}",
        gabarit="complement_decide",
        contexte={
            "demande": demande,
            "inscriptions": inscriptions,
            "lien": settings.SEV_BASE_URL + reverse("credits"),
        },
    )


CHANGEMENTS = {
    "ajoutee": "{senior} est maintenant sur la liste",
    "corrigee": "La fiche {de} est corrigée",
    "retiree": "{senior} n'est plus sur la liste",
}


def liste_modifiee(
    inscription: Inscription, quoi: str, *, motif: str, le: date, maintenant: datetime
) -> list[Courriel]:
    """Tell both sides what ANCV did to somebody of their list (I15): `quoi` is a key of CHANGEMENTS.

    The porteur reads the reason and the decision; the provider neither why there is no aid nor the reason, which may
    speak of an income (X2), but that a list it has printed must be printed again, unless the stay is over.
    """
    groupe, senior = inscription.groupe, str(inscription.senior)
    prestataire = groupe.sejour.offre.equipement.prestataire_id
    contexte = {
        "groupe": groupe,
        "sejour": groupe.sejour,
        "changement": CHANGEMENTS[quoi].format(senior=senior, de=de(senior)),
        "definitive": groupe.verrouille(le) and le <= groupe.sejour.fin,
        "passe": le > groupe.sejour.fin,
    }
    restee = quoi != "retiree"
    au_porteur = {"motif": motif, "decision": libelle_decision(inscription) if restee else ""}
    au_prestataire = {"decision": libelle_sans_motif(inscription) if restee else ""}
    return [
        courriel
        for cote, organisme, propre in (
            ("porteur", groupe.porteur_id, au_porteur),
            ("prestataire", prestataire, au_prestataire),
        )
        for courriel in lettres(
            organisme,
            cause=f"liste-modifiee-{cote}-{inscription.pk}-{maintenant.isoformat()}",
            sujet=f"Liste modifiée par l'ANCV : {groupe.sejour.offre.equipement.nom}, groupe n° {groupe.pk}",
            gabarit=f"liste_modifiee_{cote}",
            contexte=contexte | propre,
        )
    ]


def sejour_deplace(
    sejour: Sejour, listes: list, options: list[Option], *, ancien, prix, motif: str, maintenant: datetime
) -> list[Courriel]:
    """Tell everybody concerned that ANCV moved a stay (S8): one mail for each organisation, with its own groups.

    `listes` have `groupe`, `ouverte` and `changements` (who, before, after: the porteur's affair alone); `ancien` are
    the former dates, `prix` the new price in euros when it is another one.
    """
    prestataire = sejour.offre.equipement.prestataire_id
    porteurs = {liste.groupe.porteur_id for liste in listes} | {option.porteur_id for option in options}
    contexte = {
        "sejour": sejour,
        "ancien_debut": ancien[0],
        "ancienne_fin": ancien[1],
        "prix": prix,
        "motif": motif,
    }
    return [
        courriel
        for organisme in sorted(porteurs | {prestataire})
        for courriel in lettres(
            organisme,
            cause=f"sejour-deplace-{sejour.pk}-{organisme}-{maintenant.isoformat()}",
            sujet=f"Nouvelles dates : {sejour.offre.equipement.nom}",
            gabarit="sejour_deplace",
            contexte=contexte
            | {
                "au_prestataire": organisme == prestataire,
                "listes": [li for li in listes if organisme in (prestataire, li.groupe.porteur_id)],
                "options": [o for o in options if organisme in (prestataire, o.porteur_id)],
            },
        )
    ]


def aide_reprise(fusion: Fusion, inscription: Inscription) -> list[Courriel]:
    """Tell the porteur that somebody was already aided this year under another spelling (I9, I18)."""
    return lettres(
        inscription.groupe.porteur_id,
        cause=f"aide-reprise-{fusion.pk}-{inscription.pk}",
        sujet=f"Une aide de moins sur la liste du groupe n° {inscription.groupe_id}",
        gabarit="aide_reprise",
        contexte={"inscription": inscription, "personne": fusion.gardee},
    )


def fusion_defaite(fusion: Fusion, inscriptions: list[Inscription]) -> list[Courriel]:
    """Tell each porteur which of its registrations are aided again, two persons having been taken for one (I18)."""
    return [
        courriel
        for inscription in inscriptions
        for courriel in lettres(
            inscription.groupe.porteur_id,
            cause=f"fusion-defaite-{fusion.pk}-{inscription.pk}",
            sujet=f"Une aide de plus sur la liste du groupe n° {inscription.groupe_id}",
            gabarit="aide_rendue",
            contexte={"inscription": inscription},
        )
    ]
