//! Findings of a review that are open: each test says what should hold, and fails until it does.

use std::sync::{Arc, Mutex};

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::leaf::Leaf;
use tacenda_core::log;
use tacenda_core::ports::{KeyId, KeyState, PolicyMark};
use tacenda_core::row::{Row, RowKey};
use tacenda_core::seal::MasterKey;
use tacenda_core::vault::{Amendment, OnRestore, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};

use super::adversary::{Adversary, At, LeafLie};
use super::{code, eve, profile};

fn set(vault: &Vault, item: &'static str, text: &str) -> Amendment {
    Amendment { set: vec![vault.item(&Name::fixed(item), text).unwrap()], ..Amendment::default() }
}

fn read(vault: &Vault, subject: SubjectId) -> &'static str {
    code(wait(vault.read(subject, &Name::fixed("account"), &staff("support"))))
}

fn restated(mut leaf: Leaf, row: &Row) -> Leaf {
    for stamp in leaf.rows.iter_mut().filter(|s| s.kind == row.key.kind && s.id == row.key.id) {
        stamp.digest = Some(row.digest());
    }
    leaf
}

type Slot = Arc<Mutex<Option<&'static str>>>;

#[test]
fn f01_a_lookup_that_points_at_somebody_else() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    store.redirect(&profile(ada, "account"), &profile(eve, "account"));
    let (item, purpose) = (Name::fixed("email"), Name::fixed("account"));
    let found = wait(vault.read_by(&item, "ada@example.org", &purpose, &staff("support")));
    assert_ne!(code(found), "ok", "another person's data was read");
}

#[test]
fn f02_row_and_leaf_altered_together_at_read() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let key = profile(subject, "account");
    store.edit(&key, |row| row.anchor_at = Some(Timestamp::from_micros(0)));
    let mut row = store.row(&key);
    row.anchor_at = Some(Timestamp::from_micros(0));
    let (at, leaf) = store.last_leaf(subject);
    store.leaf(at, LeafLie::Bytes(restated(leaf, &row).encode()));
    assert_ne!(read(&vault, subject), "ok");
}

#[test]
fn f03_a_rollback_behind_a_pruned_leaf() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let key = profile(subject, "account");
    let old = store.row(&key);
    wait(vault.amend(subject, set(&vault, "first_name", "Augusta"), &staff("support"))).unwrap();
    store.put(&key, Some(old));
    let (at, _) = store.last_leaf(subject);
    store.leaf(at, LeafLie::Pruned);
    assert_ne!(read(&vault, subject), "ok", "read");
    assert_ne!(code(wait(vault.audit())), "ok", "audit");
}

#[test]
fn f03b_a_rollback_behind_a_pruned_leaf_audit() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let key = profile(subject, "account");
    let old = store.row(&key);
    wait(vault.amend(subject, set(&vault, "first_name", "Augusta"), &staff("support"))).unwrap();
    store.put(&key, Some(old));
    let (at, _) = store.last_leaf(subject);
    store.leaf(at, LeafLie::Pruned);
    assert_ne!(code(wait(vault.audit())), "ok", "audit");
}

#[test]
fn f04_a_log_cut_off_under_a_running_process() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let _ = (ada(&vault), eve(&vault));
    wait(vault.checkpoint()).unwrap();
    let short = store.forge(|tape| tape.truncate(tape.len() - 1));
    // A process that opened in time: its store is exchanged for the shorter one.
    let swap = Swap::new(world.store.clone());
    let running = World { store: swap.clone(), ..world }.open();
    swap.to(short);
    assert_ne!(code(wait(running.audit())), "ok", "audit");
    assert_ne!(code(wait(running.checkpoint())), "ok", "checkpoint");
}

#[test]
fn f05_a_forged_epoch_hides_a_fork() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let _ = (ada(&vault), eve(&vault));
    wait(vault.checkpoint()).unwrap();
    let forged = store.forge(|tape| {
        let _ = tape.pop();
        let mut epoch = tape[0].clone();
        (epoch.policy, epoch.new_epoch) = (None::<PolicyMark>, Some(2));
        tape.push(epoch);
    });
    let world = World { store: forged, ..world };
    let opened = world.try_open(POLICY, OnRestore::Refuse);
    let found = match opened {
        Ok((vault, _)) => code(wait(vault.audit())),
        Err(error) => error.code(),
    };
    assert_ne!(found, "ok", "eve was cut out of the log, and neither open nor audit says so");
}

