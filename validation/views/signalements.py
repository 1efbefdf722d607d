"""« Signaler une liste non conforme »: who is missing, with papers; the report as it stands; its withdrawal (V5)."""

from dataclasses import astuple

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from conventions.models import Organisme
from sejours.models import Groupe
from sev.socle.acces import ecriture, reserve_a
from sev.socle.formulaires import LIRE_ECRIRE, tenter
from sev.socle.refus import RefusMetier
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import quantite
from validation import pieces as papiers
from validation.forms.signalements import SignalementForm
from validation.models import Piece, Signalement
from validation.operations import signalements as operations
from validation.operations.pieces import PieceGardee, encore_libres, mettre_de_cote, place_libre

PORTEUR, PRESTATAIRE = Organisme.Nature.PORTEUR, Organisme.Nature.PRESTATAIRE
SEL = "validation.pieces"


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PORTEUR, PRESTATAIRE)
@ecriture
def signaler(request, numero):
    """Report who is missing. `ajouter` shows the form again with one more person; checked papers are kept meanwhile."""
    groupe = get_object_or_404(Groupe.objects.pour(request.user).complets(), pk=numero)
    if refus := operations.empechement(groupe=groupe, par=request.user, le=aujourdhui()):
        return _page(request, groupe, refus=refus, status=422 if request.method == "POST" else 200)
    if request.method != "POST":
        return _page(request, groupe, form=SignalementForm(lignes=1, gardees=[], le=aujourdhui()))
    gardees = _gardees(request, groupe)
    form = SignalementForm(
        request.POST,
        request.FILES,
        lignes=_lignes(request),
        gardees=gardees,
        le=aujourdhui(),
        place=place_libre(request.user),
    )
    valide = form.is_valid()
    gardees += [mettre_de_cote(lue, compte=request.user) for lue in form.lues]
    for double in form.doubles:
        messages.info(request, double)
    if "ajouter" in request.POST:
        return _une_ligne_de_plus(request, groupe, form, gardees)
    if valide and (signalement := _faire(request, groupe, form, gardees)):
        messages.success(request, _dit(signalement))
        return redirect("signaler", groupe.pk)
    return _page(request, groupe, form=form, gardees=gardees, status=422)


@require_http_methods(LIRE_ECRIRE)
@reserve_a(PORTEUR, PRESTATAIRE)
@ecriture
def annuler(request, numero):
    """Ask, then withdraw the report that waits."""
    groupe = get_object_or_404(Groupe.objects.pour(request.user).complets(), pk=numero)
    signalements = Signalement.objects.pour(request.user).filter(validation=groupe.pk)
    signalement = get_object_or_404(signalements.en_attente().select_related("validation"))
    contexte = {"groupe": groupe, "signalement": signalement}
    if request.method != "POST":
        return render(request, "validation/signalement_annuler.html", contexte)
    try:
        operations.annuler(
            signalement=signalement, par=request.user, le=aujourdhui(), maintenant=maintenant()
        )
    except RefusMetier as refus:
        return render(
            request, "validation/signalement_annuler.html", contexte | {"refus": refus.message}, status=422
        )
    messages.success(
        request, "Le signalement est annulé. Le délai a repris, les pièces jointes sont détruites."
    )
    return redirect("signaler", groupe.pk)


@require_safe
@reserve_a(PORTEUR, PRESTATAIRE)
@ecriture
def piece(request, numero, piece):
    """A paper, as a download, to those of the side that sent it who may report: it tells incomes (X2)."""
    pieces = Piece.objects.pour(request.user).filter(signalement__validation=numero, detruite_le__isnull=True)
    try:
        return papiers.telecharger(get_object_or_404(pieces, pk=piece))
    except FileNotFoundError as absente:
        raise Http404 from absente


# --- Steps ------------------------------------------------------------------------------------------------


def _faire(request, groupe: Groupe, form: SignalementForm, gardees: list[PieceGardee]) -> Signalement | None:
    return tenter(
        form,
        operations.signaler,
        groupe=groupe,
        personnes=form.cleaned_data["manquantes"],
        pieces=gardees,
        message=form.cleaned_data["message"],
        par=request.user,
        le=aujourdhui(),
        maintenant=maintenant(),
    )


def _dit(signalement: Signalement) -> str:
    jours = signalement.validation.jours_restants
    if jours == 0:
        return "Le délai est arrêté. Il vous restera le jour même de la réponse de l'ANCV, jusqu'à minuit."
    return f"Le délai est arrêté. Il vous restera {quantite(jours, 'jour')} quand l'ANCV aura répondu."


def _une_ligne_de_plus(request, groupe: Groupe, form: SignalementForm, gardees: list[PieceGardee]):
    """Show the form again, nothing lost and nothing reproached, but the papers that can't be kept."""
    lignes = form.lignes + 1
    initial = {nom: request.POST.get(nom, "") for nom in form.fields if nom != "pieces"}
    nouveau = SignalementForm(initial=initial, lignes=lignes, gardees=gardees, le=form.le)
    refusees = form.errors.get("pieces", []) if request.FILES else []
    return _page(request, groupe, form=nouveau, gardees=gardees, refusees=refusees, ouvrir=nouveau.lignes)


def _page(request, groupe: Groupe, *, form=None, gardees=(), refusees=(), refus="", ouvrir=0, status=200):
    signalements = Signalement.objects.pour(request.user).filter(validation=groupe.pk)
    contexte = {
        "groupe": groupe,
        "form": form,
        "gardees": [{"jeton": _jeton(request, groupe, piece), "piece": piece} for piece in gardees],
        "refusees": list(refusees),
        "refus": refus,
        "ouvrir": ouvrir,
        "signalements": list(
            signalements.select_related("validation").prefetch_related("personnes", "pieces").order_by("-pk")
        ),
    }
    return render(request, "validation/signaler.html", contexte, status=status)


def _lignes(request) -> int:
    lignes = request.POST.get("lignes", "")
    return int(lignes) if lignes.isascii() and lignes.isdecimal() and len(lignes) < 4 else 1


def _jeton(request, groupe: Groupe, piece: PieceGardee) -> str:
    """Return what stands for a paper that is kept, for this account and this group, as long as a session."""
    return signing.dumps([groupe.pk, request.user.pk, *astuple(piece)], salt=SEL)


def _gardees(request, groupe: Groupe) -> list[PieceGardee]:
    """Return the papers kept by the page before; those of somebody else, too old or used already are left out."""
    lues = []
    for jeton in dict.fromkeys(request.POST.getlist("gardees")):
        try:
            numero, compte, *piece = signing.loads(jeton, salt=SEL, max_age=settings.SESSION_COOKIE_AGE)
        except signing.BadSignature:
            continue
        if (numero, compte) == (groupe.pk, request.user.pk):
            lues.append(PieceGardee(*piece))
    return encore_libres(lues)
