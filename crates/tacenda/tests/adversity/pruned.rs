//! The log pruned in files: what is gone is gone from them, what is left vouches for the rows, and
//! what somebody else blanked is found.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tacenda::{Actor, ActorId, Amendment, Name, SubjectId, Tacenda, block_on};
use tacenda_core::clock::Span;
use tacenda_core::leaf::Leaf;
use tacenda_testkit::StepClock;

use super::support::{Home, NOW, builder, copy, customer, note, rows, time};

pub(crate) fn clerk(n: u8) -> Actor {
    Actor::staff(ActorId::from_bytes([b'a' + n; 16]), Name::fixed("support"))
}

fn open(folder: &Path, clock: &Arc<StepClock>) -> Tacenda {
    block_on(builder(folder).clock(clock.clone()).open()).unwrap()
}

/// How often bytes stand in the files of the store.
pub(crate) fn count(folder: &Path, what: &[u8]) -> usize {
    let files = super::support::files(folder);
    let of_store = files.iter().filter(|(name, _)| name.starts_with("customers.db"));
    of_store.map(|(_, bytes)| bytes.windows(what.len()).filter(|w| *w == what).count()).sum()
}

/// Two years of one customer, with a clerk for each half; answers with the salts of all leaves.
fn two_years(folder: &Path) -> (SubjectId, Arc<StepClock>, Vec<Leaf>) {
    let clock = Arc::new(StepClock::standing(time(NOW)));
    let t = open(folder, &clock);
    let request = customer(&t, "ada@example.org", "as registered");
    let registered = block_on(t.customers().register(request, &clerk(0))).unwrap();
    let subject = registered.subject();
    for half in 0..4 {
        for n in 0..60 {
            let note = t.customers().item("note", &format!("note {half} {n}")).unwrap();
            let amendment = Amendment { set: vec![note], ..Amendment::default() };
            block_on(t.customers().amend(subject, amendment, &clerk(half))).unwrap();
        }
        clock.advance(Span::days(183));
        let plan = block_on(t.retention().plan()).unwrap();
        let sweeps = t.retention();
        block_on(sweeps.sweep(Some(plan.digest), &Actor::system(), &mut |_| {})).unwrap();
    }
    let leaves = block_on(t.vault().ports().store.leaves(1, 0, u64::MAX)).unwrap();
    let leaves = leaves.iter().map(|leaf| Leaf::decode(leaf.bytes.as_ref().unwrap()).unwrap());
    let leaves = leaves.collect();
    (subject, clock, leaves)
}

#[test]
fn what_was_pruned_is_in_no_file() {
    let home = Home::new();
    let (subject, clock, leaves) = two_years(home.path());
    let t = open(home.path(), &clock);
    assert!(count(home.path(), &[b'a'; 16]) > 60, "the search finds the first clerk");
    let pruned = block_on(t.log().prune()).unwrap();
    assert!(pruned.leaves > 120, "{pruned:?}");
    let before = usize::try_from(pruned.before.unwrap().index).unwrap();
    for (clerk, gone) in [(b'a', true), (b'b', true), (b'c', false), (b'd', false)] {
        assert_eq!(count(home.path(), &[clerk; 16]) == 0, gone, "{clerk}");
    }
    for (n, leaf) in leaves.iter().enumerate() {
        let stays = n >= before || leaf.action == *"policy.adopted";
        assert_eq!(count(home.path(), &leaf.salt) > 0, stays, "leaf {n}");
    }
    assert_eq!(note(&t, subject).unwrap(), "note 3 59");
    let audit = block_on(t.log().audit()).unwrap();
    assert_eq!((audit.pruned, audit.lookups), (pruned.leaves, 1));
    block_on(t.close()).unwrap();
    assert_eq!(count(home.path(), &[b'b'; 16]), 0);
    let t = open(home.path(), &clock);
    assert_eq!(note(&t, subject).unwrap(), "note 3 59");
    block_on(t.log().audit()).unwrap();
}

#[test]
fn what_somebody_blanked_or_moved_is_found_in_a_pruned_file() {
    let start = Home::new();
    let (_, clock, leaves) = two_years(start.path());
    let t = open(start.path(), &clock);
    block_on(t.log().prune()).unwrap();
    block_on(t.close()).unwrap();
    let last = leaves.len() - 1;
    let other = "x'00000000000000000000000000000001'";
    let changes = [
        // As a pruning does it, behind the mark;.
        (
            format!(
                "UPDATE leaves SET subject = NULL, bytes = NULL WHERE (place & 65535) = {last}"
            ),
            "log.pruned",
        ),
        (
            "UPDATE leaves SET hash = zeroblob(32) WHERE (place & 65535) = 5".to_owned(),
            "log.forked",
        ),
        ("DELETE FROM leaves WHERE (place & 65535) = 5".to_owned(), "log.forked"),
        ("DELETE FROM rows WHERE kind = 'prune'".to_owned(), "vault.missing_row"),
        (
            "UPDATE rows SET body = zeroblob(length(body)) WHERE kind = 'prune'".to_owned(),
            "vault.altered_row",
        ),
        ("DELETE FROM lookups".to_owned(), "vault.altered_lookup"),
        (format!("UPDATE lookups SET token = {other}"), "vault.altered_lookup"),
        (
            format!("INSERT INTO lookups SELECT index_name, {other}, owner, row FROM lookups"),
            "vault.altered_lookup",
        ),
    ];
    for (change, code) in changes {
        let home = Home::new();
        copy(start.path(), "", home.path());
        let database = Connection::open(rows(home.path())).unwrap();
        assert!(database.execute(&change, []).unwrap() > 0, "{change}");
        database.close().unwrap();
        let t = open(home.path(), &clock);
        assert_eq!(block_on(t.log().audit()).unwrap_err().code(), code, "{change}");
    }
    let home = Home::new();
    copy(start.path(), "", home.path());
    block_on(open(home.path(), &clock).log().audit()).unwrap();
}
