//! Rows and safes from backups: every pair of moments of an erasure, and whole files of long ago.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tacenda::gdpr::erasure::Erasure;
use tacenda::store::sqlite::{SqliteKeyring, SqliteOptions, SqliteStore};
use tacenda::{OnRestore, Result, SubjectId, Tacenda, block_on, verify_receipt};
use tacenda_core::log::parse_vkeys;
use tacenda_core::ports::{KeyState, Keyring, Store};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults, SeededRng};

use super::support::{
    Home, bare, builder, copy, files, note, open, register, rows, safe, shown, staff, support,
    try_open,
};

const ADA: &str = "ada@example.org";
const BOB: &str = "bob@example.org";
const EVE: &str = "eve@example.org";

/// Opens a folder so that every operation counts, and one of them is the last that happens.
fn open_with(folder: &Path, faults: &Faults, on_restore: OnRestore) -> Result<Tacenda> {
    let store = Arc::new(SqliteStore::open(rows(folder), SqliteOptions::default())?);
    let keyring = Arc::new(SqliteKeyring::open(safe(folder), SqliteOptions::default())?);
    let store: Arc<dyn Store> = Arc::new(FailingStore::new(store, faults.clone()));
    let keyring: Arc<dyn Keyring> = Arc::new(FailingKeyring::new(keyring, faults.clone()));
    // The same randomness each time: the files of two runs are those of one history.
    let builder = bare().rng(Arc::new(SeededRng::new(7))).on_restore(on_restore);
    block_on(builder.stores(store, keyring).open())
}

/// What happens in the history that is cut: Ada is erased, then Eve registers.
fn erase_and_go_on(folder: &Path, ada: SubjectId, faults: &Faults) -> Result<Erasure> {
    let t = open_with(folder, faults, OnRestore::Refuse)?;
    let erasure = block_on(t.erasure().erase(ada, &support()))?;
    let request = super::support::customer(&t, EVE, "later");
    block_on(t.customers().register(request, &support()))?;
    block_on(t.close())?;
    Ok(erasure)
}

/// A history with the files as they were after each of its steps.
struct History {
    home: Home,
    ada: SubjectId,
    bob: SubjectId,
    /// A folder per state of the rows that differs from the one before, and of the safe.
    rows: Vec<PathBuf>,
    safes: Vec<PathBuf>,
}

impl History {
    fn new() -> Self {
        let home = Home::new();
        let start = home.folder("start");
        let t = open(&start);
        let (ada, bob) = (register(&t, ADA), register(&t, BOB));
        block_on(t.close()).unwrap();
        let count = {
            let (folder, faults) = (home.folder("whole"), Faults::none());
            copy(&start, "", &folder);
            erase_and_go_on(&folder, ada, &faults).unwrap();
            faults.operations()
        };
        let mut history = Self { home, ada, bob, rows: Vec::new(), safes: Vec::new() };
        let mut folders = vec![start.clone()];
        for operation in 0..count {
            let folder = history.home.folder(&format!("cut{operation}"));
            copy(&start, "", &folder);
            let faults = Faults::cut(operation, Cut::After, After::StaysDown);
            assert!(erase_and_go_on(&folder, ada, &faults).is_err() && faults.tripped());
            folders.push(folder);
        }
        history.rows = distinct(&folders, "customers.db");
        history.safes = distinct(&folders, "keys.db");
        history
    }
}

/// The first folder of each state of a file.
fn distinct(folders: &[PathBuf], name: &str) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let fresh = |folder: &&PathBuf| {
        let of_file = files(folder).into_iter().filter(|(file, _)| file.starts_with(name));
        seen.insert(of_file.collect::<Vec<_>>())
    };
    folders.iter().filter(fresh).cloned().collect()
}

#[test]
fn a_repair_that_is_killed_is_finished_by_the_next_start() {
    let history = History::new();
    let (ada, bob) = (history.ada, history.bob);
    let (first, last) = (0, history.rows.len() - 1);
    let mut cuts = 0;
    for (i, j) in [(first, history.safes.len() - 1), (last, 0)] {
        let pair = history.home.folder(&format!("repair{i}-{j}"));
        copy(&history.rows[i], "customers.db", &pair);
        copy(&history.safes[j], "keys.db", &pair);
        for operation in 0.. {
            let folder = history.home.folder(&format!("repair{i}-{j}-{operation}"));
            copy(&pair, "", &folder);
            let faults = Faults::cut(operation, Cut::After, After::StaysDown);
            let repaired = open_with(&folder, &faults, OnRestore::Replay).is_ok();
            if !faults.tripped() {
                assert!(repaired);
                break;
            }
            cuts += 1;
            let t = try_open(&folder).unwrap_or_else(|_| replay(&folder));
            settled(&t, ada, bob, false);
            block_on(t.close()).unwrap();
            settled(&open(&folder), ada, bob, false);
        }
    }
    assert!(cuts > 40, "{cuts}");
}

