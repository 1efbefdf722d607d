"""ANCV's admin of stays and groups: made by the operations, refused in words, never deleted."""

from datetime import date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.urls import reverse

from conventions.operations.programme import suspendre
from conventions.tests.factories import CompteFactory, ProgrammeFactory, connecter
from sejours.models import Equipement, Groupe, Offre, Sejour
from sejours.tests.factories import (
    EquipementFactory,
    GroupeFactory,
    OffreFactory,
    PorteurFactory,
    PrestataireFactory,
    SejourFactory,
)
from seniors.tests.factories import PARIS, InscriptionFactory, clair
from sev.socle.courriels import TENTATIVES_MAX
from sev.socle.models import Courriel, Passage
from sev.socle.temps import maintenant

pytestmark = pytest.mark.django_db

PAGES = ("equipement", "offre", "sejour", "groupe", "demandeplaces", "groupeevent")


@pytest.fixture(autouse=True)
def en_avril_2022():
    with time_machine.travel(datetime(2022, 4, 20, 10, 32, tzinfo=PARIS), tick=False):
        yield


@pytest.fixture
def ancv(client):
    ProgrammeFactory()
    compte = CompteFactory(ancv=True, nom="Alix AGENT")
    connecter(client, compte)
    return compte


def poster(client, modele, objet, acte, **champs):
    return client.post(reverse(f"admin:sejours_{modele}_{acte}", args=[objet.pk]), champs)


def test_an_equipement_is_recorded_and_the_journal_says_by_whom(client, ancv):
    champs = {
        "prestataire": PrestataireFactory().pk,
        "nom": "LES CYCLADES",
        "voie": "12 ALLEE DES GOELANDS",
        "code_postal": "34280",
        "ville": "LA GRANDE MOTTE",
        "departement": "34",
        "environnement": "MER",
        "offres-TOTAL_FORMS": "0",
        "offres-INITIAL_FORMS": "0",
    }
    assert client.post(reverse("admin:sejours_equipement_add"), champs).status_code == 302
    equipement = Equipement.objects.get()
    assert (equipement.nom, equipement.departement) == ("LES CYCLADES", "34")
    assert Equipement.pgh_event_model.objects.get().pgh_context["nom"] == "Alix AGENT"


@pytest.mark.parametrize(
    ("champ", "valeur"),
    [("code_postal", "3428"), ("departement", "99"), ("environnement", "LUNE"), ("nom", "")],
)
def test_an_odd_equipement_is_refused_at_its_field(client, ancv, champ, valeur):
    champs = {
        "prestataire": PrestataireFactory().pk,
        "nom": "LES CYCLADES",
        "code_postal": "34280",
        "ville": "LA GRANDE MOTTE",
        "departement": "34",
        "environnement": "MER",
        "offres-TOTAL_FORMS": "0",
        "offres-INITIAL_FORMS": "0",
    }
    reponse = client.post(reverse("admin:sejours_equipement_add"), champs | {champ: valeur})
    assert list(reponse.context["adminform"].form.errors) == [champ]
    assert not Equipement.objects.exists()


def test_an_equipement_belongs_to_a_provider(client, ancv):
    champs = {"prestataire": PorteurFactory().pk, "offres-TOTAL_FORMS": "0", "offres-INITIAL_FORMS": "0"}
    reponse = client.post(reverse("admin:sejours_equipement_add"), champs)
    assert reponse.context["adminform"].form.errors["prestataire"] == [
        "Cet organisme n'est pas un prestataire."
    ]


def test_from_the_equipement_to_the_group(client, ancv):
    porteur = CompteFactory(
        organisme=PorteurFactory(convention__numero="ancv2528"), identifiant="ancv2528", seul=True
    )
    equipement = EquipementFactory()
    assert (
        poster(client, "equipement", equipement, "offre", annee="2022", duree="8", prix="410").status_code
        == 302
    )
    offre = Offre.objects.get()
    assert poster(client, "offre", offre, "sejour", debut="14/05/2022", places="60").status_code == 302
    sejour = Sejour.objects.get()
    reponse = poster(
        client, "sejour", sejour, "groupe", convention="ANCV 2528", places="10", type_groupe="GROUPE"
    )
    assert reponse.status_code == 302
    groupe = Groupe.objects.get()
    assert (offre.prix, sejour.fin, groupe.porteur_id, groupe.places, groupe.dernier_jour) == (
        Decimal(410),
        date(2022, 5, 21),
        porteur.organisme_id,
        10,
        date(2022, 4, 27),
    )
    assert Groupe.pgh_event_model.objects.get().pgh_context["nom"] == "Alix AGENT"
    courriel = Courriel.objects.get()
    assert (courriel.cause, courriel.destinataire) == (f"groupe-preinscrit-{groupe.pk}", porteur.email)
    assert "vous garde 10 places" in clair(courriel.texte)
    assert f"/groupes/{groupe.pk}/" in courriel.html


