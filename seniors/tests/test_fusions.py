"""Two rows of one person merged, and parted again (I18): registrations, aids (I9), names, mails, journal."""

from datetime import date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from conventions.models import Mouvement
from conventions.tests.factories import CompteFactory, connecter
from sejours.models import Groupe
from sejours.operations.groupes import verrouiller_listes
from seniors.models import Doublon, Fusion, Inscription, Senior
from seniors.operations.annulations import annuler_groupe
from seniors.operations.doublons import chercher_doublons, ecarter
from seniors.operations.fusions import FusionRefusee, defaire_fusion, fusionner, prevoir
from seniors.operations.inscriptions import inscrire
from seniors.operations.listes import InscriptionRefusee
from seniors.tests.factories import (
    PARIS,
    InscriptionFactory,
    SeniorFactory,
    clair,
    fiche,
    groupe_dote,
    identite,
    solde,
)
from sev.controle import controler
from sev.socle.models import Courriel

LE = date(2022, 4, 25)
MAINTENANT = datetime(2022, 4, 25, 15, 0, tzinfo=PARIS)
PLUS_TARD = date(2022, 5, 28)


@pytest.fixture
def agent(db):
    return CompteFactory(ancv=True)


@pytest.fixture
def jeanne(db):
    return SeniorFactory(nom="MARTIN", prenom="Jeanne", date_naissance=date(1948, 3, 12))


@pytest.fixture
def jeane(db):
    """The same, misspelt, by another porteur, with a telephone and a newer address."""
    return SeniorFactory(
        nom="MARTAIN",
        prenom="Jeane",
        date_naissance=date(1948, 3, 12),
        telephone="06 01 02 03 04",
        adresse="3 PLACE DU MARCHE",
        code_postal="35000",
        ville="RENNES",
    )


@pytest.fixture
def fusionne(agent):
    def fusionne(garder, absorber, **options):
        return fusionner(
            **{
                "garder": garder,
                "absorber": absorber,
                "par": agent,
                "motif": "Même personne",
                "le": LE,
                "maintenant": MAINTENANT,
            }
            | options
        )

    return fusionne


@pytest.fixture
def defait(agent):
    def defait(fusion):
        return defaire_fusion(fusion=fusion, par=agent, motif="Erreur", le=LE, maintenant=MAINTENANT)

    return defait


def etats(*inscriptions) -> list[tuple]:
    """Whose it is, the aid or why not, of each registration, as they stand now."""
    lues = {i.pk: i for i in Inscription.objects.filter(pk__in=[i.pk for i in inscriptions])}
    return [(lues[i.pk].senior_id, lues[i.pk].aide or lues[i.pk].motif_sans_aide) for i in inscriptions]


def deux_aides(jeanne, jeane) -> tuple[Inscription, Inscription]:
    """Both are aided in 2022, Jeanne in May first, Jeane two weeks later by another porteur."""
    premiere = InscriptionFactory(groupe=groupe_dote(), senior=jeanne)
    groupe = groupe_dote(sejour__debut=PLUS_TARD)
    CompteFactory(convention=groupe.porteur.convention)
    seconde = InscriptionFactory(groupe=groupe, senior=jeane, le=date(2022, 4, 23))
    return premiere, seconde


# --- Merging ----------------------------------------------------------------------------------------------------


def test_the_registrations_pass_over_and_the_row_stays_as_a_former_spelling(jeanne, jeane, fusionne):
    ici = InscriptionFactory(
        groupe=groupe_dote(sejour__debut=date(2021, 5, 15)), senior=jeanne, le=date(2021, 4, 1)
    )
    la = InscriptionFactory(groupe=groupe_dote(), senior=jeane)
    fusion = fusionne(jeanne, jeane)
    assert etats(ici, la) == [(jeanne.pk, 160), (jeanne.pk, 160)]
    jeane.refresh_from_db()
    assert (jeane.fusionne_dans, jeane.en_usage, jeane.actuelle) == (jeanne, False, jeanne)
    assert (fusion.deplacees, fusion.reprises, Courriel.objects.count()) == ([la.pk], [], 0)
    assert list(controler()) == []


