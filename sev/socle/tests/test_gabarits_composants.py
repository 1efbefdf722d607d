"""Components: what each draws from its parameters, and that every page made of them is accessible."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.template import Context, engines
from django.test import RequestFactory
from django.urls import include, path

from sev.socle import champs

pytestmark = pytest.mark.urls(__name__)


def _rien(request):
    return HttpResponse()


urlpatterns = [
    path("", _rien, name="accueil"),
    path("deconnexion/", _rien, name="deconnexion"),
    path("mot-de-passe-oublie/", _rien, name="mot-de-passe-oublie"),
    path("", include("sev.socle.pages")),
]

COMPOSANTS = settings.BASE_DIR / "templates" / "composants"
SPRITE = (settings.BASE_DIR / "static" / "img" / "icones.svg").read_text()


def rendre(source, requete="/groupes/", **contexte):
    """`source` rendered as a page would, with a request but without the database."""
    contexte = Context({"csrf_token": "jeton", **contexte})
    contexte.request = RequestFactory().get(requete)
    return engines["django"].from_string("{% load sev %}" + source).template.render(contexte)


def composant(nom, requete="/groupes/", **parametres):
    """The component `nom` included with exactly these parameters, on one line, its spaces shortened."""
    passes = " ".join(f"{cle}={cle}" for cle in parametres)
    avec = f"with {passes} " if passes else ""
    source = f'{{% include "composants/{nom}.html" {avec}only %}}'
    return re.sub(r"\s+", " ", rendre(source, requete, **parametres).replace("\u00a0", "_")).strip()


def textes(html):
    """What is read of `html`, tags taken away."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)).strip()


