"""The journal of an organisation's convention and accounts (X3), and who is named in it, to whom."""

from dataclasses import dataclass
from datetime import datetime

from conventions.models import (
    Compte,
    Convention,
    Credit,
    DemandeComplement,
    EvenementSecurite,
    Mouvement,
    Organisme,
)
from sev.socle.journal import Source, Trace, Traces, avec_precisions, ecarts, precedents
from sev.socle.texte import sans_accent
from sev.socle.typographie import INSECABLE, euros

# Lines are put into words here, from the states before and after: as many are searched as is quick.
LIGNES_MAX = 2_000
INFORMATIONS = (
    "nom",
    "type_porteur",
    "telephone",
    "voie",
    "complement",
    "code_postal",
    "ville",
    "departement",
)


@dataclass(frozen=True)
class Ligne:
    """One line of the journal, as composants/journal.html draws it."""

    le: datetime
    texte: str
    par: str
    motif: str
    action: str

    @property
    def lue(self) -> str:
        """All that the line says, without case, accents or spaces that don't break."""
        return sans_accent(f"{self.texte} {self.par} {self.motif}".replace(INSECABLE, " "))


class Fil(Traces):
    """The traces of several sources, signed for the account that reads them."""

    def __init__(
        self,
        *sources: Source,
        pour: Compte,
        depuis: datetime | None = None,
        avant: datetime | None = None,
    ):
        super().__init__(*sources, depuis=depuis, avant=avant)
        self.pour = pour

    def __getitem__(self, tranche: slice) -> list[Ligne]:
        return signer(super().__getitem__(tranche), pour=self.pour)

    def dernieres(self) -> list[Ligne]:
        """Return the latest lines, LIGNES_MAX at most: what is searched, or told at once."""
        return self[:LIGNES_MAX]

    def contenant(self, texte: str) -> list[Ligne]:
        """Return those of the latest lines in which each word of `texte` stands, as one reads it."""
        mots = sans_accent(texte.replace(INSECABLE, " ")).split()
        return [ligne for ligne in self.dernieres() if all(mot in ligne.lue for mot in mots)]


def signer(traces: list[Trace], *, pour: Compte) -> list[Ligne]:
    """Return the lines, each with its author: a colleague by name, somebody else's people by their organisation."""
    auteurs = {
        compte.pk: compte
        for compte in Compte.objects.filter(pk__in={t.par for t in traces if t.par}).select_related(
            "organisme"
        )
    }
    return [
        Ligne(
            le=trace.le,
            texte=trace.texte,
            par=_auteur(trace, auteurs.get(trace.par), pour),
            motif=trace.motif,
            action=trace.action,
        )
        for trace in traces
    ]


def _auteur(trace: Trace, auteur: Compte | None, pour: Compte) -> str:
    if auteur is None:
        return trace.nom if trace.par is None else ""
    if pour.is_staff or auteur.organisme_id == pour.organisme_id:
        return trace.nom or auteur.nom
    return auteur.organisme.nom if auteur.organisme else "l'ANCV"


def sources(compte: Compte) -> list[Source]:
    """Return the acts on the organisation of `compte`: its details, its convention, its accounts, its credits."""
    organisme = compte.organisme_id
    historiques = (
        (Organisme.pgh_event_model.objects.filter(pgh_obj=organisme), _organisme),
        (Convention.pgh_event_model.objects.filter(pgh_obj=organisme), _convention),
        (Compte.pgh_event_model.objects.filter(organisme=organisme), _compte),
        (DemandeComplement.pgh_event_model.objects.filter(convention=organisme), _demande),
    )
    mouvements = Mouvement.objects.filter(
        credit__in=Credit.objects.pour(compte), nature__in=("ALLOCATION", "COMPLEMENT", "REPRISE")
    )
    vues = EvenementSecurite.objects.filter(
        organisme=organisme, nature=EvenementSecurite.Nature.VUE_DEBUT, organisme__isnull=False
    )
    return [historique(evenements, phrase) for evenements, phrase in historiques] + [
        Source(mouvements, "pk", "cree_le", _mouvements),
        Source(vues, "pk", "le", _vues),
    ]


def historique(evenements, phrase) -> Source:
    """Return the source of a history whose events each `phrase(event, state before or None)` puts into words."""
    modele = evenements.model

    def raconter(cles: list[int]) -> dict[int, Trace]:
        lus = list(modele.objects.filter(pk__in=cles))
        avant = precedents(lus, modele.objects.filter(pgh_obj__in={e.pgh_obj_id for e in lus}))
        return {e.pk: Trace.de(e, phrase(e, avant[e.pk])) for e in lus}

    return Source(evenements, "pk", "pgh_created_at", raconter)


def _organisme(apres, avant) -> str:
    if avant is None:
        return f"Organisme {apres.nom} créé"
    return avec_precisions("Informations modifiées", ecarts(avant, apres, INFORMATIONS))


def _convention(apres, avant) -> str:
    if avant is None:
        return f"Convention {apres.numero} créée"
    return avec_precisions(
        f"Convention {apres.numero} modifiée",
        ecarts(avant, apres, ("numero", "activee_le", "suspendue_le", "close_le")),
    )


def _compte(apres, avant) -> str:
    if avant is None:
        return f"Compte de {apres.nom} ouvert, identifiant {apres.identifiant}"
    if avant.is_active != apres.is_active:
        return f"Compte de {apres.nom} {'réactivé' if apres.is_active else 'désactivé'}"
    return avec_precisions(
        f"Compte de {apres.nom} modifié", ecarts(avant, apres, ("nom", "email", "role", "titulaire"))
    )


def _demande(apres, avant) -> str:
    quoi = f"Complément de crédits {apres.programme_id}"
    if avant is None:
        return f"{quoi} demandé : {euros(apres.montant)}"
    if apres.retiree_le:
        return f"{quoi} : demande de {euros(apres.montant)} retirée"
    if apres.accorde is None:
        return f"{quoi} : demande de {euros(apres.montant)} refusée"
    return f"{quoi} : {euros(apres.accorde)} accordés sur {euros(apres.montant)} demandés"


def _mouvements(cles: list[int]) -> dict[int, Trace]:
    mouvements = Mouvement.objects.filter(pk__in=cles).select_related("credit", "auteur")
    return {
        m.pk: Trace(
            le=m.cree_le,
            texte=f"Crédits {m.credit.annee}, {m.get_nature_display().lower()} : {euros(m.montant)}",
            action=m.get_nature_display().lower(),
            par=m.auteur_id,
            nom=m.auteur.nom if m.auteur else "Horloge",
            motif=m.motif,
        )
        for m in mouvements
    }


def _vues(cles: list[int]) -> dict[int, Trace]:
    """Tell an organisation that ANCV saw the site as it does."""
    return {
        e.pk: Trace(
            le=e.le,
            texte="L'ANCV a ouvert le site en lecture, comme votre organisme",
            action="voir comme",
            par=e.par_id,
            motif=e.motif,
        )
        for e in EvenementSecurite.objects.filter(pk__in=cles)
    }
