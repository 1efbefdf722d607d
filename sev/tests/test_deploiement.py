"""What deploy/ promises about a real server, played on a server of its own."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from sev.embarque import Postgres, url_postgres

RACINE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def serveur():
    """A server set up by deploy/roles.sql and migrated by the owner; its address for the application's account."""
    with tempfile.TemporaryDirectory(prefix="sev-deploiement-", dir="/tmp") as dossier:
        postgres = Postgres(Path(dossier), durable=False)
        try:
            postgres.demarrer()
            _installer(postgres)
            yield url_postgres(Path(dossier))
        finally:
            postgres.supprimer()


def _installer(postgres):
    embarque = url_postgres(postgres.dossier, "postgres")
    administration = embarque.replace("//sev@", "//administration@")
    with psycopg.connect(embarque, autocommit=True) as connexion:
        connexion.execute("DROP DATABASE sev")
        connexion.execute("CREATE ROLE administration SUPERUSER LOGIN")
    with psycopg.connect(administration, autocommit=True) as connexion:
        connexion.execute("ALTER ROLE sev RENAME TO embarque")
    roles = [RACINE / "deploy" / "roles.sql", "-v", "proprietaire=p", "-v", "application=a", administration]
    psql = [postgres.binaires / "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", *roles]
    subprocess.run([str(mot) for mot in psql], check=True, capture_output=True)
    proprietaire = url_postgres(postgres.dossier).replace("//sev@", "//sev_proprietaire@")
    migration = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(migration, cwd=RACINE, env=os.environ | {"DATABASE_URL": proprietaire}, check=True)


@pytest.fixture
def application(serveur):
    with psycopg.connect(serveur) as connexion:
        yield connexion
        connexion.rollback()


def test_the_application_reads_and_writes(application):
    application.execute("INSERT INTO django_session VALUES ('cle', '', now())")
    assert application.execute("SELECT count(*) FROM django_session").fetchone() == (1,)


@pytest.mark.parametrize(
    "ordre",
    [
        "TRUNCATE conventions_mouvement CASCADE",
        "ALTER TABLE conventions_mouvement DISABLE TRIGGER USER",
        "ALTER TABLE conventions_credit DROP CONSTRAINT conventions_credit_pkey",
        "DROP TABLE conventions_mouvement",
        "SET session_replication_role = replica",
        "CREATE TABLE autre (n int)",
        "SET ROLE sev_proprietaire",
    ],
)
def test_the_application_cannot_take_the_guards_away(application, ordre):
    with pytest.raises(errors.InsufficientPrivilege):
        application.execute(ordre)


def test_the_application_forgets_names_in_the_journal_by_the_one_function_only(application):
    """X4: an update of the journal is refused even with the setting; the function only follows a row without a name."""
    application.execute(
        """
        INSERT INTO seniors_senior (civilite, nom, nom_naissance, prenom, date_naissance, ville_naissance, cle_nom,
                                    cle_prenom, cle_ville, cle_nom_naissance, email, telephone, contact_urgence,
                                    adresse, complement, code_postal, ville, cree_le)
        VALUES ('MME', 'MARTIN', '', 'Jeanne', '1948-03-12', 'RENNES', 'MARTIN', 'JEANNE', 'RENNES', '', '', '', '',
                '', '', '35000', 'RENNES', now())
        """
    )
    oublier = "SELECT seniors_oublier(array_agg(id)) FROM seniors_senior"
    noms = "SELECT array_agg(DISTINCT nom) FROM seniors_seniorevent"
    assert application.execute(oublier).fetchone() == (0,)
    application.execute(
        "UPDATE seniors_senior SET nom = 'ANONYME', cle_nom = 'ANONYME', anonymise_le = now()"
    )
    assert application.execute(noms).fetchone() == (["ANONYME", "MARTIN"],)
    with pytest.raises(errors.RaiseException, match="append-only"), application.transaction():
        application.execute("SET LOCAL sev.oubli = 'permis'")
        application.execute("UPDATE seniors_seniorevent SET nom = 'ANONYME'")
    assert application.execute(oublier).fetchone() == (2,)
    assert application.execute(noms).fetchone() == (["ANONYME"],)


def test_the_application_takes_no_iban_away_by_itself(application):
    """X4: the bank's file of a batch goes by the one function only, which leaves what is still to be paid."""
    application.execute(
        """
        INSERT INTO conventions_compte (identifiant, password, nom, email, titulaire, role, is_active, is_staff,
                                        is_superuser, cree_le)
        VALUES ('finances', '', 'Alix', 'a@exemple.fr', false, 'GESTIONNAIRE', true, true, false, now());
        INSERT INTO validation_lot (cree_le, cree_par_id, execution_le, reference, montant, fichier, motif_defait)
        SELECT now(), id, now(), 'SEV-1', 160, '<Document/>', '' FROM conventions_compte
        """
    )
    oublier = "SELECT validation_oublier_ibans(array_agg(id), now()) FROM validation_lot"
    assert application.execute(oublier).fetchone() == (0,)
    application.execute("UPDATE validation_lot SET defait_le = now(), motif_defait = 'Erreur'")
    with pytest.raises(errors.RaiseException, match="Cannot update the file"), application.transaction():
        application.execute("SET LOCAL sev.oubli = 'permis'")
        application.execute("UPDATE validation_lot SET fichier = '', fichier_efface_le = now()")
    assert application.execute(oublier).fetchone() == (1,)
    assert application.execute("SELECT fichier FROM validation_lot").fetchone() == ("",)
