"""Who of ANCV's staff may do what: one table, from which `migrate` writes the groups of rights.

A superuser, « administrateur », has every right and alone opens, closes and empowers the accounts of staff.
"""

# Letters of the table: see a page, add, change. Nothing is ever deleted in the admin.
VERBES = {"v": "view", "a": "add", "c": "change"}

# Everything but money out; money out and what it needs; reading, neither incomes nor the text of mails.
GROUPES = ("gestion", "finances", "lecture")

# "app.model", or "app.codename" of one right: what each group may, in the order of GROUPES. Models of the apps above
# are named by their label, so that all of it is read in one place; sev/tests/test_droits.py holds that none is missing.
DROITS = {
    # conventions
    "conventions.organisme": ("vac", "v", "v"),
    "conventions.convention": ("vac", "v", "v"),
    "conventions.compte": ("vc", "", "v"),
    "conventions.credit": ("vac", "v", "v"),
    "conventions.mouvement": ("v", "v", "v"),
    "conventions.demandecomplement": ("vc", "v", "v"),
    "conventions.demandecomplementevent": ("v", "v", "v"),
    "conventions.decision": ("v", "v", "v"),
    "conventions.import": ("vac", "v", "v"),
    "conventions.delete_import": (True, False, False),
    "conventions.programme": ("vac", "v", "v"),
    "conventions.programmeevent": ("v", "v", "v"),
    "conventions.fermeture": ("vac", "v", "v"),
    "conventions.tarif": ("vac", "v", "v"),
    "conventions.bareme": ("vac", "v", "v"),
    "conventions.evenementsecurite": ("v", "", ""),
    "conventions.voir_comme": (True, False, True),
    # sejours
    "sejours.equipement": ("vac", "v", "v"),
    "sejours.offre": ("vac", "v", "v"),
    "sejours.sejour": ("vac", "v", "v"),
    "sejours.groupe": ("vac", "v", "v"),
    "sejours.option": ("v", "v", "v"),
    "sejours.demandeplaces": ("v", "", "v"),
    "sejours.groupeevent": ("v", "v", "v"),
    # seniors
    # Who may change a registration is shown its incomes.
    "seniors.inscription": ("vac", "", "v"),
    "seniors.inscriptionevent": ("v", "", "v"),
    # Who may change a person may be given, or erase, all that is held about them.
    "seniors.senior": ("vc", "", "v"),
    "seniors.seniorevent": ("v", "", "v"),
    "seniors.demandedonnees": ("v", "", "v"),
    "seniors.doublon": ("vc", "", "v"),
    "seniors.doublonevent": ("v", "", "v"),
    "seniors.fusion": ("vc", "", "v"),
    # validation
    "validation.validation": ("vc", "v", "v"),
    "validation.validationevent": ("v", "v", "v"),
    "validation.presence": ("vc", "v", "v"),
    "validation.presenceevent": ("v", "v", "v"),
    "validation.signalement": ("vc", "", "v"),
    "validation.signalementevent": ("v", "", "v"),
    "validation.personnesignalee": ("vc", "", "v"),
    "validation.personnesignaleeevent": ("v", "", "v"),
    # An identity card, an avis d'imposition: it tells incomes.
    "validation.piece": ("v", "", ""),
    "validation.lot": ("v", "vac", "v"),
    "validation.lotevent": ("v", "v", "v"),
    "validation.virement": ("v", "vc", "v"),
    "validation.versement": ("v", "v", "v"),
    "validation.coordonneesbancaires": ("v", "vac", ""),
    "validation.coordonneesbancairesevent": ("v", "v", ""),
    # activite: counting a year again is a change
    "activite.activite": ("vc", "v", "v"),
    # socle
    "socle.lecture": ("v", "", ""),
    "socle.courriel": ("vc", "v", "v"),
    "socle.passage": ("v", "v", "v"),
}


def droits_du_groupe(groupe: str) -> set[str]:
    """Return the rights of a group as Django names them, `app.codename`."""
    rang, droits = GROUPES.index(groupe), set()
    for quoi, parts in DROITS.items():
        app, nom = quoi.split(".")
        if parts[rang] is True:
            droits.add(quoi)
        elif parts[rang]:
            droits |= {f"{app}.{VERBES[lettre]}_{nom}" for lettre in parts[rang]}
    return droits


def ecrire_les_groupes(*, using, **kwargs) -> None:
    """Make the groups what the table says, after each `migrate`: rights added by hand are taken back."""
    from django.apps import apps
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission

    # The rights of apps that come after this one are only written by their own signal.
    for app in sorted({quoi.split(".")[0] for quoi in DROITS}):
        create_permissions(apps.get_app_config(app), verbosity=0, using=using)
    connus = {
        f"{p.content_type.app_label}.{p.codename}": p
        for p in Permission.objects.using(using).select_related("content_type")
    }
    for nom in GROUPES:
        groupe, _ = Group.objects.using(using).get_or_create(name=nom)
        groupe.permissions.set(connus[droit] for droit in droits_du_groupe(nom))
