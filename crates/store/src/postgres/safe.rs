//! What the safe is told: a call that writes is one value, and so one transaction.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::Client;
use futures_util::future::{join_all, join5};
use tacenda_core::clock::Timestamp;
use tacenda_core::error::{Error, Result};
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::kek::WRONG_KEY;
use tacenda_core::ports::store::{CONFLICT, UNAVAILABLE, UNKNOWN_OUTCOME};
use tacenda_core::ports::{KekId, KeyId, LogPosition, NewKeys, WrapId, WrappedKey};
use tokio::time::timeout;
use tokio_postgres::Statement;
use uuid::Uuid;

use super::bucket;
use super::database::{ATTEMPTS, Database, give_up, pause};
use super::fault::Fault;
use super::keys::{self, Ids, refused};

const FORGET_PRINTS: &str = "DELETE FROM fingerprints WHERE at < $1";
const ADD_SECRET: &str = "INSERT INTO secrets (bucket, name, kek, wrapped) VALUES (0, $1, $2, $3)
    ON CONFLICT DO NOTHING RETURNING name";
const CREATE: &str = "INSERT INTO keys (bucket, subject, class, number, kek, wrapped, destroyed,
        epoch, idx, at)
    SELECT *, false, 0, 0, 0 FROM unnest($1::int2[], $2::uuid[], $3::text[], $4::int4[],
        $5::bytea[], $6::bytea[])";
const IMPORTED: &str = "INSERT INTO fingerprints (bucket, fingerprint, subject, at)
    SELECT * FROM unnest($1::int2[], $2::bytea[], $3::uuid[], $4::int8[]) AS n(b, f, s, a)
        ORDER BY b, f
    ON CONFLICT (bucket, fingerprint)
        DO UPDATE SET subject = excluded.subject, at = excluded.at";
const DESTROY: &str = "INSERT INTO keys AS k (bucket, subject, class, number, kek, wrapped,
        destroyed, epoch, idx, at)
    SELECT *, '\\x0000000000000000'::bytea, ''::bytea, true, $5::int4, $6::int8, $7::int8
        FROM unnest($1::int2[], $2::uuid[], $3::text[], $4::int4[])
    ON CONFLICT (bucket, subject, class, number) DO UPDATE SET kek = excluded.kek,
        wrapped = excluded.wrapped, destroyed = true, epoch = excluded.epoch,
        idx = excluded.idx, at = excluded.at
    WHERE NOT k.destroyed";
const FORGET: &str = "DELETE FROM keys k
    USING unnest($1::int2[], $2::uuid[], $3::text[], $4::int4[]) AS n(b, s, c, m)
    WHERE k.bucket = n.b AND k.subject = n.s AND k.class = n.c AND k.number = n.m
        AND NOT k.destroyed RETURNING k.subject";
const FORGET_THEIRS: &str = "DELETE FROM fingerprints WHERE subject = ANY($1::uuid[])";
const REWRAP_KEY: &str = "UPDATE keys SET kek = $1, wrapped = $2 WHERE bucket = $5 AND subject = $6
    AND class = $7 AND number = $8 AND kek = $3 AND wrapped = $4 AND NOT destroyed";
const REWRAP_SECRET: &str = "UPDATE secrets SET kek = $1, wrapped = $2
    WHERE bucket = 0 AND name = $5 AND kek = $3 AND wrapped = $4";