class Fiche(forms.Form):
    civilite = forms.ChoiceField(
        label="Civilité", choices=[("MME", "Madame"), ("M", "Monsieur")], widget=forms.RadioSelect
    )
    adresse = forms.CharField(
        label="Adresse",
        help_text="Numéro et rue",
        error_messages={"required": "Écrivez le numéro et la rue"},
    )
    complement = forms.CharField(label="Complément d'adresse", required=False)
    code_postal = forms.CharField(
        label="Code postal", max_length=5, widget=forms.TextInput(attrs={"class": "court"})
    )
    ville = forms.ChoiceField(label="Ville", choices=[("", "Choisir"), ("A", "ACIGNÉ"), ("B", "BRÉAL")])
    naissance = forms.DateField(label="Né le", required=False)
    rfr = forms.DecimalField(label="RFR", error_messages={"invalid": "RFR sans lettres"})
    handicape = forms.BooleanField(label="Handicapé", required=False, help_text="Peut partir dès 55 ans.")
    regimes = forms.MultipleChoiceField(
        label="Régimes",
        choices=[("s", "Sans sel"), ("v", "Végétarien")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    commentaires = forms.CharField(label="Commentaires", required=False, widget=forms.Textarea)
    secret = forms.CharField(label="Mot de passe", required=False, widget=forms.PasswordInput)
    piece = forms.FileField(label="Pièce", required=False)
    jeton = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, auto_id="%s", **kwargs)
        self.fields["civilite"].aides = {"M": "Homme"}


def champ(nom, formulaire=None, **parametres):
    return composant("champ", champ=(formulaire or Fiche())[nom], **parametres)


# --- Fields ------------------------------------------------------------------------------------------------


def test_a_field_reads_label_hint_error_control_in_that_order():
    html = champ("adresse", Fiche({"adresse": ""}))
    assert html == (
        '<div class="champ erreur"><label class="form-label" for="adresse">Adresse</label> '
        '<span class="form-text" id="adresse-aide">Numéro et rue</span>'
        '<span class="invalid-feedback" id="adresse-erreur">'
        '<span class="visually-hidden">Erreur_: </span>Écrivez le numéro et la rue </span>'
        '<input aria-describedby="adresse-aide adresse-erreur" aria-invalid="true" autocomplete="off" '
        'class="form-control is-invalid" id="adresse" name="adresse" type="text" required></div>'
    )


def test_an_optional_field_says_so_unless_asked_not_to():
    assert "(facultatif)" in champ("complement")
    assert "(facultatif)" not in champ("complement", sans_mention=True)
    assert "(facultatif)" not in champ("adresse")
    assert "(facultatif)" not in champ("handicape")
    assert "Adresse *</label>" in champ("adresse", etoile=True)


def test_the_width_and_the_length_come_from_the_form():
    html = champ("code_postal", Fiche(initial={"code_postal": '3"<541'}))
    assert 'class="form-control court"' in html
    assert 'maxlength="5"' in html
    assert 'value="3&quot;&lt;541"' in html


def test_amounts_and_dates_are_typed_as_text_on_a_numeric_keyboard():
    rfr, naissance = champ("rfr"), champ("naissance", Fiche(initial={"naissance": date(1948, 3, 12)}))
    assert 'type="text"' in rfr
    assert 'inputmode="numeric"' in rfr
    assert 'type="number"' not in rfr
    assert 'value="12/03/1948"' in naissance
    assert 'inputmode="numeric"' in naissance


def test_radios_are_a_group_with_its_own_error_and_a_line_for_each_choice():
    html = champ("civilite", Fiche({"civilite": "X"}), en_ligne=True)
    assert html.startswith(
        '<fieldset class="champ erreur" id="civilite" aria-describedby="civilite-erreur" '
        'role="radiogroup" aria-invalid="true"><legend>Civilité</legend>'
    )
    assert '<div class="choix choix-ligne">' in html
    assert (
        '<input class="form-check-input" id="civilite_1" value="M" name="civilite" type="radio" required>'
        '<label class="form-check-label" for="civilite_1">Monsieur<small>Homme</small></label>'
    ) in html
    assert "checked" not in html


def test_what_was_chosen_stays_chosen():
    formulaire = Fiche({"civilite": "M", "ville": "B", "regimes": ["v"], "handicape": "on"})
    assert re.findall(r'value="(\w+)"[^>]* checked', champ("civilite", formulaire)) == ["M"]
    assert re.findall(r'value="(\w*)" selected', champ("ville", formulaire)) == ["B"]
    assert re.findall(r'value="(\w+)"[^>]* checked', champ("regimes", formulaire)) == ["v"]
    assert " checked>" in champ("handicape", formulaire)
    assert " checked>" not in champ("handicape")


def test_a_box_carries_its_hint_in_its_label():
    assert champ("handicape") == (
        '<div class="champ"><div class="choix"><div class="form-check"><input '
        'aria-describedby="handicape-aide" class="form-check-input" id="handicape" name="handicape" '
        'type="checkbox">'
        '<label class="form-check-label" for="handicape">Handicapé'
        '<small id="handicape-aide">Peut partir dès 55_ans.</small></label></div></div></div>'
    )


def test_a_text_area_keeps_its_first_line_break():
    html = rendre(
        '{% include "composants/champ.html" with champ=champ only %}',
        champ=Fiche({"commentaires": "\nSans <sel>"})["commentaires"],
    )
    assert ">\n\nSans &lt;sel&gt;</textarea>" in html


def test_a_password_and_a_file_never_come_back():
    formulaire = Fiche({"secret": "Vacances"}, {"piece": "avis.pdf"})
    assert "value=" not in champ("secret", formulaire)
    assert "value=" not in champ("piece", formulaire)


def test_a_hidden_field_is_nothing_but_its_input():
    assert (
        champ("jeton", Fiche({"jeton": "abc"})) == '<input id="jeton" name="jeton" type="hidden" value="abc">'
    )


def test_a_widget_that_we_cannot_draw_is_refused():
    class Autre(forms.Form):
        moment = forms.SplitDateTimeField()

    with pytest.raises(TypeError, match="SplitDateTimeWidget"):
        champs.presenter(Autre()["moment"])


# --- Errors ------------------------------------------------------------------------------------------------


def refusee():
    formulaire = Fiche({"code_postal": "35410", "ville": "A", "rfr": "neuf", "adresse": ""})
    formulaire.add_error(None, "La liste a fermé pendant votre saisie.")
    return formulaire


def test_the_summary_has_the_words_of_the_fields_in_page_order():
    html = composant("erreurs", form=refusee())
    assert "Il y a 4_réponses à revoir" in html
    assert re.findall(r'<li>(?:<a href="#(\w*)">|<strong>)(.*?)</', html) == [
        ("", "La liste a fermé pendant votre saisie."),
        ("civilite_0", "Civilité_: ce champ est obligatoire."),
        ("adresse", "Adresse_: écrivez le numéro et la rue"),
        ("rfr", "RFR_: RFR sans lettres"),
    ]


class Precise(forms.Form):
    """Fields whose refusals have a colon of their own."""

    naissance = forms.CharField(
        label="Date de naissance", error_messages={"required": "Écrivez la date ainsi : 31/05/1948"}
    )
    retour = forms.CharField(
        label="Retour",
        error_messages={"required": "Cette date n'existe pas. Écrivez la date ainsi : 31/05/1948"},
    )


def test_a_sentence_of_the_summary_has_one_colon():
    html = composant("erreurs", form=Precise({}))
    assert re.findall(r'<li><a href="#\w+">(.*?)</', html) == [
        "Date de naissance. Écrivez la date ainsi_: 31/05/1948",
        "Retour_: cette date n&#x27;existe pas. Écrivez la date ainsi_: 31/05/1948",
    ]


def test_one_error_is_said_in_the_singular():
    formulaire = Fiche({"civilite": "M", "code_postal": "35410", "ville": "A", "rfr": "9", "adresse": ""})
    assert "Il y a 1_réponse à revoir" in composant("erreurs", form=formulaire)
    assert rendre("{{ form|prefixe_erreurs }}", form=formulaire) == "1\u00a0erreur\u00a0: "


def test_a_form_that_was_not_sent_has_no_summary():
    assert composant("erreurs", form=Fiche()) == ""
    assert rendre("{{ form|prefixe_erreurs }}", form=Fiche()) == ""


# --- Objects of the page ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "classe", "lu"),
    [
        (8, "", "Encore 8 jours"),
        (4, "bientot", "Encore 4 jours"),
        (3, "bientot", "Plus que 3 jours"),
        (1, "urgent", "Plus que 1 jour"),
        (0, "urgent", "Dernier jour ce soir"),
        (-5, "neutre", "Liste fermée"),
    ],
)
def test_leaf(n, classe, lu):
    html = composant("feuille", n=n)
    assert html.startswith(f'<div class="feuille {classe}">')
    assert textes(html) == lu


