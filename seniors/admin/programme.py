"""ANCV's acts on the programme, its tariffs and ceilings: what each would touch is shown first (P1-P5)."""

from datetime import date

from django.contrib import admin

from conventions.admin import programme as programme_admin
from conventions.admin.fiches import Acte
from conventions.forms import AnneeSuivanteForm, PlafondForm, SuspensionForm, TarifForm
from conventions.models import Bareme, Programme, Tarif
from conventions.models.programme import Duree
from conventions.operations import programme as operations
from seniors.operations.effets import (
    effets_de_la_suspension,
    effets_du_plafond,
    effets_du_tarif,
)
from sev.socle.temps import aujourdhui
from sev.socle.typographie import date_complete, date_lettres, euros, periode_longue, quantite

# --- The year ---------------------------------------------------------------------------------------------


def _suspendre(programme: Programme, donnees: dict) -> list[str]:
    effets = effets_de_la_suspension(annee=programme.annee, jour=aujourdhui())
    return [
        f"En haut de chaque page : « Le programme {programme.annee} est suspendu depuis le "
        f"{date_lettres(aujourdhui())}. {donnees['message']} »",
        f"Options en attente de réponse, qui ne pourront plus être acceptées : {effets.options}.",
        f"Séjours à venir, sur lesquels rien de nouveau ne sera enregistré : {effets.sejours}.",
        f"Listes ouvertes, qui restent modifiables jusqu'à leur fermeture : {effets.listes} (dont {effets.demandes} "
        "avec une demande de places).",
        f"E-mails qui partiront : {effets.titulaires}, un à chaque titulaire d'une convention active.",
    ]


def _reprendre(programme: Programme, donnees: dict) -> list[str]:
    effets = effets_de_la_suspension(annee=programme.annee, jour=aujourdhui())
    return [
        "Le message disparaît de toutes les pages.",
        f"Options encore en attente de réponse : {effets.options}.",
        f"E-mails qui partiront : {effets.titulaires}, un à chaque titulaire d'une convention active.",
    ]


def _ouvrir_suivante(programme: Programme, donnees: dict) -> list[str]:
    annee = programme.annee + 1
    saisons = [
        periode_longue(operations.un_an_apres(f.debut), operations.un_an_apres(f.fin))
        for f in programme.fermetures.all()
    ]
    tarifs = (Tarif.objects.au(duree=duree, debut=date(annee, 1, 1)).first() for duree in Duree.values)
    return [
        f"Enveloppe {annee} : {euros(donnees['enveloppe'])} ; en {programme.annee} : {euros(programme.enveloppe)}.",
        f"Repris de {programme.annee} : réponse à une option en {quantite(programme.delai_option, 'jour')}, "
        f"{quantite(programme.aidants_aides, 'aidant aidé|aidants aidés')} par personne, "
        f"{programme.contact_telephone}, {programme.contact_email}.",
        f"Saisons fermées, un an plus tard : {' ; '.join(saisons) or 'aucune'}.",
        *(
            f"Tarif à vérifier, qui continue : {tarif}, {euros(tarif.prix)}, aide {euros(tarif.aide)}."
            for tarif in tarifs
            if tarif
        ),
    ]


class ProgrammeAdmin(programme_admin.ProgrammeAdmin):
    """A year, its suspension, and the year after."""

    actes = (
        Acte(
            nom="suspendre",
            droit="conventions.change_programme",
            libelle="Suspendre le programme",
            texte="Aucune option, pré-inscription ni aucun séjour ne pourra être enregistré. Les listes déjà ouvertes "
            "restent modifiables. Le message est affiché sur toutes les pages et envoyé par e-mail.",
            fait="Le programme est suspendu.",
            formulaire=SuspensionForm,
            propose=lambda programme: not programme.suspendu,
            annoncer=_suspendre,
            operation=lambda request, programme, donnees: operations.suspendre(
                programme=programme, **donnees, par=request.user, le=aujourdhui()
            ),
        ),
        Acte(
            nom="reprendre",
            droit="conventions.change_programme",
            libelle="Reprendre le programme",
            texte="Le message disparaît des pages, et tout redevient possible.",
            fait="Le programme a repris.",
            propose=lambda programme: programme.suspendu,
            annoncer=_reprendre,
            operation=lambda request, programme, donnees: operations.reprendre(
                programme=programme, par=request.user, le=aujourdhui()
            ),
        ),
        Acte(
            nom="ouvrir-suivante",
            droit="conventions.add_programme",
            libelle=lambda programme: f"Ouvrir l'année {programme.annee + 1}",
            texte=lambda programme: (
                f"Le programme {programme.annee + 1} reprend les délais, les contacts et les saisons fermées de "
                f"{programme.annee}. Tout se corrige ensuite sur sa page."
            ),
            fait=lambda programme: (
                f"Le programme {programme.annee} est ouvert. Vérifiez ses saisons fermées, ses tarifs et ses plafonds."
            ),
            formulaire=AnneeSuivanteForm,
            initial=lambda programme: {"enveloppe": programme.enveloppe},
            propose=lambda programme: not Programme.objects.filter(annee=programme.annee + 1).exists(),
            annoncer=_ouvrir_suivante,
            operation=lambda request, programme, donnees: operations.ouvrir_suivante(
                programme=programme, **donnees, par=request.user, le=aujourdhui()
            ),
        ),
    )


# --- Tariffs ----------------------------------------------------------------------------------------------


