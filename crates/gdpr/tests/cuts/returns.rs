//! Somebody comes back while a sweep is about to take what is due: whatever the log says was
//! accepted stays whole, whatever was refused is gone, wherever the sweep is stopped or overtaken.

use std::cell::Cell;

use pollster::block_on as wait;
use sha2::{Digest as _, Sha256};
use tacenda_core::leaf::Leaf;
use tacenda_core::ports::KeyState;
use tacenda_core::vault::{Actor, Amendment, NewPassword, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{World, request, staff};
use tacenda_testkit::{After, Cut, Faults};

use super::{Cuttable, between, everywhere, try_open};

const EMAIL: &str = "eve@example.org";
pub(super) const LONG_AGO: &str = "2019-01-01T00:00:00Z";

/// Eve, who was last seen then, and others who never come back.
pub(super) fn eve(world: &World, since: &str, paid: bool) -> SubjectId {
    let since = Timestamp::parse_rfc3339(since).unwrap();
    let vault = world.open();
    let [eve, ..] = [EMAIL, "kim@example.org", "lou@example.org"].map(|email| {
        let items =
            [("email", email), ("address", "Rue 1"), ("country", "FR"), ("card_last4", "4242")];
        let mut request = request(&vault, &items, paid);
        let digest: [u8; 32] = Sha256::digest("pass").into();
        request.password = Some(NewPassword::LegacySha256(digest.into()));
        request.registered_at = Some(since);
        request.last_login_at = Some(since);
        wait(vault.register(request, &staff("support"))).unwrap().subject()
    });
    eve
}

pub(super) fn sweep(world: &World) -> Result<()> {
    let vault = try_open(world)?;
    let digest = wait(retention::plan(&vault))?.digest;
    wait(erasure::sweep(&vault, Some(digest), &Actor::system(), &mut |_| {})).map(drop)
}

pub(super) fn login(world: &World) -> Result<()> {
    wait(try_open(world)?.login(EMAIL, "pass")).map(drop)
}

fn change(world: &World, subject: SubjectId, amendment: Amendment) -> Result<()> {
    wait(try_open(world)?.amend(subject, amendment, &staff("support")))
}

/// Whether a leaf of the subject tells of this.
fn told(vault: &Vault, subject: SubjectId, action: &str) -> bool {
    let history = wait(vault.history(subject, 99)).unwrap();
    history.iter().any(|leaf| leaf.action.as_str() == action)
}

/// How often it is told that something of the subject went.
pub(super) fn told_erased(vault: &Vault, subject: SubjectId) -> usize {
    let history = wait(vault.history(subject, 99)).unwrap();
    let went = |leaf: &&Leaf| leaf.action == *"erasure.done" && leaf.find("erased").is_some();
    history.iter().filter(went).count()
}

/// The classes and states of the rows that are there. Each has its key, and no other key is left.
pub(super) fn left(world: &World, subject: SubjectId) -> Vec<(String, String)> {
    let rows = wait(world.open().outline(subject)).unwrap();
    let keys = wait(world.keyring.keys_of(subject)).unwrap();
    let live = keys.into_iter().filter(|(_, state)| matches!(state, KeyState::Live(_)));
    let live: Vec<_> = live.map(|(key, _)| key.class).collect();
    let classes: Vec<_> = rows.iter().map(|row| row.class.clone()).collect();
    assert_eq!(live, classes, "no row without its key, and no key without its row");
    rows.into_iter().map(|row| (row.class.to_string(), row.state.to_string())).collect()
}

fn rows(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(class, state)| ((*class).to_owned(), (*state).to_owned())).collect()
}

fn whole() -> Vec<(String, String)> {
    rows(&[("account", "live"), ("billing", "live"), ("payment", "live")])
}

/// Nothing is under way, and nobody who was not due was taken, nor anybody left who was.
fn settled(world: &World) -> Vault {
    sweep(world).unwrap();
    let vault = world.open();
    assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
    assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 0);
    wait(vault.audit()).unwrap();
    vault
}

/// How often Eve stayed and how often she went.
#[derive(Default)]
struct Ends {
    stayed: Cell<u32>,
    gone: Cell<u32>,
}

impl Ends {
    /// She stays, with everything, if and only if the log says that she was let in.
    fn check(&self, world: &World, eve: SubjectId) {
        let vault = settled(world);
        let accepted = told(&vault, eve, "login.accepted");
        let count = if accepted { &self.stayed } else { &self.gone };
        count.set(count.get() + 1);
        assert_eq!(left(world, eve), if accepted { whole() } else { Vec::new() });
        assert_eq!(told(&vault, eve, "erasure.done"), !accepted);
        assert_eq!(wait(vault.subjects(None, 9)).unwrap().len(), usize::from(accepted));
    }