def test_a_leaf_may_carry_a_free_word():
    assert textes(composant("feuille", mot="60 €", haut="Crédits")) == "Crédits 60 €"


def test_the_deadline_has_the_colour_of_its_leaf():
    html = composant("echeance", n=2, phrase="Plus que 2 jours.", suite="Ensuite : plus rien.")
    assert '<p class="tache-echeance urgent">Plus que 2 jours.</p>' in html
    assert '<p class="secondaire">Ensuite_: plus rien.</p>' in html
    assert 'class="tache-echeance"' in composant("echeance", n=20, phrase="Encore 20 jours.")


@pytest.mark.parametrize(("inscrits", "places"), [(0, 1), (7, 10), (12, 12)])
def test_up_to_twelve_seats_are_drawn_one_by_one(inscrits, places):
    html = composant("places", inscrits=inscrits, places=places)
    assert html.count("<rect") == places
    assert html.count('class="siege pris"') == inscrits


def test_beyond_twelve_seats_one_bar_is_drawn():
    html = composant("places", inscrits=20, places=40, complement="Il reste 20 places.")
    assert html.count("<rect") == 2
    assert 'width="48"' in html
    assert textes(html) == "20_inscrits sur 40_places. Il reste 20_places."
    assert textes(composant("places", inscrits=2, places=10, court=True)) == "2/10"


