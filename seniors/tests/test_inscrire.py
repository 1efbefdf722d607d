"""Registering (I1-I14, C5, C7, I9): the manual's figures, each refusal and its words, each outcome, the journal."""

import uuid
from datetime import date, datetime
from decimal import Decimal

import pytest

from conventions.models import Bareme, Mouvement, Programme, Tarif
from conventions.tests.factories import CompteFactory, CreditFactory
from sejours.models import Groupe
from sejours.tests.factories import GroupeFactory, PorteurFactory
from seniors.models import Inscription, Senior
from seniors.operations.inscriptions import inscrire
from seniors.operations.listes import InscriptionRefusee, ListeClose
from seniors.regles.libelles import libelle_decision
from seniors.tests.factories import (
    LE,
    MAINTENANT,
    PARIS,
    InscriptionFactory,
    SeniorFactory,
    clair,
    fiche,
    groupe_dote,
    identite,
    solde,
)

JUIN = date(2022, 6, 4)


def mouvements(groupe) -> list[tuple[str, Decimal, int | None]]:
    return list(
        Mouvement.objects.filter(credit__convention=groupe.porteur_id)
        .order_by("pk")
        .values_list("nature", "montant", "inscription_id")
    )


def refus(groupe, *, senior=None, le=LE, **champs) -> list[tuple[str, str]]:
    """Register, be refused, and see that nothing was written; return the obstacles."""
    senior = senior or SeniorFactory()
    avant = list(Inscription.objects.order_by("pk").values()), list(Mouvement.objects.order_by("pk").values())
    with pytest.raises(InscriptionRefusee) as erreur:
        inscrire(groupe=groupe, senior=senior, fiche=fiche(**champs), par=None, le=le, maintenant=MAINTENANT)
    assert avant == (
        list(Inscription.objects.order_by("pk").values()),
        list(Mouvement.objects.order_by("pk").values()),
    )
    obstacles = erreur.value.obstacles
    assert erreur.value.champ == obstacles[0].champ
    assert erreur.value.message == " ".join(o.message for o in obstacles)
    return [(o.champ, clair(o.message)) for o in obstacles]


def decision(inscription) -> tuple[Decimal | None, str]:
    return (inscription.aide, inscription.motif_sans_aide)


# --- The manual -----------------------------------------------------------------------------------------


def test_the_manual_s_stay_costs_410_less_160(db):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    assert (inscription.groupe.prix, inscription.aide, inscription.reste) == (410, 160, 250)
    assert (inscription.debut, inscription.fin, inscription.annee) == (
        date(2022, 5, 14),
        date(2022, 5, 21),
        2022,
    )


def test_two_aids_leave_1180_of_1500_at_the_registration(db):
    groupe = groupe_dote(1_500)
    premiere, seconde = InscriptionFactory(groupe=groupe), InscriptionFactory(groupe=groupe)
    assert solde(groupe) == (1_500, 320, 1_180)
    assert mouvements(groupe) == [
        ("ALLOCATION", 1_500, None),
        ("ENGAGEMENT", 160, premiere.pk),
        ("ENGAGEMENT", 160, seconde.pk),
    ]


def test_640_euros_are_four_aids_and_the_fifth_person_goes_without(db):
    groupe = groupe_dote(640)
    inscriptions = [InscriptionFactory(groupe=groupe) for _ in range(5)]
    assert [decision(i) for i in inscriptions] == [(160, "")] * 4 + [(None, "CREDITS_EPUISES")]
    assert solde(groupe) == (640, 640, 0)
    groupe.refresh_from_db()
    assert (groupe.inscrits, groupe.places) == (5, 10)


def test_the_manual_s_list_au_programme_disabled_and_her_carer(db):
    groupe = groupe_dote(1_500)
    senior = InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", rfr=Decimal(0), handicape=True)
    aidant = InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=senior)
    assert (decision(senior), decision(aidant)) == ((None, "PROGRAMME"), (160, ""))
    assert solde(groupe) == (1_500, 160, 1_340)


# --- Credit (C5-C7) -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alloue", "attendu"), [(Decimal(160), (160, "")), (Decimal("159.99"), (None, "CREDITS_EPUISES"))]
)
def test_the_last_aid_is_whole_or_not_at_all(db, alloue, attendu):
    groupe = groupe_dote(alloue)
    assert decision(InscriptionFactory(groupe=groupe)) == attendu
    assert solde(groupe)[1] == (attendu[0] or 0)


