"""What is to do about groups, for the home pages. Other apps add their own tasks of the same shape."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.urls import reverse

from conventions.models import Compte
from sejours.models import DemandePlaces, Groupe
from sev.socle.typographie import date_longue, echeance, jour_mois_annee, periode, quantite

RELIRE_A = 7
SANS_ECHEANCE = 100_000


@dataclass(frozen=True)
class Tache:
    """One thing to do, as composants/tache.html draws it: `n` days left, or a free leaf (`haut`, `mot`)."""

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

    @property
    def ordre(self) -> tuple:
        """The most pressing first, then what is worth most."""
        return (SANS_ECHEANCE if self.n is None else self.n, -self.enjeu)


def du_porteur(compte: Compte, *, le: date) -> list[Tache]:
    """Return the lists that `compte` has to fill or to reread before they close.

    A full list is to be reread in its last week only: it is no task before.
    """
    groupes = Groupe.objects.pour(compte).modifiables(le=le).complets().tarifes()
    return [
        _liste_a_finir(groupe, compte, le)
        for groupe in groupes
        if groupe.places_restantes or (groupe.dernier_jour - le).days <= RELIRE_A
    ]


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
    """Return the final lists to print before the stays begin, and the requests for other places still unanswered."""
    return _listes_a_imprimer(compte, le) + _places_demandees(compte, le)


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
            url=reverse("groupe", args=[demande.groupe_id]),
            bouton="Voir le groupe",
            cache=f"n° {demande.groupe_id}",
        )
        for demande in demandes
    ]


def _nom(groupe: Groupe) -> str:
    equipement = groupe.sejour.offre.equipement
    return f"{equipement.nom}, {equipement.ville}"
