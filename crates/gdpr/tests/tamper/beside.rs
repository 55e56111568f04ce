//! Others who come first, again and again: a customer who is always about, and sweeps of customers
//! who are none of an operation's business.

use std::sync::{Arc, Mutex};

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::policy::Told;
use tacenda_core::ports::{Scan, Store};
use tacenda_core::row::{Row, state};
use tacenda_core::vault::{Actor, Entry, ErasedClass, StanceChange, SubjectPlan, Vault};
use tacenda_core::{Name, SubjectId, Timestamp};
use tacenda_gdpr::erasure::{self, Swept};
use tacenda_gdpr::retention;
use tacenda_testkit::world::{World, ada, request, staff};

use super::adversary::{Adversary, At};
use super::{affect, code, eve, hold, profile, restrict, set};

fn sweep(vault: &Vault) -> tacenda_core::Result<Swept> {
    let digest = wait(retention::plan(vault))?.digest;
    wait(erasure::sweep(vault, Some(digest), &Actor::system(), &mut |_| {}))
}

/// Somebody who was last seen long ago.
fn due(vault: &Vault, email: &str) -> SubjectId {
    let since = Some(Timestamp::parse_rfc3339("2019-01-01T00:00:00Z").unwrap());
    let mut request = request(vault, &[("email", email)], false);
    (request.registered_at, request.last_login_at) = (since, since);
    wait(vault.register(request, &staff("support"))).unwrap().subject()
}

pub(super) fn classes(vault: &Vault, subject: SubjectId) -> Vec<String> {
    let rows = wait(vault.outline(subject)).unwrap().into_iter();
    rows.filter(|row| !row.is_record()).map(|row| row.class.to_string()).collect()
}

/// How often somebody's note is written, each time that a page of rows was read.
fn always_about(store: &Arc<Adversary>, world: &World, subject: SubjectId, times: u32) {
    let (inner, other) = (store.clone(), world.clone());
    store.act(At::Scan, move || {
        let vault = other.open();
        wait(vault.amend(subject, set(&vault, "note", "here"), &staff("support"))).unwrap();
        if times > 0 {
            always_about(&inner, &other, subject, times - 1);
        }
    });
}

#[test]
fn whoever_is_always_about_stops_nobody_elses_erasure() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let busy = ["b1@example.org", "b2@example.org"].map(|email| due(&vault, email));
    let quiet = ["q1@example.org", "q2@example.org"].map(|email| due(&vault, email));
    always_about(&store, &world, busy[0], 200);
    let swept = sweep(&vault).unwrap();
    assert_eq!((swept.subjects, swept.busy, swept.refused), (3, 1, 0));
    assert_eq!(classes(&vault, busy[0]), ["account"]);
    for gone in [busy[1], quiet[0], quiet[1]] {
        assert!(classes(&vault, gone).is_empty());
    }
    // Once it is quiet there, what was due is due.
    store.act(At::Scan, || {});
    assert_eq!(sweep(&vault).unwrap().subjects, 1);
    assert!(classes(&vault, busy[0]).is_empty());
    wait(vault.audit()).unwrap();
}

/// Another batch of a sweep, which takes somebody of whom there is nothing.
pub(super) fn another_batch(vault: &Vault) {
    let subject = SubjectId::generate(vault.now(), vault.ports().rng.as_ref());
    let (class, reason) = (Name::fixed("payment"), Name::fixed("retention"));
    let erase = vec![ErasedClass { class, reason, keys: [].into() }];
    let none = || (Vec::new(), Vec::new());
    let ((archive, reduce), closed_at) = (none(), None);
    let plan = SubjectPlan { subject, erase, archive, reduce, closed_at, seen: Vec::new() };
    let batch = wait(vault.destroy_unscrubbed(vec![plan], &Actor::system())).unwrap();
    wait(vault.scrub_all(batch.unscrubbed.into_iter().collect())).unwrap();
}

/// Other batches, so many, each time that rows were read.
pub(super) fn batches_beside(store: &Arc<Adversary>, other: &Arc<Vault>, times: u32) {
    let (inner, other) = (store.clone(), other.clone());
    store.act(At::Rows, move || {
        another_batch(&other);
        if times > 1 {
            batches_beside(&inner, &other, times - 1);
        }
    });
}

#[test]
fn a_sweep_of_others_fails_no_amendment_and_no_hold() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = eve(&vault);
    let amendment = set(&vault, "card_last4", "4242");
    let keys = || wait(world.keyring.keys_of(subject)).unwrap().len();
    let before = keys();
    batches_beside(&store, &Arc::new(world.open()), 90);
    wait(vault.amend(subject, amendment, &staff("support"))).unwrap();
    assert_eq!(classes(&vault, subject), ["account", "billing", "payment"]);
    assert_eq!(keys() - before, 1, "a key for all tries");
    for effects in [hold("billing"), restrict("billing")] {
        let before = keys();
        batches_beside(&store, &Arc::new(world.open()), 90);
        affect(&vault, subject, effects).unwrap();
        assert_eq!(keys() - before, 1);
    }
    let rows = wait(vault.outline(subject)).unwrap();
    let billing = rows.iter().find(|row| row.class == *"billing").unwrap();
    assert!(billing.held && billing.state == state::RESTRICTED);
    store.act(At::Rows, || {});
    wait(vault.audit()).unwrap();
}

