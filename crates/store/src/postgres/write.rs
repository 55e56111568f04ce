//! The statements of a change.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::Client;
use tacenda_core::clock::Timestamp;
use tacenda_core::name::Name;
use tacenda_core::ports::{Expect, LeafId};
use tokio_postgres::Statement;
use uuid::Uuid;

use super::change::{Lookup, Prepared, Put};
use super::copy::{self, MANY};
use super::fault::Fault;
use super::judge::{Head, LookupKey};

const INSERT: &str = "INSERT INTO rows (bucket, subject, kind, id, class, state, held, anchor_at,
        due_at, version, tokens, body)
    SELECT * FROM unnest($1::int2[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[],
        $7::bool[], $8::int8[], $9::int8[], $10::int8[], $11::bytea[], $12::bytea[])";
const INSERT_CAREFULLY: &str = " ON CONFLICT DO NOTHING RETURNING subject, kind, id";
const UPDATE: &str = "UPDATE rows r SET class = n.class, state = n.state, held = n.held,
        anchor_at = n.anchor_at, due_at = n.due_at, version = n.version, tokens = n.tokens,
        body = n.body, lease_until = NULL
    FROM unnest($1::int2[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[],
        $7::bool[], $8::int8[], $9::int8[], $10::int8[], $11::bytea[], $12::bytea[], $13::int8[])
        WITH ORDINALITY AS n(bucket, subject, kind, id, class, state, held, anchor_at, due_at,
            version, tokens, body, before, place), rows o
    WHERE r.bucket = n.bucket AND r.subject = n.subject AND r.kind = n.kind AND r.id = n.id
        AND r.version = n.before AND o.bucket = n.bucket AND o.subject = n.subject
        AND o.kind = n.kind AND o.id = n.id AND o.version = n.before
    RETURNING n.place, o.tokens";
const DELETE: &str = "DELETE FROM rows r
    USING unnest($1::int2[], $2::uuid[], $3::text[], $4::uuid[], $5::int8[])
        WITH ORDINALITY AS n(bucket, subject, kind, id, version, place)
    WHERE r.bucket = n.bucket AND r.subject = n.subject AND r.kind = n.kind AND r.id = n.id
        AND r.version = n.version
    RETURNING n.place, r.tokens";
const FREE: &str = "DELETE FROM lookups l
    USING unnest($1::int2[], $2::text[], $3::bytea[], $4::bytea[]) AS n(bucket, name, token, owner)
    WHERE l.bucket = n.bucket AND l.index_name = n.name AND l.token = n.token
        AND l.owner = n.owner";
const TAKE: &str = "INSERT INTO lookups (bucket, index_name, token, owner, subject, kind, id)
    SELECT * FROM unnest($1::int2[], $2::text[], $3::bytea[], $4::bytea[], $5::uuid[], $6::text[],
        $7::uuid[])";
const TAKE_CAREFULLY: &str = " ON CONFLICT DO NOTHING RETURNING index_name, token, owner";
/// A head that is not there is added with epoch 0, which no store has, and taken back. Behind `DO UPDATE`
/// stand no parameters: where the tables are distributed they do not arrive there.
const MOVE: &str = "INSERT INTO heads AS h (bucket, next, epoch, policy_version, policy_digest,
        safe_sequence, last_at)
    SELECT n.bucket, n.count, 0, $4, $5, $6, n.last_at
        FROM unnest($1::int2[], $2::int8[], $3::int8[]) AS n(bucket, count, last_at)
    ON CONFLICT (bucket) DO UPDATE SET next = h.next + excluded.next,
        epoch = {epoch},
        policy_version = COALESCE(excluded.policy_version, h.policy_version),
        policy_digest = COALESCE(excluded.policy_digest, h.policy_digest),
        safe_sequence = GREATEST(h.safe_sequence, excluded.safe_sequence),
        last_at = GREATEST(h.last_at, excluded.last_at)
    WHERE {under}
    RETURNING h.bucket, h.next, h.epoch";
const REQUIRED: &str = "SELECT n.place, r.version
    FROM unnest($1::int2[], $2::uuid[], $3::text[], $4::uuid[])
        WITH ORDINALITY AS n(bucket, subject, kind, id, place)
    JOIN rows r ON r.bucket = n.bucket AND r.subject = n.subject AND r.kind = n.kind
        AND r.id = n.id";
const APPEND: &str = "INSERT INTO leaves (bucket, number, epoch, subject, writes, hash, bytes)
    SELECT * FROM unnest($1::int2[], $2::int8[], $3::int4[], $4::uuid[], $5::bool[], $6::bytea[],
        $7::bytea[])";

/// The statements that a change needs, prepared before its transaction begins.
pub(super) struct Statements {
    insert: Option<Statement>,
    update: Option<Statement>,
    delete: Option<Statement>,
    free: Option<Statement>,
    take: Statement,
    take_many: Option<Statement>,
    moves: Statement,
    required: Option<Statement>,
    append: Statement,
    careful: bool,
}

impl Statements {
    pub(super) async fn prepare(
        client: &Client,
        change: &Prepared,
        careful: bool,
    ) -> Result<Self, Fault> {
        let when = async |needed: bool, sql: &str| match needed {
            true => client.prepare_cached(sql).await.map(Some),
            false => Ok(None),
        };
        let carefully = |sql: &str, tail| format!("{sql}{}", if careful { tail } else { "" });
        let rewrites = !change.updates.is_empty() || !change.deletes.is_empty();
        // Which of the two a statement is, is told again by the same counts where it is used.
        let bulk = |count: usize, copy: &str, sql: &str, tail| match !careful && count >= MANY {
            true => copy.to_owned(),
            false => carefully(sql, tail),
        };
        let insert = bulk(change.inserts.len(), copy::ROWS, INSERT, INSERT_CAREFULLY);
        let append = bulk(change.leaves.len(), copy::LEAVES, APPEND, "");
        Ok(Self {
            insert: when(!change.inserts.is_empty(), &insert).await?,
            update: when(!change.updates.is_empty(), UPDATE).await?,
            delete: when(!change.deletes.is_empty(), DELETE).await?,
            free: when(rewrites, FREE).await?,
            take: client.prepare_cached(&carefully(TAKE, TAKE_CAREFULLY)).await?,
            take_many: when(!careful && change.inserts.len() >= MANY, copy::LOOKUPS).await?,
            moves: client.prepare_cached(&moves(change)).await?,
            required: when(!change.requires.is_empty(), REQUIRED).await?,
            append: client.prepare_cached(&append).await?,
            careful,
        })
    }
}

/// The statement that moves the heads; one for each policy and epoch that a process sees.
fn moves(change: &Prepared) -> String {
    let epoch = change.new_epoch.map_or("h.epoch".to_owned(), |epoch| epoch.to_string());
    let under = match change.under.map(u64::cast_signed) {
        Some(under) => format!("COALESCE(h.policy_version <= {under}, true)"),
        None => "true".to_owned(),
    };
    MOVE.replace("{epoch}", &epoch).replace("{under}", &under)
}

/// The columns of rows as arrays.
struct Columns<'a> {
    buckets: Vec<i16>,
    subjects: Vec<Uuid>,
    kinds: Vec<&'a str>,
    ids: Vec<Uuid>,
    classes: Vec<Option<&'a str>>,
    states: Vec<&'a str>,
    held: Vec<bool>,
    anchors: Vec<Option<i64>>,
    dues: Vec<Option<i64>>,
    versions: Vec<i64>,
    tokens: Vec<&'a [u8]>,
    bodies: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    fn of(puts: impl Iterator<Item = &'a Put> + Clone) -> Self {
        let rows = puts.clone().map(|put| &put.row);
        Self {
            buckets: puts.clone().map(|put| put.bucket).collect(),
            subjects: rows.clone().map(|row| row.key.subject.as_uuid()).collect(),
            kinds: rows.clone().map(|row| row.key.kind.as_str()).collect(),
            ids: rows.clone().map(|row| row.key.id.as_uuid()).collect(),
            classes: rows.clone().map(|row| row.class.as_ref().map(Name::as_str)).collect(),
            states: rows.clone().map(|row| row.state.as_str()).collect(),
            held: rows.clone().map(|row| row.held).collect(),
            anchors: rows.clone().map(|row| row.anchor_at.map(Timestamp::as_micros)).collect(),
            dues: rows.clone().map(|row| row.due_at.map(Timestamp::as_micros)).collect(),
            versions: rows.clone().map(|row| row.version.cast_signed()).collect(),
            tokens: puts.map(|put| put.tokens.as_slice()).collect(),
            bodies: rows.map(|row| row.body.as_slice()).collect(),
        }
    }

    fn values(&self) -> [&(dyn tokio_postgres::types::ToSql + Sync); 12] {
        [
            &self.buckets,
            &self.subjects,
            &self.kinds,
            &self.ids,
            &self.classes,
            &self.states,
            &self.held,
            &self.anchors,
            &self.dues,
            &self.versions,
            &self.tokens,
            &self.bodies,
        ]
    }
}

