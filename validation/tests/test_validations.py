"""The windows after a stay: who may answer until when, and what each answer does to aids, credits, sums due (V1-V7)."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from conventions.models import Mouvement
from conventions.tests.factories import CompteFactory
from sejours.models import Groupe
from sejours.tests.factories import GroupeFactory
from seniors.models import Inscription
from seniors.tests.factories import InscriptionFactory, SeniorFactory, clair, groupe_dote, solde
from sev.controle import controler
from sev.socle.journal import acte
from sev.socle.models import Courriel
from validation.models import Presence, Validation, Versement
from validation.models.validations import Phase
from validation.operations.validations import (
    DelaiDepasse,
    ValidationRefusee,
    clore_sans_versement,
    confirmer,
    prolonger,
    trancher,
    valider,
)
from validation.tests.factories import (
    CONFIRME_LE,
    VALIDE_LE,
    cles,
    comptes_de,
    instant,
    liste_confirmee,
    liste_du_manuel,
    liste_validee,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def groupe():
    return liste_du_manuel()


@pytest.fixture
def porteur(groupe):
    return comptes_de(groupe)[0]


@pytest.fixture
def prestataire(groupe):
    return comptes_de(groupe)[1]


@pytest.fixture
def ancv():
    return CompteFactory(ancv=True)


def valide(groupe, presents=None, *, par, le, motif=""):
    presents = cles(groupe) if presents is None else presents
    return valider(groupe=groupe, presents=presents, par=par, le=le, maintenant=instant(le), motif=motif)


def confirme(groupe, presents=None, *, par, le=CONFIRME_LE, motif=""):
    presents = cles(groupe) if presents is None else presents
    return confirmer(groupe=groupe, presents=presents, par=par, le=le, maintenant=instant(le), motif=motif)


def test_the_manual_s_list_has_eight_aids(groupe):
    assert solde(groupe) == (1_500, 1_280, 220)


# --- The provider's window (V1) -----------------------------------------------------------------------------------


@pytest.mark.parametrize("jour", [date(2022, 5, 22), date(2022, 6, 5)])
def test_the_provider_validates_from_the_day_after_the_stay_for_fifteen_days(groupe, prestataire, jour):
    validation = valide(groupe, par=prestataire, le=jour)
    assert (validation.validee_par, validation.echeance_prestataire) == (prestataire, date(2022, 6, 5))
    assert validation.echeance_porteur == jour + timedelta(15)


def test_before_the_end_there_is_nothing_to_validate(groupe, prestataire):
    with pytest.raises(ValidationRefusee, match="pas terminé"):
        valide(groupe, par=prestataire, le=date(2022, 5, 21))
    assert not Validation.objects.exists()


def test_after_fifteen_days_the_provider_is_refused_even_if_no_clock_has_run(groupe, prestataire):
    with pytest.raises(DelaiDepasse) as refus:
        valide(groupe, par=prestataire, le=date(2022, 6, 6))
    assert clair(refus.value.message) == (
        "Le délai est passé depuis le dimanche 5 juin à minuit. L'ANCV a repris ce dossier, vous n'avez rien à faire."
    )


def test_a_list_is_validated_once(groupe, prestataire):
    liste_validee(groupe)
    with pytest.raises(ValidationRefusee, match="déjà validée"):
        valide(groupe, set(), par=prestataire, le=date(2022, 5, 31))
    assert set(Presence.objects.values_list("selon_prestataire", flat=True)) == {True}


def test_a_person_who_is_not_on_the_list_cannot_be_ticked(groupe, prestataire):
    autre = InscriptionFactory(groupe=groupe_dote())
    with pytest.raises(ValidationRefusee, match="a changé"):
        valide(groupe, cles(groupe) | {autre.pk}, par=prestataire, le=VALIDE_LE)
    assert not Presence.objects.exists()


def test_an_empty_list_has_nothing_to_validate(prestataire):
    vide = groupe_dote()
    with pytest.raises(ValidationRefusee, match="Personne"):
        valide(vide, par=prestataire, le=VALIDE_LE)


def test_the_porteur_is_told_when_its_window_opens(groupe, porteur, prestataire):
    validation = liste_validee(groupe, "Pierre RONVIN")
    assert validation.echeance_porteur == date(2022, 6, 14)
    courriel = Courriel.objects.get(cause=f"validation-ouverte-porteur-{groupe.pk}")
    assert courriel.destinataire == porteur.email
    assert "jusqu'au mardi 14 juin 2022 à minuit" in clair(courriel.texte)
    assert f"/validation/{groupe.pk}/" in courriel.texte


# --- The porteur's window (V2, V7) ----------------------------------------------------------------------------------


def test_the_porteur_cannot_confirm_before_the_provider(groupe, porteur):
    with pytest.raises(ValidationRefusee, match="contactez-le"):
        confirme(groupe, par=porteur, le=VALIDE_LE)


@pytest.mark.parametrize(("jour", "refuse"), [(date(2022, 6, 14), False), (date(2022, 6, 15), True)])
def test_the_porteur_has_fifteen_days_from_the_validation(groupe, porteur, jour, refuse):
    liste_validee(groupe)
    if refuse:
        with pytest.raises(DelaiDepasse, match="mardi"):
            confirme(groupe, par=porteur, le=jour)
    else:
        assert confirme(groupe, par=porteur, le=jour).verse == 1_280


def test_on_confirmation_the_aids_of_those_present_are_due_and_those_of_the_absent_go_back(groupe, porteur):
    absents = ("Pierre RONVIN", "Bernard SAVATE")
    liste_validee(groupe, *absents)
    somme = confirme(groupe, cles(groupe, *absents), par=porteur)
    assert (somme.aides, somme.verse, somme.rendu, somme.en_litige) == (6, 960, 320, 0)
    assert sum(v.montant for v in Versement.objects.all()) == 960
    assert {v.prestataire for v in Versement.objects.all()} == {groupe.sejour.offre.equipement.prestataire}
    assert solde(groupe) == (1_500, 960, 540)
    absentes = Inscription.objects.filter(motif_sans_aide="ABSENTE")
    assert {str(i.senior) for i in absentes} == set(absents)
    assert list(controler()) == []
    assert Groupe.objects.get(pk=groupe.pk).solde_le == instant(CONFIRME_LE)


def test_an_absent_person_may_be_aided_again_in_the_year(groupe, porteur):
    liste_confirmee(groupe, "Pierre RONVIN")
    senior = Inscription.objects.get(motif_sans_aide="ABSENTE").senior
    autre = groupe_dote(sejour__debut=date(2022, 9, 10))
    assert InscriptionFactory(groupe=autre, senior=senior, le=CONFIRME_LE).aide == 180


def test_credit_of_the_absent_serves_the_queue(groupe, porteur):
    ouvert = GroupeFactory(porteur=groupe.porteur, sejour__debut=date(2022, 9, 10))
    aides = [InscriptionFactory(groupe=ouvert, senior=SeniorFactory(), le=VALIDE_LE) for _ in range(3)]
    assert [i.aide for i in aides] == [180, None, None]
    liste_confirmee(groupe, "Pierre RONVIN", "Bernard SAVATE")
    assert [Inscription.objects.get(pk=i.pk).aide for i in aides] == [180, 180, 180]
    assert solde(groupe) == (1_500, 6 * 160 + 3 * 180, 0)


def test_a_list_is_confirmed_once(groupe, porteur):
    liste_confirmee(groupe)
    with pytest.raises(ValidationRefusee, match="déjà confirmée"):
        confirme(groupe, set(), par=porteur)
    assert Versement.objects.count() == 8


def test_both_sides_read_what_the_list_amounts_to(groupe, porteur, prestataire):
    liste_confirmee(groupe, "Pierre RONVIN")
    courriels = Courriel.objects.filter(cause__startswith=f"validation-confirmee-{groupe.pk}-")
    assert {c.destinataire for c in courriels} == {porteur.email, prestataire.email}
    for courriel in courriels:
        assert "L'ANCV versera 1 120 € au prestataire (7 aides)." in clair(courriel.texte)
        assert "1 personne aidée n'est pas partie : 160 € reviennent aux crédits" in clair(courriel.texte)


# --- Disagreement (V6) ----------------------------------------------------------------------------------------------


def test_a_person_on_whom_the_sides_disagree_waits_for_ancv_and_the_others_are_payable(groupe, porteur):
    liste_validee(groupe)
    somme = confirme(groupe, cles(groupe, "Pierre RONVIN"), par=porteur)
    assert (somme.verse, somme.en_litige, somme.rendu) == (1_120, 160, 0)
    (litige,) = Presence.objects.en_litige()
    assert str(litige.inscription.senior) == "Pierre RONVIN"
    assert litige.inscription.aide == 160
    assert Versement.objects.count() == 7
    assert list(controler()) == []


@pytest.mark.parametrize(("venu", "du", "utilise"), [(True, 1_280, 1_280), (False, 1_120, 1_120)])
def test_ancv_settles_it_once_with_a_reason(groupe, porteur, ancv, venu, du, utilise):
    liste_validee(groupe)
    confirme(groupe, cles(groupe, "Pierre RONVIN"), par=porteur)
    litige = Presence.objects.en_litige().get()
    tranche = {"presence": litige, "venu": venu, "par": ancv, "le": date(2022, 6, 20)}
    tranche["maintenant"] = instant(date(2022, 6, 20))
    with pytest.raises(ValidationRefusee) as refus:
        trancher(**tranche, motif="  ")
    assert refus.value.champ == "motif"
    trancher(**tranche, motif="Attestation du village")
    assert sum(v.montant for v in Versement.objects.all()) == du
    assert solde(groupe)[1] == utilise
    with pytest.raises(ValidationRefusee, match="déjà réglé"):
        trancher(**tranche, motif="Encore")
    assert Courriel.objects.filter(cause__startswith="litige-tranche").count() == 2
    assert list(controler()) == []


# --- ANCV's decisions on a lapsed window (V4) ------------------------------------------------------------------------


def test_ancv_validates_in_the_provider_s_place_only_once_the_window_is_over(groupe, ancv):
    with pytest.raises(ValidationRefusee, match="court encore"):
        valide(groupe, par=ancv, le=date(2022, 6, 5), motif="Sans nouvelles")
    with pytest.raises(ValidationRefusee) as refus:
        valide(groupe, par=ancv, le=date(2022, 6, 6))
    assert refus.value.champ == "motif"
    comptes_de(groupe)
    validation = valide(groupe, par=ancv, le=date(2022, 6, 6), motif="Sans nouvelles du prestataire")
    assert validation.phase(date(2022, 6, 21)) == Phase.PORTEUR
    courriel = Courriel.objects.get(cause=f"validation-ouverte-porteur-{groupe.pk}")
    assert (
        f"L'ANCV a validé la liste des participants à la place du prestataire : {groupe.sejour.offre.equipement.nom}, "
    ) in clair(courriel.texte)
    au_prestataire = Courriel.objects.get(cause=f"validation-a-la-place-{groupe.pk}")
    assert "L'ANCV a validé la liste des participants à votre place" in clair(au_prestataire.texte)
    for lu in (courriel, au_prestataire):
        assert "Motif : Sans nouvelles du prestataire" in clair(lu.texte)


def test_what_ancv_confirms_in_the_porteur_s_place_is_decided(groupe, ancv):
    liste_validee(groupe)
    somme = confirme(
        groupe, cles(groupe, "Pierre RONVIN"), par=ancv, le=date(2022, 6, 15), motif="Porteur injoignable"
    )
    assert (somme.verse, somme.en_litige, somme.rendu) == (1_120, 0, 160)
    assert not Presence.objects.en_litige().exists()
    assert solde(groupe)[1] == 1_120
    courriels = Courriel.objects.filter(cause__startswith=f"validation-confirmee-{groupe.pk}-")
    assert len(courriels) == 2
    for courriel in courriels:
        assert "L'ANCV a confirmé la liste à la place du porteur de projet" in clair(courriel.texte)
        assert "Motif : Porteur injoignable" in clair(courriel.texte)


def test_ancv_extends_a_window_that_lapsed_and_the_party_answers(groupe, porteur, ancv):
    validation = liste_validee(groupe)
    le = date(2022, 6, 16)
    assert validation.phase(le) == Phase.DEPASSEE
    for jusqu_au in (date(2022, 6, 14), date(2022, 6, 15)):
        with pytest.raises(ValidationRefusee) as refus:
            prolonger(
                validation=validation,
                jusqu_au=jusqu_au,
                motif="Vacances",
                par=ancv,
                le=le,
                maintenant=instant(le),
            )
        assert refus.value.champ == "jusqu_au"
    prolonger(
        validation=validation,
        jusqu_au=date(2022, 6, 30),
        motif="Fermeture de la mairie",
        par=ancv,
        le=le,
        maintenant=instant(le),
    )
    assert confirme(groupe, par=porteur, le=date(2022, 6, 30)).verse == 1_280


def test_ancv_closes_a_lapsed_file_without_payment(groupe, ancv, porteur):
    validation = liste_validee(groupe)
    cloture = {"validation": validation, "par": ancv, "motif": "Aucune réponse après trois relances"}
    with pytest.raises(ValidationRefusee, match="court encore"):
        clore_sans_versement(**cloture, le=date(2022, 6, 14), maintenant=instant(date(2022, 6, 14)))
    clore_sans_versement(**cloture, le=date(2022, 6, 15), maintenant=instant(date(2022, 6, 15)))
    assert solde(groupe) == (1_500, 0, 1_500)
    assert not Versement.objects.exists()
    assert Inscription.objects.filter(motif_sans_aide="NON_VERSEE").count() == 8
    with pytest.raises(ValidationRefusee, match="clos"):
        confirme(groupe, par=porteur, le=date(2022, 6, 15))
    assert list(controler()) == []


def test_a_window_whose_list_ancv_has_emptied_may_still_be_ended(groupe, ancv):
    validation = liste_validee(groupe)
    with acte("retrait", par=ancv, motif="Personne n'est venu"):
        groupe.inscriptions.update(
            aide=None, motif_sans_aide="EFFACEE", effacee_le=instant(date(2022, 6, 1), 9)
        )
    le = date(2022, 6, 15)
    clore_sans_versement(
        validation=validation, motif="Séjour annulé sur place", par=ancv, le=le, maintenant=instant(le)
    )
    assert Validation.objects.get().phase(le) == Phase.CLOSE


def test_a_window_that_lapsed_long_ago_may_be_extended_to_today(groupe, ancv):
    validation, le = liste_validee(groupe), date(2022, 6, 20)
    prolongation = {"validation": validation, "motif": "Vacances", "par": ancv, "le": le}
    for trop_tot_ou_trop_tard in (date(2022, 6, 19), date(2022, 12, 18), date(9999, 12, 31)):
        with pytest.raises(ValidationRefusee) as refus:
            prolonger(**prolongation, jusqu_au=trop_tot_ou_trop_tard, maintenant=instant(le))
        message = "Choisissez un jour du lundi 20 juin 2022 au samedi 17 décembre 2022."
        assert clair(refus.value.message) == message
    assert prolonger(**prolongation, jusqu_au=le, maintenant=instant(le)).echeance == le


def test_both_sides_are_told_of_each_extension_even_to_the_same_day(groupe, prestataire, ancv):
    dernier, le = date(2022, 6, 30), date(2022, 6, 6)
    ouverte = Validation.objects.create(
        groupe=groupe, ouverte_le=instant(date(2022, 5, 22)), echeance_prestataire=date(2022, 6, 5)
    )
    prolongation = {
        "jusqu_au": dernier,
        "motif": "Vacances",
        "par": ancv,
        "le": le,
        "maintenant": instant(le),
    }
    prolonger(validation=ouverte, **prolongation)
    validation = liste_validee(groupe, le=date(2022, 6, 10))
    assert prolonger(validation=validation, **prolongation | {"le": date(2022, 6, 10)}).echeance == dernier
    dites = Courriel.objects.filter(cause__startswith="validation-prolongee-").order_by("pk")
    verbes = [clair(c.texte).split(" peut ")[1].split(" la liste")[0] for c in dites]
    assert verbes == ["valider", "valider", "confirmer", "confirmer"]


# --- What the database itself refuses --------------------------------------------------------------------------------


def test_a_confirmed_validation_never_changes(groupe):
    liste_confirmee(groupe)
    with pytest.raises(Exception, match="Cannot"), transaction.atomic():
        Validation.objects.update(confirmee_le=None, confirmee_par=None)


def test_an_aid_that_is_due_is_neither_changed_nor_removed(groupe):
    liste_confirmee(groupe)
    aidee = Inscription.objects.filter(aide__isnull=False).first()
    for change in (
        {"aide": None, "motif_sans_aide": "ABSENTE"},
        {"aide": None, "motif_sans_aide": "EFFACEE", "effacee_le": instant(CONFIRME_LE)},
        {"aide": 170},
    ):
        with pytest.raises(IntegrityError, match="une_aide_due_ne_change_plus"), transaction.atomic():
            Inscription.objects.filter(pk=aidee.pk).update(**change)


def test_only_the_aid_of_a_person_who_travelled_falls_due(groupe):
    liste_confirmee(groupe, "Pierre RONVIN")
    for inscription in Inscription.objects.filter(versement__isnull=True):
        with pytest.raises(IntegrityError, match="aide_d_une_personne_partie"), transaction.atomic():
            Versement.objects.create(
                inscription=inscription,
                groupe=groupe,
                prestataire=groupe.sejour.offre.equipement.prestataire,
                montant=160,
                du_le=CONFIRME_LE,
            )


def test_an_aid_is_paid_once_in_the_ledger(groupe):
    liste_confirmee(groupe)
    engagement = Mouvement.objects.filter(nature="ENGAGEMENT").first()
    versement = {"credit": engagement.credit, "nature": "VERSEMENT", "montant": 160, "date": CONFIRME_LE}
    Mouvement.objects.create(**versement, inscription_id=engagement.inscription_id)
    with pytest.raises(IntegrityError, match="un_versement_par_inscription"), transaction.atomic():
        Mouvement.objects.create(**versement, inscription_id=engagement.inscription_id)
