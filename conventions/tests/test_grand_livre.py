"""The ledger against raw SQL (C6): what no operation would do, the database itself refuses."""

from contextlib import contextmanager
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from conventions.models import Credit, Mouvement, Programme
from conventions.operations.credits import CreditRefuse, allouer, engager, liberer, reprendre
from conventions.tests.factories import CompteFactory, ConventionFactory, CreditFactory, ProgrammeFactory
from sejours.models import Groupe, Sejour
from sejours.tests.factories import GroupeFactory
from seniors.models import Inscription
from seniors.tests.factories import InscriptionFactory, SeniorFactory, groupe_dote

LE = date(2022, 4, 22)


def sql(requete: str, **valeurs) -> int:
    """Run `requete` as any client would; return how many rows it touched."""
    with connection.cursor() as curseur:
        curseur.execute(requete, valeurs)
        return curseur.rowcount


@contextmanager
def refuse(message: str):
    """The statement inside fails with `message`, and leaves the transaction usable."""
    with pytest.raises(DatabaseError, match=message), transaction.atomic():
        yield
        connection.check_constraints()


def copie(inscription: Inscription, **valeurs) -> None:
    """Insert a row like `inscription`'s, but for `valeurs`, by SQL."""
    with connection.cursor() as curseur:
        colonnes = [
            c.name
            for c in connection.introspection.get_table_description(curseur, "seniors_inscription")
            if c.name not in ("id", "annee")
        ]
    choix = ", ".join(f"%({c})s" if c in valeurs else c for c in colonnes)
    sql(
        f"INSERT INTO seniors_inscription ({', '.join(colonnes)}) SELECT {choix} FROM seniors_inscription"
        " WHERE id = %(modele)s",
        modele=inscription.pk,
        **valeurs,
    )


def totaux(credit) -> tuple[Decimal, Decimal, Decimal]:
    credit.refresh_from_db()
    return (credit.alloue, credit.engage, credit.verse)


def entree(credit, nature, montant, inscription=None) -> None:
    sql(
        "INSERT INTO conventions_mouvement (credit_id, nature, montant, inscription_id, motif, date, cree_le)"
        " VALUES (%(credit)s, %(nature)s, %(montant)s, %(inscription)s, '', %(le)s, now())",
        credit=credit.pk,
        nature=nature,
        montant=montant,
        inscription=inscription and inscription.pk,
        le=LE,
    )


# --- A credit is never overdrawn -------------------------------------------------------------------------------


def test_sql_cannot_engage_more_than_is_free(db):
    credit = CreditFactory(alloue=320)
    inscription = InscriptionFactory()
    with refuse("credit_jamais_depasse"):
        entree(credit, "ENGAGEMENT", Decimal("320.01"), inscription)
    entree(credit, "ENGAGEMENT", 320, inscription)
    with refuse("credit_jamais_depasse"):
        entree(credit, "ENGAGEMENT", Decimal("0.01"), inscription)
    assert totaux(credit) == (320, 320, 0)


def test_sql_cannot_take_back_what_is_engaged(db):
    credit = CreditFactory(alloue=320)
    entree(credit, "ENGAGEMENT", 160, InscriptionFactory())
    with refuse("credit_jamais_depasse"):
        entree(credit, "REPRISE", 161)
    entree(credit, "REPRISE", 160)
    assert totaux(credit) == (160, 160, 0)


def test_sql_cannot_release_or_pay_more_than_is_engaged(db):
    credit, inscription = CreditFactory(alloue=1_500), InscriptionFactory()
    entree(credit, "ENGAGEMENT", 160, inscription)
    for nature in ("LIBERATION", "VERSEMENT"):
        with refuse("credit_jamais_depasse"):
            entree(credit, nature, 161, inscription)
    entree(credit, "VERSEMENT", 160, inscription)
    assert totaux(credit) == (1_500, 0, 160)
    with refuse("credit_jamais_depasse"):
        entree(credit, "REPRISE", 1_341)


def test_sql_cannot_allot_above_the_national_envelope(db):
    ProgrammeFactory(enveloppe=Decimal(1_000))
    credit = CreditFactory(alloue=600)
    autre = CreditFactory(alloue=300)
    with refuse("allocations_dans_l_enveloppe"):
        entree(autre, "COMPLEMENT", Decimal("100.01"))
    entree(autre, "COMPLEMENT", 100)
    assert (totaux(credit), totaux(autre)) == ((600, 0, 0), (400, 0, 0))
    assert Programme.objects.get().alloue == 1_000


