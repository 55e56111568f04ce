//! Holds, restrictions, erasures, sweeps and what is added, over the vault and in a plain model: a row
//! is held exactly while a hold is in force that is about it, and nothing that is held goes.

use std::collections::{BTreeMap, BTreeSet};

use pollster::block_on as wait;
use proptest::prelude::*;
use proptest::sample::Index;
use tacenda_core::Name;
use tacenda_core::clock::Span;
use tacenda_core::vault::{Amendment, RecordKey};
use tacenda_gdpr::erasure;
use tacenda_gdpr::holds::Scope;
use tacenda_gdpr::requests::{Channel, RestrictionGround};
use tacenda_gdpr::restriction::{self, Announcement, Asked};
use tacenda_testkit::world::{World, request, staff};

use crate::support::*;

#[derive(Debug, Clone)]
enum Op {
    Hold(u8),
    Release(Index),
    Restrict(u8),
    Announce(Index),
    Lift(Index),
    Add,
    Erase,
    Wait(u16),
    Sweep,
}

fn op() -> impl Strategy<Value = Op> {
    let index = any::<Index>;
    prop_oneof![
        4 => (0u8..4).prop_map(Op::Hold),
        4 => index().prop_map(Op::Release),
        2 => (0u8..3).prop_map(Op::Restrict),
        2 => index().prop_map(Op::Announce),
        3 => index().prop_map(Op::Lift),
        2 => Just(Op::Add),
        1 => Just(Op::Erase),
        2 => (1u16..500).prop_map(Op::Wait),
        1 => prop::sample::select(vec![395, 396, 1096, 1097]).prop_map(Op::Wait),
        2 => Just(Op::Sweep),
    ]
}

const SCOPES: [&[&str]; 4] = [&["account", "payment"], &["account"], &["payment"], &["payment"]];

struct Held {
    key: RecordKey,
    whole: bool,
    classes: BTreeSet<&'static str>,
}

struct Restricted {
    key: RecordKey,
    told: bool,
    classes: BTreeSet<&'static str>,
}

