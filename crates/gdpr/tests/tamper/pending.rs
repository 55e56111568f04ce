//! Erasures that wait, and whoever comes meanwhile: those whom they name, and everybody else.

use std::sync::{Arc, Mutex};

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::policy::Told;
use tacenda_core::ports::{KeyState, Scan, Store};
use tacenda_core::row::{Row, state};
use tacenda_core::vault::{Effects, Entry, OnRestore, StanceChange, SubjectPlan, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{World, ada, request, staff};

use super::adversary::{Adversary, At};
use super::beside::{another_batch, batches_beside, classes};
use super::evolved::moved;
use super::{affect, code, eve, hold, profile, set};

fn jobs(store: &Adversary) -> Vec<Row> {
    let (kind, until) = (Name::fixed("destroy"), Timestamp::MAX);
    let scan = Scan::Due { kind, state: state::PENDING, until };
    wait(store.scan(&scan, None, 9)).unwrap().rows
}

fn plan(vault: &Vault, subject: SubjectId) -> SubjectPlan {
    wait(erasure::plan(vault, subject)).unwrap().to_vault(&Name::fixed("request"))
}

/// Erases, with somebody else in between who acts once it is intended.
fn erase_while(
    (vault, store): (&Vault, &Adversary),
    subjects: &[SubjectId],
    act: impl FnOnce() -> Vec<&'static str> + Send + 'static,
) -> (&'static str, Vec<&'static str>) {
    let told: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let tell = told.clone();
    store.act(At::Committed("erasure.intended"), move || *tell.lock().unwrap() = act());
    let plans = subjects.iter().map(|subject| plan(vault, *subject)).collect();
    let done = code(wait(vault.destroy(plans, &staff("support"))));
    let told = told.lock().unwrap().clone();
    (done, told)
}

fn alter(store: &Adversary, subject: SubjectId) {
    store.edit(&profile(subject, "billing"), |row| row.body.truncate(9));
}

fn note(vault: &Vault, subject: SubjectId) -> Result<()> {
    wait(vault.amend(subject, set(vault, "note", "new"), &staff("support")))
}

#[test]
fn an_erasure_that_waits_costs_nobody_else_a_look_at_the_log() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (gone, other) = (ada(&vault), eve(&vault));
    let inner = store.clone();
    let erased = erase_while((&vault, &store), &[gone], move || {
        alter(&inner, gone);
        Vec::new()
    });
    assert_eq!((erased.0, wait(vault.destroys_under_way()).unwrap()), ("vault.altered_row", 1));
    let cost = || {
        let before = store.asked();
        note(&vault, other).unwrap();
        store.asked() - before
    };
    let (first, second) = (cost(), cost());
    for _ in 0..50 {
        another_batch(&vault);
    }
    assert_eq!((second, cost()), (first, first));
    // Whom it names pays, and is refused.
    assert_eq!(code(note(&vault, gone)), "erasure.under_way");
}

#[test]
fn nobody_is_let_in_whose_erasure_is_divided_meanwhile() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (gone, other) = (ada(&vault), eve(&vault));
    // The second login of a day moves no clock, and needs no key but the account's.
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    let before = wait(vault.history(gone, 99)).unwrap().len();
    let (inner, here) = (store.clone(), world);
    let erased = erase_while((&vault, &store), &[gone, other], move || {
        alter(&inner, gone);
        let vault = here.open();
        inner.act(At::Scan, move || {
            assert_eq!(code(wait(here.open().resume_destroys())), "vault.altered_row");
        });
        vec![code(wait(vault.login("ada@example.org", "correct horse")))]
    });
    assert_eq!(erased.1, ["login.refused"]);
    let history = wait(vault.history(gone, 99)).unwrap();
    let since = &history[..history.len() - before];
    assert!(!since.iter().any(|leaf| leaf.action == *"login.accepted"), "newest first");
    store.repent();
    wait(vault.resume_destroys()).unwrap();
    assert_eq!(classes(&vault, gone), ["billing"], "a law keeps the address");
    wait(vault.audit()).unwrap();
}