#[test]
fn two_processes_that_repair_at_once_both_open() {
    let history = History::new();
    let (ada, bob) = (history.ada, history.bob);
    let (first, last) = (0, history.rows.len() - 1);
    let mut turns = 0;
    for (i, j) in [(first, history.safes.len() - 1), (last, 0)] {
        let pair = history.home.folder(&format!("both{i}-{j}"));
        copy(&history.rows[i], "customers.db", &pair);
        copy(&history.safes[j], "keys.db", &pair);
        for (operation, killed) in (0..).flat_map(|n| [(n, 3), (n, 9), (n, 15), (n, 21), (n, 999)])
        {
            let folder = history.home.folder(&format!("both{i}-{j}-{operation}-{killed}"));
            copy(&pair, "", &folder);
            let other = folder.clone();
            // While this one is in the middle of its own: to its end, or until it is killed.
            let faults = Faults::meanwhile(operation, move || {
                let dies = Faults::cut(killed, Cut::After, After::StaysDown);
                let opened = open_with(&other, &dies, OnRestore::Replay);
                assert!(dies.tripped() || opened.is_ok());
            });
            let t = open_with(&folder, &faults, OnRestore::Replay)
                .unwrap_or_else(|error| panic!("{operation}: {}", shown(&error)));
            settled(&t, ada, bob, false);
            if !faults.tripped() {
                break;
            }
            turns += 1;
            std::fs::remove_dir_all(&folder).unwrap();
        }
    }
    assert!(turns > 40, "{turns}");
}

fn replay(folder: &Path) -> Tacenda {
    block_on(builder(folder).on_restore(OnRestore::Replay).open())
        .unwrap_or_else(|error| panic!("{}", shown(&error)))
}

/// Whether a safe holds a tombstone of Ada's account.
fn tombstone(t: &Tacenda, subject: SubjectId) -> bool {
    let keys = block_on(t.vault().ports().keyring.keys_of(subject)).unwrap();
    keys.iter().any(|(key, s)| key.class == *"account" && matches!(s, KeyState::Destroyed(_)))
}

/// What holds of Ada however the files were put together: she is there whole, or erased.
fn ada_is_whole_or_erased(t: &Tacenda, ada: SubjectId, whole_is_right: bool) {
    let outline = block_on(t.vault().outline(ada)).unwrap();
    let live: Vec<_> =
        outline.iter().filter(|r| r.state == *"live").map(|r| r.class.as_str()).collect();
    let keys = block_on(t.vault().ports().keyring.keys_of(ada)).unwrap();
    if tombstone(t, ada) {
        assert_eq!(live, [""; 0], "nothing of an erased person is live");
        for (key, state) in keys {
            let destroyed = matches!(state, KeyState::Destroyed(_));
            assert_eq!(destroyed, key.class != *"billing", "{key:?}");
        }
        for (purpose, role) in [("account", "support"), ("billing", "billing")] {
            let read = block_on(t.customers().read(ada, purpose, &staff(role)));
            let code = read.expect_err("an erased person can be read").code();
            assert!(["vault.not_found", "vault.not_live"].contains(&code), "{code}");
            let found = block_on(t.customers().read_by_email(ADA, purpose, &staff(role)));
            assert_eq!(found.unwrap_err().code(), "vault.not_found");
        }
        // What the law keeps is there still, and no more of it than the law asks for.
        let kept = block_on(t.customers().read(ada, "accounting", &staff("billing"))).unwrap();
        let items: Vec<_> = kept.items().map(|item| item.as_str()).collect();
        assert_eq!(items, ["address"]);
    } else {
        assert!(whole_is_right, "the erasure is forgotten");
        assert_eq!(live, ["account", "billing", "payment"]);
        assert_eq!(note(t, ada).unwrap(), "as registered");
    }
}

