"""ANCV's acts on conventions, credits and the programme: what they would touch, what they did, who was told."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from conventions.admin import export
from conventions.admin.credits import MouvementAdmin
from conventions.models import (
    Bareme,
    Compte,
    Convention,
    Credit,
    DemandeComplement,
    Mouvement,
    Programme,
    Tarif,
)
from conventions.operations.complements import demander
from conventions.operations.conventions import ConventionRefusee, rouvrir, suspendre
from conventions.operations.credits import reprendre
from conventions.tests.factories import (
    CompteFactory,
    ConventionFactory,
    CreditFactory,
    ProgrammeFactory,
    connecter,
)
from sejours.models import Option
from sejours.operations.conventions import clore
from sejours.operations.groupes import GroupeRefuse, preinscrire
from sejours.operations.options import OptionRefusee, poser
from sejours.tests.factories import GroupeFactory, SejourFactory
from seniors.tests.factories import MAINTENANT, InscriptionFactory, clair, groupe_dote, solde
from sev.socle.admin import listes
from sev.socle.models import Courriel
from sev.socle.tableur import TYPE_XLSX

LE = date(2022, 4, 22)


@pytest.fixture
def ancv(db):
    return CompteFactory(ancv=True)


@pytest.fixture
def agent(ancv):
    client = Client()
    connecter(client, ancv)
    with time_machine.travel(MAINTENANT, tick=False):
        yield client


@pytest.fixture
def groupe(db):
    """Three people on a list, one aided: two wait, 60 € are left of 220."""
    groupe = groupe_dote(220)
    for _ in range(3):
        InscriptionFactory(groupe=groupe)
    return groupe


@pytest.fixture
def porteur(groupe):
    return CompteFactory(convention=groupe.porteur.convention, email="monique@ccas.fr")


def adresse(modele, *suite) -> str:
    return "/".join(["/admin/conventions", modele, *map(str, suite)]) + "/"


def texte(reponse) -> str:
    return clair(reponse.content.decode()).replace("&#x27;", "'")


def boutons(agent, modele, cle) -> list[str]:
    page = agent.get(adresse(modele, cle, "change"))
    return [libelle for libelle, _ in page.context["boutons"]]


def apercu(agent, ou, donnees=None) -> tuple[list[str], str]:
    """The sentences that tell what the answers would do, and their seal."""
    page = agent.post(ou, donnees or {})
    assert page.status_code == 200
    montre = page.context["apercu"]
    return [clair(phrase) for phrase in montre.phrases], montre.empreinte


def courriels() -> list[tuple[str, str]]:
    return [(c.destinataire, clair(c.sujet)) for c in Courriel.objects.order_by("pk")]


# --- Credits ------------------------------------------------------------------------------------------------------


def test_what_the_queue_granted_is_shown_after_a_complement(agent, groupe, porteur):
    credit = Credit.objects.get()
    reponse = agent.post(
        adresse("credit", credit.pk, "complement"), {"montant": "100", "motif": "Commission"}, follow=True
    )
    aidee = groupe.inscriptions.filter(aide__isnull=False).latest("modifiee_le", "pk")
    assert (
        f"Le complément est accordé. La file d'attente a donné 1 aide : {aidee.senior} (groupe n° {groupe.pk}, 160 €)."
        in texte(reponse)
    )
    encore = agent.post(
        adresse("credit", credit.pk, "complement"), {"montant": "1", "motif": "x"}, follow=True
    )
    assert "La file d'attente n'a donné aucune aide pour l'instant." in texte(encore)


def test_the_first_credit_of_a_year_serves_the_queue_too(agent, db):
    groupe = GroupeFactory(sejour__debut=date(2022, 5, 14))
    InscriptionFactory(groupe=groupe)
    ProgrammeFactory()
    donnees = {"convention": groupe.porteur.convention.numero, "annee": 2022, "montant": "160", "motif": "x"}
    assert "La file d'attente a donné 1 aide" in texte(
        agent.post(adresse("credit", "add"), donnees, follow=True)
    )
    assert solde(groupe) == (160, 160, 0)


def test_the_ledger_shows_the_balance_after_each_entry(agent, groupe):
    credit = Credit.objects.get()
    page = texte(agent.get(adresse("credit", credit.pk, "change")))
    assert "− 160 €</td><td>60 €" in page
    liste = agent.get(f"{adresse('mouvement')}?credit__id__exact={credit.pk}")
    assert [m.solde for m in liste.context["cl"].result_list] == [60, 220]
    assert agent.get(adresse("mouvement", "add")).status_code == 403


def test_lists_leave_as_spreadsheets_as_they_are_filtered(agent, groupe, porteur):
    autre = CreditFactory(annee=2023)
    classeur = load_workbook(
        BytesIO(agent.get(f"{adresse('credit')}tableur/?programme__annee__exact=2023").content)
    )
    lignes = [[c.value for c in ligne] for ligne in classeur.active.iter_rows(min_row=4)]
    assert [ligne[0] for ligne in lignes] == [autre.convention.numero]
    for modele in ("mouvement", "demandecomplement"):
        assert agent.get(f"{adresse(modele)}tableur/").status_code == 200
        assert agent.get(f"{adresse(modele)}tableur/?inconnu=1").status_code == 302


def test_too_long_a_list_is_to_be_filtered_before_it_leaves(agent, groupe, porteur, monkeypatch):
    monkeypatch.setattr(export, "LIGNES_MAX", 1)
    filtre = "credit__programme__annee__exact=2022"
    longue = agent.get(f"{adresse('mouvement')}tableur/?{filtre}")
    assert (longue.status_code, longue["Location"]) == (302, f"{adresse('mouvement')}?{filtre}")
    assert "filtrez-la" in texte(agent.get(longue["Location"]))
    courte = agent.get(f"{adresse('mouvement')}tableur/?{filtre}&nature__exact=ALLOCATION")
    assert courte["Content-Type"] == TYPE_XLSX


def test_the_ledger_is_bounded_and_searched_by_porteur_registration_and_reason(agent, groupe, monkeypatch):
    monkeypatch.setattr(listes, "LIGNES_MAX", 2)
    credit = Credit.objects.get()
    engagement = credit.mouvements.get(nature="ENGAGEMENT")
    dotation = credit.mouvements.get(nature="ALLOCATION")
    for rang in range(3):
        autre = CreditFactory(annee=2030 + rang)
        reprendre(credit=autre, montant=Decimal(10), par=None, le=LE, motif=f"Reliquat {rang}")

    def trouves(cherche):
        return list(agent.get(adresse("mouvement"), {"q": cherche}).context["cl"].result_list)

    assert agent.get(adresse("mouvement")).context["cl"].result_count == 2
    numero = groupe.porteur.convention.numero
    assert trouves(numero) == trouves(groupe.porteur.nom) == [engagement, dotation]
    assert trouves(str(engagement.inscription_id)) == [engagement]
    assert [m.motif for m in trouves("reliquat 1")] == ["Reliquat 1"]
    assert trouves("inconnu au bataillon") == []


def test_a_far_page_of_the_ledger_computes_the_balances_of_its_own_rows_only(agent, groupe, monkeypatch):
    monkeypatch.setattr(MouvementAdmin, "list_per_page", 2)
    for rang in range(3):
        CreditFactory(annee=2030 + rang)
    tous = list(Mouvement.objects.order_by("-pk"))
    with CaptureQueriesContext(connection) as requetes:
        page = agent.get(adresse("mouvement"), {"p": 2}).context["cl"].result_list
        assert list(page) == tous[2:4]
    calculs = [requete["sql"] for requete in requetes if "SUM(" in requete["sql"]]
    assert len(calculs) == 1
    assert "OFFSET" not in calculs[0]


def test_a_spreadsheet_of_the_admin_is_for_staff_with_the_right(groupe, porteur):
    for compte, statut in ((porteur, 302), (CompteFactory(ancv=True, is_superuser=False), 403)):
        client = Client()
        connecter(client, compte)
        assert client.get(f"{adresse('credit')}tableur/").status_code == statut


# --- Requests for complements (C8) --------------------------------------------------------------------------------


def demande_de(porteur, montant=260) -> DemandeComplement:
    return demander(
        convention=porteur.organisme.convention,
        annee=2022,
        montant=Decimal(montant),
        motif="Deux personnes attendent.",
        par=porteur,
        le=LE,
        maintenant=MAINTENANT - timedelta(days=10),
    )


def test_a_request_is_read_with_its_age_then_accepted_for_less(agent, groupe, porteur):
    demande = demande_de(porteur)
    page = texte(agent.get(adresse("demandecomplement")))
    assert "10 jours" in page
    fiche = texte(agent.get(adresse("demandecomplement", demande.pk, "change")))
    assert "60 € disponibles sur 220 € alloués ; il reste 999 780 € dans l'enveloppe 2022" in fiche
    assert "show_save" not in fiche
    reponse = agent.post(
        adresse("demandecomplement", demande.pk, "accorder"), {"montant": "100", "reponse": ""}, follow=True
    )
    assert "La file d'attente a donné 1 aide" in texte(reponse)
    assert boutons(agent, "demandecomplement", demande.pk) == []
    assert courriels() == [("monique@ccas.fr", "Votre demande de crédits 2022 : accordée en partie")]


def test_a_request_is_refused_with_a_reason(agent, porteur):
    demande = demande_de(porteur)
    ou = adresse("demandecomplement", demande.pk, "refuser")
    assert agent.post(ou, {"reponse": ""}).status_code == 422
    agent.post(ou, {"reponse": "Enveloppe épuisée."})
    demande.refresh_from_db()
    assert (demande.etat, demande.reponse) == ("Refusée", "Enveloppe épuisée.")
    tard = agent.post(ou, {"reponse": "Encore"})
    assert (tard.status_code, "n'attend plus de réponse" in texte(tard)) == (422, True)


@pytest.mark.parametrize(
    ("filtre", "combien"),
    [
        ("", 1),
        ("?etat=attente", 1),
        ("?etat=attente-7", 1),
        ("?etat=attente-30", 0),
        ("?etat=accordee", 0),
        ("?etat=refusee", 0),
        ("?etat=retiree", 0),
        ("?programme__annee__exact=2022", 1),
        ("?q=Deux", 1),
    ],
)
def test_requests_are_filtered_by_state_and_age(agent, porteur, filtre, combien):
    demande_de(porteur)
    liste = agent.get(f"{adresse('demandecomplement')}{filtre}")
    assert liste.context["cl"].result_count == combien


# --- Conventions --------------------------------------------------------------------------------------------------


def test_a_convention_is_renewed_and_says_whom_it_aids(agent, groupe, porteur):
    convention = groupe.porteur.convention
    ProgrammeFactory(annee=2023)
    ou = adresse("convention", convention.pk, "renouveler")
    assert 'value="2023"' in texte(agent.get(ou))
    donnees = {"annee": "2023", "montant": "800", "motif": "renouvellement"}
    assert "La convention est renouvelée." in texte(agent.post(ou, donnees, follow=True))
    encore = agent.post(ou, donnees)
    assert (encore.status_code, "Des crédits 2023 sont déjà alloués" in texte(encore)) == (422, True)
    assert courriels() == [("monique@ccas.fr", "Crédits 2023 : 800 € de plus")]


def test_a_suspended_convention_keeps_its_lists_and_gets_nothing_new(agent, groupe, porteur, ancv):
    convention = groupe.porteur.convention
    agent.post(adresse("convention", convention.pk, "suspendre"), {"motif": "Contrôle en cours"})
    convention.refresh_from_db()
    assert (convention.etat, convention.motif) == ("Suspendue", "Contrôle en cours")
    sejour = SejourFactory(debut=date(2022, 6, 4))
    with pytest.raises(GroupeRefuse, match="Aucune convention active"):
        preinscrire(sejour=sejour, convention=convention, places=2, type_groupe="GROUPE", par=ancv, le=LE)
    with pytest.raises(OptionRefusee, match="n'est pas active"):
        poser(sejour=sejour, places=2, message="", par=porteur, le=LE, maintenant=MAINTENANT)
    assert InscriptionFactory(groupe=groupe).pk
    voir = "Voir le site comme cet organisme"
    assert boutons(agent, "convention", convention.pk) == [
        voir,
        "Lever la suspension",
        "Clore la convention…",
    ]
    agent.post(adresse("convention", convention.pk, "reprendre"))
    convention.refresh_from_db()
    assert (convention.etat, convention.motif) == ("Active", "")
    assert courriels() == [
        ("monique@ccas.fr", f"Votre convention {convention.numero} est suspendue"),
        ("monique@ccas.fr", f"Votre convention {convention.numero} est de nouveau active"),
    ]


def test_a_convention_with_a_stay_to_come_is_not_closed(agent, groupe, porteur):
    ou = adresse("convention", groupe.porteur_id, "clore")
    assert "Il reste 1 groupe dont le séjour n'est pas fini." in texte(agent.get(ou))
    reponse = agent.post(ou, {"motif": "Fin"})
    assert (reponse.status_code, Convention.objects.filter(close_le__isnull=False).count()) == (422, 0)


def test_nor_is_that_of_its_provider_nor_one_with_an_option(groupe, porteur, ancv):
    prestataire = groupe.sejour.offre.equipement.prestataire
    sejour = SejourFactory(debut=date(2022, 6, 4))
    demandeur = CompteFactory()
    poser(sejour=sejour, places=2, message="", par=demandeur, le=LE, maintenant=MAINTENANT)
    for convention, reste in (
        (prestataire.convention, "1 groupe dont le séjour n'est pas fini"),
        (demandeur.organisme.convention, "1 option en cours"),
        (sejour.offre.equipement.prestataire.convention, "1 option en cours"),
    ):
        with pytest.raises(ConventionRefusee) as refus:
            clore(convention=convention, motif="Fin", par=ancv, le=LE)
        assert clair(refus.value.message).startswith(f"Il reste {reste}.")
    assert Option.objects.en_cours().count() == 1


def test_closing_shuts_every_account_and_says_what_is_left(agent, groupe, porteur, ancv):
    CompteFactory(collegue=True, organisme=porteur.organisme)
    with time_machine.travel(date(2022, 5, 22), tick=False):
        connecter(agent, ancv)
        ou = adresse("convention", groupe.porteur_id, "clore")
        page = texte(agent.get(ou))
        for phrase in (
            "2 comptes actifs : fermés",
            "1 séjour passé sans validation terminée",
            "Il reste 60 € disponibles sur les crédits 2022",
        ):
            assert phrase in page
        assert agent.post(ou, {"motif": " "}).status_code == 422
        agent.post(ou, {"motif": "Fin du partenariat"})
    convention = Convention.objects.get(pk=groupe.porteur_id)
    assert (convention.close_le, convention.motif, convention.active) == (
        date(2022, 5, 22),
        "Fin du partenariat",
        False,
    )
    assert not Compte.objects.filter(organisme=groupe.porteur, is_active=True).exists()
    assert courriels() == [("monique@ccas.fr", f"Votre convention {convention.numero} est close")]
    actes = Compte.pgh_event_model.objects.filter(organisme=groupe.porteur, is_active=False)
    assert {e.pgh_context["motif"] for e in actes} == {"Fin du partenariat"}
    rouvrir(convention=convention, par=ancv, le=date(2022, 5, 23))
    ouverts = Compte.objects.filter(organisme=groupe.porteur, is_active=True)
    assert [c.titulaire for c in ouverts] == [True]


def test_only_an_active_convention_is_suspended(ancv):
    for champs in ({"activee_le": None}, {"close_le": LE}):
        with pytest.raises(ConventionRefusee, match="Seule une convention active"):
            suspendre(convention=ConventionFactory(**champs), motif="x", par=ancv, le=LE)
    with pytest.raises(ConventionRefusee, match="n'est pas close"):
        rouvrir(convention=ConventionFactory(), par=ancv, le=LE)


# --- The programme (P1, P2) ---------------------------------------------------------------------------------------


def test_a_suspension_says_what_it_holds_back_then_tells_everybody(agent, groupe, porteur):
    poser(sejour=groupe.sejour, places=2, message="", par=porteur, le=LE, maintenant=MAINTENANT)
    ConventionFactory()
    ferme = CompteFactory(convention__close_le=LE)
    Courriel.objects.all().delete()
    ou = adresse("programme", 2022, "suspendre")
    phrases, sceau = apercu(agent, ou, {"message": "Plus de places."})
    assert phrases == [
        "En haut de chaque page : « Le programme 2022 est suspendu depuis le 22 avril 2022. Plus de places. »",
        "Options en attente de réponse, qui ne pourront plus être acceptées : 1.",
        "Séjours à venir, sur lesquels rien de nouveau ne sera enregistré : 1.",
        "Listes ouvertes, qui restent modifiables jusqu'à leur fermeture : 1 (dont 0 avec une demande de places).",
        "E-mails qui partiront : 1, un à chaque titulaire d'une convention active.",
    ]
    assert not Programme.objects.get().suspendu
    autre_message = agent.post(ou, {"message": "Autre chose.", "confirmer": sceau})
    assert (autre_message.status_code, Programme.objects.get().suspendu) == (200, False)
    agent.post(ou, {"message": "Plus de places.", "confirmer": sceau})
    assert Programme.objects.get().message_suspension == "Plus de places."
    assert courriels() == [("monique@ccas.fr", "Le programme 2022 est suspendu")]
    assert "Plus de places." in Courriel.objects.get().html
    assert ferme.email not in dict(courriels())
    ou = adresse("programme", 2022, "reprendre")
    agent.post(ou, {"confirmer": apercu(agent, ou)[1]})
    assert courriels()[1:] == [("monique@ccas.fr", "Le programme 2022 a repris")]


def test_the_next_year_opens_with_what_this_one_has(agent, db):
    programme = ProgrammeFactory(annee=2024, delai_option=9)
    programme.fermetures.create(debut=date(2024, 2, 29), fin=date(2024, 8, 23))
    ou = adresse("programme", 2024, "ouvrir-suivante")
    assert "Ouvrir l'année 2025" in boutons(agent, "programme", 2024)
    phrases, sceau = apercu(agent, ou, {"enveloppe": "500000"})
    assert "Enveloppe 2025 : 500 000 € ; en 2024 : 1 000 000 €." in phrases
    assert any(p.startswith("Tarif à vérifier, qui continue : 8 jours") for p in phrases)
    agent.post(ou, {"enveloppe": "500000", "confirmer": sceau})
    suivante = Programme.objects.get(annee=2025)
    assert (suivante.enveloppe, suivante.delai_option, suivante.alloue) == (500_000, 9, 0)
    assert [(f.debut, f.fin) for f in suivante.fermetures.all()] == [(date(2025, 2, 28), date(2025, 8, 23))]
    assert "Ouvrir l'année 2025" not in boutons(agent, "programme", 2024)
    encore = agent.post(
        ou, {"enveloppe": "500000", "confirmer": apercu(agent, ou, {"enveloppe": "500000"})[1]}
    )
    assert (encore.status_code, "Le programme 2025 est déjà ouvert." in texte(encore)) == (422, True)


# --- Tariffs and ceilings (P3, P5) --------------------------------------------------------------------------------

TARIF = {"duree": "8", "valable_du": "01/05/2022", "prix": "400", "aide": "170"}


def test_a_tariff_tells_which_stays_and_lists_it_touches(agent, groupe):
    GroupeFactory(sejour__debut=date(2022, 4, 30))
    GroupeFactory(sejour__offre__duree=5, sejour__debut=date(2022, 5, 14))
    phrases, sceau = apercu(agent, adresse("tarif", "add"), TARIF)
    assert phrases[0].startswith(
        "Il vaut pour les séjours de 8 jours, 7 nuits qui commencent à partir du dimanche 1er mai 2022, jusqu'au "
    )
    assert phrases[1:] == [
        "Jusque-là : 410 €, aide 160 €. Désormais : 400 €, aide 170 €.",
        "Séjours à venir concernés : 1 ; listes encore ouvertes : 1.",
        "Aides déjà accordées sur ces séjours : 1. Leur montant ne change pas.",
        "Personnes qui y attendent une aide : 2. Elles auront la nouvelle.",
        "Attention : 1 offre dépasse le nouveau prix maximum.",
    ]
    assert not Tarif.objects.filter(valable_du=date(2022, 5, 1)).exists()
    agent.post(adresse("tarif", "add"), TARIF | {"confirmer": sceau})
    assert Tarif.objects.get(valable_du=date(2022, 5, 1)).aide == 170
    assert groupe.inscriptions.get(aide__isnull=False).aide == 160


def test_what_was_shown_and_has_changed_is_shown_again(agent, groupe):
    _, sceau = apercu(agent, adresse("tarif", "add"), TARIF)
    InscriptionFactory(groupe=groupe)
    page = agent.post(adresse("tarif", "add"), TARIF | {"confirmer": sceau})
    assert (page.status_code, Tarif.objects.filter(valable_du=date(2022, 5, 1)).exists()) == (200, False)
    assert "Personnes qui y attendent une aide : 3." in texte(page)


def test_two_tariffs_do_not_begin_on_one_day(agent, groupe):
    connu = Tarif.objects.filter(duree=8, valable_du__lte=date(2022, 4, 22)).latest("valable_du")
    jour = f"{connu.valable_du:%d/%m/%Y}"
    reponse = agent.post(adresse("tarif", "add"), TARIF | {"valable_du": jour})
    assert (reponse.status_code, "Un tarif existe déjà" in texte(reponse)) == (422, True)
    ou = adresse("tarif", connu.pk, "corriger")
    saisie = TARIF | {"valable_du": jour}
    agent.post(ou, saisie | {"confirmer": apercu(agent, ou, saisie)[1]})
    connu.refresh_from_db()
    assert (connu.prix, connu.aide) == (400, 170)


def test_a_tariff_is_read_with_its_last_day(agent, db):
    tarifs = {t.valable_du: t.fin for t in Tarif.objects.filter(duree=8).avec_fin().order_by("valable_du")}
    debuts = sorted(tarifs)
    fins = [suivant - timedelta(days=1) for suivant in debuts[1:]]
    assert list(tarifs.values()) == [*fins, None]
    assert len(debuts) > 3


def test_a_ceiling_tells_whom_it_would_decide_otherwise(agent, db):
    groupe = groupe_dote(1_500)
    foyer = {"situation": "SEULE", "parts": Decimal(1)}
    InscriptionFactory(groupe=groupe, revenu_imposable=Decimal(10_000), **foyer)
    InscriptionFactory(groupe=groupe, revenu_imposable=Decimal(90_000), **foyer)
    donnees = {"annee_avis": "2021", "situation": "SEULE", "parts": "1", "plafond": "9000"}
    deja = agent.post(adresse("bareme", "add"), donnees)
    assert (deja.status_code, "Ce plafond existe déjà : corrigez-le." in texte(deja)) == (422, True)
    bareme = Bareme.objects.get(annee_avis=2021, situation="SEULE", parts=1)
    ou = adresse("bareme", bareme.pk, "corriger")
    phrases, sceau = apercu(agent, ou, donnees)
    assert phrases[0] == "Il sert aux séjours de 2022 : l'avis est celui de l'année d'avant."
    assert "personnes aidées au-dessus de ce plafond : 1." in phrases[2]
    assert "passent en dessous : 0." in phrases[3]
    agent.post(ou, donnees | {"confirmer": sceau})
    bareme.refresh_from_db()
    assert bareme.plafond == 9000
    assert "passent en dessous : 1." in apercu(agent, ou, donnees | {"plafond": "100000"})[0][3]


# --- Sent twice ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("acte", ["complement", "allouer"])
def test_what_gives_money_and_is_sent_twice_is_given_once(agent, groupe, acte):
    credit = Credit.objects.get()
    page = adresse("credit", credit.pk, "complement") if acte == "complement" else adresse("credit", "add")
    envoi = {"montant": "160", "motif": "Deux de plus", "envoi": agent.get(page).context["envoi"]}
    envoi |= {"convention": credit.convention.numero, "annee": "2022"}
    refuse = agent.post(page, envoi | {"montant": "99999999"})
    assert refuse.status_code == 422
    # What was refused is not done: its token serves again.
    envoi["envoi"] = refuse.context["envoi"]
    assert agent.post(page, envoi).status_code == 302
    encore = agent.post(page, envoi, follow=True)
    assert "C'était déjà fait : ce formulaire est arrivé deux fois." in texte(encore)
    credit.refresh_from_db()
    assert credit.alloue == 380
    # The same amount on a page opened anew is another complement.
    assert agent.post(page, envoi | {"envoi": agent.get(page).context["envoi"]}).status_code == 302
    credit.refresh_from_db()
    assert credit.alloue == 540


def test_a_page_that_is_only_shown_does_not_use_its_token(agent):
    programme = ProgrammeFactory()
    page = adresse("programme", programme.pk, "suspendre")
    envoi = {"message": "Reprise lundi.", "envoi": agent.get(page).context["envoi"]}
    apercu = agent.post(page, envoi)
    assert apercu.status_code == 200
    assert apercu.context["envoi"] == envoi["envoi"]
    confirme = envoi | {"confirmer": apercu.context["apercu"].empreinte}
    assert agent.post(page, confirme).status_code == 302
    assert agent.post(page, confirme).status_code == 302
    assert Programme.objects.get().suspendu
