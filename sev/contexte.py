"""What every page shows around its content: who is signed in, the menu, the programme's state, whom to call."""

from functools import cache

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import Error
from django.urls import reverse

from conventions.models import Compte, Organisme, Programme
from sejours.models import Option
from sev.socle.temps import aujourdhui
from validation.suivi import a_traiter

MENU_PORTEUR = (
    ("Accueil", "accueil"),
    ("Chercher un séjour", "offres"),
    ("Mes options", "options"),
    ("Mes groupes", "groupes"),
    ("Mes crédits", "credits"),
    ("Validation", "validation"),
    ("Mon compte", "compte"),
    ("Utilisateurs", "utilisateurs"),
    ("Journal", "journal"),
)
MENU_PRESTATAIRE = (
    ("Accueil", "accueil"),
    ("Options reçues", "options"),
    ("Groupes", "groupes"),
    ("Séjours", "sejours"),
    ("Équipements", "equipements"),
    ("Validation", "validation"),
    ("Versements", "versements"),
    ("Mon compte", "compte"),
    ("Utilisateurs", "utilisateurs"),
    ("Journal", "journal"),
)
MENU_ANCV = (("Administration", "admin:index"),)
MENU_DEMO = (("Courriels de la démo", "demo-courriels"),)
MENUS = {
    Organisme.Nature.PORTEUR: MENU_PORTEUR,
    Organisme.Nature.PRESTATAIRE: MENU_PRESTATAIRE,
    Compte.STAFF: MENU_ANCV,
}


def page(request):
    """Context of base.html: compte, menu, programme, contact, demo, vue (who sees as whom, or None).

    One query, when the page is one of ours, and one or two more for the menu of those who write.
    Without the database the page is drawn as for someone who is not signed in.
    """
    compte = _compte(request)

    @cache
    def programme():
        return _programme()

    def contact():
        en_cours = programme()
        return en_cours and {
            "telephone": en_cours.contact_telephone,
            "courriel": en_cours.contact_email,
        }

    return {
        "compte": compte,
        "menu": menu(compte, request.path),
        "programme": programme,
        "contact": contact,
        "demo": settings.SEV_DEMO,
        "vue": getattr(request, "vue", None),
    }


def menu(compte, chemin: str) -> list[dict]:
    """Return the entries of the role's menu, the one of the page at `chemin` marked."""
    if not compte.is_authenticated:
        return []
    entrees = MENUS[compte.nature] + (MENU_DEMO if settings.SEV_DEMO else ())
    pastilles = _pastilles(compte)
    return [_entree(libelle, reverse(nom), chemin, pastilles.get(nom, 0)) for libelle, nom in entrees]


def _entree(libelle: str, url: str, chemin: str, pastille: int) -> dict:
    courant = chemin == url or (url != "/" and chemin.startswith(url))
    return {"libelle": libelle, "url": url, "courant": courant, "pastille": pastille}


def _pastilles(compte) -> dict[str, int]:
    """Return how many things wait behind an entry of the menu: lists to validate, a provider's options to answer."""
    if not (compte.organisme_id and compte.peut_ecrire):
        return {}
    le = aujourdhui()
    try:
        pastilles = {"validation": a_traiter(compte, le=le).count()}
        if compte.est_prestataire:
            pastilles["options"] = Option.objects.pour(compte).en_cours().filter(echeance__gte=le).count()
    except Error:
        return {}
    return pastilles


def _compte(request):
    compte = getattr(request, "user", None) or AnonymousUser()
    try:
        return compte if compte.is_authenticated and compte.nature else AnonymousUser()
    except Error:
        return AnonymousUser()


def _programme():
    """Return the programme that concerns everybody today: the first one suspended, else this year's."""
    annee = aujourdhui().year
    try:
        programmes = list(Programme.objects.filter(annee__gte=annee).order_by("annee"))
    except Error:
        return None
    suspendus = [p for p in programmes if p.suspendu]
    return next(iter(suspendus + [p for p in programmes if p.annee == annee]), None)
