"""Decisions of *Espace Action Sociale* (C10): the file, what each line does, what is wrong, once and for all."""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from io import BytesIO, StringIO
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import QuerySet
from openpyxl import load_workbook

from conventions.documents import rapport_csv
from conventions.forms.imports import TAILLE_MAX, lire_fichier
from conventions.models import Compte, Convention, Credit, Decision, Import, LigneImport, Mouvement, Programme
from conventions.operations import imports
from conventions.operations.credits import allouer
from conventions.tasks import importer_decisions
from conventions.tests.factories import CompteFactory, ConventionFactory, CreditFactory, ProgrammeFactory
from sev.retention import purger
from sev.socle.models import Courriel
from sev.socle.refus import RefusMetier
from sev.tests.test_courses import ensemble

LE = date(2022, 3, 1)
MAINTENANT = datetime(2022, 3, 1, 9, 0, tzinfo=UTC)
TITRES = (
    "référence de décision;numéro de convention;nature;organisme;type;titulaire;e-mail;téléphone;voie;complément;"
    "code postal;ville;année;montant;date de décision"
)
NEUVE = {
    "reference": "EAS-1",
    "numero": "ancv4001",
    "nature": "Porteur",
    "nom": "CCAS DE DINAN",
    "type": "CCAS",
    "titulaire": "Jeanne LE BRAS",
    "email": "jeanne@dinan.fr",
    "telephone": "02 96 39 22 43",
    "voie": "21 RUE DE LA CHAUX",
    "complement": "",
    "code_postal": "22100",
    "ville": "DINAN",
    "annee": "2022",
    "montant": "1 500,00",
    "date": "15/02/2022",
}


def rangee(**champs) -> str:
    return ";".join((NEUVE | champs).values())


def dotation(reference, numero, montant="640", annee="2022", **champs) -> str:
    """A line that only gives credit."""
    vide = dict.fromkeys(NEUVE, "")
    return ";".join(
        (
            vide | {"reference": reference, "numero": numero, "montant": montant, "annee": annee} | champs
        ).values()
    )


def fichier(*rangees: str, encodage="utf-8") -> bytes:
    return "\r\n".join((TITRES, *rangees)).encode(encodage)


def importe(contenu: bytes, *, par=None) -> Import:
    lot = imports.lire(fichier="decisions.csv", lignes=lire_fichier(contenu), par=par, maintenant=MAINTENANT)
    if lot.lignes.filter(issue="PRETE").exists():
        imports.lancer(lot=lot, par=par, maintenant=MAINTENANT)
        imports.importer(lot=lot, le=LE, maintenant=MAINTENANT, limite=10_000)
    return lot


def rapport(lot) -> list[tuple]:
    return [
        (rang, issue, action, message.replace("\u00a0", " "))
        for rang, issue, action, message in lot.lignes.values_list("rang", "issue", "action", "message")
    ]


def examine(*rangees: str) -> list[tuple]:
    """The dry run: outcome, effect and explanation of each line."""
    verdicts = imports.examiner(lire_fichier(fichier(*rangees)))
    return [(v.issue, v.action, v.message.replace("\u00a0", " ")) for v in verdicts]


def erreur(ligne: str) -> str:
    ((issue, _, message),) = examine(ligne)
    assert issue == "ERREUR"
    return message


def tout() -> list:
    """All that an import may write."""
    modeles = (Convention, Compte, Credit, Mouvement, Decision, Courriel)
    return [list(modele.objects.order_by("pk").values()) for modele in modeles]


@pytest.fixture
def annee(db):
    return ProgrammeFactory()


# --- What a line does ---------------------------------------------------------------------------------------------


def test_an_unknown_convention_is_created_activated_and_told(annee, ancv):
    lot = importe(fichier(rangee()), par=ancv)
    assert rapport(lot) == [(2, "FAITE", "CREER", "")]
    convention = Convention.objects.select_related("organisme").get(numero="ancv4001")
    organisme, compte = convention.organisme, Compte.objects.get(identifiant="ancv4001")
    assert (convention.activee_le, organisme.nom, organisme.type_porteur, organisme.departement) == (
        LE,
        "CCAS DE DINAN",
        "CCAS",
        "22",
    )
    assert (compte.nom, compte.email, compte.titulaire) == ("Jeanne LE BRAS", "jeanne@dinan.fr", True)
    decision = Decision.objects.get(reference="EAS-1")
    assert (decision.mouvement.montant, decision.mouvement.nature, decision.mouvement.auteur) == (
        1500,
        "ALLOCATION",
        ancv,
    )
    assert (decision.date, decision.annee, decision.lot) == (date(2022, 2, 15), 2022, lot)
    assert [c.destinataire for c in Courriel.objects.all()] == ["jeanne@dinan.fr"]
    assert convention.pgh_event_model.objects.first().pgh_context["nom"] == "Alix AGENT"