    fn both(&self) {
        assert!(self.stayed.get() > 3 && self.gone.get() > 3, "{:?}", (&self.stayed, &self.gone));
    }
}

#[test]
fn whoever_logs_in_beside_a_sweep_stays_or_is_refused() {
    let ends = Ends::default();
    between(
        |world| eve(&world.sound, LONG_AGO, false),
        |world, _| sweep(world),
        |world, _| drop(login(world)),
        |world, eve, swept| {
            swept.unwrap();
            ends.check(&world.sound, eve);
        },
    );
    ends.both();
}

#[test]
fn whoever_logs_in_after_a_sweep_was_killed_stays_or_is_refused() {
    let ends = Ends::default();
    let operations = everywhere(
        |world| eve(&world.sound, LONG_AGO, false),
        |world, _| sweep(world),
        |world, eve, done| {
            let refused = login(&world.sound).err().map(|error| error.code());
            assert!(refused.is_some_and(|code| code == "login.refused") || !done, "{refused:?}");
            // The next start, which plans nothing, and then the next sweep.
            wait(world.sound.open().resume_destroys()).unwrap();
            assert_eq!(wait(world.sound.open().destroys_under_way()).unwrap(), 0);
            ends.check(&world.sound, eve);
        },
    );
    assert!(operations > 30, "{operations}");
    ends.both();
}

#[test]
fn a_sweep_that_stands_still_while_another_process_goes_on_takes_nobody_who_came_back() {
    let ends = Ends::default();
    between(
        |world| eve(&world.sound, LONG_AGO, false),
        |world, _| sweep(world),
        |world, _| {
            drop(login(world));
            wait(world.open().resume_destroys()).unwrap();
            sweep(world).unwrap();
        },
        |world, eve, swept| {
            swept.unwrap();
            ends.check(&world.sound, eve);
        },
    );
    ends.both();
}

#[test]
fn a_login_that_stands_still_while_a_sweep_is_killed_is_refused() {
    let prepare = |world: &Cuttable| eve(&world.sound, LONG_AGO, false);
    let count = |act: fn(&World) -> Result<()>| {
        let (world, faults) = (Cuttable::new(), Faults::none());
        let _ = prepare(&world);
        act(&world.cut(&faults)).unwrap();
        faults.operations()
    };
    let opened = count(|world| try_open(world).map(drop));
    let (steps, ends) = (count(login), Ends::default());
    for killed in opened..count(sweep) {
        for step in opened..steps {
            let world = Cuttable::new();
            let eve = prepare(&world);
            let dies = Faults::cut(killed, Cut::After, After::StaysDown);
            let other = world.cut(&dies);
            let faults = Faults::meanwhile(step, move || drop(sweep(&other)));
            let done = login(&world.cut(&faults));
            let vault = world.sound.open();
            if wait(vault.destroys_under_way()).unwrap() == 0 {
                // As if it had been killed at the first step, or not at all.
                break;
            }
            assert_eq!(done.is_ok(), told(&vault, eve, "login.accepted"));
            assert!(done.err().is_none_or(|error| error.code() == "login.refused"));
            wait(vault.resume_destroys()).unwrap();
            ends.check(&world.sound, eve);
        }
    }
    assert!(ends.stayed.get() == 0 && ends.gone.get() > 30, "{}", ends.gone.get());
}

#[test]
fn a_class_that_goes_alone_stays_if_a_login_moved_its_clock() {
    let ends = Ends::default();
    let check = |world: &World, eve: SubjectId| {
        let vault = settled(world);
        let history = wait(vault.history(eve, 99)).unwrap();
        let accepted = history.iter().find(|leaf| leaf.action == *"login.accepted").unwrap();
        let moved = accepted.rows.iter().any(|row| row.kind == *"profile.payment");
        let count = if moved { &ends.stayed } else { &ends.gone };
        count.set(count.get() + 1);
        let without = rows(&[("account", "live"), ("billing", "live")]);
        assert_eq!(left(world, eve), if moved { whole() } else { without });
    };
    let prepare = |world: &Cuttable| eve(&world.sound, "2025-01-01T00:00:00Z", false);
    between(
        prepare,
        |world, _| sweep(world),
        |world, _| login(world).unwrap(),
        |world, eve, swept| {
            swept.unwrap();
            check(&world.sound, eve);
        },
    );
    everywhere(
        prepare,
        |world, _| sweep(world),
        |world, eve, _| {
            login(&world.sound).unwrap();
            check(&world.sound, eve);
        },
    );
    ends.both();
}

