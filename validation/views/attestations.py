"""The attestations that a porteur hands to its seniors: one person's, or the whole list's in one document."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from conventions.models import Organisme
from sejours.models import Groupe
from seniors.models import Inscription
from sev.socle.acces import reserve_a
from sev.socle.pdf import PdfIndisponible, reponse_pdf
from sev.socle.temps import aujourdhui, maintenant
from validation.documents.attestations import attestations as pdf_des_attestations

PORTEUR = Organisme.Nature.PORTEUR
PAR_DOCUMENT = 100


@require_safe
@reserve_a(PORTEUR)
def attestation(request, numero, inscription):
    """One person's attestation; 404 for somebody who is not on one's list, or did not travel."""
    groupe, attestables = _attestables(request, numero)
    presente = get_object_or_404(attestables, pk=inscription)
    return _pdf(request, groupe, [presente], nom=f"attestation-{presente.pk}")


@require_safe
@reserve_a(PORTEUR)
def attestations(request, numero):
    """The attestations of everybody on the list but those who did not travel, a page each; 404 for nobody.

    A long list is printed by parts (`partie`), which this address then shows: a page takes a twentieth of a second.
    """
    groupe, attestables = _attestables(request, numero)
    toutes = list(attestables)
    parties = [toutes[debut : debut + PAR_DOCUMENT] for debut in range(0, len(toutes), PAR_DOCUMENT)]
    demandee = request.GET.get("partie", "1" if len(parties) == 1 else "")
    if demandee == "" and parties:
        contexte = {"groupe": groupe, "parties": parties, "combien": len(toutes)}
        return render(request, "validation/attestations.html", contexte)
    rang = int(demandee) if demandee.isascii() and demandee.isdecimal() and len(demandee) < 4 else 0
    if not 1 <= rang <= len(parties):
        raise Http404
    nom = f"groupe-{groupe.pk}-attestations" + (f"-{rang}" if len(parties) > 1 else "")
    return _pdf(request, groupe, parties[rang - 1], nom=nom)


def _attestables(request, numero):
    groupes = Groupe.objects.pour(request.user).filter(annule_le__isnull=True)
    groupe = get_object_or_404(groupes.complets(), pk=numero)
    inscriptions = (
        Inscription.objects.pour(request.user)
        .presentes()
        .filter(groupe=groupe)
        .exclude(presence__retenue=False)
        .liste()
        .select_related("senior", "presence", "versement__virement__lot")
    )
    return groupe, inscriptions


def _pdf(request, groupe, inscriptions, *, nom: str):
    try:
        contenu = pdf_des_attestations(groupe, inscriptions, le=aujourdhui(), maintenant=maintenant())
    except PdfIndisponible:
        return render(request, "seniors/sans_pdf.html", {"groupe": groupe}, status=503)
    return reponse_pdf(f"{nom}.pdf", contenu)
