"""The three public pages that the law asks for."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
def accessibilite(request):
    """Declaration of accessibility."""
    return render(request, "socle/accessibilite.html")


@login_not_required
@require_safe
def donnees_personnelles(request):
    """What is kept about people, why, how long, and their rights."""
    return render(request, "socle/donnees_personnelles.html")


@login_not_required
@require_safe
def mentions_legales(request):
    """Publisher, hosting, credits."""
    return render(request, "socle/mentions_legales.html", {"hebergeur": settings.SEV_HEBERGEUR})


urlpatterns = [
    path("accessibilite/", accessibilite, name="accessibilite"),
    path("donnees-personnelles/", donnees_personnelles, name="donnees_personnelles"),
    path("mentions-legales/", mentions_legales, name="mentions_legales"),
]
