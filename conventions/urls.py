"""Addresses of accounts. They stand before the admin's, whose own pages of sign-in and password they replace."""

from django.urls import path
from django.views.generic import RedirectView

from conventions.views import comptes, double_authentification, seance, utilisateurs

urlpatterns = [
    path("connexion/", seance.connexion, name="connexion"),
    path("deconnexion/", seance.deconnexion, name="deconnexion"),
    path("voir-comme/quitter/", seance.voir_comme_quitter, name="voir-comme-quitter"),
    path(
        "admin/password_change/",
        RedirectView.as_view(pattern_name="compte"),
        name="admin-mot-de-passe",
    ),
    path("admin/login/", seance.admin_connexion, name="admin-connexion"),
    path("reprendre/", seance.reprendre, name="reprendre"),
    path("mot-de-passe-oublie/", seance.mot_de_passe_oublie, name="mot-de-passe-oublie"),
    path("mot-de-passe/<uidb64>/<token>/", seance.ChoisirMotDePasse.as_view(), name="mot-de-passe-choisir"),
    path(
        "double-authentification/",
        double_authentification.double_authentification,
        name="double-authentification",
    ),
    path(
        "double-authentification/secours/",
        double_authentification.double_authentification_secours,
        name="double-authentification-secours",
    ),
    path(
        "double-authentification/activer/",
        double_authentification.double_authentification_activer,
        name="double-authentification-activer",
    ),
    path(
        "double-authentification/codes/",
        double_authentification.double_authentification_codes,
        name="double-authentification-codes",
    ),
    path("compte/", comptes.compte, name="compte"),
    path("compte/mot-de-passe/", comptes.compte_mot_de_passe, name="compte-mot-de-passe"),
    path("compte/adresse/", comptes.compte_adresse, name="compte-adresse"),
    path("compte/adresse/<uuid:demande>/", comptes.compte_email_confirmer, name="compte-email-confirmer"),
    path("utilisateurs/", utilisateurs.utilisateurs, name="utilisateurs"),
    path("utilisateurs/utilisateurs.xlsx", utilisateurs.tableur, name="utilisateurs-xlsx"),
    path("utilisateurs/inviter/", utilisateurs.utilisateur_inviter, name="utilisateur-inviter"),
    path("utilisateurs/<int:pk>/", utilisateurs.utilisateur_modifier, name="utilisateur-modifier"),
]