def test_sql_cannot_shrink_the_envelope_below_what_was_allotted(db):
    CreditFactory(alloue=600)
    with refuse("allocations_dans_l_enveloppe"):
        sql("UPDATE conventions_programme SET enveloppe = 599")


@pytest.mark.parametrize("montant", [0, -160])
def test_an_entry_is_positive(db, montant):
    credit = CreditFactory()
    with refuse("montant_positif"):
        entree(credit, "ALLOCATION", montant)


def test_an_aid_names_its_registration_and_an_allotment_none(db):
    credit, inscription = CreditFactory(), InscriptionFactory()
    with refuse("inscription_nommee_pour_une_aide"):
        entree(credit, "ENGAGEMENT", 160)
    with refuse("inscription_nommee_pour_une_aide"):
        entree(credit, "ALLOCATION", 160, inscription)


def test_an_entry_names_a_registration_that_exists(db):
    credit, inscription = CreditFactory(), InscriptionFactory()
    inconnue = Inscription(pk=inscription.pk + 1_000)
    with refuse("mouvement_d_une_inscription_connue"):
        entree(credit, "ENGAGEMENT", 160, inconnue)


def test_an_entry_of_an_unknown_nature_is_refused(db):
    credit = CreditFactory()
    with refuse("inscription_nommee_pour_une_aide"):
        entree(credit, "CADEAU", 160)


# --- Totals move only with entries -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "colonne"),
    [
        ("conventions_credit", "alloue"),
        ("conventions_credit", "engage"),
        ("conventions_credit", "verse"),
        ("conventions_programme", "alloue"),
        ("sejours_groupe", "inscrits"),
        ("sejours_sejour", "places_prises"),
    ],
)
@pytest.mark.parametrize("ecart", [1, -1])
def test_sql_cannot_change_a_total_without_an_entry(db, table, colonne, ecart):
    groupe = groupe_dote()
    InscriptionFactory(groupe=groupe)
    with refuse("moves only with its rows"):
        sql(f"UPDATE {table} SET {colonne} = {colonne} + {ecart}")


def test_sql_cannot_create_a_credit_or_a_programme_with_money_in_it(db):
    convention = ConventionFactory()
    ProgrammeFactory()
    for colonne in ("alloue", "engage", "verse"):
        valeurs = {"alloue": 0, "engage": 0, "verse": 0} | {colonne: 160}
        with refuse("starts at zero"):
            sql(
                "INSERT INTO conventions_credit (convention_id, annee, alloue, engage, verse)"
                " VALUES (%(convention)s, 2022, %(alloue)s, %(engage)s, %(verse)s)",
                convention=convention.pk,
                **valeurs,
            )
    with refuse("starts at zero"):
        sql(
            "INSERT INTO conventions_programme (annee, enveloppe, alloue, delai_option, aidants_aides,"
            " contact_telephone, contact_email, message_suspension) VALUES (2030, 1000, 1, 7, 1, '', '', '')"
        )


def test_sql_cannot_create_a_group_with_people_already_counted(db):
    groupe = GroupeFactory()
    with refuse("starts at zero"):
        sql(
            "INSERT INTO sejours_groupe (sejour_id, porteur_id, type_groupe, places, inscrits, dernier_jour,"
            " motif_annulation, cree_le) SELECT sejour_id, porteur_id, type_groupe, 10, 1, dernier_jour, '', now()"
            " FROM sejours_groupe WHERE id = %(groupe)s",
            groupe=groupe.pk,
        )


def test_a_credit_with_entries_is_not_deleted(db):
    CreditFactory()
    with refuse("foreign key"):
        sql("DELETE FROM conventions_credit")


def test_one_credit_for_a_convention_and_a_year(db):
    credit = CreditFactory()
    with refuse("un_credit_par_convention_et_annee"):
        sql(
            "INSERT INTO conventions_credit (convention_id, annee, alloue, engage, verse)"
            " VALUES (%(convention)s, 2022, 0, 0, 0)",
            convention=credit.convention_id,
        )


# --- An entry stands for ever -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changement",
    [
        "montant = 1",
        "montant = montant",
        "credit_id = credit_id + 1",
        "nature = 'COMPLEMENT'",
        "motif = 'autre'",
        "auteur_id = NULL",
        "date = '2021-01-01'",
        "cree_le = now()",
    ],
)
def test_sql_cannot_edit_an_entry(db, changement):
    CreditFactory()
    with refuse("ajout_seul"):
        sql(f"UPDATE conventions_mouvement SET {changement}")