fn at(index: &Index, len: usize) -> Option<usize> {
    (len > 0).then(|| index.index(len))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_row_is_held_while_a_hold_is_about_it(ops in prop::collection::vec(op(), 1..28)) {
        let world = World::default();
        let vault = world.open();
        let items = [("email", "eve@example.org"), ("card_last4", "4242")];
        let eve = request(&vault, &items, false);
        let subject = wait(vault.register(eve, &staff("support"))).unwrap().subject();
        // When the clock of each row started; nobody logs in, and each has three years or 13 months,
        // whose last day is kept whole.
        let started = vault.now();
        let mut rows: BTreeMap<&'static str, i64> = [("account", 1096), ("payment", 395)].into();
        let (mut holds, mut limits) = (Vec::<Held>::new(), Vec::<Restricted>::new());
        // What outlived its account and is restricted no more.
        let mut archived = BTreeSet::<&'static str>::new();
        for op in &ops {
            let now = vault.now();
            let held = |class: &str| holds.iter().any(|one| one.classes.contains(class));
            let limited = |class: &str| limits.iter().any(|one| one.classes.contains(class));
            match op {
                Op::Hold(what) => {
                    let scope = match what {
                        0 => Scope::Subject,
                        3 => Scope::Items(names(&["card_last4"])),
                        _ => classes(SCOPES[usize::from(*what)]),
                    };
                    let wanted: BTreeSet<_> = SCOPES[usize::from(*what)].iter().copied()
                        .filter(|class| rows.contains_key(class)).collect();
                    let there = if *what == 0 { !wanted.is_empty() } else { wanted.len() == 1 };
                    match place(&vault, subject, scope) {
                        Ok(key) => {
                            prop_assert!(there);
                            holds.push(Held { key, whole: *what == 0, classes: wanted });
                        }
                        Err(error) => prop_assert!(!there && error.code() == "holds.nothing"),
                    }
                }
                Op::Release(which) => {
                    let Some(which) = at(which, holds.len()) else { continue };
                    let gone = holds.swap_remove(which);
                    let stays: BTreeSet<_> =
                        holds.iter().flat_map(|one| one.classes.iter().copied()).collect();
                    let freed = release(&vault, &gone.key).unwrap().classes;
                    let expected: Vec<_> = gone.classes.difference(&stays).copied().collect();
                    prop_assert_eq!(freed, names(&expected));
                }
                Op::Restrict(what) => {
                    let wanted: BTreeSet<_> = SCOPES[usize::from(*what)].iter().copied()
                        .filter(|class| rows.contains_key(class) && !archived.contains(class))
                        .collect();
                    let terms = restriction::Terms {
                        ground: RestrictionGround::Accuracy,
                        reason: note("It is contested."),
                        asked: Asked::Person(now),
                        classes: if *what == 0 { [].into() } else { names(SCOPES[usize::from(*what)]) },
                        review_on: tacenda_core::calendar::day_of(&tacenda_core::calendar::Utc, now),
                    };
                    match wait(restriction::place(&vault, subject, &terms, &staff("support"))) {
                        Ok(placed) => {
                            prop_assert!(!wanted.is_empty());
                            limits.push(Restricted { key: placed.key, told: false, classes: wanted });
                        }
                        Err(error) => {
                            prop_assert!(wanted.is_empty());
                            prop_assert_eq!(error.code(), "restriction.nothing");
                        }
                    }
                }
                Op::Announce(which) => {
                    let Some(which) = at(which, limits.len()) else { continue };
                    let one = &mut limits[which];
                    let letter =
                        Announcement { sent_at: now, by: Channel::Email, reason: note("Over.") };
                    let me = staff("support");
                    let done = wait(restriction::announce(&vault, &one.key, &letter, &me));
                    prop_assert_eq!(done.is_ok(), !one.told);
                    one.told = true;
                }
                Op::Lift(which) => {
                    let Some(which) = at(which, limits.len()) else { continue };
                    let told = limits[which].told;
                    let done = wait(restriction::lift(&vault, &calendar(), &limits[which].key, &staff("support")));
                    prop_assert_eq!(code(done), if told { "ok" } else { "restriction.not_told" });
                    if told {
                        let ended = limits.swap_remove(which).classes;
                        let stays = |class: &&str| limits.iter().any(|l| l.classes.contains(*class));
                        if !rows.contains_key("account") {
                            archived.extend(ended.into_iter().filter(|class| !stays(class)));
                        }
                    }
                }
                Op::Add => {
                    let set = vec![vault.item(&Name::fixed("card_last4"), "1881").unwrap()];
                    let change = Amendment { set, ..Amendment::default() };
                    let done = code(wait(vault.amend(subject, change, &staff("support"))));
                    let expected = match rows.contains_key("account") {
                        false => "vault.not_found",
                        true if limited("account") => "vault.not_live",
                        true if limited("payment") => "vault.not_live",
                        true => "ok",
                    };
                    prop_assert_eq!(done, expected);
                    if expected == "ok" && !rows.contains_key("payment") {
                        // Its clock is that of the account.
                        rows.insert("payment", 395);
                        for one in holds.iter_mut().filter(|one| one.whole) {
                            one.classes.insert("payment");
                        }
                    }
                }
                Op::Erase => {
                    let done = code(wait(erasure::erase(&vault, subject, &staff("support"))));
                    let free = |row: &&str| !held(row) && !limited(row) && !archived.contains(*row);
                    let goes: Vec<_> = rows.keys().copied().filter(|row| free(row)).collect();
                    let expected = match () {
                        () if rows.is_empty() => "vault.not_found",
                        () if !goes.is_empty() => "ok",
                        () if rows.keys().any(|row| held(row)) => "erasure.held",
                        () if rows.keys().any(|row| limited(row)) => "erasure.restricted",
                        // It goes with the next sweep.
                        () => "erasure.nothing_left",
                    };
                    prop_assert_eq!(done, expected);
                    rows.retain(|row, _| !goes.contains(row));
                    if goes.contains(&"account") {
                        archived.extend(rows.keys().filter(|row| !limited(row)));
                    }
                }
                Op::Wait(days) => world.clock.advance(Span::days(i64::from(*days))),
                Op::Sweep => {
                    let due = |days: &i64| started.plus(Span::days(*days)) < now;
                    sweep(&vault);
                    let free = |class: &str| !held(class) && !limited(class);
                    let account = rows.get("account").is_some_and(due) && free("account");
                    if account {
                        rows.retain(|class, _| !free(class));
                        archived.extend(rows.keys().filter(|class| !limited(class)));
                    }
                    // No law keeps what is archived.
                    let over = |class: &str, days: &i64| due(days) || archived.contains(class);
                    rows.retain(|class, days| {
                        *class == "account" || !free(class) || !over(class, days)
                    });
                    archived.retain(|class| rows.contains_key(class));
                }
            }
            let class = |row: &tacenda_core::vault::Outline| row.class.to_string();
            let found: BTreeSet<_> = own(&vault, subject).iter().map(class).collect();
            prop_assert_eq!(found, rows.keys().map(|row| (*row).to_owned()).collect::<BTreeSet<_>>());
            let of = |marks: BTreeSet<&'static str>| -> Vec<&'static str> {
                marks.into_iter().filter(|class| rows.contains_key(class)).collect()
            };
            let marks = of(holds.iter().flat_map(|one| one.classes.iter().copied()).collect());
            prop_assert_eq!(crate::support::held(&vault, subject), names(&marks));
            let marks = of(limits.iter().flat_map(|one| one.classes.iter().copied()).collect());
            prop_assert_eq!(restricted(&vault, subject), names(&marks));
        }
        wait(vault.audit()).unwrap();
    }
}
