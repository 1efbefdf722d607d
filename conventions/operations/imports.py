"""Importing the decisions of *Espace Action Sociale* (C10): read, shown, then written line by line.

Each line is a transaction of its own: what is wrong with one does not stop the others, and a run that was cut goes on
where it stopped. Locks: the import, the line's convention, then programme and credit.
"""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from conventions import courriels
from conventions.models import Compte, Convention, Credit, Decision, Import, LigneImport, Mouvement, Programme
from conventions.operations.comptes import activer
from conventions.operations.credits import allouer
from conventions.operations.organismes import creer
from conventions.regles import (
    CREER,
    ERREUR,
    PRETE,
    RECONDUIRE,
    ConventionConnue,
    DecisionConnue,
    Etat,
    LigneDecision,
    LigneLue,
    Verdict,
    decider,
)
from sev.socle.courriels import deposer
from sev.socle.refus import RefusMetier

LONGUEUR = 200
ESSAIS = 3
RAPPORTEES = ("reference", "numero", "nom", "annee", "montant")


class ImportRefuse(RefusMetier):
    """The import can't go on so; the message says why."""


# --- What is known --------------------------------------------------------------------------------------------------


class Connu:
    """What the rules look at, for a set of lines, in five queries; `retenir` plays a line without writing it.

    Somebody else may write between two of the queries, so each is read before what explains it: an account before its
    convention, everything before the decision. What looks like an error is then known to be the decision itself.
    """

    def __init__(self, lignes: list[LigneDecision], *, verrou: bool = False):
        numeros = {ligne.numero for ligne in lignes}
        annees = {ligne.annee for ligne in lignes}
        self.identifiants = set(
            Compte.objects.filter(identifiant__in=numeros).values_list("identifiant", flat=True)
        )
        conventions = Convention.objects.filter(numero__in=numeros).select_related("organisme").order_by("pk")
        if verrou:
            conventions = conventions.select_for_update(no_key=True, of=("self",))
        self.vivantes = {c.numero: c for c in conventions}
        self.conventions = {
            c.numero: ConventionConnue(
                c.organisme.nature, c.activee_le is not None, c.suspendue_le, c.close_le
            )
            for c in self.vivantes.values()
        }
        self.libres = {
            annee: enveloppe - alloue
            for annee, enveloppe, alloue in Programme.objects.filter(annee__in=annees).values_list(
                "annee", "enveloppe", "alloue"
            )
        }
        dotes = Credit.objects.filter(convention__numero__in=numeros, programme__in=annees, alloue__gt=0)
        self.dotees = set(dotes.values_list("convention__numero", "programme"))
        self.decisions = {
            d.reference: DecisionConnue(d.convention.numero, d.annee, d.montant)
            for d in Decision.objects.filter(
                reference__in={ligne.reference for ligne in lignes}
            ).select_related("convention")
        }

    def etat(self, ligne: LigneDecision) -> Etat:
        """Return what is known of one line."""
        return Etat(
            decision=self.decisions.get(ligne.reference),
            convention=self.conventions.get(ligne.numero),
            identifiant_pris=ligne.numero in self.identifiants,
            libre=self.libres.get(ligne.annee),
            dotee=(ligne.numero, ligne.annee) in self.dotees,
        )

    def retenir(self, ligne: LigneDecision, rang: int) -> None:
        """Take a line that is ready as done, for those that follow it in the file."""
        self.decisions[ligne.reference] = DecisionConnue(ligne.numero, ligne.annee, ligne.montant, rang)
        connue = self.conventions.get(ligne.numero)
        self.conventions[ligne.numero] = ConventionConnue(connue.nature if connue else ligne.nature, True)
        if ligne.montant:
            self.libres[ligne.annee] -= ligne.montant
            self.dotees.add((ligne.numero, ligne.annee))


def examiner(lignes: list[LigneLue]) -> list[Verdict]:
    """Return what each line would do, one after the other; nothing is written (dry run)."""
    connu = Connu([ligne.decision for ligne in lignes if ligne.decision])
    verdicts = []
    for ligne in lignes:
        if ligne.decision is None:
            verdicts.append(Verdict(ERREUR, message=ligne.erreur))
            continue
        verdict = decider(ligne.decision, connu.etat(ligne.decision))
        if verdict.issue == PRETE:
            connu.retenir(ligne.decision, ligne.rang)
        verdicts.append(verdict)
    return verdicts


# --- An import ------------------------------------------------------------------------------------------------------


@transaction.atomic
def lire(*, fichier: str, lignes: list[LigneLue], par: Compte | None, maintenant: datetime) -> Import:
    """Keep a file and its dry run: what each line would do. Writes no convention and no credit."""
    lot = Import.objects.create(fichier=fichier, par=par, lu_le=maintenant)
    LigneImport.objects.bulk_create(
        LigneImport(
            lot=lot,
            rang=ligne.rang,
            **{nom: ligne.cellules.get(nom, "").strip()[:LONGUEUR] for nom in RAPPORTEES},
            valeurs=ligne.decision.en_valeurs() if verdict.issue == PRETE else {},
            action=verdict.action,
            issue=verdict.issue,
            message=verdict.message,
        )
        for ligne, verdict in zip(lignes, examiner(lignes), strict=True)
    )
    return lot