/// Adds the new rows. Answers with those that were added if the change is careful.
pub(super) async fn insert(
    client: &Client,
    sql: &Statements,
    change: &Prepared,
) -> Result<Option<BTreeSet<(Uuid, String, Uuid)>>, Fault> {
    let Some(statement) = &sql.insert else { return Ok(None) };
    if !sql.careful && change.inserts.len() >= MANY {
        copy::rows(client, statement, &change.inserts).await?;
        return Ok(None);
    }
    let columns = Columns::of(change.inserts.iter());
    if !sql.careful {
        client.execute(statement, &columns.values()).await?;
        return Ok(None);
    }
    let added = client.query(statement, &columns.values()).await?;
    let key = |row: &tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    added.iter().map(key).collect::<Result<_, Fault>>().map(Some)
}

type OldTokens = BTreeMap<usize, Vec<u8>>;

fn old_tokens(rows: &[tokio_postgres::Row]) -> Result<OldTokens, Fault> {
    let one = |row: &tokio_postgres::Row| {
        let place = usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default();
        Ok((place.saturating_sub(1), row.try_get(1)?))
    };
    rows.iter().map(one).collect()
}

/// Rewrites rows that are in the version that the change expects.
pub(super) async fn update(
    client: &Client,
    sql: &Statements,
    change: &Prepared,
) -> Result<OldTokens, Fault> {
    let Some(statement) = &sql.update else { return Ok(OldTokens::new()) };
    let columns = Columns::of(change.updates.iter().map(|(put, _)| put));
    let before: Vec<i64> = change.updates.iter().map(|(_, before)| before.cast_signed()).collect();
    let mut values = columns.values().to_vec();
    values.push(&before);
    old_tokens(&client.query(statement, &values).await?)
}

