//! Grants that somebody altered: an altered grant refuses, and never grants.

use pollster::block_on as wait;
use tacenda_core::leaf::Leaf;
use tacenda_core::ports::{Change, Expect, LogPosition, NewKeys, NewLeaf, RowDelete, RowWrite};
use tacenda_core::row::{Row, RowKey, state};
use tacenda_core::vault::{Actor, Fingerprint, OnRestore, RecordKey, Standing, Vault};
use tacenda_core::{ActorId, Name, SubjectId};
use tacenda_gdpr::staff::{self, Granted, Ground, Identity, Note, Offer};
use tacenda_testkit::world::{POLICY, World, request};

use super::adversary::Adversary;
use super::code;
use super::lost::killed_anywhere;

fn policy() -> String {
    format!("{POLICY}\n[staff]\ngrants = \"required\"\nnotice = \"We keep it.\"\n")
}

fn open(world: &World) -> Vault {
    world.try_open(&policy(), OnRestore::Refuse).unwrap().0
}

fn give(vault: &Vault, role: &'static str, cert: u8) -> Granted {
    let identity = Identity::parse("Grace Hopper", "grace@example.com").unwrap();
    let offer = offer(vault, role, cert);
    wait(staff::give(vault, None, &identity, &offer, &Actor::system())).unwrap()
}

fn offer(vault: &Vault, role: &'static str, cert: u8) -> Offer {
    Offer {
        roles: [Name::fixed(role)].into(),
        certificate: Fingerprint::of_der(&[cert]),
        until: "2027-06-01".parse().unwrap(),
        told: Some((vault.now(), "en".into())),
    }
}

fn acting(person: ActorId, role: &'static str, cert: u8) -> Actor {
    let certificate = Fingerprint::of_der(&[cert]);
    Actor::staff(person, Name::fixed(role)).with_certificate(certificate)
}

fn place(key: &RecordKey) -> RowKey {
    RowKey { subject: key.subject, kind: key.kind.kind.clone(), id: key.id }
}

fn ada(vault: &Vault) -> SubjectId {
    let items = [("email", "ada@example.org")];
    wait(vault.register(request(vault, &items, false), &Actor::system())).unwrap().subject()
}

fn read(vault: &Vault, subject: SubjectId, actor: &Actor) -> &'static str {
    code(wait(vault.read(subject, &Name::fixed("account"), actor)))
}

#[test]
fn a_grant_that_was_altered_grants_nothing() {
    let (world, store) = Adversary::world();
    let vault = open(&world);
    let (ada, boss) = (ada(&vault), give(&vault, "support", 1));
    let granted = give(&vault, "billing", 2);
    let me = acting(granted.person, "billing", 2);
    assert_eq!(read(&vault, ada, &me), "ok");
    let (its, boss_row) = (place(&granted.key), store.row(&place(&boss.key)));
    // Longer, for another role, with another certificate, in another hand, or any byte.
    store.edit(&its, |row| row.due_at = Some(tacenda_core::Timestamp::MAX));
    assert_eq!(read(&vault, ada, &me), "vault.altered_row");
    let leaf = wait(vault.history(ada, 1)).unwrap().remove(0);
    assert_eq!(leaf.action, *"subject.read_refused", "and the log says so");
    store.repent();
    store.edit(&its, |row| row.tokens = boss_row.tokens.clone());
    assert_eq!(read(&vault, ada, &acting(granted.person, "support", 1)), "vault.altered_row");
    store.repent();
    store.edit(&its, |row| *row.body.last_mut().unwrap() ^= 1);
    assert_eq!(read(&vault, ada, &me), "vault.altered_row");
    assert_eq!(code(wait(vault.amend(ada, Default::default(), &me))), "vault.altered_row");
    store.repent();
    // Taken away, it is missed.
    store.put(&its, None);
    assert_eq!(read(&vault, ada, &me), "vault.missing_row");
    assert_ne!(code(wait(vault.audit())), "ok");
    store.repent();
    assert_eq!(read(&vault, ada, &me), "ok");
    // That of somebody else, in the place of one's own.
    let own = place(&boss.key);
    let copy = Row { key: own.clone(), ..store.row(&its) };
    store.put(&own, Some(copy));
    assert_eq!(read(&vault, ada, &acting(boss.person, "billing", 2)), "vault.altered_row");
    store.repent();
    assert_eq!(read(&vault, ada, &acting(boss.person, "billing", 2)), "staff.no_grant");
}

#[test]
fn a_removed_revocation_brings_no_grant_back() {
    let (world, store) = Adversary::world();
    let vault = open(&world);
    let (ada, granted) = (ada(&vault), give(&vault, "support", 1));
    let (me, its) = (acting(granted.person, "support", 1), place(&granted.key));
    let before = store.row(&its);
    let reason = Note::parse("They leave.").unwrap();
    wait(staff::revoke(&vault, granted.person, Ground::Departure, &reason, &me)).unwrap();
    assert_eq!(store.row(&its).state, state::CLOSED);
    assert_eq!(read(&vault, ada, &me), "staff.revoked");
    store.put(&its, Some(before));
    assert_eq!(read(&vault, ada, &me), "vault.altered_row");
    store.put(&its, None);
    assert_eq!(read(&vault, ada, &me), "vault.missing_row");
    store.repent();
    assert_eq!(read(&vault, ada, &me), "staff.revoked");
}

