//! Reading the safe.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::Client;
use tacenda_core::clock::Timestamp;
use tacenda_core::error::Error;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::keyring::DESTROYED;
use tacenda_core::ports::store::{CONFLICT, CORRUPT};
use tacenda_core::ports::{
    Fingerprint, KekId, KeyId, KeyState, LogPosition, SafeInit, SafeStatus, Tombstone, WrapId,
    WrappedKey,
};
use tokio_postgres::Row as SqlRow;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::bucket;
use super::fault::Fault;
use super::read::name;
use super::safe::{Call, read_kek};

type Column<'a> = &'a (dyn ToSql + Sync);

/// The ids of keys as arrays.
pub(super) struct Ids<'a> {
    buckets: Vec<i16>,
    subjects: Vec<Uuid>,
    classes: Vec<&'a str>,
    numbers: Vec<i32>,
}

impl<'a> Ids<'a> {
    pub(super) fn of(ids: impl Iterator<Item = &'a KeyId>) -> Self {
        let mut all = Self {
            buckets: Vec::new(),
            subjects: Vec::new(),
            classes: Vec::new(),
            numbers: Vec::new(),
        };
        for id in ids {
            all.buckets.push(bucket::of_subject(&id.subject));
            all.subjects.push(id.subject.as_uuid());
            all.classes.push(id.class.as_str());
            all.numbers.push(i32::from(id.number));
        }
        all
    }

    pub(super) fn columns(&self) -> (Column<'_>, Column<'_>, Column<'_>, Column<'_>) {
        (&self.buckets, &self.subjects, &self.classes, &self.numbers)
    }
}

/// The columns of a key, in the order of [`read_key`].
const COLUMNS: &str = "k.subject, k.class, k.number, k.destroyed, k.kek, k.wrapped, k.epoch, k.idx";

fn read_id(row: &SqlRow) -> Result<KeyId, Fault> {
    let (subject, number): (Uuid, i32) = (row.try_get(0)?, row.try_get(2)?);
    Ok(KeyId {
        subject: SubjectId::from(subject),
        class: name(row.try_get(1)?)?,
        number: u16::try_from(number).map_err(|_| CORRUPT.error())?,
    })
}

fn read_key(row: &SqlRow) -> Result<(KeyId, KeyState), Fault> {
    let state = if row.try_get(3)? {
        KeyState::Destroyed(position(row.try_get(6)?, row.try_get(7)?))
    } else {
        KeyState::Live(wrapped(row.try_get(4)?, row.try_get(5)?)?)
    };
    Ok((read_id(row)?, state))
}

fn wrapped(kek: &[u8], bytes: Vec<u8>) -> Result<WrappedKey, Fault> {
    Ok(WrappedKey { kek: read_kek(kek)?, bytes })
}

fn position(epoch: i32, index: i64) -> LogPosition {
    LogPosition { epoch: epoch.cast_unsigned(), index: index.cast_unsigned() }
}

