"""The file of one list after its stay: who travelled per whom, what that amounts to, who may still answer (V1-V8)."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.core import signing

from conventions.models import Compte, Mouvement
from sejours.models import Groupe
from seniors.models import Inscription
from sev.socle.typographie import (
    date_longue,
    euros,
    heure,
    jour_mois_annee,
    quantite,
)
from validation.models import Presence, Validation
from validation.models.validations import Phase
from validation.regles import Ligne, Somme, reste_apres_reponse
from validation.suivi import phase_du_groupe
from validation.versements import Etat, Part, etat_du_versement, parts

# More names than this are counted instead, in the sums.
NOMS_MAX = 8
# Longer lists have a heading for each letter.
SANS_LETTRES = 100


@dataclass(frozen=True)
class Personne:
    """Someone on the list; `nom` in a sentence and `nom_de_liste` bear the birth date where two have one name."""

    inscription: Inscription
    presence: Presence | None
    nom: str
    nom_de_liste: str
    aide: Decimal | None

    @property
    def cle(self) -> int:
        return self.inscription.pk

    @property
    def feminin(self) -> bool:
        return self.inscription.senior.civilite == "MME"

    @property
    def selon_prestataire(self) -> bool | None:
        return self.presence.selon_prestataire if self.presence else None

    @property
    def selon_porteur(self) -> bool | None:
        return self.presence.selon_porteur if self.presence else None

    @property
    def en_litige(self) -> bool:
        return self.presence is not None and self.selon_porteur is not None and self.presence.retenue is None


@dataclass(frozen=True)
class Dossier:
    """A group whose stay is over, or soon, as `compte` sees it on `le`."""

    groupe: Groupe
    compte: Compte
    le: date
    validation: Validation | None
    phase: Phase
    echeance: date
    personnes: list[Personne] = field(default_factory=list)

    @property
    def vide(self) -> bool:
        """Nobody was on the list, and no window ever opened."""
        return not self.personnes and self.validation is None

    @property
    def a_venir(self) -> bool:
        """The stay isn't over, or there is nothing to validate."""
        return self.groupe.annule_le is not None or self.le <= self.groupe.sejour.fin or self.vide

    @property
    def a_repondre(self) -> bool:
        """It is this side's turn, and its window runs."""
        attendue = Phase.PORTEUR if self.compte.est_porteur else Phase.PRESTATAIRE
        return not self.a_venir and self.phase == attendue

    @property
    def signale_par_soi(self) -> bool:
        """A report made by this side waits for ANCV."""
        return (
            self.phase == Phase.ARRETEE
            and (self.validation.validee_le is not None) == self.compte.est_porteur
        )

    @property
    def ouvert(self) -> bool:
        return self.a_repondre and self.compte.peut_ecrire

    @property
    def confirme(self) -> bool:
        return self.phase == Phase.CONFIRMEE

    @property
    def en_litige(self) -> bool:
        return any(p.en_litige for p in self.personnes)

    @property
    def jours(self) -> int:
        return (self.echeance - self.le).days

    @property
    def cles(self) -> list[int]:
        return [p.cle for p in self.personnes]

    @property
    def coches_de_depart(self) -> set[int]:
        """Who is ticked at first: everybody, or those whom the provider did not leave out (V1, V3)."""
        if self.compte.est_prestataire:
            return set(self.cles)
        return {p.cle for p in self.personnes if p.selon_prestataire is not False}

    @property
    def phrase(self) -> str:
        """The deadline of the open window, with its weekday and hour."""
        verbe = "confirmer" if self.compte.est_porteur else "valider"
        jour = date_longue(self.echeance, self.le)
        if self.jours == 0:
            return f"Dernier jour : à {verbe} ce soir, {jour}, à minuit."
        return f"À {verbe} jusqu'au {jour} à minuit."

    @property
    def suite(self) -> str:
        """What there is to know beside the deadline."""
        passe = "Passé ce délai, c'est l'ANCV qui décidera."
        if not self.compte.est_porteur:
            return f"Ensuite, le porteur de projet confirmera à son tour. {passe}"
        qui = (
            "L'ANCV a validé la liste à la place du prestataire"
            if self.validation.validee_par.is_staff
            else ("Le prestataire a validé sa liste")
        )
        return f"{qui} le {date_longue(self.validation.validee_le, self.le)}. {passe}"

    @property
    def fermeture(self) -> str:
        """Why nobody on this side may answer now; nothing when one may, or when the list is answered for good."""
        if self.groupe.annule_le is not None:
            return "Ce groupe est annulé : il n'y a rien à valider."
        if self.le <= self.groupe.sejour.fin:
            fin = date_longue(self.groupe.sejour.fin, self.le)
            return f"Ce séjour n'est pas terminé. Vous pourrez revenir ici après le {fin}."
        if self.vide:
            return "Personne n'était inscrit sur cette liste : il n'y a rien à valider."
        jour = date_longue(self.echeance, self.le)
        match self.phase:
            case Phase.PRESTATAIRE if self.compte.est_porteur:
                return f"Le prestataire n'a pas encore validé la liste. Il peut le faire jusqu'au {jour} à minuit."
            case Phase.PORTEUR if self.compte.est_prestataire:
                par_l_ancv = self.validation.validee_par.is_staff
                fait = (
                    "L'ANCV a validé la liste à votre place." if par_l_ancv else "Vous avez validé la liste."
                )
                return f"{fait} Le porteur de projet peut la confirmer jusqu'au {jour} à minuit."
            case Phase.ARRETEE:
                reste = reste_apres_reponse(self.validation.jours_restants)
                return f"Une liste non conforme est signalée : le délai est arrêté. {reste}"
            case Phase.DEPASSEE:
                return (
                    f"Le délai est passé depuis le {jour} à minuit. "
                    "L'ANCV a repris ce dossier, vous n'avez rien à faire."
                )
            case Phase.CLOSE:
                return f"L'ANCV a clos ce dossier sans versement. Motif : {self.validation.motif_cloture}"
        return ""

    def lignes(self, coches: set[int]) -> list[Ligne]:
        """Return the list as ticked; the provider's answer doesn't disagree with itself."""
        return [
            Ligne(
                inscription=p.cle,
                nom=p.nom,
                aide=p.aide,
                coche=p.cle in coches,
                selon_prestataire=p.selon_prestataire if self.compte.est_porteur else None,
            )
            for p in self.personnes
        ]

    def lignes_repondues(self) -> list[Ligne]:
        """Return the list as it is answered so far; ANCV's decision counts as both sides'."""
        return [
            Ligne(
                inscription=p.cle,
                nom=p.nom,
                aide=p.aide,
                coche=bool(p.selon_porteur if self.confirme else p.selon_prestataire),
                selon_prestataire=p.selon_prestataire if self.confirme else None,
            )
            if p.presence is None or p.presence.tranchee is None
            else Ligne(p.cle, p.nom, p.aide, p.presence.tranchee, p.presence.tranchee)
            for p in self.personnes
        ]

    @property
    def etat(self) -> list[tuple]:
        """The list as the page shows it: what the operation compares when the answer comes."""
        return sorted((p.cle, p.selon_prestataire, p.inscription.aide) for p in self.personnes)

    @property
    def vu(self) -> str:
        """The same, signed, for the page to carry."""
        etat = [(cle, selon, None if aide is None else str(aide)) for cle, selon, aide in self.etat]
        return signing.dumps(etat, salt=self._sel, compress=True)

    @property
    def _sel(self) -> str:
        return f"validation.pointage.{self.groupe.pk}"

    def lue(self, vu: str) -> list[tuple] | None:
        """Return the list that a page carried; None when it can't be read."""
        try:
            etat = signing.loads(vu, salt=self._sel)
        except signing.BadSignature:
            return None
        return [(cle, selon, None if aide is None else Decimal(aide)) for cle, selon, aide in etat]

    def changements(self, lue: list[tuple] | None) -> list[str]:
        """Say what is no longer as the page showed it."""
        if lue is None:
            return ["La page est ancienne ou incomplète."]
        avant, apres = ({cle: reste for cle, *reste in etat} for etat in (lue, self.etat))
        noms = {p.cle: p.nom for p in self.personnes}
        retires = self.groupe.inscriptions.filter(pk__in=avant.keys() - apres.keys()).select_related("senior")
        cas = (
            ("Ajout à la liste par l'ANCV", [noms[c] for c in apres if c not in avant]),
            ("Retrait de la liste par l'ANCV", [str(i.senior) for i in retires]),
            (
                "Changement d'aide ou de réponse du prestataire",
                [noms[c] for c in apres if c in avant and avant[c] != apres[c]],
            ),
        )
        return [f"{quoi} : {', '.join(qui)}." for quoi, qui in cas if qui]

    def repondu(self, presents: set[int]) -> bool:
        """Tell whether this account has already given this very answer (a double click, a page sent again)."""
        validation = self.validation
        if validation is None or validation.close_le is not None:
            return False
        champ, par = (
            ("selon_porteur", validation.confirmee_par_id)
            if self.compte.est_porteur
            else ("selon_prestataire", validation.validee_par_id)
        )
        return par == self.compte.pk and presents == {p.cle for p in self.personnes if getattr(p, champ)}