def test_of_two_aids_of_a_year_the_later_is_released_and_told(jeanne, jeane, fusionne):
    premiere, seconde = deux_aides(jeanne, jeane)
    # Whichever row is kept, it is the aid of the second registration that goes.
    fusion = fusionne(jeane, jeanne)
    assert etats(premiere, seconde) == [(jeane.pk, 160), (jeane.pk, "DEJA_AIDE")]
    assert (solde(premiere.groupe), solde(seconde.groupe)) == ((1_500, 160, 1_340), (1_500, 0, 1_500))
    derniere = Mouvement.objects.latest("pk")
    assert (derniere.nature, derniere.montant, derniere.inscription_id) == ("LIBERATION", 160, seconde.pk)
    courriel = Courriel.objects.get(cause=f"aide-reprise-{fusion.pk}-{seconde.pk}")
    assert "l'aide de 160 € de votre groupe" in clair(courriel.texte)
    assert list(controler()) == []


def test_what_is_released_serves_the_queue(jeanne, jeane, fusionne):
    InscriptionFactory(groupe=groupe_dote(), senior=jeanne)
    groupe = groupe_dote(160, sejour__debut=PLUS_TARD)
    seconde = InscriptionFactory(groupe=groupe, senior=jeane)
    attend = InscriptionFactory(groupe=groupe)
    assert attend.motif_sans_aide == "CREDITS_EPUISES"
    fusionne(jeanne, jeane)
    assert etats(seconde, attend) == [(jeanne.pk, "DEJA_AIDE"), (attend.senior_id, 160)]


def test_who_waits_for_credit_and_is_aided_elsewhere_waits_no_longer(jeanne, jeane, fusionne):
    premiere = InscriptionFactory(groupe=groupe_dote(), senior=jeanne)
    seconde = InscriptionFactory(groupe=groupe_dote(1, sejour__debut=PLUS_TARD), senior=jeane)
    assert seconde.motif_sans_aide == "CREDITS_EPUISES"
    fusionne(jeanne, jeane)
    assert etats(premiere, seconde) == [(jeanne.pk, 160), (jeanne.pk, "DEJA_AIDE")]


def test_the_second_aid_is_taken_back_on_a_closed_list_but_not_on_a_settled_one(jeanne, jeane, fusionne):
    premiere, seconde = deux_aides(jeanne, jeane)
    Groupe.objects.filter(pk=seconde.groupe_id).update(verrouille_le=MAINTENANT, solde_le=MAINTENANT)
    with pytest.raises(FusionRefusee, match=f"groupe n° {seconde.groupe_id}, est sur une liste déjà soldée"):
        fusionne(jeanne, jeane)
    assert etats(premiere, seconde) == [(jeanne.pk, 160), (jeane.pk, 160)]
    Groupe.objects.filter(pk=seconde.groupe_id).update(solde_le=None)
    fusionne(jeanne, jeane, le=date(2022, 5, 20), maintenant=now())
    assert etats(premiere, seconde) == [(jeanne.pk, 160), (jeanne.pk, "DEJA_AIDE")]
    assert list(controler()) == []


@pytest.mark.parametrize(
    ("debut", "dit"),
    [(date(2022, 5, 14), "sont sur la liste du groupe"), (date(2022, 5, 18), "se chevauchent")],
)
def test_one_list_twice_or_two_stays_at_once_are_refused(jeanne, jeane, fusionne, debut, dit):
    ici = InscriptionFactory(groupe=groupe_dote(), senior=jeanne)
    groupe = ici.groupe if debut == date(2022, 5, 14) else groupe_dote(sejour__debut=debut)
    la = InscriptionFactory(groupe=groupe, senior=jeane)
    with pytest.raises(FusionRefusee, match=dit):
        fusionne(jeanne, jeane)
    assert (etats(la), Fusion.objects.count()) == ([(jeane.pk, 160)], 0)


def test_a_registration_that_was_removed_is_no_obstacle_and_passes_over(jeanne, jeane, fusionne, agent):
    ici = InscriptionFactory(groupe=groupe_dote(), senior=jeanne)
    la = InscriptionFactory(groupe=groupe_dote(), senior=jeane)
    annuler_groupe(groupe=la.groupe, motif="Travaux", par=agent, le=LE, maintenant=MAINTENANT)
    fusionne(jeanne, jeane)
    assert etats(ici, la) == [(jeanne.pk, 160), (jeanne.pk, "EFFACEE")]
    assert list(controler()) == []


