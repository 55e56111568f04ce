-- Roles with no more than they need. Run by a superuser, in each database that holds tables, after the
-- operator's first start has made them; it may be run again:
--   psql -v schema=tacenda -f roles.sql
-- `tacenda_operator` owns the tables, migrates, and may do what the application may; `tacenda_app`
-- runs the application; `tacenda_auditor` reads the log and nothing else. Give each a login of your
-- own.

\set ON_ERROR_STOP on
SELECT format('CREATE ROLE %I NOLOGIN', name)
    FROM unnest(ARRAY['tacenda_operator', 'tacenda_app', 'tacenda_auditor']) AS n(name)
    WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) \gexec
GRANT tacenda_app TO tacenda_operator;

GRANT USAGE ON SCHEMA :"schema" TO tacenda_app, tacenda_auditor;
GRANT ALL ON SCHEMA :"schema" TO tacenda_operator;

-- Our tables that are here, and what the application does to each. A leaf is never taken back: it
-- loses its text and whom it is about, and nothing else of it changes.
CREATE TEMPORARY TABLE of_ours ON COMMIT PRESERVE ROWS AS
    SELECT format('%I.%I', schemaname, tablename) AS place, tablename AS name, app
    FROM pg_tables JOIN (VALUES
        ('tacenda_schema', 'SELECT'),
        ('log', 'SELECT, INSERT, UPDATE'),
        ('heads', 'SELECT, INSERT, UPDATE'),
        ('rows', 'SELECT, INSERT, UPDATE, DELETE'),
        ('lookups', 'SELECT, INSERT, DELETE'),
        ('leaves', 'SELECT, INSERT, UPDATE (bytes, subject)'),
        ('marks', 'SELECT, INSERT, UPDATE'),
        ('runs', 'SELECT, INSERT'),
        ('nodes', 'SELECT, INSERT'),
        ('keys', 'SELECT, INSERT, UPDATE, DELETE'),
        ('fingerprints', 'SELECT, INSERT, UPDATE, DELETE'),
        ('secrets', 'SELECT, INSERT, UPDATE'),
        ('safe', 'SELECT, INSERT, UPDATE')
    ) AS n(name, app) ON name = tablename
    WHERE schemaname = :'schema';
-- Before version 17 only the owner of a table may vacuum it: there the application owns the keys, and
-- the log is pruned by a process of the operator's.
SELECT format('ALTER TABLE %s OWNER TO %s', place,
        CASE WHEN name = 'keys' AND current_setting('server_version_num')::int < 170000
            THEN 'tacenda_app' ELSE 'tacenda_operator' END)
    FROM of_ours \gexec
SELECT format('REVOKE ALL ON %s FROM tacenda_app, tacenda_auditor', place) FROM of_ours \gexec
SELECT format('GRANT %s ON %s TO tacenda_app', app, place) FROM of_ours \gexec
SELECT format('GRANT SELECT ON %s TO tacenda_auditor', place) FROM of_ours
    WHERE name IN ('log', 'heads', 'leaves', 'marks', 'runs', 'nodes', 'tacenda_schema') \gexec

-- To remove what is left of destroyed keys and pruned texts: see who still reads them, vacuum them,
-- recycle the write-ahead log.
GRANT pg_read_all_stats, pg_checkpoint TO tacenda_app;
GRANT EXECUTE ON FUNCTION pg_switch_wal() TO tacenda_app;
SELECT format('GRANT MAINTAIN ON %s TO tacenda_app', place) FROM of_ours
    WHERE name IN ('keys', 'leaves')
        AND current_setting('server_version_num')::int >= 170000 \gexec
DROP TABLE of_ours;
