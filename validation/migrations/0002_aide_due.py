"""V7: once the aid of a registration is due, neither the aid nor the registration changes any more."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("validation", "0001_initial"), ("seniors", "0004_derogation")]

    operations = [
        migrations.RunSQL(
            sql="""
                CREATE FUNCTION une_aide_due_ne_change_plus() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF (NEW.aide, NEW.effacee_le) IS DISTINCT FROM (OLD.aide, OLD.effacee_le) AND EXISTS
                       (SELECT FROM validation_versement WHERE inscription_id = OLD.id) THEN
                        RAISE EXCEPTION 'une_aide_due_ne_change_plus' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER une_aide_due_ne_change_plus BEFORE UPDATE OF aide, effacee_le ON seniors_inscription
                    FOR EACH ROW EXECUTE FUNCTION une_aide_due_ne_change_plus();
            """,
            reverse_sql="""
                DROP TRIGGER une_aide_due_ne_change_plus ON seniors_inscription;
                DROP FUNCTION une_aide_due_ne_change_plus();
            """,
        )
    ]
