"""The page of a group (S6) and the documents of its list."""

from django.core.paginator import Paginator
from django.db.models import Count, Sum
from django.shortcuts import render
from django.views.decorators.http import require_safe

from conventions.models import Organisme
from sejours.views.liste import retour_a_la_liste
from seniors import documents
from seniors.forms import FiltreListe
from seniors.journal import journal_du_groupe
from seniors.models import Inscription
from seniors.regles.libelles import libelle_decision, libelle_sans_motif
from seniors.views.portes import groupe_de
from sev.socle.acces import reserve_a
from sev.socle.communes import departement
from sev.socle.pdf import PdfIndisponible, reponse_pdf
from sev.socle.tableur import reponse_xlsx
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import echeance, euros, quantite

PORTEUR, PRESTATAIRE = Organisme.Nature.PORTEUR, Organisme.Nature.PRESTATAIRE
# A coach: most lists are one page, as they are printed; nobody looks for a name among twenty.
PAR_PAGE = 50
SANS_RECHERCHE = 20
TRIS = {
    "nom": Inscription.PAR_NOM,
    "naissance": ("senior__date_naissance", "senior__cle_nom", "pk"),
    "eligibilite": ("eligibilite", "senior__cle_nom", "senior__cle_prenom", "pk"),
    "inscription": ("inscrite_le", "pk"),
}


@require_safe
@reserve_a(PORTEUR, PRESTATAIRE)
def groupe(request, numero):
    """The list of a group: header, counters, deadline, participants with the decision about each."""
    groupe, le = groupe_de(request, numero), aujourdhui()
    tri, ordre = _tri(request.GET.get("tri", ""))
    presentes = groupe.inscriptions.sur_la_liste(groupe)
    filtres = FiltreListe(request.GET)
    inscriptions = filtres.filtrer(presentes).select_related("senior", "senior_lie__senior").order_by(*ordre)
    page = Paginator(inscriptions, PAR_PAGE).get_page(request.GET.get("page"))
    modifiable = request.user.est_porteur and request.user.peut_ecrire and groupe.modifiable(le)
    contexte = {
        "groupe": groupe,
        "retour": retour_a_la_liste(request),
        "le": le,
        "maintenant": maintenant(),
        "page": page,
        "tri": tri,
        "filtres": filtres,
        "cherche": bool(filtres.choisis()),
        "cherchable": groupe.inscrits > SANS_RECHERCHE or bool(filtres.choisis()),
        "lignes": _lignes(page, groupe, request.user, le),
        "compteurs": _compteurs(groupe, presentes, le),
        "faits": _faits(groupe),
        "jours": (groupe.dernier_jour - le).days,
        "phrase": echeance(groupe.dernier_jour, le),
        "modifiable": modifiable,
        # An attestation may be printed once the list no longer moves.
        "attestable": request.user.est_porteur and groupe.annule_le is None and groupe.verrouille(le),
        "verrouille": groupe.verrouille(le),
        "gerable": _gerable(request.user, groupe, le),
        "effacements": _effacements(groupe) if modifiable else [],
        "journal": journal_du_groupe(groupe, pour=request.user),
    }
    return render(request, "seniors/groupe.html", contexte)


@require_safe
@reserve_a(PORTEUR, PRESTATAIRE)
def rooming_list(request, numero):
    """The rooming-list as a PDF, as one's role may read it (X2)."""
    return _pdf(request, numero, documents.rooming_list, "rooming-list")


@require_safe
@reserve_a(PORTEUR)
def details(request, numero):
    """The recap table of the porteur as a PDF: eligibility, aid, remainder to pay."""
    return _pdf(request, numero, documents.details, "details")


@require_safe
@reserve_a(PORTEUR, PRESTATAIRE)
def liste_xlsx(request, numero):
    """The list as a spreadsheet, as one's role may read it (X2)."""
    groupe = groupe_de(request, numero)
    liste = groupe.inscriptions.sur_la_liste(groupe).liste()
    contenu = documents.liste_xlsx(
        groupe, liste, vue=request.user.nature, le=aujourdhui(), maintenant=maintenant()
    )
    return reponse_xlsx(f"groupe-{groupe.pk}-liste.xlsx", contenu)


