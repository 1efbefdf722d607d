"""Database triggers shared by the models that keep a counter equal to its rows (written with django-pgtrigger)."""

import pgtrigger


def compteurs_proteges(*colonnes: str) -> pgtrigger.Trigger:
    """Refuse any write to `colonnes` that does not come from another trigger (their rows move them, nobody else)."""
    nuls = " AND ".join(f"NEW.{c} = 0" for c in colonnes)
    egaux = " AND ".join(f"NEW.{c} IS NOT DISTINCT FROM OLD.{c}" for c in colonnes)
    return pgtrigger.Trigger(
        name="compteurs_proteges",
        operation=pgtrigger.Insert | pgtrigger.UpdateOf(*colonnes),
        when=pgtrigger.Before,
        func=f"""
            IF TG_OP = 'INSERT' THEN
                IF NOT ({nuls}) THEN
                    RAISE EXCEPTION 'a counter of % starts at zero', TG_TABLE_NAME USING ERRCODE = 'check_violation';
                END IF;
            ELSIF pg_trigger_depth() < 2 AND NOT ({egaux}) THEN
                RAISE EXCEPTION 'a counter of % moves only with its rows', TG_TABLE_NAME
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,
    )


def en_ajout_seul() -> list[pgtrigger.Trigger]:
    """Refuse UPDATE, DELETE and TRUNCATE: an entry stands for ever.

    Emptying the table is allowed only where the server setting `sev.vidage` says so, as the test databases do.
    """
    return [
        pgtrigger.Protect(name="ajout_seul", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name="jamais_videe",
            level=pgtrigger.Statement,
            operation=pgtrigger.Truncate,
            when=pgtrigger.Before,
            func="""
                IF coalesce(current_setting('sev.vidage', true), '') <> 'permis' THEN
                    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
                END IF;
                RETURN NULL;
            """,
        ),
    ]


def journal_qui_oublie() -> pgtrigger.Trigger:
    """Refuse UPDATE and DELETE of an event, but to the function that takes a forgotten person's name out of it (X4).

    That function runs as the owner of the table, who alone may pass, and says so in a setting of its own: neither the
    account of the application nor an owner's slip of the hand gets through.
    """
    return pgtrigger.Trigger(
        name="append_only",
        operation=pgtrigger.Update | pgtrigger.Delete,
        when=pgtrigger.Before,
        func="""
            IF TG_OP = 'UPDATE' AND coalesce(current_setting('sev.oubli', true), '') = 'permis' AND
               current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
        """,
    )
