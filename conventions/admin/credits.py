"""Credits with their ledger, which is only read: money moves by the ledger's operations (C6).

What gives money serves those who wait, whom this app does not know: those acts are added by the admin of `seniors`.
"""

from datetime import timedelta

from django.contrib import admin
from django.template.loader import render_to_string
from django.urls import reverse

from conventions.admin.export import ExportAdmin
from conventions.admin.fiches import Acte, FicheAdmin, Lien
from conventions.forms import MouvementForm
from conventions.models import Credit, DemandeComplement, Mouvement
from conventions.operations import credits
from sev.socle.admin import GrandeListe, JournalAdmin, LectureAdmin
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import euros, quantite

DERNIERS = 50
# How old a request may be before the list says so, in days.
AGES = (7, 30)

REPRENDRE = Acte(
    nom="reprendre",
    droit="conventions.change_credit",
    libelle="Reprendre un montant",
    texte=lambda credit: f"Seul ce qui est disponible peut être repris : {euros(credit.disponible)}.",
    fait="Le montant est repris.",
    formulaire=MouvementForm,
    initial=lambda credit: {"montant": credit.disponible},
    propose=lambda credit: credit.disponible > 0,
    operation=lambda request, credit, donnees: credits.reprendre(
        credit=credit, **donnees, par=request.user, le=aujourdhui()
    ),
)


@admin.register(Credit)
class CreditAdmin(ExportAdmin, FicheAdmin):
    """One credit a year and porteur: totals only move with an entry of the ledger."""

    list_display = ["convention", "organisation", "programme", "alloue", "utilise", "verse", "disponible"]
    list_filter = ["programme", "convention__organisme__type_porteur"]
    list_select_related = ["convention__organisme", "programme"]
    search_fields = ["convention__numero", "convention__organisme__nom"]
    search_help_text = "Numéro de convention ou nom de l'organisme."
    liens_offerts = ("convention__exact",)
    ordering = ["-programme__annee", "convention__numero"]
    liens = (
        Lien(
            "Demandes de complément",
            "conventions_demandecomplement_changelist",
            "conventions.view_demandecomplement",
            lambda credit: {"convention__exact": credit.convention_id},
        ),
        Lien(
            "Tous ses crédits",
            "conventions_credit_changelist",
            "conventions.view_credit",
            lambda credit: {"convention__exact": credit.convention_id},
        ),
    )
    fields = readonly_fields = [
        "convention",
        "organisation",
        "programme",
        "alloue",
        "engage",
        "verse",
        "disponible",
        "grand_livre",
    ]
    colonnes = (
        ("N° de convention", lambda c: c.convention.numero),
        ("Organisation", lambda c: c.convention.organisme.nom),
        ("Année", lambda c: c.annee),
        ("Alloué", lambda c: c.alloue),
        ("Engagé", lambda c: c.engage),
        ("Versé", lambda c: c.verse),
        ("Disponible", lambda c: c.disponible),
    )
    actes = (REPRENDRE,)

    def has_add_permission(self, request):
        """Credits come with their first allotment."""
        return self.ajout is not None and super().has_add_permission(request)

    @admin.display(description="organisation", ordering="convention__organisme__nom")
    def organisation(self, credit):
        return credit.convention.organisme

    @admin.display(description="utilisé (€)")
    def utilise(self, credit):
        return credit.utilise

    @admin.display(description="disponible (€)")
    def disponible(self, credit):
        return credit.disponible

    @admin.display(description="grand livre")
    def grand_livre(self, credit):
        """Draw the last entries of the ledger with the balance after each, and the way to all of them."""
        mouvements = credit.mouvements.avec_solde().select_related("auteur")
        adresse = reverse("admin:conventions_mouvement_changelist")
        contexte = {
            "mouvements": mouvements[:DERNIERS],
            "tout": f"{adresse}?credit__id__exact={credit.pk}",
            "combien": quantite(credit.mouvements.count(), "mouvement"),
        }
        return render_to_string("admin/conventions/_mouvements.html", contexte)


@admin.register(Mouvement)
class MouvementAdmin(GrandeListe, ExportAdmin, LectureAdmin):
    """The whole ledger, the last entry first, with what was free after each."""

    list_display = [
        "date",
        "convention",
        "organisation",
        "annee",
        "nature",
        "montant",
        "solde",
        "motif",
        "inscription_id",
        "par",
    ]
    list_filter = ["nature", "credit__programme", ("date", admin.DateFieldListFilter)]
    list_select_related = ["credit__convention__organisme", "auteur"]
    list_per_page = 50
    liens_offerts = ("credit__id__exact",)
    search_help_text = "Porteur, numéro d'inscription, ou motif d'une dotation."
    colonne_du_numero = "inscription_id"
    recherche = (("credit_id", Credit.objects.nommes), ("pk", Mouvement.objects.dotations_motivees))
    fields = [
        "convention",
        "organisation",
        "annee",
        "nature",
        "montant",
        "solde",
        "motif",
        "inscription_id",
        "par",
        "date",
        "cree_le",
    ]
    colonnes = (
        ("Date", lambda m: m.date),
        ("N° de convention", lambda m: m.credit.convention.numero),
        ("Organisation", lambda m: m.credit.convention.organisme.nom),
        ("Année", lambda m: m.credit.annee),
        ("Nature", lambda m: m.get_nature_display()),
        ("Effet sur le disponible", lambda m: m.effet),
        ("Montant", lambda m: m.montant),
        ("Disponible après", lambda m: m.solde),
        ("Motif", lambda m: m.motif),
        ("Inscription", lambda m: m.inscription_id),
        ("Auteur", lambda m: m.auteur.nom if m.auteur else "Horloge"),
        ("Écrit le", lambda m: m.cree_le),
    )

    def get_queryset(self, request):
        return super().get_queryset(request).avec_solde()

    def get_ordering(self, request):
        """Sort what is left of a filter once it is found: by the key, an old year costs a walk back to it."""
        filtree = any(cle.startswith(("credit__", "date__")) for cle in request.GET)
        return ["-date", "-pk"] if filtree else ["-pk"]

    @admin.display(description="convention", ordering="credit__convention__numero")
    def convention(self, mouvement):
        return mouvement.credit.convention

    @admin.display(description="organisation", ordering="credit__convention__organisme__nom")
    def organisation(self, mouvement):
        return mouvement.credit.convention.organisme

    @admin.display(description="année", ordering="credit__programme")
    def annee(self, mouvement):
        return mouvement.credit.annee

    @admin.display(description="disponible après (€)")
    def solde(self, mouvement):
        return mouvement.solde

    @admin.display(description="auteur", ordering="auteur__nom")
    def par(self, mouvement):
        return mouvement.auteur or "Horloge"