def test_what_is_shown_before_is_what_is_done(jeanne, jeane):
    _, seconde = deux_aides(jeanne, jeane)
    for paire in ((jeanne, jeane), (jeane, jeanne)):
        prevision = prevoir(*paire)
        assert (prevision.refus, [i.pk for i in prevision.reprises]) == ((), [seconde.pk])


def test_a_merge_needs_a_reason_and_two_rows_in_use(jeanne, jeane, fusionne):
    with pytest.raises(FusionRefusee, match="Dites pourquoi"):
        fusionne(jeanne, jeane, motif=" ")
    with pytest.raises(FusionRefusee, match="deux fiches différentes"):
        fusionne(jeanne, jeanne)
    fusionne(jeanne, jeane)
    for paire in ((jeanne, jeane), (jeane, jeanne)):
        with pytest.raises(FusionRefusee, match="déjà été fusionnée"):
            fusionne(*paire)


# --- Names ------------------------------------------------------------------------------------------------------


def test_each_value_is_chosen(jeanne, jeane, fusionne):
    fusionne(jeanne, jeane, prises=frozenset({"nom", "telephone", "adresse"}))
    jeanne.refresh_from_db()
    assert (jeanne.nom, jeanne.cle_nom, jeanne.prenom) == ("MARTAIN", "MARTAIN", "Jeanne")
    assert (jeanne.telephone, jeanne.adresse, jeanne.ville) == (
        "06 01 02 03 04",
        "3 PLACE DU MARCHE",
        "RENNES",
    )
    assert list(controler()) == []


def test_taking_the_whole_identity_of_the_other_keeps_both_spellings_known(jeanne, jeane, fusionne, defait):
    fusion = fusionne(jeanne, jeane, prises=frozenset({"nom", "prenom"}))
    for nom, prenom in (("MARTIN", "Jeanne"), ("MARTAIN", "Jeane")):
        assert Senior.objects.de_meme_identite(identite(nom=nom, prenom=prenom)).get().actuelle == jeanne
    jeanne.refresh_from_db()
    assert str(jeanne) == "Jeane MARTAIN"
    defait(fusion)
    for senior, nom in ((jeanne, "Jeanne MARTIN"), (jeane, "Jeane MARTAIN")):
        senior.refresh_from_db()
        assert (str(senior), senior.en_usage) == (nom, True)
    assert list(controler()) == []


def test_an_identity_that_a_third_row_bears_is_refused(jeanne, jeane, fusionne):
    SeniorFactory(nom="MARTAIN", prenom="Jeanne", date_naissance=date(1948, 3, 12))
    with pytest.raises(FusionRefusee, match="troisième fiche"):
        fusionne(jeanne, jeane, prises=frozenset({"nom"}))
    jeane.refresh_from_db()
    assert jeane.en_usage


def test_the_former_spelling_leads_to_the_person_and_no_search_shows_it(jeanne, jeane, fusionne):
    fusionne(jeanne, jeane)
    ancienne = identite(nom="MARTAIN", prenom="Jeane")
    assert Senior.objects.de_meme_identite(ancienne).get().actuelle == jeanne
    assert list(Senior.objects.semblables(identite(nom="MARTAINE"))) == [jeanne]
    groupe = groupe_dote()
    inscription = inscrire(
        groupe=groupe, identite=ancienne, fiche=fiche(), par=None, le=LE, maintenant=MAINTENANT
    )
    assert inscription.senior == jeanne


def test_the_porteur_who_types_the_former_spelling_is_shown_the_person(jeanne, jeane, fusionne, client):
    fusionne(jeanne, jeane)
    groupe = groupe_dote()
    with time_machine.travel("2022-04-22T10:32:00+02:00", tick=False):
        connecter(client, CompteFactory(convention=groupe.porteur.convention))
        ecrit = {
            "nom": "Martain",
            "prenom": "JEANE",
            "date_naissance": "12/03/1948",
            "ville_naissance": "Rennes",
        }
        page = client.post(reverse("inscription-recherche", args=[groupe.pk]), ecrit)
    assert (page.context["exacte"], page.context["deja"]) == (jeanne, None)
    (trouve,) = page.context["trouves"]
    assert (trouve["nom"], trouve["prenom"], trouve["differe"]) == ("MARTIN", "Jeanne", ["nom", "prenom"])