#[test]
fn f06_a_change_between_row_and_leaf_is_no_tampering() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let other = world.open();
    store.act(At::Rows, move || {
        wait(other.amend(subject, set(&other, "first_name", "Augusta"), &staff("support")))
            .unwrap();
    });
    assert_eq!(read(&vault, subject), "ok");
}

#[test]
fn f07_opening_beside_a_busy_process_is_no_restore() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let _ = ada(&vault);
    store.act(At::Status, move || {
        let _ = eve(&vault);
        wait(vault.checkpoint()).unwrap();
    });
    assert_eq!(code(world.try_open(POLICY, OnRestore::Refuse)), "ok");
}

#[test]
fn f08_nothing_is_added_to_somebody_who_is_being_erased() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = eve(&vault);
    let other = world.open();
    store.act(At::Committed("erasure.intended"), move || {
        let _ = wait(other.amend(subject, set(&other, "card_last4", "4242"), &staff("billing")));
    });
    let _ = wait(erasure::erase(&vault, subject, &staff("support")));
    let _ = wait(vault.resume_destroys());
    let left = wait(vault.outline(subject)).unwrap();
    let left: Vec<_> = left.iter().map(|row| (row.class.as_str(), row.state.as_str())).collect();
    assert_eq!(left, [("billing", "archived")]);
}

#[test]
fn f09_an_altered_clock_does_not_get_data_erased() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    store.edit(&profile(subject, "payment"), |row| {
        row.anchor_at = Some(Timestamp::parse_rfc3339("2001-01-01T00:00:00Z").unwrap());
    });
    let swept = wait(erasure::sweep(&vault, None, &staff("support"), &mut |_| {}));
    let key = KeyId::first(subject, Name::fixed("payment"));
    let state = wait(world.keyring.fetch(&[key])).unwrap().remove(0);
    assert!(matches!(state, KeyState::Live(_)), "the key was destroyed: {swept:?}");
}

#[test]
fn f09b_an_altered_row_is_not_archived_under_a_new_digest() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    store.edit(&profile(subject, "billing"), |row| row.body[40] ^= 1);
    let erased = wait(erasure::erase(&vault, subject, &staff("support")));
    store.repent();
    // The altered body was taken over, under a new digest.
    assert_ne!(code(erased), "ok", "an altered row was archived");
}

#[test]
fn f09c_one_altered_row_does_not_stop_the_sweep_of_all_others() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    world.clock.advance(Span::days(5000));
    store.edit(&profile(ada, "account"), |row| row.body[40] ^= 1);
    let plan = wait(retention::plan(&vault)).unwrap();
    let _ = wait(erasure::sweep(&vault, Some(plan.digest), &staff("support"), &mut |_| {}));
    assert!(wait(vault.outline(eve)).unwrap().is_empty(), "eve is kept because of ada's row");
}

#[test]
fn f10_an_erasure_that_another_process_finishes_is_done() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let other = world.open();
    store.act(At::Committed("erasure.intended"), move || {
        wait(other.resume_destroys()).unwrap();
    });
    assert_eq!(code(wait(erasure::erase(&vault, subject, &staff("support")))), "ok");
}

#[test]
fn f11_a_replay_that_was_killed_goes_on() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    for operation in 0..60 {
        let backup = store.forge(|tape| {
            let at = tape.iter().position(|change| {
                change
                    .leaves
                    .iter()
                    .any(|leaf| Leaf::decode(&leaf.bytes).unwrap().action == *"erasure.intended")
            });
            tape.truncate(at.unwrap());
        });
        let faults = tacenda_testkit::Faults::cut(
            operation,
            tacenda_testkit::Cut::After,
            tacenda_testkit::After::StaysDown,
        );
        let cut: Arc<dyn tacenda_core::ports::Store> =
            Arc::new(tacenda_testkit::FailingStore::new(backup.clone(), faults.clone()));
        let keyring = Mirror::copy(&world, subject);
        let killed = World { store: cut, keyring: keyring.clone(), ..world.clone() };
        let _ = killed.try_open(POLICY, OnRestore::Replay);
        let next = World { store: backup, keyring, ..world.clone() };
        let Ok((vault, _)) = next.try_open(POLICY, OnRestore::Replay) else {
            panic!("operation {operation}: closed for ever");
        };
        let left = wait(vault.outline(subject)).unwrap();
        let account = left.iter().any(|row| row.class == *"account");
        assert!(!account, "killed at operation {operation}, and the erased account is there again");
        if !faults.tripped() {
            break;
        }
    }
}

