//! Erasure: 10,000 scattered subjects of 100,000, keys included, against plain deletes of the same
//! rows in batches of the same size.

use tacenda::{SubjectId, block_on};
use tacenda_core::Name;
use tacenda_core::vault::{ErasedClass, Outline, SubjectPlan};

use crate::Size;
use crate::measure::{Cost, Required, Result, cost, medians};
use crate::people::{ITEMS, Person, mix, person};
use crate::plain::{Plain, rows};
use crate::world::{World, start};

const BATCH: usize = 1000;

pub(crate) fn run(size: Size) -> Result<()> {
    let count = size.pick(100_000, 10_000);
    let rounds = size.pick(5, 2);
    let people: Vec<Person> = (0..count).map(person).collect();
    let folder = tempfile::tempdir()?;
    let world = World::open(folder.path())?;
    let requests = people.iter().map(|person| world.request(person, ITEMS.len()));
    let mut kept = world.register(requests.collect::<Result<_>>()?)?;
    let mut plain = Plain::open(&folder.path().join("plain.db"))?;
    let anchor = start()?.as_micros();
    let all: Vec<_> = kept
        .iter()
        .zip(&people)
        .flat_map(|(subject, person)| rows(*subject, person, anchor, ITEMS.len()))
        .collect();
    for page in all.chunks(2 * BATCH) {
        plain.insert(page)?;
    }
    let share = (count / 10) as usize;
    let (mut floor, mut ours, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let gone = scattered(&mut kept, share, round);
        let work = || gone.chunks(BATCH).try_for_each(|batch| plain.delete(batch));
        floor.push(cost(work)?.0);
        let work = || gone.chunks(BATCH).try_for_each(|batch| destroy(&world, batch));
        ours.push(cost(work)?.0);
    }
    // All in one call, for one scrub of the safe's files at the end.
    let gone = scattered(&mut kept, share, rounds);
    plain.delete(&gone)?;
    whole.push(cost(|| destroy(&world, &gone))?.0);
    let rate = |costs: &[Cost]| share as f64 / medians(costs).wall;
    let names = ["floor, plain deletes", "ours", "ours, all in one call"];
    for (name, costs) in names.iter().zip([&floor, &ours, &whole]) {
        let used = medians(costs).cpu * 1e6 / share as f64;
        println!("  {name}: {:.0} subjects/s, {used:.0} µs CPU each", rate(costs));
    }
    Required::AtLeast(0.25).report("erase, rate to the floor", rate(&ours) / rate(&floor));
    Ok(())
}

/// Takes subjects from all over the keys.
fn scattered(kept: &mut Vec<SubjectId>, share: usize, round: u64) -> Vec<SubjectId> {
    let from = kept.len() as u64;
    (0..share as u64)
        .map(|n| {
            let at = mix(round.wrapping_mul(from).wrapping_add(n)) as usize % kept.len().max(1);
            kept.swap_remove(at)
        })
        .collect()
}

/// As an erasure on request does it, for many at once: what is kept is looked at, then it goes.
fn destroy(world: &World, subjects: &[SubjectId]) -> Result<()> {
    let (vault, reason) = (world.tacenda.vault(), Name::fixed("request"));
    let outlines = block_on(vault.outlines(subjects, vault.policy().primary_class()))?;
    let plan = |(subject, rows): (&SubjectId, tacenda::Result<Vec<Outline>>)| {
        let rows = rows?;
        let erase = |row: &Outline| ErasedClass {
            class: row.class.clone(),
            reason: reason.clone(),
            keys: row.key.into_iter().collect(),
        };
        Ok(SubjectPlan {
            subject: *subject,
            erase: rows.iter().map(erase).collect(),
            archive: Vec::new(),
            reduce: Vec::new(),
            closed_at: Some(vault.now()),
            seen: rows.iter().map(Outline::seen).collect(),
        })
    };
    let plans = subjects.iter().zip(outlines).map(plan).collect::<Result<_>>()?;
    let destroyed = block_on(vault.destroy(plans, &world.actor))?;
    if destroyed.len() == subjects.len() { Ok(()) } else { Err("a subject was left".into()) }
}
