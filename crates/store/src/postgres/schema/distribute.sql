-- Spreads the tables of a schema over the machines of a Citus cluster. Run once on the coordinator,
-- while the tables are empty; it does nothing on plain PostgreSQL, and nothing the second time:
--   SET tacenda.schema = 'tacenda'; \i distribute.sql
DO $$
DECLARE
    name text;
    schema text := coalesce(nullif(current_setting('tacenda.schema', true), ''), 'tacenda');
    first text;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
        RAISE NOTICE 'no citus extension: nothing to distribute';
        RETURN;
    END IF;
    FOREACH name IN ARRAY ARRAY['heads', 'rows', 'lookups', 'leaves', 'marks', 'runs', 'nodes', 'log',
        'safe', 'keys', 'fingerprints', 'secrets']
    LOOP
        CONTINUE WHEN to_regclass(format('%I.%I', schema, name)) IS NULL;
        IF EXISTS (SELECT 1 FROM pg_dist_partition
            WHERE logicalrelid = to_regclass(format('%I.%I', schema, name)))
        THEN
            first := coalesce(first, format('%I.%I', schema, name));
            CONTINUE;
        END IF;
        IF first IS NULL THEN
            PERFORM create_distributed_table(format('%I.%I', schema, name), 'bucket',
                shard_count := 32, colocate_with := 'none');
            first := format('%I.%I', schema, name);
        ELSE
            PERFORM create_distributed_table(format('%I.%I', schema, name), 'bucket',
                colocate_with := first);
        END IF;
    END LOOP;
    IF to_regclass(format('%I.tacenda_schema', schema)) IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM pg_dist_partition
            WHERE logicalrelid = to_regclass(format('%I.tacenda_schema', schema)))
    THEN
        PERFORM create_reference_table(format('%I.tacenda_schema', schema));
    END IF;
END $$;
