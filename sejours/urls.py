"""Addresses of the groups' list. A group's own page is the list of its seniors: seniors.urls."""

from django.urls import path

from sejours.views import (
    agenda,
    equipements,
    liste,
    mes_offres,
    occupation,
    offres,
    options,
    places,
    preinscription,
    sejours,
)

urlpatterns = [
    path("groupes/", liste.liste, name="groupes"),
    path("groupes/groupes.xlsx", liste.tableur, name="groupes-xlsx"),
    path("groupes/<int:numero>/places/", places.demander, name="demander-places"),
    # Search of stays, options
    path("offres/", offres.liste, name="offres"),
    path("offres/offres.xlsx", offres.tableur, name="offres-xlsx"),
    path("offres/recherches/", offres.garder, name="recherche-garder"),
    path("offres/recherches/<int:recherche>/supprimer/", offres.oublier, name="recherche-oublier"),
    path("offres/<int:sejour>/", offres.sejour, name="offre"),
    path("offres/<int:sejour>/option/", options.poser, name="option-poser"),
    path("options/", options.liste, name="options"),
    path("options/options.xlsx", options.tableur, name="options-xlsx"),
    path("options/<int:option>/accepter/", options.accepter, name="option-accepter"),
    path("options/<int:option>/refuser/", options.refuser, name="option-refuser"),
    path("options/<int:option>/retirer/", options.retirer, name="option-retirer"),
    # Groups of the provider
    path("sejours/<int:sejour>/groupes/nouveau/", preinscription.nouveau, name="groupe-nouveau"),
    path("sejours/<int:sejour>/groupes/apercu/", preinscription.apercu, name="groupe-nouveau-apercu"),
    path("groupes/<int:numero>/places/reponse/", places.repondre, name="places-repondre"),
    # The provider's équipements, offers and stays
    path("equipements/", equipements.liste, name="equipements"),
    path("equipements/equipements.xlsx", equipements.tableur, name="equipements-xlsx"),
    path("equipements/communes/", equipements.communes, name="equipement-communes"),
    path("equipements/nouveau/", equipements.nouveau, name="equipement-nouveau"),
    path("equipements/<int:equipement>/", equipements.fiche, name="equipement"),
    path("equipements/<int:equipement>/modifier/", equipements.modifier, name="equipement-modifier"),
    path("equipements/<int:equipement>/photos/", equipements.photos, name="equipement-photos"),
    path("equipements/<int:equipement>/offres/", mes_offres.nouvelle_offre, name="offre-nouvelle"),
    path("equipements/offres/<int:offre>/", mes_offres.modifier_offre, name="offre-modifier"),
    path("equipements/offres/<int:offre>/sejours/", mes_offres.publier, name="offre-sejours"),
    path("equipements/offres/<int:offre>/reconduire/", mes_offres.reconduire, name="offre-reconduire"),
    path("photos/<int:photo>/", equipements.photo, name="photo"),
    path("photos/<int:photo>/supprimer/", equipements.retirer_photo, name="photo-supprimer"),
    path("sejours/", sejours.liste, name="sejours"),
    path("sejours/sejours.xlsx", sejours.tableur, name="sejours-xlsx"),
    path("sejours/occupation/", occupation.occupation, name="occupation"),
    path("sejours/occupation/occupation.xlsx", occupation.tableur, name="occupation-xlsx"),
    path("sejours/<int:sejour>/", sejours.fiche, name="sejour"),
    path("sejours/<int:sejour>/places/", sejours.changer_places, name="sejour-places"),
    path("sejours/<int:sejour>/fermer/", sejours.fermer, name="sejour-fermer"),
    # Calendar feed
    path("agenda/", agenda.agenda, name="agenda"),
]
