//! Retention: 1 % of a million rows due, against the plain delete of the same rows in batches.

use tacenda_core::clock::Span;

use super::plain::{Floor, Plain, stored};
use super::{Databases, cluster};
use crate::Size;
use crate::measure::{Cost, Required, Result, cost, medians};
use crate::people::{OF_ACCOUNT, person};
use crate::sweep::{KEPT, cutoff, sweep};
use crate::world::{World, start};

const BATCH: i64 = 1000;

pub(crate) fn run(size: Size) -> Result<()> {
    let due = size.big.map_or_else(|| size.pick(10_000, 500), |rows| rows / 100);
    let rounds = size.pick(3, 2);
    let (databases, floor) = (Databases::new(), Floor::new()?);
    let world = databases.open()?;
    fill(&databases, &floor, &world, due, rounds)?;
    for url in [&databases.rows, &databases.keys, &floor.rows] {
        Plain::connect(url)?.batch("VACUUM ANALYZE")?;
    }
    let plain = Plain::connect(&floor.rows)?;
    let (mut floors, mut ours) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        cluster().sql("postgres", "CHECKPOINT");
        floors.push(delete(&plain, round, due)?);
        cluster().sql("postgres", "CHECKPOINT");
        ours.push(sweep(&world, round, due)?);
    }
    for (name, costs) in [("floor", &floors), ("ours", &ours)] {
        let (Cost { wall, cpu }, kept) = (medians(costs), due * 100);
        println!("  {name}, {due} of {kept} rows: {wall:.2} s, {cpu:.2} s of CPU of the client");
    }
    let ratio = medians(&ours).wall / medians(&floors).wall;
    Required::AtMost(2.0).report("sweep, time to the floor", ratio);
    Ok(())
}

/// A hundred times as many rows as are due; on each of `rounds` days `due` of them, scattered, end.
fn fill(databases: &Databases, floor: &Floor, world: &World, due: u64, rounds: u64) -> Result<()> {
    let (now, kept) = (start()?, due * 100);
    let mut subjects = Vec::new();
    let mut from = 0;
    while from < kept {
        let to = (from + 10_000).min(kept);
        let mut requests = Vec::new();
        for number in from..to {
            // Numbers below `due * rounds` end in one of the rounds, all others long after.
            let days = if number < due * rounds { number % rounds + 1 } else { 900 };
            let mut request = world.request(&person(number), OF_ACCOUNT)?;
            request.registered_at = Some(now.minus(KEPT).plus(Span::days(i64::try_from(days)?)));
            requests.push(request);
        }
        subjects.extend(world.register(requests)?);
        from = to;
    }
    let writer = floor.writer()?;
    stored(databases, &subjects)?.chunks(1000).try_for_each(|page| writer.insert(page))
}

fn delete(plain: &Plain, round: u64, due: u64) -> Result<Cost> {
    let cutoff = cutoff(round)?.minus(KEPT).as_micros();
    let work = || {
        plain.run(async |client| {
            let sql = "DELETE FROM rows WHERE (subject, kind) IN (SELECT subject, kind FROM rows
                WHERE class = 'account' AND state = 'live' AND anchor_at <= $1
                ORDER BY anchor_at LIMIT $2)";
            let statement = client.prepare(sql).await?;
            let mut gone = 0;
            loop {
                match client.execute(&statement, &[&cutoff, &BATCH]).await? {
                    0 => return Ok(gone),
                    more => gone += more,
                }
            }
        })
    };
    let (cost, gone) = cost(work)?;
    if gone == due { Ok(cost) } else { Err(format!("{gone} of {due} were deleted").into()) }
}
