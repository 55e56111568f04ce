//! What laws keep: beside a class that begins again, and each item until its own law ends.
#![expect(clippy::unwrap_used, reason = "tests")]

mod account;
mod closed;
mod cuts;
mod laws;
mod moved;
mod restricted;

use pollster::block_on as wait;
use tacenda_core::ports::KeyState;
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, Amendment, OnRestore, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{World, ada, staff};

fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

fn open(world: &World, policy: &str) -> Vault {
    world.try_open(policy, OnRestore::Refuse).unwrap().0
}

/// Archives what is live of the billing class, as a sweep of that class alone does.
fn archive(vault: &Vault, subject: SubjectId) -> Result<()> {
    let mut plan = wait(erasure::plan(vault, subject))?;
    plan.lines.retain(|line| line.class == *"billing" && !line.archived);
    let plan = plan.to_vault(&Name::fixed("retention"));
    wait(vault.destroy(vec![plan], &staff("support"))).map(|_| ())
}

fn bill(vault: &Vault, subject: SubjectId, address: &str) -> Result<()> {
    let item = |item, text| vault.item(&Name::fixed(item), text).unwrap();
    let set = vec![item("address", address), item("country", "FR")];
    wait(vault.amend(subject, Amendment { set, ..Amendment::default() }, &staff("support")))
}

fn sweep(vault: &Vault) {
    let digest = wait(retention::plan(vault)).unwrap().digest;
    wait(erasure::sweep(vault, Some(digest), &Actor::system(), &mut |_| {})).unwrap();
}

/// The rows of the billing class: number of the key, `archived` or `live`, items.
fn billing(vault: &Vault, subject: SubjectId) -> Vec<String> {
    let rows = wait(vault.outline(subject)).unwrap().into_iter();
    let rows = rows.filter(|row| row.class == *"billing");
    let told = rows.map(|row| {
        let items: Vec<_> = row.items.iter().map(Name::as_str).collect();
        format!("{} {} {}", row.key.unwrap(), row.state, items.join(" "))
    });
    told.collect()
}

/// The numbers of the live keys of the billing class.
fn keys(world: &World, subject: SubjectId) -> Vec<u16> {
    let keys = wait(world.keyring.keys_of(subject)).unwrap().into_iter();
    let live =
        keys.filter(|(key, state)| key.class == *"billing" && matches!(state, KeyState::Live(_)));
    live.map(|(key, _)| key.number).collect()
}

/// What the law of vouchers sees of the address, oldest first.
fn addresses(vault: &Vault, subject: SubjectId) -> Vec<String> {
    let view = wait(vault.read(subject, &Name::fixed("accounting"), &staff("billing"))).unwrap();
    view.all("address").map(|kept| kept.text().to_owned()).collect()
}

fn at(rfc3339: &str) -> Timestamp {
    Timestamp::parse_rfc3339(rfc3339).unwrap()
}

#[test]
fn a_class_that_a_law_keeps_begins_again_beside_it() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let anchor = wait(vault.outline(subject)).unwrap().remove(1).anchor_at;
    for (round, address) in (1u16..).zip(["Rue 1", "Rue 2", "Rue 3"]) {
        archive(&vault, subject).unwrap();
        assert_eq!(addresses(&vault, subject).len(), usize::from(round));
        let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
        assert_eq!(view.get("address"), None, "archived, and read for billing");
        bill(&vault, subject, address).unwrap();
        // One leaf states the row that made room and the new one.
        let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
        let kinds: Vec<_> = leaf.rows.iter().map(|row| row.kind.as_str()).collect();
        assert_eq!(
            (leaf.action.as_str(), kinds),
            ("subject.amended", vec!["archive.billing", "profile.billing"])
        );
        let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
        assert_eq!(view.get("address"), Some(address));
        assert_eq!(view.all("address").count(), 1, "a purpose sees what is in use");
        assert_eq!(keys(&world, subject), (0..=round).collect::<Vec<_>>());
    }
    let live = "3 live address country";
    let kept = ["0 archived address", "1 archived address", "2 archived address"];
    assert_eq!(billing(&vault, subject), [&kept[..], &[live]].concat());
    let clocks = wait(vault.outline(subject)).unwrap();
    assert!(
        clocks.iter().filter(|row| row.state == state::ARCHIVED).all(|row| row.anchor_at == anchor)
    );
    // The purpose of a law sees them all, and no one value where they differ.
    let view = wait(vault.read(subject, &Name::fixed("accounting"), &staff("billing"))).unwrap();
    assert_eq!(view.get("address"), None);
    let all: Vec<_> = view.all("address").map(|kept| (kept.text(), kept.archived)).collect();
    let seen = [("ul. Prosta 1", true), ("Rue 1", true), ("Rue 2", true), ("Rue 3", false)];
    assert_eq!(all, seen);
    wait(vault.audit()).unwrap();
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert_eq!(billing(&vault, subject), [&kept[..], &["3 archived address"]].concat());
    assert_eq!(addresses(&vault, subject), ["ul. Prosta 1", "Rue 1", "Rue 2", "Rue 3"]);
    assert_eq!(keys(&world, subject), [0, 1, 2, 3]);
    wait(vault.audit()).unwrap();
}

