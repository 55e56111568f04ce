//! Pruning through the vault: the log of years loses its old texts, and vouches for every row.
#![expect(clippy::unwrap_used, reason = "tests")]

mod cuts;
mod model;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::leaf::Leaf;
use tacenda_core::log;
use tacenda_core::ports::{LogPosition, NewKeys, StoredLeaf};
use tacenda_core::vault::{Actor, Amendment, OnRestore, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};

fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

fn read(vault: &Vault, subject: SubjectId) -> &'static str {
    code(wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))))
}

/// Registers a paying customer with an address.
fn customer(vault: &Vault, n: u64) -> SubjectId {
    let email = format!("c{n}@example.org");
    let items = [("email", email.as_str()), ("address", "Rue 1"), ("country", "FR")];
    wait(vault.register(request(vault, &items, true), &staff("support"))).unwrap().subject()
}

fn amend(vault: &Vault, subject: SubjectId, item: &'static str, text: &str) {
    let set = vec![vault.item(&Name::fixed(item), text).unwrap()];
    let amendment = Amendment { set, ..Amendment::default() };
    wait(vault.amend(subject, amendment, &staff("support"))).unwrap();
}

fn sweep(vault: &Vault) {
    let digest = wait(retention::plan(vault)).unwrap().digest;
    wait(erasure::sweep(vault, Some(digest), &Actor::system(), &mut |_| {})).unwrap();
}

fn size(world: &World) -> u64 {
    wait(world.store.status()).unwrap().unwrap().head.size
}

/// All leaves of all epochs.
fn leaves(world: &World) -> Vec<StoredLeaf> {
    let epochs = 1..=wait(world.store.status()).unwrap().unwrap().head.epoch;
    epochs.flat_map(|epoch| wait(world.store.leaves(epoch, 0, u64::MAX)).unwrap()).collect()
}

fn text(leaf: &StoredLeaf) -> Option<Leaf> {
    leaf.bytes.as_deref().map(|bytes| Leaf::decode(bytes).unwrap())
}

fn at(rfc3339: &str) -> Timestamp {
    Timestamp::parse_rfc3339(rfc3339).unwrap()
}

/// The policy keeps texts for a year and the day of the leaf.
fn is_old(at: Timestamp, now: Timestamp) -> bool {
    use tacenda_core::calendar::{self, EndRule, Period, Rule, StartRule, Utc};
    let rule = Rule { keep: Period::Years(1), start: StartRule::Event, end: EndRule::SameDay };
    calendar::due(at, &[rule], &Utc) <= now
}

#[test]
fn whoever_kept_a_checkpoint_sees_that_the_log_goes_on_from_it() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let keys = log::parse_vkeys(&wait(vault.verifier_keys()).unwrap()).unwrap();
    let first = wait(vault.checkpoint()).unwrap();
    let mut kept = first.clone();
    for month in 0..30 {
        world.clock.advance(Span::days(31));
        assert_eq!(read(&vault, subject), "ok");
        if month % 10 == 9 {
            // What is pruned is the texts; their hashes stay.
            sweep_only_notes(&vault);
            wait(vault.prune_log()).unwrap();
        }
        for earlier in [&first, &kept] {
            let proof = wait(vault.continuation(earlier)).unwrap();
            let later = log::verify_continuation(earlier, &proof, &keys).unwrap();
            assert!(later.size > u64::from(month == 0), "{month}");
        }
        kept = wait(vault.checkpoint()).unwrap();
    }
    // A world has its keys from the same seed: a log of the same name and key that is another.
    let other = World::default().open();
    assert_eq!(code(wait(other.continuation(&first))), "log.forked");
    let another = log::SigningKey::from_seed("another.example", &[1; 32]).unwrap();
    let root = log::Hash::EMPTY_ROOT;
    let of_another = log::Checkpoint { origin: another.name().to_owned(), size: 0, root };
    let of_another = of_another.sign(&another).unwrap();
    assert_eq!(code(wait(vault.continuation(&of_another))), "log.unknown_key");
    assert_eq!(code(wait(vault.continuation("old 1"))), "log.note_malformed");
}

