"""Correcting a registration (I3-I10): the decision taken again, the credit that follows, what others rely on."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from conventions.models import Mouvement, Tarif
from conventions.tests.factories import CompteFactory
from sejours.models import Groupe
from sejours.tests.factories import GroupeFactory
from seniors.models import Inscription
from seniors.models.seniors import Identite
from seniors.operations.fiches import Fiche
from seniors.operations.inscriptions import corriger, effacer
from seniors.operations.listes import InscriptionRefusee, ListeClose
from seniors.tests.factories import (
    LE,
    MAINTENANT,
    PARIS,
    InscriptionFactory,
    SeniorFactory,
    clair,
    groupe_dote,
    solde,
)

PLUS_TARD = datetime(2022, 4, 23, 9, 0, tzinfo=PARIS)


def corrige(inscription, *, identite=None, le=LE, par=None, **champs) -> Inscription:
    inscription = Inscription.objects.select_related("senior", "groupe").get(pk=inscription.pk)
    corriger(
        inscription=inscription,
        fiche=replace(Fiche.de(inscription), **champs),
        identite=identite,
        par=par,
        le=le,
        maintenant=PLUS_TARD,
    )
    return Inscription.objects.select_related("senior").get(pk=inscription.pk)


def refus(inscription, **champs) -> list[tuple[str, str]]:
    """Correct, be refused, and see that nothing was written; return the obstacles."""
    avant = Inscription.objects.filter(pk=inscription.pk).values().get()
    with pytest.raises(InscriptionRefusee) as erreur:
        corrige(inscription, **champs)
    assert Inscription.objects.filter(pk=inscription.pk).values().get() == avant
    return [(o.champ, clair(o.message)) for o in erreur.value.obstacles]


def decision(inscription):
    return (inscription.aide, inscription.motif_sans_aide)


def mouvements(inscription) -> list[tuple[str, Decimal]]:
    entrees = Mouvement.objects.filter(inscription_id=inscription.pk).order_by("pk")
    return list(entrees.values_list("nature", "montant"))


def qui(inscription, **champs) -> Identite:
    senior = inscription.senior
    return replace(
        Identite(senior.nom, senior.prenom, senior.date_naissance, senior.ville_naissance), **champs
    )


# --- The decision again -------------------------------------------------------------------------------------


def test_a_correction_of_no_consequence_moves_no_euro(db):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    corrigee = corrige(inscription, commentaires="Sans sel.", chambre_individuelle=True)
    assert (corrigee.commentaires, corrigee.chambre_individuelle) == ("Sans sel.", True)
    assert decision(corrigee) == (160, "")
    assert mouvements(inscription) == [("ENGAGEMENT", 160)]


def test_an_aid_already_granted_keeps_its_amount(db):
    inscription = InscriptionFactory(groupe=groupe_dote())
    Tarif.objects.filter(duree=8, valable_du=date(2020, 1, 1)).update(aide=170)
    assert corrige(inscription, commentaires="Sans sel.").aide == 160


def test_an_aid_already_granted_is_kept_when_nothing_else_is_left(db):
    groupe = groupe_dote(160)
    inscription = InscriptionFactory(groupe=groupe)
    assert decision(corrige(inscription, telephone="06 12 34 56 78")) == (160, "")
    assert (solde(groupe), mouvements(inscription)) == ((160, 160, 0), [("ENGAGEMENT", 160)])


def test_from_a_l_aide_to_au_programme_the_aid_is_released(db):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    assert decision(corrige(inscription, eligibilite="PROGRAMME")) == (None, "PROGRAMME")
    assert mouvements(inscription) == [("ENGAGEMENT", 160), ("LIBERATION", 160)]
    assert solde(groupe) == (1_500, 0, 1_500)


def test_from_au_programme_to_a_l_aide_the_aid_is_engaged(db):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    assert decision(corrige(inscription, eligibilite="AIDE")) == (160, "")
    assert solde(groupe) == (1_500, 160, 1_340)


def test_the_aid_released_by_a_correction_goes_to_the_one_who_waits(db):
    groupe = groupe_dote(160)
    aidee, attend = InscriptionFactory(groupe=groupe), InscriptionFactory(groupe=groupe)
    corrige(aidee, eligibilite="PROGRAMME")
    attend.refresh_from_db()
    assert decision(attend) == (160, "")
    assert solde(groupe) == (160, 160, 0)


def test_without_credit_left_a_correction_to_a_l_aide_waits(db):
    groupe = groupe_dote(160)
    InscriptionFactory(groupe=groupe)
    inscription = InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME")
    assert decision(corrige(inscription, eligibilite="AIDE")) == (None, "CREDITS_EPUISES")


def test_an_income_above_the_ceiling_takes_the_aid_away(db):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    foyer = {"parts": Decimal(1), "situation": "SEULE"}
    assert decision(corrige(inscription, revenu_imposable=Decimal(14_962), **foyer)) == (None, "PLAFOND")
    assert decision(corrige(inscription, revenu_imposable=Decimal(14_961), **foyer)) == (160, "")
    assert mouvements(inscription) == [("ENGAGEMENT", 160), ("LIBERATION", 160), ("ENGAGEMENT", 160)]


def test_an_income_cannot_be_emptied(db):
    assert refus(InscriptionFactory(groupe=groupe_dote()), rfr=None) == [
        ("rfr", "Écrivez le revenu fiscal de référence (ligne 25 de l'avis d'imposition)")
    ]


def test_a_confidential_income_that_was_not_shown_stays_as_it_was(db):
    inscription = InscriptionFactory(groupe=groupe_dote(), rfr=Decimal(9_999), rfr_confidentiel=True)
    assert corrige(inscription, rfr=None, commentaires="Sans sel.").rfr == 9_999
    assert corrige(inscription, rfr=Decimal(8_888)).rfr == 8_888
    corrigee = corrige(inscription, rfr=None, rfr_confidentiel=False)
    assert (corrigee.rfr, corrigee.rfr_confidentiel) == (8_888, True)
    corrigee = corrige(inscription, rfr=Decimal(7_777), rfr_confidentiel=False)
    assert (corrigee.rfr, corrigee.rfr_confidentiel) == (7_777, False)


def test_a_confidential_income_of_0_is_not_asked_again(db):
    inscription = InscriptionFactory(
        groupe=groupe_dote(), rfr=Decimal(0), rfr_zero_confirme=True, rfr_confidentiel=True
    )
    corrigee = corrige(inscription, rfr=None, rfr_zero_confirme=False)
    assert (corrigee.rfr, corrigee.aide) == (0, 160)


def test_the_second_stay_stays_without_aid(db):
    senior = SeniorFactory()
    InscriptionFactory(groupe=groupe_dote(), senior=senior)
    seconde = InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 6, 4)), senior=senior)
    assert decision(corrige(seconde, commentaires="Sans sel.")) == (None, "DEJA_AIDE")


def test_a_correction_after_the_other_stay_was_left_gives_the_aid(db):
    senior = SeniorFactory()
    premiere = InscriptionFactory(groupe=groupe_dote(), senior=senior)
    seconde = InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 6, 4)), senior=senior)
    effacer(inscription=premiere, par=None, le=LE, maintenant=PLUS_TARD)
    assert decision(corrige(seconde)) == (180, "")


def test_the_date_of_registration_never_changes(db):
    corrigee = corrige(InscriptionFactory(groupe=groupe_dote()), commentaires="Sans sel.")
    assert (corrigee.inscrite_le, corrigee.modifiee_le) == (MAINTENANT, PLUS_TARD)


def test_the_age_is_looked_at_again(db):
    inscription = InscriptionFactory(
        groupe=groupe_dote(), senior=SeniorFactory(date_naissance=date(1967, 5, 14)), handicape=True
    )
    [(champ, message)] = refus(inscription, handicape=False)
    assert (champ, message.split(". ")[:2]) == (
        "date_naissance",
        ["55 ans au départ", "60 ans le 14 mai 2027"],
    )


# --- What a carer or a spouse relies on (I7, I8) --------------------------------------------------------------


def test_the_flag_that_a_carer_relies_on_stays(db):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe, handicape=True)
    aidant = InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie)
    assert refus(lie, handicape=False) == [
        ("", f"{aidant.senior} accompagne cette personne. Changez d'abord son inscription.")
    ]
    assert corrige(lie, handicape=False, dependant=True).dependant is True


def test_the_refusal_leads_to_the_carer(db):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe, handicape=True)
    aidant = InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie)
    with pytest.raises(InscriptionRefusee) as erreur:
        corrige(lie, handicape=False)
    assert erreur.value.lien == ("Sa fiche", aidant.pk)


def test_what_a_spouse_relies_on_stays(db):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe)
    epoux = InscriptionFactory(groupe=groupe, eligibilite="CONJOINT", senior_lie=lie)
    assert refus(lie, eligibilite="PROGRAMME") == [
        ("", f"{epoux.senior} est inscrit comme son conjoint. Changez d'abord son inscription.")
    ]


def test_a_removed_carer_holds_nothing_back(db):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe, handicape=True)
    aidant = InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie)
    effacer(inscription=aidant, par=None, le=LE, maintenant=PLUS_TARD)
    assert corrige(lie, handicape=False).handicape is False


def test_a_carer_may_change_for_another_person_of_the_list(db):
    groupe = groupe_dote()
    lie, autre = (InscriptionFactory(groupe=groupe, handicape=True) for _ in range(2))
    aidant = InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie)
    corrige_ = corrige(aidant, senior_lie=autre.pk)
    assert (corrige_.senior_lie_id, corrige_.aide) == (autre.pk, 160)
    assert mouvements(aidant) == [("ENGAGEMENT", 160)]


def test_the_aided_carer_does_not_stand_in_his_own_way(db):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe, handicape=True)
    aidant = InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie)
    assert decision(corrige(aidant, commentaires="Sans sel.")) == (160, "")


def test_nobody_is_his_own_carer_or_spouse(db):
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe, handicape=True)
    for eligibilite in ("AIDANT", "CONJOINT"):
        obstacles = refus(
            inscription, eligibilite=eligibilite, nature_aidant="FAMILIAL", senior_lie=inscription.pk
        )
        assert [champ for champ, _ in obstacles] == ["senior_lie"]


def test_two_persons_are_not_each_other_s_carer(db):
    """Neither could then leave the list, nor come back to it."""
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe, handicape=True)
    aidant = InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=lie, handicape=True)
    aidant_de_l_aidant = InscriptionFactory(
        groupe=groupe, eligibilite="AIDANT", senior_lie=aidant, handicape=True
    )
    for autre in (aidant, aidant_de_l_aidant):
        assert refus(lie, eligibilite="AIDANT", nature_aidant="FAMILIAL", senior_lie=autre.pk) == [
            ("senior_lie", f"{autre.senior} est déjà inscrit pour accompagner cette personne.")
        ]


def test_nobody_travels_with_himself(db):
    inscription = InscriptionFactory(groupe=groupe_dote())
    assert refus(inscription, avec_conjoint=True, conjoint=inscription.pk) == [
        ("conjoint", "Cette personne n'est plus sur la liste.")
    ]


# --- Who the person is (I2) -------------------------------------------------------------------------------------


def test_a_misspelt_identity_is_corrected_with_its_keys(db):
    inscription = InscriptionFactory(groupe=groupe_dote())
    senior = corrige(
        inscription, identite=qui(inscription, nom="D'Œuvre", ville_naissance="Lyon 3e arrondissement")
    ).senior
    assert (senior.nom, senior.cle_nom, senior.ville_naissance, senior.cle_ville) == (
        "D'Œuvre",
        "DOEUVRE",
        "Lyon 3e arrondissement",
        "LYON",
    )


def test_a_corrected_birth_date_decides_the_age(db):
    inscription = InscriptionFactory(groupe=groupe_dote())
    jeune = qui(inscription, date_naissance=date(1962, 5, 15))
    assert refus(inscription, identite=jeune)[0][0] == "date_naissance"
    juste = qui(inscription, date_naissance=date(1962, 5, 14))
    assert corrige(inscription, identite=juste).senior.date_naissance == date(1962, 5, 14)


def test_an_identity_known_of_another_porteur_is_not_ours_to_correct(db):
    senior = SeniorFactory()
    inscription = InscriptionFactory(groupe=groupe_dote(), senior=senior)
    InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 6, 4)), senior=senior)
    assert refus(inscription, identite=qui(inscription, nom="AUTRE")) == [
        ("nom", "Cette personne est connue d'un autre organisme : demandez la correction à l'ANCV.")
    ]
    assert (
        corrige(inscription, identite=qui(inscription), commentaires="Sans sel.").commentaires == "Sans sel."
    )


@pytest.mark.parametrize(
    ("champs", "autre_liste", "possible"),
    [
        ({"nom": "AUTRE"}, "ouverte", True),
        ({"date_naissance": date(1950, 1, 1)}, "ouverte", False),
        ({"nom": "AUTRE"}, "close", False),
        ({"date_naissance": date(1950, 1, 1)}, "quittée", True),
        ({"nom": "AUTRE"}, "close et quittée", True),
    ],
)
def test_an_identity_on_which_another_list_relies_is_corrected_by_ancv(db, champs, autre_liste, possible):
    """A birth date decided the age there; a closed list keeps its people."""
    groupe = groupe_dote()
    inscription = InscriptionFactory(groupe=groupe)
    autre = GroupeFactory(porteur=groupe.porteur, sejour__debut=date(2022, 6, 4))
    ailleurs = InscriptionFactory(groupe=autre, senior=inscription.senior)
    if "quittée" in autre_liste:
        effacer(inscription=ailleurs, par=None, le=LE, maintenant=PLUS_TARD)
    if "close" in autre_liste:
        Groupe.objects.filter(pk=autre.pk).update(verrouille_le=PLUS_TARD)
    corrigee = qui(inscription, **champs)
    if possible:
        assert corrige(inscription, identite=corrigee).senior.nom == corrigee.nom
    else:
        assert refus(inscription, identite=corrigee) == [
            (
                "nom",
                "Cette personne est aussi sur une autre de vos listes : demandez la correction à l'ANCV.",
            )
        ]


def test_an_identity_that_somebody_else_bears_is_refused(db):
    groupe = groupe_dote()
    inscription, autre = InscriptionFactory(groupe=groupe), InscriptionFactory(groupe=groupe)
    assert refus(inscription, identite=qui(autre)) == [
        (
            "nom",
            "Une autre personne connue porte déjà cette identité : effacez cette inscription et cherchez-la.",
        )
    ]


def test_the_way_to_reach_the_person_is_corrected_too(db):
    corrigee = corrige(InscriptionFactory(groupe=groupe_dote()), adresse="3 PLACE DU MARCHE", telephone="06")
    assert (corrigee.senior.adresse, corrigee.senior.telephone) == ("3 PLACE DU MARCHE", "06")


# --- Lock, colleagues, journal ----------------------------------------------------------------------------------


def test_27_april_is_the_last_day_for_a_stay_from_14_may(db):
    inscription = InscriptionFactory(groupe=groupe_dote())
    corrige(inscription, commentaires="Sans sel.", le=date(2022, 4, 27))
    with pytest.raises(
        ListeClose, match=r"pendant votre saisie, .* Cette correction n'a pas été enregistrée\."
    ):
        corrige(inscription, commentaires="Sans sucre.", le=date(2022, 4, 28))


def test_a_cancelled_group_changes_no_more(db):
    inscription = InscriptionFactory(groupe=groupe_dote())
    Groupe.objects.update(annule_le=MAINTENANT, motif_annulation="Inondation")
    with pytest.raises(ListeClose):
        corrige(inscription)


def test_somebody_removed_by_a_colleague_is_said_so(db):
    inscription = InscriptionFactory(groupe=groupe_dote())
    effacer(inscription=inscription, par=None, le=LE, maintenant=PLUS_TARD)
    assert refus(inscription, commentaires="Sans sel.") == [
        ("", "Cette personne n'est plus sur la liste : un collègue vient peut-être de la retirer.")
    ]


def test_the_journal_tells_who_corrected_from_what_to_what(db):
    groupe = groupe_dote()
    par = CompteFactory(convention=groupe.porteur.convention, nom="Monique GARNIER")
    inscription = InscriptionFactory(groupe=groupe)
    corrige(inscription, par=par, eligibilite="PROGRAMME", handicape=True)
    evenements = inscription.events.order_by("pgh_id").values_list(
        "pgh_context__action", "pgh_context__nom", "eligibilite", "handicape", "aide"
    )
    assert list(evenements) == [
        ("inscription", "Horloge", "AIDE", False, 160),
        ("correction", "Monique GARNIER", "PROGRAMME", True, None),
    ]


def test_a_corrected_identity_is_in_the_journal(db):
    inscription = InscriptionFactory(groupe=groupe_dote())
    avant = inscription.senior.nom
    corrige(inscription, identite=qui(inscription, nom="AUTRE"))
    premier, dernier = inscription.senior.events.order_by("pgh_id")
    assert (premier.nom, dernier.nom, dernier.pgh_context["action"]) == (avant, "AUTRE", "correction")


def test_the_fiche_of_a_registration_corrects_nothing(db):
    """`Fiche.de` gives what is on record: correcting with it writes the same values."""
    groupe = GroupeFactory()
    lie = InscriptionFactory(groupe=groupe, handicape=True)
    for inscription in (
        lie,
        InscriptionFactory(
            groupe=groupe, eligibilite="AIDANT", senior_lie=lie, conjoint=lie, avec_conjoint=True
        ),
        InscriptionFactory(groupe=groupe, rfr=Decimal(0), rfr_zero_confirme=True, rfr_confidentiel=True),
    ):
        avant = Inscription.objects.filter(pk=inscription.pk).values().get()
        corrige(inscription)
        apres = Inscription.objects.filter(pk=inscription.pk).values().get()
        assert apres == avant | {"modifiee_le": PLUS_TARD}