/// The safe's own row: what every call moves.
const FINISH: &str = "UPDATE safe SET sequence = GREATEST(sequence + 1, $1::int8),
        log_epoch = CASE WHEN $2::int4 IS NULL OR (log_epoch, log_idx) >= ($2, $3)
            THEN log_epoch ELSE $2 END,
        log_idx = CASE WHEN $2::int4 IS NULL OR (log_epoch, log_idx) >= ($2, $3)
            THEN log_idx ELSE $3::int8 END,
        checkpoint_epoch = CASE WHEN $4::text IS NULL
                OR (checkpoint_epoch, checkpoint_idx) > ($2, $3)
            THEN checkpoint_epoch ELSE $2 END,
        checkpoint_idx = CASE WHEN $4::text IS NULL
                OR (checkpoint_epoch, checkpoint_idx) > ($2, $3)
            THEN checkpoint_idx ELSE $3 END,
        checkpoint = CASE WHEN $4::text IS NULL
                OR (checkpoint_epoch, checkpoint_idx) > ($2, $3)
            THEN checkpoint ELSE $4 END,
        kek = COALESCE($6::bytea, kek)
    WHERE bucket = 0 AND ($6::bytea IS NULL OR kek = $5::bytea OR kek = $6)
    RETURNING sequence, kek";

/// A call that writes.
pub(super) enum Call {
    Create(NewKeys),
    Destroy { keys: Vec<KeyId>, position: LogPosition, at: Timestamp },
    Forget(Vec<KeyId>),
    ForgetFingerprints(Timestamp),
    AddSecret(Name, WrappedKey),
    RaiseSequence(u64),
    KeepCheckpoint(LogPosition, String),
    BeginRotation(KekId, KekId),
    Rewrap(Vec<(WrapId, WrappedKey, WrappedKey)>),
}

/// What a call answers: how much it did, and the new sequence number.
#[derive(Clone, Copy)]
pub(super) struct Done {
    pub(super) count: u64,
    pub(super) sequence: u64,
}

/// A call that was written and whose answer may be lost: its transaction, and what it answers.
struct Written {
    transaction: String,
    done: Done,
}

/// Makes a call, and makes it again where something was in the way. Where the answer was lost it is
/// first found out whether it happened: no call is made twice.
pub(super) async fn make(database: &Database, call: &Call) -> Result<Done> {
    let (mut attempt, mut lost) = (0, None);
    loop {
        let fault = match attempt_on(database, call, &mut lost).await {
            Ok(done) => return Ok(done),
            Err(fault) => fault,
        };
        if !fault.is_transient() || attempt == ATTEMPTS {
            return Err(match lost {
                Some(_) => UNKNOWN_OUTCOME.error().caused_by(fault.error()),
                None => fault.error(),
            });
        }
        attempt += 1;
        pause(attempt).await;
    }
}

async fn attempt_on(
    database: &Database,
    call: &Call,
    lost: &mut Option<Written>,
) -> Result<Done, Fault> {
    let (client, patience) = (database.client().await?, database.patience());
    if let Some(before) = lost {
        match timeout(patience, happened(&client, before)).await {
            Ok(Ok(true)) => return Ok(before.done),
            Ok(Ok(false)) => *lost = None,
            Ok(Err(fault)) => return Err(fault),
            Err(_) => {
                give_up(client);
                return Err(Fault::unheard());
            }
        }
    }
    let written = match timeout(patience, write(&client, call)).await {
        Ok(Ok(written)) => written,
        Ok(Err(fault)) => return Err(refusal(database, client, call, fault).await),
        Err(_) => {
            give_up(client);
            return Err(Fault::unheard());
        }
    };
    match timeout(patience, client.batch_execute("COMMIT"))
        .await
        .map(|done| done.map_err(Fault::from))
    {
        Ok(Ok(())) => Ok(written.done),
        Ok(Err(fault)) if fault.says_rolled_back() => Err(fault),
        _ => {
            give_up(client);
            *lost = Some(written);
            Err(Fault::LOST)
        }
    }
}

/// Whether a call whose answer was lost happened. Its transaction holds the safe's row to its end,
/// which is waited for; then the server knows which end it was.
async fn happened(client: &Client, lost: &Written) -> Result<bool, Fault> {
    let held = "SELECT sequence FROM safe WHERE bucket = 0 FOR UPDATE";
    let sequence: i64 = client.query_one(held, &[]).await?.try_get(0)?;
    if sequence.cast_unsigned() < lost.done.sequence {
        return Ok(false);
    }
    let end = "SELECT pg_xact_status($1::text::xid8) = 'committed'";
    let committed: Option<bool> = client.query_one(end, &[&lost.transaction]).await?.try_get(0)?;
    Ok(committed.ok_or_else(|| UNAVAILABLE.error())?)
}