/// Deletes rows that are in the version that the change expects.
pub(super) async fn delete(
    client: &Client,
    sql: &Statements,
    change: &Prepared,
) -> Result<OldTokens, Fault> {
    let Some(statement) = &sql.delete else { return Ok(OldTokens::new()) };
    let deletes = || change.deletes.iter().map(|(_, delete)| delete);
    let buckets: Vec<i16> = change.deletes.iter().map(|(bucket, _)| *bucket).collect();
    let subjects: Vec<Uuid> = deletes().map(|delete| delete.key.subject.as_uuid()).collect();
    let kinds: Vec<&str> = deletes().map(|delete| delete.key.kind.as_str()).collect();
    let ids: Vec<Uuid> = deletes().map(|delete| delete.key.id.as_uuid()).collect();
    let versions: Vec<i64> = deletes().map(|delete| delete.version.cast_signed()).collect();
    let rows = client.query(statement, &[&buckets, &subjects, &kinds, &ids, &versions]).await?;
    old_tokens(&rows)
}

/// Gives up tokens, before others take them.
pub(super) async fn free_lookups(
    client: &Client,
    sql: &Statements,
    freed: &[Lookup],
) -> Result<(), Fault> {
    let Some(statement) = sql.free.as_ref().filter(|_| !freed.is_empty()) else { return Ok(()) };
    let buckets: Vec<i16> = freed.iter().map(|lookup| lookup.bucket).collect();
    let names: Vec<&str> = freed.iter().map(|lookup| lookup.token.index.as_str()).collect();
    let tokens: Vec<&[u8]> = freed.iter().map(|lookup| lookup.token.value.as_slice()).collect();
    let owners: Vec<&[u8]> = freed.iter().map(|lookup| lookup.owner.as_slice()).collect();
    client.execute(statement, &[&buckets, &names, &tokens, &owners]).await?;
    Ok(())
}

/// Takes tokens. Answers with those that were taken if the change is careful.
pub(super) async fn take_lookups(
    client: &Client,
    sql: &Statements,
    taken: &[Lookup],
) -> Result<Option<BTreeSet<LookupKey>>, Fault> {
    if taken.is_empty() {
        return Ok(None);
    }
    if let Some(statement) = sql.take_many.as_ref().filter(|_| taken.len() >= MANY) {
        copy::lookups(client, statement, taken).await?;
        return Ok(None);
    }
    let buckets: Vec<i16> = taken.iter().map(|lookup| lookup.bucket).collect();
    let names: Vec<&str> = taken.iter().map(|lookup| lookup.token.index.as_str()).collect();
    let tokens: Vec<&[u8]> = taken.iter().map(|lookup| lookup.token.value.as_slice()).collect();
    let owners: Vec<&[u8]> = taken.iter().map(|lookup| lookup.owner.as_slice()).collect();
    let subjects: Vec<Uuid> = taken.iter().map(|lookup| lookup.key.subject.as_uuid()).collect();
    let kinds: Vec<&str> = taken.iter().map(|lookup| lookup.key.kind.as_str()).collect();
    let ids: Vec<Uuid> = taken.iter().map(|lookup| lookup.key.id.as_uuid()).collect();
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
        [&buckets, &names, &tokens, &owners, &subjects, &kinds, &ids];
    if !sql.careful {
        client.execute(&sql.take, &values).await?;
        return Ok(None);
    }
    let added = client.query(&sql.take, &values).await?;
    let key = |row: &tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    added.iter().map(key).collect::<Result<_, Fault>>().map(Some)
}

