"""What is to do about groups and options, for the home pages. Other apps add their own tasks of the same shape."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.urls import reverse

from conventions.models import Compte
from sejours.models import DemandePlaces, Groupe, Option
from sev.socle.typographie import date_longue, echeance, jour_mois_annee, periode, quantite

RELIRE_A = 7
OPTION_PERDUE = 7
SANS_ECHEANCE = 100_000
TOUT_DE_SUITE = 2


@dataclass(frozen=True)
class Tache:
    """One thing to do, as composants/tache.html draws it: `n` days left, or a free leaf (`haut`, `mot`).

    `enjeu`: euros at stake; `apres_sejour`: the stay is over, its list waits for an answer (V1, V2).
    """

    titre: str
    url: str
    bouton: str
    cache: str = ""
    n: int | None = None
    haut: str = ""
    mot: str = ""
    echeance: str = ""
    texte: str = ""
    contexte: str = ""
    inscrits: int = 0
    places: int = 0
    complement: str = ""
    icone: str = ""
    principal: bool = False
    enjeu: Decimal = Decimal(0)
    apres_sejour: bool = False

    @property
    def ordre(self) -> tuple:
        """What ends within two days first, then the lists to validate, on which money depends, then by days left."""
        n = SANS_ECHEANCE if self.n is None else self.n
        rang = 0 if n <= TOUT_DE_SUITE else 1 if self.apres_sejour else 2
        return (rang, n, -self.enjeu)


def du_porteur(compte: Compte, *, le: date) -> list[Tache]:
    """Return the lists that `compte` has to fill or to reread before they close, and the options it lost lately.

    A full list is to be reread in its last week only: it is no task before.
    """
    groupes = Groupe.objects.pour(compte).modifiables(le=le).complets().tarifes()
    listes = [
        _liste_a_finir(groupe, compte, le)
        for groupe in groupes
        if groupe.places_restantes or (groupe.dernier_jour - le).days <= RELIRE_A
    ]
    return listes + _options_perdues(compte, le)


def _liste_a_finir(groupe: Groupe, compte: Compte, le: date) -> Tache:
    libres = groupe.places_restantes
    if not compte.peut_ecrire:
        bouton = "Voir la liste"
    else:
        bouton = "Compléter la liste" if libres else "Relire la liste"
    return Tache(
        titre=_nom(groupe),
        n=(groupe.dernier_jour - le).days,
        echeance=echeance(groupe.dernier_jour, le),
        contexte=f"Séjour {periode(groupe.sejour.debut, groupe.sejour.fin, le)}.",
        inscrits=groupe.inscrits,
        places=groupe.places,
        complement=f"Il reste {quantite(libres, 'place')}." if libres else "La liste est complète.",
        url=reverse("groupe", args=[groupe.pk]),
        bouton=bouton,
        cache=f"du groupe n° {groupe.pk}",
        principal=bool(libres) and compte.peut_ecrire,
        enjeu=libres * (groupe.aide_du_tarif or Decimal(0)),
    )


def du_prestataire(compte: Compte, *, le: date) -> list[Tache]:
    """Return the options and the requests for places to answer, and the final lists to print before the stays."""
    return _options_a_decider(compte, le) + _listes_a_imprimer(compte, le) + _places_demandees(compte, le)


def _options_perdues(compte: Compte, le: date) -> list[Tache]:
    """The options refused or lapsed in the last days, unless the porteur asked again for the same stay (S3)."""
    depuis = le - timedelta(days=OPTION_PERDUE)
    perdues = (
        Option.objects.pour(compte)
        .filter(issue__in=(Option.Issue.REFUSEE, Option.Issue.TOMBEE), decidee_le__date__gt=depuis)
        .exclude(sejour__in=Option.objects.pour(compte).en_cours().values("sejour"))
        .select_related("sejour__offre__equipement")
    )
    return [
        Tache(
            titre=f"{option.sejour.offre.equipement.nom}, {option.sejour.offre.equipement.ville}",
            haut="Option",
            mot=option.get_issue_display().lower(),
            texte=f"Motif : {option.motif}" if option.motif else "Le prestataire n'a pas répondu à temps.",
            contexte=f"{quantite(option.places, 'place')}, "
            f"{periode(option.sejour.debut, option.sejour.fin, le)}.",
            url=reverse("offres"),
            bouton="Chercher un autre séjour",
            icone="search",
        )
        for option in perdues
    ]


def _options_a_decider(compte: Compte, le: date) -> list[Tache]:
    options = (
        Option.objects.pour(compte)
        .en_cours()
        .filter(echeance__gte=le)
        .select_related("porteur", "sejour__offre__equipement")
        .order_by("echeance", "pk")
    )
    return [_option_a_decider(option, compte, le) for option in options]


def _option_a_decider(option: Option, compte: Compte, le: date) -> Tache:
    sejour, jours = option.sejour, (option.echeance - le).days
    quand = f"Répondez jusqu'au {date_longue(option.echeance, le)} à minuit"
    return Tache(
        titre=f"{option.porteur.nom} demande {quantite(option.places, 'place')}",
        n=jours,
        echeance=f"{quand} : ensuite, l'option tombe." if jours else "L'option tombe ce soir à minuit.",
        texte=f"Il reste {quantite(sejour.places_libres, 'autre place libre|autres places libres')}.",
        contexte=f"{sejour.offre.equipement.nom}, {periode(sejour.debut, sejour.fin, le)}.",
        url=reverse("options"),
        bouton="Répondre" if compte.peut_ecrire else "Voir l'option",
        cache=f"à {option.porteur.nom}",
        principal=compte.peut_ecrire,
    )


def _listes_a_imprimer(compte: Compte, le: date) -> list[Tache]:
    groupes = (
        Groupe.objects.pour(compte)
        .filter(annule_le__isnull=True, dernier_jour__lt=le, sejour__debut__gte=le, inscrits__gt=0)
        .complets()
        .order_by("sejour__debut", "pk")
    )
    return [
        Tache(
            titre=f"{groupe.porteur.nom}, {quantite(groupe.inscrits, 'personne')}",
            haut="Liste",
            mot="prête",
            texte=f"La liste est définitive depuis le {date_longue(groupe.dernier_jour, le)} à minuit.",
            contexte=f"{_nom(groupe)}, {periode(groupe.sejour.debut, groupe.sejour.fin, le)}.",
            url=reverse("rooming-list", args=[groupe.pk]),
            bouton="Rooming-list",
            cache=f"du groupe n° {groupe.pk} (PDF)",
            icone="printer",
        )
        for groupe in groupes
    ]


def _places_demandees(compte: Compte, le: date) -> list[Tache]:
    """The last request about each list that is still open, until its places are what was asked."""
    demandes = (
        DemandePlaces.objects.pour(compte)
        .en_attente(le=le)
        .select_related("groupe__porteur", "groupe__sejour__offre__equipement")
    )
    return [
        Tache(
            titre=f"{demande.groupe.porteur.nom} demande {quantite(demande.places, 'place')}",
            n=(demande.groupe.dernier_jour - le).days,
            echeance=echeance(demande.groupe.dernier_jour, le),
            texte=f"Le groupe n° {demande.groupe_id} en a {demande.groupe.places}. "
            f"Demandé le {jour_mois_annee(demande.faite_le)}.",
            contexte=f"{_nom(demande.groupe)}, "
            f"{periode(demande.groupe.sejour.debut, demande.groupe.sejour.fin, le)}.",
            url=reverse("places-repondre" if compte.peut_ecrire else "groupe", args=[demande.groupe_id]),
            bouton="Répondre" if compte.peut_ecrire else "Voir le groupe",
            cache=f"pour le groupe n° {demande.groupe_id}",
            principal=compte.peut_ecrire,
        )
        for demande in demandes
    ]


def _nom(groupe: Groupe) -> str:
    equipement = groupe.sejour.offre.equipement
    return f"{equipement.nom}, {equipement.ville}"
