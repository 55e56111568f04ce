//! Lists of what is due: over ten times the subjects and ten times the open requests they take as
//! long, as long as as much is due.

use tacenda::gdpr::requests::{Arrival, Channel, Requester, Right, Scope, Whom};
use tacenda::{SubjectId, Timestamp, block_on};
use tacenda_core::calendar::day_of;
use tacenda_core::clock::Span;

use crate::Size;
use crate::measure::{Cost, Required, Result, cost, medians};
use crate::people::{OF_ACCOUNT, person};
use crate::sweep::KEPT;
use crate::world::{World, start};

/// Of so many subjects one has an open request.
const ONE_IN: u64 = 50;
/// How many write requests at once.
const WRITERS: usize = 16;

struct Store {
    world: World,
    subjects: u64,
    // Holds the files until the end.
    _folder: tempfile::TempDir,
}

pub(crate) fn run(size: Size) -> Result<()> {
    let (due, rounds) = (size.pick(1_000, 100), size.pick(15, 3));
    let (small, large) = (fill(due * 100, due)?, fill(due * 1_000, due)?);
    for (name, list) in [("requests", requests as List), ("rows", rows)] {
        let (mut few, mut many) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            few.push(list(&small.world, due)?);
            many.push(list(&large.world, due)?);
        }
        for (store, costs) in [(&small, &few), (&large, &many)] {
            let Cost { wall, cpu } = medians(costs);
            let (of, wall, cpu) = (store.subjects, wall * 1e3, cpu * 1e3);
            println!("  {due} due {name}, {of} subjects: {wall:.1} ms, {cpu:.1} ms of CPU");
        }
        let growth = medians(&many).wall / medians(&few).wall;
        Required::AtMost(1.2).report(&format!("list of due {name}, ten times the rest"), growth);
    }
    Ok(())
}

type List = fn(&World, u64) -> Result<Cost>;

/// The requests that are to be answered by today.
fn requests(world: &World, due: u64) -> Result<Cost> {
    let requests = world.tacenda.requests()?;
    let today = day_of(world.tacenda.vault().ports().zone.as_ref(), start()?);
    let (cost, listed) = cost(|| Ok(block_on(requests.agenda(today, &world.actor))?.len()))?;
    if listed as u64 == due { Ok(cost) } else { Err(format!("{listed} of {due}").into()) }
}

/// The plan of a sweep.
fn rows(world: &World, due: u64) -> Result<Cost> {
    let (cost, plan) = cost(|| Ok(block_on(world.tacenda.retention().plan())?))?;
    let listed = plan.due();
    if listed == due { Ok(cost) } else { Err(format!("{listed} of {due}").into()) }
}

/// So many subjects, `due` of whom have ended, and `due` of whom wait for an answer of today.
fn fill(subjects: u64, due: u64) -> Result<Store> {
    let folder = tempfile::tempdir()?;
    let world = World::open(folder.path())?;
    let now = start()?;
    let mut asking = Vec::new();
    for from in (0..subjects).step_by(10_000) {
        let numbers: Vec<u64> = (from..(from + 10_000).min(subjects)).collect();
        let mut requests = Vec::with_capacity(numbers.len());
        for number in &numbers {
            let mut request = world.request(&person(*number), OF_ACCOUNT)?;
            // Those who have ended are scattered over the others.
            let ended = number % (subjects / due) == 1;
            let since = now.minus(KEPT).plus(Span::days(if ended { -1 } else { 900 }));
            request.registered_at = Some(since);
            requests.push(request);
        }
        let registered = world.register(requests)?;
        let these = numbers.iter().zip(registered).filter(|(n, _)| n.is_multiple_of(ONE_IN));
        asking.extend(these.map(|(_, subject)| subject));
    }
    // So are those whose answer is due; all others asked today.
    let every = asking.len() / usize::try_from(due)?;
    let asking: Vec<(SubjectId, Timestamp)> = asking
        .into_iter()
        .enumerate()
        .map(|(n, subject)| (subject, if n % every == 0 { now.minus(Span::days(40)) } else { now }))
        .collect();
    std::thread::scope(|scope| {
        let share = asking.len().div_ceil(WRITERS).max(1);
        let writers: Vec<_> =
            asking.chunks(share).map(|part| scope.spawn(|| receive(&world, part))).collect();
        writers.into_iter().try_for_each(|one| one.join().map_err(|_| "a writer stopped")?)
    })?;
    Ok(Store { world, subjects, _folder: folder })
}

fn receive(world: &World, asking: &[(SubjectId, Timestamp)]) -> Result<()> {
    let requests = world.tacenda.requests()?;
    for (subject, received_at) in asking {
        let arrival = Arrival {
            id: None,
            whom: Whom::Known(*subject),
            right: Right::Access,
            purpose: None,
            requester: Requester::Subject,
            channel: Channel::Letter,
            scope: Scope::ALL,
            received_at: *received_at,
            reply_to: None,
            words: None,
        };
        block_on(requests.receive(arrival, &world.actor))?;
    }
    Ok(())
}
