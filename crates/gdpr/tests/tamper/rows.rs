//! Rows, look-ups and keys.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pollster::block_on as wait;
use tacenda_core::codec::{Decoder, Encoder};
use tacenda_core::leaf::Leaf;
use tacenda_core::ports::{KeyId, KeyState, WrapId};
use tacenda_core::row::{Row, state};
use tacenda_core::vault::{Amendment, OnRestore, Vault};
use tacenda_core::{Name, SubjectId, Timestamp};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, Faults};

use super::adversary::{Adversary, At, LeafLie};
use super::{code, eve, met, profile};

#[test]
fn any_altered_column_of_the_account_is_found_by_all_that_opens_it() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let account = profile(subject, "account");
    let edits: [fn(&mut Row); 10] = [
        |row| *row.body.last_mut().unwrap() ^= 1,
        |row| row.body.truncate(20),
        |row| row.anchor_at = row.anchor_at.map(|_| Timestamp::from_micros(0)),
        |row| row.anchor_at = None,
        |row| row.due_at = Some(Timestamp::from_micros(0)),
        |row| row.state = state::ARCHIVED,
        |row| row.held = true,
        |row| row.version += 1,
        |row| row.tokens.clear(),
        |row| row.class = Some(Name::fixed("billing")),
    ];
    for (n, edit) in edits.into_iter().enumerate() {
        store.edit(&account, edit);
        assert_eq!(met(&vault, subject), ["vault.altered_row"; 4], "edit {n}");
        store.repent();
    }
    assert_eq!(met(&vault, subject), ["ok"; 4]);
}

#[test]
fn a_row_of_another_class_is_checked_where_it_is_needed() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let altered = "vault.altered_row";
    store.edit(&profile(subject, "billing"), |row| row.held = true);
    assert_eq!(met(&vault, subject), [altered, "ok", altered, altered]);
    store.repent();
    store.put(&profile(subject, "billing"), None);
    let missing = "vault.missing_row";
    assert_eq!(met(&vault, subject), [missing, "ok", missing, missing]);
    store.put(&profile(subject, "account"), None);
    assert_eq!(met(&vault, subject), [missing; 4]);
}

#[test]
fn a_row_of_somebody_else_does_not_open_in_any_place() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    let read = || code(wait(vault.read(ada, &Name::fixed("billing"), &staff("billing"))));
    for class in ["account", "billing"] {
        let (here, there) = (profile(ada, class), store.row(&profile(eve, class)));
        store.put(&here, Some(there.clone()));
        assert_eq!(read(), "vault.altered_row");
        // With the key rewritten, and then with the leaf as well: the envelopes know their place.
        let moved = Row { key: here.clone(), ..there };
        store.put(&here, Some(moved.clone()));
        assert_eq!(read(), "vault.altered_row");
        let (at, leaf) = store.last_leaf(ada);
        store.leaf(at, LeafLie::Rehashed(restated(leaf, &moved)));
        let found = read();
        assert!(found == "seal.altered" || found == "log.forked", "{class}: {found}");
        store.repent();
    }
    assert_eq!(met(&vault, ada), ["ok"; 4]);
}

#[test]
fn swapped_envelopes_do_not_open_even_if_the_leaf_agrees() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let account = profile(subject, "account");
    let mut row = store.row(&account);
    row.body = swapped(&row.body, "email", "first_name");
    store.put(&account, Some(row.clone()));
    let read =
        |vault: &Vault| code(wait(vault.read(subject, &Name::fixed("account"), &staff("support"))));
    assert_eq!(read(&vault), "vault.altered_row");
    let (at, leaf) = store.last_leaf(subject);
    store.leaf(at, LeafLie::Rehashed(restated(leaf, &row)));
    let read = read(&vault);
    assert!(read == "seal.altered" || read == "log.forked", "{read}");
}

#[test]
fn an_old_version_put_back_is_found() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let account = profile(subject, "account");
    let old = store.row(&account);
    let set = vec![vault.item(&Name::fixed("first_name"), "Augusta").unwrap()];
    wait(vault.amend(subject, Amendment { set, ..Amendment::default() }, &staff("support")))
        .unwrap();
    store.put(&account, Some(old.clone()));
    assert_eq!(met(&vault, subject), ["vault.altered_row"; 4]);
    // What was erased and is put back stays closed as well: the key is gone, and the log says so.
    store.repent();
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    store.put(&account, Some(old));
    let read = code(wait(vault.read(subject, &Name::fixed("account"), &staff("support"))));
    assert_eq!(read, "vault.altered_row");
}

