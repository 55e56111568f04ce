//! The floor: plain tables, a primary key each, the e-mail's token unique, rows by their anchor;
//! written by `unnest`, a thousand subjects per transaction.

use std::collections::HashMap;

use tacenda::SubjectId;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::Databases;
use crate::measure::Result;

const ROWS: &str = "
CREATE TABLE rows (
    subject uuid NOT NULL, kind text COLLATE \"C\" NOT NULL, class text COLLATE \"C\" NOT NULL,
    state text COLLATE \"C\" NOT NULL, anchor_at bigint, tokens bytea NOT NULL, body bytea NOT NULL,
    PRIMARY KEY (subject, kind)
);
CREATE INDEX rows_anchor ON rows (class, state, anchor_at) WHERE anchor_at IS NOT NULL;
CREATE TABLE lookups (token bytea PRIMARY KEY, subject uuid NOT NULL);
CREATE TABLE log (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject uuid, hash bytea, bytes bytea
);";
const KEYS: &str = "
CREATE TABLE keys (
    subject uuid NOT NULL, class text COLLATE \"C\" NOT NULL, wrapped bytea NOT NULL,
    PRIMARY KEY (subject, class)
);";

/// A connection with a runtime of its own.
pub(super) struct Plain {
    runtime: Runtime,
    client: Client,
}

impl Plain {
    pub(super) fn connect(url: &str) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls))?;
        runtime.spawn(connection);
        Ok(Self { runtime, client })
    }

    /// Runs statements without an answer.
    pub(super) fn batch(&self, sql: &str) -> Result<()> {
        Ok(self.runtime.block_on(self.client.batch_execute(sql))?)
    }

    /// Runs work on the connection.
    pub(super) fn run<T>(&self, work: impl AsyncFnOnce(&Client) -> Result<T>) -> Result<T> {
        self.runtime.block_on(work(&self.client))
    }
}

/// Kind, class, anchor, tokens, body.
type StoredRow = (String, String, Option<i64>, Vec<u8>, Vec<u8>);

/// What ours stored of one subject: the bytes that the floor has to write.
#[derive(Default, Clone)]
pub(super) struct Stored {
    subject: Uuid,
    rows: Vec<StoredRow>,
    tokens: Vec<Vec<u8>>,
    leaves: Vec<(Vec<u8>, Vec<u8>)>,
    keys: Vec<(String, Vec<u8>)>,
}

/// Reads everything that ours stored, in the order of `subjects`.
pub(super) fn stored(databases: &Databases, subjects: &[SubjectId]) -> Result<Vec<Stored>> {
    let mut by: HashMap<Uuid, Stored> = HashMap::new();
    let ask = |url: &str, sql: &str| -> Result<Vec<tokio_postgres::Row>> {
        Plain::connect(url)?.run(async |client| Ok(client.query(sql, &[]).await?))
    };
    let sql = "SELECT subject, kind, class, anchor_at, tokens, body FROM tacenda.rows
        WHERE class IS NOT NULL";
    for row in ask(&databases.rows, sql)? {
        let one = by.entry(row.try_get(0)?).or_default();
        let columns = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        one.rows.push((columns.0, columns.1, columns.2, row.try_get(4)?, row.try_get(5)?));
    }
    for row in ask(&databases.rows, "SELECT subject, token FROM tacenda.lookups")? {
        by.entry(row.try_get(0)?).or_default().tokens.push(row.try_get(1)?);
    }
    for row in ask(&databases.rows, "SELECT subject, hash, bytes FROM tacenda.leaves")? {
        let leaf = (row.try_get(1)?, row.try_get(2)?);
        by.entry(row.try_get(0)?).or_default().leaves.push(leaf);
    }
    for row in ask(&databases.keys, "SELECT subject, class, wrapped FROM tacenda.keys")? {
        let key = (row.try_get(1)?, row.try_get(2)?);
        by.entry(row.try_get(0)?).or_default().keys.push(key);
    }
    let take = |subject: &SubjectId| {
        let subject = subject.as_uuid();
        let one = by.remove(&subject).ok_or("a subject is missing")?;
        Ok(Stored { subject, ..one })
    };
    subjects.iter().map(take).collect()
}

