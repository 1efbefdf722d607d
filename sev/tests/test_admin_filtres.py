"""What an address may ask of the lists of the admin: their filters and no other column, whatever it writes (X2)."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse

from activite.models import Activite
from conventions.tests.factories import CompteFactory, ConventionFactory, connecter
from seniors.tests.factories import InscriptionFactory, groupe_dote
from sev.socle.models import Courriel

pytestmark = pytest.mark.django_db

PAGES = sorted(admin.site._registry.items(), key=lambda paire: paire[0]._meta.label)


def adresse(modele) -> str:
    return reverse(f"admin:{modele._meta.app_label}_{modele._meta.model_name}_changelist")


@pytest.fixture
def lectrice(client):
    """A member of ANCV who reads, neither incomes nor the text of mails, signed in."""
    compte = CompteFactory(ancv=True, is_superuser=False)
    compte.groups.add(Group.objects.get(name="lecture"))
    connecter(client, compte)
    return compte


@pytest.mark.parametrize(
    ("route", "question"),
    [
        ("socle_courriel", "texte__contains=mot-de-passe"),
        ("socle_courriel", "html__regex=choisir"),
        ("conventions_compte", "password__startswith=argon2"),
        ("conventions_compte", "secret_agenda__startswith=a"),
        ("seniors_inscription", "rfr__gte=11800"),
        ("seniors_inscription", "revenu_imposable__isnull=False"),
        ("seniors_inscription", "jeton__isnull=False"),
    ],
)
def test_nobody_guesses_what_a_list_does_not_show(client, lectrice, route, question):
    Courriel.objects.create(
        cause="essai", destinataire="a@b.fr", sujet="s", texte="mot-de-passe", html="choisir"
    )
    InscriptionFactory(groupe=groupe_dote())
    reponse = client.get(f"{reverse(f'admin:{route}_changelist')}?{question}")
    assert reponse.status_code in (302, 400)


def test_no_list_is_filtered_by_a_column_that_is_no_filter_of_it(rf, lectrice):
    request = rf.get("/admin/")
    request.user = CompteFactory(ancv=True)
    ouvertes = set()
    for modele, page in PAGES:
        filtres = [
            f if isinstance(f, str) else f[0] if isinstance(f, tuple) else ""
            for f in page.get_list_filter(request)
        ]
        for champ in modele._meta.concrete_fields:
            if champ.name not in filtres and page.lookup_allowed(f"{champ.name}__gte", "a", request):
                ouvertes.add(f"{modele._meta.label}.{champ.name}")
    assert len(PAGES) > 30
    # « annee » is what the filter by year is called, whatever the list.
    assert ouvertes == {"sejours.Sejour.annee", "seniors.Inscription.annee"}


def test_every_choice_of_every_filter_answers(client):
    connecter(client, CompteFactory(ancv=True))
    ConventionFactory()
    InscriptionFactory(groupe=groupe_dote())
    suivies = 0
    for modele, _ in PAGES:
        if modele is Activite:
            continue  # a page of figures
        liste = client.get(adresse(modele)).context["cl"]
        for filtre in liste.filter_specs:
            for choix in filtre.choices(liste):
                reponse = client.get(adresse(modele) + choix["query_string"])
                assert (reponse.status_code, "e=1" in reponse.headers.get("Location", "")) == (200, False), (
                    choix
                )
                suivies += 1
    assert suivies > 100


# What no filter asks, in the place of what it does.
ORDURES = (
    "\0",
    "abc",
    "-1",
    "99999999999999999999",
    "0001-01-01 00:00:00+00:00",
    "9999-12-31 23:59:59+00:00",
    "attente-abc",
    "attente-99999999999",
    "1,2",
    "x" * 3_000,
)


def test_whatever_the_address_writes_in_the_place_of_a_filter_no_list_breaks(client, rf):
    agent = CompteFactory(ancv=True)
    connecter(client, agent)
    InscriptionFactory(groupe=groupe_dote())
    request = rf.get("/admin/")
    request.user = agent
    rendues = set()
    for modele, page in PAGES:
        for filtre in page.get_list_filter(request):
            simple = not isinstance(filtre, str | tuple)
            nom = filtre.parameter_name if simple else filtre if isinstance(filtre, str) else filtre[0]
            # One question of each kind is enough for each filter: which one, and what, turns with the filters.
            questions = [""] if simple else ["__exact", "__gte", "__isnull", "__year", "__in"]
            for rang, ordure in enumerate(ORDURES):
                question = questions[(rang + len(nom)) % len(questions)]
                rendues.add(client.get(adresse(modele), {f"{nom}{question}": ordure}).status_code)
    assert rendues <= {200, 302, 400}


@pytest.mark.parametrize("nom", ["q", "o", "p", "all", "_popup", "_to_field", "page"])
def test_nor_in_the_place_of_what_turns_and_sorts_the_pages(client, nom):
    connecter(client, CompteFactory(ancv=True))
    for route in ("seniors_inscription", "conventions_mouvement", "socle_courriel"):
        for ordure in ORDURES:
            reponse = client.get(reverse(f"admin:{route}_changelist"), {nom: ordure})
            assert reponse.status_code in (200, 302, 400), (route, ordure)
