//! Reading a profile by id and by e-mail with its durable leaf, against a plain select of the rows
//! and a plain insert that waits for a group commit, with as many readers at once.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use rusqlite::{Connection, params};
use tacenda::{SubjectId, block_on};

use crate::Size;
use crate::measure::{Failure, Required, Result, Watch, cost, median, percentile};
use crate::people::{ITEMS, Person, email, mix, person};
use crate::plain::{Plain, connect, rows};
use crate::world::{World, start};

/// The largest number of inserts that share a transaction, as in our store.
const GROUP: usize = 256;

pub(crate) fn run(size: Size) -> Result<()> {
    let count = size.pick(100_000, 10_000);
    let people: Vec<Person> = (0..count).map(person).collect();
    let folder = tempfile::tempdir()?;
    let world = World::open(folder.path())?;
    let requests = people.iter().map(|person| world.request(person, ITEMS.len()));
    let subjects = world.register(requests.collect::<Result<_>>()?)?;
    let path = folder.path().join("plain.db");
    let mut plain = Plain::open(&path)?;
    let anchor = start()?.as_micros();
    for (page, people) in subjects.chunks(1000).zip(people.chunks(1000)) {
        let rows: Vec<_> = page
            .iter()
            .zip(people)
            .flat_map(|(subject, person)| rows(*subject, person, anchor, ITEMS.len()))
            .collect();
        plain.insert(&rows)?;
    }
    let floor = Floor::start(plain, path.clone());
    for readers in [1u64, 8] {
        for by_email in [false, true] {
            let reads = size.pick(2_000, 200) / readers;
            let (mut plain, mut ours) = (Vec::new(), Vec::new());
            let (mut plain_cpu, mut our_cpu) = (Vec::new(), Vec::new());
            for round in 0..size.pick(5, 1) {
                let pick = |reader: u64, n: u64| mix((round * 100 + reader) * 100_000 + n) % count;
                let reading = || {
                    at_once(readers, reads, &pick, &|_| {
                        let connection = connect(&path)?;
                        connection.pragma_update(None, "query_only", true)?;
                        let queue = floor.queue.clone();
                        let subjects = &subjects;
                        Ok(Box::new(move |number| {
                            select(&connection, subjects, number, by_email)?;
                            insert(&queue)
                        }))
                    })
                };
                let (used, times) = cost(reading)?;
                plain_cpu.push(used.cpu * 1e6 / times.len() as f64);
                plain.push(percentile(&times, 0.5));
                let (world, subjects) = (&world, &subjects);
                let reading = || {
                    at_once(readers, reads, &pick, &|_| {
                        Ok(Box::new(move |number| read(world, subjects, number, by_email)))
                    })
                };
                let (used, times) = cost(reading)?;
                our_cpu.push(used.cpu * 1e6 / times.len() as f64);
                ours.push(percentile(&times, 0.5));
            }
            let (plain, ours) = (median(&plain), median(&ours));
            let what = if by_email { "by e-mail" } else { "by id" };
            let (plain_cpu, our_cpu) = (median(&plain_cpu), median(&our_cpu));
            println!("  {what}, {readers} at once: floor {plain:.0} µs, {plain_cpu:.0} µs of CPU");
            println!(
                "  {what}, {readers} at once: ours {ours:.0} µs, {our_cpu:.0} µs of CPU (p50)"
            );
            let what = format!("read {what}, {readers} at once, p50 to the floor");
            Required::AtMost(2.0).report(&what, ours / plain);
        }
    }
    floor.stop()
}

type Reading<'a> = Box<dyn FnMut(u64) -> Result<()> + 'a>;