def test_a_task_has_one_button_primary_when_one_must_act():
    tache = {"titre": "LES CYCLADES", "n": 3, "echeance": "Plus que 3 jours.", "url": "/g/1/"}
    a_faire = composant("tache", t={**tache, "bouton": "Compléter", "principal": True, "cache": "la liste"})
    assert '<p class="tache-echeance bientot">Plus que 3_jours.</p>' in a_faire
    assert re.findall(r'<a class="btn ([\w-]+)" href="([^"]*)">(.*?)</a>', a_faire) == [
        ("btn-primary", "/g/1/", 'Compléter<span class="visually-hidden"> la liste</span>')
    ]
    a_relire = composant("tache", t={**tache, "bouton": "Relire", "inscrits": 8, "places": 8})
    assert "btn-outline-primary" in a_relire
    assert (
        textes(a_relire) == "Plus que 3 jours LES CYCLADES Plus que 3_jours. 8_inscrits sur 8_places Relire"
    )


def test_the_gauge_says_and_draws_the_same_amounts():
    html = composant(
        "jauge",
        annee=2027,
        alloue=Decimal(1500),
        verse=Decimal(480),
        engage=Decimal(960),
        aides_versees=3,
        aides_engagees=6,
    )
    assert 'role="img" aria-label="Crédits de l’année_: 480_€ versés, 960_€ engagés, 60_€ disponibles' in html
    assert '<rect width="32.00" height="10" class="jauge-verse"/>' in html
    assert '<rect x="32.00" width="64.00" height="10" fill="url(#raye-2027)"/>' in html
    assert "Versé (3_aides) 480_€" in textes(html)
    assert "Alloué 1_500_€" in textes(html)


def test_a_credit_of_nothing_is_an_empty_gauge():
    html = composant("jauge", annee=2027, alloue=Decimal(0), verse=Decimal(0), engage=Decimal(0))
    assert '<rect width="0.00" height="10" class="jauge-verse"/>' in html


@pytest.mark.parametrize(
    ("ton", "role", "icone"),
    [
        ("info", "status", "info-circle-fill"),
        ("ok", "status", "check-circle-fill"),
        ("att", "status", "exclamation-triangle-fill"),
        ("non", "alert", "x-circle-fill"),
    ],
)
def test_a_message_has_its_icon_its_role_and_a_bold_first_sentence(ton, role, icone):
    html = composant("message", ton=ton, texte="Roger est inscrit. Aide accordée : 160 €.")
    assert html.startswith(f'<div class="message {ton}" role="{role}"><svg')
    assert f"#{icone}" in html
    assert '<span class="titre">Roger est inscrit.</span> Aide accordée_: 160_€.' in html


def test_a_message_of_the_page_itself_is_not_announced():
    html = composant("message", ton="info", titre="Liste close", icone="lock-fill", muet=True)
    assert "role=" not in html
    assert "#lock-fill" in html


def test_text_is_escaped_and_safe_text_is_not():
    assert "&lt;b&gt;" in composant("message", ton="info", texte="<b>")
    assert "&lt;b&gt;" in composant("decision", ton="oui", titre="<b>")


@pytest.mark.parametrize(
    ("ton", "classe", "icone"),
    [
        ("pin", "panneau", "check-circle-fill"),
        ("gris", "panneau vide", "dash-circle"),
        ("ocre", "panneau att", "hourglass-split"),
        ("brique", "panneau non", "x-circle-fill"),
    ],
)
def test_the_panel_says_the_decision_in_its_state(ton, classe, icone):
    html = composant(
        "panneau",
        p={
            "ton": ton,
            "titre": "Titre",
            "conditions": [{"ok": ton == "pin", "texte": "Âge"}, {"ok": None, "texte": "Ville"}],
        },
    )
    assert html.startswith(
        f'<div class="{classe}" role="status" aria-live="polite" aria-atomic="true" id="decision">'
    )
    assert re.findall(r"#([\w-]+)\"", html) == [icone, icone, "question-circle"]