/// Takes a call back that may not happen; whose key is taken, where that is why.
async fn refusal(database: &Database, client: Client, call: &Call, fault: Fault) -> Fault {
    database.roll_back(client).await;
    if !fault.may_be_taken() {
        return fault;
    }
    let asked = async { refused(&database.client().await?, call).await };
    match asked.await {
        Ok(None) if fault.is_taken() => CONFLICT.error().into(),
        Ok(told) => told.map_or(fault, Fault::from),
        Err(fault) => fault,
    }
}

/// Everything up to COMMIT, sent without waiting for the answers to what goes before: the safe's row last,
/// so that it is held for a moment only.
async fn write(client: &Client, call: &Call) -> Result<Written, Fault> {
    let kek = client.prepare_cached("SELECT kek FROM safe WHERE bucket = 0").await?;
    let own = client.prepare_cached("SELECT pg_current_xact_id()::text").await?;
    let finish = client.prepare_cached(FINISH).await?;
    for sql in statements(call) {
        // Later it is at hand, and what needs it is sent in its turn.
        client.prepare_cached(sql).await?;
    }
    if let Call::BeginRotation(_, to) = call {
        client.batch_execute("BEGIN").await?;
        begins(client, *to).await?;
    }
    let begin = async {
        match call {
            Call::BeginRotation(..) => Ok(()),
            _ => client.batch_execute("BEGIN").await,
        }
    };
    let (begun, kek, applied, own, finished) = join5(
        begin,
        client.query_opt(&kek, &[]),
        apply(client, call),
        client.query_one(&own, &[]),
        finish_by(client, &finish, call),
    )
    .await;
    begun?;
    let kek = read_kek(kek?.ok_or_else(unfilled)?.try_get(0)?)?;
    accepts(kek, call)?;
    let count = applied?;
    let (sequence, kek) = finished?.ok_or_else(|| WRONG_KEY.error())?;
    if !matches!(call, Call::BeginRotation(..)) {
        accepts(kek, call)?;
    }
    Ok(Written { transaction: own?.try_get(0)?, done: Done { count, sequence } })
}

/// The statements of a call but for those of every call.
fn statements(call: &Call) -> &'static [&'static str] {
    match call {
        Call::Create(new) => match (new.keys.is_empty(), new.fingerprints.is_empty()) {
            (false, false) => &[CREATE, IMPORTED],
            (false, true) => &[CREATE],
            (true, false) => &[IMPORTED],
            (true, true) => &[],
        },
        Call::Destroy { .. } => &[DESTROY],
        Call::ForgetFingerprints(_) => &[FORGET_PRINTS],
        Call::Forget(_) => &[FORGET, FORGET_THEIRS],
        Call::AddSecret(..) => &[ADD_SECRET],
        Call::Rewrap(_) => &[REWRAP_KEY, REWRAP_SECRET],
        Call::BeginRotation(..) | Call::RaiseSequence(_) | Call::KeepCheckpoint(..) => &[],
    }
}

fn unfilled() -> Error {
    BAD_REQUEST.error().with("reason", "safe was never filled")
}

/// Nothing new is kept under another key than the safe's own.
fn accepts(kek: KekId, call: &Call) -> Result<(), Error> {
    let own = |wrapped: &WrappedKey| wrapped.kek == kek;
    let accepted = match call {
        Call::Create(new) => new.keys.iter().all(|(_, wrapped)| own(wrapped)),
        Call::AddSecret(_, wrapped) => own(wrapped),
        Call::Rewrap(changed) => changed.iter().all(|(_, _, new)| own(new)),
        _ => true,
    };
    if accepted { Ok(()) } else { WRONG_KEY.err() }
}

