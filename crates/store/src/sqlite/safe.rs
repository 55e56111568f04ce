//! The one row of the safe's `head` table, and the statements over its keys.

use std::collections::BTreeSet;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use tacenda_core::clock::Timestamp;
use tacenda_core::codec::Encoder;
use tacenda_core::error::{Code, Error, Result};
use tacenda_core::id::SubjectId;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::kek::WRONG_KEY;
use tacenda_core::ports::keyring::DESTROYED;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::ports::{
    Fingerprint, KekId, KeyId, KeyState, LogPosition, NewKeys, SafeInit, SafeStatus, WrapId,
    WrappedKey,
};

use super::change::read_name;
use super::connection::Head;
use super::fault::{Fault, fault, is_taken};
use super::schema::{SAFE, Schema};

/// `None` while the safe is not filled.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SafeHead(pub(super) Option<Filled>);

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filled {
    ids: ([u8; 16], [u8; 16]),
    pub(super) kek: KekId,
    /// Whether something is wrapped under another key; the index `keys_kek` is there just as long.
    pub(super) rotating: bool,
    sequence: u64,
    log: Option<LogPosition>,
    checkpoint: Option<(LogPosition, String)>,
}

impl SafeHead {
    pub(super) fn initialise(&mut self, connection: &Connection, init: SafeInit) -> Result<()> {
        if self.0.is_some() {
            return CONFLICT.err();
        }
        let SafeInit { safe, store, kek, secrets } = init;
        let (log, checkpoint) = (None, None);
        let ids = (safe, store);
        let mut filled = Filled { ids, kek, rotating: false, sequence: 0, log, checkpoint };
        let sql = "INSERT OR REPLACE INTO secrets (name, kek, wrapped) VALUES (?1, ?2, ?3)";
        let mut statement = connection.prepare(sql).map_err(fault)?;
        for (name, secret) in &secrets {
            let values = params![name.as_str(), secret.kek.0, secret.bytes];
            statement.execute(values).map_err(fault)?;
        }
        filled.finish(connection, secrets.iter().any(|(_, secret)| secret.kek != kek))?;
        self.0 = Some(filled);
        Ok(())
    }

    pub(super) fn filled(&mut self) -> Result<&mut Filled> {
        let refusal = || BAD_REQUEST.error().with("reason", "safe was never filled");
        self.0.as_mut().ok_or_else(refusal)
    }
}

impl Filled {
    pub(super) fn status(self) -> SafeStatus {
        SafeStatus {
            safe: self.ids.0,
            store: self.ids.1,
            kek: self.kek,
            rotating: self.rotating,
            sequence: self.sequence,
            log: self.log,
            checkpoint: self.checkpoint.map(|(at, text)| (at.epoch, text)),
        }
    }

    /// Nothing new is kept under another key than the safe's own.
    pub(super) fn accepts<'a>(
        &self,
        mut wrapped: impl Iterator<Item = &'a WrappedKey>,
    ) -> Result<()> {
        if wrapped.all(|one| one.kek == self.kek) { Ok(()) } else { WRONG_KEY.err() }
    }

    pub(super) fn hear(&mut self, position: Option<LogPosition>) {
        self.log = self.log.max(position);
    }

    pub(super) fn raise_sequence(&mut self, sequence: u64) {
        self.sequence = self.sequence.max(sequence);
    }

    pub(super) fn keep_checkpoint(&mut self, head: LogPosition, text: String) {
        if self.checkpoint.as_ref().is_none_or(|(kept, _)| *kept <= head) {
            self.checkpoint = Some((head, text));
        }
        self.hear(Some(head));
    }

    /// Ends a call that wrote: the next sequence number, and whether anything is left under
    /// another key than ours. `foreign` says that the call may have brought such a thing.
    pub(super) fn finish(&mut self, connection: &Connection, foreign: bool) -> Result<u64> {
        if foreign && !self.rotating {
            // Only a rotation looks for keys by the key above them: no other time pays for it.
            let sql = "CREATE INDEX keys_kek ON keys (kek) WHERE vacant = 0 AND destroyed = 0";
            connection.execute_batch(sql).map_err(fault)?;
            self.rotating = true;
        }
        if self.rotating && wrapped_otherwise(connection, self.kek, 1)?.is_empty() {
            connection.execute_batch("DROP INDEX keys_kek").map_err(fault)?;
            self.rotating = false;
        }
        self.sequence = self.sequence.saturating_add(1);
        Ok(self.sequence)
    }
}

