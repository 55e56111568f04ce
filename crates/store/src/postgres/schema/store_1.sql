-- Version 1 of the vault store's tables. Frozen once shipped: the next version is another file.
-- Every key begins with the bucket; see docs/decisions/0004-postgresql.md.

-- Its only row is the store's marks, the right edge of the log, and the lease of the sequencer.
CREATE TABLE log (
    bucket smallint PRIMARY KEY,
    store bytea NOT NULL,
    safe bytea NOT NULL,
    epoch integer NOT NULL,
    frontier bytea NOT NULL,
    owner uuid,
    fence bigint NOT NULL,
    lease_until timestamptz NOT NULL
) WITH (fillfactor = 20);

CREATE TABLE rows (
    bucket smallint NOT NULL,
    subject uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    class text COLLATE "C",
    state text COLLATE "C" NOT NULL,
    held boolean NOT NULL,
    anchor_at bigint,
    due_at bigint,
    version bigint NOT NULL,
    tokens bytea NOT NULL,
    body bytea NOT NULL,
    lease_until bigint,
    PRIMARY KEY (bucket, subject, kind, id)
);
CREATE INDEX rows_anchor ON rows (class, state, anchor_at, subject)
    WHERE anchor_at IS NOT NULL AND NOT held;
CREATE INDEX rows_due ON rows (kind, state, due_at, subject) WHERE due_at IS NOT NULL;

-- The owner is empty for a unique token, else the row's key.
CREATE TABLE lookups (
    bucket smallint NOT NULL,
    index_name text COLLATE "C" NOT NULL,
    token bytea NOT NULL,
    owner bytea NOT NULL,
    subject uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    PRIMARY KEY (bucket, index_name, token, owner)
);

-- The right edge of each chain, and what every commit has to see: the policy in force, the epoch.
CREATE TABLE heads (
    bucket smallint PRIMARY KEY,
    next bigint NOT NULL,
    epoch integer NOT NULL,
    policy_version bigint,
    policy_digest bytea,
    safe_sequence bigint NOT NULL,
    last_at bigint
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

CREATE TABLE leaves (
    bucket smallint NOT NULL,
    number bigint NOT NULL,
    epoch integer NOT NULL,
    subject uuid,
    writes boolean NOT NULL,
    hash bytea NOT NULL,
    bytes bytea,
    PRIMARY KEY (bucket, number)
);
CREATE INDEX leaves_subject ON leaves (bucket, subject, writes, number) WHERE subject IS NOT NULL;

-- How far each chain is merged into the log.
CREATE TABLE marks (
    bucket smallint PRIMARY KEY,
    number bigint NOT NULL
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Leaves that follow each other in a chain and in the log.
CREATE TABLE runs (
    bucket smallint NOT NULL,
    number bigint NOT NULL,
    epoch integer NOT NULL,
    idx bigint NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (bucket, number)
);
CREATE INDEX runs_place ON runs (epoch, idx);

-- The roots of complete subtrees of 2^8, 2^16, … leaves; all in bucket 0.
CREATE TABLE nodes (
    bucket smallint NOT NULL,
    epoch integer NOT NULL,
    level smallint NOT NULL,
    idx bigint NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (bucket, epoch, level, idx)
);