/// Rows of before a revocation are put back.
fn restored(world: &World, store: &Adversary, meanwhile: impl FnOnce()) -> World {
    let backup = store.forge(|_| {});
    meanwhile();
    wait(world.keyring.create(NewKeys { log: HEARD, ..NewKeys::default() })).unwrap();
    World { store: backup, ..world.clone() }
}

const HEARD: Option<LogPosition> = Some(LogPosition { epoch: 1, index: 90 });

fn replay(world: &World) -> (Vault, u64) {
    let (vault, recovery) = world.try_open(&policy(), OnRestore::Replay).unwrap();
    (vault, recovery.grants_unconfirmed)
}

#[test]
fn a_restore_brings_no_revoked_grant_back() {
    let (world, store) = Adversary::world();
    let vault = open(&world);
    let (ada, boss) = (ada(&vault), give(&vault, "support", 1));
    let leaver = give(&vault, "billing", 2);
    let (me, theirs) = (acting(boss.person, "support", 1), acting(leaver.person, "billing", 2));
    let next = restored(&world, &store, || {
        let reason = Note::parse("They leave.").unwrap();
        wait(staff::revoke(&vault, leaver.person, Ground::Departure, &reason, &me)).unwrap();
        assert_eq!(read(&vault, ada, &theirs), "staff.revoked");
    });
    let (vault, unconfirmed) = replay(&next);
    assert_eq!(unconfirmed, 2);
    for actor in [&me, &theirs] {
        assert_eq!(read(&vault, ada, actor), "staff.unconfirmed");
        assert_eq!(
            code(wait(staff::confirm(&vault, leaver.person, actor))),
            if actor == &me { "staff.unconfirmed" } else { "staff.own_grant" }
        );
    }
    // The embedding program confirms the first; that person all others, but nobody their own.
    let system = Actor::system();
    let waiting = wait(staff::unconfirmed(&vault, &system)).unwrap();
    assert!(waiting.len() == 2 && waiting.iter().all(|work| !work.confirmed));
    let confirmed = wait(staff::confirm(&vault, boss.person, &system)).unwrap();
    assert!(confirmed.len() == 1 && confirmed[0] == boss.key);
    assert_eq!(read(&vault, ada, &me), "ok");
    assert_eq!(code(wait(staff::confirm(&vault, boss.person, &system))), "staff.nothing_granted");
    assert_eq!(code(wait(staff::confirm(&vault, boss.person, &me))), "staff.own_grant");
    assert_eq!(read(&vault, ada, &theirs), "staff.unconfirmed");
    let listed = wait(staff::agenda(&vault, "2030-01-01".parse().unwrap(), &me)).unwrap();
    let listed: Vec<_> = listed.iter().map(|work| (work.person, work.confirmed)).collect();
    assert!(listed.len() == 2 && listed.contains(&(leaver.person, false)));
    // Whoever remembers that they left revokes it again.
    let reason = Note::parse("They left.").unwrap();
    wait(staff::revoke(&vault, leaver.person, Ground::Departure, &reason, &me)).unwrap();
    assert_eq!(read(&vault, ada, &theirs), "staff.revoked");
    assert_eq!(code(wait(staff::confirm(&vault, leaver.person, &system))), "staff.nothing_granted");
    let (vault, unconfirmed) = replay(&next);
    assert_eq!((unconfirmed, read(&vault, ada, &me)), (0, "ok"), "once");
    wait(vault.audit()).unwrap();
}

#[test]
fn a_grant_that_nobody_confirms_runs_out() {
    let (world, store) = Adversary::world();
    let vault = open(&world);
    let (ada, granted) = (ada(&vault), give(&vault, "support", 1));
    let me = acting(granted.person, "support", 1);
    let next = restored(&world, &store, || {});
    let (vault, _) = replay(&next);
    next.set_time("2027-06-02T00:00:00Z");
    assert_eq!(read(&vault, ada, &me), "staff.expired");
    let system = Actor::system();
    assert_eq!(
        code(wait(staff::confirm(&vault, granted.person, &system))),
        "staff.nothing_granted"
    );
    assert_eq!(wait(staff::settle(&vault, None, 9)).unwrap().ended, 1);
    assert_eq!(
        wait(vault.record(&granted.key)).unwrap().standing,
        Standing::Closed { at: vault.now() }
    );
    wait(vault.audit()).unwrap();
}

