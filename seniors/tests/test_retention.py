"""What is forgotten, and when (X4): words, incomes, persons; by the clock and on request; both sides of each day."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction

from conventions.models import Mouvement
from conventions.tests.factories import CompteFactory
from sejours.models import Groupe, RechercheGardee
from seniors.models import DemandeDonnees, Doublon, Fusion, Inscription, Senior
from seniors.operations.doublons import chercher_doublons
from seniors.operations.fusions import FusionRefusee, defaire_fusion, fusionner
from seniors.operations.inscriptions import inscrire, retablir, tout_effacer
from seniors.operations.listes import InscriptionRefusee
from seniors.operations.retention import EffacementRefuse, effacer_donnees, noter_export
from seniors.tests.factories import PARIS, InscriptionFactory, SeniorFactory, fiche, groupe_dote, solde
from sev import retention
from sev.controle import controler
from sev.retention import REGLES
from sev.socle import retention as moteur
from sev.socle.models import Courriel
from sev.socle.temps import mois_avant
from sev.tasks import purger as tache

pytestmark = pytest.mark.django_db

# The manual's stay: from 14 to 21 May 2022.
FIN = date(2022, 5, 21)
MAINTENANT = datetime(2024, 5, 21, 3, 40, tzinfo=PARIS)


@pytest.fixture
def inscription():
    """Somebody aided, whose row says all that it may; the list is settled on 20 June 2022."""
    with time_machine.travel("2022-04-22T10:32:00+02:00", tick=False):
        inscription = InscriptionFactory(
            groupe=groupe_dote(),
            senior=SeniorFactory(nom="MARTIN", prenom="Jeanne", nom_naissance="DURAND"),
            telephone="06 01 02 03 04",
            email="jeanne@exemple.fr",
            contact_urgence="Sa fille",
            nom_naissance="DURAND",
            dependant=True,
            rfr=Decimal(11_800),
            revenu_imposable=Decimal(9_000),
            parts=Decimal(1),
            situation="SEUL",
            commentaires="Allergie aux noix",
            regroupement="Mme PETIT",
        )
    Groupe.objects.update(solde_le=datetime(2022, 6, 20, 12, 0, tzinfo=UTC))
    return inscription


def ecarts() -> list[str]:
    """Return the breaches, but that these lists were settled without their validation: an app above this one."""
    return [ligne for ligne in controler() if not ligne.startswith("solde_du_groupe")]


def purge(le: date) -> dict[str, int]:
    """Apply every rule on `le`; return what each did, of those that did something."""
    maintenant = datetime(le.year, le.month, le.day, 3, 40, tzinfo=PARIS)
    prevu = {nom: n for nom, n in retention.combien(le=le).items() if n}
    fait = {nom: n for nom, n in retention.purger(le=le, maintenant=maintenant).items() if n}
    assert prevu == fait
    return fait


def test_a_month_before_is_the_same_day_or_the_last_one():
    assert mois_avant(date(2022, 5, 21), 3) == date(2022, 2, 21)
    assert mois_avant(date(2022, 5, 31), 3) == date(2022, 2, 28)
    assert mois_avant(date(2024, 2, 29), 12) == date(2023, 2, 28)
    assert mois_avant(date(2022, 1, 15), 1) == date(2021, 12, 15)


# --- By the clock -----------------------------------------------------------------------------------------------


def test_words_go_3_months_after_the_end(inscription):
    assert purge(date(2022, 8, 20)) == {}
    assert purge(date(2022, 8, 21)) == {"commentaires": 1}
    inscription.refresh_from_db()
    assert (inscription.commentaires, inscription.regroupement) == ("", "")
    assert (inscription.rfr, inscription.aide) == (11_800, 160)
    assert purge(date(2022, 8, 21)) == {}


def test_incomes_go_6_months_after_the_list_was_settled(inscription):
    purge(date(2022, 8, 21))
    assert purge(date(2022, 12, 19)) == {}
    assert purge(date(2022, 12, 20)) == {"revenus": 1}
    inscription.refresh_from_db()
    assert (inscription.rfr, inscription.revenu_imposable, inscription.parts, inscription.situation) == (
        None,
        None,
        None,
        "",
    )
    # What they led to stays.
    assert (inscription.aide, inscription.eligibilite) == (160, "AIDE")
    assert ecarts() == []


def test_incomes_of_a_list_never_settled_go_12_months_after_the_end(inscription):
    Groupe.objects.update(solde_le=None)
    purge(date(2022, 8, 21))
    assert purge(date(2023, 5, 20)) == {}
    assert purge(date(2023, 5, 21)) == {"revenus": 1}


def test_persons_go_2_years_after_their_last_stay(inscription):
    purge(date(2024, 5, 20))
    senior = Senior.objects.get()
    assert str(senior) == "Jeanne MARTIN"
    assert purge(date(2024, 5, 21)) == {"personnes": 1}
    senior.refresh_from_db()
    assert (senior.nom, senior.prenom, senior.nom_naissance) == ("ANONYME", f"N{senior.pk}", "")
    assert (senior.date_naissance, senior.ville_naissance) == (
        date(senior.date_naissance.year, 1, 1),
        "INCONNUE",
    )
    assert (senior.email, senior.telephone, senior.contact_urgence, senior.adresse) == ("", "", "", "")
    assert (senior.code_postal, senior.ville, senior.en_usage) == ("35000", "", False)
    # Money and counts stay as they were.
    assert solde(inscription.groupe) == (1_500, 160, 1_340)
    assert Mouvement.objects.filter(inscription_id=inscription.pk).count() == 1
    assert ecarts() == []
    assert purge(date(2024, 5, 22)) == {}


def test_a_later_stay_keeps_the_person(inscription):
    with time_machine.travel("2023-04-01T10:32:00+02:00", tick=False):
        groupe = groupe_dote(sejour__debut=date(2023, 5, 13))
        InscriptionFactory(groupe=groupe, senior=inscription.senior, le=date(2023, 4, 1))
    assert "personnes" not in purge(date(2024, 5, 21))
    assert "personnes" in purge(date(2025, 5, 20))


def test_somebody_new_without_a_stay_is_not_forgotten_at_once():
    with time_machine.travel("2022-04-22T10:32:00+02:00", tick=False):
        SeniorFactory()
    assert purge(date(2024, 4, 21)) == {}
    assert purge(date(2024, 4, 22)) == {"personnes": 1}


def test_the_journal_forgets_the_names_of_that_person_and_of_nobody_else(inscription):
    autre = SeniorFactory(nom="PETIT", prenom="Paulette")
    purge(date(2024, 5, 21))
    evenements = Senior.pgh_event_model.objects.filter(pgh_obj=inscription.senior_id)
    assert {(e.nom, e.nom_naissance, e.prenom, e.ville_naissance) for e in evenements} == {
        ("ANONYME", "", f"N{inscription.senior_id}", "INCONNUE")
    }
    assert evenements.latest("pgh_id").pgh_context["action"] == "données effacées, durée de conservation"
    assert Senior.pgh_event_model.objects.filter(pgh_obj=autre.pk).get().nom == "PETIT"


def test_the_journal_forgets_nobody_who_still_bears_a_name(inscription):
    with connection.cursor() as curseur:
        curseur.execute("SELECT seniors_oublier(%s)", [[inscription.senior_id]])
        assert curseur.fetchone() == (0,)
    assert {e.nom for e in Senior.pgh_event_model.objects.all()} == {"MARTIN"}


@pytest.mark.parametrize(
    "ordre", ["UPDATE seniors_seniorevent SET nom = 'X'", "DELETE FROM seniors_seniorevent"]
)
def test_events_are_otherwise_never_changed(inscription, ordre):
    with (
        pytest.raises(ProgrammingError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as curseur,
    ):
        curseur.execute(ordre)


def test_the_former_spellings_go_with_the_person_and_the_merge_can_no_longer_be_undone(inscription):
    agent = CompteFactory(ancv=True)
    ancienne = SeniorFactory(nom="MARTAIN", prenom="Jeane", date_naissance=inscription.senior.date_naissance)
    chercher_doublons(maintenant=MAINTENANT)
    assert Doublon.objects.count() == 1
    fusion = fusionner(
        garder=inscription.senior,
        absorber=ancienne,
        prises=frozenset({"nom"}),
        par=agent,
        motif="Même personne",
        le=date(2024, 1, 8),
        maintenant=datetime(2024, 1, 8, 9, 0, tzinfo=PARIS),
    )
    purge(date(2024, 5, 21))
    ancienne.refresh_from_db()
    assert (ancienne.nom, ancienne.prenom) == ("ANONYME", f"N{ancienne.pk}")
    assert (Doublon.objects.count(), Fusion.objects.get().avant) == (0, {})
    with pytest.raises(FusionRefusee, match="effacées"):
        defaire_fusion(fusion=fusion, par=agent, motif="x", le=date(2024, 6, 1), maintenant=MAINTENANT)
    assert ecarts() == []


def test_what_undoes_a_merge_is_kept_2_years(inscription):
    agent = CompteFactory(ancv=True)
    fusionner(
        garder=inscription.senior,
        absorber=SeniorFactory(),
        par=agent,
        motif="x",
        le=date(2022, 5, 2),
        maintenant=datetime(2022, 5, 2, 9, 0, tzinfo=PARIS),
    )
    assert "fusions" not in purge(date(2024, 5, 1))
    assert purge(date(2024, 5, 2)) == {"fusions": 1}


def test_texts_of_mails_go_6_months_after_they_were_written():
    with time_machine.travel("2022-04-22T10:32:00+02:00", tick=False):
        for cause, envoye_le, tentatives in (
            ("envoye", MAINTENANT, 1),
            ("renonce", None, 12),
            ("en-attente", None, 3),
        ):
            Courriel.objects.create(
                cause=cause,
                destinataire="x@y.fr",
                sujet="s",
                texte="Jeanne MARTIN",
                html="<p>",
                envoye_le=envoye_le,
                tentatives=tentatives,
            )
    assert purge(date(2022, 10, 21)) == {}
    assert purge(date(2022, 10, 22)) == {"courriels": 2}
    textes = dict(Courriel.objects.values_list("cause", "texte"))
    assert textes == {"envoye": "", "renonce": "", "en-attente": "Jeanne MARTIN"}


def test_kept_searches_leave_with_the_account():
    parti, reste = (CompteFactory(collegue=True, organisme=CompteFactory().organisme) for _ in range(2))
    for compte in (parti, reste):
        RechercheGardee.objects.create(compte=compte, nom="Mer en mai", requete="environnement=MER")
    parti.is_active = False
    parti.save()
    assert purge(date(2022, 5, 2)) == {"recherches": 1}
    assert RechercheGardee.objects.get().compte == reste


def test_lots_go_through_everything(inscription, monkeypatch):
    with time_machine.travel("2022-04-22T10:32:00+02:00", tick=False):
        for _ in range(4):
            InscriptionFactory(groupe=inscription.groupe, commentaires="Sans sel")
    monkeypatch.setattr(moteur, "LOT", 2)
    assert purge(date(2024, 5, 21)) == {"commentaires": 5, "revenus": 5, "personnes": 5}


def test_the_command_says_what_would_go_then_what_went(inscription):
    def lance(*options):
        sortie = StringIO()
        with time_machine.travel(MAINTENANT, tick=False):
            call_command("purger", *options, stdout=sortie)
        return sortie.getvalue().splitlines()

    avant = lance("--dry-run")
    assert "personnes : 1 (personnes sans séjour récent)" in avant
    assert (avant[-1], str(Senior.objects.get())) == ("Rien n'a été effacé.", "Jeanne MARTIN")
    assert lance() == avant[:-1]
    assert [ligne.split(" : ")[0] for ligne in avant[:-1]] == [regle.nom for regle in REGLES]
    assert {ligne.split(" ")[2] for ligne in lance()} == {"0"}


def test_the_clock_does_the_same(inscription):
    with time_machine.travel(MAINTENANT, tick=False):
        assert (tache(), tache()) == (3, 0)


def test_a_run_of_the_clock_stops_after_so_many_lots_and_the_next_one_goes_on(inscription, monkeypatch):
    """The first night of a base ten years old must end before the worker is told to stop."""
    with time_machine.travel("2022-04-22T10:32:00+02:00", tick=False):
        for _ in range(4):
            InscriptionFactory(groupe=inscription.groupe, commentaires="Sans sel")
    monkeypatch.setattr(moteur, "LOT", 2)
    monkeypatch.setattr("sev.tasks.LOTS_PAR_PASSAGE", 1)
    with time_machine.travel(MAINTENANT, tick=False):
        assert [tache() for _ in range(4)] == [6, 6, 3, 0]


# --- On request -------------------------------------------------------------------------------------------------


@pytest.fixture
def efface(inscription):
    def efface(le=date(2022, 7, 1), motif="Courrier du 28 juin"):
        return effacer_donnees(
            senior=inscription.senior,
            motif=motif,
            par=CompteFactory(ancv=True),
            le=le,
            maintenant=datetime(le.year, le.month, le.day, 10, 0, tzinfo=PARIS),
        )

    return efface


def test_a_person_is_forgotten_at_once_when_she_asks(inscription, efface):
    Courriel.objects.create(
        cause="x",
        destinataire="x@y.fr",
        sujet="s",
        texte="- Jeanne\u00a0MARTIN, 160 €",
        html="…",
        envoye_le=MAINTENANT,
    )
    demande = efface()
    assert (demande.nature, demande.motif) == ("EFFACEMENT", "Courrier du 28 juin")
    inscription.refresh_from_db()
    assert (inscription.rfr, inscription.commentaires, inscription.aide) == (None, "", 160)
    assert inscription.senior.nom == "ANONYME"
    assert Courriel.objects.get().texte == ""
    assert solde(inscription.groupe) == (1_500, 160, 1_340)
    assert ecarts() == []
    with pytest.raises(EffacementRefuse, match="déjà effacée"):
        efface()


def test_not_while_a_stay_is_to_come_or_an_aid_is_not_settled(inscription, efface):
    with pytest.raises(EffacementRefuse, match="n'est pas terminé"):
        efface(le=FIN)
    Groupe.objects.update(solde_le=None)
    with pytest.raises(EffacementRefuse, match="pas encore soldée"):
        efface()
    Inscription.objects.update(aide=None, motif_sans_aide="PLAFOND")
    with pytest.raises(EffacementRefuse, match="référence"):
        efface(motif=" ")
    efface()


def test_nobody_registers_somebody_forgotten_meanwhile(inscription, efface):
    efface()
    groupe = groupe_dote(sejour__debut=date(2022, 9, 3))
    with pytest.raises(InscriptionRefusee, match="cherchez-la à nouveau"):
        inscrire(
            groupe=groupe,
            senior=inscription.senior,
            fiche=fiche(),
            par=None,
            le=date(2022, 7, 2),
            maintenant=MAINTENANT,
        )


def test_an_export_is_in_the_register(inscription):
    agent = CompteFactory(ancv=True)
    noter_export(senior=inscription.senior, motif="Courriel du 3 mai", par=agent, maintenant=MAINTENANT)
    demande = DemandeDonnees.objects.get()
    assert (demande.nature, demande.par, demande.motif) == ("EXPORT", agent, "Courriel du 3 mai")
    with pytest.raises(EffacementRefuse, match="référence"):
        noter_export(senior=inscription.senior, motif="", par=agent, maintenant=MAINTENANT)


def test_mails_under_a_former_spelling_and_those_given_up_lose_their_text_too(inscription, efface):
    ancienne = SeniorFactory(nom="MARTAIN", prenom="Jeane", date_naissance=inscription.senior.date_naissance)
    fusionner(
        garder=inscription.senior,
        absorber=ancienne,
        prises=frozenset({"nom"}),
        par=CompteFactory(ancv=True),
        motif="Même personne",
        le=date(2022, 6, 22),
        maintenant=datetime(2022, 6, 22, 9, 0, tzinfo=PARIS),
    )
    inscription.senior.refresh_from_db()
    Courriel.objects.all().delete()
    for cause, texte, envoye_le, tentatives in (
        ("avant", "Jeanne MARTIN, 160 €", MAINTENANT, 1),
        ("autre-orthographe", "La fiche de Jeane MARTAIN est corrigée", MAINTENANT, 1),
        ("renonce", "Jeanne MARTAIN", None, 12),
        ("homonyme", "Jeanne MARTINEAU-PETIT", None, 3),
        ("autrui", "Paulette PETIT", MAINTENANT, 1),
    ):
        Courriel.objects.create(
            cause=cause,
            destinataire="x@y.fr",
            sujet="s",
            texte=texte,
            html="<p>",
            envoye_le=envoye_le,
            tentatives=tentatives,
        )
    efface()
    gardes = set(Courriel.objects.exclude(texte="").values_list("cause", flat=True))
    assert gardes == {"homonyme", "autrui"}


def test_somebody_whose_data_was_erased_never_comes_back_on_a_list():
    """She was removed, then asked to be erased: « annuler » brings the others back, not her."""
    with time_machine.travel("2022-04-22T10:32:00+02:00", tick=False):
        groupe = groupe_dote()
        partie = InscriptionFactory(groupe=groupe, eligibilite="PROGRAMME", rfr=Decimal(0))
        autre = InscriptionFactory(groupe=groupe)
    le, instant = date(2022, 4, 22), datetime(2022, 4, 22, 11, 0, tzinfo=PARIS)
    tout_effacer(groupe=groupe, par=None, le=le, maintenant=instant)
    agent = CompteFactory(ancv=True)
    effacer_donnees(senior=partie.senior, motif="Courrier", par=agent, le=le, maintenant=instant)
    revenues, refusees = retablir(groupe=groupe, effacee_le=instant, par=None, le=le, maintenant=instant)
    assert [i.pk for i in revenues] == [autre.pk]
    assert [(i.pk, message) for i, message in refusees] == [
        (
            partie.pk,
            "Les données de cette personne ont été effacées : elle ne revient pas sur la liste.",
        )
    ]