#[test]
fn a_lookup_that_points_nowhere_opens_nothing() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let nobody = SubjectId::from_bytes([9; 16]);
    store.redirect(&profile(subject, "account"), &profile(nobody, "account"));
    let (item, purpose) = (Name::fixed("email"), Name::fixed("account"));
    let found = wait(vault.read_by(&item, "ada@example.org", &purpose, &staff("support")));
    assert_eq!(code(found), "vault.altered_row");
    assert_eq!(code(wait(vault.login("ada@example.org", "correct horse"))), "vault.altered_row");
}

#[test]
fn of_two_who_register_one_address_at_once_one_is_told_and_leaves_no_key() {
    let (world, store) = Adversary::world();
    let (vault, other) = (world.open(), world.open());
    store.act(At::Lookup, move || {
        let _ = ada(&other);
    });
    let twice = [("email", "bob@example.org"), ("email", "ADA@example.org")];
    let page = twice.map(|item| request(&vault, &[item], false)).into();
    let done = wait(vault.register_many(page, &staff("support"))).unwrap();
    assert_eq!(done.into_iter().map(code).collect::<Vec<_>>(), ["ok", "vault.not_unique"]);
    let keys = wait(world.keyring.live_keys(None, 100)).unwrap();
    let subjects: BTreeSet<_> = keys.iter().map(|key| key.subject).collect();
    assert_eq!(subjects.len(), 2, "ada and bob");
    wait(vault.audit()).unwrap();
}

#[test]
fn a_login_and_an_amendment_between_the_intent_and_the_fence_are_refused() {
    let (world, store) = Adversary::world();
    let (vault, other) = (world.open(), world.open());
    let subject = ada(&vault);
    store.act(At::Committed("erasure.intended"), move || {
        let refused = wait(other.login("ada@example.org", "correct horse"));
        assert_eq!(code(refused), "login.refused");
        let set = vec![other.item(&Name::fixed("first_name"), "Augusta").unwrap()];
        let amendment = Amendment { set, ..Amendment::default() };
        let refused = wait(other.amend(subject, amendment, &staff("support")));
        assert_eq!(code(refused), "erasure.under_way");
    });
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert_eq!(code(wait(vault.login("ada@example.org", "correct horse"))), "login.refused");
    wait(vault.audit()).unwrap();
}

/// An erasure whose intent is in the log, by a process that was killed before it destroyed a key.
fn intended(world: &World, subject: SubjectId) {
    let vault = world.open();
    let under_way = wait(vault.destroys_under_way()).unwrap();
    for operation in 0.. {
        let faults = Faults::cut(operation, Cut::Before, After::StaysDown);
        let keyring = Arc::new(FailingKeyring::new(world.keyring.clone(), faults));
        let dies = World { keyring, ..world.clone() };
        let Ok((dying, _)) = dies.try_open(POLICY, OnRestore::Refuse) else { continue };
        wait(erasure::erase(&dying, subject, &staff("support"))).unwrap_err();
        if wait(vault.destroys_under_way()).unwrap() > under_way {
            return;
        }
    }
}

#[test]
fn what_was_altered_after_the_intent_is_not_archived_and_stops_nobody_else() {
    for destroyed in ["anchor", "body"] {
        let (world, store) = Adversary::world();
        let vault = world.open();
        let (ada, eve) = (ada(&vault), eve(&vault));
        intended(&world, ada);
        intended(&world, eve);
        let billing = profile(ada, "billing");
        store.edit(&billing, |row| match destroyed {
            "anchor" => row.anchor_at = None,
            _ => row.body.truncate(9),
        });
        let resumed = wait(vault.resume_destroys());
        assert_eq!(code(resumed), "vault.altered_row", "{destroyed}");
        assert_eq!(wait(vault.destroys_under_way()).unwrap(), 1, "eve's is done");
        let left = wait(vault.outline(eve)).unwrap();
        assert_eq!(left.iter().map(|row| &row.state).collect::<Vec<_>>(), [&state::ARCHIVED]);
        let swept = wait(erasure::sweep(&vault, None, &staff("support"), &mut |_| {}));
        assert_eq!(code(swept), "vault.altered_row", "{destroyed}: told in the end");
        store.repent();
        assert_eq!(wait(vault.resume_destroys()).unwrap().len(), 1);
        wait(vault.audit()).unwrap();
    }
}