def test_the_panel_asks_for_what_is_missing():
    html = composant("panneau", p={"ton": "gris", "inconnu": True, "titre": "Pas encore de décision"})
    assert "#question-circle" in html
    assert "panneau-corps" not in html


def test_the_panel_ends_with_what_remains_to_pay():
    p = {"ton": "pin", "titre": "Aide", "conditions": [], "prix": 410, "aide": 160, "reste": 250}
    lu = "Aide Tarif du séjour 410_€ Aide ANCV −_160_€ Reste à sa charge 250_€"
    assert textes(composant("panneau", p=p)) == lu
    assert "Aide ANCV" not in composant("panneau", p={**p, "aide": None, "reste": 410})


def test_facts_counters_and_badges():
    assert textes(composant("faits", faits=[("Durée", "8 jours")], serre=True)) == "Durée 8_jours"
    assert composant("compteurs", compteurs=[("7/10", "inscrits")]) == (
        '<dl class="compteurs"><div><dt>inscrits</dt><dd>7/10</dd></div></dl>'
    )
    assert composant("etat", libelle="Terminé", ton="ok") == '<span class="etat ok">Terminé</span>'


def test_a_look_alike_shows_and_says_what_differs():
    personne = {
        "nom": "LE GOFF",
        "prenom": "Marcel",
        "ne": "Né",
        "date": "2 février 1947",
        "ville": "QUIMPER",
        "differe": ["prenom"],
        "difference": "Différence : le prénom.",
        "exact": False,
        "jeton": "abc",
    }
    html = composant("semblable", s=personne, url="/n/")
    assert re.findall(r'<span class="diff">(.*?)</span>', html) == ["Marcel"]
    assert '<form action="/n/" method="get"><input type="hidden" name="senior" value="abc">' in html
    assert "Oui, c’est cette personne" in html
    exact = composant(
        "semblable", s={**personne, "exact": True, "differe": [], "difference": ""}, url="/n/", csrf_token="j"
    )
    assert 'class="semblable exact"' in exact
    assert 'method="post"><input type="hidden" name="csrfmiddlewaretoken" value="j">' in exact
    assert "Sélectionner" in exact


# --- Lists ------------------------------------------------------------------------------------------------


def test_the_caption_counts_as_the_manual_does():
    page = Paginator(range(57), 20).page(1)
    assert textes(composant("legende", titre="Groupes", page=page)) == (
        "Groupes (affichage 1 - 20 de 57_résultats)"
    )
    vide = Paginator([], 20).page(1)
    assert textes(composant("legende", titre="Groupes", page=vide)) == "Groupes (aucun résultat)"


@pytest.mark.parametrize(
    ("tri", "sort", "lien", "icone"),
    [
        ("date", "", "?departement=34&amp;tri=nom", ""),
        ("nom", ' aria-sort="ascending"', "?departement=34&amp;tri=-nom", "arrow-up"),
        ("-nom", ' aria-sort="descending"', "?departement=34&amp;tri=nom", "arrow-down"),
    ],
)
def test_a_column_sorts_and_keeps_the_filters_but_not_the_page(tri, sort, lien, icone):
    html = composant("colonne", "/groupes/?departement=34&page=3", libelle="Nom", cle="nom", tri=tri)
    assert html.startswith(f'<th role="columnheader" scope="col"{sort}><a href="{lien}">Nom')
    assert re.findall(r"#([\w-]+)\"", html) == ([icone] if icone else [])


def test_a_column_that_does_not_sort_is_a_plain_head_cell():
    assert composant("colonne", libelle="Aide", classe="num") == (
        '<th role="columnheader" scope="col" class="num">Aide</th>'
    )


def test_pages_keep_the_filters_and_show_where_one_is():
    page = Paginator(range(400), 20).page(9)
    html = composant("pagination", "/groupes/?tri=nom&page=9", page=page)
    assert textes(html) == (
        "Premier Précédent Page 1 … Page 7 Page 8 Page 9 Page 10 Page 11 … Page 20 Suivant Dernier"
    )
    assert '<span aria-current="page"><span class="visually-hidden">Page </span>9</span>' in html
    assert 'href="?tri=nom&amp;page=10"' in html


