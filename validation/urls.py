"""Addresses of what follows a stay (contract): one part for each subject."""

from django.urls import path

from validation.views import attestations, signalements, validations, versements

urlpatterns = [
    # « Séjours passés à valider » (V1-V3)
    path("validation/", validations.liste, name="validation"),
    path("validation/validation.xlsx", validations.tableur, name="validation-xlsx"),
    path("validation/<int:numero>/", validations.groupe, name="validation-groupe"),
    path("validation/<int:numero>/somme/", validations.calculer, name="validation-somme"),
    # « Liste non conforme » (V5)
    path("validation/<int:numero>/signaler/", signalements.signaler, name="signaler"),
    path("validation/<int:numero>/signaler/annuler/", signalements.annuler, name="signalement-annuler"),
    path("validation/<int:numero>/pieces/<int:piece>/", signalements.piece, name="piece"),
    # Payment (V8)
    path("versements/", versements.liste, name="versements"),
    path("versements/versements.xlsx", versements.tableur, name="versements-xlsx"),
    path("versements/coordonnees/", versements.coordonnees, name="coordonnees-bancaires"),
    # Attestations (§ 5)
    path("groupes/<int:numero>/attestations.pdf", attestations.attestations, name="attestations"),
    path(
        "groupes/<int:numero>/inscriptions/<int:inscription>/attestation.pdf",
        attestations.attestation,
        name="attestation",
    ),
]