def test_without_credit_of_the_year_the_person_goes_without(db):
    assert decision(InscriptionFactory()) == (None, "SANS_DOTATION")


def test_the_credit_of_another_year_or_porteur_does_not_count(db):
    groupe = GroupeFactory()
    CreditFactory(convention=groupe.porteur.convention, annee=2023)
    CreditFactory(convention=PorteurFactory().convention, annee=2022)
    assert decision(InscriptionFactory(groupe=groupe)) == (None, "SANS_DOTATION")


def test_a_stay_across_31_december_is_of_the_year_of_its_start(db):
    groupe = groupe_dote(1_500, sejour__debut=date(2022, 12, 28))
    senior = SeniorFactory()
    inscription = InscriptionFactory(groupe=groupe, senior=senior)
    assert (inscription.fin, inscription.annee, inscription.aide) == (date(2023, 1, 4), 2022, 180)
    janvier = groupe_dote(1_500, porteur=groupe.porteur, sejour__debut=date(2023, 1, 4))
    assert decision(InscriptionFactory(groupe=janvier, senior=senior)) == (194, "")
    assert [solde(g) for g in (groupe, janvier)] == [(1_500, 180, 1_320), (1_500, 194, 1_306)]


@pytest.mark.parametrize(
    ("debut", "duree", "aide"),
    [
        (date(2022, 5, 31), 8, 160),
        (date(2022, 6, 1), 8, 180),
        (date(2022, 5, 31), 5, 150),
        (date(2022, 12, 31), 8, 180),
        (date(2023, 1, 1), 8, 194),
    ],
)
def test_the_tariff_is_that_of_the_day_on_which_the_stay_starts(db, debut, duree, aide):
    groupe = groupe_dote(1_500, sejour__debut=debut, sejour__offre__duree=duree)
    assert decision(InscriptionFactory(groupe=groupe)) == (aide, "")


def test_an_aid_is_frozen_when_it_is_granted(db):
    groupe = groupe_dote(1_500)
    avant = InscriptionFactory(groupe=groupe)
    Tarif.objects.filter(duree=8, valable_du=date(2020, 1, 1)).update(aide=170)
    apres = InscriptionFactory(groupe=groupe)
    avant.refresh_from_db()
    assert (avant.aide, apres.aide) == (160, 170)
    assert solde(groupe) == (1_500, 330, 1_170)


def test_a_stay_before_any_tariff_has_no_aid(db):
    groupe = groupe_dote(1_500, sejour__debut=date(2008, 5, 14))
    senior = SeniorFactory(date_naissance=date(1940, 3, 12))
    inscription = InscriptionFactory(groupe=groupe, senior=senior, le=date(2008, 4, 1))
    assert decision(inscription) == (None, "SANS_DOTATION")


# --- Once a year (I9) -----------------------------------------------------------------------------------


def test_one_aid_in_the_year_all_porteurs_together(db):
    mai, juin = groupe_dote(), groupe_dote(sejour__debut=JUIN)
    senior = SeniorFactory()
    premiere = InscriptionFactory(groupe=mai, senior=senior)
    seconde = InscriptionFactory(groupe=juin, senior=senior)
    assert (decision(premiere), decision(seconde)) == ((160, ""), (None, "DEJA_AIDE"))
    assert solde(juin) == (1_500, 0, 1_500)


def test_what_is_said_of_the_first_aid_is_never_where_nor_with_whom(db):
    mai, juin = groupe_dote(), groupe_dote(sejour__debut=JUIN)
    senior = SeniorFactory()
    InscriptionFactory(groupe=mai, senior=senior)
    libelle = libelle_decision(InscriptionFactory(groupe=juin, senior=senior))
    assert tuple(libelle) == ("non", "Sans aide : déjà aidé en 2022", "sur un autre séjour")


def test_a_first_stay_without_aid_leaves_the_aid_of_the_year(db):
    sans, avec = GroupeFactory(), groupe_dote(sejour__debut=JUIN)
    senior = SeniorFactory()
    InscriptionFactory(groupe=sans, senior=senior)
    assert decision(InscriptionFactory(groupe=avec, senior=senior)) == (180, "")


def test_the_aid_of_last_year_does_not_count(db):
    senior = SeniorFactory()
    for annee, aide in ((2022, 160), (2023, 194)):
        groupe = groupe_dote(sejour__debut=date(annee, 5, 14))
        assert decision(InscriptionFactory(groupe=groupe, senior=senior)) == (aide, "")