def test_two_lists_of_a_page_are_turned_over_apart():
    page = Paginator(range(40), 20).page(1)
    html = composant("pagination", "/credits/?page=3&tri=-date", page=page, cle="demandes")
    assert 'aria-label="Pages de résultats_: demandes"' in html
    assert 'href="?page=3&amp;tri=-date&amp;demandes=2"' in html


def test_a_list_of_one_page_has_no_pages():
    assert composant("pagination", page=Paginator(range(20), 20).page(1)) == ""


def test_filters_can_be_taken_away_one_by_one():
    html = composant("criteres", criteres=[{"libelle": "Mer", "url": "?duree=8"}], tout_effacer="/offres/")
    assert re.findall(r'<a href="([^"]*)"', html) == ["?duree=8", "/offres/"]
    assert textes(html) == "Mer retirer ce critère Tout effacer"
    assert composant("criteres", criteres=[], tout_effacer="/offres/") == ""


def test_the_journal_says_when_what_who_and_why():
    acte = {"le": datetime(2027, 4, 24, 8, 32, tzinfo=UTC), "texte": "Liste close", "par": "Monique"}
    assert textes(composant("journal", actes=[{**acte, "motif": "Erreur"}])) == (
        "24/04/2027 à 10_h_32 Liste close par Monique Motif_: Erreur"
    )


# --- Shell --------------------------------------------------------------------------------------------------

MONIQUE = SimpleNamespace(
    is_authenticated=True,
    est_porteur=True,
    est_prestataire=False,
    organisme=SimpleNamespace(nom="CCAS de Villeneuve"),
    nom="Monique Garnier",
    identifiant="ancv2528",
    titulaire=True,
)
PASSANT = SimpleNamespace(is_authenticated=False)
MENU = [
    {"libelle": "Accueil", "url": "/", "courant": True, "pastille": 0},
    {"libelle": "Validation", "url": "/validation/", "courant": False, "pastille": 2},
]
CONTACT = {"telephone": "0 969 320 616", "courriel": "sev@exemple.fr"}


def page(contenu="<h1>Titre</h1>", **contexte):
    """A page on base.html, with what the context processor gives."""
    gabarit = (
        '{% extends "base.html" %}{% load sev %}{% block titre %}Essai{% endblock %}'
        f"{{% block contenu %}}{contenu}{{% endblock %}}"
    )
    commun = {"csrf_token": "jeton", "compte": MONIQUE, "menu": MENU, "messages": [], "contact": CONTACT}
    contexte = Context({**commun, "programme": None, **contexte})
    contexte.request = RequestFactory().get("/groupes/?page=2")
    return engines["django"].from_string(gabarit).template.render(contexte)


def test_the_header_says_who_is_signed_in_and_where_one_is():
    html = page()
    assert '<html lang="fr">' in html
    assert "<strong>CCAS de Villeneuve</strong><br>Monique Garnier, convention ancv2528" in html
    assert html.count('<a href="/" aria-current="page">Accueil</a>') == 2
    assert html.count('<span class="pastille">2<span class="visually-hidden"> à traiter</span></span>') == 2
    assert html.count('<form action="/deconnexion/" method="post">') == 2
    assert html.count('name="csrfmiddlewaretoken" value="jeton"') == 2
    assert 'href="tel:+33969320616"' in html
    assert html.index('href="#contenu"') < html.index("<header")


def test_a_passer_by_has_neither_menu_nor_log_out():
    html = page(compte=PASSANT, menu=[], contact={"telephone": "", "courriel": ""})
    assert "<nav" not in html
    assert "Se déconnecter" not in html
    assert "Une question" not in html


