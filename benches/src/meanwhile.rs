//! Reads while an import runs: how long each takes from the moment it is due.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use tacenda::block_on;

use crate::Size;
use crate::import::register;
use crate::measure::{Failure, Required, Result, Watch, percentile};
use crate::people::{Person, mix, person};
use crate::world::World;

pub(crate) fn run(size: Size) -> Result<()> {
    let people: Vec<Person> = (0..size.pick(100_000, 20_000)).map(person).collect();
    for _ in 0..size.pick(3, 1) {
        reads_meanwhile(&people)?;
    }
    Ok(())
}

/// How many threads share the reads, as a service's requests do: one that stalls is not in the way
/// of those that are due after it.
const READERS: usize = 16;
const EVERY: Duration = Duration::from_millis(5);

/// Reads at a fixed rate while an import runs: how long each takes from the moment it is due, so
/// that a stall counts for every read that falls into it.
fn reads_meanwhile(people: &[Person]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let world = World::open(folder.path())?;
    let (first, rest) = people.split_at(people.len() / 2);
    let known = register(&world, first)?;
    let (watch, next, done) = (Watch::start(), AtomicU32::new(0), AtomicBool::new(false));
    let reader = || -> Result<Vec<f64>> {
        let mut times = Vec::new();
        while !done.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let due = EVERY * number;
            thread::sleep(due.saturating_sub(watch.elapsed()));
            let at = mix(number.into()) as usize % known.len().max(1);
            let subject = known.get(at).ok_or("nobody is known")?;
            block_on(world.tacenda.customers().read(*subject, "service", &world.actor))?;
            times.push(watch.elapsed().saturating_sub(due).as_secs_f64() * 1e3);
        }
        Ok(times)
    };
    let (times, seconds) = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(reader)).collect();
        let registered = register(&world, rest);
        let seconds = watch.seconds();
        done.store(true, Ordering::Relaxed);
        let mut times = Vec::new();
        for reader in readers {
            times.extend(reader.join().map_err(|_| Failure::from("a reader panicked"))??);
        }
        registered.map(|_| (times, seconds))
    })?;
    let (p50, p99) = (percentile(&times, 0.5), percentile(&times, 0.99));
    let most = percentile(&times, 1.0);
    println!(
        "  {} reads, one every 5 ms, while {:.0} profiles/s enter: p50 {p50:.1} ms, longest {most:.0} ms",
        times.len(),
        rest.len() as f64 / seconds
    );
    Required::AtMost(50.0).report("p99 of reads during an import in ms", p99);
    Ok(())
}
