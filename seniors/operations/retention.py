"""Forgetting (X4): words about a stay, incomes, then the persons themselves; by the clock, or because they ask.

A forgotten person keeps her key, sex, year of birth and département: stays, aids and ledger still add up. Lock order
everywhere: groupe, senior, credit.
"""

import re
from datetime import date, datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models import CharField, Func, IntegerField, Q, Value
from django.db.models.functions import Cast, Concat, ExtractYear, Left

from sejours.models import Groupe
from seniors.annexes import ANNEXES
from seniors.models import DemandeDonnees, Doublon, Fusion, Inscription, Senior
from sev.socle.courriels import TENTATIVES_MAX
from sev.socle.journal import acte
from sev.socle.models import Courriel
from sev.socle.refus import RefusMetier, motif_exige
from sev.socle.temps import mois_avant
from sev.socle.typographie import periode_longue

SANS_NOM, SANS_VILLE = "ANONYME", "INCONNUE"
SANS_COMMENTAIRES = {"commentaires": "", "regroupement": ""}
SANS_REVENUS = {"rfr": None, "revenu_imposable": None, "parts": None, "situation": ""}


class EffacementRefuse(RefusMetier):
    """The person's data can't be erased, or given, now; the message says why."""


# --- By the clock -----------------------------------------------------------------------------------------


@transaction.atomic
def effacer_commentaires(*, cles: list[int], le: date, maintenant: datetime) -> int:
    """Take the words about the stay (diet, allergies, wishes) off these registrations."""
    dues = Inscription.objects.commentaires_a_effacer(le=le)
    return dues.filter(pk__in=cles).update(**SANS_COMMENTAIRES)


@transaction.atomic
def effacer_revenus(*, cles: list[int], sauf, le: date, maintenant: datetime) -> int:
    """Take the incomes off these registrations, but on the lists that `sauf` holds back; their decision stays."""
    dues = Inscription.objects.revenus_a_effacer(le=le, sauf=sauf).filter(pk__in=cles)
    return Inscription.objects.filter(pk__in=dues).update(revenus_effaces_le=maintenant, **SANS_REVENUS)


@transaction.atomic
def oublier_personnes(*, cles: list[int], le: date, maintenant: datetime) -> int:
    """Take their names from those of these persons who may be forgotten, and whom nobody is registering right now."""
    prises = _prendre(cles)
    # Asked again under the lock: a list may have taken one of them since.
    dues = list(Senior.objects.a_oublier(le=le).filter(pk__in=prises).values_list("pk", flat=True))
    with acte("données effacées, durée de conservation"):
        _oublier(dues, maintenant)
    return len(dues)


def fusions_a_oublier(le: date):
    """Return the merges so old on `le` that what undoing them takes need not be kept."""
    limite = mois_avant(le, settings.RETENTION_MOIS["fusions"])
    return Fusion.objects.filter(oubliee_le__isnull=True, faite_le__date__lte=limite)


@transaction.atomic
def oublier_fusions(*, cles: list[int], le: date, maintenant: datetime) -> int:
    """Take the names from before out of these merges, which can be undone no more."""
    return fusions_a_oublier(le=le).filter(pk__in=cles).update(avant={}, oubliee_le=maintenant)


# --- Because they ask -------------------------------------------------------------------------------------


@transaction.atomic
def effacer_donnees(*, senior: Senior, motif: str, par, le: date, maintenant: datetime) -> DemandeDonnees:
    """Forget a person who asks for it, at once, whatever spelling she had, the apps above included (X4).

    The ledger is kept. Locks the groups of her registrations by key, then her and her former spellings by key.
    Raises EffacementRefuse while a stay is to come, an aid not settled or not paid, a disagreement or a report not
    answered.
    """
    motif = _motif(motif)
    with acte("données effacées à la demande", par=par, motif=motif):
        groupes = Groupe.objects.verrouiller().filter(inscriptions__senior=senior.pk).order_by("pk")
        list(groupes.values_list("pk"))
        cles = [senior.pk, *Senior.objects.anciennes([senior.pk])]
        senior = {s.pk: s for s in Senior.objects.verrouiller().filter(pk__in=cles).order_by("pk")}[senior.pk]
        if not senior.en_usage:
            raise EffacementRefuse(
                "Cette fiche est déjà effacée, ou n'est qu'une ancienne orthographe d'une autre."
            )
        if refus := pourquoi_garder(senior, le):
            raise EffacementRefuse(refus)
        _oublier_les_courriels(senior)
        for annexe in ANNEXES:
            annexe.effacer(senior=senior, maintenant=maintenant)
        _oublier([senior.pk], maintenant)
        return _noter(senior, DemandeDonnees.Nature.EFFACEMENT, motif, par=par, maintenant=maintenant)


