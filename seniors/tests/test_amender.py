"""ANCV changes a list, closed or not, with a reason (I6, I15): same rules, ledger, journal and mails follow."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from conventions.models import Bareme, Compte, Mouvement
from conventions.tests.factories import CompteFactory
from sejours.models import Groupe
from sejours.operations.groupes import changer_places, verrouiller_listes
from sejours.tests.factories import GroupeFactory
from seniors.journal import journal_du_groupe
from seniors.models import Inscription, Senior
from seniors.operations.amendements import ajouter, amender, retirer
from seniors.operations.annulations import annuler_groupe
from seniors.operations.files import servir_file
from seniors.operations.inscriptions import corriger, effacer, retablir
from seniors.operations.listes import InscriptionRefusee, ListeClose
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
from sev.socle.typographie import de

pytestmark = pytest.mark.django_db

LE = date(2022, 4, 29)
MAINTENANT = datetime(2022, 4, 29, 9, 0, tzinfo=PARIS)
PLUS_TARD = datetime(2022, 4, 29, 9, 5, tzinfo=PARIS)
VERROU = datetime(2022, 4, 28, 0, 5, tzinfo=PARIS)
MOTIF = "Oubli du porteur"
# Above any ceiling of the avis of 2021.
RICHE = {"revenu_imposable": Decimal(60_000), "parts": Decimal(1), "situation": "SEULE"}


@pytest.fixture
def agent() -> Compte:
    return CompteFactory(ancv=True)


def mailable(groupe: Groupe) -> Groupe:
    """Give both sides of the group a mailbox."""
    prestataire = groupe.sejour.offre.equipement.prestataire
    CompteFactory(convention=groupe.porteur.convention, email="ccas@exemple.fr")
    CompteFactory(convention=prestataire.convention, email="hotel@exemple.fr")
    return groupe


def close(groupe: Groupe) -> Groupe:
    """Record the lock of the list, its last day being past."""
    assert verrouiller_listes(le=date(2022, 4, 28), maintenant=VERROU) >= 1
    groupe.refresh_from_db()
    return groupe


def ajoute(groupe, par, *, motif=MOTIF, maintenant=MAINTENANT, qui=None, senior=None, **champs):
    options = {nom: champs.pop(nom) for nom in ("derogation", "jeton") if nom in champs}
    return ajouter(
        groupe=groupe,
        senior=senior or (None if qui else SeniorFactory()),
        identite=qui,
        fiche=fiche(**champs),
        motif=motif,
        par=par,
        le=LE,
        maintenant=maintenant,
        **options,
    )


def amende(inscription, par, *, motif=MOTIF, maintenant=PLUS_TARD, qui=None, derogation=None, **champs):
    return amender(
        inscription=inscription,
        fiche=fiche(**champs) if champs else None,
        identite=qui,
        derogation=derogation,
        motif=motif,
        par=par,
        le=LE,
        maintenant=maintenant,
    )


def retire(inscription, par, *, motif=MOTIF):
    return retirer(inscription=inscription, motif=motif, par=par, le=LE, maintenant=PLUS_TARD)


def decision(inscription) -> tuple[Decimal | None, str]:
    inscription = Inscription.objects.get(pk=inscription.pk)
    return (inscription.aide, inscription.motif_sans_aide)


def lettres(inscription) -> dict[str, Courriel]:
    prefixe = f"liste-modifiee-{{}}-{inscription.pk}-"
    return {
        cote: Courriel.objects.get(cause__startswith=prefixe.format(cote))
        for cote in ("porteur", "prestataire")
    }


# --- Closed lists -------------------------------------------------------------------------------------------------


def test_ancv_adds_corrects_and_removes_on_a_closed_list(agent):
    groupe = close(groupe_dote())
    nouvelle = ajoute(groupe, agent)
    assert decision(nouvelle) == (160, "")
    assert solde(groupe) == (1_500, 160, 1_340)
    amende(nouvelle, agent, eligibilite="PROGRAMME")
    assert decision(nouvelle) == (None, "PROGRAMME")
    amende(nouvelle, agent, eligibilite="AIDE")
    assert retire(nouvelle, agent) == []
    assert decision(nouvelle) == (None, "EFFACEE")
    assert solde(groupe) == (1_500, 0, 1_500)
    entrees = Mouvement.objects.filter(inscription_id=nouvelle.pk).order_by("pk")
    assert list(entrees.values_list("nature", "montant", "auteur", "date")) == [
        (nature, 160, agent.pk, LE) for nature in ("ENGAGEMENT", "LIBERATION") * 2
    ]
    assert list(controler()) == []


@pytest.mark.parametrize("constate", [True, False])
def test_the_control_of_closed_lists_accepts_staff_with_a_reason_and_nobody_else(agent, constate):
    """Dates as the clock gives them: the rows bear instants after the last day, and the record of the lock."""
    groupe = groupe_dote()
    ancienne = InscriptionFactory(groupe=groupe)
    if constate:
        close(groupe)
    amende(ajoute(groupe, agent), agent, handicape=True)
    retire(ancienne, agent)
    assert list(controler()) == []
    porteur = CompteFactory(convention=groupe.porteur.convention)
    Compte.objects.filter(pk=agent.pk).update(is_staff=False, organisme=porteur.organisme)
    assert {ligne.split(" : ")[0] for ligne in controler()} == {"liste_close_donc_inchangee"}


def test_on_an_open_list_too(agent):
    groupe = groupe_dote()
    inscription = ajouter(
        groupe=groupe,
        senior=SeniorFactory(),
        fiche=fiche(),
        motif=MOTIF,
        par=agent,
        le=date(2022, 4, 27),
        maintenant=datetime(2022, 4, 27, 9, 0, tzinfo=PARIS),
    )
    assert decision(inscription) == (160, "")


def test_after_the_stay_began_too(agent):
    groupe = close(groupe_dote())
    inscription = ajouter(
        groupe=groupe,
        senior=SeniorFactory(),
        fiche=fiche(),
        motif=MOTIF,
        par=agent,
        le=date(2022, 6, 3),
        maintenant=datetime(2022, 6, 3, 9, 0, tzinfo=PARIS),
    )
    assert Mouvement.objects.get(inscription_id=inscription.pk).date == date(2022, 6, 3)


# --- Refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("motif", ["", "  "])
def test_a_reason_is_needed(agent, motif):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    for acte in (
        lambda: ajoute(groupe, agent, motif=motif),
        lambda: amende(inscription, agent, motif=motif),
        lambda: retire(inscription, agent, motif=motif),
    ):
        with pytest.raises(InscriptionRefusee, match="Dites pourquoi") as refus:
            acte()
        assert refus.value.champ == "motif"
    assert groupe.inscriptions.presentes().get() == inscription


def test_only_ancv_amends(agent):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    for par in (None, CompteFactory(convention=groupe.porteur.convention)):
        for acte in (
            lambda par=par: ajoute(groupe, par),
            lambda par=par: amende(inscription, par),
            lambda par=par: retire(inscription, par),
        ):
            with pytest.raises(InscriptionRefusee, match="Seule l'ANCV"):
                acte()


@pytest.mark.parametrize("comment", ["annule", "solde"])
def test_neither_a_cancelled_nor_a_settled_list_changes(agent, comment):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    if comment == "annule":
        annuler_groupe(groupe=groupe, motif="Travaux", par=agent, le=LE, maintenant=VERROU)
        message = "annulé"
    else:
        Groupe.objects.filter(pk=groupe.pk).update(solde_le=datetime(2022, 6, 8, 22, 30, tzinfo=PARIS))
        message = "confirmée le 08/06/2022"
    for acte in (
        lambda: ajoute(groupe, agent),
        lambda: amende(inscription, agent),
        lambda: retire(inscription, agent),
    ):
        with pytest.raises(ListeClose, match=message):
            acte()


def test_the_rules_of_a_registration_hold(agent):
    groupe = close(groupe_dote())
    with pytest.raises(InscriptionRefusee, match="ans au départ") as refus:
        ajoute(groupe, agent, senior=SeniorFactory(date_naissance=date(1970, 1, 1)))
    assert refus.value.champ == "date_naissance"
    senior = SeniorFactory()
    InscriptionFactory(groupe=groupe_dote(), senior=senior)
    with pytest.raises(InscriptionRefusee, match="ne peuvent pas se chevaucher"):
        ajoute(groupe, agent, senior=senior)
    lie = ajoute(groupe, agent, dependant=True)
    ajoute(groupe, agent, eligibilite="AIDANT", senior_lie=lie)
    with pytest.raises(InscriptionRefusee, match="accompagne cette personne"):
        retire(lie, agent)
    with pytest.raises(InscriptionRefusee, match="accompagne cette personne"):
        amende(lie, agent, dependant=False)


def test_somebody_already_on_the_list_is_not_added_twice(agent):
    groupe, senior = groupe_dote(), SeniorFactory()
    ajoute(groupe, agent, senior=senior)
    with pytest.raises(InscriptionRefusee, match="déjà sur cette liste"):
        ajoute(groupe, agent, senior=senior)
    with pytest.raises(InscriptionRefusee, match="n'est plus sur la liste"):
        partie = InscriptionFactory(groupe=groupe)
        retire(partie, agent)
        retire(partie, agent)


def test_the_same_form_sent_twice_adds_once_and_takes_one_place(agent):
    groupe, senior = mailable(close(groupe_dote(places=1))), SeniorFactory()
    ajoute(groupe, agent)
    une, deux = (ajoute(groupe, agent, senior=senior, jeton=UUID(int=7)) for _ in range(2))
    groupe.refresh_from_db()
    assert (une.pk, groupe.places, groupe.inscrits) == (deux.pk, 2, 2)
    assert Courriel.objects.filter(cause__startswith=f"liste-modifiee-porteur-{une.pk}-").count() == 1


# --- Places -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fermee", [True, False])
def test_a_full_group_gets_one_more_place_if_the_stay_has_one(agent, fermee):
    groupe = groupe_dote(places=1, sejour__places=2)
    InscriptionFactory(groupe=groupe)
    if fermee:
        close(groupe)
    ajoute(groupe, agent)
    groupe.refresh_from_db()
    groupe.sejour.refresh_from_db()
    assert (groupe.places, groupe.inscrits, groupe.sejour.places_prises) == (2, 2, 2)
    with pytest.raises(InscriptionRefusee, match=r"Les 2 places sont prises\. Il n'y a plus de place libre"):
        ajoute(groupe, agent)
    assert list(controler()) == []


def test_the_place_that_a_closed_list_gave_back_may_be_gone(agent):
    """S9: what nobody took went to the stay, and from there to another group."""
    groupe = groupe_dote(places=4, sejour__places=10)
    InscriptionFactory(groupe=groupe)
    close(groupe)
    autre = GroupeFactory(sejour=groupe.sejour, places=9)
    with pytest.raises(InscriptionRefusee, match=r"^Il n'y a plus de place libre sur ce séjour"):
        ajoute(groupe, agent)
    changer_places(groupe=autre, places=8, par=agent, le=date(2022, 4, 27), maintenant=MAINTENANT)
    ajoute(groupe, agent)
    groupe.refresh_from_db()
    groupe.sejour.refresh_from_db()
    assert (groupe.places, groupe.inscrits, groupe.sejour.places_prises) == (4, 2, 10)


def test_a_refused_addition_takes_no_place(agent):
    groupe = groupe_dote(places=1)
    InscriptionFactory(groupe=groupe)
    with pytest.raises(InscriptionRefusee):
        ajoute(groupe, agent, senior=SeniorFactory(date_naissance=date(1980, 1, 1)))
    groupe.refresh_from_db()
    assert groupe.places == 1


# --- The ceiling (I6) ---------------------------------------------------------------------------------------------


@pytest.fixture
def plafond():
    Bareme.objects.update_or_create(
        annee_avis=2021, situation="SEULE", parts=Decimal(1), defaults={"plafond": Decimal(14_000)}
    )


def test_a_lifted_ceiling_gives_the_aid_and_may_be_put_back(agent, plafond):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe, **RICHE)
    assert decision(inscription) == (None, "PLAFOND")
    close(groupe)
    amende(inscription, agent, derogation=True)
    inscription.refresh_from_db()
    assert (inscription.aide, inscription.derogation) == (160, True)
    assert inscription.revenu_imposable == 60_000
    amende(inscription, agent, derogation=False)
    assert decision(inscription) == (None, "PLAFOND")
    assert solde(groupe) == (1_500, 0, 1_500)


def test_the_porteur_s_correction_and_restoration_keep_the_ceiling_lifted(agent, plafond):
    groupe = groupe_dote()
    inscription = ajoute(groupe, agent, derogation=True, **RICHE)
    assert decision(inscription) == (160, "")
    jour = {"par": None, "le": date(2022, 4, 22), "maintenant": MAINTENANT}
    corriger(inscription=inscription, fiche=fiche("PROGRAMME", **RICHE), **jour)
    corriger(inscription=inscription, fiche=fiche(**RICHE), **jour)
    assert decision(inscription) == (160, "")
    effacer(inscription=inscription, **jour)
    retablir(groupe=groupe, effacee_le=MAINTENANT, **jour)
    assert decision(inscription) == (160, "")


def test_the_queue_keeps_the_ceiling_lifted(agent, plafond):
    groupe = groupe_dote(1)
    attend = ajoute(groupe, agent, derogation=True, **RICHE)
    assert decision(attend) == (None, "CREDITS_EPUISES")
    groupe_dote(1_000, porteur=groupe.porteur)
    servir_file(convention=groupe.porteur_id, annee=2022, le=date(2022, 4, 27))
    assert decision(attend) == (160, "")


def test_a_lifted_ceiling_lifts_nothing_else(agent, plafond):
    senior = SeniorFactory()
    InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 6, 4)), senior=senior)
    inscription = ajoute(groupe_dote(), agent, senior=senior, derogation=True, **RICHE)
    assert decision(inscription) == (None, "DEJA_AIDE")


# --- Who it is ----------------------------------------------------------------------------------------------------


def test_ancv_corrects_the_identity_of_somebody_whom_others_know(agent):
    senior = SeniorFactory(date_naissance=date(1950, 3, 12))
    InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 9, 3)), senior=senior)
    inscription = InscriptionFactory(groupe=groupe_dote(), senior=senior)
    amende(inscription, agent, qui=identite(nom="MARTINET"))
    senior.refresh_from_db()
    assert (senior.nom, senior.cle_nom, senior.date_naissance) == ("MARTINET", "MARTINET", date(1948, 3, 12))
    assert list(controler()) == []


def test_nobody_becomes_too_young_for_another_list(agent):
    senior = SeniorFactory()
    tot = InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 5, 14)), senior=senior)
    tard = InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 9, 3)), senior=senior)
    with pytest.raises(InscriptionRefusee, match=f"Trop jeune pour le groupe n° {tot.groupe_id}") as refus:
        amende(tard, agent, qui=identite(date_naissance=date(1962, 7, 1)))
    assert refus.value.champ == "date_naissance"
    senior.refresh_from_db()
    assert senior.nom != "MARTIN"


def test_an_unknown_person_is_made_a_known_one_found(agent):
    groupe = groupe_dote()
    une = ajoute(groupe, agent, qui=identite())
    autre = ajoute(
        groupe_dote(sejour__debut=date(2022, 9, 3)), agent, qui=identite(nom="martin", prenom="JEANNE")
    )
    assert (une.senior_id, Senior.objects.filter(cle_nom="MARTIN").count()) == (autre.senior_id, 1)


# --- The queue ----------------------------------------------------------------------------------------------------


def test_what_a_removal_gives_back_serves_the_queue(agent):
    groupe = groupe_dote(160)
    aidee = InscriptionFactory(groupe=groupe)
    ouvert = GroupeFactory(porteur=groupe.porteur, sejour__debut=date(2022, 6, 4))
    attend = InscriptionFactory(groupe=ouvert, maintenant=datetime(2022, 4, 22, 11, 0, tzinfo=PARIS))
    groupe_dote(20, porteur=groupe.porteur)
    assert decision(attend) == (None, "CREDITS_EPUISES")
    close(groupe)
    assert [i.pk for i in retire(aidee, agent)] == [attend.pk]
    assert solde(groupe) == (180, 180, 0)


# --- Mails and journal --------------------------------------------------------------------------------------------


def test_both_sides_are_mailed_without_income_health_nor_reason_for_the_provider(agent, plafond):
    groupe = mailable(close(groupe_dote()))
    secret = {"handicape": True, "commentaires": "Sans gluten", **RICHE}
    inscription = ajoute(groupe, agent, motif="Revenu vérifié par téléphone", **secret)
    courriels = lettres(inscription)
    assert {cote: c.destinataire for cote, c in courriels.items()} == {
        "porteur": "ccas@exemple.fr",
        "prestataire": "hotel@exemple.fr",
    }
    porteur, prestataire = (
        clair(courriels[cote].texte + courriels[cote].html) for cote in ("porteur", "prestataire")
    )
    for texte in (porteur, prestataire):
        assert f"{inscription.senior} est maintenant sur la liste." in texte
        assert "1 personne sur 10 places" in texte
        assert [mot for mot in ("60 000", "60000", "gluten", "andicap") if mot in texte] == []
    assert "revenu imposable au-dessus du plafond" in porteur
    assert "Revenu vérifié par téléphone" in porteur
    assert "imprimez-la à nouveau" not in porteur
    assert "Sans aide." in prestataire
    assert "plafond" not in prestataire
    assert "vérifié" not in prestataire
    assert "imprimez-la à nouveau" in prestataire


def test_after_the_stay_nobody_is_asked_to_print_nor_told_that_nothing_is_to_do(agent):
    groupe = mailable(close(groupe_dote()))
    apres = date(2022, 5, 30)
    inscription = ajouter(
        groupe=groupe,
        senior=SeniorFactory(),
        fiche=fiche(),
        motif=MOTIF,
        par=agent,
        le=apres,
        maintenant=MAINTENANT,
    )
    texte = clair("".join(c.texte + c.html for c in lettres(inscription).values()))
    assert f"{inscription.senior} est maintenant sur la liste." in texte
    assert [mots for mots in ("imprimez-la", "rien à faire") if mots in texte] == []


def test_each_amendment_is_told_once(agent):
    groupe = mailable(groupe_dote())
    inscription = ajouter(
        groupe=groupe,
        senior=SeniorFactory(),
        fiche=fiche(),
        motif=MOTIF,
        par=agent,
        le=date(2022, 4, 20),
        maintenant=datetime(2022, 4, 20, 9, 0, tzinfo=PARIS),
    )
    # An open list has not been printed as the last one.
    assert "imprimez" not in lettres(inscription)["prestataire"].texte
    amende(inscription, agent, handicape=True)
    retirer(
        inscription=inscription, motif=MOTIF, par=agent, le=LE, maintenant=datetime(2022, 4, 30, tzinfo=PARIS)
    )
    courriels = Courriel.objects.filter(cause__startswith="liste-modifiee-prestataire-").order_by("pk")
    phrases = ("est maintenant sur la liste", "est corrigée", "n'est plus sur la liste")
    textes = [clair(c.texte).replace("’", "'") for c in courriels]
    assert len(textes) == 3
    assert all(phrase in texte for phrase, texte in zip(phrases, textes, strict=True))
    assert "aide" not in textes[2]


def test_the_journal_says_who_and_why_without_the_reason_to_the_provider(agent, plafond):
    groupe = close(groupe_dote(places=1))
    InscriptionFactory(
        groupe=groupe_dote(porteur=groupe.porteur, sejour__debut=date(2022, 9, 3)),
    )
    une = ajoute(groupe, agent)
    riche = ajoute(groupe, agent, motif="Avis reçu", **RICHE)
    amende(riche, agent, motif="Veuvage récent", derogation=True)
    retire(une, agent, motif="Hospitalisation")
    porteur = CompteFactory(convention=groupe.porteur.convention)
    hotel = CompteFactory(convention=groupe.sejour.offre.equipement.prestataire.convention)
    actes = [
        (ligne.action, clair(ligne.texte), ligne.motif) for ligne in journal_du_groupe(groupe, pour=porteur)
    ]
    assert actes[:5] == [
        (
            "retrait par l'ANCV",
            f"{une.senior} n'est plus sur la liste, aide de 160 € annulée",
            "Hospitalisation",
        ),
        (
            "correction par l'ANCV",
            f"Fiche {de(str(riche.senior))} : plafond levé par l'ANCV : non devient oui ; sans aide (revenu imposable "
            "au-dessus du plafond) devient aide de 160 €",
            "Veuvage récent",
        ),
        (
            "ajout par l'ANCV",
            f"{riche.senior} sur la liste : A l'aide, sans aide (revenu imposable au-dessus du plafond)",
            "Avis reçu",
        ),
        ("ajout par l'ANCV", f"{une.senior} sur la liste : A l'aide, aide de 160 €", MOTIF),
        ("place ajoutée par l'ANCV", actes[4][1], "une personne de plus sur la liste"),
    ]
    vues = journal_du_groupe(groupe, pour=hotel)
    assert {ligne.motif for ligne in vues} <= {"", "une personne de plus sur la liste"}
    assert not any("plafond" in ligne.texte for ligne in vues)
    assert {ligne.par for ligne in vues if ligne.action.endswith("ANCV")} == {"l'ANCV"}