#[test]
fn a_log_of_years_is_pruned_again_and_again() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let quiet = customer(&vault, 50);
    let mut others: Vec<_> = (0..4).map(|n| customer(&vault, n)).collect();
    // When each leaf was written, and the first checkpoint with a receipt under it.
    let mut written: Vec<Timestamp> = Vec::new();
    let early = wait(vault.receipt(LogPosition { epoch: 1, index: 1 })).unwrap();
    let keys = wait(vault.verifier_keys()).unwrap();
    let keys = log::parse_vkeys(&keys).unwrap();
    for month in 0..60u64 {
        world.clock.advance(Span::days(31));
        let now = vault.now();
        assert_eq!(read(&vault, subject), "ok", "month {month}");
        amend(&vault, others[(month % 3) as usize], "address", &format!("Rue {month}"));
        if month % 10 == 3 {
            wait(vault.login("ada@example.org", "correct horse")).unwrap();
            sweep_only_notes(&vault);
        }
        if month % 12 == 7 {
            let gone = others.pop().unwrap();
            wait(erasure::erase(&vault, gone, &staff("support"))).unwrap();
            others.insert(0, customer(&vault, 100 + month));
        }
        let known = leaves(&world);
        for leaf in known.iter().skip(written.len()) {
            written.push(text(leaf).unwrap().at);
        }
        if month % 3 != 2 {
            continue;
        }
        let due = (known.iter().zip(&written))
            .filter(|(leaf, at)| {
                let stays = text(leaf).is_some_and(|leaf| leaf.action == *"policy.adopted");
                leaf.bytes.is_some() && !stays && is_old(**at, now)
            })
            .count() as u64;
        let pruned = wait(vault.prune_log()).unwrap();
        assert_eq!(pruned.leaves, due, "month {month}");
        for (leaf, written) in leaves(&world).iter().zip(&written) {
            let Some(leaf) = text(leaf) else {
                assert!(is_old(*written, now));
                continue;
            };
            assert!(leaf.action == *"policy.adopted" || !is_old(leaf.at, now), "{leaf:?}");
        }
        let audit = wait(vault.audit()).unwrap();
        let gone = leaves(&world).iter().filter(|leaf| leaf.bytes.is_none()).count() as u64;
        assert_eq!(audit.pruned, gone);
        // A second call finds nothing and writes nothing.
        let before = size(&world);
        assert_eq!(wait(vault.prune_log()).unwrap().leaves, 0);
        assert_eq!(size(&world), before);
        for subject in others.iter().chain([&subject, &quiet]) {
            assert_eq!(read(&vault, *subject), "ok");
        }
    }
    assert!(wait(vault.audit()).unwrap().pruned > 100);
    // A row that nobody has touched for years is vouched for by a carry leaf.
    let stated = wait(vault.history(quiet, 99)).unwrap();
    let stated = stated.iter().find(|leaf| !leaf.rows.is_empty()).unwrap();
    assert_eq!((stated.action.as_str(), stated.rows.len()), ("log.carried", 2));
    // Receipts: those given verify, those of pruned leaves are not given any more.
    log::verify(&early.text, &keys).unwrap();
    assert_eq!(code(wait(vault.receipt(early.position))), "log.pruned");
    let last = LogPosition { epoch: 1, index: size(&world) - 1 };
    let late = wait(vault.receipt(last)).unwrap();
    let late = log::verify(&late.text, &keys).unwrap();
    // The new checkpoint continues the old one.
    let old = log::verify(&early.text, &keys).unwrap().checkpoint;
    let plan = log::consistency_plan(old.size, late.checkpoint.size).unwrap();
    let mut hashes = Vec::new();
    for r in plan.reads() {
        let found = wait(world.store.hashes(1, r.level, r.start, r.end)).unwrap();
        hashes.extend(found.into_iter().map(log::Hash::from));
    }
    let proof = plan.finish(&hashes).unwrap();
    let (one, two) = (&old, &late.checkpoint);
    log::verify_consistency(one.size, two.size, &one.root, &two.root, &proof).unwrap();
    drop(vault);
    // A start after all of this finds what it needs.
    let vault = world.open();
    assert_eq!(read(&vault, subject), "ok");
}