def _pdf(request, numero, document, nom):
    groupe = groupe_de(request, numero)
    liste = groupe.inscriptions.sur_la_liste(groupe).liste()
    try:
        contenu = document(groupe, liste, vue=request.user.nature, le=aujourdhui(), maintenant=maintenant())
    except PdfIndisponible:
        return render(request, "seniors/sans_pdf.html", {"groupe": groupe}, status=503)
    return reponse_pdf(f"groupe-{groupe.pk}-{nom}.pdf", contenu)


def _gerable(compte, groupe, le) -> bool:
    """Tell whether this account may change the group's places or cancel it (S7, S8)."""
    a_venir = groupe.annule_le is None and le < groupe.sejour.debut
    return compte.est_prestataire and compte.peut_ecrire and a_venir


def _tri(demande: str) -> tuple[str, list[str]]:
    """Return the sort in force and its ORDER BY; an unknown one is the alphabetical order."""
    cle = demande.removeprefix("-")
    if cle not in TRIS:
        return "nom", list(TRIS["nom"])
    champs = TRIS[cle]
    return demande, [f"-{champ}" for champ in champs] if demande.startswith("-") else list(champs)


def _lignes(page, groupe, compte, le) -> list[dict]:
    if compte.est_prestataire:
        return [{"inscription": i, "senior": i.senior, "decision": libelle_sans_motif(i)} for i in page]
    rangs = Inscription.objects.rangs(page, groupe, le=le)
    return [
        {"inscription": i, "senior": i.senior, "decision": libelle_decision(i, rangs.get(i.pk))} for i in page
    ]


def _compteurs(groupe, presentes, le) -> list[tuple[str, str]]:
    sommes = presentes.aggregate(inscrits=Count("pk"), aides=Count("aide"), aide=Sum("aide"))
    inscrits = sommes["inscrits"]
    return [
        (f"{inscrits}/{groupe.places}", f"inscrits sur {quantite(groupe.places, 'place')}"),
        (f"{sommes['aides']}/{inscrits}", f"subventions accordées sur {quantite(inscrits, 'inscrit')}"),
        (euros(sommes["aide"] or 0), "d'aides accordées" if groupe.sejour.fin < le else "d'aides engagées"),
    ]


def _faits(groupe) -> list[tuple[str, str]]:
    """Return the header of the manual, « Liste des groupes par séjour » (S6)."""
    offre, equipement = groupe.sejour.offre, groupe.sejour.offre.equipement
    aide = groupe.aide_du_tarif
    return [
        ("Prestataire", equipement.prestataire.nom),
        ("Équipement", equipement.nom),
        ("Ville", equipement.ville),
        ("Département", f"{equipement.departement}, {departement(equipement.departement)}"),
        ("Environnement", equipement.get_environnement_display()),
        ("Durée du séjour", offre.get_duree_display()),
        ("Tarif du séjour", euros(groupe.prix)),
        ("Montant de l'aide ANCV", euros(aide) if aide else "pas encore connu"),
        ("Reste à la charge du sénior", euros(groupe.prix - aide) if aide else "pas encore connu"),
        ("Année", str(groupe.sejour.annee)),
    ]


def _effacements(groupe) -> list[dict]:
    """Return what was removed and may be put back: one entry for each act, the latest first (I13)."""
    revenus = groupe.inscriptions.presentes().values("senior")
    effacees = groupe.inscriptions.filter(effacee_le__isnull=False).exclude(senior__in=revenus)
    actes: dict = {}
    for inscription in effacees.select_related("senior").order_by("-effacee_le", "senior__cle_nom"):
        actes.setdefault(inscription.effacee_le, []).append(inscription.senior)
    return [{"effacee_le": quand, "seniors": seniors} for quand, seniors in actes.items()]
