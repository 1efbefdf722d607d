"""Addresses of a group's list and of its registrations (contract)."""

from django.urls import path

from seniors.views import annulation, credits, groupe, inscriptions

urlpatterns = [
    path("credits/", credits.credits, name="credits"),
    path("credits/mouvements.xlsx", credits.tableur, name="credits-xlsx"),
    path("credits/<int:annee>/complement/", credits.demander_complement, name="complement-demander"),
    path("credits/demandes/<int:complement>/retirer/", credits.retirer_complement, name="complement-retirer"),
    path("groupes/<int:numero>/", groupe.groupe, name="groupe"),
    path("groupes/<int:numero>/rooming-list.pdf", groupe.rooming_list, name="rooming-list"),
    path("groupes/<int:numero>/details.pdf", groupe.details, name="details"),
    path("groupes/<int:numero>/liste.xlsx", groupe.liste_xlsx, name="liste-xlsx"),
    path(
        "groupes/<int:numero>/inscriptions/recherche/", inscriptions.recherche, name="inscription-recherche"
    ),
    path("groupes/<int:numero>/inscriptions/nouvelle/", inscriptions.nouvelle, name="inscription-nouvelle"),
    path(
        "groupes/<int:numero>/inscriptions/tout-supprimer/",
        inscriptions.tout_supprimer,
        name="inscriptions-tout-supprimer",
    ),
    path("groupes/<int:numero>/inscriptions/retablir/", inscriptions.retablir, name="inscriptions-retablir"),
    path("groupes/<int:numero>/inscriptions/<int:cle>/", inscriptions.modifier, name="inscription-modifier"),
    path(
        "groupes/<int:numero>/inscriptions/<int:cle>/effacer/",
        inscriptions.effacer,
        name="inscription-effacer",
    ),
    path("groupes/<int:numero>/annuler/", annulation.groupe, name="groupe-annuler"),
    path("sejours/<int:sejour>/annuler/", annulation.sejour, name="sejour-annuler"),
    path("communes/", inscriptions.communes, name="communes"),
]
