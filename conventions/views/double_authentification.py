"""The second factor of ANCV's staff: set up, asked at each sign-in, its recovery codes, another telephone."""

import django_otp
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from conventions.forms import CodeDeSecoursForm, CodeForm, PasseActuelForm, TelephoneForm
from conventions.models import Compte
from conventions.operations import second_facteur as operations
from conventions.second_facteur import avant_le_second_facteur, cle_lisible, dessiner
from conventions.views.seance import suite_de_la_seance, suite_demandee
from sev.socle.acces import reserve_a
from sev.socle.formulaires import LIRE_ECRIRE, formulaire, saisie, tenter
from sev.socle.temps import maintenant
from sev.socle.typographie import quantite

OCTETS_DE_LA_CLE = 20
CLE = "cle_proposee"
PEU_DE_CODES = 3
FAUX = {
    False: "Ce n'est pas le bon code, ou il a déjà servi. Attendez le suivant : il change toutes les 30 secondes.",
    True: "Ce code n'est pas sur votre feuille, ou il a déjà servi.",
}


@avant_le_second_facteur
@sensitive_post_parameters()
@require_http_methods(LIRE_ECRIRE)
@reserve_a(Compte.STAFF)
def double_authentification(request):
    """Ask for the code of the telephone; once it is given, show what is set up."""
    telephone = operations.telephone(request.user)
    if telephone is None:
        return _avec_suite(request, "double-authentification-activer")
    if request.method == "POST" or not request.user.is_verified():
        return _demander(request, de_secours=False)
    if "next" in request.GET:
        return redirect(suite_de_la_seance(request))
    contexte = {"telephone": telephone, "restants": operations.codes_restants(request.user)}
    return render(request, "conventions/double_authentification.html", contexte)


@avant_le_second_facteur
@sensitive_post_parameters()
@require_http_methods(LIRE_ECRIRE)
@reserve_a(Compte.STAFF)
def double_authentification_secours(request):
    """Ask for a recovery code, from whoever is without the telephone."""
    if operations.telephone(request.user) is None:
        return redirect("double-authentification-activer")
    return _demander(request, de_secours=True)


def _demander(request, *, de_secours: bool):
    """Ask for a code, or take it: the session then bears the device, under another key."""
    genre = CodeDeSecoursForm if de_secours else CodeForm
    form = genre(saisie(request))
    if form.is_valid():
        verification = operations.verifier(
            compte=request.user,
            code=form.cleaned_data["passe_code"],
            de_secours=de_secours,
            maintenant=maintenant(),
        )
        if verification.appareil:
            return _entrer(request, verification)
        form.add_error("passe_code", _pourquoi(verification, de_secours))
    contexte = {"de_secours": de_secours, "suite": suite_demandee(request)}
    return formulaire(request, "conventions/double_code.html", form, **contexte)


def _pourquoi(verification, de_secours: bool) -> str:
    if verification.attendre:
        return f"Trop d'essais. Attendez {quantite(verification.attendre, 'seconde')} avant le suivant."
    return FAUX[de_secours]


def _entrer(request, verification):
    _porter(request, verification.appareil)
    if verification.de_secours:
        reste = operations.codes_restants(request.user)
        ton = messages.warning if reste <= PEU_DE_CODES else messages.info
        ton(request, f"Ce code de secours ne sert plus. Il vous en reste {reste}.")
    return redirect(suite_de_la_seance(request))


def _porter(request, appareil) -> None:
    """Let the session bear the device that was proved, under another key."""
    django_otp.login(request, appareil)
    request.session.cycle_key()
    request.session.set_expiry(None)


@avant_le_second_facteur
@sensitive_post_parameters()
@require_http_methods(LIRE_ECRIRE)
@reserve_a(Compte.STAFF)
def double_authentification_activer(request):
    """Set up the telephone, the first one or another: its key is drawn, a code proves that it holds it."""
    changement = operations.telephone(request.user) is not None
    if changement and not request.user.is_verified():
        return _avec_suite(request, "double-authentification")
    # The key waits in the session, so that a page read again shows the same drawing.
    cle = request.session.setdefault(CLE, random_hex(OCTETS_DE_LA_CLE))
    form = TelephoneForm(request, saisie(request)) if changement else CodeForm(saisie(request))
    if form.is_valid():
        fait = tenter(
            form,
            operations.activer,
            compte=request.user,
            cle=cle,
            code=form.cleaned_data["passe_code"],
            changement=changement,
            maintenant=maintenant(),
        )
        if fait:
            telephone, codes = fait
            del request.session[CLE]
            _porter(request, telephone)
            return _montrer(request, codes)
    adresse = TOTPDevice(user=request.user, key=cle).config_url
    contexte = {
        "changement": changement,
        "dessin": dessiner(adresse),
        "adresse": adresse,
        "cle": cle_lisible(cle),
        "suite": suite_demandee(request),
    }
    return formulaire(request, "conventions/double_activer.html", form, **contexte)


@sensitive_post_parameters()
@require_http_methods(LIRE_ECRIRE)
@reserve_a(Compte.STAFF)
def double_authentification_codes(request):
    """Renew the recovery codes, the password typed once more."""
    if operations.telephone(request.user) is None:
        return redirect("double-authentification-activer")
    form = PasseActuelForm(request, saisie(request))
    if form.is_valid():
        return _montrer(request, operations.renouveler_codes(compte=request.user, maintenant=maintenant()))
    restants = operations.codes_restants(request.user)
    return formulaire(request, "conventions/double_codes.html", form, restants=restants)


def _montrer(request, codes: list[str]):
    """Show new recovery codes, in the answer itself: they are written nowhere, so no other page could."""
    contexte = {"codes": codes, "le": maintenant(), "suite": suite_de_la_seance(request)}
    return render(request, "conventions/double_codes_nouveaux.html", contexte)


def _avec_suite(request, nom: str):
    """Lead to one of these pages, which in its turn leads where this one would have."""
    suite = request.GET.get("next")
    return redirect_to_login(suite, reverse(nom)) if suite else redirect(nom)
