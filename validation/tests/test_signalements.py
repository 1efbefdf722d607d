"""« Liste non conforme »: the report stops the clock, ANCV answers person by person, the window resumes (V5)."""

from datetime import date

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from conventions.models import Programme
from conventions.tests.factories import CompteFactory
from seniors.models.seniors import Identite
from seniors.operations.listes import InscriptionRefusee
from seniors.tests.factories import clair, fiche, solde
from sev.controle import controler
from sev.socle.models import Courriel
from validation.models import PersonneSignalee, Piece, Presence, Signalement, Validation
from validation.models.validations import Phase
from validation.operations.signalements import (
    SignalementRefuse,
    ajouter_personne,
    annuler,
    empechement,
    refuser_personne,
    repondre,
    signaler,
)
from validation.operations.validations import DelaiDepasse, ValidationRefusee, confirmer, prolonger, valider
from validation.tests.factories import (
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

pytestmark = pytest.mark.django_db

LE_5_JUIN = date(2022, 6, 5)


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


def relue(groupe) -> Validation:
    return Validation.objects.get(pk=groupe.pk)


def ajoute(personne, *, par, le=VALIDE_LE, **champs) -> PersonneSignalee:
    """Add a reported person as ANCV does, from what was reported."""
    return ajouter_personne(
        personne=personne,
        identite=Identite(
            nom=personne.nom,
            prenom=personne.prenom,
            date_naissance=personne.date_naissance,
            ville_naissance=personne.ville_naissance,
        ),
        fiche=fiche(**champs),
        motif="Parti avec le groupe",
        par=par,
        le=le,
        maintenant=instant(le),
    )


def refuse(personne, *, par, motif="Absente du registre de l'hôtel") -> PersonneSignalee:
    return refuser_personne(personne=personne, motif=motif, par=par, le=VALIDE_LE)


def repond(report, *, par, le, reponse="") -> Validation:
    return repondre(signalement=report, reponse=reponse, par=par, le=le, maintenant=instant(le))


# --- Reporting ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("le", "jours"), [(date(2022, 5, 22), 14), (date(2022, 5, 27), 9), (LE_5_JUIN, 0)])
def test_a_report_stops_the_clock_and_keeps_the_days_left(groupe, prestataire, le, jours):
    signalement(groupe, prestataire, le=le)
    validation = relue(groupe)
    assert (validation.arretee_le, validation.jours_restants) == (le, jours)
    assert validation.phase(date(2022, 12, 31)) == Phase.ARRETEE


def test_the_porteur_reports_in_its_own_window(groupe, porteur):
    liste_validee(groupe)
    report = signalement(groupe, porteur, le=date(2022, 6, 5))
    assert (report.cote, relue(groupe).jours_restants) == ("PORTEUR", 9)


def test_both_sides_and_ancv_are_told_and_nobody_is_named(groupe, porteur, prestataire):
    Programme.objects.filter(annee=2022).update(contact_email="assistance@exemple.fr")
    report = signalement(groupe, prestataire, manquante(), manquante(prenom="Yves"), le=date(2022, 5, 27))
    courriels = Courriel.objects.filter(cause__startswith="signalement-")
    assert {c.destinataire for c in courriels} == {
        porteur.email,
        prestataire.email,
        "assistance@exemple.fr",
    }
    for courriel in courriels:
        assert "LE GOFF" not in courriel.texte + courriel.html
    a_l_ancv = courriels.get(destinataire="assistance@exemple.fr")
    assert "signale 2 personnes qui manquent sur la liste" in clair(a_l_ancv.texte)
    assert f"/admin/validation/signalement/{report.pk}/change/" in a_l_ancv.texte
    assert "Il restera 9 jours quand l'ANCV aura répondu." in clair(
        courriels.get(destinataire=porteur.email).texte
    )


def test_a_list_is_reported_once_at_a_time(groupe, prestataire):
    signalement(groupe, prestataire)
    with pytest.raises(ValidationRefusee, match="délai est arrêté"):
        signalement(groupe, prestataire)
    assert Signalement.objects.count() == 1


def test_the_database_refuses_two_open_reports_of_a_list(groupe, prestataire):
    report = signalement(groupe, prestataire)
    with pytest.raises(IntegrityError, match="un_signalement_a_la_fois"), transaction.atomic():
        Signalement.objects.create(
            validation=report.validation, cote="PORTEUR", auteur=prestataire, fait_le=instant(VALIDE_LE)
        )


def test_while_a_report_waits_nobody_answers_nor_extends_nor_closes(groupe, prestataire, ancv):
    signalement(groupe, prestataire)
    with pytest.raises(ValidationRefusee, match="arrêté"):
        valider(
            groupe=groupe,
            presents=cles(groupe),
            par=prestataire,
            le=VALIDE_LE,
            maintenant=instant(VALIDE_LE),
        )
    with pytest.raises(ValidationRefusee, match="répondez-y"):
        prolonger(
            validation=relue(groupe),
            jusqu_au=date(2022, 7, 1),
            motif="x",
            par=ancv,
            le=VALIDE_LE,
            maintenant=instant(VALIDE_LE),
        )


def test_a_window_that_is_over_takes_no_report(groupe, prestataire):
    with pytest.raises(DelaiDepasse):
        signalement(groupe, prestataire, le=date(2022, 6, 6))
    assert not Piece.objects.exists()


def test_a_report_is_for_the_side_whose_turn_it_is(groupe, porteur, prestataire):
    with pytest.raises(ValidationRefusee, match="contactez-le"):
        signalement(groupe, porteur)
    liste_validee(groupe)
    with pytest.raises(SignalementRefuse, match="déjà validé"):
        signalement(groupe, prestataire)
    liste_confirmee_par(groupe, porteur)
    with pytest.raises(ValidationRefusee, match="déjà confirmée"):
        signalement(groupe, porteur)


def liste_confirmee_par(groupe, porteur):
    confirmer(groupe=groupe, presents=cles(groupe), par=porteur, le=VALIDE_LE, maintenant=instant(VALIDE_LE))


def test_why_a_list_cannot_be_reported_is_said_without_writing_anything(groupe, porteur, prestataire):
    assert "n'est pas terminé" in empechement(groupe=groupe, par=prestataire, le=date(2022, 5, 21))
    assert empechement(groupe=groupe, par=prestataire, le=date(2022, 5, 22)) == ""
    assert "contactez-le" in empechement(groupe=groupe, par=porteur, le=date(2022, 5, 22))
    assert "délai est passé" in clair(empechement(groupe=groupe, par=prestataire, le=date(2022, 6, 6)))
    assert not Validation.objects.exists()


def test_somebody_on_the_list_is_not_missing(groupe, prestataire):
    senior = groupe.inscriptions.select_related("senior").first().senior
    dite = manquante(
        nom=senior.nom.lower(),
        prenom=senior.prenom,
        date_naissance=senior.date_naissance,
        ville_naissance=senior.ville_naissance,
    )
    with pytest.raises(SignalementRefuse, match="déjà sur la liste"):
        signalement(groupe, prestataire, dite)
    assert not Signalement.objects.exists()


def test_a_report_names_somebody_and_shows_a_paper(groupe, prestataire):
    for personnes, pieces in (([], []), ([manquante()], [])):
        with pytest.raises(SignalementRefuse, match="au moins une"):
            signaler(
                groupe=groupe,
                personnes=personnes,
                pieces=pieces,
                message="",
                par=prestataire,
                le=VALIDE_LE,
                maintenant=instant(VALIDE_LE),
            )


# --- ANCV's answer --------------------------------------------------------------------------------------------------


def test_ancv_adds_one_refuses_another_and_the_window_resumes(groupe, porteur, prestataire, ancv):
    report = signalement(groupe, prestataire, manquante(), manquante(prenom="Yves"), le=date(2022, 5, 27))
    marcel, yves = report.personnes.all()
    with pytest.raises(SignalementRefuse) as refus:
        repond(report, par=ancv, le=date(2022, 6, 20))
    assert clair(refus.value.message) == (
        "Ajoutez ou refusez d'abord 2 personnes : Marcel LE GOFF, Yves LE GOFF."
    )
    ajoute(marcel, par=ancv, eligibilite="AIDE")
    refuse(yves, par=ancv)
    assert str(marcel.__class__.objects.get(pk=marcel.pk).inscription.senior) == "Marcel LE GOFF"
    validation = repond(report, par=ancv, le=date(2022, 6, 20), reponse="Bon retour")
    assert (validation.echeance_prestataire, validation.arretee_le) == (date(2022, 6, 29), None)
    assert validation.phase(date(2022, 6, 29)) == Phase.PRESTATAIRE
    assert validation.phase(date(2022, 6, 30)) == Phase.DEPASSEE
    courriel = Courriel.objects.get(cause=f"signalement-repondu-{report.pk}-{porteur.organisme_id}")
    assert "1 personne ajoutée, 1 personne refusée." in clair(courriel.texte)
    assert "jusqu'au mercredi 29 juin 2022 à minuit" in clair(courriel.texte)
    assert "Réponse de l'ANCV : Bon retour" in clair(courriel.texte)
    assert groupe.inscriptions.presentes().count() == 14
    assert list(controler()) == []


def test_a_person_added_while_the_porteur_answers_needs_its_word_alone(groupe, porteur, ancv):
    liste_validee(groupe)
    report = signalement(groupe, porteur, le=date(2022, 6, 5))
    ajoutee = ajoute(report.personnes.get(), par=ancv).inscription
    assert repond(report, par=ancv, le=date(2022, 6, 9)).echeance_porteur == date(2022, 6, 18)
    le = date(2022, 6, 18)
    somme = confirmer(groupe=groupe, presents=cles(groupe), par=porteur, le=le, maintenant=instant(le))
    assert (somme.aides, somme.en_litige) == (9, 0)
    assert Presence.objects.get(pk=ajoutee.pk).retenue is True
    assert solde(groupe)[1] == 9 * 160
    assert list(controler()) == []


def test_stopped_on_its_last_day_a_window_has_the_day_of_the_answer(groupe, prestataire, ancv):
    report = signalement(groupe, prestataire, le=LE_5_JUIN)
    refuse(report.personnes.get(), par=ancv)
    validation = repond(report, par=ancv, le=date(2022, 6, 20))
    assert validation.echeance == date(2022, 6, 20)
    assert validation.phase(date(2022, 6, 20)) == Phase.PRESTATAIRE


def test_an_answer_is_given_once(groupe, prestataire, ancv):
    report = signalement(groupe, prestataire)
    personne = refuse(report.personnes.get(), par=ancv)
    with pytest.raises(SignalementRefuse, match="déjà décidé"):
        ajoute(personne, par=ancv)
    repond(report, par=ancv, le=VALIDE_LE)
    for encore in (
        lambda: repond(report, par=ancv, le=VALIDE_LE),
        lambda: refuse(personne, par=ancv),
        lambda: annuler(signalement=report, par=prestataire, le=VALIDE_LE, maintenant=instant(VALIDE_LE)),
    ):
        with pytest.raises(SignalementRefuse, match="déjà répondu"):
            encore()
    assert Courriel.objects.filter(cause__startswith="signalement-repondu-").count() == 2


def test_a_refusal_has_a_reason_and_an_addition_is_ancv_s(groupe, porteur, prestataire, ancv):
    personne = signalement(groupe, prestataire).personnes.get()
    with pytest.raises(ValidationRefusee) as refus:
        refuse(personne, par=ancv, motif="  ")
    assert refus.value.champ == "motif"
    with pytest.raises(InscriptionRefusee, match="Seule l'ANCV"):
        ajoute(personne, par=prestataire)
    assert PersonneSignalee.objects.filter(inscription=None, refus="").count() == 1


def test_a_list_may_be_reported_again_on_the_day_of_the_answer(groupe, prestataire, ancv):
    """Two reports, two answers on one day: each is told."""
    for prenom in ("Marcel", "Yves"):
        report = signalement(groupe, prestataire, manquante(prenom=prenom))
        refuse(report.personnes.get(), par=ancv)
        repond(report, par=ancv, le=VALIDE_LE)
    assert Courriel.objects.filter(cause__startswith="signalement-repondu-").count() == 4
    assert relue(groupe).echeance == LE_5_JUIN


def test_who_did_what_stands_in_the_journal(groupe, prestataire, ancv):
    report = signalement(groupe, prestataire)
    refuse(report.personnes.get(), par=ancv)
    repond(report, par=ancv, le=VALIDE_LE)
    actes = Signalement.pgh_event_model.objects.order_by("pgh_id").values_list(
        "pgh_context__action", flat=True
    )
    assert list(actes) == ["liste non conforme signalée", "signalement traité"]
    fenetre = Validation.pgh_event_model.objects.order_by("pgh_id").values_list(
        "arretee_le", "pgh_context__action"
    )
    assert list(fenetre)[1:] == [
        (VALIDE_LE, "liste non conforme signalée"),
        (None, "signalement traité"),
    ]


# --- Withdrawing ----------------------------------------------------------------------------------------------------


def test_a_report_is_withdrawn_its_papers_destroyed_and_the_window_resumes(
    groupe, prestataire, django_capture_on_commit_callbacks
):
    report = signalement(groupe, prestataire, le=date(2022, 5, 27))
    fichier = report.pieces.get().fichier.name
    le = date(2022, 6, 10)
    with django_capture_on_commit_callbacks(execute=True):
        validation = annuler(signalement=report, par=prestataire, le=le, maintenant=instant(le))
    assert (validation.echeance, validation.arretee_le) == (date(2022, 6, 19), None)
    piece, personne = Piece.objects.get(), PersonneSignalee.objects.get()
    assert (piece.detruite_le, bool(piece.fichier), personne.nom) == (instant(le), False, "")
    assert not default_storage.exists(fichier)
    assert Courriel.objects.filter(cause__startswith="signalement-annule-").count() == 2
    signalement(groupe, prestataire, le=le)


def retire(report, *, par, le=VALIDE_LE) -> Validation:
    return annuler(signalement=report, par=par, le=le, maintenant=instant(le))


def test_a_side_withdraws_one_report_of_a_list_and_ancv_answers_the_next(groupe, prestataire, ancv):
    """Reported and withdrawn again and again, a list would stop its clock as often as one likes."""
    retire(signalement(groupe, prestataire), par=prestataire)
    report = signalement(groupe, prestataire)
    assert report.annulable is False
    with pytest.raises(SignalementRefuse, match="déjà annulé un signalement"):
        retire(report, par=prestataire)
    assert relue(groupe).phase(VALIDE_LE) == Phase.ARRETEE
    refuse(report.personnes.get(), par=ancv)
    assert repond(report, par=ancv, le=VALIDE_LE).echeance == LE_5_JUIN


def test_each_side_may_withdraw_one(groupe, porteur, prestataire):
    retire(signalement(groupe, prestataire), par=prestataire)
    liste_validee(groupe)
    report = signalement(groupe, porteur)
    assert report.annulable is True
    retire(report, par=porteur)
    assert Signalement.objects.filter(annule_le__isnull=False).count() == 2


def test_the_database_refuses_two_reports_withdrawn_by_one_side(groupe, prestataire):
    report = signalement(groupe, prestataire)
    retire(report, par=prestataire)
    with pytest.raises(IntegrityError, match="un_signalement_annule_par_cote"), transaction.atomic():
        Signalement.objects.create(
            validation=report.validation,
            cote="PRESTATAIRE",
            auteur=prestataire,
            fait_le=instant(VALIDE_LE),
            annule_le=instant(VALIDE_LE),
        )


def test_once_ancv_has_begun_a_report_is_not_withdrawn(groupe, prestataire, ancv):
    report = signalement(groupe, prestataire)
    refuse(report.personnes.get(), par=ancv)
    with pytest.raises(SignalementRefuse, match="a commencé"):
        annuler(signalement=report, par=prestataire, le=VALIDE_LE, maintenant=instant(VALIDE_LE))


def test_a_finished_list_takes_no_report(groupe, porteur):
    liste_confirmee(groupe)
    assert "déjà confirmée" in empechement(groupe=groupe, par=porteur, le=date(2022, 6, 11))