@transaction.atomic
def noter_export(*, senior: Senior, motif: str, par, maintenant: datetime) -> DemandeDonnees:
    """Write in the register that the person's data was handed over, and under which reference (X4)."""
    return _noter(senior, DemandeDonnees.Nature.EXPORT, _motif(motif), par=par, maintenant=maintenant)


def pourquoi_garder(senior: Senior, le: date) -> str:
    """Say why the person can't be forgotten on `le` (a stay to come, something not settled); '' when she can."""
    presentes = Inscription.objects.presentes().filter(senior=senior).order_by("debut", "pk")
    if a_venir := presentes.filter(fin__gte=le).first():
        dates = periode_longue(a_venir.debut, a_venir.fin)
        return (
            f"Cette personne est inscrite sur un séjour qui n'est pas terminé, groupe n° {a_venir.groupe_id}, {dates}. "
            "Retirez-la d'abord de cette liste, ou attendez la fin du séjour."
        )
    if due := presentes.filter(aide__isnull=False, groupe__solde_le__isnull=True).first():
        return (
            f"L'aide {due.annee} du groupe n° {due.groupe_id} n'est pas encore soldée : les deux parties doivent "
            "d'abord dire qui est parti."
        )
    return next(filter(None, (annexe.pourquoi_garder(senior) for annexe in ANNEXES)), "")


# --- Steps ------------------------------------------------------------------------------------------------


def _motif(motif: str) -> str:
    return motif_exige(motif, EffacementRefuse, "Donnez la référence de la demande, ou son motif.")


def _prendre(cles: list[int]) -> list[int]:
    """Lock those of these persons whom nobody holds, nor any of their former spellings; return them.

    Nobody is waited for: whoever parts two rows takes them in the order of their keys.
    """
    sans_attendre = Senior.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    prises = list(sans_attendre.filter(pk__in=cles).order_by("pk").values_list("pk", flat=True))
    anciennes = Senior.objects.anciennes(prises)
    libres = set(sans_attendre.filter(pk__in=anciennes).order_by("pk").values_list("pk", flat=True))
    tenues = {actuelle for ancienne, actuelle in anciennes.items() if ancienne not in libres}
    return [cle for cle in prises if cle not in tenues]


def _noter(senior: Senior, nature: str, motif: str, *, par, maintenant: datetime) -> DemandeDonnees:
    return DemandeDonnees.objects.create(senior=senior, nature=nature, motif=motif, par=par, le=maintenant)


def _oublier(cles: list[int], maintenant: datetime) -> None:
    """Take their names from these persons, who are locked, from their former spellings and from the journal."""
    toutes = sorted({*cles, *Senior.objects.anciennes(cles)})
    rang = Concat(Value("N"), Cast("pk", CharField()))
    Senior.objects.filter(pk__in=toutes).update(
        nom=SANS_NOM,
        nom_naissance="",
        prenom=rang,
        date_naissance=Func(Cast(ExtractYear("date_naissance"), IntegerField()), 1, 1, function="make_date"),
        ville_naissance=SANS_VILLE,
        cle_nom=SANS_NOM,
        cle_nom_naissance="",
        cle_prenom=rang,
        cle_ville=SANS_VILLE,
        email="",
        telephone="",
        contact_urgence="",
        adresse="",
        complement="",
        code_postal=Concat(Left("code_postal", 2), Value("000")),
        ville="",
        anonymise_le=maintenant,
    )
    inscriptions = Inscription.objects.filter(senior__in=cles)
    inscriptions.filter(Inscription.AVEC_COMMENTAIRES).update(**SANS_COMMENTAIRES)
    inscriptions.filter(revenus_effaces_le__isnull=True).update(revenus_effaces_le=maintenant, **SANS_REVENUS)
    Doublon.objects.filter(Q(ancienne__in=toutes) | Q(recente__in=toutes)).delete()
    Fusion.objects.filter(Q(gardee__in=toutes) | Q(absorbee__in=toutes), oubliee_le__isnull=True).update(
        avant={}, oubliee_le=maintenant
    )
    with connection.cursor() as curseur:
        curseur.execute("SELECT seniors_oublier(%s)", [toutes])


def _oublier_les_courriels(senior: Senior) -> None:
    """Take away the texts of the mails that named the person, under any spelling, sent or given up.

    One that still waits leaves first, and goes like the others in its time.
    """
    ecrits = Senior.pgh_event_model.objects.filter(
        pgh_obj__in=[senior.pk, *Senior.objects.anciennes([senior.pk])]
    )
    noms = set(ecrits.order_by().values_list("prenom", "nom").distinct()) | {(senior.prenom, senior.nom)}
    motifs = "|".join(rf"{re.escape(prenom)}\s+{re.escape(nom)}" for prenom, nom in sorted(noms))
    finis = Q(envoye_le__isnull=False) | Q(tentatives__gte=TENTATIVES_MAX)
    Courriel.objects.filter(finis, texte__regex=motifs).update(texte="", html="")