#[test]
fn the_key_of_somebody_else_does_not_open_anything() {
    let (world, _store) = Adversary::world();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    let key = |subject| KeyId::first(subject, Name::fixed("account"));
    let live = |subject| {
        let state = wait(world.keyring.fetch(&[key(subject)])).unwrap().remove(0);
        let KeyState::Live(wrapped) = state else { unreachable!() };
        wrapped
    };
    let (hers, others) = (live(ada), live(eve));
    let put = |to: SubjectId, old, new| {
        wait(world.keyring.rewrap(vec![(WrapId::Key(key(to)), old, new)])).unwrap();
    };
    put(ada, hers.clone(), others.clone());
    assert_eq!(live(ada), others, "the key was put there");
    let [read, login, amended, _] = met(&vault, ada);
    assert_eq!([read, login, amended], ["seal.altered"; 3]);
    assert_eq!(code(wait(erasure::plan(&vault, ada))), "seal.altered");
    put(ada, others, hers);
    assert_eq!(met(&vault, ada), ["ok"; 4]);
    // A secret of the vault in the place of a key, and the other way round.
    let secret = wait(world.keyring.secret(&Name::fixed("index"))).unwrap().unwrap();
    put(ada, live(ada), secret);
    assert_eq!(met(&vault, ada)[0], "seal.altered");
}

/// The leaf with the digest of this row in it.
fn restated(mut leaf: Leaf, row: &Row) -> Vec<u8> {
    for stamp in leaf.rows.iter_mut().filter(|s| s.kind == row.key.kind && s.id == row.key.id) {
        stamp.digest = Some(row.digest());
    }
    leaf.encode()
}

/// A body in which two envelopes changed places, written by hand as `docs/decisions` has it.
fn swapped(body: &[u8], one: &str, two: &str) -> Vec<u8> {
    let mut d = Decoder::new(body, "tacenda/body/1").unwrap();
    let mut items: Vec<(String, Vec<u8>)> = (0..d.list(8).unwrap())
        .map(|_| (d.text().unwrap().to_owned(), d.bytes().unwrap().to_vec()))
        .collect();
    let envelope = |name| items.iter().find(|(n, _)| n == name).unwrap().1.clone();
    let (left, right) = (envelope(one), envelope(two));
    for (name, envelope) in &mut items {
        if name == one {
            envelope.clone_from(&right);
        } else if name == two {
            envelope.clone_from(&left);
        }
    }
    let mut e = Encoder::new("tacenda/body/1");
    e.list(items.len());
    for (name, envelope) in &items {
        e.text(name).bytes(envelope);
    }
    e.finish()
}

#[test]
fn a_page_enters_in_pieces_while_others_use_the_vault_and_whole_while_nobody_does() {
    for (others, first) in [(true, 125), (false, 300)] {
        let (world, store) = Adversary::world();
        let (vault, other) = (world.open(), world.open());
        let me = staff("support");
        let eve = eve(&vault);
        let mut registration = wait(vault.registration(&me)).unwrap();
        if others {
            wait(vault.read(eve, &Name::fixed("account"), &me)).unwrap();
        }
        // When the first commit has happened, somebody takes an address of a later one.
        let seen = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&seen);
        store.act(At::Committed("subject.registered"), move || {
            count.store(wait(other.subjects(None, 1_000)).unwrap().len() - 1, Ordering::Relaxed);
            let _ = wait(other.register(
                request(&other, &[("email", "n200@example.org")], false),
                &staff("support"),
            ));
        });
        let named = |n| request(&vault, &[("email", &format!("n{n}@example.org"))], false);
        assert!(wait(registration.page((0..300).map(named).collect())).unwrap().is_empty());
        let done = wait(registration.finish()).unwrap();
        assert_eq!(seen.load(Ordering::Relaxed), first);
        let codes: Vec<_> = done.into_iter().map(code).collect();
        let lost = |n: usize| if others && n == 200 { "vault.not_unique" } else { "ok" };
        assert_eq!(codes, (0..300).map(lost).collect::<Vec<_>>());
        let keys = wait(world.keyring.live_keys(None, 1_000)).unwrap();
        let subjects: BTreeSet<_> = keys.iter().map(|key| key.subject).collect();
        assert_eq!(subjects.len(), 301, "who lost has no key");
        wait(vault.audit()).unwrap();
    }
}
