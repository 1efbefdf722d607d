"""Signing in and out, the forgotten password, and the form that was being typed when the session ended."""

import time

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conventions import voir_comme
from conventions.connexion import DECONNECTE, oublier_saisie, saisie_gardee
from conventions.forms import ChoixMotDePasseForm, ConnexionForm, OubliForm
from conventions.models import Compte
from conventions.operations import comptes
from sev.socle.acces import reserve_a
from sev.socle.formulaires import LIRE_ECRIRE, formulaire, saisie
from sev.socle.temps import maintenant

BACKEND = "conventions.connexion.CompteBackend"
SUITE_MAX = 1500
LIEN_ENVOYE = (
    "Si ce numéro est connu, un e-mail vient de partir à l'adresse du compte. "
    "Il arrive en quelques minutes ; regardez aussi dans les indésirables."
)


def suite_demandee(request) -> str:
    """Return the page that was asked for before signing in, as it came: it may be anything."""
    return request.POST.get("next") or request.GET.get("next") or ""


def suite_de_la_seance(request) -> str:
    """Return where to go once signed in: what was typed before, the page asked for, else the account's home."""
    if saisie_gardee(request):
        return reverse("reprendre")
    oublier_saisie(request)
    suite = suite_demandee(request)
    # A path only: `redirect` would take a bare word for the name of a page, and refuses what is endless.
    if suite.startswith("/") and len(suite) <= SUITE_MAX and url_has_allowed_host_and_scheme(suite, None):
        return suite
    return reverse("admin:index" if request.user.is_staff else settings.LOGIN_REDIRECT_URL)


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(LIRE_ECRIRE)
def connexion(request):
    """Sign in by convention number (C1, C2); each failure is slower than the one before, the fifth closes the door."""
    if request.user.is_authenticated and request.method != "POST":
        return redirect(suite_de_la_seance(request))
    form = ConnexionForm(request, data=saisie(request))
    if form.is_valid():
        login(request, form.get_user())
        request.session.set_expiry(None)
        return redirect(suite_de_la_seance(request))
    time.sleep(
        settings.RALENTISSEMENT_CONNEXION * min(getattr(request, "axes_failures_since_start", None) or 0, 4)
    )
    contexte = {"suite": suite_demandee(request), "deconnecte": DECONNECTE if saisie_gardee(request) else ""}
    return formulaire(request, "conventions/connexion.html", form, **contexte)


@login_not_required
@require_POST
def deconnexion(request):
    """Sign out: the session is emptied, here and on the server, the second factor with it."""
    voir_comme.fermer(request, "déconnexion")
    logout(request)
    messages.success(request, "Vous êtes déconnecté.")
    return redirect("connexion")


@require_POST
@reserve_a(Compte.STAFF)
def voir_comme_quitter(request):
    """Leave « voir comme », back to the page it was begun from."""
    organisme = voir_comme.fermer(request, "retour à l'administration")
    if organisme is None:
        return redirect("admin:index")
    return redirect("admin:conventions_convention_change", organisme.pk)


@login_not_required
@require_safe
def admin_connexion(request):
    """Send the admin's own sign-in page to the one door; whoever is in already lacks the right."""
    if request.user.is_authenticated:
        raise PermissionDenied("Cette page est réservée à l'ANCV.")
    return redirect(
        f"{reverse('connexion')}?{urlencode({'next': request.GET.get('next') or reverse('admin:index')})}"
    )


@login_not_required
@never_cache
@require_http_methods(LIRE_ECRIRE)
def mot_de_passe_oublie(request):
    """Mail a link to whoever has this number; the answer is the same for an unknown one (C2)."""
    form = OubliForm(saisie(request))
    if form.is_valid():
        comptes.demander_mot_de_passe(**form.cleaned_data, maintenant=maintenant())
        messages.info(request, LIEN_ENVOYE)
        return redirect("connexion")
    return formulaire(request, "conventions/mot_de_passe_oublie.html", form)


@method_decorator(login_not_required, name="dispatch")
class ChoisirMotDePasse(PasswordResetConfirmView):
    """The page of the mailed link (C2). Django keeps the token in the session: no address or Referer shows it."""

    form_class = ChoixMotDePasseForm
    reset_url_token = "choisir"  # noqa: S105 - a word of the address
    template_name = "conventions/mot_de_passe_choisir.html"

    def get_user(self, uidb64):
        """Return the account of the link, unless it was closed since."""
        compte = super().get_user(uidb64)
        return compte if compte and compte.is_active else None

    def get_form_kwargs(self):
        kwargs = super().get_form_kwargs()
        kwargs["compte"] = kwargs.pop("user")
        return kwargs

    def form_valid(self, form):
        """Set the password and let the person in; staff sign in again, as their door asks for more."""
        compte = comptes.choisir_mot_de_passe(
            compte=self.user, mot_de_passe=form.cleaned_data["passe_nouveau"]
        )
        del self.request.session[INTERNAL_RESET_SESSION_TOKEN]
        messages.success(self.request, "Votre mot de passe est enregistré.")
        if compte.is_staff:
            return redirect("connexion")
        login(self.request, compte, backend=BACKEND)
        self.request.session.set_expiry(None)
        return redirect(suite_de_la_seance(self.request))

    def form_invalid(self, form):
        return self.render_to_response(self.get_context_data(form=form), status=422)


@require_http_methods(LIRE_ECRIRE)
def reprendre(request):
    """Offer what was typed before the session ended: one button sends it again, the other forgets it."""
    gardee = saisie_gardee(request)
    if request.method == "POST" or gardee is None:
        if request.method == "POST":
            oublier_saisie(request)
            messages.info(request, "Votre saisie est oubliée.")
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "conventions/reprendre.html", {"saisie": gardee})