def test_a_refused_form_begins_the_title_and_the_page():
    html = page(form=refusee())
    assert "<title>4\u00a0erreurs\u00a0: Essai – Seniors en Vacances</title>" in html
    assert html.index('id="erreurs"') < html.index("<h1>")
    assert "<title>Essai – Seniors en Vacances</title>" in page(form=Fiche())


def test_messages_have_the_tone_of_their_level():
    message = SimpleNamespace(
        level_tag="warning", extra_tags="hourglass-split", message="Sans aide. Il reste 60 €."
    )
    html = page(messages=[message])
    assert '<div class="message att" role="status">' in html
    assert "#hourglass-split" in html
    autre = SimpleNamespace(level_tag="success", extra_tags="", message="Fait.")
    assert '<div class="message ok" role="status">' in page(messages=[autre])


def test_every_page_says_that_the_programme_is_suspended():
    programme = SimpleNamespace(
        annee=2027,
        suspendu=True,
        suspendu_le=date(2027, 5, 11),
        message_suspension="Pour le moment, aucun nouveau séjour.",
    )
    html = page(programme=programme)
    assert "Le programme 2027 est suspendu depuis le 11\u00a0mai\u00a02027." in html
    assert "Pour le moment, aucun nouveau séjour." in html


# --- Files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fichier", sorted(COMPOSANTS.glob("*.html")), ids=lambda f: f.stem)
def test_every_component_opens_with_its_parameters(fichier):
    assert fichier.read_text().startswith("{% comment %}")


def test_every_icon_named_in_a_template_is_in_the_sprite():
    dossier = settings.BASE_DIR / "templates"
    motif = re.compile(r'{% icone "([\w-]+)"| icone="([\w-]+)"')
    noms = {a or b for f in dossier.rglob("*.html") for a, b in motif.findall(f.read_text())}
    assert noms > {"check-circle-fill", "list"}
    assert noms - set(re.findall(r'id="([\w-]+)"', SPRITE)) == set()


def test_no_style_sheet_asks_for_what_the_policy_forbids():
    for feuille in (settings.BASE_DIR / "static").rglob("*.css"):
        texte = feuille.read_text()
        assert "data:" not in re.sub(r"/\*.*?\*/", "", texte, flags=re.DOTALL)
        assert "http" not in "".join(re.findall(r"url\(([^)]*)\)", texte))
        for adresse in re.findall(r"url\(([^)]*)\)", texte):
            assert (feuille.parent / adresse).is_file()


def test_no_page_holds_an_inline_style_or_script():
    for fichier in (settings.BASE_DIR / "templates").rglob("*.html"):
        # Mails and PDFs never meet the policy of the site.
        if not {"courriels", "documents"} & set(fichier.parts):
            motif = r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\ssrc=)"
            assert not re.search(motif, fichier.read_text()), fichier


@pytest.mark.parametrize("graisse", [400, 600, 700])
def test_the_fonts_hold_every_letter_of_a_french_name(graisse):
    from fontTools.ttLib import TTFont

    police = TTFont(settings.BASE_DIR / "static" / "fonts" / f"ahn-{graisse}.woff2")
    lettres = "ABCXYZabcxyz0123456789ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒÆàâäçéèêëîïôöùûüÿœæ’«»°€−–…\u00a0ŠŁŻşğñ"
    assert [c for c in lettres if ord(c) not in police.getBestCmap()] == []


# --- In the browser -----------------------------------------------------------------------------------------