# --- Income (I4, I6) ------------------------------------------------------------------------------------


def test_the_ceiling_of_the_avis_of_the_year_before_decides(db):
    groupe = groupe_dote()
    assert Bareme.objects.get(annee_avis=2021, situation="SEULE", parts=1).plafond == 14_961
    foyer = {"parts": Decimal(1), "situation": "SEULE", "rfr": Decimal(20_000)}
    assert decision(InscriptionFactory(groupe=groupe, revenu_imposable=Decimal(14_961), **foyer)) == (160, "")
    au_dessus = InscriptionFactory(groupe=groupe, revenu_imposable=Decimal(14_962), **foyer)
    assert decision(au_dessus) == (None, "PLAFOND")
    assert solde(groupe) == (1_500, 160, 1_340)


@pytest.mark.parametrize(
    ("situation", "parts", "attendu"),
    [
        ("COUPLE", Decimal(2), (160, "")),
        ("SEULE", Decimal(1), (None, "PLAFOND")),
        ("SEULE", Decimal("1.25"), (160, "")),  # no ceiling is known for these parts
        ("SEULE", None, (160, "")),
        ("", Decimal(1), (160, "")),
    ],
)
def test_the_ceiling_is_that_of_the_household(db, situation, parts, attendu):
    inscription = InscriptionFactory(
        groupe=groupe_dote(), revenu_imposable=Decimal(28_000), situation=situation, parts=parts
    )
    assert decision(inscription) == attendu


def test_an_income_is_required(db):
    assert refus(groupe_dote(), rfr=None) == [
        ("rfr", "Écrivez le revenu fiscal de référence (ligne 25 de l'avis d'imposition)")
    ]


def test_an_income_of_0_is_confirmed_first(db):
    groupe = groupe_dote()
    senior = SeniorFactory()
    assert refus(groupe, senior=senior, rfr=Decimal(0)) == [
        ("rfr", "Revenu de 0 € : est-ce exact ? Confirmez, ou corrigez le montant.")
    ]
    inscription = InscriptionFactory(groupe=groupe, senior=senior, rfr=Decimal(0), rfr_zero_confirme=True)
    assert (inscription.rfr, inscription.aide) == (0, 160)


# --- Age (I5) -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("naissance", "handicape"),
    [(date(1962, 5, 14), False), (date(1967, 5, 14), True), (date(1900, 1, 1), False)],
)
def test_old_enough_on_the_day_of_departure(db, naissance, handicape):
    senior = SeniorFactory(date_naissance=naissance)
    assert InscriptionFactory(groupe=groupe_dote(), senior=senior, handicape=handicape).aide == 160


@pytest.mark.parametrize(
    ("naissance", "handicape", "debut"),
    [
        (date(1962, 5, 15), False, "59 ans au départ. 60 ans le 15 mai 2022."),
        (date(1967, 5, 15), True, "54 ans au départ. 55 ans le 15 mai 2022."),
        (date(1964, 2, 29), False, "58 ans au départ. 60 ans le 29 février 2024."),
    ],
)
def test_too_young_on_the_day_of_departure(db, naissance, handicape, debut):
    senior = SeniorFactory(date_naissance=naissance)
    [(champ, message)] = refus(groupe_dote(), senior=senior, handicape=handicape)
    assert (champ, message.startswith(debut)) == ("date_naissance", True)


def test_the_age_is_that_of_the_person_on_record_whatever_was_typed(db):
    senior = SeniorFactory(date_naissance=date(1990, 1, 1))
    groupe = groupe_dote()
    with pytest.raises(InscriptionRefusee):
        inscrire(
            groupe=groupe,
            senior=senior,
            identite=identite(),
            fiche=fiche(),
            par=None,
            le=LE,
            maintenant=MAINTENANT,
        )


# --- Carers and spouses (I7, I8) ------------------------------------------------------------------------


@pytest.mark.parametrize("drapeau", ["handicape", "dependant"])
def test_a_carer_accompanies_somebody_disabled_or_dependent(db, drapeau):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe, **{drapeau: True})
    aidant = InscriptionFactory(
        groupe=groupe,
        senior=SeniorFactory(date_naissance=date(1990, 1, 1)),
        eligibilite="AIDANT",
        senior_lie=lie,
    )
    assert (aidant.aide, aidant.senior_lie_id, aidant.nature_aidant, aidant.rfr) == (
        160,
        lie.pk,
        "FAMILIAL",
        None,
    )
    assert str(libelle_decision(aidant)) == f"Aide accordée 160\u00a0€, Accompagne {lie.senior}"


