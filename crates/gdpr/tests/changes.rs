//! The feed of changes: whoever follows it knows which rows there are.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use pollster::block_on as wait;
use tacenda_core::ports::{LogPosition, Scan};
use tacenda_core::row::RowKey;
use tacenda_core::vault::{Amendment, Changes, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{World, ada, request, staff};

/// A host's copy of the keys of all rows, and how far it has followed.
struct Follower {
    rows: BTreeSet<RowKey>,
    next: LogPosition,
}

impl Follower {
    fn follow(&mut self, vault: &Vault, limit: usize) {
        loop {
            let part: Changes = wait(vault.changes_since(self.next, limit)).unwrap();
            assert!(part.next >= self.next);
            for row in part.rows {
                let key = RowKey { subject: row.subject, kind: row.kind, id: row.id };
                match row.deleted {
                    true => self.rows.remove(&key),
                    false => self.rows.insert(key),
                };
            }
            self.next = part.next;
            if part.is_end {
                return;
            }
        }
    }
}

fn rows(world: &World) -> BTreeSet<RowKey> {
    let page = wait(world.store.scan(&Scan::All { kind: None }, None, 10_000)).unwrap();
    page.rows.into_iter().map(|row| row.key).collect()
}

fn eve(vault: &Vault) -> SubjectId {
    let request = request(vault, &[("email", "eve@example.org"), ("first_name", "Eve")], false);
    wait(vault.register(request, &staff("support"))).unwrap().subject()
}

#[test]
fn whoever_follows_the_feed_knows_every_row() {
    let world = World::default();
    let vault = world.open();
    for limit in [1, 2, 1_000] {
        let mut follower = Follower { rows: BTreeSet::new(), next: Vault::log_begins() };
        follower.follow(&vault, limit);
        assert_eq!(follower.rows, rows(&world), "limit {limit}");
    }
    let mut follower = Follower { rows: BTreeSet::new(), next: Vault::log_begins() };
    let (ada, eve) = (ada(&vault), eve(&vault));
    follower.follow(&vault, 3);
    assert_eq!(follower.rows, rows(&world));
    assert!(follower.rows.iter().any(|key| key.subject == ada));
    let set = vec![vault.item(&Name::fixed("first_name"), "Augusta").unwrap()];
    let amendment = Amendment { set, ..Amendment::default() };
    wait(vault.amend(eve, amendment, &staff("support"))).unwrap();
    let before = follower.next;
    let part = wait(vault.changes_since(before, 99)).unwrap();
    assert!(!part.rows.is_empty() && part.rows.iter().all(|row| row.subject == eve));
    wait(erasure::erase(&vault, ada, &staff("support"))).unwrap();
    follower.follow(&vault, 2);
    assert_eq!(follower.rows, rows(&world));
    // Asked again from the same place it answers the same, and what came since.
    let again = wait(vault.changes_since(before, 99)).unwrap();
    assert_eq!(again.rows[..part.rows.len()], part.rows);
    assert_eq!(wait(vault.log_ends()).unwrap(), follower.next);
}

#[test]
fn whoever_fell_behind_what_was_pruned_is_told() {
    let world = World::default();
    let vault = world.open();
    let _ = ada(&vault);
    let end = wait(vault.log_ends()).unwrap();
    wait(world.store.prune(1, 0, end.index, &[])).unwrap();
    let code = |result: Result<Changes>| result.unwrap_err().code();
    assert_eq!(code(wait(vault.changes_since(Vault::log_begins(), 9))), "log.pruned");
    let _ = eve(&vault);
    assert!(!wait(vault.changes_since(end, 9)).unwrap().rows.is_empty());
    let far = LogPosition { epoch: 7, index: 3 };
    let nothing = wait(vault.changes_since(far, 9)).unwrap();
    assert_eq!((nothing.rows.len(), nothing.next, nothing.is_end), (0, far, true));
}