PLANCHE = """
{% include "composants/ariane.html" with url="#" libelle="Mes groupes" only %}
<h1>Bonjour Monique, 1 chose à faire</h1>
{% include "composants/echeance.html" with n=3 phrase="Plus que 3 jours." suite="Ensuite, plus rien." only %}
<ol class="taches">{% include "composants/tache.html" with t=tache only %}</ol>
{% include "composants/jauge.html" with annee=2027 alloue=1500 verse=480 engage=960 only %}
<section class="bloc"><h2>Le séjour</h2>{% include "composants/faits.html" with faits=faits only %}
{% include "composants/compteurs.html" with compteurs=faits only %}
{% include "composants/etat.html" with libelle="Liste ouverte" ton="info" only %}
{% include "composants/places.html" with inscrits=14 places=40 only %}</section>
{% include "composants/criteres.html" with criteres=criteres tout_effacer="#" only %}
<div class="cadre-table"><table class="table fiches" role="table">
{% include "composants/legende.html" with titre="Liste" page=page only %}
<thead role="rowgroup"><tr role="row">
{% include "composants/colonne.html" with libelle="Nom" cle="nom" tri="nom" only %}
{% include "composants/colonne.html" with libelle="Aide" only %}</tr></thead>
<tbody role="rowgroup"><tr role="row"><th scope="row" role="rowheader">DE LA VILLEMARQUÉ François-Xavier</th>
<td role="cell"><span class="etiquette">Aide</span>
{% include "composants/decision.html" with ton="att" titre="Sans aide : crédits épuisés" only %}</td></tr></tbody>
</table></div>{% include "composants/pagination.html" with page=page only %}
<form method="post" novalidate>
{% for champ in form %}{% include "composants/champ.html" with champ=champ only %}{% endfor %}
{% include "composants/panneau.html" with p=p only %}<button class="btn btn-primary">Enregistrer</button></form>
{% include "composants/somme.html" with lignes=lignes only %}
"""


def planche():
    """Every kind of component on one page."""
    tache = {"titre": "LES CYCLADES", "n": 0, "echeance": "Ce soir.", "url": "#", "bouton": "Compléter"}
    return page(
        PLANCHE,
        tache={**tache, "inscrits": 7, "places": 10, "contexte": "Séjour du 14 au 21 mai."},
        faits=[("Prestataire", "DOMAINE DES PINS DE L'ESTÉREL"), ("Durée", "8 jours")],
        criteres=[{"libelle": "Mer", "url": "#"}],
        page=Paginator(range(157), 20).page(2),
        p={"ton": "pin", "titre": "Aide accordée", "conditions": [], "prix": 410, "aide": 160, "reste": 250},
        lignes=[{"libelle": "Versé", "montant": "160 €", "total": True}],
        form=refusee(),
        messages=[SimpleNamespace(level_tag="error", extra_tags="", message="Refusé.")],
    )


def ouvrir(navigateur, serveur, html, largeur):
    """A window of `largeur` that shows `html` as if the server had sent it."""
    fenetre = navigateur.new_page(viewport={"width": largeur, "height": 900})
    entetes = {"Content-Type": "text/html; charset=utf-8"}
    fenetre.route("**/planche/", lambda route: route.fulfill(body=html, headers=entetes))
    fenetre.goto(f"{serveur.url}/planche/", wait_until="networkidle")
    return fenetre


@pytest.mark.parametrize("largeur", [1280, 390, 320])
def test_the_components_have_no_accessibility_fault_and_fit_the_screen(navigateur, live_server, largeur):
    from axe_playwright_python.sync_playwright import Axe

    fenetre = ouvrir(navigateur, live_server, planche(), largeur)
    try:
        fautes = Axe().run(fenetre).response["violations"]
        assert [(f["id"], [n["html"] for n in f["nodes"]]) for f in fautes] == []
        assert fenetre.evaluate("document.documentElement.scrollWidth") <= largeur
        bas = fenetre.evaluate(
            "[...document.querySelectorAll('main .btn, main input, main select, main a, summary')].filter(e => {"
            "const h = (e.closest('.form-check') || e).getBoundingClientRect().height;"
            "return h > 0 && h < 44}).map(e => e.outerHTML)"
        )
        assert bas == []
    finally:
        fenetre.close()


def test_the_summary_of_errors_takes_the_focus_and_leads_to_the_control(navigateur, live_server):
    fenetre = ouvrir(navigateur, live_server, planche(), 1280)
    try:
        assert fenetre.evaluate("document.activeElement.id") == "erreurs"
        fenetre.click("#erreurs a[href='#adresse']")
        assert fenetre.evaluate("document.activeElement.id") == "adresse"
    finally:
        fenetre.close()
