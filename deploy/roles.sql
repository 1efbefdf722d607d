-- The two accounts of a real server and its database; as superuser: psql -v proprietaire=… -v application=… -f roles.sql
-- (the passwords). `sev_proprietaire` owns the tables and migrates. `sev` is what the pages and the worker run as:
-- neither owner nor superuser, it cannot switch a trigger off nor empty a table, so the ledger's guards bind it.

CREATE ROLE sev_proprietaire LOGIN PASSWORD :'proprietaire';
CREATE ROLE sev LOGIN PASSWORD :'application';

CREATE DATABASE sev OWNER sev_proprietaire TEMPLATE template0
    ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C';
REVOKE ALL ON DATABASE sev FROM PUBLIC;
GRANT CONNECT ON DATABASE sev TO sev;

\connect sev
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO sev;
GRANT CREATE, USAGE ON SCHEMA public TO sev_proprietaire;
ALTER DEFAULT PRIVILEGES FOR ROLE sev_proprietaire IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO sev;
ALTER DEFAULT PRIVILEGES FOR ROLE sev_proprietaire IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO sev;
