"""Conventions that a machine can check: doors, clock, operations, templates, names of the tests."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.template import engines
from django.template.base import NodeList
from django.template.loader_tags import ExtendsNode, IncludeNode

from conventions.tests.factories import CompteFactory

RACINE = Path(__file__).resolve().parents[2]
GABARITS = RACINE / "templates"
PAQUETS = ("sev", "conventions", "sejours", "seniors", "validation", "activite")


@cache
def modules() -> dict[str, ast.Module]:
    """The project's own Python, less tests and migrations: path → tree."""
    fichiers = [f for paquet in PAQUETS for f in (RACINE / paquet).rglob("*.py")]
    noms = {f: str(f.relative_to(RACINE)) for f in fichiers}
    return {
        nom: ast.parse(f.read_text(), nom)
        for f, nom in sorted(noms.items(), key=lambda paire: paire[1])
        if not {"tests", "migrations"} & set(f.parts)
    }


def parmi(*etages: str) -> dict[str, ast.Module]:
    """The modules of these floors: `views.py` as well as what stands in `views/`."""
    return {nom: arbre for nom, arbre in modules().items() if set(etages) & set(re.split(r"[/.]", nom))}


def appelee(appel: ast.Call) -> str:
    return ast.unparse(appel.func).rsplit(".", 1)[-1]


# --- Doors (X1) -------------------------------------------------------------------------------------------------

# What a view may say after `.objects`, or give to get_object_or_404; the search asks for a whole identity (I2), and
# every porteur looks at every stay (S2).
PORTES = {"pour", "de_meme_identite", "semblables", "offerts_a", "du_secret"}
# The few other ways to rows, each with its reason.
AUTRES_PORTES = {
    "seniors/views/groupe.py: Inscription.objects.rangs": "a rank shows no other list",
    "seniors/views/portes.py: get_object_or_404(Senior)": "the person is carried by a token signed for this account",
    "sev/views.py: Courriel.objects.all": "the demo's mails; no such page elsewhere",
    "sev/views.py: get_object_or_404(Courriel)": "the demo's mails; no such page elsewhere",
    "conventions/forms/ancv.py: Convention.objects.actives": "a form of ANCV's admin",
    "conventions/forms/ancv.py: Group.objects.order_by": "the groups of rights, in ANCV's admin",
    "sejours/forms/ancv.py: Convention.objects.select_related": "a whole number, typed by ANCV or a provider (S4)",
}


def acces_directs(nom: str, arbre: ast.Module) -> set[str]:
    """The ways to rows in a module that are not a door."""
    trouves = set()
    parents = {enfant: noeud for noeud in ast.walk(arbre) for enfant in ast.iter_child_nodes(noeud)}
    for noeud in ast.walk(arbre):
        if isinstance(noeud, ast.Attribute) and noeud.attr in (
            "objects",
            "_default_manager",
            "_base_manager",
        ):
            suite = parents.get(noeud)
            methode = suite.attr if isinstance(suite, ast.Attribute) else ""
            if methode not in PORTES:
                trouves.add(f"{nom}: {ast.unparse(noeud)}.{methode}")
        if isinstance(noeud, ast.Call) and appelee(noeud) in ("get_object_or_404", "get_list_or_404"):
            source = noeud.args[0]
            if isinstance(source, ast.Name) and source.id[0].isupper():
                trouves.add(f"{nom}: {appelee(noeud)}({source.id})")
        if isinstance(noeud, ast.Call) and appelee(noeud) in ("raw", "cursor"):
            trouves.add(f"{nom}: {appelee(noeud)}")
    return trouves


def test_views_and_forms_reach_rows_only_through_a_door():
    trouves = set()
    for nom, arbre in parmi("views", "forms").items():
        trouves |= acces_directs(nom, arbre)
    assert trouves == set(AUTRES_PORTES)