def test_sql_cannot_delete_an_entry(db):
    CreditFactory()
    with refuse("ajout_seul"):
        sql("DELETE FROM conventions_mouvement")


@pytest.mark.parametrize("vidage", ["", "refuse"])
@pytest.mark.parametrize(
    "requete", ["TRUNCATE conventions_mouvement CASCADE", "TRUNCATE conventions_credit CASCADE"]
)
def test_sql_cannot_empty_the_ledger(db, vidage, requete):
    """The test database allows it with `sev.vidage`, so that transactional tests may start over; nobody else does."""
    CreditFactory()
    connection.check_constraints()
    with refuse("append-only"):
        sql("SELECT set_config('sev.vidage', %(vidage)s, true)", vidage=vidage)
        sql(requete)


def test_the_orm_cannot_either(db):
    CreditFactory()
    with refuse("ajout_seul"):
        Mouvement.objects.update(montant=1)
    with refuse("ajout_seul"):
        Mouvement.objects.get().delete()


# --- Registrations (I9, I11, I12, I7, I8) ------------------------------------------------------------------------


def test_sql_cannot_grant_twice_a_year(db):
    mai, juin = groupe_dote(), groupe_dote(sejour__debut=date(2022, 6, 4))
    premiere = InscriptionFactory(groupe=mai)
    seconde = InscriptionFactory(groupe=juin, senior=premiere.senior)
    with refuse("une_aide_par_senior_et_par_an"):
        sql(
            "UPDATE seniors_inscription SET aide = 180, motif_sans_aide = '' WHERE id = %(cle)s",
            cle=seconde.pk,
        )
    autre = InscriptionFactory(groupe=groupe_dote(sejour__debut=date(2022, 9, 3)))
    with refuse("une_aide_par_senior_et_par_an"):
        sql(
            "UPDATE seniors_inscription SET senior_id = %(senior)s WHERE id = %(cle)s",
            cle=autre.pk,
            senior=premiere.senior_id,
        )


def test_sql_cannot_register_beyond_the_places(db):
    groupe = GroupeFactory(places=1)
    inscription = InscriptionFactory(groupe=groupe)
    with refuse("inscrits_dans_les_places"):
        copie(inscription, senior_id=SeniorFactory().pk)


def test_sql_cannot_take_places_away_from_the_registered(db):
    groupe = GroupeFactory(places=2)
    InscriptionFactory(groupe=groupe)
    InscriptionFactory(groupe=groupe)
    with refuse("inscrits_dans_les_places"):
        sql("UPDATE sejours_groupe SET places = 1")


def test_sql_cannot_put_somebody_back_beyond_the_places(db):
    groupe = GroupeFactory(places=1)
    inscription = InscriptionFactory(groupe=groupe)
    sql("UPDATE seniors_inscription SET effacee_le = now(), motif_sans_aide = 'EFFACEE'")
    InscriptionFactory(groupe=groupe)
    with refuse("inscrits_dans_les_places"):
        sql(
            "UPDATE seniors_inscription SET effacee_le = NULL, motif_sans_aide = 'PROGRAMME' WHERE id = %(cle)s",
            cle=inscription.pk,
        )


def test_sql_cannot_overbook_a_stay(db):
    groupe = GroupeFactory(places=10, sejour__places=15)
    with refuse("sejour_jamais_surreserve"):
        sql("UPDATE sejours_groupe SET places = 16")
    with refuse("sejour_jamais_surreserve"):
        GroupeFactory(sejour=groupe.sejour, places=6)
    GroupeFactory(sejour=groupe.sejour, places=5)
    with refuse("sejour_jamais_surreserve"):
        sql("UPDATE sejours_sejour SET places = 14")
    assert Sejour.objects.get().places_prises == 15


def test_places_of_a_cancelled_or_locked_group_go_back_to_the_stay(db):
    annule = GroupeFactory(places=10, sejour__places=20)
    verrouille = GroupeFactory(sejour=annule.sejour, places=10)
    InscriptionFactory(groupe=verrouille)
    sql(
        "UPDATE sejours_groupe SET annule_le = now(), motif_annulation = 'Inondation' WHERE id = %(cle)s",
        cle=annule.pk,
    )
    sql("UPDATE sejours_groupe SET verrouille_le = now() WHERE id = %(cle)s", cle=verrouille.pk)
    assert Sejour.objects.get().places_prises == 1
    sql("DELETE FROM sejours_groupe WHERE id = %(cle)s", cle=annule.pk)
    assert Sejour.objects.get().places_prises == 1


