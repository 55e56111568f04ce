//! The tables, and how they come to be. A shipped version is frozen.

use deadpool_postgres::Client;
use tacenda_core::ports::store::NEWER_SCHEMA;

use super::fault::Fault;

/// A kind of database: its name in `tacenda_schema`, and its versions, the first first.
pub(super) struct Schema {
    pub(super) name: &'static str,
    pub(super) versions: &'static [&'static str],
}

pub(super) static STORE: Schema = Schema {
    name: "store",
    versions: &[include_str!("schema/store_1.sql"), include_str!("schema/store_2.sql")],
};

pub(super) static SAFE: Schema =
    Schema { name: "safe", versions: &[include_str!("schema/safe_1.sql")] };

impl Schema {
    fn version(&self) -> i32 {
        i32::try_from(self.versions.len()).unwrap_or(i32::MAX)
    }

    /// Brings the tables to this release's version, one process at a time. A role that may not
    /// make tables finds them made.
    pub(super) async fn migrate(&self, client: &Client, schema: &str) -> Result<(), Fault> {
        match self.found(client, schema).await? {
            Some(version) if version == self.version() => return Ok(()),
            Some(version) if version > self.version() => return Err(NEWER_SCHEMA.error().into()),
            _ => {}
        }
        client.batch_execute("BEGIN").await?;
        let done = self.upgrade(client, schema).await;
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        client.batch_execute(end).await?;
        done
    }

    async fn upgrade(&self, client: &Client, schema: &str) -> Result<(), Fault> {
        // Only migrations use it; nothing that a commit relies on does.
        client.execute("SELECT pg_advisory_xact_lock(8387227022446554947)", &[]).await?;
        client.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS {schema}")).await?;
        client
            .batch_execute(
                "CREATE TABLE IF NOT EXISTS tacenda_schema
                    (name text COLLATE \"C\" PRIMARY KEY, version integer NOT NULL)",
            )
            .await?;
        let found = self.found(client, schema).await?;
        if found.is_some_and(|version| version > self.version()) {
            return Err(NEWER_SCHEMA.error().into());
        }
        let done = usize::try_from(found.unwrap_or(0)).unwrap_or(0);
        for sql in self.versions.iter().skip(done) {
            client.batch_execute(sql).await?;
        }
        let sql = "INSERT INTO tacenda_schema (name, version) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET version = excluded.version";
        client.execute(sql, &[&self.name, &self.version()]).await?;
        Ok(())
    }

    /// The version that is there.
    async fn found(&self, client: &Client, schema: &str) -> Result<Option<i32>, Fault> {
        let there = "SELECT to_regclass($1) IS NOT NULL";
        let table = format!("{schema}.tacenda_schema");
        if !client.query_one(there, &[&table]).await?.try_get::<_, bool>(0)? {
            return Ok(None);
        }
        let sql = "SELECT version FROM tacenda_schema WHERE name = $1";
        let row = client.query_opt(sql, &[&self.name]).await?;
        row.map(|row| row.try_get(0)).transpose().map_err(Fault::from)
    }
}