#[test]
fn a_clock_in_doubt_prunes_nothing() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let before = size(&world);
    world.clock.advance(Span::days(401));
    assert_eq!(code(wait(vault.prune_log())), "vault.clock_in_doubt");
    world.clock.advance(Span::days(-402));
    assert_eq!(code(wait(vault.prune_log())), "vault.clock_in_doubt");
    assert_eq!(size(&world), before);
    world.clock.advance(Span::days(402));
    // A read at the wrong time does not make it right, a sweep that somebody confirmed does.
    assert_eq!(read(&vault, subject), "ok");
    assert_eq!(code(wait(vault.prune_log())), "vault.clock_in_doubt");
    sweep(&vault);
    assert!(wait(vault.prune_log()).unwrap().leaves > 0);
    wait(vault.audit()).unwrap();
}

#[test]
fn a_leaf_of_a_clock_that_was_ahead_keeps_nothing_else() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    world.clock.advance(Span::days(3000));
    assert_eq!(read(&vault, subject), "ok");
    world.clock.advance(Span::days(-2990));
    assert_eq!(read(&vault, subject), "ok");
    let before = size(&world);
    // Such a log is in doubt until its own time is reached: nothing is judged by any clock.
    assert_eq!(code(wait(vault.prune_log())), "vault.clock_in_doubt");
    assert_eq!(size(&world), before);
    world.clock.advance(Span::days(3100));
    sweep(&vault);
    wait(vault.prune_log()).unwrap();
    assert_eq!(text(&leaves(&world)[2]).map(|leaf| leaf.at), Some(at("2034-08-18T08:00:00Z")));
}

#[test]
fn what_an_unfinished_erasure_needs_stays() {
    let world = World::default();
    let vault = world.open();
    let (subject, other) = (ada(&vault), customer(&vault, 1));
    // Killed right after the intent.
    use tacenda_testkit::{After, Cut, FailingStore, Faults};
    let plan = wait(erasure::plan(&vault, subject)).unwrap().to_vault(&Name::fixed("request"));
    let faults = Faults::none();
    let store = std::sync::Arc::new(FailingStore::new(world.store.clone(), faults.clone()));
    drop(World { store, ..world.clone() }.open());
    let mut killed = false;
    for operation in faults.operations().. {
        let faults = Faults::cut(operation, Cut::Before, After::StaysDown);
        let store = std::sync::Arc::new(FailingStore::new(world.store.clone(), faults));
        let cut = World { store, ..world.clone() }.open();
        let _ = wait(cut.destroy(vec![plan.clone()], &staff("support")));
        if wait(vault.destroys_under_way()).unwrap() > 0 {
            killed = true;
            break;
        }
    }
    assert!(killed);
    let intent = size(&world) - 1;
    world.clock.advance(Span::days(399));
    assert_eq!(read(&vault, other), "ok");
    sweep_only_notes(&vault);
    world.clock.advance(Span::days(100));
    let pruned = wait(vault.prune_log()).unwrap();
    assert_eq!(pruned.before, Some(LogPosition { epoch: 1, index: intent }));
    wait(vault.audit()).unwrap();
    let done = wait(vault.resume_destroys()).unwrap();
    let receipt = wait(vault.receipt(done[0].position)).unwrap();
    assert_eq!((receipt.leaf.subject, receipt.leaf.action.as_str()), (subject, "erasure.done"));
    let pruned = wait(vault.prune_log()).unwrap();
    assert!(pruned.before.unwrap().index > intent && pruned.leaves > 0);
    wait(vault.audit()).unwrap();
    assert_eq!(read(&vault, other), "ok");
}