def test_a_carer_accompanies_nobody_who_is_neither(db):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe)
    assert refus(groupe, eligibilite="AIDANT", senior_lie=lie) == [
        ("senior_lie", f"{lie.senior} n'est ni « Handicapé » ni « Dépendant » : corrigez d'abord sa fiche.")
    ]


def test_a_carer_is_registered_after_the_person_cared_for(db):
    assert refus(groupe_dote(), eligibilite="AIDANT") == [
        (
            "senior_lie",
            "Inscrivez d'abord la personne accompagnée, en cochant « Handicapé » ou « Dépendant ».",
        )
    ]


def test_a_link_to_another_list_is_no_link(db):
    ailleurs = InscriptionFactory(groupe=groupe_dote(), handicape=True)
    groupe = groupe_dote()
    assert [champ for champ, _ in refus(groupe, eligibilite="AIDANT", senior_lie=ailleurs)] == ["senior_lie"]
    assert [champ for champ, _ in refus(groupe, eligibilite="CONJOINT", senior_lie=ailleurs)] == [
        "senior_lie"
    ]


def test_a_link_to_nobody_is_no_link(db):
    assert [champ for champ, _ in refus(groupe_dote(), eligibilite="CONJOINT", senior_lie=0)] == [
        "senior_lie"
    ]


def test_the_second_carer_of_a_person_goes_without_aid(db):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe, dependant=True)
    aidants = [InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie) for _ in range(2)]
    assert [decision(a) for a in aidants] == [(160, ""), (None, "AIDANT_EN_PLUS")]
    autre = InscriptionFactory(groupe=groupe, dependant=True)
    assert InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=autre).aide == 160


def test_a_programme_may_aid_two_carers_for_a_person(db):
    groupe = groupe_dote()
    Programme.objects.filter(annee=2022).update(aidants_aides=2)
    lie = InscriptionFactory(groupe=groupe, dependant=True)
    aidants = [InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie) for _ in range(3)]
    assert [a.motif_sans_aide for a in aidants] == ["", "", "AIDANT_EN_PLUS"]


def test_a_carer_without_aid_leaves_the_aid_to_the_next_one(db):
    groupe = groupe_dote(sejour__debut=JUIN)
    deja_aide = SeniorFactory()
    InscriptionFactory(groupe=groupe_dote(), senior=deja_aide)
    lie = InscriptionFactory(groupe=groupe, dependant=True)
    premier = InscriptionFactory(groupe=groupe, senior=deja_aide, eligibilite="AIDANT", senior_lie=lie)
    second = InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie)
    assert [decision(premier), decision(second)] == [(None, "DEJA_AIDE"), (180, "")]


def test_a_spouse_of_any_age_comes_with_somebody_a_l_aide(db):
    groupe = groupe_dote()
    epouse = InscriptionFactory(groupe=groupe, senior=SeniorFactory(prenom="Alice", nom="ARNAUD"))
    epoux = InscriptionFactory(
        groupe=groupe,
        senior=SeniorFactory(date_naissance=date(1970, 1, 1)),
        eligibilite="CONJOINT",
        senior_lie=epouse,
    )
    assert (epoux.aide, epoux.senior_lie_id) == (160, epouse.pk)
    assert str(libelle_decision(epoux)) == "Aide accordée 160\u00a0€, Conjoint d'Alice ARNAUD"


def test_a_spouse_may_come_with_somebody_whose_aid_was_refused_for_lack_of_credit(db):
    groupe = groupe_dote(0.01)
    epouse = InscriptionFactory(groupe=groupe)
    epoux = InscriptionFactory(groupe=groupe, eligibilite="CONJOINT", senior_lie=epouse)
    assert [decision(epouse), decision(epoux)] == [(None, "CREDITS_EPUISES")] * 2


@pytest.mark.parametrize("champs", [{"eligibilite": "PROGRAMME"}, {"eligibilite": "AIDE", "rfr": None}])
def test_a_spouse_comes_with_nobody_who_is_not_a_l_aide(db, champs):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    assert refus(groupe, eligibilite="CONJOINT", senior_lie=lie) == [
        ("senior_lie", "Indiquez le conjoint inscrit sur cette liste, « A l'aide »")
    ]