pub(super) async fn status(client: &Client) -> Result<Option<SafeStatus>, Fault> {
    // Where the tables are spread they are not joined to the safe's row, but asked one after the other.
    let sql = "WITH s AS MATERIALIZED (SELECT * FROM safe WHERE bucket = 0),
            before AS MATERIALIZED (SELECT 1 FROM keys
                WHERE NOT destroyed AND kek < (SELECT kek FROM s) LIMIT 1),
            after AS MATERIALIZED (SELECT 1 FROM keys
                WHERE NOT destroyed AND kek > (SELECT kek FROM s) LIMIT 1),
            others AS MATERIALIZED (SELECT 1 FROM secrets
                WHERE bucket = 0 AND kek <> (SELECT kek FROM s) LIMIT 1)
        SELECT s.safe, s.store, s.kek, s.sequence, s.log_epoch, s.log_idx, s.checkpoint_epoch,
            s.checkpoint, EXISTS (SELECT 1 FROM before) OR EXISTS (SELECT 1 FROM after)
                OR EXISTS (SELECT 1 FROM others)
        FROM s";
    let statement = client.prepare_cached(sql).await?;
    let Some(row) = client.query_opt(&statement, &[]).await? else { return Ok(None) };
    let id = |at: usize| -> Result<[u8; 16], Fault> {
        let bytes: &[u8] = row.try_get(at)?;
        Ok(bytes.try_into().map_err(|_| CORRUPT.error())?)
    };
    let (log_epoch, log_index): (Option<i32>, Option<i64>) = (row.try_get(4)?, row.try_get(5)?);
    let (epoch, text): (Option<i32>, Option<String>) = (row.try_get(6)?, row.try_get(7)?);
    Ok(Some(SafeStatus {
        safe: id(0)?,
        store: id(1)?,
        kek: read_kek(row.try_get(2)?)?,
        rotating: row.try_get(8)?,
        sequence: row.try_get::<_, i64>(3)?.cast_unsigned(),
        log: log_epoch.zip(log_index).map(|(epoch, index)| position(epoch, index)),
        checkpoint: epoch.map(i32::cast_unsigned).zip(text),
    }))
}

/// Fills a new safe, in one statement. Where an attempt was made before, and its answer was lost, a safe
/// with these ids is its own.
pub(super) async fn initialise(
    client: &Client,
    init: &SafeInit,
    attempted: &AtomicBool,
) -> Result<(), Fault> {
    let again = attempted.swap(true, Ordering::Relaxed);
    let sql = "WITH s AS (
            INSERT INTO safe (bucket, safe, store, kek, sequence) VALUES (0, $1, $2, $3, 1)
                RETURNING bucket)
        INSERT INTO secrets (bucket, name, kek, wrapped)
            SELECT 0::int2, * FROM unnest($4::text[], $5::bytea[], $6::bytea[])";
    let names: Vec<&str> = init.secrets.iter().map(|(name, _)| name.as_str()).collect();
    let keks: Vec<&[u8]> = init.secrets.iter().map(|(_, w)| w.kek.0.as_slice()).collect();
    let bytes: Vec<&[u8]> = init.secrets.iter().map(|(_, w)| w.bytes.as_slice()).collect();
    let (safe, store, kek) = (&init.safe[..], &init.store[..], &init.kek.0[..]);
    let filled = client.execute(sql, &[&safe, &store, &kek, &names, &keks, &bytes]).await;
    match filled.map_err(Fault::from) {
        Ok(_) => Ok(()),
        Err(fault) if fault.is_taken() && again => match status(client).await? {
            Some(safe) if (safe.safe, safe.store) == (init.safe, init.store) => Ok(()),
            _ => Err(CONFLICT.error().into()),
        },
        Err(fault) if fault.is_taken() => Err(CONFLICT.error().into()),
        Err(fault) => Err(fault),
    }
}

pub(super) async fn fetch(client: &Client, keys: &[KeyId]) -> Result<Vec<KeyState>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS}, n.place FROM unnest($1::int2[], $2::uuid[], $3::text[], $4::int4[])
                WITH ORDINALITY AS n(b, s, c, m, place)
            JOIN keys k ON k.bucket = n.b AND k.subject = n.s AND k.class = n.c AND k.number = n.m"
    );
    let statement = client.prepare_cached(&sql).await?;
    let ids = Ids::of(keys.iter());
    let (buckets, subjects, classes, numbers) = ids.columns();
    let mut states = vec![KeyState::Unknown; keys.len()];
    for row in &client.query(&statement, &[buckets, subjects, classes, numbers]).await? {
        let place: i64 = row.try_get(8)?;
        let at = usize::try_from(place).unwrap_or_default().wrapping_sub(1);
        if let Some(slot) = states.get_mut(at) {
            *slot = read_key(row)?.1;
        }
    }
    Ok(states)
}

