//! The servers on which a table lies: this one, or all of a Citus cluster. What a session sees of other
//! sessions, of settings and of the write-ahead log is its own server's; a scrub has to reach each.

use deadpool_postgres::Client;
use tacenda_core::ports::store::{CORRUPT, UNAVAILABLE};

use super::fault::Fault;

/// Whether a table is spread over the machines of a cluster.
pub(super) async fn is_spread(client: &Client, table: &str) -> Result<bool, Fault> {
    let citus = "SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL";
    if !client.query_one(citus, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(false);
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_dist_partition
        WHERE logicalrelid = $1::text::regclass)";
    Ok(client.query_one(sql, &[&table]).await?.try_get(0)?)
}

/// Runs a statement on every server of the cluster, and answers with what each says. One that fails
/// anywhere has failed.
pub(super) async fn on_each(client: &Client, statement: &str) -> Result<Vec<String>, Fault> {
    let sql = "SELECT success, result FROM run_command_on_all_nodes($1::text)";
    let answers = client.query(sql, &[&statement]).await?;
    let one = |row: &tokio_postgres::Row| match row.try_get(0)? {
        true => Ok(row.try_get::<_, Option<String>>(1)?.unwrap_or_default()),
        false => Err(UNAVAILABLE.error().into()),
    };
    answers.iter().map(one).collect()
}

/// Whether every server says yes to a condition.
pub(super) async fn all(client: &Client, condition: &str) -> Result<bool, Fault> {
    Ok(said(client, condition).await?.iter().all(|yes| *yes))
}

/// Whether any server says yes to a condition.
pub(super) async fn any(client: &Client, condition: &str) -> Result<bool, Fault> {
    Ok(said(client, condition).await?.contains(&true))
}

async fn said(client: &Client, condition: &str) -> Result<Vec<bool>, Fault> {
    let statement = format!("SELECT CASE WHEN {condition} THEN 'yes' ELSE 'no' END");
    let answers = on_each(client, &statement).await?;
    Ok(answers.iter().map(|answer| answer == "yes").collect())
}

/// The number of a transaction that begins now on each server, as an expression that is each one's own
/// where it is asked.
pub(super) async fn now(client: &Client) -> Result<String, Fault> {
    let own =
        "SELECT (SELECT groupid FROM pg_dist_local_group) || ' ' || pg_current_xact_id()::xid";
    let mut sql = "(SELECT CASE groupid".to_owned();
    for answer in on_each(client, own).await? {
        let number = |text: &str| text.parse::<u32>().map_err(|_| CORRUPT.error());
        let (group, transaction) = answer.split_once(' ').ok_or_else(|| CORRUPT.error())?;
        let (group, transaction) = (number(group)?, number(transaction)?);
        sql.push_str(&format!(" WHEN {group} THEN '{transaction}'"));
    }
    sql.push_str(" END FROM pg_dist_local_group)::xid");
    Ok(sql)
}