#[test]
fn every_pair_of_files_of_an_erasure_converges() {
    let history = History::new();
    let (ada, bob) = (history.ada, history.bob);
    let (rows, safes) = (&history.rows, &history.safes);
    // Intent, rows gone, scrubbed, Eve; fence, receipt, Eve's keys, close; and the start.
    assert!(rows.len() >= 5 && safes.len() >= 5, "{} {}", rows.len(), safes.len());
    let (mut refused, mut opened) = (BTreeSet::new(), 0);
    for (i, of_rows) in rows.iter().enumerate() {
        for (j, of_safe) in safes.iter().enumerate() {
            let pair = history.home.folder(&format!("pair{i}-{j}"));
            copy(of_rows, "customers.db", &pair);
            copy(of_safe, "keys.db", &pair);
            let gone = tombstones_or_gone(&pair, ada);
            match try_open(&pair) {
                Ok(t) => {
                    opened += 1;
                    settled(&t, ada, bob, !gone);
                    block_on(t.close()).unwrap();
                }
                Err(error) => {
                    refused.insert(error.code());
                    let t = replay(&pair);
                    settled(&t, ada, bob, !gone);
                    block_on(t.close()).unwrap();
                }
            }
            // Whatever was repaired stays so.
            let t = try_open(&pair).unwrap_or_else(|e| panic!("pair {i} {j}: {}", shown(&e)));
            assert_eq!((t.recovery().rows_restored, t.recovery().safe_restored), (false, false));
            settled(&t, ada, bob, !gone);
            register(&t, "next@example.org");
            block_on(t.close()).unwrap();
        }
    }
    assert!(opened >= rows.len(), "{opened}");
    assert_eq!(refused, BTreeSet::from(["vault.rows_restored", "vault.safe_restored"]));
}

/// Whether either file knows that Ada's erasure has passed the point of no return.
fn tombstones_or_gone(folder: &Path, ada: SubjectId) -> bool {
    let store = SqliteStore::open(rows(folder), SqliteOptions::default()).unwrap();
    let keyring = SqliteKeyring::open(safe(folder), SqliteOptions::default()).unwrap();
    let keys = block_on(keyring.keys_of(ada)).unwrap();
    let fenced = keys.iter().any(|(_, state)| matches!(state, KeyState::Destroyed(_)));
    let leaves = block_on(store.leaves_of(ada, true, None, 16)).unwrap();
    let actions = leaves.iter().filter_map(|leaf| leaf.bytes.as_ref());
    let actions = actions.map(|bytes| tacenda_core::leaf::Leaf::decode(bytes).unwrap().action);
    fenced || actions.into_iter().any(|action| action == *"erasure.done")
}

fn settled(t: &Tacenda, ada: SubjectId, bob: SubjectId, whole_is_right: bool) {
    assert_eq!(block_on(t.vault().destroys_under_way()).unwrap(), 0);
    assert_eq!(block_on(t.erasure().resume()).unwrap(), Vec::new());
    ada_is_whole_or_erased(t, ada, whole_is_right);
    assert_eq!(note(t, bob).unwrap(), "as registered", "nobody else is touched");
    block_on(t.log().audit()).unwrap_or_else(|error| panic!("{}", shown(&error)));
    // A list of everybody goes on over whoever cannot be read.
    let all = block_on(t.customers().page(None, 100)).unwrap();
    let views = block_on(t.customers().read_many(&all, "account", &support())).unwrap();
    for (subject, view) in all.iter().zip(&views) {
        if let Err(error) = view {
            assert!(*subject != bob && error.code() == "vault.missing_key", "{}", shown(error));
        }
    }
}

#[test]
fn rows_of_long_ago_open_a_new_epoch() {
    let home = Home::new();
    let (now, old) = (home.folder("now"), home.folder("old"));
    let t = open(&now);
    let (ada, bob) = (register(&t, ADA), register(&t, BOB));
    block_on(t.close()).unwrap();
    copy(&now, "customers.db", &old);

    let t = open(&now);
    let eve = register(&t, EVE);
    let erasure = block_on(t.erasure().erase(ada, &support())).unwrap();
    let keys_before = block_on(t.log().verifier_keys()).unwrap();
    block_on(t.close()).unwrap();

    copy(&old, "customers.db", &now);
    let before = files(&now);
    assert_eq!(try_open(&now).unwrap_err().code(), "vault.rows_restored");
    assert_eq!(files(&now), before, "a refusal writes nothing");
    let t = replay(&now);
    assert!(t.recovery().rows_restored && t.recovery().rows_erased_again == 2);
    settled(&t, ada, bob, false);
    let lost = block_on(t.customers().read(eve, "account", &support()));
    assert_eq!(lost.unwrap_err().code(), "vault.not_found");
    register(&t, EVE);

    let keys = block_on(t.log().verifier_keys()).unwrap();
    assert_eq!(keys.lines().count(), 2);
    assert_eq!(keys.lines().next(), keys_before.lines().next());
    assert_eq!(parse_vkeys(&keys).unwrap().len(), 2);
    assert!(keys.lines().nth(1).unwrap().starts_with("example.org/tacenda/2+"));
    let old_receipt = verify_receipt(&erasure.receipt.text, &keys).unwrap();
    assert_eq!((old_receipt.leaf.subject, old_receipt.leaf.action.as_str()), (ada, "erasure.done"));
    let erasure = block_on(t.erasure().erase(bob, &support())).unwrap();
    assert_eq!(erasure.receipt.position.epoch, 2);
    let new_receipt = verify_receipt(&erasure.receipt.text, &keys).unwrap();
    assert_eq!(new_receipt.leaf.subject, bob);
    assert!(verify_receipt(&erasure.receipt.text, &keys_before).is_err(), "not under the old key");
    block_on(t.log().audit()).unwrap();
    block_on(t.close()).unwrap();

    // The same backup once more: a third epoch.
    copy(&old, "customers.db", &now);
    assert_eq!(try_open(&now).unwrap_err().code(), "vault.rows_restored");
    let t = replay(&now);
    let keys = block_on(t.log().verifier_keys()).unwrap();
    assert_eq!(keys.lines().count(), 3);
    verify_receipt(&erasure.receipt.text, &keys).unwrap();
    assert_eq!(note(&t, bob).unwrap_err().code(), "vault.not_found", "erased in epoch 2");
    block_on(t.close()).unwrap();
    drop(open(&now));
}

