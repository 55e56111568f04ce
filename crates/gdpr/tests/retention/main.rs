//! Retention through the vault: what goes and what stays, by examples and against a model.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod asked;
mod blocked;
mod customer;
mod model;
mod warned;

use pollster::block_on as wait;
use proptest::prelude::*;
use tacenda_core::calendar::{self, Utc};
use tacenda_core::clock::Span;
use tacenda_core::leaf::{Leaf, RowStamp};
use tacenda_core::outbox;
use tacenda_core::ports::{Change, Expect, NewLeaf, RowWrite};
use tacenda_core::row::{Row, RowKey, state};
use tacenda_core::vault::{Actor, RegisterRequest, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::erasure::{self, Swept};
use tacenda_gdpr::retention;
use tacenda_testkit::world::{World, request, staff};

fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

fn at(rfc3339: &str) -> Timestamp {
    Timestamp::parse_rfc3339(rfc3339).unwrap()
}

fn profile(subject: SubjectId, class: &str) -> RowKey {
    RowKey::only(subject, Name::parse(&format!("profile.{class}")).unwrap())
}

fn sweep(vault: &Vault, confirmed: Option<[u8; 32]>) -> Result<Swept> {
    wait(erasure::sweep(vault, confirmed, &Actor::system(), &mut |_| {}))
}

fn confirmed_sweep(vault: &Vault) -> Swept {
    let digest = wait(retention::plan(vault)).unwrap().digest;
    sweep(vault, Some(digest)).unwrap()
}

/// Puts or lifts a hold as a room would: the row and the leaf that states it in one change.
fn hold(world: &World, key: &RowKey, held: bool) {
    let row = wait(world.store.rows(std::slice::from_ref(key))).unwrap().remove(0).unwrap();
    let write = RowWrite {
        expect: Expect::Version(row.version),
        row: Row { held, version: row.version + 1, ..row },
    };
    let leaf = Leaf {
        at: tacenda_core::clock::Clock::now(world.clock.as_ref()),
        actor: Actor::system().id,
        action: Name::fixed("hold.changed"),
        purpose: None,
        subject: key.subject,
        details: vec![],
        policy: [0; 32],
        salt: [0; 16],
        rows: vec![RowStamp {
            kind: key.kind.clone(),
            id: key.id,
            digest: Some(write.row.digest()),
        }],
    };
    let leaves =
        vec![NewLeaf { subject: key.subject, at: leaf.at, writes: true, bytes: leaf.encode() }];
    wait(world.store.commit(Change { writes: vec![write], leaves, ..Change::default() })).unwrap();
}

/// Registers `count` customers of the past in one page, all without an invoice.
fn past(vault: &Vault, count: usize, registered_at: impl Fn(usize) -> Timestamp) -> Vec<SubjectId> {
    let requests = (0..count)
        .map(|n| {
            let email = vault.item(&Name::fixed("email"), &format!("c{n}@example.org")).unwrap();
            RegisterRequest {
                items: vec![email],
                registered_at: Some(registered_at(n)),
                ..RegisterRequest::default()
            }
        })
        .collect();
    let done = wait(vault.register_many(requests, &staff("support"))).unwrap();
    done.into_iter().map(|one| one.unwrap().subject()).collect()
}

fn kept(vault: &Vault, subjects: &[SubjectId]) -> usize {
    subjects.iter().filter(|subject| !wait(vault.outline(**subject)).unwrap().is_empty()).count()
}

#[test]
fn the_brake_holds_a_large_share_until_its_very_plan_is_confirmed() {
    let world = World::default();
    let vault = world.open();
    // The clock stands on 1 June 2026; 9 of 20 are past their three years, 45 % of the class.
    let old =
        |n: usize| if n < 9 { at("2020-01-01T00:00:00Z") } else { at("2026-01-01T00:00:00Z") };
    let some = past(&vault, 20, old);
    let plan = wait(retention::plan(&vault)).unwrap();
    assert_eq!((plan.due(), plan.needs_confirmation()), (9, false), "up to 10 rows go freely");
    let more = past_again(&vault, 30, 20);
    let plan = wait(retention::plan(&vault)).unwrap();
    assert_eq!((plan.due(), plan.lines[0].over_share, plan.clock_in_doubt), (29, true, false));
    let mut wrong = plan.digest;
    wrong[0] ^= 1;
    for refused in [None, Some(wrong), Some([0; 32])] {
        assert_eq!(code(sweep(&vault, refused)), "sweep.not_confirmed");
        assert_eq!(kept(&vault, &some) + kept(&vault, &more), 50, "nothing went");
    }
    // One more that is due makes another plan.
    let last = past_again(&vault, 60, 1);
    assert_eq!(code(sweep(&vault, Some(plan.digest))), "sweep.not_confirmed");
    let swept = confirmed_sweep(&vault);
    assert_eq!((swept.subjects, swept.batches), (30, 1));
    assert_eq!((kept(&vault, &some), kept(&vault, &more), kept(&vault, &last)), (11, 10, 0));
    assert_eq!(sweep(&vault, None).unwrap(), Swept::default(), "nothing is left to sweep");
    wait(vault.audit()).unwrap();
}

/// `due` more who are due, and ten who are not where there are more than one.
fn past_again(vault: &Vault, from: usize, due: usize) -> Vec<SubjectId> {
    let kept = if due > 1 { 10 } else { 0 };
    let requests = (0..due + kept).map(|n| {
        let email = format!("d{}@example.org", from + n);
        RegisterRequest {
            items: vec![vault.item(&Name::fixed("email"), &email).unwrap()],
            registered_at: (n < due).then(|| at("2020-01-01T00:00:00Z")),
            ..RegisterRequest::default()
        }
    });
    let done = wait(vault.register_many(requests.collect(), &staff("support"))).unwrap();
    done.into_iter().map(|one| one.unwrap().subject()).collect()
}

#[test]
fn exactly_the_allowed_share_goes_and_a_row_more_does_not() {
    for (due, total, over) in [(20, 50, false), (21, 52, true), (21, 53, false), (11, 27, true)] {
        let world = World::default();
        let vault = world.open();
        let old = |n| if n < due { at("2020-01-01T00:00:00Z") } else { at("2026-01-01T00:00:00Z") };
        let _ = past(&vault, total, old);
        let plan = wait(retention::plan(&vault)).unwrap();
        assert_eq!((plan.due(), plan.needs_confirmation()), (due as u64, over), "{due} of {total}");
        let expected = if over { "sweep.not_confirmed" } else { "ok" };
        assert_eq!(code(sweep(&vault, None)), expected);
    }
}

#[test]
fn the_brake_holds_while_the_clock_is_in_doubt() {
    let world = World::default();
    let vault = world.open();
    let one = past(&vault, 1, |_| at("2020-01-01T00:00:00Z"));
    let start = vault.now();
    for (moved, doubt) in [
        (Span::micros(0), false),
        (Span::seconds(-300), false),
        (Span::micros(Span::seconds(-300).as_micros() - 1), true),
        (Span::days(-4000), true),
        (Span::days(400), false),
        (Span::micros(Span::days(400).as_micros() + 1), true),
        (Span::days(4000), true),
    ] {
        world.clock.set(start.plus(moved));
        let plan = wait(retention::plan(&vault)).unwrap();
        assert_eq!(plan.clock_in_doubt, doubt, "{moved:?}");
        if doubt {
            assert_eq!(code(sweep(&vault, None)), "sweep.not_confirmed");
            assert_eq!(kept(&vault, &one), 1);
        }
    }
    // What was confirmed for a clock in doubt is not confirmed for another day.
    let digest = wait(retention::plan(&vault)).unwrap().digest;
    world.clock.advance(Span::days(1));
    assert_eq!(code(sweep(&vault, Some(digest))), "sweep.not_confirmed");
    let digest = wait(retention::plan(&vault)).unwrap().digest;
    world.clock.advance(Span::hours(1));
    assert_eq!(code(sweep(&vault, Some(digest))), "ok", "the same day gives time to read");
    assert_eq!(kept(&vault, &one), 0);
}

#[test]
fn a_sweep_goes_through_all_pages_and_leaves_what_is_held() {
    let world = World::default();
    let vault = world.open();
    // The policy's batch is 100. All have one anchor, so that pages break among equals.
    let all = past(&vault, 251, |_| at("2020-01-01T00:00:00Z"));
    let held: Vec<_> = all.iter().copied().step_by(50).collect();
    for subject in &held {
        hold(&world, &profile(*subject, "account"), true);
    }
    let plan = wait(retention::plan(&vault)).unwrap();
    assert_eq!(plan.due(), 245, "what is held is not due");
    let mut progress = Vec::new();
    let mut tell = |done| progress.push(done);
    let swept = wait(erasure::sweep(&vault, Some(plan.digest), &Actor::system(), &mut tell));
    assert_eq!(swept.unwrap(), Swept { subjects: 245, batches: 3, ..Swept::default() });
    assert_eq!(progress, [100, 200, 245]);
    let left: Vec<_> = all.iter().copied().filter(|one| kept(&vault, &[*one]) == 1).collect();
    assert_eq!(left, held);
    assert_eq!(code(wait(erasure::erase(&vault, held[0], &Actor::system()))), "erasure.held");
    for subject in &held {
        hold(&world, &profile(*subject, "account"), false);
    }
    confirmed_sweep(&vault);
    assert_eq!(kept(&vault, &all), 0);
    wait(vault.audit()).unwrap();
}

#[test]
fn what_a_law_keeps_goes_at_the_instant_that_the_leaf_states() {
    let world = World::default();
    let vault = world.open();
    let me = staff("support");
    let items = [("email", "a@example.org"), ("address", "Rue 1"), ("country", "FR")];
    let invoiced = RegisterRequest {
        registered_at: Some(at("2022-03-01T09:00:00Z")),
        ..request(&vault, &items, true)
    };
    let subject = wait(vault.register(invoiced, &me)).unwrap().subject();
    let states = || -> Vec<String> {
        let rows = wait(vault.outline(subject)).unwrap();
        rows.iter().map(|row| format!("{} {}", row.class, row.state)).collect()
    };
    confirmed_sweep(&vault);
    assert_eq!(states(), ["billing archived"], "three years are over, the ten of the law are not");
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    let until = at(leaf.find("until").unwrap());
    assert_eq!(
        until,
        at("2037-01-01T00:00:00Z"),
        "ten years from the end of 2026, in which the account ended"
    );
    let by = |purpose, items: &[&str]| {
        let view = wait(vault.read(subject, &Name::fixed(purpose), &staff("billing")));
        view.map(|view| assert_eq!(view.items().map(Name::as_str).collect::<Vec<_>>(), items))
    };
    assert_eq!(code(by("accounting", &["address"])), "ok");
    assert_eq!(code(by("billing", &[])), "vault.not_live");
    world.clock.set(until.minus(Span::micros(1)));
    confirmed_sweep(&vault);
    assert_eq!(states(), ["billing archived"]);
    world.clock.set(until);
    confirmed_sweep(&vault);
    assert_eq!(states(), Vec::<String>::new());
    assert_eq!(code(by("accounting", &[])), "vault.not_found");
    wait(vault.audit()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_row_is_swept_exactly_when_it_is_due(
        now in 1_780_300_800_000_000i64..2_500_000_000_000_000,
        offsets in proptest::collection::vec(-172_800_000_000i64..172_800_000_000, 1..6),
    ) {
        let world = World::default();
        world.clock.set(Timestamp::from_micros(now));
        let vault = world.open();
        let rules = retention::schedule(vault.policy(), &Name::fixed("account"), &state::LIVE);
        let cutoff = calendar::cutoff(vault.now(), &rules, &Utc).unwrap();
        let mut anchors = vec![cutoff, cutoff.plus(Span::micros(1)), cutoff.minus(Span::micros(1))];
        anchors.extend(offsets.into_iter().map(|micros| cutoff.plus(Span::micros(micros))));
        let subjects = past(&vault, anchors.len(), |n| anchors[n]);
        let is_due = |at: &Timestamp| calendar::due(*at, &rules, &Utc) <= vault.now();
        let due: Vec<bool> = anchors.iter().map(is_due).collect();
        let plan = wait(retention::plan(&vault)).unwrap();
        prop_assert_eq!(plan.due(), due.iter().filter(|due| **due).count() as u64);
        confirmed_sweep(&vault);
        for ((subject, due), anchor) in subjects.iter().zip(due).zip(anchors) {
            prop_assert_eq!(kept(&vault, &[*subject]) == 0, due, "{}", anchor);
        }
    }
}

#[test]
fn fingerprints_of_imports_have_a_period() {
    let world = World::default();
    let vault = world.open();
    let import = || {
        let mut one = request(&vault, &[("email", "a@example.org")], false);
        one.source = Some(b"record".to_vec().into());
        wait(vault.register(one, &staff("support")))
    };
    import().unwrap();
    for (days, forgotten) in [(365, 0), (1, 1), (0, 0)] {
        world.clock.advance(Span::days(days));
        let swept = sweep(&vault, Some(wait(retention::plan(&vault)).unwrap().digest)).unwrap();
        assert_eq!(swept.fingerprints, forgotten, "{days}");
    }
    assert_eq!(code(import()), "vault.not_unique", "the record is no longer known again");
}

#[test]
fn what_ends_for_everybody_on_one_day_needs_no_confirmation() {
    let world = World::default();
    let vault = world.open();
    let (by, says) = (staff("support"), Name::fixed("account_expiring"));
    let message = outbox::Message::to_account(says, Name::fixed("account"));
    for n in 0..25 {
        let request = request(&vault, &[("email", &format!("person{n}@example.org"))], false);
        let subject = wait(vault.register(request, &by)).unwrap().subject();
        wait(outbox::enqueue(&vault, Some(subject), &message, &by)).unwrap();
    }
    let ready = wait(outbox::take(&vault, Span::seconds(60), 99, None, &by)).unwrap().ready;
    let sent = ready.into_iter().map(|one| (one, outbox::Outcome::Sent)).collect();
    assert_eq!(wait(outbox::settle(&vault, sent, &by)).unwrap().sent, 25);
    world.set_time("2027-06-02T00:00:00Z");
    let plan = wait(retention::plan(&vault)).unwrap();
    assert_eq!((plan.due(), plan.lines.len(), plan.needs_confirmation()), (25, 1, false));
    assert_eq!(sweep(&vault, None).unwrap().subjects, 25);
}