#[test]
fn f12_a_restore_does_not_bring_back_what_an_archive_dropped() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let backup = store.forge(|tape| {
        let at = tape.iter().position(|change| {
            change
                .leaves
                .iter()
                .any(|leaf| Leaf::decode(&leaf.bytes).unwrap().action == *"erasure.intended")
        });
        tape.truncate(at.unwrap());
    });
    let restored = World { store: backup, ..world };
    let (vault, _) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing")));
    let items = view.map(|view| view.items().map(Name::to_string).collect::<Vec<_>>());
    assert!(items.is_err(), "erased, restored, and read for billing again: {items:?}");
}

#[test]
fn f13_a_process_with_the_former_master_key_makes_no_keys() {
    let (world, store) = Adversary::world();
    let old = world.open();
    let mut rotated = world.clone();
    rotated.former = Some(world.master.clone());
    rotated.master = MasterKey::generate(world.rng.as_ref());
    let during = rotated.clone();
    // The rotation runs from beginning to end while a page is being registered.
    store.act(At::Lookup, move || {
        wait(during.open().rotate_master_key()).unwrap();
    });
    let late = request(&old, &[("email", "late@example.org")], false);
    let made = code(wait(old.register(late, &staff("support"))));
    rotated.former = None;
    let opened = code(rotated.try_open(POLICY, OnRestore::Refuse));
    assert_eq!(opened, "ok", "registered: {made}; the former key may be destroyed by now");
}

#[test]
fn f22_what_may_be_tried_again_was_not_written() {
    use tacenda_testkit::{After, Cut, FailingKeyring, Faults};
    for operation in 0..40 {
        let world = World::default();
        let _ = world.open();
        let faults = Faults::cut(operation, Cut::Before, After::StaysDown);
        let keyring = Arc::new(FailingKeyring::new(world.keyring.clone(), faults.clone()));
        let faulty = World { keyring, ..world.clone() };
        let Ok((vault, _)) = faulty.try_open(POLICY, OnRestore::Refuse) else { continue };
        world.clock.advance(Span::seconds(120));
        let size = || wait(world.store.status()).unwrap().unwrap().head.size;
        let before = size();
        let one = request(&vault, &[("email", "one@example.org")], false);
        let done = wait(vault.register(one, &staff("support")));
        if let Err(error) = done {
            let safe = error.retry() == tacenda_core::error::Retry::Safe;
            assert!(!safe || size() == before, "operation {operation}: {error} and yet written");
        }
    }
}

#[test]
fn f14_a_login_moves_the_clock_of_every_class_that_runs_from_it() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    for _ in 0..30 {
        world.clock.advance(Span::days(20));
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
    }
    wait(erasure::sweep(&vault, None, &staff("support"), &mut |_| {})).unwrap();
    let left = wait(vault.outline(subject)).unwrap();
    let left: Vec<_> = left.iter().map(|row| (row.class.as_str(), row.state.as_str())).collect();
    assert_eq!(left, [("account", "live"), ("billing", "live"), ("payment", "live")]);
}

#[test]
fn f17_an_amendment_keeps_what_the_policy_requires_together() {
    let world = World::default();
    let vault = world.open();
    let me = staff("support");
    let free = request(&vault, &[("email", "free@example.org")], false);
    let free = wait(vault.register(free, &me)).unwrap().subject();
    assert_eq!(
        code(wait(vault.amend(free, set(&vault, "address", "Rue 1"), &me))),
        "vault.required_item"
    );
    let subject = ada(&vault);
    let remove = Amendment { remove: vec![Name::fixed("country")], ..Amendment::default() };
    assert_eq!(code(wait(vault.amend(subject, remove, &me))), "vault.required_item");
}

#[test]
fn f17b_an_account_is_not_closed_in_the_future() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let at = vault.now().plus(Span::days(365_000));
    let close = Amendment { close_at: Some(at), ..Amendment::default() };
    assert_eq!(code(wait(vault.amend(subject, close, &staff("support")))), "vault.in_future");
}

