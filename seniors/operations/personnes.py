"""Who is registered: finding or creating the person, keeping the newest way to reach them, correcting who they are."""

from dataclasses import asdict
from datetime import date

from django.db import IntegrityError, transaction

from sejours.models import Groupe
from seniors.models import Inscription, Senior
from seniors.models.seniors import Identite
from seniors.operations.fiches import Fiche
from seniors.operations.listes import refuser
from seniors.regles.eligibilite import Obstacle, age_au, age_requis
from sev.socle.texte import cle


def personne(senior: Senior | None, identite: Identite | None, fiche: Fiche) -> Senior:
    """Return the person, locked: the one known by `senior` or by `identite`, else a new one.

    A former spelling leads to the person it was merged into (I18).
    """
    if senior is None and (connue := Senior.objects.de_meme_identite(identite).first()):
        senior = connue.actuelle if connue.fusionne_dans_id else None
    if senior is not None:
        senior = _en_usage(Senior.objects.verrouiller().get(pk=senior.pk))
        mettre_a_jour(senior, fiche)
        return senior
    nouveau = Senior(
        nom=identite.nom,
        prenom=identite.prenom,
        date_naissance=identite.date_naissance,
        ville_naissance=identite.ville_naissance,
        cle_nom_naissance=cle(fiche.nom_naissance),
        **identite.cles(),
        **fiche.coordonnees(),
    )
    # What was left empty was not asked: somebody known keeps the telephone or the contact that others wrote.
    dites = [nom for nom, valeur in fiche.coordonnees().items() if valeur or nom == "complement"]
    if fiche.nom_naissance:
        dites.append("cle_nom_naissance")
    # One statement finds or creates the person and locks the row, even when two lists meet a new person together.
    Senior.objects.bulk_create(
        [nouveau],
        update_conflicts=True,
        unique_fields=["date_naissance", "cle_nom", "cle_prenom", "cle_ville"],
        update_fields=dites,
    )
    return _en_usage(nouveau)


def _en_usage(senior: Senior) -> Senior:
    """Refuse somebody whose row was merged, or forgotten, while the form was being filled (I18, X4)."""
    if not senior.en_usage:
        message = "La fiche de cette personne vient de changer à l'ANCV : cherchez-la à nouveau."
        refuser(Obstacle("", message))
    return senior


def mettre_a_jour(senior: Senior, fiche: Fiche) -> None:
    """Keep the newest way to write to the person; a birth name, once known, is not lost by a form that omits it."""
    valeurs = fiche.coordonnees()
    valeurs["nom_naissance"] = valeurs["nom_naissance"] or senior.nom_naissance
    changees = [nom for nom, valeur in valeurs.items() if getattr(senior, nom) != valeur]
    if changees:
        for nom in changees:
            setattr(senior, nom, valeurs[nom])
        senior.cle_nom_naissance = cle(senior.nom_naissance)
        senior.save(update_fields=[*changees, "cle_nom_naissance"])


def corriger_identite(
    inscription: Inscription,
    identite: Identite | None,
    groupe: Groupe,
    le: date,
    *,
    partout: bool = False,
) -> None:
    """Write another identity on the person, if only this porteur ever registered them and nobody else bears it.

    A list that is closed keeps its people (I14), and an aid its person (I9): such a correction is ANCV's (`partout`).
    So is that of a birth date on which another list relies (I5), which must do on that list as well.
    """
    if identite is None:
        return
    senior = inscription.senior
    valeurs = asdict(identite) | identite.cles()
    changees = [nom for nom, valeur in valeurs.items() if getattr(senior, nom) != valeur]
    if not changees:
        return
    autres = Inscription.objects.filter(senior=senior).exclude(pk=inscription.pk).select_related("groupe")
    if partout:
        _age_ailleurs(autres, identite.date_naissance)
    else:
        _identite_a_lui(autres, changees, groupe, le)
    for nom in changees:
        setattr(senior, nom, valeurs[nom])
    _enregistrer_identite(senior, changees)


def _identite_a_lui(autres, changees: list[str], groupe: Groupe, le: date) -> None:
    """Refuse to a porteur the identity of somebody whom others know, or on whom another list relies."""
    if any(autre.groupe.porteur_id != groupe.porteur_id for autre in autres):
        message = "Cette personne est connue d'un autre organisme : demandez la correction à l'ANCV."
        refuser(Obstacle("nom", message))
    ailleurs = [autre.groupe for autre in autres if autre.effacee_le is None]
    if ("date_naissance" in changees and ailleurs) or any(not g.modifiable(le) for g in ailleurs):
        message = "Cette personne est aussi sur une autre de vos listes : demandez la correction à l'ANCV."
        refuser(Obstacle("nom", message))


def _age_ailleurs(autres, naissance: date) -> None:
    """Refuse a birth date that makes somebody too young for another stay they are registered on (I5)."""
    for autre in autres:
        requis = age_requis(autre.eligibilite, handicape=autre.handicape)
        if requis and autre.effacee_le is None and age_au(naissance, autre.debut) < requis:
            message = f"Trop jeune pour le groupe n° {autre.groupe_id}, où cette personne est inscrite ({requis} ans)."
            refuser(Obstacle("date_naissance", message))


def _enregistrer_identite(senior: Senior, changees: list[str]) -> None:
    """Write the identity, unless somebody else bears it."""
    try:
        with transaction.atomic():
            senior.save(update_fields=changees)
    except IntegrityError as erreur:
        if "une_personne_par_identite" not in str(erreur):
            raise
        message = (
            "Une autre personne connue porte déjà cette identité : effacez cette inscription et cherchez-la."
        )
        refuser(Obstacle("nom", message))