def test_a_convention_that_waits_is_activated(annee):
    ConventionFactory(numero="ancv4001", activee_le=None)
    assert rapport(importe(fichier(rangee(nom="AUTRE NOM")))) == [(2, "FAITE", "ACTIVER", "")]
    assert Credit.objects.get().alloue == 1500
    assert Convention.objects.get().organisme.nom != "AUTRE NOM"


def test_an_active_convention_is_renewed_then_completed(annee):
    porteur = CompteFactory(convention__numero="ancv4001")
    lot = importe(fichier(dotation("EAS-1", "ANCV 4001"), dotation("EAS-2", "ancv4001", "160")))
    assert rapport(lot) == [(2, "FAITE", "RENOUVELER", ""), (3, "FAITE", "COMPLETER", "")]
    assert list(Mouvement.objects.order_by("pk").values_list("nature", "montant", "motif")) == [
        ("ALLOCATION", 640, "décision EAS-1"),
        ("COMPLEMENT", 160, "décision EAS-2"),
    ]
    assert [(c.destinataire, c.sujet.replace("\u00a0", " ")) for c in Courriel.objects.order_by("pk")] == [
        (porteur.email, "Crédits 2022 : 640 € de plus"),
        (porteur.email, "Crédits 2022 : 160 € de plus"),
    ]


def test_what_staff_allotted_by_hand_makes_a_decision_a_complement(annee):
    CreditFactory(convention=ConventionFactory(numero="ancv4001"), alloue=100)
    assert examine(dotation("EAS-1", "ancv4001")) == [("PRETE", "COMPLETER", "")]


def test_a_provider_is_activated_without_credit_and_noted_the_next_year(annee):
    prestataire = {"numero": "presta90", "nature": "prestataire", "type": ""}
    assert rapport(importe(fichier(rangee(**prestataire, montant="")))) == [(2, "FAITE", "CREER", "")]
    assert not Credit.objects.exists()
    suite = rangee(**prestataire, reference="EAS-2", montant="0", annee="2023")
    assert rapport(importe(fichier(suite))) == [(2, "FAITE", "RECONDUIRE", "")]
    assert list(Decision.objects.order_by("pk").values_list("montant", "mouvement")) == [(0, None), (0, None)]


def test_a_line_follows_what_those_before_it_did(annee):
    lignes = (rangee(), dotation("EAS-2", "ancv4001", "160"), dotation("EAS-3", "ancv4001", "100", "2023"))
    ProgrammeFactory(annee=2023, enveloppe=50)
    assert examine(*lignes) == [
        ("PRETE", "CREER", ""),
        ("PRETE", "COMPLETER", ""),
        ("ERREUR", "", "L'enveloppe 2023 serait dépassée : il y reste 50 €."),
    ]


# --- Twice --------------------------------------------------------------------------------------------------------


def test_the_same_file_does_nothing_the_second_time(annee):
    contenu = fichier(rangee(), dotation("EAS-2", "ancv4001", "160"))
    importe(contenu)
    avant = tout()
    lot = importe(contenu)
    assert [ligne[1] for ligne in rapport(lot)] == ["DEJA", "DEJA"]
    assert tout() == avant
    assert lot.lance_le is None


def test_a_reference_known_with_other_values_is_an_error(annee):
    importe(fichier(rangee()))
    assert erreur(dotation("eas-1", "ancv4001", "1600")) == (
        "La décision EAS-1 est déjà importée avec d'autres valeurs : convention ancv4001, 2022, 1 500 €."
    )


def test_a_reference_twice_in_the_file(annee):
    assert examine(rangee(), rangee(), rangee(montant="20")) == [
        ("PRETE", "CREER", ""),
        ("DEJA", "", "La même décision est à la ligne 2."),
        (
            "ERREUR",
            "",
            "La décision EAS-1 est à la ligne 2 avec d'autres valeurs : convention ancv4001, 2022, 1 500 €.",
        ),
    ]


