//! Retention: 1 % of a million rows due, against the plain delete of the same rows in batches; and
//! ten times the kept rows with as many due, beside what the plain delete itself takes for them.

use tacenda::block_on;
use tacenda_core::clock::Span;

use crate::Size;
use crate::measure::{Cost, Required, Result, cost, medians};
use crate::people::{OF_ACCOUNT, Person, person};
use crate::plain::{Plain, rows};
use crate::world::{World, start};

const BATCH: usize = 1000;
/// The policy keeps rows for three years, of which one has 366 days.
pub(crate) const KEPT: Span = Span::days(3 * 365 + 1);

/// A store in which a share of the rows falls due on each of some days.
struct Store {
    world: World,
    plain: Plain,
    // Holds the files until the end.
    _folder: tempfile::TempDir,
}

pub(crate) fn run(size: Size) -> Result<()> {
    let due = size.pick(10_000, 1_000);
    let rounds = size.pick(5, 2);
    // Each round takes some away, which is much of the small one: in the round in the middle as many
    // are there as is said.
    let mut large = Store::fill(due * 100, due, rounds)?;
    let mut small = Store::fill(due * (10 + rounds / 2), due, rounds)?;
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    let (mut floor_small, mut ours_small) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        floor.push(large.delete_plain(round)?);
        ours.push(sweep(&large.world, round, due)?);
        floor_small.push(small.delete_plain(round)?);
        ours_small.push(sweep(&small.world, round, due)?);
    }
    let lines = [
        ("floor", &floor, 100),
        ("ours", &ours, 100),
        ("floor", &floor_small, 10),
        ("ours", &ours_small, 10),
    ];
    for (name, costs, times) in lines {
        let Cost { wall, cpu } = medians(costs);
        let kept = due * times;
        println!("  {name}, {due} of {kept} rows, {BATCH} at once: {wall:.2} s, {cpu:.2} s of CPU");
    }
    let [floor, ours, floor_small, ours_small] =
        [floor, ours, floor_small, ours_small].map(|costs| medians(&costs));
    Required::AtMost(3.0).report("sweep, time to the floor", ours.wall / floor.wall);
    let growth = ours.wall / ours_small.wall;
    Required::AtMost(1.2).report("sweep, time for ten times the kept rows", growth);
    let (wall, cpu) = (floor.wall / floor_small.wall, floor.cpu / floor_small.cpu);
    println!("  the floor's own, for ten times the kept rows: {wall:.2}, {cpu:.2} of the CPU time");
    let cpu = ours.cpu / ours_small.cpu;
    println!("  ours, of the CPU time: {cpu:.2}; to the floor: {:.2}", ours.cpu / floor.cpu);
    Ok(())
}

impl Store {
    /// `kept` rows; on each of `rounds` days `due` of them, scattered over the keys, end.
    fn fill(kept: u64, due: u64, rounds: u64) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let world = World::open(folder.path())?;
        let mut plain = Plain::open(&folder.path().join("plain.db"))?;
        let now = start()?;
        let mut from = 0;
        while from < kept {
            let to = (from + 10_000).min(kept);
            let people: Vec<Person> = (from..to).map(person).collect();
            let mut requests = Vec::with_capacity(people.len());
            let mut anchors = Vec::with_capacity(people.len());
            for (number, person) in (from..to).zip(&people) {
                // Numbers below `due * rounds` end in one of the rounds, all others long after.
                let days = if number < due * rounds { number % rounds + 1 } else { 900 };
                let anchor = now.minus(KEPT).plus(Span::days(i64::try_from(days)?));
                let mut request = world.request(person, OF_ACCOUNT)?;
                request.registered_at = Some(anchor);
                requests.push(request);
                anchors.push(anchor.as_micros());
            }
            let subjects = world.register(requests)?;
            let all: Vec<_> = subjects
                .iter()
                .zip(&people)
                .zip(&anchors)
                .flat_map(|((subject, person), anchor)| rows(*subject, person, *anchor, OF_ACCOUNT))
                .collect();
            for page in all.chunks(BATCH) {
                plain.insert(page)?;
            }
            from = to;
        }
        Ok(Self { world, plain, _folder: folder })
    }

    fn delete_plain(&mut self, round: u64) -> Result<Cost> {
        let cutoff = cutoff(round)?.minus(KEPT).as_micros();
        let work = || {
            loop {
                let sql =
                    "DELETE FROM rows WHERE (subject, kind) IN (SELECT subject, kind FROM rows
                    INDEXED BY rows_anchor WHERE class = 'account' AND state = 'live'
                    AND anchor_at <= ?1 ORDER BY anchor_at LIMIT ?2)";
                let gone = self.plain.0.prepare_cached(sql)?.execute((cutoff, BATCH as i64))?;
                if gone < BATCH {
                    return Ok(());
                }
            }
        };
        Ok(cost(work)?.0)
    }
}

/// Plans and sweeps what is due in a round; it has to be as many.
pub(crate) fn sweep(world: &World, round: u64, due: u64) -> Result<Cost> {
    world.clock.set(cutoff(round)?);
    let work = || {
        let retention = world.tacenda.retention();
        let plan = block_on(retention.plan())?;
        Ok(block_on(retention.sweep(Some(plan.digest), &world.actor, &mut |_| {}))?)
    };
    let (cost, swept) = cost(work)?;
    if swept.subjects == due {
        Ok(cost)
    } else {
        Err(format!("{} of {due} were swept", swept.subjects).into())
    }
}

/// The time of a round: half a day after its rows ended.
pub(crate) fn cutoff(round: u64) -> Result<tacenda::Timestamp> {
    Ok(start()?.plus(Span::days(i64::try_from(round + 1)?)).plus(Span::hours(12)))
}