#[test]
fn a_safe_of_long_ago_leaves_those_made_since_unreadable() {
    let home = Home::new();
    let (now, old) = (home.folder("now"), home.folder("old"));
    let t = open(&now);
    let (ada, bob) = (register(&t, ADA), register(&t, BOB));
    block_on(t.close()).unwrap();
    copy(&now, "keys.db", &old);

    let t = open(&now);
    let eve = register(&t, EVE);
    let many: Vec<_> = (0..20).map(|n| register(&t, &format!("many{n}@example.org"))).collect();
    block_on(t.erasure().erase(ada, &support())).unwrap();
    block_on(t.close()).unwrap();

    copy(&old, "keys.db", &now);
    let before = files(&now);
    assert_eq!(try_open(&now).unwrap_err().code(), "vault.safe_restored");
    assert_eq!(files(&now), before, "a refusal writes nothing");
    let t = replay(&now);
    assert!(t.recovery().safe_restored && t.recovery().keys_destroyed_again == 2);
    settled(&t, ada, bob, false);
    for lost in many.iter().chain([&eve]) {
        let read = block_on(t.customers().read(*lost, "account", &support()));
        assert_eq!(read.unwrap_err().code(), "vault.missing_key");
    }
    let refused = block_on(t.customers().login(EVE, "whatever it was")).unwrap_err();
    assert_eq!(refused.code(), "vault.missing_key");
    let plan = block_on(t.retention().plan()).unwrap();
    assert_eq!(plan.due(), 0);
    register(&t, "next@example.org");
    block_on(t.close()).unwrap();
    // Once is enough.
    settled(&open(&now), ada, bob, false);
}

#[test]
fn a_safe_that_lost_the_key_of_the_log_goes_on_under_another() {
    let home = Home::new();
    let (now, old) = (home.folder("now"), home.folder("old"));
    let t = open(&now);
    let bob = register(&t, BOB);
    block_on(t.close()).unwrap();
    copy(&now, "", &old);
    let t = open(&now);
    let ada = register(&t, ADA);
    block_on(t.close()).unwrap();
    // Epoch 2, then the safe of epoch 1.
    copy(&old, "customers.db", &now);
    let t = replay(&now);
    let receipt = block_on(t.erasure().erase(bob, &support())).unwrap().receipt;
    let of_two = block_on(t.log().verifier_keys()).unwrap();
    block_on(t.close()).unwrap();
    copy(&old, "keys.db", &now);
    assert_eq!(try_open(&now).unwrap_err().code(), "vault.safe_restored");
    let t = replay(&now);
    assert_eq!(note(&t, bob).unwrap_err().code(), "vault.not_found");
    assert_eq!(note(&t, ada).unwrap_err().code(), "vault.not_found", "lost with the rows");
    let eve = register(&t, EVE);
    let receipt_of_three = block_on(t.erasure().erase(eve, &support())).unwrap().receipt;
    assert_eq!(receipt_of_three.position.epoch, 3);
    let of_three = block_on(t.log().verifier_keys()).unwrap();
    verify_receipt(&receipt_of_three.text, &of_three).unwrap();
    verify_receipt(&receipt.text, &of_two).unwrap();
    assert!(of_three.lines().any(|line| line.starts_with("example.org/tacenda/3+")));
    block_on(t.log().audit()).unwrap();
    block_on(t.close()).unwrap();
    drop(open(&now));
}