def test_an_import_that_was_cut_goes_on(annee):
    lignes = [rangee(), *(dotation(f"EAS-{n}", "ancv4001", "10") for n in range(2, 6))]
    lot = imports.lire(
        fichier="d.csv", lignes=lire_fichier(fichier(*lignes)), par=None, maintenant=MAINTENANT
    )
    imports.lancer(lot=lot, par=None, maintenant=MAINTENANT)
    assert imports.importer(lot=lot, le=LE, maintenant=MAINTENANT, limite=2) == 2
    assert Counter(lot.lignes.values_list("issue", flat=True)) == {"FAITE": 2, "PRETE": 3}
    assert (importer_decisions(), importer_decisions()) == (3, 0)
    lot.refresh_from_db()
    assert (lot.fini_le is not None, Credit.objects.get().alloue) == (True, 1540)


def test_an_import_is_launched_once(annee):
    lot = imports.lire(
        fichier="d.csv", lignes=lire_fichier(fichier(rangee())), par=None, maintenant=MAINTENANT
    )
    imports.lancer(lot=lot, par=None, maintenant=MAINTENANT)
    with pytest.raises(imports.ImportRefuse, match="déjà lancé"):
        imports.lancer(lot=lot, par=None, maintenant=MAINTENANT)


def test_nothing_of_a_file_that_was_only_read_is_ever_written(annee):
    imports.lire(fichier="d.csv", lignes=lire_fichier(fichier(rangee())), par=None, maintenant=MAINTENANT)
    assert importer_decisions() == 0
    assert not Convention.objects.exists()


# --- What is wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("champs", "message"),
    [
        ({"type": "Syndicat"}, "Type : « Syndicat » est inconnu. Écrivez CCAS, Mairie, Association, Caisse de "
         "retraite, Résidence ou Autre"),
        ({"nature": "Client"}, "Nature : « Client » est inconnu. Écrivez Porteur ou Prestataire"),
        ({"montant": "-640"}, "Montant : Le montant est négatif"),
        ({"montant": "six cents"}, "Montant : Écrivez le montant ainsi : 1 500,00"),
        ({"montant": "1.500"}, "Montant : Écrivez le montant ainsi : 1 500,00"),
        ({"montant": "1e5"}, "Montant : Écrivez le montant ainsi : 1 500,00"),
        ({"montant": "99999999"}, "Montant : Le montant est trop grand"),
        ({"montant": "2000000"}, "L'enveloppe 2022 serait dépassée : il y reste 1 000 000 €."),
        ({"annee": "2031"}, "Le programme 2031 n'existe pas encore."),
        ({"annee": "22"}, "Année : Écrivez l'année en quatre chiffres, par exemple 2027"),
        ({"email": "jeanne.dinan.fr"}, "E-mail : Écrivez une adresse e-mail, par exemple mail@mail.com"),
        ({"code_postal": "2210"}, "Code postal : Il faut 5 chiffres, par exemple 35410"),
        ({"telephone": "bureau"}, "Téléphone : Écrivez les 10 chiffres, par exemple 04 56 34 22 09"),
        ({"date": "31/02/2022"}, "Date de décision : Cette date n'existe pas. Écrivez la date ainsi : 31/05/1948"),
        ({"numero": "ancv/4001"}, "Numéro de convention : Des lettres et des chiffres seulement, vingt au plus"),
        ({"reference": ""}, "Référence de décision : Cette réponse est nécessaire"),
        ({"type": "", "email": ""}, "La convention ancv4001 est nouvelle : il manque l'e-mail, le type."),
        ({"nature": "Prestataire", "montant": "0"}, "Un prestataire n'a pas de type : laissez la case vide."),
        ({"nature": "Prestataire", "type": ""}, "Un prestataire ne reçoit pas de crédits : écrivez 0."),
        ({"numero": "agent"}, "« agent » est déjà l'identifiant d'un autre compte."),
        ({"numero": "presta34"}, "La convention presta34 est celle d'un prestataire."),
        ({"numero": "close1"}, "La convention close1 est close depuis le 01/02/2022."),
        ({"numero": "suspendue1"}, "La convention suspendue1 est suspendue depuis le 02/02/2022."),
        ({"numero": "inactive1", "titulaire": ""}, "La convention inactive1 est à activer : il manque le titulaire "
         "ou l'e-mail."),
        ({"numero": "active1", "montant": "0"}, "Le montant est nul : il n'y a rien à allouer."),
    ],
)  # fmt: skip
def test_a_wrong_line_says_what_is_wrong(annee, champs, message):
    CompteFactory(ancv=True, identifiant="agent")
    ConventionFactory(numero="presta34", prestataire=True)
    ConventionFactory(numero="close1", close_le=date(2022, 2, 1))
    ConventionFactory(numero="suspendue1", suspendue_le=date(2022, 2, 2), motif="Contrôle")
    ConventionFactory(numero="inactive1", activee_le=None)
    ConventionFactory(numero="active1")
    assert erreur(rangee(**champs)) == message


