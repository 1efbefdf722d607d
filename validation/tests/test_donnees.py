"""A person's data, in reports and answers: given to her, erased with her, and what holds her back (X4, V5, V6)."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage

from conventions.tests.factories import CompteFactory
from seniors.documents.donnees import donnees_de
from seniors.models import DemandeDonnees, Inscription, Senior
from seniors.models.seniors import Identite
from seniors.operations.fusions import fusionner
from seniors.operations.retention import EffacementRefuse, effacer_donnees
from seniors.tests.factories import InscriptionFactory, SeniorFactory, clair, fiche, groupe_dote
from validation.models import PersonneSignalee, Piece, Presence, Signalement
from validation.operations.signalements import ajouter_personne, refuser_personne, repondre
from validation.operations.validations import confirmer, trancher
from validation.tests.factories import (
    CONFIRME_LE,
    VALIDE_LE,
    cles,
    comptes_de,
    instant,
    liste_confirmee,
    liste_du_manuel,
    liste_validee,
    manquante,
    signalement,
)
from validation.tests.versements import iban_de, lot_paye, lot_prepare

pytestmark = pytest.mark.django_db

LE = date(2022, 7, 1)
VIDE = ("", "", None, "", "")


@pytest.fixture
def ancv():
    return CompteFactory(ancv=True)


@pytest.fixture
def groupe():
    return liste_du_manuel()


def efface(senior: Senior, *, le: date = LE) -> DemandeDonnees:
    return effacer_donnees(
        senior=senior,
        motif="Courrier du 28 juin",
        par=CompteFactory(ancv=True),
        le=le,
        maintenant=instant(le),
    )


def signale(groupe, *personnes) -> Signalement:
    """Return the provider's report of these persons, Marcel LE GOFF unless told otherwise."""
    return signalement(groupe, comptes_de(groupe)[1], *personnes)


def ajoute(personne: PersonneSignalee, par, **champs) -> Senior:
    """Add a reported person, without aid, under the identity reported but for `champs`; return who it is."""
    dite = {
        "nom": personne.nom,
        "prenom": personne.prenom,
        "date_naissance": personne.date_naissance,
        "ville_naissance": personne.ville_naissance,
    }
    ajoutee = ajouter_personne(
        personne=personne,
        identite=Identite(**dite | champs),
        fiche=fiche("PROGRAMME", rfr=Decimal(0)),
        motif="Partie avec le groupe",
        par=par,
        le=VALIDE_LE,
        maintenant=instant(VALIDE_LE),
    )
    return ajoutee.inscription.senior


def refuse(personne: PersonneSignalee, par) -> None:
    refuser_personne(personne=personne, motif="Absente du registre de l'hôtel", par=par, le=VALIDE_LE)


def repond(report: Signalement, par) -> None:
    repondre(signalement=report, reponse="", par=par, le=VALIDE_LE, maintenant=instant(VALIDE_LE))


def dite(personne: PersonneSignalee) -> tuple:
    personne.refresh_from_db()
    return (
        personne.nom,
        personne.prenom,
        personne.date_naissance,
        personne.ville_naissance,
        personne.precisions,
    )


# --- Erased -------------------------------------------------------------------------------------------------------


def test_whoever_was_added_from_a_report_leaves_it_and_its_papers_are_destroyed(
    groupe, ancv, django_capture_on_commit_callbacks
):
    """Under another birth date than the one reported: the registration says who it is."""
    report = signale(groupe, manquante(precisions="RFR 9 800"), manquante(prenom="Yves"))
    marcel, yves = report.personnes.all()
    senior = ajoute(marcel, ancv, date_naissance=date(1944, 3, 2))
    refuse(yves, ancv)
    repond(report, ancv)
    fichier = report.pieces.get().fichier.name
    with django_capture_on_commit_callbacks(execute=True):
        efface(senior)
    assert (dite(marcel), marcel.effacee_le) == (VIDE, instant(LE))
    assert marcel.inscription.senior_id == senior.pk
    assert (dite(yves)[:2], yves.effacee_le) == (("LE GOFF", "Yves"), None)
    report.refresh_from_db()
    assert (report.message, report.pieces.get().detruite_le) == ("", instant(LE))
    assert not default_storage.exists(fichier)