def test_a_link_or_a_nature_without_sense_is_not_kept(db):
    groupe = groupe_dote()
    autre = InscriptionFactory(groupe=groupe)
    inscription = InscriptionFactory(
        groupe=groupe, senior_lie=autre, nature_aidant="FAMILIAL", conjoint=autre
    )
    assert (inscription.senior_lie, inscription.nature_aidant, inscription.conjoint) == (None, "", None)


def test_travelling_with_a_spouse_of_the_list_is_kept(db):
    groupe = groupe_dote()
    autre = InscriptionFactory(groupe=groupe)
    inscription = InscriptionFactory(groupe=groupe, avec_conjoint=True, conjoint=autre)
    assert inscription.conjoint == autre


def test_travelling_with_somebody_of_another_list_is_refused(db):
    autre = InscriptionFactory(groupe=groupe_dote())
    assert refus(groupe_dote(), avec_conjoint=True, conjoint=autre) == [
        ("conjoint", "Cette personne n'est plus sur la liste.")
    ]


# --- Twice, places, lock (I11, I12, I14) ----------------------------------------------------------------


def test_the_same_person_is_once_on_a_list(db):
    groupe = groupe_dote()
    senior = SeniorFactory()
    InscriptionFactory(groupe=groupe, senior=senior)
    assert refus(groupe, senior=senior) == [("", "Cette personne est déjà sur cette liste.")]


@pytest.mark.parametrize(
    ("debut", "duree"),
    [(date(2022, 5, 7), 8), (date(2022, 5, 21), 8), (date(2022, 5, 10), 5), (date(2022, 5, 21), 5)],
)
def test_two_stays_may_share_the_day_on_which_one_leaves_and_the_other_starts(db, debut, duree):
    senior = SeniorFactory()
    InscriptionFactory(groupe=groupe_dote(), senior=senior)
    groupe = groupe_dote(sejour__debut=debut, sejour__offre__duree=duree)
    autre = InscriptionFactory(groupe=groupe, senior=senior, le=date(2022, 4, 1))
    assert decision(autre) == (None, "DEJA_AIDE")


@pytest.mark.parametrize(
    ("debut", "duree"),
    [
        (date(2022, 5, 8), 8),
        (date(2022, 5, 20), 8),
        (date(2022, 5, 11), 5),
        (date(2022, 5, 16), 5),
        (date(2022, 5, 14), 8),
    ],
)
def test_two_stays_that_share_a_night_are_refused_with_the_dates(db, debut, duree):
    senior = SeniorFactory()
    InscriptionFactory(groupe=groupe_dote(), senior=senior)
    groupe = groupe_dote(sejour__debut=debut, sejour__offre__duree=duree)
    assert refus(groupe, senior=senior, le=date(2022, 4, 1)) == [
        (
            "",
            "Cette personne part déjà du samedi 14 au samedi 21 mai 2022. "
            "Deux séjours ne peuvent pas se chevaucher.",
        )
    ]


def test_the_last_place_is_taken_and_no_more(db):
    groupe = groupe_dote(places=2)
    assert [InscriptionFactory(groupe=groupe).aide for _ in range(2)] == [160, 160]
    assert refus(groupe) == [
        (
            "",
            "Les 2 places sont prises. Pour en avoir d'autres, demandez au prestataire : "
            "« Demander une modification ».",
        )
    ]
    groupe.refresh_from_db()
    assert groupe.inscrits == 2


def test_everybody_counts_aided_or_not(db):
    groupe = GroupeFactory()
    InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    InscriptionFactory(groupe=groupe)
    groupe.refresh_from_db()
    assert groupe.inscrits == 2


def test_27_april_is_the_last_day_for_a_stay_from_14_may(db):
    groupe = groupe_dote()
    assert groupe.dernier_jour == date(2022, 4, 27)
    assert InscriptionFactory(groupe=groupe, le=date(2022, 4, 27)).aide == 160
    [(champ, message)] = refus(groupe, le=date(2022, 4, 28))
    assert (champ, message) == (
        "",
        "La liste a fermé pendant votre saisie, le mercredi 27 avril à minuit. "
        "Cette inscription n'a pas été enregistrée. "
        f"Écrivez à l'ANCV, groupe n° {groupe.pk}.",
    )


