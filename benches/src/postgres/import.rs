//! Import of profiles of two classes and seven items: keys, rows, look-ups and log, against plain
//! inserts of the same bytes.

use super::Databases;
use super::plain::{Floor, Stored, stored};
use crate::Size;
use crate::import::register;
use crate::measure::{Cost, Required, Result, cost, medians};
use crate::people::{Person, person};

const PAGE: usize = 1000;

pub(crate) fn run(size: Size) -> Result<()> {
    let (count, rounds) = (size.pick(100_000, 10_000), size.pick(3, 1));
    let people: Vec<Person> = (0..count).map(person).collect();
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    let mut bytes: Option<Vec<Stored>> = None;
    for _ in 0..rounds {
        let databases = Databases::new();
        let world = databases.open()?;
        let (used, subjects) = cost(|| register(&world, &people))?;
        ours.push(used);
        drop(world);
        let bytes = match &bytes {
            Some(bytes) => bytes,
            None => bytes.insert(stored(&databases, &subjects)?),
        };
        floor.push(insert(bytes)?);
    }
    for (name, costs) in [("floor", &floor), ("ours, register_many", &ours)] {
        let Cost { wall, cpu } = medians(costs);
        let (rate, cpu) = (count as f64 / wall, cpu * 1e6 / count as f64);
        println!("  {name}: {rate:.0} profiles/s, {cpu:.1} µs CPU of the client each");
    }
    let ratio = medians(&floor).wall / medians(&ours).wall;
    Required::AtLeast(0.5).report("import, rate of register_many to the floor", ratio);
    Ok(())
}

fn insert(bytes: &[Stored]) -> Result<Cost> {
    let floor = Floor::new()?;
    let writer = floor.writer()?;
    let work = || bytes.chunks(PAGE).try_for_each(|page| writer.insert(page));
    Ok(cost(work)?.0)
}