#[test]
fn a_sweep_of_others_refuses_no_word_of_a_person() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = eve(&vault);
    let told = |version| {
        let how = Name::fixed("banner");
        StanceChange::Told(Told { version, at: vault.now(), how })
    };
    let seen = wait(vault.stance(subject)).unwrap();
    for (version, seen) in [(2, seen.as_ref()), (3, None)] {
        batches_beside(&store, &Arc::new(world.open()), 90);
        let (changes, entry) = ([told(version)], Entry::new("notice.shown"));
        let by = staff("support");
        wait(vault.change_stance(subject, seen, &changes, entry, &by)).unwrap();
        let stance = wait(vault.stance(subject)).unwrap().unwrap();
        assert_eq!(stance.told.unwrap().version, version);
        store.act(At::Rows, || {});
    }
    wait(vault.audit()).unwrap();
}

#[test]
fn a_sweep_of_others_costs_a_login_no_second_argon2id() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    world.clock.advance(Span::days(2));
    let before = world.passwords.calls();
    batches_beside(&store, &Arc::new(world.open()), 90);
    let login = wait(vault.login("ada@example.org", "correct horse")).unwrap();
    assert_eq!((login.subject, world.passwords.calls() - before), (subject, 1));
    store.act(At::Rows, || {});
    wait(vault.audit()).unwrap();
}

#[test]
fn a_sweep_without_end_ends_an_amendment() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = eve(&vault);
    let amendment = set(&vault, "note", "new");
    batches_beside(&store, &Arc::new(world.open()), 5000);
    let error = wait(vault.amend(subject, amendment, &staff("support"))).unwrap_err();
    assert_eq!(error.code(), "store.conflict");
}

/// Ada, who was here while her card was altered; it is mended.
fn returned(store: &Arc<Adversary>, world: &World) -> SubjectId {
    let vault = world.open();
    let subject = ada(&vault);
    let payment = profile(subject, "payment");
    store.edit(&payment, |row| row.body.truncate(9));
    world.clock.advance(Span::days(20));
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    store.mend(&payment);
    subject
}

#[test]
fn a_clock_is_set_beside_other_batches() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = returned(&store, &world);
    batches_beside(&store, &Arc::new(world.open()), 30);
    assert!(wait(vault.set_late_clocks(subject, &Actor::system())).unwrap());
    let rows = wait(vault.outline(subject)).unwrap();
    assert!(rows.iter().all(|row| row.anchor_at == Some(vault.now())), "{rows:?}");
}

#[test]
fn whose_clock_was_late_goes_beside_other_batches() {
    let (world, store) = Adversary::world();
    let subject = returned(&store, &world);
    world.clock.advance(Span::days(500));
    batches_beside(&store, &Arc::new(world.open()), 90);
    let swept = sweep(&world.open()).unwrap();
    assert_eq!(swept.subjects, 1, "{swept:?}");
    assert_eq!(classes(&world.open(), subject), ["account", "billing"]);
}

/// Acts once, at this one of the pages that are read from now on.
fn at_page(store: &Arc<Adversary>, page: u32, act: Box<dyn FnOnce() + Send>) {
    let inner = store.clone();
    store.act(At::Scan, move || match page {
        0 => act(),
        _ => at_page(&inner, page - 1, act),
    });
}

#[test]
fn a_hold_of_what_began_while_its_account_goes_counts_or_is_refused() {
    let mut refused = 0;
    for page in 0.. {
        let (world, store) = Adversary::world();
        let vault = world.open();
        let subject = due(&vault, "eve@example.org");
        let told: Arc<Mutex<[Option<&str>; 2]>> = Arc::default();
        let (inner, other, tell) = (store.clone(), world.clone(), told.clone());
        let begin = move || {
            let vault = other.open();
            let amended =
                wait(vault.amend(subject, set(&vault, "card_last4", "4242"), &staff("support")));
            tell.lock().unwrap()[0] = Some(code(amended));
            inner.act(At::Committed("erasure.intended"), move || {
                let held = code(affect(&vault, subject, hold("payment")));
                tell.lock().unwrap()[1] = Some(held);
            });
        };
        at_page(&store, page, Box::new(begin));
        sweep(&vault).unwrap();
        match *told.lock().unwrap() {
            [None, _] => break,
            [Some("ok"), Some(held)] => {
                let stays = classes(&vault, subject).contains(&"payment".to_owned());
                assert_eq!((held, stays), ("erasure.under_way", false), "{page}");
                refused += 1;
            }
            _ => {}
        }
        wait(vault.audit()).unwrap();
    }
    assert!(refused > 0);
}

#[test]
fn a_job_that_is_put_back_after_it_was_done_keeps_nobody_out() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let since = Some(Timestamp::parse_rfc3339("2025-01-01T00:00:00Z").unwrap());
    let items = [("email", "card@example.org"), ("card_last4", "4242")];
    let mut card = request(&vault, &items, false);
    (card.registered_at, card.last_login_at) = (since, since);
    let subject = wait(vault.register(card, &staff("support"))).unwrap().subject();
    let (kept, inner) = (Arc::new(Mutex::new(None)), store.clone());
    let keep = kept.clone();
    store.act(At::Committed("erasure.intended"), move || {
        let (kind, until) = (Name::fixed("destroy"), Timestamp::MAX);
        let scan = Scan::Due { kind, state: state::PENDING, until };
        *keep.lock().unwrap() = wait(inner.scan(&scan, None, 9)).unwrap().rows.pop();
    });
    assert_eq!(sweep(&vault).unwrap().subjects, 1);
    assert_eq!(classes(&vault, subject), ["account"]);
    let job: Row = kept.lock().unwrap().take().expect("a job was under way");
    store.put(&job.key.clone(), Some(job));
    let again = set(&vault, "card_last4", "1881");
    wait(vault.amend(subject, again, &staff("support"))).unwrap();
    assert_eq!(classes(&vault, subject), ["account", "payment"]);
    assert_eq!(code(wait(vault.resume_destroys())), "vault.altered_row", "and it is told");
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert!(classes(&vault, subject).is_empty());
}