#[test]
fn a_closing_and_a_fact_count_or_are_refused() {
    let (closed, invoiced) = (Ends::default(), Ends::default());
    let close = |world: &World, eve| {
        let close_at = try_open(world).map(|vault| vault.now()).ok();
        change(world, eve, Amendment { close_at, ..Amendment::default() })
    };
    let invoice = |world: &World, eve| {
        let facts = [(Name::fixed("invoiced"), true)].into();
        change(world, eve, Amendment { facts, ..Amendment::default() })
    };
    let check_closed = |world: &World, eve: SubjectId| {
        let counts = told(&settled(world), eve, "subject.closed");
        let count = if counts { &closed.stayed } else { &closed.gone };
        count.set(count.get() + 1);
        assert_eq!(left(world, eve), if counts { whole() } else { Vec::new() });
    };
    // What was invoiced is kept for the law, although the account goes.
    let check_invoiced = |world: &World, eve: SubjectId| {
        let counts = told(&settled(world), eve, "subject.amended");
        let count = if counts { &invoiced.stayed } else { &invoiced.gone };
        count.set(count.get() + 1);
        let archived = rows(&[("billing", "archived")]);
        assert_eq!(left(world, eve), if counts { archived } else { Vec::new() });
    };
    let prepare = |world: &Cuttable| eve(&world.sound, LONG_AGO, false);
    let kill = |world: &World, _| sweep(world);
    everywhere(prepare, kill, |world, eve, _| {
        drop(close(&world.sound, eve));
        check_closed(&world.sound, eve);
    });
    everywhere(prepare, kill, |world, eve, _| {
        drop(invoice(&world.sound, eve));
        check_invoiced(&world.sound, eve);
    });
    between(
        prepare,
        kill,
        move |world, eve| drop(close(world, eve)),
        |world, eve, swept| {
            swept.unwrap();
            check_closed(&world.sound, eve);
        },
    );
    between(
        prepare,
        kill,
        move |world, eve| drop(invoice(world, eve)),
        |world, eve, swept| {
            swept.unwrap();
            check_invoiced(&world.sound, eve);
        },
    );
    closed.both();
    invoiced.both();
}

#[test]
fn a_login_beside_an_amendment_counts_as_well() {
    between(
        |world| eve(&world.sound, "2026-01-01T00:00:00Z", false),
        |world, _| login(world),
        |world, eve| {
            let remove = vec![Name::fixed("card_last4"), Name::fixed("note")];
            let facts = [(Name::fixed("paid offer"), true)].into();
            change(world, eve, Amendment { remove, facts, ..Amendment::default() }).unwrap();
        },
        |world, eve, done| {
            done.unwrap();
            let vault = world.sound.open();
            let rows = wait(vault.outline(eve)).unwrap();
            assert!(rows.iter().all(|row| row.anchor_at == Some(vault.now())), "{rows:?}");
        },
    );
}

#[test]
fn an_erasure_on_request_is_carried_out_whoever_logs_in() {
    everywhere(
        |world| eve(&world.sound, "2026-01-01T00:00:00Z", false),
        |world, eve| wait(erasure::erase(&try_open(world)?, eve, &staff("support"))).map(drop),
        |world, eve, _| {
            let vault = world.sound.open();
            let begun = wait(vault.destroys_under_way()).unwrap() > 0;
            let refused = login(&world.sound).is_err();
            assert!(refused || !begun);
            wait(vault.resume_destroys()).unwrap();
            let rows = left(&world.sound, eve);
            assert_eq!(rows, if refused { Vec::new() } else { whole() });
        },
    );
}

#[test]
fn whoever_asks_again_while_an_erasure_waits_is_told_so() {
    let erase = |world: &World, eve| {
        wait(erasure::erase(&try_open(world)?, eve, &staff("support"))).map(drop)
    };
    for paid in [true, false] {
        let waited = Cell::new(0);
        everywhere(
            |world| {
                let vault = world.sound.open();
                let billed = [("email", EMAIL), ("address", "Rue 1"), ("country", "FR")];
                // Of the address alone no law keeps anything, and nobody opens the account.
                let request = request(&vault, if paid { &billed } else { &billed[..1] }, paid);
                wait(vault.register(request, &staff("support"))).unwrap().subject()
            },
            erase,
            |world, eve, _| {
                let vault = world.sound.open();
                let begun =
                    told_erased(&vault, eve) == 0 && wait(vault.destroys_under_way()).unwrap() > 0;
                // What is archived already stays: nothing is left that could go.
                match erase(&world.sound, eve).map_err(|error| error.code()) {
                    Err("erasure.under_way") => waited.set(waited.get() + 1),
                    Err("erasure.nothing_left") => assert!(!begun && paid),
                    again => assert!(!begun && (again.is_ok() || !paid), "{again:?}"),
                }
                wait(vault.resume_destroys()).unwrap();
                let kept = if paid { rows(&[("billing", "archived")]) } else { Vec::new() };
                assert_eq!(left(&world.sound, eve), kept);
                assert_eq!(told_erased(&vault, eve), 1, "it is said once");
                wait(vault.audit()).unwrap();
            },
        );
        assert!(waited.get() > 3, "{}", waited.get());
    }
}