def test_sql_cannot_put_one_person_on_two_stays_at_once(db):
    inscription = InscriptionFactory()
    ailleurs = GroupeFactory()
    with refuse("pas_deux_sejours_a_la_fois"):
        copie(inscription, groupe_id=ailleurs.pk)
    la_veille, le_jour = (GroupeFactory(sejour__debut=date(2022, 5, jour)) for jour in (20, 21))
    with refuse("pas_deux_sejours_a_la_fois"):
        copie(inscription, groupe_id=la_veille.pk, debut=date(2022, 5, 20), fin=date(2022, 5, 27))
    copie(inscription, groupe_id=le_jour.pk, debut=date(2022, 5, 21), fin=date(2022, 5, 28))


def test_sql_cannot_give_a_registration_other_dates_than_its_stay(db):
    """Else the same person could be aided twice in a year, or be in two places at once."""
    inscription = InscriptionFactory(groupe=groupe_dote())
    juin = groupe_dote(sejour__debut=date(2022, 6, 4))
    with refuse("les_dates_sont_celles_du_sejour"):
        copie(inscription, groupe_id=juin.pk, debut=date(2023, 6, 4), fin=date(2023, 6, 11))
    with refuse("les_dates_sont_celles_du_sejour"):
        sql("UPDATE seniors_inscription SET debut = '2021-05-14', fin = '2021-05-21'")
    with refuse("les_dates_sont_celles_du_sejour"):
        sql("UPDATE seniors_inscription SET fin = fin + 1")


def test_sql_cannot_move_a_credit_to_another_year_or_convention(db):
    credit, autre = CreditFactory(), ConventionFactory()
    ProgrammeFactory(annee=2023)
    with refuse("credit_fixe"):
        sql("UPDATE conventions_credit SET annee = 2023")
    with refuse("credit_fixe"):
        sql("UPDATE conventions_credit SET convention_id = %(autre)s", autre=autre.pk)
    assert Credit.objects.get().convention_id == credit.convention_id


def test_sql_cannot_register_one_person_twice_on_a_list(db):
    inscription = InscriptionFactory()
    with refuse("une_inscription_par_senior_et_groupe|pas_deux_sejours_a_la_fois"):
        copie(inscription)


@pytest.mark.parametrize(
    ("eligibilite", "changement"),
    [
        ("AIDANT", "handicape = false"),
        ("AIDANT", "effacee_le = now(), aide = NULL, motif_sans_aide = 'EFFACEE'"),
        ("CONJOINT", "eligibilite = 'PROGRAMME', aide = NULL, motif_sans_aide = 'PROGRAMME'"),
        ("CONJOINT", "effacee_le = now(), aide = NULL, motif_sans_aide = 'EFFACEE'"),
    ],
)
def test_sql_cannot_break_a_link(db, eligibilite, changement):
    groupe = groupe_dote()
    lie = InscriptionFactory(groupe=groupe, handicape=True)
    InscriptionFactory(groupe=groupe, eligibilite=eligibilite, senior_lie=lie)
    with refuse("une_personne_liee_reste_sur_la_liste"):
        sql(f"UPDATE seniors_inscription SET {changement} WHERE id = %(cle)s", cle=lie.pk)


def test_sql_cannot_make_a_link_without_sense(db):
    groupe = groupe_dote()
    valide, au_programme = (
        InscriptionFactory(groupe=groupe),
        InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME"),
    )
    handicape, ailleurs = (
        InscriptionFactory(groupe=groupe, handicape=True),
        InscriptionFactory(handicape=True),
    )
    aidant = InscriptionFactory(groupe=groupe, eligibilite="AIDANT", senior_lie=handicape)
    for lie in (valide, au_programme, ailleurs, aidant):
        with refuse("une_personne_liee_reste_sur_la_liste"):
            sql(
                "UPDATE seniors_inscription SET senior_lie_id = %(lie)s WHERE id = %(cle)s",
                cle=aidant.pk,
                lie=lie.pk,
            )
    with refuse("lien_selon_l_eligibilite"):
        sql("UPDATE seniors_inscription SET senior_lie_id = NULL WHERE id = %(cle)s", cle=aidant.pk)
    with refuse("lien_selon_l_eligibilite"):
        sql(
            "UPDATE seniors_inscription SET senior_lie_id = %(lie)s WHERE id = %(cle)s",
            cle=valide.pk,
            lie=handicape.pk,
        )


