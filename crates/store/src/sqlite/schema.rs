//! The tables. A shipped version is frozen: the next one is a migration.

/// A kind of file.
pub(super) struct Schema {
    /// Marks the file as ours and tells the two kinds apart (`PRAGMA application_id`).
    pub(super) application: i32,
    /// The version that this release writes (`PRAGMA user_version`).
    pub(super) version: i32,
    /// Makes the tables.
    pub(super) sql: &'static str,
}

/// The vault store.
///
/// Keys begin with the subject: what belongs together is written together. Row ids that are nil
/// are stored as empty blobs, which sort the same. `lookups.row` names the row where `owner` is
/// empty, that is for unique tokens; else `owner` does. `leaves.place` is the epoch in the upper 16
/// bits and the index in the lower 48; a leaf without a subject is pruned, whatever its bytes are.
///
/// Leaves are indexed by subject in blocks of 1,024 places, so that an append writes to the few pages
/// of the last block and not all over a large tree; who looks for them looks into one block after the
/// other. Each read of a row asks for the leaves that wrote rows, and finds them at once along their
/// trail ([`super::trail`]): `rows.trail` is the same number in all rows of a subject,
/// `trails.latest` the place of its latest such leaf, `leaves.earlier` of the one before each; `gone`
/// holds the numbers of subjects that have such leaves and no rows, until the leaves are pruned.
pub(super) static STORE: Schema = Schema {
    application: 0x5461_6356, // "TacV"
    version: 1,
    sql: "
CREATE TABLE rows (
    subject BLOB NOT NULL, kind TEXT NOT NULL, id BLOB NOT NULL,
    class TEXT, state TEXT NOT NULL, held INTEGER NOT NULL,
    anchor_at INTEGER, due_at INTEGER, version INTEGER NOT NULL, trail INTEGER NOT NULL,
    tokens BLOB NOT NULL, body BLOB NOT NULL, lease_until INTEGER,
    PRIMARY KEY (subject, kind, id)
) WITHOUT ROWID;
CREATE INDEX rows_anchor ON rows (class, state, anchor_at)
    WHERE anchor_at IS NOT NULL AND held = 0;
CREATE INDEX rows_due ON rows (kind, state, due_at) WHERE due_at IS NOT NULL;
CREATE TABLE lookups (
    index_name TEXT NOT NULL, token BLOB NOT NULL, owner BLOB NOT NULL, row BLOB NOT NULL,
    PRIMARY KEY (index_name, token, owner)
) WITHOUT ROWID;
CREATE TABLE leaves (
    place INTEGER PRIMARY KEY, hash BLOB NOT NULL, subject BLOB, writes INTEGER NOT NULL,
    earlier INTEGER, bytes BLOB
);
CREATE INDEX leaves_blocks ON leaves (place >> 10, subject) WHERE subject IS NOT NULL;
CREATE TABLE trails (number INTEGER PRIMARY KEY, latest INTEGER);
CREATE TABLE gone (subject BLOB PRIMARY KEY, trail INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE nodes (
    epoch INTEGER NOT NULL, level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,
    PRIMARY KEY (epoch, level, idx)
) WITHOUT ROWID;
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1), store BLOB NOT NULL, safe BLOB NOT NULL,
    epoch INTEGER NOT NULL, frontier BLOB NOT NULL, safe_sequence INTEGER NOT NULL,
    policy_version INTEGER, policy_digest BLOB, last_leaf_at INTEGER
);
",
};

/// The safe.
///
/// `secure_delete` zeroes what is freed, but where a tree splits or merges pages it moves cells and
/// may leave a copy of a living one in the free middle of its old page; that copy would outlive the
/// key's destruction. So cells of `keys` never move: rows are only added at the end, never removed,
/// and every update keeps the length of the row, which SQLite then overwrites in place. That is why
/// `tomb` is there from the beginning (20 zero bytes, later epoch, index and time of the
/// destruction), why `wrapped` and `kek` become zeros instead of null, and why a forgotten key
/// leaves a `vacant` row. The flags are 0 or 1, which take the same space.
pub(super) static SAFE: Schema = Schema {
    application: 0x5461_6353, // "TacS"
    version: 1,
    sql: "
CREATE TABLE keys (
    slot INTEGER PRIMARY KEY, subject BLOB NOT NULL, class TEXT NOT NULL, number INTEGER NOT NULL,
    vacant INTEGER NOT NULL DEFAULT 0, destroyed INTEGER NOT NULL DEFAULT 0,
    kek BLOB NOT NULL, tomb BLOB NOT NULL, wrapped BLOB NOT NULL
);
CREATE UNIQUE INDEX keys_id ON keys (subject, class, number) WHERE vacant = 0;
CREATE TABLE fingerprints (
    fingerprint BLOB PRIMARY KEY, subject BLOB NOT NULL, at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE secrets (name TEXT PRIMARY KEY, kek BLOB NOT NULL, wrapped BLOB NOT NULL)
    WITHOUT ROWID;
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1), safe BLOB NOT NULL, store BLOB NOT NULL,
    kek BLOB NOT NULL, rotating INTEGER NOT NULL, sequence INTEGER NOT NULL,
    log_epoch INTEGER, log_index INTEGER,
    checkpoint_epoch INTEGER, checkpoint_index INTEGER, checkpoint TEXT
);
",
};
