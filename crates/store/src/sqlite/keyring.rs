//! The safe.

use std::fmt;
use std::path::Path;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tacenda_core::clock::Timestamp;
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::kek::WRONG_KEY;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::ports::{
    Fingerprint, KekId, KeyId, KeyState, Keyring, LogPosition, NewKeys, SafeInit, SafeStatus,
    Scrub, Tombstone, WrapId, WrappedKey,
};

use super::change::read_name;
use super::connection::{Database, Head as _};
use super::copy::empty;
use super::fault::{Fault, fault, is_taken};
use super::options::SqliteOptions;
use super::safe::{
    Filled, SafeHead, create, destroy, forget, read_key_id, read_state, read_tomb, rewrap,
    wrapped_otherwise,
};

/// Past how many keys a call is bulk.
const BULK: usize = 64;

/// A [`Keyring`] in a SQLite file.
///
/// # Properties
/// A destroyed key is overwritten with zeros where it stands, and no copy of it was ever left
/// elsewhere in the file; older images of its page in the write-ahead log are gone after
/// [`Keyring::scrub`]. A forgotten key leaves some 100 bytes of zeros.
pub struct SqliteKeyring {
    database: Database<SafeHead>,
}

impl SqliteKeyring {
    /// Opens a safe, or makes a new one that is not filled yet.
    ///
    /// # Errors
    /// `store.corrupt` if the file is no safe of ours, `store.newer_schema`, `store.read_only` if
    /// file or folder cannot be written, `store.unavailable`.
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self> {
        Database::open(path.as_ref(), options).map(|database| Self { database })
    }

    /// Work on a safe that is filled. `work` says whether it may have brought something that is
    /// wrapped under another key than the safe's.
    async fn write<T: Send + 'static>(
        &self,
        bulk: bool,
        work: impl FnOnce(&Connection, &mut Filled) -> Result<(T, bool)> + Send + 'static,
    ) -> Result<(T, u64)> {
        let work = move |connection: &_, head: &mut SafeHead| {
            let filled = head.filled()?;
            let (value, foreign) = work(connection, filled)?;
            Ok((value, filled.finish(connection, foreign)?))
        };
        self.database.write(bulk, work).await
    }
}

impl fmt::Debug for SqliteKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteKeyring")
    }
}

#[async_trait]
impl Keyring for SqliteKeyring {
    async fn status(&self) -> Result<Option<SafeStatus>> {
        let head = self.database.read_one(|c| SafeHead::load(c).map_err(Fault::error))?;
        Ok(head.0.map(Filled::status))
    }

    async fn initialise(&self, init: SafeInit) -> Result<()> {
        self.database.write(false, move |c, head| head.initialise(c, init)).await
    }

    async fn create(&self, mut new: NewKeys) -> Result<u64> {
        let bulk = new.keys.len() > BULK;
        let work = move |c: &Connection, filled: &mut Filled| {
            filled.accepts(new.keys.iter().map(|(_, wrapped)| wrapped))?;
            create(c, &mut new)?;
            filled.hear(new.log);
            Ok(((), false))
        };
        self.write(bulk, work).await.map(|(_, sequence)| sequence)
    }

    async fn fetch(&self, keys: &[KeyId]) -> Result<Vec<KeyState>> {
        if let [first, _, ..] = keys
            && keys.iter().all(|id| id.subject == first.subject)
        {
            let known = self.database.read_one(|c| keys_of(c, first.subject))?;
            let state = |id: &KeyId| known.iter().find(|(key, _)| key == id);
            let states = keys.iter().map(|id| state(id).map(|(_, state)| state.clone()));
            return Ok(states.map(|state| state.unwrap_or(KeyState::Unknown)).collect());
        }
        let sql = "SELECT class, number, subject, destroyed, kek, tomb, wrapped FROM keys
            WHERE subject = ?1 AND class = ?2 AND number = ?3 AND vacant = 0";
        let fetch = |c: &Connection| {
            let mut statement = c.prepare_cached(sql).map_err(fault)?;
            let mut state = |id: &KeyId| {
                let values = params![id.subject.as_bytes(), id.class.as_str(), id.number];
                let found = statement.query_row(values, read_state).optional().map_err(fault)?;
                Ok(found.unwrap_or(KeyState::Unknown))
            };
            keys.iter().map(&mut state).collect()
        };
        if keys.len() == 1 { self.database.read_one(fetch) } else { self.database.read(fetch) }
    }

    async fn keys_of(&self, subject: SubjectId) -> Result<Vec<(KeyId, KeyState)>> {
        self.database.read_one(|c| keys_of(c, subject))
    }