@pytest.mark.parametrize(
    ("changement", "regle"),
    [
        ("aide = NULL, motif_sans_aide = ''", "une_aide_ou_un_motif"),
        ("motif_sans_aide = 'PLAFOND'", "une_aide_ou_un_motif"),
        ("aide = 0", "une_aide_ou_un_motif"),
        ("aide = -160", "une_aide_ou_un_motif"),
        ("effacee_le = now()", "effacee_donc_sans_aide"),
        ("aide = NULL, motif_sans_aide = 'EFFACEE'", "effacee_donc_sans_aide"),
        ("eligibilite = 'PROGRAMME'", "au_programme_donc_sans_aide"),
        ("eligibilite = 'INCONNUE'", "lien_selon_l_eligibilite"),
        ("nature_aidant = 'FAMILIAL'", "nature_pour_les_aidants"),
        ("rfr = NULL", "rfr_sauf_aidant_familial"),
        ("rfr = -1", "rfr_sauf_aidant_familial"),
        ("fin = debut", "les_dates_sont_celles_du_sejour"),
    ],
)
def test_sql_cannot_write_a_registration_that_means_nothing(db, changement, regle):
    InscriptionFactory(groupe=groupe_dote())
    with refuse(regle):
        sql(f"UPDATE seniors_inscription SET {changement}")


def test_sql_cannot_move_a_registration_nor_change_its_moment(db):
    inscription, ailleurs = InscriptionFactory(), GroupeFactory()
    with refuse("inscription_fixe"):
        sql("UPDATE seniors_inscription SET groupe_id = %(groupe)s", groupe=ailleurs.pk)
    with refuse("inscription_fixe"):
        sql("UPDATE seniors_inscription SET inscrite_le = '2020-01-01'")
    inscription.refresh_from_db()
    assert inscription.groupe_id != ailleurs.pk


def test_sql_cannot_move_a_group_to_another_stay_or_porteur(db):
    groupe, autre = GroupeFactory(), GroupeFactory()
    for changement in (f"sejour_id = {autre.sejour_id}", f"porteur_id = {autre.porteur_id}"):
        with refuse("groupe_fixe"):
            sql(f"UPDATE sejours_groupe SET {changement} WHERE id = {groupe.pk}")


def test_a_registration_with_entries_is_not_deleted(db):
    InscriptionFactory(groupe=groupe_dote())
    with refuse("mouvement_d_une_inscription_connue"):
        sql("DELETE FROM seniors_inscription")


def test_the_counter_of_a_group_follows_its_list_whoever_writes(db):
    groupe = GroupeFactory()
    inscription = InscriptionFactory(groupe=groupe)
    copie(inscription, senior_id=SeniorFactory().pk)
    assert Groupe.objects.get().inscrits == 2
    sql("UPDATE seniors_inscription SET effacee_le = now(), motif_sans_aide = 'EFFACEE'")
    assert Groupe.objects.get().inscrits == 0


@pytest.mark.parametrize("table", ["seniors_inscriptionevent", "sejours_groupeevent"])
@pytest.mark.parametrize("requete", ["UPDATE {} SET pgh_label = 'x'", "DELETE FROM {}"])
def test_sql_cannot_rewrite_the_journal(db, table, requete):
    InscriptionFactory()
    with refuse("append_only"):
        sql(requete.format(table))


# --- The operations ----------------------------------------------------------------------------------------------


def test_engaging_answers_the_entry_or_nothing(db):
    credit, inscription = CreditFactory(alloue=200), InscriptionFactory()
    aide = {
        "convention": credit.convention_id,
        "annee": 2022,
        "montant": Decimal(160),
        "inscription": inscription.pk,
        "par": None,
        "le": LE,
    }
    cle = engager(**aide)
    assert Mouvement.objects.get(pk=cle).montant == 160
    assert engager(**aide) is None
    assert engager(**aide | {"annee": 2023}) is None
    assert totaux(credit) == (200, 160, 0)
    liberer(**aide)
    assert totaux(credit) == (200, 0, 0)