@pytest.mark.parametrize(
    ("ecrit", "lu"),
    [
        ("1500", 1500),
        ("1 500,00", 1500),
        ("1\u202f500,5", "1500.5"),
        ("1.500,25 €", "1500.25"),
        ("1500.00", 1500),
        ("", 0),
    ],
)
def test_amounts_as_people_and_spreadsheets_write_them(ecrit, lu):
    (ligne,) = lire_fichier(fichier(rangee(montant=ecrit)))
    assert ligne.decision.montant == Decimal(lu)


def test_two_hundred_decisions_of_which_seven_are_wrong(annee, ancv):
    bonnes = [
        rangee(reference=f"EAS-{n}", numero=f"ancv{5000 + n}", email=f"ccas{n}@exemple.fr", montant="100")
        for n in range(193)
    ]
    fausses = [
        rangee(reference="F-1", numero="faux1", type="Syndicat"),
        rangee(reference="F-2", numero="faux2", montant="-1"),
        rangee(reference="F-3", numero="faux3", montant="9000000"),
        rangee(reference="F-4", numero="faux4", annee="2031"),
        rangee(reference="F-5", numero="faux5", email="x"),
        rangee(reference="F-6", numero="ancv5000", nature="Prestataire", type="", montant="0"),
        rangee(reference="EAS-0", numero="ancv5000", montant="101"),
    ]
    contenu = fichier(*bonnes[:90], *fausses[:5], *bonnes[90:], *fausses[5:])
    lot = importe(contenu, par=ancv)
    assert Counter(lot.lignes.values_list("issue", flat=True)) == {"FAITE": 193, "ERREUR": 7}
    assert (Programme.objects.get().alloue, Decision.objects.count(), Courriel.objects.count()) == (
        19_300,
        193,
        193,
    )
    assert set(lot.lignes.values_list("rang", flat=True)) == set(range(2, 202))
    avant = tout()
    encore = importe(contenu, par=ancv)
    assert Counter(encore.lignes.values_list("issue", flat=True)) == {"DEJA": 193, "ERREUR": 7}
    assert tout() == avant


def test_a_line_refused_when_it_is_written_stops_no_other(annee):
    """Between the reading and the writing, staff took the envelope."""
    lignes = (rangee(), dotation("EAS-2", "ancv4002"))
    CompteFactory(convention__numero="ancv4002")
    lot = imports.lire(
        fichier="d.csv", lignes=lire_fichier(fichier(*lignes)), par=None, maintenant=MAINTENANT
    )
    imports.lancer(lot=lot, par=None, maintenant=MAINTENANT)
    Programme.objects.update(enveloppe=700)
    imports.importer(lot=lot, le=LE, maintenant=MAINTENANT, limite=10)
    assert rapport(lot) == [
        (2, "ERREUR", "", "L'enveloppe 2022 serait dépassée : il y reste 700 €."),
        (3, "FAITE", "RENOUVELER", ""),
    ]
    assert not Convention.objects.filter(numero="ancv4001").exists()


def test_personal_data_of_a_line_go_once_it_is_written(annee):
    lot = importe(fichier(rangee(), rangee(reference="EAS-2", type="Syndicat")))
    assert [ligne.valeurs for ligne in lot.lignes.all()] == [{}, {}]
    assert purger(le=date(2024, 3, 1), maintenant=MAINTENANT)["imports"] == 0
    assert purger(le=date(2024, 3, 2), maintenant=MAINTENANT)["imports"] == 1
    assert (LigneImport.objects.count(), Decision.objects.get().lot) == (0, None)