    async fn keys_of_each(&self, subjects: &[SubjectId]) -> Result<Vec<Vec<(KeyId, KeyState)>>> {
        self.database.read(|c| subjects.iter().map(|subject| keys_of(c, *subject)).collect())
    }

    async fn destroy(&self, keys: &[KeyId], position: LogPosition, at: Timestamp) -> Result<u64> {
        let (mut keys, bulk) = (keys.to_vec(), keys.len() > BULK);
        keys.sort_unstable();
        let work = move |c: &Connection, filled: &mut Filled| {
            destroy(c, &keys, position, at)?;
            filled.hear(Some(position));
            Ok(((), false))
        };
        self.write(bulk, work).await.map(|(_, sequence)| sequence)
    }

    async fn scrub(&self) -> Result<Scrub> {
        self.database.outside(empty).await
    }

    async fn tombstones(&self, after: Option<&KeyId>, limit: usize) -> Result<Vec<Tombstone>> {
        let sql = "SELECT class, number, subject, tomb FROM keys INDEXED BY keys_id
            WHERE (subject, class, number) > (?1, ?2, ?3) AND vacant = 0 AND destroyed = 1
            ORDER BY subject, class, number LIMIT ?4";
        self.database.read_one(|c| {
            page(c, sql, after, limit, |row| {
                let (position, at) = read_tomb(row.get(3)?);
                Ok(read_key_id(row)?.map(|key| Tombstone { key, position, at }))
            })
        })
    }

    async fn live_keys(&self, after: Option<&KeyId>, limit: usize) -> Result<Vec<KeyId>> {
        let sql = "SELECT class, number, subject FROM keys INDEXED BY keys_id
            WHERE (subject, class, number) > (?1, ?2, ?3) AND vacant = 0 AND destroyed = 0
            ORDER BY subject, class, number LIMIT ?4";
        self.database.read_one(|c| page(c, sql, after, limit, read_key_id))
    }

    async fn forget(&self, keys: &[KeyId]) -> Result<()> {
        let keys = keys.to_vec();
        let work = move |c: &Connection, _: &mut Filled| forget(c, &keys).map(|()| ((), false));
        self.write(true, work).await.map(|_| ())
    }

    async fn fingerprints(&self, of: &[Fingerprint]) -> Result<Vec<Option<SubjectId>>> {
        let sql = "SELECT subject FROM fingerprints WHERE fingerprint = ?1";
        self.database.read(|c| {
            let mut statement = c.prepare_cached(sql).map_err(fault)?;
            let mut find = |fingerprint: &Fingerprint| {
                let subject = statement.query_row([fingerprint], |row| row.get(0));
                Ok(subject.optional().map_err(fault)?.map(SubjectId::from_bytes))
            };
            of.iter().map(&mut find).collect()
        })
    }