def test_a_search_from_before_the_merge_still_leads_to_the_person(jeanne, jeane, fusionne, client):
    groupe = groupe_dote()
    with time_machine.travel("2022-04-22T10:32:00+02:00", tick=False):
        connecter(client, CompteFactory(convention=groupe.porteur.convention))
        ecrit = {
            "nom": "Martain",
            "prenom": "JEANE",
            "date_naissance": "12/03/1948",
            "ville_naissance": "Rennes",
        }
        page = client.post(reverse("inscription-recherche", args=[groupe.pk]), ecrit)
        jeton = page.context["trouves"][0]["jeton"]
        fusionne(jeanne, jeane)
        page = client.post(reverse("inscription-nouvelle", args=[groupe.pk]) + "?ouvrir=1", {"senior": jeton})
    assert page.context["senior"] == jeanne


def test_a_chain_of_merges_leads_to_the_last(jeanne, jeane, fusionne, defait):
    derniere = SeniorFactory(nom="MARTINS", prenom="Jeanne", date_naissance=date(1948, 3, 12))
    premiere, seconde = fusionne(jeanne, jeane), fusionne(derniere, jeanne)
    assert Senior.objects.get(pk=jeane.pk).actuelle == derniere
    with pytest.raises(FusionRefusee, match="fusionnée depuis"):
        defait(premiere)
    defait(seconde)
    assert Senior.objects.get(pk=jeane.pk).actuelle == jeanne


def test_nobody_registers_a_row_that_was_merged_meanwhile(jeanne, jeane, fusionne):
    groupe = groupe_dote()
    fusionne(jeanne, jeane)
    with pytest.raises(InscriptionRefusee, match="cherchez-la à nouveau"):
        inscrire(groupe=groupe, senior=jeane, fiche=fiche(), par=None, le=LE, maintenant=MAINTENANT)
    inscription = InscriptionFactory(groupe=groupe, senior=jeanne)
    # Nor does any other client.
    with pytest.raises(IntegrityError, match="une_personne_en_usage"), transaction.atomic():
        Inscription.objects.filter(pk=inscription.pk).update(senior=jeane)


# --- Parting ----------------------------------------------------------------------------------------------------


def test_parting_gives_each_her_registrations_and_the_aid_back(jeanne, jeane, fusionne, defait):
    premiere, seconde = deux_aides(jeanne, jeane)
    fusion = fusionne(jeanne, jeane)
    depuis = InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 9, 3)), senior=jeanne, le=LE)
    assert etats(depuis) == [(jeanne.pk, "DEJA_AIDE")]
    assert [i.pk for i in defait(fusion)] == [seconde.pk]
    # What was registered since stays with the row that was kept, whose own aid stands.
    assert etats(premiere, seconde, depuis) == [(jeanne.pk, 160), (jeane.pk, 160), (jeanne.pk, "DEJA_AIDE")]
    assert solde(seconde.groupe) == (1_500, 160, 1_340)
    assert Courriel.objects.filter(cause=f"fusion-defaite-{fusion.pk}-{seconde.pk}").count() == 1
    with pytest.raises(FusionRefusee, match="déjà défaite"):
        defait(fusion)
    assert list(controler()) == []


def test_an_aid_is_given_back_only_as_far_as_credit_goes(jeanne, jeane, fusionne, defait):
    InscriptionFactory(groupe=groupe_dote(), senior=jeanne)
    groupe = groupe_dote(160, sejour__debut=PLUS_TARD)
    seconde = InscriptionFactory(groupe=groupe, senior=jeane)
    fusion = fusionne(jeanne, jeane)
    InscriptionFactory(groupe=groupe, le=LE)
    assert defait(fusion) == []
    assert etats(seconde) == [(jeane.pk, "CREDITS_EPUISES")]