def dossier(groupe: Groupe, *, compte: Compte, le: date) -> Dossier:
    """Return the file of `groupe` (its stay and validation loaded), its list read in two queries at most."""
    phase, echeance = phase_du_groupe(groupe, le=le)
    inscriptions = list(groupe.inscriptions.presentes().par_nom().select_related("presence"))
    combien = Counter((i.senior.cle_nom, i.senior.cle_prenom) for i in inscriptions)
    rendues = _rendues(inscriptions) if phase == Phase.CONFIRMEE else {}
    return Dossier(
        groupe,
        compte,
        le,
        getattr(groupe, "validation", None),
        phase,
        echeance,
        [
            _personne(i, rendues.get(i.pk), homonyme=combien[i.senior.cle_nom, i.senior.cle_prenom] > 1)
            for i in inscriptions
        ],
    )


def _personne(inscription: Inscription, rendue: Decimal | None, *, homonyme: bool) -> Personne:
    senior = inscription.senior
    naissance = f", {jour_mois_annee(senior.date_naissance)}" if homonyme else ""
    return Personne(
        inscription,
        getattr(inscription, "presence", None),
        f"{senior}{naissance}",
        f"{senior.nom_de_liste}{naissance}",
        rendue if inscription.aide is None else inscription.aide,
    )