#[test]
fn f20_work_that_is_resumed_does_not_take_the_brake_off() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let other = eve(&vault);
    world.clock.advance(Span::days(401));
    assert!(wait(retention::plan(&vault)).unwrap().clock_in_doubt);
    // A single refused read at the wrong time.
    let _ = read(&vault, other);
    let plan = wait(retention::plan(&vault)).unwrap();
    assert!(plan.clock_in_doubt, "one read, and {} rows may go; {subject}", plan.due());
}

#[test]
fn f21_a_receipt_that_does_not_verify_is_not_given() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let (at, mut leaf) = store.last_leaf(subject);
    leaf.details.push(("erased".into(), "everything".into()));
    store.leaf(at, LeafLie::Bytes(leaf.encode()));
    let keys = log::parse_vkeys(&wait(vault.verifier_keys()).unwrap()).unwrap();
    if let Ok(receipt) = wait(vault.receipt(at)) {
        assert_eq!(code(log::verify(&receipt.text, &keys)), "ok");
    }
}

#[test]
fn f23_two_first_starts_at_once() {
    let (world, store) = Adversary::world();
    let other = world.clone();
    let second: Slot = Arc::default();
    let told = second.clone();
    store.act(At::Status, move || {
        *told.lock().unwrap() = Some(code(other.try_open(POLICY, OnRestore::Refuse)));
    });
    let first = code(world.try_open(POLICY, OnRestore::Refuse));
    assert_eq!((first, *second.lock().unwrap()), ("ok", Some("ok")));
}

#[test]
fn f24_a_clock_that_was_ahead_once_does_not_close_the_vault() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    world.clock.advance(Span::days(3000));
    let _ = read(&vault, subject);
    world.clock.advance(Span::days(-3000));
    assert_eq!(code(world.try_open(POLICY, OnRestore::Replay)), "ok");
}

#[test]
fn f25_rows_that_are_gone_altogether() {
    let world = World::default();
    let vault = world.open();
    let _ = ada(&vault);
    let lost = World { store: World::default().store, ..world };
    assert_ne!(code(lost.try_open(POLICY, OnRestore::Refuse)), "ok");
}

#[test]
fn f26_two_laws_keep_the_items_of_both() {
    let policy = POLICY
        .replace(
            "\"vouchers\" = { citation",
            "\"tax\" = { citation = \"Livre des procedures fiscales, art. L102 B\", country = \"FR\" }\n\"vouchers\" = { citation",
        )
        .replace(
            "law = \"vouchers\"\narchive = true",
            "law = \"vouchers\"\narchive = true\n\n[[classes.billing.retention]]\nkeep = \"6 years\"\nlaw = \"tax\"\narchive = true",
        )
        .replace(
            "[roles.support]",
            "[purposes.tax]\nactivity = \"accounts\"\ndescription = \"Tax.\"\nbasis = \"legal obligation\"\nlaw = \"tax\"\nitems = [\"country\"]\narchive_of = [\"tax\"]\n\n[roles.tax]\npurposes = [\"tax\"]\n\n[roles.support]",
        );
    let world = World::default();
    let vault = world.try_open(&policy, OnRestore::Refuse).unwrap().0;
    let subject = ada(&vault);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let view = wait(vault.read(subject, &Name::fixed("tax"), &staff("tax"))).unwrap();
    assert_eq!(view.get("country"), Some("PL"), "a second law asked for it");
}

#[test]
fn f27_an_address_given_after_the_old_one_was_archived_is_live() {
    let policy = POLICY.replace(
        "[classes.billing]\nitems = [\"address\", \"country\"]\nclock = { open = \"last login\"",
        "[classes.billing]\nitems = [\"address\", \"country\"]\nclock = { open = \"registered\"",
    );
    let world = World::default();
    let vault = world.try_open(&policy, OnRestore::Refuse).unwrap().0;
    let subject = ada(&vault);
    for _ in 0..40 {
        world.clock.advance(Span::days(30));
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
    }
    wait(erasure::sweep(&vault, None, &staff("support"), &mut |_| {})).unwrap();
    let amended = wait(vault.amend(subject, set(&vault, "address", "Rue 9"), &staff("billing")));
    let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
    assert_eq!((code(amended), view.get("address")), ("ok", Some("Rue 9")));
}

