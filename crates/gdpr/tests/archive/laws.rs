//! Several laws that keep one class, each until its own end.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::leaf::{Leaf, RowStamp};
use tacenda_core::ports::{Change, Expect, NewLeaf, RowWrite};
use tacenda_core::row::{Row, RowKey};
use tacenda_core::vault::{Actor, Amendment, RegisterRequest, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::retention::Reach;
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{World, ada, request, staff, two_laws};
use tacenda_testkit::{FailingStore, Faults};

use super::{addresses, archive, at, bill, billing, keys, open, sweep};

/// The local day after six years, on which tax keeps nothing any more; and the end of vouchers.
const TAX_ENDS: &str = "2032-06-02T00:00:00Z";
const VOUCHERS_END: &str = "2037-01-01T00:00:00Z";

fn erased(world: &World) -> (Vault, SubjectId) {
    let vault = open(world, &two_laws());
    let subject = ada(&vault);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    (vault, subject)
}

#[test]
fn each_item_goes_with_the_last_law_that_asks_for_it() {
    let world = World::default();
    let (vault, subject) = erased(&world);
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    let told: Vec<_> = leaf.details.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(
        told[4..],
        [
            "archived=billing".to_owned(),
            "law=Code de commerce, art. L123-22 al. 2".to_owned(),
            format!("until={VOUCHERS_END}"),
            "law=Livre des procedures fiscales, art. L102 B".to_owned(),
            format!("until={TAX_ENDS}"),
        ]
    );
    let both = ["0 archived address country"];
    assert_eq!(billing(&vault, subject), both);
    world.clock.set(at(TAX_ENDS).minus(Span::micros(1)));
    assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 0);
    sweep(&vault);
    assert_eq!(billing(&vault, subject), both);
    world.clock.set(at(TAX_ENDS));
    let plan = wait(retention::plan(&vault)).unwrap();
    assert_eq!((plan.due(), plan.lines[0].reach), (1, Reach::Items));
    sweep(&vault);
    assert_eq!(billing(&vault, subject), ["0 archived address"]);
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    let told: Vec<_> = leaf.details.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(told, ["reduced=billing", "reason=retention", "item=country"]);
    assert_eq!(keys(&world, subject), [0], "the row goes on under its key");
    assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 0, "it is not looked at again");
    let tax = wait(vault.read(subject, &Name::fixed("tax"), &staff("tax")));
    assert_eq!(super::code(tax), "vault.not_live", "what vouchers keep is not there for tax");
    let vouchers = Name::fixed("accounting");
    let view = wait(vault.read(subject, &vouchers, &staff("billing"))).unwrap();
    assert_eq!((view.get("address"), view.get("country")), (Some("ul. Prosta 1"), None));
    world.clock.set(at(VOUCHERS_END));
    sweep(&vault);
    assert_eq!((billing(&vault, subject).len(), keys(&world, subject).len()), (0, 0));
    wait(vault.audit()).unwrap();
}

#[test]
fn a_row_that_holds_only_what_the_shorter_law_asks_for_goes_with_it() {
    let world = World::default();
    let vault = open(&world, &two_laws());
    let subject = ada(&vault);
    let remove = Amendment { remove: vec![Name::fixed("address")], ..Amendment::default() };
    wait(vault.amend(subject, remove, &staff("support"))).unwrap();
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    assert_eq!(leaf.find("until"), Some(TAX_ENDS), "vouchers have nothing to keep");
    world.clock.set(at(TAX_ENDS).minus(Span::micros(1)));
    sweep(&vault);
    assert_eq!(billing(&vault, subject), ["0 archived country"]);
    world.clock.set(at(TAX_ENDS));
    sweep(&vault);
    assert_eq!((billing(&vault, subject).len(), keys(&world, subject).len()), (0, 0));
    wait(vault.audit()).unwrap();
}

#[test]
fn both_ends_passed_between_two_sweeps() {
    let world = World::default();
    let (vault, subject) = erased(&world);
    world.clock.set(at(VOUCHERS_END));
    assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 1, "a row is counted once");
    sweep(&vault);
    assert_eq!((billing(&vault, subject).len(), keys(&world, subject).len()), (0, 0));
    wait(vault.audit()).unwrap();
}

#[test]
fn archives_that_made_room_lose_items_on_their_own_days() {
    let world = World::default();
    let vault = open(&world, &two_laws());
    let subject = ada(&vault);
    for (year, address) in (2027..).zip(["Rue 1", "Rue 2"]) {
        archive(&vault, subject).unwrap();
        bill(&vault, subject, address).unwrap();
        world.clock.set(at(&format!("{year}-06-01T08:00:00Z")));
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
    }
    world.clock.set(at("2030-01-01T08:00:00Z"));
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    let (old, new) = ("0 archived address country", "1 archived address country");
    let live = "2 live address country";
    assert_eq!(billing(&vault, subject), [old, new, live]);
    for (now, expected) in [
        ("2032-06-01T23:59:59Z", [old, new]),
        ("2032-06-02T00:00:00Z", ["0 archived address", new]),
        ("2033-06-01T23:59:59Z", ["0 archived address", new]),
        ("2033-06-02T00:00:00Z", ["0 archived address", "1 archived address"]),
    ] {
        world.clock.set(at(now));
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
        sweep(&vault);
        assert_eq!(billing(&vault, subject), [expected[0], expected[1], live], "{now}");
    }
    assert_eq!(addresses(&vault, subject), ["ul. Prosta 1", "Rue 1", "Rue 2"]);
    wait(vault.audit()).unwrap();
}

