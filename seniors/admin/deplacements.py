"""ANCV moves a stay from its page (S8): what changes, group by group and person by person, is shown first."""

from django import forms

from conventions.admin.fiches import Acte
from conventions.models import Credit
from sejours.models import Groupe, Sejour
from seniors.operations.deplacements import ListeDeplacee, deplacer
from sev.socle.saisie import DateFrancaiseField, MotifField
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import euros, jour_mois_annee, periode_longue, quantite


class DeplacementForm(forms.Form):
    """The new first day, and why: everybody will read it."""

    debut = DateFrancaiseField(
        label="Nouvelle date de début", help_text="Par exemple 31/05/2027. La date de fin suit la durée."
    )
    motif = MotifField("Le prestataire et les porteurs le lisent.")


class Constat:
    """How a stay, its groups and their credits stand; after the move, also each person whose decision changed.

    Called before the move, then inside its transaction with the lists it returned.
    """

    def __init__(self, sejour: Sejour):
        self.sejour = sejour
        self.avant: dict[str, str] = {}

    def __call__(self, listes: list[ListeDeplacee] | None) -> dict[str, str]:
        sejour = Sejour.objects.select_related("offre").get(pk=self.sejour.pk)
        groupes = Groupe.objects.filter(sejour=sejour, annule_le__isnull=True).select_related("porteur")
        lignes = {
            "Dates": periode_longue(sejour.debut, sejour.fin),
            "Prix": euros(sejour.offre.prix),
            "Places libres": str(sejour.places_libres),
        }
        groupes = list(groupes.order_by("pk"))
        for groupe in groupes:
            lignes[f"Groupe n° {groupe.pk}, {groupe.porteur}"] = self._groupe(groupe)
        lignes |= self._credits(groupes)
        if listes is None:
            self.avant = lignes
            return lignes
        for liste in listes:
            for nom, avant, apres in liste.changements:
                quoi = f"{nom}, groupe n° {liste.groupe.pk}"
                self.avant[quoi], lignes[quoi] = avant, apres
        return lignes

    def _groupe(self, groupe: Groupe) -> str:
        etat = "close depuis le" if groupe.verrouille(aujourdhui()) else "ouverte jusqu'au"
        places = f"{quantite(groupe.inscrits, 'inscrit')} sur {quantite(groupe.places, 'place')}"
        aides = groupe.inscriptions.filter(aide__isnull=False).count()
        return f"{places}, {quantite(aides, 'aide')}, liste {etat} {jour_mois_annee(groupe.dernier_jour)}"

    def _credits(self, groupes: list[Groupe]) -> dict[str, str]:
        """Return what each porteur has left, every year that it has credit for."""
        credits = Credit.objects.filter(convention__in={groupe.porteur_id for groupe in groupes})
        return {
            f"Crédits {credit.annee}, {credit.convention.organisme}": f"{euros(credit.disponible)} disponibles"
            for credit in credits.select_related("convention__organisme").order_by("programme", "convention")
        }


DEPLACER_SEJOUR = Acte(
    nom="deplacer",
    libelle="Déplacer le séjour…",
    droit="sejours.change_sejour",
    texte=lambda sejour: (
        f"Le séjour a lieu {periode_longue(sejour.debut, sejour.fin)}. À une autre date, les listes ferment 17 jours "
        "avant le nouveau départ (une liste close peut rouvrir) ; tarif, âges, crédits et aides sont revus. Le "
        "prestataire, les porteurs et ceux qui ont une option sont prévenus par e-mail."
    ),
    fait="Le séjour est déplacé. Tous sont prévenus par e-mail.",
    formulaire=DeplacementForm,
    propose=lambda sejour: sejour.annule_le is None and aujourdhui() < sejour.debut,
    constater=Constat,
    operation=lambda request, sejour, donnees: deplacer(
        sejour=sejour, **donnees, par=request.user, le=aujourdhui(), maintenant=maintenant()
    ),
)
