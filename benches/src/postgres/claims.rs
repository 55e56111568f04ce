//! Leases of work by four claimers, against the one-step statement that is usual on one table.

use std::sync::atomic::{AtomicU64, Ordering};

use tacenda::{Name, RowId, SubjectId, SystemRng, block_on};
use tacenda_core::clock::Span;
use tacenda_core::ports::{Change, Expect, NewLeaf, RowWrite, Store, StoreInit};
use tacenda_core::row::{Row, RowKey, state};
use tacenda_store::postgres::{PostgresOptions, PostgresStore};

use super::cluster;
use super::plain::Plain;
use super::scale::at_once;
use crate::Size;
use crate::measure::{Result, cost, median};
use crate::world::start;

const CLAIMERS: usize = 4;
const KIND: Name = Name::fixed("work");

pub(crate) fn run(size: Size) -> Result<()> {
    let rounds = size.pick(3, 1);
    for (limit, count) in [(100, size.pick(20_000, 5_000)), (1, size.pick(5_000, 1_000))] {
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            ours.push(count as f64 / claim(count, limit)?);
            floor.push(count as f64 / claim_plain(count, limit)?);
        }
        let (ours, floor) = (median(&ours), median(&floor));
        println!("  {CLAIMERS} claimers, {limit} at once: floor {floor:.0}/s, ours {ours:.0}/s");
        let word = if ours >= 5_000.0 { "reached" } else { "NOT reached" };
        println!("  => claims, {limit} at once: {ours:.0}/s (required: at least 5000/s; {word})");
    }
    Ok(())
}

/// Leases everything, and answers with the seconds it took.
fn claim(count: u64, limit: usize) -> Result<f64> {
    let url = cluster().database();
    let open = || block_on(PostgresStore::open(&url, PostgresOptions::default()));
    let stores: Vec<_> = (0..CLAIMERS).map(|_| open()).collect::<Result<_, _>>()?;
    let store = stores.first().ok_or("no store")?;
    block_on(store.initialise(StoreInit { store: [1; 16], safe: [2; 16] }))?;
    fill(store, count)?;
    Plain::connect(&url)?.batch("ANALYZE tacenda.rows")?;
    let (now, pending) = (start()?, state::PENDING);
    let until = now.plus(Span::hours(1));
    let claimed = AtomicU64::new(0);
    let work = |store: &PostgresStore| {
        // Whoever finds nothing may have looked while others held what was left.
        while claimed.load(Ordering::Relaxed) < count {
            let rows = block_on(store.claim(&KIND, &pending, now, until, limit))?;
            claimed.fetch_add(rows.len() as u64, Ordering::Relaxed);
        }
        Ok(())
    };
    let (used, _) = cost(|| at_once(stores.iter(), work))?;
    let claimed = claimed.into_inner();
    if claimed == count {
        Ok(used.wall)
    } else {
        Err(format!("{claimed} of {count} claimed").into())
    }
}

fn fill(store: &PostgresStore, count: u64) -> Result<()> {
    let now = start()?;
    let mut left = count;
    while left > 0 {
        let page = left.min(1000);
        left -= page;
        let mut change = Change::default();
        for n in 0..page {
            let subject = SubjectId::generate(now, &SystemRng);
            let row = Row {
                key: RowKey { subject, kind: KIND, id: RowId::ONLY },
                class: None,
                state: state::PENDING,
                held: false,
                anchor_at: None,
                due_at: Some(now.minus(Span::micros(i64::try_from(left + n)?))),
                version: 1,
                tokens: Vec::new(),
                body: vec![7; 100],
            };
            change.writes.push(RowWrite { row, expect: Expect::Absent });
        }
        let subject = SubjectId::CONTROLLER;
        change.leaves.push(NewLeaf { subject, at: now, writes: true, bytes: vec![7; 100] });
        block_on(store.commit(change))?;
    }
    Ok(())
}

fn claim_plain(count: u64, limit: usize) -> Result<f64> {
    let url = cluster().database();
    let plain = Plain::connect(&url)?;
    plain.batch(&format!(
        "CREATE TABLE work (id bigint PRIMARY KEY, due bigint NOT NULL, lease bigint, body bytea);
        CREATE INDEX work_due ON work (due);
        INSERT INTO work SELECT n, n, NULL, decode(repeat('07', 100), 'hex')
            FROM generate_series(1, {count}) AS n;
        ANALYZE work;"
    ))?;
    let claimers: Vec<_> = (0..CLAIMERS).map(|_| Plain::connect(&url)).collect::<Result<_>>()?;
    let work = |plain: &Plain| {
        plain.run(async |client| {
            let sql = "UPDATE work SET lease = 1 WHERE id IN (SELECT id FROM work
                WHERE lease IS NULL ORDER BY due LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING *";
            let statement = client.prepare(sql).await?;
            let mut claimed = 0;
            loop {
                let rows = client.query(&statement, &[&i64::try_from(limit)?]).await?;
                if rows.is_empty() {
                    return Ok(claimed);
                }
                claimed += rows.len() as u64;
            }
        })
    };
    let (used, claimed) = cost(|| at_once(claimers.iter(), work))?;
    if claimed.iter().sum::<u64>() == count { Ok(used.wall) } else { Err("work was left".into()) }
}