#[test]
fn a_hold_keeps_the_items_of_an_archive() {
    let world = World::default();
    let (vault, subject) = erased(&world);
    let key = RowKey::only(subject, Name::fixed("profile.billing"));
    hold(&world, &key, true);
    world.clock.set(at(TAX_ENDS));
    assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 0);
    sweep(&vault);
    assert_eq!(billing(&vault, subject), ["0 archived address country"]);
    hold(&world, &key, false);
    sweep(&vault);
    assert_eq!(billing(&vault, subject), ["0 archived address"]);
    wait(vault.audit()).unwrap();
}

#[test]
fn a_new_policy_dates_archives_anew_and_touches_no_other_row() {
    let world = World::default();
    let (vault, subject) = erased(&world);
    let eve = [("email", "eve@example.org"), ("address", "Rue 1"), ("country", "FR")];
    let eve = wait(vault.register(request(&vault, &eve, true), &staff("support")));
    let eve = eve.unwrap().subject();
    let leaves = |vault: &Vault, who| wait(vault.history(who, 99)).unwrap().len();
    let before = leaves(&vault, eve);
    drop(vault);
    // Tax asks for four years instead of six, the account is kept for two instead of three.
    let shorter = two_laws()
        .replace("version = 1", "version = 2")
        .replace("keep = \"6 years\"", "keep = \"4 years\"")
        .replace("keep = \"3 years\"", "keep = \"2 years\"");
    let vault = open(&world, &shorter);
    assert_eq!(leaves(&vault, eve), before, "a period of live data touches no row");
    world.clock.set(at("2030-06-02T00:00:00Z").minus(Span::micros(1)));
    sweep(&vault);
    assert_eq!(billing(&vault, subject), ["0 archived address country"]);
    world.clock.set(at("2030-06-02T00:00:00Z"));
    sweep(&vault);
    assert_eq!(billing(&vault, subject), ["0 archived address"]);
    wait(vault.audit()).unwrap();
    drop(vault);
    // Vouchers are asked for by nobody any more: what they kept has no reason left.
    let start = shorter.find("[purposes.accounting]").unwrap();
    let end = shorter.find("[purposes.tax]").unwrap();
    let archive = "\n[[classes.billing.retention]]\nkeep = \"10 years\"\n\
        start = \"end of financial year\"\nlaw = \"vouchers\"\narchive = true\n";
    assert!(shorter.contains(archive));
    let without = format!("{}{}", &shorter[..start], &shorter[end..])
        .replace("version = 2", "version = 3")
        .replace(archive, "")
        .replace(", \"accounting\"", "");
    let vault = open(&world, &without);
    sweep(&vault);
    assert_eq!((billing(&vault, subject).len(), keys(&world, subject).len()), (0, 0));
    wait(vault.audit()).unwrap();
}

#[test]
fn items_that_end_go_in_pages_and_under_the_brake() {
    items_end(230);
    // The second page has rows of subjects in the first, which is under way.
    items_end(130);
}

fn items_end(count: u64) {
    let world = World::default();
    // Batches that are under way at once take turns.
    let store = Arc::new(FailingStore::new(Arc::clone(&world.store), Faults::none()));
    let world = World { store, ..world };
    let vault = open(&world, &two_laws());
    let me = staff("support");
    // The policy's batch is 100; half of them have begun again, and so lie under another kind.
    let items = |n: u64| format!("c{n}@example.org");
    let subjects: Vec<_> = (0..count)
        .map(|n| {
            let email: &'static str = Box::leak(items(n).into_boxed_str());
            let of = [("email", email), ("address", "Rue 1"), ("country", "FR")];
            let one = RegisterRequest { ..request(&vault, &of, true) };
            wait(vault.register(one, &me)).unwrap().subject()
        })
        .collect();
    for (n, subject) in subjects.iter().enumerate() {
        if n % 2 == 0 {
            archive(&vault, *subject).unwrap();
            bill(&vault, *subject, "Rue 2").unwrap();
        }
        wait(erasure::erase(&vault, *subject, &me)).unwrap();
    }
    world.clock.set(at(TAX_ENDS));
    let plan = wait(retention::plan(&vault)).unwrap();
    assert_eq!((plan.due(), plan.needs_confirmation()), (count + count / 2, true));
    let refused = wait(erasure::sweep(&vault, None, &Actor::system(), &mut |_| {}));
    assert_eq!(refused.unwrap_err().code(), "sweep.not_confirmed");
    let digest = Some(plan.digest);
    let swept = wait(erasure::sweep(&vault, digest, &Actor::system(), &mut |_| {})).unwrap();
    assert_eq!((swept.subjects, swept.refused), (count, 0), "each once, whatever its pages");
    for subject in &subjects {
        let left = billing(&vault, *subject);
        assert!(left.iter().all(|row| row.ends_with("archived address")), "{left:?}");
    }
    assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 0);
    wait(vault.audit()).unwrap();
}

/// Puts or lifts a hold as a room would: the row and the leaf that states it in one change.
fn hold(world: &World, key: &RowKey, held: bool) {
    let row = wait(world.store.rows(std::slice::from_ref(key))).unwrap().remove(0).unwrap();
    let write = RowWrite {
        expect: Expect::Version(row.version),
        row: Row { held, version: row.version + 1, ..row },
    };
    let leaf = Leaf {
        at: tacenda_core::clock::Clock::now(world.clock.as_ref()),
        actor: Actor::system().id,
        action: Name::fixed("hold.changed"),
        purpose: None,
        subject: key.subject,
        details: vec![],
        policy: [0; 32],
        salt: [0; 16],
        rows: vec![RowStamp {
            kind: key.kind.clone(),
            id: key.id,
            digest: Some(write.row.digest()),
        }],
    };
    let leaves =
        vec![NewLeaf { subject: key.subject, at: leaf.at, writes: true, bytes: leaf.encode() }];
    wait(world.store.commit(Change { writes: vec![write], leaves, ..Change::default() })).unwrap();
}
