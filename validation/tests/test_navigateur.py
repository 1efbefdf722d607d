"""The pages « Validation » in a real browser: both sides, both widths, with and without JavaScript; axe."""

from datetime import datetime, time, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from seniors.tests.factories import PARIS, InscriptionFactory, SeniorFactory, clair, groupe_dote
from sev.socle.temps import aujourdhui
from sev.tests.test_navigateur import LARGEURS, entrer
from validation.models import Presence, Validation, Versement
from validation.operations.validations import valider
from validation.tests.factories import cles, comptes_de

pytestmark = pytest.mark.django_db(transaction=True)

GENS = (
    ("RIAUX", "Madeleine", "PROGRAMME"),
    ("RIBAUT", "Pierre", "AIDE"),
    ("RONVIN", "Simone", "AIDE"),
    ("SAVATE", "Bernard", "AIDE"),
)


@pytest.fixture
def groupe():
    """Four people, three of them aided, whose stay ended yesterday."""
    debut = aujourdhui() - timedelta(8)
    groupe = groupe_dote(1_500, sejour__debut=debut)
    for nom, prenom, eligibilite in GENS:
        InscriptionFactory(
            groupe=groupe,
            senior=SeniorFactory(nom=nom, prenom=prenom),
            civilite="MME" if prenom in ("Madeleine", "Simone") else "M",
            eligibilite=eligibilite,
            le=debut - timedelta(60),
        )
    return groupe


def ouvrir(navigateur, live_server, largeur, script):
    contexte = navigateur.new_context(
        base_url=live_server.url,
        locale="fr-FR",
        viewport={"width": largeur, "height": 800},
        java_script_enabled=script,
    )
    contexte.set_default_timeout(60_000)
    erreurs = []
    contexte.on("weberror", lambda erreur: erreurs.append(str(erreur.error)))
    contexte.on("console", lambda m: erreurs.append(m.text) if "Content Security Policy" in m.text else None)
    return contexte, erreurs


def sans_defaut(page, script):
    """Nothing for axe to find, nothing that scrolls sideways."""
    large = page.locator("main").evaluate("() => document.documentElement.scrollWidth > innerWidth")
    if script:
        assert [(v["id"], v["nodes"][0]["html"]) for v in Axe().run(page).response["violations"]] == [], (
            page.url
        )
    assert not large, page.url


def somme(page) -> str:
    return clair(" ".join(page.locator("#somme").inner_text().split()))


@pytest.mark.parametrize("script", [True, False], ids=["script", "sans-script"])
@pytest.mark.parametrize("largeur", LARGEURS)
def test_both_sides_say_who_travelled(navigateur, live_server, groupe, largeur, script):
    porteur, prestataire = comptes_de(groupe)
    aide = int(groupe.inscriptions.filter(aide__isnull=False).first().aide)

    contexte, erreurs = ouvrir(navigateur, live_server, largeur, script)
    page = contexte.new_page()
    entrer(page, prestataire)
    page.goto(reverse("validation"))
    sans_defaut(page, script)
    page.get_by_role("link", name=f"Valider : groupe n° {groupe.pk}").click()
    page.get_by_role("heading", name="Qui est venu").wait_for()
    sans_defaut(page, script)
    page.get_by_label("Venu : Bernard SAVATE").uncheck()
    if script:
        page.get_by_text("Absent : Bernard SAVATE").wait_for()
        assert f"2 × {aide} €" in somme(page)
    else:
        assert f"3 × {aide} €" in somme(page)
    page.get_by_role("button", name="Valider la liste").click()
    page.get_by_role("heading", name="1 personne n’est pas venue").wait_for()
    sans_defaut(page, script)
    page.get_by_role("button", name="Corriger").click()
    assert not page.get_by_label("Venu : Bernard SAVATE").is_checked()
    page.get_by_role("button", name="Valider la liste").click()
    page.get_by_role("button", name="Valider pour de bon").click()
    page.get_by_text("La liste est validée.").wait_for()
    sans_defaut(page, script)
    contexte.close()
    assert erreurs == []
    assert Validation.objects.get().validee_par == prestataire

    contexte, erreurs = ouvrir(navigateur, live_server, largeur, script)
    page = contexte.new_page()
    entrer(page, porteur)
    page.goto(reverse("validation"))
    page.get_by_role("link", name=f"Confirmer : groupe n° {groupe.pk}").click()
    simone = page.get_by_role("row").filter(has_text="RONVIN Simone")
    assert not simone.get_by_text("Désaccord").is_visible()
    page.get_by_label("Partie : Simone RONVIN").uncheck()
    # The style sheet alone shows it: no script is needed.
    assert simone.get_by_text("Désaccord").is_visible()
    if script:
        page.get_by_text("Désaccord : Simone RONVIN").wait_for()
        assert f"1 × {aide} €" in somme(page)
    sans_defaut(page, script)
    page.get_by_role("button", name="Valider la liste").click()
    page.get_by_role("heading", name="2 personnes ne sont pas parties").wait_for()
    page.get_by_role("heading", name="1 désaccord avec le prestataire").wait_for()
    sans_defaut(page, script)
    page.get_by_role("button", name="Valider pour de bon").click()
    page.get_by_text("La liste est confirmée.").wait_for()
    sans_defaut(page, script)
    contexte.close()
    assert erreurs == []
    assert [v.montant for v in Versement.objects.all()] == [aide]
    assert str(Presence.objects.en_litige().get().inscription.senior) == "Simone RONVIN"


def test_a_stale_page_says_what_to_do(page, groupe):
    _, prestataire = comptes_de(groupe)
    entrer(page, prestataire)
    page.goto(reverse("validation-groupe", args=[groupe.pk]))
    collegue_valide = {"groupe": groupe, "presents": cles(groupe), "par": prestataire, "le": aujourdhui()}
    valider(**collegue_valide, maintenant=datetime.combine(aujourdhui(), time(0, 1), PARIS))
    page.get_by_label("Venu : Bernard SAVATE").uncheck()
    page.get_by_role("button", name="Valider la liste").click()
    page.get_by_role("alert").wait_for()
    assert "Vous avez validé la liste." in clair(page.get_by_role("alert").inner_text())
    sans_defaut(page, True)