def test_a_settled_list_is_not_decided_again(jeanne, jeane, fusionne, defait):
    _, seconde = deux_aides(jeanne, jeane)
    fusion = fusionne(jeanne, jeane)
    Groupe.objects.filter(pk=seconde.groupe_id).update(solde_le=MAINTENANT)
    assert defait(fusion) == []
    assert etats(seconde) == [(jeane.pk, "DEJA_AIDE")]


def test_parting_leaves_what_somebody_corrected_since(jeanne, jeane, fusionne, defait):
    fusion = fusionne(jeanne, jeane, prises=frozenset({"telephone", "nom"}))
    Senior.objects.filter(pk=jeanne.pk).update(telephone="07 09 09 09 09")
    defait(fusion)
    jeanne.refresh_from_db()
    assert (jeanne.telephone, jeanne.nom) == ("07 09 09 09 09", "MARTIN")


# --- Pairs, journal ---------------------------------------------------------------------------------------------


def test_the_pair_bears_the_decision_and_loses_it_when_parted(jeanne, jeane, fusionne, defait, agent):
    chercher_doublons(maintenant=MAINTENANT)
    fusion = fusionne(jeanne, jeane)
    doublon = Doublon.objects.get()
    assert (doublon.decision, doublon.motif, doublon.decide_par) == ("FUSION", "Même personne", agent)
    chercher_doublons(maintenant=MAINTENANT)
    assert list(Doublon.objects.a_decider()) == []
    defait(fusion)
    chercher_doublons(maintenant=MAINTENANT)
    assert Doublon.objects.a_decider().count() == 1


def test_what_was_said_of_the_absorbed_row_holds_for_the_one_kept(jeanne, jeane, fusionne, agent):
    cousine = SeniorFactory(nom="MARTAINE", prenom="Jeane", date_naissance=date(1948, 3, 12))
    chercher_doublons(maintenant=MAINTENANT)
    ecarter(
        doublon=Doublon.objects.de(jeane, cousine).get(), motif="Cousine", par=agent, maintenant=MAINTENANT
    )
    fusionne(jeanne, jeane)
    chercher_doublons(maintenant=MAINTENANT)
    assert list(Doublon.objects.a_decider()) == []
    assert Doublon.objects.de(jeanne, cousine).get().motif == "Cousine"


def test_both_acts_are_in_the_journal_with_their_reason(jeanne, jeane, fusionne, defait, agent):
    inscription = InscriptionFactory(groupe=groupe_dote(), senior=jeane)
    defait(fusionne(jeanne, jeane))
    for modele, objet in ((Senior, jeane), (Inscription, inscription)):
        evenements = modele.pgh_event_model.objects.filter(pgh_obj=objet.pk).order_by("pgh_id")
        assert [
            (e.pgh_context["action"], e.pgh_context["motif"]) for e in evenements if e.pgh_label == "update"
        ] == [
            ("fusion de deux fiches", "Même personne"),
            ("fusion défaite", "Erreur"),
        ]


def test_the_amounts_of_a_locked_list_follow(jeanne, jeane, fusionne):
    """The lock recorded by the clock, the merge afterwards: controls stay silent."""
    premiere, seconde = deux_aides(jeanne, jeane)
    verrouiller_listes(le=date(2022, 5, 19), maintenant=now())
    fusionne(jeanne, jeane, le=date(2022, 5, 20), maintenant=now())
    assert etats(premiere, seconde) == [(jeanne.pk, Decimal(160)), (jeanne.pk, "DEJA_AIDE")]
    assert list(controler()) == []


def test_a_merge_takes_as_many_statements_for_many_stays_as_for_few(fusionne):
    def combien(stays: int) -> int:
        un, autre = SeniorFactory(), SeniorFactory()
        for rang in range(stays):
            groupe = groupe_dote(sejour__debut=date(2022, 5 + rang, 14))
            InscriptionFactory(groupe=groupe, senior=(un, autre)[rang % 2], eligibilite="PROGRAMME")
        with CaptureQueriesContext(connection) as requetes:
            fusionne(un, autre)
        return len(requetes)

    assert combien(2) == combien(6)


# --- Ages (I5) --------------------------------------------------------------------------------------------------


@pytest.fixture
def jeune(db):
    """The same names, born twenty years later: 54 at the stay of May 2022."""
    return SeniorFactory(nom="MARTIN", prenom="Jeanne", date_naissance=date(1968, 3, 12))