const INSERT: &str = "INSERT INTO keys (subject, class, number, kek, tomb, wrapped)
    VALUES (?1, ?2, ?3, ?4, zeroblob(20), ?5)";

/// The key with an id; to be followed by more conditions.
macro_rules! by_id {
    ($verb:literal, $rest:literal) => {
        concat!($verb, " WHERE subject = ?1 AND class = ?2 AND number = ?3 AND vacant = 0 ", $rest)
    };
}

/// Writes keys; none of them may be there, live or destroyed.
pub(super) fn create(connection: &Connection, new: &mut NewKeys) -> Result<()> {
    new.keys.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    new.fingerprints.sort_by_key(|(fingerprint, ..)| *fingerprint);
    let mut statement = connection.prepare_cached(INSERT).map_err(fault)?;
    for (id, wrapped) in &new.keys {
        let (subject, class) = (id.subject.as_bytes(), id.class.as_str());
        match statement.execute(params![subject, class, id.number, wrapped.kek.0, wrapped.bytes]) {
            Err(error) if is_taken(&error) => return Err(refusal(connection, &new.keys, id)?),
            outcome => outcome.map_err(fault)?,
        };
    }
    let sql = "INSERT OR REPLACE INTO fingerprints (fingerprint, subject, at) VALUES (?1, ?2, ?3)";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    for (fingerprint, subject, at) in &new.fingerprints {
        let values = params![fingerprint, subject.as_bytes(), at.as_micros()];
        statement.execute(values).map_err(fault)?;
    }
    Ok(())
}

/// Why keys cannot be made: a tombstone among them counts for more than a living key.
fn refusal(connection: &Connection, keys: &[(KeyId, WrappedKey)], taken: &KeyId) -> Result<Error> {
    let named = |code: &'static Code, id: &KeyId| {
        code.error().with("subject", id.subject).with("class", &id.class)
    };
    let sql = by_id!("SELECT 1 FROM keys", "AND destroyed = 1");
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    for (id, _) in keys {
        let values = params![id.subject.as_bytes(), id.class.as_str(), id.number];
        if statement.exists(values).map_err(fault)? {
            return Ok(named(&DESTROYED, id));
        }
    }
    Ok(named(&CONFLICT, taken))
}

/// Things wrapped under another key: along the index `keys_kek` while it is there.
pub(super) fn wrapped_otherwise(
    connection: &Connection,
    kek: KekId,
    limit: usize,
) -> Result<Vec<(WrapId, WrappedKey)>> {
    let mut found = Vec::new();
    let below_and_above = [
        "SELECT name, NULL, NULL, kek, wrapped FROM secrets WHERE kek <> ?1 LIMIT ?2",
        "SELECT class, number, subject, kek, wrapped FROM keys
            WHERE kek < ?1 AND vacant = 0 AND destroyed = 0 LIMIT ?2",
        "SELECT class, number, subject, kek, wrapped FROM keys
            WHERE kek > ?1 AND vacant = 0 AND destroyed = 0 LIMIT ?2",
    ];
    for sql in below_and_above {
        let rest = i64::try_from(limit.saturating_sub(found.len())).unwrap_or(i64::MAX);
        let mut statement = connection.prepare_cached(sql).map_err(fault)?;
        let rows = statement.query_map(params![kek.0, rest], |row| {
            let wrapped = WrappedKey { kek: KekId(row.get(3)?), bytes: row.get(4)? };
            let id = match row.get_ref(2)? {
                ValueRef::Null => read_name(row.get_ref(0)?.as_str()?).map(WrapId::Secret),
                _ => read_key_id(row)?.map(WrapId::Key),
            };
            Ok(id.map(|id| (id, wrapped)))
        });
        for row in rows.map_err(fault)? {
            found.push(row.map_err(fault)??);
        }
    }
    Ok(found)
}