@pytest.mark.parametrize(
    ("champs", "champ", "message"),
    [
        ({"prix": "500"}, "prix", "Le prix maximum est de 410 € pour cette durée."),
        ({"prix": "0"}, "prix", "Assurez-vous que cette valeur est supérieure ou égale à 0.01."),
        ({"duree": "7"}, "duree", "Sélectionnez un choix valide. 7 n’en fait pas partie."),
        ({"annee": "2012", "duree": "8"}, "prix", None),
    ],
)
def test_a_refused_offer_says_why(client, ancv, champs, champ, message):
    valeurs = {"annee": "2022", "duree": "8", "prix": "410"} | champs
    reponse = poster(client, "equipement", EquipementFactory(), "offre", **valeurs)
    assert (reponse.status_code, Offre.objects.count()) == (422, 0)
    if message:
        assert [clair(e) for e in reponse.context["form"].errors[champ]] == [message]


@pytest.mark.parametrize(
    ("debut", "message"),
    [
        ("14/05/2023", "Le programme 2023 n'est pas encore ouvert."),
        ("30/02/2022", "Cette date n'existe pas. Écrivez la date ainsi : 31/05/1948"),
        ("demain", "Écrivez la date ainsi : 31/05/1948"),
        ("31/12/9999", "Le programme 9999 n'est pas encore ouvert."),
    ],
)
def test_a_refused_stay_says_why(client, ancv, debut, message):
    reponse = poster(client, "offre", OffreFactory(), "sejour", debut=debut, places="60")
    assert (reponse.status_code, Sejour.objects.count()) == (422, 0)
    assert [clair(e) for e in reponse.context["form"].errors["debut"]] == [message]


@pytest.mark.parametrize(
    ("champs", "champ", "message"),
    [
        (
            {"convention": "ancv0000"},
            "convention",
            "Aucune convention active ne porte ce numéro. Vérifiez-le avec le porteur.",
        ),
        ({"places": "101"}, "places", "Il reste 100 places sur ce séjour."),
        ({"places": "0"}, "places", "Il faut au moins une place"),
    ],
)
def test_a_refused_group_says_why(client, ancv, champs, champ, message):
    PorteurFactory(convention__numero="ancv2528")
    valeurs = {"convention": "ancv2528", "places": "10", "type_groupe": "GROUPE"} | champs
    reponse = poster(client, "sejour", SejourFactory(), "groupe", **valeurs)
    assert (reponse.status_code, Groupe.objects.count()) == (422, 0)
    assert [clair(e) for e in reponse.context["form"].errors[champ]] == [message]


def test_a_provider_is_no_porteur(client, ancv):
    PrestataireFactory(convention__numero="presta34")
    reponse = poster(
        client, "sejour", SejourFactory(), "groupe", convention="presta34", places="10", type_groupe="GROUPE"
    )
    assert (reponse.status_code, list(reponse.context["form"].errors)) == (422, ["convention"])


def test_while_the_programme_is_suspended_neither_stay_nor_group(client, ancv):
    PorteurFactory(convention__numero="ancv2528")
    sejour = SejourFactory()
    suspendre(programme=ProgrammeFactory(), message="Arrêt des inscriptions.", par=ancv, le=date(2022, 4, 20))
    statuts = [
        poster(client, "offre", sejour.offre, "sejour", debut="11/06/2022", places="60"),
        poster(client, "sejour", sejour, "groupe", convention="ancv2528", places="10", type_groupe="GROUPE"),
    ]
    assert [(r.status_code, r.context["form"].non_field_errors()) for r in statuts] == [
        (422, ["Arrêt des inscriptions."])
    ] * 2
    assert (Sejour.objects.count(), Groupe.objects.count()) == (1, 0)