#[test]
fn an_altered_job_keeps_out_whom_it_names() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let gone = ada(&vault);
    let (inner, other) = (store.clone(), world);
    let erased = erase_while((&vault, &store), &[gone], move || {
        let job = jobs(&inner).pop().unwrap();
        inner.edit(&job.key, |row| row.due_at = Some(Timestamp::MIN));
        let vault = other.open();
        let told = vec![code(affect(&vault, gone, hold("payment"))), code(note(&vault, gone))];
        inner.repent();
        told
    });
    assert_eq!(erased, ("ok", vec!["erasure.under_way"; 2]));
}

#[test]
fn a_job_that_is_put_back_hides_none_that_is_under_way() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let gone = ada(&vault);
    let (kept, inner) = (Arc::new(Mutex::new(None)), store.clone());
    let keep = kept.clone();
    store.act(At::Committed("erasure.intended"), move || {
        *keep.lock().unwrap() = jobs(&inner).pop();
    });
    let mut card = plan(&vault, gone);
    card.archive.clear();
    card.erase.retain(|erased| erased.class == *"payment");
    wait(vault.destroy(vec![card], &staff("support"))).unwrap();
    assert_eq!(classes(&vault, gone), ["account", "billing"]);
    let old: Row = kept.lock().unwrap().take().unwrap();
    // The jobs are met in the order of their times.
    world.clock.advance(Span::days(1));
    let (inner, other) = (store.clone(), world);
    let erased = erase_while((&vault, &store), &[gone], move || {
        inner.put(&old.key.clone(), Some(old));
        let vault = other.open();
        vec![code(affect(&vault, gone, hold("billing"))), code(note(&vault, gone))]
    });
    assert_eq!(erased.1, ["erasure.under_way"; 2]);
}

#[test]
fn no_consent_and_no_notice_counts_behind_an_intent() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let gone = ada(&vault);
    let other = world;
    let erased = erase_while((&vault, &store), &[gone], move || {
        let vault = other.open();
        let told = Told { version: 1, at: vault.now(), how: Name::fixed("letter") };
        let shown = [StanceChange::Told(told)];
        let entry = || Entry::new("notice.shown");
        let me = staff("support");
        let shown = wait(vault.change_stance(gone, None, &shown, entry(), &me));
        let (purpose, text) = (Name::fixed("newsletter"), Name::fixed("newsletter"));
        let given = StanceChange::Consents { purpose: purpose.clone(), text, version: 1 };
        let given = affect(&vault, gone, Effects { stance: vec![given], ..Effects::default() });
        // What ends is heard to the last.
        let ends = [StanceChange::ConsentWithdrawn { purpose, at: vault.now() }];
        let ended = wait(vault.change_stance(gone, None, &ends, Entry::new("consent.ended"), &me));
        vec![code(shown), code(given), code(ended)]
    });
    assert_eq!(erased.1, ["erasure.under_way", "erasure.under_way", "ok"]);
}

/// Two processes, and somebody whose card waits to begin a row of invoices until her rows are mended.
fn waits(store: &Arc<Adversary>, world: &World) -> [Vault; 2] {
    let vault = world.open();
    let items = [("email", "kim@example.org"), ("card_last4", "1111")];
    let kim = wait(vault.register(request(&vault, &items, false), &staff("support")));
    drop(vault);
    store.edit(&profile(kim.unwrap().subject(), "payment"), |row| row.held = true);
    let open = || world.try_open(&moved(), OnRestore::Refuse).unwrap().0;
    let both = [open(), open()];
    store.repent();
    both
}

#[test]
fn items_move_beside_other_batches_and_are_sealed_once() {
    let keys = |beside: u32| {
        let (world, store) = Adversary::world();
        let [vault, other] = waits(&store, &world);
        if beside > 0 {
            batches_beside(&store, &Arc::new(other), beside);
        }
        assert_eq!(wait(vault.move_items()).unwrap(), 1);
        store.act(At::Rows, || {});
        wait(vault.audit()).unwrap();
        let kim = wait(vault.subjects(None, 9)).unwrap()[0];
        assert_eq!(classes(&vault, kim), ["account", "billing"]);
        let keys = wait(world.keyring.keys_of(kim)).unwrap();
        keys.into_iter().filter(|(_, key)| matches!(key, KeyState::Live(_))).count()
    };
    assert_eq!(keys(60), keys(0));
}