#[test]
fn a_grant_that_was_altered_when_rows_came_back_is_over() {
    let (world, store) = Adversary::world();
    let vault = open(&world);
    let (ada, granted) = (ada(&vault), give(&vault, "support", 1));
    let (me, its) = (acting(granted.person, "support", 1), place(&granted.key));
    let next = restored(&world, &store, || {});
    // Somebody writes the row while it is not looked at, and writes it back when it was.
    let sound = next.store.clone();
    let row = wait(sound.rows(std::slice::from_ref(&its))).unwrap().pop().unwrap().unwrap();
    let longer = Row { due_at: Some(tacenda_core::Timestamp::MAX), ..row.clone() };
    forge(&next, longer, row.version);
    let (vault, unconfirmed) = replay(&next);
    assert_eq!((unconfirmed, read(&vault, ada, &me)), (0, "staff.revoked"));
    let system = Actor::system();
    assert_eq!(
        code(wait(staff::confirm(&vault, granted.person, &system))),
        "staff.nothing_granted"
    );
    let offer = offer(&vault, "support", 1);
    let renewed = wait(staff::renew(&vault, &granted.key, &offer, &system));
    assert_eq!(code(renewed), "staff.wrong_step");
    let now = wait(sound.rows(&[its])).unwrap().pop().unwrap().unwrap();
    forge(&next, row, now.version);
    assert_eq!(read(&vault, ada, &me), "vault.altered_row");
}

#[test]
fn a_grant_that_was_altered_so_that_no_scan_finds_it_is_over() {
    let hide: [fn(&mut Row); 2] =
        [|row| row.state = Name::fixed("elsewhere"), |row| row.due_at = None];
    for hidden in hide {
        let (world, store) = Adversary::world();
        let vault = open(&world);
        let (ada, granted) = (ada(&vault), give(&vault, "support", 1));
        let (me, its) = (acting(granted.person, "support", 1), place(&granted.key));
        let next = restored(&world, &store, || {});
        let row = stored(&next, &its).unwrap();
        let mut elsewhere = row.clone();
        hidden(&mut elsewhere);
        forge(&next, elsewhere, row.version);
        let (vault, unconfirmed) = replay(&next);
        assert_eq!(unconfirmed, 0);
        // Put back to the byte.
        let version = stored(&next, &its).unwrap().version;
        let leaf = nothing();
        let deletes = vec![RowDelete { key: its.clone(), version }];
        let change = Change { deletes, leaves: vec![leaf], ..Change::default() };
        wait(next.store.commit(change)).unwrap();
        let write = RowWrite { row, expect: Expect::Absent };
        let change = Change { writes: vec![write], leaves: vec![nothing()], ..Change::default() };
        wait(next.store.commit(change)).unwrap();
        assert_eq!(read(&vault, ada, &me), "vault.altered_row");
    }
}

fn stored(world: &World, at: &RowKey) -> Option<Row> {
    wait(world.store.rows(std::slice::from_ref(at))).unwrap().pop().unwrap()
}

#[test]
fn a_grant_that_was_taken_away_when_rows_came_back_is_not_put_back() {
    let (world, store) = Adversary::world();
    let vault = open(&world);
    let (ada, granted) = (ada(&vault), give(&vault, "support", 1));
    let (me, its) = (acting(granted.person, "support", 1), place(&granted.key));
    wait(world.keyring.create(NewKeys { log: HEARD, ..NewKeys::default() })).unwrap();
    store.put(&its, None);
    let (vault, recovery) = world.try_open(&policy(), OnRestore::Replay).unwrap();
    assert_eq!((recovery.grants_unconfirmed, recovery.lost.grants), (0, 1));
    assert_eq!(read(&vault, ada, &me), "staff.no_grant");
    assert_eq!(code(wait(vault.audit())), "vault.altered_lookup", "its look-ups are there still");
    store.repent();
    assert_eq!(read(&vault, ada, &me), "vault.altered_row");
}

/// Writes a row past the vault.
fn forge(world: &World, row: Row, version: u64) {
    let row = Row { version: version + 1, ..row };
    let write = RowWrite { row, expect: Expect::Version(version) };
    let change = Change { writes: vec![write], leaves: vec![nothing()], ..Change::default() };
    wait(world.store.commit(change)).unwrap();
}

fn nothing() -> NewLeaf {
    let leaf = Leaf {
        at: tacenda_core::Timestamp::MIN,
        actor: ActorId::SYSTEM,
        action: Name::fixed("nothing"),
        purpose: None,
        subject: SubjectId::CONTROLLER,
        details: Vec::new(),
        policy: [0; 32],
        salt: [0; 16],
        rows: Vec::new(),
    };
    NewLeaf { subject: leaf.subject, at: leaf.at, writes: false, bytes: leaf.encode() }
}

#[test]
fn a_repair_cut_anywhere_leaves_no_grant_in_force() {
    let (world, store) = Adversary::world();
    let vault = open(&world);
    let (ada, granted) = (ada(&vault), give(&vault, "support", 1));
    let _ = give(&vault, "billing", 2);
    let me = acting(granted.person, "support", 1);
    wait(world.keyring.create(NewKeys { log: HEARD, ..NewKeys::default() })).unwrap();
    killed_anywhere(
        &world,
        &policy(),
        || store.forge(|_| {}),
        |_, vault| {
            assert_eq!(read(vault, ada, &me), "staff.unconfirmed");
            wait(staff::confirm(vault, granted.person, &Actor::system())).unwrap();
            assert_eq!(read(vault, ada, &me), "ok");
        },
    );
}