def test_every_page_opens_and_finds(client, ancv):
    groupe = GroupeFactory(porteur=PorteurFactory(convention__numero="ancv2528"))
    InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", le=date(2022, 4, 20))
    objets = {
        "equipement": groupe.sejour.offre.equipement,
        "offre": groupe.sejour.offre,
        "sejour": groupe.sejour,
        "groupe": groupe,
    }
    for modele, objet in objets.items():
        assert client.get(reverse(f"admin:sejours_{modele}_change", args=[objet.pk])).status_code == 200
    listes = [f"admin:sejours_{modele}_changelist" for modele in PAGES] + [
        "admin:seniors_inscriptionevent_changelist",
        "admin:socle_courriel_changelist",
        "admin:socle_passage_changelist",
    ]
    for liste in listes:
        for recherche in ({}, {"q": "ancv2528"}, {"q": str(groupe.pk)}, {"q": "é'%"}):
            assert client.get(reverse(liste), recherche).status_code in (200, 302)


@pytest.mark.parametrize("modele", ["offre", "sejour", "groupe", "demandeplaces", "groupeevent"])
def test_nothing_is_added_changed_or_deleted_but_by_an_operation(client, ancv, modele):
    objets = {"groupe": GroupeFactory()}
    objets |= {"sejour": objets["groupe"].sejour, "offre": objets["groupe"].sejour.offre}
    assert client.post(reverse(f"admin:sejours_{modele}_add")).status_code == 403
    if modele in objets:
        cle = objets[modele].pk
        assert (
            client.post(reverse(f"admin:sejours_{modele}_change", args=[cle]), {"places": "1"}).status_code
            == 403
        )
        assert (
            client.post(reverse(f"admin:sejours_{modele}_delete", args=[cle]), {"post": "yes"}).status_code
            == 403
        )


def test_staff_without_the_right_can_not_act(client):
    lecture = CompteFactory(ancv=True, is_superuser=False)
    lecture.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    connecter(client, lecture)
    sejour = SejourFactory()
    assert client.get(reverse("admin:sejours_sejour_change", args=[sejour.pk])).status_code == 200
    assert poster(client, "sejour", sejour, "groupe", convention="x").status_code == 403


def test_nobody_else_opens_the_admin(client):
    sejour = SejourFactory()
    connecter(client, CompteFactory())
    assert client.get(reverse("admin:sejours_sejour_changelist")).status_code == 302
    assert poster(client, "sejour", sejour, "groupe", convention="x").status_code == 302


def test_a_mail_given_up_is_tried_again_and_one_that_left_is_not(client, ancv):
    envoye_le = maintenant()
    commun = {"destinataire": "a@exemple.fr", "sujet": "S", "texte": "lien-secret", "html": "lien-secret"}
    rate = Courriel.objects.create(cause="1", tentatives=TENTATIVES_MAX, erreur="non", **commun)
    parti = Courriel.objects.create(cause="2", tentatives=1, envoye_le=envoye_le, **commun)
    client.post(
        reverse("admin:socle_courriel_changelist"),
        {"action": "renvoyer", "_selected_action": [rate.pk, parti.pk]},
    )
    rate.refresh_from_db()
    parti.refresh_from_db()
    assert (rate.tentatives, rate.erreur, rate.a_envoyer_le) == (0, "", envoye_le)
    assert (parti.tentatives, parti.envoye_le) == (1, envoye_le)


def test_the_text_of_a_mail_which_may_open_an_account_is_not_shown(client, ancv):
    courriel = Courriel.objects.create(
        cause="1", destinataire="a@exemple.fr", sujet="S", texte="lien-secret", html="lien-secret"
    )
    page = client.get(reverse("admin:socle_courriel_change", args=[courriel.pk])).content.decode()
    assert "a@exemple.fr" in page
    assert "lien-secret" not in page


def test_the_runs_of_the_tasks_are_only_read(client, ancv):
    passage = Passage.objects.create(tache="verrouillage", debut=maintenant())
    assert client.get(reverse("admin:socle_passage_change", args=[passage.pk])).status_code == 200
    assert client.post(reverse("admin:socle_passage_add")).status_code == 403
