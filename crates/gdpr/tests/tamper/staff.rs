//! Grants that somebody altered: an altered grant refuses, and never grants.

use pollster::block_on as wait;
use tacenda_core::row::{Row, RowKey, state};
use tacenda_core::vault::{Actor, Fingerprint, OnRestore, RecordKey, Vault};
use tacenda_core::{ActorId, Name, SubjectId};
use tacenda_gdpr::staff::{self, Granted, Ground, Identity, Note, Offer};
use tacenda_testkit::world::{POLICY, World, request};

use super::adversary::Adversary;
use super::code;

fn open(world: &World) -> Vault {
    let policy = format!("{POLICY}\n[staff]\ngrants = \"required\"\nnotice = \"We keep it.\"\n");
    world.try_open(&policy, OnRestore::Refuse).unwrap().0
}

fn give(vault: &Vault, role: &'static str, cert: u8) -> Granted {
    let identity = Identity::parse("Grace Hopper", "grace@example.com").unwrap();
    let offer = Offer {
        roles: [Name::fixed(role)].into(),
        certificate: Fingerprint::of_der(&[cert]),
        until: "2027-06-01".parse().unwrap(),
        told: Some((vault.now(), "en".into())),
    };
    wait(staff::give(vault, None, &identity, &offer, &Actor::system())).unwrap()
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