class EtatFilter(admin.SimpleListFilter):
    """What became of a request; those that wait may be asked for by age."""

    title = "état"
    parameter_name = "etat"

    def lookups(self, request, model_admin):
        vieilles = [(f"attente-{jours}", f"En attente depuis plus de {jours} jours") for jours in AGES]
        return [
            ("attente", "En attente"),
            *vieilles,
            ("accordee", "Accordée"),
            ("refusee", "Refusée"),
            ("retiree", "Retirée"),
        ]

    def queryset(self, request, queryset):
        etat, _, jours = (self.value() or "").partition("-")
        if etat == "attente":
            queryset = queryset.filter(decidee_le__isnull=True, retiree_le__isnull=True)
            if jours in map(str, AGES):
                queryset = queryset.filter(faite_le__lt=maintenant() - timedelta(days=int(jours)))
            return queryset
        if etat in ("accordee", "refusee"):
            return queryset.filter(decidee_le__isnull=False, accorde__isnull=etat == "refusee")
        return queryset.filter(retiree_le__isnull=False) if etat == "retiree" else queryset


@admin.register(DemandeComplement)
class DemandeComplementAdmin(ExportAdmin, FicheAdmin):
    """The porteurs' requests for more credit, those that wait first, the oldest of them on top (C8)."""

    list_display = ["numero", "convention", "organisation", "programme", "montant", "age", "etat", "accorde"]
    list_filter = [EtatFilter, "programme"]
    list_select_related = ["convention__organisme", "programme"]
    search_fields = ["convention__numero", "convention__organisme__nom", "motif"]
    search_help_text = "Numéro de convention, nom de l'organisme, ou un mot du motif."
    liens_offerts = ("convention__exact",)
    vide = "Aucun porteur n'a demandé de complément."
    liens = (
        Lien(
            "Ses crédits",
            "conventions_credit_changelist",
            "conventions.view_credit",
            lambda demande: {"convention__exact": demande.convention_id},
        ),
    )
    ordering = ["decidee_le", "retiree_le", "faite_le"]
    fields = readonly_fields = [
        "convention",
        "organisation",
        "programme",
        "montant",
        "motif",
        "auteur",
        "faite_le",
        "etat",
        "situation",
        "accorde",
        "reponse",
        "decidee_par",
        "decidee_le",
        "retiree_le",
    ]
    colonnes = (
        ("N°", lambda d: d.pk),
        ("N° de convention", lambda d: d.convention.numero),
        ("Organisation", lambda d: d.convention.organisme.nom),
        ("Année", lambda d: d.annee),
        ("Demandé", lambda d: d.montant),
        ("Motif", lambda d: d.motif),
        ("Faite le", lambda d: d.faite_le),
        ("État", lambda d: d.etat),
        ("Accordé", lambda d: d.accorde),
        ("Réponse", lambda d: d.reponse),
        ("Décidée le", lambda d: d.decidee_le),
    )

    def has_add_permission(self, request):
        """Only a porteur asks."""
        return False

    @admin.display(description="n°", ordering="pk")
    def numero(self, demande):
        return demande.pk

    @admin.display(description="organisation", ordering="convention__organisme__nom")
    def organisation(self, demande):
        return demande.convention.organisme

    @admin.display(description="âge", ordering="faite_le")
    def age(self, demande):
        fin = demande.decidee_le or demande.retiree_le or maintenant()
        return quantite((fin - demande.faite_le).days, "jour")

    @admin.display(description="état")
    def etat(self, demande):
        return demande.etat

    @admin.display(description="crédits de l'année")
    def situation(self, demande):
        """Say what the porteur has, and what the envelope still holds."""
        credit = Credit.objects.filter(convention=demande.convention_id, programme=demande.annee).first()
        sien = (
            f"{euros(credit.disponible)} disponibles sur {euros(credit.alloue)} alloués"
            if credit
            else "aucune dotation"
        )
        programme = demande.programme
        return f"{sien} ; il reste {euros(programme.enveloppe - programme.alloue)} dans l'enveloppe {programme.annee}"


@admin.register(DemandeComplement.pgh_event_model)
class JournalDesComplements(JournalAdmin):
    """Who asked, withdrew, accepted, refused (X3)."""

    nom = "journal des compléments"
    list_display = ["le", "acte", "par", "motif", "convention", "programme", "montant", "accorde"]
    list_select_related = ["convention", "programme"]
    search_fields = ["=pgh_obj__pk", "convention__numero"]

    # The event has a reason of its own, the porteur's: here it is that of the act.
    @admin.display(description="motif")
    def motif(self, evenement):
        return (evenement.pgh_context or {}).get("motif", "")
