//! Import: 100,000 profiles of two classes and seven items, against plain inserts of the same rows;
//! and the memory of a large import.

use std::io::Read;

use tacenda::import::{Verdict, import_csv};
use tacenda::{SubjectId, SystemRng, block_on};

use crate::Size;
use crate::measure::{Cost, Required, Result, Watch, cost, medians, memory};
use crate::people::{ITEMS, Person, person};
use crate::plain::{Plain, rows};
use crate::world::{World, start};

const PAGE: usize = 1000;

pub(crate) fn run(size: Size) -> Result<()> {
    if let Some(count) = size.big {
        return big(count);
    }
    let (count, times) = (size.pick(100_000, 10_000), size.pick(3, 1));
    let people: Vec<Person> = (0..count).map(person).collect();
    let csv = csv(&people);
    let mut costs: [Vec<Cost>; 4] = Default::default();
    for _ in 0..times {
        let round =
            [floor(&people, false)?, floor(&people, true)?, ours(&people)?, ours_csv(&csv)?];
        for (costs, cost) in costs.iter_mut().zip(round) {
            costs.push(cost);
        }
    }
    let names = [
        "floor, rows as they come",
        "floor, rows by key in each transaction",
        "ours, register_many",
        "ours, import_csv with fingerprints",
    ];
    let mut rates = Vec::new();
    for (name, costs) in names.iter().zip(&costs) {
        let Cost { wall, cpu } = medians(costs);
        let (rate, used) = (count as f64 / wall, cpu * 1e6 / count as f64);
        println!("  {name}: {rate:.0} profiles/s, {used:.1} µs CPU each");
        rates.push(rate);
    }
    if let [unsorted, sorted, ours, ours_csv] = rates.as_slice() {
        let required = Required::AtLeast(0.45);
        required.report("import, rate of register_many to the floor", ours / unsorted);
        required.report("import, rate of register_many to the floor by key", ours / sorted);
        required.report("import, rate of import_csv to the floor", ours_csv / unsorted);
        required.report("import, rate of import_csv to the floor by key", ours_csv / sorted);
    }
    Ok(())
}

fn floor(people: &[Person], by_key: bool) -> Result<Cost> {
    let folder = tempfile::tempdir()?;
    let mut plain = Plain::open(&folder.path().join("plain.db"))?;
    let (now, anchor) = (start()?, start()?.as_micros());
    let work = || {
        for page in people.chunks(PAGE) {
            let mut page: Vec<_> = page
                .iter()
                .flat_map(|person| {
                    rows(SubjectId::generate(now, &SystemRng), person, anchor, ITEMS.len())
                })
                .collect();
            if by_key {
                page.sort_unstable_by_key(|row| (row.subject, row.class));
            }
            plain.insert(&page)?;
        }
        Ok(())
    };
    Ok(cost(work)?.0)
}

fn ours(people: &[Person]) -> Result<Cost> {
    let folder = tempfile::tempdir()?;
    let world = World::open(folder.path())?;
    let work = || register(&world, people);
    Ok(cost(work)?.0)
}

pub(crate) fn register(world: &World, people: &[Person]) -> Result<Vec<SubjectId>> {
    let requests = people.iter().map(|person| world.request(person, ITEMS.len()));
    world.register(requests.collect::<Result<_>>()?)
}

fn csv(people: &[Person]) -> String {
    let mut text = ITEMS.join(",");
    people.iter().for_each(|person| record(&mut text, person));
    text
}

fn record(text: &mut String, person: &Person) {
    text.push('\n');
    for (n, value) in person.values.iter().enumerate() {
        text.push_str(if n == 0 { "\"" } else { ",\"" });
        text.push_str(value);
        text.push('"');
    }
}

fn ours_csv(csv: &str) -> Result<Cost> {
    let folder = tempfile::tempdir()?;
    let world = World::open(folder.path())?;
    let work = || {
        let told = &mut |_: &[Verdict]| Ok(());
        let report = block_on(import_csv(&world.tacenda, csv.as_bytes(), &world.actor, told))?;
        if report.refused() > 0 { Err("a record was refused".into()) } else { Ok(()) }
    };
    Ok(cost(work)?.0)
}

/// A file of so many people that is made as it is read.
struct File {
    people: std::ops::Range<u64>,
    text: String,
    read: usize,
}

impl Read for File {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.read == self.text.len() {
            self.text.clear();
            self.read = 0;
            for number in self.people.by_ref().take(100) {
                record(&mut self.text, &person(number));
            }
        }
        let rest = self.text.as_bytes().get(self.read..).unwrap_or_default();
        let count = rest.take(out.len() as u64).read(out)?;
        self.read += count;
        Ok(count)
    }
}

/// A large import in flat memory.
fn big(count: u64) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let world = World::open(folder.path())?;
    let file = File { people: 0..count, text: ITEMS.join(","), read: 0 };
    let (watch, mut tenth, mut done) = (Watch::start(), Watch::start(), 0);
    println!("  at the start: {:.0} MiB resident", memory("VmRSS"));
    let mut told = |page: &[Verdict]| {
        let before = done;
        done += page.len() as u64;
        if before * 10 / count != done * 10 / count {
            println!(
                "  {done} profiles after {:.0} s ({:.0} profiles/s lately), {:.0} MiB resident",
                watch.seconds(),
                count as f64 / 10.0 / tenth.seconds(),
                memory("VmRSS")
            );
            tenth = Watch::start();
        }
        Ok(())
    };
    let report = block_on(import_csv(&world.tacenda, file, &world.actor, &mut told))?;
    println!("  most memory at any time: {:.0} MiB", memory("VmHWM"));
    if report.accepted() == count { Ok(()) } else { Err("a record was refused".into()) }
}