/// Replaces what is still the same. Bytes of another length get another row.
pub(super) fn rewrap(
    connection: &Connection,
    changed: &[(WrapId, WrappedKey, WrappedKey)],
) -> Result<()> {
    let of_secret = "UPDATE secrets SET kek = ?2, wrapped = ?3
        WHERE name = ?1 AND kek = ?4 AND wrapped = ?5";
    let in_place = by_id!(
        "UPDATE keys SET kek = ?4, wrapped = ?5",
        "AND destroyed = 0 AND kek = ?6 AND wrapped = ?7"
    );
    for (id, old, new) in changed {
        let id = match id {
            WrapId::Secret(name) => {
                let values = params![name.as_str(), new.kek.0, new.bytes, old.kek.0, old.bytes];
                run(connection, of_secret, values)?;
                continue;
            }
            WrapId::Key(id) => id,
        };
        let (subject, class, number) = (id.subject.as_bytes(), id.class.as_str(), id.number);
        if old.bytes.len() == new.bytes.len() {
            let (new_kek, old_kek) = (new.kek.0, old.kek.0);
            let values = params![subject, class, number, new_kek, new.bytes, old_kek, old.bytes];
            run(connection, in_place, values)?;
        } else {
            let values = params![subject, class, number, old.kek.0, old.bytes];
            if run(connection, VACATE_SAME, values)? > 0 {
                run(connection, INSERT, params![subject, class, number, new.kek.0, new.bytes])?;
            }
        }
    }
    Ok(())
}

const VACATE: &str = by_id!(
    "UPDATE keys SET vacant = 1, subject = zeroblob(16), kek = zeroblob(8),
        wrapped = zeroblob(length(wrapped))",
    "AND destroyed = 0"
);
const VACATE_SAME: &str = by_id!(
    "UPDATE keys SET vacant = 1, subject = zeroblob(16), kek = zeroblob(8),
        wrapped = zeroblob(length(wrapped))",
    "AND destroyed = 0 AND kek = ?4 AND wrapped = ?5"
);

/// Destroys keys: blanks what is there, and leaves a tombstone either way.
pub(super) fn destroy(
    connection: &Connection,
    keys: &[KeyId],
    position: LogPosition,
    at: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO keys (subject, class, number, destroyed, kek, tomb, wrapped)
        VALUES (?1, ?2, ?3, 1, zeroblob(8), ?4, x'')
        ON CONFLICT (subject, class, number) WHERE vacant = 0 DO UPDATE SET destroyed = 1,
            kek = zeroblob(8), tomb = excluded.tomb, wrapped = zeroblob(length(wrapped))
            WHERE destroyed = 0";
    let tomb = tomb_bytes(position, at);
    for id in keys {
        let values = params![id.subject.as_bytes(), id.class.as_str(), id.number, tomb];
        run(connection, sql, values)?;
    }
    Ok(())
}

/// The `tomb` column: epoch, index and microseconds, big-endian.
fn tomb_bytes(position: LogPosition, at: Timestamp) -> Vec<u8> {
    let mut encoder = Encoder::default();
    encoder.u32(position.epoch).u64(position.index).i64(at.as_micros());
    encoder.finish()
}

/// Reads [`tomb_bytes`].
pub(super) fn read_tomb(tomb: [u8; 20]) -> (LogPosition, Timestamp) {
    let [e0, e1, e2, e3, i0, i1, i2, i3, i4, i5, i6, i7, time @ ..] = tomb;
    let epoch = u32::from_be_bytes([e0, e1, e2, e3]);
    let index = u64::from_be_bytes([i0, i1, i2, i3, i4, i5, i6, i7]);
    (LogPosition { epoch, index }, Timestamp::from_micros(i64::from_be_bytes(time)))
}

fn run(connection: &Connection, sql: &str, values: &[&dyn ToSql]) -> Result<usize> {
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    statement.execute(values).map_err(fault)
}