#[test]
fn f28_the_safe_restored_opens_once_and_for_all() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let old = Mirror::copy(&world, subject);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    for n in 0..20 {
        let email: &'static str = Box::leak(format!("c{n}@example.org").into_boxed_str());
        wait(vault.register(request(&vault, &[("email", email)], false), &staff("support")))
            .unwrap();
    }
    let restored = World { keyring: old, ..world };
    assert_eq!(code(restored.try_open(POLICY, OnRestore::Refuse)), "vault.safe_restored");
    let (_, recovery) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    assert_eq!(recovery.keys_destroyed_again, 2);
    assert_eq!(code(restored.try_open(POLICY, OnRestore::Refuse)), "ok");
}

#[test]
fn f29_the_safe_of_the_epoch_before_signs_again() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let _ = eve(&vault);
    wait(vault.checkpoint()).unwrap();
    let old = Mirror::copy(&world, subject);
    let backup = store.forge(|tape| tape.truncate(tape.len() - 1));
    let restored = World { store: backup, ..world };
    let (vault, _) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    let third = request(&vault, &[("email", "third@example.org")], false);
    wait(vault.register(third, &staff("support"))).unwrap();
    wait(vault.checkpoint()).unwrap();
    let both = World { keyring: old, ..restored };
    let (vault, _) = both.try_open(POLICY, OnRestore::Replay).unwrap();
    assert_eq!(code(wait(vault.checkpoint())), "ok");
    assert_eq!(code(wait(vault.verifier_keys())), "ok");
}

#[test]
fn f30_the_same_record_twice_in_a_page_is_known_as_on_two_pages() {
    let world = World::default();
    let vault = world.open();
    let record = || {
        let mut one = request(&vault, &[("email", "a@example.org")], false);
        one.source = Some(b"1".to_vec().into());
        one
    };
    let page = wait(vault.register_many(vec![record(), record()], &staff("support"))).unwrap();
    let first: Vec<_> = page.into_iter().map(code).collect();
    let page = wait(vault.register_many(vec![record(), record()], &staff("support"))).unwrap();
    let second: Vec<_> = page.into_iter().map(code).collect();
    assert_eq!(first, second, "the verdicts of one file differ between its imports");
}

/// A store that can be exchanged under a running process.
struct Swap(Mutex<Arc<dyn tacenda_core::ports::Store>>);

impl Swap {
    fn new(store: Arc<dyn tacenda_core::ports::Store>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(store)))
    }
    fn to(&self, store: Arc<dyn tacenda_core::ports::Store>) {
        *self.0.lock().unwrap() = store;
    }
    fn now(&self) -> Arc<dyn tacenda_core::ports::Store> {
        self.0.lock().unwrap().clone()
    }
}

/// A safe made again from what another says of itself.
struct Mirror;

impl Mirror {
    fn copy(world: &World, _subject: SubjectId) -> Arc<dyn tacenda_core::ports::Keyring> {
        use tacenda_core::memory::MemoryKeyring;
        use tacenda_core::ports::{Keyring, NewKeys, SafeInit};
        let (from, to) = (&world.keyring, MemoryKeyring::new());
        let status = wait(from.status()).unwrap().unwrap();
        let mut secrets = Vec::new();
        for name in ["index", "fingerprints", "log.1", "log.2"] {
            let name = Name::parse(name).unwrap();
            if let Some(secret) = wait(from.secret(&name)).unwrap() {
                secrets.push((name, secret));
            }
        }
        let (safe, store, kek) = (status.safe, status.store, status.kek);
        wait(to.initialise(SafeInit { safe, store, kek, secrets })).unwrap();
        let ids = wait(from.live_keys(None, usize::MAX)).unwrap();
        let states = wait(from.fetch(&ids)).unwrap();
        let keys = ids
            .into_iter()
            .zip(states)
            .filter_map(|(id, state)| match state {
                KeyState::Live(wrapped) => Some((id, wrapped)),
                _ => None,
            })
            .collect();
        wait(to.create(NewKeys { keys, log: status.log, ..NewKeys::default() })).unwrap();
        for tombstone in wait(from.tombstones(None, usize::MAX)).unwrap() {
            wait(to.destroy(&[tombstone.key], tombstone.position, tombstone.at)).unwrap();
        }
        if let (Some((_, text)), Some(at)) = (status.checkpoint, status.log) {
            wait(to.keep_checkpoint(at, &text)).unwrap();
        }
        while wait(to.status()).unwrap().unwrap().sequence < status.sequence {
            wait(to.forget(&[])).unwrap();
        }
        Arc::new(to)
    }
}