# --- The file -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encodage", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("separateur", [";", ",", "\t"])
def test_encodings_and_separators(encodage, separateur):
    texte = "\n".join((TITRES, rangee(nom="RÉSIDENCE « L'ÉTÉ »", montant="1500"))).replace(";", separateur)
    (ligne,) = lire_fichier(texte.encode(encodage))
    assert (ligne.rang, ligne.decision.nom) == (2, "RÉSIDENCE « L'ÉTÉ »")


def test_heads_in_another_order_and_unknown_columns():
    contenu = "Montant;ANNÉE;couleur;N° de convention;Décision\n640;2022;bleu;ANCV 2528;eas-7\n\n;;;;\n"
    (ligne,) = lire_fichier(contenu.encode())
    decision = ligne.decision
    assert (decision.reference, decision.numero, decision.annee, decision.montant) == (
        "EAS-7",
        "ancv2528",
        2022,
        640,
    )


@pytest.mark.parametrize(
    ("contenu", "message"),
    [
        (b"", "pas de ligne sous ses titres"),
        (TITRES.encode(), "pas de ligne sous ses titres"),
        (
            b"a;b\n1;2",
            "Il manque : « reference de decision », « numero de convention », « annee », « montant »",
        ),
        (TITRES.encode() + b";montant\n" + b";" * 15, "La colonne « montant » est là deux fois|pas de ligne"),
        (b"PK\x03\x04xxxx", "enregistrez-le au format CSV"),
        (b"\xff\xfea\x00b\x00", "n'est pas un CSV"),
        (b"x" * (TAILLE_MAX + 1), "dépasse 3 Mo"),
        (fichier(*["a"] * 5001), "plus de 5 000 lignes"),
        (TITRES.encode() + b'\n"' + b"x" * 200_000, "pas lisible à la ligne"),
    ],
)
def test_a_file_that_can_not_be_read_says_why(contenu, message):
    with pytest.raises(ValidationError, match=message):
        lire_fichier(contenu)


def test_a_cell_that_looks_like_a_formula_is_harmless_in_the_report(annee):
    lot = importe(fichier(rangee(nom="=HYPERLINK(1)", reference="+A1")))
    colonnes = rapport_csv(lot).decode("utf-8-sig").splitlines()[1].split(";")
    assert colonnes[1:4] == ["'+A1", "ancv4001", "'=HYPERLINK(1)"]


# --- The command --------------------------------------------------------------------------------------------------


@pytest.fixture
def chemin(tmp_path):
    chemin = tmp_path / "decisions.csv"
    chemin.write_bytes(fichier(rangee(), rangee(reference="EAS-2", numero="ancv4002", montant="-1")))
    return chemin


def lancer(*arguments) -> tuple[str, int]:
    sortie = StringIO()
    try:
        call_command("importer_conventions", *map(str, arguments), stdout=sortie)
    except SystemExit as fin:
        return sortie.getvalue(), fin.code
    return sortie.getvalue(), 0


def test_the_command_shows_then_does(annee, chemin):
    avant = tout()
    lignes = (
        "ligne 2 : {}, Convention créée et activée\nligne 3 : À corriger : Montant : Le montant est négatif\n"
    )
    assert lancer(chemin, "--dry-run") == (lignes.format("Prête") + "2 lignes : prête 1, à corriger 1.\n", 1)
    assert (tout(), Import.objects.count()) == (avant, 0)
    assert lancer(chemin) == (lignes.format("Importée") + "2 lignes : importée 1, à corriger 1.\n", 1)
    assert (Credit.objects.get().alloue, Import.objects.get().fini_le is not None) == (1500, True)


def test_the_command_ends_well_when_all_is_well(annee, chemin):
    chemin.write_bytes(fichier(rangee()))
    assert lancer(chemin)[1] == 0
    assert lancer(chemin) == (
        "ligne 2 : Déjà importée : La même décision est déjà importée.\n1 lignes : déjà importée 1.\n",
        0,
    )


def test_the_command_says_what_file_it_can_not_read(db, tmp_path):
    with pytest.raises(CommandError, match=r"absent.csv : No such file"):
        lancer(tmp_path / "absent.csv")
    (tmp_path / "vide.csv").write_text("")
    with pytest.raises(CommandError, match="pas de ligne"):
        lancer(tmp_path / "vide.csv")