pub(super) fn read_kek(bytes: &[u8]) -> Result<KekId, Fault> {
    let corrupt = |_| tacenda_core::ports::store::CORRUPT.error();
    Ok(KekId(bytes.try_into().map_err(corrupt)?))
}

/// `None` if a rotation may not begin, or the safe was never filled.
async fn finish_by(
    client: &Client,
    statement: &Statement,
    call: &Call,
) -> Result<Option<(u64, KekId)>, Fault> {
    let (mut raise, mut heard, mut text, mut keks) = (0i64, None, None, None);
    match call {
        Call::Create(new) => heard = new.log,
        Call::Destroy { position, .. } => heard = Some(*position),
        Call::RaiseSequence(to) => raise = i64::try_from(*to).unwrap_or(i64::MAX),
        Call::KeepCheckpoint(head, checkpoint) => {
            (heard, text) = (Some(*head), Some(checkpoint.as_str()));
        }
        Call::BeginRotation(from, to) => keks = Some((from.0, to.0)),
        _ => {}
    }
    let epoch = heard.map(|at| at.epoch.cast_signed());
    let index = heard.map(|at| at.index.cast_signed());
    let (from, to) = keks.unzip();
    let (from, to) = (from.as_ref().map(|kek| &kek[..]), to.as_ref().map(|kek| &kek[..]));
    let row = client.query_opt(statement, &[&raise, &epoch, &index, &text, &from, &to]).await?;
    let Some(row) = row else { return Ok(None) };
    let sequence: i64 = row.try_get(0)?;
    Ok(Some((sequence.cast_unsigned(), read_kek(row.try_get(1)?)?)))
}

async fn apply(client: &Client, call: &Call) -> Result<u64, Fault> {
    match call {
        Call::Create(new) => create(client, new).await,
        Call::Destroy { keys, position, at } => destroy(client, keys, *position, *at).await,
        Call::Forget(keys) => forget(client, keys).await,
        Call::ForgetFingerprints(before) => {
            let statement = client.prepare_cached(FORGET_PRINTS).await?;
            Ok(client.execute(&statement, &[&before.as_micros()]).await?)
        }
        Call::AddSecret(name, wrapped) => {
            let (name, kek) = (name.as_str(), &wrapped.kek.0[..]);
            let statement = client.prepare_cached(ADD_SECRET).await?;
            match client.query_opt(&statement, &[&name, &kek, &wrapped.bytes]).await? {
                Some(_) => Ok(1),
                None => Err(CONFLICT.error().into()),
            }
        }
        Call::Rewrap(changed) => rewrap(client, changed).await,
        Call::BeginRotation(..) | Call::RaiseSequence(_) | Call::KeepCheckpoint(..) => Ok(0),
    }
}

/// A rotation to another key begins once nothing lies under the key before the safe's own. The
/// safe's row is held from here on: nobody begins another meanwhile.
async fn begins(client: &Client, to: KekId) -> Result<(), Fault> {
    let held = "SELECT kek FROM safe WHERE bucket = 0 FOR UPDATE";
    let kek = read_kek(client.query_opt(held, &[]).await?.ok_or_else(unfilled)?.try_get(0)?)?;
    let rotating = keys::status(client).await?.is_some_and(|safe| safe.rotating);
    if kek != to && rotating { Err(WRONG_KEY.error().into()) } else { Ok(()) }
}