def _effets_du_tarif(tarif: Tarif | None, donnees: dict) -> list[str]:
    operations.verifier_tarif(**donnees, tarif=tarif)
    effets = effets_du_tarif(
        duree=donnees["duree"],
        valable_du=donnees["valable_du"],
        prix=donnees["prix"],
        jour=aujourdhui(),
        tarif=tarif,
    )
    duree = Duree(donnees["duree"]).label
    fin = (
        f"jusqu'au {date_complete(effets.jusqu_au)}" if effets.jusqu_au else "tant qu'aucun autre ne le suit"
    )
    phrases = [
        f"Il vaut pour les séjours de {duree} qui commencent à partir du {date_complete(donnees['valable_du'])}, "
        f"{fin}."
    ]
    if remplace := tarif or effets.avant:
        phrases.append(
            f"{'Il remplace' if tarif else 'Jusque-là'} : {euros(remplace.prix)}, aide {euros(remplace.aide)}. "
            f"Désormais : {euros(donnees['prix'])}, aide {euros(donnees['aide'])}."
        )
    phrases += [
        f"Séjours à venir concernés : {effets.sejours} ; listes encore ouvertes : {effets.listes}.",
        f"Aides déjà accordées sur ces séjours : {effets.aidees}. Leur montant ne change pas.",
        f"Personnes qui y attendent une aide : {effets.attendent}. Elles auront la nouvelle.",
    ]
    if effets.offres_trop_cheres:
        phrases.append(
            f"Attention : {quantite(effets.offres_trop_cheres, 'offre dépasse|offres dépassent')} le nouveau prix "
            "maximum."
        )
    return phrases


def _tarif(nom: str, libelle: str, fait: str, *, droit: str) -> Acte:
    return Acte(
        nom=nom,
        droit=f"conventions.{droit}_tarif",
        libelle=libelle,
        texte="Un tarif vaut pour les séjours qui commencent à partir de sa date, jusqu'au tarif suivant de la même "
        "durée. Les aides déjà accordées gardent leur montant.",
        fait=fait,
        formulaire=TarifForm,
        initial=lambda tarif: (
            {"duree": tarif.duree, "valable_du": tarif.valable_du, "prix": tarif.prix, "aide": tarif.aide}
            if tarif
            else {}
        ),
        annoncer=_effets_du_tarif,
        operation=lambda request, tarif, donnees: operations.fixer_tarif(
            tarif=tarif, **donnees, par=request.user
        ),
    )


class TarifAdmin(programme_admin.TarifAdmin):
    """Tariffs, entered and corrected with their effects in sight."""

    list_display = ["duree", "valable_du", "jusqu_au", "prix", "aide", "reste"]
    actes = (_tarif("corriger", "Corriger ce tarif", "Le tarif est corrigé.", droit="change"),)
    ajout = _tarif("fixer", "Fixer un tarif", "Le tarif est fixé.", droit="add")

    @admin.display(description="jusqu'au")
    def jusqu_au(self, tarif):
        return tarif.fin

    @admin.display(description="reste à charge (€)")
    def reste(self, tarif):
        return tarif.prix - tarif.aide

    def get_queryset(self, request):
        return super().get_queryset(request).avec_fin()


# --- Ceilings ---------------------------------------------------------------------------------------------


def _effets_du_plafond(bareme: Bareme | None, donnees: dict) -> list[str]:
    foyer = {nom: donnees[nom] for nom in ("annee_avis", "situation", "parts")}
    operations.verifier_plafond(**foyer, bareme=bareme)
    effets = effets_du_plafond(**donnees, jour=aujourdhui())
    return [
        f"Il sert aux séjours de {donnees['annee_avis'] + 1} : l'avis est celui de l'année d'avant.",
        *(
            [f"Plafond d'aujourd'hui : {euros(bareme.plafond)} ; désormais : {euros(donnees['plafond'])}."]
            if bareme
            else []
        ),
        f"Sur les listes ouvertes, personnes aidées au-dessus de ce plafond : {effets.aidees_au_dessus}. Elles gardent "
        "leur aide tant que leur fiche n'est pas corrigée.",
        f"Personnes sans aide qui passent en dessous : {effets.sans_aide_en_dessous}. La décision est reprise quand "
        "leur fiche est enregistrée de nouveau.",
    ]


def _plafond(nom: str, libelle: str, fait: str, *, droit: str) -> Acte:
    return Acte(
        nom=nom,
        droit=f"conventions.{droit}_bareme",
        libelle=libelle,
        texte="Le plafond se compare à la ligne « revenu imposable » de l'avis, jamais au RFR. Les décisions déjà "
        "prises ne changent pas d'elles-mêmes.",
        fait=fait,
        formulaire=PlafondForm,
        initial=lambda bareme: (
            {nom: getattr(bareme, nom) for nom in ("annee_avis", "situation", "parts", "plafond")}
            if bareme
            else {}
        ),
        annoncer=_effets_du_plafond,
        operation=lambda request, bareme, donnees: operations.fixer_plafond(
            bareme=bareme, **donnees, par=request.user
        ),
    )


class BaremeAdmin(programme_admin.BaremeAdmin):
    """Ceilings, entered and corrected with their effects in sight."""

    actes = (_plafond("corriger", "Corriger ce plafond", "Le plafond est corrigé.", droit="change"),)
    ajout = _plafond("fixer", "Fixer un plafond", "Le plafond est fixé.", droit="add")


for modele, page in ((Programme, ProgrammeAdmin), (Tarif, TarifAdmin), (Bareme, BaremeAdmin)):
    admin.site.unregister(modele)
    admin.site.register(modele, page)