# --- The admin ----------------------------------------------------------------------------------------------------


@pytest.fixture
def agent(chez, ancv):
    return chez(ancv)


def page_de(reponse) -> str:
    return reponse.content.decode().replace("\u00a0", " ").replace("&#x27;", "'")


def envoyer(agent, contenu: bytes):
    fichier = SimpleUploadedFile("decisions.csv", contenu, "text/csv")
    return agent.post("/admin/conventions/import/add/", {"fichier": fichier}, follow=True)


def test_a_file_is_read_shown_launched_and_followed(annee, agent):
    reponse = envoyer(agent, fichier(rangee(), rangee(reference="EAS-2", type="Syndicat")))
    lot = Import.objects.get()
    ou = f"/admin/conventions/import/{lot.pk}"
    assert reponse.redirect_chain == [(f"{ou}/change/", 302)]
    assert "Le fichier est lu : 2 lignes. Rien n'est encore écrit." in page_de(reponse)
    assert "« Syndicat » est inconnu" in page_de(reponse)
    assert [libelle for libelle, _ in reponse.context["boutons"]] == ["Importer la ligne prête"]
    assert "Convention créée et activée" in page_de(agent.get(f"{ou}/change/?issue=PRETE"))
    suites = page_de(agent.get(f"{ou}/importer/"))
    assert "1 ligne à écrire, 1 500 € en tout" in suites
    assert not Convention.objects.exists()

    en_cours = agent.post(f"{ou}/importer/", follow=True)
    assert "0 ligne importée sur 1." in page_de(en_cours)
    assert 'http-equiv="refresh"' in page_de(en_cours)
    assert "hx-get" in page_de(agent.get(f"{ou}/avancement"))
    importer_decisions()
    assert "L’import est terminé." in page_de(agent.get(f"{ou}/avancement"))
    assert "hx-get" not in page_de(agent.get(f"{ou}/avancement"))
    assert Convention.objects.get().numero == "ancv4001"
    assert agent.post(f"{ou}/importer/").status_code == 422


def test_the_report_is_downloaded_in_both_formats(annee, agent):
    envoyer(agent, fichier(rangee(montant="-1")))
    ou = f"/admin/conventions/import/{Import.objects.get().pk}"
    csv = agent.get(f"{ou}/rapport.csv")
    assert csv["Content-Disposition"].startswith("attachment")
    assert "Le montant est négatif" in csv.content.decode("utf-8-sig")
    classeur = load_workbook(BytesIO(agent.get(f"{ou}/rapport.xlsx").content))
    assert classeur.active["I4"].value == "Montant : Le montant est négatif"


@pytest.mark.parametrize(
    ("contenu", "message"),
    [
        (b"", "Ce fichier est vide"),
        (b"a;b\n1;2", "Il manque"),
        (b"PK\x03\x04", "enregistrez-le au format CSV"),
    ],
)
def test_a_refused_file_says_why_and_keeps_nothing(annee, agent, contenu, message):
    reponse = envoyer(agent, contenu)
    assert reponse.status_code == 422
    assert message in page_de(reponse)
    assert not Import.objects.exists()


def test_a_report_is_deleted_its_decisions_stay(annee, agent):
    envoyer(agent, fichier(rangee()))
    lot = Import.objects.get()
    ou = f"/admin/conventions/import/{lot.pk}"
    agent.post(f"{ou}/importer/")
    assert agent.post(f"{ou}/delete/", {"post": "yes"}).status_code == 403
    importer_decisions()
    assert agent.post(f"{ou}/delete/", {"post": "yes"}).status_code == 302
    assert (Import.objects.count(), LigneImport.objects.count(), Decision.objects.count()) == (0, 0, 1)


@pytest.mark.parametrize("suite", ["change/", "importer/", "avancement", "rapport.csv", "rapport.xlsx"])
def test_an_import_is_for_staff_alone_and_an_unknown_one_is_unknown(annee, chez, ancv, porteur, suite):
    lot = importe(fichier(rangee()))
    assert chez(porteur).get(f"/admin/conventions/import/{lot.pk}/{suite}").status_code == 302
    inconnu = chez(ancv).get(f"/admin/conventions/import/{lot.pk + 1}/{suite}")
    assert inconnu.status_code == (302 if suite == "change/" else 404)


