"""The ledger's entries name a registration that exists: a foreign key from an app below, hence in SQL.

Deferred, so that an entry may be written before the registration it belongs to, in one transaction.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("seniors", "0001_initial"), ("conventions", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql="""
                ALTER TABLE conventions_mouvement ADD CONSTRAINT mouvement_d_une_inscription_connue
                FOREIGN KEY (inscription_id) REFERENCES seniors_inscription (id) DEFERRABLE INITIALLY DEFERRED
            """,
            reverse_sql="ALTER TABLE conventions_mouvement DROP CONSTRAINT mouvement_d_une_inscription_connue",
        )
    ]
