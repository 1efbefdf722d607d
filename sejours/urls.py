"""Addresses of the groups' list. A group's own page is the list of its seniors: seniors.urls."""

from django.urls import path

from sejours.views import liste, places

urlpatterns = [
    path("groupes/", liste.liste, name="groupes"),
    path("groupes/groupes.xlsx", liste.tableur, name="groupes-xlsx"),
    path("groupes/<int:numero>/places/", places.demander, name="demander-places"),
]