def test_a_report_of_many_lines_costs_the_same(annee, agent, django_assert_max_num_queries):
    envoyer(agent, fichier(*(rangee(reference=f"EAS-{n}", numero=f"ancv{n}") for n in range(250))))
    ou = f"/admin/conventions/import/{Import.objects.get().pk}/change/"
    with django_assert_max_num_queries(17):
        page = page_de(agent.get(f"{ou}?issue=PRETE&page=2"))
    assert "Page 2 sur 3" in page


# --- Races --------------------------------------------------------------------------------------------------------


def apres_avoir_lu(debut: str, *actes) -> list:
    """Run the acts at once; each waits for all the others after its first statement that begins so."""
    lus = Barrier(len(actes))

    def courir(acte):
        attendu = []

        def lire_puis_attendre(execute, sql, *suite):
            resultat = execute(sql, *suite)
            if sql.startswith(debut) and not attendu:
                attendu.append(sql)
                lus.wait(120)
            return resultat

        with connection.execute_wrapper(lire_puis_attendre):
            return acte()

    return ensemble(*(partial(courir, acte) for acte in actes))


def deux_imports_du_meme_fichier(manche: int) -> list[str]:
    """Two people import the same file at once: new conventions, renewals, complements."""
    for n in range(4):
        ConventionFactory(numero=f"renouv{manche}x{n}")
    contenu = fichier(
        *(rangee(reference=f"N-{manche}-{n}", numero=f"neuve{manche}x{n}", montant="10") for n in range(4)),
        *(dotation(f"R-{manche}-{n}", f"renouv{manche}x{n}", "10") for n in range(4)),
        *(dotation(f"C-{manche}-{n}", f"neuve{manche}x{n}", "5") for n in range(4)),
    )
    lots = []
    for _ in range(2):
        lot = imports.lire(fichier="d.csv", lignes=lire_fichier(contenu), par=None, maintenant=MAINTENANT)
        lots.append(imports.lancer(lot=lot, par=None, maintenant=MAINTENANT))
    avant = Programme.objects.get().alloue
    issues = ensemble(
        *(
            lambda lot=lot: imports.importer(lot=lot, le=LE, maintenant=MAINTENANT, limite=100)
            for lot in lots
            for _ in range(2)
        )
    )
    fautes = [f"{type(i).__name__}: {i}" for i in issues if isinstance(i, Exception)]
    donne = Programme.objects.get().alloue - avant
    if donne != 100:
        fautes.append(f"{donne} € were given instead of 100 €")
    issues = Counter(LigneImport.objects.filter(lot__in=lots).values_list("issue", flat=True))
    if issues != {"FAITE": 12, "DEJA": 12}:
        fautes.append(f"outcomes {dict(issues)}")
    return fautes


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_file_write_each_decision_once():
    ProgrammeFactory()
    for manche in range(3):
        assert deux_imports_du_meme_fichier(manche) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("lectures", range(1, 6))
def test_an_import_overtaken_between_two_readings_finds_the_decision_made(lectures):
    """After each of the queries that read what is known, another import writes the same line, whole."""
    ProgrammeFactory(enveloppe=10)
    contenu = fichier(rangee(reference="N-1", numero="neuve1", montant="10"))
    mien, autre = (
        imports.lancer(
            lot=imports.lire(fichier="d.csv", lignes=lire_fichier(contenu), par=None, maintenant=MAINTENANT),
            par=None,
            maintenant=MAINTENANT,
        )
        for _ in range(2)
    )
    lues = []

    def lire_puis_doubler(execute, sql, *suite):
        resultat = execute(sql, *suite)
        if (
            sql.startswith("SELECT")
            and "conventions_import" not in sql
            and "conventions_ligneimport" not in sql
        ):
            lues.append(sql)
            if len(lues) == lectures:
                assert ensemble(
                    partial(imports.importer, lot=autre, le=LE, maintenant=MAINTENANT, limite=2)
                ) == [1]
        return resultat

    with connection.execute_wrapper(lire_puis_doubler):
        imports.importer(lot=mien, le=LE, maintenant=MAINTENANT, limite=2)
    assert {lot: lot.lignes.get().issue for lot in (mien, autre)} == {mien: "DEJA", autre: "FAITE"}
    assert lues[4].startswith('SELECT "conventions_decision"'), "the decision is read last"