pub(super) async fn keys_of_each(
    client: &Client,
    subjects: &[SubjectId],
) -> Result<Vec<Vec<(KeyId, KeyState)>>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS}, n.place FROM unnest($1::int2[], $2::uuid[])
                WITH ORDINALITY AS n(b, s, place)
            JOIN keys k ON k.bucket = n.b AND k.subject = n.s ORDER BY n.place, k.class, k.number"
    );
    let statement = client.prepare_cached(&sql).await?;
    let buckets: Vec<i16> = subjects.iter().map(bucket::of_subject).collect();
    let ids: Vec<Uuid> = subjects.iter().map(SubjectId::as_uuid).collect();
    let mut all = vec![Vec::new(); subjects.len()];
    for row in &client.query(&statement, &[&buckets, &ids]).await? {
        let place: i64 = row.try_get(8)?;
        let at = usize::try_from(place).unwrap_or_default().wrapping_sub(1);
        if let Some(keys) = all.get_mut(at) {
            keys.push(read_key(row)?);
        }
    }
    Ok(all)
}

/// A page of keys, destroyed or live, with when they were destroyed.
async fn page(
    client: &Client,
    destroyed: bool,
    after: Option<&KeyId>,
    limit: usize,
) -> Result<Vec<SqlRow>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS}, k.at FROM keys k
            WHERE k.destroyed = {destroyed} AND (k.bucket, k.subject, k.class, k.number)
                > ($1::int2, $2::uuid, $3::text, $4::int4)
            ORDER BY k.bucket, k.subject, k.class, k.number LIMIT $5"
    );
    let statement = client.prepare_cached(&sql).await?;
    let bucket = after.map_or(-1, |key| bucket::of_subject(&key.subject));
    let subject = after.map_or(Uuid::nil(), |key| key.subject.as_uuid());
    let class = after.map_or("", |key| key.class.as_str());
    let number = after.map_or(-1, |key| i32::from(key.number));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(client.query(&statement, &[&bucket, &subject, &class, &number, &limit]).await?)
}

pub(super) async fn tombstones(
    client: &Client,
    after: Option<&KeyId>,
    limit: usize,
) -> Result<Vec<Tombstone>, Fault> {
    let tombstone = |row: &SqlRow| {
        Ok(Tombstone {
            key: read_id(row)?,
            position: position(row.try_get(6)?, row.try_get(7)?),
            at: Timestamp::from_micros(row.try_get(8)?),
        })
    };
    page(client, true, after, limit).await?.iter().map(tombstone).collect()
}

pub(super) async fn live_keys(
    client: &Client,
    after: Option<&KeyId>,
    limit: usize,
) -> Result<Vec<KeyId>, Fault> {
    page(client, false, after, limit).await?.iter().map(read_id).collect()
}

pub(super) async fn fingerprints(
    client: &Client,
    of: &[Fingerprint],
) -> Result<Vec<Option<SubjectId>>, Fault> {
    let sql = "SELECT f.subject FROM unnest($1::int2[], $2::bytea[])
            WITH ORDINALITY AS n(b, f, place)
        LEFT JOIN fingerprints f ON f.bucket = n.b AND f.fingerprint = n.f ORDER BY n.place";
    let statement = client.prepare_cached(sql).await?;
    let buckets: Vec<i16> = of.iter().map(bucket::of_fingerprint).collect();
    let prints: Vec<&[u8]> = of.iter().map(<[u8; 16]>::as_slice).collect();
    let found = client.query(&statement, &[&buckets, &prints]).await?;
    let subject = |row: &SqlRow| {
        let subject: Option<Uuid> = row.try_get(0)?;
        Ok(subject.map(SubjectId::from))
    };
    found.iter().map(subject).collect()
}

pub(super) async fn secret(client: &Client, name: &Name) -> Result<Option<WrappedKey>, Fault> {
    let sql = "SELECT kek, wrapped FROM secrets WHERE bucket = 0 AND name = $1";
    let statement = client.prepare_cached(sql).await?;
    let Some(row) = client.query_opt(&statement, &[&name.as_str()]).await? else {
        return Ok(None);
    };
    wrapped(row.try_get(0)?, row.try_get(1)?).map(Some)
}