def test_a_recorded_lock_holds_whatever_the_day(db):
    groupe = groupe_dote()
    Groupe.objects.filter(pk=groupe.pk).update(verrouille_le=MAINTENANT)
    with pytest.raises(ListeClose):
        InscriptionFactory(groupe=groupe, le=date(2022, 4, 27))


def test_a_cancelled_group_takes_nobody(db):
    groupe = groupe_dote()
    Groupe.objects.filter(pk=groupe.pk).update(annule_le=MAINTENANT, motif_annulation="Inondation")
    assert refus(groupe) == [("", "Ce groupe est annulé : sa liste ne change plus.")]


# --- The person (I2, I3) --------------------------------------------------------------------------------


def nouvelle(groupe, jeton=None, quand=MAINTENANT, qui=None, **champs) -> Inscription:
    return inscrire(
        groupe=groupe,
        identite=qui or identite(),
        fiche=fiche(**champs),
        par=None,
        le=LE,
        maintenant=quand,
        jeton=jeton,
    )


def test_a_new_person_is_kept_as_typed_with_the_keys_of_the_search(db):
    nouvelle(groupe_dote(), qui=identite(nom="Le Goff", prenom="Marie-Thérèse", ville_naissance="Paris 12e"))
    senior = Senior.objects.get()
    assert (senior.nom, senior.prenom, senior.ville_naissance) == ("Le Goff", "Marie-Thérèse", "Paris 12e")
    assert (senior.cle_nom, senior.cle_prenom, senior.cle_ville) == ("LEGOFF", "MARIETHERESE", "PARIS")


def test_another_spelling_of_a_known_identity_is_the_same_person(db):
    mai, juin = groupe_dote(), groupe_dote(sejour__debut=JUIN)
    premiere = nouvelle(mai, qui=identite(nom="Le Goff", prenom="Éloïse", ville_naissance="PARIS"))
    seconde = nouvelle(juin, qui=identite(nom="LE-GOFF", prenom="eloise", ville_naissance="75012 Paris"))
    assert (Senior.objects.count(), premiere.senior_id) == (1, seconde.senior_id)
    assert decision(seconde) == (None, "DEJA_AIDE")


@pytest.mark.parametrize(
    "champs",
    [
        {"nom": "MARTINS"},
        {"prenom": "Jean"},
        {"date_naissance": date(1948, 3, 13)},
        {"ville_naissance": "Vannes"},
    ],
)
def test_another_identity_is_another_person(db, champs):
    groupe = groupe_dote()
    nouvelle(groupe)
    nouvelle(groupe, qui=identite(**champs))
    assert Senior.objects.count() == 2


def test_the_newest_way_to_reach_a_person_is_kept(db):
    senior = SeniorFactory(telephone="02 99 00 00 00", nom_naissance="BRIAND", cle_nom_naissance="BRIAND")
    InscriptionFactory(
        groupe=groupe_dote(), senior=senior, adresse="3 PLACE DU MARCHE", code_postal="56000", ville="VANNES"
    )
    senior.refresh_from_db()
    assert (senior.adresse, senior.code_postal, senior.ville) == ("3 PLACE DU MARCHE", "56000", "VANNES")
    assert (senior.telephone, senior.nom_naissance, senior.cle_nom_naissance) == ("", "BRIAND", "BRIAND")


def test_a_birth_name_once_given_is_kept_with_its_key(db):
    senior = SeniorFactory()
    InscriptionFactory(groupe=groupe_dote(), senior=senior, nom_naissance="Brïand")
    senior.refresh_from_db()
    assert (senior.nom_naissance, senior.cle_nom_naissance) == ("Brïand", "BRIAND")


def test_a_refused_registration_changes_nothing_of_the_person(db):
    senior = SeniorFactory(date_naissance=date(1990, 1, 1))
    refus(groupe_dote(), senior=senior, adresse="AILLEURS")
    senior.refresh_from_db()
    assert senior.adresse == "12 RUE DES LILAS"


def test_a_refused_new_person_is_not_kept(db):
    with pytest.raises(InscriptionRefusee):
        nouvelle(groupe_dote(), qui=identite(date_naissance=date(1990, 1, 1)))
    assert Senior.objects.count() == 0