def test_allotting_adds_up_in_the_credit_and_in_the_programme(db):
    convention, par = ConventionFactory(), CompteFactory(ancv=True)
    ProgrammeFactory()
    for montant, complement in ((1_500, False), (340, True)):
        allouer(
            convention=convention,
            annee=2022,
            montant=Decimal(montant),
            par=par,
            le=LE,
            motif="commission du 3 janvier",
            complement=complement,
        )
    assert (Credit.objects.get().alloue, Programme.objects.get().alloue) == (1_840, 1_840)
    assert list(Mouvement.objects.order_by("pk").values_list("nature", "auteur", "motif")) == [
        ("ALLOCATION", par.pk, "commission du 3 janvier"),
        ("COMPLEMENT", par.pk, "commission du 3 janvier"),
    ]


@pytest.mark.parametrize(
    ("annee", "montant", "message", "champ"),
    [
        (2023, 160, "Le programme 2023 n'existe pas encore.", "programme"),
        (2022, Decimal("1000.01"), "Les allocations dépasseraient l'enveloppe nationale.", "montant"),
    ],
)
def test_an_allotment_is_refused_with_its_reason(db, annee, montant, message, champ):
    ProgrammeFactory(enveloppe=Decimal(1_000))
    with pytest.raises(CreditRefuse) as refus:
        allouer(
            convention=ConventionFactory(),
            annee=annee,
            montant=Decimal(montant),
            par=None,
            le=LE,
            motif="essai",
        )
    assert (refus.value.message, refus.value.champ) == (message, champ)
    assert Credit.objects.count() == 0


def test_the_whole_envelope_may_be_allotted(db):
    ProgrammeFactory(enveloppe=Decimal(1_000))
    assert CreditFactory(alloue=1_000).alloue == 1_000


def test_taking_back_gives_to_the_envelope_what_was_free(db):
    groupe = groupe_dote(1_500)
    InscriptionFactory(groupe=groupe)
    credit, par = Credit.objects.get(), CompteFactory(ancv=True)
    with pytest.raises(CreditRefuse, match="n'est plus disponible") as refus:
        reprendre(credit=credit, montant=Decimal("1340.01"), par=par, le=LE, motif="non utilisé")
    assert refus.value.champ == "montant"
    reprendre(credit=credit, montant=Decimal(1_340), par=par, le=LE, motif="non utilisé")
    assert totaux(credit) == (160, 160, 0)
    assert Programme.objects.get().alloue == 160


def test_totals_are_the_sum_of_the_entries_after_a_busy_day(db):
    groupe = groupe_dote(1_500)
    inscriptions = [InscriptionFactory(groupe=groupe) for _ in range(4)]
    credit = Credit.objects.get()
    entree(credit, "LIBERATION", 160, inscriptions[0])
    entree(credit, "VERSEMENT", 160, inscriptions[1])
    entree(credit, "REPRISE", 100)
    signes = {"ALLOCATION": (1, 0, 0), "REPRISE": (-1, 0, 0), "ENGAGEMENT": (0, 1, 0)}
    signes |= {"LIBERATION": (0, -1, 0), "VERSEMENT": (0, -1, 1)}
    entrees = Mouvement.objects.values_list("nature", "montant")
    sommes = tuple(sum(signes[nature][rang] * montant for nature, montant in entrees) for rang in range(3))
    assert totaux(credit) == sommes == (1_400, 320, 160)


def test_errors_are_integrity_errors_that_django_knows(db):
    credit = CreditFactory(alloue=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        entree(credit, "REPRISE", 2)


def test_no_setting_of_the_session_makes_the_guards_stand_aside(db):
    credit = CreditFactory(alloue=640)
    with connection.cursor() as curseur:
        curseur.execute(
            "SELECT array_agg(DISTINCT tgname::text) FROM pg_trigger WHERE tgname LIKE 'pgtrigger_%%'"
        )
        noms = curseur.fetchone()[0]
        assert len(noms) > 20
        curseur.execute("SELECT set_config('pgtrigger.ignore', %s::text[]::text, true)", [noms])
    with refuse("moves only with its rows"):
        sql("UPDATE conventions_credit SET alloue = 1000 WHERE id = %(credit)s", credit=credit.pk)
    with refuse("Cannot update or delete"):
        sql("DELETE FROM conventions_mouvement WHERE credit_id = %(credit)s", credit=credit.pk)