/// Moves the heads of the chains, in the order of their buckets, and holds them until the end. A
/// head that knows of a later policy does not move.
pub(super) async fn move_heads(
    client: &Client,
    sql: &Statements,
    change: &Prepared,
) -> Result<BTreeMap<i16, Head>, Fault> {
    let buckets: Vec<i16> = change.heads.keys().copied().collect();
    let counts: Vec<i64> = change.heads.values().map(|touch| touch.count).collect();
    let times: Vec<Option<i64>> = change.heads.values().map(|touch| touch.last_at).collect();
    let policy = change.policy.as_ref();
    let version = policy.map(|mark| mark.version.cast_signed());
    let digest = policy.map(|mark| mark.digest.as_slice());
    let sequence = change.safe_sequence.cast_signed();
    let rows = client
        .query(&sql.moves, &[&buckets, &counts, &times, &version, &digest, &sequence])
        .await?;
    let head = |row: &tokio_postgres::Row| {
        Ok((row.try_get(0)?, Head { next: row.try_get(1)?, epoch: row.try_get(2)? }))
    };
    rows.iter().map(head).collect()
}

/// The versions of the rows that a change requires: asked once the heads are held, so that nobody
/// can change them before it is written.
pub(super) async fn required(
    client: &Client,
    sql: &Statements,
    change: &Prepared,
) -> Result<Vec<Expect>, Fault> {
    let Some(statement) = &sql.required else { return Ok(Vec::new()) };
    let keys = || change.requires.iter().map(|(_, key, _)| key);
    let buckets: Vec<i16> = change.requires.iter().map(|(bucket, ..)| *bucket).collect();
    let subjects: Vec<Uuid> = keys().map(|key| key.subject.as_uuid()).collect();
    let kinds: Vec<&str> = keys().map(|key| key.kind.as_str()).collect();
    let ids: Vec<Uuid> = keys().map(|key| key.id.as_uuid()).collect();
    let rows = client.query(statement, &[&buckets, &subjects, &kinds, &ids]).await?;
    let mut there = vec![Expect::Absent; change.requires.len()];
    for row in &rows {
        let place = usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default();
        if let Some(expect) = there.get_mut(place.wrapping_sub(1)) {
            *expect = Expect::Version(row.try_get::<_, i64>(1)?.cast_unsigned());
        }
    }
    Ok(there)
}

/// Leaves the leaves in the inboxes of their chains.
pub(super) async fn append(
    client: &Client,
    sql: &Statements,
    change: &Prepared,
    numbers: &[LeafId],
) -> Result<(), Fault> {
    if change.leaves.is_empty() {
        return Ok(());
    }
    if !sql.careful && change.leaves.len() >= MANY {
        return copy::leaves(client, &sql.append, &change.leaves, numbers).await;
    }
    let buckets: Vec<i16> = change.leaves.iter().map(|leaf| leaf.bucket).collect();
    let places: Vec<i64> = numbers.iter().map(|id| id.number.cast_signed()).collect();
    let epochs: Vec<i32> = numbers.iter().map(|id| id.epoch.cast_signed()).collect();
    let subjects: Vec<Uuid> = change.leaves.iter().map(|leaf| leaf.subject.as_uuid()).collect();
    let writes: Vec<bool> = change.leaves.iter().map(|leaf| leaf.writes).collect();
    let hashes: Vec<&[u8]> =
        change.leaves.iter().map(|leaf| leaf.hash.as_bytes().as_slice()).collect();
    let bytes: Vec<&[u8]> = change.leaves.iter().map(|leaf| leaf.bytes.as_slice()).collect();
    client
        .execute(&sql.append, &[&buckets, &places, &epochs, &subjects, &writes, &hashes, &bytes])
        .await?;
    Ok(())
}