def _rendues(inscriptions: list[Inscription]) -> dict[int, Decimal]:
    """Return the aids that the absent gave back, by registration: the ledger remembers them."""
    absentes = [i.pk for i in inscriptions if i.motif_sans_aide == Inscription.SansAide.ABSENTE]
    liberations = Mouvement.objects.filter(
        nature=Mouvement.Nature.LIBERATION, inscription_id__in=absentes
    ).order_by("pk")
    return dict(liberations.values_list("inscription_id", "montant")) if absentes else {}


# --- Sums -------------------------------------------------------------------------------------------------


def sommes(dossier: Dossier, total: Somme) -> list[list[dict]]:
    """Return what a ticked list amounts to, as rows of composants/somme.html: paid, given back, left to ANCV."""
    return [
        rangs
        for rangs in (_versees(dossier, total), _absentes(dossier, total), _litiges(dossier, total))
        if rangs
    ]


def _versees(dossier: Dossier, total: Somme) -> list[dict]:
    partis = "Partis" if dossier.compte.est_porteur else "Venus"
    rangs = [
        {"libelle": f"{partis}, avec aide", "montant": f"{combien} × {euros(montant)}"}
        for montant, combien in total.versees
    ]
    vous = "Versé au prestataire" if dossier.compte.est_porteur else "Vous sera versé"
    ligne = {
        "libelle": "Total des aides" if dossier.confirme else vous,
        "montant": euros(total.verse),
        "total": True,
    }
    if all(p.aide is None for p in dossier.personnes):
        ligne["detail"] = "Personne n'est aidé sur cette liste."
    return [*rangs, ligne]