@pytest.mark.parametrize(
    ("source", "vu"),
    [
        ("Groupe.objects.pour(compte).filter(pk=1)", set()),
        ("get_object_or_404(Groupe.objects.pour(compte), pk=1)", set()),
        ("get_object_or_404(groupes, pk=1)", set()),
        ("Groupe.objects.filter(pk=1)", {"v: Groupe.objects.filter"}),
        ("get_object_or_404(Groupe, pk=1)", {"v: get_object_or_404(Groupe)"}),
        ("get_object_or_404(Groupe.objects, pk=1)", {"v: Groupe.objects."}),
        ("models.Groupe._default_manager.get(pk=1)", {"v: models.Groupe._default_manager.get"}),
        ("connection.cursor()", {"v: cursor"}),
    ],
)
def test_a_way_around_the_doors_is_seen(source, vu):
    assert acces_directs("v", ast.parse(source)) == vu


def test_every_door_is_closed_to_staff_and_to_those_who_own_nothing(db):
    """ANCV works in the admin; a new account sees its own organisation and nothing else."""
    portes = [m for m in apps.get_models() if hasattr(m._default_manager, "pour")]
    assert len(portes) >= 11
    for compte in (CompteFactory(ancv=True), CompteFactory(), CompteFactory(prestataire=True)):
        vus = {m.__name__: m._default_manager.pour(compte).count() for m in portes}
        siens = {"Organisme": 1, "Convention": 1, "Compte": 1} if compte.organisme_id else {}
        assert vus == dict.fromkeys(vus, 0) | siens


# --- Clock ------------------------------------------------------------------------------------------------------

HORLOGE = re.compile(
    r"\b(aujourdhui|maintenant)\(\)|\b(date|datetime|timezone)\.(today|now|utcnow|localdate|localtime\(\))|\btime\.time\("
)
# Where the clock may be read; the floors below are given the day.
LISENT_L_HEURE = {
    "views",
    "admin",
    "administration",
    "tasks",
    "management",
    "connexion",
    "contexte",
    "etat",
    "voir_comme",
    "temps",
    "passages",
    "demo",
}


def lit_l_heure(arbre: ast.Module) -> set[str]:
    appels = {ast.unparse(noeud) for noeud in ast.walk(arbre) if isinstance(noeud, ast.Call)}
    return {appel for appel in appels if HORLOGE.match(appel)}


def test_nobody_reads_the_clock_below_views_and_tasks():
    dessous = {nom: arbre for nom, arbre in modules().items() if nom not in parmi(*LISENT_L_HEURE)}
    assert {nom for nom, arbre in dessous.items() if lit_l_heure(arbre)} == {"sev/socle/templatetags/sev.py"}
    assert len(dessous) > 40


def test_one_module_reads_the_clock_of_the_machine():
    lecteurs = {
        nom
        for nom, arbre in modules().items()
        if any(not appel.startswith(("aujourdhui", "maintenant")) for appel in lit_l_heure(arbre))
    }
    assert lecteurs == {"sev/socle/temps.py"}


@pytest.mark.parametrize(
    ("source", "vu"),
    [
        ("le = aujourdhui()", True),
        ("x = maintenant()", True),
        ("date.today()", True),
        ("datetime.now(tz=None)", True),
        ("timezone.now()", True),
        ("time.time()", True),
        ("Now()", False),
        ("inscrire(le=le, maintenant=maintenant)", False),
        ("timezone.localtime(le)", False),
    ],
)
def test_a_look_at_the_clock_is_seen(source, vu):
    assert bool(lit_l_heure(ast.parse(source))) is vu


# --- Operations -------------------------------------------------------------------------------------------------


def operations() -> dict[str, ast.FunctionDef]:
    """The public functions of the operations that say who acts, or on which day."""
    return {
        f"{nom}: {noeud.name}": noeud
        for nom, arbre in parmi("operations").items()
        for noeud in arbre.body
        if isinstance(noeud, ast.FunctionDef)
        and not noeud.name.startswith("_")
        and {"par", "le"} & {a.arg for a in noeud.args.kwonlyargs}
    }


def test_an_operation_is_one_transaction_with_named_arguments_and_a_docstring():
    assert len(operations()) >= 20
    for nom, fonction in operations().items():
        assert fonction.args.args == [], nom
        assert ast.get_docstring(fonction), nom
        lot_par_lot = nom in {
            "conventions/operations/imports.py: importer",
            "activite/operations.py: relever_les_annees",
            "sejours/operations/groupes.py: verrouiller_listes",
            "sejours/operations/options.py: faire_tomber",
            "seniors/operations/files.py: servir_toutes_les_files",
            "validation/operations/fenetres.py: ouvrir_validations",
            "validation/operations/fenetres.py: constater_depassements",
            "validation/operations/fenetres.py: rappeler",
        }
        # A step of another operation needs no savepoint of its own.
        decorateurs = [ast.unparse(d).removesuffix("(savepoint=False)") for d in fonction.decorator_list]
        assert decorateurs == ([] if lot_par_lot else ["transaction.atomic"]), nom