pub(super) async fn create(client: &Client, new: &NewKeys) -> Result<u64, Fault> {
    let mut keys: Vec<&(KeyId, WrappedKey)> = new.keys.iter().collect();
    keys.sort_by_cached_key(|(id, _)| (bucket::of_subject(&id.subject), id.clone()));
    let ids = Ids::of(keys.iter().map(|(id, _)| id));
    let keks: Vec<&[u8]> = keys.iter().map(|(_, wrapped)| wrapped.kek.0.as_slice()).collect();
    let bytes: Vec<&[u8]> = keys.iter().map(|(_, wrapped)| wrapped.bytes.as_slice()).collect();
    if !keys.is_empty() {
        let statement = client.prepare_cached(CREATE).await?;
        let (buckets, subjects, classes, numbers) = ids.columns();
        client.execute(&statement, &[buckets, subjects, classes, numbers, &keks, &bytes]).await?;
    }
    if !new.fingerprints.is_empty() {
        let prints: BTreeMap<[u8; 16], (SubjectId, Timestamp)> =
            new.fingerprints.iter().map(|(print, who, at)| (*print, (*who, *at))).collect();
        let buckets: Vec<i16> = prints.keys().map(bucket::of_fingerprint).collect();
        let bytes: Vec<&[u8]> = prints.keys().map(<[u8; 16]>::as_slice).collect();
        let subjects: Vec<Uuid> = prints.values().map(|(who, _)| who.as_uuid()).collect();
        let times: Vec<i64> = prints.values().map(|(_, at)| at.as_micros()).collect();
        let statement = client.prepare_cached(IMPORTED).await?;
        client.execute(&statement, &[&buckets, &bytes, &subjects, &times]).await?;
    }
    Ok(keys.len() as u64)
}

async fn destroy(
    client: &Client,
    keys: &[KeyId],
    position: LogPosition,
    at: Timestamp,
) -> Result<u64, Fault> {
    let keys: BTreeSet<(i16, &KeyId)> =
        keys.iter().map(|key| (bucket::of_subject(&key.subject), key)).collect();
    let ids = Ids::of(keys.iter().map(|(_, key)| *key));
    let statement = client.prepare_cached(DESTROY).await?;
    let (buckets, subjects, classes, numbers) = ids.columns();
    let (epoch, index) = (position.epoch.cast_signed(), position.index.cast_signed());
    let at = at.as_micros();
    client.execute(&statement, &[buckets, subjects, classes, numbers, &epoch, &index, &at]).await?;
    Ok(0)
}

async fn forget(client: &Client, keys: &[KeyId]) -> Result<u64, Fault> {
    let ids = Ids::of(keys.iter());
    let (buckets, subjects, classes, numbers) = ids.columns();
    let statement = client.prepare_cached(FORGET).await?;
    let gone = client.query(&statement, &[buckets, subjects, classes, numbers]).await?;
    let gone = gone.iter().map(|row| row.try_get(0)).collect::<Result<Vec<Uuid>, _>>()?;
    let theirs = client.prepare_cached(FORGET_THEIRS).await?;
    client.execute(&theirs, &[&gone]).await?;
    Ok(0)
}

async fn rewrap(
    client: &Client,
    changed: &[(WrapId, WrappedKey, WrappedKey)],
) -> Result<u64, Fault> {
    let key = client.prepare_cached(REWRAP_KEY).await?;
    let secret = client.prepare_cached(REWRAP_SECRET).await?;
    let one = async |(id, old, new): &(WrapId, WrappedKey, WrappedKey)| {
        let (new_kek, old_kek) = (&new.kek.0[..], &old.kek.0[..]);
        match id {
            WrapId::Secret(name) => {
                let name = name.as_str();
                client.execute(&secret, &[&new_kek, &new.bytes, &old_kek, &old.bytes, &name]).await
            }
            WrapId::Key(id) => {
                let (bucket, subject) = (bucket::of_subject(&id.subject), id.subject.as_uuid());
                let (class, number) = (id.class.as_str(), i32::from(id.number));
                let values: [&(dyn tokio_postgres::types::ToSql + Sync); 8] = [
                    &new_kek, &new.bytes, &old_kek, &old.bytes, &bucket, &subject, &class, &number,
                ];
                client.execute(&key, &values).await
            }
        }
    };
    // Sent one behind the other; the answers are awaited together.
    for answer in join_all(changed.iter().map(one)).await {
        answer?;
    }
    Ok(0)
}