def test_whoever_was_refused_leaves_the_report_by_name_and_birth_date_however_spelled(groupe, ancv):
    report = signale(
        groupe,
        manquante(nom="Le-Goff", prenom="MARCEL", ville_naissance="Brest"),
        manquante(prenom="Yves"),
        manquante(date_naissance=date(1944, 2, 4)),
    )
    marcel, yves, autre = report.personnes.all()
    for personne in (marcel, yves, autre):
        refuse(personne, ancv)
    repond(report, ancv)
    efface(SeniorFactory(nom="LE GOFF", prenom="Marcel", date_naissance=date(1944, 2, 3)))
    assert (dite(marcel), marcel.refus) == (VIDE, "Absente du registre de l'hôtel")
    assert [dite(personne)[1] for personne in (yves, autre)] == ["Yves", "Marcel"]
    assert not Piece.objects.filter(detruite_le__isnull=True).exists()


def test_she_is_known_by_her_birth_name_and_by_her_former_spellings(groupe, ancv):
    report = signale(
        groupe, manquante(nom="DURAND", prenom="Anne"), manquante(nom="LEGOF", prenom="Anna"), manquante()
    )
    for personne in report.personnes.all():
        refuse(personne, ancv)
    repond(report, ancv)
    naissance = date(1944, 2, 3)
    anne = SeniorFactory(nom="LE GOFF", nom_naissance="DURAND", prenom="Anne", date_naissance=naissance)
    anna = SeniorFactory(nom="LEGOF", prenom="Anna", date_naissance=naissance)
    fusionner(
        garder=anne,
        absorber=anna,
        prises=frozenset(),
        par=ancv,
        motif="Même personne",
        le=VALIDE_LE,
        maintenant=instant(VALIDE_LE),
    )
    efface(anne)
    assert [personne.prenom for personne in report.personnes.all()] == ["", "", "Marcel"]


def test_a_namesake_born_the_same_day_elsewhere_is_somebody_else(groupe, ancv):
    report = signale(groupe)
    refuse(report.personnes.get(), ancv)
    repond(report, ancv)
    de_meme_nom = {"nom": "LE GOFF", "prenom": "Marcel", "date_naissance": date(1944, 2, 3)}
    lui, homonyme = (SeniorFactory(**de_meme_nom, ville_naissance=ville) for ville in ("QUIMPER", "BREST"))
    assert donnees_de(homonyme)["Signalements de liste non conforme"] == []
    efface(homonyme)
    assert dite(report.personnes.get())[1] == "Marcel"
    efface(lui)
    assert dite(report.personnes.get()) == VIDE


def test_a_report_keeps_its_papers_when_somebody_else_is_erased(groupe, ancv):
    report = signale(groupe)
    refuse(report.personnes.get(), ancv)
    repond(report, ancv)
    efface(SeniorFactory(nom="PETIT", prenom="Marcel", date_naissance=date(1944, 2, 3)))
    assert dite(report.personnes.get())[0] == "LE GOFF"
    assert Piece.objects.filter(detruite_le__isnull=True).count() == 1


# --- Held back ----------------------------------------------------------------------------------------------------


def test_nobody_is_erased_whose_report_waits(groupe, ancv):
    report = signale(groupe)
    senior = SeniorFactory(nom="LE GOFF", prenom="Marcel", date_naissance=date(1944, 2, 3))
    with pytest.raises(EffacementRefuse, match="répondez d'abord à ce signalement"):
        efface(senior)
    refuse(report.personnes.get(), ancv)
    with pytest.raises(EffacementRefuse, match="répondez d'abord à ce signalement"):
        efface(senior)
    repond(report, ancv)
    efface(senior)


def test_nobody_is_erased_while_the_two_sides_disagree(groupe, ancv):
    porteur, _ = comptes_de(groupe)
    liste_validee(groupe)
    confirmer(
        groupe=groupe,
        presents=cles(groupe, "André SALMON", "Bernard SAVATE"),
        par=porteur,
        le=CONFIRME_LE,
        maintenant=instant(CONFIRME_LE),
    )
    sans_aide, aide = (Senior.objects.get(nom=nom) for nom in ("SALMON", "SAVATE"))
    for senior in (sans_aide, aide):
        with pytest.raises(EffacementRefuse) as refus:
            efface(senior)
        assert clair(refus.value.message) == (
            f"Cette personne est en litige, groupe n° {groupe.pk} : décidez d'abord si elle est partie."
        )
        trancher(
            presence=Presence.objects.get(inscription__senior=senior),
            venu=False,
            motif="Hospitalisation",
            par=ancv,
            le=LE,
            maintenant=instant(LE),
        )
        efface(senior)
    assert set(Senior.objects.filter(pk__in=[sans_aide.pk, aide.pk]).values_list("nom", flat=True)) == {
        "ANONYME"
    }


