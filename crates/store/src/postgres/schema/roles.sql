-- Roles with no more than they need. Run once by a superuser, in the database that holds the tables,
-- after the operator's first start has made them:
--   psql -v schema=tacenda -f roles.sql
-- `tacenda_operator` owns the tables and migrates; `tacenda_app` runs the application;
-- `tacenda_auditor` reads the log and nothing else. Give each a login of your own.

\set ON_ERROR_STOP on
SELECT format('CREATE ROLE %I NOLOGIN', name)
    FROM unnest(ARRAY['tacenda_operator', 'tacenda_app', 'tacenda_auditor']) AS n(name)
    WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) \gexec

GRANT USAGE ON SCHEMA :"schema" TO tacenda_app, tacenda_auditor;
GRANT ALL ON SCHEMA :"schema" TO tacenda_operator;
SELECT format('ALTER TABLE %I.%I OWNER TO tacenda_operator', schemaname, tablename)
    FROM pg_tables WHERE schemaname = :'schema' \gexec
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA :"schema" TO tacenda_app;
REVOKE INSERT, UPDATE, DELETE ON :"schema".tacenda_schema FROM tacenda_app;

-- The auditor: the log's tables, if this database holds them.
SELECT format('GRANT SELECT ON %I.%I TO tacenda_auditor', schemaname, tablename)
    FROM pg_tables WHERE schemaname = :'schema'
        AND tablename IN ('log', 'heads', 'leaves', 'marks', 'runs', 'nodes', 'tacenda_schema') \gexec

-- The safe: to see who still reads destroyed keys, to vacuum them, to recycle the write-ahead log.
SELECT format('ALTER TABLE %I.keys OWNER TO tacenda_app', schemaname)
    FROM pg_tables WHERE schemaname = :'schema' AND tablename = 'keys' \gexec
GRANT pg_read_all_stats, pg_checkpoint TO tacenda_app;
GRANT EXECUTE ON FUNCTION pg_switch_wal() TO tacenda_app;
