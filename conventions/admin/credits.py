"""Credits with their ledger, which is only read: money moves by the ledger's operations (C6)."""

from django.contrib import admin
from django.template.loader import render_to_string

from conventions.admin.fiches import Acte, FicheAdmin
from conventions.forms import AllocationForm, MouvementForm
from conventions.models import Credit
from conventions.operations import credits
from sev.socle.temps import aujourdhui


@admin.register(Credit)
class CreditAdmin(FicheAdmin):
    """One credit a year and porteur. Adding one allots money: totals only move with an entry of the ledger."""

    list_display = ["convention", "organisation", "programme", "alloue", "utilise", "disponible"]
    list_filter = ["programme"]
    list_select_related = ["convention__organisme", "programme"]
    search_fields = ["convention__numero", "convention__organisme__nom"]
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
    actes = (
        Acte(
            nom="complement",
            libelle="Accorder un complément",
            texte="Le montant s'ajoute aux crédits de l'année. Les personnes qui attendent une aide sont servies dans "
            "les cinq minutes, la plus ancienne inscription d'abord.",
            fait="Le complément est accordé.",
            formulaire=MouvementForm,
            droit="conventions.change_credit",
            operation=lambda request, credit, donnees: credits.allouer(
                convention=credit.convention,
                annee=credit.annee,
                **donnees,
                par=request.user,
                le=aujourdhui(),
                complement=True,
            ),
        ),
        Acte(
            nom="reprendre",
            libelle="Reprendre un montant",
            texte="Seul ce qui est disponible peut être repris.",
            fait="Le montant est repris.",
            formulaire=MouvementForm,
            droit="conventions.change_credit",
            initial=lambda credit: {"montant": credit.disponible},
            propose=lambda credit: credit.disponible > 0,
            operation=lambda request, credit, donnees: credits.reprendre(
                credit=credit, **donnees, par=request.user, le=aujourdhui()
            ),
        ),
    )
    ajout = Acte(
        nom="allouer",
        libelle="Allouer des crédits",
        texte="Le montant s'ajoute aux crédits de l'année de ce porteur, dans la limite de l'enveloppe nationale.",
        fait="Les crédits sont alloués.",
        formulaire=AllocationForm,
        droit="conventions.add_credit",
        initial=lambda objet: {"annee": aujourdhui().year},
        operation=lambda request, objet, donnees: credits.allouer(
            **donnees, par=request.user, le=aujourdhui()
        ),
    )

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
        """Draw the entries of the ledger, the last first."""
        mouvements = credit.mouvements.select_related("auteur")
        return render_to_string("admin/conventions/_mouvements.html", {"mouvements": mouvements})
