-- Version 1 of the safe's tables. Frozen once shipped: the next version is another file.

-- A destroyed key keeps its row: `wrapped` and `kek` are zeros then, and where its erasure stands
-- in the log is beside it.
CREATE TABLE keys (
    bucket smallint NOT NULL,
    subject uuid NOT NULL,
    class text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    destroyed boolean NOT NULL,
    kek bytea NOT NULL,
    wrapped bytea NOT NULL,
    epoch integer NOT NULL,
    idx bigint NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (bucket, subject, class, number)
);
CREATE INDEX keys_kek ON keys (kek) WHERE NOT destroyed;
CREATE INDEX keys_destroyed ON keys (bucket, subject, class, number) WHERE destroyed;

CREATE TABLE fingerprints (
    bucket smallint NOT NULL,
    fingerprint bytea NOT NULL,
    subject uuid NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (bucket, fingerprint)
);
CREATE INDEX fingerprints_subject ON fingerprints (subject);
CREATE INDEX fingerprints_at ON fingerprints (at);

CREATE TABLE secrets (
    bucket smallint NOT NULL,
    name text COLLATE "C" NOT NULL,
    kek bytea NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (bucket, name)
);

-- Its only row says what the safe is and how far it has got.
CREATE TABLE safe (
    bucket smallint PRIMARY KEY,
    safe bytea NOT NULL,
    store bytea NOT NULL,
    kek bytea NOT NULL,
    sequence bigint NOT NULL,
    log_epoch integer,
    log_idx bigint,
    checkpoint_epoch integer,
    checkpoint_idx bigint,
    checkpoint text
) WITH (fillfactor = 20);
