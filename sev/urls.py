"""Addresses: one line for each app, in the order of the house."""

from django.contrib import admin
from django.urls import include, path

from sev import views
from sev.socle import pages

urlpatterns = [
    path("", views.accueil, name="accueil"),
    path("journal/", views.journal, name="journal"),
    path("journal/journal.xlsx", views.journal_tableur, name="journal-xlsx"),
    path("agenda/<slug:secret>.ics", views.agenda_ics, name="agenda-ics"),
    path("sante/", views.sante, name="sante"),
    path("demo/courriels/", views.demo_courriels, name="demo-courriels"),
    path("demo/courriels/<int:cle>/", views.demo_courriel, name="demo-courriel"),
    path("", include("conventions.urls")),
    path("", include("sejours.urls")),
    path("", include("seniors.urls")),
    path("", include("validation.urls")),
    path("", include(pages.urlpatterns)),
    path("admin/", admin.site.urls),
]

handler400 = "sev.socle.erreurs.requete_invalide"
handler403 = "sev.socle.erreurs.acces_refuse"
handler404 = "sev.socle.erreurs.page_introuvable"
handler500 = "sev.socle.erreurs.panne"