def test_only_operations_write():
    """Views, forms, rules, documents and mails don't save, create, update or delete rows."""
    ecritures = {
        "save",
        "create",
        "bulk_create",
        "get_or_create",
        "update_or_create",
        "delete",
        "bulk_update",
    }
    trouves = {
        f"{nom}: {ast.unparse(noeud.func)}"
        for nom, arbre in parmi(
            "views", "forms", "regles", "documents", "rooming", "courriels", "taches", "journal"
        ).items()
        for noeud in ast.walk(arbre)
        if isinstance(noeud, ast.Call)
        and isinstance(noeud.func, ast.Attribute)
        and noeud.func.attr in ecritures
    }
    assert {t for t in trouves if not t.startswith("sev/socle/courriels.py")} == set()


def test_no_module_is_a_drawer_for_everything():
    interdits = {"utils", "common", "helpers", "services", "managers", "signals"}
    assert {nom for nom in modules() if interdits & set(re.split(r"[/.]", nom))} == set()


# --- Templates --------------------------------------------------------------------------------------------------


def textes_du_code() -> set[str]:
    """The string constants of the code, docstrings excepted, and its f-strings as regular expressions (« {} »)."""
    textes = set()
    for arbre in modules().values():
        for noeud in ast.walk(arbre):
            if isinstance(noeud, ast.Constant) and isinstance(noeud.value, str):
                textes.add(noeud.value)
            elif isinstance(noeud, ast.JoinedStr):
                textes.add("".join(p.value if isinstance(p, ast.Constant) else "{}" for p in noeud.values))
    return textes


def noms_cites(gabarit: str) -> set[str]:
    """The templates that this one extends or includes by name."""
    noms = set()

    def visiter(noeuds: NodeList):
        for noeud in noeuds:
            cite = getattr(noeud, "parent_name", None) if isinstance(noeud, ExtendsNode) else None
            cite = noeud.template if isinstance(noeud, IncludeNode) else cite
            if cite is not None and isinstance(cite.var, str):
                noms.add(cite.var)
            for liste in noeud.child_nodelists:
                visiter(getattr(noeud, liste, None) or NodeList())
            for branche in getattr(noeud, "conditions_nodelists", ()):
                visiter(branche[1])

    visiter(engines["django"].engine.get_template(gabarit).nodelist)
    return noms


def est_demande(gabarit: str, textes: set[str]) -> bool:
    """Whether Python names this template, by itself or as a mail of two formats."""
    if gabarit in textes or gabarit.startswith("admin/"):
        return True
    if not gabarit.startswith("courriels/"):
        return False
    nom = Path(gabarit).stem
    return nom in textes or any(
        re.fullmatch(re.escape(t).replace(r"\{\}", ".+"), nom) for t in textes if "{}" in t and t.strip("{}")
    )


def test_every_template_is_used():
    tous = {str(f.relative_to(GABARITS)) for f in GABARITS.rglob("*") if f.suffix in (".html", ".txt")}
    textes = textes_du_code()
    atteints, a_voir = set(), [g for g in tous if est_demande(g, textes)]
    while a_voir:
        gabarit = a_voir.pop()
        if gabarit in tous - atteints:
            atteints.add(gabarit)
            a_voir += noms_cites(gabarit)
    assert tous - atteints == set()
    assert len(tous) > 50


def test_every_component_opens_with_its_parameters():
    for fichier in (GABARITS / "composants").glob("*.html"):
        assert fichier.read_text().startswith("{#") or fichier.read_text().startswith("{% comment"), (
            fichier.name
        )


def test_every_mail_has_its_text_and_its_html():
    courriels = [f for f in (GABARITS / "courriels").iterdir() if not f.name.startswith("_")]
    assert {f.stem for f in courriels if f.suffix == ".txt"} == {
        f.stem for f in courriels if f.suffix == ".html"
    }