#[test]
fn the_same_value_kept_twice_is_one() {
    let vault = World::default().open();
    let subject = ada(&vault);
    archive(&vault, subject).unwrap();
    bill(&vault, subject, "ul. Prosta 1").unwrap();
    let view = wait(vault.read(subject, &Name::fixed("accounting"), &staff("billing"))).unwrap();
    assert_eq!((view.get("address"), view.all("address").count()), (Some("ul. Prosta 1"), 2));
    assert_eq!(format!("{:?}", view.all("address").next()), "Some(Kept(archived))");
}

#[test]
fn an_archive_ends_alone() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    world.clock.set(at("2026-06-02T08:00:00Z"));
    archive(&vault, subject).unwrap();
    bill(&vault, subject, "Rue 1").unwrap();
    // The account is used in the year after, and its second archive ends a year later.
    world.clock.set(at("2027-06-02T08:00:00Z"));
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    archive(&vault, subject).unwrap();
    bill(&vault, subject, "Rue 2").unwrap();
    for year in 2028..=2036 {
        world.clock.set(at(&format!("{year}-12-31T23:59:59Z")));
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
        sweep(&vault);
    }
    let all = ["0 archived address", "1 archived address", "2 live address country"];
    assert_eq!(billing(&vault, subject), all);
    world.clock.set(at("2037-01-01T00:00:00Z"));
    sweep(&vault);
    assert_eq!(billing(&vault, subject), all[1..]);
    assert_eq!(keys(&world, subject), [1, 2]);
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    let told: Vec<_> = leaf.details.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(
        told,
        ["erased=billing", "reason=retention"],
        "of the first key nothing more is said"
    );
    world.clock.set(at("2038-01-01T00:00:00Z"));
    sweep(&vault);
    assert_eq!(keys(&world, subject), [2]);
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    assert_eq!(leaf.find("key"), Some("1"));
    let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
    assert_eq!(view.get("address"), Some("Rue 2"));
    wait(vault.audit()).unwrap();
}

#[test]
fn a_row_without_what_a_law_asks_for_is_not_archived() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let remove = vec![Name::fixed("address")];
    wait(vault.amend(subject, Amendment { remove, ..Amendment::default() }, &staff("support")))
        .unwrap();
    assert_eq!(billing(&vault, subject), ["0 live country"]);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert_eq!((billing(&vault, subject).len(), keys(&world, subject).len()), (0, 0));
    wait(vault.audit()).unwrap();
}

#[test]
fn a_row_that_was_emptied_goes_with_its_key() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    archive(&vault, subject).unwrap();
    bill(&vault, subject, "Rue 1").unwrap();
    let remove = vec![Name::fixed("address"), Name::fixed("country")];
    wait(vault.amend(subject, Amendment { remove, ..Amendment::default() }, &staff("support")))
        .unwrap();
    // It takes values again, under another key: the one before may be in somebody's hands.
    bill(&vault, subject, "Rue 2").unwrap();
    assert_eq!(billing(&vault, subject), ["0 archived address", "2 live address country"]);
    let remove = vec![Name::fixed("address"), Name::fixed("country")];
    wait(vault.amend(subject, Amendment { remove, ..Amendment::default() }, &staff("support")))
        .unwrap();
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert_eq!(billing(&vault, subject), ["0 archived address"]);
    assert_eq!(keys(&world, subject), [0]);
    wait(vault.audit()).unwrap();
}

#[test]
fn an_item_that_moves_into_an_archived_class_begins_it_again() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    archive(&vault, subject).unwrap();
    drop(vault);
    let policy = tacenda_testkit::world::POLICY
        .replace("version = 1", "version = 2")
        .replace(
            r#""first_name", "note"]
clock"#,
            r#""note"]
clock"#,
        )
        .replace(
            r#"items = ["address", "country"]"#,
            r#"items = ["address", "country", "first_name"]"#,
        );
    let vault = open(&world, &policy);
    assert_eq!(billing(&vault, subject), ["0 archived address", "1 live first_name"]);
    assert_eq!(addresses(&vault, subject), ["ul. Prosta 1"]);
    wait(vault.audit()).unwrap();
    assert_eq!(code(archive(&vault, subject)), "ok");
}