@pytest.mark.django_db(transaction=True)
def test_without_its_guards_a_decision_is_given_twice(monkeypatch):
    """The control of the race above: no lock, and no unique reference."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    with connection.cursor() as curseur:
        curseur.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'conventions_decision'::regclass"
            " AND contype = 'u' AND conname LIKE '%%reference%%'"
        )
        (nom,) = curseur.fetchone()
        curseur.execute(f"ALTER TABLE conventions_decision DROP CONSTRAINT {nom}")
    programme, convention = ProgrammeFactory(), ConventionFactory()
    contenu = fichier(dotation("R-1", convention.numero, "10"))
    lots = [
        imports.lancer(
            lot=imports.lire(fichier="d.csv", lignes=lire_fichier(contenu), par=None, maintenant=MAINTENANT),
            par=None,
            maintenant=MAINTENANT,
        )
        for _ in range(2)
    ]
    actes = [partial(imports.importer, lot=lot, le=LE, maintenant=MAINTENANT, limite=1) for lot in lots]
    try:
        assert apres_avoir_lu('SELECT "conventions_decision"', *actes) == [1, 1]
        programme.refresh_from_db()
        assert programme.alloue == 20
    finally:
        Decision.objects.all().delete()
        with connection.cursor() as curseur:
            curseur.execute(f"ALTER TABLE conventions_decision ADD CONSTRAINT {nom} UNIQUE (reference)")


def enveloppe_a_sa_limite(manche: int) -> list[str]:
    """An import and seven hands allot at the same moment what only one of them can have."""
    convention = ConventionFactory()
    programme = ProgrammeFactory(annee=2040 + manche, enveloppe=100)
    contenu = fichier(dotation(f"L-{manche}", convention.numero, "100", str(programme.annee)))
    lot = imports.lire(fichier="d.csv", lignes=lire_fichier(contenu), par=None, maintenant=MAINTENANT)
    imports.lancer(lot=lot, par=None, maintenant=MAINTENANT)
    mains = [ConventionFactory() for _ in range(7)]

    def a_la_main(convention):
        return lambda: allouer(
            convention=convention,
            annee=programme.annee,
            montant=Decimal(100),
            par=None,
            le=LE,
            motif="à la main",
        )

    issues = ensemble(
        lambda: imports.importer(lot=lot, le=LE, maintenant=MAINTENANT, limite=5),
        *(a_la_main(main) for main in mains),
    )
    fautes = [
        f"{type(issue).__name__}: {issue}"
        for issue in issues
        if isinstance(issue, Exception) and not isinstance(issue, RefusMetier)
    ]
    (importee,) = lot.lignes.values_list("issue", flat=True)
    gagne = (importee == "FAITE") + sum(isinstance(issue, Mouvement) for issue in issues)
    if gagne != 1:
        fautes.append(f"{gagne} of eight were served")
    programme.refresh_from_db()
    if programme.alloue != 100:
        fautes.append(f"{programme.alloue} € of an envelope of 100 €")
    return fautes


@pytest.mark.django_db(transaction=True)
def test_an_import_and_staff_never_exceed_the_envelope_together():
    for manche in range(5):
        assert enveloppe_a_sa_limite(manche) == []


@pytest.mark.django_db(transaction=True)
def test_without_the_programme_s_lock_the_database_has_to_refuse(monkeypatch):
    """The control of the race above: the constraint answers, in words that nobody should read."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    ProgrammeFactory(annee=2040, enveloppe=100)
    mains = [ConventionFactory() for _ in range(2)]
    issues = apres_avoir_lu(
        'SELECT "conventions_programme"',
        *(
            partial(
                allouer, convention=main, annee=2040, montant=Decimal(100), par=None, le=LE, motif="à la main"
            )
            for main in mains
        ),
    )
    (refusee,) = (issue for issue in issues if isinstance(issue, Exception))
    assert "allocations_dans_l_enveloppe" in str(refusee)


def test_a_quotation_mark_that_nobody_closes_swallows_no_line():
    rangees = (
        rangee(reference="EAS-1"),
        rangee(reference="EAS-2", nom='"CCAS DE DINAN'),
        rangee(reference="EAS-3"),
    )
    contenu = fichier(*rangees)
    with pytest.raises(ValidationError, match="ligne 4 : il s'y trouve un guillemet"):
        lire_fichier(contenu)