pub(super) async fn secrets(client: &Client) -> Result<Vec<(Name, WrappedKey)>, Fault> {
    let sql = "SELECT name, kek, wrapped FROM secrets WHERE bucket = 0 ORDER BY name";
    let found = client.query(sql, &[]).await?;
    let one =
        |row: &SqlRow| Ok((name(row.try_get(0)?)?, wrapped(row.try_get(1)?, row.try_get(2)?)?));
    found.iter().map(one).collect()
}

pub(super) async fn fingerprints_after(
    client: &Client,
    after: Option<Fingerprint>,
    limit: usize,
) -> Result<Vec<(Fingerprint, SubjectId, Timestamp)>, Fault> {
    let sql = "SELECT fingerprint, subject, at FROM fingerprints
        WHERE (bucket, fingerprint) > ($1::int2, $2::bytea) ORDER BY bucket, fingerprint LIMIT $3";
    let statement = client.prepare_cached(sql).await?;
    let bucket = after.as_ref().map_or(-1, bucket::of_fingerprint);
    let (after, limit) = (after.unwrap_or_default(), i64::try_from(limit).unwrap_or(i64::MAX));
    let found = client.query(&statement, &[&bucket, &&after[..], &limit]).await?;
    let one = |row: &SqlRow| {
        let print: &[u8] = row.try_get(0)?;
        let print = print.try_into().map_err(|_| CORRUPT.error())?;
        let (subject, at): (Uuid, i64) = (row.try_get(1)?, row.try_get(2)?);
        Ok((print, SubjectId::from(subject), Timestamp::from_micros(at)))
    };
    found.iter().map(one).collect()
}

pub(super) async fn wrapped_otherwise(
    client: &Client,
    kek: KekId,
    limit: usize,
) -> Result<Vec<(WrapId, WrappedKey)>, Fault> {
    let (kek, limit) = (&kek.0[..], i64::try_from(limit).unwrap_or(i64::MAX));
    let sql = "SELECT name, kek, wrapped FROM secrets WHERE bucket = 0 AND kek <> $1 LIMIT $2";
    let mut found = Vec::new();
    for row in &client.query(sql, &[&kek, &limit]).await? {
        let id = WrapId::Secret(name(row.try_get(0)?)?);
        found.push((id, wrapped(row.try_get(1)?, row.try_get(2)?)?));
    }
    let rest = limit.saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX));
    let part = |order: &str| {
        format!("(SELECT * FROM keys WHERE NOT destroyed AND kek {order} $1 LIMIT $2)")
    };
    let sql = format!("SELECT {COLUMNS} FROM ({} UNION ALL {}) k LIMIT $2", part("<"), part(">"));
    for row in &client.query(&sql, &[&kek, &rest]).await? {
        let id = WrapId::Key(read_id(row)?);
        found.push((id, wrapped(row.try_get(4)?, row.try_get(5)?)?));
    }
    Ok(found)
}

/// Why a call that may have found a key taken is refused; `None` if none is.
pub(super) async fn refused(client: &Client, call: &Call) -> Result<Option<Error>, Fault> {
    let Call::Create(new) = call else { return Ok(None) };
    let ids: Vec<KeyId> = new.keys.iter().map(|(id, _)| id.clone()).collect();
    let states = fetch(client, &ids).await?;
    let named =
        |error: Error, id: &KeyId| error.with("subject", id.subject).with("class", &id.class);
    let mut states = ids.iter().zip(&states);
    let gone = |(_, state): &(&KeyId, &KeyState)| matches!(state, KeyState::Destroyed(_));
    if let Some((id, _)) = states.clone().find(gone) {
        return Ok(Some(named(DESTROYED.error(), id)));
    }
    let mut seen = BTreeSet::new();
    let taken = states.find(|(id, state)| !seen.insert(*id) || **state != KeyState::Unknown);
    Ok(taken.map(|(id, _)| named(CONFLICT.error(), id)))
}
