"""What every template of SEV loads: French wording, icons, the leaf, bars, fields. Use: {% load sev %}."""

from functools import cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html

from sev.socle import champs, typographie
from sev.socle.temps import aujourdhui

register = template.Library()

# Filters under their own names.
for _filtre in (
    typographie.typo,
    typographie.euros,
    typographie.euros_ronds,
    typographie.pour_cent,
    typographie.nombre,
    typographie.quantite,
    typographie.de,
    typographie.ordinal,
    typographie.jour_mois_annee,
    typographie.jour_mois,
    typographie.date_complete,
    typographie.date_lettres,
    typographie.heure,
    typographie.premiere_phrase,
    typographie.periode_longue,
    champs.presenter,
    champs.resume_erreurs,
    typographie.feuille,
):
    register.filter(_filtre)


@register.filter
def date_longue(le, jour=None):
    """« mardi 27 avril », the year only when it is not the current one (or that of `jour`)."""
    return typographie.date_longue(le, jour or aujourdhui()) if le else ""


@register.filter
def periode(debut, fin):
    """« du 14 au 21 mai », the year only when it is not the current one."""
    return typographie.periode(debut, fin, aujourdhui())


@register.filter
def echeance(dernier_jour, jour=None):
    """Say the deadline: « Plus que 3 jours : la liste ferme le mardi 27 avril à minuit. »."""
    return typographie.echeance(dernier_jour, jour or aujourdhui())


@register.filter
def jours_restants(dernier_jour, jour=None):
    """Days from today to `dernier_jour`: the `n` of the leaf, negative when it is past."""
    return (dernier_jour - (jour or aujourdhui())).days


@register.simple_tag
def icone(nom, taille=18, classe=""):
    """Draw a picture of the sprite, beside a word: {% icone "printer" %}, {% icone "lock-fill" 24 %}."""
    return _icone(nom, taille, classe)


# A handful of names and sizes: the markup is made once each, which matters on lists of many rows.
@cache
def _icone(nom, taille, classe):
    return format_html(
        '<svg width="{}" height="{}" aria-hidden="true" focusable="false"{}><use href="{}#{}"/></svg>',
        taille,
        taille,
        format_html(' class="{}"', classe) if classe else "",
        static("img/icones.svg"),
        nom,
    )


@register.filter
def ton_du_message(message):
    """The tone of a message of django.contrib.messages: success ok, warning att, error non, else info."""
    return {"success": "ok", "warning": "att", "error": "non"}.get(message.level_tag, "info")


@register.filter
def lien_telephone(numero):
    """« 0 969 320 616 » as it is dialled from anywhere: +33969320616."""
    chiffres = "".join(c for c in numero if c.isdigit())
    return f"+33{chiffres[1:]}" if chiffres.startswith("0") else f"+{chiffres}"


@register.filter
def prefixe_erreurs(formulaire):
    """« 4 erreurs : », the beginning of the title of a page whose form was refused; nothing otherwise."""
    n = len(champs.resume_erreurs(formulaire)) if formulaire.is_bound and formulaire.errors else 0
    return f"{typographie.quantite(n, 'erreur')}\u00a0: " if n else ""


@register.filter
def sieges(inscrits, places):
    """What composants/places.html draws: up to 12 squares (x, taken), then one bar, of 95 when full."""
    if places <= 12:
        return {
            "largeur": 11 * places,
            "carres": [(11 * rang, rang < inscrits) for rang in range(places)],
        }
    return {"barre": round(95 * min(inscrits, places) / places)}


@register.simple_tag
def remplissage(places, prises, en_option):
    """What composants/remplissage.html draws: the given and the held part of a stay's places, as widths out of 100."""
    return {
        "prises": f"{100 * prises / (places or 1):.2f}",
        "en_option": f"{100 * en_option / (places or 1):.2f}",
    }


@register.simple_tag
def parts_de_credit(alloue, verse, engage):
    """The paid and the reserved part of a credit, as widths out of 100, and the sentence that says them."""
    total = max(alloue, verse + engage) or 1
    disponible = alloue - verse - engage
    return {
        "verse": f"{100 * verse / total:.2f}",
        "engage": f"{100 * engage / total:.2f}",
        "disponible": disponible,
        "phrase": (
            f"Crédits de l’année\u00a0: {typographie.euros(verse)} versés, "
            f"{typographie.euros(engage)} engagés, "
            f"{typographie.euros(disponible)} disponibles sur {typographie.euros(alloue)} alloués."
        ),
    }


@register.filter
def pages_abregees(page):
    """The numbers to show around the current page, « … » where some are left out."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)


@register.filter
def sens_du_tri(tri, cle):
    """How the list is sorted on column `cle`: "ascending", "descending" or nothing."""
    return {cle: "ascending", f"-{cle}": "descending"}.get(tri, "")


@register.simple_tag(takes_context=True)
def adresse_de_page(context, numero, nom="page"):
    """The address of another page of a list, its filters, its sort and the other list of the page kept."""
    garde = context.request.GET.copy()
    garde[nom] = numero
    return f"?{garde.urlencode()}"
