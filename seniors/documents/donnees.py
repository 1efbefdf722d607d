"""Everything held about one person (X4), in words that she reads: as a page to print or as JSON."""

import json
from datetime import date, datetime
from decimal import Decimal

from django.db import models
from django.template.loader import render_to_string

from conventions.models import Mouvement
from seniors.annexes import ANNEXES
from seniors.models import Inscription, Senior
from sev.socle.typographie import date_complete, date_lettres, euros

IDENTITE = (
    "civilite",
    "nom",
    "nom_naissance",
    "prenom",
    "date_naissance",
    "ville_naissance",
    "adresse",
    "complement",
    "code_postal",
    "ville",
    "email",
    "telephone",
    "contact_urgence",
    "cree_le",
)
DU_SEJOUR = (
    "eligibilite",
    "nature_aidant",
    "handicape",
    "dependant",
    "rfr",
    "rfr_confidentiel",
    "revenu_imposable",
    "parts",
    "situation",
    "avec_conjoint",
    "chambre_individuelle",
    "regroupement",
    "commentaires",
    "aide",
    "motif_sans_aide",
    "inscrite_le",
    "modifiee_le",
    "effacee_le",
    "revenus_effaces_le",
)


def donnees_de(senior: Senior) -> dict:
    """Return all that is known of `senior`, section by section, label by label; what was left empty is left out."""
    autres = list(Senior.objects.filter(pk__in=Senior.objects.anciennes([senior.pk])).order_by("pk"))
    inscriptions = list(
        Inscription.objects.filter(senior=senior)
        .select_related(
            "groupe__porteur", "groupe__sejour__offre__equipement__prestataire", "senior_lie", "conjoint"
        )
        .order_by("debut", "pk")
    )
    return {
        "Fiche": {"numéro": str(senior.pk)} | valeurs(senior, IDENTITE),
        "Autres orthographes": [valeurs(autre, IDENTITE) for autre in autres],
        "Séjours": [_sejour(i) | valeurs(i, DU_SEJOUR) for i in inscriptions],
        "Aides": _aides(inscriptions),
        **{titre: lignes for annexe in ANNEXES for titre, lignes in annexe.donnees(senior).items()},
        "Actes sur la fiche et les inscriptions": _actes([senior, *autres], inscriptions),
        "Demandes sur les données": [
            {"le": dire(d.le), "nature": d.get_nature_display(), "motif": d.motif}
            for d in senior.demandes.order_by("pk")
        ],
    }


def en_json(senior: Senior) -> str:
    """Return the person's data as JSON, that another program may read."""
    return json.dumps(donnees_de(senior), ensure_ascii=False, indent=2)


def en_page(senior: Senior, *, le: date) -> str:
    """Return the person's data as one HTML page, whole in itself, to print or to send."""
    sections = [
        (titre, contenu if isinstance(contenu, list) else [contenu])
        for titre, contenu in donnees_de(senior).items()
    ]
    return render_to_string("documents/donnees.html", {"senior": senior, "sections": sections, "le": le})


def valeurs(objet, noms: tuple[str, ...]) -> dict[str, str]:
    """Return these fields of `objet` in words, label by label, the empty ones left out."""
    champs = {nom: objet._meta.get_field(nom) for nom in noms}
    dites = {champ.verbose_name: _du_champ(objet, champ) for champ in champs.values()}
    return {libelle: valeur for libelle, valeur in dites.items() if valeur}


def _du_champ(objet, champ: models.Field) -> str:
    if champ.choices:
        return getattr(objet, f"get_{champ.name}_display")()
    return dire(getattr(objet, champ.name))


def dire(valeur) -> str:
    """Return a value in words."""
    match valeur:
        case None | "":
            return ""
        case bool():
            return "oui" if valeur else "non"
        case datetime():
            return date_complete(valeur)
        case date():
            return date_lettres(valeur)
        case Decimal():
            return f"{valeur.normalize():f}".replace(".", ",")
        case _:
            return str(valeur)


def _sejour(inscription: Inscription) -> dict[str, str]:
    equipement = inscription.groupe.sejour.offre.equipement
    return {
        "groupe": str(inscription.groupe_id),
        "organisme": inscription.groupe.porteur.nom,
        "séjour": f"{equipement.nom}, {equipement.ville}",
        "prestataire": equipement.prestataire.nom,
        "début du séjour": dire(inscription.debut),
        "fin du séjour": dire(inscription.fin),
    }


def _aides(inscriptions: list[Inscription]) -> list[dict[str, str]]:
    mouvements = Mouvement.objects.filter(inscription_id__in=[i.pk for i in inscriptions]).order_by("pk")
    groupes = {i.pk: i.groupe_id for i in inscriptions}
    return [
        {
            "le": dire(m.date),
            "groupe": str(groupes[m.inscription_id]),
            "nature": m.get_nature_display(),
            "montant": euros(m.montant),
            "motif": m.motif,
        }
        for m in mouvements
    ]


def _actes(fiches: list[Senior], inscriptions: list[Inscription]) -> list[dict[str, str]]:
    """Return what was done, and when: who did it is a clerk's data, not hers."""
    sources = (
        ("fiche", Senior.pgh_event_model.objects.filter(pgh_obj__in=[fiche.pk for fiche in fiches])),
        ("inscription", Inscription.pgh_event_model.objects.filter(pgh_obj__in=[i.pk for i in inscriptions])),
    )
    actes = [
        (e.pgh_created_at, (e.pgh_context or {}).get("action", ""), quoi)
        for quoi, lignes in sources
        for e in lignes
    ]
    return [{"le": dire(le), "acte": acte, "sur": quoi} for le, acte, quoi in sorted(actes)]