/// The floor's databases.
pub(super) struct Floor {
    pub(super) rows: String,
    pub(super) keys: String,
}

/// A writer of the floor.
pub(super) struct Writer {
    rows: Plain,
    keys: Plain,
}

impl Floor {
    pub(super) fn new() -> Result<Self> {
        let floor = Self { rows: super::cluster().database(), keys: super::cluster().database() };
        Plain::connect(&floor.rows)?.batch(ROWS)?;
        Plain::connect(&floor.keys)?.batch(KEYS)?;
        Ok(floor)
    }

    pub(super) fn writer(&self) -> Result<Writer> {
        Ok(Writer { rows: Plain::connect(&self.rows)?, keys: Plain::connect(&self.keys)? })
    }
}

impl Writer {
    /// Keys in one transaction, then rows, tokens and leaves in another.
    pub(super) fn insert(&self, page: &[Stored]) -> Result<()> {
        self.keys.run(async |client| insert_keys(client, page).await)?;
        self.rows.run(async |client| {
            client.batch_execute("BEGIN").await?;
            insert_rows(client, page).await?;
            insert_rest(client, page).await?;
            Ok(client.batch_execute("COMMIT").await?)
        })
    }
}

async fn insert_keys(client: &Client, page: &[Stored]) -> Result<()> {
    let all = || page.iter().flat_map(|one| one.keys.iter().map(move |key| (one.subject, key)));
    let subjects: Vec<Uuid> = all().map(|(subject, _)| subject).collect();
    let classes: Vec<&str> = all().map(|(_, key)| key.0.as_str()).collect();
    let wrapped: Vec<&[u8]> = all().map(|(_, key)| key.1.as_slice()).collect();
    let sql = "INSERT INTO keys SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[])";
    client.execute(sql, &[&subjects, &classes, &wrapped]).await?;
    Ok(())
}

async fn insert_rows(client: &Client, page: &[Stored]) -> Result<()> {
    let all = || page.iter().flat_map(|one| one.rows.iter().map(move |row| (one.subject, row)));
    let subjects: Vec<Uuid> = all().map(|(subject, _)| subject).collect();
    let kinds: Vec<&str> = all().map(|(_, row)| row.0.as_str()).collect();
    let classes: Vec<&str> = all().map(|(_, row)| row.1.as_str()).collect();
    let anchors: Vec<Option<i64>> = all().map(|(_, row)| row.2).collect();
    let tokens: Vec<&[u8]> = all().map(|(_, row)| row.3.as_slice()).collect();
    let bodies: Vec<&[u8]> = all().map(|(_, row)| row.4.as_slice()).collect();
    let sql = "INSERT INTO rows
        SELECT s, k, c, 'live', a, t, b FROM unnest($1::uuid[], $2::text[], $3::text[],
            $4::int8[], $5::bytea[], $6::bytea[]) AS n(s, k, c, a, t, b)";
    client.execute(sql, &[&subjects, &kinds, &classes, &anchors, &tokens, &bodies]).await?;
    Ok(())
}

async fn insert_rest(client: &Client, page: &[Stored]) -> Result<()> {
    let all = || page.iter().flat_map(|one| one.tokens.iter().map(move |t| (one.subject, t)));
    let tokens: Vec<&[u8]> = all().map(|(_, token)| token.as_slice()).collect();
    let subjects: Vec<Uuid> = all().map(|(subject, _)| subject).collect();
    let sql = "INSERT INTO lookups SELECT * FROM unnest($1::bytea[], $2::uuid[])";
    client.execute(sql, &[&tokens, &subjects]).await?;
    let all = || page.iter().flat_map(|one| one.leaves.iter().map(move |leaf| (one.subject, leaf)));
    let subjects: Vec<Uuid> = all().map(|(subject, _)| subject).collect();
    let hashes: Vec<&[u8]> = all().map(|(_, leaf)| leaf.0.as_slice()).collect();
    let bytes: Vec<&[u8]> = all().map(|(_, leaf)| leaf.1.as_slice()).collect();
    let sql = "INSERT INTO log (subject, hash, bytes)
        SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::bytea[])";
    client.execute(sql, &[&subjects, &hashes, &bytes]).await?;
    Ok(())
}