    async fn fingerprints_after(
        &self,
        after: Option<Fingerprint>,
        limit: usize,
    ) -> Result<Vec<(Fingerprint, SubjectId, Timestamp)>> {
        // Sixteen bytes sort behind none.
        let after = after.as_ref().map_or(&[][..], |print| &print[..]);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let sql = "SELECT fingerprint, subject, at FROM fingerprints WHERE fingerprint > ?1
            ORDER BY fingerprint LIMIT ?2";
        self.database.read_one(|c| {
            let mut statement = c.prepare_cached(sql).map_err(fault)?;
            let one = |row: &rusqlite::Row<'_>| {
                let at = Timestamp::from_micros(row.get(2)?);
                Ok((row.get(0)?, SubjectId::from_bytes(row.get(1)?), at))
            };
            let found = statement.query_map((after, limit), one).map_err(fault)?;
            found.collect::<rusqlite::Result<_>>().map_err(fault)
        })
    }

    async fn forget_fingerprints(&self, before: Timestamp) -> Result<u64> {
        let work = move |c: &Connection, _: &mut Filled| {
            let sql = "DELETE FROM fingerprints WHERE at < ?1";
            let gone = c.execute(sql, [before.as_micros()]).map_err(fault)?;
            Ok((gone as u64, false))
        };
        self.write(true, work).await.map(|(gone, _)| gone)
    }

    async fn secret(&self, name: &Name) -> Result<Option<WrappedKey>> {
        let sql = "SELECT kek, wrapped FROM secrets WHERE name = ?1";
        self.database.read_one(|c| {
            let mut statement = c.prepare_cached(sql).map_err(fault)?;
            let secret = statement.query_row([name.as_str()], |row| {
                Ok(WrappedKey { kek: KekId(row.get(0)?), bytes: row.get(1)? })
            });
            secret.optional().map_err(fault)
        })
    }

    async fn secrets(&self) -> Result<Vec<(Name, WrappedKey)>> {
        self.database.read_one(|c| {
            let sql = "SELECT name, kek, wrapped FROM secrets ORDER BY name";
            let mut statement = c.prepare_cached(sql).map_err(fault)?;
            let one = |row: &rusqlite::Row<'_>| {
                let name = read_name(row.get_ref(0)?.as_str()?);
                let wrapped = WrappedKey { kek: KekId(row.get(1)?), bytes: row.get(2)? };
                Ok(name.map(|name| (name, wrapped)))
            };
            let found = statement.query_map([], one).map_err(fault)?;
            found.map(|secret| secret.map_err(fault).and_then(|secret| secret)).collect()
        })
    }

    async fn add_secret(&self, name: &Name, secret: WrappedKey) -> Result<()> {
        let name = name.clone();
        let work = move |c: &Connection, filled: &mut Filled| {
            filled.accepts(std::iter::once(&secret))?;
            let sql = "INSERT INTO secrets (name, kek, wrapped) VALUES (?1, ?2, ?3)";
            let values = params![name.as_str(), secret.kek.0, secret.bytes];
            c.execute(sql, values)
                .map_err(|error| if is_taken(&error) { CONFLICT.error() } else { fault(error) })?;
            Ok(((), false))
        };
        self.write(false, work).await.map(|_| ())
    }

    async fn raise_sequence(&self, sequence: u64) -> Result<()> {
        let work = move |_: &Connection, filled: &mut Filled| {
            // The call itself counts for one.
            filled.raise_sequence(sequence.saturating_sub(1));
            Ok(((), false))
        };
        self.write(false, work).await.map(|_| ())
    }

    async fn keep_checkpoint(&self, head: LogPosition, checkpoint: &str) -> Result<()> {
        let text = checkpoint.to_owned();
        let work = move |_: &Connection, filled: &mut Filled| {
            filled.keep_checkpoint(head, text);
            Ok(((), false))
        };
        self.write(false, work).await.map(|_| ())
    }

    async fn begin_rotation(&self, from: KekId, to: KekId) -> Result<()> {
        let work = move |_: &Connection, filled: &mut Filled| {
            if filled.kek != to && (filled.kek != from || filled.rotating) {
                return WRONG_KEY.err();
            }
            Ok(((), std::mem::replace(&mut filled.kek, to) != to))
        };
        self.write(false, work).await.map(|_| ())
    }

    async fn wrapped_otherwise(
        &self,
        kek: KekId,
        limit: usize,
    ) -> Result<Vec<(WrapId, WrappedKey)>> {
        self.database.read(|c| wrapped_otherwise(c, kek, limit))
    }

    async fn rewrap(&self, changed: Vec<(WrapId, WrappedKey, WrappedKey)>) -> Result<()> {
        let bulk = changed.len() > BULK;
        let work = move |c: &Connection, filled: &mut Filled| {
            filled.accepts(changed.iter().map(|(_, _, new)| new))?;
            rewrap(c, &changed)?;
            Ok(((), false))
        };
        self.write(bulk, work).await.map(|_| ())
    }

    async fn close(&self) -> Result<()> {
        self.database.close().await
    }
}

fn keys_of(connection: &Connection, subject: SubjectId) -> Result<Vec<(KeyId, KeyState)>> {
    let sql = "SELECT class, number, subject, destroyed, kek, tomb, wrapped FROM keys
        WHERE subject = ?1 AND vacant = 0 ORDER BY class, number";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let rows = statement.query_map([subject.as_bytes()], |row| {
        let (id, state) = (read_key_id(row)?, read_state(row)?);
        Ok(id.map(|id| (id, state)))
    });
    rows.map_err(fault)?.map(|row| row.map_err(fault).and_then(|row| row)).collect()
}

/// A page of keys after one, along
fn page<T>(
    connection: &Connection,
    sql: &str,
    after: Option<&KeyId>,
    limit: usize,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<Result<T>>,
) -> Result<Vec<T>> {
    let (subject, class, number): (&[u8], &str, u16) = match after {
        Some(id) => (id.subject.as_bytes(), id.class.as_str(), id.number),
        None => (&[], "", 0),
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let rows = statement.query_map(params![subject, class, number, limit], read).map_err(fault)?;
    rows.map(|row| row.map_err(fault).and_then(|row| row)).collect()
}
