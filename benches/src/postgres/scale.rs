//! How imports scale from one process to four, against how plain writers do.
//!
//! Each process is a thread here, with connections, a runtime and a sequencer of its own: they share
//! nothing but the machine.

use std::thread;

use super::Databases;
use super::plain::{Floor, Stored, stored};
use crate::Size;
use crate::import::register;
use crate::measure::{Failure, Required, Result, cost, median};
use crate::people::{Person, person};

const PROCESSES: usize = 4;
const PAGE: usize = 1000;

pub(crate) fn run(size: Size) -> Result<()> {
    let (count, rounds) = (size.pick(40_000, 8_000), size.pick(3, 1));
    let people: Vec<Person> = (0..count).map(person).collect();
    let mut ratios: [Vec<f64>; 4] = Default::default();
    let mut bytes: Option<Vec<Stored>> = None;
    for _ in 0..rounds {
        for (at, processes) in [1, PROCESSES].into_iter().enumerate() {
            let databases = Databases::new();
            let worlds: Vec<_> = (0..processes).map(|_| databases.open()).collect::<Result<_>>()?;
            let shares: Vec<_> = people.chunks(people.len().div_ceil(processes)).collect();
            let work = || at_once(worlds.iter().zip(shares), |(w, people)| register(w, people));
            let (used, subjects) = cost(work)?;
            ratios.get_mut(at).ok_or("no such measure")?.push(count as f64 / used.wall);
            drop(worlds);
            let bytes = match &bytes {
                Some(bytes) => bytes,
                None => bytes.insert(stored(&databases, &subjects.concat())?),
            };
            let floor = Floor::new()?;
            let writers: Vec<_> = (0..processes).map(|_| floor.writer()).collect::<Result<_>>()?;
            let shares = bytes.chunks(bytes.len().div_ceil(processes));
            let work = || {
                at_once(writers.iter().zip(shares), |(writer, share)| {
                    share.chunks(PAGE).try_for_each(|page| writer.insert(page))
                })
            };
            let (used, _) = cost(work)?;
            ratios.get_mut(2 + at).ok_or("no such measure")?.push(count as f64 / used.wall);
        }
    }
    let [one, four, plain, plain_four] = ratios.map(|rates| median(&rates));
    println!("  floor: {plain:.0} profiles/s from one process, {plain_four:.0} from four");
    println!("  ours: {one:.0} profiles/s from one process, {four:.0} from four");
    let ratio = (four / one) / (plain_four / plain);
    Required::AtLeast(0.8).report("four processes, how ours scales to how the floor does", ratio);
    Ok(())
}

/// Does the work of each process at the same time.
pub(super) fn at_once<I: Send, T: Send>(
    shares: impl Iterator<Item = I>,
    work: impl Fn(I) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = shares.map(|share| scope.spawn(move || work(share))).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Result<T>>| {
            thread.join().map_err(|_| Failure::from("a process panicked"))?
        };
        threads.into_iter().map(join).collect()
    })
}