#[async_trait::async_trait]
impl tacenda_core::ports::Store for Swap {
    async fn status(&self) -> Result<Option<tacenda_core::ports::StoreStatus>> {
        self.now().status().await
    }
    async fn initialise(&self, init: tacenda_core::ports::StoreInit) -> Result<()> {
        self.now().initialise(init).await
    }
    async fn commit(
        &self,
        c: tacenda_core::ports::Change,
    ) -> Result<tacenda_core::ports::Committed> {
        self.now().commit(c).await
    }
    async fn rows(&self, keys: &[RowKey]) -> Result<Vec<Option<Row>>> {
        self.now().rows(keys).await
    }
    async fn lookup(
        &self,
        i: &Name,
        t: &[[u8; 16]],
    ) -> Result<Vec<Vec<tacenda_core::ports::Found>>> {
        self.now().lookup(i, t).await
    }
    async fn scan(
        &self,
        s: &tacenda_core::ports::Scan,
        a: Option<&tacenda_core::ports::Cursor>,
        l: usize,
    ) -> Result<tacenda_core::ports::Page> {
        self.now().scan(s, a, l).await
    }
    async fn count(&self, s: &tacenda_core::ports::Scan, l: u64) -> Result<u64> {
        self.now().count(s, l).await
    }
    async fn claim(
        &self,
        k: &Name,
        s: &Name,
        n: Timestamp,
        u: Timestamp,
        l: usize,
    ) -> Result<Vec<Row>> {
        self.now().claim(k, s, n, u, l).await
    }
    async fn hashes(&self, e: u32, l: u8, f: u64, t: u64) -> Result<Vec<[u8; 32]>> {
        self.now().hashes(e, l, f, t).await
    }
    async fn leaves(&self, e: u32, f: u64, t: u64) -> Result<Vec<tacenda_core::ports::StoredLeaf>> {
        self.now().leaves(e, f, t).await
    }
    async fn leaves_of(
        &self,
        s: SubjectId,
        w: bool,
        b: Option<tacenda_core::ports::LogPosition>,
        l: usize,
    ) -> Result<Vec<tacenda_core::ports::StoredLeaf>> {
        self.now().leaves_of(s, w, b, l).await
    }
    async fn prune(&self, e: u32, u: u64, k: &[u64]) -> Result<u64> {
        self.now().prune(e, u, k).await
    }
    async fn close(&self) -> Result<()> {
        self.now().close().await
    }
}

#[test]
fn f35_an_import_stays_known_after_its_leaf_was_pruned() {
    let world = World::default();
    let vault = world.open();
    let record = || {
        let mut one = request(&vault, &[("email", "a@example.org")], false);
        one.source = Some(b"1".to_vec().into());
        wait(vault.register(one, &staff("support"))).unwrap()
    };
    let first = record().subject();
    wait(erasure::erase(&vault, first, &staff("support"))).unwrap();
    let size = wait(world.store.status()).unwrap().unwrap().head.size;
    wait(world.store.prune(1, size, &[])).unwrap();
    assert_eq!(record().subject(), first, "the erased customer was imported again");
}

#[test]
fn f38_a_process_with_the_former_key_does_not_rotate_back() {
    let world = World::default();
    let old = world.open();
    let mut rotated = world.clone();
    rotated.former = Some(world.master.clone());
    rotated.master = MasterKey::generate(world.rng.as_ref());
    wait(rotated.open().rotate_master_key()).unwrap();
    let _ = wait(old.rotate_master_key());
    rotated.former = None;
    assert_eq!(code(rotated.try_open(POLICY, OnRestore::Refuse)), "ok");
}

#[test]
fn f40_a_read_looks_at_one_leaf_however_often_somebody_logged_in() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    for _ in 0..40 {
        world.clock.advance(Span::days(1));
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
    }
    let before = store.asked();
    wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
    assert_eq!(store.asked() - before, 1, "pages of leaves for one read");
}