/// Runs a number of readers, and answers with what each of their reads took, in µs.
fn at_once<'a>(
    readers: u64,
    reads: u64,
    pick: &(dyn Fn(u64, u64) -> u64 + Sync),
    reader: &(dyn Fn(u64) -> Result<Reading<'a>> + Sync),
) -> Result<Vec<f64>> {
    let times = thread::scope(|scope| {
        let threads: Vec<_> = (0..readers)
            .map(|me| {
                scope.spawn(move || -> Result<Vec<f64>> {
                    let mut read = reader(me)?;
                    let mut times = Vec::with_capacity(reads as usize);
                    for n in 0..reads {
                        let watch = Watch::start();
                        read(pick(me, n))?;
                        times.push(watch.seconds() * 1e6);
                    }
                    Ok(times)
                })
            })
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Result<Vec<f64>>>| {
            thread.join().map_err(|_| Failure::from("a reader panicked"))?
        };
        threads.into_iter().map(join).collect::<Result<Vec<_>>>()
    })?;
    Ok(times.concat())
}

fn read(world: &World, subjects: &[SubjectId], number: u64, by_email: bool) -> Result<()> {
    let customers = world.tacenda.customers();
    let view = if by_email {
        block_on(customers.read_by_email(&email(number), "service", &world.actor))?
    } else {
        let subject = subjects.get(number as usize).ok_or("no such subject")?;
        block_on(customers.read(*subject, "service", &world.actor))?
    };
    if view.items().count() == ITEMS.len() { Ok(()) } else { Err("an item is missing".into()) }
}

fn select(
    connection: &Connection,
    subjects: &[SubjectId],
    number: u64,
    by_email: bool,
) -> Result<()> {
    let read = |row: &rusqlite::Row<'_>| row.get::<_, Vec<u8>>(0).map(|body| body.len());
    let by_id = "SELECT body FROM rows WHERE subject = ?1";
    let joined = "SELECT body FROM rows
        WHERE subject = (SELECT subject FROM rows WHERE email = ?1)";
    let found = if by_email {
        let mut statement = connection.prepare_cached(joined)?;
        statement.query_map([email(number)], read)?.collect::<Result<Vec<_>, _>>()?
    } else {
        let subject = subjects.get(number as usize).ok_or("no such subject")?;
        let mut statement = connection.prepare_cached(by_id)?;
        statement.query_map([subject.as_bytes()], read)?.collect::<Result<Vec<_>, _>>()?
    };
    if found.len() == 2 { Ok(()) } else { Err("a row is missing".into()) }
}

/// A plain writer that commits together whatever waits for it.
struct Floor {
    queue: Sender<SyncSender<()>>,
    thread: thread::JoinHandle<Result<()>>,
}

impl Floor {
    fn start(plain: Plain, _path: impl AsRef<Path>) -> Self {
        let (queue, waiting) = channel();
        let thread = thread::spawn(move || write(plain, &waiting));
        Self { queue, thread }
    }

    fn stop(self) -> Result<()> {
        drop(self.queue);
        self.thread.join().map_err(|_| Failure::from("the plain writer panicked"))?
    }
}

fn write(mut plain: Plain, waiting: &Receiver<SyncSender<()>>) -> Result<()> {
    // As long as a leaf about a read.
    let (mut place, bytes, hash) = (0i64, [7u8; 180], [9u8; 32]);
    while let Ok(first) = waiting.recv() {
        let mut group = vec![first];
        group.extend(waiting.try_iter().take(GROUP - 1));
        let transaction = plain.0.transaction()?;
        for _ in &group {
            let sql = "INSERT INTO log (place, hash, bytes) VALUES (?1, ?2, ?3)";
            transaction.prepare_cached(sql)?.execute(params![place, hash, bytes])?;
            place += 1;
        }
        transaction.commit()?;
        for reply in group {
            reply.send(()).map_err(|_| "a reader is gone")?;
        }
    }
    Ok(())
}

fn insert(queue: &Sender<SyncSender<()>>) -> Result<()> {
    let (reply, answer) = sync_channel(1);
    queue.send(reply).map_err(|_| "the plain writer is gone")?;
    Ok(answer.recv()?)
}