def test_the_whole_fiche_is_kept(db):
    groupe = groupe_dote()
    autre = InscriptionFactory(groupe=groupe)
    inscription = InscriptionFactory(
        groupe=groupe,
        email="jeanne@exemple.fr",
        telephone="06 12 34 56 78",
        contact_urgence="Sa fille, 06 98 76 54 32",
        complement="APPARTEMENT 3",
        handicape=True,
        dependant=True,
        rfr=Decimal(12_345),
        rfr_confidentiel=True,
        revenu_imposable=Decimal(10_000),
        parts=Decimal("1.5"),
        situation="SEULE",
        avec_conjoint=True,
        conjoint=autre,
        chambre_individuelle=True,
        regroupement="Colette ARNAUD",
        commentaires="Sans sel.",
    )
    senior = inscription.senior
    assert [senior.email, senior.telephone, senior.contact_urgence, senior.complement] == [
        "jeanne@exemple.fr",
        "06 12 34 56 78",
        "Sa fille, 06 98 76 54 32",
        "APPARTEMENT 3",
    ]
    valeurs = Inscription.objects.filter(pk=inscription.pk).values(
        "handicape",
        "dependant",
        "rfr",
        "rfr_confidentiel",
        "revenu_imposable",
        "parts",
        "situation",
        "avec_conjoint",
        "conjoint",
        "chambre_individuelle",
        "regroupement",
        "commentaires",
    )
    assert valeurs.get() == {
        "handicape": True,
        "dependant": True,
        "rfr": 12_345,
        "rfr_confidentiel": True,
        "revenu_imposable": 10_000,
        "parts": Decimal("1.5"),
        "situation": "SEULE",
        "avec_conjoint": True,
        "conjoint": autre.pk,
        "chambre_individuelle": True,
        "regroupement": "Colette ARNAUD",
        "commentaires": "Sans sel.",
    }


# --- The same form twice --------------------------------------------------------------------------------


def test_the_same_form_sent_twice_registers_once(db):
    groupe, jeton = groupe_dote(places=1), uuid.UUID(int=1)
    premiere, seconde = nouvelle(groupe, jeton), nouvelle(groupe, jeton)
    assert (premiere.pk, Inscription.objects.count()) == (seconde.pk, 1)
    assert solde(groupe) == (1_500, 160, 1_340)


def test_another_form_for_the_same_person_is_refused(db):
    groupe = groupe_dote()
    nouvelle(groupe, uuid.UUID(int=1))
    with pytest.raises(InscriptionRefusee, match="déjà sur cette liste"):
        nouvelle(groupe, uuid.UUID(int=2))


def test_a_form_without_token_is_never_taken_for_another(db):
    groupe = groupe_dote()
    nouvelle(groupe)
    with pytest.raises(InscriptionRefusee, match="déjà sur cette liste"):
        nouvelle(groupe)


# --- The journal (X3) -----------------------------------------------------------------------------------


def test_the_journal_tells_who_registered_whom_and_what_was_decided(db):
    groupe = groupe_dote()
    par = CompteFactory(convention=groupe.porteur.convention, nom="Monique GARNIER")
    inscription = InscriptionFactory(groupe=groupe, par=par)
    evenements = inscription.events.values("pgh_label", "pgh_context", "groupe_id", "aide", "motif_sans_aide")
    assert list(evenements) == [
        {
            "pgh_label": "insert",
            "pgh_context": {"action": "inscription", "par": par.pk, "nom": "Monique GARNIER", "motif": ""},
            "groupe_id": groupe.pk,
            "aide": 160,
            "motif_sans_aide": "",
        }
    ]
    assert Mouvement.objects.get(inscription_id=inscription.pk).auteur == par


def test_the_journal_keeps_neither_income_nor_comments(db):
    noms = {champ.name for champ in Inscription.events.rel.related_model._meta.get_fields()}
    secrets = {"rfr", "revenu_imposable", "parts", "situation", "commentaires", "regroupement", "jeton"}
    assert noms & secrets == set()


def test_a_refusal_leaves_no_line_in_the_journal(db):
    groupe = groupe_dote(places=1)
    InscriptionFactory(groupe=groupe)
    refus(groupe)
    assert Inscription.events.rel.related_model.objects.count() == 1


def test_the_moment_of_the_registration_is_the_one_given(db):
    quand = datetime(2022, 4, 22, 23, 59, tzinfo=PARIS)
    assert nouvelle(groupe_dote(), quand=quand).inscrite_le == quand
