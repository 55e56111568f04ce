//! Retention with exceptions: a sweep of as many due rows, where one in a hundred is held and of one in
//! a hundred a law keeps the invoice, against one without either.

use tacenda::gdpr::holds::{Ground, Note, Scope, Selection, Terms};
use tacenda::{Name, SubjectId, block_on};
use tacenda_core::calendar::day_of;
use tacenda_core::clock::Span;

use crate::Size;
use crate::measure::{Cost, Required, Result, medians};
use crate::people::{ITEMS, OF_ACCOUNT, person};
use crate::sweep::{KEPT, sweep};
use crate::world::{POLICY, World, start};

/// One in so many is held, and one in so many has been invoiced.
const ONE_IN: u64 = 100;

struct Store {
    world: World,
    // Holds the files until the end.
    _folder: tempfile::TempDir,
}

pub(crate) fn run(size: Size) -> Result<()> {
    let due = size.pick(10_000, 1_000);
    let rounds = size.pick(5, 2);
    let (plain, kept) = (fill(due, rounds, false)?, fill(due, rounds, true)?);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        without.push(sweep(&plain.world, round, due)?);
        with.push(sweep(&kept.world, round, due - due / ONE_IN)?);
    }
    for (name, costs) in [("without", &without), ("with holds and keeps", &with)] {
        let Cost { wall, cpu } = medians(costs);
        println!("  {name}, {due} due rows: {wall:.2} s, {cpu:.2} s of CPU");
    }
    let ratio = medians(&with).wall / medians(&without).wall;
    Required::AtMost(1.2).report("sweep, time with holds and keeps on 1 %", ratio);
    Ok(())
}

/// Ten times the due rows of a round; on each of `rounds` days `due` of them end.
fn fill(due: u64, rounds: u64, exceptions: bool) -> Result<Store> {
    let folder = tempfile::tempdir()?;
    let world = World::under(&policy(), folder.path())?;
    let (now, kept) = (start()?, due * 10);
    let mut held = Vec::new();
    for from in (0..kept).step_by(10_000) {
        let numbers: Vec<u64> = (from..(from + 10_000).min(kept)).collect();
        let mut requests = Vec::with_capacity(numbers.len());
        for number in &numbers {
            let days = if *number < due * rounds { number % rounds + 1 } else { 900 };
            let invoiced = exceptions && (number / rounds) % ONE_IN == ONE_IN / 2;
            let items = if invoiced { ITEMS.len() } else { OF_ACCOUNT };
            let mut request = world.request(&person(*number), items)?;
            let since = now.minus(KEPT).plus(Span::days(i64::try_from(days)?));
            request.registered_at = Some(since);
            if invoiced {
                request.facts.insert(Name::fixed("invoiced"));
            }
            requests.push(request);
        }
        let subjects = world.register(requests)?;
        let of = numbers.iter().zip(subjects);
        held.extend(of.filter(|(n, _)| (*n / rounds).is_multiple_of(ONE_IN)).map(|(_, one)| one));
    }
    if exceptions {
        hold(&world, held)?;
    }
    Ok(Store { world, _folder: folder })
}

fn hold(world: &World, subjects: Vec<SubjectId>) -> Result<()> {
    let zone = world.tacenda.vault().ports().zone.clone();
    let terms = Terms {
        ground: Ground::LegalClaims,
        reason: Note::parse("A claim is open.")?,
        owner: world.actor.id,
        review_on: day_of(zone.as_ref(), start()?.plus(Span::days(90))),
        scope: Scope::Subject,
    };
    let holds = world.tacenda.holds()?;
    let all = u64::try_from(subjects.len())?;
    let these = Selection::Subjects(subjects);
    let (group, me) = (holds.group(), &world.actor);
    let placed = block_on(holds.place_many(group, &these, &terms, me, &mut |_| {}))?.placed;
    if placed == all { Ok(()) } else { Err(format!("{placed} of {all} were held").into()) }
}

/// The policy of the benches, with a law that keeps the address of whoever was invoiced.
fn policy() -> String {
    let law = "[facts]\n\"invoiced\" = \"The customer has been invoiced.\"\n\n[laws]\n\
        \"vouchers\" = { citation = \"Code de commerce, art. L123-22 al. 2\", country = \"FR\" }\n\n";
    let rule = "[[classes.billing.retention]]\nkeep = \"10 years\"\nstart = \"end of financial year\"\n\
        law = \"vouchers\"\narchive = true\n\n";
    let purpose = "[purposes.accounting]\nactivity = \"accounts\"\n\
        description = \"Keeping the data of invoices.\"\nbasis = \"legal obligation\"\n\
        law = \"vouchers\"\nif = \"invoiced\"\nitems = [\"address\"]\narchive_of = [\"vouchers\"]\n\n";
    POLICY
        .replace("[activities.accounts]", &format!("{law}[activities.accounts]"))
        .replace("[purposes.service]", &format!("{rule}{purpose}[purposes.service]"))
        .replace("purposes = [\"service\"]", "purposes = [\"service\", \"accounting\"]")
}