@transaction.atomic
def lancer(*, lot: Import, par: Compte | None, maintenant: datetime) -> Import:
    """Ask for the lines that are ready to be written: the clock's next run begins. Locks the import.

    Raises ImportRefuse when it was asked already, or when no line is ready.
    """
    lot = Import.objects.select_for_update(no_key=True).get(pk=lot.pk)
    if lot.lance_le is not None:
        raise ImportRefuse("Cet import est déjà lancé.")
    if not lot.lignes.filter(issue=PRETE).exists():
        raise ImportRefuse("Aucune ligne n'est prête.")
    lot.lance_le, lot.par = maintenant, par or lot.par
    lot.save(update_fields=["lance_le", "par"])
    return lot


def importer(*, lot: Import, le: date, maintenant: datetime, limite: int) -> int:
    """Write at most `limite` ready lines, each in its own transaction; return how many were looked at."""
    for faites in range(limite):
        if not importer_une_ligne(lot=lot, le=le, maintenant=maintenant):
            return faites
    return limite


@transaction.atomic
def importer_une_ligne(*, lot: Import, le: date, maintenant: datetime) -> bool:
    """Write the next ready line of the import, or its end when there is none; False at the end. Locks the import."""
    lot = Import.objects.select_for_update(no_key=True, of=("self",)).select_related("par").get(pk=lot.pk)
    ligne = lot.lignes.filter(issue=PRETE).first()
    if ligne is None:
        if lot.fini_le is None:
            lot.fini_le = maintenant
            lot.save(update_fields=["fini_le"])
        return False
    verdict = _ecrire(LigneDecision.de(ligne.valeurs), lot, le, maintenant)
    ligne.issue = LigneImport.Issue.FAITE if verdict.issue == PRETE else verdict.issue
    ligne.action, ligne.message, ligne.valeurs = verdict.action, verdict.message, {}
    ligne.save(update_fields=["issue", "action", "message", "valeurs"])
    return True


# --- A line ---------------------------------------------------------------------------------------------------------


def _ecrire(ligne: LigneDecision, lot: Import, le: date, maintenant: datetime) -> Verdict:
    """Decide again on what is now known, and write; a rule's refusal, and a file imported twice at once, are said."""
    for _ in range(ESSAIS):
        try:
            with transaction.atomic():
                connu = Connu([ligne], verrou=True)
                verdict = decider(ligne, connu.etat(ligne))
                if verdict.issue == PRETE:
                    _appliquer(ligne, verdict.action, connu.vivantes.get(ligne.numero), lot, le, maintenant)
                return verdict
        except RefusMetier as refus:
            return Verdict(ERREUR, message=refus.message)
        except IntegrityError:
            # Somebody else has just written this number or this reference: look again.
            continue
    return Verdict(
        ERREUR, message="Cette ligne est écrite en même temps par un autre import. Envoyez-la de nouveau."
    )


def _appliquer(
    ligne: LigneDecision,
    action: str,
    convention: Convention | None,
    lot: Import,
    le: date,
    maintenant: datetime,
) -> None:
    if action == CREER:
        convention = _creer(ligne, lot)
    mouvement = None
    if convention.activee_le is None:
        activer(
            convention=convention,
            annee=ligne.annee,
            montant=ligne.montant,
            nom=ligne.titulaire,
            email=ligne.email,
            par=lot.par,
            le=le,
        )
        mouvement = _derniere_dotation(convention, ligne) if ligne.montant else None
    elif action != RECONDUIRE:
        mouvement = _doter(ligne, action, convention, lot, le)
    Decision.objects.create(
        reference=ligne.reference,
        convention=convention,
        date=ligne.decidee_le,
        annee=ligne.annee,
        montant=ligne.montant,
        action=action,
        mouvement=mouvement,
        lot=lot,
        importee_le=maintenant,
    )


def _creer(ligne: LigneDecision, lot: Import) -> Convention:
    return creer(
        numero=ligne.numero,
        nature=ligne.nature,
        nom=ligne.nom,
        type_porteur=ligne.type_porteur,
        telephone=ligne.telephone,
        voie=ligne.voie,
        complement=ligne.complement,
        code_postal=ligne.code_postal,
        ville=ligne.ville,
        par=lot.par,
    )


def _doter(ligne: LigneDecision, action: str, convention: Convention, lot: Import, le: date) -> Mouvement:
    mouvement = allouer(
        convention=convention,
        annee=ligne.annee,
        montant=ligne.montant,
        par=lot.par,
        le=le,
        motif=f"décision {ligne.reference}",
        complement=action == LigneImport.Action.COMPLETER,
    )
    deposer(courriels.credits_ajoutes(mouvement))
    return mouvement


def _derniere_dotation(convention: Convention, ligne: LigneDecision) -> Mouvement:
    """Return the allotment that the activation has just written; the convention is locked."""
    return Mouvement.objects.filter(credit__convention=convention, credit__programme=ligne.annee).latest("pk")