def test_nobody_is_erased_whose_aid_is_not_paid(groupe):
    liste_confirmee(groupe, "Bernard SAVATE")
    partie, absente = (Senior.objects.get(nom=nom) for nom in ("RONVIN", "SAVATE"))
    for preparer in (lambda: iban_de(groupe.sejour.offre.equipement.prestataire), lot_prepare):
        with pytest.raises(EffacementRefuse) as refus:
            efface(partie)
        assert clair(refus.value.message) == (
            f"Son aide de 160 €, groupe n° {groupe.pk}, n'est pas encore versée au prestataire : attendez que son lot "
            "soit payé."
        )
        lot = preparer()
    efface(absente)
    lot_paye(lot)
    efface(partie)


# --- Given --------------------------------------------------------------------------------------------------------


def test_an_export_gives_what_reports_say_of_her_and_nothing_of_the_others(groupe, ancv):
    report = signale(groupe, manquante(precisions="RFR 9 800"), manquante(prenom="Yves"))
    marcel, yves = report.personnes.all()
    senior = ajoute(marcel, ancv)
    refuse(yves, ancv)
    repond(report, ancv)
    (lu,) = donnees_de(senior)["Signalements de liste non conforme"]
    assert {libelle: clair(valeur) for libelle, valeur in lu.items()} == {
        "numéro": str(report.pk),
        "groupe": str(groupe.pk),
        "signalé par": "Prestataire",
        "signalé le": "lundi 30 mai 2022",
        "nom": "LE GOFF",
        "prénom": "Marcel",
        "date de naissance": "3 février 1944",
        "ville de naissance": "Quimper",
        "adresse, éligibilité, revenu…": "RFR 9 800",
        "décision": "ajoutée à la liste",
        "message": "remis à part",
        "pièces jointes": "1 pièce, remises à part",
    }


def test_an_export_gives_the_message_of_a_report_that_names_her_alone(groupe, ancv):
    report = signale(groupe)
    refuse(report.personnes.get(), ancv)
    repond(report, ancv)
    senior = SeniorFactory(nom="LE GOFF", prenom="Marcel", date_naissance=date(1944, 2, 3))
    (lu,) = donnees_de(senior)["Signalements de liste non conforme"]
    assert (lu["message"], lu["refusée, motif"]) == (
        "Elle remplaçait une personne malade.",
        "Absente du registre de l'hôtel",
    )
    efface(senior)
    assert PersonneSignalee.objects.au_sujet_de(senior).count() == 0


def test_an_export_gives_each_side_s_word_and_the_note_of_a_disagreement(groupe, ancv):
    porteur, _ = comptes_de(groupe)
    liste_validee(groupe)
    confirmer(
        groupe=groupe,
        presents=cles(groupe, "Bernard SAVATE"),
        par=porteur,
        le=CONFIRME_LE,
        maintenant=instant(CONFIRME_LE),
    )
    trancher(
        presence=Presence.objects.en_litige().get(),
        venu=True,
        motif="Photo du groupe",
        par=ancv,
        le=CONFIRME_LE,
        maintenant=instant(CONFIRME_LE),
    )
    assert donnees_de(Senior.objects.get(nom="SAVATE"))["Présences"] == [
        {
            "groupe": str(groupe.pk),
            "présent selon le prestataire": "oui",
            "présent selon le porteur": "non",
            "présent selon l'ANCV": "oui",
            "motif de la décision": "Photo du groupe",
        }
    ]


def test_somebody_who_never_stood_in_a_report_or_an_answer_has_nothing_there():
    inscription = InscriptionFactory(groupe=groupe_dote())
    donnees = donnees_de(inscription.senior)
    assert (donnees["Présences"], donnees["Signalements de liste non conforme"]) == ([], [])
    assert Inscription.objects.get() == inscription