@pytest.mark.parametrize("garder_la_jeune", [True, False])
def test_a_birth_date_too_young_for_a_list_is_refused_at_the_date(jeanne, jeune, fusionne, garder_la_jeune):
    inscription = InscriptionFactory(groupe=groupe_dote(), senior=jeanne)
    with pytest.raises(FusionRefusee, match="60 ans au départ du groupe") as refus:
        if garder_la_jeune:
            fusionne(jeune, jeanne)
        else:
            fusionne(jeanne, jeune, prises=frozenset({"date_naissance"}))
    assert refus.value.champ == "date_naissance"
    assert (etats(inscription), Fusion.objects.count()) == ([(jeanne.pk, 160)], 0)
    fusionne(jeune, jeanne, prises=frozenset({"date_naissance"}))
    assert etats(inscription) == [(jeune.pk, 160)]


@pytest.mark.parametrize("champs", [{"handicape": True}, {"eligibilite": "AIDANT"}])
def test_the_age_asked_for_is_that_of_the_registration(jeanne, fusionne, champs):
    """55 when disabled, none of a carer."""
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe, dependant=True)
    if champs.get("eligibilite"):
        champs = champs | {"senior_lie": lie}
    InscriptionFactory(groupe=groupe, senior=jeanne, **champs)
    fusionne(SeniorFactory(nom="MARTIN", prenom="Jeanne", date_naissance=date(1966, 3, 12)), jeanne)


def test_a_list_that_is_settled_is_not_judged_again(jeanne, jeune, fusionne):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe, senior=jeanne)
    Groupe.objects.filter(pk=groupe.pk).update(solde_le=MAINTENANT)
    fusionne(jeune, jeanne)
    assert etats(inscription) == [(jeune.pk, 160)]


def test_undoing_a_merge_leaves_nobody_too_young_on_a_list(jeanne, jeune, fusionne, defait):
    fusion = fusionne(jeune, jeanne, prises=frozenset({"date_naissance"}))
    jeune.refresh_from_db()
    inscription = InscriptionFactory(groupe=groupe_dote(), senior=jeune)
    with pytest.raises(FusionRefusee, match="60 ans au départ du groupe"):
        defait(fusion)
    jeune.refresh_from_db()
    assert (jeune.date_naissance, etats(inscription)) == (date(1948, 3, 12), [(jeune.pk, 160)])


# --- What a colleague has decided -------------------------------------------------------------------------------


def test_two_persons_whom_a_colleague_told_apart_are_not_merged(jeanne, jeane, fusionne, agent):
    chercher_doublons(maintenant=MAINTENANT)
    ecarter(doublon=Doublon.objects.get(), motif="Deux sœurs", par=agent, maintenant=MAINTENANT)
    with pytest.raises(FusionRefusee, match="ce ne sont pas les mêmes personnes"):
        fusionne(jeanne, jeane)
    assert (Fusion.objects.count(), Doublon.objects.get().decision) == (0, "DIFFERENTES")


def test_credits_of_a_merge_undone_are_locked_by_key(jeanne, jeane, fusionne, defait):
    """Two porteurs' credits may be needed: a batch that is paid, or a stay that is cancelled, takes them by key too."""
    premier, second = (
        groupe_dote(sejour__debut=date(2022, 6, 11)),
        groupe_dote(sejour__debut=date(2022, 6, 25)),
    )
    InscriptionFactory(groupe=groupe_dote(), senior=jeanne)
    fusion = fusionne(jeanne, jeane)
    InscriptionFactory(groupe=second, senior=jeanne, le=date(2022, 4, 23))
    InscriptionFactory(groupe=premier, senior=jeanne, le=date(2022, 4, 24))
    with CaptureQueriesContext(connection) as prises:
        defait(fusion)
    credits = [r["sql"] for r in prises if 'FROM "conventions_credit"' in r["sql"].split("WHERE")[0]]
    verrous = [
        sql
        for sql in credits
        if "FOR NO KEY UPDATE" in sql and sql.startswith('SELECT "conventions_credit"."id"')
    ]
    assert len(verrous) == 1
    assert 'ORDER BY "conventions_credit"."id" ASC' in verrous[0]