def _absentes(dossier: Dossier, total: Somme) -> list[dict]:
    if not dossier.compte.est_porteur:
        rendue, detail = "", "aide rendue aux crédits du porteur de projet"
    else:
        annee = dossier.groupe.sejour.annee
        rendue, detail = "+\u00a0", "rendus à vos crédits"
        detail += f", elle peut de nouveau être aidée en {annee}" if dossier.le.year == annee else f" {annee}"
    if len(total.absents) > NOMS_MAX:
        combien = f"{len(total.absents)} personnes aidées absentes"
        pluriel = detail.replace("elle peut", "elles peuvent").replace("aidée en", "aidées en")
        return [{"libelle": combien, "montant": f"{rendue}{euros(total.rendu)}", "detail": pluriel}]
    qui = {p.cle: p for p in dossier.personnes}
    return [
        {
            "libelle": f"{'Absente' if qui[ligne.inscription].feminin else 'Absent'} : {ligne.nom}",
            "montant": f"{rendue}{euros(ligne.aide)}",
            "detail": detail
            if qui[ligne.inscription].feminin
            else detail.replace("elle peut", "il peut").replace("aidée en", "aidé en"),
        }
        for ligne in total.absents
    ]


def _litiges(dossier: Dossier, total: Somme) -> list[dict]:
    attente = "en attente, l'ANCV décidera pour {} ; les autres aides sont versées sans attendre"
    if len(total.litiges) > NOMS_MAX:
        return [
            {
                "libelle": f"Désaccord : {len(total.litiges)} personnes aidées",
                "montant": euros(total.en_litige),
                "detail": attente.format("elles"),
            }
        ]
    qui = {p.cle: p for p in dossier.personnes}
    return [
        {
            "libelle": f"Désaccord : {ligne.nom}",
            "montant": euros(ligne.aide),
            "detail": attente.format("elle" if qui[ligne.inscription].feminin else "lui"),
        }
        for ligne in total.litiges
    ]


def paiements(dossier: Dossier) -> list[dict]:
    """Return where the money of a confirmed list stands (V8): what is due, in a batch, paid and when."""
    return [
        {
            "libelle": etat_du_versement(part),
            "montant": euros(part.montant),
            "detail": _detail(part, dossier.compte),
        }
        for part in parts([dossier.groupe.pk])[dossier.groupe.pk]
        if part.etat != Etat.LITIGE
    ]


def _detail(part: Part, compte: Compte) -> str:
    aides = quantite(part.aides, "aide")
    if part.etat != Etat.REJETE:
        return aides
    if compte.est_porteur:
        return f"{aides} ; le prestataire vérifie son IBAN, puis l'ANCV verse à nouveau. Vous n'avez rien à faire."
    return f"{aides}, le {jour_mois_annee(part.rejete_le)}, référence {part.reference} : vérifiez votre IBAN."


def reponse(dossier: Dossier, cote: str) -> str:
    """Say who answered for a side (« validee », « confirmee ») and when: a colleague by name, others by their house."""
    quand, par = getattr(dossier.validation, f"{cote}_le"), getattr(dossier.validation, f"{cote}_par")
    if par.is_staff:
        qui = "l'ANCV"
    elif par.organisme_id == dossier.compte.organisme_id:
        qui = par.nom
    else:
        groupe = dossier.groupe
        qui = (groupe.porteur if par.est_porteur else groupe.sejour.offre.equipement.prestataire).nom
    return f"par {qui}, le {date_longue(quand, dossier.le)} à {heure(quand)}"


# --- Long lists -------------------------------------------------------------------------------------------


def lettres(personnes: list[Personne]) -> list[tuple[str, int, int, list[Personne]]]:
    """Return the list cut by first letter: (letter, rank of the first, rank of the last, people); one part if short."""
    if len(personnes) <= SANS_LETTRES:
        return [("", 1, len(personnes), personnes)]
    parts: dict[str, list[Personne]] = {}
    for personne in personnes:
        parts.setdefault(personne.inscription.senior.cle_nom[:1].upper(), []).append(personne)
    rendu, rang = [], 0
    for lettre, siens in parts.items():
        rendu.append((lettre, rang + 1, rang + len(siens), siens))
        rang += len(siens)
    return rendu