/// Vacates living keys, and removes the fingerprints of their subjects. Those are found by going over all
/// of them: an index would cost every import, and this is rare.
pub(super) fn forget(connection: &Connection, keys: &[KeyId]) -> Result<()> {
    let mut subjects = BTreeSet::new();
    for id in keys {
        let values = params![id.subject.as_bytes(), id.class.as_str(), id.number];
        if run(connection, VACATE, values)? > 0 {
            subjects.insert(*id.subject.as_bytes());
        }
    }
    if subjects.is_empty() {
        return Ok(());
    }
    let sql = "SELECT fingerprint, subject FROM fingerprints";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let all = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(fault)?;
    let theirs = all.filter(|row| !row.as_ref().is_ok_and(|(_, who)| !subjects.contains(who)));
    let theirs: Vec<(Fingerprint, [u8; 16])> =
        theirs.collect::<rusqlite::Result<_>>().map_err(fault)?;
    let sql = "DELETE FROM fingerprints WHERE fingerprint = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    for (fingerprint, _) in theirs {
        statement.execute([fingerprint]).map_err(fault)?;
    }
    Ok(())
}

/// Reads a key's id from the columns `class, number, subject`.
pub(super) fn read_key_id(row: &Row<'_>) -> rusqlite::Result<Result<KeyId>> {
    let class = read_name(row.get_ref(0)?.as_str()?);
    let (number, subject) = (row.get(1)?, SubjectId::from_bytes(row.get(2)?));
    Ok(class.map(|class| KeyId { subject, class, number }))
}

/// Reads a key's state from the columns `destroyed, kek, tomb, wrapped` after its id.
pub(super) fn read_state(row: &Row<'_>) -> rusqlite::Result<KeyState> {
    if row.get(3)? {
        return Ok(KeyState::Destroyed(read_tomb(row.get(5)?).0));
    }
    Ok(KeyState::Live(WrappedKey { kek: KekId(row.get(4)?), bytes: row.get(6)? }))
}

type Columns = (
    ([u8; 16], [u8; 16], [u8; 8], bool, i64),
    (Option<u32>, Option<i64>),
    (Option<u32>, Option<i64>, Option<String>),
);

impl Head for SafeHead {
    fn schema() -> &'static Schema {
        &SAFE
    }

    fn load(connection: &Connection) -> Result<Self, Fault> {
        let sql = "SELECT safe, store, kek, rotating, sequence, log_epoch, log_index,
            checkpoint_epoch, checkpoint_index, checkpoint FROM head";
        let columns: Option<Columns> = connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                let row = statement.query_row([], |row| {
                    Ok((
                        (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?),
                        (row.get(5)?, row.get(6)?),
                        (row.get(7)?, row.get(8)?, row.get(9)?),
                    ))
                });
                row.optional()
            })
            .map_err(|error| Fault::of(&error))?;
        let Some(((safe, store, kek, rotating, sequence), log, kept)) = columns else {
            return Ok(Self(None));
        };
        let position = |epoch: Option<u32>, index: Option<i64>| {
            let (epoch, index) = epoch.zip(index)?;
            Some(LogPosition { epoch, index: index.cast_unsigned() })
        };
        Ok(Self(Some(Filled {
            ids: (safe, store),
            kek: KekId(kek),
            rotating,
            sequence: sequence.cast_unsigned(),
            log: position(log.0, log.1),
            checkpoint: position(kept.0, kept.1).zip(kept.2),
        })))
    }

    fn save(&self, connection: &Connection) -> Result<(), Fault> {
        let Some(head) = &self.0 else { return Ok(()) };
        let sql = "INSERT OR REPLACE INTO head (one, safe, store, kek, rotating, sequence,
            log_epoch, log_index, checkpoint_epoch, checkpoint_index, checkpoint)
            VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let kept = head.checkpoint.as_ref();
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement.execute(params![
                    head.ids.0,
                    head.ids.1,
                    head.kek.0,
                    head.rotating,
                    head.sequence.cast_signed(),
                    head.log.map(|at| at.epoch),
                    head.log.map(|at| at.index.cast_signed()),
                    kept.map(|(at, _)| at.epoch),
                    kept.map(|(at, _)| at.index.cast_signed()),
                    kept.map(|(_, text)| text),
                ])
            })
            .map(|_| ())
            .map_err(|error| Fault::of(&error))
    }
}