/// The time of a sweep that takes nothing and finishes nothing.
fn sweep_only_notes(vault: &Vault) {
    wait(vault.note_sweep(0, &Actor::system())).unwrap();
}

#[test]
fn epochs_that_have_ended_are_pruned_too() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    for (epoch, year) in (1..).zip(0..4u64) {
        let vault = world.open();
        amend(&vault, subject, "address", &format!("Rue {year}"));
        let _ = customer(&vault, year);
        // The safe has heard of more than the rows hold: they were restored.
        let log = Some(LogPosition { epoch, index: 10_000 });
        wait(world.keyring.create(NewKeys { log, ..NewKeys::default() })).unwrap();
        let (vault, _) = world.try_open(POLICY, OnRestore::Replay).unwrap();
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
        for _ in 0..2 {
            world.clock.advance(Span::days(200));
            sweep(&vault);
        }
        wait(vault.prune_log()).unwrap();
        wait(vault.audit()).unwrap();
        assert_eq!(read(&vault, subject), "ok");
    }
    let begun = leaves(&world);
    let begun = begun.iter().filter_map(text).filter(|leaf| leaf.action == *"log.epoch_begun");
    assert_eq!(begun.count(), 4, "where an epoch ended is never forgotten");
    let first = wait(world.store.leaves(1, 0, u64::MAX)).unwrap();
    assert_eq!(first.iter().filter(|leaf| leaf.bytes.is_some()).count(), 1, "the policy");
}

/// The tests' policy with the card in the class of the address, if `moved`, and with these periods.
fn policy(moved: bool, log: &str, backups: &str) -> String {
    let backups = format!(
        "[backups]\nevery = \"1 day\"\nkeep = \"{backups}\"\nprocessor = \"provider\"\ncountry = \"FR\"\n\n[sweep]"
    );
    let text = POLICY
        .replace("keep = \"1 year\"\n\n[facts]", &format!("keep = \"{log}\"\n\n[facts]"))
        .replace("[sweep]", &backups);
    assert!(text.contains(log) && text.contains("[backups]"));
    if !moved {
        return text;
    }
    text.replace("version = 1\n", "version = 2\n")
        .replace("items = [\"card_last4\"]\nclock", "items = [\"note\"]\nclock")
        .replace(", \"first_name\", \"note\"]\nclock", ", \"first_name\"]\nclock")
        .replace("\"country\"]\nclock", "\"country\", \"card_last4\"]\nclock")
}

#[test]
fn a_key_whose_row_went_in_a_pruned_leaf_is_not_collected_too_early() {
    for (log, backups, days, collected) in [
        ("1 year", "90 days", [80, 5], 0),
        ("1 year", "90 days", [80, 20], 1),
        ("1 year", "90 days", [300, 300], 1),
        // Nobody knows any more when the row went, and a backup may have it.
        ("30 days", "90 days", [30, 20], 0),
    ] {
        let world = World::default();
        let open = |moved| world.try_open(&policy(moved, log, backups), OnRestore::Refuse);
        let subject = ada(&open(false).unwrap().0);
        let vault = open(true).unwrap().0;
        for days in days {
            world.clock.advance(Span::days(days));
            sweep_only_notes(&vault);
        }
        let pruned = wait(vault.prune_log()).unwrap();
        let old = days[0] + days[1];
        assert_eq!(pruned.leaves > 0, old > 366 || log == "30 days");
        let done = wait(vault.collect_keys(&Actor::system())).unwrap();
        assert_eq!(done.destroyed, collected, "{log} {backups} {old} days");
        assert_eq!(read(&vault, subject), "ok");
        wait(vault.audit()).unwrap();
    }
}
