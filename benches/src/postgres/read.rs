//! Reading a profile for a purpose with its durable leaf, against a select by primary key and a
//! plain insert that is committed.

use tacenda::{SubjectId, block_on};

use super::Databases;
use super::plain::{Floor, Plain, stored};
use super::scale::at_once;
use crate::Size;
use crate::import::register;
use crate::measure::{Required, Result, Watch, median, percentile};
use crate::people::{ITEMS, Person, mix, person};
use crate::world::World;

pub(crate) fn run(size: Size) -> Result<()> {
    let count = size.pick(100_000, 10_000);
    let people: Vec<Person> = (0..count).map(person).collect();
    let databases = Databases::new();
    let world = databases.open()?;
    let subjects = register(&world, &people)?;
    let floor = Floor::new()?;
    let bytes = stored(&databases, &subjects)?;
    let writer = floor.writer()?;
    bytes.chunks(1000).try_for_each(|page| writer.insert(page))?;
    for url in [&databases.rows, &databases.keys, &floor.rows] {
        let connection = Plain::connect(url)?;
        connection.batch("VACUUM ANALYZE")?;
        connection.batch("CHECKPOINT")?;
    }
    for readers in [1u64, 8] {
        let (mut ours, mut plain) = (Vec::new(), Vec::new());
        for round in 0..size.pick(5, 1) {
            let reads = size.pick(2_000, 200) / readers;
            let pick = |reader: u64, n: u64| mix((round * 100 + reader) * 100_000 + n) % count;
            let of = |number: u64| subjects.get(number as usize).copied().ok_or("no such subject");
            let read = |reader: u64| {
                let connection = Plain::connect(&floor.rows)?;
                connection.run(async |client| {
                    let select = client.prepare("SELECT body FROM rows WHERE subject = $1").await?;
                    let sql = "INSERT INTO log (subject, hash, bytes) VALUES ($1, $2, $3)";
                    let insert = client.prepare(sql).await?;
                    let (hash, leaf) = (vec![9u8; 32], vec![7u8; 180]);
                    let mut times = Vec::with_capacity(reads as usize);
                    for n in 0..reads {
                        let subject = of(pick(reader, n))?.as_uuid();
                        let watch = Watch::start();
                        if client.query(&select, &[&subject]).await?.len() != 2 {
                            return Err("a row is missing".into());
                        }
                        client.execute(&insert, &[&subject, &hash, &leaf]).await?;
                        times.push(watch.seconds() * 1e6);
                    }
                    Ok(times)
                })
            };
            plain.push(percentile(&at_once(0..readers, read)?.concat(), 0.5));
            let read = |reader: u64| {
                let one = |n: u64| read_one(&world, of(pick(reader, n))?);
                (0..reads).map(one).collect::<Result<Vec<_>>>()
            };
            ours.push(percentile(&at_once(0..readers, read)?.concat(), 0.5));
        }
        let (plain, ours) = (median(&plain), median(&ours));
        println!("  by id, {readers} at once: floor {plain:.0} µs, ours {ours:.0} µs (p50)");
        let what = format!("read by id, {readers} at once, p50 to the floor");
        Required::AtMost(3.0).report(&what, ours / plain);
    }
    Ok(())
}

/// What it took, in µs.
fn read_one(world: &World, subject: SubjectId) -> Result<f64> {
    let watch = Watch::start();
    let view = block_on(world.tacenda.customers().read(subject, "service", &world.actor))?;
    let time = watch.seconds() * 1e6;
    if view.items().count() == ITEMS.len() { Ok(time) } else { Err("an item is missing".into()) }
}
